"""What must hold of the levers of a plan: where they lead, whose they are, what they may be."""

from collections.abc import Iterator, Mapping
from contextlib import suppress

from plansim.simulator import units
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.marks import AnyNumber, Settable
from plansim.simulator.plan import Figure, Lever, LeverKind, Plan, Target, figures
from plansim.simulator.sampling import match
from plansim.simulator.schema import facts_of, kind_at

#: What a lever's cost may be measured in.
MONEY = ("亿元", "亿元/year")
#: Stands for any one name in a path.
ANY = "*"
#: Numbers of a goal that are in the unit of its row.
IN_ITS_UNIT = ("low", "high", "base_value")


def at(plan: Plan, path: str) -> Figure | float | None:
    """The figure or plain number at a dotted path; None where there is none.

    What a path with ``*`` leads to is what is added to each figure: nothing.
    """
    if ANY in path.split("."):
        return 0.0 if several(plan, path) else None
    node: object = plan
    for key in path.split("."):
        if isinstance(node, Mapping):
            node = next((child for name, child in node.items() if str(name) == key), None)
        elif isinstance(node, tuple):
            node = next((part for part in node if getattr(part, "id", None) == key), None)
        else:
            node = getattr(node, key, None)
    if isinstance(node, bool) or not isinstance(node, Figure | int | float):
        return None
    return node


def several(plan: Plan, path: str) -> dict[str, Figure]:
    """The figures that a path with ``*`` leads to, by their own paths."""
    known = dict(figures(plan))
    return {place: known[place] for place in match(path, list(known)).values()}


def settable_at(path: str) -> Settable | None:
    """How planners set what is at a path; None where they do not."""
    kind = kind_at(tuple(path.split(".")))
    return None if kind is None else kind.mark(Settable)


def may_be(path: str) -> tuple[LeverKind, ...]:
    """The kinds that a lever on a path may be of, the one that it is by itself first.

    The number of a target is a goal. What planners set in programmes and what these share is the
    administration's, unless the plan says that others decide it. Trends, shocks and prices are the
    world's; all else, the base year first, is so or not, and can be verified. What one lever moves
    in many places is no policy.
    """
    section, *keys = path.split(".")
    if section == "targets":
        return ("goal",)
    outside = section == "prices" or "trend" in keys or "luck" in keys
    others: tuple[LeverKind, ...] = ("world", "verify") if outside else ("verify", "world")
    alone = settable_at(path) is not None and ANY not in keys
    return ("administration", *others) if alone else others


def lever_kind(lever: Lever) -> LeverKind:
    """Whose a lever is: as its plan says, else as its path does."""
    return lever.kind or may_be(lever.path)[0]


def moves_by_adding(path: str) -> bool:
    """Whether an uncertain figure is moved by adding to it: a growth, what may be below zero. All
    others are moved in proportion.
    """
    return isinstance(facts_of(path).bound, AnyNumber)


def lever_faults(plan: Plan) -> Iterator[Fault]:
    """Every broken rule of the levers."""
    taken: dict[str, str] = {}
    for key, lever in plan.levers.items():
        path = f"levers.{key}"
        settable = _is_goal_or_no_target(lever.path)
        setting = at(plan, lever.path) if settable else None
        unread = lever.path.startswith("targets.") and not plan.targets
        if setting is not None:
            yield from _unit_faults(plan, lever, f"{path}.unit")
            if lever_kind(lever) not in may_be(lever.path):
                allowed = {"value": lever.kind, "choices": list(may_be(lever.path))}
                yield Fault("lever_kind", allowed, f"{path}.kind")
        elif not (settable and unread):  # targets that cannot be read have faults of their own
            yield Fault("not_a_lever", {"value": lever.path}, f"{path}.path")
        if lever.path in taken:
            twice = {"value": lever.path, "other": taken[lever.path]}
            yield Fault("lever_twice", twice, f"{path}.path")
        taken[lever.path] = key
        yield from _range_faults(plan, lever, path, settable_at(lever.path) or Settable())
        if lever.cost is not None and lever.cost.unit not in MONEY:
            wanted = {"value": lever.cost.unit, "wanted": " / ".join(MONEY)}
            yield Fault("unit_dimension", wanted, f"{path}.cost.unit")


def _is_goal_or_no_target(path: str) -> bool:
    """Of a target only what planners set of it may be moved."""
    return not path.startswith("targets.") or settable_at(path) is not None


def unit_at(plan: Plan, path: str) -> str:
    """The unit in which the plan holds what is at a path."""
    setting = at(plan, path)
    if isinstance(setting, Figure):
        return setting.unit
    places = several(plan, path) if ANY in path.split(".") else {}
    if places:
        return next(iter(places.values())).unit
    target = target_of(plan, path)
    return target.unit if target is not None and path.endswith(IN_ITS_UNIT) else "1"


def target_of(plan: Plan, path: str) -> Target | None:
    """The target that a path belongs to; None where it belongs to none."""
    section, _, rest = path.partition(".")
    if section != "targets":
        return None
    return next((target for target in plan.targets if target.id == rest.partition(".")[0]), None)


def _unit_faults(plan: Plan, lever: Lever, path: str) -> Iterator[Fault]:
    """A unit that there is not, or that measures another thing than what is moved."""
    wanted = unit_at(plan, lever.path)
    try:
        units.parse(lever.unit)
    except InputError as problem:
        yield Fault(problem.faults[0].code, problem.faults[0].fields, path)
        return
    with suppress(InputError):  # a unit of the plan that there is not is a fault of its own
        if not units.same_dimension(lever.unit, wanted):
            yield Fault("unit_dimension", {"value": lever.unit, "wanted": wanted}, path)


def _range_faults(plan: Plan, lever: Lever, path: str, settable: Settable) -> Iterator[Fault]:
    if not lever.low < lever.high:
        yield Fault("lever_range", {"low": lever.low, "high": lever.high}, f"{path}.low")
    elif lever.step is not None and not 0 < lever.step <= lever.high - lever.low:
        fields = {"value": lever.step, "most": lever.high - lever.low}
        yield Fault("lever_step", fields, f"{path}.step")
    if lever.low < 0 and may_be(lever.path)[0] == "administration":
        yield Fault("negative", {"value": lever.low}, f"{path}.low")
    for name in ("low", "high", "step"):
        value = getattr(lever, name)
        if settable.whole and value is not None and value % 1 != 0:
            yield Fault("not_a_whole_number", {"value": value}, f"{path}.{name}")
    first, last = plan.plan.years
    for name in ("low", "high") if settable.year else ():
        value = getattr(lever, name)
        if not first <= value <= last:
            fields = {"value": value, "first": first, "last": last}
            yield Fault("year_outside", fields, f"{path}.{name}")
