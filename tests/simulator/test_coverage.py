"""What programmes have delivered, year by year: schedules, queues, and what they have in common."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import fixed_quad

from plansim.simulator.coverage import Delivery, Queued, Scheduled, schedule, scheduled
from plansim.simulator.plan import Coverage, Figure, Plan, Stage, Subsidy
from plansim.simulator.sampling import Array

Alter = Callable[..., Plan]
Alone = Callable[..., Plan]
Simulate = Callable[..., Any]

NEVER = float("inf")


def figure(value: float) -> Figure:
    return Figure(value, "judgement", "invented")


# -- schedules -------------------------------------------------------------------------------------


@given(
    st.integers(2014, 2020),
    st.lists(st.tuples(st.integers(0, 6), st.floats(0, 1)), min_size=1, max_size=4),
    st.floats(0, 3),
    st.floats(0, 1.5),
)
def test_a_flow_is_the_average_of_its_stock_over_the_year(
    start: int, points: list[tuple[int, float]], delay: float, depth: float
) -> None:
    path = {start + after: height for after, height in points}
    p: dict[str, Any] = {"c.depth": depth, "c.delay": np.array([0.0, delay])}
    years = tuple(range(2013, 2030))
    figure: Any = None  # what is drawn of depth and delay is given
    delivery = schedule(Coverage(start, path, figure, figure), years, p["c.delay"], p["c.depth"])
    knots = [float(start), *(year + 1.0 for year in sorted(path))]
    heights = [0.0, *(path[year] for year in sorted(path))]

    def stock(when: float) -> float:
        return depth * float(np.interp(when - delay, knots, heights))

    for row, year in enumerate(years):
        breaks = [k + delay for k in knots if year < k + delay < year + 1]
        edges = [float(year), *sorted(breaks), year + 1.0]
        average = sum(fixed_quad(np.vectorize(stock), a, b, n=2)[0] for a, b in pairwise(edges))
        assert delivery.flow[row, 1] == pytest.approx(average, abs=1e-9)
        assert delivery.stock[row, 1] == pytest.approx(stock(year + 1.0), abs=1e-12)


def test_nothing_is_delivered_beyond_the_limit() -> None:
    coverage = Coverage(2016, {2019: 1.0}, None, None, limit=0.6)  # type: ignore[arg-type]
    years = tuple(range(2015, 2022))
    capped = schedule(coverage, years, 0.0, np.array([1.0, 0.5]))
    assert capped.stock[:, 0] == pytest.approx([0, 0.25, 0.5, 0.6, 0.6, 0.6, 0.6])
    assert capped.stock[:, 1] == pytest.approx([0, 0.125, 0.25, 0.375, 0.5, 0.5, 0.5])
    assert (capped.flow <= 0.6).all()


def test_delay_moves_and_depth_scales_the_whole_schedule() -> None:
    coverage = Coverage(2016, {2017: 0.4, 2020: 1.0}, None, None)  # type: ignore[arg-type]
    years = tuple(range(2015, 2026))
    plain = schedule(coverage, years, 0.0, 1.0)
    late = schedule(coverage, years, 2.0, 0.5)
    assert plain.stock[:, 0] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1, 1, 1])
    assert plain.flow[:4, 0] == pytest.approx([0, 0.1, 0.3, 0.5])
    assert late.stock[2:] == pytest.approx(plain.stock[:-2] / 2)
    assert late.flow[2:] == pytest.approx(plain.flow[:-2] / 2)


# -- queues ----------------------------------------------------------------------------------------


def delivery(
    times: list[float], each: float = 0.1, induced: float = 1.0, ramp: Any = None, years: int = 4
) -> Queued:
    """Deliveries of one draw."""
    return Queued(np.array(times)[:, None], each, induced, ramp, years)


def test_a_stock_counts_lots_and_a_flow_their_time_in_the_year_by_hand() -> None:
    """Lots of a tenth, of which four fifths would not have come anyway."""
    found = delivery([0.25, 1.5, NEVER, 1.75], induced=0.8)
    assert found.stock[:, 0] == pytest.approx([0.1, 0.3, 0.3, 0.3])
    assert found.flow[:, 0] == pytest.approx([0.06, 0.08 * 1.75, 0.24, 0.24])


def test_what_is_delivered_in_the_first_moment_of_a_year_belongs_to_it() -> None:
    """And to no year before; what comes after the horizon is not seen."""
    found = delivery([1.0, 3.0, 4.0, 4.5])
    assert found.stock[:, 0] == pytest.approx([0, 0.1, 0.1, 0.2])
    assert found.flow[:, 0] == pytest.approx([0, 0.1, 0.1, 0.2])
    assert delivery([0.0]).flow[:, 0] == pytest.approx([0.1] * 4)
    assert not delivery([NEVER, 4.0]).flow.any()
    assert delivery([]).stock[:, 0].tolist() == [0, 0, 0, 0]


def test_a_ramp_by_hand() -> None:
    """In full use after half a year: a quarter year of full use is lost, once."""
    found = delivery([0.25], each=1.0, ramp=0.5)
    assert found.flow[:, 0] == pytest.approx([0.5 / 2 + 0.25, 1, 1, 1])
    assert found.stock[:, 0].tolist() == [1, 1, 1, 1]
    late = delivery([0.75], each=1.0, ramp=0.5)
    assert late.flow[:, 0] == pytest.approx([0.25 * 0.5 / 2, 0.25 * 1.5 / 2 + 0.75, 1, 1])
    long = delivery([1.0], each=1.0, ramp=2.0)
    assert long.flow[:, 0] == pytest.approx([0, 0.25, 0.75, 1])


@given(
    st.lists(st.floats(0, 7) | st.sampled_from([0.0, 1.0, 2.5, 4.0, NEVER]), max_size=12),
    st.floats(0.01, 9) | st.sampled_from([None, 0.0]),
)
def test_a_flow_is_the_average_of_what_is_in_use(times: list[float], ramp: float | None) -> None:
    """The integral of straight lines, piece by piece."""
    found = delivery(times, each=1.0, ramp=ramp, years=6)

    def in_use(when: float) -> float:
        ages = [when - time for time in times if time <= when]
        return sum(min(age / ramp, 1.0) if ramp else 1.0 for age in ages)

    assert (np.diff(found.stock, axis=0) >= 0).all()
    for year in range(6):
        assert found.stock[year, 0] == sum(time < year + 1 for time in times)
        knots = [k for t in times for k in (t, t + (ramp or 0)) if year < k < year + 1]
        edges = [float(year), *sorted(knots), year + 1.0]
        area = sum(fixed_quad(np.vectorize(in_use), a, b, n=2)[0] for a, b in pairwise(edges))
        assert found.flow[year, 0] == pytest.approx(area, abs=1e-8)


@pytest.mark.parametrize("ramp", [None, 0.75])
def test_some_years_are_those_of_all(ramp: float | None) -> None:
    found = delivery([0.5, 1.2, 2.5, 2.9, NEVER], ramp=ramp)
    for years in ((0,), (0, 3), (0, 1, 2), (0, 1, 2, 3)):
        gained = found.flow - found.flow[0]
        assert np.array_equal(found.gained(years), gained[list(years)])
        assert np.array_equal(found.whole(years) * found.each, found.stock[list(years)])
    assert found.whole((1, 3))[:, 0].tolist() == [2, 4]


def test_every_draw_has_its_own_lots_ramp_and_share() -> None:
    times = np.array([[0.5, 2.25, NEVER], [1.25, 1.0, 0.0]])
    each, induced, ramp = np.array([0.1, 0.2, 0.5]), np.array([1.0, 0.5, 0.0]), [0.5, 1.0, 2.0]
    together = Queued(times, each, induced, np.array(ramp), 4)
    for lane in range(3):
        alone = delivery(
            times[:, lane].tolist(), float(each[lane]), float(induced[lane]), ramp[lane]
        )
        assert together.stock[:, [lane]] == pytest.approx(alone.stock)
        assert together.flow[:, [lane]] == pytest.approx(alone.flow)


def test_a_short_ramp_is_almost_none() -> None:
    times = [0.25, 1.0, 1.5, NEVER]
    short, none = delivery(times, ramp=1e-6), delivery(times)
    assert short.flow == pytest.approx(none.flow, abs=1e-6)
    assert delivery(times, ramp=0.0).flow == pytest.approx(none.flow)


# -- of a plan -------------------------------------------------------------------------------------


def of_a(simulate: Simulate, plan: Plan) -> Delivery:
    """What the programme ``a`` has delivered in some draws."""
    delivery: Delivery = simulate(plan).deliveries["a"]
    return delivery


@pytest.mark.parametrize(
    ("ordinary", "response", "induced"),
    [(None, None, 1.0), (3.0, None, 0.75), (12.0, None, 0.0), (30.0, None, 0.0), (3.0, 2.0, 0.8)],
    ids=["none is ordinary", "a quarter", "all", "more than come", "of those who come for money"],
)
def test_what_would_have_come_anyway_has_no_effect(
    alone: Alone,
    simulate: Simulate,
    ordinary: float | None,
    response: float | None,
    induced: float,
) -> None:
    """Of what is delivered the share ordinary / λ, λ with its response: 12 (1 + 2 × 0.125)."""
    subsidy = Subsidy(
        figure(0.3), "work", cap=figure(0.1), response=None if response is None else figure(2.0)
    )
    usual = {} if ordinary is None else {"ordinary": ordinary}
    found = of_a(simulate, alone(intake=12.0, subsidy=subsidy, investment=0.8, **usual))
    full = of_a(simulate, alone(intake=12.0 * (1.25 if response else 1.0)))
    assert np.allclose(found.stock, full.stock, rtol=1e-12)
    assert np.allclose(found.flow, induced * full.flow, rtol=1e-9, atol=1e-12)
    assert full.flow[-1].min() > 0.1


def test_a_lot_is_its_share_of_the_plan(alone: Alone, simulate: Simulate) -> None:
    for lot, units in ((1, 100.0), (4, 100.0), (4, 50.0)):
        found = of_a(simulate, alone(lot, units)).stock * units / lot
        assert np.allclose(found, np.rint(found), atol=1e-9)
        assert found[-1].mean() == pytest.approx(110 / lot, rel=0.05)


def test_more_may_be_delivered_than_was_planned(alone: Alone, simulate: Simulate) -> None:
    assert of_a(simulate, alone(units=20.0)).stock[-1].min() > 1


def test_a_schedule_and_a_queue_say_the_same_to_what_follows(plan: Plan) -> None:
    """One unit that takes a year until it is in full use is a straight line, either way."""
    path = Coverage(2016, {2016: 1.0}, figure(1.0))
    same: list[Delivery] = [
        schedule(path, tuple(plan.years), 0.0, 1.0),
        Queued(np.array([[1.0]]), 1.0, 1.0, 1.0, len(plan.years)),
    ]
    assert same[0].flow == pytest.approx(same[1].flow)
    assert same[0].stock == pytest.approx(same[1].stock)


def test_both_kinds_run_beside_one_another(queued: Plan, simulate: Simulate) -> None:
    """Years first, then draws; nothing at first; never less; in use no more than delivered."""
    found = simulate(queued).deliveries
    assert set(found) == set(queued.programmes)
    assert isinstance(found["park"], Scheduled)
    for each in found.values():
        for path in (each.stock, each.flow):
            assert np.broadcast_shapes(path.shape, (11, 256)) == (11, 256)
            assert (path[0] == 0).all()
            assert (np.diff(path, axis=0) >= -1e-6).all()
        assert (each.flow <= each.stock + 1e-6).all()


def test_a_queue_moves_what_it_names_as_a_schedule_does(
    queued: Plan, alter: Alter, certain: Alter, simulate: Simulate
) -> None:
    """Eq. 3 by hand with the flow of a queue: an absolute change of a share."""
    bare = certain(alter(queued, {"programmes.training.active": False}))
    leases = simulate(bare)
    still = simulate(alter(bare, {"programmes.leases.active": False}))
    rd, before = (f.accounts.quantity("city.rd") for f in (leases, still))

    def z(level: Array) -> Array:
        return np.log(level / (0.08 - level))

    reach = 0.6 * (leases.deliveries["leases"].flow - leases.deliveries["leases"].flow[0])
    size = z(np.array(0.024)) - z(np.array(0.02))
    assert np.allclose(z(rd) - z(before), size * reach, atol=1e-9)


def test_drop_outs_are_not_delivered(alone: Alone, simulate: Simulate) -> None:
    stages = {"work": Stage(figure(0.0), drop_out=figure(0.4))}
    kept, all_ = (of_a(simulate, plan) for plan in (alone(stages=stages), alone()))
    assert kept.stock[-1].sum() / all_.stock[-1].sum() == pytest.approx(0.6, abs=0.02)


def test_a_schedule_is_the_same_beside_a_queue(
    plan: Plan, queued: Plan, simulate: Simulate
) -> None:
    alone, beside = (simulate(each).deliveries for each in (plan, queued))
    assert set(alone) == {"retrofits", "park"} == set(scheduled(plan, simulate(plan).accounts.p))
    for key, delivery in alone.items():
        assert np.array_equal(delivery.stock, beside[key].stock)
        assert np.array_equal(delivery.flow, beside[key].flow)
