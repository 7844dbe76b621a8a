"""The plan's own arithmetic: identities by hand, planted contradictions, sound figures alone."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plansim.reports.answers.check import finding_records
from plansim.scenarios.book import Book, Interval, exactly, follow, rounded, stated
from plansim.scenarios.check import Finding, check
from plansim.scenarios.load import load, shipped
from plansim.simulator.plan import Plan
from plansim.words.catalogue import LANGUAGES


@pytest.fixture(scope="module")
def yuyao() -> Plan:
    return load("yuyao-2016")


def altered(plan: Plan, target: str, **changes: Any) -> Plan:
    assert any(t.id == target for t in plan.targets)
    rows = (replace(t, **changes) if t.id == target else t for t in plan.targets)
    return replace(plan, targets=tuple(rows))


def found(plan: Plan, finding: str, prices: float = 0.0) -> Finding | None:
    return next((f for f in check(Book(plan), prices) if f.id == finding), None)


def must(plan: Plan, finding: str, prices: float = 0.0) -> Finding:
    result = found(plan, finding, prices)
    assert result is not None, finding
    return result


# -- intervals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [(18.3, 18.25, 18.35), (21, 20.5, 21.5), (0.994, 0.9935, 0.9945), (-16, -16.5, -15.5)],
)
def test_a_rounded_figure_is_everything_that_rounds_to_it(
    value: float, low: float, high: float
) -> None:
    interval = rounded(value)
    assert (interval.low, interval.high, interval.middle) == pytest.approx((low, high, value))


@given(
    st.floats(1, 100), st.floats(0, 10), st.floats(1, 100), st.floats(0, 10), st.floats(0, 1),
    st.floats(0, 1),
)  # fmt: skip
def test_what_follows_holds_every_combination(
    a: float, da: float, b: float, db: float, s: float, t: float
) -> None:
    one, other = Interval(a, a + da, a), Interval(b, b + db, b)
    ratio = follow(lambda x, y: x / y, one, other)
    inside = (a + s * da) / (b + t * db)
    assert ratio.low - 1e-9 <= inside <= ratio.high + 1e-9


def test_exact_figures_follow_exactly() -> None:
    product = follow(lambda x, y: x * y, exactly(3.0), exactly(4.0))
    assert (product.low, product.high, product.middle) == (12.0, 12.0, 12.0)


# -- what Yuyao 2016 implies -----------------------------------------------------------------------


def test_base_output_follows_from_value_added_and_rate(yuyao: Plan) -> None:
    finding = must(yuyao, "implied-base-output-2020")
    by_hand = 1950 / (1.08**5 * 18.3 / 21)
    assert finding.fields["base"] == pytest.approx(by_hand)
    interval = finding.figures["base_output"]
    assert interval.low < by_hand < interval.high
    assert {"L18", "L54", "L60"} <= set(finding.lines.removeprefix("yuyao-2016:").split(","))


def test_prices_move_the_implied_base(yuyao: Plan) -> None:
    still: Any = must(yuyao, "implied-base-output-2020").fields["base"]
    rising = must(yuyao, "implied-base-output-2020", prices=0.02).fields["base"]
    assert rising == pytest.approx(still / 1.02**5)


def test_energy_use_and_flat_growth(yuyao: Plan) -> None:
    finding = must(yuyao, "energy-use-2020")
    assert finding.fields["use"] == pytest.approx(100 * (1.08**5 * 0.84 - 1))
    assert finding.fields["flat"] == pytest.approx(100 * (0.84**-0.2 - 1))
    assert finding.severity == "tension"


def test_the_rate_alone_brings_part_of_the_intensity_goal(yuyao: Plan) -> None:
    finding = must(yuyao, "energy-by-rate-2020")
    assert finding.fields["alone"] == pytest.approx(100 * (18.3 / 21 - 1))


def test_clusters_against_the_implied_total_of_2025(yuyao: Plan) -> None:
    finding = must(yuyao, "cluster-room-2025")
    total = 1950 * 1.08**5 * 21 / 22
    assert finding.fields["total"] == pytest.approx(total)
    assert finding.fields["sum"] == 200 + 1300 + 200 + 200 + 400
    assert finding.fields["room"] == pytest.approx(total - 2300)
    assert finding.severity == "tension"


def test_patents_must_outgrow_revenue(yuyao: Plan) -> None:
    finding = must(yuyao, "harder-by-growth-patents-per-revenue-2020")
    output = 1.08**5 * 18.3 / 21
    assert finding.fields["pace"] == pytest.approx(100 * ((110 / 65.3 * output) ** 0.2 - 1))


def test_jobs_follow_from_value_added_and_productivity(yuyao: Plan) -> None:
    finding = must(yuyao, "jobs-2020")
    employment = finding.figures["employment_growth"]
    assert employment.middle == pytest.approx(1.08 / 1.07 - 1)
    assert employment.low < 0.08 - 0.07 < employment.high


def test_shares_overlap(yuyao: Plan) -> None:
    assert must(yuyao, "overlapping-shares-2020").fields["sum"] == pytest.approx(47 + 65)


def test_restatements_with_another_value_contradict(yuyao: Plan) -> None:
    finding = must(yuyao, "stated-twice-research-institutes-2020-box")
    assert finding.severity == "contradiction"
    assert finding.fields["differences"] == ["value"]
    assert finding.lines == "yuyao-2016:L194,L208"


def test_goals_without_a_base_are_gaps(yuyao: Plan) -> None:
    assert must(yuyao, "no-base-robotics-output-2020").severity == "gap"
    assert found(yuyao, "no-base-va-rate-2020") is None


# -- planted faults --------------------------------------------------------------------------------


def base_stated(plan: Plan, value: float) -> Plan:
    return altered(plan, "total-output-2020", base_year=2015, base_value=value)


@pytest.mark.parametrize(("value", "severity"), [(1523.0, "note"), (1000.0, "contradiction")])
def test_a_stated_base_is_held_against_the_implied_one(
    yuyao: Plan, value: float, severity: str
) -> None:
    assert must(base_stated(yuyao, value), "implied-base-output-2020").severity == severity


def growth_of_robotics(plan: Plan, percent: float) -> Plan:
    level = next(t for t in plan.targets if t.id == "robotics-output-2025")
    claim = replace(
        level, id="robotics-growth-2025", basis="annual_growth", unit="%", low=percent,
        base_year=2020, comparator="reach",
    )  # fmt: skip
    return replace(plan, targets=(*plan.targets, claim))


@pytest.mark.parametrize(
    ("percent", "severity"), [(14.9, "note"), (20.0, "tension"), (10.0, "contradiction")]
)
def test_stated_growth_is_held_against_levels(yuyao: Plan, percent: float, severity: str) -> None:
    """From 200 to more than 400 is 14.9 % a year or more: 20 % overshoots, 10 % cannot be."""
    plan = growth_of_robotics(yuyao, percent)
    assert must(plan, "implied-growth-robotics-output-2025").severity == severity


def without_level(plan: Plan) -> Plan:
    plan = growth_of_robotics(plan, 15.0)
    claim = next(t for t in plan.targets if t.id == "robotics-growth-2025")
    return replace(
        plan,
        targets=tuple(
            replace(claim, base_year=2015) if t is claim else t
            for t in plan.targets
            if t.id != "robotics-output-2020"
        ),
    )


def test_a_base_follows_from_a_level_and_its_growth(yuyao: Plan) -> None:
    finding = must(without_level(yuyao), "implied-base-robotics-output-2025")
    assert finding.fields["base"] == pytest.approx(400 / 1.15**10)


def test_a_base_is_that_of_the_year_the_growth_counts_from(yuyao: Plan) -> None:
    plan = altered(without_level(yuyao), "robotics-growth-2025", base_year=2020)
    finding = must(plan, "implied-base-robotics-output-2025")
    assert finding.fields["base_year"] == 2020
    assert finding.fields["base"] == pytest.approx(400 / 1.15**5)
    assert finding.figures["base"].high == math.inf  # 突破400: more is allowed


def test_a_base_that_growth_gives_is_no_gap(yuyao: Plan) -> None:
    assert found(without_level(yuyao), "no-base-robotics-output-2025") is None


def test_clusters_that_exceed_the_total_contradict(yuyao: Plan) -> None:
    plan = altered(yuyao, "robotics-output-2020", low=1900.0)
    assert must(plan, "cluster-room-2020").severity == "contradiction"


def test_a_goal_due_before_the_document(yuyao: Plan) -> None:
    plan = altered(yuyao, "boilers-2017", year=2016)
    assert must(plan, "too-late-boilers-2017").severity == "tension"
    assert found(yuyao, "too-late-boilers-2017") is None


# -- gross output inside value added ---------------------------------------------------------------


def gross(plan: Plan) -> list[str]:
    return [f.id for f in check(Book(plan)) if f.id.startswith("gross-in-value-added")]


@pytest.mark.parametrize(
    "words", ["高新技术产业产值占规上工业增加值比重", "高新技术产业产值在规上工业增加值中的比重"]
)
def test_a_gross_output_as_a_share_of_value_added(yuyao: Plan, words: str) -> None:
    plan = altered(yuyao, "high-tech-share-2020", indicator_zh=words)
    assert must(plan, "gross-in-value-added-high-tech-share-2020").severity == "contradiction"


def one_line(plan: Plan, added: str, output: str, value: float = 80.0) -> Plan:
    """A line that states a value added of 100 亿元 and a gross output."""
    row = next(t for t in plan.targets if t.id == "total-output-2020")
    rows = (
        replace(row, id="added", indicator="stated_added", indicator_zh=added, low=100.0),
        replace(row, id="output", indicator="stated_output", indicator_zh=output, low=value),
    )
    stated = (replace(r, source="mine:L7", comparator="reach", status="stated") for r in rows)
    return replace(plan, targets=(*plan.targets, *stated))


@pytest.mark.parametrize(
    ("added", "output"),
    [("全市信息经济增加值", "信息产业产值"), ("规上工业增加值", "其中军品产值"),
     ("数字经济核心产业增加值", "数字安防产业总产值")],
)  # fmt: skip
def test_a_gross_output_as_an_amount_of_value_added(yuyao: Plan, added: str, output: str) -> None:
    finding = must(one_line(yuyao, added, output), "gross-in-value-added-output")
    assert finding.severity == "contradiction"
    assert finding.lines == "mine:L7"


@pytest.mark.parametrize(
    ("added", "output", "value"),
    [("规上工业增加值", "规上工业总产值", 400.0), ("规上工业增加值", "军品产值", 80.0),
     ("生物医药增加值", "生物医药产值", 300.0), ("新材料产业增加值", "新能源产业产值", 80.0)],
)  # fmt: skip
def test_two_goals_in_one_line_are_no_part_of_each_other(
    yuyao: Plan, added: str, output: str, value: float
) -> None:
    assert gross(one_line(yuyao, added, output, value)) == []


@pytest.mark.parametrize("change", [{"year": 2025}, {"source": "mine:L8"}])
def test_a_gross_output_of_another_year_or_line_is_no_part(
    yuyao: Plan, change: dict[str, object]
) -> None:
    plan = altered(one_line(yuyao, "信息经济增加值", "信息产业产值"), "output", **change)
    assert gross(plan) == []


@pytest.mark.parametrize("name", shipped())
def test_of_the_shipped_plans_one_puts_output_into_value_added(name: str) -> None:
    only = ["gross-in-value-added-information-output-2020"]
    assert gross(load(name)) == (only if name == "shaoxing-2016" else [])


# -- clusters, shares, jobs, use -------------------------------------------------------------------


def too_many_clusters(plan: Plan) -> Plan:
    return altered(plan, "clusters-over-10bn-2020", low=18.0)


def nothing_changed(plan: Plan) -> Plan:
    return plan


@pytest.mark.parametrize(
    ("change", "severity"), [(nothing_changed, "note"), (too_many_clusters, "contradiction")]
)
def test_so_many_large_clusters_against_the_total(
    yuyao: Plan, change: Callable[[Plan], Plan], severity: str
) -> None:
    assert must(change(yuyao), "large-clusters-2020").severity == severity


def without(plan: Plan, *ids: str) -> Plan:
    return replace(plan, targets=tuple(t for t in plan.targets if t.id not in ids))


def test_clusters_without_a_total_are_added_up_and_counted(yuyao: Plan) -> None:
    plan = without(yuyao, "total-output-2020")
    room = must(plan, "cluster-room-2025")
    assert (room.severity, room.fields["sum"]) == ("gap", 2300)
    large = must(plan, "large-clusters-2025")
    assert (large.severity, large.code) == ("tension", "large_clusters_few")


def test_nearly_allows_less_and_at_least_allows_more(yuyao: Plan) -> None:
    rows = {t.id: t for t in yuyao.targets}
    nearly = stated(rows["optoelectronics-output-2025"], yuyao)  # 接近1000
    assert (nearly.low, nearly.high) == pytest.approx((899.5, 1000.0))
    more = stated(rows["robotics-output-2025"], yuyao)  # 突破400
    assert (more.low, more.high) == (399.5, math.inf)
    assert more.closed().high == 400.5


def test_shares_of_one_whole_overlap_whatever_they_are_made_of() -> None:
    finding = must(load("yuyao-2020"), "overlapping-shares-2022")
    assert finding.fields["sum"] == pytest.approx(65 + 55)


def test_shares_of_another_place_do_not_overlap() -> None:
    """Each field of Yinzhou has its share of the same field of the whole city."""
    assert found(load("yinzhou-2017"), "overlapping-shares-2019") is None


def test_jobs_follow_from_levels_of_productivity() -> None:
    finding = must(load("shaoxing-2016"), "jobs-2025")
    assert finding.fields["jobs"] == pytest.approx(100 * (1.06 / (35 / 28) ** 0.2 - 1))
    rising = must(load("shaoxing-2016"), "jobs-2025", prices=0.02).fields["jobs"]
    assert rising == pytest.approx(100 * (1.06 * 1.02 / (35 / 28) ** 0.2 - 1))


def test_levels_are_held_against_a_growth_that_restates_them() -> None:
    finding = must(load("shaoxing-2016"), "implied-growth-productivity-2020")
    assert (finding.code, finding.severity) == ("growth_agrees", "note")
    assert finding.fields["real"] == pytest.approx(100 * ((28 / 20.3) ** 0.2 - 1))


def test_what_stays_flat_without_a_stated_growth() -> None:
    plan = load("yinzhou-2017")
    energy = must(plan, "energy-use-2019")
    assert energy.fields["flat"] == pytest.approx(100 * (0.85 ** (-1 / 3) - 1))
    assert must(plan, "jobs-2019").severity == "gap"
    patents = must(plan, "harder-by-growth-patents-per-revenue-2019")
    assert patents.fields["ratio"] == pytest.approx(100 * ((110 / 62) ** (1 / 3) - 1))


def test_a_yearly_fall_is_a_change_kept_up() -> None:
    finding = must(load("yuyao-2020"), "water-use-2022")
    assert finding.fields["change"] == pytest.approx(100 * (0.92**3 - 1))
    assert finding.fields["flat"] == pytest.approx(100 * (1 / 0.92 - 1))


def test_research_of_firms_sets_the_least_gdp(yuyao: Plan) -> None:
    finding = must(yuyao, "research-gdp-2020")
    assert finding.fields["gdp"] == pytest.approx(1950 * 2.0 / 2.8)


# -- statements ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "severity", "differences"),
    [({"low": 50.0}, "contradiction", ["value"]), ({"year": 2021}, "tension", ["year"]),
     ({"comparator": "approx"}, "note", ["comparator"]),
     ({"indicator_zh": "规上工业新产品产值率"}, "tension", ["scope"]),
     ({"indicator_zh": "规上企业新产品产值率"}, "note", ["wording"])],
)  # fmt: skip
def test_what_a_restatement_changes(
    yuyao: Plan, changes: dict[str, object], severity: str, differences: list[str]
) -> None:
    first = next(t for t in yuyao.targets if t.id == "new-product-rate-2020")
    again = replace(first, id="again", restates=first.id)
    plan = altered(replace(yuyao, targets=(*yuyao.targets, again)), "again", **changes)
    finding = must(plan, "stated-twice-again")
    assert (finding.severity, finding.fields["differences"]) == (severity, differences)


def test_a_goal_stated_twice_without_saying_so(yuyao: Plan) -> None:
    first = next(t for t in yuyao.targets if t.id == "va-rate-2020")
    plan = replace(yuyao, targets=(*yuyao.targets, replace(first, id="again", low=22.0)))
    assert must(plan, "stated-twice-again").severity == "contradiction"


def test_little_is_much_where_little_is_left() -> None:
    """From 94.9 to 98 % is most of what was left; from 94.5 to 95 of an index is nothing."""
    plan = load("yinzhou-2017")
    assert found(plan, "almost-still-solid-waste-use-2019") is None
    assert must(plan, "almost-still-integration-2019").severity == "note"


def test_shares_slow_down_in_points_and_amounts_in_growth(yuyao: Plan) -> None:
    finding = must(yuyao, "pace-va-rate-2025")
    assert (finding.fields["early"], finding.fields["late"]) == pytest.approx((0.54, 0.2))
    based = altered(yuyao, "robotics-output-2020", base_year=2015, base_value=100.0)
    steady = altered(based, "robotics-output-2025", low=450.0)
    assert found(steady, "pace-robotics-output-2025") is None
    halted = altered(based, "robotics-output-2025", low=210.0)
    assert must(halted, "pace-robotics-output-2025").code == "pace_growth"


@pytest.mark.parametrize("dated", ["2016-10-26", "2016年10月", "2016/10"])
def test_however_the_date_is_written(yuyao: Plan, dated: str) -> None:
    plan = replace(yuyao, plan=replace(yuyao.plan, dated=dated))
    assert must(plan, "soon-boilers-2017").fields["months"] == 14


# -- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", shipped())
def test_every_finding_has_a_sentence_figures_and_lines(name: str, lang: str) -> None:
    plan = load(name)
    records = finding_records(name, {p: check(Book(plan), p) for p in (-0.02, 0.02)}, lang)
    assert len(records) > 40
    assert all(record["message"] and record["figures"] and record["lines"] for record in records)
    assert len({(record["finding"], record["prices"]) for record in records}) == len(records)
    strange = {"inf", "−inf", "nan", "None", *(t.id for t in plan.targets)}
    words = re.compile(r"[^\s:：()（）;；,，]+")
    assert [r["message"] for r in records if strange & {*words.findall(r["message"])}] == []


def test_a_source_without_a_document_is_named_as_it_is(yuyao: Plan) -> None:
    plan = altered(yuyao, "va-rate-2025", source="规划第3页")
    assert "规划第3页" in must(plan, "pace-va-rate-2025").lines.split("; ")
