"""Hands one future of the engine to the scalar model: its parameters, base year and numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np

from plansim.benchmarks.scalar import Base
from plansim.simulator.future import LUCKS, ParameterDraw, draw_parameters
from plansim.simulator.model import Model
from plansim.simulator.queues import Futures, Value, bring
from plansim.simulator.results import Judged
from plansim.simulator.run import judge_luck
from plansim.simulator.sampling import Array, Block, Single


@dataclass(frozen=True, slots=True)
class Heard(Block):
    """A block that remembers every number that is drawn from it, by the name of its stream.

    ``calm``: quantities have no luck, all of their normal numbers are zero; programmes have theirs.
    The rows of ``pieces`` come so. Copies are given, as the engine works in place.
    """

    calm: bool = False
    scores: dict[str, Any] = field(default_factory=dict)
    pieces: dict[str, list[Any]] = field(default_factory=dict)

    def normals(self, names: Sequence[str], rows: int) -> Any:
        for name in names:
            if name not in self.scores:
                (self.scores[name],) = Block.normals(self, (name,), rows)
        return [self.scores[name] * self.loudness(name) for name in names]

    def loudness(self, name: str) -> np.float32:
        """What the normal numbers of a stream are multiplied by: one, or zero where it is calm."""
        luck, _, path = name.partition("/")
        silent = self.calm and luck.startswith("luck.") and not path.startswith("programmes.")
        return np.float32(not silent)

    def uniforms(self, name: str) -> Iterator[Single]:
        return self._endless(name, Block.uniforms(self, name))

    def exponentials(self, name: str) -> Iterator[Array]:
        return self._endless(name, Block.exponentials(self, name))

    def _endless(self, name: str, drawn: Iterator[Any]) -> Iterator[Any]:
        heard = self.pieces.setdefault(name, [])
        yield from [piece.copy() for piece in heard]
        for piece in islice(drawn, len(heard), None):
            heard.append(piece)
            yield piece.copy()


@dataclass(frozen=True, slots=True)
class Fed:
    """Some draws of the engine, judged with both sets of luck, and all that went into them.

    ``futures``: what each set of luck brought to the queues.
    """

    common: ParameterDraw
    judged: dict[str, Judged]
    futures: dict[str, Futures]
    heard: Heard

    @classmethod
    def of(cls, model: Model, seed: int = 1, draws: int = 128) -> "Fed":
        return cls.hearing(model, Heard(seed, 0, 0, draws))

    def calmed(self, model: Model) -> "Fed":
        """The same without the luck of quantities."""
        return self.hearing(model, replace(self.heard, calm=True))

    @classmethod
    def hearing(cls, model: Model, heard: Heard) -> "Fed":
        common = draw_parameters(model, heard)
        judged = {luck: judge_luck(model, common, heard, luck, keep=True) for luck in LUCKS}
        futures = {luck: bring(model.plan, model.network, common.p, heard, luck) for luck in LUCKS}
        return cls(common, judged, futures, heard)

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
        heard, found = self.heard, {}
        for name, rows in heard.scores.items():
            found[name] = rows[:, draw] * heard.loudness(name)
        for name, pieces in heard.pieces.items():
            found[name] = np.concatenate([piece[..., draw] for piece in pieces], None)
        prefix = f"luck.{luck}/"
        return {
            n.removeprefix(prefix): x.tolist() for n, x in found.items() if n.startswith(prefix)
        }


def at(value: Value, draw: int) -> float:
    """The value of one draw."""
    flat = np.ravel(value)
    return float(flat[draw if len(flat) > 1 else 0])
