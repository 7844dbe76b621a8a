"""One grammar for changing a plan: ``PATH=VALUE`` on what files write, and on what was read.

A path is dotted; ``*`` stands for any one segment, a quantity for its base, ``targets.ID.low`` is a
goal. A path without ``*`` also leads to a figure that is left out and could stand there. A value is
a number or a distribution in the unit that the plan's files write, a figure with a unit of its own,
a factor (``x1.5``), a word, or all that stands at the path. ``apply`` serves the reader, whose
scenarios and ``--set`` change a tree of plain values; ``changed`` serves everybody who has a plan.
Both find, change and check a value by the same functions below.
"""

import copy
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass, replace
from typing import Any

from plansim.simulator.conform import conformed, plain
from plansim.simulator.conversion import as_written, in_base_units
from plansim.simulator.errors import Fault, InputError, nearest
from plansim.simulator.naming import path_of
from plansim.simulator.plan import Figure, Own, Plan, Target, Uncertainty
from plansim.simulator.rules import faults_of_change, faults_of_plan
from plansim.simulator.schema import Keys, Kind, defaults_of, facts_of, kind_at, written_fields

FACTOR = re.compile(r"^x\s*([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)$")
#: What a figure names as its source, once it was set.
SET = "--set"
GOALS = "targets"
#: So many places at most are held against the rules one by one, which takes longer for more.
FEW = 24


@dataclass(frozen=True, slots=True)
class Setting:
    """One typed override and where it was written.

    ``source``: what a figure names as its source once the setting gave it, ``where`` by default.
    """

    path: str
    value: Any
    where: str = SET
    line: int = 0
    column: int = 0
    source: str = ""

    def fault(self, code: str, **fields: object) -> Fault:
        return self.placed(Fault(code, fields, self.path))

    def placed(self, fault: Fault) -> Fault:
        """A fault of the value, at the place of the setting."""
        return replace(fault, file=self.where, line=self.line, column=self.column)


@dataclass
class Applied:
    """A tree under settings, and the keys that each setting reached."""

    tree: dict[str, Any]
    reached: dict[Keys, Setting] = field(default_factory=dict)


# -- where a path leads ----------------------------------------------------------------------------


def entries(node: Any, kind: Kind | None) -> Mapping[Any, Any]:
    """What stands one step below a node: a noun, or what a file writes for it.

    What is missing has no entry; what a file leaves out has its default.
    """
    noun = None if kind is None else kind.noun
    if isinstance(node, Mapping):
        found = {key: child for key, child in node.items() if child is not None}
        return {**defaults_of(noun), **found} if noun is not None else found
    if isinstance(node, list | tuple):
        return {part.id if isinstance(part, Target) else i: part for i, part in enumerate(node)}
    if noun is not None and is_dataclass(node):
        children = ((name, getattr(node, name)) for name in written_fields(noun))
        return {name: child for name, child in children if child is not None}
    return {}


def found_at(root: Any, path: str, written: Mapping[str, str]) -> Iterator[Keys]:
    """The keys of every place that a path names, a quantity's being those of its base."""
    segments, nothing = path.split("."), True
    for keys, node in _matches(root, kind_at(()), segments, (), written):
        below, nothing = {} if isinstance(node, Figure) else entries(node, kind_at(keys)), False
        yield (*keys, "base") if "link" in below and "base" in below else keys
    if nothing:
        yield from left_out(root, segments, written)


def left_out(root: Any, segments: Sequence[str], written: Mapping[str, str]) -> Iterator[Keys]:
    """Where a path leads to a figure that could stand there and does not; with ``*``, nowhere."""
    if "*" in segments:
        return
    for keys, node in _matches(root, kind_at(()), segments[:-1], (), written):
        kind = None if isinstance(node, Figure) else kind_at(keys)
        if segments[-1] in fillable(kind) and segments[-1] not in entries(node, kind):
            yield (*keys, segments[-1])


def fillable(kind: Kind | None) -> Iterator[str]:
    """The names below a noun of figures that may be left out, and be set all the same."""
    for name in () if kind is None or kind.noun is None else written_fields(kind.noun):
        child = kind.child(name) if kind is not None else None
        if child is not None and child.fillable:
            yield name


def _matches(
    node: Any, kind: Kind | None, segments: Sequence[str], keys: Keys, written: Mapping[str, str]
) -> Iterator[tuple[Keys, Any]]:
    if not segments:
        yield keys, node
        return
    head, rest = segments[0], segments[1:]
    if isinstance(node, Figure):
        node = told(node, keys, written)
    for key, child in _named(node, kind, head):
        if head != "*" or keys or key != GOALS:
            below = None if kind is None else kind.child(key)
            yield from _matches(child, below, rest, (*keys, key), written)


def _named(node: Any, kind: Kind | None, head: str) -> Iterator[tuple[Any, Any]]:
    """The entries of a node that a segment names, one of a noun or a mapping without a search."""
    noun = None if kind is None else kind.noun
    if noun is not None and is_dataclass(node):
        if head in written_fields(noun) and (child := getattr(node, head)) is not None:
            yield head, child
            return
    elif isinstance(node, Mapping) and node.get(head) is not None:
        yield head, node[head]
        return
    for key, child in entries(node, kind).items():
        if head in ("*", str(key)):
            yield key, child


def nothing_found(root: Any, setting: Setting, written: Mapping[str, str]) -> Fault:
    """Name the first segment that fails, and what it could have been."""
    segments = setting.path.split(".")
    for length in range(1, len(segments) + 1):
        if any(True for _ in _matches(root, kind_at(()), segments[:length], (), written)):
            continue
        known: set[str] = set()
        for keys, node in _matches(root, kind_at(()), segments[: length - 1], (), written):
            kind = kind_at(keys)
            if isinstance(node, Figure):
                node = told(node, keys, written)
            elif length == len(segments) > 1 and "*" not in segments:
                known |= set(fillable(kind))
            known |= {str(key) for key in entries(node, kind)}
        near = nearest(segments[length - 1], sorted(known))
        better = ".".join((*segments[: length - 1], near, *segments[length:])) if near else ""
        fields = {"value": segments[length - 1], "choices": sorted(known), "nearest": better}
        return setting.fault("path_matches_nothing", **fields)
    raise AssertionError("a path that matches was called unmatched")


def claim(
    keys: Keys, setting: Setting, reached: dict[Keys, Setting], around: dict[Keys, Setting]
) -> None:
    """Note that a setting reaches a place. Raises InputError where another did before: the place,
    one around it, or one inside it (``around``).
    """
    other = around.get(keys)
    for length in range(len(keys), -1, -1):
        other = reached.get(keys[:length], other)
    if other is not None:
        raise InputError([setting.fault("set_twice", other=other.path)])
    reached[keys] = setting
    for length in range(len(keys)):
        around.setdefault(keys[:length], setting)


# -- what a setting makes of a value ---------------------------------------------------------------


def settled(before: Any, keys: Keys, setting: Setting) -> Any:
    """What stands at a place after the setting, both as files write it.

    A figure that is set has the setting as its source; one that stays as it is keeps its own.
    """
    after = _filled(keys, setting) if before is None else _settled(before, setting)
    return before if _content(after) == _content(before) else after


def _settled(before: Any, setting: Setting) -> Any:
    value, source = setting.value, setting.source or setting.where
    factor = FACTOR.match(value) if isinstance(value, str) else None
    if isinstance(before, Mapping) and "origin" in before and "value" in before:  # a figure
        if isinstance(value, Mapping) and "value" in value:
            return {**before, **value}
        if factor:
            return {**before, "value": _scaled(before["value"], float(factor[1]), setting)}
        return {**before, "value": value, "origin": "stated", "source": source}
    if isinstance(before, Mapping) and "why" in before and "value" in before:  # a switch
        if isinstance(value, Mapping):
            return {**before, **value}
        if factor:
            raise InputError([setting.fault("factor_needs_number", value=before["value"])])
        return {**before, "value": value, "source": source}
    if factor:
        return _scaled(before, float(factor[1]), setting)
    if isinstance(before, Mapping) and not isinstance(value, Mapping):
        raise InputError([setting.fault("not_one_value", choices=sorted(map(str, before)))])
    return copy.deepcopy(value)


def _filled(keys: Keys, setting: Setting) -> Any:
    """What a setting puts where nothing stood: a figure in the unit of its field, or in its own."""
    value, kind = setting.value, kind_at(keys)
    if isinstance(value, str) and FACTOR.match(value):
        raise InputError([setting.fault("factor_needs_figure")])
    if kind is None or Figure not in kind.forms:
        return copy.deepcopy(value)
    figure = value if isinstance(value, Mapping) and "value" in value else {"value": value}
    unit = facts_of(".".join(map(str, keys))).unit
    if unit is None and "unit" not in figure:
        raise InputError([setting.fault("unit_unknown")])
    source = setting.source or setting.where
    return {"unit": unit, "origin": "stated", "source": source, **figure}


def _scaled(value: Any, factor: float, setting: Setting) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Mapping):
        raise InputError([setting.fault("factor_needs_number", value=value)])
    if isinstance(value, Mapping):
        if "dist" not in value:
            raise InputError([setting.fault("not_one_value", choices=sorted(map(str, value)))])
        return {
            key: ([factor * v for v in part] if isinstance(part, list) else factor * part)
            if key in Uncertainty.AMOUNTS
            else part
            for key, part in value.items()
        }
    scaled = factor * value
    whole = isinstance(value, int) and math.isfinite(scaled) and scaled == int(scaled)
    return int(scaled) if whole else scaled


def _content(value: Any) -> Any:
    """A value without what only tells where it comes from."""
    if not isinstance(value, Mapping):
        return value
    return {k: v for k, v in value.items() if k not in ("origin", "source", "why")}


def read(after: Any, keys: Keys, units: dict[str, str]) -> Any:
    """The noun, in base units, that a file means by a value at a place. ``units``: see ``written``.

    Raises InputError naming all that does not fit the place.
    """
    path, kind, faults = ".".join(map(str, keys)), kind_at(keys), list[Fault]()
    if kind is None:
        return after
    noun = conformed(after, kind, path, faults)
    if not faults:
        noun = in_base_units(noun, faults, units, path)
    if faults:
        raise InputError(faults)
    return noun


def is_readable(value: Any, keys: Keys) -> bool:
    try:
        read(value, keys, {})
    except InputError:
        return False
    return True


# -- on what files write ---------------------------------------------------------------------------


def apply(tree: Mapping[str, Any], settings: Sequence[Setting], idle: bool = True) -> Applied:
    """The tree with all settings of one layer. Raises InputError with every fault of the layer.

    What no setting reaches is shared with the tree that is given. ``idle``: whether a setting may
    leave everything as it is.
    """
    result = Applied(dict(tree))
    own: set[Keys] = {()}
    around: dict[Keys, Setting] = {}
    faults: list[Fault] = []
    for setting in settings:
        try:
            moved = False
            for keys in _free(result.tree, setting, result.reached, around):
                moved = _set(result.tree, keys, setting, own) or moved
            if not moved and not idle:
                faults.append(setting.fault("changes_nothing", value=setting.value))
        except InputError as problem:
            faults += problem.faults
    if faults:
        raise InputError(faults)
    return result


def _free(
    tree: Any, setting: Setting, reached: dict[Keys, Setting], around: dict[Keys, Setting]
) -> Iterator[Keys]:
    """The places that a setting reaches. Raises InputError where there is none, and for one that
    another setting has reached before.
    """
    found = list(found_at(tree, setting.path, {}))
    if not found:
        raise InputError([nothing_found(tree, setting, {})])
    for keys in found:
        claim(keys, setting, reached, around)
        yield keys


def _set(tree: Any, keys: Keys, setting: Setting, own: set[Keys]) -> bool:
    """Set one place of a tree; whether that changed anything. Raises InputError where refused."""
    before = _below(tree, keys)
    after = settled(before, keys, setting)
    if after is before:
        return False
    try:
        read(after, keys, {})
    except InputError as problem:
        if is_readable(before, keys):  # else the file is wrong, and says where
            raise InputError(map(setting.placed, problem.faults)) from None
    _own(tree, keys[:-1], own)[keys[-1]] = after
    return True


def _below(tree: Any, keys: Keys) -> Any:
    """What stands at keys that were found: what a file leaves out has its default, or is None."""
    for length, key in enumerate(keys):
        tree = entries(tree, kind_at(keys[:length])).get(key)
    return tree


def _own(tree: Any, keys: Keys, own: set[Keys]) -> Any:
    """What stands at a place, which may be written on: copied, with all around it, the first time.

    ``own``: the places that were copied before.
    """
    for length, key in enumerate(keys, start=1):
        if keys[:length] not in own:
            own.add(keys[:length])
            tree[key] = copy.copy(entries(tree, kind_at(keys[: length - 1]))[key])
        tree = tree[key]
    return tree


# -- on a plan -------------------------------------------------------------------------------------


def told(node: Any, keys: Keys, written: Mapping[str, str]) -> Any:
    """What a file would write for a noun: figures in the units of ``written``."""
    if isinstance(node, Figure):
        path = ".".join(map(str, keys))
        return plain(as_written(node, path, written.get(path, node.unit)))
    if isinstance(node, Mapping):
        return {key: told(child, (*keys, key), written) for key, child in node.items()}
    if isinstance(node, tuple):
        return [told(child, (*keys, i), written) for i, child in enumerate(node)]
    if is_dataclass(node):
        noun: Any = type(node)
        children = {name: getattr(node, name) for name in written_fields(noun)}
        return {
            name: told(child, (*keys, name), written)
            for name, child in children.items()
            if child is not None
        }
    return node


def stands(plan: Plan, path: str) -> Any:
    """What stands at a path of a plan, a figure in the unit that its files write; None where a
    figure is left out.
    """
    setting = Setting(path, None, "")
    setting, found = _found(plan, setting)
    if len(found) > 1:
        shown = [".".join(map(str, keys)) for keys in found]
        raise InputError([setting.fault("several_places", choices=shown)])
    node: Any = plan
    for length, key in enumerate(found[0]):
        if isinstance(node, Figure):
            node = told(node, found[0][:length], plan.written)
        node = entries(node, kind_at(found[0][:length])).get(key)
    if isinstance(node, Figure):
        place = ".".join(map(str, found[0]))
        return as_written(node, place, plan.written.get(place, node.unit))
    return node


def _found(plan: Plan, setting: Setting) -> tuple[Setting, list[Keys]]:
    """Where a setting leads, also by a name instead of a path. Raises InputError if nowhere."""
    found = list(found_at(plan, setting.path, plan.written))
    if found:
        return setting, found
    named = path_of(plan, setting.path)
    if named != setting.path:
        return _found(plan, replace(setting, path=named))
    raise InputError([nothing_found(plan, setting, plan.written)])


def changed(plan: Own, settings: Mapping[str, object]) -> Own:
    """The plan under settings: see ``Plan.with_``."""
    asked = [Setting(path, plain(value), "", source=SET) for path, value in settings.items()]
    after, reached = set_on(plan, asked)
    if after is plan:
        return plan
    if len(reached) > FEW or any(faults_of_change(after, plan, keys) for keys in reached):
        alone = faults_of_change(after, plan, *reached) if len(reached) == 1 else []
        faults = alone or faults_of_plan(after)
        if faults:
            raise InputError(faults)
    return replace(after, document=plan.document or plan) if plan.outside else after


def set_on(plan: Own, settings: Sequence[Setting]) -> tuple[Own, dict[Keys, Setting]]:
    """The plan under settings, not held against its rules, and the places that they reached.

    Raises InputError with every fault of the settings themselves.
    """
    reached: dict[Keys, Setting] = {}
    around: dict[Keys, Setting] = {}
    faults: list[Fault] = []
    for given in settings:
        try:
            setting, found = _found(plan, given)
            for keys in found:
                claim(keys, setting, reached, around)
                plan = _with(plan, keys, setting)
        except InputError as problem:
            faults += problem.faults
    if faults:
        raise InputError(faults)
    return plan, reached


def _with(plan: Own, keys: Keys, setting: Setting) -> Own:
    """The plan with one place set. A figure is set as a whole, whatever of it the keys name."""
    leaf, length = _leaf(plan, keys)
    own = keys[:length]
    before = told(leaf, own, plan.written)
    if len(keys) > length:
        inside = copy.deepcopy(before)
        holder = _below_plain(inside, keys[length:-1], own)
        holder[keys[-1]] = settled(entries(holder, kind_at(keys[:-1]))[keys[-1]], keys, setting)
        after = before if inside == before else inside
    else:
        after = settled(before, own, setting)
    if after is before:
        return plan
    path, units = ".".join(map(str, own)), dict[str, str]()
    try:
        noun = read(after, own, units)
    except InputError as problem:
        raise InputError(map(setting.placed, problem.faults)) from None
    found: Own = _put(plan, own, noun)
    if isinstance(leaf, Figure) and plan.written.get(path) == units.get(path):
        return found
    others = {p: u for p, u in plan.written.items() if p != path and not p.startswith(f"{path}.")}
    return replace(found, written={**others, **units})


def _below_plain(tree: Any, keys: Keys, before: Keys) -> Any:
    for length, key in enumerate(keys):
        tree[key] = entries(tree, kind_at((*before, *keys[:length])))[key]
        tree = tree[key]
    return tree


def _leaf(plan: Plan, keys: Keys) -> tuple[Any, int]:
    """What is to be set, and how many of the keys lead to it: a figure is not looked into."""
    node: Any = plan
    for length, key in enumerate(keys):
        if isinstance(node, Figure):
            return node, length
        node = _child(node, key)
    return node, len(keys)


def _child(node: Any, key: str | int) -> Any:
    if isinstance(node, Mapping):
        return node[key]
    if isinstance(node, tuple):
        return next(part for i, part in enumerate(node) if key in (i, getattr(part, "id", i)))
    return getattr(node, str(key))


def _put(node: Any, keys: Keys, value: Any) -> Any:
    """A noun with another value at a place; all else is shared."""
    if not keys:
        return value
    first, rest = keys[0], keys[1:]
    below = _put(_child(node, first), rest, value)
    if isinstance(node, Mapping):
        return {**node, first: below}
    if isinstance(node, tuple):
        return tuple(
            below if first in (i, getattr(part, "id", i)) else part for i, part in enumerate(node)
        )
    return replace(node, **{str(first): below})
