"""The plan that a command simulates, and what is said about how its figures are drawn."""

from dataclasses import replace

from plansim.reports.terminal import Meanwhile
from plansim.reports.words.calibrations import run_heading, run_warning
from plansim.scenarios.load import Settings
from plansim.simulator.plan import Plan
from plansim.simulator.pooling import check_moving
from plansim.store.plans import USED, Document


def as_run(
    document: Document,
    scenario: str,
    settings: Settings,
    meanwhile: Meanwhile,
    view: str = "verdict",
) -> tuple[Plan, list[str]]:
    """A plan as ``run`` simulates it, and what is said about its calibration above the answer; why
    one does not hold is said at once. With the ``inside`` view it is judged without another one.
    Raises InputError for a view that nothing moves.
    """
    check_moving(view)
    drawn = document.plan(scenario, settings)
    if view == "inside":
        drawn = replace(drawn, plan=replace(drawn.plan, outside={}, document=None))
    if drawn.stored is None:
        return drawn.plan, []
    if drawn.calibration != USED:
        why = run_warning(drawn.stored, drawn.calibration, drawn.names, meanwhile.lang)
        meanwhile.tell(why)
        return drawn.plan, []
    return drawn.plan, [run_heading(drawn.stored, meanwhile.lang)]
