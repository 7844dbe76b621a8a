"""A history in words: what it is of, its years, the curves that fit it."""

from plansim.calibration.histories import FittedHistory
from plansim.simulator.naming import name_of, observed_path
from plansim.simulator.plan import Plan, Target
from plansim.words.amounts import percent
from plansim.words.catalogue import say

#: A curve of less weight is not named. [fraction]
NAMED = 0.005


# -- words -----------------------------------------------------------------------------------------


def history_name(plan: Plan, one: FittedHistory, lang: str) -> str:
    """What a history is of: output of Robotics."""
    return name_of(plan, observed_path(plan, one.quantity, one.subject), lang)


def shown_scale(one: FittedHistory) -> float:
    """The size of the unit in which a history is shown; an index is 100 in its year."""
    return one.scale if one.index is None else 0.01


def unit_words(one: FittedHistory, lang: str) -> str:
    if one.index is None:
        return "" if one.unit in ("1", "index") else one.unit
    return say("history.index", lang, year=year_text(one.index))


def year_text(time: float) -> str:
    """A year of the axis: 2016; what lies between two is of a first half, 2016H1."""
    return f"{time:.0f}" if time % 1 == 0 else f"{int(time) + 1}H1"


def points_words(one: FittedHistory) -> str:
    """11: 2005 … 2015."""
    ends = [year_text(float(one.times[0])), year_text(float(one.times[-1]))]
    return f"{len(one.times)}: {' … '.join(dict.fromkeys(ends))}"


def curve_words(one: FittedHistory, lang: str) -> str:
    """Curves with their weights, the heaviest first."""
    if one.status != "fitted":
        return ""
    ordered = sorted(one.weights.items(), key=lambda item: -item[1])
    named = [(curve, weight) for curve, weight in ordered if weight >= NAMED]
    join = "、" if lang == "zh" else ", "
    return join.join(f"{say(f'curve.{curve}', lang)} {percent(weight)}" for curve, weight in named)


def decided(one: FittedHistory, lang: str) -> str:
    """What the forecast rests on: the history, or the reference class, or nothing."""
    weight = 0.0 if one.fits is None else one.fits.data_weight
    return say(f"history.{one.status}", lang, weight=percent(weight))


def goals(plan: Plan, one: FittedHistory) -> list[Target]:
    """The plan's goals for what a history is of, without restatements and what has no number."""
    return [
        t
        for t in plan.targets
        if (t.indicator, t.cluster) == (one.quantity, one.subject)
        and t.year is not None
        and (t.low, t.high) != (None, None)
        and not t.restates
    ]
