"""What a target rests on, against what is known of shipped plans."""

import numpy as np
import pytest

from plansim.scenarios.load import load
from plansim.simulator.accounts import Series
from plansim.simulator.door import Plan
from plansim.simulator.footing import footing, origins, quantities_read
from plansim.simulator.whatif import WhatIf

PLAN = load("yuyao-2016")


def test_a_cluster_rests_on_itself_and_on_prices() -> None:
    assert footing(PLAN)["robotics-output-2020"] == (
        "clusters.robotics.output.base",
        "clusters.robotics.output.trend.rate",
        "clusters.robotics.output.trend.ceiling",
        "prices.output.base",
        "prices.output.trend.rate",
    )


def test_a_total_rests_on_what_the_document_says_of_it() -> None:
    paths = footing(PLAN)["total-output-2020"]
    assert paths[0] == "totals.output"
    assert not [path for path in paths if path.endswith("output.base") and "clusters" in path]
    assert {f"clusters.{key}.output.trend.rate" for key in PLAN.clusters} <= set(paths)


def test_a_count_rests_on_what_delivers_it() -> None:
    queued = {
        t.id: str(PLAN.indicators[t.indicator].programme)
        for t in PLAN.judged
        if PLAN.indicators[t.indicator].measure == "delivered"
    }
    found = footing(PLAN)
    for target, key in queued.items():
        rest = PLAN.programmes[key]
        asked = "queue.intake" if rest.queue is not None else "coverage.depth"
        assert f"programmes.{key}.{asked}" in found[target]
        assert all(path.startswith(f"programmes.{key}.") for path in found[target])


@pytest.mark.parametrize("indicator", ["energy_intensity", "labour_productivity", "firms_over_1bn"])
def test_what_is_not_read_does_not_move_a_target(indicator: str) -> None:
    read = quantities_read(PLAN, Series(indicator, ""))
    spared = [key for key in PLAN.city if f"city.{key}" not in read]
    assert spared
    held = WhatIf(PLAN, 64)
    before = held.judge()
    moved = _higher(PLAN, spared)
    after = held.judge(moved)
    rows = [i for i, t in enumerate(PLAN.judged) if t.indicator == indicator]
    np.testing.assert_array_equal(before.reads[rows], after.reads[rows])


def test_origins_are_named_once() -> None:
    assert origins(PLAN)["digital-tools-2020"] == ("judgement",)


def _higher(plan: Plan, keys: list[str]) -> Plan:
    return plan.with_all({f"city.{key}.trend.rate": "x0.9" for key in keys})
