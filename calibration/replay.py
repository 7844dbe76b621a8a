"""A panel's future drawn by the engine itself: at every origin a small plan of its series.

Each series is a cluster; what `conditioned` says of its past are the states of its base year, and
nothing else happens: no programme, no trend beside the class's, no price. The futures are those of
`simulator/future.py`. So what a run draws by is what is held against what happened; the law of
each horizon alone (`conditioned.analytic`) is the oracle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, logit

from plansim.calibration.conditioned import Common, Conditioned, conditioned
from plansim.calibration.growth import HORIZONS, Array, Law, class_law
from plansim.calibration.hindcast import (
    ALL,
    HISTORY,
    Book,
    Laws,
    Score,
    Scored,
    View,
    crps_normal,
    naive,
    score,
)
from plansim.calibration.panel import Panel
from plansim.calibration.reference_classes import reference_class
from plansim.simulator.classes import CommonModel, Past, ReferenceClass, States
from plansim.simulator.future import LUCKS, draw_parameters, simulate_block
from plansim.simulator.model import Model
from plansim.simulator.plan import (
    Assumptions,
    Cluster,
    Figure,
    Identity,
    Label,
    Link,
    Luck,
    Plan,
    Prices,
    Quantity,
    Switch,
    Totals,
    Trend,
)
from plansim.simulator.sampling import STREAM_BLOCK, Block

#: The engine's name of a panel's quantity. Energy is carried as the panel has it, per value added.
KINDS = {"output": "output", "va_rate": "va_rate", "energy_intensity": "energy"}
#: Base levels of what a panel does not have.
ABSENT = {"output": 1.0, "va_rate": 0.2, "energy": 1.0, "water": 1.0, "labour": 1.0}


def small_plan(
    levels: Mapping[str, Array], sizes: Array, laws: Mapping[str, Law], year: int, ahead: int
) -> Plan:
    """A plan of the series of a panel from its last year, `year`, for so many years ahead.

    ``levels``: by quantity, in link space, up to that year [(year, series)].
    """
    known = {name: conditioned(past, sizes, laws[name]) for name, past in levels.items()}
    names = [f"s{place}" for place in range(len(sizes))]
    clusters = {}
    for place, name in enumerate(names):
        parts = {kind: _still(kind) for kind in Cluster.QUANTITIES}
        for quantity, each in known.items():
            level = float(levels[quantity][-1, place])
            parts[KINDS[quantity]] = _quantity(quantity, level, each, place)
        clusters[name] = Cluster(
            name=_label(name),
            tags={},
            output=parts["output"],
            va_rate=parts["va_rate"],
            energy=parts["energy"],
            water=parts["water"],
            labour=parts["labour"],
        )
    return Plan(
        plan=Identity(
            "panel", _label("panel"), _label("panel"), year, (year, year + ahead), "", ()
        ),
        assumptions=_assumptions(),
        totals=Totals(output=_figure(1.0), va_rate=_figure(_mean_rate(clusters))),
        prices=Prices(output=_still("output"), input=_still("output"), pass_through=_figure(0.0)),
        clusters=clusters,
        city={},
        indicators={},
        classes={name: _class(name, each, names) for name, each in known.items()},
    )


def futures(plan: Plan, draws: int, seed: int = 1) -> dict[str, Array]:
    """Levels of every quantity of a small plan in link space, by the engine; half of the futures
    have the other luck. [(year, series, future)]
    """
    model, found = Model.of(plan), []
    number = len(plan.clusters)
    for place, first in enumerate(range(0, draws // len(LUCKS), STREAM_BLOCK)):
        width = min(STREAM_BLOCK, draws // len(LUCKS) - first)
        block = Block(seed, place, 0, width)
        draw = draw_parameters(model, block)
        for luck in LUCKS:
            levels = simulate_block(model, draw, block, luck).future.accounts.levels
            found.append(np.array(levels))
    whole = np.concatenate(found, axis=2)
    rows = {kind: place * number for place, kind in enumerate(Cluster.QUANTITIES)}
    found_by = {}
    for quantity, kind in KINDS.items():
        levels = whole[:, rows[kind] : rows[kind] + number]
        found_by[quantity] = np.asarray(logit(levels) if kind == "va_rate" else np.log(levels))
    return found_by


def of_place(levels: Mapping[str, Array]) -> dict[str, Array]:
    """The place that series make up, in link space: sums first, ratios last. [(year, …)]

    ``levels`` by quantity [(year, series, …)].
    """
    output = np.exp(levels["output"])
    added = output * expit(levels["va_rate"])
    energy = added * np.exp(levels["energy_intensity"])
    total = added.sum(axis=1)
    return {
        "output": np.log(output.sum(axis=1)),
        "va_rate": np.asarray(logit(total / output.sum(axis=1))),
        "energy_intensity": np.log(energy.sum(axis=1) / total),
    }


# --- scores -------------------------------------------------------------------------


def crps_sample(drawn: Array, outcome: Array) -> Array:
    """CRPS of a forecast that is a sample [(case, draw)], the fair form. [(case,)]"""
    ordered = np.sort(drawn, axis=1)
    n = ordered.shape[1]
    weights = 2.0 * np.arange(1, n + 1) - n - 1.0
    apart = np.abs(ordered - outcome[:, None]).mean(axis=1)
    return np.asarray(apart - (ordered * weights).sum(axis=1) / (n * (n - 1.0)))


@dataclass(frozen=True, slots=True)
class Drawn:
    """Futures of the engine: changes by each of HORIZONS. [(horizon, series, draw)]"""

    changes: Array

    def pit(self, row: int, series: Array, change: Array) -> Array:
        """Share of futures with less. [(series,)]"""
        return np.asarray((self.changes[row, series] < change[:, None]).mean(axis=1))

    def crps(self, row: int, series: Array, change: Array) -> Array:
        """Score of the futures. [(series,), link units]"""
        return crps_sample(self.changes[row, series], change)


@dataclass(frozen=True, slots=True)
class ByEngine(View):
    """A view that is forecast by the engine instead of by the law of each horizon.

    ``draws``: futures of an origin; ``year``: any, a base year for the small plan.
    """

    draws: int = 1000
    year: int = 2000

    def forecast(self, levels: Array, sizes: Array, law: Law) -> Scored:
        """Futures of a small plan of all series, or of one of each."""
        first = 0 if self.changes is None else max(len(levels) - 1 - self.changes, 0)
        places = [[place] for place in range(len(sizes))] if self.alone else [range(len(sizes))]
        parts = []
        for place in places:
            shown = {law.quantity: levels[first:, list(place)]}
            known = np.full(1, np.nan) if self.alone else sizes
            plan = small_plan(shown, known, {law.quantity: law}, self.year, max(HORIZONS))
            drawn = futures(plan, self.draws)[law.quantity]
            parts.append(drawn[list(HORIZONS)] - drawn[0])
        return Drawn(np.concatenate(parts, axis=1))


def replay(
    panel: Panel,
    places: Sequence[Sequence[int]],
    origins: Sequence[int],
    view: View = ALL,
    laws: Laws = class_law,
    draws: int = 2000,
) -> tuple[Score, ...]:
    """The engine's scores on places made of several series of a panel (positions), or of one each.

    From every one of the origins [year] a small plan of each place is drawn. Naive forecasts are
    made from the 15 annual changes of the place before. Raises ValueError where an origin has no
    class, or no place that is known in all its years.
    """
    books: dict[tuple[str, int], Book] = {}
    for year in origins:
        now = year - panel.years[0]
        for number, place in enumerate(places):
            past = {name: levels[: now + 1, list(place)] for name, levels in panel.levels.items()}
            if any(not np.isfinite(levels[-HISTORY - 1 :]).all() for levels in past.values()):
                continue
            first = 0 if view.changes is None else now - view.changes
            shown = {name: levels[first:] for name, levels in past.items()}
            known = {name: law for name in past if (law := laws(name, year)) is not None}
            ahead = min(max(HORIZONS), len(panel.years) - 1 - now)
            sizes = np.full(len(place), np.nan) if view.alone else panel.sizes()[now, list(place)]
            plan = small_plan(shown, sizes, known, year, ahead)
            drawn = of_place(futures(plan, draws))
            whole = {name: levels[:, list(place)] for name, levels in panel.levels.items()}
            _score(books, (number, year, now), drawn, of_place(whole))
    cases = [book.cases(quantity, horizon) for (quantity, horizon), book in books.items()]
    return tuple(map(score, cases))


def _score(
    books: dict[tuple[str, int], Book],
    where: tuple[int, int, int],
    drawn: Mapping[str, Array],
    happened: Mapping[str, Array],
) -> None:
    """Put the futures of one place down against what happened. ``where``: place, year, its row."""
    number, year, now = where
    for quantity, levels in happened.items():
        past = np.diff(levels[now - HISTORY : now + 1])[:, None]
        for horizon in HORIZONS:
            if now + horizon >= len(levels) or not np.isfinite(levels[now + horizon]):
                continue
            outcome = np.array([levels[now + horizon] - levels[now]])
            sample = (drawn[quantity][horizon] - levels[now])[None]
            scores = {"law": crps_sample(sample, outcome)}
            for name, (mean, sd) in naive(past, horizon).items():
                scores[name] = crps_normal(outcome, mean, sd)
            book = books.setdefault((quantity, horizon), Book())
            book.series.append(np.array([number]))
            book.origin.append(np.array([year]))
            book.pit.append((sample < outcome[:, None]).mean(axis=1))
            for name, values in scores.items():
                book.crps.setdefault(name, []).append(values)


# --- parts of a small plan ----------------------------------------------------------


def _class(quantity: str, known: Conditioned, names: list[str]) -> ReferenceClass:
    """The class of a panel as its past has left it."""
    kind = KINDS[quantity]
    past = {
        f"clusters.{name}.{kind}": Past(
            States(known.mean[:, place], _root(known.covariance[place])),
            float(known.shock[place]),
            float(known.share[place]),
        )
        for place, name in enumerate(names)
    }
    return replace(
        reference_class(known.law, float(quantity == "output")),
        own=known.own,
        common_sd=1.0,
        common=tuple(map(_model, known.common)),
        past=past,
    )


def _model(model: Common) -> CommonModel:
    root = _root(model.covariance / model.variance)
    states = States(model.mean, root, model.drift)
    return CommonModel(model.part, model.variance, model.weight, states)


def _root(covariance: Array) -> Array:
    """R with R Rᵀ = covariance, which may have no rank. [(state, score)]"""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def _quantity(quantity: str, level: float, known: Conditioned, place: int) -> Quantity:
    """One quantity of one series, which goes where its past leads and nowhere else."""
    rate = quantity == "va_rate"
    annual = reference_class(replace(known.law, own=known.own)).annual_sd()
    return Quantity(
        link="logit" if rate else "log",
        base=_figure(float(expit(level)) if rate else float(np.exp(level))),
        trend=Trend(_figure(0.0)),
        luck=Luck(sd=_figure(float(known.shock[place]) * annual), persistence=_figure(1.0)),
    )


def _still(kind: str) -> Quantity:
    """A quantity that does not move."""
    luck = Luck(_figure(0.0), _figure(1.0))
    base, trend = _figure(ABSENT[kind]), Trend(_figure(0.0))
    link: Link = "logit" if kind == "va_rate" else "log"
    return Quantity(link=link, base=base, trend=trend, luck=luck)


def _mean_rate(clusters: Mapping[str, Cluster]) -> float:
    """Value-added rate of all clusters in the base year."""
    output = np.array([_base(cluster.output) for cluster in clusters.values()])
    rate = np.array([_base(cluster.va_rate) for cluster in clusters.values()])
    return float(output @ rate / output.sum())


def _base(quantity: Quantity) -> float:
    assert quantity.base is not None
    assert isinstance(quantity.base.value, float)
    return quantity.base.value


def _assumptions() -> Assumptions:
    """Those of a plan that reports nothing, under the law of paths."""
    none = _figure(0.0)
    return Assumptions(
        output_prices=Switch("constant", "", "panel"),
        growth_window=Switch("average", "", "panel"),
        deflation=Switch("single", "", "panel"),
        scope=Switch("as_worded", "", "panel"),
        about_tolerance=none,
        about_growth_tolerance=none,
        about_share_tolerance=none,
        near_tolerance=none,
        labour_release=none,
        shock_df=_figure(6.5),
        common_persistence=_figure(0.0),
        law=Switch("paths", "", "panel"),
    )


def _figure(value: float) -> Figure:
    return Figure(value, "derived", "panel")


def _label(name: str) -> Label:
    return Label(name, name)
