"""A batch: what its runs came to, and how to go on where it was stopped."""

import shlex
from dataclasses import replace
from pathlib import Path

from plansim.analysis.batch import execute, prepare
from plansim.reports.answers.runs import listing
from plansim.reports.tables import DONE, INTERRUPTED, PARTIAL, Answer, NoAnswerError
from plansim.reports.terminal import Meanwhile
from plansim.reports.words.calibrations import told_of
from plansim.scenarios.batch_file import read_batch_file
from plansim.simulator.errors import Fault, InputError, WorkError
from plansim.store.collection import Filter, collect
from plansim.store.journal import Journal, opened
from plansim.words.catalogue import say, say_faults

#: Processes that may be asked for.
MOST = 1024


def ask(file: Path, out: Path | None, resume: bool, workers: int, meanwhile: Meanwhile) -> Answer:
    """Run what is missing of a batch, and list what came of all of it.

    Raises NoAnswerError where it was stopped, or is not as it was written.
    """
    if not 1 <= workers <= MOST:
        raise InputError.of("argument_range", "workers", value=workers, allowed=f"1 … {MOST}")
    asked = read_batch_file(file)
    folder = out or Path("runs") / file.stem
    again = shlex.join(["plansim", "batch", str(file), "--out", str(folder), "--resume"])
    planned, sources = prepare(asked)
    meanwhile.tell(*told_of(sources, meanwhile.lang))
    with opened(folder, planned, resume) as journal:
        if journal.finished:
            verify(journal, folder, meanwhile)
        else:
            try:
                with meanwhile.runs(len(journal.batch.runs), time_left) as tell:
                    execute(journal, sources, workers, tell)
            except KeyboardInterrupt:
                line = stopped(journal, folder, again, meanwhile.lang)
                raise NoAnswerError([line], INTERRUPTED) from None
            except WorkError as problem:
                said = say("say.error", meanwhile.lang)
                said += say_faults(problem.faults, meanwhile.lang)
                go_on = say("say.batch_go_on", meanwhile.lang, command=again)
                raise NoAnswerError([said, go_on], PARTIAL) from None
    found = listing(collect(folder, Filter()), Filter(), folder, meanwhile.lang)
    return replace(found, code=PARTIAL if any(row["reason"] for row in found.records) else DONE)


def verify(journal: Journal, folder: Path, meanwhile: Meanwhile) -> None:
    """Say whether a finished batch is as it was written; raises NoAnswerError where it is not."""
    damaged = journal.damaged()
    if damaged:
        fault = Fault("batch_damaged", {"value": str(folder), "list": damaged})
        said = say("say.error", meanwhile.lang) + say_faults([fault], meanwhile.lang)
        raise NoAnswerError([said], PARTIAL)
    if not meanwhile.quiet:
        meanwhile.tell(say("say.batch_verified", meanwhile.lang, value=folder))


def stopped(journal: Journal, folder: object, command: str, lang: str) -> str:
    """What is said where a batch was interrupted."""
    total = len(journal.batch.runs)
    shown = {"done": total - len(journal.missing()), "total": total}
    return say("say.batch_interrupted", lang, **shown, value=folder, command=command)


def time_left(bounds: tuple[float, float] | None, lang: str) -> str:
    """The time that a batch still takes: 12 … 15 min."""
    if bounds is None:
        return say("report.time_unknown", lang)
    low, high = bounds
    size, unit = next(
        (size, unit)
        for size, unit in ((3600, "h"), (60, "min"), (1, "s"))
        if high >= 1.5 * size or size == 1
    )
    ends = [f"{max(end / size, 0):.0f}" for end in (low, high)]
    span = ends[1] if ends[0] == ends[1] else f"{ends[0]} … {ends[1]}"
    return say("report.time_left", lang, value=span, unit=say(f"time.{unit}", lang))
