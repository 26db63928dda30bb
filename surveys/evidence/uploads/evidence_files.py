"""What an uploaded piece of evidence is, by what is in it; and its name, made safe."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from surveys.intake.cleaning import clean_line, visible
from surveys.intake.compound_files import entry_names, is_compound
from surveys.intake.zips import BROKEN

MOST_BYTES = 50 * 1024 * 1024
MOST_NAME = 100
MOST_ENTRIES = 5_000
MOST_DIRECTORY = 2 * 1024 * 1024
MOST_UNPACKED = 400 * 1024 * 1024
MOST_CONTENT_TYPES = 1024 * 1024

_ZIP = b"PK\x03\x04"
_END, _END_SIZE, _LONGEST_COMMENT = b"PK\x05\x06", 22, 65_535
_ZIP64 = (b"PK\x06\x06", b"PK\x06\x07")
# What file systems refuse, halves of surrogate pairs, and what Unicode calls no character.
_NOT_IN_NAMES = re.compile('[<>:"|?*\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]')


class UnfitFile(Exception):
    """A file that is not taken: its text says in Chinese what it is and what to do."""


@dataclass(frozen=True)
class Kind:
    """A kind of file that is taken. `endings`: lower case, the usual one first."""

    label: str
    endings: tuple[str, ...]
    media_type: str


_OFFICE = "application/vnd.openxmlformats-officedocument."
PDF = Kind("PDF", (".pdf",), "application/pdf")
DOCX = Kind("Word 文档", (".docx",), f"{_OFFICE}wordprocessingml.document")
XLSX = Kind("Excel 工作簿", (".xlsx",), f"{_OFFICE}spreadsheetml.sheet")
PPTX = Kind("演示文稿", (".pptx",), f"{_OFFICE}presentationml.presentation")
OFD = Kind("OFD 版式文件", (".ofd",), "application/ofd")
DOC = Kind("旧版 Word 文档", (".doc", ".wps"), "application/msword")
XLS = Kind("旧版 Excel 工作簿", (".xls", ".et"), "application/vnd.ms-excel")
PPT = Kind("旧版演示文稿", (".ppt", ".dps"), "application/vnd.ms-powerpoint")
PNG = Kind("PNG 图片", (".png",), "image/png")
JPEG = Kind("JPEG 图片", (".jpg", ".jpeg"), "image/jpeg")
MP4 = Kind("MP4 视频", (".mp4", ".m4v"), "video/mp4")
MOV = Kind("MOV 视频", (".mov",), "video/quicktime")
KINDS = (PDF, DOCX, XLSX, PPTX, OFD, DOC, XLS, PPT, PNG, JPEG, MP4, MOV)
ENDINGS = tuple(ending for kind in KINDS for ending in kind.endings)
TAKEN = "PDF、OFD、Word、Excel、演示文稿、JPG 和 PNG 图片、MP4 和 MOV 视频"

_MAIN_PARTS = {
    b"wordprocessingml.document.main+xml": DOCX,
    b"spreadsheetml.sheet.main+xml": XLSX,
    b"presentationml.presentation.main+xml": PPTX,
}
_COMPOUND = {"WordDocument": DOC, "Workbook": XLS, "Book": XLS, "PowerPoint Document": PPT}
_COMPOUND_MACROS = {"Macros", "VBA", "_VBA_PROJECT", "_VBA_PROJECT_CUR"}
_OTHERS = (
    (b"MZ", "Windows 程序"),
    (b"\x7fELF", "程序"),
    (b"#!", "脚本"),
    (b"Rar!", "压缩包"),
    (b"7z\xbc\xaf", "压缩包"),
    (b"\x1f\x8b", "压缩包"),
    (b"PK", "压缩包"),
    (b"GIF8", "GIF 图片"),
    (b"BM", "BMP 图片"),
    (b"II*\0", "TIFF 图片"),
    (b"MM\0*", "TIFF 图片"),
    (b"{\\rtf", "RTF 文档"),
    (b"\0\0\x01\xba", "MPG 视频"),
    (b"\x30\x26\xb2\x75", "WMV 视频"),
)
_MACROS = "文件带有宏，不收。请另存为不带宏的 .docx、.xlsx、.pptx 或 PDF 后再交。"
_PASSWORD = "文件有密码，审核人打不开。请去掉密码后再交。"  # noqa: S105 - words, not a password
_BROKEN = "文件已损坏，打不开。请在电脑上打开核对，重新保存后再交。"


def clean_file_name(name: str) -> str:
    """The last part of a path without characters that no name should have, at most `MOST_NAME` long, ending kept.

    Raises UnfitFile when nothing is left.
    """
    last = visible(name).replace("\\", "/").rsplit("/", 1)[-1]
    kept = clean_line(_NOT_IN_NAMES.sub("_", last)).strip(". ")
    path = PurePosixPath(kept or ".")
    if not path.stem:
        raise UnfitFile("文件没有名字。请给文件起个名字，再选一次。")
    ending = path.suffix if len(path.suffix) <= 10 else ""
    return kept.removesuffix(ending)[: MOST_NAME - len(ending)].rstrip() + ending


def kind_of(name: str, stream: BinaryIO) -> Kind:
    """What the file is. `name`: cleaned; `stream`: seekable, left anywhere. Raises UnfitFile."""
    size = stream.seek(0, 2)
    if size == 0:
        raise UnfitFile(f"“{name}”是空的（0 字节）。请选有内容的文件。")
    if size > MOST_BYTES:
        raise UnfitFile(f"“{name}”超过 {MOST_BYTES // 1024 // 1024} MB。请压缩图片或视频，或拆成几个文件再交。")
    stream.seek(0)
    head = stream.read(64)
    ending = PurePosixPath(name).suffix.lower()
    found = _found(head, stream, size, ending)
    if isinstance(found, str):
        raise UnfitFile(_not_taken(name, ending, found))
    if ending not in found.endings:
        raise UnfitFile(
            f"“{name}”的扩展名是“{ending[:10] or '（没有）'}”，"
            f"内容却是“{found.label}”（{found.endings[0]}），两者不符。"
            f"请核对是不是选错了文件；内容没有错，就把扩展名改成 {found.endings[0]} 再交。"
        )
    return found


def _not_taken(name: str, ending: str, what: str) -> str:
    taken = f"这里收 {TAKEN}。"
    if ending not in ENDINGS:
        return f"不收“{name}”这样的文件：{'认不出是什么' if not what else f'它是“{what}”'}。{taken}"
    if not what:
        return f"“{name}”的扩展名是“{ending}”，内容却认不出来，可能已损坏。请在电脑上打开核对后再交。{taken}"
    return f"“{name}”的扩展名是“{ending}”，内容却是“{what}”，改了扩展名也不收。{taken}"


def _found(head: bytes, stream: BinaryIO, size: int, ending: str) -> Kind | str:
    """The kind, or what else it is in words, empty when nobody knows."""
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR":
        return PNG
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head[4:8] == b"ftyp":
        return _media(head[8:12])
    if head.startswith(_ZIP):
        return _zipped(stream, size)
    if is_compound(head):
        return _compound(stream, ending)
    if head[:4] == b"RIFF":
        return {b"WEBP": "WEBP 图片", b"AVI ": "AVI 视频"}.get(head[8:12], "")
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        return "网页或 XML 文件"
    return next((what for start, what in _OTHERS if head.startswith(start)), "")


def _media(brand: bytes) -> Kind | str:
    if brand == b"qt  ":
        return MOV
    if brand[:3] in (b"hei", b"hev", b"mif", b"avi", b"msf"):
        return "HEIC 图片（在手机上把相机格式改为“兼容性最佳”，或另存为 JPG）"
    return "音频" if brand[:3] in (b"M4A", b"M4B") else MP4


def _compound(stream: BinaryIO, ending: str) -> Kind | str:
    names = entry_names(stream)
    if names is None:
        raise UnfitFile(_BROKEN)
    if "EncryptedPackage" in names:
        raise UnfitFile(_PASSWORD)
    if names & _COMPOUND_MACROS:
        raise UnfitFile(_MACROS)
    # A document may carry a sheet: the ending says which of the two is the file.
    found = [kind for name, kind in _COMPOUND.items() if name in names]
    return next((kind for kind in found if ending in kind.endings), found[0] if found else "")


def _zipped(stream: BinaryIO, size: int) -> Kind | str:
    _check_end(stream, size)
    try:
        with zipfile.ZipFile(stream) as archive:
            return _packed(archive)
    except BROKEN:
        raise UnfitFile(_BROKEN) from None


def _check_end(stream: BinaryIO, size: int) -> None:
    """The length of the directory, before `zipfile` reads all of it into memory. An office file needs no zip64."""
    stream.seek(max(0, size - _END_SIZE - _LONGEST_COMMENT - 20))
    tail = stream.read()
    end = tail[tail.rfind(_END) :] if _END in tail else b""
    if len(end) < _END_SIZE:
        raise UnfitFile(_BROKEN)
    entries, directory = int.from_bytes(end[10:12], "little"), int.from_bytes(end[12:16], "little")
    if entries > MOST_ENTRIES or directory > MOST_DIRECTORY or any(mark in tail for mark in _ZIP64):
        raise UnfitFile("文件里的内容太多，像是压缩炸弹，不收。请另存为 PDF 后再交。")


def _packed(archive: zipfile.ZipFile) -> Kind | str:
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise UnfitFile("文件解开后太大，像是压缩炸弹，不收。请删去多余的内容，或另存为 PDF 后再交。")
    if any(entry.flag_bits & 1 for entry in entries):
        raise UnfitFile(_PASSWORD)
    names = [entry.filename.lower() for entry in entries]
    if any(name.rsplit("/", 1)[-1].startswith("vbaproject") for name in names):
        raise UnfitFile(_MACROS)
    if names.count("[content_types].xml") > 1:
        raise UnfitFile(_BROKEN)
    if "[Content_Types].xml" not in archive.namelist():
        return OFD if "ofd.xml" in names else "压缩包（请解开，逐个交）"
    return _office(archive)


def _office(archive: zipfile.ZipFile) -> Kind | str:
    with archive.open("[Content_Types].xml") as part:
        # Nobody parses it: names of types are looked for. Some programs write it as UTF-16.
        types = part.read(MOST_CONTENT_TYPES + 1).replace(b"\0", b"")
    if len(types) > MOST_CONTENT_TYPES:
        raise UnfitFile(_BROKEN)
    if b"macroenabled" in types.lower() or b"vbaproject" in types.lower():
        raise UnfitFile(_MACROS)
    found = [kind for part, kind in _MAIN_PARTS.items() if part in types]
    return found[0] if len(found) == 1 and any(_main_folder(archive, found[0])) else ""


def _main_folder(archive: zipfile.ZipFile, kind: Kind) -> Iterator[bool]:
    folder = {DOCX: "word/", XLSX: "xl/", PPTX: "ppt/"}[kind]
    return (name.startswith(folder) for name in archive.namelist())
