"""Documents as Word files (.docx), which offices edit before they go out. Styles, page and sizes as GB/T 9704 has them.

The same document gives the same bytes, whatever the clock says.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import docx
from docx.document import Document as WordFile
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Mm

from surveys.reporting.documents import (
    DATE,
    DRAFT,
    Document,
    Heading,
    Paragraph,
    Part,
    Picture,
    Signature,
    Table,
)
from surveys.reporting.fonts import MISSING
from surveys.reporting.word_styles import STYLES, Look, styles_xml

# Millimetres: GB/T 9704, 5.2.
_LEFT, _RIGHT, _TOP, _BOTTOM = 28.0, 26.0, 37.0, 35.0
_WIDTH, _HEIGHT = 210.0 - _LEFT - _RIGHT, 297.0 - _TOP - _BOTTOM
_TALLEST = _HEIGHT - 30
_TWIPS = 1440 / 25.4
_LONGEST_PROPERTY = 255
_NO_TIME = datetime(2000, 1, 1)  # noqa: DTZ001  what a zip and the core properties hold has no zone
# What XML 1.0 cannot hold, even escaped.
_UNSPEAKABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_USELESS = (
    RELATIONSHIP_TYPE.NUMBERING,
    RELATIONSHIP_TYPE.CUSTOM_XML,
    "http://schemas.microsoft.com/office/2007/relationships/stylesWithEffects",
)
_WATERMARK = """
<w:r {names}><w:pict><v:shapetype id="_x0000_t136" coordsize="21600,21600" o:spt="136" adj="10800"
path="m@7,l@8,m@5,21600l@6,21600e"><v:formulas><v:f eqn="sum #0 0 10800"/><v:f eqn="prod #0 2 1"/>
<v:f eqn="sum 21600 0 @1"/><v:f eqn="sum 0 0 @2"/><v:f eqn="sum 21600 0 @3"/><v:f eqn="if @0 @3 0"/>
<v:f eqn="if @0 21600 @1"/><v:f eqn="if @0 0 @2"/><v:f eqn="if @0 @4 21600"/></v:formulas>
<v:path textpathok="t" o:connecttype="rect"/><v:textpath on="t" fitshape="t"/></v:shapetype>
<v:shape id="PowerPlusWaterMarkObject1" type="#_x0000_t136" style="position:absolute;margin-left:0;margin-top:0;
width:300pt;height:150pt;rotation:320;z-index:-251658752;mso-position-horizontal:center;
mso-position-horizontal-relative:margin;mso-position-vertical:center;mso-position-vertical-relative:margin"
o:allowincell="f" fillcolor="#e8e8e8" stroked="f">
<v:textpath style="font-family:&quot;黑体&quot;;font-size:1pt" string="{text}"/></v:shape></w:pict></w:r>
"""
_WATERMARK_NAMES = nsdecls("w") + (
    ' xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
)


def documents_word(documents: Sequence[Document]) -> Iterator[bytes]:
    """A Word file of each."""
    for document in documents:
        yield _word(document)


def _word(document: Document) -> bytes:
    file = docx.Document(io.BytesIO(_template()))
    file.core_properties.title = _clean(f"{document.title} {document.subtitle}")[:_LONGEST_PROPERTY]
    _add(file, document.title, Look.TITLE)
    _add(file, document.subtitle, Look.SUBTITLE)
    for part in document.parts:
        if isinstance(part, Signature):  # with the words before it: a signature has no page of its own
            file.paragraphs[-1].paragraph_format.keep_with_next = True
        _write(file, part)
    _furnish(file, document)
    return _packed(file)


@cache
def _template() -> bytes:
    """An empty A4 file with our styles and nothing of the library's own template: no theme fonts, no thumbnail."""
    file = docx.Document()
    styles = file.styles.element
    for child in list(styles):
        styles.remove(child)
    for child in parse_xml(styles_xml(nsdecls("w"))):
        styles.append(child)
    section = file.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin, section.right_margin = Mm(_LEFT), Mm(_RIGHT)
    section.top_margin, section.bottom_margin = Mm(_TOP), Mm(_BOTTOM)
    section.header_distance, section.footer_distance = Mm(18), Mm(20)
    for owner in (file.part.package.rels, file.part.rels):
        for key, relation in list(owner.items()):
            if relation.reltype in (*_USELESS, RELATIONSHIP_TYPE.THUMBNAIL):
                del owner[key]
    about = file.core_properties
    about.author = about.last_modified_by = about.comments = about.keywords = ""
    about.created = about.modified = _NO_TIME
    about.revision = 1
    about.language = "zh-CN"
    return _packed(file)


def _packed(file: WordFile) -> bytes:
    """Saved, with the clock taken out: each entry of the zip has the hour of its making."""
    saved, target = io.BytesIO(), io.BytesIO()
    file.save(saved)
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as result:
        for entry in source.infolist():
            stamped = zipfile.ZipInfo(entry.filename, _NO_TIME.timetuple()[:6])
            result.writestr(stamped, source.read(entry), zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _clean(text: str) -> str:
    return _UNSPEAKABLE.sub(MISSING, text)


def _write(file: WordFile, part: Part) -> None:
    match part:
        case Heading():
            heading = _add(file, part.text, Look.HEADING if part.level == 1 else Look.SUBHEADING)
            if part.new_page:
                heading.paragraph_format.page_break_before = True
        case Paragraph():
            look = Look.NOTE if part.small else Look.BODY if part.indented else Look.ADDRESS
            _add(file, part.text, look)
        case Signature():
            _add(file, part.who, Look.SIGNATURE)
            _add(file, DATE, Look.DATE)
        case Table():
            _table(file, part)
        case Picture():
            width, height = part.scaled(_WIDTH, _TALLEST)
            run = _add(file, "", Look.PICTURE).add_run()
            run.add_picture(io.BytesIO(part.png), Mm(width), Mm(height))


def _add(file: WordFile, text: str, look: Look) -> Any:  # noqa: ANN401  python-docx has no types of its own here
    return file.add_paragraph(_clean(text), STYLES[look].name)


def _table(file: WordFile, part: Table) -> None:
    """Straight as XML: the library looks through the whole table for each cell."""
    unit = _WIDTH * _TWIPS / sum(part.widths)
    widths = [round(unit * width) for width in part.widths]
    rows = [_row(part, part.titles, widths, head=True), *(_row(part, row, widths, head=False) for row in part.rows)]
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    xml = (
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblStyle w:val="{STYLES[Look.GRID].key}"/>'
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/><w:tblLayout w:type="fixed"/></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )
    body = file.element.body
    body.insert_element_before(parse_xml(xml), "w:sectPr")
    # Two tables in a row would become one; and text wants air below a table.
    _add(file, "", Look.AIR)


def _row(part: Table, cells: Sequence[str], widths: Sequence[int], *, head: bool) -> str:
    found = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/><w:vAlign w:val="center"/></w:tcPr>'
        f"{_cell(text, head=head, number=number in part.numbers)}</w:tc>"
        for number, (text, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"<w:tr><w:trPr><w:cantSplit/>{'<w:tblHeader/>' if head else ''}</w:trPr>{found}</w:tr>"


def _cell(text: str, *, head: bool, number: bool) -> str:
    look = Look.CELL_HEAD if head else Look.CELL_NUMBER if number else Look.CELL
    clean = escape(_clean(" ".join(text.split())))
    return (
        f'<w:p><w:pPr><w:pStyle w:val="{STYLES[look].key}"/></w:pPr>'
        f'<w:r><w:t xml:space="preserve">{clean}</w:t></w:r></w:p>'
    )


def _furnish(file: WordFile, document: Document) -> None:
    """Head and foot of every page."""
    section = file.sections[0]
    footer = section.footer
    footer.is_linked_to_previous = False
    number = footer.paragraphs[0]
    number.style = STYLES[Look.FOOT].name
    number.add_run("— ")
    number._p.append(parse_xml(f'<w:fldSimple {nsdecls("w")} w:instr="PAGE"><w:r><w:t>1</w:t></w:r></w:fldSimple>'))
    number.add_run(" —")
    if document.footing:
        footer.add_paragraph(_clean(document.footing), STYLES[Look.FOOTING].name)
    if document.draft is not None:
        header = section.header
        header.is_linked_to_previous = False
        header.paragraphs[0].style = STYLES[Look.HEAD].name
        header.paragraphs[0].add_run(_clean(f"{DRAFT}　{document.draft}"))
        header.paragraphs[0]._p.append(parse_xml(_WATERMARK.format(names=_WATERMARK_NAMES, text=DRAFT)))
