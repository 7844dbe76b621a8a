"""Curves: closed forms, planted parameters found again, weights, short histories."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plansim.calibration.curve_fit import aicc, fit
from plansim.calibration.curves import FORMS, bass, bass_peak, doubling_time, inflection_level
from plansim.calibration.reference import percentile
from plansim.calibration.robust import LOSSES
from plansim.calibration.trend_prior import Prior, reference_prior
from plansim.simulator.dynamics import trend_flow
from plansim.simulator.errors import InputError
from plansim.tests.refusals import refused

#: Planted curves, in the parameters that are fitted: logarithms of level, rate, ceiling, ...
PLANTED = {
    "exponential": np.log([50.0, 1.07]),
    "logistic": np.log([20.0, 0.35, 400.0]),
    "gompertz": np.log([20.0, 0.15, 400.0]),
    "richards": np.log([20.0, 0.30, 400.0, 3.0]),
    "bass": np.log([400.0, 0.01, 0.4]),
}
few = settings(max_examples=20)
rates, thetas = st.floats(0.05, 1.0), st.floats(0.1, 5.0)


def levels(curve, t):
    """A planted curve. [unit]"""
    return np.exp(FORMS[curve].path(PLANTED[curve][:, None], np.asarray(t, float)[:, None])[:, 0])


def noisy(curve, points, sd, seed, outlier=0.0):
    """Years and values of a planted curve with errors. [unit]"""
    t = np.arange(points, dtype=float)
    error = sd * np.random.default_rng(seed).standard_normal(points)
    error[points // 4] += outlier
    return 2000 + t, levels(curve, t) * np.exp(error)


@cache
def fitted(curve, points=20, sd=0.02, seed=1, outlier=0.0):
    return fit(*noisy(curve, points, sd, seed, outlier))


# -- closed forms --------------------------------------------------------------------------------


@given(st.floats(0.001, 1.0))
def test_what_grows_doubles_in_its_doubling_time(rate):
    assert (1 + rate) ** doubling_time(rate) == pytest.approx(2.0)
    assert doubling_time(1.0) == pytest.approx(1.0)


@few
@given(rates, thetas, st.floats(10.0, 1e4))
def test_theta_logistic_grows_most_at_its_inflection(rate, theta, ceiling):
    """Yearly growth of the level r y (1 − (y/K)^θ), along the flow of Eq. 2 itself."""
    at = np.log(inflection_level(ceiling, theta))

    def growth(away):
        h = 1e-4 / rate
        ends = [trend_flow(at + away, rate, np.log(ceiling), theta, dt) for dt in (-h, h)]
        return float(np.exp(ends[1]) - np.exp(ends[0])) / (2 * h)

    assert growth(0.0) > max(growth(-0.02), growth(0.02))
    assert growth(0.0) == pytest.approx(
        rate * inflection_level(ceiling, theta) * (1 - 1 / (1 + theta)), rel=1e-4
    )


def test_inflections_that_have_a_name():
    assert inflection_level(400.0) == pytest.approx(200.0)  # logistic
    assert inflection_level(400.0, 0.0) == pytest.approx(400.0 / np.e)  # Gompertz
    assert inflection_level(400.0, 1e-6) == pytest.approx(400.0 / np.e, rel=1e-5)
    t = np.linspace(0.0, 40.0, 400_001)
    for curve, level in (("logistic", 200.0), ("gompertz", 400.0 / np.e)):
        path = levels(curve, t)
        steepest = path[np.argmax(np.gradient(path, t))]
        assert steepest == pytest.approx(level, rel=1e-3)


@few
@given(st.floats(0.001, 0.05), st.floats(0.1, 1.0))
def test_bass_obeys_its_equation_and_peaks_when_it_says(p, q):
    t, h = np.linspace(0.1, 30.0, 100), 1e-5
    share = bass(t, p, q)
    slope = (bass(t + h, p, q) - bass(t - h, p, q)) / (2 * h)
    np.testing.assert_allclose(slope, (p + q * share) * (1 - share), rtol=1e-5, atol=1e-9)
    peak = bass_peak(p, q)
    assert bass(np.array([peak]), p, q)[0] == pytest.approx((1 - p / q) / 2, rel=1e-9)
    near = [bass(np.array([peak + d + 0.05, peak + d - 0.05]), p, q) for d in (-0.5, 0.0, 0.5)]
    rises = [float(pair[0] - pair[1]) for pair in near]
    assert rises[1] >= max(rises[0], rises[2])


def test_bass_begins_at_nothing_and_ends_at_all():
    assert bass(np.array([0.0, 1e4]), 0.03, 0.4).tolist() == [0.0, 1.0]
    assert bass_peak(0.5, 0.1) == 0.0


@pytest.mark.parametrize("name", list(LOSSES))
def test_losses_are_densities(name):
    loss = LOSSES[name]
    u = np.linspace(-300.0, 300.0, 2_000_001)
    density = np.exp(-loss.rho(u) / 2 - loss.log_constant)
    assert np.trapezoid(density, u) == pytest.approx(1.0, abs=1e-6)
    assert np.trapezoid(u**2 * density, u) == pytest.approx(loss.sd**2, rel=1e-5)
    u = np.array([-3.0, -0.5, 0.2, 1.7])
    slope = (loss.rho(u + 1e-6) - loss.rho(u - 1e-6)) / 2e-6
    np.testing.assert_allclose(slope / 2, u * loss.slope(u), rtol=1e-6)
    ends = [v * loss.slope(v) for v in (u + 1e-6, u - 1e-6)]
    np.testing.assert_allclose((ends[0] - ends[1]) / 2e-6, loss.influence(u), atol=1e-6)


def test_aicc_is_akaike_corrected():
    assert aicc(-10.0, 3, 1e9) == pytest.approx(26.0)
    assert aicc(-10.0, 3, 10.0) == pytest.approx(26.0 + 24 / 6)
    assert aicc(-10.0, 3, 4.0) == np.inf


# -- fits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("curve", list(PLANTED))
def test_clean_histories_give_back_what_was_planted(curve):
    found = fit(*noisy(curve, 20, 0.0, 1), curves=(curve,))[curve]
    assert found.converged
    np.testing.assert_allclose(found.estimate, PLANTED[curve], atol=1e-5)


def test_an_exponential_by_least_squares_is_the_regression_of_logs():
    years, values = noisy("exponential", 12, 0.05, 3)
    found = fit(years, values, curves=("exponential",), loss="linear")["exponential"]
    X = np.column_stack([np.ones(12), years - years[0]])
    beta, rest, *_ = np.linalg.lstsq(X, np.log(values), rcond=None)
    variance = float(rest[0]) / 10
    np.testing.assert_allclose(found.estimate, beta, rtol=1e-8)
    np.testing.assert_allclose(found.covariance, variance * np.linalg.inv(X.T @ X), rtol=1e-3)
    assert found.residual_sd == pytest.approx(np.sqrt(variance), rel=1e-8)
    likelihood = -6 * (np.log(2 * np.pi * float(rest[0]) / 12) + 1)
    assert found.log_likelihood == pytest.approx(likelihood, rel=1e-9)
    assert found.aicc == pytest.approx(aicc(likelihood, 3, 12.0))


@pytest.mark.parametrize("curve", list(PLANTED))
def test_planted_parameters_are_found_under_noise_and_an_outlier(curve):
    result = fitted(curve, outlier=0.6)  # thirty standard deviations
    found = result[curve]
    sd = np.sqrt(np.diag(found.covariance))
    assert np.abs((found.estimate - PLANTED[curve]) / sd).max() < 3.5
    assert sd.max() < 0.25
    years, values = noisy(curve, 20, 0.02, 1, outlier=0.6)
    error = np.log(values / levels(curve, years - 2000))
    assert found.residual_sd == pytest.approx(np.delete(error, 5).std(), rel=0.4)
    assert max(result.weights, key=result.weights.__getitem__) == curve


def test_a_robust_loss_resists_what_least_squares_follows():
    years, values = noisy("logistic", 20, 0.02, 1, outlier=0.6)
    away = {
        loss: np.abs(
            fit(years, values, curves=("logistic",), loss=loss)["logistic"].estimate
            - PLANTED["logistic"]
        ).max()
        for loss in ("linear", "soft_l1", "huber")
    }
    assert max(away["soft_l1"], away["huber"]) < 0.04
    assert away["linear"] > 2 * max(away["soft_l1"], away["huber"])


@pytest.mark.parametrize("curve", list(PLANTED))
def test_long_clean_histories_prefer_the_planted_form(curve):
    weights = fitted(curve, outlier=0.6).weights
    assert sum(weights.values()) == pytest.approx(1.0)
    assert all(0 <= weight <= 1 for weight in weights.values())
    rivals = {"richards"} if curve in ("logistic", "gompertz", "exponential") else set()
    if curve == "exponential":  # a limit of all of Eq. 2
        rivals |= {"logistic", "gompertz"}
    assert sum(weights[name] for name in rivals | {curve}) > 0.99
    assert weights[curve] > 0.6


def test_the_curve_that_fits_no_better_with_a_parameter_more_weighs_less():
    weights = fitted("logistic", outlier=0.6).weights
    assert 0 < weights["richards"] < weights["logistic"]


def test_curves_also_fall_to_a_floor():
    t = np.arange(20.0)
    z = trend_flow(np.log(300.0), 0.25, np.log(100.0), 1.0, t)
    values = np.exp(z + 0.01 * np.random.default_rng(2).standard_normal(20))
    found = fit(t, values, curves=("logistic",))["logistic"]
    assert found.parameters["ceiling"] == pytest.approx(100.0, rel=0.03)
    assert found.parameters["level"] == pytest.approx(300.0, rel=0.03)


def test_units_of_values_do_not_matter():
    years, values = noisy("logistic", 14, 0.03, 5)
    one = fit(years, values, curves=("exponential", "logistic"))
    other = fit(years, 1e4 * values, curves=("exponential", "logistic"))
    assert other.weights == pytest.approx(one.weights, rel=1e-5)
    assert other["logistic"].parameters["rate"] == pytest.approx(
        one["logistic"].parameters["rate"], rel=1e-6
    )
    ends = [
        f.forecast([2016, 2020], np.random.default_rng(1)).levels / unit
        for f, unit in ((one, 1.0), (other, 1e4))
    ]
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-4)


def test_only_ratios_of_sigma_count_and_doubted_values_count_less():
    years, values = noisy("exponential", 12, 0.05, 3, outlier=1.0)
    one = fit(years, values, curves=("exponential",), loss="linear")
    same = fit(years, values, curves=("exponential",), loss="linear", sigma=7.0)
    np.testing.assert_allclose(same["exponential"].estimate, one["exponential"].estimate)
    sigma = np.ones(12)
    sigma[3] = 100.0
    less = fit(years, values, curves=("exponential",), loss="linear", sigma=sigma)
    without = fit(np.delete(years, 3), np.delete(values, 3), ("exponential",), loss="linear")
    np.testing.assert_allclose(
        less["exponential"].estimate, without["exponential"].estimate, atol=1e-3
    )


def test_errors_that_follow_one_another_count_as_fewer_points():
    random = np.random.default_rng(4)
    error = np.zeros(30)
    for i in range(1, 30):
        error[i] = 0.9 * error[i - 1] + 0.02 * random.standard_normal()
    t = np.arange(30.0)
    result = fit(t, 50 * np.exp(0.07 * t + error), curves=("exponential",))
    assert result.autocorrelation > 0.4
    rho = result.autocorrelation
    assert result.effective == pytest.approx(30 * (1 - rho) / (1 + rho))
    free = fit(*noisy("exponential", 30, 0.05, 4), curves=("exponential",))
    assert (free.autocorrelation, free.effective) == (0.0, 30.0)


def test_what_the_history_does_not_show_is_said():
    found = fitted("exponential", outlier=0.6)
    assert "gompertz: the history does not show ceiling" in found.message


# -- forecasts -----------------------------------------------------------------------------------


def test_a_forecast_is_the_average_over_curves_and_their_doubt():
    result = fitted("logistic", outlier=0.6)
    ahead = result.forecast([2020, 2030], np.random.default_rng(1))
    truth = levels("logistic", [20.0, 30.0])
    assert ahead.shares == (0.05, 0.5, 0.95)
    np.testing.assert_allclose(ahead.levels[:, 1], truth, rtol=0.05)
    width = np.log(ahead.levels[:, 2] / ahead.levels[:, 0]) / 2 / 1.645
    assert (width > result["logistic"].residual_sd * 0.9).all()
    again = result.forecast([2020, 2030], np.random.default_rng(1))
    np.testing.assert_array_equal(again.levels, ahead.levels)


def test_forecasts_of_curves_that_disagree_are_wide():
    years, values = noisy("logistic", 10, 0.03, 8)
    result = fit(years, values, curves=("exponential", "logistic", "gompertz"))
    used = [curve for curve, weight in result.weights.items() if weight > 0.05]
    alone = {
        curve: fit(years, values, curves=(curve,)).forecast([2020], np.random.default_rng(2))
        for curve in used
    }
    ends = np.array([one.levels[0] for one in alone.values()])
    both = result.forecast([2020], np.random.default_rng(2)).levels[0]
    assert len(used) > 1
    assert ends[:, 0].min() * 0.95 <= both[0] <= both[2] <= ends[:, 2].max() * 1.05


@pytest.mark.parametrize("draws", [1, 7, 50])
def test_few_draws_are_draws_as_well(draws):
    result = fitted("exponential", outlier=0.6)  # curves at the edge of what is searched
    ahead = result.forecast([2020], np.random.default_rng(3), draws=draws)
    assert np.isfinite(ahead.levels).all()
    assert 100 < ahead.levels[0, 1] < 400


def test_years_before_the_history_are_refused():
    result = fit([2014, 2015], [100.0, 101.8])
    for years in ([2013], [], [float("nan")]):
        with refused("argument_range"):
            result.forecast(years, np.random.default_rng(1))


@pytest.mark.slow
def test_nine_of_ten_futures_lie_inside_the_interval():
    inside, repeats = 0, 60
    for seed in range(repeats):
        years, values = noisy("logistic", 17, 0.05, seed)
        result = fit(years[:12], values[:12], curves=("exponential", "logistic", "gompertz"))
        ahead = result.forecast([years[-1]], np.random.default_rng(seed))
        inside += bool(ahead.levels[0, 0] < values[-1] < ahead.levels[0, 2])
    assert 0.75 <= inside / repeats <= 0.98


# -- short histories -----------------------------------------------------------------------------


@pytest.mark.parametrize(("points", "weight"), [(2, 0.030), (3, 0.058), (4, 0.084)])
def test_short_histories_fall_back_to_the_reference_class(points, weight):
    years, values = 2010.0 + np.arange(points), 50.0 * 1.10 ** np.arange(points)
    result = fit(years, values)
    assert (result.status, result.converged) == ("prior_dominated", True)
    assert result.message.startswith("prior-dominated")
    assert "us_industries" in result.message
    assert f"{100 * weight:.0f} %" in result.message
    assert result.data_weight == pytest.approx(weight, abs=0.001)
    prior = reference_prior()
    growth = prior.growth + result.data_weight * (np.log(1.1) - prior.growth)
    assert result["exponential"].parameters["rate"] == pytest.approx(np.expm1(growth))
    ahead = result.forecast([years[-1], years[-1] + 5], np.random.default_rng(1)).levels
    np.testing.assert_allclose(ahead[0], values[-1])
    assert ahead[1, 1] == pytest.approx(values[-1] * np.exp(5 * growth), rel=0.02)


def test_too_few_points_to_weigh_saturation_are_prior_dominated():
    years, values = noisy("logistic", 5, 0.03, 1)
    result = fit(years, values)
    assert result.status == "prior_dominated"
    assert [one.curve for one in result.fits if one.converged and one.curve != "exponential"]
    assert result.weights["exponential"] == 1.0


def test_the_prior_has_the_spread_of_the_class():
    """Five years ahead of two points, the interval is that of US industries around its median."""
    result = fit([2014, 2015], [100.0, 101.8])
    low, _, high = result.forecast([2020], np.random.default_rng(1)).levels[0] / 101.8
    for level, share in ((low, 0.05), (high, 0.95)):
        found = percentile("output_growth", 5, level**0.2 - 1).share_below
        assert found == pytest.approx(share, abs=0.03)


def test_another_class_and_another_prior_can_be_taken():
    since = reference_prior("chinese_sectors_since_2010")
    assert since.growth > reference_prior().growth
    given_prior = Prior(0.10, 0.02, 0.05, "own judgement")
    result = fit([2014, 2015], [100.0, 100.0], prior=given_prior)
    weight = 0.02**2 / (0.02**2 + 0.05**2)
    assert result.data_weight == pytest.approx(weight)
    assert np.log1p(result["exponential"].parameters["rate"]) == pytest.approx(0.1 * (1 - weight))
    assert "own judgement" in result.message


# -- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "path"),
    [
        ({"years": [2010, 2011], "values": [1.0]}, "wrong_length", "values"),
        ({"years": [2010], "values": [1.0]}, "argument_range", "years"),
        ({"years": [2011, 2010, 2012]}, "distribution_order", "years"),
        ({"years": [2010, 2010, 2012]}, "distribution_order", "years"),
        ({"values": [1.0, 0.0, 2.0]}, "must_be_positive", "values"),
        ({"values": [1.0, float("nan"), 2.0]}, "must_be_positive", "values"),
        ({"sigma": -1.0}, "must_be_positive", "sigma"),
        ({"curves": ("logistic", "cubic")}, "unknown_choice", "curves"),
        ({"curves": ()}, "unknown_choice", "curves"),
        ({"curves": ("logistic", "logistic")}, "duplicate_key", "curves"),
        ({"loss": "cauchy"}, "unknown_choice", "loss"),
    ],
)
def test_bad_histories_are_refused(arguments, code, path):
    usual = {"years": [2010, 2011, 2012], "values": [1.0, 1.1, 1.2]}
    with pytest.raises(InputError) as caught:
        fit(**{**usual, **arguments})
    assert (code, path) in {(fault.code, fault.path) for fault in caught.value.faults}


def test_everything_that_is_wrong_is_named_at_once():
    with pytest.raises(InputError) as caught:
        fit([2012, 2010], [1.0, -1.0], curves=("cubic",), loss="none")
    assert {fault.path for fault in caught.value.faults} == {"years", "values", "curves", "loss"}


@pytest.mark.parametrize(
    ("name", "quantity", "path"),
    [("cities", "output_growth", "reference_class"), ("us_industries", "va_rate", "quantity")],
)
def test_unknown_classes_are_refused(name, quantity, path):
    with pytest.raises(InputError) as caught:
        reference_prior(name, quantity)
    assert caught.value.faults[0].path == path


@pytest.mark.parametrize("quantity", ["labour_productivity_growth", "energy_intensity_change"])
def test_the_prior_of_a_ratio_has_the_spread_of_its_class_over_five_years(quantity):
    prior = reference_prior(quantity=quantity)
    five = np.sqrt(prior.sd**2 + prior.shock_sd**2 / 5)
    for score, share in ((-1.2816, 0.1), (0.0, 0.5), (1.2816, 0.9)):
        change = prior.growth + score * five
        value = np.expm1(5 * change if quantity.endswith("_change") else change)
        assert percentile(quantity, 5, value).share_below == pytest.approx(share, abs=0.03)
