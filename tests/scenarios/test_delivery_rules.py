"""What must hold in schedules, queues and what they share: every rule, broken once."""

# ruff: noqa: E501 (tables of changes: one a line)

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter

from plansim.simulator.delivery_rules import delivery_faults
from plansim.simulator.errors import Fault
from plansim.simulator.network import FAIR_LOTS
from plansim.simulator.plan import Office, Plan, Programme, Quota

Check = Callable[..., list[Fault]]
Copy = Any  # conftest.Copy: a plan folder of one's own
Tree = dict[str, Any]
#: A value that takes its key away.
GONE = object()


def figure(value: float, unit: str = "1") -> Tree:
    return {"value": value, "unit": unit, "origin": "judgement", "source": "invented"}


LABEL = {"zh": "甲", "en": "A"}
COVERAGE = {"start": 2016, "path": {2018: 0.4, 2020: 1.0}, "depth": figure(0.8)}
TREE: Tree = {
    "programmes": {
        "grants": {
            "name": LABEL,
            "active": True,
            "additional": figure(0.5),
            "units": figure(120.0, "firm"),
            "lot": 2,
            "queue": {
                "start": 2016,
                "end": 2022,
                "intake": figure(20.0, "firm/year"),
                "season": [1, 0, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1],
                "eligible": figure(300.0, "firm"),
                "ordinary": figure(3.0, "家/year"),
                "investment": figure(0.5, "亿元"),
                "scatter": figure(0.4),
                "overrun": figure(1.1),
                "subsidy": {
                    "rate": figure(0.2),
                    "at": "build",
                    "budget": {"amount": figure(2.0, "亿元/year"), "start": 2017},
                },
                "stages": {
                    "review": {"time": figure(0.1, "year"), "office": "hall"},
                    "build": {
                        "time": figure(1.0, "year"),
                        "servers": figure(4.0, "count"),
                        "takes": {"land": figure(0.5, "ha")},
                        "stopped": {"chance": figure(0.2), "length": figure(0.5, "year")},
                    },
                },
            },
        },
        "leases": {
            "name": LABEL,
            "active": True,
            "additional": figure(0.5),
            "units": figure(50.0, "亩"),
            "queue": {
                "start": 2015,
                "intake": figure(5.0, "ha/year"),
                "investment": figure(0.3, "亿元"),
                "subsidy": {"rate": figure(0.2), "at": "test", "fund": "fund"},
                "stages": {
                    "review": {"time": figure(0.1, "year"), "office": "hall"},
                    "test": {"time": figure(0.2, "year"), "office": "lab"},
                },
            },
        },
        "plain": {
            "name": LABEL,
            "active": True,
            "additional": figure(0.5),
            "coverage": COVERAGE,
        },
    },
    "offices": {
        "hall": {"name": LABEL, "servers": figure(3.0, "count")},
        "lab": {"name": LABEL, "servers": figure(1.0, "count")},
    },
    "quotas": {
        "land": {"amount": figure(10.0, "公顷/year"), "start": 2016},
        "fund": {"amount": figure(10000.0, "万元/年")},
    },
}


def changed(tree: Tree, changes: Mapping[str, Any]) -> Tree:
    """The tree with the values at some dotted paths replaced, added or taken away."""
    tree = deepcopy(tree)
    for path, value in changes.items():
        *above, last = path.split(".")
        node: Any = tree
        for key in above:
            node = node[int(key) if key.isdigit() else key]
        if value is GONE:
            del node[last]
        else:
            node[int(last) if last.isdigit() else last] = deepcopy(value)
    return tree


@pytest.fixture
def check(shipped_plan: Plan) -> Check:
    """``check({"quotas.land.start": 2010})``: the faults of the tree with some values replaced."""

    def faults(changes: Mapping[str, Any]) -> list[Fault]:
        tree = changed(TREE, changes)
        plan = replace(
            shipped_plan,
            programmes=TypeAdapter(dict[str, Programme]).validate_python(tree["programmes"]),
            offices=TypeAdapter(dict[str, Office]).validate_python(tree["offices"]),
            quotas=TypeAdapter(dict[str, Quota]).validate_python(tree["quotas"]),
        )
        return list(delivery_faults(plan))

    return faults


GRANTS, LEASES = "programmes.grants.queue", "programmes.leases.queue"
PLAIN = "programmes.plain.coverage"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {f"{GRANTS}.subsidy": GONE, f"{GRANTS}.investment": GONE, f"{GRANTS}.scatter": GONE, f"{GRANTS}.overrun": GONE},
        {f"{GRANTS}.subsidy.budget": GONE},
        {f"{GRANTS}.season": [0] * 11 + [1]},
        {f"{GRANTS}.start": 2015, f"{GRANTS}.end": 2015},
        {f"{GRANTS}.start": 2025, f"{GRANTS}.end": 2030},
        {f"{GRANTS}.subsidy.budget.start": 2015, "quotas.land.start": 2025},
        {f"{PLAIN}.path": {2016: 0.0, 2025: 1.0}},
        {f"{PLAIN}.path": {2020: 1.0, 2018: 0.4}},
        {"programmes.grants.units": figure(1.2, "%"), f"{GRANTS}.intake": figure(20.0, "%/year"), f"{GRANTS}.ordinary": figure(0.1, "1/year"), f"{GRANTS}.eligible": figure(5.0), "programmes.grants.lot": 0.1},
    ],
    ids=["as it is", "no subsidy", "money is always there", "one month", "one year", "the last year", "first and last January", "from the first year to the last", "in any order", "shares in lots"],
)  # fmt: skip
def test_what_is_allowed_is_allowed(check: Check, changes: Mapping[str, Any]) -> None:
    assert check(changes) == []


BROKEN: list[tuple[dict[str, Any], str, str]] = [
    # one way of delivery
    ({"programmes.grants.coverage": COVERAGE}, "one_delivery", "programmes.grants"),
    ({"programmes.grants.queue": GONE}, "one_delivery", "programmes.grants"),
    # schedules
    ({f"{PLAIN}.path": {}}, "empty_schedule", f"{PLAIN}.path"),
    ({f"{PLAIN}.path": {2026: 1.0}}, "year_outside", f"{PLAIN}.path.2026"),
    ({f"{PLAIN}.path": {2014: 1.0}, f"{PLAIN}.start": 2014}, "year_outside", f"{PLAIN}.path.2014"),
    ({f"{PLAIN}.path": {2015: 1.0}}, "year_before_base", f"{PLAIN}.path.2015"),
    ({f"{PLAIN}.path": {2018: 1.1}}, "not_a_share", f"{PLAIN}.path.2018"),
    ({f"{PLAIN}.path": {2018: -0.1}}, "not_a_share", f"{PLAIN}.path.2018"),
    ({f"{PLAIN}.path": {2018: 0.5, 2020: 0.4}}, "schedule_falls", f"{PLAIN}.path"),
    # years of queues
    ({f"{GRANTS}.start": 2014}, "year_outside", f"{GRANTS}.start"),
    ({f"{GRANTS}.start": 2026, f"{GRANTS}.end": GONE}, "year_outside", f"{GRANTS}.start"),
    ({f"{GRANTS}.end": 2015}, "year_before_base", f"{GRANTS}.end"),
    ({f"{GRANTS}.subsidy.budget.start": 2014}, "year_outside", f"{GRANTS}.subsidy.budget.start"),
    ({f"{GRANTS}.subsidy.budget.start": 2026}, "year_outside", f"{GRANTS}.subsidy.budget.start"),
    ({"quotas.land.start": 2014}, "year_outside", "quotas.land.start"),
    ({"quotas.fund.start": 2026}, "year_outside", "quotas.fund.start"),
    # the season
    ({f"{GRANTS}.season": [1] * 11}, "season_weights", f"{GRANTS}.season"),
    ({f"{GRANTS}.season": []}, "season_weights", f"{GRANTS}.season"),
    ({f"{GRANTS}.season": [0] * 12}, "season_weights", f"{GRANTS}.season"),
    ({f"{GRANTS}.season.0": -1}, "season_weights", f"{GRANTS}.season"),
    # stages
    ({f"{GRANTS}.stages.review.office": "hal"}, "unknown_office", f"{GRANTS}.stages.review.office"),
    ({f"{GRANTS}.stages.review.servers": figure(2.0)}, "office_has_it", f"{GRANTS}.stages.review.servers"),
    ({f"{GRANTS}.stages.review.stopped": {"chance": figure(0.1), "length": figure(1.0)}}, "office_has_it", f"{GRANTS}.stages.review.stopped"),
    ({f"{GRANTS}.stages.build.servers": figure(0.0)}, "whole_servers", f"{GRANTS}.stages.build.servers"),
    ({f"{GRANTS}.stages.build.servers": figure(2.5)}, "whole_servers", f"{GRANTS}.stages.build.servers"),
    ({"offices.hall.servers": figure(0.5)}, "whole_servers", "offices.hall.servers"),
    ({f"{GRANTS}.stages.build.takes": {"lnad": figure(1.0, "ha")}}, "unknown_quota", f"{GRANTS}.stages.build.takes.lnad"),
    ({f"{GRANTS}.stages.build.takes.land": figure(1.0, "亿元")}, "unit_dimension", f"{GRANTS}.stages.build.takes.land"),
    ({"quotas.land.amount": figure(1.0, "ha")}, "unit_dimension", f"{GRANTS}.stages.build.takes.land"),
    # units
    ({f"{GRANTS}.intake": figure(20.0, "firm")}, "unit_dimension", f"{GRANTS}.intake"),
    ({f"{GRANTS}.ordinary": figure(20.0, "ha/year")}, "unit_dimension", f"{GRANTS}.ordinary"),
    ({f"{GRANTS}.eligible": figure(20.0, "firm/year")}, "unit_dimension", f"{GRANTS}.eligible"),
    ({"programmes.grants.units": GONE}, "missing_key", "programmes.grants"),
    ({"programmes.grants.units": figure(0.0, "firm")}, "must_be_positive", "programmes.grants.units"),
    ({"programmes.grants.lot": 0.5}, "too_many_lots", "programmes.grants.lot"),
    # subsidies
    ({f"{GRANTS}.investment": GONE}, "missing_key", GRANTS),
    ({f"{GRANTS}.subsidy.at": "buid"}, "unknown_stage", f"{GRANTS}.subsidy.at"),
    ({f"{GRANTS}.subsidy.fund": "fund"}, "budget_and_fund", f"{GRANTS}.subsidy.fund"),
    ({f"{LEASES}.subsidy.fund": "fond"}, "unknown_quota", f"{LEASES}.subsidy.fund"),
    ({f"{LEASES}.subsidy.fund": "land"}, "unit_dimension", f"{LEASES}.subsidy.fund"),
    ({f"{LEASES}.subsidy": GONE}, "without_subsidy", f"{LEASES}.investment"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "code", "path"), BROKEN)
def test_every_broken_rule_has_its_code_and_path(
    check: Check, changes: Mapping[str, Any], code: str, path: str
) -> None:
    assert [(fault.code, fault.path) for fault in check(changes)] == [(code, path)]


def test_every_code_of_these_rules_is_broken_once() -> None:
    """All that ``delivery_rules`` can say, but for what is told below."""
    from inspect import getsource
    from re import findall

    from plansim.simulator import delivery_rules

    source = getsource(delivery_rules)
    said = set(findall(r'Fault\(\s*"([a-z_]+)"', source)) | set(
        findall(r'_unknown\("([a-z_]+)"', source)
    )
    assert said - {code for _, code, _ in BROKEN} == {"empty_stages"}


def test_a_queue_without_stages_has_none_to_award_at(check: Check) -> None:
    faults = check({f"{GRANTS}.stages": {}})
    assert [(fault.code, fault.path) for fault in faults] == [
        ("empty_stages", f"{GRANTS}.stages"),
        ("unknown_stage", f"{GRANTS}.subsidy.at"),
    ]


def test_all_that_only_a_subsidy_needs_is_named(check: Check) -> None:
    faults = check({f"{GRANTS}.subsidy": GONE})
    assert [(fault.code, fault.path) for fault in faults] == [
        ("without_subsidy", f"{GRANTS}.{name}") for name in ("investment", "scatter", "overrun")
    ]


def test_faults_of_several_programmes_are_told_at_once(check: Check) -> None:
    faults = check(
        {f"{GRANTS}.start": 2010, f"{LEASES}.start": 2030, f"{PLAIN}.path": {}, "quotas.land.start": 1}
    )  # fmt: skip
    assert [fault.path for fault in faults] == [
        f"{GRANTS}.start",
        f"{LEASES}.start",
        f"{PLAIN}.path",
        "quotas.land.start",
    ]


def test_the_nearest_name_is_suggested(check: Check) -> None:
    for changes, nearest in (
        ({f"{GRANTS}.stages.review.office": "hal"}, "hall"),
        ({f"{GRANTS}.stages.build.takes": {"lnad": figure(1.0, "ha")}}, "land"),
        ({f"{GRANTS}.subsidy.at": "buid"}, "build"),
        ({f"{LEASES}.subsidy.fund": "fond"}, "fund"),
    ):
        (fault,) = check(changes)
        assert fault.fields["nearest"] == nearest
        assert nearest in str(fault.fields["choices"])


def test_too_many_lots_are_told_with_a_lot_that_is_fair(check: Check) -> None:
    """20 a year for seven years in lots of a half are 280; lots of one are fair."""
    (fault,) = check({"programmes.grants.lot": 0.5})
    assert (fault.fields["value"], fault.fields["most"]) == (280, FAIR_LOTS)
    assert fault.fields["lot"] == 1.0
    assert check({"programmes.grants.lot": fault.fields["lot"]}) == []
    assert check({"programmes.grants.lot": 0.5, f"{GRANTS}.eligible": figure(90.0, "firm")}) == []
    assert check({"programmes.grants.lot": 0.5, f"{GRANTS}.end": 2020}) == []


def test_a_circle_is_refused_only_where_both_run(check: Check) -> None:
    back = {
        f"{LEASES}.stages": {
            "test": {"time": figure(0.2, "year"), "office": "lab"},
            "review": {"time": figure(0.1, "year"), "office": "hall"},
        },
        f"{GRANTS}.stages.build": {"time": figure(0.2, "year"), "office": "lab"},
    }
    (fault,) = check(back)
    assert (fault.code, fault.path) == ("queue_circle", "programmes")
    assert {"offices.hall", "offices.lab"} <= set(str(fault.fields["value"]).split(" → "))
    assert check({**back, "programmes.leases.active": False}) == []
    (other,) = check({**back, f"{GRANTS}.end": 2015})
    assert other.code == "year_before_base"


# -- in a folder -----------------------------------------------------------------------------------

QUEUE = """
more_grants:
  name: {zh: 甲, en: A}
  units: {value: 120, unit: firm, origin: stated, source: me}
  queue:
    start: 2016
    intake: {value: 9, unit: firm/year, origin: judgement, source: me}
    season: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    investment: {value: 5000, unit: 万元, origin: judgement, source: me}
    subsidy:
      rate: {value: 20, unit: "%", origin: judgement, source: me}
      at: work
      budget: {amount: {value: 3000, unit: 万元/年, origin: judgement, source: me}}
    stages:
      work:
        time: {value: 90, unit: day, origin: judgement, source: me}
        servers: {value: 2, unit: count, origin: judgement, source: me}
"""


def with_queue(copy: Copy, text: str = QUEUE) -> int:
    """Write the programme below the others; the lines above it."""
    above: str = copy.text("programmes.yaml").rstrip("\n") + "\n"
    copy.write("programmes.yaml", above + text)
    return above.count("\n")


def test_a_queue_is_read_in_base_units_and_does_not_inherit_a_schedule(copy: Copy) -> None:
    with_queue(copy)
    programme = copy.load().programmes["more_grants"]
    assert programme.coverage is None
    queue = programme.queue
    assert queue.investment.value == pytest.approx(0.5)
    assert queue.subsidy.budget.amount.value == pytest.approx(0.3)
    assert queue.subsidy.rate.value == pytest.approx(0.2)
    assert queue.stages["work"].time.value == pytest.approx(90 / 365.25)
    assert queue.season == (1.0,) * 12


@pytest.mark.parametrize(
    ("old", "new", "code", "path", "line"),
    [
        ("start: 2016", "start: 2035", "year_outside", "queue.start", 6),
        ("[1, 1, ", "[", "season_weights", "queue.season", 8),
        ("at: work", "at: wrk", "unknown_stage", "queue.subsidy.at", 12),
        ("value: 2, unit: count", "value: 2.5, unit: count", "whole_servers", "queue.stages.work.servers", 17),
        ("value: 9, unit: firm/year", "value: 9, unit: firm", "unit_dimension", "queue.intake", 7),
        ("value: 9, unit: firm/year", "value: 900, unit: firm/year", "too_many_lots", "lot", 2),
    ],
    ids=["start", "season", "stage", "servers", "unit", "lots"],
)  # fmt: skip
def test_a_broken_rule_is_told_with_its_line(
    copy: Copy, old: str, new: str, code: str, path: str, line: int
) -> None:
    assert old in QUEUE
    above = with_queue(copy, QUEUE.replace(old, new, 1))
    faults = copy.faults()
    assert [(f.code, f.path) for f in faults] == [(code, f"programmes.more_grants.{path}")]
    assert (faults[0].file, faults[0].line) == ("mine/programmes.yaml", above + line)


def test_a_queue_beside_a_schedule_is_one_too_many(copy: Copy) -> None:
    depth = "{value: 1, origin: judgement, source: me}"
    both = f"  coverage: {{start: 2016, path: {{2018: 1.0}}, depth: {depth}}}\n"
    with_queue(copy, QUEUE + both)
    faults = copy.faults()
    assert [(f.code, f.path) for f in faults] == [("one_delivery", "programmes.more_grants")]
