"""Histories as a table and as records: what was seen, which curves fit it, what they forecast."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plansim.calibration.curves import FORMS
from plansim.calibration.histories import SHARES, FittedHistory, fitted_histories
from plansim.reports.pictures.history_picture import history_picture
from plansim.reports.tables import Answer, Table
from plansim.reports.words.histories import (
    curve_words,
    decided,
    goals,
    history_name,
    points_words,
    shown_scale,
    unit_words,
)
from plansim.reports.words.wording import named_columns, with_names
from plansim.scenarios.load import assemble, observed, read_source
from plansim.simulator.plan import Plan
from plansim.store.files import PICTURES, check_files, write_files
from plansim.words.amounts import number
from plansim.words.catalogue import say
from plansim.words.statements import goal_text

#: The contract.
COLUMNS = (
    *("quantity", "subject", "unit", "points", "first", "last", "status", "data_weight"),
    *(*FORMS, "year", "p05", "p50", "p95"),
)
LOW, MIDDLE, HIGH = SHARES.index(0.05), SHARES.index(0.5), SHARES.index(0.95)


def ask(
    name: str, scenario: str, settings: Sequence[str], path: Path | None, picture: Path | None,
    lang: str,
) -> Answer:  # fmt: skip
    """What was seen of a plan's quantities, and what curves fitted to it say of later years."""
    check_files((("--picture", picture, PICTURES),))
    source = read_source(name)
    plan = assemble(source, scenario, settings)
    found = fitted_histories(plan, observed(source, plan, path))
    notes = []
    if picture is not None and found:
        write_files({picture: history_picture(plan, found, lang, picture.suffix)})
        notes.append(say("say.wrote", lang, value=picture))
    tables = [history_table(plan, found, lang)] if found else []
    return Answer(
        with_names(plan, history_records(plan, found), lang), tables,
        heading(found, lang), closing(found, lang),
        named_columns(COLUMNS),
        notes,
    )  # fmt: skip


def history_records(plan: Plan, histories: Sequence[FittedHistory]) -> list[dict[str, Any]]:
    """One record a history and target year, with the columns of the contract."""
    records = []
    for one in histories:
        weights = [one.weights.get(curve) for curve in FORMS]
        data = None if one.fits is None else one.fits.data_weight
        subject = plan.clusters[one.subject].name.en if one.subject else plan.plan.region.en
        seen = (len(one.times), float(one.times[0]), float(one.times[-1]), one.status, data)
        for year in one.targets or (None,):
            levels = one.at(year) / shown_scale(one) if year is not None else None
            ends = [None if levels is None else float(levels[i]) for i in (LOW, MIDDLE, HIGH)]
            unit = one.unit if one.index is None else "index"
            cells = (one.quantity, subject, unit, *seen, *weights, year, *ends)
            records.append(dict(zip(COLUMNS, cells, strict=True)))
    return records


def history_table(plan: Plan, histories: Sequence[FittedHistory], lang: str) -> Table:
    """The same for a person, one row a history, beside what the plan wants."""
    rows = []
    for one in histories:
        ahead = [(year, one.at(year) / shown_scale(one)) for year in one.targets]
        fans = [
            f"{year}: {number(x[MIDDLE])} ({number(x[LOW])} … {number(x[HIGH])})"
            for year, x in ahead
        ]
        rows.append(
            (
                history_name(plan, one, lang), unit_words(one, lang), points_words(one),
                curve_words(one, lang), decided(one, lang), "; ".join(fans),
                "; ".join(f"{t.year}: {goal_text(t, lang)}" for t in goals(plan, one)),
            )
        )  # fmt: skip
    columns = ("history", "unit", "points", "curves", "decided", "forecast", "goal")
    return Table(columns, tuple(rows), optional=("goal",), title=say("show.history", lang))


def heading(histories: Sequence[FittedHistory], lang: str) -> list[str]:
    """What a plan without a history is told."""
    return [] if histories else [say("show.no_history", lang)]


def closing(histories: Sequence[FittedHistory], lang: str) -> list[str]:
    """What is odd about some of the histories, and how to read the table."""
    left = sum(one.left for one in histories)
    said = [say("show.history_left", lang, number=left)] if left else []
    return [*said, say("show.history_read", lang)] if histories else []
