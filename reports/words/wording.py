"""Names and numbers as a person reads them, in either language."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from plansim.scenarios.load import read_source, shipped
from plansim.simulator.naming import name_of, observed_path
from plansim.simulator.plan import Label, Library, Plan, Target
from plansim.words.catalogue import catalogue, say

#: What holds the statements of a document.
Stating = Plan | Library
#: Sources of figures that are no publication.
OWN_SOURCES = ("judgement", "definition", "example")


def quantity_called(plan: Stating, path: str, lang: str) -> str:
    """A quantity that something acts on: labour per output of all clusters.

    A library acts on the quantities of plans that it does not know: on each cluster's, or city's.
    """
    found = name_of(plan, path, lang)
    return found if found != path else path.split(".")[-1].replace("_", " ")


def source_text(source: str, lang: str) -> str:
    """Where a figure comes from: marks of documents as they are, judgement in words."""
    parts = (part.strip() for part in source.split(","))
    return ", ".join(say(f"source.{p}", lang) if p in OWN_SOURCES else p for p in parts)


def scenarios_called(plan: Plan, lang: str) -> dict[str, str]:
    """Scenarios by key with their names: those of the shipped plan, and the plan's own."""
    found: dict[str, Label] = {}
    if plan.plan.id in shipped():
        scenarios = read_source(plan.plan.id).scenarios
        found = {key: scenario.name for key, scenario in scenarios.items()}
    if plan.scenario_name is not None:
        found[plan.scenario] = plan.scenario_name
    return {key: name.in_language(lang) for key, name in found.items()}


def unit_text(unit: str, lang: str) -> str:
    """A unit as it stands in a column of its own: ha/year, 公顷/年."""
    parts = (f"measure.{part}" for part in unit.split("/"))
    words = (say(key, lang) if key in catalogue(lang) else key[len("measure.") :] for key in parts)
    return "/".join(words)


def switch_text(value: str, lang: str) -> str:
    """What a switch is set to, or could be: current prices."""
    return say(f"reading.{value}", lang)


def subject_name(plan: Stating, target: Target, lang: str) -> str:
    """The subject of a target where it is not the place as a whole, else ""."""
    if target.subject == plan.plan.region.en:
        return ""
    return target.subject_zh if lang == "zh" else target.subject


def target_called(plan: Stating, target: Target, lang: str) -> str:
    """The one name of a target, with its year: output of Robotics, 2020."""
    return name_of(plan, f"targets.{target.id}", lang)


def target_name(plan: Stating, target: Target, lang: str) -> str:
    """What a target is about: 机器人 产值, Robotics: output."""
    indicator = plan.indicators.get(target.indicator)
    if indicator is None:
        name = target.indicator_zh if lang == "zh" else " ".join(re.split("[_-]", target.indicator))
    else:
        name = indicator.name.in_language(lang)
    subject = subject_name(plan, target, lang)
    if not subject:
        return name
    return f"{subject}{name}" if lang == "zh" else f"{name} of {subject}"


def points(value: float, low: float, high: float) -> str:
    """A difference in points with half its interval: −3.1 ±0.4; 0 where nothing can differ."""
    if value == low == high == 0:
        return "0"
    half = 50 * (high - low)
    digits = 1 if half >= 0.05 else 2
    return f"{signed(100 * value, digits)} ±{half:.{digits}f}"


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign, where it shows anything but zeros: +3.1, −0.4, 0.0."""
    text = f"{value:+.{digits}f}"
    return (text[1:] if float(text) == 0 else text).replace("-", "−")


def plan_line(plan: Plan, lang: str) -> str:
    """Which plan is told of, under which scenario."""
    shown = {"plan": plan.plan.name.in_language(lang), "scenario": plan.scenario_in(lang)}
    return say("sought.plan", lang, **shown)


#: Keys that stand alone in a record → the column with their names.
NAMED = {
    "target": "target_name", "id": "target_name", "binds": "binds_name",
    "programme": "programme_name", "path": "name", "figure": "name", "input": "name",
    "quantity": "name",
}  # fmt: skip


def named_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """Columns of records, and those that ``with_names`` adds."""
    return tuple(dict.fromkeys((*columns, *(NAMED[key] for key in columns if key in NAMED))))


def with_names(
    plan: Stating, records: Sequence[Mapping[str, Any]], lang: str
) -> list[dict[str, Any]]:
    """Records with the names of what they hold the keys of; what has a name keeps it."""
    return [
        {**record}
        | {
            NAMED[key]: _called(plan, key, record, lang)
            for key in record
            if key in NAMED and NAMED[key] not in record
        }
        for record in records
    ]


def _called(plan: Stating, key: str, record: Mapping[str, Any], lang: str) -> str:
    value = str(record[key] or "")
    section = {"target": "targets.", "id": "targets.", "programme": "programmes."}.get(key, "")
    if key == "quantity" and isinstance(plan, Plan):
        value = observed_path(plan, value, str(record.get("subject") or ""))
    found = {part: name_of(plan, f"{section}{part}", lang) for part in value.split("; ") if part}
    return "; ".join(part if name == f"{section}{part}" else name for part, name in found.items())
