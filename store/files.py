"""Files that are written whole or not at all, and never over somebody else's."""

import errno
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from plansim.simulator.errors import Fault, InputError
from plansim.store.write import STRAY

#: Endings of the files that can be written.
PICTURES, TABLES = (".png", ".svg"), (".csv",)


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
    else:
        parent = next(p for p in path.absolute().parents if os.path.lexists(p))
        if not (parent.is_dir() and os.access(parent, os.W_OK)):
            yield "out_unwritable", {"value": str(path), "reason": str(parent)}


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
