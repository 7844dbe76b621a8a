"""Growth curves: exponential, logistic, Gompertz, theta-logistic, Bass, and their closed forms.

The first four are the closed flow of Eq. 2 on a log link (``simulator/dynamics.py``: trend_flow;
the theta-logistic is called ``richards``, as in plan files). The fifth is the diffusion law of Bass
(1969), for the number of adopters since a launch. ``curve_fit.py`` fits them to a history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from plansim.simulator.dynamics import THETA, THETA_ZERO, trend_flow
from plansim.simulator.sampling import Array

# -- closed forms --------------------------------------------------------------------------------


def doubling_time(rate: float) -> float:
    """Years in which what grows by ``rate`` [fraction a year] doubles; negative: halves."""
    return float(np.log(2.0) / np.log1p(rate))


def inflection_level(ceiling: float, theta: float = 1.0) -> float:
    """Level at which a theta-logistic curve grows most a year: K (1 + θ)^(−1/θ). [as ceiling]

    Logistic, θ = 1: K / 2. Gompertz, θ → 0: K / e.
    """
    if abs(theta) < THETA_ZERO:
        return float(ceiling / np.e)
    return float(ceiling * (1.0 + theta) ** (-1.0 / theta))


def bass(years: Array, p: Array, q: Array) -> Array:
    """Share of all future adopters who have adopted ``years`` after the launch. [fraction]

    F(t) = (1 − exp(−(p+q) t)) / (1 + (q/p) exp(−(p+q) t)), with p, q: rates of innovation and
    imitation [1/year]. Source: Bass (1969), Management Science 15, 215-227.
    """
    decay = np.exp(-(p + q) * years)
    return np.asarray(-np.expm1(-(p + q) * years) / (1.0 + (q / p) * decay))


def bass_peak(p: float, q: float) -> float:
    """Years after the launch at which most adopt: ln(q/p) / (p+q), 0 where p > q.

    By then the share (1 − p/q) / 2 has adopted.
    """
    return float(max(np.log(q / p), 0.0) / (p + q))


# -- curves in the parameters they are fitted in -------------------------------------------------


@dataclass(frozen=True, slots=True)
class Form:
    """One curve: parameters [(parameter, draw)] and years since the first [(year, 1)] → log level.

    ``names`` of the fitted parameters; those that begin with ``log_`` are reported as numbers.
    """

    names: tuple[str, ...]
    path: Callable[[Array, Array], Array]
    saturates: bool = True

    @property
    def points(self) -> int:
        """Points that it needs: two more than it has parameters."""
        return len(self.names) + 2


def _exponential(p: Array, years: Array) -> Array:
    return trend_flow(p[0], p[1], np.inf, 1.0, years)


def _flow(curve: str) -> Callable[[Array, Array], Array]:
    def path(p: Array, years: Array) -> Array:
        theta = THETA[curve] if curve in THETA else np.exp(p[3])
        return trend_flow(p[0], np.exp(p[1]), p[2], theta, years)

    return path


def _bass_path(p: Array, years: Array) -> Array:
    """The launch is one year before the first: at the end of the first year a year has passed."""
    with np.errstate(divide="ignore"):
        return np.asarray(p[0] + np.log(bass(years + 1.0, np.exp(p[1]), np.exp(p[2]))))


_SATURATING = ("log_level", "log_rate", "log_ceiling")
FORMS: Mapping[str, Form] = {
    "exponential": Form(("log_level", "log_growth"), _exponential, saturates=False),
    "logistic": Form(_SATURATING, _flow("logistic")),
    "gompertz": Form(_SATURATING, _flow("gompertz")),
    "richards": Form((*_SATURATING, "log_theta"), _flow("richards")),
    "bass": Form(("log_ceiling", "log_p", "log_q"), _bass_path),
}
