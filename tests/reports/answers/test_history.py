"""Histories as they are shown: the contract's columns, words for what decides, a picture."""

import io

import numpy as np
import pytest
from matplotlib.image import imread

from plansim.calibration.curves import FORMS
from plansim.calibration.histories import fitted_histories
from plansim.reports.answers import history as told
from plansim.reports.pictures.history_picture import history_picture
from plansim.scenarios.history import Observation
from plansim.scenarios.load import load

CONTRACT = (
    "quantity", "subject", "unit", "points", "first", "last", "status", "data_weight",
    *FORMS, "year", "p05", "p50", "p95",
)  # fmt: skip


@pytest.fixture(scope="module")
def plan():
    return load("yuyao-2016")


@pytest.fixture(scope="module")
def histories(plan):
    def seen(quantity, year, value, measure="level", subject="", unit="亿元", scale=1.0):
        return Observation(
            quantity, subject, year, value, measure, None, "made", 2, "flow", unit, scale
        )

    waves = 0.02 * np.sin(np.arange(10.0))
    total = [
        seen("total_output", 2006.0 + i, 800 * 1.07**i * float(np.exp(w)))
        for i, w in enumerate(waves)
    ]
    others = [
        seen("value_added", 2015.0, 0.051, "growth", unit="%", scale=0.01),
        seen("output", 2016.5, 20.0, subject="robotics"),
        seen("output", 2015.0, 36.0, subject="robotics"),
        seen("va_rate", 2015.0, 0.183, unit="%", scale=0.01),
        seen("new_product_rate", 2014.0, 0.34, unit="%", scale=0.01),
        seen("new_product_rate", 2015.0, 0.366, unit="%", scale=0.01),
    ]
    return fitted_histories(plan, [*total, *others])


def test_records_have_the_columns_of_the_contract(plan, histories):
    assert told.COLUMNS == CONTRACT
    records = told.history_records(plan, histories)
    assert {tuple(record) for record in records} == {CONTRACT}
    total = records[0]
    assert (total["points"], total["first"], total["last"]) == (10, 2006.0, 2015.0)
    assert (total["status"], total["data_weight"], total["year"]) == ("fitted", 1.0, 2020)
    assert sum(total[curve] for curve in FORMS) == pytest.approx(1.0)
    assert total["p05"] < total["p50"] < total["p95"]
    added = [r for r in records if r["quantity"] == "value_added"]
    assert [(r["unit"], r["year"]) for r in added] == [("index", 2020), ("index", 2025)]
    assert added[0]["p50"] == pytest.approx(105.1 * 1.019**5, rel=0.05)
    (single,) = [r for r in records if r["quantity"] == "va_rate"]
    assert (single["status"], single["year"], single["p50"]) == ("single", None, None)
    assert {r["subject"] for r in records if r["quantity"] == "output"} == {"Robotics"}


def test_a_row_says_what_decides_beside_the_goal(plan, histories):
    table = told.history_table(plan, histories, "en")
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    total, added, robots, single, unknown = rows
    assert total["curves"].split(" ")[0] in ("exponential", "logistic", "Gompertz")
    assert (total["decided"], total["goal"]) == ("the history", "2020: about 1950 亿元")
    assert added["unit"] == "index, 2014 = 100"
    assert added["decided"] == "too short: the reference class decides (the history weighs 3%)"
    assert (robots["history"], robots["points"]) == ("output of Robotics", "2: 2015 … 2016H1")
    assert robots["goal"] == "2020: 200 亿元; 2025: at least 400 亿元"
    assert "nothing of growth" in single["decided"]
    assert "own trend" in unknown["decided"]
    assert (unknown["forecast"], unknown["goal"]) == ("", "2020: 40 %; 2025: 43 %")


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", ("gross industrial output", "too short", "Forecasts average")),
     ("zh", ("规上工业总产值", "机器人产值", "太短", "预测按权重"))],
)  # fmt: skip
def test_everything_is_said_in_the_language_asked_for(plan, histories, lang, words):
    table = told.history_table(plan, histories, lang)
    text = " ".join([*(cell for row in table.rows for cell in row), *told.closing(histories, lang)])
    assert all(word in text for word in words)
    assert told.heading(histories, lang) == []


def test_a_plan_without_a_history_is_told_where_it_goes():
    (line,) = told.heading((), "en")
    assert "history.csv" in line
    assert told.closing((), "en") == []


def test_the_picture_is_drawn_and_repeats(plan, histories):
    raw = history_picture(plan, histories, "en", ".png")
    assert raw == history_picture(plan, histories, "en", ".png")
    assert b"plansim" in raw[:4096]
    image = imread(io.BytesIO(raw))
    blue = (image[..., 2] > 0.6) & (image[..., 0] < 0.1) & (np.abs(image[..., 1] - 0.447) < 0.05)
    orange = (image[..., 0] > 0.8) & (image[..., 2] < 0.1)
    assert blue.sum() > 200  # the medians
    assert orange.sum() > 100  # the goals


def test_the_picture_is_drawn_in_chinese_and_as_lines(plan, histories):
    svg = history_picture(plan, histories[1:3], "zh", ".svg")
    assert svg == history_picture(plan, histories[1:3], "zh", ".svg")
    assert svg.startswith(b"<?xml")
    assert b"#0072b2" in svg
