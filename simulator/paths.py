"""Eq. 4 as a law of paths: what both sets of luck share, and one normal a year and quantity.

    n(t) = C(t) + c(t) + s w_t ((Λ x₀)_t + (L ε)_t),   s = σ √((ν − 2) / χ²_ν)

The scale s, the states x₀ and the model and states of the common part C are parameters: each has a
normal score of its own name, and both sets of luck have the same. ε and the shocks of C are luck.
Given the parameters all of it is Gaussian. Everything is added term by term, with factors whose
first rows do not depend on the horizon: bits depend neither on the years nor on the lanes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import chdtrc, chdtri, ndtr, ndtri

from plansim.simulator.classes import DRIFT_LEFT, CommonModel, ReferenceClass, States
from plansim.simulator.law import (
    later_covariance,
    later_factor,
    led,
    states_of,
)
from plansim.simulator.layout import Layout
from plansim.simulator.memo import node
from plansim.simulator.plan import Quantity
from plansim.simulator.queues import Value
from plansim.simulator.sampling import Array, Block, ScoreFunction, Single, tabulated

Classes = Mapping[str, ReferenceClass]

#: The reference class of each quantity of a cluster. Others have none: their luck is annual.
CLASS_OF = {
    "output": "output", "va_rate": "va_rate",
    "energy": "energy_intensity", "water": "energy_intensity",
}  # fmt: skip
#: Links in which the classes know their quantities.
LINKS = {"output": "log", "va_rate": "logit", "energy_intensity": "log"}
#: The part of the streams' names that says: the same in both sets of luck.
SHARED = "luck.law"
#: The class whose common shock is that of the place.
LEADING = "output"


def class_of(name: str, quantity: Quantity, classes: Classes) -> str:
    """The reference class of a quantity, "" where it has none."""
    section, _, kind = name.rpartition(".")
    found = CLASS_OF.get(kind, "") if section.startswith("clusters.") else ""
    return found if found in classes and LINKS[found] == quantity.link else ""


@lru_cache(maxsize=16)
def _scale(freedom: float) -> ScoreFunction:
    def exact(scores: Array) -> Array:
        below = np.clip(ndtr(scores), 1e-15, 1.0 - 1e-15)
        return np.asarray(np.sqrt((freedom - 2.0) / chdtri(freedom, below)))

    return tabulated(exact)


def scales(freedom: float, scores: Array) -> Array:
    """√((ν − 2) / χ²_ν) at normal scores: higher scores, wilder paths. [shape of scores]"""
    return _scale(freedom)(scores)


def mean_score(freedom: float) -> float:
    """The score at which a scale is 1, its root mean square."""
    return float(ndtri(chdtrc(freedom, freedom - 2.0)))


@dataclass(frozen=True, slots=True)
class OwnPart:
    """What one quantity's luck is made of: its class, w_t s [(year, draw)], L, what states and the
    offset of sums lead to expect [(year, draw), link units], and its share of the common part.
    """

    kind: str
    scale: Single
    lower: Array
    expected: Single
    share: float


@dataclass(frozen=True, slots=True)
class CommonPart:
    """What a class's common part is made of: the ``model`` of each draw [(draw,)], the factors L of
    each model [(model, year, year), link units], and what its states lead to [(year, draw)].
    """

    model: Array
    lower: Array
    expected: Array
    correlation: float

    def path(self, shocks: Single) -> Single:
        """C(1), C(2), … of annual shocks [(year, draw)]."""
        total = self.expected.copy()
        for year in range(len(shocks)):
            for before in range(year + 1):
                total[year] += self.lower[self.model, year, before] * shocks[before]
        return total.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Shared:
    """Everything of the law of paths that both sets of luck share."""

    own: Mapping[str, OwnPart]
    common: Mapping[str, CommonPart]

    def commons(self, block: Block, luck: str, shocks: Single) -> dict[str, Single]:
        """The common part of every class. ``shocks``: those of the place's year. [(year, draw)]"""
        found: dict[str, Single] = {}
        for name, part in self.common.items():
            r, mixed = part.correlation, shocks
            if name != LEADING:
                alone = block.normal(f"luck.{luck}/common/{name}", len(shocks))
                mixed = np.float32(r) * shocks + np.float32(np.sqrt(1.0 - r * r)) * alone
            found[name] = part.path(mixed)
        return found


def add_paths(part: OwnPart, common: Single, shocks: Single) -> Single:
    """n(t) of normal scores ε, in their place. [(year, draw)]

    From the last year to the first, so that no ε is lost before it has been added everywhere.
    """
    for year in range(len(shocks) - 1, -1, -1):
        now = shocks[year]
        now *= np.float32(part.lower[year, year])
        for before in range(year):
            now += np.float32(part.lower[year, before]) * shocks[before]
        now *= part.scale[year]
        now += part.expected[year]
        now += common[year] if part.share == 1.0 else np.float32(part.share) * common[year]
    return shocks


@node
def shared_parts(
    layout: Layout,
    p: Mapping[str, Value],
    sds: Mapping[str, float | Single],
    bases: Mapping[str, Value],
    classes: Classes,
    block: Block,
    shared: str = SHARED,
) -> Shared:
    """Scales, states and common models of a block. See `Shared`. ``shared``: of its streams."""
    years = len(layout.years) - 1
    found = {name: class_of(name, each, classes) for name, each in layout.quantities.items()}
    classed = {name: classes[kind] for name, kind in found.items() if kind}
    offsets = _offsets(layout, p, sds, bases, classes, years)
    own = {
        name: _own_part(
            name,
            law,
            layout.quantities[name],
            p,
            sds,
            block.normal(f"{shared}/{name}", 4),
            offsets.get(name),
            years,
        )
        for name, law in classed.items()
    }
    used = {kind for kind in found.values() if kind}
    common = {
        kind: _common_part(classes[kind], block.normal(f"{shared}/common/{kind}", 4), years)
        for kind in sorted(used)
    }
    return Shared(own, common)


def shared_states(layout: Layout, classes: Classes) -> Iterator[tuple[str, range]]:
    """Streams of what both sets of luck share, and their rows in which luck is linear: states, and
    not scales or the model of the common part.
    """
    kinds = {name: class_of(name, each, classes) for name, each in layout.quantities.items()}
    for name, kind in kinds.items():
        if kind:
            yield name, range(1, 4)
    for kind in sorted(set(kinds.values()) - {""}):
        yield f"common/{kind}", range(3)


def _own_part(
    name: str,
    law: ReferenceClass,
    quantity: Quantity,
    p: Mapping[str, Value],
    sds: Mapping[str, float | Single],
    scores: Single,
    offset: Array | None,
    years: int,
) -> OwnPart:
    """One quantity: its scale, and where its states of the base year lead.

    ``scores``: of the scale and of the states [(4, draw)]. A trend whose rate is uncertain in the
    plan has its spread from there, and not from the class.
    """
    sd = np.asarray(sds[name], dtype=float)
    scale = sd / law.annual_sd() * scales(law.freedom, scores[0].astype(float))
    whole = (law.widths(years)[:, None] * scale).astype(np.float32)
    past = law.past.get(name)
    states = states_of(law.own, None if past is None else past.states)
    roots, mean = led(law.own, states, years)
    expected = np.zeros((years, scores.shape[1]), dtype=np.float32)
    for row in range(3 - has_trend(name, quantity, p)):
        if roots[:, row].any():
            expected += roots[:, [row]].astype(np.float32) * scores[1 + row]
    expected *= whole
    expected += mean[:, None].astype(np.float32)
    if offset is not None:
        expected += offset.astype(np.float32)
    return OwnPart(
        CLASS_OF[name.rpartition(".")[2]],
        whole,
        later_factor(law.own, years),
        expected,
        1.0 if past is None else past.share,
    )


def has_trend(name: str, quantity: Quantity, p: Mapping[str, Value]) -> bool:
    """Whether the plan says how far the trend of a quantity may be from what it expects."""
    return quantity.trend.curve != "exponential" or not isinstance(p[f"{name}.trend.rate"], float)


def _common_part(law: ReferenceClass, drawn: Single, years: int) -> CommonPart:
    """The common part of one class: the model of every draw, and where its states lead."""
    scores = drawn.astype(float)
    weights = np.array([model.weight for model in law.common])
    edges = np.cumsum(weights / weights.sum())[:-1]
    model = np.searchsorted(edges, ndtr(scores[3]), side="right")
    lower = np.array([_factor(each, law.common_sd, years) for each in law.common])
    expected = np.zeros((years, scores.shape[1]))
    for row, ahead in enumerate(
        np.array([_led(each, law.common_sd, years) for each in law.common]).T
    ):
        for year in range(years):
            expected[year] += ahead[year, model] * (scores[row] if row < 3 else 1.0)
    return CommonPart(model, lower, expected, law.correlation)


def _factor(model: CommonModel, sd: float, years: int) -> Array:
    return np.asarray(sd * np.sqrt(model.variance) * later_factor(model.part, years))


def _led(model: CommonModel, sd: float, years: int) -> Array:
    """Where scores of the states lead, and last what is expected. [(year, score), link units]"""
    states = states_of(model.part, model.states)
    roots, mean = led(model.part, states, years)
    mean = mean + states.drift * np.cumsum(DRIFT_LEFT ** np.arange(years))
    return np.column_stack([sd * np.sqrt(model.variance) * roots, mean])


# -- sums ----------------------------------------------------------------------------------------


def _offsets(
    layout: Layout,
    p: Mapping[str, Value],
    sds: Mapping[str, float | Single],
    bases: Mapping[str, Value],
    classes: Classes,
    years: int,
) -> dict[str, Array]:
    """c: what keeps the median of total output where the class has it, however wide luck is.

    c_i(t) = F(V)_i − F(V_class)_i, F(V)_i = −½ V_i + ½ ln(1 + Σ_j w_j² (e^{V_j} − 1)), with V_i the
    own variance by year t of a draw, V_class that of the class at the same size, or of the past
    where one is known, and w the weights of the base year. By quantity [(year, draw)]
    """
    names = [f"clusters.{cluster}.output" for cluster in layout.clusters]
    law = classes.get(LEADING)
    if law is None or not all(class_of(n, layout.quantities[n], classes) for n in names):
        return {}
    total = sum(np.asarray(bases[name], dtype=np.float32) for name in names)
    weights = [np.asarray(bases[name], dtype=np.float32) / total for name in names]
    own, held = [], []
    for name in names:
        past, typed = law.past.get(name), has_trend(name, layout.quantities[name], p)
        unit = variance(law, not typed, years, None if past is None else past.states)
        unit = unit[:, None].astype(np.float32)
        sd = np.asarray(sds[name], dtype=np.float32)
        stated = np.asarray(p[f"{name}.luck.sd"], dtype=np.float32)
        with np.errstate(divide="ignore", invalid="ignore"):
            by_size = np.where(stated > 0.0, sd / stated, 1.0)
        own.append(np.asarray(unit * (sd / law.annual_sd()) ** 2, dtype=np.float32))
        shock = by_size * law.shock_sd if past is None else past.shock_sd
        held.append(np.asarray(unit * shock**2, dtype=np.float32))
    moved, kept = _halves(own, weights), _halves(held, weights)
    return {name: a - b for name, a, b in zip(names, moved, kept, strict=True)}


def variance(law: ReferenceClass, trend: bool, years: int, known: States | None = None) -> Array:
    """Own variance by year over the square of the own shock, w_t included. [(year,)]

    ``trend``: whether the state of the trend counts; ``known``: states by a past.
    """
    roots, _ = led(law.own, states_of(law.own, known), years)
    states = (roots[:, : 2 + trend] ** 2).sum(axis=1)
    return np.asarray(law.widths(years) ** 2 * (states + np.diag(later_covariance(law.own, years))))


def _halves(variances: list[Single], weights: list[Single]) -> list[Array]:
    """F of all quantities, added up in their order."""
    sums = sum(w * w * np.expm1(v) for v, w in zip(variances, weights, strict=True))
    return [np.asarray(0.5 * np.log1p(sums) - 0.5 * v) for v in variances]
