"""A workbook of marks as it came back: lines that carry their key, so that neither order nor place in it matters."""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from surveys.intake.cleaning import clean_line, folded, name_key
from surveys.intake.headers import Fault, Faults, HeadedRow, Header
from surveys.intake.sheets import headed, passed_over, unread_columns
from surveys.intake.tables import Table

TITLES: Mapping[str, Collection[str]] = {
    "row": ("条目",),
    "unit": ("单位",),
    "points": ("打分",),
    "remark": ("说明",),
    "evidence": ("查看的材料",),
    "key": ("标识",),
}
FOR_READING = ("测评内容", "考核部门", "满分")
STANDARDS_SHEET = "测评标准"
"""Columns and a sheet of the workbook that are there for who marks."""

_TYPED = ("points", "remark", "evidence")
_ID = re.compile(r"[0-9]{1,9}", re.ASCII)
_AGAIN = "请重新导出打分表，把分数抄过去再导入。"


@dataclass(frozen=True)
class MarkKey:
    """Which mark a line is about. `edition`: of the framework's content; `version`: of the mark that was exported."""

    assessment_id: int
    framework: str
    edition: str
    row_key: str
    department: str
    unit_id: int
    version: int

    @property
    def text(self) -> str:
        """With a check at the end: dragging a cell down in Excel counts its last number up."""
        body = "|".join(map(str, vars(self).values()))
        return f"{body}|{_check(body)}"


def _check(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:6] + "x"


def parse_key(text: str) -> MarkKey | None:
    """The key a cell holds, or None."""
    body, _, check = clean_line(text).rpartition("|")
    parts = body.split("|")
    if check != _check(body) or len(parts) != len(MarkKey.__dataclass_fields__):
        return None
    assessment, framework, edition, row_key, department, unit, version = parts
    if not all(_ID.fullmatch(number) for number in (assessment, unit, version)):
        return None
    return MarkKey(int(assessment), framework, edition, row_key, department, int(unit), int(version))


@dataclass(frozen=True)
class Expected:
    """What a workbook may be about. `editions`: by framework; `units`: names by id; `department`: None for any."""

    assessment_id: int
    title: str
    editions: Mapping[str, str]
    units: Mapping[int, str]
    department: str | None


@dataclass(frozen=True)
class MarkLine:
    """A line of the workbook, and where it stands, for what is found wrong with it later."""

    key: MarkKey
    points: str
    remark: str
    evidence: str
    source: HeadedRow


def read_marks(
    tables: Sequence[Table], expected: Expected, most_words: int
) -> tuple[list[MarkLine], list[str], Faults]:
    """The lines of all sheets that have keys and points, sentences on what is not read, and what is wrong with them."""
    faults = Faults()
    lines = []
    read = headed(tables, TITLES, ("key", "points"))
    notes: list[str] = []
    for table, header in read:
        notes += unread_columns(header, TITLES, FOR_READING)
        for fault in header.doubled:
            faults.add(fault)
        lines += list(_lines(table, header, expected, faults, most_words))
    notes += passed_over(tables, read, (STANDARDS_SHEET,))
    if not read:
        remedy = "没有找到“标识”“打分”等列。请用本站导出的打分表填写，列名不要改，“标识”一列不要删。"
        faults.add(Fault("", None, "", "", remedy))
    _check_doubled(lines, faults)
    return lines, notes, faults


def _lines(table: Table, header: Header, expected: Expected, faults: Faults, most_words: int) -> Iterator[MarkLine]:
    for row in table.rows:
        source = HeadedRow(header, row)
        typed = any(clean_line(source.text(each)) for each in _TYPED)
        if row.number <= header.row.number or not (typed or clean_line(source.text("key"))):
            continue
        if (merged := next((each for each in (*_TYPED, "key") if _is_merged(source, each)), None)) is not None:
            faults.add(source.fault(merged, "是合并单元格，分不清是谁的。请取消合并，各行分别填写。"))
            continue
        if faults.add_unread(source):
            continue
        key = parse_key(source.text("key"))
        if key is None:
            where = (
                "这一行没有标识。" if not clean_line(source.text("key")) else "标识被改动，认不出是哪个单位的哪一条。"
            )
            faults.add(source.fault("key", f"{where}请不要增加行、不要改标识，{_AGAIN}"))
        elif (alien := _alien(key, expected)) is not None:
            faults.add(source.fault("key", alien))
            return  # the whole sheet is: once is enough
        elif (mixed := _mixed_up(source, key, expected)) is not None:
            faults.add(source.fault(*mixed))
        else:
            points, remark, evidence = (clean_line(source.text(each)) for each in _TYPED)
            long = [each for each, text in (("remark", remark), ("evidence", evidence)) if len(text) > most_words]
            for each in long:
                faults.add(source.fault(each, f"太长，最多 {most_words} 个字。"))
            if not long:
                yield MarkLine(key, points, remark, evidence, source)


def _is_merged(source: HeadedRow, each: str) -> bool:
    return source.has(each) and source.header.columns[each] in source.row.merged


def _alien(key: MarkKey, expected: Expected) -> str | None:
    if key.assessment_id != expected.assessment_id:
        return f"这是另一次考核（编号 {key.assessment_id}）的打分表，不能导入“{expected.title}”。{_AGAIN}"
    if expected.editions.get(key.framework) != key.edition:
        return f"测评体系在导出之后有了改动，条目和满分可能不同。{_AGAIN}"
    if expected.department not in (None, key.department):
        return f"这是{key.department}的打分表，您的账号属于{expected.department or '其他部门'}。请导入本部门的表。"
    return None


def _mixed_up(source: HeadedRow, key: MarkKey, expected: Expected) -> tuple[str, str] | None:
    """(field, remedy) where the words of a line are not those of its key: only some of the columns were sorted."""
    name = expected.units.get(key.unit_id)
    if name is None:
        return "key", f"这个单位已不在“{expected.title}”中。请删去这一行。"
    remedy = "像是只移动或排序了一部分列，请撤销后整行移动，或重新导出再填。"
    if source.has("unit") and name_key(source.text("unit")) != name_key(name):
        return "unit", f"这一行的标识是“{name}”的，和写的单位不符。{remedy}"
    if source.has("row") and folded(source.text("row")) != folded(key.row_key):
        return "row", f"这一行的标识是 {key.row_key} 的，和写的条目不符。{remedy}"
    return None


def _check_doubled(lines: Sequence[MarkLine], faults: Faults) -> None:
    first: dict[tuple[int, str, str], MarkLine] = {}
    for line in lines:
        place = (line.key.unit_id, line.key.row_key, line.key.department)
        before = first.setdefault(place, line)
        if before is not line:
            there = before.source.seen_from(line.source)
            faults.add(line.source.fault("key", f"和{there}是同一格。请只留一行。"))
