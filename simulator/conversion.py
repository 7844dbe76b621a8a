"""Figures as a plan's files write them ⇄ in the base units that the engine computes in."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from plansim.simulator import units
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.plan import NO_FIGURES, Figure, Uncertainty, field_names
from plansim.simulator.schema import facts_of


def in_base_units(node: Any, faults: list[Fault], path: str = "") -> Any:
    """The same nouns with every figure in the unit that the engine expects."""
    kind: Any = type(node)
    if kind is Figure:
        return converted(node, path, faults)
    if kind in NO_FIGURES:
        return node
    old: dict[Any, Any]
    if names := field_names(kind):
        old = {name: getattr(node, name) for name in names}
    elif isinstance(node, Mapping):
        old = dict(node)
    elif kind is tuple:
        old = dict(enumerate(node))
    else:
        return node
    before = f"{path}." if path else ""
    new = {key: in_base_units(child, faults, f"{before}{key}") for key, child in old.items()}
    if all(new[key] is old[key] for key in old):
        return node
    return kind(**new) if names else tuple(new.values()) if kind is tuple else new


def converted(figure: Figure, path: str, faults: list[Fault]) -> Figure:
    """A figure in its base unit; as it is where its unit is none, or of another dimension."""
    wanted = facts_of(path).unit
    try:
        if wanted is None:
            unit = units.parse(figure.unit)
            factor, wanted = unit.factor, units.base_name(unit)
        else:
            factor = units.conversion(figure.unit, wanted)
    except InputError as problem:
        faults += [replace(f, path=f"{path}.unit") for f in problem.faults]
        return figure
    if factor == 1.0:
        return figure if figure.unit == wanted else replace(figure, unit=wanted)
    return replace(figure, value=scaled(figure.value, factor), unit=wanted)


def scaled(value: float | Uncertainty, factor: float) -> float | Uncertainty:
    """A number or a distribution in a unit that is ``factor`` times smaller."""
    if not isinstance(value, Uncertainty):
        return value * factor
    changes: dict[str, Any] = {}
    for name in Uncertainty.AMOUNTS:
        old = getattr(value, name)
        if isinstance(old, tuple):
            changes[name] = tuple(v * factor for v in old)
        elif old is not None:
            changes[name] = old * factor
    return replace(value, **changes)
