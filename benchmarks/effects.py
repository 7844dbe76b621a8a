"""Writes calibration/data/effects.csv anew from what is shipped: python benchmarks/effects.py"""

import csv
from pathlib import Path

import plansim.calibration
from plansim.calibration.evidence import COLUMNS, as_csv_row, of_all_shipped
from plansim.simulator.errors import InputError

TABLE = Path(plansim.calibration.__path__[0]) / "data" / "effects.csv"


def main() -> None:
    """Every effect of every programme of every shipped plan and library, one row each."""
    rows = [as_csv_row(row) for row in of_all_shipped()]
    with TABLE.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    try:
        main()
    except InputError as problem:
        raise SystemExit("\n".join(f"{f.path}: {f.code}" for f in problem.faults)) from None
