"""Executors beyond the threads of one process: processes of this machine, and a dask cluster.

They know nothing of what they compute (``plansim.simulator.executors``). A task travels once to a
worker, jobs and results travel by the piece. What a worker that died had in hand is done again
elsewhere: tasks are pure, so nothing is lost and no bit changes.
"""

import logging
import math
import pickle
import platform
import re
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import import_module  # noqa: TID251 - a worker elsewhere loads this module
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Protocol

from plansim.analysis.crew import Crew, LostError, Report, preload, processors
from plansim.simulator.errors import Fault, InputError, PlansimError, WorkError
from plansim.simulator.executors import AHEAD, Done, Executor, Job, Threads
from plansim.store.versions import version

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as Remote

#: Draws times scenarios from which processes, which take a second to start, outrun threads.
LONG = 16_384
#: How many processes may die of one job.
DEATHS = 4
#: How long a scheduler may take to answer, and how often it is asked for its workers. [s]
PATIENCE, PULSE = 10.0, 5.0
#: As many threads as one scheduler serves job by job; more get several jobs at a time.
CROWD = 64
#: What must be the same here and on a worker for the same bits.
VERSIONED = ("plansim", "numpy", "scipy")
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


def many(futures: int, workers: int) -> "Processes | None":
    """Processes for so many draws, which import at once; None where threads are quicker."""
    if workers == 1 or futures < LONG:
        return None
    preload("plansim.cli", "plansim.analysis.compare")
    return Processes(workers)


# -- processes -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Processes:
    """Interpreters of this machine, which end when this one does; for jobs that are much alike, as
    each waits for the process that it was given to.

    A script that uses them needs the guard ``if __name__ == "__main__":``. Raises WorkError where
    none can begin, and where they keep dying of the same job.
    """

    workers: int

    def __call__(
        self, task: Callable[[Job], Done], work: Iterable[Job]
    ) -> Generator[Done, None, None]:
        jobs, told = enumerate(work), dict[int, Report[Any]]()
        given = 0
        with Crew(partial(_numbered, task), self.workers, DEATHS) as crew:
            for turn in count():
                for job in islice(jobs, turn + AHEAD * self.workers - given):
                    try:
                        crew.give(job)
                    except OSError as problem:
                        raise WorkError.of("no_worker", reason=_sentence(problem)) from None
                    given += 1
                if turn == given:
                    return
                while turn not in told:
                    told |= {number: report for (number, _), report in crew.hear()}
                try:
                    done: Done = told.pop(turn).result()
                except LostError:
                    raise WorkError.of("workers_died", number=DEATHS) from None
                yield done


def _numbered(task: Callable[[Job], Done], job: tuple[int, Job]) -> Done:
    return task(job[1])


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
    if processors() == 1:
        yield lambda: task(job)
        return
    with Crew(task, 1, tries=1) as crew:
        with suppress(OSError):
            crew.give(job)

        def result() -> Done:
            for _, report in crew.hear() if crew.busy else ():
                with suppress(LostError):
                    done: Done = report.result()
                    return done
            return task(job)

        yield result


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
    found += [f"{name} {version(name)}" for name in VERSIONED]
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
