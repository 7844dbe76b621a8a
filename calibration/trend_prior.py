"""What the reference class says of growth before any history is seen."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from plansim.calibration.reference import grid_at, grids
from plansim.simulator.errors import InputError

#: Horizon at which the reference class's growth is read. [years]
HORIZON = 5
#: Ratios whose growth is tabulated, and the spread of their trends in ``data/shocks.csv``.
RATIOS = {
    "labour_productivity_growth": "labour_per_output_trend_sd_fit",
    "energy_intensity_change": "energy_per_output_trend_sd_fit",
    "energy_per_output_change": "energy_per_output_trend_sd_fit",
}
#: 10 % to 90 % of a normal law, in standard deviations.
MIDDLE = 2.5631031310892007


@dataclass(frozen=True, slots=True)
class Prior:
    """What the reference class says of growth before any history is seen.

    ``growth``: median [log units a year]; ``sd``: spread of trends [log units a year];
    ``shock_sd``: luck of one year, own and common, as it adds up over several [log units];
    ``source``: the class.
    """

    growth: float
    sd: float
    shock_sd: float
    source: str


@cache
def shock_table() -> dict[str, float]:
    """Values of ``data/shocks.csv`` by name."""
    source = files("plansim.calibration") / "data" / "shocks.csv"
    with source.open(encoding="utf-8") as stream:
        return {row["name"]: float(row["value"]) for row in csv.DictReader(stream)}


def reference_prior(
    reference_class: str = "us_industries", quantity: str = "output_growth"
) -> Prior:
    """The trend prior of a reference class: median of its five-year growth, spread and luck.

    The median is of the class; spread of trends and luck are of US industries whatever the class
    (``data/shocks.csv``: no other panel is fit for them). Luck of output is Eq. 4's: own shocks,
    and the common one of loading λ and persistence φ, which adds up as λ √((1+φ)/(1−φ)) a year.
    Luck of a ratio is what its trends leave of the five-year spread s: σ² = 5 (s² − sd²). Raises
    InputError for a class that is not tabulated or a quantity that does not grow.
    """
    growths = ("output_growth", "nominal_output_growth", *RATIOS)
    if quantity not in growths:
        raise InputError.of("unknown_choice", "quantity", value=quantity, choices=list(growths))
    try:
        grid = grid_at(reference_class, quantity, HORIZON)
    except ValueError:
        raise InputError.of(
            "unknown_choice", "reference_class", value=reference_class, choices=list(classes())
        ) from None
    growth = np.log1p(grid.values) / (HORIZON if quantity.endswith("_change") else 1)
    p10, median, p90 = np.interp([0.1, 0.5, 0.9], grid.quantiles, growth)
    shocks = shock_table()
    sd = shocks[RATIOS.get(quantity, "output_trend_sd_fit")]
    if quantity in RATIOS:
        luck = float(np.sqrt(HORIZON * (((p90 - p10) / MIDDLE) ** 2 - sd**2)))
    else:
        phi = shocks["common_phi_effective"]
        common = shocks["common_loading_effective"] * np.sqrt((1 + phi) / (1 - phi))
        luck = float(np.hypot(shocks["output_shock_sd_fit"], common))
    return Prior(growth=float(median), sd=sd, shock_sd=luck, source=f"{reference_class} {quantity}")


def classes() -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name, _ in grids()))
