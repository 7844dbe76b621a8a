"""Programmes that a scenario takes from a shipped plan or library, with what they share."""

import copy
import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import as_file, files
from typing import Any

from plansim.scenarios.defaults import with_defaults
from plansim.scenarios.draft import read_folder
from plansim.scenarios.text import Place
from plansim.simulator.errors import Fault
from plansim.simulator.schema import Keys


@dataclass
class Taken:
    """A plan's tree with programmes from elsewhere, where these stand, and what is wrong."""

    tree: dict[str, Any]
    places: dict[Keys, Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def take(tree: Mapping[str, Any], wanted: Sequence[str]) -> Taken:
    """The tree with the programmes called ``plan/programme``, switched on.

    Offices and quotas that they share come with them, unless the plan has its own of that name.
    Only what is shipped can be named: a plan never makes the program read outside itself.
    """
    taken = Taken(dict(tree))
    for name in wanted:
        lender, _, key = name.partition("/")
        if lender not in _lenders():
            taken.faults.append(_unknown("unknown_lender", lender, _lenders()))
            continue
        data, places = _read(lender)
        if key not in data.get("programmes", {}):
            taken.faults.append(_unknown("unknown_programme", key, data.get("programmes", {})))
        elif key in taken.tree.get("programmes", {}):
            taken.faults.append(Fault("programme_twice", {"value": key}))
        else:
            _put(taken, "programmes", key, data["programmes"][key] | {"active": True})
            for section, shared in _shared(data["programmes"][key]):
                entry = data.get(section, {}).get(shared)
                if entry is None or shared in tree.get(section, {}):
                    continue  # the rules about queues tell of what is nowhere
                if taken.tree.get(section, {}).get(shared, entry) != entry:
                    taken.faults.append(Fault("duplicate_key", {"value": f"{section}.{shared}"}))
                _put(taken, section, shared, entry)
            taken.places |= {path: place for path, place in places.items() if path[1:2] == (key,)}
    return taken


def _put(taken: Taken, section: str, key: str, entry: Mapping[str, Any]) -> None:
    taken.tree[section] = {**taken.tree.get(section, {}), key: copy.deepcopy(dict(entry))}


def _shared(programme: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The offices and quotas that a queue names, as section and key."""
    queue = programme.get("queue") or {}
    for stage in (queue.get("stages") or {}).values():
        if stage.get("office"):
            yield "offices", stage["office"]
        for quota in stage.get("takes") or {}:
            yield "quotas", quota
    fund = (queue.get("subsidy") or {}).get("fund")
    if fund:
        yield "quotas", fund


def _lenders() -> list[str]:
    folder = files("plansim.scenarios") / "library"
    return sorted(item.name for item in folder.iterdir() if item.is_dir())


@cache
def _read(lender: str) -> tuple[dict[str, Any], Mapping[Keys, Place]]:
    with as_file(files("plansim.scenarios") / "library" / lender) as folder:
        draft = read_folder(folder)
    return with_defaults(draft.tree.data), draft.tree.places


def _unknown(code: str, name: str, known: Sequence[str] | Mapping[str, Any]) -> Fault:
    near = "".join(difflib.get_close_matches(name, list(known), 1, 0.4))
    return Fault(code, {"value": name, "choices": list(known), "nearest": near})
