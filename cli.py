"""The command line: parse, ask, show. No arithmetic; heavy imports inside the commands."""

import atexit
import functools
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from plansim import usage
from plansim.reports.book.forms import PAGES
from plansim.reports.tables import Answer
from plansim.reports.terminal import Meanwhile, answered
from plansim.words.catalogue import default_language, say

# What a command makes lives until it ends: to look through it for circles again and again, and once
# more at the end, takes a third of a second.
gc.set_threshold(50_000, 20, 20)
atexit.register(gc.freeze)

LANG = default_language()

app = typer.Typer(
    cls=usage.Group,
    help=say("help.app", LANG),
    options_metavar=usage.OPTIONS,
    subcommand_metavar=usage.COMMAND,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def say_version(asked: bool) -> None:
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
            "--version", help=say("help.version", LANG), callback=say_version, is_eager=True
        ),
    ] = False,
) -> None:
    """What holds for every command."""


# -- what commands share ---------------------------------------------------------------------------


def option(flag: str, key: str, metavar: str | None = None, **fields: str) -> Any:
    """An option with the help of that key."""
    return typer.Option(flag, metavar=metavar, help=say(f"help.{key}", LANG, **fields))


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
ViewOption = Annotated[str, option("--view", "view", "WHAT")]
MovingViewOption = Annotated[str, option("--view", "moving_view", "WHAT")]
SetOption = Annotated[list[str] | None, option("--set", "set", "PATH=VALUE")]


def verb(key: str, example: str) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Register a verb with its help and example: what it answers is shown, and its code is left.

    Wrong input exits with one clear message.
    """

    def register(function: Callable[..., Any]) -> Callable[..., None]:
        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> None:
            lang, form = kwargs.get("lang", LANG), kwargs.get("format", "table")
            code = answered(functools.partial(function, *args, **kwargs), lang, form)
            if code:
                raise typer.Exit(code)

        text = f"{say(f'help.{key}', LANG)}\n\n{say('help.example', LANG)}: plansim {example}"
        registered = app.command(key, cls=usage.Command, help=text, options_metavar=usage.OPTIONS)
        return registered(guarded)

    return register


# -- commands --------------------------------------------------------------------------------------


@verb("list", "list")
def list_(lang: LangOption = LANG, format: FormatOption = "table") -> Answer:
    from plansim.reports.answers.list import ask

    return ask(lang)


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
) -> Answer:
    asked = (plan, scenario, settings or ())
    if evidence:
        from plansim.reports.answers.evidence import ask
    elif baselines:
        from plansim.reports.answers.baselines import ask
    elif seen or seen_from is not None or picture is not None:
        from plansim.reports.answers import history

        return history.ask(*asked, seen_from, picture, lang)
    else:
        from plansim.reports.answers.show import ask
    return ask(*asked, lang)


@verb("targets", "targets yuyao-2016 --format csv")
def targets(plan: PlanArgument, lang: LangOption = LANG, format: FormatOption = "table") -> Answer:
    from plansim.reports.answers.targets import ask

    return ask(plan, lang)


@verb("validate", "validate ./my-plan")
def validate(path: PlanArgument, lang: LangOption = LANG) -> None:
    from plansim.reports.answers.validate import ask

    said, remarks = ask(path, lang)
    print(said)
    Meanwhile(lang).tell(*remarks)


@verb("new", "new ./my-plan.xlsx --xlsx")
def new(
    place: Annotated[Path, argument("DIR", "new_dir")],
    start: Annotated[str | None, option("--from", "from", "PLAN")] = None,
    as_workbook: Annotated[bool, option("--xlsx", "xlsx")] = False,
    lang: LangOption = LANG,
) -> None:
    from plansim.reports.answers.new import ask

    print(ask(place, start, as_workbook, lang))


@verb("check", "check yuyao-2016 --prices -2,0,2")
def check(
    plans: Annotated[list[str], argument("PLAN…", "plans")],
    prices: Annotated[str, option("--prices", "prices")] = "0",
    strict: Annotated[bool, option("--strict", "strict")] = False,
    lang: LangOption = LANG,
    format: FormatOption = "table",
) -> Answer:
    from plansim.reports.answers.check import ask

    return ask(plans, prices, strict, lang)


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
) -> Answer:
    from plansim.reports.answers.arguments import whole_numbers
    from plansim.reports.answers.calibrate import ask

    number = whole_numbers(draws=draws, seed=seed)
    told = Meanwhile(lang, quiet)
    return ask(plan, history, scenario, settings or (), out, told, **number)


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
    levers: Annotated[bool, option("--levers", "run_levers")] = False,
    view: ViewOption = "verdict",
    lang: LangOption = LANG,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> Answer:
    from plansim.reports.answers.arguments import whole_numbers

    number = whole_numbers(draws=draws, seed=seed, workers=workers)
    if scheduler == "processes":
        from plansim.analysis.crew import preload

        preload("plansim.cli", "plansim.simulator.run")
    from plansim.reports.answers.run import ask

    return ask(
        plan, scenario, settings or (), Meanwhile(lang, quiet), given=given or (),
        draws=number.pop("draws", None), tolerance=tolerance, scheduler=scheduler, sampler=sampler,
        calibration=calibration, uncalibrated=uncalibrated, out=out, fail_under=fail_under,
        levers=levers, view=view, **number,
    )  # fmt: skip


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
    view: MovingViewOption = "verdict",
    lang: LangOption = LANG,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> Answer:
    from plansim.reports.answers.arguments import whole_numbers
    from plansim.reports.answers.seek import ask

    return ask(
        plan, scenario, settings or (), Meanwhile(lang, quiet), targets=targets or (),
        together=together, confidence=confidence, least=least, budget=budget, levers=levers or (),
        picture=picture, uncalibrated=uncalibrated, view=view,
        number=whole_numbers(draws=draws, seed=seed, workers=workers),
    )  # fmt: skip


@verb("levers", "levers yuyao-2016 --target robotics-output-2020")
def levers(
    plan: PlanArgument,
    scenario: ScenarioOption = "plan",
    settings: SetOption = None,
    targets: Annotated[list[str] | None, option("--target", "levers_target", "TARGET")] = None,
    wanted: Annotated[list[str] | None, option("--lever", "levers_lever", "KEY")] = None,
    draws: Annotated[str, option("--draws", "attribute_draws", "N")] = "2000",
    seed: SeedOption = "1",
    uncalibrated: UncalibratedOption = False,
    lang: LangOption = LANG,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> Answer:
    from plansim.reports.answers.arguments import whole_numbers
    from plansim.reports.answers.levers import ask

    return ask(
        plan, scenario, settings or (), Meanwhile(lang, quiet), targets=targets or (),
        wanted=wanted or (), uncalibrated=uncalibrated, **whole_numbers(draws=draws, seed=seed),
    )  # fmt: skip


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
    view: MovingViewOption = "verdict",
    lang: LangOption = LANG,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> Answer:
    from plansim.analysis.workers import many
    from plansim.reports.answers.arguments import whole_numbers
    from plansim.scenarios.variants import columns, variants
    from plansim.store.write import is_run

    number = whole_numbers(draws=draws, seed=seed, workers=workers)
    if is_run(plan):
        from plansim.reports.answers.compare import ask_stored

        return ask_stored([plan, *(scenarios or ())], settings or (), variant or (), view, lang)
    asked = columns(scenarios or (), variants(variant or (), settings or ()))
    over = many(number["draws"] * len(asked), number["workers"])
    from plansim.reports.answers.compare import ask

    return ask(plan, asked, uncalibrated, view, Meanwhile(lang, quiet), over, **number)


@verb("attribute", "attribute yuyao-2016 plan --target energy-intensity-2020 --picture energy.png")
def attribute(
    plan: PlanArgument,
    scenario: Annotated[str, argument("S", "attribute_scenario")] = "plan",
    against: Annotated[str, option("--against", "against", "S")] = "baseline",
    settings: Annotated[list[str] | None, option("--set", "attribute_set", "PATH=VALUE")] = None,
    of: Annotated[str, option("--of", "of")] = "probability",
    by: Annotated[str, option("--by", "by")] = "programme",
    levers: Annotated[str, option("--levers", "attribute_levers", "A,B,…")] = "",
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
) -> Answer:
    from plansim.reports.answers.arguments import whole_numbers
    from plansim.reports.answers.attribute import ask

    return ask(
        plan, scenario, against, settings or (), Meanwhile(lang, quiet), of=of, by=by,
        levers=levers, targets=target or (), picture=picture, uncalibrated=uncalibrated,
        number=whole_numbers(draws=draws, seed=seed, workers=workers, orders=orders),
    )  # fmt: skip


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
) -> Answer:
    from plansim.reports.answers.arguments import whole_numbers
    from plansim.reports.answers.sensitivity import ask

    number = whole_numbers(draws=draws, seed=seed, workers=workers)
    return ask(
        plan, scenario, settings or (), Meanwhile(lang, quiet), targets=targets or (), of=of,
        picture=picture, uncalibrated=uncalibrated, **number,
    )  # fmt: skip


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
) -> Answer:
    from plansim.reports.answers.arguments import whole_numbers
    from plansim.reports.answers.discover import ask

    number = whole_numbers(draws=draws, seed=seed, workers=workers)
    return ask(
        plan, scenario, settings or (), Meanwhile(lang, quiet), targets=targets or (), when=when,
        uncalibrated=uncalibrated, **number,
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
) -> Answer:
    from plansim.reports.answers.arguments import whole_numbers
    from plansim.reports.answers.trace import ask

    number = whole_numbers(draw=draw, seed=seed)
    return ask(
        plan, scenario, settings or (), Meanwhile(lang), luck=luck, programmes=programmes or (),
        picture=gantt, out=out, uncalibrated=uncalibrated, **number,
    )  # fmt: skip


@verb("hindcast", "hindcast ./panel.csv --train 0.5 --pit pit.png")
def hindcast(
    panel: Annotated[Path, argument("PANEL.csv", "panel")],
    train: Annotated[str, option("--train", "train", "WHO")] = "",
    test: Annotated[str, option("--test", "test", "NAMES")] = "",
    seed: SeedOption = "1",
    since: Annotated[str, option("--from", "since", "YEAR")] = "0",
    history: Annotated[str, option("--history", "history", "N")] = "15",
    changes: Annotated[str, option("--changes", "changes", "N")] = "all",
    alone: Annotated[bool, option("--alone", "alone")] = False,
    engine: Annotated[bool, option("--engine", "engine")] = False,
    pit: Annotated[Path | None, option("--pit", "pit", "FILE")] = None,
    lang: LangOption = LANG,
    format: FormatOption = "table",
) -> Answer:
    from plansim.reports.answers.arguments import whole_numbers
    from plansim.reports.answers.hindcast import ask

    known = {} if changes == "all" else {"changes": changes}
    number = whole_numbers(**{"seed": seed, "from": since, "history": history}, **known)
    return ask(
        panel, train, test, pit, lang, seed=number["seed"], since=number["from"],
        history=number["history"], changes=number.get("changes"), alone=alone, engine=engine,
    )  # fmt: skip


@verb("settle", "settle yuyao-2016 --by yuyao-2020")
def settle(
    plan: PlanArgument,
    outturns: Annotated[Path | None, option("--outturns", "outturns", "FILE")] = None,
    by: Annotated[list[str] | None, option("--by", "settle_by", "PLAN")] = None,
    scenario: ScenarioOption = "plan",
    settings: SetOption = None,
    draws: Annotated[str, option("--draws", "attribute_draws", "N")] = "10000",
    seed: SeedOption = "1",
    workers: WorkersOption = "2",
    picture: Annotated[Path | None, option("--picture", "settle_picture", "FILE")] = None,
    lang: LangOption = LANG,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> Answer:
    from plansim.reports.answers.arguments import whole_numbers
    from plansim.reports.answers.settle import ask

    return ask(
        plan, scenario, settings or (), Meanwhile(lang, quiet), outturns=outturns, by=by or (),
        picture=picture, **whole_numbers(draws=draws, seed=seed, workers=workers),
    )  # fmt: skip


@verb("batch", "batch docs/batch.yaml")
def batch(
    file: Annotated[Path, argument("FILE.yaml", "batch_file")],
    out: Annotated[Path | None, option("--out", "batch_out", "DIR")] = None,
    resume: Annotated[bool, option("--resume", "resume")] = False,
    workers: Annotated[str, option("--workers", "processes", "N")] = "2",
    lang: LangOption = LANG,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> Answer:
    from plansim.analysis.crew import preload

    preload("plansim.simulator.run", "plansim.scenarios.load")
    from plansim.reports.answers.arguments import whole_number
    from plansim.reports.answers.batch import ask

    return ask(file, out, resume, whole_number(workers, "workers"), Meanwhile(lang, quiet))


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
) -> Answer:
    from plansim.reports.answers.arguments import pairs, whole_number
    from plansim.reports.answers.runs import ask
    from plansim.store.collection import Filter

    number, levers = whole_number(seed, "seed") if seed else None, pairs(settings or ())
    wanted = Filter(plan, scenario, number, status, levers, target, below, above)
    return ask(folder, wanted, export, iamc, lang)


@verb("report", "report runs/yuyao --format docx --lang zh")
def report(
    run: Annotated[Path, argument("RUN", "run_folder")],
    form: Annotated[str, option("--format", "report_format", list=", ".join(PAGES))] = "html",
    out: Annotated[Path | None, option("--out", "report_out", "FILE")] = None,
    history: Annotated[Path | None, option("--history", "report_history", "CSV")] = None,
    lang: LangOption = LANG,
) -> None:
    from plansim.analysis.crew import preload
    from plansim.reports.book.files import place_of

    place = place_of(run, form, out)
    if form != "xlsx":  # which draws its charts itself
        preload("plansim.cli", "matplotlib.backends.backend_agg", "plansim.reports.pictures.fans")
    from plansim.reports.book.report import ask

    print(ask(run, form, place, history, lang))


def main() -> None:
    """Answer one command line."""
    app(prog_name="plansim")
