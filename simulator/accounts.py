"""Eq. 6 to 12: quantities → accounts → indicators. Identities only, nothing random but Eq. 10.

Sum first, divide last. Arrays have the axes year, cluster, draw; indicators year, draw.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from plansim.simulator.baseline import Baseline
from plansim.simulator.coverage import Delivery
from plansim.simulator.dynamics import Moves
from plansim.simulator.errors import InputError
from plansim.simulator.layout import Layout
from plansim.simulator.memo import by_value, in_use, named, result_of
from plansim.simulator.plan import Indicator, Plan
from plansim.simulator.queues import Value
from plansim.simulator.sampling import Array, Block

Counts = NDArray[np.uint32]
#: The accounts that an indicator can be made of, beside ``city.*`` quantities.
ACCOUNTS = (
    "output", "nominal_output", "real_output", "activity", "revenue",
    "value_added", "real_value_added", "energy", "water", "employment",
)  # fmt: skip
#: 万元 in one 亿元.
WAN = 1e4
#: Arrivals of firms that are counted together.
FEW = 8


Sum = Callable[["Accounts", Sequence[str]], Array]


class account:  # noqa: N801  # it is written like ``property``
    """An account of ``Accounts``, worked out when first asked for."""

    def __init__(self, work: Callable[["Accounts"], Array]) -> None:
        self.work = work
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, accounts: None, owner: type) -> "account": ...

    @overload
    def __get__(self, accounts: "Accounts", owner: type) -> Array: ...

    def __get__(self, accounts: "Accounts | None", owner: type) -> "Array | account":
        return self if accounts is None else accounts.once(self.work)


@named
@dataclass(slots=True)
class Accounts:
    """The accounts of one future per draw, each worked out when first asked for.

    ``levels`` [(year, quantity, draw)] and ``moves`` are what ``dynamics`` gives, in the years of
    ``layout``, which may be some of those of the plan. With a memo in use all of them note what is
    read of them, and ``source`` says which accounts these are. There are no attributes of their own
    to keep a result in: it would be there when what it rests on is new.
    """

    plan: Plan
    layout: Layout
    p: Mapping[str, Value]
    levels: Array
    baseline: Baseline
    moves: Moves
    source: str = ""
    _known: dict[tuple[Any, ...], Array] = field(default_factory=dict)

    def quantity(self, path: str) -> Array:
        """One quantity's path. [(year, draw)]"""
        return self.levels[:, self.layout.rows[path]]

    @account
    def activity(self) -> Array:
        """Eq. 5: organic output less closures, plus projects. [亿元, base prices]

        What is really made by those whom the statistics held in the base year.
        """
        organic = self.levels[:, self.layout.kind("output")]
        open_share, added = self.moves.open_share, self.moves.added
        if not open_share and not added:
            return organic
        made = organic.copy()
        for row, cluster in enumerate(self.layout.clusters):
            if cluster in open_share:
                made[:, row] *= open_share[cluster]
            if cluster in added:
                made[:, row] += added[cluster]
        return made

    @account
    def real_output(self) -> Array:
        """Eq. 5: as measured, with firms that entered the statistics. [亿元, base prices]"""
        if not self.moves.recognised:
            return self.activity
        measured = self.activity.copy()
        for row, cluster in enumerate(self.layout.clusters):
            if cluster in self.moves.recognised:
                measured[:, row] += self.moves.recognised[cluster]
        return measured

    @property
    def price(self) -> Array:
        """Output price of the place's industry, base year = 1. [(year, 1, draw)]"""
        return self.quantity("prices.output")[:, None]

    @account
    def nominal_output(self) -> Array:
        return self.real_output * self.price

    @property
    def read_in(self) -> str:
        """The account in the prices that the plan's levels are read in (an assumption)."""
        current = self.plan.assumptions.output_prices.value == "current"
        return "nominal_output" if current else "real_output"

    @property
    def output(self) -> Array:
        """Output in the prices that the plan's levels are read in. [亿元]"""
        return self.of(self.read_in)

    @property
    def revenue_ratio(self) -> Value:
        """Sales revenue over nominal output of the place. [(year, draw), or 1]"""
        if "city.revenue_ratio" not in self.layout.rows:
            return 1.0
        return self.quantity("city.revenue_ratio")

    @property
    def revenue(self) -> Array:
        """Sales revenue: nominal output × the place's ratio of revenue to output. [亿元]"""
        if "city.revenue_ratio" not in self.layout.rows:
            return self.nominal_output
        return self.nominal_output * self.quantity("city.revenue_ratio")[:, None]

    @account
    def squeeze(self) -> Array:
        """Eq. 5: (P_in / P_out)^π, by which prices raise what inputs cost. [(year, draw)]"""
        ratio = self.quantity("prices.input") / self.quantity("prices.output")
        return np.asarray(ratio ** np.asarray(self.p["prices.pass_through"]))

    @property
    def squeezed_rate(self) -> Array:
        """Eq. 5: v = 1 − (1 − v*) (P_in / P_out)^π, v* free of prices. [fraction]"""
        rate = 1 - (1 - self.levels[:, self.layout.kind("va_rate")]) * self.squeeze[:, None]
        return np.asarray(rate)

    @account
    def rated_output(self) -> Array:
        """Eq. 6: real output × nominal rate. [亿元, base prices]"""
        return self.real_output * self.squeezed_rate

    @property
    def value_added(self) -> Array:
        """Eq. 6: nominal output × nominal rate. [亿元, current prices]"""
        return self.rated_output * self.price

    @account
    def real_value_added(self) -> Array:
        """Eq. 6: real value added under the plan's deflation assumption. [亿元, base prices]

        single: real output × nominal rate (official practice). double: real output × the rate
        with output and input prices taken out, 1 − (1 − v) P_out / P_in. One cluster may lose
        all of it in a price squeeze; a place that does is refused.
        """
        if self.plan.assumptions.deflation.value == "single":
            return self.rated_output
        relative = self.price / self.quantity("prices.input")[:, None]
        rate = 1 - (1 - self.squeezed_rate) * relative
        real = self.real_output * rate
        if (real.sum(axis=1) <= 0).any():
            raise InputError.of("double_deflation_negative", "assumptions.deflation")
        return real

    @property
    def energy(self) -> Array:
        """Eq. 7. [tce]"""
        return self._used("energy")

    @property
    def water(self) -> Array:
        """Eq. 7 for water. [t]"""
        return self._used("water")

    @property
    def employment(self) -> Array:
        """Eq. 8: real output × labour per output. [persons]"""
        return self._used("labour")

    def _used(self, kind: str) -> Array:
        """What real output [亿元] takes at so much per 万元."""
        used = self.real_output * self.levels[:, self.layout.kind(kind)]
        used *= WAN
        return used

    def of(self, account: str) -> Array:
        """One of ACCOUNTS. [(year, cluster, draw)]"""
        amount: Array = getattr(self, account)
        return amount

    def summed(self, account: str, *groups: str) -> Array:
        """An account summed over the clusters of every group named. [(year, draw)]

        Each sum is made of sums of products, Σ w X x: no account is written out for it.
        """
        chosen = tuple(dict.fromkeys(group for group in groups if group != "all"))
        return self.once(_sum, account, chosen)

    def once(self, work: Callable[..., Array], *given: Any) -> Array:
        """``work`` on these accounts, done once; with a memo in use, once while nothing is new."""
        if in_use():
            return result_of(work, self, *given)
        key = (work, *given)
        if key not in self._known:
            self._known[key] = work(self, *given)
        return self._known[key]

    def over(self, amount: Array, groups: Sequence[str], kind: str = "") -> Array:
        """Σ over clusters of an amount, times a quantity where one is named. [(year, draw)]"""
        factors, axes = [amount], ["tcd"]
        if kind:
            factors.append(self.levels[:, self.layout.kind(kind)])
            axes.append("tcd")
        for group in groups:
            factors.append(self.baseline.weights[group])
            axes.append("cd")
        return np.asarray(np.einsum(f"{','.join(axes)}->td", *factors))


def _sum(accounts: Accounts, account: str, groups: tuple[str, ...]) -> Array:
    if account in SUMS:
        return SUMS[account](accounts, groups)
    return accounts.over(accounts.of(account), groups)


def _rated(accounts: Accounts, groups: Sequence[str]) -> Array:
    """Σ w Y v with v = (1 − s) + s v*, s = (P_in / P_out)^π. [(year, draw)]"""
    rated = accounts.over(accounts.real_output, groups, "va_rate")
    rated *= accounts.squeeze
    rated += accounts.summed("real_output", *groups) * (1 - accounts.squeeze)
    return rated


def _real_value_added(accounts: Accounts, groups: Sequence[str]) -> Array:
    if accounts.plan.assumptions.deflation.value == "single":
        return accounts.summed("rated_output", *groups)
    return accounts.over(accounts.real_value_added, groups)


def _output(accounts: Accounts, groups: Sequence[str]) -> Array:
    return accounts.summed(accounts.read_in, *groups)


def _priced(real: str) -> Sum:
    return lambda accounts, groups: accounts.summed(real, *groups) * accounts.price[:, 0]


def _used(kind: str) -> Sum:
    return lambda accounts, groups: WAN * accounts.over(accounts.real_output, groups, kind)


#: Sums over clusters that need no account of every cluster: (accounts, groups) → [(year, draw)].
SUMS: Mapping[str, Sum] = {
    "output": _output,
    "nominal_output": _priced("real_output"),
    "revenue": lambda a, groups: a.summed("nominal_output", *groups) * a.revenue_ratio,
    "rated_output": _rated,
    "value_added": _priced("rated_output"),
    "real_value_added": _real_value_added,
    "energy": _used("energy"),
    "water": _used("water"),
    "employment": _used("labour"),
}


@by_value
@dataclass(frozen=True, slots=True)
class Series:
    """What can be judged: one indicator of one subject ("" is the place as a whole)."""

    indicator: str
    subject: str


def series(plan: Plan) -> tuple[Series, ...]:
    """Every indicator path of a plan, in file order: the indicator axis."""
    found: list[Series] = []
    for key, indicator in plan.indicators.items():
        subjects = tuple(plan.clusters) if indicator.subjects == "clusters" else ("",)
        found += [Series(key, subject) for subject in subjects]
    return tuple(found)


@named
@dataclass(frozen=True, slots=True)
class OneFuture:
    """Everything that an indicator may look at: accounts, deliveries, and luck's address."""

    accounts: Accounts
    deliveries: Mapping[str, Delivery]
    block: Block
    luck: str

    @property
    def source(self) -> str:
        return self.accounts.source


def indicator_path(future: OneFuture, item: Series) -> Array:
    """One indicator of one subject. [(year, draw), in the indicator's base unit]"""
    indicator = future.accounts.plan.indicators[item.indicator]
    path = MEASURES[indicator.measure](future, item, indicator)
    if indicator.anchor is None:
        return path
    anchor = np.asarray(future.accounts.p[f"indicators.{item.indicator}.anchor"])
    return np.asarray(path * (anchor / path[0]))


def _account(future: OneFuture, item: Series, indicator: Indicator) -> Array:
    """Eq. 6 to 9: Σ numerator / Σ denominator, over scope, group or one cluster."""
    accounts = future.accounts
    if item.subject:
        row = accounts.layout.clusters.index(item.subject)
        top = accounts.of(indicator.of)[:, row]
        return top / accounts.of(indicator.over)[:, row] if indicator.over else top
    scope = indicator.scope if accounts.plan.assumptions.scope.value == "as_worded" else "all"
    if indicator.of.startswith("city."):
        top = accounts.quantity(indicator.of)
    else:
        top = accounts.summed(indicator.of, scope, indicator.tag or "all")
    return top / accounts.summed(indicator.over, scope) if indicator.over else top


def _clusters_above(future: OneFuture, item: Series, indicator: Indicator) -> Array:
    """Named clusters whose nominal output is at least the threshold. [clusters]"""
    accounts = future.accounts
    size = accounts.of(indicator.of)
    threshold = accounts.p[f"indicators.{item.indicator}.threshold"]
    named = [row for row, c in enumerate(accounts.plan.clusters.values()) if not c.residual]
    count = np.zeros((size.shape[0], size.shape[2]))
    for row in named:
        count += size[:, row] >= threshold
    return count


def _firms_above(future: OneFuture, item: Series, indicator: Indicator) -> Array:
    """Eq. 10: firms above a nominal threshold. [firms]

    Mean N₀ (scale / base scale)^ζ, exactly N₀ in the base year. Of the N₀ firms a share
    min(exp(−churn t), mean / N₀) is still there; entrants make up the rest of the mean as a unit
    Poisson process read at that mean, so that the count of one future never jumps for no reason
    and a larger scale never has fewer firms. N₀ is a whole number in every draw.
    """
    accounts = future.accounts
    key = f"indicators.{item.indicator}"
    scale = accounts.summed(indicator.of, "all")
    count = np.broadcast_to(np.rint(accounts.p[f"{key}.count"]), scale.shape[1:])
    mean = count * (scale[1:] / scale[0]) ** np.asarray(accounts.p[f"{key}.exponent"])
    age = np.array(accounts.layout.places[1:], dtype=float)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        stay = np.exp(-np.asarray(accounts.p[f"{key}.churn"]) * age)
        stay = np.where(count > 0, np.minimum(stay, mean / count), 0.0)
    lives = future.block.exponentials(f"luck.{future.luck}/{key}/exit")
    waits = future.block.exponentials(f"luck.{future.luck}/{key}/entry")
    arrivals = np.maximum(mean - count * stay, 0.0)
    firms = np.empty(scale.shape)
    firms[0] = count
    np.add(_survivors(lives, stay, count), _arrived(waits, arrivals), out=firms[1:])
    return firms


def _survivors(lives: Iterator[Array], stay: Array, count: Array) -> Counts:
    """How many of ``count`` unit exponential lives outlast −ln ``stay``. [(year, draw)]"""
    left = np.zeros(stay.shape, dtype=np.uint32)
    last_exit = -np.log(np.maximum(stay, 1e-300))
    number, most = 0, int(count.max())
    while number < most:
        life = next(lives)[: most - number]
        rank = number + np.arange(len(life))[:, None]
        left += _how_many(np.where(rank < count, life, -1.0)[:, None] >= last_exit)
        number += len(life)
    return left


def _arrived(waits: Iterator[Array], arrivals: Array) -> Counts:
    """Unit Poisson processes, with these ``waits`` between arrivals, read at ``arrivals``.
    [(year, draw)]

    The draws are sorted by their last arrival, so that those still open are the first ones, and
    counted a few arrivals at a time.
    """
    latest = arrivals.max(axis=0)
    order = np.argsort(-latest)
    arrivals, latest = arrivals.take(order, axis=1), latest[order]
    come = np.zeros(arrivals.shape, dtype=np.uint32)
    clock = np.zeros(len(order))
    open_ = len(order)
    clocks = np.empty((FEW, len(order)))
    for few in _few(waits):
        for wait, now in zip(few, clocks, strict=True):
            clock = np.add(wait, clock, out=now)
        due = clocks.take(order[:open_], axis=1)
        come[:, :open_] += _how_many(due[:, None] <= arrivals[:, :open_])
        open_ = int(np.max(np.flatnonzero(due[-1] <= latest[:open_]), initial=-1)) + 1
        if not open_:
            break
    counted = np.empty_like(come)
    counted[:, order] = come
    return counted


def _few(waits: Iterator[Array]) -> Iterator[Array]:
    """The same rows, FEW at a time; they come in so many times FEW."""
    for rows in waits:
        for first in range(0, len(rows), FEW):
            yield rows[first : first + FEW]


def _how_many(holds: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """How often a condition holds along the first axis, which is short."""
    return np.asarray(np.add.reduce(holds.view(np.uint8), axis=0, dtype=np.uint8))


def _delivered(future: OneFuture, item: Series, indicator: Indicator) -> Array:
    """What a programme has delivered by the end of each year, in whole lots. [units]"""
    places = future.accounts.layout.places
    shape = (len(places), future.block.draws)
    delivery = future.deliveries.get(str(indicator.programme))
    return np.broadcast_to(0.0 if delivery is None else delivery.whole(places), shape)


MEASURES: Mapping[str, Callable[[OneFuture, Series, Indicator], Array]] = {
    "account": _account,
    "clusters_above": _clusters_above,
    "firms_above": _firms_above,
    "delivered": _delivered,
}
