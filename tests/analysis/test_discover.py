"""Scenario discovery: planted causes are found and counted in fresh futures; chance is left be."""

from typing import Any

import numpy as np
import pytest

from plansim.analysis.discover import (
    Discovery,
    allowed,
    chosen,
    confirmed,
    discover,
    explained,
    inputs,
    values,
)
from plansim.analysis.futures import sample
from plansim.analysis.prim import Count
from plansim.scenarios.load import load
from plansim.simulator.errors import InputError
from plansim.simulator.model import Model
from plansim.simulator.plan import Plan


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load("yuyao-2016")


def planted(seed: int, noise: float = 0.03) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(10, 4000))
    inside = (x[2] < 0.0) & (x[5] > -0.2)
    return x, rng.random(4000) < np.where(inside, 1 - noise, noise)


def found_in(seed: int) -> Discovery:
    names = [f"x{i}" for i in range(10)]
    return explained(0, names, *planted(seed), *planted(seed + 100))


def test_planted_causes_are_found_and_counted_in_fresh_futures() -> None:
    found = found_in(1)
    box = found.boxes[0]
    limits = {r.name: (r.low, r.high) for r in box.restrictions}
    assert limits.keys() == {"x2", "x5"}
    assert limits["x2"] == pytest.approx((-np.inf, 0.0), abs=0.12)
    assert limits["x5"] == pytest.approx((-0.2, np.inf), abs=0.12)
    x, y = planted(101)
    inside = (x[2] <= limits["x2"][1]) & (x[5] >= limits["x5"][0])
    assert box.count == Count.of(inside, y)
    assert box.count.coverage > 0.85
    assert box.count.density > 0.9
    assert all(r.quasi_p < 0.05 for r in box.restrictions)


def test_shares_beyond_a_limit_are_those_of_all_fresh_futures() -> None:
    for restriction in found_in(2).boxes[0].restrictions:
        row = planted(102)[0][int(restriction.name[1:])]
        assert restriction.below == (row < restriction.low).mean()
        assert restriction.above == (row > restriction.high).mean()


def test_boxes_count_what_the_ones_before_leave() -> None:
    rng = np.random.default_rng(8)
    data: list[Any] = []
    for _ in range(2):
        x = rng.normal(size=(5, 6000))
        data += [x, rng.random(6000) < np.where((x[0] < -1) | (x[1] > 1), 0.97, 0.02)]
    found = explained(0, list("abcde"), *data)
    assert len(found.boxes) == 2
    assert sum(box.count.hits for box in found.boxes) == found.together.hits
    assert sum(box.count.cases for box in found.boxes) == found.together.cases


@pytest.mark.parametrize(("share", "reason"), [(0.0, "never"), (1.0, "always"), (0.5, "nothing")])
def test_where_nothing_can_be_said_it_says_why(share: float, reason: str) -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(20, 4000)), rng.random(4000) < share
    again = rng.normal(size=(20, 4000)), rng.random(4000) < share
    found = explained(0, [str(i) for i in range(20)], x, y, *again)
    assert (found.boxes, found.reason) == ((), reason)


def test_a_box_that_fresh_futures_do_not_bear_out_is_dropped() -> None:
    assert confirmed(Count(400, 300, 4000, 1600))
    assert not confirmed(Count(400, 165, 4000, 1600))
    assert not confirmed(Count(10, 10, 4000, 1600))


def test_a_target_is_not_explained_by_what_it_counts_or_by_later_luck(plan: Plan) -> None:
    model = Model.of(plan)
    names = inputs(model)
    place = [t.id for t in plan.judged].index("listings-2020")
    rows = {names[row] for row in allowed(model, names, place)}
    assert "delivered/2020/listings" in names
    assert not any(name.startswith(("delivered/2020/listings", "luck/2025")) for name in rows)
    assert "luck/2020/common" in rows


def test_every_input_has_its_row(plan: Plan) -> None:
    model = Model.of(plan)
    futures = sample(model, 128, 1, 1)
    names, table = inputs(model), values(model, futures)
    assert table.shape == (len(names), 128)
    assert len(set(names)) == len(names)
    units = table[names.index("delivered/2025/robot_town")]
    assert np.array_equal(units, np.round(units))
    total = np.mean([table[names.index(n)] for n in names if n.startswith("waited/")])
    assert 0 < total < 10 * 365.25


def test_what_fails_a_target_is_the_figure_that_drives_it(plan: Plan) -> None:
    found = discover(plan, ["rd-to-revenue-2025"], draws=1024, workers=2)
    (one,) = found.found
    strongest = one.boxes[0].restrictions[0]
    assert strongest.name == "city.rd_to_revenue.trend.rate"
    assert np.isinf(strongest.low)
    assert one.boxes[0].count.density > 0.85
    assert one.together.base == one.share


def test_restatements_are_not_asked_twice(plan: Plan) -> None:
    everything = chosen(plan, ())
    assert len(everything) == sum(not t.restates for t in plan.judged)
    assert chosen(plan, ["listings-2020", "listings-2020"]) == chosen(plan, ["listings-2020"])


def test_wrong_arguments_are_refused(plan: Plan) -> None:
    with pytest.raises(InputError) as caught:
        discover(plan, ["nothing"], "lost")
    assert [f.code for f in caught.value.faults] == ["unknown_target", "unknown_choice"]
    with pytest.raises(InputError):
        discover(plan, draws=100)
