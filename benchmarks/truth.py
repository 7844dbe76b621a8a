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

import numpy as np
from scipy.special import stdtrit

from plansim.analysis.compare import compare
from plansim.benchmarks.closed_targets import read
from plansim.benchmarks.hindcast import read as read_series
from plansim.benchmarks.outside import forecasts, gain_interval, losses
from plansim.calibration.conditioned import forecast
from plansim.calibration.growth import HORIZONS, QUANTITIES, class_law
from plansim.calibration.hindcast import View, crps_student, hindcast
from plansim.calibration.panel import Panel
from plansim.calibration.replay import crps_sample, futures, replay, small_plan
from plansim.scenarios.load import shipped
from plansim.simulator.future import LUCKS, draw_parameters, simulate_block
from plansim.simulator.model import Model
from plansim.simulator.pooling import REFERENCE
from plansim.simulator.run import run
from plansim.simulator.sampling import Block
from plansim.simulator.verdicts import ONLY_OUTSIDE
from plansim.store.plans import load

UNMEASURED = "not measured"
#: Past changes that the law is shown; None for all. Every so many series are scored alone.
SHOWN = (0, 1, 2, 5, None)
EVERY = 8
#: Where drawn paths are held against the law, and with how many draws.
QUANTILES, DRAWS = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]), 16_384
#: Origins of a panel of fifty years that say something of their own, when places move together.
ORIGINS = 11


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


def engine_against_law(panel: Panel) -> str:
    """The engine against the law of each horizon: quantiles, means over industries, and CRPS."""
    apart, ratio = [], []
    for year in (1980, 1990, 2000):
        now = year - panel.years[0]
        known = np.isfinite(panel.levels["output"][: now + 1]).all(axis=0)
        chosen = np.flatnonzero(known)[::25]
        laws = {name: law for name in QUANTITIES if (law := class_law(name, year)) is not None}
        past = {name: panel.levels[name][: now + 1, chosen] for name in QUANTITIES}
        sizes = panel.sizes()[now, chosen]
        drawn = futures(small_plan(past, sizes, laws, year, max(HORIZONS)), DRAWS)
        for name, law in laws.items():
            told = forecast(past[name], sizes, law)
            for row, horizon in enumerate(HORIZONS):
                moved, df = drawn[name][horizon] - past[name][-1][:, None], told.freedom[row]
                scale = told.scale[row]
                expected = told.median[row] + scale * stdtrit(df, QUANTILES)[:, None]
                gaps = np.quantile(moved, QUANTILES, axis=1) - expected
                gap = np.abs((gaps / (scale * np.sqrt(df / (df - 2.0)))).mean(axis=1)).max()
                apart.append((horizon == 1, float(gap)))
                outcome = panel.levels[name][now + horizon, chosen] - past[name][-1]
                seen = np.isfinite(outcome)
                scores = (
                    crps_sample(moved[seen], outcome[seen]).sum(),
                    crps_student(outcome[seen], told.median[row, seen], scale[seen], df).sum(),
                )
                ratio.append((name, horizon, *scores))
    cells = {key[:2] for key in ratio}
    worst = max(
        abs(
            sum(r[2] for r in ratio if r[:2] == cell) / sum(r[3] for r in ratio if r[:2] == cell)
            - 1
        )
        for cell in cells
    )
    first, later = (max(gap for one, gap in apart if one == is_first) for is_first in (True, False))
    return f"CRPS {100 * worst:.1f} %; quantiles {later:.3f} sd ({first:.3f} in the first year)"


def places_of_twelve(panel: Panel) -> str:
    """What 80 % intervals of the engine hold on places of twelve industries chosen at random."""
    known = [np.isfinite(levels).all(axis=0) for levels in panel.levels.values()]
    order = np.random.default_rng(1).permutation(np.flatnonzero(np.all(known, axis=0)))
    places = [order[at : at + 12].tolist() for at in range(0, len(order) - 11, 12)]
    found = []
    for changes in (None, 2):
        scores = replay(panel, places, range(1975, 2007, 3), View(changes), draws=1000)
        shown = "all" if changes is None else changes
        held = [
            f"{one.quantity} {one.horizon}: {100 * one.coverage[0.8]:.0f}"
            for one in scores
            if one.horizon <= 5
        ]
        found.append(f"{shown}: {', '.join(held)}")
    width = 100 * 1.645 * np.sqrt(0.8 * 0.2 / ORIGINS)
    return "; ".join(found) + f" (± {width:.0f}: {ORIGINS} origins that count)"


def doubled_luck() -> str:
    """Median growth of total output over the shipped plans, their programmes off, under the law of
    paths: what twice the luck of every cluster's output moves. [points a year]
    """
    found = []
    for name in shipped():
        medians = []
        for factor in ("x1", "x2"):
            plan = load(name, "baseline", set={"assumptions.law": "paths"})
            for cluster in plan.clusters if factor == "x2" else ():
                plan = plan.with_(f"clusters.{cluster}.output.luck.sd", factor)
            model, block = Model.of(plan), Block(1, 0)
            draw = draw_parameters(model, block)
            outputs = [
                simulate_block(model, draw, block, luck).future.accounts.real_output.sum(axis=1)
                for luck in LUCKS
            ]
            growth = [np.log(output[-1] / output[0]) for output in outputs]
            medians.append(float(np.median(growth)) / (len(plan.years) - 1))
        found.append(f"{name} {100 * (medians[1] - medians[0]):+.2f}")
    return ", ".join(found)


def silent_circles() -> str:
    """Judged targets of the shipped plans that the rule finds circular in 2,048 draws, and those of
    them that bear a word of likelihood or an inside view.
    """
    found = silent = 0
    for name in shipped():
        for verdict in run(load(name), REFERENCE).judged:
            found += bool(verdict.circular)
            said = verdict.verdict == ONLY_OUTSIDE and verdict.inside is None
            silent += bool(verdict.circular) and not said
    return f"{silent} of {found}"


def moved_in_downturn() -> str:
    """Judged targets with an inside view that the scenario downturn moves by half a point."""
    moved = total = 0
    for name in shipped():
        names = {"plan": load(name), "downturn": load(name, "downturn")}
        rows = compare(names, REFERENCE, view="inside").rows
        seen = {v.target for v in run(names["plan"], REFERENCE).judged if not v.circular}
        diffs = [r.diff for r in rows if r.scenario == "downturn" and r.target.id in seen]
        moved, total = moved + sum(abs(diff) >= 0.005 for diff in diffs), total + len(diffs)
    return f"{moved} of {total}; no reason is said of the others"


def shapes() -> str:
    """Judged targets between 30 and 60 %: inside, outside and in the verdict, by owner."""
    verdicts = [v for name in shipped() for v in run(load(name), REFERENCE).judged]
    found = []
    for owner in sorted({v.owner for v in verdicts}):
        own = [v for v in verdicts if v.owner == owner]
        views = ([v.inside for v in own], [v.outside for v in own], [v.probability for v in own])
        shares = (_between([p for p in view if p is not None]) for view in views)
        found.append(f"{owner} {' '.join(shares)}")
    return "between 30 and 60 % inside, outside, verdict: " + "; ".join(found)


def _between(chances: Sequence[float]) -> str:
    return f"{sum(0.3 <= p <= 0.6 for p in chances)}/{len(chances)}"


LINES = (
    Line(
        "engine against the analytic law, industries from three origins",
        "CRPS within 1 %, quantiles within 0.05 sd (0.1 in the first year)",
        on_panel=engine_against_law,
    ),
    Line(
        "80 % intervals with 0, 1, 2, 5 past changes, series alone, five years",
        "76–84, skill against the last value ≥ 0",
        on_panel=few_changes,
    ),
    Line(
        "places of twelve industries, 1–5 years, all history and two changes",
        "76–84 within its 90 % interval, whose width is printed",
        on_panel=places_of_twelve,
    ),
    Line(
        "p10–p90 of five years' official growth across places; of one place given last growth",
        "0.20–0.30; 0.24–0.36",
    ),
    Line(
        "coverage of places, by origin (at least 15 origins)",
        "80 inside the 90 % interval that resamples places and years",
    ),
    Line("median of total output when luck doubles", "within 0.3 points a year", doubled_luck),
    Line("circular verdicts that do not say so", "0", silent_circles),
    Line(
        "verdicts that move by half a point in a downturn, or say why not", "all", moved_in_downturn
    ),
    Line("shape of verdicts, inside and outside apart, by owner", "no figure is asked", shapes),
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
