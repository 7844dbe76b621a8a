"""A batch: what is run, what it gives, and that no way of stopping it loses or repeats anything."""

import errno
import hashlib
import json
import os
import pickle
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from plansim.analysis import batch as batches
from plansim.analysis.batch import execute, prepare, remaining, simulate
from plansim.analysis.crew import Report
from plansim.calibration.posterior import posterior
from plansim.scenarios.batch_file import read_batch_file
from plansim.scenarios.load import load
from plansim.simulator.errors import Fault, InputError, WorkError
from plansim.simulator.plan import Calibration
from plansim.simulator.run import run as judge
from plansim.store import calibrations as stored
from plansim.store import files as writers
from plansim.store import journal as journals
from plansim.store.journal import BEGUN, LOCK, PARTS, opened
from plansim.store.plans import load as door
from plansim.store.run_file import TABLES, RunSpec, faults_of, unpacked
from plansim.store.write import MANIFEST

ROOT = Path(__file__).parents[2]
LEVER = "clusters.machinery.output"
#: Six runs, one of which is refused: nothing is called ``many``.
MIXED = f"""
plans: [./mine]
scenarios: [plan]
sweeps: {{{LEVER}: [180, 240, many]}}
seeds: [1, 2]
draws: 64
keep: 8
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a small plan."""
    shutil.copytree(str(files("plansim.scenarios") / "template"), tmp_path / "mine")
    return tmp_path


def written(place: Path, text: str = MIXED) -> Path:
    path = place / "batch.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def edited(place: Path, old: str, new: str) -> None:
    """Another text in the plan, where it stands first."""
    path = place / "mine" / "plan.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def refused(place: Path, text: str) -> tuple[Fault, ...]:
    with pytest.raises(InputError) as caught:
        prepare(read_batch_file(written(place, text)))
    return caught.value.faults


def finish(place: Path, folder: str, resume: bool = False, **how: Any) -> dict[str, Fault]:
    batch, sources = prepare(read_batch_file(place / "batch.yaml"))
    with opened(place / folder, batch, resume) as journal:
        return execute(journal, sources, how.pop("workers", 1), **how)


def hashes(folder: Path) -> dict[str, str]:
    """What the manifest says of its tables, which must be true."""
    told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    for name, digest in told["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert sorted(told["files"]) == sorted(f"{name}.parquet" for name in TABLES)
    return dict(told["files"])


def left(folder: Path) -> set[str]:
    return {item.name for item in folder.iterdir()}


#: What a run of a plan gave before: most tests are about folders, not about figures.
GIVEN: dict[tuple[str, str], bytes] = {}


@pytest.fixture
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs one after another in this process, none of them twice."""

    def supervise(work: Any, runs: Sequence[RunSpec], workers: int) -> Iterator[Any]:
        for run in runs:
            key = hashlib.sha256(pickle.dumps(work.args[0])).hexdigest(), run.id
            if key not in GIVEN:
                GIVEN[key] = work(run)
            yield run, Report(GIVEN[key], None, 1.0)

    monkeypatch.setattr(batches, "supervise", supervise)


WHOLE = {MANIFEST, *(f"{name}.parquet" for name in TABLES)}


# -- what is run -----------------------------------------------------------------------------------


def test_runs_are_all_combinations_in_the_order_of_the_file(place: Path) -> None:
    text = MIXED.replace("[plan]", "[baseline, plan]").replace("many", "300")
    batch, sources = prepare(read_batch_file(written(place, text)))
    assert [(r.scenario, r.settings, r.seed) for r in batch.runs] == [
        (scenario, ((LEVER, value),), seed)
        for scenario in ("baseline", "plan")
        for value in ("180", "240", "300")
        for seed in (1, 2)
    ]
    assert len({r.id for r in batch.runs}) == 12
    assert set(batch.plans) == {"./mine/baseline", "./mine/plan"}
    assert list(sources) == ["./mine"]


def test_a_run_keeps_its_id_whatever_else_is_in_the_batch(place: Path) -> None:
    few, _ = prepare(read_batch_file(written(place)))
    more = MIXED.replace("[180,", "[150, 180,").replace("[1, 2]", "[3, 2, 1]")
    many, _ = prepare(read_batch_file(written(place, more)))
    assert {r.id for r in few.runs} < {r.id for r in many.runs}
    other, _ = prepare(read_batch_file(written(place, MIXED.replace("64", "65"))))
    assert not {r.id for r in few.runs} & {r.id for r in other.runs}


def test_what_no_plan_has_is_refused_before_anything_is_run(place: Path) -> None:
    text = MIXED.replace("[plan]", "[plan, plam]").replace(
        LEVER, "clusters.nowhere.output: [1, 2], city.nothing"
    )
    faults = refused(place, text)
    assert [(f.code, f.path) for f in faults] == [
        ("unknown_scenario", "scenarios.1"),
        ("path_matches_nothing", "clusters.nowhere.output"),
        ("path_matches_nothing", "city.nothing"),
    ]
    assert refused(place, "plans: [./mine, ./gone, nowhere]\n")[0].code == "folder_missing"
    assert {f.code for f in refused(place, "plans: [./mine, ./gone, nowhere]\n")} == {
        "folder_missing", "unknown_plan",
    }  # fmt: skip


def test_a_plan_that_is_broken_is_refused_with_all_its_faults(place: Path) -> None:
    edited(place, "link: log", "link: lag")
    faults = refused(place, MIXED)
    assert {f.code for f in faults} == {"not_a_choice"}
    assert all(f.file == "mine/plan.yaml" and f.line for f in faults)


@pytest.mark.usefixtures("inline")
def test_a_lever_that_only_some_plans_have_is_run_there(place: Path) -> None:
    shutil.copytree(place / "mine", place / "other")
    for path in (place / "other").rglob("*.*"):
        renamed = path.read_text(encoding="utf-8").replace("machinery", "engines")
        path.write_text(renamed, encoding="utf-8")
    text = MIXED.replace("[./mine]", "[./mine, ./other]").replace(", many", "")
    written(place, text)
    assert finish(place, "out") == {}
    rows = pq.read_table(place / "out" / "runs.parquet").to_pylist()
    assert [(row["plan"], row["status"]) for row in rows] == [
        *[("./mine", "done")] * 4, *[("./other", "refused")] * 4,
    ]  # fmt: skip
    assert {f.code for row in rows for f in faults_of(row["faults"])} == {"path_matches_nothing"}


@pytest.mark.parametrize("values", ["[x1]", "[x1, x2]"])
def test_a_sweep_may_stand_at_the_value_of_the_plan(place: Path, values: str) -> None:
    text = written(place, MIXED.replace("[180, 240, many]", values))
    batch, sources = prepare(read_batch_file(text))
    still = unpacked(simulate(sources, batch.levers, batch.runs[0]))
    assert still is not None
    tables = still[0]
    plain = judge(load(str(place / "mine")), 64, 1)
    assert tables["targets"]["p50"].to_pylist() == [v.p50 for v in plain.verdicts]


def test_too_many_runs_are_refused_without_making_them(place: Path) -> None:
    text = MIXED.replace("[180, 240, many]", "{from: 1, to: 90000, step: 1}")
    started = time.monotonic()
    assert [f.code for f in refused(place, text)] == ["too_many_runs"]
    assert time.monotonic() - started < 2


# -- what it gives ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("inline")
def test_a_batch_gives_what_single_runs_give_and_tells_what_was_refused(place: Path) -> None:
    written(place)
    assert finish(place, "out", workers=2) == {}
    out = place / "out"
    assert left(out) == WHOLE
    hashes(out)
    table = {name: pq.read_table(out / f"{name}.parquet") for name in TABLES}
    runs = table["runs"].to_pylist()
    assert [row["status"] for row in runs] == ["done"] * 4 + ["refused"] * 2
    assert [row[LEVER] for row in runs] == ["180", "180", "240", "240", "many", "many"]
    assert {f.code for row in runs[4:] for f in faults_of(row["faults"])} == {"not_a_number"}
    assert {row["met_p50"] for row in runs[4:]} == {None}
    plan = door(str(place / "mine"), "plan", [f"{LEVER}=240"])
    single = judge(plan, 64, 2)
    targets = [r for r in table["targets"].to_pylist() if r["run"] == runs[3]["run"]]
    assert [r["probability"] for r in targets] == [v.probability for v in single.verdicts]
    assert [r["target"] for r in targets] == [v.target for v in single.verdicts]
    assert (runs[3]["met_p10"], runs[3]["met_p50"], runs[3]["met_p90"]) == single.met_number
    assert runs[3]["futures"] == 128
    kept = [r for r in table["draws"].to_pylist() if r["run"] == runs[3]["run"]]
    assert len(kept) == 8 * len(single.judged)
    first = [r["value"] for r in kept if r["target"] == single.judged[0].target]
    scale = {t.id: t.scale for t in plan.targets}[single.judged[0].target]
    assert first == [x / scale for x in single.kept.reads[0][:8]]
    fans = table["indicators"].to_pylist()
    assert len(fans) == 4 * 5 * len(plan.years) * len(single.series)
    told = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    assert told["counts"] == {"done": 4, "refused": 2}
    assert os.uname().nodename not in json.dumps(told)
    assert str(place) not in json.dumps(told)


def test_the_bytes_do_not_depend_on_the_processes(place: Path, request: Any) -> None:
    written(place)
    finish(place, "two", workers=2)
    request.getfixturevalue("inline")
    finish(place, "none")
    assert hashes(place / "two") == hashes(place / "none")


@pytest.mark.usefixtures("inline")
def test_a_plan_that_is_edited_meanwhile_changes_nothing(place: Path) -> None:
    written(place)
    finish(place, "before")
    batch, sources = prepare(read_batch_file(place / "batch.yaml"))
    shutil.rmtree(place / "mine")
    with opened(place / "after", batch, False) as journal:
        execute(journal, sources, 1)
    assert hashes(place / "before") == hashes(place / "after")


# -- calibrations ----------------------------------------------------------------------------------


def calibrated(place: Path) -> Calibration:
    """A calibration of the plan, stored in its folder: a higher growth."""
    plan = load(str(place / "mine"))
    found = Calibration((f"{LEVER}.trend.rate",), ((1.0,),), (1.5,), (0.5,))
    told = stored.contents(replace(posterior(plan, (), 1024), calibration=found))
    stored.write(told, place / "mine" / stored.NAME)
    return found


@pytest.mark.usefixtures("inline")
def test_a_stored_calibration_is_used_where_it_holds(place: Path) -> None:
    found = calibrated(place)
    text = MIXED.replace(LEVER, f"{LEVER}.trend.rate").replace("[180, 240, many]", "[x1, x1.1]")
    written(place, text.replace("seeds: [1, 2]", "seeds: [1]"))
    assert finish(place, "out") == {}
    runs = pq.read_table(place / "out" / "runs.parquet").to_pylist()
    assert [row["calibration"] for row in runs] == ["used", "figures"]
    drawn, typed = (
        door(str(place / "mine")),
        door(str(place / "mine"), "plan", [f"{LEVER}.trend.rate=x1.1"]),
    )
    rows = pq.read_table(place / "out" / "targets.parquet").to_pylist()
    for row, given in zip(runs, (drawn, typed), strict=True):
        told = [r["probability"] for r in rows if r["run"] == row["run"]]
        assert told == [v.probability for v in judge(given, 64, 1).verdicts]
    assert drawn.calibration == found
    bare = door(str(place / "mine"), uncalibrated=True)
    assert judge(bare, 64, 1).verdicts != judge(drawn, 64, 1).verdicts

    written(place, text.replace("seeds: [1, 2]", "seeds: [1]\nuncalibrated: true"))
    assert finish(place, "plain") == {}
    runs = pq.read_table(place / "plain" / "runs.parquet").to_pylist()
    assert [row["calibration"] for row in runs] == ["", ""]


def test_another_calibration_is_another_batch(place: Path) -> None:
    written(place)
    batch, _ = prepare(read_batch_file(place / "batch.yaml"))
    with opened(place / "out", batch, False):
        pass
    calibrated(place)
    again, _ = prepare(read_batch_file(place / "batch.yaml"))
    with pytest.raises(InputError) as problem, opened(place / "out", again, True):
        pass
    assert [f.code for f in problem.value.faults] == ["batch_plans_changed"]
    edited(place, "mean: 5.5", "mean: 5.6")
    _, sources = prepare(read_batch_file(place / "batch.yaml"))
    assert [d.holding().reason for d in sources.values() if d.stored is not None] == ["plan"]


# -- the time that is left -------------------------------------------------------------------------


def test_the_time_left_is_not_known_before_anything_is_done() -> None:
    assert remaining({}, {"a": 3}, 2) is None


def test_equal_runs_leave_no_doubt() -> None:
    assert remaining({"a": [2.0, 2.0, 2.0]}, {"a": 10}, 2) == pytest.approx((10, 10))
    assert remaining({"a": [2.0, 2.0]}, {"a": 1}, 8) == pytest.approx((2, 2))
    assert remaining({"a": [2.0, 2.0], "b": [5.0, 5.0]}, {"a": 1, "b": 2}, 1) == pytest.approx(
        (12, 12)
    )


def test_bounds_hold_the_truth_nineteen_times_of_twenty() -> None:
    dice = random.Random(1)
    inside = 0
    for _ in range(1000):
        times = [dice.gauss(10, 2) for _ in range(60)]
        bounds = remaining({"a": times[:20]}, {"a": 40}, 1)
        assert bounds is not None
        inside += bounds[0] <= sum(times[20:]) <= bounds[1]
    assert 920 <= inside <= 980


def test_a_plan_that_has_not_run_yet_is_taken_for_an_average_one() -> None:
    low, high = remaining({"a": [1.0, 3.0]}, {"a": 0, "b": 4}, 1) or (0, 0)
    assert low == 0  # two runs tell little
    assert high > 8
    low, high = remaining({"a": [1.0, 3.0] * 50}, {"a": 0, "b": 4}, 1) or (0, 0)
    assert statistics.fmean((low, high)) == pytest.approx(8)
    assert 0 < low < 8 < high


# -- stopped ---------------------------------------------------------------------------------------


def stop_after(runs: int, problem: BaseException) -> Callable[[Any], None]:
    def tell(progress: Any) -> None:
        if progress.done >= runs:
            raise problem

    return tell


@pytest.mark.usefixtures("inline")
@pytest.mark.parametrize("runs", [1, 5])
def test_what_was_stopped_goes_on_where_it_was_and_repeats_nothing(place: Path, runs: int) -> None:
    written(place)
    finish(place, "whole")
    with pytest.raises(KeyboardInterrupt):
        finish(place, "out", tell=stop_after(runs, KeyboardInterrupt()))
    assert left(place / "out") == {BEGUN, PARTS}
    parts = {p.name: p.stat().st_mtime_ns for p in (place / "out" / PARTS).iterdir()}
    assert len(parts) == runs
    again: list[int] = []
    finish(place, "out", resume=True, tell=lambda p: again.append(p.total))
    assert set(again) == {6 - runs}
    assert hashes(place / "out") == hashes(place / "whole")
    assert left(place / "out") == WHOLE


@pytest.mark.usefixtures("inline")
def test_a_batch_is_not_gone_on_with_unless_asked(place: Path) -> None:
    written(place)
    with pytest.raises(KeyboardInterrupt):
        finish(place, "out", tell=stop_after(2, KeyboardInterrupt()))
    with pytest.raises(InputError) as caught:
        finish(place, "out")
    (fault,) = caught.value.faults
    assert (fault.code, fault.fields["done"], fault.fields["total"]) == ("batch_begun", 2, 6)


@pytest.mark.usefixtures("inline")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda place: written(place, MIXED.replace("240", "250")), "batch_changed"),
        (
            lambda place: edited(place, "value: 200, unit", "value: 201, unit"),
            "batch_plans_changed",
        ),
    ],
)
def test_another_batch_does_not_go_on_with_this_one(
    place: Path, change: Callable[[Path], object], code: str
) -> None:
    written(place)
    with pytest.raises(KeyboardInterrupt):
        finish(place, "out", tell=stop_after(1, KeyboardInterrupt()))
    before = sorted((place / "out").rglob("*"))
    change(place)
    with pytest.raises(InputError) as caught:
        finish(place, "out", resume=True)
    assert [f.code for f in caught.value.faults] == [code]
    assert sorted((place / "out").rglob("*")) == before


@pytest.mark.usefixtures("inline")
def test_other_versions_do_not_go_on_with_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(place)
    with pytest.raises(KeyboardInterrupt):
        finish(place, "out", tell=stop_after(1, KeyboardInterrupt()))
    path = place / "out" / BEGUN
    told = json.loads(path.read_text(encoding="utf-8"))
    told["versions"]["numpy"] = "1.0"
    path.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        finish(place, "out", resume=True)
    (fault,) = caught.value.faults
    assert (fault.code, fault.fields["value"]) == ("batch_versions_changed", ["numpy"])


@pytest.mark.usefixtures("inline")
def test_a_damaged_part_is_run_again(place: Path) -> None:
    written(place)
    finish(place, "whole")
    with pytest.raises(KeyboardInterrupt):
        finish(place, "out", tell=stop_after(4, KeyboardInterrupt()))
    torn, flipped, *_ = sorted((place / "out" / PARTS).iterdir())
    torn.write_bytes(torn.read_bytes()[:-100])
    raw = bytearray(flipped.read_bytes())
    raw[len(raw) // 2] ^= 1
    flipped.write_bytes(bytes(raw))
    again: list[int] = []
    finish(place, "out", resume=True, tell=lambda p: again.append(p.total))
    assert set(again) == {4}
    assert hashes(place / "out") == hashes(place / "whole")


# -- a full disk -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("inline")
@pytest.mark.parametrize("fails", ["parts", "tables", "manifest"])
def test_a_disk_that_is_full_stops_it_and_loses_nothing(
    place: Path, fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(place)
    finish(place, "whole")
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    write, append = writers.write, journals._append
    stored: list[Path] = []

    def writing(path: Path, raw: bytes) -> None:
        stored.append(path)
        if fails == "manifest" and path.name == MANIFEST:
            raise full
        if fails == "parts" and len(stored) > 4:
            path.with_name(f"{writers.STRAY}{path.name}").write_bytes(raw[:50])
            raise full
        write(path, raw)

    def appending(*arguments: Any) -> None:
        if fails == "tables":
            raise full
        append(*arguments)

    monkeypatch.setattr(writers, "write", writing)
    monkeypatch.setattr(journals, "_append", appending)
    with pytest.raises(WorkError) as caught:
        finish(place, "out")
    (fault,) = caught.value.faults
    assert fault.code == "batch_stopped"
    assert fault.fields["reason"] == os.strerror(errno.ENOSPC)
    assert fault.fields["done"] == (3 if fails == "parts" else 6)
    monkeypatch.undo()
    assert BEGUN in left(place / "out")
    finish(place, "out", resume=True)
    assert hashes(place / "out") == hashes(place / "whole")
    assert left(place / "out") == WHOLE


# -- killed ----------------------------------------------------------------------------------------


def command(place: Path, *arguments: str, **how: Any) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG"))}
    return subprocess.Popen(
        [sys.executable, "-m", "plansim", "batch", "batch.yaml", *arguments],
        cwd=place, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how,
    )  # fmt: skip


def parents() -> dict[int, int]:
    """The parent of every process that lives."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            found[int(path.parent.name)] = int(fields[1])
    return found


def below(pid: int) -> list[int]:
    """All that a process began, and what those began, in this order."""
    found, of = [pid], parents()
    for parent in found:
        found += [child for child in of if of[child] == parent]
    return found[1:]


def workers(pid: int) -> list[int]:
    """The workers of a batch, which another of its processes began for it."""
    return [child for child in below(pid) if parents().get(child) != pid]


def parts(place: Path) -> int:
    return len(list((place / "out" / PARTS).glob("*.run")))


def until(happened: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 60
    while not happened() and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture
def long(place: Path, inline: None) -> Path:
    """A batch of 12 runs, 4 of them refused, and what it gives when nothing stops it."""
    written(place, MIXED.replace("seeds: [1, 2]", "seeds: {from: 1, to: 4}"))
    finish(place, "whole")
    return place


def gone(pids: Sequence[int]) -> bool:
    """Whether processes end by themselves within ten seconds."""
    end = time.monotonic() + 10
    while any(Path(f"/proc/{pid}/cmdline").exists() for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def killed(place: Path, wanted: int, delay: float) -> int:
    """Start or go on, and kill -9 once so many parts are there and a moment has passed."""
    process = command(place, "--out", "out", "--resume", "--workers", "2", "--quiet")
    until(lambda: parts(place) >= wanted, process)
    time.sleep(delay)
    begun = below(process.pid)
    process.kill()
    process.communicate()
    assert gone(begun), "a worker outlived its parent"
    return int(process.returncode)


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_and_gives_the_same_bytes(long: Path) -> None:
    dice = random.Random(5)
    safe, kills = 0, 0
    for begun in (False, True, True, True):
        wanted, most = (safe + 1, 0.5) if begun else (0, 2.0)
        if wanted > 12:
            break
        ended = killed(long, wanted, dice.uniform(0, most))
        assert ended in (-signal.SIGKILL, 4)  # a fast machine may be done before
        kills += ended == -signal.SIGKILL
        if (long / "out" / MANIFEST).exists():
            break  # all runs were done when the kill came: their parts go then
        assert parts(long) >= max(safe, wanted)
        safe = parts(long)
    assert kills > 0
    process = command(long, "--out", "out", "--resume")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 4  # a third of the runs is refused
    assert "8 of 12" in out
    assert hashes(long / "out") == hashes(long / "whole")
    assert left(long / "out") == WHOLE


@pytest.mark.slow
def test_a_killed_worker_is_replaced(long: Path) -> None:
    process = command(long, "--out", "out", "--workers", "2")
    until(lambda: parts(long) > 2, process)
    begun = workers(process.pid)
    assert len(begun) == 2
    for pid in begun:
        os.kill(pid, signal.SIGKILL)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 4
    assert "8 of 12" in out
    assert hashes(long / "out") == hashes(long / "whole")


@pytest.mark.slow
def test_ctrl_c_ends_it_with_three_and_says_how_to_go_on(place: Path, inline: None) -> None:
    longer = MIXED.replace("seeds: [1, 2]", "seeds: {from: 1, to: 10}")
    written(place, longer.replace("draws: 64", "draws: 20000"))  # so that it is not soon done
    finish(place, "whole")
    process = command(place, "--out", "out", start_new_session=True)
    until(lambda: parts(place) > 2, process)
    begun = below(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (3, ""), err
    assert "Traceback" not in err
    assert f"{parts(place)} of 30 runs are safe" in err
    assert "plansim batch batch.yaml --out out --resume" in err
    assert gone(begun)
    assert LOCK not in left(place / "out")
    finish(place, "out", resume=True)
    assert hashes(place / "out") == hashes(place / "whole")


@pytest.mark.slow
def test_a_second_process_is_refused_and_the_first_goes_on(long: Path) -> None:
    first = command(long, "--out", "out")
    until(lambda: parts(long) > 0, first)
    first.send_signal(signal.SIGSTOP)  # or it might be done before the second has begun
    second = command(long, "--out", "out", "--resume")
    out, err = second.communicate(timeout=60)
    first.send_signal(signal.SIGCONT)
    assert (second.returncode, out) == (2, "")
    assert f"process {first.pid} is working in" in err
    first.communicate(timeout=60)
    assert hashes(long / "out") == hashes(long / "whole")


@pytest.mark.slow
def test_a_disk_that_refuses_in_earnest_ends_it_with_four(long: Path) -> None:
    """No file may grow beyond 20 kB, so that no run can be stored."""

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    process = command(long, "--out", "out", "--quiet", preexec_fn=small_files)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (4, "")
    assert "Traceback" not in err
    assert "0 of 12 runs are safe" in err
    assert "plansim batch batch.yaml --out out --resume" in err
    assert left(long / "out") == {BEGUN, PARTS}
    assert parts(long) == 0
    finish(long, "out", resume=True)
    assert hashes(long / "out") == hashes(long / "whole")
