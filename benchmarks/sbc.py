"""Simulation-based calibration of ``plansim calibrate`` (Talts et al., 2018, arXiv:1804.06788).

Run as ``python benchmarks/sbc.py [--repeats 1000] [--plan PLAN] [--json]``. A truth is drawn from
the prior, lives through the engine's luck, is measured with error, and is then inferred from what
was seen. If all is right, the truth is anywhere among draws of the law that ``run`` would draw by:
its ranks are even. Ranks of parameters find a wrong prior; those of the log-likelihood find a wrong
likelihood. The first draws are the prior's, new ones for every repeat.

Three tests of evenness each: mean and spread of the ranks' normal scores, and counts in sixteen
classes (four, where repeats are few). The smallest p, times the number of tests, is held against
1 %.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

import numpy as np
from scipy.special import chdtrc, ndtr, ndtri

from plansim.calibration.scores import Normal
from plansim.calibration.weighing import Prepared, prepare, telling, weigh
from plansim.scenarios.history import Measure, Observation
from plansim.scenarios.load import load
from plansim.simulator.plan import Plan
from plansim.simulator.sampling import Array, stream

#: Draws of the law that a truth is ranked among, classes of ranks, prior draws held, and those of
#: them that one repeat begins with.
AMONG, CLASSES, POOL, EACH = 127, 16, 32_768, 2048
#: Figures ranked: those that the observations tell most of. Smallest p that passes.
FIGURES, PASSES = 5, 0.01


@dataclass(frozen=True)
class Ranks:
    """Ranks of truths among AMONG draws. [(repeat,)] by name, 0 to AMONG"""

    ranks: dict[str, Array]
    share: float

    def tests(self) -> dict[str, dict[str, float]]:
        """p of every test by name of what was ranked."""
        return {name: evenness(rank) for name, rank in self.ranks.items()}

    @property
    def p(self) -> float:
        """The smallest p times the number of tests."""
        smallest = [p for tests in self.tests().values() for p in tests.values()]
        return min(1.0, min(smallest) * len(smallest))


def evenness(rank: Array) -> dict[str, float]:
    """p of the mean, the spread and the counts of ranks, if they are even."""
    score = ndtri((rank + 0.5) / (AMONG + 1))
    number = len(score)
    middle = 2 * float(ndtr(-abs(score.mean()) * np.sqrt(number)))
    even = ndtri((np.arange(AMONG + 1) + 0.5) / (AMONG + 1))
    variance, fourth = (even**2).mean(), (even**4).mean()
    wide = ((score**2).mean() - variance) / np.sqrt((fourth - variance**2) / number)
    classes = CLASSES if number >= 10 * CLASSES else CLASSES // 4
    counts = np.bincount(rank * classes // (AMONG + 1), minlength=classes)
    expected = number / classes
    uneven = float(chdtrc(classes - 1, ((counts - expected) ** 2 / expected).sum()))
    return {"mean": middle, "spread": 2 * float(ndtr(-abs(wide))), "classes": uneven}


def truths(prepared: Prepared, repeats: int, seed: int) -> tuple[Array, Array, Array]:
    """Scores [(name, repeat)], what is seen of them, and what would be without luck
    [(observation, repeat)].
    """
    random = stream(seed, 0, "truth")
    scores = prepared.prior.scores(random.standard_normal((len(prepared.z), repeats)))
    lived = prepared.forward.seen(scores, seed)[0]
    error = prepared.scatter.error[:, None] * random.standard_normal(lived.shape)
    return scores, lived + error, prepared.forward.expected(scores, seed)


def ranked(
    prepared: Prepared,
    repeats: int,
    seed: int = 1,
    *,
    believed: Prepared | None = None,
    each: int = EACH,
    progress: Callable[[int], object] | None = None,
) -> Ranks:
    """Ranks of ``repeats`` truths under ``prepared``, inferred as if ``believed`` were right."""
    believed = believed or prepared
    scores, seen, expected = truths(prepared, repeats, seed)
    slopes = telling(prepared.z, prepared.expected)
    told = (slopes**2 / np.diag(prepared.scatter.covariance)[:, None]).sum(axis=0)
    rows = np.argsort(-told, kind="stable")[:FIGURES]
    names = [prepared.forward.names[row] for row in rows]
    found: dict[str, list[int]] = {name: [] for name in [*names, "log-likelihood"]}
    shares = []
    for repeat in range(repeats):
        random = stream(seed, repeat, "first draws")
        some = random.integers(believed.z.shape[1], size=min(each, believed.z.shape[1]))
        begin = replace(
            believed, z=believed.z[:, some], expected=believed.expected[:, some], seed=repeat + 1
        )
        weighed = weigh(begin, seen[:, repeat])
        shares.append(weighed.share)
        among = slice(0, AMONG)
        drawn = believed.prior.scores(weighed.z[:, among])[rows]
        for name, rank in zip(names, (drawn < scores[rows, repeat, None]).sum(axis=1), strict=True):
            found[name].append(int(rank))
        true = believed.scatter.log_likelihood(expected[:, [repeat]], seen[:, repeat])[0]
        found["log-likelihood"].append(int((weighed.log_likelihood[among] < true).sum()))
        if progress is not None:
            progress(repeat + 1)
    return Ranks({name: np.array(rank) for name, rank in found.items()}, float(np.mean(shares)))


# -- bugs to be found ------------------------------------------------------------------------------


def rebelieved(prepared: Prepared, prior: Normal, seed: int) -> Prepared:
    """The same, with another prior."""
    expected = prepared.forward.expected(prior.scores(prepared.z), seed)
    return replace(prepared, prior=prior, expected=expected)


def narrow(prepared: Prepared, factor: float = 0.6) -> Prepared:
    """A prior that is too narrow."""
    size = len(prepared.z)
    return rebelieved(prepared, Normal(np.eye(size), np.zeros(size), factor**2 * np.eye(size)), 7)


def shifted(prepared: Prepared, by: float = 0.5) -> Prepared:
    """A prior whose mean is off."""
    size = len(prepared.z)
    return rebelieved(prepared, Normal(np.eye(size), np.full(size, by), np.eye(size)), 7)


def overconfident(prepared: Prepared, factor: float = 0.5) -> Prepared:
    """A likelihood that takes luck for smaller than it is."""
    scatter = prepared.scatter
    smaller = replace(
        scatter, covariance=factor**2 * scatter.covariance, factor=factor * scatter.factor
    )
    return replace(prepared, scatter=smaller)


BUGS = {"narrow prior": narrow, "shifted prior": shifted, "small luck": overconfident}

# -- the command -----------------------------------------------------------------------------------


def watched(plan: Plan) -> tuple[Observation, ...]:
    """What is taken to be seen of a plan: a first cluster, the place; levels and growth."""
    base = plan.plan.base_year
    cluster = next(key for key, c in plan.clusters.items() if not c.residual)
    indicator = {i.of: key for key, i in reversed(list(plan.indicators.items())) if i.over is None}
    rows: list[tuple[str, float, float, Measure]] = [
        (f"clusters.{cluster}.output", base, 100.0, "level"),
        (f"clusters.{cluster}.output", base + 2, 110.0, "level"),
        (indicator["real_value_added"], base, 0.06, "growth"),
        (indicator["real_value_added"], base + 1, 0.06, "growth"),
        (indicator["real_value_added"], base + 2.5, 0.06, "growth"),
        (f"clusters.{cluster}.energy", base + 1, 0.1, "level"),
    ]
    return tuple(
        Observation(q, "", year, value, measure, None, "made", line, "flow")
        for line, (q, year, value, measure) in enumerate(rows, start=2)
    )


def report(name: str, found: Ranks) -> None:
    print(f"\n{name}: p = {found.p:.2g}; {100 * found.share:.0f} % of the draws count")
    print(f"  {'ranked':45}{'mean':>10}{'spread':>10}{'classes':>10}")
    for what, tests in found.tests().items():
        print(f"  {what:45}" + "".join(f"{tests[test]:>10.2g}" for test in tests))


def main(arguments: Sequence[str] | None = None) -> None:
    """Rank, print, and say whether all is right and every planted bug was found."""
    parser = argparse.ArgumentParser(description="Simulation-based calibration.")
    parser.add_argument("--repeats", type=int, default=1000, help="truths")
    parser.add_argument("--bugs", type=int, default=200, help="truths for each planted bug")
    parser.add_argument("--plan", default=str(files("plansim.scenarios") / "template"), help="plan")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print json")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    plan = load(options.plan)
    prepared = prepare(plan, watched(plan), POOL, options.seed)
    results = {"as it is": ranked(prepared, options.repeats, options.seed)}
    for name, bug in BUGS.items():
        results[name] = ranked(prepared, options.bugs, options.seed, believed=bug(prepared))
    fine = results["as it is"].p > PASSES
    missed = [name for name in BUGS if results[name].p > PASSES]
    seconds = time.perf_counter() - started
    if options.json:
        told: dict[str, Any] = {
            name: {"p": r.p, "share": r.share, "tests": r.tests()} for name, r in results.items()
        }
        print(json.dumps({"passes": fine, "missed": missed, "seconds": seconds, **told}, indent=1))
        return
    print(f"{options.repeats} truths of {plan.plan.id}, {options.bugs} for each planted bug.")
    for name, found in results.items():
        report(name, found)
    print(f"\n{'PASSES' if fine else 'FAILS'}; bugs missed: {', '.join(missed) or 'none'}")
    print(f"{seconds:.0f} s")


if __name__ == "__main__":
    main()
