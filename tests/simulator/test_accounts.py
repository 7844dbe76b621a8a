"""Eq. 6 to 10: identities between the accounts, and firms above a size."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from plansim.simulator.accounts import (
    ACCOUNTS,
    OneFuture,
    Series,
    indicator_path,
    series,
)
from plansim.simulator.errors import InputError
from plansim.simulator.plan import Plan, Uncertainty

Alter = Callable[..., Plan]
Simulate = Callable[..., OneFuture]


def path(future: OneFuture, indicator: str, subject: str = "") -> Any:
    return indicator_path(future, Series(indicator, subject))


def with_indicator(plan: Plan, alter: Alter, like: str, **changes: Any) -> Plan:
    """The plan with indicator "new", like another one but for some fields."""
    more = alter(plan, {"indicators.new": plan.indicators[like]})
    return alter(more, {f"indicators.new.{name}": value for name, value in changes.items()})


def test_every_account_is_a_number_for_each_year_cluster_and_draw(
    plan: Plan, simulate: Simulate
) -> None:
    accounts = simulate(plan).accounts
    for name in ACCOUNTS:
        assert accounts.of(name).shape == (11, 3, 256)
        assert np.isfinite(accounts.of(name)).all()


def test_accounts_are_what_their_equations_say(plan: Plan, simulate: Simulate) -> None:
    a = simulate(plan).accounts
    price, paid = a.quantity("prices.output")[:, None], a.quantity("prices.input")[:, None]
    level = {k: a.levels[:, a.layout.kind(k)] for k in ("va_rate", "energy", "water", "labour")}
    rate = 1 - (1 - level["va_rate"]) * (paid / price) ** a.p["prices.pass_through"]
    assert a.nominal_output == pytest.approx(a.real_output * price)
    assert a.revenue == pytest.approx(a.nominal_output * a.quantity("city.revenue_ratio")[:, None])
    assert a.value_added == pytest.approx(a.nominal_output * rate)
    assert a.real_value_added == pytest.approx(a.real_output * rate)
    assert a.energy == pytest.approx(1e4 * a.real_output * level["energy"])
    assert a.water == pytest.approx(1e4 * a.real_output * level["water"])
    assert a.employment == pytest.approx(1e4 * a.real_output * level["labour"])


def test_sums_come_before_quotients(plan: Plan, alter: Alter, simulate: Simulate) -> None:
    future = simulate(alter(plan, {"indicators.energy_intensity.anchor": None}))
    a = future.accounts
    expected = a.energy.sum(axis=1) / a.real_value_added.sum(axis=1)
    assert path(future, "energy_intensity") == pytest.approx(expected, rel=1e-12)
    expected = a.real_value_added.sum(axis=1) / a.employment.sum(axis=1)
    assert path(future, "productivity") == pytest.approx(expected, rel=1e-12)
    weighted = (a.value_added * a.baseline.weights["high"]).sum(axis=1) / a.value_added.sum(axis=1)
    assert path(future, "high_tech") == pytest.approx(weighted, rel=1e-12)
    assert path(future, "high_tech")[0] == pytest.approx(np.full(256, 0.18), rel=1e-9)
    by_cluster = [path(future, "cluster_output", c) for c in a.layout.clusters]
    assert np.sum(by_cluster, axis=0) == pytest.approx(path(future, "output"), rel=1e-12)


def test_an_anchor_is_the_base_value_in_every_draw(
    plan: Plan, alter: Alter, simulate: Simulate
) -> None:
    anchored = simulate(plan)
    free = simulate(alter(plan, {"indicators.energy_intensity.anchor": None}))
    found, raw = path(anchored, "energy_intensity"), path(free, "energy_intensity")
    assert found[0] == pytest.approx(np.full(256, 0.9), rel=1e-14)
    assert found / found[0] == pytest.approx(raw / raw[0], rel=1e-12)


@pytest.mark.parametrize("factor", [1.1, 1.3])
def test_a_higher_value_added_rate_lowers_energy_per_value_added_once(
    plan: Plan, alter: Alter, certain: Alter, simulate: Simulate, factor: float
) -> None:
    """By exactly the factor by which the rate rises: not twice, and energy itself stays."""
    still = alter(
        certain(plan), {"prices.pass_through": 0.0, "indicators.energy_intensity.anchor": None}
    )
    base, raised = simulate(still), simulate(still)
    raised.accounts.levels[:, raised.accounts.layout.kind("va_rate")] *= factor
    ratio = path(raised, "energy_intensity") / path(base, "energy_intensity")
    assert ratio == pytest.approx(np.full((11, 256), 1 / factor), rel=1e-12)
    assert (raised.accounts.energy == base.accounts.energy).all()


def test_saved_labour_raises_productivity_whether_or_not_it_becomes_output(
    plan: Plan, alter: Alter, certain: Alter, simulate: Simulate
) -> None:
    """Eq. 3: labour per output falls by the effect, and output rises by ω of it."""
    plan = alter(plan, {"programmes.park.active": False, "programmes.retrofits.closures": {}})
    for release in (0.0, 0.5, 1.0):
        on = alter(certain(plan), {"assumptions.labour_release": release})
        off = alter(on, {"programmes.retrofits.effects.1.size": 0.0})
        with_, without = simulate(on).accounts, simulate(off).accounts
        saved = with_.levels[:, with_.layout.kind("labour")]
        unsaved = without.levels[:, without.layout.kind("labour")]
        fall = np.log(saved / unsaved)
        assert np.log(with_.real_output / without.real_output) == pytest.approx(
            -release * fall, abs=1e-10
        )
        jobs = np.log(with_.employment / without.employment)
        assert jobs == pytest.approx((1 - release) * fall, abs=1e-10)


# -- prices ----------------------------------------------------------------------------------------


def test_prices_part_nominal_from_real(plan: Plan, alter: Alter, simulate: Simulate) -> None:
    nominal = simulate(plan)
    real = simulate(alter(plan, {"assumptions.output_prices.value": "constant"}))
    price = nominal.accounts.quantity("prices.output")
    assert path(nominal, "output") == pytest.approx(path(real, "output") * price, rel=1e-12)
    assert (path(nominal, "real_value_added") == path(real, "real_value_added")).all()


@pytest.mark.parametrize("pass_through", [0.0, 0.3, 1.0])
def test_equal_prices_leave_the_rate_alone(
    plan: Plan, alter: Alter, simulate: Simulate, pass_through: float
) -> None:
    accounts = simulate(alter(plan, {"prices.pass_through": pass_through})).accounts
    accounts.levels[:, accounts.layout.rows["prices.input"]] = accounts.quantity("prices.output")
    free = accounts.levels[:, accounts.layout.kind("va_rate")]
    assert accounts.squeezed_rate == pytest.approx(free)


def test_double_deflation_takes_both_prices_out(
    plan: Plan, alter: Alter, certain: Alter, simulate: Simulate
) -> None:
    """With full pass-through the double-deflated rate is v* itself; single keeps the squeeze."""
    still = alter(certain(plan), {"prices.pass_through": 1.0, "prices.input.trend.rate": 0.02})
    double = simulate(alter(still, {"assumptions.deflation.value": "double"})).accounts
    single = simulate(still).accounts
    free = single.levels[:, single.layout.kind("va_rate")]
    assert double.real_value_added == pytest.approx(double.real_output * free, rel=1e-12)
    assert (single.real_value_added[5:] < double.real_value_added[5:]).mean() > 0.5
    relative = single.quantity("prices.output") / single.quantity("prices.input")
    rate = 1 - (1 - single.squeezed_rate) * relative[:, None]
    assert double.real_value_added == pytest.approx(single.real_output * rate, rel=1e-12)


def test_double_deflation_that_turns_negative_is_refused(
    plan: Plan, alter: Alter, certain: Alter, simulate: Simulate
) -> None:
    wild = alter(
        certain(plan),
        {
            "assumptions.deflation.value": "double",
            "prices.pass_through": 0.0,
            "prices.input.trend.rate": -0.05,
        },
    )
    with pytest.raises(InputError) as problem:
        _ = simulate(wild).accounts.real_value_added
    assert problem.value.faults[0].code == "double_deflation_negative"


# -- scopes and tags -------------------------------------------------------------------------------


def test_a_scope_narrows_both_sides_and_can_be_read_as_all_industry(
    plan: Plan, alter: Alter, simulate: Simulate
) -> None:
    scoped = with_indicator(plan, alter, "water_intensity", scope="equipment")
    weights = np.array([1.0, 0.9, 0.0])
    future = simulate(scoped)
    a = future.accounts
    expected = (weights @ a.water) / (weights @ a.real_value_added)
    assert path(future, "new") == pytest.approx(expected, rel=1e-12)
    wide = simulate(alter(scoped, {"assumptions.scope.value": "industry"}))
    assert (path(wide, "new") == path(future, "water_intensity")).all()


def test_tags_overlap_by_their_product(plan: Plan, alter: Alter, simulate: Simulate) -> None:
    both = with_indicator(plan, alter, "high_tech", scope="equipment")
    future = simulate(both)
    a = future.accounts
    equipment, high = a.baseline.weights["equipment"], a.baseline.weights["high"]
    expected = (a.value_added * equipment * high).sum(axis=1) / (a.value_added * equipment).sum(1)
    assert path(future, "new") == pytest.approx(expected, rel=1e-12)


def test_the_series_are_every_indicator_of_every_subject(plan: Plan) -> None:
    items = series(plan)
    assert len(items) == len(plan.indicators) - 1 + len(plan.clusters)
    assert Series("cluster_output", "rest") in items
    assert Series("cluster_output", "") not in items


# -- counts ----------------------------------------------------------------------------------------


def test_clusters_above_a_size_are_counted_without_the_rest(plan: Plan, simulate: Simulate) -> None:
    future = simulate(plan)
    output = future.accounts.output[:, :2]
    assert (path(future, "big_clusters") == (output >= 100).sum(axis=1)).all()
    assert set(path(future, "big_clusters")[0]) == {1, 2}


def test_deliveries_are_whole_lots(plan: Plan, alter: Alter, simulate: Simulate) -> None:
    future = simulate(plan)
    found = path(future, "retrofitted")
    exact = 120 * future.deliveries["retrofits"].stock
    assert (found % 5 == 0).all()
    assert ((exact - found > -1e-6) & (exact - found < 5)).all()
    assert (np.diff(found, axis=0) >= 0).all()
    off = simulate(alter(plan, {"programmes.retrofits.active": False}))
    assert (path(off, "retrofitted") == 0).all()


def scaled(future: OneFuture, factor: Any) -> OneFuture:
    """The future with output, from the second year on, times a factor by year or by draw."""
    future.accounts.levels[1:, future.accounts.layout.kind("output")] *= factor
    return future


def firms_of(plan: Plan, alter: Alter, simulate: Simulate, factor: Any, **more: float) -> Any:
    changes = {f"indicators.firms.{name}": value for name, value in more.items()}
    steady = {f"clusters.{c}.output.trend.rate": 0.0 for c in plan.clusters}
    steady |= {f"prices.{name}.trend.rate": 0.0 for name in ("output", "input")}
    steady |= {f"programmes.{key}.active": False for key in plan.programmes}
    steady |= {"city.revenue_ratio.trend.rate": 0.0}
    moved = alter(plan, {**steady, **changes})
    return path(scaled(simulate(moved, draws=2048), factor), "firms")


@pytest.mark.parametrize("factor", [0.4, 1.0, 2.5])
def test_firms_start_at_their_count_and_follow_the_scale(
    plan: Plan, alter: Alter, certain: Alter, simulate: Simulate, factor: float
) -> None:
    """Mean N₀ · ratio^ζ; variance that of surviving incumbents plus Poisson entrants."""
    still = certain(plan)
    found = firms_of(still, alter, simulate, factor, exponent=1.06, count=30.0, churn=0.05)
    assert (found[0] == 30).all()
    mean = 30 * factor**1.06
    stay = np.minimum(np.exp(-0.05 * np.arange(11)), mean / 30)
    variance = 30 * stay * (1 - stay) + (mean - 30 * stay)
    for t in range(1, 11):
        error = np.sqrt(variance[t] / 2048)
        assert found[t].mean() == pytest.approx(mean, abs=4.5 * error + 1e-9)
        assert found[t].var() == pytest.approx(variance[t], rel=0.15)


def test_more_scale_never_means_fewer_firms(plan: Plan, alter: Alter, simulate: Simulate) -> None:
    """Draw by draw and year by year, also where the paths move about."""
    wander = np.exp(np.random.default_rng(3).normal(0, 0.3, (10, 1, 2048)))
    before = firms_of(plan, alter, simulate, wander)
    for more in (1.001, 1.2, 3.0):
        after = firms_of(plan, alter, simulate, wander * more)
        assert (after >= before).all()
        before = after


def test_an_uncertain_count_is_whole_in_the_base_year(
    plan: Plan, alter: Alter, simulate: Simulate
) -> None:
    vague = alter(plan, {"indicators.firms.count": Uncertainty("uniform", low=3, high=9)})
    found = path(simulate(vague, draws=2048), "firms")
    assert set(np.unique(found[0])) == set(range(3, 10))
    assert (found >= 0).all()
    none = alter(plan, {"indicators.firms.count": 0.0})
    assert (path(simulate(none), "firms") == 0).all()


# -- sums ------------------------------------------------------------------------------------------

EVERYTHING = {*ACCOUNTS, "rated_output"}


@pytest.mark.parametrize("deflation", ["single", "double"])
def test_a_sum_is_the_sum_of_its_account(
    plan: Plan, alter: Alter, simulate: Simulate, deflation: str
) -> None:
    a = simulate(alter(plan, {"assumptions.deflation.value": deflation})).accounts
    weights = a.baseline.weights["high"]
    for name in EVERYTHING:
        amount = a.of(name)
        assert a.summed(name, "all") == pytest.approx(amount.sum(axis=1), rel=1e-12)
        assert a.summed(name, "high") == pytest.approx((amount * weights).sum(axis=1), rel=1e-12)
        assert a.summed(name, "high", "all") is a.summed(name, "high")
