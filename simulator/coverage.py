"""What programmes have delivered, year by year: by schedules and by queues.

Arrays have the axes year, draw; the first year is the base year.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from plansim.simulator.memo import node
from plansim.simulator.network import Network
from plansim.simulator.plan import Coverage, Plan
from plansim.simulator.queues import Passage, Value, intake
from plansim.simulator.sampling import Array, Single, single

#: Full use that comes sooner is there at once. [years]
LEAST_RAMP = 1e-9
#: Positions on the year axis.
Places = tuple[int, ...]


class Delivery(Protocol):
    """What one programme has delivered. Everything downstream sees only this.

    ``stock``: share of the plan delivered at the end of each year; ``whole``: units at the end of
    some years, in whole lots. ``flow``: the share that has an effect, averaged over the year: in
    use, and not what would have come anyway; ``gained``: what of it there is in some years beyond
    the first of them, the base year. [(year, draw)]
    """

    @property
    def stock(self) -> Array: ...

    def whole(self, years: Places) -> Array: ...

    def gained(self, years: Places) -> Array: ...

    @property
    def flow(self) -> Array: ...


@dataclass(eq=False)
class Scheduled:
    """Delivery by a schedule: straight lines between stated points, scaled by depth, delayed.

    ``pieces``: begin and end of each straight line [years] and the shares at both; ``edges``: the
    beginnings and ends of years, less the delay [(year + 1, draw)]; ``units`` of the whole plan,
    ``lot`` at a time. Each path is worked out when first asked for.
    """

    pieces: tuple[tuple[float, float, float, float], ...]
    edges: Array
    depth: Array
    most: float
    units: Value = 1.0
    lot: float = 1.0

    @cached_property
    def stock(self) -> Array:
        reached = np.zeros_like(self.edges[1:])
        for begin, end, low, high in self.pieces:
            inside = self.edges[1:] - begin
            np.clip(inside, 0.0, end - begin, out=inside)
            inside *= (high - low) / (end - begin)
            reached += inside
        reached *= self.depth
        return np.minimum(reached, self.most, out=reached)

    def whole(self, years: Places) -> Array:
        lots = np.asarray(self.units) * self.stock[list(years)] / self.lot
        return np.asarray(np.floor(lots + 1e-9) * self.lot)

    def gained(self, years: Places) -> Array:
        return np.asarray(self.flow[list(years)] - self.flow[0])

    @cached_property
    def flow(self) -> Array:
        """The exact average of the stock, from the integral of the straight lines."""
        area = np.zeros_like(self.edges)
        for begin, end, low, high in self.pieces:
            since = self.edges - begin
            inside = np.clip(since, 0.0, end - begin)
            since -= inside
            np.maximum(since, 0.0, out=since)  # time after the end of the line
            since *= high - low
            area += since
            inside *= inside
            inside *= 0.5 * (high - low) / (end - begin)
            area += inside
        average = np.diff(area, axis=0)
        average *= self.depth
        return np.minimum(average, self.most, out=average)


def scheduled(plan: Plan, p: Mapping[str, Value]) -> dict[str, Delivery]:
    """Deliveries of all active programmes that have a schedule."""
    years = tuple(plan.years)
    found: dict[str, Delivery] = {}
    for key, programme in plan.programmes.items():
        if programme.active and programme.coverage is not None:
            path = f"programmes.{key}"
            found[key] = schedule(
                programme.coverage, years, p.get(f"{path}.coverage.delay", 0.0),
                p[f"{path}.coverage.depth"], p.get(f"{path}.units", 1.0), programme.lot,
            )  # fmt: skip
    return found


@node
def schedule(
    coverage: Coverage,
    years: tuple[int, ...],
    delay: Value,
    depth: Value,
    units: Value = 1.0,
    lot: float = 1.0,
) -> Scheduled:
    """The schedule of one block of draws. ``delay`` [years], ``depth`` [share of the path]."""
    knots = [float(coverage.start), *(year + 1.0 for year in sorted(coverage.path))]
    heights = [0.0, *(coverage.path[year] for year in sorted(coverage.path))]
    lines = zip(knots, knots[1:], heights, heights[1:], strict=False)
    delay = np.atleast_1d(np.asarray(delay, dtype=float))
    depth = np.atleast_1d(np.asarray(depth, dtype=float))
    width = np.broadcast_shapes(delay.shape, depth.shape)
    return Scheduled(
        pieces=tuple(line for line in lines if line[2] != line[3]),
        edges=np.arange(years[0], years[-1] + 2.0)[:, None] - np.broadcast_to(delay, width),
        depth=depth,
        most=np.inf if coverage.limit is None else coverage.limit,
        units=units,
        lot=lot,
    )


@dataclass(eq=False)
class Queued:
    """Delivery by a queue: every lot counts from when it passed the last stage.

    ``delivered``: when [years since the beginning of the base year, (lot, draw)]; ``each``: the
    share of the plan that one lot is, ``lot`` its units; ``induced``: the share that would not have
    come anyway; ``ramp``: until a lot is in full use [years], None where it is at once.
    """

    delivered: Single
    each: Value
    induced: Value
    ramp: Value | None
    years: int
    lot: float = 1.0
    _gained: dict[Places, Array] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def soonest(self) -> Single:
        """When each lot is delivered in the quickest of all draws. [(lot,)]

        Lots stand in the order in which they applied: the last ones are not there for long.
        """
        return np.asarray(np.minimum.reduce(self.delivered, axis=1))

    def there(self, edge: float) -> Single:
        """The lots up to the last that may be delivered before ``edge``. [(lot, draw)]"""
        return self.delivered[: int(np.max(np.flatnonzero(self.soonest < edge), initial=-1)) + 1]

    @cached_property
    def stock(self) -> Array:
        return np.asarray(self._counts(range(self.years)) * self.each)

    def whole(self, years: Places) -> Array:
        return np.asarray(self._counts(years) * self.lot)

    def _counts(self, years: Sequence[int]) -> Array:
        """Lots delivered by the end of some years. [(year, draw)]"""
        counts = np.uint8 if len(self.delivered) < 256 else np.uint16
        lots = np.empty((len(years), self.delivered.shape[1]))
        for own, year in zip(lots, years, strict=True):
            come = self.there(year + 1) < year + 1
            own[...] = np.add.reduce(come.view(np.uint8), axis=0, dtype=counts)
        return lots

    @cached_property
    def flow(self) -> Array:
        return self._average(range(self.years))

    def gained(self, years: Places) -> Array:
        if years not in self._gained:
            flow = self._average(years)
            self._gained[years] = flow - flow[0]
        return self._gained[years]

    def _average(self, years: Sequence[int]) -> Array:
        """The flow in some years."""
        area = self._area(sorted({edge for year in years for edge in (year, year + 1)}))
        average = np.empty((len(years), self.delivered.shape[1]))
        for own, year in zip(average, years, strict=True):
            np.subtract(area[year + 1], area[year], out=own)
        average *= np.asarray(self.each) * self.induced
        return average

    def _area(self, edges: Sequence[int]) -> dict[int, Array]:
        """Sums of what all lots have brought by the beginnings of some years. [(draw,)]

        Full use comes on a straight line: a lot that is y ramps r old has brought r (y − x + x²/2)
        with x = min(y, 1).
        """
        area = {edge: np.zeros(self.delivered.shape[1]) for edge in edges}
        spare = np.empty_like(self.delivered)
        unit = None if self.ramp is None else single(np.maximum(self.ramp, LEAST_RAMP))
        since = self.delivered if unit is None else self.delivered / unit
        for edge, own in area.items():
            lots = len(self.there(edge))
            now = float(edge) if unit is None else edge / unit
            age = np.subtract(now, since[:lots], out=spare[:lots])
            np.maximum(age, 0.0, out=age)
            np.add.reduce(age, axis=0, out=own)
            if unit is not None:
                np.minimum(age, 1.0, out=age)
                own -= np.add.reduce(age, axis=0)
                own += 0.5 * np.einsum("ld,ld->d", age, age)
                own *= unit
        return area


def queued(
    plan: Plan, network: Network, p: Mapping[str, Value], passages: Mapping[str, Passage]
) -> dict[str, Delivery]:
    """Deliveries of all queued programmes."""
    return {key: _queued(plan, key, p, passages[key].delivered) for key in network.routes}


@node
def _queued(plan: Plan, key: str, p: Mapping[str, Value], delivered: Single) -> Delivery:
    """What one queue delivers whose lots are done at these times. [(lot, draw)]"""
    programme, path = plan.programmes[key], f"programmes.{key}.queue"
    queue, lot = programme.queue, programme.lot
    assert queue is not None
    induced: Value = 1.0
    if queue.ordinary is not None:
        usual, everybody = p[f"{path}.ordinary"], intake(queue, p, path)
        induced = 1 - np.minimum(usual / np.maximum(everybody, 1e-300), 1.0)
    each = lot / np.asarray(p[f"programmes.{key}.units"])
    return Queued(delivered, each, induced, p.get(f"{path}.ramp"), len(plan.years), lot)
