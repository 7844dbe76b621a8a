"""The outside view says what its tables hold, more doubtfully where it borrows, and says so."""

from collections import Counter
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit

from plansim.benchmarks.closed_targets import read
from plansim.benchmarks.outside import SEED, counted
from plansim.calibration.fulfilment import fit
from plansim.calibration.outside import (
    KINDS,
    evidence,
    field_of,
    outside_view,
    outside_views,
    posterior,
)
from plansim.scenarios.load import load, shipped
from plansim.simulator.plan import OWNERS, Field, Indicator, Label, Level

ROWS = read()
LEVELS, FIELDS = get_args(Level), get_args(Field)
cells = st.fixed_dictionaries(
    {
        "level": st.sampled_from(LEVELS),
        "kind": st.sampled_from(sorted(KINDS.values())),
        "field": st.sampled_from(FIELDS),
        "multi_year": st.booleans(),
    }
)


@given(cells, st.none() | st.floats(-1.0, 1.0))
def test_every_cell_has_a_probability_within_its_intervals(cell, pace) -> None:
    view = outside_view(**cell, pace=pace)
    assert 0 < view.low <= view.mean_low <= view.probability <= view.mean_high <= view.high < 1


@given(cells, st.floats(-1.0, 1.0), st.floats(-1.0, 1.0))
def test_who_asks_for_more_than_the_past_is_met_less_often(cell, one, other) -> None:
    low, high = sorted((one, other))
    more, less = outside_view(**cell, pace=low), outside_view(**cell, pace=high)
    assert more.probability >= less.probability


@given(cells)
def test_counts_are_those_of_the_rows(cell) -> None:
    view = outside_view(**cell)
    like = [
        row
        for row in ROWS
        if (row.level, row.kind, row.horizon) == (cell["level"], cell["kind"], view.horizon)
    ]
    assert (view.rows, view.met) == (len(like), sum(row.met for row in like))
    assert view.years == len({row.year for row in like})


@given(cells)
def test_what_is_borrowed_has_no_row_and_all_else_has_some(cell) -> None:
    view = outside_view(**cell)
    held = [row for row in ROWS if row.horizon == view.horizon]
    for part in ("level", "kind", "field"):
        known = any(getattr(row, part) == cell[part] for row in held)
        assert known != (part in view.borrowed)


def test_a_county_has_no_row_and_that_is_said() -> None:
    for multi_year in (False, True):
        view = outside_view(level="county", kind="binding", field="energy", multi_year=multi_year)
        assert (view.rows, view.met) == (0, 0)
        assert view.borrowed[0] == "level"


@pytest.mark.parametrize("known", ["prefecture", "province"])
def test_what_is_borrowed_is_less_certain(known: str) -> None:
    def width(level: str) -> float:
        view = outside_view(level=level, kind="anticipatory", field="growth", multi_year=True)
        return float(logit(view.mean_high) - logit(view.mean_low))

    assert width("county") > width(known) > 0


@pytest.mark.parametrize("multi_year", [False, True])
def test_quotas_of_energy_are_met_more_often_than_hopes_of_growth(multi_year: bool) -> None:
    quota, hope = (
        outside_view(level="province", kind=kind, field=field, multi_year=multi_year)
        for kind, field in (("binding", "energy"), ("anticipatory", "growth"))
    )
    assert quota.probability > hope.probability


def test_the_tables_are_those_of_the_rows() -> None:
    assert {cell[:4]: cell[4:6] for cell in counted(ROWS)} == {
        cell: (found.rows, found.met) for cell, found in evidence().items()
    }
    found = fit([row for row in ROWS if row.horizon == "multi-year"], pace=False, seed=SEED)
    shipped_draws = posterior("multi-year", False)
    assert tuple(shipped_draws) == found.terms
    for term, values in zip(found.terms, found.values, strict=True):
        held = shipped_draws[term]
        assert abs(values.mean() - held.mean()) < 0.25 * held.std(), term
        assert values.std() == pytest.approx(held.std(), rel=0.25), term


def test_no_outturn_of_the_plans_own_places_since_2018_is_among_the_rows() -> None:
    own = [
        row for row in ROWS if any(name in row.place for name in ("余姚", "慈溪", "鄞州", "绍兴"))
    ]
    assert own
    assert max(row.year for row in own) < 2018


def test_every_row_says_where_it_was_read() -> None:
    assert all(row.source.startswith("S") for row in ROWS)
    assert len({row.id for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("key", shipped())
def test_every_judged_target_has_a_view_of_its_own_cell(key: str) -> None:
    plan = load(key)
    views = outside_views(plan)
    assert list(views) == [target.id for target in plan.judged]
    for target in plan.judged:
        view = views[target.id]
        assert view.level == plan.plan.level
        assert view.kind == KINDS[target.owner]
        assert view.field in FIELDS
    kinds = Counter(view.kind for view in views.values())
    assert kinds["count"] > 10 < kinds["market"]


def test_a_plan_that_does_not_say_its_level_is_taken_for_a_county() -> None:
    plan = load("shaoxing-2016")
    unsaid = replace(plan, plan=replace(plan.plan, level=None))
    assert {view.level for view in outside_views(unsaid).values()} == {"county"}


def test_the_past_pace_of_one_target_moves_that_target_alone() -> None:
    plan = load("yuyao-2016")
    first, second = (target.id for target in plan.judged[:2])
    told, untold = outside_views(plan, {first: 1.0}), outside_views(plan)
    assert told[first] != untold[first]
    assert told[second] == untold[second]


def test_every_owner_is_a_kind() -> None:
    assert set(KINDS) == set(OWNERS)


@pytest.mark.parametrize(
    ("indicator", "basis", "field"),
    [
        ({"of": "real_value_added", "over": "employment"}, "annual_growth", "productivity"),
        ({"of": "value_added", "over": "nominal_output"}, "rate", "va_rate"),
        ({"of": "energy", "over": "real_value_added"}, "change_vs_base", "energy"),
        ({"of": "value_added", "over": "value_added", "tag": "high_tech"}, "share", "structure"),
        ({"of": "real_value_added", "unit": "亿元"}, "annual_growth", "growth"),
        ({"of": "output", "unit": "亿元"}, "level", "level"),
        ({"of": "city.firms", "unit": "家"}, "level", "counts"),
        ({"of": "city.quality"}, "level", "other"),
        ({"of": "city.quality", "field": "rnd"}, "level", "rnd"),
        ({"measure": "delivered"}, "cumulative_count", "counts"),
    ],
)
def test_the_field_follows_from_the_accounts_where_it_is_not_said(
    indicator, basis: str, field: str
) -> None:
    target = load("yuyao-2016").judged[0]
    given: dict[str, Any] = {"unit": "%", "measure": "account"} | indicator
    noun = Indicator(Label("x", "x"), **given)
    assert field_of(noun, replace(target, basis=basis)) == field


def test_draws_are_finite_and_scales_positive() -> None:
    for horizon in ("annual", "multi-year"):
        for pace in (False, True):
            draws = posterior(horizon, pace)
            assert ("pace" in draws) == pace
            assert all(np.isfinite(values).all() for values in draws.values())
            assert all((v > 0).all() for term, v in draws.items() if term.startswith("scale/"))
