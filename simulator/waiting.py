"""What became of the lots of every queue, and where they waited: the bottleneck of a programme."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from plansim.simulator import units
from plansim.simulator.network import Network, quota_at
from plansim.simulator.plan import Plan
from plansim.simulator.queues import Cases, Futures, Passage
from plansim.simulator.sampling import Array

#: Rows of a programme before its stations: lots that applied, were delivered, dropped out.
FATES = ("applied", "delivered", "dropped")

#: What lots lack that wait at a station: servers, money, land, or another quota (seats, places).
Lack = Literal["capacity", "money", "land", "quota"]


@dataclass(frozen=True, slots=True)
class Wait:
    """How much of a programme's waiting is at one station. ``share``: fraction; ``days``: a lot."""

    stage: str
    station: str
    share: float
    days: float


@dataclass(frozen=True, slots=True)
class Flow:
    """One queued programme by the end of the plan's years, over the kept futures.

    ``applied``, ``delivered``, ``dropped``, ``under_way``: p05, p50, p95 [units]. ``waits``: its
    stations, the one with most waiting first; none where nobody waits.
    """

    programme: str
    applied: tuple[float, float, float]
    delivered: tuple[float, float, float]
    dropped: tuple[float, float, float]
    under_way: tuple[float, float, float]
    waits: tuple[Wait, ...]


def lack_of(plan: Plan, station: str) -> Lack:
    """What a station gives too little of: money of a budget or fund, land, places; or servers."""
    section, key, *_ = station.split(".")
    if station.endswith(".budget"):
        return "money"
    if section != "quotas":
        return "capacity"
    funds = {
        p.queue.subsidy.fund
        for p in plan.programmes.values()
        if p.queue is not None and p.queue.subsidy is not None
    }
    measures = dict(units.parse(quota_at(plan, station).amount.unit).dimension)
    if key in funds or "money" in measures:
        return "money"
    return "land" if "area" in measures else "quota"


def traced(
    network: Network, futures: Futures, passages: Mapping[str, Passage], until: float
) -> dict[str, list[Array]]:
    """By programme: fates of its lots, then lot-years of waiting by station. [row of (draw,)]"""
    return {
        key: _rows(stages, futures.cases[key], passages[key], until)
        for key, stages in network.routes.items()
    }


def _rows(
    stages: Mapping[str, tuple[str, ...]], cases: Cases, passage: Passage, until: float
) -> list[Array]:
    dropped = np.zeros(passage.applied.shape[1])
    waits: list[Array] = []
    here = passage.applied
    for stage, paths in stages.items():
        for path in paths:
            passed = passage.passed[stage, path]
            waits.append((np.minimum(passed, until) - np.minimum(here, until)).sum(axis=0))
            here = passed
        here = passage.ended[stage]
        if stage in cases.leaves:
            leaves = cases.leaves[stage]
            dropped += (leaves & (here < until)).sum(axis=0)
            here = np.where(leaves, np.inf, here)
    applied = (passage.applied < until).sum(axis=0)
    delivered = (passage.delivered < until).sum(axis=0)
    return [applied, delivered, dropped, *waits]


def flows(plan: Plan, network: Network, table: Array) -> tuple[Flow, ...]:
    """What ``traced`` says of the kept futures, programme after programme. [(row, future)]"""
    found: list[Flow] = []
    first = 0
    for key, stages in network.routes.items():
        stations = [(stage, path) for stage, paths in stages.items() for path in paths]
        applied, delivered, dropped = table[first : first + len(FATES)]
        waited = table[first + len(FATES) : first + len(FATES) + len(stations)].mean(axis=1)
        first += len(FATES) + len(stations)
        total = float(waited.sum())
        waits = [
            Wait(stage, path, float(w) / total, 365.25 * float(w) / float(applied.mean()))
            for (stage, path), w in zip(stations, waited, strict=True)
            if w > 1e-12
        ]
        lot = plan.programmes[key].lot
        found.append(
            Flow(
                programme=key,
                applied=_quantiles(lot * applied),
                delivered=_quantiles(lot * delivered),
                dropped=_quantiles(lot * dropped),
                under_way=_quantiles(lot * (applied - delivered - dropped)),
                waits=tuple(sorted(waits, key=lambda wait: -wait.share)),
            )
        )
    return tuple(found)


def _quantiles(row: Array) -> tuple[float, float, float]:
    low, middle, high = np.quantile(row, (0.05, 0.5, 0.95), method="inverted_cdf")
    return float(low), float(middle), float(high)
