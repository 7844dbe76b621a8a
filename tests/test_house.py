"""What keeps the house a place to live in: short functions, one name a module, no odd shelves."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from plansim.tests.packing import ROOT, tracked

#: Files that nobody makes.
SHELVES = {"utils", "util", "helpers", "common", "constants", "types", "managers", "misc"}
MOST_LINES = 60
CODE = [ROOT / name for name in tracked() if name.endswith(".py")]
#: A test bears the name of what it tests, in a folder that mirrors the package's.
PACKAGES = sorted({p.relative_to(ROOT).parts[0] for p in CODE if p.parent != ROOT} - {"tests"})


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Every function of a module with its length [lines]."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            last = node.end_lineno
            assert last is not None
            yield node.name, last - node.lineno + 1


def test_no_function_is_longer_than_a_page() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{name}": lines
        for path in CODE
        for name, lines in functions(path)
        if lines > MOST_LINES
    }
    assert long == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_two_modules_of_a_package_have_one_name(package: str) -> None:
    inside = [path for path in CODE if path.relative_to(ROOT).parts[0] == package]
    names = Counter(path.stem for path in inside if path.stem != "__init__")
    assert {name for name, times in names.items() if times > 1} == set()


def test_there_is_no_shelf_for_odds_and_ends() -> None:
    assert {path.stem for path in CODE} & SHELVES == set()
