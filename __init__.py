"""Whether the targets of a government plan can be met, how likely, and what would have to change.

What is listed here is the library; everything else may move. Names
are handed on when first asked for, so that a command which only speaks does not wait for numpy.
"""

from importlib import import_module  # noqa: TID251 - the face is imported by nobody below
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plansim.analysis.attribute import attribute
    from plansim.analysis.compare import compare
    from plansim.analysis.discover import discover
    from plansim.analysis.reach import levers
    from plansim.analysis.seek import seek
    from plansim.analysis.sensitivity import sensitivity
    from plansim.analysis.settle import settle
    from plansim.analysis.slider import Slider
    from plansim.scenarios.load import shipped
    from plansim.scenarios.outturns import read_outturns
    from plansim.simulator.door import Plan
    from plansim.simulator.errors import Fault, InputError, WorkError
    from plansim.simulator.results import Result, Verdict
    from plansim.simulator.run import run
    from plansim.simulator.whatif import WhatIf
    from plansim.store.plans import load

    __version__: str

__all__ = [
    "Fault",
    "InputError",
    "Plan",
    "Result",
    "Slider",
    "Verdict",
    "WhatIf",
    "WorkError",
    "attribute",
    "compare",
    "discover",
    "levers",
    "load",
    "read_outturns",
    "run",
    "seek",
    "sensitivity",
    "settle",
    "shipped",
]

_HOMES = {
    "Fault": "plansim.simulator.errors",
    "InputError": "plansim.simulator.errors",
    "Plan": "plansim.simulator.door",
    "Result": "plansim.simulator.results",
    "Slider": "plansim.analysis.slider",
    "Verdict": "plansim.simulator.results",
    "WhatIf": "plansim.simulator.whatif",
    "WorkError": "plansim.simulator.errors",
    "attribute": "plansim.analysis.attribute",
    "compare": "plansim.analysis.compare",
    "discover": "plansim.analysis.discover",
    "levers": "plansim.analysis.reach",
    "load": "plansim.store.plans",
    "read_outturns": "plansim.scenarios.outturns",
    "run": "plansim.simulator.run",
    "seek": "plansim.analysis.seek",
    "sensitivity": "plansim.analysis.sensitivity",
    "settle": "plansim.analysis.settle",
    "shipped": "plansim.scenarios.load",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from plansim.store.versions import version

        return version("plansim")
    if name not in _HOMES:
        raise AttributeError(f"module 'plansim' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "__version__"])
