"""Levers ready to be turned: the values that each may take, and what turning it costs.

A setting is one value for each lever [the lever's own unit]. Its effort is how far levers stand
from the plan, in shares of their ranges, added up; its cost is what they cost more than in the
plan, over the plan's years [亿元]. docs/seek.md has both as formulas.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from plansim.simulator import units
from plansim.simulator.change import changed
from plansim.simulator.conversion import scaled
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.lever_rules import (
    ANY,
    at,
    lever_kind,
    moves_by_adding,
    settable_at,
    several,
    unit_at,
)
from plansim.simulator.naming import called, entry_of, nearest_called
from plansim.simulator.plan import Figure, Lever, LeverKind, Own, Plan, Uncertainty
from plansim.simulator.sampling import centre

Setting = tuple[float, ...]
#: Steps of a range where the plan states none.
STEPS = 20
#: Digits to which values on a grid are exact.
DIGITS = 12
SCALES_COST = re.compile(r"^programmes\.([^.]+)\.(queue\.intake|coverage\.depth|units)$")


@dataclass(frozen=True, slots=True)
class Knob:
    """One lever of one plan. ``own``: where the plan has it; ``values``: all it may take, rising.

    ``price``: of one unit more, over the plan's years [亿元]; None where the plan states none.
    ``factor``: base units of the plan in one unit of the lever.
    """

    key: str
    lever: Lever
    own: float
    values: tuple[float, ...]
    factor: float
    price: float | None

    @property
    def whole(self) -> bool:
        """Whether its values are whole numbers."""
        return is_whole(self.lever)

    @property
    def range(self) -> float:
        return self.lever.high - self.lever.low

    def effort(self, value: float) -> float:
        """How far a value is from the plan's, in shares of the range."""
        return abs(value - self.own) / self.range

    def cost(self, value: float) -> float:
        """What a value costs more than the plan's; what one would save is not counted. [亿元]"""
        return (self.price or 0.0) * max(value - self.own, 0.0)

    @property
    def kind(self) -> LeverKind:
        """Whose it is."""
        return lever_kind(self.lever)

    def settings(self, plan: Plan, value: float) -> dict[str, object]:
        """The lever at a value, as ``Plan.with_all`` takes it."""
        path = self.lever.path
        if ANY in path.split("."):
            more = value * self.factor
            return {p: _figure(p, f, centre(f) + more) for p, f in several(plan, path).items()}
        setting = at(plan, path)
        if not isinstance(setting, Figure):
            return {path: int(value) if self.whole else value * self.factor}
        if isinstance(setting.value, Uncertainty):
            return {path: _figure(path, setting, value * self.factor)}
        return {path: {"value": value, "unit": self.lever.unit}}


def is_whole(lever: Lever) -> bool:
    """Whether a lever takes whole numbers only."""
    settable = settable_at(lever.path)
    return settable is not None and settable.whole


def _figure(path: str, figure: Figure, value: float) -> dict[str, object]:
    """A figure with another median [its own unit]."""
    wanted: float | Uncertainty = value
    if isinstance(figure.value, Uncertainty):
        own = centre(figure)
        if moves_by_adding(path):
            wanted = shifted(figure.value, value - own, value)
        else:
            wanted = moved(figure.value, value / own, value)
    return {"value": wanted, "unit": figure.unit}


def moved(uncertain: Uncertainty, ratio: float, value: float) -> float | Uncertainty:
    """A distribution with its median at another value, wider in proportion.

    One that cannot be moved so (to nothing, or a beta of the whole unit range) becomes certain.
    """
    if ratio == 0:
        return value
    found = scaled(uncertain, ratio)
    return value if found == uncertain else found


def shifted(uncertain: Uncertainty, more: float, value: float) -> float | Uncertainty:
    """A distribution with its median at another value, and as wide as it was.

    One that cannot be moved so (a lognormal, which begins at nothing) becomes certain.
    """
    changes: dict[str, Any] = {}
    for name in Uncertainty.AMOUNTS:
        old = getattr(uncertain, name)
        if old is not None and name != "sd":
            changes[name] = tuple(v + more for v in old) if isinstance(old, tuple) else old + more
    fixed = not changes or uncertain.dist == "lognormal"
    return value if fixed else replace(uncertain, **changes)


#: The kinds of levers that ``seek`` turns and that count as policy; and all there are.
POLICY: tuple[LeverKind, ...] = ("administration",)
KINDS: tuple[LeverKind, ...] = get_args(LeverKind)


def knobs(
    plan: Plan, wanted: Sequence[str] = (), kinds: Sequence[LeverKind] = POLICY
) -> tuple[Knob, ...]:
    """The levers of a plan of some kinds that reach anything, or those wanted.

    Raises InputError for an unknown lever, where there is none, and for every end of a range at
    which the plan would break a rule.
    """
    paths = [f"levers.{key}" for key in plan.levers]
    wanted = [entry_of(plan, "levers", word) for word in wanted]
    unknown = [word for word in wanted if word not in plan.levers]
    if unknown:
        known = [called(plan, path) for path in paths]
        raise InputError(
            Fault(
                "no_such_lever",
                {"value": word, "choices": known, "nearest": nearest_called(plan, word, paths)},
                file="--lever",
            )
            for word in unknown
        )
    keys = [
        key
        for key, lever in plan.levers.items()
        if lever_kind(lever) in kinds
        and (key in wanted if wanted else reaches(plan, key))
        and at(plan, lever.path) is not None
    ]
    others = [key for key in wanted if key not in keys]
    if others:
        raise InputError(
            Fault(
                "lever_of_others",
                {
                    "value": called(plan, f"levers.{key}"),
                    "kind": lever_kind(plan.levers[key]),
                    "choices": list(kinds),
                },
                file="--lever",
            )
            for key in others
        )
    if not keys:
        raise InputError.of("no_levers", "levers", value=plan.plan.id)
    found = tuple(knob_of(plan, key) for key in keys)
    faults = list(end_faults(plan, found))
    if faults:
        raise InputError(faults)
    return found


def reaches(plan: Plan, key: str) -> bool:
    """Whether a lever is none of a programme that is switched off."""
    section, name, *_ = plan.levers[key].path.split(".")
    return section != "programmes" or name == ANY or plan.programmes[name].active


def knob_of(plan: Plan, key: str) -> Knob:
    lever = plan.levers[key]
    setting = at(plan, lever.path)
    assert setting is not None  # the border has seen to it
    factor = units.conversion(lever.unit, unit_at(plan, lever.path))
    middle = centre(setting) if isinstance(setting, Figure) else float(setting)
    own = round(middle / factor, DIGITS)
    step = lever.step or (lever.high - lever.low) / STEPS
    if is_whole(lever):
        step = max(round(step), 1)
    count = int((lever.high - lever.low) / step + 1e-9)
    grid = {round(lever.low + i * step, DIGITS) for i in range(count + 1)} | {lever.high}
    near = {value for value in grid if abs(value - own) < 1e-6 * (lever.high - lever.low)}
    return Knob(
        key, lever, own, tuple(sorted(grid - near | {own})), factor, price(plan, lever, own)
    )


def price(plan: Plan, lever: Lever, own: float) -> float | None:
    """What one unit of a lever more costs over the plan's years. [亿元]

    What is stated with the lever; for a sum a year, itself in each of its years; for applications
    to a programme with a cost, its depth or its units, that cost in proportion. None: not so.
    """
    running = years(plan, lever.path)
    if lever.cost is not None:
        yearly = lever.cost.unit.endswith("/year")
        return centre(lever.cost) * (running if yearly else 1)
    setting = at(plan, lever.path)
    if isinstance(setting, Figure) and setting.unit == "亿元/year":
        return units.conversion(lever.unit, setting.unit) * running
    proportion = SCALES_COST.match(lever.path)
    if proportion is not None and own > 0:
        cost = plan.programmes[proportion[1]].cost
        return None if cost is None else centre(cost) / own
    return None


def years(plan: Plan, path: str) -> int:
    """In how many of the plan's years that runs which a path belongs to."""
    section, name, *_ = path.split(".")
    first, last = plan.plan.years
    start: int | None = None
    if name == ANY:
        return last - first + 1
    if section == "quotas":
        start = plan.quotas[name].start
    elif section == "programmes":
        programme = plan.programmes[name]
        own = programme.queue or programme.coverage
        assert own is not None
        start = own.start
        if programme.queue is not None and programme.queue.end is not None:
            last = min(last, programme.queue.end)
        subsidy = programme.queue.subsidy if programme.queue is not None else None
        if ".budget." in path and subsidy is not None and subsidy.budget is not None:
            start = subsidy.budget.start if subsidy.budget.start is not None else first
            last = plan.plan.years[1]
    return max(last - (first if start is None else start) + 1, 0)


def end_faults(plan: Plan, found: Sequence[Knob]) -> Iterator[Fault]:
    """Every rule of plan files that a lever breaks at an end of its range, or those of policy all
    together.
    """
    broken = False
    policy = [knob for knob in found if knob.kind in POLICY]
    for knob in found:
        for value in (knob.values[0], knob.values[-1]):
            for fault in faults_at(plan, (knob,), (value,)):
                broken = True
                yield from (lever_fault(knob, value), fault)
    for end in (0, -1) if not broken else ():
        yield from faults_at(plan, policy, tuple(knob.values[end] for knob in policy))


def faults_at(plan: Plan, found: Sequence[Knob], setting: Setting) -> tuple[Fault, ...]:
    """The rules that a setting breaks."""
    try:
        turned(plan, found, setting)
    except InputError as problem:
        return problem.faults
    return ()


def lever_fault(knob: Knob, value: float) -> Fault:
    return Fault("lever_breaks", {"value": value, "key": knob.key}, f"levers.{knob.key}")


def turned(plan: Own, found: Sequence[Knob], setting: Setting) -> Own:
    """The plan under a setting; the plan itself where every lever stands there already.

    Raises InputError where a rule of plan files is broken.
    """
    moves: dict[str, object] = {}
    for knob, value in zip(found, setting, strict=True):
        if value != knob.own:
            moves |= knob.settings(plan, value)
    return changed(plan, moves)


def effort(found: Sequence[Knob], setting: Setting) -> float:
    """How far all levers stand from the plan, in shares of their ranges, added up."""
    return sum(knob.effort(value) for knob, value in zip(found, setting, strict=True))


def cost(found: Sequence[Knob], setting: Setting) -> float:
    """What a setting costs more than the plan, over its years. [亿元]"""
    return sum(knob.cost(value) for knob, value in zip(found, setting, strict=True))


def typed(plan: Plan, knob: Knob, value: float) -> str:
    """The lever as ``--set`` takes it: a factor for a figure, the number itself otherwise."""
    setting = at(plan, knob.lever.path)
    if not isinstance(setting, Figure):
        return f"{knob.lever.path}={value:.12g}"
    if knob.own == 0:
        return f"{knob.lever.path}={value * units.conversion(knob.lever.unit, setting.unit)!r}"
    return f"{knob.lever.path}=x{value / knob.own!r}"


def without_targets(plan: Plan, ids: Sequence[str]) -> Plan:
    """The plan with no targets but these: no others need be judged. Views are pooled as before."""
    targets = tuple(t for t in plan.targets if t.id in ids)
    return replace(plan, targets=targets, document=plan.document or plan)
