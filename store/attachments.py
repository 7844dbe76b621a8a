"""What other questions left beside a run: attribute.csv, compare.csv, seek.csv, if they are there.

Columns are those of docs/commands.md; further columns are allowed and left alone.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from plansim.simulator.errors import Fault, InputError

#: File → columns that it must have.
CONTRACTS: Mapping[str, tuple[str, ...]] = {
    "attribute.csv": ("target", "year", "lever", "share", "share_low", "share_high"),
    "compare.csv": ("target", "year", "scenario", "probability", "diff", "diff_low", "diff_high"),
    "seek.csv": ("lever", "value", "cost", "probability"),
}
#: Columns that are numbers wherever they stand; those that may be empty.
NUMBERS = (
    "year", "share", "share_low", "share_high", "probability", "diff", "diff_low", "diff_high",
    "cost", "prob_low", "prob_high",
)  # fmt: skip
MAY_BE_EMPTY = ("year", "diff", "diff_low", "diff_high", "prob_low", "prob_high")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Attachments:
    """The rows of each file; none where it is not there."""

    attribute: tuple[Row, ...] = ()
    compare: tuple[Row, ...] = ()
    seek: tuple[Row, ...] = ()

    def points(self) -> list[tuple[Row, ...]]:
        """Settings that were found: the rows of ``seek`` by their ``point``."""
        found: dict[str, list[Row]] = {}
        for row in self.seek:
            found.setdefault(str(row.get("point", "1")), []).append(row)
        return [tuple(rows) for rows in found.values()]


def read_attachments(folder: Path) -> Attachments:
    """Read what is there. Raises InputError naming every fault with its file and line."""
    faults: list[Fault] = []
    found = {name.removesuffix(".csv"): _rows(folder / name, faults) for name in CONTRACTS}
    if faults:
        raise InputError(faults)
    return Attachments(**found)


def _rows(path: Path, faults: list[Fault]) -> tuple[Row, ...]:
    if not path.is_file():
        return ()
    try:
        text = path.read_bytes().decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        columns = reader.fieldnames or ()
        lacking = [name for name in CONTRACTS[path.name] if name not in columns]
        faults += [Fault("missing_column", {"value": name}, file=path.name) for name in lacking]
        return () if lacking else tuple(_typed(reader, path.name, faults))
    except UnicodeDecodeError:
        faults.append(Fault("wrong_encoding", {"encodings": "UTF-8"}, file=path.name))
    except (csv.Error, OSError) as problem:
        faults.append(Fault("broken_csv", {"reason": str(problem)}, file=path.name))
    return ()


def _typed(reader: "csv.DictReader[str]", file: str, faults: list[Fault]) -> Iterable[Row]:
    for cells in reader:
        row: dict[str, Any] = {key: value for key, value in cells.items() if key is not None}
        for name in NUMBERS:
            if name in row:
                row[name] = _number(row[name], name, file, reader.line_num, faults)
        unit = row.get("unit")
        if file == "attribute.csv" and unit and unit != "1":
            faults.append(Fault("beside_unit", {"value": unit}, "unit", file, reader.line_num))
            return
        yield row


def _number(cell: str | None, name: str, file: str, line: int, faults: list[Fault]) -> float | None:
    if not (cell or "").strip() and name in MAY_BE_EMPTY:
        return None
    try:
        value = float(cell or "")
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        faults.append(Fault("not_a_number", {"value": cell or ""}, name, file, line))
        return 0.0
    return value
