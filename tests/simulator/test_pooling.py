"""Pooling of views: Eq. 21 to 24 against closed forms, and the laws that verdicts obey."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from plansim.simulator.outlook import OutsideView
from plansim.simulator.pooling import (
    LEAST,
    TOGETHER,
    WEIGHTS,
    Pool,
    jointly,
    least_loading,
    mean_correlation,
    ranked,
    shift,
    weight_of,
)

CHANCES = st.floats(0.0, 1.0)
VIEWS = st.floats(0.01, 0.99)


def view(probability: float, low: float = 0.01, high: float = 0.99) -> OutsideView:
    return OutsideView(
        probability, 0.0, 1.0, low, high, 23, 17, "county", "anticipatory", "growth", "multi-year"
    )


def pool(inside: float, outside: float, weight: float, circle: str = "") -> Pool:
    shifts = tuple(shift(inside, end, weight) for end in (0.01, outside, 0.99))
    return Pool(weight, circle, view(outside), (shifts[0], shifts[1], shifts[2]))


@given(VIEWS, VIEWS, st.sampled_from([0.25, 0.5, 0.75]))
def test_the_document_itself_has_the_mean_of_log_odds(p: float, out: float, w: float) -> None:
    clipped = min(max(p, LEAST), 1 - LEAST)
    wanted = expit(w * logit(clipped) + (1 - w) * logit(out))
    assert pool(p, out, w).verdict(p) == pytest.approx(wanted, abs=1e-9)


@given(VIEWS, VIEWS, CHANCES, CHANCES)
def test_what_is_likelier_inside_is_never_less_likely(
    p: float, out: float, one: float, other: float
) -> None:
    found = pool(p, out, 0.5)
    low, high = sorted((one, other))
    assert found.verdict(low) <= found.verdict(high)


@given(VIEWS, VIEWS, CHANCES)
def test_the_doubt_of_the_outside_view_holds_the_verdict(p: float, out: float, now: float) -> None:
    found = pool(p, out, 0.25)
    low, high = found.doubt(now)
    assert low <= found.verdict(now) <= high


@given(VIEWS, CHANCES)
def test_no_lever_moves_what_has_no_inside_view(out: float, now: float) -> None:
    assert pool(0.4, out, 0.0, circle="intake").verdict(now) == out


def test_the_worst_provenance_decides() -> None:
    assert weight_of(("stated", "judgement", "estimated")) == WEIGHTS["judgement"]
    assert weight_of(("stated", "estimated")) == 0.5
    assert weight_of(()) == WEIGHTS["judgement"]


def test_targets_together_are_moved_by_their_mean_shift() -> None:
    alone = pool(0.4, 0.6, 0.5)
    assert jointly([alone, alone], 0.4) == pytest.approx(alone.verdict(0.4))
    circular = pool(0.4, 0.7, 0.0, circle="base")
    assert jointly([circular, circular], 0.9) == 0.9
    assert jointly([alone, circular], 0.4) == pytest.approx(alone.verdict(0.4))


@given(st.lists(st.integers(0, 5), min_size=2, max_size=40))
def test_ranks_keep_the_order_and_break_ties(values: list[int]) -> None:
    ties = np.random.default_rng(1).standard_normal(len(values))
    found = ranked(np.array(values, dtype=float), ties)
    order = np.argsort(found)
    assert (np.diff(np.array(values)[order]) >= 0).all()
    assert len(set(found.tolist())) == len(values)
    for a, b in pairwise(order):
        assert values[a] < values[b] or ties[a] < ties[b]


def test_mean_correlation_is_that_of_all_pairs() -> None:
    random = np.random.default_rng(2)
    common = random.standard_normal(400)
    met = np.array([common + random.standard_normal(400) > cut for cut in (-1.0, 0.0, 0.3, 9.0)])
    exact = np.corrcoef(met[:3])
    assert mean_correlation(met) == pytest.approx(exact[np.triu_indices(3, 1)].mean())


def test_the_least_loading_is_found() -> None:
    assert least_loading(lambda r: 0.5 * r) == pytest.approx(TOGETHER / 0.5, abs=1e-3)
    assert least_loading(lambda r: TOGETHER) == 0.0
