"""Every effect of what is shipped has one row, and the row says what the file says."""

import re
from collections import Counter

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from plansim.calibration import evidence
from plansim.scenarios.draft import LIBRARY
from plansim.scenarios.load import folder_of, load, shipped
from plansim.simulator.plan import Figure, Uncertainty
from plansim.simulator.sampling import quantiles

NAMES = (*shipped(), *shipped(LIBRARY))


@pytest.fixture(scope="module")
def stored():
    return evidence.stored()


def written(name):
    """The effects of a plan read by another reader: (programme, kind, on) and figure, all text."""
    text = (folder_of(name) / "programmes.yaml").read_text(encoding="utf-8")
    found = []
    for key, programme in yaml.load(text, yaml.CBaseLoader).items():
        if key == "*":
            continue
        for effect in programme.get("effects", ()):
            found.append(((key, "effect", effect["on"]), effect["size"]))
        for kind in ("projects", "closures", "recognised"):
            for cluster, figure in programme.get(kind, {}).items():
                found.append(((key, kind, f"clusters.{cluster}.output"), figure))
    return found


def read(text):
    """A distribution as text: its name, its numbers, its unit."""
    form = re.fullmatch(r"(\w+)\((.*)\)(?: (.+))?", text)
    if form is None:
        number, _, unit = text.partition(" ")
        return "", {"value": float(number)}, unit or "1"
    numbers = (pair.split("=") for pair in form[2].split(", "))
    return form[1], {name: float(value) for name, value in numbers}, form[3] or "1"


# -- the table is complete and consistent ----------------------------------------------------------


def test_the_table_is_what_the_plans_and_the_studies_make_of_it(stored):
    """If this fails a plan was changed: python benchmarks/effects.py"""
    assert stored == [evidence.as_csv_row(row) for row in evidence.of_all_shipped()]


@pytest.mark.parametrize("name", NAMES)
def test_every_effect_has_one_row_with_the_distribution_of_its_file(name, stored):
    rows = [row for row in stored if row["plan"] == name]
    effects = written(name)
    assert [(r["programme"], r["kind"], r["on"]) for r in rows] == [key for key, _ in effects]
    assert set(Counter(key for key, _ in effects).values()) <= {1}
    for row, (key, figure) in zip(rows, effects, strict=True):
        dist, numbers, unit = read(row["distribution"])
        value = figure["value"]
        value = dict(value) if isinstance(value, dict) else {"dist": "", "value": value}
        assert dist == value.pop("dist"), key
        assert numbers == pytest.approx({name: float(text) for name, text in value.items()}), key
        assert unit == figure.get("unit", "1"), key
        assert (row["grade"] == "judgement") == (figure["origin"] == "judgement"), key
        why = figure.get("why", "")
        both = why if isinstance(why, str) else f"{why['en']} | {why['zh']}"
        assert (row["source"], row["why"]) == (figure["source"], both), key


def test_what_is_judged_is_wide(stored):
    judged = [row for row in stored if row["grade"] == "judgement"]
    assert len(judged) > 100
    narrow = [(r["plan"], r["programme"], r["on"]) for r in judged if r["wide"] == "no"]
    assert narrow == []


def test_what_is_transferred_cites_a_study_with_whom_what_and_where(stored):
    transferred = [row for row in stored if row["grade"] == "transferred"]
    assert len(transferred) > 15
    for row in transferred:
        assert row["study"], (row["plan"], row["programme"], row["on"])
        for column in ("population", "estimate", "from_adopters_to_city", "seen", "address"):
            assert len(row[column].split(" | ")) == len(row["study"].split(", "))


def test_what_is_measured_is_a_count_of_the_document(stored):
    """Nothing else was measured in the place itself: nothing may be called so by accident."""
    measured = {(r["plan"], r["programme"]) for r in stored if r["grade"] == "measured"}
    assert measured == {("yinzhou-2017", "champion_pool"), ("yinzhou-2017", "growth_pool")}


def test_every_study_is_cited_and_what_is_cited_as_a_study_is_known(stored):
    cited = {part for row in stored for part in row["study"].split(", ") if part}
    assert cited == set(evidence.studies())
    for row in stored:
        for part in evidence.parts(row["source"]):
            known = part in evidence.studies() or part == "judgement" or ":" in part
            assert known, (row["plan"], row["programme"], part)


@pytest.mark.parametrize("study", evidence.studies().values(), ids=lambda study: study.study)
def test_a_study_says_whom_what_how_and_where(study):
    assert min(map(len, (study.reference, study.population, study.estimate))) > 15
    assert len(study.from_adopters_to_city) > 10
    assert study.seen
    for texts in (study.told("en"), study.told("zh")):
        assert all(texts)
    assert study.address.startswith("http") == (study.seen != "memory")


# -- the pieces ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("judgement", ["judgement"]),
        ("a-1, b-2", ["a-1", "b-2"]),
        ("a-1,b-2", ["a-1", "b-2"]),
        ("yuyao-2016:L36,L217, a-1", ["yuyao-2016:L36,L217", "a-1"]),
        ("yuyao-2016:L36, L217", ["yuyao-2016:L36, L217"]),
    ],
)
def test_a_source_is_taken_apart_but_lines_stay_together(source, parts):
    assert evidence.parts(source) == parts


def figure(value, unit="1"):
    return Figure(value, "judgement", "judgement", unit)


def test_a_figure_is_told_in_the_unit_it_was_written_in():
    pert = figure(Uncertainty("pert", low=-0.002, mode=0.0, high=0.015))
    assert evidence.distribution(pert, "points") == "pert(low=-0.2, mode=0, high=1.5) points"
    assert evidence.distribution(pert, "亿元") == "pert(low=-0.002, mode=0, high=0.015)"
    assert evidence.distribution(figure(54.0, "亿元"), "万元") == "540000 万元"
    t = figure(Uncertainty("t", mean=0.01, sd=0.02, df=5.0))
    assert evidence.distribution(t, "%") == "t(mean=1, sd=2, df=5) %"
    points = figure(Uncertainty("discrete", values=(0.0, 0.5), weights=(1.0, 2.0)))
    assert evidence.distribution(points, "%") == "discrete(values=[0 50], weights=[1 2]) %"


def test_a_unit_is_found_where_it_is_written():
    tree = {"a": {"effects": [{"size": {"value": 1, "unit": "points"}}, {"size": {"value": 2}}]}}
    assert evidence.written_unit(tree, ("a", "effects", 0, "size")) == "points"
    assert evidence.written_unit(tree, ("a", "effects", 1, "size")) == "1"
    assert evidence.written_unit(tree, ("a", "effects", 2, "size")) is None
    assert evidence.written_unit(tree, ("b", "effects", 0, "size")) is None


@given(low=st.floats(-10, 10), width=st.floats(0.01, 10), factor=st.floats(0.01, 100))
def test_width_is_free_of_units_and_signs(low, width, factor):
    def of(sign):
        ends = sorted((sign * factor * low, sign * factor * (low + width)))
        return evidence.spread(figure(Uncertainty("uniform", low=ends[0], high=ends[1])))

    plain = evidence.spread(figure(Uncertainty("uniform", low=low, high=low + width)))
    assert of(1) == pytest.approx(plain, rel=1e-6)
    assert of(-1) == pytest.approx(plain, rel=1e-6)


def test_width_of_known_figures():
    assert evidence.spread(figure(5.0)) == 0
    assert evidence.spread(figure(0.0)) == 0
    assert evidence.spread(figure(Uncertainty("uniform", low=-1.0, high=3.0))) == float("inf")
    ends = figure(Uncertainty("uniform", low=1.0, high=3.0))
    low, high = quantiles(ends, 0.05, 0.95)
    assert evidence.spread(ends) == pytest.approx((high - low) / 2)


def test_what_a_scenario_sets_is_what_is_told():
    plan = load("yuyao-2016", settings=["programmes.boilers.effects.0.size=x2"])
    tree = evidence.programmes_written("yuyao-2016")
    rows = {(r.programme, r.on): r.distribution for r in evidence.rows(plan, tree)}
    plain = {(r.programme, r.on): r.distribution for r in evidence.rows(load("yuyao-2016"), tree)}
    changed = {key for key in rows if rows[key] != plain[key]}
    assert changed == {("boilers", "clusters.*.energy")}


def test_programmes_taken_from_a_library_are_told_in_its_units():
    plan = load("yuyao-2016", "cixi_support")
    rows = evidence.rows(plan, evidence.programmes_written("yuyao-2016"))
    taken = [r for r in rows if r.programme == "smart_lines" and r.on == "clusters.*.va_rate"]
    assert [r.distribution for r in taken] == ["pert(low=-0.05, mode=0, high=0.3) points"]
