"""Pooling of views: Eq. 21 to 24 against closed forms, and the laws that verdicts obey."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from plansim.simulator.errors import InputError
from plansim.simulator.feasibility import Goal
from plansim.simulator.outlook import OutsideView
from plansim.simulator.pooling import (
    LEAST,
    MOVING,
    TOGETHER,
    WEIGHTS,
    Bools,
    Pool,
    check_moving,
    inside_of,
    jointly,
    least_loading,
    margin,
    mean_correlation,
    ranked,
    shift,
    together,
    verdicts,
    weight_of,
)
from plansim.simulator.results import Kept
from plansim.simulator.sampling import Array
from plansim.tests.simulator.conftest import small_plan, target

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
    assert jointly([alone, alone], 0.4, [0.4, 0.4]) == pytest.approx(alone.verdict(0.4))
    circular = pool(0.4, 0.7, 0.0, circle="base")
    assert jointly([circular, circular], 0.9, [0.9, 0.9]) == 0.9
    assert jointly([alone, circular], 0.4, [0.4, 1.0]) == pytest.approx(alone.verdict(0.4))


@given(st.lists(st.tuples(VIEWS, VIEWS, st.booleans()), min_size=1, max_size=5), CHANCES)
def test_targets_together_are_no_likelier_than_each_of_them(
    seen: list[tuple[float, float, bool]], share: float
) -> None:
    pools = [pool(p, out, 0.5, "base" if circular else "") for p, out, circular in seen]
    each = [p for p, *_ in seen]
    found = jointly(pools, share * min(each), each)
    for one, chance in zip(pools, each, strict=True):
        assert found <= (chance if one.circle else one.verdict(chance)) + 1e-12


@pytest.mark.parametrize("view", MOVING)
def test_views_that_move_may_be_asked_of_levers(view: str) -> None:
    check_moving(view)


def test_the_outside_view_is_not_asked_of_levers() -> None:
    with pytest.raises(InputError) as problem:
        check_moving("outside")
    assert problem.value.faults[0].fields == {"value": "outside", "allowed": "verdict, inside"}


# -- Eq. 24 ----------------------------------------------------------------------------------------

FUTURES = 512
PLAN = small_plan()


def futures(paths: Array) -> Kept:
    """Futures of one series. [paths: (year, future)]"""
    number, nothing = paths.shape[-1], np.empty((0, paths.shape[-1]))
    draw = np.arange(number) // 2
    return Kept(nothing, paths[:, None], nothing, nothing, draw, np.arange(number) % 2)


def goals_of(asked: Sequence[tuple[str, float]], direction: str = "up") -> list[Goal]:
    """Goals of the revenue, by comparator and value."""
    rows = [
        target(f"goal-{i}", "revenue", "level", word, low, direction=direction)
        for i, (word, low) in enumerate(asked)
    ]
    return [Goal.of(row, PLAN) for row in rows]


def drawn(seed: int) -> Array:
    """Paths that wander, some of which cannot be read at all. [(year, future)]"""
    steps = np.random.default_rng(seed).standard_normal((len(PLAN.years), FUTURES))
    paths = np.exp(0.1 * steps.cumsum(axis=0))
    paths[:, ::16] = np.nan
    return np.asarray(paths)


def counted(goals: Sequence[Goal], kept: Kept, pooled: dict[str, Pool]) -> tuple[Array, Bools]:
    """What Eq. 23 says of goals [(goal,)], and the futures that meet them [(goal, future)]."""
    places = [0] * len(goals)
    inside = np.array(list(inside_of(goals, places, kept).values()))
    chances = verdicts(inside, [goal.target.id for goal in goals], pooled)
    distinct = np.ones(len(goals), dtype=bool)
    return chances, together(goals, places, kept, 1, pooled, chances.tolist(), distinct).met


@given(
    st.integers(0, 99),
    st.lists(st.floats(0.5, 2.0), min_size=2, max_size=5),
    st.sampled_from(["up", "down"]),
    VIEWS,
    VIEWS,
)
@settings(max_examples=40, deadline=None)
def test_goals_are_nested_future_by_future(
    seed: int, levels: list[float], direction: str, p: float, out: float
) -> None:
    goals = goals_of([("reach", level) for level in sorted(levels)], direction)
    pooled = {goal.target.id: pool(p, out, 0.5) for goal in goals}
    chances, met = counted(goals, futures(drawn(seed)), pooled)
    for one, other in pairwise(range(len(goals))):
        hard, easy = (other, one) if direction == "up" else (one, other)
        assert chances[hard] <= chances[easy]
        assert (met[easy] | ~met[hard]).all()


@given(st.integers(0, 99), VIEWS, VIEWS, st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_goal_is_met_in_as_many_futures_as_its_verdict_says(
    seed: int, p: float, out: float, circular: bool
) -> None:
    goals = goals_of([("reach", 1.1)])
    pooled = {"goal-0": pool(p, out, 0.5, "base" if circular else "")}
    chances, met = counted(goals, futures(drawn(seed)), pooled)
    wide = 5 * np.sqrt(0.25 / FUTURES) if circular else 1 / FUTURES
    assert met.mean() == pytest.approx(chances[0], abs=wide)


def test_what_cannot_be_read_is_missed_by_most() -> None:
    paths = drawn(3)
    for word in ("reach", "every_year"):
        far = margin(goals_of([(word, 1.0)])[0], paths)
        assert (far[::16] == -np.inf).all()
        assert np.isfinite(np.delete(far, np.s_[::16])).all()


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
