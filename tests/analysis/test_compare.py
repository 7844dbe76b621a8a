"""Scenarios on the same draws: exact counts, paired intervals, exactly 0 for what does nothing."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import plansim
from plansim.analysis.compare import (
    LANES,
    Comparison,
    Remembered,
    Span,
    compare,
    compare_stored,
    paired_interval,
    shared_out,
)
from plansim.analysis.workers import Processes
from plansim.reports.answers.compare import names_of, remembered
from plansim.reports.words.wording import points, signed
from plansim.scenarios.load import load
from plansim.scenarios.variants import Variant, columns, split, variants
from plansim.simulator.errors import InputError
from plansim.simulator.plan import Plan
from plansim.simulator.run import run
from plansim.simulator.sampling import STREAM_BLOCK, Block
from plansim.simulator.whatif import WhatIf
from plansim.store.read import read_sampled
from plansim.store.write import write
from plansim.tests.refusals import refused

DRAWS = 300


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plan]:
    """The template as it is, without its programme, with another trend, and with what is idle."""
    folder = tmp_path_factory.mktemp("plans") / "mine"
    shutil.copytree(str(files("plansim.scenarios") / "template"), folder)
    plan = load(str(folder))
    programme = plan.programmes["upgrading"]
    assert programme.cost is not None
    dear = replace(programme, cost=replace(programme.cost, value=99.0))
    return {
        "plan": plan,
        "baseline": load(str(folder), "baseline"),
        "slow": load(str(folder), "plan", ["clusters.machinery.output.trend.rate=x0.5"]),
        "dear": replace(plan, programmes={"upgrading": dear}),
    }


@pytest.fixture(scope="module")
def found(plans: dict[str, Plan]) -> Comparison:
    return compare(plans, DRAWS, seed=2)


def test_probabilities_and_intervals_are_those_of_runs(
    plans: dict[str, Plan], found: Comparison
) -> None:
    for name, plan in plans.items():
        judged = run(plan, DRAWS, 2).judged
        rows = [row for row in found.rows if row.scenario == name]
        assert [row.probability for row in rows] == [v.probability for v in judged]
        assert [row.prob_low for row in rows] == pytest.approx([v.prob_low for v in judged])


def test_every_door_gives_the_same_verdict() -> None:
    plan = plansim.load("yuyao-2020")
    land = plan.with_("quotas.land.amount", "x0.5")
    plans, held = {"plan": plan, "land": land}, WhatIf(plan, 128)
    found = compare(plans, 128)
    for name, one in plans.items():
        judged = run(one, 128).judged
        assert any(v.outside is not None and v.probability != v.inside for v in judged)
        said = [v.probability for v in judged]
        assert [row.probability for row in found.rows if row.scenario == name] == said
        assert held.judge(one).probability.tolist() == said


def test_differences_are_won_less_lost(found: Comparison) -> None:
    for row in found.rows:
        assert row.wins is not None
        assert row.loses is not None
        assert row.diff == pytest.approx(row.wins - row.loses, abs=1e-15)
        assert row.low <= row.diff <= row.high
    assert any(row.wins and row.loses for row in found.rows)


def test_what_does_nothing_shows_exactly_nothing(found: Comparison) -> None:
    """Cost moves nothing that is simulated; a cluster's trend moves no rate of the city."""
    rows = {(row.target.id, row.scenario): row for row in found.rows}
    for row in found.rows:
        if row.scenario in ("plan", "dear"):
            assert (row.diff, row.low, row.high, row.wins, row.loses) == (0, 0, 0, 0, 0)
    assert rows["rd-to-revenue-2030", "slow"].same
    assert rows["rd-to-revenue-2030", "slow"].high == 0
    moved = rows["machinery-output-2030", "slow"]
    assert moved.diff < moved.high < 0


def test_targets_met_together(plans: dict[str, Plan], found: Comparison) -> None:
    distinct = {t.id for t in plans["plan"].judged if not t.restates}
    for name, (met, gain, low, high) in zip(found.names, found.met, strict=True):
        own = [r for r in found.rows if r.scenario == name and r.target.id in distinct]
        assert met == pytest.approx(sum(row.probability for row in own))
        assert gain == pytest.approx(sum(row.diff for row in own), abs=1e-12)
        assert low <= gain <= high


@pytest.mark.parametrize("workers", [2, 3])
def test_threads_change_nothing(plans: dict[str, Plan], found: Comparison, workers: int) -> None:
    ticks: list[int] = []
    again = compare(plans, DRAWS, 2, workers, progress=ticks.append)
    assert [row.diff for row in again.rows] == [row.diff for row in found.rows]
    assert sum(ticks) == DRAWS


def test_processes_change_nothing(plans: dict[str, Plan], found: Comparison) -> None:
    assert compare(plans, DRAWS, 2, over=Processes(2)) == found


@given(st.integers(1, 60_000), st.integers(1, 5))
def test_draws_are_shared_out_evenly(draws: int, workers: int) -> None:
    spans = list(shared_out(draws, 1, workers))
    assert (spans[0].first, spans[-1].last) == (0, draws)
    assert all(one.last == other.first for one, other in pairwise(spans))
    sizes = [span.last - span.first for span in spans]
    last = sizes[(len(sizes) - 1) // workers * workers :]
    assert all(size == STREAM_BLOCK for size in sizes[: -len(last)])
    assert max(last) <= max(1.5 * STREAM_BLOCK + LANES, 1)
    if len(sizes) > workers:
        assert min(last[:-1], default=STREAM_BLOCK) > 0.5 * STREAM_BLOCK - LANES
    assert max(last) - min(last) < workers * LANES + LANES


@given(st.integers(0, 90), st.integers(1, 9000))
def test_a_span_has_the_numbers_of_its_draws(begins: int, size: int) -> None:
    first = begins * LANES
    block = Span(3, first, first + size).block()
    assert 0 <= block.draws - size < LANES
    assert block.draws % LANES == 0
    blocks = range(first // STREAM_BLOCK, (first + size - 1) // STREAM_BLOCK + 1)
    inside = slice(first % STREAM_BLOCK, first % STREAM_BLOCK + block.draws)
    laws: tuple[Callable[[Block], Any], ...] = (
        lambda b: b.normal("a", 2), lambda b: next(b.uniforms("a")),
    )  # fmt: skip
    for law in laws:
        whole = [law(Block(3, number)) for number in blocks]
        assert np.array_equal(law(block), np.concatenate(whole, axis=1)[:, inside])
    points = np.concatenate([Block(3, number).sobol(2) for number in blocks])
    assert np.array_equal(block.sobol(2), points[inside])
    waits = [next(Block(3, number).exponentials("b")) for number in blocks]
    assert np.array_equal(next(block.exponentials("b")), np.concatenate(waits, axis=1)[:, inside])


def test_plans_with_other_targets_are_refused(plans: dict[str, Plan]) -> None:
    other = replace(plans["plan"], targets=plans["plan"].targets[1:])
    with refused("other_targets"):
        compare({"a": plans["plan"], "b": other}, 8)


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), min_size=1, max_size=50))
def test_a_paired_interval_holds_its_mean_and_has_a_width(changes: list[float]) -> None:
    values = np.array(changes)
    low, high = paired_interval(values.sum(), (values**2).sum(), len(values), sure=False)
    shrunk = values.sum() / (len(values) + 2)
    assert -1 <= low <= shrunk <= high <= 1
    assert high > low


def test_a_paired_interval_covers_the_truth() -> None:
    """Wins 6 %, losses 2 %, 400 draws: 95 % of intervals hold +4 points."""
    rng = np.random.default_rng(5)
    draws = rng.choice([1.0, -1.0, 0.0], p=[0.06, 0.02, 0.92], size=(2000, 400))
    held = [
        low <= 0.04 <= high
        for low, high in (paired_interval(d.sum(), (d**2).sum(), 400, False) for d in draws)
    ]
    assert 0.93 < np.mean(held) < 0.97


# -- stored runs -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recall(
    plans: dict[str, Plan], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Remembered]:
    place = tmp_path_factory.mktemp("runs")

    def of(name: str, seed: int = 2, **more: Any) -> Remembered:
        folder = place / f"{name}-{seed}-{len(more)}"
        if not folder.exists():
            write(run(plans[name], DRAWS, seed, **more), folder, (), 0.0)
        return remembered(read_sampled(folder), name)

    return of


def test_stored_runs_say_what_live_ones_say(
    recall: Callable[..., Remembered], found: Comparison
) -> None:
    stored = compare_stored([recall(name) for name in found.names])
    assert stored.kept == DRAWS
    for one, other in zip(stored.rows, found.rows, strict=True):
        assert one.probability == other.probability
        assert one.diff == pytest.approx(other.diff, abs=1e-15)
        if one.wins is not None:
            assert (one.wins, one.loses) == (other.wins, other.loses)
            np.testing.assert_allclose(one.high - one.low, other.high - other.low, rtol=0.02)


def test_runs_of_other_futures_are_refused(
    recall: Callable[..., Remembered], found: Comparison
) -> None:
    given = recall("plan", given=("rd-to-revenue-2030",))
    with pytest.raises(InputError) as problem:
        compare_stored([recall("plan"), recall("slow", seed=3), given])
    assert [fault.fields["what"] for fault in problem.value.faults] == ["seed", "given"]


def test_runs_of_other_views_are_refused(recall: Callable[..., Remembered]) -> None:
    first = recall("plan")
    with pytest.raises(InputError) as problem:
        compare_stored([first, replace(recall("slow"), view="verdict")])
    assert [fault.fields["what"] for fault in problem.value.faults] == ["view"]


def test_no_scenario_moves_the_outside_view(recall: Callable[..., Remembered]) -> None:
    first, slow = recall("plan"), recall("slow")
    assert any(row.diff for row in compare_stored([first, slow]).rows)
    seen = [
        replace(kept, view="outside", verdicts={
            key: replace(verdict, outside=0.4, probability=0.4)
            for key, verdict in kept.verdicts.items()
        })
        for kept in (first, slow)
    ]  # fmt: skip
    for row in compare_stored(seen).rows:
        assert (row.probability, row.diff, row.low, row.high) == (0.4, 0.0, 0.0, 0.0)


def test_the_outside_view_is_not_compared(plans: dict[str, Plan]) -> None:
    with pytest.raises(InputError) as problem:
        compare(plans, DRAWS, view="outside")
    assert [fault.code for fault in problem.value.faults] == ["argument_range"]


def test_names_of_stored_runs() -> None:
    assert names_of(["runs/a", "runs/b/"]) == ["a", "b"]
    assert names_of(["x/a", "y/a"]) == ["x/a", "y/a"]


# -- variants --------------------------------------------------------------------------------------


def test_variants_as_typed() -> None:
    typed = ["less: quotas.land.amount=x0.5, a.b={dist: normal, mean: 0, sd: 1}", "c.d=1"]
    assert variants(typed, ["e=1", "f=2"]) == (
        Variant("e=1 f=2", ("e=1", "f=2")),
        Variant("less", ("quotas.land.amount=x0.5", "a.b={dist: normal, mean: 0, sd: 1}")),
        Variant("c.d=1", ("c.d=1",)),
    )


@pytest.mark.parametrize("text", ["", "name", "name:", "name: x", ": a=1", "n: a=1, b"])
def test_a_variant_that_sets_nothing_is_refused(text: str) -> None:
    with refused("variant_form"):
        variants([text])


def test_columns_of_a_comparison() -> None:
    less = Variant("less", ("a=1",))
    assert columns(["delayed"], [less]) == [
        ("delayed", "delayed", ()),
        ("less", "delayed", ("a=1",)),
    ]
    assert columns([], [less])[0] == ("plan", "plan", ())
    with refused("same_scenario"):
        columns(["plan", "plan"], [])
    with refused("one_scenario"):
        columns(["plan"], [])


@given(st.lists(st.text("ab{}[],:'\"= ", max_size=6), max_size=4))
def test_splitting_loses_nothing_but_commas_and_blanks(parts: list[str]) -> None:
    text = ",".join(parts)
    assert "".join(split(text)).replace(" ", "").replace(",", "") == text.replace(" ", "").replace(
        ",", ""
    )


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (0.0, 0.0, 0.0, "0"),
        (-0.031, -0.035, -0.027, "−3.1 ±0.4"),
        (0.0004, 0.0002, 0.0006, "+0.04 ±0.02"),
        (0.0, -0.003, 0.003, "0.0 ±0.3"),
    ],
)
def test_points(value: float, low: float, high: float, text: str) -> None:
    assert points(value, low, high) == text


def test_a_sign_stands_only_where_something_is() -> None:
    assert [signed(v) for v in (0.04, -0.04, 0.06, -0.06)] == ["0.0", "0.0", "+0.1", "−0.1"]
