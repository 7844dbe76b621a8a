"""The value that would be met with a probability: exact ranks, and the targets' own wording."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plansim.analysis.confidence import Promise, exceeded, promise, promises, stated, year_by_year
from plansim.scenarios.load import load
from plansim.simulator.feasibility import Goal
from plansim.simulator.plan import Plan, Target
from plansim.simulator.results import Verdict
from plansim.simulator.run import run
from plansim.tests.refusals import refused

DRAWS = 300


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load("yuyao-2016")


@pytest.fixture(scope="module")
def found(plan: Plan) -> list[Promise]:
    return promises(plan, 0.8, DRAWS)


def judged(plan: Plan, values: dict[str, float]) -> dict[str, Verdict]:
    """The plan's verdicts with other values in its targets."""
    targets = tuple(
        replace(t, low=values[t.id], high=None) if t.id in values else t for t in plan.targets
    )
    return {v.target: v for v in run(replace(plan, targets=targets), draws=DRAWS).judged}


def test_a_target_with_the_value_has_the_probability(plan: Plan, found: list[Promise]) -> None:
    """Restated to what was promised, every target holds with at least 80 %, and hardly more."""
    values = {p.target.id: p.value for p in found if p.value is not None}
    verdicts = judged(plan, values)
    assert len(values) > 90
    assert all((verdicts[target].probability or 0.0) >= 0.8 for target in values)
    smooth = [p for p in found if p.target.indicator in ("output", "rd_to_revenue", "va_rate")]
    assert len(smooth) > 8
    for p in smooth:
        assert verdicts[p.target.id].probability == pytest.approx(0.8, abs=1 / DRAWS)


def test_any_harder_value_has_less(plan: Plan, found: list[Promise]) -> None:
    harder = {p.target.id: p.value + p.better * 1e-6 * abs(p.value) for p in found if p.value}
    verdicts = judged(plan, harder)
    assert all((verdicts[target].probability or 0.0) < 0.8 for target in harder)


def test_probabilities_are_those_of_a_run(plan: Plan, found: list[Promise]) -> None:
    verdicts = {v.target: v for v in run(plan, draws=DRAWS).judged}
    for p in found:
        v = verdicts[p.target.id]
        assert p.probability == v.probability
        assert (p.prob_low, p.prob_high) == pytest.approx((v.prob_low, v.prob_high))


def test_more_confidence_promises_less(plan: Plan, found: list[Promise]) -> None:
    for surer, p in zip(promises(plan, 0.95, DRAWS), found, strict=True):
        if p.value is not None and surer.value is not None:
            assert p.better * surer.value <= p.better * p.value
            assert p.low is not None
            assert p.high is not None
            assert p.low <= p.value <= p.high


def test_threads_change_nothing(plan: Plan, found: list[Promise]) -> None:
    assert promises(plan, 0.8, DRAWS, workers=2) == found


def test_every_year_is_promised_by_its_worst() -> None:
    plan = load("yuyao-2020")
    yearly = [t for t in plan.judged if t.comparator == "every_year"]
    assert yearly
    assert [t.year for t in year_by_year(yearly[0], plan)] == [2020, 2021, 2022]
    values = {
        p.target.id: p.value
        for p in promises(plan, 0.6, DRAWS)
        if p.target in yearly and p.value is not None
    }
    assert len(values) == len(yearly)
    verdicts = judged(plan, values)
    assert all((verdicts[target].probability or 0.0) >= 0.6 for target in values)


def test_what_is_to_be_held_has_no_safer_value() -> None:
    plan = load("yinzhou-2017")
    held = [p for p in promises(plan, 0.8, 64) if p.target.direction == "hold"]
    for p in held:
        assert p.value is p.low is p.high is None


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.floats(0.01, 0.99))
def test_exact_ranks(values: list[float], share: float) -> None:
    ordered = np.sort(np.array(values))
    read = exceeded(ordered, share)
    assert (ordered <= read).mean() >= share - 1e-9
    assert (ordered < read).mean() < share


def of(plan: Plan, comparator: str, **changes: Any) -> Goal:
    target = next(t for t in plan.judged if t.id == "total-output-2020")
    changed: Target = replace(target, comparator=comparator, **changes)
    return Goal.of(changed, plan)


@given(
    st.floats(0.1, 1e5), st.sampled_from(["reach", "approx", "near_below", "at_least", "at_most"])
)
def test_the_tolerance_comes_on_top(plan: Plan, read: float, comparator: str) -> None:
    """A target at the stated value is just met by what was read: tolerances and directions."""
    goal = of(plan, comparator)
    value = stated(goal, read)
    again = of(plan, comparator, low=value, high=None)
    assert again.threshold - again.sign * again.tolerance == pytest.approx(read)


def test_known_quantiles(plan: Plan) -> None:
    """Of 1 … 1000 the target "at least" is met by 80 % from 201 on; its interval is Wilson's."""
    goal = of(plan, "at_least")
    reads = np.random.default_rng(1).permutation(np.arange(1.0, 1001.0)).reshape(2, 500)
    found = promise(goal, reads >= goal.threshold, reads, 0.8)
    assert found.value == 201.0
    assert found.low is not None
    assert found.high is not None
    assert 201 - 32 < found.low < 201 - 18
    assert 201 + 18 < found.high < 201 + 32


@pytest.mark.parametrize("confidence", [0.0, 1.0, float("nan")])
def test_a_confidence_is_a_probability(plan: Plan, confidence: float) -> None:
    with refused("argument_range"):
        promises(plan, confidence, DRAWS)
