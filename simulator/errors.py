"""What can go wrong, as codes with fields.

    PlansimError                 anything this product raises on purpose: one or more faults
    ├── InputError               the user's input is wrong, all of it at once
    └── WorkError                workers, a cluster or a disk failed in the middle of the work

A :class:`Fault` is a code with fields; the sentence that a person reads is made from it in the
message catalogue (``words/messages``), in the language that the person reads. ``str`` of an error
is these sentences.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with the input, and where it is.

    ``code`` names a sentence of the catalogue, ``fields`` fill it. ``path`` is the dotted path of
    the value in the plan (``clusters.robotics.output``), ``file``, ``line`` and ``column`` its
    place in the user's files, counted from 1; 0 where there is none.
    """

    code: str
    fields: Mapping[str, object] = field(default_factory=dict)
    path: str = ""
    file: str = ""
    line: int = 0
    column: int = 0


class PlansimError(Exception):
    """Base of everything this product raises on purpose. Carries every fault that was found."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        """What a person reads, in the language of the environment: in a notebook as on a screen."""
        from plansim.words.catalogue import default_language, say_faults

        try:
            return say_faults(self.faults, default_language())
        except KeyError:  # of a code that has no sentence
            return "; ".join(f"{fault.code} {fault.path}".strip() for fault in self.faults)

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[Fault, ...]]]:
        """Comes back from another process as it was."""
        return type(self), (self.faults,)

    @classmethod
    def of(cls, code: str, path: str = "", **fields: object) -> Self:
        """One fault, for the first lines of a function that refuses an argument."""
        return cls([Fault(code, fields, path)])


class InputError(PlansimError):
    """The input is wrong."""


class WorkError(PlansimError):
    """The input is fine; workers, a cluster or a disk failed, and the result is not complete."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like a wrong one, "" where none is."""
    return "".join(difflib.get_close_matches(name, list(known), 1, 0.5))
