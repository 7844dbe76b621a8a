"""The Excel form of a plan: one sheet per table, written and read back without loss.

What a workbook holds is data: formulas are refused, and no text is ever written as one.
"""

import contextlib
import io
import math
import re
import unicodedata
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from plansim.scenarios.archive import Extent, extents_of, position, read_archive
from plansim.scenarios.draft import Draft
from plansim.scenarios.history import NUMBERS as SEEN
from plansim.scenarios.sheets import (
    MAY_LACK,
    MEANING,
    PARAMETERS,
    SHEETS,
    WHY,
    Cell,
    Gathered,
    Line,
    Sheet,
    Value,
    is_number,
)
from plansim.scenarios.table import CHOICES, NUMBERS, YEARS
from plansim.scenarios.text import Place, Row
from plansim.simulator.errors import Fault, InputError, nearest
from plansim.simulator.plan import Origin
from plansim.simulator.sampling import FORMS
from plansim.words.catalogue import catalogue, column_letters, say

ENDING = ".xlsx"
#: The first sheet: for people, never read.
GUIDE = "guide"
#: A sheet whose name begins so belongs to the planner and is not read.
OWN = "#"
#: No table is wider: what stands further right is outside of it.
MOST_COLUMNS = 100
#: Rows, as Excel counts them, of the first line that is data.
FIRST_LINE = 2


# -- writing ---------------------------------------------------------------------------------------


def as_workbook(draft: Draft) -> bytes:
    """The bytes of the workbook; the same draft gives the same bytes.

    Raises InputError where the plan holds what no cell can.
    """
    raw = _written(draft)
    check_lossless(draft, parsed(raw, draft.path.with_suffix(ENDING)))
    return raw


def _written(draft: Draft) -> bytes:
    import xlsxwriter

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    book.set_properties({"created": datetime(2000, 1, 1)})
    looks = {name: book.add_format(look) for name, look in LOOKS.items()}
    _write_guide(book.add_worksheet(tab(GUIDE)), looks)
    for sheet in SHEETS:
        _write_sheet(book.add_worksheet(tab(sheet.key)), sheet, draft, looks)
    book.close()
    return stream.getvalue()


def tab(key: str) -> str:
    """The name of a sheet: its key, and what a planner calls it."""
    return f"{key} {say(f'sheet.{key}', 'zh')}"


LOOKS: Mapping[str, Mapping[str, Any]] = {
    "header": {
        "bold": True, "bg_color": "#1F4E79", "font_color": "#FFFFFF", "text_wrap": True,
        "valign": "top", "border": 1, "border_color": "#FFFFFF",
    },
    "input": {"bg_color": "#FFFBE6", "border": 1, "border_color": "#D9D9D9"},
    "text": {"num_format": "@", "bg_color": "#FFFBE6", "border": 1, "border_color": "#D9D9D9"},
    "name": {"num_format": "@"},
    "meaning": {"italic": True, "font_color": "#7F7F7F"},
    "example": {"bg_color": "#FCE4D6"},
    "title": {"bold": True, "font_size": 14},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "link": {"font_color": "#0563C1", "underline": 1},
    "long": {
        "text_wrap": True, "valign": "top", "bg_color": "#FFFBE6", "border": 1,
        "border_color": "#D9D9D9",
    },
}  # fmt: skip
#: Columns by how their cells look; every other column is typed into and looks like one.
NAMES = ("path", "scenario", "cluster", "quantity", "indicator", "programme", "coupling", "id")
#: Text that Excel would make a date or a formula of when it is edited.
TOUCHY = re.compile(r"^[-+=@0-9]")
#: Words that a column may hold, offered as a list.
OFFERED: Mapping[str, Sequence[str]] = {
    **CHOICES,
    "origin": get_args(Origin),
    "dist": tuple(FORMS),
}
#: Rows below the last that are offered lists too.
SPARE = 200
WIDTHS: Mapping[str, float] = dict.fromkeys(PARAMETERS, 10) | {
    "value": 14, "year": 7, "reason": 66, "take": 60, "text": 110, **dict.fromkeys(WHY, 70),
}  # fmt: skip
MOST_WIDTH = 46
MEANING_WIDTH = 64
GUIDE_WIDTH = 76
#: Columns whose text goes on in the next line of the cell.
LONG = ("take",)
#: Heights of a line of text, and of the headers: a key and two labels, of up to two lines.
LINE_HEIGHT = 17
HEADER_HEIGHT = 64
#: Columns of distributions that are folded where no row of the sheet uses any of them.
FOLDS = (("p05", "p50", "p95"), ("mean", "sd", "df"), ("a", "b"), ("values", "weights"))
#: Sheets that a planner types into first: their cells say what belongs there.
HINTED = ("targets", "clusters", "totals", "city", "programmes", "scenarios")
#: A list that is offered, and a hint, may not be longer.
MOST_OFFERED = 255


class _Exact(float):
    """A number that is written with every digit it has."""

    def __format__(self, spec: str) -> str:
        return repr(float(self))


def _write_sheet(page: Any, sheet: Sheet, draft: Draft, looks: Mapping[str, Any]) -> None:
    rows = list(sheet.rows(draft))
    page.freeze_panes(1, len(sheet.required) - 1 if MEANING in sheet.columns else 1)
    used = {column for row in rows for column in row}
    folded = {column for fold in FOLDS if not used & set(fold) for column in fold}
    for index, column in enumerate(sheet.columns):
        labels = list(dict.fromkeys([column, *(say(f"cell.{column}", g) for g in ("en", "zh"))]))
        page.write_string(0, index, "\n".join(labels), looks["header"])
        texts = [str(row[column]) for row in rows if column in row]
        most = MEANING_WIDTH if column == MEANING else MOST_WIDTH
        width = WIDTHS.get(column) or _width([*labels, *texts], most)
        fold = {"level": 1, "hidden": True} if column in folded else {}
        page.set_column(index, index, width, None, fold)
        page.data_validation(1, index, len(rows) + SPARE, index, _offered(column, sheet, draft))
    for line, row in enumerate(rows, start=1):
        for column, value in row.items():
            look = looks[_look(column, value)]
            _write_cell(page, line, sheet.columns.index(column), value, look)
        if any(column in LONG for column in row):
            page.set_row(line, max(_height(str(row[c]), WIDTHS[c]) for c in LONG if c in row))
    page.set_row(0, HEADER_HEIGHT)
    page.autofilter(0, 0, max(len(rows), 1), len(sheet.columns) - 1)
    if "source" in sheet.columns and rows:
        letter = column_letters(sheet.columns.index("source") + 1)
        rule = {"type": "formula", "criteria": f'=${letter}2="example"', "format": looks["example"]}
        page.conditional_format(1, 0, len(rows) + SPARE, len(sheet.columns) - 1, rule)


def _offered(column: str, sheet: Sheet, draft: Draft) -> dict[str, Any]:
    """What Excel offers for a cell of a column: a list of words, and a hint; nothing is forced."""
    words = list(OFFERED.get(column, ()))
    if sheet.key == "targets" and column == "indicator":
        words = list(draft.tree.data.get("indicators", {}))
    if not 0 < len(",".join(words)) <= MOST_OFFERED:
        words = []
    found: dict[str, Any] = {"validate": "list", "source": words} if words else {"validate": "any"}
    if sheet.key in HINTED and f"hint.{column}" in catalogue("en"):
        found["input_message"] = "\n".join(say(f"hint.{column}", lang) for lang in ("zh", "en"))
    return {**found, "show_error": False}


def _look(column: str, value: Value) -> str:
    if column == MEANING:
        return "meaning"
    if column in LONG:
        return "long"
    if column in NAMES:
        return "name"
    return "text" if isinstance(value, str) and TOUCHY.match(value) else "input"


def _write_cell(page: Any, line: int, column: int, value: Value, look: Any) -> None:
    """One cell as what it is: a text is never written as a formula or a link."""
    if isinstance(value, bool):
        code = page.write_boolean(line, column, value, look)
    elif isinstance(value, str):
        is_markup = value.startswith("<r>") and value.endswith("</r>")  # would be taken for XML
        code = -1 if is_markup else page.write_string(line, column, value, look)
    else:
        number = value if isinstance(value, int) else _Exact(value)
        code = page.write_number(line, column, number, look)
    if code:
        fields = {"value": str(value)[:40]}
        raise InputError([Fault("cell_unwritable", fields, line=line + 1, column=column + 1)])


def _places(text: str) -> int:
    """How many places a text takes: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _width(texts: Sequence[str], most: float) -> float:
    """The width of a column."""
    longest = max(_places(line) for text in texts for line in text.split("\n"))
    return float(min(max(longest + 3, 8), most))


def _height(text: str, width: float) -> float:
    """The height of a row whose text goes on in the next line; a tenth is left for the breaks."""
    return LINE_HEIGHT * math.ceil(max(_places(text), 1) / (0.9 * width))


def _write_guide(page: Any, looks: Mapping[str, Any]) -> None:
    """How to fill the workbook in, Chinese beside English, and the list of its sheets."""
    page.hide_gridlines(2)
    page.set_column(0, 1, GUIDE_WIDTH)
    lines = [key for key in catalogue("zh") if key.startswith("guide.")]
    for line, key in enumerate(lines):
        look = looks["title" if line == 0 else "wrapped"]
        texts = [say(key, lang) for lang in ("zh", "en")]
        for column, text in enumerate(texts):
            page.write_string(line, column, text, look)
        if line > 0:  # programs differ in whether they fit the height themselves
            page.set_row(line, max(_height(text, GUIDE_WIDTH) for text in texts))
    for line, sheet in enumerate(SHEETS, start=len(lines) + 1):
        target = f"internal:'{tab(sheet.key)}'!A1"
        page.write_url(line, 0, target, looks["link"], tab(sheet.key))
        page.write_string(line, 1, say(f"sheet.{sheet.key}", "en"), looks["wrapped"])


def check_lossless(draft: Draft, copy: Draft) -> None:
    """Refuse to write what does not read back as it was."""
    for part, before in _said(draft).items():
        if before != _said(copy)[part]:
            raise InputError([Fault("not_lossless", {"value": part}, file=draft.path.name)])


def _said(draft: Draft) -> dict[str, Any]:
    """Everything that a draft says, without what says nothing."""
    numbers = (*NUMBERS, *YEARS, *SEEN)

    def cells(row: Row) -> dict[str, Any]:
        return {c: float(t) if c in numbers and is_number(t) else t for c, t in row.cells.items()}

    return {
        **{key: part for key, part in draft.tree.data.items() if part not in ({}, [], None)},
        "scenarios": {key: tree.data if tree else {} for key, tree in draft.scenarios.items()},
        "targets": [cells(row) for row in draft.targets],
        "history": [cells(row) for row in draft.history],
        "sources": [line.rstrip() for line in draft.sources.rstrip().splitlines()],
    }


# -- reading ---------------------------------------------------------------------------------------


def read_workbook(path: Path) -> Draft:
    """Read a workbook. Raises InputError with every fault, its sheet and its cell."""
    return parsed(read_archive(path), path)


def parsed(raw: bytes, path: Path) -> Draft:
    """The plan in the bytes of a workbook. ``path``: where it stands, or is to stand."""
    extents = extents_of(raw, path.name)
    gathered = Gathered(path.name)
    with _opened(raw, path.name) as book:
        pages = _pages(book, gathered)
        if gathered.faults:
            raise InputError(gathered.faults)
        tables = {}
        for sheet in SHEETS:
            page = pages.get(sheet.key)
            tables[sheet.key] = _lines(page, sheet, extents, gathered) if page else []
    if gathered.faults:
        raise InputError(gathered.faults)
    for sheet in SHEETS:
        sheet.take(tables[sheet.key], gathered)
    return gathered.draft(path)


@contextlib.contextmanager
def _opened(raw: bytes, shown: str) -> Iterator[Any]:
    """The workbook in openpyxl. Whatever it raises, now or while it is read, is a broken file."""
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, keep_links=False)
        except Exception as problem:
            raise _broken(problem, shown) from None
        try:
            yield book
        finally:
            book.close()


def _broken(problem: Exception, shown: str) -> InputError:
    reason = {"reason": f"{type(problem).__name__}: {problem}"[:200]}
    return InputError([Fault("workbook_broken", reason, file=shown)])


def _pages(book: Any, gathered: Gathered) -> dict[str, Any]:
    """The sheets by key. What is missing, hidden, there twice or unknown is a fault."""
    known = [sheet.key for sheet in SHEETS]
    pages: dict[str, Any] = {}
    for page in book.worksheets:
        title = str(page.title).strip()
        key = title.split()[0] if title else ""
        is_hidden = page.sheet_state != "visible"
        place = Place(f"{gathered.shown}[{title}]", 0, 0)
        if key == GUIDE or title.startswith(OWN):
            continue
        if key in pages:
            gathered.fault("duplicate_key", place, value=key)
        elif key in known and is_hidden:
            gathered.fault("hidden_sheet", place, value=title)
            pages[key] = page
        elif key in known:
            pages[key] = page
        elif not is_hidden:  # programs keep hidden sheets of their own in a workbook
            near = nearest(key, known)
            gathered.fault("unknown_sheet", place, value=title, choices=known, nearest=near)
    for key in known:
        if key not in (*pages, *MAY_LACK):
            gathered.fault("missing_sheet", Place(gathered.shown, 0, 0), value=key)
    return pages


def _lines(
    page: Any, sheet: Sheet, extents: Mapping[str, Extent], gathered: Gathered
) -> list[Line]:
    """The rows of a sheet that hold anything, below a header that has been checked."""
    file = f"{gathered.shown}[{sheet.key}]"
    extent = extents.get(page._worksheet_path, Extent())
    if extent.merged:
        line, column = position(extent.merged[0].partition(":")[0])
        gathered.fault("merged_cells", Place(file, line, column), value=extent.merged)
        return []
    width = extent.columns
    if 1 not in extent.rows:
        gathered.fault("empty_sheet", Place(file, 1, 1))
        return []
    if width > MOST_COLUMNS:
        gathered.fault("outside_table", Place(file, 1, width), value=column_letters(width))
        return []
    lines: list[Line] = []
    columns: dict[str, int] = {}
    names: list[str] = []
    try:
        for number, row in enumerate(page.iter_rows(1, max(extent.rows), 1, width), start=1):
            if number not in extent.rows:
                continue
            cells = [_cell(cell, Place(file, number, i), gathered) for i, cell in _full(row)]
            if number == 1:
                names = _header(cells, width, sheet, file, gathered)
                columns = {name: i for i, name in enumerate(names, start=1) if name}
            elif cells:
                for cell in cells:
                    if not names[cell.place.column - 1]:
                        gathered.fault("outside_table", cell.place, value=cell.value)
                held = {names[c.place.column - 1]: c for c in cells}
                held = {name: c for name, c in held.items() if name not in ("", MEANING)}
                if held:
                    lines.append(Line(number, held, file, columns))
    except Exception as problem:  # whatever openpyxl says of a sheet that it cannot read
        raise _broken(problem, file) from None
    return lines


def _full(row: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """The cells of a row that hold anything, with their columns."""
    for column, cell in enumerate(row, start=1):
        if cell.value is not None and not (isinstance(cell.value, str) and not cell.value.strip()):
            yield column, cell


def _header(
    cells: Sequence[Cell], width: int, sheet: Sheet, file: str, gathered: Gathered
) -> list[str]:
    """The name of each column, "" where it has none. The first word of a header counts."""
    names = [""] * width
    for cell in cells:
        name = str(cell.value).split()[0]
        if name not in sheet.columns:
            near = nearest(name, sheet.columns)
            known = list(sheet.columns)
            gathered.fault("unknown_column", cell.place, value=name, choices=known, nearest=near)
        elif name in names:
            gathered.fault("duplicate_key", cell.place, value=name)
        names[cell.place.column - 1] = name
    for name in sheet.required:
        if name not in names:
            gathered.fault("missing_column", Place(file, 1, 1), value=name)
    return names


#: What a cell may hold by openpyxl's types, and the fault of holding it.
UNUSABLE: Mapping[str, str] = {"f": "formula_cell", "d": "date_cell", "e": "error_cell"}
#: Text in a number format that is shown, not applied.
LITERAL = re.compile(r'"[^"]*"|\\.')


def _cell(cell: Any, place: Place, gathered: Gathered) -> Cell:
    """A cell that holds a value; what cannot be used is a fault."""
    value = cell.value
    code = UNUSABLE.get(cell.data_type)
    if code is None and cell.data_type == "n" and "%" in LITERAL.sub("", cell.number_format):
        code = "percent_cell"
    if code is None and isinstance(value, float) and value != value:
        code = "error_cell"
    if code is not None:
        gathered.fault(code, place, value=str(getattr(value, "text", value)))
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return Cell(value if isinstance(value, str | int | float) else str(value), place)
