"""The last result under a name is given back for the same things, and for nothing else."""

import numpy as np

from simulator.recall import Notebook, anew


def test_anew_works_it_out_every_time() -> None:
    assert anew("sum", np.add, 1, 2) == 3
    assert anew("sum", np.add, 1, 5) == 6


def test_a_notebook_knows_what_was_asked_last() -> None:
    done: list[tuple[object, ...]] = []

    def work(*given: object) -> int:
        done.append(given)
        return len(done)

    notes, here = Notebook(), np.arange(3.0)
    assert [notes(name, work, here, 1.0) for name in "aab"] == [1, 1, 2]
    assert notes("a", work, here, 2.0) == 3
    assert notes("a", work, here) == 4
    assert notes("b", work, here, 1.0) == 2, "another name was asked since"
    assert notes("a", work, here, 2.0) == 5, "only the last is known"


def test_arrays_are_the_same_only_if_they_are_one() -> None:
    notes, one = Notebook(), np.zeros(2)
    first = notes("copy", np.copy, one)
    assert notes("copy", np.copy, one) is first
    assert notes("copy", np.copy, one.copy()) is not first
    assert notes("size", np.size, 0.0) == 1
    assert notes("size", np.size, one) == 2, "a number is no array of its value"
