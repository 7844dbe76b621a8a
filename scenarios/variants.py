"""Variants typed on the command line: "slow: PATH=VALUE, PATH=VALUE"."""

from collections.abc import Sequence
from dataclasses import dataclass

from plansim.simulator.errors import Fault, InputError


@dataclass(frozen=True, slots=True)
class Variant:
    """A name and what is set, as typed."""

    name: str
    settings: tuple[str, ...]


def variants(texts: Sequence[str], settings: Sequence[str] = ()) -> tuple[Variant, ...]:
    """Every text as one variant, and all ``settings`` (of --set) together as one more.

    A name ends with the first colon before any =; without one the settings are the name. Raises
    InputError naming every text that sets nothing.
    """
    found = [Variant(" ".join(settings), tuple(settings))] if settings else []
    faults = []
    for text in texts:
        name, colon, rest = text.partition(":")
        if not colon or "=" in name:
            name, rest = text, text
        parts = tuple(part for part in split(rest) if part)
        if not parts or not name.strip() or any("=" not in part for part in parts):
            faults.append(Fault("variant_form", {"value": text}, file="--variant"))
        found.append(Variant(name.strip(), parts))
    if faults:
        raise InputError(faults)
    return tuple(found)


def split(text: str) -> list[str]:
    """What stands between commas that no bracket or quotation mark encloses."""
    parts, depth, quoted = [""], 0, ""
    for letter in text:
        if quoted:
            quoted = "" if letter == quoted else quoted
        elif letter in "'\"":
            quoted = letter
        else:
            depth += (letter in "{[(") - (letter in "}])")
        if letter == "," and depth == 0 and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def columns(
    scenarios: Sequence[str], variants: Sequence[Variant], usual: str = "plan"
) -> list[tuple[str, str, tuple[str, ...]]]:
    """What is compared: name, scenario, settings. Scenarios first, then variants of the first one.

    Raises InputError where there is nothing to compare, and naming every name that stands twice.
    """
    named = list(scenarios) or [usual]
    found: list[tuple[str, str, tuple[str, ...]]] = [(name, name, ()) for name in named]
    found += [(variant.name, named[0], variant.settings) for variant in variants]
    names = [name for name, _, _ in found]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    faults = [Fault("same_scenario", {"value": name}) for name in twice]
    if len(found) < 2:
        faults.append(Fault("one_scenario"))
    if faults:
        raise InputError(faults)
    return found
