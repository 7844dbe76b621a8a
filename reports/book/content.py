"""What a report consists of, whatever it is written as: numbered tables and figures in sections."""

from collections.abc import Sequence
from dataclasses import dataclass

from plansim.reports.pictures.canvas import Picture
from plansim.reports.tables import Table


@dataclass(frozen=True, slots=True)
class Tabled:
    """A numbered table; ``note`` names the source of its numbers."""

    number: int
    caption: str
    table: Table
    note: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A numbered figure; ``note`` names the source of its numbers. 0: a key, without a number."""

    number: int
    caption: str
    picture: Picture
    note: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands below it: paragraphs, tables, figures, then its parts."""

    title: str
    blocks: "tuple[str | Tabled | Drawn, ...]" = ()
    parts: "tuple[Section, ...]" = ()


@dataclass(frozen=True, slots=True)
class Report:
    """``above``: lines below the title; ``sentences``: the first page."""

    title: str
    above: tuple[str, ...]
    summary: str
    sentences: tuple[str, ...]
    sections: tuple[Section, ...]
    run: str
    lang: str


class Numbering:
    """Gives tables and figures their numbers, in the order in which they are asked for."""

    def __init__(self) -> None:
        self.tables = self.figures = 0

    def table(self, caption: str, table: Table, note: str) -> Tabled:
        self.tables += 1
        return Tabled(self.tables, caption, table, note)

    def figure(self, caption: str, picture: Picture, note: str) -> Drawn:
        self.figures += 1
        return Drawn(self.figures, caption, picture, note)


def figures_of(sections: Sequence[Section]) -> list[Drawn]:
    """All figures, in order."""
    found: list[Drawn] = []
    for section in sections:
        found += [block for block in section.blocks if isinstance(block, Drawn)]
        found += figures_of(section.parts)
    return found
