"""What lies beside a run: by name, targets once, only what moves."""

import pytest

from plansim.reports.book.attachments import PICTURED, label, most_moved, moving, once, steps_of
from plansim.reports.pictures.waterfall import DRAWN, Step, foot_of, gathered
from plansim.scenarios.load import load
from plansim.simulator.plan import Plan
from plansim.store.attachments import Attachments


def row(target: str, lever: str, share: float, **more: object) -> dict[str, object]:
    known = {"target": target, "lever": lever, "share": share}
    return {**known, "share_low": share - 0.01, "share_high": share + 0.01, **more}


def step(name: str, share: float) -> Step:
    return Step(name, share, share - 0.01, share + 0.01)


@pytest.fixture(scope="module")
def yuyao() -> Plan:
    return load("yuyao-2016")


@pytest.mark.parametrize(
    ("key", "name", "zh", "en"),
    [
        ("programmes.rd_support", "x", "研发投入扶持", "R&D support"),
        ("rd_support", "", "研发投入扶持", "R&D support"),
        ("manager_intake", "x", "年报名管理人才", "Managers who sign up"),
        ("total", "", "合计", "total"),
        ("my own lever", "", "my own lever", "my own lever"),
        ("my own lever", "Mine", "Mine", "Mine"),
        ("clusters.nowhere.output", "Mine", "Mine", "Mine"),
    ],
)
def test_a_lever_is_called_as_the_plan_calls_it(
    yuyao: Plan, key: str, name: str, zh: str, en: str
) -> None:
    for lang, words in (("zh", zh), ("en", en)):
        assert label(yuyao, {"lever": key, "name": name}, lang) == words


def test_a_restatement_is_no_target_of_its_own(yuyao: Plan) -> None:
    again = next(t for t in yuyao.judged if t.restates)
    rows = [row(again.restates, "a", 0.1), row(again.id, "a", 0.1), row("unknown", "a", 0.1)]
    assert [r["target"] for r in once(rows, yuyao)] == [again.restates, "unknown"]


def test_levers_that_bring_nothing_are_not_told(yuyao: Plan) -> None:
    target = yuyao.judged[0].id
    rows = (row(target, "a", 0.0004), row(target, "b", -0.02), row(target, "c", 0.01),
            row(target, "total", 0.05))  # fmt: skip
    steps = steps_of(Attachments(attribute=rows), yuyao, "en")[target]
    assert [s.lever for s in steps] == ["a", "b", "c"]
    assert [s.lever for s in moving(steps)] == ["b", "c"]


def test_outcomes_get_a_picture_before_activities(yuyao: Plan) -> None:
    distinct = [t for t in yuyao.judged if not t.restates]
    outcomes = [t.id for t in distinct if t.kind == "outcome"][:4]
    activities = [t.id for t in distinct if t.kind == "activity"][:4]
    found = {t: [step("a", 0.01 * (i + 1))] for i, t in enumerate(outcomes)}
    found |= {t: [step("a", 0.5 + 0.01 * i)] for i, t in enumerate(activities)}
    found[outcomes[1]] = [step("a", 0.0)]
    chosen = most_moved(found, yuyao)
    assert chosen == [*(outcomes[i] for i in (3, 2, 0)), *activities[::-1][: PICTURED - 3]]


def test_a_waterfall_holds_a_dozen_steps_that_add_up() -> None:
    steps = [step(str(i), 0.01 * (i - 10)) for i in range(20)]
    shown = gathered(steps, "en")
    assert len(shown) == DRAWN
    assert sum(s.share for s in shown) == pytest.approx(sum(s.share for s in steps))
    assert all(s.share != 0 for s in shown[:-1])
    assert [s.share for s in shown[:-1]] == sorted((s.share for s in shown[:-1]), reverse=True)
    rest = shown[-1]
    assert rest.high - rest.low == pytest.approx(0.02 * (20 - 1 - (DRAWN - 1)) ** 0.5)
    few = gathered(steps[:5], "en")
    assert [s.lever for s in few] == ["4", "3", "2", "1", "0"]


def test_an_axis_begins_at_nought_unless_steps_would_be_too_small() -> None:
    assert foot_of(None, [step("a", 0.5)]) == 0
    assert foot_of(0.3, [step("a", 0.3)]) == 0
    assert foot_of(0.0, [step("a", 0.01)]) == 0
    assert foot_of(0.5, []) == 0
    assert foot_of(0.56, [step("a", 0.05), step("b", 0.02)]) == pytest.approx(0.45)
    assert foot_of(0.56, [step("a", -0.05), step("b", 0.02)]) == pytest.approx(0.45)
