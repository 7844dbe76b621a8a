"""The targets of a plan as its document states them."""

from typing import Any

from plansim.reports.tables import Table
from plansim.reports.words.wording import Stating, goal_text, target_called
from plansim.scenarios.table import COLUMNS
from plansim.words.catalogue import say

# -- targets ---------------------------------------------------------------------------------------


def target_records(plan: Stating) -> list[dict[str, Any]]:
    """Every target with the columns of the contract (docs/commands.md)."""
    return [{c: getattr(t, c) for c in COLUMNS} for t in plan.targets]


def target_table(plan: Stating, lang: str) -> Table:
    """The targets at a glance: what, goal, kind, status and why not judged."""
    rows = tuple(
        (
            target_called(plan, t, lang),
            goal_text(t, lang),
            say(f"status.{t.status}", lang),
            t.reason,
            t.source.replace(f"{plan.plan.id}:", ""),
        )
        for t in plan.targets
    )
    return Table(("target", "goal", "status", "reason", "source"), rows)
