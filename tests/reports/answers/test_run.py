"""Tables and sentences of a run: every word is there, in both languages."""

from dataclasses import replace
from typing import Any

import pytest

import plansim
from plansim.reports.answers.run import (
    below_bound,
    cell_table,
    heading,
    joint_words,
    of_views,
    short_table,
    three_sentences,
    verdict_records,
    verdict_table,
)
from plansim.reports.tables import Table
from plansim.reports.words.verdicts import evidence_words, probability_text, simulated_text
from plansim.scenarios.load import load
from plansim.simulator.errors import InputError
from plansim.simulator.feasibility import LIKELIHOOD
from plansim.simulator.model import Model
from plansim.simulator.naming import name_of
from plansim.simulator.plan import BASES, COMPARATORS, Label, Plan, Target
from plansim.simulator.pooling import VIEWS
from plansim.simulator.results import Result, Verdict
from plansim.simulator.run import run
from plansim.simulator.shortfall import shortfalls
from plansim.words.catalogue import say
from plansim.words.statements import goal_text, verdict_word

LANGUAGES = ("en", "zh")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load("yuyao-2016")


@pytest.fixture(scope="module")
def result(plan: Plan) -> Result:
    return run(plan, 300, 5)


@pytest.fixture(scope="module")
def target(plan: Plan) -> Target:
    return next(t for t in plan.targets if t.id == "robotics-output-2025")


# -- goals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "en", "zh"),
    [
        ({"comparator": "reach"}, "400 亿元", "400 亿元"),
        ({"comparator": "at_least"}, "at least 400 亿元", "400 亿元以上"),
        ({"comparator": "approx"}, "about 400 亿元", "400 亿元左右"),
        ({"comparator": "near_below"}, "nearly 400 亿元", "接近400 亿元"),
        ({"comparator": "range", "high": 500.0}, "400 to 500 亿元", "400～500 亿元"),
        ({"comparator": "at_most", "low": None, "high": 9.0}, "at most 9 亿元", "不超过9 亿元"),
        ({"comparator": "reach", "low": None, "high": None}, "", ""),
        (
            {"comparator": "reach", "basis": "change_vs_base", "unit": "%", "low": -16.0},
            "−16 % against 2015",
            "比2015年−16 %",
        ),
        (
            {"comparator": "reach", "basis": "change_vs_base", "unit": "%", "low": 16.0},
            "+16 % against 2015",
            "比2015年+16 %",
        ),
        (
            {"comparator": "approx", "basis": "annual_growth", "unit": "%", "low": 7.0},
            "about 7 % a year",
            "年均7 %左右",
        ),
        (
            {"comparator": "at_least", "basis": "cumulative_count", "unit": "家", "low": 10.0},
            "at least 10 in all",
            "累计10 家以上",
        ),
        (
            {"comparator": "every_year", "basis": "per_year", "unit": "家", "low": 10.0},
            "every year 10",
            "每年10 家",
        ),
        (
            {"comparator": "at_least", "basis": "per_year", "unit": "家", "low": 10.0},
            "at least 10 a year",
            "每年10 家以上",
        ),
    ],
)
def test_goals_are_worded_as_in_the_document(
    change: dict[str, Any], en: str, zh: str, target: Target
) -> None:
    changed = replace(target, **change)
    assert goal_text(changed, "en") == en
    assert goal_text(changed, "zh") == zh


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("comparator", COMPARATORS)
@pytest.mark.parametrize("basis", BASES)
def test_every_basis_and_comparator_has_words(
    basis: str, comparator: str, lang: str, target: Target
) -> None:
    text = goal_text(replace(target, basis=basis, comparator=comparator), lang)
    assert "400" in text
    assert "{" not in text


# -- verdicts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_likelihood_has_a_word_and_a_borderline_form(lang: str) -> None:
    words = [word for _, word in LIKELIHOOD] + ["exceptionally_unlikely"]
    said = [verdict_word(word, lang) for word in words]
    assert len(set(said)) == len(words)
    assert all(
        verdict_word(f"borderline:{w}", lang).startswith(s)
        for w, s in zip(words, said, strict=True)
    )
    assert verdict_word("", lang) == ""


def test_a_probability_is_shown_with_its_simulation_error(result: Result) -> None:
    verdict = replace(result.judged[0], probability=0.4, prob_low=0.39, prob_high=0.412)
    assert probability_text(verdict) == "40% ±1.1"
    assert probability_text(replace(verdict, probability=None)) == ""
    assert probability_text(replace(verdict, probability=0.001)) == "<1% ±1.1"


def test_what_was_simulated_is_shown_with_its_unit(target: Target, result: Result) -> None:
    verdict = replace(result.judged[0], p05=-1.5, p50=91.44, p95=1940.2)
    assert simulated_text(verdict, target, "en") == "91.4 (−1.5 … 1940) 亿元"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_table_has_one_row_a_judged_target(lang: str, result: Result) -> None:
    table = verdict_table(result, lang)
    named = [name_of(result.plan, f"targets.{t.id}", lang) for t in result.plan.judged]
    assert [row[0] for row in table.rows] == named
    assert {len(row) for row in table.rows} == {len(table.columns)}
    assert set(table.right) | set(table.optional) <= set(table.columns)
    place = table.columns.index("verdict")
    assert all(row[place] for row in table.rows)


def test_records_hold_numbers_and_nothing_where_nothing_is_known(result: Result) -> None:
    records = {r["target"]: r for r in verdict_records(result, "zh")}
    assert len(records) == len(result.plan.targets)
    assert isinstance(records["va-rate-2020"]["probability"], float)
    stated = next(v for v in result.verdicts if v.status == "stated")
    assert records[stated.target]["probability"] is None
    assert records[stated.target]["verdict"] == ""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_driver_of_the_plan_can_be_said(lang: str, result: Result) -> None:
    for driver in result.drivers:
        words = name_of(result.plan, driver, lang)
        assert words, driver
        assert "/" not in words or "luck/" not in words
    assert name_of(result.plan, "", lang) == ""


def test_evidence_is_a_word_with_its_share() -> None:
    assert evidence_words("transferred 86%", "en") == "transferred 86%"
    assert evidence_words("judgement 100%", "zh") == "判断 100%"
    assert evidence_words("", "en") == ""


# -- sentences -------------------------------------------------------------------------------------


def with_chances(result: Result, chance: float) -> Result:
    verdicts: list[Verdict] = [
        v if v.probability is None else replace(v, probability=chance) for v in result.verdicts
    ]
    return replace(result, verdicts=tuple(verdicts))


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        (
            "en",
            "such growth over 5 years happened to 29% (28 of 95) of Chinese sectors (province × "
            "industry) that start at 150 to 260 亿元 since 2011, and to 81% (199 of 247) in "
            "1999–2012; rarer than 99.1 % of US industries",
        ),
        (
            "zh",
            "2011 年以来，起点为 150～260 亿元的中国省级行业中有 29%（95 个中有 28 个）在 5 年内"
            "达到过这样的增速，1999～2012 年为 81%（247 个中有 199 个）；难于 99.1% 的美国行业",
        ),
    ],
)
def test_what_binds_is_told_against_chinese_sectors_first(plan: Plan, lang: str, said: str) -> None:
    result = run(plan, draws=64)
    seen: dict[str, Any] = {
        "reference_percentile": 99.1, "chinese_class": "sectors:150-260", "chinese_years": 5,
        "chinese_since": 28 / 95, "chinese_since_windows": 95, "chinese_boom": 199 / 247,
        "chinese_boom_windows": 247,
    }  # fmt: skip
    all_seen = tuple(replace(v, **seen) for v in result.verdicts)
    chosen = replace(result, verdicts=tuple(
        replace(v, probability=0.0) if v.target == "robotics-output-2020" else v for v in all_seen
    ))  # fmt: skip
    assert said in three_sentences(chosen, lang)[-1]
    unseen = replace(chosen, verdicts=tuple(replace(v, chinese_class="") for v in chosen.verdicts))
    assert "1958" in three_sentences(unseen, lang)[-1]


@pytest.mark.parametrize(
    ("chance", "likely", "unlikely"),
    [(0.9, True, False), (0.5, False, False), (0.1, False, True), (0.0, False, True)],
)
def test_three_sentences_say_what_is_likely_and_what_is_not(
    chance: float, likely: bool, unlikely: bool, result: Result
) -> None:
    first, second, third = three_sentences(with_chances(result, chance), "en")
    assert first.startswith("Likely: none") != likely
    assert second.startswith("Not likely: none") != unlikely
    assert third.startswith("What binds: ")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sentences_and_headings_are_whole(lang: str, result: Result) -> None:
    lines = [*heading(result, lang), *three_sentences(result, lang)]
    assert all(line and "{" not in line and "None" not in line for line in lines)
    assert str(result.settings.seed) in lines[1]


def test_a_scenario_is_called_by_its_name_in_the_language_of_the_reader(result: Result) -> None:
    named = replace(result.plan, scenario_name=Label(zh="推进滞后", en="Delivery slips"))
    told = replace(result, plan=named)
    assert heading(told, "zh")[0].endswith("情景：推进滞后")
    assert heading(told, "en")[0].endswith("scenario: Delivery slips")
    nameless = replace(result, plan=replace(result.plan, scenario="own", scenario_name=None))
    assert heading(nameless, "en")[0].endswith("scenario: own")


def test_a_joint_probability_of_zero_tells_how_many_were_tried() -> None:
    assert joint_words(0.0, 8000, "en") == "in none of 8000 futures"
    assert joint_words(0.013, 8000, "en") == "1.3%"


def test_what_is_given_is_in_the_heading(plan: Plan) -> None:
    given = run(plan, 300, 5, given=["va-rate-2020"])
    lines = heading(given, "en")
    assert any("value-added rate, 2020" in line and str(given.support) in line for line in lines)
    assert any("rough" in line for line in lines)


# -- the grid --------------------------------------------------------------------------------------


def test_a_table_loses_a_column_with_its_cells() -> None:
    table = Table(("a", "b", "c"), (("1", "2", "3"),), right=("c",), optional=("b",), title="t")
    less = table.without("b")
    assert (less.columns, less.rows, less.optional) == (("a", "c"), (("1", "3"),), ())
    assert (less.right, less.title) == (("c",), "t")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_counts_that_fall_short_are_told_by_what_they_lack(lang: str) -> None:
    plan = load("yuyao-2016")
    found = run(plan, 256)
    table = short_table(found, lang)
    named = shortfalls(Model.of(plan), found.settings.seed)
    distinct = [t.id for t in plan.judged if t.id in named and not t.restates]
    assert sum(int(row[1]) for row in table.rows) == len(distinct) > 0
    assert say("short.applicants", lang) in {row[0] for row in table.rows}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_outside_view_says_where_it_comes_from(lang: str) -> None:
    found = run(plansim.load("yuyao-2020"), 128)
    (table,) = cell_table(found, lang)
    assert sum(int(row[2]) for row in table.rows) == len(found.judged)
    assert cell_table(run(load("yuyao-2020"), 128), lang) == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_a_probability_says_is_said(lang: str) -> None:
    plan = plansim.load("yuyao-2020")
    said = {view: of_views(run(plan, 128, view=view), lang)[0] for view in VIEWS}
    assert said["verdict"] == say("report.views", lang)
    assert said["outside"] == say("report.views_outside", lang)
    assert said["inside"] not in (said["verdict"], said["outside"])


def test_a_cell_is_that_of_the_document_whose_verdict_it_is() -> None:
    target = plansim.load("yuyao-2020").judged[0].id
    found = run(plansim.load("yuyao-2020", set=[f"targets.{target}.year=2020"]), 128)
    own = cell_table(run(plansim.load("yuyao-2020"), 128), "en")
    assert cell_table(found, "en") == own


def test_chosen_futures_have_no_outside_view() -> None:
    plan = plansim.load("yuyao-2020")
    with pytest.raises(InputError) as problem:
        run(plan, 128, given=[plan.judged[0].id], view="outside")
    assert [fault.fields["allowed"] for fault in problem.value.faults] == ["verdict, inside"]


def test_what_has_no_inside_view_is_in_no_list_and_not_below_any_bound() -> None:
    found = run(plansim.load("yuyao-2016"), 256)
    circular = [v for v in found.judged if v.circular]
    assert circular
    assert all(v.inside is None and v.probability == v.outside for v in circular)
    assert all(v.verdict == "outside_only" for v in circular)
    said = " ".join(below_bound(found, 1.0, "en"))
    seen = len(found.judged) - len(circular)
    assert f"{seen} of {seen}" in said


def test_inside_alone_keeps_every_bit() -> None:
    plan = plansim.load("yuyao-2020", "delayed")
    apart, pooled = run(plan, 256, view="inside"), run(plan, 256)
    bare = run(load("yuyao-2020", "delayed"), 256)
    for one, two, three in zip(apart.judged, bare.judged, pooled.judged, strict=True):
        assert (one.probability, one.prob_low, one.prob_high) == (
            two.probability,
            two.prob_low,
            two.prob_high,
        )
        assert three.inside in (one.probability, None)
    assert apart.joint == bare.joint
