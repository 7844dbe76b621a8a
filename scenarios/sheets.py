"""The sheets of a workbook as data, and a draft ⇄ their rows. Knows nothing of Excel files.

A long sheet has one row per figure, with its distribution and provenance in columns, and one per
plain setting; a wide sheet has one row per entry. ``SHEETS`` says which section stands where.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Protocol

from plansim.scenarios import history
from plansim.scenarios.draft import Draft, as_yaml
from plansim.scenarios.table import COLUMNS, NUMBERS, REQUIRED, YEARS
from plansim.scenarios.text import NULL, TRUTH, Place, Row, Tree, parse_yaml
from plansim.simulator.conform import full_width_number
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.plan import Uncertainty
from plansim.words.catalogue import catalogue

Key = str | int
Keys = tuple[Key, ...]
Value = str | int | float | bool

LISTS = ("values", "weights")
PARAMETERS = ("low", "mode", "high", "p05", "p50", "p95", "mean", "sd", "df", "a", "b", *LISTS)
TEXTS = ("unit", "origin", "source")
#: A text in both languages stands in the columns of its languages.
WHY = ("why", "why.zh", "why.en")
ATTRIBUTES = ("unit", "year", "origin", "source", *WHY)
FIGURE = ("value", "dist", *PARAMETERS, *ATTRIBUTES)
#: Made for the reader of the workbook; never read back.
MEANING = "meaning"
#: Whole-number keys below this are positions in a list; years are above.
MOST_ENTRIES = 1000

assert {"dist", *PARAMETERS} == {f.name for f in fields(Uncertainty)}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell with content, as it was read."""

    value: Value
    place: Place

    @property
    def text(self) -> str:
        """What a column of words makes of it."""
        if isinstance(self.value, bool):
            return str(self.value).lower()
        return self.value.strip() if isinstance(self.value, str) else number_text(self.value)


@dataclass(frozen=True, slots=True)
class Line:
    """One row with content: its number, and its cells by column."""

    number: int
    cells: Mapping[str, Cell]
    file: str
    columns: Mapping[str, int]

    def place(self, column: str) -> Place:
        """Where a cell of the row stands, or would."""
        return Place(self.file, self.number, self.columns.get(column, 1))

    def text(self, column: str) -> str:
        return self.cells[column].text if column in self.cells else ""


@dataclass
class Node:
    """A value that is being put together: a leaf, or what stands below it by key."""

    place: Place
    value: Any = None
    children: dict[Key, "Node"] | None = None

    def finished(self, path: Keys, places: dict[Keys, Place]) -> Any:
        """The plain value; the place of everything in it goes to ``places``."""
        places[path] = self.place
        if self.children is None:
            return self.value
        keys = list(self.children)
        if keys and all(isinstance(key, int) and key < MOST_ENTRIES for key in keys):
            entries = (self.children[key] for key in sorted(keys))
            return [node.finished((*path, i), places) for i, node in enumerate(entries)]
        return {key: node.finished((*path, key), places) for key, node in self.children.items()}


@dataclass
class Gathered:
    """What has been read of a workbook so far."""

    shown: str
    root: Node = field(init=False)
    scenarios: dict[str, Node] = field(default_factory=dict)
    targets: list[Row] = field(default_factory=list)
    history: list[Row] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root = Node(Place(self.shown, 0, 0), children={})

    def fault(self, code: str, place: Place, path: str = "", **more: object) -> None:
        self.faults.append(Fault(code, more, path, place.file, place.line, place.column))

    def put(self, top: Node, path: Keys, value: Any, place: Place) -> None:
        """Set a value. What stands there already, or where a way should go on, is a fault."""
        node = top
        for key in path[:-1]:
            if node.children is None:
                break
            node = node.children.setdefault(key, Node(place, children={}))
        if node.children is None or path[-1] in node.children:
            self.fault("duplicate_key", place, value=joined(path))
        else:
            node.children[path[-1]] = Node(place, value)

    def row(self, top: Node, path: Keys, line: Line) -> None:
        """What a row says about ``path``: a plain setting, or a figure."""
        cells = line.cells
        dist = {c: cells[c] for c in ("dist", *PARAMETERS) if c in cells}
        if dist and "value" in cells:
            self.fault("value_and_distribution", cells["value"].place, joined(path))
            return
        attributes = [c for c in ATTRIBUTES if c in cells]
        if not dist and not attributes:
            if "value" in cells:
                self.put(top, path, self.value(cells["value"]), cells["value"].place)
            else:
                self.fault("empty_cell", line.place("value"), joined(path), key="value")
            return
        if "value" in cells:
            self.put(top, (*path, "value"), self.value(cells["value"]), cells["value"].place)
        for column, cell in dist.items():
            read = self.word if column == "dist" else self.list if column in LISTS else self.number
            self.put(top, (*path, "value", column), read(cell), cell.place)
        for column in attributes:
            read, below = self.number if column == "year" else self.word, split(column)
            assert below is not None
            self.put(top, (*path, *below), read(cells[column]), cells[column].place)

    def word(self, cell: Cell) -> str:
        return cell.text

    def number(self, cell: Cell) -> Value:
        """A number, where nothing else may stand."""
        if isinstance(cell.value, str):
            full = full_width_number(cell.value)
            self.fault("full_width_digits" if full else "text_cell", cell.place, value=cell.value)
        elif isinstance(cell.value, bool):
            self.fault("not_a_number", cell.place, value=cell.value)
        return cell.value

    def list(self, cell: Cell) -> Any:
        """Numbers in one cell: ``1, 2, 3``."""
        if not isinstance(cell.value, str):
            return [self.number(cell)]
        return self.parsed(f"[{cell.value.strip().strip('[]')}]", cell)

    def value(self, cell: Cell) -> Any:
        """A number, a word, or what a cell that begins with a bracket or a quote holds."""
        if not isinstance(cell.value, str):
            return cell.value
        text = cell.value.strip()
        if text[:1] in ("{", "[", '"') or NULL.match(text) or TRUTH.match(text):
            return self.parsed(text, cell)
        if full_width_number(text):
            self.fault("full_width_digits", cell.place, value=text)
        elif is_number(text):
            self.fault("text_cell", cell.place, value=text)
        return text

    def parsed(self, text: str, cell: Cell) -> Any:
        try:
            return parse_yaml(text, cell.place.file)[1]
        except InputError as problem:
            place = cell.place
            self.faults += [
                replace(fault, file=place.file, line=place.line, column=place.column)
                for fault in problem.faults
            ]
            return None

    def key(self, line: Line, column: str) -> Keys | None:
        """The path that a cell names; a fault where it names none."""
        text = line.text(column)
        path = split(text)
        if not text:
            self.fault("empty_cell", line.place(column), key=column)
        elif path is None:
            self.fault("bad_path", line.place(column), value=text)
        else:
            return path
        return None

    def draft(self, path: Path) -> Draft:
        """Everything that was read, as a draft. Raises InputError with every fault."""
        if self.faults:
            raise InputError(self.faults)
        places: dict[Keys, Place] = {}
        data = self.root.finished((), places)
        scenarios: dict[str, Tree | None] = {}
        for key, node in self.scenarios.items():
            own: dict[Keys, Place] = {}
            scenarios[key] = Tree(node.finished((), own), own)
        text = "\n".join(self.sources) + "\n" if self.sources else ""
        tree = Tree(data, places)
        return Draft(path, tree, scenarios, self.targets, text, history=self.history)


class Sheet(Protocol):
    """One sheet: its name, its columns, and a draft ⇄ its rows."""

    @property
    def key(self) -> str: ...

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that must be there when the sheet is read."""
        ...

    def rows(self, draft: Draft) -> Iterator[Mapping[str, Value]]: ...

    def take(self, lines: Sequence[Line], into: Gathered) -> None: ...


@dataclass(frozen=True, slots=True)
class Long:
    """One row per figure or setting of a section; ``entry`` names the column of its entries."""

    key: str
    entry: str = ""
    #: What the section is when the sheet has no rows.
    empty: Any = field(default_factory=dict)

    @property
    def required(self) -> tuple[str, ...]:
        return (*filter(None, [self.entry]), "path", "value")

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.required[:-1], MEANING, *FIGURE)

    def rows(self, draft: Draft) -> Iterator[Mapping[str, Value]]:
        section = draft.tree.data.get(self.key, self.empty)
        entries = entries_of(section) if self.entry else [("", section)]
        for key, node in entries:
            named = {self.entry: joined((key,))} if self.entry else {}
            name = node.get("name") if isinstance(node, Mapping) else None
            for path, cells in flat(node):
                meaning = {MEANING: meaning_of(path, name if self.entry else None)}
                yield {**named, "path": joined(path), **meaning, **cells}

    def take(self, lines: Sequence[Line], into: Gathered) -> None:
        assert into.root.children is not None
        place = Place(lines[0].file, 1, 1) if lines else Place(f"{into.shown}[{self.key}]", 1, 1)
        top = Node(place, self.empty, {} if lines else None)
        into.root.children[self.key] = top
        seen: set[Keys] = set()
        for line in lines:
            parts = [into.key(line, column) for column in self.required[:-1]]
            path = tuple(key for part in parts if part for key in part)
            if None in parts:
                continue
            if path in seen:
                into.fault("duplicate_key", line.place("path"), value=joined(path))
                continue
            seen.add(path)
            into.row(top, path, line)


@dataclass(frozen=True, slots=True)
class Rest:
    """The sheet of everything that has none of its own: rows with the whole path."""

    key: str
    columns = ("path", MEANING, *FIGURE)
    required = ("path", "value")

    def rows(self, draft: Draft) -> Iterator[Mapping[str, Value]]:
        own = {sheet.key for sheet in SHEETS if sheet is not self}
        for section, node in draft.tree.data.items():
            if section not in own:
                for path, cells in flat(node, (section,)):
                    yield {"path": joined(path), MEANING: meaning_of(path[1:], None), **cells}

    def take(self, lines: Sequence[Line], into: Gathered) -> None:
        for line in lines:
            path = into.key(line, "path")
            if path is not None:
                into.row(into.root, path, line)


@dataclass(frozen=True, slots=True)
class Wide:
    """One row per entry of a list; each column is a path in it."""

    key: str
    columns: tuple[str, ...]

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column for column in self.columns if column not in WHY[1:])

    def rows(self, draft: Draft) -> Iterator[Mapping[str, Value]]:
        for _, node in entries_of(draft.tree.data.get(self.key, [])):
            yield {joined(path): encoded(value) for path, value in leaves(node)}

    def take(self, lines: Sequence[Line], into: Gathered) -> None:
        assert into.root.children is not None
        top = Node(Place(f"{into.shown}[{self.key}]", 1, 1), [], {} if lines else None)
        into.root.children[self.key] = top
        for index, line in enumerate(lines):
            for column, cell in line.cells.items():
                path = split(column)
                assert path is not None
                into.put(top, (index, *path), into.value(cell), cell.place)


@dataclass(frozen=True, slots=True)
class Scenarios:
    """One row per scenario: its names, its parent, why."""

    key: str
    columns = ("scenario", "name.zh", "name.en", "extends", "take", *WHY)
    required = ("scenario", "name.zh", "name.en", "extends", "why")

    def rows(self, draft: Draft) -> Iterator[Mapping[str, Value]]:
        for key, tree in draft.scenarios.items():
            data = {name: part for name, part in tree.data.items() if name != "set"} if tree else {}
            if isinstance(data.get("take"), list):
                data["take"] = ", ".join(map(str, data["take"]))
            yield {"scenario": key} | {joined(p): encoded(v) for p, v in leaves(data)}

    def take(self, lines: Sequence[Line], into: Gathered) -> None:
        for line in lines:
            key = line.text("scenario")
            if not key:
                into.fault("empty_cell", line.place("scenario"), key="scenario")
            elif key in into.scenarios:
                into.fault("duplicate_key", line.place("scenario"), value=key)
            elif not is_file_name(key):
                into.fault("bad_name", line.place("scenario"), value=key)
            else:
                top = into.scenarios[key] = Node(line.place("scenario"), children={})
                for column in self.columns[1:]:
                    if column in line.cells:
                        path = split(column)
                        assert path is not None
                        cell = line.cells[column]
                        value = words(cell.text) if column == "take" else into.value(cell)
                        into.put(top, path, value, cell.place)


@dataclass(frozen=True, slots=True)
class Settings:
    """One row per setting of a scenario; the path may hold ``*``."""

    key: str
    columns = ("scenario", "path", *FIGURE)
    required = ("scenario", "path", "value")

    def rows(self, draft: Draft) -> Iterator[Mapping[str, Value]]:
        for key, tree in draft.scenarios.items():
            for path, value in (tree.data.get("set") or {}).items() if tree else ():
                yield {"scenario": key, "path": path} | (
                    figure_cells(value) if is_figure(value) else {"value": encoded(value)}
                )

    def take(self, lines: Sequence[Line], into: Gathered) -> None:
        for line in lines:
            key, path = line.text("scenario"), line.text("path")
            for column, text in (("scenario", key), ("path", path)):
                if not text:
                    into.fault("empty_cell", line.place(column), key=column)
            if not key or not path:
                continue
            if key not in into.scenarios:
                choices = list(into.scenarios)
                into.fault("unknown_scenario", line.place("scenario"), value=key, choices=choices)
                continue
            top = into.scenarios[key]
            assert top.children is not None
            chosen = top.children.setdefault("set", Node(line.place("path"), children={}))
            assert chosen.children is not None
            if path in chosen.children:
                into.fault("duplicate_key", line.place("path"), value=path)
                continue
            into.row(chosen, (path,), line)
            if path in chosen.children:
                chosen.children[path].place = line.place("path")


@dataclass(frozen=True, slots=True)
class Targets:
    """The columns of ``targets.csv``."""

    key: str
    columns = COLUMNS
    required = REQUIRED

    def rows(self, draft: Draft) -> Iterator[Mapping[str, Value]]:
        for row in draft.targets:
            yield {
                column: as_number(text) if column in (*NUMBERS, *YEARS) else text
                for column, text in row.cells.items()
                if text
            }

    def take(self, lines: Sequence[Line], into: Gathered) -> None:
        for line in lines:
            for column in (*NUMBERS, *YEARS):
                if column in line.cells:
                    into.number(line.cells[column])
            cells = {column: line.text(column) for column in COLUMNS}
            into.targets.append(Row(line.number, cells, line.file, line.columns))


@dataclass(frozen=True, slots=True)
class History:
    """The columns of ``history.csv``. A year may be text: ``2016H1``."""

    key: str
    columns = (*history.COLUMNS, *history.OPTIONAL)
    required = history.COLUMNS

    def rows(self, draft: Draft) -> Iterator[Mapping[str, Value]]:
        numbers = (*history.NUMBERS, "year")
        for row in draft.history:
            cells = {column: text for column, text in row.cells.items() if text}
            yield {c: as_number(text) if c in numbers else text for c, text in cells.items()}

    def take(self, lines: Sequence[Line], into: Gathered) -> None:
        for line in lines:
            for column in history.NUMBERS:
                if column in line.cells:
                    into.number(line.cells[column])
            cells = {column: line.text(column) for column in self.columns}
            into.history.append(Row(line.number, cells, line.file, line.columns))


@dataclass(frozen=True, slots=True)
class Lines:
    """A text, one line a row."""

    key: str
    columns = ("text",)
    required = columns

    def rows(self, draft: Draft) -> Iterator[Mapping[str, Value]]:
        for text in draft.sources.splitlines():
            yield {"text": text} if text.strip() else {}

    def take(self, lines: Sequence[Line], into: Gathered) -> None:
        for line in lines:
            into.sources += [""] * (line.number - 2 - len(into.sources))
            value = line.cells["text"].value
            into.sources.append(value if isinstance(value, str) else line.text("text"))


CORRELATION = ("between.0", "between.1", "value", "source", *WHY)
SHEETS: tuple[Sheet, ...] = (
    Rest("plan"),
    Targets("targets"),
    Long("clusters", "cluster"),
    Long("totals"),
    Long("city", "quantity"),
    Long("indicators", "indicator"),
    Long("programmes", "programme"),
    Scenarios("scenarios"),
    Settings("settings"),
    Long("assumptions"),
    Long("prices"),
    Long("couplings", "coupling", []),
    Wide("parameter_correlations", CORRELATION),
    Wide("shock_correlations", CORRELATION),
    History("history"),
    Lines("sources"),
)
#: Sheets that a workbook may go without: those made before there were such sheets do.
MAY_LACK = ("history",)


# -- plain values → rows ---------------------------------------------------------------------------


def entries_of(section: Any) -> Iterator[tuple[Key, Any]]:
    """The entries of a mapping or a list, by key or position."""
    yield from section.items() if isinstance(section, Mapping) else enumerate(section)


def flat(node: Any, path: Keys = ()) -> Iterator[tuple[Keys, Mapping[str, Value]]]:
    """Every figure and every plain setting below a node, with its path and its cells."""
    if is_figure(node):
        yield path, figure_cells(node)
    elif isinstance(node, Mapping | list) and node:
        for key, child in entries_of(node):
            yield from flat(child, (*path, key))
    else:
        yield path, {"value": encoded(node)}


def leaves(node: Any, path: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Every plain value below a node, with its path."""
    if isinstance(node, Mapping | list) and node:
        for key, child in entries_of(node):
            yield from leaves(child, (*path, key))
    else:
        yield path, node


def is_figure(node: Any) -> bool:
    """Whether a mapping fits one row: a value or a distribution, and where it comes from."""
    if not isinstance(node, Mapping) or not {"value"} <= set(node) <= {"value", *ATTRIBUTES}:
        return False
    value = node["value"]
    why = node.get("why", "x")
    in_both = isinstance(why, Mapping) and set(why) == {"zh", "en"}
    whys = why.values() if in_both else [why]
    if not all(map(is_word, [*whys, *(node.get(column, "x") for column in TEXTS)])):
        return False
    if not is_plain_number(node.get("year", 0)):
        return False
    if isinstance(value, Mapping):
        return (
            {"dist"} < set(value) <= {"dist", *PARAMETERS}
            and is_word(value["dist"])
            and all(is_parameter(value[p], p in LISTS) for p in PARAMETERS if p in value)
        )
    return len(node) > 1 and isinstance(value, str | int | float)


def words(text: str) -> list[str]:
    """Words of one cell, with commas of either width between them."""
    return [part.strip() for part in re.split("[,，]", text) if part.strip()]


def is_word(value: Any) -> bool:
    return isinstance(value, str) and value == value.strip() != ""


def is_plain_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_parameter(value: Any, several: bool) -> bool:
    if not several:
        return is_plain_number(value)
    return isinstance(value, list) and bool(value) and all(map(is_plain_number, value))


def figure_cells(node: Mapping[str, Any]) -> dict[str, Value]:
    """The cells of a figure."""
    value = node["value"]
    given = {column: node[column] for column in ATTRIBUTES if column in node}
    cells: dict[str, Value] = {joined(p): part for p, part in leaves(given) if p}
    if not isinstance(value, Mapping):
        return {"value": encoded(value), **cells}
    listed = {key: ", ".join(map(number_text, value[key])) for key in LISTS if key in value}
    return {**value, **listed, **cells}


def encoded(value: Any) -> Value:
    """What a cell holds so that ``Gathered.value`` reads the same value back."""
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        reads_as_other = (
            value != value.strip()
            or value[:1] in ("{", "[", '"')
            or NULL.match(value)
            or TRUTH.match(value)
            or full_width_number(value)
            or is_number(value)
        )
        return json.dumps(value, ensure_ascii=False) if reads_as_other else value
    if value is None:
        return "null"
    return as_yaml(value, flow=True).strip()


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def as_number(text: str) -> Value:
    """A number in a table of text as a number; anything else as it is."""
    if not is_number(text) or not math.isfinite(float(text)):
        return text
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def number_text(number: int | float) -> str:
    """A number as a table of text would hold it."""
    return str(number) if isinstance(number, int) else repr(number)


# -- paths -----------------------------------------------------------------------------------------

SEGMENT = re.compile(r'"(?:[^"\\]|\\.)*"|[^".\s][^".]*')
POSITION = re.compile(r"[0-9]+")


def joined(path: Keys) -> str:
    """A path as a cell holds it; a key that would be read as something else is quoted."""
    return ".".join(str(key) if isinstance(key, int) else quoted(key) for key in path)


def quoted(key: str) -> str:
    is_plain = SEGMENT.fullmatch(key) and key == key.strip() and not POSITION.fullmatch(key)
    is_plain = is_plain and not key.startswith('"')
    return key if is_plain else json.dumps(key, ensure_ascii=False)


def split(text: str) -> Keys | None:
    """The path that a cell holds; None where it is none."""
    found: list[Key] = []
    rest = text
    while True:
        match = SEGMENT.match(rest)
        if match is None:
            return None
        part = match[0].strip()
        try:
            key = json.loads(part) if part.startswith('"') else part
        except ValueError:
            return None
        found.append(int(part) if POSITION.fullmatch(part) and len(part) < 10 else key)
        rest = rest[match.end() :]
        if not rest:
            return tuple(found)
        if not rest.startswith("."):
            return None
        rest = rest[1:]


def is_file_name(name: str) -> bool:
    """Whether a scenario's key can be the name of its file."""
    return not name.startswith(".") and not set(name) & set('/\\:*?"<>|\0')


# -- words -----------------------------------------------------------------------------------------


def meaning_of(path: Keys, name: Any) -> str:
    """What a row is about, in both languages, for the reader of the sheet."""
    said = []
    for lang in ("zh", "en"):
        words = [catalogue(lang).get(f"part.{key}", str(key)) for key in path]
        if isinstance(name, Mapping) and isinstance(name.get(lang), str):
            words = [name[lang], *words]
        said.append(" · ".join(words))
    return " | ".join(said)
