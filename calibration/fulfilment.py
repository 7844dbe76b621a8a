"""How often targets of plans were met: Eq. 19, learned from closed ones.

    logit P = α + β_level + β_kind + β_field + β_pace · pace + u_season + u_place (+ u_plan)

α ~ N(0, 1.5), β ~ N(0, 1); u are normal with scales that are half-normal(1). Rows of one season
share a shock: of a field in a year, and of a level where targets run for one year. So do rows of
one place and, where plans run for several years, rows of one plan. The posterior is drawn by
Hamiltonian Monte Carlo (Neal, 2011) on whitened coordinates (u = σ z).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Log density and its gradient.
Density = Callable[[Array], tuple[float, Array]]

#: Spread of α. [logits]
INTERCEPT_SD = 1.5
#: A ratio so far from 1 counts in full: the evidence is a step at 1, with soft edges. [ratio]
STEP = 1.25
#: What five years' growth lost against the five years before, on average over provinces since 2005
#: (-3.35 points): a year of it. [points/year]
SLOWDOWN = 0.67
#: Years that are no past for anybody.
PANDEMIC = frozenset({2020, 2022})
#: Groups of rows that share a shock, by horizon.
GROUPS = {"annual": ("season", "place"), "multi-year": ("season", "place", "plan")}
#: Moves of the warm-up, steps of a move, acceptance aimed at.
WARM, REACH, ACCEPTANCE = 450, 6, 0.8


@dataclass(frozen=True, slots=True)
class ClosedTarget:
    """One target whose time is over, with what came: a row of the evidence.

    ``met``: the published figure meets the first goal. ``reported``: it counts as met officially,
    None where nothing was said. ``pace``: Eq. 19's, None where the past is not known.
    """

    id: str
    level: str
    kind: str
    field: str
    horizon: str
    year: int
    place: str
    plan: str
    pace: float | None
    met: bool
    reported: bool | None
    source: str

    @property
    def season(self) -> str:
        """A year as it was for one field, and for one level where targets run for one year."""
        level = f" {self.level}" if self.horizon == "annual" else ""
        return f"{self.year} {self.field}{level}"


@dataclass(frozen=True, slots=True)
class Posterior:
    """Joint draws of Eq. 19: ``values`` [term, draw] in logits, by ``terms``.

    Terms are ``""`` (α), ``level/county``, ``kind/binding``, ``field/growth``, ``pace`` and
    ``scale/place``. ``shocks`` [draw, shock] by ``names`` (``season/2015 growth``).
    """

    terms: tuple[str, ...]
    values: Array
    names: tuple[str, ...]
    shocks: Array

    def draws(self, term: str) -> Array | None:
        """The draws of one term; None where no row has it."""
        return self.values[self.terms.index(term)] if term in self.terms else None


def pace_of(ratio: float) -> float:
    """Eq. 19's pace of a target that asks for ``ratio`` times the trend-adjusted past pace.

    −1 at 0.8 and below, 0 at 1, 1 at 1.25 and above, straight in the logarithm between.
    """
    if ratio <= 1 / STEP:
        return -1.0
    return min(log(ratio) / log(STEP), 1.0)


def growth_ratio(target: float, past: float, years: float) -> float:
    """A growth target over the trend-adjusted past pace, both in percent a year.

    ``years``: from the middle of the past window to the middle of the target's. Where the trend
    leaves nothing of the past the ratio is infinite.
    """
    adjusted = past - SLOWDOWN * years
    return target / adjusted if adjusted > 0 else float("inf")


@dataclass(frozen=True, slots=True)
class _Logit:
    """Eq. 19 for given rows, in whitened coordinates: α / 1.5, β, log scales, z of every shock.

    ``design`` [row, coefficient]; ``groups``: for every group the shock that a row has, counted
    through all groups; ``starts``: the first shock of every group.
    """

    met: Array
    design: Array
    groups: tuple[Ints, ...]
    starts: tuple[int, ...]
    shocks: int

    @property
    def size(self) -> int:
        wide: int = self.design.shape[1]
        return wide + len(self.groups) + self.shocks

    def scale_of(self, scales: Array) -> Array:
        """The scale of every shock."""
        lengths = np.diff((*self.starts, self.shocks))
        spread: Array = np.repeat(scales, lengths)
        return spread

    def density(self, at: Array) -> tuple[float, Array]:
        """Log density (to a constant) and its gradient."""
        wide, groups = self.design.shape[1], len(self.groups)
        coefficients, logs, z = np.split(at, (wide, wide + groups))
        scale = self.scale_of(np.exp(logs))
        shock = scale * z
        score = self.design @ coefficients
        for index in self.groups:
            score = score + shock[index]
        off = self.met - expit(score)
        pull = np.zeros(self.shocks)
        for index in self.groups:
            pull += np.bincount(index, off, self.shocks)
        by_group = np.add.reduceat(pull * shock, self.starts)
        squared = np.exp(2 * logs)
        value = -np.logaddexp(0, np.where(self.met > 0, -score, score)).sum()
        value += (logs - squared / 2).sum() - (coefficients @ coefficients + z @ z) / 2
        slope = (self.design.T @ off - coefficients, by_group + 1 - squared, pull * scale - z)
        return float(value), np.concatenate(slope)


def terms_of(rows: Sequence[ClosedTarget], pace: bool) -> tuple[str, ...]:
    """The coefficients that the rows have something to say of, α first."""
    found = {f"{part}/{getattr(row, part)}" for row in rows for part in ("level", "kind", "field")}
    return ("", *sorted(found), *(("pace",) if pace else ()))


def _logit_of(rows: Sequence[ClosedTarget], terms: Sequence[str]) -> tuple[_Logit, tuple[str, ...]]:
    """Eq. 19 of rows of one horizon, and the names of its shocks."""
    design = np.zeros((len(rows), len(terms)))
    column = {term: place for place, term in enumerate(terms)}
    for line, row in zip(design, rows, strict=True):
        line[0] = INTERCEPT_SD
        for part in ("level", "kind", "field"):
            line[column[f"{part}/{getattr(row, part)}"]] = 1
        if "pace" in column:
            line[column["pace"]] = row.pace or 0.0
    names: list[str] = []
    groups, starts = [], []
    for group in GROUPS[rows[0].horizon]:
        keys = [f"{group}/{getattr(row, group)}" for row in rows]
        starts.append(len(names))
        names += sorted(set(keys))
        place = {name: i for i, name in enumerate(names)}
        groups.append(np.array([place[key] for key in keys]))
    met = np.array([float(row.met) for row in rows])
    return _Logit(met, design, tuple(groups), tuple(starts), len(names)), tuple(names)


def fit(
    rows: Sequence[ClosedTarget],
    *,
    pace: bool,
    seed: int,
    draws: int = 200,
    chains: int = 2,
    every: int = 4,
) -> Posterior:
    """Joint draws of Eq. 19 from rows of one horizon; the same for the same rows and seed.

    ``draws``: of each chain, every so many moves.
    """
    terms = terms_of(rows, pace)
    model, names = _logit_of(rows, terms)
    with np.errstate(over="ignore", invalid="ignore"):  # a path that leaves the world is refused
        found = np.concatenate(
            [
                hamiltonian(
                    model.density, model.size, np.random.default_rng((seed, chain)), draws, every
                )
                for chain in range(chains)
            ]
        )
    return _posterior(model, terms, names, found, GROUPS[rows[0].horizon])


def _posterior(
    model: _Logit,
    terms: tuple[str, ...],
    names: tuple[str, ...],
    found: Array,
    groups: tuple[str, ...],
) -> Posterior:
    """Whitened draws in logits."""
    wide = len(terms)
    coefficients, logs, z = np.split(found, (wide, wide + len(groups)), axis=1)
    coefficients = coefficients * np.array([INTERCEPT_SD, *[1.0] * (wide - 1)])
    scales = np.exp(logs)
    lengths = np.diff((*model.starts, model.shocks))
    return Posterior(
        (*terms, *(f"scale/{group}" for group in groups)),
        np.concatenate([coefficients, scales], axis=1).T,
        names,
        np.repeat(scales, lengths, axis=1) * z,
    )


@dataclass(slots=True)
class _Step:
    """The step of Hamiltonian moves, adapted by dual averaging (Hoffman & Gelman, 2014)."""

    size: float
    centre: float
    error: float = 0.0
    smooth: float = 0.0
    moves: int = 0

    @classmethod
    def at(cls, size: float) -> _Step:
        return cls(size, log(10 * size))

    def learn(self, acceptance: float) -> None:
        """One more move was accepted with this probability."""
        self.moves += 1
        weight = 1 / (self.moves + 10)
        self.error += weight * (ACCEPTANCE - acceptance - self.error)
        logarithm = self.centre - np.sqrt(self.moves) / 0.05 * self.error
        fade = self.moves**-0.75
        self.smooth += fade * (logarithm - self.smooth)
        self.size = float(np.exp(logarithm))

    @property
    def settled(self) -> float:
        return float(np.exp(self.smooth))


def hamiltonian(
    density: Density, size: int, rng: np.random.Generator, draws: int, every: int = 1
) -> Array:
    """Draws [draw, coordinate] of a density, given with its gradient, by Hamiltonian Monte Carlo.

    The first third of the warm-up finds a typical point; the curvature there makes coordinates
    round, in which the second third settles and the last finds the step.
    """
    at = 0.1 * rng.standard_normal(size)
    step = _Step.at(0.1)
    frame = np.eye(size)
    for move in range(WARM):
        if move == WARM // 3:
            frame, step = _round(density, at), _Step.at(0.5)
        if move == 2 * (WARM // 3):
            step = _Step.at(step.settled)
        at, acceptance = _moved(density, at, frame, step.size, rng)
        step.learn(acceptance)
    kept = np.empty((draws, size))
    for move in range(draws * every):
        at, _ = _moved(density, at, frame, step.settled, rng)
        kept[move // every] = at
    return kept


def _round(density: Density, at: Array) -> Array:
    """The frame in which a density is round at a point, from differences of its gradient.

    Where it bends less than half as much as the prior, or outwards, it is taken for that.
    """
    small = 1e-4
    rows = [
        (density(at - small * unit)[1] - density(at + small * unit)[1]) / (2 * small)
        for unit in np.eye(len(at))
    ]
    curvature, axes = np.linalg.eigh((np.array(rows) + np.array(rows).T) / 2)
    framed: Array = axes / np.sqrt(np.maximum(curvature, 0.5))
    return framed


def _moved(
    density: Density, at: Array, frame: Array, step: float, rng: np.random.Generator
) -> tuple[Array, float]:
    """Where one Hamiltonian move leads, and with what probability it was accepted.

    It has half to three halves of ``REACH`` steps, so that no path closes on itself.
    """
    momentum = rng.standard_normal(len(at))
    value, slope = density(at)
    before = value - momentum @ momentum / 2
    there = at
    for _ in range(int(rng.integers(REACH // 2, REACH + REACH // 2 + 1))):
        momentum = momentum + step / 2 * (slope @ frame)
        there = there + step * (frame @ momentum)
        value, slope = density(there)
        momentum = momentum + step / 2 * (slope @ frame)
    gain = value - momentum @ momentum / 2 - before
    acceptance = exp(min(float(gain), 0.0)) if np.isfinite(gain) else 0.0
    return (there if rng.random() < acceptance else at), acceptance
