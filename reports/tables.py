"""What the commands print: tables of text, and records for csv and json."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from plansim.reports.wording import Stating, exact, target_name, with_unit
from plansim.scenarios.draft import Draft
from plansim.scenarios.table import COLUMNS
from plansim.simulator.plan import Target
from plansim.words.catalogue import say


@dataclass(frozen=True, slots=True)
class Table:
    """Columns by their key in the catalogue; cells are text.

    ``right``: columns of numbers; ``optional``: columns that a narrow screen goes without, the
    first to go first.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    title: str = ""

    def without(self, column: str) -> "Table":
        """The table with one column less."""
        place = self.columns.index(column)
        rows = tuple(row[:place] + row[place + 1 :] for row in self.rows)
        columns = tuple(c for c in self.columns if c != column)
        optional = tuple(c for c in self.optional if c != column)
        return replace(self, columns=columns, rows=rows, optional=optional)


# -- list ------------------------------------------------------------------------------------------


def plan_records(drafts: Iterable[Draft], lang: str) -> list[dict[str, Any]]:
    """One record a plan, as written: id, place, base year, horizon, clusters, targets."""
    records = []
    for draft in drafts:
        tree = draft.tree.data
        who = tree["plan"]
        records.append(
            {
                "id": who["id"],
                "name": who["name"][lang],
                "place": who["region"][lang],
                "base_year": who["base_year"],
                "horizon": "{}-{}".format(*who["years"]),
                "clusters": len([key for key in tree["clusters"] if key != "*"]),
                "targets": len(draft.targets),
                "judged": len([row for row in draft.targets if row.cells["status"] == "judged"]),
            }
        )
    return records


def library_records(drafts: Iterable[Draft], lang: str) -> list[dict[str, Any]]:
    """One record a library of programmes: id, place, date, programmes, statements."""
    return [
        {
            "id": draft.tree.data["library"]["id"],
            "name": draft.tree.data["library"]["name"][lang],
            "place": draft.tree.data["library"]["region"][lang],
            "dated": draft.tree.data["library"]["dated"],
            "programmes": len([key for key in draft.tree.data["programmes"] if key != "*"]),
            "targets": len(draft.targets),
        }
        for draft in drafts
    ]


def as_table(records: Sequence[Mapping[str, Any]], title: str = "") -> Table:
    """Records as text."""
    columns = tuple(records[0])
    rows = tuple(tuple("" if r[c] is None else str(r[c]) for c in columns) for r in records)
    return Table(columns, rows, title=title)


# -- targets ---------------------------------------------------------------------------------------


def target_records(plan: Stating) -> list[dict[str, Any]]:
    """Every target with the columns of the contract (docs/commands.md)."""
    return [{c: getattr(t, c) for c in COLUMNS} for t in plan.targets]


def target_table(plan: Stating, lang: str) -> Table:
    """The targets at a glance: what, goal, kind, status and why not judged."""
    rows = tuple(
        (
            t.id,
            target_name(plan, t, lang),
            goal_text(t, lang),
            "" if t.year is None else str(t.year),
            say(f"status.{t.status}", lang),
            t.reason,
            t.source.replace(f"{plan.plan.id}:", ""),
        )
        for t in plan.targets
    )
    columns = ("target", "indicator", "goal", "year", "status", "reason", "source")
    return Table(columns, rows, right=("year",))


def goal_text(target: Target, lang: str) -> str:
    """A target's value as the document words it: at least 400 亿元, −16 % against 2015."""
    low, high = target.low, target.high
    if low is None and high is None:
        return ""
    first = low if low is not None else high
    assert first is not None
    values = {
        "value": with_unit(signed(first, target), target.unit, lang),
        "low": exact(first),
        "high": with_unit(exact(high if high is not None else first), target.unit, lang),
    }
    goal = say(f"comparator.{target.comparator}", lang, **values)
    return say(f"basis.{target.basis}", lang, goal=goal, base=target.base_year)


def signed(value: float, target: Target) -> str:
    text = exact(value)
    if target.basis == "change_vs_base":
        return text.replace("-", "−") if value < 0 else f"+{text}"
    return text
