"""Derives ``calibration/data/chinese_sectors_grown.csv`` and ``chinese_changes.csv``.

Run as ``python benchmarks/chinese_classes.py --data DIR``. DIR holds ``places_panel.csv``, which is
no part of the project: published figures of Chinese provinces and their industries. What is kept,
and why: ``calibration/data/SOURCES.md``.

``--check`` leaves every province out and says how many of its windows the classes of the others
hold within 80 %, with and without groups (docs/calibration.md).

Both tables say how far places and sectors moved over windows of several years. The first holds
every window, by period and starting size; the second drift and spread by size of the province,
starting level and period, partially pooled.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import plansim.calibration
from plansim.calibration.precedents import (
    FACTORS,
    PERIODS,
    QUANTITIES,
    SHAPE,
    SIZES,
    grouped,
    link_of,
    standing,
)
from plansim.simulator.sampling import Array

DATA = Path(plansim.calibration.__path__[0]) / "data"
LENGTHS = range(1, 11)  # of windows [years]
#: A class is spoken of where at least so many provinces are in it.
FEWEST = 8
#: The second period of indicators begins with this year.
SINCE = 2016
#: Variance of a log spread of n independent windows, times n.
LOG_SPREAD = 0.8
NORMAL_P10_P90 = 2.563103131  # p10-p90 of a standard normal
GROWN = ("period", "low", "high", "years", "provinces", "multiples")
CHANGES = (
    "quantity", "years", "factor", "group", "low", "high", "windows", "provinces", "drift",
    "log_spread", "shape",
)  # fmt: skip

Places = NDArray[np.intp]  # positions of windows
Levels = Mapping[tuple[str, int], float]  # (place, year) → published figure


@dataclass(frozen=True, slots=True)
class Window:
    """A change of one place: from ``start`` in ``year``, as a change in link space."""

    place: str
    year: int
    start: float
    change: float
    size: float  # [亿元] nominal GDP of the province in the first year


def levels(path: Path, indicator: str, level: str) -> Levels:
    """What was published of an indicator; jumps that were read as faults are left out."""
    with path.open(encoding="utf-8", newline="") as stream:
        return {
            (row["place"], int(row["year"])): float(row["value"])
            for row in csv.DictReader(stream)
            if row["indicator"] == indicator
            and row["level"] == level
            and "FLAG" not in row["note"]
            and float(row["value"]) > 0
        }


# -- sectors of provinces --------------------------------------------------------------------------


def grown(revenue: Levels) -> Iterator[tuple[object, ...]]:
    """Every window of nominal revenue: the multiples that were reached, increasing."""
    for period, (first, last) in PERIODS.items():
        for low, high in SIZES:
            for years in LENGTHS:
                found = [
                    (place, revenue[place, year + years] / start)
                    for (place, year), start in revenue.items()
                    if low <= start < high
                    and first <= year
                    and year + years <= last
                    and (place, year + years) in revenue
                ]
                provinces = {place.partition("|")[0] for place, _ in found}
                if len(provinces) >= FEWEST:
                    multiples = " ".join(
                        f"{reached:.4g}" for reached in sorted(m for _, m in found)
                    )
                    yield period, low, high, years, len(provinces), multiples


# -- indicators of provinces -----------------------------------------------------------------------


def windows(quantity: str, published: Levels, gdp: Levels, years: int) -> list[Window]:
    """Every window of so many years of an indicator of provinces."""
    link = link_of(quantity)
    return [
        Window(
            place, year, link(start), link(published[place, year + years]) - link(start),
            gdp[place, year],
        )
        for (place, year), start in published.items()
        if (place, year + years) in published and (place, year) in gdp
    ]  # fmt: skip


def spread(changes: Array) -> float:
    """Robust sd: a tenth of the windows either way is left to the shape."""
    low, high = np.quantile(changes, (0.1, 0.9))
    return float((high - low) / NORMAL_P10_P90)


def independent(found: Sequence[Window], years: int) -> float:
    """Windows that do not overlap: provinces x years that they cover / years of one."""
    starts = [window.year for window in found]
    return len({w.place for w in found}) * (max(starts) + years - min(starts)) / years


def pooled(values: Sequence[float], variances: Sequence[float]) -> list[float]:
    """Deviations of groups from all, drawn to zero by how little they are known.

    τ² is what the groups differ by beyond their own doubt; k = τ² / (τ² + variance).
    """
    value, variance = np.asarray(values), np.asarray(variances)
    between = max(0.0, float(np.mean(value**2 - variance)))
    return [float(d) for d in value * between / (between + variance)]


def changes(
    quantity: str, published: Levels, gdp: Levels, lengths: Iterable[int] = LENGTHS
) -> Iterator[tuple[object, ...]]:
    """Drift and spread of an indicator by the length of the window: of all, and by group.

    Factors are taken one after the other, each from what those before it leave, so that what a
    small place with a low start differs by is not counted twice.
    """
    for years in lengths:
        found = windows(quantity, published, gdp, years)
        if len({window.place for window in found}) < FEWEST:
            continue
        moved = np.array([window.change for window in found])
        middle, width = float(np.median(moved)), spread(moved)
        left, scale, rows = moved - middle, np.full(len(moved), width), []
        for factor in FACTORS:
            groups = list(_groups(factor, found))
            if len(groups) > 1:
                rows += _deviations(quantity, years, factor, groups, (found, left, scale))
        shape = " ".join(f"{q:.3f}" for q in np.quantile(left / scale, SHAPE))
        starts = [window.start for window in found]
        whole = ("all", "all", min(starts), max(starts))
        yield _row(quantity, years, whole, found, middle, float(np.log(width)), shape)
        yield from rows


def _groups(factor: str, found: Sequence[Window]) -> Iterator[tuple[str, float, float, Places]]:
    """Groups of a factor with enough provinces: their name, bounds and which windows."""
    key = np.array(
        [
            {"size": window.size, "level": window.start, "period": float(window.year)}[factor]
            for window in found
        ]
    )
    names = FACTORS[factor]
    shares = np.arange(1, len(names)) / len(names)
    inner = [float(SINCE)] if factor == "period" else np.quantile(key, shares).tolist()
    cuts = [-np.inf, *inner, np.inf]
    for name, low, high in zip(names, cuts[:-1], cuts[1:], strict=True):
        inside = np.flatnonzero((low <= key) & (key < high))
        if len({found[i].place for i in inside.tolist()}) >= FEWEST:
            yield name, low, high, inside


def _deviations(
    quantity: str,
    years: int,
    factor: str,
    groups: Sequence[tuple[str, float, float, Places]],
    state: tuple[Sequence[Window], Array, Array],
) -> list[tuple[object, ...]]:
    """What groups of a factor differ by, partially pooled; taken out of what is left."""
    found, left, scale = state
    inside = [[found[i] for i in group[3].tolist()] for group in groups]
    number = [independent(members, years) for members in inside]
    moved = [left[group[3]] for group in groups]
    drift = pooled(
        [float(np.median(m)) for m in moved],
        [np.pi / 2 * spread(m) ** 2 / n for m, n in zip(moved, number, strict=True)],
    )
    log_spread = pooled(
        [float(np.log(spread(left[group[3]] / scale[group[3]]))) for group in groups],
        [LOG_SPREAD / n for n in number],
    )
    rows = []
    for (name, low, high, at), members, d, s in zip(groups, inside, drift, log_spread, strict=True):
        left[at] -= d
        scale[at] *= np.exp(s)
        rows.append(_row(quantity, years, (factor, name, low, high), members, d, s, ""))
    return rows


def _row(
    quantity: str,
    years: int,
    group: tuple[str, str, float, float],
    found: Sequence[Window],
    drift: float,
    log_spread: float,
    shape: str,
) -> tuple[object, ...]:
    factor, name, low, high = group
    provinces = len({window.place for window in found})
    return (
        quantity, years, factor, name, f"{low:.4g}", f"{high:.4g}", len(found), provinces,
        round(drift, 4) + 0.0, round(log_spread, 4) + 0.0, shape,
    )  # fmt: skip


# -- provinces left out ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many windows of provinces left out an interval of 80 % of the others held. [share]

    ``pooled``: of the groups that a window is in, ``alone``: of all together; of windows of small
    provinces, and of the others.
    """

    quantity: str
    years: int
    windows: int
    pooled: tuple[float, float]
    alone: tuple[float, float]


def coverage(quantity: str, published: Levels, gdp: Levels, years: int) -> Coverage | None:
    """Every province against the class of the others; None where these are too few."""
    kept: dict[bool, list[tuple[bool, bool]]] = {True: [], False: []}
    for place in sorted({place for place, _ in published}):
        others = {key: value for key, value in published.items() if key[0] != place}
        own = {key: value for key, value in published.items() if key[0] == place}
        rows = (dict(zip(CHANGES, map(str, row), strict=True)) for row in
                changes(quantity, others, gdp, (years,)))  # fmt: skip
        groups = grouped(rows).get((quantity, years))
        if groups is None:
            return None
        whole = groups["all"][0]
        rest = np.array([w.change for w in windows(quantity, others, gdp, years)])
        low, high = np.quantile(rest, (0.1, 0.9))
        for window in windows(quantity, own, gdp, years):
            at = {"size": window.size, "level": window.start, "period": float(window.year)}
            chosen = [g for f in FACTORS for g in groups.get(f, ()) if g.low <= at[f] < g.high]
            inside = 0.1 <= standing(whole, chosen, window.change) <= 0.9
            is_small = any(group.name == "small" for group in chosen)
            kept[is_small].append((inside, bool(low <= window.change <= high)))
    if not all(kept.values()):
        return None
    small, large = (np.mean(kept[is_small], axis=0).tolist() for is_small in (True, False))
    number = sum(map(len, kept.values()))
    return Coverage(quantity, years, number, (small[0], large[0]), (small[1], large[1]))


def check(panel: Path) -> Iterator[str]:
    """A line for every class over one, three and five years."""
    gdp = levels(panel, "gdp_nominal", "province")
    yield "| quantity | years | windows | groups: small, others | one class: small, others |"
    yield "|---|---|---|---|---|"
    for quantity, held in QUANTITIES.items():
        published = levels(panel, held.name, "province")
        for years in (1, 3, 5):
            found = coverage(quantity, published, gdp, years)
            if found is not None:
                shares = " | ".join(
                    f"{100 * small:.0f}, {100 * large:.0f}"
                    for small, large in (found.pooled, found.alone)
                )
                yield f"| `{quantity}` | {years} | {found.windows} | {shares} |"


# -- main ------------------------------------------------------------------------------------------


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table with LF line ends."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)


def derive(panel: Path, folder: Path) -> None:
    """Both tables of a panel."""
    write(
        folder / "chinese_sectors_grown.csv",
        GROWN,
        grown(levels(panel, "sector_revenue", "sector")),
    )
    gdp = levels(panel, "gdp_nominal", "province")
    rows = [
        row
        for quantity, held in QUANTITIES.items()
        for row in changes(quantity, levels(panel, held.name, "province"), gdp)
    ]
    write(folder / "chinese_changes.csv", CHANGES, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Derive the classes of Chinese places.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the raw panel")
    parser.add_argument("--out", type=Path, default=DATA)
    parser.add_argument("--check", action="store_true", help="leave provinces out; write nothing")
    arguments = parser.parse_args()
    panel = arguments.data / "places_panel.csv"
    if arguments.check:
        print(*check(panel), sep="\n")
    else:
        derive(panel, arguments.out)


if __name__ == "__main__":
    main()
