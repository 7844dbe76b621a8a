"""Inside view, outside view and the verdict that is made of both (Eq. 21 to 24).

The inside view is what the futures of the plan say; the outside view (``outlook``), how often
targets like it were met. They are pooled as opinions are: a weighted mean of log odds (Genest &
Zidek 1986), with weights that are stated, not fitted. What is read back from its own goal has no
inside view.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr, ndtri

from plansim.simulator.circles import Circle
from plansim.simulator.errors import InputError
from plansim.simulator.feasibility import Goal
from plansim.simulator.footing import origins
from plansim.simulator.outlook import OutsideView
from plansim.simulator.plan import Plan
from plansim.simulator.results import Kept, Verdict
from plansim.simulator.sampling import Array, Block

Bools = NDArray[np.bool_]
#: What a probability says: the verdict, or one of the two views that it is made of.
VIEWS = ("verdict", "inside", "outside")
#: Those that a lever or scenario can move: how often others met their targets is no matter of one.
MOVING = ("verdict", "inside")
#: The inside view is never surer than this, or less sure than what it leaves of 1 (Eq. 22).
LEAST = 0.02
#: Weight of the inside view by the worst provenance of what base and trend rest on (Eq. 21).
WEIGHTS: Mapping[str, float] = {
    "goal": 0.25, "judgement": 0.25, "literature": 0.5, "estimated": 0.5, "derived": 0.5,
    "stated": 0.5,
}  # fmt: skip
#: Mean correlation of met targets, of what one government does in one span of years (Eq. 24).
TOGETHER = 0.2
#: Draws of the document that the inside view is taken from where it is pooled.
REFERENCE = 2048


@dataclass(frozen=True, slots=True)
class Pool:
    """How the two views of one target are pooled, fixed by the document's goal and scenario.

    ``weight`` of the inside view; ``circle``: the code of what makes it the goal, read back, so
    that there is none (``circles.py``), "" where nothing does; ``shifts``: what the outside view
    moves a normal score by (Eq. 22), at the lower end of its interval, at its probability, and at
    the upper end.
    """

    weight: float
    circle: str
    outside: OutsideView
    shifts: tuple[float, float, float]

    def verdict(self, inside: float) -> float:
        """Eq. 23: the probability, with what the futures now say."""
        return self._at(inside, self.shifts[1], self.outside.probability)

    def doubt(self, inside: float) -> tuple[float, float]:
        """The same at both ends of the outside view's 90 % interval."""
        low, _, high = self.shifts
        return self._at(inside, low, self.outside.mean_low), self._at(
            inside, high, self.outside.mean_high
        )

    def _at(self, inside: float, shift: float, outside: float) -> float:
        if self.circle:
            return outside
        return moved(inside, shift)


@dataclass(frozen=True, slots=True)
class Views:
    """By judged target, how its views are pooled, and what leaves it without an inside view."""

    pools: Mapping[str, Pool]
    circles: Mapping[str, Circle]


def weight_of(rests: Sequence[str]) -> float:
    """Eq. 21: the weight of an inside view by what it rests on: the worst provenance decides."""
    return min((WEIGHTS[origin] for origin in rests), default=WEIGHTS["judgement"])


def pools(
    document: Plan, inside: Mapping[str, float], circles: Mapping[str, Circle]
) -> dict[str, Pool]:
    """By judged target that has an outside view, how it is pooled. ``inside``: probabilities.

    One shift serves all goals of an indicator in a year, so that the more demanding of two goals is
    never more likely.
    """
    shifts: dict[tuple[str, str, int | None], tuple[float, float, float]] = {}
    rests = origins(document)
    found = {}
    for target in document.judged:
        view = document.outside.get(target.id)
        if view is None:
            continue
        weight, chance = weight_of(rests[target.id]), inside[target.id]
        if target.id in circles:
            found[target.id] = Pool(0.0, circles[target.id].code, view, (0.0, 0.0, 0.0))
            continue
        key = target.indicator, target.cluster, target.year
        if key not in shifts:
            ends = (view.mean_low, view.probability, view.mean_high)
            low, middle, high = (shift(chance, outside, weight) for outside in ends)
            shifts[key] = low, middle, high
        found[target.id] = Pool(weight, "", view, shifts[key])
    return found


def verdicts(inside: Array, ids: Sequence[str], pooled: Mapping[str, Pool]) -> Array:
    """Eq. 23 of several targets: the verdict where there is an outside view. [(target,)]"""
    chances = zip(ids, inside.tolist(), strict=True)
    return np.array([pooled[t].verdict(p) if t in pooled else p for t, p in chances], dtype=float)


def jointly(pooled: Sequence[Pool], inside: float, each: Sequence[float]) -> float:
    """Targets that hold together: what the futures say, moved by the mean of the shifts (Eq. 23),
    and no likelier than the least likely of them.

    Of those without an inside view it is what is delivered that counts, and nothing moves it.
    ``each``: what the futures say of each pooled target alone.
    """
    shifts = [pool.shifts[1] for pool in pooled if not pool.circle]
    if not shifts:
        return inside
    alone = (
        chance if pool.circle else pool.verdict(chance)
        for pool, chance in zip(pooled, each, strict=True)
    )
    return min(moved(inside, float(np.mean(shifts))), *alone)


def moved(inside: float, by: float) -> float:
    """Eq. 23: Φ(Φ⁻¹(p_in) + δ)."""
    return float(ndtr(ndtri(np.clip(inside, LEAST, 1 - LEAST)) + by))


def seen_as(verdict: Verdict, inside: float) -> float:
    """Eq. 23 of another inside view, with the shift that a verdict shows."""
    said, own = verdict.probability, verdict.inside
    if verdict.outside is None or said is None:
        return inside
    if own is None:  # circular
        return said
    return moved(inside, float(ndtri(said) - ndtri(np.clip(own, LEAST, 1 - LEAST))))


def check_moving(view: str) -> None:
    """Raises InputError for a view that no lever or scenario moves."""
    if view not in MOVING:
        raise InputError.of("argument_range", "view", value=view, allowed=", ".join(MOVING))


def shift(inside: float, outside: float, weight: float) -> float:
    """Eq. 22: δ = Φ⁻¹(expit(w logit p_in + (1 − w) logit p_out)) − Φ⁻¹(p_in)."""
    clipped = np.clip(inside, LEAST, 1 - LEAST)
    pooled = expit(weight * logit(clipped) + (1 - weight) * logit(outside))
    return float(ndtri(pooled) - ndtri(clipped))


# -- the document's own futures --------------------------------------------------------------------


def met_in(goal: Goal, path: Array) -> Bools:
    """Whether a goal is met in its own year. [path: (year, future); (future,)]"""
    return np.asarray(goal.met(goal.read(path))[goal.year])


def inside_of(goals: Sequence[Goal], places: Sequence[int], kept: Kept) -> dict[str, float]:
    """Share of the kept futures that meet each target: the inside view of the document."""
    return {
        goal.target.id: float(met_in(goal, kept.paths[:, place]).mean())
        for goal, place in zip(goals, places, strict=True)
    }


def medians_of(goals: Sequence[Goal], kept: Kept) -> dict[str, float]:
    """What is read of each target in the median, in its unit."""
    middle = np.median(kept.reads, axis=1)
    return {
        goal.target.id: float(read / goal.target.scale)
        for goal, read in zip(goals, middle, strict=True)
    }


# -- targets together ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Together:
    """Which targets the kept futures meet, once their verdicts are what they are (Eq. 24).

    ``met`` [(target, future)]; ``loading``: r, what a common luck adds.
    """

    met: Bools
    loading: float


def together(
    goals: Sequence[Goal],
    places: Sequence[int],
    kept: Kept,
    seed: int,
    pooled: Mapping[str, Pool],
    chances: Sequence[float],
    distinct: Bools,
) -> Together:
    """Eq. 24: met ⇔ √(1 − r²) G + r π > Φ⁻¹(1 − P), future by future.

    G: normal score of the margin's rank, ties by the stream ``verdict/INDICATOR/SUBJECT/YEAR``,
    which is G itself where there is no inside view; π: the stream ``verdict/plan``. ``chances``: P.
    ``distinct``: targets that count. r is such that met targets correlate by TOGETHER on average,
    0 where they do without it.
    """
    names = [f"verdict/{g.target.indicator}/{g.target.cluster}/{g.target.year}" for g in goals]
    drawn = Block(seed, 0).normals(["verdict/plan", *names], 2)
    common, *ties = (np.asarray(rows[kept.luck, kept.draw], dtype=float) for rows in drawn)
    scores = np.array(
        [
            tie if goal.target.id in pooled and pooled[goal.target.id].circle
            else ranked(margin(goal, kept.paths[:, place]), tie)
            for goal, place, tie in zip(goals, places, ties, strict=True)
        ]
    ).reshape(len(goals), kept.futures)  # fmt: skip
    asked = ndtri(1 - np.asarray(chances, dtype=float))[:, None]

    def met(loading: float) -> Bools:
        return np.asarray(np.sqrt(1 - loading**2) * scores + loading * common > asked)

    loading = least_loading(lambda r: mean_correlation(met(r)[distinct]))
    return Together(met(loading), loading)


def margin(goal: Goal, path: Array) -> Array:
    """How far a goal is passed in its own year, or of every year in the worst one. [(future,)]

    What cannot be read is missed by most of all, as no goal is met by it.
    """
    read = goal.read(path)
    by_year = read - goal.threshold
    by_year = -np.abs(by_year) if goal.sign == 0 else goal.sign * by_year
    by_year = np.where(np.isnan(by_year), -np.inf, by_year)
    if goal.every_year:
        return np.asarray(by_year[goal.base + 1 : goal.year + 1].min(axis=0))
    return np.asarray(by_year[goal.year])


def ranked(values: Array, ties: Array) -> Array:
    """Normal scores of ranks (Blom 1958 without his constant); ties in the order of ``ties``."""
    order = np.lexsort((ties, values))
    scores = np.empty(len(values))
    scores[order] = ndtri((np.arange(len(values)) + 0.5) / len(values))
    return scores


def mean_correlation(met: Bools) -> float:
    """Mean correlation of pairs of targets, of those that some futures meet and some do not."""
    shares = met.mean(axis=1)
    moving = (shares > 0) & (shares < 1)
    number = int(moving.sum())
    if number < 2:
        return TOGETHER
    spread = np.sqrt(shares * (1 - shares))[moving, None]
    standard = (met[moving] - shares[moving, None]) / spread
    return float((standard.sum(axis=0).var() - number) / (number * (number - 1)))


def least_loading(correlation: Callable[[float], float]) -> float:
    """The least r at which targets correlate by TOGETHER, to a thousandth."""
    low, high = 0.0, 1.0
    if correlation(low) >= TOGETHER:
        return low
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (low, middle) if correlation(middle) >= TOGETHER else (middle, high)
    return high
