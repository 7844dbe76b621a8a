"""What would be without the plan: every programme switched off, on the same draws."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plansim.simulator.plan import Plan
from plansim.simulator.results import Settings
from plansim.simulator.run import run

#: Draws that medians and probabilities without programmes are told by.
DRAWS = 1024


@dataclass(frozen=True, slots=True)
class Idle:
    """The same place without its programmes.

    ``probability``: by judged target; ``median`` [(year,), base units]: by indicator and subject.
    """

    draws: int
    probability: Mapping[str, float]
    median: Mapping[tuple[str, str], NDArray[np.float64]]


def without_programmes(plan: Plan, settings: Settings) -> Idle | None:
    """The plan of a run with every programme off; None where none is on, or futures were chosen.

    A run of futures that meet what is given has no counterpart: without programmes others meet it.
    """
    if settings.given or not any(p.active for p in plan.programmes.values()):
        return None
    programmes = {key: replace(p, active=False) for key, p in plan.programmes.items()}
    draws = min(settings.draws, DRAWS)
    still = replace(plan, programmes=programmes)
    result = run(still, draws, settings.seed, sampler=settings.sampler, workers=2)
    middle = np.median(result.kept.paths, axis=-1)
    return Idle(
        draws=draws,
        probability={v.target: float(v.probability or 0.0) for v in result.judged},
        median={(s.indicator, s.subject): middle[:, i] for i, s in enumerate(result.series)},
    )
