"""The reference class answers what its tables hold, and nothing beyond them."""

import csv
from dataclasses import FrozenInstanceError
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plansim.calibration.precedents import QUANTITIES
from plansim.calibration.reference import Percentile, percentile, share_below
from plansim.simulator.plan import REFERENCES

HORIZONS = (1, 3, 5, 10)


def table(name):
    with (files("plansim.calibration") / "data" / name).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


ROWS = table("growth_quantiles.csv")
SHOCKS = {row["name"]: row for row in table("shocks.csv")}
PAIRS = sorted({(row["class"], row["quantity"]) for row in ROWS})
US = sorted({row["quantity"] for row in ROWS if row["class"] == "us_industries"})

quantities = st.sampled_from(US)
horizons = st.floats(1.0, 10.0)
values = st.floats(-3.0, 3.0)


def test_every_quantity_that_a_plan_may_name_is_tabulated() -> None:
    assert set(REFERENCES) == {*US, *QUANTITIES}


def test_the_share_below_is_that_of_us_industries_or_nothing() -> None:
    known = percentile("output_growth", 5, 0.018).share_below
    assert share_below("output_growth", 5, 0.018) == known
    assert share_below("output_growth", 40, 0.018) is None
    assert share_below("no_such_quantity", 5, 0.018) is None


@given(quantities, horizons, values, values)
def test_monotone_in_value(quantity, horizon, left, right):
    low, high = sorted((left, right))
    below = percentile(quantity, horizon, low, "us_industries")
    above = percentile(quantity, horizon, high, "us_industries")
    assert below.share_below <= above.share_below


@given(st.sampled_from(PAIRS), st.floats(1.0, 5.0), values)
def test_interval_holds_the_share_and_stays_a_share(pair, horizon, value):
    reference_class, quantity = pair
    found = percentile(quantity, horizon, value, reference_class)
    assert 0.0 <= found.low <= found.share_below <= found.high <= 1.0


@pytest.mark.parametrize("pair", PAIRS)
def test_tabulated_quantiles_come_back_exactly(pair):
    for row in ROWS:
        if (row["class"], row["quantity"]) == pair:
            found = percentile(pair[1], int(row["horizon"]), float(row["value"]), pair[0])
            assert found.share_below == float(row["quantile"])
            assert found.windows == int(row["windows"])
            assert found.industries == int(row["industries"])
            assert not found.censored


@given(quantities, horizons, values)
def test_horizon_lies_between_its_neighbours(quantity, horizon, value):
    before = max(h for h in HORIZONS if h <= horizon)
    after = min(h for h in HORIZONS if h >= horizon)
    ends = [percentile(quantity, h, value, "us_industries").share_below for h in (before, after)]
    share = percentile(quantity, horizon, value, "us_industries").share_below
    assert min(ends) - 1e-12 <= share <= max(ends) + 1e-12


def test_horizon_is_linear_in_the_quantiles():
    cut = {
        row["horizon"]: float(row["value"])
        for row in ROWS
        if (row["class"], row["quantity"]) == ("us_industries", "output_growth")
        and row["quantile"] == "0.9"
    }
    middle = (cut["3"] + cut["5"]) / 2
    assert percentile("output_growth", 4, middle, "us_industries").share_below == pytest.approx(0.9)


def test_beyond_the_table_is_said():
    above = percentile("output_growth", 5, 2.0, "us_industries")
    below = percentile("output_growth", 5, -0.9, "us_industries")
    assert (above.share_below, above.high, above.censored) == (0.999, 1.0, True)
    assert (below.share_below, below.low, below.censored) == (0.001, 0.0, True)


def test_longer_windows_are_fewer_observations():
    widths = []
    for horizon in HORIZONS:
        found = percentile("va_rate_change", horizon, 0.0, "us_industries")
        widths.append(found.high - found.low)
    assert widths == sorted(widths)


@pytest.mark.parametrize(
    ("quantity", "value", "share", "tolerance"),
    [
        ("output_growth", -0.053, 0.10, 0.01),
        ("output_growth", 0.018, 0.50, 0.01),
        ("output_growth", 0.085, 0.90, 0.01),
        ("va_rate_change", -0.058, 0.10, 0.01),
        ("va_rate_change", 0.001, 0.50, 0.01),
        ("va_rate_change", 0.057, 0.90, 0.01),
        ("energy_intensity_change", -0.30, 0.10, 0.01),
        ("energy_intensity_change", -0.01, 0.50, 0.01),
        ("energy_intensity_change", 0.38, 0.90, 0.01),
        ("nominal_output_growth", 2.0**0.2 - 1, 1 - 0.055, 0.005),
        ("nominal_output_growth", 2.5**0.2 - 1, 1 - 0.015, 0.002),
        ("nominal_output_growth", 3.3**0.2 - 1, 1 - 0.003, 0.001),
    ],
)
def test_known_figures_of_five_years(quantity, value, share, tolerance):
    found = percentile(quantity, 5, value, "us_industries")
    assert found.share_below == pytest.approx(share, abs=tolerance)


def test_chinese_boom_is_another_class():
    fifteen = {
        name: percentile("output_growth", 5, 0.15, name).share_below
        for name in ("us_industries", "chinese_sectors", "chinese_sectors_since_2010")
    }
    assert fifteen["chinese_sectors"] < 0.8
    assert fifteen["chinese_sectors_since_2010"] >= 0.9
    assert fifteen["us_industries"] > 0.95


@pytest.mark.parametrize(
    ("quantity", "horizon", "value", "reference_class", "said"),
    [
        ("output_growth", 0.5, 0.1, "us_industries", "horizon_years"),
        ("output_growth", 11, 0.1, "us_industries", "horizon_years"),
        ("output_growth", float("nan"), 0.1, "us_industries", "horizon_years"),
        ("output_growth", 10, 0.1, "chinese_sectors_since_2010", "horizon_years"),
        ("output_growth", 5, float("nan"), "us_industries", "value"),
        ("energy_intensity_change", 5, -0.2, "chinese_sectors", "no reference class"),
        ("output_growth", 5, 0.1, "cities", "no reference class"),
    ],
)
def test_refused(quantity, horizon, value, reference_class, said):
    with pytest.raises(ValueError, match=said):
        percentile(quantity, horizon, value, reference_class)


def test_percentile_is_frozen():
    found = percentile("output_growth", 5, 0.1, "us_industries")
    assert isinstance(found, Percentile)
    with pytest.raises(FrozenInstanceError):
        found.share_below = 0.5


@pytest.mark.parametrize("name", ["growth_quantiles.csv", "shocks.csv", "chinese_sectors.csv"])
def test_tables_have_lf_line_ends(name):
    raw = (files("plansim.calibration") / "data" / name).read_bytes()
    assert b"\r" not in raw
    assert raw.endswith(b"\n")


@pytest.mark.parametrize("horizon", HORIZONS)
def test_recommended_pair_reproduces_the_measured_spread(horizon):
    measured = float(SHOCKS[f"output_spread_{horizon}"]["value"])
    simulated = float(SHOCKS[f"output_spread_{horizon}_simulated_fit"]["value"])
    assert simulated == pytest.approx(measured, rel=0.03)


def test_effective_shock_reproduces_five_years():
    measured = float(SHOCKS["output_spread_5"]["value"])
    simulated = float(SHOCKS["output_spread_5_simulated_effective"]["value"])
    assert simulated == pytest.approx(measured, rel=0.01)


def test_shock_intervals_hold_their_values():
    for row in SHOCKS.values():
        if row["low"]:
            assert float(row["low"]) <= float(row["value"]) <= float(row["high"]), row["name"]


def test_chinese_sectors_are_complete():
    rows = table("chinese_sectors.csv")
    assert len(rows) == 19
    assert all(all(row.values()) for row in rows)
    assert all(0.0 < float(row["va_rate_2010_2015"]) < 1.0 for row in rows)
