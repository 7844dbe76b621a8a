"""The command line: parse, call, print. No arithmetic; heavy imports inside the verbs."""

import atexit
import functools
import gc
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from plansim.simulator.errors import Fault, InputError, WorkError
from plansim.words.catalogue import LANGUAGES, default_language, say, say_faults

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as Grid

    from plansim.analysis.workers import Processes
    from plansim.reports.tables import Table
    from plansim.scenarios.load import Source
    from plansim.simulator.plan import Plan

# What a command makes lives until it ends: to look through it for circles again and again, and once
# more at the end, takes a third of a second.
gc.set_threshold(50_000, 20, 20)
atexit.register(gc.freeze)

LANG = default_language()
#: Exit codes (docs/commands.md).
BELOW, WRONG_INPUT, INTERRUPTED, PARTIAL = 1, 2, 3, 4
#: Columns of a page that nobody looks at on a screen: wide enough for any table.
UNBOUNDED = 1000
FORMATS = ("table", "csv", "json")
#: Draws times scenarios from which processes, which take a second to start, outrun threads.
LONG = 16_384

app = typer.Typer(
    help=say("help.app", LANG),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def told_version(asked: bool) -> None:
    """``--version``: the version, and nothing else."""
    if asked:
        from plansim import __version__

        print(f"plansim {__version__}")
        raise typer.Exit


@app.callback()
def begin(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help=say("help.version", LANG),
            callback=told_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """What holds for every command."""


def option(flag: str, key: str, metavar: str | None = None) -> Any:
    """An option with the help of that key."""
    return typer.Option(flag, metavar=metavar, help=say(f"help.{key}", LANG))


def argument(metavar: str, key: str) -> Any:
    """An argument with the help of that key."""
    return typer.Argument(metavar=metavar, help=say(f"help.{key}", LANG))


PlanArgument = Annotated[str, argument("PLAN", "plan")]
LangOption = Annotated[str, option("--lang", "lang")]
FormatOption = Annotated[str, option("--format", "format")]
QuietOption = Annotated[bool, option("--quiet", "quiet")]
ScenarioOption = Annotated[str, option("--scenario", "scenario")]
SeedOption = Annotated[str, option("--seed", "seed", "N")]
WorkersOption = Annotated[str, option("--workers", "workers", "N")]
UncalibratedOption = Annotated[bool, option("--uncalibrated", "uncalibrated")]
SetOption = Annotated[list[str] | None, option("--set", "set", "PATH=VALUE")]


def verb(key: str, example: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a verb with its help and example; wrong input exits with one clear message."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> None:
            lang = kwargs.get("lang", LANG)
            try:
                check_choices(lang, kwargs.get("format", "table"))
                function(*args, **kwargs)
            except (InputError, WorkError) as problem:
                spoken = lang if lang in LANGUAGES else LANG
                print(
                    say("say.error", spoken) + say_faults(problem.faults, spoken), file=sys.stderr
                )
                code = WRONG_INPUT if isinstance(problem, InputError) else PARTIAL
                raise typer.Exit(code) from None
            except KeyboardInterrupt:
                print(say("say.interrupted", lang), file=sys.stderr)
                raise typer.Exit(INTERRUPTED) from None

        text = f"{say(f'help.{key}', LANG)}\n\n{say('help.example', LANG)}: plansim {example}"
        return app.command(key, help=text)(guarded)

    return register


def check_choices(lang: str, form: str) -> None:
    """Refuse an unknown language or format."""
    rules = (("--lang", lang, LANGUAGES), ("--format", form, FORMATS))
    faults = [
        Fault("unknown_choice", {"value": value, "choices": list(choices)}, file=name)
        for name, value, choices in rules
        if value not in choices
    ]
    if faults:
        raise InputError(faults)


@verb("list", "list")
def list_(lang: LangOption = LANG, format: FormatOption = "table") -> None:
    from plansim.reports.answers.list import as_table, library_records, plan_records
    from plansim.scenarios.draft import LIBRARY
    from plansim.scenarios.load import read_draft, shipped

    plans = plan_records(map(read_draft, shipped()), lang)
    libraries = library_records(map(read_draft, shipped(LIBRARY)), lang)
    shown = [as_table(plans), as_table(libraries, say("show.libraries", lang))]
    emit(plans, shown, format, lang)


@verb("show", "show yuyao-2016")
def show(
    plan: PlanArgument,
    scenario: ScenarioOption = "plan",
    settings: SetOption = None,
    evidence: Annotated[bool, option("--evidence", "evidence")] = False,
    baselines: Annotated[bool, option("--baselines", "baselines")] = False,
    seen: Annotated[bool, option("--history", "seen")] = False,
    seen_from: Annotated[Path | None, option("--history-from", "seen_from", "FILE")] = None,
    picture: Annotated[Path | None, option("--picture", "seen_picture", "FILE")] = None,
    lang: LangOption = LANG,
    format: FormatOption = "table",
) -> None:
    from plansim.reports.answers import show as overview
    from plansim.scenarios.load import assemble, is_library, load_library, read_source

    if evidence:
        show_evidence(plan, scenario, settings or (), lang, format)
        return
    if baselines:
        show_baselines(plan, scenario, settings or (), lang, format)
        return
    if seen or seen_from is not None or picture is not None:
        show_history(plan, scenario, settings or (), seen_from, picture, lang, format)
        return
    if is_library(plan):
        library = load_library(plan)
        tables = [overview.programme_table(library, lang), overview.quota_table(library, lang)]
        emit(overview.figure_records(library, lang), tables, format, lang)
        return
    from plansim.calibration.requirements import requirements
    from plansim.reports.answers.run import requirement_table

    source = read_source(plan)
    loaded = assemble(source, scenario, settings or ())
    shown = [
        overview.cluster_table(loaded, lang),
        overview.total_table(loaded, lang),
        overview.quantity_table(loaded, lang),
        overview.programme_table(loaded, lang),
        overview.quota_table(loaded, lang),
        overview.scenario_table(source, lang),
        overview.assumption_table(loaded, lang),
        requirement_table(loaded, requirements(loaded), lang),
    ]
    emit(overview.figure_records(loaded, lang), [t for t in shown if t.rows], format, lang)


def show_evidence(plan: str, scenario: str, settings: Sequence[str], lang: str, form: str) -> None:
    """What the effects of a plan's or a library's programmes rest on."""
    from plansim.calibration.evidence import COLUMNS, programmes_written, rows
    from plansim.reports.answers import evidence
    from plansim.scenarios.load import is_library, load, load_library

    loaded = load_library(plan) if is_library(plan) else load(plan, scenario, settings)
    found = rows(loaded, programmes_written(plan))
    tables = evidence.evidence_tables(loaded, found, lang)
    records = evidence.evidence_records(found)
    emit(records, tables, form, lang, (), evidence.closing(loaded, found, lang), COLUMNS)


def show_baselines(plan: str, scenario: str, settings: Sequence[str], lang: str, form: str) -> None:
    """Every figure of the base year before and after it was reconciled with the others."""
    from plansim.calibration.baselines import baselines_of
    from plansim.calibration.reconcile import refusal
    from plansim.reports.answers import baselines
    from plansim.scenarios.load import load

    loaded = load(plan, scenario, settings)
    result = baselines_of(loaded)
    if result.status == "conflict":
        raise refusal(result)
    tables = [baselines.baseline_table(loaded, result, lang)]
    below = baselines.closing(loaded, result, lang)
    emit(baselines.baseline_records(result), tables, form, lang, (), below, baselines.COLUMNS)


def show_history(
    plan: str, scenario: str, settings: Sequence[str], path: Path | None, picture: Path | None,
    lang: str, form: str,
) -> None:  # fmt: skip
    """What was seen of a plan's quantities, and what curves fitted to it say of later years."""
    from plansim.calibration.histories import fitted_histories
    from plansim.reports.answers import history
    from plansim.scenarios.load import assemble, observed, read_source
    from plansim.store.files import PICTURES, check_files, write_files

    check_files((("--picture", picture, PICTURES),))
    source = read_source(plan)
    loaded = assemble(source, scenario, settings)
    found = fitted_histories(loaded, observed(source, loaded, path))
    if picture is not None and found:
        from plansim.reports.pictures.history_picture import history_picture

        write_files({picture: history_picture(loaded, found, lang, picture.suffix)})
    tables = [history.history_table(loaded, found, lang)] if found else []
    emit(
        history.history_records(loaded, found), tables, form, lang,
        history.heading(found, lang), history.closing(found, lang), history.COLUMNS,
    )  # fmt: skip
    if picture is not None and found:
        print(say("say.wrote", lang, value=picture), file=sys.stderr)


@verb("targets", "targets yuyao-2016 --format csv")
def targets(plan: PlanArgument, lang: LangOption = LANG, format: FormatOption = "table") -> None:
    from plansim.reports.answers.targets import target_records, target_table
    from plansim.scenarios.load import is_library, load, load_library

    loaded = load_library(plan) if is_library(plan) else load(plan)
    emit(target_records(loaded), [target_table(loaded, lang)], format, lang)


@verb("validate", "validate ./my-plan")
def validate(path: PlanArgument, lang: LangOption = LANG) -> None:
    from plansim.calibration.baselines import reconciled_once
    from plansim.reports.answers.baselines import remarks
    from plansim.scenarios.load import (
        DEFAULT,
        assemble,
        history_faults,
        is_library,
        load_library,
        read_source,
    )

    if is_library(path):
        library = load_library(path)
        counts = {"programmes": len(library.programmes), "targets": len(library.targets)}
        print(say("report.valid_library", lang, value=path, **counts))
        return
    source = read_source(path)
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
    base_years = reconciled_once(plans.values())
    plan = next(iter(plans.values()))
    print(
        say(
            "report.valid", lang, value=path, clusters=len(plan.clusters),
            programmes=len(plan.programmes), scenarios=len(plans), targets=len(plan.targets),
            judged=len(plan.judged),
        )
    )  # fmt: skip
    for line in remarks(base_years, path, lang):
        print(line, file=sys.stderr)


@verb("new", "new ./my-plan.xlsx --xlsx")
def new(
    place: Annotated[Path, argument("DIR", "new_dir")],
    start: Annotated[str | None, option("--from", "from", "PLAN")] = None,
    as_workbook: Annotated[bool, option("--xlsx", "xlsx")] = False,
    lang: LangOption = LANG,
) -> None:
    from plansim.store.new import begin

    begin(place, start, as_workbook)
    shown = str(place) if len(place.parts) > 1 else f"./{place}"
    shown = shown if re.fullmatch(r"[\w@%+=:,./-]+", shown) else shlex.quote(shown)
    print(say("report.new", lang, value=shown))


@verb("check", "check yuyao-2016 --prices -2,0,2")
def check(
    plans: Annotated[list[str], argument("PLAN…", "plans")],
    prices: Annotated[str, option("--prices", "prices")] = "0",
    strict: Annotated[bool, option("--strict", "strict")] = False,
    lang: LangOption = LANG,
    format: FormatOption = "table",
) -> None:
    from plansim.reports.answers import check as findings
    from plansim.scenarios.book import Book
    from plansim.scenarios.check import check as findings_of
    from plansim.scenarios.compare import side_by_side
    from plansim.scenarios.load import load

    loaded = [load(plan) for plan in plans]
    if len(loaded) > 1:
        standings = list(side_by_side(loaded))
        shown = [findings.standing_table(standings, lang)]
        emit(findings.standing_records(standings, lang), shown, format, lang)
        return
    book = Book(loaded[0])
    found = {rate: findings_of(book, rate) for rate in percentages(prices)}
    records = findings.finding_records(book.plan.plan.id, found, lang)
    shown = [findings.finding_table(found, lang)]
    emit(records, shown, format, lang, columns=findings.COLUMNS)
    if strict and any(record["severity"] == "contradiction" for record in records):
        raise typer.Exit(BELOW)


def percentages(text: str) -> list[float]:
    """Percentages as typed, as fractions: -2,0,2."""
    found = []
    for part in text.split(","):
        try:
            value = float(part)
        except ValueError:
            value = float("nan")
        if not -50 <= value <= 100:
            raise InputError.of("argument_range", "--prices", value=part, allowed="-50 … 100")
        found.append(value / 100)
    return found


@verb("calibrate", "calibrate yuyao-2016 --history ./history.csv")
def calibrate(
    plan: PlanArgument,
    history: Annotated[Path | None, option("--history", "calibrate_history", "CSV")] = None,
    scenario: ScenarioOption = "plan",
    settings: SetOption = None,
    draws: Annotated[str, option("--draws", "calibrate_draws", "N")] = "8192",
    seed: SeedOption = "1",
    out: Annotated[Path | None, option("--out", "calibrate_out", "FILE")] = None,
    lang: LangOption = LANG,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    from datetime import date

    from plansim.calibration.posterior import posterior
    from plansim.reports.answers import calibrate as told
    from plansim.scenarios.load import assemble, read_source
    from plansim.store import calibrations as stored

    number = whole_numbers({"draws": draws, "seed": seed})
    place = out or stored.place_of(plan)
    source = read_source(plan)
    stored.check_place(place)
    loaded = assemble(source, scenario, settings or ())
    seen = stored.seen_of(source, loaded, history)
    with progress_bar(None, lang, quiet) as tick:
        step = None if tick is None else lambda _: tick(number["draws"])
        result = posterior(loaded, seen, number["draws"], number["seed"], progress=step)
    brought = "" if history is None else str(history)
    made = date.today().isoformat()
    if result.usable:
        stored.write(stored.contents(result, scenario, settings or (), brought, made=made), place)
    emit(
        told.figure_records(result), told.tables(result, lang), format, lang,
        told.heading(result, scenario, lang), told.closing(result, lang), told.COLUMNS,
    )  # fmt: skip
    if not result.usable:
        print(say("calibrated.not_stored", lang, value=place), file=sys.stderr)
        raise typer.Exit(BELOW)
    if not quiet:
        print(say("say.wrote", lang, value=place), file=sys.stderr)


@verb("run", "run yuyao-2016 --set clusters.robotics.output=62")
def run(
    plan: PlanArgument,
    scenario: ScenarioOption = "plan",
    settings: SetOption = None,
    given: Annotated[list[str] | None, option("--given", "given", "TARGET")] = None,
    draws: Annotated[str | None, option("--draws", "draws", "N")] = None,
    tolerance: Annotated[float | None, option("--tolerance", "tolerance", "P")] = None,
    seed: SeedOption = "1",
    workers: WorkersOption = "2",
    scheduler: Annotated[str, option("--scheduler", "scheduler", "WHERE")] = "threads",
    sampler: Annotated[str, option("--sampler", "sampler")] = "independent",
    calibration: Annotated[Path | None, option("--calibration", "calibration", "FILE")] = None,
    uncalibrated: UncalibratedOption = False,
    out: Annotated[Path | None, option("--out", "out", "DIR")] = None,
    fail_under: Annotated[float | None, option("--fail-under", "fail_under", "P")] = None,
    lang: LangOption = LANG,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    import time

    from plansim.calibration.reference import share_below
    from plansim.reports.answers.run import flow_table, unsettled, verdict_records, verdict_table
    from plansim.scenarios.load import read_source
    from plansim.simulator.run import DRAWS
    from plansim.simulator.run import run as simulate

    number = whole_numbers({"draws": draws, "seed": seed, "workers": workers})
    most = number.get("draws")
    if fail_under is not None and not 0 <= fail_under <= 1:
        raise InputError.of("argument_range", "fail-under", value=fail_under, allowed="0 … 1")
    if out is not None:
        from plansim.store.write import check_folder, write

        check_folder(out)
    over = None
    if scheduler != "threads":
        from plansim.analysis.crew import preload
        from plansim.analysis.workers import executor

        over = executor(scheduler, number["workers"])
        if scheduler == "processes":
            preload("plansim.cli", "plansim.simulator.run")
    source = read_source(plan)
    loaded, drawn_by = as_run(
        source, plan, scenario, settings or (), uncalibrated, lang, calibration
    )
    started = time.perf_counter()
    expected = None if tolerance is not None else most or DRAWS
    with progress_bar(expected, lang, quiet) as tick:
        result = simulate(
            loaded, scenario, most, number["seed"], sampler=sampler, given=given or (),
            workers=number["workers"], tolerance=tolerance, over=over, reference=share_below,
            progress=tick,
        )  # fmt: skip
    if out is not None:
        write(result, out, settings or (), time.perf_counter() - started)
    above, below_table = around(result, lang)
    emit(
        verdict_records(result, lang),
        [verdict_table(result, lang), *([flow_table(result, lang)] if result.flows else [])],
        format, lang, [*above, *drawn_by], below_table,
    )  # fmt: skip
    if out is not None and not quiet:
        print(say("say.wrote", lang, value=out), file=sys.stderr)
    for line in unsettled(result, lang):
        print(line, file=sys.stderr)
    below = [v for v in result.judged if (v.probability or 0.0) < (fail_under or 0.0)]
    if below:
        note = say(
            "report.fail_under", lang, number=len(below), total=len(result.judged), bound=fail_under
        )
        print(note, file=sys.stderr)
        raise typer.Exit(BELOW)


def as_run(
    source: "Source",
    plan: str,
    scenario: str,
    settings: Sequence[str],
    uncalibrated: bool,
    lang: str,
    chosen: Path | None = None,
) -> "tuple[Plan, list[str]]":
    """A plan as ``run`` simulates it: as a stored calibration draws it, if there is one that holds;
    and what is said about that.
    """
    from plansim.scenarios.load import assemble
    from plansim.store import calibrations as stored

    loaded = assemble(source, scenario, settings)
    place = chosen or stored.place_of(plan)
    if uncalibrated or (chosen is None and not place.is_file()):
        return loaded, []
    from plansim.reports.answers.calibrate import run_heading, run_warning

    found = stored.read(place)
    reason, names = stored.Holding.of(found, source, loaded).changed(loaded)
    if reason:
        print(run_warning(found, reason, names, lang), file=sys.stderr)
        return loaded, []
    return stored.calibrated(loaded, found), [run_heading(found, lang)]


def processes(futures: int, workers: int) -> "Processes | None":
    """Processes for so many draws, which import at once; None where threads are quicker."""
    if workers == 1 or futures < LONG:
        return None
    from plansim.analysis.crew import preload
    from plansim.analysis.workers import Processes

    preload("plansim.cli", "plansim.analysis.compare")
    return Processes(workers)


def around(result: Any, lang: str) -> tuple[list[str], list[str]]:
    """What is said above and below a run's table."""
    from plansim.reports.answers.run import closing, heading, settled

    return [*heading(result, lang), *settled(result, lang)], closing(result, lang)


@verb("seek", "seek yuyao-2016 --target trained-managers-2025=0.8")
def seek(
    plan: PlanArgument,
    scenario: ScenarioOption = "plan",
    settings: SetOption = None,
    targets: Annotated[list[str] | None, option("--target", "seek_target", "T=P")] = None,
    together: Annotated[str | None, option("--all", "all", "P")] = None,
    confidence: Annotated[str | None, option("--confidence", "confidence", "P")] = None,
    budget: Annotated[float, option("--budget", "budget", "亿元")] = float("inf"),
    least: Annotated[str | None, option("--least", "least", "WHAT")] = None,
    levers: Annotated[list[str] | None, option("--lever", "lever", "KEY")] = None,
    draws: Annotated[str | None, option("--draws", "seek_draws", "N")] = None,
    seed: SeedOption = "1",
    workers: WorkersOption = "2",
    picture: Annotated[Path | None, option("--picture", "seek_picture", "FILE")] = None,
    uncalibrated: UncalibratedOption = False,
    lang: LangOption = LANG,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    from plansim.analysis.questions import questions
    from plansim.reports.answers import seek as told
    from plansim.scenarios.load import read_source

    asked = questions(targets or (), together, confidence, least)
    number = whole_numbers({"draws": draws, "seed": seed, "workers": workers})
    told.check_picture(picture)
    source = read_source(plan)
    loaded, drawn_by = as_run(source, plan, scenario, settings or (), uncalibrated, lang)
    if asked.confidence is not None:
        from plansim.analysis.confidence import promises
        from plansim.reports.answers import confidence as promised

        number = {"draws": 10_000} | number
        with progress_bar(number["draws"], lang, quiet) as tick:
            found = promises(loaded, asked.confidence, **number, progress=tick)
        drawn, first = number["draws"], number["seed"]
        emit(
            promised.records(loaded, scenario, found, asked.confidence, drawn, first),
            [promised.table(loaded, found, lang)], format, lang,
            [*promised.heading(loaded, scenario, asked.confidence, drawn, first, lang), *drawn_by],
            promised.closing(found, lang), promised.COLUMNS,
        )  # fmt: skip
        return
    from plansim.analysis.seek import seek as search

    with progress_bar(None, lang, quiet, "say.seek_progress") as tick:
        answer = search(
            loaded, asked.wishes(loaded), levers=levers or (), budget=budget,
            least=asked.least, progress=tick, **number,
        )  # fmt: skip
    if picture is not None:
        told.write_picture(answer, picture, lang)
    again = ["plansim", "run", plan, *(["--scenario", scenario] if scenario != "plan" else ())]
    again += [f"--set={setting}" for setting in settings or ()]
    emit(
        told.sought_records(answer), told.sought_tables(answer, lang), format, lang,
        [*told.heading(answer, scenario, lang), *drawn_by], told.closing(answer, lang, again),
        told.COLUMNS,
    )  # fmt: skip
    if picture is not None:
        print(say("say.wrote", lang, value=picture), file=sys.stderr)


@verb("compare", "compare yuyao-2016 plan delayed --variant 'less land: quotas.land.amount=x0.5'")
def compare(
    plan: Annotated[str, argument("PLAN", "compare_plan")],
    scenarios: Annotated[list[str] | None, argument("[S1 S2 …]", "compare_scenarios")] = None,
    settings: Annotated[list[str] | None, option("--set", "compare_set", "PATH=VALUE")] = None,
    variant: Annotated[list[str] | None, option("--variant", "variant", "TEXT")] = None,
    draws: Annotated[str, option("--draws", "attribute_draws", "N")] = "10000",
    seed: SeedOption = "1",
    workers: WorkersOption = "2",
    uncalibrated: UncalibratedOption = False,
    lang: LangOption = LANG,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    from plansim.scenarios.variants import columns, variants
    from plansim.store.write import is_run

    number = whole_numbers({"draws": draws, "seed": seed, "workers": workers})
    stored = is_run(plan)
    asked = [] if stored else columns(scenarios or (), variants(variant or (), settings or ()))
    over = processes(number["draws"] * len(asked), number["workers"])

    from plansim.analysis.compare import compare as contrast
    from plansim.analysis.compare import compare_stored
    from plansim.reports.answers import compare as told

    drawn_by: list[str] = []
    if stored:
        found = compare_stored(told.stored_runs([plan, *(scenarios or ())], settings, variant))
    else:
        from plansim.scenarios.load import read_source

        source, plans, faults = read_source(plan), {}, list[Fault]()
        for name, scenario, own in asked:
            try:
                plans[name], said = as_run(source, plan, scenario, own, uncalibrated, lang)
            except InputError as problem:
                faults += [fault for fault in problem.faults if fault not in faults]
            else:
                drawn_by += [line for line in said if line not in drawn_by]
        if faults:
            raise InputError(faults)
        with progress_bar(number["draws"], lang, quiet) as tick:
            found = contrast(plans, **number, over=over, progress=tick)
    emit(
        told.comparison_records(found), told.comparison_tables(found, lang), format, lang,
        [*told.heading(found, lang), *drawn_by], told.closing(found, lang), told.COLUMNS,
    )  # fmt: skip


@verb("attribute", "attribute yuyao-2016 plan --target energy-intensity-2020 --picture energy.png")
def attribute(
    plan: PlanArgument,
    scenario: Annotated[str, argument("S", "attribute_scenario")] = "plan",
    against: Annotated[str, option("--against", "against", "S")] = "baseline",
    settings: Annotated[list[str] | None, option("--set", "attribute_set", "PATH=VALUE")] = None,
    of: Annotated[str, option("--of", "of")] = "probability",
    by: Annotated[str, option("--by", "by")] = "programme",
    levers: Annotated[str, option("--levers", "levers", "A,B,…")] = "",
    target: Annotated[list[str] | None, option("--target", "attribute_target", "TARGET")] = None,
    orders: Annotated[str | None, option("--orders", "orders", "N")] = None,
    draws: Annotated[str, option("--draws", "attribute_draws", "N")] = "2000",
    seed: SeedOption = "1",
    workers: WorkersOption = "2",
    uncalibrated: UncalibratedOption = False,
    picture: Annotated[Path | None, option("--picture", "waterfall", "FILE")] = None,
    lang: LangOption = LANG,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    from plansim.analysis.attribute import attribute as split
    from plansim.analysis.contrast import told_apart
    from plansim.analysis.decompose import KINDS, decomposed
    from plansim.reports.answers import attribute as told
    from plansim.reports.answers import factors
    from plansim.scenarios.load import read_source

    number = whole_numbers({"draws": draws, "seed": seed, "workers": workers, "orders": orders})
    told.check_question(of, by, picture)
    source = read_source(plan)
    loaded, drawn_by = as_run(source, plan, scenario, settings or (), uncalibrated, lang)
    wanted = told.check_targets(loaded, target or ())
    if of in KINDS:
        number.pop("orders", None)
        with progress_bar(number["draws"], lang, quiet) as tick:
            parts = decomposed(loaded, of, wanted, **number, progress=tick)
        said = factors.factor_heading(loaded, scenario, number["draws"], number["seed"], of, lang)
        emit(
            factors.factor_records(loaded, parts, lang), factors.factor_tables(loaded, parts, lang),
            format, lang, [said[0], *drawn_by], said[1:], told.COLUMNS,
        )  # fmt: skip
        return
    held = [s for s in settings or () if not s.startswith(("programmes.", "quotas.", "offices."))]
    base, _ = as_run(source, plan, against, held, uncalibrated, lang)
    pulled = told_apart(loaded, base, by, [w for w in levers.split(",") if w.strip()])
    with judgement_bar(lang, quiet) as tick:
        found = split(loaded, base, pulled, of, **number, progress=tick)
    drawn = None if picture is None else told.write_picture(found, wanted, picture, lang)
    emit(
        told.attribution_records(found, lang, wanted), told.attribution_tables(found, lang, wanted),
        format, lang, [*told.heading(found, scenario, against, lang), *drawn_by],
        told.closing(found, lang, wanted), told.COLUMNS,
    )  # fmt: skip
    if drawn is not None:
        print(say("say.wrote_of", lang, value=picture, target=drawn.id), file=sys.stderr)


@verb("sensitivity", "sensitivity yuyao-2016 --target robotics-output-2020 --picture tornado.png")
def sensitivity(
    plan: PlanArgument,
    scenario: ScenarioOption = "plan",
    settings: SetOption = None,
    targets: Annotated[list[str] | None, option("--target", "sensitivity_target", "TARGET")] = None,
    of: Annotated[str, option("--of", "sensitivity_of")] = "read",
    draws: Annotated[str, option("--draws", "sensitivity_draws", "N")] = "2048",
    seed: SeedOption = "1",
    workers: WorkersOption = "2",
    picture: Annotated[Path | None, option("--picture", "tornado_picture", "FILE")] = None,
    uncalibrated: UncalibratedOption = False,
    lang: LangOption = LANG,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    from plansim.analysis.sensitivity import sensitivity as ask
    from plansim.analysis.sensitivity import work
    from plansim.analysis.tornado import tornadoes
    from plansim.reports.answers import sensitivity as told
    from plansim.scenarios.load import read_source
    from plansim.store.files import PICTURES, check_files

    number = whole_numbers({"draws": draws, "seed": seed, "workers": workers})
    if picture is not None:
        told.check_picture(targets or ())
        check_files((("--picture", picture, PICTURES),))
    source = read_source(plan)
    loaded, drawn_by = as_run(source, plan, scenario, settings or (), uncalibrated, lang)
    total = work(loaded, number["draws"], targets or ())
    with progress_bar(total, lang, quiet) as tick:
        found = ask(loaded, targets or (), of, **number, tick=tick)
        bars = tornadoes(found, number["workers"], tick)
    if picture is not None:
        told.write_picture(found, bars[0], picture, lang)
    emit(
        told.records(found, bars, scenario, lang), told.tables(found, bars, lang), format, lang,
        [*told.heading(found, scenario, lang), *drawn_by], told.closing(found, bars, lang),
        told.COLUMNS,
    )  # fmt: skip
    if picture is not None:
        print(say("say.wrote", lang, value=picture), file=sys.stderr)


@verb("discover", "discover yuyao-2016 --target robotics-output-2020 --when met")
def discover(
    plan: PlanArgument,
    scenario: ScenarioOption = "plan",
    settings: SetOption = None,
    targets: Annotated[list[str] | None, option("--target", "discover_target", "TARGET")] = None,
    when: Annotated[str, option("--when", "when")] = "missed",
    draws: Annotated[str, option("--draws", "discover_draws", "N")] = "4096",
    seed: SeedOption = "1",
    workers: WorkersOption = "2",
    uncalibrated: UncalibratedOption = False,
    lang: LangOption = LANG,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    from plansim.analysis.discover import discover as look
    from plansim.analysis.discover import work
    from plansim.reports.answers import discover as told
    from plansim.scenarios.load import read_source

    number = whole_numbers({"draws": draws, "seed": seed, "workers": workers})
    source = read_source(plan)
    loaded, drawn_by = as_run(source, plan, scenario, settings or (), uncalibrated, lang)
    with progress_bar(work(loaded, number["draws"], targets or ()), lang, quiet) as tick:
        found = look(loaded, targets or (), when, **number, tick=tick)
    emit(
        told.records(found, scenario, lang), [told.table(found, lang)], format, lang,
        [*told.heading(found, scenario, lang), *drawn_by], told.closing(found, targets or (), lang),
        told.COLUMNS,
    )  # fmt: skip


@verb("trace", "trace yuyao-2016 --draw 7 --gantt future.png")
def trace(
    plan: PlanArgument,
    scenario: ScenarioOption = "plan",
    settings: SetOption = None,
    seed: SeedOption = "1",
    draw: Annotated[str, option("--draw", "trace_draw", "N")] = "1",
    luck: Annotated[str, option("--luck", "luck")] = "a",
    programmes: Annotated[list[str] | None, option("--programme", "programme", "KEY")] = None,
    gantt: Annotated[Path | None, option("--gantt", "gantt", "FILE")] = None,
    out: Annotated[Path | None, option("--out", "trace_out", "FILE")] = None,
    uncalibrated: UncalibratedOption = False,
    lang: LangOption = LANG,
    format: FormatOption = "table",
) -> None:
    from plansim.reports.answers import trace as told
    from plansim.reports.words.delivery import scheduled
    from plansim.scenarios.load import read_source
    from plansim.simulator.trace import trace as follow
    from plansim.store.files import PICTURES, TABLES, check_files, write_files

    number = whole_numbers({"draw": draw, "seed": seed})
    check_files((("--gantt", gantt, PICTURES), ("--out", out, TABLES)), told.COLUMNS)
    source = read_source(plan)
    loaded, drawn_by = as_run(source, plan, scenario, settings or (), uncalibrated, lang)
    future = follow(loaded, scenario, number["seed"], number["draw"], luck)
    keys = told.traced(future, programmes or ())
    records = told.event_records(future, keys)
    contents: dict[Path, bytes] = {}
    if gantt is not None:
        from plansim.reports.pictures.gantt import gantt as picture

        contents[gantt] = picture(future, keys, lang, gantt.suffix)
    if out is not None:
        contents[out] = told.event_csv(records)
    write_files(contents)
    emit(
        records,
        told.trace_tables(future, keys, lang),
        format, lang, [*told.heading(future, lang), *drawn_by], scheduled(future, lang),
        told.COLUMNS,
    )  # fmt: skip
    for path in contents:
        print(say("say.wrote", lang, value=path), file=sys.stderr)


@verb("hindcast", "hindcast ./panel.csv --train 0.5 --pit pit.png")
def hindcast(
    panel: Annotated[Path, argument("PANEL.csv", "panel")],
    train: Annotated[str, option("--train", "train", "WHO")] = "",
    test: Annotated[str, option("--test", "test", "NAMES")] = "",
    seed: SeedOption = "1",
    since: Annotated[str, option("--from", "since", "YEAR")] = "0",
    history: Annotated[str, option("--history", "history", "N")] = "15",
    pit: Annotated[Path | None, option("--pit", "pit", "FILE")] = None,
    lang: LangOption = LANG,
    format: FormatOption = "table",
) -> None:
    from plansim.calibration.hindcast import run as look_back
    from plansim.calibration.panel import read_panel
    from plansim.reports.answers import hindcast as told
    from plansim.store.files import PICTURES, check_files, write_files

    number = whole_numbers({"seed": seed, "from": since, "history": history})
    check_files((("--pit", pit, PICTURES),))
    result = look_back(
        read_panel(panel), train, test, number["seed"], number["from"], number["history"]
    )
    if pit is not None:
        from plansim.reports.pictures.pit import pit_picture

        write_files({pit: pit_picture(result, lang, pit.suffix)})
    emit(
        told.score_records(result), [told.score_table(result, lang)],
        format, lang, told.heading(result, lang), told.closing(lang), told.COLUMNS,
    )  # fmt: skip
    for line in told.remarks(result, lang):
        print(line, file=sys.stderr)
    if pit is not None:
        print(say("say.wrote", lang, value=pit), file=sys.stderr)


@verb("batch", "batch docs/batch.yaml")
def batch(
    file: Annotated[Path, argument("FILE.yaml", "batch_file")],
    out: Annotated[Path | None, option("--out", "batch_out", "DIR")] = None,
    resume: Annotated[bool, option("--resume", "resume")] = False,
    workers: Annotated[str, option("--workers", "processes", "N")] = "2",
    lang: LangOption = LANG,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    from plansim.analysis.crew import preload

    preload("plansim.simulator.run", "plansim.scenarios.load")
    from plansim.analysis.batch import execute, prepare
    from plansim.reports.answers.calibrate import told_of
    from plansim.reports.answers.runs import listing, stopped
    from plansim.scenarios.batch_file import read_batch_file
    from plansim.store.collection import Filter, collect
    from plansim.store.journal import opened

    processes = whole_number(workers, "workers")
    if not 1 <= processes <= 1024:
        raise InputError.of("argument_range", "workers", value=workers, allowed="1 … 1024")
    asked = read_batch_file(file)
    folder = out or Path("runs") / file.stem
    again = shlex.join(["plansim", "batch", str(file), "--out", str(folder), "--resume"])
    planned, sources = prepare(asked)
    for line in told_of(sources, lang):
        print(line, file=sys.stderr)
    with opened(folder, planned, resume) as journal:
        if journal.finished:
            verify(journal.damaged(), folder, lang, quiet)
        else:
            try:
                with batch_bar(len(journal.batch.runs), lang, quiet) as tell:
                    execute(journal, sources, processes, tell)
            except KeyboardInterrupt:
                print(stopped(journal, folder, again, lang), file=sys.stderr)
                raise typer.Exit(INTERRUPTED) from None
            except WorkError as problem:
                print(say("say.error", lang) + say_faults(problem.faults, lang), file=sys.stderr)
                print(say("say.batch_go_on", lang, command=again), file=sys.stderr)
                raise typer.Exit(PARTIAL) from None
    found = listing(collect(folder, Filter()), Filter(), folder, lang)
    emit(found.records, found.tables, format, lang, (), found.closing, found.columns)
    if any(row["reason"] for row in found.records):
        raise typer.Exit(PARTIAL)


def verify(damaged: Sequence[str], folder: Path, lang: str, quiet: bool) -> None:
    """Say whether a finished batch is as it was written."""
    if damaged:
        fault = Fault("batch_damaged", {"value": str(folder), "list": damaged})
        print(say("say.error", lang) + say_faults([fault], lang), file=sys.stderr)
        raise typer.Exit(PARTIAL)
    if not quiet:
        print(say("say.batch_verified", lang, value=folder), file=sys.stderr)


@contextmanager
def batch_bar(total: int, lang: str, quiet: bool) -> Iterator[Callable[[Any], object]]:
    """A bar on stderr that counts runs and says how long the rest takes."""
    from plansim.reports.answers.runs import time_left

    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from tqdm import tqdm

    form = "{desc}: {n_fmt}/{total_fmt} |{bar}| {elapsed}{postfix}"
    bar = tqdm(
        total=total, desc=say("say.batch_progress", lang), delay=1, leave=False, file=sys.stderr,
        bar_format=form, postfix=say("report.time_unknown", lang),
    )  # fmt: skip

    def tell(progress: Any) -> None:
        bar.n = total - progress.total + progress.done
        bar.set_postfix_str(time_left(progress.remaining(), lang))

    with bar:
        yield tell


@verb("runs", "runs runs/batch --target robotics-output-2020")
def runs(
    folder: Annotated[Path, argument("DIR", "runs_dir")],
    plan: Annotated[str, option("--plan", "runs_plan")] = "",
    scenario: Annotated[str, option("--scenario", "runs_scenario")] = "",
    seed: Annotated[str, option("--seed", "runs_seed", "N")] = "",
    status: Annotated[str, option("--status", "runs_status")] = "",
    settings: Annotated[list[str] | None, option("--set", "runs_set", "PATH=VALUE")] = None,
    target: Annotated[str, option("--target", "runs_target")] = "",
    below: Annotated[float | None, option("--below", "runs_below", "P")] = None,
    above: Annotated[float | None, option("--above", "runs_above", "P")] = None,
    export: Annotated[Path | None, option("--export", "export", "FILE")] = None,
    iamc: Annotated[Path | None, option("--iamc", "iamc", "FILE")] = None,
    lang: LangOption = LANG,
    format: FormatOption = "table",
) -> None:
    from plansim.reports.answers.runs import listing, sheets
    from plansim.store.collection import Filter, collect
    from plansim.store.export import check_file, write, write_iamc

    wanted = Filter(
        plan, scenario, whole_number(seed, "seed") if seed else None, status, pairs(settings or ()),
        target, below, above,
    )  # fmt: skip
    check_filter(status, below, above)
    for path, flag in ((export, "--export"), (iamc, "--iamc")):
        if path is not None:
            check_file(path, flag)
    found = collect(folder, wanted)
    if iamc is not None:
        write_iamc(found, iamc)
    if export is not None:
        write(export, sheets(found, wanted, lang))
    shown = listing(found, wanted, folder, lang)
    emit(shown.records, shown.tables, format, lang, (), shown.closing, shown.columns)
    for path in (export, iamc):
        if path is not None:
            print(say("say.wrote", lang, value=path), file=sys.stderr)


def check_filter(status: str, below: float | None, above: float | None) -> None:
    """Raises InputError for a status that no run has, and for probabilities that are none."""
    from plansim.store.run_file import STATUSES

    faults = [
        Fault("argument_range", {"value": bound, "allowed": "0 … 1"}, flag)
        for flag, bound in (("--below", below), ("--above", above))
        if bound is not None and not 0 <= bound <= 1
    ]
    if status and status not in STATUSES:
        shown = {"value": status, "choices": list(STATUSES)}
        faults.append(Fault("unknown_choice", shown, file="--status"))
    if faults:
        raise InputError(faults)


def pairs(settings: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """PATH=VALUE as typed, taken apart."""
    wrong = [Fault("set_form", {"value": s}, file="--set") for s in settings if "=" not in s]
    if wrong:
        raise InputError(wrong)
    return tuple((path, value) for path, _, value in (s.partition("=") for s in settings))


@verb("report", "report runs/yuyao --format docx --lang zh")
def report(
    run: Annotated[Path, argument("RUN", "run_folder")],
    form: Annotated[str, option("--format", "report_format")] = "html",
    out: Annotated[Path | None, option("--out", "report_out", "FILE")] = None,
    history: Annotated[Path | None, option("--history", "report_history", "CSV")] = None,
    lang: LangOption = LANG,
) -> None:
    from plansim.analysis.crew import preload
    from plansim.analysis.workers import aside
    from plansim.reports.book import files

    place = files.place_of(run, form, out)
    if form != "xlsx":  # which draws its charts itself
        preload("plansim.cli", "matplotlib.backends.backend_agg", "plansim.reports.pictures.fans")
    from plansim.reports.book import report as told

    contents = told.report(told.dossier(run, history, lang), form, place, aside)
    files.write(contents)
    print(place)


def whole_numbers(typed: Mapping[str, str | None]) -> dict[str, int]:
    """Whole numbers by option, those that were typed. Raises InputError naming every bad one."""
    found: dict[str, int] = {}
    faults: list[Fault] = []
    for name, text in typed.items():
        try:
            if text is not None:
                found[name] = whole_number(text, name)
        except InputError as problem:
            faults += problem.faults
    if faults:
        raise InputError(faults)
    return found


def whole_number(text: str, name: str) -> int:
    """A whole number as people type it: 10000, 10_000, 1e4."""
    try:
        value = float(text.replace("_", "")) if text.isascii() else float("nan")
    except ValueError:
        value = float("nan")
    if value != value or value in (float("inf"), float("-inf")) or value != int(value):
        raise InputError.of("argument_number", f"--{name}", value=text)
    return int(value)


@contextmanager
def progress_bar(
    draws: int | None, lang: str, quiet: bool, what: str = "say.progress"
) -> Iterator[Callable[[int], object] | None]:
    """A bar on stderr for what takes longer than a second; none where nobody looks."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    bar = tqdm(total=draws, desc=say(what, lang), delay=1, leave=False, file=sys.stderr)
    with bar:
        yield bar.update


@contextmanager
def judgement_bar(lang: str, quiet: bool) -> Iterator[Callable[[int, int], object] | None]:
    """A bar on stderr for work that says with each step how many there will be."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    bar = tqdm(desc=say("say.attribute_progress", lang), delay=1, leave=False, file=sys.stderr)

    def tell(steps: int, total: int) -> None:
        bar.total = total
        bar.update(steps)

    with bar:
        yield tell


def emit(
    records: Sequence[Mapping[str, Any]],
    shown: "Sequence[Table]",
    form: str,
    lang: str,
    above: Sequence[str] = (),
    below: Sequence[str] = (),
    columns: Sequence[str] = (),
) -> None:
    """The result on stdout: tables with what is said around them, or records as csv or json."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    if form == "json":
        import json

        print(json.dumps(list(records), ensure_ascii=False, indent=1))
    elif form == "csv":
        import csv

        names = list(records[0] if records else columns)
        writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    else:
        print_tables(shown, lang, above, below)


def print_tables(
    shown: "Sequence[Table]", lang: str, above: Sequence[str], below: Sequence[str]
) -> None:
    from rich.console import Console

    terminal = Console(highlight=False)
    console = terminal if sys.stdout.isatty() else Console(highlight=False, width=UNBOUNDED)
    for line in above:
        console.print(line, markup=False)
    for table in shown:
        console.print(fitted(table, lang, console))
    for line in below:
        console.print(line, markup=False)


def fitted(table: "Table", lang: str, console: "Console") -> "Grid":
    """The table on this console, without the optional columns that it has no room for."""

    def has_room(grid: "Grid") -> bool:
        return grid.__rich_measure__(console, console.options).maximum < console.width

    if console.width == UNBOUNDED:
        grid = drawn(table, lang, one_row(table))
        return grid if has_room(grid) else drawn(table, lang, table.rows)
    while True:
        grid = drawn(table, lang, table.rows)
        if not table.optional or has_room(grid):
            return grid
        table = table.without(table.optional[0])


def one_row(table: "Table") -> Sequence[Sequence[str]]:
    """All rows as one with many lines, a quarter of the work: alike where no cell is folded."""
    if not table.rows or any("\n" in cell for row in table.rows for cell in row):
        return table.rows
    return [["\n".join(cells) for cells in zip(*table.rows, strict=True)]]


def drawn(table: "Table", lang: str, rows: Sequence[Sequence[str]]) -> "Grid":
    from rich import box
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(title=table.title or None, title_justify="left", box=box.SIMPLE_HEAD)
    for column in table.columns:
        justify: Literal["left", "right"] = "right" if column in table.right else "left"
        grid.add_column(say(f"column.{column}", lang), justify=justify, overflow="fold")
    for row in rows:
        grid.add_row(*map(Text, row))  # as it is: square brackets are no markup
    return grid


def main() -> None:
    """Answer one command line; the two options of completion speak the reader's language too."""
    command = typer.main.get_command(app)
    for parameter in command.params:
        if parameter.name in ("install_completion", "show_completion"):
            parameter.help = say(f"help.{parameter.name}", LANG)  # type: ignore[attr-defined]
    command(prog_name="plansim")
