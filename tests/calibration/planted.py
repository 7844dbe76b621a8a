"""Panels that follow a law which is known, for tests of what is found in them."""

from dataclasses import replace

import numpy as np
import pytest

from plansim.calibration import growth
from plansim.calibration.growth import Law
from plansim.simulator.classes import Own

OWN = {
    "output": Own(0.3, 0.96, 1.0, 0.5, 0.55),
    "va_rate": Own(0.0, 0.0, 0.985, 2.0, 0.4),
    "energy_intensity": Own(0.12, 0.97, 0.99, 0.8, 0.45),
}
quantities = pytest.mark.parametrize("quantity", growth.QUANTITIES)


def law_for(quantity: str, **changes) -> Law:
    own = OWN[quantity]
    law = Law(quantity, 2011, 100, own, 0.08, -0.1, 0.12, 0.04, 0.0, (1.0,) * 4, (40.0,) * 4)
    return replace(law, **changes)


def autoregression(random, persistence, variance, years, series):
    """A stationary AR(1). [(year, series)]"""
    state = np.empty((years, series))
    state[0] = np.sqrt(variance) * random.standard_normal(series)
    step = np.sqrt(variance * (1.0 - persistence**2))
    for year in range(1, years):
        state[year] = persistence * state[year - 1] + step * random.standard_normal(series)
    return state


def planted(quantity, random, years, series, common_sd=0.0, shock=0.08, level=0.0):
    """A panel that follows the law. [(year, series)]"""
    own = OWN[quantity]
    part = autoregression(random, own.passing_persistence, own.passing, years, series)
    if own.persistence < 1.0:
        stationary = 1.0 / (1.0 - own.persistence**2)
        part += autoregression(random, own.persistence, stationary, years, series)
    else:
        part += np.cumsum(random.standard_normal((years, series)), axis=0)
    trend = autoregression(random, own.trend_persistence, own.trend_sd**2, years, series)
    part[1:] += np.cumsum(trend[1:], axis=0)
    common = np.cumsum(common_sd * random.standard_normal(years))
    return level + shock * part + common[:, None]
