"""The matrix of applicability as a workbook: a sheet for each framework, and the exemptions with their documents."""

import re

from surveys.catalog.model import plain
from surveys.reporting.workbooks import SheetPlan, workbook
from surveys.scoring.score_sheet import Kind
from surveys.season.applicability import Cell, FrameworkFit, Matrix

_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
_LONGEST_NAME = 31


def matrix_workbook(matrix: Matrix) -> bytes:
    """The same matrix gives the same bytes."""
    names = [_FORBIDDEN.sub("", part.framework.title)[:_LONGEST_NAME] for part in matrix.frameworks]
    if len({name.casefold() for name in [*names, "免考"]}) <= len(names):
        names = [part.framework.key[:_LONGEST_NAME] for part in matrix.frameworks]
    sheets = [_framework_sheet(name, part) for name, part in zip(names, matrix.frameworks, strict=True)]
    exemptions = [
        (unit.name, exemption.row_key, exemption.document, exemption.reason)
        for part in matrix.frameworks
        for unit in part.units
        for exemption in unit.exemptions
    ]
    return workbook([*sheets, SheetPlan("免考", ("单位", "行", "依据文件", "理由"), exemptions)])


def _framework_sheet(name: str, part: FrameworkFit) -> SheetPlan:
    titles = ("单位", "类别", "标签", "考核部门", "适用行数", "有效满分")
    keys = [f"{row.standard.key} {row.content.name}" for row in part.rows]
    points = ["—" if row.standard.kind is Kind.VETO else plain(row.standard.points) for row in part.rows]
    units = [
        (
            unit.name,
            unit.category,
            "、".join(unit.tags),
            unit.department or "",
            str(unit.applying),
            plain(unit.most),
            *map(cell_words, unit.cells),
        )
        for unit in part.units
    ]
    totals = [str(part.applying(place)) for place in range(len(part.rows))]
    return SheetPlan(
        name,
        (*titles, *keys),
        [("（分值）", "", "", "", "", "", *points), *units, ("（适用单位数）", "", "", "", "", "", *totals)],
    )


def cell_words(cell: Cell) -> str:
    """What a cell says in full."""
    return cell.fit.label if cell.chosen is None else f"{cell.fit.label}：{cell.chosen.label}"
