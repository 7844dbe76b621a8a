"""Eq. 4: luck as a law of paths, from a few variances of a reference class.

A part of a quantity is luck that stays or reverts, something that passes, and a trend:

    n(t+1) = ρ n(t) + ε,  p(t+1) = π p(t) + ε′,  τ(t+1) = φ τ(t) + ε″,  g(t+1) = g(t) + τ(t+1)

Its change from the base year on is linear in the states x₀ = (n, p, τ) of that year and in what
comes later, n + p + g − (n₀ + p₀) = Λ x₀ + L ε, with L Lᵀ the covariance of what comes later: one
normal a year stands for three. History enters only the mean and the covariance of x₀.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from plansim.simulator.classes import Own, States
from plansim.simulator.sampling import Array, cholesky

#: The states of a part in its base year, in this order.
STATES = ("level", "passing", "trend")


def reach(own: Own, years: int) -> Array:
    """Λ: what each state of the base year adds to the change up to years 1, 2, … [(year, state)]"""
    t = np.arange(1.0, years + 1.0)
    rho, pi, phi = own.persistence, own.passing_persistence, own.trend_persistence
    trend = np.cumsum(phi**t)
    return np.stack([rho**t - 1.0, pi**t - 1.0, trend], axis=1)


def states_covariance(own: Own) -> Array:
    """Covariance of the states where no past is known: the stationary one. [(state, state)]"""
    return np.diag([own.level_variance, own.passing, own.trend_sd**2])


def led(own: Own, states: States, years: int) -> tuple[Array, Array]:
    """Where one standard deviation of each score of the states leads [(year, score)], and where
    their mean does [(year,)]. Term by term: the same bits for any number of years.
    """
    ahead = reach(own, years)
    scores = sum(ahead[:, [row]] * states.root[row] for row in range(len(STATES)))
    mean = sum(ahead[:, row] * states.mean[row] for row in range(len(STATES)))
    return np.asarray(scores), np.asarray(mean)


def states_of(own: Own, known: States | None) -> States:
    """The states that are known, or the stationary ones, whose scores are their own."""
    if known is not None:
        return known
    return States(np.zeros(len(STATES)), np.sqrt(states_covariance(own)))


def later_covariance(own: Own, years: int) -> Array:
    """K: covariance of what later years bring to the changes up to years 1, 2, … [(year, year)]

    An innovation of one process moves the level j years later by r_j, so that of two years
    K(a, b) = K(a − 1, b − 1) + r_a r_b, summed over the three processes.
    """
    t = np.arange(years)
    pi, phi = own.passing_persistence, own.trend_persistence
    whole = np.zeros((years, years))
    for variance, response in (
        (1.0, own.persistence**t),
        (own.passing * (1.0 - pi**2), pi**t),
        (own.trend_sd**2 * (1.0 - phi**2), np.cumsum(phi**t)),
    ):
        whole += variance * response[:, None] * response
    for year in range(1, years):
        whole[year, 1:] += whole[year - 1, :-1]
    return whole


@lru_cache(maxsize=256)
def later_factor(own: Own, years: int) -> Array:
    """L: lower triangular, L Lᵀ = K. Its first rows are the same for any number of years."""
    lower = cholesky(later_covariance(own, years))
    lower.setflags(write=False)
    return lower
