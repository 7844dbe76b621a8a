"""Where luck has led: against brute force, in closed form, and where nothing was seen."""

from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest

from plansim.calibration.likelihood import Forward
from plansim.calibration.past_luck import STEP, luck_names, slopes_on_luck
from plansim.calibration.posterior import posterior
from plansim.scenarios.history import Observation
from plansim.scenarios.load import load
from plansim.simulator.accounts import Series, indicator_path
from plansim.simulator.future import LUCKS, draw_parameters, shock_blocks, simulate_block
from plansim.simulator.model import Model
from plansim.simulator.run import run
from plansim.simulator.sampling import Block, Resampled, Sampler
from plansim.simulator.seen import rows_of
from plansim.simulator.whatif import WhatIf
from plansim.store.plans import load as from_store
from plansim.tests.refusals import refused

#: Seen a year and two years after the base year, 2025: far below what the template expects.
SEEN = {2026: 960.0, 2027: 900.0}
SD = 12.0
#: In a column of the total, the rows of the years seen and of those to come.
PAST, FUTURE = (1, 2), (3, 5)


@pytest.fixture(scope="module")
def plan():
    return load(str(files("plansim.scenarios") / "template"))


@pytest.fixture(scope="module")
def known(plan):
    seen = [
        Observation("total_output", "", float(year), value, "level", SD, "made", 2, "flow")
        for year, value in SEEN.items()
    ]
    return posterior(plan, seen, draws=4096, identities=False)


@pytest.fixture(scope="module")
def calibrated(plan, known):
    return replace(plan, calibration=known.calibration)


def totals(plan, blocks):
    """Gross output in both lucks of many draws. [(year, future)]"""
    model = Model.of(plan)
    parts = []
    for number in range(blocks):
        block = Block(7, number)
        common = draw_parameters(model, block)
        for luck in LUCKS:
            future = simulate_block(model, common, block, luck, keep=False).future
            parts.append(np.array(indicator_path(future, Series("total_output", ""))))
    return np.concatenate(parts, axis=1)


def test_futures_are_those_that_were_seen(plan, calibrated):
    """Brute force: futures of the prior that come near what was seen, weighted by how near.

    Of the years seen the law of the calibration is wider, as its slopes are those of one future;
    of those to come it is right.
    """
    prior, after = np.log(totals(plan, 12)), np.log(totals(calibrated, 2))
    apart = (np.exp(prior[list(PAST)]) - np.array(list(SEEN.values()))[:, None]) / SD
    weight = np.exp(-0.5 * (apart**2).sum(axis=0))
    weight /= weight.sum()
    assert 1 / (weight**2).sum() > 300
    for year in (*PAST, *FUTURE):
        mean = float(weight @ prior[year])
        sd = float(np.sqrt(weight @ (prior[year] - mean) ** 2))
        assert after[year].mean() == pytest.approx(mean, abs=0.01)
        if year in FUTURE:
            assert after[year].std() == pytest.approx(sd, rel=0.1)
        else:
            assert sd < after[year].std() < 0.3 * prior[year].std()


def test_what_was_seen_narrows_what_comes(plan, calibrated, known):
    figures = replace(plan, calibration=replace(known.calibration, luck=None))
    before, only, after = (np.log(totals(p, 1)) for p in (plan, figures, calibrated))
    assert after[2].std() < 0.3 * only[2].std()
    assert after[5].std() < 0.9 * only[5].std() < 0.95 * before[5].std()
    assert after[5].mean() < only[5].mean() < before[5].mean()
    assert np.array_equal(after[0], only[0])  # the base year has no luck


def test_slopes_are_those_of_a_known_luck(plan):
    """Output with luck of its own alone: one standard deviation of it is one of log output."""
    still = plan.with_("clusters.electronics.output.luck.sd", 0.1)
    still = still.with_("clusters.electronics.output.luck.loading", 0.0)
    still = replace(still, shock_correlations=())
    o = Observation(
        "clusters.electronics.output", "", 2027.0, 100.0, "level", None, "made", 2, "flow"
    )
    forward = Forward.of(still, [o])
    names = luck_names(forward)
    slopes = slopes_on_luck(forward, names, np.zeros(len(forward.names)), 1)[0]
    told = dict(zip(names, slopes, strict=True))
    own = [told[f"{year}/clusters.electronics.output"] for year in (2026, 2027)]
    assert own[0] == pytest.approx(own[1], rel=1e-3)  # luck of output stays
    size = float(
        Model.of(still).sampler.draw(Block(0, 0, 0, 128))[  # its size at the median
            "clusters.electronics.output.luck.sd"
        ]
    )
    assert 0.5 * size < own[0] < 1.5 * size
    price = {name for name, slope in told.items() if abs(slope) > 1e-9} - {
        "2026/clusters.electronics.output",
        "2027/clusters.electronics.output",
    }
    assert all(name.endswith(("prices.output", "common")) for name in price)
    assert pytest.approx(3**0.5) == STEP


def test_nothing_seen_after_the_base_year_is_no_luck(plan):
    o = Observation("total_output", "", 2025.0, 0.05, "growth", None, "made", 2, "flow")
    assert posterior(plan, [o], draws=1024).calibration.luck is None


def test_names_are_rows_of_streams(known):
    found = rows_of(known.calibration.luck, 2025)
    assert found["common"].get("2026/common", 1) == 1
    assert all(row >= 0 for rows in found.values() for row in rows.values())
    own = found["clusters.rest.output"]
    assert own == {"2026/clusters.rest.output": 0, "2027/clusters.rest.output": 1}


def test_blocks_and_held_futures_change_nothing(calibrated):
    whole = run(calibrated, draws=600)
    other = run(calibrated, draws=600, block=256, workers=2)
    assert [v.probability for v in whole.judged] == [v.probability for v in other.judged]
    assert np.array_equal(whole.kept.paths, other.kept.paths)
    standing = WhatIf(calibrated, 600).judge()
    assert standing.probability.tolist() == [v.probability for v in whole.judged]


@pytest.mark.parametrize(
    "bad",
    [
        {"shift": ()},
        {"slopes": ((1.0,),)},
        {"directions": ((1.0, 1.0),)},
        {"scale": (-1.0, 1.0)},
    ],
)
def test_luck_that_does_not_fit_is_refused(calibrated, bad):
    luck = replace(calibrated.calibration.luck, **bad)
    unfit = replace(calibrated, calibration=replace(calibrated.calibration, luck=luck))
    with refused("calibration_unfit"):
        Sampler.of(unfit)


def test_numbers_come_from_the_block_that_was_given(calibrated):
    """Streams that are drawn from another seed stay so."""
    block = Resampled(7, 0, 0, 128, other=8, taken=lambda name: name.endswith(".water"))
    told = shock_blocks(Model.of(calibrated), block)["a"]
    moved = 0
    for name in Model.of(calibrated).layout.rows:
        stream = f"luck.a/{name}"
        theirs, ours = told.normal(stream, 10), block.normal(stream, 10)
        assert np.array_equal(theirs[5:], ours[5:])
        moved += not np.array_equal(theirs, ours)
        assert np.array_equal(ours, Block(7, 0, 0, 128).normal(stream, 10)) != name.endswith(
            ".water"
        )
    assert moved


@pytest.mark.slow
def test_under_the_law_of_paths_states_are_moved_too():
    """Brute force again: what was seen moves states and common part, and not the scale, so medians
    of later years are within 4 % and their spread within 25 %.
    """
    plan = from_store(
        str(files("plansim.scenarios") / "template"), set={"assumptions.law": "paths"}
    )
    seen = [
        Observation("total_output", "", float(year), value, "level", SD, "made", 2, "flow")
        for year, value in SEEN.items()
    ]
    known = posterior(plan, seen, draws=4096, identities=False).calibration
    assert known.luck is not None
    assert any(name.startswith("law/") for name in known.luck.names)
    assert not any(name.startswith("law/0/clusters") for name in known.luck.names)
    prior = np.log(totals(plan, 12))
    after = np.log(totals(replace(plan, calibration=known), 2))
    apart = (np.exp(prior[list(PAST)]) - np.array(list(SEEN.values()))[:, None]) / SD
    weight = np.exp(-0.5 * (apart**2).sum(axis=0))
    weight /= weight.sum()
    for year in FUTURE:
        mean = float(weight @ prior[year])
        sd = float(np.sqrt(weight @ (prior[year] - mean) ** 2))
        assert after[year].mean() == pytest.approx(mean, abs=0.04)
        assert after[year].std() == pytest.approx(sd, rel=0.25)
