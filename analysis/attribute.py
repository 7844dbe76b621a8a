"""Which lever brings how much: Shapley values of probabilities and of indicators, on common draws.

The whole is what a scenario has beyond another one, its root as a rule. In every future the parts
add up to the whole, so they do on average; intervals are over draws, and over orders where not
every coalition of levers was judged.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Generic

import numpy as np

from plansim.analysis.contrast import TOTAL, Lever, differences, lever_name, mixed, solitary
from plansim.analysis.shapley import Gathered, antithetic_orders, coalitions, shares
from plansim.analysis.together import Together, batches, mean_of_lucks
from plansim.simulator.errors import InputError
from plansim.simulator.feasibility import Z975
from plansim.simulator.frames import KEYS, frame, keys_of, language
from plansim.simulator.memo import Memo
from plansim.simulator.model import Model
from plansim.simulator.plan import Held, Own, Plan, Target
from plansim.simulator.sampling import Array

if TYPE_CHECKING:
    import pandas as pd

#: Every coalition of so many levers is judged; of more, those that some orders pass through.
MOST_EXACT = 12
#: Orders of levers that are sampled: pairs of one and its reverse.
ORDERS = 8
#: What is split: the probability of a target, or its indicator as worded, on average.
MEASURES = ("probability", "change")
#: Columns of a frame behind the keys of its target.
BROUGHT = ("lever", "lever_name", "share", "low", "high", "share_unit", "measure")


@dataclass(frozen=True, slots=True)
class Attribution(Generic[Held]):
    """What every lever brings to every target.

    ``before``, ``after``: without and with all levers [(target,)]; ``share``, ``low``, ``high``
    [(lever, target)], the last lever being the total. Probabilities, or indicators as worded in
    base units. ``orders``: how many were sampled; 0: exact. ``judged``: coalitions that were.
    """

    plan: Held
    measure: str
    levers: tuple[Lever, ...]
    targets: tuple[Target, ...]
    before: Array
    after: Array
    share: Array
    low: Array
    high: Array
    orders: int
    judged: int
    draws: int
    seed: int

    def to_frame(self, lang: str | None = None) -> "pd.DataFrame":
        """One row a target and lever, and one for all together: ``share`` with its interval.

        ``share_unit``: the unit of shares: "1" of a probability, else the target's.
        """
        lang = language(lang)
        levers = [(key, lever_name(self.plan, key, lang)) for key in self.keys]
        rows = [
            keys_of(self.plan, target, lang) | {
                "lever": key, "lever_name": name, **self.part(row, place),
                "measure": self.measure, "share_unit": self.unit_of(target),
            }
            for place, target in enumerate(self.targets)
            for row, (key, name) in enumerate(levers)
        ]  # fmt: skip
        return frame(rows, (*KEYS, *BROUGHT))

    def __repr__(self) -> str:
        said = f"{len(self.levers)} levers, {self.measure} of {len(self.targets)} targets"
        return f"Attribution({self.plan.plan.id}, {said}; {self.draws} draws, seed {self.seed})"

    @property
    def keys(self) -> tuple[str, ...]:
        """The levers by key, in the order of the shares: the last is the total."""
        return (*(lever.key for lever in self.levers), TOTAL)

    def unit_of(self, target: Target) -> str:
        """The unit of what is brought to a target."""
        return "1" if self.measure == "probability" else target.unit

    def part(self, row: int, place: int) -> dict[str, float | None]:
        """What a lever brings to a target, in ``unit_of`` it; None where it is not known."""
        target = self.targets[place]
        size = 1.0 if self.measure == "probability" else target.scale
        sides = {"share": self.share, "low": self.low, "high": self.high}
        found = {name: float(side[row, place]) / size for name, side in sides.items()}
        return {name: value if isfinite(value) else None for name, value in found.items()}


@dataclass(slots=True)
class Sums:
    """What is kept of all draws so far. [(lever, target)] unless said otherwise; the last lever of
    ``first`` and ``square`` is the total.

    ``first``, ``square``: of what each lever brings in a draw, and of its square; ``values``: of
    every coalition [(coalition, target)]; ``pairs``: of what each lever brings in each pair of an
    order and its reverse [(pair, lever, target)].
    """

    first: Array
    square: Array
    values: Array
    pairs: Array
    before: Array
    after: Array
    draws: int = 0


@dataclass
class Game:
    """Levers that are pulled one after another, and the models of all coalitions met so far.

    ``players``: places of the levers that are pulled; the others, ``alone``, move nothing but
    counts of their own, and are on wherever any lever is.
    """

    plan: Plan
    base: Plan
    levers: Sequence[Lever]
    alone: Mapping[int, tuple[str, ...]]
    models: dict[int, Model] = field(default_factory=dict)
    memo: Memo = field(default_factory=Memo)

    @property
    def players(self) -> list[int]:
        return [i for i in range(len(self.levers)) if i not in self.alone]

    @property
    def everyone(self) -> int:
        return int(2 ** len(self.players) - 1)

    def model(self, coalition: int, hold: bool) -> Model:
        """The model of a coalition of players; held for the next draws where there are some."""
        if coalition in self.models:
            return self.models[coalition]
        on = {lever for bit, lever in enumerate(self.players) if coalition >> bit & 1}
        pulled = on | set(self.alone if coalition else ())
        with self.memo:
            model = Model.of(mixed(self.plan, self.base, self.levers, pulled))
        if hold:
            self.models[coalition] = model
        return model


def attribute(
    plan: Own,
    base: Plan,
    levers: Sequence[Lever] | None = None,
    measure: str = "probability",
    draws: int = 2000,
    seed: int = 1,
    workers: int = 1,
    orders: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Attribution[Own]:
    """Split what ``plan`` has beyond ``base`` among ``levers``, which make up all their difference;
    every one of ``contrast.differences``, if none are given.

    ``orders``: sample so many (even) orders; None: exact where MOST_EXACT levers or fewer interact,
    else ORDERS. ``progress`` is told of every judgement, and how many there will be. Raises
    InputError where nothing sets the plans apart, and for arguments out of range.
    """
    levers = differences(plan, base) if levers is None else levers
    if not levers:
        raise InputError.of("nothing_apart", value=plan.plan.id)
    if measure not in MEASURES:
        raise InputError.of("unknown_choice", "--of", value=measure, choices=list(MEASURES))
    if orders is not None and not (2 <= orders <= 1000 and orders % 2 == 0):
        raise InputError.of("argument_range", "--orders", value=orders, allowed="2, 4 … 1000")
    ends = [Model.of(mixed(plan, base, levers, on)) for on in (range(len(levers)), ())]
    game = Game(plan, base, levers, solitary(ends, levers))
    if not game.players:  # nothing to be told apart
        game = Game(plan, base, levers, {})
    players = len(game.players)
    if orders is None and players > MOST_EXACT:
        orders = ORDERS
    walk = (
        _all_coalitions
        if orders is None
        else _some_orders(antithetic_orders(players, orders, seed))
    )
    steps = 2**players if orders is None else 2 + orders * (players - 1)
    targets = plan.judged
    size, number = len(levers), len(targets)
    sums = Sums(
        first=np.zeros((size + 1, number)),
        square=np.zeros((size + 1, number)),
        values=np.zeros((2**players if orders is None else 0, number)),
        pairs=np.zeros(((orders or 0) // 2, size, number)),
        before=np.zeros(number),
        after=np.zeros(number),
    )
    own = _own_counts(plan, game)
    rounds = sum(1 for _ in batches(plan, draws, seed, workers))
    for together in batches(plan, draws, seed, workers):
        judge = _Judge(game, together, measure, rounds > 1, progress, rounds * steps)
        walk(judge, sums, own)
        sums.draws += together.draws
    return _concluded(plan, measure, tuple(levers), sums, game, own, orders or 0, steps, seed)


@dataclass(frozen=True, slots=True)
class _Judge:
    """What a coalition is worth in some futures. [(target, draw)]"""

    game: Game
    together: Together
    measure: str
    hold: bool
    progress: Callable[[int, int], object] | None
    steps: int

    def __call__(self, coalition: int) -> Array:
        met, reads = self.together.judge(self.game.model(coalition, self.hold))
        if self.progress is not None:
            self.progress(1, self.steps)
        return mean_of_lucks(met if self.measure == "probability" else reads)


def _own_counts(plan: Plan, game: Game) -> dict[int, list[int]]:
    """For each lever that is alone, the places of the targets that count what it delivers."""
    counted = [plan.indicators[t.indicator].programme for t in plan.judged]
    return {
        lever: [i for i, key in enumerate(counted) if key is not None and key in keys]
        for lever, keys in game.alone.items()
    }


Walk = Callable[[_Judge, Sums, Mapping[int, list[int]]], None]


def _all_coalitions(judge: _Judge, sums: Sums, own: Mapping[int, list[int]]) -> None:
    """Every coalition, each after one that differs from it by one lever."""
    players = judge.game.players
    gathered: Gathered | None = None
    ends: dict[int, Array] = {}
    for coalition in coalitions(len(players)):
        value = judge(coalition)
        sums.values[coalition] += value.sum(axis=1)
        gathered = gathered or Gathered(len(players), value.shape)
        gathered.add(coalition, value)
        if coalition in (0, judge.game.everyone):
            ends[coalition] = value
    assert gathered is not None
    _count(judge.game, sums, own, gathered.shares, ends[0], ends[judge.game.everyone])


def _some_orders(orders: Sequence[Sequence[int]]) -> Walk:
    """The coalitions that some orders pass through, one order after another."""

    def walk(judge: _Judge, sums: Sums, own: Mapping[int, list[int]]) -> None:
        game = judge.game
        before, after = judge(0), judge(game.everyone)
        brought = np.zeros((len(game.players), *before.shape))
        for number, order in enumerate(orders):
            coalition, last = 0, before
            for player in order:
                coalition |= 1 << player
                value = after if coalition == game.everyone else judge(coalition)
                gain = value - last
                brought[player] += gain
                sums.pairs[number // 2, game.players[player]] += gain.sum(axis=1) / 2
                last = value
        _count(game, sums, own, brought / len(orders), before, after)

    return walk


def _count(
    game: Game,
    sums: Sums,
    own: Mapping[int, list[int]],
    brought: Array,
    before: Array,
    after: Array,
) -> None:
    """Add what each player brings in each draw [(player, target, draw)], and each lone lever."""
    whole = after - before
    for player, gain in zip(game.players, brought, strict=True):
        for targets in own.values():
            gain[targets] = 0.0
        _add(sums, player, gain)
    for lever, targets in own.items():
        gain = np.zeros_like(whole)
        gain[targets] = whole[targets]
        _add(sums, lever, gain)
    _add(sums, len(game.levers), whole)
    sums.before += before.sum(axis=1)
    sums.after += after.sum(axis=1)


def _add(sums: Sums, lever: int, gain: Array) -> None:
    sums.first[lever] += gain.sum(axis=1)
    sums.square[lever] += (gain**2).sum(axis=1)


def _concluded(
    plan: Own, measure: str, levers: tuple[Lever, ...], sums: Sums, game: Game,
    own: Mapping[int, list[int]], orders: int, steps: int, seed: int,
) -> Attribution[Own]:  # fmt: skip
    draws = sums.draws
    share = sums.first / draws
    taken = sorted(place for places in own.values() for place in places)
    if not orders:
        exact = shares(sums.values) / draws
        exact[:, taken] = 0.0
        share[game.players] = exact
    variance = np.maximum(sums.square / draws - (sums.first / draws) ** 2, 0.0) / draws
    pairs = len(sums.pairs)
    if pairs > 1:
        sums.pairs[:, :, taken] = 0.0
        variance[:-1] += (sums.pairs / draws).var(axis=0, ddof=1) / pairs
    half = Z975 * np.sqrt(variance)
    return Attribution(
        plan, measure, levers, plan.judged, sums.before / draws, sums.after / draws,
        share, share - half, share + half, orders, steps, draws, seed,
    )  # fmt: skip
