"""Levers that matter: what each can do to each target, from one end of its range to the other.

All ends are judged in the same futures, so that what is seen is the lever and not chance. What
the administration sets, the world, goals and figures to be verified are told apart: only the first
are policy. docs/levers.md has a table and how to read it.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic

import numpy as np

from plansim.analysis.levers import KINDS, POLICY, Knob, Setting, cost, knobs, reaches, turned
from plansim.simulator.errors import InputError
from plansim.simulator.feasibility import Z975
from plansim.simulator.frames import KEYS, frame, keys_of, language
from plansim.simulator.lever_rules import lever_kind
from plansim.simulator.model import given_faults
from plansim.simulator.naming import entry_of, name_of
from plansim.simulator.plan import Held, LeverKind, Own, Plan, Target
from plansim.simulator.results import Settings
from plansim.simulator.sampling import Array
from plansim.simulator.whatif import Bools, WhatIf

if TYPE_CHECKING:
    import pandas as pd

#: Draws that levers are told by, if no others are asked for.
DRAWS = 2000
#: A lever that changes a probability by less does not move it.
POINT = 0.01
#: What is told of a lever and a target, behind what tables of targets share.
TOLD = (
    "kind", "lever", "lever_name", "lever_unit", "plan_value", "low", "high", "p_low", "p_plan",
    "p_high", "swing", "swing_low", "swing_high", "gain", "read_low", "read_plan", "read_high",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class End:
    """How all targets that were asked for stand with a lever at one value. [(target,)]

    ``reads``: medians of the indicator as worded [base units]; ``met``: [(target, luck, draw)].
    """

    value: float
    probability: Array
    reads: Array
    met: Bools


@dataclass(frozen=True, slots=True)
class Best:
    """All levers of policy together, each where most of some targets are expected to be met.

    ``targets``: rows of these targets; ``own``, ``best``: how many of them are expected to be met
    in the plan and then; ``cost``: what it costs more than the plan, where costs are known [亿元].
    """

    targets: tuple[int, ...]
    own: float
    best: float
    setting: Setting
    cost: float


@dataclass(frozen=True, slots=True)
class Reach(Generic[Held]):
    """What every lever can do. ``lows`` and ``highs`` are the ends of ``knobs``, in their order.

    ``every``: what policy can do for all targets that were asked for, restatements left out;
    ``outcomes``: for outcomes, where no target was named and not all are. None without policy.
    ``circular``: rows of targets whose verdict is the outside view alone, which no lever moves.
    """

    plan: Held
    targets: tuple[Target, ...]
    knobs: tuple[Knob, ...]
    own: End
    lows: tuple[End, ...]
    highs: tuple[End, ...]
    every: Best | None
    outcomes: Best | None
    draws: int
    seed: int
    circular: tuple[int, ...] = ()

    @property
    def still(self) -> "Still":
        """What no lever of policy moves."""
        return still_of(self.targets, self.distinct, self.circular, self.moved(*POLICY))

    @property
    def span(self) -> Array:
        """From the least to the most that a lever makes of a probability. [(lever, target)]"""
        return spans(self.own, self.lows, self.highs)

    @property
    def reads_differ(self) -> Bools:
        """Whether a lever moves the median of a target's indicator. [(lever, target)]"""
        pairs = zip(self.lows, self.highs, strict=True)
        found = [
            ~np.isclose(low.reads, high.reads, rtol=1e-9, equal_nan=True) for low, high in pairs
        ]
        return np.array(found, dtype=bool).reshape(len(self.knobs), len(self.targets))

    def of(self, *kinds: LeverKind) -> list[int]:
        """The levers of some kinds, those first that move most in all."""
        rows = [row for row, knob in enumerate(self.knobs) if knob.kind in kinds]
        return sorted(rows, key=lambda row: -float(self.span[row].sum()))

    def of_kinds(self, order: Sequence[LeverKind]) -> list[int]:
        """All levers, kind after kind."""
        return [row for kind in order for row in self.of(kind)]

    @property
    def distinct(self) -> tuple[int, ...]:
        """Rows of the targets that say nothing again."""
        return tuple(row for row, t in enumerate(self.targets) if not t.restates)

    def moved(self, *kinds: LeverKind) -> Bools:
        """Which targets any lever of some kinds moves by a point. [(target,)]"""
        return moved_by_a_point(self.span[self.of(*kinds)])

    @property
    def idle(self) -> tuple[Knob, ...]:
        """The levers that decide no target that was asked for, in not one future."""
        own = self.own.met
        ends = zip(self.knobs, self.lows, self.highs, strict=True)
        return tuple(
            knob
            for knob, low, high in ends
            if np.array_equal(low.met, own) and np.array_equal(high.met, own)
        )

    def told(self, row: int, place: int, lang: str) -> dict[str, Any]:
        """What one lever can do to one target."""
        knob, target = self.knobs[row], self.targets[place]
        low, high = self.lows[row], self.highs[row]
        p_low, p_plan, p_high = (
            float(end.probability[place]) for end in (low, self.own, high)
        )  # fmt: skip
        half = half_width(low.met[place], high.met[place]) * steepness(low, high, place)
        reads = [float(end.reads[place]) / target.scale for end in (low, self.own, high)]
        return {
            "kind": knob.kind, "lever": knob.key,
            "lever_name": name_of(self.plan, f"levers.{knob.key}", lang),
            "lever_unit": knob.lever.unit, "plan_value": knob.own,
            "low": low.value, "high": high.value,
            "p_low": p_low, "p_plan": p_plan, "p_high": p_high,
            "swing": p_high - p_low, "swing_low": p_high - p_low - half,
            "swing_high": p_high - p_low + half, "gain": max(p_low, p_high, p_plan) - p_plan,
            "read_low": reads[0], "read_plan": reads[1], "read_high": reads[2],
        }  # fmt: skip

    def to_frame(self, lang: str | None = None) -> "pd.DataFrame":
        """One row a lever and target: probabilities and medians at both ends and in the plan.

        ``swing``: from the low to the high end, with its 95 % interval; ``gain``: what the better
        end brings. ``read_*`` are in the target's ``unit``, ``plan_value``, ``low`` and ``high`` in
        ``lever_unit``.
        """
        lang = language(lang)
        rows = [
            keys_of(self.plan, target, lang) | self.told(row, place, lang)
            for row in range(len(self.knobs))
            for place, target in enumerate(self.targets)
        ]
        return frame(rows, (*KEYS, *TOLD))

    def __repr__(self) -> str:
        moved = int(self.moved(*POLICY).sum())
        said = f"policy moves {moved} of {len(self.targets)} targets by a point"
        return f"Reach({self.plan.plan.id}, {len(self.knobs)} levers; {said})"


@dataclass(frozen=True, slots=True)
class Still:
    """Of ``total`` judged targets, restatements left out, those that no lever of policy moves.

    ``circular``: how many more have no inside view, so that levers move what is delivered alone.
    """

    targets: tuple[Target, ...]
    circular: int
    total: int


def still_of(
    targets: Sequence[Target], rows: Sequence[int], circular: Sequence[int], moved: Bools
) -> Still:
    """Targets of some rows that are not moved."""
    seen = [row for row in rows if row not in circular]
    kept = tuple(targets[row] for row in seen if not moved[row])
    return Still(kept, len(rows) - len(seen), len(rows))


def steepness(low: End, high: End, place: int) -> float:
    """How much of a change of the inside view the verdict on a target takes over."""
    inside = float(high.met[place].mean()) - float(low.met[place].mean())
    swing = float(high.probability[place]) - float(low.probability[place])
    return swing / inside if inside else 1.0


def spans(own: End, lows: Sequence[End], highs: Sequence[End]) -> Array:
    """From the least to the most that each lever makes of a probability. [(lever, target)]"""
    found = [
        np.ptp([low.probability, own.probability, high.probability], axis=0)
        for low, high in zip(lows, highs, strict=True)
    ]
    return np.array(found).reshape(len(found), len(own.probability))


def moved_by_a_point(span: Array) -> Bools:
    """Which targets any of some levers [(lever, target)] moves by a point. [(target,)]"""
    return np.asarray(span.max(axis=0, initial=0.0) >= POINT - 1e-9)


def half_width(low: Bools, high: Bools) -> float:
    """Half the 95 % interval of a difference on common draws. [(luck, draw)]

    The two sets of luck of a draw share its figures, and count as one.
    """
    differ = (high.astype(float) - low).mean(axis=0)
    return float(Z975 * differ.std() / np.sqrt(len(differ)))


class Asked:
    """Levers held against the same futures: of all targets, or of those asked for."""

    def __init__(
        self,
        plan: Plan,
        targets: Sequence[str],
        draws: int,
        seed: int,
        progress: Callable[[int], object] | None = None,
    ) -> None:
        wanted = [entry_of(plan, "targets", word) for word in targets]
        faults = given_faults(plan, wanted)
        if faults:
            raise InputError(replace(fault, path="", file="--target") for fault in faults)
        rows = [row for row, t in enumerate(plan.judged) if not wanted or t.id in wanted]
        self.plan = plan
        self.targets = tuple(plan.judged[row] for row in rows)
        self._rows, self._progress = rows, progress
        self._held = WhatIf(plan, draws, seed)
        self.own = self.end(plan, 0.0)
        pooled = self._held.pooled
        self.circular = tuple(
            row for row, t in enumerate(self.targets) if t.id in pooled and pooled[t.id].circle
        )

    def end(self, plan: Plan, value: float) -> End:
        """How the targets stand in a plan with a lever at a value."""
        standing, rows = self._held.judge(plan), self._rows
        if self._progress is not None:
            self._progress(1)
        reads = np.median(standing.reads[rows], axis=(1, 2))
        return End(value, standing.probability[rows], reads, standing.met[rows])

    def ends(self, found: Sequence[Knob]) -> tuple[tuple[End, ...], tuple[End, ...]]:
        """Every lever at its low end, and at its high end, all else as in the plan."""
        lows = [self.end(turned(self.plan, (k,), (k.lever.low,)), k.lever.low) for k in found]
        highs = [self.end(turned(self.plan, (k,), (k.lever.high,)), k.lever.high) for k in found]
        return tuple(lows), tuple(highs)

    def distinct(self, kind: str = "") -> tuple[int, ...]:
        """Rows of the targets that say nothing again, of one kind or all."""
        return tuple(
            row
            for row, target in enumerate(self.targets)
            if not target.restates and kind in ("", target.kind)
        )

    def best(self, turns: Sequence[tuple[Knob, End, End]], rows: Sequence[int]) -> Best:
        """All levers together, each at the end where most of some targets are expected to be met.

        Lever by lever, what helps most alone first: at its better end where that still helps, with
        all before it where they have come to, else as in the plan. So levers that only help
        together find each other, and none that hurts is turned.
        """
        chosen, found = list(rows), [knob for knob, _, _ in turns]

        def expected(end: End) -> float:
            return float(end.probability[chosen].sum())

        setting: Setting = tuple(knob.own for knob in found)
        own = most = expected(self.own)
        alone = [(expected(low), expected(high)) for _, low, high in turns]
        for place in sorted(range(len(found)), key=lambda place: -max(alone[place])):
            for side, value in enumerate((found[place].lever.low, found[place].lever.high)):
                if alone[place][side] < max(alone[place]):
                    continue
                tried = (*setting[:place], value, *setting[place + 1 :])
                with suppress(InputError):  # two ends may not go together: a start after an end
                    reached = expected(self.end(turned(self.plan, found, tried), value))
                    if reached > most:
                        setting, most = tried, reached
        return Best(tuple(rows), own, most, setting, cost(found, setting))


def levers(
    plan: Own,
    targets: Sequence[str] = (),
    levers: Sequence[str] = (),
    *,
    draws: int = DRAWS,
    seed: int = 1,
    progress: Callable[[int], object] | None = None,
) -> Reach[Own]:
    """What every lever of the plan, or those named, can do to every judged target, or those named.

    Raises InputError naming every target and lever that there is not, and every end of a range at
    which the plan would break a rule.
    """
    found = knobs(plan, levers, KINDS)
    asked = Asked(plan, targets, draws, seed, progress)
    lows, highs = asked.ends(found)
    policy = [row for row, knob in enumerate(found) if knob.kind in POLICY]
    turns = [(found[row], lows[row], highs[row]) for row in policy]
    every, outcomes = asked.distinct(), () if targets else asked.distinct("outcome")
    return Reach(
        plan, asked.targets, found, asked.own, lows, highs,
        asked.best(turns, every) if turns else None,
        asked.best(turns, outcomes) if turns and outcomes not in ((), every) else None,
        draws, seed, asked.circular,
    )  # fmt: skip


def unmoved(plan: Plan, settings: Settings) -> Still | None:
    """The judged targets of a run, restatements left out, that no lever of policy moves by a point.

    None where the plan states no such lever that reaches anything, and for a run of futures that
    meet what is given: with a lever moved others would.
    """
    policy = [key for key, lever in plan.levers.items() if lever_kind(lever) in POLICY]
    if settings.given or not any(reaches(plan, key) for key in policy):
        return None
    found = knobs(plan)
    asked = Asked(plan, (), min(settings.draws, DRAWS), settings.seed)
    moved = moved_by_a_point(spans(asked.own, *asked.ends(found)))
    return still_of(asked.targets, asked.distinct(), asked.circular, moved)
