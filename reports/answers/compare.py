"""Scenarios side by side: for each, what it changes against the first one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plansim.analysis.compare import Comparison, Contrast, Remembered, compare, compare_stored
from plansim.analysis.workers import Processes
from plansim.reports.answers.plan import as_run
from plansim.reports.tables import Answer, Table
from plansim.reports.terminal import Meanwhile
from plansim.reports.words.wording import named_columns, points, signed, target_called, with_names
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.plan import Plan
from plansim.simulator.pooling import VIEWS
from plansim.store.plans import Document
from plansim.store.read import SampledRun, read_sampled
from plansim.words.amounts import number, percent
from plansim.words.catalogue import say

#: The contract (docs/commands.md).
COLUMNS = (
    "target", "year", "scenario", "probability", "diff", "diff_low", "diff_high", "wins", "loses",
)  # fmt: skip


def ask(
    name: str,
    columns: Sequence[tuple[str, str, Sequence[str]]],
    uncalibrated: bool,
    view: str,
    meanwhile: Meanwhile,
    over: Processes | None,
    **number: int,
) -> Answer:
    """Scenarios and variants of one plan. ``number``: draws, seed and workers.

    Raises InputError with the faults of all of them, each once.
    """
    document = Document.of(name, uncalibrated=uncalibrated)
    plans, faults = dict[str, Plan](), list[Fault]()
    drawn_by: list[str] = []
    for column, scenario, settings in columns:
        try:
            plans[column], said = as_run(document, scenario, settings, meanwhile, view)
        except InputError as problem:
            faults += [fault for fault in problem.faults if fault not in faults]
        else:
            drawn_by += [line for line in said if line not in drawn_by]
    if faults:
        raise InputError(faults)
    with meanwhile.bar(number["draws"]) as tick:
        found = compare(
            plans, number["draws"], number["seed"], number["workers"], over=over, progress=tick
        )
    lang = meanwhile.lang
    called = {key: plan.scenario_in(lang) for key, plan in plans.items() if key == plan.scenario}
    return told(found, drawn_by, lang, called)


def ask_stored(
    folders: Sequence[str], settings: Sequence[str], variants: Sequence[str], view: str, lang: str
) -> Answer:
    """Stored runs, each with the view that it was run with. Raises InputError naming everything
    that is wrong: what is set, and a ``view`` that is asked for.
    """
    if view != VIEWS[0]:
        settings = [*settings, f"--view={view}"]
    return told(compare_stored(stored_runs(folders, settings, variants)), (), lang, {})


def told(
    found: Comparison, drawn_by: Sequence[str], lang: str, called: Mapping[str, str]
) -> Answer:
    """A comparison in words. ``called``: what columns are called where that is not their key."""
    above = [*heading(found, lang), *drawn_by]
    tables = comparison_tables(found, called, lang)
    records = with_names(found.plan, comparison_records(found), lang)
    return Answer(records, tables, above, closing(found, called, lang), named_columns(COLUMNS))


def comparison_records(found: Comparison) -> list[dict[str, Any]]:
    """One record a target and scenario."""
    return [
        {
            "target": row.target.id,
            "year": row.target.year,
            "scenario": row.scenario,
            "probability": row.probability,
            "diff": row.diff,
            "diff_low": row.low,
            "diff_high": row.high,
            "wins": row.wins,
            "loses": row.loses,
        }
        for row in found.rows
    ]


def comparison_tables(found: Comparison, called: Mapping[str, str], lang: str) -> list[Table]:
    """One table for each scenario but the first: the distinct targets that it moves."""
    tables = []
    for name in found.names[1:]:
        rows = [_row(found, row, lang) for row in _moved(found, name)]
        if rows:
            title = say("compared.against", lang, **_pair(found, name, called))
            columns = ("target", "first", "probability", "diff", "wins", "loses")
            tables.append(Table(columns, tuple(rows), columns[1:], ("loses", "wins"), title))
    return tables


def _pair(found: Comparison, name: str, called: Mapping[str, str]) -> dict[str, str]:
    """What a column and the first one are called."""
    first = found.names[0]
    return {"scenario": called.get(name, name), "first": called.get(first, first)}


def _moved(found: Comparison, name: str) -> list[Contrast]:
    return [r for r in found.rows if r.scenario == name and not r.same and not r.target.restates]


def _row(found: Comparison, row: Contrast, lang: str) -> tuple[str, ...]:
    first = next(r for r in found.rows if r.target.id == row.target.id)
    return (
        target_called(found.plan, row.target, lang),
        percent(first.probability, 1),
        percent(row.probability, 1),
        points(row.diff, row.low, row.high),
        "" if row.wins is None else percent(row.wins, 1),
        "" if row.loses is None else percent(row.loses, 1),
    )


def heading(found: Comparison, lang: str) -> list[str]:
    shown = {
        "plan": found.plan.plan.name.in_language(lang),
        "draws": found.draws,
        "seed": found.seed,
    }
    lines = [say("compared.title", lang, **shown)]
    if found.kept:
        lines.append(say("compared.stored", lang, kept=found.kept, draws=found.draws))
    return lines


def closing(found: Comparison, called: Mapping[str, str], lang: str) -> list[str]:
    """How many targets each scenario meets, and which of them no scenario moves."""
    targets = sum(1 for target in found.plan.judged if not target.restates)
    lines = []
    for name, (met, gain, low, high), joint in zip(
        found.names, found.met, found.joint, strict=True
    ):
        shown: dict[str, object] = {
            **_pair(found, name, called), "met": number(met), "targets": targets,
            "joint": percent(joint, 1),
        }  # fmt: skip
        if name == found.names[0]:
            lines.append(say("compared.first", lang, **shown))
            continue
        half = "" if low != low else f" ±{(high - low) / 2:.2f}"
        change = "0" if gain == low == high == 0 else signed(gain, 2) + half
        still = targets - len(_moved(found, name))
        lines.append(say("compared.other", lang, **shown, change=change, still=still))
    return [*lines, say("compared.read", lang, first=_pair(found, "", called)["first"])]


def stored_runs(
    paths: Sequence[str], settings: Sequence[str] | None, variants: Sequence[str] | None
) -> list[Remembered]:
    """Stored runs, ready to be compared. Raises InputError naming everything that is wrong."""
    faults = [
        Fault("variant_of_runs", {"value": text}) for text in (*(settings or ()), *(variants or ()))
    ]
    if len(paths) < 2:
        faults.append(Fault("one_scenario"))
    found = []
    for path, name in zip(paths, names_of(paths), strict=True):
        try:
            found.append(remembered(read_sampled(Path(path)), name))
        except InputError as problem:
            faults += problem.faults
    if faults:
        raise InputError(faults)
    return found


def remembered(kept: SampledRun, name: str) -> Remembered:
    run = kept.run
    settings, joint = run.settings, run.joint[0].probability if run.joint else 0.0
    return Remembered(
        name, run.plan, settings.draws, settings.seed, settings.sampler, settings.given,
        settings.view, {v.target: v for v in run.judged}, kept.reads, kept.who, joint,
    )  # fmt: skip


def names_of(paths: Sequence[str]) -> list[str]:
    """What stored runs are called: the last part of their path where that tells them apart."""
    short = [path.rstrip("/").rpartition("/")[2] for path in paths]
    return short if len(set(short)) == len(short) else list(paths)
