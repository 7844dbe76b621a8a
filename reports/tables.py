"""What the commands print: tables of text, and records for csv and json."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from reports.wording import exact, number, percent, target_name, with_unit
from scenarios.load import Source
from scenarios.rules import reach
from scenarios.table import COLUMNS
from scenarios.words import say
from simulator.plan import Figure, Plan, Scenario, Target, figures
from simulator.results import Result, Verdict
from simulator.sampling import centre


@dataclass(frozen=True, slots=True)
class Table:
    """Columns by their key in the catalogue; cells are text.

    ``right``: columns of numbers; ``optional``: columns that a narrow screen goes without, the
    first to go first.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    title: str = ""

    def without(self, column: str) -> "Table":
        """The table with one column less."""
        place = self.columns.index(column)
        rows = tuple(row[:place] + row[place + 1 :] for row in self.rows)
        columns = tuple(c for c in self.columns if c != column)
        optional = tuple(c for c in self.optional if c != column)
        return replace(self, columns=columns, rows=rows, optional=optional)


# -- list ------------------------------------------------------------------------------------------


def plan_records(plans: Iterable[Plan], lang: str) -> list[dict[str, Any]]:
    """One record a plan: id, place, base year, horizon, clusters, targets."""
    return [
        {
            "id": plan.plan.id,
            "name": plan.plan.name.in_language(lang),
            "place": plan.plan.region.in_language(lang),
            "base_year": plan.plan.base_year,
            "horizon": f"{plan.plan.years[0]}-{plan.plan.years[1]}",
            "clusters": len(plan.clusters),
            "targets": len(plan.targets),
            "judged": len(plan.judged),
        }
        for plan in plans
    ]


def as_table(records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Table:
    """Records as text, with these columns."""
    rows = tuple(tuple("" if r[c] is None else str(r[c]) for c in columns) for r in records)
    return Table(tuple(columns), rows)


# -- targets ---------------------------------------------------------------------------------------


def target_records(plan: Plan) -> list[dict[str, Any]]:
    """Every target with the columns of the contract (docs/commands.md)."""
    return [{c: getattr(t, c) for c in COLUMNS} for t in plan.targets]


def target_table(plan: Plan, lang: str) -> Table:
    """The targets at a glance: what, goal, kind, status and why not judged."""
    rows = tuple(
        (
            t.id,
            target_name(plan, t, lang),
            goal_text(t, lang),
            "" if t.year is None else str(t.year),
            say(f"status.{t.status}", lang),
            t.reason,
            t.source.replace(f"{plan.plan.id}:", ""),
        )
        for t in plan.targets
    )
    columns = ("target", "indicator", "goal", "year", "status", "reason", "source")
    return Table(columns, rows, right=("year",))


def goal_text(target: Target, lang: str) -> str:
    """A target's value as the document words it: at least 400 亿元, −16 % against 2015."""
    low, high = target.low, target.high
    if low is None and high is None:
        return ""
    first = low if low is not None else high
    assert first is not None
    values = {
        "value": with_unit(signed(first, target), target.unit, lang),
        "low": exact(first),
        "high": with_unit(exact(high if high is not None else first), target.unit, lang),
    }
    goal = say(f"comparator.{target.comparator}", lang, **values)
    return say(f"basis.{target.basis}", lang, goal=goal, base=target.base_year)


def signed(value: float, target: Target) -> str:
    text = exact(value)
    if target.basis == "change_vs_base":
        return text.replace("-", "−") if value < 0 else f"+{text}"
    return text


# -- run -------------------------------------------------------------------------------------------


def verdict_records(result: Result, lang: str) -> list[dict[str, Any]]:
    """One record a target, with the columns of the contract; words in the language asked for."""
    records = []
    for verdict in result.verdicts:
        record = {f.name: getattr(verdict, f.name) for f in fields(Verdict)}
        record["verdict"] = verdict_word(verdict.verdict, lang)
        records.append(record)
    return records


def verdict_word(code: str, lang: str) -> str:
    """The likelihood word of a verdict's code, marked where it is borderline."""
    if not code:
        return ""
    kind, _, word = code.rpartition(":")
    said = say(f"verdict.{word}", lang)
    return say("verdict.borderline", lang, word=said) if kind else said


def verdict_table(result: Result, lang: str) -> Table:
    """The judged targets: goal, simulated, probability, what it needs, what it hinges on."""
    by_id = {t.id: t for t in result.plan.targets}
    columns = [
        "target",
        "goal",
        "simulated",
        "probability",
        "verdict",
        "needs",
        "rare",
        "evidence",
        "binds",
    ]
    if lang == "zh":
        columns.insert(1, "indicator")
    rows = []
    for v in result.judged:
        target = by_id[v.target]
        rare = v.reference_percentile
        cells = {
            "target": v.target,
            "indicator": target_name(result.plan, target, lang),
            "goal": goal_text(target, lang),
            "simulated": simulated_text(v, target, lang),
            "probability": probability_text(v),
            "verdict": verdict_word(v.verdict, lang),
            "needs": "" if v.required_growth is None else percent_change(v.required_growth),
            "rare": "" if rare is None else percent(rare / 100, 1),
            "evidence": evidence_words(v.evidence, lang),
            "binds": driver_words(result.plan, v.binds, lang),
        }
        rows.append(tuple(cells[c] for c in columns))
    right = ("simulated", "probability", "needs", "rare")
    optional = ("binds", "evidence", "indicator", "rare", "needs")
    return Table(tuple(columns), tuple(rows), right=right, optional=optional)


def simulated_text(verdict: Verdict, target: Target, lang: str) -> str:
    """The median with the 5 % and 95 % quantiles: 91.4 (40.8 … 194) 亿元."""
    middle, low, high = (
        "?" if q is None else number(q).replace("-", "−")
        for q in (verdict.p50, verdict.p05, verdict.p95)
    )
    return with_unit(f"{middle} ({low} … {high})", target.unit, lang)


def probability_text(verdict: Verdict) -> str:
    """The probability with half its simulation interval in points: 40% ±0.8."""
    p, low, high = verdict.probability, verdict.prob_low, verdict.prob_high
    if p is None or low is None or high is None:
        return ""
    return f"{percent(p)} ±{50 * (high - low):.1f}"


def percent_change(growth: float) -> str:
    return f"{100 * growth:+.1f}%".replace("-", "−")


def evidence_words(evidence: str, lang: str) -> str:
    if not evidence:
        return ""
    grade, share = evidence.split(" ")
    return f"{say(f'evidence.{grade}', lang)} {share}"


def driver_words(plan: Plan, driver: str, lang: str) -> str:
    """A driver's path in words: trend of output of Robotics."""
    if not driver:
        return ""
    if driver.startswith("luck/"):
        return say("driver.luck", lang, what=_quantity_words(plan, driver.split("/", 2)[2], lang))
    section, _, rest = driver.partition(".")
    if section == "programmes":
        key, _, part = rest.partition(".")
        what = plan.programmes[key].name.in_language(lang)
        names = {
            "coverage.depth": "depth",
            "coverage.delay": "delay",
            "additional": "additional",
        }
        kind = names.get(part) or ("effect" if part.startswith("effects") else "projects")
        return say(f"driver.{kind}", lang, what=what)
    for ending, kind in (
        (".trend.rate", "trend"),
        (".trend.ceiling", "ceiling"),
        (".base", "base"),
    ):
        if driver.endswith(ending):
            what = _quantity_words(plan, driver.removesuffix(ending), lang)
            return say(f"driver.{kind}", lang, what=what)
    if driver == "totals.output":
        what = (
            plan.indicators["total_output"].name.in_language(lang)
            if "total_output" in plan.indicators
            else driver
        )
        return say("driver.base", lang, what=what)
    return say("driver.other", lang, what=driver)


def _quantity_words(plan: Plan, path: str, lang: str) -> str:
    section, _, rest = path.partition(".")
    if section == "clusters":
        cluster, _, kind = rest.partition(".")
        return say(f"quantity.{kind}", lang, cluster=plan.clusters[cluster].name.in_language(lang))
    if section == "prices":
        return say(f"quantity.prices_{rest}", lang)
    name = plan.city[rest].name
    return rest.replace("_", " ") if name is None else name.in_language(lang)


# -- show ------------------------------------------------------------------------------------------


def figure_text(figure: Figure | None, lang: str, scale: float = 1.0) -> str:
    """A figure's median and, where it is uncertain, its reach (all but 1 in 1,000 either way)."""
    if figure is None:
        return say("show.rest", lang)
    low, high = reach(figure)
    middle = number(scale * centre(figure))
    return middle if low == high else f"{middle} ({number(scale * low)} … {number(scale * high)})"


def cluster_table(plan: Plan, lang: str) -> Table:
    """Clusters with their baselines, growth and provenance."""
    rows = []
    for cluster in plan.clusters.values():
        base = cluster.output.base
        rows.append(
            (
                cluster.name.in_language(lang),
                figure_text(base, lang),
                figure_text(cluster.va_rate.base, lang, 100),
                figure_text(cluster.output.trend.rate, lang, 100),
                "" if base is None else say(f"origin.{base.origin}", lang),
                "" if base is None else base.why or base.source,
            )
        )
    columns = ("cluster", "output_base", "va_rate_base", "growth", "origin", "why")
    title = say("show.clusters", lang, year=plan.plan.base_year)
    return Table(columns, tuple(rows), title=title)


def total_table(plan: Plan, lang: str) -> Table:
    """The totals that every draw reproduces."""
    named: list[tuple[str, Figure, float]] = [
        (say("show.total_output", lang), plan.totals.output, 1.0),
        (say("show.total_va_rate", lang), plan.totals.va_rate, 100.0),
    ]
    named += [
        (say("show.share", lang, tag=tag), figure, 100.0)
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
            bracket = (
                "" if unit in ("1", "index") else f"［{unit}］" if lang == "zh" else f" [{unit}]"
            )
            named.append((name + bracket, quantity.base, 100.0 if share else 1.0))
    return _base_table(named, say("show.quantities", lang), lang)


def _base_table(named: Sequence[tuple[str, Figure, float]], title: str, lang: str) -> Table:
    rows = tuple(
        (name, figure_text(f, lang, scale), say(f"origin.{f.origin}", lang), f.source)
        for name, f, scale in named
    )
    return Table(("name", "base", "origin", "source"), rows, title=title)


def programme_table(plan: Plan, lang: str) -> Table:
    """Programmes: schedule, planned units, cost, and what they move."""
    rows = []
    for programme in plan.programmes.values():
        steps = ", ".join(
            f"{year}: {percent(share)}" for year, share in programme.coverage.path.items()
        )
        moves = [*(e.on for e in programme.effects), *(f"+{c}" for c in programme.projects)]
        moves += [f"−{c}" for c in programme.closures]
        rows.append(
            (
                programme.name.in_language(lang),
                str(programme.coverage.start),
                steps,
                "" if programme.units is None else number(centre(programme.units)),
                ""
                if programme.cost is None
                else with_unit(number(centre(programme.cost), 4), "亿元", lang),
                ", ".join(moves),
            )
        )
    columns = ("programme", "start", "reaches", "units", "cost", "effects")
    return Table(columns, tuple(rows), right=("units", "cost"), title=say("show.programmes", lang))


def scenario_table(source: Source, lang: str) -> Table:
    rows = tuple(
        (key, scenario.name.in_language(lang), scenario.extends or "", _settings(scenario))
        for key, scenario in source.scenarios.items()
    )
    title = say("show.scenarios", lang)
    return Table(("scenario", "name", "extends", "sets"), rows, title=title)


def _settings(scenario: Scenario) -> str:
    return ", ".join(scenario.set)


def assumption_table(plan: Plan, lang: str) -> Table:
    """What the document leaves open, and what else it can be read as."""
    rows = []
    for f in fields(plan.assumptions):
        value = getattr(plan.assumptions, f.name)
        options = ", ".join(plan.assumptions.OPTIONS.get(f.name, ()))
        text = figure_text(value, lang) if isinstance(value, Figure) else value.value
        rows.append((f.name, text, options, value.why))
    columns = ("assumption", "value", "options", "why")
    return Table(columns, tuple(rows), title=say("show.assumptions", lang))


def figure_records(plan: Plan) -> list[dict[str, Any]]:
    """Every figure of a plan with its value in base units and its provenance."""
    return [
        {
            "path": path,
            "median": centre(figure),
            "low": reach(figure)[0],
            "high": reach(figure)[1],
            "unit": figure.unit,
            "year": figure.year,
            "origin": figure.origin,
            "source": figure.source,
            "why": figure.why,
        }
        for path, figure in figures(plan)
    ]
