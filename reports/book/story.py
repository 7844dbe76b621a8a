"""A run in sentences: what is likely, what is not, what binds, what would help most, what is not
known, and what no lever of the administration moves. Each follows from the verdicts by a rule that
is written here.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from plansim.reports.answers.run import LIKELY, SHORT, three_sentences
from plansim.reports.book.attachments import label, once, steps_of
from plansim.reports.book.dossier import Dossier
from plansim.reports.words.delivery import station_name
from plansim.reports.words.movable import unmoved_text
from plansim.reports.words.wording import scenarios_called
from plansim.simulator.naming import name_of
from plansim.simulator.plan import Plan, Target, figures
from plansim.simulator.results import Verdict
from plansim.simulator.verdicts import BINDING
from plansim.store.attachments import Attachments
from plansim.store.read import Stored
from plansim.words.amounts import number, percent
from plansim.words.catalogue import say

#: Kinds of drivers that a plan can move, and the sentence about each.
LEVERS = (
    ("queue.intake", "applicants"),
    ("queue.eligible", "applicants"),
    ("queue.ordinary", ""),
    ("queue.subsidy", "money"),
    ("queue.investment", "money"),
    ("queue.overrun", "money"),
    ("queue", "passage"),
    ("coverage.depth", "schedule"),
    ("coverage.delay", "schedule"),
    ("", ""),
)


def five_sentences(run: Stored, beside: Attachments, lang: str) -> tuple[str, ...]:
    """The first page of a report."""
    said = three_sentences(run, lang)
    if len(said) < 3:
        said.append(say("story.binds_none", lang))
    return (*said, helps(run, beside, lang), unknown(run, lang))


def six_sentences(d: Dossier) -> tuple[str, ...]:
    """The first page of a report: the five, and which targets nothing that the administration sets
    moves, where the plan says what it sets.
    """
    said = five_sentences(d.run, d.beside, d.lang)
    if d.unmoved is None:
        return said
    return (*said, unmoved_text(d.run.plan, d.unmoved, d.lang))


def distinct(run: Stored) -> list[tuple[Target, Verdict]]:
    """Judged targets, restatements left out."""
    by_id = {t.id: t for t in run.plan.targets}
    return [(by_id[v.target], v) for v in run.judged if not by_id[v.target].restates]


# -- what would help most --------------------------------------------------------------------------


def helps(run: Stored, beside: Attachments, lang: str) -> str:
    """From the best that is known: a search for levers, an attribution, scenarios, or the run."""
    if beside.seek:
        return _sought(run.plan, beside, lang)
    told = _attributed(run.plan, beside, lang) or _compared(run.plan, beside, lang)
    return told or hinges(run, lang)


def _sought(plan: Plan, beside: Attachments, lang: str) -> str:
    """The answer of the search; where none is marked, the most probable setting."""
    points = beside.points()
    answers = [rows for rows in points if str(rows[0].get("answer")) == "True"]
    best = max(answers or points, key=lambda rows: (rows[0]["probability"], -_cost(rows)))
    levers = [label(plan, row, lang) for row in best if row["lever"]]
    if not levers:
        return say("story.sought_nothing", lang, probability=percent(best[0]["probability"]))
    fields = {
        "list": _join(levers[:3], lang),
        "levers": len(levers),
        "cost": number(_cost(best)),
        "probability": percent(best[0]["probability"]),
    }
    return say("story.sought" if len(levers) > 1 else "story.sought_one", lang, **fields)


def _cost(rows: Sequence[Mapping[str, float]]) -> float:
    return sum(row["cost"] for row in rows)


def _attributed(plan: Plan, beside: Attachments, lang: str) -> str:
    gains: defaultdict[str, float] = defaultdict(float)
    found = steps_of(beside, plan, lang)
    for steps in found.values():
        for step in steps:
            gains[step.lever] += step.share
    if not gains:
        return ""
    lever, gain = max(gains.items(), key=lambda item: item[1])
    targets = len(found)
    return say("story.attributed", lang, lever=lever, gain=number(gain), targets=targets)


def _compared(plan: Plan, beside: Attachments, lang: str) -> str:
    gains: defaultdict[str, float] = defaultdict(float)
    for row in once(beside.compare, plan):
        gains[str(row["scenario"])] += row["diff"] or 0.0
    if not gains:
        return ""
    scenario, gain = max(gains.items(), key=lambda item: item[1])
    called = scenarios_called(plan, lang)
    first = str(beside.compare[0]["scenario"])
    first, scenario = called.get(first, first), called.get(scenario, scenario)
    if gain <= 0:
        return say("story.compared_none", lang, first=first)
    return say("story.compared", lang, scenario=scenario, gain=number(gain), first=first)


def hinges(run: Stored, lang: str) -> str:
    """How many targets short of likely hinge on what a plan can move; where the longest wait is.

    A target hinges on the driver that explains most of its margin (``binds``); one without an
    inside view is not counted.
    """
    seen = [(t, v) for t, v in distinct(run) if not v.circular]
    short = [(t, v) for t, v in seen if (v.probability or 0.0) < LIKELY]
    if not short:
        return say("story.all_likely", lang)
    kinds = Counter(lever_kind(v.binds) for _, v in short)
    movable = [(n, kind) for kind, n in kinds.most_common() if kind]
    parts = [say(f"lever.{kind}", lang, number=n) for n, kind in movable]
    levers = _join(parts, lang) if parts else say("story.no_lever", lang)
    fixed = sum(n for kind, n in kinds.items() if not kind)
    wait = longest_wait(run, lang)
    return say("story.hinges", lang, short=len(short), levers=levers, fixed=fixed, wait=wait)


def lever_kind(driver: str) -> str:
    """The kind of lever that a driver is; "" where it is none that a plan can move."""
    section, _, rest = driver.partition(".")
    if section in ("quotas", "offices"):
        return "shared"
    if section != "programmes":
        return ""
    part = rest.partition(".")[2]
    return next(kind for start, kind in LEVERS if part.startswith(start))


def longest_wait(run: Stored, lang: str) -> str:
    """The station where the lots of a programme wait longest, or that nobody waits."""
    waits = [(wait.days, flow, wait) for flow in run.flows for wait in flow.waits]
    days, flow, wait = max(waits, key=lambda item: item[0], default=(0.0, None, None))
    if flow is None or wait is None or days < SHORT:
        return say("story.no_wait", lang)
    fields = {
        "programme": run.plan.programmes[flow.programme].name.in_language(lang),
        "station": station_name(run.plan, flow.programme, wait.stage, wait.station, lang),
        "days": number(days, 2),
    }
    return say("story.wait", lang, **fields)


def _join(parts: Sequence[str], lang: str) -> str:
    return ("，" if lang == "zh" else ", ").join(parts)


# -- what is not known -----------------------------------------------------------------------------


def unknown(run: Stored, lang: str) -> str:
    """What verdicts rest on, and which figure, known better, would settle most."""
    grades = Counter(v.evidence.split(" ")[0] for _, v in distinct(run) if v.evidence)
    fields: dict[str, object] = {
        "judged": len(distinct(run)),
        "judgement": grades["judgement"],
        "transferred": grades["transferred"],
        "goal": grades["goal"],
        "stated": len(run.verdicts) - len(run.judged),
    }
    figure = most_telling(run)
    if figure is None:
        return say("story.unknown_plain", lang, **fields)
    fields["figure"] = name_of(run.plan, figure, lang)
    fields["origin"] = say(f"origin.{origins(run.plan)[figure]}", lang)
    moved = (run.shares.get(t.id, {}).get(figure, 0.0) >= BINDING for t, _ in distinct(run))
    fields["moved"] = sum(moved)
    shares = sorted(v.parameter_share for _, v in distinct(run) if v.parameter_share is not None)
    fields["share"] = percent(shares[len(shares) // 2]) if shares else "0%"
    return say("story.unknown", lang, **fields)


def most_telling(run: Stored) -> str | None:
    """The uncertain figure that moves most distinct outcome targets, then explains most of them.

    It moves a target when it explains BINDING of its margin. Luck is no figure.
    """
    moved: Counter[str] = Counter()
    told: defaultdict[str, float] = defaultdict(float)
    for target, _ in distinct(run):
        if target.kind == "outcome":
            for driver, share in run.shares.get(target.id, {}).items():
                if not driver.startswith("luck/"):
                    moved[driver] += share >= BINDING
                    told[driver] += share
    return max(told, key=lambda driver: (moved[driver], told[driver]), default=None)


def origins(plan: Plan) -> dict[str, str]:
    """The provenance of every figure, by its path."""
    return {path: figure.origin for path, figure in figures(plan)}
