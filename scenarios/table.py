"""``targets.csv``: every quantified statement of a document, one row each."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from plansim.scenarios.text import Row
from plansim.simulator import units
from plansim.simulator.conform import full_width_number
from plansim.simulator.errors import Fault, InputError, nearest
from plansim.simulator.plan import (
    BASES,
    COMPARATORS,
    DIRECTIONS,
    KINDS,
    OWNERS,
    Indicator,
    Owner,
    Plan,
    Target,
)
from plansim.simulator.rules import goal_faults

#: Columns of the file, in the order of ``plansim targets``.
COLUMNS = tuple(f.name for f in fields(Target) if f.name not in ("cluster", "scale"))
#: Columns that a file may leave out, and those that it must have.
OPTIONAL = ("owner", "reason_zh")
REQUIRED = tuple(column for column in COLUMNS if column not in OPTIONAL)
NUMBERS = ("base_value", "low", "high")
YEARS = ("base_year", "year")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "basis": BASES,
    "comparator": COMPARATORS,
    "direction": DIRECTIONS,
    "kind": KINDS,
    "owner": OWNERS,
    "status": ("judged", "stated"),
}


def read_targets(rows: Sequence[Row], plan: Plan | None) -> tuple[Target, ...]:
    """The targets of a plan, or the statements of a document that is none.

    Raises InputError with every fault, its line and its column.
    """
    faults: list[Fault] = []
    readers = [_RowReader(_filled(row, plan), plan, faults) for row in rows]
    targets = [reader.target() for reader in readers]
    ids = [target.id for target in targets]
    for reader in readers:
        name, restated = reader.cells["id"], reader.cells["restates"]
        if ids.count(name) > 1:
            reader.fault("id", "duplicate_key", value=name)
        if restated and restated not in ids:
            reader.fault(
                "restates", "unknown_target", value=restated, nearest=nearest(restated, ids)
            )
    if faults:
        raise InputError(faults)
    return tuple(targets)


def _filled(row: Row, plan: Plan | None) -> Row:
    """The row with what its indicator and subject already say, where its cells are empty.

    So a planner need fill in no more than indicator, subject, year and value; a subject may also be
    given by its Chinese name.
    """
    indicator = plan.indicators.get(row.cells["indicator"]) if plan is not None else None
    if plan is None or indicator is None:
        owner = row.cells["owner"] or usual_owner(row.cells["kind"], indicator)
        return replace(row, cells={**row.cells, "owner": owner})
    places = {plan.plan.region.en: plan.plan.region.zh}
    if indicator.subjects == "clusters":
        places = {c.name.en: c.name.zh for c in plan.clusters.values()}
    cells = {column: text for column, text in row.cells.items() if text}
    english = {zh: en for en, zh in places.items()}
    subject = cells.get("subject") or english.get(cells.get("subject_zh", ""))
    subject = english.get(subject or "", subject) or plan.plan.region.en
    falls = cells.get("low", "").startswith(("-", "−")) or indicator.of in ("energy", "water")
    usual = {
        "id": "-".join(filter(None, [cells["indicator"], _word(subject, plan), cells.get("year")])),
        "indicator_zh": indicator.name.zh,
        "subject_zh": places.get(subject, ""),
        "unit": indicator.unit,
        "basis": "share" if indicator.unit == "%" else "level",
        "comparator": "reach",
        "direction": "down" if falls else "up",
        "kind": "outcome",
        "owner": usual_owner(cells.get("kind", "outcome"), indicator),
        "status": "judged",
        "source": plan.plan.id,
    }
    return replace(row, cells={**row.cells, **usual, **cells, "subject": subject})


def usual_owner(kind: str, indicator: Indicator | None) -> Owner:
    """In whose hands a target lies that does not say so.

    What a programme delivers, an activity and a policy are the administration's, all else is the
    market's: that a level above binds, or that something is merely anticipated, must be said.
    """
    delivers = indicator is not None and indicator.measure == "delivered"
    return "administration" if delivers or kind in ("activity", "policy") else "market"


def _word(subject: str, plan: Plan) -> str:
    """A subject as part of an id, "" for the place as a whole."""
    return "" if subject == plan.plan.region.en else subject.lower().replace(" ", "-")


@dataclass(frozen=True, slots=True)
class _RowReader:
    """One row on its way to a target; faults are collected with the row's line."""

    row: Row
    plan: Plan | None
    faults: list[Fault]

    @property
    def cells(self) -> Mapping[str, str]:
        return self.row.cells

    def fault(self, column: str, code: str, **more: object) -> None:
        name = f"targets.{self.cells['id'] or self.row.line}.{column}"
        place = self.row.place(column)
        shown = {"key": column, **more}
        self.faults.append(Fault(code, shown, name, place.file, place.line, place.column))

    def target(self) -> Target:
        """The row as a target; what is wrong with it is in ``faults``."""
        cells = self.cells
        numbers = {column: self._number(column) for column in (*NUMBERS, *YEARS)}
        for column, choices in CHOICES.items():
            if cells[column] not in choices:
                near = nearest(cells[column], choices)
                self.fault(
                    column, "not_a_choice", value=cells[column], choices=choices, nearest=near
                )
        for column in ("id", "indicator", "indicator_zh", "subject", "subject_zh", "source"):
            if not cells[column]:
                self.fault(column, "empty_cell")
        cluster, scale = "", 1.0
        if cells["status"] == "judged" and self.plan is None:
            self.fault("status", "judged_without_plan")
        elif cells["status"] == "judged" and self.plan is not None:
            cluster, scale = self._resolved(self.plan)
        elif not cells["reason"] and not cells["reason_zh"]:
            self.fault("reason", "stated_without_reason")
        base_year, year = numbers["base_year"], numbers["year"]
        words: dict[str, Any] = {c: cells[c] for c in COLUMNS if c not in (*NUMBERS, *YEARS)}
        target = Target(
            **words,
            base_year=None if base_year is None else int(base_year),
            year=None if year is None else int(year),
            base_value=numbers["base_value"],
            low=numbers["low"],
            high=numbers["high"],
            cluster=cluster,
            scale=scale,
        )
        for fault in goal_faults(self.plan, target):
            self.fault(fault.path.rpartition(".")[2], fault.code, **fault.fields)
        return target

    def _number(self, column: str) -> float | None:
        text = self.cells[column]
        if text == "":
            return None
        if full_width_number(text):
            self.fault(column, "full_width_digits", value=text)
            return None
        try:
            value = float(text)
        except ValueError:
            self.fault(column, "not_a_number", value=text)
            return None
        if not math.isfinite(value):
            self.fault(column, "not_finite", value=text)
        elif column in YEARS and value != int(value):
            self.fault(column, "not_a_whole_number", value=text)
        else:
            return value
        return None

    def _resolved(self, plan: Plan) -> tuple[str, float]:
        """What a judged row speaks of: its cluster's key, and its unit in base units."""
        name = self.cells["indicator"]
        if name not in plan.indicators:
            known = list(plan.indicators)
            near = nearest(name, known)
            self.fault("indicator", "unknown_indicator", value=name, choices=known, nearest=near)
            return "", 1.0
        indicator = plan.indicators[name]
        return self._cluster(plan, indicator), self._scale(indicator)

    def _cluster(self, plan: Plan, indicator: Indicator) -> str:
        names = {plan.plan.region.en: ""}
        if indicator.subjects == "clusters":
            names = {c.name.en: key for key, c in plan.clusters.items()}
        subject = self.cells["subject"]
        if subject not in names:
            near = nearest(subject, names)
            known = list(names)
            self.fault("subject", "unknown_subject", value=subject, choices=known, nearest=near)
        return names.get(subject, "")

    def _scale(self, indicator: Indicator) -> float:
        unit, basis = self.cells["unit"], self.cells["basis"]
        relative = basis == "annual_growth" or (basis == "change_vs_base" and unit == "%")
        wanted = "1" if relative else indicator.unit
        try:
            given, other = units.parse(unit), units.parse(wanted)
        except InputError as problem:
            self.fault("unit", problem.faults[0].code, **problem.faults[0].fields)
            return 1.0
        if given.dimension != other.dimension:
            self.fault("unit", "unit_dimension", value=unit, wanted=wanted)
        return given.factor
