"""A plan folder with queues: the template, to which three queued programmes are added."""

import shutil
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from plansim.calibration.reference import share_below
from plansim.scenarios.load import load
from plansim.simulator.plan import Plan
from plansim.simulator.run import run
from plansim.store.read import Stored, read
from plansim.store.write import write

QUEUES = Path(__file__).parent / "queues"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder. Two queues meet at an office, one is alone; one programme has a schedule."""
    target = tmp_path_factory.mktemp("plans") / "queues"
    shutil.copytree(str(files("plansim.scenarios") / "template"), target)
    for file, added in (("programmes.yaml", "programmes.yaml"), ("plan.yaml", "shared.yaml")):
        with (target / file).open("a", encoding="utf-8") as stream:
            stream.write((QUEUES / added).read_text(encoding="utf-8"))
    return target


@pytest.fixture(scope="session")
def plan(folder: Path) -> Plan:
    return load(str(folder))


@pytest.fixture(scope="session")
def run_folder(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run of the plan with queues, as it is stored."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    write(run(replace(plan, reference=share_below), 128, 3), folder, ["a=1"], 0.5)
    return folder


@pytest.fixture(scope="session")
def stored(run_folder: Path) -> Stored:
    return read(run_folder)
