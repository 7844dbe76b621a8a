"""The shipped plans: whole, sourced, and loadable in every scenario."""

import re
from dataclasses import fields
from functools import cache

import pytest

from plansim.scenarios.load import (
    Source,
    assemble,
    folder_of,
    read_draft,
    read_source,
    shipped,
)
from plansim.simulator.accounts import ACCOUNTS
from plansim.simulator.plan import Figure, Plan, Target, Uncertainty, figures

LAST_LINE = 1000
SOURCE = re.compile(r"(?P<plan>[a-z0-9-]+):(?P<lines>L[0-9]+(,L[0-9]+)*)")


@cache
def source(name: str) -> Source:
    return read_source(name)


@cache
def plan_of(name: str, scenario: str = "plan") -> Plan:
    return assemble(source(name), scenario)


each_plan = pytest.mark.parametrize("name", shipped())
each_scenario = pytest.mark.parametrize(
    ("name", "scenario"), [(name, key) for name in shipped() for key in source(name).scenarios]
)


def ids_in(text: str) -> set[str]:
    """The source ids of a figure: "cip-4.0, outturns:CN11" or "yuyao-2016:L18,L54"."""
    parts = [part.strip() for part in text.split(",")]
    return {re.sub(r":L[0-9]+$", "", p) for p in parts if not re.fullmatch(r"L[0-9]+", p)}


def test_there_are_shipped_plans() -> None:
    assert "yuyao-2016" in shipped()


@each_scenario
def test_every_scenario_loads(name: str, scenario: str) -> None:
    plan = plan_of(name, scenario)
    assert plan.plan.id == name
    assert len(plan.judged) > 50
    assert [t.id for t in plan.targets] == [t.id for t in plan_of(name).targets]


@each_plan
def test_the_usual_scenarios_are_there(name: str) -> None:
    assert {"baseline", "plan", "delayed", "stretch"} <= source(name).scenarios.keys()
    assert source(name).scenarios["baseline"].extends is None


@each_scenario
def test_every_scenario_has_a_name_in_both_languages_and_a_reason(name: str, scenario: str) -> None:
    told = source(name).scenarios[scenario]
    assert re.search(r"[\u4e00-\u9fff]", told.name.zh)
    assert re.search(r"[A-Za-z]", told.name.en)
    assert told.why or scenario == "baseline"


@each_plan
def test_ids_are_unique_and_plain(name: str) -> None:
    ids = [t.id for t in plan_of(name).targets]
    assert len(ids) == len(set(ids))
    assert [i for i in ids if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", i)] == []


@each_plan
def test_every_judged_target_resolves(name: str) -> None:
    plan = plan_of(name)
    for target in plan.judged:
        indicator = plan.indicators[target.indicator]
        assert target.year in plan.years
        assert target.low is not None or target.high is not None
        assert bool(target.cluster) == (indicator.subjects == "clusters")
        assert target.cluster == "" or plan.clusters[target.cluster].name.en == target.subject
        if indicator.measure == "account":
            assert indicator.of in ACCOUNTS or indicator.of.removeprefix("city.") in plan.city


@each_plan
def test_every_stated_row_says_why_it_is_not_judged(name: str) -> None:
    assert [t.id for t in plan_of(name).targets if t.status == "stated" and not t.reason] == []


@each_plan
def test_every_row_says_in_whose_hands_it_lies(name: str) -> None:
    rows = read_draft(name).targets
    assert [row.cells["id"] for row in rows if not row.cells["owner"]] == []


def test_what_is_measured_alike_has_one_owner() -> None:
    """Also in another plan: the owner of a figure does not hang on who read the document."""
    owners: dict[str, set[str]] = {}
    for name in shipped():
        for target in plan_of(name).targets:
            owners.setdefault(target.indicator, set()).add(target.owner)
    assert {key: found for key, found in owners.items() if len(found) > 1} == {}


@each_plan
def test_what_is_handed_down_is_energy_water_or_emissions(name: str) -> None:
    """And what a regulator demands of banks."""
    words = ("能耗", "用水量", "污染物", "双控", "三个不低于")
    bound = [t for t in plan_of(name).targets if t.owner == "quota"]
    assert bound
    assert all(any(word in t.indicator_zh for word in words) for t in bound)


@each_plan
def test_restatements_lead_to_a_row_that_restates_nothing(name: str) -> None:
    by_id = {t.id: t for t in plan_of(name).targets}
    for target in by_id.values():
        seen = [target.id]
        while by_id[seen[-1]].restates:
            seen.append(by_id[seen[-1]].restates)
            assert len(seen) == len(set(seen)), seen


@each_plan
def test_sources_of_targets_are_lines_of_the_document(name: str) -> None:
    for target in plan_of(name).targets:
        found = SOURCE.fullmatch(target.source)
        assert found, (target.id, target.source)
        assert found["plan"] in plan_of(name).plan.documents
        lines = [int(line[1:]) for line in found["lines"].split(",")]
        assert all(1 <= line <= LAST_LINE for line in lines), target.id
        assert len(lines) == len(set(lines)), target.id


@each_plan
def test_falls_are_negative_and_rises_are_not(name: str) -> None:
    for target in plan_of(name).targets:
        if target.basis == "change_vs_base":
            values = [v for v in (target.low, target.high) if v is not None]
            sign = -1 if target.direction == "down" else 1
            assert all(sign * v > 0 for v in values), target.id


def identical(one: Target, other: Target) -> bool:
    names = ("indicator", "subject", "basis", "comparator", "year", "low", "high", "unit")
    return all(getattr(one, n) == getattr(other, n) for n in names)


@each_plan
def test_an_identical_statement_says_which_it_restates(name: str) -> None:
    judged = plan_of(name).judged
    for i, one in enumerate(judged):
        for other in judged[i + 1 :]:
            if identical(one, other):
                assert other.restates == one.id or one.restates == other.id, (one.id, other.id)


@each_plan
def test_counts_and_shares_are_plausible(name: str) -> None:
    for target in plan_of(name).judged:
        for value in (target.low, target.high):
            if value is not None and target.basis in ("share", "rate"):
                assert 0 < value * target.scale <= 1, target.id
            if value is not None and target.basis == "cumulative_count":
                assert value > 0, target.id


@each_scenario
def test_every_figure_says_where_it_comes_from(name: str, scenario: str) -> None:
    seen = 0
    for path, figure in figures(plan_of(name, scenario)):
        seen += 1
        assert figure.origin, path
        assert figure.source.strip(), path
    assert seen > 300


@each_plan
def test_what_the_document_states_is_certain_and_names_its_line(name: str) -> None:
    for path, figure in figures(plan_of(name)):
        if figure.origin == "stated":
            assert not isinstance(figure.value, Uncertainty), path
            assert figure.source.startswith(f"{name}:L"), path


@each_plan
def test_what_is_estimated_says_why(name: str) -> None:
    """Bases and growth of output are what most verdicts hinge on: each has its reason."""
    for key, cluster in plan_of(name).clusters.items():
        wanted: list[Figure | None] = [cluster.output.base, cluster.output.trend.rate]
        for figure in wanted:
            assert figure is None or figure.why, key


@each_plan
def test_every_source_is_described(name: str) -> None:
    path = folder_of(name) / "SOURCES.md"
    assert path.is_file()
    known = set(re.findall(r"^\| `([^`]+)`", path.read_text(encoding="utf-8"), re.MULTILINE))
    known |= {"judgement", "docs/model.md"}
    plan = plan_of(name)
    named: dict[str, str] = {}
    for path_, figure in figures(plan):
        named |= dict.fromkeys(ids_in(figure.source), path_)
    for key, programme in plan.programmes.items():
        named |= dict.fromkeys(ids_in(programme.source), key) if programme.source else {}
    for part in (*plan.parameter_correlations, *plan.shock_correlations):
        named |= dict.fromkeys(ids_in(part.source), str(part.between))
    for each in fields(plan.assumptions):
        named |= dict.fromkeys(ids_in(getattr(plan.assumptions, each.name).source), each.name)
    assert {i: where for i, where in named.items() if i not in known} == {}


@each_plan
def test_names_are_in_both_languages(name: str) -> None:
    plan = plan_of(name)
    labels = [c.name for c in plan.clusters.values()]
    labels += [p.name for p in plan.programmes.values()]
    labels += [i.name for i in plan.indicators.values()]
    labels += [q.name for q in plan.city.values() if q.name is not None]
    for label in (*labels, plan.plan.name, plan.plan.region):
        assert re.search(r"[\u4e00-\u9fff]", label.zh), label
        assert not re.search(r"[\u4e00-\u9fff]", label.en), label
    for target in plan.targets:
        assert re.search(r"[\u4e00-\u9fff]", target.indicator_zh), target.id
        assert re.search(r"[\u4e00-\u9fff]", target.subject_zh), target.id


@each_plan
def test_every_delivered_count_is_planned_at_least_as_high_as_it_is_targeted(name: str) -> None:
    plan = plan_of(name)
    for target in plan.judged:
        indicator = plan.indicators[target.indicator]
        if indicator.measure != "delivered":
            continue
        assert indicator.programme is not None
        programme = plan.programmes[indicator.programme]
        assert programme.active, target.id
        assert programme.units is not None, target.id
