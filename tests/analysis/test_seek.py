"""The search for levers: planted answers, brute force, and the bits of a run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import inf
from typing import Any

import numpy as np
import pytest

from plansim.analysis import seek as module
from plansim.analysis.levers import Knob, Setting, cost, effort, knobs, turned
from plansim.analysis.questions import questions
from plansim.analysis.search import Order, frontier
from plansim.analysis.seek import Sought, seek
from plansim.analysis.trial import Chance, Trial, Wish, chance
from plansim.scenarios.load import load
from plansim.simulator.errors import InputError
from plansim.simulator.plan import Label, Lever, Plan
from plansim.simulator.pooling import Pool
from plansim.simulator.run import run
from plansim.simulator.whatif import Standing

TARGET = "trained-managers-2025"
CLASSES = ("manager_intake", "manager_classes")
Landscape = Callable[[Setting, int], float]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load("yuyao-2016")


# -- planted answers -------------------------------------------------------------------------------


def knob(key: str, price: float | None = None, top: int = 20) -> Knob:
    lever = Lever(Label("甲", "A"), "x", 0.0, float(top), "judgement", "invented", step=1.0)
    return Knob(key, lever, 0.0, tuple(float(v) for v in range(top + 1)), 1.0, price)


@dataclass
class Planted:
    """A trial whose probabilities are known: a function of the setting and of the seed."""

    landscape: Landscape

    def __call__(
        self,
        plan: Plan,
        found: Sequence[Knob],
        wishes: Sequence[Wish],
        draws: int,
        seed: int,
        workers: int = 1,
        tell: Callable[[int], object] | None = None,
        pooled: Mapping[str, Pool] | None = None,
    ) -> Trial:
        landscape = self.landscape

        class Known(Trial):
            def __init__(self) -> None:
                self.plan, self.draws, self.seed = plan, draws, seed
                self.known: dict[Setting, tuple[Chance, ...]] = {}

            def standing(self, setting: Setting) -> Standing:
                p = min(max(landscape(setting, seed), 0.0), 1.0)
                self.known[setting] = tuple(Chance(p, p, p) for _ in wishes)
                reads = np.full((1, 2, 4), p)
                return Standing(plan, reads > 2, reads)

        return Known()


def planted(
    plan: Plan,
    monkeypatch: pytest.MonkeyPatch,
    found: Sequence[Knob],
    landscape: Landscape,
    asked: float,
    **more: Any,
) -> Sought:
    monkeypatch.setattr(module, "knobs", lambda *_: tuple(found))
    monkeypatch.setattr(module, "Trial", Planted(landscape))
    return seek(plan, [Wish((TARGET,), asked)], **more)


GAINS = (0.004, 0.001, 0.02, 0.0005, 0.0, 0.002)


def straight(setting: Setting, seed: int) -> float:
    return 0.2 + sum(gain * value for gain, value in zip(GAINS, setting, strict=True))


def test_the_lever_that_brings_most_is_moved_alone(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0.3 more are had by 15 of 20 steps of the third lever, and by nothing less."""
    found = [knob(str(i)) for i in range(len(GAINS))]
    answer = planted(plan, monkeypatch, found, straight, 0.5)
    assert answer.reached
    assert answer.answer.setting == (0, 0, 15, 0, 0, 0)
    assert answer.answer.effort == pytest.approx(0.75)
    assert answer.idle == ("4",)
    assert not answer.complete


def test_what_one_lever_cannot_do_two_share(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [knob(str(i)) for i in range(len(GAINS))]
    answer = planted(plan, monkeypatch, found, straight, 0.64)
    assert answer.answer.setting == (10, 0, 20, 0, 0, 0)


def test_the_best_that_is_found_where_nothing_reaches_it(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All levers stand at their ends; the one that does nothing stays."""
    found = [knob(str(i)) for i in range(len(GAINS))]
    answer = planted(plan, monkeypatch, found, straight, 0.99)
    best = 0.2 + 20 * sum(GAINS)
    assert not answer.reached
    assert answer.answer.chances[0].probability == pytest.approx(best, abs=0.006)
    assert answer.answer.setting[4] == 0


def test_a_trap_is_no_trap(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two levers that only help together, beside one that helps a little alone."""

    def together(setting: Setting, seed: int) -> float:
        a, b, c, *_ = setting
        return 0.2 + 0.001 * c + 0.03 * min(a, b)

    found = [knob(str(i)) for i in range(4)]
    answer = planted(plan, monkeypatch, found, together, 0.6)
    assert answer.reached
    assert answer.answer.effort <= 1.5
    assert "3" in answer.idle


def test_least_cost_is_not_least_effort(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [knob("dear", 10.0), knob("cheap", 0.1)]

    def either(setting: Setting, seed: int) -> float:
        return 0.2 + 0.03 * setting[0] + 0.02 * setting[1]

    by_cost = planted(plan, monkeypatch, found, either, 0.5)
    by_effort = planted(plan, monkeypatch, found, either, 0.5, least="effort")
    assert by_cost.least == "cost"  # all levers have one
    assert by_cost.answer.setting == (0, 15)
    assert by_effort.answer.setting == (10, 0)


def test_no_setting_costs_more_than_the_budget(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [knob("dear", 1.0), knob("free", None)]

    def either(setting: Setting, seed: int) -> float:
        return 0.2 + 0.03 * setting[0] + 0.01 * setting[1]

    answer = planted(plan, monkeypatch, found, either, 0.5, budget=6.0)
    assert answer.answer.setting == (6, 12)
    assert max(p.cost for p in answer.points) <= 6.0
    short = planted(plan, monkeypatch, found, either, 0.9, budget=6.0)
    assert not short.reached
    assert short.answer.setting == (6, 20)


def test_what_falls_short_on_fresh_draws_is_tightened(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The draws of the search flatter by 4 points: more is asked for until fresh draws agree."""

    def flattering(setting: Setting, seed: int) -> float:
        return 0.2 + 0.02 * setting[0] + (0.04 if seed == 1 else 0.0)

    answer = planted(plan, monkeypatch, [knob("a")], flattering, 0.5)
    assert answer.rounds == 2
    assert answer.reached
    assert answer.answer.setting in ((15,), (16,))
    assert answer.answer.searched[0] >= 0.54 - 1e-9


def test_a_plan_that_only_seems_to_reach_it_is_changed(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps too small to be seen one by one are taken together."""

    def flattering(setting: Setting, seed: int) -> float:
        return 0.49 + 0.001 * sum(setting[:3]) + (0.02 if seed == 1 else 0.0)

    found = [knob(str(i)) for i in range(4)]
    answer = planted(plan, monkeypatch, found, flattering, 0.5)
    assert answer.rounds > 1
    assert answer.reached
    assert answer.answer.effort <= 0.75


def test_what_fell_short_once_is_no_answer(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan falls short on the first fresh draws and would pass on the second."""

    def moody(setting: Setting, seed: int) -> float:
        return 0.5 + 0.02 * setting[0] + {1: 0.01, 2: -0.02, 3: 0.02, 4: 0.02}[seed]

    answer = planted(plan, monkeypatch, [knob("a")], moody, 0.5)
    assert answer.rounds == 2
    assert answer.answer.setting == (1,)


def test_what_stays_short_is_said_to_be(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    def flattering(setting: Setting, seed: int) -> float:
        return 0.2 + 0.02 * setting[0] + (0.04 if seed == 1 else 0.0)

    answer = planted(plan, monkeypatch, [knob("a")], flattering, 0.62)
    assert not answer.reached
    assert answer.answer.searched[0] >= 0.62 > answer.answer.chances[0].probability


# -- real plans ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def found(plan: Plan) -> Sought:
    return seek(plan, [Wish((TARGET,), 0.8)], levers=CLASSES, draws=120)


def test_nothing_allowed_does_with_less(plan: Plan, found: Sought) -> None:
    """By brute force on the same fresh draws: no setting of clearly less effort reaches it."""
    assert found.reached
    assert found.complete
    assert found.judged == np.prod([len(k.values) for k in found.knobs])
    trial = Trial(plan, found.knobs, found.wishes, found.fresh_draws, found.fresh_seed)
    least = found.answer.effort
    for setting in product(*(k.values for k in found.knobs)):
        if effort(found.knobs, setting) < least - 0.23:  # two steps: what noise may hide
            assert trial.probabilities(setting)[0] < 0.8


def test_the_probability_is_that_of_a_run(plan: Plan, found: Sought) -> None:
    for point in (found.answer, found.points[-1]):
        under = turned(plan, found.knobs, point.setting)
        result = run(under, draws=found.fresh_draws, seed=found.fresh_seed)
        verdict = next(v for v in result.judged if v.target == TARGET)
        assert point.chances[0].probability == verdict.probability
        assert point.chances[0].low == pytest.approx(verdict.prob_low)
        assert point.chances[0].high == pytest.approx(verdict.prob_high)
        assert point.effort == effort(found.knobs, point.setting)
        assert point.cost == cost(found.knobs, point.setting)


def test_the_frontier_rises(found: Sought) -> None:
    rising = [p.chances[0].probability for p in found.points]
    assert rising == sorted(rising)
    assert [p.effort for p in found.points] == sorted(p.effort for p in found.points)
    assert {found.own, found.answer} <= set(found.points)
    assert found.own.effort == found.own.cost == 0


def test_the_same_question_has_the_same_answer(plan: Plan) -> None:
    """Whatever the threads: the search has its own stream of random numbers."""
    asked = [Wish((TARGET,), 0.55)]
    one, other = (
        seek(plan, asked, levers=CLASSES[1:], draws=64, workers=workers) for workers in (1, 2)
    )
    assert one.points == other.points
    assert one.answer == other.answer


def test_levers_of_something_else_move_nothing(plan: Plan) -> None:
    wish = Wish(("green-factories-2025",), 0.9)
    found = seek(plan, [wish], levers=["land_quota", "manager_classes"], draws=64)
    assert set(found.idle) == {"land_quota", "manager_classes"}
    assert found.answer == found.own
    assert not found.reached


def test_a_plan_that_reaches_it_is_left_alone(plan: Plan) -> None:
    found = seek(plan, [Wish((TARGET,), 0.1)], levers=CLASSES, draws=64)
    assert found.reached
    assert found.answer == found.own


def test_several_wishes_and_targets_together(plan: Plan) -> None:
    both = (TARGET, "trained-managers-2020")
    wishes = [Wish((TARGET,), 0.5), Wish(both, 0.3)]
    trial = Trial(plan, knobs(plan, CLASSES), wishes, 64, 1)
    own = tuple(k.own for k in knobs(plan, CLASSES))
    one, together = trial.probabilities(own)
    met = trial.standing(own).met
    assert together == met.all(axis=0).mean()
    assert one == met[[t.id for t in trial.plan.judged].index(TARGET)].mean()
    assert together <= one


def test_the_interval_knows_that_two_lucks_share_a_draw() -> None:
    one = np.arange(400).reshape(2, 200) % 2 == 0
    twins = np.array([one[0], one[0]])
    apart = np.array([one[0], ~one[0]])
    wide, narrow = (chance(met) for met in (twins, apart))
    assert wide.probability == narrow.probability == 0.5
    assert wide.high - wide.low > 1.3 * (narrow.high - narrow.low)


def test_a_frontier_holds_only_what_nothing_beats(plan: Plan) -> None:
    found = (knob("a"), knob("b"))
    wishes = [Wish((TARGET,), 0.5)]
    trial = Planted(lambda s, _: 0.2 + 0.01 * s[0] - 0.01 * s[1])(plan, found, wishes, 10, 1)
    for setting in product((0.0, 10.0, 20.0), repeat=2):
        trial.probabilities(setting)
    line = frontier(trial, Order(found, wishes, "effort", inf), (0.0, 0.0), 0)
    assert line == [(10.0, 0.0), (20.0, 0.0)]


# -- what may be asked -----------------------------------------------------------------------------


def test_every_wrong_wish_is_named(plan: Plan) -> None:
    wishes = [Wish(("nowhere",), 0.5), Wish((TARGET,), 1.5), Wish(("rd-to-revenue-2020",), 0.5)]
    with pytest.raises(InputError) as problem:
        seek(plan, wishes, budget=-1.0)
    codes = [(f.code, f.file) for f in problem.value.faults]
    assert codes == [
        ("unknown_target", "--target"),
        ("argument_range", "--target"),
        ("argument_range", "--budget"),
    ]


def test_questions_as_people_type_them(plan: Plan) -> None:
    asked = questions([f"{TARGET}=80%", "boilers-2017=0.5"], "0.3", None, "cost")
    assert asked.least == "cost"
    assert asked.wishes(plan) == [
        Wish((TARGET,), 0.8),
        Wish(("boilers-2017",), 0.5),
        Wish((TARGET, "boilers-2017"), 0.3),
    ]
    (every,) = questions([], "0.5", None, None).wishes(plan)
    assert set(every.targets) == {t.id for t in plan.judged if not t.restates}
    assert questions([], None, " 90 % ", None).confidence == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        (([], None, None, None), ["seek_nothing"]),
        (([TARGET], None, None, None), ["target_form"]),
        (([f"{TARGET}="], "0.5", None, None), ["target_form"]),
        (([f"{TARGET}=much"], None, None, None), ["probability_form"]),
        (([f"{TARGET}=2", "=0.5"], "0", None, "time"),
         ["argument_range", "target_form", "argument_range", "unknown_choice"]),
        (([], "0.5", "0.8", None), ["seek_both"]),
        (([], None, "80", None), ["argument_range"]),
        (([], None, "nan", None), ["argument_range"]),
    ],
)  # fmt: skip
def test_questions_that_are_none(
    arguments: tuple[list[str], str | None, str | None, str | None], codes: list[str]
) -> None:
    with pytest.raises(InputError) as problem:
        questions(*arguments)
    assert [fault.code for fault in problem.value.faults] == codes
