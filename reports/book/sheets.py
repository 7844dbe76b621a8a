"""The tidy tables of a workbook: one record a row, numbers as numbers, each with its source."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from plansim.analysis.contrast import TOTAL
from plansim.reports.answers.show import figure_records
from plansim.reports.book.attachments import SHOWS, label
from plansim.reports.book.dossier import Dossier, unit_words
from plansim.reports.book.rows import source_ids
from plansim.reports.words.delivery import station_name
from plansim.reports.words.verdicts import verdict_cells, word_of
from plansim.reports.words.wording import scenarios_called, source_text, target_name
from plansim.simulator import units
from plansim.simulator.naming import name_of
from plansim.simulator.plan import figures
from plansim.store.attachments import Row
from plansim.words.catalogue import say
from plansim.words.statements import goal_text

#: Columns that are not text, by what they hold; a share is shown in per cent.
FORMS = {
    "year": "whole",
    "first_met": "whole",
    "over": "whole",
    "targets": "whole",
    "point": "whole",
    "figures": "whole",
    "p05": "number",
    "p50": "number",
    "p95": "number",
    "gap": "number",
    "p25": "number",
    "p75": "number",
    "idle": "number",
    "goal_level": "number",
    "published": "number",
    "expected": "number",
    "waiting_days": "number",
    "share": "number",
    "share_low": "number",
    "share_high": "number",
    "diff": "number",
    "diff_low": "number",
    "diff_high": "number",
    "cost": "number",
    "median": "number",
    "probability": "share",
    "prob_low": "share",
    "prob_high": "share",
    "without": "share",
    "needs": "share",
    "rare": "share",
    "since_2011": "share",
    "in_boom": "share",
    "all_hold": "share",
    "least": "share",
    "most": "share",
    "explains": "share",
    "waiting_share": "share",
}


@dataclass(frozen=True, slots=True)
class Column:
    """``key`` in the catalogue; ``form``: text, number, whole or share."""

    key: str
    form: str = "text"


@dataclass(frozen=True, slots=True)
class Sheet:
    """``key``: what code calls it; ``name``: its tab; ``caption``: what the summary says of it."""

    key: str
    name: str
    caption: str
    columns: tuple[Column, ...]
    records: tuple[tuple[Any, ...], ...]

    def place(self, key: str) -> int:
        return [column.key for column in self.columns].index(key)


def sheets(d: Dossier) -> list[Sheet]:
    """Every sheet that has records."""
    found = [
        _sheet(d, "targets", TARGETS, tuple(targets(d))),
        _sheet(d, "needs", NEEDS, tuple(needs(d))),
        _sheet(d, "fans_data", FANS, tuple(fans(d))),
        _sheet(d, "joint", JOINT, tuple(joint(d))),
        _sheet(d, "drivers", DRIVERS, tuple(drivers(d))),
        _sheet(d, "delivery", DELIVERY, tuple(delivery(d))),
        _sheet(d, "attribute", ATTRIBUTE, tuple(attribute(d))),
        _sheet(d, "compare", COMPARE, tuple(compare(d))),
        _sheet(d, "seek", SEEK, tuple(seek(d))),
        _sheet(d, "points", POINTS, tuple(points(d))),
        _sheet(d, "unjudged", UNJUDGED, tuple(unjudged(d))),
        _sheet(d, "assumptions", ASSUMED, tuple(assumed(d))),
        _sheet(d, "figures", FIGURES, tuple(base_figures(d))),
        _sheet(d, "sources", SOURCES, tuple(sources(d))),
    ]
    return [sheet for sheet in found if sheet.records or sheet.key in ("targets", "fans_data")]


def _sheet(
    d: Dossier, key: str, columns: tuple[str, ...], records: tuple[tuple[Any, ...], ...]
) -> Sheet:
    named = tuple(Column(column, FORMS.get(column, "text")) for column in columns)
    if d.idle is None:
        keep = [i for i, column in enumerate(named) if column.key not in ("without", "idle")]
        named = tuple(named[i] for i in keep)
        records = tuple(tuple(record[i] for i in keep) for record in records)
    tab, caption = say(f"tab.{key}", d.lang), say(f"caption.{key}", d.lang)
    return Sheet(key, tab, caption, named, records)


TARGETS = (
    "target",
    "id",
    "kind",
    "year",
    "goal",
    "unit",
    "p05",
    "p50",
    "p95",
    "probability",
    "prob_low",
    "prob_high",
    "verdict",
    "without",
    "first_met",
    "evidence",
    "binds",
    "restates",
    "source",
    "inside",
    "inside_low",
    "inside_high",
    "outside",
    "outside_low",
    "outside_high",
    "weight",
    "owner",
    "circular",
    "of_run",
)


def targets(d: Dossier) -> Iterator[tuple[Any, ...]]:
    """Judged targets, those that restate others last."""
    for t in sorted(d.run.plan.judged, key=lambda t: bool(t.restates)):
        v = d.verdicts[t.id]
        cells = verdict_cells(d.run.plan, t, v, d.lang)
        yield (
            d.name(t), t.id, say(f"group.{t.kind}", d.lang), t.year, cells["goal"],
            unit_words(t.unit, d.lang), v.p05, v.p50, v.p95, v.probability, v.prob_low,
            v.prob_high, cells["verdict"], d.without(t), v.first_year_met, cells["evidence"],
            cells["binds"], t.restates, t.source, v.inside, v.inside_low, v.inside_high,
            v.outside, v.outside_low, v.outside_high, v.weight, word_of("owner", v.owner, d.lang),
            word_of("circular", v.circular, d.lang), d.run.id,
        )  # fmt: skip


NEEDS = (
    "target",
    "id",
    "year",
    "goal",
    "over",
    "needs",
    "rare",
    "gap",
    "unit",
    "source",
    "since_2011",
    "in_boom",
    "of_run",
)


def needs(d: Dossier) -> Iterator[tuple[Any, ...]]:
    """Growth a year that targets need, the share of US industries that did less, and the shares of
    Chinese places that did it.
    """
    for t in d.run.plan.judged:
        v = d.verdicts[t.id]
        if v.required_growth is None or v.reference_percentile is None or t.restates:
            continue
        span = (t.year or 0) - (t.base_year or d.run.plan.plan.base_year)
        yield (
            d.name(t), t.id, t.year, goal_text(t, d.lang), span, v.required_growth,
            v.reference_percentile / 100, v.median_gap, unit_words(t.unit, d.lang), t.source,
            v.chinese_since, v.chinese_boom, d.run.id,
        )  # fmt: skip


FANS = (
    "indicator",
    "unit",
    "year",
    "p05",
    "p25",
    "p50",
    "p75",
    "p95",
    "idle",
    "goal_level",
    "published",
    "of_run",
)


def fans(d: Dossier) -> Iterator[tuple[Any, ...]]:
    """Every indicator, year by year: quantiles, median without programmes, goal, what was seen."""
    for key, quantiles in d.run.fans.items():
        fan = d.fan(key)
        goals = {mark.year: mark.level for mark in fan.marks}
        seen = dict(fan.history)
        unit = unit_words(d.run.plan.indicators[key[0]].unit, d.lang)
        for i, year in enumerate(fan.years):
            idle = None if fan.idle is None else float(fan.idle[i])
            yield (
                d.label(key), unit, year, *map(float, quantiles[:, i]), idle, goals.get(year),
                seen.get(float(year)), d.run.id,
            )  # fmt: skip


JOINT = (
    "kind",
    "targets",
    "expected",
    "all_hold",
    "prob_low",
    "prob_high",
    "least",
    "most",
    "of_run",
)


def joint(d: Dossier) -> Iterator[tuple[Any, ...]]:
    """How likely targets hold together; bounds whatever the correlations."""
    for j in d.run.joint:
        chosen = [t for t in d.run.plan.judged if not t.restates and j.group in ("all", t.kind)]
        met = sum(d.verdicts[t.id].probability or 0.0 for t in chosen)
        yield (
            say(f"group.{j.group}", d.lang), j.targets, met, j.probability, j.prob_low,
            j.prob_high, j.frechet_low, j.frechet_high, d.run.id,
        )  # fmt: skip


DRIVERS = (
    "target",
    "id",
    "year",
    "driver",
    "path",
    "explains",
    "origin",
    "of_run",
)


def drivers(d: Dossier) -> Iterator[tuple[Any, ...]]:
    """What explains the margin of a target; of luck there is no provenance."""
    origin = {path: figure.origin for path, figure in figures(d.run.plan)}
    for t in d.run.plan.judged:
        for path, share in d.run.shares.get(t.id, {}).items():
            told = say(f"origin.{origin[path]}", d.lang) if path in origin else ""
            words = name_of(d.run.plan, path, d.lang)
            yield d.name(t), t.id, t.year, words, path, share, told, d.run.id


DELIVERY = (
    "programme",
    "unit",
    "fate",
    "p05",
    "p50",
    "p95",
    "waits",
    "waiting_share",
    "waiting_days",
    "of_run",
)


def delivery(d: Dossier) -> Iterator[tuple[Any, ...]]:
    """Applied, delivered, dropped, under way; with the last the station with most waiting."""
    for flow in d.run.flows:
        programme = d.run.plan.programmes[flow.programme]
        factor = units.parse(programme.unit).factor
        for fate in ("applied", "delivered", "dropped", "under_way"):
            low, middle, high = (q / factor for q in getattr(flow, fate))
            wait = flow.waits[0] if fate == "under_way" and flow.waits else None
            told: tuple[str | None, float | None, float | None] = (None, None, None)
            if wait is not None:
                name = station_name(d.run.plan, flow.programme, wait.stage, wait.station, d.lang)
                told = (name, wait.share, wait.days)
            yield (
                programme.name.in_language(d.lang), unit_words(programme.unit, d.lang),
                say(f"column.{fate}", d.lang), low, middle, high, *told, d.run.id,
            )  # fmt: skip


ATTRIBUTE = (
    "target",
    "id",
    "year",
    "lever",
    "share",
    "share_low",
    "share_high",
    "source",
    "of_run",
)


def attribute(d: Dossier) -> Iterator[tuple[Any, ...]]:
    """Targets in the order of the file; of each what brings most, then the total, then nothing."""
    targets = list(dict.fromkeys(str(row["target"]) for row in d.beside.attribute))

    def rank(row: Row) -> tuple[int, int, float]:
        part = 1 if row["lever"] == TOTAL else 0 if abs(row["share"]) >= SHOWS else 2
        return targets.index(str(row["target"])), part, -abs(row["share"])

    for row in sorted(d.beside.attribute, key=rank):
        numbers = [100 * row[key] for key in ("share", "share_low", "share_high")]
        name, lever = _named(d, row["target"]), label(d.run.plan, row, d.lang)
        yield name, row["target"], row["year"], lever, *numbers, "attribute.csv", d.run.id


COMPARE = (
    "target",
    "id",
    "year",
    "scenario",
    "probability",
    "diff",
    "diff_low",
    "diff_high",
    "source",
    "of_run",
)


def compare(d: Dossier) -> Iterator[tuple[Any, ...]]:
    called = scenarios_called(d.run.plan, d.lang) if d.beside.compare else {}
    for row in d.beside.compare:
        numbers = [
            None if row[key] is None else 100 * row[key]
            for key in ("diff", "diff_low", "diff_high")
        ]
        scenario = called.get(row["scenario"], row["scenario"])
        who = (_named(d, row["target"]), row["target"], row["year"], scenario)
        yield *who, row["probability"], *numbers, "compare.csv", d.run.id


SEEK = (
    "point",
    "lever",
    "value",
    "cost",
    "probability",
    "source",
    "of_run",
)


def seek(d: Dossier) -> Iterator[tuple[Any, ...]]:
    for i, rows in enumerate(d.beside.points(), 1):
        for row in rows:
            told = (row["cost"], row["probability"], "seek.csv", d.run.id)
            yield i, label(d.run.plan, row, d.lang), str(row["value"]), *told


POINTS = (
    "point",
    "cost",
    "probability",
    "source",
    "of_run",
)


def points(d: Dossier) -> Iterator[tuple[Any, ...]]:
    """Settings by cost."""
    found = [(i, rows) for i, rows in enumerate(d.beside.points(), 1)]
    totals = [(i, sum(r["cost"] for r in rows), rows[0]["probability"]) for i, rows in found]
    for i, cost, probability in sorted(totals, key=lambda item: item[1]):
        yield i, cost, probability, "seek.csv", d.run.id


UNJUDGED = (
    "target",
    "id",
    "goal",
    "year",
    "reason",
    "source",
)


def unjudged(d: Dossier) -> Iterator[tuple[Any, ...]]:
    for t in d.run.plan.targets:
        if t.status != "judged":
            name = target_name(d.run.plan, t, d.lang)
            yield name, t.id, goal_text(t, d.lang), t.year, t.reason_in(d.lang), t.source


ASSUMED = (
    "assumption",
    "value",
    "options",
    "why",
    "source",
)


def assumed(d: Dossier) -> Iterator[tuple[Any, ...]]:
    """What the document leaves open, with where each reading comes from."""
    from dataclasses import fields

    from plansim.reports.answers.show import assumption_table

    names = [f.name for f in fields(d.run.plan.assumptions)]
    for name, row in zip(names, assumption_table(d.run.plan, d.lang).rows, strict=True):
        yield *row, getattr(d.run.plan.assumptions, name).source


FIGURES = (
    "name",
    "path",
    "median",
    "p05",
    "p95",
    "unit",
    "year",
    "origin",
    "source",
    "why",
)


def base_figures(d: Dossier) -> Iterator[tuple[Any, ...]]:
    """Every figure of the plan as it was run, in base units."""
    for row in figure_records(d.run.plan, d.lang):
        yield (
            row["name"], row["path"], row["median"], row["p05"], row["p95"], row["unit"],
            row["year"], say(f"origin.{row['origin']}", d.lang),
            source_text(row["source"], d.lang), row["why"],
        )  # fmt: skip


SOURCES = (
    "source",
    "origin",
    "figures",
)


def sources(d: Dossier) -> Iterator[tuple[Any, ...]]:
    """How many figures rest on a source, by provenance."""
    counts: dict[tuple[str, str], int] = {}
    for _, figure in figures(d.run.plan):
        for name in source_ids(figure.source):
            counts[name, figure.origin] = counts.get((name, figure.origin), 0) + 1
    for (name, origin), number in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield name, say(f"origin.{origin}", d.lang), number


def _named(d: Dossier, target: str) -> str:
    found = next((t for t in d.run.plan.targets if t.id == target), None)
    return target if found is None else d.name(found)
