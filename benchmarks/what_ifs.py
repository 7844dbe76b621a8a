"""What a lever costs: what-ifs over the levers of shipped plans, beside runs of the same futures.

    python -m plansim.benchmarks.what_ifs [--draws 2000]

Each lever is moved to both ends of its range, with nothing of that setting known, and judged once
as it is and once with three indicators in all years; between plans nothing is kept. Times are
processor time of one thread; ratios of medians within one process.
"""

import argparse
import gc
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from plansim.analysis.levers import knobs, turned
from plansim.scenarios.load import load, shipped
from plansim.simulator.plan import Plan
from plansim.simulator.run import run
from plansim.simulator.whatif import WhatIf

#: Indicators that are asked for in all years.
CURVES = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one plan: settings judged, and medians of processor time of one. [seconds]

    ``curves``: median ratio of the same what-if with whole paths to the one without.
    """

    plan: str
    settings: int
    what_if: float
    run: float
    curves: float


def settings(plan: Plan) -> Iterator[Plan]:
    """Every lever at both ends of its range."""
    for lever in knobs(plan):
        for value in (lever.values[0], lever.values[-1]):
            if value != lever.own:
                yield turned(plan, (lever,), (value,))


def chosen(plan: Plan) -> list[str]:
    """Three of the judged indicators: the first, the middle and the last one."""
    names = list(
        dict.fromkeys(f"{target.indicator}/{target.cluster}".rstrip("/") for target in plan.judged)
    )
    return list(dict.fromkeys((names[0], names[len(names) // 2], names[-1])))[:CURVES]


def seconds(work: Callable[[], object]) -> float:
    """Processor time of some work."""
    started = time.process_time()
    work()
    return time.process_time() - started


def cost(name: str, draws: int) -> Cost:
    plan = load(name)
    plain, curved, names = WhatIf(plan, draws), WhatIf(plan, draws), chosen(plan)
    plain.judge()
    curved.judge(paths=names)
    without, ratios = [], []
    for other in settings(plan):
        without.append(seconds(partial(plain.judge, other)))
        whole = seconds(partial(curved.judge, other, names))
        ratios.append(whole / without[-1])
    runs = [seconds(lambda: run(plan, draws=draws)) for _ in range(3)]
    return Cost(
        name,
        len(without),
        statistics.median(without),
        statistics.median(runs),
        statistics.median(ratios),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=2000)
    draws: int = parser.parse_args().draws
    gc.collect()
    gc.disable()
    print(f"{'plan':<16}{'settings':>9}{'what-if, ms':>13}{'run, ms':>10}{'with curves':>13}")
    for name in (each for each in shipped() if load(each).levers):
        found = cost(name, draws)
        print(
            f"{found.plan:<16}{found.settings:>9}{1e3 * found.what_if:>13.1f}"
            f"{1e3 * found.run:>10.0f}{found.curves:>12.2f}×"
        )


if __name__ == "__main__":
    main()
