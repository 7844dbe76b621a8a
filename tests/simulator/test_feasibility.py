"""Targets against indicators: every basis, comparator and direction, by hand; and the words."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from plansim.simulator.feasibility import (
    Goal,
    interval,
    is_borderline,
    likelihood,
    parameter_share,
    replicated_interval,
    required_change,
    required_growth,
    wilson,
)
from plansim.simulator.plan import BASES, COMPARATORS, DIRECTIONS, Plan, Target

Alter = Callable[..., Plan]
Make = Callable[..., Target]
PERCENT = {"unit": "%", "scale": 0.01}


def met(plan: Plan, target: Target, value: float, base: float = 100.0) -> bool:
    """Whether a straight path from ``base`` in 2015 to ``value`` in 2025 meets the target."""
    goal = Goal.of(target, plan)
    path = np.linspace(base, value, 11)[:, None]
    return bool(goal.met(goal.read(path))[goal.year, 0])


#: basis, comparator, direction, low, high, unit; a value that just meets, one that just does not.
CASES = [
    ("level", "reach", "up", 200, None, {}, 200, 199.99),
    ("level", "reach", "down", 50, None, {}, 50, 50.01),
    ("level", "at_least", "up", 200, None, {}, 200, 199.99),
    ("level", "at_most", "down", 50, None, {}, 50, 50.01),
    ("level", "at_most", "up", 50, None, {}, 50, 50.01),  # "at most" is always a ceiling
    ("level", "all", "up", 120, None, {}, 120, 119.99),
    ("level", "approx", "up", 200, None, {}, 190, 189.99),  # 左右: 5 % of a level
    ("level", "approx", "down", 50, None, {}, 52.5, 52.51),
    ("level", "near_below", "up", 200, None, {}, 180, 179.99),  # 接近: 10 %
    ("level", "near_below", "down", 50, None, {}, 55, 55.01),
    ("level", "range", "up", 150, 200, {}, 150, 149.99),  # the less demanding bound
    ("level", "range", "down", 40, 60, {}, 60, 60.01),
    ("share", "reach", "up", 30, None, PERCENT, 0.30, 0.2999),
    ("share", "approx", "up", 30, None, PERCENT, 0.29, 0.2899),  # 1 point of a share
    ("rate", "approx", "down", 3, None, PERCENT, 0.04, 0.0401),
    ("rate", "near_below", "up", 3, None, PERCENT, 0.027, 0.0269),
    ("change_vs_base", "reach", "up", 20, None, PERCENT, 120, 119.99),
    ("change_vs_base", "reach", "down", -18, None, PERCENT, 82, 82.01),
    ("change_vs_base", "range", "down", -20, -18, PERCENT, 82, 82.01),
    ("change_vs_base", "approx", "down", -18, None, PERCENT, 83, 83.01),
    ("change_vs_base", "near_below", "down", -20, None, PERCENT, 82, 82.01),
    ("change_vs_base", "reach", "up", 30, None, {}, 130, 129.99),  # in the indicator's own unit
    ("annual_growth", "reach", "up", 7, None, PERCENT, 196.72, 196.71),
    ("annual_growth", "approx", "up", 7, None, PERCENT, 187.72, 187.71),  # half a point
    ("annual_growth", "at_most", "down", -2, None, PERCENT, 81.7, 81.71),
    ("per_year", "reach", "up", 10, None, {}, 200, 199.9),
    ("cumulative_count", "reach", "up", 120, None, {}, 120, 119),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: "-".join(map(str, c[:4])))
def test_a_target_is_met_at_its_bound_and_not_beyond(
    plan: Plan, make_target: Make, case: Any
) -> None:
    basis, comparator, direction, low, high, unit, enough, short = case
    more = {"direction": direction, "high": high, **unit}
    target = make_target("x", "output", basis, comparator, low, **more)
    assert met(plan, target, enough)
    assert not met(plan, target, short)


def test_the_cases_hold_every_word() -> None:
    assert {case[0] for case in CASES} == set(BASES)
    assert {case[1] for case in CASES} == set(COMPARATORS) - {"every_year"}
    assert {case[2] for case in CASES} == set(DIRECTIONS) - {"hold"}


def test_what_must_hold_is_judged_on_both_sides(plan: Plan, make_target: Make) -> None:
    exact = make_target("x", "output", "level", "reach", 100.0, direction="hold")
    about = make_target("x", "output", "level", "approx", 100.0, direction="hold")
    assert met(plan, exact, 100)
    assert not met(plan, exact, 100.1)
    assert not met(plan, exact, 99.9)
    for value, fine in ((95, True), (105, True), (94.9, False), (105.1, False)):
        assert met(plan, about, value) is fine


def test_every_year_means_every_year(plan: Plan, make_target: Make) -> None:
    target = make_target("x", "output", "per_year", "every_year", 10.0, year=2018)
    goal = Goal.of(target, plan).among(tuple(range(2015, 2020)))
    paths = np.array([[0, 10, 20, 30, 30], [0, 10, 15, 30, 45], [0, 5, 30, 60, 90]], dtype=float).T
    hit = goal.met(goal.read(paths))
    assert hit.T.tolist() == [
        [False, True, True, True, False],
        [False, True, False, False, False],
        [False, False, False, False, False],
    ]
    assert hit[goal.year].tolist() == [True, False, False]


@given(
    st.sampled_from(["level", "change_vs_base", "annual_growth", "per_year"]),
    st.sampled_from(["reach", "approx", "every_year"]),
    st.sampled_from(["average", "last_year"]),
    st.tuples(st.integers(2015, 2024), st.integers(1, 10)),
    st.sets(st.integers(2015, 2025)),
    st.lists(st.floats(50, 200), min_size=11, max_size=11),
)
def test_years_that_decide_are_enough(
    plan: Plan,
    alter: Alter,
    make_target: Make,
    basis: str,
    comparator: str,
    window: str,
    times: tuple[int, int],
    others: set[int],
    path: list[float],
) -> None:
    """The same bits from some of the years, whatever else is on the axis."""
    base, year = times[0], min(sum(times), 2025)
    asked = {"base_year": base, "year": year, **PERCENT}
    target = make_target("x", "output", basis, comparator, 4.0, **asked)
    goal = Goal.of(target, alter(plan, {"assumptions.growth_window.value": window}))
    years = tuple(sorted(goal.decisive | others))
    few = goal.among(years)
    whole = np.array(path)[:, None]
    reads = goal.read(whole), few.read(whole[np.subtract(years, 2015)])
    assert reads[0][goal.year] == reads[1][few.year]
    assert goal.met(reads[0])[goal.year] == few.met(reads[1])[few.year]


def test_the_base_year_and_what_is_before_it_never_count(plan: Plan, make_target: Make) -> None:
    target = make_target("x", "output", "level", "reach", 50.0, base_year=2018)
    goal = Goal.of(target, plan)
    hit = goal.met(goal.read(np.full((11, 1), 100.0)))[:, 0]
    assert hit.tolist() == [False] * 4 + [True] * 7
    change = make_target("x", "output", "change_vs_base", "reach", 20.0, base_year=2018, **PERCENT)
    goal = Goal.of(change, plan)
    path = np.array([100, 100, 100, 200, 220, 239, 240, 241, 300, 300, 300], dtype=float)[:, None]
    assert goal.met(goal.read(path))[:, 0].tolist() == [False] * 6 + [True] * 5


def test_growth_is_read_as_average_or_of_the_last_year(
    plan: Plan, alter: Alter, make_target: Make
) -> None:
    target = make_target("x", "output", "annual_growth", "reach", 5.0, **PERCENT)
    path = np.array([100 * 1.1**5] * 11)[:, None]
    path[:6, 0] = 100 * 1.1 ** np.arange(6)
    average = Goal.of(target, plan)
    assert average.read(path)[10, 0] == pytest.approx(1.1**0.5 - 1)
    assert average.read(path)[3, 0] == pytest.approx(0.1)
    last = Goal.of(target, alter(plan, {"assumptions.growth_window.value": "last_year"}))
    assert last.read(path)[10, 0] == pytest.approx(0)
    assert last.read(path)[5, 0] == pytest.approx(0.1)
    assert not average.met(average.read(path))[10, 0]
    assert np.isnan(average.read(path)[0, 0])


def test_growth_of_what_turns_negative_is_a_fall_of_everything(
    plan: Plan, make_target: Make
) -> None:
    goal = Goal.of(make_target("x", "output", "annual_growth", "reach", 5.0, **PERCENT), plan)
    read = goal.read(np.linspace(100, -50, 11)[:, None])
    assert read[10, 0] == -1
    assert not goal.met(read)[10, 0]


def test_tolerances_are_assumptions(plan: Plan, alter: Alter, make_target: Make) -> None:
    strict = alter(
        plan,
        {
            f"assumptions.{name}": 0.0
            for name in (
                "about_tolerance",
                "about_growth_tolerance",
                "about_share_tolerance",
                "near_tolerance",
            )
        },
    )
    for basis, comparator, low, unit, value in (
        ("level", "approx", 200.0, {}, 199.0),
        ("level", "near_below", 200.0, {}, 199.0),
        ("share", "approx", 30.0, PERCENT, 0.295),
        ("annual_growth", "approx", 7.0, PERCENT, 190.0),
    ):
        target = make_target("x", "output", basis, comparator, low, **unit)
        assert met(plan, target, value)
        assert not met(strict, target, value)


# -- required growth -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("basis", "comparator", "low", "unit", "expected"),
    [
        ("level", "reach", 200.0, {}, 2**0.1 - 1),
        ("level", "approx", 200.0, {}, 1.9**0.1 - 1),
        ("annual_growth", "reach", 7.0, PERCENT, 0.07),
        ("annual_growth", "approx", 7.0, PERCENT, 0.065),
        ("change_vs_base", "reach", 50.0, PERCENT, 1.5**0.1 - 1),
        ("change_vs_base", "reach", 50.0, {}, 1.5**0.1 - 1),
        ("per_year", "reach", 10.0, {}, None),
    ],
)
def test_required_growth_just_meets_the_target(
    plan: Plan, make_target: Make, basis: str, comparator: str, low: float, unit: Any,
    expected: float | None,
) -> None:  # fmt: skip
    target = make_target("x", "output", basis, comparator, low, **unit)
    goal = Goal.of(target, plan)
    found = required_growth(goal, 100.0)
    assert found == (None if expected is None else pytest.approx(expected))
    if found is not None:
        assert met(plan, target, 100 * (1 + found + 1e-9) ** 10)
        assert not met(plan, target, 100 * (1 + found - 1e-5) ** 10)
        assert required_change(goal, 100.0) is not None


def test_growth_from_nothing_is_not_known(plan: Plan, make_target: Make) -> None:
    goal = Goal.of(make_target("x", "output", "level", "reach", 5.0), plan)
    assert required_growth(goal, 0.0) is None


# -- probabilities and words -----------------------------------------------------------------------


@given(st.integers(0, 400), st.integers(1, 400))
def test_wilson_is_scipys(successes: int, trials: int) -> None:
    successes = min(successes, trials)
    found = wilson(successes / trials, trials)
    exact = stats.binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    assert found == pytest.approx((exact.low, exact.high), abs=1e-12)
    assert 0 <= found[0] <= successes / trials <= found[1] <= 1


def test_nothing_tried_says_nothing() -> None:
    assert wilson(0.0, 0) == (0.0, 1.0)


def test_the_parameter_share_tells_parameters_from_luck() -> None:
    rng = np.random.default_rng(1)
    draws = 200_000
    chance = rng.random(draws)
    for spread, expected in ((0.0, 0.0), (1.0, 1 / 3)):  # all luck; a uniform chance a draw
        each = 0.3 + (chance - 0.3) * spread
        a, b = (rng.random(draws) < each for _ in range(2))
        p = float((a.mean() + b.mean()) / 2)
        share = parameter_share(float((a & b).mean()), p)
        assert share == pytest.approx(expected, abs=0.01)
    all_known = chance < 0.4
    assert parameter_share(float(all_known.mean()), float(all_known.mean())) == pytest.approx(1)
    assert parameter_share(0.0, 0.0) is None
    assert parameter_share(1.0, 1.0) is None


def test_the_interval_counts_two_futures_of_one_draw_as_what_they_are_worth() -> None:
    assert interval(0.4, 2000, 0.0) == wilson(0.4, 2000)
    assert interval(0.4, 2000, 1.0) == wilson(0.4, 1000)
    assert interval(0.4, 2000, 0.5) == wilson(0.4, 2000 / 1.5)
    assert interval(0.0, 2000, None) == wilson(0.0, 2000)
    assert interval(0.4, 2000, 1.0, paired=0.0) == wilson(0.4, 2000)


def test_the_interval_of_two_lucks_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    covered = 0
    for _ in range(600):
        each = rng.beta(0.6, 0.9, 400)  # a strong share of parameters in the doubt
        a, b = (rng.random(400) < each for _ in range(2))
        p = float((a.mean() + b.mean()) / 2)
        low, high = interval(p, 800, parameter_share(float((a & b).mean()), p))
        covered += low <= 0.4 <= high
    assert covered / 600 == pytest.approx(0.95, abs=0.03)


def test_replicates_give_a_t_interval() -> None:
    shares = np.array([0.41, 0.43, 0.40, 0.44, 0.42, 0.39])
    low, high = replicated_interval(shares)
    exact = stats.ttest_1samp(shares, 0.4).confidence_interval(0.95)
    assert (low, high) == pytest.approx((exact.low, exact.high))
    assert replicated_interval(np.array([0.0, 0.0, 0.1]))[0] == 0.0


@pytest.mark.parametrize(
    ("bound", "at", "below"),
    [
        (0.99, "virtually_certain", "very_likely"),
        (0.90, "very_likely", "likely"),
        (0.66, "likely", "about_as_likely_as_not"),
        (0.33, "about_as_likely_as_not", "unlikely"),
        (0.10, "unlikely", "very_unlikely"),
        (0.01, "very_unlikely", "exceptionally_unlikely"),
    ],
)
def test_words_at_their_bounds(bound: float, at: str, below: str) -> None:
    assert likelihood(bound) == at
    assert likelihood(math.nextafter(bound, 0)) == below
    assert is_borderline(math.nextafter(bound, 0), bound)
    assert not is_borderline(bound, bound)


def test_words_at_the_ends() -> None:
    assert likelihood(1.0) == "virtually_certain"
    assert likelihood(0.0) == "exceptionally_unlikely"
