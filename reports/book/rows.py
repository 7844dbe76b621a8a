"""The tables of a report as people read them."""

from collections import Counter
from collections.abc import Iterator, Sequence

from plansim.analysis.contrast import TOTAL
from plansim.reports.answers.attribute import NAMED
from plansim.reports.answers.run import counted_in, joint_words
from plansim.reports.book.attachments import SHOWS, label, moving, once, steps_of
from plansim.reports.book.dossier import Dossier, Key
from plansim.reports.pictures.fans import goal_number
from plansim.reports.tables import Table
from plansim.reports.words.movable import amount
from plansim.reports.words.verdicts import (
    evidence_words,
    percent_change,
    precedent_text,
    verdict_cells,
)
from plansim.reports.words.wording import scenarios_called, source_text, target_name
from plansim.simulator.naming import name_of
from plansim.simulator.plan import Plan, Target, figures
from plansim.simulator.results import Verdict
from plansim.store.attachments import Row
from plansim.words.amounts import number, percent, with_unit
from plansim.words.catalogue import say
from plansim.words.statements import goal_text

#: Drivers that are named for a target, and what they must explain at least. [fraction]
MOST_DRIVERS, LEAST_SHARE = 3, 0.05


def headline_table(d: Dossier) -> Table:
    """How many targets are met, in all and by kind."""
    rows = []
    for joint in d.run.joint:
        targets = [t for t in d.run.plan.judged if not t.restates]
        if joint.group != "all":
            targets = d.of_kind(joint.group)
        idle = [p for t in targets if (p := d.without(t)) is not None]
        met = sum(d.verdicts[t.id].probability or 0.0 for t in targets)
        rows.append(
            (
                say(f"group.{joint.group}", d.lang),
                str(joint.targets),
                f"{met:.1f}",
                f"{sum(idle):.1f}" if idle else "",
                joint_words(joint.probability, counted_in(d.run), d.lang),
            )
        )
    columns = ("kind", "targets", "expected", "expected_idle", "all_hold")
    table = Table(columns, tuple(rows), right=columns[1:])
    return table if d.idle is not None else table.without("expected_idle")


def verdict_rows(d: Dossier, targets: Sequence[Target]) -> Table:
    """Targets with what was simulated, the probability, its word, and the lines of the document."""
    views = views_of(d)
    columns = (
        "target", "year", "goal", "simulated", "probability", *views, "verdict", "without",
        "source",
    )  # fmt: skip
    rows = []
    for t in targets:
        cells = verdict_cells(d.run.plan, t, d.verdicts[t.id], d.lang)
        cells |= {"target": d.name(t), "without": _without(d, t), "source": lines(d.run.plan, t)}
        rows.append(tuple(cells[c] for c in columns))
    table = Table(columns, tuple(rows), right=("year", "probability", *views, "without"))
    return table if d.idle is not None else table.without("without")


def views_of(d: Dossier) -> tuple[str, ...]:
    """The columns of the two views that a verdict is made of, where there are two."""
    seen = any(v.outside is not None for v in d.verdicts.values())
    return ("inside", "outside") if seen else ()


def _without(d: Dossier, target: Target) -> str:
    idle = d.without(target)
    return "" if idle is None else percent(idle)


def lines(plan: Plan, target: Target) -> str:
    """Where a target stands in the documents: L36, L217."""
    return target.source.replace(f"{plan.plan.id}:", "").replace(",", ", ")


def needs_table(d: Dossier) -> Table:
    """What the targets need a year, and how rare that is."""
    rows = []
    for kind in d.kinds:
        for t in d.of_kind(kind):
            v = d.verdicts[t.id]
            if v.required_growth is None or (
                v.reference_percentile is None and v.precedent is None
            ):
                continue
            rare = v.reference_percentile
            span = str((t.year or 0) - (t.base_year or d.run.plan.plan.base_year))
            rows.append(
                (
                    d.name(t), goal_text(t, d.lang), span, percent_change(v.required_growth),
                    precedent_text(d.run.plan, t, v.precedent, d.lang),
                    "" if rare is None else percent(rare / 100, 1), _gap(v, t, d.lang),
                    lines(d.run.plan, t),
                )
            )  # fmt: skip
    columns = ("target", "goal", "over", "needs", "chinese", "rare", "gap", "source")
    right = ("over", "needs", "chinese", "rare", "gap")
    return Table(columns, tuple(rows), right=right)


def _gap(v: Verdict, target: Target, lang: str) -> str:
    """By how much the median misses (−) or exceeds (+) the goal."""
    if v.median_gap is None:
        return ""
    sign = "" if v.median_gap < 0 else "+"
    return with_unit(sign + goal_number(v.median_gap), target.unit, lang)


def page_table(d: Dossier, key: Key) -> Table:
    """The targets of one indicator and subject."""
    views = views_of(d)
    columns = (
        "year", "goal", "simulated", "probability", *views, "verdict", "without", "first_met",
        "needs",
    )  # fmt: skip
    rows = []
    for goal in d.goals[key]:
        t = goal.target
        cells = verdict_cells(d.run.plan, t, d.verdicts[t.id], d.lang)
        cells["without"] = _without(d, t)
        rows.append(tuple(cells[c] for c in columns))
    right = ("year", "probability", *views, "without", "first_met", "needs")
    table = Table(columns, tuple(rows), right=right)
    table = table if d.idle is not None else table.without("without")
    for column in ("first_met", "needs"):
        if not any(row[table.columns.index(column)] for row in table.rows):
            table = table.without(column)
    return table


def page_text(d: Dossier, key: Key) -> Iterator[str]:
    """What each target hinges and rests on, and where it stands."""
    several = len(d.goals[key]) > 1
    for goal in d.goals[key]:
        t = goal.target
        v = d.verdicts[t.id]
        text = say(
            "told.read_page", d.lang,
            drivers=drivers_text(d, t.id),
            evidence=evidence_words(v.evidence, d.lang) or say("told.nothing_known", d.lang),
            source=t.source.replace(",", ", "),
        )  # fmt: skip
        yield say("told.year_page", d.lang, year=t.year, text=text) if several else text
        if t.basis == "per_year":
            yield say("told.no_level", d.lang, goal=goal_text(t, d.lang))


def drivers_text(d: Dossier, target: str) -> str:
    """The drivers that explain most of a target's margin, each with its share."""
    shares = sorted(d.run.shares.get(target, {}).items(), key=lambda item: -item[1])
    named = [
        say(
            "told.one_driver",
            d.lang,
            what=name_of(d.run.plan, driver, d.lang),
            share=percent(s),
        )
        for driver, s in shares[:MOST_DRIVERS]
        if s >= LEAST_SHARE
    ]
    return ("；" if d.lang == "zh" else "; ").join(named) or say("told.nothing_known", d.lang)


def unjudged_table(d: Dossier) -> Table:
    """What is recorded but not judged, and why."""
    plan = d.run.plan
    rows = tuple(
        (
            target_name(plan, t, d.lang), goal_text(t, d.lang),
            "" if t.year is None else str(t.year), t.reason_in(d.lang), lines(plan, t),
        )
        for t in plan.targets
        if t.status != "judged"
    )  # fmt: skip
    return Table(("target", "goal", "year", "reason", "source"), rows, right=("year",))


def source_table(d: Dossier) -> Table:
    """Every source that figures of the plan name, with how many rest on it, by provenance."""
    counts: dict[str, Counter[str]] = {}
    for _, figure in figures(d.run.plan):
        for name in source_ids(figure.source):
            counts.setdefault(name, Counter())[figure.origin] += 1
    order = sorted(counts, key=lambda name: (-counts[name].total(), name))
    join = "；" if d.lang == "zh" else "; "
    rows = tuple(
        (
            source_text(name, d.lang),
            str(counts[name].total()),
            join.join(f"{say(f'origin.{o}', d.lang)} {n}" for o, n in counts[name].most_common()),
        )
        for name in order
    )
    return Table(("source", "figures", "origin"), rows, right=("figures",))


def source_ids(text: str) -> list[str]:
    """The sources named in a figure's ``source``; lines of a document count once."""
    found: list[str] = []
    for part in text.split(","):
        name = part.strip()
        if name[:1] == "L" and name[1:].replace("-", "").isdigit():
            continue
        name = name.split(":L")[0]
        if name and name not in found:
            found.append(name)
    return found


def version_table(d: Dossier) -> Table:
    rows = tuple((name, version) for name, version in d.run.versions.items())
    return Table(("part", "version"), rows)


# -- what lies beside the run ----------------------------------------------------------------------


def attribute_table(d: Dossier) -> Table:
    """Targets that levers move, with what all of them bring and those that bring most."""
    totals = {str(r["target"]): r for r in d.beside.attribute if r["lever"] == TOTAL}
    rows = []
    for target, steps in steps_of(d.beside, d.run.plan, d.lang).items():
        told = moving(steps)
        if not told:
            continue
        parts = [f"{step.lever} {points(step.share)}" for step in told[:NAMED]]
        if len(told) > NAMED:
            parts.append(say("attributed.more", d.lang, number=len(told) - NAMED))
        row = totals.get(target)
        whole = ("", "") if row is None else (
            points(row["share"]), _span(row["share_low"], row["share_high"])
        )  # fmt: skip
        rows.append((_named(d, target), _year(d, target), *whole, _listed(parts, d.lang)))
    columns = ("target", "year", "share", "range_points", "brought_by")
    return Table(columns, tuple(rows), columns[1:4])


def attribute_text(d: Dossier) -> str:
    """How many targets are not in the table, and where they are."""
    found = steps_of(d.beside, d.run.plan, d.lang)
    still = sum(1 for steps in found.values() if not moving(steps))
    return say("told.unmoved_levers", d.lang, number=still, file="attribute.csv") if still else ""


def compare_table(d: Dossier) -> Table:
    """Targets that a scenario moves, with the probability under the first one and under it."""
    rows, first = [], ""
    compared = once(d.beside.compare, d.run.plan)
    before: dict[str, str] = {}
    called = scenarios_called(d.run.plan, d.lang) if compared else {}
    for row in compared:
        target, first = str(row["target"]), first or str(row["scenario"])
        if row["scenario"] == first:
            before[target] = percent(row["probability"])
        elif _moves(row):
            rows.append(
                (
                    _named(d, target), _year(d, target),
                    called.get(str(row["scenario"]), str(row["scenario"])),
                    before.get(target, ""), percent(row["probability"]),
                    "" if row["diff"] is None else points(row["diff"]),
                    "" if row["diff"] is None else _span(row["diff_low"], row["diff_high"]),
                )
            )  # fmt: skip
    columns = ("target", "year", "scenario", "first", "probability", "diff", "range_points")
    return Table(columns, tuple(rows), ("year", *columns[3:]))


def compare_text(d: Dossier) -> str:
    """How many targets each scenario leaves where they are."""
    still: dict[str, int] = {}
    for row in once(d.beside.compare, d.run.plan):
        name = str(row["scenario"])
        still[name] = still.get(name, 0) + (not _moves(row))
    if len(still) < 2:
        return ""
    called = scenarios_called(d.run.plan, d.lang)
    first, *others = still
    parts = [f"{called.get(name, name)} {still[name]}" for name in others]
    shown = {
        "first": called.get(first, first),
        "list": _listed(parts, d.lang),
        "file": "compare.csv",
    }
    return say("told.unmoved_scenarios", d.lang, **shown)


def _moves(row: Row) -> bool:
    """Whether a difference shows in points with one decimal."""
    return row["diff"] is None or abs(row["diff"]) >= SHOWS


def seek_table(d: Dossier) -> Table:
    """Settings one after another, each with its levers; cost and probability at its first row."""
    rows = []
    for i, setting in enumerate(d.beside.points()):
        for n, row in enumerate(setting):
            first = n == 0
            lever = label(d.run.plan, row, d.lang) or say("sought.as_it_is", d.lang)
            mark = " ←" if str(row.get("answer")) == "True" else ""
            rows.append(
                (
                    f"{i + 1}{mark}" if first else "", lever, _amount(row, d.lang),
                    with_unit(number(row["cost"], 2), "亿元", d.lang),
                    percent(row["probability"]) if first else "",
                )
            )  # fmt: skip
    columns = ("point", "lever", "value", "cost", "probability")
    return Table(columns, tuple(rows), ("point", "value", "cost", "probability"))


def _amount(row: Row, lang: str) -> str:
    """A lever's value as it is shown, with the unit that the file tells."""
    try:
        value = float(str(row["value"]))
    except ValueError:
        return str(row["value"])
    return amount(value, str(row.get("unit") or "1"), lang)


def _listed(parts: Sequence[str], lang: str) -> str:
    return ("、" if lang == "zh" else ", ").join(parts)


def _year(d: Dossier, target: str) -> str:
    verdict = d.verdicts.get(target)
    return "" if verdict is None else str(verdict.year or "")


def _named(d: Dossier, target: str) -> str:
    """A target's name where it is one of the plan's, else as it was written."""
    verdict = d.verdicts.get(target)
    if verdict is None:
        return target
    return d.name(next(t for t in d.run.plan.targets if t.id == target))


def points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


def _span(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{points(low)} … {points(high)}"
