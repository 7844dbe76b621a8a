"""Histories of a plan: chained from growth, fitted where long enough, honest where not."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plansim.calibration.histories import SHARES, chain, fitted_histories, prior_of, target_years
from plansim.calibration.trend_prior import reference_prior
from plansim.scenarios.history import FIRST_HALF, Observation
from plansim.scenarios.load import load, observed, read_source

MEDIAN = SHARES.index(0.5)


@cache
def plan(name="yuyao-2016"):
    return load(name)


def level(year, value, quantity="total_output", subject="", sd=None, kind="flow"):
    return Observation(quantity, subject, year, value, "level", sd, "made", 2, kind, "亿元", 1.0)


def growth(year, value, quantity="total_output", subject=""):
    return Observation(quantity, subject, year, value, "growth", None, "made", 2, "flow", "%", 0.01)


def only(observations):
    (found,) = fitted_histories(plan(), observations)
    return found


# -- growth as levels ------------------------------------------------------------------------------


@given(st.lists(st.floats(-0.3, 0.5), min_size=1, max_size=8), st.integers(0, 8))
def test_growth_chains_to_a_level_forwards_and_backwards(rates, place):
    """Whichever year's level is known, the chain gives the same levels."""
    path = 100.0 * np.cumprod([1.0, *(1 + g for g in rates)])
    known = min(place, len(rates))
    group = [growth(2001.0 + i, g) for i, g in enumerate(rates)]
    levels, _, index = chain([*group, level(2000.0 + known, path[known])])
    assert index is None
    assert [levels[2000.0 + i] for i in range(len(path))] == pytest.approx(path)


def test_without_a_level_the_year_before_the_first_growth_is_one():
    levels, _, index = chain([growth(2015.0, 0.1), growth(2014.0, 0.2)])
    assert index == 2013.0
    assert levels == pytest.approx({2013.0: 1.0, 2014.0: 1.2, 2015.0: 1.32})


def test_growth_of_a_half_year_starts_between_two_years():
    """100 grows to 144: a quarter before the end of 2015 it stood at 144 / 1.44 ** 0.25."""
    levels, _, _ = chain([level(2014.0, 100.0), level(2015.0, 144.0), growth(2016.5, 0.05)])
    assert levels[2015.75] == pytest.approx(1.05 * 144 / 1.44**0.25)
    alone, _, index = chain([growth(2016.5, 0.05)])
    assert (index, alone) == (2014.75, pytest.approx({2014.75: 1.0, 2015.75: 1.05}))


def test_levels_that_were_seen_are_not_overwritten_and_what_hangs_loose_is_counted():
    found = only(
        [level(2014.0, 10.0), level(2015.0, 11.0), growth(2015.0, 0.5), growth(2020.0, 0.1)]
    )
    assert found.levels.tolist() == [10.0, 11.0]
    assert (found.from_growth, found.left) == ((), 1)


def test_errors_and_half_years_are_taken_to_annual_pace():
    group = [level(2015.0, 200.0, sd=4.0), level(2016.5, 95.0, sd=1.9)]
    levels, errors, _ = chain(group)
    assert levels[2015.75] == pytest.approx(95.0 / FIRST_HALF)
    assert errors[2015.75] / levels[2015.75] == pytest.approx(0.02)
    assert errors[2015.0] == 4.0


# -- what decides ----------------------------------------------------------------------------------


def test_a_long_history_is_fitted_and_goes_on_as_it_was_planted():
    """A planted curve, 4 % errors: its five-year forecast is found, and all weights are shown."""
    random = np.random.default_rng(5)
    years = np.arange(2000.0, 2016.0)
    path = 2000 / (1 + 9 * np.exp(-0.3 * (years - 2000)))
    noise = np.exp(0.03 * random.standard_normal(len(years)))
    found = only([level(t, float(x)) for t, x in zip(years, path * noise, strict=True)])
    assert (found.status, found.targets) == ("fitted", (2020,))
    assert sum(found.weights.values()) == pytest.approx(1.0)
    assert found.weights["exponential"] < 0.01
    truth = 2000 / (1 + 9 * np.exp(-0.3 * 20))
    low, _, middle, _, high = found.at(2020)
    assert low < truth < high
    assert middle == pytest.approx(truth, rel=0.1)
    assert found.years == (2015.0, 2016.0, 2017.0, 2018.0, 2019.0, 2020.0)


@pytest.mark.parametrize(
    ("points", "status"), [(1, "single"), (2, "short"), (3, "short"), (4, "short"), (10, "fitted")]
)
def test_short_histories_fall_back_and_say_so(points, status):
    wave = np.sin(np.arange(points))
    values = [level(2015.0 - i, 1500 * 1.08**-i * np.exp(0.02 * wave[i])) for i in range(points)]
    found = only(values)
    assert found.status == status
    assert (found.fits is None) == (points == 1)
    if status == "short":
        prior = reference_prior(quantity="nominal_output_growth")
        weight = prior.sd**2 / (prior.sd**2 + prior.shock_sd**2 / (points - 1))
        assert found.fits.data_weight == pytest.approx(weight)
        seen = np.log(found.levels[-1] / found.levels[0]) / (points - 1)
        pace = prior.growth + weight * (seen - prior.growth)
        assert found.at(2020)[MEDIAN] == pytest.approx(
            found.levels[-1] * np.exp(5 * pace), rel=0.02
        )


def test_what_no_class_knows_is_left_to_the_plan():
    found = only([level(y, 0.3 + 0.01 * (y - 2014), "new_product_rate") for y in (2014.0, 2015.0)])
    assert (found.status, found.fits, found.years) == ("unknown", None, ())


def test_what_is_not_positive_has_no_curve():
    counts = [level(2010.0 + i, float(i), "firms_over_1bn", kind="stock") for i in range(6)]
    assert only(counts).status == "not_positive"


@settings(max_examples=5)
@given(st.floats(0.55, 0.97), st.integers(0, 1000))
def test_forecasts_of_shares_stay_shares(last, seed):
    noise = 0.05 * np.random.default_rng(seed).standard_normal(9)
    odds = last / (1 - last) * np.exp(0.3 * np.arange(-8.0, 1.0) + noise)
    group = [
        level(2007.0 + i, float(o / (1 + o)), "high_tech_share", kind="rate")
        for i, o in enumerate(odds)
    ]
    found = only(group)
    assert found.status == "fitted"
    assert ((found.forecast > 0) & (found.forecast < 1)).all()
    assert (np.diff(found.forecast, axis=1) > 0).all()


def test_a_doubtful_figure_counts_less():
    years = np.arange(2004.0, 2016.0)
    values = 800 * 1.05 ** (years - 2004)
    values[-1] *= 1.4
    exact = [level(t, float(v), sd=0.01 * float(v)) for t, v in zip(years, values, strict=True)]
    doubted = [*exact[:-1], level(2015.0, float(values[-1]), sd=0.5 * float(values[-1]))]
    trend = 800 * 1.05**16
    gaps = [abs(np.log(only(group).at(2020)[MEDIAN] / trend)) for group in (exact, doubted)]
    assert gaps[1] < 0.02
    assert gaps[1] < gaps[0]


# -- a plan ----------------------------------------------------------------------------------------


def test_one_row_a_quantity_in_the_order_of_the_file():
    group = [
        growth(2015.0, 0.05, "value_added"), level(2015.0, 40.0, "output", "robotics"),
        growth(2014.0, 0.06, "value_added"), level(2015.0, 50.0, "output", "nev"),
    ]  # fmt: skip
    found = fitted_histories(plan(), group)
    names = [("value_added", ""), ("output", "robotics"), ("output", "nev")]
    assert [(one.quantity, one.subject) for one in found] == names
    assert fitted_histories(plan(), ()) == ()


def test_the_same_history_gives_the_same_forecast():
    group = [growth(2015.0, 0.05, "value_added")]
    assert (only(group).forecast == only(group).forecast).all()


def test_target_years_are_those_of_the_plan():
    assert target_years(plan(), growth(2015.0, 0.05, "value_added")) == (2020, 2025)
    assert target_years(plan(), level(2015.0, 1500.0)) == (2020,)
    assert target_years(plan(), level(2015.0, 40.0, "output", "robotics")) == (2020, 2025)
    assert target_years(plan(), level(2015.0, 0.01, "city.rd_to_gdp")) == (2020,)
    assert target_years(plan(), level(2015.0, 0.1, "clusters.nev.energy")) == (2025,)


@pytest.mark.parametrize(
    ("quantity", "name"),
    [("value_added", "output_growth"), ("total_output", "nominal_output_growth"),
     ("labour_productivity", "labour_productivity_growth"),
     ("energy_intensity", "energy_intensity_change"),
     ("clusters.nev.output", "output_growth"), ("clusters.nev.energy", "energy_per_output_change"),
     ("va_rate", None), ("rd_to_gdp", None), ("clusters.nev.va_rate", None),
     ("city.rd_to_gdp", None)],
)  # fmt: skip
def test_the_reference_class_of_a_quantity_is_that_of_its_indicator(quantity, name):
    prior = prior_of(plan(), level(2015.0, 1.0, quantity))
    assert prior == (None if name is None else reference_prior(quantity=name))


@pytest.mark.parametrize("name", ["yuyao-2016", "yinzhou-2017", "shaoxing-2016", "yuyao-2020"])
def test_shipped_histories_are_too_short_and_say_so(name):
    found = fitted_histories(plan(name), observed(read_source(name), plan(name)))
    assert len(found) == {"yuyao-2016": 2, "yuyao-2020": 0}.get(name, 1)
    for one in found:
        assert (one.status, one.index) == ("short", plan(name).plan.base_year - 1)
        assert 0.02 < one.fits.data_weight < 0.14
        assert "prior-dominated" in one.fits.message
