"""Levels, growth and bases: what one implies for the others."""

from collections.abc import Iterator
from itertools import pairwise

from scenarios import book as b
from scenarios import units
from scenarios.book import Book, follow
from scenarios.check.findings import Finding, Severity, output_factor, span

#: A pace that changes by more than this factor between periods is a tension.
PACE = 2.0
#: A growth that exceeds that of the base year by more than this factor is a tension.
FASTER = 1.25


def implied_base_output(book: Book, prices: float) -> Iterator[Finding]:
    """Output in the base year from the total, value-added growth and rate (Eq. 6)."""
    line = book.first(b.is_total_output)
    if line is None:
        return
    for entry in line.levels():
        implied = output_factor(book, entry.year)
        if entry.of_base or implied is None:
            continue
        factor, rows = implied
        inflation = (1 + prices) ** span(entry, book)
        base = follow(lambda y, f, p=inflation: y / (f * p), entry.value, factor)
        years = span(entry, book)
        yearly = follow(lambda f, n=years: f ** (1 / n) - 1, factor)
        stated = line.base()
        severity: Severity = "note"
        if stated is not None:
            severity = "contradiction" if stated.value.apart(base) else "note"
        yield Finding(
            f"implied-base-output-{entry.year}",
            severity,
            "base_output_stated" if stated else "base_output",
            {
                "year": entry.year,
                "total": entry.value.middle,
                "base": base.middle,
                "low": base.low,
                "high": base.high,
                "growth": 100 * yearly.middle,
                "base_year": book.base_year,
                "stated": stated.value.middle if stated else None,
            },
            (entry.target, *rows),
            {"base_output": base, "output_growth": yearly},
        )


def implied_base(book: Book, prices: float) -> Iterator[Finding]:
    """A base that the document does not give, from a later level and the growth it states."""
    for line in book.lines():
        levels = [e for e in line.levels() if not e.of_base]
        if line.base() is not None or not levels:
            continue
        for growth in line.growths():
            level = next((e for e in levels if e.year == growth.year), None)
            if level is None or span(level, book) < 1:
                continue
            years, inflation = span(level, book), (1 + prices) ** span(level, book)
            base = follow(
                lambda x, g, n=years, p=inflation: x / ((1 + g) ** n * p),
                level.value, growth.value,
            )  # fmt: skip
            scale = level.target.scale
            yield Finding(
                f"implied-base-{level.target.id}",
                "note",
                "level_base",
                {
                    "target": level.target.id,
                    "year": level.year,
                    "growth": 100 * growth.value.middle,
                    "base_year": book.base_year,
                    "base": base.middle / scale,
                    "low": base.low / scale,
                    "high": base.high / scale,
                    "unit": level.target.unit,
                },
                (level.target, growth.target),
                {"base": base},
            )


def implied_growth(book: Book, prices: float) -> Iterator[Finding]:
    """Growth a year between two stated levels, against a stated growth where there is one."""
    for line in book.lines():
        levels = line.levels()
        for before, after in pairwise(levels):
            years = after.year - before.year
            counted = after.target.kind != "outcome" or after.target.unit in ("%", "index")
            if before.value.low <= 0 or counted or years < 1:
                continue
            money = units.same_dimension(after.target.unit, "亿元")
            pace = follow(lambda x, y, n=years: (y / x) ** (1 / n) - 1, before.value, after.value)
            claimed = next((g for g in line.growths() if g.year == after.year), None)
            clash = claimed is not None and claimed.value.apart(pace)
            yield Finding(
                f"implied-growth-{after.target.id}",
                "contradiction" if clash else "note",
                "growth_clash" if clash else "growth_nominal" if money else "growth_implied",
                {
                    "target": after.target.id,
                    "first": before.year,
                    "last": after.year,
                    "growth": 100 * pace.middle,
                    "real": 100 * ((1 + pace.middle) / (1 + prices) - 1),
                    "stated": 100 * claimed.value.middle if claimed else None,
                },
                (before.target, after.target),
                {"growth": pace},
            )


def change_of_pace(book: Book, prices: float) -> Iterator[Finding]:
    """A goal whose pace per year changes much between two periods, or against the base year's."""
    for line in book.lines():
        levels = line.levels()
        for one, two, three in zip(levels, levels[1:], levels[2:], strict=False):
            early = (two.value.middle - one.value.middle) / (two.year - one.year)
            late = (three.value.middle - two.value.middle) / (three.year - two.year)
            if early == 0 or late == 0:
                continue
            ratio = late / early
            if 1 / PACE <= ratio <= PACE:
                continue
            scale = three.target.scale
            yield Finding(
                f"pace-{three.target.id}",
                "tension",
                "pace",
                {
                    "target": three.target.id,
                    "first": one.year,
                    "middle": two.year,
                    "last": three.year,
                    "early": early / scale,
                    "late": late / scale,
                    "unit": three.target.unit,
                },
                (two.target, three.target),
            )
        base = line.base_growth()
        for entry in line.growths():
            if base is not None and base.value.middle > 0:
                ratio = entry.value.middle / base.value.middle
                if ratio > FASTER:
                    yield Finding(
                        f"faster-{entry.target.id}",
                        "tension",
                        "faster",
                        {
                            "target": entry.target.id,
                            "goal": 100 * entry.value.middle,
                            "base": 100 * base.value.middle,
                            "base_year": book.base_year,
                        },
                        (entry.target,),
                    )
                    break
