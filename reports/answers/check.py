"""Findings of a plan's own arithmetic, in words and as records."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from plansim.reports.tables import BELOW, DONE, Answer, Table
from plansim.scenarios.book import Book, Interval
from plansim.scenarios.check import Finding, check
from plansim.scenarios.compare import Standing, side_by_side
from plansim.scenarios.load import load
from plansim.simulator import units
from plansim.simulator.errors import InputError
from plansim.simulator.plan import Label, Target
from plansim.words.amounts import SHOWN_UNITS, exact, number, with_unit
from plansim.words.catalogue import say, shown
from plansim.words.statements import goal_text

#: Columns of ``plansim check``.
COLUMNS = ("plan", "finding", "severity", "message", "figures", "lines", "targets")
#: Fields whose values are words of the catalogue.
WORDS = ("differences", "source")
#: Fields that are years or counts, never rounded.
WHOLE = ("year", "first", "middle", "last", "base_year", "months", "dated")
#: Fields that are changes, always with their sign.
SIGNED = ("use", "change", "alone", "past", "added", "productivity", "jobs", "prices")


def ask(plans: Sequence[str], prices: str, strict: bool, lang: str) -> Answer:
    """The arithmetic of a plan at every rate of prices, or several plans side by side."""
    loaded = [load(plan) for plan in plans]
    if len(loaded) > 1:
        standings = list(side_by_side(loaded))
        return Answer(standing_records(standings, lang), [standing_table(standings, lang)])
    book = Book(loaded[0])
    found = {rate: check(book, rate) for rate in percentages(prices)}
    records = finding_records(book.plan.plan.id, found, lang)
    broken = any(record["severity"] == "contradiction" for record in records)
    code = BELOW if strict and broken else DONE
    return Answer(records, [finding_table(found, lang)], columns=COLUMNS, code=code)


def percentages(text: str) -> list[float]:
    """Percentages as typed, as fractions: -2,0,2. Raises InputError."""
    found = []
    for part in text.split(","):
        try:
            value = float(part)
        except ValueError:
            value = float("nan")
        if not -50 <= value <= 100:
            raise InputError.of("argument_range", "--prices", value=part, allowed="-50 … 100")
        found.append(value / 100)
    return found


def sentence(finding: Finding, lang: str) -> str:
    """A finding in one sentence, with numbers short and the prices that it assumes."""
    fields = {key: _word(key, value, lang) for key, value in finding.fields.items()}
    text = say(f"finding.{finding.code}", lang, **fields)
    if finding.fields.get("prices"):
        return say("finding.at_prices", lang, sentence=text, prices=fields["prices"])
    return text


def _word(key: str, value: object, lang: str) -> str:
    if key in WORDS:
        parts = value if isinstance(value, list) else [value]
        return shown([say(f"word.{part}", lang) for part in parts], lang)
    if key in WHOLE:
        return str(value)
    if isinstance(value, float | int):
        return ("+" if key in SIGNED and value > 0 else "") + _number(value)
    if isinstance(value, Label):
        return value.in_language(lang)
    if isinstance(value, Target):
        return _statement(value, lang)
    if isinstance(value, Interval):
        return _range(value, lang)
    if isinstance(value, tuple):
        return with_unit(exact(round(value[0], 6)), value[1], lang)
    if isinstance(value, list):
        return shown([_word("", part, lang) for part in value], lang)
    return shown(value, lang)


def _number(value: float) -> str:
    return number(float(value)).replace("-", "−")


def _range(interval: Interval, lang: str) -> str:
    """From where to where; one end where the other is open."""
    code = "range"
    if math.isinf(interval.high):
        code = "range_above"
    elif interval.low == 0 or math.isinf(interval.low):
        code = "range_below"
    return say(f"finding.{code}", lang, low=_number(interval.low), high=_number(interval.high))


def _statement(target: Target, lang: str) -> str:
    """What a row asks for: 3 to 5 in all by 2020."""
    goal = goal_text(target, lang) or target.indicator_zh
    return say("finding.dated", lang, goal=goal, year=target.year) if target.year else goal


def _figures(finding: Finding, lang: str) -> Iterator[str]:
    """What follows, as intervals in base units, then what it follows from, as stated."""
    for name, i in finding.figures.items():
        yield f"{name} {number(i.low)}..{number(i.high)}"
    for target in {t.id: t for t in finding.targets}.values():
        base = f"{exact(target.base_value)} → " if target.base_value is not None else ""
        yield f"{target.id} {base}{goal_text(target, lang)}".rstrip()


def finding_records(
    plan: str, findings: Mapping[float, Sequence[Finding]], lang: str
) -> list[dict[str, Any]]:
    """One record a finding and price assumption: the columns of ``plansim check``.

    ``findings``: by the assumed change of prices a year [fraction].
    """
    records = []
    for prices, found in findings.items():
        for finding in found:
            record: dict[str, Any] = {
                "plan": plan,
                "finding": finding.id,
                "severity": finding.severity,
                "message": sentence(finding, lang),
                "figures": "; ".join(_figures(finding, lang)),
                "lines": finding.lines,
                "targets": " ".join(dict.fromkeys(t.id for t in finding.targets)),
            }
            if len(findings) > 1:
                record["prices"] = 100 * prices
            records.append(record)
    return records


def finding_table(findings: Mapping[float, Sequence[Finding]], lang: str) -> Table:
    """Findings, gravest first; with several price assumptions only those that move with them."""
    columns = ("severity", "message", "lines")
    rows: dict[str, list[tuple[str, ...]]] = {}
    for prices, found in findings.items():
        for finding in found:
            grave, text = say(f"severity.{finding.severity}", lang), sentence(finding, lang)
            rows.setdefault(finding.id, []).append(
                (f"{100 * prices:g}".replace("-", "−"), grave, text, finding.lines)
            )
    several = len(findings) > 1
    if not several:
        cells = tuple(row[1:] for same in rows.values() for row in same)
        return Table(columns, cells, optional=("lines",))
    cells = tuple(
        row
        for same in rows.values()
        if len({row[1:] for row in same}) > 1 or len(same) < len(findings)
        for row in same
    )
    return Table(("prices", *columns), cells, optional=("lines",))


def standing_records(standings: Sequence[Standing], lang: str) -> list[dict[str, Any]]:
    """One record a plan and indicator: level and pace on common years, ranked."""
    return [
        {
            "indicator": s.indicator,
            "rank": s.rank,
            "plan": s.plan,
            "words": s.words,
            "unit": s.unit,
            "first": s.first,
            "last": s.last,
            "common_years": s.common,
            "before": None if s.before is None else s.before / units.parse(s.unit).factor,
            "after": None if s.after is None else s.after / units.parse(s.unit).factor,
            "pace": None if s.pace is None else 100 * s.pace,
            "pace_unit": None if s.pace is None else "points" if s.in_points else "%",
            "differs": ("；" if lang == "zh" else "; ").join(
                say(f"finding.{aspect}", lang, value=value) for aspect, value in s.differs
            ),
        }
        for s in standings
    ]


def standing_table(standings: Sequence[Standing], lang: str) -> Table:
    """Plans side by side: under every indicator its plans, the fastest first."""
    rows: list[tuple[str, ...]] = []
    named = ""
    for s, record in zip(standings, standing_records(standings, lang), strict=True):
        if s.indicator != named:
            named = s.indicator
            rows.append((s.name.in_language(lang), *[""] * 5))
        years = f"{s.first}–{s.last}" if s.first < s.last else str(s.last)
        star = " *" if s.pace is not None and not s.common else ""
        rows.append(
            (
                f"{s.rank or '–'} {s.plan}",
                years + star,
                *(_level(record[side], s.unit, lang) for side in ("before", "after")),
                _pace(s, lang),
                record["differs"],
            )
        )
    columns = ("plan", "period", "before", "after", "pace", "differs")
    return Table(columns, tuple(rows), right=("before", "after", "pace"))


def _level(value: float | None, unit: str, lang: str) -> str:
    if value is None:
        return ""
    shown_unit = unit if unit in SHOWN_UNITS else "1"
    return with_unit(number(value), shown_unit, lang)


def _pace(standing: Standing, lang: str) -> str:
    if standing.pace is None:
        return ""
    value = 100 * standing.pace
    unit = say(f"word.{'points' if standing.in_points else 'percent'}", lang)
    return f"{'' if value < 0 else '+'}{_number(value)} {unit}"
