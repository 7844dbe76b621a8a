"""How rare a requirement is, in words: counts of sectors, pooled shares of provinces, no class."""

import re
from dataclasses import replace

import pytest

from plansim.calibration.precedents import FACTORS, QUANTITIES, SIZES
from plansim.reports.words.verdicts import class_text, precedent_text
from plansim.scenarios.load import load
from plansim.simulator.plan import Plan, Precedent

COUNTED = Precedent("sectors:150-260", 5, 28 / 95, 95, 199 / 247, 247)
POOLED = Precedent("rd_to_gdp_change:small:high:to_2015", 5, 0.52, 216, None, None)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load("yuyao-2016")


@pytest.mark.parametrize(
    ("found", "en", "zh"),
    [
        (
            COUNTED,
            "29% (28 of 95); 81% (199 of 247)",
            "29%（95 个中有 28 个）；81%（247 个中有 199 个）",
        ),
        (POOLED, "52% (pooled over 216)", "52%（216 个时段合并估计）"),
        (None, "no class", "无参照组"),
    ],
)
def test_a_share_is_told_with_what_it_was_counted_in(
    plan: Plan, found: Precedent | None, en: str, zh: str
) -> None:
    target = next(t for t in plan.judged if t.id == "robotics-output-2020")
    assert precedent_text(plan, target, found, "en") == en
    assert precedent_text(plan, target, found, "zh") == zh


def test_shorter_windows_than_asked_are_said(plan: Plan) -> None:
    later = next(t for t in plan.judged if t.id == "robotics-output-2025")
    assert precedent_text(plan, later, COUNTED, "en").endswith(", over 5 years")
    assert precedent_text(plan, later, replace(COUNTED, years=10), "en").endswith(")")


def test_counts_of_the_administration_need_no_class(plan: Plan) -> None:
    activity = next(t for t in plan.judged if t.kind == "activity")
    assert precedent_text(plan, activity, None, "en") == ""


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_class_has_words(lang: str) -> None:
    ends = [(f"{low:g}", "" if high > 1e9 else f"{high:g}") for low, high in SIZES]
    names = [f"sectors:{low}-{high}" for low, high in ends]
    groups = [":".join((q, *(f[-1] for f in FACTORS.values()))) for q in QUANTITIES]
    groups += [":".join(("rd_to_gdp_change", *(f[0] for f in FACTORS.values())))]
    said = [class_text(replace(COUNTED, group=name), lang) for name in names + groups]
    assert len(set(said)) == len(said)
    for text in said:
        assert "precedent." not in text
        assert bool(re.search("[\u4e00-\u9fff]", text.replace("亿元", ""))) == (lang == "zh")
