"""What every lever can do to every target: by kind, what moves most first, the world apart."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from plansim.analysis.levers import POLICY, Knob
from plansim.analysis.reach import POINT, Best, Reach, levers
from plansim.reports.answers.plan import as_run
from plansim.reports.tables import Answer, Table
from plansim.reports.terminal import Meanwhile
from plansim.reports.words.movable import amount, money, unmoved_text
from plansim.reports.words.wording import (
    named_columns,
    plan_line,
    signed,
    target_called,
    with_names,
)
from plansim.simulator.naming import name_of
from plansim.simulator.plan import LeverKind
from plansim.store.plans import Document
from plansim.words.amounts import number, percent, with_unit
from plansim.words.catalogue import say
from plansim.words.statements import goal_text

COLUMNS = (
    "plan", "scenario", "kind", "lever", "target", "year", "plan_value", "low", "high", "p_low",
    "p_plan", "p_high", "swing", "swing_low", "swing_high", "gain", "read_low", "read_plan",
    "read_high", "name", "unit", "draws", "seed",
)  # fmt: skip
#: In what order kinds are shown: the world comes last, apart.
ORDER: tuple[LeverKind, ...] = ("administration", "goal", "verify", "world")


def ask(
    name: str,
    scenario: str,
    settings: Sequence[str],
    meanwhile: Meanwhile,
    *,
    targets: Sequence[str],
    wanted: Sequence[str],
    uncalibrated: bool,
    draws: int,
    seed: int,
) -> Answer:
    """What levers can do to targets, from one end of their range to the other."""
    lang = meanwhile.lang
    document = Document.of(name, uncalibrated=uncalibrated)
    plan, drawn_by = as_run(document, scenario, settings, meanwhile)
    with meanwhile.bar(None, "say.seek_progress") as tick:
        found = levers(plan, targets, wanted, draws=draws, seed=seed, progress=tick)
    shown = by_target(found, lang) if targets else by_kind(found, lang)
    return Answer(
        with_names(plan, records(found, scenario, lang), lang), shown,
        [*heading(found, lang), *drawn_by], closing(found, lang),
        named_columns(COLUMNS),
    )  # fmt: skip


def records(found: Reach, scenario: str, lang: str) -> list[dict[str, Any]]:
    """One record a lever and target, by kind, levers that move most first."""
    rows = []
    for row in found.of_kinds(ORDER):
        for place, target in enumerate(found.targets):
            told = found.told(row, place, lang)
            whole = told | {
                "plan": found.plan.plan.id, "scenario": scenario, "target": target.id,
                "year": target.year, "name": told["lever_name"], "unit": told["lever_unit"],
                "draws": found.draws, "seed": found.seed,
            }  # fmt: skip
            rows.append({column: whole[column] for column in COLUMNS})
    return rows


# -- tables ----------------------------------------------------------------------------------------


def by_kind(found: Reach, lang: str) -> list[Table]:
    """One table a kind: what its levers do to all targets together, and which they move most."""
    tables = []
    columns = ("lever", "in_plan", "allowed", "met_ends", "targets_moved", "moves_most")
    for kind in ORDER:
        rows = tuple(
            (
                *place_of(found, found.knobs[row], lang),
                met_text(found, row),
                str(int((found.span[row] >= POINT - 1e-9).sum())),
                most_text(found, row, lang),
            )
            for row in found.of(kind)
        )
        if rows:
            title = say(f"reached.{kind}", lang)
            right = ("in_plan", "allowed", "met_ends", "targets_moved")
            tables.append(Table(columns, rows, right, ("in_plan",), title))
    return tables


def by_target(found: Reach, lang: str) -> list[Table]:
    """One table a target and kind: the levers that move it, what moves it most first."""
    tables = []
    columns = ("lever", "in_plan", "allowed", "at_low", "at_high", "swing", "simulated_ends")
    for place, target in enumerate(found.targets):
        for kind in ORDER:
            moving = [
                row
                for row in found.of(kind)
                if found.span[row, place] > 0 or found.reads_differ[row, place]
            ]
            moving.sort(key=lambda row: -float(found.span[row, place]))
            rows = tuple(lever_row(found, row, place, lang) for row in moving)
            what = {
                "name": target_called(found.plan, target, lang), "goal": goal_text(target, lang),
                "probability": percent(float(found.own.probability[place]), 1),
                "kind": say(f"reached.{kind}", lang),
            }  # fmt: skip
            title = say("reached.of_target", lang, **what)
            tables.append(Table(columns, rows, columns[1:], ("in_plan", "simulated_ends"), title))
    return [table for table in tables if table.rows]


def lever_row(found: Reach, row: int, place: int, lang: str) -> tuple[str, ...]:
    """What a lever does to one target."""
    told, target = found.told(row, place, lang), found.targets[place]
    half = 50 * (told["swing_high"] - told["swing_low"])
    reads = " → ".join(number(told[end]).replace("-", "−") for end in ("read_low", "read_high"))
    return (
        *place_of(found, found.knobs[row], lang),
        percent(told["p_low"], 1),
        percent(told["p_high"], 1),
        f"{signed(100 * told['swing'])} ±{half:.1f}",
        with_unit(reads, target.unit, lang),
    )


def place_of(found: Reach, knob: Knob, lang: str) -> tuple[str, str, str]:
    """A lever, where the plan has it, and its range."""
    unit = knob.lever.unit
    ends = f"{amount(knob.lever.low, '1', lang)} … {amount(knob.lever.high, '1', lang)}"
    return name_of(found.plan, f"levers.{knob.key}", lang), amount(knob.own, unit, lang), ends


def met_text(found: Reach, row: int) -> str:
    """How many distinct targets are expected to be met at the low end, and at the high end."""
    return " → ".join(
        f"{float(end.probability[list(found.distinct)].sum()):.1f}"
        for end in (found.lows[row], found.highs[row])
    )


def most_text(found: Reach, row: int, lang: str) -> str:
    """The target that a lever moves most, and its probability at both ends."""
    place = int(np.argmax(found.span[row]))
    if found.span[row, place] == 0:
        delivers = bool(found.reads_differ[row].any())
        return say("reached.only_delivered" if delivers else "reached.nothing", lang)
    ends = (found.lows[row].probability[place], found.highs[row].probability[place])
    low, high = (percent(float(p)) for p in ends)
    return f"{target_called(found.plan, found.targets[place], lang)}: {low} → {high}"


# -- sentences -------------------------------------------------------------------------------------


def heading(found: Reach, lang: str) -> list[str]:
    fields = {
        "levers": len(found.knobs), "targets": len(found.targets), "draws": found.draws,
        "seed": found.seed,
    }  # fmt: skip
    return [plan_line(found.plan, lang), say("reached.heading", lang, **fields)]


def closing(found: Reach, lang: str) -> list[str]:
    """What policy can do at its best, what it cannot move, and how tables are read."""
    lines = [best_text(best, key, lang) for key, best in bests(found)]
    policy = [knob for knob in found.knobs if knob.kind in POLICY]
    lines.append(unmoved_text(found.plan, found.still if policy else None, lang))
    idle = [name_of(found.plan, f"levers.{knob.key}", lang) for knob in found.idle]
    if idle:
        lines.append(say("reached.idle", lang, list=say("sought.listed", lang).join(idle)))
    return [*lines, say("reached.read", lang)]


def bests(found: Reach) -> list[tuple[str, Best]]:
    pairs = (("reached.best", found.every), ("reached.best_outcomes", found.outcomes))
    return [(key, best) for key, best in pairs if best is not None]


def best_text(best: Best, key: str, lang: str) -> str:
    """All levers of the administration at their best end: so many targets met, against now."""
    fields = {
        "number": len(best.targets), "own": f"{best.own:.1f}", "best": f"{best.best:.1f}",
        "cost": money(best.cost),
    }  # fmt: skip
    return say(key, lang, **fields)
