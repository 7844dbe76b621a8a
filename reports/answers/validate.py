"""Whether a plan or a library is valid, and what in it should be looked at again."""

from plansim.calibration.baselines import reconciled_once
from plansim.reports.answers.baselines import remarks
from plansim.reports.words.circles import remark
from plansim.scenarios.load import (
    DEFAULT,
    Source,
    assemble,
    history_faults,
    is_library,
    load_library,
    read_source,
)
from plansim.simulator.circles import read_back
from plansim.simulator.door import Plan
from plansim.simulator.errors import Fault, InputError
from plansim.words.catalogue import say


def ask(path: str, lang: str) -> tuple[str, list[str]]:
    """That a plan is valid in all scenarios, and remarks. Raises InputError with every fault."""
    if is_library(path):
        library = load_library(path)
        counts = {"programmes": len(library.programmes), "targets": len(library.targets)}
        return say("report.valid_library", lang, value=path, **counts), []
    plans = list(valid(read_source(path)).values())
    plan = plans[0]
    said = say(
        "report.valid", lang, value=path, clusters=len(plan.clusters), scenarios=len(plans),
        programmes=len(plan.programmes), targets=len(plan.targets), judged=len(plan.judged),
    )  # fmt: skip
    circles = remark(plan, read_back(plan, {}), path, lang)
    return said, [*remarks(reconciled_once(plans), path, lang), *filter(None, [circles])]


def valid(source: Source) -> dict[str, Plan]:
    """A plan in every scenario. Raises InputError with the faults of all of them, each once."""
    faults: list[Fault] = []
    plans = {}
    for scenario in source.scenarios or (DEFAULT,):
        try:
            plans[scenario] = assemble(source, scenario)
        except InputError as problem:
            faults += [fault for fault in problem.faults if fault not in faults]
    if plans:
        faults += history_faults(source, next(iter(plans.values())))
    if faults:
        raise InputError(faults)
    return plans
