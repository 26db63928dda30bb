"""Which sheets of a file are read, and which of their columns: one rule for every import."""

from collections.abc import Collection, Mapping, Sequence

from surveys.intake.cleaning import clean_line, header_key
from surveys.intake.headers import Header, find_header
from surveys.intake.tables import Table

EXPLAINS = "说明"
"""In the name of a sheet that tells how to fill in the others: 说明, 填写说明, 填表说明."""

_NUMBERING = ("序号", "行号", "no", "no.", "#")
"""Titles of columns that count the rows: nobody means them to be read."""

Headed = tuple[Table, Header]


def headed(tables: Sequence[Table], titles: Mapping[str, Collection[str]], needed: Collection[str]) -> list[Headed]:
    """The sheets to read, with their headers: those that show and have one. What explains is read only where no other
    sheet has a header: its examples stand in columns of the same names."""
    found = [
        (table, header)
        for table in tables
        if not table.hidden and (header := find_header(table, titles, needed)) is not None
    ]
    return [each for each in found if EXPLAINS not in each[0].name] or found


def passed_over(tables: Sequence[Table], read: Sequence[Headed], known: Collection[str] = ()) -> list[str]:
    """Sentences on the sheets that are not read, but for blank ones, explanations and `known`, sheets of our own."""
    names = [table.name for table, _ in read]
    notes = []
    for table in tables:
        if table.hidden:
            notes.append(f"工作表“{table.name}”是隐藏的，没有读。")
        elif table.name not in (*names, *known, "") and table.rows and EXPLAINS not in table.name:
            notes.append(f"工作表“{table.name}”没有认出表头，没有读。")
    return notes


def unread_columns(header: Header, titles: Mapping[str, Collection[str]], known: Collection[str] = ()) -> list[str]:
    """A sentence on the columns whose titles are none of `titles` or `known`, if there are any."""
    wanted = {header_key(title) for several in (*titles.values(), known, _NUMBERING) for title in several}
    strange = [
        clean_line(text)[:30]
        for column, text in enumerate(header.row.texts, start=1)
        if header_key(text) not in ("", *wanted) and header.row.merged.get(column, (0, column))[1] == column
    ]
    where = f"工作表“{header.sheet}”的" if header.sheet else ""
    return [f"{where}{'、'.join(f'“{each}”' for each in strange)}列用不上，没有读。"] if strange else []
