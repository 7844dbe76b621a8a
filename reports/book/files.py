"""The files of a report: where they go, and that nothing of anybody else's is lost."""

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

from plansim.reports.book.forms import FORMS, PAGES, PICTURES
from plansim.simulator.errors import Fault, InputError
from plansim.store.files import write_files

#: Endings of archives, and the part of one that holds the seal.
OFFICE = tuple(f".{name}" for name, form in PAGES.items() if form.is_archive)
CORE = "docProps/core.xml"
SEAL = re.compile(rb"plansim-sha256:([0-9a-f]{64})")
SEALING = re.compile(rb"<dc:identifier>plansim-sha256:.*?</dc:identifier>")


def place_of(run: Path, form: str, out: Path | None) -> Path:
    """Where a report goes. Raises InputError for a form or an ending that is not one."""
    if form not in FORMS:
        shown = {"value": form, "choices": list(FORMS)}
        raise InputError([Fault("unknown_choice", shown, file="--format")])
    if form in PICTURES:
        place = run / "pictures" if out is None else out
        if place.exists() and not place.is_dir():
            raise InputError(
                [Fault("not_a_folder_of_pictures", {"value": str(place)}, "", "--out")]
            )
        return place
    place = run / f"report.{form}" if out is None else out
    if place.suffix.lower() != f".{form}" or not place.stem:
        shown = {"value": str(place), "choices": [f".{form}"]}
        raise InputError([Fault("file_ending", shown, file="--out")])
    check([place])
    return place


def check(places: list[Path]) -> None:
    """Refuse what exists and is no report, or one that somebody has changed since."""
    taken = [place for place in places if place.exists() and not ours(place)]
    if taken:
        raise InputError(
            [Fault("report_exists", {"value": str(place)}, file="--out") for place in taken]
        )


def ours(place: Path) -> bool:
    """Whether a file is a report or picture just as it was written here."""
    if not place.is_file():
        return False
    try:
        contents = place.read_bytes()
        if place.suffix.lower() == ".png":
            return b"plansim" in contents[:4096]
        told = SEAL.findall(_core(contents) if place.suffix.lower() in OFFICE else contents)
        return bool(told) and told[-1] == _digest(contents, place.suffix.lower())
    except (OSError, KeyError, zipfile.BadZipFile):
        return False


def sealed(contents: bytes, ending: str) -> bytes:
    """A report that tells whether anybody has changed it since. Pictures in png are left alone."""
    if ending == ".png":
        return contents
    seal = b"plansim-sha256:" + _digest(contents, ending)
    if ending not in OFFICE:
        return contents + b"<!-- " + seal + b" -->\n"
    fresh = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(contents)) as before, zipfile.ZipFile(fresh, "w") as after:
        for part in before.infolist():
            data = before.read(part)
            if part.filename == CORE:
                end = b"</cp:coreProperties>"
                data = data.replace(end, b"<dc:identifier>" + seal + b"</dc:identifier>" + end)
            after.writestr(part, data, part.compress_type)
    return fresh.getvalue()


def _core(contents: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(contents)) as archive:
        return archive.read(CORE)


def _digest(contents: bytes, ending: str) -> bytes:
    """SHA-256 of all but the seal, in hexadecimal."""
    digest = hashlib.sha256()
    if ending not in OFFICE:
        before, _, after = contents.partition(b"<!-- plansim-sha256:")
        digest.update(before + after[64:].removeprefix(b" -->\n"))
        return digest.hexdigest().encode()
    with zipfile.ZipFile(io.BytesIO(contents)) as archive:
        for name in sorted(archive.namelist()):
            part = archive.read(name)
            digest.update(
                name.encode() + b"\0" + (SEALING.sub(b"", part) if name == CORE else part)
            )
    return digest.hexdigest().encode()


def write(contents: Mapping[Path, bytes]) -> None:
    """Write all of it, sealed, or nothing. Raises InputError where one cannot be written."""
    check(list(contents))
    write_files({place: sealed(data, place.suffix.lower()) for place, data in contents.items()})
