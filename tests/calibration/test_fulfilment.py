"""Eq. 19: planted coefficients come back; its gradient and its draws are those of its law."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from plansim.calibration import fulfilment
from plansim.calibration.fulfilment import ClosedTarget, fit, growth_ratio, hamiltonian, pace_of

#: Planted: logits of a cell's parts, of pace, spread of years and of places.
LEVELS = {"county": -0.8, "province": 0.4}
KINDS = {"binding": 0.9, "anticipatory": -0.3}
FIELDS = {"energy": 0.2, "growth": -0.4}
PACE, YEAR, PLACE = -1.2, 0.9, 0.5


def planted(years: int = 30, places: int = 24, seed: int = 5) -> list[ClosedTarget]:
    """Targets of one year that were met by Eq. 19."""
    rng = np.random.default_rng(seed)
    of_year = YEAR * rng.standard_normal((years, len(LEVELS)))
    of_place = PLACE * rng.standard_normal(places)
    rows = []
    for year in range(years):
        for place in range(places):
            level = list(LEVELS)[place % 2]
            kind, field = str(rng.choice(list(KINDS))), list(FIELDS)[year % 2]
            pace = float(rng.uniform(-1, 1))
            score = LEVELS[level] + KINDS[kind] + FIELDS[field] + PACE * pace
            met = bool(rng.random() < expit(score + of_year[year, place % 2] + of_place[place]))
            rows.append(
                ClosedTarget(
                    f"{year}/{place}", level, kind, field, "annual", 1990 + year, f"place {place}",
                    "", pace, met, None, "planted",
                )
            )  # fmt: skip
    return rows


@pytest.fixture(scope="module")
def found() -> fulfilment.Posterior:
    return fit(planted(), pace=True, seed=3, draws=150)


def within(draws: np.ndarray, truth: float, least: float) -> None:
    """The truth lies within three spreads, and the spread says something."""
    assert abs(draws.mean() - truth) < 3 * draws.std()
    assert draws.std() < least


def test_planted_contrasts_are_found_again(found) -> None:
    for part, truth in (("level", LEVELS), ("kind", KINDS), ("field", FIELDS)):
        one, other = truth
        between = found.draws(f"{part}/{one}") - found.draws(f"{part}/{other}")
        within(between, truth[one] - truth[other], 0.5)


def test_the_planted_step_of_pace_and_the_spread_of_years_are_found_again(found) -> None:
    within(found.draws("pace"), PACE, 0.3)
    within(found.draws("scale/season"), YEAR, 0.3)
    within(found.draws("scale/place"), PLACE, 0.3)


def test_shocks_of_seasons_are_found_again(found) -> None:
    planted_shocks = YEAR * np.random.default_rng(5).standard_normal((30, len(LEVELS)))
    fields, places = list(FIELDS), []
    for year in range(30):
        for level in LEVELS:
            places.append(found.names.index(f"season/{1990 + year} {fields[year % 2]} {level}"))
    known = found.shocks[:, places].mean(axis=0)
    assert np.corrcoef(known, planted_shocks.ravel())[0, 1] > 0.8


def test_a_term_without_rows_has_no_draws(found) -> None:
    assert found.draws("level/nation") is None


def test_the_same_rows_and_seed_give_the_same_draws() -> None:
    rows = planted(years=4, places=6)
    first, again = (fit(rows, pace=False, seed=3, draws=5, chains=1) for _ in range(2))
    np.testing.assert_array_equal(first.values, again.values)
    other = fit(rows, pace=False, seed=4, draws=5, chains=1)
    assert not np.array_equal(first.values, other.values)


def test_the_gradient_is_that_of_the_density() -> None:
    rows = [replace(row, horizon="multi-year", plan=row.id[:1]) for row in planted(5, 6)]
    model, _ = fulfilment._logit_of(rows, fulfilment.terms_of(rows, pace=True))
    at = np.random.default_rng(0).standard_normal(model.size)
    slope = model.density(at)[1]
    for place, unit in enumerate(np.eye(model.size)):
        rise = model.density(at + 1e-5 * unit)[0] - model.density(at - 1e-5 * unit)[0]
        assert rise / 2e-5 == pytest.approx(slope[place], abs=1e-5)


def test_draws_of_a_known_law_have_its_mean_and_its_spread() -> None:
    mean, spread = np.array([1.0, -2.0, 0.0]), np.array([0.5, 3.0, 1.0])

    def density(at):
        off = (at - mean) / spread
        return float(-off @ off / 2), -off / spread

    draws = hamiltonian(density, 3, np.random.default_rng(1), 1500)
    np.testing.assert_allclose(draws.mean(axis=0), mean, atol=0.12 * spread.max())
    np.testing.assert_allclose(draws.std(axis=0), spread, rtol=0.1)


@given(st.floats(0.01, 100.0), st.floats(0.01, 100.0))
def test_pace_rises_with_what_is_asked_for_and_stays_within_one(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert -1.0 <= pace_of(low) <= pace_of(high) <= 1.0


def test_pace_is_neutral_where_what_is_asked_for_is_the_past() -> None:
    assert pace_of(1.0) == 0.0
    assert (pace_of(0.5), pace_of(2.0), pace_of(float("inf")), pace_of(0.0)) == (-1, 1, 1, -1)


def test_the_past_is_lowered_by_the_slow_down() -> None:
    assert growth_ratio(8.0, 10.0, 5.0) == pytest.approx(8.0 / 6.65)
    assert growth_ratio(8.0, 3.0, 5.0) == float("inf")
