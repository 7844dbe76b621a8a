"""Two processes at one lever: the bits of one process, whatever becomes of the other."""

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from plansim.analysis import crew, slider
from plansim.analysis.slider import Difference, Slider
from plansim.scenarios.load import load
from plansim.simulator.door import Plan
from plansim.simulator.errors import InputError
from plansim.simulator.whatif import Standing, WhatIf
from plansim.tests.refusals import refused

DRAWS = 100
YUYAO = "programmes.robot_replacement.queue.intake"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load(str(files("plansim.scenarios") / "template"))


@pytest.fixture
def two(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slider]:
    monkeypatch.setattr(slider, "processors", lambda: 2)
    with Slider(plan, DRAWS) as held:
        yield held


def others(plan: Plan) -> list[Plan]:
    """The plan with each of its programmes out, then as it is."""
    return [*(plan.with_(f"programmes.{key}.active", False) for key in plan.programmes), plan]


def helpers() -> list[int]:
    return [child.pid for child in multiprocessing.active_children() if child.pid is not None]


def dies(asked: object) -> None:
    os._exit(3)


def assert_same(one: Standing, other: Standing) -> None:
    assert one.plan == other.plan
    assert np.array_equal(one.met, other.met)
    assert np.array_equal(one.reads, other.reads, equal_nan=True)


def test_every_answer_is_that_of_one_process(two: Slider, plan: Plan) -> None:
    alone = WhatIf(plan, DRAWS)
    assert_same(two.judge(), alone.judge())
    assert len(helpers()) == 1
    for other in others(plan):
        assert_same(two.judge(other), alone.judge(other))
    assert (two.plan, two.draws) == (plan, DRAWS)


def test_whole_paths_come_from_both_processes(two: Slider, plan: Plan) -> None:
    alone, names = WhatIf(plan, DRAWS), list(plan.indicators)[:2]
    names = [name for name in names if plan.indicators[name].subjects != "clusters"]
    assert names
    for other in others(plan)[-3:]:
        found, expected = two.judge(other, names), alone.judge(other, names)
        assert_same(found, expected)
        assert list(found.paths) == names
        for name in names:
            assert np.array_equal(found.paths[name], expected.paths[name])
    assert not two.judge().paths


def test_more_draws_than_a_block_and_another_seed(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slider, "processors", lambda: 2)
    with Slider(plan, 4500, seed=7) as held:
        assert_same(held.judge(), WhatIf(plan, 4500, seed=7).judge())


def test_leaving_ends_the_other_process(two: Slider) -> None:
    assert helpers()
    two.__exit__()
    assert not helpers()


def test_one_that_dies_is_replaced(two: Slider, plan: Plan) -> None:
    (helper,) = helpers()
    os.kill(helper, signal.SIGKILL)
    other = others(plan)[0]
    assert_same(two.judge(other), WhatIf(plan, DRAWS).judge(other))


@pytest.mark.parametrize("reason", ["one processor", "none begins", "all die"])
def test_all_is_done_here_where_there_is_no_other(
    reason: str, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere() -> None:
        raise OSError

    monkeypatch.setattr(slider, "processors", lambda: 1 if reason == "one processor" else 2)
    if reason == "none begins":
        monkeypatch.setattr(crew, "_context", nowhere)
    if reason == "all die":
        monkeypatch.setattr(slider, "_Side", lambda *_: dies)
    with Slider(plan, DRAWS) as held:
        assert not helpers()
        assert_same(held.judge(), WhatIf(plan, DRAWS).judge())


def test_what_fails_here_leaves_no_answer_for_the_next_question(
    two: Slider, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(plan: Plan, paths: Sequence[str]) -> Standing:
        raise InputError.of("argument_range")

    first, second = others(plan)[:2]
    with monkeypatch.context() as here:
        here.setattr(two._here, "judge", fails)
        with pytest.raises(InputError):
            two.judge(first)
    assert_same(two.judge(second), WhatIf(plan, DRAWS).judge(second))


def test_bad_arguments_are_refused(plan: Plan) -> None:
    with refused("argument_range"):
        Slider(plan, draws=0, seed=-1)


def test_a_changed_plan_is_told_in_few_bytes() -> None:
    here, there = load("yuyao-2016"), load("yuyao-2016")
    other = here.with_(YUYAO, 30.0)
    told = Difference(here).told(other)
    come = Difference(there).plan(told)
    assert len(told) < 10_000
    assert come == other
    assert come.clusters is there.clusters
    assert come.programmes["robot_replacement"] is not there.programmes["robot_replacement"]
    assert Difference(there).plan(Difference(here).told(here)) is there


def test_any_other_plan_is_told_as_well(plan: Plan, tmp_path: Path) -> None:
    other = replace(load("yuyao-2016"), targets=())
    assert Difference(plan).plan(Difference(plan).told(other)) == other
