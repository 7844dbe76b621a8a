"""Native charts of a workbook: Excel and WPS draw them from the tidy sheets and keep them live."""

from collections.abc import Iterator
from typing import Any

from plansim.reports.book.attachments import most_moved, moving, steps_of
from plansim.reports.book.dossier import Dossier
from plansim.reports.book.sheets import Sheet
from plansim.reports.pictures.canvas import BLACK, BLUE, DARK, GREY, ORANGE, SKY
from plansim.reports.pictures.waterfall import DRAWN
from plansim.simulator.naming import name_of
from plansim.words.catalogue import say

#: Size of a fan, how many stand side by side, and rows and columns of cells from one to the next.
WIDE, HIGH, ACROSS, ROWS, COLUMNS = 520, 300, 2, 16, 8
#: Height of a bar and of the rest of a bar chart; its width. [pixels]
BAR, REST, BOARD = 21, 110, 1060
PALE = {"color": "#DDDDDD", "width": 0.5}
#: Lines of a fan: column, colour, width, dash.
LINES = (
    ("p95", "#9CC3E0", 1.25, "solid"), ("p75", SKY, 1.75, "solid"), ("p50", BLUE, 2.75, "solid"),
    ("p25", SKY, 1.75, "solid"), ("p05", "#9CC3E0", 1.25, "solid"), ("idle", BLACK, 1.25, "dash"),
)  # fmt: skip
Placed = Iterator[tuple[Any, int]]


def _range(sheet: Sheet, first: int, last: int, key: str) -> list[Any]:
    """The cells of a column from record ``first`` to ``last``, as xlsxwriter wants them."""
    column = sheet.place(key)
    return [sheet.name, first + 1, column, last + 1, column]


def _bars(book: Any, title: str, high: int) -> Any:
    """A chart of horizontal bars, the first one on top."""
    chart = book.add_chart({"type": "bar"})
    chart.set_title({"name": title, "name_font": {"size": 12, "bold": True}, "overlay": False})
    chart.set_size({"width": BOARD, "height": high})
    chart.set_y_axis(
        {"reverse": True, "num_font": {"size": 9}, "line": {"color": GREY},
         "interval_unit": 1, "label_position": "low"}
    )  # fmt: skip
    chart.set_legend({"position": "bottom"})
    return chart


def board_chart(book: Any, d: Dossier, sheet: Sheet) -> Placed:
    """Probability bars of all targets, in parts that a screen can hold."""
    most, total = 32, sum(not record[sheet.place("restates")] for record in sheet.records)
    parts = max(1, -(-total // most))
    size = -(-total // parts) if total else 0
    kinds = say("group.all", d.lang)
    for part in range(parts if total else 0):
        first, last = part * size, min((part + 1) * size, total) - 1
        title = say("board.title", d.lang, group=kinds)
        if parts > 1:
            title = say("picture.part", d.lang, title=title, part=part + 1, parts=parts)
        high = REST + BAR * (last - first + 1)
        chart = _bars(book, title, high)
        name, year = sheet.place("target"), sheet.place("year")
        categories = [sheet.name, first + 1, name, last + 1, name]
        shades = [
            {"fill": {"color": _shade(record[sheet.place("probability")])},
             "border": {"color": DARK, "width": 0.5}}
            for record in sheet.records[first : last + 1]
        ]  # fmt: skip
        labels = [
            {"value": f"{record[year]}: {record[sheet.place('probability')]:.0%} "
                      f"{record[sheet.place('verdict')]}"}
            for record in sheet.records[first : last + 1]
        ]  # fmt: skip
        chart.add_series(
            {
                "name": say("column.probability", d.lang),
                "categories": categories,
                "values": _range(sheet, first, last, "probability"),
                "points": shades,
                "gap": 45,
                "data_labels": {"value": True, "custom": labels, "font": {"size": 9},
                                "position": "outside_end"},
            }
        )  # fmt: skip
        chart.set_x_axis(
            {"min": 0, "max": 1.3, "num_format": '[<=1]0%;""', "major_unit": 0.1,
             "major_gridlines": {"visible": True, "line": PALE}, "num_font": {"size": 9}}
        )  # fmt: skip
        chart.set_legend({"none": True})
        yield chart, high


def _shade(probability: float) -> str:
    """Dark is likely, pale is not."""
    return BLUE if probability >= 0.66 else SKY if probability > 0.33 else "#F8DFCB"


def needs_chart(book: Any, d: Dossier, sheet: Sheet | None) -> Placed:
    """Growth that targets need a year."""
    if sheet is None:
        return
    total = len(sheet.records)
    high = REST + BAR * total
    chart = _bars(book, say("caption.needs", d.lang), high)
    rare, year = sheet.place("rare"), sheet.place("year")
    words = [
        {"value": f"{record[year]}: {record[sheet.place('needs')]:+.1%} ({record[rare]:.1%})"}
        for record in sheet.records
    ]
    chart.add_series(
        {
            "name": say("column.needs", d.lang),
            "categories": _range(sheet, 0, total - 1, "target"),
            "values": _range(sheet, 0, total - 1, "needs"),
            "fill": {"color": SKY}, "border": {"color": DARK, "width": 0.5}, "gap": 45,
            "data_labels": {"value": True, "custom": words, "font": {"size": 9},
                            "position": "outside_end"},
        }
    )  # fmt: skip
    values = [record[sheet.place("needs")] for record in sheet.records]
    room = 0.35 * (max(*values, 0) - min(*values, 0)) or 0.1
    chart.set_x_axis(
        {"num_format": "0%", "major_gridlines": {"visible": True, "line": PALE},
         "num_font": {"size": 9}, "max": round(max(*values, 0) + room, 2),
         "min": round(min(*values, 0) - (room if min(values) < 0 else 0), 2)}
    )  # fmt: skip
    chart.set_legend({"none": True})
    yield chart, high


def fan_charts(book: Any, page: Any, d: Dossier, sheet: Sheet) -> None:
    """A fan of every indicator: quantiles, the median without programmes, goals, what was seen."""
    years = len(d.run.plan.years)
    for i, key in enumerate(d.run.fans):
        first, last = i * years, (i + 1) * years - 1
        chart = book.add_chart({"type": "line"})
        unit = sheet.records[first][sheet.place("unit")]
        title = d.label(key)
        if unit not in ("1", "index", "count"):
            title = say("fan.title", d.lang, name=title, unit=unit)
        chart.set_title({"name": title, "name_font": {"size": 10, "bold": True}})
        chart.set_size({"width": WIDE, "height": HIGH})
        for quantile, colour, width, dash in LINES:
            if quantile == "idle" and d.idle is None:
                continue
            _line(
                chart,
                d,
                sheet,
                first,
                last,
                quantile,
                {"color": colour, "width": width, "dash_type": dash},
            )
        for column, sign, colour in (
            ("goal_level", "diamond", ORANGE),
            ("published", "circle", BLACK),
        ):
            if any(
                sheet.records[n][sheet.place(column)] is not None for n in range(first, last + 1)
            ):
                _dots(chart, d, sheet, first, last, column, sign, colour)
        chart.set_x_axis(
            {"num_font": {"size": 9}, "line": {"color": GREY}, "label_position": "low"}
        )
        chart.set_y_axis({"num_font": {"size": 9}, "num_format": "General",
                          "major_gridlines": {"visible": True, "line": PALE}})  # fmt: skip
        chart.set_legend({"position": "bottom", "font": {"size": 8}})
        page.insert_chart(
            (i // ACROSS) * ROWS, (i % ACROSS) * COLUMNS + (i % ACROSS), chart,
            {"x_offset": 6, "y_offset": 6},
        )  # fmt: skip


def _line(
    chart: Any, d: Dossier, sheet: Sheet, first: int, last: int, column: str, line: dict[str, Any]
) -> None:
    chart.add_series(
        {
            "name": say(f"column.{column}", d.lang),
            "categories": _range(sheet, first, last, "year"),
            "values": _range(sheet, first, last, column),
            "line": line,
        }
    )


def _dots(
    chart: Any, d: Dossier, sheet: Sheet, first: int, last: int, column: str, sign: str, colour: str
) -> None:
    chart.add_series(
        {
            "name": say(f"column.{column}", d.lang),
            "categories": _range(sheet, first, last, "year"),
            "values": _range(sheet, first, last, column),
            "line": {"none": True},
            "marker": {
                "type": sign,
                "size": 8,
                "fill": {"color": colour},
                "border": {"color": BLACK},
            },
        }
    )


def waterfall_charts(book: Any, d: Dossier, sheet: Sheet | None) -> Placed:
    """What each lever brings, target by target: bars from nought."""
    if sheet is None:
        return
    place, lever = sheet.place("id"), sheet.place("lever")
    found = steps_of(d.beside, d.run.plan, d.lang)
    for target in most_moved(found, d.run.plan):
        numbers = [n for n, record in enumerate(sheet.records) if record[place] == target]
        shown = min(len(moving(found[target])), DRAWN)
        if shown == len(moving(found[target])):  # the total comes next, where there is one
            after = numbers[shown : shown + 1]
            shown += sum(sheet.records[n][lever] == say("attributed.total", d.lang) for n in after)
        numbers = numbers[:shown]
        first, last = numbers[0], numbers[-1]
        high = REST + BAR * len(numbers)
        title = say(
            "waterfall.title", d.lang, name=name_of(d.run.plan, f"targets.{target}", d.lang)
        )
        chart = _bars(book, title, high)
        chart.add_series(
            {
                "name": say("column.share", d.lang),
                "categories": _range(sheet, first, last, "lever"),
                "values": _range(sheet, first, last, "share"),
                "fill": {"color": SKY}, "border": {"color": DARK, "width": 0.5}, "gap": 45,
                "data_labels": {"value": True, "num_format": "+0.0;-0.0", "font": {"size": 9}},
            }
        )  # fmt: skip
        chart.set_x_axis(
            {"num_format": "0", "major_gridlines": {"visible": True, "line": PALE},
             "num_font": {"size": 9}}
        )  # fmt: skip
        chart.set_legend({"none": True})
        yield chart, high


def frontier_chart(book: Any, d: Dossier, sheet: Sheet | None) -> Placed:
    """Probability over cost."""
    if sheet is None:
        return
    last, high = len(sheet.records) - 1, 380
    chart = book.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    chart.set_title(
        {"name": say("frontier.title", d.lang), "name_font": {"size": 12, "bold": True}}
    )
    chart.add_series(
        {
            "name": say("column.probability", d.lang),
            "categories": _range(sheet, 0, last, "cost"),
            "values": _range(sheet, 0, last, "probability"),
            "line": {"color": BLUE, "width": 1.5},
            "marker": {
                "type": "circle",
                "size": 8,
                "fill": {"color": BLUE},
                "border": {"color": BLACK},
            },
        }
    )
    chart.set_x_axis({"name": say("frontier.cost", d.lang), "num_font": {"size": 9}})
    chart.set_y_axis(
        {"name": say("column.probability", d.lang), "num_format": "0%", "min": 0, "max": 1,
         "major_gridlines": {"visible": True, "line": PALE}}
    )  # fmt: skip
    chart.set_size({"width": BOARD, "height": high})
    chart.set_legend({"none": True})
    yield chart, high
