"""A verdict in words: its likelihood, its spread, what it needs and how rare that is."""

from plansim.calibration.requirements import Rarity
from plansim.reports.words.wording import target_called
from plansim.simulator.naming import name_of
from plansim.simulator.plan import Plan, Precedent, Target
from plansim.simulator.results import Verdict
from plansim.words.amounts import number, percent, with_unit
from plansim.words.catalogue import say
from plansim.words.statements import goal_text, verdict_word


def verdict_cells(plan: Plan, target: Target, verdict: Verdict, lang: str) -> dict[str, str]:
    """The row of a judged target, by the key of each column: every table takes what it shows."""
    growth, first = verdict.required_growth, verdict.first_year_met
    return {
        "target": target_called(plan, target, lang),
        "year": str(target.year or ""),
        "goal": goal_text(target, lang),
        "simulated": simulated_text(verdict, target, lang),
        "probability": probability_text(verdict),
        "inside": inside_text(verdict),
        "outside": outside_text(verdict),
        "verdict": verdict_word(verdict.verdict, lang),
        "needs": "" if growth is None else percent_change(growth),
        "evidence": evidence_words(verdict.evidence, lang),
        "binds": name_of(plan, verdict.binds, lang),
        "first_met": "" if first is None else str(first),
    }


def rarity_text(found: Rarity | None) -> str:
    if found is None:
        return ""
    low, high = (number(100 * share, 3) for share in (found.low, found.high))
    return f"{percent(found.share, 1)} ({low} … {high})"


def precedent_text(plan: Plan, target: Target, found: Precedent | None, lang: str) -> str:
    """How often Chinese places did it since 2011, and in 1999-2012: 29% (28 of 95); 81% (199 of
    247). That there is no class is said of outcomes.
    """
    if found is None:
        return say("precedent.none", lang) if target.kind == "outcome" else ""
    text = ("；" if lang == "zh" else "; ").join(
        often_text(share, windows, found.group, lang)
        for share, windows in (
            (found.since, found.since_windows),
            (found.boom, found.boom_windows),
        )
        if share is not None and windows is not None
    )
    span = (target.year or plan.plan.years[1]) - (target.base_year or plan.plan.base_year)
    shorter = found.years < span
    return say("precedent.shorter", lang, text=text, years=found.years) if shorter else text


def often_text(share: float, windows: int | None, group: str, lang: str) -> str:
    """A share of windows: counted ones of sectors, pooled ones of provinces."""
    shown = {"share": percent(share), "windows": windows or 0}
    if group.startswith("sectors:"):
        return say("precedent.counted", lang, number=round(share * (windows or 0)), **shown)
    return say("precedent.pooled", lang, **shown)


def class_text(found: Precedent, lang: str) -> str:
    """A class of Chinese places in words: sectors that start at 150–260 亿元."""
    name, *groups = found.group.split(":")
    if name == "sectors":
        low, _, high = groups[0].partition("-")
        key = "precedent.sectors" if high else "precedent.sectors_above"
        return say(key, lang, low=low, high=high)
    words = [say(f"precedent.{group}", lang) for group in groups]
    join = "、" if lang == "zh" else ", "
    return say(
        "precedent.places", lang, what=say(f"precedent.{name}", lang), groups=join.join(words)
    )


def simulated_text(verdict: Verdict, target: Target, lang: str) -> str:
    """The median with the 5 % and 95 % quantiles: 91.4 (40.8 … 194) 亿元."""
    middle, low, high = (
        "?" if q is None else number(q).replace("-", "−")
        for q in (verdict.p50, verdict.p05, verdict.p95)
    )
    return with_unit(f"{middle} ({low} … {high})", target.unit, lang)


def probability_text(verdict: Verdict) -> str:
    """The probability: of a verdict that an outside view is part of, with the doubt that it brings,
    55% (36 … 72); else with half its simulation interval in points, 40% ±0.8.
    """
    p, low, high = verdict.probability, verdict.prob_low, verdict.prob_high
    if p is None or low is None or high is None:
        return ""
    if verdict.doubt_low is None or verdict.doubt_high is None:
        return chance_text(p, low, high)
    return range_text(p, verdict.doubt_low, verdict.doubt_high)


def inside_text(verdict: Verdict) -> str:
    """What the futures say, with half its simulation interval; a dash where it would say nothing
    but the goal.
    """
    p, low, high = verdict.inside, verdict.inside_low, verdict.inside_high
    return "–" if p is None or low is None or high is None else chance_text(p, low, high)


def outside_text(verdict: Verdict) -> str:
    """How often such targets were met, with its 90 % interval; "" where it was not asked."""
    p, low, high = verdict.outside, verdict.outside_low, verdict.outside_high
    return "" if p is None or low is None or high is None else range_text(p, low, high)


def range_text(probability: float, low: float, high: float) -> str:
    """A probability with an interval: 60% (35 … 80)."""
    return f"{percent(probability)} ({100 * low:.0f} … {100 * high:.0f})"


def chance_text(probability: float, low: float, high: float) -> str:
    """A probability with half its interval in points: 63% ±1.2."""
    return f"{percent(probability)} ±{50 * (high - low):.1f}"


def percent_change(growth: float) -> str:
    return f"{100 * growth:+.1f}%".replace("-", "−")


def word_of(section: str, code: str, lang: str) -> str:
    """The word for an owner or a circle; "" where there is none."""
    return say(f"{section}.{code}", lang) if code else ""


def evidence_words(evidence: str, lang: str) -> str:
    if not evidence:
        return ""
    grade, share = evidence.split(" ")
    return f"{say(f'evidence.{grade}', lang)} {share}"
