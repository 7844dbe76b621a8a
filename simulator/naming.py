"""One name for every path of a plan, in both languages, and the way back from a name to its path.

A name is what a planner would say: trend growth of output of Robotics. It is unique in its plan,
holds no key, no path and no equals sign, and is the same in every table, picture and file. Where
two things of a plan would bear the same name, what they are stands in brackets behind all but the
foremost. A lever is called what its plan calls it, and so is what it moves: they are one thing.

Paths are those of plan files, and beside them ``indicators.output/robotics`` (a series),
``targets.ID``, ``luck/2020/clusters.robotics.output``, ``delivered/2020/parks``,
``waited/parks``, and patterns with one ``*`` for all clusters.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches

from plansim.simulator.plan import (
    Cluster,
    Label,
    Library,
    Plan,
    Programme,
    Quantity,
    Switch,
    Target,
    figures,
)
from plansim.words.catalogue import LANGUAGES, catalogue, say

#: What has names.
Named = Plan | Library
#: Endings of a quantity's paths → their sentences.
QUANTITY = {
    "base": "base", "trend": "trend", "trend.rate": "trend_rate", "trend.ceiling": "trend_ceiling",
    "trend.theta": "trend_theta", "luck": "volatility", "luck.sd": "volatility",
    "luck.persistence": "persistence", "luck.loading": "loading",
    "luck.reference_size": "reference_size", "luck.size_exponent": "size_exponent",
    "floor": "floor", "ceiling": "ceiling",
}  # fmt: skip
#: Endings of a programme's paths → their sentences; ``*`` stands for one key.
PROGRAMME = {
    "active": "active", "additional": "additional", "units": "units", "lot": "lot", "cost": "cost",
    "crowding_out": "crowding_out", "effects.*.size": "effect", "projects.*": "project_output",
    "closures.*": "closed", "recognised.*": "recognised", "coverage.start": "start",
    "coverage.depth": "depth", "coverage.delay": "delay", "coverage.limit": "limit",
    "coverage.path.*": "progress", "queue.start": "start", "queue.end": "end",
    "queue.intake": "intake", "queue.eligible": "eligible", "queue.ordinary": "ordinary",
    "queue.investment": "investment", "queue.scatter": "investment_scatter",
    "queue.overrun": "overrun", "queue.ramp": "ramp", "queue.subsidy.rate": "subsidy_rate",
    "queue.subsidy.cap": "subsidy_cap", "queue.subsidy.response": "subsidy_response",
    "queue.subsidy.budget.amount": "budget", "queue.subsidy.budget.start": "budget_start",
}  # fmt: skip
#: Endings of a stage's paths.
STAGE = {
    "time": "stage_time", "scatter": "stage_scatter", "drop_out": "stage_drop_out",
    "servers": "stage_servers", "takes.*": "stage_takes", "stopped.chance": "stop_chance",
    "stopped.length": "stop_length",
}  # fmt: skip
#: Endings of the paths of what has a label, by section.
LABELLED = {
    "quotas": {"amount": "quota", "start": "start"},
    "offices": {
        "servers": "servers", "stopped.chance": "stop_chance", "stopped.length": "stop_length",
    },
    "indicators": {
        "anchor": "anchor", "threshold": "threshold", "count": "count", "exponent": "exponent",
        "churn": "churn",
    },
    "levers": {"cost": "lever_cost"},
}  # fmt: skip
#: Luck that is no single quantity's.
CROWDS = {"common": "luck_common", "delivery": "luck_delivery", "firms": "luck_firms"}
#: Who keeps a name that several would bear, the first first.
FOREMOST = (
    "clusters", "levers", "programmes", "series", "indicators", "city", "quantities", "quotas",
    "offices",
)  # fmt: skip


def name_of(plan: Named, path: str, lang: str) -> str:
    """The one name of a path in a plan; the path itself where it leads to nothing."""
    return Names(plan, lang).name(path)


def path_of(plan: Named, name: str) -> str:
    """The path that a name stands for, in either language; what is no name is left as it is."""
    for lang in LANGUAGES:
        found = Names(plan, lang).path(name)
        if found:
            return found
    return name


def entry_of(plan: Named, section: str, word: str) -> str:
    """The key of an entry of a section by its key or its name; any other word as it is."""
    entries = getattr(plan, section)
    if word in (entries if section != "targets" else {target.id for target in entries}):
        return word
    path = path_of(plan, word)
    if section == "levers" and isinstance(plan, Plan):
        return next((key for key, lever in plan.levers.items() if lever.path == path), word)
    return path.removeprefix(f"{section}.") if path.startswith(f"{section}.") else word


def called(plan: Named, path: str) -> Label:
    """The name of a path in both languages."""
    return Label(zh=name_of(plan, path, "zh"), en=name_of(plan, path, "en"))


def nearest_called(plan: Named, word: str, paths: Iterable[str]) -> Label | str:
    """What is most like a word by its key or its name in any language, "" where nothing is."""
    found: dict[str, str] = {}
    for path in paths:
        known = (path.partition(".")[2], *(name_of(plan, path, lang) for lang in LANGUAGES))
        found |= {folded(each): path for each in known}
    near = get_close_matches(folded(word), found, 1, 0.5)
    return called(plan, found[near[0]]) if near else ""


def series_path(indicator: str, cluster: str) -> str:
    """The path of an indicator of a cluster, or of the place as a whole."""
    return f"indicators.{indicator}/{cluster}" if cluster else f"indicators.{indicator}"


def observed_path(plan: Plan, quantity: str, cluster: str) -> str:
    """The path of what a row of ``history.csv`` is of: an indicator's series, or a quantity."""
    return series_path(quantity, cluster) if quantity in plan.indicators else quantity


def folded(name: str) -> str:
    """A name as it is compared: no case, no spaces, brackets of one width."""
    return re.sub(r"\s+", "", name).casefold().translate(_WIDTHS)


_WIDTHS = str.maketrans("（）：，", "():,")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one plan in one language: worked out once, and kept beside the plan."""

    plan: Named
    lang: str

    def name(self, path: str) -> str:
        """The name of a path; the path itself where it leads to nothing."""
        found = self.by_path.get(path)
        return (self.said(path) or path) if found is None else found

    def path(self, name: str) -> str:
        """The path of a name, "" where nothing is called so."""
        key = folded(name)
        return self.paths.get(key, "") or self.of_futures.get(key, "")

    @property
    def by_path(self) -> Mapping[str, str]:
        """Every path that the plan has, with its name."""
        return self.plan.kept(("names", self.lang), self._by_path)

    @property
    def paths(self) -> Mapping[str, str]:
        """The way back: by folded name, the path. A lever's name is that of what it moves."""
        return self.plan.kept(("paths", self.lang), self._paths)

    @property
    def of_futures(self) -> Mapping[str, str]:
        """By folded name, what belongs to futures: luck by some year, deliveries, waits."""
        return self.plan.kept(("of futures", self.lang), self._of_futures)

    def _by_path(self) -> dict[str, str]:
        return _apart(self.plan, {path: self.said(path) for path in paths(self.plan)}, self.lang)

    def _paths(self) -> dict[str, str]:
        return {folded(name): path for path, name in self.by_path.items() if lever_of(path) is None}

    def _of_futures(self) -> dict[str, str]:
        return {folded(self.said(path)): path for path in future_paths(self.plan)}

    def said(self, path: str) -> str:
        """What a path is called by itself, "" where it leads to nothing."""
        return Speech(self.plan, self.lang).said(path).replace("=", ":")


def lever_of(path: str) -> str | None:
    """The key of the lever that a path is, None where it is none."""
    section, _, key = path.partition(".")
    return key if section == "levers" and "." not in key else None


# -- what there is to name -------------------------------------------------------------------------


def paths(plan: Named) -> Iterator[str]:
    """Every path of a plan that has a name of its own, once."""
    yield from dict.fromkeys(_paths(plan))


def _paths(plan: Named) -> Iterator[str]:
    for section in ("clusters", "levers", "programmes", "indicators"):
        yield from (f"{section}.{key}" for key in getattr(plan, section, ()))
    if isinstance(plan, Plan):
        yield from _of_plan(plan)
    for section in ("quotas", "offices"):
        yield from (f"{section}.{key}" for key in getattr(plan, section))
    yield from (path for path, _ in figures(plan))
    for key, programme in plan.programmes.items():
        yield from (f"programmes.{key}.{part}" for part in _plain_parts(programme))
    yield from (f"quotas.{k}.start" for k, quota in plan.quotas.items() if quota.start is not None)
    yield from (f"targets.{target.id}" for target in plan.targets)


def _of_plan(plan: Plan) -> Iterator[str]:
    """Series, quantities, switches, groups."""
    for key, indicator in plan.indicators.items():
        if indicator.subjects == "clusters":
            yield from (series_path(key, cluster) for cluster in plan.clusters)
    for path, quantity in quantities(plan):
        yield path
        yield from (
            f"{path}.{end}" for end in ("floor", "ceiling") if getattr(quantity, end) is not None
        )
    for each in fields(plan.assumptions):
        if isinstance(getattr(plan.assumptions, each.name), Switch):
            yield f"assumptions.{each.name}"
    yield from (f"tags.{tag}" for tag in dict.fromkeys(_tags(plan)))


def quantities(plan: Plan) -> Iterator[tuple[str, Quantity]]:
    """Every simulated quantity, by path."""
    for key, cluster in plan.clusters.items():
        yield from (
            (f"clusters.{key}.{kind}", getattr(cluster, kind)) for kind in Cluster.QUANTITIES
        )
    yield from ((f"city.{key}", quantity) for key, quantity in plan.city.items())
    yield from (("prices.output", plan.prices.output), ("prices.input", plan.prices.input))


def _tags(plan: Plan) -> Iterator[str]:
    yield from plan.tags
    for cluster in plan.clusters.values():
        yield from cluster.tags


def _plain_parts(programme: Programme) -> Iterator[str]:
    """The parts of a programme that are plain numbers, truths, or hold others."""
    yield from ("active", "lot")
    if programme.coverage is not None:
        yield "coverage.start"
        yield from (f"coverage.path.{year}" for year in programme.coverage.path)
        if programme.coverage.limit is not None:
            yield "coverage.limit"
    if programme.queue is not None:
        yield "queue.start"
        if programme.queue.end is not None:
            yield "queue.end"
        yield from (f"queue.stages.{stage}" for stage in programme.queue.stages)
        subsidy = programme.queue.subsidy
        if subsidy is not None and subsidy.budget is not None and subsidy.budget.start is not None:
            yield "queue.subsidy.budget.start"


def future_paths(plan: Named) -> Iterator[str]:
    """What differs from future to future beside figures."""
    if not isinstance(plan, Plan):
        return
    moving = [f"clusters.*.{kind}" for kind in Cluster.QUANTITIES]
    moving += [*(path for path, _ in quantities(plan)), *CROWDS]
    for what in moving:
        yield f"luck/{what}"
        yield from (f"luck/{year}/{what}" for year in plan.years)
    for kind in Cluster.QUANTITIES:
        yield from (f"clusters.*.{kind}{end}" for end in ("", ".base", ".trend"))
    for key in plan.programmes:
        yield f"waited/{key}"
        yield from (f"delivered/{year}/{key}" for year in plan.years)


# -- what it is called -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Speech:
    """Says what paths of a plan are, in one language."""

    plan: Named
    lang: str

    def said(self, path: str) -> str:
        """What a path is called, "" where it leads to nothing."""
        kind, *rest = path.split("/")
        try:
            if rest:
                return self._future(kind, rest)
            section, *keys = path.split(".")
            speak: Callable[[list[str]], str] | None = getattr(self, f"_{section}", None)
            return speak(keys) if speak is not None and keys else ""
        except (KeyError, IndexError, ValueError):
            return ""

    def _say(self, key: str, **fields: object) -> str:
        return say(f"name.{key}", self.lang, **fields)

    def _label(self, label: Label | None, key: str) -> str:
        return key.replace("_", " ") if label is None else label.in_language(self.lang)

    def label(self, section: str, key: str) -> str:
        """What the plan calls an entry of a section."""
        return self._label(getattr(self.plan, section)[key].name, key)

    def _future(self, kind: str, rest: list[str]) -> str:
        if kind.startswith("indicators."):
            what = self.label("indicators", kind.removeprefix("indicators."))
            return self._say("of", what=what, whose=self.label("clusters", rest[0]))
        if kind == "waited":
            return self._say("waited", what=self.label("programmes", rest[0]))
        if kind == "delivered":
            return self._say("delivered", what=self.label("programmes", rest[1]), year=rest[0])
        if kind != "luck":
            return ""
        what, year = rest[-1], rest[0] if len(rest) > 1 else ""
        quantity = "" if what in CROWDS else self._quantity(what.split("."))
        words = self._say("luck", what=quantity) if quantity else self._say(CROWDS[what])
        return self._say("by_year", what=words, year=year) if year else words

    # -- quantities

    def _quantity(self, keys: list[str]) -> str:
        """A quantity by the keys of its path."""
        section, key, *kind = keys
        if section == "clusters":
            return self._say(f"cluster_{kind[0]}", cluster=self._cluster(key))
        if section == "prices":
            return self._say(f"prices_{key}")
        return self._label(_plan(self.plan).city[key].name, key)

    def _cluster(self, key: str) -> str:
        return self._say("all_clusters") if key == "*" else self.label("clusters", key)

    def _of_quantity(self, quantity: list[str], rest: list[str]) -> str:
        what = self._quantity(quantity)
        if not rest:
            return what
        ending = QUANTITY[".".join(rest)]
        if ending == "trend_rate" and not _grows(self.plan, quantity):
            ending = "trend_change"
        return self._say(ending, what=what)

    def _clusters(self, keys: list[str]) -> str:
        if len(keys) == 1:
            return self._cluster(keys[0])
        if keys[1] == "tags":
            return self._say("tag", what=self._cluster(keys[0]), tag=self._tags(keys[2:]))
        return self._of_quantity(["clusters", *keys[:2]], keys[2:])

    def _city(self, keys: list[str]) -> str:
        return self._of_quantity(["city", keys[0]], keys[1:])

    def _prices(self, keys: list[str]) -> str:
        if keys == ["pass_through"]:
            return self._say("pass_through")
        return self._of_quantity(["prices", keys[0]], keys[1:])

    def _tags(self, keys: list[str]) -> str:
        return self._label(_plan(self.plan).tags.get(keys[0]), keys[0])

    def _totals(self, keys: list[str]) -> str:
        if keys[0] == "shares":
            return self._say("totals_share", tag=self._tags(keys[1:]))
        return self._say(f"totals_{keys[0]}")

    def _assumptions(self, keys: list[str]) -> str:
        return self._say(f"assumption_{keys[0]}")

    def _couplings(self, keys: list[str]) -> str:
        coupling = _plan(self.plan).couplings[int(keys[0])]
        ends = (self._on(coupling.source_quantity), self._on(coupling.to))
        return self._say(f"coupling_{keys[1]}", source=ends[0], to=ends[1])

    def _on(self, quantity: str) -> str:
        return self._quantity(quantity.split("."))

    # -- what has a label

    def _labelled(self, section: str, keys: list[str]) -> str:
        what = self.label(section, keys[0])
        if len(keys) == 1:
            return what
        return self._say(LABELLED[section][".".join(keys[1:])], what=what)

    def _quotas(self, keys: list[str]) -> str:
        return self._labelled("quotas", keys)

    def _offices(self, keys: list[str]) -> str:
        return self._labelled("offices", keys)

    def _indicators(self, keys: list[str]) -> str:
        return self._labelled("indicators", keys)

    def _levers(self, keys: list[str]) -> str:
        return self._labelled("levers", keys)

    def _programmes(self, keys: list[str]) -> str:
        key, *rest = keys
        what = self.label("programmes", key)
        if not rest:
            return what
        programme = self.plan.programmes[key]
        if rest[:2] == ["queue", "stages"]:
            return self._stage(programme, what, rest[2:])
        ending, open_key = _matched(PROGRAMME, rest)
        fields: dict[str, str] = {"what": what, "year": open_key}
        if ending == "effect":
            fields["on"] = self._on(programme.effects[int(open_key)].on)
        elif ending in ("project_output", "closed", "recognised"):
            fields["cluster"] = self._cluster(open_key)
        return self._say(ending, **fields)

    def _stage(self, programme: Programme, what: str, rest: list[str]) -> str:
        assert programme.queue is not None
        key, *ending = rest
        stage = self._say(
            "stage", what=what, stage=self._label(programme.queue.stages[key].name, key)
        )
        if not ending:
            return stage
        found, quota = _matched(STAGE, ending)
        fields = {"quota": self.label("quotas", quota)} if quota else {}
        return self._say(found, what=stage, **fields)

    def _targets(self, keys: list[str]) -> str:
        wanted = ".".join(keys)
        found = [target for target in self.plan.targets if target.id == wanted]
        return self.target(found[0])

    def target(self, target: Target) -> str:
        """A target by what it is about, and its year."""
        what = about(self.plan, target, self.lang)
        if target.year is None:
            return self._say("target_undated", what=what)
        return self._say("target", what=what, year=target.year)


def about(plan: Named, target: Target, lang: str) -> str:
    """What a target is about: output of Robotics."""
    indicator = plan.indicators.get(target.indicator)
    if indicator is not None:
        name = indicator.name.in_language(lang)
    else:
        name = target.indicator_zh if lang == "zh" else " ".join(re.split("[_-]", target.indicator))
    subject = target.subject_zh if lang == "zh" else target.subject
    if target.subject == plan.plan.region.en or not subject or subject in name:
        return name
    return say("name.of", lang, what=name, whose=subject)


def _plan(plan: Named) -> Plan:
    """The plan; a library has none of what is asked for then."""
    if not isinstance(plan, Plan):
        raise KeyError(plan.plan.id)
    return plan


def _grows(plan: Named, quantity: list[str]) -> bool:
    """Whether the trend of a quantity is growth, not a change of a rate or a level."""
    section, key, *kind = quantity
    if section == "prices":
        return True
    known = _plan(plan)
    if section == "city":
        return known.city[key].link == "log"
    first = next(iter(known.clusters)) if key == "*" else key
    found: Quantity = getattr(known.clusters[first], kind[0])
    return found.link == "log"


def _matched(endings: Mapping[str, str], keys: list[str]) -> tuple[str, str]:
    """The sentence of an ending, and the key that its star stands for. Raises KeyError."""
    whole = ".".join(keys)
    if whole in endings:
        return endings[whole], ""
    for place, key in enumerate(keys):
        starred = ".".join([*keys[:place], "*", *keys[place + 1 :]])
        if starred in endings:
            return endings[starred], key
    raise KeyError(whole)


# -- no two alike ----------------------------------------------------------------------------------


def _apart(plan: Named, said: Mapping[str, str], lang: str) -> dict[str, str]:
    """Every path with a name that is its alone: what tells it from the others is in brackets."""
    found = {path: name for path, name in said.items() if name}
    levers = plan.levers if isinstance(plan, Plan) else {}
    own = {lever.path: f"levers.{key}" for key, lever in levers.items()}
    found |= {path: found[lever] for path, lever in own.items()}
    for tell in (_restated, _basis, _statement, _kind, _change, _key, _place):
        for alike in _alike(found, own):
            words = {path: tell(plan, path, lang) for path in alike}
            if len(set(words.values())) > 1:
                if tell is _kind:
                    words[alike[0]] = ""
                found |= {
                    path: say("name.apart", lang, what=found[path], which=which)
                    for path, which in words.items()
                    if which
                }
    return found | {lever: found[path] for path, lever in own.items()}


def _alike(found: Mapping[str, str], own: Mapping[str, str]) -> list[list[str]]:
    """Paths that bear one name, the foremost first; a lever and what it moves are one."""
    groups: dict[str, list[str]] = {}
    for path, name in found.items():
        if lever_of(path) is None:
            groups.setdefault(folded(name), []).append(path)

    def rank(path: str) -> int:
        kind = section_of(own.get(path, path))
        return FOREMOST.index(kind) if kind in FOREMOST else len(FOREMOST)

    return [sorted(group, key=rank) for group in groups.values() if len(group) > 1]


def section_of(path: str) -> str:
    """The kind of thing that a path leads to: its section, ``series``, or ``quantities``."""
    section, *keys = path.split(".")
    if section == "indicators" and "/" in path:
        return "series"
    return "quantities" if section == "clusters" and len(keys) > 1 else section


def _restated(plan: Named, path: str, lang: str) -> str:
    """That a target says again what another says, and where: restated, L17."""
    target = _target(plan, path)
    if target is None or not target.restates:
        return ""
    return say("name.restated", lang, source=_statement(plan, path, lang))


def _basis(plan: Named, path: str, lang: str) -> str:
    target = _target(plan, path)
    return "" if target is None else say(f"name.basis_{target.basis}", lang)


def _statement(plan: Named, path: str, lang: str) -> str:
    """Where in the document a target stands: L17."""
    target = _target(plan, path)
    if target is None:
        return ""
    return " ".join(re.split(r"[\s,]+", target.source.replace(f"{plan.plan.id}:", "")))


def _target(plan: Named, path: str) -> Target | None:
    key = path.removeprefix("targets.")
    return None if key == path else next((t for t in plan.targets if t.id == key), None)


def _kind(plan: Named, path: str, lang: str) -> str:
    section, key = section_of(path), path.partition(".")[2]
    if key.count(".") > (section == "quantities"):
        return ""  # a part of a thing
    if section == "indicators" and key in plan.indicators:
        delivered = plan.indicators[key].measure == "delivered"
        section = "delivered" if delivered else section
    known = f"name.kind_{section}"
    return say(known, lang) if known in catalogue(lang) else ""


def _change(plan: Named, path: str, lang: str) -> str:
    """Whether an effect is relative or absolute."""
    section, *keys = path.split(".")
    if section != "programmes" or "effects" not in keys:
        return ""
    return say(f"change.{plan.programmes[keys[0]].effects[int(keys[2])].change}", lang)


def _key(plan: Named, path: str, lang: str) -> str:
    """The words of the key that the plan's author gave, where labels do not tell."""
    keys = path.split(".")
    return re.sub(r"[-_/]", " ", keys[1]) if len(keys) > 1 else ""


def _place(plan: Named, path: str, lang: str) -> str:
    """All words of a path: entries of a list that say the same are told by their places."""
    return " ".join(re.split(r"[._/]", path))
