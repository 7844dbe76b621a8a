"""The command line: what is printed where, with which exit code, in both languages."""

import csv
import io
import json
import os
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

import cli
from scenarios.load import folder_of

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
    "status",
    "reason",
    "restates",
    "source",
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
]
LIST_COLUMNS = ["id", "name", "place", "base_year", "horizon", "clusters", "targets", "judged"]
FIGURE_COLUMNS = ["path", "median", "p05", "p95", "unit", "year", "origin", "source", "why"]


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
    return any(a in ("--out", "--workers") or a.startswith(("./", "/")) for a in arguments)


def process(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """The command as a process of its own."""
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHON"))
    }
    command = [sys.executable, "-c", "import cli; cli.app()", *arguments]
    root = str(Path(cli.__file__).parent)
    return subprocess.run(
        command, cwd=cwd, env={**environment, "PYTHONPATH": root, **variables},
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
    assert (said.code, said.err) == (0, "")
    assert len(said.out.splitlines()) == 1
    assert "12" in said.out


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
    assert plansim("run", PLAN, *FEW, "--format", "csv", "--seed", "2").out != one.out


def test_what_is_given_is_met_and_said(plansim: Plansim) -> None:
    arguments = ("run", PLAN, "--draws", "400", "--given", "va-rate-2020")
    rows = {r["target"]: r for r in plansim(*arguments, "--format", "csv").rows()}
    assert float(rows["va-rate-2020"]["probability"]) == 1.0
    said = plansim(*arguments, "--lang", "en")
    assert "Given that va-rate-2020" in said.out
    assert "rough" in said.out


def test_what_is_not_known_is_empty_and_never_zero(plansim: Plansim) -> None:
    rows = plansim("run", PLAN, *FEW, "--format", "csv").rows()
    stated = [r for r in rows if r["status"] == "stated"]
    assert stated
    for row in stated:
        assert row["reason"]
        assert row["probability"] == row["p50"] == row["verdict"] == row["draws"] == ""


@pytest.mark.parametrize(
    ("typed", "number"), [("128", 128), ("1e2", 100), ("1_00", 100), ("64.0", 64), ("+32", 32)]
)
def test_numbers_are_read_as_people_type_them(typed: str, number: int) -> None:
    assert cli.whole_number(typed, "draws") == number


@pytest.mark.parametrize("draws", ["0", "-5", "1e99", "abc", "1.5", "nan", "inf", "", "1e10"])
def test_draws_that_make_no_sense_are_refused(draws: str, plansim: Plansim, tmp_path: Path) -> None:
    said = plansim("run", PLAN, "--draws", draws, "--out", "x", "--format", "csv")
    refused(said, "draws")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--seed", "-1"), ("--seed", "x"), ("--seed", "1e30"), ("--workers", "0"),
        ("--workers", "x"),
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
    (("run", PLAN, "--set", "assumptions.deflation=single"), ("changes nothing",)),
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

    monkeypatch.setattr(sys.modules["simulator.run"], "run", interrupted)
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
    "time", "year", "programme", "entity", "stage", "event", "waited_for", "waited_days",
]  # fmt: skip


@pytest.fixture(scope="session")
def queues(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A plan folder with three queues, one schedule."""
    target = tmp_path_factory.mktemp("plans") / "queues"
    shutil.copytree(str(files("scenarios") / "template"), target)
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
        (("--programme", "plot"), ("no programme plot", "plots?")),
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
    root = str(Path(cli.__file__).parent)
    command = f"{sys.executable} -c 'import cli; cli.app()' targets {PLAN} --format csv | head -1"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env={**os.environ, "PYTHONPATH": root},
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.stdout.decode().strip() == ",".join(TARGET_COLUMNS)
    assert b"Traceback" not in done.stderr


def test_importing_the_command_line_imports_nothing_heavy(tmp_path: Path) -> None:
    heavy = ("numpy", "pandas", "scipy", "pydantic", "pyarrow", "simulator.run")
    code = f"import cli, sys; print([m for m in {heavy} if m in sys.modules])"
    root = str(Path(cli.__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": root},
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.decode().strip() == "[]"


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
    shipped = (files("calibration") / "data" / "us_groups.csv").read_text(encoding="utf-8")
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
