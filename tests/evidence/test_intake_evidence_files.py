"""What is taken as evidence: told by content, refused in words, hostile files without harm."""

import io
import struct
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.evidence.uploads import evidence_files
from surveys.evidence.uploads.evidence_files import KINDS, MOST_NAME, Kind, UnfitFile, clean_file_name, kind_of
from surveys.intake.compound_files import entry_names
from tests import handed_in

MACRO_SHEET = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"


def kind(name: str, data: bytes) -> Kind:
    return kind_of(name, io.BytesIO(data))


def refusal(name: str, data: bytes) -> str:
    with pytest.raises(UnfitFile) as caught:
        kind(name, data)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "data", "label"),
    [
        ("a.pdf", handed_in.PDF, "PDF"),
        ("a.PDF", handed_in.PDF, "PDF"),
        ("a.png", handed_in.PNG, "PNG 图片"),
        ("a.jpg", handed_in.JPEG, "JPEG 图片"),
        ("a.jpeg", handed_in.JPEG, "JPEG 图片"),
        ("a.mp4", handed_in.MP4, "MP4 视频"),
        ("a.mov", handed_in.MOV, "MOV 视频"),
        ("a.docx", handed_in.office(), "Word 文档"),
        ("a.xlsx", handed_in.office("xl/workbook.xml"), "Excel 工作簿"),
        ("a.pptx", handed_in.office("ppt/presentation.xml"), "演示文稿"),
        ("a.ofd", handed_in.zipped({"OFD.xml": b"<x/>"}), "OFD 版式文件"),
        ("a.doc", handed_in.compound(["WordDocument", "1Table"]), "旧版 Word 文档"),
        ("a.wps", handed_in.compound(["WordDocument"]), "旧版 Word 文档"),
        ("a.xls", handed_in.compound(["Workbook"]), "旧版 Excel 工作簿"),
        ("a.ppt", handed_in.compound(["PowerPoint Document"]), "旧版演示文稿"),
        ("a.doc", handed_in.compound(["ObjectPool", "Workbook", "WordDocument"]), "旧版 Word 文档"),
        ("a.doc", handed_in.compound([f"s{number}" for number in range(40)] + ["WordDocument"]), "旧版 Word 文档"),
    ],
)
def test_what_is_taken(name: str, data: bytes, label: str) -> None:
    found = kind(name, data)
    assert found.label == label
    assert found in KINDS


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("空.pdf", b"", ["空.pdf", "0 字节"]),
        ("报告.pdf", handed_in.EXE, [".pdf", "Windows 程序"]),
        ("报告.pdf", b"<!DOCTYPE html><script>alert(1)</script>%PDF-1.7", [".pdf", "网页"]),
        ("报告.pdf", b"\xef\xbb\xbf \n<svg onload=alert(1)>%PDF-", [".pdf", "网页"]),
        ("报告.html", handed_in.PDF, [".html", "PDF", "（.pdf）"]),
        ("报告.pdf.exe", handed_in.PDF, [".exe", "PDF"]),
        ("报告.pdf.exe", handed_in.EXE, ["报告.pdf.exe", "Windows 程序"]),
        ("照片.jpg", handed_in.PNG, [".jpg", "PNG 图片", ".png"]),
        ("报告", handed_in.PDF, ["（没有）", "PDF"]),
        ("报告.docx", handed_in.office("xl/workbook.xml"), [".docx", "Excel 工作簿", ".xlsx"]),
        ("报告.docx", handed_in.compound(["WordDocument"]), [".docx", "旧版 Word 文档", ".doc"]),
        ("报告.docx", handed_in.compound(["EncryptedPackage", "EncryptionInfo"]), ["密码"]),
        ("报告.docx", handed_in.zipped({"a.txt": b"x"}), [".docx", "压缩包"]),
        ("报告.docx", b"PK\x05\x06" + bytes(18), [".docx", "压缩包"]),
        ("报告.docx", handed_in.office()[:-30], ["已损坏"]),
        ("报告.docx", handed_in.office(main="text/plain"), [".docx", "认不出来"]),
        ("包.zip", handed_in.zipped({"a.txt": b"x"}), ["包.zip", "压缩包"]),
        ("包.rar", b"Rar!\x1a\x07", ["包.rar", "压缩包"]),
        ("照片.heic", b"\0\0\0\x18ftypheic" + bytes(9), ["HEIC", "JPG"]),
        ("a.sh", b"#!/bin/sh\nrm -rf /", ["脚本"]),
        ("a.txt", b"hello", ["a.txt", "认不出"]),
        ("a.pdf", b"hello", [".pdf", "认不出来"]),
        ("a.docm", handed_in.office(more={"word/vbaProject.bin": b"x"}), ["宏"]),
        ("a.docx", handed_in.office(more={"word/vbaProject.bin": b"x"}), ["宏"]),
        ("a.docx", handed_in.office(more={"word/VBAPROJECT.BIN": b"x"}), ["宏"]),
        ("a.xlsx", handed_in.office("xl/workbook.xml", main=MACRO_SHEET), ["宏"]),
        ("a.xls", handed_in.compound(["Workbook", "_VBA_PROJECT_CUR"]), ["宏"]),
        ("a.doc", handed_in.compound(["WordDocument", "Macros", "VBA"]), ["宏"]),
        ("a.doc", handed_in.compound(["x"]), [".doc", "认不出来"]),
        ("a.doc", handed_in.compound(["WordDocument"])[:600], ["已损坏"]),
    ],
)
def test_what_is_refused_and_why(name: str, data: bytes, words: list[str]) -> None:
    text = refusal(name, data)
    for word in words:
        assert word in text, text


def test_an_encrypted_zip_is_a_password() -> None:
    types = {"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}
    assert "密码" in refusal("a.docx", handed_in.zipped(types, encrypted=True))


def test_one_byte_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_files, "MOST_BYTES", len(handed_in.PDF))
    assert kind("a.pdf", handed_in.PDF)
    assert "超过" in refusal("a.pdf", handed_in.PDF + b"x")


def test_what_unpacks_to_too_much_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_files, "MOST_UNPACKED", 3_000_000)
    bomb = handed_in.office(more={f"word/{number}.xml": bytes(1_000_000) for number in range(4)})
    assert len(bomb) < 10_000
    tracemalloc.start()
    assert "压缩炸弹" in refusal("a.docx", bomb)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_too_many_entries() -> None:
    many = handed_in.office(more={f"word/{number}": b"" for number in range(evidence_files.MOST_ENTRIES)})
    assert "压缩炸弹" in refusal("a.docx", many)


@pytest.mark.parametrize("entries", [1, 65_535])
def test_a_directory_too_long_to_be_read_is_not_read(entries: int) -> None:
    """`zipfile` reads as much as the end says, whatever the count."""
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, entries, entries, 40_000_000, 30, 0)
    data = b"PK\3\4" + bytes(40_000_000 - 4 + 30) + end
    tracemalloc.start()
    assert "压缩炸弹" in refusal("a.docx", data)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_the_large_form_of_a_zip_is_refused() -> None:
    """It would say how long the directory is in another place than the one that is looked at."""
    data = handed_in.office()
    locator = b"PK\6\7" + bytes(16)
    place = data.rfind(b"PK\5\6")
    assert "不收" in refusal("a.docx", data[:place] + locator + data[place:])


def test_content_types_stand_once_and_are_read_up_to_a_limit() -> None:
    types = b"wordprocessingml.document.main+xml"
    assert "已损坏" in refusal("a.docx", handed_in.zipped({"[Content_Types].xml": types, "[content_types].xml": types}))
    long = handed_in.zipped({"[Content_Types].xml": bytes(5_000_000) + types, "word/document.xml": b""})
    assert "已损坏" in refusal("a.docx", long)


def test_content_types_in_utf_16() -> None:
    types = "<x>application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml</x>"
    data = handed_in.zipped({"[Content_Types].xml": types.encode("utf-16"), "word/document.xml": b""})
    assert kind("a.docx", data).label == "Word 文档"


def test_an_endless_directory_ends() -> None:
    data = bytearray(handed_in.compound(["WordDocument"] * 8))
    struct.pack_into("<I", data, 512 + 4, 1)  # the second sector is its own successor
    assert entry_names(io.BytesIO(bytes(data))) is None


@given(st.binary(max_size=1500))
def test_any_compound_file_is_read_or_broken(noise: bytes) -> None:
    whole = handed_in.compound(["WordDocument"])
    data = whole[:24] + noise + whole[24 + len(noise) :]
    found = entry_names(io.BytesIO(data))
    assert found is None or isinstance(found, set)


@given(st.binary(max_size=300), st.integers(0, 600))
def test_any_zip_is_taken_or_refused(noise: bytes, place: int) -> None:
    data = handed_in.office()
    with suppress(UnfitFile):
        assert kind("a.docx", data[:place] + noise + data[place + len(noise) :]) in KINDS


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("报告.pdf", "报告.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\张三\\报告 终稿.pdf", "报告 终稿.pdf"),
        ("/etc/cron.d/x.pdf", "x.pdf"),
        ("a\0b\r\nc.pdf", "a b c.pdf"),
        ("报告\u202efdp.exe", "报告fdp.exe"),
        ('a<b>:"|?*.pdf', "a_b______.pdf"),
        ("  年度　报告.pdf ", "年度 报告.pdf"),
        ("报\ufffe告\ufdd0\ud800.pdf", "报_告__.pdf"),
        ("报告.pdf. ", "报告.pdf"),
    ],
)
def test_names_are_cleaned(name: str, clean: str) -> None:
    assert clean_file_name(name) == clean


def test_a_huge_name_keeps_its_ending() -> None:
    name = clean_file_name("长" * 5000 + ".docx")
    assert len(name) == MOST_NAME
    assert name.endswith("长.docx")
    assert len(clean_file_name("a." + "b" * 5000)) <= MOST_NAME


@pytest.mark.parametrize("name", ["", "..", "/", "a/", "\0", "...", "\u200b", "   "])
def test_no_name_is_refused(name: str) -> None:
    with pytest.raises(UnfitFile):
        clean_file_name(name)


@given(st.text(max_size=300))
def test_a_clean_name_is_clean(name: str) -> None:
    try:
        clean = clean_file_name(name)
    except UnfitFile:
        return
    assert 0 < len(clean) <= MOST_NAME
    assert not set(clean) & set('/\\<>:"|?*\0\r\n')
    assert clean == clean_file_name(clean)
