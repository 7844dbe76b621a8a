"""The reconciled base year as it is shown: every figure, in both languages, or why there is not."""

import re
from dataclasses import replace

import pytest

from plansim.calibration import reconcile as reconciling
from plansim.calibration.baselines import baselines_of
from plansim.calibration.reconcile import FAR
from plansim.reports.answers import baselines as told
from plansim.scenarios.load import load

CONTRACT = ("figure", "origin", "unit", "before", "after", "p05", "p95", "moved", "binds")


@pytest.fixture(scope="module")
def plan():
    return load("yinzhou-2017")


@pytest.fixture(scope="module")
def result(plan):
    return baselines_of(plan)


def test_records_have_the_columns_of_the_contract(result):
    assert told.COLUMNS == CONTRACT
    records = told.baseline_records(result)
    assert [tuple(record) for record in records] == [CONTRACT] * len(result.known)
    for record, row in zip(records, result.adjustments(), strict=True):
        assert (record["figure"], record["after"]) == (row.path, row.after)
        assert record["p05"] <= record["after"] <= record["p95"]
    (unknown,) = [record for record in records if record["before"] is None]
    assert unknown["figure"] == "clusters.rest.output.base"


def test_a_person_reads_percent_and_amounts(plan, result):
    table = told.baseline_table(plan, result, "en")
    rows = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    rate = rows["base-year value-added rate of the place"]
    assert (rate["unit"], rate["known"], rate["reconciled"]) == ("%", "19.1", "19.1")
    total = rows["base-year output of all industry"]
    after = result.level("totals.output")
    assert (total["unit"], total["reconciled"]) == ("亿元", f"{after:.0f}")
    assert rows["base-year output of Rest of industry"]["known"] == "the rest of the total"
    certain = rows["manufacturing share of Fashion garments"]
    assert (certain["ends"], certain["moved"], certain["held_by"]) == ("", "", "")


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", ("output of Rest of industry", "sum of outputs", "stated", "sd")),
     ("zh", ("其余工业产值", "产值合计", "文件所载", "标准差"))],
)  # fmt: skip
def test_everything_is_said_in_the_language_asked_for(plan, result, lang, words):
    table = told.baseline_table(plan, result, lang)
    cells = [cell for row in table.rows for cell in row]
    text = " ".join([*cells, *told.closing(plan, result, lang), table.title])
    assert all(word in text for word in words)
    assert len(table.rows) == len(result.known)


def test_what_moves_implausibly_far_is_named_the_farthest_first(plan, monkeypatch):
    totals = replace(plan.totals, va_rate=replace(plan.totals.va_rate, value=0.5))
    strained = replace(plan, totals=totals)
    result = baselines_of(strained)
    assert result.converged
    far = sum(abs(row.moved) > FAR for row in result.adjustments())
    assert far == 3
    monkeypatch.setattr(told, "NAMED", 2)
    named = told.far_words(strained, result, "en")
    assert named.endswith(" and 1 more")
    ways = [float(way) for way in re.findall(r"[+−]([0-9.]+)", named)]
    assert ways == sorted(ways, reverse=True)
    assert len(ways) == 2
    (line,) = told.remarks([(strained, result), (strained, result)], "mine", "en")
    assert "3 sd" in line
    assert "plansim show mine --baselines" in line
    assert named in " ".join(told.closing(strained, result, "en"))


def test_figures_that_agree_are_left_without_a_remark(plan, result):
    assert told.remarks([(plan, result)], "mine", "en") == []
    assert told.far_words(plan, result, "zh") == ""


def test_what_was_not_solved_is_shown_as_it_was(plan, monkeypatch):
    monkeypatch.setattr(reconciling, "_solve", lambda problem, begin: None)
    result = baselines_of(plan)
    assert {(r["after"], r["p05"], r["moved"]) for r in told.baseline_records(result)} == {
        (None, None, None)
    }
    table = told.baseline_table(plan, result, "en")
    place = table.columns.index("reconciled")
    assert {row[place] for row in table.rows} == {""}
    (said,) = told.closing(plan, result, "en")
    assert "nothing rules one out" in said
    (line,) = told.remarks([(plan, result)], "mine", "en")
    assert "could not be reconciled" in line
