"""Histories of a plan's quantities: curves fitted to what was seen, and what they say of later.

Levels are taken as they are, growth is chained to them, or to an index where no level was seen.
Shares are fitted as odds, so that no forecast leaves 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from plansim.calibration.curve_fit import fit
from plansim.calibration.curve_forecast import Fits
from plansim.calibration.trend_prior import RATIOS, Prior, reference_prior
from plansim.scenarios.history import Observation, quantities
from plansim.simulator import units
from plansim.simulator.dynamics import bounds
from plansim.simulator.plan import Plan
from plansim.simulator.sampling import Array

#: *fitted*; *short*: the reference class decides; *unknown*: too short, and no class knows this
#: quantity; *single*: one level, which says nothing of growth; *not_positive*: no curve fits it.
Status = Literal["fitted", "short", "unknown", "single", "not_positive", "not_converged"]

#: Quantiles of a forecast.
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: What the growth of a cluster's own quantities is compared with where histories are short.
CLASSES = {"output": "output_growth", "energy": "energy_per_output_change"}


@dataclass(frozen=True, slots=True)
class FittedHistory:
    """The history of one quantity, its curves and their forecast.

    ``times`` [year] and ``levels`` [(point,), base unit], half-years at annual pace;
    ``from_growth``: the times of levels that follow from growth; ``index``: the year whose level is
    called 1 where no level was seen, else None; ``left``: figures of growth that no level is near.
    ``years`` [year] and ``forecast`` [(year, share of SHARES), as levels]: empty where nothing can
    be fitted; ``targets``: those of the years that the plan has goals for, or its last.
    """

    quantity: str
    subject: str
    unit: str
    scale: float
    times: Array
    levels: Array
    from_growth: tuple[float, ...]
    left: int
    index: float | None
    status: Status
    fits: Fits | None
    years: tuple[float, ...]
    targets: tuple[int, ...]
    forecast: Array

    @property
    def weights(self) -> Mapping[str, float]:
        """Weight of every curve; empty where nothing was fitted."""
        return {} if self.fits is None else self.fits.weights

    def at(self, year: float) -> Array:
        """The forecast of one year. [(share of SHARES,), as levels]"""
        return np.asarray(self.forecast[self.years.index(year)])


def fitted_histories(
    plan: Plan, observations: Sequence[Observation], seed: int = 1
) -> tuple[FittedHistory, ...]:
    """Every quantity of a history, in the order of the file: fitted, or why not."""
    groups: dict[tuple[str, str], list[Observation]] = {}
    for one in observations:
        groups.setdefault((one.quantity, one.subject), []).append(one)
    return tuple(_fitted(plan, group, seed) for group in groups.values())


def _fitted(plan: Plan, group: Sequence[Observation], seed: int) -> FittedHistory:
    first = group[0]
    seen, error, index = chain(group)
    times = np.array(sorted(seen))
    levels = np.array([seen[t] for t in times])
    given = {o.time for o in group if o.measure == "level"}
    grown = {o.time for o in group if o.measure == "growth"}
    shown = next((o for o in group if o.measure == "level"), None)
    goals = target_years(plan, first)
    limits = _limits(plan, first.quantity)
    status, fits = _curves(plan, first, times, levels, [error.get(t) for t in times], limits)
    years: tuple[float, ...] = ()
    forecast = np.zeros((0, len(SHARES)))
    if fits is not None and fits.converged:
        last = float(np.ceil(times[-1]))
        ahead = np.arange(last, max(max(goals, default=last), last) + 1)
        years = tuple(sorted({float(times[-1]), *map(float, ahead)}))
        found = fits.forecast(years, np.random.default_rng(seed), SHARES)
        forecast = _from_odds(found.levels, limits)
    return FittedHistory(
        quantity=first.quantity,
        subject=first.subject,
        unit="1" if shown is None else shown.unit,
        scale=1.0 if shown is None else shown.scale,
        times=times,
        levels=levels,
        from_growth=tuple(sorted(set(seen) - given)),
        left=len(grown - set(seen)),
        index=index,
        status=status,
        fits=fits,
        years=years,
        targets=tuple(year for year in goals if float(year) in years),
        forecast=forecast,
    )


# -- levels from growth ----------------------------------------------------------------------------


def chain(
    group: Sequence[Observation],
) -> tuple[dict[float, float], dict[float, float], float | None]:
    """Levels by time, errors of those that have one [same unit], and the year of the index.

    Growth g of year t gives the level of t from that of t − 1, and the other way round; a half-year
    from between two years, on a straight line of logarithms. Where no level was seen, the year
    before the first growth is 1.
    """
    levels = {o.time: o.at_annual_pace for o in group if o.measure == "level"}
    error = {
        o.time: o.sd * o.at_annual_pace / o.value
        for o in group
        if o.measure == "level" and o.sd is not None and o.value
    }
    growth = {o.time: o.value for o in group if o.measure == "growth"}
    index = None
    if not levels:
        index = min(growth) - 1.0
        levels[index] = 1.0
    while True:
        found = {t - 1: levels[t] / (1 + g) for t, g in growth.items() if t in levels}
        for t, g in growth.items():
            before = _between(levels, t - 1)
            if before is not None:
                found[t] = before * (1 + g)
        fresh = {t: level for t, level in found.items() if t not in levels}
        if not fresh:
            return levels, error, index
        levels |= fresh


def _between(levels: Mapping[float, float], time: float) -> float | None:
    """The level of a time, between its neighbours where it is of a half-year; None outside."""
    if time in levels:
        return levels[time]
    before, after = float(np.floor(time)), float(np.ceil(time))
    if before not in levels or after not in levels or min(levels[before], levels[after]) <= 0:
        return None
    part = time - before
    return float(levels[before] ** (1 - part) * levels[after] ** part)


# -- curves ----------------------------------------------------------------------------------------


def _curves(
    plan: Plan,
    one: Observation,
    times: Array,
    levels: Array,
    errors: Sequence[float | None],
    limits: tuple[float, float] | None,
) -> tuple[Status, Fits | None]:
    """The curves of a history, or why there are none."""
    fitted = _to_odds(levels, limits)
    if not (np.isfinite(fitted) & (fitted > 0)).all():
        return "not_positive", None
    if len(times) < 2:
        return "single", None
    prior = prior_of(plan, one)
    fits = fit(
        list(times), list(fitted), sigma=_relative(levels, errors, limits),
        prior=prior or reference_prior(),
    )  # fmt: skip
    if fits.status == "fitted":
        return "fitted", fits
    if fits.status == "not_converged":
        return "not_converged", fits
    return ("unknown", None) if prior is None else ("short", fits)


def _relative(
    levels: Array, errors: Sequence[float | None], limits: tuple[float, float] | None
) -> list[float]:
    """Errors of what is fitted [log units]; where none is given, that of the median figure."""
    span = levels if limits is None else (levels - limits[0]) * (limits[1] - levels)
    width = span if limits is None else span / (limits[1] - limits[0])
    given = [None if e is None else e / w for e, w in zip(errors, width, strict=True)]
    usual = float(np.median([e for e in given if e is not None] or [1.0]))
    return [usual if e is None else float(e) for e in given]


def prior_of(plan: Plan, one: Observation) -> Prior | None:
    """What the reference class says of the growth of a quantity; None where no class knows it."""
    indicator = plan.indicators.get(one.quantity)
    kind = one.quantity.rpartition(".")[2] if one.quantity.startswith("clusters.") else ""
    name = CLASSES.get(kind) if indicator is None else indicator.reference
    if name not in ("output_growth", "nominal_output_growth", *RATIOS):
        return None
    return reference_prior(quantity=name)


def target_years(plan: Plan, one: Observation) -> tuple[int, ...]:
    """Years that the plan has goals of this quantity for; its last year where it has none."""
    same = {one.quantity}
    if one.quantity not in plan.indicators:
        same |= {k for k, i in plan.indicators.items() if i.of == one.quantity and i.over is None}
    years = {
        t.year
        for t in plan.targets
        if t.indicator in same and t.cluster == one.subject and t.year is not None
    }
    return tuple(sorted(years)) or (plan.plan.years[1],)


# -- shares as odds --------------------------------------------------------------------------------


def _limits(plan: Plan, quantity: str) -> tuple[float, float] | None:
    """Floor and ceiling of a share; None for what has no ceiling."""
    indicator = plan.indicators.get(quantity)
    if indicator is not None:
        is_share = indicator.unit == "%" and units.parse(indicator.unit).dimension == ()
        return (0.0, 1.0) if is_share else None
    found = quantities(plan)[quantity]
    return bounds(found) if found.link == "logit" else None


def _to_odds(levels: Array, limits: tuple[float, float] | None) -> Array:
    """What curves are fitted to: odds of a share, anything else as it is."""
    if limits is None:
        return levels
    with np.errstate(divide="ignore"):
        return np.asarray((levels - limits[0]) / (limits[1] - levels))


def _from_odds(fitted: Array, limits: tuple[float, float] | None) -> Array:
    """The other way round."""
    if limits is None:
        return fitted
    low, high = limits
    return np.asarray(low + (high - low) * (1 - 1 / (1 + fitted)))
