"""What if: futures held ready, so that a changed lever costs no more than what it moves.

A plan is judged in the futures that ``run`` counts, with the same bits. Judged again with other
levers, what no lever reaches (parameters, base year, trends, luck) is there already, queues are
served again only where the changed programme may stand in line, and levels, accounts and indicators
are worked out again only where programmes move them otherwise than before. Of levels, accounts and
indicators only the years are looked at that decide whether a target is met.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from plansim.simulator.accounts import Accounts, OneFuture, indicator_path, kind_of, rests_on
from plansim.simulator.baseline import Baseline, close
from plansim.simulator.coverage import Delivery, scheduled
from plansim.simulator.dynamics import Moves, luck_paths, shock_sds
from plansim.simulator.errors import InputError
from plansim.simulator.feasibility import Goal
from plansim.simulator.frames import KEYS, counted, frame, keys_of, language
from plansim.simulator.layout import Layout
from plansim.simulator.model import Model
from plansim.simulator.network import Network
from plansim.simulator.plan import Figure, Plan, Uncertainty
from plansim.simulator.queues import Value
from plansim.simulator.recall import Notebook, anew
from plansim.simulator.run import (
    BLOCKS,
    LUCKS,
    Workspace,
    as_level,
    check_arguments,
    in_order,
    jobs,
    lucks,
    queue_up,
    trends,
    unmoved_path,
)
from plansim.simulator.sampling import Array, Block, Single, quantile

if TYPE_CHECKING:
    import pandas as pd

Answer = TypeVar("Answer")
#: Quantiles of an indicator in its target's year.
ENDS = ("p05", "p50", "p95")
Bools = NDArray[np.bool_]
#: Settings of one part of a plan whose futures are held: on and off, and two more.
HELD = 4
#: As many draws are judged quicker by one thread than by several, which wait for one another.
SHORT = 2048


@dataclass(frozen=True, slots=True)
class Standing:
    """How the judged targets of a plan stand in the futures held. [(target, luck, draw)]

    ``met``: in the target's own year; ``reads``: the indicator there as worded, in base units.
    """

    plan: Plan
    met: Bools
    reads: NDArray[np.float64]

    @property
    def probability(self) -> Array:
        """Share of futures that meet each target. [(target,)]"""
        return np.asarray(self.met.mean(axis=(1, 2)))

    def to_frame(self, lang: str | None = None) -> "pd.DataFrame":
        """One row a judged target: its probability, and quantiles of its indicator as worded.

        ``p05``, ``p50``, ``p95`` are in ``unit``.
        """
        lang = language(lang)
        ends = np.quantile(self.reads, (0.05, 0.5, 0.95), axis=(1, 2))
        rows = [
            keys_of(self.plan, target, lang)
            | {"probability": float(self.probability[i])}
            | dict(zip(ENDS, ends[:, i] / target.scale, strict=True))
            for i, target in enumerate(self.plan.judged)
        ]
        return frame(rows, (*KEYS, "probability", *ENDS))

    def __repr__(self) -> str:
        draws = self.met.shape[-1]
        return f"Standing({self.plan.plan.id}, {draws} draws; {counted(self.probability)})"


class Memory(Generic[Answer]):
    """Answers to the last few questions; what was not asked for longest is forgotten."""

    def __init__(self, size: int = HELD) -> None:
        self._size = size
        self._known: list[tuple[Any, Answer]] = []

    def recall(self, question: Any, answer: Callable[[], Answer]) -> Answer:
        """What was answered to an equal question, or ``answer()``."""
        for place, (asked, found) in enumerate(self._known):
            if asked == question:
                self._known.append(self._known.pop(place))
                return found
        self._known.append((question, answer()))
        del self._known[: -self._size]
        return self._known[-1][1]


@dataclass(frozen=True, slots=True)
class Ground:
    """What no lever reaches: the base year, and by luck the paths of all quantities but for
    programmes, in link space, in the years of ``layout``. [(year, quantity, draw)]
    """

    layout: Layout
    baseline: Baseline
    unmoved: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Last:
    """Futures of one set of luck as they were last lived, in ``levels`` [(year, row, draw)].

    ``paths``: by position among all series.
    """

    ground: Ground
    deliveries: Mapping[str, Delivery]
    moves: Moves
    levels: Array
    accounts: Accounts
    paths: Mapping[int, Array]


class Remembering(Block):
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


class Held:
    """One block of futures.

    Figures of one name have one score whatever a lever does to their distributions, unless figures
    come or go that are correlated with others: then nothing that is held is of use. Of each part of
    a network what it delivers is held under the last ``settings``, and where programmes share it
    also the way of their lots under the last one, unless ``settings`` is 1. ``lucks``: the sets of
    luck that are lived through.
    """

    def __init__(self, block: Block, settings: int = HELD, lucks: Sequence[str] = LUCKS) -> None:
        self.block = block if isinstance(block, Remembering) else Remembering(block)
        self._settings, self._lucks = settings, lucks
        self._forget(())

    def _forget(self, world: object) -> None:
        self._world = world
        self._scores: dict[str, Array] = {}
        self._values: dict[str, tuple[Uncertainty, Array]] = {}
        self._grounds: Memory[Ground] = Memory(2)
        self._queues: dict[tuple[str, ...], Memory[dict[str, Delivery]]] = {}
        self._notes = {place: Notebook() for place in ("schedules", *self._lucks)}
        self._last: dict[str, Last] = {}

    def judge(self, model: Model) -> tuple[Bools, Array]:
        """Targets met, and indicators as worded, in their own years. [(target, luck, draw)]"""
        plan = model.plan
        p = self._parameters(model)
        years = model.decisive_years
        asked = _without_levers(plan), years
        ground = self._grounds.recall(asked, lambda: self._ground(model, p))
        by_schedule = scheduled(plan, p, self._notes["schedules"])
        places = model.goal_series
        met = np.empty((len(places), len(self._lucks), self.block.draws), dtype=bool)
        reads = np.empty(met.shape)
        for side, luck in enumerate(self._lucks):
            deliveries = in_order(plan, {**by_schedule, **self._queued(model, p, luck)})
            paths = self._live(model, p, ground, deliveries, luck)
            recall = self._notes[luck]
            for row, (goal, place) in enumerate(zip(model.goals, places, strict=True)):
                judged = recall(f"goals.{row}", _in_its_year, goal, years, paths[place])
                met[row, side], reads[row, side] = judged
        return met, reads

    def _live(
        self,
        model: Model,
        p: Mapping[str, Value],
        ground: Ground,
        deliveries: Mapping[str, Delivery],
        luck: str,
    ) -> Mapping[int, Array]:
        """The indicators that are judged; what no change reaches stays as it was lived last."""
        plan, layout = model.plan, ground.layout
        moves = Moves.of(plan, layout, p, ground.baseline.levels, deliveries, self._notes[luck])
        last = self._last.pop(luck, None)  # its levels are written on: gone if that fails
        if last is not None and last.ground is not ground:
            last = None
        unmoved = ground.unmoved[luck]
        levels = Workspace().array("levels", *unmoved.shape) if last is None else last.levels
        path = np.empty((unmoved.shape[0], unmoved.shape[2]))
        changed = set() if last is None else _changed_beside(last, deliveries, moves)
        for name, row in layout.rows.items():
            moved = moves.paths.get(name)
            if last is None or not _same(last.moves.paths.get(name), moved):
                np.add(unmoved[:, row], 0.0 if moved is None else moved, out=path)
                as_level(layout.quantities[name], name, path, levels[:, row])
                changed.add(kind_of(name))
        accounts = Accounts(plan, layout, p, levels, ground.baseline, moves)
        known: Mapping[int, Array] = {}
        if last is not None:
            accounts.take_over(last.accounts, changed)
            known = last.paths
        future = OneFuture(accounts, deliveries, self.block, luck)
        paths: dict[int, Array] = {}
        for place in set(model.goal_series):
            item = model.series[place]
            if place in known and not rests_on(plan.indicators[item.indicator]) & changed:
                paths[place] = known[place]
            else:
                paths[place] = indicator_path(future, item)
        self._last[luck] = Last(ground, deliveries, moves, levels, accounts, paths)
        return paths

    def _parameters(self, model: Model) -> dict[str, Value]:
        """Every figure; only what is distributed otherwise than before is worked out."""
        sampler = model.sampler
        plan = model.plan
        groups = tuple(members.names for members in sampler.groups)
        world = (groups, plan.parameter_correlations, plan.calibration)
        if world != self._world:
            self._forget(world)
        if not self._scores.keys() >= sampler.uncertain.keys():
            self._scores = sampler.scores(self.block)
        values: dict[str, Value] = dict(sampler.fixed)
        for name, uncertainty in sampler.uncertain.items():
            held = self._values.get(name)
            if held is None or (held[0] is not uncertainty and held[0] != uncertainty):
                held = (uncertainty, quantile(uncertainty, self._scores[name]))
                self._values[name] = held
            values[name] = held[1]
        return values

    def _ground(self, model: Model, p: Mapping[str, Value]) -> Ground:
        layout = model.layout
        baseline = close(model.plan, layout, p, self.block.draws)
        sds = shock_sds(layout, p, baseline.levels)
        ways = trends(layout, p, baseline.levels)
        judged = layout.among(model.decisive_years)
        path = np.empty((len(layout.years), self.block.draws))
        unmoved: dict[str, Array] = {}
        sources = lucks(model, self.block)
        for luck in self._lucks:
            shape = (len(judged.years), len(layout.rows), self.block.draws)
            paths = unmoved[luck] = Workspace().array("unmoved", *shape)
            for name, n in luck_paths(layout, p, sds, model.law, sources[luck], luck):
                unmoved_path(ways[name], n, path)
                paths[:, layout.rows[name]] = path[list(judged.places)]
        return Ground(judged, baseline, unmoved)

    def _queued(self, model: Model, p: Mapping[str, Value], luck: str) -> dict[str, Delivery]:
        """What queues deliver: a part of the network is served again if anything in it changed."""
        found: dict[str, Delivery] = {}
        for part in model.parts:
            memory = self._queues.setdefault((luck, *part.routes), Memory(self._settings))
            found |= memory.recall(
                _settings_of(part, model.plan),
                partial(self._served, model.plan, part, p, luck),
            )
        return found

    def _served(
        self, plan: Plan, part: Network, p: Mapping[str, Value], luck: str
    ) -> dict[str, Delivery]:
        """Where programmes stand in line together, many of their lots come and go as before."""
        again = self._settings > 1 and len(part.routes) > 1
        recall = self._notes[luck] if again else anew
        return queue_up(plan, part, p, self.block, luck, False, recall)[0]


def _in_its_year(goal: Goal, years: tuple[int, ...], path: Array) -> tuple[Bools, Array]:
    """Whether a target is met in its own year, and the indicator there as worded. [(draw,)]"""
    goal = goal.among(years)
    read = goal.read(path)
    return goal.met(read)[goal.year].copy(), read[goal.year].copy()


def _changed_beside(last: Last, deliveries: Mapping[str, Delivery], moves: Moves) -> set[str]:
    """What is no longer as it was last, beside what moves levels: kinds as in ``rests_on``."""
    keys = deliveries.keys() | last.deliveries.keys()
    changed = {f"programmes.{k}" for k in keys if deliveries.get(k) is not last.deliveries.get(k)}
    for part in ("added", "open_share", "recognised"):
        before, now = getattr(last.moves, part), getattr(moves, part)
        if any(not _same(before.get(c), now.get(c)) for c in before.keys() | now.keys()):
            changed.add("output")
    return changed


def _same(one: Array | None, other: Array | None) -> bool:
    if one is None or other is None:
        return one is other
    return one is other or np.array_equal(one, other)


def _without_levers(plan: Plan) -> Plan:
    """Everything that base year, trends and luck are made of."""
    return replace(plan, programmes={}, offices={}, quotas={}, targets=())


def _settings_of(part: Network, plan: Plan) -> tuple[object, ...]:
    """Everything that the lots of one part of the network come and go by."""
    paths = [station.path.split(".") for station in part.stations]
    shared = [plan.offices[path[1]] for path in paths if path[0] == "offices"]
    limits = [plan.quotas[path[1]] for path in paths if path[0] == "quotas"]
    programmes = [plan.programmes[key] for key in part.routes]
    return (part, shared, limits, [(own.lot, own.units, own.queue) for own in programmes])


def changed(plan: Plan, path: str, value: object) -> Plan:
    """The plan with another value at a dotted path: a number, a distribution, a switch.

    ``programmes.robots.queue.intake`` gives a figure another value [base units of the figure] and
    leaves its source; ``programmes.robots.active`` is what it is. Rules that plan files obey are
    not checked here: levers are moved within ranges that were. Raises InputError for a path that
    leads nowhere.
    """
    found: Plan = _changed(plan, path.split("."), value, path)
    return found


def _changed(node: Any, keys: Sequence[str], value: Any, path: str) -> Any:
    if not keys:
        return replace(node, value=value) if isinstance(node, Figure) else value
    first, *rest = keys
    if isinstance(node, tuple) and first.isdigit() and int(first) < len(node):
        place = int(first)
        return (*node[:place], _changed(node[place], rest, value, path), *node[place + 1 :])
    if isinstance(node, Mapping):
        key = next((key for key in node if str(key) == first), None)  # years are whole numbers
        if key is not None:
            return {**node, key: _changed(node[key], rest, value, path)}
    if first in getattr(type(node), "__dataclass_fields__", ()):
        return replace(node, **{first: _changed(getattr(node, first), rest, value, path)})
    raise InputError.of("matches_nothing", path, value=path)


def width_of(draws: int, workers: int) -> int:
    """Draws that are held together: a share for each thread, but for a SHORT one."""
    return next((b for b in BLOCKS if b >= min(draws, SHORT) and b * workers >= draws), BLOCKS[-1])


class WhatIf:
    """A plan's first ``draws`` futures, to be judged under one setting of levers after another.

    ``lucks``: the sets of luck that each draw lives through. Raises InputError for arguments that
    ``run`` would refuse.
    """

    def __init__(
        self,
        plan: Plan,
        draws: int = 2000,
        seed: int = 1,
        workers: int = 1,
        lucks: Sequence[str] = LUCKS,
    ) -> None:
        width = width_of(draws, workers)
        check_arguments(plan, draws, seed, "independent", (), workers, width)
        self.plan = plan
        self.draws = draws
        work = jobs(draws, seed, width, selective=False)
        self._held = [Held(job.block, lucks=lucks) for job in work]
        self._workers = workers
        self._notes = Notebook()

    def judge(self, plan: Plan | None = None) -> Standing:
        """How ``plan`` stands, the plan held by default.

        ``plan`` differs from it in levers or in figures; anything else costs what a run costs.
        """
        model = Model.of(plan or self.plan, recall=self._notes)
        if len(self._held) == 1:
            judged = [self._held[0].judge(model)]
        else:
            with ThreadPoolExecutor(self._workers) as pool:
                judged = list(pool.map(lambda held: held.judge(model), self._held))
        sides = zip(*judged, strict=True)
        met, reads = (
            side[0] if len(side) == 1 else np.concatenate(side, axis=-1) for side in sides
        )
        return Standing(model.plan, met[..., : self.draws], reads[..., : self.draws])
