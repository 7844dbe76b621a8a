"""What a maintainer adds is right at once, in runs and in what-ifs: no list has to be told of it.

The package is copied, the two places are edited as they would be, and a fresh interpreter moves
levers in the copy.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import plansim

ROOT = Path(plansim.__file__).parent
#: What a copy needs.
PARTS = ("words", "simulator", "scenarios", "calibration", "store", "analysis", "reports")

Edit = tuple[str, str]

#: An account: a function and the entry that makes it one.
ACCOUNT: tuple[Edit, ...] = (
    (
        "    @property\n    def energy(self) -> Array:",
        '''    @account
    def strained_output(self) -> Array:
        """Nominal output × what water it takes × what inputs cost."""
        water = self.levels[:, self.layout.kind("water")]
        return self.nominal_output * water * self.squeeze[:, None]

    @property
    def energy(self) -> Array:''',
    ),
    (
        '    "value_added", "real_value_added",',
        '    "strained_output", "value_added", "real_value_added",',
    ),
)
#: A measure: a function and the entry that makes it one.
MEASURE: tuple[Edit, ...] = (
    (
        "MEASURES: Mapping[",
        '''def _undelivered(future: OneFuture, item: Series, indicator: Indicator) -> Array:
    """Programmes in use beyond a share of their plan, weighted by output of the first cluster."""
    accounts = future.accounts
    total = np.zeros((len(accounts.layout.years), future.block.draws))
    for delivery in future.deliveries.values():
        total += delivery.gained(accounts.layout.places) * accounts.real_output[:, 0]
    return total


MEASURES: Mapping[''',
    ),
    (
        '    "delivered": _delivered,',
        '    "delivered": _delivered,\n    "undelivered": _undelivered,',
    ),
)
#: Moves levers one after another: what a what-if says is what a run says, and all differ.
SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path
import numpy as np
import plansim
assert Path(plansim.__file__).parent == Path(sys.argv[1]), plansim.__file__
from plansim.scenarios.load import load
from plansim.simulator.run import run
from plansim.simulator.whatif import WhatIf

draws, field, name = 128, sys.argv[2], sys.argv[3]
plan = load("yuyao-2016")
like = next(t for t in plan.judged if t.basis == "level" and t.comparator == "reach"
            and not t.cluster and not t.restates)
key = next(k for k, i in plan.indicators.items() if i.measure == "account" and i.of == "energy")
new = replace(plan.indicators[key], subjects="city", over="", anchor=None, tag="", **{field: name})
target = replace(like, id="new", indicator="new", year=plan.plan.years[1] - 1)
plan = replace(plan, indicators={**plan.indicators, "new": new}, targets=(*plan.targets, target))
held, seen = WhatIf(plan, draws), []
levers = [("prices.pass_through", 0.9), ("prices.pass_through", 0.1)]
levers += [(f"programmes.{k}.active", False) for k in list(plan.programmes)[::5]]
moved = 0
before = held.judge().reads[-1]
for path, value in levers:
    other = plan.with_(path, value)
    reads = held.judge(other).reads
    fresh = run(other, draws=draws).kept.reads.reshape(len(other.judged), draws, 2)
    assert np.array_equal(reads, fresh.swapaxes(1, 2), equal_nan=True), path
    moved += not np.array_equal(reads[-1], before)
assert moved >= 2, moved
print("moved", moved)
"""


@pytest.mark.parametrize(
    ("edits", "field", "name"),
    [(ACCOUNT, "of", "strained_output"), (MEASURE, "measure", "undelivered")],
    ids=["account", "measure"],
)
def test_what_is_added_in_two_places_is_right_after_a_lever_is_moved(
    tmp_path: Path, edits: Sequence[Edit], field: str, name: str
) -> None:
    copy = tmp_path / "plansim"
    copy.mkdir()
    for part in PARTS:
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "__init__.py", copy)
    accounts = copy / "simulator" / "accounts.py"
    text = accounts.read_text(encoding="utf-8")
    for before, after in edits:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    accounts.write_text(text, encoding="utf-8")
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(copy), field, name],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("moved")
