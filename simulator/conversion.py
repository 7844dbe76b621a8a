"""Figures as a plan's files write them ⇄ in the base units that the engine computes in."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from plansim.simulator import units
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.plan import NO_FIGURES, Figure, Uncertainty, field_names
from plansim.simulator.schema import facts_of


def in_base_units(node: Any, faults: list[Fault], written: dict[str, str], path: str = "") -> Any:
    """The same nouns with every figure in the unit that the engine expects.

    ``written`` is told the unit in which a figure was, where it is another one.
    """
    kind: Any = type(node)
    if kind is Figure:
        return converted(node, path, faults, written)
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
    new = {
        key: in_base_units(child, faults, written, f"{before}{key}") for key, child in old.items()
    }
    if all(new[key] is old[key] for key in old):
        return node
    return kind(**new) if names else tuple(new.values()) if kind is tuple else new


def converted(figure: Figure, path: str, faults: list[Fault], written: dict[str, str]) -> Figure:
    """A figure in its base unit; as it is where its unit is none, or of another dimension."""
    try:
        factor, wanted = base_of(figure.unit, path)
    except InputError as problem:
        faults += [replace(f, path=f"{path}.unit") for f in problem.faults]
        return figure
    if figure.unit != wanted:
        written[path] = figure.unit
    if factor == 1.0:
        return figure if figure.unit == wanted else replace(figure, unit=wanted)
    return replace(figure, value=scaled(figure.value, factor), unit=wanted)


@lru_cache(maxsize=2**14)
def base_of(unit: str, path: str) -> tuple[float, str]:
    """How many base units of the figure at a path one of a unit is, and the base unit.

    Raises InputError for a unit that is none, or of another dimension.
    """
    wanted = facts_of(path).unit
    if wanted is not None:
        return units.conversion(unit, wanted), wanted
    parsed = units.parse(unit)
    return parsed.factor, units.base_name(parsed)


def as_written(figure: Figure, path: str, unit: str) -> Figure:
    """A figure of the engine in the unit that the files write: what was read, to the last digit."""
    if unit == figure.unit:
        return figure
    factor, _ = base_of(unit, path)
    return replace(figure, value=unscaled(figure.value, factor), unit=unit)


def unscaled(value: float | Uncertainty, factor: float) -> float | Uncertainty:
    """What ``scaled`` made this value of."""
    if factor == 1.0:
        return value
    if not isinstance(value, Uncertainty):
        return _source_of(value, factor)
    changes: dict[str, Any] = {}
    for name in Uncertainty.AMOUNTS:
        old = getattr(value, name)
        if isinstance(old, tuple):
            changes[name] = tuple(_source_of(v, factor) for v in old)
        elif old is not None:
            changes[name] = _source_of(old, factor)
    return replace(value, **changes)


def _source_of(product: float, factor: float) -> float:
    """The shortest number that times ``factor`` is ``product``: of up to 15 digits there is one."""
    quotient = product / factor
    for digits in (6, 9, 12, 14, 15, 16, 17):
        short = float(f"{quotient:.{digits}g}")
        if short * factor == product:
            return short
    return quotient


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
