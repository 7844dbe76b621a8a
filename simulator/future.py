"""The futures of one block: parameters → base year → programmes → levels → accounts.

A run asks for them once. Whoever asks again, with other levers, does so with a memo in use, and
what no lever reaches is there already: the same functions, the same bits. Others ask for parts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, cast

import numpy as np

from plansim.simulator.accounts import Accounts, OneFuture
from plansim.simulator.baseline import Baseline, close
from plansim.simulator.coverage import Delivery, queued, scheduled
from plansim.simulator.dynamics import (
    Alike,
    LuckLaw,
    Moves,
    Trend,
    from_link,
    luck_paths,
    moved_alike,
    shock_sds,
    trend_of,
)
from plansim.simulator.errors import InputError
from plansim.simulator.layout import Layout
from plansim.simulator.memo import in_use, node, note, same, watch, watch_source
from plansim.simulator.model import Model
from plansim.simulator.network import Network
from plansim.simulator.paths import Shared, shared_parts
from plansim.simulator.plan import Plan, Quantity
from plansim.simulator.queues import Value, bring, serve
from plansim.simulator.sampling import Array, Block, Sampler, Single
from plansim.simulator.seen import seen
from plansim.simulator.waiting import traced

LUCKS = ("a", "b")
#: Levels of a plan that are told apart in it: section, entry, field.
PLAN_DEPTH = 3


@dataclass(frozen=True, slots=True)
class ParameterDraw:
    """What both sets of luck of a block share: parameters, base year, schedules, trends.

    ``layout``: in whose years levels are wanted; ``trends`` and ``sds`` (of shocks): by quantity;
    ``effects``: how programmes move quantities; ``moves``: by how much, where no queue is in it;
    ``shocks``: the block with the numbers of each set of luck of quantities, as seen so far;
    ``shared``: under the law of paths, what both sets of luck have alike but for what was seen.
    """

    layout: Layout
    p: dict[str, Value]
    baseline: Baseline
    scheduled: dict[str, Delivery]
    trends: Mapping[str, Trend]
    sds: Mapping[str, float | Single]
    effects: tuple[Alike, ...]
    moves: Moves | None
    shocks: Mapping[str, Block]
    shared: Mapping[str, Shared] = field(default_factory=dict)

    def among(self, model: Model, layout: Layout) -> "ParameterDraw":
        """The same for levels in the years of another layout."""
        if layout is self.layout:
            return self
        wanted = replace(self, layout=layout, moves=None)
        if self.moves is None:
            return wanted
        return replace(wanted, moves=wanted.moved(model.plan, self.scheduled))

    def moved(self, plan: Plan, deliveries: Mapping[str, Delivery]) -> Moves:
        """What programmes do that deliver so much."""
        bases = self.baseline.levels
        return self.moves or Moves.of(plan, self.layout, self.p, bases, deliveries, self.effects)


_among = node(Layout.among)


def draw_parameters(
    model: Model, block: Block, years: tuple[int, ...] | None = None
) -> ParameterDraw:
    """All of Eq. 1 that luck has no part in; of levels some ``years`` are wanted, or all."""
    layout = model.layout
    plan = watch("plan", model.plan, PLAN_DEPTH)
    p: dict[str, Value] = dict(model.sampler.draw(block))
    read = watch("p", p)
    baseline = close(plan, layout, read, block.draws)
    bases = baseline.levels
    deliveries = scheduled(model.plan, p)
    wanted = layout if years is None else _among(layout, years)
    sds, shocks = shock_sds(layout, read, bases), shock_blocks(model, block)
    law, shared = model.law, dict[str, Shared]()
    for luck in LUCKS if law.classes else ():
        given = (layout, read, sds, bases, law.classes, shocks[luck], law.shared)
        seen_alike = shared and shocks[luck] is block
        shared[luck] = shared[LUCKS[0]] if seen_alike else shared_parts(*given)
    drawn = ParameterDraw(
        layout=wanted,
        p=p,
        baseline=baseline,
        scheduled=deliveries,
        trends=trends(layout, read, bases),
        sds=sds,
        effects=moved_alike(plan, layout, read, bases),
        moves=None,
        shocks=shocks,
        shared=shared,
    )
    return (
        drawn if model.network.routes else replace(drawn, moves=drawn.moved(model.plan, deliveries))
    )


@node
def trends(layout: Layout, p: Mapping[str, Value], bases: Mapping[str, Value]) -> dict[str, Trend]:
    """Eq. 2 of every quantity, from its base level."""
    return {
        name: trend_of(quantity, bases[name], p, name, len(layout.years))
        for name, quantity in layout.quantities.items()
    }


_calibrated = node(Sampler.independent)


def shock_blocks(model: Model, block: Block) -> dict[str, Block]:
    """Where the numbers of each set of luck of quantities come from."""
    calibration, first = model.plan.calibration, model.layout.years[0]
    if calibration is None:
        return dict.fromkeys(LUCKS, block)
    scores = watch("scores", _calibrated(watch("sampler", model.sampler, 2), block))
    return {luck: seen(calibration, first, block, luck, scores) for luck in LUCKS}


@dataclass(frozen=True, slots=True)
class BlockResult:
    """The futures of one set of luck, and what of it is kept where it is.

    ``shocks``: the luck of every quantity in ``luck_years`` [(driver, draw)]; ``lots``: what became
    of the lots of every queue [(row, draw)].
    """

    future: OneFuture
    shocks: Array | None
    lots: Array


class Workspace:
    """Large arrays that one block after another is computed in: fresh memory costs more than sums.

    In memory the years of one quantity are neighbours: it is worked on while it is in the cache.
    """

    def __init__(self) -> None:
        self._memory: dict[str, Array] = {}
        self._levels: dict[str, Levels] = {}
        self._families: dict[str, str] = {}

    def array(self, name: str, years: int, rows: int, draws: int) -> Array:
        """An array of its own for every name; what it held is lost. [(year, row, draw)]"""
        size = years * rows * draws
        held = self._memory.get(name)
        if held is None or held.size < size:
            held = self._memory[name] = np.empty(size)
        return held[:size].reshape(rows, years, draws).swapaxes(0, 1)

    def levels(self, name: str, layout: Layout, draws: int, lazy: bool) -> "Levels":
        """Levels to be written. With a memo in use, those that were written under this name."""
        shape = (len(layout.years), len(layout.rows), draws)
        if not in_use():
            spare = self.array("path", shape[0], 1, draws)[:, 0]  # stays in the cache
            return Levels(name, layout, self.array("levels", *shape), spare)
        known = self._levels.get(name)
        if known is None or known.layout is not layout:
            table = Workspace().array("levels", *shape)
            spare = np.empty((shape[0], draws))
            known = self._levels[name] = Levels(name, layout, table, spare, lazy)
        return known

    def family(self, part: Network) -> str:
        """One name for parts of a network that have had a programme in common."""
        if len(part.routes) == 1 and (found := self._families.get(*part.routes)) is not None:
            return found
        known = (self._families[key] for key in part.routes if key in self._families)
        name = next(known, next(iter(part.routes)))
        self._families |= dict.fromkeys(part.routes, name)
        return name


class Levels:
    """Levels of all quantities in one ``table`` [(year, row, draw)], which note what is read.

    A row is written again only where it is made of something else than before; if ``lazy``, when it
    is first read. Whatever a row held before never comes again, as far as a memo knows.
    """

    passing = True
    _stamps = count(1)

    def __init__(
        self, name: str, layout: Layout, table: Array, spare: Array, lazy: bool = False
    ) -> None:
        rows = len(layout.rows)
        self.name, self.layout, self.table, self.spare = name, layout, table, spare
        self.state = object()
        self._lazy = lazy
        self._made: list[tuple[Array, Array | None] | None] = [None] * rows
        self._due: dict[int, tuple[str, Array, Array | None]] = {}
        self._stamp = [0] * rows
        self._peeked: dict[int | tuple[int, int], int] = {}

    def write(self, name: str, unmoved: Array, moved: Array | None) -> None:
        """Eq. 1 of one quantity: its path but for programmes, and what they move it by.

        [(year, draw), link space]. Raises InputError naming one that is not finite.
        """
        row = self.layout.rows[name]
        made = self._made[row]
        if made is not None and made[0] is unmoved and same(made[1], moved):
            self._made[row] = (unmoved, moved)  # found again at once
            self._due.pop(row, None)
            return
        self._stamp[row] = next(self._stamps)
        self.state = object()
        self._peeked.clear()
        self._due[row] = (name, unmoved, moved)
        if not self._lazy:
            self._settle(row)

    def _settle(self, row: int) -> None:
        """Write a row that is due."""
        name, unmoved, moved = self._due.pop(row)
        self._made[row] = None  # until it is written: it may be refused
        path = self.spare
        if moved is not None:
            np.add(unmoved, moved, out=path)
        elif unmoved is not path:
            path[...] = unmoved
        as_level(self.layout.quantities[name], name, path, self.table[:, row])
        self._made[row] = (unmoved, moved)

    def __getitem__(self, where: Any) -> Array:
        rows = where[1] if isinstance(where, tuple) and len(where) > 1 else slice(None)
        place = rows if isinstance(rows, int) else (0, len(self._stamp))
        if isinstance(rows, slice):
            first, last, step = rows.indices(len(self._stamp))
            place = (first, last) if step == 1 else place
        if self._due:
            for row in range(*place) if isinstance(place, tuple) else (place,):
                if row in self._due:
                    self._settle(row)
        note(self.name, place, self.peek(place))
        found: Array = self.table[where]
        return found

    def __array__(self, *_: Any, **__: Any) -> Array:
        return self[:]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.table.shape

    def peek(self, place: int | tuple[int, int]) -> Any:
        """When a row was written; or the last of some, from the first to before the last."""
        if place not in self._peeked:
            some = [self._stamp[place]] if isinstance(place, int) else self._stamp[slice(*place)]
            self._peeked[place] = max(some, default=0)
        return self._peeked[place]


def simulate_block(
    model: Model,
    draw: ParameterDraw,
    block: Block,
    luck: str,
    keep: bool = False,
    space: Workspace | None = None,
    lazy: bool = False,
) -> BlockResult:
    """One future a draw: programmes delivered, luck added, levels taken, accounts opened.

    ``lazy``: with a memo in use, levels are taken when they are first read. Raises InputError
    naming a quantity that is not finite.
    """
    plan, layout = model.plan, draw.layout
    space = space or Workspace()
    deliveries, lots = deliver(model, draw, block, luck, keep, space)
    moves = draw.moved(plan, deliveries)
    name = f"{luck}/lazy" if lazy else luck
    levels = space.levels(f"levels/{name}", layout, block.draws, lazy)
    shape = (len(model.luck_years), len(layout.rows), block.draws)
    kept = np.empty(shape) if keep else None
    for quantity, unmoved in unmoved_paths(model, draw, luck, levels.spare, kept):
        levels.write(quantity, unmoved, moves.paths.get(quantity))
    accounts = Accounts(
        watch("plan", plan, PLAN_DEPTH),
        watch(f"layout/{name}", layout),
        watch("p", draw.p),
        cast(Array, watch_source(levels.name, levels) if in_use() else levels.table),
        watch("baseline", draw.baseline, 2),
        watch(f"moves/{name}", moves, 2),
        source=f"accounts/{name}",
    )
    future = OneFuture(accounts, watch(f"deliveries/{luck}", deliveries), block, luck)
    return BlockResult(future, None if kept is None else kept.reshape(-1, block.draws), lots)


def block_futures(model: Model, block: Block, luck: str) -> OneFuture:
    """The futures of a block under one set of luck, where nothing else of it is asked."""
    return simulate_block(model, draw_parameters(model, block), block, luck).future


# -- what programmes deliver -----------------------------------------------------------------------


def deliver(
    model: Model,
    draw: ParameterDraw,
    block: Block,
    luck: str,
    keep: bool,
    space: Workspace,
) -> tuple[dict[str, Delivery], Array]:
    """What every programme delivers, in the order of the plan: sums over programmes are always
    added alike. What became of lots, where that is kept. [(row, draw)]
    """
    plan, p = watch("plan", model.plan, PLAN_DEPTH), watch("p", draw.p)
    deliveries = dict(draw.scheduled)
    fates: dict[str, list[Array]] = {}
    for part in model.parts:
        served = _served_together if len(part.routes) > 1 else _served_alone
        network = watch(f"network/{space.family(part)}", part, 2)
        brought, theirs = served(plan, network, p, block, luck, keep)
        deliveries |= brought
        fates |= theirs
    ordered = {key: deliveries[key] for key in model.plan.programmes if key in deliveries}
    return ordered, stacked(
        [row for key in model.network.routes for row in fates.get(key, ())], block
    )


def serve_part(
    plan: Plan, part: Network, p: Mapping[str, Value], block: Block, luck: str, keep: bool
) -> tuple[dict[str, Delivery], dict[str, list[Array]]]:
    """What one part of the network delivers, and what became of its lots where that is kept."""
    futures = bring(plan, part, p, block, luck)
    passages = serve(part, futures, keep)
    fates = traced(part, futures, passages, len(plan.years)) if keep else {}
    return queued(plan, part, p, passages), fates


#: Where programmes stand in line together, many of their lots come and go as they did last.
_served_together = node(serve_part, nodes="last")
_served_alone = node(serve_part, nodes="nothing")


# -- levels ----------------------------------------------------------------------------------------


def unmoved_paths(
    model: Model, draw: ParameterDraw, luck: str, spare: Array, kept: Array | None
) -> Iterator[tuple[str, Array]]:
    """Eq. 1 of one quantity after another but for programmes. [(year, draw), link space]

    Each is in ``spare`` until the next one is asked for; with a memo in use, in a table of its own.
    ``kept``: where the luck of ``luck_years`` is put. [(year, row, draw)]
    """
    layout, block, law = model.layout, draw.shocks[luck], model.law
    if in_use():
        p, law = watch("p", draw.p), watch("law", law)
        places = draw.layout.places
        given = (layout, places, p, draw.trends, draw.sds, law, block, luck, draw.shared.get(luck))
        yield from _unmoved(*given).items()
        return
    chosen = np.array(model.luck_years, dtype=int)
    for name, n in luck_paths(layout, draw.p, draw.sds, law, block, luck, draw.shared.get(luck)):
        if kept is not None:
            kept[:, layout.rows[name]] = n[chosen - 1]
        unmoved_path(draw.trends[name], n, spare)
        yield name, spare


@node
def _unmoved(
    layout: Layout,
    places: tuple[int, ...],
    p: Mapping[str, Value],
    ways: Mapping[str, Trend],
    sds: Mapping[str, float | Single],
    law: LuckLaw,
    block: Block,
    luck: str,
    shared: Shared | None,
) -> dict[str, Array]:
    """The same in some years, side by side in one table. By quantity [(year, draw)]"""
    path = np.empty((len(layout.years), block.draws))
    table = Workspace().array("unmoved", len(places), len(layout.rows), block.draws)
    found: dict[str, Array] = {}
    for name, n in luck_paths(layout, p, sds, law, block, luck, shared):
        unmoved_path(ways[name], n, path)
        found[name] = table[:, layout.rows[name]]
        found[name][...] = path[list(places)]
    return found


def unmoved_path(trend: Trend, n: Single, out: Array) -> None:
    """Eq. 1 of one quantity but for programmes, into ``out``. [(year, draw)]"""
    trend.into(out)
    out[1:] += n


def as_level(quantity: Quantity, name: str, path: Array, out: Array) -> None:
    """Eq. 1: link space → level; ``path`` is lost. Raises InputError naming one not finite."""
    from_link(quantity, path, out)
    if not np.isfinite(out[-1]).all():
        raise InputError.of("not_finite", name, value=float(out[-1].sum()))


def stacked(rows: Sequence[Value], block: Block) -> Array:
    """Rows of one value or one value a draw. [(row, draw)]"""
    table = np.empty((len(rows), block.draws))
    for i, row in enumerate(rows):
        table[i] = row
    return table
