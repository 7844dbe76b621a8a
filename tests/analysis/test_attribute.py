"""Levers and what they bring: exact by the definition, adding up, nothing for what does nothing."""

import shutil
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from plansim.analysis import attribute as module
from plansim.analysis.attribute import Attribution, attribute
from plansim.analysis.compare import compare
from plansim.analysis.contrast import REST, Lever, chosen, differences, grouped, mixed, told_apart
from plansim.scenarios.load import load
from plansim.simulator.errors import InputError
from plansim.simulator.plan import Plan
from plansim.simulator.whatif import WhatIf
from plansim.tests.refusals import refused

QUEUES = Path(__file__).parents[1] / "reports" / "queues"
DRAWS = 150


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template with three queues, of which two meet."""
    target = tmp_path_factory.mktemp("plans") / "queues"
    shutil.copytree(str(files("plansim.scenarios") / "template"), target)
    for file, added in (("programmes.yaml", "programmes.yaml"), ("plan.yaml", "shared.yaml")):
        with (target / file).open("a", encoding="utf-8") as stream:
            stream.write((QUEUES / added).read_text(encoding="utf-8"))
    return target


@pytest.fixture(scope="module")
def plan(folder: Path) -> Plan:
    return load(str(folder))


@pytest.fixture(scope="module")
def base(folder: Path) -> Plan:
    return load(str(folder), "baseline")


@pytest.fixture(scope="module")
def levers(plan: Plan, base: Plan) -> tuple[Lever, ...]:
    return differences(plan, base)


@pytest.fixture(scope="module")
def exact(plan: Plan, base: Plan, levers: tuple[Lever, ...]) -> Attribution:
    return attribute(plan, base, levers, draws=DRAWS)


# -- levers ----------------------------------------------------------------------------------------


def test_every_programme_that_is_switched_on_is_a_lever(
    plan: Plan, levers: tuple[Lever, ...]
) -> None:
    assert [lever.key for lever in levers] == [f"programmes.{key}" for key in plan.programmes]
    assert all(lever.only_programmes for lever in levers)


def test_all_levers_on_is_the_plan_and_none_is_the_other(
    plan: Plan, base: Plan, levers: tuple[Lever, ...]
) -> None:
    held = WhatIf(plan, DRAWS)
    assert mixed(plan, base, levers, range(len(levers))) == plan
    none, other = (held.judge(p) for p in (mixed(plan, base, levers, ()), base))
    assert np.array_equal(none.met, other.met)
    assert np.array_equal(none.reads, other.reads, equal_nan=True)


def test_whatever_a_scenario_sets_is_a_lever(folder: Path, base: Plan) -> None:
    settings = [
        "quotas.land.amount=x0.5",
        "clusters.machinery.output.trend.rate=x0.5",
        "clusters.*.energy.trend.rate=x0.5",
        "prices.output.trend.rate=0.01",
        "assumptions.output_prices=constant",
        "offices.hall.servers=5",
        "totals.output=x1.1",
    ]
    other = load(str(folder), "plan", settings)
    found = {lever.key for lever in differences(other, base)}
    assert found - {f"programmes.{key}" for key in other.programmes} == {
        "quotas.land", "clusters.machinery.output", "clusters.*.energy", "prices",
        "assumptions.output_prices", "offices.hall", "totals",
    }  # fmt: skip
    levers = differences(other, base)
    assert mixed(other, base, levers, ()).quotas == base.quotas
    assert mixed(other, base, levers, ()).clusters == base.clusters
    groups = grouped(other, levers)
    together = sorted(path for group in groups for path in group.paths)
    assert together == sorted(path for lever in levers for path in lever.paths)
    assert {"group.economy", "group.resources", "group.assumptions"} <= {g.key for g in groups}


@pytest.mark.slow
def test_a_programme_that_was_taken_is_switched_off() -> None:
    plan, base = load("yuyao-2016", "cixi_support"), load("yuyao-2016", "baseline")
    levers = differences(plan, base)
    assert "programmes.smart_lines" in [lever.key for lever in levers]
    off = mixed(plan, base, levers, ())
    assert not any(programme.active for programme in off.programmes.values())


def test_levers_are_chosen_by_name(plan: Plan, base: Plan, levers: tuple[Lever, ...]) -> None:
    keys = [lever.key for lever in told_apart(plan, base, "programme", ["plots", "re*+training"])]
    assert keys == ["programmes.plots", "re*+training", REST]
    every = chosen(plan, levers, ["*"])
    assert [len(lever.paths) for lever in every] == [len(levers)]
    with pytest.raises(InputError) as problem:
        chosen(plan, levers, ["plot", "plots", "p*"])
    assert [f.code for f in problem.value.faults] == ["unknown_lever", "levers_overlap"]
    assert problem.value.faults[0].fields["nearest"] == plan.programmes["plots"].name


def test_plans_that_do_not_differ_have_nothing_to_attribute(plan: Plan) -> None:
    with refused("nothing_apart"):
        attribute(plan, plan, differences(plan, plan), draws=8)


# -- what they bring -------------------------------------------------------------------------------


def test_shares_add_up_to_the_whole(exact: Attribution) -> None:
    np.testing.assert_allclose(exact.share[:-1].sum(axis=0), exact.share[-1], atol=1e-14)
    np.testing.assert_allclose(exact.share[-1], exact.after - exact.before, atol=1e-14)
    assert (exact.low <= exact.share).all()
    assert (exact.share <= exact.high).all()


def test_two_levers_by_the_definition(plan: Plan, base: Plan, levers: tuple[Lever, ...]) -> None:
    """φ₁ = ½ (v₁ − v₀ + v₁₂ − v₂), from runs of their own."""
    pair = chosen(plan, levers, ["upgrading"])
    held = WhatIf(plan, DRAWS)
    v = [held.judge(mixed(plan, base, pair, on)).probability for on in ((), (0,), (1,), (0, 1))]
    found = attribute(plan, base, pair, draws=DRAWS)
    np.testing.assert_allclose(found.share[0], (v[1] - v[0] + v[3] - v[2]) / 2, atol=1e-14)
    np.testing.assert_array_equal(found.before, v[0])
    np.testing.assert_array_equal(found.after, v[3])
    assert found.share[0].any()


def test_a_lever_that_does_nothing_brings_exactly_nothing(
    plan: Plan, base: Plan, levers: tuple[Lever, ...]
) -> None:
    """Training moves no quantity and is not counted: it is in every order for nothing."""
    idle = [lever.key for lever in levers].index("programmes.training")
    for measure in ("probability", "change"):
        for orders in (None, 4):
            found = attribute(plan, base, levers, measure, draws=64, orders=orders)
            assert not found.share[idle].any()
            assert not found.low[idle].any()
            assert not found.high[idle].any()


def test_both_orders_of_two_levers_are_all_there_are(
    plan: Plan, base: Plan, levers: tuple[Lever, ...]
) -> None:
    pair = chosen(plan, levers, ["upgrading"])
    one, other = (attribute(plan, base, pair, "change", 64, orders=o) for o in (None, 2))
    np.testing.assert_allclose(one.share, other.share, atol=1e-12)
    assert (one.orders, other.orders) == (0, 2)


def test_sampled_orders_add_up_and_come_near(
    plan: Plan, base: Plan, levers: tuple[Lever, ...], exact: Attribution
) -> None:
    found = attribute(plan, base, levers, draws=DRAWS, orders=8)
    np.testing.assert_allclose(found.share[:-1].sum(axis=0), found.share[-1], atol=1e-14)
    np.testing.assert_allclose(found.share, exact.share, atol=0.02)


@pytest.mark.parametrize("workers", [2, 3])
def test_threads_and_blocks_change_nothing(
    plan: Plan,
    base: Plan,
    levers: tuple[Lever, ...],
    exact: Attribution,
    workers: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("plansim.simulator.whatif.SHORT", 128)
    found = attribute(plan, base, levers, draws=DRAWS, workers=workers)
    np.testing.assert_allclose(found.share, exact.share, atol=1e-14)


def test_many_blocks_are_one_after_another(
    plan: Plan, base: Plan, levers: tuple[Lever, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = chosen(plan, levers, ["upgrading"])
    whole = attribute(plan, base, pair, draws=300)
    monkeypatch.setattr("plansim.analysis.together.WIDEST", 128)
    ticks: list[int] = []
    parts = attribute(plan, base, pair, draws=300, progress=lambda n, _: ticks.append(n))
    np.testing.assert_allclose(parts.share, whole.share, atol=1e-14)
    np.testing.assert_allclose(parts.high, whole.high, atol=1e-12)
    assert sum(ticks) == 3 * 4


def test_the_total_is_what_compare_says(plan: Plan, base: Plan, exact: Attribution) -> None:
    found = compare({"without": base, "with": plan}, draws=DRAWS)
    diff = [row.diff for row in found.rows if row.scenario == "with"]
    np.testing.assert_allclose(exact.share[-1], diff, atol=1e-14)


def test_indicators_are_split_on_average(plan: Plan, base: Plan, levers: tuple[Lever, ...]) -> None:
    found = attribute(plan, base, levers, "change", draws=DRAWS)
    reads = WhatIf(plan, DRAWS).judge().reads
    np.testing.assert_allclose(found.after, reads.mean(axis=(1, 2)), rtol=1e-12)
    np.testing.assert_allclose(found.share[:-1].sum(axis=0), found.share[-1], rtol=1e-9, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("orders", [None, 4])
def test_levers_that_only_count_may_be_pulled_together(
    orders: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is judged in one go is what judging lever by lever gives."""
    plan, base = load("yuyao-2016"), load("yuyao-2016", "baseline")
    levers = chosen(plan, differences(plan, base), ["listings", "trained_managers", "closures"])
    quick = attribute(plan, base, levers, draws=64, orders=orders)
    monkeypatch.setattr(module, "solitary", lambda models, levers: {})
    thorough = attribute(plan, base, levers, draws=64, orders=orders)
    assert quick.judged < thorough.judged
    np.testing.assert_allclose(quick.share, thorough.share, atol=1e-14)
    np.testing.assert_allclose(quick.high, thorough.high, atol=1e-12)


@pytest.mark.parametrize("orders", [0, 1, 3, 1002])
def test_orders_out_of_range(
    plan: Plan, base: Plan, levers: tuple[Lever, ...], orders: int
) -> None:
    with refused("argument_range"):
        attribute(plan, base, levers, draws=8, orders=orders)


def test_a_plan_of_which_nothing_is_judged(
    plan: Plan, base: Plan, levers: tuple[Lever, ...]
) -> None:
    silent = replace(plan, targets=())
    found = attribute(silent, replace(base, targets=()), levers, draws=64)
    assert found.share.shape == (len(levers) + 1, 0)
