"""What a planner would call nonsense does not happen: on the shipped plan, with enough draws."""

from functools import cache

import numpy as np
import pytest

from plansim.scenarios.load import load
from plansim.simulator.accounts import Series
from plansim.simulator.results import Result
from plansim.simulator.run import run

PLAN, DRAWS = "yuyao-2016", 4000
#: Difference of two probabilities that luck alone makes: the runs share their random numbers.
NOISE = 0.012


@cache
def result(scenario: str, *settings: str) -> Result:
    return run(load(PLAN, scenario, settings), DRAWS, 3, workers=2)


def chances(scenario: str, *settings: str) -> dict[str, float]:
    return {v.target: v.probability or 0.0 for v in result(scenario, *settings).judged}


def place(found: Result, indicator: str, subject: str = "") -> int:
    return found.series.index(Series(indicator, subject))


def lower(first: dict[str, float], then: dict[str, float], names: set[str]) -> dict[str, float]:
    """Where the second is lower than the first by more than noise."""
    return {n: then[n] - first[n] for n in names if then[n] < first[n] - NOISE}


def rising() -> set[str]:
    """Judged targets whose goal is to rise: programmes of the plan are there to help them."""
    return {t.id for t in load(PLAN).judged if t.direction == "up"}


def shares_of_mix() -> set[str]:
    """Shares of groups in a total: what helps one group may lower another's share."""
    plan = load(PLAN)
    return {t.id for t in plan.judged if plan.indicators[t.indicator].tag is not None}


def per_something() -> set[str]:
    """Ratios whose denominator programmes raise too."""
    plan = load(PLAN)
    return {t.id for t in plan.judged if plan.indicators[t.indicator].over == "revenue"}


def test_no_programme_is_worse_than_the_plan_and_the_plan_than_the_best_case() -> None:
    names = rising() - shares_of_mix() - per_something()
    assert len(names) > 40
    assert lower(chances("baseline"), chances("plan"), names) == {}
    assert lower(chances("plan"), chances("stretch"), names) == {}


def test_delay_helps_nothing() -> None:
    names = rising() - shares_of_mix() - per_something()
    assert lower(chances("delayed"), chances("plan"), names) == {}


def test_the_plan_makes_a_difference() -> None:
    base, plan = chances("baseline"), chances("plan")
    better = [n for n in plan if plan[n] > base[n] + 0.05]
    assert len(better) > 20
    assert any(n.startswith("nev-output") for n in plan if plan[n] > base[n] + NOISE)


def test_what_is_only_delivered_by_programmes_never_comes_without_them() -> None:
    plan = load(PLAN)
    for target in plan.judged:
        if plan.indicators[target.indicator].measure == "delivered":
            assert chances("baseline")[target.id] == 0.0, target.id


def test_a_downturn_lowers_output() -> None:
    plan = load(PLAN)
    names = {t.id for t in plan.judged if t.indicator in ("output", "total_output", "value_added")}
    assert len(names) > 10
    good, bad = chances("plan"), chances("downturn")
    assert all(bad[n] <= good[n] for n in names)
    assert bad["total-output-2020"] < good["total-output-2020"] - 0.05


def test_more_than_a_quarter_a_year_is_never_likely() -> None:
    for scenario in ("baseline", "plan", "delayed", "downturn"):
        for v in result(scenario).judged:
            if v.indicator == "output" and (v.required_growth or 0.0) > 0.25:
                assert v.verdict.rpartition(":")[2] not in (
                    "likely", "very_likely", "virtually_certain",
                ), (scenario, v.target, v.probability)  # fmt: skip


def test_an_easier_goal_is_likelier() -> None:
    plan = load(PLAN)
    easy: dict[tuple[str, str, int | None], list[tuple[float, float]]] = {}
    for target in plan.judged:
        if target.direction == "up" and target.basis == "level" and target.comparator == "reach":
            key = (target.indicator, target.subject, target.year)
            easy.setdefault(key, []).append((target.low or 0.0, chances("plan")[target.id]))
    for pairs in easy.values():
        ordered = [chance for _, chance in sorted(pairs)]
        assert ordered == sorted(ordered, reverse=True)


def test_the_wider_the_base_is_set_the_likelier_the_goal() -> None:
    names = ("robotics-output-2020", "robotics-output-2025")
    known = chances("plan", "clusters.robotics.output=90")
    assert all(known[n] > chances("plan")[n] + 0.02 for n in names)


def test_energy_per_value_added_falls_when_the_value_added_rate_rises() -> None:
    richer = "clusters.*.va_rate.trend.rate={dist: normal, mean: 0.4, sd: 0.22}"
    one, other = result("plan"), result("plan", richer)
    i = place(one, "energy_intensity")
    j = place(one, "va_rate")
    assert (np.median(other.kept.paths[5, j]) > np.median(one.kept.paths[5, j]) + 0.005).all()
    assert np.median(other.kept.paths[5, i]) < np.median(one.kept.paths[5, i])
    name = "energy-intensity-2020"
    assert chances("plan", richer)[name] > chances("plan")[name]


def test_within_one_run_energy_intensity_falls_with_the_value_added_rate() -> None:
    found = result("plan")
    rate = found.kept.paths[5, place(found, "va_rate")]
    energy = found.kept.paths[5, place(found, "energy_intensity")]
    energy = energy / found.kept.paths[0, place(found, "energy_intensity")]
    assert np.corrcoef(rate, energy)[0, 1] < -0.05


@pytest.mark.parametrize("scenario", ["baseline", "plan", "downturn"])
def test_clusters_add_up_to_the_total_in_every_kept_future(scenario: str) -> None:
    found = result(scenario)
    parts = [place(found, "output", key) for key in found.plan.clusters]
    total = found.kept.paths[:, place(found, "total_output")]
    assert found.kept.paths[:, parts].sum(axis=1) == pytest.approx(total, rel=1e-9)
    assert (found.kept.paths[:, parts] >= 0).all()


def test_what_the_document_states_for_the_base_year_holds_in_every_future() -> None:
    found = result("plan")
    stated_shares = {"va_rate": 0.183, "high_tech_share": 0.452, "equipment_share": 0.639}
    for indicator, stated in stated_shares.items():
        base = found.kept.paths[0, place(found, indicator)]
        assert base == pytest.approx(stated, rel=1e-6), indicator


def test_shares_stay_shares() -> None:
    found = result("plan")
    for indicator in ("va_rate", "high_tech_share", "equipment_share", "solid_waste_use"):
        path = found.kept.paths[:, place(found, indicator)]
        assert ((path > 0) & (path < 1)).all(), indicator


def test_the_same_statement_has_the_same_chance() -> None:
    found = result("plan")
    by_id = {t.id: t for t in found.plan.targets}
    names = ("indicator", "subject", "basis", "year", "low", "high")
    strict = {"reach", "at_least"}
    pairs = 0
    for target in found.plan.judged:
        original = by_id.get(target.restates)
        if original is None or original.status != "judged":
            continue
        same = all(getattr(target, n) == getattr(original, n) for n in names)
        if same and {target.comparator, original.comparator} <= strict:
            pairs += 1
            assert chances("plan")[target.id] == chances("plan")[original.id], target.id
    assert pairs >= 2


def test_what_is_given_is_met() -> None:
    name = "robotics-output-2020"
    given = run(load(PLAN), DRAWS, 3, given=[name])
    found = {v.target: v.probability or 0.0 for v in given.judged}
    assert found[name] == 1.0
    assert found["robotics-output-2025"] > chances("plan")["robotics-output-2025"] + 0.1
    assert 0 < given.support < given.simulated


def test_growth_of_ten_years_is_wider_than_of_five() -> None:
    found = {v.target: v for v in result("plan").judged}
    for name in ("robotics-output", "nev-output", "alloys-output", "appliances-output"):
        near, far = found[f"{name}-2020"], found[f"{name}-2025"]
        assert (far.p95 or 0) / (far.p05 or 1) > (near.p95 or 0) / (near.p05 or 1)
