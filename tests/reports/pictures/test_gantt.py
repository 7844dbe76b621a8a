"""The picture of one future: what is drawn, that all of it can be read, that its bytes repeat."""

import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import as_file, files
from itertools import pairwise
from math import inf
from typing import Any

import matplotlib
import pytest
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

from plansim.reports.pictures import gantt as module
from plansim.reports.pictures.gantt import (
    FEWEST,
    MARKS,
    MOST_ROWS,
    WAITS,
    WORK,
    chosen,
    gantt,
    rows_each,
)
from plansim.simulator.errors import InputError
from plansim.simulator.plan import Label, Plan
from plansim.simulator.trace import Lot, Step, Trace, trace
from plansim.words.catalogue import catalogue

KEYS = ("retrofits", "plots", "training")
LANGUAGES = ("en", "zh")
LONG = Label(
    zh="示例市关于加快推进先进制造业高质量发展暨“中国制造2025”行动纲要与数字化绿色化协同转型升级"
    "三年行动计划（2025—2030年）（征求意见稿）实施方案",
    en="Three-year action plan of Example City for the accelerated, high-quality, digital and "
    "green development of its advanced manufacturing industry, second draft for comment "
    "(2025 to 2030)",
)


@pytest.fixture(scope="module")
def future(plan: Plan) -> Trace:
    return trace(plan)


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every page that is drawn in a test."""
    found: list[Any] = []

    class Watched(module._Page):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            found.append(self)

    monkeypatch.setattr(module, "_Page", Watched)
    return found


def letters_of_font() -> set[str]:
    with as_file(files("plansim.reports") / "fonts" / "NotoSansSC-Regular.otf") as font:
        return {chr(code) for code in FT2Font(str(font)).get_charmap()}


def with_name(future: Trace, name: Label) -> Trace:
    plan = future.plan
    return replace(future, plan=replace(plan, plan=replace(plan.plan, name=name)))


def crowded(future: Trace, programmes: int) -> Trace:
    """Many programmes with long names, all with the lots of one."""
    one, keys = future.plan.programmes["retrofits"], [f"p{n}" for n in range(programmes)]
    many = {key: replace(one, name=LONG) for key in keys}
    return replace(
        future,
        plan=replace(future.plan, programmes=many),
        network=replace(
            future.network, routes=dict.fromkeys(keys, future.network.routes["retrofits"])
        ),
        lots=dict.fromkeys(keys, future.lots["retrofits"]),
    )


# -- files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [".PNG", ".svg"])
def test_the_same_future_gives_the_same_bytes(future: Trace, form: str) -> None:
    first = gantt(future, ("plots",), "zh", form)
    assert gantt(future, ("plots",), "zh", form.lower()) == first
    assert gantt(future, ("plots",), "en", form) != first
    assert b"plansim" in first[:4096]
    if form.lower() == ".png":
        assert first.startswith(b"\x89PNG")
    else:
        assert ET.fromstring(first).tag.endswith("svg")
        assert b"<dc:date>" not in first


def test_drawing_leaves_nothing_behind(future: Trace) -> None:
    before, modules = dict(matplotlib.rcParams), set(sys.modules)
    gantt(future, ("plots",), "zh", ".svg")
    assert dict(matplotlib.rcParams) == before
    assert "matplotlib.pyplot" not in set(sys.modules) - modules


def test_settings_of_the_user_do_not_show(future: Trace) -> None:
    plain = gantt(future, ("plots",), "en", ".png")
    with matplotlib.rc_context({"text.color": "red", "lines.linewidth": 9, "savefig.dpi": 50}):
        assert gantt(future, ("plots",), "en", ".png") == plain


# -- letters ---------------------------------------------------------------------------------------


def test_the_font_has_every_letter_of_gbk_and_of_the_catalogues() -> None:
    """But ≒, which the face does not have."""
    font = letters_of_font()
    pairs = (bytes((a, b)) for a in range(0x81, 0xFF) for b in range(0x40, 0xFF))
    gbk = set("".join(pair.decode("gbk", "ignore") for pair in pairs))
    assert len(gbk) > 21_000
    assert {letter for letter in gbk - font if letter.isprintable()} == {"≒"}
    said = {c for lang in LANGUAGES for text in catalogue(lang).values() for c in text}
    assert said - font <= {"\n"}
    assert set("✓²½±−→…°‰≥≤≈·×∞αβγ㐂䶮𠮷") <= font


def test_a_letter_that_the_font_lacks_is_an_error_of_the_input(future: Trace) -> None:
    strange = with_name(future, Label(zh="规划\U0001f600", en="plan"))
    with pytest.raises(InputError) as caught:
        gantt(strange, KEYS, "zh", ".png")
    (fault,) = caught.value.faults
    assert (fault.code, fault.file) == ("glyph_missing", "--gantt")
    assert fault.fields["value"] == "\U0001f600 (U+1F600)"
    assert gantt(strange, ("plots",), "en", ".png")


def test_a_dollar_is_a_dollar(future: Trace, pages: list[Any]) -> None:
    gantt(with_name(future, Label(zh="$x_1$", en="$x_1$")), ("plots",), "en", ".png")
    assert any("$x_1$" in t.get_text() for t in texts(pages[0]))


# -- what is on the page ---------------------------------------------------------------------------


def texts(page: Any) -> list[Text]:
    found = page.figure.findobj(Text)
    return [t for t in found if t.get_text().strip() and t.get_visible()]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("programmes", [1, 3, 15])
def test_all_that_is_written_is_on_the_page_and_nothing_overlaps(
    future: Trace, lang: str, programmes: int, pages: list[Any]
) -> None:
    shown, keys = with_name(future, LONG), KEYS[:programmes]
    if programmes > len(KEYS):
        shown = crowded(shown, programmes)
        keys = tuple(shown.lots)
    gantt(shown, keys, lang, ".png")
    (page,) = pages
    box = page.figure.bbox
    boxes = [t.get_window_extent(page.figure.canvas.get_renderer()) for t in texts(page)]
    for extent, text in zip(boxes, texts(page), strict=True):
        assert box.x0 <= extent.x0 < extent.x1 <= box.x1, text
        assert box.y0 <= extent.y0 < extent.y1 <= box.y1, text
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            wide = min(one.x1, other.x1) - max(one.x0, other.x0)
            high = min(one.y1, other.y1) - max(one.y0, other.y0)
            assert wide <= 0 or high <= 2, (texts(page)[i], one, other)


def test_headings_name_programmes_stages_lots_and_what_is_left_out(
    future: Trace, pages: list[Any]
) -> None:
    gantt(future, KEYS, "en", ".png")
    said = [t.get_text() for t in texts(pages[0])]
    lots = {key: len(future.lots[key]) for key in KEYS}
    each = rows_each(list(lots.values()))
    assert all(number > each for number in lots.values())
    for key, heading in (
        (
            "retrofits",
            "Machines for hands: Joint review → Installation → acceptance · one lot = 5 firms",
        ),
        ("plots", "New factories: Joint review → Building"),
        ("training", "Training: course · one lot = 100 persons"),
    ):
        assert f"{heading} · {each} of {lots[key]} lots drawn" in said
    assert "Manufacturing plan of Example City · scenario: The plan as written" in said
    assert "One future: draw 1 of seed 1, luck a" in said
    assert all(said.count(str(year)) == 2 for year in range(2025, 2031))


def test_the_legend_explains_what_is_drawn_and_no_more(future: Trace, pages: list[Any]) -> None:
    lot = Lot(1, 1.0, [
        Step("review", "offices.hall", 1.0, "server", 1.5, 2.0),
        Step("building", "quotas.land", 2.0, "quota", 3.0),
        Step("building", "programmes.plots.queue.stages.building", 3.0, "server", 3.0, 4.0),
    ], delivered=4.0)  # fmt: skip
    for lots in ((lot,), ()):
        gantt(replace(future, lots={**future.lots, "plots": lots}), ("plots",), "en", ".png")
    full, empty = ([t.get_text() for t in page.figure.legends[0].get_texts()] for page in pages)
    assert full == [
        "work (shades take turns from stage to stage)", "waits for servers", "waits for land",
        "applied", "delivered",
    ]  # fmt: skip
    assert empty == []


def test_a_lot_is_drawn_as_its_waits_and_its_work(future: Trace) -> None:
    """What is not over by the end of the plan is cut there; a quota takes no time."""
    lot = Lot(1, 1.0, [
        Step("review", "offices.hall", 1.0, "server", 1.5, 2.0),
        Step("works", "programmes.retrofits.queue.subsidy.budget", 2.0, "quota", 3.0),
        Step("works", "programmes.retrofits.queue.stages.works", 3.0, "server", 3.0, 4.0),
        Step("acceptance", "x", 4.0, "stopped", 4.5, inf),
    ])  # fmt: skip
    assert list(module._spells(future, lot)) == [
        ("server", 1.0, 1.5),
        ("work0", 1.5, 2.0),
        ("money", 2.0, 3.0),
        ("work1", 3.0, 4.0),
        ("stopped", 4.0, 4.5),
        ("work0", 4.5, 6.0),
    ]
    waiting = Lot(2, 5.0, [Step("review", "offices.hall", 5.0, "server")])
    assert list(module._spells(future, waiting)) == [("server", 5.0, 6.0)]
    assert list(module._moments(future, replace(lot, dropped=2.0))) == [
        ("applied", 1.0),
        ("dropped", 2.0),
    ]


def test_kinds_of_time_differ_in_grey() -> None:
    """Work is darker than every wait; hatches tell waits apart; marks have shapes."""

    def light(colour: str) -> float:
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue

    assert max(map(light, WORK)) < min(light(face) for face, _, _ in WAITS.values()) - 40
    assert abs(light(WORK[0]) - light(WORK[1])) > 50
    assert len({hatch for _, _, hatch in WAITS.values()}) == len(WAITS)
    assert len({sign for sign, _, _ in MARKS.values()}) == len(MARKS)


# -- which lots are drawn --------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "most"), [(0, 3), (3, 3), (4, 3), (84, 32), (400, 96)])
def test_lots_drawn_are_evenly_spaced_from_the_first_to_the_last(number: int, most: int) -> None:
    lots = [Lot(n + 1, 0.0) for n in range(number)]
    found = [lot.number for lot in chosen(lots, most)]
    assert len(found) == len(set(found)) == min(number, most)
    if found:
        assert (found[0], found[-1]) == (1, number)
        steps = {b - a for a, b in pairwise(found)}
        assert max(steps) - min(steps) <= 1


@pytest.mark.parametrize(
    ("sizes", "each"),
    [
        ([], FEWEST),
        ([500], MOST_ROWS),
        ([50], 50),
        ([84, 64, 50], 32),
        ([5, 5, 400], 86),
        ([100] * 60, FEWEST),
    ],
)
def test_programmes_share_the_rows(sizes: Sequence[int], each: int) -> None:
    assert rows_each(sizes) == each
