"""A plan of one's own is begun: written as a folder or as a workbook, all of it or nothing."""

from pathlib import Path

from plansim.scenarios.new import check_place, contents_of
from plansim.store.files import write_files, write_folder


def begin(place: Path, start: str | None, as_workbook: bool) -> None:
    """Write the plan ``start`` (None: the template) to a place where nothing is yet.

    Its id becomes the name of the place. Raises InputError where something is in the way, the name
    does not fit the form, or the plan to start from is not valid.
    """
    check_place(place, as_workbook)
    contents = contents_of(start, place.stem if as_workbook else place.name, as_workbook)
    if isinstance(contents, bytes):
        write_files({place: contents})
    else:
        write_folder(contents, place)
