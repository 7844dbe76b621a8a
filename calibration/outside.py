"""The outside view: how often targets like this one were met (Eq. 19 and 20).

``data/outside_view.csv`` holds joint posterior draws of Eq. 19, ``data/outside_rows.csv`` how many
closed targets stand behind each cell, and how many of them were met. Both were written by
``benchmarks/outside.py`` from ``data/closed_targets.csv``; nothing is learned here. A term of which
no row says anything is drawn from its prior, N(0, 1), and named as borrowed.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from plansim.simulator.outlook import OutsideView
from plansim.simulator.plan import Indicator, Plan, Target

Array = NDArray[np.float64]

HORIZONS = ("annual", "multi-year")
PARTS = ("level", "kind", "field")
#: Of the order in which borrowed coefficients are drawn.
SEED = 20
#: Points of the normal law of what is common to a year, a place and a plan, of equal weight.
POINTS = 64
#: The kind of target that an owner of plan files stands for: who answers for a target.
KINDS = {
    "quota": "binding", "anticipated": "anticipatory", "administration": "count",
    "market": "market",
}  # fmt: skip
#: A plan that says nothing of its level is taken for a county's.
UNSAID = "county"
#: Units in which things are counted one by one.
COUNTED = frozenset(
    (
        "家",
        "个",
        "项",
        "名",
        "人",
        "人次",
        "件",
        "count",
        "firm",
        "project",
        "place",
        "cluster",
        "person",
    )
)
#: The unit in which amounts of money are stated, after its multiple.
MONEY = "元"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Closed targets of one level, kind, field and horizon: how many, how many met, ended when."""

    rows: int
    met: int
    years: frozenset[int]


@cache
def outside_view(
    *, level: str, kind: str, field: str, multi_year: bool, pace: float | None = None
) -> OutsideView:
    """Eq. 20: the probability that a target of this cell is met, and how far that can be wrong.

    Parameters
    ----------
    level, kind, field
        Words of the evidence: ``county``, ``binding``, ``energy``. One that has no row is
        borrowed from the prior, and said to be.
    multi_year
        Whether the target lies more than one year ahead; the two kinds share no evidence.
    pace
        −1 to 1, by ``fulfilment.pace_of``: where the target stands against the trend-adjusted
        past pace. None asks the model that knows nothing of the past.
    """
    horizon = HORIZONS[multi_year]
    draws = posterior(horizon, pace is not None)
    cell = {"level": level, "kind": kind, "field": field}
    borrowed = tuple(part for part, word in cell.items() if f"{part}/{word}" not in draws)
    chances = chances_of(draws, cell, pace)
    low, high = np.quantile(chances, (0.05, 0.95))
    mean_low, mean_high = np.quantile(chances.mean(axis=1), (0.05, 0.95))
    behind = [
        found
        for (time, where, what, _), found in evidence().items()
        if (time, where, what) == (horizon, level, kind)
    ]
    return OutsideView(
        probability=float(chances.mean()),
        low=float(low),
        high=float(high),
        mean_low=float(mean_low),
        mean_high=float(mean_high),
        rows=sum(found.rows for found in behind),
        met=sum(found.met for found in behind),
        level=level,
        kind=kind,
        field=field,
        horizon=horizon,
        borrowed=borrowed,
        years=len(frozenset[int]().union(*(found.years for found in behind))),
    )


def chances_of(draws: Mapping[str, Array], cell: Mapping[str, str], pace: float | None) -> Array:
    """Eq. 20 before it is averaged: the probability by draw of the coefficients and by shock.

    ``draws``: of Eq. 19 by term; ``cell``: level, kind and field.
    """
    count = len(draws[""])
    terms = [draws.get(f"{part}/{word}", prior(part, count)) for part, word in cell.items()]
    score = draws[""] + np.sum(terms, axis=0)
    if pace is not None:
        score = score + draws["pace"] * pace
    scales = [values for term, values in draws.items() if term.startswith("scale/")]
    spread = np.sqrt(np.square(scales).sum(axis=0))
    chances: Array = expit(score[:, None] + spread[:, None] * normal_points(POINTS))
    return chances


def outside_views(plan: Plan, paces: Mapping[str, float] | None = None) -> dict[str, OutsideView]:
    """The outside view of every judged target, by its id.

    ``paces``: by target, where they are known and the inside view has no weight, as it rests on
    the same past. A plan that does not say its level is taken for a county's.
    """
    paces = paces or {}
    return {target.id: _view_of(plan, target, paces.get(target.id)) for target in plan.judged}


def _view_of(plan: Plan, target: Target, pace: float | None) -> OutsideView:
    base = target.base_year if target.base_year is not None else plan.plan.base_year
    return outside_view(
        level=plan.plan.level or UNSAID,
        kind=KINDS[target.owner],
        field=field_of(plan.indicators[target.indicator], target),
        multi_year=target.year is None or target.year - min(base, plan.plan.base_year) > 1,
        pace=pace,
    )


def field_of(indicator: Indicator, target: Target) -> str:
    """What a target is about: what its indicator says, or else what it is made of."""
    if indicator.field is not None:
        return indicator.field
    if target.basis == "cumulative_count" or indicator.measure != "account":
        return "counts"
    if indicator.tag is not None:
        return "structure"
    if indicator.over == "employment":
        return "productivity"
    if indicator.over == "nominal_output" and indicator.of == "value_added":
        return "va_rate"
    if indicator.of in ("energy", "water"):
        return indicator.of
    if target.basis == "annual_growth":
        return "growth"
    if indicator.unit in COUNTED:
        return "counts"
    return "level" if indicator.unit.endswith(MONEY) else "other"


def normal_points(count: int) -> Array:
    """So many points of equal weight of the standard normal law, in order."""
    points: Array = ndtri((np.arange(count) + 0.5) / count)
    return points


@cache
def prior(part: str, count: int) -> Array:
    """Draws of a coefficient of which no row says anything: N(0, 1), in an order of its own."""
    order = np.random.default_rng((SEED, PARTS.index(part)))
    return order.permutation(normal_points(count))


@cache
def posterior(horizon: str, pace: bool) -> Mapping[str, Array]:
    """Joint draws of Eq. 19 [draw] by term, as ``fulfilment.Posterior`` calls them."""
    return {
        row["term"]: np.array([float(x) for x in row["draws"].split()])
        for row in _rows("outside_view.csv")
        if (row["horizon"], row["pace"]) == (horizon, "yes" if pace else "no")
    }


@cache
def evidence() -> Mapping[tuple[str, str, str, str], Evidence]:
    """Closed targets by horizon, level, kind and field."""
    return {
        (row["horizon"], row["level"], row["kind"], row["field"]): Evidence(
            int(row["rows"]), int(row["met"]), frozenset(int(y) for y in row["years"].split())
        )
        for row in _rows("outside_rows.csv")
    }


def _rows(name: str) -> list[dict[str, str]]:
    source = files("plansim.calibration") / "data" / name
    with source.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))
