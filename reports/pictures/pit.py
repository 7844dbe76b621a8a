"""The probability integral transform of a hindcast: one histogram a quantity and horizon."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plansim.calibration.growth import HORIZONS
from plansim.calibration.hindcast import Cases, Hindcast
from plansim.reports.pictures.canvas import SALT, studio
from plansim.words.catalogue import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
#: Classes of a histogram; inches of one, and left of, below and above all; pixels an inch; points.
BINS, WIDTH, HEIGHT, EDGE, DPI = 20, 2.6, 1.75, (0.75, 0.9, 0.45), 120
TITLE, TEXT, SMALL = 14.0, 9.0, 8.0
#: Colours of Okabe and Ito (2008).
COLOURS = {"output": "#0072B2", "va_rate": "#E69F00", "energy_intensity": "#009E73"}


# -- the picture -----------------------------------------------------------------------------------


def pit_picture(result: Hindcast, lang: str, form: str) -> bytes:
    """Histograms by quantity and horizon: the bytes of a file of the form ``.png`` or ``.svg``.

    Raises InputError naming a character that the font lacks.
    """
    with studio(flag="--pit") as style:
        return _drawn(result, lang, style.font, form.removeprefix(".").lower())


def _drawn(result: Hindcast, lang: str, font: Path, form: str) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    quantities = list(dict.fromkeys(cases.quantity for cases in result.cases))
    size = (EDGE[0] + WIDTH * len(HORIZONS) + 0.2, EDGE[1] + EDGE[2] + HEIGHT * len(quantities))
    figure = Figure(figsize=size, dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)

    def letters(points: float) -> FontProperties:
        return FontProperties(fname=font, size=points)

    found = {(cases.quantity, cases.horizon): cases for cases in result.cases}
    top = max(float(_heights(cases).max()) for cases in result.cases)
    for row, quantity in enumerate(quantities):
        for column, horizon in enumerate(HORIZONS):
            left = EDGE[0] + WIDTH * column
            bottom = EDGE[1] + HEIGHT * (len(quantities) - 1 - row)
            place = (left / size[0], bottom / size[1], 2.35 / size[0], 1.25 / size[1])
            axes = figure.add_axes(place)
            if (quantity, horizon) in found:
                cases = found[quantity, horizon]
                fields = {"years": horizon, "forecasts": len(cases.pit)}
                axes.set_title(
                    say("hindcast.years", lang, **fields), fontproperties=letters(SMALL), pad=3
                )
                _histogram(axes, cases, max(1.05 * top, 2.0))
            else:
                axes.set_axis_off()
            if column == 0:
                name = say(f"hindcast.{quantity}", lang)
                axes.set_ylabel(name, fontproperties=letters(TEXT))
            for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
                label.set_fontproperties(letters(SMALL))
    title = say("hindcast.title", lang, panel=Path(result.panel.name).name)
    texts = ((size[1] - 0.4, title, TITLE), (0.36, say("hindcast.across", lang), TEXT))
    for height, text, points in (*texts, (0.12, say("hindcast.caption", lang), SMALL)):
        left = 0.15 if points == TITLE else EDGE[0]
        figure.text(left / size[0], height / size[1], text, fontproperties=letters(points))
    raw = io.BytesIO()
    known = {"Creator": SALT, "Date": None, "Title": title}
    figure.savefig(
        raw, format=form, dpi=DPI, metadata={"Software": SALT} if form == "png" else known
    )
    return raw.getvalue()


def _heights(cases: Cases) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Density of the transform in equal classes; 1 is what it should be."""
    counts, _ = np.histogram(cases.pit, BINS, (0.0, 1.0))
    return np.asarray(counts * (BINS / counts.sum()), dtype=np.float64)


def _histogram(axes: "Axes", cases: Cases, top: float) -> None:
    steps = np.arange(BINS) / BINS
    axes.bar(
        steps, _heights(cases), 1.0 / BINS, align="edge",
        color=COLOURS[cases.quantity], edgecolor="white", linewidth=0.4,
    )  # fmt: skip
    axes.axhline(1.0, color="#000000", linewidth=0.9)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, top)
    axes.set_xticks([0.0, 0.5, 1.0], ["0", "0.5", "1"])
    axes.set_yticks([0.0, 1.0, 2.0], ["0", "1", "2"])
    axes.tick_params(length=2, color="#888888")
    for side in ("left", "right", "top", "bottom"):
        axes.spines[side].set(color="#888888", linewidth=0.6)
