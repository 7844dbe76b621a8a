"""A node is found again while what it read is the same, and is worked out again when it is not."""

import gc
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from plansim.simulator.memo import (
    KEEP,
    LONG,
    Memo,
    entries,
    in_use,
    node,
    once,
    result_of,
    same,
    settled,
    watch,
)
from plansim.simulator.plan import Plan, Uncertainty

Alter = Callable[..., Plan]


@dataclass(frozen=True)
class Part:
    """One part of a thing."""

    size: float
    name: str


@dataclass(frozen=True)
class Thing:
    """Something that is read in part."""

    parts: dict[str, Part]
    places: tuple[int, ...]

    @property
    def whole(self) -> float:
        return sum(part.size for part in self.parts.values())

    def of(self, name: str) -> float:
        return self.parts[name].size if name in self.parts else 0.0


@pytest.fixture
def done() -> list[Any]:
    """What was worked out, in order."""
    return []


@pytest.fixture
def thing() -> Thing:
    return Thing({"a": Part(1.0, "one"), "b": Part(2.0, "two")}, (1, 2))


def resized(thing: Thing, key: str, size: float) -> Thing:
    return replace(thing, parts={**thing.parts, key: Part(size, "other")})


def test_without_a_memo_a_node_is_a_function_and_a_thing_itself(
    thing: Thing, done: list[Any]
) -> None:
    noted = node(done.append)
    noted(1)
    noted(1)
    assert done == [1, 1]
    assert watch("thing", thing) is thing
    assert settled("thing", thing) is thing
    assert not in_use()


def test_a_node_is_the_same_for_the_same_objects(done: list[Any]) -> None:
    @node
    def total(one: Any, other: Any) -> Any:
        done.append((one, other))
        return np.asarray(one + other)

    one, other, memo = np.arange(3.0), np.arange(3.0), Memo()
    with memo:
        first = total(one, other)
        assert total(one, other) is first
        assert total(other, one) is not first
        assert total(one, one) is not first
        assert total(one=one, other=other) is not first, "by position only"
    with memo:
        assert total(one, other) is first
    with Memo():
        assert total(one, other) is not first


@pytest.mark.parametrize("given", ["word", 3, -3, None, (2015, 2020), ("a", 2), ()])
def test_words_and_whole_numbers_are_the_same_by_value(given: Any, done: list[Any]) -> None:
    noted = node(done.append)
    with Memo():
        for _ in range(2):
            noted(eval(repr(given)))
    assert len(done) == 1


def test_a_number_is_no_other_number(done: list[Any]) -> None:
    noted = node(done.append)
    with Memo():
        for value in (1, True, 0, False, None, "1", (1,), (True,)):
            noted(value)
    assert len(done) == 8


def test_what_is_gone_leaves_its_place_but_never_its_result() -> None:
    @node
    def copied(array: Any) -> Any:
        return np.copy(array)

    with Memo():
        for n in range(200):
            fresh = np.full(3, float(n))
            assert copied(fresh).tolist() == fresh.tolist()


def test_only_what_was_read_counts(thing: Thing, done: list[Any]) -> None:
    @node
    def size(thing: Thing) -> float:
        done.append(1)
        return thing.parts["a"].size

    memo = Memo()
    for each, number in (
        (thing, 1),
        (resized(thing, "b", 7.0), 1),
        (replace(thing, places=(3,)), 1),
        (resized(thing, "a", 7.0), 2),
        (resized(thing, "a", 1.0), 2),
        (thing, 2),
        (replace(thing, parts={}), 2),
    ):
        with memo:
            if each.parts:
                assert size(watch("thing", each, 3)) == each.parts["a"].size
            else:
                with pytest.raises(KeyError):
                    size(watch("thing", each, 3))
        assert len(done) == (3 if not each.parts else number)


def test_what_properties_and_methods_read_is_noted_too(thing: Thing, done: list[Any]) -> None:
    @node
    def both(thing: Thing) -> tuple[float, float]:
        done.append(1)
        return thing.whole, thing.of("c")

    memo, more = Memo(), Part(4.0, "three")
    for each, number in (
        (thing, 1),
        (replace(thing, places=()), 1),
        (resized(thing, "b", 5.0), 2),
        (replace(thing, parts={**thing.parts, "c": more}), 3),
        (replace(thing, parts=dict(reversed(thing.parts.items()))), 4),
    ):
        with memo:
            assert both(watch("thing", each, 3)) == (each.whole, each.of("c"))
        assert len(done) == number


def test_whoever_asks_a_node_has_read_what_it_read(done: list[Any]) -> None:
    @node
    def inner(table: dict[str, float]) -> float:
        done.append("inner")
        return table["a"]

    @node
    def outer(table: dict[str, float]) -> float:
        done.append("outer")
        return inner(table) + table.get("b", 0.0)

    memo = Memo()
    for table, expected in (
        ({"a": 1.0}, ["inner", "outer"]),
        ({"a": 1.0, "c": 3.0}, []),
        ({"a": 1.0, "b": 2.0}, ["outer"]),
        ({"a": 4.0, "b": 2.0}, ["inner", "outer"]),
        ({"a": 4.0, "b": 2.0, "c": 9.0}, []),
    ):
        with memo:
            seen = watch("table", table)
            assert inner(seen) == table["a"]
            assert outer(seen) == sum(table.get(key, 0.0) for key in "ab")
        assert done == expected
        done.clear()


def test_a_node_that_fails_leaves_nothing(done: list[Any]) -> None:
    @node
    def root(table: dict[str, float]) -> float:
        done.append(table["a"])
        if table["a"] < 0:
            raise ValueError("negative")
        return float(table["a"] ** 0.5)

    memo = Memo()
    for value in (4.0, -1.0, -1.0, 4.0):
        with memo:
            table = watch("table", {"a": value})
            if value < 0:
                with pytest.raises(ValueError, match="negative"):
                    root(table)
            else:
                assert root(table) == 2.0
    assert done == [4.0, -1.0, -1.0]


def test_what_is_not_asked_for_is_forgotten(done: list[Any]) -> None:
    noted = node(done.append)
    long = node(lambda n: done.append(n), nodes="nothing")
    memo = Memo()
    for kept, work in ((KEEP, noted), (LONG, long)):
        done.clear()
        with memo:
            work(-1)
        for n in range(kept - 1):
            with memo:
                work(n)
        with memo:
            work(-1)
        assert done.count(-1) == 1
        for n in range(3 * kept):
            with memo:
                work(n)
        with memo:
            work(-1)
        assert done.count(-1) == 2
        assert len(memo._known) <= 2 * (KEEP + LONG)


def test_large_nodes_within_a_node_are_kept_as_they_were_last() -> None:
    """One result of each, however many the node itself has."""

    @node
    def large(n: float) -> Any:
        return np.full(5, n)

    @dataclass(eq=False)
    class Found:
        parts: list[Any]

    seen: list[weakref.ref[Any]] = []

    def work(table: dict[str, float]) -> float:
        parts = [large(table["fixed"]), large(table["moving"])]
        seen.extend(weakref.ref(part) for part in parts)
        return float(sum(part.sum() for part in parts))

    deliver, memo, fixed = node(work, nodes="last"), Memo(), 1.0
    gc.disable()
    try:
        for n in range(6):
            with memo:
                assert deliver(watch("table", {"fixed": fixed, "moving": n + 2.5})) > 0
        with memo:  # a new turn: what was not asked for in the last one goes
            assert deliver(watch("table", {"fixed": fixed, "moving": 99.0})) > 0
        alive = {id(ref()) for ref in seen if ref() is not None}
        assert seen[0]() is seen[2]() is seen[-2]()
        assert len(alive) <= 3
    finally:
        gc.enable()


def test_entries_that_are_as_they_were_are_not_worked_out_again(done: list[Any]) -> None:
    def quantile(low: Any, score: Any) -> Any:
        done.append(low)
        return low + score

    scores, memo = {"a": np.zeros(2), "b": np.ones(2)}, Memo()
    assert entries(quantile, {"a": 1.0}, scores)["a"].tolist() == [1.0, 1.0]
    done.clear()
    for lows, expected in (
        ({"a": 1.0, "b": 2.0}, [1.0, 2.0]),
        ({"a": 1.0, "b": 3.0}, [3.0]),
        ({"b": 3.0}, []),
        ({"a": 1.0, "b": 3.0}, [1.0]),
    ):
        with memo:
            found = entries(quantile, lows, {key: value.copy() for key, value in scores.items()})
        assert list(found) == list(lows)
        assert done == expected
        done.clear()


def test_equal_nodes_are_worked_out_once_where_nothing_is_kept(done: list[Any]) -> None:
    noted = node(done.append)
    with once():
        noted(1)
        noted(1)
        assert in_use()
    assert done == [1]
    with once():
        noted(1)
    assert done == [1, 1]


def test_the_same_is_read_in_arrays_mappings_and_records(plan: Plan, alter: Alter) -> None:
    array = np.array([1.0, 2.0])
    assert same(array, array.copy())
    assert not same(array, array.astype(np.float32))
    assert not same(array, 1.0)
    assert not same(1, 1.0)
    assert same({"x": (array, "y")}, {"x": (array.copy(), "y")})
    assert not same({"x": 1, "y": 2}, {"y": 2, "x": 1})
    assert same(plan, alter(plan, {}))
    other = alter(plan, {"totals.output.value": Uncertainty("uniform", low=1.0, high=2.0)})
    assert not same(plan, other)
    assert not same(object(), object())


def test_memos_of_two_threads_do_not_meet() -> None:
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    barrier, square = Barrier(2), node(lambda table: table["n"] ** 2)

    def asked(n: int) -> list[int]:
        memo, found = Memo(), []
        for turn in range(20):
            with memo:
                barrier.wait()
                found.append(square(watch("table", {"n": n + turn % 3})))
        return found

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(asked, (1, 10))
    assert one == [(1 + turn % 3) ** 2 for turn in range(20)]
    assert other == [(10 + turn % 3) ** 2 for turn in range(20)]


def test_a_result_of_any_function_is_a_node(done: list[Any]) -> None:
    with Memo():
        for _ in range(2):
            result_of(done.append, "x")
    result_of(done.append, "x")
    assert done == ["x", "x"]
