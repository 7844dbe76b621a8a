"""The kept futures of a stored run: what each judged indicator was in its year, in each."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plansim.scenarios.stored import Stored, read
from plansim.simulator.errors import Fault, InputError

KEPT = "draws.parquet"


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A stored run with its kept futures.

    ``reads`` [(target, future)]: judged targets in file order, in base units; ``who``
    [(2, future)]: draw and luck of each.
    """

    run: Stored
    reads: NDArray[np.float64]
    who: NDArray[np.int64]


def read_kept(folder: Path) -> KeptRun:
    """Raises InputError where the folder is no run, is not whole, or was changed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    run = read(folder)
    try:
        columns = pq.read_table(folder / KEPT, use_threads=False).to_pydict()
        reads = np.array([columns[v.target] for v in run.judged], dtype=float)
        who = np.array([columns["draw"], columns["luck"]], dtype=np.int64)
    except (KeyError, OSError, pa.ArrowException) as problem:
        shown = {"value": str(folder), "reason": f"{KEPT}: {problem}"}
        raise InputError([Fault("run_unreadable", shown, file="RUN")]) from None
    return KeptRun(run, reads.reshape(len(run.judged), who.shape[-1]), who)
