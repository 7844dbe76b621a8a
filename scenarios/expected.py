"""Which unit the engine expects of every figure of a plan, by its path."""

import re
from functools import lru_cache

from plansim.simulator.plan import Figure, Plan, Quantity

#: Path patterns → base unit; the first that matches counts. ``None``: free, the plan chooses.
UNITS: tuple[tuple[re.Pattern[str], str | None], ...] = tuple(
    (re.compile(pattern), unit)
    for pattern, unit in (
        (r"^totals\.output$", "亿元"),
        (r"^clusters\.[^.]+\.output\.(base|trend\.ceiling|luck\.reference_size)$", "亿元"),
        (r"^clusters\.[^.]+\.energy\.(base|trend\.ceiling)$", "tce/万元"),
        (r"^clusters\.[^.]+\.water\.(base|trend\.ceiling)$", "t/万元"),
        (r"^clusters\.[^.]+\.labour\.(base|trend\.ceiling)$", "person/万元"),
        (r"\.luck\.reference_size$", "亿元"),
        (r"\.trend\.rate$", "1/year"),
        (r"\.speed$", "1/year"),
        (r"\.churn$", "1/year"),
        (r"\.delay$", "year"),
        (r"^programmes\.[^.]+\.units$", None),
        (r"^programmes\.[^.]+\.cost$", "亿元"),
        (r"^levers\.[^.]+\.cost$", None),
        (r"^programmes\.[^.]+\.(projects|recognised)\.[^.]+$", "亿元"),
        (r"\.servers$", "count"),
        (r"(\.stages\.[^.]+\.time|\.stopped\.length|\.queue\.ramp)$", "year"),
        (r"\.queue\.(intake|ordinary|eligible)$", None),
        (r"\.queue\.(investment|subsidy\.cap)$", "亿元"),
        (r"\.subsidy\.budget\.amount$", "亿元/year"),
        (r"(^quotas\.[^.]+\.amount|\.takes\.[^.]+)$", None),
        (r"^indicators\.[^.]+\.threshold$", "亿元"),
        (r"^indicators\.[^.]+\.count$", "count"),
        (r"^indicators\.[^.]+\.anchor$", None),
        (r"^city\.[^.]+\.(base|trend\.ceiling)$", None),
        (r"", "1"),
    )
)

#: Figures that are shares of something: never below 0, never above 1.
SHARES = re.compile(
    r"(\.va_rate\.base|^clusters\.[^.]+\.tags\..*|^totals\.va_rate|^totals\.shares\..*"
    r"|\.additional|\.crowding_out|^programmes\.[^.]+\.closures\.[^.]+|\.persistence|_persistence"
    r"|\.labour_release|\.drop_out|\.stopped\.chance|\.subsidy\.rate)$"
)
#: Figures that may not be negative.
NOT_NEGATIVE = re.compile(
    r"(\.delay|\.depth|\.units|\.cost|^programmes\.[^.]+\.projects\.[^.]+|\.luck\.sd|\.reference_size|\.speed"
    r"|\.queue\.(intake|ordinary|eligible|investment|scatter|overrun|ramp)"
    r"|\.stages\.[^.]+\.(time|scatter|takes\.[^.]+)|\.stopped\.length|\.subsidy\.(cap|response)"
    r"|\.amount|^programmes\.[^.]+\.recognised\.[^.]+|\.churn|\.threshold|\.count|_tolerance|^totals\.output|\.(output|energy|water|labour)\.base)$"
)
#: Figures that must be certain numbers, because the whole run shares them.
CERTAIN = re.compile(
    r"(^assumptions\.(shock_df|common_persistence|.*_tolerance)|\.servers|^levers\.[^.]+\.cost)$"
)


@lru_cache(maxsize=16_384)
def unit_of(path: str) -> str | None:
    """The base unit that the figure at ``path`` is converted to; None where the plan chooses."""
    return next(unit for pattern, unit in UNITS if pattern.search(path))


def base_figure(plan: Plan, path: str) -> tuple[Quantity, Figure | None] | None:
    """The quantity at ``path`` (``clusters.x.output`` or ``city.x``) and its base."""
    head, _, rest = path.partition(".")
    if head == "city" and rest in plan.city:
        return plan.city[rest], plan.city[rest].base
    cluster, _, kind = rest.partition(".")
    if head == "clusters" and cluster in plan.clusters:
        quantity: Quantity | None = getattr(plan.clusters[cluster], kind, None)
        if quantity is not None:
            return quantity, quantity.base
    return None
