"""What must hold of the levers of a plan: where they lead, what they may be, what they cost."""

from collections.abc import Iterator, Mapping

from plansim.simulator import units
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.marks import Settable
from plansim.simulator.plan import Figure, Lever, Plan
from plansim.simulator.schema import kind_at

#: What a lever's cost may be measured in.
MONEY = ("亿元", "亿元/year")


def at(plan: Plan, path: str) -> Figure | float | None:
    """The figure or plain number at a dotted path; None where there is none."""
    node: object = plan
    for key in path.split("."):
        if isinstance(node, Mapping):
            node = next((child for name, child in node.items() if str(name) == key), None)
        else:
            node = getattr(node, key, None)
    if isinstance(node, bool) or not isinstance(node, Figure | int | float):
        return None
    return node


def settable_at(path: str) -> Settable | None:
    """How planners set what is at a path; None where they do not."""
    kind = kind_at(tuple(path.split(".")))
    return None if kind is None else kind.mark(Settable)


def lever_faults(plan: Plan) -> Iterator[Fault]:
    """Every broken rule of the levers."""
    taken: dict[str, str] = {}
    for key, lever in plan.levers.items():
        path = f"levers.{key}"
        settable = settable_at(lever.path)
        setting = None if settable is None else at(plan, lever.path)
        if setting is None:
            yield Fault("not_a_lever", {"value": lever.path}, f"{path}.path")
        else:
            yield from _unit_faults(lever, setting, f"{path}.unit")
        if lever.path in taken:
            fields = {"value": lever.path, "other": taken[lever.path]}
            yield Fault("lever_twice", fields, f"{path}.path")
        taken[lever.path] = key
        yield from _range_faults(plan, lever, path, settable or Settable())
        if lever.cost is not None and lever.cost.unit not in MONEY:
            fields = {"value": lever.cost.unit, "wanted": " / ".join(MONEY)}
            yield Fault("unit_dimension", fields, f"{path}.cost.unit")


def _unit_faults(lever: Lever, setting: Figure | float, path: str) -> Iterator[Fault]:
    wanted = setting.unit if isinstance(setting, Figure) else "1"
    try:
        if not units.same_dimension(lever.unit, wanted):
            yield Fault("unit_dimension", {"value": lever.unit, "wanted": wanted}, path)
    except InputError as problem:
        yield Fault(problem.faults[0].code, problem.faults[0].fields, path)


def _range_faults(plan: Plan, lever: Lever, path: str, settable: Settable) -> Iterator[Fault]:
    if not lever.low < lever.high:
        yield Fault("lever_range", {"low": lever.low, "high": lever.high}, f"{path}.low")
    elif lever.step is not None and not 0 < lever.step <= lever.high - lever.low:
        fields = {"value": lever.step, "most": lever.high - lever.low}
        yield Fault("lever_step", fields, f"{path}.step")
    if lever.low < 0:
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
