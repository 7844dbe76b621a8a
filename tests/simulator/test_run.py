"""The conductor: the same futures whatever is around them, arguments, and what levers do."""

import tracemalloc
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from plansim.simulator.errors import InputError
from plansim.simulator.feasibility import Goal
from plansim.simulator.model import Model
from plansim.simulator.plan import Coverage, Figure, Plan, Target, Uncertainty, figures
from plansim.simulator.results import Kept, Result, Tally
from plansim.simulator.run import BLOCKS, run
from plansim.simulator.sampling import STREAM_BLOCK, centre
from plansim.simulator.verdicts import widest

Alter = Callable[..., Plan]
Count = Callable[..., Tally]
Make = Callable[..., Target]


def assert_same(one: Tally, other: Tally) -> None:
    """Two tallies agree to the last bit, kept futures included."""
    for f in fields(Tally):
        if f.name != "kept":
            assert np.array_equal(getattr(one, f.name), getattr(other, f.name)), f.name
    assert one.kept is not None
    assert_same_kept(one.kept, other.kept)


def assert_same_kept(one: Kept, other: Kept | None) -> None:
    assert other is not None
    for f in fields(Kept):
        assert np.array_equal(getattr(one, f.name), getattr(other, f.name)), f.name


def all_known(plan: Plan) -> dict[str, float]:
    """Every figure at its median, but for one rate that must give way for the total to close."""
    free = "clusters.rest.va_rate.base"
    return {path: centre(figure) for path, figure in figures(plan) if path != free}


def assert_same_futures(one: Result, other: Result) -> None:
    """The indicators of two results agree to the last bit."""
    assert one.series == other.series
    assert np.array_equal(one.kept.paths, other.kept.paths)
    assert np.array_equal(one.kept.reads, other.kept.reads)


# -- the same futures ------------------------------------------------------------------------------


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("given", [(), ("robots", "rd")])
def test_no_bit_depends_on_the_size_of_blocks(
    plan: Plan, count: Count, block: int, given: tuple[str, ...]
) -> None:
    draws = 3000
    assert_same(count(plan, draws, given=given, block=block), count(plan, draws, given=given))


@pytest.mark.parametrize("block", [128, 1024])
def test_no_bit_depends_on_the_size_of_blocks_with_sobol(
    plan: Plan, count: Count, block: int
) -> None:
    one, other = (count(plan, 2500, sampler="sobol", block=b) for b in (block, 2048))
    assert_same(one, other)


@pytest.mark.parametrize("workers", [2, 4])
def test_no_bit_depends_on_the_number_of_workers(plan: Plan, count: Count, workers: int) -> None:
    assert_same(count(plan, 5000, block=512, workers=workers), count(plan, 5000, block=512))
    given = ("robots",)
    one = count(plan, 5000, block=512, workers=workers, given=given)
    assert_same(one, count(plan, 5000, given=given))


def test_no_bit_depends_on_blocks_and_workers_in_a_wide_plan(
    wide: Plan, alter: Alter, count: Count
) -> None:
    rate = Uncertainty("normal", mean=0.22, sd=0.004)
    vague = alter(wide, {"totals.va_rate": rate})
    assert_same(count(vague, 2048, block=256, workers=3), count(vague, 2048))


def test_an_uncertain_count_of_firms_does_not_tie_draws_together(
    plan: Plan, alter: Alter, count: Count
) -> None:
    vague = alter(plan, {"indicators.firms.count": Uncertainty("uniform", low=3, high=60)})
    assert_same(count(vague, 2048, block=128), count(vague, 2048))


@pytest.mark.parametrize("sampler", ["independent", "sobol"])
def test_a_draw_is_the_same_whatever_the_number_of_draws(
    plan: Plan, count: Count, sampler: str
) -> None:
    few, many = (count(plan, draws, sampler=sampler).kept for draws in (100, 2048))
    assert few is not None
    assert many is not None
    assert few.futures == 200
    for f in fields(Kept):
        assert np.array_equal(getattr(few, f.name), getattr(many, f.name)[..., :200]), f.name


def test_two_runs_are_equal_and_two_seeds_are_not(plan: Plan, count: Count) -> None:
    assert_same(count(plan, 300, seed=5), count(plan, 300, seed=5))
    one, other = count(plan, 300, seed=5).kept, count(plan, 300, seed=6).kept
    assert one is not None
    assert other is not None
    assert not np.array_equal(one.reads, other.reads)


def test_the_two_lucks_share_their_parameters_and_nothing_else(plan: Plan) -> None:
    result = run(plan, draws=512)
    kept = result.kept
    assert (kept.draw == np.repeat(np.arange(512), 2)).all()
    assert (kept.luck == np.tile([0, 1], 512)).all()
    for name, row in zip(result.drivers, kept.drivers, strict=True):
        assert (row[::2] == row[1::2]).all() == (not name.startswith("luck/")), name


def test_the_luck_that_is_kept_is_what_moved_the_quantity(plan: Plan) -> None:
    """τ + P is the same in both futures of a draw: levels differ by luck alone."""
    result = run(plan, draws=512)
    kept, rows = result.kept, dict(zip(result.drivers, result.kept.drivers, strict=True))
    place = [s.indicator for s in result.series].index("patents")
    for year in (2019, 2025):
        level, luck = np.log(kept.paths[year - 2015, place]), rows[f"luck/{year}/city.patents"]
        assert level[::2] - level[1::2] == pytest.approx(luck[::2] - luck[1::2], abs=1e-12)


# -- what is around a programme --------------------------------------------------------------------


def without(plan: Plan, key: str) -> Plan:
    return replace(plan, programmes={k: p for k, p in plan.programmes.items() if k != key})


@pytest.mark.parametrize(
    "changes",
    [
        {"programmes.park.active": False},
        {"programmes.park.coverage.depth": 0.0},
        {"programmes.park.additional": 0.0},
        {"programmes.park.coverage": Coverage(2026, {2027: 1.0}, Figure(0.8, "judgement", ""))},
        {"programmes.park.coverage": Coverage(2005, {2007: 1.0}, Figure(0.8, "judgement", ""))},
    ],
    ids=["inactive", "no depth", "nothing additional", "after the horizon", "before the base year"],
)
def test_a_programme_that_does_nothing_changes_no_bit(
    plan: Plan, alter: Alter, changes: dict[str, Any]
) -> None:
    idle = run(alter(plan, changes), draws=1024)
    assert_same_futures(idle, run(without(plan, "park"), draws=1024))


def test_a_new_quantity_changes_no_bit_of_the_others(plan: Plan, alter: Alter) -> None:
    more = run(alter(plan, {"city.more": plan.city["patents"]}), draws=1024)
    assert_same_futures(more, run(plan, draws=1024))


def test_a_new_programme_changes_only_what_it_moves(plan: Plan, alter: Alter) -> None:
    lone = alter(plan, {"programmes.park.projects": {}})
    more, less = run(lone, draws=512), run(without(plan, "park"), draws=512)
    moved = {
        item.indicator
        for i, item in enumerate(more.series)
        if not np.array_equal(more.kept.paths[:, i], less.kept.paths[:, i])
    }
    assert "rd" in moved
    assert moved.isdisjoint({"output", "employment", "cluster_output", "patents", "retrofitted"})


def test_a_new_target_changes_no_bit(plan: Plan, make_target: Make) -> None:
    more = replace(plan, targets=(make_target("new", "rd", "rate", "reach", 0.025), *plan.targets))
    one, other = run(plan, draws=256), run(more, draws=256)
    assert np.array_equal(one.kept.paths, other.kept.paths)
    assert [v.probability for v in one.judged] == [v.probability for v in other.judged[1:]]


def test_a_scenario_is_paired_with_its_plan(plan: Plan, alter: Alter) -> None:
    """Making a figure certain moves no other figure and no luck."""
    fixed = run(alter(plan, {"clusters.robots.output.trend.rate": 0.1}), draws=256)
    free = run(plan, draws=256)
    rows = dict(zip(free.drivers, free.kept.drivers, strict=True))
    for name, row in zip(fixed.drivers, fixed.kept.drivers, strict=True):
        assert np.array_equal(row, rows[name]), name


# -- levers ----------------------------------------------------------------------------------------

CHANGES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "more depth": (
        "robots",
        [{"programmes.park.coverage.depth": depth} for depth in (0.0, 0.4, 0.8, 1.0)],
    ),
    "larger projects": (
        "robots",
        [{"programmes.park.projects.robots": size} for size in (0.0, 30.0, 90.0)],
    ),
    "earlier start": (
        "robots",
        [{"programmes.park.coverage.delay": Figure(d, "judgement", "")} for d in (6.0, 3.0, 0.0)],
    ),
    "larger effect": (
        "rd",
        [{"programmes.park.effects.0.size": size} for size in (0.0, 0.004, 0.01)],
    ),
    "stronger saving": (
        "energy",
        [{"programmes.retrofits.effects.0.size": size} for size in (0.0, -0.1, -0.2)],
    ),
    "more delivered": (
        "retrofits",
        [{"programmes.retrofits.units": units} for units in (60.0, 120.0, 240.0)],
    ),
    "higher growth": (
        "robots",
        [{"clusters.robots.output.trend.rate": rate} for rate in (0.05, 0.10, 0.15)],
    ),
    "larger baseline": (
        "robots",
        [{"clusters.robots.output.base": base} for base in (40.0, 50.0, 70.0)],
    ),
    "higher prices": (
        "output",
        [{"prices.output.trend.rate": rate} for rate in (0.0, 0.02, 0.05)],
    ),
    "larger output, more firms": (
        "firms",
        [{"clusters.rest.output.trend.rate": rate} for rate in (0.03, 0.06, 0.09)],
    ),
    "lower threshold": (
        "big",
        [{"indicators.big_clusters.threshold": size} for size in (160.0, 120.0, 80.0)],
    ),
    "more tolerance": ("jobs", [{"assumptions.about_tolerance": t} for t in (0.0, 0.05, 0.2)]),
}  # fmt: skip


@pytest.mark.parametrize("lever", CHANGES)
def test_what_helps_a_target_never_lowers_its_probability(
    plan: Plan, alter: Alter, lever: str
) -> None:
    """On common draws: every future that met the target still meets it."""
    name, settings = CHANGES[lever]
    place = [t.id for t in plan.judged].index(name)
    before, probabilities = np.zeros(1024, dtype=bool), []
    for changes in settings:
        moved = alter(plan, changes)
        result = run(moved, draws=512)
        goal = Goal.of(moved.judged[place], moved)
        path = result.kept.paths[:, Model.of(moved).goal_series[place]]
        met = goal.met(goal.read(path))[goal.year]
        assert (met >= before).all()
        before = met
        assert result.judged[place].probability == met.mean()
        probabilities.append(met.mean())
    assert probabilities[0] < probabilities[-1]


# -- given -----------------------------------------------------------------------------------------


def test_a_conditional_probability_is_the_one_counted_by_hand(plan: Plan) -> None:
    free, conditional = run(plan, draws=2048), run(plan, draws=2048, given=["robots", "rd"])
    ids = [t.id for t in plan.judged]
    met = np.array(
        [
            goal.met(goal.read(free.kept.paths[:, place]))[goal.year]
            for goal, place in zip(
                (Goal.of(t, plan) for t in plan.judged), Model.of(plan).goal_series, strict=True
            )
        ]
    )
    chosen = met[ids.index("robots")] & met[ids.index("rd")]
    assert 0 < chosen.sum() < len(chosen)
    assert conditional.support == chosen.sum()
    assert conditional.simulated == 4096
    assert conditional.settings.given == ("robots", "rd")
    for i, verdict in enumerate(conditional.judged):
        assert verdict.probability == pytest.approx(met[i, chosen].mean(), abs=1e-15)
    assert np.array_equal(conditional.kept.paths, free.kept.paths[..., chosen])
    assert conditional.judged[ids.index("rd")].probability == 1


def test_what_is_never_met_cannot_be_given(plan: Plan, alter: Alter) -> None:
    hopeless = alter(plan, {"targets.0.low": 1e9})
    with pytest.raises(InputError) as problem:
        run(hopeless, draws=256, given=["output"])
    (fault,) = problem.value.faults
    assert fault.code == "given_never_met"
    assert fault.fields["simulated"] == 512


# -- arguments -------------------------------------------------------------------------------------


def test_every_bad_argument_is_named_at_once(plan: Plan) -> None:
    with pytest.raises(InputError) as problem:
        run(
            plan,
            draws=0,
            seed=-1,
            sampler="halton",
            given=["x", "investment"],
            workers=0,
            block=100,
            tolerance=0,
        )
    assert [(f.code, f.path) for f in problem.value.faults] == [
        ("argument_range", "draws"),
        ("argument_range", "seed"),
        ("argument_range", "sampler"),
        ("argument_range", "workers"),
        ("argument_range", "block"),
        ("argument_range", "tolerance"),
        ("unknown_target", "given"),
        ("given_not_judged", "given"),
    ]


@pytest.mark.parametrize(
    "wrong", [{"draws": 10**9 + 1}, {"seed": 2**63}, {"workers": 2000}, {"block": 8192}]
)
def test_arguments_have_upper_bounds(plan: Plan, wrong: dict[str, int]) -> None:
    with pytest.raises(InputError) as problem:
        run(plan, **wrong)  # type: ignore[arg-type]
    assert [f.path for f in problem.value.faults] == list(wrong)


def test_progress_is_told_of_every_draw(plan: Plan) -> None:
    told: list[int] = []
    run(plan, draws=700, block=256, workers=2, progress=told.append)
    assert sorted(told) == [188, 256, 256]


def test_a_plan_that_judges_nothing_still_runs(plan: Plan) -> None:
    stated = tuple(t for t in plan.targets if t.status == "stated")
    result = run(replace(plan, targets=stated), draws=128)
    assert result.judged == ()
    assert len(result.verdicts) == 1
    assert result.met_number == (0, 0, 0)
    assert result.kept.paths.shape == (11, len(result.series), 256)


def test_a_plan_without_programmes_runs(plan: Plan) -> None:
    bare = replace(
        without(without(plan, "park"), "retrofits"),
        indicators={k: i for k, i in plan.indicators.items() if k != "retrofitted"},
        targets=tuple(t for t in plan.targets if t.indicator != "retrofitted"),
    )
    assert len(run(bare, draws=128).judged) == len(plan.judged) - 2


# -- tolerance -------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", ["independent", "sobol"])
@pytest.mark.parametrize("tolerance", [0.02, 0.007])
def test_a_run_stops_at_the_first_stream_block_that_is_enough(
    plan: Plan, count: Count, sampler: str, tolerance: float
) -> None:
    result = run(plan, sampler=sampler, tolerance=tolerance)
    draws = result.settings.draws
    assert draws % STREAM_BLOCK == 0
    assert result.unsettled == ()
    assert max(v.half_width or 0.0 for v in result.judged) <= tolerance
    widths = [
        widest(count(plan, n, sampler=sampler), sampler)
        for n in range(STREAM_BLOCK, draws + 1, STREAM_BLOCK)
    ]
    assert [width <= tolerance for width in widths] == [False] * (len(widths) - 1) + [True]
    plain = run(plan, draws=draws, sampler=sampler)
    assert plain.verdicts == result.verdicts
    assert plain.settings.tolerance is None


def test_wilson_says_how_many_draws_are_needed(plan: Plan, alter: Alter) -> None:
    """Without a doubt in the parameters 2N futures are independent: half-widths are known."""
    tolerance = 0.005
    result = run(alter(plan, all_known(plan)), tolerance=tolerance)
    used, worst = result.settings.draws, max(result.judged, key=lambda v: v.half_width or 0.0)
    assert worst.probability is not None
    variance = worst.probability * (1 - worst.probability)
    shared = 1 + (worst.parameter_share or 0.0)
    needed = shared * variance * (1.96 / tolerance) ** 2 / 2
    assert needed - 50 < used < needed + STREAM_BLOCK


@pytest.mark.parametrize("options", [{"block": 512}, {"workers": 2}, {"workers": 8, "block": 2048}])
def test_where_a_run_stops_depends_on_no_block_and_no_worker(
    plan: Plan, options: dict[str, int]
) -> None:
    one, other = run(plan, tolerance=0.01), run(plan, tolerance=0.01, **options)  # type: ignore[arg-type]
    assert one.settings == other.settings
    assert one.verdicts == other.verdicts
    assert_same_futures(one, other)


def test_a_tolerance_that_is_not_reached_names_its_targets(plan: Plan) -> None:
    result = run(plan, draws=5000, tolerance=0.002)
    assert result.settings.draws == 5000
    wide = [v.target for v in result.judged if (v.prob_high or 0) - (v.prob_low or 0) > 0.004]
    assert [v.target for v in result.unsettled] == wide
    assert 0 < len(wide) < len(result.judged)


def test_nothing_to_judge_is_settled_at_once(plan: Plan) -> None:
    stated = tuple(t for t in plan.targets if t.status == "stated")
    assert run(replace(plan, targets=stated), tolerance=0.001).settings.draws == STREAM_BLOCK


def test_futures_that_are_given_are_kept_until_there_are_enough(plan: Plan, count: Count) -> None:
    result = run(plan, draws=12_000, given=["robots"], block=1024)
    assert_same_kept(result.kept, count(plan, 12_000, given=("robots",)).kept)


def test_memory_does_not_grow_with_the_number_of_draws(plan: Plan) -> None:
    """Beyond what a block and the kept futures take, nothing is held: peaks of numpy's memory."""

    def peak(draws: int) -> int:
        tracemalloc.reset_peak()
        run(plan, draws=draws)
        return tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        peak(STREAM_BLOCK)  # what is made once
        few, many = peak(2 * STREAM_BLOCK), peak(12 * STREAM_BLOCK)
    finally:
        tracemalloc.stop()
    assert many < few + 2_000_000
