"""One uncertainty at a time: a figure at its 5 % and at its 95 % quantile, all else at random.

The same draws are used for both ends, so that what is seen is the figure and not chance. Luck and
averages over clusters are no figures that can be set: their ends are the futures with the lowest
and the highest tenth of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plansim.analysis.futures import Bools, Futures, Question, all_lived, blocks
from plansim.analysis.inputs import LUCK, averaged, averages
from plansim.analysis.sensitivity import Sensitivity, correlation_ratio, outputs, sorted_by
from plansim.simulator.model import Model
from plansim.simulator.sampling import Array

#: Ends of a figure [quantiles], share of futures at either end of luck, most bars of one target.
ENDS, TENTH, MOST = (0.05, 0.95), 0.1, 10
#: A driver that tells less than this is left out. [share of variance]
LEAST = 0.005
#: And one that tells less than chance makes the best of some hundred seem to. [1 / futures]
CHANCE = 25.0


@dataclass(frozen=True, slots=True)
class Bar:
    """What one driver does to one target: its low and high end, and the target there.

    ``low``, ``high``: of the driver, in its base unit. ``low_read``, ``high_read``: the median of
    the indicator as worded [base units]; ``low_met``, ``high_met``: probability. ``is_set``: all
    futures were simulated with the driver at its ends; else they were picked.
    """

    driver: str
    is_set: bool
    low: float
    high: float
    low_read: float
    high_read: float
    low_met: float
    high_met: float

    @property
    def swing(self) -> float:
        """How far the median moves from one end to the other. [base units]"""
        return abs(self.high_read - self.low_read)


@dataclass(frozen=True, slots=True)
class Tornado:
    """The bars of one target, the longest first, about its median and probability at random."""

    target: int
    read: float
    met: float
    bars: tuple[Bar, ...]


def tornadoes(
    found: Sensitivity, workers: int = 1, tick: Callable[[int], object] | None = None
) -> tuple[Tornado, ...]:
    """One tornado a target that was asked for: the drivers that move it most."""
    wanted = [leading(found, row) for row in range(len(found.asked))]
    figures = list(dict.fromkeys(d for names in wanted for d in names if can_be_set(d)))
    ends = {name: _ends(found, name) for name in figures}
    work = [
        Question(with_figure(found.model, name, value), block)
        for name in figures
        for value in ends[name]
        for block in blocks(found.draws, found.seed)
    ]
    parts = all_lived(work, workers, tick)
    lives = {name: (_one(parts, found), _one(parts, found)) for name in figures}
    told = []
    for row, target in enumerate(found.asked):
        bars = [
            _of_figure(name, ends[name], lives[name], target)
            if name in lives
            else _picked(found, name, target)
            for name in wanted[row]
        ]
        bars.sort(key=lambda bar: -bar.swing)
        read, met = _middle(found.a, target)
        told.append(Tornado(target, read, met, tuple(bars)))
    return tuple(told)


def leading(found: Sensitivity, row: int) -> list[str]:
    """The drivers that tell most, each of what the ones before it leave untold.

    So what only goes along with a driver that is named already is not named too. Luck counts in
    the target's own year, and the common shock as one more driver.
    """
    target = found.asked[row]
    names, table = candidates(found, target)
    order = sorted_by(table)
    rest = outputs(found.both, found.output)[target].astype(float)
    variance = float(rest.var())
    chosen: list[str] = []
    while len(chosen) < MOST and variance > 0:
        ratio = correlation_ratio(order, rest[None])[0]
        ratio[[names.index(name) for name in chosen]] = 0.0
        best = int(np.argmax(ratio))
        if ratio[best] < CHANCE / len(rest) or ratio[best] * rest.var() < LEAST * variance:
            break
        chosen.append(names[best])
        rest = rest - fitted(order[best], rest)
    return chosen


def candidates(found: Sensitivity, target: int) -> tuple[list[str], Array]:
    """Drivers that may move a target, by name, and their values. [(driver, future)]"""
    model, both = found.model, found.both
    goal = model.goals[target]
    year = f"{LUCK}/{model.layout.years[goal.year]}/"
    names = [*model.drivers, f"{year}common", *averages(model)]
    common = both.common[[model.luck_years.index(goal.year)]]
    table = np.concatenate([both.drivers, common, averaged(model, both.drivers)])
    rows = [r for r, name in enumerate(names) if not _is_luck(name) or name.startswith(year)]
    return [names[r] for r in rows], table[rows]


def fitted(order: NDArray[np.intp], values: Array, parts: int = 16) -> Array:
    """What a driver tells of values: the mean of each of its equal parts. [(future,)]"""
    number = len(values)
    part = np.empty(number, dtype=int)
    part[order] = np.arange(number) * parts // number
    return np.asarray((np.bincount(part, values) / np.bincount(part))[part])


def _is_luck(driver: str) -> bool:
    return driver.startswith(f"{LUCK}/")


def can_be_set(driver: str) -> bool:
    """Whether a driver is one figure: luck and averages over clusters are not."""
    return not _is_luck(driver) and "*" not in driver


def with_figure(model: Model, path: str, value: float) -> Model:
    """The model with one uncertain figure known; no other figure is drawn otherwise."""
    sampler = model.sampler
    rest = {name: u for name, u in sampler.uncertain.items() if name != path}
    known = replace(sampler, fixed={**sampler.fixed, path: value}, uncertain=rest)
    return replace(model, sampler=known)


def _ends(found: Sensitivity, name: str) -> tuple[float, float]:
    row = found.both.drivers[found.model.drivers.index(name)]
    low, high = np.quantile(row, ENDS)
    return float(low), float(high)


def _one(parts: Iterator[Futures], found: Sensitivity) -> Futures:
    """The futures of one end, block after block."""
    whole: Futures | None = None
    for _ in blocks(found.draws, found.seed):
        part = next(parts)
        whole = part if whole is None else whole.then(part)
    assert whole is not None
    return whole


def _middle(futures: Futures, target: int, which: Bools | None = None) -> tuple[float, float]:
    """Median read and probability, over some futures or all."""
    reads, met = futures.reads[target], futures.met[target]
    if which is not None:
        reads, met = reads[which], met[which]
    return float(np.median(reads)), float(met.mean())


def _of_figure(
    name: str, ends: tuple[float, float], lives: tuple[Futures, Futures], target: int
) -> Bar:
    (low_read, low_met), (high_read, high_met) = (_middle(life, target) for life in lives)
    return Bar(name, True, *ends, low_read, high_read, low_met, high_met)


def _picked(found: Sensitivity, name: str, target: int) -> Bar:
    """The bar of a driver that cannot be set: from the futures with least and most of it."""
    names, table = candidates(found, target)
    row = table[names.index(name)]
    low, high = (float(q) for q in np.quantile(row, (TENTH, 1 - TENTH)))
    low_read, low_met = _middle(found.both, target, row <= low)
    high_read, high_met = _middle(found.both, target, row >= high)
    ends = (float(np.median(row[row <= low])), float(np.median(row[row >= high])))
    return Bar(name, False, *ends, low_read, high_read, low_met, high_met)
