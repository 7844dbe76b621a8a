"""A run in three sentences: what is likely, what is not, what binds."""

from typing import TYPE_CHECKING

from plansim.reports.judged import percent_change
from plansim.reports.wording import number, percent, target_name, with_unit
from plansim.simulator.plan import Plan, Target
from plansim.simulator.results import Result, Verdict
from plansim.words.catalogue import say

if TYPE_CHECKING:
    from plansim.store.read import Stored

    Told = Result | Stored  # a run as it was computed, or read back

#: A probability at or above the first is called likely, at or below the second not likely.
LIKELY, UNLIKELY = 0.66, 0.33
#: At most this many targets are named in one sentence.
NAMED = 5
#: Support below this many futures is called rough.
FEW = 400


def closing(result: Result, lang: str) -> list[str]:
    """What is said below a run's table: three sentences, and what the table leaves out."""
    recorded = len(result.verdicts) - len(result.judged)
    note = say("report.recorded", lang, number=recorded, plan=result.plan.plan.id)
    return [note, *three_sentences(result, lang)]


def three_sentences(result: "Told", lang: str) -> list[str]:
    """What is likely, what is not, and what binds, over the distinct outcome targets of a run."""
    by_id = {t.id: t for t in result.plan.targets}
    outcomes = [
        (by_id[v.target], v)
        for v in result.judged
        if by_id[v.target].kind == "outcome" and not by_id[v.target].restates
    ]
    likely = [t for t, v in outcomes if _probability(v) >= LIKELY]
    unlikely = sorted(
        ((t, v) for t, v in outcomes if _probability(v) <= UNLIKELY),
        key=lambda tv: _probability(tv[1]),
    )
    sentences = []
    if likely:
        sentences.append(say("report.likely", lang, list=listed(result.plan, likely, lang)))
    else:
        sentences.append(say("report.likely_none", lang, number=len(outcomes)))
    if unlikely:
        named = listed(result.plan, [t for t, _ in unlikely], lang)
        sentences.append(say("report.unlikely", lang, list=named))
    else:
        sentences.append(say("report.unlikely_none", lang))
    if outcomes:
        sentences.append(
            _what_binds(result, *min(outcomes, key=lambda tv: _probability(tv[1])), lang)
        )
    return sentences


def _probability(verdict: Verdict) -> float:
    assert verdict.probability is not None
    return verdict.probability


def listed(plan: Plan, targets: list[Target], lang: str) -> str:
    """Names with their years, each indicator named once: energy per value added (2020, 2025)."""
    years: dict[str, list[int]] = {}
    for target in targets:
        name = target_name(plan, target, lang)
        years.setdefault(name, []).append(target.year or 0)
    bracket = "{name}（{years}）" if lang == "zh" else "{name} ({years})"
    join = "、" if lang == "zh" else ", "
    parts = [bracket.format(name=n, years=join.join(map(str, sorted(y)))) for n, y in years.items()]
    text = join.join(parts[:NAMED])
    if len(parts) > NAMED:
        return say("report.more", lang, text=text, number=len(parts) - NAMED)
    return text


def _what_binds(result: "Told", target: Target, verdict: Verdict, lang: str) -> str:
    p10, _, p90 = result.met_number
    joint = result.joint[0]
    fields = {
        "first": listed(result.plan, [target], lang),
        "probability": percent(_probability(verdict), 1),
        "number": joint.targets,
        "joint": joint_words(joint.probability, result.support, lang),
        "p10": p10,
        "p90": p90,
    }
    growth, rarity = verdict.required_growth, verdict.reference_percentile
    if growth is None or rarity is None or target.basis not in ("level", "change_vs_base"):
        return say("report.binds_plain", lang, **fields)
    fields["growth"] = percent_change(growth)
    fields["rarity"] = say("report.rarity", lang, share=percent(rarity / 100, 1).removesuffix("%"))
    fields["base"] = _base_words(result, target, lang)
    return say("report.binds", lang, **fields)


def _base_words(result: "Told", target: Target, lang: str) -> str:
    base = result.base_level(target.indicator, target.cluster) / target.scale
    return with_unit(number(base), target.unit, lang)


def joint_words(probability: float, support: int, lang: str) -> str:
    """A joint probability; where no future met everything, how many were tried."""
    if probability == 0:
        return say("report.never", lang, support=support)
    return percent(probability, 1)


def heading(result: "Told", lang: str) -> list[str]:
    """What was run, and how many futures support it where something is given."""
    plan, settings = result.plan, result.settings
    lines = [
        say(
            "report.title",
            lang,
            plan=plan.plan.name.in_language(lang),
            scenario=settings.scenario,
        ),
        say(
            "report.meta",
            lang,
            region=plan.plan.region.in_language(lang),
            first=plan.plan.years[0],
            last=plan.plan.years[1],
            draws=settings.draws,
            seed=settings.seed,
        ),
    ]
    if settings.given:
        given = ("、" if lang == "zh" else ", ").join(settings.given)
        lines.append(
            say(
                "report.given",
                lang,
                given=given,
                support=result.support,
                simulated=result.simulated,
                share=f"{100 * result.support / result.simulated:.2g}",
            )
        )
        if result.support < FEW:
            lines.append(say("report.few", lang))
    return lines
