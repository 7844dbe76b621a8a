"""The folder of a batch, safe against being killed at any moment.

While the batch is under way: ``batch.json`` (what is to be run, with what) and one file a finished
run in ``parts/``; every file is written whole or not at all (``files.py``). When nothing is
missing: four parquet files, then ``manifest.json`` with their hashes; then batch.json and parts go.
Only the process that holds the lock writes; the system frees the lock when it ends, however it
ends.
"""

import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from plansim.simulator.errors import Fault, InputError
from plansim.store import files
from plansim.store.run_file import LOST, TABLES, RunSpec, schemas, unpacked, without_result
from plansim.store.versions import versions
from plansim.store.write import MANIFEST

BEGUN, PARTS, LOCK = "batch.json", "parts", ".lock"
KIND = "batch"
#: The byte of the lock that is held where a system locks bytes.
FAR = 1 << 20
#: Runs that are written to a table together.
GROUP = 64
#: What must not change while a batch is under way, and what is said where it did.
CHANGES = {
    "written": "batch_changed",
    "plans": "batch_plans_changed",
    "versions": "batch_versions_changed",
    "machine_type": "batch_machine_changed",
}


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be run, and all that its results depend on.

    ``levers``: paths that any run sets; ``plans``: hash of every plan under every scenario.
    """

    runs: tuple[RunSpec, ...]
    levers: tuple[str, ...]
    written: Mapping[str, Any]
    plans: Mapping[str, str]
    versions: Mapping[str, str] = field(default_factory=versions)
    machine_type: str = field(default_factory=platform.machine)

    def told(self) -> dict[str, Any]:
        """As plain values."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), ensure_ascii=False))
        return {"kind": KIND, **plain}

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Batch":
        """From plain values. Raises KeyError, TypeError or ValueError where no batch is told."""
        runs = tuple(
            RunSpec(**run | {"settings": tuple((path, value) for path, value in run["settings"])})
            for run in told["runs"]
        )
        rest = {key: told[key] for key in ("written", "plans", "versions", "machine_type")}
        levers = tuple(told["levers"])
        if not all(isinstance(path, str) for path in levers):
            raise TypeError("levers")
        return cls(runs, levers, **rest)


@dataclass(frozen=True, slots=True)
class Journal:
    """A folder that is held: what is finished in it, and how more is added."""

    folder: Path
    batch: Batch
    finished: bool

    def missing(self) -> tuple[RunSpec, ...]:
        """The runs that have no part, or a part that was damaged."""
        if self.finished:
            return ()
        return tuple(run for run in self.batch.runs if self.part(run) is None)

    def part(self, run: RunSpec) -> tuple[dict[str, Any], float] | None:
        """The tables of a finished run and its seconds."""
        return read_part(self.folder, run.id)

    def keep(self, run: RunSpec, raw: bytes) -> None:
        """Store a finished run. Raises OSError where the disk refuses."""
        files.write(_part(self.folder, run.id), raw)

    def finish(self, lost: Mapping[str, Fault]) -> None:
        """Write tables and manifest. ``lost``: why runs that have no part have none.

        Parts go only where nothing was lost, so that what was lost can be tried again.
        """
        with ExitStack() as stack:
            fresh = {
                name: stack.enter_context(files.whole(self.folder / f"{name}.parquet"))
                for name in TABLES
            }
            counts, seconds = self._write_tables(fresh, lost)
            hashes = {f"{name}.parquet": files.file_hash(fresh[name]) for name in TABLES}
        told = {**self.batch.told(), "counts": counts, "run_seconds": round(seconds, 3)}
        files.write_json(self.folder / MANIFEST, {**told, "files": hashes})
        if not lost:
            (self.folder / BEGUN).unlink(missing_ok=True)
            shutil.rmtree(self.folder / PARTS, ignore_errors=True)

    def _write_tables(
        self, places: Mapping[str, Path], lost: Mapping[str, Fault]
    ) -> tuple[dict[str, int], float]:
        """All parts as four tables, in these files; runs by status, and seconds."""
        counts: dict[str, int] = {}
        seconds = 0.0
        shape = schemas(self.batch.levers)
        with ExitStack() as stack:
            sinks = {
                name: stack.enter_context(_table(places[name], shape[name])) for name in TABLES
            }
            for first in range(0, len(self.batch.runs), GROUP):
                group = []
                for run in self.batch.runs[first : first + GROUP]:
                    tables, took = self.part(run) or self._without(run, lost)
                    (status,) = tables["runs"]["status"].to_pylist()
                    counts[status] = counts.get(status, 0) + 1
                    seconds += took
                    group.append(tables)
                _append(sinks, group)
        return counts, seconds

    def _without(self, run: RunSpec, lost: Mapping[str, Fault]) -> tuple[dict[str, Any], float]:
        return without_result(run, self.batch.levers, LOST, [lost[run.id]]), 0.0

    def damaged(self) -> list[str]:
        """Files of a finished batch that are not as they were written."""
        return damaged(self.folder)


@contextmanager
def opened(folder: Path, batch: Batch, resume: bool) -> Iterator[Journal]:
    """Hold the folder of a batch; it is made where there is none.

    Raises InputError where it is somebody else's, is held, holds another batch, or holds this one
    and ``resume`` is not asked for.
    """
    with ExitStack() as stack:
        with files.refused(folder, "--out"):
            journal = _begin(folder.absolute(), batch, resume, stack)
        yield journal


def _begin(folder: Path, batch: Batch, resume: bool, stack: ExitStack) -> Journal:
    """Take the lock and write down what is to be run. A folder made in vain is taken away."""
    check(folder, batch, resume)
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        stack.enter_context(locked(folder))
        check(folder, batch, resume)
        for place in (folder, folder / PARTS):
            files.sweep(place)
        if begun(folder) is None:
            files.write_json(folder / BEGUN, batch.told())
        finished = not (folder / BEGUN).exists()
        if finished:
            shutil.rmtree(folder / PARTS, ignore_errors=True)
        else:
            (folder / PARTS).mkdir(exist_ok=True)
    except OSError:
        stack.close()
        if made:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    return Journal(folder, batch, finished)


def check(folder: Path, batch: Batch, resume: bool) -> None:
    """Refuse a folder that this batch cannot be written to. Nothing is written."""
    shown: dict[str, object] = {"value": str(folder)}
    told = begun(folder)
    if told is None:
        if folder.exists() and not (folder.is_dir() and _is_bare(folder)):
            raise InputError([Fault("out_exists", shown, file="--out")])
        return
    total = len(told["runs"])
    if not resume:
        done = _number_of_parts(folder) if (folder / BEGUN).exists() else total
        has = {"value": str(folder), "done": done, "total": total}
        raise InputError([Fault("batch_begun", has, file="--out")])
    now = batch.told()
    faults = [
        Fault(code, _difference(told[key], now[key]), file="--out")
        for key, code in CHANGES.items()
        if told[key] != now[key]
    ]
    if faults:
        raise InputError(faults)


def _is_bare(folder: Path) -> bool:
    """Whether a folder holds nothing, or what is left of a batch that was killed as it began."""
    return all(p.name in (LOCK, PARTS) or files.is_stray(p) for p in folder.iterdir())


def _difference(before: Any, now: Any) -> dict[str, object]:
    """What is not the same, by its key."""
    if not isinstance(before, Mapping) or not isinstance(now, Mapping):
        return {"value": f"{before} → {now}"}
    keys = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    return {"value": keys}


def begun(folder: Path) -> dict[str, Any] | None:
    """What a folder says that it holds: a batch that is under way, or one that is finished.

    Raises InputError where it says so in a form that no batch has.
    """
    for name in (BEGUN, MANIFEST):
        try:
            told = json.loads((folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(told, dict) and told.get("kind") == KIND:
            try:
                Batch.read(told)
                if name == MANIFEST:
                    dict(told["files"])
            except (KeyError, TypeError, ValueError) as problem:
                shown = {"value": name, "reason": f"{type(problem).__name__}: {problem}"}
                raise InputError([Fault("runs_unreadable", shown, file=str(folder))]) from None
            return told
    return None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder. Raises InputError that names who holds it."""
    path = folder / LOCK
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _take(handle)
        except (BlockingIOError, PermissionError):
            pid = os.read(handle, 20).decode(errors="replace").strip() or "?"
            os.close(handle)
            shown: dict[str, object] = {"value": str(folder), "pid": pid}
            raise InputError([Fault("batch_held", shown, file="--out")]) from None
        if _is_at(handle, path):
            break
        os.close(handle)  # whoever held it took it away just now
    try:
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        with suppress(PermissionError):  # Windows keeps what is open
            path.unlink(missing_ok=True)
        os.close(handle)


def _take(handle: int) -> None:
    """Lock an open file. Raises BlockingIOError, on Windows PermissionError, where it is held."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(handle, FAR, os.SEEK_SET)  # what is locked cannot be read there
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_at(handle: int, path: Path) -> bool:
    """Whether an open file is the one that has this name."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


# -- files -----------------------------------------------------------------------------------------


def damaged(folder: Path) -> list[str]:
    """Files that do not fit the hashes of the manifest."""
    told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return [
        name
        for name, digest in told["files"].items()
        if not (folder / name).is_file() or files.file_hash(folder / name) != digest
    ]


def read_part(folder: Path, run: str) -> tuple[dict[str, Any], float] | None:
    """The tables of a finished run and its seconds; None where there is none, or a damaged one."""
    try:
        return unpacked(_part(folder, run).read_bytes())
    except FileNotFoundError:
        return None


def _part(folder: Path, run: str) -> Path:
    return folder / PARTS / f"{run}.run"


def _number_of_parts(folder: Path) -> int:
    return len([path for path in (folder / PARTS).glob("*.run") if not files.is_stray(path)])


@contextmanager
def _table(path: Path, shape: Any) -> Iterator[Any]:
    import pyarrow.parquet as pq

    with path.open("wb") as stream, pq.ParquetWriter(stream, shape, compression="zstd") as writer:
        yield writer


def _append(sinks: Mapping[str, Any], group: Sequence[Mapping[str, Any]]) -> None:
    """Runs as one row group of every table."""
    import pyarrow as pa

    for name, sink in sinks.items():
        joined = pa.concat_tables([tables[name] for tables in group]).combine_chunks()
        if joined.num_rows:
            sink.write_table(joined, row_group_size=joined.num_rows)
