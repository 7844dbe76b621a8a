"""What came of a plan: rows of a file, and the base year of a later plan."""

from pathlib import Path

import pytest

import plansim
from plansim.scenarios.load import load
from plansim.scenarios.outturns import Outturns, follows, from_later, outturns_of, read_outturns
from plansim.scenarios.text import Row
from plansim.simulator.accounts import Series
from plansim.simulator.errors import InputError
from plansim.simulator.plan import Plan

PLAN = load("yuyao-2016")
LATER = load("yuyao-2020")


def row(quantity: str, value: str, line: int = 2, **cells: str) -> Row:
    known = {"subject": "", "year": "2020", "unit": "", "source": "a", "measure": "", "sd": ""}
    return Row(line, {"quantity": quantity, "value": value, **known, **cells}, "came.csv")


def told(*rows: Row, plan: Plan = PLAN) -> Outturns:
    return outturns_of(rows, plan)


@pytest.mark.parametrize("name", ["va-rate-2020", "value-added rate, 2020"])
def test_a_target_is_settled_as_it_words_it(name: str) -> None:
    (found,) = told(row(name, "21.5", sd="0.2", year="")).found
    assert found.series == Series("va_rate", "")
    assert (found.target, found.year, found.measure) == ("va-rate-2020", 2020, "worded")
    assert found.value == pytest.approx(0.215)
    assert found.sd == pytest.approx(0.002)


def test_a_change_keeps_its_sign_and_an_amount_its_unit() -> None:
    rows = (row("energy-intensity-2020", "-17"), row("total-output-2020", "19900000", unit="万元"))
    change, output = told(*rows).found
    assert change.value == pytest.approx(-0.17)
    assert output.value == pytest.approx(1990)


def test_a_series_goes_by_its_indicator_or_by_the_quantity_it_reports() -> None:
    named = row("output", "45", subject="Robotics", unit="亿元")
    path = row("clusters.robotics.output", "46", year="2019", unit="亿元")
    group = row("city.lead_group", "259.3", year="2018", unit="亿元")
    first, second, third = told(named, path, group).found
    assert first.series == second.series == Series("output", "robotics")
    assert third.series == Series("lead_group_revenue", "")
    assert (first.measure, third.year) == ("level", 2018)


def test_what_settles_nothing_is_set_aside_with_its_reason() -> None:
    rows = (
        row("high_tech_share", "47", year="2018H1", unit="%"),
        row("high_tech_share", "45.2", 3, year="2015", unit="%"),
        row("prices.output", "1.06", 4, year="2018"),
    )
    found = told(*rows)
    assert found.found == ()
    assert [one.reason for one in found.aside] == ["half", "known", "unread"]
    assert found.aside[0].path == "indicators.high_tech_share"


def test_every_fault_is_told_at_once_with_its_line() -> None:
    rows = (
        row("va-rate-2020", "x", 2),
        row("va-rate-2020", "21", 3, year="2019"),
        row("robotics-doubling", "2", 4),
        row("total-output-2020", "1", 5, unit="tce", source=""),
        row("no_such_thing", "1", 6),
    )
    with pytest.raises(InputError) as problem:
        told(*rows)
    codes = [(fault.line, fault.code) for fault in problem.value.faults]
    assert codes == [
        (2, "not_a_number"), (3, "settles_other_year"), (4, "settles_not_judged"),
        (5, "empty_cell"), (5, "unit_dimension"), (6, "unknown_observed"),
    ]  # fmt: skip


def test_a_file_needs_neither_subject_nor_measure(tmp_path: Path) -> None:
    path = tmp_path / "came.csv"
    path.write_text("quantity,year,value,unit,source\nva-rate-2020,2020,21,%,a\n", encoding="utf-8")
    assert [one.target for one in read_outturns(path, PLAN).found] == ["va-rate-2020"]
    assert plansim.read_outturns is read_outturns


# -- a later plan ----------------------------------------------------------------------------------


def test_a_later_plan_settles_by_its_dated_base_year_only() -> None:
    found = from_later(PLAN, LATER)
    rate = next(one for one in found.found if one.series.indicator == "va_rate")
    assert {one.series.indicator for one in found.found} == {"va_rate", "total_output"}
    assert rate.year == 2019
    assert rate.value == pytest.approx(0.223, abs=1e-4)
    assert rate.scope == "all"  # of all industry, where the earlier plan speaks of manufacturing
    assert rate.source == "yy-h1-2020"
    assert 0.004 < (rate.sd or 0.0) < 0.006
    reasons = {one.path: one.reason for one in found.aside}
    assert reasons["clusters.robotics.output.base"] == "judgement"
    assert reasons["city.rd_to_revenue.base"] == "own"
    assert reasons["indicators.firms_over_10bn.count"] == "goal"


def test_only_a_later_plan_of_the_same_place_follows() -> None:
    assert follows(PLAN, LATER)
    assert not follows(LATER, PLAN)
    assert not follows(PLAN, PLAN)
    with pytest.raises(InputError) as problem:
        from_later(LATER, PLAN)
    assert [fault.code for fault in problem.value.faults] == ["settles_not_later"]
    assert not follows(PLAN, load("shaoxing-2016"))


def test_the_earlier_plan_takes_nothing_from_the_later_one() -> None:
    texts = [path.read_text(encoding="utf-8") for path in folder("yuyao-2016").rglob("*.yaml")]
    sources = [line for text in texts for line in text.splitlines() if "source:" in line]
    assert sources
    for word in ("yuyao-2020", "yy-h1-2020", "yy-gov-2020", "sunny-ar-2019"):
        assert not any(word in line for line in sources), word


def folder(name: str) -> Path:
    return Path(plansim.__file__ or "").parent / "scenarios" / "library" / name
