"""The face of the package: what it hands on, and that it costs nothing to import."""

import subprocess
import sys

import pytest

import analysis


def test_the_face_hands_on_what_is_documented_and_no_more() -> None:
    for name in analysis.__all__:
        assert getattr(analysis, name).__name__ == name
    unknown = "utils"
    with pytest.raises(AttributeError, match="no attribute 'utils'"):
        getattr(analysis, unknown)


def test_importing_it_is_light() -> None:
    code = (
        "import sys, analysis, cli\n"
        "heavy = ('numpy', 'pandas', 'scipy', 'pyarrow', 'multiprocessing.connection')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
