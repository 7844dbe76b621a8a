"""Prior × observations → posterior: what the first years have told of a plan's figures.

First the base year is reconciled (``baselines``): what its identities say is the prior that
observations then update (``weighing``). The result is a normal law of the scores that uncertain
figures are drawn from, as ``run`` uses it, with what it says of every figure and observation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from plansim.calibration.likelihood import within_reach
from plansim.calibration.past_luck import past_luck
from plansim.calibration.reconcile import Reconciled
from plansim.calibration.scores import Normal, as_calibration, copula
from plansim.calibration.weighing import DRAWS, Prepared, Progress, Weighed, prepare, weigh
from plansim.scenarios.history import Observation
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.plan import Calibration, Plan, Uncertainty, figures
from plansim.simulator.sampling import Array, quantile, stream

Spoken = Literal["observations", "identities", "both", "prior_dominated"]

#: A figure is prior-dominated where its spread keeps this share and its median moves by less than
#: so many of its standard deviations.
KEPT_SPREAD, MOVED = 0.9, 0.25
#: What is rarer than this after all is known is not explained. [probability]
UNEXPLAINED = 1e-3
#: Draws of a stage: enough to tell hundreds of figures apart, and few enough to be held.
FEWEST, MOST_DRAWS = 1024, 131_072
#: Normal scores of the 5 %, 50 % and 95 % quantiles.
Z = np.array([-1.6448536269514722, 0.0, 1.6448536269514722])


@dataclass(frozen=True, slots=True)
class Check:
    """One observation before and after it was known. Values in the unit of the observation.

    ``prior``, ``posterior``: 5 %, 50 % and 95 % of what one would have seen, with luck and errors
    of measurement; ``tail_prior``, ``tail_posterior``: probability of something as far out
    [fraction]; ``weight``: share that the observation gets against the prior, alone [fraction].
    """

    observation: Observation
    prior: tuple[float, float, float]
    posterior: tuple[float, float, float]
    tail_prior: float
    tail_posterior: float
    weight: float


@dataclass(frozen=True, slots=True)
class Moved:
    """One uncertain figure before and after. Quantiles 5 %, 50 %, 95 % [base unit].

    ``moved``: its median, in standard deviations of the prior; ``spread``: its standard deviation,
    as a share of the prior's. ``by``: what moved or narrowed it enough to tell.
    """

    path: str
    unit: str
    origin: str
    prior: tuple[float, float, float]
    posterior: tuple[float, float, float]
    moved: float
    spread: float
    by: Spoken


@dataclass(frozen=True, slots=True)
class Posterior:
    """What observations say of a plan's figures, and how well that is known.

    ``calibration``: what ``run`` draws by. ``share``: draws from it that count, as a share
    [fraction]: what the normal law loses is 1 − share. ``lost``: the largest difference, over its
    directions, between the mean of the law and that of the weighted draws [sd].
    """

    plan: Plan
    calibration: Calibration
    checks: tuple[Check, ...]
    figures: tuple[Moved, ...]
    unused: tuple[Observation, ...]
    reconciled: Reconciled | None
    draws: int
    seed: int
    powers: tuple[float, ...]
    share: float
    first: float
    lost: float
    converged: bool

    @property
    def unexplained(self) -> tuple[Check, ...]:
        """Observations that nothing the plan holds possible comes near, even after."""
        return tuple(c for c in self.checks if c.tail_posterior < UNEXPLAINED)

    @property
    def usable(self) -> bool:
        """Whether a run may draw by it."""
        return self.converged and not self.unexplained

    @property
    def spoken(self) -> tuple[Moved, ...]:
        """The figures that are not prior-dominated."""
        return tuple(f for f in self.figures if f.by != "prior_dominated")


def posterior(
    plan: Plan,
    observations: Sequence[Observation],
    draws: int = DRAWS,
    seed: int = 1,
    *,
    identities: bool = True,
    progress: Progress | None = None,
) -> Posterior:
    """Update the uncertain figures of a plan by what was seen.

    Observations that lie too far before the base year are left out (``unused``). Raises InputError
    for arguments out of range, and where the identities of the base year cannot hold together.
    """
    refuse(draws, seed)
    used = tuple(o for o in observations if within_reach(plan, o))
    prepared = prepare(plan, used, draws, seed, identities=identities)
    values = prepared.forward.values()
    weighed = weigh(prepared, values, progress)
    after = prepared.prior.then(weighed.law)
    along = weighed.law.directions.T @ weighed.z
    spread = np.sqrt(np.maximum(np.diag(weighed.law.covariance), 1e-300))
    lost = np.abs(along @ weighed.weight - weighed.law.mean) / spread
    calibration = as_calibration(prepared.forward.names, after)
    led = past_luck(prepared, weighed, values, after, calibration)
    return Posterior(
        plan=plan,
        calibration=replace(calibration, luck=led),
        checks=checks(prepared, weighed, values),
        figures=moved(plan, prepared, after),
        unused=tuple(o for o in observations if o not in used),
        reconciled=prepared.reconciled,
        draws=draws,
        seed=seed,
        powers=weighed.powers,
        share=weighed.share,
        first=weighed.first,
        lost=float(lost.max(initial=0.0)),
        converged=weighed.converged,
    )


def refuse(draws: int, seed: int) -> None:
    """Raises InputError naming every argument that is out of range."""
    rules = (("draws", draws, FEWEST, MOST_DRAWS), ("seed", seed, 0, 2**63 - 1))
    faults = [
        Fault("argument_range", {"value": value, "allowed": f"{low} … {high}"}, f"--{name}")
        for name, value, low, high in rules
        if not low <= value <= high
    ]
    if faults:
        raise InputError(faults)


def checks(prepared: Prepared, weighed: Weighed, values: Array) -> tuple[Check, ...]:
    """Every observation against what was expected of it, before and after."""
    forward, scatter = prepared.forward, prepared.scatter
    random = stream(prepared.seed, 0, "check")
    draws = prepared.expected.shape[1]
    before = prepared.expected + scatter.drawn(draws, random)
    chosen = random.choice(draws, size=draws, p=weighed.weight)
    after = weighed.expected[:, chosen] + scatter.drawn(draws, random)
    ends = (np.quantile(sample, (0.05, 0.5, 0.95), axis=1).T for sample in (before, after))
    shown = [forward.levels(quantiles) for quantiles in ends]
    known = prepared.expected.var(axis=1)
    share = known / (known + np.diag(scatter.covariance))
    return tuple(
        Check(
            observation=o,
            prior=_three(shown[0][i]),
            posterior=_three(shown[1][i]),
            tail_prior=_tail(before[i], values[i]),
            tail_posterior=_tail(after[i], values[i]),
            weight=float(share[i]),
        )
        for i, o in enumerate(forward.observations)
    )


def _three(quantiles: Array) -> tuple[float, float, float]:
    low, middle, high = map(float, quantiles)
    return low, middle, high


def _tail(sample: Array, value: float) -> float:
    """Probability of being at least as far out, on either side."""
    below = float((sample <= value).mean())
    return min(1.0, 2 * min(below, 1 - below))


def moved(plan: Plan, prepared: Prepared, after: Normal) -> tuple[Moved, ...]:
    """Every uncertain figure before and after, in the order of the plan."""
    sampler = prepared.forward.ahead.sampler
    names = prepared.forward.names
    matrix = copula(sampler, names)
    place = {name: i for i, name in enumerate(names)}
    (mean1, sd1), (mean2, sd2) = (law.of(matrix) for law in (prepared.prior, after))
    found = []
    for path, figure in figures(plan):
        if not isinstance(figure.value, Uncertainty) or path not in place:
            continue
        i = place[path]
        by_identities = told(mean1[i], sd1[i])
        by_data = told(mean2[i] - mean1[i], sd2[i] / sd1[i] if sd1[i] > 1e-9 else 1.0)
        ends = [quantile(figure.value, m + s * Z) for m, s in ((0.0, 1.0), (mean2[i], sd2[i]))]
        found.append(
            Moved(
                path=path,
                unit=figure.unit,
                origin=figure.origin,
                prior=_three(ends[0]),
                posterior=_three(ends[1]),
                moved=float(mean2[i]),
                spread=float(sd2[i]),
                by=spoken(by_identities, by_data),
            )
        )
    return tuple(found)


def told(shift: float, spread: float) -> bool:
    """Whether a figure's score moved or narrowed enough to say that it was told something."""
    return bool(spread <= KEPT_SPREAD or abs(shift) >= MOVED)


def spoken(identities: bool, observations: bool) -> Spoken:
    if identities:
        return "both" if observations else "identities"
    return "observations" if observations else "prior_dominated"
