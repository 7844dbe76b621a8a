"""Curves as they were fitted to a history, with their weights, and forecasts averaged over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from plansim.calibration.curve_search import History, residuals, search_bounds
from plansim.calibration.curves import FORMS
from plansim.calibration.robust import LOSSES, mean_influence
from plansim.calibration.trend_prior import Prior
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.sampling import Array

Status = Literal["fitted", "prior_dominated", "not_converged"]

#: Fewest proposals of parameters that draws are resampled from.
FEWEST_PROPOSALS = 1000


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
        z = drawn(self, np.asarray(years, dtype=float), random, draws)
        levels = np.exp(np.quantile(z, list(shares), axis=1).T)
        return Forecast(tuple(map(float, years)), tuple(map(float, shares)), levels)


def drawn(fits: Fits, years: Array, random: np.random.Generator, draws: int) -> Array:
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
    low, high = search_bounds(form, history)
    inside = ((p >= low[:, None]) & (p <= high[:, None])).all(axis=0)
    best = residuals(form, history, one.estimate) / one.scale
    power = one.scale**2 / (one.variance * mean_influence(loss, best))
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
