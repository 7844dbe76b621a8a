"""Sweeps: every combination once, ranges that end where they should, evenly spread hypercubes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plansim.analysis.sweeps import Point, count, latin_hypercube, points, texts
from plansim.scenarios.batch_file import Hypercube, Range
from plansim.simulator.change import FACTOR

Levers = dict[str, tuple[object, ...] | Range]
finite = st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-3 or x == 0)


def test_every_combination_once_in_the_order_of_the_file() -> None:
    levers: Levers = {"a.b": ("x0.5", 2), "c.d": Range(1, 3, step=1, whole=True)}
    found = list(points(levers, None))
    assert found == [
        (("a.b", a), ("c.d", c)) for a in ("x0.5", "2") for c in ("1", "2", "3")
    ]  # fmt: skip
    assert count(levers, None) == len(found) == 6


def test_without_sweeps_there_is_one_point_that_sets_nothing() -> None:
    assert list(points({}, None)) == [()]
    assert count({}, None) == 1


def test_a_hypercube_is_crossed_with_the_lists() -> None:
    cube = Hypercube(5, 1, {"h.i": Range(0, 1), "j.k": Range(0, 1)})
    found = list(points({"a.b": (1, 2, 3)}, cube))
    assert len(found) == len(set(found)) == count({"a.b": (1, 2, 3)}, cube) == 15
    assert {tuple(path for path, _ in point) for point in found} == {("a.b", "h.i", "j.k")}


@pytest.mark.parametrize(
    ("swept", "wanted"),
    [
        (Range(2016, 2020, step=2, whole=True), ["2016", "2018", "2020"]),
        (Range(2016, 2021, step=2, whole=True), ["2016", "2018", "2020"]),
        (Range(0.5, 2, count=4, factor=True), ["x0.5", "x1", "x1.5", "x2"]),
        (Range(0, 1, step=0.1), ["0", *(f"0.{i}" for i in range(1, 10)), "1"]),
        (Range(0, 1, count=3, whole=True), ["0", "0.5", "1"]),
        (("x0.5", 3, 2.5, True, "double", "true", "2020", {"dist": "normal"}),
         ["x0.5", "3", "2.5", "true", "double", '"true"', '"2020"', '{"dist": "normal"}']),
    ],
)  # fmt: skip
def test_values_are_as_they_are_typed(swept: tuple[object, ...] | Range, wanted: list[str]) -> None:
    assert texts(swept) == wanted


@given(low=finite, width=st.floats(1e-2, 1e6), number=st.integers(2, 60))
def test_a_counted_range_holds_both_ends_and_equal_gaps(
    low: float, width: float, number: int
) -> None:
    values = [float(text) for text in texts(Range(low, low + width, count=number))]
    assert len(values) == number
    size = max(abs(low), abs(low + width))
    assert values[0] == pytest.approx(low, rel=1e-8, abs=1e-9)
    assert values[-1] == pytest.approx(low + width, rel=1e-8, abs=1e-8 * size)
    gaps = [b - a for a, b in pairwise(values)]
    assert max(gaps) - min(gaps) <= 1e-7 * size


@given(low=finite, step=st.floats(1e-2, 1e3), more=st.floats(0.01, 40))
def test_a_stepped_range_never_passes_its_end_and_stops_less_than_a_step_before(
    low: float, step: float, more: float
) -> None:
    high = low + more * step
    values = [float(text) for text in texts(Range(low, high, step=step))]
    slack = 1e-7 * max(abs(low), abs(high), 1.0)
    assert values[-1] <= high + slack
    assert high - values[-1] < step + slack


@given(number=st.integers(1, 40), seed=st.integers(0, 2**32), levers=st.integers(1, 5))
def test_a_hypercube_has_one_point_in_every_stratum_of_every_lever(
    number: int, seed: int, levers: int
) -> None:
    ranges = {f"a.{i}": Range(-3.0 + i, 5.0 + 2 * i) for i in range(levers)}
    found = latin_hypercube(Hypercube(number, seed, ranges))
    assert len(found) == number
    for i, (path, r) in enumerate(ranges.items()):
        shares = [(float(point[i][1]) - r.low) / (r.high - r.low) * number for point in found]
        assert all(point[i][0] == path for point in found)
        # a text has nine digits, so a point may be rounded onto the edge of its stratum
        nearest = sorted(shares)
        assert all(s - 1e-5 <= x <= s + 1 + 1e-5 for s, x in enumerate(nearest))


def test_whole_numbers_of_a_hypercube_are_equally_likely() -> None:
    cube = Hypercube(60, 3, {"a.b": Range(2016, 2021, whole=True)})
    years = [point[0][1] for point in latin_hypercube(cube)]
    assert {year: years.count(year) for year in years} == {str(y): 10 for y in range(2016, 2022)}


def test_factors_of_a_hypercube_are_factors() -> None:
    cube = Hypercube(9, 3, {"a.b": Range(0.5, 2, factor=True)})
    for ((_, text),) in latin_hypercube(cube):
        match = FACTOR.match(text)
        assert match
        assert 0.5 <= float(match[1]) <= 2


def test_the_seed_decides_the_points() -> None:
    def of(seed: int) -> list[Point]:
        return latin_hypercube(Hypercube(8, seed, {"a.b": Range(0, 1), "c.d": Range(0, 1)}))

    assert of(1) == of(1)
    assert of(1) != of(2)
