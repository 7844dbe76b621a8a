"""What is shown: tables of text, and the answer of a command that holds them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

#: Exit codes (docs/commands.md).
DONE, BELOW, WRONG_INPUT, INTERRUPTED, PARTIAL = 0, 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Table:
    """Columns by their key in the catalogue; cells are text.

    ``right``: columns of numbers; ``optional``: columns that a narrow screen goes without, the
    first to go first.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    title: str = ""

    def without(self, column: str) -> "Table":
        """The table with one column less."""
        place = self.columns.index(column)
        rows = tuple(row[:place] + row[place + 1 :] for row in self.rows)
        columns = tuple(c for c in self.columns if c != column)
        optional = tuple(c for c in self.optional if c != column)
        return replace(self, columns=columns, rows=rows, optional=optional)


class NoAnswerError(Exception):
    """A command ended before it had an answer: what is said then, and the exit code."""

    def __init__(self, lines: Sequence[str], code: int) -> None:
        super().__init__(*lines)
        self.lines, self.code = tuple(lines), code


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answers: ``records`` for csv and json, ``tables`` for people.

    ``above``, ``below``: lines around the tables. ``columns``: of csv, where there is no record.
    ``notes``: what is said beside the answer; ``code``: the exit code.
    """

    records: Sequence[Mapping[str, Any]]
    tables: Sequence[Table]
    above: Sequence[str] = ()
    below: Sequence[str] = ()
    columns: Sequence[str] = ()
    notes: Sequence[str] = ()
    code: int = DONE
