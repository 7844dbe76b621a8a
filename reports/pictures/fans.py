"""Fan charts: where an indicator goes, with and without the plan, and where it is to be."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from plansim.reports.pictures.canvas import (
    BLACK,
    BLUE,
    DARK,
    EDGE,
    GREY,
    LIGHT,
    MARKS,
    ORANGE,
    PALE,
    SKY,
    SMALL,
    WIDTH,
    Page,
    Picture,
    Sign,
    Style,
    studio,
)
from plansim.simulator.feasibility import Goal
from plansim.words.amounts import number
from plansim.words.catalogue import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

Array = NDArray[np.float64]
#: Height of the axes; years closer than so many inches share no height for their labels. [inches]
HIGH, CLOSE = 2.0, 1.2


@dataclass(frozen=True, slots=True)
class Mark:
    """A target on a fan. ``level``, and ``least``: what still counts as met [shown unit].

    ``sign``: +1 at least, −1 at most, 0 to be held. ``words``: what stands beside it.
    """

    year: int
    level: float
    least: float
    sign: int
    words: str


@dataclass(frozen=True, slots=True)
class Fan:
    """What is drawn. ``quantiles`` [(p05, p25, p50, p75, p95), year] and ``idle`` [(year,)], the
    median without any programme, are in the shown unit; ``history``: what documents say.
    """

    name: str
    title: str
    years: range
    quantiles: Array
    idle: Array | None
    marks: tuple[Mark, ...]
    history: tuple[tuple[float, float], ...]


def goal_level(goal: Goal, base: float, slack: float = 0.0) -> float | None:
    """The level at which a target is just met, from a base level. [base units]

    ``slack`` is taken off what is asked. A goal for the increase of one year has no level: None.
    """
    asked = goal.threshold - (goal.sign or 1) * slack
    target, span = goal.target, goal.year - goal.base
    if target.basis == "per_year":
        return None
    if target.basis == "annual_growth":
        return float(base * (1 + asked) ** span)
    if target.basis == "change_vs_base":
        return float(base * (1 + asked) if target.unit == "%" else base + asked)
    return float(asked)


class FanBoard:
    """Draws fans. Pages are kept and used again: new axes would cost more than what is on them."""

    def __init__(self, style: Style, lang: str, keyed: bool = True) -> None:
        """``keyed``: every picture says what its signs mean; else `legend` does it for all."""
        self.keyed = keyed
        self.style, self.lang, self.ruler = style, lang, Page(style)
        self._pages: dict[tuple[object, ...], tuple[Page, Axes, list[Text]]] = {}

    def picture(self, fan: Fan, form: str) -> Picture:
        """One fan chart."""
        page, axes, heads = self._page(fan)
        for artist in (*axes.collections, *axes.lines, *axes.texts):
            artist.remove()
        for text, line in zip(heads, page.titles(fan.title), strict=True):
            text.set_text(line)
        draw(page, axes, fan)
        label_marks(page, axes, fan)
        return page.saved(fan.name, fan.title, form)

    def legend(self, fans: Sequence[Fan], form: str) -> Picture:
        """What the signs of several fans mean."""
        items = list(dict.fromkeys(item for fan in fans for item in key(fan, self.lang)))
        page = Page(self.style)
        page.resize(2 * EDGE + page.key_height(items))
        page.key(items, EDGE)
        return page.saved("fan-key", say("fan.key", self.lang), form)

    def _page(self, fan: Fan) -> "tuple[Page, Axes, list[Text]]":
        """A page with room for this title and this key, blank but for the last fan."""
        items = list(key(fan, self.lang)) if self.keyed else []
        lines = len(self.ruler.titles(fan.title))
        wanted = (lines, *items)
        if wanted not in self._pages:
            page = Page(self.style)
            top = page.title_height(fan.title) + 0.08
            page.resize(top + HIGH + (0.28 if items else 0.14) + page.key_height(items) + EDGE)
            heads = page.write_title(fan.title)
            axes = page.axes(EDGE + 0.55, top, WIDTH - 2 * EDGE - 0.6, HIGH)
            axes.xaxis.set_visible(False)
            axes.yaxis.set_visible(False)
            page.key(items, top + HIGH + 0.26)
            self._pages[wanted] = page, axes, heads
        return self._pages[wanted]


@dataclass(frozen=True, slots=True)
class FanTask:
    """The task of drawing many fans, fans → pictures, in a studio of their own."""

    titled: bool
    dpi: int
    lang: str
    form: str

    def __call__(self, fans: Sequence[Fan]) -> list[Picture]:
        """``titled`` pictures stand alone: they say what their signs mean."""
        with studio(self.titled, self.dpi) as style:
            board = FanBoard(style, self.lang, keyed=self.titled)
            return [board.picture(fan, self.form) for fan in fans]


def key(fan: Fan, lang: str) -> Iterator[tuple[Sign, str, str]]:
    """The signs that the picture has."""
    yield "line", BLUE, say("fan.median", lang)
    yield "band", SKY, say("fan.half", lang)
    yield "band", LIGHT, say("fan.most", lang)
    if fan.idle is not None:
        yield "dashes", BLACK, say("fan.idle", lang)
    kinds: tuple[tuple[int, Sign], ...] = ((1, "up"), (-1, "down"), (0, "hold"))
    for sign, mark in kinds:
        if any(m.sign == sign for m in fan.marks):
            yield mark, ORANGE, say(f"fan.{mark}", lang)
    if fan.history:
        yield "dot", BLACK, say("fan.history", lang)


def draw(page: Page, axes: "Axes", fan: Fan) -> None:
    """Bands, lines and marks."""
    years = np.array(fan.years, dtype=float)
    low, lower, middle, upper, high = fan.quantiles
    axes.fill_between(years, low, high, color=LIGHT, linewidth=0)
    axes.fill_between(years, lower, upper, color=SKY, linewidth=0)
    axes.plot(years, middle, color=BLUE, linewidth=1.8)
    if fan.idle is not None:
        axes.plot(years, fan.idle, color=BLACK, linewidth=1.1, linestyle=(0, (4, 2)))
    for mark in fan.marks:
        axes.plot([mark.year] * 2, [mark.level, mark.least], color=ORANGE, linewidth=2.2)
        sign = {1: "up", -1: "down", 0: "hold"}[mark.sign]
        axes.plot(
            [mark.year], [mark.level], marker=MARKS[sign], markersize=6.5, markerfacecolor=ORANGE,
            markeredgecolor=BLACK, markeredgewidth=0.7, zorder=5,
        )  # fmt: skip
    if fan.history:
        when, what = zip(*fan.history, strict=True)
        axes.plot(
            when, what, linestyle="none", marker="o", markersize=4, color=BLACK, zorder=4,
            clip_on=False,
        )  # fmt: skip
    limits(page, axes, fan)


def limits(page: Page, axes: "Axes", fan: Fan) -> None:
    """Room for everything and for the labels of the marks; few ticks, as each costs time."""
    seen = [*fan.quantiles.ravel(), *(v for _, v in fan.history)]
    seen += [v for mark in fan.marks for v in (mark.level, mark.least)]
    seen += [] if fan.idle is None else [*fan.idle]
    low, high = float(np.min(seen)), float(np.max(seen))
    room = 0.16 * ((high - low) or abs(high) or 1.0)
    floor = 0.0 if low >= 0 and low < 0.4 * high else low - room
    first = min([fan.years[0], *(when for when, _ in fan.history)])
    axes.set_xlim(first - 0.15, fan.years[-1] + 0.45)
    axes.set_ylim(floor, high + room)
    shown = labelled(int(np.ceil(first)), fan.years[-1], {mark.year for mark in fan.marks})
    heights = rungs(floor, high + room)
    step = heights[1] - heights[0] if len(heights) > 1 else 1.0
    places = max(0, 1 - int(np.floor(np.log10(step * 1.0001))))
    scale(page, axes, [(y, str(y)) for y in shown], [(h, tick(places, h)) for h in heights])


def scale(
    page: Page, axes: "Axes", across: Sequence[tuple[float, str]], up: Sequence[tuple[float, str]]
) -> None:
    """Ticks, rungs and their labels, drawn directly: an axis of its own costs half a picture."""
    from matplotlib.transforms import offset_copy

    (left, right), low = axes.get_xlim(), axes.get_ylim()[0]
    axes.hlines([h for h, _ in up], left, right, color=PALE, linewidth=0.5, zorder=0)
    axes.plot(
        [year for year, _ in across], [low] * len(across), linestyle="none", marker="|",
        markersize=4, color=GREY, markeredgewidth=0.6, clip_on=False,
    )  # fmt: skip
    small = page.letters(SMALL)
    below = offset_copy(axes.transData, page.figure, 0, -10, "points")
    beside = offset_copy(axes.transData, page.figure, -5, 0, "points")
    for year, words in across:
        axes.text(year, low, words, transform=below, ha="center", va="center", fontproperties=small)
    for height, words in up:
        axes.text(
            left, height, words, transform=beside, ha="right", va="center", fontproperties=small
        )


def labelled(first: int, last: int, wanted: Collection[int]) -> list[int]:
    """Years at the axis: those of goals, then as many others as leave a gap of two between."""
    step = next(n for n in (2, 5, 10, 20, 50) if (last - first) / n <= 8 or n == 50)
    chosen = sorted({*wanted, first, last})
    for year in range(first, last + 1):
        if all(abs(year - other) >= step for other in chosen):
            chosen.append(year)
    return sorted(chosen)


def rungs(low: float, high: float) -> list[float]:
    """About four round numbers between two ends."""
    size = 10.0 ** np.floor(np.log10((high - low) / 4))
    step = next(n * size for n in (1, 2, 2.5, 5, 10) if (high - low) / (n * size) <= 5.5)
    return [float(n * step) for n in range(int(np.ceil(low / step)), int(high / step) + 1)]


def tick(places: int, value: float, _: object = None) -> str:
    """A number at an axis: with as many places as the axis needs, none that are 0."""
    text = f"{value:.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text.replace("-", "−")


def label_marks(page: Page, axes: "Axes", fan: Fan) -> None:
    """Goal and probability beside every mark, never one on another."""
    inches = page.width * axes.get_position().width
    year = inches / float(np.ptp(axes.get_xlim()))
    low, high = axes.get_ylim()
    last, above = -np.inf, True
    for mark in sorted(fan.marks, key=lambda m: m.year):
        middle = fan.quantiles[2, mark.year - fan.years[0]]
        up = mark.level >= middle
        if (mark.year - last) * year < CLOSE:
            up = not above
        fraction = (mark.level - low) / (high - low)
        up = True if fraction < 0.14 else False if fraction > 0.86 else up
        half = page.wide(mark.words, SMALL) / 2
        room = (axes.get_xlim()[1] - mark.year) * year
        axes.annotate(
            mark.words, (mark.year, mark.level),
            (min(0.0, room - half - 0.04) * 72, 8 if up else -8), textcoords="offset points",
            ha="center", va="bottom" if up else "top", zorder=6, color=BLACK,
            fontproperties=page.letters(SMALL),
            bbox={"facecolor": "white", "edgecolor": DARK, "linewidth": 0.3, "alpha": 0.85,
                  "boxstyle": "square,pad=0.15"},
        )  # fmt: skip
        last, above = mark.year, up


def goal_number(level: float) -> str:
    """A level that a goal comes to."""
    return number(level).replace("-", "−")
