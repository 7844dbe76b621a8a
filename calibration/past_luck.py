"""Where luck has led by the last year seen: what figures do not explain of what was seen since.

Given the figures, what is seen is its value without luck plus luck and an error of measurement.
Luck is close to linear in its independent normal scores ε (Eq. 4 in link space, where most of what
is observed is read), so given the figures

    ε | y  ~  N(K r, I − K L),   r = y − E(y | figures),   K = Lᵀ S⁻¹

with L the slopes of what is seen on ε and S the covariance of what luck and measurement scatter it
by. The result moves ε along the few directions that L spans (``plansim.simulator.seen``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from plansim.calibration.likelihood import Forward
from plansim.calibration.scores import Normal, orthonormal
from plansim.calibration.weighing import Prepared, Weighed
from plansim.simulator.paths import class_of, mean_score, shared_states
from plansim.simulator.plan import Calibration, SeenLuck
from plansim.simulator.sampling import Array, Block, Single
from plansim.simulator.seen import place_of, stream_of

#: Steps to both sides with which slopes are taken: exact on average over a normal score for luck
#: that is cubic in it (Gauss & Hermite's three points).
STEP = float(np.sqrt(3.0))
#: Slopes smaller than this share of the scatter of an observation are none.
NO_SLOPE = 1e-9
#: The set of luck that the years after the base year have while slopes are taken.
PROBED = "a"


@dataclass(frozen=True, slots=True)
class Probe(Block):
    """A block in which each draw steps along one luck score, and nothing else happens by chance.

    ``steps``: by stream, the row that a draw steps in, and how far [(row, draw, step)].
    ``resting``: by stream, the score of its first row, where a scale does not stand at its median.
    """

    steps: dict[str, list[tuple[int, int, float]]] = field(default_factory=dict)
    resting: dict[str, float] = field(default_factory=dict)

    def normals(self, names: Sequence[str], rows: int) -> Sequence[Single]:
        drawn = np.zeros((len(names), rows, self.draws), dtype=np.float32)
        for name, numbers in zip(names, drawn, strict=True):
            numbers[0] = self.resting.get(name, 0.0)
            for row, draw, step in self.steps.get(name, ()):
                if row < rows:
                    numbers[row, draw] = step
        return list(drawn)

    def uniforms(self, name: str) -> Iterator[Single]:
        """Those of the first draw, for all draws."""
        for numbers in Block(self.seed, self.number, 0, 1).uniforms(name):
            yield np.repeat(numbers, self.draws, axis=1)

    def exponentials(self, name: str) -> Iterator[Array]:
        """Those of the first draw, for all draws."""
        for numbers in Block(self.seed, self.number, 0, 1).exponentials(name):
            yield np.repeat(numbers, self.draws, axis=1)


def luck_names(forward: Forward) -> tuple[str, ...]:
    """The scores of luck that may have a part in what was seen after the base year."""
    layout, classes = forward.ahead.layout, forward.ahead.law.classes
    base = layout.years[0]
    last = int(np.ceil(max(o.time for o in forward.observations)))
    years = range(base + 1, last + 1)
    return (
        *(f"{year}/common" for year in (base, *years)),
        *(f"{year}/{name}" for year in years for name in layout.rows),
        *(f"law/{row}/{stream}" for stream, rows in shared_states(layout, classes) for row in rows),
    )


def slopes_on_luck(forward: Forward, names: tuple[str, ...], scores: Array, seed: int) -> Array:
    """L: how what is seen moves with each score of luck. [(observation, name)]

    ``scores``: of the figures, where slopes are taken [(name,)]. Under the law of paths every scale
    stands where it is as large as luck is on average, so that slopes explain all of the scatter.
    """
    law = forward.ahead.law
    resting = {
        f"{law.shared}/{name}": mean_score(law.classes[kind].freedom)
        for name, each in forward.ahead.layout.quantities.items()
        if (kind := class_of(name, each, law.classes))
    }
    base = forward.ahead.layout.years[0]
    steps: dict[str, list[tuple[int, int, float]]] = {}
    for place, name in enumerate(names):
        stream, row = place_of(name, base)
        both = [(row, place, STEP), (row, len(names) + place, -STEP)]
        steps.setdefault(stream_of(stream, PROBED), []).extend(both)
    width = 2 * len(names)
    given = {name: np.full(width, score) for name, score in zip(forward.names, scores, strict=True)}
    read = forward.read(given, Probe(seed, 0, 0, width, steps, resting), PROBED, "b")
    return np.asarray((read[:, : len(names)] - read[:, len(names) :]) / (2 * STEP))


def past_luck(
    prepared: Prepared, weighed: Weighed, values: Array, law: Normal, calibration: Calibration
) -> SeenLuck | None:
    """The luck of the years seen, given what was seen and the calibrated figures.

    ``values`` [(observation,)]; ``law``: that of the figures' scores after all, which
    ``calibration`` draws from. None where nothing was seen after the base year.
    """
    forward, scatter = prepared.forward, prepared.scatter
    if not any(o.time > forward.ahead.layout.years[0] for o in forward.observations):
        return None
    names = luck_names(forward)
    centre = law.directions @ law.mean if len(law.mean) else np.zeros(len(forward.names))
    slopes = slopes_on_luck(forward, names, centre, prepared.seed)
    moving = np.abs(slopes) > NO_SLOPE * np.sqrt(np.diag(scatter.covariance))[:, None]
    slopes = np.where(moving, slopes, 0.0)
    gain = np.linalg.solve(scatter.covariance, slopes).T  # K
    constant, on_figures = _expected(prepared, weighed, calibration)
    basis = orthonormal(slopes.T)
    kept = np.eye(basis.shape[1]) - basis.T @ gain @ slopes @ basis
    variances, vectors = np.linalg.eigh((kept + kept.T) / 2)
    directions = basis @ vectors
    held = np.flatnonzero((np.abs(directions) > NO_SLOPE).any(axis=1))
    return SeenLuck(
        names=tuple(names[int(i)] for i in held),
        directions=tuple(tuple(map(float, row)) for row in directions[held].T),
        shift=tuple(map(float, directions.T @ gain @ (values - scatter.mean - constant))),
        slopes=tuple(tuple(map(float, row)) for row in -directions.T @ gain @ on_figures),
        scale=tuple(map(float, np.sqrt(np.clip(variances, 0.0, 1.0)))),
    )


def _expected(
    prepared: Prepared, weighed: Weighed, calibration: Calibration
) -> tuple[Array, Array]:
    """What is expected without luck as a constant and slopes on the coordinates of calibrated
    figures, by weighted regression. [(observation,)], [(observation, direction)]
    """
    place = {name: i for i, name in enumerate(prepared.forward.names)}
    rows = [place[name] for name in calibration.names]
    directions = np.array(calibration.directions).reshape(-1, len(rows))
    along = directions @ prepared.prior.scores(weighed.z)[rows]
    root = np.sqrt(weighed.weight)
    design = np.vstack([root, root * along])
    found, *_ = np.linalg.lstsq(design.T, (root * weighed.expected).T)
    return np.asarray(found[0]), np.asarray(found[1:].T)
