"""Executors: results in order, only a few jobs ahead, no bit lost with a worker or a cluster."""

import json
import multiprocessing
import operator
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from functools import partial
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from plansim.analysis import crew, workers
from plansim.analysis.workers import DEATHS, Cluster, Processes, aside, executor
from plansim.scenarios.load import load
from plansim.simulator.errors import Fault, InputError, WorkError
from plansim.simulator.executors import AHEAD, Executor, Threads
from plansim.simulator.plan import Plan
from plansim.simulator.results import Kept, Result
from plansim.simulator.run import run
from plansim.tests.refusals import refused

BOTH = [Threads(2), Processes(2)]


@pytest.fixture(scope="session")
def plan() -> Plan:
    return load(str(files("plansim.scenarios") / "template"))


def assert_same(one: Result, other: Result) -> None:
    """Two results agree to the last bit, kept futures included."""
    assert one.verdicts == other.verdicts
    assert one.joint == other.joint
    assert one.flows == other.flows
    assert np.array_equal(one.pairs, other.pairs)
    for f in fields(Kept):
        assert np.array_equal(getattr(one.kept, f.name), getattr(other.kept, f.name)), f.name


def children() -> set[int]:
    return {child.pid for child in multiprocessing.active_children() if child.pid is not None}


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # the second: it ended while it was read
        return False
    return state != "Z"


def until(true: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


# -- any executor ----------------------------------------------------------------------------------


@pytest.mark.parametrize("over", [Threads(1), *BOTH], ids=str)
def test_results_come_in_the_order_of_the_jobs(over: Executor) -> None:
    assert list(over(operator.neg, range(40))) == [-n for n in range(40)]
    assert list(over(operator.neg, [])) == []


@pytest.mark.parametrize("over", BOTH, ids=str)
def test_only_a_few_jobs_are_taken_ahead_of_the_results(over: Executor) -> None:
    taken: list[int] = []

    def work() -> Iterator[int]:
        for n in range(1000):
            taken.append(n)
            yield n

    results = over(operator.neg, work())
    for n in range(6):
        assert next(results) == -n
    results.close()
    assert len(taken) <= 6 + AHEAD * 2


@pytest.mark.parametrize("over", BOTH, ids=str)
def test_what_is_wrong_with_the_input_is_said_as_anywhere(over: Executor) -> None:
    with pytest.raises(InputError) as problem:
        list(over(partial(load, "yuyao-2016"), ["plan", "no-such-scenario"]))
    assert [fault.code for fault in problem.value.faults] == ["unknown_scenario"]


def test_errors_survive_a_journey() -> None:
    import pickle

    for kind in (InputError, WorkError):
        sent = kind([Fault("a", {"value": 1}, "x.y"), Fault("b", line=3)])
        come = pickle.loads(pickle.dumps(sent))
        assert type(come) is kind
        assert come.faults == sent.faults
        assert str(come) == str(sent)


def test_an_executor_is_known_by_its_name_or_address() -> None:
    assert executor("threads", 3) == Threads(3)
    assert executor("processes", 3) == Processes(3)
    for address in ("tcp://127.0.0.1:8786", "tls://node-1.example:8786", "tcp://[::1]:8786"):
        assert executor(address, 3) == Cluster(address)


@pytest.mark.parametrize(
    "where",
    ["", "thread", "dask", "tcp://", "tcp://host", "http://host:80", "tcp://a b:1", "tcp:/x"],
)
def test_any_other_name_is_refused(where: str) -> None:
    with pytest.raises(InputError) as problem:
        executor(where, 1)
    assert [fault.code for fault in problem.value.faults] == ["scheduler_form"]


# -- processes -------------------------------------------------------------------------------------


def test_no_bit_depends_on_processes(plan: Plan) -> None:
    over, given = Processes(2), [run(plan, draws=128).judged[0].target]
    assert_same(run(plan, draws=5000, block=1024, over=over), run(plan, draws=5000))
    one = run(plan, draws=5000, given=given, block=1024, over=over)
    assert_same(one, run(plan, draws=5000, given=given))


def test_what_a_killed_process_had_in_hand_is_done_again(plan: Plan) -> None:
    before, killed = children(), set[int]()

    def kill_one(_: int) -> None:
        if not killed:
            killed.add(min(children() - before))
            os.kill(min(killed), signal.SIGKILL)

    result = run(plan, draws=12_000, block=512, over=Processes(2), progress=kill_one)
    assert killed
    assert_same(result, run(plan, draws=12_000))
    assert children() == before


def test_processes_that_keep_dying_are_told() -> None:
    with pytest.raises(WorkError) as problem:
        list(Processes(1)(os._exit, [3]))
    (fault,) = problem.value.faults
    assert (fault.code, fault.fields) == ("workers_died", {"number": DEATHS})


def test_processes_that_cannot_begin_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> None:
        raise OSError("no room")

    monkeypatch.setattr(crew, "_context", nowhere)
    with pytest.raises(WorkError) as problem:
        list(Processes(1)(operator.neg, [1]))
    (fault,) = problem.value.faults
    assert (fault.code, fault.fields) == ("no_worker", {"reason": "no room"})


PARENT = """
import multiprocessing, time
from plansim.analysis.workers import Processes
if __name__ == "__main__":
    results = Processes(2)(time.sleep, [0, 0, 60, 60, 60, 60])
    next(results), next(results)
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    next(results)
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")
def test_processes_end_with_their_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        assert all(map(is_alive, pids))
        parent.kill()
    assert until(lambda: not any(map(is_alive, pids)), 5)


def said(folder: Path, script: str, **env: str) -> list[str]:
    """The words that a script of its own prints, in an interpreter of its own."""
    place = folder / "script.py"
    place.write_text(script)
    return subprocess.run(
        [sys.executable, str(place)], capture_output=True, text=True, check=True, timeout=60,
        cwd=folder, env=os.environ | env,
    ).stdout.split()  # fmt: skip


PRELOADED = """
import sys
from plansim.analysis.crew import FORKED, preload, processors
from plansim.analysis.workers import Processes
def has(name):
    return name in sys.modules
if __name__ == "__main__":
    preload("wave")
    print(FORKED and processors() > 1, *Processes(1)(has, ["wave", "sunau"]), "wave" in sys.modules)
"""


def test_processes_have_what_was_preloaded(tmp_path: Path) -> None:
    shared, *found = said(tmp_path, PRELOADED)
    assert found == [shared, "False", "False"]


SOMEWHERE = """
import operator
from plansim.analysis.crew import preload
from plansim.analysis.workers import Processes, aside
if __name__ == "__main__":
    preload("plansim.cli", "plansim.analysis.compare")
    print(*Processes(2)(operator.neg, [1, 2]))
    with aside(operator.neg, 3) as result:
        print(result())
"""


def test_what_lies_where_the_user_is_is_not_imported(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("cli", "analysis", "scenarios"):
        (tmp_path / f"{name}.py").write_text(f"print('not our {name}')\n")
    (elsewhere / "script.py").write_text(SOMEWHERE)
    found = subprocess.run(
        [sys.executable, str(elsewhere / "script.py")], capture_output=True, text=True, check=True,
        timeout=60, cwd=tmp_path,
    )  # fmt: skip
    assert found.stdout.split() == ["-1", "-2", "-3"]


def test_without_a_place_for_sockets_processes_begin_another_way(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    assert said(tmp_path, SOMEWHERE, TMPDIR=str(deep)) == ["-1", "-2", "-3"]


INTERRUPTED = """
import operator, os, signal, time
from plansim.analysis.crew import preload
from plansim.analysis.workers import Processes
if __name__ == "__main__":
    signal.signal(signal.SIGINT, lambda *_: None)  # not ignored: that would be inherited
    preload("plansim.analysis.compare")
    for _ in range(30):
        time.sleep(0.02)
        os.killpg(0, signal.SIGINT)
    print(*Processes(1)(operator.neg, [1]))
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="Ctrl-C is sent to a group")
def test_ctrl_c_is_for_the_parent_from_the_beginning(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED)
    found = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True, timeout=60,
        start_new_session=True,
    )  # fmt: skip
    assert found.stdout.split() == ["-1"]
    assert "KeyboardInterrupt" not in found.stderr


def test_a_job_is_done_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "processors", lambda: 2)
    before = children()
    with aside(operator.neg, 3) as result:
        assert len(children() - before) == 1
        assert result() == -3
    assert children() == before


def test_what_is_wrong_is_said_from_aside() -> None:
    asked = aside(partial(load, "yuyao-2016"), "no-such-scenario")
    with asked as result, refused("unknown_scenario"):
        result()


def test_with_one_processor_nothing_is_done_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "processors", lambda: 1)
    before = children()
    with aside(operator.neg, 3) as result:
        assert children() == before
        assert result() == -3


def test_what_cannot_begin_aside_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> None:
        raise OSError

    monkeypatch.setattr(workers, "processors", lambda: 2)
    monkeypatch.setattr(crew, "_context", nowhere)
    with aside(operator.neg, 3) as result:
        assert result() == -3


def test_what_dies_aside_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "processors", lambda: 2)
    before, numbers = children(), range(50_000_000)
    with aside(sum, numbers) as result:
        (pid,) = children() - before
        os.kill(pid, signal.SIGKILL)
        assert result() == sum(numbers)


def test_what_nobody_asks_for_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "processors", lambda: 2)
    before, started = children(), time.monotonic()
    with pytest.raises(ZeroDivisionError), aside(time.sleep, 60):
        raise ZeroDivisionError
    assert time.monotonic() - started < 30
    assert children() == before


# -- a cluster -------------------------------------------------------------------------------------


HERE = ("--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0")
WORKER = ("-m", "distributed.cli.dask_worker")
#: A worker on whose machine plansim is not installed.
WITHOUT = (
    "-c",
    "import sys; sys.modules['plansim'] = None; "
    "from distributed.cli.dask_worker import main; main()",
)


@contextmanager
def dask(folder: Path, *command: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A scheduler or a worker, reachable from this machine only, with ports of the system."""
    with subprocess.Popen(
        [sys.executable, *command, *HERE, "--scheduler-file", str(folder / "scheduler.json")],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def cluster(
    folder: Path, *commands: Sequence[str]
) -> Iterator[tuple[str, "subprocess.Popen[bytes]", list["subprocess.Popen[bytes]"]]]:
    """A scheduler with a worker a command: the address, the scheduler, the workers."""
    with ExitStack() as stack:
        head = stack.enter_context(
            dask(folder, "-m", "distributed.cli.dask_scheduler", "--port", "0")
        )
        place = folder / "scheduler.json"
        assert until(lambda: place.exists() and place.stat().st_size > 0, 20)
        options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(folder))
        hands = [stack.enter_context(dask(folder, *command, *options)) for command in commands]
        address = json.loads(place.read_text())["address"]
        if commands != (WITHOUT,):
            assert list(Cluster(address)(operator.neg, [1])) == [-1]
        yield address, head, hands


def killing(*processes: "subprocess.Popen[bytes]", after: int = 2) -> Callable[[int], None]:
    """Tells of progress, and kills the processes when so many blocks are done."""
    blocks: list[int] = []

    def tell(draws: int) -> None:
        blocks.append(draws)
        if len(blocks) == after:
            for process in processes:
                process.kill()

    return tell


@pytest.mark.slow
def test_a_run_is_complete_and_the_same_when_a_worker_of_the_cluster_is_killed(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued = load("yuyao-2016")
    with cluster(tmp_path, WORKER, WORKER) as (address, _, (first, second)):
        over = Cluster(address)
        monkeypatch.setattr(workers, "CROWD", 1)  # several jobs at a time
        assert_same(run(plan, tolerance=0.01, block=512, over=over), run(plan, tolerance=0.01))
        monkeypatch.undo()
        result = run(queued, draws=6_000, block=1024, over=over, progress=killing(first))
        assert until(lambda: first.poll() is not None, 5)
        assert second.poll() is None
    assert_same(result, run(queued, draws=6_000))


@pytest.mark.slow
def test_a_cluster_that_cannot_be_used_is_refused(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def code(over: Cluster) -> str:
        with pytest.raises(InputError) as problem:
            run(plan, draws=256, over=over)
        (fault,) = problem.value.faults
        assert fault.path == "--scheduler"
        return fault.code

    (tmp_path / "other").mkdir()
    with cluster(tmp_path, WITHOUT) as (address, _, _):
        assert code(Cluster(address)) == "cluster_unfit"
    with cluster(tmp_path / "other", WORKER) as (address, _, (hand,)):
        monkeypatch.setattr(workers, "versions", lambda: "python 2")
        assert code(Cluster(address)) == "cluster_differs"
        hand.kill()
        assert code(Cluster(address, patience=1)) == "cluster_without_workers"
    monkeypatch.setattr(workers, "PATIENCE", 0.5)
    assert code(Cluster(address)) == "cluster_unreachable"
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert code(Cluster(address)) == "dask_missing"


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["cluster_lost", "cluster_empty"])
def test_a_cluster_that_is_lost_is_told(
    tmp_path: Path, plan: Plan, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "PULSE", 0.5)
    with cluster(tmp_path, WORKER, WORKER) as (address, head, hands):
        victims = [head] if lost == "cluster_lost" else hands
        with pytest.raises(WorkError) as problem:
            run(
                plan, draws=10**6, over=Cluster(address, patience=1), progress=killing(*victims)
            )  # fmt: skip
    assert [fault.code for fault in problem.value.faults] == [lost]
