"""Tasks over processes that may die: each is done, or its loss is told; none stops the others.

A worker is a fresh interpreter (it inherits no open file, so no lock) with one pipe. When it dies
in the middle of a task the task is given to a fresh worker, once. When its parent dies, a thread of
its own sees the end of a pipe that only the parent holds open, and ends it in the middle of
whatever it does; that needs no signal, which some systems do not have and which would follow the
thread, not the process, that started it. Ctrl-C reaches the parent alone.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

T = TypeVar("T")
V = TypeVar("V")
#: How often a task is given out, where the worker that had it died.
TRIES = 2
#: Libraries that would start threads of their own in every worker.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Report(Generic[V]):
    """What became of a task: its value, or why there is none; and how long it took. [s]

    The time that its worker took to start does not count.
    """

    value: V | None
    problem: str
    seconds: float


@dataclass
class _Worker(Generic[T]):
    process: BaseProcess
    line: "Connection"
    task: T | None = None
    tries: int = 0
    began: float = field(default_factory=time.monotonic)


def supervise(
    work: Callable[[T], V], tasks: Sequence[T], workers: int, patience: float = 0.5
) -> Generator[tuple[T, Report[V]] | None, None, None]:
    """Tasks with what became of them, as they finish; None every ``patience`` seconds. [s]

    ``work`` is a function of a module, so that another process finds it. Closing the iterator
    ends all workers.
    """
    waiting = deque((task, 1) for task in tasks)
    crew: list[_Worker[T]] = []
    try:
        while waiting or any(worker.task is not None for worker in crew):
            for worker in [w for w in crew if w.task is None]:
                _give(worker, waiting)
            while waiting and len(crew) < workers:
                crew.append(_hire(work))
                _give(crew[-1], waiting)
            ready = wait([w.line for w in crew if w.task is not None], patience)
            if not ready:
                yield None
            for worker in [w for w in crew if w.line in ready]:
                finished: tuple[T, Report[V]] | None = _heard(worker)
                if finished is None:
                    crew.remove(worker)
                    finished = _mourned(worker, waiting)
                if finished is not None:
                    yield finished
    finally:
        _dismiss(crew)


def _give(worker: _Worker[T], waiting: deque[tuple[T, int]]) -> None:
    """Hand the next task to a worker. One that cannot take it is noticed when it is heard."""
    if not waiting:
        return
    worker.task, worker.tries = waiting.popleft()
    worker.began = time.monotonic()
    with suppress(OSError):
        worker.line.send(worker.task)


def _heard(worker: _Worker[T]) -> tuple[T, Report[V]] | None:
    """What a worker says, or None where it died."""
    assert worker.task is not None
    try:
        value, problem, seconds = worker.line.recv()
    except (EOFError, OSError):
        return None
    task, worker.task = worker.task, None
    return task, Report(value, problem, seconds)


def _mourned(worker: _Worker[T], waiting: deque[tuple[T, int]]) -> tuple[T, Report[V]] | None:
    """The task of a worker that died goes back to the front, or is told to be lost."""
    assert worker.task is not None
    worker.process.join()
    worker.line.close()
    if worker.tries < TRIES:
        waiting.appendleft((worker.task, worker.tries + 1))
        return None
    code = worker.process.exitcode or 0
    problem = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return worker.task, Report(None, problem, time.monotonic() - worker.began)


def _hire(work: Callable[[T], V]) -> _Worker[T]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, work), daemon=True)
    with _quiet_start():
        process.start()
    theirs.close()
    return _Worker(process, ours)


@contextmanager
def _quiet_start() -> Iterator[None]:
    """What is started here has one thread a process and does not hear Ctrl-C while it begins."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _dismiss(crew: Sequence[_Worker[T]]) -> None:
    """End all workers: those that wait by themselves, the others at once."""
    for worker in crew:
        worker.line.close()
        if worker.task is not None:
            worker.process.kill()
    for worker in crew:
        worker.process.join(5)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


def serve(line: "Connection", work: Callable[[T], V]) -> None:
    """The life of a worker: take a task, do it, say what came of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):
        while True:
            task = line.recv()
            value, problem, began = None, "", time.monotonic()
            try:
                value = work(task)
            except Exception as failure:  # a task that fails does not end its worker
                problem = f"{type(failure).__name__}: {failure}"
            line.send((value, problem, time.monotonic() - began))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
