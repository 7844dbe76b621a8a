"""What would have to change? The least effort or cost of levers that reaches an asked probability.

Coarse to fine on common draws: levers that reach nothing are left alone; scipy's differential
evolution, begun at what going lever by lever finds, searches the rest with few draws (or every
setting is judged, where there are few); the best is trimmed with more draws; answer and frontier
are confirmed on fresh draws, and where the answer falls short there, more is asked for.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, prod
from typing import TYPE_CHECKING, Generic

import numpy as np

from plansim.analysis.levers import Knob, Setting, cost, effort, knobs
from plansim.analysis.search import (
    Least,
    Order,
    ascend,
    climb,
    every,
    evolve,
    frontier,
    moving,
    trimmed,
)
from plansim.analysis.trial import Chance, Trial, Wish
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.frames import KEYS, frame, keys_of, language
from plansim.simulator.model import given_faults
from plansim.simulator.naming import entry_of, name_of
from plansim.simulator.plan import Held, Own, Plan
from plansim.simulator.pooling import REFERENCE
from plansim.simulator.run import views_of

if TYPE_CHECKING:
    import pandas as pd

#: Draws of the search, at most; the asked number is for trimming, twice that for confirming.
COARSE = 500
#: So many settings at most are all judged; how often more is asked for.
ALL, ROUNDS = 150, 3


#: What a row of the frontier says of a target, and of a lever.
FOUND = ("point", "answer", "asked", "probability", "prob_low", "prob_high", "effort", "cost")
SET = ("point", "answer", "lever", "name", "value", "plan_value", "unit", "effort", "cost")


@dataclass(frozen=True, slots=True)
class Point:
    """A setting, what it takes, and its chances: on fresh draws, and on those searched."""

    setting: Setting
    effort: float
    cost: float
    chances: tuple[Chance, ...]
    searched: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sought(Generic[Held]):
    """The answer, and what it is worth.

    ``points``: the frontier, by what is least; ``plan`` and ``answer`` are two of them. ``idle``:
    levers that do not move what was wished for. ``judged``: settings that were judged;
    ``complete``: these were all that are allowed. ``hardest``: the wish with least to spare.
    ``delivered``: targets without an inside view, of which it is what is delivered that counts.
    """

    plan: Held
    knobs: tuple[Knob, ...]
    idle: tuple[str, ...]
    wishes: tuple[Wish, ...]
    least: Least
    budget: float
    points: tuple[Point, ...]
    own: Point
    answer: Point
    hardest: int
    judged: int
    complete: bool
    rounds: int
    draws: int
    seed: int
    fresh_draws: int
    fresh_seed: int
    delivered: tuple[str, ...] = ()

    def to_frame(self, lang: str | None = None) -> "pd.DataFrame":
        """One row a setting of the frontier and target wished for, with the wish's probability."""
        lang, by_id = language(lang), {target.id: target for target in self.plan.targets}
        rows = [
            keys_of(self.plan, by_id[target], lang) | {
                "point": place, "answer": point is self.answer, "asked": wish.asked,
                "probability": chance.probability, "prob_low": chance.low,
                "prob_high": chance.high, "effort": point.effort, "cost": point.cost,
            }
            for place, point in enumerate(self.points, 1)
            for wish, chance in zip(self.wishes, point.chances, strict=True)
            for target in wish.targets
        ]  # fmt: skip
        return frame(rows, (*KEYS, *FOUND))

    def settings(self, lang: str | None = None) -> "pd.DataFrame":
        """One row a setting of the frontier and lever: where it stands, in the lever's ``unit``."""
        lang = language(lang)
        rows = [
            {
                "point": place, "answer": point is self.answer, "lever": knob.key,
                "name": name_of(self.plan, f"levers.{knob.key}", lang), "value": value,
                "plan_value": knob.own, "unit": knob.lever.unit, "effort": knob.effort(value),
                "cost": knob.cost(value),
            }
            for place, point in enumerate(self.points, 1)
            for knob, value in zip(self.knobs, point.setting, strict=True)
        ]  # fmt: skip
        return frame(rows, SET)

    def __repr__(self) -> str:
        state = "reached" if self.reached else "not reached"
        said = ", ".join(f"{chance.probability:.2f}" for chance in self.answer.chances)
        return f"Sought({self.plan.plan.id}, {len(self.points)} settings; {state}: {said})"

    @property
    def reached(self) -> bool:
        """Whether every wish has the asked probability on fresh draws."""
        return meets(self.wishes, self.answer.chances)

    @property
    def cornered(self) -> bool:
        """Whether every lever that moves anything stands at an end of its range."""
        return all(
            value in (knob.values[0], knob.values[-1])
            for knob, value in zip(self.knobs, self.answer.setting, strict=True)
            if knob.key not in self.idle
        )


def meets(wishes: Sequence[Wish], chances: Sequence[Chance]) -> bool:
    return all(c.probability >= w.asked for w, c in zip(wishes, chances, strict=True))


def seek(
    plan: Own,
    wishes: Sequence[Wish] | Mapping[str, float],
    *,
    levers: Sequence[str] = (),
    budget: float = inf,
    least: Least | None = None,
    draws: int = 2000,
    seed: int = 1,
    workers: int = 1,
    progress: Callable[[int], object] | None = None,
) -> Sought[Own]:
    """The setting of least effort or cost with which every wish has its probability, or the best.

    ``wishes``: asked probabilities by target, or groups of targets that should hold together.
    ``least``: cost where every lever has one, else effort, if not given. ``budget``: the most that
    it may cost more than the plan [亿元]. Raises InputError naming every argument out of range.
    """
    if isinstance(wishes, Mapping):
        wishes = [Wish((target,), asked) for target, asked in wishes.items()]
    wishes = [
        replace(wish, targets=tuple(entry_of(plan, "targets", word) for word in wish.targets))
        for wish in wishes
    ]
    check(plan, wishes, budget)
    found = knobs(plan, levers)
    least = least or ("cost" if all(knob.price is not None for knob in found) else "effort")
    pooled = views_of(plan, seed, REFERENCE, workers=workers).pools if plan.outside else {}
    coarse = Trial(plan, found, wishes, min(draws, COARSE), seed, 1, progress, pooled)
    fine = Trial(plan, found, wishes, draws, seed, workers, progress, pooled)

    def afresh(times: int) -> Trial:
        """On draws that nothing was chosen by."""
        return Trial(plan, found, wishes, 2 * draws, seed + times, workers, progress, pooled)

    order = Order(found, wishes, least, budget)
    own = tuple(knob.own for knob in found)
    active, corner, allowed = explored(coarse, order, own)
    answer, trials, failed = proven(coarse, fine, order, active, corner, afresh)
    fresh = trials[-1]
    asked = Order(found, wishes, least, budget)
    spare = [c.probability - w.asked for w, c in zip(wishes, fresh.chances(answer), strict=True)]
    hardest = int(np.argmin(spare))
    settings = {own, answer, *frontier(coarse, asked, own, hardest)}
    if meets(wishes, fresh.chances(answer)):  # perhaps one of the others does with less
        lighter = (s for s in settings - failed if asked.burden(s) < asked.burden(answer))
        answer = min([answer, *(s for s in lighter if holds(trials, wishes, s))], key=asked.burden)
    points = sorted(
        (point(found, fresh, fine, setting) for setting in settings),
        key=lambda p: (asked.burden(p.setting)[1:], p.chances[hardest].probability),
    )
    return Sought(
        plan, found, tuple(k.key for i, k in enumerate(found) if i not in active), tuple(wishes),
        least, budget, tuple(undominated(points, asked, hardest, (own, answer))),
        next(p for p in points if p.setting == own), next(p for p in points if p.setting == answer),
        hardest, allowed or len({*coarse.known, *fine.known}), allowed > 0,
        len(trials) - 1, draws, seed, fresh.draws, fresh.seed,
        tuple(t for wish in wishes for t in wish.targets if t in pooled and pooled[t].circle),
    )  # fmt: skip


def explored(coarse: Trial, order: Order, own: Setting) -> tuple[list[int], Setting, int]:
    """Levers that matter and the corner where they are at their best, once settings were tried.

    Last, how many settings there are, if all of them were tried; 0 if the best were searched for.
    """
    active, corner = moving(coarse, order, own)
    allowed = prod(len(order.knobs[i].values) for i in active)
    if allowed <= ALL:
        for setting in every(order.knobs, own, active):
            coarse.probabilities(setting)
        return active, corner, allowed
    begun = [ascend(coarse, order, own, corner, active), corner]
    evolve(coarse, order, own, active, [*begun, climb(coarse, order, corner, active)])
    return active, corner, 0


def proven(
    coarse: Trial,
    fine: Trial,
    order: Order,
    active: Sequence[int],
    corner: Setting,
    afresh: Callable[[int], Trial],
) -> tuple[Setting, list[Trial], set[Setting]]:
    """The answer, held against draws that it was not chosen by, and the trials, these last.

    Where it falls short there, more is asked for and it is sought again. Last, what fell short:
    other draws make it no better.
    """
    trials: list[Trial] = [fine]
    failed: set[Setting] = set()
    answer = corner
    while len(trials) <= ROUNDS:
        better = trimmed(coarse, fine, order, corner, active)
        if len(trials) > 1 and order.short(fine.probabilities(better)) > 0:
            break  # what more is asked for cannot be had
        answer = better
        fresh = afresh(len(trials))
        trials.append(fresh)
        chances = zip(order.wishes, fresh.chances(answer), strict=True)
        lacks = max(wish.asked - chance.probability for wish, chance in chances)
        if lacks <= 0 or order.short(fine.probabilities(answer)) > 0:
            break
        failed.add(answer)
        order = order.asking(lacks + 0.002)
    return answer, trials, failed


def check(plan: Plan, wishes: Sequence[Wish], budget: float) -> None:
    """Raises InputError naming every wish that cannot be."""
    faults = [
        replace(fault, path="", file="--target")
        for wish in wishes
        for fault in given_faults(plan, wish.targets)
    ]
    faults += [
        Fault("argument_range", {"value": wish.asked, "allowed": "0 < … < 1"}, file="--target")
        for wish in wishes
        if not 0 < wish.asked < 1
    ]
    if not budget >= 0:
        faults.append(Fault("argument_range", {"value": budget, "allowed": "0 …"}, file="--budget"))
    if faults:
        raise InputError(faults)


def holds(trials: Sequence[Trial], wishes: Sequence[Wish], setting: Setting) -> bool:
    """Whether a setting reaches what is asked on the last draws, and on all draws together."""
    if not meets(wishes, trials[-1].chances(setting)):
        return False
    total = sum(trial.draws for trial in trials)
    together = sum(trial.draws / total * np.array(trial.probabilities(setting)) for trial in trials)
    return all(p >= w.asked for w, p in zip(wishes, np.atleast_1d(together), strict=True))


def point(found: Sequence[Knob], fresh: Trial, fine: Trial, setting: Setting) -> Point:
    return Point(
        setting, effort(found, setting), cost(found, setting), fresh.chances(setting),
        fine.probabilities(setting),
    )  # fmt: skip


def undominated(
    points: Sequence[Point], order: Order, wish: int, kept: Sequence[Setting]
) -> Iterator[Point]:
    """Those that on fresh draws too are likelier than all that take less, and those to be kept."""
    top = -1.0
    for found in points:
        likely = found.chances[wish].probability
        if likely > top or found.setting in kept:
            yield found
        top = max(top, likely)
