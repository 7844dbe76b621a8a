"""Distributions, copula, streams: the same numbers for the same names, whatever surrounds them."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import ndtr, ndtri

from plansim.simulator.errors import InputError
from plansim.simulator.memo import Memo
from plansim.simulator.plan import Correlation, Figure, Plan, Uncertainty, figures
from plansim.simulator.sampling import (
    FORMS,
    SCRAMBLINGS,
    STREAM_BLOCK,
    Block,
    Sampler,
    _beta_scores,
    centre,
    cholesky,
    correlate,
    ends,
    every_figure,
    faults_of,
    group,
    match,
    quantile,
    quantiles,
    stream,
)

#: A value for every parameter of a distribution.
EXAMPLE: dict[str, Any] = {
    "mean": 1.0, "sd": 0.5, "df": 5.0, "a": 2.0, "b": 3.0, "low": 0.5, "mode": 1.0, "high": 3.0,
    "p05": 0.5, "p50": 1.0, "p95": 3.0, "values": (1.0, 2.0, 4.0), "weights": (0.2, 0.5, 0.3),
}  # fmt: skip
SCORES = np.linspace(-4, 4, 801)
RANGE = st.floats(-100, 100)


def pert(low: float, mode: float, high: float) -> Any:
    span = high - low
    return stats.beta(1 + 4 * (mode - low) / span, 1 + 4 * (high - mode) / span, low, span)


@pytest.mark.parametrize(
    ("uncertainty", "truth"),
    [
        (Uncertainty("normal", mean=3, sd=2), stats.norm(3, 2)),
        (Uncertainty("normal", p05=-1, p95=5), stats.norm(2, 3 / ndtri(0.95))),
        (Uncertainty("lognormal", p50=8, p95=20), stats.lognorm(math.log(2.5) / ndtri(0.95), 0, 8)),
        (Uncertainty("lognormal", p05=2, p95=8), stats.lognorm(math.log(2) / ndtri(0.95), 0, 4)),
        (Uncertainty("uniform", low=-2, high=6), stats.uniform(-2, 8)),
        (Uncertainty("uniform", p05=0.5, p95=9.5), stats.uniform(0, 10)),
        (Uncertainty("triangular", low=1, mode=2, high=5), stats.triang(0.25, 1, 4)),
        (Uncertainty("triangular", low=1, mode=1, high=5), stats.triang(0, 1, 4)),
        (Uncertainty("triangular", low=1, mode=5, high=5), stats.triang(1, 1, 4)),
        (Uncertainty("pert", low=-0.12, mode=-0.06, high=0.0), pert(-0.12, -0.06, 0.0)),
        (Uncertainty("pert", low=0, mode=1, high=10), pert(0, 1, 10)),
        (Uncertainty("beta", a=2, b=5), stats.beta(2, 5)),
        (Uncertainty("beta", a=0.8, b=3, low=-1, high=3), stats.beta(0.8, 3, -1, 4)),
        (Uncertainty("t", mean=1, sd=2, df=5), stats.t(5, 1, 2 / math.sqrt(5 / 3))),
        (Uncertainty("t", p05=-1, p95=3, df=4), stats.t(4, 1, 2 / stats.t(4).ppf(0.95))),
    ],
    ids=lambda value: value.dist if isinstance(value, Uncertainty) else "",
)
def test_quantile_functions_agree_with_scipy(uncertainty: Uncertainty, truth: Any) -> None:
    expected = truth.ppf(ndtr(SCORES))
    span = truth.ppf(0.999) - truth.ppf(0.001)
    assert np.abs(quantile(uncertainty, SCORES) - expected).max() < 5e-5 * span
    assert centre(Figure(uncertainty, "judgement", "")) == pytest.approx(
        truth.median(), abs=1e-5 * span
    )


def test_quantiles_of_a_figure_by_their_shares() -> None:
    vague = Figure(Uncertainty("normal", mean=3, sd=2), "judgement", "")
    assert quantiles(vague, 0.05, 0.5, 0.95) == pytest.approx(
        stats.norm(3, 2).ppf([0.05, 0.5, 0.95])
    )
    assert quantiles(Figure(7.0, "stated", ""), 0.05, 0.95) == (7.0, 7.0)


def test_discrete_values_come_with_their_weights() -> None:
    die = Uncertainty("discrete", values=(1.0, 4.0, 9.0), weights=(1.0, 2.0, 1.0))
    drawn = quantile(die, ndtri((np.arange(1000) + 0.5) / 1000))
    assert [int((drawn == v).sum()) for v in (1, 4, 9)] == [250, 500, 250]


@given(st.lists(st.floats(0.1, 100), min_size=3, max_size=3, unique=True).map(sorted))
def test_three_quantiles_are_met(points: list[float]) -> None:
    p05, p50, p95 = points
    for dist in ("normal", "lognormal"):
        found = quantile(Uncertainty(dist, p05=p05, p50=p50, p95=p95), ndtri([0.05, 0.5, 0.95]))
        assert found == pytest.approx(points, rel=1e-9)


@given(RANGE, st.floats(0.01, 50), st.floats(0, 1), st.sampled_from(["pert", "triangular"]))
def test_bounded_distributions_rise_and_keep_to_their_bounds(
    low: float, span: float, share: float, dist: str
) -> None:
    high = low + span
    mode = min(low + share * span, high)
    drawn = quantile(Uncertainty(dist, low=low, mode=mode, high=high), np.linspace(-9, 9, 300))
    assert (np.diff(drawn) >= -1e-12 * span).all()
    assert (drawn >= low - 1e-9 * span).all()
    assert (drawn <= high + 1e-9 * span).all()


@pytest.mark.parametrize(
    ("uncertainty", "code"),
    [
        (Uncertainty("gauss", mean=1, sd=1), "unknown_distribution"),
        (Uncertainty("normal", mean=1), "distribution_form"),
        (Uncertainty("normal", mean=1, sd=1, p95=2), "distribution_form"),
        (Uncertainty("normal", mean=1, sd=-1), "must_be_positive"),
        (Uncertainty("uniform", low=2, high=1), "distribution_order"),
        (Uncertainty("uniform", low=1, high=1), "distribution_order"),
        (Uncertainty("pert", low=0, mode=2, high=1), "distribution_order"),
        (Uncertainty("lognormal", p05=-1, p95=1), "lognormal_positive"),
        (Uncertainty("t", mean=0, sd=1, df=2), "t_variance"),
        (Uncertainty("discrete", values=(1.0,), weights=(1.0, 2.0)), "discrete_weights"),
        (Uncertainty("discrete", values=(1.0,), weights=(-1.0,)), "discrete_weights"),
    ],
)
def test_a_wrong_distribution_is_a_fault(uncertainty: Uncertainty, code: str) -> None:
    assert code in [fault.code for fault in faults_of(uncertainty, "x")]


def test_every_form_can_be_drawn() -> None:
    numbers = {
        "mean": 2.0, "sd": 1.0, "df": 5.0, "a": 2.0, "b": 3.0, "low": 1.0, "mode": 2.0,
        "high": 4.0, "p05": 1.0, "p50": 2.0, "p95": 5.0, "values": (1.0, 2.0),
        "weights": (1.0, 1.0),
    }  # fmt: skip
    for dist, forms in FORMS.items():
        for form in forms:
            uncertainty = Uncertainty(dist, **{name: numbers[name] for name in form})  # type: ignore[arg-type]
            assert faults_of(uncertainty, "x") == []
            assert np.isfinite(quantile(uncertainty, SCORES)).all()


# -- correlation -----------------------------------------------------------------------------------


@given(st.integers(1, 8), st.integers(0, 2**32))
def test_the_cholesky_factor_is_numpys(size: int, seed: int) -> None:
    loadings = np.random.default_rng(seed).standard_normal((size, size + 2))
    covariance = loadings @ loadings.T + 0.1 * np.eye(size)
    scale = 1 / np.sqrt(np.diag(covariance))
    matrix = covariance * np.outer(scale, scale)
    assert cholesky(matrix) == pytest.approx(np.linalg.cholesky(matrix), abs=1e-10)


def test_impossible_correlations_are_refused() -> None:
    with pytest.raises(ValueError, match="not positive definite"):
        cholesky(np.array([[1.0, 1.2], [1.2, 1.0]]))
    pairs = {("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.9}
    with pytest.raises(InputError) as problem:
        group(["a", "b", "c"], pairs)
    assert [fault.code for fault in problem.value.faults] == ["correlations_impossible"]


def test_a_correlation_of_nothing_is_refused(plan: Plan, alter: Callable[..., Plan]) -> None:
    wrong = (Correlation(("clusters.*.outptu", "prices.output"), 0.1, ""),)
    with pytest.raises(InputError) as problem:
        Sampler.of(alter(plan, {"parameter_correlations": wrong}))
    assert problem.value.faults[0].code == "matches_nothing"


def test_correlated_scores_have_the_stated_correlations() -> None:
    matrix = np.array([[1.0, -0.43, -0.6], [-0.43, 1.0, 0.5], [-0.6, 0.5, 1.0]])
    scores = list(stream(1, 0, "x").standard_normal((3, 100_000)))
    correlate(cholesky(matrix), scores)
    assert np.corrcoef(scores) == pytest.approx(matrix, abs=0.015)
    assert np.std(scores, axis=1) == pytest.approx(1, abs=0.01)


def test_the_copula_keeps_margins_and_correlation(plan: Plan) -> None:
    sampler = Sampler.of(plan)
    paths = [f"clusters.{c}.output.trend.rate" for c in ("robots", "machines", "rest")]
    paths += ["clusters.robots.output.base", "clusters.machines.va_rate.base"]
    blocks = [sampler.draw(Block(1, number)) for number in range(12)]
    ranks = np.array([np.concatenate([np.asarray(b[path]) for b in blocks]) for path in paths])
    ranks = ndtri((ranks.argsort(axis=1).argsort(axis=1) + 0.5) / ranks.shape[1])
    found = np.corrcoef(ranks)
    assert found[:3, :3] == pytest.approx(0.3 + 0.7 * np.eye(3), abs=0.025)
    assert found[3, 4] == pytest.approx(-0.4, abs=0.025)
    assert found[:3, 3:] == pytest.approx(np.zeros((3, 2)), abs=0.025)
    growth = np.concatenate([np.asarray(b[paths[0]]) for b in blocks])
    assert stats.kstest(growth, stats.norm(0.10, 0.03).cdf).pvalue > 1e-3


def test_patterns_match_one_segment() -> None:
    names = ["clusters.a.output", "clusters.b.output", "clusters.a.energy", "city.rd", "clusters.x"]
    assert match("clusters.*.output", names) == {"a": names[0], "b": names[1]}
    assert match("city.rd", names) == {"": "city.rd"}
    assert match("clusters.*", names) == {"x": "clusters.x"}
    assert match("city.*.rd", names) == {}


# -- streams ---------------------------------------------------------------------------------------


@given(st.integers(0, 2**63 - 1), st.integers(0, 10**6), st.text(max_size=20))
def test_a_stream_is_its_address(seed: int, block: int, name: str) -> None:
    first = stream(seed, block, name).standard_normal(4)
    assert (first == stream(seed, block, name).standard_normal(4)).all()
    for other in ((seed + 1, block, name), (seed, block + 1, name), (seed, block, name + "x")):
        assert (first != stream(*other).standard_normal(4)).all()


@given(st.sampled_from(sorted(FORMS)), st.floats(0.1, 4))
def test_ends_are_quantiles(dist: str, score: float) -> None:
    for form in FORMS[dist]:
        given_values = {name: EXAMPLE[name] for name in form}
        uncertainty = Uncertainty(dist, **given_values)
        low, high = quantile(uncertainty, np.array([-score, score]))
        assert ends(uncertainty, score) == pytest.approx((low, high), abs=1e-5)


def test_figures_that_differ_by_a_factor_share_a_table() -> None:
    first = Uncertainty(
        "pert", low=0.9582477754962354, mode=1.5058179329226558, high=2.4640657084188913
    )
    quantile(first, SCORES)
    tables = _beta_scores.cache_info().misses
    for factor in (0.8, 1.5, 1.25):
        scaled = (
            value * factor for value in (first.low, first.mode, first.high) if value is not None
        )
        low, mode, high = scaled
        found = quantile(Uncertainty("pert", low=low, mode=mode, high=high), SCORES)
        assert found == pytest.approx(factor * quantile(first, SCORES), rel=1e-12)
    assert _beta_scores.cache_info().misses == tables


@pytest.mark.parametrize("block", [Block(1, 2), Block(1, 2, 128, 256), Block(1, 2, 1024, 3072)])
@pytest.mark.parametrize("rows", [0, 1, 3, 40])
def test_streams_drawn_together_are_those_drawn_alone(block: Block, rows: int) -> None:
    names = [f"n{n}" for n in range(20)]
    for name, numbers in zip(names, block.normals(names, rows), strict=True):
        assert numbers.shape == (rows, block.draws)
        assert np.array_equal(numbers, block.normal(name, rows))
    assert len(block.normals((), rows)) == 0


def test_uniform_numbers_go_on_and_are_those_of_their_lanes() -> None:
    whole, part = Block(1, 2), Block(1, 2, 1024, 3072)
    pieces = list(islice(whole.uniforms("a"), 40))
    for piece, lanes in zip(pieces, part.uniforms("a"), strict=False):
        assert np.array_equal(piece[:, 1024:3072], lanes)
    numbers = np.concatenate(pieces)
    assert numbers.dtype == np.float32
    assert 0 <= numbers.min() < 1e-5
    assert 1 - 1e-5 < numbers.max() < 1
    assert np.array_equal(np.rint(numbers * 2**24), numbers * 2**24)
    assert stats.kstest(numbers.ravel()[::40], "uniform").pvalue > 0.01
    assert abs(np.corrcoef(numbers[:-1].ravel(), numbers[1:].ravel())[0, 1]) < 0.005


def test_streams_are_independent_and_normal() -> None:
    names = [f"luck.a/clusters.{n}.output" for n in range(40)]
    table = np.array([Block(7, 3).normal(name, 5).ravel() for name in names])
    correlations = np.corrcoef(table)[np.triu_indices(len(names), 1)]
    assert np.abs(correlations).max() < 4.5 / math.sqrt(table.shape[1])
    assert stats.kstest(table.ravel(), "norm").pvalue > 1e-3


def test_normal_numbers_are_normal_up_to_their_tails() -> None:
    z = np.concatenate([Block(3, n).normal("x", 40) for n in range(25)]).astype(float)
    count, half = z.size, STREAM_BLOCK // 2
    for power, moment in enumerate((0, 1, 0, 3, 0, 15), start=1):
        error = math.sqrt(math.prod(range(1, 2 * power, 2)) / count)
        assert np.mean(z**power) == pytest.approx(moment, abs=4.5 * error)
    for bound in (1, 2, 3, 4):
        expected = count * (1 - ndtr(bound))
        for side in (z, -z):
            assert abs((side > bound).sum() - expected) < 4.5 * math.sqrt(expected)
    # the two halves of a row are made of the same words: nothing of it may be left
    left, right = z[:, :half].ravel(), z[:, half:].ravel()
    for one in (left, np.abs(left), left**2):
        for other in (right, np.abs(right), right**2):
            assert abs(np.corrcoef(one, other)[0, 1]) < 4.5 / math.sqrt(len(left))
    assert abs(np.corrcoef(z[:-1].ravel(), z[1:].ravel())[0, 1]) < 4.5 / math.sqrt(count)
    assert abs(np.corrcoef(z[:, :-1].ravel(), z[:, 1:].ravel())[0, 1]) < 4.5 / math.sqrt(count)


@pytest.mark.parametrize("size", [128, 512, 1024])
def test_a_part_of_a_block_holds_the_same_numbers(size: int) -> None:
    whole = Block(1, 2).normal("x", 3)
    waits = Block(1, 2).exponentials("y")
    expected = [next(waits) for _ in range(2)]
    for start in range(0, STREAM_BLOCK, size):
        part = Block(1, 2, start, start + size)
        assert (part.normal("x", 3) == whole[:, start : start + size]).all()
        for rows, wait in zip(expected, part.exponentials("y"), strict=False):
            assert (wait == rows[:, start : start + size]).all()


@pytest.mark.parametrize("sampler", ["independent", "sobol"])
def test_a_part_of_a_block_draws_the_same_parameters(plan: Plan, sampler: str) -> None:
    whole = Sampler.of(plan, sampler).draw(Block(1, 1))
    part = Sampler.of(plan, sampler).draw(Block(1, 1, 256, 512))
    for name, values in part.items():
        expected = whole[name]
        if isinstance(expected, np.ndarray):
            expected = expected[256:512]
        assert np.array_equal(values, expected), name


def test_a_new_parameter_moves_no_other(plan: Plan, alter: Callable[..., Plan]) -> None:
    more = alter(
        plan,
        {
            "clusters.robots.water.base": Uncertainty("normal", mean=5, sd=0.5),
            "city.more": plan.city["patents"],
            "programmes.more": plan.programmes["retrofits"],
        },
    )
    before, after = Sampler.of(plan).draw(Block(1, 0)), Sampler.of(more).draw(Block(1, 0))
    moved = {n for n, value in before.items() if not np.array_equal(value, after[n])}
    assert moved == {"clusters.robots.water.base"}


def test_a_parameter_made_certain_moves_no_other(plan: Plan, alter: Callable[..., Plan]) -> None:
    path = "clusters.robots.output.trend.rate"
    less = alter(plan, {path: 0.1})
    before, after = Sampler.of(plan).draw(Block(1, 0)), Sampler.of(less).draw(Block(1, 0))
    assert {n for n, value in before.items() if not np.array_equal(value, after[n])} == {path}


# -- Sobol' ----------------------------------------------------------------------------------------


def test_sobol_margins_are_even_in_every_scrambling(plan: Plan) -> None:
    sampler = Sampler.of(plan, "sobol")
    drawn = sampler.draw(Block(1, 0))
    name = "clusters.rest.labour.trend.rate"  # uniform from −0.06 to −0.02, in no correlated group
    share = (np.asarray(drawn[name]) + 0.06) / 0.04
    for scrambling in range(SCRAMBLINGS):
        mine = np.sort(share[scrambling::SCRAMBLINGS])
        assert (np.floor(mine * len(mine)) == np.arange(len(mine))).all()
    assert len(np.unique(share)) == len(share)


def test_sobol_blocks_continue_one_sequence(plan: Plan) -> None:
    sampler = Sampler.of(plan, "sobol")
    name = "clusters.rest.labour.trend.rate"
    first, second = (np.asarray(sampler.draw(Block(1, n))[name]) for n in (0, 1))
    share = (np.concatenate([first, second])[3::SCRAMBLINGS] + 0.06) / 0.04
    assert (np.floor(np.sort(share) * len(share)) == np.arange(len(share))).all()
    assert not np.array_equal(first, np.asarray(sampler.draw(Block(2, 0))[name]))


def test_an_unknown_sampler_is_refused(plan: Plan) -> None:
    with pytest.raises(InputError) as problem:
        Sampler.of(plan, "halton")
    assert problem.value.faults[0].path == "sampler"


def test_every_figure_is_found_entry_by_entry(queued: Plan) -> None:
    """As in one walk over the plan, in the same order, also where some were found before."""
    assert list(every_figure(queued).items()) == figures(queued)
    grants = replace(queued.programmes["grants"], additional=Figure(0.5, "judgement", ""))
    other = replace(queued, programmes={**queued.programmes, "grants": grants})
    memo = Memo()
    for plan in (queued, other, queued):
        with memo:
            assert list(every_figure(plan).items()) == figures(plan)
