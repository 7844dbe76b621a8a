"""The shipped plans say of their figures what the rules find (simulator/circles.py)."""

import csv
import re
from functools import cache
from importlib.resources import files

import pytest

from plansim.scenarios.load import load, read_draft, shipped
from plansim.simulator.circles import (
    LINE,
    WORDS,
    circular,
    counted,
    delivered_ratio,
    goal_lines,
    is_base,
    is_dated,
    read_back,
    sized,
)
from plansim.simulator.door import Plan
from plansim.simulator.plan import Figure, figures
from plansim.simulator.run import run

#: CHANGELOG.md: judged targets by what makes them circular.
FOUND = {
    "shaoxing-2016": {"intake": 30, "base": 16},
    "yinzhou-2017": {"intake": 17, "base": 34},
    "yuyao-2016": {"intake": 26, "base": 10},
    "yuyao-2020": {"intake": 25, "base": 13},
}
#: Where something can be looked up: a page of the web, or a letter by its number.
ADDRESS = re.compile(r"\b[\w-]+\.(?:cn|com|net)\b\S*/\S+|〔\d{4}〕\d+号")

each_plan = pytest.mark.parametrize("name", shipped())


@cache
def plan_of(name: str) -> Plan:
    return load(name)


@cache
def ratios(name: str) -> dict[str, float]:
    medians = {v.target: float(v.p50 or 0.0) for v in run(plan_of(name), 500, 1, workers=1).judged}
    return dict(delivered_ratio(plan_of(name), medians))


@each_plan
def test_a_base_that_was_read_from_a_goal_says_so(name: str) -> None:
    plan = plan_of(name)
    origins = {path: figure.origin for path, figure in figures(plan)}
    found = {path for path, read in read_back(plan, {}).items() if read.code == "base"}
    assert found
    assert {origins[path] for path in found} == {"goal"}


@pytest.mark.slow
@each_plan
def test_what_says_that_it_is_the_goal_s_is_found_by_rule_too(name: str) -> None:
    """So that the mark can be believed, and none is missing."""
    plan = plan_of(name)
    found = read_back(plan, ratios(name))
    assert {read.code for read in found.values()} == {"base", "intake"}
    assert {path for path, figure in figures(plan) if figure.origin == "goal"} == set(found)


@pytest.mark.slow
@each_plan
def test_as_many_targets_are_circular_as_the_change_log_says(name: str) -> None:
    codes = [circle.code for circle in circular(plan_of(name), ratios(name)).values()]
    assert {code: codes.count(code) for code in sorted(set(codes), reverse=True)} == FOUND[name]


def test_what_the_four_plans_took_from_their_goals_is_found() -> None:
    """Figures that were known to be circular before there was a rule."""
    yinzhou = read_back(plan_of("yinzhou-2017"), {})
    for cluster in ("new_materials", "smart_terminals", "key_components", "high_end_electronics"):
        assert len(yinzhou[f"clusters.{cluster}.output.base"].targets) == 2
    total = read_back(plan_of("yuyao-2016"), {})["totals.output"]
    assert total.targets == ("total-output-2020",)


@each_plan
def test_what_keeps_a_target_off_the_list_can_be_looked_up(name: str) -> None:
    """Dated intakes, and dated bases that speak of a goal, name where their figure stands."""
    plan, known = plan_of(name), dict(figures(plan_of(name)))
    goals = goal_lines(plan)
    paths = {sized(plan, key) for key in counted(plan).values()}
    paths |= {path for path, figure in known.items() if is_base(path) and names_goal(figure)}
    for path in paths:
        if is_dated(known[path], goals):
            sources = [source.strip() for source in known[path].source.split(",")]
            assert any(looked_up(name, source) for source in sources), path


def names_goal(figure: Figure) -> bool:
    why = figure.why
    texts = (why,) if isinstance(why, str) else (why.zh, why.en)
    return any(WORDS.search(text) for text in texts)


def looked_up(name: str, source: str) -> bool:
    """Whether a source has an address: in SOURCES.md, or in the table of outturns."""
    key, _, row = source.rpartition(":")
    if key == "outturns":
        return any(r["id"] == row and r["address"] for r in outturns())
    document = key if LINE.fullmatch(row) else source
    if document in shipped():
        return True  # a document whose lines are counted
    lines = [text for text in read_draft(name).sources.splitlines() if f"| `{document}` |" in text]
    return any(ADDRESS.search(text) for text in lines)


@cache
def outturns() -> list[dict[str, str]]:
    path = files("plansim.calibration") / "data" / "outturns.csv"
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_some_intake_is_dated() -> None:
    plan = plan_of("yuyao-2016")
    known, goals = dict(figures(plan)), goal_lines(plan)
    dated = [k for k in set(counted(plan).values()) if is_dated(known[sized(plan, k)], goals)]
    assert sorted(dated) == ["integration_firms", "trained_managers", "zhejiang_brands"]
