"""The face of the package: what it hands on, what it costs to import, and that it has one name."""

import subprocess
import sys
from typing import assert_type

import pytest

import plansim

HEAVY = ("numpy", "pandas", "scipy", "pyarrow", "pydantic", "typer", "rich")


def fresh(code: str) -> str:
    """What a new interpreter prints."""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return shown.stdout.strip()


def loaded(names: tuple[str, ...], code: str) -> str:
    """Which of the modules a new interpreter has loaded after the code."""
    return fresh(f"{code}\nimport sys; print([name for name in {names} if name in sys.modules])")


def test_the_face_hands_on_what_is_documented_and_no_more() -> None:
    assert plansim.__all__ == sorted(plansim.__all__)
    assert set(plansim._HOMES) == set(plansim.__all__)
    for name in plansim.__all__:
        handed = getattr(plansim, name)
        assert handed.__name__ == name
        assert handed.__doc__
        assert handed.__module__ == plansim._HOMES[name]
    assert set(plansim.__all__) <= set(dir(plansim))
    with pytest.raises(AttributeError, match="no attribute 'utils'"):
        plansim.utils  # noqa: B018


def test_the_face_costs_nothing_until_it_is_asked() -> None:
    assert loaded(HEAVY, "import plansim, plansim.simulator.errors") == "[]"


def test_the_engine_needs_numpy_and_scipy_alone() -> None:
    heavy = ("pandas", "scipy.stats", "scipy.optimize", "pydantic", "pyarrow", "typer", "rich")
    assert loaded(heavy, "import plansim.simulator.run") == "[]"


@pytest.mark.parametrize("before", ["", "import plansim.simulator.run; "])
def test_run_is_the_function_and_never_its_module(before: str) -> None:
    assert fresh(f"{before}from plansim import run; print(callable(run))") == "True"


def test_what_holds_a_plan_holds_the_one_that_was_given() -> None:
    """Also to a type checker, which reads these lines: its plan can be changed without a cast."""
    plan = plansim.load("yuyao-2020")
    result = plansim.run(plan, draws=8)
    assert_type(result.plan.with_("programmes.boilers.active", True), plansim.Plan)
    held = plansim.WhatIf(result.plan, draws=8)
    assert_type(held.plan, plansim.Plan)
    assert_type(held.judge().plan, plansim.Plan)
    assert held.judge(plan).plan is held.plan is result.plan is plan


def test_the_version_is_that_of_the_package() -> None:
    assert fresh("import plansim; print(plansim.__version__)") == plansim.__version__
    assert plansim.__version__[0].isdigit()
