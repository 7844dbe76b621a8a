"""What is exported in the IAMC form, as pyam reads it."""

from pathlib import Path

import pyam
import pytest

from plansim.scenarios.load import load
from plansim.simulator.results import Result
from plansim.simulator.run import run
from plansim.store import write as record
from plansim.store.collection import Filter, collect
from plansim.store.export import write_iamc
from plansim.store.journal import Batch, opened
from plansim.store.run_file import RunSpec, packed, tables_of

pytestmark = pytest.mark.oracle

PLANS = ("yuyao-2016", "yuyao-2020")  # of one place, over different years
SPECS = tuple(
    RunSpec(plan, "plan", (), seed, 40, "independent", 4) for plan in PLANS for seed in (1, 2)
)


@pytest.fixture(scope="module")
def results() -> dict[RunSpec, Result]:
    return {spec: run(load(spec.plan), spec.draws, spec.seed) for spec in SPECS}


@pytest.fixture(scope="module")
def folder(results: dict[RunSpec, Result], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("batch") / "out"
    with opened(out, Batch(SPECS, (), {}, {}), False) as journal:
        for spec, result in results.items():
            journal.keep(spec, packed(tables_of(spec, (), result), 1.0))
        journal.finish({})
    return out


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_pyam_reads_a_batch_as_it_was_simulated(
    folder: Path, results: dict[RunSpec, Result], tmp_path: Path, ending: str
) -> None:
    write_iamc(collect(folder, Filter()), tmp_path / f"x.{ending}")
    frame = pyam.IamDataFrame(tmp_path / f"x.{ending}")
    assert frame.model == ["plansim"]
    assert frame.scenario == sorted(f"{spec.plan}/plan; seed {spec.seed}" for spec in SPECS)
    assert frame.region == ["Yuyao"]
    sizes = [5 * len(r.plan.years) * len(r.series) for r in results.values()]
    assert len(frame.data) == sum(sizes)
    for spec, result in results.items():
        fan = result.quantiles((0.05, 0.5, 0.95))
        rate = fan[(fan.indicator == "va_rate") & (fan.year == 2022)]["value"]
        for name, value in zip(("5.0th", "50.0th", "95.0th"), rate, strict=True):
            read = frame.filter(
                scenario=f"{spec.plan}/plan; seed {spec.seed}",
                variable=f"va_rate|{name} Percentile",
                year=2022,
            ).data
            assert read["unit"].tolist() == ["%"]
            assert read["value"].tolist() == pytest.approx([100 * value], rel=1e-12)


def test_both_forms_are_the_same_to_pyam(folder: Path, tmp_path: Path) -> None:
    found = collect(folder, Filter())
    write_iamc(found, tmp_path / "x.csv")
    write_iamc(found, tmp_path / "x.xlsx")
    assert pyam.IamDataFrame(tmp_path / "x.csv").equals(pyam.IamDataFrame(tmp_path / "x.xlsx"))


def test_pyam_reads_a_single_run(results: dict[RunSpec, Result], tmp_path: Path) -> None:
    result = results[SPECS[0]]
    record.write(result, tmp_path / "run", [], 1.0)
    write_iamc(collect(tmp_path / "run", Filter()), tmp_path / "x.csv")
    frame = pyam.IamDataFrame(tmp_path / "x.csv")
    assert frame.scenario == ["yuyao-2016/plan"]
    tree = frame.filter(variable="output|*|50.0th Percentile", year=2015)
    names = {cluster.name.en for cluster in result.plan.clusters.values()}
    assert {variable.split("|")[1] for variable in tree.variable} == names
