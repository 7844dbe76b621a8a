"""A copy of the shipped plan that a test may break, and the faults that the breaking gives."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pytest

from plansim.scenarios.load import load
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.plan import Plan

SHIPPED = "yuyao-2016"


@dataclass(frozen=True)
class Copy:
    """A plan folder of one's own."""

    folder: Path

    @property
    def name(self) -> str:
        return str(self.folder)

    def text(self, file: str) -> str:
        return (self.folder / file).read_text(encoding="utf-8")

    def write(self, file: str, text: str) -> None:
        (self.folder / file).write_text(text, encoding="utf-8")

    def change(self, file: str, old: str, new: str) -> int:
        """Replace the first ``old``; it must be there. Returns its line."""
        text = self.text(file)
        assert old in text, f"{old!r} is not in {file}"
        self.write(file, text.replace(old, new, 1))
        return text[: text.index(old)].count("\n") + 1

    def load(self, scenario: str = "plan", settings: Sequence[str] = ()) -> Plan:
        return load(self.name, scenario, settings)

    def faults(self, scenario: str = "plan", settings: Sequence[str] = ()) -> tuple[Fault, ...]:
        with pytest.raises(InputError) as caught:
            self.load(scenario, settings)
        return caught.value.faults

    def fault(self, scenario: str = "plan", settings: Sequence[str] = ()) -> Fault:
        """The only fault."""
        (found,) = self.faults(scenario, settings)
        return found


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    target = tmp_path / "mine"
    shutil.copytree(str(files("plansim.scenarios") / "library" / SHIPPED), target)
    return Copy(target)


@pytest.fixture(scope="session")
def shipped_plan() -> Plan:
    return load(SHIPPED)
