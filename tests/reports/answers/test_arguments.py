"""What is typed on a command line: numbers as people write them, settings taken apart."""

import pytest

from plansim.reports.answers.arguments import pairs, whole_number, whole_numbers
from plansim.simulator.errors import InputError


@pytest.mark.parametrize(
    ("typed", "number"), [("128", 128), ("1e2", 100), ("1_00", 100), ("64.0", 64), ("+32", 32)]
)
def test_numbers_are_read_as_people_type_them(typed: str, number: int) -> None:
    assert whole_number(typed, "draws") == number


def test_every_number_that_is_none_is_named() -> None:
    assert whole_numbers(draws="10", seed=None) == {"draws": 10}
    with pytest.raises(InputError) as caught:
        whole_numbers(draws="x", seed="1.5", workers="inf")
    assert [fault.path for fault in caught.value.faults] == ["--draws", "--seed", "--workers"]


def test_a_setting_is_a_path_and_a_value() -> None:
    assert pairs(["a.b=1=2", "c="]) == (("a.b", "1=2"), ("c", ""))
    with pytest.raises(InputError, match="PATH=VALUE"):
        pairs(["a"])
