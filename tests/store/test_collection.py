"""Runs in a folder: found, filtered, and written for others."""

import csv
import io
import shutil
from pathlib import Path

import openpyxl
import pytest

from plansim.scenarios.load import load
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.results import Result
from plansim.simulator.run import run
from plansim.store import write as record
from plansim.store.collection import SINGLE, Collection, Filter, collect, targets
from plansim.store.export import IAMC, check_file, iamc_rows, run_names, write, write_iamc
from plansim.store.journal import Batch, Journal, opened
from plansim.store.run_file import MISSING, REFUSED, RunSpec, packed, tables_of, without_result

LEVER = "quotas.land.amount"
SPECS = tuple(
    RunSpec("yuyao-2016", scenario, ((LEVER, value),), seed, 20, "independent", 4)
    for scenario, value, seed in (
        ("plan", "x0.5", 1), ("plan", "x2", 1), ("delayed", "x2", 2), ("delayed", "many", 2),
    )
)  # fmt: skip
BATCH = Batch(SPECS, (LEVER,), {}, {})


@pytest.fixture(scope="module")
def result() -> Result:
    return run(load("yuyao-2016"), 20, 1)


@pytest.fixture(scope="module")
def folder(result: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished batch of four runs, the last of them refused."""
    out = tmp_path_factory.mktemp("batch") / "out"
    with opened(out, BATCH, False) as journal:
        fill(journal, result, len(SPECS))
        journal.finish({})
    return out


def fill(journal: Journal, result: Result, number: int) -> None:
    for spec in SPECS[:number]:
        if spec == SPECS[-1]:
            fault = Fault("not_a_number", {"value": "many"}, LEVER, "--set")
            journal.keep(spec, packed(without_result(spec, (LEVER,), REFUSED, [fault]), 1.0))
        else:
            journal.keep(spec, packed(tables_of(spec, (LEVER,), result), 1.0))


def ids(found: Collection) -> list[str]:
    return [str(run) for run in found.runs["run"].to_pylist()]


ALL = [spec.id for spec in SPECS]


# -- found -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "which"),
    [
        (Filter(), [0, 1, 2, 3]),
        (Filter(scenario="plan"), [0, 1]),
        (Filter(scenario="del*"), [2, 3]),
        (Filter(scenario="pl"), []),
        (Filter(plan="yuyao-201?"), [0, 1, 2, 3]),
        (Filter(seed=2, status="done"), [2]),
        (Filter(status="refused"), [3]),
        (Filter(settings=((LEVER, "x2"),)), [1, 2]),
        (Filter(settings=((LEVER, "x*"),), scenario="plan"), [0, 1]),
        (Filter(seed=10**30), []),
    ],
)
def test_runs_are_filtered(folder: Path, wanted: Filter, which: list[int]) -> None:
    assert ids(collect(folder, wanted)) == [ALL[i] for i in which]


def test_targets_are_filtered_by_name_and_probability(folder: Path, result: Result) -> None:
    judged = {v.target: v.probability for v in result.judged if v.probability is not None}
    for wanted, names in (
        (Filter(target="va-rate-*"), {n for n in judged if n.startswith("va-rate-")}),
        (Filter(below=0.3), {n for n, p in judged.items() if p < 0.3}),
        (Filter(above=0.3, below=0.6), {n for n, p in judged.items() if 0.3 < p < 0.6}),
    ):
        found = collect(folder, wanted)
        rows = targets(found, wanted).to_pylist()
        assert names
        assert {row["target"] for row in rows} == names
        assert [row["run"] for row in rows] == [i for i in ALL[:3] for _ in range(len(names))]


def test_a_lever_that_no_run_moves_is_named(folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        collect(folder, Filter(settings=(("a.b", "1"),)))
    assert caught.value.faults[0].fields["choices"] == [LEVER]


def test_an_unfinished_batch_shows_what_is_there(
    result: Result, folder: Path, tmp_path: Path
) -> None:
    with opened(tmp_path / "out", BATCH, False) as journal:
        fill(journal, result, 2)
    found = collect(tmp_path / "out", Filter())
    assert found.runs["status"].to_pylist() == ["done", "done", MISSING, MISSING]
    whole = collect(folder, Filter())
    for name in ("targets", "indicators", "draws"):
        rows = [row for row in whole.rows(name).to_pylist() if row["run"] in ALL[:2]]
        assert found.rows(name).to_pylist() == rows


def test_a_batch_of_which_nothing_is_there_has_no_targets(tmp_path: Path) -> None:
    with opened(tmp_path / "out", BATCH, False):
        wanted = Filter(target="va-rate-*", below=0.5)
        assert targets(collect(tmp_path / "out", wanted), wanted).num_rows == 0


def test_a_single_run_is_a_folder_of_one(result: Result, tmp_path: Path) -> None:
    record.write(result, tmp_path / "run", [f"{LEVER}=x2"], 1.0)
    found = collect(tmp_path / "run", Filter())
    (row,) = found.runs.to_pylist()
    assert (row["run"], row["scenario"], row["settings"]) == (SINGLE, "plan", f"{LEVER}=x2")
    assert (row["met_p10"], row["met_p50"], row["met_p90"]) == result.met_number
    judged = targets(found, Filter())
    assert judged["probability"].to_pylist() == [v.probability for v in result.judged]
    assert len(collect(tmp_path / "run", Filter(seed=9)).rows("targets")) == 0


@pytest.mark.parametrize("name", ["gone", "empty", "text"])
def test_what_holds_no_runs_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        collect(tmp_path / name, Filter())
    assert caught.value.faults[0].code == "no_runs"


@pytest.mark.parametrize("name", ["runs", "targets", "indicators"])
def test_a_table_that_cannot_be_read_is_named(folder: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(folder, tmp_path / "out")
    (tmp_path / "out" / f"{name}.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError) as caught:
        collect(tmp_path / "out", Filter()).rows(name)
    (fault,) = caught.value.faults
    assert (fault.code, fault.fields["value"]) == ("runs_unreadable", f"{name}.parquet")


# -- written ---------------------------------------------------------------------------------------


def test_runs_are_named_by_what_they_differ_in(folder: Path) -> None:
    names = run_names(collect(folder, Filter()).runs)
    assert names[ALL[0]] == f"yuyao-2016/plan; {LEVER}=x0.5; seed 1"
    assert len(set(names.values())) == 4
    one = run_names(collect(folder, Filter(settings=((LEVER, "x0.5"),))).runs)
    assert list(one.values()) == ["yuyao-2016/plan"]


def test_the_iamc_form_holds_every_quantile_once(
    folder: Path, result: Result, tmp_path: Path
) -> None:
    found = collect(folder, Filter(seed=1))
    rows = list(iamc_rows(found))
    assert len(rows) == 2 * 5 * len(result.plan.years) * len(result.series)
    assert len({row[:6] for row in rows}) == len(rows)
    median = result.quantiles((0.5,))
    rate = median[(median.indicator == "va_rate") & (median.year == 2020)]["value"].item()
    value = [r[6] for r in rows if r[3] == "va_rate|50.0th Percentile" and r[5] == 2020]
    assert value == pytest.approx([100 * rate] * 2)
    write_iamc(found, tmp_path / "x.csv")
    text = (tmp_path / "x.csv").read_text(encoding="utf-8-sig")
    again = list(csv.reader(io.StringIO(text)))
    assert again[0] == list(IAMC)
    assert [tuple(line[:5]) for line in again[1:]] == [row[:5] for row in rows]
    assert [float(line[6]) for line in again[1:]] == [row[6] for row in rows]


def test_the_iamc_workbook_has_a_column_a_year(
    folder: Path, result: Result, tmp_path: Path
) -> None:
    found = collect(folder, Filter(settings=((LEVER, "x0.5"),)))
    write_iamc(found, tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx")["data"]
    head, *lines = sheet.values
    assert list(head) == [*IAMC[:5], *map(str, result.plan.years)]
    wide = {
        (line[3], year): line[5 + i] for line in lines for i, year in enumerate(result.plan.years)
    }
    long = {(row[3], row[5]): row[6] for row in iamc_rows(found)}
    assert wide == pytest.approx(long, rel=1e-14)  # a workbook holds sixteen digits


def test_text_in_a_workbook_is_never_computed(tmp_path: Path) -> None:
    rows: list[list[object]] = [["=1+1", None, 0.5], ["产值", "", 2]]
    write(tmp_path / "x.xlsx", {"runs": (("a", "b", "c"), rows)})
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx")["runs"]
    assert list(sheet.values) == [("a", "b", "c"), ("=1+1", None, 0.5), ("产值", None, 2)]
    assert sheet["A2"].data_type == "s"


def test_a_file_is_not_written_over_another(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("mine", encoding="utf-8")
    for name, code in (
        ("a.csv", "new_exists"),
        ("a.txt", "file_ending"),
        ("b/a.csv", "out_unwritable"),
    ):
        with pytest.raises(InputError) as caught:
            check_file(tmp_path / name, "--export")
        assert [(f.code, f.file) for f in caught.value.faults] == [(code, "--export")]
    check_file(tmp_path / "b.xlsx", "--export")
