"""The stored calibration: written whole or not at all, read back, used until its inputs change."""

import json
import os
import shutil
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from plansim.calibration.posterior import Posterior, posterior
from plansim.scenarios.history import Observation
from plansim.scenarios.load import assemble, load, read_source
from plansim.simulator.plan import Plan
from plansim.simulator.sampling import Block, Sampler
from plansim.store import calibrations as stored
from plansim.store.write import plan_hash
from plansim.tests.refusals import refused

HISTORY = (
    "quantity,subject,year,value,unit,measure,sd,source\n"
    "value_added,Example City,2025,5.1,%,growth,,made\n"
    "clusters.machinery.energy,,2025,0.12,tce/万元,level,0.01,made\n"
)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A plan folder of one's own, with a history."""
    folder = tmp_path / "mine"
    shutil.copytree(str(files("plansim.scenarios") / "template"), folder)
    (folder / "history.csv").write_text(HISTORY, encoding="utf-8")
    return folder


@cache
def result() -> Posterior:
    """What the history of the plan says."""
    plan = load(str(files("plansim.scenarios") / "template"))
    rows = (
        Observation("value_added", "", 2025.0, 0.051, "growth", None, "made", 2, "flow", "%", 0.01),
        Observation(
            "clusters.machinery.energy", "", 2025.0, 0.12, "level", 0.01, "made", 3,
            "rate", "tce/万元", 1.0,
        ),
    )  # fmt: skip
    return posterior(plan, rows, 1024)


def kept(folder: Path) -> stored.Stored:
    """The calibration of the folder's plan, stored there."""
    place = stored.place_of(str(folder))
    stored.write(stored.contents(result(), made="2026-11-22"), place)
    return stored.read(place)


def changed(found: stored.Stored, name: str, plan: Plan) -> tuple[str, tuple[str, ...]]:
    """Why a calibration does not hold for a plan of the source ``name``."""
    return stored.Holding.of(found, read_source(name), plan).changed(plan)


def test_what_is_written_is_read_back(mine: Path) -> None:
    found = kept(mine)
    assert found.path == mine / "calibration.json"
    assert found.calibration == result().calibration
    assert (found.plan, found.scenario, found.settings) == ("template", "plan", ())
    assert found.plan_hash == plan_hash(load(str(mine)))
    assert (found.observations, found.made) == (2, "2026-11-22")
    told = json.loads(found.path.read_text(encoding="utf-8"))
    assert told["draws"] == 1024
    assert 0 < told["effective_draws"] <= 1024
    assert [c["value"] for c in told["checks"]] == [0.051, 0.12]
    energy = next(f for f in told["figures"] if f["path"] == "clusters.machinery.energy.base")
    assert energy["by"] == "observations"
    assert energy["posterior"][0] > energy["prior"][0]
    assert "versions" in told
    assert "provenance" in told


def test_a_calibration_holds_for_its_plan_and_its_other_scenarios(mine: Path) -> None:
    found = kept(mine)
    for scenario in read_source(str(mine)).scenarios:
        plan = load(str(mine), scenario)
        assert changed(found, str(mine), plan) == ("", ())
        assert stored.Holding.of(found, read_source(str(mine))).changed(plan) == ("", ())
    plan = load(str(mine), "plan", ["programmes.upgrading.active=false"])
    assert changed(found, str(mine), plan) == ("", ())
    calibrated = stored.calibrated(plan, found)
    name = "clusters.machinery.energy.base"
    before, after = (np.mean(Sampler.of(p).draw(Block(1, 0))[name]) for p in (plan, calibrated))
    assert after > before * 1.1
    assert plan_hash(calibrated) != plan_hash(plan)


def test_another_history_is_noticed(mine: Path) -> None:
    found = kept(mine)
    moved = HISTORY.splitlines(keepends=True)
    (mine / "history.csv").write_text("".join([moved[0], moved[2], moved[1]]), encoding="utf-8")
    assert changed(found, str(mine), load(str(mine))) == ("", ())
    (mine / "history.csv").write_text(HISTORY.replace("5.1", "5.2"), encoding="utf-8")
    assert changed(found, str(mine), load(str(mine))) == ("history", ())
    (mine / "history.csv").write_text("quantity\n", encoding="utf-8")
    assert changed(found, str(mine), result().plan) == ("history", ())


def test_an_edited_plan_is_noticed(mine: Path) -> None:
    found = kept(mine)
    text = (mine / "plan.yaml").read_text(encoding="utf-8")
    (mine / "plan.yaml").write_text(text.replace("mean: 5.5", "mean: 5.6", 1), encoding="utf-8")
    assert changed(found, str(mine), load(str(mine))) == ("plan", ())
    other = load("yuyao-2016")
    assert changed(found, "yuyao-2016", other) == ("plan", ())


def test_a_setting_of_what_was_calibrated_is_noticed(mine: Path) -> None:
    found = kept(mine)
    name = "clusters.machinery.energy.base"
    plan = load(str(mine), "plan", [f"{name}=0.1"])
    assert changed(found, str(mine), plan) == ("figures", (name,))


def test_a_history_that_is_brought_goes_before_the_own(mine: Path, tmp_path: Path) -> None:
    brought = tmp_path / "more.csv"
    lines = HISTORY.splitlines()
    more = [lines[0], lines[1].replace("5.1", "9.9"), lines[1].replace("2025", "2026")]
    brought.write_text("\n".join(more) + "\n", encoding="utf-8")
    source = read_source(str(mine))
    plan = assemble(source)
    seen = stored.seen_of(source, plan, brought)
    assert [(o.year, o.value) for o in seen] == [
        (2025.0, 0.12),
        (2025.0, pytest.approx(0.099)),
        (2026.0, pytest.approx(0.051)),
    ]
    assert stored.history_hash(seen) == stored.history_hash(seen[::-1])
    assert stored.history_hash(seen) != stored.history_hash(seen[1:])


@pytest.mark.parametrize(
    ("plan", "place"),
    [
        ("yuyao-2016", "yuyao-2016.calibration.json"),
        ("./mine", "mine/calibration.json"),
        ("./mine.xlsx", "mine.calibration.json"),
    ],
)
def test_where_a_calibration_is_kept(plan: str, place: str) -> None:
    assert stored.place_of(plan) == Path(place)


def test_only_a_calibration_is_replaced(mine: Path) -> None:
    other = mine / "notes.json"
    other.write_text("{}", encoding="utf-8")
    for place, code in (
        (other, "calibration_exists"),
        (mine / "plan.yaml", "calibration_exists"),
        (mine, "calibration_exists"),
        (mine / "nowhere" / "x.json", "out_unwritable"),
    ):
        with refused(code):
            stored.write(stored.contents(result()), place)
    assert other.read_text(encoding="utf-8") == "{}"
    stored.write(stored.contents(result()), kept(mine).path)


def test_a_write_that_fails_leaves_what_was(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = kept(mine).path
    before, names = place.read_bytes(), sorted(os.listdir(mine))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with refused("out_unwritable"):
        stored.write(stored.contents(result(), made="later"), place)
    assert place.read_bytes() == before
    assert sorted(os.listdir(mine)) == names


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '{"format": "other"}', '{"format": "plansim calibration 1"}', "\x00\xff"],
)
def test_what_is_no_calibration_is_refused(text: str, tmp_path: Path) -> None:
    place = tmp_path / "bad.json"
    place.write_text(text, encoding="latin-1")
    with refused("calibration_unreadable"):
        stored.read(place)
    with refused("calibration_unreadable"):
        stored.read(tmp_path / "missing.json")


def test_a_calibration_that_was_tampered_with_is_refused(mine: Path) -> None:
    place = kept(mine).path
    told = json.loads(place.read_text(encoding="utf-8"))
    told["calibration"]["directions"][0][0] += 0.5
    place.write_text(json.dumps(told), encoding="utf-8")
    with refused("calibration_unreadable"):
        stored.calibrated(load(str(mine)), stored.read(place))
