"""Counts → verdicts: what is said about each target and about all of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from plansim.simulator.feasibility import Goal, likelihood, wilson
from plansim.simulator.model import Model
from plansim.simulator.plan import Plan, Precedent, Requested, Target, Uncertainty, figures
from plansim.simulator.results import Tally
from plansim.simulator.run import run
from plansim.simulator.sampling import centre
from plansim.simulator.verdicts import binding, evidence

Alter = Callable[..., Plan]
Count = Callable[..., Tally]
Make = Callable[..., Target]


def all_known(plan: Plan) -> dict[str, float]:
    """Every figure at its median, but for one rate that must give way for the total to close."""
    free = "clusters.rest.va_rate.base"
    return {path: centre(figure) for path, figure in figures(plan) if path != free}


def test_probability_is_the_share_of_futures_that_meet(plan: Plan, count: Count) -> None:
    result, counts = run(plan, draws=2048), count(plan, 2048)
    for i, verdict in enumerate(result.judged):
        assert verdict.probability == counts.met[i] / 4096
        assert verdict.prob_low is not None
        assert verdict.prob_high is not None
        assert verdict.prob_low <= counts.met[i] / 4096 <= verdict.prob_high
        # 4,096 futures are what is kept: the same by hand
        goal = Goal.of(plan.judged[i], plan)
        place = Model.of(plan).goal_series[i]
        path = result.kept.paths[:, place]
        assert goal.met(goal.read(path))[goal.year].mean() == verdict.probability
        reads = result.kept.reads[i] / goal.target.scale
        quantiles = (verdict.p05, verdict.p50, verdict.p95)
        assert quantiles == pytest.approx(tuple(np.quantile(reads, (0.05, 0.5, 0.95))))


def test_the_gap_is_positive_where_the_median_is_on_the_better_side(plan: Plan) -> None:
    by_id = {v.target: v for v in run(plan, draws=1024).judged}
    energy = by_id["energy"]  # −22 % is the less demanding bound; the median falls further
    assert energy.p50 is not None
    assert energy.median_gap == pytest.approx(-22 - energy.p50)
    assert energy.p50 < -22
    output = by_id["output"]
    assert output.p50 is not None
    assert output.median_gap == pytest.approx(output.p50 - 2200)


def test_the_first_year_is_the_first_in_which_half_of_the_futures_meet(
    plan: Plan, count: Count
) -> None:
    result, counts = run(plan, draws=1024), count(plan, 1024)
    for i, verdict in enumerate(result.judged):
        shares = counts.by_year[i] / 2048
        years = [2015 + t for t, share in enumerate(shares) if share >= 0.5]
        assert verdict.first_year_met == (years[0] if years else None)


def test_a_stated_target_is_recorded_and_not_judged(plan: Plan) -> None:
    result = run(plan, draws=128)
    (stated,) = (v for v in result.verdicts if v.status == "stated")
    assert stated.target == "investment"
    assert stated.reason == "not simulated"
    assert stated.probability is None
    assert stated.verdict == ""
    assert stated not in result.judged


def test_without_luck_all_doubt_is_in_the_parameters(plan: Plan, certain: Alter) -> None:
    result = run(certain(plan), draws=2048)
    undecided = [
        v for v in result.judged if v.probability not in (0.0, 1.0) and v.target != "firms"
    ]
    assert len(undecided) > 5
    assert all(v.parameter_share == pytest.approx(1) for v in undecided)
    assert {v.parameter_share for v in result.judged if v.probability in (0.0, 1.0)} == {None}


def test_with_certain_parameters_all_doubt_is_luck(plan: Plan, alter: Alter) -> None:
    known = alter(plan, all_known(plan))
    shares = [v.parameter_share for v in run(known, draws=4096).judged if v.parameter_share]
    assert len(shares) > 4
    assert max(shares) < 0.06


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say(plan: Plan, count: Count) -> None:
    """Against a long run, over many short ones, for a target that both doubts speak in."""
    place = [t.id for t in plan.judged].index("robots")
    long = count(plan, 65_536, seed=99)
    truth = long.met[place] / long.futures
    held = 0
    for seed in range(60):
        verdict = run(plan, draws=128, seed=seed, block=128).judged[place]
        assert verdict.prob_low is not None
        assert verdict.prob_high is not None
        held += verdict.prob_low <= truth <= verdict.prob_high
    assert held >= 52


def test_words_are_borderline_where_the_interval_straddles_two(plan: Plan) -> None:
    few = run(plan, draws=128).judged
    for verdict in few:
        assert verdict.probability is not None
        assert verdict.prob_low is not None
        assert verdict.prob_high is not None
        straddles = likelihood(verdict.prob_low) != likelihood(verdict.prob_high)
        word = likelihood(verdict.probability)
        assert verdict.verdict == (f"borderline:{word}" if straddles else word)
    assert any(v.verdict.startswith("borderline:") for v in few)
    assert any(not v.verdict.startswith("borderline:") for v in few)


def test_what_binds_is_the_driver_that_explains_most(
    plan: Plan, alter: Alter, certain: Alter, make_target: Make
) -> None:
    target = make_target("x", "cluster_output", "level", "reach", 120.0, cluster="robots")
    only = alter(certain(plan), {"targets": (target,), "programmes.park.active": False})
    result = run(only, draws=2048)
    verdict = result.judged[0]
    shares = result.shares["x"]
    assert verdict.binds == max(shares, key=lambda name: shares[name])
    assert verdict.binds in ("clusters.robots.output.base", "clusters.robots.output.trend.rate")
    reads = np.log(result.kept.reads[0])
    for name in shares:
        row = result.kept.drivers[result.drivers.index(name)]
        assert 0 < shares[name] <= 1
        assert shares[name] == pytest.approx(np.corrcoef(reads, row)[0, 1] ** 2, abs=0.12)


def test_luck_binds_where_nothing_else_is_uncertain(plan: Plan, alter: Alter) -> None:
    known = alter(plan, all_known(plan))
    by_id = {v.target: v for v in run(known, draws=1024).judged}
    assert by_id["patents"].binds == "luck/2020/city.patents"
    assert by_id["rd"].binds == "luck/2025/city.rd"


def test_a_driver_that_explains_little_does_not_bind() -> None:
    assert binding({}) == ""
    assert binding({"a": 0.04, "b": 0.03}) == ""
    assert binding({"a": 0.04, "b": 0.30}) == "b"


def test_evidence_is_sorted_by_where_the_figures_come_from(plan: Plan) -> None:
    origins = {"a": "stated", "b": "derived", "c": "literature", "d.luck.sd": "judgement"}
    origins["e"] = "goal"
    assert evidence(origins, {"e": 0.3, "a": 0.1}) == "goal 75%"
    assert evidence(origins, {"a": 0.2, "b": 0.2, "c": 0.1}) == "data 80%"
    assert evidence(origins, {"a": 0.1, "c": 0.3}) == "transferred 75%"
    assert evidence(origins, {"luck/2025/d": 0.6, "c": 0.2}) == "judgement 75%"
    assert evidence(origins, {}) == ""
    assert {v.evidence for v in run(plan, draws=256).judged} <= {"judgement 100%", ""}


def test_the_reference_class_answers_how_rare_a_growth_is(plan: Plan) -> None:
    asked: list[Any] = []

    def reference(quantity: str, horizon: int, value: float) -> float | None:
        asked.append((quantity, horizon, value))
        return 0.8

    result = run(replace(plan, reference=reference), draws=128)
    by_id = {v.target: v for v in result.judged}
    assert by_id["value-added"].reference_percentile == 80
    assert by_id["output"].reference_percentile is None
    assert asked == [("a_growth", 10, pytest.approx(0.07))]
    silent = run(replace(plan, reference=lambda quantity, horizon, value: None), draws=128)
    assert all(v.reference_percentile is None for v in silent.judged)


def test_precedents_are_asked_from_the_base_level_to_what_just_meets_the_target(
    plan: Plan,
) -> None:
    asked: list[Requested] = []

    def precedents(request: Requested) -> Precedent | None:
        asked.append(request)
        return Precedent("sectors:20-80", 5, 0.25, 40, 0.5, 60)

    by_id = {v.target: v for v in run(replace(plan, precedents=precedents), draws=128).judged}
    (request,) = asked
    assert (request.quantity, request.years, request.up) == ("a_growth", 10, True)
    assert request.end == pytest.approx(request.start * 1.07**10)
    assert request.year == plan.plan.base_year
    assert not request.is_province
    told = by_id["value-added"]
    assert told.precedent == Precedent("sectors:20-80", 5, 0.25, 40, 0.5, 60)
    assert (told.chinese_class, told.chinese_since_windows) == ("sectors:20-80", 40)
    assert by_id["output"].precedent is None
    alone = {v.target: v for v in run(plan, draws=128).judged}
    assert alone["value-added"].precedent is None
    assert alone["value-added"].probability == told.probability


def test_joint_verdicts_keep_within_their_bounds(plan: Plan, count: Count) -> None:
    result, counts = run(plan, draws=2048), count(plan, 2048)
    distinct = [v.probability for v in result.judged if v.target != "rd-again"]
    groups = {joint.group: joint for joint in result.joint}
    assert set(groups) == {"all", "outcome", "activity"}
    assert groups["all"].targets == len(distinct)
    for joint in result.joint:
        assert joint.frechet_low <= joint.probability <= joint.frechet_high
        assert (joint.prob_low, joint.prob_high) == wilson(joint.probability, 2048)
    assert groups["all"].frechet_high == min(p for p in distinct if p is not None)
    assert (np.diag(result.pairs) == [v.probability for v in result.judged]).all()
    rd, again = ([t.id for t in plan.judged].index(i) for i in ("rd", "rd-again"))
    assert result.pairs[rd, again] == result.judged[rd].probability
    cumulated = np.cumsum(counts.number_met) / counts.futures
    p10, p50, p90 = result.met_number
    for number, share in ((p10, 0.1), (p50, 0.5), (p90, 0.9)):
        assert cumulated[number] >= share - 1e-12
        assert number == 0 or cumulated[number - 1] < share


def test_sobol_intervals_come_from_the_replicates(plan: Plan, count: Count) -> None:
    result, counts = run(plan, draws=2048, sampler="sobol"), count(plan, 2048, sampler="sobol")
    shares = counts.replicates / counts.replicate_futures
    for verdict, row in zip(result.judged, shares, strict=True):
        assert verdict.probability == pytest.approx(row.mean(), abs=1e-12)
        if np.ptp(row) > 0:
            exact = stats.ttest_1samp(row, 0).confidence_interval(0.95)
            expected = (max(0, exact.low), min(1, exact.high))
            assert (verdict.prob_low, verdict.prob_high) == pytest.approx(expected, abs=1e-12)
        else:  # all agree: Wilson
            assert (verdict.prob_low, verdict.prob_high) == wilson(float(row[0]), 4096)


@pytest.mark.parametrize("draws", [1, 3, 20, 2100])
def test_sobol_runs_of_any_length_have_intervals(plan: Plan, draws: int) -> None:
    for verdict in run(plan, draws=draws, sampler="sobol").judged:
        assert verdict.prob_low is not None
        assert verdict.prob_high is not None
        assert verdict.probability is not None
        assert verdict.prob_low <= verdict.probability + 0.02
        assert verdict.prob_high >= verdict.probability - 0.02
        assert 0 <= verdict.prob_low <= verdict.prob_high <= 1


def test_sobol_narrows_the_doubt_about_parameters(plan: Plan, certain: Alter) -> None:
    """Without luck, many points know more than as many independent draws."""
    still = certain(plan)
    narrow = run(still, draws=4096, sampler="sobol").judged
    wide = run(still, draws=4096).judged
    widths = [
        [
            v.prob_high - v.prob_low
            for v in side
            if v.prob_high is not None and v.prob_low is not None
        ]
        for side in (narrow, wide)
    ]
    assert np.median(np.array(widths[0]) / np.array(widths[1])) < 0.6


def test_no_target_that_only_luck_meets_is_hidden(plan: Plan, alter: Alter) -> None:
    """An uncertain figure that nothing looks at explains nothing."""
    idle = alter(plan, {"clusters.robots.water.base": Uncertainty("normal", mean=5, sd=0.5)})
    shares = run(idle, draws=1024).shares["rd"]
    assert "clusters.robots.water.base" not in shares
