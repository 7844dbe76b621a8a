"""Shapley values: the axioms that define them, games with known answers."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from plansim.analysis.shapley import Gathered, antithetic_orders, coalitions, shares

GAMES = st.integers(1, 5).flatmap(
    lambda n: arrays(float, 2**n, elements=st.integers(-1000, 1000).map(float))
)


def by_hand(values: np.ndarray) -> np.ndarray:
    """The definition: the mean gain over all orders."""
    n = len(values).bit_length() - 1
    orders = list(permutations(range(n)))
    found = np.zeros(n)
    for order in orders:
        coalition = 0
        for lever in order:
            found[lever] += values[coalition | 1 << lever] - values[coalition]
            coalition |= 1 << lever
    return found / len(orders)


@settings(max_examples=25)
@given(GAMES)
def test_the_mean_over_all_orders(values: np.ndarray) -> None:
    np.testing.assert_allclose(shares(values), by_hand(values), atol=1e-9)


@settings(max_examples=25)
@given(GAMES)
def test_shares_add_up_to_the_whole(values: np.ndarray) -> None:
    assert shares(values).sum() == pytest.approx(values[-1] - values[0], abs=1e-9)


@settings(max_examples=25)
@given(GAMES, st.integers(0, 4))
def test_a_lever_that_does_nothing_gets_exactly_nothing(values: np.ndarray, lever: int) -> None:
    everyone = np.arange(len(values))
    lever %= len(values).bit_length() - 1
    idle = values[everyone & ~(1 << lever)] / 3
    assert shares(idle)[lever] == 0.0


def test_gloves() -> None:
    """One left glove, two right ones; a pair is worth 1: 2/3, 1/6, 1/6 (Shapley 1953)."""
    worth = [float(c & 1 and c & 6 != 0) for c in range(8)]
    np.testing.assert_allclose(shares(np.array(worth)), [2 / 3, 1 / 6, 1 / 6])


@settings(max_examples=25)
@given(GAMES)
def test_gathered_one_by_one_is_the_same(values: np.ndarray) -> None:
    n = len(values).bit_length() - 1
    gathered = Gathered(n, (2,))
    for coalition in coalitions(n):
        gathered.add(coalition, np.array([values[coalition], 1.0]))
    np.testing.assert_allclose(gathered.shares[:, 0], shares(values), atol=1e-9)
    assert not gathered.shares[:, 1].any()


@pytest.mark.parametrize("n", [1, 3, 6])
def test_every_coalition_once_each_a_lever_from_the_last(n: int) -> None:
    walk = list(coalitions(n))
    assert walk[0] == 0
    assert sorted(walk) == list(range(2**n))
    assert {(a ^ b).bit_count() for a, b in pairwise(walk)} == {1}


def test_orders_come_with_their_reverse_and_repeat() -> None:
    orders = antithetic_orders(7, 6, seed=3)
    assert len(orders) == 6
    for one, other in zip(orders[::2], orders[1::2], strict=True):
        assert sorted(one) == list(range(7))
        assert other == one[::-1]
    assert orders == antithetic_orders(7, 6, seed=3)
    assert orders != antithetic_orders(7, 6, seed=4)
