"""What sets one plan apart from another, lever by lever, and the plans in between."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from plansim.simulator.errors import Fault, InputError
from plansim.simulator.model import Model
from plansim.simulator.naming import called, name_of, nearest_called, path_of
from plansim.simulator.plan import Cluster, Plan, Programme
from plansim.words.catalogue import say

#: Everything that is not told apart by its own name.
REST = "rest"
#: All levers together.
TOTAL = "total"
#: Kinds of levers, by the first of what its programmes move; quantities by the end of their path.
KINDS = ("output", "va_rate", "energy", "labour", "city", "counts")
MOVED = {
    "output": "output",
    "va_rate": "va_rate",
    "energy": "energy",
    "water": "energy",
    "labour": "labour",
}
#: Where a lever of a scenario that is no programme belongs.
SECTIONS = {"quotas": "resources", "offices": "resources", "assumptions": "assumptions"}


@dataclass(frozen=True, slots=True)
class Lever:
    """Places of a plan that are as one plan has them, or as the other. ``key`` names it."""

    key: str
    paths: tuple[str, ...]

    @property
    def programmes(self) -> tuple[str, ...]:
        return tuple(p.partition(".")[2] for p in self.paths if p.startswith("programmes."))

    @property
    def only_programmes(self) -> bool:
        return len(self.programmes) == len(self.paths)


def differences(plan: Plan, base: Plan) -> tuple[Lever, ...]:
    """The levers by which ``plan`` differs from ``base``, another scenario of the same document.

    A programme is a lever where it is at work in one of them at least and not alike in both; so is
    every quota, office, assumption, indicator and quantity of the place that both have and that
    differs, and every quantity of clusters (all clusters together) and the prices.
    """
    places: dict[str, list[str]] = {}
    for path in _differing(plan, base):
        places.setdefault(_lever_of(path), []).append(path)
    return tuple(
        Lever(paths[0] if len(paths) == 1 else key, tuple(paths)) for key, paths in places.items()
    )


def _differing(plan: Plan, base: Plan) -> Iterator[str]:
    for key in dict.fromkeys((*plan.programmes, *base.programmes)):
        one, other = plan.programmes.get(key), base.programmes.get(key)
        at_work = any(p is not None and p.active for p in (one, other))
        if at_work and one != other:
            yield f"programmes.{key}"
    for section in ("quotas", "offices", "indicators", "city"):
        mine, theirs = getattr(plan, section), getattr(base, section)
        yield from (
            f"{section}.{key}" for key in mine if key in theirs and mine[key] != theirs[key]
        )
    for key, cluster in plan.clusters.items():
        for name in (f.name for f in fields(Cluster)):
            if getattr(cluster, name) != getattr(base.clusters[key], name):
                yield f"clusters.{key}.{name}"
    for name in (f.name for f in fields(plan.assumptions)):
        if getattr(plan.assumptions, name) != getattr(base.assumptions, name):
            yield f"assumptions.{name}"
    apart = {
        "plan",
        "programmes",
        "quotas",
        "offices",
        "indicators",
        "city",
        "clusters",
        "assumptions",
        *Plan.ASIDE,
    }
    for name in (f.name for f in fields(Plan) if f.name not in apart):
        if getattr(plan, name) != getattr(base, name):
            yield name


def _lever_of(path: str) -> str:
    section, _, rest = path.partition(".")
    return f"clusters.*.{rest.split('.')[1]}" if section == "clusters" else path


def mixed(plan: Plan, base: Plan, levers: Sequence[Lever], on: Collection[int]) -> Plan:
    """``plan`` with all levers but those ``on`` (their places among ``levers``) as in ``base``."""
    off = [path for i, lever in enumerate(levers) if i not in on for path in lever.paths]
    changes: dict[str, Any] = {"programmes": _all_programmes(plan, base)}
    for path in off:
        first, *keys = path.split(".")
        node = changes.get(first, getattr(plan, first))
        changes[first] = _restored(node, getattr(base, first), keys)
    return replace(plan, **changes)


def _all_programmes(plan: Plan, base: Plan) -> dict[str, Programme]:
    """Those of the plan, then those that only ``base`` has, switched off."""
    lent = {
        k: replace(p, active=False) for k, p in base.programmes.items() if k not in plan.programmes
    }
    return {**plan.programmes, **lent}


def _restored(node: Any, other: Any, keys: Sequence[str]) -> Any:
    """``node`` with what is at ``keys`` as in ``other``; a programme that is not there is off."""
    if not keys:
        return other
    first, *rest = keys
    if isinstance(node, Mapping):
        if first not in other:
            return {**node, first: replace(node[first], active=False)}
        return {**node, first: _restored(node[first], other[first], rest)}
    return replace(node, **{first: _restored(getattr(node, first), getattr(other, first), rest)})


# -- which levers are told apart -------------------------------------------------------------------


def told_apart(plan: Plan, base: Plan, by: str, wanted: Sequence[str]) -> tuple[Lever, ...]:
    """The levers between two plans: those ``wanted`` and the rest, or all, or groups of them."""
    levers = differences(plan, base)
    if wanted:
        return chosen(plan, levers, wanted)
    return levers if by == "programme" else grouped(plan, levers)


def grouped(plan: Plan, levers: Sequence[Lever]) -> tuple[Lever, ...]:
    """Levers of one kind together: programmes by the first of KINDS that they move."""
    groups: dict[str, list[str]] = {}
    for lever in levers:
        groups.setdefault(kind_of(plan, lever), []).extend(lever.paths)
    return tuple(Lever(f"group.{kind}", tuple(paths)) for kind, paths in groups.items())


def kind_of(plan: Plan, lever: Lever) -> str:
    """The group that a lever belongs to."""
    if not lever.only_programmes:
        return SECTIONS.get(lever.key.split(".")[0], "economy")
    kinds = {kind for key in lever.programmes for kind in _kinds(plan.programmes.get(key))}
    return next((kind for kind in KINDS if kind in kinds), "counts")


def _kinds(programme: Programme | None) -> Iterator[str]:
    if programme is None:
        return
    if programme.projects or programme.closures or programme.recognised:
        yield "output"
    for effect in programme.effects:
        yield "city" if effect.on.startswith("city.") else MOVED[effect.on.rpartition(".")[2]]


def chosen(plan: Plan, levers: Sequence[Lever], wanted: Sequence[str]) -> tuple[Lever, ...]:
    """The levers named, ``a+b`` as one, and everything else together as REST.

    They go by their keys or by what the plan calls them. A programme's key may lack its section;
    ``*`` stands for anything. Raises InputError naming every word that no lever has, and every
    lever that is named twice.
    """
    faults: list[Fault] = []
    taken: dict[str, str] = {}
    found: list[Lever] = []
    for word in wanted:
        paths: list[str] = []
        for part in word.split("+"):
            named = [lever for lever in levers if _is_named(plan, lever, part.strip())]
            if not named:
                paths = [lever.key for lever in levers]
                known = [called(plan, path) for path in paths]
                near = nearest_called(plan, part, paths)
                faults.append(
                    Fault(
                        "unknown_lever",
                        {"value": part, "choices": known, "nearest": near},
                        file="--levers",
                    )
                )
            for lever in named:
                if lever.key in taken:
                    shown = {"value": lever.key, "other": taken[lever.key]}
                    faults.append(Fault("levers_overlap", shown, file="--levers"))
                taken[lever.key] = word
                paths += lever.paths
            key = named[0].key if len(named) == 1 else part
        found.append(Lever(key if "+" not in word else word, tuple(paths)))
    if faults:
        raise InputError(faults)
    left = [path for lever in levers if lever.key not in taken for path in lever.paths]
    return (*found, *([Lever(REST, tuple(left))] if left else []))


def _is_named(plan: Plan, lever: Lever, word: str) -> bool:
    path = path_of(plan, word)
    if path != word:
        return f"{path}.".startswith(f"{lever.key}.")
    pattern = re.escape(word).replace(r"\*", ".*")
    return any(re.fullmatch(pattern, name) for name in (lever.key, lever.key.partition(".")[2]))


def solitary(models: Sequence[Model], levers: Sequence[Lever]) -> dict[int, tuple[str, ...]]:
    """Levers that move nothing but counts of their own: their places, and whose counts.

    Their programmes have no effect on any quantity and share no queue's stations with anybody, in
    none of the plans; and no lever changes how targets or indicators are read.
    """
    reading = (
        "assumptions",
        "indicators",
        "targets",
        "calibration",
        "parameter_correlations",
        "couplings",
    )
    if any(path.split(".")[0] in reading for lever in levers for path in lever.paths):
        return {}
    return {
        place: lever.programmes
        for place, lever in enumerate(levers)
        if lever.only_programmes
        and all(_alone(model, key) for model in models for key in lever.programmes)
    }


def _alone(model: Model, key: str) -> bool:
    programme = model.plan.programmes.get(key)
    if programme is None or not programme.active:
        return True
    if any(_kinds(programme)):
        return False
    part = next((part for part in model.parts if key in part.routes), None)
    shared = (
        ()
        if part is None
        else [s.path for s in part.stations if not s.path.startswith("programmes.")]
    )
    return part is None or (tuple(part.routes) == (key,) and not shared)


def lever_name(plan: Plan, key: str, lang: str) -> str:
    """A lever in words: the name of a programme, a quota, a group."""
    if "+" in key:
        return " + ".join(lever_name(plan, part.strip(), lang) for part in key.split("+"))
    section, _, rest = key.partition(".")
    if key in (REST, TOTAL, "prices"):
        return say(f"attributed.{key}", lang)
    if section == "group":
        return say(f"pulled.{rest}", lang)
    if rest.endswith(".tags"):
        owner = name_of(plan, key.removesuffix(".tags"), lang)
        return say("attributed.tags", lang, cluster=owner)
    path = key if rest else f"programmes.{key}"
    named = name_of(plan, path, lang)
    return key if named == path else named
