"""Builds what is published, from a copy of what git tracks: ``python tests/packing.py OUT``."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def tracked() -> list[str]:
    """The files that git tracks and that are there, as they are in the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def build(out: Path) -> tuple[Path, Path]:
    """Builds the sdist and, from it, the wheel; both are put into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name in tracked():
            place = Path(scratch) / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place)
        subprocess.run(
            [sys.executable, "-m", "build", "--no-isolation", "--outdir", out, scratch],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    (sdist,) = out.glob("plansim-*.tar.gz")
    (wheel,) = out.glob("plansim-*.whl")
    return sdist, wheel


if __name__ == "__main__":
    print(*build(Path(sys.argv[1])), sep="\n")
