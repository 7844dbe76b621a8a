"""The forecasting law against what really happened, and against what is required of it.

Run as ``python benchmarks/hindcast.py PANEL.csv [--splits 5] [--json]``. PANEL.csv is a panel as
``plansim hindcast`` reads it, or the NBER-CES file that ``benchmarks/derive.py`` reads.
Half of its series, chosen at random, teach the law; the other half is scored, from origins since
1975. The law was developed on split 1. A cell passes on its mean over the splits; the range over
them, and an interval over resampled series, say how far to trust it.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plansim.benchmarks.derive import read_us, us_codes, us_levels
from plansim.calibration.growth import QUANTITIES
from plansim.calibration.hindcast import RIVALS, Hindcast, Score, run
from plansim.calibration.panel import Panel, read_panel

SINCE = 1975
#: Coverage of 80 % intervals: by quantity, at horizons 1, 3, 5 and at 10.
COVERAGE = {
    "output": ((0.77, 0.83), (0.74, 0.86)),
    "va_rate": ((0.77, 0.83), (0.74, 0.86)),
    "energy_intensity": ((0.75, 0.85), (0.74, 0.86)),
}
#: Skill at horizon 5, against the last value and against drift; above 0 at all others.
SKILL = {
    "output": {"last": 0.06, "drift": 0.09},
    "va_rate": {"last": 0.06, "drift": 0.20},
    "energy_intensity": {"last": 0.01, "drift": 0.14},
}


def read(path: Path) -> Panel:
    """A panel of either form."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header = next(csv.reader(stream), [])
    if not {"sic", "vship"} <= set(header):
        return read_panel(path)
    years, us = read_us(path)
    series = tuple(us_codes(path))
    return Panel(str(path), series, tuple(int(year) for year in years), us_levels(us))


def required(quantity: str, horizon: int, name: str) -> tuple[float, float]:
    """Lowest and highest figure that passes."""
    if name == "coverage80":
        return COVERAGE[quantity][horizon == 10]
    return (SKILL[quantity][name] if horizon == 5 else 0.0), 1.0


def figure(score: Score, name: str) -> float:
    """A figure of a row of the hindcast."""
    return score.coverage[0.8] if name == "coverage80" else score.skill[name]


def cells(results: Sequence[Hindcast]) -> Iterator[dict[str, Any]]:
    """Every required figure: mean and range over the splits, interval over series, verdict."""
    for place, first in enumerate(results[0].scores):
        rows = [result.scores[place] for result in results]
        for name in ("coverage80", *RIVALS):
            values = [figure(row, name) for row in rows]
            mean = float(np.mean(values))
            low, high = required(first.quantity, first.horizon, name)
            ends = [row.intervals[name] for row in rows] if name in RIVALS else []
            yield {
                "quantity": first.quantity,
                "horizon": first.horizon,
                "figure": name if name == "coverage80" else f"skill_{name}",
                "mean": mean,
                "lowest": min(values),
                "highest": max(values),
                "interval": [float(end) for end in np.mean(ends, axis=0)] if ends else None,
                "required": [low, high],
                "passes": bool(low <= mean <= high and (name == "coverage80" or mean > 0.0)),
                "splits_that_pass": sum(low <= value <= high for value in values),
            }


def rows(results: Sequence[Hindcast]) -> list[dict[str, Any]]:
    """The columns of ``plansim hindcast``, means over the splits."""
    found = []
    for place, first in enumerate(results[0].scores):
        same = [result.scores[place] for result in results]
        found.append(
            {
                "quantity": first.quantity,
                "horizon": first.horizon,
                "forecasts": int(np.mean([row.forecasts for row in same])),
                **{
                    f"coverage{100 * level:.0f}": float(
                        np.mean([row.coverage[level] for row in same])
                    )
                    for level in first.coverage
                },
                "crps": float(np.mean([row.crps for row in same])),
                **{
                    f"skill_{rival}": float(np.mean([row.skill[rival] for row in same]))
                    for rival in RIVALS
                },
            }
        )
    return found


def print_cells(found: Sequence[dict[str, Any]]) -> None:
    print(f"{'quantity':17}{'years':>6} {'figure':12}{'mean':>7}{'range over splits':>20}", end="")
    print(f"{'over series':>18}{'required':>14}  ")
    for cell in found:
        low, high = cell["required"]
        wanted = f"{100 * low:.0f} … {100 * high:.0f}"
        if cell["figure"] != "coverage80":
            wanted = f"≥ {100 * low:.0f}" if low else "> 0"
        over = ""
        if cell["interval"]:
            over = " … ".join(f"{100 * end:.1f}" for end in cell["interval"])
        spread = f"{100 * cell['lowest']:.1f} … {100 * cell['highest']:.1f}"
        verdict = "" if cell["passes"] else "NOT REACHED"
        print(
            f"{cell['quantity']:17}{cell['horizon']:>6} {cell['figure']:12}"
            f"{100 * cell['mean']:>7.1f}{spread:>20}{over:>18}{wanted:>14}  {verdict}"
        )


def print_rows(title: str, found: Sequence[dict[str, Any]]) -> None:
    print(f"\n{title}")
    names = [name for name in found[0] if name not in ("quantity", "horizon")]
    print(f"{'quantity':17}{'years':>6}" + "".join(f"{name:>13}" for name in names))
    for row in found:
        shown = "".join(
            f"{row[name]:>13}" if name == "forecasts"
            else f"{row[name]:>13.4f}" if name == "crps"
            else f"{100 * row[name]:>13.1f}"
            for name in names
        )  # fmt: skip
        print(f"{row['quantity']:17}{row['horizon']:>6}{shown}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the panel, hindcast every split, print."""
    parser = argparse.ArgumentParser(description="Hindcast a panel by cross-validation.")
    parser.add_argument("panel", type=Path, help="panel, or the NBER-CES file")
    parser.add_argument("--splits", type=int, default=5, help="random halves of the series")
    parser.add_argument("--since", type=int, default=SINCE, help="earliest origin")
    parser.add_argument("--json", action="store_true", help="print json")
    options = parser.parse_args(arguments)
    panel, started = read(options.panel), time.perf_counter()
    seeds = range(1, options.splits + 1)
    results = [run(panel, "0.5", seed=seed, first=options.since) for seed in seeds]
    found = [cell for cell in cells(results) if cell["quantity"] in QUANTITIES]
    middle = (options.since + panel.years[-1]) // 2
    parts = {
        "all origins": results,
        f"origins to {middle}": [result.between(0, middle) for result in results],
        f"origins from {middle + 1}": [result.between(middle + 1, 9999) for result in results],
    }
    seconds = time.perf_counter() - started
    notes = [note for result in results for note in result.notes]
    if options.json:
        tables = {name: rows(part) for name, part in parts.items()}
        told = {"cells": found, "rows": tables, "notes": notes, "seconds": seconds}
        print(json.dumps(told, indent=1))
        return
    print(f"{options.splits} splits of {len(panel.series)} series, origins since {options.since}.")
    print(
        "Percent; skill is 1 - CRPS / CRPS of the naive forecast; interval 90 %, mean of splits.\n"
    )
    print_cells(found)
    passed = sum(cell["passes"] for cell in found)
    print(f"\n{passed} of {len(found)} figures reached on the mean over the splits.")
    for title, part in parts.items():
        print_rows(title[0].upper() + title[1:] + ", means over the splits", rows(part))
    print(f"\n{seconds:.0f} s; fits that did not end by themselves: {len(notes)}")


if __name__ == "__main__":
    main()
