"""What runs hold by keys is called by its name, where the plan is at hand."""

import pytest

from plansim.reports.answers.runs import Called
from plansim.scenarios.load import load, read_source
from plansim.simulator.naming import name_of

ROW = {
    "plan": "yuyao-2016", "scenario": "delayed", "target": "robotics-output-2020",
    "quotas.land.amount": "x0.5", "assumptions.output_prices": "constant",
    "offices.review.servers": None,
}  # fmt: skip
LEVERS = ("quotas.land.amount", "assumptions.output_prices", "offices.review.servers")


@pytest.mark.parametrize(("lang", "constant"), [("en", "constant prices"), ("zh", "不变价")])
def test_a_plan_at_hand_gives_its_names(lang: str, constant: str) -> None:
    plan, scenarios = load("yuyao-2016"), read_source("yuyao-2016").scenarios
    names = {("yuyao-2016", key): scenario.name for key, scenario in scenarios.items()}
    called = Called({"yuyao-2016": plan}, names, lang)
    assert called.scenario(ROW) == scenarios["delayed"].name.in_language(lang)
    assert called.target(ROW) == name_of(plan, "targets.robotics-output-2020", lang)
    land, prices = (name_of(plan, path, lang) for path in LEVERS[:2])
    assert called.settings(ROW, LEVERS).splitlines() == [
        f"{land} = ×0.5", f"{prices} = {constant}",
    ]  # fmt: skip


def test_a_plan_that_is_not_at_hand_leaves_the_keys() -> None:
    called = Called({}, {}, "en")
    assert called.scenario(ROW) == "delayed"
    assert called.target(ROW) == "robotics-output-2020"
    assert called.settings(ROW, LEVERS[:1]) == "land.amount = ×0.5"
