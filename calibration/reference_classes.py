"""The classes that a plan's luck may follow (Eq. 4a): the shipped laws of growth, as the engine
reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from plansim.calibration.conditioned import FREEDOM, common_part
from plansim.calibration.growth import COMMON, HORIZONS, Law, class_laws
from plansim.calibration.trend_prior import shock_table
from plansim.simulator.classes import CommonModel, ReferenceClass

#: What the yearly mean change of a quantity has in common with that of output.
LOADINGS = {
    "va_rate": "common_loading_va_rate_logit",
    "energy_intensity": "common_loading_energy_per_output",
}


def reference_class(law: Law, correlation: float = 1.0) -> ReferenceClass:
    """A law as a class of the engine. ``correlation``: of its common shock with that of output."""
    models = []
    for persistence, drift, weight in COMMON[law.quantity]:
        part, shock = common_part(persistence, drift)
        models.append(CommonModel(part, shock, weight))
    return ReferenceClass(
        own=law.own,
        shock_sd=law.shock_sd,
        common_sd=law.common_sd,
        common=tuple(models),
        correlation=correlation,
        widening=tuple(zip(map(float, HORIZONS), law.widening, strict=True)),
        freedom=FREEDOM,
        source="nber-ces",
    )


@cache
def reference_classes() -> Mapping[str, ReferenceClass]:
    """The shipped classes, of the last window, by quantity."""
    shocks, found = shock_table(), {}
    for quantity, laws in class_laws().items():
        law, name = laws[-1], LOADINGS.get(quantity)
        correlation = 1.0 if name is None else shocks[name] / law.common_sd
        found[quantity] = reference_class(law, correlation)
    return found
