"""What scenario discovery found, in words: it fails when …, covers …, pure …"""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from plansim.analysis.discover import Discoveries, Discovery, Found, discover, work
from plansim.reports.answers.plan import as_run
from plansim.reports.tables import Answer, Table
from plansim.reports.terminal import Meanwhile
from plansim.reports.words.causes import condition_words, measure
from plansim.reports.words.wording import named_columns, target_called, with_names
from plansim.simulator.plan import Plan, Target
from plansim.store.plans import Document
from plansim.words.amounts import percent
from plansim.words.catalogue import say

COLUMNS = (
    "plan", "scenario", "target", "year", "outcome", "share", "box", "coverage", "density",
    "input", "low", "high", "unit", "below", "above", "quasi_p", "words", "reason", "draws", "seed",
)  # fmt: skip
#: Targets missed more often than this are better asked when they are met.
MOSTLY = 0.8
FIRST = {"missed": "discover.first_missed", "met": "discover.first_met"}
SHARES = {"missed": "missed_share", "met": "met_share"}


def ask(
    name: str,
    scenario: str,
    settings: Sequence[str],
    meanwhile: Meanwhile,
    *,
    targets: Sequence[str],
    when: str,
    uncalibrated: bool,
    draws: int,
    seed: int,
    workers: int,
) -> Answer:
    """When targets fail, or are met."""
    document, lang = Document.of(name, uncalibrated=uncalibrated), meanwhile.lang
    plan, drawn_by = as_run(document, scenario, settings, meanwhile)
    with meanwhile.bar(work(plan, draws, targets)) as tick:
        found = discover(plan, targets, when, draws=draws, seed=seed, workers=workers, tick=tick)
    above = [*heading(found, lang), *drawn_by]
    below = closing(found, targets, lang)
    told = with_names(found.model.plan, records(found, scenario, lang), lang)
    return Answer(told, [table(found, lang)], above, below, named_columns(COLUMNS))


def records(found: Discoveries, scenario: str, lang: str) -> list[dict[str, Any]]:
    """One record a condition of a box, in base units; one a target that has no box."""
    rows = []
    plan = found.model.plan
    for one in found.found:
        target = plan.judged[one.target]
        known: dict[str, Any] = {
            "plan": plan.plan.id, "scenario": scenario, "target": target.id, "year": target.year,
            "outcome": found.outcome, "share": one.share, "reason": one.reason,
            "draws": found.draws, "seed": found.seed,
        }  # fmt: skip
        if not one.boxes:
            rows.append({name: known.get(name) for name in COLUMNS})
        for place, box in enumerate(one.boxes, 1):
            counted = {"box": place, "coverage": box.count.coverage, "density": box.count.density}
            for r in box.restrictions:
                limits = {
                    "input": r.name, "low": r.low if isfinite(r.low) else None,
                    "high": r.high if isfinite(r.high) else None, "unit": _unit(plan, r.name),
                    "below": r.below, "above": r.above, "quasi_p": r.quasi_p,
                    "words": condition_words(plan, r.name, r.low, r.high, r.below, r.above, lang),
                }  # fmt: skip
                rows.append({name: {**known, **counted, **limits}.get(name) for name in COLUMNS})
    return rows


def _unit(plan: Plan, name: str) -> str:
    """The base unit of an input: what limits are in."""
    kind, *rest = name.split("/")
    if kind == "waited":
        return "day"
    if kind == "delivered":
        return plan.programmes[rest[1]].unit
    if len(rest) > 0:
        return "1"
    scale, unit = measure(plan, name)
    return unit if scale == 1.0 else "1/year" if unit.endswith("/year") else "1"


def table(found: Discoveries, lang: str) -> Table:
    """One row a box, the target named once; one row a target that has no box."""
    plan = found.model.plan
    rows: list[tuple[str, ...]] = []
    for one in found.found:
        target = plan.judged[one.target]
        head = (target_called(plan, target, lang), percent(one.share))
        if not one.boxes:
            rows.append((*head, say(f"discover.{one.reason}", lang), "", ""))
        for box in one.boxes:
            rows.append(
                (
                    *head,
                    conditions(plan, box, lang),
                    percent(box.count.coverage),
                    percent(box.count.density),
                )
            )
            head = ("", "")
    columns = ("target", SHARES[found.outcome], "when", "covers", "pure")
    return Table(columns, tuple(rows), right=(columns[1], "covers", "pure"))


def conditions(plan: Plan, box: Found, lang: str) -> str:
    """All conditions of a box in one line."""
    return say("cause.both", lang).join(
        condition_words(plan, r.name, r.low, r.high, r.below, r.above, lang)
        for r in box.restrictions
    )


def heading(found: Discoveries, lang: str) -> list[str]:
    plan = found.model.plan
    key = {"missed": "discover.title_missed", "met": "discover.title_met"}[found.outcome]
    return [
        say(key, lang, plan=plan.plan.name.in_language(lang), scenario=plan.scenario_in(lang)),
        say("discover.meta", lang, draws=found.draws, seed=found.seed),
    ]


def closing(found: Discoveries, asked: Sequence[str], lang: str) -> list[str]:
    """Sentences for the targets that were asked for; how the table is read."""
    plan = found.model.plan
    lines = []
    if asked:
        for one in found.found:
            lines.append(told(plan, one, plan.judged[one.target], found.outcome, lang))
    lines.append(say("discover.read", lang))
    mostly = sum(one.share > MOSTLY for one in found.found)
    if found.outcome == "missed" and mostly:
        lines.append(say("discover.mostly", lang, number=mostly))
    return lines


def told(plan: Plan, one: Discovery, target: Target, outcome: str, lang: str) -> str:
    """One target in sentences."""
    name = target_called(plan, target, lang)
    gap = "" if lang == "zh" else " "
    first = say(f"discover.{outcome}", lang, name=name, share=percent(one.share))
    if not one.boxes:
        return first + gap + say(f"discover.{one.reason}", lang)
    sentences = [first]
    for place, box in enumerate(one.boxes):
        key = "discover.further" if place else FIRST[outcome]
        sentences.append(
            say(
                key, lang, conditions=conditions(plan, box, lang),
                coverage=percent(box.count.coverage), density=percent(box.count.density),
            )
        )  # fmt: skip
    return gap.join(sentences)
