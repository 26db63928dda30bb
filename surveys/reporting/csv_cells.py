"""Cells of CSV files that people open in a spreadsheet."""

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def harmless(cell: object) -> str:
    """A spreadsheet runs what begins like a formula, full-width signs included; an apostrophe makes it text.

    White space goes first: the csv module lets a lone carriage return through, and that begins a new row.
    See https://owasp.org/www-community/attacks/CSV_Injection
    """
    text = "" if cell is None else " ".join(str(cell).split())
    return f"'{text}" if text.startswith(_FORMULA) else text
