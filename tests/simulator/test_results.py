"""Counts that add up, a kept subsample that stays small."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from plansim.simulator.plan import KINDS, Plan
from plansim.simulator.results import KEPT, Judged, Kept, Scoring, Tally, tally
from plansim.simulator.run import BLOCKS, run
from plansim.simulator.sampling import SCRAMBLINGS

Alter = Callable[..., Plan]
Count = Callable[..., Tally]
#: The narrowest block.
DRAWS = BLOCKS[0]


def judged(met: Any, kept: Kept | None = None) -> Judged:
    """Targets met [(target, draw)] as if every target were judged in the only year."""
    final = np.array(met, dtype=bool)
    return Judged(by_year=np.packbits(final[:, None], axis=-1), final=final, kept=kept)


def whole(draws: int, luck: int) -> Kept:
    table = np.arange(draws, dtype=float) + 0.5 * luck
    return Kept(
        reads=table[None], paths=table[None, None], drivers=table[None], lots=table[None],
        draw=np.arange(draws), luck=np.full(draws, luck),
    )  # fmt: skip


@pytest.fixture
def scoring(plan: Plan, alter: Alter) -> Scoring:
    """Three targets: an outcome, its restatement, an activity."""
    return Scoring.of(alter(plan, {"targets": tuple(plan.targets[i] for i in (6, 7, 10))}))


def test_a_restatement_counts_once(plan: Plan, scoring: Scoring) -> None:
    assert scoring.groups.tolist() == [
        [True, False, True],
        [True, False, False],
        [False, False, True],
        [False, False, False],
        [False, False, False],
    ]
    assert len(scoring.groups) == 1 + len(KINDS)


def test_a_tally_is_counted_by_hand(scoring: Scoring) -> None:
    pad = np.zeros((3, DRAWS - 4), dtype=bool)
    a = np.hstack([np.array([[1, 1, 0, 1], [1, 1, 0, 1], [0, 1, 0, 1]], dtype=bool), pad])
    b = np.hstack([np.array([[1, 0, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]], dtype=bool), pad])
    inside = np.arange(DRAWS) < 3  # the fourth draw is beyond the end of the run
    found = tally(judged(a), judged(b), inside, (), scoring)
    assert (found.futures, found.simulated, found.twins) == (6, 6, 3)
    assert found.met.tolist() == [3, 3, 4]
    assert found.both.tolist() == [1, 1, 1]
    assert found.either.tolist() == [3, 3, 4]
    assert found.pairs.tolist() == [[3, 3, 2], [3, 3, 2], [2, 2, 4]]
    assert found.number_met.tolist() == [1, 3, 2]
    assert found.group_met.tolist() == [2, 3, 4, 6, 6]
    assert found.by_year.tolist() == [[3], [3], [4]]
    assert found.replicates[:, :4].tolist() == [[2, 1, 0, 0], [2, 1, 0, 0], [1, 2, 1, 0]]
    assert found.replicate_futures.tolist() == [2, 2, 2] + [0] * (SCRAMBLINGS - 3)
    assert found.kept is None


def test_only_futures_that_meet_what_is_given_count(scoring: Scoring) -> None:
    pad = np.zeros((3, DRAWS - 4), dtype=bool)
    a = np.hstack([np.array([[1, 1, 0, 1], [1, 1, 0, 1], [0, 1, 0, 1]], dtype=bool), pad])
    b = np.hstack([np.array([[1, 0, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]], dtype=bool), pad])
    kept = whole(DRAWS, 0), whole(DRAWS, 1)
    inside = np.arange(DRAWS) < 4
    found = tally(judged(a, kept[0]), judged(b, kept[1]), inside, (2,), scoring)
    assert (found.futures, found.simulated, found.twins) == (6, 8, 2)
    assert found.met.tolist() == [4, 4, 6]
    assert found.both.tolist() == [1, 1, 2]
    assert found.either.tolist() == [3, 3, 4]
    assert found.kept is not None
    assert found.kept.draw.tolist() == [0, 1, 1, 2, 3, 3]
    assert found.kept.luck.tolist() == [1, 0, 1, 1, 0, 1]
    assert found.kept.reads[0].tolist() == [0.5, 1, 1.5, 2.5, 3, 3.5]


def test_tallies_add_up(plan: Plan, count: Count) -> None:
    merged = count(plan, 6144, block=512)
    assert merged.futures == merged.simulated == 2 * 6144
    assert merged.twins == 6144
    assert (np.diag(merged.pairs) == merged.met).all()
    assert merged.number_met.sum() == merged.futures
    assert (merged.replicates.sum(axis=1) == merged.met).all()
    assert merged.replicate_futures.sum() == merged.futures
    assert (merged.either == merged.met).all()
    assert (merged.both <= merged.met // 2).all()
    years = [t.year - 2015 for t in plan.judged if t.year is not None]
    assert (merged.by_year[np.arange(len(years)), years] == merged.met).all()


def test_memory_does_not_grow_with_the_number_of_draws(plan: Plan, count: Count) -> None:
    def held(merged: Tally) -> int:
        arrays = [getattr(merged, f.name) for f in fields(Tally) if f.name != "kept"]
        kept = [getattr(merged.kept, f.name) for f in fields(Kept)]
        bases = [a if a.base is None else a.base for a in kept]
        return sum(a.nbytes for a in [*arrays, *bases] if isinstance(a, np.ndarray))

    few, many = count(plan, 2048), count(plan, 10 * 2048)
    assert many.kept is not None
    assert many.kept.futures == KEPT
    assert held(many) == held(few)
    chosen = count(plan, 10 * 2048, given=("robots",))
    assert chosen.kept is not None
    assert chosen.kept.futures == KEPT
    assert held(chosen) <= 2 * held(few)


def test_the_table_has_the_columns_of_the_command(plan: Plan) -> None:
    result = run(plan, 256, 7)
    frame = result.to_frame()
    documented = (
        "plan, scenario, target, indicator, subject, unit, basis, year, comparator, low, high, "
        "status, reason, p05, p50, p95, probability, prob_low, prob_high, verdict, evidence, "
        "median_gap, required_growth, reference_percentile, first_year_met, parameter_share, "
        "binds, draws, seed, inside, inside_low, inside_high, outside, outside_low, outside_high, "
        "outside_rows, outside_met, doubt_low, doubt_high, weight, owner, circular, "
        "chinese_class, chinese_years, chinese_since, chinese_since_windows, chinese_boom, "
        "chinese_boom_windows"
    )
    assert list(frame.columns) == [*documented.split(", "), "cluster", "name", "binds_name"]
    assert list(frame["target"]) == [t.id for t in plan.targets]
    assert frame["seed"].dropna().unique().tolist() == [7]


def test_quantiles_are_those_of_the_kept_paths(plan: Plan) -> None:
    result = run(plan, draws=256)
    frame = result.quantiles((0.1, 0.9))
    assert len(frame) == 2 * 11 * len(result.series)
    rows = frame[(frame["indicator"] == "cluster_output") & (frame["subject"] == "robots")]
    place = next(i for i, s in enumerate(result.series) if s.subject == "robots")
    last = rows[(rows["year"] == 2025) & (rows["quantile"] == 0.9)]["value"].item()
    assert last == np.quantile(result.kept.paths[10, place], 0.9)
