"""What a run leaves behind: counts that add up, a kept subsample, and the verdicts made of them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Generic

import numpy as np
from numpy.typing import NDArray

from plansim.simulator.accounts import Series
from plansim.simulator.board import board
from plansim.simulator.frames import counted, factor_of, frame, language, series_of
from plansim.simulator.naming import name_of
from plansim.simulator.plan import KINDS, Held, Plan, Precedent
from plansim.simulator.sampling import SCRAMBLINGS, Array
from plansim.simulator.waiting import Flow

if TYPE_CHECKING:
    import pandas as pd

Counts = NDArray[np.int64]
Bools = NDArray[np.bool_]
Bits = NDArray[np.uint8]
#: Columns of the fans.
FAN = ("indicator", "subject", "year", "quantile", "value", "cluster", "name", "unit", "shown")
#: Futures kept whole for quantiles and for what binds: the first that count, by draw and luck.
KEPT = 4096


@dataclass(frozen=True, slots=True)
class Kept:
    """The kept subsample; the last axis of every array is the future.

    ``reads`` [(target, future)]: each judged indicator as worded, in its year. ``paths``
    [(year, series, future)]. ``drivers`` [(driver, future)]: every uncertain parameter, then the
    luck of every quantity at ``luck_years``. ``lots`` [(row, future)]: what became of the lots of
    every queue (``waiting.traced``). ``draw`` and ``luck``: who the future is.
    """

    reads: Array
    paths: Array
    drivers: Array
    lots: Array
    draw: Counts
    luck: Counts

    @property
    def futures(self) -> int:
        return int(self.reads.shape[-1])

    def chosen(self, which: Bools) -> "Kept":
        """The futures where ``which`` holds. [(future,)]"""
        return self if which.all() else self._taken(np.flatnonzero(which))

    def first(self, number: int) -> "Kept":
        """The first futures, in memory of their own."""
        if number >= self.futures:
            return self
        return Kept(**{f.name: getattr(self, f.name)[..., :number].copy() for f in fields(self)})

    def then(self, other: "Kept") -> "Kept":
        return Kept(
            **{
                f.name: np.concatenate([getattr(self, f.name), getattr(other, f.name)], axis=-1)
                for f in fields(self)
            }
        )

    def in_order(self) -> "Kept":
        """Sorted by draw; the two futures of a draw stay in their order."""
        return self._taken(np.argsort(self.draw, kind="stable"))

    def _taken(self, places: NDArray[np.intp]) -> "Kept":
        return Kept(**{f.name: getattr(self, f.name).take(places, axis=-1) for f in fields(self)})


@dataclass(frozen=True, slots=True)
class Judged:
    """One set of luck of one block, judged.

    ``by_year``: met in each year, a bit a draw as ``packbits`` has them [(target, year, draw / 8)];
    ``final``: met in the target's own year [(target, draw)]; ``kept``: the whole futures, where
    they are kept.
    """

    by_year: Bits
    final: Bools
    kept: Kept | None


@dataclass(frozen=True, slots=True)
class Scoring:
    """Which judged targets count towards joint verdicts: restatements count once.

    ``groups`` [(group, target)]: all distinct targets, then those of each kind.
    """

    groups: Bools

    @classmethod
    def of(cls, plan: Plan) -> "Scoring":
        distinct = np.array([t.restates == "" for t in plan.judged], dtype=bool)
        kinds = np.array([t.kind for t in plan.judged], dtype=str)
        return cls(np.array([distinct, *(distinct & (kinds == kind) for kind in KINDS)]))


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one block, or of many: every field but ``kept`` is added up.

    ``futures``: futures that count (all, or those that meet what is given) out of ``simulated``;
    ``twins``: parameter draws whose two sets of luck both count, ``both`` and ``either``
    [(target,)]: in how many of them both meet the target, and how many of their futures do;
    ``met`` [(target,)]; ``by_year`` [(target, year)]; ``pairs`` [(target, target)]; ``number_met``
    [(number + 1,)] over distinct targets; ``group_met`` [(group,)]; ``replicates``
    [(target, scrambling)] and ``replicate_futures`` [(scrambling,)].
    """

    futures: int
    simulated: int
    twins: int
    both: Counts
    either: Counts
    met: Counts
    by_year: Counts
    pairs: Counts
    number_met: Counts
    group_met: Counts
    replicates: Counts
    replicate_futures: Counts
    kept: Kept | None

    @property
    def draws(self) -> int:
        """Parameter draws that were simulated, each with two sets of luck."""
        return self.simulated // 2

    def __add__(self, other: "Tally") -> "Tally":
        """Merge the tally of later futures."""
        merged: dict[str, Any] = {
            f.name: getattr(self, f.name) + getattr(other, f.name)
            for f in fields(self)
            if f.name != "kept"
        }
        return Tally(**merged, kept=_joined(self.kept, other.kept))


def _joined(first: Kept | None, then: Kept | None) -> Kept | None:
    if first is None or then is None or first.futures >= KEPT:
        return first or then
    return first.then(then).first(KEPT)


def tally(a: Judged, b: Judged, inside: Bools, given: tuple[int, ...], scoring: Scoring) -> Tally:
    """Count one block. ``inside``: whether a draw of it counts. [(draw,)]"""
    valid_a, valid_b = (inside & side.final[list(given)].all(axis=0) for side in (a, b))
    twins = valid_a & valid_b
    counted = _tally_luck(a, valid_a, inside, scoring) + _tally_luck(b, valid_b, inside, scoring)
    kept = None
    if a.kept is not None and b.kept is not None:
        draws = np.sort(np.concatenate([a.kept.draw[valid_a], b.kept.draw[valid_b]]))
        early = a.kept.draw <= draws[:KEPT].max(initial=-1)
        kept = a.kept.chosen(valid_a & early).then(b.kept.chosen(valid_b & early))
        kept = kept.in_order().first(KEPT)
    met_a, met_b = a.final & twins, b.final & twins
    return replace(
        counted,
        twins=int(twins.sum()),
        both=_counted(met_a & met_b),
        either=_counted(met_a) + _counted(met_b),
        kept=kept,
    )


def _counted(met: Bools) -> Counts:
    """How many along the last axis."""
    return _ones(np.packbits(met, axis=-1))


def _ones(bits: Bits) -> Counts:
    """How many bits are set along the last axis, which holds whole words."""
    return np.asarray(np.bitwise_count(bits.view(np.uint64)).sum(axis=-1, dtype=np.int64))


def _tally_luck(side: Judged, valid: Bools, inside: Bools, scoring: Scoring) -> Tally:
    met = side.final & valid
    bits, which = np.packbits(side.final, axis=-1), np.packbits(valid)
    exact = met.astype(np.float32)  # sums of 0 and 1 below 2^24 are exact
    distinct = scoring.groups[0]
    number = (distinct.astype(np.float32) @ exact).astype(np.int64)[valid]
    nothing = np.zeros(len(met), dtype=np.int64)
    turns = len(valid) // SCRAMBLINGS  # the sequences take turns
    once = np.ones(turns, dtype=np.float32)
    together = [np.bitwise_and.reduce(bits[group], axis=0) for group in scoring.groups]
    return Tally(
        futures=int(valid.sum()),
        simulated=int(inside.sum()),
        twins=0,
        both=nothing,
        either=nothing,
        met=_ones(bits & which),
        by_year=_ones(side.by_year & which),
        pairs=(exact @ exact.T).astype(np.int64),
        number_met=np.bincount(number, minlength=int(distinct.sum()) + 1).astype(np.int64),
        group_met=_ones(np.array(together) & which),
        replicates=(once @ exact.reshape(len(met), turns, SCRAMBLINGS)).astype(np.int64),
        replicate_futures=valid.reshape(turns, SCRAMBLINGS).sum(axis=0, dtype=np.int64),
        kept=None,
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run's result depends on, beside the plan.

    ``draws``: those that were simulated; ``tolerance``: the half-width that was asked for, if any.
    ``view``: what a probability says.
    """

    scenario: str
    seed: int
    draws: int
    sampler: str
    given: tuple[str, ...]
    tolerance: float | None = None
    view: str = "inside"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One target, judged; or recorded with the reason why it is not. Values are in ``unit``.

    The fields are the columns of ``plansim run`` (docs/commands.md). None means not known.
    """

    plan: str
    scenario: str
    target: str
    indicator: str
    subject: str
    unit: str
    basis: str
    year: int | None
    comparator: str
    low: float | None
    high: float | None
    status: str
    reason: str
    p05: float | None = None
    p50: float | None = None
    p95: float | None = None
    probability: float | None = None
    prob_low: float | None = None
    prob_high: float | None = None
    verdict: str = ""
    evidence: str = ""
    median_gap: float | None = None
    required_growth: float | None = None
    reference_percentile: float | None = None
    first_year_met: int | None = None
    parameter_share: float | None = None
    binds: str = ""
    draws: int | None = None
    seed: int | None = None
    inside: float | None = None
    inside_low: float | None = None
    inside_high: float | None = None
    outside: float | None = None
    outside_low: float | None = None
    outside_high: float | None = None
    outside_rows: int | None = None
    outside_met: int | None = None
    doubt_low: float | None = None
    doubt_high: float | None = None
    weight: float | None = None
    owner: str = ""
    circular: str = ""
    chinese_class: str = ""
    chinese_years: int | None = None
    chinese_since: float | None = None
    chinese_since_windows: int | None = None
    chinese_boom: float | None = None
    chinese_boom_windows: int | None = None

    @property
    def precedent(self) -> Precedent | None:
        """How often Chinese places did what it requires; None where no class speaks of it."""
        if not self.chinese_class or self.chinese_years is None:
            return None
        return Precedent(
            self.chinese_class, self.chinese_years, self.chinese_since,
            self.chinese_since_windows, self.chinese_boom, self.chinese_boom_windows,
        )  # fmt: skip

    @property
    def half_width(self) -> float | None:
        """Half of the 95 % interval of what was simulated. [probability]"""
        low, high = self.inside_low, self.inside_high
        if low is None or high is None:
            low, high = self.prob_low, self.prob_high
        return None if low is None or high is None else (high - low) / 2


@dataclass(frozen=True, slots=True)
class Joint:
    """How many targets hold together. ``group`` is "all" or a kind of target.

    ``targets``: distinct ones (restatements counted once); ``frechet_low`` and ``frechet_high``
    bound the joint probability whatever the correlations.
    """

    group: str
    targets: int
    probability: float
    prob_low: float
    prob_high: float
    frechet_low: float
    frechet_high: float


@dataclass(frozen=True, slots=True)
class Result(Generic[Held]):
    """A judged plan: verdicts in file order, joint verdicts, and the futures behind them.

    ``support``: futures that meet what was given (all, where nothing was); ``simulated``: all.
    ``met_number``: p10, p50, p90 of the number of distinct targets met. ``pairs``: probability
    that two judged targets hold together [(judged, judged)]. ``shares``: by target, the share of
    its margin's variance that each driver explains. ``flows``: what became of every queue.
    """

    plan: Held
    settings: Settings
    support: int
    simulated: int
    verdicts: tuple[Verdict, ...]
    joint: tuple[Joint, ...]
    met_number: tuple[int, int, int]
    pairs: Array
    series: tuple[Series, ...]
    kept: Kept
    drivers: tuple[str, ...]
    shares: Mapping[str, Mapping[str, float]]
    flows: tuple[Flow, ...]

    @property
    def judged(self) -> tuple[Verdict, ...]:
        return tuple(v for v in self.verdicts if v.probability is not None)

    @property
    def unsettled(self) -> tuple[Verdict, ...]:
        """Judged targets whose interval is wider than the tolerance that was asked for."""
        most = self.settings.tolerance
        if most is None:
            return ()
        return tuple(v for v in self.judged if (v.half_width or 0.0) > most)

    def base_level(self, indicator: str, subject: str, year: int = 0) -> float:
        """The median of an indicator of a subject in the first year, or another. [base units]"""
        place = self.series.index(Series(indicator, subject))
        return float(np.median(self.kept.paths[year, place]))

    def to_frame(self, lang: str | None = None) -> "pd.DataFrame":
        """The verdicts as a table, one row a target: columns as in ``Verdict``, values in ``unit``.

        Then ``cluster`` (key), ``name`` and ``binds_name`` in a language.
        """
        import pandas as pd

        lang, columns = language(lang), [f.name for f in fields(Verdict)]
        table = pd.DataFrame(
            [[getattr(v, name) for name in columns] for v in self.verdicts], columns=columns
        )
        table["cluster"] = [target.cluster for target in self.plan.targets]
        table["name"] = [name_of(self.plan, f"targets.{v.target}", lang) for v in self.verdicts]
        table["binds_name"] = [name_of(self.plan, v.binds, lang) for v in self.verdicts]
        return table

    def quantiles(
        self, probabilities: tuple[float, ...] = (0.05, 0.5, 0.95), lang: str | None = None
    ) -> "pd.DataFrame":
        """Fan of every indicator, one row a series, year and quantile.

        ``value`` is in the indicator's base unit, ``shown`` in ``unit``, as it is reported.
        """
        lang = language(lang)
        values = np.quantile(self.kept.paths, probabilities, axis=-1)
        rows = [
            known | {
                "subject": item.subject, "year": year, "quantile": q,
                "value": float(values[i, t, s]), "shown": float(values[i, t, s]) / factor,
            }
            for s, item in enumerate(self.series)
            for known in [series_of(self.plan, item.indicator, item.subject, lang)]
            for factor in [factor_of(self.plan, item.indicator)]
            for t, year in enumerate(self.plan.years)
            for i, q in enumerate(probabilities)
        ]  # fmt: skip
        table = frame(rows, FAN)
        return table.astype({"year": int})

    def __repr__(self) -> str:
        s, told = self.settings, counted(v.probability or 0.0 for v in self.judged)
        return f"Result({self.plan.plan.id}, {s.scenario}, {s.draws} draws, seed {s.seed}; {told})"

    def _repr_html_(self) -> str:
        """The board, for a notebook: one row a judged target, in the order of the document."""
        return board(self, language(None))
