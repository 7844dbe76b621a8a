"""What a check finds, and the growth that several rules start from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from plansim.scenarios import book as b
from plansim.scenarios.book import Book, Entry, Interval, Line, exactly, follow
from plansim.simulator.plan import Target

Severity = Literal["contradiction", "tension", "gap", "note"]
SEVERITIES: tuple[Severity, ...] = ("contradiction", "tension", "gap", "note")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the plan's figures say. ``code`` is a sentence of the catalogue."""

    id: str
    severity: Severity
    code: str
    fields: Mapping[str, object]
    targets: tuple[Target, ...]
    figures: Mapping[str, Interval] = field(default_factory=dict)

    @property
    def lines(self) -> str:
        """Document and line of every figure that the finding rests on: yuyao-2016:L36,L217."""
        found: dict[str, dict[str, None]] = {}
        for target in self.targets:
            for document, line in b.cited(target):
                found.setdefault(document, {})[line] = None
        return "; ".join(
            ":".join(part for part in (document, ",".join(lines)) if part)
            for document, lines in found.items()
        )


def span(entry: Entry, book: Book) -> int:
    return entry.year - book.base_year


def growth_factor(book: Book, year: int) -> tuple[Interval, tuple[Target, ...]] | None:
    """Growth of real value added from the base year to ``year``, from the stated rates."""
    line = book.first(b.is_value_added)
    factor, rows, reached = exactly(1.0), [], book.base_year
    while reached < year:
        here = [e for e in (line.growths() if line else []) if e.since == reached < e.year]
        if not here:
            return None
        entry = min(here, key=lambda e: abs(e.year - year))
        years = min(entry.year, year) - reached
        factor = follow(lambda f, g, n=years: f * (1 + g) ** n, factor, entry.value)
        rows.append(entry.target)
        reached += years
    return factor, tuple(rows)


def rate_ratio(book: Book, year: int) -> tuple[Interval, tuple[Target, ...]] | None:
    """Value-added rate of ``year`` over that of the base year."""
    line = book.first(b.is_rate)
    base = line.base() if line else None
    if line is None or base is None:
        return None
    if year == base.year:
        return exactly(1.0), ()
    for entry in line.levels():
        if entry.year == year and not entry.of_base:
            ratio = follow(lambda v, v0: v / v0, entry.value, base.value)
            return ratio, (entry.target,)
    return None


def output_factor(book: Book, year: int) -> tuple[Interval, tuple[Target, ...]] | None:
    """Growth of real output that value added and its rate imply (Eq. 6)."""
    growth, rate = growth_factor(book, year), rate_ratio(book, year)
    if growth is None or rate is None:
        return None
    return follow(lambda f, r: f / r, growth[0], rate[0]), (*growth[1], *rate[1])


def between(book: Book, line: Line, before: Entry, after: Entry, prices: float) -> Interval:
    """Real growth a year from one level of a line to a later one."""
    years = after.year - before.year
    inflation = book.inflation(line, years, prices)
    return follow(lambda x, y: (y / (x * inflation)) ** (1 / years) - 1, before.value, after.value)


def pace(
    book: Book, line: Line, since: int, year: int, prices: float
) -> tuple[Interval, tuple[Target, ...]] | None:
    """Real growth a year of a line between two years: as stated, or from its levels."""
    for entry in line.growths():
        if (entry.since, entry.year) == (since, year):
            return entry.value, (entry.target,)
    levels = {e.year: e for e in line.levels() if e.value.low > 0}
    if since not in levels or year not in levels:
        return None
    before, after = levels[since], levels[year]
    return between(book, line, before, after, prices), (before.target, after.target)
