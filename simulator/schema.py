"""The schema of a plan, read off the types of its nouns once: what may stand at which path.

A path is a tuple of keys: fields of nouns, keys of mappings, places in lists. ``facts_of`` tells
of a figure or a number what its field says (``marks.py``).
"""

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache, lru_cache
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from plansim.simulator.marks import (
    AnyNumber,
    AsHeld,
    Bound,
    Certain,
    Measures,
    NotNegative,
    Settable,
    Share,
    Unit,
    Unwritten,
)
from plansim.simulator.plan import Figure, Plan

Keys = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """What may stand at a place.

    ``forms``: the types that a value there may have, bare; ``optional``: whether it may be missing;
    ``marks``: what stands beside the type; ``held``: what the holder says that it measures.
    """

    forms: tuple[Any, ...]
    optional: bool = False
    marks: tuple[object, ...] = ()
    held: Measures | None = None

    @property
    def form(self) -> Any:
        """The only type, or the first of several."""
        return self.forms[0]

    @property
    def noun(self) -> Any:
        """The type of a noun that may stand here; None where none may."""
        return noun_among(self.forms)

    @property
    def entries(self) -> Any:
        """The type of the values of a mapping or of an endless list; None of anything else."""
        origin, inside = get_origin(self.form), get_args(self.form)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return inside[1]
        return inside[0] if origin is tuple and inside[1:] == (...,) else None

    @property
    def fillable(self) -> bool:
        """Whether what a file leaves out here can be set: a figure, or a number that planners set.

        Their unit and their bound are known without one that stands here.
        """
        return self.optional and (Figure in self.forms or self.mark(Settable) is not None)

    def mark(self, kind: Any) -> Any:
        """The mark of one kind, or None."""
        return next((mark for mark in self.marks if isinstance(mark, kind)), None)

    def child(self, key: str | int) -> "Kind | None":
        """What may stand one step further; None where nothing may."""
        if self.noun is not None:
            hint = hints_of(self.noun).get(str(key))
            return None if hint is None else kind_of(hint, self.held)
        if self.entries is not None:
            return kind_of(self.entries, self.held)
        inside = get_args(self.form)
        if get_origin(self.form) is tuple and str(key).isdigit() and int(key) < len(inside):
            return kind_of(inside[int(key)], self.held)
        return None


@cache
def noun_among(forms: tuple[Any, ...]) -> Any:
    """The first type that is a noun's."""
    return next((form for form in forms if is_dataclass(get_origin(form) or form)), None)


@cache
def kind_of(hint: Any, held: Measures | None = None) -> Kind:
    """A type hint taken apart."""
    marks: tuple[object, ...] = ()
    forms: list[Any] = []
    optional = False
    open_: list[Any] = [hint]
    while open_:
        part = open_.pop(0)
        if get_origin(part) is Annotated:
            marks = (*marks, *part.__metadata__)
            open_.insert(0, part.__origin__)
        elif get_origin(part) in (Union, types.UnionType):
            open_ = [*get_args(part), *open_]
        elif part is type(None):
            optional = True
        else:
            forms.append(part)
    said = next((mark for mark in marks if isinstance(mark, Measures)), held)
    return Kind(tuple(forms), optional, marks, said)


@cache
def hints_of(form: Any) -> Mapping[str, Any]:
    """The types of a noun's fields, in their order, with what stands beside them."""
    noun, given = get_origin(form) or form, get_args(form)
    names = dict(zip(getattr(noun, "__parameters__", ()), given, strict=False))
    hints = get_type_hints(noun, include_extras=True)
    return {
        f.name: names.get(hint, hint) if isinstance(hint, TypeVar) else hint
        for f in fields(noun)
        if (hint := hints[f.name]) is not None
    }


@cache
def written_fields(form: Any) -> tuple[str, ...]:
    """The fields of a noun that a file or a setting may write."""
    return tuple(
        name for name, hint in hints_of(form).items() if kind_of(hint).mark(Unwritten) is None
    )


@cache
def defaults_of(noun: Any) -> Mapping[str, Any]:
    """What files would write for the fields that they leave out, where these are not missing."""
    found: dict[str, Any] = {}
    for each in fields(get_origin(noun) or noun):
        if each.name not in written_fields(noun):
            continue
        if each.default_factory is not MISSING:
            found[each.name] = each.default_factory()
        elif each.default is not MISSING and each.default is not None:
            found[each.name] = [] if each.default == () else each.default
    return found


@lru_cache(maxsize=2**15)
def kind_at(keys: Keys) -> Kind | None:
    """What may stand at a path of a plan; None where nothing may."""
    if not keys:
        return kind_of(Plan)
    holder = kind_at(keys[:-1])
    return None if holder is None else holder.child(keys[-1])


@dataclass(frozen=True, slots=True)
class Facts:
    """What the field of a figure or a number says of it.

    ``unit``: the base unit, None where the plan chooses; ``settable``: whether planners set it, so
    that it may be a lever, and how.
    """

    unit: str | None
    bound: Bound
    certain: bool
    settable: Settable | None


#: Plain numbers have no unit, and rules of their own.
PLAIN = Facts("1", AnyNumber(), False, None)


def facts_in(kind: Kind, path: str) -> Facts:
    """Raises TypeError for a figure whose field does not say its unit, or its bound."""
    as_held, settable = kind.mark(AsHeld), kind.mark(Settable)
    unit, bound = kind.mark(Unit), kind.mark(Share | NotNegative | AnyNumber)
    if as_held is not None and kind.held is not None:
        unit, bound = kind.held.unit, kind.held.bound if as_held.bound else bound
    if Figure not in kind.forms:
        return Facts(PLAIN.unit, PLAIN.bound, PLAIN.certain, settable)
    if unit is None or bound is None:
        raise TypeError(f"{path}: a figure says its unit and its bound at its field")
    return Facts(unit.name, bound, kind.mark(Certain) is not None, settable)


@lru_cache(maxsize=2**15)
def facts_of(path: str) -> Facts:
    """What the field at a dotted path says. Raises KeyError for a path that no plan has."""
    kind = kind_at(tuple(path.split(".")))
    if kind is None:
        raise KeyError(path)
    return facts_in(kind, path)


def every_kind(root: Any) -> Iterator[tuple[str, Kind]]:
    """All that files may write below a noun, by path; a key of a mapping or list is ``*``."""
    yield from _below(kind_of(root), ())


def _below(kind: Kind, keys: Keys) -> Iterator[tuple[str, Kind]]:
    if keys:
        yield ".".join(map(str, keys)), kind
    if Figure in kind.forms or kind.forms[1:]:
        return
    names: Sequence[str] = ("*",) if kind.entries is not None else ()
    if kind.noun is not None:
        names = written_fields(kind.noun)
    for name in names:
        child = kind.child(name)
        assert child is not None
        yield from _below(child, (*keys, name))


def choices_at(path: str) -> tuple[str, ...]:
    """The words that may stand at a path; () where anything else may."""
    kind = kind_at(tuple(path.split(".")))
    if kind is None or get_origin(kind.form) is not Literal:
        return ()
    return tuple(map(str, get_args(kind.form)))
