"""Executors beyond the threads of one process: processes of this machine, and a dask cluster.

They know nothing of what they compute (``simulator.executors``). A task travels once to a worker,
jobs and results travel by the piece. What a worker that died had in hand is done again elsewhere:
tasks are pure, so nothing is lost and no bit changes.
"""

import logging
import math
import multiprocessing
import os
import pickle
import platform
import re
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any, Protocol

from simulator.errors import Fault, InputError, PlansimError, WorkError
from simulator.executors import AHEAD, Done, Executor, Job, Threads

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

    from distributed import Client
    from distributed import Future as Remote

#: How often the processes of a run are started again after one of them died.
RESTARTS = 3
#: How long a scheduler may take to answer, and how often it is asked for its workers. [s]
PATIENCE, PULSE = 10.0, 5.0
#: As many threads as one scheduler serves job by job; more get several jobs at a time.
CROWD = 64
#: What must be the same here and on a worker for the same bits.
VERSIONED = ("plansim", "numpy", "scipy")
#: How worker processes begin. Forked from a process that does nothing else they share what it has
#: imported; elsewhere than on Linux libraries of the system do not bear it (bpo-33725).
FORKED = sys.platform == "linux"
ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:.]+\]|[\w.-]+):\d{1,5}")


def executor(where: str, workers: int) -> Executor:
    """``threads``, ``processes``, or the address of a dask scheduler. Raises InputError."""
    if where == "threads":
        return Threads(workers)
    if where == "processes":
        return Processes(workers)
    if ADDRESS.fullmatch(where):
        return Cluster(where)
    raise InputError.of("scheduler_form", "--scheduler", value=where)


# -- processes -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Processes:
    """Interpreters of this machine, which end when this one does.

    A script that uses them needs the guard ``if __name__ == "__main__":``. Raises WorkError where
    they keep dying.
    """

    workers: int

    def __call__(
        self, task: Callable[[Job], Done], work: Iterable[Job]
    ) -> Generator[Done, None, None]:
        shared, jobs, deaths = pickle.dumps(task), iter(work), 0
        asked: deque[Job] = deque()
        begun: deque[Future[Any]] = deque()
        pool = self._pool(shared)
        try:
            while True:
                asked.extend(islice(jobs, AHEAD * self.workers - len(asked)))
                if not asked:
                    return
                try:
                    with _deaf():
                        while len(begun) < len(asked):
                            begun.append(pool.submit(_do, asked[len(begun)]))
                    done = begun[0].result()
                except BrokenProcessPool:
                    deaths += 1
                    if deaths > RESTARTS:
                        raise WorkError.of("workers_died", number=deaths) from None
                    pool.shutdown(cancel_futures=True)
                    pool = self._pool(shared)
                    begun.clear()
                    continue
                asked.popleft()
                begun.popleft()
                yield done
        finally:
            pool.shutdown(cancel_futures=True)

    def _pool(self, shared: bytes) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.workers, _context(), _begin, (shared,))


def processors() -> int:
    """How many of them this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def preload(*modules: str) -> None:
    """Let processes that will be needed soon share these modules, which are imported meanwhile.

    Of use before the first process only, where processes are forked and there is more than one
    processor.
    """
    if FORKED and processors() > 1:
        from multiprocessing import forkserver

        forkserver.set_forkserver_preload(list(modules))
        _context()


def _context() -> "ForkServerContext | SpawnContext":
    """How processes begin here."""
    if FORKED:
        from multiprocessing import forkserver, resource_tracker

        # What lies in the folder where the user happens to be is none of our modules.
        before = os.environ.get("PYTHONSAFEPATH")
        os.environ["PYTHONSAFEPATH"] = "1"
        try:
            resource_tracker.ensure_running()  # which hears Ctrl-C again when it has begun
            with _deaf():
                forkserver.ensure_running()
            return multiprocessing.get_context("forkserver")
        except OSError:  # no place for its socket
            pass
        finally:
            if before is None:
                del os.environ["PYTHONSAFEPATH"]
            else:
                os.environ["PYTHONSAFEPATH"] = before
    return multiprocessing.get_context("spawn")


class Aside(Protocol):
    """Who does one job while there is something else to do here; its result is there when asked."""

    def __call__(
        self, task: Callable[[Job], Done], job: Job
    ) -> AbstractContextManager[Callable[[], Done]]: ...


@contextmanager
def here(task: Callable[[Job], Done], job: Job) -> Generator[Callable[[], Done], None, None]:
    """Nobody: it is done here, once it is asked for."""
    yield lambda: task(job)


@contextmanager
def aside(task: Callable[[Job], Done], job: Job) -> Generator[Callable[[], Done], None, None]:
    """A process of its own; done here where there is one processor, or it cannot begin, or dies.

    It is ended where the context is left before. A script needs the guard that `Processes` need.
    """
    process = None
    with ExitStack() as left:
        ours, theirs = multiprocessing.Pipe(duplex=False)
        left.callback(ours.close)
        if processors() > 1:
            process = _begun(theirs, pickle.dumps(task), job)
        theirs.close()
        if process is not None:
            left.callback(process.join)
            left.callback(process.kill)

        def result() -> Done:
            if process is None:
                return task(job)
            try:
                fine, told = ours.recv()
            except EOFError:
                return task(job)
            if not fine:
                raise told
            done: Done = told
            return done

        yield result


def _begun(theirs: Connection, shared: bytes, job: Any) -> BaseProcess | None:
    """A process that tells its result to the other end; None where it cannot begin."""
    try:
        process = _context().Process(target=_tell, args=(theirs, shared, job))
        with _deaf():
            process.start()
    except (OSError, EOFError):
        return None
    return process


def _tell(theirs: Connection, shared: bytes, job: Any) -> None:
    _begin(shared)
    try:
        told = True, _do(job)
    except Exception as problem:
        told = False, problem
    theirs.send(told)


@contextmanager
def _deaf() -> Generator[None, None, None]:
    """Processes that are started here do not hear Ctrl-C, which is for their parent."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


#: In a worker process: the task, once it has arrived.
_tasks: list[Callable[[Any], Any]] = []


def _begin(shared: bytes) -> None:
    """A worker process begins, and will end when its parent does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _tasks[:] = [pickle.loads(shared)]


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(job: Any) -> Any:
    return _tasks[0](job)


# -- a cluster -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cluster:
    """An existing dask.distributed cluster, by the address of its scheduler.

    Workers may come and go. ``patience``: how long it may have none. [s] Raises InputError where it
    cannot be used at all, WorkError where it is lost in the middle.
    """

    address: str
    patience: float = 30.0

    def __call__(
        self, task: Callable[[Job], Done], work: Iterable[Job]
    ) -> Generator[Done, None, None]:
        jobs = iter(work)
        asked: deque[Remote[Any]] = deque()
        with self._watched(), self._connected() as client:
            shared = self._handed_over(client, task)
            while True:
                threads = max(1, sum(client.nthreads().values()))
                together = 1 + threads // CROWD
                while len(asked) < AHEAD * threads and (some := tuple(islice(jobs, together))):
                    asked.append(client.submit(_do_there, shared, some, pure=False))
                if not asked:
                    return
                for _ in range(math.ceil(len(asked) / AHEAD)):
                    results = asked.popleft().result
                    yield from self._patiently(client, results, WorkError, "cluster_empty")

    @contextmanager
    def _watched(self) -> Generator[None, None, None]:
        """Whatever dask says of a cluster that went away, in one exception of our own."""
        try:
            from distributed import KilledWorker
        except ImportError:
            raise InputError.of("dask_missing", "--scheduler", value=self.address) from None
        spoken = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
        levels = [logger.level for logger in spoken]
        for logger in spoken:
            logger.setLevel(logging.CRITICAL)
        try:
            yield
        except PlansimError:
            raise
        except (CancelledError, KilledWorker, OSError, RuntimeError) as problem:
            shown = {"value": self.address, "reason": _sentence(problem)}
            raise WorkError.of("cluster_lost", "--scheduler", **shown) from problem
        finally:
            for logger, level in zip(spoken, levels, strict=True):
                logger.setLevel(level)

    @contextmanager
    def _connected(self) -> Generator["Client", None, None]:
        from distributed import Client

        try:
            client = Client(self.address, timeout=PATIENCE, set_as_default=False, name="plansim")
        except (OSError, ValueError, TypeError) as problem:
            shown = {"value": self.address, "reason": _sentence(problem)}
            raise InputError.of("cluster_unreachable", "--scheduler", **shown) from None
        try:
            yield client
        finally:
            client.close(timeout=PULSE)

    def _handed_over(self, client: "Client", task: Callable[..., Any]) -> "Remote[Any]":
        """The task on a worker. Others take it from there, or make it anew where that one died."""
        steps = ((import_module, __name__), (_receive, pickle.dumps(task), versions()))
        for step in steps:  # a worker that is sent a function that it cannot find goes away
            shared = client.submit(*step, pure=False)
            problem = self._patiently(
                client, shared.exception, InputError, "cluster_without_workers"
            )
            if problem is not None:
                shown = {"value": self.address, "reason": _sentence(problem)}
                raise InputError.of("cluster_unfit", "--scheduler", **shown)
        return shared

    def _patiently(
        self, client: "Client", asked: Callable[..., Any], error: type[PlansimError], code: str
    ) -> Any:
        """What is asked for, however long it takes; an error once no worker is there to do it."""
        alone = time.monotonic()
        while True:
            try:
                return asked(timeout=min(PULSE, self.patience))
            except TimeoutError:
                if client.nthreads():
                    alone = time.monotonic()
                elif time.monotonic() - alone > self.patience:
                    raise error([Fault(code, {"value": self.address}, "--scheduler")]) from None


def _sentence(problem: BaseException) -> str:
    return str(problem).partition("\n")[0].rstrip(".") or type(problem).__name__


@lru_cache(maxsize=1)
def versions() -> str:
    """What decides about bits: Python, the libraries that compute, the type of machine."""
    found = [f"python {'.'.join(platform.python_version_tuple()[:2])}"]
    for name in VERSIONED:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} ?")
    return ", ".join([*found, platform.machine()])


@dataclass(frozen=True, slots=True)
class _Shared:
    """A task on a worker of a cluster, and the versions of whoever asks for it."""

    task: Callable[[Any], Any]
    versions: str


def _receive(task: bytes, asked: str) -> _Shared:
    return _Shared(pickle.loads(task), asked)


def _do_there(shared: _Shared, jobs: tuple[Any, ...]) -> list[Any]:
    if shared.versions != versions():
        shown = {"value": versions(), "wanted": shared.versions}
        raise InputError.of("cluster_differs", "--scheduler", **shown)
    return [shared.task(job) for job in jobs]
