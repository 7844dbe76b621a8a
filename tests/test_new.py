"""Starting a plan of one's own: from the template or another plan, as a folder or a workbook."""

import sys
from dataclasses import fields
from pathlib import Path

import pytest
from typer.testing import CliRunner

from plansim import cli
from plansim.scenarios.load import load, read_source, shipped
from plansim.simulator.plan import Switch, Text, figures, in_language


def plansim(*arguments: object) -> tuple[int, str, str]:
    """One call: its exit code, stdout and stderr."""
    result = CliRunner().invoke(cli.app, [str(a) for a in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


FORMS: tuple[tuple[str, tuple[str, ...]], ...] = (("mine", ()), ("mine.xlsx", ("--xlsx",)))


@pytest.mark.parametrize(("name", "option"), FORMS)
def test_the_template_runs_as_it_is(name: str, option: tuple[str, ...], tmp_path: Path) -> None:
    place = tmp_path / name
    code, out, err = plansim("new", place, *option, "--lang", "en")
    assert (code, err) == (0, "")
    assert str(place) in out
    for arguments in (("validate",), ("show",), ("targets",), ("check",)):
        assert plansim(arguments[0], place)[0] == 0
    code, out, _ = plansim("run", place, "--draws", 64, "--quiet", "--format", "csv")
    assert code == 0
    assert len(out.splitlines()) == 1 + len(load(str(place)).targets)
    assert load(str(place)).plan.id == "mine"
    assert [item.name for item in tmp_path.iterdir()] == [name]


MARKS = {"zh": "示例", "en": "example"}


def is_marked(why: Text) -> bool:
    """Whether a reason says, in both languages, that its number is an example."""
    return all(in_language(why, lang).startswith(mark) for lang, mark in MARKS.items())


def test_the_template_is_small_and_every_number_is_marked(tmp_path: Path) -> None:
    plansim("new", tmp_path / "mine")
    plan = load(str(tmp_path / "mine"))
    assert [c.residual for c in plan.clusters.values()].count(True) == 1
    assert len(plan.clusters) == 3
    assert len(plan.programmes) == 1
    assert len(plan.judged) == 10
    assert set(read_source(str(tmp_path / "mine")).scenarios) == {"baseline", "plan"}
    assert all(is_marked(figure.why) for _, figure in figures(plan))
    for entry in (*plan.parameter_correlations, *plan.shock_correlations):
        assert is_marked(entry.why)
    told = [f.name for f in fields(plan.assumptions) if f.name != "law"]  # no plan need name it
    assumed = [getattr(plan.assumptions, name) for name in told]
    assert sum(isinstance(one, Switch) for one in assumed) == 4
    assert all(is_marked(one.why) for one in assumed)
    assert {target.source for target in plan.targets} == {"example"}


def test_the_template_is_not_listed(tmp_path: Path) -> None:
    assert "template" not in shipped()
    assert "template" not in plansim("list")[1]


@pytest.mark.parametrize(("name", "option"), FORMS)
def test_a_copy_of_a_plan_is_the_same_under_its_own_name(
    name: str, option: tuple[str, ...], tmp_path: Path
) -> None:
    assert plansim("new", tmp_path / name, "--from", "yuyao-2016", *option)[0] == 0
    copy, plan = load(str(tmp_path / name)), load("yuyao-2016")
    assert copy.plan.id == "mine"
    assert copy.targets == plan.targets
    assert copy.clusters == plan.clusters
    assert copy.programmes == plan.programmes


def test_a_copied_folder_keeps_its_comments_and_sources(tmp_path: Path) -> None:
    plansim("new", tmp_path / "one")
    plansim("new", tmp_path / "two", "--from", tmp_path / "one")
    one, two = ((tmp_path / n / "plan.yaml").read_text(encoding="utf-8") for n in ("one", "two"))
    assert two == one.replace('id: "one"', 'id: "two"')
    assert "# A template" in two
    for name in ("SOURCES.md", "targets.csv", "programmes.yaml", "scenarios/plan.yaml"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_workbook_becomes_a_folder_again(tmp_path: Path) -> None:
    plansim("new", tmp_path / "one.xlsx", "--xlsx")
    code, _, err = plansim("new", tmp_path / "two", "--from", tmp_path / "one.xlsx")
    assert (code, err) == (0, "")
    one, two = load(str(tmp_path / "one.xlsx")), load(str(tmp_path / "two"))
    assert (one.plan.id, two.plan.id) == ("one", "two")
    assert (one.clusters, one.targets) == (two.clusters, two.targets)


@pytest.mark.parametrize("name", ["我的规划", "a b", "2030", "true", "it's", 'a"b', "a: b", "#x"])
@pytest.mark.parametrize("form", ["folder", "book"])
def test_any_name_becomes_the_id(name: str, form: str, tmp_path: Path) -> None:
    book = form == "book"
    place = tmp_path / (f"{name}.xlsx" if book else name)
    assert plansim("new", place, *(["--xlsx"] if book else []))[0] == 0
    assert load(str(place)).plan.id == name


@pytest.mark.parametrize(("name", "option"), FORMS)
def test_nothing_is_overwritten(name: str, option: tuple[str, ...], tmp_path: Path) -> None:
    place = tmp_path / name
    place.write_text("mine")
    code, out, err = plansim("new", place, *option, "--lang", "en")
    assert (code, out) == (2, "")
    assert "exists already" in err
    assert place.read_text() == "mine"
    place.unlink()
    place.symlink_to(tmp_path / "nowhere")
    assert plansim("new", place, *option)[0] == 2
    place.unlink()
    place.mkdir()
    assert plansim("new", place, *option)[0] == 2
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mine.xlsx",), "must end in .xlsx"),
        (("mine", "--xlsx"), "must end in .xlsx"),
        ((".xlsx", "--xlsx"), "must end in .xlsx"),
        (("mine", "--from", "yuyao"), "did you mean"),
        (("mine", "--from", "./nowhere"), "there is no folder"),
        (("file/mine",), "cannot be written"),
        (("file/mine.xlsx", "--xlsx"), "cannot be written"),
        ((".",), "exists already"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_nothing(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    code, out, err = plansim("new", *arguments, "--lang", "en")
    assert (code, out) == (2, "")
    assert said in err
    assert [item.name for item in tmp_path.iterdir()] == ["file"]


def test_a_plan_with_faults_is_not_copied(tmp_path: Path) -> None:
    plansim("new", tmp_path / "one")
    file = tmp_path / "one" / "plan.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("base_year: 2025", "base_year: 2024"))
    code, _, err = plansim("new", tmp_path / "two.xlsx", "--xlsx", "--from", tmp_path / "one")
    assert code == 2
    assert "plan.yaml:7" in err
    assert not (tmp_path / "two.xlsx").exists()


def test_a_bad_workbook_is_one_message_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "bad.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    for verb in ("validate", "run", "show", "targets", "check"):
        code, out, err = plansim(verb, tmp_path / "bad.xlsx", "--lang", "zh")
        assert (code, out) == (2, "")
        assert err.startswith("plansim：bad.xlsx: ")
        assert "Traceback" not in err


def test_help_needs_no_workbook_library() -> None:
    import subprocess

    heavy = ("openpyxl", "xlsxwriter")
    script = f"import plansim.cli, sys; print([m for m in {heavy} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
