"""Normal laws of scores, and the calibration that a run draws by."""

from dataclasses import replace
from functools import cache
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plansim.calibration.scores import Normal, as_calibration, copula
from plansim.scenarios.load import load
from plansim.simulator.plan import Calibration, Plan
from plansim.simulator.run import run
from plansim.simulator.sampling import Block, Sampler
from plansim.tests.refusals import refused


@cache
def template() -> Plan:
    return load(str(files("plansim.scenarios") / "template"))


def law(size, along, seed):
    """A law that differs from the standard one along some directions."""
    random = np.random.default_rng(seed)
    directions = np.linalg.qr(random.standard_normal((size, along)))[0]
    root = random.standard_normal((along, along)) / 2
    return Normal(directions, random.standard_normal(along), root @ root.T + 0.05 * np.eye(along))


def dense(normal):
    """Mean and covariance of all scores."""
    away = normal.covariance - np.eye(len(normal.mean))
    size = len(normal.directions)
    covariance = np.eye(size) + normal.directions @ away @ normal.directions.T
    return normal.directions @ normal.mean, covariance


seeds = st.integers(0, 10_000)
few = settings(max_examples=25)


@given(seeds, st.integers(1, 4), st.integers(1, 3))
@few
def test_laws_follow_one_another_as_normal_laws_do(seed, first, second):
    one, two = law(6, first, seed), law(6, second, seed + 1)
    mean1, covariance1 = dense(one)
    mean2, covariance2 = dense(two)
    values, vectors = np.linalg.eigh(covariance1)
    root = (vectors * np.sqrt(values)) @ vectors.T
    mean, covariance = dense(one.then(two))
    np.testing.assert_allclose(mean, mean1 + root @ mean2, atol=1e-9)
    np.testing.assert_allclose(covariance, root @ covariance2 @ root, atol=1e-9)


@given(seeds)
@few
def test_means_and_spreads_are_those_of_the_covariance(seed):
    one = law(5, 3, seed)
    matrix = np.random.default_rng(seed).standard_normal((4, 5))
    mean, sd = one.of(matrix)
    whole = dense(one)
    np.testing.assert_allclose(mean, matrix @ whole[0], atol=1e-9)
    np.testing.assert_allclose(sd**2, np.diag(matrix @ whole[1] @ matrix.T), atol=1e-9)


@given(seeds)
@few
def test_draws_come_with_the_ratio_of_their_densities(seed):
    from scipy.stats import multivariate_normal

    one = law(4, 2, seed)
    drawn, ratio = one.draw(50, np.random.default_rng(seed))
    mean, covariance = dense(one)
    standard = multivariate_normal(np.zeros(4), np.eye(4)).logpdf(drawn.T)
    own = multivariate_normal(mean, covariance).logpdf(drawn.T)
    np.testing.assert_allclose(ratio, standard - own, atol=1e-7)


def test_a_calibration_draws_what_its_law_draws():
    plain = Sampler.of(template())
    names = plain.scored
    normal = law(len(names), 4, 3)
    told = Sampler.of(replace(template(), calibration=as_calibration(names, normal)))
    block = Block(1, 0)
    z = np.array([block.normal(name, 1)[0] for name in names], dtype=float)
    expected = copula(plain, names) @ normal.scores(z)
    got = told.scores(block)
    np.testing.assert_allclose([got[name] for name in names], expected, atol=1e-9)


def nothing(plan: Plan, names: tuple[str, ...]) -> Plan:
    """A calibration that moves nothing."""
    direction = (1.0, *(0.0 for _ in names[1:]))
    return replace(plan, calibration=Calibration(names, (direction,), (0.0,), (1.0,)))


@pytest.mark.parametrize("sampler", ["independent", "sobol"])
def test_a_calibration_that_moves_nothing_changes_no_bit(sampler):
    plan = template()
    names = Sampler.of(plan).scored[:3]
    one = run(plan, draws=256, sampler=sampler)
    two = run(nothing(plan, names), draws=256, sampler=sampler)
    np.testing.assert_array_equal(one.kept.reads, two.kept.reads)
    np.testing.assert_array_equal(one.kept.drivers, two.kept.drivers)


@pytest.mark.parametrize("sampler", ["independent", "sobol"])
def test_calibrated_draws_do_not_depend_on_the_block(sampler):
    plan = template()
    names = Sampler.of(plan).scored
    calibrated = replace(plan, calibration=as_calibration(names, law(len(names), 5, 1)))
    drawer = Sampler.of(calibrated, sampler)
    whole, part = drawer.scores(Block(1, 0)), drawer.scores(Block(1, 0, 256, 512))
    for name in names:
        np.testing.assert_array_equal(whole[name][256:512], part[name])


def test_a_figure_made_certain_stays_certain_and_moves_no_other():
    plan = template()
    names = Sampler.of(plan).scored
    calibration = as_calibration(names, law(len(names), 3, 2))
    settled = load(
        str(files("plansim.scenarios") / "template"), "plan", ["clusters.machinery.energy.base=0.1"]
    )
    one, two = (
        Sampler.of(replace(p, calibration=calibration)).draw(Block(1, 0)) for p in (plan, settled)
    )
    assert two["clusters.machinery.energy.base"] == 0.1
    for name in set(names) - {"clusters.machinery.energy.base"}:
        np.testing.assert_array_equal(one[name], two[name])


@pytest.mark.parametrize(
    "wrong",
    [
        {"names": ("nowhere",)},
        {"directions": ((0.5,),)},
        {"directions": ((1.0, 0.0),)},
        {"shift": (0.0, 1.0)},
        {"scale": (-1.0,)},
        {"shift": (float("nan"),)},
    ],
)
def test_a_calibration_that_does_not_fit_is_refused(wrong):
    fine = Calibration(("clusters.machinery.energy.base",), ((1.0,),), (0.3,), (0.5,))
    assert Sampler.of(replace(template(), calibration=fine)).calibration == fine
    with refused("calibration_unfit"):
        Sampler.of(replace(template(), calibration=replace(fine, **wrong)))


def test_what_is_calibrated_moves_the_verdict():
    """Electronics grows by three standard deviations more: its target becomes likelier."""
    plan = template()
    path = "clusters.electronics.output.trend.rate"
    faster = replace(plan, calibration=Calibration((path,), ((1.0,),), (3.0,), (0.5,)))
    before, after = (
        next(v for v in run(p, draws=512).judged if v.target == "electronics-output-2030")
        for p in (plan, faster)
    )
    assert after.probability > before.probability + 0.2
