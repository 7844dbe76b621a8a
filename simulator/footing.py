"""What a target rests on: the figures of its base and of its trend, found by reading.

An indicator depends on the quantities that move it, and whether they do is tried by the accounts
that futures are judged by. So a new account needs no line here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np

from plansim.simulator.accounts import Accounts, OneFuture, Series, indicator_path
from plansim.simulator.baseline import Baseline, tags
from plansim.simulator.dynamics import Moves
from plansim.simulator.layout import Layout
from plansim.simulator.plan import Plan, Programme, figures
from plansim.simulator.sampling import WAITS, Array, Block

#: What a count that grows with a total is made of, beside the total.
OWN = ("anchor", "count", "exponent", "threshold")


#: Quantities begin between these, no two alike, and one of them becomes so many times as high.
LEAST, MOST, HIGHER = 0.3, 0.48, 2.0
#: A threshold that every amount is below, and above when it is higher. [亿元]
BETWEEN = 0.5
#: Firms that a count begins with: many, so that it moves with any cluster.
FIRMS = 10_000.0


class _Plain(dict[str, Any]):
    """Figures that an account may ask for beside levels."""

    def __missing__(self, key: str) -> float:
        last = key.rsplit(".", 1)[-1]
        return {"threshold": BETWEEN, "count": FIRMS, "churn": 0.0}.get(last, 1.0)


@dataclass(frozen=True, slots=True)
class _Even(Block):
    """A block without chance: what is drawn is always 1."""

    def exponentials(self, name: str) -> Iterator[Array]:
        return repeat(np.ones((WAITS, self.draws)))


def quantities_read(plan: Plan, item: Series) -> tuple[str, ...]:
    """The quantities that an indicator of a subject is computed from, by path.

    In each of some futures another quantity is higher in the last year; the first one has none.
    """
    if plan.indicators[item.indicator].measure == "delivered":
        return ()
    layout = Layout.of(plan)
    names, last = tuple(layout.quantities), len(layout.years) - 1
    block = _Even(0, 0, 0, len(names) + 1)
    levels = np.tile(_spread(len(names))[:, None], (last + 1, 1, block.draws))
    levels[:, [layout.rows["prices.output"], layout.rows["prices.input"]]] = 1.0
    levels[last, np.arange(len(names)), 1 + np.arange(len(names))] *= HIGHER
    shares = np.tile(_spread(len(layout.clusters))[:, None], block.draws)
    base = Baseline({}, dict.fromkeys(tags(plan), shares))
    accounts = Accounts(plan, layout, _Plain(), levels, base, Moves({}, {}, {}, {}))
    path = indicator_path(OneFuture(accounts, {}, block, "a"), item)[last]
    moved = ~np.isclose(path[1:], path[0], rtol=1e-9, atol=0.0)
    return tuple(names[place] for place in np.flatnonzero(moved))


def _spread(number: int) -> Array:
    """Numbers between LEAST and MOST, no two alike. [(number,)]"""
    return np.asarray(LEAST + (MOST - LEAST) * (np.arange(1, number + 1) * np.sqrt(2.0) % 1.0))


def footing(plan: Plan) -> Mapping[str, tuple[str, ...]]:
    """By judged target, the figures that its base and its trend rest on: paths, in file order.

    Of a quantity of a cluster: its base, its rate of growth, its ceiling. Where an account is added
    up over all clusters, what the document says of the total stands for their bases (Eq. 13, 14).
    Of what a programme delivers: what is planned, and what it is delivered by.
    """
    return plan.kept("footing", lambda: _footing(plan))


def _footing(plan: Plan) -> Mapping[str, tuple[str, ...]]:
    known = dict(figures(plan))
    read: dict[Series, tuple[str, ...]] = {}
    for target in plan.judged:
        item = Series(target.indicator, target.cluster)
        if item not in read:
            read[item] = tuple(p for p in _paths(plan, item) if p in known)
    return {t.id: read[Series(t.indicator, t.cluster)] for t in plan.judged}


def _paths(plan: Plan, item: Series) -> Iterator[str]:
    indicator = plan.indicators[item.indicator]
    if indicator.measure == "delivered":
        key = str(indicator.programme)
        yield from (f"programmes.{key}.{part}" for part in _parts(plan.programmes.get(key)))
        return
    names = quantities_read(plan, item)
    totals = {kind for kind in ("output", "va_rate") if _is_whole(plan, names, kind)}
    for kind in sorted(totals):
        yield f"totals.{kind}"
    if indicator.tag is not None:
        yield f"totals.shares.{indicator.tag}"
    yield from (f"indicators.{item.indicator}.{part}" for part in OWN)
    for name in names:
        if name.rsplit(".", 1)[-1] not in totals or not name.startswith("clusters."):
            yield f"{name}.base"
        yield f"{name}.trend.rate"
        yield f"{name}.trend.ceiling"


def _is_whole(plan: Plan, names: tuple[str, ...], kind: str) -> bool:
    """Whether a kind of quantity is read of every cluster."""
    return all(f"clusters.{key}.{kind}" in names for key in plan.clusters)


def _parts(programme: Programme | None) -> tuple[str, ...]:
    """What delivers a programme, from what is planned to how fast it comes."""
    if programme is None:
        return ()
    if programme.queue is not None:
        return ("units", "queue.intake")
    return ("units", "coverage.depth", "coverage.delay")


def origins(plan: Plan) -> Mapping[str, tuple[str, ...]]:
    """By judged target, the provenances of what it rests on, each once."""
    known = dict(figures(plan))
    return {
        target: tuple(dict.fromkeys(known[path].origin for path in paths))
        for target, paths in footing(plan).items()
    }
