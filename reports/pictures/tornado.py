"""The tornado: how far each figure moves the median of an indicator, the longest bar first."""

from collections.abc import Sequence

from plansim.analysis.tornado import Tornado
from plansim.reports.pictures.board import rows_of, write_rows
from plansim.reports.pictures.canvas import (
    BLACK,
    DARK,
    EDGE,
    GREEN,
    SAND,
    SKY,
    TEXT,
    WIDTH,
    Page,
    Picture,
    Sign,
    Style,
)
from plansim.reports.words.wording import target_called, target_name
from plansim.simulator.plan import Plan
from plansim.words.amounts import number, percent
from plansim.words.catalogue import say

#: Widths of the names and of the probabilities. [inches]
NAMES, WORDS = 2.75, 1.05
#: A goal farther than this beyond the bars is not drawn. [widths of all bars]
FAR = 1.0


def tornado_picture(
    style: Style,
    name: str,
    plan: Plan,
    told: Tornado,
    goal: float,
    lang: str,
    form: str,
    names: Sequence[str],
) -> Picture:
    """Bars of one target about its median at random, in the target's unit.

    ``goal``: the value that is to be reached [base units]; ``names``: of the bars.
    """
    target = plan.judged[told.target]
    title = say("tornado.title", lang, name=target_called(plan, target, lang))
    series = target_name(plan, target, lang)
    scale = target.scale
    reads = [r / scale for bar in told.bars for r in (bar.low_read, bar.high_read)]
    low, high = min([*reads, told.read / scale]), max([*reads, told.read / scale])
    span = (high - low) or 1.0
    shows_goal = low - FAR * span <= goal / scale <= high + FAR * span
    items: list[tuple[Sign, str, str]] = [
        ("hatch", SAND, say("tornado.low", lang)),
        ("bar", SKY, say("tornado.high", lang)),
        ("line", BLACK, say("tornado.median", lang)),
    ]
    if shows_goal:
        items.append(("dashes", GREEN, say("tornado.goal", lang)))
    page = Page(style)
    rows, height = rows_of(page, names, NAMES)
    axis = page.lines(say("tornado.axis", lang, name=series, unit=target.unit), TEXT, WIDTH - 0.3)
    top = page.title_height(title) + 0.08
    below = top + height + 0.3
    page.resize(below + 0.17 * len(axis) + 0.05 + page.key_height(items) + EDGE)
    page.write_title(title)
    axes = page.axes(EDGE + NAMES + 0.1, top, WIDTH - 2 * EDGE - NAMES - WORDS - 0.15, height)
    axes.set_ylim(height, 0)
    for bar, row in zip(told.bars, rows, strict=True):
        for read, colour in ((bar.low_read, SAND), (bar.high_read, SKY)):
            axes.barh(
                row.middle, (read - told.read) / scale, 0.13, told.read / scale, color=colour,
                edgecolor=DARK, linewidth=0.5, hatch="////" if colour == SAND else "",
            )  # fmt: skip
        words = f"{percent(bar.low_met)} … {percent(bar.high_met)}"
        page.write(WIDTH - EDGE, top + row.middle, words, TEXT, "right")
    write_rows(page, rows, top)
    seen = [low, high, *([goal / scale] if shows_goal else [])]
    room = 0.05 * (max(seen) - min(seen))
    axes.set_xlim(min(seen) - room, max(seen) + room)
    axes.axvline(told.read / scale, color=BLACK, linewidth=1.0)
    if shows_goal:
        axes.axvline(goal / scale, color=GREEN, linewidth=1.3, linestyle=(0, (4, 2)))
    page.value_axis(axes, number)
    for i, line in enumerate(axis):
        page.write(WIDTH - EDGE, below + 0.17 * i, line, TEXT, "right", DARK)
    page.key(items, below + 0.17 * len(axis) + 0.02)
    return page.saved(name, title, form)
