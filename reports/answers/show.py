"""One plan at a glance: clusters, totals, programmes, scenarios, assumptions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from plansim.calibration.requirements import Requirement, requirements
from plansim.reports.tables import Answer, Table
from plansim.reports.words.circles import reason_text
from plansim.reports.words.verdicts import (
    class_text,
    percent_change,
    precedent_text,
    rarity_text,
)
from plansim.reports.words.wording import (
    Stating,
    quantity_called,
    source_text,
    switch_text,
    target_called,
    target_name,
    unit_text,
)
from plansim.scenarios.load import Source, assemble, is_library, load_library, read_source
from plansim.simulator import units
from plansim.simulator.circles import ReadBack, read_back
from plansim.simulator.conversion import as_written
from plansim.simulator.naming import name_of
from plansim.simulator.plan import Figure, Plan, Programme, figures, in_language
from plansim.simulator.rules import unit_of
from plansim.simulator.sampling import centre, quantiles
from plansim.simulator.schema import choices_at
from plansim.words.amounts import number, percent, with_unit
from plansim.words.catalogue import say
from plansim.words.statements import goal_text


def ask(name: str, scenario: str, settings: Sequence[str], lang: str) -> Answer:
    """A plan under a scenario, or a library of programmes."""
    if is_library(name):
        library = load_library(name)
        tables = [programme_table(library, lang), quota_table(library, lang)]
        return Answer(figure_records(library, lang), tables)
    source = read_source(name)
    plan = assemble(source, scenario, settings)
    found, required = read_back(plan, {}), requirements(plan)
    shown = (
        cluster_table(plan, lang),
        total_table(plan, lang),
        quantity_table(plan, lang),
        programme_table(plan, lang),
        quota_table(plan, lang),
        scenario_table(source, lang),
        assumption_table(plan, lang),
        circle_table(plan, found, lang),
        requirement_table(plan, required, lang),
    )
    tables = [table for table in shown if table.rows]
    return Answer(figure_records(plan, lang, found), tables, below=classless(plan, required, lang))


def figure_text(figure: Figure | None, lang: str, scale: float = 1.0) -> str:
    """A figure's median and, where it is uncertain, its 5 % and 95 % quantiles."""
    if figure is None:
        return say("show.rest", lang)
    low, high = quantiles(figure, 0.05, 0.95)
    middle = number(scale * centre(figure))
    return middle if low == high else f"{middle} ({number(scale * low)} … {number(scale * high)})"


def cluster_table(plan: Plan, lang: str) -> Table:
    """Clusters with their baselines, growth and provenance."""
    rows = []
    for cluster in plan.clusters.values():
        base, growth = cluster.output.base, cluster.output.trend.rate
        rows.append(
            (
                cluster.name.in_language(lang),
                figure_text(base, lang),
                figure_text(cluster.va_rate.base, lang, 100),
                figure_text(cluster.output.trend.rate, lang, 100),
                say(f"origin.{(base or growth).origin}", lang),
                in_language((base or growth).why, lang)
                or source_text((base or growth).source, lang),
            )
        )
    columns = ("cluster", "output_base", "va_rate_base", "growth", "origin", "why")
    title = say("show.clusters", lang, year=plan.plan.base_year)
    return Table(columns, tuple(rows), title=title)


def total_table(plan: Plan, lang: str) -> Table:
    """The totals that every draw reproduces."""
    named: list[tuple[str, Figure, float]] = [
        (name_of(plan, "totals.output", lang), plan.totals.output, 1.0),
        (name_of(plan, "totals.va_rate", lang), plan.totals.va_rate, 100.0),
    ]
    named += [
        (name_of(plan, f"totals.shares.{tag}", lang), figure, 100.0)
        for tag, figure in plan.totals.shares.items()
    ]
    return _base_table(named, say("show.totals", lang), lang)


def quantity_table(plan: Plan, lang: str) -> Table:
    """The city's own quantities; what lies between 0 and 1 is shown in per cent."""
    named: list[tuple[str, Figure, float]] = []
    for key, quantity in plan.city.items():
        if quantity.base is not None:
            name = key if quantity.name is None else quantity.name.in_language(lang)
            share = quantity.link == "logit"
            unit = "%" if share else quantity.base.unit
            bare, shown = unit in ("1", "index", "count"), unit_text(unit, lang)
            bracket = "" if bare else f"［{shown}］" if lang == "zh" else f" [{shown}]"
            named.append((name + bracket, quantity.base, 100.0 if share else 1.0))
    return _base_table(named, say("show.quantities", lang), lang)


def _base_table(named: Sequence[tuple[str, Figure, float]], title: str, lang: str) -> Table:
    rows = tuple(
        (
            name,
            figure_text(f, lang, scale),
            say(f"origin.{f.origin}", lang),
            source_text(f.source, lang),
        )
        for name, f, scale in named
    )
    return Table(("name", "base", "origin", "source"), rows, title=title)


def _shown_unit(plan: Plan, city: str) -> float:
    """The size of the unit in which a quantity of the city is reported, in base units."""
    for indicator in plan.indicators.values():
        if indicator.of == f"city.{city}" and indicator.over is None:
            return units.parse(indicator.unit).factor
    return 1.0


def programme_table(plan: Stating, lang: str) -> Table:
    """Programmes: schedule, planned units, cost, and what they move."""
    rows = []
    for programme in plan.programmes.values():
        start, steps = delivery_cells(programme, lang)
        rows.append(
            (
                programme.name.in_language(lang),
                start,
                steps,
                "" if programme.units is None else number(centre(programme.units)),
                ""
                if programme.cost is None
                else with_unit(number(centre(programme.cost), 4), "亿元", lang),
                ("；" if lang == "zh" else "; ").join(moved_by(plan, programme, lang)),
            )
        )
    columns = ("programme", "start", "reaches", "units", "cost", "effects")
    return Table(columns, tuple(rows), right=("units", "cost"), title=say("show.programmes", lang))


def moved_by(plan: Stating, programme: Programme, lang: str) -> Iterator[str]:
    """What a programme moves: quantities; + output of its projects, − closures, (recognised)."""
    yield from (quantity_called(plan, effect.on, lang) for effect in programme.effects)
    for form, clusters in (
        ("+{}", programme.projects), ("−{}", programme.closures), ("({})", programme.recognised)
    ):  # fmt: skip
        yield from (form.format(quantity_called(plan, f"clusters.{c}", lang)) for c in clusters)


def delivery_cells(programme: Programme, lang: str) -> tuple[str, str]:
    """When a programme begins, and its way: a schedule's shares by year, or a queue's stages."""
    if programme.coverage is not None:
        path = programme.coverage.path.items()
        shares = ", ".join(f"{year}: {percent(share)}" for year, share in path)
        return str(programme.coverage.start), shares
    queue = programme.queue
    assert queue is not None
    named = (s.name.in_language(lang) if s.name else key for key, s in queue.stages.items())
    return str(queue.start), " → ".join(named)


def quota_table(plan: Stating, lang: str) -> Table:
    """What comes every year, and the servers that programmes share."""
    rows = [
        (
            name_of(plan, f"quotas.{key}.amount", lang),
            figure_text(quota.amount, lang, money(quota.amount)[0]),
            unit_text(money(quota.amount)[1], lang),
            say(f"unspent.{quota.unspent}", lang),
            source_text(quota.amount.source, lang),
        )
        for key, quota in plan.quotas.items()
    ]
    rows += [
        (
            name_of(plan, f"offices.{key}.servers", lang),
            figure_text(office.servers, lang),
            "",
            "",
            "",
        )
        for key, office in plan.offices.items()
    ]
    columns = ("name", "value", "unit", "unspent", "source")
    return Table(columns, tuple(rows), right=("value",), title=say("show.shared", lang))


def money(figure: Figure) -> tuple[float, str]:
    """Small sums are read in 万元."""
    if figure.unit == "亿元/year" and centre(figure) < 1:
        return 1e4, "万元/year"
    return 1.0, figure.unit


def scenario_table(source: Source, lang: str) -> Table:
    rows = tuple(
        (
            key,
            scenario.name.in_language(lang),
            ""
            if scenario.extends is None
            else source.scenarios[scenario.extends].name.in_language(lang),
            str(len(scenario.set) or ""),
        )
        for key, scenario in source.scenarios.items()
    )
    title = say("show.scenarios", lang)
    return Table(("scenario", "name", "extends", "sets"), rows, right=("sets",), title=title)


def assumption_table(plan: Plan, lang: str) -> Table:
    """What the document leaves open, and what else it can be read as."""
    rows = []
    for f in fields(plan.assumptions):
        value = getattr(plan.assumptions, f.name)
        path = f"assumptions.{f.name}"
        options = (switch_text(each, lang) for each in choices_at(f"{path}.value"))
        joined = ("；" if lang == "zh" else "; ").join(options)
        figure = isinstance(value, Figure)
        text = figure_text(value, lang) if figure else switch_text(value.value, lang)
        rows.append((name_of(plan, path, lang), text, joined, in_language(value.why, lang)))
    columns = ("assumption", "value", "options", "why")
    return Table(columns, tuple(rows), title=say("show.assumptions", lang))


def circle_table(plan: Plan, found: Mapping[str, ReadBack], lang: str) -> Table:
    """Figures that were read from goals, why, and how many judged targets rest on them."""
    rows = [
        (
            name_of(plan, path, lang),
            reason_text(plan, read, lang),
            str(len(read.targets)),
        )
        for path, read in found.items()
    ]
    columns, title = ("name", "circular", "touched"), say("show.circles", lang)
    return Table(columns, tuple(rows), right=("touched",), title=title)


def requirement_table(plan: Plan, found: Sequence[Requirement], lang: str) -> Table:
    """What targets require of their base, before anything is simulated."""
    rows = [
        (
            target_called(plan, each.target, lang),
            goal_text(each.target, lang),
            say(f"owner.{each.target.owner}", lang),
            "" if each.growth is None else percent_change(each.growth),
            precedent_text(plan, each.target, each.precedent, lang),
            "" if each.precedent is None else class_text(each.precedent, lang),
            rarity_text(each.rarity),
        )
        for each in found
        if each.rarity is not None or each.precedent is not None
    ]
    columns = ("target", "goal", "owner", "needs", "chinese", "class", "rare")
    title = say("show.requirements", lang)
    return Table(columns, tuple(rows), right=("needs", "chinese", "rare"), title=title)


def classless(plan: Plan, found: Sequence[Requirement], lang: str) -> list[str]:
    """How the classes are to be read, and how many outcomes no class speaks of."""
    outcomes = [e for e in found if e.target.kind == "outcome" and not e.target.restates]
    silent = [e for e in outcomes if e.rarity is None and e.precedent is None]
    said = [say("precedent.read", lang)] if any(e.precedent for e in found) else []
    if silent:
        join = "、" if lang == "zh" else ", "
        names = dict.fromkeys(target_name(plan, e.target, lang) for e in silent)
        shown = {"number": len(silent), "total": len(outcomes), "list": join.join(names)}
        said.append(say("precedent.silent", lang, **shown))
    return said


def figure_records(
    plan: Stating, lang: str, found: Mapping[str, ReadBack] | None = None
) -> list[dict[str, Any]]:
    """Every figure of a plan with its value in base units, its provenance, and its median as
    files write it: ``value`` in ``value_unit``, which is what ``--set`` takes.

    ``found``: the figures that were read from goals (``circles.py``).
    """
    codes = {path: read.code for path, read in (found or {}).items()}
    return [
        {
            "path": path,
            "median": centre(figure),
            "p05": quantiles(figure, 0.05)[0],
            "p95": quantiles(figure, 0.95)[0],
            "unit": figure.unit,
            "year": figure.year,
            "origin": figure.origin,
            "source": figure.source,
            "why": in_language(figure.why, lang),
            "circle": codes.get(path, ""),
            "name": name_of(plan, path, lang),
            "value": centre(written),
            "value_unit": written.unit,
        }
        for path, figure in figures(plan)
        for written in [as_written(figure, path, unit_of(plan, path, figure))]
    ]
