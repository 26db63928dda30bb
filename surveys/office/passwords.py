"""Passwords: one-time ones that the site makes, and those that people choose (docs/decisions/0018)."""

import secrets
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from surveys.polling import base32

ONE_TIME_LENGTH = 16
"""Symbols of 5 random bits: 80 in all."""

_hasher = PasswordHasher()
# 80 random bits need no slow hash. Slow ones for a hundred accounts would take most of a minute.
_quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def new_one_time() -> str:
    """16 symbols in groups of four, as printed."""
    return base32.grouped(base32.symbols(secrets.randbits(5 * ONE_TIME_LENGTH), ONE_TIME_LENGTH))


def new_kept() -> str:
    """A first password that may be kept, 70 random bits: scripts rely on its shape."""
    return "".join(secrets.choice(base32.ALPHABET.lower()) for _ in range(14))


def hash_one_time(password: str) -> str:
    return _quick.hash(_plain(password))


def hash_chosen(password: str) -> str:
    return _hasher.hash(password)


def matches(stored: str | None, one_time: bool, typed: str) -> bool:
    """Whether it is the password. As much work for a name that nobody has, and for a one-time password, as for any."""
    stand_in = _stand_in_hash()
    if stored is None or one_time:
        _verifies(stand_in, typed)
    if stored is None:
        return False
    return _verifies(stored, _plain(typed) if one_time else typed)


def is_same(one: str, other: str) -> bool:
    """Whether somebody chose the one-time password itself, however written."""
    return _plain(one) == _plain(other)


def _plain(typed: str) -> str:
    """A one-time password without what is forgiven: case, hyphens, look-alikes."""
    try:
        return base32.normalize(typed, ONE_TIME_LENGTH)
    except base32.Malformed:
        return typed


def _verifies(stored: str, typed: str) -> bool:
    try:
        return _hasher.verify(stored, typed)
    except VerificationError:
        return False


@lru_cache
def _stand_in_hash() -> str:
    return _hasher.hash(secrets.token_hex())
