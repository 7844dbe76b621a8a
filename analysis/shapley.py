"""Shapley values: what each of several levers brings, on average over all orders of pulling them.

A coalition is a whole number: bit i is 1 where lever i is on. The weight of a coalition of s others
among n levers is s! (n − 1 − s)! / n! (Shapley 1953). Values may be arrays: of every game at once.
"""

from collections.abc import Iterator, Sequence
from math import factorial

import numpy as np

from plansim.simulator.sampling import Array


def coalitions(n: int) -> Iterator[int]:
    """All of them, from none to all but in between in Gray's order: each differs by one lever."""
    return (step ^ (step >> 1) for step in range(2**n))


def shares(values: Array) -> Array:
    """What each lever brings, from the value of every coalition [(2^n, …)]. [(n, …)]

    Pairs are subtracted before anything is weighted: a lever that never changes a bit of the value
    gets exactly 0.
    """
    n = len(values).bit_length() - 1
    found = np.zeros((n, *values.shape[1:]))
    everyone = np.arange(len(values))
    size = np.bitwise_count(everyone)
    for lever in range(n):
        without = everyone[(everyone >> lever) & 1 == 0]
        weight = np.array([weight_of(n, int(s)) for s in size[without]])
        gain = values[without | (1 << lever)] - values[without]
        found[lever] = np.tensordot(weight, gain, axes=1) / factorial(n)
    return found


def weight_of(n: int, others: int) -> float:
    """n! times the weight of a coalition of so many others: a whole number, as a float."""
    return float(factorial(others) * factorial(n - 1 - others))


class Gathered:
    """Shares added up coalition by coalition, where all values are too many to be held at once."""

    def __init__(self, n: int, shape: Sequence[int]) -> None:
        self._sums = np.zeros((n, *shape))

    def add(self, coalition: int, value: Array) -> None:
        n, size = len(self._sums), coalition.bit_count()
        for lever in range(n):
            if coalition >> lever & 1:
                self._sums[lever] += weight_of(n, size - 1) * value
            else:
                self._sums[lever] -= weight_of(n, size) * value

    @property
    def shares(self) -> Array:
        return self._sums / factorial(len(self._sums))


def antithetic_orders(n: int, number: int, seed: int) -> list[list[int]]:
    """Random orders of n levers, each followed by its reverse. ``number`` is even."""
    stream = np.random.default_rng([seed, n])
    found = []
    for _ in range(number // 2):
        order = stream.permutation(n).tolist()
        found += [order, order[::-1]]
    return found
