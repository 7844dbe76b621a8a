"""What the authors of shipped plans wrote stands in both languages, no word of one in the other."""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from plansim.scenarios.draft import read_folder

LIBRARY = Path(str(files("plansim.scenarios")))
FOLDERS = (*sorted((LIBRARY / "library").iterdir()), LIBRARY / "template")
CHINESE = re.compile("[\u4e00-\u9fff]")
#: Units stand in English texts as in English tables.
UNITS = re.compile("亿元|万元|亩")
LATIN = re.compile(r"[A-Za-z][A-Za-z&]+")
#: Names that are Latin in Chinese texts too.
NAMES = {"ERP"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_reasons_of_targets(folder: Path) -> None:
    for row in read_folder(folder).targets:
        zh, en = row.cells["reason_zh"], row.cells["reason"]
        assert bool(zh) == bool(en), row.cells["id"]
        assert not CHINESE.search(UNITS.sub("", en)), en
        assert set(LATIN.findall(zh)) <= NAMES, zh


def whys(node: Any) -> Iterator[Any]:
    if isinstance(node, Mapping):
        yield from (node["why"],) if "why" in node else ()
        yield from (why for part in node.values() for why in whys(part))
    elif isinstance(node, list):
        yield from (why for part in node for why in whys(part))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_reasons_of_figures_and_scenarios(folder: Path) -> None:
    draft = read_folder(folder)
    scenarios = [tree.data for tree in draft.scenarios.values() if tree is not None]
    told = [*whys(draft.tree.data), *whys(scenarios)]
    assert told
    for why in told:
        assert not CHINESE.search(UNITS.sub("", why["en"])), why
        assert set(LATIN.findall(why["zh"])) <= NAMES, why
