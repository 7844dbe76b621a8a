"""Where luck has led by the last year seen: later years go on from there.

Luck of the years seen is drawn as ever, then moved to what agrees with the observations, along a
few directions of its independent normal scores (``plansim.calibration.past_luck`` finds them).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from plansim.simulator.memo import node
from plansim.simulator.plan import Calibration, SeenLuck
from plansim.simulator.sampling import Array, Block, Single, along


@dataclass(frozen=True, slots=True)
class Seen(Block):
    """The block ``of`` these lanes with some of its normal numbers ``moved``. [(row, draw)]"""

    of: Block = field(kw_only=True)
    moved: Mapping[str, Array] = field(kw_only=True)

    def normals(self, names: Sequence[str], rows: int) -> Sequence[Single]:
        drawn = self.of.normals(names, rows)
        for name, numbers in zip(names, drawn, strict=True):
            if name in self.moved:
                move = self.moved[name][:rows]
                numbers[: len(move)] += move.astype(np.float32)
        return drawn

    def uniforms(self, name: str) -> Iterator[Single]:
        return self.of.uniforms(name)

    def sobol(self, dimensions: int) -> Array:
        return self.of.sobol(dimensions)

    def exponentials(self, name: str) -> Iterator[Array]:
        return self.of.exponentials(name)


@node
def seen(
    calibration: Calibration, first: int, block: Block, luck: str, scores: Mapping[str, Array]
) -> Block:
    """The block with the luck of the years seen, itself where none were.

    ``first``: the base year; ``scores``: of the figures, calibrated, before they are correlated
    [(draws,) by name].
    """
    told = calibration.luck
    if told is None:
        return block
    streams = rows_of(told, first)
    drawn = {
        stream: block.normal(stream_of(stream, luck), 1 + max(rows.values())).astype(float)
        for stream, rows in streams.items()
    }
    places = [(stream, row) for stream, rows in streams.items() for row in rows.values()]
    order = [name for rows in streams.values() for name in rows]
    moved = {stream_of(stream, luck): np.zeros(z.shape) for stream, z in drawn.items()}
    figures = [along(calibration.names, direction, scores) for direction in calibration.directions]
    numbers = dict(zip(order, (drawn[stream][row] for stream, row in places), strict=True))
    for direction, shift, slopes, scale in zip(
        told.directions, told.shift, told.slopes, told.scale, strict=True
    ):
        move = (scale - 1.0) * along(told.names, direction, numbers)
        move += shift
        for slope, figure in zip(slopes, figures, strict=True):
            move += slope * figure
        weights = dict(zip(told.names, direction, strict=True))
        for name, (stream, row) in zip(order, places, strict=True):
            moved[stream_of(stream, luck)][row] += weights[name] * move
    return Seen(block.seed, block.number, block.start, block.stop, of=block, moved=moved)


def rows_of(told: SeenLuck, first: int) -> dict[str, dict[str, int]]:
    """By stream: the names of ``told``, ``2016/common``, with their rows."""
    found: dict[str, dict[str, int]] = {}
    for name in told.names:
        stream, row = place_of(name, first)
        found.setdefault(stream, {})[name] = row
    return found


def place_of(name: str, first: int) -> tuple[str, int]:
    """The stream of a name and its row in it. The common shock has a row for the base year,
    ``first``; quantities begin a year later. What both sets of luck share under the law of paths
    has the number of its row instead of a year: ``law/1/clusters.robots.output``.
    """
    year, _, stream = name.partition("/")
    if year == "law":
        row, _, stream = stream.partition("/")
        return f"law/{stream}", int(row)
    return stream, int(year) - first - (stream != "common")


def stream_of(stream: str, luck: str) -> str:
    """The whole name of a stream of one set of luck, or of what both share."""
    return f"luck.{stream}" if stream.startswith("law/") else f"luck.{luck}/{stream}"
