"""One curve fitted to one history: greatest likelihood of the curve and the scale of its errors.

A history is log level = curve + error, with a robust loss that is taken as what it is, the
logarithm of a density; curve and scale are found in turns, from the best of several starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from plansim.calibration.curves import FORMS, Form
from plansim.calibration.robust import LEAST_SCALE, LOSSES, Loss, scale_of
from plansim.simulator.sampling import Array

#: Starting points from which a curve is fitted, of all that are tried.
STARTS = 2
#: Rounds of curve, scale, curve, ...; and the change of log scale at which they stop.
ROUNDS, SETTLED = 30, 1e-4


@dataclass(frozen=True, slots=True)
class History:
    """A history ready to be fitted: ``t`` years since the first, ``z`` log level, ``sigma``."""

    t: Array
    z: Array
    sigma: Array
    loss: Loss

    @property
    def span(self) -> float:
        return float(self.t[-1])


@dataclass(frozen=True, slots=True)
class Raw:
    """A curve before it is weighed: ``u``, its errors in units of their scale."""

    curve: str
    form: Form
    estimate: Array
    scale: float
    u: Array
    converged: bool
    message: str


def searched(curve: str, form: Form, history: History) -> Raw:
    """Maximum likelihood of curve and scale in turns, from the best of several starts."""
    points = len(history.t)
    blank = np.full(len(form.names), np.nan)
    if points < form.points:
        said = f"needs {form.points} points, has {points}"
        return Raw(curve, form, blank, np.nan, np.full(points, np.nan), False, said)
    low, high = search_bounds(form, history)
    starts = [np.clip(s, low, high) for s in _starts(curve, history)]
    starts.sort(key=lambda s: _spread(residuals(form, history, s)))
    ends = [_settled(form, history, s, low, high) for s in starts[:STARTS]]
    estimate, scale, fine = max(ends, key=lambda end: log_likelihood(form, history, *end[:2]))
    said = "" if fine else "no minimum was found"
    edge = [
        name.removeprefix("log_")
        for name, value, a, b in zip(form.names, estimate, low, high, strict=True)
        if min(value - a, b - value) < 1e-3 * (b - a)
    ]
    if fine and edge:
        said = f"the history does not show {', '.join(edge)}: at the edge of what is searched"
    u = residuals(form, history, estimate) / scale
    return Raw(curve, form, estimate, scale, u, fine, said)


def residuals(form: Form, history: History, p: Array) -> Array:
    """Errors in units of ``sigma``. [(year,), log units]"""
    path = form.path(p[:, None], history.t[:, None])[:, 0]
    return np.asarray((path - history.z) / history.sigma)


def jacobian(form: Form, history: History, p: Array) -> Array:
    """∂ error / ∂ parameter by central differences, all at once. [(year, parameter)]"""
    step = 1e-5 * np.eye(len(p))
    moved = np.concatenate([p[:, None] + step, p[:, None] - step], axis=1)
    paths = form.path(moved, history.t[:, None])
    slope = (paths[:, : len(p)] - paths[:, len(p) :]) / 2e-5
    return np.asarray(slope / history.sigma[:, None])


def log_likelihood(form: Form, history: History, p: Array, scale: float) -> float:
    """Logarithm of the likelihood of a curve and the scale of its errors."""
    loss, points = history.loss, len(history.t)
    lost = 0.5 * loss.rho(residuals(form, history, p) / scale).sum()
    constant = points * (np.log(scale) + loss.log_constant) + np.log(history.sigma).sum()
    return -float(lost + constant) if np.isfinite(lost) else -np.inf


def _settled(
    form: Form, history: History, start: Array, low: Array, high: Array
) -> tuple[Array, float, bool]:
    """Curve and scale of greatest likelihood near a start, in turns, and whether they settled.

    The first scale is that of most errors at the start, so an outlier does not choose the curve.
    """
    estimate, scale = start, max(_spread(residuals(form, history, start)), LEAST_SCALE)
    for _ in range(ROUNDS):
        estimate, done = _descended(form, history, estimate, scale, low, high)
        before, scale = scale, scale_of(residuals(form, history, estimate), history.loss, scale)
        if not done or abs(np.log(scale / before)) < SETTLED:
            return estimate, scale, done
    return estimate, scale, False


def _spread(residuals: Array) -> float:
    """Median of absolute errors, as the sd of a normal law; infinite where a path is not finite."""
    found = 1.4826 * float(np.median(np.abs(residuals)))
    return found if np.isfinite(found) else np.inf


def _descended(
    form: Form, history: History, start: Array, scale: float, low: Array, high: Array
) -> tuple[Array, bool]:
    """Parameters of least loss near ``start`` at a given scale, and whether they were found."""
    name: Any = next(key for key, loss in LOSSES.items() if loss is history.loss)

    def errors(p: Array) -> Array:
        return residuals(form, history, p) / scale

    def slope(p: Array) -> Array:
        return jacobian(form, history, p) / scale

    with np.errstate(all="ignore"):
        if not np.isfinite(errors(start)).all():
            return start, False
        found = least_squares(
            errors,
            start,
            jac=slope,
            bounds=(low, high),
            loss=name,
            x_scale="jac",
            ftol=1e-12,
            xtol=1e-12,
            gtol=1e-12,
            max_nfev=300,
        )
    return np.asarray(found.x), bool(found.success)


def _line(t: Array, z: Array) -> tuple[float, float]:
    """A robust line (Theil, 1950; Sen, 1968): level at t = 0, slope."""
    i, j = np.triu_indices(len(t), 1)
    slope = float(np.median((z[j] - z[i]) / (t[j] - t[i])))
    return float(np.median(z - slope * t)), slope


def search_bounds(form: Form, history: History) -> tuple[Array, Array]:
    """Where parameters are searched, relative to the history's own levels and length."""
    bottom, top, span = float(history.z.min()), float(history.z.max()), history.span
    hundred = float(np.log(100.0))
    ranges = {
        "log_level": (bottom - hundred, top + hundred),
        "log_growth": (-20.0 / span, 20.0 / span),
        "log_rate": (np.log(0.01 / span), np.log(50.0 / span)),
        "log_ceiling": (bottom - hundred, top + hundred),
        "log_theta": (np.log(0.05), np.log(20.0)),
        "log_p": (np.log(1e-6 / span), np.log(10.0 / span)),
        "log_q": (np.log(1e-2 / span), np.log(50.0 / span)),
    }
    low, high = zip(*(ranges[name] for name in form.names), strict=True)
    return np.array(low), np.array(high)


def _starts(curve: str, history: History) -> list[Array]:
    """Guesses from the history: a robust line, or ceilings near and far with the rate they mean."""
    t, z = history.t, history.z
    level, slope = _line(t, z)
    if curve == "exponential":
        return [np.array([level, slope])]
    top = float(z.max())
    near = [np.log(1.02), np.log(1.3), np.log(3.0), np.log(20.0)]
    if curve == "bass":
        return [
            np.array([top + gap, np.log(share * pace / history.span), np.log(pace / history.span)])
            for gap in near
            for share, pace in ((0.01, 8.0), (0.05, 4.0), (0.5, 2.0))
        ]
    found = []
    for theta in {"logistic": [1.0], "gompertz": [0.0]}.get(curve, [0.3, 1.0, 3.0]):
        for ceiling in [*(top + gap for gap in near), *(float(z.min()) - gap for gap in near)]:
            rate = _rate_towards(ceiling, theta, history)
            guess = [z[0], np.log(rate), ceiling, np.log(max(theta, 1e-9))]
            found.append(np.array(guess[: len(FORMS[curve].names)]))
    return found


def _rate_towards(ceiling: float, theta: float, history: History) -> float:
    """r (θ → 0: k) of Eq. 2 if the ceiling were known: log |exp(θ(z̄ − z)) − 1| falls at rθ."""
    gap = ceiling - history.z
    bent = np.log(np.abs(np.expm1(theta * gap) if theta else gap))
    speed = max(-_line(history.t, bent)[1], 0.05 / history.span)
    return speed / theta if theta else speed
