"""Where everything stands on the quantity axis, worked out once for a plan.

Rows: the five quantities of every cluster, one kind after another (output of all clusters, then
value-added rates, ...), then the two prices, then the city's own quantities.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from plansim.simulator.plan import Cluster, Plan, Quantity
from plansim.simulator.sampling import Group, groups_of, match


@dataclass(frozen=True, slots=True)
class Layout:
    """Rows of the quantity axis by path, and which rows' shocks are correlated.

    Every row is in exactly one of ``shock_groups``; most groups of a city's own quantities have
    one member.
    """

    quantities: Mapping[str, Quantity]
    rows: Mapping[str, int]
    clusters: tuple[str, ...]
    years: tuple[int, ...]
    shock_groups: tuple[Group, ...]
    _matched: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, plan: Plan) -> "Layout":
        quantities: dict[str, Quantity] = {}
        for kind in Cluster.QUANTITIES:
            for key, cluster in plan.clusters.items():
                quantities[f"clusters.{key}.{kind}"] = getattr(cluster, kind)
        quantities["prices.output"] = plan.prices.output
        quantities["prices.input"] = plan.prices.input
        for key, quantity in plan.city.items():
            quantities[f"city.{key}"] = quantity
        names = list(quantities)
        groups = groups_of(plan.shock_correlations, tuple(names))
        grouped = {name for members in groups for name in members.names}
        alone = (Group((name,), np.eye(1)) for name in names if name not in grouped)
        return cls(
            quantities=quantities,
            rows={name: row for row, name in enumerate(names)},
            clusters=tuple(plan.clusters),
            years=tuple(plan.years),
            shock_groups=(*groups, *alone),
        )

    def among(self, years: tuple[int, ...]) -> "Layout":
        """The same in fewer years, of which the base year is the first."""
        return replace(self, years=years)

    @property
    def places(self) -> tuple[int, ...]:
        """Where its years are in the plan, which has all from the base year on."""
        return tuple(year - self.years[0] for year in self.years)

    def kind(self, kind: str) -> slice:
        """The rows of one quantity of all clusters."""
        start = Cluster.QUANTITIES.index(kind) * len(self.clusters)
        return slice(start, start + len(self.clusters))

    def matching(self, pattern: str) -> tuple[str, ...]:
        """The quantities that a path or a pattern with one ``*`` names."""
        if pattern not in self._matched:
            self._matched[pattern] = tuple(match(pattern, list(self.quantities)).values())
        return self._matched[pattern]
