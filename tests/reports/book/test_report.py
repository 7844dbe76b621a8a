"""A report in its three forms: complete, with its sources, safe, repeatable, nothing fetched."""

import io
import re
import shutil
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import docx
import openpyxl
import pytest
from docx.oxml.ns import qn
from markupsafe import escape

from plansim.analysis.idle import without_programmes
from plansim.reports.book import files
from plansim.reports.book.compose import _levers, compose, unbroken
from plansim.reports.book.content import Numbering, Tabled, figures_of
from plansim.reports.book.docx import column_widths, document, numeral
from plansim.reports.book.html import page
from plansim.reports.book.observed import seen
from plansim.reports.book.report import dossier, report
from plansim.reports.book.rows import source_ids
from plansim.reports.book.sheets import sheets
from plansim.reports.book.xlsx import workbook
from plansim.reports.pictures.canvas import studio
from plansim.simulator.errors import InputError
from plansim.store.read import Stored
from plansim.tests.refusals import refused

ATTRIBUTE = (
    "target,year,lever,share,share_low,share_high\n"
    "{0},2020,=land,0.2,0.1,0.3\n"
    "{0},2020,total,0.2,0.1,0.3\n"
)
SEEK = "point,lever,value,cost,probability\n1,land,x2,3,0.5\n2,land,x3,5,0.8\n"
COMPARE = "target,year,scenario,probability,diff,diff_low,diff_high\n{0},2020,plan,0.5,,,\n"


@pytest.fixture(scope="module")
def full(run_folder, stored, tmp_path_factory):
    """The run with everything beside it."""
    folder = Path(shutil.copytree(run_folder, tmp_path_factory.mktemp("full") / "run"))
    target = stored.judged[0].target
    (folder / "attribute.csv").write_text(ATTRIBUTE.format(target), encoding="utf-8")
    (folder / "compare.csv").write_text(COMPARE.format(target), encoding="utf-8")
    (folder / "seek.csv").write_text(SEEK, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def chinese(full):
    return dossier(full, None, "zh")


@pytest.fixture(scope="module")
def english(run_folder):
    return dossier(run_folder, None, "en")


@pytest.fixture(scope="module")
def composed(chinese):
    return compose(chinese, "png")


@pytest.fixture(scope="module")
def told(english):
    return compose(english, "svg")


def tables(sections):
    for section in sections:
        yield from (block for block in section.blocks if isinstance(block, Tabled))
        yield from tables(section.parts)


# -- content ---------------------------------------------------------------------------------------


def test_tables_and_figures_are_numbered_through_and_name_their_source(composed):
    numbers = [table.number for table in tables(composed.sections)]
    assert numbers == list(range(1, len(numbers) + 1))
    drawn = [figure for figure in figures_of(composed.sections) if figure.number]
    assert [figure.number for figure in drawn] == list(range(1, len(drawn) + 1))
    for block in (*tables(composed.sections), *drawn):
        assert block.caption
        assert block.note.startswith("来源：")
        assert composed.run in block.note or "SOURCES.md" in block.note


def test_every_judged_target_has_a_page_and_every_other_indicator_a_fan(chinese, composed):
    pages = {part.title for section in composed.sections for part in section.parts}
    assert pages == {chinese.label(key) for key in chinese.run.fans}


def test_attribution_scenarios_and_search_are_told_only_where_they_are(composed, english):
    titles = [section.title for section in composed.sections]
    assert "举措与情景" in titles
    names = [figure.picture.name for figure in figures_of(composed.sections)]
    assert any(name.startswith("waterfall") for name in names)
    assert "frontier" in names
    with studio() as style:
        assert list(_levers(english, Numbering(), style, "png")) == []


def test_without_programmes_is_the_plan_with_all_of_them_off(stored: Stored):
    idle = without_programmes(stored.plan, stored.settings)
    assert idle is not None
    for target in stored.plan.judged:
        if stored.plan.indicators[target.indicator].measure == "delivered":
            assert idle.probability[target.id] == 0.0
    given = replace(stored.settings, given=("x",))
    assert without_programmes(stored.plan, given) is None
    off = {key: replace(p, active=False) for key, p in stored.plan.programmes.items()}
    assert without_programmes(replace(stored.plan, programmes=off), stored.settings) is None


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("yuyao-2016:L18,L54,L59", ["yuyao-2016"]),
        ("cip-4.0, outturns:CN11", ["cip-4.0", "outturns:CN11"]),
        ("judgement", ["judgement"]),
        ("", []),
    ],
)
def test_sources_are_told_apart(text, ids):
    assert source_ids(text) == ids


def test_what_was_seen_becomes_dots(stored: Stored, tmp_path):
    indicator = next(
        key
        for key, i in stored.plan.indicators.items()
        if i.unit == "亿元" and i.subjects == "place"
    )
    place = stored.plan.plan.region.en
    table = tmp_path / "history.csv"
    table.write_text(
        "quantity,subject,year,value,unit,measure,source\n"
        f"{indicator},{place},2016,120,亿元,level,yearbook\n"
        f"{indicator},{place},2016,5,%,growth,yearbook\n",
        encoding="utf-8",
    )
    dots, sources = seen(stored.plan, table)
    assert dots == {(indicator, ""): ((2016.0, 120.0),)}
    assert sources == "yearbook"
    table.write_text("quantity,subject\nx,y\n", encoding="utf-8")
    with pytest.raises(InputError):
        seen(stored.plan, table)
    assert seen(stored.plan, None) == ({}, "")


# -- html ------------------------------------------------------------------------------------------


class Reader(HTMLParser):
    """Checks that every element is closed, and collects names and addresses."""

    VOID = ("meta", "br", "link", "img", "hr", "input")

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.ids += [told["id"]] if "id" in told else []
        self.links += [v for k, v in attrs if k in ("src", "href", "xlink:href", "action")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_fetches_nothing(told):
    text = page(told).decode()
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    assert all(link.startswith("#") for link in reader.links)
    assert {link[1:] for link in reader.links} <= set(reader.ids)
    assert not re.search(r"@import|<script|url\((?!#)", text)
    assert text.count("<svg") == len(figures_of(told.sections))
    assert all(escape(sentence) in text for sentence in told.sentences)
    assert page(told) == page(told)


def test_what_a_plan_says_is_text_and_never_markup(told):
    text = page(replace(told, title="<script>alert(1)</script>", sentences=("a & b",) * 5)).decode()
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "a &amp; b" in text


# -- Word ------------------------------------------------------------------------------------------


def test_the_document_has_the_parts_of_a_report(composed):
    written = docx.Document(io.BytesIO(document(composed)))
    styles = [paragraph.style.name for paragraph in written.paragraphs]
    assert styles[0] == "Title"
    assert written.paragraphs[0].text == composed.title
    assert styles.count("Heading 1") == 1 + len(composed.sections)
    text = [paragraph.text for paragraph in written.paragraphs]
    assert all(sentence in text for sentence in composed.sentences)
    assert len(written.tables) == len(list(tables(composed.sections)))
    assert len(written.inline_shapes) == len(figures_of(composed.sections))
    assert written.core_properties.title == composed.title


def test_captions_are_counted_by_word_itself(composed):
    written = docx.Document(io.BytesIO(document(composed)))
    codes = [node.text.strip() for node in written.element.iter(qn("w:instrText"))]
    captions = [p for p in written.paragraphs if p.style.name == "Caption"]
    assert codes.count(r"SEQ 表 \* ARABIC") == len(written.tables)
    assert len([code for code in codes if code.startswith("SEQ")]) == len(captions)


def test_headings_and_text_have_a_chinese_font_of_their_own(composed):
    written = docx.Document(io.BytesIO(document(composed)))
    for name in ("Normal", "Title", "Heading 1", "Heading 2", "Caption"):
        fonts = written.styles[name].element.rPr.rFonts
        assert fonts.get(qn("w:eastAsia"))
        assert fonts.get(qn("w:eastAsiaTheme")) is None


def test_the_document_repeats_to_the_byte(composed):
    assert document(composed) == document(composed)


def test_columns_fill_the_page_and_no_number_is_broken():
    widths = column_widths([("name", "p"), ("a rather long name of a target " * 3, "12.5%")] * 4)
    assert sum(widths) == pytest.approx(16.0 / 2.54 * 1440, rel=0.01)
    assert widths[0] > widths[1] > 95 * 5
    many = column_widths([tuple("heading" for _ in range(14))])
    assert sum(many) <= 16.0 / 2.54 * 1440 + 1


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "一、"), (10, "十、"), (11, "十一、"), (20, "二十、"), (54, "五十四、")],
)
def test_chapters_are_counted_in_chinese(number, text):
    assert numeral(number, "zh") == text
    assert numeral(number, "en").strip() == str(number)


def test_numbers_stay_with_their_units():
    assert unbroken("99.9 % of 47.2 亿元 a b") == "99.9\u00a0% of 47.2\u00a0亿元 a b"


# -- the workbook ----------------------------------------------------------------------------------


def test_every_sheet_is_tidy_and_its_numbers_are_numbers(chinese):
    book = openpyxl.load_workbook(io.BytesIO(workbook(chinese)))
    told = {sheet.name: sheet for sheet in sheets(chinese)}
    assert book.sheetnames[:3] == ["概要", "图表", "扇形图"]
    assert book.sheetnames[3:] == list(told)
    for name, sheet in told.items():
        rows = list(book[name].iter_rows(values_only=True))
        assert len(rows) == 1 + len(sheet.records)
        assert len(set(rows[0])) == len(rows[0]), name
        for row, record in zip(rows[1:], sheet.records, strict=True):
            for cell, value in zip(row, record, strict=True):
                assert cell == (
                    None
                    if value == ""
                    else pytest.approx(value)
                    if isinstance(value, float)
                    else value
                )


def test_text_is_never_a_formula(chinese):
    raw = workbook(chinese)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        pages = [archive.read(name) for name in archive.namelist() if "worksheets/sheet" in name]
        strings = archive.read("xl/sharedStrings.xml").decode()
    assert not any(b"<f>" in xml for xml in pages)
    assert "=land" in strings


def test_charts_are_native_and_the_workbook_repeats(chinese):
    raw = workbook(chinese)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        charts = [name for name in archive.namelist() if name.startswith("xl/charts/chart")]
        text = "".join(archive.read(name).decode() for name in charts)
    assert len(charts) >= len(chinese.run.fans) + 4
    assert text.count("<c:title>") >= len(charts)
    assert raw == workbook(chinese)


# -- files -----------------------------------------------------------------------------------------


def touched(edited):
    edited.core_properties.modified = edited.core_properties.modified.replace(year=2026)


@pytest.mark.parametrize(
    ("form", "change"),
    [
        ("html", lambda place: place.write_bytes(b"mine")),
        ("html", lambda place: place.write_bytes(place.read_bytes() + b"<p>my note</p>")),
        ("html", lambda place: place.write_bytes(b"my note" + place.read_bytes())),
        ("docx", touched),
        ("docx", lambda edited: edited.add_paragraph("my note")),
    ],
)
def test_a_report_is_replaced_until_somebody_has_changed_it(composed, told, tmp_path, form, change):
    place = files.place_of(tmp_path, form, None)
    assert place == tmp_path / f"report.{form}"
    contents = {place: document(composed) if form == "docx" else page(told)}
    files.write(contents)
    assert files.place_of(tmp_path, form, None) == place
    files.write(contents)
    if form == "docx":
        edited = docx.Document(place)
        change(edited)
        edited.save(place)
    else:
        change(place)
    with refused("report_exists"):
        files.place_of(tmp_path, form, None)


def test_a_workbook_is_known_as_ours(english, tmp_path):
    place = tmp_path / "report.xlsx"
    files.write(report(english, "xlsx", place))
    assert files.ours(place)
    edited = openpyxl.load_workbook(place)
    edited.worksheets[0]["A1"] = "my note"
    edited.save(place)
    assert not files.ours(place)
    place.write_bytes(b"PK")
    assert not files.ours(place)


def test_places_that_cannot_be_are_refused(tmp_path):
    (tmp_path / "pictures").write_text("mine", encoding="utf-8")
    for form, out, code in (
        ("pdf", None, "unknown_choice"),
        ("html", tmp_path / "x.docx", "file_ending"),
        ("png", None, "not_a_folder_of_pictures"),
    ):
        with refused(code):
            files.place_of(tmp_path, form, out)
