"""Circles: figures that were read from the goals that they are held against.

A verdict on such a goal says what the plan wishes. The rules are those of docs/plan-files.md,
*Circles*; they look at every plan alike, and at what a figure's origin says last.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from plansim.simulator import units
from plansim.simulator.feasibility import Goal
from plansim.simulator.footing import footing
from plansim.simulator.plan import Figure, Plan, Programme, Target, figures

#: Why a figure is no evidence for a goal: what is applied for was sized to it; the base was
#: deduced from it; the figure's own origin says so.
Code = Literal["intake", "base", "stated"]

#: A programme that delivers so much of its goal in the median was sized to it. [fraction]
LEAST, MOST = 0.75, 1.35
#: Growth and change since the base year: read against a base, whatever the base is.
RELATIVE = ("annual_growth", "change_vs_base")
#: Sources that are nobody's publication.
NOBODY = ("", "judgement", "definition", "example")
#: Origins of figures that something published stands behind.
FOUNDED = ("stated", "derived", "estimated", "literature")
#: What names a goal in a reason: not every "target" is one.
BESIDE = r"(?:below|above|near|under|over|from|by|to|of|meets?|reach(?:es)?)"
WORDS = re.compile(
    rf"\b(?:goals?|aim(?:s|ed|ing)?|{BESIDE} (?:the |a |its |our )?targets?)\b|目标|力争",
    re.IGNORECASE,
)
NUMBER = re.compile(r"(?<![\d.])\d+(?:\.\d+)?")
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
LINE = re.compile(r"L\d+")
#: A number in a reason is the goal's where it is no year and no small count.
SMALLEST = 10.0


@dataclass(frozen=True, slots=True)
class Circle:
    """Why a judged target has no inside view.

    ``path``: the figure; ``goal``: the id of the target that it was read from, or that what it
    delivers was compared with.
    """

    code: Code
    path: str
    goal: str


@dataclass(frozen=True, slots=True)
class ReadBack:
    """A figure that was read from goals, and the judged targets that only read it back. Ids."""

    code: Code
    goals: tuple[str, ...]
    targets: tuple[str, ...]


def circular(plan: Plan, delivered: Mapping[str, float]) -> Mapping[str, Circle]:
    """The judged targets that have no inside view, by id.

    ``delivered``: by target, the median read over the goal (``delivered_ratio``) in the document's
    own scenario. Without it intakes are found by their origin alone.
    """
    found: dict[str, Circle] = {}
    for path, read in read_back(plan, delivered).items():
        for target in read.targets:
            goal = target if target in read.goals else read.goals[0]
            found.setdefault(target, Circle(read.code, path, goal))
    return {t.id: found[t.id] for t in plan.judged if t.id in found}


def read_back(plan: Plan, delivered: Mapping[str, float]) -> Mapping[str, ReadBack]:
    """Every figure that was read from goals, by its path: bases, intakes, what says so itself."""
    rests = footing(plan)
    found: dict[str, ReadBack] = dict(_bases(plan, rests))
    found |= dict(_intakes(plan, delivered))
    for path, figure in figures(plan):
        if figure.origin == "goal" and path not in found:
            targets = tuple(t.id for t in _about(plan, path, rests))
            found[path] = ReadBack("stated", targets or _stated(plan, path), targets)
    return found


# -- bases -----------------------------------------------------------------------------------------


def _bases(plan: Plan, rests: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, ReadBack]]:
    """Bases that were deduced from goals, or that nothing dated stands behind but a goal."""
    goals = goal_lines(plan)
    for path, figure in figures(plan):
        if not is_base(path) or figure.origin == "stated":
            continue
        about = _about(plan, path, rests)
        cited = [t for t in about if lines_of(t.source) & lines_of(figure.source)]
        if not cited and (is_dated(figure, goals) or not _names_goal(figure, about)):
            continue
        levels = [t for t in cited or about if t.basis not in RELATIVE]
        alike = {(t.indicator, t.cluster) for t in levels}
        targets = tuple(t.id for t in about if (t.indicator, t.cluster) in alike)
        named = tuple(t.id for t in cited or about) or _stated(plan, path)
        if named:
            yield path, ReadBack("base", named, targets)


def is_base(path: str) -> bool:
    """Whether a figure says how much of something there is before anything happens."""
    section, *keys = path.split(".")
    if section in ("clusters", "city"):
        return keys[-1] == "base"
    return section == "totals" or (section == "indicators" and keys[-1] in ("anchor", "count"))


def _about(plan: Plan, path: str, rests: Mapping[str, tuple[str, ...]]) -> list[Target]:
    """The judged targets on what a figure is of: those that rest on it, of its own cluster."""
    section, key, *_ = path.split(".")
    cluster = key if section == "clusters" else ""
    if section == "programmes":
        counts = plan.kept("counted", lambda: counted(plan))
        return [t for t in plan.judged if counts.get(t.id) == key]
    found = [t for t in plan.judged if path in rests[t.id] and t.cluster == cluster]
    if path == "totals.output":  # ratios, and counts that grow with it, are the same at any size
        asked = [(t, plan.indicators[t.indicator]) for t in found]
        return [t for t, i in asked if i.measure == "account" and i.over is None]
    return found


def _names_goal(figure: Figure, about: list[Target]) -> bool:
    """Whether a reason speaks of a goal, or holds the number of one."""
    for text in _texts(figure):
        if WORDS.search(text):
            return True
        said = {float(n) for n in NUMBER.findall(YEAR.sub("", text))}
        asked = {abs(b) for t in about for b in (t.low, t.high) if b is not None}
        if any(number >= SMALLEST for number in said & asked):
            return True
    return False


def _texts(figure: Figure) -> tuple[str, ...]:
    """A reason in the languages that it is given in."""
    return (figure.why,) if isinstance(figure.why, str) else (figure.why.zh, figure.why.en)


def _stated(plan: Plan, path: str) -> tuple[str, ...]:
    """Goals that are stated and not judged on the quantity of a cluster that a figure is of."""
    section, key, kind, *_ = (*path.split("."), "", "")
    if section != "clusters":
        return ()
    kinds = {name for name, indicator in plan.indicators.items() if indicator.of == kind}
    name = plan.clusters[key].name.en
    return tuple(t.id for t in plan.targets if t.subject == name and t.indicator in kinds)


# -- intakes ---------------------------------------------------------------------------------------


def _intakes(plan: Plan, delivered: Mapping[str, float]) -> Iterator[tuple[str, ReadBack]]:
    """Programmes whose applications, or units, were chosen so that the goal comes out."""
    goals, known, counts = goal_lines(plan), dict(figures(plan)), counted(plan)
    for key in dict.fromkeys(counts.values()):
        targets = tuple(t for t, programme in counts.items() if programme == key)
        met = tuple(t for t in targets if LEAST <= delivered.get(t, 0.0) <= MOST)
        path = sized(plan, key)
        if met and not is_dated(known[path], goals):
            yield path, ReadBack("intake", met, targets)


def sized(plan: Plan, programme: str) -> str:
    """The path of the figure that says how much a programme can deliver."""
    queued = plan.programmes[programme].queue is not None
    return f"programmes.{programme}.{'queue.intake' if queued else 'units'}"


def counted(plan: Plan) -> Mapping[str, str]:
    """The judged targets on what a programme brings, each with its programme.

    On what it delivers; and on a quantity of the place that it raises by units that were counted
    off the goal.
    """
    raises = {
        effect.on: key
        for key, programme in plan.programmes.items()
        if programme.units is not None
        for effect in programme.effects
    }
    found: dict[str, str] = {}
    for target in plan.judged:
        indicator = plan.indicators[target.indicator]
        if indicator.measure == "delivered":
            found[target.id] = str(indicator.programme)
        elif indicator.of in raises and target.basis not in RELATIVE:
            key = raises[indicator.of]
            if _counts(plan.programmes[key], target):
                found[target.id] = key
    return found


def _counts(programme: Programme, target: Target) -> bool:
    """Whether the units of a programme are of the target's kind, and were counted off its line."""
    planned = programme.units
    if planned is None or not lines_of(planned.source) & lines_of(target.source):
        return False
    return units.parse(planned.unit).dimension == units.parse(target.unit).dimension


def delivered_ratio(plan: Plan, medians: Mapping[str, float]) -> Mapping[str, float]:
    """What comes in the median over what is asked, of every counted target. [fraction]

    ``medians``: by target, what is read in the median in the target's unit.
    """
    by_id = {target.id: target for target in plan.judged}
    asked = {key: Goal.of(by_id[key], plan).threshold / by_id[key].scale for key in counted(plan)}
    return {key: medians[key] / goal for key, goal in asked.items() if goal and key in medians}


# -- sources ---------------------------------------------------------------------------------------


def lines_of(source: str) -> frozenset[str]:
    """The lines of documents that a source names: yuyao-2016:L18 of "yuyao-2016:L18,L54"."""
    return frozenset(part for part in _parts(source) if LINE.fullmatch(part.rpartition(":")[2]))


def _parts(source: str) -> Iterator[str]:
    """What a source names, lines with their document."""
    document = ""
    for text in source.split(","):
        part = text.strip()
        if LINE.fullmatch(part):
            yield f"{document}:{part}"
        else:
            document = part.rpartition(":")[0]
            yield part


def goal_lines(plan: Plan) -> frozenset[str]:
    """The lines on which a document states goals."""
    rows = [t for t in plan.targets if t.low is not None or t.high is not None]
    return frozenset().union(*(lines_of(t.source) for t in rows))


def is_dated(figure: Figure, goals: frozenset[str]) -> bool:
    """Whether something published of a year stands behind a figure.

    It says its year, it is nobody's judgement, and one of its sources is a line of a document that
    states no goal of the plan, a row of a table (outturns:CX4), or is named by its year.
    """
    if figure.year is None or figure.origin not in FOUNDED:
        return False
    parts = [p for p in _parts(figure.source) if p not in NOBODY and p not in goals]
    return any(":" in part or YEAR.search(part) for part in parts)
