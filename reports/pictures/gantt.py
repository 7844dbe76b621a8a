"""A picture of one future: one row a lot, when it waited and for what, when it was worked on.

Drawn with matplotlib's own objects: no window, no state that outlives the call. The same trace
gives the same bytes. Colours are those of Okabe and Ito (2008); in grey, shades and hatches tell
them apart. Texts are measured and broken before anything is placed; the font is shipped.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plansim.reports.pictures.canvas import SALT, studio
from plansim.reports.words.delivery import counted, future_fields, reason, route_text, size
from plansim.reports.words.delivery import scheduled as closing
from plansim.reports.words.folding import folded
from plansim.simulator.trace import Lot, Trace
from plansim.words.amounts import exact
from plansim.words.catalogue import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties
    from matplotlib.legend import Legend

#: The whole picture has about this many rows of lots; a programme has no fewer than ``FEWEST``.
MOST_ROWS, FEWEST = 96, 3
#: Sizes in inches: the page, its edges, one row, a heading's line, the gap between programmes.
WIDTH, EDGE, LEFT, ROW, LINE, GAP = 11.0, 0.3, 0.45, 0.15, 0.2, 0.1
#: Sizes of letters, in points, and pixels an inch.
TITLE, TEXT, SMALL, TINY, DPI = 14.0, 9.0, 8.0, 6.0, 120
#: Kinds of time: face, edge and hatch. Two shades of work take turns from stage to stage.
WORK = ("#0072B2", "#56B4E9")
WAITS: dict[str, tuple[str, str, str]] = {
    "server": ("#FDF3DC", "#E69F00", "////"),
    "money": ("#FBE3D3", "#D55E00", "\\\\\\\\\\\\"),
    "land": ("#F3DCE8", "#CC79A7", "xxxxx"),
    "quota": ("#F7F5C4", "#8C8500", "....."),
    "stopped": ("#E6E6E6", "#555555", "|||||"),
}
#: Marks: sign, face and edge.
MARKS = {
    "applied": ("|", "#000000", "#000000"),
    "dropped": ("X", "#F0E442", "#000000"),
    "delivered": ("D", "#009E73", "#000000"),
}


@dataclass(frozen=True, slots=True)
class _Group:
    """The rows of one programme. ``top``: inches below the top of the chart."""

    heading: tuple[str, ...]
    lots: tuple[Lot, ...]
    top: float

    @property
    def first(self) -> float:
        """The middle of the first row."""
        return self.top + LINE * len(self.heading) + GAP / 2 + ROW / 2

    @property
    def bottom(self) -> float:
        return self.first + ROW * (len(self.lots) - 0.5) + GAP / 2


def gantt(trace: Trace, keys: Sequence[str], lang: str, form: str, width: float = WIDTH) -> bytes:
    """The picture, ``width`` inches wide, as the bytes of a file of the form ``.png`` or ``.svg``.

    Raises InputError naming a character that the font lacks.
    """
    with studio(flag="--gantt") as style:
        return _Page(style.font, width).drawn(trace, keys, lang, form.removeprefix(".").lower())


def chosen(lots: Sequence[Lot], most: int) -> tuple[Lot, ...]:
    """At most so many lots, evenly spaced from the first to the last."""
    if len(lots) <= most:
        return tuple(lots)
    return tuple(lots[round(i * (len(lots) - 1) / (most - 1))] for i in range(most))


def rows_each(sizes: Sequence[int]) -> int:
    """The most rows that every programme may have, so that all together have MOST_ROWS."""
    each = FEWEST
    while each < max(sizes, default=0) and sum(min(n, each + 1) for n in sizes) <= MOST_ROWS:
        each += 1
    return each


class _Page:
    """A page in inches: texts that are measured before they are placed."""

    def __init__(self, font: Path, width: float = WIDTH) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.font, self.width = font, width
        self.figure = Figure(figsize=(self.width, 1.0), dpi=DPI, facecolor="white")
        canvas: Any = FigureCanvasAgg(self.figure)  # its methods are not typed
        self.renderer: Any = canvas.get_renderer()

    def letters(self, points: float) -> "FontProperties":
        from matplotlib.font_manager import FontProperties

        return FontProperties(fname=self.font, size=points)

    def fits(self, points: float, width: float, text: str) -> bool:
        """Whether a text is no wider than so many inches."""
        wide, _, _ = self.renderer.get_text_width_height_descent(
            text, self.letters(points), ismath=False
        )
        return bool(wide <= width * DPI * 0.985)

    def lines(self, text: str, points: float, width: float) -> tuple[str, ...]:
        return tuple(folded(text, partial(self.fits, points, width)))

    # -- what is on the page -----------------------------------------------------------------------

    def drawn(self, trace: Trace, keys: Sequence[str], lang: str, form: str) -> bytes:
        inside = self.width - 2 * EDGE
        plan = trace.plan.plan.name.in_language(lang)
        title = say("gantt.title", lang, plan=plan, scenario=trace.plan.scenario_in(lang))
        above = [(line, TITLE) for line in self.lines(title, TITLE, inside)]
        future = say("gantt.subtitle", lang, **future_fields(trace))
        above += [(line, TEXT) for line in self.lines(future, TEXT, inside)]
        notes = [say("gantt.caption", lang, **future_fields(trace)), *closing(trace, lang)]
        below = [(line, SMALL) for note in notes for line in self.lines(note, SMALL, inside)]
        groups = self.groups(trace, keys, lang)
        chart = groups[-1].bottom
        axes = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        kinds = _draw(axes, trace, groups)
        legend, legend_height = self.legend(kinds, lang, inside)

        heights = [_line(points) for _, points in above]
        top = EDGE + sum(heights) + 0.35
        rest = 0.1 + 0.3 + legend_height + sum(_line(points) for _, points in below)
        height = top + chart + rest + EDGE
        self.figure.set_size_inches(self.width, height)
        axes.set_position(
            (
                (EDGE + LEFT) / self.width,
                1 - (top + chart) / height,
                (inside - LEFT) / self.width,
                chart / height,
            )
        )
        self.write(above, EDGE, height)
        self.years(axes, trace)
        self.headings(axes, groups)
        legend.set_bbox_to_anchor((EDGE / self.width, 1 - (top + chart + 0.35) / height))
        self.write(below, top + chart + 0.4 + legend_height, height)
        raw = io.BytesIO()
        known = {"Creator": SALT, "Date": None, "Title": title}
        self.figure.savefig(
            raw, format=form, dpi=DPI, metadata={"Software": SALT} if form == "png" else known
        )
        return raw.getvalue()

    def groups(self, trace: Trace, keys: Sequence[str], lang: str) -> list[_Group]:
        """The programmes with the lots that are drawn, from top to bottom."""
        most = rows_each([len(trace.lots[key]) for key in keys])
        groups: list[_Group] = []
        for key in keys:
            lots = chosen(trace.lots[key], most)
            text = _heading(trace, key, len(lots), lang)
            heading = self.lines(text, TEXT, self.width - 2 * EDGE - LEFT - 0.1)
            top = groups[-1].bottom if groups else 0.0
            groups.append(_Group(heading, lots, top))
        return groups

    def write(self, lines: Sequence[tuple[str, float]], top: float, height: float) -> None:
        """Lines one below another, from so many inches below the upper edge."""
        for text, points in lines:
            self.figure.text(
                EDGE / self.width, 1 - (top + 0.8 * _line(points)) / height, text,
                fontproperties=self.letters(points), va="baseline",
            )  # fmt: skip
            top += _line(points)

    def headings(self, axes: "Axes", groups: Sequence[_Group]) -> None:
        """The programme above its rows, and the number of every lot beside its own."""
        for group in groups:
            band = (group.top, group.top + LINE * len(group.heading))
            axes.axhspan(*band, facecolor="#EEEEEE", edgecolor="none", zorder=1)
            for i, line in enumerate(group.heading):
                axes.annotate(
                    line, (0.0, group.top + LINE * (i + 0.72)), (3, 0), va="baseline",
                    xycoords=("axes fraction", "data"), textcoords="offset points",
                    fontproperties=self.letters(TEXT), zorder=6,
                )  # fmt: skip
            for i, lot in enumerate(group.lots):
                axes.annotate(
                    str(lot.number), (0.0, group.first + i * ROW), (-3, 0), ha="right", va="center",
                    xycoords=("axes fraction", "data"), textcoords="offset points",
                    fontproperties=self.letters(TINY),
                )  # fmt: skip
        axes.set_yticks([])

    def years(self, axes: "Axes", trace: Trace) -> None:
        """Years above and below, a line at every January."""
        first, last = axes.get_xlim()
        januaries = range(round(first), round(last) + 1)
        room = (self.width - 2 * EDGE - LEFT) / (len(januaries) - 1)
        step = next(n for n in (1, 2, 5, 10, 20, 50, 100) if n * room >= 0.4 or n == 100)
        base = trace.plan.plan.base_year
        axes.set_xticks(list(januaries), ["" for _ in januaries])
        axes.grid(axis="x", which="major", color="#CCCCCC", linewidth=0.6)
        named = [n for n in januaries[:-1] if (base + n) % step == 0]
        axes.set_xticks(
            [n + 0.5 for n in named], [str(base + n) for n in named], minor=True,
            fontproperties=self.letters(SMALL),
        )  # fmt: skip
        axes.tick_params(axis="x", which="both", length=0, labeltop=True, labelbottom=True)
        axes.set_axisbelow(True)

    def legend(self, kinds: Sequence[str], lang: str, width: float) -> tuple["Legend", float]:
        """What the bars and marks mean, in as many columns as there is room for, and its height."""
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        handles: list[Patch | Line2D | tuple[Patch, Patch]] = []
        for kind in kinds:
            if kind in WAITS:
                face, edge, hatch = WAITS[kind]
                handles.append(Patch(facecolor=face, edgecolor=edge, hatch=hatch, linewidth=0.5))
            elif kind in MARKS:
                sign, face, edge = MARKS[kind]
                handles.append(
                    Line2D(
                        [], [], linestyle="none", marker=sign, markersize=6,
                        markerfacecolor=face, markeredgecolor=edge, markeredgewidth=0.7,
                    )
                )  # fmt: skip
            else:
                handles.append((Patch(facecolor=WORK[0]), Patch(facecolor=WORK[1])))
        names = [say(f"gantt.{kind}", lang) for kind in kinds]
        return self._fitting(handles, names, width)

    def _fitting(
        self, handles: Sequence[Any], names: Sequence[str], width: float
    ) -> tuple["Legend", float]:
        from matplotlib.legend_handler import HandlerTuple

        for columns in range(max(len(names), 1), 0, -1):
            legend = self.figure.legend(
                handles, names, loc="upper left", ncols=columns, frameon=False, borderpad=0,
                borderaxespad=0, prop=self.letters(SMALL), columnspacing=1.4, handlelength=2.4,
                handler_map={tuple: HandlerTuple(ndivide=None, pad=0)},
            )  # fmt: skip
            box = legend.get_window_extent(self.renderer)
            if box.width <= width * DPI or columns == 1:
                break
            legend.remove()
        return legend, box.height / DPI + 0.05


def _line(points: float) -> float:
    """The height of a line. [inches]"""
    return points * 1.5 / 72


def _heading(trace: Trace, key: str, shown: int, lang: str) -> str:
    programme, lots = trace.plan.programmes[key], len(trace.lots[key])
    name, route = programme.name.in_language(lang), route_text(trace, key, lang)
    text = say("gantt.programme", lang, name=name, route=route)
    if size(programme) != 1:
        lot = counted(programme, exact(size(programme)), lang)
        text = say("gantt.lots", lang, text=text, lot=lot)
    if not lots:
        return say("gantt.empty", lang, text=text)
    return say("gantt.sampled", lang, text=text, shown=shown, lots=lots) if shown < lots else text


# -- bars and marks --------------------------------------------------------------------------------


def _draw(axes: "Axes", trace: Trace, groups: Sequence[_Group]) -> list[str]:
    """Bars and marks of all rows; which kinds there are, in the order of the legend."""
    bars: dict[str, list[tuple[float, float, float]]] = {}
    marks: dict[str, list[tuple[float, float]]] = {}
    for group in groups:
        for i, lot in enumerate(group.lots):
            middle = group.first + i * ROW
            for kind, begins, ends in _spells(trace, lot):
                bars.setdefault(kind, []).append((begins, ends, middle))
            for kind, time in _moments(trace, lot):
                marks.setdefault(kind, []).append((time, middle))
    for kind, spells in bars.items():
        _draw_bars(axes, kind, spells)
    for kind, moments in marks.items():
        sign, face, edge = MARKS[kind]
        axes.plot(
            [time for time, _ in moments], [middle for _, middle in moments], linestyle="none",
            marker=sign, markersize=5 if kind == "delivered" else 6.5, markerfacecolor=face,
            markeredgecolor=edge, markeredgewidth=0.7, zorder=5, clip_on=False,
        )  # fmt: skip
    first = min((lot.applied for group in groups for lot in group.lots), default=0.0)
    axes.set_xlim(int(first), trace.until)
    axes.set_ylim(groups[-1].bottom, 0.0)
    for side in ("left", "right", "top", "bottom"):
        axes.spines[side].set(color="#888888", linewidth=0.6)
    work = ["work"] if any(kind.startswith("work") for kind in bars) else []
    return [*work, *(k for k in WAITS if k in bars), *(k for k in MARKS if k in marks)]


def _spells(trace: Trace, lot: Lot) -> Iterator[tuple[str, float, float]]:
    """Waits and work of a lot, up to the end of the plan: kind, begin, end."""
    stages = list(dict.fromkeys(step.stage for step in lot.steps))
    for step in lot.steps:
        if step.waited:
            yield reason(trace.plan, step), step.arrived, min(step.passed, trace.until)
        if step.passed < trace.until and not step.is_gate:
            shade = stages.index(step.stage) % len(WORK)
            yield f"work{shade}", step.passed, min(step.ended, trace.until)


def _moments(trace: Trace, lot: Lot) -> Iterator[tuple[str, float]]:
    """Applied, dropped out, delivered."""
    for kind, time in (
        ("applied", lot.applied),
        ("dropped", lot.dropped),
        ("delivered", lot.delivered),
    ):
        if time < trace.until:
            yield kind, time


def _draw_bars(axes: "Axes", kind: str, spells: Sequence[tuple[float, float, float]]) -> None:
    from matplotlib.collections import PolyCollection

    half = ROW * 0.36
    boxes = [
        [(begins, y - half), (ends, y - half), (ends, y + half), (begins, y + half)]
        for begins, ends, y in spells
    ]
    if kind in WAITS:
        face, edge, hatch = WAITS[kind]
        axes.add_collection(
            PolyCollection(
                boxes, facecolor=face, edgecolor=edge, hatch=hatch, linewidth=0.5, zorder=2
            )
        )
        return
    face = WORK[int(kind.removeprefix("work"))]
    axes.add_collection(
        PolyCollection(boxes, facecolor=face, edgecolor=face, linewidth=0.3, zorder=3)
    )
