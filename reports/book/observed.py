"""What was seen of a plan's indicators, as dots on their fans."""

from collections.abc import Mapping
from pathlib import Path

from plansim.scenarios.history import HISTORY, Observation, observations, read_history
from plansim.scenarios.load import folder_of, shipped
from plansim.simulator.plan import Plan

Dots = Mapping[tuple[str, str], tuple[tuple[float, float], ...]]


def seen(plan: Plan, path: Path | None) -> tuple[Dots, str]:
    """Dots by indicator and subject (year, value in base units), and the sources they name.

    ``path``: a table in the form of history.csv; without one a shipped plan has its own. Growth
    without a level is no dot; half a year stands at the pace of a whole one. Raises InputError
    naming every fault of the table.
    """
    if path is None:
        path = folder_of(plan.plan.id) / HISTORY if plan.plan.id in shipped() else None
        if path is None or not path.is_file():
            return {}, ""
    found: dict[tuple[str, str], dict[float, float]] = {}
    sources: list[str] = []
    for row in observations(read_history(path), plan):
        key = series_of(plan, row)
        if row.measure == "level" and key is not None:
            found.setdefault(key, {})[row.time] = row.at_annual_pace
            sources += [row.source] if row.source not in sources else []
    return {key: tuple(sorted(dots.items())) for key, dots in found.items()}, ", ".join(sources)


def series_of(plan: Plan, row: Observation) -> tuple[str, str] | None:
    """The indicator and subject that show what was seen; None where no fan shows it."""
    if row.quantity in plan.indicators:
        return row.quantity, row.subject
    section, _, rest = row.quantity.partition(".")
    cluster, _, kind = rest.partition(".")
    for name, indicator in plan.indicators.items():
        if indicator.measure != "account" or indicator.over is not None:
            continue
        if section == "city" and indicator.of == row.quantity:
            return name, ""
        if section == "clusters" and indicator.subjects == "clusters" and indicator.of == kind:
            return name, cluster
    return None
