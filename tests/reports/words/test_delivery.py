"""What a count lacks, in words of both languages."""

from typing import get_args

import pytest

from plansim.reports.words.delivery import short_text
from plansim.scenarios.load import load
from plansim.simulator.shortfall import Cause, Short
from plansim.simulator.waiting import Lack

PLAN = load("yuyao-2016")
CAUSES = (*get_args(Lack), "idle", "schedule", "applicants", "dropped", "time")


@pytest.mark.parametrize(
    ("short", "english", "chinese"),
    [
        (Short("listings", "applicants"), "too few apply", "申报的太少"),
        (
            Short("listings", "dropped", "review"),
            "too many are turned down or give up (Review by the regulator)",
            "落选或退出的太多（发行审核）",
        ),
        (
            Short("robot_town", "land", "land", "quotas.land"),
            "there is no land left (Land and permits: Industrial land quota)",
            "用地指标用完（供地审批：工业用地指标）",
        ),
    ],
)
def test_a_shortfall_says_what_is_lacking_and_where(
    short: Short, english: str, chinese: str
) -> None:
    assert short_text(PLAN, short, "en") == english
    assert short_text(PLAN, short, "zh") == chinese


@pytest.mark.parametrize("code", CAUSES)
def test_every_cause_has_words(code: Cause) -> None:
    short = Short("robot_town", code, "land", "quotas.land")
    texts = {short_text(PLAN, short, lang) for lang in ("en", "zh")}
    assert len(texts) == 2
    assert all("{" not in text for text in texts)
