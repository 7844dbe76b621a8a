"""The one writer: whole or not at all, whatever fails, and never over anybody else's file."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plansim.simulator.errors import Fault, InputError
from plansim.store.files import (
    STRAY,
    as_json,
    check_files,
    sweep,
    whole,
    whole_folder,
    write,
    write_files,
    write_folder,
)

#: The columns by which a table of ours is known.
HEAD = ("time", "event")
FULL = OSError(28, "No space left on device")


def faults(call: Callable[..., object], *arguments: object) -> tuple[Fault, ...]:
    with pytest.raises(InputError) as caught:
        call(*arguments)
    return caught.value.faults


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# -- one file --------------------------------------------------------------------------------------


def test_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a", b"before")

    def full(*_: object) -> None:
        raise FULL

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path / "a", b"after")
    assert (tmp_path / "a").read_bytes() == b"before"
    assert left(tmp_path) == ["a"]


def test_whoever_writes_may_fail_in_the_middle(tmp_path: Path) -> None:
    def half(path: Path) -> None:
        with whole(path) as fresh:
            fresh.write_bytes(b"half")
            assert left(tmp_path) == [fresh.name]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half(tmp_path / "a.parquet")
    assert left(tmp_path) == []


def test_json_is_readable_and_in_order() -> None:
    assert as_json({"b": "余姚", "a": [1]}).decode() == '{\n "b": "余姚",\n "a": [\n  1\n ]\n}\n'


# -- several files ---------------------------------------------------------------------------------


def test_files_are_written_whole(tmp_path: Path) -> None:
    wanted = {tmp_path / "deep" / "a.csv": b"1", tmp_path / "b.svg": b"2"}
    write_files(wanted)
    assert {p: p.read_bytes() for p in wanted} == wanted
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.csv", "b.svg", "deep"]


def test_one_that_cannot_be_written_leaves_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    (fault,) = faults(write_files, {tmp_path / "a.csv": b"1", tmp_path / "file" / "b.svg": b"2"})
    assert fault.code == "out_unwritable"
    assert fault.file.endswith("b.svg")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_files({tmp_path / "a.csv": b"1"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("a.txt", "file_ending"),
        ("csv", "file_ending"),
        (".csv", "file_ending"),
        ("folder.csv", "out_unwritable"),
        ("foreign.csv", "file_exists"),
        ("foreign.csv/a.csv", "out_unwritable"),
        ("broken.csv", "file_exists"),
        ("a" * 300 + ".csv", None),
        ("ours.csv", None),
        ("empty.csv", None),
        ("new/a.CSV", None),
    ],
)
def test_a_file_that_is_somebody_elses_or_cannot_be_is_refused(
    name: str, code: str | None, tmp_path: Path
) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "foreign.csv").write_text("a,b\n", encoding="utf-8")
    (tmp_path / "ours.csv").write_bytes(b",".join([b"time", b"event"]) + b"\n")
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "broken.csv").symlink_to("nowhere")
    wanted = (("--out", tmp_path / name, (".csv",)), ("--gantt", None, (".png",)))
    if code is None:
        check_files(wanted, HEAD)
    else:
        (fault,) = faults(check_files, wanted, HEAD)
        assert (fault.code, fault.file) == (code, "--out")


def test_all_files_are_checked_together(tmp_path: Path) -> None:
    wanted = (("--out", tmp_path / "a.x", (".csv",)), ("--gantt", tmp_path / "b", (".png",)))
    assert [f.file for f in faults(check_files, wanted, HEAD)] == ["--out", "--gantt"]


def refusing(second: int) -> Callable[..., None]:
    """A ``replace`` that works but for one call."""
    real, calls = os.replace, list[Any]()

    def replace(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) == second:
            raise FULL
        real(*arguments)

    return replace


def test_where_the_second_cannot_take_its_place_the_first_is_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, other = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.csv"
    for path in (old, other):
        path.write_bytes(b"before")
    monkeypatch.setattr(os, "replace", refusing(3))
    (fault,) = faults(write_files, {old: b"1", new: b"2", other: b"3"})
    assert (fault.code, fault.file) == ("out_unwritable", str(other))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "a.csv": b"before",
        "c.csv": b"before",
    }


# -- a folder --------------------------------------------------------------------------------------


def test_a_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    for content in (b"1", b"2"):
        write_folder({"deep/a": content, f"b{content.decode()}": content}, tmp_path / "new" / "f")
    assert left(tmp_path / "new") == ["f"]
    assert left(tmp_path / "new" / "f") == ["b2", "deep"]
    assert (tmp_path / "new" / "f" / "deep" / "a").read_bytes() == b"2"


@pytest.mark.parametrize("problem", [FULL, KeyboardInterrupt()])
def test_a_folder_that_is_not_filled_leaves_the_old_one(
    problem: BaseException, tmp_path: Path
) -> None:
    write_folder({"a": b"before"}, tmp_path / "f")

    def half() -> None:
        with whole_folder(tmp_path / "f") as fresh:
            (fresh / "a").write_bytes(b"after")
            raise problem

    with pytest.raises(type(problem)):
        half()
    assert left(tmp_path) == ["f"]
    assert (tmp_path / "f" / "a").read_bytes() == b"before"


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (fault,) = faults(write_folder, {"a": b""}, tmp_path / "file" / "f")
    assert (fault.code, fault.file) == ("out_unwritable", str(tmp_path / "file" / "f"))


def test_strays_of_a_killed_process_are_swept(tmp_path: Path) -> None:
    (tmp_path / f"{STRAY}1.csv").write_bytes(b"half")
    (tmp_path / f"{STRAY}2").mkdir()
    (tmp_path / f"{STRAY}2" / "a").touch()
    (tmp_path / "mine.csv").touch()
    sweep(tmp_path)
    assert left(tmp_path) == ["mine.csv"]
