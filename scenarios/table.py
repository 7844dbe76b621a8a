"""``targets.csv``: every quantified statement of a document, one row each."""

import difflib
import math
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from scenarios import units
from scenarios.text import Row, full_width_number, read_table
from simulator.errors import Fault, InputError
from simulator.plan import BASES, COMPARATORS, DIRECTIONS, KINDS, Plan, Target

#: Columns of the file, in the order of ``plansim targets``.
COLUMNS = tuple(f.name for f in fields(Target) if f.name not in ("cluster", "scale"))
NUMBERS = ("base_value", "low", "high")
YEARS = ("base_year", "year")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "basis": BASES,
    "comparator": COMPARATORS,
    "direction": DIRECTIONS,
    "kind": KINDS,
    "status": ("judged", "stated"),
}


def read_targets(path: Path, shown: str, plan: Plan) -> tuple[Target, ...]:
    """The targets of a plan. Raises InputError with every fault, its line and its column."""
    faults: list[Fault] = []
    targets = [_target(row, plan, shown, faults) for row in read_table(path, shown, COLUMNS)]
    seen: dict[str, int] = {}
    for row_target in targets:
        seen[row_target.id] = seen.get(row_target.id, 0) + 1
    for target in targets:
        place = {"file": shown, "path": f"targets.{target.id}"}
        if seen[target.id] > 1:
            faults.append(Fault("duplicate_key", {"value": target.id}, **place))
        if target.restates and target.restates not in seen:
            near = difflib.get_close_matches(target.restates, seen, 1, 0.5)
            shown_fields = {"value": target.restates, "nearest": "".join(near), "choices": ""}
            faults.append(Fault("unknown_target", shown_fields, **place))
    if faults:
        raise InputError(faults)
    return tuple(targets)


def _target(row: Row, plan: Plan, shown: str, faults: list[Fault]) -> Target:
    cells = row.cells

    def fault(column: str, code: str, **more: object) -> None:
        name = f"targets.{cells['id'] or row.line}.{column}"
        faults.append(Fault(code, {"key": column, **more}, name, shown, row.line))

    numbers: dict[str, float | None] = {}
    for column in (*NUMBERS, *YEARS):
        text = cells[column]
        numbers[column] = None
        if text == "":
            continue
        try:
            value = float(text)
        except ValueError:
            code = "full_width_digits" if full_width_number(text) else "not_a_number"
            fault(column, code, value=text)
            continue
        if full_width_number(text):
            fault(column, "full_width_digits", value=text)
        elif not math.isfinite(value):
            fault(column, "not_finite", value=text)
        elif column in YEARS and value != int(value):
            fault(column, "not_a_whole_number", value=text)
        else:
            numbers[column] = value
    for column, choices in CHOICES.items():
        if cells[column] not in choices:
            near = "".join(difflib.get_close_matches(cells[column], choices, 1, 0.5))
            fault(column, "not_a_choice", value=cells[column], choices=", ".join(choices), nearest=near)
    for column in ("id", "indicator", "indicator_zh", "subject", "subject_zh", "source"):
        if not cells[column]:
            fault(column, "empty_cell")
    low, high = numbers["low"], numbers["high"]
    if low is not None and high is not None and low > high:
        fault("low", "bounds_order", low=low, high=high)
    cluster, scale = "", 1.0
    if cells["status"] == "judged":
        cluster, scale = _resolved(cells, numbers, plan, fault)
    elif not cells["reason"]:
        fault("reason", "stated_without_reason")
    base_year, year = numbers["base_year"], numbers["year"]
    return Target(
        **{c: cells[c] for c in COLUMNS if c not in (*NUMBERS, *YEARS)},
        base_year=None if base_year is None else int(base_year),
        year=None if year is None else int(year),
        base_value=numbers["base_value"],
        low=low,
        high=high,
        cluster=cluster,
        scale=scale,
    )


def _resolved(cells: Mapping[str, str], numbers: Mapping[str, float | None], plan: Plan, fault) -> tuple[str, float]:  # type: ignore[no-untyped-def]  # fmt: skip
    """What a judged row speaks of: the cluster's key, and its unit in the indicator's base unit."""
    indicator = plan.indicators.get(cells["indicator"])
    if indicator is None:
        near = "".join(difflib.get_close_matches(cells["indicator"], plan.indicators, 1, 0.5))
        fault("indicator", "unknown_indicator", value=cells["indicator"], choices=list(plan.indicators), nearest=near)  # fmt: skip
        return "", 1.0
    cluster = ""
    if indicator.subjects == "clusters":
        names = {c.name.en: key for key, c in plan.clusters.items()}
        if cells["subject"] not in names:
            near = "".join(difflib.get_close_matches(cells["subject"], names, 1, 0.5))
            fault("subject", "unknown_subject", value=cells["subject"], choices=list(names), nearest=near)  # fmt: skip
        cluster = names.get(cells["subject"], "")
    elif cells["subject"] != plan.plan.region.en:
        fault("subject", "unknown_subject", value=cells["subject"], choices=[plan.plan.region.en], nearest="")  # fmt: skip
    if numbers["low"] is None and numbers["high"] is None:
        fault("low", "judged_without_value")
    first, last = plan.plan.years
    for column in YEARS:
        year = numbers[column]
        if year is None and column == "year":
            fault(column, "empty_cell")
        elif year is not None and not first <= year <= last:
            fault(column, "year_outside", value=int(year), first=first, last=last)
    base, year = numbers["base_year"] or plan.plan.base_year, numbers["year"]
    if year is not None and year <= base:
        fault("year", "year_before_base", value=int(year), base=int(base))
    relative = cells["basis"] == "annual_growth" or (
        cells["basis"] == "change_vs_base" and cells["unit"] == "%"
    )
    try:
        wanted = "1" if relative else indicator.unit
        given, other = units.parse(cells["unit"]), units.parse(wanted)
    except InputError as problem:
        fault("unit", problem.faults[0].code, **problem.faults[0].fields)
        return cluster, 1.0
    if given.dimension != other.dimension:
        fault("unit", "unit_dimension", value=cells["unit"], wanted=wanted)
    return cluster, given.factor
