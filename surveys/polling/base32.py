"""Crockford base32: the alphabet of ticket codes and receipts, and what is forgiven when one is typed."""

import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOK_ALIKES = str.maketrans("OIL", "011")
_SEPARATORS = "-‐‑‒–—―−－_. \t\r\n\u3000"


class Malformed(Exception):
    """The typed text cannot be a code of this length."""


def symbols(number: int, length: int) -> str:
    """The lowest 5 x `length` bits of `number`, most significant first."""
    return "".join(ALPHABET[(number >> 5 * place) & 31] for place in reversed(range(length)))


def normalize(typed: str, length: int) -> str:
    """Forgives case, full-width characters, separators and the look-alikes O/0, I/L/1. Raises Malformed."""
    if len(typed) > 200:
        raise Malformed
    text = unicodedata.normalize("NFKC", typed).upper()
    text = "".join(character for character in text if character not in _SEPARATORS).translate(_LOOK_ALIKES)
    if len(text) != length or any(character not in ALPHABET for character in text):
        raise Malformed
    return text


def grouped(text: str) -> str:
    """In groups of four, as printed: K7QF-XXXX-..."""
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))
