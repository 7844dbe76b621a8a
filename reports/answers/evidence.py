"""What the effects of programmes rest on, worded: the effects, and the studies behind them."""

import re
from collections import Counter
from collections.abc import Sequence

from plansim.calibration.evidence import COLUMNS, Evidence, as_csv_row, programmes_written, studies
from plansim.calibration.evidence import rows as rows_of
from plansim.reports.tables import Answer, Table
from plansim.reports.words.wording import Stating, quantity_called
from plansim.scenarios.load import is_library, load, load_library
from plansim.simulator.plan import in_language
from plansim.words.catalogue import catalogue, say

#: In the order of what they are worth.
GRADES = ("measured", "transferred", "judgement")


def ask(name: str, scenario: str, settings: Sequence[str], lang: str) -> Answer:
    """What the effects of a plan's or a library's programmes rest on."""
    plan = load_library(name) if is_library(name) else load(name, scenario, settings)
    rows = rows_of(plan, programmes_written(name))
    tables = evidence_tables(plan, rows, lang)
    return Answer(evidence_records(rows), tables, (), closing(plan, rows, lang), COLUMNS)


def evidence_records(rows: Sequence[Evidence]) -> list[dict[str, str]]:
    """The rows with the columns of ``calibration/data/effects.csv``."""
    return [as_csv_row(row) for row in rows]


def evidence_tables(plan: Stating, rows: Sequence[Evidence], lang: str) -> list[Table]:
    """The effects, and the studies that they cite."""
    return [
        table for table in (effect_table(plan, rows, lang), study_table(rows, lang)) if table.rows
    ]


def effect_table(plan: Stating, rows: Sequence[Evidence], lang: str) -> Table:
    """One row an effect, with what the plan says of it; a judged one that is narrow is marked."""
    cells = tuple(
        (
            plan.programmes[row.programme].name.in_language(lang),
            quantity_called(plan, row.on, lang),
            say(f"change.{row.change or row.kind}", lang),
            distribution_text(row, lang),
            grade_text(row, lang),
            row.study,
            in_language(row.why, lang),
        )
        for row in rows
    )
    columns = ("programme", "effect", "change", "distribution", "grade", "study", "why")
    title = say("show.evidence", lang)
    return Table(columns, cells, optional=("why", "study"), title=title)


def distribution_text(row: Evidence, lang: str) -> str:
    """A distribution as files write it: its form, parameters and unit in the reader's words."""
    words = [
        say(f"parameter.{word}", lang) if f"parameter.{word}" in catalogue(lang) else word
        for word in re.split(r"(\w+)", row.distribution)
    ]
    return "".join(words)


def grade_text(row: Evidence, lang: str) -> str:
    """The grade, and whether a judged figure is less wide than it must be."""
    grade = say(f"grade.{row.grade}", lang)
    return say("show.narrow", lang, grade=grade) if is_narrow(row) else grade


def is_narrow(row: Evidence) -> bool:
    """Whether a figure is judged and yet not wide."""
    return row.grade == "judgement" and not row.wide


def study_table(rows: Sequence[Evidence], lang: str) -> Table:
    """The studies cited, in the order of their first effect."""
    cited = dict.fromkeys(part for row in rows for part in row.study.split(", ") if part)
    cells = tuple(
        (study.study, *study.told(lang), study.address)
        for study in map(studies().__getitem__, cited)
    )
    columns = ("study", "population", "estimate", "to_city", "seen", "address")
    return Table(columns, cells, optional=("address",), title=say("show.studies", lang))


def closing(plan: Stating, rows: Sequence[Evidence], lang: str) -> list[str]:
    """How many effects have which grade, and how many judged ones are narrow."""
    number = Counter(row.grade for row in rows)
    counts = {grade: number[grade] for grade in GRADES}
    lines = [say("show.grades", lang, total=len(rows), **counts)]
    narrow = [
        f"{plan.programmes[row.programme].name.in_language(lang)} → "
        f"{quantity_called(plan, row.on, lang)}"
        for row in rows
        if is_narrow(row)
    ]
    if narrow:
        join = "、" if lang == "zh" else ", "
        lines.append(say("show.narrow_ones", lang, number=len(narrow), list=join.join(narrow)))
    return lines
