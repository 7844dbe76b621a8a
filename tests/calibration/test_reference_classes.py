"""The classes that the engine is given are the shipped laws."""

import numpy as np
import pytest

import plansim
from plansim.calibration.conditioned import Conditioned, analytic, conditioned
from plansim.calibration.growth import QUANTITIES, class_laws
from plansim.calibration.reference_classes import reference_class, reference_classes
from plansim.simulator.paths import variance
from plansim.simulator.run import run

UNKNOWN = np.full(1, np.nan)


def without_past(quantity: str) -> Conditioned:
    return conditioned(np.zeros((1, 1)), UNKNOWN, class_laws()[quantity][-1])


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_the_engine_is_as_wide_as_the_law_where_nothing_is_known(quantity):
    """Own variance by year, in units of the own shock, of the engine and of the analytic law."""
    law = class_laws()[quantity][-1]
    found = variance(reference_class(law), True, 10)[[0, 2, 4, 9]]
    known = analytic(without_past(quantity))
    total = known.scale[:, 0] ** 2 * known.freedom / (known.freedom - 2.0)
    common = np.array(
        [
            sum(m.weight * m.spread(10)[h - 1, h - 1] for m in without_past(quantity).common)
            for h in (1, 3, 5, 10)
        ]
    )
    shock = law.shock_sd * np.exp(law.scale_variance / 2.0)
    assert found * shock**2 == pytest.approx(total - common * np.exp(law.scale_variance), rel=1e-6)


def test_classes_have_correlations_and_models_that_add_up():
    for quantity, each in reference_classes().items():
        assert -1.0 < each.correlation <= 1.0
        assert (each.correlation == 1.0) == (quantity == "output")
        assert len(each.common) in (4, 6)
        assert each.widening[0][0] == 1.0


@pytest.mark.slow
def test_a_shipped_plan_runs_on_paths():
    """The switch is one setting; the same seed gives the same future, the other law others."""
    plan = plansim.load("yuyao-2020", set={"assumptions.law": "paths"})
    one, same = run(plan, 500, 1), run(plan, 500, 1)
    other = run(plansim.load("yuyao-2020"), 500, 1)
    chances = [[v.probability for v in result.judged] for result in (one, same, other)]
    assert chances[0] == chances[1]
    assert chances[0] != chances[2]
