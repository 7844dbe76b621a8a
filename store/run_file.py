"""One run of a batch ⇄ bytes: four Arrow tables, one after the other, behind their hash.

``runs``: one row, what was run and what came of it. ``targets``: the columns of ``plansim run``.
``indicators``: fans in the long form of the IAMC. ``draws``: kept futures, one row a target, in
the target's unit. Every table begins with the id of the run.
"""

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa

from plansim.simulator.errors import Fault
from plansim.simulator.results import Joint, Result, Verdict
from plansim.store.write import long_form, plan_hash

TABLES = ("runs", "targets", "indicators", "draws")
#: What became of a run: judged, refused (its input is wrong), lost (its worker failed), or not yet.
STATUSES = DONE, REFUSED, LOST, MISSING = ("done", "refused", "lost", "missing")
#: Type of a field of ``Verdict`` → type of its column.
TYPES: dict[Any, pa.DataType] = {
    str: pa.string(),
    int | None: pa.int64(),
    float | None: pa.float64(),
}
#: Hash and seconds, before the tables.
HEAD = struct.Struct("<32sd")


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run of a batch. ``settings``: what is set on top of the scenario, path and value."""

    plan: str
    scenario: str
    settings: tuple[tuple[str, str], ...]
    seed: int
    draws: int
    sampler: str
    keep: int

    @property
    def id(self) -> str:
        """Ten digits that tell what is run, and nothing about its place in the batch."""
        told = [getattr(self, f.name) for f in fields(self)]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:10]

    @property
    def typed(self) -> tuple[str, ...]:
        """The settings as ``--set`` takes them."""
        return tuple(f"{path}={value}" for path, value in self.settings)


def schemas(levers: Sequence[str]) -> dict[str, pa.Schema]:
    """Columns of the four tables; every lever that the batch moves is a column of ``runs``."""
    text, whole, number = pa.string(), pa.int64(), pa.float64()
    runs = {"run": text, "plan": text, "scenario": text, "settings": text}
    runs |= dict.fromkeys(levers, text)
    runs |= {"seed": whole, "draws": whole, "sampler": text, "calibration": text}
    runs |= {"status": text, "plan_hash": text}
    runs |= dict.fromkeys(("futures", "targets", "met_p10", "met_p50", "met_p90"), whole)
    runs |= dict.fromkeys(("all_probability", "all_low", "all_high"), number)
    long = dict.fromkeys(("run", "model", "scenario", "region", "variable", "unit"), text)
    return {
        "runs": pa.schema(runs | {"faults": text}),
        "targets": pa.schema({"run": text} | {f.name: TYPES[f.type] for f in fields(Verdict)}),
        "indicators": pa.schema(long | {"year": whole, "quantile": number, "value": number}),
        "draws": pa.schema(
            {"run": text, "draw": whole, "luck": pa.int8(), "target": text, "value": number}
        ),
    }


def tables_of(
    spec: RunSpec, levers: Sequence[str], result: Result, calibration: str = ""
) -> dict[str, pa.Table]:
    """What is kept of a run. ``calibration``: "used", why one was not, "" where there is none."""
    shape = schemas(levers)
    frame = long_form(result)
    frame.insert(0, "run", spec.id)
    verdicts = [{"run": spec.id} | _fields(v) for v in result.verdicts]
    return {
        "runs": run_row(spec, levers, DONE, (), result, calibration),
        "targets": pa.Table.from_pylist(verdicts, shape["targets"]),
        "indicators": pa.Table.from_pandas(frame, shape["indicators"], preserve_index=False),
        "draws": _draws(spec, result, shape["draws"]),
    }


def without_result(
    spec: RunSpec, levers: Sequence[str], status: str, faults: Sequence[Fault]
) -> dict[str, pa.Table]:
    """What is kept of a run that gave no result: its row, with the reason."""
    empty = {name: shape.empty_table() for name, shape in schemas(levers).items()}
    return empty | {"runs": run_row(spec, levers, status, faults, None)}


def run_row(
    spec: RunSpec,
    levers: Sequence[str],
    status: str,
    faults: Sequence[Fault],
    result: Result | None,
    calibration: str = "",
) -> pa.Table:
    """The row of ``runs``; what is not known is empty."""
    row: dict[str, Any] = {name: getattr(spec, name) for name in ("plan", "scenario", "seed")}
    row |= {"run": spec.id, "draws": spec.draws, "sampler": spec.sampler, "status": status}
    row |= {"calibration": calibration, "settings": "; ".join(spec.typed)} | dict(spec.settings)
    row["faults"] = json.dumps(
        [_fields(fault) for fault in faults], ensure_ascii=False, default=str
    )
    if result is not None:
        joint: Joint | None = next((j for j in result.joint if j.group == "all"), None)
        row |= {"plan_hash": plan_hash(result.plan), "futures": result.support}
        row |= zip(("met_p10", "met_p50", "met_p90"), result.met_number, strict=True)
        if joint is not None:
            row |= {"targets": joint.targets, "all_probability": joint.probability}
            row |= {"all_low": joint.prob_low, "all_high": joint.prob_high}
    return pa.Table.from_pylist([row], schemas(levers)["runs"])


def faults_of(text: str) -> list[Fault]:
    """The faults of a row of ``runs``."""
    return [Fault(**fields_) for fields_ in json.loads(text or "[]")]


def _fields(noun: Verdict | Fault) -> dict[str, Any]:
    return {f.name: getattr(noun, f.name) for f in fields(noun)}


def _draws(spec: RunSpec, result: Result, shape: pa.Schema) -> pa.Table:
    kept, scale = result.kept.first(spec.keep), {t.id: t.scale for t in result.plan.targets}
    names = [v.target for v in result.judged]
    each = len(names)
    values = (kept.reads / [[scale[name]] for name in names]).T if each else kept.reads.T
    columns = {
        "run": [spec.id] * (each * kept.futures),
        "draw": kept.draw.repeat(each),
        "luck": kept.luck.repeat(each).astype("int8"),
        "target": names * kept.futures,
        "value": values.ravel(),
    }
    return pa.table(columns, schema=shape)


# -- bytes -----------------------------------------------------------------------------------------


def packed(tables: Mapping[str, pa.Table], seconds: float) -> bytes:
    """The tables of a run, and how long it took, with a hash of all of it."""
    sink, options = pa.BufferOutputStream(), pa.ipc.IpcWriteOptions(compression="zstd")
    for name in TABLES:
        with pa.ipc.new_stream(sink, tables[name].schema, options=options) as stream:
            stream.write_table(tables[name])
    body: bytes = sink.getvalue().to_pybytes()
    return HEAD.pack(_digest(seconds, body), seconds) + body


def unpacked(raw: bytes) -> tuple[dict[str, pa.Table], float] | None:
    """The tables of a run and its seconds; None where the bytes are not as they were written."""
    if len(raw) < HEAD.size:
        return None
    digest, seconds = HEAD.unpack_from(raw)
    body = raw[HEAD.size :]
    if digest != _digest(seconds, body):
        return None
    source = pa.BufferReader(body)
    tables = {}
    for name in TABLES:
        with pa.ipc.open_stream(source) as stream:
            tables[name] = stream.read_all()
    return tables, seconds


def _digest(seconds: float, body: bytes) -> bytes:
    return hashlib.sha256(struct.pack("<d", seconds) + body).digest()
