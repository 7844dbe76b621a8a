"""``history.csv``: what was seen of a plan's quantities, before its base year and since.

One row is one figure: a level, or the growth against the same time of the year before. A year is
the whole year. A half-year is the first one, ``2016H1`` or ``2016.5``, January to June, as Chinese
statistics cumulate: a flow is the sum of these months, a stock that of the end of June. There is no
second half: cumulated since January it is the year.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from plansim.scenarios.text import Row, read_table
from plansim.simulator import units
from plansim.simulator.conform import full_width_number
from plansim.simulator.dynamics import bounds
from plansim.simulator.errors import Fault, InputError, nearest
from plansim.simulator.naming import path_of
from plansim.simulator.plan import Cluster, Indicator, Plan, Quantity
from plansim.simulator.schema import facts_of

Measure = Literal["level", "growth"]
Kind = Literal["flow", "stock", "rate"]

#: Columns of the file, and those that may be left out.
COLUMNS = ("quantity", "subject", "year", "value", "unit", "source")
OPTIONAL = ("measure", "sd")
NUMBERS = ("value", "sd")
#: The file in a plan folder, and the sheet of a workbook.
HISTORY = "history.csv"
#: How many years before the base year a figure may lie. [years]
REACH = 60
#: Part of a year's flow that comes in January to June, and its relative spread: 46 to 49 % of
#: Yuyao's output (yy-h1-2020), a judgement elsewhere. [fraction]
FIRST_HALF, FIRST_HALF_SD = 0.475, 0.02
#: Where on the axis of years (a flow at the middle of its year, a stock at its end) the first half
#: lies: a flow or a rate a quarter of a year earlier, a stock half a year. [years]
EARLIER: Mapping[Kind, float] = {"flow": 0.25, "rate": 0.25, "stock": 0.5}
#: Dimensions whose amounts add up over the months of a year; counts are stocks, the rest is rates.
FLOWS = ("money", "energy", "mass", "volume", "foreign money")

YEAR = re.compile(r"(\d{4})(?:\.0*)?年?")
HALF = re.compile(r"(\d{4})(?:\.50*|[Hh]1|年?上半年)")
SECOND_HALF = re.compile(r"(\d{4})(?:[Hh]2|年?下半年)")


@dataclass(frozen=True, slots=True)
class Observation:
    """One figure that was seen, in base units.

    ``quantity``: the key of an indicator, or the path of a quantity (``clusters.robotics.va_rate``,
    ``city.patents``); ``subject``: the key of the cluster that an indicator is of, "" for the place
    as a whole or where ``quantity`` is a path. ``year``: 2016.0 is the whole year 2016, 2016.5 its
    first half. ``value``: a level [base unit], of a half-year the flow since January; or growth
    against the same time of the year before [fraction]. ``sd``: error of measurement in the same
    unit, None where nothing is known of it. ``unit``: as written, ``scale`` base units each.
    """

    quantity: str
    subject: str
    year: float
    value: float
    measure: Measure
    sd: float | None
    source: str
    line: int
    kind: Kind = "rate"
    unit: str = "1"
    scale: float = 1.0

    @property
    def is_half(self) -> bool:
        """Whether it is of the first half of its year only."""
        return self.year % 1 != 0

    @property
    def time(self) -> float:
        """Where it lies on the axis of the model, on which 2016 is the year 2016. [year]"""
        return math.floor(self.year) - (EARLIER[self.kind] if self.is_half else 0.0)

    @property
    def at_annual_pace(self) -> float:
        """A level as that of a year: a flow since January over the part of a year it comes in."""
        part = self.is_half and self.kind == "flow" and self.measure == "level"
        return self.value / FIRST_HALF if part else self.value


def read_history(path: Path, shown: str = "") -> list[Row]:
    """The rows of a history as text. Raises InputError with every fault of its form."""
    rows = read_table(path, shown or str(path), COLUMNS, OPTIONAL)
    return [replace(row, columns={c: i for i, c in enumerate(row.cells, start=1)}) for row in rows]


def observations(
    rows: Sequence[Row], plan: Plan, table: str = "history"
) -> tuple[Observation, ...]:
    """What the rows of a history say of a plan, in base units.

    ``table``: what the file is called in the paths of faults. Raises InputError with every fault,
    its line and its column.
    """
    faults: list[Fault] = []
    readers = [RowReader(row, plan, faults, table) for row in rows]
    found = [(reader, reader.observation()) for reader in readers]
    seen: dict[tuple[str, str, float, str], int] = {}
    for reader, one in found:
        if one is not None:
            key = (one.quantity, one.subject, one.year, one.measure)
            other = seen.setdefault(key, reader.row.line)
            if other != reader.row.line:
                reader.fault("year", "panel_twice", value=reader.row.cells["year"], other=other)
    if faults:
        raise InputError(faults)
    return tuple(one for _, one in found if one is not None)


@dataclass(frozen=True, slots=True)
class _Named:
    """What a row speaks of. ``unit``: the one its values are given in, ``size`` what one of it is
    for the engine; ``low``, ``high``: its bounds, ``closed``: whether a value may lie on them.
    """

    quantity: str
    cluster: str
    unit: str
    size: float
    low: float = -math.inf
    high: float = math.inf
    closed: bool = False


@dataclass(frozen=True, slots=True)
class RowReader:
    """One row on its way to an observation; faults are collected with its line.

    ``table``: what the file is called in their paths.
    """

    row: Row
    plan: Plan
    faults: list[Fault]
    table: str = "history"

    def fault(self, column: str, code: str, **more: object) -> None:
        place = self.row.place(column)
        path = f"{self.table}.{self.row.line}.{column}"
        shown = {"key": column, "value": self.row.cells[column], **more}
        self.faults.append(Fault(code, shown, path, place.file, place.line, place.column))

    def observation(self) -> Observation | None:
        """The row as an observation, or None where something is wrong with it."""
        before = len(self.faults)
        cells = self.row.cells
        named, year = self._named(), self.year()
        numbers = {column: self.number(column) for column in NUMBERS}
        measure: str = cells["measure"] or "level"
        if measure not in get_args(Measure):
            choices = get_args(Measure)
            near = nearest(measure, choices)
            self.fault("measure", "not_a_choice", choices=choices, nearest=near)
        for column in ("value", "source"):
            if not cells[column]:
                self.fault(column, "empty_cell")
        if numbers["sd"] is not None and numbers["sd"] <= 0:
            self.fault("sd", "must_be_positive")
        scale = None if named is None else self._scale(named, measure)
        value, sd = numbers["value"], numbers["sd"]
        if named is None or scale is None or value is None:
            return None
        self._check_value(named, measure, scale * value)
        if len(self.faults) > before or year is None:
            return None
        return Observation(
            quantity=named.quantity,
            subject=named.cluster,
            year=year,
            value=scale * value,
            measure="growth" if measure == "growth" else "level",
            sd=None if sd is None else scale * sd,
            source=cells["source"],
            line=self.row.line,
            kind=kind_of(named.unit),
            unit=cells["unit"] or ("1" if measure == "growth" else named.unit),
            scale=scale,
        )

    # -- what it speaks of -------------------------------------------------------------------------

    def _named(self) -> _Named | None:
        """The indicator or quantity that the row names; a fault where it names none."""
        plan, name = self.plan, self.row.cells["quantity"]
        region = plan.plan.region.en
        if not name:
            self.fault("quantity", "empty_cell")
            return None
        subject = self._cluster()
        names = {name: i.name for name, i in plan.indicators.items()}
        keys = {word: name for name, label in names.items() for word in (label.zh, label.en)}
        key = name if name in plan.indicators else keys.get(name, name)
        indicator = plan.indicators.get(key)
        of_cluster = indicator is not None and indicator.subjects == "clusters"
        if name in Cluster.QUANTITIES and subject and not of_cluster:
            return self._quantity(f"clusters.{subject}.{name}")
        if indicator is not None:
            return self._indicator(key, indicator, subject)
        paths = quantities(plan)
        path = name if name in paths else f"city.{name}"
        if path in paths:
            own = path.split(".")[1] if path.startswith("clusters.") else ""
            if self.row.cells["subject"] and subject is not None and subject != own:
                self._no_subject([own] if own else [region])
            return self._quantity(path)
        if name in Cluster.QUANTITIES:
            if subject is not None:
                self._no_subject(list(_clusters(plan)))
            return None
        called = path_of(plan, name)
        if called in paths:
            return self._quantity(called)
        series, _, cluster = called.removeprefix("indicators.").partition("/")
        if called != name and series in plan.indicators:
            if self.row.cells["subject"] and subject != cluster:
                self._no_subject([plan.clusters[cluster].name.en if cluster else region])
            return self._indicator(series, plan.indicators[series], cluster)
        known = [*plan.indicators, *Cluster.QUANTITIES, *paths]
        near = nearest(name, [*known, *keys]) or nearest(name.lower(), known)
        self.fault("quantity", "unknown_observed", nearest=near, choices=list(plan.indicators))
        return None

    def _cluster(self) -> str | None:
        """The cluster that the subject names, "" for the place, None where it names nothing."""
        plan, subject = self.plan, self.row.cells["subject"]
        region = plan.plan.region
        names = {"": "", region.en: "", region.zh: "", **_clusters(plan)}
        names |= {c.name.zh: key for key, c in plan.clusters.items()}
        names |= {key: key for key in plan.clusters}
        if subject not in names:
            self._no_subject([region.en, *_clusters(plan)], nearest(subject, names))
        return names.get(subject)

    def _no_subject(self, known: Sequence[str], near: str = "") -> None:
        subject = self.row.cells["subject"]
        code = "unknown_subject" if subject else "empty_cell"
        self.fault("subject", code, choices=known, nearest=near or nearest(subject, known))

    def _indicator(self, key: str, indicator: Indicator, subject: str | None) -> _Named:
        plan = self.plan
        if subject is not None and bool(subject) != (indicator.subjects == "clusters"):
            known = [plan.plan.region.en] if subject else list(_clusters(plan))
            self._no_subject(known)
        counted = indicator.measure != "account"
        unit = units.parse(indicator.unit)
        if unit.dimension == () and indicator.unit == "%":
            return _Named(key, subject or "", "%", unit.factor, 0.0, 1.0, closed=True)
        return _Named(key, subject or "", indicator.unit, unit.factor, 0.0, closed=counted)

    def _quantity(self, path: str) -> _Named:
        quantity = quantities(self.plan)[path]
        wanted = facts_of(f"{path}.base").unit
        unit = wanted or ("1" if quantity.base is None else quantity.base.unit)
        if quantity.link == "logit":
            return _Named(path, "", unit, 1.0, *bounds(quantity))
        return _Named(path, "", unit, 1.0, 0.0 if quantity.link == "log" else -math.inf)

    # -- its cells ---------------------------------------------------------------------------------

    def year(self) -> float | None:
        """The year, a half more for its first half; a fault where it is none or out of reach."""
        text, plan = self.row.cells["year"], self.plan
        if not text:
            self.fault("year", "empty_cell")
        elif full_width_number(text):
            self.fault("year", "full_width_digits")
        elif match := SECOND_HALF.fullmatch(text):
            self.fault("year", "second_half", year=match[1])
        elif match := HALF.fullmatch(text) or YEAR.fullmatch(text):
            year = float(match[1]) + (0.5 if HALF.fullmatch(text) else 0.0)
            first, last = plan.plan.base_year - REACH, plan.plan.years[1]
            if first <= math.floor(year) <= last:
                return year
            self.fault("year", "argument_range", allowed=f"{first} … {last}")
        else:
            self.fault("year", "panel_year")
        return None

    def number(self, column: str) -> float | None:
        text = self.row.cells[column]
        if not text:
            return None
        if full_width_number(text):
            self.fault(column, "full_width_digits")
            return None
        try:
            value = float(text.replace("_", "x"))
        except ValueError:
            self.fault(column, "not_a_number")
            return None
        if not math.isfinite(value):
            self.fault(column, "not_finite")
            return None
        return value

    def _scale(self, named: _Named, measure: str) -> float | None:
        """One unit of the row in base units; a fault and None where it is of something else."""
        text = self.row.cells["unit"]
        if measure == "growth":
            if text not in ("%", "1", ""):
                self.fault("unit", "unit_dimension", wanted="%")
                return None
            return 0.01 if text == "%" else 1.0
        try:
            return named.size * units.conversion(text or named.unit, named.unit)
        except InputError as problem:
            self.fault("unit", problem.faults[0].code, **problem.faults[0].fields)
            return None

    def _check_value(self, named: _Named, measure: str, value: float) -> None:
        """A level its quantity can have, or growth that leaves something."""
        if measure == "growth":
            if value <= -1:
                self.fault("value", "argument_range", allowed="> −100 %")
            return
        low, high = named.low, named.high
        if low <= value <= high if named.closed else low < value < high:
            return
        if (low, high) == (0.0, 1.0) and not low <= value <= high:
            self.fault("value", "not_a_share", low=value, high=value)
        elif math.isfinite(high):
            self.fault("value", "argument_range", allowed=f"{low:g} < … < {high:g}")
        else:
            self.fault("value", "negative" if named.closed else "must_be_positive")


def quantities(plan: Plan) -> dict[str, Quantity]:
    """Every quantity of a plan by its path."""
    found = {
        f"clusters.{key}.{name}": getattr(cluster, name)
        for key, cluster in plan.clusters.items()
        for name in Cluster.QUANTITIES
    }
    found |= {f"city.{key}": quantity for key, quantity in plan.city.items()}
    return found | {"prices.output": plan.prices.output, "prices.input": plan.prices.input}


def kind_of(unit: str) -> Kind:
    """What a quantity of a unit is: a flow over a year, a stock, or a rate between such."""
    dimension = units.parse(unit).dimension
    if len(dimension) != 1 or dimension[0][1] != 1:
        return "rate"
    if dimension[0][0] == "count":
        return "stock"
    return "flow" if dimension[0][0] in FLOWS else "rate"


def _clusters(plan: Plan) -> dict[str, str]:
    """Keys of clusters by their English names."""
    return {cluster.name.en: key for key, cluster in plan.clusters.items()}
