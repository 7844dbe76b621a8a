"""Settings of levers put to the test on one set of draws: how likely is what was wished for?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plansim.analysis.levers import Knob, Setting, turned, without_targets
from plansim.simulator.feasibility import interval, parameter_share
from plansim.simulator.plan import Plan
from plansim.simulator.pooling import Pool, jointly
from plansim.simulator.whatif import Standing, WhatIf

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Wish:
    """Targets that should hold together with a probability; one target alone in most cases."""

    targets: tuple[str, ...]
    asked: float


@dataclass(frozen=True, slots=True)
class Chance:
    """A probability with its 95 % simulation interval."""

    probability: float
    low: float
    high: float

    def pooled(self, pools: Sequence[Pool], each: Sequence["Chance"]) -> "Chance":
        """The verdict on what these futures say of targets together, by their pools; ``each``: of
        every one of them alone.
        """
        if not pools:
            return self
        return Chance(
            jointly(pools, self.probability, [alone.probability for alone in each]),
            jointly(pools, self.low, [alone.low for alone in each]),
            jointly(pools, self.high, [alone.high for alone in each]),
        )


def chance(met: Bools) -> Chance:
    """Of what is met in some futures [(luck, draw)]: Wilson on the effective number of draws."""
    share = float(met.mean())
    common = parameter_share(float((met[0] & met[1]).mean()), share)
    return Chance(share, *interval(share, met.size, common))


class Trial:
    """One set of draws. Every setting is judged once, and what was found is remembered.

    ``tell`` is told how many settings were judged, whenever one is; ``pooled``: how views of
    targets are pooled.
    """

    def __init__(
        self,
        plan: Plan,
        knobs: Sequence[Knob],
        wishes: Sequence[Wish],
        draws: int,
        seed: int,
        workers: int = 1,
        tell: Callable[[int], object] | None = None,
        pooled: Mapping[str, Pool] | None = None,
    ) -> None:
        ids = tuple(dict.fromkeys(target for wish in wishes for target in wish.targets))
        self.plan = without_targets(plan, ids)
        self.draws, self.seed = draws, seed
        self.known: dict[Setting, tuple[Chance, ...]] = {}
        self._knobs = knobs
        rows = {target.id: row for row, target in enumerate(self.plan.judged)}
        self._groups = [[rows[target] for target in wish.targets] for wish in wishes]
        self._held = WhatIf(self.plan, draws, seed, workers, pooled=pooled)
        self._tell = tell

    def standing(self, setting: Setting) -> Standing:
        """Every future of the setting; its chances are known from then on."""
        found = self._held.judge(turned(self.plan, self._knobs, setting))
        self.known[setting] = tuple(self._chance(found, rows) for rows in self._groups)
        if self._tell is not None:
            self._tell(1)
        return found

    def _chance(self, found: Standing, rows: list[int]) -> Chance:
        """Of targets that hold together, as verdicts have it."""
        seen = {row: found.pooled.get(self.plan.judged[row].id) for row in rows}
        pools = {row: pool for row, pool in seen.items() if pool is not None}
        inside = chance(np.asarray(found.met[rows].all(axis=0)))
        each = [inside] if len(rows) == 1 else [chance(found.met[row]) for row in pools]
        return inside.pooled(tuple(pools.values()), each)

    def chances(self, setting: Setting) -> tuple[Chance, ...]:
        """The chance of every wish under the setting."""
        if setting not in self.known:
            self.standing(setting)
        return self.known[setting]

    def probabilities(self, setting: Setting) -> tuple[float, ...]:
        return tuple(found.probability for found in self.chances(setting))
