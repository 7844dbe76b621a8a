"""The engine against the model written down once more, one future at a time (benchmarks/scalar.py).

Both are fed the same random numbers, so indicators agree to rounding and the same targets are met.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from typing import NamedTuple

import pytest

from benchmarks.feed import Fed
from benchmarks.scalar import Ready, close, future
from scenarios.load import load
from simulator.model import Model
from simulator.plan import Figure, Plan
from simulator.run import LUCKS

SHIPPED = partial(load, "yuyao-2016")


def other_curves() -> Plan:
    """Trends of every form, and a quantity of the city whose growth is passed on."""
    plan = SHIPPED("stretch")
    patents, group = plan.city["patents"], plan.city["lead_group"]
    bent = replace(patents.trend, curve="richards", theta=Figure(0.4, "judgement", "invented"))
    curved = {
        "patents": replace(patents, trend=bent),
        "lead_group": replace(group, trend=replace(group.trend, curve="gompertz")),
    }
    return replace(plan, city={**plan.city, **curved})


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
    "other curves": other_curves,
    "little room": partial(SHIPPED, "plan", ["clusters.robotics.output=62", "totals.output=1200"]),
}
DRAWS = (0, 1, 2, 500, 2047)


class Case(NamedTuple):
    model: Model
    ready: Ready
    fed: Fed
    calm: Fed


@lru_cache(maxsize=1)  # the cases come one after another
def case_of(name: str) -> Case:
    plan = PLANS[name]()
    model = Model.of(plan)
    return Case(model, Ready.of(plan), Fed.of(model, seed=7), Fed.of(model, seed=7, calm=True))


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
def test_without_luck_indicators_and_targets_are_the_same(case: Case, draw: int, luck: str) -> None:
    agree(case, case.calm, draw, luck, rel=1e-9)


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("luck", LUCKS)
def test_with_luck_too(case: Case, draw: int, luck: str) -> None:
    agree(case, case.fed, draw, luck, rel=1e-5)  # the engine's luck is in single precision
