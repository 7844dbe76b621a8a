"""Logarithmic-mean Divisia decomposition, additive (LMDI-I; Ang 2005, Energy Policy 33:867).

An aggregate V = Σ_c Π_x f_xc changes by Σ_c L(V_c', V_c) ln(f_xc' / f_xc) through factor x, with
the logarithmic mean L(a, b) = (a − b) / ln(a / b). The parts add up to V' − V.
"""

from collections.abc import Mapping

import numpy as np

from plansim.simulator.sampling import Array


def logarithmic_mean(a: Array, b: Array) -> Array:
    """L(a, b) of positive numbers; L(a, a) = a."""
    x = (a - b) / b
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.where(np.abs(x) < 0.5, np.log1p(x), np.log(a) - np.log(b))
        mean = (a - b) / log
    return np.where(np.abs(x) < 1e-12, (a + b) / 2, mean)


def decompose(before: Array, after: Array, logs: Mapping[str, Array]) -> dict[str, Array]:
    """What each factor brings to the change of Σ_c V_c. [(draw,)]

    ``before``, ``after``: V_c [(cluster, draw)], above 0; ``logs``: ln(f' / f) of each factor
    [(cluster, draw) or (draw,)], which sum to ln(V_c' / V_c).
    """
    weight = logarithmic_mean(after, before)
    return {name: (weight * log).sum(axis=0) for name, log in logs.items()}
