"""Unit, bounds and lever of every figure stand at its field; a field without them is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest

from plansim.scenarios.load import load, shipped
from plansim.simulator import units
from plansim.simulator.lever_rules import settable_at
from plansim.simulator.marks import (
    AnyNumber,
    AsHeld,
    Certain,
    Measures,
    NotNegative,
    Settable,
    Share,
    Unit,
)
from plansim.simulator.plan import Figure, Library, Plan, Quantity, figures
from plansim.simulator.schema import (
    Facts,
    choices_at,
    defaults_of,
    every_kind,
    facts_in,
    facts_of,
    kind_at,
    kind_of,
)


@pytest.mark.parametrize("root", [Plan, Library])
def test_every_figure_of_every_noun_says_its_unit_and_its_bound(root: type) -> None:
    found = [(path, kind) for path, kind in every_kind(root) if Figure in kind.forms]
    assert len(found) > 20
    for path, kind in found:
        unit = facts_in(kind, path).unit
        assert unit is None or units.parse(unit).factor > 0, path


@dataclass(frozen=True)
class Bare:
    """What somebody adds who forgets to say what it measures."""

    size: Figure


@dataclass(frozen=True)
class Boundless:
    sizes: Mapping[str, Annotated[Figure, Unit("亿元")] | None]


@dataclass(frozen=True)
class Unmeasured:
    """A quantity whose holder does not say what its levels are."""

    speed: Quantity


@pytest.mark.parametrize(
    ("noun", "path"),
    [
        (Bare, "size"),
        (Boundless, "sizes.*"),
        (Unmeasured, "speed.base"),
        (Unmeasured, "speed.trend.ceiling"),
    ],
)
def test_a_figure_without_unit_or_bound_is_refused(noun: type, path: str) -> None:
    kinds = dict(every_kind(noun))
    with pytest.raises(TypeError, match=path.replace("*", r"\*")):
        facts_in(kinds[path], path)


@pytest.mark.parametrize(
    ("path", "facts"),
    [
        ("totals.output", Facts("亿元", NotNegative(), False, None)),
        ("clusters.x.va_rate.base", Facts("1", Share(), False, None)),
        ("clusters.x.va_rate.trend.ceiling", Facts("1", AnyNumber(), False, None)),
        ("clusters.x.energy.trend.ceiling", Facts("tce/万元", AnyNumber(), False, None)),
        ("clusters.x.energy.luck.reference_size", Facts("亿元", NotNegative(), False, None)),
        ("city.patents.base", Facts(None, AnyNumber(), False, None)),
        ("quotas.land.amount", Facts(None, NotNegative(), False, Settable())),
        (
            "programmes.p.queue.subsidy.budget.amount",
            Facts("亿元/year", NotNegative(), False, Settable()),
        ),
        ("offices.o.servers", Facts("count", AnyNumber(), True, Settable(whole=True))),
        ("programmes.p.queue.start", Facts("1", AnyNumber(), False, Settable(True, True))),
        ("programmes.p.units", Facts(None, NotNegative(), False, Settable())),
        ("programmes.p.projects.robotics", Facts("亿元", NotNegative(), False, Settable())),
        ("programmes.p.closures.rest", Facts("1", Share(), False, Settable())),
        ("targets.t.low", Facts("1", AnyNumber(), False, Settable())),
        ("programmes.p.coverage.path.2020", Facts("1", AnyNumber(), False, Settable())),
        ("assumptions.common_persistence", Facts("1", Share(), True, None)),
        ("levers.l.cost", Facts(None, NotNegative(), True, None)),
    ],
)
def test_what_a_field_says(path: str, facts: Facts) -> None:
    assert facts_of(path) == facts


@pytest.mark.parametrize("name", shipped())
def test_every_figure_of_a_plan_has_its_base_unit(name: str) -> None:
    for path, figure in figures(load(name)):
        wanted = facts_of(path).unit
        assert figure.unit == wanted if wanted else units.parse(figure.unit).factor == 1.0, path


def test_a_path_that_no_plan_has_is_none() -> None:
    for path in ("clusters.x.outputs", "plan.years.2", "plan.id.x", "nothing"):
        assert kind_at(tuple(path.split("."))) is None
        with pytest.raises(KeyError):
            facts_of(path)
    assert kind_at(()) == kind_of(Plan)


def test_levers_are_what_a_field_says_that_planners_set() -> None:
    assert settable_at("quotas.land.start") == Settable(whole=True, year=True)
    assert settable_at("programmes.x.additional") is None
    assert settable_at("programmes.x.queue.stages.s.drop_out") is None


def test_words_that_may_stand_at_a_path() -> None:
    assert choices_at("assumptions.output_prices.value") == ("current", "constant")
    assert choices_at("quotas.land.unspent") == ("lapse", "carry")
    assert choices_at("totals.output") == choices_at("no.path") == ()


def test_hints_are_taken_apart() -> None:
    said = Measures(Unit("t"), Share())
    kind = kind_of(Annotated[Annotated[Figure, AsHeld(), Certain()] | None, Settable()], said)
    assert kind.optional
    assert kind.forms == (Figure,)
    assert kind.marks == (Settable(), AsHeld(), Certain())
    assert kind.held is said
    assert kind_of(Literal["a", "b"]).noun is None
    assert defaults_of(Figure) == {"unit": "1", "why": ""}
