"""A framework as a workbook that people edit, and back: the official five columns and what else decides a score."""

from collections.abc import Iterator
from itertools import chain

from surveys.acts.errors import BadInput, NotFound
from surveys.acts.table_files import Tables, tables_in
from surveys.catalog import loader
from surveys.catalog.model import Block, Framework, Row, plain
from surveys.catalog.problems import CatalogError, UnknownCatalogKey
from surveys.catalog.writer import framework_yaml
from surveys.reporting.workbooks import SheetPlan, workbook
from surveys.season.assessments import departments_in
from surveys.season.rosters import FaultyFile
from surveys.season.uploads import framework_sheets as sheets
from surveys.season.uploads.framework_sheets import FrameworkFile

MOST_IN_CELL = 32_000
_WIDTHS = {
    "key": 11,
    "block": 14,
    "indicator": 16,
    "content": 16,
    "text": 48,
    "methods": 11,
    "points": 7,
    "kind": 10,
    "applies_to": 14,
    "departments": 14,
    "starts_full": 10,
    "comprehensive": 10,
    "evidence": 34,
    "note": 30,
    "act": 7,
}
_HELP = (
    ("一行一条", "“测评体系”表一行是一条测评标准。加一条就加一行，写上编号和它属于哪个项目、指标、内容。"),
    ("删一条", "不要删掉整行：在“操作”列写“删除”，导入时才删。缺了行会被退回。"),
    ("改名称", "项目、指标、内容写成“编号 名称”。同一编号在每一行都要写得一样。"),
    ("编号", "现有各条的编号不要改：编号变了就当作另一条。"),
    ("测评方法", "材料审核、专项考评、综合评定、听取汇报、民主测评；几种之间用顿号。"),
    ("分值", "各板块内“测评项”的分值之和要等于“基本信息”里板块的分值，各板块合计 100。一票否决填 0。"),
    ("类型", "测评项、加分项、负面清单、一票否决；留空是测评项。"),
    ("适用", "留空是全部单位；只对一部分单位的，写单位标签，有其中一个标签就适用。标签要在“基本信息”里有。"),
    ("考核部门", "留空是默认考核部门。写几个部门的取平均分。部门要在“基本信息”里有。"),
    ("从满分起", "写“是”的，起始为满分，发生一起登记一起，按登记扣分。"),
    ("综合评定", "写“是”的，由部门按平时情况评定，打分时须写明依据；测评方法照原文写。"),
    ("佐证材料", "一份材料写一行，在单元格里用 Alt+回车 换行。"),
)


def framework_workbook(framework: Framework) -> bytes:
    """Raises BadInput for names that a cell with several of them could not keep apart."""
    _check_writable(framework)
    rows = [_row(row) for row in framework.rows()]
    return workbook(
        [
            SheetPlan(sheets.ROWS_SHEET, tuple(sheets.ROW_TITLES.values()), rows, tuple(_WIDTHS.values())),
            SheetPlan(sheets.ABOUT_SHEET, tuple(sheets.ABOUT_TITLES.values()), list(_about(framework))),
            SheetPlan("填写说明", ("要点", "怎么做"), _HELP),
        ]
    )


def catalog_workbook(key: str) -> bytes:
    """Of a framework that comes with the site. Raises NotFound."""
    try:
        return framework_workbook(loader.framework(key))
    except UnknownCatalogKey as error:
        raise NotFound(f"{error.args[0]}。") from None


def parse_workbook(tables: Tables, current: Framework | None = None) -> FrameworkFile:
    """What a workbook holds; `current`: what it is to replace. Raises FaultyFile with every fault."""
    found, faults = sheets.read_framework(tables, current)
    if found is None:
        raise FaultyFile(faults.found, faults.left_out)
    return found


def workbook_as_yaml(file_name: str, data: bytes) -> str:
    """A workbook in the form of the catalog's files. Raises BadInput, FaultyFile."""
    framework = parse_workbook(tables_in(file_name, data)).framework
    text = framework_yaml(framework)
    try:
        same = loader.read_framework(text.encode(), file_name) == framework
    except CatalogError as error:
        raise BadInput(f"这个测评体系写不成 YAML 文件：{error.problems[0].message}") from None
    assert same
    return text


def _check_writable(framework: Framework) -> None:
    names = {*framework.tags, *chain.from_iterable(row.standard.departments for row in framework.rows())}
    for name in sorted(names):
        if any(separator in name for separator in sheets.SEPARATORS):
            raise BadInput(f"标签或部门“{name}”里有顿号、逗号、分号或换行，在表格里会被当成几个，不能导出。请先改名。")
    for row in framework.rows():
        evidence = row.standard.evidence
        if any("\n" in item for item in evidence) or len("\n".join(evidence)) > MOST_IN_CELL:
            raise BadInput(f"{row.standard.key} 的佐证材料里有换行，或写满了一个单元格，不能导出。请先改短。")


def _row(row: Row) -> tuple[str, ...]:
    standard = row.standard
    cells = {
        "key": standard.key,
        "block": f"{row.block.code} {row.block.name}",
        "indicator": f"{row.indicator.code} {row.indicator.name}",
        "content": f"{row.content.code} {row.content.name}",
        "text": standard.text,
        "methods": "、".join(method.label for method in standard.methods),
        "points": plain(standard.points),
        "kind": standard.kind.label,
        "applies_to": "、".join(standard.applies_to),
        "departments": "、".join(standard.departments),
        "starts_full": sheets.YES if standard.starts_full else "",
        "comprehensive": sheets.YES if standard.comprehensive else "",
        "evidence": "\n".join(standard.evidence),
        "note": standard.note,
        "act": "",
    }
    return tuple(cells[field] for field in sheets.ROW_TITLES)


def _about(framework: Framework) -> Iterator[tuple[str, str, str, str]]:
    for field, item in sheets.SINGLE_ITEMS.items():
        yield item, getattr(framework, field), "", ""
    for block in framework.blocks:
        yield _about_block(block)
    for tag in framework.tags:
        yield sheets.TAG, tag, "", ""
    for department in departments_in([framework]):
        yield sheets.DEPARTMENT, department, "", ""


def _about_block(block: Block) -> tuple[str, str, str, str]:
    return sheets.BLOCK, f"{block.code} {block.name}", plain(block.points), block.note
