"""Figures of a base year, the balances between them, and the arithmetic of both.

A figure has a median and a spread in its link space; a balance is an accounting identity: a sum of
products of figures that is 0, or at least 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plansim.simulator.plan import Link, Origin
from plansim.simulator.sampling import Array

Mask = NDArray[np.bool_]

#: Where it is asked whether figures can hold together: how far inside its domain a share stays
#: [fraction], and the factor by which a positive figure may be wrong.
INSIDE, WIDEST = 1e-6, 1e4


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one figure before it is reconciled.

    ``value``: median [unit of the figure]; ``sd``: spread in link space, 0 for a figure that never
    moves, infinite for one of which nothing is known (``value`` is then only where the search
    begins). ``low``, ``high``: bounds [unit], the rounding of a stated figure. ``floor`` and
    ``ceiling`` of the logit.
    """

    path: str
    value: float
    sd: float
    link: Link = "log"
    low: float = -np.inf
    high: float = np.inf
    floor: float = 0.0
    ceiling: float = 1.0
    origin: Origin = "estimated"
    unit: str = "1"


@dataclass(frozen=True, slots=True)
class Term:
    """``factor`` times the product of the figures at ``paths``."""

    factor: float
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """The sum of the terms is 0, or at least 0."""

    name: str
    terms: tuple[Term, ...]
    at_least: bool = False


def domain(figure: Known) -> tuple[float, float]:
    """Where a figure of its link can lie at all. [unit of the figure]"""
    if figure.link == "identity":
        return -np.inf, np.inf
    return (figure.floor, figure.ceiling) if figure.link == "logit" else (0.0, np.inf)


def inside(figure: Known) -> tuple[float, float]:
    """Where a figure of its link is taken to lie: its domain without the very edges. [its unit]"""
    floor, ceiling = domain(figure)
    if figure.link == "log":
        return figure.value / WIDEST, figure.value * WIDEST
    edge = INSIDE * (ceiling - floor) if figure.link == "logit" else 0.0
    return floor + edge, ceiling - edge


@dataclass(frozen=True, slots=True)
class Links:
    """Link spaces of several figures: levels and link values have the axes figure, draw."""

    log: Mask
    logit: Mask
    floor: Array
    ceiling: Array

    @classmethod
    def of(cls, known: Sequence[Known]) -> Links:
        kinds = np.array([figure.link for figure in known])
        logit = kinds == "logit"
        floor = np.array([f.floor if f.link == "logit" else 0.0 for f in known])
        ceiling = np.array([f.ceiling if f.link == "logit" else 1.0 for f in known])
        columns = ((kinds == "log")[:, None], logit[:, None], floor[:, None], ceiling[:, None])
        return cls(*columns)

    def take(self, rows: NDArray[np.intp]) -> Links:
        """The links of some of the figures."""
        return Links(self.log[rows], self.logit[rows], self.floor[rows], self.ceiling[rows])

    def to_link(self, x: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            odds = (x - self.floor) / (self.ceiling - x)
            return np.log(np.where(self.log, x, odds), out=x.copy(), where=self.log | self.logit)

    def to_level(self, z: Array) -> Array:
        with np.errstate(over="ignore"):
            share = self.floor + (self.ceiling - self.floor) / (1 + np.exp(-z))
            return np.where(self.log, np.exp(z), np.where(self.logit, share, z))

    def slope(self, x: Array) -> Array:
        """dx/dz."""
        span = self.ceiling - self.floor
        share = (x - self.floor) * (self.ceiling - x) / span
        return np.where(self.log, x, np.where(self.logit, share, 1.0))

    def bend(self, x: Array) -> Array:
        """d²x/dz²."""
        span = self.ceiling - self.floor
        turned = self.slope(x) * (self.ceiling + self.floor - 2 * x) / span
        return np.where(self.log, x, np.where(self.logit, turned, 0.0))


@dataclass(frozen=True, slots=True)
class Sums:
    """All terms of all balances as arrays; short products are filled up with a constant 1.

    ``slots``: figures of every term [(term, place)]; ``rows``: the balance of every term.
    """

    factor: Array
    slots: NDArray[np.intp]
    rows: NDArray[np.intp]
    balances: int
    figures: int

    @classmethod
    def of(cls, balances: Sequence[Balance], place: Mapping[str, int]) -> Sums:
        terms = [(row, term) for row, b in enumerate(balances) for term in b.terms]
        width = max((len(term.paths) for _, term in terms), default=1)
        slots = np.full((len(terms), width), len(place), dtype=np.intp)
        for i, (_, term) in enumerate(terms):
            slots[i, : len(term.paths)] = [place[path] for path in term.paths]
        factor = np.array([term.factor for _, term in terms], dtype=float)
        rows = np.array([row for row, _ in terms], dtype=np.intp)
        return cls(factor, slots, rows, len(balances), len(place))

    def terms(self, x: Array, *left_out: int) -> Array:
        """Every term, without the figures in the places left out. [(term, draw)]"""
        one = np.vstack([x, np.ones((1, x.shape[1]))])
        total = np.broadcast_to(self.factor[:, None], (len(self.factor), x.shape[1])).copy()
        for column in range(self.slots.shape[1]):
            if column not in left_out:
                total *= one[self.slots[:, column]]
        return total

    def values(self, x: Array) -> Array:
        """Left-hand side of every balance. [(balance, draw)]"""
        return self._gathered(self.terms(x))

    def sizes(self, x: Array) -> Array:
        """Sum of the terms of every balance without their signs. [(balance, draw)]"""
        return self._gathered(np.abs(self.terms(x)))

    def _gathered(self, terms: Array) -> Array:
        total = np.zeros((self.balances, terms.shape[1]))
        np.add.at(total, self.rows, terms)
        return total

    def gradient(self, x: Array) -> Array:
        """∂ balance / ∂ figure. [(balance, figure, draw)]"""
        total = np.zeros((self.balances, self.figures + 1, x.shape[1]))
        for column in range(self.slots.shape[1]):
            np.add.at(total, (self.rows, self.slots[:, column]), self.terms(x, column))
        return total[:, :-1]

    def curvature(self, x: Array, weight: Array) -> Array:
        """∂² (Σ weight · balance) / ∂ figure². [(figure, figure)], at one point [(figure, 1)]"""
        total = np.zeros((self.figures + 1, self.figures + 1))
        width = self.slots.shape[1]
        for a in range(width):
            for b in range(width):
                if a != b:
                    amount = self.terms(x, a, b)[:, 0] * weight[self.rows]
                    np.add.at(total, (self.slots[:, a], self.slots[:, b]), amount)
        return total[:-1, :-1]
