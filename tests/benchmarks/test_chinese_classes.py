"""The classes of Chinese places, from a tiny invented panel: what is counted, what is pooled."""

import csv
from math import log
from pathlib import Path

import numpy as np
import pytest

from plansim.benchmarks.chinese_classes import (
    CHANGES,
    GROWN,
    coverage,
    derive,
    grown,
    independent,
    levels,
    pooled,
    spread,
    windows,
)
from plansim.calibration.precedents import SHAPE, link_of

FIELDS = ("place", "level", "indicator", "year", "value", "note")
PROVINCES = [f"P{n}" for n in range(12)]


def panel(folder: Path) -> Path:
    """Twelve provinces, one sector each, which doubles in five years since 2011; R&D that rises."""
    rows = []
    for n, place in enumerate(PROVINCES):
        for year in range(2011, 2017):
            revenue = 100.0 * 2 ** ((year - 2011) / 5 * (1 if n else 2))
            rows.append((f"{place}|textiles", "sector", "sector_revenue", year, revenue, ""))
        for year in range(2010, 2024):
            share = 1.0 + 0.1 * n + 0.01 * (year - 2010) * (n + 1)
            rows.append((place, "province", "rd_to_gdp", year, share, ""))
            rows.append((place, "province", "gdp_nominal", year, 1000.0 * (n + 1), ""))
    rows.append(("P0", "province", "rd_to_gdp", 2009, 9.0, "FLAG jump"))
    rows.append(("P0", "province", "rd_to_gdp", 2008, 0.0, ""))
    path = folder / "places_panel.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(FIELDS)
        table.writerows(rows)
    return path


def test_windows_of_a_period_and_a_size_are_counted(tmp_path: Path) -> None:
    rows = list(grown(levels(panel(tmp_path), "sector_revenue", "sector")))
    five = [row for row in rows if row[3] == 5]
    assert [row[:5] for row in five] == [("since", 80.0, 200.0, 5, 12)]
    assert [float(m) for m in str(five[0][5]).split()] == [*[2.0] * 11, 4.0]


def test_fewer_than_eight_provinces_are_no_class(tmp_path: Path) -> None:
    revenue = levels(panel(tmp_path), "sector_revenue", "sector")
    seven = {key: v for key, v in revenue.items() if key[0] in {f"P{n}|textiles" for n in range(7)}}
    assert list(grown(seven)) == []


def test_jumps_and_zeros_are_left_out(tmp_path: Path) -> None:
    held = levels(panel(tmp_path), "rd_to_gdp", "province")
    assert min(year for _, year in held) == 2010


def test_drift_and_spread_are_those_of_the_windows(tmp_path: Path) -> None:
    path = panel(tmp_path)
    derive(path, tmp_path)
    with (tmp_path / "chinese_changes.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == CHANGES
    whole = next(row for row in rows if row["years"] == "5" and row["factor"] == "all")
    link = link_of("rd_to_gdp_change")
    moved = np.array(
        [
            link(1.0 + 0.1 * n + 0.01 * (year - 2005) * (n + 1))
            - link(1.0 + 0.1 * n + 0.01 * (year - 2010) * (n + 1))
            for n in range(12)
            for year in range(2010, 2019)
        ]
    )
    assert float(whole["drift"]) == pytest.approx(np.median(moved), abs=1e-4)
    assert float(whole["log_spread"]) == pytest.approx(log(spread(moved)), abs=1e-3)
    assert (int(whole["windows"]), int(whole["provinces"])) == (108, 12)
    assert len(whole["shape"].split()) == len(SHAPE)
    with (tmp_path / "chinese_sectors_grown.csv").open(encoding="utf-8") as stream:
        assert tuple(next(csv.reader(stream))) == GROWN


def test_windows_that_do_not_overlap_are_counted(tmp_path: Path) -> None:
    path = panel(tmp_path)
    gdp = levels(path, "gdp_nominal", "province")
    five = windows("rd_to_gdp_change", levels(path, "rd_to_gdp", "province"), gdp, 5)
    assert len(five) == 108
    assert independent(five, 5) == pytest.approx(12 * 13 / 5)


def test_groups_hold_small_provinces_that_one_class_does_not() -> None:
    """Planted: small provinces move three times as far a year as the others."""
    rng, years = np.random.default_rng(5), range(2010, 2020)
    published, gdp = {}, {}
    for n in range(30):
        walk = np.cumsum(rng.normal(0.0, 0.12 if n < 10 else 0.04, len(years)))
        for year, moved in zip(years, walk, strict=True):
            published[f"P{n}", year] = 2.0 * float(np.exp(moved))
            gdp[f"P{n}", year] = 1000.0 * (n + 1)
    found = coverage("rd_to_gdp_change", published, gdp, 1)
    assert found is not None
    assert found.windows == 270
    assert found.alone[0] < 0.65
    assert found.alone[1] > 0.9
    assert found.pooled == pytest.approx((0.8, 0.8), abs=0.07)


def test_too_few_provinces_are_not_checked(tmp_path: Path) -> None:
    path = panel(tmp_path)
    held = levels(path, "rd_to_gdp", "province")
    eight = {key: v for key, v in held.items() if key[0] in PROVINCES[:8]}
    assert coverage("rd_to_gdp_change", eight, levels(path, "gdp_nominal", "province"), 5) is None


def test_groups_are_drawn_to_all_by_how_little_they_are_known() -> None:
    assert pooled([0.1, -0.1], [1.0, 1.0]) == [0.0, 0.0]
    known, doubtful = pooled([1.0, -1.0], [0.01, 0.5])
    assert 0.9 < known < 1.0
    assert known > -doubtful > 0
