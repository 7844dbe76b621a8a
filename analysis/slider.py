"""A lever under a planner's hand: what-ifs that two processors answer together.

The calls that judge two thousand draws are too short for two threads, which wait for each other.
So each set of luck is lived through by a process: this one, and one more that holds the same plan
and is told of another one only in what it differs.
"""

import io
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from functools import cached_property
from typing import Any, Generic, cast, overload

import numpy as np

from plansim.analysis.crew import Crew, LostError, processors
from plansim.simulator.future import LUCKS
from plansim.simulator.plan import Held, Own, Plan
from plansim.simulator.pooling import Pool
from plansim.simulator.run import views_of
from plansim.simulator.sampling import Array
from plansim.simulator.whatif import Bools, Standing, WhatIf


class Slider(Generic[Held]):
    """``WhatIf``, in two thirds of the time where that is long, to the same bits; a context.

    Leaving it ends the other process. Where there is one processor, or that process cannot begin or
    dies, all is done here. A script needs the guard ``if __name__ == "__main__":``. Raises
    InputError for arguments that ``run`` would refuse.
    """

    def __init__(self, plan: Held, draws: int = 2000, seed: int = 1) -> None:
        self.plan, self.draws, self.seed = plan, draws, seed
        self._here, self._spare = (WhatIf(plan, draws, seed, lucks=(luck,)) for luck in LUCKS)
        self._difference = Difference(plan)
        self._crew = Crew(_Side(plan, draws, seed, LUCKS[1]), 1)
        self._asked = 0

    def __enter__(self) -> "Slider[Held]":
        try:
            self.judge()  # so that every lever is quick, the first one too
        except BaseException:
            self._crew.dismiss()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._crew.dismiss()

    @overload
    def judge(self, plan: None = None, paths: Sequence[str] = ()) -> Standing[Held]: ...
    @overload
    def judge(self, plan: Own, paths: Sequence[str] = ()) -> Standing[Own]: ...
    def judge(self, plan: Plan | None = None, paths: Sequence[str] = ()) -> Standing[Plan]:
        """How ``plan`` stands, the plan held by default, with whole ``paths``: see ``WhatIf``."""
        other = plan or self.plan
        self._asked += 1
        if processors() > 1:
            with suppress(OSError):
                self._crew.give((self._asked, self._difference.told(other), tuple(paths)))
        first = self._here.judge(other, paths)
        second = self._heard()
        if second is None:
            second = _told(self._spare.judge(other, paths))
        met, reads, *whole = (
            cast(Any, np.concatenate(sides, axis=1))
            for sides in zip(_told(first), second, strict=True)
        )
        chosen = dict(zip(first.paths, whole, strict=True))
        return Standing(other, met, reads, chosen, self._pooled)

    @cached_property
    def _pooled(self) -> Mapping[str, Pool]:
        return views_of(self.plan, self.seed, self.draws).pools if self.plan.outside else {}

    def _heard(self) -> tuple[Bools | Array, ...] | None:
        """The answer to what was asked last; earlier ones may come before, if that failed here."""
        while self._crew.busy:
            for (number, *_), report in self._crew.hear():
                if number == self._asked:
                    with suppress(LostError):
                        found: tuple[Bools | Array, ...] = report.result()
                        return found
        return None


def _told(standing: Standing) -> tuple[Bools | Array, ...]:
    """What one set of luck says: of targets [(target, luck, draw)], then whole paths."""
    return standing.met, standing.reads, *standing.paths.values()


class _Side:
    """The other process: one set of luck, and what is held of it from question to question."""

    def __init__(self, plan: Plan, draws: int, seed: int, luck: str) -> None:
        self._held = plan, draws, seed, luck
        self._begun: tuple[Difference, WhatIf] | None = None

    def __call__(self, asked: tuple[int, bytes, tuple[str, ...]]) -> tuple[Bools | Array, ...]:
        if self._begun is None:
            plan, draws, seed, luck = self._held
            self._begun = Difference(plan), WhatIf(plan, draws, seed, lucks=(luck,))
        difference, held = self._begun
        _, told, paths = asked
        return _told(held.judge(difference.plan(told), paths))


class Difference:
    """Plans as bytes, in which parts of a plan that both ends know are only named."""

    def __init__(self, known: Plan) -> None:
        self._parts = list(_parts(known))
        self._numbers = {id(part): number for number, part in enumerate(self._parts)}

    def told(self, plan: Plan) -> bytes:
        """Short where the plan was made of the known one, as ``changed`` makes it."""
        numbers = self._numbers

        class Teller(pickle.Pickler):
            def persistent_id(self, part: object) -> int | None:
                return numbers.get(id(part))

        told = io.BytesIO()
        Teller(told).dump(plan)
        return told.getvalue()

    def plan(self, told: bytes) -> Plan:
        """The other end: the plan that ``told`` these bytes."""
        parts = self._parts

        class Hearer(pickle.Unpickler):
            def persistent_load(self, number: int) -> Any:
                return parts[number]

        plan: Plan = Hearer(io.BytesIO(told)).load()
        return plan


def _parts(plan: Plan) -> Iterator[object]:
    """The plan, its fields, and their entries: in one order, wherever the plan has come to."""
    yield plan
    for each in fields(plan):
        part = getattr(plan, each.name)
        yield part
        if isinstance(part, Mapping):
            yield from part.values()
        elif isinstance(part, tuple):
            yield from part
