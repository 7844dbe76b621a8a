"""Required growth against the reference class: what real industries did over as many years."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plansim.calibration.reference import Grid, grid_at
from plansim.reports.pictures.board import in_parts, rows_of, write_rows
from plansim.reports.pictures.canvas import (
    BLACK,
    DARK,
    EDGE,
    LIGHT,
    ORANGE,
    PALE,
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
from plansim.reports.pictures.fans import tick
from plansim.words.catalogue import say

#: The class that verdicts are held against, and the one that is shown beside it.
CLASS, OTHER = "us_industries", "chinese_sectors"
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
NAMES, WORDS, MOST = 2.6, 1.05, 7.0


@dataclass(frozen=True, slots=True)
class Need:
    """What a target asks for. ``asked``: growth a year, or points a year of a rate [fraction];
    ``quantity`` and ``horizon`` [years] say what it is compared with; ``rarity`` [0 to 100].
    """

    name: str
    quantity: str
    horizon: int
    asked: float
    rarity: float

    @property
    def in_points(self) -> bool:
        return self.quantity == "va_rate_change"


def yearly(quantity: str, horizon: int, value: float) -> float:
    """A value of the reference class as change a year. [fraction, or points of a rate]"""
    if quantity.endswith("_growth"):
        return value
    if quantity == "va_rate_change":
        return value / horizon
    return float((1 + value) ** (1 / horizon) - 1)


def band(reference_class: str, need: Need) -> tuple[float, ...] | None:
    """What 5, 25, 50, 75 and 95 % of a class stayed below, a year; None where it says nothing."""
    try:
        grid: Grid = grid_at(reference_class, need.quantity, need.horizon)
    except ValueError:
        return None
    values = np.interp(LEVELS, grid.quantiles, grid.values)
    return tuple(yearly(need.quantity, need.horizon, float(value)) for value in values)


def rarity_pictures(
    style: Style, name: str, title: str, needs: Sequence[Need], lang: str, form: str
) -> list[Picture]:
    """One picture for growth, one for points of a rate, each in as many parts as it needs."""
    pictures = []
    for kind, in_points in (("growth", False), ("points", True)):
        chosen = [need for need in needs if need.in_points == in_points]
        if not chosen:
            continue
        head = say(f"rarity.{kind}", lang, title=title)
        parts = list(in_parts(Page(style), [n.name for n in chosen], NAMES, MOST))
        for i, part in enumerate(parts):
            told, file = head, f"{name}-{kind}"
            if len(parts) > 1:
                told = say("picture.part", lang, title=head, part=i + 1, parts=len(parts))
                file = f"{file}-{i + 1}"
            pictures.append(_drawn(style, file, told, [chosen[n] for n in part], lang, form))
    return pictures


def _drawn(
    style: Style, name: str, title: str, needs: Sequence[Need], lang: str, form: str
) -> Picture:
    page = Page(style)
    rows, high = rows_of(page, [need.name for need in needs], NAMES)
    items = _key(lang)
    words = page.lines(say("rarity.rarer", lang), SMALL, WORDS)
    top = page.title_height(title) + len(words) * line_height(SMALL) + 0.08
    page.resize(top + high + 0.32 + page.key_height(items) + EDGE)
    page.write_title(title)
    for i, line in enumerate(words):
        down = top - 0.06 - (len(words) - i - 0.5) * line_height(SMALL)
        page.write(WIDTH - EDGE, down, line, SMALL, "right", DARK)
    axes = page.axes(EDGE + NAMES + 0.1, top, WIDTH - 2 * EDGE - NAMES - WORDS - 0.15, high)
    axes.set_ylim(high, 0)
    seen = [0.0]
    for need, row in zip(needs, rows, strict=True):
        found = band(CLASS, need)
        if found is not None:
            low, lower, middle, upper, most = (100 * value for value in found)
            axes.barh(row.middle, most - low, 0.13, low, color=LIGHT)
            axes.barh(row.middle, upper - lower, 0.13, lower, color=SKY)
            axes.plot(
                [middle] * 2, [row.middle - 0.065, row.middle + 0.065], color=DARK, linewidth=1
            )
            seen += [low, most]
        other = band(OTHER, need)
        if other is not None:
            ends = [100 * other[0], 100 * other[-1]]
            axes.plot(ends, [row.middle] * 2, color=BLACK, linewidth=0.9)
            seen += ends
        axes.plot(
            [100 * need.asked], [row.middle], marker="D", markersize=5, markerfacecolor=ORANGE,
            markeredgecolor=BLACK, markeredgewidth=0.7, zorder=5,
        )  # fmt: skip
        seen.append(100 * need.asked)
        page.write(WIDTH - EDGE, top + row.middle, f"{need.rarity:.1f} %", TEXT, "right")
    write_rows(page, rows, top)
    low, most = min(seen), max(seen)
    axes.set_xlim(low - 0.05 * (most - low), most + 0.05 * (most - low))
    axes.axvline(0, color=DARK, linewidth=0.7, zorder=0)
    axes.grid(axis="x", color=PALE, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_yticks([])
    from matplotlib.ticker import FuncFormatter

    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(2, value)))
    page.ticks(axes)
    page.key(items, top + high + 0.3)
    return page.saved(name, title, form)


def _key(lang: str) -> list[tuple[Sign, str, str]]:
    return [
        ("diamond", ORANGE, say("rarity.asked", lang)),
        ("band", SKY, say("rarity.half", lang)),
        ("band", LIGHT, say("rarity.most", lang)),
        ("line", BLACK, say("rarity.other", lang)),
    ]
