"""Counts and kept futures → verdicts: probability, interval, gap, what binds, what it rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from plansim.simulator.circles import Circle
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.feasibility import (
    Goal,
    interval,
    is_borderline,
    likelihood,
    parameter_share,
    replicated_interval,
    required_change,
    required_growth,
    wilson,
)
from plansim.simulator.model import Model
from plansim.simulator.plan import KINDS, Own, Plan, Requested, Target, figures
from plansim.simulator.pooling import Pool, Views, together
from plansim.simulator.results import Joint, Kept, Result, Settings, Tally, Verdict
from plansim.simulator.sampling import Array
from plansim.simulator.waiting import flows

#: A driver binds when it explains at least this share of a target's margin. [fraction]
BINDING = 0.05
#: What a joint verdict is of: all distinct targets, or those of a kind.
GROUPS = ("all", *KINDS)
#: The word of a verdict that has no inside view.
ONLY_OUTSIDE = "outside_only"
#: What a provenance means for the evidence grade (docs/model.md, section 7).
EVIDENCE = {
    "stated": "data",
    "derived": "data",
    "estimated": "transferred",
    "literature": "transferred",
    "judgement": "judgement",
    "goal": "goal",
}


def conclude(model: Model[Own], settings: Settings, counts: Tally, views: Views) -> Result[Own]:
    """Verdicts of one run. Raises InputError where no future meets what is given.

    A target whose views are not pooled is judged from inside alone.
    """
    plan, kept, pooled = model.plan, counts.kept, views.pools
    if counts.futures == 0 or kept is None:
        shown = {"given": ", ".join(settings.given), "simulated": counts.simulated}
        raise InputError([Fault("given_never_met", shown, "given")])
    shares = explained(model, kept)
    origins = {path: figure.origin for path, figure in figures(plan)}
    places = model.goal_series
    read = np.quantile(kept.reads, (0.05, 0.5, 0.95), axis=1)
    base_levels = {
        (goal.base, place): float(np.median(kept.paths[goal.base, place]))
        for goal, place in zip(model.goals, places, strict=True)
    }
    judged: dict[str, Verdict] = {}
    for i, goal in enumerate(model.goals):
        base_level = base_levels[goal.base, places[i]]
        judged[goal.target.id] = replace(
            _recorded(plan, settings, goal.target),
            **_chance(settings, goal, i, counts, read[:, i], plan.years)
            | _viewed(settings, goal.target.id, i, counts, pooled)
            | _precedented(plan, requested(plan, goal, base_level)),
            evidence=evidence(origins, shares[i]),
            required_growth=required_growth(goal, base_level),
            reference_percentile=_rarity(plan, goal, base_level),
            binds=binding(shares[i]),
            owner=goal.target.owner,
            circular=_code(views.circles.get(goal.target.id)),
            draws=settings.draws,
            seed=settings.seed,
        )
    chances = [judged[goal.target.id].probability or 0.0 for goal in model.goals]
    joint = _counted(model, counts)
    if pooled:
        joint = _pooled(model, kept, settings.seed, pooled, chances)
    return Result(
        plan=plan,
        settings=settings,
        support=counts.futures,
        simulated=counts.simulated,
        verdicts=tuple(judged.get(t.id) or _recorded(plan, settings, t) for t in plan.targets),
        joint=joint.groups,
        met_number=joint.number,
        pairs=joint.pairs,
        series=model.series,
        kept=kept,
        drivers=model.drivers,
        shares={goal.target.id: s for goal, s in zip(model.goals, shares, strict=True)},
        flows=flows(plan, model.network, kept.lots),
    )


def _code(circle: Circle | None) -> str:
    return "" if circle is None else circle.code


def _recorded(plan: Plan, settings: Settings, target: Target) -> Verdict:
    return Verdict(
        plan=plan.plan.id,
        scenario=settings.scenario,
        target=target.id,
        indicator=target.indicator,
        subject=target.subject,
        unit=target.unit,
        basis=target.basis,
        year=target.year,
        comparator=target.comparator,
        low=target.low,
        high=target.high,
        status=target.status,
        reason=target.reason,
    )


def _chance(
    settings: Settings, goal: Goal, index: int, counts: Tally, read: Array, years: range
) -> dict[str, Any]:
    """Probability, its interval and word, quantiles, gap: the columns that are counted.

    ``read``: quantiles of the indicator as worded. [(3,)]
    """
    scale = goal.target.scale
    probability = float(counts.met[index] / counts.futures)
    low, high = bounds(counts, index, settings.sampler)
    p05, p50, p95 = (float(q) / scale for q in read)
    reached = np.flatnonzero(2 * counts.by_year[index] >= counts.futures)
    return _worded(probability, low, high) | {
        "p05": p05,
        "p50": p50,
        "p95": p95,
        "median_gap": (goal.sign or 1) * (p50 - goal.threshold / scale),
        "first_year_met": years[int(reached[0])] if len(reached) else None,
        "parameter_share": common_share(counts, index),
    }


def _viewed(
    settings: Settings, target: str, index: int, counts: Tally, pooled: Mapping[str, Pool]
) -> dict[str, Any]:
    """The columns of both views of a target; the probability is what the view asked for says."""
    inside = float(counts.met[index] / counts.futures)
    low, high = bounds(counts, index, settings.sampler)
    found: dict[str, Any] = {"inside": inside, "inside_low": low, "inside_high": high}
    pool = pooled.get(target)
    if pool is None:
        return found
    if pool.circle:
        found = dict.fromkeys(found)
    view = pool.outside
    found |= {
        "outside": view.probability, "outside_low": view.mean_low,
        "outside_high": view.mean_high,
        "outside_rows": view.rows,
        "outside_met": view.met,
        "weight": pool.weight,
    }  # fmt: skip
    found["doubt_low"], found["doubt_high"] = pool.doubt(inside)
    if settings.view == "outside":
        return found | _worded(view.probability, view.probability, view.probability, ONLY_OUTSIDE)
    chance, *ends = (pool.verdict(p) for p in (inside, low, high))
    word = ONLY_OUTSIDE if pool.circle else _supported(chance, inside, view.mean_low)
    return found | _worded(chance, min(ends), max(ends), word)


def _supported(chance: float, inside: float, least: float) -> str:
    """The word of a verdict above what its futures say and the outside view's lower end supports:
    the higher of their two words, as borderline. "" where it is not above.
    """
    most = max(inside, least)
    if chance <= most or likelihood(chance) == likelihood(most):
        return ""
    return f"borderline:{likelihood(most)}"


def _worded(probability: float, low: float, high: float, word: str = "") -> dict[str, Any]:
    """A probability, the interval of its simulation, and the word for it."""
    said = likelihood(probability)
    said = word or (f"borderline:{said}" if is_borderline(low, high) else said)
    return {"probability": probability, "prob_low": low, "prob_high": high, "verdict": said}


def common_share(counts: Tally, index: int) -> float | None:
    """Share of a target's doubt that its parameters carry, by draws whose two lucks both count."""
    if not counts.twins:
        return None
    single = float(counts.either[index] / (2 * counts.twins))
    return parameter_share(float(counts.both[index] / counts.twins), single)


def bounds(counts: Tally, index: int, sampler: str) -> tuple[float, float]:
    """95 % simulation interval of the probability of one target; 0 to 1 where nothing counts."""
    if not counts.futures:
        return 0.0, 1.0
    filled = counts.replicate_futures > 0
    replicates = counts.replicates[index, filled] / counts.replicate_futures[filled]
    if sampler == "sobol" and len(replicates) > 1 and np.ptp(replicates) > 0:
        return replicated_interval(replicates)
    probability = float(counts.met[index] / counts.futures)
    paired = 2 * counts.twins / counts.futures
    return interval(probability, counts.futures, common_share(counts, index), paired)


def widest(counts: Tally, sampler: str) -> float:
    """The largest half-width of the interval of any judged target. [probability]"""
    each = (bounds(counts, index, sampler) for index in range(len(counts.met)))
    return max(((high - low) / 2 for low, high in each), default=0.0)


def _rarity(plan: Plan, goal: Goal, base_level: float) -> float | None:
    """Percentage of real industries that never did what the target requires. [0 to 100]"""
    asked = asked_of_class(plan, goal, base_level)
    below = None if plan.reference is None or asked is None else plan.reference(*asked)
    if below is None:
        return None
    return 100 * (below if goal.sign > 0 else 1 - below)


def requested(plan: Plan, goal: Goal, base_level: float) -> Requested | None:
    """What a target asks of precedents, from a base level [base unit].

    None where its indicator has no reference, and where a level is to be held.
    """
    indicator = plan.indicators[goal.target.indicator]
    growth, span = required_growth(goal, base_level), goal.year - goal.base
    if indicator.reference is None or growth is None or goal.sign == 0:
        return None
    return Requested(
        quantity=indicator.reference,
        sector=indicator.of == "output" and indicator.over is None,
        years=span,
        start=base_level,
        end=base_level * (1 + growth) ** span,
        year=goal.years[goal.base],
        up=goal.sign > 0,
        is_province=plan.plan.level == "province",
    )


def _precedented(plan: Plan, asked: Requested | None) -> dict[str, Any]:
    """The columns of the class of Chinese places."""
    found = None if plan.precedents is None or asked is None else plan.precedents(asked)
    if found is None:
        return {}
    return {
        "chinese_class": found.group,
        "chinese_years": found.years,
        "chinese_since": found.since,
        "chinese_since_windows": found.since_windows,
        "chinese_boom": found.boom,
        "chinese_boom_windows": found.boom_windows,
    }


def asked_of_class(plan: Plan, goal: Goal, base_level: float) -> tuple[str, int, float] | None:
    """What a target asks a reference class: its quantity, years, and the growth or change.

    None where the class has no such quantity, and where a level is to be held.
    """
    quantity = plan.indicators[goal.target.indicator].reference
    needed = required_growth(goal, base_level)
    if quantity is None or needed is None or goal.sign == 0:
        return None
    is_rate = quantity.endswith("_growth")
    value = needed if is_rate else required_change(goal, base_level)
    return quantity, goal.year - goal.base, value


def explained(model: Model, kept: Kept) -> list[dict[str, float]]:
    """For each goal, the share of its variance that each driver explains: squared correlations.

    Luck counts in the target's own year. Shares within ten times what chance alone would give in
    so many futures are left out.
    """
    drivers = _standardised(kept.drivers)
    reads = _standardised(kept.reads)
    squared = (reads @ drivers.T / kept.futures) ** 2
    names = np.array(model.drivers)
    is_parameter = np.arange(len(names)) < len(model.sampler.uncertain)
    counts = {
        y: is_parameter | np.char.startswith(names, f"luck/{model.layout.years[y]}/")
        for y in model.luck_years
    }
    found = []
    for goal, row in zip(model.goals, squared, strict=True):
        said = np.flatnonzero((row > 10 / kept.futures) & counts[goal.year])
        found.append({str(names[i]): float(row[i]) for i in said})
    return found


def _standardised(rows: Array) -> Array:
    """Rows with mean 0 and variance 1; nothing but 0 where a row does not move."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    spread = np.sqrt(np.einsum("ij,ij->i", centred, centred) / rows.shape[1])
    moves = spread > 1e-12 * np.maximum(rows.max(axis=1), -rows.min(axis=1))
    centred *= np.divide(1.0, spread, out=np.zeros_like(spread), where=moves)[:, None]
    centred[~moves] = 0.0  # what is not known does not move either
    return np.asarray(centred)


def binding(shares: Mapping[str, float]) -> str:
    """The driver that explains most of a target's margin; "" where none explains BINDING."""
    if not shares:
        return ""
    name = max(shares, key=lambda n: shares[n])
    return name if shares[name] >= BINDING else ""


def evidence(origins: Mapping[str, str], shares: Mapping[str, float]) -> str:
    """What the answer rests on: data, transferred estimates or judgement, with its share.

    The explained variance of a target is sorted by the provenance of its drivers, ``origins``.
    """
    sums: dict[str, float] = {}
    for name, share in shares.items():
        path = f"{name.split('/', 2)[2]}.luck.sd" if name.startswith("luck/") else name
        grade = EVIDENCE[origins[path]]
        sums[grade] = sums.get(grade, 0.0) + share
    if not sums:
        return ""
    best = max(sums, key=lambda grade: sums[grade])
    return f"{best} {100 * sums[best] / sum(sums.values()):.0f}%"


@dataclass(frozen=True, slots=True)
class _Jointly:
    """How targets hold together: by group, how many do (p10, p50, p90), and pair by pair."""

    groups: tuple[Joint, ...]
    number: tuple[int, int, int]
    pairs: Array


def _counted(model: Model, counts: Tally) -> _Jointly:
    """Together in the futures of a run: exact counts."""
    single, groups = counts.met / counts.futures, zip(GROUPS, counts.group_met, strict=True)
    met = {name: float(number / counts.futures) for name, number in groups}
    return _Jointly(
        _joint(model, single, met, counts.futures / 2),
        _middle(np.cumsum(counts.number_met) / counts.futures),
        counts.pairs / counts.futures,
    )


def _pooled(
    model: Model, kept: Kept, seed: int, pooled: Mapping[str, Pool], chances: Sequence[float]
) -> _Jointly:
    """Together as the verdicts have it, in the kept futures (Eq. 24)."""
    distinct = model.scoring.groups[0]
    met = together(model.goals, model.goal_series, kept, seed, pooled, chances, distinct).met
    groups = zip(GROUPS, model.scoring.groups, strict=True)
    share = {name: float(met[members].all(axis=0).mean()) for name, members in groups}
    number = np.bincount(met[distinct].sum(axis=0), minlength=int(distinct.sum()) + 1)
    exact = met.astype(np.float32)
    return _Jointly(
        _joint(model, np.asarray(chances), share, kept.futures / 2),
        _middle(np.cumsum(number) / kept.futures),
        np.asarray(exact @ exact.T, dtype=float) / kept.futures,
    )


def _middle(cumulated: Array) -> tuple[int, int, int]:
    """p10, p50, p90 of a number, from the shares of futures that have no more."""
    p10, p50, p90 = (int(np.searchsorted(cumulated, q - 1e-12)) for q in (0.10, 0.50, 0.90))
    return p10, p50, p90


def _joint(
    model: Model, chances: Array, together: Mapping[str, float], trials: float
) -> tuple[Joint, ...]:
    """How likely all distinct targets hold together, and those of each kind."""
    found = []
    for name, members in zip(GROUPS, model.scoring.groups, strict=True):
        if not members.any():
            continue
        single, share = chances[members], together[name]
        low, high = wilson(share, trials)
        found.append(
            Joint(
                group=name,
                targets=int(members.sum()),
                probability=share,
                prob_low=low,
                prob_high=high,
                frechet_low=max(0.0, float(single.sum() - (len(single) - 1))),
                frechet_high=float(single.min()),
            )
        )
    return tuple(found)
