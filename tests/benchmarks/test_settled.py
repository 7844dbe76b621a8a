"""The shipped plans, settled: every published figure is accounted for, pages keep their marks."""

import csv

import pytest

from plansim.benchmarks.city_outturns import outturns
from plansim.benchmarks.pages import DOCS, marks, table, written
from plansim.benchmarks.settled import (
    DATA,
    LEFT,
    READ,
    derived,
    published,
    section,
    settlements,
    unaccounted,
)
from plansim.scenarios.load import load, shipped


def test_the_table_is_what_the_script_derives() -> None:
    with DATA.open(encoding="utf-8", newline="") as stream:
        assert list(csv.DictReader(stream)) == derived()


def test_every_figure_of_the_places_is_read_or_left_with_a_reason() -> None:
    assert unaccounted() == set()
    assert not {one.key for one in READ} & set(LEFT)


def test_nothing_is_from_memory() -> None:
    rows = derived()
    assert len(rows) == len(READ)
    assert all(row["address"].startswith("http") for row in rows)
    assert all(outturns()[row["row"]].seen == "yes" for row in rows)


@pytest.mark.parametrize("name", shipped())
def test_every_row_can_be_held_against_its_plan(name: str) -> None:
    plan = load(name)
    wanted = [row for row in derived() if row["plan"] == name]
    found = published(plan)
    assert found.aside == ()
    assert [one.year for one in found.found] == [int(row["year"]) for row in wanted]


def test_a_section_tells_of_every_shipped_plan() -> None:
    text = section(list(settlements(draws=64)))
    for name in shipped():
        assert f"### {name}" in text
    assert "value-added rate" in text
    assert all(key in text for key in LEFT)


def test_a_page_is_written_between_its_marks() -> None:
    begin, end = marks("settled")
    page = f"a\n{begin}\nold\n{end}\nb\n"
    assert written(page, "settled", "new\n") == f"a\n{begin}\nnew\n{end}\nb\n"
    with pytest.raises(ValueError, match="rate"):
        written(page, "rate", "new")
    for file, name in (("score.md", "settled"), ("settle.md", "rate")):
        assert all(mark in (DOCS / file).read_text(encoding="utf-8") for mark in marks(name))


def test_a_table_has_its_rule_and_its_rows() -> None:
    assert table(("a", "b"), [("1", "2\n3")], [1]) == "| a | b |\n| --- | ---: |\n| 1 | 2 3 |"
