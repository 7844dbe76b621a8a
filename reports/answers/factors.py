"""Where changes come from, factor by factor: tables and records."""

from collections.abc import Sequence
from typing import Any

from plansim.analysis.contrast import TOTAL
from plansim.analysis.decompose import Decomposition, decomposed
from plansim.reports.tables import Answer, Table
from plansim.reports.terminal import Meanwhile
from plansim.reports.words.wording import named_columns, with_names
from plansim.simulator import units
from plansim.simulator.plan import Plan
from plansim.words.catalogue import say

#: The contract (docs/commands.md), and three columns more.
COLUMNS = ("target", "year", "lever", "share", "share_low", "share_high", "name", "unit")
#: Factors → the heads of their columns.
HEADS = {
    "activity": "part_activity",
    "structure": "part_structure",
    "va_rate": "part_va_rate",
    "technology": "part_technology",
    "programmes": "part_programmes",
    "organic": "part_organic",
    "effects": "part_effects",
    "projects": "part_projects",
    "closures": "part_closures",
    "recognised": "part_recognised",
    "prices": "part_prices",
    TOTAL: "part_total",
}


def ask(
    plan: Plan,
    scenario: str,
    kind: str,
    targets: Sequence[str],
    drawn_by: Sequence[str],
    meanwhile: Meanwhile,
    **number: int,
) -> Answer:
    """Where changes come from. ``number``: draws, seed and workers."""
    lang = meanwhile.lang
    with meanwhile.bar(number["draws"]) as tick:
        found = decomposed(plan, kind, targets, **number, progress=tick)
    above, *below = factor_heading(plan, number["draws"], number["seed"], kind, lang)
    records, tables = factor_records(plan, found, lang), factor_tables(plan, found, lang)
    named = with_names(plan, records, lang)
    return Answer(named, tables, [above, *drawn_by], below, named_columns(COLUMNS))


def factor_records(plan: Plan, found: Sequence[Decomposition], lang: str) -> list[dict[str, Any]]:
    """One record a change and factor, the last of each being the total; low and high: 5 %, 95 %."""
    records = []
    for item in found:
        size, unit = scale(plan, item)
        for row, name in enumerate((*item.factors, TOTAL)):
            values = (side[row] / size for side in (item.middle, item.low, item.high))
            share, low, high = (float(value) for value in values)
            year = plan.years[item.change.year]
            said = say(f"column.{HEADS[name]}", lang)
            records.append(
                dict(
                    zip(
                        COLUMNS,
                        (item.change.name, year, name, share, low, high, said, unit),
                        strict=True,
                    )
                )
            )
    return records


def scale(plan: Plan, item: Decomposition) -> tuple[float, str]:
    """One unit in which a change is told, and its name: percent of the base, or the indicator's."""
    if item.change.percent:
        return 0.01, "%"
    unit = plan.indicators[item.change.item.indicator].unit
    return units.parse(unit).factor, unit


def factor_tables(plan: Plan, found: Sequence[Decomposition], lang: str) -> list[Table]:
    """Changes by factor: those of ratios, and those of the use behind them."""
    tables = []
    for use in (False, True):
        some = [item for item in found if item.change.use is use]
        if not some:
            continue
        factors = list(dict.fromkeys(name for item in some for name in item.factors))
        rows = []
        for item in some:
            size, unit = scale(plan, item)
            names = (*item.factors, TOTAL)
            cells = {name: _cell(item, row, size) for row, name in enumerate(names)}
            what = change_name(plan, item, lang)
            rows.append((what, unit, *(cells.get(f, "") for f in (*factors, TOTAL))))
        columns = ("change_of", "unit", *(HEADS[f] for f in (*factors, TOTAL)))
        title = say("attributed.uses" if use else "attributed.changes", lang)
        tables.append(Table(columns, tuple(rows), columns[2:], (), title))
    return tables


def _cell(item: Decomposition, row: int, size: float) -> str:
    middle, low, high = (float(side[row] / size) for side in (item.middle, item.low, item.high))
    if middle == low == high == 0:
        return "0"
    sign = "+" if middle > 0 else ""
    text = f"{sign}{_short(middle)} ({_short(low)} … {_short(high)})"
    return text.replace("-", "−")


def _short(value: float) -> str:
    return f"{value:.1f}" if abs(value) < 99.95 else f"{value:.0f}"


def change_name(plan: Plan, item: Decomposition, lang: str) -> str:
    """What changes, between which years: energy per value added, 2015 to 2020."""
    indicator = plan.indicators[item.change.item.indicator]
    name = indicator.name.in_language(lang)
    if item.change.use:
        name = say("attributed.use", lang, what=used_name(plan, indicator.of, lang))
    elif item.change.item.subject:
        subject = plan.clusters[item.change.item.subject].name.in_language(lang)
        name = f"{subject}{name}" if lang == "zh" else f"{name} of {subject}"
    first, last = (plan.years[place] for place in (item.change.base, item.change.year))
    return say("attributed.between", lang, what=name, first=first, last=last)


def used_name(plan: Plan, account: str, lang: str) -> str:
    """What is used: energy, water, or a quantity of the place."""
    if not account.startswith("city."):
        return say(f"attributed.{account}", lang)
    name = plan.city[account.removeprefix("city.")].name
    return account if name is None else name.in_language(lang)


def factor_heading(plan: Plan, draws: int, seed: int, kind: str, lang: str) -> list[str]:
    shown = {
        "plan": plan.plan.name.in_language(lang),
        "scenario": plan.scenario_in(lang),
        "draws": draws,
        "seed": seed,
    }
    return [say("attributed.factors", lang, **shown), say(f"split.{kind}", lang)]
