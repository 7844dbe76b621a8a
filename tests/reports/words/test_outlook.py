"""A count is said only where there is one; what is borrowed is said in both languages."""

import re
from itertools import product
from typing import get_args

import pytest

from plansim.calibration.outside import KINDS, outside_view
from plansim.reports.words.outlook import outside_cell
from plansim.simulator.plan import Field, Level

CELLS = list(product(get_args(Level), sorted(KINDS.values()), get_args(Field), (False, True)))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_count_is_said_where_there_are_rows_and_nowhere_else(lang: str) -> None:
    for level, kind, field, multi_year in CELLS:
        view = outside_view(level=level, kind=kind, field=field, multi_year=multi_year)
        said = outside_cell(view, lang)
        counts = {str(view.met), str(view.rows), str(view.years)} if view.rows else set()
        assert set(re.findall(r"\d+", said)) == counts


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "outcomes of the market of a county, over several years: no closed target; "
               "borrowed from other levels, other kinds; none of the evidence is about patents"),
        ("zh", "县级市场结果目标（多年期）：没有已到期的同类目标，借用其他层级、其他类别的情况；"
               "现有数据中没有关于专利的目标"),
    ],
)  # fmt: skip
def test_a_cell_without_rows_says_what_it_borrows(lang: str, said: str) -> None:
    view = outside_view(level="county", kind="market", field="patents", multi_year=True)
    assert outside_cell(view, lang) == said


def test_a_pair_without_rows_whose_parts_have_some_is_borrowed_from_both() -> None:
    view = outside_view(level="prefecture", kind="binding", field="energy", multi_year=True)
    assert view.borrowed == ()
    assert "each by itself" in outside_cell(view, "en")
