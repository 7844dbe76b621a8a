"""What if: futures held ready, so that a changed lever costs no more than what it moves.

A plan is judged in the futures that ``run`` counts, with the same bits, by the same functions
(``future``), which find in a memo what no lever reaches. Of levels, accounts and indicators only
the years are looked at that decide whether a target is met; of chosen indicators, if asked, all.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, overload

import numpy as np
from numpy.typing import NDArray

from plansim.simulator.accounts import OneFuture, Series, indicator_path, series
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.feasibility import Goal
from plansim.simulator.frames import KEYS, counted, frame, keys_of, language
from plansim.simulator.future import LUCKS, Workspace, draw_parameters, simulate_block
from plansim.simulator.layout import Layout
from plansim.simulator.memo import KEEP, Memo, node, result_of
from plansim.simulator.model import Model
from plansim.simulator.naming import called, nearest_called, path_of, series_path
from plansim.simulator.plan import Held, Own, Plan
from plansim.simulator.pooling import Pool, verdicts
from plansim.simulator.run import BLOCKS, check_arguments, jobs, views_of
from plansim.simulator.sampling import Array, Block, Single

if TYPE_CHECKING:
    import pandas as pd

Bools = NDArray[np.bool_]
#: Quantiles of an indicator in its target's year.
ENDS = ("p05", "p50", "p95")
#: As many draws are judged quicker by one thread than by several, which wait for one another.
SHORT = 2048


@dataclass(frozen=True, slots=True)
class Standing(Generic[Held]):
    """How the judged targets of a plan stand in the futures held. [(target, luck, draw)]

    ``met``: in the target's own year; ``reads``: the indicator there as worded, in base units.
    ``paths``: indicators that were asked for, in all years [(year, luck, draw), base units].
    ``pooled``: how the inside and the outside view of a target are made one, by its id.
    """

    plan: Held
    met: Bools
    reads: NDArray[np.float64]
    paths: Mapping[str, Array] = field(default_factory=dict)
    pooled: Mapping[str, Pool] = field(default_factory=dict)

    @property
    def inside(self) -> Array:
        """Share of futures that meet each target. [(target,)]"""
        return np.asarray(self.met.mean(axis=(1, 2)))

    @property
    def probability(self) -> Array:
        """The verdict on each target (Eq. 23); the inside view where there is no other.
        [(target,)]
        """
        return verdicts(self.inside, [target.id for target in self.plan.judged], self.pooled)

    def fan(self, name: str, *shares: float) -> Array:
        """Quantiles of one of ``paths``, year by year: the value that so large a share of futures
        does not exceed. [(share, year)]
        """
        path = self.paths[name].reshape(len(self.plan.years), -1)
        return np.asarray(np.quantile(path, shares, axis=1, method="inverted_cdf"))

    def to_frame(self, lang: str | None = None) -> "pd.DataFrame":
        """One row a judged target: its probability, and quantiles of its indicator as worded.

        ``p05``, ``p50``, ``p95`` are in ``unit``.
        """
        lang = language(lang)
        ends = np.quantile(self.reads, (0.05, 0.5, 0.95), axis=(1, 2))
        chances, inside = self.probability, self.inside
        rows = [
            keys_of(self.plan, target, lang)
            | {"probability": float(chances[i]), "inside": float(inside[i])}
            | dict(zip(ENDS, ends[:, i] / target.scale, strict=True))
            for i, target in enumerate(self.plan.judged)
        ]
        return frame(rows, (*KEYS, "probability", *ENDS, "inside"))

    def __repr__(self) -> str:
        draws = self.met.shape[-1]
        return f"Standing({self.plan.plan.id}, {draws} draws; {counted(self.probability)})"


class WarmBlock(Block):
    """Blocks side by side, which draw each of their streams once.

    Lanes are counted from the first one of the first block. Normal numbers may be written on.
    """

    _blocks: tuple[Block, ...]
    _drawn: dict[str, tuple[list[Any], Iterator[Any]]]
    _numbers: dict[str, Single]

    def __init__(self, *blocks: Block) -> None:
        draws = sum(block.draws for block in blocks)
        super().__init__(blocks[0].seed, blocks[0].number, 0, draws)
        for name, value in {"_blocks": blocks, "_drawn": {}, "_numbers": {}}.items():
            object.__setattr__(self, name, value)

    def normals(self, names: Sequence[str], rows: int) -> Sequence[Single]:
        held = self._numbers
        new = [name for name in names if name not in held or len(held[name]) < rows]
        if new:  # more rows never move the first ones
            drawn = zip(*(block.normals(new, rows) for block in self._blocks), strict=True)
            for name, numbers in zip(new, drawn, strict=True):
                held[name] = _side_by_side(numbers)
        return [held[name][:rows].copy() for name in names]

    def uniforms(self, name: str) -> Iterator[Single]:
        return self._endless(name, lambda block: block.uniforms(name))

    def sobol(self, dimensions: int) -> Array:
        return np.concatenate([block.sobol(dimensions) for block in self._blocks])

    def exponentials(self, name: str) -> Iterator[Array]:
        return self._endless(name, lambda block: block.exponentials(name))

    def _endless(self, name: str, draw: Callable[[Block], Iterator[Any]]) -> Iterator[Any]:
        """As they were drawn before, and then on."""
        if name not in self._drawn:
            drawn = zip(*map(draw, self._blocks), strict=True)
            self._drawn[name] = [], map(_side_by_side, drawn)
        rows, rest = self._drawn[name]
        for place in count():
            if place == len(rows):
                rows.append(next(rest))
            yield rows[place]


def _side_by_side(numbers: Sequence[Any]) -> Any:
    """[(row, draw)] of several blocks as one."""
    return numbers[0] if len(numbers) == 1 else np.concatenate(numbers, axis=1)


class Futures:
    """One block of futures, to be judged under one setting of levers after another.

    ``keep``: settings that results are kept for (``Memo``). ``lucks``: the sets of luck that are
    lived through.
    """

    def __init__(self, block: Block, keep: int = KEEP, lucks: Sequence[str] = LUCKS) -> None:
        self.block = block if isinstance(block, WarmBlock) else WarmBlock(block)
        self._lucks = lucks
        self._memo = Memo(keep)
        self._space = Workspace()

    def judge(self, model: Model) -> tuple[Bools, Array]:
        """Targets met, and indicators as worded, in their own years. [(target, luck, draw)]"""
        met, reads, _ = self.judge_with_paths(model, ())
        return met, reads

    def judge_with_paths(
        self, model: Model, wanted: Sequence[Series]
    ) -> tuple[Bools, Array, Array]:
        """The same, with whole paths of some indicators. [(series, year, luck, draw)]"""
        sides, draws, years = len(self._lucks), self.block.draws, len(model.layout.years)
        met = np.empty((len(model.goals), sides, draws), dtype=bool)
        reads = np.empty(met.shape)
        paths = np.empty((len(wanted), years, sides, draws))
        with self._memo:
            draw = draw_parameters(model, self.block, model.decisive_years)
            asked = _by_series(model.goals, draw.layout)
            for side, luck in enumerate(self._lucks):
                found = simulate_block(model, draw, self.block, luck, space=self._space).future
                for goals in asked:
                    for row, hit, read in _in_their_years(found, goals):
                        met[row, side], reads[row, side] = hit, read
                if wanted:
                    every = draw.among(model, model.layout)
                    found = simulate_block(
                        model, every, self.block, luck, space=self._space, lazy=True
                    ).future
                    for row, item in enumerate(wanted):
                        paths[row, :, side] = result_of(indicator_path, found, item)
        return met, reads, paths


@dataclass(frozen=True, slots=True, eq=False)
class _Goals:
    """The targets of one indicator, each with its row among all."""

    item: Series
    rows: tuple[tuple[int, Goal], ...]


@node
def _by_series(goals: tuple[Goal, ...], layout: Layout) -> tuple[_Goals, ...]:
    """Targets by their indicators, in the years of a layout."""
    found: dict[Series, list[tuple[int, Goal]]] = {}
    for row, goal in enumerate(goals):
        item = Series(goal.target.indicator, goal.target.cluster)
        found.setdefault(item, []).append((row, goal.among(layout.years)))
    return tuple(_Goals(item, tuple(rows)) for item, rows in found.items())


@node
def _in_their_years(future: OneFuture, goals: _Goals) -> list[tuple[int, Bools, Array]]:
    """By row: whether each target is met in its own year, and the indicator there as worded.
    [(draw,)]
    """
    path, found = indicator_path(future, goals.item), []
    for row, goal in goals.rows:
        read = goal.read(path)
        found.append((row, goal.met(read)[goal.year].copy(), read[goal.year].copy()))
    return found


def width_of(draws: int, workers: int) -> int:
    """Draws that are held together: a share for each thread, but for a SHORT one."""
    return next((b for b in BLOCKS if b >= min(draws, SHORT) and b * workers >= draws), BLOCKS[-1])


class WhatIf(Generic[Held]):
    """A plan's first ``draws`` futures, to be judged under one setting of levers after another.

    ``lucks``: the sets of luck that each draw lives through; ``pooled``: how views are pooled,
    where that is known. Raises InputError for arguments that ``run`` would refuse.
    """

    def __init__(
        self,
        plan: Held,
        draws: int = 2000,
        seed: int = 1,
        workers: int = 1,
        lucks: Sequence[str] = LUCKS,
        pooled: Mapping[str, Pool] | None = None,
    ) -> None:
        width = width_of(draws, workers)
        check_arguments(plan, draws, seed, "independent", (), workers, width)
        self.plan = plan
        self.draws, self.seed = draws, seed
        self._lucks, self._pooled = tuple(lucks), pooled
        work = jobs(draws, seed, width, selective=False)
        self._futures = [Futures(job.block, lucks=lucks) for job in work]
        self._workers = workers
        self._models = Memo()

    @overload
    def judge(self, plan: None = None, paths: Sequence[str] = ()) -> Standing[Held]: ...
    @overload
    def judge(self, plan: Own, paths: Sequence[str] = ()) -> Standing[Own]: ...
    def judge(self, plan: Plan | None = None, paths: Sequence[str] = ()) -> Standing[Plan]:
        """How ``plan`` stands, the plan held by default.

        ``plan`` differs from it in levers or in figures; anything else costs what a run costs.
        ``paths``: indicators that are wanted in all years, by name, or by key: ``KEY`` or, of one
        cluster, ``KEY/CLUSTER``. Raises InputError naming those that the plan does not have.
        """
        with self._models:
            model = Model.of(plan or self.plan)
        wanted = chosen_series(self.plan, paths) if paths else ()

        def judged(futures: Futures) -> tuple[Bools, Array, Array]:
            return futures.judge_with_paths(model, wanted)

        if len(self._futures) == 1:
            parts = [judged(self._futures[0])]
        else:
            with ThreadPoolExecutor(self._workers) as pool:
                parts = list(pool.map(judged, self._futures))
        sides: Iterator[Any] = zip(*parts, strict=True)
        met, reads, whole = (
            (side[0] if len(side) == 1 else np.concatenate(side, axis=-1))[..., : self.draws]
            for side in sides
        )
        chosen = dict(zip(paths, whole, strict=True))
        return Standing(model.plan, met, reads, chosen, self.pooled)

    @cached_property
    def pooled(self) -> Mapping[str, Pool]:
        """How the views of each target are pooled, if not told by what the document says in as many
        draws. Of one set of luck it is not known: futures have two.
        """
        if self._pooled is not None:
            return self._pooled
        if len(self._lucks) < len(LUCKS) or not self.plan.outside:
            return {}
        return views_of(self.plan, self.seed, self.draws, workers=self._workers).pools


def chosen_series(plan: Plan, words: Sequence[str]) -> tuple[Series, ...]:
    """The series of some words. Raises InputError naming those that there are not."""
    known = {series_path(item.indicator, item.subject): item for item in series(plan)}
    found = []
    for word in words:
        path = f"indicators.{word}"
        found.append((word, known.get(path if path in known else path_of(plan, word))))
    faults = [
        Fault(
            "unknown_indicator",
            {
                "value": word,
                "choices": [called(plan, path) for path in known],
                "nearest": nearest_called(plan, word, known),
            },
            "paths",
        )
        for word, item in found
        if item is None
    ]
    if faults:
        raise InputError(faults)
    return tuple(item for _, item in found if item is not None)
