"""What a plan says that one would have seen: its futures read as observations, and their doubt.

The axis of years goes both ways from the base year. Ahead lies the plan with its programmes.
Before it lies the same plan without any, mirrored: the trend of k years before the base year is
taken to be as steep as that of the k years after it, with luck of its own (a stationary process
looks the same in both directions). Growth in the base year is thus the trend and one year of luck.

Luck is integrated out: an observation of given parameters is its value without luck, plus what
luck and measurement scatter it by. That scatter is measured on simulated luck, its covariance and
its tails (a synthetic likelihood: Wood, 2010, Nature 466:1102).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import gammaln

from plansim.calibration.baselines import rounding
from plansim.scenarios.history import FIRST_HALF, FIRST_HALF_SD, Observation
from plansim.simulator.accounts import Accounts, OneFuture, Series, indicator_path
from plansim.simulator.future import LUCKS, block_futures
from plansim.simulator.model import Model
from plansim.simulator.plan import Plan
from plansim.simulator.sampling import STREAM_BLOCK, Array, Block, Sampler, Single

#: How many years before the base year the mirrored trend is believed. [years]
BEFORE = 5
#: What later revisions change, a judgement: of a level [fraction], of a growth rate [fraction].
REVISION = {"level": 0.02, "growth": 0.01}
#: Luck of a half-year that straight lines between whole years do not have, in units of a year's
#: luck: of a Brownian path, averaged over the time for a flow or a rate, at its end for a stock.
HALF_YEAR = {
    ("flow", "level"): 0.31, ("flow", "growth"): 0.5,
    ("rate", "level"): 0.31, ("rate", "growth"): 0.5,
    ("stock", "level"): 0.5, ("stock", "growth"): 0.71,
}  # fmt: skip
#: What a logarithm is taken of instead of 0 or less.
LEAST = 1e-9
#: Excess kurtosis below which a scatter counts as normal.
NORMAL_TAILS = 0.05


@dataclass(frozen=True, slots=True)
class Still(Block):
    """A block without luck: every normal number of a luck is 0."""

    def normals(self, names: Sequence[str], rows: int) -> Sequence[Single]:
        moving = [name for name in names if not name.startswith("luck.")]
        drawn = dict(zip(moving, Block.normals(self, moving, rows), strict=True))
        still = np.zeros((rows, self.draws), dtype=np.float32)
        return [drawn[name] if name in drawn else still.copy() for name in names]


@dataclass(frozen=True, slots=True)
class Told(Sampler):
    """A sampler that is told the independent scores of every draw. [(draws,) by name]"""

    given: Mapping[str, Array] = field(default_factory=dict)

    def _independent(self, block: Block) -> dict[str, Array]:
        return {name: score[: block.draws].copy() for name, score in self.given.items()}


@dataclass(frozen=True, slots=True)
class Forward:
    """Scores of parameters → what would have been seen. Made once for a plan and its observations.

    ``back``: the plan without programmes, for the years before its base year; None where nothing
    was seen of them. ``logs``: whether a series is read in logarithms (all that cannot be 0).
    """

    observations: tuple[Observation, ...]
    ahead: Model
    back: Model | None
    series: tuple[Series, ...]
    logs: tuple[bool, ...]

    @classmethod
    def of(cls, plan: Plan, observations: Sequence[Observation]) -> Forward:
        base = plan.plan.base_year
        series = tuple(dict.fromkeys(Series(o.quantity, o.subject) for o in observations))
        last = max((math.ceil(o.time) for o in observations), default=base)
        early = max((math.ceil(base - o.time + _reach(o)) for o in observations), default=0)
        still = replace(
            plan,
            programmes={key: replace(p, active=False) for key, p in plan.programmes.items()},
        )
        found = cls(
            tuple(observations),
            Model.of(_until(plan, max(last, base + 1))),
            mirrored(Model.of(_until(still, base + early))) if early > 0 else None,
            series,
            (False,) * len(series),
        )
        trial = found.paths({n: np.zeros(256) for n in found.names}, Block(0, 0, 0, 256), "a", "b")
        values = np.array([o.value if o.measure == "level" else 1.0 for o in observations])
        logs = []
        for i, item in enumerate(series):
            of_item = [Series(o.quantity, o.subject) == item for o in observations]
            parts = [way[i] for way in trial if way is not None]
            counted = item.indicator in plan.indicators and (
                plan.indicators[item.indicator].measure != "account"
            )
            positive = all((part > 0).all() for part in parts) and (values[of_item] > 0).all()
            logs.append(bool(positive and not counted))
        return replace(found, logs=tuple(logs))

    @property
    def names(self) -> tuple[str, ...]:
        """The figures that have a score."""
        return self.ahead.sampler.scored

    def expected(self, scores: Array, seed: int) -> Array:
        """What would be seen without luck. [(observation, draw)], of scores [(name, draw)]"""
        if not self.observations:
            return np.zeros((0, scores.shape[1]))
        parts = [
            self._read(*self.paths(given, Still(seed, n, 0, width), "a", "b"))
            for n, width, given in self._blocks(scores)
        ]
        return np.concatenate(parts, axis=1)

    def seen(self, scores: Array, seed: int) -> tuple[Array, Array]:
        """What would be seen with luck, twice. [(observation, draw)] each

        The years before the base year have the other luck than those after it.
        """
        if not self.observations:
            return np.zeros((0, scores.shape[1])), np.zeros((0, scores.shape[1]))
        first, second = LUCKS
        both = [
            [
                self._read(*self.paths(given, Block(seed, n, 0, width), *lucks))
                for lucks in ((first, second), (second, first))
            ]
            for n, width, given in self._blocks(scores)
        ]
        one, other = (np.concatenate(parts, axis=1) for parts in zip(*both, strict=True))
        return one, other

    def _blocks(self, scores: Array) -> list[tuple[int, int, dict[str, Array]]]:
        found = []
        for n, first in enumerate(range(0, scores.shape[1], STREAM_BLOCK)):
            part = scores[:, first : first + STREAM_BLOCK]
            found.append((n, part.shape[1], dict(zip(self.names, part, strict=True))))
        return found

    def paths(
        self, given: Mapping[str, Array], block: Block, luck: str, earlier: str
    ) -> tuple[list[Array], list[Array] | None]:
        """Every series ahead of the base year and mirrored behind it. [(year, draw)] each"""
        ahead = self._lived(self.ahead, given, block, luck)
        return ahead, None if self.back is None else self._lived(self.back, given, block, earlier)

    def _lived(
        self, model: Model, given: Mapping[str, Array], block: Block, luck: str
    ) -> list[Array]:
        """Every series in the futures of given scores. [(year, draw)] each"""
        s = model.sampler
        told = Told(s.fixed, s.uncertain, s.groups, s.method, s.calibration, given)
        model = replace(model, sampler=told)
        future = block_futures(model, block, luck)
        return [path_of(future, item) for item in self.series]

    def read(self, given: Mapping[str, Array], block: Block, luck: str, earlier: str) -> Array:
        """The observations in the futures of given scores. [(observation, draw)]"""
        return self._read(*self.paths(given, block, luck, earlier))

    def _read(self, ahead: list[Array], back: list[Array] | None) -> Array:
        """The observations of these paths. [(observation, draw)]"""
        rows = []
        for o in self.observations:
            i = self.series.index(Series(o.quantity, o.subject))
            ways = [ahead[i], ahead[i][:1] if back is None else back[i]]
            if self.logs[i]:
                ways = [np.log(np.maximum(way, LEAST)) for way in ways]
            time = o.time - self.ahead.plan.plan.base_year
            now = _at(time, *ways)
            if o.measure == "level":
                rows.append(now)
                continue
            before = _at(time - 1, *ways)
            rows.append(now - before if self.logs[i] else now / before - 1)
        return np.array(rows)

    def values(self) -> Array:
        """What was seen, read as the paths are. [(observation,)]"""
        found = []
        for o in self.observations:
            value = o.at_annual_pace if o.measure == "level" else o.value
            read = math.log1p if o.measure == "growth" else math.log
            found.append(read(value) if self._log(o) else value)
        return np.array(found)

    def levels(self, values: Array) -> Array:
        """Read values back in the unit of each observation. [(observation, ...)]"""
        rows = []
        for o, row in zip(self.observations, values, strict=True):
            growth = o.measure == "growth"
            plain = (np.expm1(row) if growth else np.exp(row)) if self._log(o) else row
            part = FIRST_HALF if o.at_annual_pace != o.value else 1.0
            rows.append(part * plain)
        return np.array(rows)

    def _log(self, o: Observation) -> bool:
        return self.logs[self.series.index(Series(o.quantity, o.subject))]

    def errors(self) -> Array:
        """Standard errors of measurement, read as the paths are. [(observation,)]"""
        found = []
        for o in self.observations:
            growth = o.measure == "growth"
            size = 1.0 + o.value if growth else abs(o.value)
            sd = o.sd
            if sd is None:
                rounded = rounding(o.value / o.scale) * o.scale / math.sqrt(3.0)
                sd = math.hypot(rounded, REVISION[o.measure] * (1.0 if growth else size))
            error = sd / size if self._log(o) else sd
            if o.at_annual_pace != o.value:
                error = math.hypot(error, FIRST_HALF_SD * (1.0 if self._log(o) else size))
            found.append(error)
        return np.array(found)

    def half_years(self, year_of_luck: Array) -> Array:
        """Standard deviations that half-years add to a year's luck. [(observation,)]"""
        share = [HALF_YEAR[o.kind, o.measure] if o.is_half else 0.0 for o in self.observations]
        return np.array(share) * year_of_luck


def mirrored(model: Model) -> Model:
    """The model with states of its own: what leads on from the base year does not lead back."""
    return replace(model, law=replace(model.law, shared="luck.before"))


def _until(plan: Plan, last: int) -> Plan:
    """The first years of a plan, without targets."""
    return replace(plan, plan=replace(plan.plan, years=(plan.years[0], last)), targets=())


def _reach(o: Observation) -> int:
    return 1 if o.measure == "growth" else 0


def within_reach(plan: Plan, o: Observation) -> bool:
    """Whether the mirrored trend reaches back as far as an observation needs."""
    return o.time - _reach(o) >= plan.plan.base_year - BEFORE


def path_of(future: OneFuture, item: Series) -> Array:
    """An indicator, or a quantity as statistics measure it. [(year, draw)]"""
    accounts = future.accounts
    if item.indicator in accounts.plan.indicators:
        return indicator_path(future, item)
    section, _, rest = item.indicator.partition(".")
    cluster, _, kind = rest.partition(".")
    if section == "clusters" and kind in ("output", "va_rate"):
        return _measured(accounts, accounts.layout.clusters.index(cluster), kind)
    return accounts.quantity(item.indicator)


def _measured(accounts: Accounts, row: int, kind: str) -> Array:
    """Output with its programmes, in the plan's prices; the value-added rate as priced."""
    return accounts.output[:, row] if kind == "output" else accounts.squeezed_rate[:, row]


def _at(time: float, ahead: Array, back: Array) -> Array:
    """A path at a time since the base year, on straight lines; mirrored before it. [(draw,)]"""
    if time >= 0:
        return _between(ahead, time)
    return np.asarray(ahead[0] - (_between(back, -time) - back[0]))


def _between(path: Array, time: float) -> Array:
    year = math.floor(time)
    if year == time:
        return np.asarray(path[year])
    return np.asarray((year + 1 - time) * path[year] + (time - year) * path[year + 1])


@dataclass(frozen=True, slots=True)
class Scatter:
    """How what is seen differs from what is expected: by luck and by measurement.

    ``mean`` [(observation,)], ``covariance`` [(observation, observation)]; ``factor``: its Cholesky
    factor; ``freedom``: degrees of freedom of the Student-t that each whitened part follows,
    infinite for a normal one [(observation,)]. ``luck``: simulated luck [(observation, draw)];
    ``error``: standard errors of measurement [(observation,)].
    """

    mean: Array
    covariance: Array
    factor: Array
    freedom: Array
    luck: Array
    error: Array

    @classmethod
    def of(cls, luck: Array, error: Array, random: np.random.Generator) -> Scatter:
        """Of simulated differences [(observation, draw)] and errors of measurement."""
        mean = luck.mean(axis=1)
        apart = luck - mean[:, None]
        covariance = apart @ apart.T / luck.shape[1] + np.diag(error**2)
        factor = np.linalg.cholesky(covariance)
        noisy = apart + error[:, None] * random.standard_normal(luck.shape)
        white = np.linalg.solve(factor, noisy)
        excess = (white**4).mean(axis=1) / (white**2).mean(axis=1) ** 2 - 3.0
        with np.errstate(divide="ignore"):
            freedom = np.where(excess > NORMAL_TAILS, 4.0 + 6.0 / np.maximum(excess, 1e-9), np.inf)
        return cls(mean, covariance, factor, freedom, luck, error)

    def log_likelihood(self, expected: Array, values: Array) -> Array:
        """Log density of ``values`` [(observation,)], or one set a draw, where ``expected``
        [(observation, draw)] is what there would be without luck. [(draw,)]
        """
        apart = (values if values.ndim == 2 else values[:, None]) - self.mean[:, None] - expected
        white = np.linalg.solve(self.factor, apart)
        total = np.full(white.shape[1], -np.log(np.diag(self.factor)).sum())
        for row, freedom in zip(white, self.freedom, strict=True):
            total += log_density(row, freedom)
        return total

    def drawn(self, number: int, random: np.random.Generator) -> Array:
        """Scatter to add to what is expected. [(observation, draw)]"""
        chosen = random.integers(self.luck.shape[1], size=number)
        noise = self.error[:, None] * random.standard_normal((len(self.error), number))
        return np.asarray(self.luck[:, chosen] + noise)


def log_density(x: Array, freedom: float) -> Array:
    """Of a Student-t with unit variance, or of the normal it becomes."""
    if not np.isfinite(freedom):
        return np.asarray(-0.5 * (x**2 + math.log(2.0 * math.pi)))
    scale = freedom - 2.0
    constant = gammaln((freedom + 1) / 2) - gammaln(freedom / 2) - 0.5 * math.log(math.pi * scale)
    return np.asarray(constant - (freedom + 1) / 2 * np.log1p(x**2 / scale))
