"""What is said of the outside view of a target: how often targets like it were met, or of none."""

from plansim.simulator.outlook import OutsideView
from plansim.words.catalogue import say

#: What a level or a kind without rows is borrowed from.
OTHERS = {"level": "other_level", "kind": "other_kind"}


def outside_cell(view: OutsideView, lang: str) -> str:
    """How many targets of its level, kind and horizon were met; of none, what it is borrowed from.

    A count is said only where there are rows of that level and kind. That no row is about what
    the target is about is said besides.
    """
    cell = {part: _word(getattr(view, part), lang) for part in ("level", "kind", "horizon")}
    if view.rows:
        said = say("outside.seen", lang, rows=view.rows, met=view.met, years=view.years, **cell)
    else:
        lent = [_word(OTHERS[part], lang) for part in view.borrowed if part in OTHERS]
        others = say("outside.list", lang).join(lent) or say("outside.apart", lang)
        said = say("outside.unseen", lang, others=others, **cell)
    if "field" in view.borrowed:
        said += say("outside.no_field", lang, field=_word(view.field, lang))
    return said


def about(view: OutsideView, lang: str) -> str:
    """What its targets are about: growth, energy, patents."""
    return _word(view.field, lang)


def _word(value: str, lang: str) -> str:
    return say(f"outside.{value.replace('-', '_')}", lang)
