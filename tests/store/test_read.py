"""A run read back: equal to what was written, or refused in one clear message."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from plansim.scenarios.load import load
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.results import Result
from plansim.simulator.run import run
from plansim.store.attachments import Attachments, read_attachments
from plansim.store.read import NEEDED, read
from plansim.store.write import FAN, MANIFEST, TARGETS, write

Refused = Callable[..., tuple[Fault, ...]]


@pytest.fixture(scope="module")
def result() -> Result:
    return run(load("yuyao-2016"), 128, 7)


@pytest.fixture(scope="module")
def whole(result: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "one"
    write(result, folder, ["clusters.robotics.output=62"], 1.0)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


def codes(folder: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(folder)
    return [fault.code for fault in caught.value.faults]


def test_what_is_read_is_what_was_run(result: Result, whole: Path) -> None:
    told = read(whole)
    assert told.plan == result.plan
    assert told.settings == result.settings
    assert told.verdicts == result.verdicts
    assert told.joint == result.joint
    assert told.met_number == result.met_number
    assert told.flows == result.flows
    assert told.set == ("clusters.robotics.output=62",)
    assert (told.support, told.simulated) == (256, 256)


def test_fans_and_base_levels_are_those_of_the_run(result: Result, whole: Path) -> None:
    told = read(whole)
    assert len(told.fans) == len(result.series)
    place = [s.indicator == "output" and s.subject == "robotics" for s in result.series].index(True)
    expected = np.quantile(result.kept.paths[:, place], FAN, axis=-1)
    np.testing.assert_allclose(told.fans["output", "robotics"], expected)
    for indicator, subject in (("output", "robotics"), ("va_rate", ""), ("energy_intensity", "")):
        mine, other = (x.base_level(indicator, subject) for x in (told, result))
        assert mine == pytest.approx(other)


def test_the_strongest_drivers_come_first(result: Result, whole: Path) -> None:
    for target, shares in read(whole).shares.items():
        assert list(shares.values()) == sorted(shares.values(), reverse=True)
        strongest = max(result.shares[target].values(), default=None)
        assert next(iter(shares.values()), None) == strongest


def test_the_id_is_of_what_was_run_not_of_when(result: Result, whole: Path, tmp_path: Path) -> None:
    write(result, tmp_path / "again", ["clusters.robotics.output=62"], 99.0)
    assert read(tmp_path / "again").id == read(whole).id


@pytest.mark.parametrize("name", [*NEEDED, "draws.parquet"])
def test_a_file_that_was_changed_or_lost_is_named(folder: Path, name: str) -> None:
    raw = (folder / name).read_bytes()
    (folder / name).write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    assert codes(folder) == ["run_changed"]
    (folder / name).unlink()
    with pytest.raises(InputError) as caught:
        read(folder)
    assert caught.value.faults[0].fields["list"] == [name]


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    assert codes(tmp_path) == codes(tmp_path / "nowhere") == ["no_run"]
    for text in ("[]", "{}", "{"):
        (tmp_path / MANIFEST).write_text(text, encoding="utf-8")
        assert codes(tmp_path) in (["no_run"], ["run_unreadable"])


def test_a_run_of_an_earlier_version_is_told_apart(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    del manifest["files"]["plan.json"]
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    assert codes(folder) == ["run_older"]


def test_a_run_of_before_has_fewer_columns(folder: Path, result: Result) -> None:
    place = folder / TARGETS
    table = pq.read_table(place)
    since = [n for n in table.column_names if n.startswith(("outside", "chinese"))]
    pq.write_table(table.drop_columns(since), place)
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    manifest["files"][TARGETS] = hashlib.sha256(place.read_bytes()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    found = read(folder)
    assert [v.probability for v in found.verdicts] == [v.probability for v in result.verdicts]
    assert {v.outside for v in found.verdicts} == {None}


def test_content_that_fits_its_hash_but_is_no_run_is_refused(folder: Path) -> None:
    (folder / "details.json").write_text("{}", encoding="utf-8")
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    manifest["files"]["details.json"] = hashlib.sha256(b"{}").hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    assert codes(folder) == ["run_unreadable"]


# -- what lies beside a run ------------------------------------------------------------------------


def test_nothing_beside_is_nothing(tmp_path: Path) -> None:
    assert read_attachments(tmp_path) == Attachments()


def test_files_beside_are_read_and_points_put_together(tmp_path: Path) -> None:
    (tmp_path / "seek.csv").write_text(
        "point,lever,value,cost,probability\n1,a,x2,3,0.5\n1,b,4,1.5,0.5\n2,a,x3,9,0.9\n",
        encoding="utf-8-sig",
    )
    (tmp_path / "compare.csv").write_text(
        "target,year,scenario,probability,diff,diff_low,diff_high,more\nt,2020,plan,0.5,,,,x\n",
        encoding="utf-8",
    )
    found = read_attachments(tmp_path)
    assert [[row["lever"] for row in rows] for rows in found.points()] == [["a", "b"], ["a"]]
    assert found.seek[0]["cost"] == 3.0
    assert found.compare[0]["diff"] is None
    assert found.attribute == ()


def test_every_fault_beside_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "seek.csv").write_text("lever,value\na,1\n", encoding="utf-8")
    (tmp_path / "attribute.csv").write_text(
        "target,year,lever,share,share_low,share_high\nt,2020,a,many,0,nan\n", encoding="utf-8"
    )
    (tmp_path / "compare.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError) as caught:
        read_attachments(tmp_path)
    told = [(f.file, f.code, f.line) for f in caught.value.faults]
    assert told == [
        ("attribute.csv", "not_a_number", 2),
        ("attribute.csv", "not_a_number", 2),
        ("compare.csv", "wrong_encoding", 0),
        ("seek.csv", "missing_column", 0),
        ("seek.csv", "missing_column", 0),
    ]


def test_what_levers_bring_to_an_indicator_is_no_probability(tmp_path: Path) -> None:
    head = "target,year,lever,share,share_low,share_high,name,unit\n"
    row = "a,2020,b,0.1,0.0,0.2,B,{0}\n"
    (tmp_path / "attribute.csv").write_text(head + 2 * row.format("1"), encoding="utf-8")
    assert len(read_attachments(tmp_path).attribute) == 2
    (tmp_path / "attribute.csv").write_text(head + 2 * row.format("亿元"), encoding="utf-8")
    with pytest.raises(InputError) as problem:
        read_attachments(tmp_path)
    told = [(f.code, f.file, f.line) for f in problem.value.faults]
    assert told == [("beside_unit", "attribute.csv", 2)]
