"""What every lever brings: tables, records and the steps of a waterfall."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plansim.analysis.attribute import MEASURES, Attribution, attribute
from plansim.analysis.contrast import TOTAL, lever_name, told_apart
from plansim.analysis.decompose import KINDS
from plansim.reports.answers import factors
from plansim.reports.answers.factors import COLUMNS
from plansim.reports.answers.plan import as_run
from plansim.reports.pictures.canvas import studio
from plansim.reports.pictures.waterfall import Step, gathered, waterfall_picture
from plansim.reports.tables import Answer, Table
from plansim.reports.terminal import Meanwhile
from plansim.reports.words.wording import named_columns, points, signed, target_called, with_names
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.model import given_faults
from plansim.simulator.naming import entry_of
from plansim.simulator.plan import Plan, Target
from plansim.store.files import PICTURES, check_files, write_files
from plansim.store.plans import Document
from plansim.words.amounts import number, percent, with_unit
from plansim.words.catalogue import say

#: What is a lever when it is set, and stays as it is in the plan without levers.
PULLED = ("programmes.", "quotas.", "offices.")
#: What levers are told apart by.
BY = ("programme", "group")
#: Levers that are named in one cell, those that bring most first.
NAMED = 3


def ask(
    name: str,
    scenario: str,
    against: str,
    settings: Sequence[str],
    meanwhile: Meanwhile,
    *,
    of: str,
    by: str,
    levers: str,
    targets: Sequence[str],
    picture: Path | None,
    uncalibrated: bool,
    number: Mapping[str, int],
) -> Answer:
    """What every lever brings. ``number``: draws, seed, workers, orders, those that were typed."""
    check_question(of, by, picture)
    document, lang = Document.of(name, uncalibrated=uncalibrated), meanwhile.lang
    plan, drawn_by = as_run(document, scenario, settings, meanwhile)
    wanted = check_targets(plan, targets)
    if of in KINDS:
        counted = {key: value for key, value in number.items() if key != "orders"}
        return factors.ask(plan, scenario, of, wanted, drawn_by, meanwhile, **counted)
    held = [setting for setting in settings if not setting.startswith(PULLED)]
    base, _ = as_run(document, against, held, meanwhile)
    pulled = told_apart(plan, base, by, [lever for lever in levers.split(",") if lever.strip()])
    with meanwhile.judgements() as tick:
        found = attribute(plan, base, pulled, of, **number, progress=tick)
    notes = []
    if picture is not None:
        target = write_picture(found, wanted, picture, lang).id
        notes.append(say("say.wrote_of", lang, value=picture, target=target))
    return Answer(
        with_names(found.plan, attribution_records(found, lang, wanted), lang),
        attribution_tables(found, lang, wanted),
        [*heading(found, base.scenario_in(lang), lang), *drawn_by], closing(found, lang, wanted),
        named_columns(COLUMNS), notes,
    )  # fmt: skip


# -- what was asked --------------------------------------------------------------------------------


def check_question(of: str, by: str, picture: Path | None) -> None:
    """Raises InputError naming every option that cannot be."""
    rules = (("--of", of, (*MEASURES, *KINDS)), ("--by", by, BY))
    faults = [
        Fault("unknown_choice", {"value": value, "choices": list(choices)}, file=name)
        for name, value, choices in rules
        if value not in choices
    ]
    if picture is not None and of != "probability":
        faults.append(Fault("no_picture", file="--picture"))
    if faults:
        raise InputError(faults)
    check_files((("--picture", picture, PICTURES),))


def check_targets(plan: Plan, wanted: Sequence[str]) -> tuple[str, ...]:
    """The targets asked for. Raises InputError naming every one that is not judged."""
    keys = tuple(entry_of(plan, "targets", word) for word in wanted)
    faults = [
        Fault(
            "unknown_target" if fault.code == "unknown_target" else "target_not_judged",
            fault.fields,
            file="--target",
        )
        for fault in given_faults(plan, keys)
    ]
    if faults:
        raise InputError(faults)
    return keys


# -- levers ----------------------------------------------------------------------------------------


def attribution_records(
    found: Attribution, lang: str, wanted: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """One record a target and lever, the last of each target being the total.

    Shares of a probability are fractions of one, those of an indicator in the target's unit.
    """
    named = [lever_name(found.plan, key, lang) for key in found.keys]
    records = []
    for i, target in shown_targets(found, wanted, restated=True):
        for row, (key, name) in enumerate(zip(found.keys, named, strict=True)):
            told = (target.id, target.year, key, *found.part(row, i).values(), name)
            records.append(dict(zip(COLUMNS, (*told, found.unit_of(target)), strict=True)))
    return records


def shown_targets(
    found: Attribution, wanted: Sequence[str], restated: bool = False
) -> list[tuple[int, Target]]:
    """The targets asked for, or all (distinct ones, unless ``restated``), with their places."""
    return [
        (i, target)
        for i, target in enumerate(found.targets)
        if (target.id in wanted if wanted else restated or not target.restates)
    ]


def attribution_tables(found: Attribution, lang: str, wanted: Sequence[str] = ()) -> list[Table]:
    """Targets at a glance, with the levers that bring most; lever by lever for those asked for."""
    if wanted:
        return [lever_table(found, i, lang) for i, _ in shown_targets(found, wanted)]
    rows = [
        glance_row(found, i, target, lang)
        for i, target in shown_targets(found, wanted)
        if found.share[:, i].any()
    ]
    columns = ("target", "without_levers", "with_levers", "brought", "brought_by")
    table = Table(columns, tuple(rows), columns[1:4])
    return [table] if rows else []


def glance_row(found: Attribution, i: int, target: Target, lang: str) -> tuple[str, ...]:
    moving = moving_levers(found, i)
    told = [row for row in moving if float(gain(found, row, i, target).replace("−", "-")) != 0][
        :NAMED
    ]
    parts = [
        f"{lever_name(found.plan, found.levers[row].key, lang)} {gain(found, row, i, target)}"
        for row in told
    ]
    if len(moving) > len(told):
        parts.append(say("attributed.more", lang, number=len(moving) - len(told)))
    return (
        target_called(found.plan, target, lang),
        level(found, float(found.before[i]), target, lang),
        level(found, float(found.after[i]), target, lang),
        interval(found, len(found.levers), i, target),
        ("、" if lang == "zh" else ", ").join(parts),
    )


def moving_levers(found: Attribution, i: int) -> list[int]:
    """The places of the levers that move a target, those that bring most first."""
    order = np.argsort(-np.abs(found.share[:-1, i]), kind="stable")
    return [int(row) for row in order if found.share[row, i] != 0]


def level(found: Attribution, value: float, target: Target, lang: str) -> str:
    if found.measure == "probability":
        return percent(value, 1)
    return with_unit(number(value / target.scale).replace("-", "−"), target.unit, lang)


def gain(found: Attribution, row: int, i: int, target: Target) -> str:
    """What a lever brings, without its interval: +3.1."""
    if found.measure == "probability":
        return signed(100 * float(found.share[row, i]))
    return interval(found, row, i, target).split(" ")[0]


def interval(found: Attribution, row: int, i: int, target: Target) -> str:
    """What a lever brings with half its interval: +3.1 ±0.4; points of a probability."""
    share, low, high = (float(side[row, i]) for side in (found.share, found.low, found.high))
    if found.measure == "probability":
        return points(share, low, high)
    if not np.isfinite(share):
        return "?"
    half = number((high - low) / 2 / target.scale, 2)
    sign = "+" if share > 0 else ""
    return f"{sign}{number(share / target.scale)} ±{half}".replace("-", "−")


def lever_table(found: Attribution, i: int, lang: str) -> Table:
    """One target, lever by lever, those that bring most first; the total last."""
    target = found.targets[i]
    rows = [
        (
            lever_name(found.plan, found.levers[row].key, lang),
            interval(found, row, i, target),
        )
        for row in moving_levers(found, i)
    ]
    still = len(found.levers) - len(rows)
    if still:
        rows.append((say("attributed.none", lang, number=still), "0"))
    rows.append(
        (lever_name(found.plan, TOTAL, lang), interval(found, len(found.levers), i, target))
    )
    shown = {
        "name": target_called(found.plan, target, lang),
        "before": level(found, float(found.before[i]), target, lang),
        "after": level(found, float(found.after[i]), target, lang),
    }  # fmt: skip
    title = say("attributed.target", lang, **shown)
    return Table(("lever", "brought"), tuple(rows), ("brought",), title=title)


def heading(found: Attribution, base: str, lang: str) -> list[str]:
    shown = {
        "plan": found.plan.plan.name.in_language(lang),
        "scenario": found.plan.scenario_in(lang), "base": base,
        "draws": found.draws, "seed": found.seed, "levers": len(found.levers),
    }  # fmt: skip
    exact = say("attributed.exact", lang, judged=found.judged)
    sampled = say("attributed.sampled", lang, orders=found.orders, judged=found.judged)
    return [say("attributed.title", lang, **shown), sampled if found.orders else exact]


def closing(found: Attribution, lang: str, wanted: Sequence[str] = ()) -> list[str]:
    still = sum(1 for i, _ in shown_targets(found, ()) if not found.share[:, i].any())
    what = say(f"split.{found.measure}", lang)
    return [what, *([say("attributed.still", lang, number=still)] if still and not wanted else [])]


def waterfall_steps(found: Attribution, i: int, lang: str) -> list[Step]:
    """The levers that bring most to a target, one by one, and all others as one step."""
    return gathered(
        [
            Step(
                lever_name(found.plan, lever.key, lang),
                float(found.share[row, i]), float(found.low[row, i]), float(found.high[row, i]),
            )
            for row, lever in enumerate(found.levers)
        ],
        lang,
    )  # fmt: skip


def most_moved(found: Attribution, wanted: Sequence[str]) -> int:
    """The place of the target that all levers together move most."""
    places = [i for i, _ in shown_targets(found, wanted)]
    return max(places, key=lambda i: abs(float(found.share[-1, i])))


# -- the picture -----------------------------------------------------------------------------------


def write_picture(found: Attribution, wanted: Sequence[str], path: Path, lang: str) -> Target:
    """The waterfall of one target, the one that levers move most; returns which."""
    i = most_moved(found, wanted)
    target = found.targets[i]
    title = say("waterfall.title", lang, name=target_called(found.plan, target, lang))
    form = path.suffix.lower().removeprefix(".")
    with studio() as style:
        steps = waterfall_steps(found, i, lang)
        picture = waterfall_picture(
            style, path.stem, title, float(found.before[i]), steps, lang, form
        )
    write_files({path: picture.raw})
    return target
