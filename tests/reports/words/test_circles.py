"""Why a figure is no evidence for its goals, in words of both languages."""

import pytest

from plansim.reports.words.circles import circle_text, reason_text, remark
from plansim.scenarios.load import load
from plansim.simulator.circles import Circle, ReadBack, read_back

PLAN = load("yuyao-2016")
INTAKE = "programmes.green_factories.queue.intake"


@pytest.mark.parametrize(
    ("circle", "english", "chinese"),
    [
        (
            Circle("base", "totals.output", "total-output-2020"),
            "base-year output of all industry (deduced from its goal: "
            "gross industrial output, 2020)",
            "基年工业总产值合计（由其目标倒推：规上工业总产值（2020年））",
        ),
        (
            Circle("intake", INTAKE, "green-factories-2020"),
            "applications a year for Green factories (sized so that its goal comes out: "
            "green factories, 2020)",
            "绿色示范工厂的每年申报数（按其目标定出：绿色示范工厂（2020年））",
        ),
        (
            Circle("stated", INTAKE, "green-factories-2025"),
            "applications a year for Green factories (said to be read from its goal: "
            "green factories, 2025)",
            "绿色示范工厂的每年申报数（注明取自其目标：绿色示范工厂（2025年））",
        ),
    ],
)
def test_a_target_says_which_figure_reads_its_goal_back(
    circle: Circle, english: str, chinese: str
) -> None:
    assert circle_text(PLAN, circle, "en") == english
    assert circle_text(PLAN, circle, "zh") == chinese


def test_many_goals_are_counted() -> None:
    goals = tuple(t.id for t in PLAN.judged[:5])
    text = reason_text(PLAN, ReadBack("base", goals, goals), "en")
    assert text.count(";") == 2
    assert text.endswith("and 2 more")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_remark_counts_figures_and_targets(lang: str) -> None:
    found = read_back(PLAN, {})
    touched = {target for read in found.values() for target in read.targets}
    text = remark(PLAN, found, "yuyao-2016", lang)
    for number in (len(found), len(touched), len(PLAN.judged)):
        assert str(number) in text
    assert "plansim show yuyao-2016" in text
    assert remark(PLAN, {}, "yuyao-2016", lang) == ""
