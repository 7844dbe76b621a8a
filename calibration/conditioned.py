"""What a panel's past says of its future: states of its base year, and the law of its paths.

Given the own shock σ_i of a series, everything is Gaussian: states x₀ of the last year (luck that
reverts, what passes, trend) have a mean and a covariance P by the past, and

    z(t) − z(0) = C(t) + s w_t ((Λ x₀)_t + (L ε)_t),   s = σ √((ν − 2) / χ²_ν)

with Λ and L of the class (``simulator/law.py``). The covariance of the future given the past is
Λ P Λᵀ + L Lᵀ exactly, so nothing is counted twice. s is shared by the years of a path, w_t
(``widening``) is the class's. The common part C is one of several models, weighed by the past, each
with states (level, drift) of its own. `draw` draws such paths; `forecast` gives, at each horizon,
the Student-t that the class's own forecasts had: the analytic law that paths are held against.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import beta, gammaln, stdtr

from plansim.calibration.growth import (
    CHANCE,
    CLASS_YEARS,
    COMMON,
    DRIFT_PERSISTENCE,
    HORIZONS,
    MEAN_ABSOLUTE,
    Array,
    Law,
    adapted,
    by_start,
    common_covariance,
    drawn_shocks,
    factor,
    mean_change,
    own_covariance,
    own_part,
    own_shocks,
    relative_size,
    solved,
    trimmed,
)
from plansim.simulator.classes import Own
from plansim.simulator.law import later_covariance, later_factor, reach, states_covariance

#: Degrees of freedom of the scale that the years of a path share.
FREEDOM = 5.0
#: From so many changes on a place may tell its own common drift. Judgement.
FEWEST_FOR_DRIFT = 5


@dataclass(frozen=True, slots=True)
class Forecast:
    """Change in link space from the origin on: a Student-t. [(horizon, series)]"""

    median: Array
    scale: Array
    freedom: Array  # [(horizon,)]

    def pit(self, row: int, series: Array, change: Array) -> Array:
        """Probability of less than a change, of some series at one horizon. [(series,)]"""
        apart = (change - self.median[row, series]) / self.scale[row, series]
        return np.asarray(stdtr(float(self.freedom[row]), apart))

    def crps(self, row: int, series: Array, change: Array) -> Array:
        """Score of a change. [(series,), link units]"""
        known = self.median[row, series], self.scale[row, series]
        return crps_student(change, *known, float(self.freedom[row]))


@dataclass(frozen=True, slots=True)
class Common:
    """One model of the common part, given the past.

    ``part``: its process, in units of the square root of ``variance`` [link units², a year];
    ``mean`` [(state,)] and ``covariance`` [(state, state)] of its states; ``drift``: what the class
    expects of the first year [link units]; ``weight``: probability of the model.
    """

    weight: float
    part: Own
    variance: float
    mean: Array
    covariance: Array
    drift: float

    def expected(self, years: int) -> Array:
        """Mean of C(1), C(2), … [(year,)]"""
        faded = np.cumsum(DRIFT_PERSISTENCE ** np.arange(years))
        return np.asarray(reach(self.part, years) @ self.mean + self.drift * faded)

    def spread(self, years: int) -> Array:
        """Covariance of C(1), C(2), … [(year, year)]"""
        ahead = reach(self.part, years)
        later = self.variance * later_covariance(self.part, years)
        return np.asarray(ahead @ self.covariance @ ahead.T + later)


@dataclass(frozen=True, slots=True)
class Conditioned:
    """Everything that a panel's past says of its future.

    ``own``: the process of own parts, in units of ``shock`` [link units, (series,)]; ``mean`` of
    their states [link units, (state, series)] and ``covariance`` in units of the own shock
    [(series, state, state)]; ``share``: own shock over that of the typical series, which takes the
    common part as it is [(series,)].
    """

    law: Law
    own: Own
    mean: Array
    covariance: Array
    shock: Array
    share: Array
    common: tuple[Common, ...]

    def widening(self, years: int) -> Array:
        """w_t, on straight lines between the horizons of the class. [(year,)]"""
        return np.asarray(np.interp(np.arange(1.0, years + 1.0), HORIZONS, self.law.widening))

    def expected(self, years: int) -> Array:
        """Mean of the change, over models of the common part. [(year, series)]"""
        common = sum(model.weight * model.expected(years) for model in self.common)
        return np.asarray(reach(self.own, years) @ self.mean + np.asarray(common)[:, None])


def conditioned(levels: Array, sizes: Array, law: Law) -> Conditioned:
    """What the past says: `levels` [(year, series)] in link space, NaN before a series begins.

    `sizes` [(series,)]: log output in the last year, NaN where unknown. Series of one panel share
    the common part. A past of one year is enough: then the class alone speaks. Raises ValueError
    where a series is not known in the last year.
    """
    levels = trimmed(levels)
    if not len(levels) or not np.isfinite(levels[-1]).all():
        raise ValueError("every series has to be known in the last year")
    size = relative_size(sizes)
    models, past, left = _common(levels, law)
    part = own_part(levels, past)
    own = adapted(law, part)
    news, mean, covariance = _own(part, own)
    shock, typical = own_shocks(news / np.sqrt(left), size, law)
    return Conditioned(law, own, mean, covariance, shock, shock / typical, models)


def forecast(levels: Array, sizes: Array, law: Law) -> Forecast:
    """Where series go from the last year of `levels`, at HORIZONS. See `conditioned`."""
    return analytic(conditioned(levels, sizes, law))


def analytic(known: Conditioned) -> Forecast:
    """The law of each horizon alone, with the width and the freedom that the class had there."""
    at, years = [horizon - 1 for horizon in HORIZONS], max(HORIZONS)
    ahead, later = reach(known.own, years)[at], np.diag(later_covariance(known.own, years))[at]
    states = np.einsum("hi,sij,hj->hs", ahead, known.covariance, ahead)
    widening, freedom = np.array(known.law.widening), np.array(known.law.freedom)
    own = (widening[:, None] * known.shock) ** 2 * (states + later[:, None])
    mean = np.array([model.expected(years)[at] for model in known.common])
    spread = np.array([np.diag(model.spread(years))[at] for model in known.common])
    weight = np.array([model.weight for model in known.common])
    common = weight @ (spread + mean**2) - (weight @ mean) ** 2
    total = own + common[:, None] * known.share**2
    scale = np.sqrt(total * ((freedom - 2.0) / freedom)[:, None])
    return Forecast(known.expected(years)[at], scale, freedom)


def draw(known: Conditioned, years: int, draws: int, random: np.random.Generator) -> Array:
    """Paths of the change of every series, from one common part. [(year, series, draw)]"""
    series = len(known.shock)
    weight = np.array([model.weight for model in known.common])
    chosen = random.choice(len(weight), size=draws, p=weight / weight.sum())
    mean = weight @ np.array([model.expected(years) for model in known.common])
    roots = np.array([factor(model.spread(years)) for model in known.common])
    apart = np.array([model.expected(years) for model in known.common]) - mean
    common = apart[chosen].T + np.einsum(
        "nij,jn->in", roots[chosen], random.standard_normal((years, draws))
    )
    ahead, lower = reach(known.own, years), later_factor(known.own, years)
    widening = known.widening(years)[:, None]
    paths = np.empty((years, series, draws))
    for place in range(series):
        values, vectors = np.linalg.eigh(known.covariance[place])
        root = ahead @ (vectors * np.sqrt(np.maximum(values, 0.0)))
        scale = known.shock[place] * np.sqrt((FREEDOM - 2.0) / random.chisquare(FREEDOM, draws))
        apart = root @ random.standard_normal((root.shape[1], draws))
        apart = apart + lower @ random.standard_normal((years, draws))
        paths[:, place] = scale * widening * apart + known.share[place] * common
    return paths + known.expected(years)[:, :, None]


def crps_student(outcome: Array, median: Array, scale: Array, freedom: float) -> Array:
    """The same of a Student-t, more than one degree of freedom (Jordan, Krüger & Lerch, 2019)."""
    z, df = (outcome - median) / scale, freedom
    log_density = gammaln((df + 1.0) / 2.0) - gammaln(df / 2.0) - 0.5 * np.log(df * np.pi)
    density = np.exp(log_density - (df + 1.0) / 2.0 * np.log1p(z**2 / df))
    spread = 2.0 * np.sqrt(df) / (df - 1.0) * beta(0.5, df - 0.5) / beta(0.5, df / 2.0) ** 2
    score: Array = z * (2.0 * stdtr(df, z) - 1.0)
    score = score + 2.0 * density * (df + z**2) / (df - 1.0) - spread
    return scale * score


# --- own parts ----------------------------------------------------------------------


def states_and_past(own: Own, years: int) -> Array:
    """Covariance of the states of year `years` with (u(1), Δu(2), …). [(state, year)]"""
    age = np.arange(years - 1)[::-1]
    whole = np.zeros((3, years))
    for row, (variance, left) in enumerate(
        (
            (own.level_variance, own.persistence),
            (own.passing, own.passing_persistence),
        )
    ):
        whole[row, 0] = variance * left ** (years - 1.0)
        whole[row, 1:] = variance * (1.0 - left) * left**age
    whole[2, 1:] = own.trend_sd**2 * own.trend_persistence**age
    return whole


def _own(part: Array, own: Own) -> tuple[Array, Array, Array]:
    """Innovations [(year, series)], mean and covariance of the states of the last year.

    The covariance is in units of the own shock. The common level is not known: the first deviation
    from the panel's mean is one of n − 1, and with one series says nothing.
    """
    years, series = part.shape
    skip = int(own.persistence >= 1.0 or series == 1)
    whole = own_covariance(own, years)
    if not skip:
        whole[0, 0] *= 1.0 + 1.0 / (series - 1)
    lower = factor(whole[skip:, skip:])
    news = np.full((years - 1, series), np.nan)
    mean = np.zeros((3, series))
    covariance = np.tile(states_covariance(own), (series, 1, 1))
    for begin, chosen, changes in by_start(part):
        known = len(changes) - skip
        if not known:
            continue
        root = lower[:known, :known]
        found = solved(root, changes[skip:])
        told = solved(root, states_and_past(own, len(changes))[:, skip:].T)
        news[begin:, chosen] = found[1 - skip :]
        mean[:, chosen] = told.T @ found
        covariance[chosen] -= told.T @ told
    return news, mean, covariance


# --- the common part ----------------------------------------------------------------


def common_part(persistence: float, drift: float) -> tuple[Own, float]:
    """A model of the common part whose annual changes have unit variance but for the drift, as a
    process and the variance of its annual shock: (1 + ρ) / 2 where the level reverts.
    """
    shock = (1.0 + persistence) / 2.0 if persistence < 1.0 else 1.0
    return Own(drift / np.sqrt(shock), DRIFT_PERSISTENCE, persistence, 0.0, 0.0), shock


def _common(levels: Array, law: Law) -> tuple[tuple[Common, ...], Array, float]:
    """What the mean over a panel's n series tells of its common part: models, its past changes
    [(year,)], and the share of the variance of an own part that is left when those are taken out.

    It holds 1/n of the variance of their own parts. Before it speaks, the common shocks of a panel
    that is calmer than its class are half as much calmer (in logs): a calm place has smaller ones,
    sums over many firms have not. Models of the common part are averaged with the weights that the
    past gives them. The drift is the class's, until a place has years enough to tell its own.
    """
    change, counts = mean_change(levels)
    years = len(change)
    own = own_covariance(law.own, years + 2)[1:, 1:]
    unit, own = float(own[0, 0]), own[:years, :years]
    typical = _typical_shock(levels, change, law, unit)
    noise = own * typical**2 / np.sqrt(np.outer(counts, counts))
    expected = law.common_sd**2 * typical / law.shock_sd
    seen = max(float(change.var(ddof=1) - np.diag(noise).mean()), 0.0) if years > 1 else 0.0
    told = max(years - 1, 0)  # nobody knows the mean
    scale = (CLASS_YEARS * expected + told * seen) / (CLASS_YEARS + told)
    own_drift = years >= FEWEST_FOR_DRIFT
    class_drift = 0.0 if own_drift else law.drift
    apart, pasts, logs, found = change - class_drift, [], [], []
    for persistence, drift, weight in COMMON[law.quantity]:
        shown = drift if own_drift else 0.0
        before = scale * common_covariance(persistence, shown, years)
        lower = factor(before + noise)
        news = solved(lower, apart)
        part, shock = common_part(persistence, drift)
        past, _ = common_part(persistence, shown)
        tells = solved(lower, scale * shock * states_and_past(past, years + 1)[:, 1:].T)
        covariance = scale * shock * states_covariance(part) - tells.T @ tells
        found.append((part, scale * shock, tells.T @ news, covariance))
        pasts.append(class_drift + before @ solved(lower.T, news))
        logs.append(np.log(weight) - 0.5 * float(news @ news) - np.log(np.diag(lower)).sum())
    weights = np.exp(np.array(logs) - max(logs))
    weights /= weights.sum()
    models = tuple(
        Common(float(weight), *model, class_drift)
        for weight, model in zip(weights, found, strict=True)
    )
    left = _left(levels.shape[1], unit * typical**2, scale)
    return models, weights @ np.array(pasts), left


def _left(series: int, own: float, common: float) -> float:
    """Variance of x − g x̄ over that of an own part, x̄ the mean of n series.

    g = common / (common + own / n) is how much of the mean is held to be common.
    """
    gain = common / (common + own / series)
    return 1.0 - (2.0 * gain - gain**2) / series + common / own * (1.0 - gain) ** 2


def _typical_shock(levels: Array, change: Array, law: Law, unit: float) -> float:
    """Own shock of the panel's typical series before innovations are known. [link units]

    Of one series nobody knows what is common; the class's ratio of the two divides it.
    """
    changes, series = np.diff(levels, axis=0), levels.shape[1]
    if series == 1 and len(changes) < 2:
        return law.shock_sd
    if series == 1:
        rest = changes - np.nanmedian(changes)
        held = (unit + (law.common_sd / law.shock_sd) ** 2) * (1.0 - 1.0 / len(changes))
    else:
        rest = changes - change[:, None]
        held = unit * (1.0 - 1.0 / series)
    counts = np.isfinite(rest).sum(axis=0) - float(series == 1)
    sums = np.nansum(np.abs(rest), axis=0) / np.maximum(np.isfinite(rest).sum(axis=0), 1)
    rough = np.maximum(MEAN_ABSOLUTE * sums / np.sqrt(held), 0.02 * law.shock_sd)
    logs = np.log(rough) + CHANCE / (2.0 * np.maximum(counts, 1.0))
    return drawn_shocks(logs, counts, np.zeros(series), law)[1]
