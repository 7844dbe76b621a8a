"""Hands one future of the engine to the scalar model: its parameters, base year and numbers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.scalar import Base
from simulator.queues import Value
from simulator.model import Model
from simulator.results import Judged
from simulator.run import LUCKS, Systematic, judge_luck, systematic
from simulator.sampling import Array, Block


@dataclass(frozen=True, slots=True)
class Heard(Block):
    """A block that remembers every number that is drawn from it, by the name of its stream.

    ``calm``: no luck, all of its normal numbers are zero. The rows of ``waits`` come in pieces.
    Copies are kept, as the engine works in place.
    """

    calm: bool = False
    normals: dict[str, Any] = field(default_factory=dict)
    waits: dict[str, list[Array]] = field(default_factory=dict)

    def normal(self, name: str, rows: int) -> Any:
        drawn = Block.normal(self, name, rows)
        if self.calm and name.startswith("luck."):
            drawn[:] = 0
        self.normals[name] = drawn.copy()
        return drawn

    def exponentials(self, name: str) -> Iterator[Array]:
        heard = self.waits.setdefault(name, [])
        for piece in Block.exponentials(self, name):
            heard.append(piece.copy())
            yield piece


@dataclass(frozen=True, slots=True)
class Fed:
    """One block of the engine, judged with both sets of luck, and all that went into it."""

    common: Systematic
    judged: dict[str, Judged]
    heard: Heard

    @classmethod
    def of(cls, model: Model, seed: int = 1, calm: bool = False) -> "Fed":
        heard = Heard(seed, 0, calm=calm)
        common = systematic(model, heard)
        judged = {luck: judge_luck(model, common, heard, luck, keep=True) for luck in LUCKS}
        return cls(common, judged, heard)

    def parameters(self, draw: int) -> dict[str, float]:
        return {name: at(value, draw) for name, value in self.common.p.items()}

    def base(self, draw: int) -> Base:
        closed = self.common.baseline
        return Base(
            {name: at(value, draw) for name, value in closed.levels.items()},
            {tag: weight[:, draw].tolist() for tag, weight in closed.weights.items()},
        )

    def scores(self, draw: int, luck: str) -> dict[str, list[float]]:
        """The numbers of one set of luck, by the names that ``scalar.future`` knows."""
        prefix = f"luck.{luck}/"
        found = {name: rows[:, draw].tolist() for name, rows in self.heard.normals.items()}
        for name, pieces in self.heard.waits.items():
            found[name] = np.concatenate([piece[..., draw] for piece in pieces], None).tolist()
        return {n.removeprefix(prefix): x for n, x in found.items() if n.startswith(prefix)}


def at(value: Value, draw: int) -> float:
    """The value of one draw."""
    flat = np.ravel(value)
    return float(flat[draw if len(flat) > 1 else 0])
