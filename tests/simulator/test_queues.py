"""Eq. 16 and 17: what luck brings to a queue, and the recursion that serves it over draws."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from plansim.simulator.network import Desk, Gate, Network, Visit
from plansim.simulator.plan import Figure, Plan, Quota, Stage, Stop, Subsidy, Uncertainty
from plansim.simulator.queues import (
    GRAINS,
    Cases,
    Futures,
    Passage,
    Pause,
    in_season,
    intake,
    serve,
    support,
)
from plansim.simulator.sampling import Array, Numbers, Single

Alter = Callable[..., Plan]
Alone = Callable[..., Plan]
Bring = Callable[..., Any]
Deliver = Callable[..., Array]

HERE = (Visit("a", "s"),)
NEVER = math.inf


def figure(value: float | Uncertainty) -> Figure:
    return Figure(value, "judgement", "invented")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def column(values: Any) -> Single:
    return np.asarray(values, dtype=np.float32)[:, None]


def near(found: Numbers, expected: Any) -> bool:
    """Equal to rounding; ``pytest.approx`` is slow for many numbers."""
    return bool(np.allclose(found, expected, rtol=8 * np.finfo(found.dtype).eps, atol=0.0))


def told(times: Single) -> list[float]:
    """Those of the first draw, as one writes them. [years]"""
    return [round(float(time), 6) for time in times[:, 0]]


def pause(since: float, until: float) -> Pause:
    """The same in every draw."""
    return column([since])[0], column([until])[0]


def paid(
    applied: Any, needs: Any, amount: float, *, carries: bool, first: int = 0, last: int = 9
) -> list[float]:
    """When lots pass a gate."""
    gate = Gate("quota", HERE, first, last, carries)
    case = Cases(column(applied), {}, takes={"quota": column(needs).astype(float)})
    passage = serve(Network((gate,)), Futures({"a": case}, {"quota": amount}))["a"]
    return told(passage.passed["s", "quota"])


def begun(
    applied: Any, lasts: Any, servers: int | None, closed: tuple[float, float] | None = None
) -> list[float]:
    """When work on lots begins at a desk."""
    desk = Desk("desk", HERE, servers, closed is not None)
    case = Cases(column(applied), {"s": column(lasts)})
    stops = {} if closed is None else {"desk": pause(*closed)}
    passage = serve(Network((desk,)), Futures({"a": case}, {}, stops))["a"]
    began, ended = passage.passed["s", "desk"], passage.ended["s"]
    assert np.array_equal(ended, began + case.lasts["s"])
    assert np.array_equal(ended, passage.delivered)
    return told(began)


# -- desks -----------------------------------------------------------------------------------------


def test_two_servers_by_hand() -> None:
    applied, lasts = [0.0, 0.0, 0.5, 1.0, 4.0, 4.0], [2.0, 1.0, 1.0, 0.5, 1.0, 0.25]
    assert begun(applied, lasts, 2) == [0.0, 0.0, 1.0, 2.0, 4.0, 4.0]
    assert begun(applied, lasts, 1) == [0.0, 2.0, 3.0, 4.0, 4.5, 5.5]
    assert begun(applied, lasts, 3) == [0.0, 0.0, 0.5, 1.0, 4.0, 4.0]


@pytest.mark.parametrize("servers", [None, 6, 7, 20])
def test_nobody_waits_for_a_server_where_there_are_enough(servers: int | None) -> None:
    applied = [0.0, 0.0, 0.5, 1.0, 4.0, NEVER]
    assert begun(applied, [9.0] * 6, servers) == applied


def test_a_lot_that_takes_no_time_holds_nobody_up() -> None:
    assert begun([1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 2.0, 0.0], 1) == [1.0, 1.0, 1.0, 3.0]


def test_who_never_comes_holds_nobody_up() -> None:
    assert begun([1.0, NEVER, NEVER], [1.0, 1.0, 1.0], 1) == [1.0, NEVER, NEVER]


def test_work_that_should_begin_while_a_desk_stands_still_waits() -> None:
    """What has begun goes on, and at the moment of reopening work begins."""
    applied = [0.9, 1.0, 1.2, 1.5, 1.6]
    assert begun(applied, [1.0] * 5, None, (1.0, 1.5)) == [0.9, 1.5, 1.5, 1.5, 1.6]
    assert begun(applied, [1.0] * 5, 1, (1.0, 1.5)) == [0.9, 1.9, 2.9, 3.9, 4.9]
    assert begun(applied, [0.3] * 5, 1, (1.0, 1.5)) == pytest.approx([0.9, 1.5, 1.8, 2.1, 2.4])
    assert begun(applied, [0.3] * 5, 2, (1.0, 1.5)) == pytest.approx([0.9, 1.5, 1.5, 1.8, 1.8])
    assert begun(applied, [1.0] * 5, None, (1.0, 1.0)) == applied
    assert begun(applied, [1.0] * 5, None, (NEVER, NEVER)) == applied


def test_one_server_is_lindleys_recursion(rng: np.random.Generator) -> None:
    waits, lasts = rng.exponential([[[1.0]], [[0.9]]], (2, 300, 7)).astype(np.float32)
    applied = np.cumsum(waits, axis=0)
    desk = Desk("desk", HERE, 1, stops=False)
    found = serve(Network((desk,)), Futures({"a": Cases(applied, {"s": lasts})}))["a"]
    free = np.zeros(7, dtype=np.float32)
    for lot in range(300):
        begins = np.maximum(applied[lot], free)
        assert (found.passed["s", "desk"][lot] == begins).all()
        free = begins + lasts[lot]


@pytest.mark.parametrize(("servers", "random"), [(1, False), (1, True), (3, True)])
def test_the_mean_wait_is_that_of_queueing_theory(
    rng: np.random.Generator, servers: int, random: bool
) -> None:
    """M/D/1 and M/M/1 (Pollaczek and Khinchine), M/M/3 (Erlang C), at a load of 0.8."""
    shape, load = (3000, 200), 0.8
    clock = np.cumsum(rng.exponential(1 / (load * servers), shape), axis=0)
    work = rng.exponential(1.0, shape) if random else np.ones(shape)
    applied, lasts = clock.astype(np.float32), work.astype(np.float32)
    desk = Desk("desk", HERE, servers, stops=False)
    found = serve(Network((desk,)), Futures({"a": Cases(applied, {"s": lasts})}))["a"]
    wait = (found.passed["s", "desk"] - applied)[1000:].mean()
    offered = load * servers
    full = offered**servers / math.factorial(servers) / (1 - load)
    held = full / (full + sum(offered**n / math.factorial(n) for n in range(servers)))
    expected = held / (servers - offered) * (1.0 if random else 0.5)
    assert wait == pytest.approx(expected, rel=0.04)


# -- gates -----------------------------------------------------------------------------------------


def test_a_budget_that_lapses_by_hand() -> None:
    """5 a year. The second finds 2 of 3, and the third, who needs but 2, stands behind it."""
    applied = [0.1, 0.2, 0.3, 0.4]
    assert paid(applied, [3, 3, 2, 5], 5, carries=False) == [0.1, 1.0, 1.0, 2.0]
    assert paid(applied, [3, 2, 2, 3], 5, carries=False) == [0.1, 0.2, 1.0, 1.0]
    assert paid(applied, [5, 5, 5, 5], 5, carries=False) == [0.1, 1.0, 2.0, 3.0]


def test_a_budget_that_is_carried_by_hand() -> None:
    """5 a year. By hand: 3, 6, 8, 13 are asked for in turn, and 5, 10, 15 are there."""
    assert paid([0.1, 0.2, 0.3, 0.4], [3, 3, 2, 5], 5, carries=True) == [0.1, 1.0, 1.0, 2.0]
    assert paid([0.1, 0.2, 0.3, 0.4], [3, 2, 5, 5], 5, carries=True) == [0.1, 0.2, 1.0, 2.0]
    assert paid([0.1, 0.2, 0.3, 0.4], [4, 4, 4, 3], 5, carries=True) == [0.1, 1.0, 2.0, 2.0]


def test_what_is_left_at_the_end_of_a_year_lapses_or_is_kept() -> None:
    applied, needs = [0.1, 2.5, 2.6, 2.7, 2.8], [3, 5, 5, 2, 5]
    assert paid(applied, needs, 5, carries=False) == [0.1, 2.5, 3.0, 4.0, 5.0]
    assert paid(applied, needs, 5, carries=True) == [0.1, 2.5, 2.6, 2.7, 3.0]
    assert paid([0.5, 1.0, 1.0], [3, 3, 3], 5, carries=False) == [0.5, 1.0, 2.0]
    assert paid([0.5, 1.0, 1.0], [3, 3, 3], 5, carries=True) == [0.5, 1.0, 1.0]


@pytest.mark.parametrize("carries", [True, False])
def test_a_quota_comes_from_its_first_january_to_its_last(carries: bool) -> None:
    applied = [0.5, 0.6, 0.7, 3.5, 3.6]
    early = paid(applied, [4] * 5, 4, carries=carries, first=2, last=3)
    assert early == [2.0, 3.0, NEVER, NEVER, NEVER]
    late = paid(applied, [2] * 5, 4, carries=carries, first=2, last=3)
    assert late == [2.0, 2.0, 3.0, 3.5, NEVER]
    assert paid([4.5], [1], 4, carries=carries, last=3) == [4.5 if carries else NEVER]


@pytest.mark.parametrize("carries", [True, False])
def test_who_needs_nothing_does_not_wait_at_a_gate(carries: bool) -> None:
    applied, needs = [0.1, 0.2, 0.3, 0.4, 1.1], [5, 5, 0, 5, 0]
    assert paid(applied, needs, 5, carries=carries) == [0.1, 1.0, 0.3, 2.0, 1.1]
    assert paid(applied, [0] * 5, 0, carries=carries) == applied


@pytest.mark.parametrize("carries", [True, False])
def test_who_never_comes_takes_nothing(carries: bool) -> None:
    assert paid([0.1, NEVER, NEVER], [5, 5, 0], 5, carries=carries) == [0.1, NEVER, NEVER]


# -- stations that are shared ----------------------------------------------------------------------


def shared(cases: Mapping[str, Cases], station: Gate | Desk, **limits: Any) -> dict[str, Passage]:
    visits = tuple(Visit(key, "s") for key in cases)
    return serve(Network((replace(station, visits=visits),)), Futures(cases, **limits))


def test_all_programmes_stand_in_one_line() -> None:
    """First come, first served, whoever comes."""
    cases = {
        "a": Cases(column([0.0, 0.3, 2.0]), {"s": column([1.0, 1.0, 1.0])}),
        "b": Cases(column([0.2, 0.4]), {"s": column([0.5, 0.5])}),
    }
    found = shared(cases, Desk("desk", (), 1, stops=False))
    assert found["a"].passed["s", "desk"][:, 0].tolist() == [0.0, 1.5, 3.0]
    assert found["b"].passed["s", "desk"][:, 0].tolist() == [1.0, 2.5]


def test_ties_are_served_by_programme_then_by_lot() -> None:
    """Thirty lots of three programmes each, all at once: only a stable sort keeps them."""
    table = np.ones((30, 2), dtype=np.float32)
    cases = {key: Cases(table, {"s": table}) for key in ("z", "a", "m")}
    found = shared(cases, Desk("desk", (), 1, stops=False))
    begins = np.concatenate([found[key].passed["s", "desk"] for key in cases])
    assert np.array_equal(begins, np.arange(1.0, 91.0)[:, None].repeat(2, axis=1))


def test_every_draw_has_its_own_line() -> None:
    times: Single = np.array([[0.0, 5.0], [1.0, 6.0], [0.5, 0.5]], dtype=np.float32)
    first = Cases(times[:2], {}, takes={"quota": np.full((2, 2), 3.0)})
    other = Cases(times[2:], {}, takes={"quota": np.full((1, 2), 4.0)})
    gate = Gate("quota", (), 0, 9, carries=False)
    found = shared({"a": first, "b": other}, gate, amounts={"quota": np.array([7.0, 3.0])})
    assert found["a"].passed["s", "quota"].tolist() == [[0.0, NEVER], [1.0, NEVER]]
    assert found["b"].passed["s", "quota"].tolist() == [[0.5, NEVER]]
    found = shared({"a": first, "b": other}, gate, amounts={"quota": np.array([7.0, 4.0])})
    assert found["a"].passed["s", "quota"].tolist() == [[0.0, 5.0], [1.0, 6.0]]


def test_times_that_differ_by_a_last_bit_are_no_tie(rng: np.random.Generator) -> None:
    """Among many that are equal; who never comes is last. With a year of work each."""
    close = 0.5 + np.arange(4) * np.spacing(np.float32(0.5))
    tables = rng.choice([0.0, 0.0, *close, 1.0, NEVER], (2, 40, 300)).astype(np.float32)
    cases = {
        key: Cases(times, {"s": np.ones((40, 300), dtype=np.float32)})
        for key, times in zip("ab", tables, strict=True)
    }
    found = shared(cases, Desk("desk", (), 1, stops=False))
    begins = np.concatenate([found[key].passed["s", "desk"] for key in cases])
    together = np.concatenate(tables)
    order = np.argsort(together, axis=0, kind="stable")
    places = np.argsort(order, axis=0).astype(float)
    assert np.array_equal(begins, np.where(np.isinf(together), NEVER, places))


def test_who_drops_out_goes_no_further() -> None:
    route = (Visit("a", "first"), Visit("a", "last"))
    stations = (Desk("one", route[:1], 1, stops=False), Desk("two", route[1:], 1, stops=False))
    lasts = {"first": column([1.0, 1.0, 1.0]), "last": column([5.0, 5.0, 5.0])}
    leaves = {"first": np.array([[True], [False], [False]])}
    last: NDArray[np.bool_] = np.array([[False], [False], [True]])
    case = Cases(column([0.0, 0.0, 0.0]), lasts, {**leaves, "last": last})
    found = serve(Network(stations), Futures({"a": case}))["a"]
    assert found.ended["first"][:, 0].tolist() == [1.0, 2.0, 3.0]
    assert found.passed["last", "two"][:, 0].tolist() == [NEVER, 2.0, 7.0]
    assert found.ended["last"][:, 0].tolist() == [NEVER, 7.0, 12.0]
    assert found.delivered[:, 0].tolist() == [NEVER, 7.0, NEVER]


# -- Eq. 16: applications --------------------------------------------------------------------------


def counted(applied: Array, lot: float = 1) -> Array:
    """Units that have applied by the end of each of eleven years. [(year, draw)]"""
    return np.array([lot * (applied < year).sum(axis=0) for year in range(1, 12)])


def test_the_clock_of_applications_is_its_equation(alone: Alone, brought: Bring) -> None:
    """Line by line: t = t + e / (λ (1 − i·lot/E) / lot), λ with its response, then the season.

    The unit exponential e is what parts two applications of another plan, at one a year.
    """
    subsidy = Subsidy(figure(0.3), "work", cap=figure(0.1), response=figure(2.0))
    season = tuple(float(n) for n in range(1, 13))
    plan = alone(
        lot=3, intake=20.0, eligible=100.0, investment=0.8, subsidy=subsidy, season=season,
        start=2017, end=2019,
    )  # fmt: skip
    applied = brought(plan, draws=128).futures.cases["a"].applied
    plain = brought(alone(intake=20.0), draws=128).futures.cases["a"].applied
    waits = 20.0 * np.diff(plain[:34], axis=0, prepend=0.0)
    rate = 20.0 * (1 + 2.0 * 0.125)
    clock = np.zeros(128)
    months = np.arange(13) / 12
    for i, wait in enumerate(waits):
        clock = clock + wait / (rate * (1 - i * 3 / 100) / 3)
        bent = np.interp(clock % 1, np.cumsum([0.0, *season]) / sum(season), months)
        when = 2 + np.floor(clock) + bent
        expected = np.where(when < 5, when, NEVER)
        found = applied[i] if i < len(applied) else np.full(128, NEVER)
        assert np.allclose(found, expected, rtol=1e-6)
    assert len(applied) <= 34


@pytest.mark.parametrize("lot", [1, 2, 4])
def test_applications_are_a_poisson_process(alone: Alone, brought: Bring, lot: float) -> None:
    """Mean intake × years whatever the lot; a lot twice the size has twice the variance."""
    units = counted(brought(alone(lot, intake=8.0), draws=4096).futures.cases["a"].applied, lot)
    mean = 8.0 * np.arange(1, 12)
    assert np.abs(units.mean(axis=1) - mean).max() < 4 * math.sqrt(lot * 88 / 4096)
    assert units.var(axis=1) == pytest.approx(lot * mean, rel=0.1)
    grown = np.diff(units, axis=0) / lot
    assert grown.var(axis=1) == pytest.approx(8 / lot, rel=0.1)
    share = stats.poisson(8 / lot).pmf(np.arange(20))
    found = np.bincount(grown.astype(int).ravel(), minlength=20)[:20] / grown.size
    assert found == pytest.approx(share, abs=0.006)


@pytest.mark.parametrize("lot", [1, 4])
def test_the_pool_is_used_up(alone: Alone, brought: Bring, lot: float) -> None:
    """Σ λ (1 − n/E): the mean that has applied is E (1 − exp(−λ t / E)), and never more than E."""
    plan = alone(lot, intake=24.0, eligible=60.0)
    units = counted(brought(plan, draws=4096).futures.cases["a"].applied, lot)
    mean = 60 * (1 - np.exp(-24 * np.arange(1, 12) / 60))
    assert units.mean(axis=1) == pytest.approx(mean, abs=4 * math.sqrt(lot * 15 / 4096))
    assert units.max() == 60


def test_who_applies_comes_in_the_season(alone: Alone, brought: Bring) -> None:
    season = (0.0, 1.0, 4.0, 3.0, 0.0, 2.0, 2.0, 2.0, 3.0, 1.0, 1.0, 1.0)
    even = brought(alone(intake=12.0), draws=2048).futures.cases["a"].applied
    bent = brought(alone(intake=12.0, season=season), draws=2048).futures.cases["a"].applied
    assert (np.floor(even) == np.floor(bent)).all()
    months = np.floor(12 * (bent[bent < 11] % 1)).astype(int)
    found = np.bincount(months, minlength=12)
    assert found[[0, 4]].tolist() == [0, 0]
    error = np.sqrt(np.array(season) / 20 * len(months))
    assert (np.abs(found - np.array(season) / 20 * len(months)) <= 4 * error).all()


def test_a_season_is_a_clock_that_keeps_its_years() -> None:
    season = [0.0, 0.0, 6.0, *[1.0] * 8, 0.0]
    clock = column([0.0, 3 / 14, 6 / 14, 7 / 14, 1 - 2**-24, 3.0 + 6 / 14, NEVER])[:, 0]
    expected = [2.5 / 12, 3 / 12, 4 / 12, 11 / 12, 3 + 3 / 12, NEVER]
    assert in_season(clock, season)[1:].tolist() == pytest.approx(expected)
    assert near(in_season(clock, [5.0] * 12), clock)
    fine = np.linspace(0, 5, 501, dtype=np.float32)
    assert (np.diff(in_season(fine, season)) >= 0).all()


def test_applications_begin_in_january_and_end_in_december(alone: Alone, brought: Bring) -> None:
    plan = alone(intake=10.0, start=2018, end=2020)
    applied = brought(plan, draws=2048).futures.cases["a"].applied
    came = applied[np.isfinite(applied)]
    assert 3 < came.min() < 3.001
    assert 5.999 < came.max() < 6
    assert np.isfinite(applied).sum(axis=0).mean() == pytest.approx(30, abs=4 * (30 / 2048) ** 0.5)
    longer = brought(alone(intake=10.0, start=2018), draws=2048).futures.cases["a"].applied
    same = longer[: len(applied)]
    assert np.array_equal(applied, np.where(same < 6, same, NEVER))


def test_a_later_start_moves_every_application_by_years(alone: Alone, brought: Bring) -> None:
    early, late = (brought(alone(start=start)).futures.cases["a"].applied for start in (2016, 2018))
    assert near(late, early[: len(late)] + 2)


@pytest.mark.parametrize(
    ("cap", "investment", "factor"),
    [(None, None, 1.3), (0.05, 0.5, 1.15), (0.2, 0.5, 1.3), (0.0, 0.5, 1.0)],
    ids=["no cap", "the cap binds", "the cap is far", "nothing is awarded"],
)
def test_a_subsidy_brings_more_applications(
    alone: Alone, brought: Bring, cap: float | None, investment: float | None, factor: float
) -> None:
    """By response × the share of the investment that is awarded, the median one's."""
    limit = None if cap is None else figure(cap)
    subsidy = Subsidy(figure(0.2), "work", cap=limit, response=figure(1.5))
    cost = {} if investment is None else {"investment": investment}
    plan = alone(subsidy=subsidy, overrun=1.7, scatter=0.8, **{"investment": 1.0, **cost})
    lives = brought(plan, draws=128)
    queue, own = plan.programmes["a"].queue, "programmes.a.queue"
    assert queue is not None
    assert intake(queue, lives.p, own) == pytest.approx(10 * factor)
    assert support(queue, lives.p, own) == pytest.approx((factor - 1) / 1.5)
    usual = brought(alone(), draws=128).futures.cases["a"].applied
    applied = lives.futures.cases["a"].applied[: len(usual)]
    assert near(applied, usual[: len(applied)] / factor)


def test_an_award_without_a_response_brings_nobody(alone: Alone, brought: Bring) -> None:
    plan = alone(subsidy=Subsidy(figure(0.2), "work"), investment=1.0)
    lives = brought(plan, draws=128)
    queue = plan.programmes["a"].queue
    assert queue is not None
    assert intake(queue, lives.p, "programmes.a.queue") == 10
    assert support(replace(queue, subsidy=None), lives.p, "programmes.a.queue") == 0
    usual = brought(alone(), draws=128).futures.cases["a"].applied
    assert np.array_equal(lives.futures.cases["a"].applied, usual)


def test_nobody_applies_where_there_is_no_intake_or_no_pool(alone: Alone, brought: Bring) -> None:
    for empty in ({"intake": 0.0}, {"eligible": 0.0}):
        assert np.isinf(brought(alone(**empty)).futures.cases["a"].applied).all()


def test_the_two_lucks_of_a_draw_differ(alone: Alone, brought: Bring) -> None:
    stages = {
        "work": Stage(figure(1.0), figure(0.5), figure(0.5), stopped=Stop(*[figure(0.5)] * 2))
    }
    plan = alone(stages=stages)
    a, b, again = (brought(plan, luck).futures for luck in "aba")
    path = "programmes.a.queue.stages.work"
    for one, other, same in (
        (a.cases["a"].applied, b.cases["a"].applied, again.cases["a"].applied),
        (a.cases["a"].lasts["work"], b.cases["a"].lasts["work"], again.cases["a"].lasts["work"]),
        (a.cases["a"].leaves["work"], b.cases["a"].leaves["work"], again.cases["a"].leaves["work"]),
        (a.closed[path][0], b.closed[path][0], again.closed[path][0]),
    ):
        rows = min(len(one), len(other))
        assert not np.array_equal(one[:rows], other[:rows])
        assert np.array_equal(one, same)


# -- Eq. 17: what the stages ask for ---------------------------------------------------------------


def test_times_are_lognormal_about_their_median(alone: Alone, brought: Bring) -> None:
    stages = {"even": Stage(figure(0.7)), "work": Stage(figure(0.5), scatter=figure(0.6))}
    case = brought(alone(stages=stages), draws=1024).futures.cases["a"]
    assert (case.lasts["even"] == 0.7).all()
    logs = np.log(case.lasts["work"])
    assert np.median(logs) == pytest.approx(math.log(0.5), abs=0.01)
    assert logs.std() == pytest.approx(0.6, rel=0.01)
    assert abs(np.corrcoef(logs[0], logs[1])[0, 1]) < 0.1


def test_a_share_drops_out_at_the_end_of_a_stage(
    alone: Alone, brought: Bring, delivered: Deliver
) -> None:
    stages = {
        "first": Stage(figure(0.1), drop_out=figure(0.3)),
        "last": Stage(figure(0.1), drop_out=figure(0.2)),
    }
    plan = alone(stages=stages, intake=12.0)
    case = brought(plan, draws=1024).futures.cases["a"]
    for stage, share in (("first", 0.3), ("last", 0.2)):
        assert case.leaves[stage].mean() == pytest.approx(share, abs=0.005)
    came = np.isfinite(case.applied) & (case.applied < 10)
    stays = np.isfinite(delivered(plan, draws=1024))
    assert stays[came].mean() == pytest.approx(0.7 * 0.8, abs=0.005)
    assert np.array_equal(stays, ~(case.leaves["first"] | case.leaves["last"]))
    everyone = alone(stages={"work": Stage(figure(0.1), drop_out=figure(1.0))})
    assert np.isinf(delivered(everyone)).all()


def awarded(plan: Plan, brought: Bring, draws: int = 1024) -> Array:
    takes: Array = (
        brought(plan, draws=draws).futures.cases["a"].takes["programmes.a.queue.subsidy.budget"]
    )
    return takes


@pytest.mark.parametrize(
    ("cap", "award"),
    [(None, 0.2 * 0.5 * 1.3), (0.1, 0.1), (0.2, 0.2 * 0.5 * 1.3)],
    ids=["no cap", "the cap binds", "the cap is far"],
)
def test_an_award_is_the_rate_of_the_investment_up_to_the_cap(
    alone: Alone, brought: Bring, cap: float | None, award: float
) -> None:
    limit = None if cap is None else figure(cap)
    subsidy = Subsidy(figure(0.2), "work", cap=limit, budget=Quota(figure(100.0)))
    plan = alone(2, subsidy=subsidy, investment=0.5, overrun=1.3)
    assert (awarded(plan, brought) == 2 * round(award * 1e8)).all()


def test_awards_scatter_with_investments_in_whole_yuan(alone: Alone, brought: Bring) -> None:
    subsidy = Subsidy(figure(0.2), "work", cap=figure(0.15), budget=Quota(figure(100.0)))
    plan = alone(subsidy=subsidy, investment=0.5, scatter=0.6, overrun=1.1)
    yuan = awarded(plan, brought)
    assert (yuan == np.rint(yuan)).all()
    assert yuan.max() == 0.15 * GRAINS
    capped = stats.norm.sf(math.log(0.15 / (0.2 * 0.5 * 1.1)) / 0.6)
    assert (yuan == yuan.max()).mean() == pytest.approx(capped, abs=0.005)
    assert np.median(yuan) == pytest.approx(0.11 * GRAINS, rel=0.005)


def test_nobody_takes_more_than_a_years_amount(alone: Alone, brought: Bring) -> None:
    subsidy = Subsidy(figure(0.2), "work", budget=Quota(figure(0.05)))
    plan = alone(subsidy=subsidy, investment=0.5)
    assert (awarded(plan, brought) == 0.05 * GRAINS).all()


def test_quotas_are_taken_by_the_unit(alone: Alone, alter: Alter, brought: Bring) -> None:
    stages = {"work": Stage(figure(0.1), takes={"land": figure(1.5)})}
    plan = alter(alone(4, stages=stages), {"quotas": {"land": Quota(figure(20.0))}})
    futures = brought(plan, draws=128).futures
    assert (futures.cases["a"].takes["quotas.land"] == 6 * GRAINS).all()
    assert futures.amounts["quotas.land"] == 20 * GRAINS


def test_a_part_of_a_lot_takes_whole_yuan_too(alone: Alone, brought: Bring) -> None:
    """So that sums are exact in any order: 0.1 of 1,234,567 yuan is a whole number of them."""
    subsidy = Subsidy(figure(0.2), "work", budget=Quota(figure(1.0)))
    plan = alone(0.1, intake=0.5, subsidy=subsidy, investment=0.06172835)
    assert (awarded(plan, brought, 128) == 123457).all()


def test_a_desk_stops_once_with_its_chance_for_its_length(alone: Alone, brought: Bring) -> None:
    stop = Stop(figure(0.25), figure(0.75))
    plan = alone(stages={"work": Stage(figure(0.1), stopped=stop)})
    since, until = brought(plan, draws=4096).futures.closed["programmes.a.queue.stages.work"]
    stops = np.isfinite(since)
    assert stops.mean() == pytest.approx(0.25, abs=0.025)
    assert np.array_equal(until, since + 0.75)
    assert stats.kstest(since[stops] / 11, "uniform").pvalue > 0.01
    always = alone(stages={"work": Stage(figure(0.1), stopped=Stop(figure(1.0), figure(0.5)))})
    closed = brought(always, draws=4096).futures.closed["programmes.a.queue.stages.work"]
    assert (closed[0] < 11).all()


def test_an_office_stops_for_all_who_visit_it(queued: Plan, alter: Alter, brought: Bring) -> None:
    plan = alter(queued, {"offices.hall.stopped.chance": 1.0})
    lives = brought(plan, draws=256)
    since, until = lives.futures.closed["offices.hall"]
    found = serve(lives.network, lives.futures)
    for key in ("grants", "leases"):
        begins = found[key].passed["review", "offices.hall"]
        assert not ((begins >= since) & (begins < until)).any()
        assert (begins == until).any()


# -- laws on common draws --------------------------------------------------------------------------

#: Times and amounts come from bytes that pick from a palette, so that many are equal.
PALETTE = (0.0, 0.25, 0.5, 1.0, 1.25, 3.0)
LANES = 3


@st.composite
def tables(draw: st.DrawFn, lots: int, values: tuple[float, ...]) -> Single:
    """Numbers out of ``values``. [(lot, LANES)]"""
    raw = draw(st.binary(min_size=lots * LANES, max_size=lots * LANES))
    picked = np.frombuffer(raw, np.uint8).reshape(lots, LANES) % len(values)
    return np.array(values, dtype=np.float32)[picked]


@st.composite
def single_stages(draw: st.DrawFn) -> tuple[Network, Futures]:
    """One programme with a budget and a desk that may stop."""
    lots = draw(st.integers(0, 25))
    values = (*PALETTE, *draw(st.lists(st.floats(0, 4), max_size=5)))
    stops, carries = draw(st.booleans()), draw(st.booleans())
    stations = (
        Gate("quota", HERE, draw(st.integers(0, 2)), 9, carries),
        Desk("desk", HERE, draw(st.integers(1, 20)), stops),
    )
    since = draw(st.sampled_from(values))
    closed = {"desk": pause(since, since + draw(st.sampled_from(values)))} if stops else {}
    applied = np.sort(draw(tables(lots, (*values, NEVER))), axis=0)
    needs = draw(tables(lots, tuple(np.arange(1.0, 8.0)))).astype(float)
    leaves = {"s": draw(tables(lots, (0.0, 0.0, 1.0))) > 0}
    case = Cases(applied, {"s": draw(tables(lots, values))}, leaves, {"quota": needs})
    amount = np.array([float(draw(st.integers(1, 9))) for _ in range(LANES)])
    return Network(stations, {"a": {"s": ("quota", "desk")}}), Futures(
        {"a": case}, {"quota": amount}, closed
    )


def at(network: Network, futures: Futures, amount: Any = None, servers: int = 0) -> Single:
    """Deliveries with other amounts and servers. Nobody takes more than a year's amount."""
    gate, desk = network.stations
    assert isinstance(desk, Desk)
    assert desk.servers is not None
    more = replace(network, stations=(gate, replace(desk, servers=desk.servers + servers)))
    amounts = futures.amounts["quota"] if amount is None else amount
    (case,) = futures.cases.values()
    case = replace(case, takes={"quota": np.minimum(case.takes["quota"], amounts)})
    return serve(more, replace(futures, cases={"a": case}, amounts={"quota": amounts}))[
        "a"
    ].delivered


@given(single_stages(), st.integers(1, 20))
def test_more_money_or_servers_never_deliver_a_lot_later(
    world: tuple[Network, Futures], more: int
) -> None:
    network, futures = world
    usual = at(network, futures)
    assert (at(network, futures, futures.amounts["quota"] + more) <= usual).all()
    assert (at(network, futures, servers=more) <= usual).all()


@given(single_stages(), st.integers(1, 3))
def test_a_later_start_never_delivers_a_lot_earlier(
    world: tuple[Network, Futures], years: int
) -> None:
    network, futures = world
    case = futures.cases["a"]
    moved = replace(futures, cases={"a": replace(case, applied=case.applied + years)})
    assert (at(network, moved) >= at(network, futures)).all()


@given(single_stages())
def test_an_unlimited_budget_is_no_budget(world: tuple[Network, Futures]) -> None:
    network, futures = world
    gate, desk = network.stations
    assert isinstance(gate, Gate)
    free = Network((desk,), {"a": {"s": ("desk",)}})
    without = serve(free, futures)["a"].delivered
    unlimited = replace(network, stations=(replace(gate, first=0), desk))
    for amount in (1e3, 1e15):
        assert np.array_equal(at(unlimited, futures, amount), without)


def single(alone: Alone, **changes: Any) -> Plan:
    """One stage with a budget that binds and too few servers."""
    amount, servers = changes.pop("amount", 0.9), changes.pop("servers", 3.0)
    subsidy = Subsidy(figure(0.2), "work", budget=Quota(figure(amount), **changes.pop("quota", {})))
    stages = {"work": Stage(figure(0.3), figure(0.5), figure(0.1), servers=figure(servers))}
    given = {"intake": 12.0, "investment": 0.5, "scatter": 0.7, "stages": stages, **changes}
    return alone(subsidy=subsidy, **given)


LEVERS: dict[str, list[dict[str, Any]]] = {
    "budget": [{"amount": a} for a in (0.0, 0.1, 0.45, 0.9, 1.8, 1e4)],
    "budget carried": [
        {"amount": a, "quota": {"unspent": "carry"}} for a in (0.0, 0.1, 0.45, 0.9, 1e4)
    ],
    "carried, not lapsed": [{}, {"quota": {"unspent": "carry"}}],
    "servers": [{"servers": n} for n in (1.0, 2.0, 3.0, 4.0, 20.0)],
    "start": [{"start": year} for year in (2019, 2018, 2016, 2015)],
    "money from the first": [{"quota": {"start": year}} for year in (2019, 2017, 2015)],
}


@pytest.mark.parametrize("lever", LEVERS)
def test_what_helps_a_single_stage_helps_in_every_draw(
    alone: Alone, delivered: Deliver, lever: str
) -> None:
    before = None
    for changes in LEVERS[lever]:
        after = delivered(single(alone, **changes), draws=256)
        if before is not None:
            lots = min(len(before), len(after))
            tolerance = 1e-5 if lever == "start" else 0.0
            assert (after[:lots] <= before[:lots] + tolerance).all()
            assert (after[:lots] < before[:lots]).any()
        before = after


@pytest.mark.parametrize("unspent", ["lapse", "carry"])
def test_no_money_delivers_nothing(alone: Alone, delivered: Deliver, unspent: str) -> None:
    plan = single(alone, amount=0.0, quota={"unspent": unspent})
    assert np.isinf(delivered(plan)).all()


def test_in_a_chain_another_server_can_delay_a_lot() -> None:
    """Graham's anomaly: the second lot comes sooner to the next desk, and works there for long."""
    stages = (Visit("a", "first"), Visit("a", "last"))
    lasts = {"first": column([1.0, 0.5]), "last": column([0.1, 2.0])}
    futures = Futures({"a": Cases(column([0.0, 0.0]), lasts)})
    found = []
    for servers in (1, 2):
        first, last = Desk("one", stages[:1], servers, False), Desk("two", stages[1:], 1, False)
        found.append(told(serve(Network((first, last)), futures)["a"].delivered))
    assert found == [[1.1, 3.5], [2.6, 2.5]]
