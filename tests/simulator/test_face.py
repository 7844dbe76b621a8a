"""The face of the package: what it hands on, and what it costs to import."""

import subprocess
import sys

import pytest

import simulator


def fresh(code: str) -> str:
    """What a new interpreter prints."""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return shown.stdout.strip()


def test_the_face_hands_on_what_is_documented_and_no_more() -> None:
    assert simulator.__all__ == ["Fault", "InputError", "Plan", "Result", "Verdict", "run"]
    for name in simulator.__all__:
        assert getattr(simulator, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'utils'"):
        simulator.utils  # noqa: B018


@pytest.mark.parametrize("before", ["", "import simulator.run; ", "from simulator import run; "])
def test_run_is_the_function_and_never_its_module(before: str) -> None:
    assert fresh(f"{before}from simulator import run; print(callable(run))") == "True"


def test_importing_the_engine_is_light() -> None:
    shown = "print([m for m in heavy if m in sys.modules])"
    heavy = "('pandas', 'scipy.stats', 'scipy.optimize', 'pydantic', 'ruamel', 'typer', 'rich')"
    assert fresh(f"import sys, simulator.run; heavy = {heavy}; {shown}") == "[]"
    heavy = "('numpy', 'scipy')"
    assert fresh(f"import sys, simulator.errors; heavy = {heavy}; {shown}") == "[]"
