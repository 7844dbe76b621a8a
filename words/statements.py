"""What a document states and what was found of it: goals and verdicts in words."""

from typing import Protocol

from plansim.words.amounts import exact, with_unit
from plansim.words.catalogue import say


class Stated(Protocol):
    """What a goal is made of: ``simulator.plan.Target``."""

    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...
    @property
    def unit(self) -> str: ...
    @property
    def comparator(self) -> str: ...
    @property
    def basis(self) -> str: ...
    @property
    def base_year(self) -> int | None: ...


def goal_text(target: Stated, lang: str) -> str:
    """A target's value as the document words it: at least 400 亿元, −16 % against 2015."""
    low, high = target.low, target.high
    if low is None and high is None:
        return ""
    first = low if low is not None else high
    assert first is not None
    values = {
        "value": with_unit(against_base(first, target), target.unit, lang),
        "low": exact(first),
        "high": with_unit(exact(high if high is not None else first), target.unit, lang),
    }
    goal = say(f"comparator.{target.comparator}", lang, **values)
    if (target.comparator, target.basis) == ("every_year", "per_year"):
        return goal  # both say "a year"
    return say(f"basis.{target.basis}", lang, goal=goal, base=target.base_year)


def against_base(value: float, target: Stated) -> str:
    text = exact(value)
    if target.basis == "change_vs_base":
        return text.replace("-", "−") if value < 0 else f"+{text}"
    return text


def verdict_word(code: str, lang: str) -> str:
    """The likelihood word of a verdict's code, marked where it is borderline."""
    if not code:
        return ""
    kind, _, word = code.rpartition(":")
    said = say(f"verdict.{word}", lang)
    return say("verdict.borderline", lang, word=said) if kind else said
