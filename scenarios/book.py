"""The stated figures of a plan, as intervals: what a rounded number can have been.

A figure such as 18.3 is anything that rounds to it; 左右 widens it by the plan's tolerance. Ratios,
growth and sums of figures are intervals too, from the corners of what goes in.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from scenarios import units
from simulator.feasibility import tolerance
from simulator.plan import Indicator, Plan, Target

LEVELS = ("level", "share", "rate", "cumulative_count")


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval; ``middle`` is what the plan wrote, or what follows from it."""

    low: float
    high: float
    middle: float

    def apart(self, other: "Interval") -> bool:
        """Whether no value lies in both."""
        return self.low > other.high or other.low > self.high


def follow(rule: Callable[..., float], *given: Interval) -> Interval:
    """What follows from figures by a rule that is monotone in each: its corners and its middle."""
    corners = [rule(*c) for c in itertools.product(*((g.low, g.high) for g in given))]
    return Interval(min(corners), max(corners), rule(*(g.middle for g in given)))


def rounded(value: float) -> Interval:
    """Everything that is written as ``value``: half a unit of its last digit either way."""
    exponent = Decimal(f"{value:.10g}").as_tuple().exponent
    half = 0.5 * 10.0 ** (exponent if isinstance(exponent, int) and exponent < 0 else 0)
    return Interval(value - half, value + half, value)


def exactly(value: float) -> Interval:
    return Interval(value, value, value)


@dataclass(frozen=True, slots=True)
class Entry:
    """One figure: its value in base units, its year, and the row that states it."""

    value: Interval
    year: int
    target: Target
    of_base: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """All figures of one indicator and one subject, by what they say."""

    indicator: str
    subject: str
    rows: tuple[Target, ...]
    plan: Plan

    def levels(self) -> list[Entry]:
        """Levels by year, the stated base first; of several in one year the first."""
        found: dict[int, Entry] = {}
        for row in self.rows:
            if row.basis in LEVELS and row.base_value is not None and row.base_year is not None:
                base = scaled(rounded(row.base_value), row.scale)
                found.setdefault(row.base_year, Entry(base, row.base_year, row, of_base=True))
        for row in self.rows:
            if row.basis in LEVELS and usable(row):
                assert row.year is not None
                found.setdefault(row.year, Entry(stated(row, self.plan), row.year, row))
        return [found[year] for year in sorted(found)]

    def base(self) -> Entry | None:
        """The stated level of the base year."""
        return next((e for e in self.levels() if e.of_base), None)

    def growths(self) -> list[Entry]:
        """Stated growth a year, by the year it ends."""
        return [self._entry(r) for r in self.rows if r.basis == "annual_growth" and usable(r)]

    def base_growth(self) -> Entry | None:
        """The stated growth of the base year itself."""
        for row in self.rows:
            if row.basis == "annual_growth" and row.base_value is not None:
                value = scaled(rounded(row.base_value), row.scale)
                return Entry(value, self.plan.plan.base_year, row, of_base=True)
        return None

    def changes(self) -> list[Entry]:
        """Stated relative changes against the base year, by year."""
        return [
            self._entry(r)
            for r in self.rows
            if r.basis == "change_vs_base" and r.unit == "%" and usable(r)
        ]

    def _entry(self, row: Target) -> Entry:
        return Entry(stated(row, self.plan), row.year or 0, row)


def usable(row: Target) -> bool:
    return row.year is not None and row.low is not None and not row.restates


def scaled(interval: Interval, factor: float) -> Interval:
    return Interval(interval.low * factor, interval.high * factor, interval.middle * factor)


def stated(row: Target, plan: Plan) -> Interval:
    """A row's value in base units, with its rounding and its 左右."""
    assert row.low is not None
    value = scaled(rounded(row.low), row.scale)
    slack = tolerance(row, value.middle, plan) if row.comparator == "approx" else 0.0
    high = value.high
    if row.comparator == "range" and row.high is not None:
        high = rounded(row.high).high * row.scale
    return Interval(value.low - slack, high + slack, value.middle)


@dataclass(frozen=True, slots=True)
class Book:
    """The figures of a plan by what they measure."""

    plan: Plan

    def line(self, indicator: str, subject: str = "") -> Line:
        rows = [
            with_scale(t)
            for t in self.plan.targets
            if t.indicator == indicator and (not subject or t.cluster == subject)
        ]
        return Line(indicator, subject, tuple(rows), self.plan)

    def lines(self) -> Iterator[Line]:
        """Every indicator and subject that a row speaks of, in file order."""
        groups: dict[tuple[str, str], list[Target]] = {}
        for row in self.plan.targets:
            groups.setdefault((row.indicator, row.subject), []).append(with_scale(row))
        for (indicator, subject), rows in groups.items():
            yield Line(indicator, subject, tuple(rows), self.plan)

    def measured(self, wanted: Callable[[Indicator], bool]) -> Iterator[Line]:
        """Lines of the place whose indicator is made of the accounts wanted."""
        for key, indicator in self.plan.indicators.items():
            if indicator.measure != "account" or indicator.subjects != "place":
                continue
            line = self.line(key)
            if wanted(indicator) and line.rows:
                yield line

    def first(self, wanted: Callable[[Indicator], bool]) -> Line | None:
        return next(self.measured(wanted), None)

    @property
    def base_year(self) -> int:
        return self.plan.plan.base_year


def with_scale(row: Target) -> Target:
    """A stated row knows no scale yet: its unit gives it."""
    return replace(row, scale=units.parse(row.unit).factor)


def is_value_added(i: Indicator) -> bool:
    return i.of in ("real_value_added", "value_added") and i.over is None and i.tag is None


def is_rate(i: Indicator) -> bool:
    return i.of == "value_added" and i.over in ("nominal_output", "output", "revenue") and not i.tag


def is_total_output(i: Indicator) -> bool:
    return i.of in ("output", "nominal_output", "revenue") and i.over is None and i.tag is None


def is_productivity(i: Indicator) -> bool:
    return i.of in ("real_value_added", "value_added") and i.over == "employment"


def is_intensity(i: Indicator) -> bool:
    return i.of in ("energy", "water") and i.over in ("real_value_added", "value_added")


def is_share(i: Indicator) -> bool:
    return i.of == "value_added" and i.over == "value_added" and i.tag is not None


def is_per_revenue(i: Indicator) -> bool:
    return i.of.startswith("city.") and i.over in ("revenue", "output", "nominal_output")


def document_year(plan: Plan) -> tuple[int, int]:
    """Year and month of the document."""
    year, _, month = plan.plan.dated.partition("-")
    return int(year), int(re.sub(r"\D.*", "", month) or 12)
