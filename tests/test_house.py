"""What keeps the house a place to live in: short functions, one name a module, no odd shelves."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from plansim.reports.book.forms import PAGES
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


def named_in_strings(path: Path) -> Iterator[str]:
    """Modules of the package that a module names in strings, where no arrow is seen."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"^plansim\.(?:[a-z_]+\.)+[a-z_]+$", node.value)


@pytest.mark.parametrize("package", ["calibration", "scenarios", "simulator", "store", "words"])
def test_arrows_hide_in_no_string(package: str) -> None:
    inside = [path for path in CODE if path.relative_to(ROOT).parts[0] == package]
    named = {str(path.relative_to(ROOT)): list(named_in_strings(path)) for path in inside}
    assert {module: those for module, those in named.items() if those} == {}


def test_no_writer_of_a_report_imports_who_calls_it_by_name() -> None:
    for form in PAGES.values():
        writer = ROOT.joinpath(*form.module.split(".")[1:]).with_suffix(".py")
        assert "plansim.reports.book.report" not in writer.read_text(encoding="utf-8")


def test_there_is_no_shelf_for_odds_and_ends() -> None:
    assert {path.stem for path in CODE} & SHELVES == set()
