"""A judged plan: one row a target, what became of every queue, and three sentences."""

import time
from collections.abc import Sequence
from dataclasses import fields
from math import ceil, floor, log10
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plansim.analysis.reach import unmoved
from plansim.calibration.requirements import rarity
from plansim.reports.answers.plan import as_run
from plansim.reports.tables import BELOW, DONE, Answer, Table
from plansim.reports.terminal import Meanwhile
from plansim.reports.words.delivery import short_text, station_name
from plansim.reports.words.movable import unmoved_text
from plansim.reports.words.outlook import about, outside_cell
from plansim.reports.words.verdicts import (
    class_text,
    often_text,
    percent_change,
    precedent_text,
    range_text,
    rarity_text,
    verdict_cells,
)
from plansim.reports.words.wording import target_name, with_names
from plansim.simulator import units
from plansim.simulator.errors import InputError
from plansim.simulator.feasibility import Goal
from plansim.simulator.model import Model
from plansim.simulator.naming import name_of
from plansim.simulator.outlook import OutsideView
from plansim.simulator.plan import Plan, Target
from plansim.simulator.results import KEPT, Result, Verdict
from plansim.simulator.run import DRAWS
from plansim.simulator.run import run as simulate
from plansim.simulator.shortfall import shortfalls
from plansim.store.plans import Document
from plansim.store.write import check_folder, write
from plansim.words.amounts import number, percent, with_unit
from plansim.words.catalogue import say
from plansim.words.statements import verdict_word

if TYPE_CHECKING:
    from plansim.store.read import Stored

    Told = Result | Stored  # a run as it was computed, or read back


def ask(
    name: str,
    scenario: str,
    settings: Sequence[str],
    meanwhile: Meanwhile,
    *,
    given: Sequence[str],
    draws: int | None,
    tolerance: float | None,
    seed: int,
    workers: int,
    scheduler: str,
    sampler: str,
    calibration: Path | None,
    uncalibrated: bool,
    out: Path | None,
    fail_under: float | None,
    view: str,
    levers: bool = False,
) -> Answer:
    """Judge the targets of a plan, and keep the run where that is asked for."""
    lang = meanwhile.lang
    if fail_under is not None and not 0 <= fail_under <= 1:
        raise InputError.of("argument_range", "fail-under", value=fail_under, allowed="0 … 1")
    if out is not None:
        check_folder(out)
    over = None
    if scheduler != "threads":
        from plansim.analysis.workers import executor

        over = executor(scheduler, workers)
    document = Document.of(name, calibration=calibration, uncalibrated=uncalibrated)
    plan, drawn_by = as_run(document, scenario, settings, meanwhile)
    started = time.perf_counter()
    with meanwhile.bar(None if tolerance is not None else draws or DRAWS) as tick:
        result = simulate(
            plan, draws, seed, sampler=sampler, given=given, workers=workers,
            tolerance=tolerance, view=view, over=over, progress=tick,
        )  # fmt: skip
    if out is not None:
        write(result, out, settings, time.perf_counter() - started)
    wrote = [] if out is None or meanwhile.quiet else [say("say.wrote", lang, value=out)]
    below = below_bound(result, fail_under, lang)
    return Answer(
        with_names(result.plan, verdict_records(result, lang), lang),
        [verdict_table(result, lang), *tables_of_delivery(result, lang), *cell_table(result, lang)],
        [*heading(result, lang), *settled(result, lang), *drawn_by],
        [*closing(result, lang), *([movable(result, lang)] if levers else [])],
        notes=[*wrote, *unsettled(result, lang), *below],
        code=BELOW if below else DONE,
    )


def below_bound(result: Result, bound: float | None, lang: str) -> list[str]:
    """How many targets are less likely than they must be, if any is; those that have no inside view
    are not among them.
    """
    seen = [v for v in result.judged if not v.circular]
    below = [v for v in seen if (v.probability or 0.0) < (bound or 0.0)]
    if not below:
        return []
    total = len(seen)
    return [say("report.fail_under", lang, number=len(below), total=total, bound=bound)]


def verdict_records(result: Result, lang: str) -> list[dict[str, Any]]:
    """One record a target, with the columns of the contract; words in the language asked for."""
    records, reasons = [], {t.id: t.reason_in(lang) for t in result.plan.targets}
    for verdict in result.verdicts:
        record = {f.name: getattr(verdict, f.name) for f in fields(Verdict)}
        record["verdict"] = verdict_word(verdict.verdict, lang)
        record["reason"] = reasons[verdict.target]
        records.append(record)
    return records


def verdict_table(result: Result, lang: str) -> Table:
    """The judged targets: goal, simulated, probability, what it needs, what it hinges on."""
    by_id = {t.id: t for t in result.plan.targets}
    views = ("inside", "outside") if any(v.outside is not None for v in result.judged) else ()
    columns = (
        "target", "goal", "simulated", "probability", *views, "verdict", "needs",
        "chinese", "rare", "evidence", "binds",
    )  # fmt: skip
    rows = []
    for v in result.judged:
        target = by_id[v.target]
        cells = verdict_cells(result.plan, target, v, lang)
        cells["chinese"] = precedent_text(result.plan, target, v.precedent, lang)
        cells["rare"] = rare_text(result, v, target)
        rows.append(tuple(cells[c] for c in columns))
    right = ("simulated", "probability", *views, "needs", "chinese", "rare")
    optional = ("binds", "evidence", "rare", "chinese", "needs", *views)
    return Table(columns, tuple(rows), right=right, optional=optional)


def rare_text(result: Result, verdict: Verdict, target: Target) -> str:
    """Share of real industries that never did it, with its 95 % interval: 99.1% (98.8 … 99.4)."""
    if verdict.reference_percentile is None:
        return ""
    goal = Goal.of(target, result.plan)
    base = result.base_level(target.indicator, target.cluster, goal.base)
    return rarity_text(rarity(result.plan, goal, base))


def tables_of_delivery(result: Result, lang: str) -> list[Table]:
    """What became of every queue, and what counts lack that fall short."""
    flows = [flow_table(result, lang)] if result.flows else []
    short = short_table(result, lang)
    return [*flows, short] if short.rows else flows


def cell_table(result: "Result | Stored", lang: str) -> list[Table]:
    """Where outside views come from, a row a cell; nothing where there are none."""
    cells = dict[OutsideView, int]()
    views = (result.plan.document or result.plan).outside  # what verdicts are pooled with
    for verdict in result.judged:
        if verdict.outside is not None and verdict.target in views:
            view = views[verdict.target]
            cells[view] = cells.get(view, 0) + 1
    rows = tuple(
        (
            about(view, lang),
            outside_cell(view, lang),
            str(number),
            range_text(view.probability, *ends),
        )
        for view, number in sorted(cells.items(), key=lambda item: -item[1])
        for ends in [(view.mean_low, view.mean_high)]
    )
    columns, title = ("about", "cell", "targets", "outside"), say("outside.title", lang)
    return [Table(columns, rows, columns[2:], title=title)] if rows else []


def short_table(result: Result, lang: str) -> Table:
    """Counts whose goal is not delivered in the median, by what they lack most."""
    plan, lacking = result.plan, dict[str, list[Target]]()
    by_id = {target.id: target for target in plan.judged}
    for key, short in shortfalls(Model.of(plan), result.settings.seed).items():
        if not by_id[key].restates:
            lacking.setdefault(short_text(plan, short, lang), []).append(by_id[key])
    order = sorted(lacking.items(), key=lambda item: -len(item[1]))
    rows = tuple((text, str(len(short)), listed(plan, short, lang)) for text, short in order)
    return Table(
        ("lacks", "targets", "counts"), rows, right=("targets",), title=say("short.title", lang)
    )


#: A mean wait shorter than this is no bottleneck. [days]
SHORT = 1.0


def flow_table(result: "Result | Stored", lang: str) -> Table:
    """Queued programmes: what applied, was delivered, left, is under way, and the bottleneck."""
    rows = []
    for flow in result.flows:
        programme = result.plan.programmes[flow.programme]
        counts = (flow.applied, flow.delivered, flow.dropped, flow.under_way)
        worst = next((wait for wait in flow.waits if wait.days >= SHORT), None)
        rows.append(
            (
                programme.name.in_language(lang),
                *(span(count, programme.unit, lang) for count in counts),
                *(
                    (say("flow.none", lang), "", "")
                    if worst is None
                    else (
                        station_name(result.plan, flow.programme, worst.stage, worst.station, lang),
                        percent(worst.share),
                        number(worst.days, 2),
                    )
                ),
            )
        )
    fates = ("applied", "delivered", "dropped", "under_way")
    columns = ("programme", *fates, "waits", "waiting_share", "waiting_days")
    title = say("flow.title", lang, year=result.plan.plan.years[1])
    right = (*fates, "waiting_share", "waiting_days")
    return Table(columns, tuple(rows), right, optional=("dropped", "applied"), title=title)


def span(quantiles: tuple[float, float, float], unit: str, lang: str) -> str:
    """The median with the 5 % and 95 % quantiles: 41 (30 … 55), 80 (60 … 100) %."""
    low, middle, high = (number(q / units.parse(unit).factor) for q in quantiles)
    return with_unit(middle if low == high else f"{middle} ({low} … {high})", unit, lang)


#: At most this many targets are named.
NAMED = 5


def settled(result: Result, lang: str) -> list[str]:
    """That every interval is as narrow as was asked, if it was asked."""
    if result.settings.tolerance is None or result.unsettled:
        return []
    return [
        say(
            "report.settled",
            lang,
            tolerance=half_points(result.settings.tolerance),
            draws=result.settings.draws,
        )
    ]


def unsettled(result: Result, lang: str) -> list[str]:
    """Which targets are not known as well as was asked, and about how many draws would do."""
    tolerance, left = result.settings.tolerance, result.unsettled
    if tolerance is None or not left:
        return []
    left = tuple(sorted(left, key=lambda v: -(v.half_width or 0.0)))
    widest = left[0].half_width or 0.0
    names = ("、" if lang == "zh" else ", ").join(v.target for v in left[:NAMED])
    if len(left) > NAMED:
        names = say("report.more", lang, text=names, number=len(left) - NAMED)
    return [
        say(
            "report.unsettled",
            lang,
            tolerance=half_points(tolerance),
            draws=result.settings.draws,
            number=len(left),
            total=len(result.judged),
            list=names,
            widest=half_points(widest),
            needed=f"{upwards(result.settings.draws * (widest / tolerance) ** 2):,}",
        )
    ]


def half_points(share: float) -> str:
    """A half-width in percentage points, two digits: 0.5."""
    return f"{float(f'{100 * share:.2g}'):g}"


def upwards(number: float) -> int:
    """Rounded up to two digits."""
    step = int(10 ** max(0, floor(log10(number)) - 1))
    return ceil(number / step - 1e-9) * step


#: A probability at or above the first is called likely, at or below the second not likely.
LIKELY, UNLIKELY = 0.66, 0.33
#: At most this many targets are named in one sentence.
NAMED = 5
#: Support below this many futures is called rough.
FEW = 400


def closing(result: Result, lang: str) -> list[str]:
    """What is said below a run's table: three sentences, and what the table leaves out."""
    recorded = len(result.verdicts) - len(result.judged)
    note = say("report.recorded", lang, number=recorded, plan=result.plan.plan.id)
    read = [say("precedent.read", lang)] if any(v.chinese_class for v in result.judged) else []
    return [note, *of_views(result, lang), *read, *three_sentences(result, lang)]


def of_views(result: "Told", lang: str) -> list[str]:
    """What the three numbers of a verdict are, and how many targets have no inside view."""
    views = {"verdict": "report.views", "outside": "report.views_outside"}
    said = [say(key, lang) for view, key in views.items() if view == result.settings.view]
    circular = [v for v in result.judged if v.circular]
    if circular:
        shown = {"number": len(circular), "total": len(result.judged)}
        said.append(say("report.circular", lang, **shown))
    return said


def movable(result: Result, lang: str) -> str:
    """Which targets nothing that the administration sets moves by a point."""
    if result.settings.given:
        return say("reached.given", lang)
    return unmoved_text(result.plan, unmoved(result.plan, result.settings), lang)


def three_sentences(result: "Told", lang: str) -> list[str]:
    """What is likely, what is not, and what binds, over the distinct outcome targets of a run that
    have an inside view.
    """
    by_id = {t.id: t for t in result.plan.targets}
    outcomes = [
        (by_id[v.target], v)
        for v in result.judged
        if by_id[v.target].kind == "outcome" and not by_id[v.target].restates and not v.circular
    ]
    likely = [t for t, v in outcomes if _probability(v) >= LIKELY]
    unlikely = sorted(
        ((t, v) for t, v in outcomes if _probability(v) <= UNLIKELY),
        key=lambda tv: _probability(tv[1]),
    )
    sentences = []
    if likely:
        sentences.append(say("report.likely", lang, list=listed(result.plan, likely, lang)))
    else:
        sentences.append(say("report.likely_none", lang, number=len(outcomes)))
    if unlikely:
        named = listed(result.plan, [t for t, _ in unlikely], lang)
        sentences.append(say("report.unlikely", lang, list=named))
    else:
        sentences.append(say("report.unlikely_none", lang))
    if outcomes:
        sentences.append(
            _what_binds(result, *min(outcomes, key=lambda tv: _probability(tv[1])), lang)
        )
    return sentences


def _probability(verdict: Verdict) -> float:
    assert verdict.probability is not None
    return verdict.probability


def listed(plan: Plan, targets: list[Target], lang: str) -> str:
    """Names with their years, each indicator named once: energy per value added (2020, 2025)."""
    years: dict[str, list[int]] = {}
    for target in targets:
        name = target_name(plan, target, lang)
        years.setdefault(name, []).append(target.year or 0)
    bracket = "{name}（{years}）" if lang == "zh" else "{name} ({years})"
    join = "、" if lang == "zh" else ", "
    parts = [bracket.format(name=n, years=join.join(map(str, sorted(y)))) for n, y in years.items()]
    text = join.join(parts[:NAMED])
    if len(parts) > NAMED:
        return say("report.more", lang, text=text, number=len(parts) - NAMED)
    return text


def _what_binds(result: "Told", target: Target, verdict: Verdict, lang: str) -> str:
    p10, _, p90 = result.met_number
    joint = result.joint[0]
    fields = {
        "first": listed(result.plan, [target], lang),
        "probability": percent(_probability(verdict), 1),
        "number": joint.targets,
        "joint": joint_words(joint.probability, counted_in(result), lang),
        "p10": p10,
        "p90": p90,
    }
    growth, rarity = verdict.required_growth, _rarity_words(verdict, lang)
    if growth is None or not rarity or target.basis not in ("level", "change_vs_base"):
        return say("report.binds_plain", lang, **fields)
    fields["growth"], fields["rarity"] = percent_change(growth), rarity
    fields["base"] = _base_words(result, target, lang)
    return say("report.binds", lang, **fields)


def _rarity_words(verdict: Verdict, lang: str) -> str:
    """How often Chinese places did it, then how rare it is among US industries; "" if unknown."""
    found, rarity, said = verdict.precedent, verdict.reference_percentile, []
    if found is not None and found.since is not None:
        shown = {
            "group": class_text(found, lang), "years": found.years,
            "since": often_text(found.since, found.since_windows, found.group, lang),
        }  # fmt: skip
        said.append(say("report.happened", lang, **shown))
        if found.boom is not None:
            boom = often_text(found.boom, found.boom_windows, found.group, lang)
            said[-1] = say("report.happened_boom", lang, text=said[-1], boom=boom)
    if rarity is not None:
        share = percent(rarity / 100, 1).removesuffix("%")
        said.append(say("report.rarer" if said else "report.rarity", lang, share=share))
    return ("；" if lang == "zh" else "; ").join(said)


def _base_words(result: "Told", target: Target, lang: str) -> str:
    base = result.base_level(target.indicator, target.cluster) / target.scale
    return with_unit(number(base), target.unit, lang)


def counted_in(result: "Told") -> int:
    """Futures that targets are counted together in: with views pooled, those that are kept."""
    return result.support if result.settings.view == "inside" else min(result.support, KEPT)


def joint_words(probability: float, support: int, lang: str) -> str:
    """A joint probability; where no future met everything, how many were tried."""
    if probability == 0:
        return say("report.never", lang, support=support)
    return percent(probability, 1)


def heading(result: "Told", lang: str) -> list[str]:
    """What was run, and how many futures support it where something is given."""
    plan, settings = result.plan, result.settings
    lines = [
        say(
            "report.title",
            lang,
            plan=plan.plan.name.in_language(lang),
            scenario=plan.scenario_in(lang),
        ),
        say(
            "report.meta",
            lang,
            region=plan.plan.region.in_language(lang),
            first=plan.plan.years[0],
            last=plan.plan.years[1],
            draws=settings.draws,
            seed=settings.seed,
        ),
    ]
    if settings.given:
        named = (name_of(plan, f"targets.{target}", lang) for target in settings.given)
        given = ("、" if lang == "zh" else "; ").join(named)
        lines.append(
            say(
                "report.given",
                lang,
                given=given,
                support=result.support,
                simulated=result.simulated,
                share=f"{100 * result.support / result.simulated:.2g}",
            )
        )
        if result.support < FEW:
            lines.append(say("report.few", lang))
    return lines
