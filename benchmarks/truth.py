"""What the verdicts must reach, and what was measured: one run prints the table.

Run as ``python benchmarks/truth.py [--line 3] [--panel PANEL.csv]``; the panel is the NBER-CES file
or one as ``plansim hindcast`` reads it, and is not shipped. A line that nothing measures says so.
Nothing is a pass mark: where a line is not reached, ``docs/defence_of_design.md`` says what was
tried.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from plansim.benchmarks.closed_targets import read
from plansim.benchmarks.hindcast import read as read_series
from plansim.benchmarks.outside import forecasts, gain_interval, losses
from plansim.calibration.growth import QUANTITIES
from plansim.calibration.hindcast import View, hindcast
from plansim.calibration.panel import Panel

UNMEASURED = "not measured"
#: Past changes that the law is shown; None for all. Every so many series are scored alone.
SHOWN = (0, 1, 2, 5, None)
EVERY = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement: what is measured, what it is to reach, how it is measured now, perhaps only
    on a panel.
    """

    what: str
    required: str
    measured: Callable[[], str] | None = None
    on_panel: Callable[[Panel], str] | None = None


def outside_gain() -> str:
    """Log loss of the mean less the view's, targets of several years, whole years left out."""
    rows = [row for row in read() if row.horizon == "multi-year"]
    found = list(forecasts(rows, "year"))
    view, mean = losses(found).mean(axis=1)[0]
    low, high = gain_interval(found)[0]
    return f"{mean - view:+.3f} ({low:+.3f} to {high:+.3f}, {len(found)} targets)"


def few_changes(panel: Panel) -> str:
    """Share that 80 % intervals hold and skill against the last value, five years, alone. [%]"""
    some = panel.of(panel.series[::EVERY])
    found = []
    for changes in SHOWN:
        scores = hindcast(some, first=1975, view=View(changes, alone=True)).scores
        five = {score.quantity: score for score in scores if score.horizon == 5}
        shown = "all" if changes is None else changes
        held = " ".join(
            f"{100 * five[name].coverage[0.8]:.1f}/{100 * five[name].skill['last']:+.1f}"
            for name in QUANTITIES
        )
        found.append(f"{shown}: {held}")
    return "; ".join(found) + f" ({', '.join(QUANTITIES)})"


LINES = (
    Line(
        "engine against the analytic law, 15 splits of industries",
        "CRPS within 1 %, quantiles within 0.05 sd (0.1 in the first year)",
    ),
    Line(
        "80 % intervals with 0, 1, 2, 5 past changes, series alone, five years",
        "76–84, skill against the last value ≥ 0",
        on_panel=few_changes,
    ),
    Line(
        "places of twelve industries, 1–5 years, all history and two changes",
        "76–84 within its 90 % interval, whose width is printed",
    ),
    Line(
        "p10–p90 of five years' official growth across places; of one place given last growth",
        "0.20–0.30; 0.24–0.36",
    ),
    Line(
        "coverage of places, by origin (at least 15 origins)",
        "80 inside the 90 % interval that resamples places and years",
    ),
    Line("median of total output when luck doubles", "within 0.3 points a year"),
    Line("circular verdicts that do not say so", "0"),
    Line("verdicts that move by half a point in a downturn, or say why not", "all"),
    Line("shape of verdicts, by owner and kind, inside and outside apart", "no figure is asked"),
    Line(
        "outside view against the mean of its level and kind: gain in log loss, plans of several "
        "years, whole years left out",
        "no figure is asked; all scores in docs/score.md",
        outside_gain,
    ),
)


def table(lines: Sequence[Line], panel: Panel | None = None) -> Iterator[str]:
    """The lines as a table, each measured as it is reached."""
    yield "| measure | to reach | measured |"
    yield "|---|---|---|"
    for line in lines:
        measured = line.measured() if line.measured else UNMEASURED
        if line.on_panel and panel is not None:
            measured = line.on_panel(panel)
        yield f"| {line.what} | {line.required} | {measured} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description="What the verdicts must reach, and what was measured."
    )
    parser.add_argument(
        "--line", type=int, choices=range(1, len(LINES) + 1), help="only this line of the table"
    )
    parser.add_argument("--panel", type=Path, help="raw panel, for the lines that need one")
    options = parser.parse_args()
    chosen = options.line
    panel = None if options.panel is None else read_series(options.panel)
    for row in table(LINES if chosen is None else LINES[chosen - 1 : chosen], panel):
        print(row, flush=True)


if __name__ == "__main__":
    main()
