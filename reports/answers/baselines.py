"""The reconciled base year: every figure before and after, and what holds it."""

from collections.abc import Sequence
from typing import Any

from plansim.calibration.baselines import baselines_of
from plansim.calibration.reconcile import FAR, Adjustment, Reconciled, refusal
from plansim.reports.tables import Answer, Table
from plansim.reports.words.wording import named_columns, with_names
from plansim.scenarios.load import load
from plansim.simulator.naming import name_of
from plansim.simulator.plan import Plan
from plansim.words.amounts import number
from plansim.words.catalogue import say

#: The contract.
COLUMNS = ("figure", "origin", "unit", "before", "after", "p05", "p95", "moved", "binds")
#: A figure that moves farther than this is counted. [sd]
QUARTER = 0.25
#: So many that move implausibly far are named.
NAMED = 5


def ask(name: str, scenario: str, settings: Sequence[str], lang: str) -> Answer:
    """Every figure of the base year before and after it was reconciled with the others."""
    plan = load(name, scenario, settings)
    result = baselines_of(plan)
    if result.status == "conflict":
        raise refusal(result)
    tables = [baseline_table(plan, result, lang)]
    records = with_names(plan, baseline_records(result), lang)
    return Answer(records, tables, (), closing(plan, result, lang), named_columns(COLUMNS))


def baseline_records(result: Reconciled) -> list[dict[str, Any]]:
    """One record a figure, with the columns of the contract, in base units."""
    records = []
    for row in result.adjustments():
        after = (row.after, row.p05, row.p95, row.moved) if result.converged else (None,) * 4
        cells = (row.path, row.origin, row.unit, row.before, *after, row.binds)
        records.append(dict(zip(COLUMNS, cells, strict=True)))
    return records


def baseline_table(plan: Plan, result: Reconciled, lang: str) -> Table:
    """The same for a person: amounts in 亿元, rates and shares in percent."""
    rows = []
    for row in result.adjustments():
        scale, unit = (1.0, row.unit) if row.unit != "1" else (100.0, "%")
        before = say("show.rest", lang) if row.before is None else number(scale * row.before, 4)
        ends = f"{number(scale * row.p05, 4)} … {number(scale * row.p95, 4)}"
        after = (number(scale * row.after, 4), ends if row.p05 < row.p95 else "", way(row))
        rows.append(
            (
                name_of(plan, row.path, lang), unit, say(f"origin.{row.origin}", lang), before,
                *(after if result.converged else ("", "", "")), balance_name(plan, row.binds, lang),
            )
        )  # fmt: skip
    columns = ("name", "unit", "origin", "known", "reconciled", "ends", "moved", "held_by")
    title = say("show.baselines", lang, year=plan.plan.base_year)
    right = ("known", "reconciled", "ends", "moved")
    return Table(columns, tuple(rows), right=right, optional=("ends", "origin"), title=title)


def way(row: Adjustment) -> str:
    """How far a figure moved, "" where it stayed or was not known. [sd]"""
    stayed = not row.binds or row.before is None
    return "" if stayed else f"{row.moved:+.2f}".replace("-", "−")


def closing(plan: Plan, result: Reconciled, lang: str) -> list[str]:
    """What became of the figures together, and how to read the table."""
    if not result.converged:
        return [say("show.baselines_unsolved", lang)]
    rows = result.adjustments()
    most = max(rows, key=lambda row: abs(row.moved))
    said = [say("show.baselines_agree", lang)]
    if most.binds:
        moved = sum(abs(row.moved) > QUARTER for row in rows)
        name = name_of(plan, most.path, lang)
        fields = {"number": len(result.problem.balances), "moved": moved, "total": len(rows)}
        said = [say("show.baselines_closed", lang, name=name, way=way(most), **fields)]
    far = far_words(plan, result, lang)
    if far:
        said.append(say("show.baselines_far", lang, far=f"{FAR:g}", list=far))
    return [*said, say("show.baselines_read", lang)]


def remarks(found: Sequence[tuple[Plan, Reconciled]], value: str, lang: str) -> list[str]:
    """What a planner should look at again in the base years of a plan's scenarios."""
    if any(not result.converged for _, result in found):
        return [say("report.unsolved", lang, value=value)]
    far = dict.fromkeys(far_words(plan, result, lang) for plan, result in found)
    fields = {"far": f"{FAR:g}", "value": value}
    return [say("report.far", lang, list=words, **fields) for words in far if words]


def far_words(plan: Plan, result: Reconciled, lang: str) -> str:
    """The figures that move implausibly far, the farthest first, "" where none does."""
    rows = [row for row in result.adjustments() if abs(row.moved) > FAR]
    rows.sort(key=lambda row: -abs(row.moved))
    named = [f"{name_of(plan, row.path, lang)} {way(row)}" for row in rows[:NAMED]]
    text = ("、" if lang == "zh" else ", ").join(named)
    rest = len(rows) - NAMED
    return say("report.more", lang, text=text, number=rest) if rest > 0 else text


def balance_name(plan: Plan, name: str, lang: str) -> str:
    """What holds a figure, in words."""
    if not name or name.startswith("totals.shares."):
        return name_of(plan, name, lang)
    return say(f"baseline.{name.rpartition('.')[2]}", lang)
