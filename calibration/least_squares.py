"""Figures and balances as one problem of constrained least squares.

The unknowns are the steps that figures take away from what is known of them, in units of their
doubt; this holds the arithmetic of such steps, and brings points back onto the balances.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plansim.calibration.balances import Balance, Known, Links, Mask, Sums
from plansim.simulator.errors import InputError
from plansim.simulator.sampling import Array, cholesky

#: Largest error of a balance, as a share of the sum of its terms without their signs. [fraction]
EXACT = 1e-9
#: How much rather a figure of which nothing is known is moved than others, to keep a balance.
REMAINDER = 100.0
#: Steps of Newton's method, and the longest of them in link units.
STEPS, LONGEST = 60, 1.0


@dataclass(frozen=True, slots=True)
class Problem:
    """Figures and balances as one problem of constrained least squares.

    The unknowns u are link-space steps away from what is known, in standard deviations; of a
    figure of which nothing is known, in link units. ``free``: the figures that may move; ``unit``:
    their link units per u; ``precision``: R⁻¹, 0 where nothing is known.
    """

    known: tuple[Known, ...]
    balances: tuple[Balance, ...]
    place: Mapping[str, int]
    links: Links
    sums: Sums
    start: Array
    sd: Array
    low: Array
    high: Array
    free: NDArray[np.intp]
    unit: Array
    precision: Array
    size: Array

    @classmethod
    def of(
        cls,
        known: Sequence[Known],
        balances: Sequence[Balance],
        correlations: Mapping[tuple[str, str], float],
    ) -> Problem:
        place = {figure.path: row for row, figure in enumerate(known)}
        start = np.array([figure.value for figure in known], dtype=float)
        sd = np.array([figure.sd for figure in known], dtype=float)
        free = np.flatnonzero(sd > 0)
        sums = Sums.of(balances, place)
        size = sums.sizes(start[:, None])[:, 0]
        return cls(
            known=tuple(known),
            balances=tuple(balances),
            place=place,
            links=Links.of(known),
            sums=sums,
            start=start,
            sd=sd,
            low=np.array([figure.low for figure in known], dtype=float),
            high=np.array([figure.high for figure in known], dtype=float),
            free=free,
            unit=np.where(np.isfinite(sd[free]), sd[free], 1.0),
            precision=_precision([known[int(row)] for row in free], correlations),
            size=np.where(size > 0, size, 1.0),
        )

    @property
    def at_least(self) -> Mask:
        """The balances that are inequalities. [(balance,)]"""
        return np.array([balance.at_least for balance in self.balances], dtype=bool)

    def levels(self, u: Array) -> Array:
        """Levels of all figures after steps u. [(figure, draw)]"""
        x = np.repeat(self.start[:, None], u.shape[1], axis=1)
        links = self.links.take(self.free)
        z = links.to_link(x[self.free]) + self.unit[:, None] * u
        x[self.free] = np.where(u == 0, x[self.free], links.to_level(z))
        return x

    def steps(self, x: Array) -> Array:
        """The u that lead to levels x. [(free figure, draw)]"""
        links = self.links.take(self.free)
        from_here = links.to_link(self.start[self.free, None])
        return (links.to_link(x[self.free]) - from_here) / self.unit[:, None]

    def gaps(self, x: Array) -> Array:
        """What every balance is off by, as a share of its terms at the start. [(balance, draw)]"""
        return self.sums.values(x) / self.size[:, None]

    def errors(self, x: Array) -> Array:
        """The same, of the terms at x, and 0 where an inequality holds. [(balance, draw)]"""
        size = self.sums.sizes(x)
        off = self.sums.values(x) / np.where(size > 0, size, 1.0)
        return np.where(self.at_least[:, None], np.minimum(off, 0.0), off)

    def slopes(self, x: Array) -> Array:
        """∂ gap / ∂ u. [(balance, free figure, draw)]"""
        per_link = self.links.take(self.free).slope(x[self.free]) * self.unit[:, None]
        gradient = self.sums.gradient(x)[:, self.free]
        return np.asarray(gradient * per_link / self.size[:, None, None])

    def hessian(self, x: Array, multipliers: Array) -> Array:
        """∂² (Σ multiplier · gap) / ∂u². [(free figure, free figure)], at one point"""
        weight = multipliers / self.size
        links = self.links.take(self.free)
        per_link = links.slope(x[self.free])[:, 0] * self.unit
        total = self.sums.curvature(x, weight)[np.ix_(self.free, self.free)]
        total *= np.outer(per_link, per_link)
        pull = np.tensordot(weight, self.sums.gradient(x)[:, self.free, 0], axes=1)
        total[np.diag_indices_from(total)] += pull * links.bend(x[self.free])[:, 0] * self.unit**2
        return total

    @property
    def reach(self) -> tuple[Array, Array]:
        """Bounds of u, from the bounds of the figures. [(free figure,)] each"""
        found = []
        for bound, end in ((self.low, -np.inf), (self.high, np.inf)):
            inside = np.isfinite(bound[self.free])
            u = self.steps(np.where(np.isfinite(bound), bound, self.start)[:, None])[:, 0]
            found.append(np.where(inside, u, end))
        return found[0], found[1]

    def sample(
        self, levels: Array, covariance: Array, draws: int, random: np.random.Generator
    ) -> Array:
        """Levels around a solution, on the balances and inside the bounds. [(figure, draw)]"""
        spread = covariance[np.ix_(self.free, self.free)] / np.outer(self.unit, self.unit)
        values, vectors = np.linalg.eigh(spread)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        centre_u = self.steps(levels[:, None])
        away = root @ random.standard_normal((len(self.free), draws))
        doubt = np.where(np.isfinite(self.sd[self.free]), 1.0, REMAINDER * np.diag(spread))
        u, fine = self._project(centre_u + away, doubt)
        for _ in range(10):
            if fine.all():
                break
            away[:, ~fine] /= 2  # the solution itself is on the balances
            u[:, ~fine], fine[~fine] = self._project(centre_u + away[:, ~fine], doubt)
        return self.levels(u)

    def _project(self, u: Array, doubt: Array) -> tuple[Array, Mask]:
        """The nearest points on the balances, and which were found; ``doubt``: variance of u.

        Newton's method with a figure that reaches a bound held there, and an inequality that is
        broken held at equality, draw by draw.
        """
        low, high = (bound[:, None] for bound in self.reach)
        held = np.zeros(u.shape, dtype=bool)
        tight = np.repeat(~self.at_least[:, None], u.shape[1], axis=1)
        for _ in range(STEPS):
            held |= (u < low) | (u > high)
            u = np.clip(u, low, high)
            x = self.levels(u)
            off = self.gaps(x)
            tight |= off < 0
            off = np.where(tight, off, 0.0)
            if (np.abs(off) <= 1e-3 * EXACT).all():
                break
            variance = np.where(held, 0.0, doubt[:, None])
            A = np.where(tight[:, None], self.slopes(x), 0.0).transpose(2, 0, 1)
            moving = A * variance.T[:, None, :]
            inverse = np.linalg.pinv(moving @ A.transpose(0, 2, 1), rcond=1e-12, hermitian=True)
            step = -(moving.transpose(0, 2, 1) @ inverse @ off.T[:, :, None])[:, :, 0].T
            longest = np.abs(step * self.unit[:, None]).max(axis=0)
            u = u + step * np.minimum(1.0, LONGEST / np.maximum(longest, 1e-300))
        u = np.clip(u, low, high)
        fine = (np.abs(self.errors(self.levels(u))) <= EXACT).all(axis=0)
        return u, np.asarray(fine, dtype=bool)


def _precision(doubted: Sequence[Known], correlations: Mapping[tuple[str, str], float]) -> Array:
    """R⁻¹ of the figures, 0 for those of which nothing is known. [(figure, figure)]"""
    place = {figure.path: row for row, figure in enumerate(doubted)}
    matrix = np.eye(len(doubted))
    for (a, b), value in correlations.items():
        if a in place and b in place:
            matrix[place[a], place[b]] = matrix[place[b], place[a]] = value
    some = np.flatnonzero([np.isfinite(figure.sd) for figure in doubted])
    part = matrix[np.ix_(some, some)]
    try:
        cholesky(part)
    except ValueError:
        shown = ", ".join(figure.path for figure in doubted[:6])
        raise InputError.of("correlations_impossible", value=shown) from None
    precision = np.zeros_like(matrix)
    precision[np.ix_(some, some)] = np.linalg.inv(part)
    return precision
