"""The engine against the model written down once more, one future at a time (benchmarks/scalar.py).

Both are fed the same random numbers, so indicators agree to rounding and the same targets are met.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
import pytest

from plansim.benchmarks.feed import Fed, at
from plansim.benchmarks.scalar import Ready, as_futures, close, future
from plansim.scenarios.load import load
from plansim.simulator.future import LUCKS
from plansim.simulator.model import Model
from plansim.simulator.plan import (
    Effect,
    Figure,
    Indicator,
    Label,
    Office,
    Plan,
    Programme,
    Queue,
    Quota,
    Stage,
    Stop,
    Subsidy,
    Uncertainty,
)
from plansim.simulator.waiting import flows

SHIPPED = partial(load, "yuyao-2016")


def figure(value: float | Uncertainty) -> Figure:
    return Figure(value, "judgement", "invented")


same = np.testing.assert_allclose
#: Rounding of a few dozen sums of times in single precision, as the engine has them.
SINGLE = 2e-6


def about(p05: float, p95: float) -> Figure:
    return figure(Uncertainty("lognormal", p05=p05, p95=p95))


def other_curves() -> Plan:
    """Trends of every form, and a quantity of the city whose growth is passed on."""
    plan = SHIPPED("stretch")
    patents, group = plan.city["patents"], plan.city["lead_group"]
    bent = replace(patents.trend, curve="richards", theta=figure(0.4))
    curved = {
        "patents": replace(patents, trend=bent),
        "lead_group": replace(group, trend=replace(group.trend, curve="gompertz")),
    }
    return replace(plan, city={**plan.city, **curved})


NAME = Label("invented", "invented")
#: Queues of every kind: offices, own servers, stops, drop-outs, seasons, pools, quotas that lapse
#: or are kept, a fund of several, money that is always there, and all that coverage is made of.
QUEUES = {
    "grants": Programme(
        name=NAME,
        additional=about(0.5, 0.9),
        active=True,
        units=about(60.0, 90.0),
        lot=2,
        effects=(Effect("clusters.*.energy", about(0.02, 0.06)),),
        projects={"robotics": about(20.0, 60.0)},
        crowding_out=figure(0.25),
        recognised={"rest": about(5.0, 20.0), "robotics": figure(3.0)},
        queue=Queue(
            start=2016,
            intake=about(14.0, 26.0),
            season=(0, 1, 3, 2, 1, 1, 0, 1, 2, 2, 1, 1),
            eligible=about(110.0, 150.0),
            ordinary=about(2.0, 6.0),
            investment=about(0.4, 0.6),
            scatter=figure(0.6),
            overrun=about(1.0, 1.4),
            ramp=about(0.2, 1.8),
            subsidy=Subsidy(
                figure(0.2), "build", cap=about(0.12, 0.16), response=about(0.5, 1.5),
                budget=Quota(about(1.0, 2.0)),
            ),
            stages={
                "review": Stage(
                    figure(0.15), scatter=about(0.3, 0.6), drop_out=about(0.1, 0.2), office="hall"
                ),
                "build": Stage(
                    about(0.6, 1.2), scatter=figure(0.4), servers=figure(8.0),
                    takes={"land": about(0.4, 0.6)},
                ),
            },
        ),
    ),
    "leases": Programme(
        name=NAME,
        additional=figure(0.6),
        active=True,
        units=figure(40.0),
        effects=(Effect("clusters.*.va_rate", figure(0.01), "absolute"),),
        closures={"rest": figure(0.03)},
        queue=Queue(
            start=2017,
            end=2022,
            intake=figure(9.0),
            investment=figure(0.3),
            scatter=figure(1.2),  # so that an award may be more than the fund has in a year
            subsidy=Subsidy(figure(0.3), "handover", fund="fund"),
            stages={
                "review": Stage(about(0.05, 0.2), office="hall"),
                "handover": Stage(figure(0.4), scatter=figure(0.3), takes={"land": figure(1.0)}),
            },
        ),
    ),
    "training": Programme(
        name=NAME,
        additional=figure(0.5),
        active=True,
        units=figure(400.0),
        lot=8,
        effects=(Effect("clusters.*.labour", figure(-0.04)),),
        queue=Queue(
            start=2015,
            intake=figure(40.0),
            investment=about(0.01, 0.03),
            subsidy=Subsidy(about(0.2, 0.5), "course", response=figure(0.5)),
            stages={
                "course": Stage(
                    figure(0.25), servers=figure(2.0), drop_out=figure(0.05),
                    stopped=Stop(about(0.2, 0.6), about(0.3, 0.9)),
                ),
                "award": Stage(about(0.01, 0.1), takes={"fund": about(0.004, 0.006)}),
            },
        ),
    ),
}  # fmt: skip


def every_queue() -> Plan:
    """Only the invented queues, what each delivers, and the output that is really made."""
    plan = SHIPPED("baseline")
    done = {key: Indicator(NAME, "1", "delivered", programme=key) for key in QUEUES}
    made = Indicator(NAME, "1", "account", of="activity", subjects="clusters")
    return replace(
        plan,
        programmes=QUEUES,
        offices={"hall": Office(NAME, figure(2.0), Stop(figure(0.5), about(0.2, 0.6)))},
        quotas={
            "land": Quota(about(8.0, 12.0), unspent="carry", start=2016),
            "fund": Quota(about(0.5, 1.1)),
        },
        indicators={
            **{key: i for key, i in plan.indicators.items() if i.measure != "delivered"},
            **done,
            "made": made,
        },
        targets=tuple(t for t in plan.targets if t.kind == "outcome"),
    )


#: The shipped plan under other scenarios and readings, so that every branch of the model has work.
PLANS: dict[str, Callable[[], Plan]] = {
    "plan": SHIPPED,
    "no programme": partial(SHIPPED, "baseline"),
    "other readings": partial(
        SHIPPED,
        "downturn",
        [
            "assumptions.output_prices=constant",
            "assumptions.growth_window=last_year",
            "assumptions.scope=industry",
        ],
    ),
    "double deflation": partial(  # refused where prices swing so far that it leaves nothing
        SHIPPED,
        "delayed",
        [
            "assumptions.deflation=double",
            *(f"prices.{side}.luck.sd=0.01" for side in ("output", "input")),
            *(f"prices.{side}.trend.rate=0.004" for side in ("output", "input")),
        ],
    ),
    "every queue": every_queue,
    "other curves": other_curves,
    "little room": partial(SHIPPED, "plan", ["clusters.robotics.output=62", "totals.output=1200"]),
}
DRAWS = (0, 1, 2, 50, 127)


class Case(NamedTuple):
    model: Model
    ready: Ready
    fed: Fed
    calm: Fed

    def __repr__(self) -> str:  # what pytest shows where a test fails
        return self.model.plan.plan.id


@lru_cache(maxsize=1)  # the cases come one after another
def case_of(name: str) -> Case:
    plan = PLANS[name]()
    model = Model.of(plan)
    fed = Fed.of(model, seed=7)
    return Case(model, Ready.of(plan), fed, fed.calmed(model))


@pytest.fixture(params=PLANS, scope="module")
def case(request: pytest.FixtureRequest) -> Case:
    return case_of(request.param)


def agree(case: Case, fed: Fed, draw: int, luck: str, rel: float) -> None:
    """Every indicator of one future, and whether each target is met."""
    lived = future(case.ready, fed.parameters(draw), fed.base(draw), fed.scores(draw, luck))
    judged = fed.judged[luck]
    assert judged.kept is not None
    assert len(lived.paths) == len(case.model.series)
    for place, item in enumerate(case.model.series):
        engine = judged.kept.paths[:, place, draw].tolist()
        assert lived.paths[item.indicator, item.subject] == pytest.approx(engine, rel=rel), item
    met = judged.final[:, draw].tolist()
    assert lived.met == dict(zip((g.target.id for g in case.model.goals), met, strict=True))


@pytest.mark.parametrize("draw", DRAWS)
def test_the_base_year_closes_in_the_same_place(case: Case, draw: int) -> None:
    engine, scalar = case.fed.base(draw), close(case.ready, case.fed.parameters(draw))
    assert scalar.levels == pytest.approx(engine.levels, rel=1e-9)
    assert scalar.weights.keys() == engine.weights.keys()
    for tag, weights in engine.weights.items():
        assert scalar.weights[tag] == pytest.approx(weights, rel=1e-9)


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("luck", LUCKS)
def test_luck_brings_the_same_to_every_queue(case: Case, draw: int, luck: str) -> None:
    engine = case.fed.futures[luck].one(draw)
    scalar = as_futures(case.ready, case.fed.parameters(draw), case.fed.scores(draw, luck))
    assert scalar.amounts == {path: at(amount, 0) for path, amount in engine.amounts.items()}
    assert scalar.closed.keys() == engine.closed.keys()
    for path, times in engine.closed.items():
        same(np.concatenate(scalar.closed[path]), np.concatenate(times), rtol=SINGLE)
    assert scalar.cases.keys() == engine.cases.keys()
    for key, brought in engine.cases.items():
        own = scalar.cases[key]
        come = len(own.applied)
        same(own.applied, brought.applied[:come], rtol=SINGLE)
        assert (brought.applied[come:] >= len(case.ready.years)).all()
        for name in ("lasts", "leaves", "takes"):
            tables = getattr(brought, name)
            assert getattr(own, name).keys() == tables.keys()
            for place, table in tables.items():
                rel = SINGLE if name == "lasts" else 1e-12
                same(getattr(own, name)[place], table[:come], rtol=rel)


@pytest.mark.parametrize("case", ["every queue"], indirect=True)
def test_lots_wait_wherever_something_is_short(case: Case) -> None:
    """So the built queues test every rule, and a queue is not just its work added up."""
    kept = case.fed.judged["a"].kept
    assert kept is not None
    found = flows(case.model.plan, case.model.network, kept.lots)
    waits = {(flow.programme, wait.stage, wait.station) for flow in found for wait in flow.waits}
    own = "programmes.{}.queue.{}"
    assert waits == {
        ("grants", "review", "offices.hall"),
        ("grants", "build", "quotas.land"),
        ("grants", "build", own.format("grants", "subsidy.budget")),
        ("grants", "build", own.format("grants", "stages.build")),
        ("leases", "review", "offices.hall"),
        ("leases", "handover", "quotas.land"),
        ("leases", "handover", "quotas.fund"),
        ("training", "course", own.format("training", "stages.course")),
        ("training", "award", "quotas.fund"),
    }


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("luck", LUCKS)
def test_without_luck_indicators_and_targets_are_the_same(case: Case, draw: int, luck: str) -> None:
    queues = bool(case.model.network.routes)
    agree(case, case.calm, draw, luck, rel=SINGLE if queues else 1e-9)


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("luck", LUCKS)
def test_with_luck_too(case: Case, draw: int, luck: str) -> None:
    agree(case, case.fed, draw, luck, rel=1e-5)  # the engine's luck is in single precision
