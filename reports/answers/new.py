"""A plan of one's own is begun: where it stands, and what to do with it."""

import re
import shlex
from pathlib import Path

from plansim.store.new import begin
from plansim.words.catalogue import say

#: What a shell takes as it is.
PLAIN = re.compile(r"[\w@%+=:,./-]+")


def ask(place: Path, start: str | None, as_workbook: bool, lang: str) -> str:
    """Begin a plan, and say how to go on."""
    begin(place, start, as_workbook)
    shown = str(place) if len(place.parts) > 1 else f"./{place}"
    shown = shown if PLAIN.fullmatch(shown) else shlex.quote(shown)
    return say("report.new", lang, value=shown)
