"""Levers of a comparison in words: a programme, a quota, several as one."""

from plansim.analysis.contrast import REST
from plansim.simulator.naming import name_of
from plansim.simulator.plan import Plan
from plansim.words.catalogue import say

TOTAL = "total"


# -- words -----------------------------------------------------------------------------------------


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
