"""Delivery over draws: queued programmes as a recursion, the same rules as ``delivery``.

What luck brings to a programme (applications, durations, who leaves, what is needed) is drawn
first (``bring``); it does not depend on any queue. Then stations are served one after another
(``serve``). ``delivery`` plays the same futures in SimPy and gives the same times to the last bit.

Arrays have the axes lot, draw. Times are years since the beginning of the base year, in single
precision (within ten years, half a minute); ``inf`` is never. Amounts of quotas are counted in
whole grains, so that sums are exact in any order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from plansim.simulator.memo import node
from plansim.simulator.network import Desk, Gate, Network, Station
from plansim.simulator.plan import Plan, Queue, Subsidy
from plansim.simulator.sampling import PIECE, Array, Block, Numbers, Single, single

Value = float | Array
Bools = NDArray[np.bool_]
Table = TypeVar("Table", Array, Single, Bools)
#: From when to when a desk stands still, in every draw.
Pause = tuple[Single, Single]
#: Grains in one base unit of a quota: with 亿元, one yuan.
GRAINS = 1e8
#: Draws that are put in order together, while they are in the cache.
TILE = 256


@dataclass(frozen=True, slots=True)
class Cases:
    """What luck brings to one programme, whatever the queues are. [(lot, draw)] each

    ``applied``: when a lot applies. ``lasts``: how long each stage takes [years]. ``leaves``:
    whether a lot drops out at the end of a stage (not there: none does). ``takes``: what it takes
    of the quota at a path [grains].
    """

    applied: Single
    lasts: Mapping[str, Single]
    leaves: Mapping[str, Bools] = field(default_factory=dict)
    takes: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Futures:
    """All that one set of luck brings: cases by programme, and what limits them.

    ``amounts``: of every gate, a year [grains]; ``closed``: from when to when a desk that stops
    stands still. [(draw,)] or, of an amount, one value
    """

    cases: Mapping[str, Cases]
    amounts: Mapping[str, Value] = field(default_factory=dict)
    closed: Mapping[str, Pause] = field(default_factory=dict)

    def one(self, draw: int) -> "Futures":
        """The future of one draw, as arrays one draw wide."""
        return self.lanes(slice(draw, draw + 1))

    def lanes(self, lanes: slice) -> "Futures":
        """The futures of some of the draws."""

        def cut(tables: Mapping[str, Table]) -> dict[str, Table]:
            return {name: table[:, lanes] for name, table in tables.items()}

        return Futures(
            cases={
                key: Cases(
                    case.applied[:, lanes], cut(case.lasts), cut(case.leaves), cut(case.takes)
                )
                for key, case in self.cases.items()
            },
            amounts={path: lane_of(amount, lanes) for path, amount in self.amounts.items()},
            closed={
                path: (since[lanes], until[lanes]) for path, (since, until) in self.closed.items()
            },
        )


def lane_of(value: Value, lanes: slice) -> Array:
    """Some of the draws of a value, which may be one value for all."""
    row = np.atleast_1d(np.asarray(value, dtype=float))
    return row[lanes] if len(row) > 1 else row


@dataclass(slots=True)
class Passage:
    """When the lots of one programme pass each station. [(lot, draw)] each

    ``passed``: by stage and station; at a desk, when work begins. ``ended``: by stage, when its
    work ends, also for lots that leave then. ``delivered``: when all is done.
    """

    applied: Single
    delivered: Single
    passed: dict[tuple[str, str], Single] = field(default_factory=dict)
    ended: dict[str, Single] = field(default_factory=dict)


# -- what luck brings ------------------------------------------------------------------------------


def bring(plan: Plan, network: Network, p: Mapping[str, Value], block: Block, luck: str) -> Futures:
    """Applications, durations, drop-outs, needs and stops of one set of luck."""
    amounts: dict[str, Value] = {}
    closed: dict[str, Pause] = {}
    span = plan.plan.years[1] + 1 - plan.plan.base_year
    for station in network.stations:
        path = station.path
        if isinstance(station, Gate):
            amounts[path] = _yearly(p[f"{path}.amount"])
        elif station.stops:
            chance, length = p[f"{path}.stopped.chance"], p[f"{path}.stopped.length"]
            closed[path] = _closing(path, chance, length, span, block, luck)
    cases = {
        key: _cases(plan, key, tuple(ways.items()), network.lots[key], p, block, luck)
        for key, ways in network.routes.items()
    }
    return Futures(cases, amounts, closed)


def _grains(amount: Value) -> Array:
    return np.asarray(np.rint(np.asarray(amount) * GRAINS))


_yearly = node(_grains)


@node
def _closing(path: str, chance: Value, length: Value, span: int, block: Block, luck: str) -> Pause:
    """One stop of a desk at a random time of the plan's years, or none."""
    whether, when, *_ = next(block.uniforms(f"luck.{luck}/{path}/stopped")).astype(float)
    begins = np.where(whether < chance, when * span, np.inf).astype(np.float32)
    return begins, np.asarray(begins + single(length))


def support(queue: Queue, p: Mapping[str, Value], path: str) -> Value:
    """Share of the median investment that is awarded: the rate, or less where the cap binds."""
    subsidy = queue.subsidy
    if subsidy is None:
        return 0.0
    rate = p[f"{path}.subsidy.rate"]
    if subsidy.cap is None or queue.investment is None:
        return rate
    return np.minimum(rate, np.asarray(p[f"{path}.subsidy.cap"]) / p[f"{path}.investment"])


def intake(queue: Queue, p: Mapping[str, Value], path: str) -> Value:
    """Applications a year while the pool is full: a subsidy brings more. [units/year]"""
    usual = p[f"{path}.intake"]
    if queue.subsidy is None or queue.subsidy.response is None:
        return usual
    return usual * (1 + np.asarray(p[f"{path}.subsidy.response"]) * support(queue, p, path))


@node
def _cases(
    plan: Plan,
    key: str,
    ways: tuple[tuple[str, tuple[str, ...]], ...],
    most: int,
    p: Mapping[str, Value],
    block: Block,
    luck: str,
) -> Cases:
    """What luck brings to the queue of one programme. ``ways``: its stages with the paths of their
    stations; ``most``: lots.
    """
    path, programme = f"programmes.{key}.queue", plan.programmes[key]
    queue, lot = programme.queue, programme.lot
    assert queue is not None
    applied = _applied(queue, p, path, most, lot, plan.years, block, f"luck.{luck}/{path}")
    lots = len(applied)
    lasts: dict[str, Single] = {}
    leaves: dict[str, Bools] = {}
    takes: dict[str, Array] = {}
    shape = (lots, block.draws)
    for stage, item in queue.stages.items():
        at = f"{path}.stages.{stage}"
        lasts[stage] = _times(p, at, lots, block, luck)
        if item.drop_out is not None:
            chance = np.asarray(p[f"{at}.drop_out"], dtype=np.float32)
            leaves[stage] = np.empty(shape, dtype=bool)
            for some, drawn in _pieces(block.uniforms(f"luck.{luck}/{at}/drop_out"), lots):
                np.less(drawn, chance, out=leaves[stage][some])
        for quota in item.takes:
            each = np.asarray(p[f"{at}.takes.{quota}"]) * lot
            takes[f"quotas.{quota}"] = np.broadcast_to(_grains(each), shape)
    if queue.subsidy is not None:
        paths = [gate for gate in dict(ways)[queue.subsidy.at][:-1] if gate not in takes]
        for gate in paths:
            award = _award(queue, queue.subsidy, p, path, lots, block, luck)
            takes[gate] = np.broadcast_to(_grains(award * lot), shape)
    return Cases(
        applied=applied,
        lasts=lasts,
        leaves=leaves,
        takes={g: _at_most(need, _yearly(p[f"{g}.amount"])) for g, need in takes.items()},
    )


def _at_most(need: Array, amount: Value) -> Array:
    """Nobody takes more than a year's amount; where nothing comes nobody is served."""
    return np.where(np.asarray(amount) > 0, np.minimum(need, amount), need)


def _times(p: Mapping[str, Value], stage: str, lots: int, block: Block, luck: str) -> Single:
    """How long the stage at a path takes. [(lot, draw), years]"""
    name = f"{stage}.time"
    median = single(p[name])
    factors = _scatter(p, name, f"{stage}.scatter", lots, block, luck)
    if isinstance(factors, float):
        return np.broadcast_to(np.asarray(median, dtype=np.float32), (lots, block.draws))
    factors *= median
    return factors


def _scatter(
    p: Mapping[str, Value], name: str, scatter: str, lots: int, block: Block, luck: str
) -> Single | float:
    """What lognormal amounts are of their median; 1 where they do not scatter. [(lot, draw)]"""
    if scatter not in p:
        return 1.0
    factors = block.normal(f"luck.{luck}/{name}", lots)
    factors *= single(p[scatter])
    return np.exp(factors, out=factors)


def _award(
    queue: Queue,
    subsidy: Subsidy,
    p: Mapping[str, Value],
    path: str,
    lots: int,
    block: Block,
    luck: str,
) -> Array:
    """min(rate × investment, cap) of one unit of every lot. [亿元]"""
    median = f"{path}.investment"
    scatter = _scatter(p, median, f"{path}.scatter", lots, block, luck)
    investment = np.asarray(scatter, dtype=float) * p[median]
    overrun = np.asarray(p[f"{path}.overrun"]) if queue.overrun is not None else 1.0
    award = investment * overrun * p[f"{path}.subsidy.rate"]
    if subsidy.cap is not None:
        award = np.minimum(award, p[f"{path}.subsidy.cap"])
    return np.asarray(award)


def _applied(
    queue: Queue,
    p: Mapping[str, Value],
    path: str,
    lots: int,
    lot: float,
    years: range,
    block: Block,
    name: str,
) -> Single:
    """A Poisson process whose rate falls as the pool is used up, through the year's season.

    While i lots have applied the next is a unit exponential wait divided by the rate
    intake (1 − i lot / eligible) / lot away; the season then bends the clock within each year,
    which is the same as thinning by it. A few lots after others, which are worked on in the
    cache, until the rest comes after the last year in every draw.
    """
    clock = np.empty((lots, block.draws), dtype=np.float32)
    until = years[-1] + 1 if queue.end is None else min(years[-1], queue.end) + 1
    with np.errstate(divide="ignore", invalid="ignore"):
        pace = single(-lot / np.asarray(intake(queue, p, path)))
    for some, drawn in _pieces(block.uniforms(f"{name}/applied"), lots):
        now = np.subtract(1.0, drawn, out=clock[some])
        np.log(now, out=now)
        with np.errstate(divide="ignore", invalid="ignore"):
            now *= pace
            if queue.eligible is not None:
                gone = np.arange(some.start, some.stop, dtype=np.float32)[:, None] * lot
                left = 1 - gone / single(p[f"{path}.eligible"])
                now[...] = np.where(left > 0, now / left, np.inf)
        if some.start:
            now[0] += clock[some.start - 1]
        running_sum(now)
        if now[-1].min() >= until - queue.start:
            clock = clock[: some.stop]
            break
    if queue.season is not None:
        clock = in_season(clock, queue.season)
    clock += queue.start - years[0]
    in_time = clock < until - years[0]
    clock = clock[: int(np.max(np.flatnonzero(in_time.any(axis=1)), initial=-1)) + 1]
    if queue.end is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            clock /= in_time[: len(clock)]  # by 1 or by 0: a fifth of the time of a mask
    return clock


def _pieces(numbers: Iterator[Single], rows: int) -> Iterator[tuple[slice, Single]]:
    """The first rows of a stream, as many at a time as are drawn together, and which they are."""
    for first in range(0, rows, PIECE):
        last = min(first + PIECE, rows)
        yield slice(first, last), next(numbers)[: last - first]


def running_sum(rows: Numbers) -> Numbers:
    """Sums of every row with all before it, in place: several times as fast as ``accumulate``."""
    for i in range(1, len(rows)):
        rows[i] += rows[i - 1]
    return rows


def in_season(clock: Single, season: Sequence[float]) -> Single:
    """Time on the calendar at which so many years' worth of applications have come."""
    shares = np.concatenate([[0.0], np.cumsum(season)]) / sum(season)
    months = np.linspace(0.0, 1.0, len(season) + 1)
    years = np.floor(clock)
    with np.errstate(invalid="ignore"):
        bent = years + np.interp(clock - years, shares, months)
    return np.where(np.isinf(clock), np.inf, bent).astype(np.float32)


# -- serving ---------------------------------------------------------------------------------------


def serve(network: Network, futures: Futures, trace: bool = True) -> dict[str, Passage]:
    """When every lot passes every station, station after station.

    Without ``trace`` a lot that leaves at the end of a stage is not in ``ended``, which is quicker.
    """
    passages = {key: Passage(c.applied, c.applied) for key, c in futures.cases.items()}
    for station in network.stations:
        path = station.path
        arrivals = tuple(passages[visit.programme].delivered for visit in station.visits)
        needs = _needs(station, futures)
        limit = futures.amounts.get(path), futures.closed.get(path)
        passed = _through(station, arrivals, needs, *limit)
        for visit, times in zip(station.visits, passed, strict=True):
            passage, cases = passages[visit.programme], futures.cases[visit.programme]
            passage.passed[visit.stage, path] = passage.delivered = times
            if isinstance(station, Desk):
                lasts, leaves = cases.lasts[visit.stage], cases.leaves.get(visit.stage)
                passage.ended[visit.stage], passage.delivered = _left(times, lasts, leaves, trace)
    return passages


@node
def _through(
    station: Station,
    arrivals: tuple[Single, ...],
    needs: tuple[Any, ...],
    amount: Value | None,
    closed: Pause | None,
) -> tuple[Single, ...]:
    """When the lots of every visit pass one station."""
    if _has_room(station, arrivals):
        return tuple(_reopened(times, closed) for times in arrivals)
    line = _Line.of(arrivals)
    return tuple(line.restored(_serve(station, line.arrivals, line.sorted(needs), amount, closed)))


def _has_room(station: Station, arrivals: Sequence[Single]) -> bool:
    """Whether nobody ever waits for a server."""
    if isinstance(station, Gate):
        return False
    return station.servers is None or station.servers >= sum(map(len, arrivals))


def _needs(station: Station, futures: Futures) -> tuple[Array, ...] | tuple[Single, ...]:
    """What every visitor asks of the station: an amount of a quota, or a time of work."""
    if isinstance(station, Gate):
        return tuple(futures.cases[v.programme].takes[station.path] for v in station.visits)
    return tuple(futures.cases[v.programme].lasts[v.stage] for v in station.visits)


@node
def _left(times: Single, lasts: Single, leaves: Bools | None, trace: bool) -> tuple[Single, Single]:
    """When work ends that begins at some times, and when who is left goes on."""
    ended = times + lasts
    if leaves is None:
        return ended, ended
    delivered = ended.copy() if trace else ended
    delivered.reshape(-1)[np.flatnonzero(leaves)] = np.inf  # few: half of copyto's time
    return ended, delivered


@dataclass(frozen=True, slots=True)
class _Line:
    """All visitors of a station in the order in which they are served.

    ``arrivals``: sorted [(place in line, draw)]. ``order``: flat places of the visitors in their
    own tables, None where they stand in line already. Ties keep the order of visits, then of lots.
    """

    arrivals: Single
    order: NDArray[np.int64] | None
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, arrivals: Sequence[Single]) -> "_Line":
        together = arrivals[0] if len(arrivals) == 1 else np.concatenate(arrivals)
        sizes = tuple(len(table) for table in arrivals)
        if (together[1:] >= together[:-1]).all():
            return cls(together, None, sizes)
        order = np.empty(together.shape, dtype=np.int64)
        in_line = np.empty_like(together)
        for first in range(0, together.shape[1], TILE):
            lanes = slice(first, first + TILE)
            places, times = _in_order(np.ascontiguousarray(together[:, lanes].T))
            order[:, lanes], in_line[:, lanes] = places.T, times.T
        order *= together.shape[1]
        order += np.arange(together.shape[1])
        return cls(in_line, order, sizes)

    def sorted(self, tables: Sequence[Numbers]) -> Numbers:
        """Tables of the visitors in the order of the line."""
        together = tables[0] if len(tables) == 1 else np.concatenate(tables)
        return together if self.order is None else np.ravel(together).take(self.order)

    def restored(self, times: Single) -> Iterator[Single]:
        """The tables of the visitors, each in the order of its own lots."""
        if self.order is not None:
            back = np.empty_like(times)
            back.ravel()[self.order] = times
            times = back
        first = 0
        for size in self.sizes:
            yield times[first : first + size]
            first += size


def _in_order(times: Single) -> tuple[NDArray[np.int64], Single]:
    """Stable order of every row of times that are not negative, and the rows in that order.

    The bits of such a number are in order as whole numbers. With the place in the row behind them,
    a plain sort, four times as fast as ``argsort``, brings the places along.
    """
    keys = times.view(np.int32).astype(np.int64)
    keys <<= 32
    keys |= np.arange(times.shape[1])
    keys.sort(axis=1)
    places = keys & 0xFFFFFFFF
    keys >>= 32
    return places, keys.astype(np.int32).view(np.float32)


@singledispatch
def _serve(
    station: Station,
    arrivals: Single,
    needs: Numbers,
    amount: Value | None,
    closed: Pause | None,
) -> Single:
    """When each place in line passes. [(place, draw)]"""
    raise TypeError(station)


@_serve.register
def _(station: Gate, arrivals: Single, needs: Array, amount: Value, closed: Pause | None) -> Single:
    shared = np.broadcast_to(amount, arrivals.shape[1:])
    paid = (_carried if station.carries else _lapsed)(station, arrivals, needs, shared)
    return np.where(needs > 0, paid, arrivals)  # who needs nothing does not wait


def _carried(gate: Gate, arrivals: Single, needs: Array, amount: Array) -> Single:
    """All that came by a January pays all that was asked for before: cumulative sums decide."""
    asked = running_sum(np.where(np.isinf(arrivals), 0.0, needs))
    with np.errstate(divide="ignore", invalid="ignore"):
        januaries = np.ceil(asked / amount)
    enough = np.where(januaries <= gate.last - gate.first + 1, gate.first + januaries - 1, np.inf)
    return np.maximum(arrivals, enough.astype(np.float32))


def _lapsed(gate: Gate, arrivals: Single, needs: Array, amount: Array) -> Single:
    """First come, first served, year by year: who finds too little left waits for January.

    Who needs more than ever comes waits for good, and all who stand behind him.
    """
    end = gate.last + 1.0
    too_much = needs > amount
    if too_much.any():
        arrivals = np.where(np.logical_or.accumulate(too_much, axis=0), np.inf, arrivals)
    paid = np.full_like(arrivals, np.inf)
    clock = np.zeros(arrivals.shape[1], dtype=np.float32)
    year = np.full_like(clock, gate.first - 1)
    left = np.zeros(clock.shape)
    places = int(np.count_nonzero(arrivals < end, axis=0).max(initial=0))
    for arrival, need, now in zip(arrivals[:places], needs, paid, strict=False):
        np.maximum(arrival, clock, out=now)
        current = np.floor(now)
        np.putmask(left, current > year, amount)
        np.maximum(current, year, out=year)
        waits = need > left
        year += waits
        np.putmask(now, waits, year)
        np.putmask(left, waits, amount)
        left -= need
        clock = now
    paid[paid >= end] = np.inf
    return paid


@_serve.register
def _(
    station: Desk,
    arrivals: Single,
    needs: Single,
    amount: Value | None,
    closed: Pause | None,
) -> Single:
    began = np.empty_like(arrivals)
    servers = station.servers or len(arrivals)
    spare = np.zeros(arrivals.shape[1], dtype=np.float32)
    free = [np.zeros_like(spare) for _ in range(servers)]  # the soonest first
    for place, (arrival, lasts) in enumerate(zip(arrivals, needs, strict=True)):
        begins = np.maximum(arrival, free[0], out=began[place])
        if closed is not None:
            begins[...] = _reopened(begins, closed)
        ends = begins + lasts
        for i in range(1, len(free)):
            np.minimum(ends, free[i], out=free[i - 1])
            np.maximum(ends, free[i], out=spare)
            ends, spare = spare, ends
        free[-1][...] = ends
    return began


def _reopened(begins: Single, closed: Pause | None) -> Single:
    """Work that would begin while a desk stands still begins when it reopens."""
    if closed is None:
        return begins
    since, until = closed
    return np.where((begins >= since) & (begins < until), until, begins)
