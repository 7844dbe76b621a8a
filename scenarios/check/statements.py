"""Statements themselves: said twice, due too soon, almost nothing, without a base."""

from collections.abc import Iterator
from itertools import pairwise

from plansim.scenarios import book as b
from plansim.scenarios.book import Book, usable
from plansim.scenarios.check.findings import Finding, Severity
from plansim.scenarios.check.growth import base_by_growth
from plansim.simulator import units
from plansim.simulator.plan import Target

#: A goal that moves less than this share of its base over the period is almost no change; of a
#: percentage what is left to 100 % counts where that is less.
STILL = 0.04


def stated_twice(book: Book, prices: float) -> Iterator[Finding]:
    """The same goal stated again with another value, year, comparator or scope."""
    for first, again in _pairs(book):
        differences = _differences(first, again)
        severity: Severity = "note"
        undated = (first.year is None) != (again.year is None)
        if {"scope", "year"} & set(differences) and not undated:
            severity = "tension"
        same_goal = first.year == again.year and not {"basis", "unit"} & set(differences)
        if "value" in differences and same_goal:
            severity = "contradiction"
        words = first.indicator_zh != again.indicator_zh and first.low is not None
        yield Finding(
            f"stated-twice-{again.id}",
            severity,
            "stated_twice_words" if words else "stated_twice",
            {
                "target": book.name(first),
                "one": first,
                "other": again,
                "one_words": first.indicator_zh,
                "other_words": again.indicator_zh,
                "differences": differences or ["wording"],
            },
            (first, again),
        )


def _pairs(book: Book) -> Iterator[tuple[Target, Target]]:
    """Rows that restate another one, and rows that say the same goal without saying so."""
    by_id = {t.id: t for t in book.plan.targets}
    seen: dict[tuple[object, ...], Target] = {}
    for target in book.plan.targets:
        if target.restates in by_id:
            yield b.with_scale(by_id[target.restates]), b.with_scale(target)
        elif usable(target):
            goal = (target.indicator, target.subject, target.basis, target.year)
            first = seen.setdefault(goal, target)
            if first is not target:
                yield b.with_scale(first), b.with_scale(target)


def _differences(first: Target, again: Target) -> list[str]:
    aspects = (
        ("value", *(_bounds(t) if first.basis == again.basis else () for t in (first, again))),
        ("year", first.year, again.year),
        ("comparator", first.comparator, again.comparator),
        ("basis", first.basis, again.basis),
        ("unit", *(units.parse(t.unit).dimension for t in (first, again))),
    )
    found = [name for name, one, other in aspects if one != other]
    same = b.same_scope(first.indicator_zh, again.indicator_zh)
    return [*found, *(() if same and first.subject == again.subject else ("scope",))]


def _bounds(target: Target) -> tuple[float | None, ...]:
    return tuple(None if x is None else x * target.scale for x in (target.low, target.high))


def too_late(book: Book, prices: float) -> Iterator[Finding]:
    """A goal whose year had ended, or almost, when the document was written."""
    date = b.document_date(book.plan)
    for target in book.plan.targets:
        if date is None or target.year is None or target.year > date[0] + 1:
            continue
        late = target.year <= date[0]
        yield Finding(
            f"{'too-late' if late else 'soon'}-{target.id}",
            "tension" if late else "note",
            "too_late" if late else "soon",
            {
                "target": book.name(target),
                "year": target.year,
                "months": 24 - date[1],
                "dated": book.plan.plan.dated,
            },
            (target,),
        )


def almost_still(book: Book, prices: float) -> Iterator[Finding]:
    """Goals that ask for almost no change."""
    for line in book.lines():
        for before, after in pairwise(line.levels()):
            x, y, target = before.value.middle, after.value.middle, after.target
            base = min(x, 1 - x) if target.unit == "%" and 0 < x < 1 else x
            if base <= 0 or target.comparator in ("range", "all") or abs(y - x) >= STILL * base:
                continue
            yield Finding(
                f"almost-still-{target.id}",
                "note",
                "almost_still",
                {
                    "target": book.name(target),
                    "first": before.year,
                    "last": after.year,
                    "before": (x / before.target.scale, target.unit),
                    "after": (y / target.scale, target.unit),
                },
                (target,) if before.of_base else (before.target, target),
            )


def without_base(book: Book, prices: float) -> Iterator[Finding]:
    """Goals whose level in the base year the document does not give, nor a growth from it."""
    for line in book.lines():
        goals = [r for r in line.rows if r.basis in ("level", "share", "rate") and usable(r)]
        judged = [r for r in goals if r.status == "judged" and r.kind == "outcome"]
        if judged and line.base() is None and base_by_growth(line) is None:
            yield Finding(
                f"no-base-{goals[0].id}",
                "gap",
                "no_base",
                {"target": book.name(goals[0]), "base_year": book.base_year},
                tuple(goals),
            )
