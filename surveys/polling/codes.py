"""Ticket codes: a poll prefix of 4 and a secret of 16 Crockford characters, 80 random bits.

The plain code exists on the slip alone; the tables hold its SHA-256.
"""

import hashlib
import secrets

from surveys.polling import base32

PREFIX_LENGTH = 4
SECRET_LENGTH = 16
LENGTH = PREFIX_LENGTH + SECRET_LENGTH


def new_prefix() -> str:
    return base32.symbols(secrets.randbits(5 * PREFIX_LENGTH), PREFIX_LENGTH)


def new_code(prefix: str) -> str:
    """A fresh code, not grouped."""
    return prefix + base32.symbols(secrets.randbits(5 * SECRET_LENGTH), SECRET_LENGTH)


def normalize(typed: str) -> str:
    """The code somebody typed, as it was issued. Raises base32.Malformed."""
    return base32.normalize(typed, LENGTH)


def in_address(typed: str) -> str:
    """Of a whole address, as a scanner types it, the code; anything else as it is."""
    return typed.rpartition("/b/")[2]


def prefix_of(code: str) -> str:
    return code[:PREFIX_LENGTH]


def hash_code(code: str) -> bytes:
    """What the ticket table keeps of a normalized code. 80 random bits need no salt."""
    return hashlib.sha256(code.encode("ascii")).digest()
