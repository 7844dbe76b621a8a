"""Every rule of the plan's own arithmetic. A rule is a function of the book of figures."""

from collections.abc import Callable, Iterator

from plansim.scenarios.book import Book
from plansim.scenarios.check.findings import SEVERITIES, Finding
from plansim.scenarios.check.growth import (
    change_of_pace,
    implied_base,
    implied_base_output,
    implied_growth,
)
from plansim.scenarios.check.resources import harder_by_growth, jobs, research, resource_use
from plansim.scenarios.check.statements import almost_still, stated_twice, too_late, without_base
from plansim.scenarios.check.structure import (
    cluster_room,
    gross_in_value_added,
    large_clusters,
    overlapping_shares,
)

RULES: tuple[Callable[[Book, float], Iterator[Finding]], ...] = (
    implied_base_output,
    implied_base,
    implied_growth,
    cluster_room,
    large_clusters,
    overlapping_shares,
    jobs,
    resource_use,
    harder_by_growth,
    research,
    gross_in_value_added,
    stated_twice,
    too_late,
    change_of_pace,
    almost_still,
    without_base,
)


def check(book: Book, prices: float = 0.0) -> list[Finding]:
    """All findings, gravest first. ``prices``: assumed change of output prices a year.

    A plan whose levels are at constant prices stands above any of them.
    """
    if book.plan.assumptions.output_prices.value == "constant":
        prices = 0.0
    found = [finding for rule in RULES for finding in rule(book, prices)]
    return sorted(found, key=lambda f: SEVERITIES.index(f.severity))
