"""Uncertainties → draws, and the random streams that everything random comes from.

A stream is keyed by (seed, block, name), never by position: adding a parameter, a quantity or a
programme does not move the others. A stream block is always drawn whole and then cut to the lanes
that are computed, so draw n is the same whatever the number of draws, the size of the blocks that
are computed, or the number of threads.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from hashlib import blake2b
from sys import intern
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import DTypeLike, NDArray
from scipy.special import betaincinv, betaln, ndtr, ndtri, stdtrit, xlog1py, xlogy

from plansim.simulator.errors import Fault, InputError
from plansim.simulator.memo import entries, node, watch
from plansim.simulator.plan import (
    Calibration,
    Correlation,
    Figure,
    Plan,
    SeenLuck,
    Uncertainty,
    figures,
)

if TYPE_CHECKING:
    from scipy.stats.qmc import Sobol

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Words = NDArray[np.uint32]
Numbers = TypeVar("Numbers", Array, Single)
ScoreFunction = Callable[[Array], Array]
#: Draws in one block of every stream. Part of the meaning of a seed: never change it lightly.
STREAM_BLOCK = 4096
#: Rows of random words that are made and used at a time: as many as stay in the cache.
FEW = 16
#: Rows of exponential numbers that are drawn at a time, and of uniform ones.
WAITS, PIECE = 16, 8
#: Replicated scramblings of the Sobol' sampler.
SCRAMBLINGS = 16

#: The ways in which each distribution can be given.
FORMS: dict[str, tuple[frozenset[str], ...]] = {
    "normal": tuple(map(frozenset, (["mean", "sd"], ["p05", "p95"], ["p05", "p50", "p95"]))),
    "lognormal": tuple(map(frozenset, (["p50", "p95"], ["p05", "p95"], ["p05", "p50", "p95"]))),
    "uniform": tuple(map(frozenset, (["low", "high"], ["p05", "p95"]))),
    "triangular": (frozenset(["low", "mode", "high"]),),
    "pert": (frozenset(["low", "mode", "high"]),),
    "beta": tuple(map(frozenset, (["a", "b"], ["a", "b", "low", "high"]))),
    "t": tuple(map(frozenset, (["mean", "sd", "df"], ["p05", "p95", "df"]))),
    "discrete": (frozenset(["values", "weights"]),),
}

#: Normal score of the 95 % quantile.
Z95 = float(ndtri(0.95))
#: Normal scores at which quantile functions without a cheap closed form are tabulated.
_GRID = np.linspace(-6.5, 6.5, 833)
#: Of so many scores of the grid one is inverted where the others can be interpolated.
COARSE = 8
_PER_SCORE = (len(_GRID) - 1) / (_GRID[-1] - _GRID[0])


def single(value: float | Array) -> float | Single:
    """A value in single precision; a plain number stays one."""
    return value if isinstance(value, float) else np.asarray(value, dtype=np.float32)


class Address(ISeedSequence):
    """Seeds a bit generator with a hash of the address of its stream, for a fifth of the time
    that numpy's own SeedSequence takes; there are hundreds of streams in a block.
    """

    def __init__(self, address: str) -> None:
        self.address = address

    def generate_state(self, n_words: int, dtype: DTypeLike = np.uint32) -> NDArray[Any]:
        word = np.dtype(dtype).newbyteorder("<")
        digest = blake2b(self.address.encode(), digest_size=n_words * word.itemsize).digest()
        return np.frombuffer(digest, word).astype(dtype)


def bits(seed: int, block: int, name: str) -> np.random.BitGenerator:
    """The random bits of ``name`` in ``block``: the same whatever else the plan holds."""
    return np.random.SFC64(Address(f"{seed}/{block}/{name}"))  # type: ignore[arg-type]  # stubs lag


def stream(seed: int, block: int, name: str) -> np.random.Generator:
    """The random numbers that are made of these bits."""
    return np.random.Generator(bits(seed, block, name))


def normal_scores(words: Words, start: int, stop: int, out: Single) -> None:
    """Standard normal numbers by Box & Muller (1958), in single precision. [out: (rows, lanes)]

    A third of the cost of the ziggurat, whose branches no vector unit likes. A row is made of half
    of its ``words`` [(rows, STREAM_BLOCK)] for radii and half for angles, so that more rows never
    move the first ones; a pair of words gives a lane in the first half (cosine) and one in the
    second (sine), and only pairs of the lanes asked for are worked on. Radii reach 6.66.
    """
    half = STREAM_BLOCK // 2
    first, last = (start % half, start % half + stop - start)
    if start < half < stop:
        first, last = 0, half
    radius = words[:, first:last].astype(np.float32)
    radius += 1.0
    radius *= 2.0**-32
    np.log(radius, out=radius)
    radius *= -2.0
    np.sqrt(radius, out=radius)
    angle = words[:, half + first : half + last].astype(np.float32)
    angle *= 2.0 * math.pi * 2.0**-32
    cosines = max(min(stop, half) - start, 0)
    for turn, lanes, pairs in (
        (np.cos, slice(0, cosines), slice(start - first, start - first + cosines)),
        (np.sin, slice(cosines, None), slice(0, stop - start - cosines)),
    ):
        if out[:, lanes].size:
            np.multiply(radius[:, pairs], turn(angle[:, pairs]), out=out[:, lanes])


@dataclass(frozen=True, slots=True)
class Block:
    """The draws computed together: lanes ``start`` to ``stop`` of stream block ``number``."""

    seed: int
    number: int
    start: int = 0
    stop: int = STREAM_BLOCK

    @property
    def draws(self) -> int:
        return self.stop - self.start

    def seed_of(self, name: str) -> int:
        """The seed that one stream is drawn with."""
        return self.seed

    def normals(self, names: Sequence[str], rows: int) -> Sequence[Single]:
        """Standard normal numbers of some streams. [(rows, draws)] each"""
        scores = np.empty((len(names) * rows, self.draws), dtype=np.float32)
        done = 0
        for words in self._words(names, rows):
            few = scores[done : done + len(words)]
            normal_scores(words, self.start, self.stop, few)
            done += len(few)
        return list(scores.reshape(len(names), rows, self.draws))

    def normal(self, name: str, rows: int) -> Single:
        """Those of one stream. [(rows, draws)]"""
        return self.normals((name,), rows)[0]

    def uniforms(self, name: str) -> Iterator[Single]:
        """Endless numbers between 0 and 1 of one stream, in single precision, PIECE rows at a time.
        [(row, draw)]

        They may not be written on.
        """
        source = bits(self.seed_of(name), self.number, name)
        while True:
            words = source.random_raw(PIECE * STREAM_BLOCK // 2).view("<u4")
            lanes = words.reshape(PIECE, STREAM_BLOCK)[:, self.start : self.stop]
            lanes >>= np.uint32(8)  # 24 bits are exact in single precision
            numbers = lanes.astype(np.float32)
            numbers *= 2.0**-24
            yield numbers

    def sobol(self, dimensions: int) -> Array:
        """Normal scores of scrambled Sobol' points. [(draw, dimension)]"""
        return _sobol_scores(dimensions, self.seed, self.number)[self.start : self.stop]

    def _words(self, names: Sequence[str], rows: int) -> Iterator[Words]:
        """Random words of one stream after another, for all lanes of the stream block, as many rows
        at a time as stay in the cache. [(row, STREAM_BLOCK)]
        """
        for first in range(0, len(names), together := max(1, FEW // max(1, rows))):
            drawn = [
                bits(self.seed_of(name), self.number, name)
                for name in names[first : first + together]
            ]
            for row in range(0, rows, FEW):
                size = min(FEW, rows - row) * STREAM_BLOCK
                words = [each.random_raw(size // 2) for each in drawn]
                some = words[0] if len(words) == 1 else np.concatenate(words)
                yield some.view("<u4").reshape(-1, STREAM_BLOCK)

    def exponentials(self, name: str) -> Iterator[Array]:
        """Endless unit exponential numbers of one stream, WAITS rows at a time. [(row, draw)]

        They may not be written on.
        """
        generator = stream(self.seed_of(name), self.number, name)
        while True:
            numbers = generator.standard_exponential((WAITS, STREAM_BLOCK))
            if self.draws < STREAM_BLOCK:
                numbers = np.ascontiguousarray(numbers[:, self.start : self.stop])
            yield numbers


@dataclass(frozen=True, slots=True)
class Resampled(Block):
    """A block in which the streams that are ``taken`` come from another seed; all else stays.

    Of the sampler "independent" only: Sobol' points are drawn together, not name by name.
    """

    other: int = 0
    taken: Callable[[str], bool] = bool

    def seed_of(self, name: str) -> int:
        return self.other if self.taken(name) else self.seed


def given_fields(uncertainty: Uncertainty) -> frozenset[str]:
    """The parameters that the user wrote."""
    names = (f.name for f in fields(Uncertainty) if f.name != "dist")
    return frozenset(n for n in names if getattr(uncertainty, n) is not None)


def faults_of(uncertainty: Uncertainty, path: str) -> list[Fault]:
    """What is wrong with a distribution: its name, its parameters, their order."""
    return [replace(fault, path=f"{path}{fault.path}") for fault in _faults_of(uncertainty)]


@lru_cache(maxsize=4096)
def _faults_of(u: Uncertainty) -> tuple[Fault, ...]:
    """The same with what comes behind the path."""
    if u.dist not in FORMS:
        fields = {"value": u.dist, "choices": ", ".join(FORMS)}
        return (Fault("unknown_distribution", fields, ".dist"),)
    if given_fields(u) not in FORMS[u.dist]:
        forms = " | ".join(", ".join(sorted(form)) for form in FORMS[u.dist])
        given = ", ".join(sorted(given_fields(u))) or "-"
        return (Fault("distribution_form", {"dist": u.dist, "given": given, "forms": forms}),)
    found: list[Fault] = []
    ordered = [(n, getattr(u, n)) for n in ("low", "mode", "high") if getattr(u, n) is not None]
    quantiles = [(n, getattr(u, n)) for n in ("p05", "p50", "p95") if getattr(u, n) is not None]
    for chain in (ordered, quantiles):
        values = [v for _, v in chain]
        if values != sorted(values) or (len(values) > 1 and values[0] == values[-1]):
            names = " < ".join(n for n, _ in chain)
            found.append(Fault("distribution_order", {"names": names, "values": values}))
    for name in ("sd", "df", "a", "b"):
        value = getattr(u, name)
        if value is not None and value <= 0:
            found.append(Fault("must_be_positive", {"value": value}, f".{name}"))
    if u.dist == "lognormal" and any(v <= 0 for _, v in quantiles):
        found.append(Fault("lognormal_positive", {"values": [v for _, v in quantiles]}))
    if u.dist == "t" and u.df is not None and 0 < u.df <= 2:
        found.append(Fault("t_variance", {"value": u.df}, ".df"))
    if u.dist == "discrete":
        points, weights = u.values or (), u.weights or ()
        if len(points) != len(weights) or not points or min(weights) < 0 or sum(weights) <= 0:
            found.append(Fault("discrete_weights", {}))
    return tuple(found)


@lru_cache(maxsize=1024)
def _beta_scores(a: float, b: float) -> Array:
    """Beta quantiles at every score of the grid. [(score,)]

    Where the density is bounded (a, b ≥ 1) only each COARSE-th is inverted; between, cubic Hermite
    interpolation with dx/dz = φ(z) / f(x) is within 4e-7, far less than what the grid itself costs.
    """
    if min(a, b) < 1:
        return np.asarray(betaincinv(a, b, ndtr(_GRID)))
    z = _GRID[::COARSE]
    x = betaincinv(a, b, ndtr(z))
    log_density = xlogy(a - 1, x) + xlog1py(b - 1, -x) - betaln(a, b)
    slope = np.exp(-0.5 * z * z - 0.5 * math.log(2 * math.pi) - log_density) * (z[1] - z[0])
    t = np.arange(COARSE)[:, None] / COARSE
    rise = t * t * (3 - 2 * t)
    between = x[:-1] + rise * np.diff(x)
    between += t * (1 - t) * ((1 - t) * slope[:-1] - t * slope[1:])
    return np.append(between.T.ravel(), x[-1])


def quantile(uncertainty: Uncertainty, z: Array) -> Array:
    """The value at normal score ``z``: F⁻¹(Φ(z)), in the figure's unit. [shape of z]

    Distributions without a cheap inverse (beta, pert, t) are interpolated on 833 scores between
    ±6.5. Three quantiles give a two-piece normal or lognormal, with the median between them.
    """
    return _quantile_function(uncertainty)(z)


@lru_cache(maxsize=4096)
def ends(uncertainty: Uncertainty, score: float) -> tuple[float, float]:
    """The values at normal scores of −``score`` and ``score``.

    A PERT distribution gets no table for that: there are hundreds of them in a plan, and whoever
    reads it may not draw from it.
    """
    z = np.array([-score, score])
    if uncertainty.dist == "pert":
        low, high, a, b = _pert(uncertainty)
        first, last = low + (high - low) * betaincinv(a, b, ndtr(z))
    else:
        first, last = quantile(uncertainty, z)
    return float(first), float(last)


def _pert(u: Uncertainty) -> tuple[float, float, float, float]:
    """Low, high, and the two shapes of the beta distribution between them.

    Shapes are rounded where their last digits are noise, so that figures that are the same but for
    a factor share one table.
    """
    low, mode, high = _required(u, "low", "mode", "high")
    span = high - low
    a, b = (round(1 + 4 * part / span, 12) for part in (mode - low, high - mode))
    return low, high, a, b


@lru_cache(maxsize=1024)
def _quantile_function(u: Uncertainty) -> ScoreFunction:
    match u.dist:
        case "normal":
            return _two_piece(u, log=False)
        case "lognormal":
            return _two_piece(u, log=True)
        case "uniform":
            low, high = _uniform_bounds(u)
            return lambda z: low + (high - low) * ndtr(z)
        case "triangular":
            return lambda z: _triangular(u, ndtr(z))
        case "pert":
            low, high, a, b = _pert(u)
            table = low + (high - low) * _beta_scores(a, b)
        case "beta":
            a, b = _required(u, "a", "b")
            low = u.low if u.low is not None else 0.0
            high = u.high if u.high is not None else 1.0
            table = low + (high - low) * _beta_scores(a, b)
        case "t":
            (df,) = _required(u, "df")
            raw = np.asarray(stdtrit(df, np.clip(ndtr(_GRID), 1e-15, 1 - 1e-15)), dtype=float)
            if u.sd is not None and u.mean is not None:
                table = u.mean + u.sd * raw / np.sqrt(df / (df - 2))
            else:
                low, high = _required(u, "p05", "p95")
                table = (low + high) / 2 + (high - low) / 2 * raw / stdtrit(df, 0.95)
        case "discrete":
            values = np.asarray(u.values, dtype=float)
            edges = np.cumsum(np.asarray(u.weights, dtype=float))
            edges = edges / edges[-1]
            return lambda z: values[np.searchsorted(edges[:-1], ndtr(z), side="right")]
        case _:
            raise InputError.of("unknown_distribution", value=u.dist, choices=", ".join(FORMS))
    rises = np.diff(table)
    return lambda z: _interpolated(table, rises, z)


def tabulated(function: ScoreFunction) -> ScoreFunction:
    """A function of normal scores by a table at those of _GRID, with straight lines between."""
    table = function(_GRID)
    rises = np.diff(table)
    return lambda z: _interpolated(table, rises, z)


def _interpolated(table: Array, rises: Array, z: Array) -> Array:
    """Straight lines between the scores of _GRID; a twentieth of the cost of np.interp."""
    position = (z - _GRID[0]) * _PER_SCORE
    position.clip(0.0, len(_GRID) - 1.000001, out=position)
    index = position.astype(np.intp)
    position -= index
    rise = rises.take(index)
    rise *= position
    rise += table.take(index)
    return np.asarray(rise)


def _required(u: Uncertainty, *names: str) -> tuple[float, ...]:
    values = tuple(getattr(u, name) for name in names)
    if any(v is None for v in values):
        raise InputError(faults_of(u, ""))
    return values


def _uniform_bounds(u: Uncertainty) -> tuple[float, float]:
    if u.low is not None and u.high is not None:
        return u.low, u.high
    p05, p95 = _required(u, "p05", "p95")
    margin = (p95 - p05) / 18  # 5 of 90 parts on either side
    return p05 - margin, p95 + margin


def _triangular(u: Uncertainty, share: Array) -> Array:
    low, mode, high = _required(u, "low", "mode", "high")
    span, left = high - low, mode - low
    rising = low + np.sqrt(share * span * left)
    falling = high - np.sqrt((1 - share) * span * (high - mode))
    return np.where(share * span < left, rising, falling)


def _two_piece(u: Uncertainty, *, log: bool) -> ScoreFunction:
    if u.mean is not None and u.sd is not None:
        mean, sd = u.mean, u.sd
        return lambda z: mean + sd * z
    move = math.log if log else float
    p95 = move(_required(u, "p95")[0])
    if u.p05 is None:
        middle = move(_required(u, "p50")[0])
        low = 2 * middle - p95
    else:
        low = move(u.p05)
        middle = move(u.p50) if u.p50 is not None else (low + p95) / 2
    left, right = (middle - low) / Z95, (p95 - middle) / Z95

    def score(z: Array) -> Array:
        if abs(left - right) < 1e-12 * abs(right):
            return middle + right * z
        return middle + np.where(z < 0, left, right) * z

    return (lambda z: np.exp(score(z))) if log else score


def centre(figure: Figure) -> float:
    """The median of a figure, in its unit."""
    if isinstance(figure.value, Uncertainty):
        return float(quantile(figure.value, np.zeros(1))[0])
    return float(figure.value)


def quantiles(figure: Figure, *shares: float) -> tuple[float, ...]:
    """Quantiles of a figure, in its unit; a certain figure is its own quantile."""
    if not isinstance(figure.value, Uncertainty):
        return tuple(float(figure.value) for _ in shares)
    return tuple(float(v) for v in quantile(figure.value, np.asarray(ndtri(np.array(shares)))))


def cholesky(matrix: Array) -> Array:
    """Lower factor L with L Lᵀ = matrix, by our own loop: the same bits everywhere.

    Raises ValueError where the matrix is not positive definite.
    """
    size = len(matrix)
    factor = np.zeros((size, size))
    for i in range(size):
        for j in range(i + 1):
            rest = matrix[i, j] - sum(factor[i, k] * factor[j, k] for k in range(j))
            if i == j:
                if rest <= 1e-12:
                    raise ValueError(f"not positive definite at row {i}")
                factor[i, i] = np.sqrt(rest)
            else:
                factor[i, j] = rest / factor[j, j]
    return factor


def correlate(factor: Array, scores: Sequence[Numbers]) -> None:
    """Turn independent normal scores into correlated ones, in place."""
    if len(scores) == 1:
        return
    for i in range(len(scores) - 1, -1, -1):
        scores[i][...] *= float(factor[i, i])
        for j in range(i):
            if factor[i, j] != 0.0:
                scores[i][...] += float(factor[i, j]) * scores[j]


@dataclass(frozen=True, slots=True)
class Group:
    """Names that are correlated with one another, and the factor that makes them so."""

    names: tuple[str, ...]
    factor: Array


def correlation_pairs(
    correlations: Sequence[Correlation], names: Sequence[str]
) -> dict[tuple[str, str], float]:
    """Every pair of ``names`` that an entry speaks of. A path that matches nothing is a fault."""
    pairs: dict[tuple[str, str], float] = {}
    faults: list[Fault] = []
    for position, entry in enumerate(correlations):
        left, right = entry.between
        first, second = match(left, names), match(right, names)
        for pattern, found in ((left, first), (right, second)):
            if not found:
                faults.append(Fault("matches_nothing", {"value": pattern}, f"{position}.between"))
        if left == right:
            items = list(first.values())
            chosen = [(a, b) for i, a in enumerate(items) for b in items[i + 1 :]]
        elif "*" in left and "*" in right:
            chosen = [(first[star], second[star]) for star in first if star in second]
        else:
            chosen = [(a, b) for a in first.values() for b in second.values() if a != b]
        for a, b in chosen:
            pairs[(a, b)] = entry.value
    if faults:
        raise InputError(faults)
    return pairs


def match(pattern: str, names: Sequence[str]) -> dict[str, str]:
    """The names that a pattern with at most one ``*`` (one path segment) matches, by the star."""
    if "*" not in pattern:
        return {"": pattern} if pattern in names else {}
    head, _, tail = pattern.partition("*")
    found: dict[str, str] = {}
    for name in names:
        if name.startswith(head) and name.endswith(tail) and len(name) >= len(head) + len(tail):
            star = name[len(head) : len(name) - len(tail)]
            if star and "." not in star:
                found[star] = name
    return found


def group(names: Sequence[str], pairs: Mapping[tuple[str, str], float]) -> tuple[Group, ...]:
    """Connected names and their Cholesky factors, in the order of ``names``."""
    neighbours: dict[str, set[str]] = {}
    for a, b in pairs:
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    seen: set[str] = set()
    groups: list[Group] = []
    for name in names:
        if name in seen or name not in neighbours:
            continue
        reached, front = {name}, [name]
        while front:
            for other in neighbours[front.pop()] - reached:
                reached.add(other)
                front.append(other)
        seen |= reached
        members = tuple(n for n in names if n in reached)
        matrix = np.eye(len(members))
        for i, a in enumerate(members):
            for j, b in enumerate(members):
                if (a, b) in pairs:
                    matrix[i, j] = matrix[j, i] = pairs[(a, b)]
        try:
            factor = cholesky(matrix)
        except ValueError:
            shown = ", ".join(members[:6])
            raise InputError.of("correlations_impossible", value=shown) from None
        groups.append(Group(members, factor))
    return tuple(groups)


@lru_cache(maxsize=8)
def groups_of(correlations: tuple[Correlation, ...], names: tuple[str, ...]) -> tuple[Group, ...]:
    """The correlated groups among ``names``. Raises InputError as its two steps do."""
    return group(names, correlation_pairs(correlations, names))


def calibrate(calibration: Calibration, scores: Mapping[str, Array]) -> None:
    """Move independent scores along the directions of a calibration, in place. [(draws,) each]

    Term by term: the same bits whatever the number of draws computed together.
    """
    for direction, shift, scale in zip(
        calibration.directions, calibration.shift, calibration.scale, strict=True
    ):
        move = along(calibration.names, direction, scores)
        move *= scale - 1.0
        move += shift
        for name, weight in zip(calibration.names, direction, strict=True):
            if weight:
                scores[name][...] += weight * move


def along(names: Sequence[str], direction: Sequence[float], scores: Mapping[str, Array]) -> Array:
    """The coordinate of scores along a direction, added up term by term. [(draws,)]"""
    total = np.zeros_like(scores[names[0]])
    for name, weight in zip(names, direction, strict=True):
        if weight:
            total += weight * scores[name]
    return total


def _refuse_unfit(calibration: Calibration, known: Mapping[str, Figure]) -> None:
    """Raises InputError where a calibration is not one of these figures, or none at all."""
    luck = calibration.luck
    fine = _orthonormal(calibration) and set(calibration.names) <= known.keys()
    if fine and luck is not None:
        slopes = [list(row) for row in luck.slopes]
        fine = _orthonormal(luck) and len(slopes) == len(luck.shift)
        fine = fine and {len(row) for row in slopes} <= {len(calibration.shift)}
        fine = fine and bool(np.isfinite(np.array(slopes)).all())
    if not fine:
        raise InputError.of("calibration_unfit", "calibration")


def _orthonormal(motion: Calibration | SeenLuck) -> bool:
    """Whether directions are that, and all has as many entries as it should."""
    matrix = [list(direction) for direction in motion.directions]
    number = len(matrix)
    if not ({len(row) for row in matrix} <= {len(motion.names)}):
        return False
    if not number == len(motion.shift) == len(motion.scale):
        return False
    square = np.array(matrix).reshape(number, -1)
    numbers = np.isfinite([*motion.shift, *motion.scale]).all()
    fine = np.allclose(square @ square.T, np.eye(number), atol=1e-6)
    return bool(fine and numbers and min(motion.scale, default=1.0) >= 0)


def every_figure(plan: Plan) -> dict[str, Figure]:
    """``figures`` of a plan, entry by entry of its sections."""
    parts: dict[str, Any] = {}
    for field_ in fields(plan):
        if field_.name in plan.ASIDE:
            continue
        part = getattr(plan, field_.name)
        if isinstance(part, Mapping):
            parts |= {intern(f"{field_.name}.{key}"): entry for key, entry in part.items()}
        else:
            parts[field_.name] = part
    found: dict[str, Figure] = {}
    for some in entries(figures, parts, {path: path for path in parts}).values():
        found.update(some)
    return found


@dataclass(frozen=True, slots=True)
class Sampler:
    """Draws every uncertain figure of one plan. Certain figures are plain floats.

    A figure that is certain still has its place in its correlated group, so that making it certain
    in a scenario moves none of the others.
    """

    fixed: Mapping[str, float]
    uncertain: Mapping[str, Uncertainty]
    groups: tuple[Group, ...]
    method: str = "independent"
    calibration: Calibration | None = None

    @classmethod
    def of(cls, plan: Plan, method: str = "independent") -> "Sampler":
        """Collect the figures of a plan. Raises InputError for an unknown ``method``."""
        if method not in SAMPLERS:
            raise InputError.of(
                "unknown_choice", "sampler", value=method, choices="|".join(SAMPLERS)
            )
        everything = every_figure(plan)
        uncertain = {
            path: figure.value
            for path, figure in everything.items()
            if isinstance(figure.value, Uncertainty)
        }
        fixed = {
            path: float(figure.value)
            for path, figure in everything.items()
            if not isinstance(figure.value, Uncertainty)
        }
        groups = groups_of(plan.parameter_correlations, tuple(everything))
        moving = tuple(g for g in groups if any(name in uncertain for name in g.names))
        if plan.calibration is not None:
            _refuse_unfit(plan.calibration, everything)
        return cls(fixed, uncertain, moving, method, plan.calibration)

    def draw(self, block: Block) -> dict[str, float | Array]:
        """Every figure of the plan by path: a float, or one value a draw [(draws,)]."""
        scores = watch("sampler", self, 2).scores(block)
        return {**self.fixed, **entries(quantile, self.uncertain, scores)}

    def independent(self, block: Block) -> dict[str, Array]:
        """Normal scores of every figure that has one, calibrated, before they are correlated."""
        scores = self._independent(block)
        if self.calibration is not None:
            calibrate(self.calibration, scores)
        return scores

    @node
    def scores(self, block: Block) -> dict[str, Array]:
        """Correlated normal scores of every figure that is uncertain or correlated with one."""
        scores = self.independent(block)
        for members in self.groups:
            correlate(members.factor, [scores[name] for name in members.names])
        return scores

    @property
    def scored(self) -> tuple[str, ...]:
        """The figures that have a score: uncertain, correlated with one, or calibrated. Sorted."""
        names = {*self.uncertain, *(name for members in self.groups for name in members.names)}
        names.update(() if self.calibration is None else self.calibration.names)
        return tuple(sorted(names))

    def _independent(self, block: Block) -> dict[str, Array]:
        names = self.scored
        return SAMPLERS[self.method](block, names) if names else {}


def independent_scores(block: Block, names: Sequence[str]) -> dict[str, Array]:
    """Pseudo-random scores: a stream of its own for every name. [(draw,)]"""
    drawn = block.normals(names, 1)
    return {name: row[0].astype(float) for name, row in zip(names, drawn, strict=True)}


def sobol_scores(block: Block, names: Sequence[str]) -> dict[str, Array]:
    """Scores of a scrambled Sobol' sequence with a dimension for every name. [(draw,)]"""
    points = block.sobol(len(names))
    return {name: points[:, i].copy() for i, name in enumerate(names)}


#: How independent normal scores are drawn: (block, names) → scores by name.
SAMPLERS: Mapping[str, Callable[[Block, Sequence[str]], dict[str, Array]]] = {
    "independent": independent_scores,
    "sobol": sobol_scores,
}


@lru_cache(maxsize=4)
def _sobol_scores(dimensions: int, seed: int, block: int) -> Array:
    """Normal scores of one block of SCRAMBLINGS independent scrambled Sobol' sequences.

    The sequences take turns, so that any number of draws is shared out evenly among them.
    """
    each = STREAM_BLOCK // SCRAMBLINGS
    points = np.empty((each, SCRAMBLINGS, dimensions))
    for scrambling in range(SCRAMBLINGS):
        engine = copy(_sobol_engine(dimensions, seed, scrambling)).reset()
        if block:
            engine.fast_forward(block * each)
        points[:, scrambling] = engine.random(each)
    np.clip(points, 1e-12, 1 - 1e-12, out=points)
    return np.asarray(ndtri(points.reshape(STREAM_BLOCK, dimensions)))


@lru_cache(maxsize=2 * SCRAMBLINGS)
def _sobol_engine(dimensions: int, seed: int, scrambling: int) -> "Sobol":
    """One scrambling, at its beginning: copied before it is used, as scrambling is slow."""
    from scipy.stats.qmc import Sobol  # slow to import, and only this sampler needs it

    number = int(stream(seed, scrambling, "sobol").integers(2**63))
    return Sobol(dimensions, scramble=True, rng=number)
