"""Reference classes: what a class of industries says of the luck of a quantity (Eq. 4a)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


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
class CommonModel:
    """One model of the common part: its process, in units of √``variance`` times its annual sd,
    and how likely it is before anything is seen.
    """

    part: Own
    variance: float
    weight: float


@dataclass(frozen=True, slots=True)
class ReferenceClass:
    """What a class of industries says of the luck of one quantity.

    ``own``: the process of own parts; ``shock_sd`` [link units, a year]: its unit at the class's
    median size; ``common_sd`` [link units, a year] and ``common``: the part that all share;
    ``correlation`` of its annual shock with that of output; ``widening``: w at some years ahead, on
    straight lines between; ``freedom`` of the scale that the years of a path share.
    """

    own: Own
    shock_sd: float
    common_sd: float
    common: tuple[CommonModel, ...]
    correlation: float
    widening: tuple[tuple[float, float], ...]
    freedom: float
    source: str

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
