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


#: What changes a mapping, a set or a list.
CHANGES = {"add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove"} | {
    "setdefault", "update",
}  # fmt: skip
#: Tables that classes enter where they are made, and nothing after that.
REGISTERS = {"memo.py": {"_MARKS", "_PLAIN", "_NAMED"}}


def changed_in_functions(path: Path) -> Iterator[str]:
    """Names of a module that its functions change: what a module remembers for everybody."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield from node.names
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            yield from {name.id for name in (node.value,) if isinstance(name, ast.Name)} & own
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            holder = node.func.value
            if node.func.attr in CHANGES and isinstance(holder, ast.Name) and holder.id in own:
                yield holder.id


def cached_arguments(path: Path) -> Iterator[tuple[str, str]]:
    """The functions of a module whose results are kept for good, and the types they are given."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.FunctionDef):
            continue
        said = " ".join(map(ast.unparse, node.decorator_list))
        if "cache" in said and "cached_property" not in said:
            yield node.name, ast.unparse(node.args)


def test_the_simulator_keeps_no_global() -> None:
    """No table of a module grows, and what is kept for good is a function of plain values."""
    inside = [path for path in CODE if path.relative_to(ROOT).parts[0] == "simulator"]
    for path in inside:
        assert set(changed_in_functions(path)) == REGISTERS.get(path.name, set()), path.name
        kept = dict(cached_arguments(path))
        assert not [name for name, given in kept.items() if re.search("Plan|Model|self", given)]


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
