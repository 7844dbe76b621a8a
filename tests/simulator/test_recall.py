"""The last result under a name is given back for the same things, and for nothing else."""

from collections.abc import Callable
from typing import Any

import numpy as np

from plansim.simulator.recall import Notebook, anew, once


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


def test_what_is_within_tuples_and_dictionaries_is_looked_at() -> None:
    notes, one, other = Notebook(), np.zeros(2), np.zeros(2)
    done: list[object] = []

    def work(given: Any) -> int:
        done.append(given)
        return len(done)

    assert notes("a", work, {"x": one, "y": (1.0, one)}) == 1
    assert notes("a", work, {"x": one, "y": (1.0, one)}) == 1
    assert notes("a", work, {"x": one, "y": (1.0, other)}) == 2
    assert notes("a", work, {"x": one, "z": (1.0, other)}) == 3
    assert notes("a", work, {"x": one, "z": (1.0, other, other)}) == 4
    assert notes("a", work, (1.0, other)) == 5
    assert notes("a", work, (1.0, 2.0)) == 6


def test_the_same_work_on_the_same_things_is_done_once_whatever_its_name() -> None:
    done: list[str] = []

    def noted(name: str, work: Callable[..., Any], *given: Any) -> Any:
        done.append(name)
        return work(*given)

    recall, one, other = once(noted), np.arange(3.0), np.arange(3.0)
    first = recall("a", np.add, one, other)
    assert recall("b", np.add, one, other) is first
    assert recall("c", np.add, other, one) is not first
    assert recall("d", np.multiply, one, other).tolist() == [0.0, 1.0, 4.0]
    assert done == ["a", "c", "d"]
    for _ in range(100):  # what is gone may leave its place, but never its result, to what comes
        fresh = np.full(3, float(len(done)))
        assert recall(f"{len(done)}", np.copy, fresh).tolist() == fresh.tolist()
