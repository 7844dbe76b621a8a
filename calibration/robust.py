"""Robust losses as what they are, logarithms of densities, and the scale of errors under them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import erf, k1, kn

from plansim.simulator.sampling import Array

#: Smallest scale of errors that is believed. [log units]
LEAST_SCALE = 1e-6


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


def scale_of(residuals: Array, loss: Loss, start: float) -> float:
    """Scale of greatest likelihood: s² = mean of ρ'((r/s)²) r². [log units]"""
    scale = max(start, LEAST_SCALE)
    for _ in range(200):
        before = scale
        square = float(np.mean(loss.slope(residuals / scale) * residuals**2))
        scale = max(np.sqrt(square), LEAST_SCALE)
        if abs(np.log(scale / before)) < 1e-9:
            break
    return float(scale)


def robust_sd(residuals: Array, loss: Loss) -> float:
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


def mean_influence(loss: Loss, u: Array) -> float:
    """Mean of ψ' over the errors, at least that of one of them."""
    return max(float(loss.influence(u).mean()), 1.0 / len(u))
