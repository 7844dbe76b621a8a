"""The forecasting law: covariances are those of its processes, what was planted is found."""

from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtr

from plansim.calibration import growth
from plansim.calibration.growth import HORIZONS, Law, Own

OWN = {
    "output": Own(0.3, 0.96, 1.0, 0.5, 0.55),
    "va_rate": Own(0.0, 0.0, 0.985, 2.0, 0.4),
    "energy_intensity": Own(0.12, 0.97, 0.99, 0.8, 0.45),
}
quantities = pytest.mark.parametrize("quantity", growth.QUANTITIES)


def law_for(quantity: str, **changes) -> Law:
    law = Law(quantity, 2011, 100, OWN[quantity], 0.08, -0.1, 6.0, 0.04, (1.0,) * 4, (40.0,) * 4)
    return replace(law, **changes)


def autoregression(random, persistence, variance, years, series):
    """A stationary AR(1). [(year, series)]"""
    state = np.empty((years, series))
    state[0] = np.sqrt(variance) * random.standard_normal(series)
    step = np.sqrt(variance * (1.0 - persistence**2))
    for year in range(1, years):
        state[year] = persistence * state[year - 1] + step * random.standard_normal(series)
    return state


def planted(quantity, random, years, series, common_sd=0.0, shock=0.08, level=0.0):
    """A panel that follows the law. [(year, series)]"""
    own = OWN[quantity]
    part = autoregression(random, own.passing_persistence, own.passing, years, series)
    if own.persistence < 1.0:
        stationary = 1.0 / (1.0 - own.persistence**2)
        part += autoregression(random, own.persistence, stationary, years, series)
    else:
        part += np.cumsum(random.standard_normal((years, series)), axis=0)
    trend = autoregression(random, own.trend_persistence, own.trend_sd**2, years, series)
    part[1:] += np.cumsum(trend[1:], axis=0)
    common = np.cumsum(common_sd * random.standard_normal(years))
    return level + shock * part + common[:, None]


# -- covariances -----------------------------------------------------------------------------------


@given(st.floats(0.0, 0.99), st.integers(2, 12))
def test_changes_have_the_covariance_of_their_levels(persistence, years):
    k = np.arange(years + 1)
    levels = persistence ** np.abs(np.subtract.outer(k, k)).astype(float)
    differences = np.diff(np.eye(years + 1), axis=0)
    expected = (differences @ levels @ differences.T)[0]
    assert growth.change_covariance(persistence, years) == pytest.approx(expected, abs=1e-12)


@quantities
def test_own_covariance_is_that_of_the_simulated_process(quantity):
    random = np.random.default_rng(1)
    levels = planted(quantity, random, 6, 100_000, shock=1.0)
    observed = np.vstack([levels[:1], np.diff(levels, axis=0)])
    skip = int(OWN[quantity].persistence >= 1.0)
    measured = (observed @ observed.T / observed.shape[1])[skip:, skip:]
    expected = growth.own_covariance(OWN[quantity], 6)[skip:, skip:]
    # the trend's growth is in the level too; the law lets it begin with the first change
    assert measured == pytest.approx(expected, abs=0.03 * expected.max())


@given(
    st.floats(0.0, 0.5), st.floats(0.0, 0.99), st.one_of(st.just(1.0), st.floats(0.5, 0.999)),
    st.floats(0.0, 3.0), st.floats(0.0, 0.9), st.integers(3, 60),
)  # fmt: skip
def test_own_covariance_is_a_covariance(
    trend, fading, persistence, passing, passing_persistence, n
):
    own = Own(trend, fading, persistence, passing, passing_persistence)
    whole = growth.own_covariance(own, n)[int(persistence >= 1.0) :, int(persistence >= 1.0) :]
    assert (whole == whole.T).all()
    assert np.linalg.eigvalsh(whole).min() > 0.0


@pytest.mark.parametrize("models", growth.COMMON.values())
def test_common_shocks_have_unit_variance_and_drift_on_top(models):
    for persistence, drift, _ in models:
        whole = growth.common_covariance(persistence, drift, 5)
        assert np.diag(whole) == pytest.approx(1.0 + drift**2)


# -- fitting ---------------------------------------------------------------------------------------


@quantities
def test_planted_parameters_are_found(quantity):
    random = np.random.default_rng(7)
    levels = planted(quantity, random, 50, 300, common_sd=0.03)
    fit = growth.fit_law(levels, np.full(levels.shape, np.nan), quantity, 2000)
    own, law = OWN[quantity], fit.law
    assert fit.converged
    assert law.own.passing == pytest.approx(own.passing, rel=0.35)
    assert law.own.passing_persistence == pytest.approx(own.passing_persistence, abs=0.12)
    assert law.own.trend_sd == pytest.approx(own.trend_sd, rel=0.3, abs=0.01)
    assert law.own.persistence == pytest.approx(own.persistence, abs=0.005)
    assert law.shock_sd == pytest.approx(0.08, rel=0.1)
    assert law.common_sd == pytest.approx(0.03, rel=0.3)
    assert law.size_exponent == 0.0
    assert law.widening == pytest.approx((1.0,) * 4, rel=0.12)
    assert (law.quantity, law.window_end, law.industries) == (quantity, 2000, 300)


def test_shocks_that_fall_with_size_are_found():
    random = np.random.default_rng(8)
    sizes = np.tile(2.0 * random.standard_normal(300), (40, 1))
    shocks = np.exp(-0.13 * sizes[0]) * 0.1
    levels = planted("output", random, 40, 300, shock=1.0) * shocks
    law = growth.fit_law(levels, sizes, "output", 2000).law
    assert law.size_exponent == pytest.approx(-0.13, abs=0.02)
    assert law.shock_sd == pytest.approx(0.1, rel=0.1)


def test_a_lasting_storm_is_remembered_longer_than_noise():
    """All shocks alike: the size law is all there is to know. Own shocks: the past says more."""
    random = np.random.default_rng(9)
    alike = planted("output", random, 40, 300, shock=0.1)
    own = alike * np.exp(0.8 * random.standard_normal(300))
    none = np.full(alike.shape, np.nan)
    calm, stormy = (growth.fit_law(z, none, "output", 2000).law.memory for z in (alike, own))
    assert stormy < 2.5 < calm


@pytest.mark.parametrize(("degrees", "width"), [(4.0, 1.0), (6.5, 1.2), (40.0, 1.1)])
def test_tails_are_found(degrees, width):
    random = np.random.default_rng(10)
    errors = width * random.standard_t(degrees, 60_000) * np.sqrt((degrees - 2.0) / degrees)
    found_width, found_degrees = growth.tail(errors, 60_000, 8.0)
    assert found_width == pytest.approx(width, rel=0.03)
    assert found_degrees == pytest.approx(degrees, rel=0.01)


def test_few_cases_leave_the_tails_to_the_prior():
    assert growth.tail(np.array([5.0, -4.0]), 0.01, 8.0) == (pytest.approx(1.15, rel=0.01), 8.0)


def test_a_class_of_too_few_is_refused():
    with pytest.raises(ValueError, match="more industries or years"):
        growth.fit_law(np.zeros((10, 50)), np.zeros((10, 50)), "output", 2000)


# -- forecasting -----------------------------------------------------------------------------------


@quantities
def test_intervals_hold_what_they_say_where_the_law_is_true(quantity):
    """One panel learns nothing about the common part, so many small panels are pooled."""
    random, law = np.random.default_rng(11), law_for(quantity)
    transforms = []
    for _ in range(60):
        levels = planted(quantity, random, 31, 12, common_sd=0.04)
        known = growth.forecast(levels[:21], np.full(12, np.nan), law)
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
    one = growth.forecast(levels, sizes, law)
    order = random.permutation(4)
    other = growth.forecast(levels[:, order] + shift, sizes[order] + shift, law)
    assert other.median == pytest.approx(one.median[:, order], abs=2e-3)
    assert other.scale == pytest.approx(one.scale[:, order], rel=1e-2)


@settings(max_examples=20)
@given(
    st.integers(1, 4), st.integers(3, 30), st.sampled_from(growth.QUANTITIES), st.integers(0, 99)
)
def test_small_panels_have_finite_forecasts_that_widen(series, years, quantity, seed):
    random = np.random.default_rng(seed)
    levels = planted(quantity, random, years, series)
    levels[: random.integers(0, years - 2), 0] = np.nan
    known = growth.forecast(levels, np.full(series, np.nan), law_for(quantity))
    assert np.isfinite(known.median).all()
    assert (np.diff(known.scale, axis=0) > 0.0).all()


def test_a_series_that_never_moved_has_a_narrow_forecast_but_one():
    levels = np.zeros((20, 3))
    known = growth.forecast(levels, np.zeros(3), law_for("output"))
    assert np.abs(known.median).max() < 1e-6
    assert 0.0 < known.scale.min() < known.scale.max() < 1.0


def test_growth_goes_on_but_slower():
    """A lasting common drift is believed, and fades; a single year is not."""
    law, quiet = law_for("output", common_sd=0.03), np.random.default_rng(12)
    steady = 0.10 * np.arange(30.0)[:, None] + 0.01 * quiet.standard_normal((30, 8))
    median = growth.forecast(steady, np.zeros(8), law).median.mean(axis=1)
    assert 0.06 < median[0] < 0.11
    assert 0.3 < median[3] < 0.95
    jump = np.where(np.arange(30) == 29, 0.10, 0.0)[:, None] + 0.01 * quiet.standard_normal((30, 8))
    assert abs(growth.forecast(jump, np.zeros(8), law).median[3].mean()) < 0.05


def test_a_panel_with_less_that_passes_is_believed():
    """The class says that much of a jump passes or goes on; this panel's jumps just stay."""
    random, law = np.random.default_rng(13), law_for("output")
    walk = np.cumsum(0.08 * random.standard_normal((40, 25)), axis=0)
    common, _ = growth.mean_change(walk)
    own = growth.adapted(law, growth.own_part(walk, common))
    assert own.passing < 0.8 * law.own.passing
    same = growth.adapted(law, growth.own_part(walk[:, :2], common))
    assert same == law.own


def test_a_series_without_a_past_is_refused():
    levels = np.full((10, 2), np.nan)
    levels[-1] = 1.0
    with pytest.raises(ValueError, match="at least two years"):
        growth.forecast(levels, np.zeros(2), law_for("output"))


# -- the shipped class -----------------------------------------------------------------------------


@quantities
def test_only_windows_that_have_ended_are_used(quantity):
    ends = [law.window_end for law in growth.class_laws()[quantity]]
    assert ends == list(range(1968, 2012))
    assert growth.class_law(quantity, 1967) is None
    for year, end in ((1968, 1968), (1990, 1990), (2011, 2011), (2030, 2011)):
        law = growth.class_law(quantity, year)
        assert law is not None
        assert law.window_end == end


def test_a_law_is_what_its_row_says():
    for laws in growth.class_laws().values():
        for law in laws:
            cells = [str(cell) for cell in growth.law_cells(law)]
            assert growth.law_of(dict(zip(growth.COLUMNS, cells, strict=True))) == law


@quantities
def test_the_class_has_sane_parameters(quantity):
    for law in growth.class_laws()[quantity]:
        assert law.industries > 300
        assert -0.25 < law.size_exponent < 0.0
        assert 0.03 < law.shock_sd < 0.12
        assert all(1.0 <= widening < 1.3 for widening in law.widening)
        assert all(3.0 <= freedom <= 10.0 for freedom in law.freedom)
        assert 0.95 < law.own.persistence <= 1.0


def test_tables_have_lf_line_ends():
    for name in ("growth_law.csv", "us_groups.csv"):
        raw = (files("plansim.calibration") / "data" / name).read_bytes()
        assert b"\r" not in raw
        assert raw.endswith(b"\n")
