"""Stages, offices and waits in words: Review: servers; Works: Industrial land quota."""

from typing import TYPE_CHECKING

from plansim.simulator import units
from plansim.simulator.plan import Plan, Programme
from plansim.simulator.trace import Step, Trace
from plansim.simulator.waiting import lack_of
from plansim.words.catalogue import say

if TYPE_CHECKING:
    from plansim.simulator.shortfall import Short


def stage_name(plan: Plan, key: str, stage: str, lang: str) -> str:
    """A stage as the plan names it."""
    queue = plan.programmes[key].queue
    assert queue is not None
    label = queue.stages[stage].name
    return stage if label is None else label.in_language(lang)


def route_text(trace: Trace, key: str, lang: str) -> str:
    """The stages of a programme, one after another."""
    return " → ".join(stage_name(trace.plan, key, s, lang) for s in trace.network.routes[key])


def reason(plan: Plan, step: Step) -> str:
    """Why a lot waited: server, stopped, money, land, quota."""
    return lack_of(plan, step.station) if step.cause == "quota" else step.cause


def wait_words(plan: Plan, step: Step, lang: str) -> str:
    """What a lot waited for, with the name of the office or of the quota."""
    why = reason(plan, step)
    section, key, *_ = step.station.split(".")
    if section == "offices":
        name = plan.offices[key].name.in_language(lang)
        return say("wait.office" if why == "server" else "wait.reopening", lang, name=name)
    if section == "quotas":
        label = plan.quotas[key].name
        name = key if label is None else label.in_language(lang)
        return say(f"wait.{why}", lang, name=name)
    return say("wait.budget" if why == "money" else f"wait.{why}", lang)


def short_text(plan: Plan, short: "Short", lang: str) -> str:
    """Why a count falls short: the money is used up (Works: its budget)."""
    fields = {}
    if short.station:
        fields["place"] = station_name(plan, short.programme, short.stage, short.station, lang)
    elif short.stage:
        fields["place"] = stage_name(plan, short.programme, short.stage, lang)
    return say(f"short.{short.code}", lang, **fields)


def counted(programme: Programme, text: str, lang: str) -> str:
    """A number of units with what they are: 5 firms, 5 家."""
    unit = programme.unit
    if unit in ("1", "count", "index"):
        return text
    if unit in ("firm", "person", "project", "cluster", "place"):
        return say(f"unit.{unit}", lang, number=text)
    return f"{text} {unit}"


def size(programme: Programme) -> float:
    """How many units, in the unit that the programme names, one lot stands for."""
    return programme.lot / units.parse(programme.unit).factor


def future_fields(trace: Trace) -> dict[str, object]:
    """What names a future in a sentence."""
    first, last = trace.plan.plan.years
    return {
        "draw": trace.draw, "seed": trace.seed, "luck": trace.luck, "first": first, "last": last,
    }  # fmt: skip


def scheduled(trace: Trace, lang: str) -> list[str]:
    """What is not in the tables: programmes that have a schedule and no events."""
    scheduled = [
        programme.name.in_language(lang)
        for programme in trace.plan.programmes.values()
        if programme.active and programme.coverage is not None
    ]
    if not scheduled:
        return []
    return [say("trace.scheduled", lang, list=("、" if lang == "zh" else "; ").join(scheduled))]


def station_name(plan: Plan, programme: str, stage: str, station: str, lang: str) -> str:
    """What lots wait for: Review: servers; Works: Industrial land quota."""
    queue = plan.programmes[programme].queue
    assert queue is not None
    item = queue.stages[stage]
    where = item.name.in_language(lang) if item.name else stage
    section, key, *rest = station.split(".")
    if section == "offices":
        what = plan.offices[key].name.in_language(lang)
    elif section == "quotas":
        name = plan.quotas[key].name
        what = name.in_language(lang) if name else key
    else:
        what = say("flow.budget" if rest[-1] == "budget" else "flow.servers", lang)
    return say("flow.station", lang, stage=where, what=what)
