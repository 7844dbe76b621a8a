"""A folder → a Plan: defaults, scenarios, units, and every rule that can be broken, placed."""

# ruff: noqa: E501 (tables of changes: one a line)

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plansim.scenarios.load import assemble, folder_of, load, read_source, shipped, shortest
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.plan import Figure, Plan, Uncertainty
from plansim.store.write import said

Refused = Callable[..., tuple[Fault, ...]]
Copy = Any  # conftest.Copy: a plan folder of one's own
PERT = "{dist: pert, low: 15, mode: 38, high: 95}"


# -- where plans are -------------------------------------------------------------------------------


def test_a_bare_word_is_a_shipped_plan_and_a_path_a_folder(copy: Copy) -> None:
    assert folder_of("yuyao-2016").name == "yuyao-2016"
    assert folder_of(copy.name) == copy.folder
    assert "yuyao-2016" in shipped()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("yuyao", "unknown_plan"),
        ("", "unknown_plan"),
        ("plan.yaml", "unknown_plan"),
        ("./nowhere", "folder_missing"),
        ("no/where", "folder_missing"),
        ("..\\nowhere", "folder_missing"),
    ],
)
def test_what_is_no_plan_is_refused(name: str, code: str, refused: Refused) -> None:
    (fault,) = refused(folder_of, name)
    assert fault.code == code
    if name == "yuyao":
        assert fault.fields["nearest"] in shipped()


def test_a_file_is_no_folder(copy: Copy, refused: Refused) -> None:
    (fault,) = refused(load, f"{copy.name}/plan.yaml")
    assert fault.code == "not_a_folder"


def test_a_copy_is_the_same_plan(copy: Copy, shipped_plan: Plan) -> None:
    assert copy.load() == shipped_plan


# -- defaults --------------------------------------------------------------------------------------


def test_what_stands_under_the_star_holds_where_nothing_else_is_said(shipped_plan: Plan) -> None:
    assert "*" not in shipped_plan.clusters
    assert "*" not in shipped_plan.programmes
    clusters = shipped_plan.clusters
    assert all(c.output.luck == clusters["robotics"].output.luck for c in clusters.values())
    assert clusters["robotics"].output.trend.curve == "logistic"
    assert clusters["optoelectronics"].output.trend.curve == "exponential"


def test_a_figure_of_ones_own_replaces_the_default_whole(copy: Copy) -> None:
    copy.change(
        "plan.yaml",
        "    va_rate: {base: {value: {dist: pert, low: 0.162",
        "    va_rate: {luck: {persistence: {value: 0.5, origin: stated, source: me}}, "
        "base: {value: {dist: pert, low: 0.162",
    )
    luck = copy.load().clusters["robotics"].va_rate.luck
    assert luck.persistence == Figure(0.5, "stated", "me")
    assert luck.sd.value == 0.111


# -- scenarios -------------------------------------------------------------------------------------


def test_every_shipped_scenario_is_a_plan_of_its_own(shipped_plan: Plan) -> None:
    source = read_source("yuyao-2016")
    plans = {key: assemble(source, key) for key in source.scenarios}
    assert plans["plan"] == shipped_plan
    assert len({str(plan) for plan in plans.values()}) == len(plans)


def test_a_scenario_inherits_and_its_child_lies_over_it(copy: Copy) -> None:
    copy.write(
        "scenarios/late.yaml",
        "name: {zh: 迟, en: Late}\nextends: delayed\nset:\n  programmes.closures.coverage.delay: 4\n",
    )
    delayed, late = copy.load("delayed"), copy.load("late")
    slipped = late.programmes["closures"].coverage
    assert slipped is not None
    assert slipped.delay is not None
    assert slipped.delay.value == 4
    assert late.programmes["mould_town"] == delayed.programmes["mould_town"]


def test_an_unknown_scenario_names_the_nearest(copy: Copy) -> None:
    fault = copy.fault("delaid")
    assert (fault.code, fault.fields["nearest"]) == ("unknown_scenario", "delayed")
    assert "stretch" in str(fault.fields["choices"])


def test_an_unknown_parent_is_named_with_its_place(copy: Copy) -> None:
    line = copy.change("scenarios/delayed.yaml", "extends: plan", "extends: plam")
    fault = copy.fault("delayed")
    assert (fault.code, fault.file) == ("unknown_scenario", "mine/scenarios/delayed.yaml")
    assert (fault.path, fault.line, fault.column) == ("scenarios.delayed.extends", line, 1)


@pytest.mark.parametrize("asked", ["baseline", "plan", "delayed"])
def test_a_circle_of_scenarios_is_refused(asked: str, copy: Copy) -> None:
    copy.write("scenarios/baseline.yaml", "name: {zh: 甲, en: A}\nextends: delayed\n")
    fault = copy.fault(asked)
    assert fault.code == "scenario_circle"
    assert str(fault.fields["value"]).startswith(asked)
    assert str(fault.fields["value"]).endswith(asked)
    assert fault.line > 0


def test_a_scenario_that_changes_nothing_is_refused_at_its_line(copy: Copy) -> None:
    copy.write(
        "scenarios/idle.yaml",
        "name: {zh: 甲, en: A}\nextends: plan\nset:\n  plan.base_year: 2015\n  clusters.nve.output: 5\n",
    )
    faults = copy.faults("idle")
    assert [(f.code, f.line, f.column) for f in faults] == [
        ("changes_nothing", 4, 3),
        ("path_matches_nothing", 5, 3),
    ]
    assert faults[1].fields["nearest"] == "clusters.nev.output"


def test_a_scenario_with_an_unknown_key_is_refused(copy: Copy) -> None:
    copy.write("scenarios/odd.yaml", "name: {zh: 甲, en: A}\nextend: plan\n")
    fault = copy.fault("plan")
    assert (fault.code, fault.file) == ("unknown_key", "mine/scenarios/odd.yaml")
    assert (fault.fields["nearest"], fault.line) == ("extends", 2)


def test_a_fault_that_a_setting_brings_is_placed_at_the_setting(copy: Copy) -> None:
    copy.write(
        "scenarios/odd.yaml",
        "name: {zh: 甲, en: A}\nextends: plan\nset:\n  totals.va_rate: 180\n",
    )
    fault = copy.fault("odd")
    assert (fault.code, fault.path) == ("not_a_share", "totals.va_rate")
    assert (fault.file, fault.line) == ("mine/scenarios/odd.yaml", 4)


# -- all faults at once ----------------------------------------------------------------------------


def test_faults_of_form_in_all_files_are_told_together(copy: Copy) -> None:
    expected = [
        ("not_a_choice", "plan.yaml", copy.change("plan.yaml", "link: log", "link: lag")),
        ("unknown_key", "plan.yaml", copy.change("plan.yaml", "scope: manufacturing", "scpe: x")),
        ("missing_key", "programmes.yaml", copy.change("programmes.yaml", "zh: 机器换人, ", "")),
        (
            "unknown_key",
            "scenarios/stretch.yaml",
            copy.change("scenarios/stretch.yaml", "why:", "wy:"),
        ),
        (
            "path_matches_nothing",
            "scenarios/plan.yaml",
            copy.change("scenarios/plan.yaml", "*.active", "*.actve"),
        ),
        ("missing_column", "targets.csv", copy.change("targets.csv", "id,", "nr,")),
        ("unknown_column", "targets.csv", 1),
    ]
    found = [(f.code, f.file.removeprefix("mine/"), f.line) for f in copy.faults()]
    assert sorted(found) == sorted(expected)


def test_broken_yaml_in_several_files_is_told_together(copy: Copy) -> None:
    for file in ("plan.yaml", "programmes.yaml", "scenarios/plan.yaml"):
        copy.write(file, f"a: [1\n{copy.text(file)}")
    (copy.folder / "targets.csv").unlink()
    assert sorted((f.code, f.file) for f in copy.faults()) == [
        ("broken_yaml", "mine/plan.yaml"),
        ("broken_yaml", "mine/programmes.yaml"),
        ("broken_yaml", "mine/scenarios/plan.yaml"),
        ("file_missing", "mine/targets.csv"),
    ]


def test_faults_of_meaning_in_plan_and_targets_are_told_together(copy: Copy) -> None:
    share = copy.change("plan.yaml", "value: 18.3", "value: 183")
    year = copy.change("targets.csv", "2015,1.7,2020,2.0", "2015,1.7,2030,2.0")
    unit = copy.change("plan.yaml", "unit: tce/万元", "unit: tce/万")
    assert sorted((f.code, f.file, f.line) for f in copy.faults()) == sorted(
        [
            ("not_a_share", "mine/plan.yaml", share),
            ("unknown_unit", "mine/plan.yaml", unit),
            ("year_outside", "mine/targets.csv", year),
        ]
    )


@pytest.mark.parametrize("missing", ["plan.yaml", "targets.csv"])
def test_a_missing_file_is_named(missing: str, copy: Copy) -> None:
    (copy.folder / missing).unlink()
    assert ("file_missing", f"mine/{missing}") in [(f.code, f.file) for f in copy.faults()]


def test_a_plan_without_programmes_or_scenarios_says_so(copy: Copy) -> None:
    shutil.rmtree(copy.folder / "scenarios")
    assert copy.fault("baseline").code == "unknown_scenario"


def test_the_folder_above_is_never_read(copy: Copy) -> None:
    (copy.folder.parent / "programmes.yaml").write_text("a: [1", encoding="utf-8")
    assert copy.load().plan.id == "yuyao-2016"


# -- form: where and what --------------------------------------------------------------------------

ROBOTICS = "      base: {value: {dist: pert, low: 15, mode: 38, high: 95}, unit: 亿元, year: 2015, origin: estimated"
FORM = (
    # file, old, new, code, path
    ("plan.yaml", "link: log", "link: lag", "not_a_choice", "prices.output.link"),
    ("plan.yaml", "base_year: 2015", "base_year: soon", "not_a_whole_number", "plan.base_year"),
    ("plan.yaml", "base_year: 2015", "base_yaer: 2015", "unknown_key", "plan.base_yaer"),
    ("plan.yaml", "years: [2015, 2025]", "years: 2015", "not_a_list", "plan.years"),
    ("plan.yaml", "years: [2015, 2025]", "years: [2015]", "missing_key", "plan.years.1"),
    ("plan.yaml", "id: yuyao-2016", "id: 2016", "not_text", "plan.id"),
    ("plan.yaml", "region: {zh: 余姚市, en: Yuyao}", "region: 5", "not_a_mapping", "plan.region"),
    ("plan.yaml", "value: 18.3", "value: many", "not_a_number", "totals.va_rate.value"),
    ("plan.yaml", "value: 18.3", "value: true", "not_a_number", "totals.va_rate.value"),
    ("plan.yaml", "value: 18.3", "value: nan", "not_a_number", "totals.va_rate.value"),
    ("plan.yaml", "value: 18.3", "value: inf", "not_a_number", "totals.va_rate.value"),
    ("plan.yaml", "value: 18.3", "value: −5", "not_a_number", "totals.va_rate.value"),
    ("plan.yaml", "value: 18.3", "value: 12:30", "not_a_number", "totals.va_rate.value"),
    ("plan.yaml", "value: 18.3", 'value: "１８"', "full_width_digits", "totals.va_rate.value"),
    ("plan.yaml", "low: 15, mode: 38", "lo: 15, mode: 38", "unknown_key", "clusters.robotics.output.base.value.lo"),
    ("plan.yaml", ROBOTICS, ROBOTICS.replace("estimated", "guess"), "not_a_choice", "clusters.robotics.output.base.origin"),
    ("plan.yaml", "dist: pert, low: 15,", "low: 15,", "missing_key", "clusters.robotics.output.base.value.dist"),
    ("plan.yaml", "residual: true", "residual: perhaps", "not_yes_or_no", "clusters.rest.residual"),
    ("programmes.yaml", "path: {2020: 0.7, 2025: 1.0}", "path: {soon: 1.0}", "not_a_whole_number", "programmes.rd_support.coverage.path.soon"),
    ("programmes.yaml", "path: {2020: 0.7, 2025: 1.0}", "path: {2017: all}", "not_a_number", "programmes.rd_support.coverage.path.2017"),
)  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "code", "path"), FORM)
def test_every_fault_of_form_has_its_code_and_place(
    file: str, old: str, new: str, code: str, path: str, copy: Copy
) -> None:
    line = copy.change(file, old, new)
    faults = [f for f in copy.faults() if f.code == code]
    fault = next(f for f in faults if f.path == path)
    assert (fault.file, fault.line) == (f"mine/{file}", line)
    assert fault.column > 0


def test_an_unknown_key_names_the_nearest_known(copy: Copy) -> None:
    copy.change("plan.yaml", "low: 15, mode: 38", "low: 15, mod: 38")
    unknown = next(f for f in copy.faults() if f.code == "unknown_key")
    assert unknown.fields["nearest"] == "mode"


# -- meaning: every rule, broken once --------------------------------------------------------------

MEANING = (
    ("plan.yaml", "years: [2015, 2025]", "years: [2015, 2015]", "years_order", "plan.years"),
    ("plan.yaml", "base_year: 2015", "base_year: 2016", "base_year_first", "plan.base_year"),
    ("plan.yaml", "unit: 亿元, year: 2015, origin: goal", "unit: tce, year: 2015, origin: goal", "unit_dimension", "totals.output.unit"),
    ("plan.yaml", "unit: points/year", "unit: point/year", "unknown_unit", "clusters.robotics.va_rate.trend.rate.unit"),
    ("plan.yaml", "value: 18.3", "value: 118.3", "not_a_share", "totals.va_rate"),
    ("plan.yaml", "low: 0.6, mode: 0.8, high: 0.92", "low: 0.6, mode: 0.8, high: 1.92", "not_a_share", "clusters.robotics.tags.high_tech"),
    ("plan.yaml", "value: 0.0931", "value: -0.0931", "negative", "clusters.robotics.output.luck.sd"),
    ("plan.yaml", "value: {dist: pert, low: 15, mode: 38", "value: {dist: prt, low: 15, mode: 38", "unknown_distribution", "clusters.robotics.output.base.value.dist"),
    ("plan.yaml", "dist: pert, low: 15, mode: 38, high: 95", "dist: pert, low: 15, high: 95", "distribution_form", "clusters.robotics.output.base.value"),
    ("plan.yaml", "low: 15, mode: 38, high: 95", "low: 15, mode: 138, high: 95", "distribution_order", "clusters.robotics.output.base.value"),
    ("plan.yaml", "dist: lognormal, p05: 1400", "dist: lognormal, p05: -1400", "lognormal_positive", "totals.output.value"),
    ("plan.yaml", "dist: normal, mean: 0.003, sd: 0.010", "dist: normal, mean: 0.003, sd: -0.010", "must_be_positive", "prices.output.trend.rate.value.sd"),
    ("plan.yaml", "dist: normal, mean: 0.003, sd: 0.010", "dist: t, mean: 0.003, sd: 0.010, df: 2", "t_variance", "prices.output.trend.rate.value.df"),
    ("plan.yaml", "value: {dist: normal, mean: 0.003, sd: 0.010}", "value: {dist: discrete, values: [1, 2], weights: [1]}", "discrete_weights", "prices.output.trend.rate.value"),
    ("plan.yaml", "shock_df: {value: 6.5", "shock_df: {value: {dist: uniform, low: 4, high: 8}", "must_be_certain", "assumptions.shock_df"),
    ("plan.yaml", "low: 110, mode: 160, high: 260", "low: 1100, mode: 1600, high: 2600", "clusters_over_total", "totals.output"),
    ("plan.yaml", "scope: manufacturing", "scope: manufakturing", "unknown_tag", "totals"),
    ("plan.yaml", "residual: true", "residual: false", "one_rest", "clusters"),
    ("plan.yaml", "base: {value: 0.994, unit: index", "base: {value: 0, unit: index", "log_needs_positive", "city.informatisation.base"),
    ("plan.yaml", "low: 0.93, mode: 0.975, high: 0.992", "low: 0.93, mode: 0.975, high: 1.2", "base_outside_bounds", "city.solid_waste_use.base"),
    ("plan.yaml", "low: 95, mode: 108, high: 130", "low: 35, mode: 48, high: 70", "ceiling_under_base", "city.integration.trend.ceiling"),
    ("plan.yaml", "        curve: logistic\n", "", "curve_has_no_ceiling", "clusters.robotics.output.trend"),
    ("plan.yaml", "curve: logistic", "curve: richards", "richards_needs_theta", "clusters.robotics.output.trend"),
    ("plan.yaml", "to: city.patents", "to: city.patent", "unknown_quantity", "couplings.1.to"),
    ("plan.yaml", "- source_quantity: city.rd_to_revenue", "- source_quantity: city.rd", "unknown_quantity", "couplings.0.source_quantity"),
    ("plan.yaml", "level: county", "level: city", "not_a_choice", "plan.level"),
    ("plan.yaml", "field: digital", "field: digits", "not_a_choice", "indicators.informatisation.field"),
    ("plan.yaml", "of: city.integration,", "of: city.integrate,", "unknown_account", "indicators.integration.of"),
    ("plan.yaml", "over: nominal_output", "over: city.patents", "unknown_account", "indicators.va_rate.over"),
    ("plan.yaml", "tag: high_tech", "tag: hightech", "unknown_tag", "indicators.high_tech_share.tag"),
    ("plan.yaml", "programme: boilers}", "programme: boiler}", "unknown_programme", "indicators.boilers_phased_out.programme"),
    ("plan.yaml", "unit: firm, measure: delivered, programme: listings", "unit: 亿元, measure: delivered, programme: listings", "unit_dimension", "programmes.listings.units"),
    ("plan.yaml", "measure: delivered, programme: listings", "measure: delivered, programme: producer_services", "missing_key", "programmes.producer_services"),
    ("plan.yaml", "    threshold: {value: 100", "    exponent: {value: 100", "missing_key", "indicators.clusters_over_10bn"),
    ("plan.yaml", "measure: account, of: city.lead_group", "measure: account", "missing_key", "indicators.lead_group_revenue"),
    ("plan.yaml", "deflation: {value: single", "deflation: {value: tripel", "not_a_choice", "assumptions.deflation.value"),
    ("plan.yaml", "reference: va_rate_change", "reference: va_rate", "not_a_choice", "indicators.va_rate.reference"),
    ("plan.yaml", "value: 0.5, source: nber-ces", "value: 1.5, source: nber-ces", "not_a_correlation", "parameter_correlations.0.value"),
    ("plan.yaml", "between: [prices.output, prices.input]", "between: [prices.output, prices.imput]", "matches_nothing", "shock_correlations.5.between"),
    ("plan.yaml", "value: -0.60, source: nber-ces", "value: 0.95, source: nber-ces", "correlations_impossible", "shock_correlations"),
    ("programmes.yaml", "path: {2020: 0.7, 2025: 1.0}", "path: {}", "empty_schedule", "programmes.rd_support.coverage.path"),
    ("programmes.yaml", "path: {2020: 0.7, 2025: 1.0}", "path: {2027: 1.0}", "year_outside", "programmes.rd_support.coverage.path.2027"),
    ("programmes.yaml", "path: {2020: 0.7, 2025: 1.0}", "path: {2015: 1.0}", "year_before_base", "programmes.rd_support.coverage.path.2015"),
    ("programmes.yaml", "path: {2020: 0.7, 2025: 1.0}", "path: {2017: 1.5}", "not_a_share", "programmes.rd_support.coverage.path.2017"),
    ("programmes.yaml", "path: {2020: 0.6, 2025: 1.0}", "path: {2020: 0.6, 2025: 0.5}", "schedule_falls", "programmes.energy_saving.coverage.path"),
    ("programmes.yaml", "on: city.digital_tools", "on: city.digital_tool", "unknown_quantity", "programmes.smart_manufacturing.effects.1.on"),
    ("programmes.yaml", "    robotics: {value", "    robots: {value", "unknown_cluster", "programmes.robot_town.projects.robots"),
    ("programmes.yaml", "    rest: {value", "    rests: {value", "unknown_cluster", "programmes.closures.closures.rests"),
    ("programmes.yaml", "lot: 0.04", "lot: 0", "must_be_positive", "programmes.boilers.lot"),
    ("programmes.yaml", "cost: {value: 50", "cost: {value: -50", "negative", "programmes.robot_town.cost"),
    ("programmes.yaml", "cost: {value: 50, unit: 亿元", "cost: {value: 50, unit: 家", "unit_dimension", "programmes.robot_town.cost.unit"),
    ("programmes.yaml", "additional: {value: {dist: pert, low: 0.2", "additional: {value: {dist: pert, low: -0.2", "not_a_share", "programmes.robot_replacement.additional"),
)  # fmt: skip
#: What else one change brings about.
FOLLOWS = {
    "years_order": {"year_outside", "not_a_lever"},
    "one_rest": {"missing_key"},
    "missing_key": {"unit_dimension"},
    "not_a_correlation": {"correlations_impossible"},
    # a lever leads nowhere when the year, the cluster or the goal that it moves is gone
    **{
        code: {"not_a_lever"}
        for code in (
            "empty_schedule",
            "year_outside",
            "year_before_base",
            "not_a_share",
            "unit_dimension",
            "unknown_cluster",
        )
    },
}
#: A correlation has no key of its own in the file: its list is where the fault stands.
ANY_LINE = {
    "clusters",
    "totals",
    "shock_correlations",
    "totals.output",
    "programmes.producer_services",
}
ANY_LINE |= {"indicators.lead_group_revenue", "indicators.clusters_over_10bn"}
ANY_LINE |= {"clusters.robotics.output.trend", "programmes.listings.units"}


@pytest.mark.parametrize(("file", "old", "new", "code", "path"), MEANING)
def test_every_broken_rule_has_its_code_and_place(
    file: str, old: str, new: str, code: str, path: str, copy: Copy
) -> None:
    line = copy.change(file, old, new)
    faults = copy.faults()
    assert {f.code for f in faults} - FOLLOWS.get(code, set()) == {code}
    fault = next((f for f in faults if (f.code, f.path) == (code, path)), None)
    assert fault is not None, [f.path for f in faults]
    assert fault.file in ("mine/plan.yaml", "mine/programmes.yaml")
    assert fault.line > 0
    if path not in ANY_LINE:
        assert (fault.file, fault.line) == (f"mine/{file}", line)


def test_a_second_rest_is_one_too_many(copy: Copy) -> None:
    copy.change("plan.yaml", "  nev:\n", "  nev:\n    residual: true\n")
    faults = {f.code: f for f in copy.faults()}
    assert faults["one_rest"].fields["value"] == ["nev", "rest"]
    assert faults["rest_has_base"].path == "clusters.nev.output.base"


def test_a_cluster_without_a_base_is_refused(copy: Copy) -> None:
    line = copy.change("plan.yaml", f"      base: {{value: {PERT}", f"      bass: {{value: {PERT}")
    found = copy.faults()
    assert ("unknown_key", line) in [(f.code, f.line) for f in found]


def test_a_target_beyond_what_its_quantity_can_reach_is_refused(copy: Copy) -> None:
    copy.change("targets.csv", "2020,98,", "2020,198,")
    faults = copy.faults()
    assert {f.code for f in faults} == {"not_a_share", "target_beyond_ceiling"}
    assert {f.path for f in faults} == {"targets.solid-waste-use-2020.low"}


# -- units -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("plan.yaml", "value: {dist: pert, low: 15, mode: 38, high: 95}, unit: 亿元", "value: {dist: pert, low: 150000, mode: 380000, high: 950000}, unit: 万元"),
        ("plan.yaml", "value: 18.3, unit: \"%\"", "value: 0.183"),
        ("plan.yaml", "value: 18.3, unit: \"%\"", "value: 18.3, unit: ％"),
        ("plan.yaml", "value: 0.5, unit: points", "value: 0.005, unit: '1'"),
        ("plan.yaml", "p05: 0.108, p95: 0.3}, unit: tce/万元", "p05: 1080, p95: 3000}, unit: tce/亿元"),
        ("plan.yaml", "p05: 0.108, p95: 0.3}, unit: tce/万元", "p05: 0.0108, p95: 0.03}, unit: kgce/元"),
        ("plan.yaml", "mean: 0.10, sd: 0.22}, unit: points/year", "mean: 0.0010, sd: 0.0022}, unit: 1/year"),
        ("programmes.yaml", "cost: {value: 50, unit: 亿元", "cost: {value: 0.05, unit: 千亿元"),
        ("programmes.yaml", "mode: 0.2, high: 1.5}, unit: year", "mode: 2.4, high: 18}, unit: month"),
        ("targets.csv", "%,share,reach,up,2015,1.7,2020,2.0", "1,share,reach,up,2015,1.7,2020,0.02"),
    ],
)  # fmt: skip
def test_the_same_plan_in_other_units_is_the_same_plan(
    file: str, old: str, new: str, copy: Copy, shipped_plan: Plan
) -> None:
    copy.change(file, old, new)
    plan = copy.load()
    if file == "targets.csv":
        one, other = plan.targets[0], shipped_plan.targets[0]
        assert other.low is not None
        assert one.low is not None
        assert one.low * one.scale == pytest.approx(other.low * other.scale, rel=1e-12)
        assert replace(plan, targets=()) == replace(shipped_plan, targets=())
        return
    assert rounded(plan) == rounded(shipped_plan)


def rounded(plan: Plan) -> str:
    """Everything that a plan says, its numbers to ten digits: unit factors are not exact."""

    def walk(node: object) -> object:
        if isinstance(node, float):
            return float(f"{node:.10g}")
        if isinstance(node, dict):
            return {key: walk(child) for key, child in node.items()}
        if isinstance(node, list | tuple):
            return [walk(child) for child in node]
        return node

    return repr(walk(said(plan)))


def test_weights_and_degrees_of_freedom_have_no_unit(copy: Copy) -> None:
    copy.change(
        "plan.yaml",
        "value: {dist: normal, mean: 0.10, sd: 0.22}, unit: points/year",
        "value: {dist: t, mean: 0.10, sd: 0.22, df: 5}, unit: points/year",
    )
    value = copy.load().clusters["robotics"].va_rate.trend.rate.value
    assert isinstance(value, Uncertainty)
    assert [value.mean, value.sd, value.df] == pytest.approx([0.001, 0.0022, 5])


# -- hostile folders -------------------------------------------------------------------------------


def test_a_folder_instead_of_a_file_is_refused(copy: Copy) -> None:
    (copy.folder / "targets.csv").unlink()
    (copy.folder / "targets.csv").mkdir()
    assert ("file_unreadable", "mine/targets.csv") in [(f.code, f.file) for f in copy.faults()]


@pytest.mark.parametrize("file", ["plan.yaml", "programmes.yaml", "scenarios/plan.yaml"])
@pytest.mark.parametrize(
    "text", ["", "- 1\n", "1\n", "null\n", "{}\n", "a: 1\n", "'*': 5\n", "'*': {}\n"]
)
def test_a_file_of_another_shape_is_refused_or_read(file: str, text: str, copy: Copy) -> None:
    copy.write(file, text)
    try:
        plan = copy.load()
    except InputError as problem:
        codes = {fault.code for fault in problem.faults}
    else:
        codes = {"read"}
        assert file == "programmes.yaml"
        assert plan.programmes == {}
    assert codes
    assert "invalid" not in codes


def test_sections_of_another_shape_are_refused(copy: Copy, tmp_path: Path) -> None:
    for section in (
        "clusters",
        "totals",
        "prices",
        "city",
        "indicators",
        "couplings",
        "assumptions",
    ):
        text = "".join(
            line for line in copy.text("plan.yaml").splitlines(True) if not line.startswith("#")
        )
        start = text.index(f"\n{section}:") + 1
        rest = text[start:].splitlines(True)
        end = next((i for i, line in enumerate(rest[1:], 1) if line[:1].isalpha()), len(rest))
        other = type(copy)(tmp_path / section)
        shutil.copytree(copy.folder, other.folder)
        other.write("plan.yaml", text[:start] + f"{section}: 5\n" + "".join(rest[end:]))
        faults = [f for f in other.faults() if f.path == section]
        assert [f.code for f in faults] == [
            "not_a_list" if section == "couplings" else "not_a_mapping"
        ]


def test_a_plan_is_named_by_what_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    assert shortest("yuyao-2016") == "yuyao-2016"
    assert shortest(str(folder_of("yuyao-2016"))) == "yuyao-2016"
    assert shortest(str(tmp_path / "mine")) == "./mine"
    assert shortest("./mine") == "./mine"
    assert shortest("/elsewhere/plan") == "/elsewhere/plan"
