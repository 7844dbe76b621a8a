"""Inputs and their values in words, boxes in sentences, the tornado as a picture."""

from math import inf
from typing import Any

import pytest

from plansim.analysis.discover import Discovery, Found, Restriction
from plansim.analysis.inputs import Input, groups, input_name, units
from plansim.analysis.prim import Count
from plansim.analysis.tornado import Bar, Tornado
from plansim.reports.answers.discover import told
from plansim.reports.answers.sensitivity import share
from plansim.reports.pictures.canvas import studio
from plansim.reports.pictures.tornado import tornado_picture
from plansim.reports.words.causes import (
    condition_words,
    measure,
    value_words,
)
from plansim.scenarios.load import load, shipped
from plansim.simulator.model import Model
from plansim.simulator.naming import name_of
from plansim.simulator.plan import Plan


@pytest.fixture(scope="module")
def yuyao() -> Plan:
    return load("yuyao-2016")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_input_of_every_plan_has_words(name: str, lang: str) -> None:
    model = Model.of(load(name))
    found = groups(model)
    for item in (*found, *units(model, found)):
        words = input_name(model.plan, item, lang)
        assert words
        assert "*" not in words
    for driver in model.drivers:
        assert name_of(model.plan, driver, lang)
        if not driver.startswith("luck/"):
            assert value_words(model.plan, driver, 0.5, lang)


@pytest.mark.parametrize(
    ("name", "value", "en", "zh"),
    [
        ("clusters.alloys.output.trend.rate", 0.0625, "6.25 % a year", "每年 6.25 %"),
        ("clusters.*.energy.trend.rate", -0.02, "−2 % a year", "每年 −2 %"),
        ("city.rd_to_revenue.trend.rate", 0.0005, "0.05 points a year", "每年 0.05 个百分点"),
        ("clusters.robotics.output.base", 64.7, "64.7 亿元", "64.7 亿元"),
        ("clusters.robotics.va_rate.base", 0.21, "21 %", "21 %"),
        ("programmes.listings.queue.stages.tutoring.time", 1.25, "15 months", "15 个月"),
        ("programmes.listings.queue.stages.tutoring.time", 3.0, "3 years", "3 年"),
        ("programmes.listings.queue.stages.tutoring.drop_out", 0.2, "20 %", "20 %"),
        ("programmes.listings.queue.intake", 1.5, "1.5 a year", "每年 1.5"),
        ("waited/robot_town", 200.0, "200 days", "200 天"),
    ],
)
def test_values_are_told_in_units_that_people_use(
    name: str, value: float, en: str, zh: str, yuyao: Plan
) -> None:
    assert value_words(yuyao, name, value, "en") == en
    assert value_words(yuyao, name, value, "zh") == zh


def test_speeds_of_gompertz_curves_and_points_of_an_index_are_no_percentages() -> None:
    plan = load("yinzhou-2017")
    for key, quantity in plan.city.items():
        unit = measure(plan, f"city.{key}.trend.rate")[1]
        index = quantity.link == "identity" or (
            quantity.link == "logit" and (quantity.ceiling or 1) > 1
        )
        assert (unit == "1/year") == (quantity.trend.curve == "gompertz" or index), key
    assert measure(plan, "city.quality_index.trend.rate") == (1.0, "1/year")


@pytest.mark.parametrize(
    ("limits", "beyond", "ending"),
    [
        ((-inf, 0.1), (0.0, 0.7), "is among the lowest 30%"),
        ((0.1, inf), (0.8, 0.0), "is among the highest 20%"),
        ((-inf, 0.1), (0.0, 0.05), "is not among the highest 5%"),
        ((-0.3, inf), (0.1, 0.0), "is not among the lowest 10%"),
        ((-0.3, 0.3), (0.1, 0.2), "is between the ranks 10% and 80%"),
    ],
)
def test_luck_is_told_by_its_rank(
    limits: tuple[float, float], beyond: tuple[float, float], ending: str, yuyao: Plan
) -> None:
    text = condition_words(yuyao, "luck/2020/clusters.robotics.output", *limits, *beyond, "en")
    assert text == f"shocks to output of Robotics by 2020 {ending}"


def restriction(name: str, low: float, high: float) -> Restriction:
    return Restriction(name, low, high, 0.2, 0.2, 0.001)


def test_a_box_is_a_sentence_in_both_languages(yuyao: Plan) -> None:
    target = next(t for t in yuyao.judged if t.id == "robotics-output-2020")
    box = Found(
        (
            restriction("clusters.robotics.output.trend.rate", -inf, 0.06),
            restriction("programmes.robot_town.queue.stages.land.time", 14 / 12, inf),
        ),
        Count(100, 74, 400, 91),
    )
    one = Discovery(0, 0.25, (box,), box.count)
    english = told(yuyao, one, target, "missed", "en")
    assert "stays under 6 % a year and time of Land and permits, Robot town" in english
    assert english.endswith("is over 14 months: covers 81% of failures, 74% pure.")
    chinese = told(yuyao, one, target, "missed", "zh")
    assert "机器人产值的趋势增速低于每年 6 %，且" in chinese
    assert chinese.endswith("高于 14 个月。覆盖 81% 的落空，纯度 74%。")


@pytest.mark.parametrize(("reason", "words"), [("nothing", "chance"), ("always", "99 %")])
def test_where_there_is_no_box_it_is_said_why(reason: str, words: str, yuyao: Plan) -> None:
    one = Discovery(0, 0.5, (), Count(0, 0, 10, 5), reason)
    assert words in told(yuyao, one, yuyao.judged[0], "missed", "en")


def test_shares_of_variance_near_nothing_have_no_sign() -> None:
    assert [share(v) for v in (0.4712, -0.004, -0.02)] == ["47 %", "0 %", "−2 %"]


@pytest.mark.parametrize("form", ["png", "svg"])
def test_the_same_tornado_gives_the_same_picture(form: str, yuyao: Plan) -> None:
    place = [t.id for t in yuyao.judged].index("robotics-output-2020")
    bars = tuple(Bar(f"b{i}", True, 0, 1, 80 - i, 90.0 + i, 0.1, 0.2) for i in (9, 3, 1))
    tornado = Tornado(place, 85.0, 0.15, bars)
    asked: tuple[Any, ...] = (yuyao, tornado, 200.0, "zh", form, ["机器人", "光电", "其余"])
    with studio() as style:
        one, two = (tornado_picture(style, "t", *asked) for _ in range(2))
    assert one.raw == two.raw
    assert len(one.raw) > 3000


def test_tied_luck_is_named_by_its_cluster(yuyao: Plan) -> None:
    sources = tuple(f"luck/clusters.robotics.{kind}" for kind in ("output", "energy"))
    words = input_name(yuyao, Input("luck/clusters.robotics.*", sources), "en")
    assert words == "shocks to Robotics"
