"""docs/verdicts.md: ten targets a plan that are there, and numbers that the program still says."""

import re

import pytest

from plansim.benchmarks.pages import marks
from plansim.benchmarks.verdicts import CHOSEN, PAGE, RESTS, SAID, SOUGHT, Read, overview, tables
from plansim.scenarios.load import load, shipped

NUMBER = re.compile(r"\d+(?:\.\d+)?")
#: How far a number of the page may lie from what the program says of fewer draws. [points]
NEAR = 8.0
#: Columns of the first table that hold probabilities.
PROBABILITIES = ("inside", "outside", "verdict")


def part(name: str) -> str:
    """What a script wrote into the page."""
    begin, end = marks(name)
    return PAGE.read_text(encoding="utf-8").partition(begin)[2].partition(end)[0]


def rows(text: str, heads: tuple[str, ...]) -> list[dict[str, str]]:
    """The rows of the table with these heads."""
    lines = text.splitlines()
    first = lines.index("| " + " | ".join(heads) + " |") + 2
    found = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        cells = (cell.strip() for cell in line.strip("|").split("|"))
        found.append(dict(zip(heads, cells, strict=True)))
    return found


@pytest.mark.parametrize("name", sorted(CHOSEN))
def test_the_ten_are_judged_and_stand_on_the_page(name: str) -> None:
    plan = load(name)
    distinct = {t.id for t in plan.judged if not t.restates}
    assert len(set(CHOSEN[name])) == 10
    assert set(CHOSEN[name]) <= distinct
    assert SOUGHT[name][0] in CHOSEN[name]
    assert len(rows(part(name), SAID)) == len(rows(part(name), RESTS)) == 10


def test_every_shipped_plan_is_read() -> None:
    assert sorted(CHOSEN) == sorted(shipped())
    assert all(name in part("overview") for name in CHOSEN)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CHOSEN))
def test_the_page_says_what_the_program_says(name: str) -> None:
    read = Read.of(name, draws=2000, lever_draws=200)
    told, page = rows(tables(read), SAID), rows(part(name), SAID)
    for now, then in zip(told, page, strict=True):
        assert now["target"] == then["target"]
        assert now["goal"] == then["goal"]
        for column in PROBABILITIES:
            said, written = (NUMBER.findall(row[column]) for row in (now, then))
            assert len(said) > 0 or now[column] == then[column]
            if said:
                assert abs(float(said[0]) - float(written[0])) <= NEAR, (now["target"], column)
    assert name in overview([read])
