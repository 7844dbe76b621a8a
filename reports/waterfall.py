"""The waterfall of an attribution: from the probability without levers to that with all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.board import rows_of, write_rows
from reports.pictures import (
    BLACK,
    BLUE,
    DARK,
    EDGE,
    GREY,
    PALE,
    SAND,
    SKY,
    TEXT,
    WIDTH,
    Page,
    Picture,
    Sign,
    Style,
)  # fmt: skip
from scenarios.words import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMES, WORDS = 2.75, 1.35


@dataclass(frozen=True, slots=True)
class Step:
    """One lever: what it brings, with the interval of that. [fraction of one]"""

    lever: str
    share: float
    low: float
    high: float


def waterfall_picture(
    style: Style,
    name: str,
    title: str,
    start: float | None,
    steps: Sequence[Step],
    lang: str,
    form: str,
) -> Picture:
    """Steps one below another, each from where the last one ended.

    ``start``: the probability without any lever; None where only the gain is known.
    """
    page = Page(style)
    begin = 0.0 if start is None else start
    total = sum(step.share for step in steps)
    names = [step.lever for step in steps]
    if start is not None:
        names = [say("waterfall.start", lang), *names]
    names.append(say("waterfall.gain" if start is None else "waterfall.end", lang))
    rows, high = rows_of(page, names, NAMES)
    items: list[tuple[Sign, str, str]] = [
        ("bar", SKY, say("waterfall.up", lang)),
        ("hatch", SAND, say("waterfall.down", lang)),
        ("bar", BLUE, say("waterfall.level", lang)),
        ("line", BLACK, say("waterfall.interval", lang)),
    ]
    top = page.title_height(title) + 0.08
    page.resize(top + high + 0.32 + page.key_height(items) + EDGE)
    page.write_title(title)
    axes = page.axes(EDGE + NAMES + 0.1, top, WIDTH - 2 * EDGE - NAMES - WORDS - 0.15, high)
    axes.set_ylim(high, 0)
    right = WIDTH - EDGE
    seen, at = [0.0, begin], begin
    place = iter(rows)
    if start is not None:
        row = next(place)
        _bar(axes, row.middle, 0.0, start, BLUE)
        page.write(right, top + row.middle, f"{100 * start:.1f} %", TEXT, "right")
    for step in steps:
        row = next(place)
        _bar(axes, row.middle, at, at + step.share, SKY if step.share >= 0 else SAND)
        ends = [at + step.low, at + step.high]
        axes.plot(ends, [row.middle] * 2, color=BLACK, linewidth=0.9)
        at += step.share
        axes.plot([at, at], [row.middle, row.middle + 0.17], color=GREY, linewidth=0.6)
        seen += [at, *ends]
        page.write(right, top + row.middle, _signed(step), TEXT, "right")
    row = next(place)
    _bar(axes, row.middle, 0.0, begin + total, BLUE)
    text = f"{100 * (begin + total):.1f} %" if start is not None else f"{100 * total:+.1f}"
    page.write(right, top + row.middle, text.replace("-", "−"), TEXT, "right")
    write_rows(page, rows, top)
    low, most = min(seen), max(seen)
    room = 0.04 * ((most - low) or 1.0)
    axes.set_xlim(low - room, most + room)
    axes.axvline(0, color=DARK, linewidth=0.7)
    axes.grid(axis="x", color=PALE, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_yticks([])
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.3g}".replace("-", "−")))
    page.ticks(axes)
    page.key(items, top + high + 0.3)
    return page.saved(name, title, form)


def _signed(step: Step) -> str:
    """What a lever brings in points, with half its interval: +3.1 ±0.4."""
    half = 50 * (step.high - step.low)
    return f"{100 * step.share:+.1f} ±{half:.1f}".replace("-", "−")


def _bar(axes: "Axes", middle: float, begin: float, end: float, colour: str) -> None:
    hatch = "////" if colour == SAND else ""
    axes.barh(
        middle, end - begin, 0.14, begin, color=colour, edgecolor=DARK, linewidth=0.5, hatch=hatch
    )
