"""What was worked out before from the same things need not be worked out again.

Functions that take a ``Recall`` have their results through it. A run has no use for what it found
for an earlier block and asks ``anew``; whoever asks again about the same futures keeps a Notebook.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np

Found = TypeVar("Found")


class Recall(Protocol):
    """``work(*given)``, or what an equal call under the same ``name`` has found."""

    def __call__(self, name: str, work: Callable[..., Found], *given: Any) -> Found: ...


def anew(name: str, work: Callable[..., Found], *given: Any) -> Found:
    """Remembers nothing."""
    return work(*given)


def once(recall: Recall) -> Recall:
    """The same work on the very same things is done once, whatever its name."""
    done: dict[tuple[int, ...], tuple[tuple[Any, ...], Any]] = {}

    def recalled(name: str, work: Callable[..., Found], *given: Any) -> Found:
        key = (id(work), *map(id, given))
        if key not in done:
            done[key] = (work, *given), recall(name, work, *given)  # what is held keeps its id
        found: Found = done[key][1]
        return found

    return recalled


class Notebook:
    """The last result under every name.

    Arrays are the same only if they are one object, also within tuples and dictionaries, so nobody
    may write on what was given or found.
    """

    def __init__(self) -> None:
        self._notes: dict[str, tuple[tuple[Any, ...], Any]] = {}

    def __call__(self, name: str, work: Callable[..., Found], *given: Any) -> Found:
        noted = self._notes.get(name)
        if noted is not None and _are_same(noted[0], given):
            found: Found = noted[1]
            return found
        result = work(*given)
        self._notes[name] = given, result
        return result


def _are_same(before: tuple[Any, ...], now: tuple[Any, ...]) -> bool:
    return len(before) == len(now) and all(map(_is_same, before, now))


def _is_same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return False
    if isinstance(one, tuple) and isinstance(other, tuple):
        return _are_same(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(one[k], other[k]) for k in one)
    return bool(one == other)
