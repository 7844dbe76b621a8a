"""What was said of a plan and what came: figure by figure, scores, and how little they may say."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from plansim.analysis.settle import COLUMNS as FIELDS
from plansim.analysis.settle import FEW, Brier, Class, Settled, Settlement, Status, settle
from plansim.reports.pictures.canvas import studio
from plansim.reports.pictures.percentiles import Standing, percentile_picture
from plansim.reports.tables import Answer, Table
from plansim.reports.terminal import Meanwhile
from plansim.reports.words.wording import (
    named_columns,
    plan_line,
    signed,
    source_text,
    target_called,
    with_names,
)
from plansim.scenarios.load import shipped
from plansim.scenarios.outturns import Aside, follows, read_outturns
from plansim.simulator.naming import name_of, series_path
from plansim.simulator.plan import Plan, Target
from plansim.store.files import PICTURES, check_files, write_files
from plansim.store.plans import Document, load
from plansim.words.amounts import number, percent, with_unit
from plansim.words.catalogue import say
from plansim.words.statements import goal_text

COLUMNS = ("plan", "scenario", *FIELDS, "name", "draws", "seed")
STATUSES: tuple[Status, ...] = ("settled", "early", "series")
SHOWN = (
    "figure", "year", "came", "goal", "met_goal", "inside", "outside", "verdict", "in_goal_year",
    "simulated", "percentile", "crps", "crps_last", "crps_trend",
)  # fmt: skip
RIGHT = (
    "inside",
    "outside",
    "verdict",
    "in_goal_year",
    "percentile",
    "crps",
    "crps_last",
    "crps_trend",
)
BRIER = ("view", "settled_number", "brier", "brier_expected")
RELIABILITY = ("view", "said_class", "settled_number", "said_mean", "came_met")
#: Columns that tables do without, by what their figures settle.
WITHOUT = {
    "settled": ("in_goal_year",),
    "early": ("outside", "verdict"),
    "series": ("goal", "met_goal", "inside", "outside", "verdict", "in_goal_year"),
}  # fmt: skip


def ask(
    name: str,
    scenario: str,
    settings: Sequence[str],
    meanwhile: Meanwhile,
    *,
    outturns: Path | None,
    by: Sequence[str],
    picture: Path | None,
    draws: int,
    seed: int,
    workers: int,
) -> Answer:
    """Keep score of a plan: by a file, by later plans, or by the shipped plans that follow it."""
    lang = meanwhile.lang
    if picture is not None:
        check_files((("--picture", picture, PICTURES),))
    plan = Document.of(name, uncalibrated=True).plan(scenario, settings).plan
    told = None if outturns is None else read_outturns(outturns, plan)
    with meanwhile.bar(draws) as tick:
        found = settle(
            plan, told, later_plans(plan, by, outturns is None), draws=draws, seed=seed,
            workers=workers, progress=tick,
        )  # fmt: skip
    if picture is not None:
        write_picture(found, picture, lang)
    return Answer(
        with_names(plan, records(found, lang), lang), tables(found, lang), heading(found, lang),
        closing(found, lang), named_columns(COLUMNS),
        [] if picture is None else [say("say.wrote", lang, value=picture)],
    )  # fmt: skip


def later_plans(plan: Plan, by: Sequence[str], search: bool) -> list[Plan]:
    """The plans that are named; if there is nothing else, the shipped ones that follow it."""
    if by or not search:
        return [load(name, uncalibrated=True) for name in by]
    found = (load(name, uncalibrated=True) for name in shipped())
    return [later for later in found if follows(plan, later)]


def records(found: Settlement, lang: str) -> list[dict[str, Any]]:
    """One record a figure, with the columns of the contract; ``name``: of the target or series."""
    known = {
        "plan": found.plan.plan.id, "scenario": found.settings.scenario,
        "draws": found.settings.draws, "seed": found.settings.seed,
    }  # fmt: skip
    rows = []
    for row in found.rows:
        told = {name: getattr(row, name) for name in FIELDS}
        whole = known | told | {"name": called(found.plan, row, lang)}
        rows.append({column: whole[column] for column in COLUMNS})
    return rows


def called(plan: Plan, row: Settled, lang: str) -> str:
    """The one name of what was settled."""
    if row.target:
        return name_of(plan, f"targets.{row.target}", lang)
    return series_called(plan, row, lang)


def series_called(plan: Plan, row: Settled, lang: str) -> str:
    """What the figure is of."""
    return name_of(plan, series_path(row.indicator, row.cluster), lang)


# -- tables ----------------------------------------------------------------------------------------


def tables(found: Settlement, lang: str) -> list[Table]:
    """Figures by what they settle, then scores and reliability of those that settle something."""
    shown = []
    for status in STATUSES:
        rows = found.of(status)
        if not rows:
            continue
        table = Table(
            SHOWN, tuple(cells(found.plan, row, lang) for row in rows), RIGHT,
            ("crps_trend", "crps_last", "crps"), say(f"settled.{status}", lang),
        )  # fmt: skip
        for column in WITHOUT[status]:
            table = table.without(column)
        if all(row.crps_trend is None for row in rows):
            table = table.without("crps_trend")
        shown.append(table)
    for status in STATUSES[:2]:
        shown += scores(found, status, lang)
    return shown


def cells(plan: Plan, row: Settled, lang: str) -> tuple[str, ...]:
    """One figure for a person."""
    target = next((t for t in plan.targets if t.id == row.target), None)
    name = called(plan, row, lang) if target is None else target_called(plan, target, lang)
    if target is None and row.measure == "growth":
        name = say("settled.growth", lang, name=name)
    span = f"{amount(row.p50)} ({amount(row.p05)} … {amount(row.p95)})"
    errors = (row.crps, row.crps_last, row.crps_trend)
    return (
        name, str(row.year), with_unit(amount(row.value), row.unit, lang),
        "" if target is None else goal_text(target, lang), met_text(row, target, lang),
        inside_text(row, lang), chance(row.outside), chance(row.verdict),
        chance(row.in_goal_year), with_unit(span, row.unit, lang), percentile_text(row),
        *("" if error is None else number(error, 2) for error in errors),
    )  # fmt: skip


def amount(value: float) -> str:
    return number(value).replace("-", "−")


def chance(probability: float | None) -> str:
    return "" if probability is None else percent(probability)


def inside_text(row: Settled, lang: str) -> str:
    return say("settled.circular", lang) if row.circular else chance(row.inside)


def met_text(row: Settled, target: Target | None, lang: str) -> str:
    """Hit or miss; of a goal on its way, whether it stands there already."""
    if target is None or row.met is None:
        return ""
    if row.status == "settled":
        return say("settled.hit" if row.met else "settled.miss", lang)
    return say("settled.hit_early" if row.met else "settled.miss_early", lang)


def percentile_text(row: Settled) -> str:
    """Where it lies among the futures; with an error of its own, from where to where."""
    middle = f"{row.percentile:.1f}"
    if row.sd is None:
        return middle
    return f"{middle} ({row.percentile_low:.0f} … {row.percentile_high:.0f})"


def scores(found: Settlement, status: Status, lang: str) -> Iterator[Table]:
    """Brier scores of the views, and what they said against what came, class by class."""
    briers = found.briers(status)
    if not briers:
        return
    title = say(f"brier.{status}", lang)
    yield Table(BRIER, tuple(brier_row(b, lang) for b in briers), BRIER[1:], title=title)
    rows = tuple(class_row(c, lang) for c in found.reliability(status))
    title = say(f"reliability.{status}", lang)
    yield Table(RELIABILITY, rows, RELIABILITY[1:], title=title)


def brier_row(score: Brier, lang: str) -> tuple[str, ...]:
    return (
        say(f"scored.{score.view}", lang),
        str(score.number),
        f"{score.score:.3f}",
        f"{score.expected:.3f} ±{score.spread:.3f}",
    )


def class_row(one: Class, lang: str) -> tuple[str, ...]:
    return (
        say(f"scored.{one.view}", lang),
        f"{percent(one.low)} … {percent(one.high)}",
        str(one.number),
        percent(one.said),
        str(one.met),
    )


# -- sentences -------------------------------------------------------------------------------------


def heading(found: Settlement, lang: str) -> list[str]:
    shown = {"draws": found.settings.draws, "seed": found.settings.seed}
    return [plan_line(found.plan, lang), say("settled.heading", lang, **shown)]


def closing(found: Settlement, lang: str) -> list[str]:
    """How many figures there are and where they lie, what naive forecasts would have been worth,
    what was set aside, and how little it may say.
    """
    inside = sum(row.within for row in found.rows)
    middle = sum(25 <= row.percentile <= 75 for row in found.rows)
    counts = {"number": len(found.rows), "within": inside, "middle": middle}
    lines = [say("settled.within", lang, **counts)]
    for one in found.skills:
        fields = {
            "number": one.number, "own": percent(one.own, 1), "naive": percent(one.naive, 1),
            "skill": signed(100 * one.skill, 0),
        }  # fmt: skip
        lines.append(say(f"settled.{one.rival}", lang, **fields))
    settled = len(found.of("settled"))
    if settled < FEW:
        lines.append(say("settled.few" if settled else "settled.none", lang, number=settled))
    scopes = [row for row in found.rows if row.scope]
    if scopes:
        names = say("sought.listed", lang).join(called(found.plan, row, lang) for row in scopes)
        lines.append(say("settled.scope", lang, list=names))
    lines += [say("settled.sources", lang, list=sources(found, lang)), *asides(found, lang)]
    return [*lines, say("settled.read", lang)]


def sources(found: Settlement, lang: str) -> str:
    told = dict.fromkeys(source_text(row.source, lang) for row in found.rows)
    return say("sought.listed", lang).join(told)


def asides(found: Settlement, lang: str) -> list[str]:
    """What was set aside, reason by reason."""
    lines = []
    for reason in dict.fromkeys(one.reason for one in found.aside):
        names = [aside_name(found.plan, a, lang) for a in found.aside if a.reason == reason]
        listed = say("sought.listed", lang).join(dict.fromkeys(names))
        lines.append(say(f"aside.{reason}", lang, list=listed))
    return lines


def aside_name(plan: Plan, one: Aside, lang: str) -> str:
    """What a figure that settles nothing is of, and of when."""
    name, year = name_of(plan, one.path, lang), half_text(one.year)
    return f"{name}（{year}）" if lang == "zh" else f"{name} ({year})"


def half_text(year: float) -> str:
    """A year, or its first half: 2019, 2019H1."""
    return f"{int(year)}" if year % 1 == 0 else f"{int(year)}H1"


# -- the picture -----------------------------------------------------------------------------------


def write_picture(found: Settlement, path: Path, lang: str) -> None:
    """Where every figure lies among the futures."""
    standings = [
        Standing(
            f"{series_called(found.plan, row, lang)} · {row.year}", row.percentile,
            row.percentile_low, row.percentile_high, row.within,
        )
        for row in found.rows
    ]  # fmt: skip
    form = path.suffix.lower().removeprefix(".")
    title = say("settled.picture", lang, plan=found.plan.plan.name.in_language(lang))
    with studio(flag="--picture") as style:
        drawn = percentile_picture(style, path.stem, title, standings, lang, form)
    write_files({path: drawn.raw})
