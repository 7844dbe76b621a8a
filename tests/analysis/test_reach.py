"""What levers can do: bits of runs, laws of common draws, and what policy does at its best."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plansim.analysis.levers import KINDS, POLICY, knobs, turned
from plansim.analysis.reach import (
    POINT,
    Asked,
    End,
    Reach,
    half_width,
    levers,
    moved_by_a_point,
    spans,
    steepness,
    still_of,
    unmoved,
)
from plansim.scenarios.load import load
from plansim.simulator.errors import InputError
from plansim.simulator.plan import Label, Lever, Plan
from plansim.simulator.run import run
from plansim.tests.refusals import refused

DRAWS = 128
MANAGERS = ("trained-managers-2020", "trained-managers-2025")


def lever(path: str, low: float, high: float, unit: str = "1", **more: Any) -> Lever:
    return Lever(Label(f"甲{path}", f"A {path}"), path, low, high, "judgement", "invented", unit)


@pytest.fixture(scope="module")
def plan() -> Plan:
    """A shipped plan with a lever of each kind."""
    found = load("yuyao-2016")
    mine = {
        "goal": lever("targets.trained-managers-2025.low", 15000, 25000, "person"),
        "later": lever("targets.trained-managers-2025.year", 2024, 2025),
        "prices": lever("prices.output.trend.rate", -2, 2, "points/year"),
        "robots": lever("clusters.robotics.output.base", 20, 60, "亿元"),
    }
    kept = ("manager_intake", "manager_classes", "review_panels")
    return replace(found, levers={key: found.levers[key] for key in kept} | mine)


@pytest.fixture(scope="module")
def found(plan: Plan) -> Reach:
    return levers(plan, draws=DRAWS)


def test_both_ends_are_what_runs_say(plan: Plan, found: Reach) -> None:
    """On common draws: the same as two runs with the same seed."""
    for row, knob in list(enumerate(found.knobs))[::2]:
        for end, value in ((found.lows[row], knob.lever.low), (found.highs[row], knob.lever.high)):
            result = run(turned(plan, (knob,), (value,)), draws=DRAWS)
            assert end.value == value
            assert list(end.probability) == [v.probability for v in result.judged]
    assert list(found.own.probability) == [v.probability for v in run(plan, draws=DRAWS).judged]


@settings(max_examples=20)
@given(data=st.data())
def test_a_lever_at_the_plans_own_value_moves_nothing(data: st.DataObject, plan: Plan) -> None:
    every = knobs(plan, kinds=KINDS)
    some = data.draw(st.lists(st.sampled_from(every), unique=True, min_size=1))
    assert turned(plan, some, tuple(knob.own for knob in some)) is plan


def test_a_range_that_begins_at_the_plans_value_gains_from_there(found: Reach) -> None:
    row = [knob.key for knob in found.knobs].index("review_panels")
    assert found.knobs[row].own == found.knobs[row].lever.low
    assert np.array_equal(found.lows[row].probability, found.own.probability)
    assert np.array_equal(found.lows[row].met, found.own.met)


def test_kinds_are_told_apart(found: Reach) -> None:
    kinds = {knob.key: knob.kind for knob in found.knobs}
    assert kinds["manager_intake"] == "administration"
    assert kinds["goal"] == kinds["later"] == "goal"
    assert kinds["prices"] == "world"
    assert kinds["robots"] == "verify"
    every = found.of_kinds(KINDS)
    assert sorted(every) == list(range(len(found.knobs)))
    for kind in KINDS:
        sums = [found.span[row].sum() for row in found.of(kind)]
        assert sums == sorted(sums, reverse=True)


def test_a_goal_moves_its_own_target_alone(found: Reach) -> None:
    rows = [row for row, knob in enumerate(found.knobs) if knob.kind == "goal"]
    ids = [target.id for target in found.targets]
    place = ids.index("trained-managers-2025")
    assert (np.delete(found.span[rows], place, axis=1) == 0).all()
    goal = rows[0]
    assert found.lows[goal].probability[place] > found.highs[goal].probability[place]
    assert not np.array_equal(found.moved("goal"), found.moved(*POLICY))


def test_spans_are_from_the_least_to_the_most(found: Reach) -> None:
    sides = [[e.probability for e in ends] for ends in (found.lows, found.highs)]
    whole = np.array([*sides, [found.own.probability] * len(found.knobs)])
    assert np.allclose(found.span, whole.max(axis=0) - whole.min(axis=0))
    assert found.moved(*KINDS).sum() >= found.moved(*POLICY).sum() > 0
    assert moved_by_a_point(np.zeros((0, 3))).tolist() == [False] * 3
    assert moved_by_a_point(np.array([[POINT, 0.0], [0.0, POINT / 2]])).tolist() == [True, False]


def end(probability: list[float]) -> End:
    some = np.array(probability)
    return End(0.0, some, some, np.zeros((len(some), 2, 4), dtype=bool))


@given(
    st.lists(st.tuples(*[st.floats(0, 1)] * 3), min_size=1, max_size=5),
)
def test_a_span_holds_swing_and_gain(values: list[tuple[float, float, float]]) -> None:
    low, own, high = (end([v[i] for v in values]) for i in range(3))
    span = spans(own, [low], [high])[0]
    assert (span >= np.abs(high.probability - low.probability) - 1e-12).all()
    assert (span >= np.maximum(high.probability, low.probability) - own.probability - 1e-12).all()
    assert (span <= 1).all()


def test_what_is_told_of_a_lever_and_a_target(found: Reach) -> None:
    row = [knob.key for knob in found.knobs].index("manager_intake")
    place = [target.id for target in found.targets].index("trained-managers-2025")
    told = found.told(row, place, "en")
    assert told["swing"] == told["p_high"] - told["p_low"] > 0.1
    assert told["gain"] == told["p_high"] - told["p_plan"]
    assert told["swing_low"] < told["swing"] < told["swing_high"]
    assert told["read_low"] < told["read_plan"] < told["read_high"]
    assert told["lever_name"] == "Managers who sign up"
    table = found.to_frame("zh")
    assert len(table) == len(found.knobs) * len(found.targets)
    one = table[(table["lever"] == "manager_intake") & (table["target"] == found.targets[place].id)]
    assert one["swing"].iloc[0] == told["swing"]
    assert one["lever_name"].iloc[0] == "年报名管理人才"


def test_the_interval_of_a_difference_is_that_of_common_draws() -> None:
    chance = np.random.default_rng(3)
    low = chance.random((2, 400)) < 0.4
    assert half_width(low, low) == 0
    high = low | (chance.random((2, 400)) < 0.1)
    apart = chance.random((2, 400)) < high.mean()
    assert 0 < half_width(low, high) < half_width(low, apart)
    mean = (high.astype(float) - low).mean(axis=0)
    assert half_width(low, high) == pytest.approx(1.959964 * mean.std() / 20)


def test_the_best_of_policy_is_no_worse_than_any_lever_alone(plan: Plan) -> None:
    """By brute force over all corners of two levers: none meets more."""
    found = levers(plan, MANAGERS, ("manager_intake", "manager_classes"), draws=DRAWS)
    best = found.every
    assert best is not None
    assert found.outcomes is None
    assert best.own == pytest.approx(found.own.probability.sum())
    held = Asked(plan, MANAGERS, DRAWS, 1)
    corners = product(*((k.lever.low, k.own, k.lever.high) for k in found.knobs))
    met = {c: held.end(turned(plan, found.knobs, c), 0.0).probability.sum() for c in corners}
    assert best.best == pytest.approx(max(met.values()))
    assert met[best.setting] == pytest.approx(best.best)
    assert best.cost == pytest.approx(
        sum(k.cost(v) for k, v in zip(found.knobs, best.setting, strict=True))
    )


def test_outcomes_have_a_best_of_their_own(found: Reach) -> None:
    assert found.every is not None
    assert found.outcomes is not None
    assert set(found.outcomes.targets) < set(found.every.targets)
    assert {found.targets[row].kind for row in found.outcomes.targets} == {"outcome"}
    assert not any(found.targets[row].restates for row in found.every.targets)
    for best in (found.every, found.outcomes):
        assert best.best >= best.own


def test_without_policy_there_is_no_best(plan: Plan) -> None:
    world = {key: plan.levers[key] for key in ("prices", "robots")}
    found = levers(replace(plan, levers=world), draws=64)
    assert found.every is None
    assert found.outcomes is None
    assert not found.moved(*POLICY).any()
    assert unmoved(replace(plan, levers=world), run(plan, draws=64).settings) is None


def test_what_no_policy_moves(plan: Plan, found: Reach) -> None:
    result = run(plan, draws=DRAWS)
    still = unmoved(plan, result.settings)
    assert still is not None
    assert unmoved(plan, replace(result.settings, given=MANAGERS)) is None
    moved = found.moved(*POLICY)
    assert still.total == sum(not t.restates for t in found.targets)
    assert still.circular == 0
    assert [t.id for t in still.targets] == [
        t.id for t, m in zip(found.targets, moved, strict=True) if not m and not t.restates
    ]
    assert not {t.id for t in still.targets} & set(MANAGERS)


def test_what_is_judged_from_outside_alone_is_told_apart(found: Reach) -> None:
    place = [target.id for target in found.targets].index(MANAGERS[0])
    circular = replace(found, circular=(place,)).still
    assert circular.circular == 1
    assert circular.total == found.still.total
    moved = np.zeros(len(found.targets), dtype=bool)
    kept = still_of(found.targets, found.distinct, (place,), moved).targets
    assert len(kept) == found.still.total - 1
    assert found.targets[place] not in kept


def test_an_interval_is_that_of_the_verdict() -> None:
    """As far as the verdict follows the inside view; not at all where it does not."""
    futures = np.zeros((1, 2, 100), dtype=bool)
    more = futures.copy()
    more[:, :, :40] = True
    low, high = (End(0.0, np.array([p]), np.zeros(1), m) for p, m in ((0.2, futures), (0.4, more)))
    assert steepness(low, high, 0) == pytest.approx(0.5)
    assert steepness(low, replace(high, probability=low.probability), 0) == 0
    assert steepness(low, low, 0) == 1


def test_levers_that_decide_nothing_are_named(plan: Plan) -> None:
    found = levers(plan, ["green-factories-2025"], draws=64)
    assert {"manager_intake", "goal", "later"} <= {knob.key for knob in found.idle}
    assert (found.span == 0).all()


def test_names_are_taken_for_keys(plan: Plan) -> None:
    one = levers(plan, ["managers trained, 2025"], ["Managers who sign up"], draws=64)
    assert [t.id for t in one.targets] == ["trained-managers-2025"]
    assert [k.key for k in one.knobs] == ["manager_intake"]
    again = levers(plan, ["trained-managers-2025"], ["manager_intake"], draws=64)
    assert np.array_equal(one.span, again.span)


def test_what_there_is_not_is_refused(plan: Plan) -> None:
    with refused("unknown_target"):
        levers(plan, ["nowhere"], draws=64)
    with refused("no_such_lever"):
        levers(plan, levers=["nothing"], draws=64)
    wide = {"rate": lever("clusters.robotics.va_rate.base", 0, 300, "%")}
    with pytest.raises(InputError) as problem:
        levers(replace(plan, levers=wide), draws=64)
    assert problem.value.faults[0].code == "lever_breaks"
