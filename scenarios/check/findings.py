"""What a check finds, and the growth that several rules start from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from scenarios import book as b
from scenarios.book import Book, Entry, Interval, exactly, follow
from simulator.plan import Target

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
            document = ""
            for part in target.source.split(","):
                name, colon, line = part.rpartition(":")
                document = name if colon else document
                found.setdefault(document, {})[line] = None
        return "; ".join(f"{document}:{','.join(lines)}" for document, lines in found.items())


def span(entry: Entry, book: Book) -> int:
    return entry.year - book.base_year


def growth_factor(book: Book, year: int) -> tuple[Interval, tuple[Target, ...]] | None:
    """Growth of real value added from the base year to ``year``, from the stated rates."""
    line = book.first(b.is_value_added)
    if line is None:
        return None
    factor, rows, reached = exactly(1.0), [], book.base_year
    for entry in sorted(line.growths(), key=lambda e: e.year):
        if reached >= year:
            break
        years = min(entry.year, year) - reached
        factor = follow(lambda f, g, n=years: f * (1 + g) ** n, factor, entry.value)
        rows.append(entry.target)
        reached += years
    return (factor, tuple(rows)) if reached == year and rows else None


def rate_ratio(book: Book, year: int) -> tuple[Interval, tuple[Target, ...]] | None:
    """Value-added rate of ``year`` over that of the base year."""
    line = book.first(b.is_rate)
    base = line.base() if line else None
    if line is None or base is None:
        return None
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


# -- rules -----------------------------------------------------------------------------------------
