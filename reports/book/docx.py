"""A report as a Word document, in the form of a Chinese bureau's: title, summary, chapters.

Figures and tables have captions that Word itself counts (SEQ fields, with their numbers filled in);
headings are Word's own, so that the navigation pane and a table of contents work. Chinese is set
in fonts that every Word and WPS in China has; where one lacks, the office suite takes another.
"""

import io
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from plansim.reports.book.content import Drawn, Report, Section, Tabled
from plansim.reports.tables import Table
from plansim.words.catalogue import say

if TYPE_CHECKING:
    from docx.document import Document
    from docx.styles.style import ParagraphStyle
    from docx.text.paragraph import Paragraph

#: Fonts: of body text, headings and the title, Latin and Chinese.
LATIN, BODY, HEADING = "Times New Roman", "仿宋", "黑体"
#: Width and height that text and pictures have on a page of A4. [cm]
WIDE, HIGH = 16.0, 21.0
#: A unit in the head of a column: it stands in a line of its own.
BRACKETS = re.compile(r"\s*([［\[][^］\]]*[］\]])")
#: How wide a column may be, least and most, in letters.
LEAST, MOST = 5, 26
#: A column of texts no longer than this is not broken. [letters]
SHORT = 12
CHINESE = "一二三四五六七八九十"


def document(report: Report) -> bytes:
    """The document as the bytes of a file."""
    import docx

    written = docx.Document()
    _page(written)
    _styles(written)
    _properties(written, report)
    _footer(written, report)
    _first_page(written, report)
    for i, section in enumerate(report.sections):
        _chapter(written, section, numeral(i + 1, report.lang), report.lang)
    raw = io.BytesIO()
    written.save(raw)
    return repeatable(raw.getvalue())


def repeatable(raw: bytes) -> bytes:
    """The same files in the archive, without the times at which they were packed."""
    import zipfile

    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(raw)) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            packing = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            new.writestr(zipfile.ZipInfo(name), old.read(name), packing)
    return packed.getvalue()


def numeral(number: int, lang: str) -> str:
    """What a chapter is numbered by: 十二、 or 12."""
    if lang != "zh":
        return f"{number}  "
    tens, ones = divmod(number, 10)
    ten = "" if tens == 0 else "十" if tens == 1 else f"{CHINESE[tens - 1]}十"
    return f"{ten}{CHINESE[ones - 1] if ones else ''}、"


# -- how it looks ----------------------------------------------------------------------------------


def _page(written: "Document") -> None:
    from docx.shared import Cm

    section = written.sections[0]
    section.page_width, section.page_height = Cm(21.0), Cm(29.7)
    section.left_margin = section.right_margin = Cm((21.0 - WIDE) / 2)
    section.top_margin, section.bottom_margin = Cm(2.8), Cm(2.4)


def _styles(written: "Document") -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    sizes: dict[str, tuple[str, float, float, float]] = {
        "Normal": (BODY, 11, 0, 6),
        "Title": (HEADING, 22, 60, 14),
        "Subtitle": (BODY, 11, 0, 3),
        "Heading 1": (HEADING, 16, 18, 8),
        "Heading 2": (HEADING, 13, 14, 4),
        "Caption": (HEADING, 10, 8, 4),
    }
    for name, (font, points, before, after) in sizes.items():
        style: Any = written.styles[name]
        _dress(style, font, points)
        style.paragraph_format.space_before = _points(before)
        style.paragraph_format.space_after = _points(after)
    _speak(written)
    body: Any = written.styles["Normal"]
    body.paragraph_format.line_spacing = 1.25
    for name in ("Title", "Subtitle"):
        style = written.styles[name]
        style.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for name in ("Heading 1", "Heading 2", "Caption"):
        style = written.styles[name]
        style.paragraph_format.keep_with_next = True


def _speak(written: "Document") -> None:
    """The language of the text: which form of a Chinese letter is set."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    defaults = written.styles.element.find(f".//{qn('w:rPrDefault')}/{qn('w:rPr')}")
    assert defaults is not None  # python-docx's own template has it
    for old in defaults.findall(qn("w:lang")):
        defaults.remove(old)
    told = OxmlElement("w:lang")
    told.set(qn("w:val"), "en-GB")
    told.set(qn("w:eastAsia"), "zh-CN")
    defaults.append(told)


def _points(number: float) -> Any:
    from docx.shared import Pt

    return Pt(number)


def _dress(style: "ParagraphStyle", font: str, points: float) -> None:
    """Latin and Chinese letters, black, upright; a theme's own Chinese font would come first."""
    from docx.oxml.ns import qn
    from docx.shared import RGBColor

    style.font.name, style.font.size = LATIN, _points(points)
    style.font.color.rgb = RGBColor(0, 0, 0)
    style.font.italic = False
    style.font.bold = font == HEADING
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), font)
    for spacing in style.element.findall(f"./{qn('w:rPr')}/{qn('w:spacing')}"):
        spacing.getparent().remove(spacing)
    for border in style.element.findall(f".//{qn('w:pBdr')}"):
        border.getparent().remove(border)


def _properties(written: "Document", report: Report) -> None:
    from datetime import datetime

    known = written.core_properties
    known.title, known.author, known.comments = report.title, "plansim", f"run {report.run}"
    known.language = "zh-CN" if report.lang == "zh" else "en-GB"
    known.created = known.modified = datetime(2000, 1, 1)


def _footer(written: "Document", report: Report) -> None:
    """The run, and the number of the page."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    paragraph = written.sections[0].footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    before, after = say("told.page", report.lang, number="\0").split("\0")
    _run(paragraph, f"{say('told.from_run', report.lang, run=report.run)}　{before}", 8.5)
    _field(paragraph, "PAGE", "1", 8.5)
    _run(paragraph, after, 8.5)


# -- what is in it ---------------------------------------------------------------------------------


def _first_page(written: "Document", report: Report) -> None:
    written.add_paragraph(report.title, style="Title")
    for line in report.above:
        written.add_paragraph(line, style="Subtitle")
    heading = written.add_paragraph(report.summary, style="Heading 1")
    heading.paragraph_format.space_before = _points(28)
    for sentence in report.sentences:
        _body(written, sentence, report.lang)
    _note(written, say("told.from_run", report.lang, run=report.run))


def _body(written: "Document", text: str, lang: str) -> None:
    """A paragraph; Chinese ones begin two letters in."""
    paragraph = written.add_paragraph(text)
    if lang == "zh":
        paragraph.paragraph_format.first_line_indent = _points(22)


def _chapter(written: "Document", section: Section, number: str, lang: str) -> None:
    heading = written.add_paragraph(number + section.title, style="Heading 1")
    heading.paragraph_format.page_break_before = True
    _blocks(written, section.blocks, lang)
    for i, part in enumerate(section.parts):
        mark = f"（{numeral(i + 1, lang)[:-1]}）" if lang == "zh" else f"{number.strip()}.{i + 1}  "
        written.add_paragraph(mark + part.title, style="Heading 2")
        _blocks(written, part.blocks, lang)


def _blocks(written: "Document", blocks: "Sequence[str | Tabled | Drawn]", lang: str) -> None:
    for block in blocks:
        if isinstance(block, str):
            _body(written, block, lang)
        elif isinstance(block, Tabled):
            _caption(written, say("told.table_label", lang), block.number, block.caption)
            _table(written, block.table, lang)
            _note(written, block.note)
        else:
            _figure(written, block, lang)


def _caption(written: "Document", label: str, number: int, text: str) -> None:
    """Table 3　…, the number counted by Word."""
    paragraph = written.add_paragraph(style="Caption")
    _run(paragraph, f"{label} ")
    _field(paragraph, f"SEQ {label} \\* ARABIC", str(number))
    _run(paragraph, f"　{text}")


def _figure(written: "Document", block: Drawn, lang: str) -> None:
    """The picture, its caption below it as is usual for figures, and its source."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.image.image import Image
    from docx.shared import Cm

    paragraph = written.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.line_spacing = 1.0
    paragraph.paragraph_format.keep_with_next = bool(block.number)
    size = Image.from_blob(block.picture.raw)
    width = min(WIDE, HIGH * size.px_width / size.px_height)
    shape = paragraph.add_run().add_picture(io.BytesIO(block.picture.raw), width=Cm(width))
    shape._inline.docPr.set("descr", block.picture.title)
    if block.number:
        _caption(written, say("told.figure_label", lang), block.number, block.caption)
    if block.note:
        _note(written, block.note)


def _note(written: "Document", text: str) -> None:
    paragraph = written.add_paragraph()
    paragraph.paragraph_format.space_before = _points(2)
    paragraph.paragraph_format.space_after = _points(10)
    paragraph.paragraph_format.line_spacing = 1.0
    _run(paragraph, text, 8.5)


def _run(paragraph: "Paragraph", text: str, points: float | None = None) -> None:
    run = paragraph.add_run(text)
    if points is not None:
        run.font.size = _points(points)


def _field(paragraph: "Paragraph", code: str, shown: str, points: float | None = None) -> None:
    """A field of Word with what it shows until it is counted again."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    def part(kind: str, **names: str) -> Any:
        run = paragraph.add_run()
        if points is not None:
            run.font.size = _points(points)
        element = OxmlElement(kind)
        for name, value in names.items():
            element.set(qn(f"w:{name}"), value)
        run._r.append(element)
        return element

    part("w:fldChar", fldCharType="begin")
    instruction = part("w:instrText")
    instruction.text = f" {code} "
    part("w:fldChar", fldCharType="separate")
    _run(paragraph, shown, points)
    part("w:fldChar", fldCharType="end")


# -- tables ----------------------------------------------------------------------------------------


def _table(written: "Document", table: Table, lang: str) -> None:
    """Three lines, as is usual; the head comes again on every page; no row is torn apart.

    Cells are written as XML at once: python-docx looks every cell up by counting from the first.
    """
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    heads = [BRACKETS.sub(r"\n\1", say(f"column.{column}", lang)) for column in table.columns]
    widths = column_widths([heads, *table.rows])
    edge = '<w:{0} w:val="single" w:sz="{1}" w:space="0" w:color="000000"/>'
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    rows = [_row(heads, table, widths, head=True)]
    rows += [_row(cells, table, widths, head=False) for cells in table.rows]
    xml = (
        f"<w:tbl {nsdecls('w')}><w:tblPr>"
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/><w:tblBorders>'
        f"{edge.format('top', 12)}{edge.format('bottom', 12)}"
        '<w:insideH w:val="single" w:sz="2" w:space="0" w:color="BBBBBB"/></w:tblBorders>'
        '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="60" w:type="dxa"/>'
        '<w:right w:w="60" w:type="dxa"/></w:tblCellMar></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )
    body = written.element.body
    body.insert(len(body) - 1, parse_xml(xml))


def _row(cells: Sequence[str], table: Table, widths: Sequence[int], head: bool) -> str:
    told = "<w:cantSplit/><w:tblHeader/>" if head else "<w:cantSplit/>"
    return f"<w:tr><w:trPr>{told}</w:trPr>{''.join(_cells(cells, table, widths, head))}</w:tr>"


def _cells(cells: Sequence[str], table: Table, widths: Sequence[int], head: bool) -> Iterator[str]:
    from xml.sax.saxutils import escape

    line = '<w:tcBorders><w:bottom w:val="single" w:sz="6" w:color="000000"/></w:tcBorders>'
    bold, together = ("<w:b/>", "<w:keepNext/>") if head else ("", "")
    for column, text, width in zip(table.columns, cells, widths, strict=True):
        side = "right" if column in table.right else "left"
        parts = "<w:br/>".join(
            f'<w:t xml:space="preserve">{escape(plain(part))}</w:t>' for part in text.split("\n")
        )
        yield (
            f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{line if head else ""}</w:tcPr>'
            f"<w:p><w:pPr>{together}"
            '<w:spacing w:before="20" w:after="20" w:line="240" w:lineRule="auto"/>'
            f'<w:jc w:val="{side}"/></w:pPr>'
            f'<w:r><w:rPr>{bold}<w:sz w:val="17"/></w:rPr>{parts}</w:r>'
            "</w:p></w:tc>"
        )


def plain(text: str) -> str:
    """Text without what XML cannot hold."""
    return "".join(c for c in text if c >= " " or c == "\t")


def column_widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """Widths in twentieths of a point that fill the page: by the longest word and the usual length.

    A column gets what its longest unbreakable part needs, then its share of the rest.
    """
    from rich.cells import cell_len

    whole = round(WIDE / 2.54 * 1440)
    columns = list(zip(*rows, strict=True))
    words = [
        max(
            cell_len(word) + (n == 0)
            for n, cell in enumerate(column)
            for word in (*parts(cell), *BRACKETS.findall(cell))
        )
        for column in columns
    ]  # letters of the head are bold
    lengths = [sorted(cell_len(cell) for cell in column[1:] or column) for column in columns]
    usual = [max(column[int(0.9 * (len(column) - 1))], 1) for column in lengths]
    least = [
        min(max(word, LEAST, min(u, SHORT)), MOST) for word, u in zip(words, usual, strict=True)
    ]
    extra = [max(0, min(u, 3 * MOST) - n) for u, n in zip(usual, least, strict=True)]
    letter = 95  # of 8.5 points
    needed = [letter * n + 140 for n in least]
    if sum(needed) >= whole:
        return [int(n * whole / sum(needed)) for n in needed]
    rest = whole - sum(needed)
    total = sum(extra) or len(extra)
    shares = extra if sum(extra) else [1] * len(extra)
    return [int(n + rest * e / total) for n, e in zip(needed, shares, strict=True)]


def parts(text: str) -> list[str]:
    """What no line break falls into: Chinese characters may be parted, words may not."""
    from plansim.reports.words.folding import BITS

    return [bit.strip() for bit in BITS.findall(text)] or [""]
