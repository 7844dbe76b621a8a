"""What programmes have delivered, year by year: by schedules and by queues.

Arrays have the axes year, draw; the first year is the base year.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from simulator.network import Network
from simulator.plan import Coverage, Plan
from simulator.queues import Passage, Value, intake
from simulator.sampling import Array


class Delivery(Protocol):
    """What one programme has delivered. Everything downstream sees only this.

    ``stock``: share of the plan delivered at the end of each year. ``flow``: the share that has an
    effect, averaged over the year: in use, and not what would have come anyway. [(year, draw)]
    """

    @property
    def stock(self) -> Array: ...

    @property
    def flow(self) -> Array: ...


@dataclass
class Scheduled:
    """Delivery by a schedule: straight lines between stated points, scaled by depth, delayed.

    ``pieces``: begin and end of each straight line [years] and the shares at both; ``edges``: the
    beginnings and ends of years, less the delay [(year + 1, draw)]. Each path is worked out when
    first asked for.
    """

    pieces: tuple[tuple[float, float, float, float], ...]
    edges: Array
    depth: Array
    most: float

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
    return {
        key: schedule(programme.coverage, p, f"programmes.{key}.coverage", tuple(plan.years))
        for key, programme in plan.programmes.items()
        if programme.active and programme.coverage is not None
    }


def schedule(
    coverage: Coverage, p: Mapping[str, Value], path: str, years: tuple[int, ...]
) -> Scheduled:
    """The schedule of one block of draws."""
    knots = [float(coverage.start), *(year + 1.0 for year in sorted(coverage.path))]
    heights = [0.0, *(coverage.path[year] for year in sorted(coverage.path))]
    lines = zip(knots, knots[1:], heights, heights[1:], strict=False)
    delay = np.atleast_1d(np.asarray(p.get(f"{path}.delay", 0.0), dtype=float))
    depth = np.atleast_1d(np.asarray(p[f"{path}.depth"], dtype=float))
    width = np.broadcast_shapes(delay.shape, depth.shape)
    return Scheduled(
        pieces=tuple(line for line in lines if line[2] != line[3]),
        edges=np.arange(years[0], years[-1] + 2.0)[:, None] - np.broadcast_to(delay, width),
        depth=depth,
        most=np.inf if coverage.limit is None else coverage.limit,
    )


@dataclass
class Queued:
    """Delivery by a queue: every lot counts from when it passed the last stage.

    ``delivered``: when [years since the beginning of the base year, (lot, draw)]; ``each``: the
    share of the plan that one lot is; ``induced``: the share that would not have come anyway;
    ``ramp``: until a lot is in full use [years].
    """

    delivered: Array
    each: Value
    induced: Value
    ramp: Value
    years: int

    @cached_property
    def stock(self) -> Array:
        return self._by_year(None) * self.each

    @cached_property
    def flow(self) -> Array:
        reached = self._in_use() if np.any(self.ramp) else self._commissioned()
        reached *= np.asarray(self.each) * self.induced
        return reached

    def _by_year(self, weights: Array | None) -> Array:
        """Lots delivered by the end of each year, or in it if weighted. [(year, draw)]"""
        draws = self.delivered.shape[1]
        place = np.minimum(self.delivered, self.years).astype(np.intp)
        place *= draws
        place += np.arange(draws)
        weight = None if weights is None else weights.ravel()
        in_year = np.bincount(place.ravel(), weight, (self.years + 1) * draws)
        in_year = in_year.reshape(self.years + 1, draws)[: self.years]
        return np.asarray(in_year if weights is not None else np.cumsum(in_year, axis=0), float)

    def _commissioned(self) -> Array:
        """Lots delivered, averaged over the year: those of the year for the rest of it."""
        left = np.minimum(self.delivered, self.years)
        left -= np.floor(left)
        np.subtract(1.0, left, out=left)
        average = self._by_year(left)
        average[1:] += self._by_year(None)[:-1]
        return average

    def _in_use(self) -> Array:
        """The same for lots that reach full use after ``ramp`` years, on a straight line."""
        ramp = np.maximum(self.ramp, 1e-9)
        area = np.empty((self.years + 1, self.delivered.shape[1]))
        for edge in range(self.years + 1):
            age = np.maximum(edge - self.delivered, 0.0)
            rising = np.minimum(age, ramp)
            age -= rising
            rising *= rising
            rising /= 2 * ramp
            age += rising
            area[edge] = age.sum(axis=0)
        return np.diff(area, axis=0)


def queued(
    plan: Plan, network: Network, p: Mapping[str, Value], passages: Mapping[str, Passage]
) -> dict[str, Delivery]:
    """Deliveries of all queued programmes."""
    found: dict[str, Delivery] = {}
    for key in network.routes:
        programme, path = plan.programmes[key], f"programmes.{key}"
        queue = programme.queue
        assert queue is not None
        induced: Value = 1.0
        if queue.ordinary is not None:
            usual = np.asarray(p[f"{path}.queue.ordinary"])
            induced = 1 - np.minimum(usual / intake(queue, p, f"{path}.queue"), 1.0)
        found[key] = Queued(
            delivered=passages[key].delivered,
            each=programme.lot / np.asarray(p[f"{path}.units"]),
            induced=induced,
            ramp=p.get(f"{path}.queue.ramp", 0.0),
            years=len(plan.years),
        )
    return found
