"""Why counts fall short: one cause planted at a time in a queue of its own."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plansim.simulator.door import Plan
from plansim.simulator.model import Model
from plansim.simulator.plan import Coverage, Figure, Quota, Stage, Subsidy
from plansim.simulator.shortfall import Short, Whereabouts, short_of, shortfalls
from plansim.tests.simulator.conftest import figure, lonely_plan, target


def money(amount: float) -> Quota:
    return Quota(Figure(amount, "judgement", "invented", unit="亿元/year"))


def quota(unit: str) -> dict[str, Quota]:
    """Four units a year of something."""
    return {"given": Quota(Figure(4.0, "judgement", "invented", unit=unit))}


def counting(queue: Mapping[str, Any], **goal: Any) -> Plan:
    """A queue that forty should come out of by the end of 2020; sixty apply."""
    asked = {"year": 2020, "kind": "activity", **goal}
    goals = (target("count", "a_done", "cumulative_count", "reach", 40.0, **asked),)
    return replace(lonely_plan(**queue), targets=goals)


def why(plan: Plan) -> Short | None:
    return shortfalls(Model.of(plan), seed=1).get("count")


WORK = figure(0.1)
TAKING = {"work": Stage(WORK, takes={"given": figure(1.0)})}


def test_nothing_is_said_of_a_count_that_is_reached() -> None:
    assert why(counting({})) is None


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        ({"intake": 4.0}, Short("a", "applicants")),
        ({"eligible": 30.0}, Short("a", "applicants")),
        (
            {"stages": {"work": Stage(WORK), "award": Stage(WORK, drop_out=figure(0.6))}},
            Short("a", "dropped", "award"),
        ),
        ({"stages": {"work": Stage(figure(4.0))}}, Short("a", "time", "work")),
        (
            {"stages": {"talks": Stage(WORK), "work": Stage(figure(0.5), servers=figure(2.0))}},
            Short("a", "capacity", "work", "programmes.a.queue.stages.work"),
        ),
        (
            {
                "investment": 1.0,
                "subsidy": Subsidy(figure(0.1), "work", budget=money(0.4)),
                "stages": {"work": Stage(WORK)},
            },
            Short("a", "money", "work", "programmes.a.queue.subsidy.budget"),
        ),
    ],
)
def test_one_cause_is_found(queue: dict[str, Any], expected: Short) -> None:
    assert why(counting(queue)) == expected


@pytest.mark.parametrize(
    ("unit", "code"), [("亩/year", "land"), ("亿元/year", "money"), ("person/year", "quota")]
)
def test_a_quota_is_told_by_what_it_is_of(unit: str, code: str) -> None:
    plan = replace(counting({"stages": TAKING}), quotas=quota(unit))
    assert why(plan) == Short("a", code, "work", "quotas.given")  # type: ignore[arg-type]


def test_a_goal_a_year_asks_for_all_years_together() -> None:
    assert why(yearly(8.0)) is None
    assert why(yearly(14.0)) == Short("a", "applicants")


def yearly(goal: float) -> Plan:
    asked = target("count", "a_done", "per_year", "every_year", goal, year=2020, kind="activity")
    return replace(lonely_plan(), targets=(asked,))


def test_a_programme_that_is_off_and_one_that_is_scheduled_too_low() -> None:
    plan = counting({})
    programme = plan.programmes["a"]
    off = replace(plan, programmes={"a": replace(programme, active=False)})
    assert why(off) == Short("a", "idle")
    path = Coverage(2016, {2020: 0.3}, figure(1.0))
    scheduled = replace(programme, queue=None, coverage=path)
    assert why(replace(plan, programmes={"a": scheduled})) == Short("a", "schedule")
    enough = replace(programme, queue=None, coverage=replace(path, path={2020: 0.5}))
    assert why(replace(plan, programmes={"a": enough})) is None


COUNT = st.integers(0, 50)


@given(COUNT, COUNT, COUNT, COUNT, st.integers(1, 60))
def test_every_shortfall_has_one_cause_and_it_is_the_first_that_binds(
    delivered: int, left: int, standing: int, working: int, missing: int
) -> None:
    """Enough applicants before those that leave, enough of them left before those under way."""
    row = np.array([1.0])
    station = "programmes.a.queue.stages.work"
    where = Whereabouts(
        applied=(delivered + left + standing + working) * row,
        delivered=delivered * row,
        left={"work": left * row},
        waiting={("work", station): standing * row},
        working={"work": working * row},
    )
    lots = float(delivered + missing)
    found = short_of(Model.of(lonely_plan()), "a", where, lots)
    expected = "applicants"
    if delivered + left + standing + working >= lots:
        expected = "dropped"
        if delivered + standing + working >= lots:
            expected = "capacity" if standing >= working else "time"
    assert found.code == expected
