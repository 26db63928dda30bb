"""Files to hand in, lawful and hostile, made in memory."""

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0" + bytes(20)
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(20)
MP4 = b"\0\0\0\x18ftypisom" + bytes(20)
MOV = b"\0\0\0\x14ftypqt  " + bytes(20)
EXE = b"MZ\x90\0" + bytes(60)
_MAIN = {
    "word/document.xml": "wordprocessingml.document",
    "xl/workbook.xml": "spreadsheetml.sheet",
    "ppt/presentation.xml": "presentationml.presentation",
}


def zipped(entries: Mapping[str, bytes], *, encrypted: bool = False) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    made = bytearray(target.getvalue())
    if encrypted:  # the flag alone, in each entry of the directory
        place = made.find(b"PK\x01\x02")
        while place >= 0:
            made[place + 8] |= 1
            place = made.find(b"PK\x01\x02", place + 1)
    return bytes(made)


def office(part: str = "word/document.xml", more: Mapping[str, bytes] | None = None, main: str | None = None) -> bytes:
    kind = main or f"application/vnd.openxmlformats-officedocument.{_MAIN[part]}.main+xml"
    types = f'<Types><Override PartName="/{part}" ContentType="{kind}"/></Types>'
    return zipped({"[Content_Types].xml": types.encode(), part: b"<x/>", **(more or {})})


def compound(names: Sequence[str]) -> bytes:
    """An OLE file with these storages and streams."""
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<H", header, 30, 9)
    struct.pack_into("<II", header, 44, 1, 1)
    struct.pack_into("<I", header, 68, 0xFFFFFFFE)
    header[76:] = b"\xff" * (512 - 76)
    struct.pack_into("<I", header, 76, 0)
    entries = b""
    for name in ["Root Entry", *names]:
        raw = name.encode("utf-16-le") + b"\0\0"
        entries += raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw), 2, 1) + bytes(60)
    entries += bytes(-len(entries) % 512)
    sectors = len(entries) // 512
    chain = [0xFFFFFFFD, *range(2, sectors + 1), 0xFFFFFFFE]
    table = struct.pack(f"<{len(chain)}I", *chain).ljust(512, b"\xff")
    return bytes(header) + table + entries
