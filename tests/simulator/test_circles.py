"""Figures that were read from the goals that they are held against, planted in a small plan."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plansim.simulator.circles import (
    LEAST,
    MOST,
    Circle,
    circular,
    counted,
    delivered_ratio,
    goal_lines,
    is_dated,
    lines_of,
    read_back,
)
from plansim.simulator.door import Plan
from plansim.simulator.plan import Figure, Label, Origin
from plansim.simulator.run import run
from plansim.tests.simulator.conftest import queued_plan, small_plan

UNFOUNDED = ("derived", "estimated", "literature", "judgement", "goal")


@cache
def with_figure(path: str, **changed: Any) -> Plan:
    """The small plan with another figure, whose goals stand on lines of their own."""
    plan = with_lines(small_plan())
    section, key, *rest = path.split(".")
    if section == "totals":
        return replace(plan, totals=replace(plan.totals, output=Figure(**changed)))
    if section == "programmes":
        programme = replace(plan.programmes[key], units=Figure(**changed))
        return replace(plan, programmes={**plan.programmes, key: programme})
    base = Figure(**changed)
    if section == "city":
        own = replace(plan.city[key], base=base)
        return replace(plan, city={**plan.city, key: own})
    cluster = plan.clusters[key]
    cluster = replace(cluster, **{rest[0]: replace(getattr(cluster, rest[0]), base=base)})
    return replace(plan, clusters={**plan.clusters, key: cluster})


def with_lines(plan: Plan) -> Plan:
    rows = tuple(replace(t, source=f"small:L{n}") for n, t in enumerate(plan.targets, start=1))
    return replace(plan, targets=rows)


def line_of(name: str) -> str:
    return next(t.source for t in with_lines(small_plan()).targets if t.id == name)


def test_nothing_is_circular_where_nothing_names_a_goal() -> None:
    assert circular(small_plan(), {}) == {}
    assert circular(with_lines(small_plan()), {}) == {}


@pytest.mark.parametrize("origin", UNFOUNDED)
def test_a_base_that_cites_the_line_of_its_goal_is_read_from_it(origin: Origin) -> None:
    plan = with_figure("city.rd.base", value=0.02, origin=origin, source=line_of("rd"), year=2015)
    assert circular(plan, {}) == {
        "rd": Circle("base", "city.rd.base", "rd"),
        "rd-again": Circle("base", "city.rd.base", "rd"),
    }


@pytest.mark.parametrize(
    "why",
    [
        "no figure; below the goal",
        "sized to what is aimed at",
        "below the target",
        Label("低于目标", "less"),
        Label("无数据", "well below the goal"),
        "with 60 in 2020 it was half in 2015",
    ],
)
def test_a_reason_names_a_goal_by_its_word_or_by_its_number(why: Any) -> None:
    plan = with_figure("city.patents.base", value=30.0, origin="judgement", source="judgement",
                       year=2015, why=why)  # fmt: skip
    assert circular(plan, {}) == {"patents": Circle("base", "city.patents.base", "patents")}


@pytest.mark.parametrize(
    "why",
    ["a guess", "the target is a change", "targets for chip making", "6 or 60.5 in 2060", ""],
)
def test_a_reason_that_speaks_of_something_else_names_none(why: str) -> None:
    plan = with_figure("city.patents.base", value=30.0, origin="judgement", source="judgement",
                       year=2015, why=why)  # fmt: skip
    assert circular(plan, {}) == {}


@pytest.mark.parametrize(
    ("source", "origin", "year", "dated"),
    [
        ("bulletin-2015", "estimated", 2015, True),
        ("统计公报2015, judgement", "estimated", 2015, True),
        ("outturns:YY4", "derived", 2015, True),
        ("other:L12", "estimated", 2015, True),
        ("bulletin-2015", "estimated", None, False),
        ("bulletin-2015", "judgement", 2015, False),
        ("bulletin-2015", "goal", 2015, False),
        ("a panel", "estimated", 2015, False),
        ("judgement", "estimated", 2015, False),
    ],
)
def test_a_dated_figure_may_speak_of_the_goal(
    source: str, origin: Origin, year: int | None, dated: bool
) -> None:
    figure = Figure(30.0, origin, source, year=year, why="below the goal")
    plan = with_figure("city.patents.base", value=30.0, origin=origin, source=source, year=year,
                       why="below the goal")  # fmt: skip
    assert is_dated(figure, goal_lines(plan)) == dated
    assert ("patents" in circular(plan, {})) == (not dated)


def test_what_the_document_states_of_its_base_year_is_no_circle() -> None:
    plan = with_figure("city.rd.base", value=0.02, origin="stated", source=line_of("rd"), year=2015)
    assert circular(plan, {}) == {}


def test_a_goal_of_something_else_on_the_line_makes_no_circle() -> None:
    plan = with_figure("city.rd.base", value=0.02, origin="derived", source=line_of("patents"))
    assert circular(plan, {}) == {}


def test_a_cluster_touches_its_own_targets_only() -> None:
    plan = with_figure("clusters.robots.output.base", value=50.0, origin="derived",
                       source=line_of("robots"))  # fmt: skip
    assert set(circular(plan, {})) == {"robots"}


def test_a_total_touches_its_level_and_what_is_said_of_the_same_quantity() -> None:
    """Ratios and counts are the same whatever the total is."""
    source = f"{line_of('output')},{line_of('high-tech')},{line_of('firms')}"
    plan = with_figure("totals.output", value=1000.0, origin="derived", source=source)
    assert set(circular(plan, {})) == {"output", "output-growth"}


def test_growth_alone_is_not_read_from_a_base() -> None:
    plan = with_figure("totals.output", value=1000.0, origin="derived",
                       source=line_of("value-added"))  # fmt: skip
    assert circular(plan, {}) == {}
    assert read_back(plan, {})["totals.output"].targets == ()


SMALL = small_plan()
IN_BAND = st.floats(LEAST, MOST)
COUNTS = ("retrofits", "retrofits-all")


@given(IN_BAND, st.floats(0.01, 3.0))
def test_one_goal_in_reach_of_the_median_is_enough(near: float, other: float) -> None:
    found = circular(SMALL, {"retrofits": other, "retrofits-all": near})
    assert set(found) == set(COUNTS)
    assert {circle.code for circle in found.values()} == {"intake"}
    assert {circle.path for circle in found.values()} == {"programmes.retrofits.units"}


@given(IN_BAND, st.sampled_from([0.1, 10.0]))
def test_ten_times_as_many_are_sized_to_no_goal(near: float, factor: float) -> None:
    """Unless the figure says itself that it is the goal's."""
    far = dict.fromkeys(COUNTS, near * factor)
    assert circular(SMALL, far) == {}
    marked = with_figure("programmes.retrofits", value=120.0, origin="goal", source="plan")
    assert {c.code for c in circular(marked, far).values()} == {"stated"}
    assert {c.code for c in circular(marked, dict.fromkeys(COUNTS, near)).values()} == {"intake"}


@given(IN_BAND)
def test_a_dated_intake_may_come_near_its_goal(near: float) -> None:
    dated = with_figure("programmes.retrofits", value=120.0, origin="estimated",
                        source="bulletin-2015", year=2015)  # fmt: skip
    assert circular(dated, dict.fromkeys(COUNTS, near)) == {}


def test_an_intake_is_found_by_what_a_run_delivers() -> None:
    """And with ten times or a tenth of the applications it is sized to no goal any more."""
    plan = queued_plan()
    path = "programmes.grants.queue.intake"
    assert circular(plan, ratio(plan))["grants-all"] == Circle("intake", path, "grants-all")
    for factor in ("x0.1", "x10"):
        moved = plan.with_(path, factor)
        assert "grants-all" not in circular(moved, ratio(moved))


def ratio(plan: Plan) -> dict[str, float]:
    medians = {v.target: float(v.p50 or 0.0) for v in run(plan, draws=32, seed=1).judged}
    return dict(delivered_ratio(plan, medians))


def test_units_counted_off_a_goal_on_a_stock_are_sized_to_it() -> None:
    """A programme that raises a quantity of the place by what its goal lacks."""
    plan = with_figure("programmes.park", value=30.0, origin="derived", source=line_of("patents"))
    park = plan.programmes["park"]
    raised = replace(park, effects=(replace(park.effects[0], on="city.patents"),))
    plan = replace(plan, programmes={**plan.programmes, "park": raised})
    assert counted(plan)["patents"] == "park"
    assert circular(plan, {"patents": 1.0})["patents"] == Circle(
        "intake", "programmes.park.units", "patents"
    )
    elsewhere = replace(raised, units=Figure(30.0, "derived", line_of("robots")))
    plan = replace(plan, programmes={**plan.programmes, "park": elsewhere})
    assert "patents" not in counted(plan)


def test_any_figure_may_say_that_it_is_the_goal_s() -> None:
    plan = small_plan()
    trend = plan.city["patents"].trend
    marked = replace(trend, rate=replace(trend.rate, origin="goal"))
    own = replace(plan.city["patents"], trend=marked)
    plan = replace(plan, city={**plan.city, "patents": own})
    assert circular(plan, {}) == {
        "patents": Circle("stated", "city.patents.trend.rate", "patents"),
    }


def test_lines_go_with_their_document() -> None:
    assert lines_of("a-2016:L18,L54, b:L3, c-2019, judgement, t:X4, L7") == {
        "a-2016:L18", "a-2016:L54", "b:L3", "t:L7",
    }  # fmt: skip


def test_what_is_delivered_is_told_in_goals() -> None:
    plan = small_plan()
    assert delivered_ratio(plan, {"retrofits": 5.0, "retrofits-all": 90.0, "rd": 3.0}) == {
        "retrofits": 0.5, "retrofits-all": 0.75,
    }  # fmt: skip
    assert delivered_ratio(plan, {}) == {}
