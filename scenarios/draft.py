"""A plan as it was written, whatever it was written in, and its form as a folder of text files.

Everything stands as the author put it: defaults under ``"*"`` are not filled in, nothing is judged.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from plansim.scenarios.history import COLUMNS as SEEN
from plansim.scenarios.history import HISTORY, OPTIONAL, read_history
from plansim.scenarios.table import COLUMNS, REQUIRED
from plansim.scenarios.table import OPTIONAL as NEED_NOT
from plansim.scenarios.text import (
    DECIMAL,
    NOT_FINITE,
    Place,
    Row,
    Tree,
    read_table,
    read_text,
    read_yaml,
)
from plansim.simulator.conform import full_width_number
from plansim.simulator.errors import Fault, InputError

MAIN, PROGRAMMES, TARGETS, SOURCES = "plan.yaml", "programmes.yaml", "targets.csv", "SOURCES.md"
#: The main file of a library of programmes, which is no plan.
LIBRARY = "library.yaml"
SCENARIOS = "scenarios"
ENCODINGS = ("utf-8-sig", "gb18030")


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in a plan's files, every value with its place.

    ``tree`` holds the plan with its programmes under ``programmes``; ``scenarios`` has None where
    a scenario cannot be read, ``targets`` and ``history`` the rows as text, ``sources`` the text
    about sources.
    ``faults``: what is wrong with the form, to be told together with what is wrong with the rest.
    """

    path: Path
    tree: Tree
    scenarios: Mapping[str, Tree | None]
    targets: Sequence[Row]
    sources: str = ""
    faults: tuple[Fault, ...] = ()
    history: Sequence[Row] = ()

    def place_in(self, scenario: str, path: Sequence[str | int]) -> Place | None:
        """Where a value of a scenario stands."""
        tree = self.scenarios.get(scenario)
        return tree.place(path) if tree else None


def read_folder(folder: Path) -> Draft:
    """Read all files of a plan folder. Raises InputError where plan or programmes are no YAML."""
    faults: list[Fault] = []
    tree = Tree()
    name = LIBRARY if is_library(folder) else MAIN
    try:
        main = read_yaml(folder / name, shown(folder, name))
        tree = Tree(dict(main.data), dict(main.places))
    except InputError as problem:
        faults += problem.faults
    if (folder / PROGRAMMES).exists():
        try:
            programmes = read_yaml(folder / PROGRAMMES, shown(folder, PROGRAMMES))
            tree.data["programmes"] = programmes.data
            tree.places |= {
                ("programmes", *path): place for path, place in programmes.places.items()
            }
        except InputError as problem:
            faults += problem.faults
    is_readable = not faults
    scenarios: dict[str, Tree | None] = {}
    for path in sorted((folder / SCENARIOS).glob("*.yaml")):
        scenarios[path.stem] = None
        try:
            scenarios[path.stem] = read_yaml(path, shown(folder, f"{SCENARIOS}/{path.name}"))
        except InputError as problem:
            faults += problem.faults
    targets: list[Row] = []
    try:
        targets = read_table(folder / TARGETS, shown(folder, TARGETS), REQUIRED, NEED_NOT)
    except InputError as problem:
        faults += problem.faults
    history: list[Row] = []
    try:
        if (folder / HISTORY).exists():
            history = read_history(folder / HISTORY, shown(folder, HISTORY))
    except InputError as problem:
        faults += problem.faults
    sources = ""
    try:
        if (folder / SOURCES).exists():
            sources = read_text(folder / SOURCES, shown(folder, SOURCES), ENCODINGS)
    except InputError as problem:
        faults += problem.faults
    if not is_readable:
        raise InputError(faults)
    return Draft(folder, tree, scenarios, targets, sources, tuple(faults), history)


def is_library(folder: Path) -> bool:
    """Whether a folder holds programmes to take from, and no plan."""
    return (folder / LIBRARY).is_file() and not (folder / MAIN).exists()


def shown(folder: Path, name: str) -> str:
    """A file of a plan folder as messages name it."""
    return f"{folder.name}/{name}"


def files_of(draft: Draft) -> dict[str, bytes]:
    """The text files that say what a draft says, by name."""
    main = {key: value for key, value in draft.tree.data.items() if key != "programmes"}
    texts = {MAIN: as_yaml(main)}
    if draft.tree.data.get("programmes"):
        texts[PROGRAMMES] = as_yaml(draft.tree.data["programmes"])
    for key, scenario in draft.scenarios.items():
        if scenario is not None:
            texts[f"{SCENARIOS}/{key}.yaml"] = as_yaml(scenario.data)
    if draft.sources:
        texts[SOURCES] = draft.sources
    found = {name: text.encode() for name, text in texts.items()}
    found[TARGETS] = as_csv(COLUMNS, draft.targets)
    if draft.history:
        found[HISTORY] = as_csv((*SEEN, *OPTIONAL), draft.history)
    return found


def as_csv(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    """A table of text that ``read_table`` reads back as the same rows."""
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row.cells for row in rows)
    # with a byte order mark: Excel shows Chinese in a CSV only then
    return table.getvalue().encode("utf-8-sig")


def as_yaml(value: Any, flow: bool | None = None) -> str:
    """YAML that ``read_yaml`` reads back as the same value."""
    text: str = yaml.dump(
        value,
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        default_flow_style=flow,
        width=float("inf"),
    )
    return text


class _Dumper(yaml.SafeDumper):
    """Quotes every text that would be read as anything else, by YAML 1.1 or 1.2."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def text(self, data: str) -> yaml.ScalarNode:
        style = '"' if full_width_number(data) else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _Dumper.text)
for _pattern in (DECIMAL, NOT_FINITE):
    _Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _pattern, list("-+.0123456789"))
