"""What all pictures of a report share: the shipped font, sizes, colours, files that repeat.

Places and sizes are in inches from the upper left corner, letters in points. Colours are those of
Okabe and Ito (2008); wherever a colour says something, a shade, a hatch or a shape says it too.
"""

import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from plansim.reports.words.folding import folded
from plansim.simulator.errors import Fault, InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties
    from matplotlib.text import Text

#: Width of every picture, its edge; pixels an inch.
WIDTH, EDGE, DPI = 7.2, 0.12, 150
#: Letters.
TITLE, TEXT, SMALL = 10.0, 8.0, 7.0
BLACK, DARK, GREY, PALE = "#000000", "#444444", "#888888", "#DDDDDD"
BLUE, SKY, LIGHT = "#0072B2", "#7FB5DC", "#D3E5F3"
ORANGE, SAND, GREEN = "#D55E00", "#F8DFCB", "#009E73"
#: What an svg's names are made from, so that they repeat.
SALT = "plansim"
FORMS = ("png", "svg")
#: A text that is turned into a picture's key: how it looks, and what it means.
Sign = Literal["band", "line", "dashes", "up", "down", "hold", "dot", "diamond", "bar", "hatch"]
MARKS: dict[str, str] = {"up": "^", "down": "v", "hold": "s", "dot": "o", "diamond": "D"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn picture. ``name``: that of its file; ``title``: for who cannot see it; ``width``
    [inches].
    """

    name: str
    title: str
    form: str
    raw: bytes
    width: float


@dataclass(frozen=True, slots=True)
class Style:
    """The font, whether pictures have titles (in a report their captions say the same), and how
    many pixels an inch has.

    ``widths``: of texts that were measured (text, points) [inches].
    """

    font: Path
    titled: bool
    dpi: int
    widths: dict[tuple[str, float], float] = field(default_factory=dict)


@contextmanager
def studio(titled: bool = True, dpi: int = DPI, flag: str = "") -> Iterator[Style]:
    """Where pictures are drawn: nothing that was set outside matters, nothing is left behind.

    Raises InputError naming a character that the font lacks; ``flag``: the option that asked.
    """
    import matplotlib

    with (
        as_file(files("plansim.reports") / "fonts" / "NotoSansSC-Regular.otf") as font,
        warnings.catch_warnings(),
        matplotlib.rc_context(),
    ):
        warnings.filterwarnings("error", message="Glyph")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "svg.hashsalt": SALT,
                "hatch.linewidth": 0.6,
                "text.parse_math": False,
                "axes.unicode_minus": False,
                "axes.linewidth": 0.6,
            }
        )
        try:
            yield Style(font, titled, dpi)
        except UserWarning as problem:
            missing = re.search(r"Glyph (\d+)", str(problem))
            if missing is None:
                raise
            letter = int(missing[1])
            value = f"{chr(letter)} (U+{letter:04X})"
            raise InputError([Fault("glyph_missing", {"value": value}, file=flag)]) from None


@lru_cache
def letters(font: Path, points: float) -> "FontProperties":
    from matplotlib.font_manager import FontProperties

    return FontProperties(fname=font, size=points)


def line_height(points: float) -> float:
    """[inches]"""
    return points * 1.45 / 72


class Page:
    """One picture in the making."""

    def __init__(self, style: Style, height: float = 1.0, width: float = WIDTH) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.style, self.width, self.height = style, width, height
        self._widths = style.widths
        self.figure = Figure(figsize=(width, height), dpi=style.dpi, facecolor="white")
        canvas: Any = FigureCanvasAgg(self.figure)  # its methods are not typed
        self.renderer: Any = canvas.get_renderer()

    def letters(self, points: float) -> "FontProperties":
        return letters(self.style.font, points)

    def wide(self, text: str, points: float) -> float:
        """How wide a text is. [inches]"""
        if (text, points) not in self._widths:
            width, _, _ = self.renderer.get_text_width_height_descent(
                text, self.letters(points), ismath=False
            )
            self._widths[text, points] = float(width) / self.style.dpi
        return self._widths[text, points]

    def lines(self, text: str, points: float, width: float) -> tuple[str, ...]:
        """A text in lines no wider than so many inches."""
        if self._fits(points, width, text):
            return (text,)
        return tuple(folded(text, partial(self._fits, points, width)))

    def _fits(self, points: float, width: float, text: str) -> bool:
        return self.wide(text, points) <= 0.985 * width

    def write(
        self, left: float, middle: float, text: str, points: float = TEXT,
        align: Literal["left", "center", "right"] = "left", colour: str = BLACK,
    ) -> "Text":  # fmt: skip
        """One line, by the height of its middle."""
        return self.figure.text(
            left / self.width, 1 - middle / self.height, text, color=colour, va="center_baseline",
            ha=align, fontproperties=self.letters(points),
        )  # fmt: skip

    def title_height(self, text: str) -> float:
        """How much room the title takes, the edge above included."""
        return EDGE + len(self.titles(text)) * line_height(TITLE)

    def titles(self, text: str) -> tuple[str, ...]:
        """The title in lines; none where pictures have none."""
        return self.lines(text, TITLE, self.width - 2 * EDGE) if self.style.titled else ()

    def write_title(self, text: str) -> "list[Text]":
        return [
            self.write(EDGE, EDGE + (i + 0.5) * line_height(TITLE), line, TITLE)
            for i, line in enumerate(self.titles(text))
        ]

    def axes(self, left: float, top: float, width: float, height: float) -> "Axes":
        """Axes with thin grey edges and the project's letters at their ticks."""
        axes = self.figure.add_axes(
            (
                left / self.width,
                1 - (top + height) / self.height,
                width / self.width,
                height / self.height,
            )
        )
        for side in ("left", "right", "top", "bottom"):
            axes.spines[side].set_color(GREY)
        axes.tick_params(length=2.5, width=0.6, color=GREY, pad=2.5)
        return axes

    def ticks(self, axes: "Axes") -> None:
        """Give the ticks their letters; to be called when they stand."""
        for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
            label.set_fontproperties(self.letters(SMALL))

    def value_axis(self, axes: "Axes", words: Callable[[float], str]) -> None:
        """Values to the right, on a pale grid, with these words; rows are not numbered."""
        from matplotlib.ticker import FuncFormatter, MaxNLocator

        axes.grid(axis="x", color=PALE, linewidth=0.5)
        axes.set_axisbelow(True)
        axes.set_yticks([])
        axes.xaxis.set_major_locator(MaxNLocator(6))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: words(x).replace("-", "−")))
        self.ticks(axes)

    def key(self, items: Sequence[tuple[Sign, str, str]], top: float) -> None:
        """What signs (sign, colour, words) mean, in lines from ``top`` on."""
        for left, middle, (sign, colour, words) in self.placed(items, top):
            draw_sign(self, sign, colour, left, middle)
            self.write(left + 0.34, middle, words, SMALL)

    def placed(
        self, items: Sequence[tuple[Sign, str, str]], top: float
    ) -> list[tuple[float, float, tuple[Sign, str, str]]]:
        """Where the signs of a key stand: left and middle of each."""
        left, middle, found = EDGE, top + line_height(SMALL) / 2, []
        for item in items:
            width = 0.34 + self.wide(item[2], SMALL) + 0.22
            if left > EDGE and left + width - 0.22 > self.width - EDGE:
                left, middle = EDGE, middle + line_height(SMALL)
            found.append((left, middle, item))
            left += width
        return found

    def resize(self, height: float) -> None:
        self.height = height
        self.figure.set_size_inches(self.width, height)

    def key_height(self, items: Sequence[tuple[Sign, str, str]]) -> float:
        places = self.placed(items, 0.0)
        return places[-1][1] + line_height(SMALL) / 2 if places else 0.0

    def saved(self, name: str, title: str, form: str) -> Picture:
        """The picture as a file of the form png or svg; the same picture, the same bytes."""
        raw = io.BytesIO()
        known = {"Creator": SALT, "Date": None, "Title": title}
        told: Any = {"Software": SALT} if form == "png" else known
        quick: Any = {"pil_kwargs": {"compress_level": 1}} if form == "png" else {}
        self.figure.savefig(raw, format=form, dpi=self.style.dpi, metadata=told, **quick)
        return Picture(name, title, form, raw.getvalue(), self.width)


def draw_sign(page: Page, sign: Sign, colour: str, left: float, middle: float) -> None:
    """A small specimen, 0.26 inches wide."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    figure, up = page.figure, page.height - middle
    inches = figure.dpi_scale_trans
    if sign in ("band", "bar", "hatch"):
        figure.add_artist(
            Rectangle(
                (left, up - 0.045), 0.26, 0.09, facecolor=colour, linewidth=0.5,
                edgecolor=colour if sign == "band" else DARK,
                hatch="////" if sign == "hatch" else "", transform=inches,
            )
        )  # fmt: skip
    elif sign in ("line", "dashes"):
        style: Any = "-" if sign == "line" else (0, (4, 2))
        ends = [left, left + 0.26]
        figure.add_artist(
            Line2D(ends, [up, up], color=colour, linewidth=1.5, linestyle=style, transform=inches)
        )
    else:
        figure.add_artist(
            Line2D(
                [left + 0.13], [up], linestyle="none", marker=MARKS[sign], markersize=4.5,
                markerfacecolor=colour, markeredgecolor=BLACK, markeredgewidth=0.6,
                transform=inches,
            )
        )  # fmt: skip
