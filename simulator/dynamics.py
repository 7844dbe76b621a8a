"""Eq. 1 to 5: trend, programmes and luck of every quantity, in its link space.

Arrays have the axes year, quantity, draw; the draw is last and contiguous. The first year is the
base year. Nothing here knows which quantity it moves: that is in the plan.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from scipy.special import ndtri

from plansim.simulator.coverage import Delivery, Places
from plansim.simulator.layout import Layout
from plansim.simulator.memo import node, once
from plansim.simulator.paths import SHARED, Classes, Shared, add_paths
from plansim.simulator.plan import Effect, Plan, Quantity
from plansim.simulator.queues import Value
from plansim.simulator.sampling import Array, Block, Numbers, Single, correlate, single

#: Own shocks are clipped at this many standard deviations (Eq. 4).
SHOCK_CLIP = 6.0
#: The Richards exponent of the curves that have a name of their own.
THETA = {"logistic": 1.0, "gompertz": 0.0}
#: Below this the Richards exponent is taken as zero: the Gompertz limit of Eq. 2.
THETA_ZERO = 1e-8
#: The exponential of this does not overflow.
LARGE = 700.0


# -- link spaces ---------------------------------------------------------------------------------


def to_link(quantity: Quantity, level: Value) -> Value:
    """Level → link space: log, logit between floor and ceiling, or the number itself.

    A level that the link does not know is not finite there: ``systematic`` refuses it.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        if quantity.link == "log":
            return np.log(level)
        if quantity.link == "logit":
            floor, ceiling = bounds(quantity)
            share = (np.asarray(level) - floor) / (ceiling - floor)
            return np.asarray(np.log(share) - np.log1p(-share))
    return level


def from_link(quantity: Quantity, z: Array, out: Array | None = None) -> Array:
    """Link space → level, into ``out``, which is ``z`` itself by default; ``z`` is lost."""
    level = z if out is None else out
    if quantity.link == "log":
        return np.exp(z, out=level)
    if quantity.link == "logit":
        floor, ceiling = bounds(quantity)
        np.negative(z, out=z)
        with np.errstate(over="ignore"):
            np.exp(z, out=z)
        z += 1
        np.divide(ceiling - floor, z, out=z)
        return np.add(z, floor, out=level)
    level[...] = z
    return level


def bounds(quantity: Quantity) -> tuple[float, float]:
    """Floor and ceiling that the link keeps to; of a logit 0 and 1 where the plan gives none."""
    if quantity.link == "identity":
        return -np.inf, np.inf
    if quantity.link == "log":
        return 0.0, np.inf
    return (
        0.0 if quantity.floor is None else quantity.floor,
        1.0 if quantity.ceiling is None else quantity.ceiling,
    )


def link_slope(quantity: Quantity, level: Value) -> Value:
    """dz/dx at ``level``. [1 / unit of the quantity]"""
    if quantity.link == "log":
        return 1.0 / np.asarray(level)
    if quantity.link == "logit":
        floor, ceiling = bounds(quantity)
        x = np.asarray(level)
        return (ceiling - floor) / ((x - floor) * (ceiling - x))
    return 1.0


# -- Eq. 2: trend --------------------------------------------------------------------------------


def trend_flow(trend: Value, rate: Value, ceiling: Value, theta: Value, dt: Value) -> Array:
    """Eq. 2, the exact flow of dτ/dt = r (1 − exp(θ (τ − z̄))) over ``dt`` years.

    All in link units. ``rate`` is r; for θ → 0 it is the speed k = rθ of the straight relaxation
    to ``ceiling``. An infinite ceiling gives the exponential curve. Stays finite for any step,
    but where the trend itself runs away within it (k < 0, on the far side of the ceiling): NaN.
    """
    straight = np.abs(theta) < THETA_ZERO
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        u = np.asarray(trend - np.asarray(ceiling))
        if straight.all():
            curved = ceiling + u * np.exp(-(np.asarray(rate) * dt))
        elif not straight.any():
            curved = np.where(dt == 0, trend, ceiling + _bent(u, rate, theta, dt))
        else:
            relaxed = u * np.exp(-(np.asarray(rate) * dt))
            bent = _bent(u, rate, np.where(straight, 1.0, theta), dt)
            curved = np.where(dt == 0, trend, ceiling + np.where(straight, relaxed, bent))
        if np.isinf(ceiling).any():
            return np.where(np.isinf(ceiling), trend + np.asarray(rate) * dt, curved)
    return np.asarray(curved)


def _bent(u: Array, rate: Value, theta: Value, dt: Value) -> Array:
    """u(t+Δ) of Eq. 2 for θ ≠ 0: −log(1 + (exp(−θu) − 1) exp(−kΔ)) / θ.

    Where that would overflow, −logaddexp(−θu − kΔ, log(1 − exp(−kΔ))) / θ instead; for k < 0 the
    second term is negative, and its logarithm is subtracted.
    """
    travel = np.asarray(rate) * theta * dt
    if np.max(-theta * u) - min(travel.min(), 0.0) < LARGE:
        return np.asarray(-np.log1p(np.expm1(-theta * u) * np.exp(-travel)) / theta)
    first = -theta * u - travel
    second = np.maximum(-travel, 0.0) + np.log(-np.expm1(-np.abs(travel)))
    total = np.maximum(first, second) + np.log1p(np.exp(-np.abs(first - second)))  # logaddexp
    if (travel < 0).any():
        shrinking = first + np.log1p(-np.exp(second - first))
        total = np.where(travel < 0, shrinking, total)
    return np.asarray(-total / theta)


@dataclass(frozen=True, slots=True)
class Straight:
    """Eq. 2 where growth has no ceiling: a straight line in link space, not written out before it
    is asked for. ``start``, ``slope``: one value, or one a draw.
    """

    start: Value
    slope: Value

    def into(self, out: Array) -> None:
        """τ(t) from the base year on. [(year, draw)]"""
        for year, row in enumerate(out):  # one that is still in the cache
            np.multiply(self.slope, float(year), out=row)
            row += self.start


@dataclass(frozen=True, slots=True)
class Curved:
    """Eq. 2 with a ceiling: the ``path`` in link space. [(year, draw), or (year, 1)]"""

    path: Array

    def into(self, out: Array) -> None:
        """τ(t) from the base year on. [(year, draw)]"""
        out[...] = self.path


Trend = Straight | Curved


def trend_of(
    quantity: Quantity, base: Value, p: Mapping[str, Value], path: str, years: int
) -> Trend:
    """Eq. 2 for one quantity: τ(t) from its base level over so many years."""
    start = np.asarray(to_link(quantity, base), dtype=float)
    rate = np.asarray(p[f"{path}.trend.rate"], dtype=float)
    curve = quantity.trend.curve
    if curve == "exponential":
        logs = quantity.link == "log"
        return Straight(start, np.log1p(rate) if logs else rate * link_slope(quantity, base))
    ceiling = to_link(quantity, p[f"{path}.trend.ceiling"])
    theta = p[f"{path}.trend.theta"] if curve == "richards" else THETA[curve]
    steps = np.arange(years, dtype=float)[:, None]
    return Curved(np.asarray(trend_flow(start, rate, ceiling, theta, steps)))


# -- Eq. 3: programmes ---------------------------------------------------------------------------


def effect_size(effect: Effect, quantity: Quantity, size: Value, base: Value) -> Value:
    """b of Eq. 3: the link-space change at full coverage that moves the base level by ``size``."""
    x = np.asarray(base, dtype=float)
    moved = x * (1 + np.asarray(size)) if effect.change == "relative" else x + np.asarray(size)
    if quantity.link == "logit":
        floor, ceiling = bounds(quantity)
        margin = 1e-6 * (ceiling - floor)
        moved = np.clip(moved, floor + margin, ceiling - margin)
    return np.asarray(np.asarray(to_link(quantity, moved)) - np.asarray(to_link(quantity, x)))


@node
def log_change(quantity: Quantity, base: Value, shift: Array) -> Array:
    """The log change of the level that a link-space ``shift`` away from the base means."""
    if quantity.link == "log":
        return shift
    start = np.asarray(to_link(quantity, base), dtype=float)
    unmoved = from_link(quantity, start + np.zeros_like(shift))
    return np.asarray(np.log(from_link(quantity, start + shift) / unmoved))


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """Quantities, by their ``names``, that programmes move alike. ``sizes``: b of Eq. 3 of every
    effect, with the key of its programme, in the order of the plan. [(draw,)]
    """

    names: tuple[str, ...]
    sizes: tuple[tuple[str, Array], ...]


@node
def moved_alike(
    plan: Plan, layout: Layout, p: Mapping[str, Value], bases: Mapping[str, Value]
) -> tuple[Alike, ...]:
    """b of Eq. 3 of all effects of active programmes: no delivery has a part in it."""
    found: dict[str, list[tuple[str, Array]]] = {}
    for key, programme in plan.programmes.items():
        for name, b in _sizes(plan, layout, p, bases, key) if programme.active else ():
            found.setdefault(name, []).append((key, b))
    alike: dict[tuple[tuple[str, int], ...], list[str]] = {}
    for name, sizes in found.items():
        alike.setdefault(tuple((key, id(b)) for key, b in sizes), []).append(name)
    return tuple(Alike(tuple(names), tuple(found[names[0]])) for names in alike.values())


@node
def _sizes(
    plan: Plan, layout: Layout, p: Mapping[str, Value], bases: Mapping[str, Value], key: str
) -> list[tuple[str, Array]]:
    """b of Eq. 3 of every quantity that each effect of one programme reaches."""
    found: list[tuple[str, Array]] = []
    for index, effect in enumerate(plan.programmes[key].effects):
        size = p[f"programmes.{key}.effects.{index}.size"]
        logs = np.asarray(np.log1p(size)) if effect.change == "relative" else None
        for name in layout.matching(effect.on):
            quantity = layout.quantities[name]
            if quantity.link == "log" and logs is not None:
                found.append((name, logs))  # the same whatever the base
            else:
                found.append((name, np.asarray(effect_size(effect, quantity, size, bases[name]))))
    return found


def programme_paths(
    plan: Plan,
    layout: Layout,
    p: Mapping[str, Value],
    bases: Mapping[str, Value],
    deliveries: Mapping[str, Delivery],
    effects: Sequence[Alike],
) -> dict[str, Array]:
    """Eq. 3: P_s(t) of every quantity that a programme or a coupling moves. [(year, draw)]

    In the years of the layout. A quantity that nothing moves is not in the result, so that a plan
    whose programmes are off computes the same bits as one that has none.
    """
    own, every = layout.places, tuple(range(len(plan.years)))
    whole = _whole_paths(plan, layout) if own != every else frozenset[str]()
    with once():  # many clusters are moved alike
        paths = _moved_by_themselves(p, deliveries, effects, dict.fromkeys(whole, every), own)
        for name, amount in _passed_on(plan, layout, p, bases, paths) if paths else ():
            some = own if name not in whole and len(amount) != len(own) else None
            paths[name] = _total(paths.get(name), amount, some)
        for name in whole & paths.keys():
            paths[name] = _total(None, paths[name], own)
    return paths


def _moved_by_themselves(
    p: Mapping[str, Value],
    deliveries: Mapping[str, Delivery],
    effects: Sequence[Alike],
    years: Mapping[str, Places],
    own: Places,
) -> dict[str, Array]:
    """Eq. 3 without couplings: b₁ a₁ q₁(t) + b₂ a₂ q₂(t) + … of what is delivered, of quantities in
    their ``years`` or in ``own``.
    """
    paths: dict[str, Array] = {}
    reaches: dict[tuple[str, Places], Array] = {}

    def reach(key: str, some: Places) -> Array | None:
        if key in deliveries and (key, some) not in reaches:
            additional = p[f"programmes.{key}.additional"]
            reaches[key, some] = _reach(additional, deliveries[key], some)
        return reaches.get((key, some))

    for alike in effects:
        for some in dict.fromkeys(years.get(name, own) for name in alike.names):
            reached = [reach(key, some) for key, _ in alike.sizes]
            if any(each is not None for each in reached):
                path = _sum_of_products(alike, *reached)
                paths |= {name: path for name in alike.names if years.get(name, own) == some}
    return paths


def _passed_on(
    plan: Plan,
    layout: Layout,
    p: Mapping[str, Value],
    bases: Mapping[str, Value],
    paths: Mapping[str, Array],
) -> Iterator[tuple[str, Array]]:
    """What comes on top, one after the other: output that the labour saved makes, and what
    couplings pass on of ``paths`` as they are by then. By quantity [(year, draw)]
    """
    release = p["assumptions.labour_release"]
    for cluster in layout.clusters:
        labour = paths.get(f"clusters.{cluster}.labour")
        if labour is not None:
            yield f"clusters.{cluster}.output", _released(release, labour)
    for index, coupling in enumerate(plan.couplings):
        strength, speed = p[f"couplings.{index}.strength"], p[f"couplings.{index}.speed"]
        for name in layout.matching(coupling.source_quantity):
            if name not in paths:
                continue
            change = log_change(layout.quantities[name], bases[name], paths[name])
            passed = _passed(strength, speed, change)
            for receiver in layout.matching(coupling.to):
                quantity = layout.quantities[receiver]
                logs = quantity.link == "log"
                yield receiver, passed if logs else _as_shift(quantity, bases[receiver], passed)


def _whole_paths(plan: Plan, layout: Layout) -> frozenset[str]:
    """Quantities whose every year counts later on, and what moves them beside programmes."""
    sources = {name for each in plan.couplings for name in layout.matching(each.source_quantity)}
    made = {name.removesuffix("output") for name in sources if name.endswith(".output")}
    return frozenset(sources.union(f"{cluster}labour" for cluster in made))


@node
def _reach(additional: Value, delivery: Delivery, years: Places) -> Array:
    """a q(t) of Eq. 3, less what there is in the base year. [(year, draw)]"""
    return np.asarray(additional * delivery.gained(years))


@node
def _sum_of_products(alike: Alike, *reached: Array | None) -> Array:
    """b₁ c₁(t) + b₂ c₂(t) + … of all that is reached, from left to right."""
    pairs = zip(alike.sizes, reached, strict=True)
    products = (b * reach for (_, b), reach in pairs if reach is not None)
    total = np.asarray(next(products))
    for amount in products:
        if amount.shape == total.shape:
            total += amount
        else:  # certain so far: one value for all draws
            total = total + amount
    return total


@node
def _total(known: Array | None, amount: Array, years: Places | None = None) -> Array:
    """What is known and an amount on top, of which only some years may be wanted."""
    more = amount if years is None else amount[list(years)]
    return more if known is None else np.asarray(known + more)


@node
def _released(release: Value, labour: Array) -> Array:
    """Output that the labour saved makes elsewhere: −r P_labour(t)."""
    return np.asarray(-release * labour)


@node
def _passed(strength: Value, speed: Value, change: Array) -> Array:
    """What a coupling passes on of a change in its source."""
    return np.asarray(strength * _lagged_stock(change, speed))


def _lagged_stock(change: Array, speed: Value) -> Array:
    """Eq. 3: S(t−1) with S(t) = S(t−1) + κ (P(t) − S(t−1)), S(t₀) = 0."""
    lagged = np.zeros(np.broadcast_shapes(change.shape, np.shape(speed)))
    stock = np.zeros(lagged.shape[1:])
    for t in range(1, len(lagged)):
        lagged[t] = stock
        stock = stock + speed * (change[t] - stock)
    return lagged


@node
def _as_shift(quantity: Quantity, base: Value, change: Array) -> Array:
    """A log change of the level as a link-space shift, to first order for logit and identity;
    of a log it is that itself.
    """
    return np.asarray(change * np.asarray(base) * link_slope(quantity, base))


# -- Eq. 4: luck ---------------------------------------------------------------------------------


def t_coefficients(df: float) -> Array:
    """Abramowitz & Stegun 26.7.5, to ν⁻⁴: t ≈ z (c₀ + c₁ z² + … + c₄ z⁸). [(5,)]"""
    g1 = np.array([1.0, 1.0]) / (4 * df)
    g2 = np.array([3.0, 16.0, 5.0]) / (96 * df**2)
    g3 = np.array([-15.0, 17.0, 19.0, 3.0]) / (384 * df**3)
    g4 = np.array([-945.0, -1920.0, 1482.0, 776.0, 79.0]) / (92160 * df**4)
    coefficients = np.array([1.0, 0.0, 0.0, 0.0, 0.0])
    for g in (g1, g2, g3, g4):
        coefficients[: len(g)] += g
    return coefficients


def t_scores(z: Numbers, coefficients: Array) -> Numbers:
    """Normal scores → Student-t quantiles, in place, for ten multiplications a number."""
    *lower, last = coefficients.tolist()
    w = z * z
    total = w * last
    for c in reversed(lower[1:]):
        total += c
        total *= w
    total += lower[0]
    z *= total
    return z


@lru_cache(maxsize=64)
def t_scale(df: float) -> float:
    """The factor that gives clipped t scores unit variance, by quadrature over the quantiles above
    their middle: below it they are the same.
    """
    share = (np.arange(100_000, 200_000) + 0.5) / 200_000
    raw = t_scores(ndtri(share), t_coefficients(df))
    scale, before = 1 / float(np.sqrt(np.mean(raw**2))), 0.0
    for _ in range(20):
        if scale == before:
            break
        before = scale
        scale /= float(np.sqrt(np.mean(np.minimum(scale * raw, SHOCK_CLIP) ** 2)))
    return scale


def common_shock(persistence: float, block: Block, luck: str, years: int) -> Single:
    """Eq. 4: m(t), an AR(1) with a stationary start and unit variance. [(year, draw)]"""
    m = block.normal(f"luck.{luck}/common", years)
    innovation = float(np.sqrt(1 - persistence**2))
    for t in range(1, years):
        m[t] *= innovation
        m[t] += persistence * m[t - 1]
    return m


def shock_sd(quantity: Quantity, p: Mapping[str, Value], path: str, size: Value | None) -> Value:
    """σ of Eq. 4: falls with base-year size where the plan says so. [link units, one year]"""
    sd = p[f"{path}.luck.sd"]
    if quantity.luck.reference_size is None or size is None:
        return sd
    relative = np.asarray(size) / np.asarray(p[f"{path}.luck.reference_size"])
    return np.asarray(np.asarray(sd) * relative ** np.asarray(p[f"{path}.luck.size_exponent"]))


@node
def shock_sds(
    layout: Layout, p: Mapping[str, Value], bases: Mapping[str, Value]
) -> dict[str, float | Single]:
    """σ of Eq. 4 of every quantity, in single precision as luck is. [link units, one year]"""
    found: dict[str, float | Single] = {}
    for name, quantity in layout.quantities.items():
        section, cluster, *_ = name.split(".")
        size = bases[f"clusters.{cluster}.output"] if section == "clusters" else None
        found[name] = single(shock_sd(quantity, p, name, size))
    return found


@dataclass(frozen=True, slots=True)
class LuckLaw:
    """Everything of Eq. 4 that does not change from block to block.

    ``coefficients``: those of ``t_scores``, scaled so that clipped shocks have unit variance.
    ``classes``: of the law of paths; none under the annual law. ``shared``: of the streams of what
    both sets of luck share.
    """

    coefficients: Array
    common_persistence: float
    classes: Classes = field(default_factory=dict)
    shared: str = SHARED

    @classmethod
    def of(cls, df: float, common_persistence: float) -> "LuckLaw":
        return cls(t_coefficients(df) * t_scale(df), common_persistence)


def luck_paths(
    layout: Layout,
    p: Mapping[str, Value],
    sds: Mapping[str, float | Single],
    law: LuckLaw,
    block: Block,
    luck: str,
    shared: Shared | None = None,
) -> Iterator[tuple[str, Single]]:
    """Eq. 4: n_s(t) of one quantity after another, from the second year on. [(year − 1, draw)]

    ``sds``: σ by quantity, as ``shock_sds`` gives it. One stream a quantity, in single precision:
    seven digits are enough for luck. Shocks of correlated quantities are mixed as normal scores,
    then turned into fat-tailed ones, so each keeps its own t margin. ``shared``: under the law of
    paths, what both sets of luck share of the quantities that have a class.
    """
    years = len(layout.years)
    m = common_shock(law.common_persistence, block, luck, years)
    commons: dict[str, Single] = {}
    if shared is not None:
        place = block.normal(f"luck.{luck}/common", years)[1:]
        commons = shared.commons(block, luck, place)
    for members in layout.shock_groups:
        scores = [block.normal(f"luck.{luck}/{name}", years - 1) for name in members.names]
        correlate(members.factor, scores)
        for name, shocks in zip(members.names, scores, strict=True):
            if shared is not None and name in shared.own:
                part = shared.own[name]
                yield name, add_paths(part, commons[part.kind], shocks)
                continue
            t_scores(shocks, law.coefficients)
            shocks.clip(-SHOCK_CLIP, SHOCK_CLIP, out=shocks)
            shocks *= sds[name]
            yield name, _accumulated(shocks, m[1:], layout.quantities[name], p, name)


def _accumulated(
    shocks: Single, m: Single, quantity: Quantity, p: Mapping[str, Value], name: str
) -> Single:
    """n(t+1) = ρ n(t) + λ m(t+1) + σ ε(t+1), n(t₀) = 0, in place of the shocks σ ε."""
    if quantity.luck.loading is not None:
        shocks += single(p[f"{name}.luck.loading"]) * m
    persistence = single(p[f"{name}.luck.persistence"])
    stays = isinstance(persistence, float) and persistence == 1.0
    before = shocks[0]
    for now in shocks[1:]:
        now += before if stays else persistence * before
        before = now
    return shocks


# -- Eq. 5: output -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moves:
    """What programmes do to one set of futures, in the years of a layout. [(year, draw)] each

    ``paths``: P_s(t) of Eq. 3 by quantity. Of Eq. 5, by cluster: ``added``, real output of
    commissioned projects [亿元]; ``open_share``, what closures leave of organic output;
    ``recognised``, output of firms that entered the statistics [亿元].
    """

    paths: Mapping[str, Array]
    added: Mapping[str, Array]
    open_share: Mapping[str, Array]
    recognised: Mapping[str, Array]

    @classmethod
    def of(
        cls,
        plan: Plan,
        layout: Layout,
        p: Mapping[str, Value],
        bases: Mapping[str, Value],
        deliveries: Mapping[str, Delivery],
        effects: Sequence[Alike],
    ) -> "Moves":
        years = layout.places
        return cls(
            paths=programme_paths(plan, layout, p, bases, deliveries, effects),
            added=brought(plan, p, deliveries, years, "projects", less="crowding_out"),
            open_share=closures(plan, p, deliveries, years),
            recognised=brought(plan, p, deliveries, years, "recognised"),
        )


def brought(
    plan: Plan,
    p: Mapping[str, Value],
    deliveries: Mapping[str, Delivery],
    years: Places,
    part: str,
    less: str | None = None,
) -> dict[str, Array]:
    """Eq. 5: output that programmes bring beyond the ordinary, by cluster. [亿元]

    ``less``: the figure of a programme that says which share is not brought after all.
    """
    found: dict[str, Array] = {}
    for key, delivery in deliveries.items():
        additional = p[f"programmes.{key}.additional"]
        lost = 0.0 if less is None else p.get(f"programmes.{key}.{less}", 0.0)
        for cluster in getattr(plan.programmes[key], part):
            amount = p[f"programmes.{key}.{part}.{cluster}"]
            path = _brought(additional, lost, amount, delivery, years)
            found[cluster] = _total(found[cluster], path) if cluster in found else path
    return found


@node
def _brought(
    additional: Value, lost: Value, amount: Value, delivery: Delivery, years: Places
) -> Array:
    """One programme's part of Eq. 5 in one cluster. [亿元, (year, draw)]"""
    share = np.asarray(additional) * (1 - np.asarray(lost))
    return np.asarray(share * np.asarray(amount) * delivery.gained(years))


def closures(
    plan: Plan, p: Mapping[str, Value], deliveries: Mapping[str, Delivery], years: Places
) -> dict[str, Array]:
    """Eq. 5: share of organic output that is left open, by cluster. [fraction]"""
    open_share: dict[str, Array] = {}
    for key, delivery in deliveries.items():
        for cluster in plan.programmes[key].closures:
            additional = p[f"programmes.{key}.additional"]
            left = _left(additional, p[f"programmes.{key}.closures.{cluster}"], delivery, years)
            known = open_share.get(cluster)
            open_share[cluster] = left if known is None else _both(known, left)
    return open_share


@node
def _left(additional: Value, amount: Value, delivery: Delivery, years: Places) -> Array:
    """What one programme leaves open of a cluster that closes by so much. [fraction]"""
    return np.asarray(1 - np.asarray(additional) * np.asarray(amount) * delivery.gained(years))


@node
def _both(one: Array, other: Array) -> Array:
    return np.asarray(one * other)
