"""PRIM: the workbench's answers to the last bit, planted boxes, laws."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plansim.analysis.prim import Box, Count, cover, find, paste, peel, quasi_p

RECORD = json.loads((Path(__file__).parent / "prim_oracle.json").read_text(encoding="utf-8"))


def cases(kind: str, seed: int, number: int, inputs: int) -> tuple[Any, Any]:
    """The planted cases of tests/oracles/test_prim.py."""
    rng = np.random.default_rng(seed)
    x = rng.random((inputs, number))
    if kind == "corner":
        p = np.where((x[0] < 0.35) & (x[1] > 0.5), 0.9, 0.05)
    elif kind == "band":
        p = np.where((x[2] > 0.3) & (x[2] < 0.6) & (x[0] > 0.4), 0.85, 0.1)
    else:
        x[1] = np.floor(4 * x[1])
        p = np.where((x[1] >= 2) & (x[0] < 0.6), 0.8, 0.1)
    return x, rng.random(number) < p


def ends(limits: dict[str, list[float | None]]) -> dict[int, tuple[float, float]]:
    return {
        int(row): (-np.inf if low is None else low, np.inf if high is None else high)
        for row, (low, high) in limits.items()
    }


@pytest.mark.parametrize("answer", RECORD, ids=lambda answer: answer["cases"][0])
def test_the_trajectory_is_that_of_the_workbench(answer: dict[str, Any]) -> None:
    x, y = cases(*answer["cases"])
    trajectory = peel(x, y, most=len(x))
    steps = answer["steps"]
    for box, step in zip(trajectory, steps, strict=False):
        count = Count.of(box.holds(x), y)
        assert dict(box.limits) == ends(step["limits"])
        assert (count.coverage, count.density) == (step["coverage"], step["density"])
    pasted = paste(x, y, trajectory[-1])
    assert len(steps) > len(trajectory) > 10
    assert dict(pasted.limits) == ends(steps[-1]["limits"])


@pytest.mark.parametrize("answer", RECORD, ids=lambda answer: answer["cases"][0])
def test_quasi_p_values_are_those_of_the_workbench(answer: dict[str, Any]) -> None:
    x, y = cases(*answer["cases"])
    box = peel(x, y, most=len(x))[answer["chance_of"]]
    found = quasi_p(x, y, box)
    single = {row: p for row, p in found.items() if not np.isfinite(box.limits[row]).all()}
    assert single
    for row, p in single.items():
        assert p == pytest.approx(max(answer["chance"][str(row)]), rel=1e-9)


@pytest.mark.parametrize(
    ("kind", "planted"),
    [
        ("corner", {0: (-np.inf, 0.35), 1: (0.5, np.inf)}),
        ("band", {0: (0.4, np.inf), 2: (0.3, 0.6)}),
        ("steps", {0: (-np.inf, 0.6), 1: (1.5, np.inf)}),
    ],
)
def test_a_planted_box_is_found(kind: str, planted: dict[int, tuple[float, float]]) -> None:
    x, y = cases(kind, 7, 4000, 12)
    box = find(x, y, np.ones(4000, dtype=bool))
    assert box.limits.keys() == planted.keys()
    for row, limits in planted.items():
        assert box.limits[row] == pytest.approx(limits, abs=0.05)


def test_two_planted_boxes_are_found_one_after_the_other() -> None:
    rng = np.random.default_rng(3)
    x = rng.random((6, 6000))
    planted = (x[0] < 0.3, (x[1] > 0.75) & (x[0] >= 0.3))
    y = rng.random(6000) < np.where(planted[0] | planted[1], 0.95, 0.03)
    first, second, *_ = cover(x, y)
    assert {*first.limits, *second.limits} == {0, 1}
    both = Count.of(first.holds(x) | second.holds(x), y)
    assert both.coverage > 0.85
    assert both.density > 0.85


def test_noise_holds_no_box_that_says_much() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.random((20, 4000)), rng.random(4000) < 0.4
    fresh, again = rng.random((20, 4000)), rng.random(4000) < 0.4
    for box in cover(x, y):
        assert Count.of(box.holds(fresh), again).gain < 0.1


def test_no_more_inputs_are_restricted_than_allowed() -> None:
    rng = np.random.default_rng(2)
    x = rng.random((8, 3000))
    y = np.asarray((x < 0.8).all(axis=0))
    assert max(len(box.limits) for box in peel(x, y, most=3)) == 3


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(2, 6), st.integers(60, 300), st.integers(1, 4))
def test_peeling_only_ever_shrinks_and_purifies(
    seed: int, inputs: int, number: int, values: int
) -> None:
    rng = np.random.default_rng(seed)
    x = np.floor(rng.random((inputs, number)) * 4**values)
    y = rng.random(number) < 0.3
    before = np.ones(number, dtype=bool)
    density = y.mean()
    for box in peel(x, y)[1:]:
        inside = box.holds(x)
        assert inside.sum() < before.sum()
        assert not (inside & ~before).any()
        assert y[inside].mean() >= density
        assert inside.mean() >= 0.05
        before, density = inside, y[inside].mean()


@given(st.integers(0, 10**6), st.floats(0.05, 0.95))
def test_pasting_never_loses_purity(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.random((3, 200)), rng.random(200) < share
    box = Box({0: (-np.inf, 0.3), 1: (0.4, 0.8)})
    pasted = paste(x, y, box)
    assert not (box.holds(x) & ~pasted.holds(x)).any()
    if box.holds(x).any():
        assert y[pasted.holds(x)].mean() >= y[box.holds(x)].mean()


def test_the_score_is_f1_where_cases_are_rare_and_nothing_where_a_box_is_all() -> None:
    rare = Count(cases=10, hits=8, all_cases=10**6, all_hits=16)
    assert rare.score == pytest.approx(2 * 0.8 * 0.5 / 1.3, rel=1e-4)
    assert Count(100, 60, 100, 60).score == 0.0
