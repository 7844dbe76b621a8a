"""The targets of a plan as its document states them."""

from typing import Any

from plansim.reports.tables import Answer, Table
from plansim.reports.words.wording import Stating, target_called, with_names
from plansim.scenarios.load import is_library, load, load_library
from plansim.scenarios.table import COLUMNS
from plansim.words.catalogue import say
from plansim.words.statements import goal_text


def ask(plan: str, lang: str) -> Answer:
    """Every statement of a plan or a library."""
    loaded = load_library(plan) if is_library(plan) else load(plan)
    return Answer(with_names(loaded, target_records(loaded), lang), [target_table(loaded, lang)])


# -- targets ---------------------------------------------------------------------------------------


def target_records(plan: Stating) -> list[dict[str, Any]]:
    """Every target with the columns of the contract (docs/commands.md)."""
    return [{c: getattr(t, c) for c in COLUMNS} for t in plan.targets]


def target_table(plan: Stating, lang: str) -> Table:
    """The targets at a glance: what, goal, in whose hands, status and why not judged."""
    rows = tuple(
        (
            target_called(plan, t, lang),
            goal_text(t, lang),
            say(f"owner.{t.owner}", lang),
            say(f"status.{t.status}", lang),
            t.reason_in(lang),
            t.source.replace(f"{plan.plan.id}:", ""),
        )
        for t in plan.targets
    )
    return Table(("target", "goal", "owner", "status", "reason", "source"), rows)
