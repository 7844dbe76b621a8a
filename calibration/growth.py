"""The forecasting law: Eq. 1, 2 and 4 as a predictive distribution, learned from a class.

In link space (log output, logit value-added rate, log energy per value added) series i is

    z_i(t) = C(t) + u_i(t)                              common part, own part
    u_i    = n_i + p_i + g_i, in units of the own shock σ_i:
    n_i(t+1) = ρ n_i(t) + ε                             luck that stays (ρ = 1) or reverts
    p_i      an AR(1) of variance `passing`             what passes: stocks, strikes, reporting
    g_i(t+1) = g_i(t) + τ_i(t+1)                        trend; τ an AR(1) of sd `trend_sd`

C is a random walk with a slowly fading drift; that of a rate may revert as well. All of it is
Gaussian given σ_i, so the forecast is linear in the past and its weights follow from a few
variances. With K = L Lᵀ the covariance of past and future changes, e = L⁻¹ Δu are innovations,
and both the forecast and its error are sums of rows of L. log σ_i is that of the weighted mean of
|e|, drawn to the size law σ ∝ S^b of the class by what the two are worth: no past at all leaves
the class. Tails are Student's t; their width and freedom at each horizon are those of the class's
own forecasts within its window.

A `Law` says what a class of industries knew by the end of one year. Nothing in it has a unit but
`shock_sd` and `common_sd`, so it carries over to series in any unit of money or energy.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from plansim.simulator.classes import DRIFT_LEFT, Own

Array = NDArray[np.float64]
Link = Callable[[Any], Any]

#: Quantities, as columns of a panel are called.
QUANTITIES = ("output", "va_rate", "energy_intensity")
HORIZONS = (1, 3, 5, 10)  # [years]
AHEAD = max(HORIZONS)
#: A class says something from so many industries and annual changes on.
FEWEST_INDUSTRIES, FEWEST_CHANGES = 8, 10
#: Age at which an innovation counts half for the size of the shocks. Judgement. [years]
HALF_LIFE = 5.0
#: Variance of the logarithm of one absolute innovation around that of their mean: π²/8 for a normal
#: one; that of log mean |e| of n is CHANCE / n, over series of the class by five years. Measured.
CHANCE = 0.8
#: Variance of the log shock of a place's typical series around that of its class, beyond ω²: places
#: are calm or wild. One series cannot tell its place from itself. Judgement.
PLACE_VARIANCE = 1.0
#: A panel's own variance of its common part against that of the class, which counts as so many
#: years. Judgement.
CLASS_YEARS = 20.0
#: Beyond what industries span the size law is not followed. [log output]
SIZE_REACH = 5.0
#: Years of a panel that say how it differs from its class. Judgement.
RECENT = 30
#: How much of a common drift is left a year later: half fades in 17 years. Judgement, after
#: Easterly et al. (1993) and Pritchett & Summers (2014): growth regresses to the mean.
DRIFT_PERSISTENCE = DRIFT_LEFT
#: Models of the common part that are averaged: persistence of its level, sd of its drift [in units
#: of its annual sd, 1/year], prior weight. A drift twice as large is held a fifth as likely.
TRENDING = ((1.0, 0.2, 125.0), (1.0, 0.4, 25.0), (1.0, 0.8, 5.0), (1.0, 1.6, 1.0))
REVERTING = ((0.8, 0.0, 156.0), (0.9, 0.0, 156.0), *TRENDING)
COMMON = {"output": TRENDING, "va_rate": REVERTING, "energy_intensity": TRENDING}
#: Quantities whose class has a drift of its own.
DRIFTING = ("output",)
#: sd of a normal over its mean absolute value.
MEAN_ABSOLUTE = float(np.sqrt(np.pi / 2.0))
#: Prior of the tails: widening by horizon, freedom by horizon, and sd of their logarithms.
WIDENING, FREEDOM, TAIL_SD = 1.15, (6.0, 7.0, 8.0, 8.0), (0.1, 0.5)
#: As industries move together, so many of them count as one in the likelihood of the tails.
ALIKE = 8.0
#: Fewest years behind a forecast that is made within a class's window to learn the tails.
FEWEST_BEHIND = 6
JITTER = 1e-9
#: ω² of a class that has too few industries or years to tell. Judgement, between the shipped ones.
SCALE_VARIANCE = 0.12


@dataclass(frozen=True, slots=True)
class Law:
    """What a class of industries says about one quantity at the end of `window_end`."""

    quantity: str
    window_end: int
    industries: int
    own: Own
    shock_sd: float  # [link units, one year] own shock at the class's median size
    size_exponent: float  # of own shocks
    scale_variance: float  # ω²: of the log own shock, between series of one size
    common_sd: float  # [link units, one year]
    drift: float  # [link units, one year] what the class expects of its common part
    widening: tuple[float, ...]  # by horizon: actual over computed sd of own forecast errors
    freedom: tuple[float, ...]  # by horizon: degrees of freedom of Student's t


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted law, with where the search ended, and whether it ended by itself."""

    law: Law
    found: tuple[float, ...]
    converged: bool
    message: str


# --- covariances --------------------------------------------------------------------


def change_covariance(persistence: float, years: int) -> Array:
    """Autocovariance of the changes of an AR(1) of unit variance, by lag.

    cov(x(t+1) − x(t), x(t+1+k) − x(t+k)) = 2 r^k − r^|k−1| − r^(k+1)
    """
    k = np.arange(years)
    covariance: Array = 2.0 * persistence**k - persistence ** np.abs(k - 1.0)
    return covariance - persistence ** (k + 1.0)


def own_covariance(own: Own, years: int) -> Array:
    """Covariance of (u(1), Δu(2), …, Δu(years)). With ρ = 1 the first row is of no use.

    The level begins with the stationary variance of what reverts, the trend begins at zero.
    """
    k = np.arange(years - 1)
    staying = own.persistence >= 1.0
    variance = 0.0 if staying else 1.0 / (1.0 - own.persistence**2)
    lags = own.passing * change_covariance(own.passing_persistence, years - 1)
    lags += (k == 0) if staying else variance * change_covariance(own.persistence, years - 1)
    lags += own.trend_sd**2 * own.trend_persistence**k
    whole = np.empty((years, years))
    whole[1:, 1:] = lags[np.abs(np.subtract.outer(k, k))]
    whole[0, 0] = variance + own.passing
    begun = variance * (1.0 - own.persistence) * own.persistence**k
    begun += own.passing * (1.0 - own.passing_persistence) * own.passing_persistence**k
    whole[0, 1:] = whole[1:, 0] = -begun
    return whole


def common_covariance(persistence: float, drift: float, years: int) -> Array:
    """Covariance of annual changes of the common part, in units of their variance."""
    k = np.arange(years)
    lags = drift**2 * DRIFT_PERSISTENCE**k
    if persistence < 1.0:
        lags = lags + change_covariance(persistence, years) / (2.0 * (1.0 - persistence))
    else:
        lags = lags + (k == 0)
    whole: Array = lags[np.abs(np.subtract.outer(k, k))]
    return whole


def factor(covariance: Array) -> Array:
    """Lower Cholesky factor. Raises numpy's LinAlgError where there is none."""
    lower = np.linalg.cholesky(covariance + JITTER * np.eye(len(covariance)))
    return np.asarray(lower, dtype=np.float64)


def solved(lower: Array, right: Array) -> Array:
    """x in L x = right."""
    return np.asarray(np.linalg.solve(lower, right), dtype=np.float64)


# --- a panel as changes -------------------------------------------------------------


def relative_size(sizes: Array) -> Array:
    """Log size against the median of the panel, at most SIZE_REACH away. [(series,)]

    The median where it is not known.
    """
    known = np.isfinite(sizes)
    if not known.any():
        return np.zeros_like(sizes)
    apart = np.clip(sizes - np.median(sizes[known]), -SIZE_REACH, SIZE_REACH)
    return np.where(known, apart, 0.0)


def mean_change(levels: Array) -> tuple[Array, Array]:
    """Mean over series of each year's change, and the number of series behind it. [(year,)]

    Weighted by the inverse of what a series moves in a typical year: none drowns the others.
    """
    changes = np.diff(levels, axis=0)
    known = np.isfinite(changes)
    if not len(changes):
        return np.zeros(0), np.zeros(0)
    apart = np.abs(changes - np.nanmedian(changes, axis=1, keepdims=True))
    moves = np.where(known, apart, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    typical = float(np.median(moves[known.any(axis=0)]))
    weights = known / np.maximum(moves, max(0.2 * typical, 1e-12))
    mean = (weights * np.where(known, changes, 0.0)).sum(axis=1) / weights.sum(axis=1)
    return np.asarray(mean, dtype=np.float64), known.sum(axis=1).astype(float)


def own_part(levels: Array, common: Array) -> Array:
    """Levels less the common part, around their mean in the last year. [(year, series)]"""
    part: Array = levels - np.concatenate([[0.0], np.cumsum(common)])[:, None]
    return part - float(part[-1].mean())


def by_start(part: Array) -> Iterator[tuple[int, NDArray[np.intp], Array]]:
    """Series that begin in the same year: the year, which they are, and (u(1), Δu(2), …)."""
    begins = np.isfinite(part).argmax(axis=0)
    for begin in np.unique(begins):
        chosen = np.flatnonzero(begins == begin)
        block = part[begin:, chosen]
        yield int(begin), chosen, np.vstack([block[:1], np.diff(block, axis=0)])


def trimmed(levels: Array) -> Array:
    """Without the first years, in which no series has begun."""
    return levels[int(np.isfinite(levels).any(axis=1).argmax()) :]


# --- fitting ------------------------------------------------------------------------

#: Parameters of `Own` as the search sees them: the way there and back, and their prior for a class
#: that nothing is known of: centre and sd (judgement; wide). The sd is also how far a panel may be
#: from its class. A rate has no trend, and the shocks of output stay.
_SEARCH: Mapping[str, tuple[Link, Link, float, float]] = {
    "trend_sd": (np.log, np.exp, 0.15, 0.7),
    "trend_persistence": (logit, expit, 0.95, 0.7),
    "persistence": (lambda p: np.log(1.0 - p), lambda x: 1.0 - np.exp(min(x, -0.5)), 0.99, 0.7),
    "passing": (np.log, np.exp, 0.5, 0.7),
    "passing_persistence": (lambda p: logit(p / 0.95), lambda x: 0.95 * expit(x), 0.475, 0.5),
}
_GIVEN: Mapping[str, Mapping[str, float]] = {
    "output": {"persistence": 1.0},
    "va_rate": {"trend_sd": 0.0, "trend_persistence": 0.0},
    "energy_intensity": {},
}


def searched(quantity: str) -> tuple[str, ...]:
    """Names of the parameters that are searched for."""
    return tuple(name for name in _SEARCH if name not in _GIVEN[quantity])


def own_of(point: Array, quantity: str) -> Own:
    """The parameters at a point of the search."""
    found = {
        name: float(_SEARCH[name][1](x)) for name, x in zip(searched(quantity), point, strict=True)
    }
    return Own(**{**_GIVEN[quantity], **found})


def point_of(own: Own, quantity: str) -> Array:
    """Where parameters are in the search."""
    there = [_SEARCH[name][0](getattr(own, name)) for name in searched(quantity)]
    return np.array(there, dtype=np.float64)


#: Second moments of (u(1), Δu(2), …) in units of each series' own sd, and number of series, one
#: pair for each length of series: all that the Gaussian likelihood needs.
Moments = list[tuple[Array, float]]


def moments_of(part: Array) -> Moments:
    """The moments of an own part; one series is lost with the mean of all."""
    lost = 1.0 - 1.0 / part.shape[1]
    found = []
    for _, _, changes in by_start(part):
        sd = np.sqrt((changes[1:] ** 2).mean(axis=0))
        unit = changes / np.maximum(sd**0.75 * np.median(sd) ** 0.25, 1e-12)
        found.append((unit @ unit.T / unit.shape[1], unit.shape[1] * lost))
    return found


def misfit(point: Array, quantity: str, moments: Moments, centre: Array) -> float:
    """Minus log posterior of a point, the scale of the shocks concentrated out.

    The prior is normal around `centre`.
    """
    own = own_of(point, quantity)
    skip = int(own.persistence >= 1.0)
    whole = own_covariance(own, max(len(moment) for moment, _ in moments))
    squares = count = log_determinant = 0.0
    for moment, series in moments:
        years = len(moment)
        try:
            lower = factor(whole[skip:years, skip:years])
        except np.linalg.LinAlgError:
            return 1e10
        whitening = np.linalg.inv(lower)
        squares += series * float(((whitening @ moment[skip:, skip:]) * whitening).sum())
        log_determinant += 2.0 * series * float(np.log(np.diag(lower)).sum())
        count += series * (years - skip)
    sds = np.array([_SEARCH[name][3] for name in searched(quantity)])
    prior = float((((point - centre) / sds) ** 2).sum())
    return 0.5 * (log_determinant + count * float(np.log(max(squares, 1e-12) / count)) + prior)


def search(quantity: str, moments: Moments, centre: Array, begin: Array, exact: float) -> Any:
    """The posterior mode by Nelder and Mead: scipy's result."""
    from scipy.optimize import minimize

    corners = np.vstack([begin, begin + 0.4 * np.eye(len(begin))])
    options: Any = {"maxiter": 500, "xatol": exact, "fatol": 0.05, "initial_simplex": corners}

    def objective(point: Array) -> float:
        return misfit(point, quantity, moments, centre)

    return minimize(objective, begin, method="Nelder-Mead", options=options)


def adapted(law: Law, part: Array) -> Own:
    """Own parameters of a panel: those of its class, moved by what the panel itself has done.

    Places differ: sums over many firms have less that passes. With fewer than three series or
    eleven years, or where nothing moved, they are those of the class.
    """
    if part.shape[1] < 3 or len(part) <= FEWEST_CHANGES:
        return law.own
    centre = point_of(law.own, law.quantity)
    end = search(law.quantity, moments_of(trimmed(part[-RECENT:])), centre, centre, 0.03)
    return own_of(end.x, law.quantity)


def fit_law(
    levels: Array, sizes: Array, quantity: str, window_end: int, start: tuple[float, ...] = ()
) -> Fit:
    """The law of a class by the end of its window.

    `levels` [(year, industry)] in link space, NaN before an industry begins, known in the last
    year; `sizes` [(year, industry)] log output, NaN where unknown. Years after the window must not
    be in it. `start`: where to begin the search, `Fit.found` of an earlier window.

    Own parameters maximise the posterior; shocks and their size law are regressions on innovations;
    tails are those of forecasts made within the window.
    """
    dropped = len(levels)
    levels = trimmed(levels)
    sizes = sizes[dropped - len(levels) :]
    common, _ = mean_change(levels)
    part = own_part(levels, common)
    if levels.shape[1] < 2 or len(levels) <= FEWEST_CHANGES:
        raise ValueError(f"{quantity}: a class needs more industries or years")
    centre = np.array([_SEARCH[name][0](_SEARCH[name][2]) for name in searched(quantity)])
    begin = np.array(start, dtype=np.float64) if start else centre
    end = search(quantity, moments_of(part), centre, begin, 0.02)
    own = own_of(end.x, quantity)
    law = Law(
        quantity=quantity,
        window_end=window_end,
        industries=levels.shape[1],
        own=own,
        **_shocks(innovations(part, own), relative_size(sizes[-1])),
        common_sd=float(common.std(ddof=1)),
        drift=_drift(common, quantity),
        widening=(WIDENING,) * len(HORIZONS),
        freedom=FREEDOM,
    )
    return Fit(_with_tails(law, part, sizes), tuple(end.x), bool(end.success), str(end.message))


def _drift(change: Array, quantity: str) -> float:
    """What the mean change of a class, year by year, leads to expect of the next. [link units]

    Only output has one: what a nation makes grows. Of ratios the past says nothing that helps.
    """
    if quantity not in DRIFTING:
        return 0.0
    years, logs, means = len(change), [], []
    for persistence, drift, weight in COMMON[quantity]:
        whole = float(change.var(ddof=1)) * common_covariance(persistence, drift, years + 1)
        lower = factor(whole[:years, :years])
        news = solved(lower, change)
        means.append(float(solved(lower, whole[:years, years]) @ news))
        logs.append(np.log(weight) - 0.5 * float(news @ news) - np.log(np.diag(lower)).sum())
    weights = np.exp(np.array(logs) - max(logs))
    return float(weights @ np.array(means) / weights.sum())


def innovations(part: Array, own: Own) -> Array:
    """What each year brought that the years before did not tell, NaN before a series begins.

    [(year of the change, series)]
    """
    found = np.full((len(part) - 1, part.shape[1]), np.nan)
    skip = int(own.persistence >= 1.0)
    lower = factor(own_covariance(own, len(part))[skip:, skip:])
    for begin, chosen, changes in by_start(part):
        known = len(changes) - skip
        news = solved(lower[:known, :known], changes[skip:])
        found[begin:, chosen] = news[1 - skip :]
    return found


def _shocks(news: Array, size: Array) -> dict[str, float]:
    """Shock at the median size, size law, and how long calm or storm is remembered."""
    raw = MEAN_ABSOLUTE * np.nanmean(np.abs(news), axis=0)
    raw = np.maximum(raw, max(0.02 * float(np.median(raw)), 1e-9))
    whole, exponent = np.isfinite(news).all(axis=0), 0.0
    if size.std() > 0.0:
        exponent = float(np.polyfit(size, np.log(raw), 1)[0])
    return {
        "shock_sd": float(np.exp((np.log(raw) - exponent * size).mean())),
        "size_exponent": exponent,
        "scale_variance": _scale_variance((np.abs(news) * np.exp(-exponent * size))[:, whole]),
    }


def _scale_variance(sizes: Array) -> float:
    """ω²: covariance of log mean |e| of the past and of the next five years, between series.

    What the two have in common is the series' own; what chance adds to one is not in the other.
    """
    if sizes.shape[1] < FEWEST_INDUSTRIES:
        return SCALE_VARIANCE
    shared, weights = [], []
    for year in range(len(sizes) - 5, 5, -3):
        weight = _ages(year)
        past = np.log(weight @ sizes[:year] / weight.sum() + 1e-9)
        future = np.log(sizes[year : year + 5].mean(axis=0) + 1e-9)
        shared.append(float(((past - past.mean()) * (future - future.mean())).mean()))
        weights.append(1.0)
    return float(np.clip(np.mean(shared), 0.01, 1.0)) if shared else SCALE_VARIANCE


def _ages(years: int) -> Array:
    """Weights of past years, 1 for the last."""
    weight: Array = 0.5 ** (np.arange(years)[::-1] / HALF_LIFE)
    return weight


def own_shocks(news: Array, size: Array, law: Law) -> tuple[Array, float]:
    """Own shock of every series [(series,)], and of the panel's typical one. [link units]

    `news` [(year, series)], NaN where unknown, perhaps of no year at all; `size`: log size against
    the panel's median. log σ_i is drawn to the level of the panel, and that to the class:
    k = ω² / (ω² + CHANCE / n), n the number of innovations that count.
    """
    raw, counts = raw_shocks(news, law.shock_sd)
    return drawn_shocks(raw, counts, law.size_exponent * size, law)


def raw_shocks(news: Array, unit: float) -> tuple[Array, Array]:
    """Log own shock of every series by its own innovations, and how many they count as.

    A mean of few has a lower logarithm than that of many, by CHANCE / 2n: that is added.
    """
    known = np.isfinite(news)
    weights = _ages(len(news))[:, None] * known
    total = weights.sum(axis=0)
    counts = total**2 / np.maximum((weights**2).sum(axis=0), 1e-300)
    sums = (weights * np.abs(np.where(known, news, 0.0))).sum(axis=0)
    raw = MEAN_ABSOLUTE * sums / np.maximum(total, 1e-300)
    raw = np.maximum(raw, max(0.2 * float(np.median(raw)), 0.02 * unit))
    return np.log(raw) + CHANCE / (2.0 * np.maximum(counts, 1.0)), counts


def drawn_shocks(logs: Array, counts: Array, expected: Array, law: Law) -> tuple[Array, float]:
    """Log shocks by few innovations drawn to those of the class. [(series,)], and typical one.

    The mean of a scale that is still in doubt, not its median: what is unknown makes it wider.
    `expected`: log shock against that of the panel's median size.
    """
    own, chance = law.scale_variance, CHANCE / np.maximum(counts, 1e-9)
    trust = 1.0 / (own + chance)
    class_trust = 1.0 / (own + PLACE_VARIANCE * (1.0 - 1.0 / len(logs)))
    whole = float(trust @ (logs - expected)) + class_trust * np.log(law.shock_sd)
    level = whole / (float(trust.sum()) + class_trust)
    prior = level + expected
    doubt = own * chance * trust  # ω² (1 − k): what is left of ω²
    return np.exp(prior + own * trust * (logs - prior) + doubt / 2.0), float(np.exp(level))


def _with_tails(law: Law, part: Array, sizes: Array) -> Law:
    """The law with tails from forecasts of the own part made within the window."""
    begin, chosen, changes = max(by_start(part), key=lambda group: group[2].size)
    years, skip = len(changes), int(law.own.persistence >= 1.0)
    lower = factor(own_covariance(law.own, years + AHEAD)[skip:, skip:])
    news = solved(lower[: years - skip, : years - skip], changes[skip:])
    errors: dict[int, list[Array]] = {horizon: [] for horizon in HORIZONS}
    for behind in range(FEWEST_BEHIND, years):
        known = behind - skip
        size = relative_size(sizes[begin + behind - 1, chosen])
        shock, _ = own_shocks(news[1 - skip : known], size, law)
        rows = np.cumsum(lower[known : known + AHEAD], axis=0)
        for horizon in (h for h in HORIZONS if behind + h <= years):
            row = rows[horizon - 1]
            error = changes[behind : behind + horizon].sum(axis=0) - row[:known] @ news[:known]
            spread = shock * np.sqrt((row[known:] ** 2).sum())
            errors[horizon].append((error - error.mean()) / spread)
    tails: list[tuple[float, float]] = []
    for place, horizon in enumerate(HORIZONS):
        if errors[horizon]:
            windows = len(errors[horizon]) / horizon
            pooled = np.concatenate(errors[horizon])
            tails.append(tail(pooled, windows * len(chosen) / ALIKE, FREEDOM[place]))
        else:
            tails.append(tails[-1] if tails else (WIDENING, FREEDOM[place]))
    widening, freedom = zip(*tails, strict=True)
    return replace(law, widening=widening, freedom=freedom)


def tail(errors: Array, cases: float, freedom: float) -> tuple[float, float]:
    """Width (sd) and degrees of freedom of standardised errors that count as so many cases.

    Posterior mode on a grid; the prior is WIDENING, `freedom` and TAIL_SD. Errors are counted in
    bins of 0.05, what lies beyond 8 counts as 8.
    """
    from scipy.special import gammaln

    counts, edges = np.histogram(np.minimum(np.abs(errors), 8.0), np.arange(0.0, 8.1, 0.05))
    shares, middles = counts / counts.sum(), edges[:-1] + 0.025
    widths = np.exp(np.arange(-0.3, 0.601, 0.02))
    degrees = np.array([3.0, 3.5, 4.0, 5.0, 6.5, 8.0, 10.0, 14.0, 20.0, 40.0])
    df, width = degrees[:, None, None], widths[None, :, None]
    scale = width * np.sqrt((df - 2.0) / df)
    log_density = gammaln((df + 1.0) / 2.0) - gammaln(df / 2.0) - 0.5 * np.log(df * np.pi)
    log_density = log_density - np.log(scale)
    log_density = log_density - (df + 1.0) / 2.0 * np.log1p((middles / scale) ** 2 / df)
    posterior = cases * (log_density @ shares)
    posterior -= 0.5 * (np.log(widths / WIDENING) / TAIL_SD[0]) ** 2
    posterior -= 0.5 * (np.log(degrees / freedom) / TAIL_SD[1])[:, None] ** 2
    row, column = np.unravel_index(int(posterior.argmax()), posterior.shape)
    return float(widths[column]), float(degrees[row])


# --- the laws that are shipped ------------------------------------------------------

_OWN = tuple(field.name for field in fields(Own))
_PLAIN = ("shock_sd", "size_exponent", "scale_variance", "common_sd", "drift")
#: Columns of ``data/growth_law.csv``.
COLUMNS = (
    *("quantity", "window_end", "industries", *_OWN, *_PLAIN),
    *(f"widening_{horizon}" for horizon in HORIZONS),
    *(f"freedom_{horizon}" for horizon in HORIZONS),
)


def law_cells(law: Law) -> list[object]:
    """A law as a row of the table."""
    numbers = [getattr(law.own, name) for name in _OWN] + [getattr(law, name) for name in _PLAIN]
    shown = [f"{number:.6g}" for number in (*numbers, *law.widening, *law.freedom)]
    return [law.quantity, law.window_end, law.industries, *shown]


def law_of(row: Mapping[str, str]) -> Law:
    """A row of the table as a law."""
    return Law(
        quantity=row["quantity"],
        window_end=int(row["window_end"]),
        industries=int(row["industries"]),
        own=Own(**{name: float(row[name]) for name in _OWN}),
        **{name: float(row[name]) for name in _PLAIN},
        widening=tuple(float(row[f"widening_{horizon}"]) for horizon in HORIZONS),
        freedom=tuple(float(row[f"freedom_{horizon}"]) for horizon in HORIZONS),
    )


@cache
def class_laws() -> Mapping[str, tuple[Law, ...]]:
    """Laws of the shipped class by quantity, windows in order; read once, on first use."""
    source = files("plansim.calibration") / "data" / "growth_law.csv"
    found: dict[str, list[Law]] = {}
    with source.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            found.setdefault(row["quantity"], []).append(law_of(row))
    return {name: tuple(sorted(laws, key=lambda w: w.window_end)) for name, laws in found.items()}


def class_law(quantity: str, year: int) -> Law | None:
    """The law of the shipped class's last window that ends by `year`; None before the first."""
    ended = [law for law in class_laws()[quantity] if law.window_end <= year]
    return ended[-1] if ended else None
