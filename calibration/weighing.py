"""Prior draws weighted by what was seen, until a normal law of scores stands for the posterior.

Population Monte Carlo (Cappé, Guillin, Marin & Robert, 2004, JCGS 13:907): draws are weighted by
the likelihood, raised to a power at which enough of them still count; a normal law is fitted along
the directions that the observations speak of; draws from it are weighted again, until the power is
1. Where the first weights are healthy this is one step of importance resampling. The last law's own
importance weights tell what it loses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plansim.calibration.baselines import baselines_of
from plansim.calibration.likelihood import Forward, Scatter
from plansim.calibration.reconcile import Reconciled, refusal
from plansim.calibration.scores import Normal, identity_prior, orthonormal
from plansim.scenarios.history import Observation
from plansim.simulator.errors import InputError
from plansim.simulator.plan import Plan
from plansim.simulator.sampling import Array, stream

Progress = Callable[[float], object]

#: Draws of every stage.
DRAWS = 8192
#: Share of the draws that must still count when the power of the likelihood is raised; share that
#: is good enough for the last law. [fraction] Most stages in all, and most at full power.
HEALTHY, GOOD, STAGES, POLISHINGS = 0.3, 0.9, 24, 3
#: A figure takes part where its effect on an observation is this many standard errors and explains
#: this share of it; a direction where the observations tell this many prior variances about it, and
#: in later stages where its variance has changed by as much as the last. [fraction]
SIGNIFICANT, PART, TELLING, HEARD = 4.0, 1e-4, 3e-3, 0.05
#: Draws that count per direction, for moments to be better than the linear solution.
ENOUGH = 20.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that does not depend on the values that were seen: the first draws and their futures.

    ``prior``: after the identities, in independent scores; ``z`` standard normal [(name, draw)],
    ``expected`` [(observation, draw)].
    """

    plan: Plan
    forward: Forward
    reconciled: Reconciled | None
    prior: Normal
    z: Array
    expected: Array
    scatter: Scatter
    seed: int


@dataclass(frozen=True, slots=True)
class Weighed:
    """Draws from the last law with their weights. ``z`` [(name, draw)], ``expected``
    [(observation, draw)], ``weight`` [(draw,)]; ``powers``: of the likelihood, stage by stage.

    ``share``: of the draws that count, their effective number over all; ``first``: that of the
    first stage at full power, where all observations are weighed at once. [fraction]
    """

    law: Normal
    z: Array
    expected: Array
    weight: Array
    log_likelihood: Array
    powers: tuple[float, ...]
    share: float
    first: float
    converged: bool


def prepare(
    plan: Plan,
    observations: Sequence[Observation],
    draws: int = DRAWS,
    seed: int = 1,
    *,
    identities: bool = True,
) -> Prepared:
    """Simulate the prior, and the luck that observations of it are scattered by.

    Raises InputError where the identities of the base year cannot hold together.
    """
    reconciled = baselines_of(plan) if identities else None
    if reconciled is not None and reconciled.status == "conflict":
        raise refusal(reconciled)
    forward = Forward.of(plan, observations)
    size = len(forward.names)
    prior = Normal.standard(size)
    if reconciled is not None and reconciled.converged:
        prior = identity_prior(forward.ahead.sampler, reconciled)
    random = stream(seed, 0, "calibrate")
    z = random.standard_normal((size, draws))
    scores = prior.scores(z)
    expected = forward.expected(scores, seed)
    luck = np.concatenate([part - expected for part in forward.seen(scores, seed)], axis=1)
    error = np.hypot(forward.errors(), forward.half_years(_luck_of_a_year(forward, scores, seed)))
    scatter = Scatter.of(luck, error, random)
    return Prepared(plan, forward, reconciled, prior, z, expected, scatter, seed)


def _luck_of_a_year(forward: Forward, scores: Array, seed: int) -> Array:
    """Spread of what each observation is of by one year of luck. [(observation,)]"""
    if not any(o.is_half for o in forward.observations):
        return np.zeros(len(forward.observations))
    plan = forward.ahead.plan
    first = [
        replace(o, year=float(plan.plan.base_year + 1), measure="level")
        for o in forward.observations
    ]
    annual = replace(forward, observations=tuple(first), back=None)
    part = scores[:, :1024]
    return np.asarray((annual.seen(part, seed)[0] - annual.expected(part, seed)).std(axis=1))


def weigh(
    prepared: Prepared, values: Array, progress: Progress | None = None, *, stages: int = STAGES
) -> Weighed:
    """Population Monte Carlo: draws from a normal law close to the posterior, with their weights.

    ``values``: what was seen, as ``Forward.values`` reads it [(observation,)]. Where observations
    lead to figures that the engine refuses, the last stage stands and nothing has converged.
    """
    forward, scatter = prepared.forward, prepared.scatter
    size, draws = prepared.z.shape
    law = nearer = Normal.standard(size)
    z, away, expected = prepared.z, np.zeros(draws), prepared.expected
    powers: list[float] = []
    first, polished = 0.0, 0
    for stage in range(stages):
        if stage:
            random = stream(prepared.seed, stage, "calibrate")
            drawn, apart = nearer.draw(draws, random)
            try:
                expected = forward.expected(prepared.prior.scores(drawn), prepared.seed + stage)
            except InputError:
                powers.append(0.0)
                break
            law, z, away = nearer, drawn, apart
        likelihood = scatter.log_likelihood(expected, values)
        power = raised(powers[-1] if powers else 0.0, likelihood, away)
        polished += power == 1.0
        powers.append(power)
        weight = weights(power * likelihood + away)
        share = effective(weight) / draws
        first = share if power == 1.0 and not first else first
        done = powers[-2:] == [1.0, 1.0] and (share >= GOOD or polished > POLISHINGS)
        if progress is not None:
            progress(power)
        if done or stage + 1 == stages or not len(values):
            break
        nearer = fitted(law, z, expected, weight, values, scatter, power)
    converged = powers[-2:] == [1.0, 1.0] or not len(values)
    return Weighed(law, z, expected, weight, likelihood, tuple(powers), share, first, converged)


def raised(power: float, likelihood: Array, away: Array) -> float:
    """The highest power, not below ``power``, at which HEALTHY of the draws still count."""

    def healthy(trial: float) -> bool:
        return effective(weights(trial * likelihood + away)) >= HEALTHY * len(likelihood)

    if healthy(1.0):
        return 1.0
    low, high = power, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if healthy(middle) else (low, middle)
    return low


def weights(log_weight: Array) -> Array:
    """Weights that add up to 1."""
    weight = np.exp(log_weight - log_weight.max())
    return np.asarray(weight / weight.sum())


def effective(weight: Array) -> float:
    """Effective number of draws (Kish, 1965)."""
    return float(1.0 / (weight**2).sum())


def fitted(
    before: Normal,
    z: Array,
    expected: Array,
    weight: Array,
    values: Array,
    scatter: Scatter,
    power: float,
) -> Normal:
    """The normal law nearest to weighted draws, along the directions that observations speak of.

    Across them nothing is known that the prior did not know. Where too few draws count for moments
    along so many directions, the law is that of the linear problem.
    """
    slopes = telling(z, expected)
    noise = scatter.factor
    white = np.linalg.solve(noise, slopes)
    _, spoken, along = np.linalg.svd(white, full_matrices=False)
    found = along[spoken**2 > TELLING].T
    basis = orthonormal(np.hstack([before.spoken(HEARD), found]))
    if effective(weight) >= ENOUGH * basis.shape[1]:
        t = basis.T @ z
        mean = t @ weight
        apart = t - mean[:, None]
        return Normal(basis, mean, (weight * apart) @ apart.T)
    at = z.mean(axis=1)
    short = np.linalg.solve(noise, values - scatter.mean - expected.mean(axis=1) + slopes @ at)
    along_basis = white @ basis
    known = np.eye(basis.shape[1]) + power * along_basis.T @ along_basis
    covariance = np.asarray(np.linalg.inv(known), dtype=float)
    return Normal(basis, covariance @ (power * along_basis.T @ short), covariance)


def telling(z: Array, expected: Array) -> Array:
    """Regression of what is expected on scores, without what is chance. [(observation, name)]"""
    names, draws = z.shape
    centred = z - z.mean(axis=1, keepdims=True)
    apart = expected - expected.mean(axis=1, keepdims=True)
    slopes = np.linalg.solve(centred @ centred.T, centred @ apart.T).T
    rest = apart - slopes @ centred
    error = rest.std(axis=1) / np.sqrt(max(draws - names, 1))
    spread = apart.std(axis=1)
    least = np.maximum(SIGNIFICANT * error, np.sqrt(PART) * spread)
    return np.where(np.abs(slopes) > np.maximum(least, 1e-12)[:, None], slopes, 0.0)
