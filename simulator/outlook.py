"""What is said of a target before its own plan is simulated: the outside view."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OutsideView:
    """How often targets like this one were met, by Eq. 19 and 20 (``calibration/outside.py``).

    ``probability``: that the published figure meets the first goal, the shocks of the year, the
    place and the plan averaged over. ``low``, ``high``: 5 and 95 % of the probability once these
    shocks and the coefficients are drawn: what one plan of one year may turn out to be.
    ``mean_low``, ``mean_high``: 5 and 95 % of the probability averaged over shocks: what is not
    known of the coefficients alone.
    ``level``, ``kind``, ``field`` and ``horizon``: the cell that the target was put in. ``rows``:
    targets of that level, kind and horizon in the evidence, ``met`` of them, which ended in so many
    different ``years``; 0 where there is none. ``borrowed``: which of the cell's terms ("level",
    "kind", "field") have no row of that horizon, so that their coefficient is the prior's.
    """

    probability: float
    low: float
    high: float
    mean_low: float
    mean_high: float
    rows: int
    met: int
    level: str
    kind: str
    field: str
    horizon: str
    borrowed: tuple[str, ...] = ()
    years: int = 0
