"""Keeping codes out of the logs."""

import re
from logging import LogRecord

_CODE_IN_PATH = re.compile(r"/b/[^\s\"'?\]]+")


def masked(text: str) -> str:
    """A log line without the codes in its ballot addresses."""
    return _CODE_IN_PATH.sub("/b/***", text)


def mask_record(record: LogRecord) -> bool:
    record.msg, record.args = masked(record.getMessage()), None
    return True
