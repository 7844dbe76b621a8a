"""The base year of a plan: its stated, derived and estimated figures reconciled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import numpy as np

from plansim.calibration.balances import Balance, Known, Links, Term, domain, inside
from plansim.calibration.reconcile import Adjustment, Reconciled, reconcile, refusal
from plansim.simulator.baseline import LEAST_REST, tags
from plansim.simulator.errors import InputError
from plansim.simulator.plan import Figure, Link, Plan, Uncertainty, figures
from plansim.simulator.sampling import Z95, centre, correlation_pairs, quantiles

#: Spread of a tag weight that is given without one, as wide as weights in shipped plans. [logit]
WEIGHT_SD = 0.35


def baselines_of(plan: Plan) -> Reconciled:
    """The base year of a plan: totals, clusters, value-added rates and tag weights reconciled.

    Balances: outputs add up to the total, and the rest of industry is at least LEAST_REST of it
    (Eq. 13); value added of the scope is its output times the stated rate (Eq. 14); value added
    of every tag with a stated share is that share of all (Eq. 15).
    """
    known = _known_figures(plan)
    names = [path for path, _ in figures(plan)]
    pairs = correlation_pairs(plan.parameter_correlations, names)
    return reconcile(known, _balances(plan), pairs)


def reconciled_once(plans: Iterable[Plan]) -> list[tuple[Plan, Reconciled]]:
    """The base years of plans, each that differs from those before it once.

    Raises InputError naming what cannot hold together in any of them.
    """
    asked: dict[tuple[object, ...], Plan] = {}
    for plan in plans:
        asked.setdefault((tuple(_known_figures(plan)), tuple(_balances(plan))), plan)
    found = [(plan, baselines_of(plan)) for plan in asked.values()]
    faults = [f for _, r in found if r.status == "conflict" for f in refusal(r).faults]
    if faults:
        raise InputError({str(fault.fields): fault for fault in faults}.values())
    return found


def adjustments(plan: Plan) -> list[Adjustment]:
    """Every figure of the base year before and after. Raises InputError naming what conflicts."""
    result = baselines_of(plan)
    if not result.converged:
        raise refusal(result)
    return result.adjustments()


def _tags_closed(plan: Plan) -> tuple[str, ...]:
    """The tags that take part in a balance."""
    return tuple(t for t in tags(plan) if t in plan.totals.shares or t == plan.totals.scope)


def _known_figures(plan: Plan) -> list[Known]:
    totals = plan.totals
    found = [
        known_of("totals.output", totals.output),
        known_of("totals.va_rate", totals.va_rate, link="logit"),
    ]
    found += [
        known_of(f"totals.shares.{tag}", share, link="logit")
        for tag, share in totals.shares.items()
    ]
    named = [centre(c.output.base) for c in plan.clusters.values() if c.output.base is not None]
    left = max(centre(totals.output) - sum(named), LEAST_REST * centre(totals.output))
    for key, cluster in plan.clusters.items():
        path = f"clusters.{key}.output.base"
        if cluster.output.base is None:
            found.append(Known(path, left, np.inf, origin="derived", unit=totals.output.unit))
        else:
            found.append(known_of(path, cluster.output.base))
        rate = cluster.va_rate
        if rate.base is not None:  # every rate has one: simulator.rules
            floor = 0.0 if rate.floor is None else rate.floor
            ceiling = 1.0 if rate.ceiling is None else rate.ceiling
            path = f"clusters.{key}.va_rate.base"
            found.append(known_of(path, rate.base, "logit", floor, ceiling))
        found += [
            _weight(f"clusters.{key}.tags.{tag}", cluster.tags[tag])
            for tag in _tags_closed(plan)
            if tag in cluster.tags
        ]
    return found


def _weight(path: str, figure: Figure) -> Known:
    """A tag weight. One between 0 and 1 without a spread still moves, as in Eq. 15."""
    known = known_of(path, figure, "logit")
    between = 0 < known.value < 1
    if isinstance(figure.value, Uncertainty) or not between or figure.source.startswith("--set"):
        return known
    return replace(known, sd=WEIGHT_SD, low=-np.inf, high=np.inf)


def _balances(plan: Plan) -> list[Balance]:
    outputs, scoped, added = [], [], []
    tagged: dict[str, list[Term]] = {tag: [] for tag in plan.totals.shares}
    for key, cluster in plan.clusters.items():
        output, rate = f"clusters.{key}.output.base", f"clusters.{key}.va_rate.base"
        outputs.append(Term(1.0, (output,)))
        added.append((output, rate))
        scope = plan.totals.scope
        weight = () if scope == "all" else (f"clusters.{key}.tags.{scope}",)
        if scope == "all" or scope in cluster.tags:
            scoped.append(Term(1.0, (output, rate, *weight)))
            scoped.append(Term(-1.0, (output, "totals.va_rate", *weight)))
        for tag, terms in tagged.items():
            if tag in cluster.tags:
                terms.append(Term(1.0, (output, rate, f"clusters.{key}.tags.{tag}")))
            terms.append(Term(-1.0, (output, rate, f"totals.shares.{tag}")))
    rest = [
        Term(1.0, (f"clusters.{k}.output.base",)) for k, c in plan.clusters.items() if c.residual
    ]
    least = (*rest, Term(-LEAST_REST, ("totals.output",)))
    return [
        Balance("totals.output", (*outputs, Term(-1.0, ("totals.output",)))),
        Balance("totals.va_rate", tuple(scoped)),
        *(Balance(f"totals.shares.{tag}", tuple(terms)) for tag, terms in tagged.items()),
        Balance("clusters.rest", least, at_least=True),
    ]


def known_of(
    path: str, figure: Figure, link: Link = "log", floor: float = 0.0, ceiling: float = 1.0
) -> Known:
    """What a plan's figure says: its median, and its spread in link space.

    A distribution: a normal one with its median and its 5 % to 95 % width in link space. A number
    that the document states: even inside its rounding. A number of any other origin, one that the
    planner has typed (``--set``) and a weight of exactly 0 or 1: certain.
    """
    median = centre(figure)
    ends = (-np.inf, np.inf)
    known = Known(path, median, 0.0, link, *ends, floor, ceiling, figure.origin, figure.unit)
    links = Links.of([known])
    if isinstance(figure.value, Uncertainty):
        limits = inside(known)
        median = min(max(median, limits[0]), limits[1])
        width = [min(max(q, limits[0]), limits[1]) for q in quantiles(figure, 0.05, 0.95)]
        low, high = links.to_link(np.array([width]))[0]
        return replace(known, value=median, sd=float(high - low) / (2 * Z95))
    if figure.origin != "stated" or figure.source.startswith("--set"):
        return known
    half = rounding(median, share=link == "logit")
    if not domain(known)[0] < median - half < median + half < domain(known)[1]:
        return known
    slope = float(links.slope(np.array([[median]]))[0, 0])
    sd = half / slope / float(np.sqrt(3.0))
    return replace(known, sd=sd, low=median - half, high=median + half)


def rounding(value: float, *, share: bool = False) -> float:
    """Half a unit of the last digit with which a number is written. [unit of the number]

    0.183 is known to 0.0005. A share is written in percent: 0.6 is 60 %, known to half a percent.
    """
    exponent = Decimal(f"{value:.12g}").as_tuple().exponent
    last = exponent if isinstance(exponent, int) else 0
    return 0.5 * 10.0 ** (min(last, -2) if share else last)
