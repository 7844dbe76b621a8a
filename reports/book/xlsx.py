"""A report as a workbook for Excel and WPS: the summary, one tidy sheet per table, native charts.

A tidy sheet has its names in the first row and one record a row below; a number is a number, with
the run or the lines of the document that it comes from beside it. Text goes in as text: a cell that
begins with = is never executed.
"""

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from plansim.reports.book.charts import (
    ACROSS,
    ROWS,
    board_chart,
    fan_charts,
    frontier_chart,
    needs_chart,
    waterfall_charts,
)
from plansim.reports.book.compose import above
from plansim.reports.book.dossier import Dossier
from plansim.reports.book.sheets import Sheet, sheets
from plansim.reports.book.story import six_sentences
from plansim.words.catalogue import say

FONT = {"en": "Arial", "zh": "微软雅黑"}
#: Widths of columns, in letters; the most letters that Excel takes in a cell.
LEAST, MOST, CELL = 8, 42, 32_767
#: A page of charts: its scale in per cent, and how many rows of 20 pixels it holds.
SCALE, FULL = 54, 82


def workbook(d: Dossier) -> bytes:
    """The workbook as the bytes of a file; the same dossier gives the same bytes."""
    import xlsxwriter

    raw = io.BytesIO()
    book = xlsxwriter.Workbook(raw, {"in_memory": True, "strings_to_formulas": False})
    title = say("told.title", d.lang, plan=d.run.plan.plan.name.in_language(d.lang))
    known = {"title": title, "author": "plansim", "comments": f"run {d.run.id}"}
    book.set_properties({**known, "created": datetime(2000, 1, 1)})
    book.formats[0].set_font_name(FONT[d.lang])
    book.formats[0].set_font_size(10)
    summary = book.add_worksheet(say("tab.summary", d.lang))
    charts = book.add_worksheet(say("tab.charts", d.lang))
    fans = book.add_worksheet(say("tab.fans", d.lang))
    placed = {sheet.key: (sheet, _written(book, sheet, d.lang)) for sheet in sheets(d)}
    _summary(book, summary, d, title, [sheet for sheet, _ in placed.values()])
    ranges = {key: sheet for key, (sheet, _) in placed.items()}
    for page in (charts, fans):
        _gallery(page)
    _charts(book, charts, d, ranges)
    fan_charts(book, fans, d, ranges["fans_data"])
    high = -(-len(d.run.fans) // ACROSS) * ROWS
    fans.set_h_pagebreaks(list(range(FULL // ROWS * ROWS, high, FULL // ROWS * ROWS)))
    summary.activate()
    book.close()
    return raw.getvalue()


def _gallery(page: Any) -> None:
    """A sheet of charts: no grid, rows as high as charts expect, a scale that fits A4."""
    page.hide_gridlines(2)
    page.set_default_row(15)
    page.set_paper(9)
    page.set_margins(0.4, 0.4, 0.5, 0.5)
    page.set_print_scale(SCALE)


def _formats(book: Any, lang: str) -> dict[str, Any]:
    base = {"font_name": FONT[lang], "font_size": 10, "valign": "top"}
    return {
        "head": book.add_format(
            {**base, "bold": True, "bottom": 1, "bg_color": "#E3EEF6", "text_wrap": True}
        ),
        "text": book.add_format({**base, "text_wrap": True}),
        "number": book.add_format({**base, "num_format": "0.###"}),
        "whole": book.add_format({**base, "num_format": "0"}),
        "share": book.add_format({**base, "num_format": "0.0%"}),
        "title": book.add_format({**base, "font_size": 16, "bold": True, "text_wrap": True}),
        "part": book.add_format({**base, "font_size": 12, "bold": True}),
        "soft": book.add_format({**base, "font_color": "#555555", "text_wrap": True}),
    }


def _written(book: Any, sheet: Sheet, lang: str) -> Any:
    """One tidy sheet: frozen head, filter, widths that fit, a head on every printed page."""
    page, forms = book.add_worksheet(sheet.name), _formats(book, lang)
    heads = [say(f"column.{column.key}", lang).replace("\n", " ") for column in sheet.columns]
    for i, (head, column) in enumerate(zip(heads, sheet.columns, strict=True)):
        page.write_string(0, i, head, forms["head"])
        for row, record in enumerate(sheet.records, 1):
            value = record[i]
            if value is None or value == "":
                continue
            if isinstance(value, str):
                page.write_string(row, i, value[:CELL], forms["text"])
            else:
                page.write_number(row, i, value, forms[column.form])
        page.set_column(i, i, _width(head, [record[i] for record in sheet.records], column.form))
    page.set_row(0, 30)
    page.freeze_panes(1, 1)
    page.autofilter(0, 0, max(len(sheet.records), 1), len(heads) - 1)
    page.repeat_rows(0)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    return page


def _width(head: str, values: Sequence[Any], form: str) -> float:
    """What most cells of a column need; long texts are wrapped."""
    from rich.cells import cell_len

    if form != "text":
        return float(max(LEAST, min(14, cell_len(head) + 3)))
    lengths = sorted(max(map(cell_len, str(v).split("\n"))) for v in values if v is not None)
    usual = lengths[int(0.95 * (len(lengths) - 1))] if lengths else 0
    return float(min(MOST, max(LEAST, usual * 1.1 + 2, min(cell_len(head) + 3, 16))))


def _summary(book: Any, page: Any, d: Dossier, title: str, told: Sequence[Sheet]) -> None:
    """The sentences of the first page, what was run, and what is on which sheet."""
    forms = _formats(book, d.lang)
    page.hide_gridlines(2)
    page.set_column(0, 0, 24)
    page.set_column(1, 1, 92)
    page.merge_range(0, 0, 0, 1, "", forms["title"])
    page.write_string(0, 0, title, forms["title"])
    page.set_row(0, 26 * _lines(title, 78))
    row = 1
    for line in above(d):
        row = _wide(page, row, line, forms["soft"])
    row += 1
    page.write_string(row, 0, say("told.summary", d.lang), forms["part"])
    row += 1
    for sentence in six_sentences(d):
        row = _wide(page, row, sentence, forms["text"])
    row = _wide(page, row, say("told.from_run", d.lang, run=d.run.id), forms["soft"]) + 1
    page.write_string(row, 0, say("told.contents", d.lang), forms["part"])
    for place, sheet in enumerate(told, row + 1):
        page.write_url(place, 0, f"internal:'{sheet.name}'!A1", string=sheet.name)
        page.write_string(place, 1, sheet.caption, forms["text"])
    page.set_paper(9)
    page.fit_to_pages(1, 0)


def _wide(page: Any, row: int, text: str, form: Any) -> int:
    """A text over both columns, as high as it needs; the next row."""
    page.merge_range(row, 0, row, 1, "", form)
    page.write_string(row, 0, text, form)
    page.set_row(row, 14.5 * _lines(text, 118) + 3)
    return row + 1


def _lines(text: str, letters: int) -> int:
    from rich.cells import cell_len

    return -(-cell_len(text) // letters)


def _charts(book: Any, page: Any, d: Dossier, told: Mapping[str, Sheet]) -> None:
    """Board, required growth, waterfalls and frontier, one below another."""
    row, top, breaks = 0, 0, []
    for chart, high in (
        *board_chart(book, d, told["targets"]),
        *needs_chart(book, d, told.get("needs")),
        *waterfall_charts(book, d, told.get("attribute")),
        *frontier_chart(book, d, told.get("points")),
    ):
        if row + high // 20 + 1 - top > FULL:
            breaks.append(row)
            top = row
        page.insert_chart(row, 0, chart, {"x_offset": 8, "y_offset": 8})
        row += high // 20 + 2
    page.set_h_pagebreaks(breaks)
