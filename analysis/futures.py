"""Futures with what they were made of, for questions about causes. One set of luck a draw."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from plansim.simulator.accounts import indicator_path
from plansim.simulator.dynamics import common_shock
from plansim.simulator.errors import InputError
from plansim.simulator.executors import Threads
from plansim.simulator.future import LUCKS, Workspace, draw_parameters, simulate_block, stacked
from plansim.simulator.model import Model
from plansim.simulator.run import MOST_DRAWS
from plansim.simulator.sampling import STREAM_BLOCK, Array, Block
from plansim.simulator.waiting import FATES

Bools = NDArray[np.bool_]
DAYS = 365.25


@dataclass(frozen=True, slots=True)
class Futures:
    """Judged futures; the last axis of every array is the future.

    ``reads`` [(target, future)]: indicators as worded, in their years [base units]; ``met``: the
    same targets met. Where they are whole: ``drivers`` [(driver, future)] as ``Model.drivers``
    names them; ``common`` [(year, future)]: the common shock, added up to the ``luck_years``;
    ``delivered`` [(year, programme, future)]: units by then; ``waited`` [(queue, future)]: what an
    applicant waits, on average [days].
    """

    reads: Array
    met: Bools
    drivers: Array
    common: Array
    delivered: Array
    waited: Array

    def then(self, other: "Futures") -> "Futures":
        """These futures, then others of the same plan."""
        both = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return Futures(*(np.concatenate(pair, axis=-1) for pair in both))


@dataclass(frozen=True, slots=True)
class Question:
    """One block of futures of one model. ``whole``: with all that made them."""

    model: Model
    block: Block
    whole: bool = False


class Living:
    """The task Question → Futures. Whoever calls at the same time has a workspace of his own."""

    def __init__(self) -> None:
        self._spaces: list[Workspace] = []

    def __call__(self, question: Question) -> Futures:
        try:
            space = self._spaces.pop()
        except IndexError:
            space = Workspace()
        found = lived(question, space)
        self._spaces.append(space)
        return found


def lived(question: Question, space: Workspace | None = None) -> Futures:
    """The futures of one block under the first set of luck: those that ``run`` counts."""
    model, block, whole = question.model, question.block, question.whole
    common = draw_parameters(model, block)
    life = simulate_block(model, common, block, LUCKS[0], whole, space)
    places = model.goal_series
    paths = {place: indicator_path(life.future, model.series[place]) for place in set(places)}
    reads = [goal.read(paths[place]) for goal, place in zip(model.goals, places, strict=True)]
    years = [goal.year for goal in model.goals]
    met = [goal.met(r)[goal.year] for goal, r in zip(model.goals, reads, strict=True)]
    nothing = np.empty((0, block.draws))
    found = Futures(
        reads=stacked([r[y] for r, y in zip(reads, years, strict=True)], block),
        met=np.array(met, dtype=bool).reshape(len(met), block.draws),
        drivers=nothing,
        common=nothing,
        delivered=nothing[None],
        waited=nothing,
    )
    if life.shocks is None:
        return found
    uncertain = stacked([common.p[name] for name in model.sampler.uncertain], block)
    luck_years = np.array(model.luck_years, dtype=int)
    whole_units = [d.whole(model.luck_years) for d in life.future.deliveries.values()]
    shape = (len(whole_units), len(luck_years), block.draws)
    units = np.array([np.broadcast_to(u, shape[1:]) for u in whole_units]).reshape(shape)
    shocks = common_shock(model.law.common_persistence, block, LUCKS[0], len(model.layout.years))
    return replace(
        found,
        drivers=np.concatenate([uncertain, life.shocks]),
        common=shocks[1:].cumsum(axis=0, dtype=float)[luck_years - 1],
        delivered=units.swapaxes(0, 1),
        waited=waits(model.network.routes, life.lots),
    )


def waits(routes: Mapping[str, Mapping[str, Sequence[str]]], lots: Array) -> Array:
    """What an applicant of each queue waits at all its stations, on average. [(queue, draw), days]

    ``lots``: the rows of ``plansim.simulator.waiting.traced``.
    """
    found, first = [], 0
    for stages in routes.values():
        last = first + len(FATES) + sum(map(len, stages.values()))
        applied, waited = lots[first], lots[first + len(FATES) : last].sum(axis=0)
        found.append(DAYS * waited / np.maximum(applied, 1.0))
        first = last
    return np.array(found).reshape(len(routes), lots.shape[-1])


def blocks(draws: int, seed: int) -> Iterator[Block]:
    """Blocks that hold so many draws: a power of two."""
    for first in range(0, draws, STREAM_BLOCK):
        yield Block(seed, first // STREAM_BLOCK, 0, min(draws - first, STREAM_BLOCK))


def all_lived(
    work: Sequence[Question], workers: int, tick: Callable[[int], object] | None = None
) -> Iterator[Futures]:
    """The futures of every question, in order. ``tick`` is told how many draws were done."""
    for question, found in zip(work, Threads(workers)(Living(), work), strict=True):
        if tick is not None:
            tick(question.block.draws)
        yield found


def sample(
    model: Model, draws: int, seed: int, workers: int, tick: Callable[[int], object] | None = None
) -> Futures:
    """So many whole futures of a model, a power of two."""
    work = [Question(model, block, whole=True) for block in blocks(draws, seed)]
    found: Futures | None = None
    for part in all_lived(work, workers, tick):
        found = part if found is None else found.then(part)
    assert found is not None
    return found


def power_of_two(draws: int, least: int = 128, most: int = 2**17) -> int:
    """The next power of two. Raises InputError for numbers out of range."""
    if not least <= draws <= most <= MOST_DRAWS:
        raise InputError.of("argument_range", "draws", value=draws, allowed=f"{least} … {most}")
    return 1 << (draws - 1).bit_length()
