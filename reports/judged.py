"""A judged plan: one row a target, as a table and as records."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from plansim.calibration.requirements import Rarity, Requirement, rarity
from plansim.reports.tables import Table, goal_text
from plansim.reports.wording import number, percent, target_name, with_unit
from plansim.simulator.feasibility import Goal
from plansim.simulator.plan import Plan, Target
from plansim.simulator.results import Result, Verdict
from plansim.words.catalogue import say

#: Parts of a programme's paths → sentences about the driver; the first that fits counts.
PROGRAMME_PARTS = (
    ("queue.intake", "intake"),
    ("queue.eligible", "intake"),
    ("queue.ordinary", "additional"),
    ("queue.subsidy", "subsidy"),
    ("queue.investment", "subsidy"),
    ("queue.overrun", "subsidy"),
    ("queue", "stages"),
    ("coverage.depth", "depth"),
    ("coverage.delay", "delay"),
    ("additional", "additional"),
    ("effects", "effect"),
    ("projects", "projects"),
    ("crowding_out", "crowding_out"),
    ("closures", "closures"),
    ("", "law"),
)
#: Totals of the base year → their names in the catalogue.
TOTALS = {
    "totals.output": "quantity.totals_output",
    "totals.va_rate": "quantity.totals_va_rate",
}
#: Endings of a quantity's paths → sentences about the driver.
QUANTITY_PARTS = (
    (".trend.rate", "trend"),
    (".trend.ceiling", "ceiling"),
    (".base", "base"),
    (".luck.loading", "loading"),
    (".luck.sd", "volatility"),
    (".luck.reference_size", "volatility"),
)


def verdict_records(result: Result, lang: str) -> list[dict[str, Any]]:
    """One record a target, with the columns of the contract; words in the language asked for."""
    records = []
    for verdict in result.verdicts:
        record = {f.name: getattr(verdict, f.name) for f in fields(Verdict)}
        record["verdict"] = verdict_word(verdict.verdict, lang)
        records.append(record)
    return records


def verdict_word(code: str, lang: str) -> str:
    """The likelihood word of a verdict's code, marked where it is borderline."""
    if not code:
        return ""
    kind, _, word = code.rpartition(":")
    said = say(f"verdict.{word}", lang)
    return say("verdict.borderline", lang, word=said) if kind else said


def verdict_table(result: Result, lang: str) -> Table:
    """The judged targets: goal, simulated, probability, what it needs, what it hinges on."""
    by_id = {t.id: t for t in result.plan.targets}
    columns = [
        "target",
        "goal",
        "simulated",
        "probability",
        "verdict",
        "needs",
        "rare",
        "evidence",
        "binds",
    ]
    if lang == "zh":
        columns.insert(1, "indicator")
    rows = []
    for v in result.judged:
        target = by_id[v.target]
        cells = {
            "target": v.target,
            "indicator": target_name(result.plan, target, lang),
            "goal": goal_text(target, lang),
            "simulated": simulated_text(v, target, lang),
            "probability": probability_text(v),
            "verdict": verdict_word(v.verdict, lang),
            "needs": "" if v.required_growth is None else percent_change(v.required_growth),
            "rare": rare_text(result, v, target),
            "evidence": evidence_words(v.evidence, lang),
            "binds": driver_words(result.plan, v.binds, lang),
        }
        rows.append(tuple(cells[c] for c in columns))
    right = ("simulated", "probability", "needs", "rare")
    optional = ("binds", "evidence", "rare", "needs")
    return Table(tuple(columns), tuple(rows), right=right, optional=optional)


def requirement_table(plan: Plan, found: Sequence[Requirement], lang: str) -> Table:
    """What targets require of their base, before anything is simulated."""
    rows = [
        (
            each.target.id,
            target_name(plan, each.target, lang),
            goal_text(each.target, lang),
            "" if each.growth is None else percent_change(each.growth),
            rarity_text(each.rarity),
        )
        for each in found
        if each.rarity is not None
    ]
    columns = ("target", "indicator", "goal", "needs", "rare")
    title = say("show.requirements", lang)
    return Table(columns, tuple(rows), right=("needs", "rare"), title=title)


def rare_text(result: Result, verdict: Verdict, target: Target) -> str:
    """Share of real industries that never did it, with its 95 % interval: 99.1% (98.8 … 99.4)."""
    if verdict.reference_percentile is None:
        return ""
    goal = Goal.of(target, result.plan)
    base = result.base_level(target.indicator, target.cluster, goal.base)
    return rarity_text(rarity(result.plan, goal, base))


def rarity_text(found: Rarity | None) -> str:
    if found is None:
        return ""
    low, high = (number(100 * share, 3) for share in (found.low, found.high))
    return f"{percent(found.share, 1)} ({low} … {high})"


def simulated_text(verdict: Verdict, target: Target, lang: str) -> str:
    """The median with the 5 % and 95 % quantiles: 91.4 (40.8 … 194) 亿元."""
    middle, low, high = (
        "?" if q is None else number(q).replace("-", "−")
        for q in (verdict.p50, verdict.p05, verdict.p95)
    )
    return with_unit(f"{middle} ({low} … {high})", target.unit, lang)


def probability_text(verdict: Verdict) -> str:
    """The probability with half its simulation interval in points: 40% ±0.8."""
    p, low, high = verdict.probability, verdict.prob_low, verdict.prob_high
    if p is None or low is None or high is None:
        return ""
    return f"{percent(p)} ±{50 * (high - low):.1f}"


def percent_change(growth: float) -> str:
    return f"{100 * growth:+.1f}%".replace("-", "−")


def evidence_words(evidence: str, lang: str) -> str:
    if not evidence:
        return ""
    grade, share = evidence.split(" ")
    return f"{say(f'evidence.{grade}', lang)} {share}"


def driver_words(plan: Plan, driver: str, lang: str) -> str:
    """A driver's path in words: trend of output of Robotics."""
    if not driver:
        return ""
    if driver.startswith("luck/"):
        return say("driver.luck", lang, what=_quantity_words(plan, driver.split("/", 2)[2], lang))
    section, _, rest = driver.partition(".")
    if section == "programmes":
        key, _, part = rest.partition(".")
        what = plan.programmes[key].name.in_language(lang)
        kind = next(kind for start, kind in PROGRAMME_PARTS if part.startswith(start))
        return say(f"driver.{kind}", lang, what=what)
    if section in ("quotas", "offices"):
        key, shared = rest.split(".")[0], plan.quotas if section == "quotas" else plan.offices
        named = shared[key].name
        return say("driver.shared", lang, what=named.in_language(lang) if named else key)
    for ending, kind in QUANTITY_PARTS:
        if driver.endswith(ending) and section in ("clusters", "prices", "city"):
            what = _quantity_words(plan, driver.removesuffix(ending), lang)
            return say(f"driver.{kind}", lang, what=what)
    if section == "indicators":
        what = plan.indicators[rest.split(".")[0]].name.in_language(lang)
        return say("driver.law", lang, what=what)
    if driver in TOTALS:
        return say("driver.base", lang, what=say(TOTALS[driver], lang))
    if driver == "prices.pass_through":
        return say("driver.pass_through", lang)
    if ".tags." in driver:
        cluster, tag = rest.split(".tags.")
        name = plan.clusters[cluster].name.in_language(lang)
        return say("driver.tag", lang, what=name, tag=tag)
    return say("driver.other", lang, what=driver)


def _quantity_words(plan: Plan, path: str, lang: str) -> str:
    section, _, rest = path.partition(".")
    if section == "clusters":
        cluster, _, kind = rest.partition(".")
        return say(f"quantity.{kind}", lang, cluster=plan.clusters[cluster].name.in_language(lang))
    if section == "prices":
        return say(f"quantity.prices_{rest}", lang)
    name = plan.city[rest].name
    return rest.replace("_", " ") if name is None else name.in_language(lang)
