"""What an .xlsx file is before it is opened as a workbook: small enough, whole, and no trap.

Nothing is unpacked to disk. Every XML part is streamed once, which finds the extent of each sheet,
its merged cells, and document types, which a workbook never has and an attack does.
"""

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from plansim.simulator.errors import Fault, InputError

#: Limits of one workbook: its unpacked size, how far it unpacks, its cells with content.
MOST_BYTES = 200_000_000
MOST_RATIO = 100
MOST_CELLS = 1_000_000
#: Elements of one workbook, empty formatted cells among them.
MOST_ELEMENTS = 20_000_000
#: The first bytes of the container that older and encrypted files come in.
OLE = bytes.fromhex("D0CF11E0A1B11AE1")
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
#: How an XML part begins, byte order marks included.
XML = (b"<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
REFERENCE = re.compile(r"^\$?([A-Z]{1,3})\$?([0-9]{1,7})$")


@dataclass
class Extent:
    """Which rows of a sheet hold anything, how far to the right, and its merged ranges."""

    rows: set[int] = field(default_factory=set)
    columns: int = 0
    merged: list[str] = field(default_factory=list)


def column_number(letters: str) -> int:
    """H → 8."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def position(reference: str) -> tuple[int, int]:
    """H7 → (7, 8): line and column; (0, 0) for what is no cell."""
    match = REFERENCE.match(reference)
    return (int(match[2]), column_number(match[1])) if match else (0, 0)


def read_archive(path: Path) -> bytes:
    """The bytes of a file. Raises InputError where it cannot be read, or is too large."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            shown = {"size": size, "most": MOST_BYTES}
            raise InputError([Fault("file_too_large", shown, file=path.name)])
        return path.read_bytes()
    except OSError as problem:
        reason = {"reason": problem.strerror or str(problem)}
        raise InputError([Fault("file_unreadable", reason, file=path.name)]) from None


def extents_of(raw: bytes, shown: str) -> dict[str, Extent]:
    """The extent of each part of a workbook that may be opened. ``shown``: its name.

    Raises InputError for what is no workbook, is encrypted, is broken, or is too large.
    """

    def refuse(code: str, **fields: object) -> InputError:
        return InputError([Fault(code, fields, file=shown)])

    if len(raw) > MOST_BYTES:
        raise refuse("file_too_large", size=len(raw), most=MOST_BYTES)
    if raw.startswith(OLE):
        raise refuse("workbook_encrypted" if ENCRYPTED in raw else "workbook_old")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = archive.infolist()
            if any(member.flag_bits & 1 for member in members):
                raise refuse("workbook_encrypted")
            size = sum(member.file_size for member in members)
            if size > MOST_BYTES:
                raise refuse("workbook_too_large", size=size, most=MOST_BYTES)
            if size > MOST_RATIO * len(raw):
                raise refuse("workbook_ratio", ratio=size // len(raw), most=MOST_RATIO)
            scan = _Scan(refuse)
            for member in members:
                part = archive.read(member)
                if part.lstrip().startswith(XML) and not member.filename.endswith(".vml"):
                    scan.part(member.filename, part)
    except InputError:
        raise
    except Exception as problem:  # whatever zipfile, zlib and expat say of a broken file
        raise refuse("workbook_broken", reason=f"{type(problem).__name__}: {problem}") from None
    return scan.extents


class _Scan:
    """Streams XML parts; counts what they hold."""

    def __init__(self, refuse: Callable[..., InputError]) -> None:
        self.refuse = refuse
        self.extents: dict[str, Extent] = {}
        self.elements = self.cells = 0
        handlers = {"c": self._cell, "row": self._row, "mergeCell": self._merged}
        self.handlers = handlers | dict.fromkeys(("v", "is", "f"), self._content)

    def part(self, name: str, raw: bytes) -> None:
        """One XML part of the archive."""
        self.extent = self.extents.setdefault(name, Extent())
        self.row = self.column = 0
        self.reference: str | None = None
        self.is_counted = True
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.StartDoctypeDeclHandler = self._doctype
        parser.Parse(raw, True)

    def _doctype(self, *_: Any) -> None:
        raise self.refuse("workbook_broken", reason="DOCTYPE")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        if self.elements > MOST_ELEMENTS:
            raise self.refuse("workbook_cells", most=MOST_CELLS)
        handler = self.handlers.get(name[name.rfind(" ") + 1 :])
        if handler is not None:
            handler(attributes)

    def _row(self, attributes: dict[str, str]) -> None:
        self.row = int(float(attributes.get("r", self.row + 1)))
        self.column, self.reference = 0, None

    def _cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        if reference is None:  # counted from the cell before it
            self._locate()
            self.column += 1
        self.reference, self.is_counted = reference, False

    def _locate(self) -> None:
        if self.reference is not None:
            self.column = position(self.reference)[1]
            self.reference = None

    def _content(self, _: dict[str, str]) -> None:
        if self.is_counted:
            return
        self.is_counted = True
        self.cells += 1
        if self.cells > MOST_CELLS:
            raise self.refuse("workbook_cells", most=MOST_CELLS)
        self._locate()
        self.extent.rows.add(self.row)
        self.extent.columns = max(self.extent.columns, self.column)

    def _merged(self, attributes: dict[str, str]) -> None:
        self.extent.merged.append(attributes.get("ref", ""))
