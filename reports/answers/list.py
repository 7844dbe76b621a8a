"""The shipped plans and libraries, one row each."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from plansim.reports.tables import Answer, Table
from plansim.scenarios.draft import LIBRARY, Draft
from plansim.scenarios.load import read_draft, shipped
from plansim.words.catalogue import say


def ask(lang: str) -> Answer:
    """What is shipped: plans, and libraries below them."""
    plans = plan_records(map(read_draft, shipped()), lang)
    libraries = library_records(map(read_draft, shipped(LIBRARY)), lang)
    return Answer(plans, [as_table(plans), as_table(libraries, say("show.libraries", lang))])


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
