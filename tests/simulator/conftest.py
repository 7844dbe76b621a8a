"""A small plan of an invented place, whole enough that every part of the engine has work."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, NamedTuple

import pytest

from plansim.simulator.accounts import OneFuture
from plansim.simulator.door import Plan
from plansim.simulator.future import block_futures
from plansim.simulator.model import Model
from plansim.simulator.network import Network
from plansim.simulator.plan import (
    Assumptions,
    Cluster,
    Correlation,
    Coupling,
    Coverage,
    Effect,
    Figure,
    Identity,
    Indicator,
    Label,
    Luck,
    Office,
    Prices,
    Programme,
    Quantity,
    Queue,
    Quota,
    Stage,
    Stop,
    Subsidy,
    Switch,
    Target,
    Totals,
    Trend,
    Uncertainty,
    figures,
)
from plansim.simulator.queues import Futures, Value, bring, serve
from plansim.simulator.results import Tally
from plansim.simulator.run import count_block, jobs, merged
from plansim.simulator.sampling import STREAM_BLOCK, Block, Sampler, Single
from plansim.simulator.schema import facts_of

Alter = Callable[..., Plan]
Alone = Callable[..., Plan]
Simulate = Callable[..., OneFuture]
Count = Callable[..., Tally]


class Brought(NamedTuple):
    """What luck brought to the queues of a plan in some draws."""

    network: Network
    p: dict[str, Value]
    futures: Futures


Bring = Callable[..., Brought]
Deliver = Callable[..., Single]


def label(text: str) -> Label:
    return Label(text, text)


def figure(value: float | Uncertainty, origin: Any = "judgement") -> Figure:
    return Figure(value, origin, "invented")


def spread(dist: str, **parameters: Any) -> Figure:
    return figure(Uncertainty(dist, **parameters))


def luck(sd: float, persistence: float = 1.0, loading: float | None = None) -> Luck:
    return Luck(figure(sd), figure(persistence), None if loading is None else figure(loading))


def quantity(link: Any, base: Figure | None, trend: Trend, own: Luck, **bounds: Any) -> Quantity:
    return Quantity(link, trend, own, base, **bounds)


def cluster(
    name: str, output: Figure | None, va_rate: Figure, growth: Figure, tags: Mapping[str, float]
) -> Cluster:
    sized = replace(
        luck(0.08, 1.0, 0.05), reference_size=figure(100.0), size_exponent=figure(-0.13)
    )
    return Cluster(
        name=label(name),
        tags={tag: figure(weight) for tag, weight in tags.items()},
        output=quantity("log", output, Trend(growth), sized),
        va_rate=quantity(
            "logit",
            va_rate,
            Trend(figure(0.1), "gompertz", figure(0.27)),
            luck(0.03, 0.8),
            floor=0.05,
            ceiling=0.60,
        ),
        energy=quantity(
            "log",
            spread("lognormal", p05=0.15, p50=0.2, p95=0.3),
            Trend(spread("normal", mean=-0.03, sd=0.01)),
            luck(0.06, 0.9),
        ),
        water=quantity("log", figure(5.0), Trend(figure(-0.02)), luck(0.05, 0.9)),
        labour=quantity(
            "log", figure(0.012), Trend(spread("uniform", low=-0.06, high=-0.02)), luck(0.05, 0.9)
        ),
        residual=output is None,
    )


def switch(value: str) -> Switch:
    return Switch(value, "left open", "invented")


def target(
    id: str, indicator: str, basis: str, comparator: str, low: float | None, **more: Any
) -> Target:
    """A judged target of the whole place that is better the higher, unless ``more`` says else."""
    usual: dict[str, Any] = {
        "subject": "place", "subject_zh": "全市", "unit": "1", "direction": "up",
        "base_year": 2015, "base_value": None, "year": 2025, "high": None, "kind": "outcome",
        "owner": "market", "status": "judged", "reason": "", "reason_zh": "", "restates": "",
        "source": "invented:L1",
    }  # fmt: skip
    stated = {"indicator_zh": indicator, "basis": basis, "comparator": comparator, "low": low}
    return Target(id=id, indicator=indicator, **{**usual, **stated, **more})


def indicator(name: str, measure: Any = "account", **more: Any) -> Indicator:
    return Indicator(label(name), "1", measure, **more)


INDICATORS = {
    "output": indicator("output", of="output"),
    "revenue": indicator("revenue", of="revenue"),
    "value_added": indicator("value added", of="value_added"),
    "real_value_added": indicator("real value added", of="real_value_added", reference="a_growth"),
    "va_rate": indicator("value-added rate", of="value_added", over="revenue"),
    "energy_intensity": indicator(
        "energy per value added", of="energy", over="real_value_added", anchor=figure(0.9)
    ),
    "water_intensity": indicator("water per value added", of="water", over="real_value_added"),
    "employment": indicator("employment", of="employment"),
    "productivity": indicator("productivity", of="real_value_added", over="employment"),
    "high_tech": indicator("high-tech share", of="value_added", over="value_added", tag="high"),
    "rd": indicator("R&D intensity", of="city.rd"),
    "patents": indicator("patents", of="city.patents"),
    "cluster_output": indicator("output of a cluster", of="output", subjects="clusters"),
    "big_clusters": indicator(
        "clusters above 100", "clusters_above", of="output", threshold=figure(100.0)
    ),
    "firms": indicator(
        "large firms", "firms_above", of="revenue", count=figure(12.0),
        exponent=spread("normal", mean=1.06, sd=0.05), churn=figure(0.04),
    ),
    "retrofitted": indicator("retrofits", "delivered", programme="retrofits"),
}  # fmt: skip

TARGETS = (
    target("output", "output", "level", "reach", 2200.0),
    target("output-growth", "output", "annual_growth", "approx", 8.0, unit="%", scale=0.01),
    target("value-added", "real_value_added", "annual_growth", "at_least", 7.0, unit="%",
           scale=0.01),
    target("energy", "energy_intensity", "change_vs_base", "range", -30.0, high=-22.0,
           unit="%", scale=0.01, direction="down"),
    target("water", "water_intensity", "change_vs_base", "at_most", -20.0, unit="%",
           scale=0.01, direction="down"),
    target("high-tech", "high_tech", "share", "near_below", 25.0, unit="%", scale=0.01),
    target("rd", "rd", "rate", "reach", 3.0, unit="%", scale=0.01),
    target("rd-again", "rd", "rate", "at_least", 3.0, unit="%", scale=0.01, restates="rd"),
    target("jobs", "employment", "level", "approx", 13.0, direction="hold", scale=1e4),
    target("robots", "cluster_output", "level", "at_least", 120.0, subject="Robots",
           cluster="robots"),
    target("big", "big_clusters", "level", "reach", 2.0, kind="activity"),
    target("firms", "firms", "cumulative_count", "reach", 20.0),
    target("retrofits", "retrofitted", "per_year", "every_year", 10.0, year=2019,
           kind="activity"),
    target("retrofits-all", "retrofitted", "cumulative_count", "all", 120.0, year=2022,
           kind="activity"),
    target("patents", "patents", "level", "reach", 60.0, year=2020),
    target("investment", "output", "level", "reach", 500.0, status="stated",
           reason="not simulated", kind="investment"),
)  # fmt: skip


SMALL_CLUSTERS: dict[str, Cluster] = {
    "robots": cluster(
        "Robots", spread("lognormal", p05=30, p95=80), figure(0.26),
        spread("normal", mean=0.10, sd=0.03), {"high": 0.8, "equipment": 1.0},
    ),
    "machines": cluster(
        "Machines", figure(150.0, "stated"), spread("beta", a=20, b=70),
        spread("pert", low=0.0, mode=0.06, high=0.12), {"high": 0.3, "equipment": 0.9},
    ),
    "rest": cluster(
        "Rest", None, spread("normal", mean=0.21, sd=0.02),
        spread("t", mean=0.06, sd=0.02, df=6), {"high": 0.1},
    ),
}  # fmt: skip

SMALL_CITY: dict[str, Quantity] = {
    "rd": quantity(
        "logit", figure(0.02, "stated"), Trend(spread("normal", mean=0.0007, sd=0.0003)),
        luck(0.05, 0.9), floor=0.0, ceiling=0.08,
    ),
    "patents": quantity(
        "log", spread("lognormal", p50=30, p95=36),
        Trend(figure(0.3), "logistic", spread("uniform", low=60, high=120)),
        luck(0.1, 0.7),
    ),
    "revenue_ratio": quantity(
        "identity", figure(0.97), Trend(figure(0.001)), luck(0.004, 0.5)
    ),
}  # fmt: skip

SMALL_PROGRAMMES: dict[str, Programme] = {
    "retrofits": Programme(
        name=label("retrofits"),
        coverage=Coverage(
            2016, {2017: 0.3, 2020: 1.0}, spread("uniform", low=0.6, high=1.0),
            spread("uniform", low=0.0, high=1.0),
        ),
        additional=spread("beta", a=8, b=4),
        active=True,
        units=figure(120.0),
        lot=5,
        effects=(
            Effect("clusters.*.energy", spread("pert", low=-0.12, mode=-0.06, high=0.0)),
            Effect("clusters.*.labour", spread("uniform", low=-0.1, high=-0.02)),
        ),
        closures={"rest": figure(0.03)},
    ),
    "park": Programme(
        name=label("park"),
        coverage=Coverage(2017, {2019: 0.5, 2023: 1.0}, figure(0.8)),
        additional=figure(0.7),
        active=True,
        crowding_out=spread("uniform", low=0.1, high=0.4),
        effects=(Effect("city.rd", spread("normal", mean=0.004, sd=0.001), "absolute"),),
        projects={"robots": spread("lognormal", p05=30, p95=60)},
    ),
}  # fmt: skip

SMALL_SHOCK_CORRELATIONS: tuple[Correlation, ...] = (
    Correlation(("clusters.*.output", "clusters.*.energy"), -0.43, "invented"),
    Correlation(("clusters.*.output", "clusters.*.labour"), -0.6, "invented"),
    Correlation(("clusters.*.energy", "clusters.*.labour"), 0.5, "invented"),
    Correlation(("prices.output", "prices.input"), 0.7, "invented"),
)  # fmt: skip


def small_plan() -> Plan:
    """Three clusters, three quantities of the city, two programmes, every kind of target."""
    return Plan(
        plan=Identity("small", label("small"), label("place"), 2015, (2015, 2025), "2016", ()),
        assumptions=Assumptions(
            output_prices=switch("current"),
            growth_window=switch("average"),
            deflation=switch("single"),
            scope=switch("as_worded"),
            about_tolerance=figure(0.05),
            about_growth_tolerance=figure(0.005),
            about_share_tolerance=figure(0.01),
            near_tolerance=figure(0.1),
            labour_release=figure(0.5),
            shock_df=figure(6.5),
            common_persistence=figure(0.3),
        ),
        totals=Totals(
            output=figure(1000.0, "stated"),
            va_rate=figure(0.22, "stated"),
            shares={"high": figure(0.18, "stated")},
        ),
        prices=Prices(
            output=quantity(
                "log",
                figure(1.0),
                Trend(spread("normal", mean=0.01, sd=0.01)),
                luck(0.03, 1.0, 0.02),
            ),
            input=quantity("log", figure(1.0), Trend(figure(0.01)), luck(0.04, 1.0, 0.02)),
            pass_through=spread("triangular", low=0.0, mode=0.1, high=0.4),
        ),
        clusters=SMALL_CLUSTERS,
        city=SMALL_CITY,
        indicators=INDICATORS,
        programmes=SMALL_PROGRAMMES,
        couplings=(
            Coupling("city.rd", "clusters.*.va_rate", spread("uniform", low=0.0, high=0.2),
                     figure(0.2)),
            Coupling("clusters.*.labour", "city.patents", figure(-0.1), figure(0.5)),
        ),
        parameter_correlations=(
            Correlation(
                ("clusters.*.output.trend.rate", "clusters.*.output.trend.rate"), 0.3, "invented"
            ),
            Correlation(
                ("clusters.robots.output.base", "clusters.machines.va_rate.base"), -0.4, "invented"
            ),
        ),
        shock_correlations=SMALL_SHOCK_CORRELATIONS,
        targets=TARGETS,
    )  # fmt: skip


#: Three queues: two meet in an office and at a quota, one shares nothing.
QUEUES = {
    "grants": Programme(
        name=label("grants"),
        additional=spread("beta", a=8, b=4),
        active=True,
        units=figure(120.0),
        lot=2,
        effects=(Effect("clusters.*.energy", spread("pert", low=-0.1, mode=-0.05, high=0.0)),),
        projects={"robots": figure(20.0)},
        crowding_out=figure(0.25),
        recognised={"rest": figure(30.0)},
        queue=Queue(
            start=2016,
            intake=spread("uniform", low=14, high=26),
            season=(0, 1, 3, 2, 1, 1, 1, 1, 2, 2, 1, 1),
            eligible=figure(150.0),
            ordinary=figure(4.0),
            investment=figure(0.5),
            scatter=figure(0.6),
            overrun=spread("lognormal", p50=1.1, p95=1.4),
            ramp=spread("uniform", low=0.2, high=0.8),
            subsidy=Subsidy(
                rate=figure(0.2), at="build", cap=figure(0.15), response=figure(1.0),
                budget=Quota(figure(1.6)),
            ),
            stages={
                "review": Stage(
                    time=figure(0.15), scatter=figure(0.5), drop_out=figure(0.15), office="hall"
                ),
                "build": Stage(
                    time=spread("lognormal", p50=0.8, p95=1.2), scatter=figure(0.4),
                    servers=figure(8.0), takes={"land": figure(0.5)},
                ),
            },
        ),
    ),
    "leases": Programme(
        name=label("leases"),
        additional=figure(0.6),
        active=True,
        units=figure(60.0),
        effects=(Effect("city.rd", figure(0.004), "absolute"),),
        queue=Queue(
            start=2017,
            end=2023,
            intake=figure(9.0),
            investment=figure(0.3),
            subsidy=Subsidy(figure(0.3), "handover", fund="fund"),
            stages={
                "review": Stage(figure(0.1), scatter=figure(0.3), office="hall"),
                "handover": Stage(figure(0.4), scatter=figure(0.3), takes={"land": figure(1.0)}),
            },
        ),
    ),
    "training": Programme(
        name=label("training"),
        additional=figure(0.5),
        active=True,
        units=figure(400.0),
        lot=8,
        effects=(Effect("city.rd", figure(0.002), "absolute"),),
        queue=Queue(
            start=2016,
            intake=figure(40.0),
            stages={
                "course": Stage(
                    figure(0.25), scatter=figure(0.3), servers=figure(2.0),
                    stopped=Stop(figure(0.3), figure(0.5)),
                ),
            },
        ),
    ),
}  # fmt: skip


def queued_plan() -> Plan:
    """The small plan with three queues beside its schedules, and what each of them delivers."""
    bare = small_plan()
    delivered = {
        f"{key}_done": indicator(f"{key} done", "delivered", programme=key) for key in QUEUES
    }
    targets = [
        target(f"{key}-all", f"{key}_done", "cumulative_count", "reach", goal, kind="activity")
        for key, goal in (("grants", 80.0), ("leases", 45.0), ("training", 300.0))
    ]
    queued = replace(
        bare,
        programmes={**bare.programmes, **QUEUES},
        offices={
            "hall": Office(label("hall"), figure(4.0), Stop(figure(0.5), figure(0.4))),
        },
        quotas={
            "land": Quota(figure(14.0), unspent="carry", start=2016),
            "fund": Quota(spread("lognormal", p05=0.5, p95=1.1)),
        },
        indicators={**bare.indicators, **delivered},
        targets=(*bare.targets, *targets),
    )
    measured: Plan = in_units(queued)
    return measured


#: What the figures measure whose field leaves that to the plan.
FREE = {
    "intake": "1/year",
    "ordinary": "1/year",
    "quotas.land": "1/year",
    "quotas.fund": "亿元/year",
}


def in_units(node: Any, path: str = "") -> Any:
    """The same, every figure with the unit that its field asks for."""
    if isinstance(node, Figure):
        free = next((unit for part, unit in FREE.items() if part in path), "1")
        return replace(node, unit=facts_of(path).unit or free)
    before = f"{path}." if path else ""
    if isinstance(node, Mapping):
        return {key: in_units(child, f"{before}{key}") for key, child in node.items()}
    if isinstance(node, tuple):
        return tuple(in_units(child, f"{before}{i}") for i, child in enumerate(node))
    if is_dataclass(node) and not isinstance(node, type):
        parts = {f.name: getattr(node, f.name) for f in fields(node)}
        return replace(node, **{n: in_units(part, f"{before}{n}") for n, part in parts.items()})
    return node


def lonely_plan(lot: float = 1, units: float = 100.0, **queue: Any) -> Plan:
    """The small plan with one programme, ``a``: a queue of one stage, ``work``, of no time.

    It moves ``city.rd`` and is counted. A bare float or distribution becomes a figure.
    """
    given = {"start": 2015, "intake": 10.0, "stages": {"work": Stage(figure(0.0))}, **queue}
    made: dict[str, Any] = {
        key: figure(value) if isinstance(value, float | Uncertainty) else value
        for key, value in given.items()
    }
    programme = Programme(
        name=label("a"), additional=figure(1.0), active=True, units=figure(units), lot=lot,
        queue=Queue(**made), effects=(Effect("city.rd", figure(0.001), "absolute"),),
    )  # fmt: skip
    return replace(
        small_plan(),
        programmes={"a": programme},
        indicators={"a_done": indicator("a done", "delivered", programme="a")},
        targets=(),
    )


def altered(node: Any, changes: Mapping[str, Any]) -> Any:
    """``node`` with the values at some dotted paths replaced; a bare number becomes a figure's."""
    for path, value in changes.items():
        node = _altered(node, path.split("."), value)
    return node


def _altered(node: Any, segments: list[str], value: Any) -> Any:
    if not segments:
        plain = isinstance(node, Figure) and isinstance(value, float | int | Uncertainty)
        return replace(node, value=value) if plain else value
    head, *rest = segments
    if isinstance(node, tuple):
        place = int(head)
        return (*node[:place], _altered(node[place], rest, value), *node[place + 1 :])
    if is_dataclass(node) and not isinstance(node, type):
        return replace(node, **{head: _altered(getattr(node, head), rest, value)})
    return {**node, head: _altered(node.get(head), rest, value)}


def without_luck(plan: Plan) -> Plan:
    """The plan with every own shock and every loading at zero."""
    paths = [p for p, _ in figures(plan) if p.endswith((".luck.sd", ".luck.loading"))]
    return altered(plan, dict.fromkeys(paths, 0.0))


def widened(plan: Plan, clusters: int = 11, city: int = 12) -> Plan:
    """The plan at the size of a real one: more clusters, quantities of the city and targets."""
    more = {f"robots_{n}": plan.clusters["robots"] for n in range(clusters - len(plan.clusters))}
    quantities = {f"patents_{n}": plan.city["patents"] for n in range(city - len(plan.city))}
    indicators = {
        **{key: indicator(key, of=f"city.{key}") for key in quantities},
        "cluster_va": indicator("value added of a cluster", of="value_added", subjects="clusters"),
    }
    targets = [
        *(target(key, key, "level", "reach", 60.0) for key in quantities),
        *(
            target(f"{item}-{key}", item, "level", "reach", 120.0, cluster=key)
            for item in ("cluster_output", "cluster_va")
            for key in more
        ),
    ]
    return replace(
        plan,
        totals=replace(plan.totals, output=figure(1500.0)),
        clusters={**more, **plan.clusters},
        city={**plan.city, **quantities},
        indicators={**plan.indicators, **indicators},
        targets=(*plan.targets, *targets),
    )


@pytest.fixture(scope="session")
def plan() -> Plan:
    return small_plan()


@pytest.fixture(scope="session")
def alter() -> Alter:
    """``alter(plan, {"prices.output.base": 1.1})``: a new plan with some values replaced."""
    return altered


@pytest.fixture(scope="session")
def lifeless(plan: Plan) -> Plan:
    """The small plan with every programme off and without luck."""
    off = {f"programmes.{key}.active": False for key in plan.programmes}
    return altered(without_luck(plan), off)


@pytest.fixture(scope="session")
def wide(plan: Plan) -> Plan:
    """The small plan grown to eleven clusters."""
    return widened(plan)


@pytest.fixture(scope="session")
def certain() -> Alter:
    """``certain(plan)``: the plan without luck; every shock and every loading is zero."""
    return without_luck


@pytest.fixture(scope="session")
def make_target() -> Callable[..., Target]:
    return target


@pytest.fixture(scope="session")
def simulate() -> Simulate:
    """``simulate(plan)``: a few futures of one block, before they are judged."""

    def simulated(plan: Plan, seed: int = 1, luck: str = "a", draws: int = 256) -> Any:
        model, block = Model.of(plan), Block(seed, 0, 0, draws)
        return block_futures(model, block, luck)

    return simulated


@pytest.fixture(scope="session")
def count() -> Count:
    """``count(plan, 4096)``: the merged tally behind a run."""

    def counted(
        plan: Plan,
        draws: int,
        seed: int = 1,
        sampler: str = "independent",
        given: tuple[str, ...] = (),
        workers: int = 1,
        block: int = STREAM_BLOCK,
    ) -> Tally:
        model = Model.of(plan, sampler, given)
        work = jobs(draws, seed, block, selective=bool(given))
        return merged(lambda job: count_block(model, job), work, workers)

    return counted


@pytest.fixture(scope="session")
def queued() -> Plan:
    """The small plan with three queues; ``grants`` and ``leases`` meet, ``training`` is alone."""
    return queued_plan()


@pytest.fixture(scope="session")
def alone() -> Alone:
    """``alone(intake=12.0, lot=2)``: the small plan with one programme ``a``, which is a queue."""
    return lonely_plan


@pytest.fixture(scope="session")
def brought() -> Bring:
    """``brought(plan, draws=512)``: what luck brings to the queues of a plan."""

    def lives(plan: Plan, luck: str = "a", seed: int = 1, draws: int = 512) -> Brought:
        network, block = Network.of(plan), Block(seed, 0, 0, draws)
        p: dict[str, Value] = dict(Sampler.of(plan).draw(block))
        return Brought(network, p, bring(plan, network, p, block, luck))

    return lives


@pytest.fixture(scope="session")
def delivered(brought: Bring) -> Deliver:
    """``delivered(plan, "grants")``: when each lot is delivered in each draw."""

    def served(plan: Plan, key: str = "a", **more: Any) -> Single:
        lives = brought(plan, **more)
        return serve(lives.network, lives.futures)[key].delivered

    return served
