"""Tables of run, comparison, what-if and search join: the same keys, names and units."""

import re

import numpy as np
import pandas as pd
import pytest

from plansim.analysis.attribute import attribute
from plansim.analysis.compare import Comparison, compare
from plansim.analysis.contrast import told_apart
from plansim.analysis.discover import discover
from plansim.analysis.reach import Reach, levers
from plansim.analysis.seek import Sought, seek
from plansim.analysis.sensitivity import sensitivity
from plansim.analysis.trial import Wish
from plansim.scenarios.load import load
from plansim.simulator.frames import KEYS
from plansim.simulator.plan import Plan
from plansim.simulator.results import Result
from plansim.simulator.run import run
from plansim.simulator.trace import trace
from plansim.simulator.whatif import Standing, WhatIf

DRAWS = 256
TARGET = "trained-managers-2025"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load("yuyao-2016")


@pytest.fixture(scope="module")
def result(plan: Plan) -> Result:
    return run(plan, DRAWS, 1)


@pytest.fixture(scope="module")
def standing(plan: Plan) -> Standing:
    return WhatIf(plan, DRAWS).judge(plan)


@pytest.fixture(scope="module")
def comparison(plan: Plan) -> Comparison:
    return compare({"plan": plan, "delayed": load("yuyao-2016", "delayed")}, draws=DRAWS, seed=1)


@pytest.fixture(scope="module")
def sought(plan: Plan) -> Sought:
    return seek(plan, [Wish((TARGET,), 0.5)], draws=64)


@pytest.fixture(scope="module")
def reach(plan: Plan) -> Reach:
    return levers(plan, [TARGET], ["manager_intake", "manager_classes"], draws=64)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_tables_join_without_loss(
    lang: str,
    result: Result,
    standing: Standing,
    comparison: Comparison,
    sought: Sought,
    reach: Reach,
) -> None:
    judged = [v.target for v in result.judged]
    verdicts, keys = result.to_frame(lang), list(KEYS)
    held, contrasts, found = (each.to_frame(lang) for each in (standing, comparison, sought))
    reached = reach.to_frame(lang)
    assert list(reached["lever"]) == ["manager_intake", "manager_classes"]
    assert list(held["target"]) == judged
    assert len(contrasts) == 2 * len(judged)
    verdicts = verdicts.astype({"year": "Int64"})
    for table in (held, contrasts, found, reached):
        joined = table.merge(verdicts, on=keys, how="left", indicator=True, suffixes=("", "_run"))
        assert len(joined) == len(table)
        assert (joined["_merge"] == "both").all()
    both = held.merge(verdicts, on=keys)
    np.testing.assert_array_equal(both["probability_x"], both["probability_y"])
    assert set(found["target"]) == {TARGET}
    assert found["answer"].sum() == 1
    assert set(sought.settings(lang)["point"]) == set(found["point"])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_levers_bring_joins_with_verdicts(lang: str, plan: Plan, result: Result) -> None:
    base = load("yuyao-2016", "baseline")
    several = told_apart(plan, base, "group", ())
    found = attribute(plan, base, several, draws=16, orders=2)
    assert re.fullmatch(r"Attribution\(yuyao-2016, \d+ levers, .*; 16 draws, seed 1\)", repr(found))
    brought = found.to_frame(lang)
    assert len(brought) == len(found.targets) * (len(found.levers) + 1)
    verdicts = result.to_frame(lang).astype({"year": "Int64"})
    assert len(brought.merge(verdicts, on=list(KEYS), how="inner")) == len(brought)
    total = brought[(brought["lever"] == "total") & (brought["target"] == TARGET)].iloc[0]
    parts = brought[(brought["lever"] != "total") & (brought["target"] == TARGET)]
    assert parts["share"].sum() == pytest.approx(total["share"])
    assert set(brought["share_unit"]) == {"1"}
    assert total["lever_name"] == {"en": "total", "zh": "合计"}[lang]


def test_what_an_outcome_depends_on_joins_with_verdicts(plan: Plan, result: Result) -> None:
    found = sensitivity(plan, ["va-rate-2020"], draws=128)
    assert repr(found).startswith("Sensitivity(yuyao-2016, read, 128 draws, seed 1; ")
    shares = found.to_frame("en")
    assert set(shares["kind"]) == {"group", "single"}
    verdicts = result.to_frame("en").astype({"year": "Int64"})
    assert len(shares.merge(verdicts, on=list(KEYS), how="inner")) == len(shares)
    groups = shares[shares["kind"] == "group"]
    assert len(groups) == len(plan.judged) * len(found.groups)
    first = groups[groups["target"] == "va-rate-2020"]
    row = next(i for i, t in enumerate(plan.judged) if t.id == "va-rate-2020")
    np.testing.assert_array_equal(first["total"], found.by_group.total[row])
    assert not first["input_name"].str.contains(r"[._*]").any()


def test_values_are_in_the_unit_that_is_shown(result: Result, standing: Standing) -> None:
    verdicts = result.to_frame("en").set_index("target")
    held = standing.to_frame("en").set_index("target")
    for target in ("va-rate-2020", "robotics-output-2020", "water-intensity-2020"):
        assert held.loc[target, "p50"] == pytest.approx(verdicts.loc[target, "p50"], rel=0.05)
    fans = result.quantiles((0.5,), "zh")
    rates = fans[(fans["indicator"] == "va_rate") & (fans["year"] == 2020)].iloc[0]
    assert (rates["unit"], rates["name"]) == ("%", "规上制造业增加值率")
    assert rates["shown"] == pytest.approx(100 * rates["value"])
    robots = fans[(fans["indicator"] == "output") & (fans["subject"] == "robotics")]
    assert set(robots["name"]) == {"机器人产值"}
    assert (robots["cluster"] == robots["subject"]).all()


def test_fans_join_with_verdicts(result: Result) -> None:
    fans = result.quantiles((0.05, 0.5, 0.95))
    verdicts = result.to_frame()
    level = verdicts[(verdicts["basis"] == "level") & verdicts["probability"].notna()]
    joined = level.merge(fans, on=["indicator", "cluster", "year"], suffixes=("", "_fan"))
    assert len(joined) == 3 * len(level)
    assert isinstance(joined, pd.DataFrame)


def test_a_line_says_what_there_is(
    plan: Plan,
    result: Result,
    standing: Standing,
    comparison: Comparison,
    sought: Sought,
    reach: Reach,
) -> None:
    said = repr(result)
    match = re.fullmatch(
        r"Result\(yuyao-2016, plan, 256 draws, seed 1; "
        r"(\d+) targets judged: (\d+) likely, (\d+) unlikely\)", said,
    )  # fmt: skip
    assert match is not None
    judged = [v.probability or 0.0 for v in result.judged]
    counts = (len(judged), sum(p >= 0.66 for p in judged), sum(p <= 0.33 for p in judged))
    assert tuple(map(int, match.groups())) == counts
    found = discover(plan, [TARGET], draws=1024)
    for each in (standing, comparison, sought, reach, found, trace(plan)):
        assert repr(each).startswith(f"{type(each).__name__}(yuyao-2016, ")
        assert len(repr(each)) < 160
        assert "\n" not in repr(each)
    assert "delayed" in repr(comparison)


@pytest.mark.parametrize(
    ("lang", "first"), [("en", "R&amp;D to revenue, 2020"), ("zh", "（2020年）")]
)
def test_the_board_is_shown_in_a_notebook(
    lang: str, first: str, result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANSIM_LANG", lang)
    html = result._repr_html_()
    rows = re.findall(r"<tr><td.*?</tr>", html)
    assert len(rows) == len(result.judged)
    assert first in rows[0]
    assert not re.search(r"src=|href=|<script|<link", html)
    assert not re.search(r"[a-z]+-[a-z]+-20\d\d", re.sub("<[^>]*>", " ", html))
    if lang == "en":
        assert not re.search("[\u4e00-\u9fff]", re.sub("亿元|件/百亿元|万元|项", "", rows[1]))


def test_what_a_plan_says_is_escaped(result: Result) -> None:
    from dataclasses import replace

    from plansim.simulator.board import board
    from plansim.simulator.plan import Label

    who = replace(result.plan.plan, name=Label(zh="<b>&", en="<b>&"))
    html = board(replace(result, plan=replace(result.plan, plan=who)), "en")
    assert "&lt;b&gt;&amp;" in html
    assert "<b>&" not in html
