"""A folder of runs → tables: a batch, finished or under way, or the folder of a single run.

Parquet is read and filtered by pyarrow, which is there anyway and reads only the columns and row
groups that are asked for.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from plansim.simulator.errors import Fault, InputError
from plansim.store.journal import BEGUN, Batch, begun, read_part
from plansim.store.run_file import DONE, MISSING, RunSpec, run_row, schemas
from plansim.store.write import DETAILS, MANIFEST

#: The id of the only run of a folder that ``plansim run --out`` wrote.
SINGLE = "run"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which runs, and which targets in them. Words may hold * and ?; "" and None leave all.

    ``settings``: what a lever must be set to, by its path.
    """

    plan: str = ""
    scenario: str = ""
    seed: int | None = None
    status: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    target: str = ""
    below: float | None = None
    above: float | None = None

    @property
    def of_targets(self) -> bool:
        """Whether it asks for targets, not for runs."""
        return bool(self.target) or self.below is not None or self.above is not None


@dataclass(frozen=True, slots=True)
class Collection:
    """Runs that were found. ``levers``: columns of ``runs`` that the batch moves; ``known``: the
    plans and scenarios of all runs that there are.
    """

    folder: Path
    runs: pa.Table
    levers: tuple[str, ...]
    known: Mapping[str, tuple[str, ...]]

    def rows(self, name: str) -> pa.Table:
        """The rows of targets, indicators or draws of these runs, in the order of the runs."""
        ids = self.runs["run"].combine_chunks()
        if (self.folder / BEGUN).exists():
            return _from_parts(self.folder, ids.to_pylist(), name, self.levers)
        if begun(self.folder) is None:
            return (
                _of_single_run(self.folder, name) if len(ids) else schemas(())[name].empty_table()
            )
        return _parquet(self.folder, name, pc.field("run").isin(ids))


def collect(folder: Path, wanted: Filter) -> Collection:
    """The runs of a folder that fit. Raises InputError where there are none, or no such lever."""
    told = begun(folder)
    if told is not None and (folder / BEGUN).exists():
        batch = Batch.read(told)
        runs, levers = pa.concat_tables(_row(folder, r, batch) for r in batch.runs), batch.levers
    elif told is not None:
        runs, levers = _parquet(folder, "runs"), tuple(told["levers"])
    elif (folder / MANIFEST).is_file():
        runs, levers = _single(folder), ()
    else:
        raise InputError([Fault("no_runs", {"value": str(folder)}, file="DIR")])
    for path, _ in wanted.settings:
        if path not in levers:
            shown = {"value": path, "choices": list(levers)}
            raise InputError([Fault("runs_lever", shown, file="--set")])
    known = {name: tuple(dict.fromkeys(runs[name].to_pylist())) for name in ("plan", "scenario")}
    return Collection(folder, runs.filter(_fits(runs, wanted)), levers, known)


def targets(found: Collection, wanted: Filter) -> pa.Table:
    """The judged targets of the runs that fit."""
    table = found.rows("targets")
    keep = pc.and_(pc.is_valid(table["probability"]), _matches(table["target"], wanted.target))
    if wanted.below is not None:
        keep = pc.and_(keep, pc.less(table["probability"], wanted.below))
    if wanted.above is not None:
        keep = pc.and_(keep, pc.greater(table["probability"], wanted.above))
    return table.filter(keep)


def _fits(runs: pa.Table, wanted: Filter) -> Any:
    keep = pa.array([True] * len(runs), pa.bool_())
    for column in ("plan", "scenario", "status"):
        keep = pc.and_(keep, _matches(runs[column], getattr(wanted, column)))
    if wanted.seed is not None:
        same = [seed == wanted.seed for seed in runs["seed"].to_pylist()]
        keep = pc.and_(keep, pa.array(same, pa.bool_()))
    for path, value in wanted.settings:
        keep = pc.and_(keep, _matches(runs[path], value))
    return keep


def _matches(column: Any, word: str) -> Any:
    """Where a word fits, in which * stands for anything and ? for any letter; "" fits all."""
    if not word:
        return pa.array([True] * len(column), pa.bool_())
    form = re.compile(re.escape(word).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)
    fits = [cell is not None and bool(form.fullmatch(cell)) for cell in column.to_pylist()]
    return pa.array(fits, pa.bool_())  # also of none


def _row(folder: Path, run: RunSpec, batch: Batch) -> pa.Table:
    part = read_part(folder, run.id)
    return part[0]["runs"] if part else run_row(run, batch.levers, MISSING, (), None)


def _from_parts(folder: Path, ids: Sequence[str], name: str, levers: Sequence[str]) -> pa.Table:
    parts = [part[0][name] for run in ids if (part := read_part(folder, run)) is not None]
    return pa.concat_tables([schemas(levers)[name].empty_table(), *parts])


# -- a single run ----------------------------------------------------------------------------------


def _single(folder: Path) -> pa.Table:
    """The row of a folder that ``plansim run --out`` wrote."""
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        row = {key: told[key] for key in ("plan", "scenario", "seed", "draws", "sampler")}
        row |= {"plan_hash": told["plan_hash"], "futures": told["support"]}
        row |= {"settings": "; ".join(told["set"]), "run": SINGLE, "status": DONE, "faults": "[]"}
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError([Fault("no_runs", {"value": str(folder)}, file="DIR")]) from None
    return pa.Table.from_pylist([row | _joint(folder)], schemas(())["runs"])


def _joint(folder: Path) -> dict[str, Any]:
    """How many targets are met together, where the run says it."""
    try:
        details = json.loads((folder / DETAILS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    row = dict(zip(("met_p10", "met_p50", "met_p90"), details["met_number"], strict=True))
    for joint in (j for j in details["joint"] if j["group"] == "all"):
        row |= {"targets": joint["targets"], "all_probability": joint["probability"]}
        row |= {"all_low": joint["prob_low"], "all_high": joint["prob_high"]}
    return row


def _of_single_run(folder: Path, name: str) -> pa.Table:
    table = _parquet(folder, name)
    return table.add_column(0, "run", pa.array([SINGLE] * len(table)))


def _parquet(folder: Path, name: str, rows: Any = None) -> pa.Table:
    """A table of a folder, or those of its rows. Raises InputError where it cannot be read."""
    import pyarrow.parquet as pq

    try:
        return pq.read_table(folder / f"{name}.parquet", filters=rows)
    except (OSError, pa.ArrowException) as problem:
        shown = {"value": f"{name}.parquet", "reason": str(problem).splitlines()[0]}
        raise InputError([Fault("runs_unreadable", shown, file=str(folder))]) from None
