"""Documents as PDF: everything is on the page, whatever its length, and the same document is the same bytes."""

import io
import re
import subprocess
import zlib
from pathlib import Path

import pytest
from fontTools.ttLib.tables._g_l_y_f import Glyph
from PIL import Image

from surveys.reporting.document_pdf import documents_pdf
from surveys.reporting.documents import Document, Heading, Paragraph, Part, Picture, Signature, Table
from tests.tools import require_tool


def pages_of(data: bytes, folder: Path) -> list[str]:
    """The text of each page."""
    path = folder / "document.pdf"
    path.write_bytes(data)
    command = [str(require_tool("pdftotext", "poppler-utils")), "-layout", str(path), "-"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return text.split("\f")[:-1]


def document(*parts: Part, draft: str | None = None) -> Document:
    return Document("样例考核", "考核报告", draft, parts)


def pdf(made: Document) -> bytes:
    (data,) = documents_pdf([made])
    return data


def png(width: int = 60, height: int = 40) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(target, "PNG")
    return target.getvalue()


def test_a_long_table_goes_on_under_its_titles(tmp_path: Path) -> None:
    rows = tuple((f"第{number}行", "说明" * 30, str(number)) for number in range(1, 121))
    table = Table(("行", "说明", "分数"), rows, (1, 4, 1), frozenset({2}))
    pages = pages_of(pdf(document(Heading("一、表"), table)), tmp_path)
    assert len(pages) > 3
    for number, page in enumerate(pages, start=1):
        assert "分数" in page
        assert f"—{number}—" in page.replace(" ", "")
    text = "\n".join(pages)
    assert all(f"第{number}行" in text for number in range(1, 121))


def test_a_heading_never_ends_a_page(tmp_path: Path) -> None:
    for lines in range(20, 40):
        parts = [Paragraph("正文。") for _ in range(lines)]
        table = Table(("甲", "乙"), (("表内", "一"), ("表内", "二")), (1, 1))
        data = pdf(document(*parts, Heading("末尾的标题"), table))
        (page,) = [page for page in pages_of(data, tmp_path) if "末尾的标题" in page]
        assert "表内" in page, lines


def test_a_picture_is_on_the_page_whole() -> None:
    data = pdf(document(*(Paragraph("正文。") for _ in range(30)), Heading("图"), Picture(png(60, 50))))
    assert data.count(b"/Type /Page\n") == 2
    assert b"/Subtype /Image" in data


@pytest.mark.parametrize(("width", "height"), [(60, 40), (100, 500), (10, 3000)])
def test_a_picture_never_leaves_its_page(width: int, height: int) -> None:
    data = pdf(document(Picture(png(width, height))))
    streams = [zlib.decompress(each) for each in re.findall(rb"stream\n(x.*?)\nendstream", data, re.DOTALL)]
    (placed,) = [found for each in streams for found in re.findall(rb"q ([0-9. -]+) cm /I1 Do", each)]
    across, _, _, up, left, bottom = map(float, placed.split())
    assert 0 < left < left + across < 595
    assert 24 * 72 / 25.4 <= bottom < bottom + up < 842


def test_a_draft_says_so_on_every_page(tmp_path: Path) -> None:
    parts = tuple(Paragraph("正文。") for _ in range(80))
    pages = pages_of(pdf(document(*parts, draft="尚未核定")), tmp_path)
    assert len(pages) == 3
    assert all("尚未核定" in page and page.count("草") == page.count("稿") == 2 for page in pages)
    final = pages_of(pdf(document(*parts)), tmp_path)
    assert not any("草稿" in page for page in final)


def test_no_outline_is_worked_out_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpacking and packing each letter again took four fifths of the time."""

    def refuse(*_: object) -> None:
        pytest.fail("an outline was unpacked")

    monkeypatch.setattr(Glyph, "expand", refuse)
    assert pdf(document(Paragraph("网络意识形态工作责任制䶮𬭎")))


def test_the_same_document_is_the_same_bytes() -> None:
    made = document(Heading("一"), Paragraph("正文"), Picture(png()), draft="尚未核定")
    other = document(Paragraph("别的文件"))
    first, again = (next(documents_pdf([made, other])) for _ in range(2))
    assert first == again


@pytest.mark.parametrize("text", ["", "　", "😀 emoji", "长" * 3000, "A" * 300, "（" * 50, "\n换行\t制表"])
def test_strange_texts_break_nothing(text: str, tmp_path: Path) -> None:
    table = Table(("列",), ((text,),), (1,))
    made = Document(text, text, None, (Heading(text), Paragraph(text), table, Signature(text)))
    assert pages_of(pdf(made), tmp_path)


def test_a_missing_sign_is_seen(tmp_path: Path) -> None:
    (page,) = pages_of(pdf(document(Paragraph("甲😀乙"))), tmp_path)
    assert "甲〓乙" in page
