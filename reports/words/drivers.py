"""Figures, quantities and levers in words: trend of output of Robotics."""

from collections.abc import Mapping

from plansim.analysis.contrast import REST
from plansim.simulator.plan import Plan
from plansim.words.catalogue import say

#: Parts of a programme's paths → sentences about the driver; the first that fits counts.
PROGRAMME_PARTS = (
    ("queue.intake", "intake"),
    ("queue.eligible", "intake"),
    ("queue.ordinary", "additional"),
    ("queue.subsidy", "subsidy"),
    ("queue.investment", "subsidy"),
    ("queue.overrun", "subsidy"),
    ("queue", "stages"),
    ("coverage.depth", "depth"),
    ("coverage.delay", "delay"),
    ("additional", "additional"),
    ("effects", "effect"),
    ("projects", "projects"),
    ("crowding_out", "crowding_out"),
    ("closures", "closures"),
    ("", "law"),
)
#: Totals of the base year → their names in the catalogue.
TOTALS = {
    "totals.output": "quantity.totals_output",
    "totals.va_rate": "quantity.totals_va_rate",
}
#: Endings of a quantity's paths → sentences about the driver.
QUANTITY_PARTS = (
    (".trend.rate", "trend"),
    (".trend.ceiling", "ceiling"),
    (".base", "base"),
    (".luck.loading", "loading"),
    (".luck.sd", "volatility"),
    (".luck.reference_size", "volatility"),
)


def driver_words(plan: Plan, driver: str, lang: str) -> str:
    """A driver's path in words: trend of output of Robotics."""
    if not driver:
        return ""
    if driver.startswith("luck/"):
        return say("driver.luck", lang, what=_quantity_words(plan, driver.split("/", 2)[2], lang))
    section, _, rest = driver.partition(".")
    if section == "programmes":
        key, _, part = rest.partition(".")
        what = plan.programmes[key].name.in_language(lang)
        kind = next(kind for start, kind in PROGRAMME_PARTS if part.startswith(start))
        return say(f"driver.{kind}", lang, what=what)
    if section in ("quotas", "offices"):
        key, shared = rest.split(".")[0], plan.quotas if section == "quotas" else plan.offices
        named = shared[key].name
        return say("driver.shared", lang, what=named.in_language(lang) if named else key)
    for ending, kind in QUANTITY_PARTS:
        if driver.endswith(ending) and section in ("clusters", "prices", "city"):
            what = _quantity_words(plan, driver.removesuffix(ending), lang)
            return say(f"driver.{kind}", lang, what=what)
    if section == "indicators":
        what = plan.indicators[rest.split(".")[0]].name.in_language(lang)
        return say("driver.law", lang, what=what)
    if driver in TOTALS:
        return say("driver.base", lang, what=say(TOTALS[driver], lang))
    if driver == "prices.pass_through":
        return say("driver.pass_through", lang)
    if ".tags." in driver:
        cluster, tag = rest.split(".tags.")
        name = plan.clusters[cluster].name.in_language(lang)
        return say("driver.tag", lang, what=name, tag=tag)
    return say("driver.other", lang, what=driver)


def _quantity_words(plan: Plan, path: str, lang: str) -> str:
    section, _, rest = path.partition(".")
    if section == "clusters":
        cluster, _, kind = rest.partition(".")
        return say(f"quantity.{kind}", lang, cluster=plan.clusters[cluster].name.in_language(lang))
    if section == "prices":
        return say(f"quantity.prices_{rest}", lang)
    name = plan.city[rest].name
    return rest.replace("_", " ") if name is None else name.in_language(lang)


def figure_name(plan: Plan, path: str, lang: str) -> str:
    """A figure of the base year in words: output of Robotics."""
    section, _, rest = path.partition(".")
    if section == "totals":
        kind, _, tag = rest.partition(".")
        return say("baseline.share", lang, tag=tag) if tag else say(f"quantity.totals_{kind}", lang)
    key, _, part = rest.partition(".")
    if part.startswith("tags."):
        what = plan.clusters[key].name.in_language(lang)
        return say("driver.tag", lang, what=what, tag=part.removeprefix("tags."))
    return quantity_name(plan, path.removesuffix(".base"), lang)


def quantity_name(plan: Plan, path: str, lang: str) -> str:
    """A quantity in words, by its path."""
    section, _, rest = path.partition(".")
    if section == "clusters":
        key, _, kind = rest.partition(".")
        return say(f"quantity.{kind}", lang, cluster=plan.clusters[key].name.in_language(lang))
    if section == "prices":
        return say(f"quantity.prices_{rest}", lang)
    named = plan.city[rest].name
    return rest.replace("_", " ") if named is None else named.in_language(lang)


TOTAL = "total"


# -- words -----------------------------------------------------------------------------------------


def lever_name(plan: Plan, key: str, lang: str) -> str:
    """A lever in words: the name of a programme, a quota, a group."""
    if "+" in key:
        return " + ".join(lever_name(plan, part.strip(), lang) for part in key.split("+"))
    section, _, rest = key.partition(".")
    if key in (REST, TOTAL, "prices"):
        return say(f"attributed.{key}", lang)
    if section == "group":
        return say(f"pulled.{rest}", lang)
    if section == "clusters":
        cluster, _, kind = rest.partition(".")
        everyone = say("attributed.clusters", lang)
        owner = everyone if cluster == "*" else plan.clusters[cluster].name.in_language(lang)
        return say("attributed.tags" if kind == "tags" else f"quantity.{kind}", lang, cluster=owner)
    if section == "assumptions":
        return say("attributed.assumption", lang, what=rest)
    named = getattr(plan, section, None) if rest else plan.programmes
    holder = named.get(rest or key) if isinstance(named, Mapping) else None
    label = getattr(holder, "name", None)
    return key if label is None else str(label.in_language(lang))
