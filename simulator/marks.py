"""What stands beside the type of a field of a noun: its unit, its bounds, whether planners set it.

    cost: Annotated[Figure, Unit("亿元"), NotNegative()]

Every figure of every noun says its unit and its bound; ``schema.py`` reads them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """The base unit that a figure is converted to; None where the plan chooses what it measures."""

    name: str | None


@dataclass(frozen=True, slots=True)
class Share:
    """Never below 0, never above 1."""


@dataclass(frozen=True, slots=True)
class NotNegative:
    """Never below 0."""


@dataclass(frozen=True, slots=True)
class AnyNumber:
    """Any finite number; what else must hold is a rule (``rules.py``)."""


Bound = Share | NotNegative | AnyNumber


@dataclass(frozen=True, slots=True)
class Certain:
    """No distribution: the whole run shares the number."""


@dataclass(frozen=True, slots=True)
class Settable:
    """What planners set, in programmes and in goals. All else is an uncertainty, or the law that
    the plan obeys: a lever there is the world's, or a figure to be verified.

    ``whole``: in whole numbers; ``year``: these are years of the plan.
    """

    whole: bool = False
    year: bool = False


@dataclass(frozen=True, slots=True)
class Measures:
    """At a field that holds a quantity or a quota: what its own figures measure there."""

    unit: Unit
    bound: Bound


@dataclass(frozen=True, slots=True)
class AsHeld:
    """At a figure of a quantity or a quota: its unit, and its bound too if ``bound``, is what the
    holder says that it measures.
    """

    bound: bool = False


@dataclass(frozen=True, slots=True)
class Unwritten:
    """At a field that no file and no setting writes."""
