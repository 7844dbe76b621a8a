"""What an input of a question is called, and its values: growth of X, under 6 % a year."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from plansim.analysis.inputs import LUCK, Input
from plansim.reports.words.drivers import driver_words
from plansim.reports.words.wording import number, percent, with_unit
from plansim.simulator.plan import Cluster, Figure, Label, Plan, Quantity
from plansim.words.catalogue import say

#: Endings of paths whose values are shares of one.
SHARES = (
    ".additional", ".depth", ".crowding_out", ".drop_out", ".chance", ".rate", ".size", ".sd",
    ".churn", "prices.pass_through", "totals.va_rate", ".labour_release",
)  # fmt: skip
SHARE_PARTS = (".closures.", ".tags.", ".shares.")
#: Spans shorter than this are told in months. [years]
SHORT = 2.5
#: Luck that is no quantity's, roles of the place's own quantities, figures of stages and subsidies.
CROWDS = {
    "common": "bundle.luck_common",
    "delivery": "bundle.luck_delivery",
    "firms": "bundle.luck_firms",
}
CITY = {"base": "bundle.city_base", "trend": "bundle.city_trend", "luck": "bundle.city_luck"}
STAGES = {"time": "cause.stage_time", "drop_out": "cause.stage_drop_out"}
SUBSIDIES = {"rate": "cause.subsidy_rate", "response": "cause.subsidy_response"}


# -- names -----------------------------------------------------------------------------------------


def input_words(plan: Plan, item: Input, lang: str) -> str:
    """The name of a group of inputs or of a single one."""
    if len(item.sources) == 1 and item.key == item.sources[0]:
        return cause_words(plan, item.key, lang)
    head, *rest = item.key.split(".")
    if item.key == LUCK:
        return say("bundle.luck", lang)
    if head.startswith(f"{LUCK}/"):
        if head == f"{LUCK}/clusters" and rest[0] != "*":
            own = _cluster(plan, rest[0], lang)
            others = [s for s in item.sources if not s.startswith(f"{LUCK}/clusters.{rest[0]}.")]
            words = say("driver.luck", lang, what=own)
            return _and_more(words, len(others), lang)
        return _several(plan, item.sources, lang)
    if head == "clusters" and rest[1] == "tags":
        return say("bundle.tags", lang)
    if head == "clusters" and len(rest) > 2 and rest[0] == "*":
        return cause_words(plan, ".".join([head, *rest]), lang)
    if head == "city" and len(rest) == 2:
        return say(CITY[rest[1]], lang)
    if head == "programmes" and len(rest) == 2:
        return say(f"bundle.{rest[1]}", lang)
    if not rest:
        return say(f"bundle.{head}", lang)
    return _several(plan, item.figures, lang)


def _several(plan: Plan, sources: Sequence[str], lang: str) -> str:
    first = cause_words(plan, sources[0], lang)
    return _and_more(first, len(sources) - 1, lang)


def _and_more(words: str, others: int, lang: str) -> str:
    return say("cause.more", lang, what=words, number=others) if others else words


def cause_words(plan: Plan, name: str, lang: str) -> str:
    """The name of one input: a figure's path, luck, an average over clusters, a delivery."""
    kind, *rest = name.split("/")
    if kind == "delivered":
        return say("cause.delivered", lang, what=_programme(plan, rest[1], lang), year=rest[0])
    if kind == "waited":
        return say("cause.waited", lang, what=_programme(plan, rest[0], lang))
    if kind == LUCK:
        return _luck_words(plan, rest, lang)
    keys = name.split(".")
    if keys[0] == "clusters" and keys[1] == "*":
        return _of_all(keys[2], keys[3], lang)
    if keys[0] == "programmes":
        return _of_programme(plan, keys, name, lang)
    if keys[0] in ("couplings", "assumptions"):
        return say("cause.figure", lang, what=say(f"bundle.{keys[0]}", lang), path=name)
    return driver_words(plan, name, lang)


def _luck_words(plan: Plan, rest: Sequence[str], lang: str) -> str:
    """``2020/city.patents``, ``common``, ``2020/common``, ``2020/clusters.*.output``."""
    what, year = rest[-1], rest[0] if len(rest) > 1 else ""
    if what in CROWDS:
        words = say(CROWDS[what], lang)
    elif what.startswith("clusters.*."):
        words = say("driver.luck", lang, what=_quantity_of_all(what.split(".")[2], lang))
    else:
        words = driver_words(plan, f"{LUCK}/{year or '0'}/{what}", lang)
    return say("cause.by_year", lang, what=words, year=year) if year else words


def _of_all(kind: str, role: str, lang: str) -> str:
    """A figure of one kind of all clusters: trend of output of all clusters."""
    what = _quantity_of_all(kind, lang)
    named = {"base": "driver.base", "luck": "driver.volatility", "trend": "driver.trend"}
    return say(named[role], lang, what=what)


def _quantity_of_all(kind: str, lang: str) -> str:
    return say(f"quantity.{kind}", lang, cluster=say("cause.clusters", lang))


def _of_programme(plan: Plan, keys: Sequence[str], name: str, lang: str) -> str:
    what = _programme(plan, keys[1], lang)
    programme = plan.programmes[keys[1]]
    if keys[2] == "queue" and keys[3] == "stages" and programme.queue is not None:
        stage = programme.queue.stages[keys[4]].name
        called = keys[4].replace("_", " ") if stage is None else stage.in_language(lang)
        if keys[5] in STAGES:
            return say(STAGES[keys[5]], lang, what=what, stage=called)
    if keys[2] == "queue" and keys[3] in ("intake", "investment"):
        return say(f"cause.{keys[3]}", lang, what=what)
    if keys[2] == "queue" and keys[3] == "subsidy" and keys[4] in SUBSIDIES:
        return say(SUBSIDIES[keys[4]], lang, what=what)
    if keys[2] == "effects":
        on = programme.effects[int(keys[3])].on
        return say("cause.effect", lang, what=what, on=_on(plan, on, lang))
    return driver_words(plan, name, lang)


def _on(plan: Plan, quantity: str, lang: str) -> str:
    head, *rest = quantity.split(".")
    if head == "clusters":
        if rest[0] == "*":
            return _quantity_of_all(rest[1], lang)
        return say(f"quantity.{rest[1]}", lang, cluster=_cluster(plan, rest[0], lang))
    name: Label | None = plan.city[rest[0]].name if head == "city" else None
    return quantity if name is None else name.in_language(lang)


def _cluster(plan: Plan, key: str, lang: str) -> str:
    return plan.clusters[key].name.in_language(lang)


def _programme(plan: Plan, key: str, lang: str) -> str:
    return plan.programmes[key].name.in_language(lang)


# -- values ----------------------------------------------------------------------------------------


def condition_words(
    plan: Plan, name: str, low: float, high: float, below: float, above: float, lang: str
) -> str:
    """That an input stays within limits: growth of X under 6 % a year; of luck, its rank.

    ``below``, ``above``: shares of all futures beyond the limits.
    """
    what = cause_words(plan, name, lang)
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
