"""Plain values, as files and people write them → nouns by the schema, or what does not fit."""

import difflib
import math
import unicodedata
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from numbers import Integral, Real
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from plansim.simulator.errors import Fault
from plansim.simulator.plan import field_names
from plansim.simulator.schema import Kind, hints_of, kind_of, written_fields

#: Words that stand for true and for false.
YES, NO = ("1", "true", "t", "yes", "y", "on"), ("0", "false", "f", "no", "n", "off")


def plain(value: Any) -> Any:
    """A value of a program as a file would hold it: mappings for nouns, numbers for numpy's."""
    if value is None or type(value) in (str, float, int, bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if is_dataclass(value) and not isinstance(value, type):
        named = ((name, getattr(value, name)) for name in field_names(type(value)))
        return {name: plain(part) for name, part in named if part is not None}
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    item = getattr(value, "item", None)  # a truth value of numpy
    return item() if callable(item) else value


def full_width_number(text: str) -> bool:
    """Whether a text is a number once its full-width digits are made ordinary ones."""
    ordinary = unicodedata.normalize("NFKC", text)
    if ordinary == text:
        return False
    try:
        float(ordinary.rstrip("%"))
    except ValueError:
        return False
    return True


def conformed(value: Any, kind: Kind, path: str, faults: list[Fault]) -> Any:
    """The noun, number or word that a plain value stands for; what is wrong with it is noted."""
    if value is None and kind.optional:
        return None
    form = kind.form
    if kind.noun is not None and (isinstance(value, Mapping) or kind.noun is form):
        return _noun(value, kind, path, faults)
    if form in READERS:
        return READERS[form](value, path, faults)
    if get_origin(form) is Literal:
        return _word(value, get_args(form), path, faults)
    if get_origin(form) is tuple:
        return _list(value, kind, path, faults)
    if kind.entries is not None:
        return _mapping(value, kind, path, faults)
    return value


def _fault(code: str, value: Any, path: str, **more: object) -> Fault:
    shown: dict[str, object] = {"key": path.rpartition(".")[2], **more}
    if not isinstance(value, Mapping | list):
        shown["value"] = value
    if isinstance(value, str) and full_width_number(value):
        code = "full_width_digits"
    return Fault(code, shown, path)


def _noun(value: Any, kind: Kind, path: str, faults: list[Fault]) -> Any:
    form, noun = kind.noun, get_origin(kind.noun) or kind.noun
    if not isinstance(value, Mapping):
        faults.append(_fault("not_a_mapping", value, path))
        return None
    before = len(faults)
    names = written_fields(form)
    given: dict[str, Any] = {}
    for key, part in value.items():
        place = f"{path}.{key}" if path else str(key)
        if key not in names:
            near = "".join(difflib.get_close_matches(str(key), names, 1, 0.5))
            shown = {"choices": list(names), "nearest": near}
            faults.append(_fault("unknown_key", part, place, **shown))
            continue
        child = kind_of(hints_of(form)[key], kind.held)
        given[key] = conformed(part, child, place, faults)
    for name in needed(noun):
        if name not in value:
            place = f"{path}.{name}" if path else name
            faults.append(Fault("missing_key", {"key": name}, place))
    return noun(**given) if len(faults) == before else None


@cache
def needed(noun: Any) -> tuple[str, ...]:
    """The fields that have no value of their own."""
    return tuple(
        f.name for f in fields(noun) if f.default is MISSING and f.default_factory is MISSING
    )


def _mapping(value: Any, kind: Kind, path: str, faults: list[Fault]) -> Any:
    if not isinstance(value, Mapping):
        faults.append(_fault("not_a_mapping", value, path))
        return None
    key_form = get_args(kind.form)[0]
    found: dict[Any, Any] = {}
    for key, part in value.items():
        place = f"{path}.{key}" if path else str(key)
        name = READERS[key_form](key, place, faults)
        child = kind.child(key)
        assert child is not None
        found[name] = conformed(part, child, place, faults)
    return found


def _list(value: Any, kind: Kind, path: str, faults: list[Fault]) -> Any:
    if not isinstance(value, list | tuple):
        faults.append(_fault("not_a_list", value, path))
        return None
    if kind.entries is None and len(value) != len(get_args(kind.form)):
        faults.append(_fault("wrong_length", list(value), path))
        return None
    found = []
    for place, part in enumerate(value):
        child = kind.child(place)
        assert child is not None
        found.append(conformed(part, child, f"{path}.{place}", faults))
    return tuple(found)


def _word(value: Any, choices: tuple[Any, ...], path: str, faults: list[Fault]) -> Any:
    if value not in choices or isinstance(value, bool):
        near = "".join(difflib.get_close_matches(str(value), choices, 1, 0.5))
        faults.append(_fault("not_a_choice", value, path, choices=list(choices), nearest=near))
    return value


def _number(value: Any, path: str, faults: list[Fault]) -> float | None:
    """A finite number, also one in quotation marks."""
    found = _parsed(value)
    if found is None:
        faults.append(_fault("not_a_number", value, path))
    elif not math.isfinite(found):
        faults.append(
            _fault("not_a_number" if isinstance(value, str) else "not_finite", value, path)
        )
    else:
        return found
    return None


def _parsed(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value) if not isinstance(value, str) or value.isascii() else None
    except (ValueError, OverflowError):
        return None


def _whole(value: Any, path: str, faults: list[Fault]) -> int | None:
    found = _parsed(value)
    if isinstance(value, bool):
        faults.append(_fault("not_a_number", value, path))
    elif found is None or not math.isfinite(found) or found != int(found):
        faults.append(_fault("not_a_whole_number", value, path))
    else:
        return int(found)
    return None


def _truth(value: Any, path: str, faults: list[Fault]) -> bool | None:
    text = str(value).lower()
    if isinstance(value, float) and value in (0.0, 1.0):
        text = str(int(value))
    if text in YES or text in NO:
        return text in YES
    faults.append(_fault("not_yes_or_no", value, path))
    return None


def _text(value: Any, path: str, faults: list[Fault]) -> str | None:
    if isinstance(value, str):
        return value
    faults.append(_fault("not_text", value, path))
    return None


READERS = {float: _number, int: _whole, bool: _truth, str: _text, NoneType: lambda *_: None}
