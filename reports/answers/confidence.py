"""What targets could say: the values that a plan would reach with a probability."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil, floor, log10
from typing import Any

from plansim.analysis.confidence import Promise, promises
from plansim.reports.tables import Answer, Table
from plansim.reports.terminal import Meanwhile
from plansim.reports.words.verdicts import chance_text
from plansim.reports.words.wording import named_columns, plan_line, target_called, with_names
from plansim.simulator import units
from plansim.simulator.plan import Plan, Target
from plansim.words.amounts import number, percent, with_unit
from plansim.words.catalogue import say
from plansim.words.statements import goal_text

COLUMNS = (
    "plan", "scenario", "target", "indicator", "subject", "unit", "basis", "year", "comparator",
    "low", "high", "confidence", "value", "value_low", "value_high", "probability", "prob_low",
    "prob_high", "restates", "draws", "seed",
)  # fmt: skip


def ask(
    plan: Plan,
    scenario: str,
    confidence: float,
    drawn_by: Sequence[str],
    meanwhile: Meanwhile,
    *,
    draws: int,
    seed: int,
    workers: int,
) -> Answer:
    """What every target of a plan could promise with that probability."""
    lang = meanwhile.lang
    with meanwhile.bar(draws) as tick:
        found = promises(plan, confidence, draws=draws, seed=seed, workers=workers, progress=tick)
    return Answer(
        with_names(plan, records(plan, scenario, found, confidence, draws, seed), lang),
        [table(plan, found, lang)],
        [*heading(plan, confidence, draws, seed, lang), *drawn_by],
        closing(found, lang),
        named_columns(COLUMNS),
    )


def records(
    plan: Plan, scenario: str, found: Sequence[Promise], confidence: float, draws: int, seed: int
) -> list[dict[str, Any]]:
    """One record a judged target, restatements too."""
    rows = []
    for p in found:
        t = p.target
        known: dict[str, Any] = {
            name: getattr(t, name) for name in COLUMNS if hasattr(t, name)
        } | {
            "plan": plan.plan.id, "scenario": scenario, "target": t.id, "confidence": confidence,
            "value": p.value, "value_low": p.low, "value_high": p.high, "draws": draws,
            "probability": p.probability, "prob_low": p.prob_low, "prob_high": p.prob_high,
            "seed": seed,
        }  # fmt: skip
        rows.append({name: known[name] for name in COLUMNS})
    return rows


def table(plan: Plan, found: Sequence[Promise], lang: str) -> Table:
    """Every target that restates no other: what it says, and what it could say."""
    rows = tuple(
        (
            target_called(plan, p.target, lang),
            goal_text(p.target, lang),
            chance_text(p.probability, p.prob_low, p.prob_high),
            promised(p, lang),
            margins(p),
        )
        for p in found
        if not p.target.restates
    )
    columns = ("target", "goal", "probability", "promise", "promise_range")
    right = ("probability", "promise", "promise_range")
    return Table(columns, rows, right=right, optional=("promise_range",))


def promised(p: Promise, lang: str) -> str:
    """The value in the words of the target, rounded so that it is no harder."""
    if p.value is None:
        return say("sought.held", lang)
    value = cautious(p.value, p)
    if value <= 0 and p.better > 0 and counted(p.target):
        return say("sought.none", lang)
    if p.target.comparator in ("all", "every_year", "range"):
        worded = with_unit(number(value), p.target.unit, lang)
        return say("comparator.every_year", lang, value=worded) if yearly(p) else worded
    return goal_text(restated(p.target, value), lang)


def yearly(p: Promise) -> bool:
    return p.target.comparator == "every_year"


def restated(target: Target, value: float) -> Target:
    return replace(target, low=value, high=None)


def margins(p: Promise) -> str:
    if p.low is None or p.high is None:
        return ""
    return " … ".join(number(end).replace("-", "−") for end in (p.low, p.high))


def counted(target: Target) -> bool:
    return units.parse(target.unit).dimension == (("count", 1),)


def cautious(value: float, p: Promise) -> float:
    """About three digits, rounded to the side that is easier to meet; counts are whole."""
    if value == 0:
        return 0.0
    digits = max(0, 2 - floor(log10(abs(value))))
    if counted(p.target):
        digits = 0
    size = 10.0**digits
    whole = floor if p.better > 0 else ceil
    return whole(round(value * size, 6)) / size


def heading(plan: Plan, confidence: float, draws: int, seed: int, lang: str) -> list[str]:
    fields = {"confidence": percent(confidence), "draws": draws, "seed": seed}
    return [plan_line(plan, lang), say("sought.confidence", lang, **fields)]


def closing(found: Sequence[Promise], lang: str) -> list[str]:
    return list(_closing(found, lang))


def _closing(found: Sequence[Promise], lang: str) -> Iterator[str]:
    kept = [p for p in found if not p.target.restates]
    sure = sum(harder(p) for p in kept)
    yield say("sought.counted", lang, number=len(kept), sure=sure)
    if len(kept) < len(found):
        yield say("sought.restated", lang, number=len(found) - len(kept))
    yield say("sought.doubt", lang)


def harder(p: Promise) -> bool:
    """Whether a target could be promised that asks no less than the plan does."""
    stated = [b for b in (p.target.low, p.target.high) if b is not None]
    if p.value is None or not stated:
        return False
    return p.value >= min(stated) if p.better > 0 else p.value <= max(stated)
