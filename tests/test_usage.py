"""Pages of help: no word of typer's own in a Chinese one, typer's own words in an English one."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from plansim import cli

NAMES = [str(command.name) for command in cli.app.registered_commands]
#: Words of typer.
OWN = re.compile(r"Usage|Options|Arguments|Commands|Show this|<[a-z]+>|default|required|OPTIONS")
PAGES = """
import sys
from typer.testing import CliRunner
from plansim import cli
for name in sys.argv[1:]:
    page = CliRunner().invoke(cli.app, [name, "--help"] if name != "-" else ["--help"])
    assert page.exit_code == 0
    print(page.stdout)
"""


def pages(lang: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PAGES, "-", *NAMES], cwd=folder, capture_output=True, check=True,
        timeout=120, env={"PLANSIM_LANG": lang, "PYTHONIOENCODING": "utf-8", "COLUMNS": "200"},
    )  # fmt: skip
    return done.stdout.decode()


def test_a_chinese_page_has_no_word_of_typer(tmp_path: Path) -> None:
    told = pages("zh", tmp_path)
    assert told.count("用法：") == len(NAMES) + 1
    assert told.count("显示本页并退出。") == len(NAMES) + 1
    assert OWN.findall(told) == []


@pytest.mark.parametrize("word", ["Usage: ", "Show this message and exit.", "─ Options ─"])
def test_an_english_page_has_the_words_of_typer(word: str, tmp_path: Path) -> None:
    assert pages("en", tmp_path).count(word) == len(NAMES) + 1


WRONG = {
    ("run", "yuyao-2016", "--drows", "4"): ("没有选项 --drows", "there is no option --drows"),
    ("run",): ("缺少 PLAN", "PLAN is missing"),
    ("rum",): ("没有命令 rum；是否应为 run", "there is no command rum; did you mean run"),
    ("run", "yuyao-2016", "plan"): ("多余的内容：plan", "nothing is expected at plan"),
    ("run", "yuyao-2016", "--quiet=yes"): ("不带取值", "takes no value"),
}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("line", WRONG)
def test_a_line_that_cannot_be_read_is_told_in_its_language(
    line: tuple[str, ...], lang: str
) -> None:
    result = CliRunner().invoke(cli.app, [*line, "--lang", lang], prog_name="plansim")
    zh, en = WRONG[line]
    assert result.exit_code == 2
    assert (zh if lang == "zh" else en) in result.stderr
    assert re.search(r"plansim( run)? -h$", result.stderr.strip())
    assert not re.search("Usage|Error|Try", result.stderr)


def test_an_option_without_its_value_is_told() -> None:
    result = CliRunner().invoke(cli.app, ["run", "yuyao-2016", "--lang=zh", "--draws"])
    assert result.exit_code == 2
    assert "选项 --draws 缺少取值" in result.stderr
