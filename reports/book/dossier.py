"""All that a report is made of, and the names by which it speaks of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from plansim.analysis.idle import Idle
from plansim.analysis.reach import Still, unmoved
from plansim.reports.pictures.fans import Fan, Mark, goal_level, goal_number
from plansim.reports.words.wording import target_called, target_name, unit_text
from plansim.simulator import units
from plansim.simulator.feasibility import Goal
from plansim.simulator.plan import KINDS, Target
from plansim.simulator.pooling import seen_as
from plansim.simulator.results import Verdict
from plansim.store.attachments import Attachments
from plansim.store.read import Stored
from plansim.words.amounts import exact, percent
from plansim.words.catalogue import say

Key = tuple[str, str]


@dataclass(frozen=True)
class Dossier:
    """A stored run with what is told beside it. ``history``: by indicator and subject, what was
    seen: (year, value in the indicator's base unit); ``seen``: whose figures these are.
    """

    run: Stored
    idle: Idle | None
    beside: Attachments
    lang: str
    history: Mapping[Key, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    seen: str = ""

    @cached_property
    def verdicts(self) -> Mapping[str, Verdict]:
        return {v.target: v for v in self.run.verdicts}

    @cached_property
    def goals(self) -> Mapping[Key, tuple[Goal, ...]]:
        """Judged targets by indicator and subject, restatements left out."""
        found: dict[Key, list[Goal]] = {}
        for target in self.run.plan.judged:
            if not target.restates:
                goal = Goal.of(target, self.run.plan)
                found.setdefault((target.indicator, target.cluster), []).append(goal)
        return {key: tuple(goals) for key, goals in found.items()}

    @cached_property
    def unmoved(self) -> Still | None:
        """Targets that no lever of policy moves by a point; None where nothing is said of it."""
        return unmoved(self.run.plan, self.run.settings)

    @property
    def kinds(self) -> list[str]:
        """Kinds of targets that were judged."""
        judged = {goal.target.kind for goals in self.goals.values() for goal in goals}
        return [kind for kind in KINDS if kind in judged]

    def of_kind(self, kind: str) -> list[Target]:
        """Distinct judged targets of a kind, in file order."""
        return [t for t in self.run.plan.judged if t.kind == kind and not t.restates]

    def name(self, target: Target) -> str:
        return target_name(self.run.plan, target, self.lang)

    def called(self, target: Target) -> str:
        """The one name of a target, with its year."""
        return target_called(self.run.plan, target, self.lang)

    def dated(self, target: Target) -> str:
        """A target with its year: output of Robotics (2020)."""
        text = f"{self.name(target)}（{target.year}）" if self.lang == "zh" else ""
        return text or f"{self.name(target)} ({target.year})"

    def label(self, key: Key) -> str:
        """What a series is: output of Robotics."""
        indicator, subject = key
        name = self.run.plan.indicators[indicator].name.in_language(self.lang)
        if not subject:
            return name
        cluster = self.run.plan.clusters[subject].name.in_language(self.lang)
        return f"{cluster}{name}" if self.lang == "zh" else f"{name} of {cluster}"

    def without(self, target: Target) -> float | None:
        """The probability without any programme."""
        inside = None if self.idle is None else self.idle.probability.get(target.id)
        return None if inside is None else seen_as(self.verdicts[target.id], inside)

    @property
    def documents(self) -> str:
        return ("、" if self.lang == "zh" else ", ").join(self.run.plan.plan.documents)

    # -- fans --------------------------------------------------------------------------------------

    def fan(self, key: Key) -> Fan:
        """The fan of a series, in the unit that its indicator is shown in."""
        run, indicator = self.run, self.run.plan.indicators[key[0]]
        factor = units.parse(indicator.unit).factor
        idle = None if self.idle is None else self.idle.median[key] / factor
        title = self.label(key)
        if indicator.unit not in ("1", "index", "count"):
            unit = unit_words(indicator.unit, self.lang)
            title = say("fan.title", self.lang, name=title, unit=unit)
        marks = [m for goal in self.goals.get(key, ()) if (m := self.mark(goal, key, factor))]
        return Fan(
            name=file_name("fan", *key),
            title=title,
            years=run.plan.years,
            quantiles=run.fans[key],
            idle=idle,
            marks=tuple(marks),
            history=self.dots(key, factor),
        )

    @property
    def fans(self) -> list[Fan]:
        """The fans of all series, in the order of the run."""
        return [self.fan(key) for key in self.run.fans]

    def mark(self, goal: Goal, key: Key, factor: float) -> Mark | None:
        """A goal on the fan; None where it has no level."""
        base = float(self.run.fans[key][2, goal.base]) * factor
        level = goal_level(goal, base)
        least = goal_level(goal, base, goal.tolerance)
        if level is None or least is None:
            return None
        verdict = self.verdicts[goal.target.id]
        words = goal_number(level / factor)
        if goal.target.basis in ("level", "share", "rate", "cumulative_count"):
            words = exact(goal.threshold / factor).replace("-", "−")
        if verdict.probability is not None:
            words += f" ({percent(verdict.probability)})"
        year = self.run.plan.years[goal.year]
        return Mark(year, level / factor, least / factor, goal.sign, words)

    def dots(self, key: Key, factor: float) -> tuple[tuple[float, float], ...]:
        """What was stated of the base year, or seen, of a series. [shown unit]"""
        found: dict[float, float] = {}
        for goal in self.goals.get(key, ()):
            target = goal.target
            level = target.basis in ("level", "share", "rate", "cumulative_count")
            if level and target.base_value is not None and target.base_year is not None:
                found[float(target.base_year)] = target.base_value * target.scale / factor
        found |= {year: value / factor for year, value in self.history.get(key, ())}
        return tuple(sorted(found.items()))


def unit_words(unit: str, lang: str) -> str:
    """A unit as it is read: persons and firms in words."""
    if unit in ("firm", "person", "project", "cluster", "place"):
        return say(f"unit.{unit}", lang, number="").strip()
    if unit.endswith("/person"):
        return f"{unit.removesuffix('/person')}/{say('unit.person', lang, number='').strip()}"
    return unit_text(unit, lang)


def file_name(*parts: str) -> str:
    """The name of a file made of keys, without what a folder cannot hold."""
    return re.sub(r"[^\w.-]+", "_", "-".join(part for part in parts if part))
