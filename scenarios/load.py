"""A folder or workbook → a frozen Plan under one scenario; every fault at once, with its place.

plan.yaml + programmes.yaml → tree → defaults of ``"*"`` → scenario layers → typed settings →
validated nouns → units → targets → rules (``rules.py``).
"""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from plansim.scenarios.defaults import WITH_DEFAULTS, with_defaults, with_names
from plansim.scenarios.draft import LIBRARY, MAIN, Draft, read_folder
from plansim.scenarios.draft import is_library as holds_library
from plansim.scenarios.history import Observation, observations, read_history
from plansim.scenarios.table import COLUMNS, read_targets
from plansim.scenarios.taken import take
from plansim.scenarios.text import Place, dotted, parse_yaml
from plansim.scenarios.workbook import ENDING, read_workbook
from plansim.simulator import plan as nouns
from plansim.simulator.change import GOALS, Applied, Setting, apply, set_on
from plansim.simulator.conform import full_width_number, plain
from plansim.simulator.conversion import in_base_units
from plansim.simulator.door import Plan
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.naming import path_of
from plansim.simulator.plan import Library, Scenario
from plansim.simulator.rules import faults_of_plan, figure_faults
from plansim.simulator.schema import Keys, Kind, hints_of, kind_of, written_fields

Noun = TypeVar("Noun")

#: The scenario that a run judges unless another is asked for, and the one without a parent.
DEFAULT, ROOT = "plan", "baseline"


def shipped(main: str = MAIN) -> tuple[str, ...]:
    """Ids of the plans (or, by their main file, of the libraries) that come with the product."""
    library = files("plansim.scenarios") / "library"
    return tuple(sorted(item.name for item in library.iterdir() if (item / main).is_file()))


#: How a plan is read, by the ending of its path; "" stands for a folder.
READERS: Mapping[str, Callable[[Path], Draft]] = {"": read_folder, ENDING: read_workbook}


def is_path(name: str | Path) -> bool:
    """Whether a folder or workbook is named, and no shipped plan by its id."""
    if isinstance(name, Path):
        return True
    return "/" in name or "\\" in name or name in (".", "..") or form_of(Path(name)) != ""


def folder_of(name: str | Path) -> Path:
    """Where a plan is: a bare word is a shipped plan, else the path of a folder or workbook."""
    if is_path(name):
        path, name = Path(name), str(name)
        if not path.exists():
            raise InputError([Fault("folder_missing", {"value": name}, file=name)])
        if not path.is_dir() and form_of(path) == "":
            raise InputError([Fault("not_a_folder", {"value": name}, file=name)])
        return path
    name = str(name)
    known = [*shipped(), *shipped(LIBRARY)]
    if name not in known:
        near = difflib.get_close_matches(name, known, 1, 0.4)
        fields_ = {"value": name, "choices": known, "nearest": "".join(near)}
        raise InputError([Fault("unknown_plan", fields_)])
    with as_file(files("plansim.scenarios") / "library" / name) as folder:
        return Path(folder)


def shortest(name: str) -> str:
    """What leads to a plan as well, and is short: the id of a shipped one, or a path from here."""
    if not is_path(name):
        return name
    path = Path(name).resolve()
    for key in shipped():
        if folder_of(key).resolve() == path:
            return key
    here = Path.cwd().resolve()
    if Path(name).is_absolute() and path.is_relative_to(here):
        return f"./{path.relative_to(here)}"
    return name


def form_of(path: Path) -> str:
    """The key in ``READERS`` of what is at a path."""
    ending = path.suffix.lower()
    return ending if ending in READERS and not path.is_dir() else ""


def read_draft(name: str | Path) -> Draft:
    """A plan as it was written. Raises InputError where it has not the form of a plan."""
    path = folder_of(name)
    return READERS[form_of(path)](path)


@dataclass(frozen=True, slots=True)
class Source:
    """A plan as read: its tree with defaults filled in, its scenarios, its places."""

    draft: Draft
    tree: Mapping[str, Any]
    places: Mapping[tuple[str | int, ...], Place]
    scenarios: Mapping[str, Scenario]
    #: What is wrong with the form of the other files, told together with what is wrong with these.
    faults: tuple[Fault, ...] = ()

    def place(self, path: Sequence[str | int]) -> Place | None:
        """Where a value, or the nearest mapping around it, stands in the user's files."""
        for length in range(len(path), 0, -1):
            keys = tuple(path[:length])
            if keys in self.places:
                return self.places[keys]
            if len(keys) > 1 and keys[0] in WITH_DEFAULTS:
                starred = (keys[0], "*", *keys[2:])
                if starred in self.places and length == len(path):
                    return self.places[starred]
        return None


def read_source(name: str | Path) -> Source:
    """Read a plan. Raises InputError where it has not the form of a plan.

    What is wrong with scenarios and tables waits in ``faults``, to be told with the rest.
    """
    draft = read_draft(name)
    faults = list(draft.faults)
    scenarios = _read_scenarios(draft, faults)
    if "library" in draft.tree.data:
        raise InputError.of("a_library", value=str(name))
    data = with_defaults(draft.tree.data)
    places = dict(draft.tree.places)
    for row in draft.targets:
        places |= {("targets", row.cells["id"], column): row.place(column) for column in COLUMNS}
    return Source(draft, data, places, scenarios, tuple(faults))


def _read_scenarios(draft: Draft, faults: list[Fault]) -> dict[str, Scenario]:
    scenarios: dict[str, Scenario] = {}
    adapter = reader(Scenario)
    known = list(draft.scenarios)
    for key, tree in draft.scenarios.items():
        if tree is None:
            continue
        try:
            scenarios[key] = adapter.validate_python(with_names(tree.data, kind_of(Scenario)))
        except ValidationError as problem:
            faults += _schema_faults(problem, tree.data, Scenario, tree.place)
    for key, scenario in scenarios.items():
        parent = scenario.extends
        if parent is not None and parent not in known:
            near = "".join(difflib.get_close_matches(parent, known, 1, 0.4))
            fields_ = {"value": parent, "choices": known, "nearest": near}
            place = draft.place_in(key, ("extends",))
            faults.append(_placed("unknown_scenario", fields_, f"scenarios.{key}.extends", place))
    return scenarios


#: What is set on top of a scenario: ``PATH=VALUE`` as typed, or values by their paths.
Settings = Sequence[str] | Mapping[str, object]


def load(name: str | Path, scenario: str = DEFAULT, settings: Settings = ()) -> Plan:
    """The plan ``name`` under a scenario and settings, as its files have it.

    Raises InputError with every fault of the files, the scenario, the settings and the rules.
    """
    return assemble(read_source(name), scenario, settings)


def assemble(source: Source, scenario: str = DEFAULT, settings: Settings = ()) -> Plan:
    """The plan of a read folder under a scenario and settings."""
    tree = dict(source.tree)
    changed: dict[Keys, Setting] = {}
    faults = [*source.faults, *_unwritten(source)]
    lent: dict[Keys, Place] = {}
    goals: list[list[Setting]] = []
    chain = _chain(source, scenario)
    for key in (*chain, None):
        layer = _typed(source, scenario, settings) if key is None else _layer(source, key)
        if key is not None:
            taken = take(tree, source.scenarios[key].take)
            tree, lent = taken.tree, lent | taken.places
            faults += _in_scenario(source.draft, key, taken.faults)
        goals.append([setting for setting in layer if _is_goal(setting)])
        figures = [setting for setting in layer if not _is_goal(setting)]
        applied, refused = _applied(tree, figures, idle=key is None)
        tree, changed, faults = applied.tree, changed | applied.reached, faults + refused
    place_of = _Places(source, changed, lent)
    plan, wrong = _validated(tree, place_of)
    faults += wrong
    if plan is None or faults:
        raise InputError(faults)
    written: dict[str, str] = {}
    plan = cast(Plan, in_base_units(plan, faults, written))
    named = source.scenarios[scenario].name
    plan = replace(plan, scenario=scenario, scenario_name=named, written=written)
    plan, wrong = _with_goals(plan, source, goals, changed)
    faults += [*wrong, *faults_of_plan(plan)]
    if faults:
        raise InputError(place_of.fill(f) for f in faults)
    return plan


def _validated(tree: Mapping[str, Any], place_of: "_Places") -> tuple[Plan | None, list[Fault]]:
    """The nouns of a tree, as written, and what is wrong with its form."""
    plan: Plan | None = None
    faults: list[Fault] = []
    try:
        plan = reader(Plan).validate_python(tree)
    except ValidationError as problem:
        faults += _schema_faults(problem, tree, Plan, place_of)
    faults += _truth_faults(tree, place_of, {fault.path for fault in faults})
    return plan, faults


def _with_goals(
    plan: Plan,
    source: Source,
    goals: Sequence[Sequence[Setting]],
    changed: dict[Keys, Setting],
) -> tuple[Plan, list[Fault]]:
    """The plan with its targets, goals set layer by layer, and what is wrong with either."""
    faults: list[Fault] = []
    try:
        plan = replace(plan, targets=read_targets(source.draft.targets, plan))
        for layer in goals:
            plan, reached = set_on(plan, layer)
            changed |= reached
    except InputError as problem:
        faults += problem.faults
    return plan, faults


def _is_goal(setting: Setting) -> bool:
    return setting.path.partition(".")[0] == GOALS


def _unwritten(source: Source) -> Iterator[Fault]:
    """Keys that stand in the nouns and not in files."""
    known = written_fields(Plan)
    for key in source.tree:
        if key in hints_of(Plan) and key not in known:
            shown = {"key": key, "choices": known, "nearest": ""}
            yield _placed("unknown_key", shown, key, source.place((key,)))


def observed(source: Source, plan: nouns.Plan, path: Path | None = None) -> tuple[Observation, ...]:
    """What was seen of a plan's quantities: its own history, or that of a CSV file.

    Raises InputError with every fault of the history.
    """
    return observations(source.draft.history if path is None else read_history(path), plan)


def history_faults(source: Source, plan: nouns.Plan) -> list[Fault]:
    """What is wrong with a plan's own history."""
    try:
        observed(source, plan)
    except InputError as problem:
        return list(problem.faults)
    return []


def _applied(
    tree: dict[str, Any], layer: Sequence[Setting], idle: bool
) -> tuple[Applied, list[Fault]]:
    """The tree under a layer of settings, or as it was with what is wrong with the layer."""
    try:
        return apply(tree, layer, idle), []
    except InputError as problem:
        return Applied(tree), list(problem.faults)


def _chain(source: Source, scenario: str) -> list[str]:
    """A scenario and its ancestors, oldest first."""
    if scenario not in source.scenarios:
        near = difflib.get_close_matches(scenario, source.scenarios, 1, 0.4)
        fields_ = {"value": scenario, "choices": sorted(source.scenarios), "nearest": "".join(near)}
        raise InputError([*source.faults, Fault("unknown_scenario", fields_)])
    chain: list[str] = []
    current: str | None = scenario
    while current is not None and current in source.scenarios:
        if current in chain:
            shown = {"value": " → ".join([*chain, current])}
            place = source.draft.place_in(chain[-1], ("extends",))
            fault = _placed("scenario_circle", shown, f"scenarios.{chain[-1]}.extends", place)
            raise InputError([*source.faults, fault])
        chain.append(current)
        current = source.scenarios[current].extends
    return chain[::-1]


def _layer(source: Source, scenario: str) -> list[Setting]:
    """What one scenario sets itself."""
    layer = []
    for path, value in source.scenarios[scenario].set.items():
        place = source.draft.place_in(scenario, ("set", path)) or Place(scenario, 0, 0)
        where = (place.file, place.line, place.column)
        layer.append(Setting(path, value, *where, source=f"scenario:{scenario}"))
    return layer


def _in_scenario(draft: Draft, scenario: str, faults: Sequence[Fault]) -> list[Fault]:
    """Faults of what a scenario takes, at the place where it says so."""
    place = draft.place_in(scenario, ("take",)) or Place(scenario, 0, 0)
    return [_placed(f.code, f.fields, f"scenarios.{scenario}.take", place) for f in faults]


def _typed(source: Source, scenario: str, settings: Settings) -> list[Setting]:
    """What was typed, with paths for names. Only a plan knows its names: where a setting is of
    none of its sections, the plan is read without settings first.
    """
    found = _parsed(settings)
    if all(setting.path.partition(".")[0] in hints_of(Plan) for setting in found):
        return found
    try:
        plan = assemble(source, scenario)
    except InputError:
        return found
    return [replace(setting, path=path_of(plan, setting.path)) for setting in found]


def _parsed(settings: Settings) -> list[Setting]:
    """``PATH=VALUE`` as typed. The value is read as YAML, so a distribution can be typed too."""
    if isinstance(settings, Mapping):
        return [Setting(path, plain(value)) for path, value in settings.items()]
    found: list[Setting] = []
    faults: list[Fault] = []
    for text in settings:
        path, equals, value = text.partition("=")
        if not equals or not path.strip() or not value.strip():
            faults.append(Fault("set_form", {"value": text}, file="--set"))
            continue
        try:
            _, parsed = parse_yaml(value, "--set")
        except InputError as problem:
            faults += [replace(f, path=path, line=0, column=0) for f in problem.faults]
            continue
        found.append(Setting(path.strip(), parsed, "--set"))
    if faults:
        raise InputError(faults)
    return found


@dataclass(frozen=True, slots=True)
class _Places:
    """Finds the place of a value: in the setting that put it there, or in the plan's files."""

    source: Source
    changed: Mapping[Keys, Setting]
    lent: Mapping[Keys, Place]

    def __call__(self, path: Sequence[str | int]) -> Place | None:
        for length in range(len(path), 0, -1):
            setting = self.changed.get(tuple(path[:length]))
            if setting is not None:
                return Place(setting.where, setting.line, setting.column)
            if tuple(path[:length]) in self.lent:
                return self.lent[tuple(path[:length])]
        return self.source.place(path)

    def fill(self, fault: Fault) -> Fault:
        """The fault with its place, where it has a path and no place yet."""
        if fault.file or not fault.path:
            return fault
        keys = tuple(int(p) if p.isdigit() else p for p in fault.path.split("."))
        place = self(keys)
        if place is None:
            return fault
        return replace(fault, file=place.file, line=place.line, column=place.column)


def load_library(name: str | Path) -> Library:
    """A library of programmes. Raises InputError with every fault of its files."""
    draft = read_draft(name)
    source = Source(draft, with_defaults(draft.tree.data), draft.tree.places, {}, draft.faults)
    place_of = _Places(source, {}, {})
    faults = list(source.faults)
    try:
        library: Library = reader(Library).validate_python(source.tree)
    except ValidationError as problem:
        faults += _schema_faults(problem, source.tree, Library, place_of)
        raise InputError(faults) from None
    library = cast(Library, in_base_units(library, faults, {}))
    try:
        library = replace(library, targets=read_targets(draft.targets, None))
    except InputError as problem:
        faults += problem.faults
    faults += figure_faults(library)
    if faults:
        raise InputError(place_of.fill(f) for f in faults)
    return library


def is_library(name: str | Path) -> bool:
    """Whether a word or path names a library of programmes, and no plan."""
    return holds_library(folder_of(name))


@cache
def reader(noun: type[Noun]) -> TypeAdapter[Noun]:
    """Validates one kind of noun: made once, as it takes as long as reading a plan."""
    return TypeAdapter(noun)


# -- schema faults ---------------------------------------------------------------------------------

#: pydantic's error types → our codes.
CODES = {
    "missing": "missing_key",
    "missing_argument": "missing_key",
    "unexpected_keyword_argument": "unknown_key",
    "extra_forbidden": "unknown_key",
    "dataclass_type": "not_a_mapping",
    "dataclass_exact_type": "not_a_mapping",
    "mapping_type": "not_a_mapping",
    "dict_type": "not_a_mapping",
    "tuple_type": "not_a_list",
    "list_type": "not_a_list",
    "float_type": "not_a_number",
    "float_parsing": "not_a_number",
    "finite_number": "not_a_number",
    "int_type": "not_a_whole_number",
    "int_parsing": "not_a_whole_number",
    "int_from_float": "not_a_whole_number",
    "string_type": "not_text",
    "bool_type": "not_yes_or_no",
    "bool_parsing": "not_yes_or_no",
    "literal_error": "not_a_choice",
    "too_long": "wrong_length",
    "too_short": "wrong_length",
}


#: The keys that are true or false.
TRUTHS = ("active", "residual")


def _schema_faults(problem: ValidationError, tree: Any, root: type, place_of: Any) -> list[Fault]:
    found: list[Fault] = []
    for error in problem.errors():
        path, branch = _plain_path(error["loc"], tree)
        if branch is not None and BRANCHES[branch] != _is_mapping(tree, path):
            continue
        code = CODES.get(error["type"], "invalid")
        value = error.get("input")
        shown: dict[str, object] = {"key": path[-1] if path else "", "reason": error["msg"]}
        if not isinstance(value, Mapping | list):
            shown["value"] = value
        if code == "unknown_key":
            shown["choices"] = known = _known_keys(root, path[:-1])
            shown["nearest"] = "".join(difflib.get_close_matches(str(path[-1]), known, 1, 0.5))
        if code == "not_a_choice":
            shown["choices"] = words = re.findall("'([^']*)'", error.get("ctx", {})["expected"])
            shown["nearest"] = "".join(difflib.get_close_matches(str(value), words, 1, 0.5))
        if isinstance(value, str) and full_width_number(value):
            code = "full_width_digits"
        place = place_of(path)
        found.append(_placed(code, shown, dotted(path), place))
    return found


def _truth_faults(tree: Any, place_of: Any, known: set[str]) -> list[Fault]:
    """true and false where a number belongs, which the validator would take for 1 and 0."""
    found: list[Fault] = []

    def walk(node: Any, path: tuple[str | int, ...]) -> None:
        if isinstance(node, bool):
            if path[-1] not in TRUTHS and dotted(path) not in known:
                shown = {"key": path[-1], "value": node}
                found.append(_placed("not_a_number", shown, dotted(path), place_of(path)))
        elif isinstance(node, dict | list):
            children = node.items() if isinstance(node, dict) else enumerate(node)
            for key, child in children:
                if not isinstance(child, str):
                    walk(child, (*path, key))

    walk(tree, ())
    return found


#: How pydantic calls the branches of what is a number or a distribution, or a text in one language
#: or in both; and whether a mapping is written there.
BRANCHES = {"float": False, "Uncertainty": True, "str": False, "Label": True}


def _plain_path(loc: Sequence[str | int], tree: Any) -> tuple[tuple[str | int, ...], str | None]:
    """pydantic's location without the names of union branches, and the branch it speaks of."""
    path: list[str | int] = []
    branch: str | None = None
    node = tree
    for part in loc:
        if part in BRANCHES and not (isinstance(node, Mapping) and part in node):
            branch = str(part)
            continue
        if part == "[key]":
            continue
        path.append(part)
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            node = None
    return tuple(path), branch


def _is_mapping(tree: Any, path: Sequence[str | int]) -> bool:
    """Whether the user wrote a mapping at, or just above, a path."""
    node = tree
    for part in path:
        if isinstance(node, Mapping) and "dist" in node:
            return True
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            break
    return isinstance(node, Mapping)


def _known_keys(root: type, path: Sequence[str | int]) -> list[str]:
    """The keys that a mapping at ``path`` may have, read off the nouns."""
    kind: Kind | None = kind_of(root)
    for part in path:
        kind = None if kind is None else kind.child(part)
    return [] if kind is None or kind.noun is None else list(written_fields(kind.noun))


def _placed(code: str, shown: Mapping[str, object], path: str, place: Place | None) -> Fault:
    if place is None:
        return Fault(code, shown, path)
    return Fault(code, shown, path, place.file, place.line, place.column)
