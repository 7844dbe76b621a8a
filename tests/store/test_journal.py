"""The folder of a batch: whose it is, who holds it, and what a crash may leave in it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from plansim.simulator.errors import Fault, InputError
from plansim.store import files
from plansim.store.files import STRAY
from plansim.store.journal import BEGUN, LOCK, PARTS, Batch, damaged, locked, opened
from plansim.store.run_file import (
    HEAD,
    LOST,
    REFUSED,
    TABLES,
    RunSpec,
    faults_of,
    packed,
    unpacked,
    without_result,
)
from plansim.store.write import MANIFEST

RUNS = tuple(RunSpec("p", "plan", (("a.b", v),), 1, 10, "independent", 0) for v in "123")
BATCH = Batch(RUNS, ("a.b",), {"plans": ["p"]}, {"p/plan": "hash"})
FAULT = Fault("not_a_number", {"value": "three"}, "a.b", "--set")
#: What a part of a run that was refused looks like.
PART = packed(without_result(RUNS[0], ("a.b",), REFUSED, [FAULT]), 2.5)


def refusal(folder: Path, batch: Batch = BATCH, resume: bool = False) -> Fault:
    with pytest.raises(InputError) as caught, opened(folder, batch, resume):
        pass
    (fault,) = caught.value.faults
    return fault


def left(folder: Path) -> set[str]:
    return {item.name for item in folder.iterdir()}


# -- parts -----------------------------------------------------------------------------------------


def test_a_part_is_read_as_it_was_written() -> None:
    found = unpacked(PART)
    assert found is not None
    tables, seconds = found
    assert seconds == 2.5
    (row,) = tables["runs"].to_pylist()
    assert (row["run"], row["status"], row["a.b"]) == (RUNS[0].id, REFUSED, "1")
    assert faults_of(row["faults"]) == [FAULT]
    assert [len(tables[name]) for name in TABLES] == [1, 0, 0, 0]


@pytest.mark.parametrize("place", [0, 10, HEAD.size - 1, HEAD.size, len(PART) // 2, len(PART) - 1])
def test_a_part_in_which_a_bit_has_changed_is_none(place: int) -> None:
    raw = bytearray(PART)
    raw[place] ^= 1
    assert unpacked(bytes(raw)) is None


@pytest.mark.parametrize("length", [0, 1, HEAD.size, len(PART) // 2, len(PART) - 1])
def test_a_part_that_is_cut_short_is_none(length: int) -> None:
    assert unpacked(PART[:length]) is None


# -- whose folder ----------------------------------------------------------------------------------


def test_a_batch_is_begun_gone_on_with_and_finished(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    with opened(out, BATCH, False) as journal:
        assert left(out) == {BEGUN, PARTS, LOCK}
        assert journal.missing() == RUNS
        journal.keep(RUNS[0], PART)
        assert journal.missing() == RUNS[1:]
    assert left(out) == {BEGUN, PARTS}
    with opened(out, BATCH, True) as journal:
        assert journal.missing() == RUNS[1:]
        for run in RUNS[1:]:
            journal.keep(run, packed(without_result(run, ("a.b",), REFUSED, [FAULT]), 1.0))
        journal.finish({})
    assert left(out) == {MANIFEST, *(f"{name}.parquet" for name in TABLES)}
    told = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    assert (told["counts"], told["run_seconds"]) == ({REFUSED: 3}, 4.5)
    with opened(out, BATCH, True) as journal:
        assert (journal.finished, journal.missing(), journal.damaged()) == (True, (), [])
    rows = pq.read_table(out / "runs.parquet").to_pylist()
    assert [row["run"] for row in rows] == [run.id for run in RUNS]


def test_what_was_lost_is_told_and_can_be_tried_again(tmp_path: Path) -> None:
    lost = {run.id: Fault("run_lost", {"reason": "SIGKILL"}) for run in RUNS[1:]}
    with opened(tmp_path / "out", BATCH, False) as journal:
        journal.keep(RUNS[0], PART)
        journal.finish(lost)
    rows = pq.read_table(tmp_path / "out" / "runs.parquet").to_pylist()
    assert [row["status"] for row in rows] == [REFUSED, LOST, LOST]
    assert faults_of(rows[1]["faults"]) == [Fault("run_lost", {"reason": "SIGKILL"})]
    with opened(tmp_path / "out", BATCH, True) as journal:
        assert journal.missing() == RUNS[1:]


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    with opened(tmp_path / "out", BATCH, False) as journal:
        for run in RUNS:
            journal.keep(run, packed(without_result(run, ("a.b",), REFUSED, []), 1.0))
        journal.finish({})
    assert damaged(tmp_path / "out") == []
    (tmp_path / "out" / "draws.parquet").write_bytes(b"PAR1")
    (tmp_path / "out" / "runs.parquet").unlink()
    assert damaged(tmp_path / "out") == ["runs.parquet", "draws.parquet"]


def test_a_foreign_folder_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "keep.txt").write_text("mine", encoding="utf-8")
    assert refusal(tmp_path).code == refusal(tmp_path, resume=True).code == "out_exists"
    assert refusal(tmp_path / "keep.txt").code == "out_exists"
    assert left(tmp_path) == {"keep.txt"}
    run = tmp_path / "run"
    run.mkdir()
    (run / MANIFEST).write_text('{"plan": "x", "files": {}}', encoding="utf-8")
    assert refusal(run, resume=True).code == "out_exists"


@pytest.mark.parametrize("key", ["runs", "levers", "plans", "versions", "machine_type"])
@pytest.mark.parametrize("broken", [None, 7, [{"plan": "p"}]])
def test_a_beginning_that_was_edited_is_refused(tmp_path: Path, key: str, broken: object) -> None:
    with opened(tmp_path, BATCH, False):
        pass
    told = json.loads((tmp_path / BEGUN).read_text(encoding="utf-8"))
    told.pop(key)
    told |= {} if broken is None else {key: broken}
    (tmp_path / BEGUN).write_text(json.dumps(told), encoding="utf-8")
    fault = refusal(tmp_path, resume=True)
    changed = {
        "plans": "batch_plans_changed",
        "versions": "batch_versions_changed",
        "machine_type": "batch_machine_changed",
    }
    assert fault.code in ("runs_unreadable", changed.get(key))
    assert (fault.code == "runs_unreadable") or broken is not None


def test_a_manifest_that_was_edited_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path, BATCH, False) as journal:
        for run in RUNS:
            journal.keep(run, packed(without_result(run, ("a.b",), REFUSED, []), 1.0))
        journal.finish({})
    told = json.loads((tmp_path / MANIFEST).read_text(encoding="utf-8"))
    del told["files"]
    (tmp_path / MANIFEST).write_text(json.dumps(told), encoding="utf-8")
    assert refusal(tmp_path, resume=True).code == "runs_unreadable"


def test_what_a_kill_left_is_swept(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text("1\n", encoding="utf-8")
    (tmp_path / f"{STRAY}1.json").write_text("{", encoding="utf-8")
    with opened(tmp_path, BATCH, False) as journal:
        (tmp_path / PARTS / f"{STRAY}2.run").write_bytes(PART[:9])
        journal.keep(RUNS[0], PART)
    (tmp_path / f"{STRAY}3.parquet").write_bytes(b"PAR1")
    with opened(tmp_path, BATCH, True):
        assert left(tmp_path) == {BEGUN, PARTS, LOCK}
        assert left(tmp_path / PARTS) == {f"{RUNS[0].id}.run"}


def test_killed_between_manifest_and_tidying_it_is_tidied(tmp_path: Path) -> None:
    with opened(tmp_path, BATCH, False) as journal:
        for run in RUNS:
            journal.keep(run, packed(without_result(run, ("a.b",), REFUSED, []), 1.0))
        begun = (tmp_path / BEGUN).read_bytes()
        journal.finish({})
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    (tmp_path / PARTS).mkdir()
    (tmp_path / PARTS / f"{RUNS[0].id}.run").write_bytes(PART)
    with opened(tmp_path, BATCH, True) as journal:
        assert journal.finished
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    (tmp_path / BEGUN).write_bytes(begun)
    with opened(tmp_path, BATCH, True) as journal:
        assert not journal.finished


def test_a_folder_that_cannot_be_written_is_not_left_half_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_json", full)
    fault = refusal(tmp_path / "out")
    assert (fault.code, fault.fields["reason"]) == ("out_unwritable", "No space left on device")
    assert left(tmp_path) == set()


# -- the lock --------------------------------------------------------------------------------------

HOLD = """
import sys
from pathlib import Path
from plansim.store.journal import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_process_holds_a_folder_and_the_others_are_told_which(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    fault = refusal(tmp_path)
    assert (fault.code, fault.fields["pid"]) == ("batch_held", str(holder.pid))
    assert left(tmp_path) == {LOCK}
    holder.kill()
    holder.communicate()
    assert left(tmp_path) == {LOCK}  # its file stays, its lock does not
    with opened(tmp_path, BATCH, False):
        assert (tmp_path / LOCK).read_text(encoding="utf-8") == f"{os.getpid()}\n"
    assert LOCK not in left(tmp_path)


def test_a_lock_can_be_taken_again_when_it_was_given_back(tmp_path: Path) -> None:
    for _ in range(3):
        with locked(tmp_path):
            assert left(tmp_path) == {LOCK}
        assert left(tmp_path) == set()
