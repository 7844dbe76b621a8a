"""A hindcast as a table, as records, and as a picture of the probability integral transform."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plansim.calibration.hindcast import LEVELS, RIVALS, Hindcast, Score, View, run
from plansim.calibration.panel import read_panel
from plansim.calibration.replay import ByEngine
from plansim.reports.pictures.pit import pit_picture
from plansim.reports.tables import Answer, Table
from plansim.simulator.errors import InputError
from plansim.store.files import PICTURES, check_files, write_files
from plansim.words.catalogue import say

if TYPE_CHECKING:
    pass

#: The contract.
COLUMNS = (
    *("quantity", "horizon", "origins", "coverage50", "coverage80", "coverage95"),
    *("crps", "crps_skill_last", "crps_skill_drift"),
)

#: Names of series that are listed; more are counted.
MOST_NAMES = 12


def ask(
    panel: Path, train: str, test: str, picture: Path | None, lang: str, *, seed: int, since: int,
    history: int, changes: int | None = None, alone: bool = False, engine: bool = False,
) -> Answer:  # fmt: skip
    """How well the growth law, or the engine, would have forecast the series of a panel."""
    if changes is not None and not 0 <= changes <= history:
        allowed = f"0 … {history}, all"
        raise InputError.of("argument_range", "--changes", value=changes, allowed=allowed)
    check_files((("--pit", picture, PICTURES),))
    view = (ByEngine if engine else View)(changes, alone)
    result = run(read_panel(panel), train, test, seed, since, history, view)
    notes = remarks(result, lang)
    if picture is not None:
        write_files({picture: pit_picture(result, lang, picture.suffix)})
        notes.append(say("say.wrote", lang, value=picture))
    tables, above = [score_table(result, lang)], heading(result, lang)
    return Answer(score_records(result), tables, above, closing(lang), COLUMNS, notes)


def score_records(result: Hindcast) -> list[dict[str, Any]]:
    """One record a quantity and horizon, with the columns of the contract; shares as fractions."""
    return [dict(zip(COLUMNS, _cells(score), strict=True)) for score in result.scores]


def _cells(score: Score) -> list[object]:
    shares = [score.coverage[level] for level in LEVELS]
    skills = [score.skill[rival] for rival in RIVALS]
    numbers = [round(x, 6) if np.isfinite(x) else None for x in (*shares, score.crps, *skills)]
    return [score.quantity, score.horizon, score.origins, *numbers]


def score_table(result: Hindcast, lang: str) -> Table:
    """The same for a person: shares and skills in percent."""
    rows = []
    for score in result.scores:
        shares = [f"{100 * score.coverage[level]:.1f} %" for level in LEVELS]
        skills = [_signed(score.skill[rival]) for rival in RIVALS]
        rows.append(
            (
                say(f"hindcast.{score.quantity}", lang), str(score.horizon), str(score.origins),
                str(score.forecasts), *shares, f"{score.crps:.4f}", *skills,
            )
        )  # fmt: skip
    columns = ("scored", "ahead", "origins", "forecasts", *COLUMNS[3:])
    return Table(columns, tuple(rows), right=columns[1:], optional=("forecasts", "crps"))


def _signed(share: float) -> str:
    if not np.isfinite(share):
        return ""
    return f"{100 * share:+.1f} %".replace("-", "−")


def heading(result: Hindcast, lang: str) -> list[str]:
    """What was scored."""
    origins = np.concatenate([cases.origin for cases in result.cases])
    seen = {int(place) for cases in result.cases for place in cases.series}
    fields = {
        "series": len(seen),
        "panel": result.panel.name,
        "first": int(origins.min()),
        "last": int(origins.max()),
    }
    return [say("hindcast.heading", lang, **fields)]


def closing(lang: str) -> list[str]:
    """How to read it."""
    return [say("hindcast.closing", lang)]


def remarks(result: Hindcast, lang: str) -> list[str]:
    """Series that were not scored, and fits that did not end by themselves."""
    told = (("hindcast.skipped", result.skipped), ("hindcast.unfinished", result.notes))
    return [say(key, lang, list=_listed(names, lang)) for key, names in told if names]


def _listed(names: Sequence[str], lang: str) -> str:
    rest = len(names) - MOST_NAMES
    shown = [*names[:MOST_NAMES], f"… (+{rest})"] if rest > 0 else list(names)
    return ("、" if lang == "zh" else ", ").join(shown)
