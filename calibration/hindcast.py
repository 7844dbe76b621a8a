"""Hindcast: what the law would have said in past years, against what then happened.

At every origin the law knows the panel up to that year, and a class whose windows have ended by
then. Its forecasts are scored with those of two naive ones on one scale, that of the link (log
output, logit value-added rate, log energy per value added). docs/hindcast.md says how to read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

import numpy as np
from scipy.special import ndtr

from plansim.calibration.conditioned import Forecast, crps_student, forecast
from plansim.calibration.growth import (
    FEWEST_CHANGES,
    FEWEST_INDUSTRIES,
    HORIZONS,
    QUANTITIES,
    Array,
    Fit,
    Law,
    class_law,
    class_laws,
    fit_law,
)
from plansim.calibration.panel import Panel, read_panel
from plansim.simulator.errors import Fault, InputError

#: Annual changes that a series needs before an origin, and that naive forecasts are made from.
HISTORY = 15
FEWEST_HISTORY = 5
#: Coverages that are asked for.
LEVELS = (0.5, 0.8, 0.95)
RIVALS = ("last", "drift")
BOOTSTRAPS = 1000
SEED = 1958

#: A naive forecast with a lower CRPS was right to rounding: no skill is told. [link units]
NEGLIGIBLE = 1e-9

#: What a class knows of a quantity by the end of a year; None where no window has ended.
Laws = Callable[[str, int], Law | None]


# --- scores -------------------------------------------------------------------------


def crps_normal(outcome: Array, mean: Array, sd: Array) -> Array:
    """Continuous ranked probability score of a normal forecast (Gneiting & Raftery, 2007).

    In the unit of the outcome; an sd of zero is a point, whose score is the absolute error.
    """
    safe = np.maximum(sd, 1e-300)
    z = (outcome - mean) / safe
    with np.errstate(over="ignore"):
        density = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    score: Array = safe * (z * (2.0 * ndtr(z) - 1.0) + 2.0 * density - 1.0 / np.sqrt(np.pi))
    return score


def naive(past: Array, horizon: int) -> dict[str, tuple[Array, Array]]:
    """Mean change and sd of the naive forecasts, normal, from annual changes [(year, series)].

    last: no change, sd √h · root mean square change; drift: h · mean change, sd √h · sd of changes
    (n − 1), without a term for the error of the mean.
    """
    mean = past.mean(axis=0)
    sd = past.std(axis=0, ddof=1)
    square = np.sqrt((past**2).mean(axis=0))
    root = np.sqrt(horizon)
    return {"last": (np.zeros_like(mean), root * square), "drift": (horizon * mean, root * sd)}


@dataclass(frozen=True, slots=True)
class Cases:
    """Forecasts of one quantity at one horizon that were scored. Every array: [(case,)]

    ``series``: position in the panel; ``origin``: year; ``pit``: probability integral transform;
    ``crps``: scores of the law (``law``) and of the naive forecasts by name [link units].
    """

    quantity: str
    horizon: int
    series: np.ndarray[tuple[int], np.dtype[np.int64]]
    origin: np.ndarray[tuple[int], np.dtype[np.int64]]
    pit: Array
    crps: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Score:
    """One row of the result. Skill: 1 − CRPS / CRPS of the naive forecast, cases pooled.

    ``origins``: years from which it was forecast; ``forecasts``: cases. ``intervals``: 5 % and 95 %
    points of each skill over resampled series (one history of years, so still too narrow).
    """

    quantity: str
    horizon: int
    origins: int
    forecasts: int
    coverage: Mapping[float, float]
    crps: float
    skill: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]


def coverage(pit: Array, level: float) -> float:
    """Share of outcomes inside the central interval of this level."""
    return float((np.abs(pit - 0.5) <= level / 2.0).mean())


def score(cases: Cases) -> Score:
    """Coverage, CRPS and skill of all cases of one quantity and horizon."""
    mean = {name: float(values.mean()) for name, values in cases.crps.items()}
    return Score(
        quantity=cases.quantity,
        horizon=cases.horizon,
        origins=len(np.unique(cases.origin)),
        forecasts=len(cases.pit),
        coverage={level: coverage(cases.pit, level) for level in LEVELS},
        crps=mean["law"],
        skill={rival: _skill(mean["law"], mean[rival]) for rival in RIVALS},
        intervals={rival: _interval(cases, rival) for rival in RIVALS},
    )


def _skill(own: float, rival: float) -> float:
    return 1.0 - own / rival if rival > NEGLIGIBLE else float("nan")


def _interval(cases: Cases, rival: str) -> tuple[float, float]:
    """90 % interval of a skill over resampled series."""
    names, place = np.unique(cases.series, return_inverse=True)
    if len(names) < 2:
        return float("nan"), float("nan")
    own, other = (np.bincount(place, cases.crps[name]) for name in ("law", rival))
    equal = np.full(len(names), 1.0 / len(names))
    times = np.random.default_rng(SEED).multinomial(len(names), equal, BOOTSTRAPS)
    sums = np.maximum(times @ other, 1e-300)
    low, high = np.quantile(1.0 - (times @ own) / sums, (0.05, 0.95))
    return float(low), float(high)


# --- rolling origins ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hindcast:
    """Everything that was scored, by quantity and horizon.

    ``skipped``: series too short for any forecast; ``notes``: fits that did not end by themselves.
    """

    panel: Panel
    cases: tuple[Cases, ...]
    scores: tuple[Score, ...]
    skipped: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def between(self, first: int, last: int) -> Hindcast:
        """The same, of these origins only."""
        kept = []
        for cases in self.cases:
            inside = (cases.origin >= first) & (cases.origin <= last)
            crps = {name: values[inside] for name, values in cases.crps.items()}
            if inside.any():
                kept.append(
                    replace(
                        cases,
                        series=cases.series[inside],
                        origin=cases.origin[inside],
                        pit=cases.pit[inside],
                        crps=crps,
                    )
                )
        return replace(self, cases=tuple(kept), scores=tuple(map(score, kept)))


@dataclass
class Book:
    """Cases of one quantity and horizon as they come in, one entry an origin."""

    series: list[Array] = field(default_factory=list)
    origin: list[Array] = field(default_factory=list)
    pit: list[Array] = field(default_factory=list)
    crps: dict[str, list[Array]] = field(default_factory=dict)

    def cases(self, quantity: str, horizon: int) -> Cases:
        return Cases(
            quantity,
            horizon,
            np.concatenate(self.series),
            np.concatenate(self.origin),
            np.concatenate(self.pit),
            {name: np.concatenate(values) for name, values in self.crps.items()},
        )


class Scored(Protocol):
    """What can be held against a change of some series at one of HORIZONS (a row)."""

    def pit(self, row: int, series: Array, change: Array) -> Array:
        """Probability of less. [(series,)]"""

    def crps(self, row: int, series: Array, change: Array) -> Array:
        """Its score. [(series,), link units]"""


@dataclass(frozen=True, slots=True)
class View:
    """What the law is shown of a panel at an origin; what it is scored against stays the same.

    ``changes``: the last annual changes, None for all; a plan knows one or two, perhaps none.
    ``alone``: each series without the others, and without its size.
    """

    changes: int | None = None
    alone: bool = False

    def forecast(self, levels: Array, sizes: Array, law: Law) -> Scored:
        """The forecast from the last year of `levels` [(year, series)], `sizes` [(series,)]."""
        first = 0 if self.changes is None else max(len(levels) - 1 - self.changes, 0)
        known = levels[first:]
        if not self.alone:
            return forecast(known, sizes, law)
        unknown = np.full(1, np.nan)
        each = [forecast(known[:, [place]], unknown, law) for place in range(known.shape[1])]
        return Forecast(
            np.concatenate([one.median for one in each], axis=1),
            np.concatenate([one.scale for one in each], axis=1),
            each[0].freedom,
        )


#: A law that is shown everything.
ALL = View()


def hindcast(
    panel: Panel,
    laws: Laws = class_law,
    first: int = 0,
    history: int = HISTORY,
    view: View = ALL,
) -> Hindcast:
    """Forecast from every year of a panel in which there is enough past, and score what followed.

    ``laws``: what is known of the class at an origin. ``first``: earliest origin [year].
    ``history``: annual changes that a series needs before an origin, and that naive forecasts are
    made from whatever the law is shown (``view``). Raises InputError where nothing can be scored.
    """
    if history < FEWEST_HISTORY:
        allowed = f"{FEWEST_HISTORY} …"
        raise InputError.of("argument_range", "--history", value=history, allowed=allowed)
    cases = []
    for quantity in panel.levels:
        books = {horizon: Book() for horizon in HORIZONS}
        for place, year in enumerate(panel.years):
            law = laws(quantity, year) if place >= history and year >= first else None
            if law is not None:
                _score_origin(panel, quantity, place, law, history, view, books)
        cases += [book.cases(quantity, h) for h, book in books.items() if book.pit]
    if not cases:
        raise InputError([_nothing(panel, first, history)])
    seen = {int(place) for case in cases for place in case.series}
    skipped = tuple(name for place, name in enumerate(panel.series) if place not in seen)
    return Hindcast(panel, tuple(cases), tuple(map(score, cases)), skipped)


def _score_origin(
    panel: Panel,
    quantity: str,
    place: int,
    law: Law,
    history: int,
    view: View,
    books: Mapping[int, Book],
) -> None:
    """Forecast every series that is ready in one year, and score what is known of its future."""
    levels = panel.levels[quantity]
    ready = np.flatnonzero(np.isfinite(levels[place]) & np.isfinite(levels[place - history]))
    if ready.size == 0:
        return
    past = levels[: place + 1, ready]
    known = view.forecast(past, panel.sizes()[place, ready], law)
    changes = np.diff(past[-history - 1 :], axis=0)
    for row, horizon in enumerate(HORIZONS):
        if place + horizon >= len(levels):
            continue
        outcome = levels[place + horizon, ready] - past[-1]
        told = np.isfinite(outcome)
        if not told.any():
            continue
        change = outcome[told]
        book = books[horizon]
        book.series.append(ready[told])
        book.origin.append(np.full(change.size, panel.years[place]))
        book.pit.append(known.pit(row, told, change))
        scores = {"law": known.crps(row, told, change)}
        for name, (mean, sd) in naive(changes[:, told], horizon).items():
            scores[name] = crps_normal(change, mean, sd)
        for name, values in scores.items():
            book.crps.setdefault(name, []).append(values)


def _nothing(panel: Panel, first: int, history: int) -> Fault:
    """Why nothing could be scored."""
    fields: dict[str, object] = {
        "first": panel.years[0],
        "last": panel.years[-1],
        "wanted": history + 2,
        "since": max(first, panel.years[0] + history),
        "class_year": min(laws[0].window_end for laws in class_laws().values()),
    }
    return Fault("hindcast_nothing", fields, file=panel.name)


# --- who teaches, who is scored -----------------------------------------------------


@dataclass
class TrainedLaws:
    """Laws fitted to a panel, window by window; each is fitted once."""

    panel: Panel
    fits: dict[tuple[str, int], Fit] = field(default_factory=dict)

    def __call__(self, quantity: str, year: int) -> Law | None:
        """The law of what the panel knew by the end of a year; None where it knew too little."""
        levels = self.panel.levels.get(quantity)
        place = min(year, self.panel.years[-1]) - self.panel.years[0]
        if levels is None or place < FEWEST_CHANGES:
            return None
        key = quantity, self.panel.years[place]
        if key not in self.fits:
            known = np.isfinite(levels[place]) & np.isfinite(levels[place - FEWEST_CHANGES])
            if known.sum() < FEWEST_INDUSTRIES:
                return None
            before = self.fits.get((quantity, key[1] - 1))
            self.fits[key] = fit_law(
                levels[: place + 1, known],
                self.panel.sizes()[: place + 1, known],
                quantity,
                key[1],
                before.found if before else (),
            )
        return self.fits[key].law

    def notes(self) -> tuple[str, ...]:
        """Fits that did not end by themselves."""
        return tuple(
            f"{quantity} {year}: {fit.message}"
            for (quantity, year), fit in self.fits.items()
            if not fit.converged
        )


def halves(panel: Panel, share: float, seed: int) -> tuple[Panel, Panel]:
    """A panel cut at random: this share of its series to learn from, and the others."""
    order = np.random.default_rng(seed).permutation(len(panel.series))
    cut = round(share * len(order))
    chosen = {panel.series[place] for place in order[:cut]}
    return panel.of(chosen), panel.of(set(panel.series) - chosen)


def divided(panel: Panel, train: str, test: str, seed: int) -> tuple[Panel, Laws]:
    """The series that are scored, and who taught the law.

    ``train``: "" for the shipped class; a share of the series, chosen by ``seed``; a file; or names
    separated by commas. ``test``: names that are scored, "" for all that do not teach. Raises
    InputError for names that are not in the panel, that do both, and for too few to learn from.
    """
    teachers, rest = _taught(panel, train, seed)
    scored = rest
    if test:
        names = _names(panel, test, "--test")
        both = sorted(set(names) & (set(panel.series) - set(rest.series)))
        if both:
            raise InputError([Fault("train_and_test", {"values": both}, file="--test")])
        scored = panel.of(names)
    if not scored.series:
        raise InputError([Fault("nothing_to_score", file="--train")])
    if teachers is None:
        return scored, class_law
    if len(teachers.series) < FEWEST_INDUSTRIES or len(teachers.years) <= FEWEST_CHANGES:
        fields = {
            "value": len(teachers.series),
            "wanted": FEWEST_INDUSTRIES,
            "years": FEWEST_CHANGES + 1,
        }
        raise InputError([Fault("train_too_small", fields, file="--train")])
    absent = [name for name in scored.levels if name not in teachers.levels]
    if absent:
        raise InputError([Fault("train_lacks", {"values": absent}, file="--train")])
    return scored, TrainedLaws(teachers)


def _taught(panel: Panel, train: str, seed: int) -> tuple[Panel | None, Panel]:
    """Who teaches, None for the shipped class, and who else is in the panel."""
    if not train:
        return None, panel
    try:
        share = float(train)
    except ValueError:
        share = 0.0
    else:
        if not 0.0 < share < 1.0:
            raise InputError.of("argument_range", "--train", value=train, allowed="0 … 1")
    if share:
        return halves(panel, share, seed)
    if Path(train).suffix.lower() == ".csv" or Path(train).parent != Path():
        return read_panel(Path(train)), panel
    names = _names(panel, train, "--train")
    return panel.of(names), panel.of(set(panel.series) - set(names))


def _names(panel: Panel, text: str, option: str) -> Sequence[str]:
    """Names of series, separated by commas."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    faults = []
    for name in (name for name in names if name not in panel.series):
        near = "".join(get_close_matches(name, panel.series, 1, 0.5))
        fields = {"value": name, "nearest": near, "choices": panel.series}
        faults.append(Fault("unknown_series", fields, file=option))
    if faults:
        raise InputError(faults)
    return names


def run(
    panel: Panel,
    train: str = "",
    test: str = "",
    seed: int = 1,
    first: int = 0,
    history: int = HISTORY,
    view: View = ALL,
) -> Hindcast:
    """The whole hindcast of a panel: divide, forecast, score. See `divided` and `hindcast`."""
    scored, laws = divided(panel, train, test, seed)
    result = hindcast(scored, laws, first, history, view)
    return replace(result, notes=laws.notes()) if isinstance(laws, TrainedLaws) else result


__all__ = [
    "HORIZONS",
    "LEVELS",
    "QUANTITIES",
    "RIVALS",
    "Cases",
    "Hindcast",
    "Score",
    "View",
    "crps_normal",
    "crps_student",
    "divided",
    "halves",
    "hindcast",
    "naive",
    "run",
    "score",
]
