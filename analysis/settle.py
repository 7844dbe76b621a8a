"""Keeping score: what was said of a plan's targets, and what came.

A target is settled where a figure of its own year was published. A figure of an earlier year says
where the goal stood by then: that is held against the same event in the futures, and scored apart,
as no verdict was given on it. Nothing here, or in what is printed of it, may change a parameter.
docs/settle.md has the formulas.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Generic, Literal

import numpy as np

from plansim.scenarios.outturns import Aside, Outturn, Outturns, from_later
from plansim.simulator.accounts import Series
from plansim.simulator.errors import InputError
from plansim.simulator.feasibility import Goal
from plansim.simulator.frames import factor_of, frame, keys_of, language, series_of
from plansim.simulator.plan import Held, Own, Plan, Target
from plansim.simulator.pooling import VIEWS
from plansim.simulator.results import Result, Settings, Verdict
from plansim.simulator.run import run
from plansim.simulator.sampling import Z95, Array

if TYPE_CHECKING:
    import pandas as pd

#: *settled*: a target in its own year; *early*: where it stood in an earlier year; *series*: what
#: an indicator did in a year, or its growth, for which no goal was set.
Status = Literal["settled", "early", "series"]
#: Bases whose reading in a year is the level of that year.
LEVELS = ("level", "share", "rate", "cumulative_count")
#: Edges of the classes of a reliability table. [probability]
EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
#: Below so many settled verdicts a score says next to nothing.
FEW = 30


@dataclass(frozen=True, slots=True)
class Settled:
    """What was said and what came, of one published figure. Values are in ``unit``.

    ``target``: "" where no goal was set for it. ``value``: what came, ``sd`` its error. ``met``:
    whether it meets the goal by the goal's own comparator. ``inside``, ``outside``, ``verdict``:
    probabilities that it would (of an early one there is an inside view only, and ``in_goal_year``
    is the verdict on the goal's own year). ``p05``, ``p50``,
    ``p95``: of the same quantity in the simulated futures; ``percentile`` the share of them below
    the value [0 to 100], ``percentile_low`` and ``percentile_high`` with its 90 % interval.
    ``within``: whether it lies between p05 and p95. ``crps`` of the futures; ``crps_last`` and
    ``crps_trend`` of the value of the base year, and of it with the growth that the document states
    for the base year: their absolute errors. ``scale``: what these are divided by to be added up:
    the level of the base year, or where that is nothing the goal; of growth and change 100 %.
    ``scope``: what the figure is of, where that is not what the indicator is of.
    """

    status: Status
    target: str
    indicator: str
    cluster: str
    year: int
    measure: str
    unit: str
    value: float
    sd: float | None
    met: bool | None
    inside: float | None
    outside: float | None
    verdict: float | None
    in_goal_year: float | None
    circular: str
    p05: float
    p50: float
    p95: float
    percentile: float
    percentile_low: float
    percentile_high: float
    within: bool
    crps: float
    crps_last: float
    crps_trend: float | None
    scale: float
    source: str
    scope: str

    def said(self, view: str) -> float | None:
        """The probability that one of VIEWS gave."""
        found: dict[str, float | None] = {
            "inside": self.inside, "outside": self.outside, "verdict": self.verdict,
        }  # fmt: skip
        return found[view]


@dataclass(frozen=True, slots=True)
class Brier:
    """Mean squared error of probabilities. ``expected``: what it would be on average were they
    true, ``spread``: its standard deviation then, if targets were independent (they are not).
    """

    view: str
    number: int
    score: float
    expected: float
    spread: float


@dataclass(frozen=True, slots=True)
class Class:
    """A class of a reliability table: so many were said to be about ``said``, ``met`` were met."""

    view: str
    low: float
    high: float
    number: int
    said: float
    met: int


@dataclass(frozen=True, slots=True)
class Skill:
    """Mean CRPS of the futures and of a naive forecast of the same figures, in shares of scale.

    ``skill``: 1 − own / naive; NaN where the naive one has no error.
    """

    rival: str
    number: int
    own: float
    naive: float
    skill: float


@dataclass(frozen=True, slots=True)
class Settlement(Generic[Held]):
    """The score of a plan: one row a figure, and what is made of all of them."""

    plan: Held
    settings: Settings
    rows: tuple[Settled, ...]
    aside: tuple[Aside, ...]

    def of(self, status: Status) -> tuple[Settled, ...]:
        return tuple(row for row in self.rows if row.status == status)

    def briers(self, status: Status = "settled") -> tuple[Brier, ...]:
        """Scores of every view that gave a probability."""
        return tuple(b for view in VIEWS if (b := brier(self.of(status), view)) is not None)

    def reliability(self, status: Status = "settled") -> tuple[Class, ...]:
        """What was said against what came, class by class; empty classes are left out."""
        return tuple(c for view in VIEWS for c in classes(self.of(status), view))

    @property
    def skills(self) -> tuple[Skill, ...]:
        """The futures against the value of the base year, and against its trend."""
        pairs = ((name, [(r, getattr(r, f"crps_{name}")) for r in self.rows]) for name in RIVALS)
        known = ((name, [(r, e) for r, e in each if e is not None]) for name, each in pairs)
        return tuple(skill(name, each) for name, each in known if each)

    def __repr__(self) -> str:
        settled, early = (len(self.of(status)) for status in ("settled", "early"))
        told = f"{len(self.rows)} figures; {settled} settled, {early} on their way"
        return f"Settlement({self.plan.plan.id}, {told})"

    def to_frame(self, lang: str | None = None) -> "pd.DataFrame":
        """One row a figure: what tables of targets share, then the fields of ``Settled``."""
        lang = language(lang)
        targets = {target.id: target for target in self.plan.targets}
        rows = []
        for row in self.rows:
            told = {name: getattr(row, name) for name in COLUMNS}
            if row.target:
                shared = keys_of(self.plan, targets[row.target], lang)
            else:
                shared = series_of(self.plan, row.indicator, row.cluster, lang)
            rows.append(told | {"name": shared["name"]})
        return frame(rows, (*COLUMNS, "name"))


COLUMNS = tuple(field.name for field in fields(Settled))
RIVALS = ("last", "trend")


def settle(
    plan: Own,
    outturns: Outturns | None = None,
    by: Sequence[Plan] = (),
    *,
    draws: int | None = None,
    seed: int = 1,
    workers: int = 1,
    progress: Callable[[int], object] | None = None,
) -> Settlement[Own]:
    """Simulate a plan as ``run`` does, and hold what came against what was said.

    ``outturns``: what ``plansim.read_outturns`` read of a file; ``by``: later plans of the same
    place, whose base years are outturns. Load the plan without a calibration: one that has been
    told these figures is no test. Raises InputError where there is nothing to settle, or a later
    plan is none.
    """
    told = outturns or Outturns()
    for later in by:
        told = joined(told, from_later(plan, later))
    if not told.found:
        raise InputError.of("settles_nothing", "--outturns", value=plan.plan.id)
    result = run(plan, draws, seed, workers=workers, progress=progress)
    rows = [row for one in told.found for row in held_against(result, one, told.found)]
    return Settlement(plan, result.settings, tuple(rows), told.aside)


def joined(told: Outturns, later: Outturns) -> Outturns:
    """What a later plan says beside what is told already, which goes before it where both speak."""
    known = {(one.series, one.year) for one in told.found}
    new = tuple(one for one in later.found if (one.series, one.year) not in known)
    return told + Outturns(new, later.aside)


# -- one figure ------------------------------------------------------------------------------------


def held_against(result: Result, one: Outturn, known: Sequence[Outturn]) -> Iterator[Settled]:
    """A figure against the futures, for every goal that it settles or that is on its way.

    What restates another goal says nothing anew. Growth of several years is read where the growth
    of each year since the base year is known.
    """
    goals = [Goal.of(t, result.plan) for t in result.plan.judged if not t.restates]
    about = [g for g in goals if Series(g.target.indicator, g.target.cluster) == one.series]
    place = one.year - result.plan.plan.years[0]
    if one.measure == "worded":
        about = [Goal.of(t, result.plan) for t in result.plan.judged if t.id == one.target]
        yield from (row(result, one, goal, one.value) for goal in about)
        return
    read = [(goal, value) for goal in about if (value := as_read(goal, one, known)) is not None]
    settling = [(goal, value) for goal, value in read if goal.year == place]
    later = sorted((g.year, i) for i, (g, _) in enumerate(read) if g.year > place > g.base)
    if settling or not later:
        yield from (row(result, one, goal, value) for goal, value in settling)
    else:
        goal, value = read[later[0][1]]
        yield row(result, one, goal, value)
    averaged = [g for g, _ in read if one.measure == "growth" and g.window == "average"]
    if not read or any(place - 1 > goal.base for goal in averaged):
        yield row(result, one, None, one.value)


def as_read(goal: Goal, one: Outturn, known: Sequence[Outturn]) -> float | None:
    """A figure as a goal reads its indicator in that year; None where it cannot be so read."""
    year = goal.years[0] + goal.base
    if one.measure == "level":
        return one.value if goal.target.basis in LEVELS else None
    if goal.target.basis != "annual_growth":
        return None
    if goal.window == "last_year":
        return one.value
    rates = {o.year: o.value for o in known if (o.series, o.measure) == (one.series, "growth")}
    span = range(year + 1, one.year + 1)
    if not span or any(each not in rates for each in span):
        return None
    return float(np.prod([1 + rates[each] for each in span]) ** (1 / len(span)) - 1)


def row(result: Result, one: Outturn, goal: Goal | None, value: float) -> Settled:
    """What was said and what came, of one figure and one goal, or of no goal."""
    plan, place = result.plan, one.year - result.plan.plan.years[0]
    path = result.kept.paths[:, result.series.index(one.series)]
    target = None if goal is None else goal.target
    grown = one.measure == "growth" if target is None else target.basis == "annual_growth"
    if goal is not None:
        read = goal.read(path)
        futures, met = read[place], goal.met(read)[place]
    else:
        futures = path[place] / path[place - 1] - 1 if grown else path[place]
        met = None
    factor = unit_factor(plan, one, target)
    status: Status = "series" if goal is None else "settled" if goal.year == place else "early"
    verdict = None
    if target is not None:
        verdict = next(v for v in result.verdicts if v.target == target.id)
    last, trend = naive(plan, one, goal, path)
    base = abs(float(np.median(path[0 if goal is None else goal.base])))
    asked = abs(value if goal is None else goal.threshold)
    relative = grown or (target is not None and target.basis == "change_vs_base")
    low, middle, high = (float(q) for q in np.quantile(futures, (0.05, 0.5, 0.95)))
    ends = [value + step * Z95 * (one.sd or 0.0) for step in (-1, 1)]
    return Settled(
        status=status,
        target="" if target is None else target.id,
        indicator=one.series.indicator,
        cluster=one.series.subject,
        year=one.year,
        measure="growth" if grown else one.measure,
        unit="%" if target is None and grown else unit_of(plan, one, target),
        value=value / factor,
        sd=None if one.sd is None else one.sd / factor,
        met=None if goal is None else is_met(goal, place, value),
        **probabilities(status, verdict, met),
        p05=low / factor, p50=middle / factor, p95=high / factor,
        percentile=below(futures, value),
        percentile_low=below(futures, ends[0]),
        percentile_high=below(futures, ends[1]),
        within=low <= value <= high,
        crps=crps(futures, value) / factor,
        crps_last=abs(last - value) / factor,
        crps_trend=None if trend is None else abs(trend - value) / factor,
        scale=1.0 / factor if relative else (base or asked or 1.0) / factor,
        source=one.source,
        scope=one.scope,
    )  # fmt: skip


def probabilities(status: Status, verdict: Verdict | None, met: Array | None) -> dict[str, Any]:
    """What the views said; of a goal on its way, how many of the futures stood there by then.

    What was read from its own goal has no inside view, on its way neither.
    """
    said = None if verdict is None else verdict.probability
    circular = "" if verdict is None else verdict.circular
    if verdict is None or status != "settled":
        inside = None if met is None or circular else float(np.mean(met))
        nothing = {"outside": None, "verdict": None, "circular": circular}
        return {"inside": inside, "in_goal_year": said, **nothing}
    return {
        "inside": verdict.inside, "outside": verdict.outside, "verdict": said,
        "in_goal_year": said, "circular": circular,
    }  # fmt: skip


def is_met(goal: Goal, place: int, value: float) -> bool:
    """Whether a value meets a goal by its own comparator, had it been so in every year."""
    read = np.full((len(goal.years), 1), value)
    return bool(goal.met(read)[place, 0])


def unit_of(plan: Plan, one: Outturn, target: Target | None) -> str:
    return plan.indicators[one.series.indicator].unit if target is None else target.unit


def unit_factor(plan: Plan, one: Outturn, target: Target | None) -> float:
    """Base units in one unit that a row is told in."""
    if target is not None:
        return target.scale
    return 0.01 if one.measure == "growth" else factor_of(plan, one.series.indicator)


def naive(
    plan: Plan, one: Outturn, goal: Goal | None, path: Array
) -> tuple[float, float | None]:  # fmt: skip
    """The value of the base year, and it with the growth that the document states for that year.

    None where it states none. As a goal reads it: of growth and of change nothing, or that growth.
    """
    growth = stated_growth(plan, one.series)
    base = 0 if goal is None else goal.base
    level, span = float(np.median(path[base])), one.year - (plan.plan.years[0] + base)
    basis = "" if goal is None else goal.target.basis
    if basis == "annual_growth" or (goal is None and one.measure == "growth"):
        return 0.0, growth
    grown = None if growth is None else (1 + growth) ** span
    if goal is not None and basis == "change_vs_base":
        by = 1.0 if goal.target.unit == "%" else level
        return 0.0, None if grown is None else by * (grown - 1)
    return level, None if grown is None else level * grown


def stated_growth(plan: Plan, item: Series) -> float | None:
    """The growth of the base year that the document states beside a goal of growth. [fraction]"""
    for target in plan.targets:
        if Series(target.indicator, target.cluster) != item or target.basis != "annual_growth":
            continue
        if target.base_value is not None and target.base_year == plan.plan.base_year:
            return target.base_value * target.scale
    return None


# -- scores ----------------------------------------------------------------------------------------


def below(futures: Array, value: float) -> float:
    """The share of futures below a value, those at it by half. [0 to 100]"""
    return 100 * float(np.mean(futures < value) + np.mean(futures == value) / 2)


def crps(futures: Array, value: float) -> float:
    """Continuous ranked probability score of a sample: E|x − y| − E|x − x′| / 2 (Gneiting &
    Raftery 2007, eq. 20).
    """
    ordered, number = np.sort(futures), len(futures)
    weights = 2 * np.arange(1, number + 1) - number - 1
    apart = float(weights @ ordered) / number**2
    return float(np.abs(futures - value).mean()) - apart


def scored(rows: Sequence[Settled], view: str) -> tuple[Array, Array]:
    """What a view said, and whether it came, of the rows on which it said anything. [(row,)]"""
    pairs = [(p, row.met) for row in rows if (p := row.said(view)) is not None]
    found = np.array(pairs, dtype=float).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def brier(rows: Sequence[Settled], view: str) -> Brier | None:
    """The score of a view (Brier 1950); None where it said nothing."""
    said, came = scored(rows, view)
    if not len(said):
        return None
    doubt = said * (1 - said)
    return Brier(
        view=view,
        number=len(said),
        score=float(((said - came) ** 2).mean()),
        expected=float(doubt.mean()),
        spread=float(np.sqrt((doubt * (1 - 2 * said) ** 2).sum()) / len(said)),
    )


def classes(rows: Sequence[Settled], view: str) -> Iterator[Class]:
    """What a view said, in classes of EDGES, and how many of each came about."""
    said, came = scored(rows, view)
    which = np.clip(np.searchsorted(EDGES, said, side="right") - 1, 0, len(EDGES) - 2)
    for place, (low, high) in enumerate(pairwise(EDGES)):
        inside = which == place
        if inside.any():
            number, met = int(inside.sum()), int(came[inside].sum())
            yield Class(view, low, high, number, float(said[inside].mean()), met)


def skill(rival: str, rows: Sequence[tuple[Settled, float]]) -> Skill:
    """The futures against a naive forecast of the same figures."""
    own = float(np.mean([row.crps / row.scale for row, _ in rows]))
    naive_error = float(np.mean([error / row.scale for row, error in rows]))
    gained = 1 - own / naive_error if naive_error > 0 else float("nan")
    return Skill(rival, len(rows), own, naive_error, gained)
