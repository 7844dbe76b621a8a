"""What a plan's outcome depends on, in groups: uncertain figures by their paths, and luck.

An input is a set of random streams. Figures that are correlated are one input, as are quantities
whose shocks are: indices of variance are of independent inputs only.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from plansim.simulator.model import Model
from plansim.simulator.naming import name_of
from plansim.simulator.plan import Plan
from plansim.simulator.sampling import Array, Block, Resampled, centre
from plansim.words.catalogue import say

#: Sections of a plan whose entries have names: how many further words of a path tell its group.
DEPTH = {"clusters": 2, "city": 1, "programmes": 1}
#: Roles of the place's own quantities, by the sentence that names them.
CITY = {"base": "bundle.city_base", "trend": "bundle.city_trend", "luck": "bundle.city_luck"}
LUCK, COMMON, DELIVERY, FIRMS = "luck", "luck/common", "luck/delivery", "luck/firms"
#: Luck that is drawn lot by lot or firm by firm, by the section of its stream.
CROWDS = {"programmes": DELIVERY, "offices": DELIVERY, "indicators": FIRMS}


@dataclass(frozen=True, slots=True)
class Input:
    """One input: ``key`` is its pattern, ``sources`` what is drawn for it."""

    key: str
    sources: tuple[str, ...]

    @property
    def figures(self) -> tuple[str, ...]:
        """The sources that are figures of the plan."""
        return tuple(s for s in self.sources if not s.startswith(LUCK))

    def resampled(self, block: Block, other: int) -> Resampled:
        """The block with this input, and nothing else, drawn with another seed."""
        own = frozenset(self.sources)
        return Resampled(
            block.seed, block.number, block.start, block.stop, other,
            lambda stream: source_of(stream) in own,
        )  # fmt: skip


def source_of(stream: str) -> str:
    """What a stream is drawn for: a figure's path, ``luck/`` and a quantity, or luck of a crowd."""
    if not stream.startswith("luck."):
        return stream
    name = stream.split("/")[1]
    return CROWDS.get(name.split(".")[0], f"{LUCK}/{name}")


def group_of(source: str) -> str:
    """The group that a source belongs to: ``clusters.*.output.trend``, ``prices``, ``luck``."""
    if source.startswith(LUCK):
        return LUCK
    head, *rest = source.split(".")
    if head not in DEPTH:
        return head
    depth = 1 if rest[1] == "tags" else DEPTH[head]
    return ".".join([head, "*", *rest[1 : 1 + depth]])


def groups(model: Model) -> tuple[Input, ...]:
    """All inputs, in groups of the same kind; correlated figures stay together.

    A set of correlated figures joins the group that most of it is of.
    """
    members: dict[str, list[str]] = {}
    for tied in independent(model):
        kinds = Counter(map(group_of, _moving(model, tied)))
        members.setdefault(kinds.most_common(1)[0][0], []).extend(tied)
    return tuple(Input(key, tuple(names)) for key, names in sorted(members.items(), key=_luck_last))


def _luck_last(item: tuple[str, list[str]]) -> tuple[bool, str]:
    return item[0] == LUCK, item[0]


def units(model: Model, within: Iterable[Input]) -> tuple[Input, ...]:
    """The smallest independent inputs within some groups: single figures, or tied ones together."""
    wanted = {source for group in within for source in group.sources}
    return tuple(
        Input(pattern(_moving(model, tied)), tied)
        for tied in independent(model)
        if wanted.intersection(tied)
    )


def _moving(model: Model, tied: Sequence[str]) -> list[str]:
    """Those of some correlated sources that are not certain in this scenario."""
    return [s for s in tied if s.startswith(LUCK) or s in model.sampler.uncertain]


def independent(model: Model) -> list[tuple[str, ...]]:
    """Every source once, with all that it is correlated with."""
    tied = [members.names for members in model.sampler.groups]
    known = {name for names in tied for name in names}
    tied += [(name,) for name in model.sampler.uncertain if name not in known]
    tied += [
        tuple(f"{LUCK}/{name}" for name in members.names) for members in model.layout.shock_groups
    ]
    crowds = [COMMON]
    if model.network.routes:
        crowds.append(DELIVERY)
    if any(indicator.measure == "firms_above" for indicator in model.plan.indicators.values()):
        crowds.append(FIRMS)
    return [*tied, *((name,) for name in crowds)]


def pattern(names: Sequence[str]) -> str:
    """One path for several: a star where those of the commonest length differ."""
    split = [name.split(".") for name in names]
    length = Counter(map(len, split)).most_common(1)[0][0]
    alike = [parts for parts in split if len(parts) == length]
    common = [Counter(words).most_common(1)[0] for words in zip(*alike, strict=True)]
    most = max(2, 0.7 * len(alike)) if len(alike) > 1 else 1
    return ".".join(word if number >= most else "*" for word, number in common)


# -- averages over clusters ------------------------------------------------------------------------


def averages(model: Model) -> dict[str, dict[int, float]]:
    """Averages over clusters of drivers of one kind: by name, the weight of each driver's row.

    Weights are shares of output in the base year, among the clusters whose driver is uncertain.
    """
    size = sizes(model.plan)
    kinds: dict[str, dict[int, float]] = {}
    for row, driver in enumerate(model.drivers):
        parts = driver.split(".")
        if parts[0].endswith("clusters") and (driver.startswith(LUCK) or "trend" in parts):
            name = ".".join([parts[0], "*", *parts[2:]])
            kinds.setdefault(name, {})[row] = size[parts[1]]
    return {
        name: {row: weight / sum(weights.values()) for row, weight in weights.items()}
        for name, weights in kinds.items()
        if len(weights) > 2
    }


def sizes(plan: Plan) -> dict[str, float]:
    """Output of every cluster in the base year, all figures at their medians. [亿元]"""
    bases = {key: cluster.output.base for key, cluster in plan.clusters.items()}
    known = {key: centre(base) for key, base in bases.items() if base is not None}
    rest = max(centre(plan.totals.output) - sum(known.values()), 0.0)
    return {key: known.get(key, rest) for key in bases}


def averaged(model: Model, drivers: Array) -> Array:
    """The ``averages`` of some drivers. [(driver, future)] → [(average, future)]"""
    rows = [np.array(list(w.values())) @ drivers[list(w)] for w in averages(model).values()]
    return np.array(rows).reshape(-1, drivers.shape[1])


# -- what inputs are called ------------------------------------------------------------------------


def input_name(plan: Plan, item: Input, lang: str) -> str:
    """The name of a group of inputs or of a single one."""
    if len(item.sources) == 1 and item.key == item.sources[0]:
        return name_of(plan, item.key, lang)
    head, *rest = item.key.split(".")
    if item.key == LUCK:
        return say("bundle.luck", lang)
    if head.startswith(f"{LUCK}/"):
        if head == f"{LUCK}/clusters" and rest[0] != "*":
            own = name_of(plan, f"clusters.{rest[0]}", lang)
            others = [s for s in item.sources if not s.startswith(f"{LUCK}/clusters.{rest[0]}.")]
            words = say("name.luck", lang, what=own)
            return _and_more(words, len(others), lang)
        return _several(plan, item.sources, lang)
    if head == "clusters" and rest[1] == "tags":
        return say("bundle.tags", lang)
    if head == "clusters" and len(rest) > 2 and rest[0] == "*":
        return name_of(plan, item.key, lang)
    if head == "city" and len(rest) == 2:
        return say(CITY[rest[1]], lang)
    if head == "programmes" and len(rest) == 2:
        return say(f"bundle.{rest[1]}", lang)
    if not rest:
        return say(f"bundle.{head}", lang)
    return _several(plan, item.figures, lang)


def _several(plan: Plan, sources: Sequence[str], lang: str) -> str:
    first = name_of(plan, sources[0], lang)
    return _and_more(first, len(sources) - 1, lang)


def _and_more(words: str, others: int, lang: str) -> str:
    return say("cause.more", lang, what=words, number=others) if others else words
