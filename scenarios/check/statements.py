"""Statements themselves: said twice, due too soon, almost nothing, without a base."""

from collections.abc import Iterator
from itertools import pairwise

from scenarios import book as b
from scenarios.book import Book, usable
from scenarios.check.findings import Finding

#: A goal that moves less than this share of its base over the period is almost no change.
STILL = 0.04


def stated_twice(book: Book, prices: float) -> Iterator[Finding]:
    """The same goal stated again with another value, year, comparator or scope."""
    by_id = {t.id: t for t in book.plan.targets}
    for again in book.plan.targets:
        first = by_id.get(again.restates)
        if first is None:
            continue
        differences = [
            name
            for name, one, other in (
                ("value", (first.low, first.high), (again.low, again.high)),
                ("year", first.year, again.year),
                ("comparator", first.comparator, again.comparator),
                ("scope", (first.indicator_zh, first.subject), (again.indicator_zh, again.subject)),
            )
            if one != other
        ]
        clash = "value" in differences and first.unit == again.unit and first.year == again.year
        yield Finding(
            f"stated-twice-{again.id}",
            "contradiction" if clash else "tension",
            "stated_twice",
            {
                "first": first.id,
                "again": again.id,
                "differences": differences or ["wording"],
            },
            (first, again),
        )


def too_late(book: Book, prices: float) -> Iterator[Finding]:
    """A goal whose year had ended, or almost, when the document was written."""
    year, month = b.document_year(book.plan)
    for target in book.plan.targets:
        if target.year is not None and target.year <= year:
            yield Finding(
                f"too-late-{target.id}",
                "tension",
                "too_late",
                {"target": target.id, "year": target.year, "dated": book.plan.plan.dated},
                (target,),
            )
        elif target.year == year + 1:
            yield Finding(
                f"soon-{target.id}",
                "note",
                "soon",
                {
                    "target": target.id,
                    "year": target.year,
                    "months": 24 - month,
                    "dated": book.plan.plan.dated,
                },
                (target,),
            )


def almost_still(book: Book, prices: float) -> Iterator[Finding]:
    """Goals that ask for almost no change."""
    for line in book.lines():
        levels = line.levels()
        for before, after in pairwise(levels):
            if before.value.middle == 0 or after.target.comparator == "range":
                continue
            move = after.value.middle / before.value.middle - 1
            if abs(move) < STILL and after.target.comparator != "all":
                yield Finding(
                    f"almost-still-{after.target.id}",
                    "note",
                    "almost_still",
                    {
                        "target": after.target.id,
                        "first": before.year,
                        "before": before.value.middle / before.target.scale,
                        "after": after.value.middle / after.target.scale,
                        "unit": after.target.unit,
                    },
                    (after.target,),
                )


def without_base(book: Book, prices: float) -> Iterator[Finding]:
    """Goals whose level in the base year the document does not give."""
    for line in book.lines():
        goals = [r for r in line.rows if r.basis in ("level", "share", "rate") and usable(r)]
        judged = [r for r in goals if r.status == "judged" and r.kind == "outcome"]
        if judged and line.base() is None:
            yield Finding(
                f"no-base-{goals[0].id}",
                "gap",
                "no_base",
                {"target": goals[0].id, "base_year": book.base_year},
                tuple(goals),
            )
