"""Programmes taken from shipped plans and libraries."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from plansim.scenarios.draft import LIBRARY
from plansim.scenarios.load import (
    assemble,
    folder_of,
    is_library,
    load,
    load_library,
    read_source,
    shipped,
)
from plansim.scenarios.taken import take
from plansim.simulator.errors import InputError
from plansim.simulator.plan import Plan
from plansim.simulator.run import run
from plansim.simulator.sampling import centre

Scenario = Callable[[str], Path]
#: A programme of a plan that begins earlier, and needs its clusters and its land.
LATER = "take: [yuyao-2016/robot_town]\nset: {programmes.robot_town.queue.start: 2017"


@pytest.fixture
def own(tmp_path: Path) -> Scenario:
    """A copy of a shipped plan with one more scenario, ``own``."""

    def write(text: str, plan: str = "yinzhou-2017") -> Path:
        folder = tmp_path / "plan"
        copytree(folder_of(plan), folder)
        head = "name: {zh: 自拟, en: Own}\nextends: plan\n"
        (folder / "scenarios" / "own.yaml").write_text(head + text, encoding="utf-8")
        return folder

    return write


def faults(folder: Path) -> list[tuple[str, int]]:
    with pytest.raises(InputError) as problem:
        load(str(folder), "own")
    return [(fault.code, fault.line) for fault in problem.value.faults]


def test_what_is_taken_is_there_switched_on_and_can_be_set(own: Scenario) -> None:
    settings = "set: {programmes.smart_lines.queue.intake: x0.5}\n"
    plan = load(str(own("take: [cixi-2017/smart_lines]\n" + settings)), "own")
    theirs = load_library("cixi-2017").programmes["smart_lines"]
    ours = plan.programmes["smart_lines"]
    assert ours.active
    assert not theirs.active
    assert ours.queue is not None
    assert theirs.queue is not None
    assert ours.queue.stages == theirs.queue.stages
    assert ours.queue.subsidy == theirs.queue.subsidy
    assert centre(ours.queue.intake) == pytest.approx(0.5 * centre(theirs.queue.intake))


def test_a_shared_fund_comes_along_once(own: Scenario) -> None:
    taken = "take: [cixi-2017/informatisation_support]\n"
    plan = load(str(own(taken)), "own")
    assert (
        plan.quotas["informatisation_fund"]
        == load_library("cixi-2017").quotas["informatisation_fund"]
    )


def test_all_measures_run_in_every_plan() -> None:
    wanted = [f"cixi-2017/{key}" for key in load_library("cixi-2017").programmes]
    for name in shipped():
        source = read_source(name)
        plan_scenario = source.scenarios["plan"]
        fitted = {
            f"programmes.{key.split('/')[1]}.queue.start": source.tree["plan"]["base_year"] + 1
            for key in wanted
            if source.tree["plan"]["base_year"] >= 2017
        }
        more = replace(plan_scenario, extends="plan", take=tuple(wanted), set=fitted)
        plan = assemble(replace(source, scenarios={**source.scenarios, "more": more}), "more")
        assert len(plan.programmes) == len(source.tree["programmes"]) + len(wanted)
        assert run(plan, 40, 1).judged


def test_taking_moves_no_random_number_of_the_rest(own: Scenario) -> None:
    """A programme that moves nothing that the plan reports leaves every probability as it was."""
    folder = own("take: [cixi-2017/model_firms]\nset: {programmes.model_firms.effects: []}\n")
    plans: list[Plan] = [load(str(folder), scenario) for scenario in ("plan", "own")]
    before, after = (run(plan, 200, 3) for plan in plans)
    assert [(v.p05, v.p50, v.p95, v.probability) for v in after.judged] == [
        (v.p05, v.p50, v.p95, v.probability) for v in before.judged
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("take: [cixi-2018/smart_lines]\n", ("unknown_lender", 3)),
        ("take: [cixi-2017/smart_line]\n", ("unknown_programme", 3)),
        ("take: [../secrets/x]\n", ("unknown_lender", 3)),
        ("take: [smart_lines]\n", ("unknown_lender", 3)),
        ("take: [cixi-2017/smart_lines, cixi-2017/smart_lines]\n", ("programme_twice", 3)),
    ],
)
def test_what_cannot_be_taken_is_refused_where_it_stands(
    own: Scenario, text: str, found: tuple[str, int]
) -> None:
    assert faults(own(text)) == [found]


def test_effects_on_what_the_plan_does_not_have_are_refused(own: Scenario) -> None:
    codes = {code for code, _ in faults(own(LATER + "}\n"))}
    assert codes == {"unknown_cluster"}


def test_the_plans_own_quota_counts(own: Scenario) -> None:
    folder = str(own(LATER + ", programmes.robot_town.projects: {}}\n"))
    assert load(folder, "own").quotas == load(folder, "plan").quotas


def test_the_tree_that_is_taken_into_stays_as_it_was() -> None:
    tree: dict[str, dict[str, object]] = {"programmes": {"a": {}}, "quotas": {}}
    taken = take(tree, ["cixi-2017/informatisation_support"])
    assert tree == {"programmes": {"a": {}}, "quotas": {}}
    assert set(taken.tree["programmes"]) == {"a", "informatisation_support"}
    assert set(taken.tree["quotas"]) == {"informatisation_fund"}
    assert not taken.faults


# -- libraries -------------------------------------------------------------------------------------


def test_a_library_states_and_never_judges() -> None:
    assert shipped(LIBRARY) == ("cixi-2017",)
    assert is_library("cixi-2017")
    assert not is_library("yuyao-2016")
    library = load_library("cixi-2017")
    assert len(library.targets) > 75
    assert {target.status for target in library.targets} == {"stated"}
    assert all(target.reason for target in library.targets)
    assert all(target.source.startswith("cixi-2017:L") for target in library.targets)


@pytest.mark.parametrize(
    ("target", "low"),
    [
        ("equipment-rate-4", 4), ("equipment-rate-6", 6), ("equipment-rate-8", 8),
        ("equipment-cap-200", 200), ("equipment-cap-300", 300), ("equipment-cap-400", 400),
    ],
)  # fmt: skip
def test_rates_and_caps_are_those_of_the_document(target: str, low: float) -> None:
    row = next(t for t in load_library("cixi-2017").targets if t.id == target)
    assert (row.low if row.low is not None else row.high) == low
    assert row.kind == "policy"


def test_programmes_charge_what_the_document_states() -> None:
    stated = {}
    for key, programme in load_library("cixi-2017").programmes.items():
        assert programme.queue is not None
        subsidy = programme.queue.subsidy
        if subsidy is not None and subsidy.cap is not None and subsidy.cap.origin == "stated":
            stated[key] = (subsidy.rate.value, subsidy.cap.value)
    assert stated["equipment_general"] == pytest.approx((0.04, 0.02))  # 200 万元 in 亿元
    assert stated["equipment_strengths"] == pytest.approx((0.06, 0.03))
    assert stated["equipment_strategic"] == pytest.approx((0.08, 0.04))
    assert stated["smart_lines"] == pytest.approx((0.15, 0.05))


def test_a_library_cannot_be_run_as_a_plan() -> None:
    with pytest.raises(InputError) as problem:
        load("cixi-2017")
    assert [fault.code for fault in problem.value.faults] == ["a_library"]
