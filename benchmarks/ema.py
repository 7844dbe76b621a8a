"""The same model under EMA Workbench, one future at a time, and under the engine, in one run.

Run as ``python benchmarks/ema.py [--plan yuyao-2016] [--futures 200] [--json]`` in an environment
with the extra ``peer`` (``pip install -e ".[peer]"``: 600 MB, so no test needs it).

EMA Workbench (Kwakkel, 2017) is how this kind of question is usually asked in Python: a plain
function of one future is called again and again. The function is ``benchmarks/scalar.py``, with
queues played by SimPy where the plan has them. Its uncertain parameters are drawn by the workbench,
evenly between their 5 % and 95 % quantiles, its luck by numpy within the call, all that one future
needs in three calls. Outcomes are the judged targets. There are two variants of the plan: as
shipped, and with each queue replaced by the schedule that it follows in the median.
"""

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from plansim.benchmarks import scalar
from plansim.benchmarks.engine import THREADS, Exps, Numbers, best, by_schedule
from plansim.scenarios.load import load
from plansim.simulator.future import LUCKS
from plansim.simulator.model import Model
from plansim.simulator.plan import Figure, Plan
from plansim.simulator.run import run
from plansim.simulator.sampling import STREAM_BLOCK, Block, quantiles

#: A process of its own that imports what is named, and says how long that took and its peak [MB].
START = """
import importlib, sys, time
started = time.perf_counter()
importlib.import_module(sys.argv[1])
took = time.perf_counter() - started
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(took, int(status["VmHWM"].split()[0]) / 1024)
"""


class Plain:
    """The model as a plain function of one future, as the workbench calls it."""

    def __init__(self, plan: Plan) -> None:
        model = Model.of(plan)
        self.ready = scalar.Ready.of(plan)
        self.fixed = dict(model.sampler.fixed)
        self.names = tuple(model.sampler.uncertain)
        self.ranges = [
            quantiles(Figure(u, "judgement", ""), 0.05, 0.95)
            for u in model.sampler.uncertain.values()
        ]
        self.targets = tuple(target.id for target in plan.judged)
        prefix = f"luck.{LUCKS[0]}/"
        lots = model.network.lots

        def most(name: str, rows: int) -> int:
            """Rows that one future may ask for: as many as the engine makes room for."""
            key = name.split(".")[1].split("/")[0] if name.startswith("programmes.") else ""
            return max(rows, lots.get(key, 0)) if key else 2 * rows if "/" in name else rows

        self.rows = {
            (kind, name.removeprefix(prefix)): most(name.removeprefix(prefix), rows)
            for (kind, name), rows in Numbers.of(model).rows.items()
            if name.startswith(prefix)
        }
        self.random = np.random.default_rng(1)

    def luck(self) -> dict[str, list[float]]:
        """All random numbers of one future by stream."""
        found: dict[str, list[float]] = {}
        for kind, draw in (
            ("normal", self.random.standard_normal),
            ("uniform", self.random.random),
            ("exponential", self.random.standard_exponential),
        ):
            wanted = {name: rows for (each, name), rows in self.rows.items() if each == kind}
            numbers = draw(sum(wanted.values())).tolist()
            first = 0
            for name, rows in wanted.items():
                found[name] = numbers[first : first + rows]
                first += rows
        return found

    def __call__(self, **values: float) -> dict[str, float]:
        given = (values[f"x{i}"] for i in range(len(self.names)))
        p = self.fixed | dict(zip(self.names, given, strict=True))
        base = scalar.close(self.ready, p)
        met = scalar.future(self.ready, p, base, self.luck()).met
        return {f"y{i}": float(met[name]) for i, name in enumerate(self.targets)}


def nothing(**values: float) -> dict[str, float]:
    """A model that does nothing: what the workbench itself costs."""
    return {"y0": 0.0}


def workbench(function: Callable[..., Any], parameters: Plain, outcomes: int) -> Any:
    """A model of the workbench with the parameters of a plan."""
    from ema_workbench import Model as Workbench
    from ema_workbench import RealParameter, ScalarOutcome

    model = Workbench("plan", function=function)
    model.uncertainties = [
        RealParameter(f"x{i}", low, high) for i, (low, high) in enumerate(parameters.ranges)
    ]
    model.outcomes = [ScalarOutcome(f"y{i}") for i in range(outcomes)]
    return model


def for_each(blocks: range, work: Callable[[int], None]) -> None:
    for number in blocks:
        work(number)


def sequentially(model: Any, number: int) -> Callable[[], object]:
    """The workbench's plain evaluator, ready to work."""
    from ema_workbench import SequentialEvaluator

    def work() -> None:
        with SequentialEvaluator(model) as evaluator:
            evaluator.perform_experiments(scenarios=number)

    return work


def by_processes(model: Any, number: int) -> float:
    """Seconds that two processes take, once they have begun."""
    from ema_workbench import MultiprocessingEvaluator

    with MultiprocessingEvaluator(model, n_processes=2) as evaluator:
        started = time.perf_counter()
        evaluator.perform_experiments(scenarios=number)
        return time.perf_counter() - started


def measured(plan: Plan, futures: int, repeat: int) -> dict[str, float]:
    """Seconds a future of everything, and how often each of its parts is asked for."""
    plain = Plain(plan)
    model = workbench(plain, plain, len(plain.targets))
    empty = workbench(nothing, plain, 1)
    blocks = range(16)
    draws = len(blocks) * STREAM_BLOCK
    values = {f"x{i}": (low + high) / 2 for i, (low, high) in enumerate(plain.ranges)}
    cold = time.perf_counter()
    sequentially(model, 1)()
    cold = time.perf_counter() - cold
    run(plan, draws=STREAM_BLOCK)
    ready = Model.of(plan)
    numbers, exps = Numbers.of(ready), Exps.of(ready)
    generator = np.random.Generator(np.random.SFC64(1))
    seconds = best(
        {
            "engine": lambda: run(plan, draws=draws),
            "generated": lambda: for_each(blocks, lambda _: numbers.generated(generator)),
            "numbers": lambda: for_each(blocks, lambda number: numbers.drawn(Block(1, number))),
            "levels": lambda: for_each(blocks, lambda _: exps.taken()),
            "scalar": lambda: [plain(**values) for _ in range(futures)],
            "sequential": sequentially(model, futures),
            "empty": sequentially(empty, futures),
        },
        repeat,
    )
    generated, own, levels = (
        seconds[name] / draws / len(LUCKS) for name in ("generated", "numbers", "levels")
    )
    return {
        "parameters": len(plain.names),
        "targets": len(plain.targets),
        "engine": seconds["engine"] / draws / len(LUCKS),
        "limit": generated + levels,
        "own_limit": own + levels,
        "scalar": seconds["scalar"] / futures,
        "sequential": seconds["sequential"] / futures,
        "two_processes": min(by_processes(model, futures) for _ in range(repeat)) / futures,
        "empty": seconds["empty"] / futures,
        "first_call": cold,
    }


def start_up(module: str, repeat: int) -> dict[str, float]:
    """Seconds to import a module in a new process, and the peak memory then. [s, MB]"""
    said = [
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", START, module],
            check=True, capture_output=True, text=True,
        ).stdout.split()
        for _ in range(repeat)
    ]  # fmt: skip
    return {
        "seconds": min(float(line[0]) for line in said),
        "peak": statistics.median(float(line[1]) for line in said),
    }


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The table."""
    yield f"{found['plan']}; µs a future on one core (two processes: on the wall)"
    head = "".join(f"{name:>24}" for name in found["variants"])
    yield f"{'':<46}{head}"
    rows = (
        ("engine", "engine"),
        ("the limit: numpy's numbers, one exp a level", "limit"),
        ("the same with the engine's own numbers", "own_limit"),
        ("the same model in scalar Python", "scalar"),
        ("EMA Workbench, sequential", "sequential"),
        ("EMA Workbench, two processes", "two_processes"),
        ("EMA Workbench, a function that does nothing", "empty"),
    )
    for label, key in rows:
        values = (1e6 * each[key] for each in found["variants"].values())
        yield f"{label:<46}" + "".join(f"{value:>24,.1f}" for value in values)
    ratios = (
        ("EMA Workbench, sequential / engine", "sequential", "engine"),
        ("EMA Workbench, two processes / engine", "two_processes", "engine"),
        ("empty function / engine", "empty", "engine"),
        ("scalar Python / engine", "scalar", "engine"),
        ("engine / limit", "engine", "limit"),
        ("engine / the same with its own numbers", "engine", "own_limit"),
    )
    for label, top, under in ratios:
        values = (each[top] / each[under] for each in found["variants"].values())
        yield f"{label:<46}" + "".join(f"{value:>24,.1f}" for value in values)
    for key in ("parameters", "targets"):
        values = (each[key] for each in found["variants"].values())
        yield f"{key:<46}" + "".join(f"{value:>24,.0f}" for value in values)
    first = (each["first_call"] for each in found["variants"].values())
    yield f"{'first call of the workbench [s]':<46}" + "".join(f"{t:>24.2f}" for t in first)
    for name, each in found["start_up"].items():
        yield f"import {name:<39}{each['seconds']:>22.2f} s{each['peak']:>21.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--plan", default="yuyao-2016", help="id or folder of a plan")
    parser.add_argument("--futures", type=int, default=200, help="that the workbench lives through")
    parser.add_argument("--repeat", type=int, default=3, help="the best of so many counts")
    parser.add_argument("--json", action="store_true", help="print numbers only [s, MB]")
    args = parser.parse_args()
    if any(os.environ.get(name) != "1" for name in THREADS):
        alone = {**os.environ, **dict.fromkeys(THREADS, "1"), "TQDM_DISABLE": "1"}
        os.execve(sys.executable, [sys.executable, *sys.argv], alone)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    plan = load(args.plan)
    variants = {"queues (SimPy)": plan, "schedules": by_schedule(plan)}
    found = {
        "plan": args.plan,
        "variants": {k: measured(v, args.futures, args.repeat) for k, v in variants.items()},
        "start_up": {n: start_up(n, 3) for n in ("plansim.simulator.run", "ema_workbench")},
    }
    print(json.dumps(found, indent=2) if args.json else "\n".join(lines(found)))


if __name__ == "__main__":
    main()
