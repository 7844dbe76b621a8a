"""Every path of a plan has one name in each language, and the name leads back to it."""

import pickle
import re
from dataclasses import replace

import pytest

from plansim.scenarios.load import load, load_library, shipped
from plansim.simulator import naming
from plansim.simulator.naming import (
    Names,
    called,
    entry_of,
    name_of,
    nearest_called,
    path_of,
    paths,
)
from plansim.simulator.plan import Label, Plan, figures

#: Latin letters that a Chinese name may hold: names of the document and marks of its lines.
LATIN = {"ERP", "PLM", "GDP", "LED", "LNG", "R&D", "PPI", "O2O", "e", "ICT", "WTO", "IPO"}
CHINESE = re.compile("[\u4e00-\u9fff]")


def every_plan() -> list[naming.Named]:
    """Every shipped plan, one with programmes taken from elsewhere, the template, the library."""
    found: list[naming.Named] = [load(key) for key in shipped()]
    found.append(load("yuyao-2016", "cixi_support"))
    template = naming.__file__.replace("simulator/naming.py", "scenarios/template")
    return [*found, load(template), load_library("cixi-2017")]


@pytest.fixture(scope="module")
def plans() -> list[naming.Named]:
    return every_plan()


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load("yuyao-2016")


def latin(text: str) -> set[str]:
    """Words of Latin letters, but for marks of lines of the document: L17."""
    return set(re.findall(r"[A-Za-z][A-Za-z0-9&]*", re.sub(r"\bL\d+", "", text))) - LATIN


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_path_has_one_name_that_leads_back(plans: list[naming.Named], lang: str) -> None:
    for plan in plans:
        wanted = {*(path for path, _ in figures(plan)), *paths(plan)}
        found = {path: name_of(plan, path, lang) for path in wanted}
        assert [path for path, name in found.items() if name == path] == []
        levers = plan.levers if isinstance(plan, Plan) else {}
        moved = {f"levers.{key}": lever.path for key, lever in levers.items()}
        for path, name in found.items():
            assert path_of(plan, name) == moved.get(path, path), (plan.plan.id, name)
        twice = [path for path in moved.values() if path in found]
        assert len(set(found.values())) == len(found) - len(twice)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_belongs_to_futures_has_a_name_too(plans: list[naming.Named], lang: str) -> None:
    for plan in plans:
        if isinstance(plan, Plan):
            figures_too = set(Names(plan, lang).by_path.values())
            said = {path: name_of(plan, path, lang) for path in naming.future_paths(plan)}
            assert len({*said.values(), *figures_too}) == len(said) + len(figures_too)
            assert all(path_of(plan, name) == path for path, name in said.items())


def test_names_hold_no_key_and_no_word_of_the_other_language(plans: list[naming.Named]) -> None:
    for plan in plans:
        quoted = latin(" ".join(target.indicator_zh for target in plan.targets))
        for path in {*paths(plan), *naming.future_paths(plan)}:
            zh, en = name_of(plan, path, "zh"), name_of(plan, path, "en")
            assert latin(zh) <= quoted, (plan.plan.id, path, zh)
            assert not CHINESE.search(en), (plan.plan.id, path, en)
            for name in (zh, en):
                assert not re.search(r"[=_]|[a-z]\.[a-z]", name), (plan.plan.id, path, name)


@pytest.mark.parametrize(
    ("path", "en", "zh"),
    [
        (
            "clusters.robotics.output.trend.rate",
            "trend growth of output of Robotics",
            "机器人产值的趋势增速",
        ),
        (
            "clusters.robotics.va_rate.trend.rate",
            "yearly trend of value-added rate of Robotics",
            "机器人增加值率的趋势变化",
        ),
        ("clusters.robotics.tags.high_tech", "high-tech share of Robotics",
         "机器人中属于高新技术产业的比重"),
        ("indicators.output/robotics", "output of Robotics", "机器人产值"),
        ("clusters.robotics.output", "output of Robotics (quantity)", "机器人产值（变量）"),
        ("quotas.land.amount", "Industrial land quota", "工业用地指标"),
        ("quotas.land", "Industrial land quota (quota)", "工业用地指标（额度）"),
        ("luck/2020/city.patents", "shocks to valid invention patents (2015 as 1) by 2020",
         "截至 2020 年的有效发明专利的随机冲击"),
        ("assumptions.output_prices", "price basis of output targets", "产值目标的价格口径"),
        ("targets.rd-to-revenue-2020-text", "R&D to revenue, 2020 (restated, L17)",
         "研发经费占主营业务收入比重（2020年）（重述，L17）"),
    ],
)  # fmt: skip
def test_what_a_planner_would_say(plan: Plan, path: str, en: str, zh: str) -> None:
    assert name_of(plan, path, "en") == en
    assert name_of(plan, path, "zh") == zh
    assert path_of(plan, en) == path_of(plan, zh) == path


def test_a_lever_is_called_like_what_it_moves(plan: Plan) -> None:
    for key, lever in plan.levers.items():
        for lang in ("en", "zh"):
            name = name_of(plan, f"levers.{key}", lang)
            assert name == name_of(plan, lever.path, lang)
            assert name.startswith(lever.name.in_language(lang))
            assert path_of(plan, name) == lever.path


def test_names_are_read_in_any_case_and_width(plan: Plan) -> None:
    assert path_of(plan, "Output of  robotics") == "indicators.output/robotics"
    assert path_of(plan, "机器人产值(变量)") == "clusters.robotics.output"
    assert path_of(plan, "clusters.robotics.output") == "clusters.robotics.output"
    assert path_of(plan, "no such thing") == "no such thing"


def test_two_programmes_of_one_name_are_told_apart(plan: Plan) -> None:
    first, second = list(plan.programmes)[:2]
    same = Label(zh="同名", en="Same = name")
    programmes = dict(plan.programmes)
    programmes |= {key: replace(programmes[key], name=same) for key in (first, second)}
    twins = replace(plan, programmes=programmes)
    for key in (first, second):
        name = name_of(twins, f"programmes.{key}", "en")
        assert name == f"Same : name ({key.replace('_', ' ')})"
        figure = name_of(twins, f"programmes.{key}.additional", "zh")
        assert path_of(twins, figure) == f"programmes.{key}.additional"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_entry_is_found_by_its_key_or_its_name(plan: Plan, lang: str) -> None:
    for target in plan.targets:
        name = name_of(plan, f"targets.{target.id}", lang)
        assert entry_of(plan, "targets", target.id) == entry_of(plan, "targets", name) == target.id
    for key in plan.levers:
        assert entry_of(plan, "levers", name_of(plan, f"levers.{key}", lang)) == key
    assert entry_of(plan, "targets", "Robotics") == "Robotics"


@pytest.mark.parametrize(
    "word", ["output of Robotic, 2020", "机器人产直（2020年）", "robotic-output-2020"]
)
def test_what_is_nearest_is_said_in_both_languages(plan: Plan, word: str) -> None:
    paths_of = [f"targets.{target.id}" for target in plan.judged]
    near = nearest_called(plan, word, paths_of)
    assert near == called(plan, "targets.robotics-output-2020")
    assert near == Label(zh="机器人产值（2020年）", en="output of Robotics, 2020")
    assert nearest_called(plan, "§§§", paths_of) == ""


def test_names_are_worked_out_once_and_are_no_part_of_the_plan() -> None:
    plan, other = load("yuyao-2016"), load("yuyao-2016")
    raw = pickle.dumps(plan)
    assert Names(plan, "en").by_path is Names(plan, "en").by_path
    assert plan == other
    assert pickle.dumps(plan) == raw
    renamed = replace(plan, tags={**plan.tags, "equipment": Label(zh="装备", en="Machines")})
    assert name_of(renamed, "tags.equipment", "en") == "Machines"
    assert name_of(plan, "tags.equipment", "en") != "Machines"
