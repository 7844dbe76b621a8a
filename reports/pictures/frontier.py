"""The cost frontier: the least that a probability costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import dist

from plansim.reports.pictures.canvas import (
    BLACK,
    BLUE,
    EDGE,
    PALE,
    SMALL,
    WIDTH,
    Page,
    Picture,
    Style,
)
from plansim.reports.pictures.fans import tick
from plansim.words.catalogue import say

#: Height of the axes, and how close two numbers may stand. [inches]
HIGH, CLOSE = 2.6, 0.14
#: Where a number may stand beside its dot, the best first. [inches]
PLACES = ((0.11, -0.1), (-0.11, 0.1), (0.11, 0.1), (-0.11, -0.1), (0.0, 0.16), (0.0, -0.16))
#: What is least → the words at the axis and below.
LEAST = {
    "cost": ("frontier.cost", "frontier.caption"),
    "effort": ("frontier.effort", "frontier.caption_effort"),
}


@dataclass(frozen=True, slots=True)
class Point:
    """One setting of the levers. ``cost`` [亿元]; ``number``: its own in the table beside."""

    number: str
    cost: float
    probability: float
    low: float | None = None
    high: float | None = None


def efficient(points: Sequence[Point]) -> list[Point]:
    """The points that no other beats in cost and probability, by cost."""
    found: list[Point] = []
    for point in sorted(points, key=lambda p: (p.cost, -p.probability)):
        if not found or point.probability > found[-1].probability:
            found.append(point)
    return found


def frontier_picture(
    style: Style,
    name: str,
    title: str,
    points: Sequence[Point],
    asked: float | None,
    lang: str,
    form: str,
    least: str = "cost",
) -> Picture:
    """Probability over cost: all points, and the line through those that nothing beats.

    Where effort is least, ``cost`` of the points is their effort.
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    page = Page(style)
    top = page.title_height(title) + 0.3
    page.resize(top + HIGH + 0.52 + EDGE)
    page.write_title(title)
    page.write(EDGE, top - 0.14, say("frontier.probability", lang), SMALL)
    left, width = EDGE + 0.4, WIDTH - 2 * EDGE - 0.5
    axes = page.axes(left, top, width, HIGH)
    line = efficient(points)
    axes.plot(
        [p.cost for p in line], [100 * p.probability for p in line], color=BLUE, linewidth=1.4,
        drawstyle="steps-post",
    )  # fmt: skip
    best = set(line)
    for p in points:
        if p.low is not None and p.high is not None:
            axes.plot([p.cost] * 2, [100 * p.low, 100 * p.high], color=BLACK, linewidth=0.8)
        axes.plot(
            [p.cost], [100 * p.probability], marker="o", markersize=5.5, zorder=4,
            markerfacecolor=BLUE if p in best else "white", markeredgecolor=BLACK,
            markeredgewidth=0.7,
        )  # fmt: skip
    if asked is not None:
        axes.axhline(100 * asked, color=BLACK, linewidth=0.9, linestyle=(0, (4, 2)))
    costs = [p.cost for p in points]
    room = 0.06 * ((max(costs) - min(costs)) or max(abs(c) for c in costs) or 1.0)
    axes.set_xlim(min(costs) - room, max(costs) + room)
    axes.set_ylim(0, 105)
    low, high = axes.get_xlim()
    dots = [(width * (p.cost - low) / (high - low), HIGH * p.probability / 1.05) for p in points]
    for p, shift in zip(points, beside(dots), strict=True):
        axes.annotate(
            p.number, (p.cost, 100 * p.probability), (72 * shift[0], 72 * shift[1]),
            textcoords="offset points", ha="center", va="center",
            fontproperties=page.letters(SMALL),
        )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(7))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(2, value)))
    axes.grid(color=PALE, linewidth=0.5)
    axes.set_axisbelow(True)
    page.ticks(axes)
    page.write(left + width, top + HIGH + 0.3, say(LEAST[least][0], lang), SMALL, "right")
    page.write(left, top + HIGH + 0.48, say(LEAST[least][1], lang), SMALL)
    return page.saved(name, title, form)


def beside(dots: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Where the number of every dot stands, relative to it, far from other dots and numbers.

    [inches]
    """
    taken = list(dots)
    found = []
    for x, y in dots:

        def room(shift: tuple[float, float], x: float = x, y: float = y) -> float:
            at = (x + shift[0], y + shift[1])
            return min((dist(at, other) for other in taken if other != (x, y)), default=CLOSE)

        best = next((s for s in PLACES if room(s) >= CLOSE), max(PLACES, key=room))
        taken.append((x + best[0], y + best[1]))
        found.append(best)
    return found
