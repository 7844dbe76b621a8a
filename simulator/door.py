"""The one door to a plan: every part of it is read, and set, by its path.

``load`` and the stored runs give such plans. The rules that a change obeys rest on the nouns
(``plan.py``), so the door stands above both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plansim.simulator import plan as nouns
from plansim.simulator.change import changed, stands


@dataclass(frozen=True, slots=True)
class Plan(nouns.Plan):
    """One document of one place under one scenario, as programs hold it."""

    def at(self, path: str) -> Any:
        """What stands at a path: a figure in the unit that the plan's files write, a switch, a
        number, a word. Raises InputError for a path that leads nowhere, or to several places.
        """
        return stands(self, path)

    def with_(self, path: str, value: object) -> "Plan":
        """The plan with another value at a path: what ``--set PATH=VALUE`` does, and refuses.

        A number or distribution is in the unit that the plan's files write (``at``);
        ``{"value": 60, "unit": "ha"}`` brings its own, ``"x1.5"`` is a factor. Raises InputError
        naming all that is wrong.
        """
        return self.with_all({path: value})

    def with_all(self, settings: Mapping[str, object]) -> "Plan":
        """The plan with other values at several paths, held against the rules together."""
        return changed(self, settings)
