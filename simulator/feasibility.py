"""Indicators × targets → met or not, in every future; and the words for a probability."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from plansim.simulator.plan import Plan, Target
from plansim.simulator.sampling import Array, centre

Bools = NDArray[np.bool_]

#: The IPCC likelihood scale (Mastrandrea et al. 2010, guidance note, table 1): a probability at or
#: above the bound is worded so; the codes are sentences of the message catalogue.
LIKELIHOOD = (
    (0.99, "virtually_certain"),
    (0.90, "very_likely"),
    (0.66, "likely"),
    (0.33, "about_as_likely_as_not"),
    (0.10, "unlikely"),
    (0.01, "very_unlikely"),
)
#: Normal score of the ends of a 95 % interval.
Z975 = 1.959963984540054


# -- reading an indicator as the target words it (Eq. 11, 12) --------------------------------------


def _level(path: Array, goal: "Goal") -> Array:
    return path


def _change(path: Array, goal: "Goal") -> Array:
    """Eq. 12: change against the base year, in percent, or in the indicator's own unit."""
    base = path[goal.base]
    return np.asarray(path / base - 1 if goal.target.unit == "%" else path - base)


def _growth(path: Array, goal: "Goal") -> Array:
    """Eq. 11: growth a year, averaged since the base year or of the last year. [fraction]"""
    read = np.full_like(path, np.nan)
    if goal.window == "last_year":
        later, before = goal.neighbours
        read[later] = path[later] / path[before] - 1
    else:
        since = np.asarray(goal.years[goal.base + 1 :], dtype=float) - goal.years[goal.base]
        ratio = np.maximum(path[goal.base + 1 :] / path[goal.base], 0.0)  # may turn negative
        read[goal.base + 1 :] = ratio ** (1 / since[:, None]) - 1
    return read


def _yearly(path: Array, goal: "Goal") -> Array:
    read = np.full_like(path, np.nan)
    later, before = goal.neighbours
    read[later] = path[later] - path[before]
    return read


READINGS: Mapping[str, Callable[[Array, "Goal"], Array]] = {
    "level": _level,
    "share": _level,
    "rate": _level,
    "cumulative_count": _level,
    "change_vs_base": _change,
    "annual_growth": _growth,
    "per_year": _yearly,
}


@dataclass(frozen=True, slots=True)
class Goal:
    """A judged target, ready to be compared: where it stands and what counts as met.

    ``threshold`` and ``tolerance`` are in base units; ``sign`` is +1 where higher is better, −1
    where lower is, 0 where it must hold. ``years``: the year axis; ``base`` and ``year`` are
    positions on it.
    """

    target: Target
    sign: int
    threshold: float
    tolerance: float
    base: int
    year: int
    every_year: bool
    window: str
    years: tuple[int, ...]

    @classmethod
    def of(cls, target: Target, plan: Plan) -> "Goal":
        sign = {"up": 1, "down": -1, "hold": 0}[target.direction]
        if target.comparator == "at_most":
            sign = -1
        bounds = [b for b in (target.low, target.high) if b is not None]
        stated = max(bounds) if sign < 0 else min(bounds)
        threshold = stated * target.scale
        years = tuple(plan.years)
        return cls(
            target=target,
            sign=sign,
            threshold=threshold,
            tolerance=tolerance(target, threshold, plan),
            base=(target.base_year or plan.plan.base_year) - years[0],
            year=(target.year or years[-1]) - years[0],
            every_year=target.comparator == "every_year",
            window=plan.assumptions.growth_window.value,
            years=years,
        )

    @property
    def decisive(self) -> frozenset[int]:
        """The years that decide whether it is met in its own one, and its base year.

        Found by reading: where a path that lacks one year cannot be read, that year was looked at.
        """
        path = np.ones((len(self.years), len(self.years)))
        np.fill_diagonal(path, np.nan)
        first = self.base + 1 if self.every_year else self.year
        missed = np.isnan(self.read(path)[first : self.year + 1]).any(axis=0)
        looked_at = {self.base, self.year, *np.flatnonzero(missed).tolist()}
        return frozenset(self.years[place] for place in looked_at)

    def among(self, years: tuple[int, ...]) -> "Goal":
        """The same on an axis of fewer years: all ``decisive`` ones, and perhaps others."""
        base, year = self.years[self.base], self.years[self.year]
        return replace(self, years=years, base=years.index(base), year=years.index(year))

    @property
    def neighbours(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Positions of the years whose last year is on the axis too, and of those last years."""
        before = np.flatnonzero(np.diff(self.years) == 1)
        return before + 1, before

    def read(self, path: Array) -> Array:
        """The indicator as the target words it, on the year axis; NaN where years are missing.
        [(year, draw), base units]
        """
        return READINGS[self.target.basis](path, self)

    def met(self, read: Array) -> Bools:
        """d·(x − T) ≥ −tolerance, year by year; the base year and earlier never count."""
        slack = self.tolerance + 1e-12 * abs(self.threshold)
        hit = read >= self.threshold - slack if self.sign >= 0 else read <= self.threshold + slack
        if self.sign == 0:
            hit &= read <= self.threshold + slack
        hit[: self.base + 1] = False
        if self.every_year:
            hit[self.base + 1 :] = np.logical_and.accumulate(hit[self.base + 1 :], axis=0)
        return np.asarray(hit)


def tolerance(target: Target, threshold: float, plan: Plan) -> float:
    """How far a target may be missed and still count, by its comparator. [base units]"""
    a = plan.assumptions
    if target.comparator == "near_below":
        return centre(a.near_tolerance) * abs(threshold)
    if target.comparator != "approx":
        return 0.0
    if target.basis == "annual_growth":
        return centre(a.about_growth_tolerance)
    if target.unit == "%" or target.basis in ("share", "rate"):
        return centre(a.about_share_tolerance)
    return centre(a.about_tolerance) * abs(threshold)


# -- required growth and the reference class -------------------------------------------------------


def required_growth(goal: Goal, base_level: float) -> float | None:
    """Growth a year from the base level that just meets the target. [fraction; None: no base]"""
    span = goal.year - goal.base
    needed = goal.threshold - goal.sign * goal.tolerance
    if goal.target.basis == "annual_growth":
        return needed
    if goal.target.basis == "change_vs_base" and goal.target.unit == "%":
        return float((1 + needed) ** (1 / span) - 1)
    if goal.target.basis == "change_vs_base":
        needed += base_level
    if goal.target.basis == "per_year" or base_level <= 0 or needed <= 0:
        return None
    return float((needed / base_level) ** (1 / span) - 1)


def required_change(goal: Goal, base_level: float) -> float:
    """Total change from the base level that just meets the target, as the reference class has it.

    Points of a share [fraction of one]; of anything else the change relative to the base.
    """
    needed = goal.threshold - goal.sign * goal.tolerance
    if goal.target.basis == "change_vs_base":
        return needed
    change = needed - base_level
    return change if goal.target.basis in ("share", "rate") else change / base_level


# -- probabilities and words -----------------------------------------------------------------------


def wilson(share: float, number: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share seen in ``number`` independent trials."""
    if number <= 0:
        return 0.0, 1.0
    z2 = Z975 * Z975
    middle = (share + z2 / (2 * number)) / (1 + z2 / number)
    half = Z975 * np.sqrt(share * (1 - share) / number + z2 / (4 * number**2)) / (1 + z2 / number)
    low = 0.0 if share == 0 else max(0.0, float(middle - half))
    high = 1.0 if share == 1 else min(1.0, float(middle + half))
    return low, high


def parameter_share(both: float, share: float) -> float | None:
    """Share of the doubt that better data could remove: (mean(I·I′) − p²) / (p(1−p)).

    ``both``: share of parameter draws whose two sets of luck both meet the target. None at 0, 1.
    """
    if share <= 0 or share >= 1:
        return None
    return float(np.clip((both - share * share) / (share * (1 - share)), 0.0, 1.0))


def interval(
    share: float, futures: float, common: float | None, paired: float = 1.0
) -> tuple[float, float]:
    """Simulation interval of a probability from two futures a draw: Wilson on 2N/(1+share).

    ``futures`` is 2N, ``common`` the parameter share of the doubt, ``paired`` the share of the
    futures whose twin, with the other set of luck, counts too.
    """
    return wilson(share, futures / (1 + paired * (common or 0.0)))


def replicated_interval(shares: Array) -> tuple[float, float]:
    """95 % interval from the shares of independent scramblings: t on their means."""
    half = float(stdtrit(len(shares) - 1, 0.975) * shares.std(ddof=1) / np.sqrt(len(shares)))
    middle = float(shares.mean())
    return max(0.0, middle - half), min(1.0, middle + half)


def likelihood(probability: float) -> str:
    """The code of the IPCC word for a probability."""
    for bound, word in LIKELIHOOD:
        if probability >= bound:
            return word
    return "exceptionally_unlikely"


def is_borderline(low: float, high: float) -> bool:
    """Whether a simulation interval straddles two words."""
    return likelihood(low) != likelihood(high)
