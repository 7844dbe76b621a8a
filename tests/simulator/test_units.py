"""Units against factors known by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plansim.simulator import units
from plansim.simulator.errors import InputError

SIMPLE = sorted(units.TABLE)
FACTORS = (
    ("万元", "亿元", 1e-4),
    ("亿元", "万元", 1e4),
    ("元", "亿元", 1e-8),
    ("百万元", "亿元", 0.01),
    ("千亿元", "亿元", 1000),
    ("百亿元", "亿元", 100),
    ("%", "1", 0.01),
    ("points", "%", 1),
    ("个百分点", "points", 1),
    ("万吨标煤", "tce", 1e4),
    ("kgce", "tce", 1e-3),
    ("吨标煤", "tce", 1),
    ("万吨", "t", 1e4),
    ("蒸吨", "吨", 1),
    ("亩", "ha", 1 / 15),
    ("km2", "亩", 1500),
    ("平方公里", "公顷", 100),
    ("万立方米", "m3", 1e4),
    ("万人", "person", 1e4),
    ("month", "year", 1 / 12),
    ("day", "year", 1 / 365.25),
    ("家", "firm", 1),
    ("kgce/元", "tce/万元", 10),
    ("tce/亿元", "tce/万元", 1e-4),
    ("吨标煤/万元", "kgce/元", 0.1),
    ("件/百亿元", "件/亿元", 0.01),
    ("%/year", "1/year", 0.01),
    ("1/month", "1/year", 12),
    ("万元/人", "亿元/person", 1e-4),
    ("万元/year", "亿元/year", 1e-4),
)
UNLIKE = (
    ("亿元", "tce"),
    ("亿元", "%"),
    ("亿元/year", "亿元"),
    ("t", "tce"),
    ("t", "m3"),
    ("year", "1/year"),
    ("tce/万元", "万元/tce"),
    ("person", "亿元"),
    ("ha", "count"),
)


@pytest.mark.parametrize(("given_unit", "wanted", "factor"), FACTORS)
def test_conversions_are_those_of_the_tables(given_unit: str, wanted: str, factor: float) -> None:
    assert units.conversion(given_unit, wanted) == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize(("one", "other"), UNLIKE)
def test_unlike_dimensions_are_refused_and_both_named(one: str, other: str) -> None:
    with pytest.raises(InputError) as caught:
        units.conversion(one, other)
    (fault,) = caught.value.faults
    assert fault.code == "unit_dimension"
    assert fault.fields == {"value": one, "wanted": other}


@given(st.sampled_from(SIMPLE), st.sampled_from(SIMPLE))
def test_there_and_back_is_one(one: str, other: str) -> None:
    if units.parse(one).dimension == units.parse(other).dimension:
        assert units.conversion(one, other) * units.conversion(other, one) == pytest.approx(1.0)
    else:
        with pytest.raises(InputError):
            units.conversion(one, other)


@given(st.sampled_from(SIMPLE), st.sampled_from(SIMPLE))
def test_a_quotient_is_the_quotient_of_its_parts(one: str, other: str) -> None:
    both = units.parse(f"{one}/{other}")
    assert both.factor == pytest.approx(units.parse(one).factor / units.parse(other).factor)
    if units.parse(one).dimension == units.parse(other).dimension:
        assert both.dimension == ()


@pytest.mark.parametrize(
    ("wide", "plain"),
    [
        ("％", "%"),
        ("ｔｃｅ／万元", "tce/万元"),
        ("ｋｍ２", "km2"),
        ("１／year", "1/year"),
        ("亿元 / year", "亿元/year"),
    ],
)
def test_full_width_units_are_read(wide: str, plain: str) -> None:
    assert units.parse(wide) == units.parse(plain)


@pytest.mark.parametrize("text", ["", "/", "亿", "yuan", "tce//万元", "TCE", "亿元*2", "万 元"])
def test_unknown_units_are_refused_with_what_is_known(text: str) -> None:
    with pytest.raises(InputError) as caught:
        units.parse(text)
    (fault,) = caught.value.faults
    assert fault.code == "unknown_unit"
    assert fault.fields["value"] == text
    assert "亿元" in str(fault.fields["choices"])


def codes(text: str) -> list[str]:
    """The codes of what is wrong with a unit."""
    try:
        units.parse(text)
    except InputError as problem:
        return [fault.code for fault in problem.faults]
    return []


@given(st.text(max_size=20))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert codes(text) in ([], ["unknown_unit"])


@pytest.mark.parametrize("unit", ["亿元", "tce/亿元", "1/year", "1", "亿元/year", "count"])
def test_base_names_are_of_size_one_and_of_the_same_dimension(unit: str) -> None:
    parsed = units.parse(unit)
    name = units.base_name(parsed)
    assert units.parse(name).factor == 1.0
    assert units.parse(name).dimension == parsed.dimension


def test_the_same_dimension_is_recognised() -> None:
    assert units.same_dimension("家", "个")
    assert not units.same_dimension("家", "亿元")
