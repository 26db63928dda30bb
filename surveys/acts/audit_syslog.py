"""The audit log as it is written, to a collector outside: whoever has the database here cannot take it back there."""

import logging
from logging.handlers import SysLogHandler

from surveys.acts.audit_chain import sent


def send_to(address: str) -> None:
    """`address`: a path such as `/dev/log`, or `host:port` for UDP; RFC 3164 lines of facility `auth`. One at a time.
    Raises OSError where there is no such socket."""
    for before in list(sent.handlers):
        sent.removeHandler(before)
        before.close()
    host, _, port = address.rpartition(":")
    target = address if address.startswith("/") else (host.strip("[]"), int(port))
    handler = SysLogHandler(target, SysLogHandler.LOG_AUTH)
    handler.append_nul = False
    handler.setFormatter(logging.Formatter("ceping-audit: %(message)s"))
    sent.addHandler(handler)
