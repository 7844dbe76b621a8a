"""The derivation finds what was put in."""

import numpy as np
import pytest

from plansim.benchmarks import derive


def test_nothing_after_2015_is_read(tmp_path):
    path = tmp_path / "cip_va_rate.csv"
    rows = [f"{year}," + ",".join(["0.2"] * 19) for year in (2014, 2015, 2016, 2017)]
    path.write_text("\n".join([",".join(["", *derive.SECTORS]), *rows]), encoding="utf-8")
    years, panel = derive.read_cip(path)
    assert years.tolist() == [2014, 2015]
    assert panel.shape == (2, 19)


def test_unknown_sectors_are_refused(tmp_path):
    path = tmp_path / "cip_va_rate.csv"
    path.write_text(",AAA\n2015,0.2\n", encoding="utf-8")
    with pytest.raises(ValueError, match="sectors must be"):
        derive.read_cip(path)


def test_trend_spread_is_found_under_noise():
    random = np.random.default_rng(1)
    own = 0.02 * random.standard_normal(2000) + 0.1 * random.standard_normal((53, 2000))
    assert derive.trend_spread(own) == pytest.approx(0.02, rel=0.06)
    assert derive.trend_spread_halves(own) == pytest.approx(0.02, rel=0.10)


def test_no_trend_gives_no_spread():
    own = 0.1 * np.random.default_rng(1).standard_normal((53, 2000))
    assert derive.trend_spread(own) < 0.004


@pytest.mark.parametrize("horizon", derive.HORIZONS)
def test_spread_of_the_model_is_the_spread_of_its_simulation(horizon):
    exact = derive.model_spread(horizon, 0.02, 0.09, 1.0, derive.t_characteristic(6.5))
    assert exact == pytest.approx(derive.simulated_spreads(0.02, 0.09, 6.5)[horizon], rel=0.01)


def test_persistence_is_freed_of_its_bias():
    random = np.random.default_rng(2)
    state = np.zeros((154, 600))
    for year in range(1, 154):
        state[year] = 0.85 * state[year - 1] + random.standard_normal(600)
    measured = derive.persistence(state[-54:])
    assert measured < 0.81
    assert derive.unbiased_persistence(measured, 54) == pytest.approx(0.85, abs=0.02)


def test_freedom_of_student_shocks():
    shocks = np.random.default_rng(3).standard_t(6.0, 40_000) / np.sqrt(1.5)
    assert derive.t_freedom_by_likelihood(shocks) == pytest.approx(6.0, abs=0.6)


def test_quantiles_without_data_beyond_them_are_left_out():
    windows = np.random.default_rng(4).standard_normal((5, 19))
    rows = derive.quantile_rows("class", "quantity", 1, windows, "period")
    assert float(rows[0][3]) * windows.size >= 1.0
    assert rows[0][5:7] == [95, 19]
