"""Where published figures lie among the simulated futures of the same quantity."""

from collections.abc import Sequence
from dataclasses import dataclass

from plansim.reports.pictures.board import rows_of, write_rows
from plansim.reports.pictures.canvas import (
    BLACK,
    BLUE,
    EDGE,
    LIGHT,
    ORANGE,
    SKY,
    TEXT,
    WIDTH,
    Page,
    Picture,
    Sign,
    Style,
)
from plansim.words.catalogue import say

#: Widths of the names and of the percentiles. [inches]
NAMES, WORDS = 2.75, 0.6


@dataclass(frozen=True, slots=True)
class Standing:
    """A figure's name, the share of futures below it, and that at both ends of its own error
    [0 to 100]; ``within``: whether it lies in the 90 % interval.
    """

    name: str
    percentile: float
    low: float
    high: float
    within: bool


def percentile_picture(
    style: Style, name: str, title: str, standings: Sequence[Standing], lang: str, form: str
) -> Picture:
    """One row a figure, from the lowest to the highest future; hits are dots, misses diamonds."""
    items: list[tuple[Sign, str, str]] = [
        ("dot", BLUE, say("settled.key_within", lang)),
        ("diamond", ORANGE, say("settled.key_beyond", lang)),
        ("band", LIGHT, say("settled.key_most", lang)),
        ("band", SKY, say("settled.key_half", lang)),
    ]
    page = Page(style)
    rows, height = rows_of(page, [one.name for one in standings], NAMES)
    top = page.title_height(title) + 0.08
    page.resize(top + height + 0.32 + page.key_height(items) + EDGE)
    page.write_title(title)
    axes = page.axes(EDGE + NAMES + 0.1, top, WIDTH - 2 * EDGE - NAMES - WORDS - 0.15, height)
    axes.set_ylim(height, 0)
    axes.set_xlim(-2, 102)
    axes.axvspan(5, 95, color=LIGHT, linewidth=0, zorder=0)
    axes.axvspan(25, 75, color=SKY, linewidth=0, zorder=0)
    for one, row in zip(standings, rows, strict=True):
        marker, colour = ("o", BLUE) if one.within else ("D", ORANGE)
        axes.plot([one.low, one.high], [row.middle] * 2, color=BLACK, linewidth=0.9, zorder=4)
        axes.plot(
            [one.percentile], [row.middle], marker=marker, markersize=5, markerfacecolor=colour,
            markeredgecolor=BLACK, markeredgewidth=0.7, zorder=5,
        )  # fmt: skip
        page.write(WIDTH - EDGE, top + row.middle, f"{one.percentile:.1f}", TEXT, "right")
    write_rows(page, rows, top)
    axes.set_yticks([])
    axes.set_xticks([0, 5, 25, 50, 75, 95, 100])
    page.ticks(axes)
    page.key(items, top + height + 0.3)
    return page.saved(name, title, form)
