"""Levers: the values that they may take, what turning them costs, and what the plan is then."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plansim.analysis.levers import (
    KINDS,
    Knob,
    Setting,
    cost,
    effort,
    knobs,
    moved,
    shifted,
    turned,
    typed,
    without_targets,
)
from plansim.scenarios.load import load
from plansim.simulator.errors import InputError
from plansim.simulator.lever_rules import at
from plansim.simulator.plan import Figure, Label, Lever, Plan, Uncertainty
from plansim.simulator.sampling import centre, quantiles
from plansim.tests.refusals import refused


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load("yuyao-2016")


@pytest.fixture(scope="module")
def found(plan: Plan) -> dict[str, Knob]:
    return {knob.key: knob for knob in knobs(plan)}


def lever(path: str, low: float, high: float, unit: str = "1", **more: Any) -> Lever:
    name = Label("甲", "A")
    return Lever(name, path, low, high, "judgement", "invented", unit, **more)


def test_a_lever_takes_the_steps_of_its_range_and_the_plans_own_value(
    found: dict[str, Knob],
) -> None:
    assert found["review_panels"].values == (1, 2, 3, 4)
    assert found["green_factories_start"].values == (2016, 2017, 2018, 2019)
    fund = found["renovation_fund"]
    assert set(fund.values) == {*range(5000, 20001, 500), fund.own}
    assert fund.values == tuple(sorted(fund.values))


def test_without_a_step_there_are_twenty(plan: Plan) -> None:
    free = {"r": lever("programmes.robot_replacement.queue.subsidy.rate", 0, 20, "%")}
    (knob,) = knobs(replace(plan, levers=free))
    assert set(knob.values) - {knob.own} == set(range(21))
    rate = at(plan, "programmes.robot_replacement.queue.subsidy.rate")
    assert isinstance(rate, Figure)
    assert knob.own == pytest.approx(100 * centre(rate))


@pytest.mark.parametrize(
    ("key", "price"),
    [
        ("renovation_fund", 10e-4),  # 万元 a year, 2016 to 2025
        ("informatisation_budget", 11e-4),  # its budget has come since the base year
        ("land_quota", 11 * 30e-4),  # 30 万元 an 亩, 2015 to 2025
        ("review_panels", 11 * 60e-4),
        ("manager_classes", 10 * 200e-4),
        ("robot_subsidy_rate", None),
        ("green_factories_start", None),
    ],
)
def test_one_unit_more_costs(key: str, price: float | None, found: dict[str, Knob]) -> None:
    assert found[key].price == (None if price is None else pytest.approx(price))


def test_applications_cost_in_proportion_to_the_programme(found: dict[str, Knob]) -> None:
    town = found["robot_town_intake"]
    assert town.cost(2 * town.own) == pytest.approx(50.0)


@pytest.mark.parametrize("end", [0, -1])
def test_a_lever_moves_the_median_and_nothing_else(
    end: int, plan: Plan, found: dict[str, Knob]
) -> None:
    for knob in found.values():
        value = knob.values[end]
        if value == knob.own:
            assert turned(plan, (knob,), (value,)) is plan
            continue
        other = turned(plan, (knob,), (value,))
        setting = at(other, knob.lever.path)
        middle = centre(setting) if isinstance(setting, Figure) else setting
        assert middle == pytest.approx(value * knob.factor)
        assert knob_of_again(other, knob) == pytest.approx(value)
        assert replace(other, programmes={}, quotas={}, offices={}) == replace(
            plan, programmes={}, quotas={}, offices={}
        )


def knob_of_again(plan: Plan, knob: Knob) -> float:
    (again,) = knobs(plan, [knob.key])
    return again.own


def test_an_uncertain_figure_widens_in_proportion() -> None:
    pert = Uncertainty("pert", low=1.0, mode=2.0, high=4.0)
    assert moved(pert, 2.0, 4.2) == Uncertainty("pert", low=2.0, mode=4.0, high=8.0)
    assert moved(Uncertainty("beta", a=2.0, b=3.0), 1.5, 0.6) == 0.6
    assert moved(pert, 0.0, 0.0) == 0.0


@given(data=st.data())
def test_effort_and_cost_add_up_lever_by_lever(data: st.DataObject, found: dict[str, Knob]) -> None:
    turnable = list(found.values())
    own: Setting = tuple(k.own for k in turnable)
    setting = tuple(data.draw(st.sampled_from(k.values)) for k in turnable)
    alone = [(*own[:i], v, *own[i + 1 :]) for i, v in enumerate(setting)]
    assert effort(turnable, setting) == pytest.approx(sum(effort(turnable, s) for s in alone))
    assert cost(turnable, setting) == pytest.approx(sum(cost(turnable, s) for s in alone))
    assert effort(turnable, setting) >= 0
    assert effort(turnable, own) == cost(turnable, own) == 0


def test_goals_are_levers_in_the_unit_of_their_row(plan: Plan) -> None:
    """A value and a year; a year without a step moves by whole years."""
    goals = {
        "value": lever("targets.robotics-output-2020.low", 10, 30, "百亿元"),
        "year": lever("targets.robotics-output-2020.year", 2019, 2025),
    }
    value, year = knobs(replace(plan, levers=goals), kinds=KINDS)
    assert (value.kind, year.kind) == ("goal", "goal")
    assert (value.own, year.own) == (2.0, 2020)
    assert year.values == tuple(range(2019, 2026))
    later = turned(plan, (value, year), (1.5, 2023))
    target = next(t for t in later.targets if t.id == "robotics-output-2020")
    assert (target.low, target.year) == (150.0, 2023)
    assert [t for t in later.targets if t.id != target.id] == [
        t for t in plan.targets if t.id != target.id
    ]


def test_a_growth_is_moved_by_adding(plan: Plan) -> None:
    """As wide as it was, also below nothing; its own value leaves the plan alone."""
    path = "clusters.robotics.output.trend.rate"
    (knob,) = knobs(replace(plan, levers={"g": lever(path, -5, 25, "%/year")}), kinds=KINDS)
    assert knob.kind == "world"
    before, after = (at_figure(p, path) for p in (plan, turned(plan, (knob,), (-5.0,))))
    assert isinstance(before.value, Uncertainty)
    assert isinstance(after.value, Uncertainty)
    assert centre(after) == pytest.approx(-0.05)
    assert after.value.sd == before.value.sd
    assert turned(plan, (knob,), (knob.own,)) is plan


def at_figure(plan: Plan, path: str) -> Figure:
    found = at(plan, path)
    assert isinstance(found, Figure)
    return found


def test_a_star_moves_every_figure_by_the_same(plan: Plan) -> None:
    path = "clusters.*.output.trend.rate"
    (knob,) = knobs(replace(plan, levers={"all": lever(path, -2, 2, "points/year")}), kinds=KINDS)
    assert (knob.own, knob.values[0], knob.values[-1]) == (0, -2, 2)
    other = turned(plan, (knob,), (1.5,))
    for key in plan.clusters:
        place = f"clusters.{key}.output.trend.rate"
        one, two = (centre(at_figure(p, place)) for p in (plan, other))
        assert two - one == pytest.approx(0.015)
    assert turned(plan, (knob,), (0.0,)) is plan


@pytest.mark.parametrize(
    ("uncertain", "middle"),
    [
        (Uncertainty("normal", mean=0.1, sd=0.02), 0.1),
        (Uncertainty("normal", p05=0.0, p50=0.1, p95=0.3), 0.1),
        (Uncertainty("t", mean=0.1, sd=0.02, df=5.0), 0.1),
        (Uncertainty("discrete", values=(0.0, 0.1, 0.2), weights=(1.0, 2.0, 1.0)), 0.1),
        (Uncertainty("uniform", low=0.0, high=0.2), 0.1),
    ],
)
def test_what_is_shifted_keeps_its_width(uncertain: Uncertainty, middle: float) -> None:
    found = shifted(uncertain, -0.3, middle - 0.3)
    assert isinstance(found, Uncertainty)
    figure = Figure(found, "judgement", "invented")
    assert centre(figure) == pytest.approx(middle - 0.3)
    own = quantiles(Figure(uncertain, "judgement", "invented"), 0.1, 0.9)
    assert quantiles(figure, 0.1, 0.9) == pytest.approx([q - 0.3 for q in own])


def test_what_cannot_be_shifted_becomes_certain() -> None:
    assert shifted(Uncertainty("lognormal", p50=1.0, p95=2.0), 0.5, 1.5) == 1.5
    assert shifted(Uncertainty("beta", a=2.0, b=3.0), 0.1, 0.5) == 0.5


def test_only_policy_is_turned_unless_asked(plan: Plan) -> None:
    """The world is no lever of a search; what is asked for is refused by its kind."""
    more = {**plan.levers, "prices": lever("prices.output.trend.rate", -2, 2, "points/year")}
    with_world = replace(plan, levers=more)
    assert "prices" not in {k.key for k in knobs(with_world)}
    assert "prices" in {k.key for k in knobs(with_world, kinds=KINDS)}
    with refused("lever_of_others"):
        knobs(with_world, ["prices"])
    with refused("no_levers"):
        knobs(replace(plan, levers={"prices": more["prices"]}))


def test_what_is_typed_gives_the_same_plan(plan: Plan, found: dict[str, Knob]) -> None:
    chosen = list(found.values())
    setting = tuple(k.values[-1] if k.values[-1] != k.own else k.values[0] for k in chosen)
    typed_in = [typed(plan, k, v) for k, v in zip(chosen, setting, strict=True)]
    there = load("yuyao-2016", settings=typed_in)
    for path in (k.lever.path for k in chosen):
        one, other = (at(p, path) for p in (there, turned(plan, chosen, setting)))
        middles = [centre(x) if isinstance(x, Figure) else x for x in (one, other)]
        assert middles[0] == pytest.approx(middles[1], rel=1e-12)


def test_levers_of_what_is_switched_off_are_left_out() -> None:
    keys = {knob.key for knob in knobs(load("yuyao-2016", "baseline"))}
    assert keys == {"renovation_fund", "land_quota", "review_panels"}


def test_only_the_levers_wanted(plan: Plan) -> None:
    assert [k.key for k in knobs(plan, ["land_quota"])] == ["land_quota"]
    with pytest.raises(InputError) as problem:
        knobs(plan, ["land_quotum", "x"])
    assert [f.fields["value"] for f in problem.value.faults] == ["land_quotum", "x"]
    assert problem.value.faults[0].fields["nearest"] == plan.levers["land_quota"].name
    with refused("no_levers"):
        knobs(replace(plan, levers={}))


def test_an_end_at_which_the_plan_breaks_a_rule_is_named(plan: Plan) -> None:
    late = {
        "end": lever("programmes.green_factories.queue.end", 2016, 2025),
        "goal": lever("programmes.rd_support.coverage.path.2025", 0.5, 1.0),
    }
    with pytest.raises(InputError) as problem:
        knobs(replace(plan, levers=late))
    codes = [(f.code, f.path) for f in problem.value.faults]
    assert ("lever_breaks", "levers.end") in codes
    assert ("year_before_base", "programmes.green_factories.queue.end") in codes
    assert ("lever_breaks", "levers.goal") in codes
    assert ("schedule_falls", "programmes.rd_support.coverage.path") in codes


def test_targets_that_are_not_asked_for_are_left_out(plan: Plan) -> None:
    ids = ["va-rate-2020", "boilers-2017"]
    assert {t.id for t in without_targets(plan, ids).targets} == set(ids)
