"""Figures that were read from the goals that they are held against, in words."""

from collections.abc import Mapping, Sequence

from plansim.simulator.circles import Circle, ReadBack
from plansim.simulator.naming import name_of
from plansim.simulator.plan import Plan
from plansim.words.catalogue import say

#: Figures and goals that a sentence names; the others are counted.
NAMED = 3


def circle_text(plan: Plan, circle: Circle, lang: str) -> str:
    """Why a target has no inside view: the figure, and the goal that it was read from."""
    figure = name_of(plan, circle.path, lang)
    return say(
        "circle.target", lang, figure=figure, why=_why(plan, circle.code, [circle.goal], lang)
    )


def reason_text(plan: Plan, read: ReadBack, lang: str) -> str:
    """Why a figure is no evidence for its goals."""
    return _why(plan, read.code, read.goals, lang)


def remark(plan: Plan, found: Mapping[str, ReadBack], value: str, lang: str) -> str:
    """How many figures of a plan were read from goals, and what that leaves, "" where none was."""
    if not found:
        return ""
    touched = {target for read in found.values() for target in read.targets}
    names = [name_of(plan, path, lang) for path in found]
    return say(
        "circle.remark", lang, number=len(found), list=listed(names, lang), touched=len(touched),
        judged=len(plan.judged), value=value,
    )  # fmt: skip


def listed(names: Sequence[str], lang: str) -> str:
    """The first of some names; of the others, how many they are."""
    text = ("、" if lang == "zh" else "; ").join(names[:NAMED])
    rest = len(names) - NAMED
    return say("report.more", lang, text=text, number=rest) if rest > 0 else text


def _why(plan: Plan, code: str, goals: Sequence[str], lang: str) -> str:
    names = [name_of(plan, f"targets.{goal}", lang) for goal in goals]
    return say(f"circle.{code}", lang, goals=listed(names, lang))
