"""What targets require: as ``run`` has it, before anything is simulated."""

from dataclasses import replace
from importlib.resources import files

import pytest

import plansim
from plansim.calibration.reference import share_below
from plansim.calibration.requirements import Requirement, requirements
from plansim.reports.answers.run import verdict_table
from plansim.reports.answers.show import classless, requirement_table
from plansim.scenarios.load import load
from plansim.simulator.plan import Plan
from plansim.simulator.results import KEPT, Result
from plansim.simulator.run import run
from plansim.words.catalogue import say


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load(str(files("plansim.scenarios") / "template"))


@pytest.fixture(scope="module")
def judged(plan: Plan) -> Result:
    return run(replace(plan, reference=share_below), draws=KEPT // 2)


@pytest.fixture(scope="module")
def found(plan: Plan) -> tuple[Requirement, ...]:
    return requirements(plan)


def test_a_run_says_the_same(judged: Result, found: tuple[Requirement, ...]) -> None:
    by_id = {v.target: v for v in judged.judged}
    assert [each.target.id for each in found] == list(by_id)
    assert any(each.rarity for each in found)
    for each in found:
        verdict = by_id[each.target.id]
        assert each.growth == (
            verdict.required_growth and pytest.approx(verdict.required_growth, rel=1e-12)
        )
        assert (each.rarity is None) == (verdict.reference_percentile is None)
        if each.rarity is not None:
            assert 100 * each.rarity.share == pytest.approx(verdict.reference_percentile)


def test_the_interval_holds_the_share(found: tuple[Requirement, ...]) -> None:
    rarities = [each.rarity for each in found if each.rarity is not None]
    for rarity in rarities:
        assert 0 <= rarity.low <= rarity.share <= rarity.high <= 1
        assert rarity.low < rarity.high


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_both_tables_show_it_with_its_interval(
    plan: Plan, judged: Result, found: tuple[Requirement, ...], lang: str
) -> None:
    before, after = requirement_table(plan, found, lang), verdict_table(judged, lang)
    told = {row[0]: row[-1] for row in before.rows}
    place = after.columns.index("rare")
    assert told == {row[0]: row[place] for row in after.rows if row[place]}
    assert all(text.endswith(")") and " … " in text for text in told.values())
    assert before.title


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_no_class_speaks_of_is_named(lang: str) -> None:
    found = requirements(load("yuyao-2016"))
    read, silent = classless(load("yuyao-2016"), found, lang)
    outcomes = [e for e in found if e.target.kind == "outcome" and not e.target.restates]
    without = [e for e in outcomes if e.rarity is None and e.precedent is None]
    assert 0 < len(without) < len(outcomes)
    assert str(len(without)) in silent
    assert str(len(outcomes)) in silent
    assert read == say("precedent.read", lang)


def test_a_run_says_the_same_of_chinese_places() -> None:
    loaded = plansim.load("yuyao-2016")
    by_id = {v.target: v for v in run(loaded, draws=KEPT // 2).judged}
    told = {e.target.id: e.precedent for e in requirements(loaded)}
    assert {key: v.precedent for key, v in by_id.items()} == told
    assert sum(found is not None for found in told.values()) > 10
