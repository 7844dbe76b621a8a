"""Plans side by side: the same indicators, common years, ranks, differences that are named."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from plansim.reports.answers.check import standing_records, standing_table
from plansim.scenarios.compare import Standing, side_by_side
from plansim.scenarios.load import load
from plansim.simulator.plan import Plan, Target


@pytest.fixture(scope="module")
def yuyao() -> Plan:
    return load("yuyao-2016")


def twin(plan: Plan, name: str = "other", **lows: float) -> Plan:
    """The same plan under another name, with other goals: va_rate_2025=25."""

    def moved(target: Target) -> Target:
        low = lows.get(target.id.replace("-", "_"))
        return target if low is None else replace(target, low=low)

    identity = replace(plan.plan, id=name)
    return replace(plan, plan=identity, targets=tuple(moved(t) for t in plan.targets))


def of(standings: Iterable[Standing], indicator: str) -> dict[str, Standing]:
    return {s.plan: s for s in standings if s.indicator == indicator}


def test_the_faster_plan_ranks_first(yuyao: Plan) -> None:
    rate = of(side_by_side([yuyao, twin(yuyao, va_rate_2025=25.7)]), "va_rate")
    assert (rate["other"].rank, rate["yuyao-2016"].rank) == (1, 2)
    assert rate["yuyao-2016"].in_points
    assert rate["yuyao-2016"].pace == pytest.approx((0.22 - 0.183) / 10)


def test_equals_share_a_rank(yuyao: Plan) -> None:
    assert {s.rank for s in side_by_side([yuyao, twin(yuyao)])} == {1}


def test_falls_are_ranked_by_how_fast_they_fall(yuyao: Plan) -> None:
    energy = of(side_by_side([yuyao, twin(yuyao, energy_intensity_2025=-40)]), "energy_intensity")
    assert (energy["other"].rank, energy["yuyao-2016"].rank) == (1, 2)
    assert energy["other"].pace == pytest.approx(0.6**0.1 - 1)


def test_stated_growth_is_followed_over_all_its_periods(yuyao: Plan) -> None:
    growth = of(side_by_side([yuyao, load("shaoxing-2016")]), "value_added")["shaoxing-2016"]
    assert (growth.first, growth.last) == (2015, 2025)
    assert growth.pace == pytest.approx((1.065**5 * 1.06**5) ** 0.1 - 1)


def test_levels_grow_steadily_between_stated_years(yuyao: Plan) -> None:
    """On the years of Yinzhou the pace of Yuyao is the one that its own figures state."""
    patents = of(side_by_side([yuyao, load("yinzhou-2017")]), "patents_per_revenue")["yuyao-2016"]
    assert (patents.first, patents.last) == (2016, 2019)
    assert patents.pace == pytest.approx((110 / 65.3) ** 0.2 - 1)


def test_a_share_is_the_same_whether_made_of_clusters_or_of_the_city(yuyao: Plan) -> None:
    shares = of(side_by_side([yuyao, load("yuyao-2020")]), "high_tech_share")
    assert shares.keys() == {"yuyao-2016", "yuyao-2020"}


def test_a_single_level_is_shown_without_pace_and_rank(yuyao: Plan) -> None:
    research = of(side_by_side([yuyao, load("yinzhou-2017")]), "rd_to_gdp")["yuyao-2016"]
    assert (research.rank, research.pace, research.before) == (None, None, None)
    assert research.last == 2020
    assert research.after == pytest.approx(0.028)


def test_differences_of_definition_are_named(yuyao: Plan) -> None:
    standings = list(side_by_side([yuyao, load("shaoxing-2016")]))
    said = {(r["indicator"], r["plan"]): r["differs"] for r in standing_records(standings, "en")}
    assert said["producer_services", "yuyao-2016"] == "of 服务业增加值"
    assert said["producer_services", "shaoxing-2016"] == "of GDP"
    assert said["labour_productivity", "shaoxing-2016"] == "规上企业; level; current prices"
    assert said["va_rate", "yuyao-2016"] == ""


def test_the_table_names_every_indicator_once(yuyao: Plan) -> None:
    standings = list(side_by_side([yuyao, load("yinzhou-2017"), load("shaoxing-2016")]))
    table = standing_table(standings, "en")
    headings = [row[0] for row in table.rows if not any(row[1:])]
    assert len(headings) == len({s.indicator for s in standings})
    assert len(table.rows) == len(headings) + len(standings)
