"""The contents of a plan of one's own: a copy of another, or of the template."""

import json
import os
import re
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path

from plansim.scenarios.draft import MAIN, PROGRAMMES, SCENARIOS, SOURCES, TARGETS, Draft, files_of
from plansim.scenarios.history import HISTORY
from plansim.scenarios.load import assemble, folder_of, form_of, read_source
from plansim.scenarios.text import Tree, parse_yaml
from plansim.scenarios.workbook import ENDING
from plansim.scenarios.workbook import as_workbook as workbook
from plansim.simulator.errors import Fault, InputError

#: The id in plan.yaml, with what stands before it on its line.
ID = re.compile(r"""(\bid\s*:\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,}#]+)""")


def contents_of(start: str | None, name: str, as_workbook: bool) -> bytes | dict[str, bytes]:
    """The plan ``start`` (None: the template) under another id: a workbook, or files by name.

    Raises InputError where the plan to start from is not valid.
    """
    with as_file(files("plansim.scenarios") / "template") as template:
        origin = str(template) if start is None else start
        source = read_source(origin)
        for scenario in source.scenarios:
            assemble(source, scenario)
        if as_workbook:
            return workbook(renamed(source.draft, name))
        as_files = copied if form_of(folder_of(origin)) == "" else rendered
        return as_files(source.draft, name)


def check_place(place: Path, as_workbook: bool) -> None:
    """Refuse a name that does not fit the form, and a place where something is."""
    is_ending = place.suffix.lower() == ENDING and place.stem != ""
    if is_ending != as_workbook:
        raise InputError([Fault("new_ending", {"value": str(place)}, file=str(place))])
    if os.path.lexists(place) or not place.name:
        raise InputError([Fault("new_exists", {"value": str(place)}, file=str(place))])


def renamed(draft: Draft, name: str) -> Draft:
    """The same plan under another id."""
    data = {**draft.tree.data, "plan": {**draft.tree.data["plan"], "id": name}}
    return replace(draft, tree=Tree(data, draft.tree.places))


def rendered(draft: Draft, name: str) -> dict[str, bytes]:
    """The files of a plan that was no folder, under another id."""
    return files_of(renamed(draft, name))


def copied(draft: Draft, name: str) -> dict[str, bytes]:
    """The files of a plan folder as they are, comments included, under another id."""
    paths = [draft.path / file for file in (MAIN, PROGRAMMES, TARGETS, HISTORY, SOURCES)]
    paths += sorted((draft.path / SCENARIOS).glob("*.yaml"))
    names = [path.relative_to(draft.path).as_posix() for path in paths if path.exists()]
    found = {file: (draft.path / file).read_bytes() for file in names}
    place = draft.tree.place(("plan", "id"))
    assert place is not None  # the plan is valid
    lines = found[MAIN].decode("utf-8-sig").splitlines(keepends=True)
    line = lines[place.line - 1]
    before, rest = line[: place.column - 1], line[place.column - 1 :]
    written = json.dumps(name, ensure_ascii=False)
    lines[place.line - 1] = before + ID.sub(lambda match: match[1] + written, rest, count=1)
    text = "".join(lines)
    if parse_yaml(text, MAIN)[1]["plan"]["id"] != name:  # an id over several lines
        return rendered(draft, name)
    return found | {MAIN: text.encode()}
