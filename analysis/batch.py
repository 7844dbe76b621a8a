"""Plans × scenarios × sweeps × seeds: what is run, running it, and how long the rest will take."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from statistics import fmean, pvariance
from typing import Any

from plansim.analysis import sweeps
from plansim.analysis.crew import supervise
from plansim.scenarios.batch_file import MOST_RUNS, BatchFile
from plansim.scenarios.load import Source, assemble
from plansim.simulator.errors import Fault, InputError, WorkError
from plansim.store.journal import Batch, Journal
from plansim.store.plans import Document
from plansim.store.run_file import REFUSED, RunSpec, packed, tables_of, without_result
from plansim.store.write import plan_hash

#: Plans by the name that the batch file gives them.
Sources = Mapping[str, Document]
#: What a setting is refused for in every plan and scenario alike, before anything is run.
HOPELESS = ("path_matches_nothing", "set_twice", "set_form")


# -- what is run -----------------------------------------------------------------------------------


def prepare(file: BatchFile) -> tuple[Batch, Sources]:
    """The runs of a batch file, in its order: plans, scenarios, levers, then seeds; and the plans.

    Raises InputError for a plan that is not valid, a scenario or lever that no plan has, and too
    many runs. What only some plans have is run there, and refused run by run elsewhere.
    """
    size = len(file.plans) * len(file.scenarios) * len(file.seeds)
    size *= sweeps.count(file.levers, file.hypercube)
    if size > MOST_RUNS:
        fault = Fault("too_many_runs", {"value": size, "most": MOST_RUNS}, file=file.path.name)
        raise InputError([fault])
    points = list(dict.fromkeys(sweeps.points(file.levers, file.hypercube)))
    runs = tuple(
        RunSpec(plan, scenario, point, seed, file.draws, file.sampler, file.keep)
        for plan in file.plans
        for scenario in file.scenarios
        for point in points
        for seed in file.seeds
    )
    levers = (*file.levers, *(file.hypercube.levers if file.hypercube else ()))
    sources, hashes = _plans(file, points[0])
    return Batch(runs, levers, file.written, hashes), sources


def _plans(file: BatchFile, point: sweeps.Point) -> tuple[Sources, dict[str, str]]:
    """Every plan as read, and its hash under every scenario that it has."""
    faults: list[Fault] = []
    sources: dict[str, Document] = {}
    for plan in file.plans:
        try:
            sources[plan] = Document.of(file.location(plan), uncalibrated=file.uncalibrated)
        except InputError as problem:
            faults += problem.faults
    read = [document.source for document in sources.values()]
    faults += [fault for source in read for fault in source.faults]
    known = sorted({name for source in read for name in source.draft.scenarios})
    for place, scenario in enumerate(file.scenarios):
        if sources and scenario not in known:
            shown = {"value": scenario, "choices": known}
            faults.append(Fault("unknown_scenario", shown, f"scenarios.{place}", file.path.name))
    hashes: dict[str, str] = {}
    hopeless: dict[str, Fault] | None = None
    for plan, document in sources.items():
        source = document.source
        for scenario in (name for name in file.scenarios if name in source.scenarios):
            try:
                hashes[f"{plan}/{scenario}"] = plan_hash(document.plan(scenario).plan)
            except InputError as problem:
                faults += [fault for fault in problem.faults if fault not in faults]
                continue
            if hopeless is None or hopeless:
                refused = _refused(file, source, scenario, point)
                kept = refused if hopeless is None else hopeless
                hopeless = {path: fault for path, fault in kept.items() if path in refused}
    faults += (hopeless or {}).values()
    if faults:
        raise InputError(faults)
    return sources, hashes


def _refused(
    file: BatchFile, source: Source, scenario: str, point: sweeps.Point
) -> dict[str, Fault]:
    """Levers of a point that cannot be moved in a plan, by their path."""
    try:
        assemble(source, scenario, [f"{path}={value}" for path, value in point])
    except InputError as problem:
        return {
            fault.path: Fault(fault.code, fault.fields, fault.path, file.path.name)
            for fault in problem.faults
            if fault.code in HOPELESS
        }
    return {}


# -- one run ---------------------------------------------------------------------------------------


def simulate(sources: Sources, levers: tuple[str, ...], run: RunSpec) -> bytes:
    """One run, judged and packed; where its input is refused, the reason, packed."""
    from time import perf_counter

    from plansim.simulator.run import run as judge

    started = perf_counter()
    try:
        drawn = sources[run.plan].plan(run.scenario, run.typed)
        result = judge(drawn.plan, run.draws, run.seed, sampler=run.sampler)
        tables = tables_of(run, levers, result, drawn.calibration)
    except InputError as problem:
        tables = without_result(run, levers, REFUSED, problem.faults)
    return packed(tables, perf_counter() - started)


# -- all of them -----------------------------------------------------------------------------------


@dataclass
class Progress:
    """How far a batch is. ``seconds``: of finished runs, by plan; ``left``: runs not finished."""

    total: int
    workers: int
    left: dict[str, int]
    seconds: dict[str, list[float]] = field(default_factory=dict)

    @property
    def done(self) -> int:
        return self.total - sum(self.left.values())

    def finish(self, plan: str, seconds: float | None) -> None:
        """Count a run; what it took teaches nothing where it failed."""
        self.left[plan] -= 1
        if seconds is not None:
            self.seconds.setdefault(plan, []).append(seconds)

    def remaining(self) -> tuple[float, float] | None:
        return remaining(self.seconds, self.left, self.workers)


def remaining(
    seconds: Mapping[str, Sequence[float]], left: Mapping[str, int], workers: int
) -> tuple[float, float] | None:
    """Between which bounds the rest will take, 19 times of 20; None before any run is done. [s]

    Plans differ in size: n runs of a plan take n times the mean m of the k that are done, with
    variance n s² + n² s²/k; a plan that has not been run takes what the mean of all runs is, with
    their spread.
    """
    known = [second for values in seconds.values() for second in values]
    if not known:
        return None
    mean = variance = 0.0
    for plan, number in left.items():
        values = seconds.get(plan, ())
        sample = values if len(values) > 1 else known
        k = len(sample)
        spread = pvariance(sample) * k / (k - 1) if k > 1 else fmean(sample) ** 2 / 4
        mean += number * fmean(values or known)
        variance += number * spread + number**2 * spread / k
    running = max(1, min(workers, sum(left.values())))
    margin = 2 * math.sqrt(variance)
    return max(0.0, mean - margin) / running, (mean + margin) / running


def execute(
    journal: Journal,
    sources: Sources,
    workers: int,
    tell: Callable[[Progress], Any] = lambda _: None,
) -> dict[str, Fault]:
    """Run what is missing and finish the folder. Returns why which runs were lost, by their id.

    Workers get the plans as they were read, so a file that is edited meanwhile changes nothing.
    Raises WorkError where the disk refuses or no worker can be started; what is finished is safe.
    """
    missing = journal.missing()
    left = dict.fromkeys(sources, 0)
    for run in missing:
        left[run.plan] += 1
    progress = Progress(len(missing), workers, left)
    lost: dict[str, Fault] = {}
    work = partial(simulate, sources, journal.batch.levers)
    try:
        with closing(supervise(work, missing, min(workers, len(missing)))) as finished:
            for each in finished:
                if each is not None:
                    run, report = each
                    if report.value is not None:
                        journal.keep(run, report.value)
                    else:
                        lost[run.id] = Fault("run_lost", {"reason": report.problem})
                    progress.finish(run.plan, report.seconds if report.value else None)
                tell(progress)
        journal.finish(lost)
    except OSError as problem:
        total = len(journal.batch.runs)
        shown = {"reason": problem.strerror or str(problem), "total": total}
        shown["done"] = total - progress.total + progress.done
        raise WorkError([Fault("batch_stopped", shown)]) from problem
    return lost
