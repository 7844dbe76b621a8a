"""The outside view: derives its tables, and scores it on years, plans and places left out.

    python benchmarks/outside.py --derive     fit Eq. 19 to the shipped rows, write both tables
    python benchmarks/outside.py              print the scores, in about ten minutes
    python benchmarks/outside.py --write      put them into docs/score.md as well

The rows are those of ``calibration/data/closed_targets.csv``, or of the raw lists in ``--data
DIR``. Every fold is fitted anew. Of a target that is left out the view knows level, kind and field,
never its year, place or plan. It is held against the mean of the rows of its own level and kind
that were not left out (of all rows, where there is none). Intervals resample years.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plansim.benchmarks.closed_targets import DATA, read, rows_of
from plansim.calibration.fulfilment import ClosedTarget, Posterior, fit
from plansim.calibration.outside import HORIZONS, chances_of

Array = NDArray[np.float64]
#: What is learned of rows, with or without their pace: joint draws of Eq. 19 by term.
Learn = Callable[[Sequence[ClosedTarget], bool], Mapping[str, Array]]
SEED = 19
#: Moves between two draws of the shipped table.
EVERY = 12
DOCS = Path(__file__).resolve().parents[1] / "docs" / "score.md"
BEGIN, END = "<!-- outside: begin -->", "<!-- outside: end -->"
#: Groups that places are put in to be left out, resamplings of years, earliest origin.
PLACE_FOLDS, RESAMPLINGS, FIRST_ORIGIN = 10, 2000, 2008
#: What is left out, by what decides the fold of a row.
FOLDS: Mapping[str, Callable[[ClosedTarget], object]] = {
    "year": lambda row: row.year,
    "plan": lambda row: row.plan,
    "place": lambda row: sum(row.place.encode()) % PLACE_FOLDS,
}


def fitted(rows: Sequence[ClosedTarget]) -> dict[tuple[str, bool], Posterior]:
    """Eq. 19 by horizon, without and with the past pace."""
    return {
        (horizon, pace): fit(
            [r for r in rows if r.horizon == horizon], pace=pace, seed=SEED, every=EVERY
        )
        for horizon in HORIZONS
        for pace in (False, True)
    }


def derive(rows: Sequence[ClosedTarget], folder: Path) -> None:
    """Writes both tables."""
    with (folder / "outside_view.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(("horizon", "pace", "term", "draws"))
        for (horizon, pace), found in fitted(rows).items():
            for term, values in zip(found.terms, found.values, strict=True):
                draws = " ".join(f"{value:.3f}" for value in values)
                table.writerow((horizon, "yes" if pace else "no", term, draws))
    with (folder / "outside_rows.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(("horizon", "level", "kind", "field", "rows", "met", "reported", "years"))
        table.writerows(counted(rows))


def counted(rows: Iterable[ClosedTarget]) -> list[tuple[str | int, ...]]:
    """Rows, those met, those that counted as met officially (as published, where not said), and
    the years that they ended in, by cell.
    """
    cells: dict[tuple[str, str, str, str], list[ClosedTarget]] = {}
    for row in rows:
        cells.setdefault((row.horizon, row.level, row.kind, row.field), []).append(row)
    return [
        (
            *cell,
            len(held),
            sum(row.met for row in held),
            sum(row.met if row.reported is None else row.reported for row in held),
            " ".join(str(year) for year in sorted({row.year for row in held})),
        )
        for cell, held in sorted(cells.items())
    ]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What was said of a target that was left out: by the view, and by the mean of its like."""

    row: ClosedTarget
    view: float
    mean: float


def learned(rows: Sequence[ClosedTarget], pace: bool) -> Mapping[str, Array]:
    """One chain of Eq. 19."""
    found = fit(rows, pace=pace, seed=SEED, chains=1)
    return dict(zip(found.terms, found.values, strict=True))


def forecasts(
    rows: Sequence[ClosedTarget], by: str, pace: bool = False, learn: Learn = learned
) -> Iterator[Forecast]:
    """Every row forecast from the rows of the other folds."""
    fold_of = FOLDS[by]
    for fold in sorted({str(fold_of(row)) for row in rows}):
        out = [row for row in rows if str(fold_of(row)) == fold]
        yield from said([row for row in rows if str(fold_of(row)) != fold], out, pace, learn)


def ahead(rows: Sequence[ClosedTarget], learn: Learn = learned) -> Iterator[Forecast]:
    """Every year forecast from the years before it."""
    for year in sorted({row.year for row in rows if row.year >= FIRST_ORIGIN}):
        before = [row for row in rows if row.year < year]
        yield from said(before, [row for row in rows if row.year == year], False, learn)


def said(
    known: Sequence[ClosedTarget], out: Sequence[ClosedTarget], pace: bool, learn: Learn
) -> Iterator[Forecast]:
    """Forecasts of rows from others. One without a known pace stands at the neutral one."""
    draws = learn(known, pace)

    @cache
    def chance(level: str, kind: str, field: str, at: float | None) -> float:
        return float(chances_of(draws, {"level": level, "kind": kind, "field": field}, at).mean())

    for row in out:
        like = [r.met for r in known if (r.level, r.kind) == (row.level, row.kind)]
        like = like or [r.met for r in known]
        mean = (sum(like) + 0.5) / (len(like) + 1)
        at = (row.pace or 0.0) if pace else None
        yield Forecast(row, chance(row.level, row.kind, row.field, at), mean)


def losses(found: Sequence[Forecast]) -> Array:
    """Log and Brier loss [score, row, forecaster]: the view's, the mean's."""
    met = np.array([[float(one.row.met)] for one in found])
    chance = np.array([[one.view, one.mean] for one in found])
    log = -np.log(np.where(met > 0, chance, 1 - chance))
    return np.array([log, (chance - met) ** 2])


def gain_interval(found: Sequence[Forecast]) -> Array:
    """5 and 95 % of the mean's loss less the view's [score, end], years drawn anew."""
    years = np.array([one.row.year for one in found])
    each = losses(found)
    gains = each[:, :, 1] - each[:, :, 0]
    kinds, place = np.unique(years, return_inverse=True)
    sums = np.array([np.bincount(place, gain, len(kinds)) for gain in gains])
    sizes = np.bincount(place, minlength=len(kinds)).astype(float)
    drawn = np.random.default_rng(SEED).multinomial(
        len(kinds), np.full(len(kinds), 1 / len(kinds)), size=RESAMPLINGS
    )
    means = (drawn @ sums.T) / np.maximum(drawn @ sizes, 1.0)[:, None]
    ends: Array = np.quantile(means, (0.05, 0.95), axis=0).T
    return ends


def line(title: str, found: Sequence[Forecast]) -> str:
    """One row of the table of scores."""
    mean = losses(found).mean(axis=1)
    ends = gain_interval(found)
    years = len({one.row.year for one in found})
    met = sum(one.row.met for one in found)
    cells = [
        f"{view:.3f} | {rival:.3f} | {rival - view:+.3f} ({low:+.3f} to {high:+.3f})"
        for (view, rival), (low, high) in zip(mean, ends, strict=True)
    ]
    return f"| {title} | {len(found)} | {met} | {years} | {' | '.join(cells)} |"


def by_level(title: str, found: Sequence[Forecast]) -> Iterator[str]:
    """All rows of a table of scores, and those of each level with at least ten."""
    yield line(f"{title}, all", found)
    for level in ("prefecture", "province", "nation", "abroad"):
        held = [one for one in found if one.row.level == level]
        if len(held) >= 10:
            yield line(f"{title}, {level}", held)


def reliability(found: Sequence[Forecast]) -> Iterator[str]:
    """How often what was given a chance came true."""
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        held = [one for one in found if low <= one.view < low + 0.2]
        if held:
            said_ = np.mean([one.view for one in held])
            met = np.mean([one.row.met for one in held])
            yield f"| {low:.1f}–{low + 0.2:.1f} | {len(held)} | {said_:.2f} | {met:.2f} |"


HEAD = (
    "| left out, level | targets | met | years | log: view | mean | gain (90 %) | Brier: view "
    "| mean | gain (90 %) |\n|---|---|---|---|---|---|---|---|---|---|"
)


def section(rows: Sequence[ClosedTarget], learn: Learn = learned) -> str:
    """The section of docs/score.md."""
    parts = []
    for horizon in HORIZONS:
        held = [row for row in rows if row.horizon == horizon]
        flattering = "place" if horizon == "annual" else "plan"
        years = list(forecasts(held, "year", learn=learn))
        table = [*by_level("years", years)]
        told = list(forecasts(held, "year", pace=True, learn=learn))
        table += by_level("years, past pace known", told)
        table += by_level(f"{flattering}s", list(forecasts(held, flattering, learn=learn)))
        table += by_level("all later years", list(ahead(held, learn)))
        picture = "| said | targets | mean said | met |\n|---|---|---|---|\n" + "\n".join(
            reliability(years)
        )
        parts += [f"### Targets {WHEN[horizon]}\n\n{HEAD}\n" + "\n".join(table), picture]
    return "\n\n".join(parts)


WHEN = {"annual": "of one year", "multi-year": "of several years"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--derive", action="store_true", help="write the tables anew")
    parser.add_argument("--write", action="store_true", help="put the scores into docs/score.md")
    parser.add_argument("--data", type=Path, help="folder of the raw lists")
    arguments = parser.parse_args()
    rows = rows_of(arguments.data) if arguments.data else read()
    if arguments.derive:
        derive(rows, DATA)
        return
    text = section(rows)
    print(text)
    if arguments.write:
        before, _, rest = DOCS.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        DOCS.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
