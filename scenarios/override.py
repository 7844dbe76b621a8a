"""Settings on top of a plan: ``clusters.robotics.output=62``, ``programmes.*.start: x1.5``.

A path may hold ``*`` for one segment. A setting that matches nothing or changes nothing is a
fault: no override is ever silently without effect.
"""

import copy
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from plansim.scenarios.text import dotted
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.plan import Uncertainty

FACTOR = re.compile(r"^x\s*([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)$")
Keys = tuple[str | int, ...]


@dataclass
class Setting:
    """One typed override and where it was written.

    ``source``: what a figure names as its source once the setting gave it, ``where`` by default.
    """

    path: str
    value: Any
    where: str
    line: int = 0
    column: int = 0
    source: str = ""

    def fault(self, code: str, **fields: object) -> Fault:
        return Fault(code, fields, self.path, self.where, self.line, self.column)


@dataclass
class Applied:
    """A tree under settings, and the keys that each setting reached."""

    tree: dict[str, Any]
    reached: dict[Keys, Setting] = field(default_factory=dict)


def apply(tree: Mapping[str, Any], settings: Sequence[Setting]) -> Applied:
    """The tree with all settings of one layer. Raises InputError with every fault of the layer.

    What no setting reaches is shared with the tree that is given.
    """
    result = Applied(dict(tree))
    own: set[Keys] = {()}
    around: dict[Keys, Setting] = {}
    faults: list[Fault] = []
    for setting in settings:
        segments = setting.path.split(".")
        found = list(_matches(result.tree, segments, ()))
        if not found:
            faults.append(_nothing_found(result.tree, setting, segments))
            continue
        changed = False
        for keys in found:
            keys = _settle(result.tree, keys)
            other = _overlapped(keys, result.reached, around)
            if other is not None:
                faults.append(setting.fault("set_twice", other=other.path))
                continue
            result.reached[keys] = setting
            for length in range(len(keys)):
                around.setdefault(keys[:length], setting)
            holder = _own(result.tree, keys[:-1], own)
            before = holder[keys[-1]]
            try:
                after = _changed(before, setting)
            except InputError as problem:
                faults += problem.faults
                changed = True
                break
            changed = changed or _content(after) != _content(before)
            holder[keys[-1]] = after
        if not changed and not any(f.path == setting.path for f in faults):
            faults.append(setting.fault("changes_nothing", value=setting.value))
    if faults:
        raise InputError(faults)
    return result


def _matches(node: Any, segments: Sequence[str], path: Keys) -> Iterator[Keys]:
    if not segments:
        yield path
        return
    head, rest = segments[0], segments[1:]
    if isinstance(node, Mapping):
        for key, child in node.items():
            if head in ("*", str(key)):
                yield from _matches(child, rest, (*path, key))
    elif isinstance(node, list):
        for index, child in enumerate(node):
            if head in ("*", str(index)):
                yield from _matches(child, rest, (*path, index))


def _settle(tree: Mapping[str, Any], keys: Keys) -> Keys:
    """A quantity's setting is its base's, a figure's is its value's, unless more is given."""
    node = _at(tree, keys)
    if isinstance(node, Mapping) and "link" in node and isinstance(node.get("base"), Mapping):
        return (*keys, "base")
    return keys


def _overlapped(
    keys: Keys, reached: Mapping[Keys, Setting], around: Mapping[Keys, Setting]
) -> Setting | None:
    """The setting that reached this place, one around it or one inside it (``around``) before."""
    for length in range(len(keys) + 1):
        if keys[:length] in reached:
            return reached[keys[:length]]
    return around.get(keys)


def _at(tree: Any, keys: Keys) -> Any:
    for key in keys:
        tree = tree[key]
    return tree


def _own(tree: Any, keys: Keys, own: set[Keys]) -> Any:
    """What stands at a place, which may be written on: copied, with all around it, the first time.

    ``own``: the places that were copied before.
    """
    for length, key in enumerate(keys, start=1):
        if keys[:length] not in own:
            own.add(keys[:length])
            tree[key] = copy.copy(tree[key])
        tree = tree[key]
    return tree


def _content(value: Any) -> Any:
    """A value without what only tells where it comes from."""
    if not isinstance(value, Mapping):
        return value
    return {k: v for k, v in value.items() if k not in ("origin", "source", "why")}


def _changed(before: Any, setting: Setting) -> Any:
    """What stands at a place after the setting."""
    factor = FACTOR.match(setting.value) if isinstance(setting.value, str) else None
    if isinstance(before, Mapping) and "origin" in before:  # a figure
        if isinstance(setting.value, Mapping) and "value" in setting.value:
            return {**before, **setting.value}
        if factor:
            return {**before, "value": _scaled(before["value"], float(factor[1]), setting)}
        source = setting.source or setting.where
        return {**before, "value": setting.value, "origin": "stated", "source": source}
    if isinstance(before, Mapping) and "why" in before and "value" in before:  # a switch
        if isinstance(setting.value, Mapping):
            return {**before, **setting.value}
        if factor:
            raise InputError([setting.fault("factor_needs_number", value=before["value"])])
        return {**before, "value": setting.value, "source": setting.source or setting.where}
    if factor:
        return _scaled(before, float(factor[1]), setting)
    if isinstance(before, Mapping) and not isinstance(setting.value, Mapping):
        raise InputError([setting.fault("not_one_value", choices=list(before))])
    return copy.deepcopy(setting.value)


def _scaled(value: Any, factor: float, setting: Setting) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Mapping):
        raise InputError([setting.fault("factor_needs_number", value=value)])
    if isinstance(value, Mapping):
        if "dist" not in value:
            raise InputError([setting.fault("not_one_value", choices=list(value))])
        return {
            key: ([factor * v for v in part] if isinstance(part, list) else factor * part)
            if key in Uncertainty.AMOUNTS
            else part
            for key, part in value.items()
        }
    scaled = factor * value
    return int(scaled) if isinstance(value, int) and scaled == int(scaled) else scaled


def _nothing_found(tree: Mapping[str, Any], setting: Setting, segments: Sequence[str]) -> Fault:
    """Name the first segment that fails, and what it could have been."""
    for length in range(1, len(segments) + 1):
        if any(True for _ in _matches(tree, segments[:length], ())):
            continue
        known: set[str] = set()
        for keys in _matches(tree, segments[: length - 1], ()):
            node = _at(tree, keys)
            known |= {str(k) for k in node} if isinstance(node, Mapping) else set()
        near = difflib.get_close_matches(segments[length - 1], sorted(known), 1, 0.5)
        better = dotted((*segments[: length - 1], near[0], *segments[length:])) if near else ""
        fields = {"value": segments[length - 1], "choices": sorted(known), "nearest": better}
        return setting.fault("path_matches_nothing", **fields)
    raise AssertionError("a path that matches was called unmatched")
