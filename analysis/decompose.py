"""Where a change since the base year comes from, in every future: energy, water, output.

Energy per value added I = E / V of a place, with output Y, clusters c and real value added V:

    I = Σ_c (Y / V) · (Y_c / Y) · e_c       E = V · I

so that I changes through the value-added rate (V / Y), structure (Y_c / Y), technology (e_c without
programmes) and programmes (what they take off e_c), and E through activity (V) as well: LMDI, exact
in every future. Output is a sum: organic (without programmes), effects (of programmes on it),
projects, closures, recognised firms, prices: its parts are differences.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from plansim.analysis.lmdi import decompose
from plansim.simulator.accounts import WAN, Accounts, Series
from plansim.simulator.dynamics import from_link, to_link
from plansim.simulator.errors import InputError
from plansim.simulator.executors import Threads
from plansim.simulator.feasibility import Goal
from plansim.simulator.future import LUCKS, draw_parameters, simulate_block
from plansim.simulator.model import Model
from plansim.simulator.plan import Indicator, Plan
from plansim.simulator.run import BLOCKS, Job, check_arguments, jobs
from plansim.simulator.sampling import Array

#: Share of futures in the middle, by their total change, that stand for the median.
MIDDLE = 0.1
#: What an output may be counted in, and whether prices are in it and firms newly counted.
OUTPUTS = ("output", "nominal_output", "real_output", "activity")
USE = ("activity", "structure", "va_rate", "technology", "programmes")
OUTPUT = ("organic", "effects", "projects", "closures", "recognised", "prices")
#: What is not in an account of output.
LACKING = {"real_output": ("prices",), "activity": ("recognised", "prices")}
KINDS = ("lmdi", "output")


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one indicator, or of the use behind it, since the base year.

    ``name``: the target's id, or the account's; ``base``, ``year``: positions on the year axis.
    ``use``: the total used, not its ratio to value added. ``percent``: of the base level, else in
    base units.
    """

    name: str
    item: Series
    base: int
    year: int
    use: bool
    percent: bool


@dataclass(frozen=True, slots=True)
class Decomposition:
    """One change taken apart. ``factors`` without those that do not apply.

    ``middle``: means over the middle tenth of futures by total change [(factor + total,)], so they
    add up exactly; ``low``, ``high``: 5 % and 95 % of futures, factor by factor. ``residual``: the
    largest absolute difference between the total and the sum of parts in any future.
    """

    change: Change
    factors: tuple[str, ...]
    middle: Array
    low: Array
    high: Array
    median: float
    residual: float


def changes(plan: Plan, kind: str, wanted: Sequence[str] = ()) -> tuple[Change, ...]:
    """What can be taken apart: one for every indicator and year of a judged target.

    ``wanted``: ids of targets, all if none. Raises InputError where none of them is of the kind.
    """
    found: dict[tuple[Series, int, int, bool], Change] = {}
    for target in plan.judged:
        indicator = plan.indicators[target.indicator]
        goal = Goal.of(target, plan)
        item = Series(target.indicator, target.cluster)
        if wanted and target.id not in wanted:
            continue
        fits = _is_use(indicator) if kind == "lmdi" else _is_output(indicator)
        if not fits or (item, goal.base, goal.year, False) in found:
            continue
        found[item, goal.base, goal.year, False] = Change(
            target.id, item, goal.base, goal.year, False, kind == "lmdi"
        )
    if kind == "lmdi":
        for item, base, year, _ in list(found):
            used = plan.indicators[item.indicator].of.removeprefix("city.")
            found[item, base, year, True] = Change(used, item, base, year, True, True)
    if not found:
        raise InputError.of("nothing_to_split", "--of", value=plan.plan.id, what=kind)
    return tuple(found.values())


def _is_use(indicator: Indicator) -> bool:
    """Energy, water, or a quantity of the place, per real value added of the place."""
    used = indicator.of in ("energy", "water") or indicator.of.startswith("city.")
    return indicator.measure == "account" and used and indicator.over == "real_value_added"


def _is_output(indicator: Indicator) -> bool:
    plain = indicator.measure == "account" and indicator.over is None and indicator.tag is None
    return plain and indicator.of in OUTPUTS and indicator.anchor is None


def decomposed(
    plan: Plan,
    kind: str = "lmdi",
    wanted: Sequence[str] = (),
    draws: int = 2000,
    seed: int = 1,
    workers: int = 1,
    progress: Callable[[int], object] | None = None,
) -> tuple[Decomposition, ...]:
    """Take every change of a kind apart, over the futures of a run.

    Raises InputError where there is nothing of the kind, and for arguments out of range.
    """
    asked = changes(plan, kind, wanted)
    check_arguments(plan, draws, seed, "independent", (), workers, BLOCKS[-1])
    model = Model.of(plan)
    parts: list[list[Array]] = [[] for _ in asked]
    for job, found in _blocks(model, asked, jobs(draws, seed, 1024, selective=False), workers):
        for place, rows in enumerate(found):
            parts[place].append(rows)
        if progress is not None:
            progress(job.size)
    return tuple(
        summary(change, factors_of(plan, change), np.concatenate(rows, axis=-1))
        for change, rows in zip(asked, parts, strict=True)
    )


def _blocks(
    model: Model, asked: Sequence[Change], work: Iterator[Job], workers: int
) -> Iterator[tuple[Job, list[Array]]]:
    def of_job(job: Job) -> tuple[Job, list[Array]]:
        return job, list(_of_job(model, asked, job))

    return Threads(workers)(of_job, work)


def _of_job(model: Model, asked: Sequence[Change], job: Job) -> Iterator[Array]:
    common = draw_parameters(model, job.block)
    lives = [simulate_block(model, common, job.block, luck, keep=False).future for luck in LUCKS]
    for change in asked:
        yield np.concatenate(
            [parts(future.accounts, change)[:, : job.size] for future in lives], axis=-1
        )


def factors_of(plan: Plan, change: Change) -> tuple[str, ...]:
    """The factors that a change can have."""
    indicator = plan.indicators[change.item.indicator]
    if not _is_use(indicator):
        return tuple(name for name in OUTPUT if name not in LACKING.get(indicator.of, ()))
    whole = indicator.of.startswith("city.")  # not known by cluster
    left = {"activity": not change.use, "structure": whole}
    return tuple(name for name in USE if not left.get(name))


def parts(accounts: Accounts, change: Change) -> Array:
    """What each factor brings, and the whole as it is measured. [(factor + total, draw)]"""
    indicator = accounts.plan.indicators[change.item.indicator]
    found = (_used if _is_use(indicator) else _made)(accounts, change, indicator)
    names = factors_of(accounts.plan, change)
    return np.stack([*(found[name] for name in names), found["total"]])


def _scope(accounts: Accounts, indicator: Indicator) -> Array:
    """The weight with which each cluster is in an indicator's scope. [(cluster, draw) or 1]"""
    wide = accounts.plan.assumptions.scope.value != "as_worded"
    if wide or indicator.scope == "all":
        return np.ones((len(accounts.layout.clusters), 1))
    return accounts.baseline.weights[indicator.scope]


def _used(accounts: Accounts, change: Change, indicator: Indicator) -> dict[str, Array]:
    """Energy or another use, or its ratio to value added: parts in shares of the base level."""
    ends = [change.base, change.year]
    weight = _scope(accounts, indicator)
    made = accounts.real_output[ends] * weight  # [(end, cluster, draw)]
    whole = made.sum(axis=1)
    added = (accounts.real_value_added[ends] * weight).sum(axis=1)
    if indicator.of.startswith("city."):
        names, made, weight = [indicator.of], whole[:, None], np.ones((1, 1))
        each = accounts.quantity(indicator.of)[ends][:, None] / made
    else:
        kind = indicator.of
        names = [f"clusters.{cluster}.{kind}" for cluster in accounts.layout.clusters]
        each = WAN * accounts.levels[ends][:, accounts.layout.kind(kind)]
    induced = np.stack([_induced(accounts, name, ends) for name in names])  # [(cluster, draw)]
    used = made * each
    value = used if change.use else used / added[:, None]
    logs = {
        "va_rate": _log(whole / added),
        "structure": _log(made / whole[:, None]),
        "technology": _log(each) - induced,
        "programmes": induced,
    }
    if change.use:
        logs["activity"] = _log(added)
    base = value[0].sum(axis=0)
    found = {name: part / base for name, part in decompose(value[0], value[1], logs).items()}
    return found | {"total": value[1].sum(axis=0) / base - 1}


def _log(ends: Array) -> Array:
    """ln(after / before). [(…, draw)]"""
    return np.asarray(np.log(ends[1]) - np.log(ends[0]))


def _induced(accounts: Accounts, name: str, ends: Sequence[int]) -> Array:
    """The log change of a quantity's level that programmes make between two years. [(draw,)]"""
    level = accounts.quantity(name)[list(ends)]
    unmoved = _unmoved(accounts, name)[list(ends)]
    return _log(level) - _log(unmoved)


def _unmoved(accounts: Accounts, name: str) -> Array:
    """A quantity's path without what programmes do to it. [(year, draw)]"""
    level = accounts.quantity(name)
    if name not in accounts.moves.paths:
        return level
    quantity = accounts.layout.quantities[name]
    z = np.array(to_link(quantity, level), dtype=float) - accounts.moves.paths[name]
    return from_link(quantity, z)


def _made(accounts: Accounts, change: Change, indicator: Indicator) -> dict[str, Array]:
    """Output: parts in base units; they are differences of sums over clusters."""
    weight = _scope(accounts, indicator)
    rows = range(len(accounts.layout.clusters))
    if change.item.subject:
        only = accounts.layout.clusters.index(change.item.subject)
        rows = range(only, only + 1)
        weight = np.ones((len(accounts.layout.clusters), 1))
    sums: dict[str, Array] = {}

    def add(name: str, path: Array, row: int) -> None:
        own = weight[row] * path
        sums[name] = sums[name] + own if name in sums else own

    for row in rows:
        cluster = accounts.layout.clusters[row]
        name = f"clusters.{cluster}.output"
        organic, unmoved = accounts.quantity(name), _unmoved(accounts, name)
        none = np.zeros_like(organic)
        add("organic", unmoved, row)
        add("effects", organic - unmoved, row)
        add("closures", -organic * (1 - accounts.moves.open_share.get(cluster, none + 1)), row)
        add("projects", none + accounts.moves.added.get(cluster, none), row)
        if indicator.of != "activity":
            add("recognised", none + accounts.moves.recognised.get(cluster, none), row)
        real = accounts.real_output[:, row]
        priced = accounts.of(indicator.of)[:, row]
        add(
            "prices",
            priced - (accounts.activity[:, row] if indicator.of == "activity" else real),
            row,
        )
    found = {name: path[change.year] - path[change.base] for name, path in sums.items()}
    whole = _level(accounts, change, indicator)
    return found | {"total": whole[change.year] - whole[change.base]}


def _level(accounts: Accounts, change: Change, indicator: Indicator) -> Array:
    """The output itself, as the indicator has it. [(year, draw)]"""
    if change.item.subject:
        return accounts.of(indicator.of)[:, accounts.layout.clusters.index(change.item.subject)]
    wide = accounts.plan.assumptions.scope.value != "as_worded"
    return accounts.summed(indicator.of, "all" if wide else indicator.scope)


def summary(change: Change, factors: tuple[str, ...], rows: Array) -> Decomposition:
    """Futures [(factor + total, future)] → the middle ones on average, and the spread of all."""
    total = rows[-1]
    order = np.argsort(total, kind="stable")
    left = int(len(order) * (1 - MIDDLE) / 2)
    middle = rows[:, order[left : len(order) - left]].mean(axis=1)
    low, high = np.quantile(rows, (0.05, 0.95), axis=1)
    residual = float(np.abs(rows[:-1].sum(axis=0) - total).max())
    return Decomposition(change, factors, middle, low, high, float(np.median(total)), residual)
