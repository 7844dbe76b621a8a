"""What is published: one package that holds what git tracks, and runs where nothing else is."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

import plansim
from plansim.tests.packing import ROOT, build, tracked

pytestmark = pytest.mark.slow

PACKAGES = ("analysis", "calibration", "reports", "scenarios", "simulator", "store", "words")
#: What is shipped: the packages, the modules of the face, and the mark of types.
SHIPPED = {
    name
    for name in tracked()
    if name.startswith(tuple(f"{package}/" for package in PACKAGES))
    or ("/" not in name and name.endswith(".py"))
    or name == "py.typed"
}
ABOUT = {"CHANGELOG.md", "LICENSE", "MANIFEST.in", "README.md", "README.zh-CN.md", "pyproject.toml"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist, and the wheel that was built from it."""
    return build(tmp_path_factory.mktemp("dist"))


def test_the_wheel_holds_what_git_tracks_and_no_more(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[1]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        (about,) = (name for name in wheel.namelist() if name.endswith("dist-info/METADATA"))
        metadata = message_from_string(wheel.read(about).decode())
    assert names == {f"plansim/{name}" for name in SHIPPED}
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert "make demo" in metadata.get_payload()
    assert set(metadata.get_all("License-File", [])) == {"LICENSE", "reports/fonts/OFL.txt"}


def test_the_sdist_holds_what_the_wheel_holds_and_what_explains_it(
    built: tuple[Path, Path],
) -> None:
    with tarfile.open(built[0]) as sdist:
        found = {m.name.partition("/")[2] for m in sdist.getmembers() if m.isfile()}
    made = {name for name in found if name.startswith("plansim.egg-info/")}
    assert found - made == SHIPPED | ABOUT | {"PKG-INFO", "setup.cfg"}


def test_every_package_is_listed() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folders = {Path(name).parent for name in SHIPPED if name.endswith("__init__.py")}
    names = {".".join(["plansim", *folder.parts]) for folder in folders}
    assert set(told["tool"]["setuptools"]["packages"]) == names


@pytest.fixture(scope="module")
def python(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter in whose environment the wheel is installed; its libraries are these here."""
    place = tmp_path_factory.mktemp("env")
    venv.create(place, with_pip=False)
    executable = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(executable), "install", "--quiet",
         "--no-deps", "--no-index", str(built[1])], check=True,
    )  # fmt: skip
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    told = subprocess.run([executable, "-c", ask], check=True, capture_output=True, text=True)
    own = Path(told.stdout.strip())
    tops = {item.name for item in own.iterdir() if item.name != "__pycache__"}
    assert tops == {"plansim", f"plansim-{plansim.__version__}.dist-info"}
    # a line of a .pth file is a place to look for modules; .pth files there are not read
    (own / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return executable


#: Files of the user's own beside which it must run.
FOREIGN = ("cli.py", "analysis/__init__.py", "reports/__init__.py", "simulator.py", "scenarios.py")


def test_the_installed_package_runs_beside_files_of_the_same_names(
    python: Path, tmp_path: Path
) -> None:
    for name in FOREIGN:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("raise SystemExit('not ours')\n")
    command = python.parent / "plansim"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG"))}

    def said(*arguments: object) -> str:
        done = subprocess.run(
            [str(a) for a in arguments], cwd=tmp_path, env=environment, check=True,
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        return done.stdout

    assert said(command, "--version") == f"plansim {plansim.__version__}\n"
    assert said(python, "-m", "plansim", "--version") == f"plansim {plansim.__version__}\n"
    table = said(command, "run", "yuyao-2016", "--draws", 256, "--format", "csv", "--quiet")
    assert "robotics-output-2020" in table
    compared = said(
        command, "compare", "yuyao-2016", "plan", "delayed", "--draws", 40_000, "--format", "csv"
    )
    assert "robotics-output-2020" in compared
    script = "import plansim; print(plansim.__file__, plansim.load('yuyao-2016').plan.id)"
    file, name = said(python, "-c", script).split()
    assert Path(file).is_relative_to(python.parents[1])
    assert name == "yuyao-2016"
    assert "_plansim_completion" in said(python, "-m", "plansim", "--show-completion", "bash")
