"""Sweeps over levers → the points that are run: lists and ranges crossed, or a Latin hypercube.

A point is a tuple of settings ``PATH=VALUE``, in the order of the file.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from plansim.scenarios.batch_file import Hypercube, Range, value_text

Point = tuple[tuple[str, str], ...]
#: Digits of a swept value: the same text on every machine.
DIGITS = 9


def points(
    levers: Mapping[str, tuple[Any, ...] | Range], hypercube: Hypercube | None
) -> Iterator[Point]:
    """Every combination of the levers' values with every point of the hypercube."""
    axes: list[Sequence[Point]] = [
        [((path, text),) for text in texts(values)] for path, values in levers.items()
    ]
    if hypercube is not None:
        axes.append(latin_hypercube(hypercube))
    for chosen in product(*axes):
        yield tuple(setting for part in chosen for setting in part)


def count(levers: Mapping[str, tuple[Any, ...] | Range], hypercube: Hypercube | None) -> int:
    """How many points there are."""
    sizes = [v.count or steps(v) if isinstance(v, Range) else len(v) for v in levers.values()]
    return math.prod(sizes) * (hypercube.points if hypercube else 1)


def texts(values: tuple[Any, ...] | Range) -> list[str]:
    """The values of one lever, as typed behind ``PATH=``."""
    if not isinstance(values, Range):
        return [value_text(value) for value in values]
    number = values.count or steps(values)
    gap = values.step or (values.high - values.low) / (number - 1)
    return [text(values, values.low + i * gap) for i in range(number)]


def steps(values: Range) -> int:
    """How many values a range with a step has; the upper end is one of them where it is met."""
    return math.floor((values.high - values.low) / values.step + 1e-9) + 1


def text(values: Range, value: float) -> str:
    """One value of a range: a factor, a whole number, or a number."""
    if values.whole and value == round(value):
        return str(round(value))
    return f"{'x' if values.factor else ''}{value:.{DIGITS}g}"


def latin_hypercube(cube: Hypercube) -> list[Point]:
    """Points that fall once into each of as many equal parts of every lever's range.

    Whole numbers are equally likely, both ends included; several points may share one.
    McKay, Beckman, Conover (1979), Technometrics 21, 239.
    """
    from scipy.stats import qmc

    unit = qmc.LatinHypercube(len(cube.levers), rng=cube.seed).random(cube.points)
    return [
        tuple(
            (path, text(r, at(r, u))) for (path, r), u in zip(cube.levers.items(), row, strict=True)
        )
        for row in unit
    ]


def at(values: Range, share: float) -> float:
    """The value at a share of a range. [share: 0 to 1]"""
    if values.whole:
        return math.floor(values.low + share * (values.high - values.low + 1))
    return values.low + share * (values.high - values.low)
