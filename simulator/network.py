"""The way of every queued programme through gates and desks, and the order to serve them in.

A stage is a gate for every quota that it takes from, then a desk. Stations that several
programmes share are visited by all of them in one line: first come, first served, ties by the
order of programmes in the plan, then by lot. So stations can be served one after another, as long
as no two programmes visit two of them in opposite order: such a circle is refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from plansim.simulator.errors import InputError
from plansim.simulator.memo import by_value, node, plain
from plansim.simulator.plan import Plan, Programme, Quota, Stage
from plansim.simulator.sampling import centre, quantiles

#: Lots that one programme may have, whatever its figures: what a queue of one costs.
MOST_LOTS = 400
#: Lots of a programme at its median figures, beyond which its ``lot`` should be larger.
FAIR_LOTS = 200
#: Chance that a programme's applications exceed its lots is that of this normal score.
SPARE = 4.0
#: Share of futures in which an uncertain intake is higher than what the lots are reckoned with.
RARE = 0.001


@dataclass(frozen=True, slots=True)
class Visit:
    """One programme at one of its stages."""

    programme: str
    stage: str


@by_value
@dataclass(frozen=True, slots=True)
class Gate:
    """Where lots wait for a quota. ``path``: the quota's, in the plan.

    Its amount comes at the beginning of every year from ``first`` to ``last``, counted from the
    base year; what is left at the end of a year is kept if ``carries``.
    """

    path: str
    visits: tuple[Visit, ...]
    first: int
    last: int
    carries: bool


@by_value
@dataclass(frozen=True, slots=True)
class Desk:
    """Where lots wait for servers and are worked on. ``path``: the office's or the stage's.

    ``servers``: None is no limit. ``stops``: whether work may stand still.
    """

    path: str
    visits: tuple[Visit, ...]
    servers: int | None
    stops: bool


Station = Gate | Desk


@plain
@dataclass(frozen=True, slots=True)
class Network:
    """All stations in an order in which they can be served, and the lots of every programme.

    ``routes``: the stages of every programme with the paths of their stations, the desk last.
    """

    stations: tuple[Station, ...] = ()
    routes: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    lots: Mapping[str, int] = field(default_factory=dict)

    def parts(self) -> tuple["Network", ...]:
        """Taken apart: no programme of one part ever stands in line with one of another."""
        first = {key: key for key in self.routes}  # the first programme that it may meet
        for station in self.stations:
            keys = {first[visit.programme] for visit in station.visits}
            if len(keys) > 1:
                met = next(key for key in first if key in keys)
                first = {key: met if of in keys else of for key, of in first.items()}
        return tuple(
            Network(
                stations=tuple(s for s in self.stations if first[s.visits[0].programme] == head),
                routes={key: way for key, way in self.routes.items() if first[key] == head},
                lots={key: number for key, number in self.lots.items() if first[key] == head},
            )
            for head in dict.fromkeys(first.values())
        )

    @classmethod
    def of(cls, plan: Plan) -> "Network":
        """The network of the active programmes. Raises InputError naming a circle."""
        queued = {k: p for k, p in plan.programmes.items() if p.active and p.queue is not None}
        routes = {key: _route(key, programme) for key, programme in queued.items()}
        stations: dict[str, Station] = {}
        before: TopologicalSorter[str] = TopologicalSorter()
        for key, stages in routes.items():
            last: str | None = None
            for stage, paths in stages.items():
                for path in paths:
                    before.add(path, *([last] if last is not None else []))
                    last = path
                    visits = stations[path].visits if path in stations else ()
                    visits = (*visits, Visit(key, stage))
                    is_desk = path == paths[-1]
                    stations[path] = (_desk if is_desk else _gate)(plan, path, visits)
        try:
            order = tuple(before.static_order())
        except CycleError as problem:
            circle = " → ".join(problem.args[1])
            raise InputError.of("queue_circle", "programmes", value=circle) from None
        years = plan.plan.years[1] + 1
        return cls(
            stations=tuple(stations[path] for path in order),
            routes=routes,
            lots={k: _lots(p, years, RARE, SPARE, MOST_LOTS) for k, p in queued.items()},
        )


def _route(key: str, programme: Programme) -> dict[str, tuple[str, ...]]:
    queue = programme.queue
    assert queue is not None
    route: dict[str, tuple[str, ...]] = {}
    for name, stage in queue.stages.items():
        own = f"programmes.{key}.queue"
        paths = [f"quotas.{quota}" for quota in stage.takes]
        subsidy = queue.subsidy
        if subsidy is not None and subsidy.at == name:
            paths += _money(own, subsidy.fund, subsidy.budget)
        desk = f"offices.{stage.office}" if stage.office else f"{own}.stages.{name}"
        route[name] = (*paths, desk)
    return route


def _money(own: str, fund: str | None, budget: Quota | None) -> Iterator[str]:
    """The path of the quota that awards are paid from, where there is one."""
    if budget is not None:
        yield f"{own}.subsidy.budget"
    elif fund is not None:
        yield f"quotas.{fund}"


def _gate(plan: Plan, path: str, visits: tuple[Visit, ...]) -> Gate:
    quota = quota_at(plan, path)
    base, last = plan.plan.years
    first = quota.start if quota.start is not None else base
    return Gate(path, visits, first - base, last - base, quota.unspent == "carry")


def _desk(plan: Plan, path: str, visits: tuple[Visit, ...]) -> Desk:
    stage = stage_of(plan, visits[0])
    owner = plan.offices[stage.office] if stage.office else stage
    servers = None if owner.servers is None else round(centre(owner.servers))
    return Desk(path, visits, servers, owner.stopped is not None)


def quota_at(plan: Plan, path: str) -> Quota:
    """The quota at ``quotas.NAME`` or ``programmes.NAME.queue.subsidy.budget``."""
    section, name, *_ = path.split(".")
    if section == "quotas":
        return plan.quotas[name]
    queue = plan.programmes[name].queue
    assert queue is not None
    assert queue.subsidy is not None
    assert queue.subsidy.budget is not None
    return queue.subsidy.budget


def stage_of(plan: Plan, visit: Visit) -> Stage:
    queue = plan.programmes[visit.programme].queue
    assert queue is not None
    return queue.stages[visit.stage]


@node
def _lots(programme: Programme, end: int, rare: float, spare: float, most: int) -> int:
    """How many lots may apply by the end, but for a small chance."""
    queue = programme.queue
    assert queue is not None
    share = 1 - rare
    (intake,) = quantiles(queue.intake, share)
    subsidy = queue.subsidy
    if subsidy is not None and subsidy.response is not None:
        intake *= 1 + quantiles(subsidy.response, share)[0] * quantiles(subsidy.rate, share)[0]
    last = end if queue.end is None else min(end, queue.end + 1)
    mean = intake * max(last - queue.start, 0) / programme.lot
    number = int(mean + spare * mean**0.5 + spare)
    if queue.eligible is not None:
        number = min(number, int(-(-quantiles(queue.eligible, share)[0] // programme.lot)))
    return max(1, min(number, most))


def usual_lots(programme: Programme, end: int) -> int:
    """Lots that apply by the end of the plan at median figures."""
    return _lots(programme, end, 0.5, 0.0, 10**9)
