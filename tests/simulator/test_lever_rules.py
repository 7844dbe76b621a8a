"""What must hold of the levers that a plan states: every rule, broken."""

# ruff: noqa: E501 (tables of changes: one a line)

from collections import Counter
from dataclasses import replace
from typing import get_args

import pytest

from plansim.scenarios.load import load, read_draft, shipped
from plansim.scenarios.sheets import SHEETS
from plansim.simulator.conform import conformed
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.lever_rules import (
    at,
    lever_faults,
    lever_kind,
    may_be,
    several,
    unit_at,
)
from plansim.simulator.plan import Label, Lever, LeverKind
from plansim.simulator.schema import kind_at

FUND = "levers.renovation_fund"


def codes(*settings: str) -> set[tuple[str, str]]:
    with pytest.raises(InputError) as problem:
        load("yuyao-2016", settings=settings)
    return {(fault.code, fault.path) for fault in problem.value.faults}


@pytest.mark.parametrize("name", shipped())
def test_shipped_plans_state_levers_with_their_reasons(name: str) -> None:
    plan = load(name)
    kinds = Counter(lever_kind(lever) for lever in plan.levers.values())
    assert len(plan.levers) >= 15
    assert kinds["administration"] >= 15
    assert min(kinds[kind] for kind in get_args(LeverKind)) >= 3
    for lever in plan.levers.values():
        assert lever.low < lever.high
        assert lever.source
        assert lever.why
        assert lever.name.zh != lever.name.en


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        (f"{FUND}.low=30000", ("lever_range", f"{FUND}.low")),
        (f"{FUND}.low=-1", ("negative", f"{FUND}.low")),
        (f"{FUND}.step=0", ("lever_step", f"{FUND}.step")),
        (f"{FUND}.step=99999", ("lever_step", f"{FUND}.step")),
        (f"{FUND}.unit=亩/year", ("unit_dimension", f"{FUND}.unit")),
        (f"{FUND}.unit=furlong", ("unknown_unit", f"{FUND}.unit")),
        (f"{FUND}.path=quotas.fund.amount", ("not_a_lever", f"{FUND}.path")),
        (f"{FUND}.path=clusters.robotics.output.link", ("not_a_lever", f"{FUND}.path")),
        (f"{FUND}.path=programmes.boilers.active", ("not_a_lever", f"{FUND}.path")),
        (f"{FUND}.path=clusters.*.outputs.base", ("not_a_lever", f"{FUND}.path")),
        (f"{FUND}.path=targets.va-rate-2020.base_value", ("not_a_lever", f"{FUND}.path")),
        (f"{FUND}.path=targets.va-rate-2020.high", ("not_a_lever", f"{FUND}.path")),
        (f"{FUND}.path=targets.*.low", ("not_a_lever", f"{FUND}.path")),
        (f"{FUND}.path=targets.va-rate-2020.low", ("unit_dimension", f"{FUND}.unit")),
        (f"{FUND}.path=clusters.robotics.output.base", ("unit_dimension", f"{FUND}.unit")),
        (f"{FUND}.path=quotas.land.amount", ("lever_twice", "levers.land_quota.path")),
        ("levers.review_panels.high=2.5", ("not_a_whole_number", "levers.review_panels.high")),
        ("levers.green_factories_start.high=2030", ("year_outside", "levers.green_factories_start.high")),
        ("levers.land_quota.cost={value: 1, unit: 亩}", ("unit_dimension", "levers.land_quota.cost.unit")),
        ("levers.land_quota.cost=-1", ("negative", "levers.land_quota.cost")),
        ("levers.land_quota.cost={value: {dist: uniform, low: 1, high: 2}}", ("must_be_certain", "levers.land_quota.cost")),
        ("levers.land_quota.origin=hearsay", ("not_a_choice", "levers.land_quota.origin")),
    ],
)  # fmt: skip
def test_every_rule(setting: str, fault: tuple[str, str]) -> None:
    assert fault in codes(setting)


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("quotas.land.amount", ("administration", "verify", "world")),
        ("programmes.x.queue.start", ("administration", "verify", "world")),
        ("programmes.x.units", ("administration", "verify", "world")),
        ("programmes.x.projects.robotics", ("administration", "verify", "world")),
        ("programmes.x.closures.rest", ("administration", "verify", "world")),
        ("programmes.x.additional", ("verify", "world")),
        ("programmes.x.effects.0.size", ("verify", "world")),
        ("clusters.robotics.output.base", ("verify", "world")),
        ("totals.output", ("verify", "world")),
        ("clusters.robotics.output.trend.rate", ("world", "verify")),
        ("clusters.*.output.trend.rate", ("world", "verify")),
        ("prices.output.trend.rate", ("world", "verify")),
        ("assumptions.common_persistence", ("verify", "world")),
        ("quotas.*.amount", ("verify", "world")),
        ("targets.va-rate-2020.low", ("goal",)),
        ("targets.va-rate-2020.year", ("goal",)),
    ],
)
def test_whose_a_lever_is_follows_from_its_path(path: str, kinds: tuple[LeverKind, ...]) -> None:
    """The first is what it is by itself; a plan may say one of the others."""
    lever = Lever(Label("甲", "A"), path, 0.0, 1.0, "judgement", "invented")
    assert may_be(path) == kinds
    assert lever_kind(lever) == kinds[0]
    assert [lever_kind(replace(lever, kind=kind)) for kind in kinds] == list(kinds)


def test_a_plan_may_say_that_others_decide_what_is_settable() -> None:
    """But not that the administration sets what comes from outside, or that a figure is a goal."""
    plan = load("yuyao-2016")
    won = plan.levers["vehicle_intake"]
    assert not list(lever_faults(replace(plan, levers={"won": replace(won, kind="world")})))
    prices = replace(won, path="prices.output.trend.rate", low=-1.0, unit="points/year")
    for lever in (replace(prices, kind="administration"), replace(won, kind="goal")):
        (fault,) = lever_faults(replace(plan, levers={"one": lever}))
        assert (fault.code, fault.path) == ("lever_kind", "levers.one.kind")
        assert fault.fields["choices"] == list(may_be(lever.path))


def test_a_kind_is_one_of_four() -> None:
    kind = kind_at(("levers", "x"))
    assert kind is not None
    written = {
        "name": {"zh": "甲", "en": "A"}, "path": "quotas.land.amount", "low": 1, "high": 2,
        "origin": "judgement", "source": "judgement", "kind": "policy",
    }  # fmt: skip
    faults: list[Fault] = []
    conformed(written, kind, "levers.x", faults)
    assert [(fault.code, fault.path) for fault in faults] == [("not_a_choice", "levers.x.kind")]
    assert conformed({**written, "kind": "world"}, kind, "levers.x", []).kind == "world"


def test_what_a_star_leads_to() -> None:
    plan = load("yuyao-2016")
    found = several(plan, "clusters.*.output.trend.rate")
    assert list(found) == [f"clusters.{key}.output.trend.rate" for key in plan.clusters]
    assert at(plan, "clusters.*.output.trend.rate") == 0.0
    assert at(plan, "clusters.*.outputs.trend.rate") is None
    assert unit_at(plan, "clusters.*.output.trend.rate") == "1/year"
    assert unit_at(plan, "targets.va-rate-2020.low") == "%"
    assert unit_at(plan, "targets.va-rate-2020.year") == "1"


def test_all_faults_at_once() -> None:
    found = codes(f"{FUND}.low=30000", "levers.review_panels.low=0.5", "levers.land_quota.step=0")
    assert {path for _, path in found} >= {
        f"{FUND}.low", "levers.review_panels.low", "levers.land_quota.step"
    }  # fmt: skip


def test_levers_have_a_place_in_the_workbook() -> None:
    draft = read_draft("yuyao-2016")
    rows = next(sheet for sheet in SHEETS if sheet.key == "plan").rows(draft)
    low = next(row for row in rows if row["path"] == "levers.land_quota.low")
    assert low["value"] == 500
