"""Growth curves fitted to a history: exponential, logistic, Gompertz, theta-logistic, Bass.

The first four are the closed flow of Eq. 2 on a log link (``simulator.dynamics.trend_flow``; the
theta-logistic is called ``richards``, as in plan files). The fifth is the diffusion law of Bass
(1969), for the number of adopters since a launch. A history is log level = curve + error, with a
robust loss that is taken as what it is, the logarithm of a density: one likelihood gives the
curve, the scale of its errors and the AICc by which the curves are weighed. Nothing is chosen:
forecasts are averages over all curves. What is too short to tell growth from saturation is
answered by the reference class, and says so.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
from scipy.optimize import least_squares
from scipy.special import erf, k1, kn

from calibration.reference import grid_at, grids
from simulator.dynamics import THETA, THETA_ZERO, trend_flow
from simulator.errors import Fault, InputError
from simulator.sampling import Array

Status = Literal["fitted", "prior_dominated", "not_converged"]

#: Fewest points of a history that is fitted at all.
FEWEST = 4
#: Smallest scale of errors that is believed. [log units]
LEAST_SCALE = 1e-6
#: Starting points from which a curve is fitted, of all that are tried.
STARTS = 2
#: Fewest proposals of parameters that draws are resampled from.
FEWEST_PROPOSALS = 1000
#: Rounds of curve, scale, curve, ...; and the change of log scale at which they stop.
ROUNDS, SETTLED = 30, 1e-4
#: Normal score of a one-sided test at 5 %: autocorrelation below it counts as none.
Z95 = 1.6448536269514722
#: Horizon at which the reference class's growth is read. [years]
HORIZON = 5


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


@dataclass(frozen=True, slots=True)
class Loss:
    """A robust loss ρ(u²) as a density exp(−ρ/2) / c of errors u in units of their scale.

    ``slope``: ρ'(u²), the weight of an error; ``influence``: derivative of u ρ'(u²);
    ``log_constant``: ln c; ``sd``: standard deviation of u under this density.
    """

    rho: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    influence: Callable[[Array], Array]
    log_constant: float
    sd: float


_HUBER = float(np.sqrt(2 * np.pi) * erf(np.sqrt(0.5)) + 2 * np.exp(-0.5))
#: The names are those of scipy.optimize.least_squares. ``soft_l1`` is a hyperbolic distribution,
#: ``huber`` the least favourable one of Huber (1964).
LOSSES: Mapping[str, Loss] = {
    "linear": Loss(lambda u: u**2, np.ones_like, np.ones_like, float(0.5 * np.log(2 * np.pi)), 1.0),
    "soft_l1": Loss(
        lambda u: 2 * (np.sqrt(1 + u**2) - 1),
        lambda u: 1 / np.sqrt(1 + u**2),
        lambda u: (1 + u**2) ** -1.5,
        float(np.log(2 * np.e * k1(1.0))),
        float(np.sqrt(kn(2, 1.0) / k1(1.0))),
    ),
    "huber": Loss(
        lambda u: np.where(np.abs(u) <= 1, u**2, 2 * np.abs(u) - 1),
        lambda u: 1 / np.maximum(np.abs(u), 1),
        lambda u: np.where(np.abs(u) <= 1, 1.0, 0.0),
        float(np.log(_HUBER)),
        float(
            np.sqrt(
                (np.sqrt(2 * np.pi) * erf(np.sqrt(0.5)) - 2 * np.exp(-0.5) + 10 * np.exp(-0.5))
                / _HUBER
            )
        ),
    ),
}


# -- results -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prior:
    """What the reference class says of growth before any history is seen.

    ``growth``: median [log units a year]; ``sd``: spread of trends [log units a year];
    ``shock_sd``: luck of one year, own and common, as it adds up over several [log units];
    ``source``: the class.
    """

    growth: float
    sd: float
    shock_sd: float
    source: str


@dataclass(frozen=True, slots=True)
class Fit:
    """One curve fitted to a history.

    ``parameters``: as in a plan file: ``level`` in the first year and ``ceiling`` [unit of the
    values], ``rate`` (exponential: growth, fraction a year; else r of Eq. 2, for ``gompertz`` the
    speed k, 1/year), ``theta``; of Bass ``p``, ``q`` [1/year]. ``estimate`` and ``covariance``: of
    the parameters ``names`` that were fitted, logarithms. ``residual_sd`` [log units]: of errors
    that are no outliers, corrected for the parameters; ``scale``: of the loss; ``variance``: robust
    residual variance behind the covariance. ``aicc``: infinite where the points are too few.
    """

    curve: str
    names: tuple[str, ...]
    estimate: Array
    covariance: Array
    scale: float
    residual_sd: float
    variance: float
    log_likelihood: float
    aicc: float
    converged: bool
    message: str

    @property
    def parameters(self) -> dict[str, float]:
        found = {
            name.removeprefix("log_"): float(np.exp(value))
            for name, value in zip(self.names, self.estimate, strict=True)
        }
        if "growth" in found:
            found["rate"] = found.pop("growth") - 1.0
        return found


@dataclass(frozen=True, slots=True)
class Forecast:
    """Quantiles of the average forecast. ``levels`` [(year, share), unit of the values]."""

    years: tuple[float, ...]
    shares: tuple[float, ...]
    levels: Array


@dataclass(frozen=True, slots=True)
class Fits:
    """All curves of one history, with the weight of each.

    ``effective``: points that count, fewer than there are where errors follow one another with
    the correlation ``autocorrelation``. Of a history that is *prior_dominated* there is one
    ``exponential``, whose growth is that of the reference class moved towards the history by
    ``data_weight``; of others the weight is 1.
    """

    years: Array
    values: Array
    sigma: Array
    loss: str
    fits: tuple[Fit, ...]
    weights: Mapping[str, float]
    autocorrelation: float
    effective: float
    prior: Prior | None
    data_weight: float
    converged: bool
    status: Status
    message: str

    def __getitem__(self, curve: str) -> Fit:
        return next(fit for fit in self.fits if fit.curve == curve)

    def forecast(
        self,
        years: Sequence[float],
        random: np.random.Generator,
        shares: Sequence[float] = (0.05, 0.5, 0.95),
        draws: int = 4000,
    ) -> Forecast:
        """Quantiles over draws of curve (by weight), parameters, scale and one year's error.

        Fitted curves: luck to come is no larger than the errors of the history, and comes back to
        the curve. Prior-dominated: from the last level on, with the luck of the reference class
        added up year by year (Eq. 4). Raises ValueError where nothing was fitted,
        InputError for years before the history begins.
        """
        if not self.converged:
            raise ValueError(self.message)
        first = float(self.years[0])
        if len(years) == 0 or not min(years) >= first:
            fields = {"value": list(map(float, years)), "allowed": f"{first:g} …"}
            raise InputError([Fault("argument_range", fields, "years")])
        z = _drawn(self, np.asarray(years, dtype=float), random, draws)
        levels = np.exp(np.quantile(z, list(shares), axis=1).T)
        return Forecast(tuple(map(float, years)), tuple(map(float, shares)), levels)


# -- fitting -------------------------------------------------------------------------------------


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


def fit(
    years: Sequence[float],
    values: Sequence[float],
    curves: Sequence[str] = tuple(FORMS),
    loss: str = "soft_l1",
    sigma: float | Sequence[float] = 1.0,
    prior: Prior | None = None,
) -> Fits:
    """Fit every curve to a history and weigh them by AICc.

    Parameters
    ----------
    years, values
        At least two points; years rise, values are above 0, in any unit.
    curves
        Some of `FORMS`.
    loss
        ``soft_l1`` (default), ``huber`` or ``linear``: see `LOSSES`.
    sigma
        Relative errors of the values [log units], one for all or one each: only their ratios
        count, their scale is estimated.
    prior
        What a history too short to be fitted falls back to; the US industries of `reference_prior`
        if not given. Too short: fewer than 4 points, or too few to fit (parameters + 2) or to
        weigh (AICc) any of the saturating curves.

    Raises
    ------
    InputError
        Naming everything that is wrong with the arguments.
    """
    _refuse(years, values, curves, loss, sigma)
    t, y = np.asarray(years, dtype=float), np.asarray(values, dtype=float)
    spread = np.broadcast_to(np.asarray(sigma, dtype=float), t.shape)
    history = History(t - t[0], np.log(y), spread / spread.mean(), LOSSES[loss])
    forms = {curve: FORMS[curve] for curve in curves}
    saturating = [form for form in forms.values() if form.saturates]
    short = len(t) < FEWEST or (saturating and all(len(t) < f.points for f in saturating))
    raw = [] if short else [_fitted(curve, form, history) for curve, form in forms.items()]
    autocorrelation, effective = _effective_points(raw, history)
    fits = tuple(_weighed(one, history, effective) for one in raw)
    usable = [one for one in fits if one.converged and np.isfinite(one.aicc)]
    common = (t, y, history.sigma, loss)
    told = any(forms[one.curve].saturates for one in usable) if saturating else bool(usable)
    if short or (not told and any(one.converged for one in fits)):
        return _prior_dominated(common, fits, prior or reference_prior())
    status: Status = "fitted" if usable else "not_converged"
    return Fits(
        *common,
        fits=fits,
        weights=_weights(fits, usable),
        autocorrelation=autocorrelation,
        effective=effective,
        prior=None,
        data_weight=1.0,
        converged=bool(usable),
        status=status,
        message=_said(fits, usable, effective),
    )


def _refuse(
    years: Sequence[float],
    values: Sequence[float],
    curves: Sequence[str],
    loss: str,
    sigma: float | Sequence[float],
) -> None:
    """Raises InputError naming everything that is wrong with the arguments of `fit`."""
    faults = []
    t, y, spread = (np.asarray(a, dtype=float) for a in (years, values, sigma))
    if t.ndim != 1 or t.shape != y.shape or spread.shape not in ((), t.shape):
        faults.append(Fault("wrong_length", {"key": "years, values, sigma"}, "values"))
    elif len(t) < 2:
        faults.append(Fault("argument_range", {"value": len(t), "allowed": "2 …"}, "years"))
    elif not np.isfinite(t).all() or (np.diff(t) <= 0).any():
        fields = {"names": "years", "values": t.tolist()}
        faults.append(Fault("distribution_order", fields, "years"))
    for name, numbers in (("values", y), ("sigma", spread)):
        wrong = numbers[~(np.isfinite(numbers) & (numbers > 0))]
        if wrong.size:
            faults.append(Fault("must_be_positive", {"value": float(wrong[0])}, name))
    for name, chosen, known in (("curves", list(curves), FORMS), ("loss", [loss], LOSSES)):
        for one in [c for c in chosen if c not in known] or ([] if chosen else [""]):
            faults.append(Fault("unknown_choice", {"value": one, "choices": list(known)}, name))
    if len(set(curves)) < len(curves):
        faults.append(Fault("duplicate_key", {"value": ", ".join(curves)}, "curves"))
    if faults:
        raise InputError(faults)


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


def _fitted(curve: str, form: Form, history: History) -> Raw:
    """Maximum likelihood of curve and scale in turns, from the best of several starts."""
    points = len(history.t)
    blank = np.full(len(form.names), np.nan)
    if points < form.points:
        said = f"needs {form.points} points, has {points}"
        return Raw(curve, form, blank, np.nan, np.full(points, np.nan), False, said)
    low, high = _bounds(form, history)
    starts = [np.clip(s, low, high) for s in _starts(curve, history)]
    starts.sort(key=lambda s: _spread(_residuals(form, history, s)))
    ends = [_settled(form, history, s, low, high) for s in starts[:STARTS]]
    estimate, scale, fine = max(ends, key=lambda end: _likelihood(form, history, *end[:2]))
    said = "" if fine else "no minimum was found"
    edge = [
        name.removeprefix("log_")
        for name, value, a, b in zip(form.names, estimate, low, high, strict=True)
        if min(value - a, b - value) < 1e-3 * (b - a)
    ]
    if fine and edge:
        said = f"the history does not show {', '.join(edge)}: at the edge of what is searched"
    u = _residuals(form, history, estimate) / scale
    return Raw(curve, form, estimate, scale, u, fine, said)


def _residuals(form: Form, history: History, p: Array) -> Array:
    """Errors in units of ``sigma``. [(year,), log units]"""
    path = form.path(p[:, None], history.t[:, None])[:, 0]
    return np.asarray((path - history.z) / history.sigma)


def _jacobian(form: Form, history: History, p: Array) -> Array:
    """∂ error / ∂ parameter by central differences, all at once. [(year, parameter)]"""
    step = 1e-5 * np.eye(len(p))
    moved = np.concatenate([p[:, None] + step, p[:, None] - step], axis=1)
    paths = form.path(moved, history.t[:, None])
    slope = (paths[:, : len(p)] - paths[:, len(p) :]) / 2e-5
    return np.asarray(slope / history.sigma[:, None])


def _likelihood(form: Form, history: History, p: Array, scale: float) -> float:
    """Logarithm of the likelihood of a curve and the scale of its errors."""
    loss, points = history.loss, len(history.t)
    lost = 0.5 * loss.rho(_residuals(form, history, p) / scale).sum()
    constant = points * (np.log(scale) + loss.log_constant) + np.log(history.sigma).sum()
    return -float(lost + constant) if np.isfinite(lost) else -np.inf


def _settled(
    form: Form, history: History, start: Array, low: Array, high: Array
) -> tuple[Array, float, bool]:
    """Curve and scale of greatest likelihood near a start, in turns, and whether they settled.

    The first scale is that of most errors at the start, so an outlier does not choose the curve.
    """
    estimate, scale = start, max(_spread(_residuals(form, history, start)), LEAST_SCALE)
    for _ in range(ROUNDS):
        estimate, done = _descended(form, history, estimate, scale, low, high)
        before, scale = scale, _scale(_residuals(form, history, estimate), history.loss, scale)
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
        return _residuals(form, history, p) / scale

    def slope(p: Array) -> Array:
        return _jacobian(form, history, p) / scale

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


def _scale(residuals: Array, loss: Loss, start: float) -> float:
    """Scale of greatest likelihood: s² = mean of ρ'((r/s)²) r². [log units]"""
    scale = max(start, LEAST_SCALE)
    for _ in range(200):
        before = scale
        square = float(np.mean(loss.slope(residuals / scale) * residuals**2))
        scale = max(np.sqrt(square), LEAST_SCALE)
        if abs(np.log(scale / before)) < 1e-9:
            break
    return float(scale)


def _robust_sd(residuals: Array, loss: Loss) -> float:
    """Standard deviation of the errors that are no outliers. [log units]

    Huber's (1964) proposal 2 with errors cut at 1.5 sd, exact under the normal law; the plain
    root mean square where the loss is not robust.
    """
    rms = float(np.sqrt(np.mean(residuals**2)))
    if loss is LOSSES["linear"]:
        return max(rms, LEAST_SCALE)
    cut, share = 1.5, 0.7784654
    sd = max(rms, LEAST_SCALE)
    for _ in range(200):
        before = sd
        bounded = np.minimum((residuals / sd) ** 2, cut**2)
        sd = max(sd * float(np.sqrt(bounded.mean() / share)), LEAST_SCALE)
        if abs(np.log(sd / before)) < 1e-9:
            break
    return sd


def _line(t: Array, z: Array) -> tuple[float, float]:
    """A robust line (Theil, 1950; Sen, 1968): level at t = 0, slope."""
    i, j = np.triu_indices(len(t), 1)
    slope = float(np.median((z[j] - z[i]) / (t[j] - t[i])))
    return float(np.median(z - slope * t)), slope


def _bounds(form: Form, history: History) -> tuple[Array, Array]:
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


# -- weighing ------------------------------------------------------------------------------------


def _effective_points(raw: Sequence[Raw], history: History) -> tuple[float, float]:
    """Lag-1 correlation of the errors of the closest curve, and n (1 − ρ) / (1 + ρ).

    Outliers are bounded by the loss. A correlation that a one-sided test at 5 % does not tell
    from none counts as none; above 0.9 as 0.9.
    """
    points = len(history.t)
    found = [one for one in raw if one.converged]
    if not found:
        return 0.0, float(points)
    closest = min(found, key=lambda one: one.scale)
    if closest.scale <= 10 * LEAST_SCALE:  # rounding errors say nothing
        return 0.0, float(points)
    e = closest.u * history.loss.slope(closest.u)
    rho = float((e[1:] * e[:-1]).sum() / (e**2).sum())
    if rho < Z95 / np.sqrt(points):
        return 0.0, float(points)
    rho = min(rho, 0.9)
    return rho, points * (1 - rho) / (1 + rho)


def _weighed(raw: Raw, history: History, effective: float) -> Fit:
    """Covariance, residual sd and AICc of one curve.

    Covariance of an M-estimate (Huber, 1981, 7.6): s² Σψ²/(n−k) / mean(ψ')² (JᵀJ)⁻¹, times n over
    effective n; the width of the search is a weak prior, so what the history does not show is as
    uncertain as the search was wide.
    """
    form, loss, points = raw.form, history.loss, len(history.t)
    blank = np.full((len(form.names), len(form.names)), np.nan)
    if not raw.converged:
        return Fit(
            raw.curve, form.names, raw.estimate, blank, raw.scale, np.nan, np.nan, np.nan,
            np.inf, False, raw.message,
        )  # fmt: skip
    k = len(form.names)
    psi = raw.u * loss.slope(raw.u)
    variance = raw.scale**2 * float((psi**2).sum()) / (points - k)
    variance *= points / effective / _influence(loss, raw.u) ** 2
    J = _jacobian(form, history, raw.estimate)
    low, high = _bounds(form, history)
    weak = 12.0 / (high - low) ** 2
    information = J.T @ J / max(variance, LEAST_SCALE**2) + np.diag(weak)
    size = np.sqrt(np.diag(information))
    covariance = np.linalg.inv(information / np.outer(size, size)) / np.outer(size, size)
    likelihood = _likelihood(form, history, raw.estimate, raw.scale)
    return Fit(
        curve=raw.curve,
        names=form.names,
        estimate=raw.estimate,
        covariance=covariance,
        scale=raw.scale,
        residual_sd=_robust_sd(raw.scale * raw.u, loss) * float(np.sqrt(points / (points - k))),
        variance=variance,
        log_likelihood=likelihood,
        aicc=aicc(likelihood * effective / points, k + 1, effective),
        converged=True,
        message=raw.message,
    )


def _influence(loss: Loss, u: Array) -> float:
    """Mean of ψ' over the errors, at least that of one of them."""
    return max(float(loss.influence(u).mean()), 1.0 / len(u))


def aicc(log_likelihood: float, parameters: int, points: float) -> float:
    """Akaike's criterion, corrected for short samples (Hurvich & Tsai, 1989).

    ``parameters`` counts the scale. Infinite where the points do not exceed them by two.
    """
    left = points - parameters - 1
    if left <= 0:
        return float(np.inf)
    return 2 * parameters - 2 * log_likelihood + 2 * parameters * (parameters + 1) / left


def _weights(fits: Sequence[Fit], usable: Sequence[Fit]) -> dict[str, float]:
    """Akaike weights exp(−Δ/2), normalised; 0 for what could not be fitted or weighed."""
    if not usable:
        return {one.curve: 0.0 for one in fits}
    least = min(one.aicc for one in usable)
    raw = {one.curve: float(np.exp((least - one.aicc) / 2)) for one in usable}
    total = sum(raw.values())
    return {one.curve: raw.get(one.curve, 0.0) / total for one in fits}


def _said(fits: Sequence[Fit], usable: Sequence[Fit], effective: float) -> str:
    """What a reader should know of the fits."""
    parts = [f"{one.curve}: {one.message}" for one in fits if one.message]
    unweighed = [one.curve for one in fits if one.converged and one not in usable]
    if unweighed:
        parts.append(f"too few points ({effective:.3g}) to weigh {', '.join(unweighed)}")
    return "; ".join(parts)


# -- the reference class -------------------------------------------------------------------------


@cache
def _shocks() -> dict[str, float]:
    """Values of ``data/shocks.csv`` by name."""
    source = files("calibration") / "data" / "shocks.csv"
    with source.open(encoding="utf-8") as stream:
        return {row["name"]: float(row["value"]) for row in csv.DictReader(stream)}


def reference_prior(
    reference_class: str = "us_industries", quantity: str = "output_growth"
) -> Prior:
    """The trend prior of a reference class: median of its five-year growth, spread and luck.

    The median is of the class; spread of trends and luck are of US industries whatever the class
    (``data/shocks.csv``: no other panel is fit for them). Luck is Eq. 4's: own shocks, and the
    common one of loading λ and persistence φ, which adds up as λ √((1+φ)/(1−φ)) a year. Raises
    InputError for a class that is not tabulated or a quantity that is no growth of output.
    """
    growths = ("output_growth", "nominal_output_growth")
    if quantity not in growths:
        raise InputError.of("unknown_choice", "quantity", value=quantity, choices=list(growths))
    try:
        grid = grid_at(reference_class, quantity, HORIZON)
    except ValueError:
        raise InputError.of(
            "unknown_choice", "reference_class", value=reference_class, choices=list(_classes())
        ) from None
    median = float(np.interp(0.5, grid.quantiles, grid.values))
    shocks = _shocks()
    phi = shocks["common_phi_effective"]
    common = shocks["common_loading_effective"] * np.sqrt((1 + phi) / (1 - phi))
    return Prior(
        growth=float(np.log1p(median)),
        sd=shocks["output_trend_sd_fit"],
        shock_sd=float(np.hypot(shocks["output_shock_sd_fit"], common)),
        source=f"{reference_class} {quantity}",
    )


def _classes() -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name, _ in grids()))


def _prior_dominated(
    common: tuple[Array, Array, Array, str], fits: tuple[Fit, ...], prior: Prior
) -> Fits:
    """Growth of the reference class, moved towards the history's by the weight of its years.

    Mean growth over T years is the trend plus luck of variance σ²/T (Eq. 4, a random walk), so
    the history's weight is sd² / (sd² + σ²/T): 3 % after one year, 8 % after three. The level
    is that of the last year.
    """
    t, y, _, _ = common
    z, span = np.log(y), float(t[-1] - t[0])
    weight = prior.sd**2 / (prior.sd**2 + prior.shock_sd**2 / span)
    observed = float(z[-1] - z[0]) / span
    growth = prior.growth + weight * (observed - prior.growth)
    variance = prior.sd**2 * (1 - weight)
    way = np.array([-span, 1.0])  # the level of the first year follows from that of the last
    one = Fit(
        curve="exponential",
        names=FORMS["exponential"].names,
        estimate=np.array([z[-1] - growth * span, growth]),
        covariance=variance * np.outer(way, way),
        scale=prior.shock_sd,
        residual_sd=prior.shock_sd,
        variance=prior.shock_sd**2,
        log_likelihood=np.nan,
        aicc=np.inf,
        converged=True,
        message="prior-dominated",
    )
    others = tuple(f for f in fits if f.curve != "exponential")
    return Fits(
        *common,
        fits=(one, *others),
        weights={"exponential": 1.0, **{f.curve: 0.0 for f in others}},
        autocorrelation=0.0,
        effective=float(len(t)),
        prior=prior,
        data_weight=weight,
        converged=True,
        status="prior_dominated",
        message=(
            f"prior-dominated: {len(t)} points cannot tell growth from saturation; growth is that "
            f"of the reference class ({prior.source}), in which the history has a weight of "
            f"{100 * weight:.0f} %"
        ),
    )


# -- forecasting ---------------------------------------------------------------------------------


def _drawn(fits: Fits, years: Array, random: np.random.Generator, draws: int) -> Array:
    """Draws of log levels. [(year, draw)]"""
    if fits.prior is not None:
        growth = fits.fits[0]
        ahead = (years - fits.years[-1])[:, None]
        trend = growth.estimate[1] + np.sqrt(growth.covariance[1, 1]) * random.standard_normal(
            draws
        )
        luck = np.sqrt(np.abs(ahead)) * fits.prior.shock_sd
        return np.asarray(
            np.log(fits.values[-1]) + trend * ahead + luck * random.standard_normal((1, draws))
        )
    history = History(
        fits.years - fits.years[0], np.log(fits.values), fits.sigma, LOSSES[fits.loss]
    )
    shares = np.array([fits.weights[one.curve] for one in fits.fits])
    counts = _shared_out(shares, draws)
    parts = []
    for one, count in zip(fits.fits, counts, strict=True):
        if count:
            p, sd = _parameters(one, history, fits.effective, random, int(count))
            path = FORMS[one.curve].path(p, (years - fits.years[0])[:, None])
            parts.append(path + sd * random.standard_normal(path.shape))
    return np.concatenate(parts, axis=1)


def _shared_out(shares: Array, draws: int) -> Array:
    """Whole draws in proportion to shares, by largest remainder."""
    exact = shares * draws
    counts = np.floor(exact).astype(int)
    order = np.argsort(counts - exact, kind="stable")
    counts[order[: draws - counts.sum()]] += 1
    return counts


def _parameters(
    one: Fit, history: History, effective: float, random: np.random.Generator, draws: int
) -> tuple[Array, Array]:
    """Draws of a curve's parameters and of its residual sd. [(parameter, draw)], [(draw,)]

    Proposed from the normal law of the estimate, at a scale with its own doubt (χ² with as many
    degrees of freedom as effective points exceed parameters); then resampled by the likelihood
    inside the bounds (raised to the power at which its curvature is that of the covariance), as a
    ceiling that the history hardly shows is nothing like normal.
    """
    form, loss, k = FORMS[one.curve], history.loss, len(one.names)
    freedom = max(effective - k, 2.0)
    proposals = max(4 * draws, FEWEST_PROPOSALS)
    doubt = np.sqrt(freedom / random.chisquare(freedom, proposals))
    values, vectors = np.linalg.eigh(one.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    score = random.standard_normal((k, proposals))
    p = one.estimate[:, None] + root @ score * doubt
    p[:, 0], score[:, 0] = one.estimate, 0.0  # one proposal is always inside the bounds
    low, high = _bounds(form, history)
    inside = ((p >= low[:, None]) & (p <= high[:, None])).all(axis=0)
    best = _residuals(form, history, one.estimate) / one.scale
    power = one.scale**2 / (one.variance * _influence(loss, best))
    with np.errstate(all="ignore"):
        errors = (form.path(p, history.t[:, None]) - history.z[:, None]) / history.sigma[:, None]
        lost = loss.rho(errors / (one.scale * doubt)) - loss.rho(best[:, None] / doubt)
    log_weight = 0.5 * (score**2).sum(axis=0) - 0.5 * power * lost.sum(axis=0)
    log_weight = np.where(inside & np.isfinite(log_weight), log_weight, -np.inf)
    weight = np.exp(log_weight - log_weight.max())
    edges = np.cumsum(weight / weight.sum())
    chosen = np.searchsorted(edges, (np.arange(draws) + random.uniform()) / draws)
    chosen = random.permutation(np.minimum(chosen, proposals - 1))
    return p[:, chosen], one.residual_sd * doubt[chosen]
