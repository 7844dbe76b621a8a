"""Numbers and names as a person reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plansim.reports.words.wording import subject_name, target_name
from plansim.scenarios.load import load
from plansim.simulator.plan import Plan
from plansim.words.amounts import exact, number, percent, with_unit


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load("yuyao-2016")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (1950.4, "1950"),
        (18.3, "18.3"),
        (0.994, "0.994"),
        (0.00012345, "0.000123"),
        (99.96, "100"),
        (123456789, "123456789"),
        (-3.14159, "-3.14"),
        (100, "100"),
        (5, "5"),
        (1e-5, "0.00001"),
    ],
)
def test_numbers_have_three_digits_and_no_exponent(value: float, text: str) -> None:
    assert number(value) == text


@given(st.floats(1e-6, 1e12))
def test_a_shown_number_is_within_half_a_percent(value: float) -> None:
    text = number(value)
    assert "e" not in text
    assert float(text) == pytest.approx(value, rel=5.1e-3)


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (0.0, 0, "0%"),
        (1.0, 0, "100%"),
        (0.5, 0, "50%"),
        (0.004, 0, "<1%"),
        (0.005, 0, "<1%"),
        (0.006, 0, "1%"),
        (0.995, 0, ">99%"),
        (0.9999, 1, ">99.9%"),
        (0.0001, 1, "<0.1%"),
        (0.874, 1, "87.4%"),
        (0.994, 0, "99%"),
    ],
)
def test_percentages(share: float, digits: int, text: str) -> None:
    assert percent(share, digits) == text


@given(st.floats(0, 1), st.integers(0, 2))
def test_nothing_is_impossible_or_certain_that_is_not(share: float, digits: int) -> None:
    text = percent(share, digits)
    zero, one = f"{0:.{digits}f}%", f"{100:.{digits}f}%"
    assert (text == zero) == (share == 0)
    assert (text == one) == (share == 1)


@pytest.mark.parametrize(
    ("value", "text"), [(93.0, "93"), (0.994, "0.994"), (63.64, "63.64"), (20000.0, "20000")]
)
def test_stated_numbers_are_shown_as_stated(value: float, text: str) -> None:
    assert exact(value) == text


@pytest.mark.parametrize(
    ("unit", "en", "zh"),
    [
        ("%", "5 %", "5 %"),
        ("亿元", "5 亿元", "5 亿元"),
        ("家", "5", "5 家"),
        ("times", "5×", "5×"),
        ("index", "5", "5"),
        ("1", "5", "5"),
        ("件/百亿元", "5", "5 件/百亿元"),
    ],
)
def test_units_are_shown_where_they_are_understood(unit: str, en: str, zh: str) -> None:
    assert with_unit("5", unit, "en") == en
    assert with_unit("5", unit, "zh") == zh


def test_every_target_has_a_name_in_either_language(plan: Plan) -> None:
    for target in plan.targets:
        zh, en = target_name(plan, target, "zh"), target_name(plan, target, "en")
        assert any("\u4e00" <= letter <= "\u9fff" for letter in zh), target.id
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in en), target.id


def test_the_place_as_a_whole_is_not_named_again(plan: Plan) -> None:
    by_id = {t.id: t for t in plan.targets}
    assert subject_name(plan, by_id["va-rate-2020"], "en") == ""
    robots = by_id["robotics-output-2020"]
    assert target_name(plan, robots, "en") == "output of Robotics"
    assert target_name(plan, robots, "zh") == "机器人产值"
