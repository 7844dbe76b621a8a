"""Which uncertainty matters: Sobol' indices of groups of inputs, then of single ones.

First-order index: the share of an output's variance that goes when an input is known. Total index:
the share that is left while all others are known; what both differ by is interaction. Estimators
of Saltelli et al. (2010), as scipy has them, on draws A and B and on A with one input from B.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from plansim.analysis.futures import Futures, Question, all_lived, blocks, power_of_two
from plansim.analysis.inputs import LUCK, Input, groups, input_name, units
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.frames import KEYS, frame, keys_of, language
from plansim.simulator.model import Model
from plansim.simulator.naming import entry_of
from plansim.simulator.plan import Plan
from plansim.simulator.run import check_arguments
from plansim.simulator.sampling import Array, stream

if TYPE_CHECKING:
    import pandas as pd

Tick = Callable[[int], object]
#: What an index is of: the indicator as the target words it, or whether the target is met.
OUTPUTS = ("read", "met")
#: Draws B come from a seed that nobody can type: no seed's draws B are another one's draws A.
OTHER = 2**63
#: Resamples of the bootstrap, and the interval that is reported.
RESAMPLES, INTERVAL = 500, (0.025, 0.975)
#: Groups with a total index below this are not looked into.
LOOKED_INTO = 0.02
#: At most so many single inputs that can be seen get indices, for each target.
SINGLES = 10
#: Parts of equal size of an input, for the correlation ratio that chooses single inputs.
PARTS = 8
#: Columns of a frame behind the keys of its target.
TOLD = (
    "of", "kind", "input", "input_name", "figures", "first", "first_low", "first_high", "total",
    "total_low", "total_high",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Indices:
    """Indices of every input for every output, each with a 95 % interval. [(output, input)]

    Not a number where an output does not vary.
    """

    first: Array
    first_low: Array
    first_high: Array
    total: Array
    total_low: Array
    total_high: Array

    def of(self, output: int, item: int) -> dict[str, float]:
        """The indices of one input for one output."""
        return {f.name: float(getattr(self, f.name)[output, item]) for f in fields(self)}


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Indices of ``groups`` for all judged targets, and of ``singles`` for those asked for.

    ``asked``: positions of the targets asked for among the judged ones; rows of ``by_single``.
    ``ratio`` [(asked, driver)]: correlation ratio of each driver, as ``Model.drivers`` names them.
    ``a``: the futures of draws A, ``both``: those of A and B.
    """

    model: Model
    output: str
    draws: int
    seed: int
    groups: tuple[Input, ...]
    by_group: Indices
    asked: tuple[int, ...]
    singles: tuple[Input, ...]
    by_single: Indices
    ratio: Array
    a: Futures
    both: Futures

    def to_frame(self, lang: str | None = None) -> "pd.DataFrame":
        """One row a target and input, groups of all targets, then single ones of those asked for.

        ``input``: the path or pattern, ``input_name`` what it is called; ``first`` and ``total``
        are shares of the variance of ``of``, with their intervals.
        """
        lang, judged = language(lang), self.model.plan.judged
        every = range(len(judged))
        parts = (
            ("group", self.groups, self.by_group, every),
            ("single", self.singles, self.by_single, self.asked),
        )
        rows = [
            keys_of(self.model.plan, judged[place], lang) | {
                "of": self.output, "kind": kind, "input": item.key,
                "input_name": input_name(self.model.plan, item, lang),
                "figures": len(item.figures), **found.of(row, column),
            }
            for kind, inputs, found, places in parts
            for row, place in enumerate(places)
            for column, item in enumerate(inputs)
        ]  # fmt: skip
        return frame(rows, (*KEYS, *TOLD))

    def __repr__(self) -> str:
        said = f"{len(self.groups)} groups of inputs, {len(self.singles)} single ones"
        name = self.model.plan.plan.id
        return f"Sensitivity({name}, {self.output}, {self.draws} draws, seed {self.seed}; {said})"


def indices(f_a: Array, f_b: Array, f_ab: Array, seed: int = 1) -> Indices:
    """Sobol' indices from outputs at A, B [(output, draw)] and at A with an input from B.

    ``f_ab`` [(input, output, draw)]; the number of draws is a power of two. Intervals are
    quantiles of a bootstrap over draws, the same resamples for all.
    """
    from scipy.stats import sobol_indices

    number = f_a.shape[-1]
    if not len(f_ab):
        return Indices(*(np.empty((len(f_a), 0)) for _ in range(6)))
    alone = f_ab.shape[:2] == (1, 1)  # scipy cannot do one input of one output
    crossed = np.repeat(f_ab, 2, axis=0) if alone else f_ab
    known: dict[str, Array] = {"f_A": f_a, "f_B": f_b, "f_AB": crossed}
    found = sobol_indices(func=known, n=number)  # type: ignore[arg-type]  # stubs want 1-d
    shape = (len(f_a), len(f_ab))
    middle = np.mean([f_a, f_b], axis=(0, 2))[:, None]
    a, b = f_a - middle, f_b - middle
    times = stream(seed, 0, "bootstrap").multinomial(number, np.full(number, 1 / number), RESAMPLES)
    weights = times.T / number
    mean = (a + b) @ weights / 2
    variance = (a**2 + b**2) @ weights / 2 - mean**2
    spread = np.empty((2, 2, *shape))
    with np.errstate(divide="ignore", invalid="ignore"):
        for i, each in enumerate(f_ab):
            step = each - middle - a
            shares = (b * step) @ weights / variance, step**2 @ weights / (2 * variance)
            spread[:, :, :, i] = [np.quantile(share, INTERVAL, axis=1) for share in shares]
    still = ~(np.ptp(np.concatenate([f_a, f_b], axis=1), axis=1) > 0)
    first, total = (
        np.array(order, dtype=float).reshape(len(f_a), -1)[:, : len(f_ab)]
        for order in (found.first_order, found.total_order)
    )
    rows = (first, *spread[0], total, *spread[1])
    return Indices(*(np.where(still[:, None], np.nan, row) for row in rows))


def correlation_ratio(order: NDArray[np.intp], outputs: Array, parts: int = PARTS) -> Array:
    """η²: share of variance between the means of equal parts of a driver. [(output, driver)]

    ``order`` [(driver, future)]: futures sorted by each driver. What chance alone gives,
    (parts − 1) / futures, is taken off.
    """
    number = order.shape[1]
    part = np.arange(number) * parts // number
    sizes = np.bincount(part, minlength=parts)
    starts = np.searchsorted(part, np.arange(parts))
    centred = outputs - outputs.mean(axis=1, keepdims=True)
    variance = (centred**2).sum(axis=1)
    between = np.empty((len(outputs), len(order)))
    for i, row in enumerate(centred):
        sums = np.add.reduceat(row[order], starts, axis=1)
        between[i] = (sums**2 / sizes).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = between / variance[:, None] - (parts - 1) / number
    return np.asarray(np.nan_to_num(np.maximum(ratio, 0.0)))


def sorted_by(drivers: Array) -> NDArray[np.intp]:
    """Futures sorted by each driver. [(driver, future)]"""
    return np.argsort(drivers, axis=1, kind="stable")


def sensitivity(
    plan: Plan,
    targets: Sequence[str] = (),
    output: str = "read",
    draws: int = 2048,
    seed: int = 1,
    workers: int = 1,
    tick: Tick | None = None,
) -> Sensitivity:
    """Indices of all groups of inputs for every judged target, and of single inputs for some.

    ``draws``, rounded up to a power of two, are simulated once for A, for B and for every input.
    Raises InputError for unknown targets and for arguments out of range.
    """
    targets = check_targets(plan, targets, output)
    number = power_of_two(draws, most=2**15)
    check_arguments(plan, number, seed, "independent", (), workers, 4096)
    model = Model.of(plan)
    all_groups = groups(model)
    a, b = (_joined(part) for part in _halves(model, number, seed, workers, tick))
    f_a, f_b = (outputs(half, output) for half in (a, b))
    by_group = indices(
        f_a, f_b, _crossed(model, all_groups, output, number, seed, workers, tick), seed
    )
    judged = [target.id for target in plan.judged]
    asked = tuple(judged.index(name) for name in dict.fromkeys(targets))
    both = a.then(b)
    chosen = list(asked)
    ratio = correlation_ratio(sorted_by(both.drivers), outputs(both, output)[chosen])
    singles = promising(model, all_groups, by_group, asked, ratio)
    f_single = _crossed(model, singles, output, number, seed, workers, tick)[:, chosen]
    by_single = indices(f_a[chosen], f_b[chosen], f_single, seed)
    return Sensitivity(
        model, output, number, seed, all_groups, by_group, asked, singles, by_single, ratio, a, both
    )


def check_targets(
    plan: Plan, targets: Sequence[str], output: str, choices: Sequence[str] = OUTPUTS
) -> tuple[str, ...]:
    """The ids of targets given by id or name.

    Raises InputError naming every one that is not judged, and an unknown output.
    """
    from plansim.simulator.model import given_faults

    targets = tuple(entry_of(plan, "targets", word) for word in targets)
    faults = [
        Fault(fault.code if fault.code == "unknown_target" else "target_not_judged",
              fault.fields, "target")
        for fault in given_faults(plan, targets)
    ]  # fmt: skip
    if output not in choices:
        faults.append(Fault("unknown_choice", {"value": output, "choices": list(choices)}, "of"))
    if faults:
        raise InputError(faults)
    return targets


def work(plan: Plan, draws: int, targets: Sequence[str]) -> int:
    """How many draws ``sensitivity`` and the tornadoes of its targets simulate, about."""
    single = (SINGLES + 2 * 8) if targets else 0
    return power_of_two(draws, most=2**15) * (2 + len(groups(Model.of(plan))) + single)


def outputs(futures: Futures, output: str) -> Array:
    """What indices are of. [(target, future)]"""
    return futures.reads if output == "read" else futures.met.astype(float)


def _joined(parts: Sequence[Futures]) -> Futures:
    found = parts[0]
    for part in parts[1:]:
        found = found.then(part)
    return found


def _halves(
    model: Model, draws: int, seed: int, workers: int, tick: Tick | None
) -> tuple[list[Futures], list[Futures]]:
    """Whole futures of draws A, then of draws B."""
    work = [
        Question(model, block, whole=True)
        for own in (seed, seed + OTHER)
        for block in blocks(draws, own)
    ]
    found = list(all_lived(work, workers, tick))
    return found[: len(found) // 2], found[len(found) // 2 :]


def _crossed(
    model: Model,
    inputs: Sequence[Input],
    output: str,
    draws: int,
    seed: int,
    workers: int,
    tick: Tick | None,
) -> Array:
    """Outputs at A with one input from B, input after input. [(input, target, draw)]"""
    work = [
        Question(model, each.resampled(block, seed + OTHER))
        for each in inputs
        for block in blocks(draws, seed)
    ]
    table = np.empty((len(inputs), len(model.goals), draws))
    parts = all_lived(work, workers, tick)
    for i in range(len(inputs)):
        first = 0
        for block in blocks(draws, seed):
            table[i, :, first : first + block.draws] = outputs(next(parts), output)
            first += block.draws
    return table


def promising(
    model: Model,
    all_groups: Sequence[Input],
    by_group: Indices,
    asked: Sequence[int],
    ratio: Array,
) -> tuple[Input, ...]:
    """The single inputs that deserve indices: for each target the best of the groups that matter.

    Luck that is drawn lot by lot, and the common shock, have no driver that could be seen: where
    luck matters they are always among them. A group that is one input is not taken twice.
    """
    whole = [set(group.sources) for group in all_groups]
    found: dict[str, Input] = {}
    for row, target in enumerate(asked):
        totals = np.nan_to_num(by_group.total[target])
        matter = [g for g, total in zip(all_groups, totals, strict=True) if total >= LOOKED_INTO]
        single = [unit for unit in units(model, matter) if set(unit.sources) not in whole]
        strength = strengths(model, ratio[row])
        unseen = [unit for unit in single if not strength.keys() & set(unit.sources)]
        seen = [unit for unit in single if unit not in unseen]
        seen.sort(key=lambda unit: -max(strength.get(source, 0.0) for source in unit.sources))
        found |= {unit.key: unit for unit in (*seen[:SINGLES], *unseen)}
    return tuple(found.values())


def strengths(model: Model, ratio: Array) -> dict[str, float]:
    """The correlation ratio of each source: of a quantity's luck that of its strongest year."""
    found: dict[str, float] = {}
    for driver, value in zip(model.drivers, ratio, strict=True):
        source = f"{LUCK}/{driver.split('/', 2)[2]}" if driver.startswith(f"{LUCK}/") else driver
        found[source] = max(found.get(source, 0.0), float(value))
    return found


def order_of(row: Array) -> NDArray[np.intp]:
    """Positions of a row, the largest first; what is not a number last."""
    return np.argsort(-np.nan_to_num(row, nan=-1.0), kind="stable")
