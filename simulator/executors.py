"""Who computes: an executor does a task for every job, and hands the results back in order.

A task is a pure function, so it does not matter to the result where a job is done, by how many,
or twice. The executors for other processes and machines are in ``plansim.analysis.workers``.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

Job = TypeVar("Job")
Done = TypeVar("Done")
#: Jobs that a worker has in hand or waiting for it: one more than it needs.
AHEAD = 2


class Executor(Protocol):
    """Does ``task`` for all of ``work``; results come in the order of the jobs.

    Jobs are taken from ``work`` only a few ahead of the results. Closing the generator gives up
    what has not begun.
    """

    def __call__(
        self, task: Callable[[Job], Done], work: Iterable[Job]
    ) -> Generator[Done, None, None]: ...


@dataclass(frozen=True, slots=True)
class Threads:
    """Threads of this process: numpy computes without the lock of the interpreter."""

    workers: int = 1

    def __call__(
        self, task: Callable[[Job], Done], work: Iterable[Job]
    ) -> Generator[Done, None, None]:
        if self.workers == 1:
            yield from map(task, work)
            return
        pool = ThreadPoolExecutor(self.workers)
        waiting: deque[Future[Done]] = deque()
        try:
            for job in work:
                waiting.append(pool.submit(task, job))
                if len(waiting) >= AHEAD * self.workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
