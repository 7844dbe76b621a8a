"""What must hold of the levers that a plan states: every rule, broken."""

# ruff: noqa: E501 (tables of changes: one a line)

import pytest

from plansim.scenarios.load import load, read_draft, shipped
from plansim.scenarios.sheets import SHEETS
from plansim.simulator.errors import InputError

FUND = "levers.renovation_fund"


def codes(*settings: str) -> set[tuple[str, str]]:
    with pytest.raises(InputError) as problem:
        load("yuyao-2016", settings=settings)
    return {(fault.code, fault.path) for fault in problem.value.faults}


@pytest.mark.parametrize("name", shipped())
def test_shipped_plans_state_levers_with_their_reasons(name: str) -> None:
    plan = load(name)
    assert len(plan.levers) >= 3
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
        (f"{FUND}.path=clusters.robotics.output.base", ("not_a_lever", f"{FUND}.path")),
        (f"{FUND}.path=programmes.boilers.additional", ("not_a_lever", f"{FUND}.path")),
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
