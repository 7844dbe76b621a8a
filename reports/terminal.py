"""Answers on a terminal, in a pipe, in a file; and what is said while they are worked out."""

import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from plansim.reports.tables import (
    DONE,
    INTERRUPTED,
    PARTIAL,
    WRONG_INPUT,
    Answer,
    NoAnswerError,
    Table,
)
from plansim.simulator.errors import Fault, InputError, WorkError
from plansim.words.catalogue import LANGUAGES, default_language, say, say_faults

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as Grid

FORMS = ("table", "csv", "json")
#: Columns of a page that nobody looks at on a screen: wide enough for any table.
UNBOUNDED = 1000


# -- the answer ------------------------------------------------------------------------------------


def answered(ask: Callable[[], Answer | None], lang: str, form: str) -> int:
    """Ask, and show the answer, where there is more than was printed; the exit code."""
    try:
        check_choices(lang, form)
        answer = ask()
        if answer is None:
            return DONE
        show(answer, form, lang)
        return answer.code
    except NoAnswerError as end:
        lines, code = end.lines, end.code
    except (InputError, WorkError) as problem:
        spoken = lang if lang in LANGUAGES else default_language()
        lines = (say("say.error", spoken) + say_faults(problem.faults, spoken),)
        code = WRONG_INPUT if isinstance(problem, InputError) else PARTIAL
    except KeyboardInterrupt:
        lines, code = (say("say.interrupted", lang),), INTERRUPTED
    print(*lines, sep="\n", file=sys.stderr)
    return code


def check_choices(lang: str, form: str) -> None:
    """Refuse an unknown language or format."""
    rules = (("--lang", lang, LANGUAGES), ("--format", form, FORMS))
    faults = [
        Fault("unknown_choice", {"value": value, "choices": list(choices)}, file=name)
        for name, value, choices in rules
        if value not in choices
    ]
    if faults:
        raise InputError(faults)


def show(answer: Answer, form: str, lang: str) -> None:
    """The answer on stdout, in one of ``FORMS``; what is said beside it on stderr."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    if form == "json":
        print(json.dumps(list(answer.records), ensure_ascii=False, indent=1))
    elif form == "csv":
        names = list(answer.records[0] if answer.records else answer.columns)
        writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(answer.records)
    else:
        show_tables(answer, lang)
    for line in answer.notes:
        print(line, file=sys.stderr)


def show_tables(answer: Answer, lang: str) -> None:
    """The tables, with what is said above and below them."""
    from rich.console import Console

    terminal = Console(highlight=False)
    console = terminal if sys.stdout.isatty() else Console(highlight=False, width=UNBOUNDED)
    for line in answer.above:
        console.print(line, markup=False)
    for table in answer.tables:
        console.print(fitted(table, lang, console))
    for line in answer.below:
        console.print(line, markup=False)


def fitted(table: Table, lang: str, console: "Console") -> "Grid":
    """The table on this console, without the optional columns that it has no room for."""

    def has_room(grid: "Grid") -> bool:
        return grid.__rich_measure__(console, console.options).maximum < console.width

    if console.width == UNBOUNDED:
        grid = drawn(table, lang, one_row(table))
        return grid if has_room(grid) else drawn(table, lang, table.rows)
    while True:
        grid = drawn(table, lang, table.rows)
        if not table.optional or has_room(grid):
            return grid
        table = table.without(table.optional[0])


def one_row(table: Table) -> Sequence[Sequence[str]]:
    """All rows as one with many lines, a quarter of the work: alike where no cell is folded."""
    if not table.rows or any("\n" in cell for row in table.rows for cell in row):
        return table.rows
    return [["\n".join(cells) for cells in zip(*table.rows, strict=True)]]


def drawn(table: Table, lang: str, rows: Sequence[Sequence[str]]) -> "Grid":
    """These rows under the heads of the table."""
    from rich import box
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(title=table.title or None, title_justify="left", box=box.SIMPLE_HEAD)
    for column in table.columns:
        justify: Literal["left", "right"] = "right" if column in table.right else "left"
        grid.add_column(say(f"column.{column}", lang), justify=justify, overflow="fold")
    for row in rows:
        grid.add_row(*map(Text, row))  # as it is: square brackets are no markup
    return grid


# -- meanwhile -------------------------------------------------------------------------------------


class Progress(Protocol):
    """How far a batch is (``analysis.batch``)."""

    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...
    def remaining(self) -> tuple[float, float] | None: ...


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What is said on stderr while a command works: lines, and bars where somebody looks."""

    lang: str
    quiet: bool = False

    def tell(self, *lines: str) -> None:
        for line in lines:
            print(line, file=sys.stderr)

    @property
    def _unseen(self) -> bool:
        return self.quiet or not sys.stderr.isatty()

    @contextmanager
    def bar(
        self, total: int | None, what: str = "say.progress"
    ) -> Iterator[Callable[[int], object] | None]:
        """A bar for what takes longer than a second."""
        if self._unseen:
            yield None
            return
        from tqdm import tqdm

        name = say(what, self.lang)
        with tqdm(total=total, desc=name, delay=1, leave=False, file=sys.stderr) as bar:
            yield bar.update

    @contextmanager
    def judgements(self) -> Iterator[Callable[[int, int], object] | None]:
        """A bar for work that says with each step how many there will be."""
        if self._unseen:
            yield None
            return
        from tqdm import tqdm

        name = say("say.attribute_progress", self.lang)
        with tqdm(desc=name, delay=1, leave=False, file=sys.stderr) as bar:

            def tell(steps: int, total: int) -> None:
                bar.total = total
                bar.update(steps)

            yield tell

    @contextmanager
    def runs(
        self, total: int, time_left: Callable[[tuple[float, float] | None, str], str]
    ) -> Iterator[Callable[[Progress], object]]:
        """A bar that counts runs and says how long the rest takes."""
        if self._unseen:
            yield lambda _: None
            return
        from tqdm import tqdm

        form = "{desc}: {n_fmt}/{total_fmt} |{bar}| {elapsed}{postfix}"
        with tqdm(
            total=total, desc=say("say.batch_progress", self.lang), delay=1, leave=False,
            file=sys.stderr, bar_format=form, postfix=time_left(None, self.lang),
        ) as bar:  # fmt: skip

            def tell(progress: Progress) -> None:
                bar.n = total - progress.total + progress.done
                bar.set_postfix_str(time_left(progress.remaining(), self.lang))

            yield tell
