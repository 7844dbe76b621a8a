"""A stored run → the files of its report."""

from importlib import import_module  # noqa: TID251 - no writer imports this module
from pathlib import Path

from plansim.analysis.idle import without_programmes
from plansim.analysis.workers import Aside, aside, here
from plansim.reports.book.dossier import Dossier
from plansim.reports.book.files import write
from plansim.reports.book.forms import PAGES, PICTURES
from plansim.reports.book.observed import seen
from plansim.store.attachments import read_attachments
from plansim.store.read import read


def ask(run: Path, form: str, place: Path, history: Path | None, lang: str) -> Path:
    """Write the report of a stored run; where it is."""
    write(report(dossier(run, history, lang), form, place, aside))
    return place


def dossier(folder: Path, history: Path | None, lang: str) -> Dossier:
    """Everything that a report of the run in a folder is made of."""
    run = read(folder)
    beside = read_attachments(folder)
    dots, sources = seen(run.plan, history)
    return Dossier(run, without_programmes(run.plan, run.settings), beside, lang, dots, sources)


def report(d: Dossier, form: str, place: Path, drawing: Aside = here) -> dict[Path, bytes]:
    """The bytes of every file. ``drawing``: who draws the fans, half of the pictures, meanwhile."""
    if form in PICTURES:
        from plansim.reports.book.figures import all_pictures

        return {place / f"{p.name}.{form}": p.raw for p in all_pictures(d, form, drawing)}
    page = PAGES[form]
    write_page = getattr(import_module(page.module), page.function)
    if not page.pictures:
        return {place: write_page(d)}
    from plansim.reports.book.compose import compose

    return {place: write_page(compose(d, page.pictures, drawing))}
