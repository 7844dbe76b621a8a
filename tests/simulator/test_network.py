"""The way of queued programmes through gates and desks: stations, their order, circles, lots."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from plansim.simulator.errors import InputError
from plansim.simulator.network import (
    FAIR_LOTS,
    MOST_LOTS,
    Desk,
    Gate,
    Network,
    Visit,
    quota_at,
    usual_lots,
)
from plansim.simulator.plan import (
    Figure,
    Label,
    Office,
    Plan,
    Quota,
    Stage,
    Stop,
    Subsidy,
    Uncertainty,
)

Alter = Callable[..., Any]
Alone = Callable[..., Plan]
Bring = Callable[..., Any]


def figure(value: float | Uncertainty) -> Figure:
    return Figure(value, "judgement", "invented")


def office(servers: float = 2.0) -> Office:
    return Office(Label("office", "office"), figure(servers))


def visiting(alone: Alone, alter: Alter, ways: Mapping[str, list[str]]) -> Plan:
    """A programme for every way: the offices it visits, one a stage; "" is a desk of its own."""
    plan = alone()
    stages = {
        key: {f"s{n}": Stage(figure(0.1), office=name or None) for n, name in enumerate(way)}
        for key, way in ways.items()
    }
    programmes = {
        key: alter(plan.programmes["a"], {"queue.stages": own}) for key, own in stages.items()
    }
    offices = {name: office() for way in ways.values() for name in way if name}
    return alter(plan, {"programmes": programmes, "offices": offices})


# -- stations --------------------------------------------------------------------------------------


def test_a_stage_is_its_quotas_in_the_order_written_then_the_award_then_its_desk(
    alone: Alone, alter: Alter
) -> None:
    stages = {
        "build": Stage(figure(1.0), takes={"water": figure(1.0), "land": figure(1.0)}),
        "check": Stage(figure(0.1), office="hall"),
    }
    subsidy = Subsidy(figure(0.2), "build", budget=Quota(figure(3.0)))
    quotas = {"land": Quota(figure(5.0)), "water": Quota(figure(5.0)), "fund": Quota(figure(5.0))}
    own = alter(
        alone(stages=stages, subsidy=subsidy, investment=1.0),
        {"quotas": quotas, "offices": {"hall": office()}},
    )
    build = "programmes.a.queue.stages.build"
    way = ("quotas.water", "quotas.land", "programmes.a.queue.subsidy.budget", build)
    assert Network.of(own).routes == {"a": {"build": way, "check": ("offices.hall",)}}
    funded = alter(own, {"programmes.a.queue.subsidy": Subsidy(figure(0.2), "build", fund="fund")})
    assert Network.of(funded).routes["a"]["build"] == (*way[:2], "quotas.fund", build)
    free = alter(own, {"programmes.a.queue.subsidy": Subsidy(figure(0.2), "build")})
    assert Network.of(free).routes["a"]["build"] == (*way[:2], build)


def test_gates_know_their_years_and_desks_their_servers(queued: Plan) -> None:
    stations = {station.path: station for station in Network.of(queued).stations}
    grants, leases = (Visit(key, "review") for key in ("grants", "leases"))
    build, handover = Visit("grants", "build"), Visit("leases", "handover")
    budget = "programmes.grants.queue.subsidy.budget"
    assert stations == {
        station.path: station
        for station in (
            Desk("offices.hall", (grants, leases), 4, stops=True),
            Gate("quotas.land", (build, handover), 1, 10, carries=True),
            Gate(budget, (build,), 0, 10, carries=False),
            Gate("quotas.fund", (handover,), 0, 10, carries=False),
            Desk("programmes.grants.queue.stages.build", (build,), 8, stops=False),
            Desk("programmes.leases.queue.stages.handover", (handover,), None, stops=False),
            Desk(
                "programmes.training.queue.stages.course",
                (Visit("training", "course"),),
                2,
                stops=True,
            ),
        )
    }
    assert quota_at(queued, "quotas.land").unspent == "carry"
    assert quota_at(queued, budget).amount.value == 1.6


def test_the_order_of_visits_is_that_of_programmes_in_the_plan(queued: Plan) -> None:
    """Also where a later programme is the first to reach the office."""
    reverse = dict(reversed(list(queued.programmes.items())))
    for plan, first in ((queued, "grants"), (replace(queued, programmes=reverse), "leases")):
        shared = [s for s in Network.of(plan).stations if len(s.visits) > 1]
        assert {s.path for s in shared} == {"offices.hall", "quotas.land"}
        assert {s.visits[0].programme for s in shared} == {first}


def test_only_queues_that_are_active_are_in_the_network(queued: Plan, alter: Alter) -> None:
    off = alter(queued, {"programmes.grants.active": False})
    network = Network.of(off)
    assert tuple(network.routes) == tuple(network.lots) == ("leases", "training")
    assert {s.path for s in network.stations}.isdisjoint(
        {"programmes.grants.queue.subsidy.budget", "programmes.grants.queue.stages.build"}
    )
    hall = next(s for s in network.stations if s.path == "offices.hall")
    assert hall.visits == (Visit("leases", "review"),)


def test_a_plan_of_schedules_has_no_stations(plan: Plan) -> None:
    assert Network.of(plan) == Network()


# -- order and circles -----------------------------------------------------------------------------

WAYS: dict[str, dict[str, list[str]]] = {
    "one way": {"a": ["hall", "", "lab", "bench"], "b": ["lab", "bench"], "c": ["hall", "bench"]},
    "written backwards": {"a": ["bench", "lab"], "b": ["hall", "bench"], "c": ["", "hall", ""]},
    "apart": {"a": ["hall", ""], "b": ["", "lab"], "c": [""]},
}


@pytest.mark.parametrize("name", WAYS)
def test_every_programme_visits_stations_in_their_order(
    alone: Alone, alter: Alter, name: str
) -> None:
    network = Network.of(visiting(alone, alter, WAYS[name]))
    place = {station.path: n for n, station in enumerate(network.stations)}
    for route in network.routes.values():
        places = [place[path] for paths in route.values() for path in paths]
        assert places == sorted(set(places))
    assert len(place) == len({p for r in network.routes.values() for ps in r.values() for p in ps})


CIRCLES: dict[str, tuple[dict[str, list[str]], list[str]]] = {
    "two in opposite order": (
        {"a": ["hall", "lab"], "b": ["lab", "hall"]},
        ["offices.hall", "offices.lab"],
    ),
    "three, none against another": (
        {"a": ["hall", "lab"], "b": ["lab", "bench"], "c": ["bench", "hall"], "d": ["hall", ""]},
        ["offices.hall", "offices.lab", "offices.bench"],
    ),
    "back after another desk": (
        {"a": ["hall", "", "hall"]},
        ["offices.hall", "programmes.a.queue.stages.s1"],
    ),
    "twice running": ({"a": ["hall", "hall"]}, ["offices.hall"]),
}


@pytest.mark.parametrize("name", CIRCLES)
def test_a_circle_is_refused_and_named_in_its_order(alone: Alone, alter: Alter, name: str) -> None:
    ways, circle = CIRCLES[name]
    with pytest.raises(InputError) as problem:
        Network.of(visiting(alone, alter, ways))
    (fault,) = problem.value.faults
    assert (fault.code, fault.path) == ("queue_circle", "programmes")
    first, *rest = str(fault.fields["value"]).split(" → ")
    named = [first, *rest[:-1]]
    turn = circle.index(first)
    assert rest[-1] == first
    assert named == circle[turn:] + circle[:turn]


@pytest.mark.parametrize(
    ("stages", "fund"),
    [
        ({"s": Stage(figure(0.1), takes={"land": figure(1.0)})}, "land"),
        (
            {
                "early": Stage(figure(0.1), takes={"land": figure(1.0)}),
                "s": Stage(figure(0.1), takes={"land": figure(1.0)}),
            },
            None,
        ),
    ],
    ids=["taken and awarded from", "taken at two stages"],
)
def test_a_quota_that_one_programme_takes_from_twice_is_a_circle(
    alone: Alone, alter: Alter, stages: dict[str, Stage], fund: str | None
) -> None:
    plan = alter(
        alone(stages=stages, subsidy=Subsidy(figure(0.1), "s", fund=fund), investment=1.0),
        {"quotas": {"land": Quota(figure(5.0))}},
    )
    with pytest.raises(InputError) as problem:
        Network.of(plan)
    (fault,) = problem.value.faults
    assert fault.code == "queue_circle"
    assert "quotas.land" in str(fault.fields["value"])


def test_a_circle_of_programmes_that_are_off_is_none(alone: Alone, alter: Alter) -> None:
    plan = visiting(alone, alter, CIRCLES["two in opposite order"][0])
    assert Network.of(alter(plan, {"programmes.b.active": False})).routes.keys() == {"a"}


# -- lots ------------------------------------------------------------------------------------------

HALF = 44 + 4 * 44**0.5 + 4  # what 4 a year for 11 years may come to, but for a small chance
LOTS: dict[str, tuple[dict[str, Any], int, int]] = {
    "by intake": ({"intake": 4.0}, int(HALF), 44),
    "in lots": ({"intake": 8.0, "lot": 2}, int(HALF), 44),
    "from a later year": ({"intake": 11.0, "start": 2022}, int(HALF), 44),
    "to an earlier year": ({"intake": 11.0, "end": 2018}, int(HALF), 44),
    "after the horizon": ({"intake": 4.0, "end": 2090}, int(HALF), 44),
    "by the pool": ({"intake": 400.0, "eligible": 50.0}, 50, 50),
    "by the pool in lots": ({"intake": 400.0, "eligible": 50.0, "lot": 4}, 13, 13),
    "by a pool that is never used up": ({"intake": 4.0, "eligible": 1e6}, int(HALF), 44),
    "none": ({"intake": 0.0}, 4, 1),
    "more than can be": ({"intake": 400.0}, MOST_LOTS, 4400),
    "by what a subsidy brings": (
        {"intake": 3.2, "subsidy": Subsidy(figure(0.1), "work", response=figure(2.5))},
        int(HALF),
        44,
    ),
    "by a rare intake": (
        {"intake": Uncertainty("uniform", low=0.0, high=4 / 0.999)},
        int(HALF),
        22,
    ),
}


@pytest.mark.parametrize("name", LOTS)
def test_lots_are_as_many_as_may_apply(alone: Alone, name: str) -> None:
    given, expected, usual = LOTS[name]
    plan = alone(**given)
    assert Network.of(plan).lots["a"] == expected
    assert usual_lots(plan.programmes["a"], 2026) == usual


@pytest.mark.parametrize("intake", [0.5, 6.0, 18.0])
def test_almost_never_more_apply_than_there_are_lots(
    alone: Alone, brought: Bring, intake: float
) -> None:
    network, _, futures = brought(alone(intake=intake), draws=4096)
    came = (futures.cases["a"].applied < 11).sum(axis=0)
    assert (came == network.lots["a"]).mean() < 1e-3
    assert network.lots["a"] <= FAIR_LOTS * 1.35


def test_a_programme_that_is_cut_delivers_what_its_lots_can(alone: Alone, brought: Bring) -> None:
    """Beyond the most lots nobody applies: ``too_many_lots`` tells the planner first."""
    applied = brought(alone(intake=400.0), draws=256).futures.cases["a"].applied
    assert applied.shape == (MOST_LOTS, 256)
    assert np.isfinite(applied).all()
    assert applied[-1].mean() == pytest.approx(1.0, abs=0.02)


def test_servers_are_whole_and_stops_are_seen(alone: Alone, alter: Alter) -> None:
    stop = Stop(figure(0.2), figure(1.0))
    plan = alone(stages={"work": Stage(figure(1.0), servers=figure(3.0), stopped=stop)})
    (desk,) = Network.of(plan).stations
    assert desk == Desk("programmes.a.queue.stages.work", (Visit("a", "work"),), 3, stops=True)
