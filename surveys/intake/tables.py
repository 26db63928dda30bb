"""A spreadsheet file -> tables of text: .xlsx, .xls and .csv, told apart by what is in them."""

import codecs
import csv
import io
import json
import logging
import re
import signal
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from surveys.intake.zips import BROKEN

MOST_BYTES = 10 * 1024 * 1024
MOST_UNPACKED = 80 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 60
MOST_IN_CELL = 32_767  # as Excel
MOST_TEXT = 10_000_000
"""Characters of a workbook's cells together, each cell of a merged area counted."""
MOST_ANSWER = 96 * 1024 * 1024
"""Bytes of what the reader says: MOST_TEXT as JSON, and room for the rest."""
READER_SECONDS = 60
STARTED = b"started"
"""The first line of what the reader says, before it looks at the file."""
ENDINGS = (".xlsx", ".xlsm", ".xls", ".csv", ".txt", ".tsv")

log = logging.getLogger(__name__)

_SAVE_AS = "请用 Excel 或 WPS 打开，另存为 .xlsx 后再导入。"
_OTHERS = {
    b"%PDF": "PDF 文件",
    b"\x89PNG": "图片",
    b"\xff\xd8\xff": "图片",
    b"GIF8": "图片",
    b"RIFF": "图片",
    b"II*\0": "图片",
    b"MM\0*": "图片",
    b"Rar!": "压缩包",
    b"7z\xbc\xaf": "压缩包",
    b"\x1f\x8b": "压缩包",
}
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_UNFIT = {
    "password": "文件有密码，打不开。请用 Excel 或 WPS 打开，在“文件”菜单里去掉打开密码，另存为 .xlsx 后再导入。",
    "large": f"文件太大，读不下来。请删去多余的行列和工作表。{_SAVE_AS}",
    "broken": f"文件已损坏，或不是 Excel 工作簿。{_SAVE_AS}",
    "rows": f"超过 {MOST_ROWS} 行，不能导入。请只留名单所在的行，删去下面多余的内容。",
    "columns": f"超过 {MOST_COLUMNS} 列，不能导入。请删去右边多余的列。",
    "not started": "网站读 Excel 的程序没有启动，文件还没有读，什么都没有导入。不是文件的问题，请联系管服务器的人。",
    "crashed": f"网站读这个文件时出了故障，什么都没有导入。{_SAVE_AS}还不行，请联系管服务器的人。",
}
_LIMITS = (-signal.SIGABRT, -signal.SIGKILL, -signal.SIGXCPU)
"""How a reader ends that wants more memory or time than it may have."""


_ERROR = re.compile(r"#(N/A|[A-Z_0-9/]+[!?])|#GETTING_DATA|(Err|错误)[:：][0-9]{3}", re.IGNORECASE)
"""A cell whose formula failed, as Excel, WPS and LibreOffice write it into a text file."""
_TOO_NARROW = re.compile("#{3,}")
"""What Excel exports for a number or date in a column too narrow for it."""


class UnreadableFile(Exception):
    """A file that is no table of ours: its text says in Chinese what it is and what to do."""


@dataclass(frozen=True)
class TableRow:
    """`texts`: by column, from the first. `merged`: by column (from 1) the row and column where its merged area begins;
    every cell of the area has the area's text, as far as the sheet has cells with something in them. `unread`: by
    column what is wrong and what to do where a cell has no value: its text is an error or a formula."""

    number: int
    texts: tuple[str, ...]
    merged: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    unread: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A sheet. `name`: empty for a text file. `rows`: those that are not blank, numbered as a spreadsheet does, from 1.

    A hidden sheet is not read.
    """

    name: str
    rows: tuple[TableRow, ...]
    hidden: bool = False


def read_tables(name: str, data: bytes) -> tuple[Table, ...]:
    """The sheets of a file as uploaded, hidden ones without rows. Raises UnreadableFile."""
    _check(name, data)
    if data.startswith(_ZIP):
        _check_zip(data)
        return _workbook(data)
    if data.startswith(_OLE):
        _check_ole(data)
        return _workbook(data)
    return (Table("", _text_rows(_decoded(data))),)


def _check(name: str, data: bytes) -> None:
    if not data:
        raise UnreadableFile("文件是空的。请选有内容的文件。")
    if len(data) > MOST_BYTES:
        raise UnreadableFile(f"文件超过 {MOST_BYTES // 1024 // 1024} MB，不能导入。请删去图片和多余的工作表。")
    for start, what in _OTHERS.items():
        if data.startswith(start):
            raise UnreadableFile(f"这是{what}，不是表格，改了扩展名也不能导入。请导入 .xlsx、.xls 或 .csv 文件。")
    ending = PurePath(name).suffix.lower()
    if ending not in ENDINGS:
        shown = f"“{ending[:20]}”文件" if ending else "没有扩展名的文件"
        raise UnreadableFile(f"不认识{shown}。请导入 .xlsx、.xls 或 .csv 文件。")


def _check_zip(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except BROKEN:
        raise UnreadableFile(_UNFIT["broken"]) from None
    if sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise UnreadableFile(_UNFIT["large"])
    if any(entry.flag_bits & 1 for entry in entries):
        raise UnreadableFile(_UNFIT["password"])
    if not any(entry.filename.startswith("xl/") for entry in entries):
        raise UnreadableFile(f"这不是 Excel 工作簿（可能是 Word 文档、WPS 文字或压缩包）。{_SAVE_AS}")


def _check_ole(data: bytes) -> None:
    """The names of an OLE file's streams stand in it as UTF-16."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise UnreadableFile(_UNFIT["password"])
    if not any(stream.encode("utf-16-le") in data for stream in ("Workbook", "Book")):
        raise UnreadableFile(f"这不是 Excel 工作簿（可能是 Word 文档）。{_SAVE_AS}")


def _workbook(data: bytes) -> tuple[Table, ...]:
    reader = str(Path(__file__).with_name("workbook_reader.py"))
    limits = (MOST_ROWS, MOST_COLUMNS, MOST_IN_CELL, MOST_TEXT)
    try:
        done = _answer([sys.executable, "-I", reader, *map(str, limits)], data)
    except OSError as error:  # no process to be had
        log.error("the reader of workbooks did not start: %s", error)
        raise UnreadableFile(_UNFIT["not started"]) from None
    started, _, said = done.stdout.partition(b"\n")
    if done.returncode != 0 or started != STARTED:
        raise UnreadableFile(_UNFIT[_why_silent(done, started == STARTED)])
    answer = json.loads(said)
    if "fault" in answer:
        where = f"工作表“{answer['sheet']}”" if answer["sheet"] else ""
        if "cell" in answer:
            raise UnreadableFile(f"{where}{answer['cell']}：{_why_unread(answer['text'])}")
        raise UnreadableFile(where + _UNFIT[answer["fault"]])
    return tuple(map(_table, answer["sheets"]))


def _answer(command: Sequence[str], data: bytes) -> subprocess.CompletedProcess[bytes]:
    """What a reader says, killed when it says or takes too much: a few KB in may be hundreds of MB out."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as complaints:
        given.write(data)
        given.seek(0)
        with subprocess.Popen(command, stdin=given, stdout=subprocess.PIPE, stderr=complaints) as reader:  # noqa: S603
            assert reader.stdout is not None
            late = threading.Timer(READER_SECONDS, reader.kill)
            late.start()
            try:
                said = reader.stdout.read(MOST_ANSWER + 1)
                if len(said) <= MOST_ANSWER:
                    reader.wait()
            finally:
                late.cancel()
                reader.kill()
        complaints.seek(0)
        return subprocess.CompletedProcess(command, reader.returncode, said, complaints.read(4000))


def _why_silent(done: subprocess.CompletedProcess[bytes], started: bool) -> str:
    if started and done.returncode in _LIMITS:
        return "large"
    log.error("the reader of workbooks ended with %d: %s", done.returncode, done.stderr.decode(errors="replace"))
    return "crashed" if started else "not started"


def _table(sheet: dict[str, Any]) -> Table:
    rows = (_row(found, sheet["unread"].get(str(found[0]), ())) for found in sheet["rows"])
    return Table(sheet["name"], tuple(rows), sheet["hidden"])


def _row(found: list[Any], without_value: Sequence[int]) -> TableRow:
    number, texts, merged = found
    unread = _errors(texts) | {column: _why_unread(texts[column - 1]) for column in without_value}
    return TableRow(number, tuple(texts), {int(column): (top, left) for column, (top, left) in merged.items()}, unread)


def _errors(texts: Sequence[str]) -> dict[int, str]:
    """Errors that came as text: from a text file, or copied as values."""
    return {
        column: _why_unread(text.strip())
        for column, text in enumerate(texts, start=1)
        if "#" in text or ":" in text or "：" in text
        if _ERROR.fullmatch(text.strip()) or _TOO_NARROW.fullmatch(text.strip())
    }


def _why_unread(text: str) -> str:
    if text.startswith("="):
        return "这里的公式没有存下结果。请用 Excel 或 WPS 打开这个文件一次，保存，再上传；或者直接填上内容。"
    if _TOO_NARROW.fullmatch(text):
        return f"{text[:10]} 是列太窄显示不下，内容没有导出来。请把这一列拉宽，再另存一次。"
    return f"{text} 是公式出的错，不是内容。请改好公式，或者直接填上内容；本来没有内容的，请清空这一格。"


def _decoded(data: bytes) -> str:
    encodings = [encoding for bom, encoding in _BOMS if data.startswith(bom)] or ["utf-8", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnreadableFile(f"文件里的文字认不出来：不是 UTF-8，也不是 GB18030（GBK）。{_SAVE_AS}")


def _text_rows(text: str) -> tuple[TableRow, ...]:
    if text.lstrip()[:1] == "<":
        raise UnreadableFile(f"这是网页格式的表格，不是真正的 Excel 文件。{_SAVE_AS}")
    rows = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        for number, texts in enumerate(reader, start=1):
            if number > MOST_ROWS:
                raise UnreadableFile(_UNFIT["rows"])
            if any(each.strip() for each in texts):
                within = _within_width(texts)
                rows.append(TableRow(number, within, unread=_errors(within)))
    except csv.Error:
        line = reader.line_num
        raise UnreadableFile(f"第 {line} 行前后的英文引号不成对，分不清各列。{_SAVE_AS}") from None
    return tuple(rows)


def _within_width(texts: list[str]) -> tuple[str, ...]:
    while not texts[-1].strip():
        texts.pop()
    if len(texts) > MOST_COLUMNS:
        raise UnreadableFile(_UNFIT["columns"])
    return tuple(texts)


def _delimiter(text: str) -> str:
    """Excel's "Unicode text" has tabs; some systems write semicolons."""
    head = text[:4000]
    return max((",", "\t", ";"), key=head.count)
