"""The outside view: derives its tables, and scores it on years and plans that it has not seen.

``python benchmarks/outside.py --derive`` fits Eq. 19 to ``calibration/data/closed_targets.csv`` and
writes ``outside_view.csv`` and ``outside_rows.csv`` beside it.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from plansim.benchmarks.closed_targets import DATA, read
from plansim.calibration.fulfilment import ClosedTarget, Posterior, fit
from plansim.calibration.outside import HORIZONS

SEED = 19


def fitted(rows: Sequence[ClosedTarget]) -> dict[tuple[str, bool], Posterior]:
    """Eq. 19 by horizon, without and with the past pace."""
    return {
        (horizon, pace): fit([r for r in rows if r.horizon == horizon], pace=pace, seed=SEED)
        for horizon in HORIZONS
        for pace in (False, True)
    }


def derive(folder: Path) -> None:
    """Writes both tables."""
    rows = read(folder)
    with (folder / "outside_view.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(("horizon", "pace", "term", "draws"))
        for (horizon, pace), found in fitted(rows).items():
            for term, values in zip(found.terms, found.values, strict=True):
                draws = " ".join(f"{value:.3f}" for value in values)
                table.writerow((horizon, "yes" if pace else "no", term, draws))
    with (folder / "outside_rows.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(("horizon", "level", "kind", "field", "rows", "met", "reported"))
        table.writerows(counted(rows))


def counted(rows: Iterable[ClosedTarget]) -> list[tuple[str | int, ...]]:
    """Rows, those met, and those that counted as met officially (as published, where not said)."""
    rows = list(rows)
    cells = Counter((r.horizon, r.level, r.kind, r.field) for r in rows)
    met = Counter((r.horizon, r.level, r.kind, r.field) for r in rows if r.met)
    counts = Counter(
        (r.horizon, r.level, r.kind, r.field)
        for r in rows
        if (r.met if r.reported is None else r.reported)
    )
    return [(*cell, cells[cell], met[cell], counts[cell]) for cell in sorted(cells)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--derive", action="store_true", help="write the tables anew")
    parser.add_argument("--folder", type=Path, default=DATA)
    arguments = parser.parse_args()
    if arguments.derive:
        derive(arguments.folder)


if __name__ == "__main__":
    main()
