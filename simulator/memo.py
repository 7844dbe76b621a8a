"""What was worked out before need not be worked out again where nothing that it read is new.

A ``node`` is a function whose results a ``Memo`` may keep. While a node is worked out, everything
that it reads of what may change is noted: fields of the plan, parameters, rows of levels. Asked
again, it is found if what it read is still the same, and nobody has to say what rests on what. A
run has no use for what it found for an earlier block and uses no memo: then a node is a plain
function, and what is watched is the thing itself.

A node gives the same for the same: it is called by position, and nobody may write on what it was
given or has found. What it is given is the same if it is one object, or one whole number, word or
object ``by_value``; what is watched counts by what is read of it.
"""

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from types import FunctionType, MethodType
from typing import Any, Literal, ParamSpec, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from plansim.simulator.plan import Figure, Quantity, field_names

Given = ParamSpec("Given")
Found = TypeVar("Found")
Kind = TypeVar("Kind", bound=type)
Noted = TypeVar("Noted", bound="Source")
#: By source and by place in it: what was read there.
Reads = dict[str, dict[Hashable, Any]]
#: What is kept of the nodes that a node is made of.
Nodes = Literal["own", "last", "nothing"]
#: Read where nothing is, and where a part is looked into; the place where a mapping's keys are.
ABSENT, PRESENT, KEYS = object(), object(), object()
#: Turns that results are kept for without being asked for: on and off, and two more.
KEEP = 4
#: The same of nodes that are made of large ones: every programme of one line put out in turn.
LONG = 16
#: Places of a source that are looked at one by one: sooner done than to find all its changes.
FEW = 16
#: Records that are read as a whole: results may hold them.
WHOLE: frozenset[type] = frozenset({Figure, Quantity})


class _Here(threading.local):
    """What goes on in one thread: the memo in use, and what the nodes that are open have read."""

    def __init__(self) -> None:
        self.memo: Memo | None = None
        self.open: list[Reads] = []


_HERE = _Here()


def note(source: str, place: Hashable, value: Any) -> None:
    """Note that what is being worked out has read a value."""
    if _HERE.open:
        reads = _HERE.open[-1]
        if source in reads:
            reads[source][place] = value
        else:
            reads[source] = {place: value}


def in_use() -> bool:
    """Whether a memo is in use."""
    return _HERE.memo is not None


# -- what is watched -------------------------------------------------------------------------------


class Source(Protocol):
    """Something that may change from turn to turn, under a name of its own.

    ``state``: one object as long as nothing in it changes. ``passing``: a state that has gone never
    comes again.
    """

    passing: bool

    @property
    def state(self) -> Any: ...

    def peek(self, place: Any) -> Any:
        """What is to be read at a place."""


class Table(Mapping[str, Found]):
    """A mapping that notes which of its entries are read."""

    __slots__ = ("_name", "_table")

    def __init__(self, name: str, table: Mapping[str, Found]) -> None:
        self._name, self._table = name, table

    def __getitem__(self, key: str) -> Found:
        found = self._table[key]
        note(self._name, key, found)
        return found

    def __contains__(self, key: object) -> bool:
        note(self._name, key, self._table.get(cast(str, key), ABSENT))
        return key in self._table

    def get(self, key: str, default: Any = None) -> Any:
        note(self._name, key, self._table.get(key, ABSENT))
        return self._table.get(key, default)

    def __iter__(self) -> Iterator[str]:
        note(self._name, KEYS, tuple(self._table))
        return iter(self._table)

    def __len__(self) -> int:
        note(self._name, KEYS, tuple(self._table))
        return len(self._table)


@dataclass(eq=False, slots=True)
class _TableSource:
    state: Mapping[str, Any]
    passing: bool = False

    def peek(self, place: Any) -> Any:
        return tuple(self.state) if place is KEYS else self.state.get(place, ABSENT)

    def changes(self, before: Mapping[str, Any]) -> frozenset[Hashable]:
        """All places at which there was something else in the state before."""
        pairs = _changed_entries(before, self.state)
        return frozenset(key for key, one, other in pairs if not same(one, other))


class Tree:
    """A record of records and mappings that notes what is read, so many levels down.

    Properties and methods of a record work on what is watched: what they read is noted too.
    ``used``: the fields of the whole that anybody has read so far.
    """

    __slots__ = ("_depth", "_known", "_name", "_node", "_place", "_used")

    def __init__(
        self,
        name: str,
        node: Any,
        depth: int,
        place: tuple[Any, ...] = (),
        used: set[Any] | None = None,
    ) -> None:
        self._name, self._node, self._depth, self._place = name, node, depth, place
        self._known: dict[Any, Tree] = {}
        self._used = used

    def __getattr__(self, name: str) -> Any:
        kind: Any = type(self._node)
        if name in field_names(kind):
            return self._read(name, getattr(self._node, name))
        found = getattr(kind, name)
        if isinstance(found, property):
            return cast(Any, found.fget)(self)
        return MethodType(found, self) if isinstance(found, FunctionType) else found

    def _read(self, key: Any, value: Any) -> Any:
        if self._used is not None:
            self._used.add(key)
        place = (*self._place, key)
        if len(place) == self._depth or not _has_parts(value):
            note(self._name, place, value)
            return value
        note(self._name, place, PRESENT)
        if key not in self._known:
            kind = Branch if isinstance(value, Mapping) else Tree
            self._known[key] = kind(self._name, value, self._depth, place)
        return self._known[key]


class Branch(Tree, Mapping[Any, Any]):
    """A mapping within a ``Tree``."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        return self._read(key, self._node[key])

    def get(self, key: Any, default: Any = None) -> Any:
        if key in self._node:
            return self._read(key, self._node[key])
        note(self._name, (*self._place, key), ABSENT)
        return default

    def __contains__(self, key: object) -> bool:
        self.get(key)
        return key in self._node

    def __iter__(self) -> Iterator[Any]:
        note(self._name, (*self._place, KEYS), tuple(self._node))
        return iter(self._node)

    def __len__(self) -> int:
        note(self._name, (*self._place, KEYS), tuple(self._node))
        return len(self._node)


@dataclass(eq=False, slots=True)
class _TreeSource:
    state: Any
    depth: int
    used: set[Any]
    passing: bool = False

    def peek(self, place: tuple[Any, ...]) -> Any:
        node = self.state
        for key in place:
            if key is KEYS:
                return tuple(node) if isinstance(node, Mapping) else ABSENT
            node = _part(node, key)
        return PRESENT if len(place) < self.depth and _has_parts(node) else node

    def changes(self, before: Any) -> frozenset[Hashable]:
        """All places in use at which there was something else in the state before."""
        found: set[Hashable] = set()
        for key in self.used:
            one, other = _part(before, key), _part(self.state, key)
            if one is not other:
                _differences(one, other, (key,), self.depth, found)
        return frozenset(found)


def _parts(node: Any) -> Mapping[Any, Any]:
    """The entries of a mapping, the fields of a record; nothing else has parts."""
    if isinstance(node, Mapping):
        return node
    return {name: getattr(node, name) for name in _names(type(node))}


def _changed_entries(
    before: Mapping[Any, Any], now: Mapping[Any, Any]
) -> list[tuple[Any, Any, Any]]:
    """Keys with what was there and what is, where that is not one object; also where keys are."""
    old, new = tuple(before), tuple(now)
    if old == new:
        pairs = zip(old, before.values(), now.values(), strict=True)
        return [pair for pair in pairs if pair[1] is not pair[2]]
    keys = dict.fromkeys((*old, *new))
    found = ((key, before.get(key, ABSENT), now.get(key, ABSENT)) for key in keys)
    return [(KEYS, old, new), *(pair for pair in found if pair[1] is not pair[2])]


def _part(node: Any, key: Any) -> Any:
    return node.get(key, ABSENT) if isinstance(node, Mapping) else getattr(node, key, ABSENT)


def _has_parts(value: Any) -> bool:
    kind: Any = type(value)
    return kind is dict or isinstance(value, Mapping) or bool(_names(kind))


def _names(kind: Any) -> tuple[str, ...]:
    """The fields that are parts of a record."""
    return () if kind in WHOLE else field_names(kind)


def _differences(
    before: Any, now: Any, place: tuple[Any, ...], depth: int, found: set[Hashable]
) -> None:
    """All places of a tree at which something else is read than before."""
    ends = len(place) == depth
    old, new = ({} if ends else _parts(node) for node in (before, now))
    if not (old and new):
        if same(before, now):
            return
        found.add(place)
    for key, one, other in _changed_entries(old, new):
        if key is KEYS:
            found.add((*place, KEYS))
        else:
            _differences(one, other, (*place, key), depth, found)


def same(one: Any, other: Any) -> bool:
    """Whether whoever reads one or the other finds the same. Arrays are the same by their numbers,
    mappings also in the order of their entries.
    """
    if one is other:
        return True
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and _equal(one, other)
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple):
        return len(one) == len(other) and _pairwise(one, other)
    if isinstance(one, Mapping):
        return tuple(one) == tuple(other) and _pairwise(one.values(), other.values())
    kind: Any = type(one)
    names: tuple[str, ...] = () if kind in _PLAIN else field_names(kind)
    if names and kind.__eq__ is not object.__eq__:
        return all(same(getattr(one, name), getattr(other, name)) for name in names)
    return bool(one == other)


def _pairwise(one: Iterable[Any], other: Iterable[Any]) -> bool:
    """Whether all parts are the same; most of them are the very same."""
    return all(a is b or same(a, b) for a, b in zip(one, other, strict=True))


def _equal(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether arrays have the same numbers. The last row tells most of those apart that differ."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    if one.ndim > 1 and len(one) and not (one[-1] == other[-1]).all():
        return False
    return bool((one == other).all())


# -- what is kept ----------------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class _Trace:
    """One result: ``given`` keeps alive what it is known by; ``states``: those of the sources in
    ``reads`` when it held last; ``until``: the turn in which it is forgotten.
    """

    given: tuple[Any, ...]
    reads: Reads
    states: dict[str, Any]
    found: Any
    turns: int
    until: int


@dataclass(eq=False, slots=True)
class _Watched:
    """What stands under a name now, what is given out for it, and what is no longer as before."""

    source: Source
    view: Any
    before: Any = None
    changes: frozenset[Hashable] | None = None
    looks: int = 0

    def look(self, places: int) -> None:
        """Some places are to be looked at. All changes are found where many are."""
        self.looks += places
        source = self.source
        if self.looks > FEW and isinstance(source, _TableSource | _TreeSource):
            self.changes = source.changes(self.before)


@dataclass(eq=False)
class Memo:
    """Results of nodes with what they read; a context: within it, nodes are found in it.

    Each time it is entered is a turn. A result that is not asked for within ``keep`` turns is
    forgotten, so that what is held does not grow with the number of questions. In use by one thread
    at a time.
    """

    keep: int = KEEP
    watched: dict[str, _Watched] = field(default_factory=dict)
    _turn: int = 0
    _known: dict[Hashable, list[_Trace]] = field(default_factory=dict)
    _entries: dict[Any, dict[str, tuple[Any, Any, Any]]] = field(default_factory=dict)
    _settled: dict[str, Any] = field(default_factory=dict)
    _within: dict[Hashable, "Memo"] = field(default_factory=dict)
    _outer: list["Memo | None"] = field(default_factory=list)

    def __enter__(self) -> "Memo":
        self._outer.append(_HERE.memo)
        _HERE.memo = self
        self.turn(self._turn + 1)
        return self

    def __exit__(self, *_: object) -> None:
        _HERE.memo = self._outer.pop()

    def turn(self, number: int) -> None:
        """Begin a turn, unless it is under way."""
        if number != self._turn:
            if self._turn % self.keep == 0:
                self._forget()
            self._turn = number

    def _forget(self) -> None:
        """What was not asked for in so many turns as it is kept for."""
        for key, traces in list(self._known.items()):
            if len(traces) > 1 or traces[0].until <= self._turn:
                traces[:] = [trace for trace in traces if trace.until > self._turn]
                if not traces:
                    del self._known[key]
                    self._within.pop(key, None)

    def watch(self, name: str, source: Source, view: Found) -> Found:
        """What stands under a name from now on, and what is to be read instead."""
        known = self.watched.get(name)
        before = None if known is None else known.source.state
        self.watched[name] = _Watched(source, view, before)
        return view

    def view(self, name: str, state: Any) -> Any:
        """What is read under a name if that is its state; else None."""
        known = self.watched.get(name)
        return known.view if known is not None and known.source.state is state else None

    def result(self, work: Callable[..., Any], given: tuple[Any, ...], nodes: Nodes = "own") -> Any:
        """``work(*given)``, or what it found when all that it read was the same."""
        mark = _MARKS.get
        key = (
            work,
            *[id(one) if (known := mark(type(one))) is None else known(one) for one in given],
        )
        traces = self._known.get(key)
        if traces is not None:
            for trace in reversed(traces):
                if not trace.reads or self._holds(trace):
                    return self._found(traces, trace)
        reads: Reads = {}
        _HERE.open.append(reads)
        try:
            if nodes == "own":
                found = work(*given)
            else:
                with self._for_nodes(nodes, key):
                    found = work(*given)
        finally:
            _HERE.open.pop()
        self._keep(key, given, reads, found, self.keep if nodes == "own" else self._long)
        _passed_on(reads)
        return found

    @property
    def _long(self) -> int:
        """Turns that nodes made of large ones are kept for: they cost most, and hold little."""
        return self.keep if self.keep == 1 else LONG

    def _keep(
        self, key: Hashable, given: tuple[Any, ...], reads: Reads, found: Any, turns: int
    ) -> None:
        held = tuple([thing for thing in given if type(thing) not in _NAMED])
        traces = self._known.setdefault(key, [])
        states: dict[str, Any] = {}
        for name in reads:
            source = self.watched[name].source
            states[name] = source.state
            if source.passing:
                traces.clear()
        traces.append(_Trace(held, reads, states, found, turns, self._turn + turns))
        del traces[:-turns]

    @contextmanager
    def _for_nodes(self, nodes: Nodes, key: Hashable) -> Iterator[None]:
        """The memo in use while a node is worked out. It watches what this one does."""
        within = None
        if nodes == "last" and self.keep > 1:
            within = self._within.setdefault(key, Memo(keep=1, watched=self.watched))
            within.turn(self._turn)
        _HERE.memo = within
        try:
            yield
        finally:
            _HERE.memo = self

    def _found(self, traces: list[_Trace], trace: _Trace) -> Any:
        trace.until = self._turn + trace.turns
        if traces[-1] is not trace:
            traces.remove(trace)
            traces.append(trace)
        if trace.reads:
            _passed_on(trace.reads)
        return trace.found

    def _holds(self, trace: _Trace) -> bool:
        """Whether all that was read is as it was."""
        states = trace.states
        for name, reads in trace.reads.items():
            watched = self.watched[name]
            now, seen = watched.source.state, states[name]
            if seen is now:
                continue
            if seen is watched.before and watched.changes is None:
                watched.look(len(reads))
            if seen is watched.before and watched.changes is not None:
                if not reads.keys().isdisjoint(watched.changes):
                    return False
            else:
                peek = watched.source.peek
                for place, value in reads.items():
                    found = peek(place)
                    if found is not value and not same(found, value):
                        return False
            states[name] = now
        return True

    def settled(self, name: str, thing: Any) -> Any:
        """What had the name before, if that is the same."""
        if name not in self._settled or not same(self._settled[name], thing):
            self._settled[name] = thing
        return self._settled[name]

    def entries(
        self,
        work: Callable[[Any, Any], Found],
        first: Mapping[str, Any],
        second: Mapping[str, Any],
    ) -> dict[str, Found]:
        """``work`` on two entries of one name, or what it found when both were the same."""
        held = self._entries.get(work, {})
        self._entries[work] = now = {}
        found: dict[str, Any] = {}
        for name, one in first.items():
            other, known = second[name], held.get(name)
            if known is None or known[0] is not one or known[1] is not other:
                alike = known is not None and same(known[0], one) and same(known[1], other)
                result = known[2] if known is not None and alike else work(one, other)
                known = (one, other, result)
            now[name], found[name] = known, known[2]
        return found


def _passed_on(reads: Reads) -> None:
    """What a node read, whoever asked for it has read too."""
    opened = _HERE.open
    if opened:
        outer = opened[-1]
        for source, places in reads.items():
            if source in outer:
                outer[source].update(places)
            else:
                outer[source] = dict(places)


def _mark(thing: Any) -> Hashable:
    """What a node knows something by that it is given: a name, a value, or the object it is."""
    mark = _MARKS.get(type(thing))
    return id(thing) if mark is None else mark(thing)


def _itself(thing: Any) -> Hashable:
    return cast(Hashable, thing)


#: How objects are known that are known otherwise than as the very object; an id is never negative.
_MARKS: dict[type, Callable[[Any], Hashable]] = {
    str: _itself,
    type(None): _itself,
    int: lambda number: ~number if number >= 0 else str(number),
    tuple: lambda several: (
        several if several and type(several[0]) is int else tuple(map(_mark, several))
    ),
    Table: lambda table: table._name,
    Tree: lambda tree: (tree._name, *tree._place),
    Branch: lambda branch: (branch._name, *branch._place),
}
#: Records without arrays and without an order of entries that matters.
_PLAIN: set[type] = set()
#: Those of which only the name is kept.
_NAMED: set[type] = {Table, Tree, Branch}


def plain(kind: Kind) -> Kind:
    """A class whose objects are the same if they are equal, whatever they are made of."""
    _PLAIN.add(kind)
    return kind


def by_value(kind: Kind) -> Kind:
    """A class whose objects are the same to a node if they are equal; they have a hash."""
    _MARKS[kind] = _itself
    return plain(kind)


def named(kind: Kind) -> Kind:
    """A class of things that are made of what is watched: known by their ``source``."""
    _MARKS[kind] = lambda thing: thing.source
    _NAMED.add(kind)
    return kind


# -- what the engine says --------------------------------------------------------------------------


def node(work: Callable[Given, Found], nodes: Nodes = "own") -> Callable[Given, Found]:
    """A function whose results are found in the memo in use, where there is one.

    ``nodes``: what becomes of those that it is made of. They are results of their "own"; or, where
    they are large, only what they were is kept when it was worked out "last"; or "nothing".
    """

    @wraps(work)
    def asked(*given: Given.args, **named: Given.kwargs) -> Found:
        memo = _HERE.memo
        if memo is None or named:
            return work(*given, **named)
        found: Found = memo.result(work, given, nodes)
        return found

    return asked


def result_of(work: Callable[..., Found], *given: Any) -> Found:
    """``work(*given)`` as a node."""
    memo = _HERE.memo
    found: Found = work(*given) if memo is None else memo.result(work, given)
    return found


def entries(
    work: Callable[[Any, Any], Found], first: Mapping[str, Any], second: Mapping[str, Any]
) -> dict[str, Found]:
    """``work`` on the two entries of one name, for every name of the first mapping: many small
    nodes.
    """
    if _HERE.memo is not None:
        return _HERE.memo.entries(work, first, second)
    return {name: work(one, second[name]) for name, one in first.items()}


def first(thing: Found, _: object) -> Found:
    """The first of two ``entries``: those that are as they were stay the same objects."""
    return thing


def settled(name: str, thing: Found) -> Found:
    """With a memo in use what had the name before, if that is the same; else this thing."""
    memo = _HERE.memo
    return thing if memo is None else cast(Found, memo.settled(name, thing))


@contextmanager
def once() -> Iterator[None]:
    """Within it equal nodes are worked out once: for the memo in use, or one that is then gone."""
    if _HERE.memo is not None:
        yield
    else:
        with Memo():
            yield


def watch_source(name: str, source: Noted) -> Noted:
    """Something that notes by itself what is read of it: a ``Source``."""
    if _HERE.memo is not None and _HERE.memo.view(name, source.state) is not source:
        _HERE.memo.watch(name, source, source)
    return source


def watch(name: str, thing: Found, depth: int = 1) -> Found:
    """What is to be read instead of a thing that may change: itself where no memo is in use.

    A mapping notes its entries, a record what is read of it so many levels down.
    """
    memo = _HERE.memo
    if memo is None:
        return thing
    view = memo.view(name, thing)
    if view is None and isinstance(thing, Mapping):
        view = memo.watch(name, _TableSource(thing), Table(name, thing))
    elif view is None:
        known = memo.watched.get(name)
        before = None if known is None else known.source
        used: set[Any] = before.used if isinstance(before, _TreeSource) else set()
        tree = Tree(name, thing, depth, used=used)
        view = memo.watch(name, _TreeSource(thing, depth, used), tree)
    return cast(Found, view)
