"""One future of a run, event by event: what happened to every lot, what it waited for, how long.

The future is the very one that ``run`` counts: the same parameters, the same luck, played by
``delivery``. Times are years since the beginning of the base year; ``inf`` is not by the end of
the plan.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Generic, Literal

import numpy as np

from plansim.simulator.delivery import Event, play
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.future import LUCKS
from plansim.simulator.model import Model
from plansim.simulator.network import Gate, Network
from plansim.simulator.plan import Held, Own
from plansim.simulator.queues import Futures, bring
from plansim.simulator.run import BLOCKS, MOST_DRAWS
from plansim.simulator.sampling import STREAM_BLOCK, Block

#: Why a lot waits: the quota has too little left, no server is free, or the desk stands still.
Cause = Literal["quota", "server", "stopped"]


@dataclass(slots=True)
class Step:
    """A lot at one station of a stage, for ``cause`` if it waited there.

    ``passed``: when it took from the quota, or work began; ``ended``: when work ended.
    """

    stage: str
    station: str
    arrived: float
    cause: Cause
    passed: float = inf
    ended: float = inf

    @property
    def is_gate(self) -> bool:
        """Whether the station is a quota; else it is a desk, where work is done."""
        return self.cause == "quota"

    @property
    def waited(self) -> bool:
        return self.passed > self.arrived

    def wait(self, until: float) -> float:
        """How long it has waited by a time. [years]"""
        return max(min(self.passed, until) - self.arrived, 0.0)


@dataclass(slots=True)
class Lot:
    """The way of one lot. ``number``: its place in the order of applications, from 1."""

    number: int
    applied: float
    steps: list[Step] = field(default_factory=list)
    dropped: float = inf
    delivered: float = inf


@dataclass(frozen=True, slots=True)
class Trace(Generic[Held]):
    """The log of one future, and the same lot by lot.

    ``lots``: by programme, in order of application; ``planned``: units that the programme is to
    deliver in this future; ``until``: the end of the plan.
    """

    plan: Held
    network: Network
    scenario: str
    seed: int
    draw: int
    luck: str
    events: tuple[Event, ...]
    lots: Mapping[str, tuple[Lot, ...]]
    planned: Mapping[str, float]
    until: float

    def __repr__(self) -> str:
        who = f"{self.plan.plan.id}, {self.scenario}, seed {self.seed}, draw {self.draw}{self.luck}"
        return f"Trace({who}; {sum(map(len, self.lots.values()))} lots)"

    def steps(self, key: str) -> Iterator[Step]:
        """All steps of a programme's lots."""
        return (step for lot in self.lots[key] for step in lot.steps)


def trace(plan: Own, seed: int = 1, draw: int = 1, luck: str = "a") -> Trace[Own]:
    """The future of draw ``draw`` (from 1) of a seed, with one of its two sets of luck.

    Raises InputError naming every argument that is out of range.
    """
    check_arguments(seed, draw, luck)
    model = Model.of(plan)
    number, lane = divmod(draw - 1, STREAM_BLOCK)
    first = lane - lane % BLOCKS[0]
    block = Block(seed, number, first, first + BLOCKS[0])
    p = model.sampler.draw(block)
    future = bring(plan, model.network, p, block, luck).one(lane - first)
    until = float(len(plan.years))
    events = play(model.network, future, until)
    planned = {
        key: float(np.broadcast_to(p[f"programmes.{key}.units"], block.draws)[lane - first])
        for key in model.network.routes
    }
    lots = _ways(model.network, future, events, until)
    return Trace(
        plan, model.network, plan.scenario, seed, draw, luck, tuple(events), lots, planned, until
    )


def check_arguments(seed: int, draw: int, luck: str) -> None:
    """Raises InputError naming every argument of ``trace`` that is out of range."""
    rules: tuple[tuple[str, object, bool, str], ...] = (
        ("draw", draw, 1 <= draw <= MOST_DRAWS, f"1 … {MOST_DRAWS}"),
        ("seed", seed, 0 <= seed < 2**63, f"0 … {2**63 - 1}"),
        ("luck", luck, luck in LUCKS, ", ".join(LUCKS)),
    )
    faults = [
        Fault("argument_range", {"value": value, "allowed": allowed}, name)
        for name, value, fine, allowed in rules
        if not fine
    ]
    if faults:
        raise InputError(faults)


def _ways(
    network: Network, future: Futures, events: Sequence[Event], until: float
) -> dict[str, tuple[Lot, ...]]:
    """The log, lot by lot."""
    gates = {s.path for s in network.stations if isinstance(s, Gate)}
    closed = {
        path: (float(np.ravel(since)[0]), float(np.ravel(reopened)[0]))
        for path, (since, reopened) in future.closed.items()
        if np.isfinite(since).all()
    }
    ways: dict[str, dict[int, Lot]] = {key: {} for key in network.routes}
    for event in events:
        lots = ways[event.programme]
        if event.kind == "applied":
            lots[event.lot] = Lot(event.lot + 1, event.time)
        else:
            _note(lots[event.lot], event, "quota" if event.station in gates else "server")
    for lots in ways.values():
        for lot in lots.values():
            for step in lot.steps:
                if step.station in closed and _stood_still(step, *closed[step.station], until):
                    step.cause = "stopped"
    return {key: tuple(lots[n] for n in sorted(lots)) for key, lots in ways.items()}


def _stood_still(step: Step, since: float, reopened: float, until: float) -> bool:
    """Whether a lot waited last, or still waits, for a desk to reopen."""
    return step.passed == reopened or since <= until < min(step.passed, reopened)


def _note(lot: Lot, event: Event, cause: Cause) -> None:
    """Note one event on the way of its lot."""
    if event.kind == "waits":
        lot.steps.append(Step(event.stage, event.station, event.time, cause))
    elif event.kind in ("takes", "begins"):
        lot.steps[-1].passed = event.time
    elif event.kind == "ends":
        lot.steps[-1].ended = event.time
    elif event.kind == "drops_out":
        lot.dropped = event.time
    else:
        lot.delivered = event.time
