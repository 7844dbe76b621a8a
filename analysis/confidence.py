"""Which value would this plan reach with a given probability? The number to write into the next."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor

import numpy as np

from plansim.simulator.errors import Fault, InputError
from plansim.simulator.executors import Threads
from plansim.simulator.feasibility import Goal, interval, parameter_share
from plansim.simulator.model import Model
from plansim.simulator.plan import Plan, Target
from plansim.simulator.run import Job, check_arguments, jobs
from plansim.simulator.sampling import Array
from plansim.simulator.whatif import Bools, Futures

#: Draws computed together.
TOGETHER = 1024


@dataclass(frozen=True, slots=True)
class Promise:
    """What a target would have to say to be met with a probability. [the target's unit]

    ``value`` lies in ``low`` … ``high`` with 95 % (simulation only); ``probability`` with its
    interval is that of the value which the plan states. ``better``: +1 where more is better, −1
    where less is, 0 where a level is to be held: then no value would be safer, and it is None.
    """

    target: Target
    better: int
    value: float | None
    low: float | None
    high: float | None
    probability: float
    prob_low: float
    prob_high: float


def promises(
    plan: Plan,
    confidence: float,
    draws: int = 10_000,
    seed: int = 1,
    workers: int = 1,
    progress: Callable[[int], object] | None = None,
) -> list[Promise]:
    """Every judged target with the value that is met in the share ``confidence`` of all futures.

    Raises InputError for arguments out of range.
    """
    check_arguments(plan, draws, seed, "independent", (), workers, TOGETHER)
    if not 0 < confidence < 1:
        fields = {"value": confidence, "allowed": "0 < … < 1"}
        raise InputError([Fault("argument_range", fields, file="--confidence")])
    met, reads = futures(plan, draws, seed, workers, progress)
    return [
        promise(Goal.of(target, plan), met[row], reads[row], confidence)
        for row, target in enumerate(plan.judged)
    ]


def futures(
    plan: Plan, draws: int, seed: int, workers: int, progress: Callable[[int], object] | None
) -> tuple[Bools, Array]:
    """Every judged target met, and its indicator as worded. [(target, luck, draw)]

    What has to hold every year is read in its worst year.
    """
    asked = [list(year_by_year(target, plan)) for target in plan.judged]
    model = Model.of(replace(plan, targets=tuple(t for group in asked for t in group)))
    met: list[Bools] = []
    reads: list[Array] = []
    work = jobs(draws, seed, TOGETHER, selective=False)
    sizes: list[int] = []

    def judged(job: Job) -> tuple[int, Bools, Array]:
        return job.size, *Futures(job.block, keep=1).judge(model)

    for size, hits, values in Threads(workers)(judged, work):
        sizes.append(size)
        met.append(by_target(hits[..., :size].astype(float), asked, 1) > 0)
        signs = [Goal.of(target, plan).sign or 1 for target in plan.judged]
        reads.append(by_target(values[..., :size], asked, signs))
        if progress is not None:
            progress(size)
    return np.concatenate(met, axis=-1), np.concatenate(reads, axis=-1)


def year_by_year(target: Target, plan: Plan) -> Iterator[Target]:
    """A target as it is; one that has to hold every year, in each of its years."""
    if target.comparator != "every_year":
        yield target
        return
    last = target.year or plan.plan.years[1]
    for year in range((target.base_year or plan.plan.base_year) + 1, last + 1):
        yield replace(target, id=f"{target.id}/{year}", comparator="reach", year=year)


def by_target(rows: Array, asked: Sequence[Sequence[Target]], signs: int | Sequence[int]) -> Array:
    """The worst of the rows that stand for one target. [(target, luck, draw)]"""
    found, place = [], 0
    for i, group in enumerate(asked):
        sign = signs if isinstance(signs, int) else signs[i]
        found.append(sign * (sign * rows[place : place + len(group)]).min(axis=0))
        place += len(group)
    return np.asarray(found).reshape(len(asked), *rows.shape[1:])


def promise(goal: Goal, met: Bools, reads: Array, confidence: float) -> Promise:
    """One target from what was read in all futures. [(luck, draw)]"""
    share = float(met.mean())
    own = interval(share, met.size, shared(met))
    value = low = high = None
    if goal.sign != 0:
        ordered = np.sort(np.nan_to_num(-goal.sign * reads, nan=np.inf), axis=None)
        reached = exceeded(ordered, confidence)
        hits = -goal.sign * reads <= reached
        bounds = interval(confidence, reads.size, shared(hits))
        ends = (exceeded(ordered, bounds[1], floor), reached, exceeded(ordered, bounds[0]))
        low, value, high = sorted(stated(goal, -goal.sign * end) for end in ends)
        value = stated(goal, -goal.sign * reached)
    return Promise(goal.target, goal.sign, value, low, high, share, *own)


def shared(met: Bools) -> float | None:
    """Share of the doubt that both lucks of a draw have in common."""
    return parameter_share(float((met[0] & met[1]).mean()), float(met.mean()))


def exceeded(ordered: Array, share: float, whole: Callable[[float], int] = ceil) -> float:
    """The least of rising numbers that at least this share of them does not exceed."""
    rank = whole(share * len(ordered) * (1 - 1e-12))
    return float(ordered[min(max(rank, 1), len(ordered)) - 1])


def stated(goal: Goal, read: float) -> float:
    """The value that a target would state if ``read`` just meets it: its tolerance comes on top.

    A tolerance is a share of the value (左右 of a level, 接近), or so many points.
    """
    share = 0.0
    points = goal.tolerance
    if goal.tolerance > 0 and goal.target.comparator in RELATIVE and is_relative(goal):
        share, points = goal.tolerance / abs(goal.threshold), 0.0
    size = read / (1 - goal.sign * share * np.sign(read))
    return float(size + goal.sign * points) / goal.target.scale


#: Comparators whose tolerance may be a share of the value.
RELATIVE = ("approx", "near_below")


def is_relative(goal: Goal) -> bool:
    """Whether the tolerance grows with the value (feasibility.tolerance)."""
    target = goal.target
    if target.comparator == "near_below":
        return True
    in_points = target.basis in ("annual_growth", "share", "rate") or target.unit == "%"
    return not in_points and goal.threshold != 0
