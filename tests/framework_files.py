"""Framework workbooks to test with: tables with some cells changed, and any framework that the loader would take."""

import io
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from surveys.catalog import loader
from surveys.catalog.model import Framework, Method
from surveys.catalog.source import UNUSABLE
from surveys.intake.tables import Table, TableRow
from surveys.intake.workbook_reader import Limits, sheets_of
from surveys.reporting.workbooks import SheetPlan, workbook
from surveys.scoring.score_sheet import Kind
from surveys.season.framework_workbooks import framework_workbook
from surveys.season.uploads.framework_sheets import ABOUT_SHEET, ROW_TITLES, ROWS_SHEET, SEPARATORS

Cell = tuple[str, int, str, str]
"""Sheet, row, the column's title, what is to stand there."""


def tables_of(data: bytes) -> tuple[Table, ...]:
    """As `read_tables` has them, without a process of its own for each file."""
    return tuple(
        Table(
            sheet["name"],
            tuple(
                TableRow(number, tuple(texts), {column: (top, left) for column, (top, left) in merged.items()})
                for number, texts, merged in sheet["rows"]
            ),
            sheet["hidden"],
        )
        for sheet in sheets_of(data, Limits(20_000, 60, 32_767, 10_000_000))
    )


def exported(framework: Framework) -> tuple[Table, ...]:
    return tables_of(framework_workbook(framework))


def shipped(key: str = "municipal") -> tuple[Table, ...]:
    return exported(loader.framework(key))


def with_cells(tables: Sequence[Table], *cells: Cell) -> tuple[Table, ...]:
    """The tables with these cells written anew."""
    found = {table.name: table for table in tables}
    for sheet, number, title, value in cells:
        table = found[sheet]
        column = table.rows[0].texts.index(title)
        rows = [row if row.number != number else _with_text(row, column, value) for row in table.rows]
        found[sheet] = replace(table, rows=tuple(rows))
    return tuple(found.values())


def _with_text(row: TableRow, column: int, value: str) -> TableRow:
    texts = [*row.texts, *[""] * (column + 1 - len(row.texts))]
    texts[column] = value
    return replace(row, texts=tuple(texts))


def with_rows(tables: Sequence[Table], rows: Sequence[Sequence[str]]) -> tuple[Table, ...]:
    """The tables with these rows below those of the first sheet."""
    first, *others = tables
    last = first.rows[-1].number
    added = [TableRow(last + number, tuple(texts)) for number, texts in enumerate(rows, start=1)]
    return (replace(first, rows=(*first.rows, *added)), *others)


def without_row(tables: Sequence[Table], number: int, sheet: str = ROWS_SHEET) -> tuple[Table, ...]:
    """The tables with a row deleted as a spreadsheet does it: those below move up."""
    return tuple(
        table
        if table.name != sheet
        else replace(
            table,
            rows=tuple(
                replace(row, number=row.number - (row.number > number)) for row in table.rows if row.number != number
            ),
        )
        for table in tables
    )


def cells_of(tables: Sequence[Table], number: int) -> list[str]:
    """A row of the first sheet, as wide as its header."""
    row = next(row for row in tables[0].rows if row.number == number)
    return [*row.texts, *[""] * (len(ROW_TITLES) - len(row.texts))]


def written(tables: Sequence[Table]) -> bytes:
    """The tables as a file."""
    plans = []
    for table in tables:
        width = max(len(row.texts) for row in table.rows)
        head, *rows = [[*row.texts, *[""] * (width - len(row.texts))] for row in table.rows]
        plans.append(SheetPlan(table.name, head, rows))
    return workbook(plans)


def row_number(tables: Sequence[Table], text: str, sheet: str = ROWS_SHEET) -> int:
    """The row that has a cell of this text."""
    table = next(table for table in tables if table.name == sheet)
    return next(row.number for row in table.rows if text in row.texts)


def about_row(tables: Sequence[Table], text: str) -> int:
    return row_number(tables, text, ABOUT_SHEET)


_characters = st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t _x0041=+-@#'\"<>&：，。①〇䶮")


def _texts(most: int) -> st.SearchStrategy[str]:
    return (
        st.text(_characters, min_size=1, max_size=most)
        .map(str.strip)
        .filter(lambda text: text != "" and UNUSABLE.search(text) is None)
    )


_names = _texts(20)
_words = _names.filter(lambda name: not any(separator in name for separator in SEPARATORS))


@st.composite
def frameworks(draw: st.DrawFn) -> Framework:
    """Any framework whose words a cell can keep apart."""
    tags = draw(st.lists(_words, max_size=3, unique=True))
    departments = draw(st.lists(_words, min_size=1, max_size=3, unique=True))
    shape = draw(
        st.lists(
            st.lists(st.lists(st.integers(1, 2), min_size=1, max_size=2), min_size=1, max_size=2),
            min_size=1,
            max_size=2,
        )
    )
    numbers = iter(range(1, 100))
    blocks: list[dict[str, Any]] = []
    for indicators in shape:
        block = {
            "code": f"I-{next(numbers)}",
            "name": draw(_names),
            "note": draw(st.just("") | _names),
            "indicators": [],
        }
        for contents in indicators:
            indicator: dict[str, Any] = {"code": f"II-{next(numbers)}", "name": draw(_names), "contents": []}
            for count in contents:
                code = f"III-{next(numbers)}"
                keys = [f"{code}({place})" for place in range(1, count + 1)] if count > 1 else [code]
                rows = [_standard(draw, key, tags, departments) for key in keys]
                indicator["contents"].append({"code": code, "name": draw(_names), "standards": rows})
            block["indicators"].append(indicator)
        blocks.append(block)
    _share_points(draw, blocks)
    return Framework.from_json(
        {
            "key": draw(st.sampled_from(["municipal", "x", "a-1_b"])),
            "title": draw(_names),
            "lead_department": draw(_words),
            "default_department": draw(_words),
            "tags": tags,
            "points_note": draw(st.just("") | _names),
            "blocks": blocks,
        }
    )


def _standard(draw: st.DrawFn, key: str, tags: list[str], departments: list[str]) -> dict[str, Any]:
    kind = draw(st.sampled_from(list(Kind)))
    return {
        "key": key,
        "text": draw(_texts(40)),
        "methods": draw(st.lists(st.sampled_from(list(Method)), min_size=1, max_size=3, unique=True)),
        "departments": draw(st.lists(st.sampled_from(departments), min_size=1, unique=True)),
        "applies_to": draw(st.lists(st.sampled_from(tags), unique=True)) if tags else [],
        "kind": kind,
        "points": "0" if kind is Kind.VETO else "1.5",
        "starts_full": kind is Kind.STANDARD and draw(st.booleans()),
        "evidence": draw(st.lists(_words, max_size=3)),
        "note": draw(st.just("") | _texts(40)),
    }


def _share_points(draw: st.DrawFn, blocks: list[dict[str, Any]]) -> None:
    """100 points over the standard rows; the first row is one."""
    rows = [
        [row for each in block["indicators"] for content in each["contents"] for row in content["standards"]]
        for block in blocks
    ]
    rows[0][0]["kind"] = Kind.STANDARD
    standard = [row for own in rows for row in own if row["kind"] is Kind.STANDARD]
    cuts = sorted(
        draw(st.lists(st.integers(1, 9999), min_size=len(standard) - 1, max_size=len(standard) - 1, unique=True))
    )
    for row, low, high in zip(standard, [0, *cuts], [*cuts, 10_000], strict=True):
        row["points"] = str(Decimal(high - low) / 100)
    for block, own in zip(blocks, rows, strict=True):
        block["points"] = str(sum((Decimal(row["points"]) for row in own if row["kind"] is Kind.STANDARD), Decimal(0)))


def merged_book(plans: Sequence[SheetPlan], areas: Sequence[tuple[int, int, int, int]]) -> bytes:
    """A workbook of which the first sheet has merged areas: first row, first column, last row, last column, from 0."""
    import xlsxwriter

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    for number, plan in enumerate(plans):
        sheet = book.add_worksheet(plan.name)
        for row, texts in enumerate([plan.titles, *plan.rows]):
            for column, text in enumerate(texts):
                sheet.write_string(row, column, text)
        for top, left, bottom, right in areas if number == 0 else ():
            sheet.merge_range(top, left, bottom, right, [plan.titles, *plan.rows][top][left])
    book.close()
    return stream.getvalue()
