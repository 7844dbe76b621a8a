"""The files of a report: where they go, and that nothing of anybody else's is lost."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

from reports.trace import write_files
from simulator.errors import Fault, InputError

#: Forms that are one file, and those that are a folder of pictures.
PAGES, PICTURES = ("html", "xlsx", "docx"), ("png", "svg")
FORMS = (*PAGES, *PICTURES)
#: What an office file says of its last change as long as nobody has saved it.
UNTOUCHED = b"2000-01-01T00:00:00Z</dcterms:modified>"


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
    """Whether a file is a report or picture as it was written here."""
    if not place.is_file():
        return False
    try:
        if place.suffix.lower() in (".xlsx", ".docx"):
            with zipfile.ZipFile(place) as archive:
                told = archive.read("docProps/core.xml")
            return UNTOUCHED in told and b"plansim" in told
        with place.open("rb") as stream:
            return b"plansim" in stream.read(4096)
    except (OSError, KeyError, zipfile.BadZipFile):
        return False


def write(contents: Mapping[Path, bytes]) -> None:
    """Write all of it, or nothing. Raises InputError where one cannot be written."""
    check(list(contents))
    write_files(contents)
