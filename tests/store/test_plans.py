"""The door: the library and the command line judge one plan, and cannot disagree."""

import csv
import io
import pickle
import shutil
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

import plansim
from plansim import cli
from plansim.calibration.posterior import Posterior, posterior
from plansim.reports.answers.run import verdict_records
from plansim.scenarios.history import Observation
from plansim.scenarios.load import load as as_filed
from plansim.scenarios.load import shipped
from plansim.simulator.errors import InputError
from plansim.store import calibrations
from plansim.store.plans import USED, Document, Drawn, load
from plansim.store.write import plan_hash

DRAWS = 128
TEMPLATE = str(files("plansim.scenarios") / "template")


def rows(*arguments: str) -> list[dict[str, str]]:
    """What the command says as CSV."""
    typed = [*arguments, "--draws", str(DRAWS), "--format", "csv", "--quiet", "--lang", "en"]
    result = CliRunner().invoke(cli.app, typed)
    assert result.exit_code == 0, result.stderr
    return list(csv.DictReader(io.StringIO(result.stdout)))


def same(told: list[dict[str, str]], plan: plansim.Plan) -> None:
    """Every column of the command's records is what the library's result says."""
    result = plansim.run(plan, DRAWS)
    assert result.settings.scenario == plan.scenario
    wanted = verdict_records(result, "en")
    assert {"scenario", "probability", "p50", "reference_percentile"} <= set(wanted[0])
    assert [{column: row[column] for column in wanted[0]} for row in told] == [
        {column: "" if value is None else str(value) for column, value in record.items()}
        for record in wanted
    ]


@pytest.mark.parametrize("name", shipped())
def test_the_library_says_what_the_command_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    same(rows("run", name, "--scenario", "delayed"), plansim.load(name, scenario="delayed"))


def test_settings_go_through_the_same_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = rows("run", "yuyao-2016", "--set", "quotas.land.amount=500")
    same(told, plansim.load("yuyao-2016", set={"quotas.land.amount": 500}))
    same(told, plansim.load("yuyao-2016").with_("quotas.land.amount", 500))
    same(told, plansim.load("yuyao-2016", set=["quotas.land.amount=500"]))


@cache
def seen() -> Posterior:
    what = Observation(
        "clusters.machinery.energy", "", 2025.0, 0.12, "level", 0.01, "made", 3,
        "rate", "tce/万元", 1.0,
    )  # fmt: skip
    return posterior(as_filed(TEMPLATE), (what,), 1024)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A plan folder with a calibration beside it."""
    folder = tmp_path / "mine"
    shutil.copytree(TEMPLATE, folder)
    (folder / "history.csv").write_text(
        "quantity,subject,year,value,unit,measure,sd,source\n"
        "clusters.machinery.energy,,2025,0.12,tce/万元,level,0.01,made\n",
        encoding="utf-8",
    )
    made = calibrations.contents(seen(), made="2026-11-22")
    calibrations.write(made, calibrations.place_of(folder))
    return folder


def test_a_stored_calibration_is_used_by_both(mine: Path) -> None:
    heard: list[Drawn] = []
    plan = plansim.load(mine, tell=heard.append)
    assert plan.calibration == seen().calibration
    assert [drawn.calibration for drawn in heard] == [USED]
    told = rows("run", str(mine))
    same(told, plan)
    bare = plansim.load(str(mine), uncalibrated=True)
    assert bare.calibration is None
    same(rows("run", str(mine), "--uncalibrated"), bare)
    assert plansim.run(bare, DRAWS).verdicts != plansim.run(plan, DRAWS).verdicts
    moved = mine.parent / "elsewhere.json"
    (mine / "calibration.json").rename(moved)
    assert plansim.load(mine).calibration is None
    assert plansim.load(mine, calibration=moved).calibration == plan.calibration
    same(rows("run", str(mine), "--calibration", str(moved)), plan)


def test_a_calibration_that_does_not_hold_is_left_alone_and_told(mine: Path) -> None:
    (name, *_) = seen().calibration.names
    heard: list[Drawn] = []
    plan = load(mine, set={name: "x1.1"}, tell=heard.append)
    assert plan.calibration is None
    assert (heard[0].calibration, heard[0].names) == ("figures", (name,))
    document = Document.of(mine)
    assert document.plan().calibration == USED
    assert document.plan(set={name: "x1.1"}).calibration == "figures"


def test_a_plan_bears_the_scenario_that_it_was_loaded_with() -> None:
    plan = plansim.load("yuyao-2016", scenario="delayed")
    assert plan.scenario == "delayed"
    assert plan.with_("quotas.land.amount", 500).scenario == "delayed"
    result = plansim.run(plan, DRAWS)
    assert result.settings.scenario == "delayed"
    assert {verdict.scenario for verdict in result.verdicts} == {"delayed"}
    with pytest.raises(TypeError):
        plansim.run(plan, scenario="plan")  # type: ignore[call-arg]


def test_how_a_plan_was_loaded_is_no_part_of_what_it_says() -> None:
    plan, filed = plansim.load("yuyao-2016"), as_filed("yuyao-2016")
    assert plan.reference is not None
    assert plan.precedents is not None
    assert filed.reference is None
    assert plan == filed
    assert plan_hash(plan) == plan_hash(filed)
    again = pickle.loads(pickle.dumps(plan))
    assert again == plan
    assert (again.scenario, again.reference, again.written) == (
        plan.scenario, plan.reference, plan.written,
    )  # fmt: skip


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        plansim.load("yuyao-2016", set={"quotas.land.amount": "abc", "clusters.nowhere.output": 3})
    codes = [fault.code for fault in caught.value.faults]
    assert sorted(codes) == ["not_a_number", "path_matches_nothing"]
