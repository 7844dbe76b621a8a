"""What effects rest on, worded in both languages."""

from dataclasses import replace

import pytest

from plansim.calibration import evidence as known
from plansim.reports.answers import evidence
from plansim.scenarios.load import load, load_library

WHAT = ("en", "measured", "transferred"), ("zh", "实测", "移用")


@pytest.fixture(scope="module")
def plan():
    return load("yinzhou-2017")


@pytest.fixture(scope="module")
def rows(plan):
    return known.rows(plan, known.programmes_written("yinzhou-2017"))


@pytest.mark.parametrize(("lang", "measured", "transferred"), WHAT)
def test_every_effect_has_one_line(lang, measured, transferred, plan, rows):
    table = evidence.effect_table(plan, rows, lang)
    assert len(table.rows) == len(rows)
    place = table.columns.index("grade")
    assert {row[place] for row in table.rows} >= {measured, transferred}
    names = {programme.name.in_language(lang) for programme in plan.programmes.values()}
    assert {row[0] for row in table.rows} <= names
    told = [row[table.columns.index("distribution")] for row in table.rows]
    assert all("pert(" not in text for text in told)
    assert [
        text.startswith({"en": "PERT(low=", "zh": "PERT分布(最低="}[lang]) for text in told
    ] == [row.distribution.startswith("pert(low=") for row in rows]


def test_every_study_cited_is_told_once_with_its_address(rows):
    table = evidence.study_table(rows, "en")
    told = [row[0] for row in table.rows]
    cited = {part for row in rows for part in row.study.split(", ") if part}
    assert sorted(told) == sorted(cited)
    assert all(row[-1].startswith("http") or row[-2] == "memory" for row in table.rows)


def test_records_have_the_columns_of_the_stored_table(rows):
    for record in evidence.evidence_records(rows):
        assert tuple(record) == known.COLUMNS
        assert record["wide"] in ("yes", "no")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_grades_are_counted(lang, plan, rows):
    (line,) = evidence.closing(plan, rows, lang)
    numbers = [len(rows)] + [sum(row.grade == grade for row in rows) for grade in evidence.GRADES]
    assert sum(numbers[1:]) == numbers[0]
    places = [line.index(f"{number} ") for number in numbers]
    assert places == sorted(places)


@pytest.mark.parametrize(("lang", "word"), [("en", "narrow"), ("zh", "偏窄")])
def test_a_narrow_judgement_is_marked_and_named(lang, word, plan, rows):
    judged = next(row for row in rows if row.grade == "judgement")
    narrow = replace(judged, wide=False)
    table = evidence.effect_table(plan, [narrow, judged], lang)
    grades = [row[table.columns.index("grade")] for row in table.rows]
    assert (word in grades[0], word in grades[1]) == (True, False)
    _, line = evidence.closing(plan, [narrow, judged], lang)
    assert line.endswith(f"{table.rows[0][0]} → {table.rows[0][1]}")
    assert "clusters." not in line
    measured = next(row for row in rows if row.grade == "measured")
    assert not measured.wide
    assert not evidence.is_narrow(measured)


def test_a_library_has_evidence_too():
    library = load_library("cixi-2017")
    rows = known.rows(library, known.programmes_written("cixi-2017"))
    effects, studies = evidence.evidence_tables(library, rows, "en")
    assert {row[0] for row in effects.rows} == {
        programme.name.en for programme in library.programmes.values()
    }
    assert len(studies.rows) > 5


def test_nothing_is_said_of_no_effects(plan):
    assert evidence.evidence_tables(plan, [], "en") == []
    assert evidence.closing(plan, [], "en")[0].startswith("0 effects")
