"""Curves fitted to a history and weighed: one likelihood gives the curve, its errors and the AICc.

Nothing is chosen: forecasts are averages over all curves. What is too short to tell growth from
saturation is answered by the reference class, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plansim.calibration.curve_forecast import Fit, Fits, Status
from plansim.calibration.curve_search import (
    History,
    Raw,
    jacobian,
    log_likelihood,
    search_bounds,
    searched,
)
from plansim.calibration.curves import FORMS
from plansim.calibration.robust import LEAST_SCALE, LOSSES, mean_influence, robust_sd
from plansim.calibration.trend_prior import Prior, reference_prior
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.sampling import Z95, Array

#: Fewest points of a history that is fitted at all.
FEWEST = 4


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
    raw = [] if short else [searched(curve, form, history) for curve, form in forms.items()]
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
    variance *= points / effective / mean_influence(loss, raw.u) ** 2
    J = jacobian(form, history, raw.estimate)
    low, high = search_bounds(form, history)
    weak = 12.0 / (high - low) ** 2
    information = J.T @ J / max(variance, LEAST_SCALE**2) + np.diag(weak)
    size = np.sqrt(np.diag(information))
    covariance = np.linalg.inv(information / np.outer(size, size)) / np.outer(size, size)
    likelihood = log_likelihood(form, history, raw.estimate, raw.scale)
    return Fit(
        curve=raw.curve,
        names=form.names,
        estimate=raw.estimate,
        covariance=covariance,
        scale=raw.scale,
        residual_sd=robust_sd(raw.scale * raw.u, loss) * float(np.sqrt(points / (points - k))),
        variance=variance,
        log_likelihood=likelihood,
        aicc=aicc(likelihood * effective / points, k + 1, effective),
        converged=True,
        message=raw.message,
    )


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
