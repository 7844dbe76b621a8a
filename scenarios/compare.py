"""Plans side by side: the same indicator's level and pace, on common years, ranked.

Indicators are the same when they are made of the same accounts (or carry the same name); what
their definitions still differ in is named, never hidden.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scenarios.book import Book, Line, is_value_added
from simulator.plan import Indicator, Plan


@dataclass(frozen=True, slots=True)
class Standing:
    """One plan's row under one indicator. Values in base units (shares as fractions).

    ``first``, ``last``: the years compared; ``common``: whether all plans cover them. ``pace``:
    relative change a year for levels and growth rates, points a year (fraction) for shares.
    ``rank``: 1 for the fastest in the direction that the goal wants.
    """

    indicator: str
    plan: str
    words: str
    unit: str
    first: int
    last: int
    common: bool
    before: float | None
    after: float | None
    pace: float
    in_points: bool
    rank: int
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Path:
    """An indicator's stated points in one plan, or a stated growth or change."""

    plan: Plan
    line: Line
    points: tuple[tuple[int, float], ...]
    growth: float | None
    span: tuple[int, int]

    def at(self, year: int) -> float:
        """The level of a year, on straight lines between stated points."""
        for (y0, x0), (y1, x1) in zip(self.points, self.points[1:], strict=False):
            if y0 <= year <= y1:
                return x0 + (x1 - x0) * (year - y0) / (y1 - y0)
        raise ValueError(f"{year} lies outside the stated points")


def side_by_side(plans: Sequence[Plan]) -> Iterator[Standing]:
    """Every indicator that at least two plans have a pace for."""
    books = [Book(plan) for plan in plans]
    keys: dict[str, list[_Path]] = {}
    for book in books:
        for name, line in _comparable(book):
            path = _path(book, line)
            if path is not None:
                keys.setdefault(name, []).append(path)
    for name, paths in keys.items():
        if len({path.plan.plan.id for path in paths}) > 1:
            yield from _ranked(name, paths)


def signature(key: str, indicator: Indicator) -> str:
    """What an indicator is made of; its own name where it is a quantity of the city."""
    if indicator.measure != "account" or indicator.of.startswith("city."):
        return key
    if is_value_added(indicator):
        return "value_added"
    over = "value_added" if indicator.over == "real_value_added" else indicator.over
    of = "value_added" if indicator.of == "real_value_added" else indicator.of
    return "/".join(part for part in (of, over, indicator.tag) if part)


def _comparable(book: Book) -> Iterator[tuple[str, Line]]:
    for key, indicator in book.plan.indicators.items():
        if indicator.subjects == "place" and indicator.measure != "delivered":
            line = book.line(key)
            if line.rows:
                yield signature(key, indicator), line


def _path(book: Book, line: Line) -> _Path | None:
    base = book.base_year
    points = tuple((e.year, e.value.middle) for e in line.levels())
    if len(points) > 1:
        return _Path(book.plan, line, points, None, (points[0][0], points[-1][0]))
    growths, changes = line.growths(), line.changes()
    if growths:
        first = growths[0]
        return _Path(book.plan, line, (), first.value.middle, (base, first.year))
    if changes:
        first = changes[0]
        yearly = (1 + first.value.middle) ** (1 / (first.year - base)) - 1
        return _Path(book.plan, line, (), yearly, (base, first.year))
    return None


def _ranked(name: str, paths: Sequence[_Path]) -> Iterator[Standing]:
    first = max(path.span[0] for path in paths)
    last = min(path.span[1] for path in paths)
    common = first < last
    share = all(row.unit in ("%", "1") for path in paths for row in path.line.rows)
    in_points = share and all(path.points for path in paths)
    found = []
    for path in paths:
        start, end = (first, last) if common else path.span
        before = path.at(start) if path.points else None
        after = path.at(end) if path.points else None
        if before is None or after is None:
            assert path.growth is not None
            pace = path.growth
        elif in_points:
            pace = (after - before) / (end - start)
        else:
            pace = (after / before) ** (1 / (end - start)) - 1
        found.append((path, start, end, before, after, pace))
    down = any(row.direction == "down" for row in paths[0].line.rows)
    order = sorted(found, key=lambda item: item[5] if down else -item[5])
    differs = _differences(paths)
    for rank, (path, start, end, before, after, pace) in enumerate(order, start=1):
        row = path.line.rows[0]
        yield Standing(
            indicator=name,
            plan=path.plan.plan.id,
            words=row.indicator_zh,
            unit=row.unit,
            first=start,
            last=end,
            common=common,
            before=before,
            after=after,
            pace=pace,
            in_points=in_points,
            rank=rank,
            differs=differs,
        )


def _differences(paths: Sequence[_Path]) -> tuple[str, ...]:
    """What the definitions differ in: words, unit, base year, basis."""
    rows = [path.line.rows[0] for path in paths]
    aspects: dict[str, set[str] | set[int]] = {
        "wording": {row.indicator_zh for row in rows},
        "unit": {row.unit for row in rows},
        "basis": {row.basis for row in rows},
        "base_year": {path.plan.plan.base_year for path in paths},
    }
    return tuple(name for name, values in aspects.items() if len(values) > 1)
