"""The board of a run, for a notebook: one row a judged target, in the order of the document."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Protocol

from plansim.simulator.naming import name_of
from plansim.simulator.plan import Plan
from plansim.words.amounts import number, percent, with_unit
from plansim.words.catalogue import say
from plansim.words.statements import goal_text, verdict_word

#: Columns, by their names in the catalogue; the last two are numbers.
COLUMNS = ("target", "goal", "verdict", "simulated", "probability")
CELL = "text-align:{side};padding:2px 10px;vertical-align:top"


class Judgement(Protocol):
    """What a row is made of: ``results.Verdict``."""

    @property
    def target(self) -> str: ...
    @property
    def verdict(self) -> str: ...
    @property
    def probability(self) -> float | None: ...
    @property
    def p05(self) -> float | None: ...
    @property
    def p50(self) -> float | None: ...
    @property
    def p95(self) -> float | None: ...


class Asked(Protocol):
    """What was asked for: ``results.Settings``."""

    @property
    def draws(self) -> int: ...
    @property
    def seed(self) -> int: ...


class Judged(Protocol):
    """A judged plan: ``results.Result``."""

    @property
    def plan(self) -> Plan: ...
    @property
    def settings(self) -> Asked: ...
    @property
    def judged(self) -> Sequence[Judgement]: ...


def board(result: Judged, lang: str) -> str:
    """A table of html that needs nothing beside it."""
    heads = "".join(_cell("th", say(f"column.{key}", lang), key) for key in COLUMNS)
    rows = "".join(f"<tr>{''.join(_cells(result, v, lang))}</tr>" for v in result.judged)
    plan, settings = result.plan.plan, result.settings
    title = say(
        "report.title",
        lang,
        plan=plan.name.in_language(lang),
        scenario=result.plan.scenario_in(lang),
    )
    about = say(
        "report.meta", lang, region=plan.region.in_language(lang), first=plan.years[0],
        last=plan.years[1], draws=settings.draws, seed=settings.seed,
    )  # fmt: skip
    return (
        f'<div lang="{lang}"><p><strong>{escape(title)}</strong><br>{escape(about)}</p>'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cells(result: Judged, verdict: Judgement, lang: str) -> Iterator[str]:
    target = next(t for t in result.plan.targets if t.id == verdict.target)
    ends = [number(q).replace("-", "−") if q is not None else "?" for q in _quantiles(verdict)]
    words = (
        name_of(result.plan, f"targets.{verdict.target}", lang),
        goal_text(target, lang),
        verdict_word(verdict.verdict, lang),
        with_unit(f"{ends[1]} ({ends[0]} … {ends[2]})", target.unit, lang),
        percent(verdict.probability or 0.0),
    )
    return (_cell("td", text, key) for key, text in zip(COLUMNS, words, strict=True))


def _quantiles(verdict: Judgement) -> tuple[float | None, float | None, float | None]:
    return verdict.p05, verdict.p50, verdict.p95


def _cell(tag: str, text: str, key: str) -> str:
    side = "right" if key in COLUMNS[-2:] else "left"
    return f'<{tag} style="{CELL.format(side=side)}">{escape(text)}</{tag}>'
