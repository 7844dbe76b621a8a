"""Plans side by side: the same indicator's level and pace, on common years, ranked.

Indicators are the same when they are made of the same accounts or carry the same key; what their
definitions differ in is named row by row, never hidden.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from plansim.scenarios import book as b
from plansim.scenarios.book import Book, Line
from plansim.simulator import units
from plansim.simulator.plan import Indicator, Label, Plan


@dataclass(frozen=True, slots=True)
class Standing:
    """One plan's row under one indicator. Values in base units (shares as fractions).

    ``first``, ``last``: the years compared; ``common``: whether they are those of the other plans.
    ``pace``: relative change a year for levels and growth rates, points a year (fraction) for
    shares; None where the plan states a single level. ``rank``: 1 for the fastest in the direction
    that the goal wants. ``differs``: what its definition has that not all the others have, by
    aspect.
    """

    indicator: str
    name: Label
    plan: str
    words: str
    unit: str
    first: int
    last: int
    common: bool
    before: float | None
    after: float | None
    pace: float | None
    in_points: bool
    rank: int | None
    differs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Path:
    """An indicator's points in one plan: levels, or an index of stated growth or changes."""

    plan: Plan
    line: Line
    name: Label
    points: tuple[tuple[int, float], ...]
    levels: bool
    in_points: bool

    @property
    def span(self) -> tuple[int, int]:
        return self.points[0][0], self.points[-1][0]

    def at(self, year: int) -> float:
        """Between stated points straight for shares, else at steady growth; of one the point."""
        for (y0, x0), (y1, x1) in zip(self.points, self.points[1:], strict=False):
            if y0 <= year <= y1:
                part = (year - y0) / (y1 - y0)
                if self.in_points or min(x0, x1) <= 0:
                    return x0 + (x1 - x0) * part
                return float(x0 * (x1 / x0) ** part)
        return self.points[0][1]

    def pace(self, first: int, last: int, in_points: bool) -> float:
        before, after = self.at(first), self.at(last)
        if in_points:
            return (after - before) / (last - first)
        return float((after / before) ** (1 / (last - first)) - 1)


def side_by_side(plans: Sequence[Plan]) -> Iterator[Standing]:
    """Every indicator that at least two plans state, one of them with a pace."""
    names: dict[str, str] = {}
    paths: dict[str, dict[str, _Path]] = {}
    for book in (Book(plan) for plan in plans):
        for key, indicator in book.plan.indicators.items():
            if indicator.subjects == "clusters" or indicator.measure == "delivered":
                continue
            path = _path(book, book.line(key), indicator)
            made_of = signature(key, indicator)
            name = names.setdefault(made_of, names.get(key, key))
            names.setdefault(key, name)
            known = paths.setdefault(name, {}).get(book.plan.plan.id)
            if path is not None and (known is None or len(known.points) < len(path.points)):
                paths[name][book.plan.plan.id] = path
    for name, found in paths.items():
        if len(found) > 1 and any(len(path.points) > 1 for path in found.values()):
            yield from _ranked(name, list(found.values()))


def signature(key: str, indicator: Indicator) -> str:
    """What an indicator is made of; its own key where it is a quantity of the city."""
    if indicator.measure != "account" or indicator.of.startswith("city."):
        return key
    if b.is_value_added(indicator):
        return "value_added"
    accounts = (indicator.of, indicator.over or "", indicator.tag or "")
    return "/".join(accounts).replace("real_value_added", "value_added")


def _path(book: Book, line: Line, indicator: Indicator) -> _Path | None:
    base, factor = book.base_year, 1.0
    levels = line.levels()
    if levels:
        points = tuple((e.year, e.value.middle) for e in levels)
        share = all(e.target.unit == "%" for e in levels)
        return _Path(book.plan, line, indicator.name, points, levels=True, in_points=share)
    index = [(base, factor)]
    for entry in line.growths():
        years = entry.year - index[-1][0]
        if entry.since == index[-1][0] and years > 0:
            factor *= (1 + entry.value.middle) ** years
            index.append((entry.year, factor))
    if len(index) == 1:
        index += [(e.year, 1 + e.value.middle) for e in line.changes()]
    if len(index) == 1:
        return None
    return _Path(book.plan, line, indicator.name, tuple(index), levels=False, in_points=False)


def _ranked(name: str, paths: Sequence[_Path]) -> Iterator[Standing]:
    moving = [path for path in paths if len(path.points) > 1]
    first, last = max(p.span[0] for p in moving), min(p.span[1] for p in moving)
    common = first < last
    in_points = all(path.in_points for path in moving)
    paces = {}
    for path in moving:
        years = (first, last) if common else path.span
        paces[path.plan.plan.id] = path.pace(*years, in_points)
    sign = -1 if any(row.direction == "down" for path in paths for row in path.line.rows) else 1
    differs = _differences(paths)
    order = sorted(paths, key=lambda p: -sign * paces.get(p.plan.plan.id, -sign * math.inf))
    for path in order:
        plan, row = path.plan.plan.id, path.line.rows[0]
        pace = paces.get(plan)
        years = (first, last) if common and pace is not None else path.span
        better = [p for p in paces.values() if pace is not None and sign * (p - pace) > 1e-12]
        yield Standing(
            indicator=name,
            name=path.name,
            plan=plan,
            words=row.indicator_zh,
            unit=row.unit,
            first=years[0],
            last=years[1],
            common=common and pace is not None,
            before=path.at(years[0]) if path.levels and pace is not None else None,
            after=path.at(years[1]) if path.levels else None,
            pace=pace,
            in_points=in_points,
            rank=None if pace is None else 1 + len(better),
            differs=differs[plan],
        )


def _differences(paths: Sequence[_Path]) -> dict[str, tuple[tuple[str, str], ...]]:
    """What each plan's definition says where not all say the same, by plan."""
    found = {path.plan.plan.id: _definition(path) for path in paths}
    said = [{*column} - {NO_UNIT} for column in zip(*found.values(), strict=True)]
    return {
        plan: tuple(
            aspect
            for aspect, others in zip(aspects, said, strict=True)
            if aspect[1] and len(others) > 1
        )
        for plan, aspects in found.items()
    }


#: A growth or a change has no unit of its own, and counts are counts.
NO_UNIT = ("differs_unit", "")


def _definition(path: _Path) -> tuple[tuple[str, str], ...]:
    """Whose figure it is, of what it is a share, how it is put, in which unit and at which prices.

    Each a sentence of the catalogue with its value; without one the row does not speak of it.
    """
    row = path.line.rows[0]
    indicator = path.plan.indicators[row.indicator]
    part, whole = b.share_of(row.indicator_zh)
    scope = b.SCOPE.search(part or row.indicator_zh)
    dimension = units.parse(row.unit).dimension
    constant = "real_value_added" in (indicator.of, indicator.over)
    priced = ("money", 1) in dimension if path.levels else indicator.of.endswith("value_added")
    kind = "differs_growth" if row.basis == "annual_growth" else "differs_change"
    price = "differs_constant" if constant else "differs_current"
    return (
        ("differs_scope", scope[0] if scope else ""),
        ("differs_whole", whole),
        ("differs_level" if path.levels else kind, "level" if path.levels else row.basis),
        ("differs_unit", row.unit if path.levels and dimension != COUNT else ""),
        (price, "prices" if priced else ""),
        ("differs_since", "" if path.levels else str(path.plan.plan.base_year)),
    )


COUNT = (("count", 1),)
