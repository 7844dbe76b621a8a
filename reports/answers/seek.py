"""What was sought and found: the setting of levers that reaches a probability, the frontier."""

import shlex
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Any

from plansim.analysis.levers import Knob, typed
from plansim.analysis.questions import questions
from plansim.analysis.seek import Point, Sought, seek
from plansim.analysis.trial import Chance, Wish
from plansim.reports.answers import confidence as promised
from plansim.reports.answers.plan import as_run
from plansim.reports.pictures.canvas import studio
from plansim.reports.pictures.frontier import Point as Drawn
from plansim.reports.pictures.frontier import frontier_picture
from plansim.reports.tables import Answer, Table
from plansim.reports.terminal import Meanwhile
from plansim.reports.words.movable import amount, money
from plansim.reports.words.verdicts import chance_text
from plansim.reports.words.wording import (
    named_columns,
    plan_line,
    target_called,
    with_names,
)
from plansim.scenarios.load import shortest
from plansim.simulator.naming import name_of
from plansim.simulator.plan import Plan
from plansim.store.files import PICTURES, check_files, write_files
from plansim.store.plans import Document
from plansim.words.amounts import exact, number, percent
from plansim.words.catalogue import say
from plansim.words.statements import goal_text

COLUMNS = (
    "point", "lever", "value", "cost", "probability", "prob_low", "prob_high", "name", "unit",
    "plan_value", "low", "high", "effort", "answer", "target", "asked", "searched", "reached",
    "draws", "seed",
)  # fmt: skip
#: Draws for what targets could promise.
PROMISING = 10_000
#: Names that a line lists before it only counts.
NAMED = 3
LEAST = {"effort": "sought.least_effort", "cost": "sought.least_cost"}


def ask(
    name: str,
    scenario: str,
    settings: Sequence[str],
    meanwhile: Meanwhile,
    *,
    targets: Sequence[str],
    together: str | None,
    confidence: str | None,
    least: str | None,
    budget: float,
    levers: Sequence[str],
    picture: Path | None,
    uncalibrated: bool,
    view: str,
    number: Mapping[str, int],
) -> Answer:
    """The setting of levers that reaches a probability, or what targets could promise.

    ``number``: draws, seed and workers, those that were typed.
    """
    asked = questions(targets, together, confidence, least)
    check_picture(picture)
    document, lang = Document.of(name, uncalibrated=uncalibrated), meanwhile.lang
    plan, drawn_by = as_run(document, scenario, settings, meanwhile, view)
    if asked.confidence is not None:
        number = {"draws": PROMISING} | dict(number)
        return promised.ask(plan, scenario, asked.confidence, drawn_by, meanwhile, **number)
    with meanwhile.bar(None, "say.seek_progress") as tick:
        found = seek(
            plan, asked.wishes(plan), levers=levers, budget=budget, least=asked.least,
            progress=tick, **number,
        )  # fmt: skip
    if picture is not None:
        write_picture(found, picture, lang)
    again = ["plansim", "run", shortest(name)]
    again += ["--scenario", scenario] if scenario != "plan" else []
    again += [f"--set={setting}" for setting in settings]
    return Answer(
        with_names(found.plan, sought_records(found, lang), lang), sought_tables(found, lang),
        [*heading(found, lang), *drawn_by], closing(found, lang, again),
        named_columns(COLUMNS),
        [] if picture is None else [say("say.wrote", lang, value=picture)],
    )  # fmt: skip


# -- the setting -----------------------------------------------------------------------------------


def sought_records(found: Sought, lang: str) -> list[dict[str, Any]]:
    """One record a setting of the frontier and lever moved in it; the plan as it is has one."""
    records = []
    for place, point in enumerate(found.points, 1):
        chance, wish = point.chances[found.hardest], found.wishes[found.hardest]
        common = {
            "answer": point is found.answer,
            "target": "; ".join(wish.targets),
            "asked": wish.asked,
            "searched": point.searched[found.hardest],
            "reached": all(
                c.probability >= w.asked
                for c, w in zip(point.chances, found.wishes, strict=True)
            ),
            "draws": found.fresh_draws,
            "seed": found.fresh_seed,
        }  # fmt: skip
        chances = {
            "probability": chance.probability, "prob_low": chance.low, "prob_high": chance.high,
        }  # fmt: skip
        turned = [lever_record(found, knob, value, lang) for knob, value in moved(found, point)]
        for lever in turned or [UNMOVED]:
            record = {"point": place} | lever | chances | common
            records.append({name: record[name] for name in COLUMNS})
    return records


def lever_record(found: Sought, knob: Knob, value: float, lang: str) -> dict[str, Any]:
    """A lever and where it is set."""
    return {
        "lever": knob.key,
        "value": value,
        "cost": knob.cost(value),
        "name": lever_called(found, knob, lang),
        "unit": knob.lever.unit,
        "plan_value": knob.own,
        "low": knob.lever.low,
        "high": knob.lever.high,
        "effort": knob.effort(value),
    }


#: The plan as it is: no lever is moved.
UNMOVED: dict[str, Any] = {
    "lever": "", "value": None, "cost": 0.0, "name": "", "unit": "", "plan_value": None,
    "low": None, "high": None, "effort": 0.0,
}  # fmt: skip


def lever_called(found: Sought, knob: Knob, lang: str) -> str:
    """The name of a lever, and of what it moves."""
    return name_of(found.plan, f"levers.{knob.key}", lang)


def moved(found: Sought, point: Point) -> list[tuple[Knob, float]]:
    """The levers that do not stand where the plan has them."""
    pairs = zip(found.knobs, point.setting, strict=True)
    return [(knob, value) for knob, value in pairs if value != knob.own]


def sought_tables(found: Sought, lang: str) -> list[Table]:
    """The levers of the answer, and the frontier."""
    rows = [
        (
            lever_called(found, knob, lang),
            amount(knob.own, knob.lever.unit, lang),
            amount(value, knob.lever.unit, lang),
            f"{exact(knob.lever.low)} … {exact(knob.lever.high)}",
            number(knob.effort(value), 2),
            money(knob.cost(value)) if knob.price is not None else "",
        )
        for knob, value in moved(found, found.answer)
    ]
    columns = ("lever", "in_plan", "set_to", "allowed", "effort", "more_cost")
    setting = Table(columns, tuple(rows), right=columns[1:])
    return [*([setting] if rows else []), *([frontier_table(found, lang)] if rows else [])]


def frontier_table(found: Sought, lang: str) -> Table:
    rows = tuple(
        (
            f"{place}{' ←' if point is found.answer else ''}",
            number(point.effort, 2),
            money(point.cost),
            "; ".join(chance_text(c.probability, c.low, c.high) for c in point.chances),
            settings_text(found, point, lang),
        )
        for place, point in enumerate(found.points, 1)
    )
    columns = ("point", "effort", "more_cost", "probability", "settings")
    title = say("sought.frontier", lang)
    return Table(columns, rows, right=columns[1:4], title=title)


def settings_text(found: Sought, point: Point, lang: str) -> str:
    """The levers that are moved, with their values: what a setting is called."""
    parts = [
        f"{lever_called(found, knob, lang)} {amount(value, knob.lever.unit, lang)}"
        for knob, value in moved(found, point)
    ]
    return say("sought.listed", lang).join(parts) or say("sought.as_it_is", lang)


def interval_text(chance: Chance) -> str:
    """62.8 % (61.4 % … 64.1 %)"""
    middle, low, high = (percent(p, 1) for p in (chance.probability, chance.low, chance.high))
    return f"{middle} ({low} … {high})"


def heading(found: Sought, lang: str) -> list[str]:
    """What was asked, and the answer."""
    plan = found.plan
    lines = [plan_line(plan, lang)]
    for place, wish in enumerate(found.wishes):
        lines.append(
            say("sought.asked", lang, what=wish_text(plan, wish, lang), asked=asked_text(wish))
        )
        lines.append(answer_line(found, place, lang))
    if found.reached and not moved(found, found.answer):
        lines.append(say("sought.nothing", lang))
    elif found.reached:
        lines.append(
            say(LEAST[found.least], lang, effort=number(found.answer.effort, 2),
                cost=money(found.answer.cost))
        )  # fmt: skip
    elif not moved(found, found.answer):
        lines.append(say("sought.best_as_it_is", lang))
    else:
        lines.append(say("sought.best", lang))
    return lines


def wish_text(plan: Plan, wish: Wish, lang: str) -> str:
    """What is wished for: a target with its goal, or so many together."""
    by_id = {target.id: target for target in plan.targets}
    if len(wish.targets) > NAMED:
        return say("sought.together", lang, number=len(wish.targets))
    parts = [
        f"{target_called(plan, by_id[t], lang)}: {goal_text(by_id[t], lang)}" for t in wish.targets
    ]
    return say("sought.and", lang).join(parts)


def asked_text(wish: Wish) -> str:
    return f"{exact(round(100 * wish.asked, 6))}%"


def answer_line(found: Sought, place: int, lang: str) -> str:
    wish, answer, own = found.wishes[place], found.answer, found.own
    chance = answer.chances[place]
    fields = {
        "asked": asked_text(wish),
        "probability": interval_text(chance),
        "searched": percent(answer.searched[place], 1),
        "own": interval_text(own.chances[place]),
    }
    if chance.probability >= wish.asked:
        return say("sought.reached", lang, **fields)
    if answer.searched[place] >= wish.asked:
        return say("sought.short", lang, **fields)
    return say("sought.missed", lang, **fields)


def _named(found: Sought, targets: Sequence[str], lang: str) -> str:
    names = (name_of(found.plan, f"targets.{target}", lang) for target in targets)
    return say("sought.listed", lang).join(names)


def closing(found: Sought, lang: str, command: Sequence[str]) -> list[str]:
    """How it was found, which levers do nothing, and how to see the whole plan under it."""
    active = [k for k in found.knobs if k.key not in found.idle]
    lines = []
    if not active:
        lines.append(say("sought.none_moves", lang))
    elif found.complete:
        lines.append(say("sought.all_judged", lang, judged=found.judged, number=len(active)))
    else:
        lines.append(say("sought.searched", lang, judged=found.judged))
    if found.delivered:
        lines.append(say("sought.delivered", lang, list=_named(found, found.delivered, lang)))
    if active and not found.reached and found.cornered:
        lines.append(say("sought.cornered", lang))
    lines.append(
        say("sought.draws", lang, draws=found.draws, seed=found.seed, fresh=found.fresh_draws,
            fresh_seed=found.fresh_seed)
    )  # fmt: skip
    if found.idle and active:
        names = {k.key: lever_called(found, k, lang) for k in found.knobs}
        idle = say("sought.listed", lang).join(names[key] for key in found.idle)
        lines.append(say("sought.idle", lang, list=idle))
    free = [lever_called(found, k, lang) for k, _ in moved(found, found.answer) if k.price is None]
    if free:
        lines.append(say("sought.free", lang, list=say("sought.listed", lang).join(free)))
    if found.budget < inf:
        lines.append(say("sought.budget", lang, budget=number(found.budget)))
    settings = [f"--set={typed(found.plan, k, v)}" for k, v in moved(found, found.answer)]
    if settings:
        run = [*command, *settings]
        lines.append(say("sought.command", lang, command=shlex.join(run)))
    return lines


def drawn(found: Sought) -> list[Drawn]:
    """The frontier as points of a picture, by what was to be least."""
    return [
        Drawn(
            str(place),
            point.cost if found.least == "cost" else point.effort,
            (chance := point.chances[found.hardest]).probability,
            chance.low,
            chance.high,
        )
        for place, point in enumerate(found.points, 1)
    ]


def check_picture(path: Path | None) -> None:
    """Raises InputError where no picture can be written."""
    check_files((("--picture", path, PICTURES),))


def write_picture(found: Sought, path: Path, lang: str) -> None:
    """The frontier as a picture, .png or .svg."""
    title = wish_text(found.plan, found.wishes[found.hardest], lang)
    form = path.suffix.lower().removeprefix(".")
    with studio() as style:
        picture = frontier_picture(
            style, path.stem, title, drawn(found), found.wishes[found.hardest].asked, lang, form,
            found.least,
        )  # fmt: skip
    write_files({path: picture.raw})
