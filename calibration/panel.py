"""A panel of series: a CSV with `series, year` and any of `output, va_rate, energy_intensity`.

Read with every fault at once. In memory a quantity is an array [year, series] in link space, NaN
where it is not known; a series' years follow one another, so NaN stands only before and after.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path

import numpy as np

from plansim.calibration.growth import QUANTITIES, Array
from plansim.simulator.conform import full_width_number
from plansim.simulator.errors import Fault, InputError

KEYS = ("series", "year")
MOST_BYTES = 50_000_000
ENCODINGS = ("utf-8-sig", "gb18030")
YEARS = (1000, 3000)


@dataclass(frozen=True, slots=True)
class Panel:
    """Series of one file. ``levels``: by quantity, in link space [(year, series)]."""

    name: str
    series: tuple[str, ...]
    years: tuple[int, ...]
    levels: Mapping[str, Array]

    def of(self, series: Iterable[str]) -> Panel:
        """The panel of these series only, in its own order."""
        wanted = set(series)
        chosen = [place for place, name in enumerate(self.series) if name in wanted]
        levels = {name: array[:, chosen] for name, array in self.levels.items()}
        return replace(self, series=tuple(self.series[place] for place in chosen), levels=levels)

    def sizes(self) -> Array:
        """Log output, NaN where it is not known. [(year, series)]"""
        missing = np.full((len(self.years), len(self.series)), np.nan)
        return self.levels.get("output", missing)


def linked(quantity: str, value: float) -> float:
    """Link of a quantity: log of a level, logit of a rate."""
    return math.log(value / (1.0 - value)) if quantity == "va_rate" else math.log(value)


def read_panel(path: Path) -> Panel:
    """A panel from a CSV file in UTF-8 or GB18030. Raises InputError naming every fault."""
    rows, faults = _rows(path)
    cells = _Cells(str(path), faults)
    for line, row in rows:
        cells.take(line, row)
    cells.check_gaps()
    if faults:
        raise InputError(faults)
    return cells.panel()


def _rows(path: Path) -> tuple[list[tuple[int, dict[str, str]]], list[Fault]]:
    """Lines with their cells by column. Raises InputError where no line can be understood."""
    shown = str(path)
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    faults: list[Fault] = []
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        faults += _header_faults(header, shown)
        if faults:
            raise InputError(faults)
        for cells in reader:
            if len(cells) != len(header) and any(cell.strip() for cell in cells):
                widths: dict[str, object] = {"value": len(cells), "wanted": len(header)}
                faults.append(Fault("cell_count", widths, file=shown, line=reader.line_num))
            elif any(cell.strip() for cell in cells):
                stripped = [cell.strip() for cell in cells]
                rows.append((reader.line_num, dict(zip(header, stripped, strict=True))))
    except csv.Error as problem:
        reason = {"reason": str(problem)}
        raise InputError(
            [*faults, Fault("broken_csv", reason, file=shown, line=reader.line_num)]
        ) from None
    if not rows and not faults:
        raise InputError([Fault("panel_empty", file=shown)])
    return rows, faults


def _text(path: Path) -> str:
    shown = str(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            fields = {"size": path.stat().st_size, "most": MOST_BYTES}
            raise InputError([Fault("file_too_large", fields, file=shown)])
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError([Fault("file_missing", file=shown)]) from None
    except OSError as problem:
        reason = {"reason": problem.strerror or str(problem)}
        raise InputError([Fault("file_unreadable", reason, file=shown)]) from None
    for encoding in ENCODINGS:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    encodings = {"encodings": "utf-8, gb18030"}
    raise InputError([Fault("wrong_encoding", encodings, file=shown)])


def _header_faults(header: Sequence[str], shown: str) -> list[Fault]:
    """Columns that are missing, stand twice, or look like a misspelt one. Others are not read."""
    known = (*KEYS, *QUANTITIES)
    faults = [
        Fault("missing_column", {"value": name}, file=shown, line=1)
        for name in KEYS
        if name not in header
    ]
    if not set(QUANTITIES) & set(header):
        faults.append(Fault("panel_no_quantity", {"values": QUANTITIES}, file=shown, line=1))
    faults += [
        Fault("duplicate_key", {"value": name}, file=shown, line=1)
        for name in known
        if header.count(name) > 1
    ]
    absent = [name for name in known if name not in header]
    for name in header:
        near = get_close_matches(name.lower(), absent, 1, 0.8)
        if name not in known and near:
            fields = {"value": name, "nearest": near[0]}
            faults.append(Fault("unknown_column", fields, file=shown, line=1))
    return faults


class _Cells:
    """Values by series and year, on their way to a panel; faults with their line and column."""

    def __init__(self, shown: str, faults: list[Fault]) -> None:
        self.shown = shown
        self.faults = faults
        self.lines: dict[tuple[str, int], int] = {}
        self.values: dict[tuple[str, int], dict[str, float]] = {}
        self.unsound: set[tuple[str, str]] = set()  # series and columns with another fault

    def take(self, line: int, row: Mapping[str, str]) -> None:
        """Read one line."""
        columns = list(row)
        series = row["series"]

        def fault(column: str, code: str, **fields: object) -> None:
            fields = {"key": column, "value": row[column], **fields}
            path = f"{series}.{column}" if series else column
            place = columns.index(column) + 1
            self.unsound.add((series, column))
            self.faults.append(Fault(code, fields, path, self.shown, line, place))

        if not series:
            fault("series", "empty_cell")
        year = _number(row["year"])
        if isinstance(year, str):
            fault("year", year)
            return
        if not year.is_integer() or not YEARS[0] <= year <= YEARS[1]:
            fault("year", "panel_year")
            return
        key = series, int(year)
        if key in self.lines:
            fault("year", "panel_twice", value=int(year), other=self.lines[key])
            return
        self.lines[key] = line
        found = self.values.setdefault(key, {})
        for quantity in (name for name in QUANTITIES if row.get(name)):
            value = _number(row[quantity])
            if isinstance(value, str):
                fault(quantity, value)
            elif value <= 0.0:
                fault(quantity, "must_be_positive")
            elif quantity == "va_rate" and value >= 1.0:
                fault(quantity, "panel_rate")
            else:
                found[quantity] = linked(quantity, value)

    def check_gaps(self) -> None:
        """The years of a series follow one another, those in which a quantity is known too."""
        by_series: dict[str, list[int]] = {}
        for series, year in self.lines:
            by_series.setdefault(series, []).append(year)
        for series, years in by_series.items():
            years.sort()
            if (series, "year") in self.unsound or not self._runs(series, "year", years):
                continue
            for quantity in (q for q in QUANTITIES if (series, q) not in self.unsound):
                known = [year for year in years if quantity in self.values[series, year]]
                self._runs(series, quantity, known)

    def _runs(self, series: str, column: str, years: Sequence[int]) -> bool:
        """Whether years follow one another; every gap is a fault, told where it ends."""
        for before, after in pairwise(years):
            if after != before + 1:
                missing = f"{before + 1}" if after == before + 2 else f"{before + 1}-{after - 1}"
                fields = {"value": missing, "key": column}
                path, line = f"{series}.{column}", self.lines[series, after]
                self.faults.append(Fault("panel_gap", fields, path, self.shown, line))
        return not years or len(years) == years[-1] - years[0] + 1

    def panel(self) -> Panel:
        series = sorted({name for name, _ in self.values})
        held = [year for _, year in self.values]
        years = range(min(held), max(held) + 1)
        column = {name: place for place, name in enumerate(series)}
        levels = {name: np.full((len(years), len(series)), np.nan) for name in QUANTITIES}
        for (name, year), found in self.values.items():
            for quantity, value in found.items():
                levels[quantity][year - years[0], column[name]] = value
        known = {name: array for name, array in levels.items() if np.isfinite(array).any()}
        return Panel(self.shown, tuple(series), tuple(years), known)


def _number(text: str) -> float | str:
    """A number, or the code of what is wrong with it."""
    if not text:
        return "empty_cell"
    if full_width_number(text):
        return "full_width_digits"
    try:
        value = float(text.replace("_", "x"))
    except ValueError:
        return "not_a_number"
    return value if math.isfinite(value) else "not_finite"
