"""The one conductor: plan → streams → draws → quantities → indicators → verdicts.

Each parameter draw lives through two sets of luck, "a" and "b". Blocks of draws are independent:
they may be computed in any order, by any number of threads, processes or machines of one kind, and
are merged in order; the result is the same to the last bit.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from plansim.simulator.accounts import Accounts, OneFuture, indicator_path
from plansim.simulator.baseline import Baseline, close
from plansim.simulator.coverage import Delivery, queued, scheduled
from plansim.simulator.dynamics import Moves, Trend, from_link, luck_paths, shock_sds, trend_of
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.executors import Executor, Threads
from plansim.simulator.layout import Layout
from plansim.simulator.model import Model, given_faults
from plansim.simulator.naming import entry_of
from plansim.simulator.network import Network
from plansim.simulator.plan import Plan, Quantity
from plansim.simulator.queues import Value, bring, serve
from plansim.simulator.recall import Recall, anew
from plansim.simulator.results import KEPT, Judged, Kept, Result, Settings, Tally, tally
from plansim.simulator.sampling import SAMPLERS, STREAM_BLOCK, Array, Block, Single
from plansim.simulator.seen import seen
from plansim.simulator.verdicts import Reference, conclude, widest
from plansim.simulator.waiting import traced

LUCKS = ("a", "b")
MOST_DRAWS = 10**9
#: Draws of a run where nothing is said; and the most where only a tolerance is asked for.
DRAWS, LIMIT = 10_000, 10_000_000
BLOCKS = (128, 256, 512, 1024, 2048, 4096)


@dataclass(frozen=True, slots=True)
class Systematic:
    """What both sets of luck of a block share: parameters, base year, schedules, trends.

    ``trends`` and ``sds`` (of shocks): by quantity; ``moves``: what programmes do, where no queue
    is in it; ``lucky``: the block with the numbers of each set of luck of quantities, as seen so
    far.
    """

    p: dict[str, Value]
    baseline: Baseline
    scheduled: dict[str, Delivery]
    trends: Mapping[str, Trend]
    sds: Mapping[str, float | Single]
    moves: Moves | None
    lucky: Mapping[str, Block]


class Workspace:
    """Large arrays that one block after another is computed in: fresh memory costs more than sums.

    In memory the years of one quantity are neighbours: it is worked on while it is in the cache.
    """

    def __init__(self) -> None:
        self._memory: dict[str, Array] = {}

    def array(self, name: str, years: int, rows: int, draws: int) -> Array:
        """An array of its own for every name; what it held is lost. [(year, row, draw)]"""
        size = years * rows * draws
        held = self._memory.get(name)
        if held is None or held.size < size:
            held = self._memory[name] = np.empty(size)
        return held[:size].reshape(rows, years, draws).swapaxes(0, 1)


def trends(layout: Layout, p: Mapping[str, Value], bases: Mapping[str, Value]) -> dict[str, Trend]:
    """Eq. 2 of every quantity, from its base level."""
    return {
        name: trend_of(quantity, bases[name], p, name, len(layout.years))
        for name, quantity in layout.quantities.items()
    }


def systematic(model: Model, block: Block) -> Systematic:
    """All of Eq. 1 that luck has no part in."""
    plan, layout = model.plan, model.layout
    p: dict[str, Value] = dict(model.sampler.draw(block))
    baseline = close(plan, layout, p, block.draws)
    bases = baseline.levels
    deliveries = scheduled(plan, p)
    moves = None
    if not model.network.routes:
        moves = Moves.of(plan, layout, p, bases, deliveries)
    return Systematic(
        p=p,
        baseline=baseline,
        scheduled=deliveries,
        trends=trends(layout, p, bases),
        sds=shock_sds(layout, p, bases),
        moves=moves,
        lucky=lucks(model, block),
    )


def lucks(model: Model, block: Block) -> dict[str, Block]:
    """Where the numbers of each set of luck of quantities come from."""
    calibration, first = model.plan.calibration, model.layout.years[0]
    if calibration is None:
        return dict.fromkeys(LUCKS, block)
    scores = model.sampler.independent(block)
    return {luck: seen(calibration, first, block, luck, scores) for luck in LUCKS}


@dataclass(frozen=True, slots=True)
class Lived:
    """The futures of one set of luck, and what of it is kept where it is.

    ``shocks``: the luck of every quantity in ``luck_years`` [(driver, draw)]; ``lots``: what became
    of the lots of every queue [(row, draw)].
    """

    future: OneFuture
    shocks: Array | None
    lots: Array


def live(
    model: Model,
    common: Systematic,
    block: Block,
    luck: str,
    keep: bool,
    space: Workspace | None = None,
) -> Lived:
    """One future a draw: programmes delivered, luck added, levels taken, accounts opened.

    Raises InputError naming a quantity that is not finite.
    """
    plan, layout, bases = model.plan, model.layout, common.baseline.levels
    deliveries, moves = dict(common.scheduled), common.moves
    fates: dict[str, list[Array]] = {}
    if moves is None:
        for part in model.parts:
            brought, theirs = queue_up(plan, part, common.p, block, luck, keep)
            deliveries |= brought
            fates |= theirs
        deliveries = in_order(plan, deliveries)
        moves = Moves.of(plan, layout, common.p, bases, deliveries)
    shape = (len(layout.years), len(layout.rows), block.draws)
    space = space or Workspace()
    levels = space.array("levels", *shape)
    path = space.array("path", shape[0], 1, shape[2])[:, 0]  # stays in the cache
    chosen = np.array(model.luck_years, dtype=int)
    kept = np.empty((len(chosen), len(layout.rows), block.draws)) if keep else None
    for name, n in luck_paths(layout, common.p, common.sds, model.law, common.lucky[luck], luck):
        row = layout.rows[name]
        unmoved_path(common.trends[name], n, path)
        if name in moves.paths:
            path += moves.paths[name]
        as_level(layout.quantities[name], name, path, levels[:, row])
        if kept is not None:
            kept[:, row] = n[chosen - 1]
    accounts = Accounts(plan, layout, common.p, levels, common.baseline, moves)
    future = OneFuture(accounts, deliveries, block, luck)
    lots = stacked([row for key in model.network.routes for row in fates.get(key, ())], block)
    return Lived(future, None if kept is None else kept.reshape(-1, block.draws), lots)


def in_order(plan: Plan, deliveries: Mapping[str, Delivery]) -> dict[str, Delivery]:
    """Deliveries in the order of the plan: sums over programmes are always added alike."""
    return {key: deliveries[key] for key in plan.programmes if key in deliveries}


def unmoved_path(trend: Trend, n: Single, out: Array) -> None:
    """Eq. 1 of one quantity but for programmes, into ``out``. [(year, draw)]"""
    trend.into(out)
    out[1:] += n


def as_level(quantity: Quantity, name: str, path: Array, out: Array) -> None:
    """Eq. 1: link space → level; ``path`` is lost. Raises InputError naming one not finite."""
    from_link(quantity, path, out)
    if not np.isfinite(out[-1]).all():
        raise InputError.of("not_finite", name, value=float(out[-1].sum()))


def queue_up(
    plan: Plan,
    part: Network,
    p: Mapping[str, Value],
    block: Block,
    luck: str,
    keep: bool,
    recall: Recall = anew,
) -> tuple[dict[str, Delivery], dict[str, list[Array]]]:
    """What one part of the network delivers, and what became of its lots where that is kept."""
    futures = bring(plan, part, p, block, luck, recall)
    passages = serve(part, futures, keep, recall)
    fates = traced(part, futures, passages, len(plan.years)) if keep else {}
    return queued(plan, part, p, passages, recall), fates


def judge_luck(
    model: Model,
    common: Systematic,
    block: Block,
    luck: str,
    keep: bool,
    space: Workspace | None = None,
) -> Judged:
    """Indicators and targets of one set of luck; whole futures only where they are kept."""
    lived = live(model, common, block, luck, keep, space)
    places = model.goal_series
    wanted = range(len(model.series)) if keep else sorted(set(places))
    paths = {place: indicator_path(lived.future, model.series[place]) for place in wanted}
    years = len(model.layout.years)
    by_year = np.empty((len(places), years, block.draws // 8), dtype=np.uint8)
    final = np.empty((len(places), block.draws), dtype=bool)
    reads = np.empty((len(places), block.draws)) if keep else None
    for row, (goal, place) in enumerate(zip(model.goals, places, strict=True)):
        read = goal.read(paths[place])
        met = goal.met(read)
        by_year[row] = np.packbits(met, axis=-1)
        final[row] = met[goal.year]
        if reads is not None:
            reads[row] = read[goal.year]
    kept = None
    if lived.shocks is not None and reads is not None:
        uncertain = [common.p[name] for name in model.sampler.uncertain]
        kept = Kept(
            reads=reads,
            paths=np.stack([paths[place] for place in wanted], axis=1),
            drivers=np.concatenate([stacked(uncertain, block), lived.shocks]),
            lots=lived.lots,
            draw=block.number * STREAM_BLOCK + np.arange(block.start, block.stop),
            luck=np.full(block.draws, LUCKS.index(luck)),
        )
    return Judged(by_year, final, kept)


def stacked(rows: Sequence[Value], block: Block) -> Array:
    """Rows of one value or one value a draw. [(row, draw)]"""
    table = np.empty((len(rows), block.draws))
    for i, row in enumerate(rows):
        table[i] = row
    return table


@dataclass(frozen=True, slots=True)
class Job:
    """A block, how many of its first draws count, and whether its futures may be kept whole."""

    block: Block
    size: int
    keep: bool


def count_block(model: Model, job: Job, space: Workspace | None = None) -> Tally:
    """Simulate and judge the draws of a block, with both sets of luck."""
    block = job.block
    space = space or Workspace()
    common = systematic(model, block)
    a, b = (judge_luck(model, common, block, luck, job.keep, space) for luck in LUCKS)
    inside = np.arange(block.draws) < job.size
    return tally(a, b, inside, model.given, model.scoring)


class Counting:
    """The task of a run, Job → Tally. Whoever calls at the same time has a workspace of his own;
    elsewhere, the task begins with none.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._spaces: list[Workspace] = []

    def __reduce__(self) -> tuple[type["Counting"], tuple[Model]]:
        return Counting, (self.model,)

    def __call__(self, job: Job) -> Tally:
        try:
            space = self._spaces.pop()
        except IndexError:
            space = Workspace()
        counted = count_block(self.model, job, space)
        self._spaces.append(space)
        return counted


def run(
    plan: Plan,
    scenario: str = "plan",
    draws: int | None = None,
    seed: int = 1,
    *,
    sampler: str = "independent",
    given: Sequence[str] = (),
    workers: int = 1,
    block: int = STREAM_BLOCK,
    tolerance: float | None = None,
    over: Executor | None = None,
    reference: Reference | None = None,
    progress: Callable[[int], object] | None = None,
) -> Result:
    """Simulate ``draws`` parameter draws with two sets of luck each, and judge every target.

    ``given``: targets taken as met, by id or name; only futures that meet them count.
    ``tolerance``: stop after the first whole stream blocks with which the 95 % interval of every
    judged target is no wider than this to either side [probability]; ``draws`` is then the most.
    ``workers``: threads;
    ``over``: another executor. ``block``: draws computed together (one of BLOCKS). None of these
    three changes a bit of the result. ``reference`` answers how rare a growth is among real
    industries. ``progress`` is told how many draws each block held, in order. Raises InputError for
    arguments out of range.
    """
    draws = draws if draws is not None else DRAWS if tolerance is None else LIMIT
    given = [entry_of(plan, "targets", word) for word in given]
    check_arguments(plan, draws, seed, sampler, given, workers, block, tolerance)
    model = Model.of(plan, sampler, given)
    counts: Tally | None = None

    def asked() -> Iterator[Job]:
        """What is kept is full at some time: later futures need not be whole."""
        for job in jobs(draws, seed, block, selective=bool(given)):
            full = counts is not None and counts.kept is not None and counts.kept.futures >= KEPT
            yield replace(job, keep=job.keep and not full)

    with closing((over or Threads(workers))(Counting(model), asked())) as tallies:
        for counted in tallies:
            counts = counted if counts is None else counts + counted
            if progress is not None:
                progress(counted.draws)
            whole = counts.draws % STREAM_BLOCK == 0
            if tolerance is not None and whole and widest(counts, sampler) <= tolerance:
                break
    assert counts is not None  # there is at least one draw
    settings = Settings(scenario, seed, counts.draws, sampler, tuple(given), tolerance)
    return conclude(model, settings, counts, reference)


def check_arguments(
    plan: Plan,
    draws: int,
    seed: int,
    sampler: str,
    given: Sequence[str],
    workers: int,
    block: int,
    tolerance: float | None = None,
) -> None:
    """Raises InputError naming every argument of ``run`` that is out of range."""
    rules: tuple[tuple[str, object, bool, str], ...] = (
        ("draws", draws, 1 <= draws <= MOST_DRAWS, f"1 … {MOST_DRAWS}"),
        ("seed", seed, 0 <= seed < 2**63, f"0 … {2**63 - 1}"),
        ("sampler", sampler, sampler in SAMPLERS, ", ".join(SAMPLERS)),
        ("workers", workers, 1 <= workers <= 1024, "1 … 1024"),
        ("block", block, block in BLOCKS, ", ".join(map(str, BLOCKS))),
        ("tolerance", tolerance, tolerance is None or 1e-6 <= tolerance <= 0.5, "0.000001 … 0.5"),
    )
    faults = [
        Fault("argument_range", {"value": value, "allowed": allowed}, name)
        for name, value, fine, allowed in rules
        if not fine
    ]
    faults += given_faults(plan, given)
    if faults:
        raise InputError(faults)


def jobs(draws: int, seed: int, block: int, *, selective: bool) -> Iterator[Job]:
    """All blocks of a run; the last is no wider than it must be.

    ``selective``: any block may hold futures that are kept; else those of the first KEPT are, and
    no block holds both kinds: whole futures take memory.
    """
    whole = KEPT // len(LUCKS)
    first = 0
    while first < draws:
        number, start = divmod(first, STREAM_BLOCK)
        keep = selective or first < whole
        last = min(first - first % block + block, draws)
        if first < whole and not selective:
            last = min(last, whole)
        width = next(b for b in BLOCKS if b >= last - first)
        yield Job(Block(seed, number, start, start + width), last - first, keep)
        first = last


def merged(task: Callable[[Job], Tally], work: Iterator[Job], workers: int) -> Tally:
    """Tallies of all blocks, added in order; at most a few are held at a time."""
    return reduce(Tally.__add__, Threads(workers)(task, work))
