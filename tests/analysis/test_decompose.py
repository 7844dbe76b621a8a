"""Changes taken apart: exact in every future, and what is known beforehand."""

import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from plansim.analysis.decompose import (
    OUTPUT,
    USE,
    Change,
    changes,
    decomposed,
    factors_of,
    parts,
    summary,
)
from plansim.scenarios.load import load
from plansim.simulator.accounts import Accounts, Series
from plansim.simulator.future import block_futures
from plansim.simulator.model import Model
from plansim.simulator.plan import Plan
from plansim.simulator.run import run
from plansim.simulator.sampling import Block
from plansim.tests.refusals import refused

DRAWS = 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("plans") / "mine"
    shutil.copytree(str(files("plansim.scenarios") / "template"), target)
    return target


@pytest.fixture(scope="module")
def plan(folder: Path) -> Plan:
    return load(str(folder))


def accounts(plan: Plan, draws: int = DRAWS) -> Accounts:
    model, block = Model.of(plan), Block(1, 0, 0, 256)
    return block_futures(model, block, "a").accounts


@pytest.mark.parametrize("kind", ["lmdi", "output"])
@pytest.mark.parametrize("name", ["mine", "yuyao-2016", "yinzhou-2017"])
def test_parts_add_up_in_every_future(folder: Path, name: str, kind: str) -> None:
    found = decomposed(load(str(folder) if name == "mine" else name), kind, draws=64)
    for item in found:
        size = np.abs([item.low, item.high]).max()
        assert item.residual < 1e-10 * max(1.0, size)
        assert item.middle[:-1].sum() == pytest.approx(item.middle[-1], abs=1e-9 * max(1.0, size))


def test_the_total_is_what_the_target_reads(plan: Plan) -> None:
    """Change of energy per value added against the base year, future by future."""
    result = run(plan, draws=DRAWS)
    place = [v.target for v in result.judged].index("energy-intensity-2030")
    (item,) = [c for c in decomposed(plan, "lmdi", draws=DRAWS) if not c.change.use]
    assert item.median == pytest.approx(float(np.median(result.kept.reads[place])), rel=1e-9)
    assert item.factors == USE[1:]


def test_the_middle_is_near_the_median(plan: Plan) -> None:
    for item in decomposed(plan, "lmdi", draws=1000):
        assert item.middle[-1] == pytest.approx(item.median, abs=0.02)


def test_energy_is_its_ratio_times_value_added(plan: Plan) -> None:
    """Without the change of activity nothing but the ratio is left, in logarithms."""
    own = accounts(plan)
    ratio, use = changes(plan, "lmdi")
    assert (ratio.use, use.use, use.name) == (False, True, "energy")
    whole, each = parts(own, use)[-1] + 1, parts(own, ratio)[-1] + 1
    added = own.real_value_added.sum(axis=1)
    np.testing.assert_allclose(whole, each * added[-1] / added[0], rtol=1e-12)


def test_without_programmes_they_bring_nothing(folder: Path) -> None:
    base = load(str(folder), "baseline")
    for item in decomposed(base, "lmdi", draws=64):
        place = item.factors.index("programmes")
        assert item.low[place] == item.high[place] == 0
    for item in decomposed(base, "output", draws=64):
        for name in ("effects", "projects", "closures", "recognised"):
            place = item.factors.index(name)
            assert item.low[place] == item.high[place] == 0


def test_what_a_programme_takes_off_energy_per_output(plan: Plan, folder: Path) -> None:
    """On the same draws: the logarithm with and without the programme differs by its part."""
    own, idle = accounts(plan), accounts(load(str(folder), "baseline"))
    rows = own.layout.kind("energy")
    assert (own.levels[-1, rows] <= idle.levels[-1, rows] * (1 + 1e-12)).all()
    (ratio, _) = changes(plan, "lmdi")
    brought = parts(own, ratio)[factors_of(plan, ratio).index("programmes")]
    assert (brought <= 0).all()
    assert brought.min() < 0


def test_constant_prices_bring_nothing(folder: Path) -> None:
    constant = load(str(folder), "plan", ["assumptions.output_prices=constant"])
    for item in decomposed(constant, "output", draws=64):
        place = item.factors.index("prices")
        assert item.low[place] == item.high[place] == 0


def test_output_is_a_sum_of_its_clusters(plan: Plan) -> None:
    own = accounts(plan)
    last = len(plan.years) - 1
    whole = parts(own, Change("all", Series("total_output", ""), 0, last, False, False))
    each = [
        parts(own, Change(key, Series("output", key), 0, last, False, False))
        for key in plan.clusters
    ]
    np.testing.assert_allclose(whole, np.sum(each, axis=0), rtol=1e-9, atol=1e-9)
    assert len(whole) == len(OUTPUT) + 1


def test_pollutants_have_no_structure() -> None:
    plan = load("yinzhou-2017")
    asked = [c for c in changes(plan, "lmdi") if c.item.indicator == "pollutant_intensity"]
    assert asked
    assert factors_of(plan, asked[0]) == ("va_rate", "technology", "programmes")


def test_only_the_targets_asked_for(plan: Plan) -> None:
    assert [c.name for c in changes(plan, "output", ["machinery-output-2030"])] == [
        "machinery-output-2030"
    ]
    with refused("nothing_to_split"):
        changes(plan, "lmdi", ["machinery-output-2030"])


def test_threads_change_nothing(plan: Plan) -> None:
    one, other = (decomposed(plan, "lmdi", draws=DRAWS, workers=w) for w in (1, 2))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.middle, b.middle)


def test_a_summary_of_known_futures(plan: Plan) -> None:
    """Totals 0 … 99: the middle tenth is 45 … 54."""
    total = np.arange(100.0)[::-1]
    rows = np.stack([total - 1, np.ones(100), total])
    change = changes(plan, "lmdi")[0]
    found = summary(change, ("a", "b"), rows)
    np.testing.assert_allclose(found.middle, [48.5, 1.0, 49.5])
    np.testing.assert_allclose(found.high, [93.05, 1.0, 94.05])
    assert found.residual == 0
