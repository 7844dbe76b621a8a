"""Levers of shipped plans in any order: what a memo finds is what a run finds."""

import random

import numpy as np
import pytest

from plansim.analysis.levers import knobs, turned
from plansim.scenarios.load import load, shipped
from plansim.simulator.door import Plan
from plansim.simulator.run import run
from plansim.simulator.whatif import WhatIf

DRAWS = 128


def with_levers() -> list[str]:
    return [name for name in shipped() if load(name).levers]


def assert_as_run(held: WhatIf, plan: Plan, name: str) -> None:
    """Every bit of what is judged, and of one indicator in all years."""
    result = run(plan, draws=DRAWS)
    place = len(result.series) // 2
    item = result.series[place]
    key = f"{item.indicator}/{item.subject}".rstrip("/")
    standing = held.judge(plan, paths=(key,))
    reads = result.kept.reads.reshape(len(result.judged), DRAWS, 2).swapaxes(1, 2)
    path = result.kept.paths[:, place].reshape(len(plan.years), DRAWS, 2).swapaxes(1, 2)
    assert np.array_equal(standing.reads, reads, equal_nan=True), name
    assert np.array_equal(
        standing.probability, [float(v.probability or 0) for v in result.judged]
    ), name
    assert np.array_equal(standing.paths[key], path), name


@pytest.mark.parametrize("name", with_levers())
def test_every_lever_of_a_shipped_plan_in_random_order(name: str) -> None:
    """Half of them on top of what was turned before, half of them alone."""
    plan, chance = load(name), random.Random(name)
    held, now = WhatIf(plan, DRAWS), plan
    levers = list(knobs(plan))
    chance.shuffle(levers)
    switches = [key for key, programme in plan.programmes.items() if programme.active]
    for lever in levers:
        value = chance.choice(lever.values)
        now = turned(now if chance.random() < 0.5 else plan, (lever,), (value,))
        if chance.random() < 0.3:
            key = chance.choice(switches)
            now = now.with_(f"programmes.{key}.active", chance.random() < 0.5)
        assert_as_run(held, now, f"{lever.key} = {value}")
