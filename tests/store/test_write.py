"""A run on disk: what is in the folder, and that it is all there or not at all."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from plansim.scenarios.load import load
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.results import Result, Verdict
from plansim.simulator.run import run
from plansim.store import write as record
from plansim.store.write import FAN, FILES, MANIFEST, check_folder, plan_hash, write

Refused = Callable[..., tuple[Fault, ...]]
LONG = ["model", "scenario", "region", "variable", "unit", "year", "quantile", "value"]


@pytest.fixture(scope="module")
def result() -> Result:
    return run(load("yuyao-2016"), 200, 7)


@pytest.fixture(scope="module")
def other() -> Result:
    return run(load("yuyao-2016"), 100, 8)


def left(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return found


# -- what is written -------------------------------------------------------------------------------


def test_one_folder_with_four_files(result: Result, tmp_path: Path) -> None:
    write(result, tmp_path / "deep" / "run", ["a=1"], 1.25)
    assert left(tmp_path / "deep" / "run") == sorted([MANIFEST, *FILES])
    assert left(tmp_path / "deep") == ["run"]


def test_the_manifest_says_what_was_run(result: Result, tmp_path: Path) -> None:
    write(result, tmp_path / "run", ["clusters.robotics.output=62"], 1.25)
    told = manifest(tmp_path / "run")
    assert told["plan"] == "yuyao-2016"
    assert told["plan_hash"] == plan_hash(result.plan)
    assert (told["scenario"], told["seed"], told["draws"]) == ("plan", 7, 200)
    assert told["set"] == ["clusters.robotics.output=62"]
    assert told["given"] == []
    assert told["wall_seconds"] == 1.25
    assert (told["support"], told["simulated"]) == (400, 400)
    assert {"plansim", "numpy", "python"} <= told["versions"].keys()
    for name, digest in told["files"].items():
        assert hashlib.sha256((tmp_path / "run" / name).read_bytes()).hexdigest() == digest
    assert set(told["files"]) == set(FILES)


def test_the_manifest_names_no_host_and_no_path(result: Result, tmp_path: Path) -> None:
    write(result, tmp_path / "run", [], 1.0)
    text = (tmp_path / "run" / MANIFEST).read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert os.uname().nodename not in text


def test_verdicts_read_back_equal(result: Result, tmp_path: Path) -> None:
    write(result, tmp_path / "run", [], 1.0)
    frame = pd.read_parquet(tmp_path / "run" / "targets.parquet")
    assert list(frame.columns) == [f.name for f in fields(Verdict)]
    pd.testing.assert_frame_equal(frame, result.to_frame()[list(frame.columns)])
    stated = frame[frame.status == "stated"]
    assert len(stated) > 0
    assert stated[["probability", "p50", "draws", "seed", "first_year_met"]].isna().all().all()


def test_fans_are_in_the_long_form(result: Result, tmp_path: Path) -> None:
    write(result, tmp_path / "run", [], 1.0)
    frame = pd.read_parquet(tmp_path / "run" / "indicators.parquet")
    assert list(frame.columns) == LONG
    assert set(frame["quantile"]) == set(FAN)
    assert set(frame["year"]) == set(result.plan.years)
    assert (frame.model == "plansim").all()
    assert (frame.region == "Yuyao").all()
    assert not frame.duplicated(["variable", "year", "quantile"]).any()
    assert frame["value"].notna().all()
    rate = frame[(frame.variable == "va_rate") & (frame.year == 2015)]
    assert set(rate["unit"]) == {"%"}
    assert rate["value"].to_numpy() == pytest.approx(18.3)
    robots = frame[(frame.variable == "output|Robotics") & (frame["quantile"] == 0.5)]
    assert robots["value"].between(10, 1000).all()
    wide = frame.pivot_table(index=["variable", "year"], columns="quantile", values="value")
    assert (wide.diff(axis=1).iloc[:, 1:] >= 0).all().all()


def test_the_kept_futures_are_written_with_their_draw(result: Result, tmp_path: Path) -> None:
    write(result, tmp_path / "run", [], 1.0)
    frame = pd.read_parquet(tmp_path / "run" / "draws.parquet")
    assert list(frame.columns) == ["draw", "luck", *(t.id for t in result.plan.judged)]
    assert len(frame) == 400
    assert set(frame["luck"]) == {0, 1}
    assert frame["draw"].tolist() == sorted(frame["draw"])
    medians = {v.target: v.p50 for v in result.judged}
    scale = {t.id: t.scale for t in result.plan.judged}
    for name in ("va-rate-2020", "robotics-output-2025"):
        assert frame[name].median() / scale[name] == pytest.approx(medians[name])


def test_the_same_run_gives_the_same_bytes(result: Result, tmp_path: Path) -> None:
    again = run(load("yuyao-2016"), 200, 7, workers=3)
    write(result, tmp_path / "one", [], 1.0)
    write(again, tmp_path / "two", [], 99.0)
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    one, two = manifest(tmp_path / "one"), manifest(tmp_path / "two")
    assert one.pop("wall_seconds") != two.pop("wall_seconds")
    assert one == two


def test_the_hash_of_a_plan_is_of_what_it_says() -> None:
    plan = load("yuyao-2016")
    assert plan_hash(plan) == plan_hash(load("yuyao-2016"))
    assert plan_hash(plan) != plan_hash(load("yuyao-2016", "delayed"))
    assert plan_hash(plan) != plan_hash(load("yuyao-2016", settings=["clusters.nev.output=46"]))


# -- all or nothing --------------------------------------------------------------------------------


def test_an_earlier_run_is_replaced_whole(result: Result, other: Result, tmp_path: Path) -> None:
    write(other, tmp_path / "run", [], 1.0)
    write(result, tmp_path / "run", [], 1.0)
    assert manifest(tmp_path / "run")["seed"] == 7
    assert left(tmp_path) == ["run"]
    assert left(tmp_path / "run") == sorted([MANIFEST, *FILES])


@pytest.mark.parametrize("step", ["_manifest", "long_form"])
@pytest.mark.parametrize("problem", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_in_the_middle_leaves_nothing(
    step: str,
    problem: BaseException,
    result: Result,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise problem

    monkeypatch.setattr(record, step, broken)
    with pytest.raises((InputError, KeyboardInterrupt)) as caught:
        write(result, tmp_path / "run", [], 1.0)
    assert left(tmp_path) == []
    if isinstance(caught.value, InputError):
        (fault,) = caught.value.faults
        assert fault.code == "out_unwritable"
        assert fault.fields["reason"] == "No space left on device"


def test_a_failure_in_the_middle_leaves_the_old_run(
    result: Result, other: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    write(other, tmp_path / "run", [], 1.0)
    before = {name: (tmp_path / "run" / name).read_bytes() for name in (MANIFEST, *FILES)}

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(record, "_manifest", broken)
    (fault,) = refused(write, result, tmp_path / "run", [], 1.0)
    assert fault.code == "out_unwritable"
    assert {name: (tmp_path / "run" / name).read_bytes() for name in before} == before
    assert left(tmp_path) == ["run"]


def test_a_failure_of_the_last_rename_brings_the_old_run_back(
    result: Result, other: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    write(other, tmp_path / "run", [], 1.0)
    replace_, calls = os.replace, []

    def second_fails(*args: Any) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        replace_(*args)

    monkeypatch.setattr(os, "replace", second_fails)
    (fault,) = refused(write, result, tmp_path / "run", [], 1.0)
    assert fault.code == "out_unwritable"
    assert manifest(tmp_path / "run")["seed"] == 8
    assert left(tmp_path) == ["run"]


# -- what is refused -------------------------------------------------------------------------------


def test_a_foreign_folder_is_refused_and_left_alone(
    result: Result, tmp_path: Path, refused: Refused
) -> None:
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    (fault,) = refused(write, result, tmp_path, [], 1.0)
    assert fault.code == "out_exists"
    assert left(tmp_path) == ["mine.txt"]


def test_a_run_with_something_added_is_refused(
    result: Result, tmp_path: Path, refused: Refused
) -> None:
    write(result, tmp_path / "run", [], 1.0)
    (tmp_path / "run" / "notes.txt").write_text("keep", encoding="utf-8")
    (fault,) = refused(write, result, tmp_path / "run", [], 1.0)
    assert (fault.code, fault.fields["list"]) == ("out_holds_more", ["notes.txt"])


def test_a_file_is_no_folder(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "x").write_text("keep", encoding="utf-8")
    assert [f.code for f in refused(check_folder, tmp_path / "x")] == ["out_exists"]
    (under,) = refused(check_folder, tmp_path / "x" / "run")
    assert under.code == "out_unwritable"


def test_an_empty_or_a_new_folder_is_fine(tmp_path: Path) -> None:
    check_folder(tmp_path)
    check_folder(tmp_path / "a" / "b" / "c")
    assert left(tmp_path) == []
