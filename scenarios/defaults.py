"""Entries called ``*``: what holds for every entry of a section that does not say otherwise."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from plansim.simulator.plan import ANNUAL, Figure, Label, Library, Plan
from plansim.simulator.schema import Kind, kind_of

#: Sections whose entries inherit from an entry called ``*``.
WITH_DEFAULTS = ("clusters", "programmes")
#: Of these an entry has one: who names one does not inherit the other.
ALTERNATIVES = {"queue": "coverage", "coverage": "queue"}


def with_defaults(data: Mapping[str, Any]) -> dict[str, Any]:
    """A plan's or library's tree with the defaults of its sections filled in, and names that stand
    in one language given in both.
    """
    filled = {
        key: _filled(part) if key in WITH_DEFAULTS and isinstance(part, Mapping) else part
        for key, part in data.items()
    }
    assumptions = filled.get("assumptions")
    if isinstance(assumptions, Mapping):
        filled["assumptions"] = {**assumptions, "law": assumptions.get("law", asdict(ANNUAL))}
    return with_names(filled, kind_of(Library if "library" in data else Plan))


def with_names(node: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """What is written for a noun, a name that is one text being that text in both languages."""
    found = dict(node)
    for key, part in node.items():
        child = kind.child(key)
        if child is None or Figure in child.forms:
            continue
        if isinstance(part, Mapping):
            found[key] = with_names(part, child)
        elif isinstance(part, str) and child.form is Label:
            found[key] = {"zh": part, "en": part}
    return found


def _filled(section: Mapping[str, Any]) -> dict[str, Any]:
    """Every entry laid over the entry called ``*``; a figure is replaced whole."""
    default = section.get("*")
    if not isinstance(default, Mapping):
        return dict(section)
    return {
        key: _laid_over(_without_alternatives(default, entry), entry)
        for key, entry in section.items()
        if key != "*"
    }


def _without_alternatives(default: Mapping[str, Any], entry: Any) -> dict[str, Any]:
    """The defaults of an entry that has made its choice."""
    named = entry if isinstance(entry, Mapping) else {}
    return {key: value for key, value in default.items() if ALTERNATIVES.get(key) not in named}


def _laid_over(below: Any, above: Any) -> Any:
    if not isinstance(below, Mapping) or not isinstance(above, Mapping) or "origin" in below:
        return above
    merged = dict(below)
    for key, value in above.items():
        merged[key] = _laid_over(below[key], value) if key in below else value
    return merged
