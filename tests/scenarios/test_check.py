"""The plan's own arithmetic: identities by hand, planted contradictions, sound figures alone."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.book import Book, Interval, exactly, follow, rounded
from scenarios.check import Finding, check
from scenarios.compare import side_by_side
from scenarios.load import load
from scenarios.words import LANGUAGES
from simulator.plan import Plan, Target


@pytest.fixture(scope="module")
def yuyao() -> Plan:
    return load("yuyao-2016")


def altered(plan: Plan, target: str, **changes: object) -> Plan:
    assert any(t.id == target for t in plan.targets)
    rows = (replace(t, **changes) if t.id == target else t for t in plan.targets)  # type: ignore[arg-type]
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
    still = must(yuyao, "implied-base-output-2020").fields["base"]
    rising = must(yuyao, "implied-base-output-2020", prices=0.02).fields["base"]
    assert rising == pytest.approx(still / 1.02**5)  # type: ignore[operator]


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


@pytest.mark.parametrize(("percent", "severity"), [(14.9, "note"), (20.0, "contradiction")])
def test_stated_growth_is_held_against_levels(yuyao: Plan, percent: float, severity: str) -> None:
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


def test_clusters_that_exceed_the_total_contradict(yuyao: Plan) -> None:
    plan = altered(yuyao, "robotics-output-2020", low=1900.0)
    assert must(plan, "cluster-room-2020").severity == "contradiction"


def test_a_goal_due_before_the_document(yuyao: Plan) -> None:
    plan = altered(yuyao, "boilers-2017", year=2016)
    assert must(plan, "too-late-boilers-2017").severity == "tension"
    assert found(yuyao, "too-late-boilers-2017") is None


def test_gross_output_as_part_of_value_added(yuyao: Plan) -> None:
    words = "高新技术产业产值占规上工业增加值比重"
    plan = altered(yuyao, "high-tech-share-2020", indicator_zh=words)
    assert must(plan, "gross-in-value-added-high-tech-share-2020").severity == "contradiction"
    assert not [f for f in check(Book(yuyao)) if f.code == "gross_in_value_added"]


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


def test_every_finding_has_a_sentence_and_lines(yuyao: Plan) -> None:
    from reports.findings import finding_records

    for lang in LANGUAGES:
        records = finding_records("yuyao-2016", {0.0: check(Book(yuyao))}, lang)
        assert len(records) > 40
        assert all(record["message"] and record["lines"] for record in records)
        assert len({record["finding"] for record in records}) == len(records)


# -- plans side by side ----------------------------------------------------------------------------


def renamed(plan: Plan, name: str, factor: float) -> Plan:
    def faster(target: Target) -> Target:
        if target.id != "va-rate-2025" or target.low is None:
            return target
        return replace(target, low=18.3 + factor * (target.low - 18.3))

    identity = replace(plan.plan, id=name)
    return replace(plan, plan=identity, targets=tuple(faster(t) for t in plan.targets))


def test_the_faster_plan_ranks_first(yuyao: Plan) -> None:
    standings = list(side_by_side([yuyao, renamed(yuyao, "other", 2.0)]))
    rate = {s.plan: s for s in standings if s.indicator.startswith("value_added/nominal")}
    assert rate["other"].rank == 1
    assert rate["yuyao-2016"].rank == 2
    assert rate["yuyao-2016"].in_points
    assert rate["yuyao-2016"].pace == pytest.approx((0.22 - 0.183) / 10)


def test_falls_are_ranked_by_how_fast_they_fall(yuyao: Plan) -> None:
    other = altered(renamed(yuyao, "other", 1.0), "energy-intensity-2020", low=-30.0)
    energy = {s.plan: s for s in side_by_side([yuyao, other]) if s.indicator.startswith("energy")}
    assert energy["other"].rank == 1
    assert energy["other"].pace == pytest.approx(0.7**0.2 - 1)
