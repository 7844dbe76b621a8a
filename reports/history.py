"""Histories as a table and as records: what was seen, which curves fit it, what they forecast."""

from collections.abc import Sequence
from typing import Any

from plansim.calibration.curves import FORMS
from plansim.calibration.histories import SHARES, FittedHistory
from plansim.reports.baselines import quantity_name
from plansim.reports.tables import Table, goal_text
from plansim.reports.wording import number, percent
from plansim.simulator.plan import Plan, Target
from plansim.words.catalogue import say

#: The contract.
COLUMNS = (
    *("quantity", "subject", "unit", "points", "first", "last", "status", "data_weight"),
    *(*FORMS, "year", "p05", "p50", "p95"),
)
LOW, MIDDLE, HIGH = SHARES.index(0.05), SHARES.index(0.5), SHARES.index(0.95)
#: A curve of less weight is not named. [fraction]
NAMED = 0.005


def history_records(plan: Plan, histories: Sequence[FittedHistory]) -> list[dict[str, Any]]:
    """One record a history and target year, with the columns of the contract."""
    records = []
    for one in histories:
        weights = [one.weights.get(curve) for curve in FORMS]
        data = None if one.fits is None else one.fits.data_weight
        subject = plan.clusters[one.subject].name.en if one.subject else plan.plan.region.en
        seen = (len(one.times), float(one.times[0]), float(one.times[-1]), one.status, data)
        for year in one.targets or (None,):
            levels = one.at(year) / shown_scale(one) if year is not None else None
            ends = [None if levels is None else float(levels[i]) for i in (LOW, MIDDLE, HIGH)]
            unit = one.unit if one.index is None else "index"
            cells = (one.quantity, subject, unit, *seen, *weights, year, *ends)
            records.append(dict(zip(COLUMNS, cells, strict=True)))
    return records


def history_table(plan: Plan, histories: Sequence[FittedHistory], lang: str) -> Table:
    """The same for a person, one row a history, beside what the plan wants."""
    rows = []
    for one in histories:
        ahead = [(year, one.at(year) / shown_scale(one)) for year in one.targets]
        fans = [
            f"{year}: {number(x[MIDDLE])} ({number(x[LOW])} … {number(x[HIGH])})"
            for year, x in ahead
        ]
        rows.append(
            (
                history_name(plan, one, lang), unit_words(one, lang), points_words(one),
                curve_words(one, lang), decided(one, lang), "; ".join(fans),
                "; ".join(f"{t.year}: {goal_text(t, lang)}" for t in goals(plan, one)),
            )
        )  # fmt: skip
    columns = ("history", "unit", "points", "curves", "decided", "forecast", "goal")
    return Table(columns, tuple(rows), optional=("goal",), title=say("show.history", lang))


def heading(histories: Sequence[FittedHistory], lang: str) -> list[str]:
    """What a plan without a history is told."""
    return [] if histories else [say("show.no_history", lang)]


def closing(histories: Sequence[FittedHistory], lang: str) -> list[str]:
    """What is odd about some of the histories, and how to read the table."""
    left = sum(one.left for one in histories)
    said = [say("show.history_left", lang, number=left)] if left else []
    return [*said, say("show.history_read", lang)] if histories else []


# -- words -----------------------------------------------------------------------------------------


def history_name(plan: Plan, one: FittedHistory, lang: str) -> str:
    """What a history is of: output of Robotics."""
    indicator = plan.indicators.get(one.quantity)
    if indicator is None:
        return quantity_name(plan, one.quantity, lang)
    name = indicator.name.in_language(lang)
    if not one.subject:
        return name
    subject = plan.clusters[one.subject].name.in_language(lang)
    return f"{subject}{name}" if lang == "zh" else f"{name} of {subject}"


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
