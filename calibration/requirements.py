"""What targets require of their base, and how rare that is among real industries and places.

Before any future is simulated: the growth that just meets a target from the median of its base
level, how often Chinese sectors and provinces did it, and the share of US industries that never
managed it.
"""

from dataclasses import dataclass

import numpy as np

from plansim.calibration.precedents import precedent
from plansim.calibration.reference import percentile
from plansim.simulator.accounts import Series, indicator_path
from plansim.simulator.feasibility import Goal, required_growth
from plansim.simulator.future import LUCKS, block_futures
from plansim.simulator.model import Model
from plansim.simulator.plan import Plan, Precedent, Target
from plansim.simulator.results import KEPT
from plansim.simulator.sampling import Block
from plansim.simulator.verdicts import asked_of_class, requested


@dataclass(frozen=True, slots=True)
class Rarity:
    """Share of real industries that never did what is asked, with its 95 % interval. [fraction]"""

    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Requirement:
    """What one target requires: ``growth`` a year [fraction], None where there is no base.

    ``precedent``: of Chinese places; None where no class speaks of it.
    """

    target: Target
    growth: float | None
    rarity: Rarity | None
    precedent: Precedent | None


def rarity(plan: Plan, goal: Goal, base_level: float) -> Rarity | None:
    """How rare it is among US industries, 1958 to 2011; None where the class says nothing of it.

    ``base_level``: of the target's indicator in its base year [base unit].
    """
    asked = asked_of_class(plan, goal, base_level)
    if asked is None:
        return None
    try:
        found = percentile(*asked)
    except ValueError:
        return None
    if goal.sign > 0:
        return Rarity(found.share_below, found.low, found.high)
    return Rarity(1 - found.share_below, 1 - found.high, 1 - found.low)


def requirements(plan: Plan, seed: int = 1) -> tuple[Requirement, ...]:
    """Of every judged target, from the medians of base levels that ``run`` has with this seed."""
    model, block = Model.of(plan), Block(seed, 0, 0, KEPT // len(LUCKS))
    future = block_futures(model, block, LUCKS[0])
    found = []
    for goal in model.goals:
        series = Series(goal.target.indicator, goal.target.cluster)
        base = float(np.median(indicator_path(future, series)[goal.base]))
        asked, growth = requested(plan, goal, base), required_growth(goal, base)
        seen = None if asked is None else precedent(asked)
        found.append(Requirement(goal.target, growth, rarity(plan, goal, base), seen))
    return tuple(found)
