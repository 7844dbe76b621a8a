"""Precedents say how often Chinese sectors and provinces did what a target asks."""

import csv
from dataclasses import replace
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plansim.calibration.precedents import PERIODS, QUANTITIES, SIZES, precedent, size_class
from plansim.simulator.plan import Precedent, Requested

SECTOR = Requested("nominal_output_growth", True, 5, 197.0, 394.0, 2015, True, False)
PLACE = Requested("rd_to_gdp_change", False, 5, 0.020, 0.025, 2015, True, False)

#: Windows of five years: a start [亿元], its multiples, and how many reached them, as published
#: figures were counted by hand: (windows within 1999-2012, reached), (since 2011, reached).
COUNTED = {
    40.0: ((622, (475, 398, 290, 139)), (150, (59, 32, 21, 7))),
    126.0: ((450, (355, 290, 201, 72)), (136, (38, 21, 9, 4))),
    197.0: ((247, (199, 148, 98, 33)), (95, (28, 11, 2, 1))),
    316.0: ((343, (263, 190, 108, 37)), (175, (38, 18, 4, 0))),
}
MULTIPLES = (2.0, 2.5, 3.3, 5.0)


def found(asked: Requested) -> Precedent:
    answer = precedent(asked)
    assert answer is not None
    return answer


@pytest.mark.parametrize("start", COUNTED)
@pytest.mark.parametrize("place", range(4))
def test_sectors_are_counted(start: float, place: int) -> None:
    (boom, in_boom), (since, reached) = COUNTED[start]
    answer = found(replace(SECTOR, start=start, end=MULTIPLES[place] * start))
    assert (answer.boom_windows, answer.since_windows, answer.years) == (boom, since, 5)
    assert answer.boom is not None
    assert answer.since is not None
    assert round(answer.boom * boom, 6) == in_boom[place]
    assert round(answer.since * since, 6) == reached[place]


@given(st.floats(5, 1e5), st.floats(0.2, 20), st.floats(0.2, 20), st.integers(1, 12))
def test_more_growth_is_rarer(start: float, left: float, right: float, years: int) -> None:
    low, high = sorted((left, right))
    easy = found(replace(SECTOR, start=start, end=low * start, years=years))
    hard = found(replace(SECTOR, start=start, end=high * start, years=years))
    assert easy.group == hard.group
    assert 0 <= (hard.since or 0.0) <= (easy.since or 0.0) <= 1
    assert 0 <= (hard.boom or 0.0) <= (easy.boom or 0.0) <= 1


@given(
    st.sampled_from(sorted(QUANTITIES)), st.floats(0.002, 0.3), st.floats(0.8, 2.5),
    st.floats(0.8, 2.5), st.integers(1, 12), st.booleans(), st.integers(2008, 2025),
)  # fmt: skip
def test_a_higher_rise_is_rarer_and_a_deeper_fall_too(
    quantity: str, start: float, left: float, right: float, years: int, up: bool, year: int
) -> None:
    near, far = sorted((left, right), reverse=not up)
    asked = Requested(quantity, False, years, start, near * start, year, up, False)
    easy, hard = precedent(asked), precedent(replace(asked, end=far * start))
    assert (easy is None) == (hard is None)
    if easy is not None and hard is not None:
        assert 0 <= (hard.since or 0.0) <= (easy.since or 0.0) <= 1
        assert easy.boom is None


def test_where_no_window_is_as_long_the_longest_is_taken_at_the_same_pace() -> None:
    ten = found(replace(SECTOR, years=10, end=4 * SECTOR.start))
    assert ten == found(SECTOR)
    assert ten.years == 5
    assert found(replace(PLACE, years=10)).years == 10


@pytest.mark.parametrize(
    "asked",
    [
        replace(SECTOR, sector=False),
        replace(SECTOR, start=4.9),
        replace(SECTOR, start=-1.0),
        replace(SECTOR, quantity="va_rate_change"),
        replace(PLACE, start=0.2, end=0.21),
    ],
)
def test_elsewhere_there_is_no_class(asked: Requested) -> None:
    assert precedent(asked) is None


def test_small_places_swing_more() -> None:
    """A rise above the drift is less rare for the small; one that all make is rarer for them."""
    high = replace(PLACE, end=0.032)
    small, middle = found(high), found(replace(high, is_province=True))
    assert (small.since or 0.0) > (middle.since or 0.0) > 0
    assert small.group.split(":")[1] == "small"
    assert middle.group.split(":")[1] == "middle"


@given(st.floats(5, 1e6))
def test_a_size_is_in_its_class(start: float) -> None:
    ends = size_class(start)
    assert ends in SIZES
    assert ends is not None
    assert ends[0] <= start < ends[1]


def test_every_cell_has_eight_provinces_and_increases() -> None:
    path = files("plansim.calibration") / "data" / "chinese_sectors_grown.csv"
    with path.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["period"] for row in rows} == set(PERIODS)
    for row in rows:
        multiples = [float(m) for m in row["multiples"].split()]
        assert int(row["provinces"]) >= 8
        assert multiples == sorted(multiples)
        assert len(multiples) >= 8
