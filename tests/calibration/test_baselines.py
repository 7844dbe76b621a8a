"""Reconciled figures agree exactly, moved no more than they must, or name what conflicts."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from plansim.calibration import reconcile as reconciling
from plansim.calibration.balances import Balance, Known, Term
from plansim.calibration.baselines import (
    adjustments,
    baselines_of,
    known_of,
    reconciled_once,
    rounding,
)
from plansim.calibration.least_squares import EXACT
from plansim.calibration.reconcile import reconcile
from plansim.scenarios.load import load
from plansim.simulator.baseline import LEAST_REST, close
from plansim.simulator.errors import InputError
from plansim.simulator.layout import Layout
from plansim.simulator.plan import Figure, Uncertainty
from plansim.simulator.sampling import Block, Sampler
from plansim.tests.refusals import refused

PLANS = ("yuyao-2016", "yinzhou-2017", "shaoxing-2016", "yuyao-2020")
few = settings(max_examples=8)


def parts_of(values, sds, link="identity"):
    """Parts and their total, and the balance between them."""
    names = [f"part{i}" for i in range(len(values) - 1)]
    figures = [
        Known(name, value, sd, link)
        for name, value, sd in zip([*names, "total"], values, sds, strict=True)
    ]
    terms = (*(Term(1.0, (name,)) for name in names), Term(-1.0, ("total",)))
    return figures, Balance("sum", terms)


def city(outputs, rates, total, rate, sd=0.1):
    """Clusters whose outputs add up to a total and whose value added gives a rate."""
    figures = [Known("total", total, sd), Known("rate", rate, sd, "logit")]
    outputs_terms, rate_terms = [Term(-1.0, ("total",))], []
    for i, (output, own) in enumerate(zip(outputs, rates, strict=True)):
        figures += [Known(f"o{i}", output, sd), Known(f"r{i}", own, sd, "logit")]
        outputs_terms.append(Term(1.0, (f"o{i}",)))
        rate_terms += [Term(1.0, (f"o{i}", f"r{i}")), Term(-1.0, (f"o{i}", "rate"))]
    return figures, [Balance("outputs", tuple(outputs_terms)), Balance("rates", tuple(rate_terms))]


amounts = st.floats(10.0, 100.0)
spreads = st.floats(0.2, 5.0)
numbers = st.integers(2, 5).flatmap(
    lambda n: st.tuples(*(st.lists(kind, min_size=n, max_size=n) for kind in (amounts, spreads)))
)
cities = st.integers(2, 4).flatmap(
    lambda n: st.tuples(
        st.lists(amounts, min_size=n, max_size=n),
        st.lists(st.floats(0.1, 0.4), min_size=n, max_size=n),
        st.floats(0.7, 1.4),
        st.floats(0.15, 0.3),
    )
)


def linear(values, sds):
    """Closed form of one linear balance: levels, covariance."""
    values, variance = np.array(values), np.diag(np.square(sds))
    A = np.array([[*np.ones(len(values) - 1), -1.0]])
    gain = variance @ A.T @ np.linalg.inv(A @ variance @ A.T)
    return values - gain @ A @ values, variance - gain @ A @ variance


# -- laws ----------------------------------------------------------------------------------------


@few
@given(numbers)
def test_one_linear_balance_is_closed_in_closed_form(problem):
    figures, balance = parts_of(*problem)
    result = reconcile(figures, [balance])
    levels, covariance = linear(*problem)
    assert result.converged
    np.testing.assert_allclose(result.levels, levels, rtol=1e-9)
    np.testing.assert_allclose(result.covariance, covariance, atol=1e-9 * max(problem[1]) ** 2)


@few
@given(cities)
def test_balances_hold_exactly_and_in_every_draw(problem):
    outputs, rates, share, rate = problem
    figures, balances = city(outputs, rates, share * sum(outputs), rate)
    result = reconcile(figures, balances)
    assert result.converged, result.message
    assert result.error <= EXACT
    drawn = result.samples(50, np.random.default_rng(1))
    total, added = np.zeros(50), np.zeros(50)
    for i in range(len(outputs)):
        total += drawn[f"o{i}"]
        added += drawn[f"o{i}"] * drawn[f"r{i}"]
    np.testing.assert_allclose(total, drawn["total"], rtol=1e-9)
    np.testing.assert_allclose(added, drawn["rate"] * drawn["total"], rtol=1e-9)


@few
@given(cities)
def test_no_other_figures_that_agree_are_nearer(problem):
    outputs, rates, share, rate = problem
    figures, balances = city(outputs, rates, share * sum(outputs), rate)
    result = reconcile(figures, balances)
    drawn = result.samples(50, np.random.default_rng(2))
    levels = np.array([drawn[figure.path] for figure in figures])
    steps = result.problem.steps(levels)
    assert ((steps**2).sum(axis=0) >= (result.moved**2).sum() * (1 - 1e-9)).all()


@few
@given(cities)
def test_figures_that_agree_are_left_alone(problem):
    outputs, rates, _, _ = problem
    rate = float(np.dot(outputs, rates) / np.sum(outputs))
    figures, balances = city(outputs, rates, float(np.sum(outputs)), rate)
    result = reconcile(figures, balances)
    assert np.abs(result.moved).max() < 1e-9
    assert "none was adjusted" in result.message


@few
@given(cities, st.integers(0, 9))
def test_certain_figures_never_move(problem, which):
    outputs, rates, share, rate = problem
    figures, balances = city(outputs, rates, share * sum(outputs), rate)
    place = which % len(figures)
    figures[place] = replace(figures[place], sd=0.0)
    result = reconcile(figures, balances)
    assume(result.converged)
    path, value = figures[place].path, figures[place].value
    assert result.level(path) == value
    assert (result.samples(20, np.random.default_rng(3))[path] == value).all()
    assert result.moved[place] == 0.0
    assert not result.covariance[place].any()


@few
@given(numbers, st.integers(0, 4), st.floats(1.5, 4.0))
def test_a_figure_of_more_doubt_moves_farther(problem, which, factor):
    values, sds = problem
    place = which % len(values)
    assume(abs(sum(values[:-1]) - values[-1]) > 1.0)
    wider = [sd * (factor if i == place else 1.0) for i, sd in enumerate(sds)]
    ways = []
    for spread in (sds, wider):
        figures, balance = parts_of(values, spread)
        ways.append(abs(reconcile(figures, [balance]).levels[place] - values[place]))
    assert ways[1] > ways[0]


@few
@given(cities, st.randoms(use_true_random=False))
def test_order_does_not_matter(problem, random):
    outputs, rates, share, rate = problem
    figures, balances = city(outputs, rates, share * sum(outputs), rate)
    result = reconcile(figures, balances)
    mixed = [figures[i] for i in random.sample(range(len(figures)), len(figures))]
    again = reconcile(mixed, balances[::-1])
    for figure in figures:
        assert again.level(figure.path) == pytest.approx(result.level(figure.path), rel=1e-8)


@few
@given(cities, st.sampled_from([1e-4, 1e4]))
def test_units_do_not_matter(problem, unit):
    outputs, rates, share, rate = problem
    total = share * sum(outputs)
    result = reconcile(*city(outputs, rates, total, rate))
    other = reconcile(*city([unit * o for o in outputs], rates, unit * total, rate))
    np.testing.assert_allclose(other.moved, result.moved, atol=1e-7)


# -- what follows from them ----------------------------------------------------------------------


def test_two_balances_and_correlations_in_closed_form():
    values, sds = np.array([40.0, 50.0, 120.0, 30.0, 15.0]), np.array([2.0, 3.0, 4.0, 1.0, 2.0])
    names = "abcde"
    figures = [
        Known(n, v, s, "identity") for n, v, s in zip(names, values.tolist(), sds, strict=True)
    ]
    balances = [
        Balance("sum", (Term(1.0, ("a",)), Term(1.0, ("b",)), Term(-1.0, ("c",)))),
        Balance("part", (Term(0.5, ("a",)), Term(-1.0, ("d",)), Term(1.0, ("e",)))),
    ]
    result = reconcile(figures, balances, {("a", "b"): 0.6, ("c", "d"): -0.3})
    R = np.eye(5)
    R[0, 1] = R[1, 0] = 0.6
    R[2, 3] = R[3, 2] = -0.3
    V = R * np.outer(sds, sds)
    A = np.array([[1.0, 1.0, -1.0, 0.0, 0.0], [0.5, 0.0, 0.0, -1.0, 1.0]])
    gain = V @ A.T @ np.linalg.inv(A @ V @ A.T)
    np.testing.assert_allclose(result.levels, values - gain @ A @ values, rtol=1e-10)
    np.testing.assert_allclose(result.covariance, V - gain @ A @ V, atol=1e-9)


def test_what_nothing_is_known_of_is_the_limit_of_little_known():
    def solved(sd):
        figures, balance = parts_of([40.0, 30.0, 45.0, 120.0], [0.2, 0.3, sd, 0.1], "log")
        return reconcile(figures, [balance])

    blank, wide = solved(np.inf), solved(1e4)
    np.testing.assert_allclose(blank.levels, wide.levels, rtol=1e-6)
    np.testing.assert_allclose(blank.covariance, wide.covariance, atol=1e-6)
    assert blank.level("part2") == pytest.approx(50.0, rel=1e-9)  # all of the gap
    assert np.abs(blank.moved).max() < 1e-9
    assert blank.adjustments()[2].before is None


def test_the_same_balance_twice_is_one_balance():
    figures, balance = parts_of([40.0, 30.0, 120.0], [0.2, 0.3, 0.1], "log")
    once = reconcile(figures, [balance])
    twice = reconcile(figures, [balance, replace(balance, name="again")])
    assert twice.converged
    np.testing.assert_allclose(twice.levels, once.levels, rtol=1e-9)
    np.testing.assert_allclose(twice.covariance, once.covariance, atol=1e-12)


def test_draws_have_the_covariance_of_the_result():
    figures, balance = parts_of([40.0, 30.0, 55.0, 120.0], [2.0, 3.0, 4.0, 1.0])
    result = reconcile(figures, [balance])
    drawn = result.samples(20_000, np.random.default_rng(4))
    table = np.array([drawn[figure.path] for figure in figures])
    sd = np.sqrt(np.diag(result.covariance))
    assert np.abs((table.mean(axis=1) - result.levels) / sd).max() < 0.03
    np.testing.assert_allclose(np.cov(table), result.covariance, atol=0.05 * sd.max() ** 2)


def test_stated_figures_stay_inside_their_rounding():
    figures, balance = parts_of([40.0, 30.0, 73.0], [0.3, 0.2, 0.3])
    figures[1] = replace(figures[1], low=29.5, high=30.5)
    result = reconcile(figures, [balance])
    assert result.converged
    drawn = result.samples(500, np.random.default_rng(5))
    assert 29.5 <= drawn["part1"].min() <= drawn["part1"].max() <= 30.5
    tight = reconcile([replace(figures[0], sd=0.01), figures[1], figures[2]], [balance])
    assert 29.5 <= tight.level("part1") <= 30.5


def test_the_rest_keeps_its_least_share():
    figures, balance = parts_of([60.0, 45.0, 10.0, 100.0], [0.3, 0.2, np.inf, 0.0], "log")
    least = Balance("rest", (Term(1.0, ("part2",)), Term(-LEAST_REST, ("total",))), at_least=True)
    result = reconcile(figures, [balance, least])
    assert result.level("part2") == pytest.approx(2.0, rel=1e-9)
    assert result.level("part0") + result.level("part1") == pytest.approx(98.0, rel=1e-9)
    drawn = result.samples(500, np.random.default_rng(6))
    assert drawn["part2"].min() >= 2.0 * (1 - 1e-9)
    np.testing.assert_allclose(sum(drawn[f"part{i}"] for i in range(3)), 100.0, rtol=1e-9)
    roomy = reconcile([figures[0], replace(figures[1], value=20.0), *figures[2:]], [balance, least])
    assert roomy.level("part2") == pytest.approx(20.0, rel=1e-9)  # the bound does not pull


# -- what cannot be reconciled -------------------------------------------------------------------


@few
@given(st.lists(amounts, min_size=2, max_size=5), st.floats(0.3, 0.95))
def test_the_smallest_group_is_the_fewest_parts_that_are_too_much(values, share):
    total = share * sum(values)
    figures, balance = parts_of([*values, 10.0, total], [*[0.0] * len(values), np.inf, 0.0], "log")
    rest = f"part{len(values)}"
    least = Balance("rest", (Term(1.0, (rest,)), Term(-LEAST_REST, ("total",))), at_least=True)
    result = reconcile(figures, [balance, least])
    sums = np.cumsum(sorted(values, reverse=True))
    room = total * (1 - LEAST_REST)
    assume(np.abs(sums - room).min() > 1e-3)
    assert result.status == "conflict"
    assert len(result.conflict) == 2 + np.argmax(sums > room)
    chosen = [f for f in figures if f.path in result.conflict and f.path != "total"]
    assert sum(f.value for f in chosen) > room
    assert "total" in result.conflict
    assert all(path in result.message for path in result.conflict)


def test_a_conflict_is_irreducible():
    figures, balances = city([40.0, 30.0, 30.0], [0.2, 0.3, 0.1], 100.0, 0.35, sd=0.0)
    result = reconcile(figures, balances)
    assert (result.converged, result.status) == (False, "conflict")
    assert result.broken == ("rates",)
    for freed in result.conflict:
        looser = [replace(f, sd=np.inf) if f.path == freed else f for f in figures]
        kept = [f if f.path in result.conflict else replace(f, sd=1.0) for f in looser]
        assert reconcile(kept, balances[1:]).converged, freed
    with pytest.raises(InputError) as caught:
        result.samples(1, np.random.default_rng(1))
    (fault,) = caught.value.faults
    named = "rate = 0.35, r0 = 0.2, r1 = 0.3, r2 = 0.1"
    expected = ("baselines_conflict", {"figures": named, "balances": "rates"})
    assert (fault.code, fault.fields) == expected


def test_roundings_give_way_before_they_conflict():
    def of(total):
        figures, balance = parts_of([60.0, 41.0, total], [0.3, 0.3, 0.3])
        rounded = [replace(f, low=f.value - 0.5, high=f.value + 0.5) for f in figures]
        return reconcile(rounded, [balance])

    assert of(100.0).converged
    assert of(99.0).conflict == ("part0", "part1", "total")


def test_what_nothing_fixes_is_named():
    figures, balance = parts_of([40.0, 30.0, 70.0], [np.inf, np.inf, 0.1], "log")
    result = reconcile(figures, [balance])
    assert result.status == "undetermined"
    assert result.conflict == ("part0", "part1")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"value": -1.0}, "argument_range"),
        ({"value": float("nan")}, "argument_range"),
        ({"link": "logit"}, "argument_range"),
        ({"sd": -0.1}, "negative"),
        ({"sd": float("nan")}, "negative"),
        ({"low": 41.0}, "argument_range"),
        ({"path": "total"}, "duplicate_key"),
        ({"path": "other"}, "path_matches_nothing"),
    ],
)
def test_figures_that_are_none_are_refused(change, code):
    figures, balance = parts_of([40.0, 30.0, 70.0], [0.1, 0.1, 0.1], "log")
    figures[0] = replace(figures[0], **change)
    with pytest.raises(InputError) as caught:
        reconcile(figures, [balance])
    assert code in {fault.code for fault in caught.value.faults}


def test_correlations_that_contradict_are_refused():
    figures, balance = parts_of([40.0, 30.0, 70.0], [0.1, 0.1, 0.1], "log")
    pairs = {("part0", "part1"): 0.9, ("part1", "total"): 0.9, ("part0", "total"): -0.9}
    with refused("correlations_impossible"):
        reconcile(figures, [balance], pairs)


# -- figures of a plan ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "share", "half"),
    [
        (0.183, False, 0.0005),
        (0.183, True, 0.0005),
        (28.5 * 0.01, True, 0.0005),
        (0.6, True, 0.005),
        (1950.0, False, 0.5),
        (0.02, True, 0.005),
    ],
)
def test_rounding_is_half_of_the_last_digit(value, share, half):
    assert rounding(value, share=share) == pytest.approx(half)


def test_what_a_figure_says_depends_on_its_origin():
    stated = known_of("x", Figure(62.0, "stated", "plan:L1"))
    assert (stated.low, stated.high) == (61.5, 62.5)
    assert stated.sd == pytest.approx(0.5 / 62 / np.sqrt(3))
    assert known_of("x", Figure(62.0, "stated", "--set")).sd == 0
    assert known_of("x", Figure(62.0, "derived", "plan:L1")).sd == 0
    spread = Uncertainty("lognormal", p05=50.0, p95=80.0)
    wide = known_of("x", Figure(spread, "stated", "plan:L1"))
    assert wide.sd == pytest.approx(np.log(1.6) / 2 / 1.6448536)
    assert wide.value == pytest.approx(np.sqrt(4000.0))
    assert known_of("x", Figure(1.0, "stated", "plan:L1"), "logit").sd == 0
    edge = Uncertainty("discrete", values=(0.0, 1.0), weights=(0.6, 0.4))
    assert 0 < known_of("x", Figure(edge, "judgement", "-"), "logit").value < 1


@cache
def shipped(name):
    return load(name)


@cache
def reconciled(name):
    return baselines_of(shipped(name))


def gaps_of(plan, x):
    """Eq. 13 to 15, written out on their own: relative gap of every identity."""
    named = plan.clusters
    output = np.array([x[f"clusters.{key}.output.base"] for key in named])
    rate = np.array([x[f"clusters.{key}.va_rate.base"] for key in named])

    def weight(tag):
        blank = np.zeros_like(output[0])
        return np.array(
            [x[f"clusters.{k}.tags.{tag}"] if tag in c.tags else blank for k, c in named.items()]
        )

    scope = plan.totals.scope
    sized = output if scope == "all" else output * weight(scope)
    yield output.sum(axis=0) / x["totals.output"] - 1
    yield (sized * rate).sum(axis=0) / sized.sum(axis=0) / x["totals.va_rate"] - 1
    added = output * rate
    for tag in plan.totals.shares:
        share = (added * weight(tag)).sum(axis=0) / added.sum(axis=0)
        yield share / x[f"totals.shares.{tag}"] - 1
    rest = next(i for i, cluster in enumerate(named.values()) if cluster.residual)
    yield np.minimum(output[rest] / x["totals.output"] / LEAST_REST - 1, 0.0)


@pytest.mark.parametrize("name", PLANS)
def test_shipped_plans_close_exactly_and_in_every_draw(name):
    result = reconciled(name)
    assert result.converged, result.message
    after = {a.path: a.after for a in result.adjustments()}
    drawn = result.samples(200, np.random.default_rng(7))
    for x in (after, drawn):
        for gap in gaps_of(shipped(name), x):
            assert np.abs(gap).max() < 1e-9
    for known in result.known:
        assert (drawn[known.path] >= known.low - 1e-12).all()
        assert (drawn[known.path] <= known.high + 1e-12).all()


def test_balances_are_those_that_the_engine_closes():
    plan = shipped("yuyao-2016")
    block = Block(1, 0, 0, 128)
    p = Sampler.of(plan).draw(block)
    closed = close(plan, Layout.of(plan), p, block.draws)
    x = dict(p)
    for row, key in enumerate(plan.clusters):
        x[f"clusters.{key}.output.base"] = closed.levels[f"clusters.{key}.output"]
        x[f"clusters.{key}.va_rate.base"] = closed.levels[f"clusters.{key}.va_rate"]
        x |= {f"clusters.{key}.tags.{t}": w[row] for t, w in closed.weights.items()}
    problem = reconciled("yuyao-2016").problem
    table = np.array([np.broadcast_to(x[known.path], 128) for known in problem.known])
    assert np.abs(problem.errors(table)).max() < 1e-9
    table[0] *= 1.01
    assert np.abs(problem.errors(table)).max(axis=0).min() > 1e-3


def test_every_figure_of_the_base_year_is_shown():
    plan = shipped("yuyao-2016")
    rows = {row.path: row for row in adjustments(plan)}
    assert len(rows) == 1 + 1 + 2 + 12 * (1 + 1 + 3)
    rest = rows["clusters.rest.output.base"]
    assert rest.before is None
    assert rest.p05 < rest.after < rest.p95
    total = rows["totals.output"]
    assert (total.origin, total.unit) == ("goal", "亿元")
    assert total.moved == pytest.approx(
        np.log(total.after / total.before) / (np.log(1660 / 1400) / 2 / 1.6448536), rel=1e-6
    )
    weight = rows["clusters.robotics.tags.equipment"]
    assert (weight.before, weight.after, weight.moved, weight.p05, weight.p95) == (1, 1, 0, 1, 1)


def test_what_the_planner_types_never_moves():
    plan = load("yuyao-2016", settings=["clusters.robotics.output=62", "totals.va_rate=19"])
    rows = {row.path: row for row in adjustments(plan)}
    for path, value in (("clusters.robotics.output.base", 62.0), ("totals.va_rate", 0.19)):
        assert (rows[path].before, rows[path].after, rows[path].moved) == (value, value, 0.0)


def typed(plan, **outputs):
    """The plan with outputs of clusters that are certain. [亿元]"""
    clusters = dict(plan.clusters)
    for key, value in outputs.items():
        cluster = clusters[key]
        base = replace(cluster.output.base, value=value, origin="derived")
        clusters[key] = replace(cluster, output=replace(cluster.output, base=base))
    return replace(plan, clusters=clusters)


def test_a_plan_that_cannot_close_names_the_smallest_group():
    plan = typed(shipped("yuyao-2016"), moulds=900.0, alloys=700.0, hardware=20.0)
    total = replace(plan.totals.output, value=1520.0, origin="stated")
    plan = replace(plan, totals=replace(plan.totals, output=total))
    result = baselines_of(plan)
    group = ("totals.output", "clusters.alloys.output.base", "clusters.moulds.output.base")
    assert set(result.conflict) == set(group)
    assert result.broken == ("totals.output",)
    with pytest.raises(InputError) as caught:
        adjustments(plan)
    (fault,) = caught.value.faults
    named = {part.split(" = ")[0] for part in str(fault.fields["figures"]).split(", ")}
    assert named == set(group)
    assert "clusters.moulds.output.base = 900 亿元" in str(fault.fields["figures"])
    looser = typed(plan, alloys=500.0)
    assert baselines_of(looser).converged


def test_what_closes_only_far_away_says_so():
    total = shipped("yuyao-2016").totals
    shares = {**total.shares, "equipment": replace(total.shares["equipment"], value=0.9)}
    plan = replace(shipped("yuyao-2016"), totals=replace(total, shares=shares))
    result = baselines_of(plan)
    assert result.converged
    assert np.abs(result.moved).max() > 3
    assert "look again" in result.message


def test_rates_that_are_all_above_their_mean_conflict():
    """Every rate is 20 %, whatever the outputs: their mean cannot be 10 %."""
    rates = {f"clusters.{key}.va_rate.base" for key in shipped("yuyao-2016").clusters}
    typed_rates = ["totals.va_rate=10", "clusters.*.va_rate=0.2"]
    result = baselines_of(load("yuyao-2016", settings=typed_rates))
    assert (result.status, result.broken) == ("conflict", ("totals.va_rate",))
    assert set(result.conflict) == {"totals.va_rate", *rates}


# -- what holds a figure --------------------------------------------------------------------------


def test_what_holds_a_figure_is_the_balance_that_pulls_most():
    """Two sums share a part: it follows the one that is farther off; the others have only one."""
    figures = [Known(name, 1.0 + i, 1.0, "identity") for i, name in enumerate("abc")]
    near, far = Known("near", 3.5, 0.0, "identity"), Known("far", 9.0, 0.0, "identity")
    balances = [
        Balance("small", (Term(1.0, ("a",)), Term(1.0, ("b",)), Term(-1.0, ("near",)))),
        Balance("large", (Term(1.0, ("b",)), Term(1.0, ("c",)), Term(-1.0, ("far",)))),
    ]
    result = reconcile([*figures, near, far], balances)
    rows = {row.path: row for row in result.adjustments()}
    # the shortest steps with a + b = 0.5 and b + c = 4: the sums pull by −1 and 2.5
    assert [rows[name].moved for name in "abc"] == pytest.approx([-1.0, 1.5, 2.5])
    binds = [rows[name].binds for name in ("a", "b", "c", "near", "far")]
    assert binds == ["small", "large", "large", "", ""]


def test_a_stated_figure_is_held_by_its_last_digit_and_an_unknown_one_by_its_sum():
    figures, balance = parts_of([60.0, 43.0, 100.0], [1.0, np.inf, 1.0])
    stated = replace(figures[0], low=59.5, high=60.5)
    pulled = Balance("pull", (Term(1.0, ("part0",)), Term(-1.0, ("goal",))))
    result = reconcile(
        [stated, *figures[1:], Known("goal", 70.0, 2.0, "identity")], [balance, pulled]
    )
    rows = {row.path: row for row in result.adjustments()}
    assert rows["part0"].after == pytest.approx(60.5)
    assert (rows["part0"].binds, rows["part1"].binds, rows["goal"].binds) == (
        "rounding", "sum", "pull",
    )  # fmt: skip


@few
@given(problem=numbers)
def test_in_one_balance_it_holds_all_that_moves(problem):
    figures, balance = parts_of(*problem)
    for row in reconcile(figures, [balance]).adjustments():
        assert row.binds == ("sum" if abs(row.moved) >= 0.005 else "")


# -- several scenarios ----------------------------------------------------------------------------


def test_base_years_that_do_not_differ_are_reconciled_once():
    plan = shipped("yinzhou-2017")
    other = typed(plan, garments=100.0)
    found = reconciled_once([plan, replace(plan, programmes={}), other])
    assert [each is one for (each, _), one in zip(found, (plan, other), strict=True)] == [True] * 2
    assert all(result.converged for _, result in found)


def test_contradictions_of_several_scenarios_are_told_at_once():
    plan = shipped("yuyao-2016")
    heavy = [
        typed(plan, moulds=2000.0),
        typed(plan, alloys=3000.0),
        plan,
        typed(plan, moulds=2000.0),
    ]
    total = replace(plan.totals.output, value=1520.0, origin="derived")
    with pytest.raises(InputError) as caught:
        reconciled_once(replace(p, totals=replace(p.totals, output=total)) for p in heavy)
    figures = [str(fault.fields["figures"]) for fault in caught.value.faults]
    assert ["moulds" in text for text in figures] == [True, False]
    assert ["alloys" in text for text in figures] == [False, True]


def test_what_the_search_does_not_find_is_no_contradiction(monkeypatch):
    monkeypatch.setattr(reconciling, "_solve", lambda problem, begin: None)
    result = baselines_of(shipped("yinzhou-2017"))
    assert (result.status, result.conflict) == ("not_converged", ())
    assert {row.binds for row in result.adjustments()} == {""}
    ((_, again),) = reconciled_once([shipped("yinzhou-2017")])
    assert again.status == "not_converged"
    with pytest.raises(InputError) as caught:
        adjustments(shipped("yinzhou-2017"))
    assert caught.value.faults[0].code == "baselines_unsolved"
