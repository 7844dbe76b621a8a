"""How fast is the engine, against what it cannot do without, a scalar model and SimPy.

Everything is measured in one run on one thread, best of several repeats; ratios of one run can be
compared with those of another machine, seconds cannot. What each line means: benchmarks/README.md.
"""

import argparse
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from plansim.analysis.slider import Slider
from plansim.benchmarks import scalar
from plansim.benchmarks.feed import Fed
from plansim.scenarios.load import load, shipped
from plansim.simulator import queues
from plansim.simulator.accounts import indicator_path
from plansim.simulator.baseline import close
from plansim.simulator.change import changed
from plansim.simulator.conversion import scaled
from plansim.simulator.coverage import Delivery, queued, scheduled
from plansim.simulator.delivery import passages, play
from plansim.simulator.dynamics import Moves, luck_paths
from plansim.simulator.future import (
    LUCKS,
    Workspace,
    block_futures,
    draw_parameters,
    simulate_block,
)
from plansim.simulator.model import Model
from plansim.simulator.network import Gate, Network, Station
from plansim.simulator.plan import Coverage, Figure, Plan
from plansim.simulator.queues import Futures, bring, serve
from plansim.simulator.results import KEPT, Settings
from plansim.simulator.run import Job, count_block, jobs, judge_luck, merged, run
from plansim.simulator.sampling import PIECE, STREAM_BLOCK, WAITS, Array, Block, Single, centre
from plansim.simulator.verdicts import conclude
from plansim.simulator.whatif import WhatIf

Name = TypeVar("Name", bound=Hashable)
Work = Callable[[], object]
Clock = Callable[[], float]
#: How many threads BLAS and its like take: read when numpy is imported.
THREADS = tuple(
    f"{name}_NUM_THREADS" for name in ("OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB_MAXIMUM")
)
#: A block that no run keeps whole futures of.
LATER = 7
#: Draws that the scalar model lives through in one repeat.
SCALAR_DRAWS = 5
#: Futures that SimPy plays in one repeat.
PLAYED = 24


def best(
    works: Mapping[Name, Work], repeat: int, clock: Clock = time.process_time
) -> dict[Name, float]:
    """Least seconds of each work. They take turns, so that a busy moment hits all alike.

    One thread is measured in processor time, which other programs lengthen less than the wall's.
    """
    least = dict.fromkeys(works, float("inf"))
    for _ in range(repeat):
        for name, work in works.items():
            started = clock()
            work()
            least[name] = min(least[name], clock() - started)
    return least


# -- speed -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked(Block):
    """A block that counts the rows that are drawn from each stream."""

    rows: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))

    def normals(self, names: Sequence[str], rows: int) -> Any:
        self.rows.update({("normal", name): rows for name in names})
        return Block.normals(self, names, rows)

    def uniforms(self, name: str) -> Iterator[Single]:
        for piece in Block.uniforms(self, name):
            self.rows["uniform", name] += len(piece)
            yield piece

    def exponentials(self, name: str) -> Iterator[Array]:
        for piece in Block.exponentials(self, name):
            self.rows["exponential", name] += len(piece)
            yield piece


@dataclass(frozen=True)
class Numbers:
    """What one block asks of the random streams: rows by kind and name of the stream."""

    rows: Mapping[tuple[str, str], int]

    @classmethod
    def of(cls, model: Model) -> "Numbers":
        """Those of a whole block with both sets of luck."""
        asked = Asked(1, LATER)
        common = draw_parameters(model, asked)
        for luck in LUCKS:
            judge_luck(model, common, asked, luck, keep=False)
        return cls(asked.rows)

    @classmethod
    def of_queues(cls, model: Model) -> "Numbers":
        """Those of the queues under one set of luck."""
        asked = Asked(1, LATER)
        bring(model.plan, model.network, model.sampler.draw(Block(1, LATER)), asked, "a")
        return cls(asked.rows)

    def a_draw(self, kind: str) -> int:
        return sum(rows for (each, _), rows in self.rows.items() if each == kind)

    def generated(self, generator: np.random.Generator) -> None:
        """As many of the same kind and precision as numpy's own generator draws them."""
        draw: dict[str, Callable[[tuple[int, int]], object]] = {
            "normal": partial(generator.standard_normal, dtype=np.float32),
            "uniform": partial(generator.random, dtype=np.float32),
            "exponential": generator.standard_exponential,
        }
        for (kind, _), rows in self.rows.items():
            draw[kind]((rows, STREAM_BLOCK))

    def drawn(self, block: Block) -> None:
        """Draw them, and nothing else."""
        single = [name for (kind, name), rows in self.rows.items() if (kind, rows) == ("normal", 1)]
        block.normals(single, 1)
        endless_of: Mapping[str, tuple[Callable[[str], Iterator[Any]], int]] = {
            "uniform": (block.uniforms, PIECE),
            "exponential": (block.exponentials, WAITS),
        }
        for (kind, name), rows in self.rows.items():
            if kind == "normal":
                if rows > 1:
                    block.normal(name, rows)
            else:
                endless, together = endless_of[kind]
                for _ in itertools.islice(endless(name), rows // together):
                    pass


@dataclass(frozen=True)
class Exps:
    """One exp for each level of a block with both sets of luck. [(quantity, year, draw)]"""

    trend: Array
    level: Array

    @classmethod
    def of(cls, model: Model) -> "Exps":
        block, layout = Block(1, LATER), model.layout
        trend = np.empty((len(layout.rows), len(layout.years), block.draws))
        for each, out in zip(draw_parameters(model, block).trends.values(), trend, strict=True):
            each.into(out)
        return cls(trend, np.empty_like(trend))

    def taken(self) -> None:
        for _ in LUCKS:
            np.exp(self.trend, out=self.level)


def speed(plan: Plan, draws: int, repeat: int) -> dict[str, float]:
    """Seconds a draw of the engine, of its random numbers, of numbers and levels, and scalar."""
    model, blocks = Model.of(plan), draws // STREAM_BLOCK
    numbers = Numbers.of(model)
    exps = Exps.of(model)
    generator = np.random.Generator(np.random.SFC64(1))

    def generated_only() -> None:
        for _ in range(blocks):
            numbers.generated(generator)

    def numbers_only() -> None:
        for number in range(blocks):
            numbers.drawn(Block(1, number))

    def levels_only() -> None:
        for _ in range(blocks):
            exps.taken()

    works: dict[str, Work] = {
        "engine": lambda: run(plan, draws=draws),
        "generated": generated_only,
        "numbers": numbers_only,
        "levels": levels_only,
    }
    for warm in works.values():
        warm()
    found = {name: seconds / draws for name, seconds in best(works, repeat).items()}
    threads = {n: partial(run, plan, draws=draws, workers=n) for n in (1, 2)}
    walls = best(threads, repeat, time.perf_counter)
    once_more = scalar_lives(plan, model)
    found["scalar"] = best({"scalar": once_more}, repeat)["scalar"] / SCALAR_DRAWS
    found["once_a_run"] = best({"once": verdicts(model)}, repeat)["once"]
    kinds = ("normal", "uniform", "exponential")
    return {
        **found,
        "two_threads": walls[2] / draws,
        "speed_up": walls[1] / walls[2],
        **{f"{kind}_numbers": numbers.a_draw(kind) for kind in kinds},
    }


def scalar_lives(plan: Plan, model: Model) -> Work:
    """Base year, trends, and queues in SimPy with all else of both sets of luck of a few draws."""
    ready, fed = scalar.Ready.of(plan), Fed.of(model)
    fates = [
        (fed.parameters(draw), [fed.scores(draw, luck) for luck in LUCKS])
        for draw in range(SCALAR_DRAWS)
    ]

    def lives() -> None:
        for p, lucks in fates:
            base = scalar.close(ready, p)
            common = scalar.expected(ready, p, base)
            for scores in lucks:
                scalar.live(ready, p, base, common, scores)

    return lives


def verdicts(model: Model) -> Work:
    """What a run does once, whatever its draws: quantiles of kept futures and what binds."""
    settings = Settings("plan", 1, KEPT, "independent", ())
    counts = merged(partial(count_block, model), jobs(KEPT, 1, STREAM_BLOCK, selective=False), 1)
    return partial(conclude, model, settings, counts)


# -- where the time goes ---------------------------------------------------------------------------


def stages(plan: Plan, repeat: int) -> dict[str, float]:
    """Share of each stage in the time of a block, found by calling the stages one by one."""
    model, block = Model.of(plan), Block(1, LATER)
    layout, network = model.layout, model.network
    space = Workspace()
    common = draw_parameters(model, block)
    p, bases = common.p, common.baseline.levels
    places = sorted(set(model.goal_series))
    futures = bring(plan, network, p, block, "a")
    served = serve(network, futures)

    def schedules() -> dict[str, Delivery]:
        deliveries = scheduled(plan, p)
        for delivery in deliveries.values():
            _ = delivery.flow  # it is remembered
        return deliveries

    known = schedules()

    def moves() -> None:
        Moves.of(plan, layout, p, bases, known | queued(plan, network, p, served), common.effects)

    def indicators() -> None:
        future = simulate_block(
            model, common, block, "a", keep=False, space=space
        ).future  # it remembers its accounts
        for place in places:
            indicator_path(future, model.series[place])

    def lucky() -> None:
        for _ in luck_paths(layout, p, common.sds, model.law, block, "a"):
            pass

    numbers = Numbers.of(model)
    return shares_of_stages(
        model,
        best(
            {
                "block": lambda: count_block(model, Job(block, block.draws, keep=False), space),
                "sample": lambda: model.sampler.draw(block),
                "close": lambda: close(plan, layout, p, block.draws),
                "schedules": schedules,
                "systematic": lambda: draw_parameters(model, block),
                "bring": lambda: bring(plan, network, p, block, "a"),
                "serve": lambda: serve(network, futures),
                "moves": moves,
                "luck": lucky,
                "live": lambda: simulate_block(model, common, block, "a", keep=False, space=space),
                "indicators": indicators,
                "judge_luck": lambda: judge_luck(
                    model, common, block, "a", keep=False, space=space
                ),
                "numbers": lambda: numbers.drawn(block),
            },
            repeat,
        ),
    )


def shares_of_stages(model: Model, t: Mapping[str, float]) -> dict[str, float]:
    """What of the time of a block each stage takes, from the times ``t`` of those around it."""
    # Without a queue both sets of luck share what programmes do, and ``systematic`` holds it.
    queues = bool(model.network.routes)
    shared = 0.0 if queues else t["schedules"] + t["moves"]
    each = t["bring"] + t["serve"] + t["moves"] if queues else 0.0
    parts = {
        "sample": t["sample"],
        "close": t["close"],
        "trend": t["systematic"] - t["sample"] - t["close"] - shared,
        "queues: bring": 2 * t["bring"],
        "queues: serve": 2 * t["serve"],
        "programmes": t["schedules"] + (2 if queues else 1) * t["moves"],
        "luck": 2 * t["luck"],
        "levels": 2 * (t["live"] - t["luck"] - each),
        "indicators": 2 * (t["indicators"] - t["live"]),
        "judge": 2 * (t["judge_luck"] - t["indicators"]),
        "count": t["block"] - t["systematic"] - 2 * t["judge_luck"],
    }
    shares = {name: max(seconds, 0.0) / t["block"] for name, seconds in parts.items()}
    return {**shares, "numbers": t["numbers"] / t["block"]}


# -- delivery: the recursion over draws against SimPy ----------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivered:
    """The queues of one plan: how large they are, seconds a future, and ``share`` of the seconds.

    ``lines``: desks and gates where lots may have to wait; ``lots``: that may apply at most;
    ``applied``: that do; ``events``: that SimPy logs.
    """

    plan: str
    programmes: int
    stages: int
    desks: int
    gates: int
    lines: int
    lots: int
    applied: float
    events: float
    simpy: float
    bring: float
    serve: float
    coverage: float
    share: Mapping[str, float]

    @property
    def over_serve(self) -> float:
        """How many times as long SimPy takes to find the same event times from the same cases."""
        return self.simpy / self.serve

    @property
    def over_both(self) -> float:
        """The same, where the recursion also draws the cases and SimPy is given them."""
        return self.simpy / (self.bring + self.serve)


def deliveries(names: Sequence[str], repeat: int) -> list[Delivered]:
    """Every plan named that has queues, as its scenario ``plan``."""
    plans = {name: load(name) for name in names}
    return [
        delivery(name, model, repeat)
        for name, model in ((name, Model.of(plan)) for name, plan in plans.items())
        if model.network.routes
    ]


def asked_for(plan: Plan, found: Mapping[str, Delivery]) -> None:
    """What the plan asks deliveries for: counts that it reports, flows that move something."""
    counted = {indicator.programme for indicator in plan.indicators.values()}
    for key, delivered in found.items():
        own = plan.programmes[key]
        if key in counted:
            _ = delivered.stock
        if own.effects or own.projects or own.closures or own.recognised:
            _ = delivered.flow


def delivery(name: str, model: Model, repeat: int) -> Delivered:
    """One plan: a block by the recursion, a few of its futures by SimPy, taking turns."""
    plan, network, block = model.plan, model.network, Block(1, LATER)
    p, until = model.sampler.draw(block), float(len(plan.years))
    futures = bring(plan, network, p, block, "a")
    served = serve(network, futures)
    chosen = range(0, block.draws, block.draws // PLAYED)[:PLAYED]
    numbers = Numbers.of_queues(model)

    def covered() -> None:
        asked_for(plan, queued(plan, network, p, served))

    def simpy() -> list[int]:
        """From cases to event times, as ``serve`` does: futures, logs and tables of passages."""
        logs = []
        for draw in chosen:
            future = futures.one(draw)
            log = play(network, future, until)
            passages(network, future, log)
            logs.append(len(log))
        return logs

    t = best(
        {
            "bring": lambda: bring(plan, network, p, block, "a"),
            "numbers": lambda: numbers.drawn(block),
            "serve": lambda: serve(network, futures),
            "coverage": covered,
            "simpy": simpy,
        },
        repeat,
    )
    whole = t["bring"] + t["serve"] + t["coverage"]
    parts = {
        "numbers": t["numbers"],
        "cases": t["bring"] - t["numbers"],
        **of_serving(network, futures, t["serve"], repeat),
        "coverage": t["coverage"],
    }
    gates = sum(isinstance(station, Gate) for station in network.stations)
    applied = [np.count_nonzero(case.applied < until) for case in futures.cases.values()]
    return Delivered(
        plan=name,
        programmes=len(network.routes),
        stages=sum(len(stages) for stages in network.routes.values()),
        desks=len(network.stations) - gates,
        gates=gates,
        lines=sum(
            isinstance(station, Gate) or station.servers is not None for station in network.stations
        ),
        lots=sum(network.lots.values()),
        applied=sum(applied) / block.draws,
        events=float(np.mean(simpy())),
        simpy=t["simpy"] / PLAYED,
        bring=t["bring"] / block.draws,
        serve=t["serve"] / block.draws,
        coverage=t["coverage"] / block.draws,
        share={name: seconds / whole for name, seconds in parts.items()},
    )


#: Where ``queues.serve`` does its work; a station that is served is told by its kind.
PARTS: tuple[tuple[Any, str, str], ...] = (
    (queues._Line, "of", "sorting"),
    (queues._Line, "sorted", "gathering"),
    (queues._Line, "restored", "gathering"),
    (queues, "_serve", ""),
    (queues, "_left", "passing on"),
)
#: What its time is divided into.
SERVING = (
    "sorting", "gathering", "gates that carry", "gates that lapse", "desks", "passing on", "other",
)  # fmt: skip


def of_serving(network: Network, futures: Futures, whole: float, repeat: int) -> dict[str, float]:
    """Seconds of each part of ``serve``, with clocks around them; together they are ``whole``."""
    least = dict.fromkeys(SERVING, float("inf"))
    for _ in range(repeat):
        with clocked() as took:
            started = time.process_time()
            serve(network, futures)
            took["other"] = time.process_time() - started - sum(took.values())
        least = {part: min(seconds, took[part]) for part, seconds in least.items()}
    scale = whole / sum(least.values())
    return {part: scale * seconds for part, seconds in least.items()}


@contextmanager
def clocked() -> Iterator[dict[str, float]]:
    """Seconds by part of ``serve`` while this is open."""
    took: dict[str, float] = defaultdict(float)

    def timed(work: Callable[..., Any], part: str) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            started = time.process_time()
            done = work(*args)
            done = list(done) if isinstance(done, Iterator) else done
            took[part or kind_of(args[0])] += time.process_time() - started
            return done

        return run

    before = [(owner, name, vars(owner)[name]) for owner, name, _ in PARTS]
    for owner, name, part in PARTS:
        work = timed(getattr(owner, name), part)
        setattr(owner, name, staticmethod(work) if name == "of" else work)
    try:
        yield took
    finally:
        for owner, name, work in before:
            setattr(owner, name, work)


def kind_of(station: Station) -> str:
    if isinstance(station, Gate):
        return "gates that carry" if station.carries else "gates that lapse"
    return "desks"


# -- growth ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One size of something that grows, and what a draw then costs. [s]"""

    axis: str
    size: int
    seconds: float
    unit: str


def growth(plan: Plan, draws: int, repeat: int) -> list[Step]:
    """Cost in draws, years, clusters and programmes; all but the first a draw, in whole blocks."""
    counts = [draws, 2 * draws, 4 * draws]
    works: dict[tuple[str, int, str], Work] = {
        ("draws", number, "run"): partial(run, plan, draws=number) for number in counts
    }
    first, last = plan.plan.years
    grown = [("years", n * (last - first), with_years(plan, n * (last - first))) for n in (1, 2, 3)]
    copies = [with_clusters(plan, n) for n in (1, 2, 3, 4)]
    grown += [("clusters", len(larger.clusters), larger) for larger in copies]
    more = [with_programmes(plan, n) for n in (1, 2, 3)]
    grown += [("programmes", sum(p.active for p in m.programmes.values()), m) for m in more]
    job = Job(Block(1, LATER), STREAM_BLOCK, keep=False)
    for axis, size, larger in grown:
        works[axis, size, "draw"] = partial(count_block, Model.of(larger), job)
    return [
        Step(axis, size, seconds if unit == "run" else seconds / STREAM_BLOCK, unit)
        for (axis, size, unit), seconds in best(works, repeat).items()
    ]


def by_schedule(plan: Plan) -> Plan:
    """The plan without queues: each programme delivers what its queue does in the median draw."""
    model, block = Model.of(plan), Block(1, 0)
    deliveries = block_futures(model, block, "a").deliveries
    programmes = {}
    for key, programme in plan.programmes.items():
        if programme.queue is not None and key in deliveries:
            reached = np.median(deliveries[key].stock, axis=1)
            path = {y: float(s) for y, s in zip(plan.years, reached, strict=True)}
            depth = Figure(1.0, "judgement", "benchmark")
            start = plan.years[0]
            programme = replace(programme, queue=None, coverage=Coverage(start, path, depth))
        programmes[key] = programme
    return replace(plan, programmes=programmes, quotas={}, offices={})


def with_years(plan: Plan, horizon: int) -> Plan:
    """The plan with another last year; targets without a year keep the one that they had."""
    first, last = plan.plan.years
    targets = tuple(replace(t, year=t.year or last) for t in plan.targets)
    return replace(plan, plan=replace(plan.plan, years=(first, first + horizon)), targets=targets)


def with_clusters(plan: Plan, times: int) -> Plan:
    """The plan with every named cluster so many times, in a place that is as many times larger."""
    clusters = {
        key if copy == 0 else f"{key}_{copy}": cluster
        for copy in range(times)
        for key, cluster in plan.clusters.items()
        if copy == 0 or not cluster.residual
    }
    total = plan.totals.output
    larger = replace(total, value=scaled(total.value, float(times)))
    return replace(plan, clusters=clusters, totals=replace(plan.totals, output=larger))


def with_programmes(plan: Plan, times: int) -> Plan:
    """The plan with every programme so many times, each with queues and budgets of its own."""
    programmes = {
        key if copy == 0 else f"{key}_{copy}": programme
        for copy in range(times)
        for key, programme in plan.programmes.items()
    }
    return replace(plan, programmes=programmes)


def plotted(steps: Sequence[Mapping[str, Any]], file: Path) -> None:
    """Growth as points, with the straight line that fits them best."""
    from matplotlib.figure import Figure

    groups = [list(group) for _, group in itertools.groupby(steps, key=lambda step: step["axis"])]
    figure = Figure(figsize=(3.2 * len(groups), 3.0), layout="constrained")
    for axes, group in zip(figure.subplots(1, len(groups)), groups, strict=True):
        sizes = np.array([step["size"] for step in group], dtype=float)
        per, unit = (1.0, "s a run") if group[0]["unit"] == "run" else (1e6, "µs a draw")
        costs = per * np.array([step["seconds"] for step in group])
        line = np.polyval(np.polyfit(sizes, costs, 1), sizes)
        axes.plot(sizes, line, color="#999999", zorder=1)
        axes.scatter(sizes, costs, color="#0072B2", zorder=2)
        axes.set(xlabel=group[0]["axis"], ylabel=unit, ylim=(0.0, 1.15 * costs.max()))
        axes.set_xticks(sizes, [f"{size:,.0f}" for size in sizes])
    figure.savefig(file)


# -- what-ifs --------------------------------------------------------------------------------------


def latency(plan: Plan, held: AbstractContextManager[WhatIf | Slider]) -> dict[str, float]:
    """Seconds on the wall from one lever changed to all targets judged anew.

    Each programme is put out of the plan and, once all else is as it was, half as many come: the
    median and the slowest of all of these.
    """
    changes = [
        changed(plan, {f"programmes.{key}.{lever}": value})
        for key, programme in plan.programmes.items()
        if programme.active
        for lever, value in (
            ("active", False),
            *([("queue.intake", 0.5 * centre(programme.queue.intake))] if programme.queue else []),
        )
    ]
    took = []
    started = time.perf_counter()
    with held as ready:
        ready.judge()
        first = time.perf_counter() - started
        for other in changes:
            started = time.perf_counter()
            ready.judge(other)
            took.append(time.perf_counter() - started)
    return {
        "first": first,
        "levers": len(took),
        "median": statistics.median(took),
        "slowest": max(took),
        "quick": sum(seconds < 0.1 for seconds in took),
    }


# -- processes -------------------------------------------------------------------------------------

#: ``plansim run`` in a fresh interpreter, with clocks around what it does before it prints.
INSIDE = """
import json, sys, time
took = {"imports": 0.0, "load": 0.0, "simulate": 0.0}

def clocked(stage, function):
    def timed(*args, **kwargs):
        start = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            took[stage] += time.perf_counter() - start
    return timed

def imported():
    import plansim.calibration.reference, plansim.cli, plansim.scenarios.load, plansim.simulator.run
    import rich.table

clocked("imports", imported)()
for stage, name in (
    ("load", "plansim.scenarios.load.read_source"),
    ("load", "plansim.scenarios.load.assemble"),
    ("simulate", "plansim.simulator.run.run"),
):
    module, _, name = name.rpartition(".")
    setattr(sys.modules[module], name, clocked(stage, getattr(sys.modules[module], name)))
sys.modules["plansim.cli"].app(["run", sys.argv[1], "--draws", sys.argv[2]], standalone_mode=False)
print(json.dumps(took), file=sys.stderr)
"""
#: Peak memory of a run. On Linux ru_maxrss is never less than that of the process that started
#: this one, VmHWM is this one's own.
MEMORY = """
import sys
from resource import RUSAGE_SELF, getrusage
from plansim.scenarios.load import load
from plansim.simulator.run import run
run(load(sys.argv[1]), draws=int(sys.argv[2]), workers=2)
try:
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    print(int(status["VmHWM"].split()[0]) / 1024)
except OSError:
    print(getrusage(RUSAGE_SELF).ru_maxrss / 1024 / (1024 if sys.platform == "darwin" else 1))
"""


def said(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """A command that has run with as many threads of BLAS as its users give it."""
    usual = {name: value for name, value in os.environ.items() if name not in THREADS}
    return subprocess.run(command, env=usual, capture_output=True, text=True, check=True)


def cold_start(plan: str, draws: int, repeat: int) -> dict[str, float]:
    """Seconds of ``plansim run`` from a cold interpreter, and where they go."""
    python = sys.executable
    program = str(Path(python).with_name("plansim"))
    inside = [python, "-c", INSIDE, plan, str(draws)]
    took: list[dict[str, float]] = []
    walls = best(
        {
            "wall": lambda: said([program, "run", plan, "--draws", str(draws)]),
            "interpreter": lambda: said([python, "-c", "pass"]),
            "inside": lambda: took.append(json.loads(said(inside).stderr.splitlines()[-1])),
        },
        repeat,
        time.perf_counter,
    )
    least = min(took, key=lambda stages: sum(stages.values()))
    return {"wall": walls["wall"], "interpreter": walls["interpreter"], **least}


def memory(plan: str, draws: Sequence[int]) -> dict[int, float]:
    """Peak memory of a run of so many draws. [MB]"""
    return {n: float(said([sys.executable, "-c", MEMORY, plan, str(n)]).stdout) for n in draws}


# -- the table -------------------------------------------------------------------------------------


def measured(args: argparse.Namespace) -> dict[str, Any]:
    plan = load(args.plan)
    draws = max(1, round(args.draws / STREAM_BLOCK)) * STREAM_BLOCK
    return {
        "plan": args.plan,
        "draws": draws,
        "repeat": args.repeat,
        "cores": os.cpu_count(),
        "speed": speed(plan, draws, args.repeat),
        "speed_schedules": speed(by_schedule(plan), draws, args.repeat),
        "stages": stages(plan, args.repeat),
        "delivery": [
            {**asdict(each), "over_serve": each.over_serve, "over_both": each.over_both}
            for each in deliveries(sorted({args.plan, *shipped()}), args.repeat)
        ],
        "what_if": {
            "one process": latency(plan, nullcontext(WhatIf(plan))),
            "two processes": latency(plan, Slider(plan)),
        },
        "growth": [asdict(step) for step in growth(plan, draws // 16, args.repeat)],
        "cold_start": cold_start(args.plan, 10_000, 3),
        "memory": memory(args.plan, [10_000, *([1_000_000] if args.memory else [])]),
    }


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    kind = f"{found['cores']} cores, Python {platform.python_version()}, numpy {np.__version__}"
    yield f"{found['plan']}, {found['draws']:,} draws, best of {found['repeat']}; {kind}"
    for variant, key in (("with queues", "speed"), ("schedules for queues", "speed_schedules")):
        yield ""
        yield from speed_lines(variant, found[key])
    yield ""
    yield "where the time of a block goes"
    for name, share in found["stages"].items():
        label = "random numbers, within what asks for them" if name == "numbers" else name
        yield f"  {label:<50}{100 * share:>6.1f} %"
    yield ""
    yield from delivery_lines(found["delivery"])
    yield ""
    yield "what-if: one lever changed, 2,000 draws, all targets judged anew (wall)"
    yield f"  {'':<15}{'at first':>10}{'median':>10}{'slowest':>10}   within 100 ms"
    for name, w in found["what_if"].items():
        times = (f"{1e3 * w[key]:>7.0f} ms" for key in ("first", "median", "slowest"))
        yield f"  {name:<15}{''.join(times)}   {w['quick']} of {w['levers']} levers"
    yield ""
    yield "growth                 size         cost    of one more"
    yield from growth_lines(found["growth"])
    yield ""
    c = found["cold_start"]
    rest = c["wall"] - c["interpreter"] - c["imports"] - c["load"] - c["simulate"]
    yield f"cold start: plansim run {found['plan']} --draws 10000 (its own two threads)"
    for name, seconds in {**c, "the rest: words, table, exit": rest}.items():
        yield f"  {name:<38}{1e3 * seconds:>8.0f} ms{100 * seconds / c['wall']:>8.0f} %"
    yield ""
    for n, peak in found["memory"].items():
        yield f"peak memory of {n:>9,} draws{peak:>18.0f} MB"


def speed_lines(variant: str, s: Mapping[str, float]) -> Iterator[str]:
    """The engine against what it cannot do without, and against scalar Python."""
    limit, own = s["generated"] + s["levels"], s["numbers"] + s["levels"]
    head = f"speed, one thread, {variant}"
    yield f"{head:<42}µs a draw   draws a second     ratio"
    for name, seconds, ratio in (
        ("engine", s["engine"], ""),
        ("the limit: numpy's numbers, exp of levels", limit, over(s["engine"], limit)),
        ("the same with the engine's own numbers", own, over(s["engine"], own)),
        ("its own numbers alone", s["numbers"], over(s["engine"], s["numbers"])),
        ("scalar Python", s["scalar"], f"this / engine {s['scalar'] / s['engine']:.0f}"),
        ("engine, two threads", s["two_threads"], f"speed-up {s['speed_up']:.2f}"),
    ):
        yield f"  {name:<42}{1e6 * seconds:>9.1f}{1 / seconds:>17,.0f}     {ratio}"
    kinds = ("normal", "uniform", "exponential")
    rows = ", ".join(f"{s[f'{kind}_numbers']:,} {kind}" for kind in kinds)
    yield f"  random numbers a draw: {rows}"
    yield f"  once a run, for verdicts: {1e3 * s['once_a_run']:.0f} ms"


def over(engine: float, other: float) -> str:
    return f"engine / this {engine / other:.2f}"


def delivery_lines(plans: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A table of all plans that have queues, a column each."""
    if not plans:
        yield "delivery: no plan here has a queue"
        return

    def row(label: str, texts: Iterable[object]) -> str:
        return f"  {label:<44}" + "".join(f"{text:>15}" for text in texts)

    def whole(key: str) -> Iterator[str]:
        return (f"{each[key]:,.0f}" for each in plans)

    def micro(key: str) -> Iterator[str]:
        return (f"{1e6 * each[key]:,.1f}" for each in plans)

    yield "delivery, µs a future" + " " * 25 + "".join(f"{each['plan']:>15}" for each in plans)
    yield row("SimPy, from cases to event times", micro("simpy"))
    yield row("bring: random numbers and cases", micro("bring"))
    yield row("serve: from cases to event times", micro("serve"))
    yield row("coverage, from event times", micro("coverage"))
    yield row("SimPy / serve", whole("over_serve"))
    yield row("SimPy / (bring + serve)", whole("over_both"))
    for label, key in (
        ("programmes with a queue", "programmes"),
        ("stages", "stages"),
        ("desks", "desks"),
        ("gates", "gates"),
        ("stations where lots may have to wait", "lines"),
        ("lots that may apply", "lots"),
        ("lots that apply, on average", "applied"),
        ("events that SimPy logs, on average", "events"),
    ):
        yield row(label, whole(key))
    yield "  where bring + serve + coverage goes"
    for part in plans[0]["share"]:
        yield row(f"  {part}", (f"{100 * each['share'][part]:.1f} %" for each in plans))


def growth_lines(steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for axis, group in itertools.groupby(steps, key=lambda step: step["axis"]):
        before = None
        for step in group:
            more = ""
            if before is not None:
                each = (step["seconds"] - before["seconds"]) / (step["size"] - before["size"])
                more = f"{1e6 * each:>10.1f} µs"
            cost = f"{1e6 * step['seconds']:>10,.0f} µs"
            yield f"  {axis:<12}{step['size']:>13,}{cost}{more}   a {step['unit']}"
            before = step


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures the speed of the engine.")
    parser.add_argument("--plan", default="yuyao-2016", help="id or folder of a plan")
    parser.add_argument("--draws", type=int, default=65_536, help="in whole blocks")
    parser.add_argument("--repeat", type=int, default=3, help="the best of so many counts")
    parser.add_argument("--memory", action="store_true", help="also a run of a million draws")
    parser.add_argument("--json", action="store_true", help="print numbers only [s, MB]")
    parser.add_argument("--plot", type=Path, help="picture of how cost grows, .png or .svg")
    args = parser.parse_args()
    if any(os.environ.get(name) != "1" for name in THREADS):
        alone = {**os.environ, **dict.fromkeys(THREADS, "1")}
        os.execve(sys.executable, [sys.executable, *sys.argv], alone)
    found = measured(args)
    if args.plot:
        plotted(found["growth"], args.plot)
    if args.json:
        print(json.dumps(found, indent=2))
    else:
        print(*lines(found), sep="\n")


if __name__ == "__main__":
    main()
