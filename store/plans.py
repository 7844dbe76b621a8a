"""The door: a plan as everybody judges it, in a notebook, at a command and in a batch.

It is read under its scenario and settings, draws its figures by the calibration that is stored for
it, and brings the classes of real industries and places that a growth is compared with.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from plansim.calibration.outside import outside_views
from plansim.calibration.precedents import precedent
from plansim.calibration.reference import share_below
from plansim.calibration.reference_classes import reference_classes
from plansim.scenarios.load import DEFAULT, ROOT, Settings, Source, assemble, read_source
from plansim.simulator.door import Plan
from plansim.store.calibrations import Holding, Stored, calibrated, place_of, read

#: What is said of a calibration that a plan is drawn by.
USED = "used"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A plan, and what became of its calibration: ``USED``, why not (``Holding.changed``), or "".

    ``stored``: the calibration, if there is one; ``names``: the figures that stand in its way.
    """

    plan: Plan
    calibration: str = ""
    stored: Stored | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A plan as read, with the calibration that is stored for it: ready for many scenarios.

    Its outside views are those of the scenario; how they are pooled with the inside view, what the
    document itself says (``own``).
    """

    source: Source
    stored: Stored | None = None
    _held: list[Holding] = field(default_factory=list)
    _own: list[Plan] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        name: str | Path,
        *,
        calibration: str | Path | None = None,
        uncalibrated: bool = False,
    ) -> "Document":
        """Raises InputError where the plan, or what is stored for it, cannot be read."""
        source = read_source(name)
        place = place_of(name) if calibration is None else Path(calibration)
        if uncalibrated or (calibration is None and not place.is_file()) or source.faults:
            return cls(source)
        return cls(source, read(place))

    def plan(self, scenario: str = DEFAULT, set: Settings = ()) -> Drawn:
        """The plan under a scenario and settings. Raises InputError naming every fault."""
        plan = assemble(self.source, scenario, set)
        plan = replace(plan, reference=share_below, precedents=precedent)
        plan = replace(plan, classes=reference_classes())
        plan = replace(plan, outside=outside_views(plan))
        if scenario != self._first or set:
            plan = replace(plan, document=self.own)
        return self._drawn(plan)

    @property
    def own(self) -> Plan:
        """The plan as the document has it. Raises InputError naming every fault."""
        if not self._own:
            self._own.append(self.plan(self._first).plan)
        return self._own[0]

    @property
    def _first(self) -> str:
        """The scenario that is the document: the plan, or a place without one."""
        return DEFAULT if DEFAULT in self.source.scenarios else ROOT

    def _drawn(self, plan: Plan) -> Drawn:
        if self.stored is None:
            return Drawn(plan)
        reason, names = self.holding(plan).changed(plan)
        if reason:
            return Drawn(plan, reason, self.stored, names)
        return Drawn(calibrated(plan, self.stored), USED, self.stored)

    def holding(self, plan: Plan | None = None) -> Holding:
        """The calibration held against the document; a ``plan`` of it may spare an assembly."""
        assert self.stored is not None
        if not self._held:
            self._held.append(Holding.of(self.stored, self.source, plan))
        return self._held[0]


def load(
    plan: str | Path,
    scenario: str = DEFAULT,
    set: Settings = (),
    *,
    calibration: str | Path | None = None,
    uncalibrated: bool = False,
    tell: Callable[[Drawn], object] | None = None,
) -> Plan:
    """A shipped plan by its id, or that of a folder or workbook, under a scenario, ready to be run.

    ``set``: values by their paths, ``{"quotas.land.amount": 900}``, or ``PATH=VALUE`` as typed.
    ``calibration``: a file; if none is named, the one that is stored for the plan, as
    ``plansim calibrate`` writes it, is used where it holds, unless ``uncalibrated``. ``tell`` is
    told what became of it. Raises InputError naming every fault.
    """
    document = Document.of(plan, calibration=calibration, uncalibrated=uncalibrated)
    drawn = document.plan(scenario, set)
    if tell is not None:
        tell(drawn)
    return drawn.plan
