"""What-ifs: the bits of ``run``, whatever was judged before."""

import gc
import weakref
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plansim.simulator.door import Plan
from plansim.simulator.errors import InputError
from plansim.simulator.memo import Memo
from plansim.simulator.model import Model
from plansim.simulator.naming import name_of
from plansim.simulator.plan import Calibration, Uncertainty
from plansim.simulator.run import run
from plansim.simulator.sampling import Block
from plansim.simulator.whatif import (
    Futures,
    Standing,
    WarmBlock,
    WhatIf,
    width_of,
)
from plansim.tests.refusals import refused

DRAWS = 200

#: What a planner may turn: a path of the queued plan and values for it.
LEVERS: dict[str, list[Any]] = {
    "programmes.grants.active": [False, True],
    "programmes.leases.active": [False, True],
    "programmes.training.active": [False, True],
    "programmes.grants.queue.intake": [3.0, 30.0],
    "programmes.training.queue.intake": [
        1.0,
        Uncertainty("uniform", low=5.0, high=50.0),
    ],
    "programmes.grants.lot": [1, 3],
    "programmes.training.units": [40.0, 400.0],
    "programmes.grants.additional": [0.0, 1.0],
    "quotas.land.amount": [0.0, 6.0],
    "quotas.fund.amount": [0.2, 5.0],
    "quotas.fund.unspent": ["carry", "lapse"],
    "offices.hall.servers": [1.0, 9.0],
    "offices.hall.stopped.chance": [0.0, 1.0],
    "clusters.robots.output.base": [20.0, 40.0],
    "clusters.robots.output.luck.sd": [0.0, 0.3],
    "totals.output": [900.0, 1100.0],
}


def of_run(plan: Plan, draws: int = DRAWS, seed: int = 1) -> tuple[Any, Any]:
    """Probabilities and reads [(target, luck, draw)] as ``run`` has them."""
    result = run(plan, draws=draws, seed=seed)
    reads = result.kept.reads.reshape(len(result.judged), draws, 2).swapaxes(1, 2)
    return np.array([v.probability for v in result.judged]), reads


def assert_same(standing: Standing, plan: Plan, **more: int) -> None:
    probability, reads = of_run(plan, **more)
    assert np.array_equal(standing.probability, probability)
    assert np.array_equal(standing.reads, reads, equal_nan=True)


class Asked:
    """One object that is asked again and again, with a name short enough to be told."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.judge = WhatIf(plan, DRAWS).judge

    def __repr__(self) -> str:
        return "asked"


@pytest.fixture(scope="module")
def asked(queued: Plan) -> Asked:
    return Asked(queued)


def test_the_plan_itself(asked: Asked, queued: Plan) -> None:
    assert_same(asked.judge(), queued)
    assert_same(asked.judge(queued), queued)


@settings(max_examples=25)
@given(st.lists(st.sampled_from(sorted(LEVERS)), max_size=3, unique=True), st.integers(0, 1))
def test_any_levers_after_any_others(asked: Asked, paths: list[str], which: int) -> None:
    """Nothing of an earlier answer is left in a later one."""
    plan = asked.plan
    for path in paths:
        plan = plan.with_(path, LEVERS[path][which])
    assert_same(asked.judge(plan), plan)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_threads_and_blocks_change_nothing(
    queued: Plan, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plansim.simulator.whatif.SHORT", 128)
    assert width_of(700, workers) == {1: 1024, 2: 512, 3: 256}[workers]
    slower = queued.with_("programmes.grants.queue.intake", 4.0)
    held = WhatIf(queued, 700, seed=5, workers=workers)
    for plan in (queued, slower, queued):
        assert_same(held.judge(plan), plan, draws=700, seed=5)


#: Indicators of the queued plan: a stock of deliveries, a sum, firms, one of a cluster.
PATHS = ("grants_done", "energy_intensity", "firms", "cluster_output/robots")


def whole_paths(plan: Plan, draws: int) -> dict[str, Any]:
    """Every series as ``run`` has it. [(year, luck, draw)]"""
    result = run(plan, draws=draws)
    paths = result.kept.paths.reshape(len(plan.years), len(result.series), draws, 2)
    names = [f"{s.indicator}/{s.subject}".rstrip("/") for s in result.series]
    return {name: paths[:, i].swapaxes(1, 2) for i, name in enumerate(names)}


@settings(max_examples=8)
@given(
    st.lists(st.sampled_from(sorted(LEVERS)), max_size=2, unique=True),
    st.integers(0, 1),
    st.lists(st.sampled_from(PATHS), max_size=3, unique=True),
)
def test_whole_paths_are_those_of_a_run(
    asked: Asked, levers: list[str], which: int, names: list[str]
) -> None:
    """To the last bit, after any levers and with any others asked for; targets stay as they are."""
    plan = asked.plan
    for path in levers:
        plan = plan.with_(path, LEVERS[path][which])
    standing = asked.judge(plan, paths=names)
    assert_same(standing, plan)
    expected = whole_paths(plan, DRAWS)
    assert list(standing.paths) == names
    for name in names:
        assert np.array_equal(standing.paths[name], expected[name]), name


def test_whole_paths_are_asked_for_by_name_too(queued: Plan) -> None:
    held = WhatIf(queued, DRAWS)
    keys = ("energy_intensity", "cluster_output/robots")
    by_key = held.judge(paths=keys).paths
    for lang in ("zh", "en"):
        names = [name_of(queued, f"indicators.{key}", lang) for key in keys]
        by_name = held.judge(paths=names).paths
        for key, name in zip(keys, names, strict=True):
            assert np.array_equal(by_name[name], by_key[key])
    with pytest.raises(InputError) as problem:
        held.judge(paths=("energy_intensty", "firms", "cluster_output/mars"))
    assert [fault.fields["value"] for fault in problem.value.faults] == [
        "energy_intensty", "cluster_output/mars",
    ]  # fmt: skip


def test_a_fan_has_the_value_that_a_share_of_futures_does_not_exceed(queued: Plan) -> None:
    standing = WhatIf(queued, DRAWS).judge(paths=("energy_intensity",))
    fan = standing.fan("energy_intensity", 0.05, 0.5, 1.0)
    path = standing.paths["energy_intensity"].reshape(len(queued.years), -1)
    assert fan.shape == (3, len(queued.years))
    assert np.array_equal(fan[2], path.max(axis=1))
    assert ((path <= fan[0][:, None]).mean(axis=1) >= 0.05).all()
    assert ((path < fan[0][:, None]).mean(axis=1) < 0.05 + 1e-9).all()
    assert (np.diff(fan, axis=0) >= 0).all()


def test_a_path_that_is_given_stays_as_it_was(queued: Plan) -> None:
    """Levels are written on: what is handed out is not."""
    held = WhatIf(queued, DRAWS)
    city = next(key for key, i in queued.indicators.items() if i.of.startswith("city."))
    before = held.judge(paths=(city,)).paths[city]
    kept = before.copy()
    held.judge(queued.with_("totals.output", 700.0), paths=(city,))
    assert np.array_equal(before, kept)


def test_what_is_held_does_not_grow_with_the_settings_asked(queued: Plan) -> None:
    futures, memo = Futures(Block(1, 0, 0, 128)), Memo()
    sizes = []
    for n in range(60):
        plan = queued.with_("programmes.grants.queue.intake", 3.0 + n)
        plan = plan.with_(f"programmes.{('grants', 'leases')[n % 2]}.active", n % 3 > 0)
        with memo:
            model = Model.of(plan)
        futures.judge(model)
        sizes.append(sum(map(len, futures._memo._known.values())))
    assert max(sizes[40:]) <= max(sizes[:40])


def test_a_plan_of_which_nothing_is_judged(queued: Plan) -> None:
    standing = WhatIf(replace(queued, targets=()), DRAWS).judge()
    assert standing.met.shape == standing.reads.shape == (0, 2, DRAWS)


def test_what_was_seen_since_is_not_forgotten(asked: Asked, queued: Plan) -> None:
    name = "totals.output"
    wide = queued.with_(name, Uncertainty("lognormal", p05=900.0, p95=1100.0))
    seen = replace(wide, calibration=Calibration((name,), ((1.0,),), (2.0,), (0.5,)))
    for plan in (wide, seen, wide):
        assert_same(asked.judge(plan), plan)


def test_a_change_is_one_change(queued: Plan) -> None:
    other = queued.with_("programmes.grants.queue.intake", 4.0)
    before, after = (plan.programmes["grants"].queue for plan in (queued, other))
    assert before is not None
    assert after is not None
    assert after.intake == replace(before.intake, value=4.0, origin="stated", source="--set")
    assert replace(after, intake=before.intake) == before
    assert other.programmes["leases"] is queued.programmes["leases"]
    assert queued.with_("couplings.0.strength", 0.0).couplings[0].strength.value == 0.0


@pytest.mark.parametrize(
    "path", ["programmes.grant.active", "couplings.9.strength", "totals.output.value.x", "", "x"]
)
def test_a_path_that_leads_nowhere(queued: Plan, path: str) -> None:
    with refused("path_matches_nothing"):
        queued.with_(path, 1.0)


def test_arguments_are_those_of_a_run(queued: Plan) -> None:
    with pytest.raises(InputError) as problem:
        WhatIf(queued, draws=0, seed=-1)
    assert [fault.path for fault in problem.value.faults] == ["draws", "seed"]


def test_every_stream_is_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def noted(block: Block, names: Sequence[str], rows: int) -> Any:
        asked.extend(names)
        return normals(block, names, rows)

    def numbers(block: Block, name: str, rows: int) -> Any:
        return normals(block, (name,), rows)[0]

    normals = Block.normals
    monkeypatch.setattr(Block, "normals", noted)
    part = Block(3, 1, 128, 384)
    held = WarmBlock(part)
    drawn = [held.normal("a", 3), held.normal("a", 2), held.normal("a", 3)]
    assert asked == ["a"]
    for found, rows in zip(drawn, (3, 2, 3), strict=True):
        assert np.array_equal(found, numbers(part, "a", rows))
    assert np.array_equal(held.normals(("a", "b"), 1), normals(part, ("a", "b"), 1))
    assert asked == ["a", "b"]
    assert held.draws == part.draws
    for law in ("uniforms", "exponentials"):
        endless, theirs = (getattr(block, law) for block in (held, part))
        for piece, wanted, _ in zip(endless(law), theirs(law), range(3), strict=False):
            assert np.array_equal(piece, wanted)
        assert np.array_equal(next(endless(law)), next(theirs(law)))


def test_what_is_held_is_gone_when_nobody_holds_it(queued: Plan) -> None:
    """Tables of futures may not wait for the collector of circles."""
    gc.disable()
    try:
        futures = Futures(Block(1, 0, 0, 128))
        futures.judge(Model.of(queued))
        block = weakref.ref(futures.block)
        del futures
        assert block() is None
    finally:
        gc.enable()


def unchecked(plan: Plan, path: str, size: float) -> Plan:
    """The plan with an effect of a size that no plan may have."""
    _, key, _, place, _ = path.split(".")
    programme = plan.programmes[key]
    effects = list(programme.effects)
    effect = effects[int(place)]
    effects[int(place)] = replace(effect, size=replace(effect.size, value=size))
    other = replace(programme, effects=tuple(effects))
    return replace(plan, programmes={**plan.programmes, key: other})


def test_a_setting_that_is_refused_leaves_nothing_behind(asked: Asked, queued: Plan) -> None:
    sizes = [
        f"programmes.{key}.effects.{i}.size"
        for key, programme in queued.programmes.items()
        for i, effect in enumerate(programme.effects)
        if effect.change == "relative" and effect.on.endswith(("energy", "labour"))
    ]
    for known in (queued, queued.with_("programmes.grants.active", False)):
        asked.judge(known)
        with refused("not_finite"):
            asked.judge(unchecked(known, sizes[0], float("nan")))
        without_output = known.with_("programmes.park.active", False)
        for plan in (known, without_output, known):
            assert_same(asked.judge(plan), plan)
