"""What an input of a question is called, and its values: growth of X, under 6 % a year."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from plansim.analysis.inputs import LUCK
from plansim.simulator.naming import name_of
from plansim.simulator.plan import Cluster, Figure, Plan, Quantity
from plansim.words.amounts import number, percent, with_unit
from plansim.words.catalogue import say

#: Endings of paths whose values are shares of one.
SHARES = (
    ".additional", ".depth", ".crowding_out", ".drop_out", ".chance", ".rate", ".size", ".sd",
    ".churn", "prices.pass_through", "totals.va_rate", ".labour_release",
)  # fmt: skip
SHARE_PARTS = (".closures.", ".tags.", ".shares.")
#: Spans shorter than this are told in months. [years]
SHORT = 2.5
# -- values ----------------------------------------------------------------------------------------


def condition_words(
    plan: Plan, name: str, low: float, high: float, below: float, above: float, lang: str
) -> str:
    """That an input stays within limits: growth of X under 6 % a year; of luck, its rank.

    ``below``, ``above``: shares of all futures beyond the limits.
    """
    what = name_of(plan, name, lang)
    if name.startswith(f"{LUCK}/"):
        if isfinite(low) and isfinite(high):
            ends = {"low": percent(below), "high": percent(1 - above)}
            return say("cause.rank_between", lang, what=what, **ends)
        side, beyond = ("lowest", above) if isfinite(high) else ("highest", below)
        if beyond >= 0.5:
            return say(f"cause.{side}", lang, what=what, share=percent(1 - beyond))
        other = "not_highest" if side == "lowest" else "not_lowest"
        return say(f"cause.{other}", lang, what=what, share=percent(beyond))
    limits = [end for end in (low, high) if isfinite(end)]
    told = [value_words(plan, name, end, lang, limits) for end in limits]
    if lang == "zh":  # a space stands between Chinese words and numbers, and nowhere else
        told = [f"{' ' * (text[0] < '一')}{text}" for text in told]
    if len(limits) == 2:
        return say("cause.between", lang, what=what, low=told[0], high=told[1])
    return say("cause.under" if isfinite(high) else "cause.over", lang, what=what, value=told[0])


def value_words(
    plan: Plan, name: str, value: float, lang: str, others: Sequence[float] = ()
) -> str:
    """A value of an input with its unit, from its base unit: 6.2 % a year, 14 months, 47 亿元."""
    kind, *rest = name.split("/")
    if kind == "waited":
        return say("amount.days", lang, value=_text(value))
    if kind == "delivered":
        unit = plan.programmes[rest[1]].unit
        return with_unit(_text(value), unit, lang)
    scale, unit = measure(plan, name)
    size = max(map(abs, (value, *others)))
    if unit == "year" and size < SHORT:
        scale, unit = 12.0, "month"
    text = _text(scale * value)
    return with_unit(text, unit, lang) if unit not in AMOUNTS else say(
        f"amount.{AMOUNTS[unit]}", lang, value=text)  # fmt: skip


#: Units that are words, by their sentence.
AMOUNTS = {
    "%": "percent", "%/year": "percent_a_year", "points/year": "points_a_year",
    "year": "years", "month": "months", "1/year": "a_year",
    "count/year": "a_year", "亿元/year": "money_a_year", "ha/year": "ha_a_year",
}  # fmt: skip


def _text(value: float) -> str:
    return number(value).replace("-", "−")


def measure(plan: Plan, name: str) -> tuple[float, str]:
    """What a value in base units is multiplied by to be shown, and the unit it then has."""
    if name.startswith("clusters.*."):
        kind = name.split(".")[2]
        first = next(iter(plan.clusters))
        name = name.replace("clusters.*", f"clusters.{first}", 1)
        return _of_quantity(getattr(plan.clusters[first], kind), name, "1")
    unit = _unit(plan, name)
    quantity = quantity_of(plan, name)
    if quantity is not None:
        return _of_quantity(quantity, name, unit)
    share = name.endswith(SHARES) or any(part in name for part in SHARE_PARTS)
    if unit == "1" and share:
        return 100.0, "%"
    return (100.0, "%/year") if name.endswith(".churn") else (1.0, unit)


def _of_quantity(quantity: Quantity, name: str, unit: str) -> tuple[float, str]:
    """Of growth per cent a year; of rates and shares per cent, and points a year."""
    if name.endswith(".trend.rate"):
        if quantity.trend.curve == "gompertz":
            return 1.0, "1/year"
        if quantity.link == "log":
            return 100.0, "%/year"
        return (100.0, "points/year") if _is_share(quantity) else (1.0, "1/year")
    if name.endswith((".sd", ".loading")):
        return 100.0, "%"
    share = _is_share(quantity) and name.endswith((".base", ".trend.ceiling"))
    return (100.0, "%") if share else (1.0, unit)


def _is_share(quantity: Quantity) -> bool:
    """Whether it lies between bounds that are shares of one, and not those of an index."""
    return quantity.link == "logit" and (quantity.ceiling is None or quantity.ceiling <= 1)


def quantity_of(plan: Plan, name: str) -> Quantity | None:
    """The quantity that a figure belongs to, if it belongs to one."""
    head, *rest = name.split(".")
    if head == "clusters" and len(rest) > 2 and rest[1] in Cluster.QUANTITIES:
        found: Quantity = getattr(plan.clusters[rest[0]], rest[1])
        return found
    if head == "city":
        return plan.city[rest[0]]
    if head == "prices" and rest[0] in ("output", "input"):
        return plan.prices.output if rest[0] == "output" else plan.prices.input
    return None


def _unit(plan: Plan, path: str) -> str:
    """The unit of the figure at a dotted path; "1" where there is none."""
    node: Any = plan
    for key in path.split("."):
        if isinstance(node, tuple):
            node = node[int(key)]
        elif isinstance(node, Mapping):
            node = node.get(key)
        else:
            node = getattr(node, key, None)
    return node.unit if isinstance(node, Figure) else "1"
