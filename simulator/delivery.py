"""Delivery of one future as SimPy processes: the readable reference, and the log of events.

Every lot is a process that goes from stage to stage; a desk is a Resource, a quota a Container that
is filled every January. Given the same ``Futures`` it passes every station at the same times, to
the last bit, as the recursion over draws (``queues``).

Order at one moment: money and servers that become free come first; then lots arrive, at the
stations in the order of the network, in one line by programme and lot.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import simpy
from simpy.events import EventPriority

from plansim.simulator.network import Desk, Gate, Network, Station
from plansim.simulator.queues import Cases, Futures, Passage
from plansim.simulator.sampling import Single

Kind = Literal["applied", "waits", "takes", "begins", "ends", "drops_out", "delivered"]
Process = Generator[simpy.Event, Any, None]
#: Arrivals are scheduled behind everything else that happens at the same time.
ARRIVAL = 10


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a lot of a programme. ``time``: years since the base year began.

    ``station``: the path of the quota or of the desk that it waited for, takes from or is worked
    on at; "" where there is none.
    """

    time: float
    programme: str
    lot: int
    stage: str
    kind: Kind
    station: str = ""


@dataclass
class _World:
    """One future while it is played."""

    env: simpy.Environment
    network: Network
    stands: dict[str, "_Gate | _Desk"] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    log: list[Event] = field(default_factory=list)

    def note(self, programme: str, lot: int, stage: str, kind: Kind, station: str = "") -> None:
        self.log.append(Event(self.env.now, programme, lot, stage, kind, station))


class _Gate:
    """A quota: a Container that is filled every January. What is left lapses, or is kept."""

    def __init__(self, env: simpy.Environment, gate: Gate, amount: float) -> None:
        self.amount = amount
        self.purse = simpy.Container(env, init=0)
        self.carries = gate.carries
        for year in range(gate.first, gate.last + 1):
            env.process(self._filled(env, year))

    def _filled(self, env: simpy.Environment, year: int) -> Process:
        yield env.timeout(year)
        more = self.amount if self.carries else self.amount - self.purse.level
        if more > 0:
            yield self.purse.put(more)

    def passing(self, need: float) -> Process:
        if need > 0:
            yield self.purse.get(need)


class _Desk:
    """Servers: a Resource. It may stand still once; work that should begin then waits."""

    def __init__(
        self, env: simpy.Environment, desk: Desk, closed: tuple[float, float] | None
    ) -> None:
        self.env = env
        self.servers = simpy.Resource(env, desk.servers or 10**9)
        self.since, self.until = closed or (np.inf, np.inf)
        self.reopened = env.event()
        if np.isfinite(self.until):
            env.process(self._reopening())

    def _reopening(self) -> Process:
        yield self.env.timeout(self.until)
        self.reopened.succeed()

    def opening(self) -> Process:
        if self.since <= self.env.now < self.until:
            yield self.reopened


def play(network: Network, futures: Futures, until: float) -> list[Event]:
    """The log of one future (arrays one draw wide) to a time [years], in order of time."""
    world = _World(simpy.Environment(), network)
    for place, station in enumerate(network.stations):
        world.stands[station.path] = _stand(world.env, station, futures)
        world.places[station.path] = place
    size = 1 + max((len(case.applied) for case in futures.cases.values()), default=0)
    for rank, (key, case) in enumerate(futures.cases.items()):
        for lot in range(len(case.applied)):
            if np.isfinite(case.applied[lot, 0]):
                world.env.process(_lot(world, key, lot, rank * size + lot, case))
    world.env.run(until=until)
    return world.log


def _stand(env: simpy.Environment, station: Station, futures: Futures) -> "_Gate | _Desk":
    if isinstance(station, Gate):
        return _Gate(env, station, float(np.ravel(futures.amounts[station.path])[0]))
    closed = futures.closed.get(station.path)
    if closed is None:
        return _Desk(env, station, None)
    since, until = (float(np.ravel(time)[0]) for time in closed)
    return _Desk(env, station, (since, until))


def _lot(world: _World, programme: str, lot: int, rank: int, case: Cases) -> Process:
    """The way of one lot."""
    env = world.env
    yield env.timeout(float(case.applied[lot, 0]))
    world.note(programme, lot, "", "applied")
    for stage, paths in world.network.routes[programme].items():
        *gates, desk_path = paths
        for path in gates:
            yield _arrival(world, path, rank)
            need = float(case.takes[path][lot, 0])
            gate = world.stands[path]
            assert isinstance(gate, _Gate)
            world.note(programme, lot, stage, "waits", path)
            yield from gate.passing(need)
            world.note(programme, lot, stage, "takes", path)
        yield _arrival(world, desk_path, rank)
        desk = world.stands[desk_path]
        assert isinstance(desk, _Desk)
        world.note(programme, lot, stage, "waits", desk_path)
        with desk.servers.request() as turn:
            yield turn
            yield from desk.opening()
            world.note(programme, lot, stage, "begins", desk_path)
            yield env.timeout(_delay(env.now, float(case.lasts[stage][lot, 0])))
        world.note(programme, lot, stage, "ends", desk_path)
        if stage in case.leaves and case.leaves[stage][lot, 0]:
            world.note(programme, lot, stage, "drops_out")
            return
    world.note(programme, lot, "", "delivered")


def _delay(now: float, lasts: float) -> float:
    """The time from ``now`` until their sum in single precision, in which tables have it."""
    return float(np.float32(now + lasts)) - now


def _arrival(world: _World, path: str, rank: int) -> simpy.Event:
    """Now, but behind what frees money and servers, in the order of stations, then of lots."""
    event = world.env.event()
    event._ok, event._value = True, None  # what succeed() does, but for the priority
    priority = ARRIVAL + world.places[path] * 10**6 + rank
    world.env.schedule(event, priority=EventPriority(priority))
    return event


def passages(network: Network, futures: Futures, log: Sequence[Event]) -> dict[str, Passage]:
    """The log as the tables that ``queues.serve`` gives, for one draw."""
    found: dict[str, Passage] = {}
    for key, case in futures.cases.items():
        blank = np.full(case.applied.shape, np.inf)
        passed = {
            (stage, path): blank.copy()
            for stage, paths in network.routes[key].items()
            for path in paths
        }
        ended = {stage: blank.copy() for stage in network.routes[key]}
        found[key] = Passage(blank.copy(), blank.copy(), passed, ended)
    for event in log:
        for table in _tables(found[event.programme], event):
            table[event.lot, 0] = event.time
    return found


def _tables(passage: Passage, event: Event) -> list[Single]:
    """Where a time of the log belongs."""
    by_kind: Mapping[str, Single | None] = {
        "applied": passage.applied,
        "takes": passage.passed.get((event.stage, event.station)),
        "begins": passage.passed.get((event.stage, event.station)),
        "ends": passage.ended.get(event.stage),
        "delivered": passage.delivered,
    }
    table = by_kind.get(event.kind)
    return [] if table is None else [table]
