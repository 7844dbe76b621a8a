"""The forms of a report: who writes each. Read for the page of help: nothing heavy here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Form:
    """A form that is one file: the module and the function that give its bytes.

    ``pictures``: the form of the pictures in the composed report that the function takes; without
    it the function takes the dossier itself. ``is_archive``: a zip of office, sealed inside.
    """

    module: str
    function: str
    pictures: str = ""
    is_archive: bool = False


#: A form of report is a module that writes it, and its line here.
PAGES = {
    "html": Form("plansim.reports.book.html", "page", "svg"),
    "xlsx": Form("plansim.reports.book.xlsx", "workbook", is_archive=True),
    "docx": Form("plansim.reports.book.docx", "document", "png", is_archive=True),
}
#: Forms that are a folder of pictures.
PICTURES = ("png", "svg")
FORMS = (*PAGES, *PICTURES)
