"""Answers as they are shown: what is printed where, in every form, and what ends without one."""

import io
import json
from collections.abc import Callable

import pytest
from rich.console import Console

from plansim.reports import terminal
from plansim.reports.tables import (
    BELOW,
    INTERRUPTED,
    PARTIAL,
    WRONG_INPUT,
    Answer,
    NoAnswerError,
    Table,
)
from plansim.reports.terminal import Meanwhile, answered, show
from plansim.simulator.errors import InputError, WorkError

ANSWER = Answer(
    [{"target": "a", "share": 0.5}], [Table(("target", "share"), (("A", "50 %"),))],
    ["what it is"], ["how to read it"], ("target", "share"), ["written: x.png"], BELOW,
)  # fmt: skip


@pytest.mark.parametrize("form", terminal.FORMS)
def test_an_answer_is_on_stdout_and_its_notes_are_beside_it(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answered(lambda: ANSWER, "en", form) == BELOW
    told = capsys.readouterr()
    assert told.err == "written: x.png\n"
    if form == "json":
        assert json.loads(told.out) == ANSWER.records
    elif form == "csv":
        assert told.out == "target,share\na,0.5\n"
    else:
        lines = told.out.split("\n")
        assert (lines[0], lines[-2]) == ("what it is", "how to read it")
        assert "50 %" in told.out


def test_a_csv_of_nothing_has_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    show(Answer((), (), columns=("target", "share")), "csv", "en")
    assert capsys.readouterr().out == "target,share\n"


def _raising(problem: BaseException) -> Callable[[], Answer]:
    def ask() -> Answer:
        raise problem

    return ask


@pytest.mark.parametrize(
    ("problem", "code", "said"),
    [
        (InputError.of("argument_number", "--draws", value="x"), WRONG_INPUT, "--draws"),
        (WorkError.of("batch_stopped", done=1, total=2, reason="full"), PARTIAL, "full"),
        (KeyboardInterrupt(), INTERRUPTED, "nothing was written"),
        (NoAnswerError(["one", "two"], PARTIAL), PARTIAL, "one\ntwo\n"),
    ],
)
def test_what_ends_without_an_answer_says_why_and_prints_nothing(
    problem: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answered(_raising(problem), "en", "csv") == code
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err


def test_bars_are_for_people_who_look(capsys: pytest.CaptureFixture[str]) -> None:
    with Meanwhile("en").bar(3) as tick:
        assert tick is None
    with Meanwhile("en").judgements() as told:
        assert told is None
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "rows",
    [
        (("余姚 plan", "1.5"), ("", "-20"), ("[a] b", "")),
        (("two\nlines", "1"), ("one", "2")),
        (("x" * 600, "y" * 600), ("z", "1")),
        (),
    ],
    ids=["plain", "cells of two lines", "wider than any", "empty"],
)
def test_a_table_for_a_file_is_printed_as_if_row_by_row(rows: tuple[tuple[str, ...], ...]) -> None:
    table = Table(("target", "share"), rows, right=("share",), title="a title")
    pages = []
    for by_row in (False, True):
        page = io.StringIO()
        console = Console(width=terminal.UNBOUNDED, file=page)
        grid = (
            terminal.drawn(table, "en", rows) if by_row else terminal.fitted(table, "en", console)
        )
        console.print(grid)
        pages.append(page.getvalue())
    assert pages[0] == pages[1]
    assert all(cell.split("\n")[0][:400] in pages[0] for row in rows for cell in row)
