"""Whether figures can hold together at all, and the smallest group of them that cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from plansim.calibration.balances import Known, Mask, inside
from plansim.calibration.least_squares import Problem
from plansim.simulator.sampling import Array


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The balances as a linear programme: where it has no answer, the balances have none.

    Every product of figures is a variable of its own; with x between low and high, the product
    x·y lies between low·y and high·y (McCormick, 1976; y is not negative). Variables are in units
    of their start. ``links``: product, product without one figure, that figure.
    """

    products: tuple[tuple[int, ...], ...]
    links: NDArray[np.intp]
    rows: Array
    unit: Array
    known: tuple[Known, ...]
    at_least: Mask

    @classmethod
    def of(cls, problem: Problem) -> Relaxation:
        unit = np.where(problem.start == 0, 1.0, np.abs(problem.start))
        place: dict[tuple[int, ...], int] = {(row,): row for row in range(len(unit))}
        terms = []
        for row, balance in enumerate(problem.balances):
            for term in balance.terms:
                factors = [problem.place[path] for path in term.paths]
                for size in range(1, len(factors) + 1):
                    for part in combinations(sorted(factors), size):
                        place.setdefault(part, len(place))
                amount = term.factor * unit[factors].prod() / problem.size[row]
                terms.append((row, place[tuple(sorted(factors))], amount))
        links = [
            (place[product], place[left], factor)
            for product in place
            for factor in dict.fromkeys(product)
            if (left := _without(product, factor)) in place
        ]
        rows = np.zeros((len(problem.balances), len(place)))
        for row, column, amount in terms:
            rows[row, column] += amount
        pairs = np.array(links, dtype=np.intp).reshape(-1, 3)
        return cls(tuple(place), pairs, rows, unit, problem.known, problem.at_least)

    def refutes(self, hard: Iterable[int], kept: Sequence[int]) -> bool:
        """Whether the balances ``kept`` cannot hold, with the figures ``hard`` inside their bounds
        and all others anywhere that their link allows.
        """
        held = set(hard)
        room = np.array([_room(figure, row in held) for row, figure in enumerate(self.known)])
        room /= self.unit[:, None]
        positive = np.array([(room[list(product), 0] >= 0).all() for product in self.products])
        low, high = np.where(positive, 0.0, -np.inf), np.full(len(positive), np.inf)
        low[: len(room)], high[: len(room)] = room.T
        linked = positive[self.links[:, 0]]
        whole, part, factor = (self.links[linked, column] for column in range(3))
        above = np.zeros((2 * len(whole), self.rows.shape[1]))
        first, second = np.arange(len(whole)), len(whole) + np.arange(len(whole))
        above[first, whole], above[first, part] = 1.0, -room[factor, 1]
        above[second, whole], above[second, part] = -1.0, room[factor, 0]
        chosen = np.zeros(len(self.rows), dtype=bool)
        chosen[list(kept)] = True
        above = np.vstack([above, -self.rows[chosen & self.at_least]])
        equal = self.rows[chosen & ~self.at_least]
        found = linprog(
            np.zeros(self.rows.shape[1]),
            A_ub=above,
            b_ub=np.zeros(len(above)),
            A_eq=equal,
            b_eq=np.zeros(len(equal)),
            bounds=list(zip(low.tolist(), high.tolist(), strict=True)),
            method="highs",
        )
        return bool(found.status == 2)


def _without(product: tuple[int, ...], factor: int) -> tuple[int, ...]:
    """A product without one of its factors."""
    at = product.index(factor)
    return product[:at] + product[at + 1 :]


def _room(figure: Known, hard: bool) -> tuple[float, float]:
    """Where a figure may lie: within its own bounds, or anywhere inside the domain of its link."""
    if hard and figure.sd == 0:
        return figure.value, figure.value
    low, high = inside(figure if hard else replace(figure, floor=0.0, ceiling=1.0))
    return (max(low, figure.low), min(high, figure.high)) if hard else (low, high)


def smallest_conflict(
    problem: Problem, relaxed: Relaxation
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A smallest group of figures that cannot hold together, and the balances that they break.

    Deletion filter (Chinneck & Dravnieks, 1991): what can be left out with the rest still in
    conflict is left out; what remains is irreducible. Of two orders (smallest terms first, and
    backwards) the shorter answer is taken; that of smallest terms first is the shortest where one
    sum is broken.
    """
    every = range(len(problem.known))
    limited = [
        row for row in every if _room(problem.known[row], True) != _room(problem.known[row], False)
    ]
    gradient = problem.sums.gradient(problem.start[:, None])[:, :, 0] / problem.size[:, None]
    weight = np.abs(gradient * problem.start).max(axis=0, initial=0.0)
    orders = [sorted(limited, key=lambda row: weight[row]), limited[::-1]]
    balances = list(range(len(problem.balances)))
    groups = [_left(order, lambda rows: relaxed.refutes(rows, balances)) for order in orders]
    smallest = min(groups, key=len)
    broken = _left(balances, lambda rows: relaxed.refutes(smallest, rows))
    names = tuple(problem.balances[row].name for row in broken)
    return tuple(problem.known[row].path for row in sorted(smallest)), names


def _left(items: list[int], conflict: Callable[[list[int]], bool]) -> list[int]:
    """Items that are still in conflict, none of which can be left out; whole blocks go first."""
    block = len(items)
    while block := block // 2:
        first = 0
        while first < len(items):
            fewer = items[:first] + items[first + block :]
            if conflict(fewer):
                items = fewer
            else:
                first += block
    return items
