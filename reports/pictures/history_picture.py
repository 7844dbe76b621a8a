"""Histories and their averaged forecasts as one picture."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from plansim.calibration.histories import FittedHistory
from plansim.reports.pictures.canvas import (
    BLACK,
    BLUE,
    DARK,
    EDGE,
    LIGHT,
    ORANGE,
    SKY,
    SMALL,
    TEXT,
    TITLE,
    WIDTH,
    Page,
    Sign,
    Style,
    line_height,
    studio,
)
from plansim.reports.words.histories import (
    curve_words,
    decided,
    goals,
    history_name,
    shown_scale,
    unit_words,
)
from plansim.simulator.plan import Plan
from plansim.words.catalogue import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Panels side by side; height of one's axes, room for its letters above and ticks left of it and
#: below. [inches]
ACROSS, HIGH, LEFT, BELOW = 2, 1.7, 0.55, 0.3
#: Bases of targets whose goals are levels.
LEVELS = ("level", "share", "rate")


def history_picture(plan: Plan, histories: Sequence[FittedHistory], lang: str, form: str) -> bytes:
    """What was seen, and the averaged fan from the last of it on: the bytes of a png or svg.

    Histories that nothing could be fitted to are drawn without a fan.
    """
    with studio() as style:
        return _drawn(plan, histories, lang, form.removeprefix(".").lower(), style)


def _drawn(
    plan: Plan, histories: Sequence[FittedHistory], lang: str, form: str, style: Style
) -> bytes:
    signs: list[tuple[Sign, str, str]] = [
        ("dot", DARK, say("history.seen", lang)),
        ("dot", "#FFFFFF", say("history.chained", lang)),
        ("line", BLUE, say("history.median", lang)),
        ("band", SKY, say("history.half", lang)),
        ("band", LIGHT, say("history.most", lang)),
        ("diamond", ORANGE, say("history.goal", lang)),
    ]
    page = Page(style, 10.0)
    title = say("history.title", lang, plan=plan.plan.name.in_language(lang))
    titles = page.lines(title, TITLE, WIDTH - 2 * EDGE)
    width = (WIDTH - 2 * EDGE) / ACROSS - LEFT
    above = 2.6 * line_height(SMALL) + line_height(TEXT)
    top = EDGE + len(titles) * line_height(TITLE) + page.key_height(signs) + 0.1
    rows = -(-len(histories) // ACROSS)
    page.resize(top + rows * (above + HIGH + BELOW) + EDGE)
    for line, text in enumerate(titles):
        page.write(EDGE, EDGE + (line + 0.5) * line_height(TITLE), text, TITLE)
    page.key(signs, EDGE + len(titles) * line_height(TITLE))
    for place, one in enumerate(histories):
        row, column = divmod(place, ACROSS)
        left = EDGE + column * (width + LEFT) + LEFT - 0.1
        down = top + row * (above + HIGH + BELOW)
        _panel(page, plan, one, lang, left, down, width, above)
    return page.saved("history", title, form).raw


def _panel(
    page: Page, plan: Plan, one: FittedHistory, lang: str,
    left: float, down: float, width: float, above: float,
) -> None:  # fmt: skip
    from matplotlib.ticker import MaxNLocator

    unit = unit_words(one, lang)
    name = history_name(plan, one, lang) + (f" [{unit}]" if unit else "")
    said = curve_words(one, lang) or decided(one, lang)
    start, step = left - LEFT + 0.1, line_height(SMALL)
    room = width + LEFT - 0.2
    page.write(start, down + line_height(TEXT) / 2, page.lines(name, TEXT, room)[0], TEXT)
    for line, text in enumerate(page.lines(said, SMALL, room)[:2]):
        middle = down + line_height(TEXT) + (line + 0.5) * step
        page.write(start, middle, text, SMALL, colour=DARK)
    axes = page.axes(left, down + above, width, HIGH)
    _fan(axes, one)
    _points(axes, one)
    scale = shown_scale(one)
    for t in goals(plan, one) if one.index is None else ():
        value = t.low if t.low is not None else t.high
        if t.basis in LEVELS and value is not None and t.year is not None:
            axes.plot(
                [t.year], [value * t.scale / scale], linestyle="none", marker="D", markersize=4.5,
                markerfacecolor=ORANGE, markeredgecolor=BLACK, markeredgewidth=0.6, zorder=4,
            )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlim(min(float(one.times[0]), plan.plan.years[0]) - 0.5, plan.plan.years[1] + 0.5)
    if axes.get_ylim()[0] < 0:
        axes.set_ylim(bottom=0.0)
    page.ticks(axes)


def _fan(axes: "Axes", one: FittedHistory) -> None:
    if not one.years:
        return
    years, levels = np.array(one.years), one.forecast / shown_scale(one)
    for low, high, colour in ((0, 4, LIGHT), (1, 3, SKY)):
        axes.fill_between(years, levels[:, low], levels[:, high], color=colour, linewidth=0)
    axes.plot(years, levels[:, 2], color=BLUE, linewidth=1.5)


def _points(axes: "Axes", one: FittedHistory) -> None:
    levels = one.levels / shown_scale(one)
    chained = np.isin(one.times, one.from_growth)
    for chosen, colour in ((~chained, DARK), (chained, "#FFFFFF")):
        axes.plot(
            one.times[chosen], levels[chosen], linestyle="none", marker="o", markersize=4,
            markerfacecolor=colour, markeredgecolor=BLACK, markeredgewidth=0.6, zorder=3,
        )  # fmt: skip
