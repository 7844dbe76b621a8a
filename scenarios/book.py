"""The stated figures of a plan, as intervals: what a rounded number can have been.

A figure such as 18.3 is anything that rounds to it; 左右 widens it by the plan's tolerance, 以上
leaves it open. Ratios, growth and sums of figures are intervals too, from the corners of what goes
in.
"""

import itertools
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from plansim.simulator import units
from plansim.simulator.feasibility import tolerance
from plansim.simulator.plan import Indicator, Label, Plan, Target

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

    def closed(self) -> "Interval":
        """Without what 以上 leaves open: as far to either side as to the nearer."""
        half = min(self.middle - self.low, self.high - self.middle)
        return Interval(self.middle - half, self.middle + half, self.middle)


def follow(rule: Callable[..., float], *given: Interval) -> Interval:
    """What follows from figures by a rule that is monotone in each: its corners and its middle."""
    corners = [_corner(rule, c) for c in itertools.product(*((g.low, g.high) for g in given))]
    known = [c for c in corners if not math.isnan(c)]
    return Interval(min(known), max(known), rule(*(g.middle for g in given)))


def _corner(rule: Callable[..., float], corner: tuple[float, ...]) -> float:
    try:
        return rule(*corner)
    except (ZeroDivisionError, OverflowError):
        return math.inf


def rounded(value: float) -> Interval:
    """Everything that is written as ``value``: half a unit of its last digit either way."""
    exponent = Decimal(f"{value:.10g}").as_tuple().exponent
    half = 0.5 * 10.0 ** (exponent if isinstance(exponent, int) and exponent < 0 else 0)
    return Interval(value - half, value + half, value)


def exactly(value: float) -> Interval:
    return Interval(value, value, value)


@dataclass(frozen=True, slots=True)
class Entry:
    """One figure: its value in base units, its year, and the row that states it.

    ``since``: the year that growth or change is counted from.
    """

    value: Interval
    year: int
    target: Target
    of_base: bool = False
    since: int = 0


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
        rows = [r for r in self.rows if r.basis == "annual_growth" and usable(r)]
        return sorted((self._entry(r) for r in rows), key=lambda e: e.year)

    def base_growth(self) -> Entry | None:
        """The stated growth of the base year itself."""
        for row in self.rows:
            if row.basis == "annual_growth" and row.base_value is not None:
                value = scaled(rounded(row.base_value), row.scale)
                return Entry(value, self.plan.plan.base_year, row, of_base=True)
        return None

    def changes(self) -> list[Entry]:
        """Relative changes against the base year, by year: stated, or a stated pace kept up."""
        found: dict[int, Entry] = {}
        for row in self.rows:
            if row.unit == "%" and row.basis in ("change_vs_base", "annual_growth") and usable(row):
                entry = self._entry(row)
                years = entry.year - entry.since
                if row.basis == "annual_growth":
                    total = follow(lambda g, n=years: (1 + g) ** n - 1, entry.value)
                    entry = replace(entry, value=total)
                if entry.since == self.plan.plan.base_year and years > 0:
                    found.setdefault(entry.year, entry)
        return [found[year] for year in sorted(found)]

    def _entry(self, row: Target) -> Entry:
        since = row.base_year or self.plan.plan.base_year
        return Entry(stated(row, self.plan), row.year or 0, row, since=since)


def usable(row: Target) -> bool:
    return row.year is not None and row.low is not None and not row.restates


def scaled(interval: Interval, factor: float) -> Interval:
    return Interval(interval.low * factor, interval.high * factor, interval.middle * factor)


def stated(row: Target, plan: Plan) -> Interval:
    """A row's value in base units, with its rounding and what 左右, 接近, 以上 leave open."""
    assert row.low is not None
    value = scaled(rounded(row.low), row.scale)
    slack = tolerance(row, value.middle, plan)
    moves = row.basis in ("change_vs_base", "annual_growth")
    if row.comparator == "range" and row.high is not None:
        return replace(value, high=rounded(row.high).high * row.scale)
    if row.comparator == "near_below":
        return replace(value, low=value.low - slack, high=value.middle)
    if row.comparator == "at_most" or (row.comparator == "at_least" and row.direction == "down"):
        return replace(value, low=min(value.low, -1.0 if moves else 0.0))
    if row.comparator == "at_least":
        whole = row.unit == "%" and not moves
        return replace(value, high=max(value.high, 1.0) if whole else math.inf)
    return Interval(value.low - slack, value.high + slack, value.middle)


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

    def name(self, target: Target) -> Label:
        """What a row is about: 机器人产值, output of Robotics."""
        indicator = self.plan.indicators.get(target.indicator)
        what = indicator.name if indicator else None
        zh, en = target.indicator_zh, target.indicator.replace("_", " ")
        if target.subject == self.plan.plan.region.en:
            return what or Label(zh=zh, en=en)
        en = f"{what.en if what else en} of {target.subject}"
        return Label(zh=f"{target.subject_zh}{what.zh}" if what else zh, en=en)

    def inflation(self, line: Line, years: int, prices: float) -> float:
        """By which factor prices raise the levels of a line: 1 where they are not in money."""
        indicator = self.plan.indicators.get(line.indicator)
        constant = indicator is not None and indicator.of == "real_value_added"
        money = any(("money", 1) in units.parse(row.unit).dimension for row in line.rows)
        return (1 + prices) ** years if money and not constant else 1.0

    @property
    def base_year(self) -> int:
        return self.plan.plan.base_year


def with_scale(row: Target) -> Target:
    """A stated row knows no scale yet: its unit gives it."""
    return replace(row, scale=units.parse(row.unit).factor)


def cited(target: Target) -> list[tuple[str, str]]:
    """Document and line of a row's source: yuyao-2016:L48,L17 names two lines."""
    found, document = [], ""
    for part in target.source.split(","):
        name, _, line = part.strip().rpartition(":")
        document = name or document
        found.append((document, line))
    return found


# -- what an indicator is made of ------------------------------------------------------------------


def is_value_added(i: Indicator) -> bool:
    return i.of in ("real_value_added", "value_added") and i.over is None and i.tag is None


def is_rate(i: Indicator) -> bool:
    return i.of == "value_added" and i.over in ("nominal_output", "output", "revenue") and not i.tag


def is_total_output(i: Indicator) -> bool:
    return i.of in ("output", "nominal_output", "revenue") and i.over is None and i.tag is None


def is_productivity(i: Indicator) -> bool:
    return i.of in ("real_value_added", "value_added") and i.over == "employment"


def is_intensity(i: Indicator) -> bool:
    """Something used or emitted per value added: energy, water, pollutants."""
    return i.over in ("real_value_added", "value_added") and "value_added" not in i.of and not i.tag


def is_share(i: Indicator) -> bool:
    return i.of == "value_added" and i.over == "value_added" and i.tag is not None


def is_per_revenue(i: Indicator) -> bool:
    return i.of.startswith("city.") and i.over in ("revenue", "output", "nominal_output")


# -- what the words of a row say -------------------------------------------------------------------

#: X占Y的比重, X在Y中的比重.
SHARE = re.compile(r"(.*?)[占在](?:全[省市区县])?(.*?)中?的?(?:比重|比例|占比)")
VALUE_ADDED = re.compile("增加值|生产总值|GDP")
GROSS = re.compile("产值|产出")
RESEARCH = re.compile("研发|研究与试验|R&D")
#: Whose figures they are: 规上制造业, 重点企业; or at least of which trade.
SCOPE = re.compile("(?:全部|规上|规模以上|重点|骨干)?(?:制造业|工业|企业)")
TRADE = re.compile("制造业|工业")
#: What is counted or added up, and of which grade.
KIND = re.compile(
    "主营业务收入|营业收入|产值|增加值|生产总值|国家|省级|市级|新增|新建|重点|骨干|关键工序"
)
#: Words that every name of an industry may carry.
COMMON = re.compile(
    "其中|全[省市区县]|规模以上|规上|增加值|总产值|产值|产出|规模|产业|经济|行业|工业|制造业|核心"
)


def share_of(words: str) -> tuple[str, str]:
    """Part and whole of a share as its words have them; two empty texts where it is none."""
    found = SHARE.match(words)
    return (found[1], found[2].replace("地区生产总值", "GDP")) if found else ("", "")


def same_scope(one: str, other: str) -> bool:
    """Whether two wordings count the same; where one names no trade it may be the other's."""
    trades = {found[0] for words in (one, other) if (found := TRADE.search(words))}
    return len(trades) < 2 and set(KIND.findall(one)) == set(KIND.findall(other))


def document_date(plan: Plan) -> tuple[int, int] | None:
    """Year and month of the document, December where it gives only the year."""
    numbers = [int(n) for n in re.findall(r"\d+", plan.plan.dated)]
    return (numbers[0], (*numbers, 12)[1]) if numbers else None
