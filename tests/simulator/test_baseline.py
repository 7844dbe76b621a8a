"""Eq. 13 to 15: totals, rates and shares of the base year close in every draw."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plansim.simulator.baseline import LEAST_REST, Baseline, close, shift_to_total, tags
from plansim.simulator.errors import InputError
from plansim.simulator.layout import Layout
from plansim.simulator.plan import Plan, Uncertainty
from plansim.simulator.sampling import STREAM_BLOCK, Block, Sampler

Alter = Callable[..., Plan]


def closed(plan: Plan, number: int = 0) -> tuple[Baseline, dict[str, Any]]:
    p = Sampler.of(plan).draw(Block(1, number))
    return close(plan, Layout.of(plan), p, STREAM_BLOCK), p


def column(plan: Plan, baseline: Baseline, kind: str) -> Any:
    levels = [baseline.levels[f"clusters.{key}.{kind}"] for key in plan.clusters]
    return np.stack([np.broadcast_to(np.asarray(level), (STREAM_BLOCK,)) for level in levels])


def test_every_draw_closes(plan: Plan) -> None:
    baseline, _ = closed(plan)
    output, rate = column(plan, baseline, "output"), column(plan, baseline, "va_rate")
    assert output.sum(axis=0) == pytest.approx(np.full(STREAM_BLOCK, 1000.0), rel=1e-12)
    assert (output * rate).sum(axis=0) / 1000 == pytest.approx(
        np.full(STREAM_BLOCK, 0.22), rel=1e-11
    )
    share = (baseline.weights["high"] * output * rate).sum(axis=0) / (output * rate).sum(axis=0)
    assert share == pytest.approx(np.full(STREAM_BLOCK, 0.18), rel=1e-11)
    assert (output > 0).all()
    assert ((rate > 0.05) & (rate < 0.60)).all()
    assert ((baseline.weights["high"] > 0) & (baseline.weights["high"] < 1)).all()


def test_what_is_certain_is_kept_exactly(plan: Plan) -> None:
    baseline, p = closed(plan)
    assert np.all(baseline.levels["clusters.machines.output"] == 150.0)
    assert np.all(baseline.levels["clusters.robots.va_rate"] == 0.26)
    assert (baseline.levels["clusters.robots.output"] == p["clusters.robots.output.base"]).all()
    assert baseline.levels["city.rd"] == 0.02
    assert tags(plan) == ("high", "equipment")
    assert (baseline.weights["equipment"] == [[1.0], [0.9], [0.0]]).all()


def test_uncertain_totals_close_too(plan: Plan, alter: Alter) -> None:
    vague = alter(
        plan,
        {
            "totals.output": Uncertainty("lognormal", p05=900, p95=1200),
            "totals.va_rate": Uncertainty("normal", mean=0.22, sd=0.005),
            "totals.shares.high": Uncertainty("uniform", low=0.12, high=0.25),
        },
    )
    baseline, p = closed(vague)
    output, rate = column(vague, baseline, "output"), column(vague, baseline, "va_rate")
    value_added = output * rate
    assert output.sum(axis=0) == pytest.approx(p["totals.output"], rel=1e-12)
    assert value_added.sum(axis=0) / output.sum(axis=0) == pytest.approx(
        p["totals.va_rate"], rel=1e-11
    )
    share = (baseline.weights["high"] * value_added).sum(axis=0) / value_added.sum(axis=0)
    assert share == pytest.approx(p["totals.shares.high"], rel=1e-11)


def test_the_rate_of_a_narrower_scope_closes(plan: Plan, alter: Alter) -> None:
    narrow = alter(plan, {"totals.scope": "equipment", "totals.va_rate": 0.25})
    baseline, _ = closed(narrow)
    output, rate = column(narrow, baseline, "output"), column(narrow, baseline, "va_rate")
    size = output * np.array([[1.0], [0.9], [0.0]])
    assert (size * rate).sum(axis=0) / size.sum(axis=0) == pytest.approx(
        np.full(STREAM_BLOCK, 0.25), rel=1e-11
    )


def test_the_rest_is_never_squeezed_out(plan: Plan, alter: Alter) -> None:
    """Uncertain clusters that would take more than the total shrink in proportion."""
    greedy = alter(
        plan,
        {
            "clusters.robots.output.base": Uncertainty("lognormal", p05=300, p95=3000),
            "totals.va_rate": Uncertainty("normal", mean=0.24, sd=0.001),
        },
    )
    baseline, p = closed(greedy)
    output = column(greedy, baseline, "output")
    wanted = np.asarray(p["clusters.robots.output.base"])
    squeezed = wanted + 150 > 1000 * (1 - LEAST_REST)
    assert 0.2 < squeezed.mean() < 0.9
    assert (output[2] >= 1000 * LEAST_REST * (1 - 1e-9)).all()
    assert output.sum(axis=0) == pytest.approx(np.full(STREAM_BLOCK, 1000.0))
    assert (output[0][~squeezed] == wanted[~squeezed]).all()
    assert output[2][squeezed] == pytest.approx(np.full(squeezed.sum(), 1000 * LEAST_REST))


def test_a_total_below_its_certain_parts_grows(plan: Plan, alter: Alter) -> None:
    small = alter(plan, {"totals.output": Uncertainty("uniform", low=140, high=400)})
    baseline, _ = closed(small)
    output = column(small, baseline, "output")
    assert (output[1] == 150.0).all()
    assert (output > 0).all()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"totals.va_rate": 0.65}, "totals.va_rate"),
        ({"totals.va_rate": 0.04}, "totals.va_rate"),
        ({"totals.shares.high": 0.999}, None),
        ({"totals.shares.equipment": 0.9}, "totals.shares.equipment"),
    ],
)
def test_totals_out_of_reach_are_refused(
    plan: Plan, alter: Alter, changes: dict[str, float], path: str | None
) -> None:
    if "totals.shares.equipment" in changes:  # robots all, machines and rest at most so much
        shares = {"equipment": plan.totals.shares["high"]}
        fixed = {f"clusters.{c}.tags.equipment": 1.0 for c in ("robots", "machines")}
        plan = alter(plan, {"totals.shares": shares, **fixed})
    moved = alter(plan, changes)
    if path is None:  # every tag weight may come close to one
        closed(moved)
        return
    with pytest.raises(InputError) as problem:
        closed(moved)
    (fault,) = problem.value.faults
    assert (fault.code, fault.path) == ("closure_impossible", path)
    target, low, high = (fault.fields[name] for name in ("target", "low", "high"))
    assert isinstance(target, float)
    assert isinstance(low, float)
    assert isinstance(high, float)
    assert not low < target < high


@given(st.integers(2, 8), st.integers(0, 2**32), st.floats(0.02, 0.98))
def test_shares_are_shifted_by_one_logit_step(size: int, seed: int, height: float) -> None:
    rng = np.random.default_rng(seed)
    share, weight = rng.uniform(0.01, 0.99, (size, 50)), rng.uniform(0.1, 10, (size, 50))
    movable = np.arange(size) > 0
    fixed = share[0] * weight[0]
    target = fixed + height * weight[1:].sum(axis=0)
    moved = shift_to_total(share, weight, target, movable, "x")
    assert (moved * weight).sum(axis=0) == pytest.approx(target, rel=1e-11)
    assert (moved[0] == share[0]).all()
    step = np.log(moved / (1 - moved)) - np.log(share / (1 - share))
    assert np.ptp(step[1:], axis=0) == pytest.approx(np.zeros(50), abs=1e-7)


def test_shares_that_close_already_stay(plan: Plan) -> None:
    share, weight = np.array([[0.2], [0.7]]), np.array([[3.0], [5.0]])
    moved = shift_to_total(share, weight, (share * weight).sum(axis=0), np.array([True, True]), "x")
    assert (moved == share).all()


def test_a_draw_does_not_depend_on_its_neighbours() -> None:
    rng = np.random.default_rng(5)
    share, weight = rng.uniform(0.001, 0.999, (4, 200)), rng.uniform(0.1, 10, (4, 200))
    target = rng.uniform(0.02, 0.98, 200) * weight.sum(axis=0)
    movable = np.ones(4, dtype=bool)
    together = shift_to_total(share, weight, target, movable, "x")
    for i in range(0, 200, 8):
        part = slice(i, i + 8)
        alone = shift_to_total(share[:, part], weight[:, part], target[part], movable, "x")
        assert (alone == together[:, part]).all()
