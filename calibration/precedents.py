"""Precedents: how often Chinese sectors and provinces did what a target requires.

``data/chinese_sectors_grown.csv`` holds every window of nominal revenue of province x industry by
period, starting size and years; ``data/chinese_changes.csv`` drift and spread of indicators of
provinces, by size, starting level and period. ``data/SOURCES.md`` says where they come from and
what must not be concluded; ``benchmarks/chinese_classes.py`` made them.
"""

from __future__ import annotations

import csv
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp, inf, log, sqrt

import numpy as np

from plansim.simulator.plan import Precedent, Requested
from plansim.simulator.sampling import Array

#: First and last year of the windows of sectors, by period.
PERIODS = {"boom": (1999, 2012), "since": (2011, 2016)}
#: Classes of starting size of a sector: nominal revenue. [亿元]
SIZES = (
    (5.0, 20.0), (20.0, 80.0), (80.0, 200.0), (150.0, 260.0), (200.0, 500.0), (500.0, 1500.0),
    (1500.0, inf),
)  # fmt: skip
#: What classes of indicators differ by, and their groups: small first, low first, old first.
FACTORS = {
    "size": ("small", "middle", "large"),
    "level": ("low", "high"),
    "period": ("to_2015", "since_2016"),
}
#: The quantity that is held against sectors of provinces.
SECTORS = "nominal_output_growth"
#: Slack in which a tabulated multiple counts as one that is asked, relative.
ROUNDING = 1e-9
#: Shares of windows at which the shape of a class of indicators is tabulated.
SHAPE = (0.005, 0.01, 0.025, *(round(0.05 * step, 2) for step in range(1, 20)), 0.975, 0.99, 0.995)


@dataclass(frozen=True, slots=True)
class Published:
    """An indicator of the panel, by its name there.

    ``ratio``: a share that has a ceiling at one; ``scale``: of its unit [base unit of plans].
    """

    name: str
    ratio: bool
    scale: float


#: Quantities that have a class of their own, as published.
QUANTITIES = {
    "rd_to_gdp_change": Published("rd_to_gdp", True, 0.01),
    "rd_to_revenue_change": Published("large_rd_to_revenue_d", True, 0.01),
    "patents_per_revenue_change": Published("patents_per_revenue_d", False, 1.0),
    "new_product_rate_change": Published("new_product_rate_d", True, 0.01),
    "high_tech_share_change": Published("hightech_share_d", True, 0.01),
    "high_tech_profit_rate_change": Published("hightech_profit_rate_d", True, 0.01),
    "tax_to_gdp_change": Published("tax_to_gdp_d", True, 0.01),
    "high_tech_firms_change": Published("hightech_firms", False, 1.0),
    "certified_high_tech_firms_change": Published("certified_hightech_firms", False, 1.0),
}  # fmt: skip


def link_of(quantity: str) -> Callable[[float], float]:
    """A published figure in link space: logit of a share, log of anything else."""
    held = QUANTITIES[quantity]

    def link(value: float) -> float:
        level = value * held.scale
        return log(level / (1 - level)) if held.ratio else log(level)

    return link


def precedent(asked: Requested) -> Precedent | None:
    """How often what is asked happened; None where no class of Chinese places speaks of it.

    What ``plansim.simulator.run`` asks of precedents.
    """
    if asked.start <= 0 or asked.end <= 0:
        return None
    if asked.quantity == SECTORS:
        return _of_sectors(asked) if asked.sector else None
    return _of_places(asked) if asked.quantity in QUANTITIES else None


# -- sectors ---------------------------------------------------------------------------------------


@cache
def sectors() -> dict[tuple[str, float, int], tuple[float, ...]]:
    """Multiples that sectors reached, increasing, by period, lower end of the size, and years."""
    return {
        (row["period"], float(row["low"]), int(row["years"])): tuple(
            map(float, row["multiples"].split())
        )
        for row in _read("chinese_sectors_grown.csv")
    }


def size_class(start: float) -> tuple[float, float] | None:
    """The class of starting size around a size [亿元]: of two, the one whose middle is nearer."""
    inside = [(low, high) for low, high in SIZES if low <= start < high]
    if len(inside) < 2:
        return inside[0] if inside else None
    return min(inside, key=lambda ends: abs(log(start / sqrt(ends[0] * ends[1]))))


def _of_sectors(asked: Requested) -> Precedent | None:
    ends = size_class(asked.start)
    if ends is None:
        return None
    low, high = ends
    held = sectors()
    longest = min(
        max(years for period, size, years in held if (period, size) == (name, low))
        for name in PERIODS
    )
    years = min(asked.years, longest)
    multiple = (asked.end / asked.start) ** (years / asked.years)
    counts = {name: _reached(held[name, low, years], multiple, asked.up) for name in PERIODS}
    top = "" if high == inf else f"{high:g}"
    return Precedent(
        f"sectors:{low:g}-{top}", years,
        counts["since"][0], counts["since"][1], counts["boom"][0], counts["boom"][1],
    )  # fmt: skip


def _reached(multiples: tuple[float, ...], asked: float, up: bool) -> tuple[float, int]:
    """Share of windows that went at least so far, and their number."""
    if up:
        short = bisect_left(multiples, asked * (1 - ROUNDING))
        return 1 - short / len(multiples), len(multiples)
    return bisect_right(multiples, asked * (1 + ROUNDING)) / len(multiples), len(multiples)


# -- indicators of provinces -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Group:
    """Drift and log spread of a class, or what a group of it differs by. [link units]"""

    name: str
    low: float
    high: float
    windows: int
    drift: float
    log_spread: float
    shape: Array


@cache
def places() -> dict[tuple[str, int], dict[str, tuple[Group, ...]]]:
    """The shipped classes, by quantity and years."""
    return grouped(_read("chinese_changes.csv"))


def grouped(
    rows: Iterable[Mapping[str, str]],
) -> dict[tuple[str, int], dict[str, tuple[Group, ...]]]:
    """Groups by quantity and years, and by factor; "all" is the class as a whole."""
    found: dict[tuple[str, int], dict[str, tuple[Group, ...]]] = {}
    for row in rows:
        group = Group(
            row["group"], float(row["low"]), float(row["high"]), int(row["windows"]),
            float(row["drift"]), float(row["log_spread"]),
            np.array([float(q) for q in row["shape"].split()]),
        )  # fmt: skip
        factors = found.setdefault((row["quantity"], int(row["years"])), {})
        factors[row["factor"]] = (*factors.get(row["factor"], ()), group)
    return found


#: A start so far outside of all starts of a class [link units, log 1.5] is none of it.
EDGE = log(1.5)


def _of_places(asked: Requested) -> Precedent | None:
    """Drift and spread of the group, the shape of the whole; over the longest window there is."""
    held = places()
    known = [years for quantity, years in held if quantity == asked.quantity]
    years = min(asked.years, max(known))
    groups = held[asked.quantity, years]
    whole = groups["all"][0]
    start, end = (_linked(asked.quantity, level) for level in (asked.start, asked.end))
    if not whole.low - EDGE <= start <= whole.high + EDGE:
        return None
    chosen = list(_chosen(groups, asked, start))
    below = standing(whole, chosen, (end - start) * years / asked.years)
    name = ":".join((asked.quantity, *(group.name for group in chosen)))
    share = 1 - below if asked.up else below
    return Precedent(name, years, share, whole.windows, None, None)


def standing(whole: Group, chosen: Sequence[Group], change: float) -> float:
    """Share of a class that stays below a change [link units], in the groups that are chosen."""
    drift = whole.drift + sum(group.drift for group in chosen)
    spread = exp(whole.log_spread + sum(group.log_spread for group in chosen))
    return float(np.interp((change - drift) / spread, whole.shape, SHAPE, left=0.0, right=1.0))


def _linked(quantity: str, level: float) -> float:
    """A level of a plan [base unit] in link space; a share of one or more lies beyond all."""
    if QUANTITIES[quantity].ratio:
        return log(level / (1 - level)) if level < 1 else inf
    return log(level)


def _chosen(
    groups: dict[str, tuple[Group, ...]], asked: Requested, start: float
) -> Iterator[Group]:
    """The groups that a place is in: counties and cities are small, a province in the middle.

    The period is that of the base year; a start beyond all groups of a level is in the outermost.
    """
    at = {"level": start, "period": float(asked.year)}
    for factor in FACTORS:
        found = groups.get(factor, ())
        if factor == "size":
            wanted = "middle" if asked.is_province else "small"
            yield from (group for group in found if group.name == wanted)
        else:
            yield from (group for group in found if group.low <= at[factor] < group.high)


def _read(name: str) -> Iterator[dict[str, str]]:
    with (files("plansim.calibration") / "data" / name).open(encoding="utf-8") as stream:
        yield from csv.DictReader(stream)
