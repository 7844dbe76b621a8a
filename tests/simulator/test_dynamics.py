"""Eq. 1 to 5: the exact flow, programmes, luck."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import solve_ivp
from scipy.special import expit, logit, ndtr

from plansim.simulator import dynamics
from plansim.simulator.dynamics import (
    SHOCK_CLIP,
    LuckLaw,
    Moves,
    common_shock,
    from_link,
    log_change,
    luck_paths,
    shock_sd,
    shock_sds,
    t_coefficients,
    t_scale,
    t_scores,
    to_link,
    trend_flow,
    trend_of,
)
from plansim.simulator.errors import InputError
from plansim.simulator.future import draw_parameters, simulate_block
from plansim.simulator.layout import Layout
from plansim.simulator.model import Model
from plansim.simulator.plan import Coupling, Coverage, Effect, Figure, Plan, Quantity, Uncertainty
from plansim.simulator.sampling import STREAM_BLOCK, Block, Sampler

Alter = Callable[..., Plan]
Simulate = Callable[..., Any]

RATE = st.floats(-0.4, 0.4)
THETA = st.floats(-3, 3)
LEVEL = st.floats(-3, 3)
STEP = st.floats(0, 12)


def slope(tau: Any, rate: float, ceiling: float, theta: float) -> Any:
    """The right-hand side of Eq. 2."""
    if theta == 0:
        return -rate * (tau - ceiling)
    return rate * (1 - np.exp(theta * (tau - ceiling)))


# -- Eq. 2 -----------------------------------------------------------------------------------------


@given(LEVEL, RATE, LEVEL, st.one_of(THETA, st.just(0.0)), st.floats(0.1, 12))
def test_the_flow_solves_its_equation(
    tau: float, rate: float, ceiling: float, theta: float, dt: float
) -> None:
    assume(theta == 0 or abs(theta) > 1e-3)
    flow = float(trend_flow(tau, rate, ceiling, theta, dt))
    assume(math.isfinite(flow) and abs(flow) < 15)
    solved = solve_ivp(
        lambda t, y: slope(y, rate, ceiling, theta), (0, dt), [tau], rtol=1e-10, atol=1e-12
    )
    assert flow == pytest.approx(float(solved.y[0, -1]), rel=1e-6, abs=1e-6)


@given(LEVEL, RATE, LEVEL, st.one_of(THETA, st.just(0.0)), STEP, STEP)
def test_two_steps_are_one(
    tau: float, rate: float, ceiling: float, theta: float, first: float, second: float
) -> None:
    halfway = trend_flow(tau, rate, ceiling, theta, first)
    once = float(trend_flow(tau, rate, ceiling, theta, first + second))
    assume(math.isfinite(once) and abs(once) < 15)
    assert float(trend_flow(halfway, rate, ceiling, theta, second)) == pytest.approx(
        once, rel=1e-5, abs=1e-5
    )


@given(LEVEL, st.floats(0.01, 2), LEVEL, st.floats(0.01, 5), st.sampled_from([1, -1]))
def test_a_huge_step_ends_at_the_ceiling(
    tau: float, rate: float, ceiling: float, theta: float, sign: int
) -> None:
    for step in (1e3, 1e6, 1e12, 1e300):
        end = float(trend_flow(tau, sign * rate, ceiling, sign * theta, step))
        if sign * rate * sign * theta * step > 50:
            assert end == pytest.approx(ceiling, abs=1e-9)
        assert math.isfinite(end)


def test_a_trend_that_runs_away_is_not_a_number() -> None:
    """Above its ceiling with a negative rate, Eq. 2 leaves for infinity in finite time."""
    assert math.isfinite(float(trend_flow(0.1, -0.3, 0.0, 1.0, 2.0)))
    assert math.isnan(float(trend_flow(0.1, -0.3, 0.0, 1.0, 20.0)))
    assert math.isfinite(float(trend_flow(-0.1, -0.3, 0.0, 1.0, 1e5)))  # below it, it just falls


@given(st.floats(0.5, 50), st.floats(-0.2, 0.4), st.floats(60, 500), STEP)
def test_the_logistic_closed_form(x: float, rate: float, top: float, dt: float) -> None:
    closed = top / (1 + (top / x - 1) * math.exp(-rate * dt))
    found = math.exp(float(trend_flow(math.log(x), rate, math.log(top), 1.0, dt)))
    assert found == pytest.approx(closed, rel=1e-9)


@given(st.floats(0.5, 50), st.floats(0.01, 0.6), st.floats(0.1, 500), STEP)
def test_the_gompertz_closed_form(x: float, speed: float, top: float, dt: float) -> None:
    closed = top * math.exp(math.log(x / top) * math.exp(-speed * dt))
    found = math.exp(float(trend_flow(math.log(x), speed, math.log(top), 0.0, dt)))
    assert found == pytest.approx(closed, rel=1e-9)


@given(LEVEL, RATE, STEP, THETA)
def test_without_a_ceiling_the_flow_is_exponential(
    tau: float, rate: float, dt: float, theta: float
) -> None:
    assert float(trend_flow(tau, rate, math.inf, theta, dt)) == tau + rate * dt


def test_gompertz_is_the_limit_of_richards() -> None:
    speed, small = 0.15, 1e-6
    near = float(trend_flow(1.0, speed / small, 2.0, small, 4.0))
    assert near == pytest.approx(float(trend_flow(1.0, speed, 2.0, 0.0, 4.0)), abs=1e-5)


def test_curves_may_differ_from_draw_to_draw() -> None:
    theta = np.array([0.0, 1.0, -0.5, 2.0])
    rate = np.array([0.2, 0.3, -0.4, -0.1])
    start = np.array([0.0, 0.5, 1.0, -1.0])
    together = trend_flow(start, rate, 0.7, theta, np.arange(4.0)[:, None])
    assert together.shape == (4, 4)
    assert (together[0] == start).all()
    for i in range(4):
        alone = [float(trend_flow(start[i], rate[i], 0.7, theta[i], float(t))) for t in range(4)]
        assert together[:, i] == pytest.approx(alone, rel=1e-12)


@pytest.mark.parametrize("curve", ["logistic", "gompertz", "richards"])
@pytest.mark.parametrize(("base", "ceiling"), [(0.3, 0.5), (0.5, 0.2)])
def test_curves_climb_to_a_ceiling_and_fall_to_a_floor(
    plan: Plan, alter: Alter, curve: str, base: float, ceiling: float
) -> None:
    path = "clusters.robots.va_rate.trend"
    figure = plan.clusters["robots"].va_rate.base
    moved = alter(
        plan,
        {
            f"{path}.curve": curve,
            f"{path}.rate": 0.3,
            f"{path}.ceiling": ceiling,
            f"{path}.theta": Figure(0.4, "judgement", "") if curve == "richards" else None,
        },
    )
    assert figure is not None
    quantity = moved.clusters["robots"].va_rate
    name = "clusters.robots.va_rate"
    way = np.empty((60, STREAM_BLOCK))
    trend_of(quantity, base, Sampler.of(moved).draw(Block(1, 0)), name, len(way)).into(way)
    level = from_link(quantity, way.copy())[:, 0]
    assert level[0] == pytest.approx(base, rel=1e-12)
    assert level[-1] == pytest.approx(ceiling, rel=1e-2)
    assert (np.sign(np.diff(level)) == np.sign(ceiling - base)).all()


def closed_form(path: str, quantity: Quantity, base: Any, p: dict[str, Any], t: float) -> Any:
    """Level of a quantity after ``t`` years of nothing but trend, written down by hand."""
    rate, curve = p[f"{path}.trend.rate"], quantity.trend.curve
    if quantity.link == "logit":
        low, high = quantity.floor or 0.0, quantity.ceiling or 1.0
        z = logit((base - low) / (high - low))
        if curve == "exponential":
            z = z + t * rate * (high - low) / ((base - low) * (high - base))
        else:
            top = logit((p[f"{path}.trend.ceiling"] - low) / (high - low))
            z = top + (z - top) * np.exp(-rate * t)
        return low + (high - low) * expit(z)
    if curve == "logistic":
        top = p[f"{path}.trend.ceiling"]
        return top / (1 + (top / base - 1) * np.exp(-rate * t))
    return base + rate * t if quantity.link == "identity" else base * (1 + rate) ** t


def test_without_programmes_and_luck_every_path_is_its_closed_form(
    lifeless: Plan, simulate: Simulate
) -> None:
    accounts = simulate(lifeless).accounts
    seen = set()
    for name, quantity in accounts.layout.quantities.items():
        seen.add((quantity.link, quantity.trend.curve))
        base = accounts.baseline.levels[name]
        for t in (0, 1, 10):
            expected = closed_form(name, quantity, base, accounts.p, float(t))
            assert accounts.quantity(name)[t] == pytest.approx(
                np.broadcast_to(expected, 256), rel=1e-9
            )
    assert len(seen) == 5


def test_a_base_that_its_link_does_not_know_is_refused(plan: Plan, alter: Alter) -> None:
    wide = Uncertainty("normal", mean=0.02, sd=0.05)
    model = Model.of(alter(plan, {"city.rd.base": wide, "city.patents.base": -1.0}))
    with pytest.raises(InputError) as problem:
        draw_parameters(model, Block(1, 0))
    assert [(f.code, f.path) for f in problem.value.faults] == [
        ("base_outside_bounds", "city.rd.base"),
        ("base_outside_bounds", "city.patents.base"),
    ]


def test_a_trend_that_is_not_finite_is_refused(plan: Plan, alter: Alter) -> None:
    model = Model.of(alter(plan, {"city.patents.trend.ceiling": -60.0}))
    block = Block(1, 0)
    common = draw_parameters(model, block)
    with pytest.raises(InputError) as problem:
        simulate_block(model, common, block, "a", keep=False)
    assert [(f.code, f.path) for f in problem.value.faults] == [("not_finite", "city.patents")]


@given(st.floats(-30, 30))
def test_links_are_undone(z: float) -> None:
    luck, trend = None, None
    for quantity in (
        Quantity("log", trend, luck),  # type: ignore[arg-type]
        Quantity("identity", trend, luck),  # type: ignore[arg-type]
        Quantity("logit", trend, luck, floor=0.1, ceiling=0.9),  # type: ignore[arg-type]
    ):
        level = from_link(quantity, np.array([z]))
        tolerance = 1e-12 * math.exp(abs(z)) if quantity.link == "logit" else 1e-12
        assert float(np.asarray(to_link(quantity, level))[0]) == pytest.approx(z, abs=tolerance)


# -- Eq. 3 -----------------------------------------------------------------------------------------


def test_an_effect_moves_the_base_level_by_its_size(plan: Plan) -> None:
    cases = [
        (plan.clusters["robots"].energy, "relative", -0.12, 0.2, 0.2 * 0.88),
        (plan.clusters["robots"].va_rate, "relative", 0.10, 0.25, 0.275),
        (plan.city["rd"], "absolute", 0.004, 0.02, 0.024),
        (plan.city["revenue_ratio"], "absolute", 0.03, 0.97, 1.0),
    ]
    for quantity, change, size, base, expected in cases:
        effect = Effect("x", plan.totals.output, change)  # type: ignore[arg-type]
        shift = dynamics.effect_size(effect, quantity, size, base)
        z = np.atleast_1d(np.asarray(to_link(quantity, base)) + shift)
        assert from_link(quantity, z)[0] == pytest.approx(expected, rel=1e-12)


def test_an_effect_beyond_the_ceiling_stops_short_of_it(plan: Plan) -> None:
    effect = Effect("x", plan.totals.output, "absolute")
    quantity = plan.city["rd"]
    shift = dynamics.effect_size(effect, quantity, 0.5, 0.02)
    reached = from_link(quantity, np.atleast_1d(to_link(quantity, 0.02) + shift))
    assert 0.0799 < reached[0] < 0.08


def test_no_shift_is_no_log_change_to_the_last_bit(plan: Plan) -> None:
    base = np.random.default_rng(1).uniform(0.001, 0.079, 1000)
    for quantity in (plan.city["rd"], plan.city["patents"], plan.city["revenue_ratio"]):
        assert (log_change(quantity, base, np.zeros((11, 1000))) == 0).all()


def test_programmes_move_what_they_name_and_what_is_coupled(
    plan: Plan, alter: Alter, certain: Alter, simulate: Simulate
) -> None:
    """The whole of Eq. 3 by hand: an effect, labour's release, a coupling with its lag."""
    bare = certain(
        alter(
            plan,
            {
                "programmes.retrofits.coverage.depth": 0.8,
                "programmes.retrofits.coverage.delay": 0.0,
                "programmes.retrofits.additional": 0.75,
                "programmes.retrofits.effects.1.size": -0.05,
                "programmes.park.active": False,
            },
        )
    )
    still = alter(bare, {"programmes.retrofits.active": False})
    with_, without = simulate(bare).accounts, simulate(still).accounts
    height = np.interp(np.arange(2015, 2027), [2016, 2018, 2021], [0, 0.3, 1.0])
    reach = 0.75 * 0.8 * (height[1:] + height[:-1]) / 2
    labour = np.log(0.95) * reach
    name = "clusters.machines.labour"
    change = np.log(with_.quantity(name) / without.quantity(name))
    assert change == pytest.approx(np.outer(labour, np.ones(256)), abs=1e-12)
    name = "clusters.machines.output"
    change = np.log(with_.quantity(name) / without.quantity(name))
    assert change == pytest.approx(np.outer(-0.5 * labour, np.ones(256)), abs=1e-12)
    stock, passed = 0.0, []
    for t in range(11):  # three clusters pass on, each with γ = −0.1 and κ = 0.5
        passed.append(-0.1 * 3 * stock)
        stock += 0.5 * (labour[t] - stock)
    change = np.log(with_.quantity("city.patents") / without.quantity("city.patents"))
    assert change == pytest.approx(np.outer(passed, np.ones(256)), abs=1e-12)
    untouched = "clusters.machines.water"
    assert (with_.quantity(untouched) == without.quantity(untouched)).all()


def test_only_what_comes_after_the_base_year_counts(
    plan: Plan, alter: Alter, simulate: Simulate
) -> None:
    """A programme that was complete before the base year has done its work: it is in the base."""
    early = Coverage(2008, {2010: 1.0}, Figure(0.8, "judgement", ""))
    old = alter(plan, {"programmes.park.coverage": early})
    off = alter(plan, {"programmes.park.active": False})
    assert (simulate(old).accounts.levels == simulate(off).accounts.levels).all()


# -- Eq. 4 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("df", "tolerance"), [(4, 0.03), (5, 0.015), (6.5, 0.005), (30, 1e-5)])
def test_t_scores_are_t_quantiles(df: float, tolerance: float) -> None:
    """To ``tolerance`` of the quantile itself, up to 3.1 standard deviations (1 in 500)."""
    z = np.linspace(-3.09, 3.09, 500)
    exact = stats.t(df).ppf(ndtr(z))
    found = t_scores(z.copy(), t_coefficients(df))
    assert np.abs(found - exact).max() < tolerance * np.abs(exact).max()
    assert (np.abs(found - exact) <= tolerance * np.abs(exact) + 1e-12).all()


@settings(max_examples=20)
@given(st.floats(2.5, 200))
def test_clipped_shocks_have_unit_variance(df: float) -> None:
    z = stats.norm.ppf((np.arange(40_000) + 0.5) / 40_000)
    shocks = np.clip(t_scores(z, t_coefficients(df) * t_scale(df)), -SHOCK_CLIP, SHOCK_CLIP)
    assert np.mean(shocks**2) == pytest.approx(1, abs=2e-3)
    assert (np.diff(shocks) >= 0).all()


def shocks_of(plan: Plan, blocks: int = 6) -> dict[str, Any]:
    """ε of Eq. 4: luck with sd 1, no persistence, no loading. [(9 or 10 years, draws)]"""
    layout, law = Layout.of(plan), LuckLaw.of(6.5, 0.3)
    p: dict[str, Any] = {}
    bases = {f"clusters.{c}.output": 100.0 for c in layout.clusters}
    for name in layout.rows:
        p |= {f"{name}.luck.sd": 1.0, f"{name}.luck.persistence": 0.0}
        p |= {f"{name}.luck.loading": 0.0}
        p |= {f"{name}.luck.reference_size": 100.0, f"{name}.luck.size_exponent": -0.13}
    found: dict[str, list[Any]] = {}
    for number in range(blocks):
        for name, n in luck_paths(
            layout, p, shock_sds(layout, p, bases), law, Block(1, number), "a"
        ):
            found.setdefault(name, []).append(n)
    return {name: np.concatenate(parts, axis=1) for name, parts in found.items()}


def test_own_shocks_have_unit_variance_fat_tails_and_the_stated_correlations(plan: Plan) -> None:
    shocks = shocks_of(plan)
    assert set(shocks) == set(Layout.of(plan).rows)
    for name, n in shocks.items():
        assert n.std() == pytest.approx(1, abs=0.02), name
        assert np.abs(n).max() <= SHOCK_CLIP
        assert stats.kurtosis(n.ravel()) > 0.8
        assert abs(np.mean(n[1:] * n[:-1])) < 0.02
    stated = {
        ("clusters.robots.output", "clusters.robots.energy"): -0.43,
        ("clusters.rest.output", "clusters.rest.labour"): -0.6,
        ("clusters.rest.energy", "clusters.rest.labour"): 0.5,
        ("prices.output", "prices.input"): 0.7,
        ("clusters.robots.output", "clusters.rest.output"): 0.0,
        ("clusters.robots.va_rate", "clusters.robots.output"): 0.0,
    }
    for (a, b), value in stated.items():
        assert np.corrcoef(shocks[a].ravel(), shocks[b].ravel())[0, 1] == pytest.approx(
            value, abs=0.025
        )


def test_the_common_shock_is_stationary_with_unit_variance() -> None:
    m = np.concatenate([common_shock(0.3, Block(1, n), "a", 12) for n in range(12)], axis=1)
    assert m.std(axis=1) == pytest.approx(np.ones(12), abs=0.03)
    for lag in (1, 2, 3):
        assert np.mean(m[lag:] * m[:-lag]) == pytest.approx(0.3**lag, abs=0.02)


def test_luck_adds_up_as_its_equation_says(plan: Plan) -> None:
    """Var n(t) against the closed form, with own shocks, the common shock and persistence."""
    layout, law = Layout.of(plan), LuckLaw.of(6.5, 0.3)
    p = Sampler.of(plan).draw(Block(1, 0))
    bases = {f"clusters.{c}.output": 100.0 for c in layout.clusters}
    parts: dict[str, list[Any]] = {}
    for number in range(8):
        for name, n in luck_paths(
            layout, p, shock_sds(layout, p, bases), law, Block(1, number), "b"
        ):
            parts.setdefault(name, []).append(n)
    energy = np.concatenate(parts["clusters.rest.energy"], axis=1)
    expected = 0.06 * np.sqrt((1 - 0.9 ** (2 * np.arange(1, 11))) / (1 - 0.81))
    assert energy.std(axis=1) == pytest.approx(expected, rel=0.03)
    output = np.concatenate(parts["clusters.rest.output"], axis=1)
    lags = np.abs(np.subtract.outer(np.arange(10), np.arange(10)))
    common = [0.05**2 * (0.3**lags)[:t, :t].sum() for t in range(1, 11)]
    expected = np.sqrt(0.08**2 * np.arange(1, 11) + common)
    assert output.std(axis=1) == pytest.approx(expected, rel=0.03)
    other = np.concatenate(parts["clusters.robots.output"], axis=1)
    together = np.mean(output[-1] * other[-1])
    assert together == pytest.approx(common[-1], rel=0.15)


def test_shocks_fall_with_size(plan: Plan) -> None:
    quantity = plan.clusters["robots"].output
    p = Sampler.of(plan).draw(Block(1, 0))
    at = [float(shock_sd(quantity, p, "clusters.robots.output", s)) for s in (50, 100, 1000)]
    assert at == pytest.approx([0.08 * 2**0.13, 0.08, 0.08 * 10**-0.13])
    price = plan.prices.output
    assert shock_sd(price, p, "prices.output", None) == 0.03


def test_without_luck_nothing_moves(plan: Plan, certain: Alter, simulate: Simulate) -> None:
    still = certain(plan)
    a, b = (simulate(still, luck=luck).accounts.levels for luck in "ab")
    assert (a == b).all()


#: What a coupling may pass on: what programmes move, what labour frees, what another one passed on.
CHAINS = (
    (("clusters.*.labour", "city.patents"),),
    (("clusters.*.output", "city.patents"), ("city.rd", "clusters.*.labour")),
    (("city.rd", "clusters.*.labour"), ("clusters.*.labour", "clusters.*.output")),
    (("city.rd", "clusters.*.output"), ("clusters.*.output", "clusters.*.va_rate")),
)


@settings(max_examples=40)
@given(st.sampled_from(CHAINS), st.sets(st.integers(2016, 2025)))
def test_moves_of_some_years_are_those_of_all(
    plan: Plan, chain: tuple[tuple[str, str], ...], others: set[int]
) -> None:
    """To the last bit, though what a coupling passes on remembers every year."""
    figure = plan.couplings[0].strength
    couplings = tuple(Coupling(a, b, figure, plan.couplings[0].speed) for a, b in chain)
    strengths = {f"couplings.{n}.strength": 0.3 for n in range(len(chain))}
    model, block = Model.of(replace(plan, couplings=couplings)), Block(1, 0, 0, 16)
    common = draw_parameters(model, block)
    given_p = {**common.p, **strengths}
    few = model.layout.among((2015, *sorted(others)))
    whole, some = (
        Moves.of(
            model.plan, layout, given_p, common.baseline.levels, common.scheduled, common.effects
        )
        for layout in (model.layout, few)
    )
    for part in ("paths", "added", "open_share", "recognised"):
        expected, found = getattr(whole, part), getattr(some, part)
        assert expected.keys() == found.keys()
        for name, path in expected.items():
            assert np.array_equal(found[name], path[list(few.places)]), name


# -- Eq. 5 -----------------------------------------------------------------------------------------


def test_output_is_organic_less_closures_plus_projects(plan: Plan, simulate: Simulate) -> None:
    future = simulate(plan)
    accounts = future.accounts
    rows = {c: row for row, c in enumerate(accounts.layout.clusters)}
    organic, real, p = accounts.levels[:, : len(rows)], accounts.real_output, accounts.p
    park, retrofits = future.deliveries["park"], future.deliveries["retrofits"]
    capacity = p["programmes.park.projects.robots"] * 0.7 * (1 - p["programmes.park.crowding_out"])
    added = capacity * (park.flow - park.flow[0])
    assert real[:, rows["robots"]] == pytest.approx(organic[:, rows["robots"]] + added)
    closed = 0.03 * p["programmes.retrofits.additional"] * (retrofits.flow - retrofits.flow[0])
    assert real[:, rows["rest"]] == pytest.approx(organic[:, rows["rest"]] * (1 - closed))
    assert (real[:, rows["machines"]] == organic[:, rows["machines"]]).all()
    assert (real[0] == organic[0]).all()
