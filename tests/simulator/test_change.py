"""Settings: what they change, and that none is ever silently without effect."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plansim.scenarios.load import assemble, load, read_source
from plansim.simulator.change import Setting, apply
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.plan import Plan, Uncertainty

Refused = Callable[..., tuple[Fault, ...]]

TREE: dict[str, Any] = {
    "size": 4,
    "ratio": 0.5,
    "on": False,
    "name": "x",
    "list": [{"w": 1}, {"w": 2}],
    "base": {"value": 10, "unit": "亿元", "origin": "stated", "source": "doc"},
    "unsure": {
        "value": {"dist": "discrete", "values": [1, 2], "weights": [0.2, 0.8]},
        "origin": "estimated",
        "source": "doc",
    },
    "wide": {
        "value": {"dist": "t", "mean": 2, "sd": 1, "df": 4},
        "origin": "stated",
        "source": "d",
    },
    "switch": {"value": "average", "why": "w", "source": "doc"},
    "quantity": {"link": "log", "base": {"value": 3, "origin": "stated", "source": "doc"}},
    "things": {"a": {"start": 2016}, "b": {"start": 2017}, "c": {"stop": 2018}},
}


@pytest.fixture(scope="module")
def shipped_plan() -> Plan:
    return load("yuyao-2016")


def changed(path: str, value: Any) -> dict[str, Any]:
    return apply(TREE, [Setting(path, value, "--set")], idle=False).tree


# -- what a setting does ---------------------------------------------------------------------------


def test_a_value_replaces_a_value_and_nothing_else() -> None:
    tree = changed("size", 5)
    assert tree["size"] == 5
    assert {k: v for k, v in tree.items() if k != "size"} == {
        k: v for k, v in TREE.items() if k != "size"
    }
    assert TREE["size"] == 4


def test_a_factor_scales_numbers_and_keeps_whole_ones_whole() -> None:
    assert changed("size", "x1.5")["size"] == 6
    assert isinstance(changed("size", "x1.5")["size"], int)
    assert changed("size", "x0.3")["size"] == pytest.approx(1.2)
    assert changed("ratio", "x 1e-1")["ratio"] == pytest.approx(0.05)
    assert changed("base", "x1.5")["base"] == {**TREE["base"], "value": 15}


def test_a_factor_scales_the_amounts_of_a_distribution_only() -> None:
    assert changed("unsure", "x3")["unsure"]["value"] == {
        "dist": "discrete", "values": [3, 6], "weights": [0.2, 0.8],
    }  # fmt: skip
    assert changed("wide", "x3")["wide"]["value"] == {"dist": "t", "mean": 6, "sd": 3, "df": 4}


def test_a_figure_that_is_set_keeps_its_unit_and_names_its_new_source() -> None:
    base = changed("base", 12)["base"]
    assert base == {"value": 12, "unit": "亿元", "origin": "stated", "source": "--set"}
    whole = changed("base", {"value": 1, "unit": "万元"})["base"]
    assert whole == {**TREE["base"], "value": 1, "unit": "万元"}
    assert changed("base.unit", "万元")["base"]["unit"] == "万元"


def test_a_distribution_can_be_set() -> None:
    pert = {"dist": "pert", "low": 1, "mode": 2, "high": 3}
    assert changed("base", pert)["base"]["value"] == pert
    assert changed("base.value", pert)["base"]["value"] == pert


def test_a_switch_keeps_its_reason() -> None:
    assert changed("switch", "last_year")["switch"] == {
        "value": "last_year", "why": "w", "source": "--set",
    }  # fmt: skip


def test_a_quantity_stands_for_its_base() -> None:
    assert changed("quantity", 5)["quantity"]["base"]["value"] == 5
    assert changed("quantity", "x2")["quantity"]["base"]["value"] == 6
    assert changed("quantity.link", "identity")["quantity"]["link"] == "identity"


def test_a_star_stands_for_any_one_name() -> None:
    starts = changed("things.*.start", 2020)["things"]
    assert starts == {"a": {"start": 2020}, "b": {"start": 2020}, "c": {"stop": 2018}}
    assert [item["w"] for item in changed("list.*.w", "x2")["list"]] == [2, 4]
    assert [item["w"] for item in changed("list.1.w", 9)["list"]] == [1, 9]


@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_two_factors_in_two_layers_are_their_product(one: float, other: float) -> None:
    if one == 1 or other == 1:
        return
    first = apply(TREE, [Setting("wide", f"x{one!r}", "a")])
    both = apply(first.tree, [Setting("wide", f"x{other!r}", "b")])
    assert both.tree["wide"]["value"]["mean"] == pytest.approx(2 * one * other)


# -- what is refused -------------------------------------------------------------------------------


def faults(refused: Refused, *pairs: tuple[str, Any]) -> tuple[Fault, ...]:
    settings = [Setting(path, value, "--set") for path, value in pairs]
    return refused(apply, TREE, settings, False)


@pytest.mark.parametrize(
    ("path", "missing", "near"),
    [
        ("siez", "siez", "size"),
        ("things.d.start", "d", ""),
        ("things.*.strat", "strat", "things.*.start"),
        ("quantty.base", "quantty", "quantity.base"),
        ("", "", ""),
        ("size.deep", "deep", ""),
        ("list.7.w", "7", ""),
        ("base..value", "", ""),
    ],
)
def test_a_path_that_matches_nothing_names_the_nearest(
    path: str, missing: str, near: str, refused: Refused
) -> None:
    (fault,) = faults(refused, (path, 1))
    assert (fault.code, fault.path) == ("path_matches_nothing", path)
    assert (fault.fields["value"], fault.fields["nearest"]) == (missing, near)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("size", 4),
        ("size", "x1"),
        ("ratio", 0.5),
        ("on", False),
        ("name", "x"),
        ("wide", "x1.0"),
        ("list.0.w", 1),
        ("base.unit", "亿元"),
        ("base", 10),
        ("base.value", 10),
        ("base", {"value": 10}),
        ("quantity", 3),
        ("switch", "average"),
        ("switch.value", "average"),
    ],
)
def test_a_setting_that_changes_nothing_is_refused(path: str, value: Any, refused: Refused) -> None:
    (fault,) = faults(refused, (path, value))
    assert (fault.code, fault.fields["value"]) == ("changes_nothing", value)


def test_what_is_typed_may_leave_all_as_it_is_with_its_source() -> None:
    """A sweep may pass through the plan's own value."""
    for path, value in (("size", 4), ("base", 10), ("quantity", 3), ("switch", "average")):
        assert apply(TREE, [Setting(path, value, "--set")]).tree == TREE


def test_a_value_set_twice_is_refused_and_the_other_named(refused: Refused) -> None:
    (fault,) = faults(refused, ("things.a.start", 2018), ("things.*.start", 2019))
    assert (fault.code, fault.path) == ("set_twice", "things.*.start")
    assert fault.fields["other"] == "things.a.start"
    (shorthand,) = faults(refused, ("quantity", 5), ("quantity.base", 6))
    assert shorthand.code == "set_twice"


def test_inside_and_around_the_same_value_is_set_twice(refused: Refused) -> None:
    codes = [f.code for f in faults(refused, ("base.value", 5), ("base", 6))]
    assert codes == ["set_twice"]
    codes = [f.code for f in faults(refused, ("base", 6), ("base.value", 5))]
    assert codes == ["set_twice"]


@pytest.mark.parametrize("path", ["name", "on", "switch", "list", "things"])
def test_a_factor_needs_a_number(path: str, refused: Refused) -> None:
    (fault,) = faults(refused, (path, "x2"))
    assert fault.code in ("factor_needs_number", "not_one_value")


def test_a_group_of_values_is_not_one_value(refused: Refused) -> None:
    (fault,) = faults(refused, ("things.a", 3))
    assert (fault.code, fault.fields["choices"]) == ("not_one_value", ["start"])
    (factor,) = faults(refused, ("things", "x2"))
    assert factor.code == "not_one_value"


def test_all_faults_of_a_layer_are_told_together(refused: Refused) -> None:
    found = faults(refused, ("siez", 1), ("ratio", 0.5), ("name", "x2"), ("size", 9))
    assert [f.code for f in found] == [
        "path_matches_nothing", "changes_nothing", "factor_needs_number",
    ]  # fmt: skip


@settings(max_examples=50)
@given(st.text(max_size=20), st.one_of(st.none(), st.integers(), st.text(max_size=8)))
def test_any_setting_changes_something_or_is_refused(path: str, value: Any) -> None:
    try:
        tree = changed(path, value)
    except InputError as problem:
        told = bool(problem.faults)
    else:
        told = tree != TREE
    assert told


# -- on the shipped plan ---------------------------------------------------------------------------


def test_the_shorthand_of_a_cluster_sets_its_base_output(shipped_plan: Plan) -> None:
    plan = load("yuyao-2016", settings=["clusters.robotics.output=62"])
    base = plan.clusters["robotics"].output.base
    assert base is not None
    assert (base.value, base.unit, base.source) == (62, "亿元", "--set")
    old = shipped_plan.clusters["robotics"].output
    assert plan.clusters["robotics"].output.trend == old.trend
    assert plan.clusters["nev"] == shipped_plan.clusters["nev"]


def test_a_distribution_can_be_typed() -> None:
    text = "city.patents.trend.rate={dist: normal, mean: 0.15, sd: 0.03}"
    plan = load("yuyao-2016", settings=[text])
    assert plan.city["patents"].trend.rate.value == Uncertainty("normal", mean=0.15, sd=0.03)


def test_switches_are_set_by_their_name() -> None:
    plan = load("yuyao-2016", settings=["assumptions.output_prices=constant"])
    assert plan.assumptions.output_prices.value == "constant"
    assert plan.assumptions.output_prices.why != ""


def test_a_number_is_in_the_unit_of_the_file() -> None:
    plan = load("yuyao-2016", settings=["totals.va_rate=20"])
    assert plan.totals.va_rate.value == pytest.approx(0.20)


def test_a_wildcard_reaches_what_is_inherited_from_a_default(shipped_plan: Plan) -> None:
    plan = load("yuyao-2016", settings=["programmes.*.additional=x0.5"])
    for key, programme in plan.programmes.items():
        new, old = programme.additional.value, shipped_plan.programmes[key].additional.value
        assert isinstance(new, Uncertainty)
        assert isinstance(old, Uncertainty)
        assert [new.mode, old.mode] == pytest.approx([0.25, 0.5])


def test_what_is_inherited_is_set_once_and_for_whom_it_is_meant(shipped_plan: Plan) -> None:
    """Entries that inherit from ``*`` are read from one place, but are not one."""

    def luck(plan: Plan) -> dict[str, Any]:
        return {key: cluster.output.luck.sd.value for key, cluster in plan.clusters.items()}

    before = luck(shipped_plan)
    assert len(before) > 2
    twice = luck(load("yuyao-2016", settings=["clusters.*.output.luck.sd=x2"]))
    assert twice == {key: 2 * sd for key, sd in before.items()}
    one = luck(load("yuyao-2016", settings=["clusters.robotics.output.luck.sd=0.2"]))
    assert one == {**before, "robotics": 0.2}


def test_a_typed_setting_lies_over_the_scenario_and_the_scenario_over_its_parent() -> None:
    source = read_source("yuyao-2016")
    baseline, plan, delayed = (assemble(source, s) for s in ("baseline", "plan", "delayed"))
    key = "robot_town"
    assert not baseline.programmes[key].active
    assert plan.programmes[key].active
    assert delayed.programmes[key].active
    queues = [p.programmes[key].queue for p in (plan, delayed)]
    intake = [q.intake.value for q in queues if q is not None]
    assert [i.mode for i in intake if isinstance(i, Uncertainty)] == pytest.approx([4.2, 3.57])
    typed = assemble(source, "delayed", ["programmes.robot_town.active=false"])
    assert not typed.programmes[key].active
    assert typed.programmes["mould_town"] == delayed.programmes["mould_town"]


@pytest.mark.parametrize("text", ["", "x", "=3", "clusters.robotics.output=", "  = 5"])
def test_what_is_typed_has_a_form(text: str, refused: Refused) -> None:
    (fault,) = refused(load, "yuyao-2016", "plan", [text])
    assert (fault.code, fault.file, fault.fields["value"]) == ("set_form", "--set", text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("clusters.robotics.output=[1", "broken_yaml"),
        ("clusters.robotics.output=&a 1", "yaml_alias"),
        ("clusters.robotics.output=.nan", "not_finite"),
        ("clusters.robotics.output=６２", "full_width_digits"),
        ("clusters.robotics.output=abc", "not_a_number"),
        ("clusters.robotics.output=true", "not_a_number"),
        ("clusters.robotics.output=nan", "not_a_number"),
        ("programmes.boilers.queue.intake=inf", "not_a_number"),
        ("clusters.robotics.output=-5", "negative"),
        ("clusters.robotics.output={dist: gauss, mean: 5, sd: 1}", "unknown_distribution"),
        ("clusters.robotics.output={value: 5, unit: tce}", "unit_dimension"),
        ("clusters.robotics.output=1e9", "clusters_over_total"),
        ("assumptions.deflation=tripel", "not_a_choice"),
        ("plan.base_year=2016", "base_year_first"),
        ("plan.base_year=2016.5", "not_a_whole_number"),
        ("programmes.robot_town.active=perhaps", "not_yes_or_no"),
        ("programmes.robot_town.name.en=5", "not_text"),
        ("plan.years=[2015, 2020, 2025]", "wrong_length"),
    ],
)
def test_a_typed_value_is_judged_like_one_in_a_file(text: str, code: str, refused: Refused) -> None:
    found = refused(load, "yuyao-2016", "plan", [text])
    assert code in [f.code for f in found]
