"""Laws of the independent normal scores that uncertain figures are drawn from.

The prior of a plan is the standard normal law of these scores. What becomes known changes it along
a few directions: that is what ``plansim.simulator.plan.Calibration`` holds and a run draws by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plansim.calibration.reconcile import Reconciled
from plansim.simulator.plan import Calibration
from plansim.simulator.sampling import Array, Sampler


@dataclass(frozen=True, slots=True)
class Normal:
    """A normal law of scores that differs from the standard one along ``directions`` only.

    ``directions`` [(name, direction)], orthonormal; ``mean`` [(direction,)] and ``covariance``
    [(direction, direction)] of the coordinates along them.
    """

    directions: Array
    mean: Array
    covariance: Array

    @classmethod
    def standard(cls, size: int) -> Normal:
        return cls(np.zeros((size, 0)), np.zeros(0), np.zeros((0, 0)))

    @property
    def root(self) -> Array:
        """The symmetric root of the covariance: the least motion that brings it about."""
        values, vectors = np.linalg.eigh(self.covariance)
        return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)

    def scores(self, z: Array) -> Array:
        """Standard normal numbers as draws from this law. [(name, draw)] both"""
        along = self.directions.T @ z
        return np.asarray(z + self.directions @ (self.mean[:, None] + self.root @ along - along))

    def draw(self, number: int, random: np.random.Generator) -> tuple[Array, Array]:
        """Draws [(name, draw)], and the log density of the standard law less that of this one."""
        z = random.standard_normal((len(self.directions), number))
        drawn = self.scores(z)
        raw, along = self.directions.T @ z, self.directions.T @ drawn
        volume = np.linalg.slogdet(self.covariance)[1] if len(self.mean) else 0.0
        apart = (raw**2).sum(axis=0) - (along**2).sum(axis=0) + volume
        return drawn, np.asarray(0.5 * apart)

    def spoken(self, least: float) -> Array:
        """Directions whose mean or variance is this far from 0 or 1. [(name, direction)]"""
        values, vectors = np.linalg.eigh(self.covariance)
        chosen = (np.abs(values - 1.0) > least) | (np.abs(vectors.T @ self.mean) > least)
        return np.asarray(self.directions @ vectors[:, chosen])

    def then(self, other: Normal) -> Normal:
        """The law of ``self.scores`` of draws from ``other``."""
        basis = orthonormal(np.hstack([self.directions, other.directions]))
        mine, theirs = basis.T @ self.directions, basis.T @ other.directions
        one = np.eye(basis.shape[1])
        root = one + mine @ (self.root - np.eye(len(self.mean))) @ mine.T
        inner = one + theirs @ (other.covariance - np.eye(len(other.mean))) @ theirs.T
        mean = mine @ self.mean + root @ (theirs @ other.mean)
        return Normal(basis, mean, root @ inner @ root.T)

    def of(self, matrix: Array) -> tuple[Array, Array]:
        """Means and standard deviations of ``matrix`` times the scores. [(row,)] both"""
        along = matrix @ self.directions
        away = self.covariance - np.eye(len(self.mean))
        variance = (matrix**2).sum(axis=1) + ((along @ away) * along).sum(axis=1)
        return along @ self.mean, np.sqrt(np.maximum(variance, 0.0))


def orthonormal(columns: Array) -> Array:
    """A basis of the space that columns span. [(name, direction)]"""
    if not columns.shape[1]:
        return columns
    vectors, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(vectors[:, sizes > 1e-6])


def copula(sampler: Sampler, names: Sequence[str]) -> Array:
    """The matrix that makes independent scores correlated. [(name, name)]"""
    place = {name: i for i, name in enumerate(names)}
    matrix = np.eye(len(names))
    for group in sampler.groups:
        rows = [place[name] for name in group.names]
        matrix[np.ix_(rows, rows)] = group.factor
    return matrix


def identity_prior(sampler: Sampler, reconciled: Reconciled) -> Normal:
    """The law of independent scores when the figures of the base year follow what is reconciled.

    A figure's score is its way from its median in standard deviations of its link space. Figures
    that the engine does not draw (stated ones, within their rounding) are left out; whatever else
    is correlated with the figures follows them as its copula says.
    """
    names = sampler.scored
    place = {name: i for i, name in enumerate(names)}
    rows = [
        i
        for i, known in enumerate(reconciled.known)
        if known.path in sampler.uncertain and 0 < known.sd < np.inf
    ]
    sd = np.array([reconciled.known[i].sd for i in rows])
    mean = reconciled.moved[rows]
    covariance = reconciled.covariance[np.ix_(rows, rows)] / np.outer(sd, sd)
    part = copula(sampler, names)[[place[reconciled.known[i].path] for i in rows]]
    before = part @ part.T
    gain = part.T @ np.linalg.inv(before)
    basis = orthonormal(gain)
    along = basis.T @ gain
    closed = np.eye(basis.shape[1]) + along @ (covariance - before) @ along.T
    return Normal(basis, along @ mean, (closed + closed.T) / 2)


def as_calibration(names: Sequence[str], law: Normal) -> Calibration:
    """A normal law of independent scores as the least motion of a standard one."""
    values, vectors = np.linalg.eigh(law.covariance)
    along, shift = law.directions @ vectors, vectors.T @ law.mean
    chosen = (np.abs(values - 1.0) > 1e-9) | (np.abs(shift) > 1e-9)
    held = np.flatnonzero((np.abs(along[:, chosen]) > 1e-9).any(axis=1))
    return Calibration(
        names=tuple(names[int(i)] for i in held),
        directions=tuple(tuple(map(float, column)) for column in along[held][:, chosen].T),
        shift=tuple(map(float, shift[chosen])),
        scale=tuple(map(float, np.sqrt(np.maximum(values[chosen], 0.0)))),
    )
