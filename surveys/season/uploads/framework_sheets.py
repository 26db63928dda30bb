"""Tables -> a framework, one scored row a row, and every fault at its cell."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from surveys.catalog import messages, rules
from surveys.catalog.model import CODE_PATTERN, Framework, Method
from surveys.catalog.problems import FieldPath
from surveys.catalog.source import UNUSABLE
from surveys.intake.cleaning import folded
from surveys.intake.headers import Fault, Faults, HeadedRow, Header
from surveys.intake.sheets import headed, passed_over, unread_columns
from surveys.intake.tables import Table
from surveys.scoring.score_sheet import Kind
from surveys.season.uploads.framework_faults import field_remedy

ROWS_SHEET, ABOUT_SHEET = "测评体系", "基本信息"
ROW_TITLES: Mapping[str, str] = {
    "key": "编号",
    "block": "测评项目",
    "indicator": "测评指标",
    "content": "测评内容",
    "text": "测评标准",
    "methods": "测评方法",
    "points": "分值",
    "kind": "类型",
    "applies_to": "适用",
    "departments": "考核部门",
    "starts_full": "从满分起",
    "comprehensive": "综合评定",
    "evidence": "佐证材料",
    "note": "说明",
    "act": "操作",
}
ABOUT_TITLES: Mapping[str, str] = {"item": "项目", "value": "内容", "points": "分值", "note": "说明"}
SINGLE_ITEMS: Mapping[str, str] = {
    "key": "体系编号",
    "title": "体系名称",
    "lead_department": "牵头部门",
    "default_department": "默认考核部门",
    "points_note": "分值说明",
}
TAG, DEPARTMENT, BLOCK = "单位标签", "考核部门", "板块"
DELETE, YES, NO = "删除", "是", "否"
SEPARATORS = "、，,;；\n"
"""Between the names of one cell: no tag and no department that is written into one may hold any."""

MOST_ROWS = 1000
TERMS = rules.Terms(
    zero="0",
    points="分值",
    standard="类型是“测评项”",
    veto="类型“一票否决”",
    starts_full="清空这一格",
    comprehensive="清空这一格",
    tags=f"“{ABOUT_SHEET}”表的“{TAG}”",
)
_OPTIONAL = ("act",)
_LEVELS = (("block", "blocks"), ("indicator", "indicators"), ("content", "contents"))
_OWN_CELL = ("key", "text", "points")
_CODE = re.compile(CODE_PATTERN)
_CODE_BEFORE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.()_-]*")
_SPLIT = re.compile(f"[{SEPARATORS}]")


@dataclass(frozen=True)
class FrameworkFile:
    """`deleted`: keys of the rows that the file marks as to be deleted. `notes`: what was not read, as sentences."""

    framework: Framework
    deleted: tuple[str, ...]
    notes: tuple[str, ...]


def read_framework(tables: Sequence[Table], current: Framework | None = None) -> tuple[FrameworkFile | None, Faults]:
    """The framework, None when there are faults. `current`: what it is to replace: no row of it may be lost."""
    reading = _Reading(current)
    reading.take(tables)
    return reading.finish(), reading.faults


class _Reading:
    def __init__(self, current: Framework | None) -> None:
        self.current = current
        self.faults = Faults()
        self.notes: list[str] = []
        self.deleted: list[str] = []
        self.data: dict[str, Any] = {"tags": [], "blocks": []}
        self.places: dict[FieldPath, tuple[HeadedRow, str]] = {}
        self.refused: set[FieldPath] = set()
        self.departments: set[str] = set()
        self.about_blocks: dict[str, HeadedRow] = {}
        self.sections: dict[tuple[str, ...], tuple[FieldPath, dict[str, Any], HeadedRow]] = {}
        self.header: Header | None = None
        self.keys: dict[str, HeadedRow] = {}
        self.blocks_known = True

    def take(self, tables: Sequence[Table]) -> None:
        rows = self._sheet(tables, ROWS_SHEET, ROW_TITLES, "text")
        about = self._sheet(tables, ABOUT_SHEET, ABOUT_TITLES, "item")
        if rows is None or about is None:
            return
        self.header = rows[1]
        self.notes += passed_over(tables, [rows, about])
        said, sources = _sources(*about), _sources(*rows)
        if any([self.faults.add_unread(source) for source in (*said, *sources)]):
            return  # whatever else is found would come of them
        self._take_about(about[1].sheet, said)
        if len(sources) > MOST_ROWS:
            self._fault(sources[MOST_ROWS], "key", f"超过 {MOST_ROWS} 条，不像是测评体系。请检查是否选错了文件。")
            return
        for source in sources:
            self._take_row(source)
        if not self.data["blocks"]:
            self._add(rows[1], None, "", "", "表头下面没有条目，请填好后再导入。")
        self._check_lost(rows[1])

    def _sheet(
        self, tables: Sequence[Table], name: str, titles: Mapping[str, str], needed: str
    ) -> tuple[Table, Header] | None:
        several = {field: (title,) for field, title in titles.items()}
        found = headed(tables, several, [needed])
        found = [each for each in found if each[0].name == name] or found
        if len(found) != 1:
            sheets = "、".join(f"“{table.name}”" for table, _ in found)
            hidden = "（隐藏的工作表不读）" if any(table.hidden for table in tables) else ""
            what = f"工作表 {sheets} 都像是“{name}”，请只留一张" if found else f"没有找到“{name}”工作表{hidden}"
            columns = "、".join(titles.values())
            self.faults.add(Fault("", None, "", "", f"{what}。要有这些列：{columns}。请先导出，在导出的表上修改。"))
            return None
        for fault in found[0][1].doubled:
            self.faults.add(fault)
        self.notes += unread_columns(found[0][1], several)
        missing = [title for field, title in titles.items() if field not in (*found[0][1].columns, *_OPTIONAL)]
        for title in missing:
            self._add(found[0][1], found[0][1].row.number, "", "", f"缺“{title}”一列：请从导出的表里补回来。")
        return None if missing else found[0]

    def _take_about(self, sheet: str, sources: Sequence[HeadedRow]) -> None:
        fields = {item: field for field, item in SINGLE_ITEMS.items()}
        for source in sources:
            item = folded(source.text("item"))
            value = self._text(source, "value")
            if item in fields:
                self._take_single(source, fields[item], value)
            elif item == TAG:
                self.places["tags", len(self.data["tags"])] = source, "value"
                self.data["tags"].append(value)
            elif item == DEPARTMENT:
                self.departments.add(value)
            elif item == BLOCK:
                self._take_about_block(source, value)
            else:
                known = "、".join((*SINGLE_ITEMS.values(), TAG, DEPARTMENT, BLOCK))
                self._fault(source, "item", f"不认识这个项目：可写 {known}。请改正，或整行删去。")
        for field, item in SINGLE_ITEMS.items():
            if field not in self.data and field != "points_note":
                self.refused.add((field,))
                self.faults.add(Fault(sheet, None, "", item, f"缺“{item}”一行：请补上。"))
        self.departments |= {self.data[each] for each in ("lead_department", "default_department") if each in self.data}
        if self.current is not None and self.data.get("key", self.current.key) != self.current.key:
            remedy = f"这里要导入的是“{self.current.key}”（{self.current.title}），请检查是否选错了文件；编号不能改。"
            self._fault(self.places["key",][0], "value", remedy)

    def _take_single(self, source: HeadedRow, field: str, value: str) -> None:
        if field in self.data:
            first = self.places[field,][0].row.number
            self._fault(source, "item", f"这一项在第 {first} 行已经有了：请只留一行。")
            return
        self.data[field] = folded(value) if field == "key" else value
        self.places[field,] = source, "value"

    def _take_about_block(self, source: HeadedRow, value: str) -> None:
        code, _ = _code_and_name(value)
        if not code:
            self._fault(source, "value", "请写成“编号 名称”的样子，例如“I-1 责任制内容”。")
        elif code in self.about_blocks:
            first = self.about_blocks[code].row.number
            self._fault(source, "value", f"板块“{code}”在第 {first} 行已经有了：请只留一行。")
        else:
            self.about_blocks[code] = source

    def _take_row(self, source: HeadedRow) -> None:
        act = folded(source.text("act"))
        key = folded(self._text(source, "key"))
        if key:
            self.keys.setdefault(key, source)
        if act == DELETE:
            if not key:
                self._fault(source, "key", "要删除的这一行没有编号：请补上编号，或整行删去。")
            self.deleted.append(key)
            return
        if act:
            self._fault(source, "act", f"只能写“{DELETE}”，或者留空。")
        self._check_merged(source)
        path, content = self._content(source)
        path = (*path, "standards", len(content["standards"]))
        for field in ROW_TITLES:
            self.places[*path, field] = source, field
        row: dict[str, Any] = {
            "key": key,
            "text": self._text(source, "text", path),
            "methods": self._methods(source, path),
            "departments": self._departments(source),
            "applies_to": self._tags(source),
            "kind": self._kind(source, path),
            "points": folded(source.text("points")),
            "starts_full": self._yes(source, "starts_full", path),
            "comprehensive": self._yes(source, "comprehensive", path),
            "evidence": [line.strip() for line in self._text(source, "evidence", path).split("\n") if line.strip()],
            "note": self._text(source, "note", path),
        }
        content["standards"].append(row)

    def _content(self, source: HeadedRow) -> tuple[FieldPath, dict[str, Any]]:
        """Where the row belongs; a section that cannot be read is one of its own."""
        entries: dict[str, Any] = self.data
        path: FieldPath = ()
        codes: tuple[str, ...] = ()
        for field, plural in _LEVELS:
            code, name = _code_and_name(self._text(source, field))
            if not code:
                self._fault(source, field, "请写成“编号 名称”的样子，例如“II-1 提高认识”：编号在前，空一格。")
                self.blocks_known &= field != "block"
            codes = (*codes, code or f"?{source.row.number}")
            if codes not in self.sections:
                path = (*path, plural, len(entries[plural]))
                self._open_section(codes, path, field, code, name, source)
                entries[plural].append(self.sections[codes][1])
            path, entries, first = self.sections[codes]
            if code and entries["name"] != name:
                there = f"第 {first.row.number} 行写的是“{entries['name'][:40]}”"
                self._fault(source, field, f"“{code}”的名称在{there}：请改成一样的。")
        return path, entries

    def _open_section(
        self, codes: tuple[str, ...], path: FieldPath, field: str, code: str, name: str, source: HeadedRow
    ) -> None:
        entry: dict[str, Any] = {"code": code, "name": name}
        for each in ("code", "name"):
            self.places[*path, each] = source, field
            if any(each_code.startswith("?") for each_code in codes):
                self.refused.add((*path, each))
        if field == "block":
            self._fill_block(entry, path, source)
        entry[{"block": "indicators", "indicator": "contents", "content": "standards"}[field]] = []
        self.sections[codes] = path, entry, source

    def _fill_block(self, entry: dict[str, Any], path: FieldPath, source: HeadedRow) -> None:
        about = self.about_blocks.pop(entry["code"], None)
        if about is None:
            self.refused.add((*path, "points"))
            if entry["code"]:
                self._fault(source, "block", f"“{ABOUT_SHEET}”表里没有这个板块：请加一行“{BLOCK}”，写上编号和分值。")
            return
        entry["points"], entry["note"] = folded(about.text("points")), self._text(about, "note")
        self.places[*path, "points"], self.places[*path, "note"] = (about, "points"), (about, "note")
        _, name = _code_and_name(self._text(about, "value"))
        if name not in ("", entry["name"]):
            there = f"“{ROWS_SHEET}”表第 {source.row.number} 行写的是“{entry['name'][:40]}”"
            self._fault(about, "value", f"板块名称和{there}不一样：请改成一样的。")

    def _methods(self, source: HeadedRow, path: FieldPath) -> list[Method]:
        known = {method.label: method for method in Method}
        words = [folded(word) for word in self._words(source, "methods", "或")]
        unknown = [word for word in words if word not in known]
        if unknown or not words:
            what = f"没有“{'、'.join(unknown)}”这种测评方法" if unknown else "没有写测评方法"
            self._fault(source, "methods", f"{what}：可写 {'、'.join(known)}，几种之间用顿号。")
            self.refused.add((*path, "methods"))
        return [known[word] for word in words if word in known]

    def _departments(self, source: HeadedRow) -> list[str]:
        names = self._words(source, "departments")
        for name in names:
            if name not in self.departments:
                advice = f"请改正；确是新部门的，请在“{ABOUT_SHEET}”表加一行“{DEPARTMENT}”写上它"
                self._fault(source, "departments", f"没有“{name}”这个考核部门：{advice}。")
        return names or [self.data.get("default_department", "-")]

    def _tags(self, source: HeadedRow) -> list[str]:
        known = {folded(tag): tag for tag in self.data["tags"]}
        words = self._words(source, "applies_to")
        return [word if word in self.data["tags"] else known.get(folded(word), word) for word in words]

    def _kind(self, source: HeadedRow, path: FieldPath) -> Kind | None:
        known = {kind.label: kind for kind in Kind}
        word = folded(source.text("kind"))
        if word and word not in known:
            self._fault(source, "kind", f"没有这种类型：可写 {'、'.join(known)}。")
            self.refused.add((*path, "kind"))
            return None
        return known.get(word, Kind.STANDARD)

    def _yes(self, source: HeadedRow, field: str, path: FieldPath) -> bool:
        word = folded(source.text(field))
        if word not in (YES, NO, ""):
            self._fault(source, field, f"只能写“{YES}”或“{NO}”，或者留空。")
            self.refused.add((*path, field))
        return word == YES

    def _words(self, source: HeadedRow, field: str, further: str = "") -> list[str]:
        text = self._text(source, field)
        for separator in further:
            text = text.replace(separator, SEPARATORS[0])
        return [word.strip() for word in _SPLIT.split(text) if word.strip()]

    def _text(self, source: HeadedRow, field: str, path: FieldPath | None = None) -> str:
        """As it stands in the cell, without the spaces around it."""
        text = source.text(field).replace("\r\n", "\n").replace("\r", "\n").strip()
        if UNUSABLE.search(text) is None:
            return text
        self._fault(source, field, "有看不见的控制字符：请删去这一格，重新输入。")
        if path is not None:
            self.refused.add((*path, field))
        return ""

    def _check_merged(self, source: HeadedRow) -> None:
        for field, column in source.header.columns.items():
            row, left = source.row.merged.get(column, (source.row.number, column))
            if left != column:
                self._fault(source, field, "这一格和左边的列合并了：请取消合并，各列分开写。")
            elif row != source.row.number and field in _OWN_CELL:
                self._fault(source, field, f"这一格和第 {row} 行合并了：请取消合并，每一条各写各的。")

    def _check_lost(self, header: Header) -> None:
        before = ""
        for row in self.current.rows() if self.current else ():
            key = row.standard.key
            if key not in self.keys:
                where = f"（原来在第 {self.keys[before].row.number} 行“{before}”之后）" if before else ""
                remedy = f"现有的这一条在表里没有了{where}：请补回来；要删去的，请留着这一行，在“操作”列写“{DELETE}”。"
                self._add(header, None, header.place("key"), key, remedy)
            else:
                before = key

    def finish(self) -> FrameworkFile | None:
        if not self.data["blocks"]:
            return None
        for code, source in self.about_blocks.items():
            remedy = f"“{ROWS_SHEET}”表里没有板块“{code}”的条目：请删去这一行，或补上条目。"
            self._fault(source, "value", remedy)
        framework = None
        try:
            framework = Framework.model_validate(self.data)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                if not self._was_refused(details["loc"]) and not messages.is_echo(details):
                    self._fault_at(details["loc"], field_remedy(details))
        for fault in self._broken_rules():
            first = self._place(fault.earlier) if fault.earlier else None
            there = f"（第 {first[0].row.number} 行已经有了）" if first else ""
            self._fault_at(fault.path, f"{fault.message}{there}。")
        if framework is None or self.faults.count:
            return None
        return FrameworkFile(framework, tuple(self.deleted), tuple(self.notes))

    def _broken_rules(self) -> Iterator[rules.Fault]:
        for fault in rules.framework_faults(self.data, TERMS):
            is_sum = fault.path == ("blocks",) or (len(fault.path) == 3 and fault.path[2] == "points")
            if (self.blocks_known or not is_sum) and not any(map(self._was_refused, (fault.path, fault.earlier or ()))):
                yield fault

    def _was_refused(self, path: FieldPath) -> bool:
        return any(path[:length] in self.refused for length in range(len(path) + 1))

    def _place(self, path: FieldPath) -> tuple[HeadedRow, str] | None:
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path)

    def _fault_at(self, path: FieldPath, remedy: str) -> None:
        place = self._place(path)
        if place is not None:
            self._fault(*place, remedy)
        elif self.header is not None:  # the sum of all points: at the title of their column
            self._add(self.header, self.header.row.number, self.header.place("points"), "", remedy)

    def _fault(self, source: HeadedRow, field: str, remedy: str) -> None:
        self.faults.add(source.fault(field, remedy))

    def _add(self, header: Header, row: int | None, column: str, value: str, remedy: str) -> None:
        self.faults.add(Fault(header.sheet, row, column, value, remedy))


def _sources(table: Table, header: Header) -> list[HeadedRow]:
    return [HeadedRow(header, row) for row in table.rows if row.number > header.row.number]


def _code_and_name(text: str) -> tuple[str, str]:
    """`I-1 责任制内容` -> the code, in half-width letters, and the name; ("", "") where no code begins it."""
    first, *rest = text.split(maxsplit=1) or [""]
    if _CODE.fullmatch(folded(first)):
        return folded(first), rest[0] if rest else ""
    found = _CODE_BEFORE_NAME.match(text)
    return (found[0], text[found.end() :].strip()) if found else ("", "")
