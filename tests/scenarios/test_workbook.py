"""The Excel form: what comes back is what went in, and whatever is wrong is named with its cell."""

import contextlib
import io
import random
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from plansim.scenarios import archive
from plansim.scenarios.draft import files_of, read_folder
from plansim.scenarios.load import assemble, folder_of, load, read_draft, read_source, shipped
from plansim.scenarios.sheets import SHEETS, joined, split
from plansim.scenarios.table import COLUMNS, NUMBERS, YEARS
from plansim.scenarios.text import Row, Tree
from plansim.scenarios.workbook import as_workbook, read_workbook, tab
from plansim.simulator.errors import Fault, InputError
from plansim.store.files import write_folder
from plansim.words.catalogue import LANGUAGES, say_faults

TEMPLATE = Path(archive.__file__).parent / "template"
Change = Callable[[Any], object]


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as a workbook."""
    path = tmp_path_factory.mktemp("blank") / "mine.xlsx"
    path.write_bytes(as_workbook(read_draft(str(TEMPLATE))))
    return path


@pytest.fixture
def mine(blank: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may break."""
    return Path(shutil.copy(blank, tmp_path / "mine.xlsx"))


@pytest.fixture
def edited(mine: Path) -> Callable[[Change], Path]:
    """The template's workbook after a change by a person with a spreadsheet program."""

    def edit(change: Change) -> Path:
        book = openpyxl.load_workbook(mine)
        change(book)
        book.save(mine)
        return mine

    return edit


def faults(path: Path) -> tuple[Fault, ...]:
    """What is wrong with a workbook; every fault has its sentence in both languages."""
    with pytest.raises(InputError) as caught:
        load(str(path))
    for lang in LANGUAGES:
        assert say_faults(caught.value.faults, lang)
    return caught.value.faults


def said(path: Path) -> str:
    return say_faults(faults(path), "en")


def codes(path: Path) -> list[str]:
    return [fault.code for fault in faults(path)]


def sheet(book: Any, key: str) -> Any:
    return book[tab(key)]


def row_of(page: Any, *words: str) -> int:
    """The row that begins with these words."""
    for row in page.iter_rows(max_col=len(words)):
        if tuple(cell.value for cell in row) == words:
            return int(row[0].row)
    raise AssertionError(words)


def column_of(page: Any, name: str) -> int:
    return next(c.column for c in page[1] if c.value and str(c.value).split()[0] == name)


def put(key: str, words: tuple[str, ...], column: str, value: object, form: str = "") -> Change:
    """A change of one cell."""

    def change(book: Any) -> None:
        page = sheet(book, key)
        cell = page.cell(row_of(page, *words), column_of(page, column))
        cell.value = value
        cell.number_format = form or cell.number_format

    return change


BASE = ("machinery", "output.base")
FIRST_TARGET = ("total-output-2030",)


# -- the way there and back ------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*shipped(), str(TEMPLATE)])
def test_a_plan_comes_back_as_it_was_in_every_scenario(name: str, tmp_path: Path) -> None:
    source = read_source(name)
    book = tmp_path / "book.xlsx"
    book.write_bytes(as_workbook(source.draft))
    write_folder(files_of(read_draft(str(book))), tmp_path / "folder")
    copies = [read_source(str(book)), read_source(str(tmp_path / "folder"))]
    assert source.scenarios
    for scenario in source.scenarios:
        plan = assemble(source, scenario)
        for copy in copies:
            assert list(copy.scenarios) == list(source.scenarios)
            again = assemble(copy, scenario)
            assert again == plan
            assert list(again.clusters) == list(plan.clusters)
            assert list(again.programmes) == list(plan.programmes)
    for copy in copies:
        assert copy.draft.tree.data["clusters"]["*"] == source.draft.tree.data["clusters"]["*"]
        assert copy.draft.sources.splitlines() == source.draft.sources.splitlines()


def test_the_same_plan_gives_the_same_bytes() -> None:
    draft = read_draft(str(TEMPLATE))
    assert as_workbook(draft) == as_workbook(draft)


def test_a_workbook_is_a_plan_by_its_ending(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mine.parent)
    assert folder_of("mine.xlsx") == Path("mine.xlsx")
    assert load("mine.xlsx") == load("./mine.xlsx") == load(str(mine))
    shutil.move(mine, mine.parent / "UPPER.XLSX")
    assert load("./UPPER.XLSX").plan.id == "template"
    with pytest.raises(InputError) as caught:
        load("gone.xlsx")
    assert caught.value.faults[0].code == "folder_missing"


def test_a_folder_may_be_called_like_a_workbook(tmp_path: Path) -> None:
    shutil.copytree(TEMPLATE, tmp_path / "odd.xlsx")
    assert load(str(tmp_path / "odd.xlsx")) == load(str(TEMPLATE))


def test_every_section_of_a_plan_has_its_sheet(blank: Path) -> None:
    book = openpyxl.load_workbook(blank)
    assert book.sheetnames == [tab("guide"), *(tab(s.key) for s in SHEETS)]
    for page in book.worksheets[1:]:
        assert page.freeze_panes
        assert all("\n" in str(cell.value) for cell in page[1])  # key and label


TEXTS = [
    "=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "http://example.org", "12", "1e5", "null",
    "true", "no", "12:30", "2016-10", "{a: 1}", "[1]", '"quoted"', "'apostrophe", " blanks ",
    "x0.85", "６２", "a: b # c", "第一行\n第二行", "_x0041_", "<b>&amp;", "\U00020000",
]  # fmt: skip


def test_text_stays_text_wherever_it_stands(tmp_path: Path) -> None:
    draft = read_draft(str(TEMPLATE))
    entries = draft.tree.data["clusters"], draft.tree.data["parameter_correlations"]
    targets, scenarios = list(draft.targets), dict(draft.scenarios)
    for number, text in enumerate(TEXTS):
        draft.tree.data["plan"][f"text {number}"] = text
        entries[0][text] = {"why": text, "size": {"value": text, "source": text, "why": text}}
        entries[1].append({"between": [text, text], "why": text})
        cells = dict.fromkeys(COLUMNS, text.strip()) | dict.fromkeys((*NUMBERS, *YEARS), "")
        targets.append(Row(0, cells))
        name = {"zh": text, "en": text}
        scenarios[f"s{number}"] = Tree({"name": name, "set": {"path": text}})
    draft = replace(draft, targets=targets, scenarios=scenarios)
    path = tmp_path / "book.xlsx"
    path.write_bytes(as_workbook(draft))
    kinds = {
        cell.data_type
        for page in openpyxl.load_workbook(path).worksheets
        for row in page.iter_rows()
        for cell in row
        if cell.value in TEXTS
    }
    assert kinds == {"s"}
    write_folder(files_of(read_workbook(path)), tmp_path / "folder")
    for copy in (read_workbook(path), read_folder(tmp_path / "folder")):
        assert {**draft.tree.data, "couplings": []} == {"couplings": [], **copy.tree.data}
        assert [row.cells for row in copy.targets] == [row.cells for row in draft.targets]
        written = {key: tree.data for key, tree in copy.scenarios.items() if tree}
        assert written == {key: tree.data for key, tree in draft.scenarios.items() if tree}


@pytest.mark.parametrize("number", [0.1 + 0.2, 1 / 3, 1e-17, 123456789.123456789, 2**40, -0.0])
def test_numbers_keep_every_digit(number: float, tmp_path: Path) -> None:
    draft = read_draft(str(TEMPLATE))
    draft.tree.data["totals"]["output"]["value"] = number
    (tmp_path / "book.xlsx").write_bytes(as_workbook(draft))
    assert read_workbook(tmp_path / "book.xlsx").tree.data["totals"]["output"]["value"] == number


def test_values_of_every_form_come_back(tmp_path: Path) -> None:
    draft = read_draft(str(TEMPLATE))
    odd = {
        "list": [1, [2, 3], {"a": None}],
        "empty": {},
        "none": [],
        "years": {2018: 0.2, 2020: True},
        "discrete": {"value": {"dist": "discrete", "values": [1, 2.5], "weights": [1, 2]}},
        "bare": {"value": 62},
        "2030": {"a.b": 1, "": 2, "*": 3, '"q"': 4},
        "figure": {"value": 1, "source": ""},
    }
    draft.tree.data["plan"]["odd"] = odd
    draft.tree.data["clusters"]["odd"] = odd
    scenario = draft.scenarios["plan"]
    assert scenario is not None
    scenario.data["set"] |= {"a": 62, "b": {"value": 62}, "c": "x0.5", "d": {2018: 1}, "e": None}
    scenario.data["set"] |= {"f": {"value": {"dist": "normal", "mean": 1, "sd": 2}, "unit": "1"}}
    (tmp_path / "book.xlsx").write_bytes(as_workbook(draft))
    copy = read_workbook(tmp_path / "book.xlsx")
    assert copy.tree.data["plan"]["odd"] == copy.tree.data["clusters"]["odd"] == odd
    again = copy.scenarios["plan"]
    assert again is not None
    assert again.data == scenario.data


@pytest.mark.parametrize(
    "path", [("a",), ("a", 0, "b"), ("*", 2020), ("2020",), ("a.b", ""), ('"', " x "), ("零",)]
)
def test_a_path_is_read_as_it_was_written(path: tuple[str | int, ...]) -> None:
    assert split(joined(path)) == path


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", '"a', '"a"b'])
def test_what_is_no_path_is_none(text: str) -> None:
    assert split(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [("x" * 40_000, "cell_unwritable"), ("<r>x</r>", "cell_unwritable"), ("a\x01", "not_lossless")],
)
def test_what_no_cell_can_hold_is_refused(text: str, code: str) -> None:
    draft = read_draft(str(TEMPLATE))
    draft.tree.data["totals"]["output"]["why"] = text
    with pytest.raises(InputError) as caught:
        as_workbook(draft)
    assert [fault.code for fault in caught.value.faults] == [code]


# -- what a planner types --------------------------------------------------------------------------


def test_a_number_typed_over_an_example_counts(edited: Callable[[Change], Path]) -> None:
    plan = load(str(edited(put("clusters", BASE, "value", 250.5))))
    assert plan.clusters["machinery"].output.base is not None
    assert plan.clusters["machinery"].output.base.value == 250.5


def test_columns_may_be_moved_and_unused_ones_deleted(edited: Callable[[Change], Path]) -> None:
    def change(book: Any) -> None:
        for key in ("clusters", "totals"):
            page = sheet(book, key)
            for name in ("weights", "values", "b", "a", "df", "meaning"):
                page.delete_cols(column_of(page, name))

    assert load(str(edited(change))) == load(str(TEMPLATE))


def test_a_workbook_carries_owners_and_may_do_without(edited: Callable[[Change], Path]) -> None:
    def change(book: Any) -> None:
        page = sheet(book, "targets")
        assert page.cell(2, column_of(page, "owner")).value == "market"
        page.delete_cols(column_of(page, "owner"))

    owners = {t.id: t.owner for t in load(str(edited(change))).targets}
    assert owners["upgraded-firms-2030"] == "administration"
    assert owners["energy-intensity-2030"] == "market"
    assert {t.owner for t in load(str(TEMPLATE)).targets} == {
        "administration", "quota", "anticipated", "market",
    }  # fmt: skip


def test_gaps_rows_of_blanks_and_own_sheets_do_not_matter(edited: Callable[[Change], Path]) -> None:
    def change(book: Any) -> None:
        for page in book.worksheets[1:-1]:
            page.insert_rows(3, 2)
            page.cell(4, 1).value = "   "
        book.create_sheet("# my own")["A1"] = "=1+1"
        hidden = book.create_sheet("WpsReserved")
        hidden.sheet_state = "veryHidden"

    assert load(str(edited(change))) == load(str(TEMPLATE))


def test_entries_of_a_list_may_have_gaps(edited: Callable[[Change], Path]) -> None:
    def change(book: Any) -> None:
        page = sheet(book, "programmes")
        page.delete_rows(row_of(page, "upgrading", "effects.0.on"), 2)

    effects = load(str(edited(change))).programmes["upgrading"].effects
    assert effects == load(str(TEMPLATE)).programmes["upgrading"].effects[1:]


def test_a_new_cluster_is_a_copy_of_rows(edited: Callable[[Change], Path]) -> None:
    def change(book: Any) -> None:
        page = sheet(book, "clusters")
        for row in list(page.iter_rows(min_row=2, values_only=True)):
            if row[0] == "machinery":
                named = ("textiles", *row[1:])
                page.append(["Textiles" if value == "Machinery" else value for value in named])

    plan = load(str(edited(change)))
    assert list(plan.clusters)[-1] == "textiles"
    assert plan.clusters["textiles"].output == plan.clusters["machinery"].output


def test_a_percent_sign_that_is_only_shown_is_no_percentage(
    edited: Callable[[Change], Path],
) -> None:
    load(str(edited(put("totals", ("va_rate",), "value", 20, '0.0"%"'))))


@pytest.mark.parametrize(
    ("key", "words", "column", "value", "form", "code"),
    [
        ("clusters", BASE, "value", "12O", "", "not_a_number"),
        ("clusters", BASE, "value", "120", "", "text_cell"),
        ("clusters", BASE, "value", "１２０", "", "full_width_digits"),
        ("clusters", BASE, "value", "=60*2", "", "formula_cell"),
        ("clusters", BASE, "value", ArrayFormula("D5", "=60*2"), "", "formula_cell"),
        ("clusters", BASE, "value", date(2025, 3, 1), "yyyy-mm-dd", "date_cell"),
        ("clusters", BASE, "value", 0.2, "0.0%", "percent_cell"),
        ("clusters", BASE, "value", "#N/A", "", "error_cell"),
        ("clusters", BASE, "value", True, "", "not_a_number"),
        ("clusters", BASE, "value", "{a", "", "broken_yaml"),
        ("clusters", BASE, "dist", "pert", "", "value_and_distribution"),
        ("clusters", BASE, "unit", "斤", "", "unknown_unit"),
        ("clusters", BASE, "unit", "t", "", "unit_dimension"),
        ("clusters", BASE, "origin", "state", "", "not_a_choice"),
        ("clusters", BASE, "year", "2025", "", "text_cell"),
        ("clusters", BASE, "path", "output.bass", "", "unknown_key"),
        ("clusters", BASE, "path", "output..base", "", "bad_path"),
        ("clusters", BASE, "path", None, "", "empty_cell"),
        ("clusters", ("machinery", "va_rate.base"), "path", "output.base", "", "duplicate_key"),
        ("clusters", BASE, "path", "name.zh.base", "", "duplicate_key"),
        ("clusters", ("electronics", "output.base"), "low", "250", "", "text_cell"),
        ("clusters", ("electronics", "output.base"), "low", "２５０", "", "full_width_digits"),
        ("clusters", ("electronics", "output.base"), "low", True, "", "not_a_number"),
        ("clusters", ("electronics", "output.base"), "low", 400, "", "distribution_order"),
        ("targets", FIRST_TARGET, "low", "1350", "", "text_cell"),
        ("targets", FIRST_TARGET, "low", "１３５０", "", "full_width_digits"),
        ("targets", FIRST_TARGET, "low", "=1300+50", "", "formula_cell"),
        ("targets", FIRST_TARGET, "low", 0.5, "0%", "percent_cell"),
        ("targets", FIRST_TARGET, "low", date(2025, 3, 1), "yyyy-mm-dd", "date_cell"),
        ("targets", FIRST_TARGET, "year", 2050, "", "year_outside"),
        ("targets", FIRST_TARGET, "indicator", "total_ouput", "", "unknown_indicator"),
        ("targets", FIRST_TARGET, "comparator", "reaches", "", "not_a_choice"),
        ("scenarios", ("plan",), "extends", "baslin", "", "unknown_scenario"),
        ("scenarios", ("plan",), "scenario", "../../plan", "", "bad_name"),
        ("scenarios", ("plan",), "scenario", "baseline", "", "duplicate_key"),
        ("settings", ("plan",), "scenario", "plam", "", "unknown_scenario"),
        ("settings", ("plan",), "path", "programmes.*.activ", "", "path_matches_nothing"),
        ("settings", ("plan",), "value", False, "", "changes_nothing"),
        ("settings", ("plan",), "value", None, "", "empty_cell"),
        ("plan", ("plan.dated",), "value", date(2025, 12, 1), "yyyy-mm", "date_cell"),
        ("plan", ("plan.base_year",), "value", "2025年", "", "not_a_whole_number"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_named(
    key: str,
    words: tuple[str, ...],
    column: str,
    value: object,
    form: str,
    code: str,
    edited: Callable[[Change], Path],
) -> None:
    where: dict[str, int] = {}

    def change(book: Any) -> None:
        page = sheet(book, key)
        where["line"], where["column"] = row_of(page, *words), column_of(page, column)
        cell = page.cell(where["line"], where["column"])
        cell.value = value
        cell.number_format = form or cell.number_format

    found = [fault for fault in faults(edited(change)) if fault.code == code]
    assert found, code
    assert found[0].file == f"mine.xlsx[{key}]"
    assert found[0].line == where["line"]


def test_a_message_shows_sheet_and_cell(edited: Callable[[Change], Path]) -> None:
    path = edited(put("targets", FIRST_TARGET, "comparator", "reaches"))
    assert said(path).startswith("mine.xlsx: targets!H2: targets.total-output-2030.comparator: ")
    (fault,) = faults(path)
    assert say_faults([fault], "zh").startswith("mine.xlsx: targets!H2: ")


def test_all_wrong_cells_are_told_at_once(edited: Callable[[Change], Path]) -> None:
    def change(book: Any) -> None:
        put("targets", FIRST_TARGET, "low", "=1")(book)
        put("clusters", BASE, "value", "=1")(book)
        put("totals", ("output",), "value", "=1")(book)

    found = faults(edited(change))
    assert [fault.code for fault in found] == ["formula_cell"] * 3
    assert {fault.file for fault in found} == {
        "mine.xlsx[targets]", "mine.xlsx[clusters]", "mine.xlsx[totals]"
    }  # fmt: skip


# -- sheets ----------------------------------------------------------------------------------------


def _rename(key: str, name: str) -> Change:
    return lambda book: setattr(sheet(book, key), "title", name)


def _set(key: str, cell: str, value: object) -> Change:
    return lambda book: sheet(book, key).__setitem__(cell, value)


SHEET_FAULTS: list[tuple[Change, list[str]]] = [
    (lambda book: book.remove(sheet(book, "targets")), ["missing_sheet"]),
    (_rename("targets", "target"), ["unknown_sheet", "missing_sheet"]),
    (lambda book: book.create_sheet("plan"), ["duplicate_key"]),
    (lambda book: book.create_sheet("Sheet9"), ["unknown_sheet"]),
    (lambda book: setattr(sheet(book, "city"), "sheet_state", "hidden"), ["hidden_sheet"]),
    (lambda book: setattr(sheet(book, "city"), "sheet_state", "veryHidden"), ["hidden_sheet"]),
    (lambda book: sheet(book, "city").delete_rows(1, 99), ["empty_sheet"]),
    (lambda book: sheet(book, "clusters").merge_cells("A2:A4"), ["merged_cells"]),
    (_set("clusters", "D1", "values\n数值"), ["duplicate_key", "missing_column"]),
    (_set("clusters", "D1", "valeu"), ["unknown_column", "missing_column"]),
    (_set("clusters", "D1", None), ["outside_table", "missing_column"]),
    (_set("targets", "A1", "key"), ["unknown_column", "missing_column"]),
    (_set("totals", "ZZ9", 5), ["outside_table"]),
    (_set("totals", "Y3", 5), ["outside_table"]),
]


@pytest.mark.parametrize(("change", "wanted"), SHEET_FAULTS)
def test_a_wrong_sheet_is_named(
    change: Change, wanted: list[str], edited: Callable[[Change], Path]
) -> None:
    found = codes(edited(change))
    assert set(found) == set(wanted)
    assert set(found[:1]) <= set(wanted)


def test_an_unknown_column_and_sheet_name_the_nearest(edited: Callable[[Change], Path]) -> None:
    assert "did you mean value?" in said(edited(_set("clusters", "D1", "valeu")))
    assert "did you mean targets?" in said(edited(_rename("targets", "target")))


def test_merged_cells_are_named(edited: Callable[[Change], Path]) -> None:
    assert "mine.xlsx: clusters!A2: merged cells A2:A4" in said(
        edited(lambda book: sheet(book, "clusters").merge_cells("A2:A4"))
    )


def test_many_empty_formatted_rows_are_read_over(mine: Path) -> None:
    empty = "".join(
        f'<row r="{n}" s="1" customFormat="1"><c r="A{n}" s="1"/><c r="C{n}" s="2"/></row>'
        for n in range(200, 100_200)
    ).encode()
    full = empty + b"</sheetData>"
    _rewrite(mine, lambda n, raw: raw.replace(b"</sheetData>", full) if "sheet3" in n else raw)
    assert load(str(mine)) == load(str(TEMPLATE))


@pytest.mark.parametrize(("column", "code"), [("XFD", "outside_table"), ("A", "empty_cell")])
def test_a_cell_at_the_far_end_is_named(column: str, code: str, mine: Path) -> None:
    far = f'<row r="1048576"><c r="{column}1048576"><v>1</v></c></row></sheetData>'.encode()
    _rewrite(mine, lambda n, raw: raw.replace(b"</sheetData>", far) if "sheet4" in n else raw)
    found = faults(mine)
    assert {fault.code for fault in found} == {code}
    assert {fault.file for fault in found} == {"mine.xlsx[clusters]"}


# -- files -----------------------------------------------------------------------------------------


def _rewrite(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    """The same archive with other parts."""
    with zipfile.ZipFile(path) as old:
        parts = {name: change(name, old.read(name)) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as fresh:
        for name, raw in parts.items():
            fresh.writestr(name, raw)


def _doctype(name: str, raw: bytes) -> bytes:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    return raw.replace(b"?>", b"?>" + bomb, 1) if "sharedStrings" in name else raw


FILE_FAULTS: list[tuple[Callable[[Path], object], str]] = [
    (lambda p: p.write_bytes(b""), "workbook_broken"),
    (lambda p: p.write_bytes(b"id,indicator\n1,2\n"), "workbook_broken"),
    (lambda p: p.write_bytes(p.read_bytes()[:5000]), "workbook_broken"),
    (lambda p: p.write_bytes(p.read_bytes()[:-30]), "workbook_broken"),
    (lambda p: p.write_bytes(archive.OLE + b"x" * 600), "workbook_old"),
    (
        lambda p: p.write_bytes(archive.OLE + b"x" * 600 + archive.ENCRYPTED + b"x" * 600),
        "workbook_encrypted",
    ),
    (lambda p: zipfile.ZipFile(p, "w").close(), "workbook_broken"),
    (lambda p: _rewrite(p, _doctype), "workbook_broken"),
    (lambda p: _rewrite(p, lambda n, raw: b"" if "workbook.xml" in n else raw), "workbook_broken"),
    (lambda p: _rewrite(p, lambda n, raw: raw[:-20] if "sheet3" in n else raw), "workbook_broken"),
    (lambda p: _rewrite(p, lambda n, raw: raw.replace(b"<v>", b"<v>x")), "workbook_broken"),
    (lambda p: _rewrite(p, lambda n, raw: raw + b" " * 4_000_000), "workbook_ratio"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "code"), FILE_FAULTS)
def test_a_file_that_is_no_workbook_is_refused(
    change: Callable[[Path], object], code: str, mine: Path
) -> None:
    change(mine)
    assert codes(mine) == [code]
    assert faults(mine)[0].file.startswith("mine.xlsx")


def test_an_encrypted_archive_is_refused(mine: Path) -> None:
    raw = bytearray(mine.read_bytes())
    start = raw.index(b"PK\x01\x02")
    raw[start + 8] |= 1  # the flag of the first member
    mine.write_bytes(raw)
    assert codes(mine) == ["workbook_encrypted"]


@pytest.mark.parametrize(
    ("limit", "most", "code"),
    [
        ("MOST_BYTES", 50_000, "workbook_too_large"),
        ("MOST_BYTES", 10_000, "file_too_large"),
        ("MOST_RATIO", 2, "workbook_ratio"),
        ("MOST_CELLS", 100, "workbook_cells"),
        ("MOST_ELEMENTS", 100, "workbook_cells"),
    ],
)
def test_what_is_too_large_is_refused_before_it_is_opened(
    limit: str, most: int, code: str, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, limit, most)
    monkeypatch.setattr(openpyxl, "load_workbook", None)
    assert codes(mine) == [code]


def test_the_limits_are_those_of_the_documents() -> None:
    limits = (archive.MOST_BYTES, archive.MOST_RATIO, archive.MOST_CELLS)
    assert limits == (200_000_000, 100, 1_000_000)


def test_a_folder_with_the_ending_of_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_workbook(tmp_path / "gone.xlsx")
    assert caught.value.faults[0].code == "file_unreadable"


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_workbook_is_read_or_refused_never_worse(seed: int, mine: Path) -> None:
    rng = random.Random(seed)
    if seed % 2:  # damage to the archive itself
        raw = bytearray(mine.read_bytes())
        for _ in range(rng.randrange(1, 20)):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        mine.write_bytes(raw)
    else:  # damage to one of its parts, in a sound archive
        with zipfile.ZipFile(io.BytesIO(mine.read_bytes())) as old:
            victim = rng.choice(old.namelist())

        def damage(name: str, raw: bytes) -> bytes:
            if name != victim:
                return raw
            start = rng.randrange(len(raw))
            return raw[:start] + raw[start + rng.randrange(1, 40) :]

        _rewrite(mine, damage)
    with contextlib.suppress(InputError):
        load(str(mine))
