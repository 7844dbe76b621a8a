"""Answers as tables that join: what rows of all of them share, and what they are called.

A row of a target has its ``target`` (id), ``name``, ``indicator``, ``cluster`` (key, "" for the
place), ``year`` and ``unit``; a row of a series has the same without ``target``. Names are in one
language, that of the environment unless another is asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from plansim.simulator import units
from plansim.simulator.naming import name_of, series_path
from plansim.simulator.plan import Plan, Target
from plansim.words.catalogue import default_language

if TYPE_CHECKING:
    import pandas as pd

#: What rows of all tables of targets share.
KEYS = ("target", "name", "indicator", "cluster", "year", "unit")
#: From here a target is called likely, up to there unlikely. [probability]
LIKELY, UNLIKELY = 0.66, 0.33


def language(lang: str | None) -> str:
    """The language asked for, or that of the environment."""
    return lang or default_language()


def keys_of(plan: Plan, target: Target, lang: str) -> dict[str, Any]:
    """What a row of a target begins with."""
    return {
        "target": target.id,
        "name": name_of(plan, f"targets.{target.id}", lang),
        "indicator": target.indicator,
        "cluster": target.cluster,
        "year": target.year,
        "unit": target.unit,
    }


def series_of(plan: Plan, indicator: str, cluster: str, lang: str) -> dict[str, Any]:
    """What a row of a series begins with; ``unit`` is the one that the indicator is shown in."""
    return {
        "name": name_of(plan, series_path(indicator, cluster), lang),
        "indicator": indicator,
        "cluster": cluster,
        "unit": plan.indicators[indicator].unit,
    }


def factor_of(plan: Plan, indicator: str) -> float:
    """Base units in one unit that an indicator is shown in."""
    return units.parse(plan.indicators[indicator].unit).factor


def frame(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> "pd.DataFrame":
    """Rows as a table with these columns; ``year`` holds whole numbers or nothing."""
    import pandas as pd

    found = pd.DataFrame([[row[name] for name in columns] for row in rows], columns=list(columns))
    return found.astype({"year": "Int64"}) if "year" in columns else found


def counted(probabilities: Iterable[float]) -> str:
    """How many targets are judged, likely and unlikely, for a line of a notebook."""
    found = list(probabilities)
    likely, unlikely = sum(p >= LIKELY for p in found), sum(p <= UNLIKELY for p in found)
    return f"{len(found)} targets judged: {likely} likely, {unlikely} unlikely"
