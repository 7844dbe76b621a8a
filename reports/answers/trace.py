"""The log of one future as rows, as tables by programme and year, and as files."""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from math import inf
from pathlib import Path
from typing import Any

from rich.cells import cell_len

from plansim.reports.answers.plan import as_run
from plansim.reports.pictures.gantt import gantt
from plansim.reports.tables import Answer, Table
from plansim.reports.terminal import Meanwhile
from plansim.reports.words.delivery import (
    counted,
    future_fields,
    reason,
    route_text,
    scheduled,
    size,
    stage_name,
    wait_words,
)
from plansim.reports.words.folding import folded
from plansim.reports.words.wording import named_columns, with_names
from plansim.simulator import units
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.naming import called, entry_of, nearest_called
from plansim.simulator.trace import Lot, Trace, trace
from plansim.store.files import PICTURES, TABLES, check_files, write_files
from plansim.store.plans import Document
from plansim.words.amounts import exact, number
from plansim.words.catalogue import say

#: The contract (docs/commands.md).
COLUMNS = (
    "time", "year", "programme", "entity", "stage", "event", "waited_for", "waited_days",
)  # fmt: skip
#: Days of a year (docs/model.md, Delivery).
DAYS = 365.25
#: Columns of text that the cell of what waits is wide, so that a table has 120 at most.
WAITING = 36


def ask(
    name: str,
    scenario: str,
    settings: Sequence[str],
    meanwhile: Meanwhile,
    *,
    seed: int,
    draw: int,
    luck: str,
    programmes: Sequence[str],
    picture: Path | None,
    out: Path | None,
    uncalibrated: bool,
) -> Answer:
    """One future, event by event; ``picture`` and ``out`` are written."""
    check_files((("--gantt", picture, PICTURES), ("--out", out, TABLES)), COLUMNS)
    document, lang = Document.of(name, uncalibrated=uncalibrated), meanwhile.lang
    plan, drawn_by = as_run(document, scenario, settings, meanwhile)
    future = trace(plan, seed, draw, luck)
    keys = traced(future, programmes)
    records = with_names(future.plan, event_records(future, keys), lang)
    contents: dict[Path, bytes] = {}
    if picture is not None:
        contents[picture] = gantt(future, keys, lang, picture.suffix)
    if out is not None:
        contents[out] = event_csv(records)
    write_files(contents)
    return Answer(
        records, trace_tables(future, keys, lang),
        [*heading(future, lang), *drawn_by],
        scheduled(future, lang), named_columns(COLUMNS),
        [say("say.wrote", lang, value=path) for path in contents],
    )  # fmt: skip


# -- names -----------------------------------------------------------------------------------------


def traced(trace: Trace, wanted: Sequence[str]) -> tuple[str, ...]:
    """Queued programmes, or the wanted ones of them, in the order of the plan.

    Raises InputError naming every one that has no events, or where there is none at all.
    """
    plan = trace.plan
    keys = tuple(key for key in plan.programmes if key in trace.lots)
    wanted = [entry_of(plan, "programmes", word) for word in wanted]
    faults = []
    known = [called(plan, f"programmes.{key}") for key in keys]
    for key in wanted:
        fields: dict[str, object] = {"value": key, "choices": known}
        if key not in plan.programmes:
            fields["nearest"] = nearest_called(plan, key, [f"programmes.{k}" for k in keys])
            faults.append(Fault("unknown_programme", fields, file="--programme"))
        elif key not in keys:
            fields["value"] = called(plan, f"programmes.{key}")
            faults.append(Fault("programme_untraced", fields, file="--programme"))
    if not keys:
        faults.append(Fault("nothing_to_trace", {"value": trace.scenario}))
    if faults:
        raise InputError(faults)
    return tuple(key for key in keys if key in wanted) if wanted else keys


# -- rows ------------------------------------------------------------------------------------------


def event_records(trace: Trace, keys: Sequence[str]) -> list[dict[str, Any]]:
    """One record an event, in order of time, with the columns of the contract.

    A lot that need not wait has no row for it: only when it takes or begins.
    """
    steps = {
        (key, lot.number, step.stage, step.station): step
        for key in keys
        for lot in trace.lots[key]
        for step in lot.steps
    }
    records = []
    for event in trace.events:
        if event.programme not in keys:
            continue
        when = calendar(trace.plan.plan.base_year, event.time)
        step = steps.get((event.programme, event.lot + 1, event.stage, event.station))
        passing = event.kind in ("takes", "begins")
        if event.kind == "waits" and step is not None and not step.waited:
            continue
        waits = step is not None and step.waited and (passing or event.kind == "waits")
        days = None
        if step is not None and passing:
            days = round((step.passed - step.arrived) * DAYS, 1)
        records.append(
            {
                "time": when.isoformat(),
                "year": when.year,
                "programme": event.programme,
                "entity": f"{event.programme}/{event.lot + 1}",
                "stage": event.stage,
                "event": event.kind,
                "waited_for": f"{reason(trace.plan, step)}: {step.station}"
                if waits and step is not None
                else "",
                "waited_days": days,
            }
        )
    return records


def calendar(base_year: int, time: float) -> date:
    """The day of a time in years since the beginning of the base year."""
    whole = int(time)
    january = date(base_year + whole, 1, 1)
    days = (date(base_year + whole + 1, 1, 1) - january).days
    return january + timedelta(days=int((time - whole) * days))


def event_csv(records: Sequence[Mapping[str, Any]]) -> bytes:
    """The records as the text of a csv file."""
    text = io.StringIO()
    columns = list(records[0]) if records else named_columns(COLUMNS)
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


# -- tables ----------------------------------------------------------------------------------------


def trace_tables(trace: Trace, keys: Sequence[str], lang: str) -> list[Table]:
    """One table a programme: what came, went and waited, year by year."""
    return [_table(trace, key, lang) for key in keys]


def _table(trace: Trace, key: str, lang: str) -> Table:
    programme = trace.plan.programmes[key]
    queue = programme.queue
    assert queue is not None
    lots, each, base = trace.lots[key], size(programme), trace.plan.plan.base_year

    def text(lots: float) -> str:
        return exact(lots * each)

    rows = []
    first = [_first_passed(lot, next(iter(queue.stages))) for lot in lots]
    for year in range(queue.start - base, int(trace.until)):
        end = year + 1
        applied = sum(year <= lot.applied < end for lot in lots)
        here = [
            lot for lot in lots if lot.applied < end and min(lot.delivered, lot.dropped) >= year
        ]
        if not here:
            continue
        done = [lot for lot in here if min(lot.delivered, lot.dropped) < end]
        rows.append(
            (
                str(base + year),
                text(applied),
                text(sum(year <= time < end for time in first)),
                text(len(here) - len(done)),
                text(sum(lot.dropped < end for lot in done)),
                text(sum(lot.delivered < end for lot in done)),
                text(sum(lot.delivered < end for lot in lots)),
                "\n".join(_waiting(trace, key, end, text, lang)),
            )
        )
    numbers = (
        "year", "applied", "approved", "under_way", "dropped", "delivered", "delivered_all",
    )  # fmt: skip
    return Table((*numbers, "waiting"), tuple(rows), right=numbers, title=_title(trace, key, lang))


def _first_passed(lot: Lot, stage: str) -> float:
    """When a lot came through the first stage, if it did not drop out there."""
    ended = min((step.ended for step in lot.steps if step.stage == stage), default=inf)
    return inf if lot.dropped == ended else ended


def _waiting(
    trace: Trace, key: str, end: float, text: Callable[[float], str], lang: str
) -> Iterator[str]:
    """Where lots wait at the end of a year, and for what, the most first."""
    found: Counter[tuple[str, str]] = Counter()
    for step in trace.steps(key):
        if step.arrived < end <= step.passed:
            found[step.stage, wait_words(trace.plan, step, lang)] += 1
    for (stage, what), lots in found.most_common():
        name = stage_name(trace.plan, key, stage, lang)
        line = say("trace.waiting", lang, stage=name, number=text(lots), what=what)
        yield from folded(line, lambda part: cell_len(part) <= WAITING)


def _title(trace: Trace, key: str, lang: str) -> str:
    programme = trace.plan.programmes[key]
    planned = number(trace.planned[key] / units.parse(programme.unit).factor)
    head = say(
        "trace.programme",
        lang,
        name=programme.name.in_language(lang),
        route=route_text(trace, key, lang),
        planned=counted(programme, planned, lang),
    )
    if size(programme) != 1:
        lot = counted(programme, exact(size(programme)), lang)
        head = say("trace.lots", lang, text=head, lot=lot)
    return f"{head}\n{longest(trace, key, lang)}"


def longest(trace: Trace, key: str, lang: str) -> str:
    """At which stage the lots of a programme wait most, and what for, in one sentence."""
    stages: defaultdict[str, float] = defaultdict(float)
    reasons: defaultdict[tuple[str, str], float] = defaultdict(float)
    for step in trace.steps(key):
        if wait := step.wait(trace.until):
            stages[step.stage] += wait
            reasons[step.stage, wait_words(trace.plan, step, lang)] += wait
    if not stages:
        return say("trace.no_wait", lang)
    most = max(stages, key=lambda stage: stages[stage])
    what = max((wait, what) for (stage, what), wait in reasons.items() if stage == most)[1]
    came = sum(any(step.stage == most for step in lot.steps) for lot in trace.lots[key])
    return say(
        "trace.longest",
        lang,
        stage=stage_name(trace.plan, key, most, lang),
        what=what,
        days=number(stages[most] * DAYS / came),
        lots=came,
    )


def heading(trace: Trace, lang: str) -> list[str]:
    """Which future is shown."""
    plan = trace.plan.plan
    return [
        say(
            "report.title",
            lang,
            plan=plan.name.in_language(lang),
            scenario=trace.plan.scenario_in(lang),
        ),
        say("trace.future", lang, **future_fields(trace)),
    ]
