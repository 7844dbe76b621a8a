"""The engine on a panel: the law that a run draws by is the law that is hindcast."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import stdtrit

from plansim.calibration.conditioned import forecast
from plansim.calibration.growth import HORIZONS, QUANTITIES, class_law
from plansim.calibration.hindcast import View, crps_normal
from plansim.calibration.panel import Panel
from plansim.calibration.replay import crps_sample, futures, of_place, replay, small_plan
from plansim.tests.calibration.planted import planted

LAWS = {name: law for name in QUANTITIES if (law := class_law(name, 1990)) is not None}


def panel_levels(changes, series, seed=3):
    random = np.random.default_rng(seed)
    start = {"output": 5.0, "va_rate": -1.0, "energy_intensity": -2.0}
    return {
        name: planted(name, random, changes + 1, series, common_sd=0.03, level=start[name])
        for name in QUANTITIES
    }


@pytest.mark.parametrize("changes", [0, 2, 20])
def test_the_engine_is_the_analytic_law(changes):
    """Every quantile within 0.08 sd on average, 0.1 in the first year, with draws' own noise."""
    levels = panel_levels(changes, 6)
    sizes = levels["output"][-1]
    drawn = futures(small_plan(levels, sizes, LAWS, 1990, 10), 16_384)
    for name in QUANTITIES:
        known = forecast(levels[name], sizes, LAWS[name])
        for row, horizon in enumerate(HORIZONS):
            freedom = known.freedom[row]
            sd = known.scale[row] * np.sqrt(freedom / (freedom - 2.0))
            moved = drawn[name][horizon] - levels[name][-1][:, None]
            for share in (0.05, 0.25, 0.5, 0.75, 0.95):
                expected = known.median[row] + known.scale[row] * stdtrit(freedom, share)
                apart = np.abs((np.quantile(moved, share, axis=1) - expected) / sd)
                assert apart.mean() < (0.1 if horizon == 1 else 0.08), (name, horizon, share)


def doubled(quantity):
    sd = quantity.luck.sd
    return replace(quantity, luck=replace(quantity.luck, sd=replace(sd, value=2 * sd.value)))


def test_more_luck_than_the_past_shows_does_not_lift_a_sum():
    """Past scales are what sums are right at; twice as wide, the median of the sum stays."""
    levels = panel_levels(10, 8)
    plan = small_plan(levels, levels["output"][-1], LAWS, 1990, 5)
    wild = {key: replace(one, output=doubled(one.output)) for key, one in plan.clusters.items()}
    medians = [
        float(np.median(of_place(futures(each, 8192))["output"][5]))
        for each in (plan, replace(plan, clusters=wild))
    ]
    assert abs(medians[1] - medians[0]) / 5.0 < 0.005  # it would rise by 0.02 without the offset


def test_the_score_of_a_sample_is_that_of_its_law():
    random = np.random.default_rng(4)
    outcome = np.array([0.3, -1.0, 2.5])
    drawn = 0.2 + 1.5 * random.standard_normal((3, 40_000))
    expected = crps_normal(outcome, np.full(3, 0.2), np.full(3, 1.5))
    assert crps_sample(drawn, outcome) == pytest.approx(expected, abs=0.02)


def test_a_place_is_the_sum_of_its_series():
    levels = panel_levels(4, 3)
    place = of_place(levels)
    assert np.exp(place["output"]) == pytest.approx(np.exp(levels["output"]).sum(axis=1))
    alone = of_place({name: each[:, :1] for name, each in levels.items()})
    for name, each in alone.items():
        assert each == pytest.approx(levels[name][:, 0])


def test_places_are_scored_from_every_origin():
    levels = panel_levels(40, 8)
    names = tuple(f"s{place}" for place in range(8))
    panel = Panel("made", names, tuple(range(1960, 2001)), levels)
    scores = replay(panel, [range(4), range(4, 8)], (1980, 1985, 1990), View(2), draws=400)
    assert {(score.quantity, score.horizon) for score in scores} == {
        (name, horizon) for name in QUANTITIES for horizon in HORIZONS
    }
    assert all(score.forecasts == 6 for score in scores)
    assert all(np.isfinite(score.crps) for score in scores)
