"""PRIM, the patient rule induction method of Friedman and Fisher (1999): boxes of dense cases.

A box is peeled: of all slices of a share α off one side of one input, the one goes whose loss
raises the density of the box most for every case that goes with it. Where inputs have few values
a slice is as thick as its value is common. Quantiles are those of sdtoolkit (Bryant and Lempert
2010), which the EMA Workbench keeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plansim.simulator.sampling import Array

Bools = NDArray[np.bool_]
#: Share peeled or pasted at a time, least share of cases in a box, most inputs that one restricts.
ALPHA, LEAST_MASS, MOST_INPUTS = 0.05, 0.05, 4
#: A restriction is kept if it is this unlikely to be chance, and if the box is worse without it.
SIGNIFICANCE, WORTH = 0.05, 0.98


@dataclass(frozen=True, slots=True)
class Box:
    """Limits by input (its row), both included; infinite where there is none."""

    limits: Mapping[int, tuple[float, float]] = field(default_factory=dict)

    def holds(self, x: Array) -> Bools:
        """Which cases lie inside. x [(input, case)] → [(case,)]"""
        inside = np.ones(x.shape[1], dtype=bool)
        for row, (low, high) in self.limits.items():
            inside &= (x[row] >= low) & (x[row] <= high)
        return inside

    def without(self, row: int) -> "Box":
        """The box with one input free."""
        return Box({r: ends for r, ends in self.limits.items() if r != row})

    def limited(self, row: int, side: int, value: float) -> "Box":
        """The box with another limit: side 0 is the lower one."""
        ends = list(self.limits.get(row, (-np.inf, np.inf)))
        ends[side] = value
        return Box({**self.limits, row: (ends[0], ends[1])})


@dataclass(frozen=True, slots=True)
class Count:
    """Cases in a box and those of interest among them, out of so many."""

    cases: int
    hits: int
    all_cases: int
    all_hits: int

    @classmethod
    def of(cls, inside: Bools, y: Bools) -> "Count":
        return cls(int(inside.sum()), int((inside & y).sum()), len(y), int(y.sum()))

    @property
    def coverage(self) -> float:
        """Share of the cases of interest that the box holds."""
        return self.hits / max(self.all_hits, 1)

    @property
    def density(self) -> float:
        """Share of the cases in the box that are of interest."""
        return self.hits / max(self.cases, 1)

    @property
    def base(self) -> float:
        """Share of all cases that are of interest."""
        return self.all_hits / max(self.all_cases, 1)

    @property
    def gain(self) -> float:
        """How far the density is from that of all cases to one: 0 says nothing, 1 everything."""
        return (self.density - self.base) / (1 - self.base) if self.base < 1 else 0.0

    @property
    def score(self) -> float:
        """Harmonic mean of coverage and gain; for rare cases that is F1, whatever is common."""
        return 2 * self.coverage * self.gain / (self.coverage + self.gain) if self.gain > 0 else 0.0


def peel(
    x: Array, y: Bools, alpha: float = ALPHA, least: float = LEAST_MASS, most: int = MOST_INPUTS
) -> list[Box]:
    """The peeling trajectory, from the box of all cases to one that holds ``least`` of them.

    x [(input, case)]; at most ``most`` inputs are restricted.
    """
    order = np.argsort(x, axis=1, kind="stable")
    values, hits = np.take_along_axis(x, order, axis=1), y[order]
    inside, box = np.ones(x.shape[1], dtype=bool), Box()
    trajectory = [box]
    while True:
        rows = list(range(len(x))) if len(box.limits) < most else sorted(box.limits)
        kept = inside[order[rows]]
        shape = (len(rows), int(inside.sum()))
        peeled = _best_peel(
            values[rows][kept].reshape(shape), hits[rows][kept].reshape(shape),
            np.array([row in box.limits for row in rows]), alpha,
        )  # fmt: skip
        if peeled is None:
            return trajectory
        place, side, value = peeled
        box = box.limited(rows[place], side, value)
        row = x[rows[place]]
        inside &= row >= value if side == 0 else row <= value
        if inside.sum() < least * x.shape[1]:
            return trajectory
        trajectory.append(box)


def _best_peel(
    values: Array, hits: Bools, limited: Bools, alpha: float
) -> tuple[int, int, float] | None:
    """Row, side and limit of the slice whose loss helps most; None where no slice does.

    ``values`` [(input, case)], each row sorted, with the ``hits`` that belong to them.
    """
    number = values.shape[1]
    if number < 2:
        return None
    low, cut_low = _lower_slice(values, alpha)
    high, kept_high = _upper_slice(values, alpha)
    kept = np.stack([number - cut_low, kept_high])  # [(side, input)]
    counted = np.concatenate([np.zeros((len(values), 1), dtype=int), hits.cumsum(axis=1)], axis=1)
    total = counted[:, -1]
    rows = np.arange(len(values))
    found = np.stack([total - counted[rows, cut_low], counted[rows, kept_high]])
    fine = (kept > 0) & (kept < number)
    with np.errstate(divide="ignore", invalid="ignore"):
        rise = (found / kept - total / number) / (number - kept)
    rise = np.where(fine, rise, -np.inf)
    best = rise.max(initial=-np.inf)
    if not best > 0:
        return None
    # of equals one that restricts nothing new, then the first input, its upper side
    ties = [(not limited[row], int(row), -int(side)) for side, row in np.argwhere(rise == best)]
    _, row, side = min(ties)
    limit = low if side == 0 else high
    return row, -side, float(limit[row])


def _lower_slice(values: Array, share: float) -> tuple[Array, NDArray[np.intp]]:
    """A limit that a share lies below, and how many do: midway between values that differ."""
    last = values.shape[1] - 1
    at = values[:, int(np.floor(last * share))]
    below = (values <= at[:, None]).sum(axis=1)
    after = values[np.arange(len(values)), np.minimum(below, last)]
    return (at + after) / 2, below


def _upper_slice(values: Array, share: float) -> tuple[Array, NDArray[np.intp]]:
    """A limit that a share lies above, and how many lie below it."""
    last = values.shape[1] - 1
    at = values[:, int(np.ceil(last * (1 - share)))]
    below = (values < at[:, None]).sum(axis=1)
    before = values[np.arange(len(values)), np.maximum(below - 1, 0)]
    return (before + at) / 2, below


def paste(x: Array, y: Bools, box: Box, alpha: float = ALPHA) -> Box:
    """The box pasted to, a slice at a time, as long as that raises its density."""
    inside = box.holds(x)
    while inside.any():
        now, density = inside.sum(), y[inside].mean()
        best = (0.0, box, inside)
        for row in sorted(box.limits):
            for side, limit in enumerate(box.limits[row]):
                wider = _pasted(x, box, row, side, alpha) if np.isfinite(limit) else None
                if wider is None:
                    continue
                held = wider.holds(x)
                more = held.sum() - now
                rise = (y[held].mean() - density) / more if more else 0.0
                if rise > best[0]:
                    best = (rise, wider, held)
        if best[0] <= 0:
            return box
        box, inside = best[1:]
    return box


def _pasted(x: Array, box: Box, row: int, side: int, alpha: float) -> Box | None:
    """The box with the nearest share of what lies beyond one limit; None where nothing does."""
    limit = box.limits[row][side]
    beyond = x[row] <= limit if side == 0 else x[row] >= limit
    values = np.sort(x[row][box.without(row).holds(x) & beyond])
    if not len(values):
        return None
    edge = _upper_slice(values[None], alpha) if side == 0 else _lower_slice(values[None], alpha)
    return box.limited(row, side, float(edge[0][0]))


def quasi_p(x: Array, y: Bools, box: Box) -> dict[int, float]:
    """For each restricted input, how likely chance alone makes the box as dense as it is.

    One-sided binomial test against the density without that restriction (Bryant and Lempert 2010).
    """
    from scipy.stats import binom

    here = Count.of(box.holds(x), y)
    found = {}
    for row in box.limits:
        freed = Count.of(box.without(row).holds(x), y)
        found[row] = float(binom.sf(here.hits - 1, here.cases, freed.density))
    return found


def find(x: Array, y: Bools, among: Bools, most: int = MOST_INPUTS) -> Box:
    """The best box for the cases ``among`` all: peeled, chosen by its score, pasted, simplified.

    The box of all cases where no box says anything.
    """
    here, hits = x[:, among], y[among]
    trajectory = peel(here, hits, most=most)
    counted = [Count.of(box.holds(here), hits).score for box in trajectory]
    best = paste(here, hits, trajectory[int(np.argmax(counted))])
    return simplified(here, hits, best)


def simplified(x: Array, y: Bools, box: Box) -> Box:
    """The box without restrictions that may be chance, or that it is hardly worse without."""
    while box.limits:
        score = Count.of(box.holds(x), y).score
        chance = quasi_p(x, y, box)
        freed = {row: Count.of(box.without(row).holds(x), y).score for row in box.limits}
        row = max(freed, key=lambda r: (chance[r] > SIGNIFICANCE, freed[r]))
        if chance[row] <= SIGNIFICANCE and freed[row] < WORTH * score:
            return box
        box = box.without(row)
    return box


def cover(x: Array, y: Bools, boxes: int = 3, most: int = MOST_INPUTS) -> list[Box]:
    """Up to so many boxes, each found among the cases that the earlier ones leave."""
    left, found = np.ones(len(y), dtype=bool), list[Box]()
    for _ in range(boxes):
        if not y[left].any() or y[left].all():
            break
        box = find(x, y, left, most)
        if not box.limits:
            break
        found.append(box)
        left &= ~box.holds(x)
    return found
