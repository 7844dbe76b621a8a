"""The engine: simulates a plan and judges its targets. Opens no file, prints nothing.

The names below are handed on when first asked for, so that a command which only speaks does not
wait for numpy.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.errors import Fault, InputError
    from simulator.plan import Plan
    from simulator.results import Result, Verdict
    from simulator.run import run

__all__ = ["Fault", "InputError", "Plan", "Result", "Verdict", "run"]

_HOMES = {
    "Fault": "simulator.errors",
    "InputError": "simulator.errors",
    "Plan": "simulator.plan",
    "Result": "simulator.results",
    "Verdict": "simulator.results",
}


class _Face(ModuleType):
    """``simulator.run`` is the function: importing its module may not put the module there."""

    @property
    def run(self) -> object:
        return import_module("simulator.run").run

    @run.setter
    def run(self, module: ModuleType) -> None:
        """Python sets every imported module on its package: not this one."""


sys.modules[__name__].__class__ = _Face


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
