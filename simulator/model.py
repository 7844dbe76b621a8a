"""A plan made ready to be simulated: axes, streams, goals. Made once, used by every block."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic

from plansim.simulator.accounts import Series, series
from plansim.simulator.dynamics import LuckLaw
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.feasibility import Goal
from plansim.simulator.layout import Layout
from plansim.simulator.memo import entries, first, node, settled, watch
from plansim.simulator.naming import called, nearest_called
from plansim.simulator.network import Network
from plansim.simulator.plan import Held, Own, Plan
from plansim.simulator.results import Scoring
from plansim.simulator.sampling import Sampler, centre


@dataclass(frozen=True, slots=True)
class Model(Generic[Held]):
    """A plan made ready to be simulated: everything that does not change from block to block.

    ``goal_series``: for each goal the position of its indicator path.
    """

    plan: Held
    layout: Layout
    network: Network
    parts: tuple[Network, ...]
    sampler: Sampler
    law: LuckLaw
    series: tuple[Series, ...]
    goals: tuple[Goal, ...]
    scoring: Scoring
    given: tuple[int, ...]
    goal_series: tuple[int, ...]

    @classmethod
    def of(
        cls,
        plan: Own,
        sampler: str = "independent",
        given: Sequence[str] = (),
    ) -> "Model[Own]":
        """Raises InputError for an unknown sampler or a given target that is not judged."""
        faults = given_faults(plan, given)
        if faults:
            raise InputError(faults)
        read = watch("plan", plan, 3)
        network = settled("network", Network.of(plan))
        judged = [target.id for target in plan.judged] if given else []
        return Model(
            plan=plan,
            layout=_layout(read),
            network=network,
            parts=_parts(network),
            sampler=Sampler.of(plan, sampler),
            law=_law_of(plan, read),
            series=_series(read),
            goals=_goals(read),
            scoring=_scoring(read),
            given=tuple(judged.index(g) for g in given),
            goal_series=_goal_series(read),
        )

    @property
    def luck_years(self) -> tuple[int, ...]:
        """Years in which a target is judged: where the luck of each quantity is kept."""
        return tuple(sorted({goal.year for goal in self.goals}))

    @property
    def decisive_years(self) -> tuple[int, ...]:
        """The years that decide whether targets are met in their own ones; the first and the last.

        What of them is not finite is refused, and it is in the last year that something runs away.
        """
        years = self.layout.years
        return tuple(sorted({years[0], years[-1]} | _decisive(self.goals)))

    @property
    def drivers(self) -> tuple[str, ...]:
        """Names of the driver axis of ``Kept``: parameters, then luck by year and quantity."""
        luck = (
            f"luck/{self.layout.years[y]}/{name}"
            for y in self.luck_years
            for name in self.layout.rows
        )
        return (*self.sampler.uncertain, *luck)


_layout = node(Layout.of)
_series = node(series)
_scoring = node(Scoring.of)


def _law_of(plan: Plan, read: Plan) -> LuckLaw:
    """Eq. 4 as the plan wants it. Raises InputError where its law has no classes to go by."""
    law = _law(read)
    if plan.assumptions.law.value == "annual":
        return law
    if not plan.classes:
        raise InputError.of("law_without_classes", "assumptions.law")
    return replace(law, classes=plan.classes)


@node
def _law(plan: Plan) -> LuckLaw:
    return LuckLaw.of(
        centre(plan.assumptions.shock_df), centre(plan.assumptions.common_persistence)
    )


@node
def _goals(plan: Plan) -> tuple[Goal, ...]:
    return tuple(Goal.of(target, plan) for target in plan.judged)


@node
def _goal_series(plan: Plan) -> tuple[int, ...]:
    place = {item: i for i, item in enumerate(series(plan))}
    return tuple(place[Series(target.indicator, target.cluster)] for target in plan.judged)


@node
def _decisive(goals: tuple[Goal, ...]) -> frozenset[int]:
    return frozenset[int]().union(*(goal.decisive for goal in goals))


@node
def _parts(network: Network) -> tuple[Network, ...]:
    """Those of a network; with a memo in use, each one that is as it was is the same."""
    parts = {"+".join(part.routes): part for part in network.parts()}
    return tuple(entries(first, parts, parts).values())


def given_faults(plan: Plan, given: Sequence[str]) -> list[Fault]:
    """One fault for every given target that the plan does not know, or does not judge."""
    if not given:
        return []
    judged = [target.id for target in plan.judged]
    known = {target.id for target in plan.targets}
    paths = [f"targets.{key}" for key in judged]
    return [
        Fault(
            "given_not_judged" if g in known else "unknown_target",
            {
                "value": called(plan, f"targets.{g}") if g in known else g,
                "choices": [called(plan, path) for path in paths],
                "nearest": nearest_called(plan, g, paths),
            },
            "given",
        )
        for g in given
        if g not in judged
    ]
