"""Receipts (回执): that a ballot was counted, nothing of what it says.

A receipt is a hash of the submission's nonce; the ballot carries neither.
"""

import hashlib
import re
import secrets

from surveys.polling import base32

LENGTH = 12
_NONCE = re.compile(r"[0-9a-f]{32}")


class MalformedNonce(Exception):
    """A submission's nonce is not 32 lower-case hex digits."""


def new_nonce() -> str:
    """128 random bits, for a browser that sent none (no script)."""
    return secrets.token_hex(16)


def check_nonce(nonce: str) -> str:
    if not _NONCE.fullmatch(nonce):
        raise MalformedNonce
    return nonce


def receipt_of(prefix: str, nonce: str) -> str:
    """60 bits of SHA-256 over the poll's prefix and the nonce."""
    digest = hashlib.sha256(f"receipt:{prefix}:{nonce}".encode("ascii")).digest()
    return base32.symbols(int.from_bytes(digest) >> (256 - 5 * LENGTH), LENGTH)
