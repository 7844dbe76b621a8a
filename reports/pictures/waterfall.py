"""The waterfall of an attribution: from the probability without levers to that with all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import floor, sqrt
from typing import TYPE_CHECKING

from plansim.reports.pictures.board import rows_of, write_rows
from plansim.reports.pictures.canvas import (
    BLACK,
    BLUE,
    DARK,
    EDGE,
    GREY,
    SAND,
    SKY,
    TEXT,
    WIDTH,
    Page,
    Picture,
    Sign,
    Style,
)
from plansim.reports.words.wording import points
from plansim.words.catalogue import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMES, WORDS = 2.75, 1.35
#: Levers that a picture shows by themselves.
DRAWN = 12


@dataclass(frozen=True, slots=True)
class Step:
    """One lever: what it brings, with the interval of that. [fraction of one]"""

    lever: str
    share: float
    low: float
    high: float


def gathered(steps: Sequence[Step], lang: str, most: int = DRAWN) -> list[Step]:
    """The steps that bring most, what raises first, and all others as one; none that is nothing."""
    moving = sorted((s for s in steps if s.share != 0), key=lambda s: -abs(s.share))
    single, others = (
        (moving, []) if len(moving) <= most else (moving[: most - 1], moving[most - 1 :])
    )
    single.sort(key=lambda step: -step.share)
    if others:
        share = sum(step.share for step in others)
        half = sqrt(sum((step.high - step.low) ** 2 for step in others)) / 2
        name = say("attributed.others", lang, number=len(others))
        single.append(Step(name, share, share - half, share + half))
    return single


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
    foot = foot_of(start, steps)
    items = signs(foot, lang)
    top = page.title_height(title) + 0.08
    page.resize(top + high + 0.32 + page.key_height(items) + EDGE)
    page.write_title(title)
    axes = page.axes(EDGE + NAMES + 0.1, top, WIDTH - 2 * EDGE - NAMES - WORDS - 0.15, high)
    axes.set_ylim(high, 0)
    right = WIDTH - EDGE
    seen, at = [foot, begin], begin
    place = iter(rows)
    if start is not None:
        row = next(place)
        _bar(axes, row.middle, foot, start, BLUE)
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
    _bar(axes, row.middle, foot, begin + total, BLUE)
    text = f"{100 * (begin + total):.1f} %" if start is not None else f"{100 * total:+.1f}"
    page.write(right, top + row.middle, text.replace("-", "−"), TEXT, "right")
    write_rows(page, rows, top)
    low, most = min(seen), max(seen)
    room = 0.04 * ((most - low) or 1.0)
    axes.set_xlim(low - (0 if foot else room), most + room)
    if foot:
        for middle in (rows[0].middle, rows[-1].middle):
            _tear(axes, middle, foot + 0.3 * room, 0.5 * room)
    else:
        axes.axvline(0, color=DARK, linewidth=0.7)
    page.value_axis(axes, lambda x: f"{100 * x:.3g}")
    page.key(items, top + high + 0.3)
    return page.saved(name, title, form)


def signs(foot: float, lang: str) -> list[tuple[Sign, str, str]]:
    """What the bars and lines mean; ``foot``: where the axis is cut, if it is."""
    level = say("waterfall.cut", lang, value=f"{100 * foot:.0f}") if foot else ""
    return [
        ("bar", SKY, say("waterfall.up", lang)),
        ("hatch", SAND, say("waterfall.down", lang)),
        ("bar", BLUE, say("waterfall.level", lang) + level),
        ("line", BLACK, say("waterfall.interval", lang)),
    ]


def foot_of(start: float | None, steps: Sequence[Step]) -> float:
    """Where the axis begins: at 0, or higher where the steps would be too small to be seen."""
    if start is None:
        return 0.0
    ends = [start, *(start + share for share in accumulate(step.share for step in steps))]
    low, span = min(ends), max(ends) - min(ends)
    return floor(20 * (low - span)) / 20 if span > 0 and low > 2 * span else 0.0


def _tear(axes: "Axes", middle: float, x: float, wide: float) -> None:
    """A white gap in a bar that does not begin where the axis does."""
    for shift in (0.0, wide):
        axes.plot(
            [x + shift, x + shift + wide / 2], [middle + 0.1, middle - 0.1],
            color="white", linewidth=1.6, solid_capstyle="butt",
        )  # fmt: skip


def _signed(step: Step) -> str:
    """What a lever brings in points, with half its interval: +3.1 ±0.4."""
    return points(step.share, step.low, step.high)


def _bar(axes: "Axes", middle: float, begin: float, end: float, colour: str) -> None:
    hatch = "////" if colour == SAND else ""
    axes.barh(
        middle, end - begin, 0.14, begin, color=colour, edgecolor=DARK, linewidth=0.5, hatch=hatch
    )
