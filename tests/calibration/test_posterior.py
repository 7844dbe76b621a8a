"""The posterior: closed forms, planted parameters, brute force, even ranks, planted bugs."""

from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plansim.benchmarks import sbc
from plansim.calibration import likelihood
from plansim.calibration.likelihood import HALF_YEAR, Forward, Scatter, log_density
from plansim.calibration.posterior import posterior, spoken, told
from plansim.calibration.scores import Normal, as_calibration, copula, identity_prior
from plansim.calibration.weighing import Prepared, effective, prepare, weigh
from plansim.scenarios.history import FIRST_HALF, Observation
from plansim.scenarios.load import load
from plansim.simulator.errors import InputError
from plansim.simulator.plan import Plan
from plansim.simulator.sampling import Sampler, stream
from plansim.tests.refusals import refused

ENERGY = "clusters.machinery.energy"
OUTPUT = "clusters.electronics.output"


@cache
def template(*changes: str) -> Plan:
    return load(str(files("plansim.scenarios") / "template"), "plan", changes)


#: Nobody has luck, so closed forms hold.
STILL = ("clusters.*.output.luck.sd=0", "clusters.*.output.luck.loading=0")


def seen(quantity, year, value, measure="level", sd=None, kind="flow"):
    return Observation(quantity, "", float(year), value, measure, sd, "made", 2, kind)


def figure(result, path):
    return next(f for f in result.figures if f.path == path)


# -- closed forms ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Linear:
    """Observations that are sums of scores: the posterior is known."""

    slopes: np.ndarray
    names: tuple[str, ...]

    def expected(self, scores, seed):
        return self.slopes @ scores

    def seen(self, scores, seed):
        luck = 0.8 * stream(seed, 0, "luck").standard_normal((2, len(self.slopes), scores.shape[1]))
        return tuple(self.expected(scores, seed) + part for part in luck)


def linear(draws=4096, seed=1):
    slopes = np.array([[1.0, 0.5, 0.0, 0.0], [0.0, 0.7, -0.4, 0.0]])
    forward = Linear(slopes, ("a", "b", "c", "d"))
    random = stream(seed, 0, "conjugate")
    z = random.standard_normal((4, draws))
    expected = forward.expected(z, seed)
    luck = np.concatenate([part - expected for part in forward.seen(z, seed + 1)], axis=1)
    scatter = Scatter.of(luck, np.array([0.3, 0.2]), random)
    return Prepared(template(), forward, None, Normal.standard(4), z, expected, scatter, seed)


def conjugate(slopes, covariance, values):
    """Mean and covariance of standard scores of which ``slopes`` times them was seen."""
    inner = np.linalg.inv(np.eye(slopes.shape[1]) + slopes.T @ np.linalg.inv(covariance) @ slopes)
    return inner @ slopes.T @ np.linalg.inv(covariance) @ values, inner


@pytest.mark.parametrize("values", [(0.4, -0.2), (4.0, 3.0)])
def test_a_linear_problem_has_the_conjugate_answer(values):
    prepared = linear()
    weighed = weigh(prepared, np.array(values))
    mean, covariance = conjugate(
        prepared.forward.slopes,
        prepared.scatter.covariance,
        np.array(values) - prepared.scatter.mean,
    )
    got, sd = weighed.law.of(np.eye(4))
    np.testing.assert_allclose(got, mean, atol=0.07)
    np.testing.assert_allclose(sd, np.sqrt(np.diag(covariance)), atol=0.03)
    assert weighed.converged
    assert weighed.share > 0.95
    assert got[3] == 0.0  # nothing was seen of it
    assert sd[3] == 1.0
    assert weighed.powers == tuple(sorted(weighed.powers))


def test_the_tails_of_luck_are_those_of_a_student_t():
    from scipy import stats

    x = np.linspace(-8, 8, 33)
    scale = np.sqrt(4.5 / 6.5)
    np.testing.assert_allclose(
        log_density(x, 6.5), stats.t.logpdf(x / scale, 6.5) - np.log(scale), rtol=1e-12
    )
    np.testing.assert_allclose(log_density(x, np.inf), stats.norm.logpdf(x), rtol=1e-12)
    random = np.random.default_rng(3)
    luck = scale * random.standard_t(6.5, (1, 200_000))
    scatter = Scatter.of(luck, np.array([0.01]), random)
    assert 5.0 < scatter.freedom[0] < 9.0
    assert scatter.covariance[0, 0] == pytest.approx(1.0, abs=0.03)


def test_a_base_year_level_is_updated_as_lognormal_figures_are():
    sd = np.log(0.15 / 0.06) / (2 * 1.6448536)  # of the prior, lognormal
    middle = np.log(0.06 * 0.15) / 2
    error = 0.2
    result = posterior(template(), [seen(f"{ENERGY}", 2025, 0.15, sd=0.15 * error)], 4096)
    found = figure(result, f"{ENERGY}.base")
    weight = sd**2 / (sd**2 + error**2)
    assert found.moved == pytest.approx(weight * (np.log(0.15) - middle) / sd, abs=0.03)
    assert found.spread == pytest.approx(np.sqrt(1 - weight), abs=0.02)
    assert result.checks[0].weight == pytest.approx(weight, abs=0.02)
    assert found.posterior[1] == pytest.approx(np.exp(middle + sd * found.moved), rel=1e-6)
    assert found.by == "observations"


def test_base_year_growth_is_trend_plus_a_year_of_luck():
    """Without luck the trend and the measurement share the doubt; with it the prior dominates."""
    growth = [seen(OUTPUT, 2025, 0.12, "growth", sd=0.03)]
    prices = ("prices.output.trend.rate=0", "prices.output.luck.sd=0.0000001")
    quiet = posterior(template(*STILL, *prices, "assumptions.output_prices=constant"), growth, 4096)
    found = figure(quiet, f"{OUTPUT}.trend.rate")
    weight = 0.028**2 / (0.028**2 + 0.03**2)
    assert found.moved == pytest.approx(weight * (0.12 - 0.07) / 0.028, abs=0.06)
    assert found.spread == pytest.approx(np.sqrt(1 - weight), abs=0.03)
    lively = posterior(template(), growth, 4096)
    assert 0.04 < lively.checks[0].weight < 0.14
    assert figure(lively, f"{OUTPUT}.trend.rate").by == "prior_dominated"


def test_years_before_the_base_year_mirror_those_after_it():
    """Exponential output without luck: growth is the trend's in every year."""
    years = [2022, 2025, 2026]
    rows = [seen(OUTPUT, year, 0.07, "growth") for year in years]
    rows += [seen(OUTPUT, 2023, 300.0), seen(OUTPUT, 2026.5, 140.0)]
    plan = template("programmes.upgrading.active=false", "assumptions.output_prices=constant")
    forward = Forward.of(plan, rows)
    z = np.zeros((len(forward.names), 3))
    z[forward.names.index(f"{OUTPUT}.trend.rate")] = [-1.0, 0.0, 1.0]
    sampler = forward.ahead.sampler
    got = forward.expected(np.linalg.solve(copula(sampler, forward.names), z), 1)
    rate = np.log1p(0.07 + 0.028 * np.array([-1.0, 0.0, 1.0]))
    np.testing.assert_allclose(got[:3], np.tile(rate, (3, 1)), atol=1e-9)
    level = np.log(300.0)  # the pert's median, nearly
    np.testing.assert_allclose(got[3], level - 2 * rate, atol=1e-3)
    np.testing.assert_allclose(got[4], level + 0.75 * rate, atol=1e-3)
    shown = forward.levels(got)
    np.testing.assert_allclose(shown[4], FIRST_HALF * np.exp(got[4]))
    assert forward.values()[4] == pytest.approx(np.log(140.0 / FIRST_HALF))


def test_half_years_have_the_luck_of_a_brownian_path():
    random = np.random.default_rng(5)
    steps, years = 40, 4
    path = np.cumsum(random.standard_normal((20_000, steps * years)), axis=1) / np.sqrt(steps)
    path = path.reshape(-1, years, steps)
    whole, half, end, middle = path.mean(2), path[..., : steps // 2].mean(2), path[..., -1], 0
    middle = path[..., steps // 2 - 1]
    flow = half[:, 3] - (0.75 * whole[:, 3] + 0.25 * whole[:, 2])
    before = half[:, 2] - (0.75 * whole[:, 2] + 0.25 * whole[:, 1])
    stock = middle[:, 3] - (end[:, 3] + end[:, 2]) / 2
    earlier = middle[:, 2] - (end[:, 2] + end[:, 1]) / 2
    year = (whole[:, 3] - whole[:, 2]).std(), (end[:, 3] - end[:, 2]).std()
    found = {
        ("flow", "level"): flow.std() / year[0],
        ("flow", "growth"): (flow - before).std() / year[0],
        ("stock", "level"): stock.std() / year[1],
        ("stock", "growth"): (stock - earlier).std() / year[1],
    }
    for key, share in found.items():
        assert HALF_YEAR[key] == pytest.approx(share, abs=0.02), key


# -- the engine, by brute force --------------------------------------------------------------------


def test_luck_that_is_integrated_out_agrees_with_luck_that_is_simulated():
    """Prior draws with their own luck, weighted by the error of measurement alone."""
    rows = [
        seen(OUTPUT, 2025, 0.16, "growth", sd=0.03),
        seen(OUTPUT, 2027, 420.0, sd=25.0),
    ]
    prepared = prepare(template(), rows, 16_384, identities=False)
    values = prepared.forward.values()
    lives = prepared.forward.seen(prepared.z, 99)
    apart = [(life - values[:, None]) / prepared.forward.errors()[:, None] for life in lives]
    weight = sum(np.exp(-0.5 * (a**2).sum(axis=0)) for a in apart)
    weight /= weight.sum()
    assert effective(weight) > 500
    few = replace(prepared, z=prepared.z[:, :4096], expected=prepared.expected[:, :4096])
    law = weigh(few, values).law
    mean, sd = law.of(np.eye(len(few.z)))
    for name in (f"{OUTPUT}.trend.rate", f"{OUTPUT}.base"):
        row = prepared.forward.names.index(name)
        brute = float(prepared.z[row] @ weight)
        spread = float(np.sqrt((prepared.z[row] - brute) ** 2 @ weight))
        assert mean[row] == pytest.approx(brute, abs=0.1), name
        assert sd[row] == pytest.approx(spread, abs=0.07), name
        assert abs(brute) > 0.15, name


def test_planted_parameters_are_found_again():
    """A place whose trend and base are not what was thought, seen for five years with luck."""
    plan = template("clusters.electronics.output.luck.sd=0.02")
    rows = [seen(OUTPUT, year, 300.0, sd=3.0) for year in range(2025, 2031)]
    prepared = prepare(plan, rows, 4096)
    places = [prepared.forward.names.index(f"{OUTPUT}.{p}") for p in ("base", "trend.rate")]
    truth = np.zeros((len(prepared.z), 1))
    truth[places] = [[1.5], [-1.5]]
    truth = np.linalg.solve(copula(prepared.forward.ahead.sampler, prepared.forward.names), truth)
    lived = prepared.forward.seen(np.repeat(truth, 64, axis=1), 5)[0]
    values = prepared.forward.levels(lived)[:, 7]
    told_of = [replace(o, value=float(v)) for o, v in zip(rows, values, strict=True)]
    result = posterior(plan, told_of, 4096)
    assert result.converged
    assert result.share > 0.7
    for name, score, most in ((f"{OUTPUT}.base", 1.5, 0.35), (f"{OUTPUT}.trend.rate", -1.5, 0.9)):
        found = figure(result, name)
        assert abs(found.moved - score) < 2.5 * found.spread, name
        assert found.spread < most, name
        assert found.by in ("observations", "both")


def test_an_observation_far_out_is_reached_in_steps_and_called_rare():
    result = posterior(template(), [seen(ENERGY, 2025, 0.35, sd=0.004)], 2048)
    assert result.powers[0] < 1.0
    assert result.powers[-1] == 1.0
    assert result.converged
    assert result.checks[0].tail_prior < 0.01
    low, _, high = result.checks[0].posterior
    assert low < 0.35 < high


@pytest.mark.parametrize(
    "row", [seen(OUTPUT, 2025, 9000.0, sd=1.0), seen(ENERGY, 2026, 1e-5, sd=1e-8)]
)
def test_what_nothing_possible_comes_near_is_not_used(row):
    """A base of 250 to 350 is never 9000; energy a thousand times too low is a wrong unit."""
    result = posterior(template(), [row], 1024)
    assert [check.observation for check in result.unexplained] == [row]
    assert not result.usable


def test_figures_that_the_engine_refuses_end_the_search():
    """Past some stage every draw is refused: the stage before stands, unconverged."""

    class Broken(Linear):
        def expected(self, scores, seed):
            if seed > 2:
                raise InputError.of("not_finite", "x", value=0.0)
            return super().expected(scores, seed)

    prepared = linear(1024)
    broken = Broken(prepared.forward.slopes, prepared.forward.names)
    weighed = weigh(replace(prepared, forward=broken), np.array([9.0, -9.0]))
    assert not weighed.converged
    assert weighed.weight.sum() == pytest.approx(1.0)
    assert weighed.law.mean.any()


# -- what the identities say -----------------------------------------------------------------------


def test_the_prior_after_the_identities_is_what_was_reconciled():
    from plansim.calibration.baselines import baselines_of

    plan = template()
    reconciled = baselines_of(plan)
    sampler = Sampler.of(plan)
    law = identity_prior(sampler, reconciled)
    mean, sd = law.of(copula(sampler, sampler.scored))
    rows = {known.path: i for i, known in enumerate(reconciled.known)}
    checked = 0
    for i, name in enumerate(sampler.scored):
        if name in rows and reconciled.known[rows[name]].sd > 0:
            known = reconciled.known[rows[name]]
            spread = np.sqrt(reconciled.covariance[rows[name], rows[name]]) / known.sd
            assert mean[i] == pytest.approx(reconciled.moved[rows[name]], abs=1e-9)
            assert sd[i] == pytest.approx(spread, abs=1e-7)
            checked += 1
        elif ".trend." in name:
            assert (mean[i], sd[i]) == pytest.approx((0.0, 1.0), abs=1e-12)
    assert checked > 5


def test_figures_that_cannot_hold_together_are_refused():
    plan = template("totals.va_rate=40", "clusters.*.va_rate.base=0.2")
    with refused("baselines_conflict"):
        posterior(plan, [], 1024)


def test_without_observations_only_the_identities_speak():
    result = posterior(template(), [], 1024)
    assert result.converged
    assert {f.by for f in result.figures} <= {"identities", "prior_dominated"}
    assert any(f.by == "identities" for f in result.figures)
    alone = posterior(template(), [], 1024, identities=False)
    assert alone.calibration.names == ()
    assert all(f.moved == 0 and f.spread == pytest.approx(1) for f in alone.figures)


# -- even ranks ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_conjugate_ranks_are_even_over_a_thousand_truths():
    found = sbc.ranked(linear(8192), 1000, each=1024)
    assert set(found.ranks) == {"a", "b", "c", "d", "log-likelihood"}
    assert found.p > sbc.PASSES
    assert found.share > 0.95


@pytest.mark.parametrize("bug", sbc.BUGS)
def test_a_bug_planted_into_the_conjugate_case_is_found(bug):
    prepared = linear(8192)
    assert sbc.ranked(prepared, 200, believed=sbc.BUGS[bug](prepared), each=1024).p < 1e-3


@cache
def watched() -> Prepared:
    plan = template()
    return prepare(plan, sbc.watched(plan), 4096)


@pytest.mark.slow
def test_ranks_of_the_engine_are_even():
    assert sbc.ranked(watched(), 100, each=1024).p > sbc.PASSES


@pytest.mark.slow
@pytest.mark.parametrize("bug", sbc.BUGS)
def test_a_bug_planted_into_the_engine_is_found(bug):
    bugged = sbc.BUGS[bug](watched())
    assert sbc.ranked(watched(), 40, believed=bugged, each=1024).p < sbc.PASSES


def test_even_ranks_pass_and_uneven_ones_do_not():
    random = np.random.default_rng(1)
    even = random.integers(0, sbc.AMONG + 1, 1000)
    assert min(sbc.evenness(even).values()) > 0.01
    assert sbc.evenness(np.minimum(even + 12, sbc.AMONG))["mean"] < 1e-3
    assert sbc.evenness(np.clip(2 * even - 64, 0, sbc.AMONG))["spread"] < 1e-3


# -- what is said ----------------------------------------------------------------------------------


@given(st.floats(-3, 3), st.floats(0, 2))
@settings(max_examples=50)
def test_a_figure_is_prior_dominated_where_it_neither_moved_nor_narrowed(shift, spread):
    by_data = told(shift, spread)
    assert by_data == (not (spread > 0.9 and abs(shift) < 0.25))
    assert (spoken(False, by_data) == "prior_dominated") == (not by_data)
    assert spoken(True, by_data) == ("both" if by_data else "identities")


def test_what_lies_too_far_back_is_left_out_and_named():
    old = seen(OUTPUT, 2025 - likelihood.BEFORE, 0.1, "growth")
    kept = seen(OUTPUT, 2026 - likelihood.BEFORE, 0.1, "growth")
    result = posterior(template(), [old, kept], 1024)
    assert result.unused == (old,)
    assert [check.observation for check in result.checks] == [kept]


def test_all_arguments_out_of_range_are_named_at_once():
    with pytest.raises(InputError) as caught:
        posterior(template(), [], 10, -1)
    assert [fault.path for fault in caught.value.faults] == ["--draws", "--seed"]


def test_the_answer_repeats_and_depends_on_the_seed():
    rows = [seen(OUTPUT, 2026, 330.0, sd=10.0)]
    one, two, other = (posterior(template(), rows, 1024, seed) for seed in (1, 1, 2))
    assert one.calibration == two.calibration
    assert one.calibration != other.calibration
    assert as_calibration(("a",), Normal.standard(1)).names == ()
