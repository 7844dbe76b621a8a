"""Workers that fail, die, or lose their parent: every task has an end, and nobody is left over."""

import multiprocessing
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from pickle import PicklingError

import pytest

from plansim.analysis.crew import TRIES, Crew, supervise
from plansim.tests.analysis.tasks import (
    dies,
    kills_itself,
    lands_badly,
    open_files,
    root_or_fault,
    sleeps,
    square,
    threads,
    unsendable,
)


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def nowhere() -> None:
    raise OSError("no room")


def done(work: Callable[[int], object], tasks: list[int], workers: int = 2) -> dict[int, object]:
    return {
        each[0]: each[1].problem or each[1].value
        for each in supervise(work, tasks, workers)
        if each is not None
    }


def ended(pid: int) -> bool:
    """Whether a process is gone, or only waits for its parent to notice."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def wait_for(happened: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize("workers", [1, 3])
def test_every_task_is_done_once(workers: int) -> None:
    reports = [e for e in supervise(square, range(20), workers) if e is not None]
    assert sorted((task, report.value) for task, report in reports) == [
        (n, n * n) for n in range(20)
    ]
    assert all(report.seconds >= 0 for _, report in reports)


def test_nothing_to_do_starts_nobody() -> None:
    assert list(supervise(square, [], 4)) == []


def test_a_task_that_fails_is_told_and_its_worker_goes_on() -> None:
    found = done(root_or_fault, [4, -1, 9], workers=1)
    assert found == {4: 2.0, -1: "ValueError: no root of -1", 9: 3.0}


def test_a_worker_killed_in_a_task_costs_a_second_try_and_nothing_else(tmp_path: Path) -> None:
    found = done(partial(dies, tmp_path, 1), list(range(6)))
    assert found == {n: n * n for n in range(6)}
    assert len(list(tmp_path.iterdir())) == 2


def test_a_task_that_always_kills_is_given_up_and_the_others_are_done(tmp_path: Path) -> None:
    found = done(partial(dies, tmp_path, 99), list(range(6)))
    assert found == {n: n * n for n in range(6)} | {3: "SIGKILL"}
    assert len(list(tmp_path.iterdir())) == TRIES


def test_workers_inherit_no_open_file_and_start_no_threads(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w"):
        found = done(open_files, [1], workers=1)
    assert found[1]
    assert "lock" not in str(found[1])
    assert done(threads, [1], workers=1) == {1: "1"}


def test_closing_ends_all_workers(tmp_path: Path) -> None:
    crew = supervise(partial(sleeps, tmp_path), [1, 2, 3], 2, patience=0.05)
    while len(list(tmp_path.iterdir())) < 2:
        assert next(crew) is None
    pids = [int(path.stem) for path in tmp_path.iterdir()]
    assert not any(ended(pid) for pid in pids)
    crew.close()
    assert wait_for(lambda: all(ended(pid) for pid in pids))


def test_a_worker_killed_in_the_middle_of_a_result_is_replaced() -> None:
    with Crew(bytes, 1) as crew:
        crew.give(10**7)  # more than a line holds
        (worker,) = crew._workers
        assert worker.line.poll(30)
        worker.process.kill()
        heard = []
        while crew.busy:
            heard += crew.hear(30)
    ((task, report),) = heard
    assert (task, report.result()) == (10**7, bytes(10**7))


def test_an_interruption_ends_all_and_the_next_task_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Crew(square, 2) as crew:
        crew.give(2)
        monkeypatch.setattr("plansim.analysis.crew._opened", interrupted)
        with pytest.raises(KeyboardInterrupt):
            crew.hear()
        monkeypatch.undo()
        assert not crew.busy
        assert not multiprocessing.active_children()
        crew.give(3)
        assert [(task, report.result()) for task, report in crew.hear()] == [(3, 9)]


def test_a_task_that_cannot_be_sent_is_refused_and_forgotten() -> None:
    with Crew(square, 1) as crew:
        with pytest.raises((AttributeError, PicklingError)):
            crew.give(lambda: 1)  # type: ignore[arg-type]
        assert not crew.busy


def test_a_task_is_lost_where_none_can_take_the_place_of_the_dead(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Crew(partial(sleeps, tmp_path), 1) as crew:
        crew.give(1)
        assert wait_for(lambda: bool(list(tmp_path.iterdir())))
        monkeypatch.setattr("plansim.analysis.crew._context", nowhere)
        (worker,) = crew._workers
        worker.process.kill()
        ((task, report),) = crew.hear(30)
    assert (task, report.problem) == (1, "SIGKILL")


def test_who_dies_with_nothing_to_do_takes_no_task_along() -> None:
    with Crew(square, 1, tries=1) as crew:
        crew.give(1)
        crew.hear(30)
        (worker,) = crew._workers
        worker.process.kill()
        worker.process.join()
        crew.give(2)
        assert [report.result() for _, report in crew.hear(30)] == [4]


def test_what_cannot_be_received_is_told_and_tried_once() -> None:
    assert done(lands_badly, [1], workers=1) == {1: "EOFError: not here"}


def test_a_signal_without_a_name_is_told_by_its_number() -> None:
    assert done(kills_itself, [signal.SIGRTMIN + 6], workers=1) == {
        signal.SIGRTMIN + 6: f"signal {signal.SIGRTMIN + 6}"
    }


def test_what_cannot_travel_is_told() -> None:
    found = done(unsendable, [0, 1])
    assert str(found[0]).startswith(("AttributeError: Can't pickle", "PicklingError: Can't pickle"))
    assert found[1] == "RuntimeError: AwkwardError: 1 and 2"


def test_a_failure_says_where_it_happened() -> None:
    ((_, report),) = (each for each in supervise(root_or_fault, [-1], 1) if each is not None)
    assert isinstance(report.failure, ValueError)
    assert "in root_or_fault" in "".join(report.failure.__notes__)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_when_their_parent_dies(how: signal.Signals, tmp_path: Path) -> None:
    code = (
        "from functools import partial; from pathlib import Path\n"
        "from plansim.analysis.crew import supervise\n"
        "from plansim.tests.analysis.tasks import sleeps\n"
        f"list(supervise(partial(sleeps, Path({str(tmp_path)!r})), [1, 2], 2))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    try:
        assert wait_for(lambda: len(list(tmp_path.iterdir())) == 2)
        pids = [int(path.stem) for path in tmp_path.iterdir()]
        assert not any(ended(pid) for pid in pids)
        parent.send_signal(how)
        parent.wait(20)
        assert wait_for(lambda: all(ended(pid) for pid in pids))
    finally:
        parent.kill()
        parent.wait(20)
