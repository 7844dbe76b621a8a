"""What plans calibrated on 2015 and 2016 would have said about what then became known.

``calibration/data/outturns.csv`` holds published figures of the cities, the province and the
country, one line a figure. A reading says which quantity of a plan's futures speaks of a figure; a
comparison is the place of the figure in them. Nothing here is fitted, nothing is ever fitted to it:
docs/cities.md.

``python benchmarks/city_outturns.py --data DIR`` writes the table anew from the raw one.
"""

import argparse
import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, reduce
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np

import plansim.calibration
from plansim.scenarios.load import load
from plansim.simulator.accounts import Accounts
from plansim.simulator.future import LUCKS, draw_parameters, simulate_block
from plansim.simulator.model import Model
from plansim.simulator.plan import Cluster, Plan, Quantity
from plansim.simulator.results import KEPT
from plansim.simulator.sampling import Array, Block

#: What a published row is to a plan: the place itself; a wider one, whose growth or prices a place
#: shares; known to the plan's writer, so no test; or nothing that a run speaks of.
Use = Literal["own", "wider", "input", "other"]
SHARES = (0.05, 0.5, 0.95)
#: Part of a year's value added that falls into its first quarter, with the New Year in it
#: (judgement: 22 to 25 %).
FIRST_QUARTER = 0.23


@dataclass(frozen=True, slots=True)
class Outturn:
    """One published figure: a line of ``data/outturns.csv``.

    ``id`` and ``part`` name it; ``value`` is in ``unit``; ``published``: the words of the source's
    row; ``seen``: whether the source was read (else the figure is from memory).
    """

    id: str
    part: str
    use: str
    place: str
    indicator: str
    year: str
    value: float | None
    unit: str
    period: str
    published: str
    source: str
    address: str
    seen: str
    confidence: str

    @property
    def key(self) -> str:
        return f"{self.id} {self.part}".strip()


@cache
def outturns() -> Mapping[str, Outturn]:
    """The table by ``id part``; read once, on first use."""
    with (files("plansim.calibration") / "data" / "outturns.csv").open(encoding="utf-8") as stream:
        found = [_outturn(**row) for row in csv.DictReader(stream)]
    return {outturn.key: outturn for outturn in found}


def _outturn(value: str, **words: str) -> Outturn:
    return Outturn(value=float(value) if value else None, **words)


# -- futures ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Futures:
    """The futures that a run of a plan keeps whole: the accounts of both sets of luck."""

    plan: Plan
    accounts: tuple[Accounts, ...]

    def read(self, path: Callable[[Accounts], Array]) -> Array:
        """Something of every future. [(year, future)]"""
        return np.concatenate([path(account) for account in self.accounts], axis=-1)

    def account(self, name: str, clusters: Sequence[str] = ()) -> Array:
        """An account of the place, or of some of its clusters. [(year, future)]"""
        if not clusters:
            return self.read(lambda a: a.summed(name, "all"))
        rows = [list(self.plan.clusters).index(key) for key in clusters]
        return self.read(lambda a: a.of(name)[:, rows].sum(axis=1))

    def quantity(self, path: str) -> Array:
        """One quantity. [(year, future)]"""
        return self.read(lambda a: a.quantity(path))

    def at(self, year: int) -> int:
        """Where a year stands on the year axis."""
        return list(self.plan.years).index(year)


def futures(plan: Plan, seed: int = 1, draws: int = KEPT // len(LUCKS)) -> Futures:
    """The futures of the first draws: those that ``plansim.simulator.run`` keeps whole."""
    model = Model.of(plan)
    block = Block(seed, 0, 0, draws)
    common = draw_parameters(model, block)
    lives = (simulate_block(model, common, block, luck, keep=False) for luck in LUCKS)
    return Futures(plan, tuple(life.future.accounts for life in lives))


def without_common_shock(plan: Plan) -> Plan:
    """The plan without the shock that moves all clusters of a place in one year."""
    clusters = {key: _alone(cluster) for key, cluster in plan.clusters.items()}
    return replace(plan, clusters=clusters)


def _alone(cluster: Cluster) -> Cluster:
    quantities: dict[str, Quantity] = {k: getattr(cluster, k) for k in Cluster.QUANTITIES}
    free: dict[str, Any] = {
        k: replace(q, luck=replace(q.luck, loading=None)) for k, q in quantities.items()
    }
    return replace(cluster, **free)


def without_common(plan: Plan) -> Plan:
    """The plan with clusters that share nothing: no common shock, no common doubt about trends."""
    return replace(without_common_shock(plan), parameter_correlations=())


@dataclass(frozen=True, slots=True)
class Togetherness:
    """What common factors do to a place's growth over some years.

    ``shipped``: 5 % and 95 % quantiles of growth over ``years`` [%]; ``shock_free``: without the
    common shock; ``free``: without correlated trends either. ``share``: part of the variance of
    log growth that goes with the common shock, so the correlation of two like places under it.
    """

    plan: str
    years: int
    shipped: tuple[float, float]
    shock_free: tuple[float, float]
    free: tuple[float, float]
    share: float


def togetherness(
    plan: Plan, spans: Sequence[int], account: str = "real_value_added", draws: int = KEPT // 2
) -> list[Togetherness]:
    """How much wider the growth of a place is as its clusters move together, by span of years."""
    variants = (plan, without_common_shock(plan), without_common(plan))
    paths = [futures(variant, draws=draws).account(account) for variant in variants]
    found = []
    for years in spans:
        logs = [np.log(path[years] / path[0]) for path in paths]
        ends = [np.quantile(100 * np.expm1(log), (SHARES[0], SHARES[-1])) for log in logs]
        shipped, shock_free, free = ((float(low), float(high)) for low, high in ends)
        share = float(1 - np.var(logs[1]) / np.var(logs[0]))
        found.append(Togetherness(plan.plan.id, years, shipped, shock_free, free, share))
    return found


# -- readings --------------------------------------------------------------------------------------

#: What a run says of a figure. [(future,)]
Read = Callable[[Futures], Array]


def level(account: str, year: int, factor: float = 1.0) -> Read:
    """An account of the place in one year, times a factor of scope or period."""
    return lambda f: factor * f.account(account)[f.at(year)]


def quantity(path: str, year: int) -> Read:
    """A quantity in one year."""
    return lambda f: f.quantity(path)[f.at(year)]


def growth(account: str, year: int, since: int, clusters: Sequence[str] = ()) -> Read:
    """Growth of an account of the place, or of clusters of it. [%]"""
    return lambda f: _growth(f.account(account, clusters), f.at(year), f.at(since))


def price_growth(path: str, year: int) -> Read:
    """Growth of a price in one year. [%]"""
    return lambda f: _growth(f.quantity(path), f.at(year), f.at(year - 1))


def _growth(path: Array, year: int, since: int) -> Array:
    return np.asarray(100 * (path[year] / path[since] - 1))


def times(path: str, year: int, since: int) -> Read:
    """A quantity as a multiple of what it was."""
    return lambda f: f.quantity(path)[f.at(year)] / f.quantity(path)[f.at(since)]


def share(account: str, cluster: str, year: int) -> Read:
    """A cluster's share of an account of the place. [%]"""
    return lambda f: 100 * (f.account(account, [cluster]) / f.account(account))[f.at(year)]


@dataclass(frozen=True, slots=True)
class Reading:
    """Which futures speak of which published figures.

    ``figures``: keys of outturns; growth rates of several years are compounded. ``base``: the
    figure that a multiple is taken of.
    """

    figures: tuple[str, ...]
    plan: str
    read: Read
    base: str = ""

    @property
    def key(self) -> str:
        first, last = self.figures[0], self.figures[-1]
        return first if first == last else f"{first} to {last}"

    @property
    def observed(self) -> float:
        """The outturn in the reading's terms."""
        values = [_known(figure) for figure in self.figures]
        if self.base:
            return values[0] / _known(self.base)
        return values[0] if len(values) == 1 else compounded(values)


def _known(key: str) -> float:
    value = outturns()[key].value
    assert value is not None, key
    return value


def compounded(rates: Sequence[float]) -> float:
    """Growth over several years of given growth rates. [%]"""
    return 100 * (reduce(lambda level, rate: level * (1 + rate / 100), rates, 1.0) - 1)


_GROWTH = "real_value_added"
_CHINA = {
    2016: "CN6 2016", 2017: "CN7 2017", 2018: "CN8 2018", 2019: "CN10 2019", 2020: "CN9 2020",
    2021: "CN10 2021", 2022: "CN10 2022", 2023: "CN10 2023",
}  # fmt: skip
_PRICES = {
    2016: "CN11 2016", 2017: "CN11 2017", 2018: "CN11 2018", 2019: "CN12 2019", 2020: "CN12 2020",
    2021: "CN12 2021", 2022: "CN11 2022", 2023: "CN12 2023",
}  # fmt: skip
#: The clusters whose trend was taken from a sector of the national statistics.
SECTORS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "textiles": ("shaoxing-2016", ("textiles",)),
    "chemicals": ("shaoxing-2016", ("chemicals",)),
    "general machinery": ("shaoxing-2016", ("parts",)),
    "special machinery": ("yuyao-2016", ("special_equipment",)),
    "cars": ("shaoxing-2016", ("vehicles",)),
    "electrical machinery": ("yuyao-2016", ("appliances", "home_appliances", "lighting")),
    "electronics": ("yuyao-2016", ("optoelectronics",)),
    "non-ferrous metals": ("yuyao-2016", ("alloys",)),
}
_OF_2022 = ("general machinery", "special machinery", "cars", "electrical machinery")
_FOUR = ("electronics", "cars", "electrical machinery", "special machinery")


def _sector(row: str, sector: str, year: int) -> Reading:
    plan, clusters = SECTORS[sector]
    return Reading((f"{row} {sector}",), plan, growth(_GROWTH, year, year - 1, clusters))


def _six_years(sector: str) -> Reading:
    plan, clusters = SECTORS[sector]
    rates = tuple(f"CN16 {sector} {year}" for year in range(2016, 2022))
    return Reading(rates, plan, growth(_GROWTH, 2021, 2015, clusters))


#: The figures that a run speaks of, in the order of the table.
READINGS: tuple[Reading, ...] = (
    # the places themselves
    Reading(("YY4 level",), "yuyao-2016", level("value_added", 2018, 11 / 12)),
    Reading(("YY4 growth",), "yuyao-2016", growth(_GROWTH, 2018, 2017)),
    Reading(("SO9",), "yuyao-2016", quantity("city.lead_group", 2017)),
    Reading(("SO1",), "yuyao-2016", quantity("city.lead_group", 2018)),
    Reading(("YZ5 a year before",), "yinzhou-2017", level("value_added", 2019, FIRST_QUARTER)),
    Reading(("YZ5 level",), "yinzhou-2017", level("value_added", 2020, FIRST_QUARTER)),
    Reading(("YZ5 growth",), "yinzhou-2017", growth(_GROWTH, 2020, 2019)),
    Reading(("YZ6",), "yinzhou-2017", level("revenue", 2024, 5 / 12)),
    Reading(("SX1",), "shaoxing-2016", growth(_GROWTH, 2016, 2015)),
    Reading(("SX10 value added",), "shaoxing-2016", share("value_added", "textiles", 2016)),
    Reading(("SX10 energy",), "shaoxing-2016", share("energy", "textiles", 2016)),
    Reading(("SX11 output",), "shaoxing-2016", price_growth("prices.output", 2017)),
    Reading(("SX11 input",), "shaoxing-2016", price_growth("prices.input", 2017)),
    # wider places and the neighbour
    Reading(("CX1",), "yuyao-2016", growth(_GROWTH, 2018, 2017)),
    Reading(("NB9 growth",), "yuyao-2016", growth(_GROWTH, 2018, 2017)),
    Reading(("NB9 sales",), "yuyao-2016", growth("nominal_output", 2018, 2017)),
    Reading(("ZJ2",), "shaoxing-2016", growth(_GROWTH, 2017, 2016)),
    *(
        Reading((key,), "shaoxing-2016", growth(_GROWTH, year, year - 1))
        for year, key in _CHINA.items()
    ),
    Reading(tuple(_CHINA.values()), "shaoxing-2016", growth(_GROWTH, 2023, 2015)),
    *(
        Reading((key,), "shaoxing-2016", price_growth("prices.output", year))
        for year, key in _PRICES.items()
    ),
    Reading(
        tuple(_PRICES.values()),
        "shaoxing-2016",
        lambda f: _growth(f.quantity("prices.output"), f.at(2023), f.at(2015)),
    ),
    Reading(("ZJ5",), "shaoxing-2016", price_growth("prices.output", 2023)),
    *(_sector("CN13", sector, 2016) for sector in SECTORS),
    *(_sector("CN14", sector, 2017) for sector in SECTORS),
    *(_sector("CN15", sector, 2022) for sector in _OF_2022),
    *map(_six_years, _FOUR),
    *(
        Reading(
            (f"CN17 {year}",),
            "shaoxing-2016",
            times("city.robot_density", year, 2015),
            base="CN17 2015",
        )
        for year in (2017, 2019, 2023)
    ),
)
#: How many of them are about the places themselves: the first.
OWN = next(number for number, reading in enumerate(READINGS) if reading.key == "CX1")


# -- comparisons -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comparison:
    """An outturn in the simulated distribution of the same quantity.

    ``low``, ``middle``, ``high``: 5, 50 and 95 %; ``percentile``: futures below the outturn [%].
    """

    reading: Reading
    observed: float
    low: float
    middle: float
    high: float
    percentile: float

    @classmethod
    def of(cls, reading: Reading, observed: float, simulated: Array) -> "Comparison":
        low, middle, high = (float(q) for q in np.quantile(simulated, SHARES))
        percentile = 100 * float(np.mean(simulated < observed))
        return cls(reading, observed, low, middle, high, percentile)

    @property
    def outturn(self) -> Outturn:
        return outturns()[self.reading.figures[0]]

    @property
    def hit(self) -> bool:
        """Whether the outturn lies in the 90 % interval."""
        return self.low <= self.observed <= self.high


def compared(reading: Reading, lives: Futures) -> Comparison:
    """One outturn against the futures of its plan."""
    return Comparison.of(reading, reading.observed, reading.read(lives))


def compare(readings: Sequence[Reading] = READINGS, draws: int = KEPT // 2) -> list[Comparison]:
    """All readings against the futures of seed 1, scenario plan; a plan is simulated once."""
    names = dict.fromkeys(reading.plan for reading in readings)
    lives = {name: futures(load(name), draws=draws) for name in names}
    return [compared(reading, lives[reading.plan]) for reading in readings]


# -- the derived table -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figured:
    """Where a figure stands in the raw table: the ``number``-th in a row's value or note."""

    id: str
    part: str
    year: str
    unit: str
    column: Literal["value", "note"]
    number: int
    factor: float = 1.0


_PERCENT = "%"
_REST, _SEEN = ("2019", "2021", "2022", "2023"), ("2016", "2017", "2018", "2022")
_REMEMBERED, _ROBOTS = ("2019", "2020", "2021", "2023"), ("2017", "2019", "2023")
#: Every figure that a reading needs.
FIGURED: tuple[Figured, ...] = (
    Figured("YY4", "level", "2018", "亿元", "value", 0),
    Figured("YY4", "growth", "2018", _PERCENT, "note", 0),
    Figured("SO9", "", "2017", "亿元", "value", 0, 0.01),
    Figured("SO1", "", "2018", "亿元", "value", 0, 0.01),
    Figured("YZ5", "a year before", "2019", "亿元", "value", 0, 1 / (1 - 0.224)),
    Figured("YZ5", "level", "2020", "亿元", "value", 0),
    Figured("YZ5", "growth", "2020", _PERCENT, "note", 0),
    Figured("YZ6", "", "2024", "亿元", "value", 0),
    Figured("SX1", "", "2016", _PERCENT, "value", 0),
    Figured("SX10", "energy", "2016", _PERCENT, "value", 0),
    Figured("SX10", "value added", "2016", _PERCENT, "value", 1),
    Figured("SX11", "output", "2017", _PERCENT, "value", 0),
    Figured("SX11", "input", "2017", _PERCENT, "value", 1),
    Figured("CX1", "", "2018", _PERCENT, "note", 0),
    Figured("NB9", "growth", "2018", _PERCENT, "note", 0),
    Figured("NB9", "sales", "2018", _PERCENT, "note", 2),
    Figured("ZJ2", "", "2017", _PERCENT, "note", 1),
    Figured("ZJ5", "", "2023", _PERCENT, "value", 0),
    *(Figured(row, y, y, _PERCENT, "value", 0) for row, y in (("CN6", "2016"), ("CN7", "2017"))),
    *(Figured(row, y, y, _PERCENT, "value", 0) for row, y in (("CN8", "2018"), ("CN9", "2020"))),
    *(Figured("CN10", y, y, _PERCENT, "value", 6 + n) for n, y in enumerate(_REST)),
    *(Figured("CN11", y, y, _PERCENT, "value", 1 + n) for n, y in enumerate(_SEEN)),
    *(Figured("CN12", y, y, _PERCENT, "value", n) for n, y in enumerate(_REMEMBERED)),
    *(Figured("CN13", s, "2016", _PERCENT, "value", n) for n, s in enumerate(SECTORS)),
    *(Figured("CN14", s, "2017", _PERCENT, "value", n) for n, s in enumerate(SECTORS)),
    *(Figured("CN15", s, "2022", _PERCENT, "value", n) for n, s in enumerate(_OF_2022)),
    *(
        Figured("CN16", f"{s} {year}", str(year), _PERCENT, "value", 6 * row + year - 2016)
        for row, s in enumerate(_FOUR)
        for year in range(2016, 2022)
    ),
    Figured("CN17", "2015", "2015", "robots/10k", "note", 1),
    *(Figured("CN17", y, y, "robots/10k", "value", 2 + n) for n, y in enumerate(_ROBOTS)),
)
#: Rows that a plan's writer knew (they set base levels or trends): no test of it.
INPUTS = ("SO7", "SO8", "CX4", "NB10", "YY10", "ZJ3", "CN1", "CN5")
#: Rows that no run speaks of.
OTHERS = ("YY7", "CX5", "SX12", "ZJ4")


def derived(raw: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """The lines of ``data/outturns.csv`` from the rows of the raw table, in its order."""
    own = {figure.split()[0] for r in READINGS[:OWN] for figure in r.figures}
    found: list[dict[str, str]] = []
    for row in raw:
        figured = [f for f in FIGURED if f.id == row["id"]]
        use = "own" if row["id"] in own else "wider" if figured else _untested(row["id"])
        found += [_line(row, use, f.part, f.year, _value(row, f), f.unit) for f in figured]
        if not figured:
            found.append(_line(row, use, "", "", "", ""))
    return found


def _untested(row: str) -> Use:
    if row not in (*INPUTS, *OTHERS):
        raise ValueError(f"row {row} is neither read, nor an input, nor set aside")
    return "input" if row in INPUTS else "other"


def _line(
    row: Mapping[str, str], use: str, part: str, year: str, value: str, unit: str
) -> dict[str, str]:
    published = f"{row['value']} {row['unit']}; {row['note']}".strip("; ")
    return {
        "id": row["id"], "part": part, "use": use, "place": f"{row['place']}: {row['scope']}",
        "indicator": row["indicator"], "year": year, "value": value, "unit": unit,
        "period": row["period"], "published": published, "source": row["source"],
        "address": row["url"], "seen": row["seen_here"], "confidence": row["confidence"],
    }  # fmt: skip


def _value(row: Mapping[str, str], figured: Figured) -> str:
    text = re.findall(r"(?<![\w.])[-+]?\d+(?:\.\d+)?", row[figured.column])[figured.number]
    return f"{float(text) * figured.factor:.10g}"


def main() -> None:
    """Write ``calibration/data/outturns.csv`` anew from the raw table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with outturns.csv")
    source = parser.parse_args().data / "outturns.csv"
    with source.open(encoding="utf-8", newline="") as stream:
        lines = derived(list(csv.DictReader(stream)))
    path = Path(plansim.calibration.__path__[0]) / "data" / "outturns.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [f.name for f in fields(Outturn)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


if __name__ == "__main__":
    main()
