"""Settings of levers in search of the least that does: which is better, and where to look next.

Few draws tell where to look, more draws decide. What is missed counts in whole grains, so that no
lever is moved for what is only noise.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from math import ceil, tanh
from typing import Literal

import numpy as np

from plansim.analysis.levers import Knob, Setting, cost, effort
from plansim.analysis.trial import Trial, Wish
from plansim.simulator.sampling import Array, stream

Least = Literal["effort", "cost"]
#: So many settings differential evolution judges, about; so many make a frontier.
BUDGET, FRONTIER = 90, 6
#: Settings that miss by as much, so coarsely, differ by what they take. [probability]
GRAIN = 0.005
#: How far few draws may be wrong about a probability before a setting is judged with more.
DOUBT = 0.025


class Order:
    """Which of two settings is better: within budget, then short of less, then of least."""

    def __init__(
        self,
        found: Sequence[Knob],
        wishes: Sequence[Wish],
        least: Least,
        budget: float,
        margin: float = 0.0,
    ) -> None:
        self.knobs, self.wishes = found, wishes
        self.least, self.budget, self.margin = least, budget, margin

    def asking(self, more: float) -> "Order":
        """The same with so much more asked for. [probability]"""
        return Order(self.knobs, self.wishes, self.least, self.budget, self.margin + more)

    def burden(self, setting: Setting) -> tuple[float, float, float]:
        """What is known before a setting is judged: above budget [亿元], the least, the rest."""
        money, turning = cost(self.knobs, setting), effort(self.knobs, setting)
        first, second = (turning, money) if self.least == "effort" else (money, turning)
        return max(0.0, money - self.budget), round(first, 9), round(second, 9)

    def short(self, probabilities: Sequence[float]) -> float:
        """By how much the wishes are missed, added up. [probability]"""
        pairs = zip(self.wishes, probabilities, strict=True)
        return sum(max(0.0, min(w.asked + self.margin, 1.0) - p) for w, p in pairs)

    def rank(self, setting: Setting, probabilities: Sequence[float]) -> tuple[float, ...]:
        """Lower is better. What is missed counts in whole grains: noise is not worth an effort."""
        over, first, second = self.burden(setting)
        return over, GRAIN * ceil(self.short(probabilities) / GRAIN), first, second

    def value(self, setting: Setting, probabilities: Sequence[float]) -> float:
        """The same as one number: below 1 where all is reached, above 10 where too dear."""
        over, first, second = self.burden(setting)
        short = self.short(probabilities)
        if over > 0:
            return 10 + over
        if short > 0:
            return 1 + short
        low, high = (
            sum(edge(self.burden(self._alone(i, v))[1] for v in knob.values)
                for i, knob in enumerate(self.knobs))
            for edge in (min, max)
        )  # fmt: skip
        return (first - low) / max(high - low, 1e-9) + 1e-6 * tanh(second)

    def _alone(self, place: int, value: float) -> Setting:
        return tuple(value if i == place else k.own for i, k in enumerate(self.knobs))


def put(setting: Setting, place: int, value: float) -> Setting:
    return (*setting[:place], value, *setting[place + 1 :])


def moving(trial: Trial, order: Order, own: Setting) -> tuple[list[int], Setting]:
    """The levers that move anything, and the better end of each.

    A lever is idle when not one future reads otherwise at either end of its range, with all others
    as in the plan, nor without it where those that did nothing so far stand at one end together.
    """
    active: set[int] = set()
    corner = own
    reads = trial.standing(own).reads
    for i, knob in enumerate(order.knobs):
        ends = [put(own, i, v) for v in (knob.values[0], knob.values[-1]) if v != own[i]]
        if any(differs(trial, end, reads) for end in ends):
            active.add(i)
        best = max([own, *ends], key=lambda s: sum(trial.probabilities(s)))
        corner = put(corner, i, best[i])
    for end in (-1, 0):
        idle = [i for i in range(len(own)) if i not in active]
        base = corner
        for i in idle:
            base = put(base, i, order.knobs[i].values[end])
        reads = trial.standing(base).reads
        for i in idle:
            without = put(base, i, own[i])
            if without != base and differs(trial, without, reads):
                active.add(i)
                if sum(trial.probabilities(base)) > sum(trial.probabilities(without)):
                    corner = put(corner, i, base[i])
    return sorted(active), corner


def differs(trial: Trial, setting: Setting, reads: Array) -> bool:
    """Whether any future reads otherwise under a setting."""
    return not np.array_equal(trial.standing(setting).reads, reads, equal_nan=True)


def ascend(
    trial: Trial, order: Order, start: Setting, corner: Setting, active: Sequence[int]
) -> Setting:
    """Again and again the move that brings most of what is missed for its burden."""
    best = start
    while (short := order.short(trial.probabilities(best))) > 0:
        moves = [s for i in active for s in towards(order, best, corner, i)]
        if not moves:
            break

        def worth_it(setting: Setting, best: Setting = best, short: float = short) -> Array:
            gain = short - order.short(trial.probabilities(setting))
            taken = max(order.burden(setting)[1] - order.burden(best)[1], 1e-9)
            return np.array([round(gain / taken, 6), gain])

        chosen = max(moves, key=lambda s: tuple(worth_it(s)))
        if worth_it(chosen)[1] <= 0:
            break
        best = chosen
    return best


def towards(order: Order, best: Setting, corner: Setting, place: int) -> list[Setting]:
    """A quarter, half and all of the way of a lever to its better end, as far as allowed."""
    grid = order.knobs[place].values
    here, there = grid.index(best[place]), grid.index(corner[place])
    step = 1 if there > here else -1
    way = [put(best, place, grid[k]) for k in range(here + step, there + step, step)]
    way = [s for s in way if here != there and order.burden(s)[0] == 0]
    picks = {round(share * (len(way) - 1)) for share in (0.25, 0.5, 1.0)} if way else set()
    return [way[k] for k in sorted(picks)]


def every(found: Sequence[Knob], own: Setting, active: Sequence[int]) -> Iterator[Setting]:
    """All settings that are allowed; levers that move nothing stay where they are."""
    values = [k.values if i in active else (own[i],) for i, k in enumerate(found)]
    yield from product(*values)


def climb(trial: Trial, order: Order, start: Setting, active: Sequence[int]) -> Setting:
    """Lever by lever to the best of a few values, once round."""
    best = start
    for i in active:
        values = order.knobs[i].values
        picks = np.linspace(0, len(values) - 1, 4).round().astype(int)
        near = [put(best, i, v) for v in (order.knobs[i].own, *(values[p] for p in picks))]
        allowed = [best, *(s for s in near if order.burden(s)[0] <= order.burden(best)[0])]
        best = min(allowed, key=lambda s: order.value(s, trial.probabilities(s)))
    return best


def evolve(
    trial: Trial, order: Order, own: Setting, active: Sequence[int], begun: Sequence[Setting]
) -> None:
    """Differential evolution (Storn & Price 1997) over places of values; the trial remembers."""
    from scipy.optimize import Bounds, differential_evolution

    grids = [order.knobs[i].values for i in active]

    def setting_of(places: Array) -> Setting:
        setting = own
        for i, grid, place in zip(active, grids, places, strict=True):
            setting = put(setting, i, grid[int(place)])
        return setting

    def value(places: Array) -> float:
        setting = setting_of(places)
        if order.burden(setting)[0] > 0:  # too dear: need not be judged
            return order.value(setting, [0.0] * len(order.wishes))
        return order.value(setting, trial.probabilities(setting))

    def places_of(setting: Setting) -> Array:
        pairs = zip(active, grids, strict=True)
        return np.array([grid.index(setting[i]) for i, grid in pairs], dtype=float)

    rng = stream(seed=trial.seed, block=0, name="seek")
    size = max(12, 3 * len(active))
    first, last = places_of(own), places_of(begun[-1])
    people = [first, *(places_of(s) for s in begun)]
    people += [np.rint(first + share * (last - first)) for share in (0.25, 0.5, 0.75)]
    tops = np.array([len(grid) - 1.0 for grid in grids])
    while len(people) < size:  # between the plan and the best so far, each lever by its own share
        people.append(np.rint(first + rng.random(len(tops)) * 1.2 * (last - first)).clip(0, tops))
    differential_evolution(
        value, Bounds(np.zeros(len(tops)), tops), integrality=np.ones(len(tops), dtype=bool),
        init=np.array(people), maxiter=max(2, BUDGET // size), polish=False, tol=1e-3, rng=rng,
    )  # fmt: skip


def trimmed(
    coarse: Trial, fine: Trial, order: Order, corner: Setting, active: Sequence[int]
) -> Setting:
    """The best of what the search has seen, judged with more draws, lever by lever brought back.

    Where that is short of what few draws promise, it first goes on from there.
    """

    def rank(setting: Setting) -> tuple[float, ...]:
        return order.rank(setting, fine.probabilities(setting))

    hopeful = sorted(coarse.known, key=lambda s: order.rank(s, coarse.probabilities(s)))[:4]
    best = min([*hopeful, *fine.known], key=rank)
    allowed = [p for s, p in coarse.known.items() if order.burden(s)[0] == 0]
    promised = min(order.short([c.probability for c in chances]) for chances in allowed)
    if rank(best)[1] > 0 and promised <= DOUBT:
        best = min(best, ascend(fine, order, best, corner, active), key=rank)
    for _ in range(3):
        before = best
        for i in active:
            for value in tried(order.knobs[i], best[i]):
                setting = put(best, i, value)
                if worth(coarse, order, setting, best, rank(best)):
                    best = min(best, setting, key=rank)
        if best == before:
            break
    return best


def tried(knob: Knob, value: float) -> list[float]:
    """Where a lever may go from a value: home, half the way, a step either way."""
    place, home = knob.values.index(value), knob.values.index(knob.own)
    places = [home, (place + home) // 2, place - 1, place + 1]
    inside = dict.fromkeys(p for p in places if 0 <= p < len(knob.values) and p != place)
    return [knob.values[p] for p in inside]


def worth(
    coarse: Trial, order: Order, setting: Setting, best: Setting, rank: tuple[float, ...]
) -> bool:
    """Whether a setting may be better than the best, by its burden and by few draws."""
    over, first, second = order.burden(setting)
    if over > rank[0] or (rank[:2] == (0, 0) and (first, second) >= rank[2:]):
        return False
    short, before = (order.short(coarse.probabilities(s)) for s in (setting, best))
    return short <= max(before, 0.0) + (DOUBT if rank[1] == 0 else 0.0)


def frontier(trial: Trial, order: Order, own: Setting, wish: int) -> list[Setting]:
    """Some settings that nothing seen beats in what is least and in the chance of one wish."""
    line: list[Setting] = []
    top = trial.probabilities(own)[wish]
    for setting in sorted(trial.known, key=order.burden):
        likely = trial.probabilities(setting)[wish]
        if order.burden(setting)[0] == 0 and likely > top:
            line.append(setting)
            top = likely
    if len(line) <= FRONTIER:
        return line
    rising = [trial.probabilities(setting)[wish] for setting in line]
    levels = np.linspace(rising[0], rising[-1], FRONTIER)
    return [line[int(np.searchsorted(rising, level))] for level in levels]
