"""A report as one page: nothing is fetched, pictures stand in it, and it prints."""

import re
from functools import partial
from importlib.resources import files

from plansim.reports.book.content import Drawn, Report, Tabled
from plansim.reports.pictures.canvas import Picture
from plansim.words.catalogue import say

#: Pixels that an inch of a picture is wide on a screen.
PIXELS = 132


def page(report: Report) -> bytes:
    """The page as the bytes of a file, in UTF-8."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(
        (files("plansim.reports.book") / "page.html.j2").read_text(encoding="utf-8")
    )
    text = template.render(
        report=report,
        kind=kind,
        say=partial(_said, report.lang),
        svg=lambda picture: Markup(inline(picture)),
        width=lambda picture: round(PIXELS * picture.width),
    )
    return text.encode()


def _said(lang: str, key: str, **fields: object) -> str:
    return say(key, lang, **fields)


def kind(block: object) -> str:
    """What a block is: text, table, figure."""
    return (
        "table" if isinstance(block, Tabled) else "figure" if isinstance(block, Drawn) else "text"
    )


def inline(picture: Picture) -> str:
    """An svg as a part of a page: its names made its own, its head left out, its size free."""
    text = picture.raw.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    own = f"{picture.name}-"
    text = re.sub(r'(\bid=")', rf"\g<1>{own}", text)
    text = re.sub(r'(href="#)', rf"\g<1>{own}", text)
    text = re.sub(r"(url\(#)", rf"\g<1>{own}", text)
    return re.sub(r'(<svg [^>]*?) width="[^"]*"| height="[^"]*pt"', r"\1", text, count=2)
