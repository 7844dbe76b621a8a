"""Tables of runs → files for others: the long form of the IAMC (pyam), csv, and workbooks.

The IAMC form has no column for a quantile: as in the archives of the IPCC it is the last part of
the variable, ``output|Robotics|50.0th Percentile``. A scenario there is a run: plan, scenario,
what was set, seed; the last two where runs differ in them.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from plansim.simulator.errors import Fault, InputError
from plansim.store import files
from plansim.store.collection import Collection

IAMC = ("model", "scenario", "region", "variable", "unit", "year", "value")
ENDINGS = (".csv", ".xlsx")
#: Rows of a sheet, its header among them.
MOST_ROWS = 1_048_576

Sheet = tuple[Sequence[str], Iterable[Sequence[Any]]]


def check_file(path: Path, option: str) -> None:
    """Refuse a name that cannot be written, or that is taken. Nothing is written."""
    if path.suffix.lower() not in ENDINGS or not path.stem:
        shown: dict[str, object] = {"value": str(path), "choices": list(ENDINGS)}
        raise InputError([Fault("file_ending", shown, file=option)])
    if path.exists():
        raise InputError([Fault("new_exists", {"value": str(path)}, file=option)])
    if not path.absolute().parent.is_dir():
        shown = {"value": str(path), "reason": str(path.parent)}
        raise InputError([Fault("out_unwritable", shown, file=option)])


def run_names(runs: pa.Table) -> dict[str, str]:
    """What every run is called where only its scenario is shown."""
    rows = runs.to_pylist()
    several = {key: len({row[key] for row in rows}) > 1 for key in ("settings", "seed")}
    names = {}
    for row in rows:
        parts = [f"{row['plan']}/{row['scenario']}"]
        parts += [row["settings"]] if several["settings"] and row["settings"] else []
        parts += [f"seed {row['seed']}"] if several["seed"] else []
        names[row["run"]] = "; ".join(parts)
    return names


def percentile(quantile: float) -> str:
    """0.5 → 50.0th Percentile."""
    return f"{100 * quantile:.1f}th Percentile"


def iamc_rows(found: Collection) -> Iterator[tuple[Any, ...]]:
    """Fans of all runs in the long form, columns IAMC; what is not known is left out."""
    names = run_names(found.runs)
    for batch in found.rows("indicators").to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            if row["value"] is not None:
                yield (
                    row["model"], names[row["run"]], row["region"],
                    f"{row['variable']}|{percentile(row['quantile'])}",
                    row["unit"], row["year"], row["value"],
                )  # fmt: skip


def wide(rows: Iterable[Sequence[Any]]) -> Sheet:
    """The long form with a column a year, as the workbooks of the IAMC have it."""
    values: dict[tuple[Any, ...], dict[int, float]] = {}
    for *who, year, value in rows:
        values.setdefault(tuple(who), {})[year] = value
    years = sorted({year for by_year in values.values() for year in by_year})
    lines = ((*who, *(by_year.get(year) for year in years)) for who, by_year in values.items())
    return (*IAMC[:5], *map(str, years)), lines


def write_iamc(found: Collection, path: Path) -> None:
    """Fans of all runs: a csv in the long form, or a workbook with a sheet ``data``."""
    if path.suffix.lower() == ".xlsx":
        write(path, {"data": wide(iamc_rows(found))})
    else:
        write(path, {"data": (IAMC, iamc_rows(found))})


def write(path: Path, sheets: Mapping[str, Sheet]) -> None:
    """Write a file: all of it, or nothing. Raises InputError where it cannot be written."""
    is_book = path.suffix.lower() == ".xlsx"
    raw = _workbook(sheets) if is_book else _csv(*next(iter(sheets.values())))
    with files.refused(path):
        files.write(path, raw)


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """UTF-8 with the mark by which Excel knows it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _workbook(sheets: Mapping[str, Sheet]) -> bytes:
    """Text is written as text, so that nothing in a cell is ever computed."""
    import xlsxwriter

    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, {"in_memory": True})
    head = book.add_format({"bold": True, "bottom": 1})
    for name, (columns, rows) in sheets.items():
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        widths = [len(column) for column in columns]
        for j, column in enumerate(columns):
            sheet.write_string(0, j, column, head)
        last = 0
        for i, row in enumerate(rows, 1):
            if i >= MOST_ROWS:
                raise InputError([Fault("too_many_rows", {"value": name, "most": MOST_ROWS - 1})])
            last = i
            for j, cell in enumerate(row):
                if isinstance(cell, str) and cell:
                    sheet.write_string(i, j, cell)
                    widths[j] = max(widths[j], min(len(cell), 40))
                elif cell is not None and cell != "":
                    sheet.write_number(i, j, cell)
        for j, width in enumerate(widths):
            sheet.set_column(j, j, width + 2)
        sheet.autofilter(0, 0, last, len(columns) - 1)
    book.close()
    return sink.getvalue()
