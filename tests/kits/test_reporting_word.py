"""Word files: they open, say everything, look the same on another machine, and are the same bytes at another time."""

import io
import re
import time
import zipfile
from collections.abc import Iterator

import docx
import pytest
from docx.oxml.ns import qn
from lxml import etree

from surveys.reporting.document_word import documents_word
from surveys.reporting.documents import Document, Heading, Paragraph, Part, Picture, Signature, Table
from tests.kits.test_reporting_documents import png

TABLE = Table(("单位", "得分"), (("甲局 & <乙>", "90.00"), ("丙局", "80.00")), (3, 1), frozenset({1}))


def word(*parts: Part, draft: str | None = None, footing: str = "") -> bytes:
    (data,) = documents_word([Document("样例考核", "考核报告", draft, parts, footing)])
    return data


def text_of(data: bytes) -> list[str]:
    """Each paragraph and cell of the body that says something, in order."""
    body = docx.Document(io.BytesIO(data)).element.body
    texts = ("".join(each.text or "" for each in part.iter(qn("w:t"))) for part in body.iter(qn("w:p")))
    return [text for text in texts if text]


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def fonts_of(data: bytes) -> Iterator[etree._Element]:
    for name, content in parts_of(data).items():
        if name.startswith("word/") and name.endswith(".xml"):
            yield from etree.fromstring(content).iter(qn("w:rFonts"))


def test_everything_is_in_the_file_in_order() -> None:
    parts = (Heading("一、结果"), Paragraph("正文。"), TABLE, Heading("（1）甲", 2), Signature("市委网信办"))
    assert text_of(word(*parts)) == [
        *("样例考核", "考核报告", "一、结果", "正文。", "单位", "得分", "甲局 & <乙>", "90.00", "丙局", "80.00"),
        *("（1）甲", "市委网信办", "年　　月　　日"),
    ]


def test_headings_are_headings() -> None:
    """So that Word's outline and table of contents have them."""
    file = docx.Document(io.BytesIO(word(Heading("一"), Heading("（1）", 2), Paragraph("正文"))))
    assert [(each.text, each.style.style_id) for each in file.paragraphs[2:]] == [
        ("一", "Heading1"),
        ("（1）", "Heading2"),
        ("正文", "Normal"),
    ]


def test_chinese_text_has_its_font_named_and_no_theme_has_a_say() -> None:
    found = list(fonts_of(word(Heading("一"), Paragraph("正文"), TABLE, Signature("某办"), footing="脚", draft="草")))
    assert len(found) > 10
    for fonts in found:
        assert fonts.get(qn("w:eastAsia")) in ("仿宋", "宋体", "黑体", "楷体")
        assert not [name for name in fonts.attrib if name.endswith("Theme")]


def test_a_table_repeats_its_titles_and_breaks_no_row() -> None:
    (table,) = docx.Document(io.BytesIO(word(TABLE))).tables
    rows = table._tbl.findall(qn("w:tr"))
    assert [row.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None for row in rows] == [True, False, False]
    assert all(row.find(f"{qn('w:trPr')}/{qn('w:cantSplit')}") is not None for row in rows)
    widths = [int(each.get(qn("w:w"))) for each in table._tbl.tblGrid]
    assert widths[0] == pytest.approx(3 * widths[1], abs=3)
    assert [each.text for each in table.rows[1].cells] == ["甲局 & <乙>", "90.00"]


def test_a_signature_has_no_page_of_its_own() -> None:
    file = docx.Document(io.BytesIO(word(Paragraph("此复。"), Signature("某办"))))
    before, who, date = file.paragraphs[-3:]
    assert before.paragraph_format.keep_with_next
    assert who.style.paragraph_format.keep_with_next
    assert date.text == "年　　月　　日"


def test_a_heading_may_begin_a_page() -> None:
    file = docx.Document(io.BytesIO(word(Paragraph("甲"), Heading("附：表", new_page=True))))
    assert file.paragraphs[-1].paragraph_format.page_break_before


def test_pages_are_numbered_and_say_where_the_figures_are_from() -> None:
    parts = parts_of(word(Paragraph("甲"), footing="封存码 sha256:abc"))
    (footer,) = [content.decode() for name, content in parts.items() if "footer" in name]
    assert 'w:instr="PAGE"' in footer
    assert "封存码 sha256:abc" in footer


def test_a_draft_says_so_on_every_page() -> None:
    found = [
        [content.decode() for name, content in parts_of(word(Paragraph("甲"), draft=draft)).items() if "header" in name]
        for draft in ("尚未核定", None)
    ]
    assert len(found[0]) == 1
    assert found[0][0].count("草稿") == 2  # in words, and across the page
    assert "尚未核定" in found[0][0]
    assert found[1] == []


def test_a_picture_fits_between_the_margins() -> None:
    for size in ((1000, 100), (100, 3000)):
        file = docx.Document(io.BytesIO(word(Picture(png(*size)))))
        (shape,) = file.inline_shapes
        section = file.sections[0]
        assert shape.width <= section.page_width - section.left_margin - section.right_margin + 1
        assert shape.height < section.page_height - section.top_margin - section.bottom_margin
        assert shape.width / shape.height == pytest.approx(size[0] / size[1], rel=0.01)


def test_the_same_document_is_the_same_bytes_at_another_time(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = (Heading("一"), Paragraph("正文"), TABLE, Picture(png()))
    first = word(*parts, draft="尚未核定")
    later = time.localtime(time.time() + 86400 * 400)
    monkeypatch.setattr(time, "localtime", lambda *_: later)
    assert word(*parts, draft="尚未核定") == first
    with zipfile.ZipFile(io.BytesIO(first)) as bundle:
        assert {entry.date_time for entry in bundle.infolist()} == {(2000, 1, 1, 0, 0, 0)}
    about = parts_of(first)["docProps/core.xml"].decode()
    assert set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", about)) == {"2000-01-01T00:00:00Z"}
    assert "python" not in about


@pytest.mark.parametrize(
    "text", ["", "\x00\x0b\x1f", "\ud800", "䶮𬭎阿卜杜拉·买买提", "]]>&<w:t>", "a\nb\tc", "长" * 3000]
)
def test_strange_texts_break_nothing(text: str) -> None:
    made = Document(text, text, text, (Heading(text), Paragraph(text), Table((text,), ((text,),), (1,))), text)
    (data,) = documents_word([made])
    joined = "".join(text_of(data))
    assert ("䶮𬭎" in joined) == ("䶮𬭎" in text)
    assert not re.search("[\x00-\x08\x0b\x1f]", joined)
