"""The five sentences: each follows from the verdicts by its rule, in both languages."""

from dataclasses import replace

import pytest

from plansim.reports.book.dossier import Dossier
from plansim.reports.book.story import (
    five_sentences,
    helps,
    hinges,
    lever_kind,
    longest_wait,
    most_telling,
    six_sentences,
    unknown,
)
from plansim.scenarios.load import load, read_source
from plansim.simulator.plan import Label, Lever
from plansim.store.attachments import Attachments
from plansim.store.read import Stored

both = pytest.mark.parametrize("lang", ["en", "zh"])


def with_chances(run: Stored, chance: float) -> Stored:
    """The run, every judged target of one probability."""
    told = tuple(
        v if v.probability is None else replace(v, probability=chance) for v in run.verdicts
    )
    return replace(run, verdicts=told)


@both
def test_five_sentences_begin_with_what_they_are_about(stored: Stored, lang: str) -> None:
    said = five_sentences(stored, Attachments(), lang)
    heads = {
        "en": ("Likely", "Not likely", "What binds", "What would help most", "What is not known"),
        "zh": ("可能实现", "难以实现", "制约所在", "最有帮助", "尚不清楚"),
    }
    assert [text.startswith(head) for text, head in zip(said, heads[lang], strict=True)] == [
        True
    ] * 5
    assert not any("{" in text or "None" in text for text in said)


@both
def test_a_report_says_what_no_lever_moves(stored: Stored, lang: str) -> None:
    """Only where the plan states what the administration sets."""
    name = Label(zh="指标", en="Quota")
    fund = Lever(name, "quotas.fund.amount", 0.0, 9.0, "judgement", "invented", "亿元/year")
    stating = replace(stored, plan=replace(stored.plan, levers={"fund": fund}))
    given = replace(stating, settings=replace(stating.settings, given=("x",)))
    bare = replace(stored, plan=replace(stored.plan, levers={}))
    *five, last = six_sentences(Dossier(stating, None, Attachments(), lang))
    assert tuple(five) == five_sentences(stating, Attachments(), lang)
    assert {"en": "that the administration sets", "zh": "政府可定之事"}[lang] in last
    for run in (given, bare):
        assert len(six_sentences(Dossier(run, None, Attachments(), lang))) == 5


def test_likely_and_not_likely_follow_the_probabilities(stored: Stored) -> None:
    certain, hopeless = with_chances(stored, 0.9), with_chances(stored, 0.1)
    assert "none" in five_sentences(certain, Attachments(), "en")[1]
    assert "none" in five_sentences(hopeless, Attachments(), "en")[0]
    assert "all judged targets are likely" in helps(certain, Attachments(), "en")


def test_levers_are_what_a_plan_can_move() -> None:
    assert lever_kind("programmes.grants.queue.intake") == "applicants"
    assert lever_kind("programmes.grants.queue.stages.review.time") == "passage"
    assert lever_kind("programmes.grants.queue.subsidy.budget.amount") == "money"
    assert lever_kind("programmes.training.coverage.depth") == "schedule"
    assert lever_kind("quotas.land.amount") == "shared"
    assert lever_kind("programmes.grants.effects.0.size") == ""
    assert lever_kind("clusters.machinery.output.trend.rate") == ""
    assert lever_kind("luck/2020/clusters.machinery.output") == ""
    assert lever_kind("") == ""


def test_what_hinges_on_levers_is_counted(stored: Stored) -> None:
    """Three targets planted on a lever, all others on a trend."""
    short = with_chances(stored, 0.4)
    circular = {v.target for v in short.verdicts if v.circular}
    judged = [t.id for t in short.plan.judged if not t.restates]
    distinct = [target for target in judged if target not in circular]
    intake, trend = "programmes.x.queue.intake", "clusters.machinery.output.trend.rate"
    binds = {target: intake if i < 3 else trend for i, target in enumerate(distinct)}
    told = tuple(replace(v, binds=binds.get(v.target, v.binds)) for v in short.verdicts)
    said = hinges(replace(short, verdicts=told), "en")
    assert f"of the {len(distinct)} targets short of likely, 3 hinge on how many apply" in said
    assert f"{len(distinct) - 3} hinge on growth" in said


def test_the_longest_wait_is_named(stored: Stored) -> None:
    waits = [(w.days, f.programme) for f in stored.flows for w in f.waits]
    days, programme = max(waits)
    assert stored.plan.programmes[programme].name.en in longest_wait(stored, "en")
    assert f"{days:.0f}"[:2] in longest_wait(stored, "en")
    assert "no queue" in longest_wait(replace(stored, flows=()), "en")


def test_the_figure_that_moves_most_targets_is_named(stored: Stored) -> None:
    outcomes = [t.id for t in stored.plan.judged if t.kind == "outcome" and not t.restates]
    few, many = "clusters.machinery.output.base", "clusters.machinery.output.trend.rate"
    shares = {t: {many: 0.06, "luck/2020/x": 0.9} for t in outcomes}
    shares[outcomes[0]] = {few: 0.9, many: 0.06}
    planted = replace(stored, shares=shares)
    assert most_telling(planted) == many
    assert f"as {len(outcomes)} verdicts move with it" in unknown(planted, "en")
    assert most_telling(replace(stored, shares={})) is None
    assert "known better" not in unknown(replace(stored, shares={}), "en")


@both
def test_what_was_sought_attributed_or_compared_is_believed_in_this_order(
    stored: Stored, lang: str
) -> None:
    shares = (("a", "land", 0.3), ("b", "land", 0.2), ("a", "fund", 0.4), ("a", "total", 0.9))
    attribute = tuple(
        {"target": t, "lever": lever, "share": s, "share_low": s, "share_high": s}
        for t, lever, s in shares
    )
    compare = (
        {"target": "a", "year": 2020, "scenario": "plan", "probability": 0.3, "diff": None},
        {"target": "a", "year": 2020, "scenario": "stretch", "probability": 0.5, "diff": 0.2},
    )
    seek = (
        {"point": "1", "lever": "land", "value": "x2", "cost": 3.0, "probability": 0.5},
        {"point": "2", "lever": "fund", "value": "x3", "cost": 4.0, "probability": 0.8},
        {"point": "2", "lever": "land", "value": "x2", "cost": 2.0, "probability": 0.8},
    )
    idle = Attachments(attribute=({**attribute[0], "lever": "total"},))
    assert helps(stored, idle, lang) == helps(stored, Attachments(), lang)
    compared = helps(stored, Attachments(compare=compare), lang)
    assert "stretch" in compared
    assert "0.2" in compared
    assert stored.plan.scenario_in(lang) in compared
    shipped = replace(stored, plan=replace(stored.plan, plan=load("yuyao-2016").plan))
    named = read_source("yuyao-2016").scenarios["stretch"].name.in_language(lang)
    compared = helps(shipped, Attachments(compare=compare), lang)
    assert named in compared
    assert "stretch" not in compared.replace(named, "")
    attributed = helps(stored, Attachments(attribute, compare), lang)
    assert "land" in attributed
    assert "0.5" in attributed
    sought = helps(stored, Attachments(attribute, compare, seek), lang)
    assert "80%" in sought
    assert "6 亿元" in sought
    worse = ({**compare[0]}, {**compare[1], "diff": -0.1})
    assert "stretch" not in helps(stored, Attachments(compare=worse), lang)
