"""The forecasting law: covariances are those of its processes, what was planted is found."""

from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plansim.calibration import growth
from plansim.simulator.classes import Own
from plansim.tests.calibration.planted import OWN, law_for, planted, quantities

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


@pytest.mark.parametrize("spread", [0.2, 0.5])
def test_how_far_own_shocks_differ_is_found(spread):
    """ω² is the variance of the log own shock between series, and of nothing that chance adds."""
    random = np.random.default_rng(9)
    own = np.exp(spread * random.standard_normal(300))
    levels = planted("output", random, 40, 300, shock=0.1) * own
    law = growth.fit_law(levels, np.full(levels.shape, np.nan), "output", 2000).law
    assert law.scale_variance == pytest.approx(spread**2, rel=0.25, abs=0.02)


def test_the_drift_of_a_class_is_that_of_output_alone():
    """A class that grew by 3 % a year is expected to go on, but slower; no ratio is."""
    random = np.random.default_rng(21)
    for quantity, lowest, highest in (("output", 0.01, 0.03), ("energy_intensity", 0.0, 0.0)):
        levels = planted(quantity, random, 40, 60, common_sd=0.02)
        levels = levels + 0.03 * np.arange(40.0)[:, None]
        law = growth.fit_law(levels, np.full(levels.shape, np.nan), quantity, 2000).law
        assert lowest <= law.drift <= highest


# -- the own shock ---------------------------------------------------------------------------------


def test_no_innovation_at_all_leaves_the_class():
    law = law_for("output")
    size = np.array([-1.0, 0.0, 2.0])
    shock, typical = growth.own_shocks(np.full((0, 3), np.nan), size, law)
    doubt = law.scale_variance / 2.0
    assert shock == pytest.approx(law.shock_sd * np.exp(law.size_exponent * size + doubt))
    assert typical == pytest.approx(law.shock_sd)


@given(st.integers(1, 30), st.floats(0.3, 3.0))
def test_the_own_scale_is_drawn_to_the_class_by_what_the_two_are_worth(years, ratio):
    """One series: its level is drawn to the class, then it to that level, both with k."""
    law = law_for("output")
    logs, counts = np.array([np.log(ratio * law.shock_sd)]), np.array([float(years)])
    shock, typical = growth.drawn_shocks(logs, counts, np.zeros(1), law)
    omega, chance = law.scale_variance, growth.CHANCE / years
    level = (omega * np.log(ratio)) / (2.0 * omega + chance)
    assert np.log(typical / law.shock_sd) == pytest.approx(level)
    k = omega / (omega + chance)
    mean = level + k * (np.log(ratio) - level) + omega * (1.0 - k) / 2.0
    assert np.log(shock[0] / law.shock_sd) == pytest.approx(mean)


def test_own_shocks_are_right_on_average_whatever_is_known():
    """Drawn scales are no worse than the class's alone, and right on average as scales are."""
    random, law = np.random.default_rng(22), law_for("output")
    truth = 0.08 * np.exp(np.sqrt(law.scale_variance) * random.standard_normal(4000))
    for years in (1, 2, 5, 20):
        news = truth * random.standard_normal((years, 4000))
        shock, _ = growth.own_shocks(news, np.zeros(4000), law)
        error = np.log(shock / truth)
        assert (truth / shock).mean() == pytest.approx(1.0, abs=0.12)
        assert error.std() < np.sqrt(law.scale_variance)


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
