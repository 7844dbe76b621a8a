"""history.csv: what a row says, in base units; every fault of it, with its line and its column."""

import shutil
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plansim.scenarios.draft import files_of
from plansim.scenarios.history import (
    COLUMNS,
    FIRST_HALF,
    OPTIONAL,
    Observation,
    kind_of,
    observations,
    quantities,
    read_history,
)
from plansim.scenarios.load import (
    assemble,
    history_faults,
    load,
    observed,
    read_draft,
    read_source,
    shipped,
)
from plansim.scenarios.text import Row
from plansim.scenarios.workbook import as_workbook
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.layout import Layout
from plansim.simulator.naming import name_of
from plansim.simulator.plan import Plan
from plansim.store.files import write_folder
from plansim.words.catalogue import LANGUAGES, say_faults

HEADER = ",".join((*COLUMNS, *OPTIONAL))


@cache
def plan(name: str = "yuyao-2016") -> Plan:
    return load(name)


def seen(tmp_path: Path, *lines: str, encoding: str = "utf-8") -> tuple[Observation, ...]:
    path = tmp_path / "seen.csv"
    path.write_bytes("\n".join([HEADER, *lines, ""]).encode(encoding))
    return observations(read_history(path), plan())


def faults(tmp_path: Path, *lines: str) -> list[Fault]:
    """What is wrong with these lines; every fault has its sentence in both languages."""
    with pytest.raises(InputError) as caught:
        seen(tmp_path, *lines)
    for lang in LANGUAGES:
        assert say_faults(caught.value.faults, lang)
    return sorted(caught.value.faults, key=lambda f: (f.line, f.column))


# -- what a row says -------------------------------------------------------------------------------


def test_values_arrive_in_base_units(tmp_path: Path) -> None:
    found = seen(
        tmp_path,
        "total_output,Yuyao,2016,15.5,百亿元,yearbook,,0.1",
        "va_rate,余姚市,2016,18.6,%,yearbook,level,0.2",
        "output,机器人,2016,400000,万元,yearbook,,",
        "clusters.robotics.labour,,2016,0.9,person/万元,yearbook,,",
        "va_rate,Robotics,2016,22,%,yearbook,,",
        "value_added,,2015,5.1,%,yuyao-2016:L53,growth,0.05",
        "rd_to_revenue,,2016,0.018,,yearbook,,",
    )
    expected = [
        ("total_output", "", 1550.0, 10.0), ("va_rate", "", 0.186, 0.002),
        ("output", "robotics", 40.0, None), ("clusters.robotics.labour", "", 0.9, None),
        ("clusters.robotics.va_rate", "", 0.22, None), ("value_added", "", 0.051, 0.0005),
        ("rd_to_revenue", "", 0.018 * 0.01, None),
    ]  # fmt: skip
    for one, (quantity, subject, value, sd) in zip(found, expected, strict=True):
        assert (one.quantity, one.subject) == (quantity, subject)
        assert one.value == pytest.approx(value)
        assert one.sd == (None if sd is None else pytest.approx(sd))
    assert [one.measure for one in found] == ["level"] * 5 + ["growth", "level"]
    assert [one.line for one in found] == list(range(2, 9))
    assert found[5].source == "yuyao-2016:L53"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_any_encoding_of_excel_and_words_of_the_document_are_understood(
    tmp_path: Path, encoding: str
) -> None:
    line = "规上制造业增加值率,余姚市,2016,18.6,%,统计年鉴,,"
    (one,) = seen(tmp_path, line, encoding=encoding)
    assert (one.quantity, one.subject, one.source) == ("va_rate", "", "统计年鉴")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_seen_goes_by_its_one_name(lang: str, tmp_path: Path) -> None:
    wanted = [
        ("output", "robotics", "indicators.output/robotics"),
        ("clusters.robotics.va_rate", "", "clusters.robotics.va_rate"),
        ("city.rd_to_revenue", "", "city.rd_to_revenue"),
    ]
    values = ("40", "0.2", "0.02")
    lines = [
        f"{name_of(plan(), path, lang)},,2016,{value},,yearbook,,"
        for (_, _, path), value in zip(wanted, values, strict=True)
    ]
    found = seen(tmp_path, *lines)
    assert [(o.quantity, o.subject) for o in found] == [(q, s) for q, s, _ in wanted]
    (fault,) = faults(tmp_path, f"{name_of(plan(), wanted[0][2], lang)},Moulds,2016,40,,y,,")
    assert (fault.code, fault.fields["choices"]) == ("unknown_subject", ["Robotics"])


@pytest.mark.parametrize(
    ("written", "year"),
    [("2016", 2016), ("2016.0", 2016), ("2016年", 2016)]
    + [
        (t, 2016.5) for t in ("2016H1", "2016h1", "2016.5", "2016.50", "2016上半年", "2016年上半年")
    ],
)
def test_years_and_first_halves_as_people_write_them(
    tmp_path: Path, written: str, year: float
) -> None:
    (one,) = seen(tmp_path, f"value_added,,{written},3,%,news,growth,")
    assert (one.year, one.is_half) == (year, year != 2016)


def test_a_half_year_of_a_flow_is_cumulated_since_january(tmp_path: Path) -> None:
    flow, rate, stock, grown, whole = seen(
        tmp_path,
        "value_added,,2016H1,130,亿元,news,,",
        "va_rate,,2016H1,18,%,news,,",
        "firms_over_1bn,,2016H1,15,家,news,,",
        "value_added,,2016H1,6,%,news,growth,",
        "value_added,,2016,280,亿元,news,,",
    )
    assert [o.kind for o in (flow, rate, stock, grown)] == ["flow", "rate", "stock", "flow"]
    assert flow.at_annual_pace == pytest.approx(130 / FIRST_HALF)
    assert [o.at_annual_pace for o in (rate, stock, grown, whole)] == [0.18, 15.0, 0.06, 280.0]
    # the middle of January to June lies a quarter before that of the year, its end half a year
    assert [o.time for o in (flow, rate, stock, grown)] == [2015.75, 2015.75, 2015.5, 2015.75]
    assert whole.time == 2016.0


@pytest.mark.parametrize(
    ("unit", "kind"),
    [("亿元", "flow"), ("tce", "flow"), ("万吨", "flow"), ("家", "stock"), ("%", "rate"),
     ("tce/万元", "rate"), ("万元/person", "rate"), ("index", "rate")],
)  # fmt: skip
def test_kinds_follow_from_units(unit: str, kind: str) -> None:
    assert kind_of(unit) == kind


@pytest.mark.parametrize("name", shipped())
def test_every_quantity_of_the_engine_can_be_observed(name: str) -> None:
    assert set(quantities(plan(name))) == set(Layout.of(plan(name)).rows)


@settings(max_examples=25)
@given(st.integers(1960, 2025), st.floats(1e-3, 1e6), st.floats(1e-6, 1e3), st.booleans())
def test_what_is_written_is_what_is_read(year: int, value: float, sd: float, half: bool) -> None:
    text = {"quantity": "total_output", "subject": "", "unit": "亿元", "source": "s"}
    cells = {"year": f"{year}{'H1' if half else ''}", "value": repr(value), "sd": repr(sd)}
    (one,) = observations([Row(2, {**text, **cells, "measure": ""})], plan())
    assert (one.year, one.value, one.sd) == (year + 0.5 * half, value, sd)


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        ("value_aded,,2016,1,亿元,s,,", "unknown_observed", "quantity"),
        (",,2016,1,亿元,s,,", "empty_cell", "quantity"),
        ("output,Robotcs,2016,1,亿元,s,,", "unknown_subject", "subject"),
        ("output,,2016,1,亿元,s,,", "empty_cell", "subject"),
        ("value_added,Robotics,2016,1,亿元,s,,", "unknown_subject", "subject"),
        ("clusters.robotics.energy,Moulds,2016,0.1,tce/万元,s,,", "unknown_subject", "subject"),
        ("energy,Yuyao,2016,0.1,tce/万元,s,,", "unknown_subject", "subject"),
        ("value_added,,,1,亿元,s,,", "empty_cell", "year"),
        ("value_added,,soon,1,亿元,s,,", "panel_year", "year"),
        ("value_added,,2016H3,1,亿元,s,,", "panel_year", "year"),
        ("value_added,,２０１６,1,亿元,s,,", "full_width_digits", "year"),
        ("value_added,,2016H2,1,亿元,s,,", "second_half", "year"),
        ("value_added,,1066,1,亿元,s,,", "argument_range", "year"),
        ("value_added,,2026,1,亿元,s,,", "argument_range", "year"),
        ("value_added,,2016,,亿元,s,,", "empty_cell", "value"),
        ("value_added,,2016,1亿,亿元,s,,", "not_a_number", "value"),
        ("value_added,,2016,1_0,亿元,s,,", "not_a_number", "value"),
        ("value_added,,2016,１２,亿元,s,,", "full_width_digits", "value"),
        ("value_added,,2016,inf,亿元,s,,", "not_finite", "value"),
        ("value_added,,2016,0,亿元,s,,", "must_be_positive", "value"),
        ("firms_over_1bn,,2016,-1,家,s,,", "negative", "value"),
        ("va_rate,,2016,118,%,s,,", "not_a_share", "value"),
        ("va_rate,Robotics,2016,21,,s,,", "not_a_share", "value"),
        ("value_added,,2016,-100,%,s,growth,", "argument_range", "value"),
        ("value_added,,2016,1,tce,s,,", "unit_dimension", "unit"),
        ("value_added,,2016,1,yuan,s,,", "unknown_unit", "unit"),
        ("value_added,,2016,1,points,s,growth,", "unit_dimension", "unit"),
        ("value_added,,2016,1,亿元,,,", "empty_cell", "source"),
        ("value_added,,2016,1,亿元,s,rise,", "not_a_choice", "measure"),
        ("value_added,,2016,1,亿元,s,,0", "must_be_positive", "sd"),
        ("value_added,,2016,1,亿元,s,,wide", "not_a_number", "sd"),
    ],
)
def test_every_wrong_cell_is_named_with_its_column(
    line: str, code: str, column: str, tmp_path: Path
) -> None:
    (fault,) = faults(tmp_path, line)
    assert (fault.code, fault.path) == (code, f"history.2.{column}")
    assert (fault.line, fault.column) == (2, HEADER.split(",").index(column) + 1)
    assert fault.file.endswith("seen.csv")


def test_all_faults_are_named_at_once_and_the_nearest_name_with_them(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        "value_aded,,20x6,one,亿元,,,-1",
        "output,Robotcs,2016,1,亿元,s,,",
        "value_added,,2016,1,亿元,s,,",
        "value_added,Yuyao,2016.0,2,亿元,s,,",
        "value_added,,2016,3,%,s,growth,",
    )
    places = [(f.line, f.code) for f in found]
    assert places == [
        (2, "unknown_observed"), (2, "panel_year"), (2, "not_a_number"), (2, "empty_cell"),
        (2, "must_be_positive"), (3, "unknown_subject"), (5, "panel_twice"),
    ]  # fmt: skip
    assert [found[0].fields["nearest"], found[5].fields["nearest"]] == ["value_added", "Robotics"]
    assert found[6].fields["other"] == 4


def test_columns_may_stand_in_any_order_and_only_two_may_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "seen.csv"
    path.write_text(
        "source,value,year,subject,quantity,unit\ns,5,2016,,value_added,亿元\n", "utf-8"
    )
    (one,) = observations(read_history(path), plan())
    assert (one.value, one.measure, one.sd) == (5.0, "level", None)
    path.write_text("quantity,year,value,unit,spread\nvalue_added,2016,5,亿元,1\n", "utf-8")
    with pytest.raises(InputError) as caught:
        read_history(path)
    codes = [(fault.code, fault.fields["value"]) for fault in caught.value.faults]
    assert codes == [
        ("unknown_column", "spread"), ("missing_column", "subject"), ("missing_column", "source"),
    ]  # fmt: skip


# -- where it stands -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "stated"),
    [("yuyao-2016", {"value_added": 5.1, "labour_productivity": 5.7}),
     ("yinzhou-2017", {"labour_productivity": 6.6}), ("shaoxing-2016", {"value_added": 5.8}),
     ("yuyao-2020", {})],
)  # fmt: skip
def test_shipped_plans_hold_the_growth_that_their_documents_state(
    name: str, stated: dict[str, float]
) -> None:
    source = read_source(name)
    found = observed(source, assemble(source))
    assert {o.quantity: round(100 * o.value, 6) for o in found} == stated
    for one in found:
        assert (one.measure, one.year) == ("growth", plan(name).plan.base_year)
        assert one.source.startswith(f"{name}:L")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "mine"
    shutil.copytree(str(files("plansim.scenarios") / "template"), target)
    text = f"{HEADER}\ntotal_output,,2024H1,480,亿元,统计局,,5\nva_rate,,2024,19.8,%,局,,\n"
    (target / "history.csv").write_text(text, encoding="gb18030")
    return target


def test_a_history_goes_through_a_workbook_and_back(folder: Path, tmp_path: Path) -> None:
    before = read_source(str(folder))
    book = tmp_path / "book.xlsx"
    book.write_bytes(as_workbook(before.draft))
    write_folder(files_of(read_draft(str(book))), tmp_path / "again")
    expected = observed(before, assemble(before))
    assert [o.year for o in expected] == [2024.5, 2024.0]
    for name in (book, tmp_path / "again"):
        source = read_source(str(name))
        assert observed(source, assemble(source)) == expected


def test_a_workbook_from_before_there_were_histories_is_read(tmp_path: Path) -> None:
    import openpyxl

    path = tmp_path / "old.xlsx"
    path.write_bytes(as_workbook(read_draft(str(files("plansim.scenarios") / "template"))))
    book = openpyxl.load_workbook(path)
    book.remove(next(page for page in book.worksheets if page.title.startswith("history")))
    book.save(path)
    source = read_source(str(path))
    assert observed(source, assemble(source)) == ()


def test_faults_of_a_history_are_found_with_those_of_the_plan(folder: Path) -> None:
    history = folder / "history.csv"
    history.write_text(f"{HEADER}\ntotal_outptu,,2024,480,亿元,s,,\n", encoding="utf-8")
    source = read_source(str(folder))
    (fault,) = history_faults(source, assemble(source))
    assert (fault.code, fault.file, fault.line) == ("unknown_observed", "mine/history.csv", 2)
    history.write_text("quantity\ntotal_output\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(str(folder))
    assert {f.code for f in caught.value.faults} == {"missing_column"}
