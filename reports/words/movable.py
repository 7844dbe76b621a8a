"""What a lever is set to, what that costs, and which targets no lever moves: in words."""

from collections.abc import Sequence

from plansim.analysis.reach import Still
from plansim.reports.words.wording import target_called, unit_text
from plansim.simulator.plan import Plan, Target
from plansim.words.amounts import exact, number
from plansim.words.catalogue import say

#: Units that are shown as they are in either language; counts are shown bare.
BARE = ("1", "count", "index")
#: Targets that a sentence names before it only counts.
NAMED = 5


def amount(value: float, unit: str, lang: str) -> str:
    """A lever's value with its unit; years and counts bare."""
    text = (exact(value) if value % 1 == 0 else number(value)).replace("-", "−")
    return text if unit in BARE else f"{text} {unit_text(unit, lang)}"


def money(value: float) -> str:
    """More (or less) money. [亿元]"""
    if abs(value) < 5e-7:
        return "0"
    return ("+" if value > 0 else "−") + number(abs(value), 2)


def unmoved_text(plan: Plan, still: Still | None, lang: str) -> str:
    """Which judged targets nothing that the administration sets moves by a point.

    ``still``: None where the plan states no lever of the administration.
    """
    if still is None:
        return say("reached.no_policy", lang)
    said = _unmoved_text(plan, still.targets, still.total - still.circular, lang)
    if not still.circular:
        return said
    more = say("reached.circular", lang, number=still.circular, total=still.total)
    return f"{said}{'' if lang == 'zh' else ' '}{more}" if still.total > still.circular else more


def _unmoved_text(plan: Plan, unmoved: Sequence[Target], total: int, lang: str) -> str:
    if not unmoved:
        return say("reached.all_moved", lang, total=total)
    if len(unmoved) == total:
        return say("reached.none_moved", lang, total=total)
    names = say("sought.listed", lang).join(target_called(plan, t, lang) for t in unmoved[:NAMED])
    key = "reached.unmoved" if len(unmoved) <= NAMED else "reached.unmoved_many"
    more = len(unmoved) - NAMED
    return say(key, lang, number=len(unmoved), total=total, list=names, more=more)
