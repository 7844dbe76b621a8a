"""The runs of a batch as tables and records, and what is said while they are under way."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from plansim.reports.tables import Answer, Table
from plansim.reports.words.wording import unit_text
from plansim.scenarios.load import assemble, read_source
from plansim.simulator.change import FACTOR
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.naming import entry_of, folded, name_of, path_of
from plansim.simulator.plan import Label, Plan
from plansim.store.collection import Collection, Filter, collect, targets
from plansim.store.export import Sheet, check_file, write, write_iamc
from plansim.store.read import read_plan
from plansim.store.run_file import DONE, STATUSES, faults_of
from plansim.store.write import PLAN
from plansim.words.amounts import number, percent
from plansim.words.catalogue import catalogue, say, say_fault
from plansim.words.statements import verdict_word

#: Columns of the records (docs/commands.md); levers stand between ``scenario`` and ``seed``.
RUN_COLUMNS = (
    "run", "plan", "scenario", "seed", "draws", "status", "targets", "met_p10", "met_p50",
    "met_p90", "all_probability", "all_low", "all_high", "reason", "scenario_name",
)  # fmt: skip
TARGET_COLUMNS = (
    "run", "plan", "scenario", "seed", "target", "indicator", "subject", "unit", "year",
    "low", "high", "p05", "p50", "p95", "probability", "prob_low", "prob_high", "verdict",
    "scenario_name", "target_name",
)  # fmt: skip
#: What no key and no path holds: a blank, or a letter that is not Latin.
NAME = re.compile("[^!-~]")
#: Names that are told where nothing fits.
SHORT = 6
#: Rows that a table shows on a screen.
MOST_SHOWN = 40


def ask(folder: Path, wanted: Filter, export: Path | None, iamc: Path | None, lang: str) -> Answer:
    """Runs that fit, listed, and written to files for others."""
    check_filter(wanted)
    for path, flag in ((export, "--export"), (iamc, "--iamc")):
        if path is not None:
            check_file(path, flag)
    wanted = by_keys(folder, wanted)
    found = collect(folder, wanted)
    if iamc is not None:
        write_iamc(found, iamc)
    if export is not None:
        write(export, sheets(found, wanted, lang))
    notes = [say("say.wrote", lang, value=path) for path in (export, iamc) if path is not None]
    return replace(listing(found, wanted, folder, lang), notes=notes)


def by_keys(folder: Path, wanted: Filter) -> Filter:
    """The filter with keys where names were typed, by the plans of the runs that can be read."""
    words = (wanted.target, wanted.scenario, *(path for path, _ in wanted.settings))
    if not any(NAME.search(word) for word in words):
        return wanted
    called = Called.of(collect(folder, Filter()), "en")
    for plan in called.plans.values():
        settings = tuple((path_of(plan, path), value) for path, value in wanted.settings)
        target = entry_of(plan, "targets", wanted.target) if wanted.target else ""
        wanted = replace(wanted, settings=settings, target=target)
    for (_, key), name in called.scenarios.items():
        if folded(wanted.scenario) in (folded(name.zh), folded(name.en)):
            wanted = replace(wanted, scenario=key)
    return wanted


@dataclass(frozen=True, slots=True)
class Called:
    """What plans call what their runs hold keys of; a plan that is not at hand calls nothing.

    ``plans`` by key; ``scenarios``: names by what leads to their plan, and their own key.
    """

    plans: Mapping[str, Plan]
    scenarios: Mapping[tuple[str, str], Label]
    lang: str

    @classmethod
    def of(cls, found: Collection, lang: str) -> "Called":
        """Of a batch, plans are where it found them; a single run has its own beside it."""
        plans: dict[str, Plan] = {}
        scenarios: dict[tuple[str, str], Label] = {}
        for key in found.known["plan"]:
            names: dict[str, Label] = {}
            try:
                if (found.folder / PLAN).is_file():
                    plan = read_plan(found.folder)
                    if plan.scenario_name is not None:
                        names = {plan.scenario: plan.scenario_name}
                else:
                    source = read_source(key)
                    plan = assemble(source)
                    names = {name: scenario.name for name, scenario in source.scenarios.items()}
            except InputError:
                continue
            for word in (plan.plan.id, key):  # targets have the id, runs what leads to the plan
                plans[word] = plan
                scenarios |= {(word, name): label for name, label in names.items()}
        return cls(plans, scenarios, lang)

    def scenario(self, row: Mapping[str, Any]) -> str:
        """The name of a run's scenario."""
        label = self.scenarios.get((row["plan"], row["scenario"]))
        return str(row["scenario"]) if label is None else label.in_language(self.lang)

    def target(self, row: Mapping[str, Any]) -> str:
        """The name of a target of a run."""
        return self._named(row, f"targets.{row['target']}", str(row["target"]))

    def settings(self, row: Mapping[str, Any], levers: Sequence[str]) -> str:
        """What a run sets, and to what."""
        return "\n".join(
            f"{self._named(row, path, short(path))} = {self._value(row[path])}"
            for path in levers
            if row[path] is not None
        )

    def _named(self, row: Mapping[str, Any], path: str, otherwise: str) -> str:
        plan = self.plans.get(row["plan"])
        name = path if plan is None else name_of(plan, path, self.lang)
        return otherwise if name == path else name

    def _value(self, text: str) -> str:
        """A factor as one writes it, a switch in words."""
        if f"reading.{text}" in catalogue(self.lang):
            return say(f"reading.{text}", self.lang)
        return f"×{text[1:].strip()}" if FACTOR.match(text) else text


def check_filter(wanted: Filter) -> None:
    """Raises InputError for a status that no run has, and for probabilities that are none."""
    faults = [
        Fault("argument_range", {"value": bound, "allowed": "0 … 1"}, flag)
        for flag, bound in (("--below", wanted.below), ("--above", wanted.above))
        if bound is not None and not 0 <= bound <= 1
    ]
    if wanted.status and wanted.status not in STATUSES:
        shown = {"value": wanted.status, "choices": list(STATUSES)}
        faults.append(Fault("unknown_choice", shown, file="--status"))
    if faults:
        raise InputError(faults)


def columns(names: Sequence[str], levers: Sequence[str]) -> tuple[str, ...]:
    """Columns of records with those of the levers."""
    place = names.index("seed")
    return (*names[:place], *levers, *names[place:])


def run_records(found: Collection, called: Called) -> list[dict[str, Any]]:
    """One record a run; words in the language asked for."""
    names = columns(RUN_COLUMNS, found.levers)
    records = []
    for row in found.runs.to_pylist():
        reason = "; ".join(say_fault(fault, called.lang) for fault in faults_of(row["faults"]))
        row |= {"reason": reason, "scenario_name": called.scenario(row)}
        records.append({name: row[name] for name in names})
    return records


def target_records(found: Collection, wanted: Filter, called: Called) -> list[dict[str, Any]]:
    """One record a target of a run."""
    runs = {row["run"]: row for row in found.runs.to_pylist()}
    names = columns(TARGET_COLUMNS, found.levers)
    records = []
    for row in targets(found, wanted).to_pylist():
        row["verdict"] = verdict_word(row["verdict"], called.lang)
        whole = {**runs[row["run"]], **row}
        whole |= {"scenario_name": called.scenario(whole), "target_name": called.target(whole)}
        records.append({name: whole[name] for name in names})
    return records


def run_table(records: Sequence[Mapping[str, Any]], levers: Sequence[str], called: Called) -> Table:
    """Runs at a glance: what was set, how many targets are met, how surely all of them."""
    rows = tuple(
        (
            row["run"],
            row["plan"],
            row["scenario_name"],
            called.settings(row, levers),
            str(row["seed"]),
            say(f"runstatus.{row['status']}", called.lang),
            met_text(row, called.lang),
            chance(row["all_probability"]),
        )
        for row in records[:MOST_SHOWN]
    )
    names = ("run", "plan", "scenario", "settings", "seed", "status", "met", "all_met")
    return _slim(Table(names, rows, right=("seed", "met", "all_met"), optional=("run",)))


def target_table(
    records: Sequence[Mapping[str, Any]], levers: Sequence[str], called: Called
) -> Table:
    """Targets of several runs: simulated, probability, verdict."""
    rows = tuple(
        (
            row["run"],
            row["plan"],
            row["scenario_name"],
            called.settings(row, levers),
            str(row["seed"]),
            row["target_name"],
            f"{number(row['p50'])} ({number(row['p05'])} … {number(row['p95'])}) "
            + unit_text(row["unit"], called.lang),
            chance(row["probability"]),
            row["verdict"],
        )
        for row in records[:MOST_SHOWN]
    )
    names = (
        "run", "plan", "scenario", "settings", "seed",
        "target", "simulated", "probability", "verdict",
    )  # fmt: skip
    return _slim(Table(names, rows, right=("seed", "simulated", "probability"), optional=("run",)))


def _slim(table: Table) -> Table:
    """The table without columns that say nothing, or the same in every row."""
    for name in ("settings", "plan", "seed"):
        cells = {row[table.columns.index(name)] for row in table.rows}
        if cells == {""} or (name != "settings" and len(cells) == 1 and len(table.rows) > 1):
            table = table.without(name)
    return table


def short(path: str) -> str:
    """A path without its first part: quotas.land.amount → land.amount."""
    return path.partition(".")[2] or path


def chance(probability: float | None) -> str:
    return "" if probability is None else percent(probability)


def met_text(row: Mapping[str, Any], lang: str) -> str:
    """How many targets a run meets: median and the range of eight futures in ten."""
    if row["met_p50"] is None:
        return ""
    shown = {key: row[key] for key in ("met_p10", "met_p50", "met_p90", "targets")}
    return say("report.met", lang, **shown)


def listing(found: Collection, wanted: Filter, folder: object, lang: str) -> Answer:
    """Runs, or the targets of runs where the filter asks for targets."""
    names: tuple[str, ...]
    called = Called.of(found, lang)
    if wanted.of_targets:
        records = target_records(found, wanted, called)
        names, draw, below = TARGET_COLUMNS, target_table, []
    else:
        records = run_records(found, called)
        names, draw = RUN_COLUMNS, run_table
        below = [batch_line(records, folder, lang)] if records else []
    if not records:
        below += [say("report.no_rows", lang), *hints(found, wanted, lang)]
    if len(records) > MOST_SHOWN:
        hidden = len(records) - MOST_SHOWN
        below.append(say("report.not_shown", lang, number=hidden, value=folder))
    if not wanted.of_targets:
        below += failures(records, lang)
    tables = [draw(records, found.levers, called)] if records else []
    return Answer(records, tables, (), below, columns(names, found.levers))


def hints(found: Collection, wanted: Filter, lang: str) -> Iterator[str]:
    """Names that may have been meant where nothing fits."""
    known = {name: list(found.known[name]) for name in ("plan", "scenario")}
    if len(found.runs):
        known["target"] = list(dict.fromkeys(found.rows("targets")["target"].to_pylist()))
    for name, names in known.items():
        asked = getattr(wanted, name)
        if asked and not any(fnmatchcase(each, asked) for each in names):
            near = names if len(names) <= SHORT else get_close_matches(asked, names, SHORT, 0.4)
            if near:
                yield say("report.known", lang, value=f"--{name}", list=", ".join(near))


def sheets(found: Collection, wanted: Filter, lang: str) -> dict[str, Sheet]:
    """Runs and their targets by name, what is listed first."""
    called = Called.of(found, lang)
    records = {"runs": run_records(found, called), "targets": target_records(found, wanted, called)}
    names = {"runs": RUN_COLUMNS, "targets": TARGET_COLUMNS}
    order = sorted(records, reverse=wanted.of_targets)
    heads = {name: columns(names[name], found.levers) for name in order}
    return {n: (heads[n], [[row[c] for c in heads[n]] for row in records[n]]) for n in order}


def failures(records: Sequence[Mapping[str, Any]], lang: str) -> list[str]:
    """Why runs have no result, said once for all that have the same reason."""
    reasons: dict[str, list[Mapping[str, Any]]] = {}
    for row in records:
        if row["reason"]:
            reasons.setdefault(row["reason"], []).append(row)
    lines = []
    for reason, rows in list(reasons.items())[:MOST_SHOWN]:
        shown = {"run": rows[0]["run"], "plan": rows[0]["plan"]}
        shown["scenario"] = rows[0]["scenario_name"]
        line = say("report.run_failed", lang, **shown, reason=reason)
        same = len(rows) - 1
        lines.append(line + say("report.so_failed", lang, number=same) if same else line)
    return lines


def batch_line(records: Sequence[Mapping[str, Any]], folder: object, lang: str) -> str:
    """What became of a batch, in one line."""
    done = sum(row["status"] == DONE for row in records)
    key = "report.batch_done" if done == len(records) else "report.batch_partly"
    return say(key, lang, done=done, total=len(records), value=folder)
