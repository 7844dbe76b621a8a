"""Every shipped scenario against stored verdicts; rewritten with ``--rewrite-golden``."""

import csv
import math
from pathlib import Path

import pytest

from plansim.scenarios.load import load, read_source, shipped
from plansim.simulator.run import run

FOLDER = Path(__file__).parent / "golden"
DRAWS, SEED = 2000, 1
NUMBERS = ("probability", "p05", "p50", "p95")
RUNS = [(plan, scenario) for plan in shipped() for scenario in read_source(plan).scenarios]


def verdicts(plan: str, scenario: str) -> dict[str, dict[str, float]]:
    """The numbers of every judged target, to eight significant digits."""
    result = run(load(plan, scenario), DRAWS, SEED, workers=2)
    return {
        v.target: {name: float(f"{getattr(v, name):.8g}") for name in NUMBERS}
        for v in result.judged
    }


@pytest.mark.parametrize(("plan", "scenario"), RUNS)
def test_verdicts_are_those_stored(plan: str, scenario: str, rewrite_golden: bool) -> None:
    path = FOLDER / f"{plan}-{scenario}.csv"
    found = verdicts(plan, scenario)
    assert found
    if rewrite_golden:
        FOLDER.mkdir(exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, ["target", *NUMBERS], lineterminator="\n")
            writer.writeheader()
            writer.writerows({"target": t, **n} for t, n in found.items())
    assert path.is_file(), "write it with: pytest tests/test_golden.py --rewrite-golden"
    with path.open(encoding="utf-8", newline="") as stream:
        stored = {row["target"]: row for row in csv.DictReader(stream)}
    assert found.keys() == stored.keys()
    moved = {
        (target, name): (float(stored[target][name]), value)
        for target, numbers in found.items()
        for name, value in numbers.items()
        if not math.isclose(value, float(stored[target][name]), rel_tol=1e-6, abs_tol=1e-9)
    }
    assert moved == {}


def test_no_golden_file_is_left_over() -> None:
    stored = {path.stem for path in FOLDER.glob("*.csv")}
    assert stored == {f"{plan}-{scenario}" for plan, scenario in RUNS}
