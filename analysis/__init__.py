"""Questions asked of many runs, one a file. Prints nothing.

The names below are handed on when first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.batch import execute, prepare

__all__ = ["execute", "prepare"]

_HOMES = {"execute": "analysis.batch", "prepare": "analysis.batch"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
