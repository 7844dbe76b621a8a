"""Scenarios on the same draws: what changes, in how many futures, and how surely."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Generic

import numpy as np
from numpy.typing import NDArray

from plansim.simulator.errors import Fault, InputError
from plansim.simulator.executors import Executor, Threads
from plansim.simulator.feasibility import Z975, Goal, parameter_share
from plansim.simulator.feasibility import interval as single_interval
from plansim.simulator.frames import KEYS, frame, keys_of, language
from plansim.simulator.memo import Memo
from plansim.simulator.model import Model
from plansim.simulator.plan import Held, Own, Plan, Target
from plansim.simulator.pooling import Pool, check_moving, seen_as
from plansim.simulator.results import Verdict
from plansim.simulator.run import check_arguments, views_of
from plansim.simulator.sampling import STREAM_BLOCK, Array, Block
from plansim.simulator.whatif import Bools, Futures, WarmBlock

if TYPE_CHECKING:
    import pandas as pd

#: The number of draws that are judged together is a multiple of this.
LANES = 128


#: What a row of a comparison says of a target.
COMPARED = (
    "scenario", "probability", "prob_low", "prob_high", "diff", "diff_low", "diff_high", "wins",
    "loses",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contrast:
    """One target under one scenario, against the first one.

    ``diff`` with its 95 % simulation interval; ``wins``, ``loses``: share of futures in which the
    target is met under this scenario only, or under the first only (None: not known). All are 0 for
    the first scenario, and exactly 0, with no width, where not one bit of the indicator differs.
    """

    target: Target
    scenario: str
    probability: float
    prob_low: float
    prob_high: float
    diff: float
    low: float
    high: float
    wins: float | None
    loses: float | None
    same: bool


@dataclass(frozen=True, slots=True)
class Comparison(Generic[Held]):
    """Scenarios by name, on the same draws. ``rows``: target by target, scenario by scenario.

    ``met``: the number of distinct targets met, on average over futures, by scenario; with the
    difference to the first and its interval. ``joint``: share of futures that meet all of them.
    ``kept``: draws whose futures stand for all, where the counts alone are exact; else 0.
    """

    plan: Held
    names: tuple[str, ...]
    draws: int
    seed: int
    rows: tuple[Contrast, ...]
    met: tuple[tuple[float, float, float, float], ...]
    joint: tuple[float, ...]
    kept: int = 0

    def to_frame(self, lang: str | None = None) -> "pd.DataFrame":
        """One row a target and scenario: probabilities, and differences to the first scenario."""
        lang = language(lang)
        rows = [
            keys_of(self.plan, row.target, lang) | {
                "scenario": row.scenario, "probability": row.probability,
                "prob_low": row.prob_low, "prob_high": row.prob_high, "diff": row.diff,
                "diff_low": row.low, "diff_high": row.high, "wins": row.wins, "loses": row.loses,
            }
            for row in self.rows
        ]  # fmt: skip
        return frame(rows, (*KEYS, *COMPARED))

    def __repr__(self) -> str:
        met = ", ".join(
            f"{name} {met[0]:.1f}" for name, met in zip(self.names, self.met, strict=True)
        )
        return f"Comparison({self.plan.plan.id}, {self.draws} draws, seed {self.seed}; met: {met})"


#: Targets met, and indicators as worded, in some futures. [(target, luck, draw)] both
Judged = tuple[Bools, Array]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Counts of one scenario against the first, over some draws. [(target,)] but for ``all_met``

    ``met``, ``wins``, ``loses`` [futures]; ``both``: draws met with either luck; ``net``,
    ``square``: sums over draws of the mean difference of their two futures, and of its square;
    ``same``: not one bit of the indicator differs. ``met``, ``net`` and ``square`` have one more
    row, of the number of distinct targets met. ``all_met``: futures that meet all of these.
    """

    met: Array
    both: Array
    wins: Array
    loses: Array
    net: Array
    square: Array
    same: Bools
    all_met: int

    @classmethod
    def of(cls, first: Judged, this: Judged, distinct: Bools) -> "Pairs":
        """Count some draws."""
        (met0, reads0), (met, reads) = first, this
        number, number0 = (side[distinct].sum(axis=0) for side in (met, met0))
        change = np.concatenate([met.astype(float) - met0, [number - number0.astype(float)]])
        per_draw = change.mean(axis=1)
        equal = (met == met0) & ((reads == reads0) | (np.isnan(reads) & np.isnan(reads0)))
        return cls(
            met=np.append(met.sum(axis=(1, 2)), number.sum()),
            both=met.all(axis=1).sum(axis=1),
            wins=(met & ~met0).sum(axis=(1, 2)),
            loses=(met0 & ~met).sum(axis=(1, 2)),
            net=per_draw.sum(axis=1),
            square=(per_draw**2).sum(axis=1),
            same=equal.all(axis=(1, 2)),
            all_met=int(met[distinct].all(axis=0).sum()),
        )

    def __add__(self, other: "Pairs") -> "Pairs":
        names = ("met", "both", "wins", "loses", "net", "square", "all_met")
        sums = {name: getattr(self, name) + getattr(other, name) for name in names}
        return Pairs(**sums, same=self.same & other.same)


@dataclass(frozen=True, slots=True)
class Span:
    """Draws of a seed, from the first one to before the last."""

    seed: int
    first: int
    last: int

    def block(self) -> WarmBlock:
        """These draws, and as many more as make LANES whole."""
        stop = self.last + -self.last % LANES
        whole = range(self.first // STREAM_BLOCK + 1, -(-stop // STREAM_BLOCK))
        edges = [self.first, *(n * STREAM_BLOCK for n in whole), stop]
        blocks = []
        for first, last in pairwise(edges):
            number, start = divmod(first, STREAM_BLOCK)
            blocks.append(Block(self.seed, number, start, start + last - first))
        return WarmBlock(*blocks)


class Pairing:
    """The task of a comparison: some draws → every scenario paired with the first in them.

    It goes elsewhere as plans, which are smaller than what they are made ready to.
    """

    def __init__(self, plans: Sequence[Plan]) -> None:
        self.plans = plans

    def __reduce__(self) -> tuple[type["Pairing"], tuple[Sequence[Plan]]]:
        return Pairing, (self.plans,)

    @cached_property
    def models(self) -> list[Model]:
        with Memo():
            return [Model.of(plan) for plan in self.plans]

    def __call__(self, span: Span) -> tuple[int, list[Pairs]]:
        futures, size = Futures(span.block(), keep=1), span.last - span.first
        sides = [_first_draws(futures.judge(model), size) for model in self.models]
        distinct = np.array([target.restates == "" for target in self.plans[0].judged], dtype=bool)
        return size, [Pairs.of(sides[0], side, distinct) for side in sides]


def paired_interval(net: float, square: float, draws: float, sure: bool) -> tuple[float, float]:
    """95 % interval of a mean paired difference, from sums over draws of it and of its square.

    Normal over draws, after one draw won and one lost are added (Bonett & Price 2012): never
    without width unless nothing can differ, which ``sure`` says.
    """
    if sure:
        return 0.0, 0.0
    number = draws + 2
    mean = net / number
    spread = max((square + 2) / number - mean**2, 0.0)
    half = Z975 * np.sqrt(spread / number)
    return max(-1.0, float(mean - half)), min(1.0, float(mean + half))


def compare(
    plans: Mapping[str, Own],
    draws: int = 10_000,
    seed: int = 1,
    workers: int = 1,
    view: str = "verdict",
    over: Executor | None = None,
    progress: Callable[[int], object] | None = None,
) -> Comparison[Own]:
    """Judge scenarios of one document, by name, in the same futures; differences are to the first.

    ``view``: what a probability says: the verdict, or the ``inside`` view alone. ``workers``:
    threads; ``over``: another executor; neither changes a bit. ``progress`` is told
    how many draws each step has judged under all scenarios. Raises InputError for arguments out of
    range, and for plans whose judged targets differ.
    """
    names = tuple(plans)
    first = plans[names[0]]
    check_same_targets(list(plans.values()), names)
    pairs: list[Pairs] = []
    check_arguments(first, draws, seed, "independent", (), workers, STREAM_BLOCK)
    check_moving(view)
    work = shared_out(draws, seed, workers)
    with closing((over or Threads(workers))(Pairing(tuple(plans.values())), work)) as done:
        for size, counted in done:
            pairs = [a + b for a, b in zip(pairs, counted, strict=True)] if pairs else counted
            if progress is not None:
                progress(size)
    pooled: Mapping[str, Pool] = {}
    if first.outside and view != "inside":
        pooled = views_of(first, seed, draws, workers=workers).pools
    rows = [
        _verdict(
            _contrast(target, name, i, counted, draws),
            pooled[target.id].verdict if target.id in pooled else None,
        )
        for i, target in enumerate(first.judged)
        for name, counted in zip(names, pairs, strict=True)
    ]
    met = tuple(
        _pooled_number(_number(counted, draws), [row for row in rows if row.scenario == name])
        for name, counted in zip(names, pairs, strict=True)
    )
    joint = tuple(counted.all_met / (2 * draws) for counted in pairs)
    return Comparison(first, names, draws, seed, tuple(rows), met, joint)


def shared_out(draws: int, seed: int, workers: int) -> Iterator[Span]:
    """A stream block for each worker in turn, and in the last round an equal share of the rest.

    Streams are drawn whole, and what is shared by all draws of a job costs as much as some hundred
    of them: so the last shares have half a stream block to one and a half, where there are as many.
    """
    before = max(0, math.ceil(draws / (STREAM_BLOCK * workers) - 1.5)) * workers
    edges = [n * STREAM_BLOCK for n in range(before)]
    first = before * STREAM_BLOCK
    share = math.ceil((draws - first) / workers / LANES) * LANES
    for start, stop in pairwise([*edges, *range(first, draws, share), draws]):
        yield Span(seed, start, stop)


def _first_draws(judged: Judged, number: int) -> Judged:
    met, reads = judged
    return met[..., :number], reads[..., :number]


def check_same_targets(plans: Sequence[Plan], names: Sequence[str]) -> None:
    """Raises InputError naming every plan that does not judge what the first one judges."""
    wanted = [t.id for t in plans[0].judged]
    wrong = [n for n, p in zip(names, plans, strict=True) if [t.id for t in p.judged] != wanted]
    if wrong:
        raise InputError(
            [Fault("other_targets", {"value": name, "first": names[0]}) for name in wrong]
        )


def _contrast(target: Target, name: str, i: int, counted: Pairs, draws: int) -> Contrast:
    probability = float(counted.met[i] / (2 * draws))
    common = parameter_share(float(counted.both[i] / draws), probability)
    prob_low, prob_high = single_interval(probability, 2 * draws, common)
    low, high = paired_interval(counted.net[i], counted.square[i], draws, bool(counted.same[i]))
    return Contrast(
        target=target,
        scenario=name,
        probability=probability,
        prob_low=prob_low,
        prob_high=prob_high,
        diff=float((counted.wins[i] - counted.loses[i]) / (2 * draws)),
        low=low,
        high=high,
        wins=float(counted.wins[i] / (2 * draws)),
        loses=float(counted.loses[i] / (2 * draws)),
        same=bool(counted.same[i]),
    )


def _verdict(inside: Contrast, said: Callable[[float], float] | None) -> Contrast:
    """What the futures say of a target, moved by its outside view (Eq. 23, ``said``); wins and
    losses are counted in futures, and stay.
    """
    if said is None:
        return inside
    before = inside.probability - inside.diff
    first = said(before)
    this, *ends = map(said, (inside.probability, inside.prob_low, inside.prob_high))
    low, high = (said(before + end) - first for end in (inside.low, inside.high))
    return replace(
        inside, probability=this, prob_low=ends[0], prob_high=ends[1], diff=this - first,
        low=low, high=high,
    )  # fmt: skip


def _pooled_number(
    inside: tuple[float, float, float, float], rows: Sequence[Contrast]
) -> tuple[float, float, float, float]:
    """Distinct targets met on average by their verdicts; the interval of the difference is as wide
    against it as it is in futures.
    """
    _, gain, low, high = inside
    distinct = [row for row in rows if not row.target.restates]
    met, change = sum(r.probability for r in distinct), sum(r.diff for r in distinct)
    scale = change / gain if gain else 1.0
    ends = sorted((change + scale * (low - gain), change + scale * (high - gain)))
    return met, change, ends[0], ends[1]


def _number(counted: Pairs, draws: int) -> tuple[float, float, float, float]:
    """Distinct targets met on average; difference to the first scenario, with its interval."""
    mean = counted.net[-1] / draws
    spread = max(counted.square[-1] / draws - mean**2, 0.0)
    half = Z975 * float(np.sqrt(spread / draws))
    return float(counted.met[-1] / (2 * draws)), float(mean), float(mean - half), float(mean + half)


# -- stored runs -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is left of a run. ``verdicts`` by target, exact counts over ``draws``; ``reads``
    [(target, future)] of the kept futures, ``who`` they are [(2, future)].
    """

    name: str
    plan: Plan
    draws: int
    seed: int
    sampler: str
    given: tuple[str, ...]
    view: str
    verdicts: Mapping[str, Verdict]
    reads: Array
    who: NDArray[np.int64]
    joint: float


def compare_stored(runs: Sequence[Remembered]) -> Comparison:
    """Runs of the same seed and number of draws: probabilities and differences are exact counts.

    Intervals, wins and losses come from the kept futures, which are the same in all. What is asked
    of every year cannot be judged again from them: its interval is that of two unpaired runs.
    Raises InputError for runs whose futures are not the same, or whose targets differ.
    """
    first = runs[0]
    faults = [
        Fault("runs_not_paired", {"value": run.name, "first": first.name, "what": what})
        for run in runs[1:]
        for what in _unpaired(first, run)
    ]
    if faults:
        raise InputError(faults)
    check_same_targets([run.plan for run in runs], [run.name for run in runs])
    goals = [[Goal.of(target, run.plan) for target in run.plan.judged] for run in runs]
    rows = []
    for i, target in enumerate(first.plan.judged):
        for run, own in zip(runs, goals, strict=True):
            rows.append(_remembered(target, i, (first, goals[0][i]), (run, own[i])))
    distinct = [t.id for t in first.plan.judged if not t.restates]
    met = []
    for run in runs:
        number = sum(run.verdicts[t].probability or 0.0 for t in distinct)
        gain = number - sum(first.verdicts[t].probability or 0.0 for t in distinct)
        met.append((number, gain, float("nan"), float("nan")))
    kept = first.who.shape[-1] // 2
    names = tuple(run.name for run in runs)
    return Comparison(
        first.plan, names, first.draws, first.seed, tuple(rows), tuple(met),
        tuple(run.joint for run in runs), kept,
    )  # fmt: skip


def _unpaired(first: Remembered, run: Remembered) -> list[str]:
    """In what two runs differ that must be alike if their futures are to be the same."""
    found = [
        name
        for name in ("draws", "seed", "sampler", "given", "view")
        if getattr(run, name) != getattr(first, name)
    ]
    if run.plan.plan.id != first.plan.plan.id:
        found.append("plan")
    if not found and not np.array_equal(run.who, first.who):
        found.append("kept futures")
    return found


def _remembered(
    target: Target, i: int, first: tuple[Remembered, Goal], this: tuple[Remembered, Goal]
) -> Contrast:
    (run0, goal0), (run, goal) = first, this
    verdict = run.verdicts[target.id]
    probability, low, high = _counted(verdict)
    before, low0, high0 = _counted(run0.verdicts[target.id])
    same = goal0 == goal and np.array_equal(run.reads[i], run0.reads[i], equal_nan=True)
    diff = probability - before
    wins: float | None = None
    loses: float | None = None
    if goal.every_year:
        half = float(np.hypot((high - low) / 2, (high0 - low0) / 2))
        same = same and run is run0
        bounds = (0.0, 0.0) if same else (diff - half, diff + half)
    else:
        met0, met = (met_in_year(g, r.reads[i]) for g, r in ((goal0, run0), (goal, run)))
        change = (met.astype(float) - met0).reshape(-1, 2).mean(axis=1)
        wins, loses = float((met & ~met0).mean()), float((met0 & ~met).mean())
        left, right = paired_interval(change.sum(), float((change**2).sum()), len(change), same)
        half = (right - left) / 2 * float(np.sqrt(len(change) / run.draws))
        bounds = (diff - half, diff + half)
    found = Contrast(
        target, run.name, probability, low, high, diff, max(-1.0, bounds[0]), min(1.0, bounds[1]),
        wins, loses, same,
    )  # fmt: skip
    if run.view == "outside":  # which no scenario moves
        return _verdict(found, lambda _: verdict.probability or 0.0)
    return _verdict(found, partial(seen_as, verdict) if verdict.outside is not None else None)


def _counted(verdict: Verdict) -> tuple[float, float, float]:
    """What the futures of a run say of a target, with its interval."""
    if verdict.inside is None:  # what has no inside view is the same in all
        return verdict.probability or 0.0, verdict.prob_low or 0.0, verdict.prob_high or 0.0
    return verdict.inside, verdict.inside_low or 0.0, verdict.inside_high or 0.0


def met_in_year(goal: Goal, read: Array) -> Bools:
    """Whether a target that is not of every year is met, from its read alone. [(future,)]"""
    path = np.full((goal.year + 1, len(read)), np.nan)
    path[goal.year] = read
    with np.errstate(invalid="ignore"):
        return np.asarray(goal.met(path)[goal.year])
