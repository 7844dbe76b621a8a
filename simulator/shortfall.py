"""Why a count falls short: what holds the lots that are missing when its year ends.

The answer is read off the queues themselves: who has applied, who has left, who stands before which
station, who is being worked on. It is asked of futures in which the goal is missed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from plansim.simulator.future import LUCKS, draw_parameters
from plansim.simulator.model import Model
from plansim.simulator.queues import Cases, Passage, bring, serve
from plansim.simulator.sampling import Array, Block, Single
from plansim.simulator.waiting import Lack, lack_of

#: What a count lacks: its programme is off, or its schedule brings less; too few apply; too many
#: leave; what a station gives (``waiting.Lack``); or only time.
Cause = Literal["idle", "schedule", "applicants", "dropped", "time"] | Lack

#: Futures that are asked: enough to tell one cause from another.
ASKED = 512
#: Those under way are held up where so many of them stand in line, not at work. [fraction]
HELD = 0.5


@dataclass(frozen=True, slots=True)
class Short:
    """What a programme lacks most. ``stage``, ``station``: where, "" where it is nowhere."""

    programme: str
    code: Cause
    stage: str = ""
    station: str = ""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where the lots of a programme are at some time: how many, by future. [(draw,)] each

    ``left``, ``working``: by stage; ``waiting``: by stage and station.
    """

    applied: Array
    delivered: Array
    left: Mapping[str, Array]
    waiting: Mapping[tuple[str, str], Array]
    working: Mapping[str, Array]


def shortfalls(model: Model, seed: int) -> Mapping[str, Short]:
    """Why counts fall short in the median, by target; those that do not are left out."""
    block = Block(seed, 0, 0, ASKED)
    draw = draw_parameters(model, block)
    brought: dict[str, tuple[Cases, Passage]] = {}
    for part in model.parts:
        futures = bring(model.plan, part, draw.p, block, LUCKS[0])
        passages = serve(part, futures)
        brought |= {key: (futures.cases[key], passages[key]) for key in part.routes}
    found: dict[str, Short] = {}
    for target, key, year, needed in _asked(model):
        lots = needed / model.plan.programmes[key].lot
        if key in brought:
            where = whereabouts(model.network.routes[key], *brought[key], year + 1.0)
            if np.median(where.delivered) < lots:
                found[target] = short_of(model, key, where, lots)
        elif key not in draw.scheduled:
            found[target] = Short(key, "idle")
        elif np.median(draw.scheduled[key].whole((year,))) < needed:
            found[target] = Short(key, "schedule")
    return found


def _asked(model: Model) -> Iterator[tuple[str, str, int, float]]:
    """Targets on deliveries that should be high: programme, year's place, units by its end."""
    for goal in model.goals:
        indicator = model.plan.indicators[goal.target.indicator]
        if indicator.measure == "delivered" and goal.sign > 0:
            years = goal.year - goal.base if goal.target.basis == "per_year" else 1
            needed = years * (goal.threshold - goal.tolerance)
            yield goal.target.id, str(indicator.programme), goal.year, needed


def whereabouts(
    stages: Mapping[str, tuple[str, ...]], cases: Cases, passage: Passage, until: float
) -> Whereabouts:
    """Where the lots of one programme are ``until`` [years since the base year began]."""
    left: dict[str, Array] = {}
    waiting: dict[tuple[str, str], Array] = {}
    working: dict[str, Array] = {}
    here = passage.applied
    for stage, paths in stages.items():
        for path in paths:
            passed = passage.passed[stage, path]
            waiting[stage, path] = _between(here, passed, until)
            here = passed
        ended = passage.ended[stage]
        working[stage] = _between(here, ended, until)
        here = ended
        if stage in cases.leaves:
            leaves = cases.leaves[stage]
            left[stage] = (leaves & (ended < until)).sum(axis=0)
            here = np.where(leaves, np.float32(np.inf), ended)
    applied = (passage.applied < until).sum(axis=0)
    return Whereabouts(applied, (passage.delivered < until).sum(axis=0), left, waiting, working)


def _between(before: Single, after: Single, until: float) -> Array:
    """How many have passed one place and not the next. [(draw,)]"""
    return np.asarray(((before < until) & (after >= until)).sum(axis=0))


def short_of(model: Model, programme: str, where: Whereabouts, lots: float) -> Short:
    """What keeps a programme from so many lots, in the futures that miss them.

    Fewer applied than are needed: applicants. Enough applied, and too few of them are left: they
    leave. Else those under way would do: what most of them stand in line for, or time.
    """
    misses = where.delivered < lots

    def number(row: Array) -> float:
        return float(row[misses].mean())

    applied, gone = number(where.applied), sum(map(number, where.left.values()))
    if applied < lots:
        return Short(programme, "applicants")
    if applied - gone < lots:
        return Short(programme, "dropped", max(where.left, key=lambda s: number(where.left[s])))
    in_line, at_work = (sum(map(number, r.values())) for r in (where.waiting, where.working))
    if in_line >= HELD * (in_line + at_work):
        stage, station = max(where.waiting, key=lambda place: number(where.waiting[place]))
        return Short(programme, lack_of(model.plan, station), stage, station)
    return Short(programme, "time", max(where.working, key=lambda s: number(where.working[s])))
