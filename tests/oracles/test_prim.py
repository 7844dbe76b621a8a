"""PRIM on planted cases, as the EMA Workbench does it; what it answered is recorded for all tests.

``python tests/oracles/test_prim.py`` writes the record anew, where the workbench is installed.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

RECORD = Path(__file__).parents[1] / "analysis" / "prim_oracle.json"
ASKED = (("corner", 1, 1000, 5), ("band", 2, 1500, 6), ("steps", 3, 1200, 4))

pytestmark = pytest.mark.oracle


def cases(kind: str, seed: int, number: int, inputs: int) -> tuple[Any, Any]:
    """Inputs [(input, case)] and whether a case is of interest: a corner, a band, few values."""
    rng = np.random.default_rng(seed)
    x = rng.random((inputs, number))
    if kind == "corner":
        p = np.where((x[0] < 0.35) & (x[1] > 0.5), 0.9, 0.05)
    elif kind == "band":
        p = np.where((x[2] > 0.3) & (x[2] < 0.6) & (x[0] > 0.4), 0.85, 0.1)
    else:
        x[1] = np.floor(4 * x[1])
        p = np.where((x[1] >= 2) & (x[0] < 0.6), 0.8, 0.1)
    return x, rng.random(number) < p


def answers() -> list[dict[str, Any]]:
    """For every case the peeling trajectory, the last step pasted, and quasi-p-values."""
    prim = pytest.importorskip("ema_workbench.analysis.prim")
    pd = pytest.importorskip("pandas")
    found = []
    for asked in ASKED:
        x, y = cases(*asked)
        frame = pd.DataFrame({f"x{i}": row for i, row in enumerate(x)})
        box = prim.Prim(frame, y.astype(int), threshold=0.5).find_box()
        steps: list[dict[str, Any]] = []
        for i, limits in enumerate(box.box_lims):
            ends: dict[str, list[float | None]] = {}
            for row in range(len(x)):
                low, high = (float(end) for end in limits[f"x{row}"])
                if low > x[row].min() or high < x[row].max():
                    free = (low == x[row].min(), high == x[row].max())
                    ends[str(row)] = [None if free[0] else low, None if free[1] else high]
            shown = box.peeling_trajectory.iloc[i]
            steps.append(
                {
                    "coverage": float(shown["coverage"]),
                    "density": float(shown["density"]),
                    "limits": ends,
                }
            )
        place = min(range(len(steps)), key=lambda i: abs(steps[i]["density"] - 0.6))
        chance = {k.removeprefix("x"): [float(v) for v in p] for k, p in box.qp[place].items()}
        found.append({"cases": list(asked), "steps": steps, "chance_of": place, "chance": chance})
    return found


def test_the_record_is_what_the_workbench_answers() -> None:
    assert answers() == json.loads(RECORD.read_text(encoding="utf-8"))


if __name__ == "__main__":
    RECORD.write_text(json.dumps(answers()) + "\n", encoding="utf-8")
