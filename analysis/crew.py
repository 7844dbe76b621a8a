"""Processes of this machine that may die: each task is done, or its loss is told.

Every worker has a line of its own, and nobody else holds an end of it. So all that can happen is
heard there: a result; the death of a worker, even in the middle of a result, where the queue that
all workers of ``concurrent.futures`` write to would stay silent for ever; and, at the other end,
the death of the parent, which ends a worker in the middle of whatever it does. Ctrl-C reaches the
parent alone.
"""

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

T = TypeVar("T")
V = TypeVar("V")
#: How often a task is given out, where the worker that had it died.
TRIES = 2
#: How workers begin. Forked from a process that does nothing else they share what it has imported;
#: elsewhere than on Linux libraries of the system do not bear it (bpo-33725).
FORKED = sys.platform == "linux"
#: What they begin with: libraries start no threads, no module is taken from the user's folder, and
#: what an array leaves is kept for the next one, in large pages (where the C library is glibc): to
#: ask the system for it again and again took a tenth of the time.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONSAFEPATH": "1",
    "GLIBC_TUNABLES": ":".join(
        f"glibc.malloc.{name}={value}"
        for name, value in {
            "hugetlb": 1,
            "mmap_threshold": 2**30,
            "trim_threshold": 2**32,
            "top_pad": 2**26,
        }.items()
    ),
}

#: Who changes the environment of this process, which all of its threads share.
_changing = threading.RLock()


class LostError(Exception):
    """A worker ended in the middle of a task; the signal or the code that it ended with."""


@dataclass(frozen=True, slots=True)
class Report(Generic[V]):
    """What became of a task: its value, or what was raised.

    ``seconds``: how long it took, without the start of its worker; 0 where that died. [s]
    """

    value: V | None
    failure: Exception | None = None
    seconds: float = 0.0

    @property
    def problem(self) -> str:
        """Why there is no value; "" where there is one."""
        if self.failure is None or isinstance(self.failure, LostError):
            return str(self.failure or "")
        return f"{type(self.failure).__name__}: {self.failure}"

    def result(self) -> Any:
        """The value. Raises what the task raised, or LostError."""
        if self.failure is not None:
            raise self.failure
        return self.value


@dataclass(slots=True, eq=False)
class _Worker(Generic[T]):
    """A process, and the tasks that it has in hand, each with the times that it was given out."""

    process: BaseProcess
    line: Connection
    tasks: deque[tuple[T, int]] = field(default_factory=deque)

    def take(self, task: T, times: int) -> None:
        with suppress(OSError):  # it died, which will be heard
            self.line.send(task)
        self.tasks.append((task, times))


class Crew(Generic[T, V]):
    """Up to ``size`` processes that do one kind of ``work``, begun as tasks come; a context.

    ``work`` is a function of a module, so that another process finds it, and is sent once to each.
    ``tries``: how often a task is given out, if workers die of it. Leaving the context ends all;
    so does whatever interrupts ``give`` or ``hear``, as lines and tasks may be out of step then.
    """

    def __init__(self, work: Callable[[T], V], size: int, tries: int = TRIES) -> None:
        self._work, self._size, self._tries = pickle.dumps(work), size, tries
        self._workers: list[_Worker[T]] = []

    def __enter__(self) -> "Crew[T, V]":
        return self

    def __exit__(self, *_: object) -> None:
        self.dismiss()

    def dismiss(self) -> None:
        """End all workers: those that wait by themselves, the others at once."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.line.close()
            if worker.tasks:
                worker.process.kill()
        for worker in workers:
            worker.process.join(5)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    @property
    def busy(self) -> bool:
        """Whether there is something to hear."""
        return any(worker.tasks for worker in self._workers)

    def give(self, task: T) -> None:
        """To whoever has least to do. Raises OSError where no process can begin."""
        with self._in_step():
            self._give(task, 1)

    def hear(self, patience: float | None = None) -> list[tuple[T, Report[V]]]:
        """Tasks that have ended, once there are some; none after so much ``patience``. [s]"""
        heard: list[tuple[T, Report[V]]] = []
        with self._in_step():
            busy = [worker for worker in self._workers if worker.tasks]
            ends = [end for worker in busy for end in (worker.line, worker.process.sentinel)]
            ready = wait(ends, patience)
            for worker in busy:
                if worker.line not in ready and worker.process.sentinel not in ready:
                    continue
                try:
                    if not worker.line.poll():  # it died before it had an end of the line
                        raise EOFError
                    told = worker.line.recv_bytes()
                except (EOFError, OSError):
                    heard += self._mourn(worker)
                else:
                    task, _ = worker.tasks.popleft()
                    heard.append((task, _opened(told)))
        return heard

    @contextmanager
    def _in_step(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.dismiss()
            raise

    def _give(self, task: T, times: int) -> None:
        least = min(self._workers, key=lambda worker: len(worker.tasks), default=None)
        if least is not None and not least.tasks and not least.process.is_alive():
            self._bury(least)
            self._give(task, times)
            return
        if least is None or (least.tasks and len(self._workers) < self._size):
            least = self._hire()
        least.take(task, times)

    def _hire(self) -> _Worker[T]:
        context = _context()
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self._work), daemon=True)
        try:
            with _deaf(), _environment():
                process.start()
        except (OSError, EOFError, AssertionError) as problem:  # the last in a daemonic process
            ours.close()
            raise OSError(f"no process can begin: {problem}") from problem
        finally:
            theirs.close()
        self._workers.append(_Worker(process, ours))
        return self._workers[-1]

    def _mourn(self, worker: _Worker[T]) -> Iterator[tuple[T, Report[V]]]:
        """What a dead worker had in hand is given out again, if it has not died of it too often."""
        self._bury(worker)
        for place, (task, times) in enumerate(worker.tasks):
            guilty = place == 0
            if not guilty or times < self._tries:
                with suppress(OSError):
                    self._give(task, times + guilty)
                    continue
            yield task, Report(None, LostError(_end(worker.process.exitcode or 0)))

    def _bury(self, worker: _Worker[T]) -> None:
        self._workers.remove(worker)
        worker.line.close()
        worker.process.join()


def supervise(
    work: Callable[[T], V], tasks: Iterable[T], workers: int, patience: float = 0.5
) -> Generator[tuple[T, Report[V]] | None, None, None]:
    """Tasks with what became of them, as they finish; None every ``patience`` seconds. [s]

    Closing the iterator ends all workers.
    """
    waiting = iter(tasks)
    with Crew(work, workers) as crew:
        for task in islice(waiting, workers):
            crew.give(task)
        while crew.busy:
            heard = crew.hear(patience)
            if not heard:
                yield None
            try:
                for task in islice(waiting, len(heard)):
                    crew.give(task)
            except OSError:
                yield from heard
                raise
            yield from heard


def processors() -> int:
    """How many of them this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def preload(*modules: str) -> None:
    """Let workers that will be needed soon share these modules, which are imported meanwhile.

    Of use before the first process only, where workers are forked and there is more than one
    processor. None may start a thread (as pyarrow does), of which a forked process has but the
    locks.
    """
    if FORKED and processors() > 1:
        from multiprocessing import forkserver

        forkserver.set_forkserver_preload(list(modules))
        _context()


# -- how a worker begins ---------------------------------------------------------------------------


def _context() -> "ForkServerContext | SpawnContext":
    if FORKED:
        from multiprocessing import forkserver, resource_tracker

        try:
            with _environment():
                resource_tracker.ensure_running()  # which hears Ctrl-C again when it has begun
                with _deaf():
                    forkserver.ensure_running()
            return multiprocessing.get_context("forkserver")
        except OSError:  # no place for its socket
            pass
    return multiprocessing.get_context("spawn")


@contextmanager
def _environment() -> Iterator[None]:
    with _changing:
        before = {name: os.environ.get(name) for name in ENVIRONMENT}
        os.environ.update(ENVIRONMENT)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


@contextmanager
def _deaf() -> Iterator[None]:
    """What begins here does not hear Ctrl-C, which is for its parent."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# -- the life of a worker --------------------------------------------------------------------------


def _serve(line: Connection, work: bytes) -> None:
    """Take a task, do it, say what came of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tasks: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(line, tasks), daemon=True).start()
    does = pickle.loads(work)
    with suppress(OSError):  # nobody hears it any more
        while True:
            line.send_bytes(_told(does, tasks.get()))


def _listen(line: Connection, tasks: "SimpleQueue[bytes]") -> None:
    """Until the other end is closed, by a parent that has no more to do or does not live."""
    with suppress(EOFError, OSError):
        while True:
            tasks.put(line.recv_bytes())
    os._exit(1)


def _told(work: Callable[[Any], Any], task: bytes) -> bytes:
    """A report. A task that fails does not end its worker."""
    began = time.monotonic()
    try:
        value = work(pickle.loads(task))
        return pickle.dumps(Report(value, None, time.monotonic() - began))
    except Exception as failure:
        return pickle.dumps(Report(None, _portable(failure), time.monotonic() - began))


def _portable(failure: Exception) -> Exception:
    """The failure as one that survives the journey, with the place where it happened if it can."""
    place = "".join(traceback.format_exception(failure))
    try:
        pickle.loads(pickle.dumps(failure))
    except Exception:  # whatever it is made of, its words arrive
        failure = RuntimeError(f"{type(failure).__name__}: {failure}")
    failure.add_note(place)
    return failure


# -- what is heard of it ---------------------------------------------------------------------------


def _opened(told: bytes) -> Report[Any]:
    try:
        report: Report[Any] = pickle.loads(told)
    except Exception as failure:  # what can be sent cannot always be received
        return Report(None, failure)
    return report


def _end(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:  # real-time signals have no name
        return f"signal {-code}"
