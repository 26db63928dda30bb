"""The states of a poll and of a ticket (design 2, 4)."""

from enum import StrEnum


class PollState(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    SEALED = "sealed"


class TicketState(StrEnum):
    ISSUED = "issued"  # not used yet
    CAST = "cast"
    VOID = "void"
