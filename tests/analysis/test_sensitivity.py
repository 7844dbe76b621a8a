"""Sobol' indices against closed forms, inputs that add up, and a plan where one figure matters."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from scipy.stats import norm, sobol_indices

from plansim.analysis.futures import Question, blocks, lived, power_of_two, sample
from plansim.analysis.inputs import (
    LUCK,
    Input,
    averages,
    group_of,
    groups,
    pattern,
    source_of,
    units,
)
from plansim.analysis.sensitivity import (
    Sensitivity,
    correlation_ratio,
    indices,
    sensitivity,
    sorted_by,
)
from plansim.analysis.tornado import tornadoes
from plansim.scenarios.load import load
from plansim.simulator.change import changed
from plansim.simulator.door import Plan
from plansim.simulator.errors import InputError
from plansim.simulator.model import Model
from plansim.simulator.plan import Correlation, Uncertainty, figures
from plansim.simulator.run import run
from plansim.simulator.sampling import Array, Block, Resampled, centre

#: Of f = sin x₁ + 7 sin² x₂ + x₃⁴ sin x₁ / 10, uniform on ±π: V₁, V₂, V₁₃ in closed form.
V1 = 0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2
V2 = 7**2 / 8
V13 = 0.1**2 * np.pi**8 * (1 / 18 - 1 / 50)


def ishigami(x: Array) -> Array:
    return np.asarray(np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0]))


def designed(f: Callable[[Array], Array], a: Array, b: Array) -> tuple[Array, Array, Array]:
    """f at A, at B, and at A with one input from B. [(1, draw)], [(input, 1, draw)]"""
    crossed = []
    for i in range(len(a)):
        mixed = a.copy()
        mixed[i] = b[i]
        crossed.append(f(mixed)[None])
    return f(a)[None], f(b)[None], np.array(crossed)


def certain(plan: Plan, keep: str) -> Plan:
    """The plan with every figure at its median but one; what must add up gets no spread at all."""
    for path, figure in figures(plan):
        if isinstance(figure.value, Uncertainty) and path != keep:
            middle = centre(figure)
            low, high = sorted((middle * (1 - 1e-9), middle * (1 + 1e-9)))
            point = Uncertainty("uniform", low=low, high=high)
            adds_up = path.endswith((".base", ".high_tech"))
            value = point if adds_up and middle else middle
            plan = plan.with_(path, {"value": value, "unit": figure.unit})
    return plan


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("plans") / "mine"
    shutil.copytree(str(files("plansim.scenarios") / "template"), folder)
    return load(str(folder))


# -- estimators ------------------------------------------------------------------------------------


def test_indices_of_ishigami_are_those_of_its_closed_form() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.uniform(-np.pi, np.pi, (2, 3, 2**14))
    found = indices(*designed(ishigami, a, b))
    variance = V1 + V2 + V13
    first = np.array([V1, V2, 0.0]) / variance
    total = np.array([V1 + V13, V2, V13]) / variance
    assert found.first[0] == pytest.approx(first, abs=0.03)
    assert found.total[0] == pytest.approx(total, abs=0.03)
    assert (found.first_low <= found.first).all()
    assert (found.total <= found.total_high).all()


def test_intervals_of_an_additive_model_hold_the_truth_as_often_as_they_say() -> None:
    weights = np.array([3.0, 2.0, 1.0])
    truth = weights**2 / (weights**2).sum()
    held = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        a, b = rng.normal(size=(2, 3, 512))
        found = indices(*designed(lambda x: weights @ x, a, b), seed)
        held.append((found.first_low[0] <= truth) & (truth <= found.first_high[0]))
        held.append((found.total_low[0] <= truth) & (truth <= found.total_high[0]))
    assert 0.90 < np.mean(held) < 0.985


def test_estimates_are_scipys_and_intervals_as_wide_as_its_own() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(2, 3, 256))
    known = designed(lambda x: x[0] + x[1] * x[2], a, b)
    ours = indices(*known)
    theirs = sobol_indices(func=dict(zip(("f_A", "f_B", "f_AB"), known, strict=True)), n=256)
    assert ours.first[0] == pytest.approx(np.asarray(theirs.first_order), abs=1e-12)
    assert ours.total[0] == pytest.approx(np.asarray(theirs.total_order), abs=1e-12)
    spread = theirs.bootstrap(n_resamples=400).total_order.standard_error
    width = (ours.total_high - ours.total_low)[0] / (2 * norm.ppf(0.975))
    assert width == pytest.approx(np.asarray(spread), rel=0.25)


def test_what_does_not_vary_has_no_index() -> None:
    still = np.ones((1, 128))
    assert np.isnan(indices(still, still, still[None]).total).all()


def test_the_correlation_ratio_sees_what_a_correlation_does_not() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(3, 4096))
    ratio = correlation_ratio(sorted_by(x), (x[0] ** 2 + 0.1 * x[1])[None])[0]
    assert ratio[0] > 0.6
    assert ratio[2] < 0.005


@pytest.mark.parametrize(("draws", "rounded"), [(128, 128), (129, 256), (2000, 2048)])
def test_draws_are_rounded_up_to_a_power_of_two(draws: int, rounded: int) -> None:
    assert power_of_two(draws) == rounded


# -- inputs ----------------------------------------------------------------------------------------


def test_a_resampled_block_takes_only_its_own_streams_from_the_other_seed() -> None:
    crossed = Resampled(1, 0, 0, 128, 2, lambda name: name == "mine")
    own, other = Block(1, 0, 0, 128), Block(2, 0, 0, 128)
    for name, source in (("mine", other), ("not", own)):
        assert np.array_equal(crossed.normal(name, 3), source.normal(name, 3))
        assert np.array_equal(next(crossed.uniforms(name)), next(source.uniforms(name)))
        theirs = next(source.exponentials(name))
        assert np.array_equal(next(crossed.exponentials(name)), theirs)


def test_futures_are_those_of_run(plan: Plan) -> None:
    model = Model.of(plan)
    found = sample(model, 256, 3, 2)
    result = run(plan, draws=256, seed=3)
    first = result.kept.luck == 0
    assert np.array_equal(found.reads, result.kept.reads[:, first], equal_nan=True)
    assert np.array_equal(found.drivers, result.kept.drivers[:, first])


def test_every_input_resampled_is_the_other_seed_and_none_is_the_own(plan: Plan) -> None:
    model = Model.of(plan)
    block = next(blocks(128, 1))
    everything = Input("all", tuple(s for group in groups(model) for s in group.sources))
    other = lived(Question(model, next(blocks(128, 9)))).reads
    own = lived(Question(model, block)).reads
    assert np.array_equal(lived(Question(model, everything.resampled(block, 9))).reads, other)
    assert np.array_equal(lived(Question(model, Input("", ()).resampled(block, 9))).reads, own)


def test_groups_hold_every_uncertain_figure_once_and_luck_last() -> None:
    model = Model.of(load("yuyao-2016"))
    found = groups(model)
    sources = [source for group in found for source in group.sources]
    assert len(sources) == len(set(sources))
    assert set(model.sampler.uncertain) <= set(sources)
    assert found[-1].key == LUCK
    for tied in model.sampler.groups:
        assert sum(bool(set(tied.names) & set(group.sources)) for group in found) == 1


def test_correlated_figures_are_one_unit(plan: Plan) -> None:
    pair = tuple(Model.of(plan).sampler.uncertain)[:2]
    tied = replace(plan, parameter_correlations=(Correlation((pair[0], pair[1]), 0.5, "x"),))
    model = Model.of(tied)
    found = [unit for unit in units(model, groups(model)) if set(pair) & set(unit.sources)]
    assert [set(unit.sources) for unit in found] == [set(pair)]


@pytest.mark.parametrize(
    ("source", "group"),
    [
        ("clusters.robots.output.trend.rate", "clusters.*.output.trend"),
        ("clusters.robots.tags.high", "clusters.*.tags"),
        ("city.rd.base", "city.*.base"),
        ("programmes.town.queue.stages.land.time", "programmes.*.queue"),
        ("prices.output.luck.sd", "prices"),
        ("luck/clusters.robots.output", "luck"),
    ],
)
def test_groups_are_told_by_paths(source: str, group: str) -> None:
    assert group_of(source) == group


def test_streams_of_luck_are_told_by_whom_they_strike() -> None:
    assert source_of("luck.a/city.rd") == "luck/city.rd"
    assert source_of("luck.b/programmes.x.queue/applied") == "luck/delivery"
    assert source_of("luck.a/indicators.firms/exit") == "luck/firms"
    assert source_of("totals.output") == "totals.output"


def test_a_pattern_names_what_several_paths_share() -> None:
    names = ["clusters.a.output.trend.rate", "clusters.b.output.trend.rate", "city.x.trend.rate"]
    assert pattern(names) == "clusters.*.output.trend.rate"
    assert pattern(names[:1]) == names[0]


def test_averages_weigh_clusters_by_their_size() -> None:
    model = Model.of(load("yuyao-2016"))
    for weights in averages(model).values():
        assert sum(weights.values()) == pytest.approx(1.0)


# -- a plan ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def alone(plan: Plan) -> Sensitivity:
    """A plan in which the growth of one cluster is all that is not known, and luck."""
    only = certain(plan, "clusters.machinery.output.trend.rate")
    return sensitivity(only, ["machinery-output-2030"], draws=512, workers=2)


def test_one_figure_alone_carries_all_that_luck_does_not(alone: Sensitivity) -> None:
    target = alone.asked[0]
    total = {
        group.key: float(share)
        for group, share in zip(alone.groups, alone.by_group.total[target], strict=True)
    }
    luck, growth = total.pop("luck"), total.pop("clusters.*.output.trend")
    assert growth > 0.05
    assert luck + growth == pytest.approx(1.0, abs=0.1)
    assert max(total.values()) < 1e-9
    assert alone.by_group.first[target].sum() == pytest.approx(1.0, abs=0.2)


def test_the_tornado_moves_the_median_as_runs_with_the_figure_set(alone: Sensitivity) -> None:
    (told,) = tornadoes(alone)
    bar = next(bar for bar in told.bars if bar.is_set)
    assert bar.driver == "clusters.machinery.output.trend.rate"
    for value, read, met in (
        (bar.low, bar.low_read, bar.low_met),
        (bar.high, bar.high_read, bar.high_met),
    ):
        plan = changed(alone.model.plan, {bar.driver: {"value": value, "unit": "1/year"}})
        result = run(plan, draws=alone.draws, seed=alone.seed)
        first = result.kept.luck == 0
        reads = result.kept.reads[told.target][first]
        assert read == pytest.approx(float(np.median(reads)), rel=1e-12)
        goal = alone.model.goals[told.target]
        assert met == pytest.approx(float((reads >= goal.threshold - goal.tolerance).mean()))
    assert bar.high_read > told.read > bar.low_read


def test_nothing_depends_on_the_number_of_threads(plan: Plan) -> None:
    one, two = (sensitivity(plan, draws=128, workers=workers) for workers in (1, 2))
    assert np.array_equal(one.by_group.total, two.by_group.total, equal_nan=True)


def test_wrong_arguments_are_named_together(plan: Plan) -> None:
    with pytest.raises(InputError) as caught:
        sensitivity(plan, ["nonsense", "other"], "size")
    codes = [fault.code for fault in caught.value.faults]
    assert codes == ["unknown_target", "unknown_target", "unknown_choice"]
    with pytest.raises(InputError):
        sensitivity(plan, draws=3)


def test_luck_in_all_is_what_the_twins_of_a_run_say_of_parameters(plan: Plan) -> None:
    found = sensitivity(plan, output="met", draws=1024, seed=5, workers=2)
    result = run(plan, draws=4096, seed=6, workers=2)
    luck = [group.key for group in found.groups].index(LUCK)
    compared = 0
    for place, verdict in enumerate(result.judged):
        if verdict.parameter_share is not None and 0.15 < (verdict.probability or 0.0) < 0.85:
            total = found.by_group.total[place, luck]
            assert total == pytest.approx(1 - verdict.parameter_share, abs=0.1)
            compared += 1
    assert compared >= 4
