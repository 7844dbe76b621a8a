"""A folder that ``write.write`` made → what was run and what came of it, ready to be reported.

Nothing is believed that does not fit its hash, and nothing that is missing is made up.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plansim.simulator import units
from plansim.simulator.accounts import series
from plansim.simulator.door import Plan
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.plan import Label
from plansim.simulator.results import Joint, Settings, Verdict
from plansim.simulator.waiting import Flow
from plansim.store.write import DETAILS, DRAWS, FAN, INDICATORS, MANIFEST, PLAN, TARGETS

Array = NDArray[np.float64]
#: What a report reads of a run.
NEEDED = (TARGETS, INDICATORS, PLAN, DETAILS)


@dataclass(frozen=True, slots=True)
class Stored:
    """A run, read back. The names are those of ``plansim.simulator.results.Result``.

    ``fans``: by indicator and subject ("" is the place), the quantiles FAN of every year, in the
    unit that the indicator is shown in [(quantile, year)]. ``shares``: the strongest drivers of
    every target. ``id``: ten digits that no other run has, whenever and wherever it was run.
    """

    id: str
    plan: Plan
    plan_hash: str
    settings: Settings
    set: tuple[str, ...]
    versions: Mapping[str, str]
    support: int
    simulated: int
    verdicts: tuple[Verdict, ...]
    joint: tuple[Joint, ...]
    met_number: tuple[int, int, int]
    flows: tuple[Flow, ...]
    shares: Mapping[str, Mapping[str, float]]
    fans: Mapping[tuple[str, str], Array]

    @property
    def judged(self) -> tuple[Verdict, ...]:
        return tuple(v for v in self.verdicts if v.probability is not None)

    def base_level(self, indicator: str, subject: str) -> float:
        """The median in the base year. [base units]"""
        shown = units.parse(self.plan.indicators[indicator].unit).factor
        year = self.plan.plan.base_year - self.plan.plan.years[0]
        return shown * float(self.fans[indicator, subject][FAN.index(0.5), year])


def read(folder: Path) -> Stored:
    """Read a run. Raises InputError where it is no run, is not whole, or was changed."""
    raw = _checked(folder)
    manifest = _parsed(folder / MANIFEST, raw[MANIFEST])
    try:
        return _assembled(manifest, raw)
    except (KeyError, TypeError, ValueError, StopIteration) as problem:
        raise _fault(
            folder, "run_unreadable", reason=f"{type(problem).__name__}: {problem}"
        ) from None


def _checked(folder: Path) -> dict[str, bytes]:
    """The bytes of the files of a run, which fit the hashes of its manifest."""
    if not (folder / MANIFEST).is_file():
        raise _fault(folder, "no_run")
    try:
        raw = {MANIFEST: (folder / MANIFEST).read_bytes()}
        hashes = _parsed(folder / MANIFEST, raw[MANIFEST]).get("files")
        if not isinstance(hashes, dict):
            raise _fault(folder, "no_run")
        older = [name for name in NEEDED if name not in hashes]
        if older:
            raise _fault(folder, "run_older", list=older)
        wrong = []
        for name, digest in hashes.items():
            path = folder / name
            content = path.read_bytes() if path.is_file() else b""
            if hashlib.sha256(content).hexdigest() != digest:
                wrong.append(name)
            elif name in NEEDED:
                raw[name] = content
    except OSError as problem:
        raise _fault(folder, "run_unreadable", reason=problem.strerror or str(problem)) from None
    if wrong:
        raise _fault(folder, "run_changed", list=wrong)
    return raw


def _parsed(path: Path, raw: bytes) -> dict[str, Any]:
    try:
        tree = json.loads(raw)
    except ValueError as problem:
        raise _fault(path, "run_unreadable", reason=str(problem)) from None
    if not isinstance(tree, dict):
        raise _fault(path, "no_run")
    return tree


def _fault(path: Path, code: str, **shown: object) -> InputError:
    return InputError([Fault(code, {"value": str(path), **shown}, file="RUN")])


def _assembled(manifest: Mapping[str, Any], raw: Mapping[str, bytes]) -> Stored:
    from pydantic import TypeAdapter

    plan = _plan(manifest, raw[PLAN])
    details = json.loads(raw[DETAILS])
    named = (f.name for f in fields(Settings))
    settings = {name: manifest[name] for name in named} | {"given": tuple(manifest["given"])}
    return Stored(
        id=run_id(manifest),
        plan=plan,
        plan_hash=manifest["plan_hash"],
        settings=Settings(**settings),
        set=tuple(manifest["set"]),
        versions=manifest["versions"],
        support=manifest["support"],
        simulated=manifest["simulated"],
        verdicts=_verdicts(raw[TARGETS]),
        joint=tuple(Joint(**joint) for joint in details["joint"]),
        met_number=TypeAdapter(tuple[int, int, int]).validate_python(details["met_number"]),
        flows=TypeAdapter(tuple[Flow, ...]).validate_python(details["flows"]),
        shares=details["shares"],
        fans=_fans(plan, raw[INDICATORS]),
    )


def read_plan(folder: Path) -> Plan:
    """The plan of a run, as it was simulated. Raises InputError where it cannot be read."""
    try:
        raw = {name: (folder / name).read_bytes() for name in (MANIFEST, PLAN)}
        return _plan(_parsed(folder / MANIFEST, raw[MANIFEST]), raw[PLAN])
    except (OSError, KeyError, TypeError, ValueError) as problem:
        raise _fault(folder, "run_unreadable", reason=str(problem)) from None


def _plan(manifest: Mapping[str, Any], raw: bytes) -> Plan:
    from pydantic import TypeAdapter

    called = manifest.get("scenario_name")  # runs of 0.1.0 have none
    label = None if called is None else Label(**called)
    plan = TypeAdapter(Plan).validate_json(raw)
    return replace(plan, scenario=manifest["scenario"], scenario_name=label)


def run_id(manifest: Mapping[str, Any]) -> str:
    """Ten digits made of the hashes of all that a run wrote."""
    told = json.dumps([manifest["plan_hash"], manifest["files"]], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:10]


def _verdicts(raw: bytes) -> tuple[Verdict, ...]:
    table = _columns(raw)
    names = [f.name for f in fields(Verdict) if f.name in table]  # earlier runs have fewer
    whole = {
        "year", "first_year_met", "draws", "seed", "outside_rows", "outside_met", "chinese_years",
        "chinese_since_windows", "chinese_boom_windows",
    }  # fmt: skip
    cast: Mapping[str, Callable[[Any], Any]] = {
        n: int if n in whole else lambda x: x for n in names
    }
    rows = zip(*(table[name] for name in names), strict=True)
    return tuple(
        Verdict(**{n: _known(value, cast[n]) for n, value in zip(names, row, strict=True)})
        for row in rows
    )


def _known(value: Any, cast: Callable[[Any], Any]) -> Any:
    """A cell, or None where nothing is known."""
    return None if value is None or value != value else cast(value)


def _columns(raw: bytes) -> dict[str, list[Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    found: dict[str, list[Any]] = pq.read_table(
        pa.BufferReader(raw), use_threads=False, pre_buffer=False
    ).to_pydict()
    return found


def _fans(plan: Plan, raw: bytes) -> dict[tuple[str, str], Array]:
    """Rows come series by series, year by year, quantile by quantile (``Result.quantiles``)."""
    table = _columns(raw)
    named = {key: cluster.name.en for key, cluster in plan.clusters.items()}
    values: dict[str, list[float]] = {}
    for name, value in zip(table["variable"], table["value"], strict=True):
        values.setdefault(name, []).append(value)
    fans = {}
    for item in series(plan):
        name = f"{item.indicator}|{named[item.subject]}" if item.subject else item.indicator
        fan = np.array(values[name], dtype=float).reshape(len(plan.years), len(FAN))
        fans[item.indicator, item.subject] = fan.T
    return fans


# -- the sample ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SampledRun:
    """A stored run with its sample of futures.

    ``reads`` [(target, future)]: judged targets in file order, in base units; ``who``
    [(2, future)]: draw and luck of each.
    """

    run: Stored
    reads: NDArray[np.float64]
    who: NDArray[np.int64]


def read_sampled(folder: Path) -> SampledRun:
    """Raises InputError where the folder is no run, is not whole, or was changed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    run = read(folder)
    try:
        columns = pq.read_table(folder / DRAWS, use_threads=False).to_pydict()
        reads = np.array([columns[v.target] for v in run.judged], dtype=float)
        who = np.array([columns["draw"], columns["luck"]], dtype=np.int64)
    except (KeyError, OSError, pa.ArrowException) as problem:
        shown = {"value": str(folder), "reason": f"{DRAWS}: {problem}"}
        raise InputError([Fault("run_unreadable", shown, file="RUN")]) from None
    return SampledRun(run, reads.reshape(len(run.judged), who.shape[-1]), who)
