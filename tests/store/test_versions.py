"""Versions of manifests: one place says them, of what is installed and of what is not."""

import platform

import plansim
from plansim.store.versions import CALIBRATION, RUN, version, versions


def test_a_manifest_names_what_decides_about_its_numbers() -> None:
    for names in (RUN, CALIBRATION):
        told = versions(names)
        assert list(told) == [*names, "python"]
        assert told["python"] == platform.python_version()
        assert told["plansim"] == plansim.__version__
        assert all(text[0].isdigit() for text in told.values())


def test_what_is_not_installed_is_unknown() -> None:
    assert version("no-such-package-anywhere") == "unknown"
