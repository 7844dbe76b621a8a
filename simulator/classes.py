"""Reference classes: what a class of industries says of the luck of a quantity (Eq. 4a)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
#: What is left of a common drift a year later: half fades in 17 years. Judgement, after Easterly et
#: al. (1993) and Pritchett & Summers (2014): growth regresses to the mean.
DRIFT_LEFT = 0.96


@dataclass(frozen=True, slots=True)
class Own:
    """A part of a quantity, in units of its annual shock. [-]"""

    trend_sd: float  # [1/year]
    trend_persistence: float  # φ: share of the trend's growth that is left a year later
    persistence: float  # ρ
    passing: float  # variance of what passes
    passing_persistence: float  # π

    @property
    def level_variance(self) -> float:
        """Stationary variance of what reverts; 0 for what stays: its level tells nothing."""
        return 0.0 if self.persistence >= 1.0 else 1.0 / (1.0 - self.persistence**2)


@dataclass(frozen=True, slots=True)
class States:
    """What a past says of the states of a base year: ``mean`` [link units, (state,)], a ``root`` of
    their covariance in units of the annual shock [(state, score)], and what the class expects of
    the first year beside them, ``drift`` [link units].
    """

    mean: Array
    root: Array
    drift: float = 0.0


@dataclass(frozen=True, slots=True)
class CommonModel:
    """One model of the common part: its process, in units of √``variance`` times its annual sd,
    how likely it is, and its states; the stationary ones where none are given.
    """

    part: Own
    variance: float
    weight: float
    states: States | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """What its past says of one quantity: its states, its own shock [link units, a year], and how
    much of the common part it takes.
    """

    states: States
    shock_sd: float
    share: float


@dataclass(frozen=True, slots=True)
class ReferenceClass:
    """What a class of industries says of the luck of one quantity.

    ``own``: the process of own parts; ``shock_sd`` [link units, a year]: its unit at the class's
    median size; ``common_sd`` [link units, a year] and ``common``: the part that all share;
    ``correlation`` of its annual shock with that of output; ``widening``: w at some years ahead, on
    straight lines between; ``freedom`` of the scale that the years of a path share; ``past``: by
    quantity, where one is known.
    """

    own: Own
    shock_sd: float
    common_sd: float
    common: tuple[CommonModel, ...]
    correlation: float
    widening: tuple[tuple[float, float], ...]
    freedom: float
    source: str
    past: Mapping[str, Past] = field(default_factory=dict)

    def annual_sd(self) -> float:
        """sd of own annual changes, which is a plan's ``luck.sd``, over own shock. [-]"""
        own = self.own
        stays = 1.0 if own.persistence >= 1.0 else 2.0 / (1.0 + own.persistence)
        passes = 2.0 * own.passing * (1.0 - own.passing_persistence)
        return float(np.sqrt(stays + passes + own.trend_sd**2))

    def widths(self, years: int) -> Array:
        """w of years 1, 2, … [(year,)]"""
        at, width = zip(*self.widening, strict=True)
        return np.asarray(np.interp(np.arange(1.0, years + 1.0), at, width))
