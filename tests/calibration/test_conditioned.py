"""What a panel's past says of its future: intervals hold, states explain, paths are the law."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtr, stdtrit

from plansim.calibration import conditioned, growth
from plansim.calibration.growth import HORIZONS
from plansim.simulator.law import later_covariance, reach
from plansim.tests.calibration.planted import OWN, law_for, planted, quantities

UNKNOWN = np.full(1, np.nan)


# -- states and paths ------------------------------------------------------------------------------


@quantities
@settings(max_examples=15)
@given(years=st.integers(0, 12), series=st.integers(1, 5))
def test_the_covariance_of_the_future_is_that_of_states_and_of_what_comes_later(
    quantity, years, series
):
    """Λ P Λᵀ + L Lᵀ, and Λ x₀, against conditioning the whole covariance of changes at once."""
    own, ahead = OWN[quantity], 6
    random = np.random.default_rng(years)
    part = np.cumsum(0.05 * random.standard_normal((years + 1, series)), axis=0)
    _, mean, covariance = conditioned._own(part, own)
    skip = int(own.persistence >= 1.0 or series == 1)
    whole = growth.own_covariance(own, years + 1 + ahead)
    if not skip:
        whole[0, 0] *= 1.0 + 1.0 / (series - 1)
    whole = whole[skip:, skip:]
    known = years + 1 - skip
    past = np.vstack([part[:1], np.diff(part, axis=0)])[skip:]
    cross = whole[known:, :known]
    gain = np.linalg.solve(whole[:known, :known] + growth.JITTER * np.eye(known), cross.T).T
    total = np.tril(np.ones((ahead, ahead)))
    expected = total @ (whole[known:, known:] - gain @ cross.T) @ total.T
    way = reach(own, ahead)
    found = way @ covariance[0] @ way.T + later_covariance(own, ahead)
    assert found == pytest.approx(expected, abs=1e-6 * expected.max())
    assert way @ mean == pytest.approx(total @ gain @ past, abs=1e-6)


@quantities
def test_models_of_the_common_part_are_those_of_its_changes(quantity):
    """States of a common part against its covariance of changes, which is where it is learned."""
    for persistence, drift, _ in growth.COMMON[quantity]:
        part, shock = conditioned.common_part(persistence, drift)
        way, ahead = reach(part, 5), np.tril(np.ones((5, 5)))
        states = conditioned.states_covariance(part)
        found = shock * (way @ states @ way.T + later_covariance(part, 5))
        expected = ahead @ growth.common_covariance(persistence, drift, 5) @ ahead.T
        assert found == pytest.approx(expected)


@quantities
@pytest.mark.parametrize("changes", [0, 2, 20])
def test_paths_have_the_quantiles_of_the_analytic_law(quantity, changes):
    """Within 0.05 sd, 0.1 in the first year, of the law that each horizon has alone."""
    random = np.random.default_rng(31)
    law = growth.class_law(quantity, 1990)
    assert law is not None
    levels = planted(quantity, random, changes + 1, 4, common_sd=0.03)
    known = conditioned.conditioned(levels, np.full(4, np.nan), law)
    paths = conditioned.draw(known, 10, 40_000, random)
    told = conditioned.analytic(known)
    for row, horizon in enumerate(HORIZONS):
        freedom = told.freedom[row]
        sd = told.scale[row] * np.sqrt(freedom / (freedom - 2.0))
        for share in (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95):
            expected = told.median[row] + told.scale[row] * stdtrit(freedom, share)
            found = np.quantile(paths[horizon - 1], share, axis=1)
            apart = np.abs(found - expected) / sd
            assert apart.max() < (0.13 if horizon == 1 else 0.09)
            assert apart.mean() < (0.10 if horizon == 1 else 0.05)


def test_few_years_of_one_place_say_nothing_of_its_drift():
    """Three years of 10 % are a few good years; twenty are a place that grows."""
    law = law_for("output", common_sd=0.03)
    quiet = 0.002 * np.random.default_rng(32).standard_normal((21, 6))
    steady = 0.10 * np.arange(21.0)[:, None] + quiet
    few = conditioned.conditioned(steady[-4:], np.zeros(6), law)
    assert max(abs(model.mean[2]) for model in few.common) == 0.0
    many = conditioned.conditioned(steady, np.zeros(6), law)
    assert sum(model.weight * model.mean[2] for model in many.common) > 0.05


def test_no_past_leaves_the_class():
    law = law_for("output", drift=0.02)
    known = conditioned.conditioned(np.zeros((1, 1)), UNKNOWN, law)
    assert known.shock == pytest.approx([law.shock_sd * np.exp(law.scale_variance / 2.0)])
    assert known.expected(2)[:, 0] == pytest.approx([0.02, 0.02 * 1.96])


# -- forecasting -----------------------------------------------------------------------------------


@quantities
def test_intervals_hold_what_they_say_where_the_law_is_true(quantity):
    """One panel learns nothing about the common part, so many small panels are pooled."""
    random, law = np.random.default_rng(11), law_for(quantity)
    transforms = []
    for _ in range(60):
        levels = planted(quantity, random, 31, 12, common_sd=0.04)
        known = conditioned.forecast(levels[:21], np.full(12, np.nan), law)
        for row, horizon in enumerate(HORIZONS):
            change = levels[20 + horizon] - levels[20]
            transforms.append(stdtr(40.0, (change - known.median[row]) / known.scale[row]))
    inside = np.abs(np.array(transforms) - 0.5)
    assert (inside <= 0.40).mean() == pytest.approx(0.80, abs=0.03)
    assert (inside <= 0.25).mean() == pytest.approx(0.50, abs=0.03)
    assert np.mean(transforms) == pytest.approx(0.5, abs=0.04)


@settings(max_examples=20)
@given(st.floats(-20.0, 20.0), st.integers(0, 1000))
def test_forecasts_have_no_unit_and_no_order(shift, seed):
    random, law = np.random.default_rng(seed), law_for("output")
    levels, sizes = planted("output", random, 20, 4, common_sd=0.03), random.standard_normal(4)
    one = conditioned.forecast(levels, sizes, law)
    order = random.permutation(4)
    other = conditioned.forecast(levels[:, order] + shift, sizes[order] + shift, law)
    assert other.median == pytest.approx(one.median[:, order], abs=2e-3)
    assert other.scale == pytest.approx(one.scale[:, order], rel=1e-2)


@settings(max_examples=20)
@given(
    st.integers(1, 4), st.integers(1, 30), st.sampled_from(growth.QUANTITIES), st.integers(0, 99)
)
def test_small_panels_have_finite_forecasts_that_widen(series, years, quantity, seed):
    random = np.random.default_rng(seed)
    levels = planted(quantity, random, years, series)
    levels[: random.integers(0, years), 0] = np.nan
    known = conditioned.forecast(levels, np.full(series, np.nan), law_for(quantity))
    assert np.isfinite(known.median).all()
    assert (np.diff(known.scale, axis=0) > 0.0).all()


def test_a_series_that_never_moved_has_a_narrow_forecast_but_one():
    levels = np.zeros((20, 3))
    known = conditioned.forecast(levels, np.zeros(3), law_for("output"))
    assert np.abs(known.median).max() < 1e-6
    assert 0.0 < known.scale.min() < known.scale.max() < 1.0


def test_growth_goes_on_but_slower():
    """A lasting common drift is believed, and fades; a single year is not."""
    law, quiet = law_for("output", common_sd=0.03), np.random.default_rng(12)
    steady = 0.10 * np.arange(30.0)[:, None] + 0.01 * quiet.standard_normal((30, 8))
    median = conditioned.forecast(steady, np.zeros(8), law).median.mean(axis=1)
    assert 0.06 < median[0] < 0.11
    assert 0.3 < median[3] < 0.95
    jump = np.where(np.arange(30) == 29, 0.10, 0.0)[:, None] + 0.01 * quiet.standard_normal((30, 8))
    assert abs(conditioned.forecast(jump, np.zeros(8), law).median[3].mean()) < 0.05


def test_a_panel_with_less_that_passes_is_believed():
    """The class says that much of a jump passes or goes on; this panel's jumps just stay."""
    random, law = np.random.default_rng(13), law_for("output")
    walk = np.cumsum(0.08 * random.standard_normal((40, 25)), axis=0)
    common, _ = growth.mean_change(walk)
    own = growth.adapted(law, growth.own_part(walk, common))
    assert own.passing < 0.8 * law.own.passing
    same = growth.adapted(law, growth.own_part(walk[:, :2], common))
    assert same == law.own


def test_a_series_that_is_not_known_in_the_last_year_is_refused():
    levels = np.ones((10, 2))
    levels[-1, 0] = np.nan
    with pytest.raises(ValueError, match="known in the last year"):
        conditioned.forecast(levels, np.zeros(2), law_for("output"))
