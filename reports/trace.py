"""The log of one future as rows, as tables by programme and year, and as files."""

import csv
import errno
import io
import os
import re
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from math import inf
from pathlib import Path
from typing import Any

from rich.cells import cell_len

from plansim.reports.tables import Table
from plansim.reports.wording import exact, number
from plansim.scenarios.table import nearest
from plansim.simulator import units
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.network import quota_at
from plansim.simulator.plan import Plan, Programme
from plansim.simulator.trace import Lot, Step, Trace
from plansim.store.write import STRAY
from plansim.words.catalogue import say

#: The contract (docs/commands.md).
COLUMNS = (
    "time", "year", "programme", "entity", "stage", "event", "waited_for", "waited_days",
)  # fmt: skip
#: Endings of the files that can be written.
PICTURES, TABLES = (".png", ".svg"), (".csv",)
#: Days of a year (docs/model.md, Delivery).
DAYS = 365.25
#: Columns of text that the cell of what waits is wide, so that a table has 120 at most.
WAITING = 36
#: Where a line may break: behind a word or a Chinese character, with the signs that cling to it.
BITS = re.compile(
    r"[（《「『【“‘]*(?:[\u2e80-\uffef]|[^\s\u2e80-\uffef“‘]+)[，。；：、？！）》」』】”’]*\s*|\s+|."
)


# -- names -----------------------------------------------------------------------------------------


def traced(trace: Trace, wanted: Sequence[str]) -> tuple[str, ...]:
    """Queued programmes, or the wanted ones of them, in the order of the plan.

    Raises InputError naming every one that has no events, or where there is none at all.
    """
    keys = tuple(key for key in trace.plan.programmes if key in trace.lots)
    faults = []
    for key in wanted:
        if key not in trace.plan.programmes:
            fields = {"value": key, "choices": keys, "nearest": nearest(key, list(keys))}
            faults.append(Fault("unknown_programme", fields, file="--programme"))
        elif key not in keys:
            fields = {"value": key, "choices": keys}
            faults.append(Fault("programme_untraced", fields, file="--programme"))
    if not keys:
        faults.append(Fault("nothing_to_trace", {"value": trace.scenario}))
    if faults:
        raise InputError(faults)
    return tuple(key for key in keys if key in wanted) if wanted else keys


def stage_name(plan: Plan, key: str, stage: str, lang: str) -> str:
    """A stage as the plan names it."""
    queue = plan.programmes[key].queue
    assert queue is not None
    label = queue.stages[stage].name
    return stage if label is None else label.in_language(lang)


def route_text(trace: Trace, key: str, lang: str) -> str:
    """The stages of a programme, one after another."""
    return " → ".join(stage_name(trace.plan, key, s, lang) for s in trace.network.routes[key])


def reason(plan: Plan, step: Step) -> str:
    """Why a lot waited: server, stopped, money, land, quota."""
    if step.cause != "quota":
        return step.cause
    funds = {
        p.queue.subsidy.fund
        for p in plan.programmes.values()
        if p.queue is not None and p.queue.subsidy is not None
    }
    if step.station.endswith(".budget") or step.station.removeprefix("quotas.") in funds:
        return "money"
    measures = dict(units.parse(quota_at(plan, step.station).amount.unit).dimension)
    return "money" if "money" in measures else "land" if "area" in measures else "quota"


def wait_words(plan: Plan, step: Step, lang: str) -> str:
    """What a lot waited for, with the name of the office or of the quota."""
    why = reason(plan, step)
    section, key, *_ = step.station.split(".")
    if section == "offices":
        name = plan.offices[key].name.in_language(lang)
        return say("wait.office" if why == "server" else "wait.reopening", lang, name=name)
    if section == "quotas":
        label = plan.quotas[key].name
        name = key if label is None else label.in_language(lang)
        return say(f"wait.{why}", lang, name=name)
    return say("wait.budget" if why == "money" else f"wait.{why}", lang)


def counted(programme: Programme, text: str, lang: str) -> str:
    """A number of units with what they are: 5 firms, 5 家."""
    unit = programme.unit
    if unit in ("1", "count", "index"):
        return text
    if unit in ("firm", "person", "project", "cluster", "place"):
        return say(f"unit.{unit}", lang, number=text)
    return f"{text} {unit}"


def size(programme: Programme) -> float:
    """How many units, in the unit that the programme names, one lot stands for."""
    return programme.lot / units.parse(programme.unit).factor


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
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
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
        key=key,
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
        say("report.title", lang, plan=plan.name.in_language(lang), scenario=trace.scenario),
        say("trace.future", lang, **future_fields(trace)),
    ]


def future_fields(trace: Trace) -> dict[str, object]:
    """What names a future in a sentence."""
    first, last = trace.plan.plan.years
    return {
        "draw": trace.draw, "seed": trace.seed, "luck": trace.luck, "first": first, "last": last,
    }  # fmt: skip


def closing(trace: Trace, lang: str) -> list[str]:
    """What is not in the tables: programmes that have a schedule and no events."""
    scheduled = [
        programme.name.in_language(lang)
        for programme in trace.plan.programmes.values()
        if programme.active and programme.coverage is not None
    ]
    if not scheduled:
        return []
    return [say("trace.scheduled", lang, list=("、" if lang == "zh" else "; ").join(scheduled))]


def folded(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Text in lines that fit, broken between words or Chinese characters, or where it must be."""
    lines, line = [], ""
    for bit in BITS.findall(text):
        if fits((line + bit).rstrip()):
            line += bit
            continue
        if line:
            lines.append(line.rstrip())
        line = ""
        for letter in bit:
            if line and not fits(line + letter):
                lines.append(line)
                line = ""
            line += letter
    return [*lines, line.rstrip()]


# -- files -----------------------------------------------------------------------------------------


def check_files(wanted: Sequence[tuple[str, Path | None, Sequence[str]]]) -> None:
    """Refuse files (option, path, endings) that cannot be written, or are somebody else's.

    Raises InputError naming every one. Nothing is written.
    """
    faults = []
    for option, path, endings in wanted:
        if path is not None:
            faults += [Fault(c, f, file=option) for c, f in _file_fault(path, endings)]
    if faults:
        raise InputError(faults)


def _file_fault(path: Path, endings: Sequence[str]) -> Iterator[tuple[str, dict[str, object]]]:
    if path.suffix.lower() not in endings or not path.stem:
        yield "file_ending", {"value": str(path), "choices": list(endings)}
    elif os.path.isdir(path):
        yield "out_unwritable", {"value": str(path), "reason": os.strerror(errno.EISDIR)}
    elif os.path.lexists(path):
        if not _ours(path):
            yield "file_exists", {"value": str(path)}
    else:
        parent = next(p for p in path.absolute().parents if os.path.lexists(p))
        if not (parent.is_dir() and os.access(parent, os.W_OK)):
            yield "out_unwritable", {"value": str(path), "reason": str(parent)}


def _ours(path: Path) -> bool:
    """Whether a file is an earlier picture or table of this command, or empty."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError:
        return False
    mark = b"plansim" if path.suffix.lower() != ".csv" else ",".join(COLUMNS).encode()
    return not head or mark in head


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write files: all of them, or none. Raises InputError where one cannot be written."""
    fresh: dict[Path, Path] = {}
    path = Path()
    try:
        for path, raw in contents.items():
            folder = path.absolute().parent
            folder.mkdir(parents=True, exist_ok=True)
            fresh[path] = folder / f"{STRAY}{secrets.token_hex(8)}{path.suffix}"
            with fresh[path].open("xb") as stream:
                stream.write(raw)
                stream.flush()
                os.fsync(stream.fileno())
        for path, written in fresh.items():
            os.replace(written, path)
    except OSError as problem:
        why = {"value": str(path), "reason": problem.strerror or str(problem)}
        raise InputError([Fault("out_unwritable", why, file=str(path))]) from None
    finally:
        for written in fresh.values():
            written.unlink(missing_ok=True)
