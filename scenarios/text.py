"""Text files → plain trees and tables, every value with its place. Nothing is trusted.

YAML from libyaml's events, with the types of YAML 1.2: the line and column of every key are known;
duplicate keys, anchors, aliases and tags are refused. CSV in UTF-8 (with or without BOM) or
GB18030.
"""

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from plansim.simulator.conform import full_width_number
from plansim.simulator.errors import Fault, InputError

#: Limits of one text file.
MOST_BYTES = 1_000_000
MOST_DEPTH = 12

#: libyaml where PyYAML was built with it (20 times faster), else the same parser in Python.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: file, line and column, counted from 1."""

    file: str
    line: int
    column: int


@dataclass
class Tree:
    """A read file: plain values, and the place of each by its path."""

    data: dict[str, Any] = field(default_factory=dict)
    places: dict[Path_, Place] = field(default_factory=dict)

    def place(self, path: Sequence[str | int]) -> Place | None:
        """Where the value at ``path`` stands."""
        return self.places.get(tuple(path))


def read_bytes(path: Path, shown: str) -> bytes:
    """The bytes of a file that exists and is not too large. ``shown`` names it in messages."""
    if path.is_symlink():
        raise InputError([Fault("file_link", {}, file=shown)])
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            fields = {"size": size, "most": MOST_BYTES}
            raise InputError([Fault("file_too_large", fields, file=shown)])
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError([Fault("file_missing", {"value": shown}, file=shown)]) from None
    except OSError as problem:
        reason = {"reason": problem.strerror or str(problem)}
        raise InputError([Fault("file_unreadable", reason, file=shown)]) from None


def read_text(path: Path, shown: str, encodings: tuple[str, ...] = ("utf-8-sig",)) -> str:
    """The text of a file in one of ``encodings``."""
    raw = read_bytes(path, shown)
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError as problem:
            line = raw[: problem.start].count(b"\n") + 1
    fields = {"encodings": ", ".join(encodings)}
    raise InputError([Fault("wrong_encoding", fields, file=shown, line=line)])


def read_yaml(path: Path, shown: str) -> Tree:
    """A YAML file whose top is a mapping. Raises InputError with every fault and its place."""
    text = read_text(path, shown)
    tree, _ = parse_yaml(text, shown)
    if not isinstance(tree.data, dict):
        raise InputError([Fault("not_a_mapping", {}, file=shown, line=1, column=1)])
    return tree


def parse_yaml(text: str, shown: str) -> tuple[Tree, Any]:
    """Parse YAML text. Returns the tree and its top value (a mapping, or a single value)."""
    builder = _Builder(shown)
    try:
        for event in yaml.parse(text, Loader=LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        around = text.splitlines()[max(0, line - 2) : line]
        code = "full_width_colon" if any("：" in part for part in around) else "broken_yaml"
        fields = {"reason": problem.problem or problem.context or ""}
        raise InputError([Fault(code, fields, file=shown, line=line, column=column)]) from None
    except yaml.YAMLError as problem:
        reason = {"reason": str(problem).splitlines()[0]}
        raise InputError([Fault("broken_yaml", reason, file=shown)]) from None
    if builder.faults:
        raise InputError(builder.faults)
    return Tree(builder.top, builder.places), builder.top


#: What a plain scalar is, by the core schema of YAML 1.2 (so `no` and `12:30` stay text).
NULL = re.compile(r"^(?:null|Null|NULL|~|)$")
TRUTH = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
WHOLE = re.compile(r"^[-+]?[0-9]+$")
DECIMAL = re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")
NOT_FINITE = re.compile(r"^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$")


@dataclass
class _Open:
    """A mapping or a list that is being read; ``key`` is the key whose value comes next."""

    value: dict[Any, Any] | list[Any]
    path: Path_
    key: Any = None
    has_key: bool = False


class _Builder:
    """Parser events → plain values, never deeper than MOST_DEPTH; collects places and faults."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
        self.top: Any = {}
        self.places: dict[Path_, Place] = {}
        self.faults: list[Fault] = []
        self.open: list[_Open] = []
        self.documents = 0

    def take(self, event: yaml.Event) -> None:
        """One event of the parser."""
        if getattr(event, "anchor", None) is not None:
            self._fault("yaml_alias", {}, event, self._here())
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise InputError([*self.faults, self._placed("several_documents", {}, event, ())])
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._add(None, event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self.open.pop()

    def _here(self) -> Path_:
        """The path at which the next value lands."""
        if not self.open:
            return ()
        holder = self.open[-1]
        step = len(holder.value) if isinstance(holder.value, list) else holder.key
        return holder.path if step is None else (*holder.path, step)

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        if len(self.open) >= MOST_DEPTH:
            fault = self._placed("too_deep", {"most": MOST_DEPTH}, event, self._here())
            raise InputError([*self.faults, fault])
        value: dict[Any, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        path = self._here()
        if self._awaits_key():
            self._fault("bad_key", {}, event, path)
        self._add(value, event)
        self.open.append(_Open(value, path))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        value = self._typed(event)
        if not self._awaits_key():
            self._add(value, event)
            return
        holder = self.open[-1]
        path = (*holder.path, value)
        if not isinstance(value, str | int) or isinstance(value, bool):
            self._fault("bad_key", {}, event, holder.path)
        elif value in holder.value:
            self._fault("duplicate_key", {"value": value}, event, path)
        else:
            self.places[path] = self._place(event)
        holder.key, holder.has_key = value, True

    def _awaits_key(self) -> bool:
        return (
            bool(self.open) and isinstance(self.open[-1].value, dict) and not self.open[-1].has_key
        )

    def _add(self, value: Any, event: yaml.Event) -> None:
        self.places.setdefault(self._here(), self._place(event))
        if not self.open:
            self.top = value
            return
        holder = self.open[-1]
        if isinstance(holder.value, list):
            holder.value.append(value)
        else:
            if isinstance(holder.key, str | int):
                holder.value[holder.key] = value
            holder.has_key = False

    def _typed(self, event: yaml.ScalarEvent) -> Any:
        text: str = event.value
        if event.tag is not None and event.tag != "!":
            self._fault("yaml_tag", {"value": event.tag}, event, self._here())
        if event.style:  # quoted or a block
            return text
        if NULL.match(text):
            return None
        if TRUTH.match(text):
            return text.lower() == "true"
        if WHOLE.match(text) and len(text) < 20:
            return int(text)
        if DECIMAL.match(text) and math.isfinite(float(text)):
            return float(text)
        if NOT_FINITE.match(text) or DECIMAL.match(text):
            self._fault("not_finite", {"value": text}, event, self._here())
        elif full_width_number(text):
            self._fault("full_width_digits", {"value": text}, event, self._here())
        return text

    def _place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return (
            Place(self.shown, mark.line + 1, mark.column + 1) if mark else Place(self.shown, 0, 0)
        )

    def _fault(
        self, code: str, fields: Mapping[str, object], event: yaml.Event, path: Path_
    ) -> None:
        self.faults.append(self._placed(code, fields, event, path))

    def _placed(
        self, code: str, fields: Mapping[str, object], event: yaml.Event, path: Path_
    ) -> Fault:
        place = self._place(event)
        return Fault(code, fields, dotted(path), place.file, place.line, place.column)


def dotted(path: Path_) -> str:
    return ".".join(str(part) for part in path)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its cells by column, and the file and line it stands on.

    ``columns``: the number of each column, where a message can name it (in a workbook).
    """

    line: int
    cells: Mapping[str, str]
    file: str = ""
    columns: Mapping[str, int] = field(default_factory=dict)

    def place(self, column: str) -> Place:
        """Where a cell stands."""
        return Place(self.file, self.line, self.columns.get(column, 0))


def read_table(
    path: Path, shown: str, columns: tuple[str, ...], optional: tuple[str, ...] = ()
) -> list[Row]:
    """A CSV file with exactly these columns, in any order. Raises InputError with every fault.

    Cells of ``optional`` columns that are left out are empty.
    """
    text = read_text(path, shown, ("utf-8-sig", "gb18030"))
    if "\0" in text:
        raise InputError([Fault("wrong_encoding", {"encodings": "utf-8, gb18030"}, file=shown)])
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    faults: list[Fault] = []
    rows: list[Row] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        for name in header:
            if name not in (*columns, *optional):
                fields = {"value": name, "choices": [*columns, *optional]}
                faults.append(Fault("unknown_column", fields, file=shown, line=1))
            elif header.count(name) > 1:
                faults.append(Fault("duplicate_key", {"value": name}, file=shown, line=1))
        faults += [
            Fault("missing_column", {"value": name}, file=shown, line=1)
            for name in columns
            if name not in header
        ]
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                widths: dict[str, object] = {"value": len(cells), "wanted": len(header)}
                faults.append(Fault("cell_count", widths, file=shown, line=reader.line_num))
                continue
            stripped = (cell.strip() for cell in cells)
            held = dict(zip(header, stripped, strict=True))
            missing = {name: "" for name in optional if name not in held}
            rows.append(Row(reader.line_num, held | missing, shown))
    except csv.Error as problem:
        fault = Fault("broken_csv", {"reason": str(problem)}, file=shown, line=reader.line_num)
        faults.append(fault)
    if faults:
        raise InputError(faults)
    return rows
