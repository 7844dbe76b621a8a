"""Names and reasons in one language or in both."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from plansim import cli
from plansim.scenarios.load import load, read_draft
from plansim.scenarios.workbook import as_workbook
from plansim.simulator.plan import Label, in_language

Copy = Any  # conftest.Copy: a plan folder of one's own


def test_a_name_may_stand_in_one_language_for_both(copy: Copy) -> None:
    copy.change("plan.yaml", "{zh: 机器人, en: Robotics}", "机器人")
    copy.change("scenarios/delayed.yaml", "{zh: 推进滞后, en: Delivery slips}", "Delivery slips")
    with pytest.raises(Exception, match="Robotics"):  # targets.csv names it in English
        copy.load()
    table = copy.text("targets.csv").replace("Robotics", "机器人")
    copy.write("targets.csv", table)
    copy.write("history.csv", copy.text("history.csv").replace("Robotics", "机器人"))
    assert copy.load("delayed").clusters["robotics"].name == Label("机器人", "机器人")


LEVELS = (
    '{zh: "规划中的水平值为现价，增速为不变价", '
    'en: "levels in plans are at current prices, growth rates at constant ones"}'
)
ABOUT = 'why: {zh: "水平值的“左右”", en: "about, on a level"}'
BOTH = {"zh": "水平按现价", "en": "levels at current prices"}


def test_a_reason_may_be_given_in_both_languages(copy: Copy, tmp_path: Path) -> None:
    copy.change("plan.yaml", f"why: {LEVELS}", f"why: {{zh: {BOTH['zh']}, en: {BOTH['en']}}}")
    copy.change("plan.yaml", ABOUT, "why: {zh: 对水平值, en: on a level}")
    plan = copy.load()
    switch, figure = plan.assumptions.output_prices, plan.assumptions.about_tolerance
    assert {lang: in_language(switch.why, lang) for lang in BOTH} == BOTH
    assert [in_language(figure.why, lang) for lang in BOTH] == ["对水平值", "on a level"]
    for lang, words in BOTH.items():
        said = CliRunner().invoke(cli.app, ["show", copy.name, "--lang", lang])
        assert words in said.stdout, said.stderr
    book = tmp_path / "mine.xlsx"
    book.write_bytes(as_workbook(read_draft(copy.folder)))
    assert load(book) == plan


def test_a_reason_in_one_language_is_wrong_if_the_other_is_missing(copy: Copy) -> None:
    copy.change("plan.yaml", ABOUT, "why: {zh: 对水平值}")
    fault = copy.fault()
    assert (fault.code, fault.path) == ("missing_key", "assumptions.about_tolerance.why.en")
