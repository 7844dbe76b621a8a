"""What came of a plan: figures that were published since, of its targets or its indicators.

A file of them is a history (``history.py``) whose rows may also name a target: then the value is as
the target words it. A later plan of the same place brings them too: its base year is an outturn.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from plansim.scenarios.history import Observation, RowReader, observations, quantities
from plansim.scenarios.text import Row, read_table
from plansim.simulator import units
from plansim.simulator.accounts import Series
from plansim.simulator.circles import NOBODY, goal_lines, is_dated, lines_of
from plansim.simulator.circles import is_base as says_how_much
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.naming import entry_of, observed_path
from plansim.simulator.plan import Figure, Plan, Target, figures
from plansim.simulator.sampling import Z95, centre, quantiles

#: Columns of a file of outturns, and those that may be left out.
COLUMNS = ("quantity", "year", "value", "unit", "source")
OPTIONAL = ("subject", "measure", "sd")
#: What the file is called in the paths of faults.
TABLE = "outturns"
#: What a value is: a level, growth on the year before, or what a target reads, as it words it.
Measure = Literal["level", "growth", "worded"]
#: Why a figure settles nothing: it is of a half-year; of the base year or before; no indicator
#: reads it; it is a judgement; nothing dated stands behind it; it was read from the earlier plan,
#: or from a goal; the earlier plan means something else by it.
Reason = Literal["half", "known", "unread", "judgement", "undated", "own", "goal", "other"]


@dataclass(frozen=True, slots=True)
class Outturn:
    """One published figure of one series, in base units.

    ``target``: the id of the target that it was published for, "" where it is of the series;
    ``sd``: its error of measurement, None where nothing is known of it; ``scope``: whose industry
    it is of, where that is not the indicator's own ("all", or a tag), else "".
    """

    series: Series
    year: int
    value: float
    measure: Measure
    source: str
    sd: float | None = None
    target: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Aside:
    """A figure that settles nothing, by its path in the plan, and why."""

    path: str
    year: float
    reason: Reason
    source: str


@dataclass(frozen=True, slots=True)
class Outturns:
    """What came of a plan, and what was set aside."""

    found: tuple[Outturn, ...] = ()
    aside: tuple[Aside, ...] = ()

    def __add__(self, other: "Outturns") -> "Outturns":
        return Outturns(self.found + other.found, self.aside + other.aside)


# -- a file ----------------------------------------------------------------------------------------


def read_outturns(path: str | Path, plan: Plan) -> Outturns:
    """What a CSV file says of what came of a plan.

    Raises InputError with every fault, its line and its column.
    """
    rows = read_table(Path(path), str(path), COLUMNS, OPTIONAL)
    placed = [replace(r, columns={c: i for i, c in enumerate(r.cells, start=1)}) for r in rows]
    return outturns_of(placed, plan)


def outturns_of(rows: Sequence[Row], plan: Plan) -> Outturns:
    """The rows of such a file. Raises InputError with every fault, its line and its column."""
    targets = {target.id: target for target in plan.targets}
    faults: list[Fault] = []
    worded: list[Outturn] = []
    others: list[Row] = []
    for row in rows:
        target = targets.get(entry_of(plan, "targets", row.cells["quantity"]))
        if target is None:
            others.append(row)
        else:
            worded += _worded(row, target, plan, faults)
    seen: tuple[Observation, ...] = ()
    try:
        seen = observations(others, plan, TABLE)
    except InputError as problem:
        faults += problem.faults
    if faults:
        raise InputError(sorted(faults, key=lambda fault: fault.line))
    told = Outturns(tuple(worded))
    return sum((_observed(one, plan) for one in seen), told)


def _worded(row: Row, target: Target, plan: Plan, faults: list[Fault]) -> Iterator[Outturn]:
    """What came of one target, as it words it; faults where the row is wrong."""
    reader, before = RowReader(row, plan, faults, TABLE), len(faults)
    if target not in plan.judged:
        reader.fault("quantity", "settles_not_judged", id=target.id)
        return
    year = target.year if not row.cells["year"] else reader.year()
    if year is not None and year != target.year:
        reader.fault("year", "settles_other_year", year=target.year)
    value, sd, factor = reader.number("value"), reader.number("sd"), 1.0
    for column in ("value", "source"):
        if not row.cells[column]:
            reader.fault(column, "empty_cell")
    if sd is not None and sd <= 0:
        reader.fault("sd", "must_be_positive")
    try:
        factor = units.conversion(row.cells["unit"] or target.unit, target.unit) * target.scale
    except InputError as problem:
        reader.fault("unit", problem.faults[0].code, **problem.faults[0].fields)
    if len(faults) == before and value is not None and target.year is not None:
        yield Outturn(
            Series(target.indicator, target.cluster), target.year, value * factor, "worded",
            row.cells["source"], None if sd is None else sd * factor, target.id,
        )  # fmt: skip


def _observed(one: Observation, plan: Plan) -> Outturns:
    """A figure of an indicator, or of the quantity that an indicator reports."""
    item = (
        Series(one.quantity, one.subject)
        if one.quantity in plan.indicators
        else reported(plan, one.quantity)
    )
    reason: Reason | None = None
    if one.is_half:
        reason = "half"
    elif one.year <= plan.plan.base_year:
        reason = "known"
    elif item is None:
        reason = "unread"
    if reason is not None or item is None:
        path = observed_path(plan, one.quantity, one.subject)
        return Outturns(aside=(Aside(path, one.year, reason or "unread", one.source),))
    found = Outturn(item, int(one.year), one.value, one.measure, one.source, one.sd)
    return Outturns((found,))


def reported(plan: Plan, path: str) -> Series | None:
    """The indicator that reports a quantity just as it is, if there is one."""
    section, key, *rest = path.split(".")
    for name, indicator in plan.indicators.items():
        if indicator.measure != "account" or indicator.over or indicator.anchor or indicator.tag:
            continue
        if section == "clusters" and rest == ["output"]:
            if indicator.subjects == "clusters" and indicator.of == "output":
                return Series(name, key)
        elif indicator.of == path:
            return Series(name, "")
    return None


# -- a later plan ----------------------------------------------------------------------------------


def from_later(plan: Plan, later: Plan) -> Outturns:
    """What the base year of a later plan of the same place says of an earlier plan.

    Figures count that something published and dated stands behind: no judgement, no goal, nothing
    that was worked out from what the earlier plan itself says. Raises InputError where the other
    plan is of another place or not later.
    """
    if not follows(plan, later):
        fields = {
            "value": later.plan.id, "region": plan.plan.region, "year": plan.plan.base_year,
            "last": plan.plan.years[1],
        }  # fmt: skip
        raise InputError([Fault("settles_not_later", fields, file="--by")])
    found = Outturns()
    for path, figure in figures(later):
        if says_how_much(path):
            found += _fact(plan, later, path, figure)
    for target in later.targets:
        if target.base_value is not None and target.base_year is not None:
            found += _stated_base(plan, target)
    return found


def follows(plan: Plan, later: Plan) -> bool:
    """Whether a plan is of the same place, and its base year is a year of the earlier one."""
    first, last = plan.plan.base_year, plan.plan.years[1]
    return later.plan.region == plan.plan.region and first < later.plan.base_year <= last


def _fact(plan: Plan, later: Plan, path: str, figure: Figure) -> Outturns:
    """A base-year figure of a later plan, as an outturn of the earlier one, or set aside."""
    item, year = counterpart(plan, later, path), figure.year or later.plan.base_year
    if item is None:
        return Outturns()
    reason = _unfit(plan, later, figure)
    if reason is None and year <= plan.plan.base_year:
        reason = "known"
    if reason is not None:
        return Outturns(aside=(Aside(path, year, reason, figure.source),))
    spread = spread_of(figure)
    scope = later.totals.scope if path.startswith("totals.") else ""
    own = plan.indicators[item.indicator].scope
    return Outturns(
        (
            Outturn(
                item, year, centre(figure), "level", figure.source, spread or None,
                scope="" if scope == own else scope,
            ),
        )
    )  # fmt: skip


def _unfit(plan: Plan, later: Plan, figure: Figure) -> Reason | None:
    """Why a figure is no published outturn, None where it is."""
    parts = [part.strip() for part in figure.source.split(",")]
    if figure.origin == "goal":
        return "goal"
    if figure.origin == "judgement" or any(part in NOBODY for part in parts):
        return "judgement"
    documents = {part.partition(":")[0] for part in parts}
    if documents & set(plan.plan.documents):
        return "own"
    if not is_dated(figure, goal_lines(later)):
        return "undated"
    return "goal" if lines_of(figure.source) & goal_lines(later) else None


def counterpart(plan: Plan, later: Plan, path: str) -> Series | None:
    """What an earlier plan calls a base-year figure of a later one; None where it has no such."""
    section, key, *_ = path.split(".")
    if section == "totals":
        return _total(plan, key)
    if section == "indicators":
        same = plan.indicators.get(key)
        other = later.indicators[key]
        alike = same is not None and (same.unit, same.measure, same.of, same.over) == (
            other.unit, other.measure, other.of, other.over,
        )  # fmt: skip
        return Series(key, "") if alike else None
    own = path.removesuffix(".base")
    if own not in quantities(plan):
        return None
    if section == "clusters" and plan.clusters[key].name != later.clusters[key].name:
        return None
    return reported(plan, own)


def _total(plan: Plan, kind: str) -> Series | None:
    """The indicator that reports a total of the place: its output, its value-added rate."""
    wanted = {"output": ("output", None), "va_rate": ("value_added", "nominal_output")}.get(kind)
    for name, one in plan.indicators.items():
        plain = one.subjects == "place" and one.scope in ("all", plan.totals.scope)
        if plain and (one.of, one.over, one.tag, one.anchor) == (*(wanted or ("", "")), None, None):
            return Series(name, "")
    return None


def _stated_base(plan: Plan, target: Target) -> Outturns:
    """The base-year value that a later document states beside its goal."""
    base, year = target.base_value, target.base_year
    indicator = plan.indicators.get(target.indicator)
    if base is None or year is None or indicator is None or year <= plan.plan.base_year:
        return Outturns()
    if year > plan.plan.years[1] or target.restates:
        return Outturns()
    measure: Measure = "growth" if target.basis == "annual_growth" else "level"
    if (target.cluster and target.cluster not in plan.clusters) or target.basis == "change_vs_base":
        path = observed_path(plan, target.indicator, "")
        return Outturns(aside=(Aside(path, year, "other", target.source),))
    item = Series(target.indicator, target.cluster)
    return Outturns((Outturn(item, year, base * target.scale, measure, target.source),))


def spread_of(figure: Figure) -> float:
    """About one standard deviation of an uncertain figure; 0 where it is certain. [base units]"""
    low, high = quantiles(figure, 0.05, 0.95)
    return (high - low) / (2 * Z95)
