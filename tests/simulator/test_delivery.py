"""SimPy and the recursion tell the same story, to the last bit; queues within a run."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plansim.simulator.accounts import OneFuture
from plansim.simulator.delivery import Event, passages, play
from plansim.simulator.future import block_futures
from plansim.simulator.model import Model
from plansim.simulator.network import Desk, Gate, Network
from plansim.simulator.plan import (
    Figure,
    Identity,
    Label,
    Office,
    Plan,
    Programme,
    Queue,
    Quota,
    Stage,
    Stop,
    Subsidy,
    Uncertainty,
)
from plansim.simulator.queues import Cases, Futures, serve
from plansim.simulator.results import Kept, Result, Tally
from plansim.simulator.run import BLOCKS, run
from plansim.simulator.sampling import STREAM_BLOCK, Array, Block, Single

Alter = Callable[..., Plan]
Alone = Callable[..., Plan]
Bring = Callable[..., Any]
Count = Callable[..., Tally]
Deliver = Callable[..., Array]
Simulate = Callable[..., OneFuture]

NEVER = float("inf")
#: Years of the small plan; what would happen later is of no concern to a log.
HORIZON = 11


def figure(value: float | Uncertainty) -> Figure:
    return Figure(value, "judgement", "invented")


LABEL, SOME = Label("x", "x"), figure(1.0)
STOP = Stop(SOME, SOME)

# -- random programme sets -------------------------------------------------------------------------

#: Times that meet, some but for their last bit. Bytes pick among them and a few of any size, so
#: that most are in ties.
TIMES = (0.0, 0.1, 0.25, 0.5, float(np.nextafter(0.5, 1)), 1.0, 1.25, 2.0, 3.0)
#: Futures of one programme set.
LANES = 2


YES = st.booleans()
#: What a stage does about the next shared station.
STEPS = st.sampled_from(["visit", "visit", "visit", "pass by", "own desk"])
SERVERS = st.integers(1, 20).map(figure)
OWN_SERVERS = st.none() | SERVERS
STOPS = st.sampled_from([None, STOP])
AWARDS = st.sampled_from(["none", "free", "budget", "fund"])
QUOTAS = st.builds(
    Quota,
    amount=st.just(SOME),
    unspent=st.sampled_from(["lapse", "carry"]),
    start=st.sampled_from([None, 2015, 2016, 2018]),
)
OFFICES = st.builds(Office, name=st.just(LABEL), servers=SERVERS, stopped=STOPS)
ORDERS = st.permutations(["quota_a", "quota_b", "office_a", "office_b"])
#: How many lots apply to a programme.
SIZES = st.sampled_from([0, 1, 2, 5, 12, 25])
NUMBERS = st.sampled_from([1, 2, 2, 3, 4])


@st.composite
def queues(draw: st.DrawFn, order: list[str]) -> Queue:
    """One to five stages that visit shared offices and quotas in ``order``, passing some by."""
    ahead = list(order)
    stages: dict[str, Stage] = {}
    subsidy = None
    for number in range(draw(st.integers(1, 5))):
        takes: list[str] = []
        office = None
        while ahead and office is None:
            step = draw(STEPS)
            if step == "own desk":
                break
            name = ahead.pop(0)
            if step == "pass by":
                continue
            if name.startswith("quota"):
                takes.append(name)
            else:
                office = name
        award = draw(AWARDS) if subsidy is None else "none"
        if award != "none":
            own = draw(QUOTAS) if award == "budget" else None
            fund = takes.pop() if award == "fund" and takes else None
            subsidy = Subsidy(SOME, f"s{number}", budget=own, fund=fund)
        stages[f"s{number}"] = Stage(
            time=SOME,
            servers=None if office else draw(OWN_SERVERS),
            office=office,
            takes=dict.fromkeys(takes, SOME),
            stopped=None if office else draw(STOPS),
        )
    return Queue(2015, SOME, stages, subsidy=subsidy)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Up to four queues that share two offices and two quotas, all in one order."""
    made, idle = queues(draw(ORDERS)), cast(Any, None)
    years = Identity("x", LABEL, LABEL, 2015, (2015, 2014 + HORIZON), "", ())
    plan = Plan(
        years, idle, idle, idle, {}, {}, {},
        programmes={
            f"p{n}": Programme(LABEL, SOME, queue=draw(made), active=True)
            for n in range(draw(NUMBERS))
        },
        offices={name: draw(OFFICES) for name in ("office_a", "office_b")},
        quotas={name: draw(QUOTAS) for name in ("quota_a", "quota_b")},
    )  # fmt: skip
    return Network.of(plan)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Network, Futures]:
    """Some futures of a programme set: up to 25 lots each, budgets that bind, stops."""
    network = draw(networks())
    values = (*TIMES, *draw(st.lists(st.floats(0, 6), max_size=5)))

    def table(lots: int, among: tuple[float, ...]) -> Single:
        raw = draw(st.binary(min_size=lots * LANES, max_size=lots * LANES))
        return np.array(among, np.float32)[
            np.frombuffer(raw, np.uint8).reshape(lots, LANES) % len(among)
        ]

    def row(least: int, most: int) -> Array:
        return np.array([float(draw(st.integers(least, most))) for _ in range(LANES)])

    cases: dict[str, Cases] = {}
    for key, route in network.routes.items():
        lots = draw(SIZES)
        gates = [path for paths in route.values() for path in paths[:-1]]
        cases[key] = Cases(
            applied=np.sort(table(lots, (*values, NEVER)), axis=0),
            lasts={stage: table(lots, values) for stage in route},
            leaves={s: table(lots, (0.0, 0.0, 1.0)) > 0 for s in route if draw(YES)},
            takes={path: table(lots, (0, 1, 2, 3, 5)).astype(float) for path in gates},
        )
    closed: dict[str, tuple[Any, Any]] = {}
    for desk in network.stations:
        if isinstance(desk, Desk) and desk.stops:
            since = table(1, (*values, NEVER))[0]
            closed[desk.path] = (since, since + table(1, values)[0])
    amounts: dict[str, Any] = {
        gate.path: row(0, 9) for gate in network.stations if isinstance(gate, Gate)
    }
    return network, Futures(cases, amounts, closed)


def seen(times: Single) -> Single:
    """What happens before the horizon; a quota gives nothing after it."""
    return np.where(times < HORIZON, times, NEVER)


def told(network: Network, futures: Futures) -> Iterator[Event]:
    """The log of one future as the recursion has it, in no order."""
    for key, passage in serve(network, futures).items():
        leaves = futures.cases[key].leaves
        for lot, (when,) in enumerate(passage.applied):
            yield Event(when, key, lot, "", "applied")
            for stage, paths in network.routes[key].items():
                for path in paths:
                    yield Event(when, key, lot, stage, "waits", path)
                    when = passage.passed[stage, path][lot, 0]
                    kind: Any = "begins" if path == paths[-1] else "takes"
                    yield Event(when, key, lot, stage, kind, path)
                when = passage.ended[stage][lot, 0]
                yield Event(when, key, lot, stage, "ends", paths[-1])
                if stage in leaves and leaves[stage][lot, 0]:
                    yield Event(when, key, lot, stage, "drops_out")
                    when = NEVER
            assert passage.delivered[lot, 0] == when
            yield Event(when, key, lot, "", "delivered")


def assert_one_story(network: Network, futures: Futures) -> None:
    """Every event at the same time in both, to the last bit, and no other event."""
    for lane in range(LANES):
        one = futures.one(lane)
        log = play(network, one, HORIZON)
        times = [event.time for event in log]
        assert times == sorted(times)
        expected = Counter(event for event in told(network, one) if event.time < HORIZON)
        assert Counter(log) == expected
        assert_lawful(network, one, log)


def assert_lawful(network: Network, futures: Futures, log: list[Event]) -> None:
    """Nobody is lost, no desk has more work than servers, no quota gives more than it has."""
    kinds = Counter(event.kind for event in log)
    passed = kinds["takes"] + kinds["begins"]
    on_the_way = (kinds["waits"] - passed) + (kinds["begins"] - kinds["ends"])
    assert kinds["applied"] == kinds["delivered"] + kinds["drops_out"] + on_the_way
    for station in network.stations:
        here = [event for event in log if event.station == station.path]
        if isinstance(station, Desk):
            assert at_work(here) <= (station.servers or len(log))
            continue
        (amount,) = np.ravel(futures.amounts[station.path])
        taken = np.zeros(HORIZON)
        for event in here:
            if event.kind == "takes":
                need = futures.cases[event.programme].takes[station.path]
                taken[int(event.time)] += need[event.lot, 0]
        given = np.where(np.arange(HORIZON) < station.first, 0.0, amount)
        if station.carries:
            assert (np.cumsum(taken) <= np.cumsum(given)).all()
        else:
            assert (taken <= given).all()


def at_work(events: list[Event]) -> int:
    """The most lots that a desk works on at once. What ends at a moment ends before all else."""
    changes = [(e.time, -1) for e in events if e.kind == "ends"]
    changes += [(e.time, 1) for e in events if e.kind == "begins"]
    ends = Counter(time for time, change in changes if change < 0)
    begins = Counter(time for time, change in changes if change > 0)
    now, most = 0, 0
    for time in sorted({*ends, *begins}):
        now += begins[time] - ends[time]
        most = max(most, now)
    return most


@settings(max_examples=60)
@given(worlds())
def test_simpy_and_the_recursion_tell_one_story(world: tuple[Network, Futures]) -> None:
    """The same random numbers give the same event times, to the last bit, for any programmes."""
    assert_one_story(*world)


@pytest.mark.slow
@settings(max_examples=150)
@given(worlds())
def test_simpy_and_the_recursion_tell_one_story_at_length(world: tuple[Network, Futures]) -> None:
    assert_one_story(*world)


@settings(max_examples=40)
@given(worlds())
def test_an_unlimited_budget_is_no_budget_for_any_programmes(
    world: tuple[Network, Futures],
) -> None:
    network, futures = world
    gates = [station for station in network.stations if isinstance(station, Gate)]
    open_from_the_first = tuple(
        replace(station, first=0) if isinstance(station, Gate) else station
        for station in network.stations
    )
    unlimited = serve(
        replace(network, stations=open_from_the_first),
        replace(futures, amounts={gate.path: 1e15 for gate in gates}),
    )
    free = Network(
        tuple(station for station in network.stations if isinstance(station, Desk)),
        {
            key: {stage: paths[-1:] for stage, paths in route.items()}
            for key, route in network.routes.items()
        },
    )
    without = serve(free, futures)
    for key, passage in unlimited.items():
        assert np.array_equal(seen(passage.delivered), seen(without[key].delivered))


def test_the_log_of_a_tiny_queue_by_hand(alone: Alone, alter: Alter) -> None:
    """Two lots, one server, money for one a year; the first drops out."""
    subsidy = Subsidy(figure(0.2), "work", budget=Quota(figure(1.0)))
    network = Network.of(alone(subsidy=subsidy, investment=1.0, stages={
        "work": Stage(figure(1.0), servers=figure(1.0), drop_out=figure(0.5)),
    }))  # fmt: skip
    budget, desk = network.routes["a"]["work"]
    case = Cases(
        applied=np.array([[0.25], [0.5]]),
        lasts={"work": np.array([[1.5], [0.25]])},
        leaves={"work": np.array([[True], [False]])},
        takes={budget: np.array([[1.0], [1.0]])},
    )
    futures = Futures({"a": case}, {budget: 1.0})
    assert play(network, futures, 11) == [
        Event(0.25, "a", 0, "", "applied"),
        Event(0.25, "a", 0, "work", "waits", budget),
        Event(0.25, "a", 0, "work", "takes", budget),
        Event(0.25, "a", 0, "work", "waits", desk),
        Event(0.25, "a", 0, "work", "begins", desk),
        Event(0.5, "a", 1, "", "applied"),
        Event(0.5, "a", 1, "work", "waits", budget),
        Event(1.0, "a", 1, "work", "takes", budget),
        Event(1.0, "a", 1, "work", "waits", desk),
        Event(1.75, "a", 0, "work", "ends", desk),
        Event(1.75, "a", 0, "work", "drops_out"),
        Event(1.75, "a", 1, "work", "begins", desk),
        Event(2.0, "a", 1, "work", "ends", desk),
        Event(2.0, "a", 1, "", "delivered"),
    ]
    assert [event.time for event in play(network, futures, 1.75)][-1] == 1.0
    assert play(network, futures, 0.25) == []


# -- one future of many ----------------------------------------------------------------------------


@pytest.mark.parametrize("luck", ["a", "b"])
def test_any_draw_of_a_run_can_be_played(queued: Plan, brought: Bring, luck: str) -> None:
    """Drawn from the plan: uncertain figures, seasons, pools, stops, a fund, an office."""
    network, _, futures = brought(queued, luck, draws=700)
    served = serve(network, futures)
    for draw in (0, 1, 255, 256, 699):
        one = futures.one(draw)
        found = passages(network, one, play(network, one, HORIZON))
        for key, passage in served.items():
            assert_same_lane(passage, found[key], draw)


def assert_same_lane(passage: Any, alone: Any, draw: int) -> None:
    """One draw of many is the only draw of another, as far as the horizon."""

    def lane(table: Single) -> Single:
        return seen(table[:, draw])

    assert np.array_equal(lane(passage.applied), alone.applied[:, 0])
    assert np.array_equal(lane(passage.delivered), alone.delivered[:, 0])
    assert passage.passed.keys() == alone.passed.keys()
    for at, table in passage.passed.items():
        assert np.array_equal(lane(table), alone.passed[at][:, 0]), at
    assert passage.ended.keys() == alone.ended.keys()
    for stage, table in passage.ended.items():
        assert np.array_equal(lane(table), alone.ended[stage][:, 0]), stage


def test_a_draw_is_served_alone_as_among_many(queued: Plan, brought: Bring) -> None:
    network, _, futures = brought(queued, draws=700)
    served = serve(network, futures)
    for draw in range(0, 700, 23):
        for key, passage in serve(network, futures.one(draw)).items():
            assert np.array_equal(passage.delivered[:, 0], served[key].delivered[:, draw])


def test_a_run_counts_what_the_log_tells(queued: Plan, brought: Bring) -> None:
    """The indicator of a queue against the events of SimPy, in both lucks of several draws."""
    result = run(queued, draws=128)
    place = {item.indicator: n for n, item in enumerate(result.series)}
    for number, luck in enumerate("ab"):
        network, _, futures = brought(queued, luck, draws=128)
        for draw in (0, 5, 127):
            log = play(network, futures.one(draw), HORIZON)
            for key, lot in (("grants", 2), ("leases", 1), ("training", 8)):
                years = [int(e.time) for e in log if (e.programme, e.kind) == (key, "delivered")]
                by_year = lot * np.cumsum(np.bincount(years, minlength=HORIZON))
                path = result.kept.paths[:, place[f"{key}_done"], 2 * draw + number]
                assert path == pytest.approx(by_year)


# -- queues within a run ---------------------------------------------------------------------------


def assert_same(one: Tally, other: Tally) -> None:
    """Two tallies agree to the last bit, kept futures included."""
    for f in fields(Tally):
        if f.name != "kept":
            assert np.array_equal(getattr(one, f.name), getattr(other, f.name)), f.name
    assert one.kept is not None
    assert other.kept is not None
    for f in fields(Kept):
        assert np.array_equal(getattr(one.kept, f.name), getattr(other.kept, f.name)), f.name


def lived(plan: Plan, start: int, stop: int) -> OneFuture:
    model, block = Model.of(plan), Block(1, 0, start, stop)
    return block_futures(model, block, "a")


@pytest.fixture(scope="module")
def whole(queued: Plan) -> OneFuture:
    """A stream block at once."""
    return lived(queued, 0, STREAM_BLOCK)


@pytest.mark.parametrize("width", BLOCKS[:-1])
def test_no_bit_of_a_queue_depends_on_the_width_of_a_block(
    queued: Plan, whole: OneFuture, width: int
) -> None:
    lanes = slice(STREAM_BLOCK - 2 * width, STREAM_BLOCK - width)
    part = lived(queued, lanes.start, lanes.stop)
    for key in ("grants", "leases", "training"):
        delivery = part.deliveries[key]
        assert np.array_equal(delivery.stock, whole.deliveries[key].stock[:, lanes]), key
        assert np.array_equal(delivery.flow, whole.deliveries[key].flow[:, lanes]), key
    for one, other in (
        (part.accounts.levels, whole.accounts.levels),
        (part.accounts.real_output, whole.accounts.real_output),
    ):
        assert np.array_equal(one, other[:, :, lanes])


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_no_bit_of_a_run_with_queues_depends_on_blocks_and_workers(
    queued: Plan, count: Count, workers: int
) -> None:
    assert_same(count(queued, 640, block=128, workers=workers), count(queued, 640))


def test_no_bit_depends_on_whether_another_draw_has_a_ramp(
    queued: Plan, alter: Alter, count: Count
) -> None:
    rare = Uncertainty("discrete", values=(0.0, 0.5), weights=(0.995, 0.005))
    plan = alter(queued, {"programmes.grants.queue.ramp": rare})
    assert_same(count(plan, 512, block=128), count(plan, 512, block=512))


def paths_of(result: Result, *names: str) -> Array:
    """The futures of some indicators. [(year, indicator, future)]"""
    place = {item.indicator: n for n, item in enumerate(result.series)}
    return result.kept.paths[:, [place[name] for name in names]]


def test_two_lucks_deliver_at_different_times(queued: Plan) -> None:
    done = paths_of(run(queued, draws=256), "grants_done", "leases_done", "training_done")
    for path in done.swapaxes(0, 1):
        assert (path[:, ::2] != path[:, 1::2]).any(axis=0).mean() > 0.9
        assert np.corrcoef(path[5, ::2], path[5, 1::2])[0, 1] < 0.8


def test_what_shares_nothing_changes_no_bit(queued: Plan, alter: Alter) -> None:
    """Another queue, one switched off, one taken out."""
    usual = run(queued, draws=256)
    more = run(alter(queued, {"programmes.more": queued.programmes["training"]}), draws=256)
    off = run(alter(queued, {"programmes.training.active": False}), draws=256)
    names = ("grants_done", "leases_done", "output", "patents", "retrofitted")
    for other in (more, off):
        assert np.array_equal(paths_of(other, *names), paths_of(usual, *names))
    assert np.array_equal(paths_of(more, "training_done"), paths_of(usual, "training_done"))
    assert not np.array_equal(paths_of(more, "rd"), paths_of(usual, "rd"))
    assert not paths_of(off, "training_done").any()


def test_a_queue_that_is_off_is_as_if_it_were_not_there(queued: Plan, alter: Alter) -> None:
    """Also to those with whom it shares an office."""
    off = run(alter(queued, {"programmes.leases.active": False}), draws=256)
    left = {key: p for key, p in queued.programmes.items() if key != "leases"}
    gone = run(alter(queued, {"programmes": left, "indicators.leases_done.programme": "grants"}),
               draws=256)  # fmt: skip
    names = [item.indicator for item in off.series if item.indicator != "leases_done"]
    assert np.array_equal(paths_of(off, *names), paths_of(gone, *names))
    usual = run(queued, draws=256)
    assert (paths_of(off, "grants_done") >= paths_of(usual, "grants_done")).mean() > 0.9
    assert paths_of(off, "grants_done").mean() > paths_of(usual, "grants_done").mean()


def test_queues_that_bring_nobody_leave_a_plan_of_schedules(
    queued: Plan, alter: Alter, plan: Plan
) -> None:
    """Empty programmes run, and what they move is moved by nothing."""
    empty = dict.fromkeys(
        (f"programmes.{key}.queue.intake" for key in ("grants", "leases", "training")), 0.0
    )
    bare = run(plan, draws=256)
    names = [item.indicator for item in bare.series]
    for ordinary in (None, figure(0.0), figure(4.0)):
        still = alter(queued, {**empty, "programmes.grants.queue.ordinary": ordinary})
        result = run(still, draws=256)
        assert np.array_equal(paths_of(result, *names), paths_of(bare, *names))
        assert not paths_of(result, "grants_done", "leases_done", "training_done").any()


# -- what moves the mean of a chain ----------------------------------------------------------------

BUDGET = "programmes.grants.queue.subsidy.budget"
CAP = "programmes.grants.queue.subsidy.cap"
NO_LAND: dict[str, Any] = {"programmes.grants.queue.stages.build.takes": {}}
HELPS: dict[str, list[dict[str, Any]]] = {
    "the budget doubled": [{f"{BUDGET}.amount": a} for a in (0.4, 0.8, 1.6, 3.2)],
    "carried, not lapsed": [
        {f"{BUDGET}.unspent": u, f"{BUDGET}.amount": 0.8} for u in ("lapse", "carry")
    ],
    "more servers at the office": [{"offices.hall.servers": n} for n in (1.0, 2.0, 4.0)],
    "more servers of its own": [
        {"programmes.grants.queue.stages.build.servers": n} for n in (1.0, 3.0, 8.0)
    ],
    "a higher cap that money is there for": [
        {**NO_LAND, BUDGET: None, CAP: c} for c in (0.0, 0.05, 0.1)
    ],
    "a lower cap where money is short": [
        {f"{BUDGET}.amount": 0.5, CAP: c} for c in (0.12, 0.06, 0.03)
    ],
    "a land quota no longer halved": [
        {"quotas.land.amount": a, f"{BUDGET}.amount": 9.0} for a in (4.0, 8.0, 16.0)
    ],
    "a year earlier": [{"programmes.grants.queue.start": year} for year in (2018, 2017, 2016)],
    "shorter work": [{"programmes.grants.queue.stages.build.time": t} for t in (1.6, 0.8, 0.4)],
    "fewer who drop out": [
        {"programmes.grants.queue.stages.review.drop_out": share} for share in (0.3, 0.15, 0.0)
    ],
    "no stop": [{"offices.hall.stopped": Stop(figure(c), figure(2.0))} for c in (1.0, 0.5, 0.0)],
}  # fmt: skip


@pytest.mark.parametrize("lever", HELPS)
def test_what_helps_a_chain_delivers_more_on_average(
    queued: Plan, alter: Alter, delivered: Deliver, lever: str
) -> None:
    before = np.zeros(HORIZON)
    for changes in HELPS[lever]:
        when = delivered(alter(queued, changes), "grants", draws=512)
        after = np.array([(when < year).sum(axis=0).mean() for year in range(1, HORIZON + 1)])
        assert (after >= before - 0.02).all()
        assert after.sum() > 1.01 * before.sum()
        before = after


# -- what downstream sees --------------------------------------------------------------------------


def test_who_enters_the_statistics_is_measured_and_makes_no_more(
    queued: Plan, alter: Alter, simulate: Simulate
) -> None:
    """``recognised`` raises real output by its own path, and leaves activity alone."""
    future, bare = (
        simulate(p) for p in (queued, alter(queued, {"programmes.grants.recognised": {}}))
    )
    grants = future.deliveries["grants"]
    entered = (
        future.accounts.p["programmes.grants.additional"] * 30.0 * (grants.flow - grants.flow[0])
    )
    row = future.accounts.layout.clusters.index("rest")
    measured, made = future.accounts.real_output, future.accounts.activity
    assert np.array_equal(made, bare.accounts.activity)
    assert np.array_equal(bare.accounts.real_output, made)
    assert np.array_equal(measured[:, row], made[:, row] + entered)
    others = [n for n in range(len(future.accounts.layout.clusters)) if n != row]
    assert np.array_equal(measured[:, others], made[:, others])
    assert entered[-1].min() >= 0
    assert entered[-1].mean() > 5
    before, after = (np.asarray(f.accounts.summed("employment", "all")) for f in (bare, future))
    assert (after[-1] >= before[-1]).all()


def test_commissioned_capacity_of_a_queue_is_output(queued: Plan, simulate: Simulate) -> None:
    """Eq. 5 by hand, with the flow of a queue beside that of a schedule."""
    future = simulate(queued)
    accounts, p = future.accounts, future.accounts.p
    row = accounts.layout.clusters.index("robots")
    added = 0.0
    for key, additional in (("park", 0.7), ("grants", p["programmes.grants.additional"])):
        flow = future.deliveries[key].flow
        capacity = p[f"programmes.{key}.projects.robots"]
        crowding = p[f"programmes.{key}.crowding_out"]
        added = added + additional * capacity * (1 - crowding) * (flow - flow[0])
    organic = accounts.levels[:, row]
    assert np.allclose(accounts.activity[:, row], organic + added, rtol=1e-12)


def test_the_order_of_programmes_moves_no_delivery(queued: Plan, simulate: Simulate) -> None:
    """It decides ties alone, which times drawn at random have not."""
    swapped = replace(queued, programmes=dict(reversed(list(queued.programmes.items()))))
    one, other = simulate(queued), simulate(swapped)
    assert set(one.deliveries) == set(queued.programmes)
    for key, delivery in one.deliveries.items():
        assert np.array_equal(delivery.stock, other.deliveries[key].stock), key
        assert np.array_equal(delivery.flow, other.deliveries[key].flow), key
