"""Reading the tables that people upload."""

from surveys.acts.errors import BadInput
from surveys.intake.tables import Table, UnreadableFile, read_tables

Tables = tuple[Table, ...]


def tables_in(name: str, data: bytes) -> Tables:
    """Raises BadInput. Call it outside a transaction: it may take a minute, and on SQLite voters would wait for it."""
    try:
        return read_tables(name, data)
    except UnreadableFile as error:
        raise BadInput(str(error)) from None
