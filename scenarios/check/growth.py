"""Levels, growth and bases: what one implies for the others."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from plansim.scenarios import book as b
from plansim.scenarios.book import Book, Entry, Interval, Line, exactly, follow
from plansim.scenarios.check.findings import Finding, Severity, between, output_factor
from plansim.simulator import units
from plansim.simulator.plan import Target

#: A pace that changes by more than this factor between periods is a tension.
PACE = 2.0
#: A growth that exceeds that of the period before by more than this factor is a tension.
FASTER = 1.25
#: Dimensions of shares, indices and plain counts: growth in percent says little about them.
NO_GROWTH = ((), (("count", 1),))


def implied_base_output(book: Book, prices: float) -> Iterator[Finding]:
    """Output in the base year from the total, value-added growth and rate (Eq. 6)."""
    rate, line = book.first(b.is_rate), book.first(b.is_total_output)
    totals = {e.year: e for e in line.levels() if not e.of_base} if line else {}
    for year in sorted({e.year for e in rate.levels() if not e.of_base} if rate else ()):
        implied = output_factor(book, year)
        if implied is None:
            continue
        factor, rows = implied
        years = year - book.base_year
        growth = follow(lambda f, n=years: f ** (1 / n) - 1, factor)
        shown: dict[str, object] = {
            "year": year, "base_year": book.base_year, "growth": 100 * growth.middle,
        }  # fmt: skip
        if line is None or year not in totals:
            yield Finding(
                f"implied-output-growth-{year}", "note", "output_growth", shown, rows,
                {"output_growth": growth},
            )  # fmt: skip
            continue
        total = totals[year]
        inflation = book.inflation(line, years, prices)
        base = follow(lambda y, f, p=inflation: y / (f * p), total.value, factor)
        stated = line.base()
        severity: Severity = "note"
        if stated is not None and stated.value.apart(base):
            severity = "contradiction"
        shown |= {
            "total": total.value.middle,
            "base": base.middle,
            "range": base,
            "stated": stated.value.middle if stated else None,
            "prices": 100 * prices,
        }
        code = "base_output"
        if stated is not None:
            code = "base_output_clash" if severity == "contradiction" else "base_output_stated"
        yield Finding(
            f"implied-base-output-{year}", severity, code, shown, (total.target, *rows),
            {"base_output": base, "output_growth": growth},
        )  # fmt: skip


def base_by_growth(line: Line) -> tuple[Entry, Entry] | None:
    """A later level and the growth up to it, where no level of the first year is stated."""
    levels = {e.year: e for e in line.levels()}
    for growth in line.growths():
        level = levels.get(growth.year)
        if level is not None and growth.since not in levels and growth.since < growth.year:
            return level, growth
    return None


def implied_base(book: Book, prices: float) -> Iterator[Finding]:
    """A base that the document does not give, from a later level and the growth it states."""
    for line in book.lines():
        found = base_by_growth(line)
        if found is None:
            continue
        level, growth = found
        years = growth.year - growth.since
        inflation = book.inflation(line, years, prices)
        base = follow(
            lambda x, g, n=years, p=inflation: x / ((1 + g) ** n * p), level.value, growth.value
        )
        scale = level.target.scale
        yield Finding(
            f"implied-base-{level.target.id}",
            "note",
            "level_base",
            {
                "target": book.name(level.target),
                "goal": (level.value.middle / scale, level.target.unit),
                "year": level.year,
                "growth": 100 * growth.value.middle,
                "base_year": growth.since,
                "base": base.middle / scale,
                "range": b.scaled(base, 1 / scale),
                "prices": 100 * prices if inflation != 1 else 0,
            },
            (level.target, growth.target),
            {"base": base},
        )


def implied_growth(book: Book, prices: float) -> Iterator[Finding]:
    """Growth a year between two stated levels, against a stated growth where there is one."""
    for line in book.lines():
        indicator = book.plan.indicators.get(line.indicator)
        ratio = indicator is not None and b.is_per_revenue(indicator)  # harder_by_growth
        for before, after in pairwise(line.levels()):
            claimed = _claimed(book, line, before, after)
            silent = after.target.kind != "outcome" or not _grows(after.target) or ratio
            if before.value.low <= 0 or (silent and claimed is None):
                continue
            pace = between(book, line, before, after, 0.0)
            real = between(book, line, before, after, prices)
            whole = _whole(book, after.target, before.year, after.year)
            severity: Severity = "note"
            code = "growth_nominal" if real != pace else "growth_implied"
            if whole is not None:
                code = "growth_cluster"
            if claimed is not None:
                code = "growth_agrees"
                written = _as_written(book, line, before, after, prices)
                if claimed.value.apart(real) or claimed.value.closed().apart(written):
                    severity, code = "tension", "growth_clash"
                if claimed.value.apart(real) and claimed.value.apart(pace):
                    severity = "contradiction"
            yield Finding(
                f"implied-growth-{after.target.id}",
                severity,
                code,
                {
                    "target": book.name(after.target),
                    "first": before.year,
                    "last": after.year,
                    "growth": 100 * pace.middle,
                    "real": 100 * real.middle,
                    "stated": 100 * claimed.value.middle if claimed else None,
                    "whole": 100 * whole if whole is not None else None,
                    "prices": 100 * prices if real != pace else 0,
                },
                (before.target, after.target, *((claimed.target,) if claimed else ())),
                {"growth": pace, "real_growth": real},
            )


def _as_written(book: Book, line: Line, before: Entry, after: Entry, prices: float) -> Interval:
    """Growth between two levels that are met and no more, where 以上 allows more."""
    one, other = (replace(e, value=e.value.closed()) for e in (before, after))
    return between(book, line, one, other, prices)


def _grows(target: Target) -> bool:
    """Whether growth in percent says something: not of shares, indices and plain counts."""
    return units.parse(target.unit).dimension not in NO_GROWTH


def _claimed(book: Book, line: Line, before: Entry, after: Entry) -> Entry | None:
    """The growth that the plan states for a period, in this line or where it restates it."""
    own = {row.id for row in line.rows}
    again = [replace(b.with_scale(t), restates="") for t in book.plan.targets if t.restates in own]
    growths = (*line.growths(), *replace(line, rows=tuple(again)).growths())
    return next((g for g in growths if (g.since, g.year) == (before.year, after.year)), None)


def _whole(book: Book, target: Target, since: int, year: int) -> float | None:
    """Growth a year of all output that value added and its rate imply, for a cluster's row."""
    start, end = output_factor(book, since), output_factor(book, year)
    if not target.cluster or start is None or end is None:
        return None
    return float((end[0].middle / start[0].middle) ** (1 / (year - since)) - 1)


def change_of_pace(book: Book, prices: float) -> Iterator[Finding]:
    """A goal whose pace per year changes much between two periods, or against the base year's."""
    for line in book.lines():
        yield from _uneven(book, line)
        base = line.base_growth()
        for before, entry in pairwise([*([base] if base else []), *line.growths()]):
            if 0 < before.value.middle * FASTER < entry.value.middle:
                yield Finding(
                    f"faster-{entry.target.id}",
                    "tension",
                    "faster",
                    {
                        "target": book.name(entry.target),
                        "goal": 100 * entry.value.middle,
                        "base": 100 * before.value.middle,
                        "year": entry.year,
                        "base_year": before.year,
                    },
                    (entry.target,) if before.of_base else (before.target, entry.target),
                )


def _uneven(book: Book, line: Line) -> Iterator[Finding]:
    """Two periods of levels, or of changes against the base year, at quite different paces."""
    points = [(e, e.value.middle) for e in line.levels()]
    in_points = bool(points) and not _grows(points[-1][0].target)
    if not points:
        changes = line.changes()
        start = [(Entry(exactly(0.0), book.base_year, c.target), 1.0) for c in changes[:1]]
        points = start + [(c, 1 + c.value.middle) for c in changes]
    for (one, x), (two, y), (three, z) in zip(points, points[1:], points[2:], strict=False):
        first, second = two.year - one.year, three.year - two.year
        if in_points:
            early, late = (y - x) / first, (z - y) / second
        elif min(x, y, z) > 0:
            early, late = (y / x) ** (1 / first) - 1, (z / y) ** (1 / second) - 1
        else:
            continue
        if early == 0 or 1 / PACE <= late / early <= PACE:
            continue
        target = three.target
        code = "pace_growth"
        if in_points:
            code = "pace_points" if target.unit == "%" else "pace"
        factor = 1 if code == "pace" else 100
        yield Finding(
            f"pace-{target.id}",
            "tension",
            code,
            {
                "target": book.name(target),
                "first": one.year,
                "middle": two.year,
                "last": three.year,
                "early": factor * early,
                "late": factor * late,
            },
            (two.target, target),
        )
