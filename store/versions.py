"""What something was made with: the versions that a manifest holds."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

#: What decides about the numbers of a run.
RUN = ("plansim", "numpy", "scipy", "pandas", "pyarrow", "pydantic")
#: What decides about a calibration.
CALIBRATION = ("plansim", "numpy", "scipy")


@cache
def version(name: str) -> str:
    """The installed version of a package; "unknown" where it was never installed."""
    try:
        return installed(name)
    except PackageNotFoundError:
        return "unknown"


def versions(names: tuple[str, ...] = RUN) -> dict[str, str]:
    """Versions of packages, and of Python."""
    return {name: version(name) for name in names} | {"python": platform.python_version()}
