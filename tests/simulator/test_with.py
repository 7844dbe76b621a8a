"""A plan that is changed as nouns is the plan that is read with the same settings, or is refused
with the same words: one grammar, one unit a path, one set of rules.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plansim.scenarios.load import Source, assemble, load, read_source, shipped
from plansim.simulator.change import entries, fillable
from plansim.simulator.door import Plan
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.naming import name_of
from plansim.simulator.plan import Figure, Switch, Uncertainty, figures
from plansim.simulator.rules import faults_of_plan
from plansim.simulator.schema import Keys, facts_of, kind_at
from plansim.simulator.whatif import WhatIf
from plansim.tests.refusals import refused

PLAN = "yuyao-2016"


@cache
def source(name: str = PLAN) -> Source:
    return read_source(name)


@cache
def plan_of(name: str = PLAN) -> Plan:
    return assemble(source(name))


def outcome(work: Callable[[], Plan]) -> tuple[Plan | None, list[tuple[str, str, str]]]:
    """A plan, or its faults: code, path and fields."""
    try:
        return work(), []
    except InputError as problem:
        return None, sorted((f.code, f.path, repr(dict(f.fields))) for f in problem.faults)


def agree(wanted: Mapping[str, object], name: str = PLAN) -> bool:
    """Whether settings are taken; asserts that both ways of setting them say the same."""
    read, told = outcome(lambda: assemble(source(name), "plan", wanted))
    changed, said = outcome(lambda: plan_of(name).with_all(wanted))
    assert told == said, wanted
    assert read == changed, wanted
    if read is not None and changed is not None:
        assert read.written == changed.written, wanted
        assert not faults_of_plan(changed), wanted
    return not told


#: Something of every kind: figures, switches, goals, numbers, words, lists, whole entries, nothing.
PATHS = (
    "assumptions.output_prices", "assumptions.scope.value", "assumptions.near_tolerance",
    "assumptions.shock_df", "totals.output", "totals.output.unit", "totals.output.value.p05",
    "totals.shares.equipment", "prices.output.base", "prices.input.luck.sd",
    "clusters.robotics.output", "clusters.robotics.output.link", "clusters.robotics.va_rate",
    "clusters.robotics.energy", "clusters.*.output.luck.sd", "clusters.robotics.tags.equipment",
    "city.patents", "city.patents.trend.rate", "couplings.0.strength", "couplings.9.strength",
    "quotas.land", "quotas.land.amount", "quotas.land.unspent", "offices.review.servers",
    "programmes.robot_town.active", "programmes.robot_town.lot", "programmes.robot_town.additional",
    "programmes.robot_town.queue.start", "programmes.robot_town.queue.intake",
    "programmes.robot_town.nothing", "programmes.robot_town.effects", "programmes.*.additional",
    "plan.base_year", "plan.years", "levers.land_quota.low", "levers.land_quota.cost",
    "indicators.va_rate.reference", "shock_correlations.0.value",
    "targets.robotics-output-2020.low",
    "targets.robotics-output-2020.unit", "targets.robotics-output-2020.year", "targets.nothing.low",
    "scenario", "written", "calibration", "x", "",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    -5, 0, 0.4, 3, 2017, "300", "curent", "industry", True, None, float("nan"), float("inf"),
    "x1.5", "x0", "x1e399", [1, 2], {"value": 3, "unit": "亩"}, {"value": 3, "unit": "furlong"},
    {"value": 40, "unit": "%"}, {"dist": "pert", "low": 1, "mode": 2, "high": 3},
    {"dist": "pert", "low": 1, "mode": 2}, {"dist": "normal", "mean": 1, "sd": -1, "q": 2},
    {"dist": "uniform", "low": "a", "high": 3},
)  # fmt: skip


@pytest.mark.parametrize("place", range(len(PATHS)))
def test_what_set_refuses_the_library_refuses_with_the_same_words(place: int) -> None:
    """Every path with a third of the values, every value with a third of the paths."""
    taken = [agree({PATHS[place]: value}) for value in VALUES[place % 3 :: 3]]
    assert not all(taken)


@pytest.mark.parametrize(
    ("path", "value", "code", "place"),
    [
        ("quotas.land.amount", -5, "negative", "quotas.land.amount"),
        ("programmes.robot_town.additional", 3.0, "not_a_share", ""),
        ("assumptions.output_prices", "curent", "not_a_choice", "assumptions.output_prices.value"),
        ("clusters.robotics.output", True, "not_a_number", "clusters.robotics.output.base.value"),
        ("clusters.robotics.output", float("nan"), "not_finite", ""),
        ("clusters.robotics.output", 1e9, "clusters_over_total", "totals.output"),
        ("clusters.robotics.outptu", 3, "path_matches_nothing", ""),
        ("quotas.land.amount", {"value": 3, "unit": "tce"}, "unit_dimension", ""),
        ("offices.review.servers", 1.5, "whole_servers", "offices.review.servers"),
        ("offices.review.servers", {"dist": "uniform", "low": 1, "high": 2}, "must_be_certain", ""),
        ("programmes.robot_town.queue.start", 1999, "year_outside", ""),
        ("targets.robotics-output-2020.year", 1999, "year_outside", ""),
        ("targets.va-rate-2020.low", 300, "not_a_share", "targets.va-rate-2020.low"),
    ],
)
def test_nonsense_is_refused_in_a_notebook_too(
    path: str, value: object, code: str, place: str
) -> None:
    with pytest.raises(InputError) as caught:
        plan_of().with_(path, value)
    found = [(fault.code, fault.path) for fault in caught.value.faults]
    assert code in [name for name, _ in found]
    assert not place or (code, place) in found


@pytest.mark.parametrize("name", shipped())
def test_a_figure_that_is_set_to_what_it_is_leaves_the_plan_as_it_is(name: str) -> None:
    plan = plan_of(name)
    for path, _ in figures(plan):
        stands = plan.at(path)
        assert plan.with_(path, stands.value) is plan, path
        assert plan.with_(path, {"value": stands.value, "unit": stands.unit}) is plan, path


@pytest.mark.parametrize("name", shipped())
@settings(max_examples=15)
@given(data=st.data())
def test_any_figures_set_as_read_are_those_set_as_nouns(name: str, data: st.DataObject) -> None:
    known = sorted(path for path, _ in figures(plan_of(name)))
    paths = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=4, unique=True))
    size = st.floats(0.5, 2.0).map(lambda x: float(f"{x:.6g}"))
    wanted: dict[str, object] = {}
    for path in paths:
        stands, by = plan_of(name).at(path), data.draw(size)
        form = data.draw(st.sampled_from(["factor", "number", "unit", "figure"]))
        number = by * (stands.value if isinstance(stands.value, float) else 1.0)
        wanted[path] = {
            "factor": f"x{by}",
            "number": number,
            "unit": {"value": number, "unit": stands.unit},
            "figure": stands,
        }[form]
    agree(wanted, name)


def open_places(node: Any, keys: Keys = ()) -> Iterator[str]:
    """Where a plan leaves a figure out that could stand there."""
    kind = kind_at(keys)
    if isinstance(node, Figure) or kind is None:
        return
    if kind.noun is not None:
        there = entries(node, kind)
        yield from (".".join(map(str, (*keys, n))) for n in fillable(kind) if n not in there)
    for key, child in entries(node, kind).items():
        yield from open_places(child, (*keys, key))


@pytest.mark.parametrize("name", shipped())
@settings(max_examples=25)
@given(data=st.data())
def test_a_figure_that_is_left_out_is_set_at_both_doors(name: str, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(open_places(plan_of(name)))))
    assert plan_of(name).at(path) is None
    unit = facts_of(path).unit or data.draw(st.sampled_from(["1", "%", "亿元", "project"]))
    number = data.draw(st.sampled_from([-1, 0, 0.25, 3, 2019, "x1.5", "many", None, True]))
    spread = {"dist": "uniform", "low": 0.1, "high": 0.3}
    value = data.draw(st.sampled_from([number, spread, {"value": number, "unit": unit}]))
    agree({path: value}, name)


@pytest.mark.parametrize(
    ("path", "value", "unit"),
    [
        ("city.patents.luck.loading", 0.4, "1"),
        ("programmes.boilers.cost", {"value": 300, "unit": "万元"}, "万元"),
        ("programmes.mould_town.queue.ordinary", {"value": 1, "unit": "project/year"}, None),
        ("quotas.land.start", 2017, None),
        ("targets.robotics-output-2020.high", 300, None),
    ],
)
def test_what_a_file_leaves_out_can_be_set(path: str, value: Any, unit: str | None) -> None:
    plan = plan_of()
    assert plan.at(path) is None
    with refused("factor_needs_figure"):
        plan.with_(path, "x1.5")
    other = plan.with_(path, value)
    number = value["value"] if isinstance(value, dict) else value
    found = other.at(path)
    if isinstance(found, Figure):
        assert (found.value, found.origin, found.source) == (number, "stated", "--set")
        assert found.unit == (unit or value["unit"])
    else:
        assert found == number
    assert other == assemble(source(), "plan", {path: value}) != plan


def test_a_figure_that_is_left_out_is_held_to_its_field() -> None:
    with refused("not_a_share"):
        plan_of().with_("programmes.robot_replacement.queue.stages.works.drop_out", 1.2)
    with refused("unit_dimension"):
        plan_of().with_("programmes.boilers.cost", {"value": 3, "unit": "ha"})
    with refused("unit_unknown"):
        plan_of().with_("programmes.mould_town.queue.ordinary", 1)
    with refused("bounds_order"):
        plan_of().with_("targets.robotics-output-2020.high", 0.5)


def test_a_what_if_hears_of_a_figure_that_was_left_out() -> None:
    """What was found before it stood there is worked out again."""
    plan = plan_of()
    held = WhatIf(plan, draws=64)
    held.judge()
    for path, value in (
        ("city.patents.luck.loading", {"dist": "uniform", "low": 3, "high": 9}),
        ("programmes.robot_replacement.queue.stages.works.drop_out", 0.5),
    ):
        other = plan.with_(path, value)
        found, afresh = held.judge(other), WhatIf(other, draws=64).judge()
        assert np.array_equal(found.reads, afresh.reads)
        assert not np.array_equal(found.reads, held.judge().reads)


def test_several_places_are_those_where_something_stands() -> None:
    """A scenario that moves all delays gives none to what has none."""
    plan = plan_of()
    moved = plan.with_("programmes.*.crowding_out", 0.5)
    changed = {key for key, p in moved.programmes.items() if p != plan.programmes[key]}
    assert changed == {key for key, p in plan.programmes.items() if p.crowding_out is not None}
    with refused("path_matches_nothing"):
        plan.with_("clusters.*.output.trend.theta", 2)


def test_one_unit_a_path_the_one_that_the_file_writes() -> None:
    plan = plan_of()
    land = plan.at("quotas.land.amount")
    assert isinstance(land, Figure)
    assert land.unit == "亩/year"
    assert plan.quotas["land"].amount.unit == "ha/year"
    more = plan.with_("quotas.land.amount", 900)
    assert more.at("quotas.land.amount").value == 900
    assert more.quotas["land"].amount.value == pytest.approx(60)
    hectares = plan.with_("quotas.land.amount", {"value": 60, "unit": "ha/year"})
    assert hectares.quotas["land"].amount.value == pytest.approx(60)
    assert hectares.with_("quotas.land.amount", 30).quotas["land"].amount.value == 30
    assert plan.at("quotas.land.amount") == land


def test_what_stands_at_a_path() -> None:
    plan = plan_of()
    assert plan.at("clusters.robotics.output") == plan.clusters["robotics"].output.base
    assert isinstance(plan.at("totals.output").value, Uncertainty)
    assert plan.at("totals.output.value.p05") == 1400
    assert isinstance(plan.at("assumptions.scope"), Switch)
    assert plan.at("programmes.robot_town.queue.start") == 2015
    with refused("several_places"):
        plan.at("programmes.*.additional")
    with refused("path_matches_nothing"):
        plan.at("programmes.robot_twn.additional")


def test_a_change_is_one_change_and_shares_the_rest() -> None:
    plan = plan_of()
    other = plan.with_("programmes.robot_town.active", False)
    assert not other.programmes["robot_town"].active
    assert other.programmes["mould_town"] is plan.programmes["mould_town"]
    assert other.clusters is plan.clusters
    assert other.scenario == plan.scenario == "plan"
    assert plan.programmes["robot_town"].active


def test_a_goal_is_set_like_a_figure() -> None:
    plan = plan_of()
    before = next(target for target in plan.targets if target.id == "robotics-output-2020")
    assert before.low is not None
    other = plan.with_("targets.robotics-output-2020.low", "x0.5")
    after = next(target for target in other.targets if target.id == before.id)
    assert after.low == 0.5 * before.low
    assert [t for t in other.targets if t is not after] == [
        t for t in plan.targets if t is not before
    ]


def test_a_path_may_be_told_by_its_name() -> None:
    plan = plan_of()
    for lang in ("en", "zh"):
        name = name_of(plan, "quotas.land.amount", lang)
        assert name != "quotas.land.amount"
        assert plan.with_(name, 900) == plan.with_("quotas.land.amount", 900)
        assert plan.at(name) == plan.at("quotas.land.amount")
        assert assemble(source(), "plan", [f"{name}=900"]) == plan.with_(name, 900)


def test_several_settings_are_held_against_the_rules_together() -> None:
    plan, own = plan_of(), "programmes.quality_certified.queue"
    first, last = plan.at(f"{own}.start"), plan.at(f"{own}.end")
    later = {f"{own}.start": last + 1, f"{own}.end": last + 2}
    assert plan.with_all(later).at(f"{own}.start") == last + 1
    with refused("year_before_base"):
        plan.with_(f"{own}.end", first - 1)
    with refused("set_twice"):
        plan.with_all({"clusters.robotics.output": 40, "clusters.robotics.output.base": 41})


def test_every_fault_of_several_settings_is_told() -> None:
    with pytest.raises(InputError) as caught:
        plan_of().with_all({"quotas.land.amount": "abc", "clusters.nowhere.output": 3})
    assert [fault.code for fault in caught.value.faults] == ["not_a_number", "path_matches_nothing"]
    assert {fault.file for fault in caught.value.faults} == {""}


def test_a_key_that_no_file_may_write_is_refused(copy_of: Callable[[str, str], str]) -> None:
    for line in ("scenario: delayed", "written: {}", "calibration: {}"):
        with pytest.raises(InputError) as caught:
            load(copy_of("plan.yaml", f"\n{line}\n"))
        assert "unknown_key" in [fault.code for fault in caught.value.faults]


@pytest.fixture
def copy_of(tmp_path: Any) -> Callable[[str, str], str]:
    """A copy of the plan with a text behind one of its files."""
    import shutil
    from importlib.resources import files

    target = tmp_path / "mine"
    shutil.copytree(str(files("plansim.scenarios") / "library" / PLAN), target)
    before = (target / "plan.yaml").read_text(encoding="utf-8")

    def ended(file: str, text: str) -> str:
        (target / file).write_text(before + text, encoding="utf-8")
        return str(target)

    return ended


def test_faults_of_a_change_are_those_of_the_whole_plan() -> None:
    """What is looked at is enough: the plan that passes breaks no rule."""
    plan = plan_of()
    found: list[Fault] = []
    for path in ("clusters.robotics.output", "totals.output", "clusters.robotics.va_rate"):
        for value in (0.0, 0.001, 1.0, 99.0, 5000.0):
            try:
                other = plan.with_(path, value)
            except InputError as problem:
                found += problem.faults
            else:
                assert not faults_of_plan(other)
    assert {"clusters_over_total", "not_a_share"} <= {fault.code for fault in found}


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("quotas.land.amount", -5, {"value": "-5 亩/year"}),
        ("quotas.land.amount", {"value": -5, "unit": "ha/year"}, {"value": "-5 ha/year"}),
        ("totals.va_rate", 130, {"low": "130 %", "high": "130 %"}),
        ("totals.output", -3, {"value": "-3 亿元"}),
    ],
)
def test_a_fault_tells_a_value_as_it_was_typed(path: str, value: object, told: object) -> None:
    for work in (
        lambda: plan_of().with_(path, value),
        lambda: assemble(source(), "plan", {path: value}),
    ):
        _, (fault,) = outcome(work)
        assert fault[1:] == (path, repr(told))
