"""What the tables share: the mapping of types, the names of constraints."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, Enum, LargeBinary, MetaData, Text
from sqlalchemy.orm import DeclarativeBase

from surveys.storage.types import DecimalText, UtcDateTime

Document = dict[str, Any]

NUMBERED = {"sqlite_autoincrement": True}
"""Of a table whose rows have a number of their own: each is given once. SQLite gives the number of a row that is gone
to the next one, and a page left open, or a log, would then speak of another thing; PostgreSQL never does."""


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        datetime: UtcDateTime,
        Decimal: DecimalText,
        Document: JSON(none_as_null=True),
        bytes: LargeBinary,
    }


def enum_of(states: type[StrEnum]) -> Enum:
    """A column of these states, kept as their words."""
    return Enum(
        states, native_enum=False, length=10, values_callable=lambda members: [state.value for state in members]
    )
