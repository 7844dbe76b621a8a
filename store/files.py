"""Files and folders that are written whole or not at all, and never over somebody else's.

What is written stands beside its place under another name, is flushed to the disk, and is renamed:
a process that is killed leaves what was there before, and a stray whose name begins with ``STRAY``.
"""

import errno
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plansim.simulator.errors import Fault, InputError

#: How the name of a file or folder begins while it is being written.
STRAY = ".plansim-"
#: Endings of the files that can be asked for.
PICTURES, TABLES = (".png", ".svg"), (".csv",)


# -- writing ---------------------------------------------------------------------------------------


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Under which name to write a file: it takes its place when all of it is on the disk.

    Where anything fails it is gone, and what was there before stands. Raises OSError.
    """
    fresh = _beside(path)
    try:
        yield fresh
        _flush(fresh)
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def write(path: Path, raw: bytes) -> None:
    """Write a file: all of it, or nothing. Raises OSError."""
    with whole(path) as fresh:
        fresh.write_bytes(raw)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON: all of it, or nothing. Raises OSError."""
    write(path, as_json(content))


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write files: all of them, or none, in folders that are made where there are none.

    Raises InputError naming the one that cannot be written.
    """
    fresh: dict[Path, Path] = {}
    before: dict[Path, Path | None] = {}
    path = Path()
    try:
        for path, raw in contents.items():
            path.absolute().parent.mkdir(parents=True, exist_ok=True)
            fresh[path] = _beside(path)
            fresh[path].write_bytes(raw)
            _flush(fresh[path])
        for path, written in fresh.items():
            before[path] = _put_by(path) if len(fresh) > 1 else None
            os.replace(written, path)
    except BaseException as problem:
        for place in before:
            _put_back(place, before[place], is_new=not fresh[place].exists())
        if isinstance(problem, OSError):
            raise _unwritable(path, problem, str(path)) from None
        raise
    finally:
        for stray in (*fresh.values(), *(old for old in before.values() if old is not None)):
            stray.unlink(missing_ok=True)


def _put_by(path: Path) -> Path | None:
    """A copy of what is there, until everything else is; None where nothing is."""
    if not path.exists():
        return None
    old = _beside(path)
    shutil.copy2(path, old)
    return old


def _put_back(path: Path, old: Path | None, is_new: bool) -> None:
    """Undo the replacing of a file, if it came to that."""
    if old is not None:
        os.replace(old, path)
    elif is_new:
        path.unlink(missing_ok=True)


@contextmanager
def whole_folder(place: Path) -> Iterator[Path]:
    """The folder to fill: it takes its place, or that of the old one, when all is on the disk.

    Where anything fails the old one stands. Raises OSError.
    """
    target = place.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=STRAY, dir=target.parent) as scratch:
        fresh, old = Path(scratch) / "new", Path(scratch) / "old"
        fresh.mkdir()
        yield fresh
        for path in fresh.rglob("*"):
            if path.is_file():
                _flush(path)
        if target.exists():
            os.replace(target, old)
        try:
            os.replace(fresh, target)
        except BaseException:
            if old.exists():
                os.replace(old, target)
            raise


def write_folder(contents: Mapping[str, bytes], place: Path) -> None:
    """Write files by their names below a folder: all of them, or nothing. Raises InputError."""
    with refused(place, str(place)), whole_folder(place) as fresh:
        for name, raw in contents.items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            (fresh / name).write_bytes(raw)


def sweep(folder: Path) -> None:
    """Take away what a killed process left half written. Nobody else may be writing there."""
    for path in folder.glob(f"{STRAY}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def is_stray(path: Path) -> bool:
    """Whether a file or folder was being written when its process ended."""
    return path.name.startswith(STRAY)


def _beside(path: Path) -> Path:
    return path.absolute().parent / f"{STRAY}{secrets.token_hex(8)}{path.suffix}"


def _flush(path: Path) -> None:
    """Wait until a file is on the disk."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


# -- contents --------------------------------------------------------------------------------------


def as_json(content: Mapping[str, Any]) -> bytes:
    """A mapping as it stands in a file: readable, and as it was ordered."""
    return (json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n").encode()


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


# -- what is refused -------------------------------------------------------------------------------


@contextmanager
def refused(place: Path, option: str = "") -> Iterator[None]:
    """What the system refuses is an InputError that names the place. ``option``: who asked."""
    try:
        yield
    except OSError as problem:
        raise _unwritable(place, problem, option) from None


def _unwritable(place: Path, problem: OSError, option: str) -> InputError:
    shown = {"value": str(place), "reason": problem.strerror or str(problem)}
    return InputError([Fault("out_unwritable", shown, file=option)])


def hindrance(place: Path) -> str:
    """The nearest folder above a place where nothing can be made; "" where there is none."""
    parent = next(p for p in place.absolute().parents if os.path.lexists(p))
    return "" if parent.is_dir() and os.access(parent, os.W_OK) else str(parent)


def check_files(
    wanted: Sequence[tuple[str, Path | None, Sequence[str]]], head: Sequence[str] = ()
) -> None:
    """Refuse files (option, path, endings) that cannot be written, or are somebody else's.

    ``head``: the columns by which an earlier table is known. Raises InputError naming every one.
    Nothing is written.
    """
    faults = []
    for option, path, endings in wanted:
        if path is not None:
            faults += [Fault(c, f, file=option) for c, f in _file_fault(path, endings, head)]
    if faults:
        raise InputError(faults)


def _file_fault(
    path: Path, endings: Sequence[str], head: Sequence[str]
) -> Iterator[tuple[str, dict[str, object]]]:
    if path.suffix.lower() not in endings or not path.stem:
        yield "file_ending", {"value": str(path), "choices": list(endings)}
    elif os.path.isdir(path):
        yield "out_unwritable", {"value": str(path), "reason": os.strerror(errno.EISDIR)}
    elif os.path.lexists(path):
        if not _ours(path, head):
            yield "file_exists", {"value": str(path)}
    elif reason := hindrance(path):
        yield "out_unwritable", {"value": str(path), "reason": reason}


def _ours(path: Path, head: Sequence[str]) -> bool:
    """Whether a file is an earlier picture or table of this command, or empty."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as stream:
            begin = stream.read(4096)
    except OSError:
        return False
    mark = b"plansim" if path.suffix.lower() != ".csv" else ",".join(head).encode()
    return not begin or (bool(mark) and mark in begin)
