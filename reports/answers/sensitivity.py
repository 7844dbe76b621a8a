"""Sobol' indices in words: tables of groups and of single inputs, and the tornado beside them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plansim.analysis.inputs import LUCK, Input, input_name
from plansim.analysis.sensitivity import Indices, Sensitivity, order_of, sensitivity, work
from plansim.analysis.tornado import Bar, Tornado, tornadoes
from plansim.reports.answers.plan import as_run
from plansim.reports.pictures.canvas import studio
from plansim.reports.pictures.tornado import tornado_picture
from plansim.reports.tables import Answer, Table
from plansim.reports.terminal import Meanwhile
from plansim.reports.words.causes import value_words
from plansim.reports.words.wording import named_columns, target_called, with_names
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.naming import name_of
from plansim.simulator.plan import Plan, Target
from plansim.simulator.sampling import Array
from plansim.store.files import PICTURES, check_files, write_files
from plansim.store.plans import Document
from plansim.words.amounts import number, percent, with_unit
from plansim.words.catalogue import say

COLUMNS = (
    "plan", "scenario", "target", "year", "of", "kind", "input", "figures", "first", "first_low",
    "first_high", "total", "total_low", "total_high", "low", "high", "read_low", "read_high",
    "met_low", "met_high", "name", "draws", "seed",
)  # fmt: skip
#: Total indices below this are only counted in tables; groups named in the overview.
SMALL, NAMED = 0.01, 3
OF = {"read": "sensitive.of_read", "met": "sensitive.of_met"}


def ask(
    name: str,
    scenario: str,
    settings: Sequence[str],
    meanwhile: Meanwhile,
    *,
    targets: Sequence[str],
    of: str,
    picture: Path | None,
    uncalibrated: bool,
    draws: int,
    seed: int,
    workers: int,
) -> Answer:
    """Which figures a target hinges on."""
    lang = meanwhile.lang
    if picture is not None:
        check_picture(targets)
        check_files((("--picture", picture, PICTURES),))
    document = Document.of(name, uncalibrated=uncalibrated)
    plan, drawn_by = as_run(document, scenario, settings, meanwhile)
    with meanwhile.bar(work(plan, draws, targets)) as tick:
        found = sensitivity(plan, targets, of, draws=draws, seed=seed, workers=workers, tick=tick)
        bars = tornadoes(found, workers, tick)
    if picture is not None:
        write_picture(found, bars[0], picture, lang)
    return Answer(
        with_names(found.model.plan, records(found, bars, scenario, lang), lang),
        tables(found, bars, lang),
        [*heading(found, lang), *drawn_by], closing(found, bars, lang),
        named_columns(COLUMNS),
        [] if picture is None else [say("say.wrote", lang, value=picture)],
    )  # fmt: skip


# -- records ---------------------------------------------------------------------------------------


def records(
    found: Sensitivity, told: Sequence[Tornado], scenario: str, lang: str
) -> list[dict[str, Any]]:
    """One record a target and input: groups of all targets, or all kinds of those asked for.

    ``kind``: group, single or tornado. Reads are in the target's unit, figures in base units.
    """
    rows: list[dict[str, Any]] = []
    for place, target in enumerate(found.model.plan.judged):
        if found.asked and place not in found.asked:
            continue
        known = {
            "plan": found.model.plan.plan.id, "scenario": scenario, "target": target.id,
            "year": target.year, "of": found.output, "draws": found.draws, "seed": found.seed,
        }  # fmt: skip
        rows += _index_records(found, found.groups, found.by_group, place, "group", known, lang)
        if place not in found.asked:
            continue
        row = found.asked.index(place)
        rows += _index_records(found, found.singles, found.by_single, row, "single", known, lang)
        for bar in told[row].bars:
            values = {
                "kind": "tornado", "input": bar.driver, "figures": 1, "low": bar.low,
                "high": bar.high, "read_low": bar.low_read / target.scale,
                "read_high": bar.high_read / target.scale, "met_low": bar.low_met,
                "met_high": bar.high_met, "name": name_of(found.model.plan, bar.driver, lang),
            }  # fmt: skip
            rows.append({name: {**known, **values}.get(name) for name in COLUMNS})
    return rows


def _index_records(
    found: Sensitivity,
    inputs: Sequence[Input],
    indices: Indices,
    row: int,
    kind: str,
    known: dict[str, Any],
    lang: str,
) -> list[dict[str, Any]]:
    rows = []
    for i in order_of(indices.total[row]):
        item = inputs[i]
        values = {
            "kind": kind, "input": item.key, "figures": len(item.figures),
            "first": indices.first[row, i], "first_low": indices.first_low[row, i],
            "first_high": indices.first_high[row, i], "total": indices.total[row, i],
            "total_low": indices.total_low[row, i], "total_high": indices.total_high[row, i],
            "name": input_name(found.model.plan, item, lang),
        }  # fmt: skip
        whole = {**known, **{key: _plain(value) for key, value in values.items()}}
        rows.append({name: whole.get(name) for name in COLUMNS})
    return rows


def _plain(value: Any) -> Any:
    """A number as csv and json have it; empty where it is none."""
    if isinstance(value, np.floating):
        return None if np.isnan(value) else float(value)
    return value


# -- tables ----------------------------------------------------------------------------------------


def heading(found: Sensitivity, lang: str) -> list[str]:
    plan = found.model.plan
    shown = {"plan": plan.plan.name.in_language(lang), "scenario": plan.scenario_in(lang)}
    futures = found.draws * (2 + len(found.groups) + len(found.singles))
    return [
        say("sensitive.title", lang, **shown),
        say(OF[found.output], lang) + " " * (lang == "en")
        + say(
            "sensitive.meta", lang, draws=found.draws, inputs=len(found.groups), futures=futures,
            seed=found.seed,
        ),
    ]  # fmt: skip


def tables(found: Sensitivity, told: Sequence[Tornado], lang: str) -> list[Table]:
    """The overview of all targets; or groups, single inputs and tornado of those asked for."""
    if not found.asked:
        return [overview(found, lang)]
    shown = []
    for row, place in enumerate(found.asked):
        target = found.model.plan.judged[place]
        name = target_called(found.model.plan, target, lang)
        title = say("sensitive.groups", lang, name=name)
        shown.append(_index_table(found, found.groups, found.by_group, place, title, lang))
        title = say("sensitive.singles", lang, name=name)
        shown.append(_index_table(found, found.singles, found.by_single, row, title, lang))
        title = say("tornado.title", lang, name=name)
        shown.append(bar_table(found, told[row], target, title, lang))
    return [table for table in shown if table.rows]


def overview(found: Sensitivity, lang: str) -> Table:
    """One row a target: how much is chance, and the groups of figures that matter most."""
    plan, total = found.model.plan, found.by_group.total
    luck = [group.key for group in found.groups].index(LUCK)
    rows = []
    for place, target in enumerate(plan.judged):
        if target.restates or np.isnan(total[place]).any():
            continue
        best = [i for i in order_of(total[place]) if i != luck and total[place, i] >= SMALL]
        named = [
            f"{input_name(plan, found.groups[i], lang)} {share(total[place, i])}"
            for i in best[:NAMED]
        ]
        named += [""] * (NAMED - len(named))
        rows.append((target_called(plan, target, lang), share(total[place, luck]), *named))
    columns = ("target", "chance_share", "matters_first", "matters_second", "matters_third")
    optional = ("matters_third", "matters_second")
    return Table(columns, tuple(rows), right=("chance_share",), optional=optional)


def _index_table(
    found: Sensitivity,
    inputs: Sequence[Input],
    indices: Indices,
    row: int,
    title: str,
    lang: str,
) -> Table:
    rows = []
    for i in order_of(indices.total[row]):
        if not indices.total[row, i] >= SMALL:
            continue
        item = inputs[i]
        cells = (
            with_interval(indices.first, indices.first_low, indices.first_high, row, int(i)),
            with_interval(indices.total, indices.total_low, indices.total_high, row, int(i)),
        )
        figures = str(len(item.figures)) if item.figures else ""
        rows.append((input_name(found.model.plan, item, lang), figures, *cells))
    columns = ("input", "figures_together", "alone", "in_all")
    return Table(columns, tuple(rows), columns[1:], ("figures_together",), title)


def with_interval(middle: Array, low: Array, high: Array, row: int, i: int) -> str:
    """47 % (36 … 58)."""
    return f"{share(middle[row, i])} ({_points(low[row, i])} … {_points(high[row, i])})"


def share(value: float) -> str:
    """A share of variance; estimates of a share near zero may fall below it."""
    return f"{_points(value)} %"


def _points(value: float) -> str:
    return f"{100 * value:.0f}".replace("-0", "0").replace("-", "−")


def bar_table(found: Sensitivity, told: Tornado, target: Target, title: str, lang: str) -> Table:
    """The bars of one target as a table."""
    plan = found.model.plan
    rows = []
    for bar in told.bars:
        rows.append(
            (
                bar_name(plan, bar, lang),
                *(end_words(plan, bar, end, lang) for end in ("low", "high")),
                *(read_words(r, target, lang) for r in (bar.low_read, bar.high_read)),
                *(percent(p) for p in (bar.low_met, bar.high_met)),
            )
        )
    columns = (
        "input", "low_end", "high_end", "median_low", "median_high", "met_low", "met_high",
    )  # fmt: skip
    return Table(columns, tuple(rows), columns[3:], ("high_end", "low_end"), title)


def bar_name(plan: Plan, bar: Bar, lang: str) -> str:
    """The driver's name, marked where its ends were picked and not set."""
    return name_of(plan, bar.driver, lang) + ("" if bar.is_set else " ~")


def end_words(plan: Plan, bar: Bar, end: str, lang: str) -> str:
    """An end of a figure with its unit; luck has no unit that would mean anything."""
    if not bar.is_set:
        return ""
    value = bar.low if end == "low" else bar.high
    return value_words(plan, bar.driver, value, lang, (bar.low, bar.high))


def read_words(value: float, target: Target, lang: str) -> str:
    return with_unit(number(value / target.scale).replace("-", "−"), target.unit, lang)


def closing(found: Sensitivity, told: Sequence[Tornado], lang: str) -> list[str]:
    """How the tables are read, and what they leave out."""
    plan = found.model.plan
    lines = [say("sensitive.alone", lang), say("sensitive.tied", lang)]
    if plan.calibration is not None:
        lines.append(say("sensitive.calibrated", lang))
    still = [
        target.id
        for place, target in enumerate(plan.judged)
        if np.isnan(found.by_group.total[place]).any() and (not found.asked or place in found.asked)
    ]
    if still:
        lines.append(say("sensitive.still", lang, list=", ".join(still)))
    if not found.asked:
        return [*lines, say("sensitive.more", lang)]
    for row, place in enumerate(found.asked):
        low = int((found.by_group.total[place] < SMALL).sum())
        low += int((found.by_single.total[row] < SMALL).sum())
        target = plan.judged[place]
        middle = read_words(told[row].read, target, lang)
        lines.append(f"{target.id}: " + say("sensitive.small", lang, number=low))
        if told[row].bars:
            lines[-1] += " " + say("tornado.middle", lang, read=middle, met=percent(told[row].met))
    if any(tornado.bars for tornado in told):
        lines.append(say("tornado.set", lang))
    return lines


# -- the picture -----------------------------------------------------------------------------------


def check_picture(targets: Sequence[str]) -> None:
    """Refuse a picture of anything but one target."""
    number_of = len(set(targets))
    if number_of != 1:
        raise InputError([Fault("one_target_pictured", {"value": number_of}, file="--picture")])


def write_picture(found: Sensitivity, told: Tornado, path: Path, lang: str) -> None:
    """The tornado of one target, .png or .svg."""
    plan = found.model.plan
    target = plan.judged[told.target]
    if not told.bars:
        raise InputError([Fault("nothing_to_draw", {"value": target.id}, file="--picture")])
    with studio() as style:
        drawn = tornado_picture(
            style, path.stem, plan, told, found.model.goals[told.target].threshold, lang,
            path.suffix.lower().removeprefix("."),
            [bar_name(plan, bar, lang) for bar in told.bars],
        )  # fmt: skip
    write_files({path: drawn.raw})
