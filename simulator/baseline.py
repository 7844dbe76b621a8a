"""Eq. 13 to 15: one base year in which totals, rates and shares close in every draw."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plansim.simulator.dynamics import bounds
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.layout import Layout
from plansim.simulator.memo import node
from plansim.simulator.plan import Figure, Plan, Uncertainty
from plansim.simulator.queues import Value
from plansim.simulator.sampling import Array

Movable = NDArray[np.bool_]
#: The rest of industry is never less than this share of the total (Eq. 13).
LEAST_REST = 0.02
#: Newton steps of Eq. 14 and 15, and the error at which they stop. [fraction]
STEPS, TOLERANCE = 60, 1e-13


@dataclass(frozen=True, slots=True)
class Baseline:
    """The closed base year.

    ``levels``: base level of every quantity by path [(draw,) or float]; ``weights``: tag weights
    by tag [(cluster, draw)].
    """

    levels: Mapping[str, Value]
    weights: Mapping[str, Array]


@node
def close(plan: Plan, layout: Layout, p: Mapping[str, Value], draws: int) -> Baseline:
    """Reconcile one block's base year: outputs to the total, then rates, then tag weights."""
    levels: dict[str, Value] = {
        name: p[f"{name}.base"] for name, q in layout.quantities.items() if q.base is not None
    }
    _refuse_outside(layout, levels)
    output = _outputs(plan, layout, p, draws)
    scope = _tag_figures(plan, layout, p, plan.totals.scope, draws)
    rate = _rates(plan, layout, p, output * scope, draws)
    for row, cluster in enumerate(layout.clusters):
        levels[f"clusters.{cluster}.output"] = output[row]
        levels[f"clusters.{cluster}.va_rate"] = rate[row]
    weights = {tag: _weights(plan, layout, p, tag, output * rate, draws) for tag in tags(plan)}
    return Baseline(levels, weights)


def tags(plan: Plan) -> tuple[str, ...]:
    """Every tag that a cluster carries, in order of appearance."""
    return tuple(dict.fromkeys(tag for c in plan.clusters.values() for tag in c.tags))


def _refuse_outside(layout: Layout, levels: Mapping[str, Value]) -> None:
    """Raises InputError naming every quantity with a base level that its link does not know."""
    faults = []
    for name, level in levels.items():
        floor, ceiling = bounds(layout.quantities[name])
        low, high = float(np.min(level)), float(np.max(level))
        if not floor < low <= high < ceiling:
            fields = {"low": low, "high": high, "floor": floor, "ceiling": ceiling}
            faults.append(Fault("base_outside_bounds", fields, f"{name}.base"))
    if faults:
        raise InputError(faults)


def _stack(values: list[Value], draws: int) -> Array:
    return np.stack([np.broadcast_to(np.asarray(v, dtype=float), (draws,)) for v in values])


def _is_certain(figure: Figure | None) -> bool:
    return figure is not None and not isinstance(figure.value, Uncertainty)


def _outputs(plan: Plan, layout: Layout, p: Mapping[str, Value], draws: int) -> Array:
    """Eq. 13: base outputs [亿元, (cluster, draw)]; the rest is what the named ones leave.

    Where the named clusters leave less than LEAST_REST of the total, the uncertain ones shrink in
    proportion; where the certain ones alone leave less, the total is larger than was thought.
    """
    total = np.broadcast_to(np.asarray(p["totals.output"], dtype=float), (draws,))
    certain, rest = [], []
    values: list[Value] = []
    for row, (key, cluster) in enumerate(plan.clusters.items()):
        values.append(0.0 if cluster.residual else p[f"clusters.{key}.output.base"])
        if cluster.residual:
            rest.append(row)
        elif _is_certain(cluster.output.base):
            certain.append(row)
    output = _stack(values, draws)
    known = output[certain].sum(axis=0)
    loose = output.sum(axis=0) - known
    total = np.maximum(total, known / (1 - 2 * LEAST_REST))
    room = total * (1 - LEAST_REST) - known
    with np.errstate(divide="ignore", invalid="ignore"):
        shrink = np.where(loose > room, room / loose, 1.0)
    movable = [row for row in range(len(output)) if row not in certain]
    output[movable] *= shrink
    for row in rest:
        output[row] = total - output.sum(axis=0)
    return output


def _rates(plan: Plan, layout: Layout, p: Mapping[str, Value], size: Array, draws: int) -> Array:
    """Eq. 14: value-added rates whose output-weighted mean is the stated one. [(cluster, draw)]"""
    quantities = [cluster.va_rate for cluster in plan.clusters.values()]
    rate = _stack([p[f"clusters.{key}.va_rate.base"] for key in layout.clusters], draws)
    low = np.array([0.0 if q.floor is None else q.floor for q in quantities])[:, None]
    high = np.array([1.0 if q.ceiling is None else q.ceiling for q in quantities])[:, None]
    movable = np.array([not _is_certain(q.base) for q in quantities])
    target = np.asarray(p["totals.va_rate"]) * size.sum(axis=0)
    share = shift_to_total(
        (rate - low) / (high - low),
        size * (high - low),
        target - (size * low).sum(axis=0),
        movable,
        "totals.va_rate",
    )
    rate[movable] = (low + (high - low) * share)[movable]
    return rate


def _weights(
    plan: Plan, layout: Layout, p: Mapping[str, Value], tag: str, value_added: Array, draws: int
) -> Array:
    """Eq. 15: tag weights that meet the stated base share, where there is one. [(cluster, draw)]"""
    weight = _tag_figures(plan, layout, p, tag, draws)
    if tag not in plan.totals.shares:
        return weight
    carried = [cluster.tags.get(tag) for cluster in plan.clusters.values()]
    movable = np.array(
        [f is not None and not (_is_certain(f) and f.value in (0, 1)) for f in carried]
    )
    target = np.asarray(p[f"totals.shares.{tag}"]) * value_added.sum(axis=0)
    return shift_to_total(weight, value_added, target, movable, f"totals.shares.{tag}")


def _tag_figures(plan: Plan, layout: Layout, p: Mapping[str, Value], tag: str, draws: int) -> Array:
    if tag == "all":
        return np.ones((len(layout.clusters), draws))
    return _stack(
        [
            p[f"clusters.{key}.tags.{tag}"] if tag in cluster.tags else 0.0
            for key, cluster in plan.clusters.items()
        ],
        draws,
    )


def shift_to_total(share: Array, size: Array, target: Array, movable: Movable, path: str) -> Array:
    """Shares in (0, 1), all movable ones moved by one logit step a draw, so Σ size·share = target.

    ``share``, ``size`` [(cluster, draw)], ``target`` [(draw,)], ``movable`` [(cluster,)]. Newton's
    method, kept inside a bracket; the total rises with the step, so there is at most one answer.
    A draw that has arrived is left alone, so that it does not depend on its neighbours. Raises
    InputError naming ``path``, with the target and its reach in the first draw that has no answer.
    """
    fixed = (size[~movable] * share[~movable]).sum(axis=0)
    part, scale = share[movable], size[movable]
    aim, room = target - fixed, scale.sum(axis=0)
    if movable.any():
        fine = (aim > 0) & (aim < room) & ((part > 0) & (part < 1)).all(axis=0)
    else:
        fine = np.isclose(fixed, target, rtol=1e-6)
    if not fine.all():
        first = int(np.argmin(fine))
        reach = {"low": float(fixed[first]), "high": float((fixed + room)[first])}
        raise InputError.of("closure_impossible", path, target=float(target[first]), **reach)
    closed = share.copy()
    if movable.any():
        closed[movable] = _shifted(part, scale, aim)
    return closed


def _shifted(part: Array, scale: Array, aim: Array) -> Array:
    """``part`` after the logit step at which Σ scale·part = aim. [(cluster, draw)]"""
    low, high = np.full_like(aim, -40.0), np.full_like(aim, 40.0)
    step = np.zeros_like(aim)
    moved = np.empty_like(part)
    for _ in range(STEPS):
        odds = np.exp(step)
        np.multiply(part, odds - 1, out=moved)
        moved += 1
        np.divide(part, moved, out=moved)
        moved *= odds
        total = np.einsum("cd,cd->d", scale, moved)
        error = total - aim
        apart = np.abs(error) > TOLERANCE * aim
        if not apart.any():
            break
        low, high = np.where(error < 0, step, low), np.where(error < 0, high, step)
        newton = step - error / (total - np.einsum("cd,cd,cd->d", scale, moved, moved))
        inside = (newton > low) & (newton < high)
        step = np.where(apart, np.where(inside, newton, (low + high) / 2), step)
    return moved
