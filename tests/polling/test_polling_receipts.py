"""Receipts: a hash of the submission's nonce, for this poll alone."""

import hashlib

import pytest

from surveys.polling import receipts

NONCE = "00112233445566778899aabbccddeeff"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def test_a_receipt_is_12_symbols_of_the_hash():
    digest = hashlib.sha256(f"receipt:K7QF:{NONCE}".encode()).digest()
    bits = "".join(f"{byte:08b}" for byte in digest)

    expected = "".join(CROCKFORD[int(bits[start : start + 5], 2)] for start in range(0, 60, 5))

    assert receipts.receipt_of("K7QF", NONCE) == expected
    assert len(expected) == 12


def test_the_same_submission_has_the_same_receipt():
    assert receipts.receipt_of("K7QF", NONCE) == receipts.receipt_of("K7QF", NONCE)


def test_another_poll_or_another_nonce_has_another_receipt():
    made = {
        receipts.receipt_of("K7QF", NONCE),
        receipts.receipt_of("K7QG", NONCE),
        receipts.receipt_of("K7QF", NONCE[::-1]),
    }

    assert len(made) == 3


def test_a_new_nonce_is_128_random_bits():
    assert receipts.check_nonce(receipts.new_nonce())
    assert len({receipts.new_nonce() for _ in range(1000)}) == 1000


def test_a_nonce_is_kept_as_it_is():
    assert receipts.check_nonce(NONCE) == NONCE


@pytest.mark.parametrize(
    "nonce",
    [
        "",
        NONCE[:-1],
        NONCE + "0",
        NONCE.upper(),
        NONCE + "\n",
        " " + NONCE[1:],
        NONCE[:-1] + "g",
        NONCE[:-1] + "０",
        NONCE[:-1] + "\x00",
        "票" * 32,
    ],
)
def test_a_malformed_nonce_is_refused(nonce):
    with pytest.raises(receipts.MalformedNonce):
        receipts.check_nonce(nonce)
