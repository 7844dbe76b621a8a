"""Findings of a plan's own arithmetic, in words and as records."""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.tables import Table
from reports.wording import number, with_unit
from scenarios import units
from scenarios.check import Finding
from scenarios.compare import Standing
from scenarios.words import say, shown

#: Fields whose values are words of the catalogue.
WORDS = ("differences", "resource")
#: Fields that are years or counts, never rounded.
WHOLE = ("year", "first", "middle", "last", "base_year", "months", "dated")
#: Fields that are changes, always with their sign.
SIGNED = ("use", "change", "alone", "past")


def sentence(finding: Finding, lang: str) -> str:
    """A finding in one sentence, with numbers short."""
    return say(
        f"finding.{finding.code}",
        lang,
        **{key: _word(key, value, lang) for key, value in finding.fields.items()},
    )


def _word(key: str, value: object, lang: str) -> str:
    if key in WORDS:
        parts = value if isinstance(value, list) else [value]
        return shown([say(f"word.{part}", lang) for part in parts], lang)
    if key in WHOLE:
        return str(value)
    if isinstance(value, float | int):
        sign = "+" if key in SIGNED and value > 0 else ""
        return sign + number(float(value)).replace("-", "−")
    return shown(value, lang)


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
                "figures": "; ".join(
                    f"{name} {number(i.low)}..{number(i.high)}"
                    for name, i in finding.figures.items()
                ),
                "lines": finding.lines,
                "targets": " ".join(t.id for t in finding.targets),
            }
            if len(findings) > 1:
                record["prices"] = 100 * prices
            records.append(record)
    return records


def finding_table(findings: Mapping[float, Sequence[Finding]], lang: str) -> Table:
    """Findings, gravest first; with several price assumptions only those that move with them."""
    several = len(findings) > 1
    rows = []
    said: dict[str, set[str]] = {}
    for found in findings.values():
        for finding in found:
            said.setdefault(finding.id, set()).add(sentence(finding, lang))
    for prices, found in findings.items():
        for finding in found:
            if several and len(said[finding.id]) == 1:
                continue
            cells = (
                say(f"severity.{finding.severity}", lang),
                sentence(finding, lang),
                finding.lines,
            )
            rows.append((f"{100 * prices:+g}", *cells) if several else cells)
    columns = ("severity", "message", "lines")
    return Table(("prices", *columns) if several else columns, tuple(rows), optional=("lines",))


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
            "pace": 100 * s.pace,
            "pace_unit": "points" if s.in_points else "%",
            "differs": shown([say(f"word.{name}", lang) for name in s.differs], lang),
        }
        for s in standings
    ]


def standing_table(standings: Sequence[Standing], lang: str) -> Table:
    """Plans side by side: fastest first under every indicator."""
    rows = []
    for record in standing_records(standings, lang):
        levels = [
            "" if record[side] is None else with_unit(number(record[side]), record["unit"], lang)
            for side in ("before", "after")
        ]
        pace = number(record["pace"]).replace("-", "−")
        sign = "" if record["pace"] < 0 else "+"
        unit = say(f"word.{'points' if record['pace_unit'] == 'points' else 'percent'}", lang)
        rows.append(
            (
                record["indicator"],
                str(record["rank"]),
                record["plan"],
                record["words"],
                f"{record['first']}–{record['last']}" + ("" if record["common_years"] else " *"),
                *levels,
                f"{sign}{pace} {unit}",
                record["differs"],
            )
        )
    columns = ("indicator", "rank", "plan", "words", "period", "before", "after", "pace", "differs")
    return Table(
        columns, tuple(rows), right=("rank", "before", "after", "pace"), optional=("words",)
    )
