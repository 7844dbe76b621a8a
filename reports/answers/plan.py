"""The plan that a command simulates, and what is said about how its figures are drawn."""

from collections.abc import Sequence
from pathlib import Path

from plansim.reports.answers.calibrate import run_heading, run_warning
from plansim.reports.terminal import Meanwhile
from plansim.scenarios.load import Source, assemble
from plansim.simulator.plan import Plan
from plansim.store import calibrations as stored


def as_run(
    source: Source,
    name: str,
    scenario: str,
    settings: Sequence[str],
    uncalibrated: bool,
    meanwhile: Meanwhile,
    chosen: Path | None = None,
) -> tuple[Plan, list[str]]:
    """A plan as ``run`` simulates it: as a stored calibration draws it, if there is one that holds.

    And what is said about that above the answer; why one does not hold is said at once.
    """
    plan = assemble(source, scenario, settings)
    place = chosen or stored.place_of(name)
    if uncalibrated or (chosen is None and not place.is_file()):
        return plan, []
    found = stored.read(place)
    reason, names = stored.Holding.of(found, source, plan).changed(plan)
    if reason:
        meanwhile.tell(run_warning(found, reason, names, meanwhile.lang))
        return plan, []
    return stored.calibrated(plan, found), [run_heading(found, meanwhile.lang)]
