"""Eq. 4a: paths follow their class, sums keep their median, and bits are nobody's business."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr

from plansim.simulator import law, paths
from plansim.simulator.classes import CommonModel, Own, ReferenceClass
from plansim.simulator.dynamics import luck_paths
from plansim.simulator.errors import InputError
from plansim.simulator.future import draw_parameters
from plansim.simulator.model import Model
from plansim.simulator.plan import Figure, Plan, Switch
from plansim.simulator.sampling import STREAM_BLOCK, Array, Block
from plansim.simulator.whatif import WhatIf

Alter = Callable[..., Plan]

WALK = CommonModel(Own(0.2, 0.96, 1.0, 0.0, 0.0), 1.0, 4.0)
BACK = CommonModel(Own(0.0, 0.96, 0.8, 0.0, 0.0), 0.9, 1.0)
OUTPUT = ReferenceClass(
    own=Own(0.25, 0.97, 1.0, 0.3, 0.6),
    shock_sd=0.08 / 1.13,
    common_sd=0.04,
    common=(WALK, BACK),
    correlation=1.0,
    widening=((1.0, 1.15), (3.0, 1.2), (10.0, 1.2)),
    freedom=5.0,
    source="invented",
)
RATE = replace(
    OUTPUT, own=Own(0.0, 0.0, 0.99, 1.7, 0.4), shock_sd=0.06, common_sd=0.02, correlation=0.4
)
CLASSES = {"output": OUTPUT, "va_rate": RATE, "energy_intensity": RATE}
NAME = "clusters.robots.output"


def on_paths(plan: Plan) -> Plan:
    """The plan under the law of paths."""
    law_of: Switch[Literal["annual", "paths"]] = Switch("paths", "a test", "invented")
    return replace(plan, assumptions=replace(plan.assumptions, law=law_of), classes=CLASSES)


def luck_of(plan: Plan, block: Block, luck: str = "a") -> dict[str, Array]:
    """n of every quantity. [(year, draw)]"""
    model = Model.of(plan)
    draw = draw_parameters(model, block)
    given = (
        model.layout,
        draw.p,
        draw.sds,
        model.law,
        draw.shocks[luck],
        luck,
        draw.shared.get(luck),
    )
    return {name: n.astype(float) for name, n in luck_paths(*given)}


def many(plan: Plan, luck: str = "a", blocks: int = 8) -> dict[str, Array]:
    found = [luck_of(plan, Block(1, number), luck) for number in range(blocks)]
    return {name: np.concatenate([one[name] for one in found], axis=1) for name in found[0]}


# -- the processes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("own", [OUTPUT.own, RATE.own, WALK.part, BACK.part])
def test_states_and_what_comes_later_are_the_processes_that_they_stand_for(own: Own) -> None:
    """Λ P Λᵀ + L Lᵀ against the three processes, simulated a year at a time."""
    random, draws, years = np.random.default_rng(1), 200_000, 6
    spread = np.sqrt(np.diag(law.states_covariance(own)))
    n, p, tau = spread[:, None] * random.standard_normal((3, draws))
    start, g, found = n + p, np.zeros(draws), []
    for _ in range(years):
        n = own.persistence * n + random.standard_normal(draws)
        left = np.sqrt(own.passing * (1.0 - own.passing_persistence**2))
        p = own.passing_persistence * p + left * random.standard_normal(draws)
        fresh = own.trend_sd * np.sqrt(1.0 - own.trend_persistence**2)
        tau = own.trend_persistence * tau + fresh * random.standard_normal(draws)
        g = g + tau
        found.append(n + p + g - start)
    way = law.reach(own, years)
    expected = way @ law.states_covariance(own) @ way.T + law.later_covariance(own, years)
    assert np.cov(np.array(found)) == pytest.approx(expected, rel=0.03, abs=0.02 * expected.max())
    assert expected[0, 0] == pytest.approx(replace(OUTPUT, own=own).annual_sd() ** 2)


@pytest.mark.parametrize("own", [OUTPUT.own, RATE.own])
def test_the_first_years_of_a_factor_do_not_depend_on_the_others(own: Own) -> None:
    few, lots = law.later_factor(own, 5), law.later_factor(own, 25)
    assert (lots[:5, :5] == few).all()
    assert lots @ lots.T == pytest.approx(law.later_covariance(own, 25))


# -- the law of the engine -------------------------------------------------------------------------


def test_the_quantiles_are_those_of_the_class(plan: Plan, alter: Alter) -> None:
    """One quantity of a certain trend, at one, five and ten years: a scale mixture."""
    certain = alter(plan, {f"{NAME}.trend.rate": Figure(0.05, "judgement", "")})
    scaled = alter(certain, {f"{NAME}.luck.sd": Figure(0.08, "judgement", "")})
    model = Model.of(on_paths(scaled))
    n = many(model.plan)[NAME]
    sd = np.concatenate([draw_parameters(model, Block(1, k)).sds[NAME] for k in range(8)])
    random = np.random.default_rng(2)
    for year in (0, 4, 9):
        own = np.sqrt(paths.variance(OUTPUT, True, 10)[year]) * sd / OUTPUT.annual_sd()
        own = np.resize(own, 400_000)
        chi = random.chisquare(5.0, len(own))
        mixed = own * np.sqrt(3.0 / chi) * random.standard_normal(len(own))
        common = np.zeros(len(own))
        share = random.random(len(own)) < 0.8
        for each, chosen in ((WALK, share), (BACK, ~share)):
            way = law.reach(each.part, 10)
            whole = way @ law.states_covariance(each.part) @ way.T
            whole = whole + law.later_covariance(each.part, 10)
            spread = 0.04 * np.sqrt(each.variance * whole[year, year])
            common[chosen] = spread * random.standard_normal(int(chosen.sum()))
        expected, scale = mixed + common, np.std(mixed + common)
        moved = n[year] - np.median(n[year])
        for level in (0.05, 0.25, 0.75, 0.95):
            apart = np.quantile(moved, level) - np.quantile(expected, level)
            assert abs(apart) < 0.05 * scale, (year, level)


def test_given_its_parameters_a_path_is_gaussian(plan: Plan) -> None:
    """So the probability of a target on one quantity is Φ, draw by draw."""
    model = Model.of(on_paths(plan))
    ranks = []
    for number in range(8):
        block = Block(1, number)
        draw = draw_parameters(model, block)
        part, common = draw.shared["a"].own[NAME], draw.shared["a"].common["output"]
        n = luck_of(model.plan, block)[NAME]
        mean = part.expected[4].astype(float) + common.expected[4]
        own = part.scale[4].astype(float) ** 2 * (part.lower[4] ** 2).sum()
        shared = (common.lower[common.model, 4] ** 2).sum(axis=1)
        ranks.append(ndtr((n[4] - mean) / np.sqrt(own + shared)))
    assert stats.kstest(np.concatenate(ranks), "uniform").pvalue > 0.01


def test_both_sets_of_luck_share_scale_states_and_model(plan: Plan) -> None:
    """The size of luck is shared, so squares go together; its sign is not but for the states."""
    one, other = many(on_paths(plan), "a"), many(on_paths(plan), "b")
    name = "clusters.robots.va_rate"
    a, b = one[name][0], other[name][0]
    rank = stats.spearmanr(np.abs(a), np.abs(b)).statistic
    assert rank > 0.05
    own = Own(0.0, 0.0, 0.99, 1.7, 0.4)
    states = law.reach(own, 1) @ law.states_covariance(own) @ law.reach(own, 1).T
    expected = float(states[0, 0]) / RATE.annual_sd() ** 2
    assert stats.spearmanr(a, b).statistic == pytest.approx(expected, abs=0.12)
    output = np.corrcoef(one[NAME][-1], one["clusters.rest.output"][-1])[0, 1]
    assert 0.05 < output < 0.6


def test_what_has_no_class_keeps_its_annual_luck(plan: Plan) -> None:
    old, new = luck_of(plan, Block(1, 0, 0, 64)), luck_of(on_paths(plan), Block(1, 0, 0, 64))
    for name, n in old.items():
        classed = name.rpartition(".")[2] in paths.CLASS_OF and name.startswith("clusters.")
        assert (n == new[name]).all() != classed, name


# -- sums ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_the_median_of_a_sum_does_not_grow_by_its_spread(
    plan: Plan, alter: Alter, factor: float
) -> None:
    """Twice the luck, or half of it, moves total output by less than 0.3 points a year."""
    names = [f"clusters.{cluster}.output" for cluster in plan.clusters]
    levels = {}
    for times in (1.0, factor):
        sds = {f"{name}.luck.sd": Figure(0.08 * times, "judgement", "") for name in names}
        model = Model.of(on_paths(alter(plan, sds)))
        block = Block(1, 0)
        draw, n = draw_parameters(model, block), luck_of(model.plan, block)
        bases = draw.baseline.levels
        total = sum(np.asarray(bases[name]) for name in names)
        after = sum(np.asarray(bases[name]) * np.exp(n[name][4]) for name in names)
        levels[times] = float(np.median(np.log(after / total)))
    assert abs(levels[factor] - levels[1.0]) / 5.0 < 0.003


def test_at_the_law_of_the_class_nothing_is_taken_from_sums(plan: Plan, alter: Alter) -> None:
    sd = Figure(OUTPUT.shock_sd * OUTPUT.annual_sd(), "judgement", "")
    same = alter(plan, {f"clusters.{c}.output.luck.sd": sd for c in plan.clusters})
    model = Model.of(on_paths(same))
    draw = draw_parameters(model, Block(1, 0, 0, 32))
    given: tuple[Any, ...] = (model.layout, draw.p, draw.sds, draw.baseline.levels, CLASSES, 10)
    for offset in paths._offsets(*given).values():
        assert np.abs(offset).max() < 1e-6


# -- bits ------------------------------------------------------------------------------------------


def test_bits_depend_neither_on_lanes_nor_on_the_horizon(plan: Plan) -> None:
    long = on_paths(plan)
    whole = luck_of(long, Block(1, 2))
    some = luck_of(long, Block(1, 2, 37, 411))
    for name, n in whole.items():
        assert (n[:, 37:411] == some[name]).all(), name
    short = replace(long, plan=replace(long.plan, years=(2015, 2020)), targets=())
    for name, n in luck_of(short, Block(1, 2)).items():
        assert (n == whole[name][:5]).all(), name
    assert whole[NAME].shape == (10, STREAM_BLOCK)


def test_a_programme_that_is_off_changes_nothing(plan: Plan, alter: Alter, simulate: Any) -> None:
    off = on_paths(alter(plan, {f"programmes.{key}.active": False for key in plan.programmes}))
    none = replace(off, programmes={})
    a, b = (simulate(each).accounts.levels for each in (off, none))
    assert (a == b).all()


def test_a_what_if_has_the_bits_of_a_run(plan: Plan, alter: Alter) -> None:
    first = on_paths(plan)
    other = alter(first, {f"{NAME}.luck.sd": Figure(0.12, "judgement", "")})
    standing = WhatIf(first, draws=512, seed=3)
    standing.judge(other)
    again = standing.judge(first)
    fresh = WhatIf(first, draws=512, seed=3).judge(first)
    assert (again.met == fresh.met).all()
    assert (again.reads == fresh.reads).all()


def test_paths_without_classes_are_refused(plan: Plan) -> None:
    with pytest.raises(InputError) as refusal:
        Model.of(replace(on_paths(plan), classes={}))
    assert [fault.code for fault in refusal.value.faults] == ["law_without_classes"]
