"""A calibration as it is shown: the contract's columns, both languages, honest sentences."""

from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

from plansim.calibration.posterior import Posterior, posterior
from plansim.reports.answers import calibrate as told
from plansim.reports.words.calibrations import run_heading, run_warning
from plansim.scenarios.history import Observation
from plansim.scenarios.load import load
from plansim.simulator.plan import Calibration
from plansim.store.calibrations import Stored

CONTRACT = (
    "path", "unit", "origin", "prior_p05", "prior_p50", "prior_p95", "posterior_p05",
    "posterior_p50", "posterior_p95", "moved", "spread", "by",
)  # fmt: skip
GROWTH = Observation("value_added", "", 2025.0, 0.051, "growth", None, "m", 2, "flow", "%", 0.01)
HALF = Observation("output", "electronics", 2026.5, 150.0, "level", 4.0, "m", 3, "flow", "亿元")
ENERGY = Observation(
    "clusters.machinery.energy", "", 2025.0, 0.4, "level", 0.02, "m", 4, "rate", "tce/万元"
)


@cache
def result() -> Posterior:
    plan = load(str(files("plansim.scenarios") / "template"))
    old = replace(GROWTH, year=2010.0, line=5)
    return posterior(plan, [GROWTH, HALF, ENERGY, old], 2048)


def test_records_have_the_columns_of_the_contract() -> None:
    assert told.COLUMNS == CONTRACT
    records = told.figure_records(result())
    assert {tuple(record) for record in records} == {CONTRACT}
    assert len(records) == len(result().figures)
    energy = next(r for r in records if r["path"] == "clusters.machinery.energy.base")
    assert energy["by"] == "observations"
    assert energy["posterior_p50"] > energy["prior_p95"] > energy["prior_p50"]


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("value added (real), growth", "2026, first half", "output of Electronics",
                "energy per output of Machinery", "prior-dominated", "1 observations were left",
                "Out of line", "A run goes on from 20")),
        ("zh", ("规上工业增加值增速", "2026 年上半年", "电子信息", "先验主导", "1 个观察值未采用",
                "与规划不符", "模拟从最后观察到的")),
    ],
)  # fmt: skip
def test_everything_is_said_in_the_language_asked_for(lang: str, words: tuple[str, ...]) -> None:
    tables = told.tables(result(), lang)
    cells = [cell for table in tables for row in table.rows for cell in row]
    text = " | ".join([*told.heading(result(), lang), *cells, *told.closing(result(), lang)])
    assert "{" not in text
    for word in words:
        assert word in text, word


def test_values_are_in_the_unit_they_were_written_in() -> None:
    checks = told.check_table(result(), "en")
    growth, half, energy = (dict(zip(checks.columns, row, strict=True)) for row in checks.rows)
    assert growth["seen_value"] == "5.1 %"
    assert half["seen_value"] == "150 亿元"
    assert energy["expected_after"].startswith(("0.3", "0.4"))
    assert float(half["expected_before"].split()[0]) == pytest.approx(150, abs=15)
    figures = told.figure_table(result(), "en")
    assert any("tce/万元" in cell for row in figures.rows for cell in row)


def test_growth_that_no_observation_told_is_called_prior_dominated() -> None:
    alone = posterior(result().plan, [GROWTH], 1024)
    lines = told.closing(alone, "en")
    assert any(line.startswith("Growth stays prior-dominated") for line in lines)
    assert not any("A run goes on" in line for line in lines)
    many = [replace(GROWTH, year=2025.0 - n, value=0.15, sd=0.001, line=n) for n in range(4)]
    moved = posterior(result().plan, many, 2048)
    assert any(line.startswith("Trends that were told") for line in told.closing(moved, "en"))


def test_a_rough_or_broken_fit_is_called_so() -> None:
    rough = replace(result(), share=0.2)
    assert any(line.startswith("Only ") for line in told.closing(rough, "en"))
    broken = replace(result(), converged=False)
    assert any(line.startswith("Not converged") for line in told.closing(broken, "en"))
    bare = replace(result(), checks=())
    assert len(told.closing(bare, "en")) == 2


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_run_says_what_it_draws_by_and_what_it_ignores(lang: str) -> None:
    nothing = Calibration((), (), (), ())
    found = Stored(Path("my.json"), "p", "plan", (), "h", "", "h", 3, "2026-11-22", nothing)
    heading = run_heading(found, lang)
    assert "my.json" in heading
    assert "3" in heading
    for reason in ("plan", "history", "figures"):
        warning = run_warning(found, reason, [f"clusters.c{n}.x" for n in range(9)], lang)
        assert "my.json" in warning
        assert ("(+4)" in warning) == (reason == "figures")
