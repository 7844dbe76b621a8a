"""Every sentence that the product says, in both languages: the catalogue and its reader."""

import os
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Protocol, runtime_checkable

import yaml

LANGUAGES = ("en", "zh")
#: Every key and sentence is text: so are ``no`` and ``on``.
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
#: A list of choices in a message is cut after this many.
MOST_CHOICES = 12


@runtime_checkable
class Spoken(Protocol):
    """What has a name in each language: ``simulator.plan.Label``."""

    def in_language(self, lang: str) -> str: ...


class Fault(Protocol):
    """What a sentence is made of: ``simulator.errors.Fault``."""

    @property
    def code(self) -> str: ...
    @property
    def fields(self) -> Mapping[str, object]: ...
    @property
    def path(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


def default_language() -> str:
    """The language of the environment: Chinese where LC_ALL, LC_MESSAGES or LANG says so."""
    for name in ("PLANSIM_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """Sentences by key (``fault.missing_key``)."""
    text = (files("plansim.words") / "messages" / f"{lang}.yaml").read_text(encoding="utf-8")
    nested = yaml.load(text, Loader=LOADER)
    return {
        f"{part}.{key}": value for part, group in nested.items() for key, value in group.items()
    }


def say(key: str, lang: str, /, **fields: object) -> str:
    """One sentence of the catalogue with its fields filled in."""
    return catalogue(lang)[key].format(**fields)


def say_fault(fault: Fault, lang: str) -> str:
    """A fault as a person reads it: where, what, and what would be right."""
    fields = {"value": fault.path}
    fields |= {key: shown(value, lang) for key, value in fault.fields.items()}
    sentence = say(f"fault.{fault.code}", lang, **fields)
    nearest = shown(fault.fields.get("nearest") or "", lang)
    if nearest:
        sentence += say("say.nearest", lang, nearest=nearest)
    elif fault.fields.get("choices"):
        sentence += say("say.choices", lang, choices=fields["choices"])
    return ": ".join(part for part in (place_text(fault), fault.path, sentence) if part)


def place_text(fault: Fault) -> str:
    """Where a fault is: ``plan.yaml:12:5``, or ``mine.xlsx: targets!H7`` in a workbook."""
    book, _, sheet = fault.file.removesuffix("]").partition("[")
    if fault.file.endswith("]") and sheet:
        cell = f"!{column_letters(fault.column or 1)}{fault.line}" if fault.line else ""
        return f"{book}: {sheet}{cell}"
    column = f":{fault.column}" if fault.column else ""
    return f"{fault.file}:{fault.line}{column}" if fault.line else fault.file


def say_faults(faults: Iterable[Fault], lang: str) -> str:
    """All faults, one a line, in the order of the files.

    What every entry inherits from one wrong default is said once, with the number of heirs.
    """
    places: dict[tuple[object, ...], list[Fault]] = {}
    for fault in sorted(faults, key=lambda f: (f.file, f.line, f.column, f.path)):
        alone = () if fault.line else (fault.path, str(fault.fields))
        places.setdefault((fault.file, fault.line, fault.column, fault.code, *alone), []).append(
            fault
        )
    lines = []
    for same in places.values():
        line = say_fault(same[0], lang)
        heirs = len({fault.path for fault in same}) - 1
        lines.append(line + say("say.heirs", lang, number=heirs) if heirs else line)
    head = say("say.faults", lang, number=len(lines)) if len(lines) > 1 else ""
    return "\n".join([head, *lines] if head else lines)


def column_letters(number: int) -> str:
    """The name of a column in a workbook: 8 → H, 28 → AB."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def shown(value: object, lang: str) -> str:
    """A field of a message: numbers short, lists joined and cut, what has two names by one."""
    if isinstance(value, Spoken):
        return value.in_language(lang)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) or (isinstance(value, int) and abs(value) > 10**15):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        parts = [shown(part, lang) for part in value]
        if len(parts) > MOST_CHOICES:
            parts = [*parts[:MOST_CHOICES], "…"]
        return ("、" if lang == "zh" else ", ").join(parts)
    return str(value)
