"""What a calibration said, worded: observations before and after, figures that moved, and why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plansim.calibration.posterior import posterior
from plansim.reports.tables import BELOW, DONE, Answer, Table
from plansim.reports.terminal import Meanwhile
from plansim.reports.words.calibrations import first_few
from plansim.reports.words.wording import named_columns, with_names
from plansim.scenarios.history import Observation
from plansim.scenarios.load import assemble, read_source
from plansim.simulator.naming import name_of, observed_path
from plansim.simulator.plan import Plan
from plansim.store import calibrations
from plansim.words.amounts import number, percent, with_unit
from plansim.words.catalogue import say

if TYPE_CHECKING:
    from plansim.calibration.posterior import Check, Moved, Posterior

Ends = tuple[float, float, float]

#: The contract.
COLUMNS = (
    *("path", "unit", "origin", "prior_p05", "prior_p50", "prior_p95"),
    *("posterior_p05", "posterior_p50", "posterior_p95", "moved", "spread", "by"),
)
#: Figures that a table shows at most; observations rarer than this are called out of line.
MOST, RARE = 20, 0.02
#: Below this share of draws that count, the normal law is called rough. [fraction]
ROUGH = 0.5


def ask(
    name: str,
    history: Path | None,
    scenario: str,
    settings: Sequence[str],
    out: Path | None,
    meanwhile: Meanwhile,
    *,
    draws: int,
    seed: int,
) -> Answer:
    """Calibrate a plan by what was seen, and store what holds."""
    lang, place = meanwhile.lang, out or calibrations.place_of(name)
    source = read_source(name)
    calibrations.check_place(place)
    plan = assemble(source, scenario, settings)
    observed = calibrations.seen_of(source, plan, history)
    with meanwhile.bar(None) as tick:
        step = None if tick is None else lambda _: tick(draws)
        result = posterior(plan, observed, draws, seed, progress=step)
    brought, made = "" if history is None else str(history), date.today().isoformat()
    if result.usable:
        contents = calibrations.contents(result, scenario, settings, brought, made=made)
        calibrations.write(contents, place)
        notes, code = [] if meanwhile.quiet else [say("say.wrote", lang, value=place)], DONE
    else:
        notes, code = [say("calibrated.not_stored", lang, value=place)], BELOW
    return Answer(
        with_names(result.plan, figure_records(result), lang), tables(result, lang),
        heading(result, lang),
        closing(result, lang), named_columns(COLUMNS), notes, code,
    )  # fmt: skip


def figure_records(result: Posterior) -> list[dict[str, Any]]:
    """Every uncertain figure with the columns of the contract, in base units."""
    return [
        dict(
            zip(
                COLUMNS,
                (
                    *(f.path, f.unit, f.origin, *f.prior, *f.posterior),
                    *(round(f.moved, 6), round(f.spread, 6), f.by),
                ),
                strict=True,
            )
        )
        for f in result.figures
    ]


def tables(result: Posterior, lang: str) -> list[Table]:
    """The observations, and the figures that were told something."""
    found = (check_table(result, lang), figure_table(result, lang))
    return [table for table in found if table.rows]


def check_table(result: Posterior, lang: str) -> Table:
    """What was seen, against what the plan would have said before and after."""
    rows = tuple(
        (
            observation_words(result.plan, check.observation, lang),
            time_words(check.observation, lang),
            value_words(check.observation, check.observation.value, lang),
            range_words(check.observation, check.prior, lang),
            range_words(check.observation, check.posterior, lang),
            percent(check.weight),
            percent(check.tail_prior),
        )
        for check in result.checks
    )
    columns = (
        "observed", "year", "seen_value", "expected_before", "expected_after", "data_weight",
        "as_far_out",
    )  # fmt: skip
    return Table(columns, rows, right=columns[2:], optional=("as_far_out", "data_weight"))


def figure_table(result: Posterior, lang: str) -> Table:
    """The figures that observations or identities moved or narrowed, the farthest first."""
    ranked = sorted(result.spoken, key=_told_much, reverse=True)
    rows = tuple(
        (
            name_of(result.plan, figure.path, lang),
            say(f"origin.{figure.origin}", lang),
            ends_words(figure, figure.prior),
            ends_words(figure, figure.posterior),
            f"{figure.moved:+.2f}".replace("-", "−"),
            percent(figure.spread),
            say(f"calibrated.{figure.by}", lang),
        )
        for figure in ranked[:MOST]
    )
    columns = (
        "told_figure", "origin", "known_before", "known_after", "median_moved", "spread_left",
        "told_by",
    )  # fmt: skip
    return Table(columns, rows, right=columns[2:6], optional=("origin",))


def _told_much(figure: Moved) -> float:
    """How far a figure's law went, in standard deviations of the prior."""
    return abs(figure.moved) + abs(1.0 - figure.spread)


def observation_words(plan: Plan, o: Observation, lang: str) -> str:
    """What an observation is of: value added (growth), output of Robotics."""
    name = name_of(plan, observed_path(plan, o.quantity, o.subject), lang)
    return say("calibrated.growth_of", lang, what=name) if o.measure == "growth" else name


def time_words(o: Observation, lang: str) -> str:
    """2016, or the first half of it."""
    year = int(o.year)
    return say("calibrated.half", lang, year=year) if o.is_half else str(year)


def value_words(o: Observation, value: float, lang: str) -> str:
    """A value in the unit that the observation was written in."""
    text = number(value / o.scale).replace("-", "−")
    return with_unit(text, o.unit, lang)


def range_words(o: Observation, ends: Ends, lang: str) -> str:
    """The median with the 5 % and 95 % quantiles, in the unit of the observation."""
    low, middle, high = (number(value / o.scale).replace("-", "−") for value in ends)
    return with_unit(f"{middle} ({low} … {high})", o.unit, lang)


def ends_words(figure: Moved, ends: Ends) -> str:
    """A figure's median with its 5 % and 95 % quantiles; shares and rates in percent."""
    share = figure.unit in ("1", "1/year")
    low, middle, high = (number((100 if share else 1) * v).replace("-", "−") for v in ends)
    unit = " %" if share else f" {figure.unit}"
    return f"{middle} ({low} … {high}){unit}"


def heading(result: Posterior, lang: str) -> list[str]:
    """What was calibrated, by what."""
    plan = result.plan
    fields = {
        "plan": plan.plan.name.in_language(lang),
        "scenario": plan.scenario_in(lang),
        "seen": len(result.checks),
        "draws": result.draws,
        "seed": result.seed,
    }
    return [say("calibrated.title", lang, **fields)]


def closing(result: Posterior, lang: str) -> list[str]:
    """What the observations told, what they did not, and how well that is known."""
    plan = result.plan
    lines = [_counts(result, lang)]
    if result.checks:
        lines.append(_growth(result, lang))
        lines.append(_health(result, lang))
    if result.unexplained:
        lines.append(
            say("calibrated.unexplained", lang, list=_listed(plan, result.unexplained, lang))
        )
    strange = [c for c in result.checks if c.tail_prior < RARE and c not in result.unexplained]
    if strange:
        lines.append(say("calibrated.strange", lang, list=_listed(plan, strange, lang)))
    if result.unused:
        from plansim.calibration.likelihood import BEFORE

        lines.append(say("calibrated.unused", lang, number=len(result.unused), years=BEFORE))
    if result.reconciled is not None and not result.reconciled.converged:
        lines.append(say("calibrated.unreconciled", lang))
    last = max((check.observation.time for check in result.checks), default=0.0)
    if last > plan.plan.base_year:
        lines.append(say("calibrated.goes_on", lang, last=math.ceil(last)))
    return lines


def _counts(result: Posterior, lang: str) -> str:
    by = [figure.by for figure in result.figures]
    fields = {
        "total": len(by),
        "observations": by.count("observations") + by.count("both"),
        "identities": by.count("identities") + by.count("both"),
        "rest": by.count("prior_dominated"),
    }
    return say("calibrated.counts", lang, **fields)


def _growth(result: Posterior, lang: str) -> str:
    """Whether any trend was told something, and what weight growth rates got."""
    trends = [f for f in result.spoken if ".trend." in f.path and f.by != "identities"]
    if trends:
        named = [name_of(result.plan, f.path, lang) for f in trends]
        return say("calibrated.trends", lang, list=first_few(named, lang))
    weights = [c.weight for c in result.checks if c.observation.measure == "growth"]
    if not weights:
        return say("calibrated.no_growth", lang)
    low, high = percent(min(weights)), percent(max(weights))
    share = low if low == high else f"{low.removesuffix('%')} … {high}"
    return say("calibrated.prior_growth", lang, share=share)


def _health(result: Posterior, lang: str) -> str:
    """How many draws count, and what the stored law loses."""
    fields = {
        "share": percent(result.share),
        "stages": len(result.powers),
        "draws": round(result.share * result.draws),
    }
    key = "calibrated.health"
    if not result.converged:
        key = "calibrated.not_converged"
    elif result.share < ROUGH:
        key = "calibrated.rough"
    return say(key, lang, **fields)


def _listed(plan: Plan, found: Sequence[Check], lang: str) -> str:
    named = [
        f"{observation_words(plan, c.observation, lang)} {time_words(c.observation, lang)}"
        for c in found
    ]
    return first_few(named, lang)
