"""Ten verdicts of every shipped plan: what is said, what it rests on, what would change it.

``python benchmarks/verdicts.py --write`` puts the tables into docs/verdicts.md; the words around
them are a person's. Every number is the program's own: ``run`` and ``levers`` of the same draws.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from plansim.analysis.levers import POLICY
from plansim.analysis.reach import DRAWS as LEVER_DRAWS
from plansim.analysis.reach import POINT, Reach, levers
from plansim.analysis.seek import Sought, seek
from plansim.benchmarks.pages import DOCS, put, table
from plansim.reports.words.verdicts import (
    chance_text,
    inside_text,
    outside_text,
    percent_change,
    precedent_text,
    probability_text,
    simulated_text,
)
from plansim.reports.words.wording import target_called
from plansim.simulator.circles import is_base
from plansim.simulator.footing import footing
from plansim.simulator.naming import name_of
from plansim.simulator.plan import LeverKind, Plan, Target, figures
from plansim.simulator.results import Result, Verdict
from plansim.simulator.run import run
from plansim.store.plans import load
from plansim.words.amounts import number, percent
from plansim.words.catalogue import say
from plansim.words.statements import goal_text

SEED, DRAWS = 1, 10_000
PAGE = DOCS / "verdicts.md"
#: The ten that matter: what the plan is for, what it is measured by, what it spends on.
CHOSEN: Mapping[str, tuple[str, ...]] = {
    "yuyao-2016": (
        "value-added-growth-2020", "va-rate-2020", "total-output-2020", "energy-intensity-2020",
        "rd-to-revenue-2020", "patents-per-revenue-2020", "robotics-output-2025",
        "nev-output-2025", "optoelectronics-output-2025", "trained-managers-2025",
    ),
    "yinzhou-2017": (
        "va-rate-2019", "productivity-growth-2019", "rd-to-revenue-2019", "high-tech-share-2019",
        "energy-intensity-2019", "patents-per-revenue-2019", "key-components-output-2019",
        "industries-100bn-2019", "champion-pool-2019", "hatched-firms-2019",
    ),
    "shaoxing-2016": (
        "value-added-growth-2020", "va-rate-2020", "productivity-2020", "energy-intensity-2020",
        "emerging-share-2020", "rd-to-revenue-2020", "health-output-2020", "listed-firms-2020",
        "dyeing-relocation-2017", "major-investment-2020",
    ),
    "yuyao-2020": (
        "va-rate-2022", "value-added-35-growth-2022", "productivity-2022", "high-tech-share-2022",
        "rd-to-revenue-2022", "industrial-investment-growth-2022", "tax-per-mu-2022",
        "firms-over-10bn-2022", "pollutants-2022", "high-tech-firms-2022",
    ),
}  # fmt: skip
SAID = (
    "target", "goal", "whose", "inside", "outside", "verdict", "simulated (90 %)", "needs a year",
    "Chinese places that did it: since 2011; 1999–2012", "US industries that did not",
)  # fmt: skip
RESTS = ("target", "base", "trend", "weight", "what the administration can move", "the world")
NUMBERS = (3, 4, 5)
#: What is sought of each plan: a target that the administration can move, and how likely.
SOUGHT: Mapping[str, tuple[str, float]] = {
    "yuyao-2016": ("trained-managers-2025", 0.66),
    "yinzhou-2017": ("rd-to-revenue-2019", 0.5),
    "shaoxing-2016": ("dyeing-relocation-2017", 0.5),
    "yuyao-2020": ("rd-to-revenue-2022", 0.5),
}
#: What leaves a target without an inside view.
CIRCLES = {
    "intake": "sized to the goal",
    "base": "base read from the goal",
    "stated": "read from the goal",
}


@dataclass(frozen=True, slots=True)
class Read:
    """A plan, judged, with what levers do to its ten targets."""

    plan: Plan
    result: Result
    reach: Reach
    sought: Sought

    @classmethod
    def of(cls, name: str, draws: int = DRAWS, lever_draws: int = LEVER_DRAWS) -> "Read":
        plan = load(name, uncalibrated=True)
        result = run(plan, draws, SEED, workers=2)
        reach = levers(plan, CHOSEN[name], draws=lever_draws, seed=SEED)
        target, asked = SOUGHT[name]
        return cls(plan, result, reach, seek(plan, {target: asked}, draws=lever_draws, seed=SEED))

    @property
    def chosen(self) -> list[tuple[Target, Verdict]]:
        targets = {t.id: t for t in self.plan.judged}
        verdicts = {v.target: v for v in self.result.judged}
        return [(targets[key], verdicts[key]) for key in CHOSEN[self.plan.plan.id]]


def tables(read: Read) -> str:
    """What is said of the ten, and what it rests on."""
    chosen = read.chosen
    said = table(SAID, [said_row(read, *each) for each in chosen], NUMBERS)
    rests = table(RESTS, [rests_row(read, *each) for each in chosen], (3,))
    head = (
        f"`plansim run {read.plan.plan.id} --draws {read.result.settings.draws} --seed {SEED}`,"
        f" `plansim levers {read.plan.plan.id} --draws {read.reach.draws} --seed {SEED}`"
    )
    return "\n\n".join((head, said, rests, sought_text(read)))


def said_row(read: Read, target: Target, verdict: Verdict) -> tuple[str, ...]:
    circle = CIRCLES.get(verdict.circular, "")
    growth, rare = verdict.required_growth, verdict.reference_percentile
    return (
        target_called(read.plan, target, "en"), goal_text(target, "en"),
        say(f"owner.{target.owner}", "en"), f"none: {circle}" if circle else inside_text(verdict),
        outside_text(verdict), probability_text(verdict), simulated_text(verdict, target, "en"),
        "" if growth is None else percent_change(growth),
        precedent_text(read.plan, target, verdict.precedent, "en"),
        "" if rare is None else percent(rare / 100),
    )  # fmt: skip


def rests_row(read: Read, target: Target, verdict: Verdict) -> tuple[str, ...]:
    base, trend = provenance(read.plan, target)
    weight = "none" if verdict.weight in (None, 0) else f"{verdict.weight:g}"
    return (
        target_called(read.plan, target, "en"), base, trend, weight,
        strongest(read.reach, target, POLICY), strongest(read.reach, target, ("world",)),
    )  # fmt: skip


def provenance(plan: Plan, target: Target) -> tuple[str, str]:
    """The origins of what a target starts from, and of what moves it."""
    known, found = dict(figures(plan)), footing(plan)[target.id]
    parts = ([p for p in found if is_base(p)], [p for p in found if not is_base(p)])
    base, trend = (", ".join(sorted({known[p].origin for p in part})) for part in parts)
    return base or "–", trend or "–"


def strongest(reach: Reach, target: Target, kinds: Sequence[LeverKind]) -> str:
    """The lever of some kinds that moves a target most, and what it makes of it at both ends.

    Of a target without an inside view levers move what is delivered, not the verdict.
    """
    place = [t.id for t in reach.targets].index(target.id)
    told = [reach.told(row, place, "en") for row in reach.of(*kinds)]
    if place in reach.circular:
        moving = max(told, key=lambda one: abs(one["read_high"] - one["read_low"]), default=None)
        if moving is None or moving["read_high"] == moving["read_low"]:
            return "nothing"
        ends = " → ".join(
            number(moving[end]).replace("-", "−") for end in ("read_low", "read_high")
        )
        return f"{moving['lever_name']}: brings {ends}"
    moving = max(told, key=lambda one: abs(one["swing"]), default=None)
    if moving is None or abs(moving["swing"]) < POINT:
        return "nothing by a point"
    return f"{moving['lever_name']}: {percent(moving['p_low'])} → {percent(moving['p_high'])}"


def sought_text(read: Read) -> str:
    """What the least effort that was found brings to the target that is sought."""
    found, plan = read.sought, read.plan
    key, asked = SOUGHT[plan.plan.id]
    target = next(t for t in plan.judged if t.id == key)
    moved = [
        f"{name_of(plan, f'levers.{knob.key}', 'en')} from {number(knob.own)} to {number(value)}"
        for knob, value in zip(found.knobs, found.answer.setting, strict=True)
        if value != knob.own
    ]
    own, best = (percent(point.chances[0].probability) for point in (found.own, found.answer))
    state = "reached" if found.reached else "not reached by any allowed setting that was found"
    cost = f", for {number(found.answer.cost, 2)} 亿元 more" if found.answer.cost else ""
    name, doing = target_called(plan, target, "en"), "; ".join(moved) or "nothing moved"
    return (
        f"`plansim seek {plan.plan.id} --target {key}={asked:g}`: {name}, with {percent(asked)},"
        f" is {state}: {own} as planned, {best} with {doing}{cost}."
    )


def overview(read: Sequence[Read]) -> str:
    """How all judged targets of every plan stand: by owner, circular ones apart."""
    rows = []
    for one in read:
        distinct = {t.id for t in one.plan.judged if not t.restates}
        judged = [v for v in one.result.judged if v.target in distinct]
        seen = [v for v in judged if not v.circular]
        policy = sum(v.owner in ("administration", "quota") for v in judged)
        ends = [sum(f(v.probability or 0.0) for v in seen) for f in (likely, unlikely)]
        p10, _, p90 = one.result.met_number
        rows.append(
            (
                one.plan.plan.id, str(len(judged)), str(policy), str(len(judged) - len(seen)),
                *map(str, ends), str(len(seen) - sum(ends)), f"{p10} … {p90}",
                chance_text(one.result.joint[0].probability, *joint_ends(one.result)),
            )
        )  # fmt: skip
    heads = (
        "plan", "judged, distinct", "of the administration, and quotas", "no inside view",
        "likely", "not likely", "between", "met together (80 %)", "all",
    )  # fmt: skip
    return table(heads, rows, range(1, len(heads)))


def joint_ends(result: Result) -> tuple[float, float]:
    return result.joint[0].prob_low, result.joint[0].prob_high


def likely(probability: float) -> bool:
    return probability >= 0.66


def unlikely(probability: float) -> bool:
    return probability <= 0.33


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="put the tables into the page")
    arguments = parser.parse_args()
    read = [Read.of(name) for name in CHOSEN]
    texts = {"overview": overview(read)} | {one.plan.plan.id: tables(one) for one in read}
    for name, text in texts.items():
        print(text, end="\n\n")
        if arguments.write:
            put(PAGE, name, text)


if __name__ == "__main__":
    main()
