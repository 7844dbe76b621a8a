"""Keeping score: scores of known truth, and what one figure says of a plan."""

import numpy as np
import pytest

import plansim
from plansim.analysis.settle import (
    COLUMNS,
    Settlement,
    brier,
    classes,
    crps,
    settle,
)
from plansim.calibration.hindcast import crps_normal
from plansim.scenarios.outturns import Outturn, Outturns
from plansim.simulator.accounts import Series
from plansim.simulator.errors import InputError

PLAN = plansim.load("yuyao-2016", uncalibrated=True)
LATER = plansim.load("yuyao-2020", uncalibrated=True)
DRAWS = 256


def came(
    indicator: str, year: int, value: float, measure: str = "level", **more: object
) -> Outturn:
    return Outturn(Series(indicator, ""), year, value, measure, "a", **more)  # type: ignore[arg-type]


def of(*outturns: Outturn) -> Settlement:
    return settle(PLAN, Outturns(outturns), draws=DRAWS)


# -- scores of known truth -------------------------------------------------------------------------


def test_crps_of_a_sample_is_that_of_its_law() -> None:
    from scipy.special import ndtri

    sample = 3 + 2 * ndtri((np.arange(20_000) + 0.5) / 20_000)
    for value in (-4.0, 3.0, 5.5):
        wanted = float(crps_normal(np.array([value]), np.array([3.0]), np.array([2.0]))[0])
        assert crps(sample, value) == pytest.approx(wanted, abs=2e-3)


def test_crps_of_one_future_is_the_absolute_error() -> None:
    assert crps(np.full(10, 4.0), 7.0) == pytest.approx(3.0)


def test_brier_and_reliability_count_what_came() -> None:
    rows = of(
        came("va_rate", 2020, 0.19), came("total_output", 2020, 2200.0),
        came("high_tech_share", 2020, 0.60),
    ).rows  # fmt: skip
    assert [row.met for row in rows] == [False, True, True]
    score = brier(rows, "verdict")
    said = np.array([row.verdict for row in rows], dtype=float)
    assert score is not None
    assert score.score == pytest.approx(float(((said - [0, 1, 1]) ** 2).mean()))
    assert score.expected == pytest.approx(float((said * (1 - said)).mean()))
    found = list(classes(rows, "verdict"))
    assert sum(one.number for one in found) == 3
    assert sum(one.met for one in found) == 2
    assert all(one.low <= one.said <= one.high for one in found)


def test_a_circular_target_has_no_inside_view_to_score() -> None:
    (row,) = of(came("total_output", 2020, 2200.0)).rows
    assert row.circular
    assert row.inside is None
    assert brier([row], "inside") is None
    assert row.verdict == row.outside
    (early,) = of(came("total_output", 2019, 1766.0)).rows
    assert (early.status, early.inside) == ("early", None)
    assert early.circular == row.circular
    assert early.percentile > 0


# -- one figure ------------------------------------------------------------------------------------


def test_hit_and_miss_are_by_the_goals_own_comparator() -> None:
    about = [of(came("total_output", 2020, value)).rows[0].met for value in (1851.0, 1855.0)]
    assert about == [False, True]  # about 1950: five per cent less will do
    fall = settle(
        PLAN,
        Outturns(
            (
                Outturn(Series("energy_intensity", ""), 2020, -0.17, "worded", "a",
                        target="energy-intensity-2020"),
            )
        ),
        draws=DRAWS,
    )  # fmt: skip
    assert fall.rows[0].met
    assert fall.rows[0].value == pytest.approx(-17)


def test_a_settled_row_says_what_run_says() -> None:
    found = of(came("va_rate", 2020, 0.215))
    verdict = next(v for v in plansim.run(PLAN, draws=DRAWS).verdicts if v.target == "va-rate-2020")
    (row,) = found.rows
    assert row.status == "settled"
    assert (row.inside, row.outside, row.verdict) == (
        verdict.inside, verdict.outside, verdict.probability,
    )  # fmt: skip
    assert (row.p05, row.p50, row.p95) == pytest.approx((verdict.p05, verdict.p50, verdict.p95))
    assert row.crps_last == pytest.approx(21.5 - 18.3)


def test_an_earlier_year_is_held_against_the_next_goal_and_bears_no_verdict() -> None:
    (row,) = of(came("va_rate", 2019, 0.223, sd=0.005)).rows
    assert (row.status, row.target, row.met) == ("early", "va-rate-2020", True)
    assert row.verdict is None
    assert row.outside is None
    assert row.in_goal_year is not None
    assert row.percentile_low < row.percentile < row.percentile_high
    (after,) = of(came("va_rate", 2022, 0.223)).rows
    assert after.target == "va-rate-2025"


def test_growth_of_all_years_is_read_as_their_average() -> None:
    rates = {2016: 0.06, 2017: 0.08, 2018: 0.107, 2019: 0.04, 2020: 0.03}
    found = of(*(came("value_added", year, g, "growth") for year, g in rates.items()))
    (settled,) = found.of("settled")
    average = np.prod([1 + g for g in rates.values()]) ** (1 / 5) - 1
    assert settled.value == pytest.approx(100 * average)
    assert not settled.met
    assert settled.crps_trend == pytest.approx(abs(5.1 - 100 * average))
    alone = of(came("value_added", 2018, 0.107, "growth"))
    (row,) = alone.rows
    assert (row.status, row.unit) == ("series", "%")
    assert row.met is None
    assert [one.rival for one in alone.skills] == ["last", "trend"]


def test_what_restates_a_goal_is_not_counted_twice() -> None:
    found = of(came("new_product_rate", 2020, 0.41))
    assert [row.target for row in found.rows] == ["new-product-rate-2020"]


def test_a_percentile_is_the_share_of_futures_below() -> None:
    result = plansim.run(PLAN, draws=DRAWS)
    place = result.series.index(Series("va_rate", ""))
    futures = result.kept.paths[4, place]
    for share in (0.1, 0.5, 0.9):
        (row,) = of(came("va_rate", 2019, float(np.quantile(futures, share)))).rows
        assert row.percentile == pytest.approx(100 * share, abs=0.3)
        assert row.within


# -- together --------------------------------------------------------------------------------------


def test_a_later_plan_settles_the_rate_of_2019() -> None:
    found = settle(PLAN, by=[LATER], draws=DRAWS)
    rate = next(row for row in found.rows if row.indicator == "va_rate")
    assert (rate.year, rate.scope) == (2019, "all")
    assert rate.met
    assert 0 < rate.percentile < 100
    assert repr(found) == "Settlement(yuyao-2016, 2 figures; 0 settled, 2 on their way)"
    table = found.to_frame("en")
    assert list(table.columns) == [*COLUMNS, "name"]
    assert len(table) == len(found.rows)


def test_a_file_goes_before_a_later_plan() -> None:
    found = settle(PLAN, Outturns((came("va_rate", 2019, 0.2),)), [LATER], draws=DRAWS)
    rates = [row for row in found.rows if row.indicator == "va_rate"]
    assert [row.source for row in rates] == ["a"]
    assert {row.indicator for row in found.rows} == {"va_rate", "total_output"}


def test_there_must_be_something_to_settle() -> None:
    with pytest.raises(InputError) as problem:
        settle(PLAN, draws=DRAWS)
    assert [fault.code for fault in problem.value.faults] == ["settles_nothing"]


def test_settling_changes_no_bit_of_a_run() -> None:
    before = plansim.run(PLAN, draws=DRAWS).verdicts
    settle(PLAN, by=[LATER], draws=DRAWS)
    assert plansim.run(PLAN, draws=DRAWS).verdicts == before
