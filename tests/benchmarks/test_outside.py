"""Scores of the outside view: nothing is known of what is left out, losses are what they say."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import logit

from plansim.benchmarks.outside import (
    FIRST_ORIGIN,
    Forecast,
    ahead,
    counted,
    forecasts,
    gain_interval,
    line,
    losses,
    reliability,
    said,
    section,
)
from plansim.calibration.fulfilment import ClosedTarget


def row(year: int, met: bool, level: str = "province", **more: Any) -> ClosedTarget:
    base = ClosedTarget(
        f"{year}{level}", level, "binding", "energy", "multi-year", year, "p", f"plan {year}",
        None, met, None, "S1",
    )  # fmt: skip
    return replace(base, **more)


def shares(rows: Sequence[ClosedTarget], pace: bool) -> Mapping[str, np.ndarray]:
    """In place of the fit: the share met, and a shock of a place."""
    met = (sum(r.met for r in rows) + 0.5) / (len(rows) + 1)
    return {"": np.array([logit(met)]), "pace": np.zeros(1), "scale/place": np.array([0.5])}


ROWS = [row(FIRST_ORIGIN - 2 + n % 4, n % 3 > 0, id=str(n), place=f"p{n % 5}") for n in range(24)]


def test_what_is_left_out_teaches_nothing() -> None:
    turned = [replace(r, met=not r.met) if r.year == FIRST_ORIGIN else r for r in ROWS]
    before, after = (
        [one.view for one in forecasts(rows, "year", learn=shares) if one.row.year == FIRST_ORIGIN]
        for rows in (ROWS, turned)
    )
    assert before == after
    assert before


@pytest.mark.parametrize("by", ["year", "plan", "place"])
def test_every_row_is_forecast_once(by: str) -> None:
    found = list(forecasts(ROWS, by, learn=shares))
    assert sorted(one.row.id for one in found) == sorted(r.id for r in ROWS)


def test_a_year_is_forecast_from_earlier_ones_alone() -> None:
    last = max(r.year for r in ROWS)
    turned = [replace(r, met=not r.met) if r.year == last else r for r in ROWS]
    before, after = ([one.view for one in ahead(rows, shares)] for rows in (ROWS, turned))
    assert before == after
    assert {one.row.year for one in ahead(ROWS, shares)} == {FIRST_ORIGIN, FIRST_ORIGIN + 1}


def test_the_mean_is_that_of_the_same_level_and_kind_or_of_all() -> None:
    known = [row(2001, True), row(2002, True), row(2003, False, "nation")]
    out = [row(2004, True), row(2004, True, "nation"), row(2004, True, "abroad")]
    means = [one.mean for one in said(known, out, pace=False, learn=shares)]
    assert means == pytest.approx([2.5 / 3, 0.5 / 2, 2.5 / 4])


def test_losses_are_those_of_the_textbook() -> None:
    log, brier = losses([Forecast(row(2000, True), 0.8, 0.5), Forecast(row(2000, False), 0.8, 0.5)])
    assert log == pytest.approx(-np.log([[0.8, 0.5], [0.2, 0.5]]))
    assert brier == pytest.approx(np.array([[0.04, 0.25], [0.64, 0.25]]))


def test_an_interval_of_one_year_has_no_width_and_more_years_have_some() -> None:
    one = [Forecast(row(2000, n % 2 > 0), 0.6, 0.5) for n in range(6)]
    low, high = gain_interval(one)[0]
    assert low == pytest.approx(high)
    more = [Forecast(row(2000 + n, n % 2 > 0), 0.6, 0.5) for n in range(6)]
    assert np.diff(gain_interval(more)[0])[0] > 0


def test_a_line_says_how_many_targets_and_years_stand_behind_it() -> None:
    found = [Forecast(row(2000 + n % 3, n > 1), 0.6, 0.5) for n in range(7)]
    assert line("here", found).startswith("| here | 7 | 5 | 3 | ")


def test_reliability_counts_every_forecast_once() -> None:
    found = [Forecast(row(2000, True), chance, 0.5) for chance in (0.05, 0.25, 0.3, 0.95)]
    assert sum(int(one.split("|")[2]) for one in reliability(found)) == 4


def test_counts_tell_met_from_counted_as_met() -> None:
    rows = [row(2000, False, reported=True), row(2001, True), row(2001, False, reported=False)]
    assert counted(rows) == [("multi-year", "province", "binding", "energy", 3, 1, 2, "2000 2001")]


def test_the_section_holds_both_horizons() -> None:
    rows = [*ROWS, *(replace(r, horizon="annual", id=f"a{r.id}") for r in ROWS)]
    text = section(rows, shares)
    assert text.count("###") == 2
    assert "years, past pace known, all" in text
