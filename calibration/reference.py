"""The reference class: where a value stands among what real industries ever did.

The table ``data/growth_quantiles.csv`` holds quantiles of change over windows of 1, 3, 5
and 10 years, in US manufacturing industries 1958-2011 (NBER-CES) and Chinese
manufacturing sectors up to 2015 (CIP 4.0). ``data/SOURCES.md`` says where it comes from
and what must not be concluded from it; ``derive.py`` made it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from plansim.simulator.feasibility import wilson


@dataclass(frozen=True, slots=True)
class Percentile:
    """Share of a reference class that stayed below a value."""

    share_below: float  # [-] share of windows below the value
    low: float  # [-] 95 % Wilson interval of that share, see `percentile`
    high: float  # [-]
    reference_class: str
    horizon: float  # [years]
    windows: int  # overlapping windows behind the number
    industries: int
    censored: bool  # beyond the outermost tabulated quantile, at which the share is cut


@dataclass(frozen=True, slots=True)
class Grid:
    """Tabulated quantiles of one class, quantity and horizon."""

    horizon: float  # [years]
    quantiles: NDArray[np.float64]  # [-] increasing
    values: NDArray[np.float64]  # [unit of the quantity] increasing
    windows: int
    industries: int
    independent: float  # industries x years / horizon


def percentile(
    quantity: str,
    horizon_years: float,
    value: float,
    reference_class: str = "us_industries",
) -> Percentile:
    """Share of the windows of a reference class in which a quantity stayed below `value`.

    Parameters
    ----------
    quantity
        ``output_growth``, ``nominal_output_growth`` or ``labour_productivity_growth``
        (average a year, as a fraction: 0.15 is 15 % a year); ``va_rate_change`` (total
        over the window, as a fraction of output: 0.02 is 2 points);
        ``energy_intensity_change`` (real energy per real value added) or
        ``energy_per_output_change`` (total over the window, as a fraction: -0.2 is 20 %
        less). The Chinese classes hold the first two growth rates and the value-added rate.
    horizon_years
        Length of the window [years], within the tabulated horizons. Between two of them
        the quantiles are interpolated linearly in the horizon.
    value
        In the unit of the quantity.
    reference_class
        ``us_industries`` (1958-2011), ``chinese_sectors`` (windows that end in 2000-2015)
        or ``chinese_sectors_since_2010`` (windows inside 2010-2015).

    Returns
    -------
    Percentile
        Quantiles are interpolated linearly. The 95 % Wilson interval counts industries x
        (years / horizon) observations, as overlapping windows are not independent.
        Industries also move together (their growth correlates by 0.2 to 0.3), which the
        interval ignores: the true doubt is larger.

    Raises
    ------
    ValueError
        Class or quantity is not tabulated, the horizon is outside the tabulated ones, or
        the value is not finite.

    Source: NBER-CES Manufacturing Industry Database; China Industrial Productivity
    database 4.0; see ``data/SOURCES.md``.
    """
    if not np.isfinite(value):
        raise ValueError(f"value must be finite, got {value}")
    grid = grid_at(reference_class, quantity, horizon_years)
    share = float(np.interp(value, grid.values, grid.quantiles))
    below, above = value < grid.values[0], value > grid.values[-1]
    low, high = wilson(share, grid.independent)
    return Percentile(
        share_below=share,
        low=0.0 if below else low,
        high=1.0 if above else high,
        reference_class=reference_class,
        horizon=float(horizon_years),
        windows=grid.windows,
        industries=grid.industries,
        censored=bool(below or above),
    )


def grid_at(reference_class: str, quantity: str, horizon: float) -> Grid:
    """The tabulated grid, or the linear mixture of its two neighbours in the horizon.

    A mixture of increasing quantiles is increasing, and every share it gives lies between
    those of its neighbours. Only quantiles that both neighbours have are kept.
    """
    table = grids()
    if (reference_class, quantity) not in table:
        known = ", ".join(f"{name} {held}" for name, held in table)
        raise ValueError(f"no reference class {reference_class} {quantity}; there are: {known}")
    held = table[reference_class, quantity]
    if not held[0].horizon <= horizon <= held[-1].horizon:
        raise ValueError(
            f"horizon_years must be within {held[0].horizon:g} to {held[-1].horizon:g} "
            f"for {reference_class} {quantity}, got {horizon}"
        )
    before = max((grid for grid in held if grid.horizon <= horizon), key=lambda g: g.horizon)
    if before.horizon == horizon:
        return before
    after = min((grid for grid in held if grid.horizon > horizon), key=lambda g: g.horizon)
    weight = (horizon - before.horizon) / (after.horizon - before.horizon)
    shared, left, right = np.intersect1d(before.quantiles, after.quantiles, return_indices=True)
    return Grid(
        horizon=horizon,
        quantiles=shared,
        values=(1.0 - weight) * before.values[left] + weight * after.values[right],
        windows=min(before.windows, after.windows),
        industries=min(before.industries, after.industries),
        independent=(1.0 - weight) * before.independent + weight * after.independent,
    )


@cache
def grids() -> dict[tuple[str, str], tuple[Grid, ...]]:
    """All grids by class and quantity, horizons increasing; read once, on first use."""
    found: dict[tuple[str, str], dict[int, list[dict[str, str]]]] = {}
    source = files("plansim.calibration") / "data" / "growth_quantiles.csv"
    with source.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            horizons = found.setdefault((row["class"], row["quantity"]), {})
            horizons.setdefault(int(row["horizon"]), []).append(row)
    return {
        key: tuple(grid_of(horizon, rows) for horizon, rows in sorted(horizons.items()))
        for key, horizons in found.items()
    }


def grid_of(horizon: int, rows: list[dict[str, str]]) -> Grid:
    """Grid of the rows of one class, quantity and horizon."""
    windows, industries = int(rows[0]["windows"]), int(rows[0]["industries"])
    years = windows / industries + horizon - 1  # annual changes behind the windows
    return Grid(
        horizon=float(horizon),
        quantiles=np.array([float(row["quantile"]) for row in rows]),
        values=np.array([float(row["value"]) for row in rows]),
        windows=windows,
        industries=industries,
        independent=industries * years / horizon,
    )


def share_below(quantity: str, horizon: int, value: float) -> float | None:
    """Share of US industries below a value; None where the class says nothing of it.

    What ``plansim.simulator.run`` asks of a reference class: see `percentile` for the units.
    """
    try:
        return percentile(quantity, horizon, value).share_below
    except ValueError:
        return None
