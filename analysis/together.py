"""Common futures, some blocks at a time: whatever is asked of them, memory stays bounded."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from plansim.simulator.model import Model
from plansim.simulator.plan import Plan
from plansim.simulator.run import Job, check_arguments, jobs
from plansim.simulator.sampling import Array
from plansim.simulator.whatif import Bools, Futures, width_of

#: Draws of one block at most: more does not make it faster, and all that is held takes memory.
WIDEST = 2048


class Together:
    """A few blocks of futures, judged at once. ``draws``: how many of them count."""

    def __init__(self, work: list[Job], workers: int) -> None:
        self._sizes = [job.size for job in work]
        self._futures = [Futures(job.block) for job in work]
        self._workers = workers
        self.draws = sum(self._sizes)

    def judge(self, model: Model) -> tuple[Bools, NDArray[np.float64]]:
        """Targets met, and indicators as worded, in their own years. [(target, luck, draw)]"""
        if len(self._futures) == 1:
            judged = [self._futures[0].judge(model)]
        else:
            with ThreadPoolExecutor(self._workers) as pool:
                judged = list(pool.map(lambda futures: futures.judge(model), self._futures))
        met, reads = (
            np.concatenate(
                [part[..., :size] for part, size in zip(side, self._sizes, strict=True)], axis=-1
            )
            for side in zip(*judged, strict=True)
        )
        return met, reads


def batches(plan: Plan, draws: int, seed: int, workers: int) -> Iterator[Together]:
    """The first ``draws`` futures of a seed, as many blocks at a time as there are threads.

    Raises InputError for arguments that ``run`` would refuse.
    """
    width = min(width_of(draws, workers), WIDEST)
    check_arguments(plan, draws, seed, "independent", (), workers, width)
    work = jobs(draws, seed, width, selective=False)
    while some := list(islice(work, workers)):
        yield Together(some, workers)


def mean_of_lucks(values: Bools | Array) -> Array:
    """[(target, luck, draw)] → [(target, draw)]: both futures of a draw count alike."""
    return np.asarray(values.mean(axis=1))
