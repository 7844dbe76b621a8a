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

from plansim.simulator.accounts import indicator_path
from plansim.simulator.circles import Circle, circular, delivered_ratio
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.executors import Executor, Threads
from plansim.simulator.future import (
    LUCKS,
    ParameterDraw,
    Workspace,
    draw_parameters,
    simulate_block,
    stacked,
)
from plansim.simulator.model import Model, given_faults
from plansim.simulator.naming import entry_of
from plansim.simulator.plan import Own, Plan
from plansim.simulator.pooling import MOVING, REFERENCE, VIEWS, Views, inside_of, medians_of, pools
from plansim.simulator.results import KEPT, Judged, Kept, Result, Settings, Tally, tally
from plansim.simulator.sampling import SAMPLERS, STREAM_BLOCK, Block
from plansim.simulator.verdicts import conclude, widest

MOST_DRAWS = 10**9
#: Draws of a run where nothing is said; and the most where only a tolerance is asked for.
DRAWS, LIMIT = 10_000, 10_000_000
BLOCKS = (128, 256, 512, 1024, 2048, 4096)


def judge_luck(
    model: Model,
    common: ParameterDraw,
    block: Block,
    luck: str,
    keep: bool,
    space: Workspace | None = None,
) -> Judged:
    """Indicators and targets of one set of luck; whole futures only where they are kept."""
    lived = simulate_block(model, common, block, luck, keep, space)
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
    common = draw_parameters(model, block)
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
    plan: Own,
    draws: int | None = None,
    seed: int = 1,
    *,
    sampler: str = "independent",
    given: Sequence[str] = (),
    workers: int = 1,
    block: int = STREAM_BLOCK,
    tolerance: float | None = None,
    view: str = "verdict",
    over: Executor | None = None,
    progress: Callable[[int], object] | None = None,
) -> Result[Own]:
    """Simulate ``draws`` parameter draws with two sets of luck each, and judge every target.

    ``given``: targets taken as met, by id or name; only futures that meet them count.
    ``tolerance``: stop after the first whole stream blocks with which the 95 % interval of every
    judged target is no wider than this to either side [probability]; ``draws`` is then the most.
    ``view``: what a probability says: the verdict, or the inside or outside view alone; the
    inside view alone is all there is of a plan that was loaded without another, and of futures
    that were chosen (``given``).
    ``workers``: threads; ``over``: another executor. ``block``: draws computed together (one of
    BLOCKS). None of these three changes a bit of the result, which bears the scenario that the
    plan was loaded with.
    ``progress`` is told how many draws each block held, in order. Raises InputError for arguments
    out of range.
    """
    draws = draws if draws is not None else DRAWS if tolerance is None else LIMIT
    given = [entry_of(plan, "targets", word) for word in given]
    check_arguments(plan, draws, seed, sampler, given, workers, block, tolerance, view)
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
    views = Views({}, {})
    if counts.futures and counts.kept and (view == "inside" or given or not plan.outside):
        views = Views({}, circles_of(model, counts.kept))
    elif counts.futures and counts.kept:
        own = None if plan.document else counts.kept
        views = views_of(plan, seed, counts.draws, sampler, workers, own)
    said = view if views.pools else "inside"
    settings = Settings(plan.scenario, seed, counts.draws, sampler, tuple(given), tolerance, said)
    return conclude(model, settings, counts, views)


def views_of(
    plan: Plan,
    seed: int,
    draws: int,
    sampler: str = "independent",
    workers: int = 1,
    kept: Kept | None = None,
) -> Views:
    """How the views of a plan's targets are pooled: by what its document says, in as many draws.

    ``kept``: futures of the document, where there are some already. REFERENCE draws are enough.
    """
    document = plan.document or plan
    model = Model.of(document, sampler)
    if kept is None:
        work = jobs(min(draws, REFERENCE), seed, STREAM_BLOCK, selective=False)
        kept = merged(Counting(model), work, workers).kept
    assert kept is not None  # there is at least one draw
    circles = circles_of(model, kept)
    inside = inside_of(model.goals, model.goal_series, kept)
    return Views(pools(document, inside, circles), circles)


def circles_of(model: Model, kept: Kept) -> Mapping[str, Circle]:
    """What makes the inside view of a target the goal, read back, by its id."""
    medians = medians_of(model.goals, kept)
    return circular(model.plan, delivered_ratio(model.plan, medians))


def check_arguments(
    plan: Plan,
    draws: int,
    seed: int,
    sampler: str,
    given: Sequence[str],
    workers: int,
    block: int,
    tolerance: float | None = None,
    view: str = "verdict",
) -> None:
    """Raises InputError naming every argument of ``run`` that is out of range."""
    views = MOVING if given else VIEWS  # chosen futures say nothing of others' targets
    rules: tuple[tuple[str, object, bool, str], ...] = (
        ("draws", draws, 1 <= draws <= MOST_DRAWS, f"1 … {MOST_DRAWS}"),
        ("seed", seed, 0 <= seed < 2**63, f"0 … {2**63 - 1}"),
        ("sampler", sampler, sampler in SAMPLERS, ", ".join(SAMPLERS)),
        ("workers", workers, 1 <= workers <= 1024, "1 … 1024"),
        ("block", block, block in BLOCKS, ", ".join(map(str, BLOCKS))),
        ("view", view, view in views, ", ".join(views)),
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
