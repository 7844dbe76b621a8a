"""The target board: one bar a target, as long as it is likely, with its interval and its word."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from plansim.reports.pictures.canvas import (
    BLACK,
    BLUE,
    DARK,
    EDGE,
    PALE,
    SAND,
    SKY,
    SMALL,
    TEXT,
    WIDTH,
    Page,
    Picture,
    Sign,
    Style,
    line_height,
)
from plansim.words.catalogue import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Widths of the names and of the words, in inches; the most that rows of one picture are high.
NAMES, WORDS, MOST = 2.75, 1.75, 7.4
#: Probabilities at which the word changes, as far as there is room to draw them.
BOUNDS = (0.10, 0.33, 0.66, 0.90)


@dataclass(frozen=True, slots=True)
class Bar:
    """One target. ``idle``: its probability without any programme, where that is known."""

    name: str
    probability: float
    low: float
    high: float
    words: str
    idle: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of any board: its name in lines, and where its middle is. [inches from the first]"""

    lines: tuple[str, ...]
    middle: float


def rows_of(page: Page, names: Sequence[str], width: float) -> tuple[list[Row], float]:
    """Rows as high as their names need, and the height of all."""
    down, rows = 0.0, []
    for name in names:
        lines = page.lines(name, TEXT, width)
        high = len(lines) * line_height(TEXT) + 0.07
        rows.append(Row(lines, down + high / 2))
        down += high
    return rows, down


def write_rows(page: Page, rows: Sequence[Row], top: float) -> None:
    """The names of rows, on the left."""
    for row in rows:
        first = top + row.middle - (len(row.lines) - 1) * line_height(TEXT) / 2
        for i, line in enumerate(row.lines):
            page.write(EDGE, first + i * line_height(TEXT), line)


def in_parts(page: Page, names: Sequence[str], width: float, most: float) -> Iterator[range]:
    """Which rows stand in which picture, so that none is too high; about as many in each."""
    _, whole = rows_of(page, names, width)
    parts = max(1, -int(-whole // most))
    size = -(-len(names) // parts)
    for first in range(0, len(names), max(size, 1)):
        yield range(first, min(first + size, len(names)))


def board_pictures(
    style: Style, name: str, title: str, bars: Sequence[Bar], lang: str, form: str
) -> list[Picture]:
    """The board, in as many pictures as it needs."""
    names = [bar.name for bar in bars]
    parts = list(in_parts(Page(style), names, NAMES, MOST))
    pictures = []
    for i, part in enumerate(parts):
        head = title
        if len(parts) > 1:
            head = say("picture.part", lang, title=title, part=i + 1, parts=len(parts))
        file = f"{name}-{i + 1}" if len(parts) > 1 else name
        pictures.append(_drawn(style, file, head, [bars[n] for n in part], lang, form))
    return pictures


def _drawn(
    style: Style, name: str, title: str, bars: Sequence[Bar], lang: str, form: str
) -> Picture:
    page = Page(style)
    rows, high = rows_of(page, [bar.name for bar in bars], NAMES)
    items = _key(bars, lang)
    top = page.title_height(title) + 0.3
    page.resize(top + high + 0.32 + page.key_height(items) + EDGE)
    page.write_title(title)
    left, width = EDGE + NAMES + 0.1, WIDTH - 2 * EDGE - NAMES - WORDS - 0.2
    axes = page.axes(left, top, width, high)
    axes.set_xlim(0, 1)
    axes.set_ylim(high, 0)
    for bound in BOUNDS:
        axes.axvline(bound, color=PALE, linewidth=0.7, zorder=0)
    draw_bars(axes, bars, rows)
    for bar, row in zip(bars, rows, strict=True):
        page.write(WIDTH - EDGE - WORDS + 0.02, top + row.middle, bar.words)
    write_rows(page, rows, top)
    axes.set_yticks([])
    axes.set_xticks([0, *BOUNDS, 1], ["0", "10", "33", "66", "90", "100 %"])
    page.ticks(axes)
    zones = ("very_unlikely", "unlikely", "about", "likely", "very_likely")
    for word, low, up in zip(zones, (0, *BOUNDS), (*BOUNDS, 1), strict=True):
        if up - low > 0.15:
            middle = left + width * (low + up) / 2
            page.write(middle, top - 0.11, say(f"zone.{word}", lang), SMALL, "center", DARK)
    page.key(items, top + high + 0.3)
    return page.saved(name, title, form)


def draw_bars(axes: "Axes", bars: Sequence[Bar], rows: Sequence[Row]) -> None:
    """Bars, intervals with their ends, and diamonds: one artist a kind, as each costs time."""
    for face, hatch in dict.fromkeys(shade(bar.probability) for bar in bars):
        chosen = [
            (r, b) for r, b in zip(rows, bars, strict=True) if shade(b.probability)[0] == face
        ]
        axes.barh(
            [r.middle for r, _ in chosen], [b.probability for _, b in chosen], 0.125, color=face,
            edgecolor=DARK, linewidth=0.5, hatch=hatch,
        )  # fmt: skip
    middles = [row.middle for row in rows]
    low, high = [bar.low for bar in bars], [bar.high for bar in bars]
    axes.hlines(middles, low, high, color=BLACK, linewidth=1.0, zorder=3)
    axes.plot(
        low + high, middles + middles, linestyle="none", marker="|", markersize=5, color=BLACK,
        markeredgewidth=1.0, zorder=3, clip_on=False,
    )  # fmt: skip
    idle = [(b.idle, r.middle) for b, r in zip(bars, rows, strict=True) if b.idle is not None]
    if idle:
        axes.plot(
            [p for p, _ in idle], [middle for _, middle in idle], linestyle="none", marker="D",
            markersize=3.6, markerfacecolor="white", markeredgecolor=BLACK, markeredgewidth=0.7,
            zorder=5, clip_on=False,
        )  # fmt: skip


def shade(probability: float) -> tuple[str, str]:
    """Face and hatch of a bar: dark is likely, hatched is not."""
    if probability >= 0.66:
        return BLUE, ""
    return (SKY, "") if probability > 0.33 else (SAND, "////")


def _key(bars: Sequence[Bar], lang: str) -> list[tuple[Sign, str, str]]:
    items: list[tuple[Sign, str, str]] = [
        ("bar", BLUE, say("board.likely", lang)),
        ("bar", SKY, say("board.open", lang)),
        ("hatch", SAND, say("board.unlikely", lang)),
        ("line", BLACK, say("board.interval", lang)),
    ]
    if any(bar.idle is not None for bar in bars):
        items.append(("diamond", "white", say("board.idle", lang)))
    return items
