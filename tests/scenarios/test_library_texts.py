"""What the authors of shipped plans wrote stands in both languages, no word of one in the other."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from plansim.scenarios.draft import read_folder

LIBRARY = Path(str(files("plansim.scenarios")))
FOLDERS = (*sorted((LIBRARY / "library").iterdir()), LIBRARY / "template")
CHINESE = re.compile("[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z][A-Za-z&]+")
#: Names that are Latin in Chinese texts too.
NAMES = {"ERP"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_reasons_of_targets(folder: Path) -> None:
    for row in read_folder(folder).targets:
        zh, en = row.cells["reason_zh"], row.cells["reason"]
        assert bool(zh) == bool(en), row.cells["id"]
        assert not CHINESE.search(en), en
        assert set(LATIN.findall(zh)) <= NAMES, zh
