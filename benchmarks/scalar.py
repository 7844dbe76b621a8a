"""The model of docs/model.md for ONE future: floats, the math module, loops over the years.

It is written from the numbered equations and shares no formula with the engine, only the nouns of
``plansim.simulator.plan``. Queues are played by the SimPy reference
(``plansim.simulator.delivery``), on the network's routes. So it serves twice: as what a draw costs
without vectors (``engine.py``), and as an oracle, for fed the engine's random numbers it must give
the engine's indicators (``tests/benchmarks``). All paths are lists over the years, the base year
first.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from operator import add, mul
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from plansim.simulator.delivery import play
from plansim.simulator.network import Gate, Network
from plansim.simulator.plan import (
    Cluster,
    Coverage,
    Effect,
    Figure,
    Indicator,
    Plan,
    Programme,
    Quantity,
    Queue,
    Target,
    Uncertainty,
)
from plansim.simulator.queues import Cases, Futures

Path = list[float]
Numbers = Mapping[str, Sequence[float]]
KINDS = Cluster.QUANTITIES


class Base(NamedTuple):
    """The closed base year: level by quantity, tag weights by tag and cluster."""

    levels: Mapping[str, float]
    weights: Mapping[str, Sequence[float]]


class Lived(NamedTuple):
    """One future: path by (indicator, cluster or ""), and whether each judged target is met."""

    paths: dict[tuple[str, str], Path]
    met: dict[str, bool]


@dataclass(frozen=True)
class Ready:
    """What no draw changes.

    ``effects`` by programme and ``couplings``: the quantities that they name; ``groups``: names of
    correlated shocks with their Cholesky factor; ``fat``: coefficients of the t scores.
    """

    plan: Plan
    network: Network
    years: range
    clusters: tuple[str, ...]
    quantities: Mapping[str, Quantity]
    effects: Mapping[str, Sequence[Sequence[str]]]
    couplings: Sequence[tuple[Sequence[str], Sequence[str]]]
    groups: tuple[tuple[tuple[str, ...], tuple[tuple[float, ...], ...]], ...]
    fat: tuple[float, ...]
    common: float

    @classmethod
    def of(cls, plan: Plan) -> "Ready":
        quantities = {
            f"clusters.{key}.{kind}": getattr(cluster, kind)
            for kind in KINDS
            for key, cluster in plan.clusters.items()
        }
        quantities |= {"prices.output": plan.prices.output, "prices.input": plan.prices.input}
        quantities |= {f"city.{key}": quantity for key, quantity in plan.city.items()}
        return cls(
            plan=plan,
            network=Network.of(plan),
            years=plan.years,
            clusters=tuple(plan.clusters),
            quantities=quantities,
            effects={
                key: [matching(effect.on, quantities) for effect in programme.effects]
                for key, programme in plan.programmes.items()
            },
            couplings=[
                (matching(c.source_quantity, quantities), matching(c.to, quantities))
                for c in plan.couplings
            ],
            groups=correlated(plan, tuple(quantities)),
            fat=fat_tailed(certain(plan.assumptions.shock_df)),
            common=certain(plan.assumptions.common_persistence),
        )


class Expected(NamedTuple):
    """What both sets of luck of a draw share: schedules, τ, and P where no queue is in it."""

    scheduled: Mapping[str, "Delivered"]
    trend: Mapping[str, Path]
    moved: Mapping[str, Path] | None


def future(ready: Ready, p: Mapping[str, float], base: Base, scores: Numbers) -> Lived:
    """One parameter set ``p``, one base year, one set of luck → indicators and targets.

    ``scores``: independent standard normal numbers by quantity (from the second year on) and for
    ``common`` (all years); unit exponential ones by ``indicators.<key>/exit`` and ``/entry``; what
    ``cases`` and ``stop`` ask for.
    """
    return live(ready, p, base, expected(ready, p, base), scores)


def expected(ready: Ready, p: Mapping[str, float], base: Base) -> Expected:
    """Eq. 1 without luck."""
    scheduled = {
        key: delivery(programme.coverage, p, f"programmes.{key}.coverage", ready.years)
        for key, programme in ready.plan.programmes.items()
        if programme.active and programme.coverage is not None
    }
    trend = {
        name: trend_path(quantity, base.levels[name], p, name, len(ready.years))
        for name, quantity in ready.quantities.items()
    }
    moved = None if ready.network.routes else programmes(ready, p, base, scheduled)
    return Expected(scheduled, trend, moved)


def live(
    ready: Ready, p: Mapping[str, float], base: Base, common: Expected, scores: Numbers
) -> Lived:
    """Queues, Eq. 1 with luck, then accounts, indicators and targets."""
    plan, delivered, moved = ready.plan, common.scheduled, common.moved
    if moved is None:
        delivered = {**delivered, **queues(ready, p, scores)}
        moved = programmes(ready, p, base, delivered)
    n = luck(ready, p, base, scores)
    levels = {}
    for name, quantity in ready.quantities.items():
        path = summed(common.trend[name], n[name])
        path = summed(path, moved[name]) if name in moved else path
        levels[name] = [from_link(quantity, z) for z in path]
    books = accounts(ready, p, levels, delivered)
    paths = {}
    for key, indicator in plan.indicators.items():
        for cluster in ready.clusters if indicator.subjects == "clusters" else ("",):
            path = measure(ready, p, base, scores, levels, books, delivered, key, cluster)
            if indicator.anchor is not None:
                path = [x * (p[f"indicators.{key}.anchor"] / path[0]) for x in path]
            paths[key, cluster] = path
    met = {t.id: is_met(plan, t, paths[t.indicator, t.cluster]) for t in plan.judged}
    return Lived(paths, met)


# -- link spaces -----------------------------------------------------------------------------------


def limits(quantity: Quantity) -> tuple[float, float]:
    floor, ceiling = quantity.floor, quantity.ceiling
    return 0.0 if floor is None else floor, 1.0 if ceiling is None else ceiling


def to_link(quantity: Quantity, x: float) -> float:
    if quantity.link == "log":
        return math.log(x)
    if quantity.link == "identity":
        return x
    floor, ceiling = limits(quantity)
    return math.log((x - floor) / (ceiling - x))


def from_link(quantity: Quantity, z: float) -> float:
    if quantity.link == "log":
        return math.exp(z)
    if quantity.link == "identity":
        return z
    floor, ceiling = limits(quantity)
    return floor + (ceiling - floor) / (1 + math.exp(-z))


def steepness(quantity: Quantity, x: float) -> float:
    """dz/dx."""
    if quantity.link == "log":
        return 1 / x
    if quantity.link == "identity":
        return 1.0
    floor, ceiling = limits(quantity)
    return 1 / (x - floor) + 1 / (ceiling - x)


# -- Eq. 2: trend ----------------------------------------------------------------------------------


def trend_path(
    quantity: Quantity, base: float, p: Mapping[str, float], name: str, years: int
) -> Path:
    start, rate, curve = to_link(quantity, base), p[f"{name}.trend.rate"], quantity.trend.curve
    if curve == "exponential":
        per_year = math.log1p(rate) if quantity.link == "log" else rate * steepness(quantity, base)
        return [start + t * per_year for t in range(years)]
    ceiling = to_link(quantity, p[f"{name}.trend.ceiling"])
    gap = start - ceiling
    theta = {"logistic": 1.0, "gompertz": 0.0}.get(curve)
    if theta is None:
        theta = p[f"{name}.trend.theta"]
    if abs(theta) < 1e-8:
        return [ceiling + gap * math.exp(-rate * t) for t in range(years)]
    speed = rate * theta
    return [
        ceiling - math.log(math.exp(-theta * gap - speed * t) - math.expm1(-speed * t)) / theta
        for t in range(years)
    ]


# -- Delivery: schedules ---------------------------------------------------------------------------


class Delivered(NamedTuple):
    """Share of the plan: at the end of each year, and on average over it."""

    end: Path
    average: Path


def delivery(coverage: Coverage, p: Mapping[str, float], path: str, years: range) -> Delivered:
    """Straight lines between the stated points, moved and scaled; averages are exact integrals.

    The limit cuts off what is reached, and the average: not the path before it is averaged.
    """
    delay, depth = p.get(f"{path}.delay", 0.0), p[f"{path}.depth"]
    most = math.inf if coverage.limit is None else coverage.limit
    points = [(coverage.start + delay, 0.0)]
    points += [(y + 1 + delay, depth * share) for y, share in sorted(coverage.path.items())]
    reached = [height_at(points, year + 1.0) for year in years]
    area = [area_to(points, float(year)) for year in range(years.start, years.stop + 1)]
    average = [after - before for before, after in pairwise(area)]
    return Delivered([min(x, most) for x in reached], [min(x, most) for x in average])


def height_at(points: Sequence[tuple[float, float]], when: float) -> float:
    for (x0, y0), (x1, y1) in pairwise(points):
        if when < x1:
            return y0 + (y1 - y0) * (when - x0) / (x1 - x0) if when > x0 else y0
    return points[-1][1]


def area_to(points: Sequence[tuple[float, float]], when: float) -> float:
    area = 0.0
    for (x0, y0), (x1, y1) in pairwise(points):
        if when <= x0:
            return area
        end = min(when, x1)
        area += (end - x0) * (y0 + y0 + (y1 - y0) * (end - x0) / (x1 - x0)) / 2
    x, y = points[-1]
    return area + max(when - x, 0.0) * y


# -- Delivery, Eq. 16 to 18: queues ----------------------------------------------------------------


class Case(NamedTuple):
    """What luck brings to the lots of one programme, in order of application.

    ``applied``: when [years since the base year began]; by stage, how long work ``lasts`` [years]
    and whether a lot ``leaves`` after it; by path of the quota, what it ``takes`` [yuan].
    """

    applied: list[float]
    lasts: dict[str, list[float]]
    leaves: dict[str, list[bool]]
    takes: dict[str, list[float]]


def queues(ready: Ready, p: Mapping[str, float], scores: Numbers) -> dict[str, Delivered]:
    """Eq. 16 to 18: what luck brings, played event by event, counted year by year."""
    futures, until = as_futures(ready, p, scores), len(ready.years)
    done: dict[str, list[float]] = {key: [] for key in ready.network.routes}
    for event in play(ready.network, futures, until):
        if event.kind == "delivered":
            done[event.programme].append(event.time)
    return {key: counted(ready, p, key, times) for key, times in done.items()}


def as_futures(ready: Ready, p: Mapping[str, float], scores: Numbers) -> Futures:
    """All cases, quotas and stops of one future, as SimPy's reference wants them."""

    def column(values: Sequence[float], dtype: Any = None) -> Any:
        return np.array(values, dtype)[:, None]

    def columns(tables: Mapping[str, Sequence[float]], dtype: Any = None) -> dict[str, Any]:
        return {name: column(values, dtype) for name, values in tables.items()}

    times = np.float32  # as the engine has them
    brought, amounts, closed = {}, {}, {}
    for key in ready.network.routes:
        case = cases(ready, p, scores, key)
        lots = (columns(case.lasts, times), columns(case.leaves), columns(case.takes))
        brought[key] = Cases(column(case.applied, times), *lots)
    for station in ready.network.stations:
        if isinstance(station, Gate):
            amounts[station.path] = yuan(p[f"{station.path}.amount"])
        elif station.stops:
            since, until = stop(ready, p, scores, station.path)
            closed[station.path] = np.array([since], times), np.array([until], times)
    return Futures(brought, amounts, closed)


def cases(ready: Ready, p: Mapping[str, float], scores: Numbers, key: str) -> Case:
    """Eq. 16 and 17 for the lots of one programme that apply before the plan ends.

    ``scores``: uniform numbers by ``programmes.<key>.queue/applied``, whose logarithms are the
    waits, and by ``<path of the stage>/drop_out``; normal ones by the path of a stage's ``time``
    and of ``investment`` where these scatter: one a lot.
    """
    programme, path = ready.plan.programmes[key], f"programmes.{key}.queue"
    queue, lot = queue_of(programme), programme.lot
    applied = applications(ready, p, scores, key)
    lots = range(len(applied))

    def scattered(name: str, scatter: str) -> list[float]:
        if scatter not in p:
            return [p[name] for _ in lots]
        return [p[name] * exp_single(scores[name][i], p[scatter]) for i in lots]

    lasts, leaves, takes = {}, {}, {}
    for name, stage in queue.stages.items():
        at = f"{path}.stages.{name}"
        lasts[name] = scattered(f"{at}.time", f"{at}.scatter")
        if stage.drop_out is not None:
            chance = float(np.float32(p[f"{at}.drop_out"]))
            leaves[name] = [scores[f"{at}/drop_out"][i] < chance for i in lots]
        for quota in stage.takes:
            need = yuan(lot * p[f"{at}.takes.{quota}"])
            takes[f"quotas.{quota}"] = [need for _ in lots]
    subsidy = queue.subsidy
    if subsidy is not None and (subsidy.budget is not None or subsidy.fund is not None):
        purse = f"quotas.{subsidy.fund}" if subsidy.budget is None else f"{path}.subsidy.budget"
        overrun = p.get(f"{path}.overrun", 1.0)
        most = p.get(f"{path}.subsidy.cap", math.inf)
        spent = scattered(f"{path}.investment", f"{path}.scatter")
        takes[purse] = [
            yuan(lot * min(each * overrun * p[f"{path}.subsidy.rate"], most)) for each in spent
        ]
    for quota, needs in takes.items():
        year = yuan(p[f"{quota}.amount"])
        takes[quota] = [min(need, year) if year > 0 else need for need in needs]
    return Case(applied, lasts, leaves, takes)


def applications(ready: Ready, p: Mapping[str, float], scores: Numbers, key: str) -> list[float]:
    """Eq. 16: one lot after another, ever slower as the pool is used up, bent by the season."""
    programme, path = ready.plan.programmes[key], f"programmes.{key}.queue"
    queue, lot = queue_of(programme), programme.lot
    pool = p.get(f"{path}.eligible", math.inf)
    start = queue.start - ready.years.start
    over = ready.years.stop - ready.years.start
    if queue.end is not None:
        over = min(over, queue.end + 1 - ready.years.start)
    clock, times = 0.0, []
    for i in range(ready.network.lots[key]):
        rate = intake(queue, p, path) / lot * (1 - i * lot / pool)
        if rate <= 0:
            break
        clock += wait_single(scores[f"{path}/applied"][i]) / rate
        when = start + (clock if queue.season is None else on_calendar(clock, queue.season))
        if when >= over:
            break
        times.append(when)
    return times


def on_calendar(clock: float, season: Sequence[float]) -> float:
    """When so many years' worth of applications have come."""
    year = math.floor(clock)
    left = (clock - year) * sum(season)
    for month, weight in enumerate(season):
        if left < weight:
            return year + (month + left / weight) / len(season)
        left -= weight
    return year + 1.0


def intake(queue: Queue, p: Mapping[str, float], path: str) -> float:
    """λ of Eq. 16. [units/year]"""
    response, rate = p.get(f"{path}.subsidy.response", 0.0), p.get(f"{path}.subsidy.rate", 0.0)
    if queue.investment is not None:
        rate = min(rate, p.get(f"{path}.subsidy.cap", math.inf) / p[f"{path}.investment"])
    return p[f"{path}.intake"] * (1 + response * rate)


def stop(ready: Ready, p: Mapping[str, float], scores: Numbers, desk: str) -> tuple[float, float]:
    """When a desk stands still, from ``scores``: two uniform numbers by ``<its path>/stopped``."""
    whether, when, *_ = scores[f"{desk}/stopped"]
    since = when * len(ready.years) if whether < p[f"{desk}.stopped.chance"] else math.inf
    return since, since + p[f"{desk}.stopped.length"]


def counted(ready: Ready, p: Mapping[str, float], key: str, done: Sequence[float]) -> Delivered:
    """Eq. 18: lots by the end of each year, and the average of those in use and induced."""
    programme, path = ready.plan.programmes[key], f"programmes.{key}"
    queue, share = queue_of(programme), programme.lot / p[f"{path}.units"]
    ramp, years = p.get(f"{path}.queue.ramp", 0.0), range(len(ready.years))
    usual, everybody = p.get(f"{path}.queue.ordinary", 0.0), intake(queue, p, f"{path}.queue")
    induced = max(1 - usual / everybody, 0.0) if everybody > 0 else 0.0
    area = [0.0] * (len(years) + 1)
    for when in done:
        rise = [(when, 0.0), (when + ramp, 1.0)] if ramp > 0 else [(when, 1.0)]
        for edge in range(math.ceil(when), len(area)):
            area[edge] += area_to(rise, float(edge))
    return Delivered(
        [share * sum(when < year + 1 for when in done) for year in years],
        [share * induced * (area[year + 1] - area[year]) for year in years],
    )


def yuan(amount: float) -> float:
    """Of 亿元; of another quota's unit, hundred-millionths."""
    return float(round(amount * 1e8))


def wait_single(share: float) -> float:
    """The unit exponential quantile of a share, in single precision, as luck is there."""
    return float(-np.log(np.float32(1 - share)))


def exp_single(score: float, scatter: float) -> float:
    """exp(scatter · z), in single precision too."""
    return float(np.exp(np.float32(score) * np.float32(scatter)))


def queue_of(programme: Programme) -> Queue:
    assert programme.queue is not None
    return programme.queue


# -- Eq. 3: programmes -----------------------------------------------------------------------------


def programmes(
    ready: Ready, p: Mapping[str, float], base: Base, delivered: Mapping[str, Delivered]
) -> dict[str, Path]:
    """Eq. 3: what programmes move, what saved labour releases, what couplings pass on."""
    plan, years = ready.plan, len(ready.years)
    moved: dict[str, Path] = {}

    def move(name: str, amounts: Path) -> None:
        moved[name] = summed(moved[name], amounts) if name in moved else amounts

    for key, given in delivered.items():
        additional = p[f"programmes.{key}.additional"]
        reach = [additional * (c - given.average[0]) for c in given.average]
        for i, effect in enumerate(plan.programmes[key].effects):
            size = p[f"programmes.{key}.effects.{i}.size"]
            for name in ready.effects[key][i]:
                b = full_effect(effect, ready.quantities[name], size, base.levels[name])
                move(name, [b * x for x in reach])
    for cluster in ready.clusters:
        saved = moved.get(f"clusters.{cluster}.labour")
        if saved is not None:
            release = p["assumptions.labour_release"]
            move(f"clusters.{cluster}.output", [-release * x for x in saved])
    for j, (sources, receivers) in enumerate(ready.couplings):
        strength, speed = p[f"couplings.{j}.strength"], p[f"couplings.{j}.speed"]
        for source in sources:
            if source not in moved:
                continue
            stock, passed = 0.0, [0.0]
            for t in range(1, years):
                passed.append(strength * stock)
                change = relative_log(
                    ready.quantities[source], base.levels[source], moved[source][t]
                )
                stock += speed * (change - stock)
            for name in receivers:
                quantity, level = ready.quantities[name], base.levels[name]
                slope = 1.0 if quantity.link == "log" else level * steepness(quantity, level)
                move(name, [x * slope for x in passed])
    return moved


def full_effect(effect: Effect, quantity: Quantity, size: float, base: float) -> float:
    """b of Eq. 3; a share is moved no nearer to its bounds than a millionth of their distance."""
    level = base * (1 + size) if effect.change == "relative" else base + size
    if quantity.link == "logit":
        floor, ceiling = limits(quantity)
        margin = 1e-6 * (ceiling - floor)
        level = min(max(level, floor + margin), ceiling - margin)
    return to_link(quantity, level) - to_link(quantity, base)


def relative_log(quantity: Quantity, base: float, shift: float) -> float:
    """The log change of the level that a shift in link space means."""
    return math.log(from_link(quantity, to_link(quantity, base) + shift) / base)


# -- Eq. 4: luck -----------------------------------------------------------------------------------


def luck(ready: Ready, p: Mapping[str, float], base: Base, scores: Numbers) -> dict[str, Path]:
    years = len(ready.years)
    common = list(scores["common"])
    for t in range(1, years):
        common[t] = ready.common * common[t - 1] + math.sqrt(1 - ready.common**2) * common[t]
    paths = {}
    for names, factor in ready.groups:
        own = [scores[name] for name in names]
        for name, row in zip(names, factor, strict=True):
            quantity, key = ready.quantities[name].luck, f"{name}.luck"
            sd, rho = p[f"{key}.sd"], p[f"{key}.persistence"]
            if quantity.reference_size is not None and name.startswith("clusters."):
                size = base.levels[f"clusters.{name.split('.')[1]}.output"]
                sd *= (size / p[f"{key}.reference_size"]) ** p[f"{key}.size_exponent"]
            loading = 0.0 if quantity.loading is None else p[f"{key}.loading"]
            path, n = [0.0], 0.0
            for t in range(1, years):
                z = 0.0
                for f, x in zip(row, own, strict=False):
                    z += f * x[t - 1]
                n = rho * n + loading * common[t] + sd * shock(ready.fat, z)
                path.append(n)
            paths[name] = path
    return paths


def shock(fat: tuple[float, ...], z: float) -> float:
    """A t score of unit variance, clipped at six standard deviations."""
    c0, c1, c2, c3, c4 = fat
    w = z * z
    return min(max(z * (c0 + w * (c1 + w * (c2 + w * (c3 + w * c4)))), -6.0), 6.0)


@lru_cache
def fat_tailed(df: float) -> tuple[float, ...]:
    """Abramowitz & Stegun 26.7.5, its powers of z collected and scaled to unit variance.

    The variance after clipping is the mean over the middles of 200,000 equal slices of probability.
    """
    n = df
    raw = (
        1 + 1 / (4 * n) + 3 / (96 * n**2) - 15 / (384 * n**3) - 945 / (92160 * n**4),
        1 / (4 * n) + 16 / (96 * n**2) + 17 / (384 * n**3) - 1920 / (92160 * n**4),
        5 / (96 * n**2) + 19 / (384 * n**3) + 1482 / (92160 * n**4),
        3 / (384 * n**3) + 776 / (92160 * n**4),
        79 / (92160 * n**4),
    )
    normal, slices = NormalDist(), 200_000
    upper = [normal.inv_cdf((slices // 2 + i + 0.5) / slices) for i in range(slices // 2)]
    t = [
        z * (raw[0] + raw[1] * z**2 + raw[2] * z**4 + raw[3] * z**6 + raw[4] * z**8) for z in upper
    ]
    scale = 1.0
    for _ in range(20):
        variance = math.fsum(min(scale * x, 6.0) ** 2 for x in t) / len(t)
        scale /= math.sqrt(variance)
        if abs(variance - 1) < 1e-15:
            break
    return tuple(scale * c for c in raw)


def correlated(
    plan: Plan, names: tuple[str, ...]
) -> tuple[tuple[tuple[str, ...], tuple[tuple[float, ...], ...]], ...]:
    """Names whose own shocks are correlated, directly or by others, with their Cholesky factor."""
    value: dict[tuple[str, str], float] = {}
    for entry in plan.shock_correlations:
        left, right = (matching(pattern, names) for pattern in entry.between)
        if entry.between[0] != entry.between[1] and all("*" in b for b in entry.between):
            pairs = [(a, b) for a in left for b in right if a.split(".")[1] == b.split(".")[1]]
        else:
            pairs = [(a, b) for a in left for b in right if a != b]
        value |= {pair: entry.value for a, b in pairs for pair in ((a, b), (b, a))}
    group = {name: {name} for name in names}
    for a, b in value:
        if group[a] is not group[b]:
            group[a] |= group[b]
            group |= dict.fromkeys(group[b], group[a])
    found = []
    for name in names:
        members = tuple(n for n in names if n in group[name])
        if members[0] == name:
            matrix = [[value.get((a, b), float(a == b)) for b in members] for a in members]
            found.append((members, lower_factor(matrix)))
    return tuple(found)


def lower_factor(matrix: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...]:
    """L with L Lᵀ = matrix, row by row without the zeros above the diagonal."""
    rows: list[list[float]] = []
    for i, wanted in enumerate(matrix):
        row: list[float] = []
        for j in range(i):
            known = math.fsum(x * y for x, y in zip(row, rows[j], strict=False))
            row.append((wanted[j] - known) / rows[j][j])
        rows.append([*row, math.sqrt(wanted[i] - math.fsum(x * x for x in row))])
    return tuple(map(tuple, rows))


# -- Eq. 5 to 8: output, prices, accounts ----------------------------------------------------------


def accounts(
    ready: Ready,
    p: Mapping[str, float],
    levels: Mapping[str, Path],
    delivered: Mapping[str, Delivered],
) -> dict[str, list[Path]]:
    """Every account by cluster and year."""
    plan, years = ready.plan, range(len(ready.years))
    price, costs = levels["prices.output"], levels["prices.input"]
    squeeze = [(i / o) ** p["prices.pass_through"] for i, o in zip(costs, price, strict=True)]
    ratio = levels.get("city.revenue_ratio", [1.0] * len(years))
    books: dict[str, list[Path]] = {}
    for cluster in ready.clusters:
        own = {kind: levels[f"clusters.{cluster}.{kind}"] for kind in KINDS}
        real = list(own["output"])
        for key, given in delivered.items():
            if cluster in plan.programmes[key].closures:
                most = p[f"programmes.{key}.additional"] * p[f"programmes.{key}.closures.{cluster}"]
                real = [real[t] * (1 - most * (given.average[t] - given.average[0])) for t in years]
        for key, given in delivered.items():
            if cluster in plan.programmes[key].projects:
                kept = p[f"programmes.{key}.additional"]
                kept *= 1 - p.get(f"programmes.{key}.crowding_out", 0.0)
                most = kept * p[f"programmes.{key}.projects.{cluster}"]
                real = [real[t] + most * (given.average[t] - given.average[0]) for t in years]
        activity = list(real)
        for key, given in delivered.items():
            if cluster in plan.programmes[key].recognised:
                most = p[f"programmes.{key}.additional"]
                most *= p[f"programmes.{key}.recognised.{cluster}"]
                real = [real[t] + most * (given.average[t] - given.average[0]) for t in years]
        nominal = [real[t] * price[t] for t in years]
        rate = [1 - (1 - own["va_rate"][t]) * squeeze[t] for t in years]
        real_rate = rate
        if plan.assumptions.deflation.value == "double":
            real_rate = [1 - (1 - rate[t]) * price[t] / costs[t] for t in years]
        current = plan.assumptions.output_prices.value == "current"
        for account, path in {
            "output": nominal if current else real,
            "nominal_output": nominal,
            "real_output": real,
            "activity": activity,
            "revenue": [nominal[t] * ratio[t] for t in years],
            "value_added": [nominal[t] * rate[t] for t in years],
            "real_value_added": [real[t] * real_rate[t] for t in years],
            "energy": [1e4 * real[t] * own["energy"][t] for t in years],
            "water": [1e4 * real[t] * own["water"][t] for t in years],
            "employment": [1e4 * real[t] * own["labour"][t] for t in years],
        }.items():
            books.setdefault(account, []).append(path)
    return books


# -- Eq. 9 to 12: indicators and targets -----------------------------------------------------------


def measure(
    ready: Ready,
    p: Mapping[str, float],
    base: Base,
    scores: Numbers,
    levels: Mapping[str, Path],
    books: Mapping[str, list[Path]],
    delivered: Mapping[str, Delivered],
    key: str,
    cluster: str,
) -> Path:
    """The path of one indicator of one subject, before it is anchored."""
    plan = ready.plan
    indicator = plan.indicators[key]
    path = f"indicators.{key}"
    match indicator.measure:
        case "account":
            return account_path(ready, base, levels, books, indicator, cluster)
        case "clusters_above":
            named = [i for i, c in enumerate(plan.clusters.values()) if not c.residual]
            large, book = p[f"{path}.threshold"], books[indicator.of]
            years = range(len(ready.years))
            return [float(sum(book[i][t] >= large for i in named)) for t in years]
        case "firms_above":
            scale = [sum(year) for year in zip(*books[indicator.of], strict=True)]
            return firms(p, scores, path, scale)
        case "delivered":
            programme = str(indicator.programme)
            if programme not in delivered:
                return [0.0] * len(ready.years)
            units, lot = p[f"programmes.{programme}.units"], plan.programmes[programme].lot
            return [math.floor(units * c / lot + 1e-9) * lot for c in delivered[programme].end]


def account_path(
    ready: Ready,
    base: Base,
    levels: Mapping[str, Path],
    books: Mapping[str, list[Path]],
    indicator: Indicator,
    cluster: str,
) -> Path:
    """Eq. 6 to 9: sum first, divide last."""
    if cluster:
        row = ready.clusters.index(cluster)
        top = books[indicator.of][row]
        return ratio_of(top, books[indicator.over][row]) if indicator.over else top

    def total(account: str, *groups: str | None) -> Path:
        weight = [1.0] * len(ready.clusters)
        for group in groups:
            if group is not None and group != "all":
                weight = [w * g for w, g in zip(weight, base.weights[group], strict=True)]
        by_year = zip(*books[account], strict=True)
        return [sum(map(mul, weight, year)) for year in by_year]

    scope = indicator.scope if ready.plan.assumptions.scope.value == "as_worded" else "all"
    in_city = indicator.of.startswith("city.")
    top = levels[indicator.of] if in_city else total(indicator.of, scope, indicator.tag)
    return ratio_of(top, total(indicator.over, scope)) if indicator.over else top


def ratio_of(top: Path, bottom: Path) -> Path:
    return [a / b for a, b in zip(top, bottom, strict=True)]


def firms(p: Mapping[str, float], scores: Numbers, path: str, scale: Path) -> Path:
    """Eq. 10: those of the base year that are still there, and those that have entered since."""
    first, counts = round(p[f"{path}.count"]), []
    for t, size in enumerate(scale):
        mean = first * (size / scale[0]) ** p[f"{path}.exponent"]
        stay = min(math.exp(-p[f"{path}.churn"] * t), mean / first) if first else 0.0
        count = sum(life >= -math.log(stay) for life in scores[f"{path}/exit"][:first])
        clock = 0.0
        for wait in scores[f"{path}/entry"]:
            clock += wait
            if clock > mean - first * stay:
                break
            count += 1
        else:
            raise ValueError(f"{path}: more firms enter than there are waits")
        counts.append(float(count))
    return counts


def is_met(plan: Plan, target: Target, path: Path) -> bool:
    first, last = plan.plan.years
    start = (target.base_year or plan.plan.base_year) - first
    year = (target.year or last) - first
    years = range(start + 1, year + 1) if target.comparator == "every_year" else [year]
    return year > start and all(is_met_in(plan, target, path, start, t) for t in years)


def is_met_in(plan: Plan, target: Target, path: Path, start: int, t: int) -> bool:
    """d (x − T) ≥ −tolerance, to within rounding."""
    x = reading(plan, target, path, start, t)
    falls = target.direction == "down" or target.comparator == "at_most"
    stated = [bound for bound in (target.low, target.high) if bound is not None]
    aim = (max(stated) if falls else min(stated)) * target.scale
    slack = tolerance(plan, target, aim) + 1e-12 * abs(aim)
    if target.direction == "hold" and not falls:
        return abs(x - aim) <= slack
    return aim - x >= -slack if falls else x - aim >= -slack


def reading(plan: Plan, target: Target, path: Path, start: int, t: int) -> float:
    """Eq. 11 and 12."""
    match target.basis:
        case "change_vs_base":
            return path[t] / path[start] - 1 if target.unit == "%" else path[t] - path[start]
        case "annual_growth" if plan.assumptions.growth_window.value == "last_year":
            return path[t] / path[t - 1] - 1
        case "annual_growth":
            return math.pow(max(path[t] / path[start], 0.0), 1 / (t - start)) - 1
        case "per_year":
            return path[t] - path[t - 1]
        case _:
            return path[t]


def tolerance(plan: Plan, target: Target, aim: float) -> float:
    a = plan.assumptions
    if target.comparator == "near_below":
        return certain(a.near_tolerance) * abs(aim)
    if target.comparator != "approx":
        return 0.0
    if target.basis == "annual_growth":
        return certain(a.about_growth_tolerance)
    if target.unit == "%" or target.basis in ("share", "rate"):
        return certain(a.about_share_tolerance)
    return certain(a.about_tolerance) * abs(aim)


# -- Eq. 13 to 15: the base year -------------------------------------------------------------------


def close(ready: Ready, p: Mapping[str, float]) -> Base:
    """The base year in which totals, rates and shares close."""
    plan = ready.plan
    levels = {name: p[f"{name}.base"] for name, q in ready.quantities.items() if q.base is not None}
    outputs = base_outputs(plan, p)
    size = [y * w for y, w in zip(outputs, tag_weights(plan, p, plan.totals.scope), strict=True)]
    rates = base_rates(plan, p, size)
    for key, output, rate in zip(plan.clusters, outputs, rates, strict=True):
        levels[f"clusters.{key}.output"], levels[f"clusters.{key}.va_rate"] = output, rate
    added = [y * v for y, v in zip(outputs, rates, strict=True)]
    tags = {tag for cluster in plan.clusters.values() for tag in cluster.tags}
    return Base(levels, {tag: base_weights(plan, p, tag, added) for tag in tags})


def base_outputs(plan: Plan, p: Mapping[str, float]) -> list[float]:
    """Eq. 13."""
    stated = {k: p[f"clusters.{k}.output.base"] for k, c in plan.clusters.items() if not c.residual}
    fixed = sum(y for k, y in stated.items() if is_certain(plan.clusters[k].output.base))
    total = max(p["totals.output"], fixed / 0.96)
    loose = sum(stated.values()) - fixed
    shrink = min(1.0, (0.98 * total - fixed) / loose) if loose else 1.0
    for k in stated:
        stated[k] *= 1.0 if is_certain(plan.clusters[k].output.base) else shrink
    rest = total - sum(stated.values())
    return [stated.get(k, rest) for k in plan.clusters]


def base_rates(plan: Plan, p: Mapping[str, float], size: Sequence[float]) -> list[float]:
    """Eq. 14."""
    quantities = [cluster.va_rate for cluster in plan.clusters.values()]
    rates = [p[f"clusters.{key}.va_rate.base"] for key in plan.clusters]
    free = [not is_certain(q.base) for q in quantities]
    floors, ceilings = zip(*map(limits, quantities), strict=True)
    return moved_together(rates, floors, ceilings, size, p["totals.va_rate"] * sum(size), free)


def base_weights(
    plan: Plan, p: Mapping[str, float], tag: str, added: Sequence[float]
) -> list[float]:
    """Eq. 15; a weight of exactly 0 or 1 is a definition and stays."""
    weights = tag_weights(plan, p, tag)
    if tag not in plan.totals.shares:
        return weights
    carried = [cluster.tags.get(tag) for cluster in plan.clusters.values()]
    free = [f is not None and not (is_certain(f) and f.value in (0, 1)) for f in carried]
    floors, ceilings = [0.0] * len(weights), [1.0] * len(weights)
    aim = p[f"totals.shares.{tag}"] * sum(added)
    return moved_together(weights, floors, ceilings, added, aim, free)


def tag_weights(plan: Plan, p: Mapping[str, float], tag: str) -> list[float]:
    if tag == "all":
        return [1.0] * len(plan.clusters)
    return [
        p[f"clusters.{key}.tags.{tag}"] if tag in cluster.tags else 0.0
        for key, cluster in plan.clusters.items()
    ]


def moved_together(
    values: Sequence[float],
    floors: Sequence[float],
    ceilings: Sequence[float],
    size: Sequence[float],
    aim: float,
    free: Sequence[bool],
) -> list[float]:
    """The free values moved by one logit step between their bounds, so that Σ size·value = aim."""
    low, high, step = -40.0, 40.0, 0.0
    moved = list(values)
    for _ in range(200):
        odds, slope = math.exp(step), 0.0
        for i, value in enumerate(values):
            if free[i]:
                span = ceilings[i] - floors[i]
                share = (value - floors[i]) / span
                share = share * odds / (1 + share * (odds - 1))
                moved[i] = floors[i] + span * share
                slope += size[i] * span * share * (1 - share)
        error = math.fsum(s * x for s, x in zip(size, moved, strict=True)) - aim
        if abs(error) <= 1e-13 * aim or slope == 0:
            break
        low, high = (step, high) if error < 0 else (low, step)
        step -= error / slope
        if not low < step < high:
            step = (low + high) / 2
    return moved


# -- small things ----------------------------------------------------------------------------------


def summed(first: Path, second: Path) -> Path:
    return list(map(add, first, second))


def certain(figure: Figure) -> float:
    if isinstance(figure.value, Uncertainty):
        raise ValueError("the scalar model wants this assumption to be certain")
    return float(figure.value)


def is_certain(figure: Figure | None) -> bool:
    return figure is not None and not isinstance(figure.value, Uncertainty)


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """Names that a path, or one with a ``*`` for one segment, speaks of."""
    wanted = pattern.split(".")
    return [
        name
        for name in names
        if len(parts := name.split(".")) == len(wanted)
        and all(w in ("*", part) for w, part in zip(wanted, parts, strict=True))
    ]
