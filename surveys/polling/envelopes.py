"""Envelopes: until a poll is sealed its answer sheets are encrypted, and the key is not in the database.

Whoever reads the tables, their files or backups of that time finds who has voted, and envelopes that all look alike.
Sealing opens them in random order and forgets the salt; what old copies still hold stays shut.
"""

import base64
import binascii
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_LENGTH = 12
SALT_LENGTH = 32
_NONCE_TEXT = NONCE_LENGTH * 4 // 3


class BrokenEnvelope(Exception):
    """The envelope was not closed with this key for this poll and place, or was altered."""


def new_salt() -> bytes:
    return secrets.token_bytes(SALT_LENGTH)


def poll_key(site_secret: str, salt: bytes) -> bytes:
    """From the site's secret, which is not in the database, and the poll's salt, which sealing forgets."""
    return HKDF(SHA256(), 32, salt, b"ceping envelope 1").derive(site_secret.encode())


def ballot_place(class_key: str, ballot_id: bytes) -> str:
    """What a ballot's envelope is bound to: it opens in its own row only, so that no copy of it counts."""
    return f"{class_key}:ballot:{ballot_id.hex()}"


def keying_place(class_key: str, number: int, hand: int) -> str:
    """What a keying's envelope is bound to: it opens as no ballot and no other keying."""
    return f"{class_key}:keying:{number}:{hand}"


def close(key: bytes, prefix: str, place: str, answers: str) -> str:
    """Answers in an envelope, in base64. Equally long for every answer sheet of a poll."""
    nonce = secrets.token_bytes(NONCE_LENGTH)
    shut = AESGCM(key).encrypt(nonce, answers.encode("ascii"), _context(prefix, place))
    return base64.b64encode(nonce + shut).decode("ascii")


def open_envelope(key: bytes, prefix: str, place: str, envelope: str) -> str:
    """The answers. Raises BrokenEnvelope; one moved to another poll or place is broken too."""
    try:
        data = base64.b64decode(envelope, validate=True)
        answers = AESGCM(key).decrypt(data[:NONCE_LENGTH], data[NONCE_LENGTH:], _context(prefix, place))
        return answers.decode("ascii")
    except (binascii.Error, InvalidTag, ValueError) as error:
        raise BrokenEnvelope from error


def open_ballot(key: bytes, prefix: str, class_key: str, ballot_id: bytes, envelope: str) -> str:
    """The answers of a ballot. Raises BrokenEnvelope.

    One that was cast before envelopes were bound to their row is bound to its class: `has_copies` finds its copies.
    """
    try:
        return open_envelope(key, prefix, ballot_place(class_key, ballot_id), envelope)
    except BrokenEnvelope:
        return open_envelope(key, prefix, class_key, envelope)


def has_copies(envelopes: Sequence[str]) -> bool:
    """Whether two were closed with one nonce: by chance, less than once in 10^18 polls of 100,000."""
    return len({envelope[:_NONCE_TEXT] for envelope in envelopes}) < len(envelopes)


def _context(prefix: str, place: str) -> bytes:
    return f"{prefix}:{place}".encode("ascii")
