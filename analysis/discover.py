"""In which futures does the plan fail? A few boxes of causes that hold most of its failures.

Scenario discovery (Bryant and Lempert 2010): boxes are found by PRIM among some futures, and what
is said of them is counted in others, drawn with another seed, that had no part in finding them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from plansim.analysis.futures import Futures, power_of_two, sample
from plansim.analysis.inputs import LUCK, averaged, averages
from plansim.analysis.prim import MOST_INPUTS, SIGNIFICANCE, Bools, Box, Count, cover, quasi_p
from plansim.analysis.sensitivity import check_targets, correlation_ratio, sorted_by
from plansim.simulator.feasibility import wilson
from plansim.simulator.model import Model
from plansim.simulator.plan import Plan
from plansim.simulator.run import check_arguments
from plansim.simulator.sampling import Array

Tick = Callable[[int], object]
#: Which futures are to be explained.
OUTCOMES = ("missed", "met")
#: Fresh futures come from a seed that nobody can type.
FRESH = 2**64
#: Most boxes of a target; inputs that are looked at, those that tell most first.
BOXES, INPUTS = 3, 60
#: What an input must tell of the outcome to be looked at: about three times chance. [variance]
TELLS = 0.003
#: Fewer futures of either outcome than this say nothing about its causes. [share]
RARE = 0.01
#: A box must be this much purer than all futures, on the way to certainty; or it says nothing.
LEAST_GAIN = 0.1
#: And it must hold this share of the futures to be explained.
LEAST_COVERAGE = 0.05
DELIVERED, WAITED = "delivered", "waited"


@dataclass(frozen=True, slots=True)
class Restriction:
    """One condition of a box: an input stays within limits, infinite where it has none.

    ``below``, ``above``: shares of all futures beyond either limit; ``quasi_p``: how likely chance
    alone would make the box as dense, in the fresh futures.
    """

    name: str
    low: float
    high: float
    below: float
    above: float
    quasi_p: float


@dataclass(frozen=True, slots=True)
class Found:
    """One box: its conditions, the strongest first, and the fresh futures that it holds and no box
    before it does.
    """

    restrictions: tuple[Restriction, ...]
    count: Count


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found for one target. ``target``: its position among the judged ones.

    ``share``: of fresh futures with the outcome; ``together``: all boxes. ``reason``: why there is
    no box: the outcome is "always" or "never" there, or "nothing" that a few inputs do tells it.
    """

    target: int
    share: float
    boxes: tuple[Found, ...]
    together: Count
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Discoveries:
    """All targets asked for, over ``draws`` futures to find boxes in and as many to count them."""

    model: Model
    outcome: str
    draws: int
    seed: int
    found: tuple[Discovery, ...]

    def __repr__(self) -> str:
        boxes = sum(len(each.boxes) for each in self.found)
        said = f"{len(self.found)} targets {self.outcome}, {boxes} boxes"
        name = self.model.plan.plan.id
        return f"Discoveries({name}, {self.draws} draws, seed {self.seed}; {said})"


def discover(
    plan: Plan,
    targets: Sequence[str] = (),
    outcome: str = "missed",
    draws: int = 4096,
    seed: int = 1,
    workers: int = 1,
    tick: Tick | None = None,
) -> Discoveries:
    """The boxes of each target, of all distinct judged ones by default.

    ``tick`` is told of every draw simulated, and of ``draws`` / 16 for every target looked at.
    Raises InputError for unknown targets and for arguments out of range.
    """
    targets = check_targets(plan, targets, outcome, OUTCOMES)
    number = power_of_two(draws, least=1024)
    check_arguments(plan, number, seed, "independent", (), workers, 4096)
    model = Model.of(plan)
    names = inputs(model)
    first, fresh = (sample(model, number, s, workers, tick) for s in (seed, seed + FRESH))
    x, x_fresh = values(model, first), values(model, fresh)
    wanted = chosen(plan, targets)
    y, y_fresh = (f.met[wanted] == (outcome == "met") for f in (first, fresh))
    tells = correlation_ratio(sorted_by(x), y.astype(float))
    found = []
    for place, target in enumerate(wanted):
        rows = looked_at(allowed(model, names, target), tells[place])
        labels = [names[row] for row in rows]
        found.append(explained(target, labels, x[rows], y[place], x_fresh[rows], y_fresh[place]))
        if tick is not None:
            tick(number // 16)
    return Discoveries(model, outcome, number, seed, tuple(found))


def work(plan: Plan, draws: int, targets: Sequence[str]) -> int:
    """What ``tick`` is told in all. Raises InputError as ``discover`` does."""
    targets = check_targets(plan, targets, OUTCOMES[0], OUTCOMES)
    number = power_of_two(draws, least=1024)
    return 2 * number + number // 16 * len(chosen(plan, targets))


def chosen(plan: Plan, targets: Sequence[str]) -> list[int]:
    """Positions of the targets asked for; of all that restate no other where none is."""
    wanted = list(dict.fromkeys(targets)) or [t.id for t in plan.judged if not t.restates]
    judged = [target.id for target in plan.judged]
    return [judged.index(name) for name in wanted]


def inputs(model: Model) -> tuple[str, ...]:
    """Names of the rows of ``values``: drivers, deliveries, waiting, what clusters share.

    ``delivered/2020/robots``: units by the end of the year; ``waited/robots``: days an applicant
    waits, on average, by the end of the plan; ``luck/2020/common``: the common shock, added up;
    ``clusters.*.output.trend.rate``, ``luck/2020/clusters.*.output``: averages over clusters.
    """
    plan = model.plan
    active = [
        key
        for key, programme in plan.programmes.items()
        if programme.active and (programme.coverage is not None or key in model.network.routes)
    ]
    years = [model.layout.years[y] for y in model.luck_years]
    delivered = [f"{DELIVERED}/{year}/{key}" for year in years for key in active]
    waited = [f"{WAITED}/{key}" for key in model.network.routes]
    common = [f"{LUCK}/{year}/common" for year in years]
    return (*model.drivers, *delivered, *waited, *common, *averages(model))


def values(model: Model, futures: Futures) -> Array:
    """What may tell the outcome of a future. [(input, future)]"""
    delivered = futures.delivered.reshape(-1, futures.delivered.shape[-1])
    shared = averaged(model, futures.drivers)
    return np.concatenate([futures.drivers, delivered, futures.waited, futures.common, shared])


def allowed(model: Model, names: Sequence[str], target: int) -> list[int]:
    """Rows that may explain a target: of its own year, and not what it counts itself."""
    goal = model.goals[target]
    year = str(model.layout.years[goal.year])
    counted = model.plan.indicators[goal.target.indicator].programme
    rows = []
    for row, name in enumerate(names):
        kind, *rest = name.split("/")
        if kind in (LUCK, DELIVERED) and rest[0] != year:
            continue
        if kind == DELIVERED and rest[1] == counted:
            continue
        rows.append(row)
    return rows


def looked_at(rows: Sequence[int], tells: Array) -> list[int]:
    """Those of some rows that tell most of the outcome, each by itself."""
    telling = [row for row in rows if tells[row] > TELLS]
    return sorted(telling, key=lambda row: -tells[row])[:INPUTS]


def explained(
    target: int, names: Sequence[str], x: Array, y: Bools, x_fresh: Array, y_fresh: Bools
) -> Discovery:
    """The boxes of one outcome y, found in x [(input, future)] and counted in fresh futures.

    A box counts what the boxes before it leave.
    """
    nothing = Count(0, 0, len(y_fresh), int(y_fresh.sum()))
    share = float(y_fresh.mean())
    if not RARE <= y.mean() <= 1 - RARE:
        return Discovery(target, share, (), nothing, "never" if y.mean() < RARE else "always")
    left, told = np.ones(len(y_fresh), dtype=bool), list[Found]()
    for box in cover(x, y, BOXES, MOST_INPUTS) if len(x) else ():
        sure = proven(x_fresh[:, left], y_fresh[left], box)
        inside = sure.holds(x_fresh) & left
        count = Count.of(inside, y_fresh)
        if confirmed(count):
            told.append(_told(sure, names, x_fresh, y_fresh, left, count))
            left &= ~inside
    if not told:
        return Discovery(target, share, (), nothing, "nothing")
    return Discovery(target, share, tuple(told), Count.of(~left, y_fresh))


def proven(x: Array, y: Bools, box: Box) -> Box:
    """The box without restrictions that these cases say may be chance."""
    while box.limits:
        chance = quasi_p(x, y, box)
        row = max(chance, key=lambda r: chance[r])
        if chance[row] <= SIGNIFICANCE:
            break
        box = box.without(row)
    return box


def confirmed(count: Count) -> bool:
    """Whether futures that had no part in finding a box say that it tells the outcome."""
    if count.coverage < LEAST_COVERAGE or count.gain < LEAST_GAIN:
        return False
    return wilson(count.density, count.cases)[0] > count.base


def _told(box: Box, names: Sequence[str], x: Array, y: Bools, left: Bools, count: Count) -> Found:
    chance = quasi_p(x[:, left], y[left], box)
    freed = {row: Count.of(box.without(row).holds(x) & left, y).density for row in box.limits}
    restrictions = []
    for row in sorted(box.limits, key=lambda r: freed[r]):
        low, high = box.limits[row]
        below, above = float((x[row] < low).mean()), float((x[row] > high).mean())
        restrictions.append(Restriction(names[row], low, high, below, above, chance[row]))
    return Found(tuple(restrictions), count)
