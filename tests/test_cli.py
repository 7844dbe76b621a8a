"""The command line: what is printed where, with which exit code, in both languages."""

import csv
import inspect
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from plansim import cli
from plansim.analysis import workers
from plansim.analysis.crew import ENVIRONMENT, FORKED
from plansim.scenarios.load import folder_of, load
from plansim.simulator.errors import Fault, WorkError
from plansim.simulator.naming import name_of
from plansim.words.catalogue import say, say_faults

PLAN = "yuyao-2016"
FEW = ("--draws", "64")
#: The contract (docs/commands.md).
TARGET_COLUMNS = [
    "id",
    "indicator",
    "indicator_zh",
    "subject",
    "subject_zh",
    "unit",
    "basis",
    "comparator",
    "direction",
    "base_year",
    "base_value",
    "year",
    "low",
    "high",
    "kind",
    "owner",
    "status",
    "reason",
    "reason_zh",
    "restates",
    "source",
    "target_name",
]
RUN_COLUMNS = [
    "plan",
    "scenario",
    "target",
    "indicator",
    "subject",
    "unit",
    "basis",
    "year",
    "comparator",
    "low",
    "high",
    "status",
    "reason",
    "p05",
    "p50",
    "p95",
    "probability",
    "prob_low",
    "prob_high",
    "verdict",
    "evidence",
    "median_gap",
    "required_growth",
    "reference_percentile",
    "first_year_met",
    "parameter_share",
    "binds",
    "draws",
    "seed",
    "inside",
    "inside_low",
    "inside_high",
    "outside",
    "outside_low",
    "outside_high",
    "outside_rows",
    "outside_met",
    "doubt_low",
    "doubt_high",
    "weight",
    "owner",
    "circular",
    "chinese_class",
    "chinese_years",
    "chinese_since",
    "chinese_since_windows",
    "chinese_boom",
    "chinese_boom_windows",
    "target_name",
    "binds_name",
]
LIST_COLUMNS = ["id", "name", "place", "base_year", "horizon", "clusters", "targets", "judged"]
FIGURE_COLUMNS = [
    "path", "median", "p05", "p95", "unit", "year", "origin", "source", "why", "circle", "name",
    "value", "value_unit",
]  # fmt: skip


@dataclass(frozen=True)
class Said:
    """What one call left behind."""

    code: int
    out: str
    err: str

    def rows(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.out)))

    def columns(self) -> list[str]:
        return next(csv.reader(io.StringIO(self.out)))


Plansim = Callable[..., Said]


@pytest.fixture
def plansim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plansim:
    """The command, in this process, in an empty folder where it must leave nothing behind."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Said:
        if not written_or_read_here(arguments) and arguments in KNOWN:
            return KNOWN[arguments]
        result = CliRunner().invoke(cli.app, list(arguments))
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            result.exception
        )
        said = Said(result.exit_code, result.stdout, result.stderr)
        KNOWN[arguments] = said
        return said

    return call


#: What the same call said before.
KNOWN: dict[tuple[str, ...], Said] = {}


def written_or_read_here(arguments: Sequence[str]) -> bool:
    """Whether a call depends on the folder that it is made in, or on the threads."""
    return any(
        a in ("--out", "--workers", "--scheduler") or a.startswith(("./", "/")) for a in arguments
    )


def process(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """The command as a process of its own."""
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHON"))
    }
    command = [sys.executable, "-m", "plansim", *arguments]
    return subprocess.run(
        command, cwd=cwd, env={**environment, **variables},
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip


def refused(said: Said, *words: str) -> None:
    """Exit code 2, one message on stderr, nothing on stdout, no traceback."""
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("plansim")
    assert "Traceback" not in said.err
    for word in words:
        assert word in said.err, (word, said.err)


# -- every verb, every format, both languages ------------------------------------------------------

VERBS: tuple[tuple[tuple[str, ...], list[str]], ...] = (
    (("list",), LIST_COLUMNS),
    (("show", PLAN), FIGURE_COLUMNS),
    (("targets", PLAN), TARGET_COLUMNS),
    (("run", PLAN, *FEW), RUN_COLUMNS),
)
each_verb = pytest.mark.parametrize(("arguments", "columns"), VERBS, ids=[v[0][0] for v in VERBS])
each_lang = pytest.mark.parametrize("lang", ["en", "zh"])


@each_verb
@each_lang
def test_csv_has_the_columns_of_the_contract_and_nothing_else(
    arguments: Sequence[str], columns: list[str], lang: str, plansim: Plansim
) -> None:
    said = plansim(*arguments, "--format", "csv", "--lang", lang)
    assert (said.code, said.err) == (0, "")
    assert said.columns() == columns
    lines = list(csv.reader(io.StringIO(said.out)))
    assert {len(line) for line in lines} == {len(columns)}
    assert len(lines) > 1


@each_verb
@each_lang
def test_json_has_the_same_names_and_values(
    arguments: Sequence[str], columns: list[str], lang: str, plansim: Plansim
) -> None:
    said = plansim(*arguments, "--format", "json", "--lang", lang)
    assert (said.code, said.err) == (0, "")
    records: list[dict[str, Any]] = json.loads(said.out)
    assert all(list(record) == columns for record in records)
    rows = plansim(*arguments, "--format", "csv", "--lang", lang).rows()
    as_text = [{k: "" if v is None else str(v) for k, v in r.items()} for r in records]
    assert as_text == rows
    assert "NaN" not in said.out


@each_verb
@each_lang
def test_tables_are_in_the_language_asked_for(
    arguments: Sequence[str], columns: list[str], lang: str, plansim: Plansim
) -> None:
    said = plansim(*arguments, "--lang", lang)
    assert (said.code, said.err) == (0, "")
    english, chinese = {
        "list": ("clusters", "集群"),
        "show": ("Scenarios", "情景"),
        "targets": ("status", "状态"),
        "run": ("probability", "概率"),
    }[arguments[0]]
    assert (english in said.out, chinese in said.out) == (lang == "en", lang == "zh")
    assert "{" not in said.out


@each_lang
def test_run_says_what_is_likely_what_is_not_and_what_binds(lang: str, plansim: Plansim) -> None:
    said = plansim("run", PLAN, *FEW, "--lang", lang)
    flat = said.out.replace("\n", "")
    words = {
        "en": ("Likely:", "Not likely:", "What binds:"),
        "zh": ("可能实现：", "难以实现：", "制约所在："),
    }
    places = [flat.index(word) for word in words[lang]]
    assert places == sorted(places)


@each_lang
def test_a_valid_plan_is_said_to_be_valid(lang: str, plansim: Plansim) -> None:
    said = plansim("validate", str(folder_of(PLAN)), "--lang", lang)
    assert said.code == 0
    assert len(said.out.splitlines()) == 1
    assert "12" in said.out
    words = {"en": "read from the goals", "zh": "取自它们所要衡量的目标"}
    assert len(said.err.splitlines()) == 1
    assert words[lang] in said.err


@each_lang
def test_show_says_which_figures_were_read_from_goals_and_why(lang: str, plansim: Plansim) -> None:
    shown = " ".join(plansim("show", PLAN, "--lang", lang).out.split())
    words = {
        "en": "base-year output of all industry deduced from its goal: manufacturing value added",
        "zh": "基年工业总产值合计 由其目标倒推：规上制造业增加值（2020年）",
    }
    assert words[lang] in shown
    rows = plansim("show", PLAN, "--format", "csv", "--lang", lang).rows()
    codes = {row["path"]: row["circle"] for row in rows}
    assert codes["totals.output"] == "base"
    assert codes["totals.va_rate"] == ""
    assert codes["programmes.green_factories.queue.intake"] == "stated"


def test_validate_names_every_fault_and_the_summary_counts_them(
    plansim: Plansim, tmp_path: Path
) -> None:
    broken = tmp_path / "mine"
    (broken / "scenarios").mkdir(parents=True)
    for path in folder_of(PLAN).rglob("*.*"):
        if path.is_file():
            (broken / path.relative_to(folder_of(PLAN))).write_bytes(path.read_bytes())
    text = (broken / "plan.yaml").read_text(encoding="utf-8")
    (broken / "plan.yaml").write_text(text.replace("link: log", "link: lag"), encoding="utf-8")
    with (broken / "scenarios" / "stretch.yaml").open("a", encoding="utf-8") as stream:
        stream.write("  nowhere.at.all: 5\n")
    said = plansim("validate", "./mine", "--lang", "en")
    refused(said, "mine/plan.yaml:", "link: lag is not one of the words", "did you mean log?")
    assert "mine/scenarios/stretch.yaml:" in said.err
    assert "nowhere matches nothing" in said.err
    count = int(said.err.split("plansim: ")[1].split(" faults")[0])
    assert count == len(said.err.strip().splitlines()) - 1
    refused(plansim("run", "./mine", *FEW), "mine/plan.yaml:")
    assert said.err.count("scenarios/stretch.yaml") == 1


# -- run: what is asked is what is done ------------------------------------------------------------


def test_settings_scenario_seed_and_draws_are_what_was_run(plansim: Plansim) -> None:
    said = plansim(
        "run", PLAN, "--scenario", "delayed", "--seed", "9", "--draws", "1e2", "--format", "csv",
        "--set", "clusters.robotics.output=62", "--set", "totals.va_rate=19",
    )  # fmt: skip
    rows = [row for row in said.rows() if row["status"] == "judged"]
    assert {(r["scenario"], r["draws"], r["seed"]) for r in rows} == {("delayed", "100", "9")}
    plain = plansim(
        "run", PLAN, "--scenario", "delayed", "--seed", "9", "--draws", "100", "--format", "csv"
    )
    before = {r["target"]: r["p50"] for r in plain.rows()}
    assert {r["target"] for r in rows if r["p50"] != before[r["target"]]} >= {
        "robotics-output-2020"
    }


def test_the_same_command_gives_the_same_bytes_whatever_the_workers(plansim: Plansim) -> None:
    one = plansim("run", PLAN, *FEW, "--format", "csv", "--workers", "1")
    other = plansim("run", PLAN, *FEW, "--format", "csv", "--workers", "3")
    assert one.out == other.out
    processes = plansim("run", PLAN, *FEW, "--format", "csv", "--scheduler", "processes")
    assert one.out == processes.out
    assert plansim("run", PLAN, *FEW, "--format", "csv", "--seed", "2").out != one.out


@each_lang
def test_a_tolerance_is_said_to_be_reached_or_not(lang: str, plansim: Plansim) -> None:
    reached = plansim("run", PLAN, "--tolerance", "0.02", "--lang", lang)
    assert reached.code == 0
    assert say("report.settled", lang, tolerance="2", draws=4096) in reached.out
    assert reached.err == ""
    arguments = ("--draws", "64", "--tolerance", "0.02", "--lang", lang, "--format", "csv")
    missed = plansim("run", PLAN, *arguments, "--quiet")
    wide = [
        r for r in missed.rows()
        if r["inside_low"] and width(r) > 0.04
    ]  # fmt: skip
    assert missed.code == 0
    for word in ("64", str(len(wide)), max(wide, key=width)["target"]):
        assert word in missed.err
    assert {r["draws"] for r in wide} == {"64"}


def width(row: dict[str, str]) -> float:
    return float(row["inside_high"]) - float(row["inside_low"])


@each_lang
def test_workers_that_are_lost_exit_with_four(
    lang: str, plansim: Plansim, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def lost(*_: object, **__: object) -> None:
        raise WorkError.of("cluster_empty", "--scheduler", value="tcp://127.0.0.1:1")

    monkeypatch.setattr("plansim.reports.answers.run.simulate", lost)
    said = plansim("run", PLAN, "--lang", lang, "--out", "x")
    assert (said.code, said.out) == (4, "")
    assert said.err == (
        say("say.error", lang)
        + say_faults([Fault("cluster_empty", {"value": "tcp://127.0.0.1:1"}, "--scheduler")], lang)
        + "\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_what_is_given_is_met_and_said(plansim: Plansim) -> None:
    arguments = ("run", PLAN, "--draws", "400", "--given", "va-rate-2020")
    rows = {r["target"]: r for r in plansim(*arguments, "--format", "csv").rows()}
    assert float(rows["va-rate-2020"]["probability"]) == 1.0
    said = plansim(*arguments, "--lang", "en")
    assert "Given that value-added rate, 2020" in said.out
    assert "rough" in said.out


def test_what_is_not_known_is_empty_and_never_zero(plansim: Plansim) -> None:
    rows = plansim("run", PLAN, *FEW, "--format", "csv").rows()
    stated = [r for r in rows if r["status"] == "stated"]
    assert stated
    for row in stated:
        assert row["reason"]
        assert row["probability"] == row["p50"] == row["verdict"] == row["draws"] == ""


@pytest.mark.parametrize("draws", ["0", "-5", "1e99", "abc", "1.5", "nan", "inf", "", "1e10"])
def test_draws_that_make_no_sense_are_refused(draws: str, plansim: Plansim, tmp_path: Path) -> None:
    said = plansim("run", PLAN, "--draws", draws, "--out", "x", "--format", "csv")
    refused(said, "draws")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--seed", "-1"), ("--seed", "x"), ("--seed", "1e30"), ("--workers", "0"),
        ("--workers", "x"), ("--tolerance", "0"), ("--tolerance", "0.6"), ("--tolerance", "nan"),
        ("--scheduler", "somewhere"), ("--scheduler", "http://127.0.0.1:1"),
        ("--sampler", "sobl"), ("--fail-under", "2"), ("--fail-under", "-0.1"),
        ("--fail-under", "nan"), ("--format", "xml"), ("--lang", "fr"),
    ],
)  # fmt: skip
def test_options_out_of_range_are_refused(option: str, value: str, plansim: Plansim) -> None:
    refused(plansim("run", PLAN, *FEW, option, value), option.removeprefix("--"))


def test_an_option_of_the_wrong_kind_is_refused(plansim: Plansim) -> None:
    said = plansim("run", PLAN, "--fail-under", "abc")
    assert (said.code, said.out) == (2, "")
    assert "--fail-under" in said.err


def test_fail_under_exits_with_one_after_the_result(plansim: Plansim) -> None:
    below = plansim("run", PLAN, *FEW, "--fail-under", "0.5", "--format", "csv", "--lang", "en")
    assert below.code == 1
    assert below.columns() == RUN_COLUMNS
    assert "judged targets are below 0.5" in below.err
    fine = plansim("run", PLAN, *FEW, "--fail-under", "0", "--format", "csv")
    assert (fine.code, fine.err) == (0, "")


# -- --out -----------------------------------------------------------------------------------------


def test_a_run_is_written_and_said_on_stderr(plansim: Plansim, tmp_path: Path) -> None:
    said = plansim("run", PLAN, *FEW, "--out", "runs/one", "--format", "csv", "--lang", "en")
    assert said.code == 0
    assert said.columns() == RUN_COLUMNS
    assert "runs/one" in said.err
    assert (tmp_path / "runs" / "one" / "manifest.json").is_file()
    again = plansim("run", PLAN, *FEW, "--out", "runs/one", "--format", "csv", "--quiet")
    assert (again.code, again.err) == (0, "")


def test_a_foreign_folder_is_refused_before_anything_is_run(
    plansim: Plansim, tmp_path: Path
) -> None:
    (tmp_path / "keep.txt").write_text("mine", encoding="utf-8")
    refused(plansim("run", PLAN, "--draws", "1e9", "--out", "."), "--out")
    assert [p.name for p in tmp_path.iterdir()] == ["keep.txt"]


def test_nothing_is_written_where_the_input_is_wrong(plansim: Plansim, tmp_path: Path) -> None:
    refused(
        plansim("run", PLAN, "--out", "run", "--set", "clusters.nve.output=5"),
        "clusters.nev.output",
    )
    assert list(tmp_path.iterdir()) == []


# -- wrong input -----------------------------------------------------------------------------------

WRONG: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("run", "yuyao2016"), ("yuyao2016", "yuyao-2016?")),
    (("run", ""), ("shipped plan",)),
    (("run", "./nowhere"), ("./nowhere",)),
    (("run", PLAN, "--scenario", "delaid"), ("delaid", "delayed?")),
    (("run", PLAN, "--scenario", "../plan"), ("../plan",)),
    (("run", PLAN, "--set", "clusters.robotic.output=62"), ("clusters.robotics.output?",)),
    (("run", PLAN, "--set", "clusters.robotics.output"), ("PATH=VALUE",)),
    (("run", PLAN, "--set", "clusters.robotics.output=６２"), ("full-width",)),
    (("run", PLAN, "--set", "clusters.robotics.output=many"), ("many is not a number",)),
    (("run", PLAN, "--set", "clusters.robotics.output=[1"), ("not YAML",)),
    (("run", PLAN, "--set", "assumptions.deflation=duble"), ("double?",)),
    (("run", PLAN, "--set", "plan.years=2025"), ("a list belongs here",)),
    (("run", PLAN, "--set", "totals.va_rate=20", "--set", "totals.va_rate=21"), ("set twice",)),
    (("run", PLAN, "--given", "robotics-output-2021"), ("no target robotics-output-2021",)),
    (("run", PLAN, "--given", "pilot-cost-2025"), ("not judged",)),
    (("show", "nowhere"), ("nowhere",)),
    (("show", PLAN, "--scenario", "x"), ("there is no scenario x",)),
    (("targets", "nowhere"), ("nowhere",)),
    (("validate", "nowhere"), ("nowhere",)),
    (("validate", "./nowhere"), ("no folder",)),
    (("list", "--format", "xml"), ("csv",)),
)  # fmt: skip


@pytest.mark.parametrize(("arguments", "words"), WRONG, ids=[" ".join(w[0]) for w in WRONG])
def test_wrong_input_is_one_clear_message(
    arguments: Sequence[str], words: Sequence[str], plansim: Plansim, tmp_path: Path
) -> None:
    refused(plansim(*arguments, "--lang", "en"), *words)
    chinese = plansim(*arguments, "--lang", "zh")
    refused(chinese)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese.err)
    assert list(tmp_path.iterdir()) == []


def test_several_wrong_settings_are_named_together(plansim: Plansim) -> None:
    said = plansim("run", PLAN, "--lang", "en", "--set", "a.b=1", "--set", "c.d=2", "--set", "e")
    refused(said, "e must have the form")
    said = plansim("run", PLAN, "--lang", "en", "--set", "a.b=1", "--set", "c.d=2")
    refused(said, "2 faults", "a.b", "c.d")


@pytest.mark.parametrize("arguments", [("nonsense",), ("run",), ("run", PLAN, "--nonsense")])
def test_what_is_no_command_exits_with_two(arguments: Sequence[str], plansim: Plansim) -> None:
    said = plansim(*arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err


def test_a_keyboard_interrupt_says_that_nothing_was_written(
    plansim: Plansim, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("plansim.reports.answers.run.simulate", interrupted)
    said = plansim("run", PLAN, "--lang", "en", "--out", "x")
    assert (said.code, said.out) == (3, "")
    assert "nothing was written" in said.err
    assert list(tmp_path.iterdir()) == []


# -- help ------------------------------------------------------------------------------------------


def verbs() -> list[str]:
    return [str(command.name) for command in cli.app.registered_commands]


@pytest.mark.parametrize("name", verbs())
def test_every_verb_has_help_with_an_example(name: str, plansim: Plansim) -> None:
    said = plansim(name, "--help")
    assert said.code == 0
    assert f"plansim {name}" in said.out
    assert "--lang" in said.out


def test_the_first_page_lists_every_verb(plansim: Plansim) -> None:
    said = plansim("--help")
    assert said.code == 0
    assert all(name in said.out for name in verbs())


# -- trace -----------------------------------------------------------------------------------------

QUEUES = Path(__file__).parent / "reports" / "queues"
TRACE_COLUMNS = [
    "time",
    "year",
    "programme",
    "entity",
    "stage",
    "event",
    "waited_for",
    "waited_days",
    "programme_name",
]


@pytest.fixture(scope="session")
def queues(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A plan folder with three queues, one schedule."""
    target = tmp_path_factory.mktemp("plans") / "queues"
    shutil.copytree(str(files("plansim.scenarios") / "template"), target)
    for file, added in (("programmes.yaml", "programmes.yaml"), ("plan.yaml", "shared.yaml")):
        with (target / file).open("a", encoding="utf-8") as stream:
            stream.write((QUEUES / added).read_text(encoding="utf-8"))
    return str(target)


@each_lang
def test_a_trace_is_told_as_table_csv_and_json(
    lang: str, plansim: Plansim, queues: str, tmp_path: Path
) -> None:
    table = plansim("trace", queues, "--lang", lang)
    assert (table.code, table.err) == (0, "")
    assert {"en": "Review hall", "zh": "审批服务大厅"}[lang] in table.out
    assert {"en": "Not traced", "zh": "按进度表推进"}[lang] in table.out.splitlines()[-1]
    rows = plansim("trace", queues, "--lang", lang, "--format", "csv")
    assert rows.columns() == TRACE_COLUMNS
    records = json.loads(plansim("trace", queues, "--lang", lang, "--format", "json").out)
    assert [{k: "" if v is None else str(v) for k, v in r.items()} for r in records] == rows.rows()
    assert {r["programme"] for r in records} == {"retrofits", "plots", "training"}
    assert list(tmp_path.iterdir()) == []


def test_a_trace_is_of_the_draw_luck_seed_and_programmes_asked_for(
    plansim: Plansim, queues: str
) -> None:
    asked = ("trace", queues, "--format", "csv", "--programme", "plots")
    plain = plansim(*asked)
    assert {row["programme"] for row in plain.rows()} == {"plots"}
    assert plansim(*asked, "--draw", "1", "--seed", "1", "--luck", "a").out == plain.out
    others = (("--draw", "2"), ("--seed", "2"), ("--luck", "b"), ("--draw", "1e4"))
    said = {plansim(*asked, *other).out for other in others}
    assert len(said | {plain.out}) == 5


def test_a_picture_and_a_csv_are_written_and_said_on_stderr(
    plansim: Plansim, queues: str, tmp_path: Path
) -> None:
    asked = (
        "trace", queues, "--programme", "plots", "--gantt", "new/a.png", "--out", "b.csv",
        "--lang", "en",
    )  # fmt: skip
    said = plansim(*asked, "--format", "csv")
    assert said.code == 0
    assert (tmp_path / "b.csv").read_text(encoding="utf-8") == said.out
    assert (tmp_path / "new" / "a.png").read_bytes().startswith(b"\x89PNG")
    assert "new/a.png" in said.err
    assert "b.csv" in said.err
    assert "b.csv" not in said.out
    assert plansim(*asked).code == 0
    names = sorted(path.name for path in tmp_path.rglob("*"))
    assert names == ["a.png", "b.csv", "new"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--draw", "0"), ("draw", "0 is out of range")),
        (("--draw", "1e10"), ("draw", "out of range")),
        (("--draw", "first"), ("--draw", "not a whole number")),
        (("--seed", "-1"), ("seed", "out of range")),
        (("--luck", "c"), ("luck", "allowed: a, b")),
        (("--programme", "plot"), ("no programme plot", "did you mean New factories?")),
        (("--programme", "upgrading"), ("upgrading has no events",)),
        (("--scenario", "baseline"), ("baseline", "no events to show")),
        (("--gantt", "a.pdf"), ("--gantt", "a.pdf", ".png, .svg")),
        (("--out", "a.xlsx"), ("--out", "a.xlsx", ".csv")),
        (("--gantt", "keep.txt/a.png"), ("--gantt", "cannot be written")),
        (("--out", "keep.csv"), ("--out", "keep.csv exists")),
        (("--out", "a.csv", "--draw", "0", "--gantt", "a.png"), ("out of range",)),
        (("--gantt", "a.svg", "--out", "a.csv", "--set", "plan.name.zh=\U0001f600"), ("U+1F600",)),
    ],
)
def test_a_trace_that_cannot_be_is_refused_and_nothing_written(
    arguments: Sequence[str], words: Sequence[str], plansim: Plansim, queues: str, tmp_path: Path
) -> None:
    for name in ("keep.txt", "keep.csv"):
        (tmp_path / name).write_text("mine", encoding="utf-8")
    spoken = "zh" if "U+1F600" in words else "en"
    refused(plansim("trace", queues, "--lang", spoken, *arguments), *words)
    other = plansim("trace", queues, "--lang", "zh", *arguments)
    refused(other)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in other.err)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keep.csv", "keep.txt"]
    assert (tmp_path / "keep.csv").read_text(encoding="utf-8") == "mine"


def test_a_trace_of_nothing_has_only_its_header(plansim: Plansim, queues: str) -> None:
    said = plansim(
        "trace", queues, "--programme", "plots", "--format", "csv",
        "--set", "programmes.plots.queue.intake=0.001",
    )  # fmt: skip
    assert said.out == ",".join(TRACE_COLUMNS) + "\n"


# -- as a process of its own -----------------------------------------------------------------------


def test_a_process_speaks_the_language_of_its_environment(tmp_path: Path) -> None:
    done = process("list", cwd=tmp_path, LANG="zh_CN.UTF-8", PYTHONUTF8="1")
    assert done.returncode == 0
    assert "余姚" in done.stdout.decode()
    wrong = process("run", "nowhere", cwd=tmp_path, LANG="zh_CN.UTF-8", PYTHONUTF8="1")
    assert (wrong.returncode, wrong.stdout) == (2, b"")
    assert "没有内置规划 nowhere" in wrong.stderr.decode()


def test_a_process_in_gbk_does_not_crash(tmp_path: Path) -> None:
    done = process("run", PLAN, *FEW, "--lang", "zh", cwd=tmp_path, PYTHONIOENCODING="gbk")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "机器人" in done.stdout.decode("gbk")
    table = process("targets", PLAN, "--format", "csv", cwd=tmp_path, PYTHONIOENCODING="gbk")
    assert "余姚市" in table.stdout.decode("gbk")


def test_a_process_in_ascii_does_not_crash(tmp_path: Path) -> None:
    done = process("show", PLAN, "--lang", "zh", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    wrong = process(
        "run", "./没有", "--lang", "zh", cwd=tmp_path, PYTHONIOENCODING="ascii", PYTHONUTF8="1"
    )
    assert wrong.returncode == 2
    assert b"Traceback" not in wrong.stderr


def test_a_reader_that_stops_early_gets_no_traceback(tmp_path: Path) -> None:
    command = f"{sys.executable} -m plansim targets {PLAN} --format csv | head -1"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path,
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.stdout.decode().strip() == ",".join(TARGET_COLUMNS)
    assert b"Traceback" not in done.stderr


def test_importing_the_command_line_imports_nothing_heavy(tmp_path: Path) -> None:
    heavy = ("numpy", "pandas", "scipy", "pydantic", "pyarrow", "plansim.simulator.run")
    code = f"import plansim.cli, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path,
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.decode().strip() == "[]"


@pytest.mark.skipif(not FORKED, reason="threads are counted where workers are forked")
def test_what_workers_are_forked_from_has_one_thread(tmp_path: Path) -> None:
    sources = [inspect.getsource(module) for module in (cli, workers)]
    lists = re.findall(r"preload\((.*)\)", "\n".join(sources))
    assert len(lists) >= 4
    code = (
        "import importlib, os, sys\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "print(len(os.listdir('/proc/self/task')))"
    )
    for names in lists:
        done = subprocess.run(
            [sys.executable, "-c", code, *re.findall('"(.*?)"', names)], cwd=tmp_path, check=True,
            env={**os.environ, **ENVIRONMENT},
            capture_output=True, timeout=60,
        )  # fmt: skip
        assert done.stdout.strip() == b"1", names


# -- show --evidence -------------------------------------------------------------------------------

EVIDENCE_COLUMNS = [
    "plan", "programme", "kind", "on", "change", "distribution", "grade", "wide", "study",
    "population", "estimate", "from_adopters_to_city", "why", "source", "seen", "address",
]  # fmt: skip


@each_lang
@pytest.mark.parametrize("name", ["yuyao-2020", "cixi-2017"])
def test_evidence_is_told_as_table_csv_and_json(lang: str, name: str, plansim: Plansim) -> None:
    table = plansim("show", name, "--evidence", "--lang", lang)
    assert (table.code, table.err) == (0, "")
    assert {"en": "transferred from studies", "zh": "移用他处研究"}[lang] in table.out
    assert "li-branstetter-2024" in table.out
    rows = plansim("show", name, "--evidence", "--lang", lang, "--format", "csv")
    assert rows.columns() == EVIDENCE_COLUMNS
    records = json.loads(plansim("show", name, "--evidence", "--format", "json").out)
    assert records == rows.rows()
    stored = Path(cli.__file__).parent / "calibration" / "data" / "effects.csv"
    with stored.open(encoding="utf-8") as stream:
        assert rows.rows() == [row for row in csv.DictReader(stream) if row["plan"] == name]


def test_evidence_is_of_the_scenario_and_settings_asked_for(plansim: Plansim) -> None:
    asked = ("show", PLAN, "--evidence", "--format", "csv")
    size = "programmes.boilers.effects.0.size"
    typed = plansim(*asked, "--set", f"{size}={{dist: pert, low: -0.1, mode: 0, high: 0.1}}")
    rows = [row for row in typed.rows() if row["programme"] == "boilers"]
    assert [row["distribution"] for row in rows] == ["pert(low=-0.1, mode=0, high=0.1)"]
    taken = plansim(*asked, "--scenario", "cixi_support")
    assert "smart_lines" in {row["programme"] for row in taken.rows()}
    refused(plansim(*asked, "--scenario", "nowhere"), "nowhere")
    refused(plansim("show", "nowhere", "--evidence"), "nowhere")


def test_a_plan_of_ones_own_has_evidence(plansim: Plansim) -> None:
    assert plansim("new", "./mine").code == 0
    said = plansim("show", "./mine", "--evidence", "--format", "csv")
    assert said.columns() == EVIDENCE_COLUMNS
    assert {row["plan"] for row in said.rows()} == {"mine"}


# -- hindcast --------------------------------------------------------------------------------------

HINDCAST_COLUMNS = [
    "quantity",
    "horizon",
    "origins",
    "coverage50",
    "coverage80",
    "coverage95",
    "crps",
    "crps_skill_last",
    "crps_skill_drift",
]


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The shipped groups without energy; one of them begins too late."""
    shipped = (files("plansim.calibration") / "data" / "us_groups.csv").read_text(encoding="utf-8")
    rows = [line.split(",")[:4] for line in shipped.splitlines()]
    kept = [row for row in rows if row[0] != "20 Food" or int(row[1]) > 2003]
    path = tmp_path_factory.mktemp("panels") / "groups.csv"
    path.write_text("\n".join(",".join(row) for row in kept), encoding="utf-8")
    return str(path)


@each_lang
def test_hindcast_is_told_in_the_language_asked_for(
    lang: str, panel: str, plansim: Plansim
) -> None:
    said = plansim("hindcast", panel, "--from", "2005", "--lang", lang)
    words = {"en": ("value-added rate", "skill", "too short"), "zh": ("增加值率", "技巧", "太短")}
    assert said.code == 0
    assert all(word in said.out for word in words[lang][:2])
    assert words[lang][2] in said.err
    assert "20 Food" in said.err


def test_hindcast_scores_quantities_by_horizon(panel: str, plansim: Plansim) -> None:
    asked = ("hindcast", panel, "--from", "2000", "--format")
    rows = plansim(*asked, "csv")
    assert rows.columns() == HINDCAST_COLUMNS
    records = json.loads(plansim(*asked, "json").out)
    assert [list(record) for record in records] == [HINDCAST_COLUMNS] * 8
    assert [{k: str(v) for k, v in record.items()} for record in records] == rows.rows()
    assert [(r["quantity"], r["horizon"]) for r in records] == [
        (quantity, horizon) for quantity in ("output", "va_rate") for horizon in (1, 3, 5, 10)
    ]
    assert all(0.3 < record["coverage80"] <= 1.0 for record in records)
    assert all(record["crps"] > 0.0 for record in records)
    assert [r["origins"] for r in records] == [11, 9, 7, 2] * 2


def test_hindcast_learns_from_half_and_draws(panel: str, plansim: Plansim, tmp_path: Path) -> None:
    asked = ("hindcast", panel, "--from", "2006", "--train", "0.5", "--format", "csv")
    one = plansim(*asked, "--pit", "pit.png")
    assert (tmp_path / "pit.png").read_bytes().startswith(b"\x89PNG")
    assert one.err.endswith("pit.png\n")
    (tmp_path / "pit.png").unlink()
    assert plansim(*asked).out == one.out
    assert plansim(*asked, "--seed", "2").out != one.out
    only = plansim(*asked[:-4], "--format", "csv", "--test", "22 Textile mill products")
    assert only.rows()[0]["origins"] == "5"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("./nowhere.csv",), ("nowhere.csv", "there is no such file")),
        (("PANEL", "--train", "22 Textil"), ("--train", "did you mean 22 Textile mill products?")),
        (("PANEL", "--history", "3"), ("--history", "5 …")),
        (("PANEL", "--from", "soon"), ("--from", "soon")),
        (("PANEL", "--from", "2011"), ("nothing can be scored", "1958 to 2011")),
        (("PANEL", "--pit", "pit.pdf"), ("--pit", ".png, .svg")),
    ],
)
def test_hindcast_refuses_what_cannot_be(
    arguments: Sequence[str], words: Sequence[str], panel: str, plansim: Plansim
) -> None:
    given = [panel if word == "PANEL" else word for word in arguments]
    refused(plansim("hindcast", *given, "--lang", "en"), *words)


def test_hindcast_names_every_fault_of_a_panel(plansim: Plansim, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("series,year,output,va_rate\na,2000,0,1.2\na,2002,1,0.2\n", encoding="utf-8")
    english = plansim("hindcast", "./bad.csv", "--lang", "en")
    refused(english, "3 faults", "bad.csv:2:3", "0 must be above 0", "bad.csv:2:4", "bad.csv:3")
    assert "2001 is missing" in english.err
    chinese = plansim("hindcast", "./bad.csv", "--lang", "zh")
    refused(chinese, "3 处错误", "缺 2001")
    bad.unlink()


# -- calibrate -----------------------------------------------------------------------------------

CALIBRATED_COLUMNS = [
    "path",
    "unit",
    "origin",
    "prior_p05",
    "prior_p50",
    "prior_p95",
    "posterior_p05",
    "posterior_p50",
    "posterior_p95",
    "moved",
    "spread",
    "by",
    "name",
]


@pytest.fixture
def seen_plan(tmp_path: Path) -> Path:
    """A plan of one's own whose first year was seen."""
    folder = tmp_path / "seen"
    shutil.copytree(str(files("plansim.scenarios") / "template"), folder)
    (folder / "history.csv").write_text(
        "quantity,subject,year,value,unit,measure,source\n"
        "value_added,Example City,2025,5.1,%,growth,made\n"
        "output,Electronics,2025,340,亿元,level,made\n",
        encoding="utf-8",
    )
    return folder


def test_calibrate_stores_what_run_then_draws_by(
    seen_plan: Path, plansim: Plansim, tmp_path: Path
) -> None:
    run = ("run", "./seen", *FEW, "--lang", "en")
    before = plansim(*run)
    assert "Calibrated" not in before.out
    said = plansim("calibrate", "./seen", "--draws", "1024", "--format", "csv", "--lang", "en")
    assert said.code == 0
    assert said.columns() == CALIBRATED_COLUMNS
    told = {row["path"]: row["by"] for row in said.rows()}
    assert told["clusters.electronics.output.base"] in ("observations", "both")
    assert told["clusters.electronics.output.trend.rate"] == "prior_dominated"
    assert said.err == "written to seen/calibration.json\n"
    after = plansim(*run)
    assert "Calibrated: seen/calibration.json, 2 observations, 20" in after.out
    assert after.err == ""
    assert after.out != before.out
    assert plansim(*run, "--uncalibrated").out == before.out
    seek = ("seek", "./seen", "--confidence", "0.8", "--draws", "64", "--lang", "en")
    assert "Calibrated: seen/calibration.json" in plansim(*seek).out
    assert (
        plansim(*seek, "--format", "csv").out
        != plansim(*seek, "--format", "csv", "--uncalibrated").out
    )
    downturn = plansim("run", "./seen", *FEW, "--scenario", "baseline", "--lang", "zh")
    assert "已校准：seen/calibration.json" in downturn.out
    shutil.rmtree(seen_plan)


def test_run_ignores_a_calibration_whose_inputs_changed(seen_plan: Path, plansim: Plansim) -> None:
    run = ("run", "./seen", *FEW, "--lang", "en")
    before = plansim(*run)
    plansim("calibrate", "./seen", "--draws", "1024", "--quiet", "--lang", "en")
    base = "clusters.electronics.output.base"
    typed = plansim(*run, "--set", f"{base}=310")
    assert "Calibrated" not in typed.out
    assert "is ignored" in typed.err
    assert base in typed.err
    history = seen_plan / "history.csv"
    history.write_text(history.read_text(encoding="utf-8").replace("340", "341"), encoding="utf-8")
    changed = plansim(*run)
    assert changed.out == before.out
    assert changed.err.count("\n") == 1
    assert "the history has changed" in changed.err
    shutil.rmtree(seen_plan)


def test_calibrate_tells_in_both_languages_what_was_seen(
    seen_plan: Path, plansim: Plansim, tmp_path: Path
) -> None:
    asked = ("calibrate", "./seen", "--draws", "1024", "--out", "c.json")
    english = plansim(*asked, "--lang", "en")
    assert "value added (real), growth" in english.out
    assert "Growth stays prior-dominated" in english.out
    chinese = plansim(*asked, "--lang", "zh")
    assert "增长仍由先验主导" in chinese.out
    assert "340 亿元" in chinese.out
    used = plansim("run", "./seen", *FEW, "--calibration", "c.json", "--lang", "en")
    assert "Calibrated: c.json" in used.out
    (tmp_path / "c.json").unlink()
    shutil.rmtree(seen_plan)


def test_calibrate_shows_what_does_not_go_together_and_stores_nothing(
    seen_plan: Path, plansim: Plansim
) -> None:
    history = seen_plan / "history.csv"
    history.write_text(history.read_text(encoding="utf-8").replace("340", "9000"), encoding="utf-8")
    said = plansim("calibrate", "./seen", "--draws", "1024", "--lang", "en")
    assert said.code == 1
    assert "comes near: output of Electronics 2025" in said.out
    assert "was not written" in said.err
    assert not (seen_plan / "calibration.json").exists()
    shutil.rmtree(seen_plan)


def test_calibrate_and_run_refuse_what_cannot_be(
    seen_plan: Path, plansim: Plansim, tmp_path: Path
) -> None:
    (seen_plan / "notes.txt").write_text("mine", encoding="utf-8")
    for arguments, words in (
        (("calibrate", "./seen", "--draws", "5"), ("--draws", "1024")),
        (("calibrate", "./seen", "--out", "./seen/notes.txt"), ("notes.txt", "name another")),
        (("calibrate", "./seen", "--history", "./none.csv"), ("none.csv",)),
        (("run", "./seen", "--calibration", "./none.json"), ("none.json", "make it anew")),
        (("run", "./seen", "--calibration", "./seen/notes.txt"), ("notes.txt", "no calibration")),
    ):
        refused(plansim(*arguments, "--lang", "en"), *words)
    assert not (seen_plan / "calibration.json").exists()
    shutil.rmtree(seen_plan)


# -- the base year and histories -------------------------------------------------------------------


def test_show_baselines_gives_every_figure_before_and_after(plansim: Plansim) -> None:
    said = plansim("show", PLAN, "--baselines", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert (said.code, said.err, len(rows)) == (0, "", 64)
    rest = next(row for row in rows if row["figure"] == "clusters.rest.va_rate.base")
    assert float(rest["moved"]) < -0.5
    assert rest["binds"] == "totals.va_rate"
    assert json.loads(plansim("show", PLAN, "--baselines", "--format", "json").out)[0]["figure"]


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "cannot hold together"), ("zh", "不能同时成立")]
)
def test_baselines_that_conflict_are_refused_by_name(
    lang: str, words: str, plansim: Plansim
) -> None:
    typed = ("--set", "totals.va_rate=10", "--set", "clusters.*.va_rate=0.2")
    said = plansim("show", PLAN, "--baselines", *typed, "--lang", lang)
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert "totals.va_rate = 0.1, clusters.robotics.va_rate.base = 0.2" in said.err
    assert "…" not in said.err


def test_validate_tells_baselines_that_strain_and_a_wrong_history(
    plansim: Plansim, tmp_path: Path
) -> None:
    shutil.copytree(str(files("plansim.scenarios") / "template"), tmp_path / "mine")
    main, history = tmp_path / "mine" / "plan.yaml", tmp_path / "mine" / "history.csv"
    text = main.read_text(encoding="utf-8")
    share = "high_tech: {value: 40,"
    assert share in text
    main.write_text(text.replace(share, "high_tech: {value: 10,"), encoding="utf-8")
    said = plansim("validate", "./mine", "--lang", "en")
    assert said.code == 0
    assert "more than 3 sd" in said.err
    main.write_text(text, encoding="utf-8")
    history.write_text(
        "quantity,subject,year,value,unit,source\ntotal_output,,2024H2,9,亿元,s\n", encoding="utf-8"
    )
    said = plansim("validate", "./mine", "--lang", "en")
    assert (said.code, said.out) == (2, "")
    assert "mine/history.csv:2:3" in said.err
    assert "2024H1" in said.err


def test_show_history_weighs_curves_and_draws_them(plansim: Plansim, tmp_path: Path) -> None:
    lines = [f"total_output,,{2005 + i},{800 * 1.06**i:.1f},亿元,made" for i in range(11)]
    seen, picture = tmp_path / "seen.csv", tmp_path / "fan.svg"
    seen.write_text(
        "\n".join(["quantity,subject,year,value,unit,source", *lines, ""]), encoding="gb18030"
    )
    options = ("--history-from", str(seen), "--picture", str(picture), "--format", "json")
    said = plansim("show", PLAN, *options)
    (row,) = json.loads(said.out)
    assert (said.code, row["status"], row["year"]) == (0, "fitted", 2020)
    assert row["p50"] == pytest.approx(800 * 1.06**15, rel=0.05)
    assert picture.read_bytes().startswith(b"<?xml")
    own = plansim("show", PLAN, "--history", "--lang", "zh")
    assert "取决于参照行业" in own.out
    assert "history.csv" in plansim("show", "yuyao-2020", "--history", "--lang", "en").out
    wrong = plansim("show", PLAN, "--history-from", str(tmp_path / "none.csv"), "--lang", "en")
    assert (wrong.code, wrong.out) == (2, "")
    assert plansim("show", PLAN, "--history", "--picture", "fan.pdf").code == 2


# -- batch, runs -----------------------------------------------------------------------------------

BATCH_COLUMNS = [
    "run", "plan", "scenario", "clusters.machinery.output", "seed", "draws", "status", "targets",
    "met_p10", "met_p50", "met_p90", "all_probability", "all_low", "all_high", "reason",
    "scenario_name",
]  # fmt: skip


@pytest.fixture
def batched(plansim: Plansim, tmp_path: Path) -> Said:
    """A batch of two runs, one of them refused, in ./out; and what was said."""
    shutil.copytree(str(files("plansim.scenarios") / "template"), tmp_path / "mine")
    text = "plans: [./mine]\nsweeps: {clusters.machinery.output: [180, many]}\ndraws: 64\n"
    (tmp_path / "few.yaml").write_text(text, encoding="utf-8")
    return plansim("batch", "./few.yaml", "--out", "out", "--workers", "1", "--lang", "en")


@pytest.mark.slow
def test_a_batch_says_what_came_of_every_run_and_can_be_asked_again(
    batched: Said, plansim: Plansim, tmp_path: Path
) -> None:
    assert (batched.code, batched.err) == (4, "")
    assert "Only 1 of 2 runs have a result, in out" in batched.out
    assert "many is not a number" in batched.out
    plan = load(tmp_path / "mine")
    named = name_of(plan, "clusters.machinery.output", "en")
    assert f"{named} = 180" in batched.out
    assert plan.scenario_in("en") in batched.out
    refused(plansim("batch", "./few.yaml", "--out", "out", "--lang", "en"), "2 of 2", "--resume")
    again = plansim(
        "batch", "./few.yaml", "--out", "out", "--resume", "--format", "csv", "--lang", "en"
    )
    assert (again.code, again.columns()) == (4, BATCH_COLUMNS)
    assert "as they were written" in again.err
    listed = plansim("runs", "./out", "--format", "csv", "--lang", "en")
    assert (listed.code, listed.err, listed.out) == (0, "", again.out)
    done, failed = listed.rows()
    assert (done["status"], done["clusters.machinery.output"]) == ("done", "180")
    assert (failed["status"], failed["met_p50"], failed["draws"]) == ("refused", "", "64")
    chinese = plansim("runs", "./out", "--lang", "zh")
    assert "不是数" in chinese.out
    assert "被拒绝" in chinese.out
    rows = plansim("runs", "./out", "--above", "0.2", "--format", "csv").rows()
    assert rows
    assert {row["run"] for row in rows} == {done["run"]}
    assert all(float(row["probability"]) > 0.2 for row in rows)
    for lang in ("en", "zh"):
        of, lever = (
            name_of(plan, path, lang)
            for path in ("targets.total-output-2030", "clusters.machinery.output")
        )
        asked = ("--target", of, "--set", f"{lever}=180", "--scenario", plan.scenario_in(lang))
        (row,) = plansim("runs", "./out", *asked, "--format", "csv", "--lang", lang).rows()
        assert (row["run"], row["target"]) == (done["run"], "total-output-2030")
        assert (row["scenario_name"], row["target_name"]) == (plan.scenario_in(lang), of)
    none = plansim("runs", "./out", "--scenario", "nothing", "--lang", "en")
    assert none.code == 0
    assert none.out.splitlines() == ["Nothing fits.", "--scenario: there is plan."]
    missed = plansim("runs", "./out", "--target", "total-ouput-*", "--lang", "en").out
    assert "--target: there is total-output-2030" in missed
    bounded = plansim("runs", "./out", "--target", "*", "--above", "1", "--lang", "en").out
    assert bounded.strip() == "Nothing fits."
    said = plansim(
        "runs", "./out", "--export", "x.xlsx", "--iamc", "x.csv", "--format", "json", "--lang", "en"
    )
    assert said.err == "written to x.xlsx\nwritten to x.csv\n"
    assert len(json.loads(said.out)) == 2
    assert (tmp_path / "x.xlsx").is_file()
    refused(plansim("runs", "./out", "--export", "x.xlsx"), "x.xlsx")
    (tmp_path / "out" / "draws.parquet").write_bytes(b"PAR1")
    damaged = plansim("batch", "./few.yaml", "--out", "out", "--resume", "--lang", "en")
    assert (damaged.code, damaged.out) == (4, "")
    assert "draws.parquet" in damaged.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("batch", "./gone.yaml"), ("gone.yaml", "no such file")),
        (("batch", "./bad.yaml"), ("3 faults", "bad.yaml:1", "bad.yaml:2", "bad.yaml:3")),
        (("batch", "./bad.yaml", "--workers", "0"), ("workers",)),
        (("runs", "./gone"), ("./gone", "not a folder of runs")),
        (("runs", ".", "--export", "x.txt"), (".csv, .xlsx",)),
        (("runs", ".", "--set", "a.b"), ("a.b", "PATH=VALUE")),
        (("runs", ".", "--seed", "x"), ("--seed",)),
    ],
)
def test_wrong_batches_are_refused_and_nothing_is_written(
    arguments: Sequence[str], words: Sequence[str], plansim: Plansim, tmp_path: Path
) -> None:
    (tmp_path / "bad.yaml").write_text("plans: []\ndraws: x\nseed: 1\n", encoding="utf-8")
    said = plansim(*arguments, "--lang", "en")
    refused(said, *(word.removeprefix("./") for word in words))
    refused(plansim(*arguments, "--lang", "zh"))
    assert [p.name for p in tmp_path.iterdir()] == ["bad.yaml"]


# -- seek ------------------------------------------------------------------------------------------

SOUGHT = ("seek", PLAN, "--target", "trained-managers-2025=0.8", "--draws", "100")
CLASSES = ("--lever", "manager_intake", "--lever", "manager_classes")
FEWER = (
    "seek", PLAN, "--target", "trained-managers-2025=0.5", "--draws", "100",
    "--lever", "manager_classes",
)  # fmt: skip
SOUGHT_COLUMNS = [
    "point",
    "lever",
    "value",
    "cost",
    "probability",
    "prob_low",
    "prob_high",
    "name",
    "unit",
    "plan_value",
    "low",
    "high",
    "effort",
    "answer",
    "target",
    "asked",
    "searched",
    "reached",
    "draws",
    "seed",
    "target_name",
]
PROMISE_COLUMNS = [
    "plan",
    "scenario",
    "target",
    "indicator",
    "subject",
    "unit",
    "basis",
    "year",
    "comparator",
    "low",
    "high",
    "confidence",
    "value",
    "value_low",
    "value_high",
    "probability",
    "prob_low",
    "prob_high",
    "restates",
    "draws",
    "seed",
    "target_name",
]


def test_seek_answers_with_a_setting(plansim: Plansim) -> None:
    said = plansim(*SOUGHT, *CLASSES, "--lang", "en")
    assert said.code == 0
    assert "Reached: " in said.out
    assert "Managers who sign up" in said.out
    assert "--set=programmes.trained_managers.queue.intake=x" in said.out
    assert "fresh" in said.out
    chinese = plansim(*SOUGHT, *CLASSES, "--lang", "zh")
    assert "可以达到" in chinese.out
    assert "年报名管理人才" in chinese.out


def test_seek_gives_records_and_a_picture(plansim: Plansim, tmp_path: Path) -> None:
    rows = plansim(*FEWER, "--format", "csv", "--picture", "f.png")
    assert rows.columns() == SOUGHT_COLUMNS
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    (tmp_path / "f.png").unlink()
    assert rows.err.endswith("f.png\n")
    answer = [row for row in rows.rows() if row["answer"] == "True"]
    assert answer
    assert {row["lever"] for row in answer} == {"manager_classes"}
    assert all(float(row["probability"]) >= 0.5 for row in answer)
    records = json.loads(plansim(*FEWER, "--format", "json").out)
    assert [list(record) for record in records] == [SOUGHT_COLUMNS] * len(rows.rows())


def test_seek_says_that_nothing_reaches_it(plansim: Plansim) -> None:
    said = plansim(
        "seek", PLAN, "--target", "trained-managers-2025=0.99", "--draws", "100", "--lang", "en",
        "--lever", "manager_classes",
    )  # fmt: skip
    assert said.code == 0
    assert "No allowed setting that was found reaches 99%" in said.out
    assert "Every lever that moves it stands at an end of its range" in said.out
    assert "All allowed settings (3)" in said.out


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_seek_prints_what_could_be_promised(lang: str, plansim: Plansim) -> None:
    said = plansim("seek", PLAN, "--confidence", "80%", *FEW, "--lang", lang)
    assert said.code == 0
    assert {"en": "output of Robotics, 2020", "zh": "机器人产值（2020年）"}[lang] in said.out
    assert {"en": "restated, L", "zh": "重述，L"}[lang] not in said.out


def test_seek_promises_as_records(plansim: Plansim) -> None:
    said = plansim("seek", PLAN, "--confidence", "0.8", *FEW, "--format", "csv")
    assert said.columns() == PROMISE_COLUMNS
    assert len(said.rows()) == 96
    assert all(float(row["value_low"]) <= float(row["value"]) for row in said.rows())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("--target TARGET=0.8",)),
        (("--target", "va-rate-2020"), ("va-rate-2020", "TARGET=PROBABILITY")),
        (("--target", "va-rate-2021=0.8"), ("va-rate-2021", "did you mean value-added rate, 20")),
        (("--all", "0.5", "--confidence", "0.8"), ("one at a time",)),
        (("--confidence", "80"), ("out of range",)),
        (
            ("--target", "va-rate-2020=0.8", "--lever", "land"),
            ("did you mean Industrial land quota",),
        ),
        (("--target", "va-rate-2020=0.8", "--budget", "-1"), ("--budget", "out of range")),
        (("--target", "va-rate-2020=0.8", "--least", "time"), ("effort, cost",)),
        (("--target", "va-rate-2020=0.8", "--picture", "f.pdf"), ("--picture", ".png, .svg")),
        (("--target", "va-rate-2020=0.8", "--draws", "0"), ("out of range",)),
        (("--target", "a=2", "--all", "x"), ("2 faults",)),
    ],
)
def test_seek_refuses_what_cannot_be(
    arguments: Sequence[str], words: Sequence[str], plansim: Plansim
) -> None:
    refused(plansim("seek", PLAN, *arguments, "--lang", "en"), *words)


# -- settle ----------------------------------------------------------------------------------------


def came(tmp_path: Path, *rows: str) -> str:
    path = tmp_path / "came.csv"
    path.write_text("\n".join(("quantity,year,value,unit,source", *rows, "")), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", ("stands there already", "another scope")), ("zh", ("已经达到", "统计范围不同"))],
)
def test_settle_by_the_shipped_plan_that_follows(
    lang: str, words: tuple[str, ...], plansim: Plansim
) -> None:
    said = plansim("settle", "yuyao-2016", *FEW, "--lang", lang)
    assert said.code == 0
    for word in words:
        assert word in said.out


def test_settle_as_records_and_as_a_picture(tmp_path: Path, plansim: Plansim) -> None:
    picture = tmp_path / "came.svg"
    file = came(tmp_path, "va-rate-2020,2020,21.5,%,a", "total_output,2019,1766,亿元,a")
    said = plansim(
        "settle", "yuyao-2016", "--outturns", file, "--by", "yuyao-2020", *FEW,
        "--picture", str(picture), "--format", "csv", "--lang", "en",
    )  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert [row["status"] for row in rows] == ["settled", "early", "early"]
    assert rows[0]["met"] == "True"
    assert rows[0]["target_name"] == "value-added rate, 2020"
    assert 0 < float(rows[0]["verdict"]) < 1
    assert rows[1]["verdict"] == ""
    assert "<svg" in picture.read_text(encoding="utf-8")


def test_settle_refuses_what_cannot_be(tmp_path: Path, plansim: Plansim) -> None:
    wrong = came(tmp_path, "va-rate-2020,2019,21.5,%,a")
    ask = ("--lang", "en", *FEW)
    refused(plansim("settle", "yinzhou-2017", *ask), "--outturns", "--by")
    refused(plansim("settle", "yuyao-2020", "--by", "yuyao-2016", *ask), "cannot settle")
    refused(plansim("settle", "yuyao-2016", "--outturns", wrong, *ask), "came.csv:2", "2020")


# -- levers ----------------------------------------------------------------------------------------

REACH_COLUMNS = [
    "plan", "scenario", "kind", "lever", "target", "year", "plan_value", "low", "high", "p_low",
    "p_plan", "p_high", "swing", "swing_low", "swing_high", "gain", "read_low", "read_plan",
    "read_high", "name", "unit", "draws", "seed", "target_name",
]  # fmt: skip
REACHED = ("levers", PLAN, *CLASSES, *FEW)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_levers_are_told_by_kind_with_a_sentence(lang: str, plansim: Plansim) -> None:
    said = plansim(*REACHED, "--lang", lang)
    assert said.code == 0
    assert say("reached.administration", lang) in said.out
    assert say("reached.world", lang) not in said.out
    assert {"en": "Managers who sign up", "zh": "年报名管理人才"}[lang] in said.out
    assert {"en": "best end: ", "zh": "都取最好一端"}[lang] in said.out
    assert {"en": "Nothing that the administration sets", "zh": "政府可定之事"}[lang] in said.out
    assert {"en": "are judged from outside alone", "zh": "只能从外部判断"}[lang] in said.out


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_run_says_what_no_lever_moves_where_it_is_asked(lang: str, plansim: Plansim) -> None:
    words = {"en": "Nothing that the administration sets", "zh": "政府可定之事在其范围内"}[lang]
    ask = ("run", PLAN, *FEW, "--lang", lang, "--quiet")
    plain, asked = plansim(*ask), plansim(*ask, "--levers")
    assert words not in plain.out
    assert words in asked.out
    assert asked.out.startswith(plain.out.rstrip("\n"))
    given = plansim(*ask, "--levers", "--given", "boilers-2017")
    assert say("reached.given", lang) in given.out
    assert words not in given.out


def test_levers_of_one_target(plansim: Plansim) -> None:
    said = plansim(*REACHED, "--target", "trained-managers-2025", "--lang", "en")
    assert "managers trained, 2025: 20000 in all, as planned" in said.out
    assert "Every one of the 1 judged targets is moved" in said.out


def test_levers_as_records(plansim: Plansim) -> None:
    said = plansim(*REACHED, "--format", "csv")
    assert said.columns() == REACH_COLUMNS
    rows = said.rows()
    assert len(rows) == 2 * 96
    for row in rows:
        low, high, swing = (float(row[name]) for name in ("p_low", "p_high", "swing"))
        assert high - low == pytest.approx(swing)
        assert float(row["swing_low"]) <= swing <= float(row["swing_high"])
    records = json.loads(plansim(*REACHED, "--format", "json").out)
    assert [list(record) for record in records] == [REACH_COLUMNS] * len(rows)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--target", "va-rate-2021"), ("--target", "did you mean value-added rate, 20")),
        (("--lever", "land"), ("--lever", "did you mean Industrial land quota")),
        (("--draws", "0"), ("out of range",)),
        (("--set", "levers.land_quota.low=2000"), ("below its high",)),
    ],
)
def test_levers_refuses_what_cannot_be(
    arguments: Sequence[str], words: Sequence[str], plansim: Plansim
) -> None:
    refused(plansim("levers", PLAN, *arguments, "--lang", "en"), *words)


# -- compare and attribute -------------------------------------------------------------------------

COMPARE_COLUMNS = [
    "target",
    "year",
    "scenario",
    "probability",
    "diff",
    "diff_low",
    "diff_high",
    "wins",
    "loses",
    "target_name",
]
ATTRIBUTE_COLUMNS = [
    "target",
    "year",
    "lever",
    "share",
    "share_low",
    "share_high",
    "name",
    "unit",
    "target_name",
]
LESS_LAND = "less land: quotas.land.amount=x0.5"


@each_lang
def test_compare_names_every_scenario_and_variant(lang: str, plansim: Plansim) -> None:
    asked = ("compare", PLAN, "plan", "baseline", "--variant", LESS_LAND, *FEW, "--lang", lang)
    said = plansim(*asked, "--format", "csv")
    assert (said.code, said.err) == (0, "")
    assert said.columns() == COMPARE_COLUMNS
    rows = said.rows()
    assert [row["scenario"] for row in rows[:3]] == ["plan", "baseline", "less land"]
    assert all(float(row["diff"]) == 0 for row in rows if row["scenario"] == "plan")
    land = [row for row in rows if row["scenario"] == "less land"]
    still = [row for row in land if {row["diff"], row["diff_low"], row["diff_high"]} == {"0.0"}]
    assert 0 < len(still) < len(land)
    whole = {
        row["target"]: float(row["probability"])
        for row in plansim("run", PLAN, *FEW, "--format", "csv").rows()
        if row["probability"]
    }
    assert {row["target"]: float(row["probability"]) for row in rows[::3]} == whole
    table = plansim(*asked)
    assert (table.code, table.err) == (0, "")
    assert "less land" in table.out
    assert {"en": "exactly 0", "zh": "恰为 0"}[lang] in table.out


def test_compare_names_every_fault_of_every_scenario(plansim: Plansim) -> None:
    said = plansim("compare", "yuyao-2016", "plan", "nope", "nada", "--variant", "a: x.y=1",
                   "--lang", "en")  # fmt: skip
    assert said.code == 2
    assert said.out == ""
    for words in ("3 faults", "no scenario nope", "no scenario nada", "x.y: x matches nothing"):
        assert words in said.err


def test_compare_stored_runs(plansim: Plansim, tmp_path: Path) -> None:
    for scenario in ("plan", "baseline"):
        plansim("run", PLAN, "--scenario", scenario, *FEW, "--out", f"./{scenario}", "--quiet")
    stored = plansim("compare", "./plan", "./baseline", "--format", "csv")
    live = plansim("compare", PLAN, "plan", "baseline", *FEW, "--format", "csv")
    for one, other in zip(stored.rows(), live.rows(), strict=True):
        assert one["scenario"] == other["scenario"]
        assert float(one["diff"]) == pytest.approx(float(other["diff"]), abs=1e-12)
    told = plansim("compare", "./plan", "./baseline", "--lang", "en")
    assert "exact counts over 64 draws" in told.out
    for view in ("inside", "nonsense"):
        refused(plansim("compare", "./plan", "./baseline", "--view", view), f"--view={view}")
    damaged = tmp_path / "plan" / "draws.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    refused(plansim("compare", "./plan", "./baseline", "--lang", "en"), "draws.parquet")


@each_lang
def test_attribute_adds_up(lang: str, plansim: Plansim) -> None:
    asked = ("attribute", PLAN, "--by", "group", *FEW, "--lang", lang)
    said = plansim(*asked, "--format", "csv")
    assert (said.code, said.err) == (0, "")
    assert said.columns() == ATTRIBUTE_COLUMNS
    parts: dict[str, list[float]] = {}
    for row in said.rows():
        parts.setdefault(row["target"], []).append(float(row["share"]))
    assert all(sum(own[:-1]) == pytest.approx(own[-1], abs=1e-12) for own in parts.values())
    assert said.rows()[len(parts["boilers-2017"]) - 1]["lever"] == "total"
    table = plansim(*asked)
    assert {"en": "energy and water", "zh": "能耗与用水"}[lang] in table.out


@each_lang
@pytest.mark.parametrize("kind", ["lmdi", "output"])
def test_factors_add_up(kind: str, lang: str, plansim: Plansim) -> None:
    asked = ("attribute", PLAN, "--of", kind, *FEW, "--lang", lang)
    parts: dict[tuple[str, str], list[float]] = {}
    for row in plansim(*asked, "--format", "csv").rows():
        parts.setdefault((row["target"], row["year"]), []).append(float(row["share"]))
    for own in parts.values():
        assert sum(own[:-1]) == pytest.approx(own[-1], rel=1e-9, abs=1e-9)
    table = plansim(*asked)
    assert (table.code, table.err) == (0, "")
    shown = {"lmdi": {"en": "technology", "zh": "技术"}, "output": {"en": "organic", "zh": "存量"}}
    assert shown[kind][lang] in table.out


def test_attribute_draws_the_target_that_moves_most(plansim: Plansim, tmp_path: Path) -> None:
    asked = ("--levers", "boilers,closures", "--target", "boilers-2017", *FEW, "--lang", "en")
    said = plansim("attribute", PLAN, *asked, "--picture", "x.png")
    assert said.code == 0
    assert said.err == "wrote x.png: boilers-2017\n"
    assert "Boilers up to 10 t/h phased out" in said.out
    assert "all other levers" not in said.out.split("exactly nothing")[0]
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("compare", PLAN), ("one scenario",)),
        (("compare", PLAN, "plan", "plan"), ("twice",)),
        (("compare", PLAN, "plan", "plans"), ("plans", "plan")),
        (("compare", PLAN, "--variant", "x", "--variant", "y: z"), ("2 faults", "PATH=VALUE")),
        (("compare", PLAN, "baseline", "--draws", "0"), ("one scenario",)),
        (("compare", PLAN, "plan", "baseline", "--draws", "0"), ("draws", "out of range")),
        (("attribute", PLAN, "--of", "x", "--by", "y"), ("2 faults", "lmdi", "group")),
        (("attribute", PLAN, "--target", "boilers"), ("boilers up to 10 t/h phased out, 2017",)),
        (("attribute", PLAN, "--levers", "boiler"), ("Boilers",)),
        (("attribute", PLAN, "baseline"), ("nothing sets",)),
        (("attribute", PLAN, "--orders", "3"), ("--orders", "2, 4")),
        (("attribute", PLAN, "--of", "lmdi", "--target", "boilers-2017"), ("lmdi",)),
        (("attribute", PLAN, "--of", "lmdi", "--picture", "x.png"), ("--of probability",)),
        (("attribute", PLAN, "--picture", "x.jpg"), (".png, .svg",)),
    ],
)
def test_wrong_questions_are_refused(
    arguments: Sequence[str], words: Sequence[str], plansim: Plansim, tmp_path: Path
) -> None:
    refused(plansim(*arguments, "--lang", "en"), *words)
    refused(plansim(*arguments, "--lang", "zh"))
    assert list(tmp_path.iterdir()) == []


# -- sensitivity, discover -------------------------------------------------------------------------


@pytest.fixture
def template(tmp_path: Path) -> str:
    shutil.copytree(str(files("plansim.scenarios") / "template"), tmp_path / "mine")
    return "./mine"


@each_lang
def test_sensitivity_of_one_target_has_groups_single_inputs_and_a_tornado(
    lang: str, template: str, plansim: Plansim, tmp_path: Path
) -> None:
    asked = ("sensitivity", template, "--target", "machinery-output-2030", "--draws", "128")
    said = plansim(*asked, "--lang", lang, "--picture", "t.png")
    assert said.code == 0
    words = {"en": ("Machinery, 2030", "shocks to Machinery"), "zh": ("（2030年）", "随机冲击")}
    assert all(word in said.out for word in words[lang])
    assert "{" not in said.out
    assert (tmp_path / "t.png").read_bytes().startswith(b"\x89PNG")
    rows = plansim(*asked, "--lang", lang, "--format", "csv").rows()
    assert {row["kind"] for row in rows} == {"group", "single", "tornado"}
    assert {row["target"] for row in rows} == {"machinery-output-2030"}
    luck = next(r for r in rows if r["kind"] == "group" and r["input"] == "luck")
    assert float(luck["total_low"]) <= float(luck["total"]) <= float(luck["total_high"])


def test_sensitivity_of_all_targets_is_one_line_each(template: str, plansim: Plansim) -> None:
    said = plansim("sensitivity", template, "--draws", "128", "--lang", "en")
    assert said.code == 0
    lines = [line for line in said.out.splitlines() if ", 2030" in line]
    assert len(lines) == 10
    assert "trend of value-added rate of all clusters" in said.out


@each_lang
def test_discover_says_when_a_target_fails(lang: str, template: str, plansim: Plansim) -> None:
    asked = ("--target", "rd-to-revenue-2030", "--draws", "1024", "--lang", lang)
    said = plansim("discover", template, *asked)
    assert (said.code, said.err) == (0, "")
    words = {"en": "It fails when yearly trend of R&D", "zh": "落空的情形："}
    assert words[lang] in said.out
    assert "{" not in said.out
    (first, *_) = plansim("discover", template, *asked, "--format", "csv").rows()
    assert first["input"] == "city.rd_to_revenue.trend.rate"
    assert first["low"] == ""
    assert float(first["coverage"]) > 0.5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sensitivity", PLAN, "--target", "x", "--of", "size"), ("2 faults", "x", "read, met")),
        (("sensitivity", PLAN, "--picture", "a.png"), ("--picture", "one target")),
        (("sensitivity", PLAN, "--target", "va-rate-2020", "--picture", "a.doc"), (".png, .svg",)),
        (("sensitivity", PLAN, "--draws", "1"), ("draws", "128")),
        (("discover", PLAN, "--when", "lost"), ("lost", "missed, met")),
        (("discover", PLAN, "--target", "nothing"), ("nothing",)),
        (("discover", PLAN, "--draws", "x"), ("--draws",)),
    ],
)
def test_wrong_questions_about_causes_are_refused(
    arguments: Sequence[str], words: Sequence[str], plansim: Plansim, tmp_path: Path
) -> None:
    refused(plansim(*arguments, "--lang", "en"), *words)
    refused(plansim(*arguments, "--lang", "zh"))
    assert list(tmp_path.iterdir()) == []


# -- report ----------------------------------------------------------------------------------------


def test_a_stored_run_becomes_a_report_and_only_its_place_is_printed(
    plansim: Plansim, tmp_path: Path
) -> None:
    assert plansim("run", PLAN, *FEW, "--out", "runs/one", "--format", "csv").code == 0
    said = plansim("report", "./runs/one", "--format", "xlsx", "--lang", "zh")
    assert (said.code, said.out, said.err) == (0, "runs/one/report.xlsx\n", "")
    assert (tmp_path / "runs" / "one" / "report.xlsx").read_bytes().startswith(b"PK")
    again = plansim("report", "./runs/one", "--format", "xlsx", "--out", "./mine.xlsx")
    assert again.out == "mine.xlsx\n"
    (tmp_path / "mine.xlsx").write_bytes(b"edited")
    mine = ("--format", "xlsx", "--out", "./mine.xlsx")
    refused(plansim("report", "./runs/one", *mine), "mine.xlsx")
    assert (tmp_path / "mine.xlsx").read_bytes() == b"edited"
    with (tmp_path / "runs" / "one" / "plan.json").open("a", encoding="utf-8") as stream:
        stream.write(" ")
    refused(plansim("report", "./runs/one", "--lang", "en"), "plan.json", "run it again")


@each_lang
def test_what_is_no_run_or_no_form_of_a_report_is_refused(
    lang: str, plansim: Plansim, tmp_path: Path
) -> None:
    refused(plansim("report", "./nowhere", "--lang", lang), "nowhere")
    refused(plansim("report", ".", "--format", "pdf", "--lang", lang), "pdf", "docx")
    refused(plansim("report", ".", "--out", "./x.docx", "--lang", lang), "x.docx", ".html")
    assert list(tmp_path.iterdir()) == []
