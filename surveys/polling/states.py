"""The states of a poll and of a ticket."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum


class PollState(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"
    SEALED = "sealed"
    WITHDRAWN = "withdrawn"  # made by mistake, before anybody voted

    @property
    def label(self) -> str:
        return _STATE_LABELS[self]


_STATE_LABELS = {
    PollState.DRAFT: "未开始",
    PollState.OPEN: "投票中",
    PollState.PAUSED: "已暂停",
    PollState.CLOSED: "已结束",
    PollState.SEALED: "已封存",
    PollState.WITHDRAWN: "已撤回",
}


def has_ended(closes_at: datetime | None, now: datetime) -> bool:
    """Whether voting is over by the clock, though nobody has closed the poll yet."""
    return closes_at is not None and now >= closes_at


class TicketState(StrEnum):
    ISSUED = "issued"  # not used yet
    CAST = "cast"
    VOID = "void"


class Purpose(StrEnum):
    """What a batch of tickets was issued for."""

    SLIPS = "slips"  # printed; of batches from before there were LINKS perhaps handed out as links
    LINKS = "links"
    DOOR = "door"  # shown one by one on a screen
    PAPER = "paper"  # returned paper ballots are cast on these; their codes were never shown

    @property
    def label(self) -> str:
        return _PURPOSE_LABELS[self]


_PURPOSE_LABELS = {
    Purpose.SLIPS: "纸条",
    Purpose.LINKS: "链接",
    Purpose.DOOR: "发码屏",
    Purpose.PAPER: "纸质票",
}


def purpose_words(issued: Mapping[str, int]) -> str:
    """How many tickets went out for what, in Chinese. `issued`: by `Purpose`."""
    return "，".join(f"{each.label} {issued[each]}" for each in Purpose if issued.get(each))
