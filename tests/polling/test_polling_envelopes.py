"""Envelopes: they open only with the right key, for the right poll and ballot class, and all look alike."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.polling.envelopes import (
    NONCE_LENGTH,
    SALT_LENGTH,
    BrokenEnvelope,
    ballot_place,
    close,
    has_copies,
    keying_place,
    new_salt,
    open_ballot,
    open_envelope,
    poll_key,
)

SECRET = "not-a-secret-" * 4
KEY = poll_key(SECRET, b"s" * SALT_LENGTH)
ANSWERS = "AABAC-DABCD-BAAC"

sheets = st.text("ABCD-", max_size=120)


def flipped(data: bytes, position: int, bits: int = 1) -> bytes:
    return data[:position] + bytes([data[position] ^ bits]) + data[position + 1 :]


@given(
    answers=sheets,
    prefix=st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=4, max_size=4),
    class_key=st.text("ABCxyz019", min_size=1, max_size=8),
    salt=st.binary(min_size=SALT_LENGTH, max_size=SALT_LENGTH),
)
def test_what_goes_in_comes_out(answers, prefix, class_key, salt):
    key = poll_key(SECRET, salt)
    assert open_envelope(key, prefix, class_key, close(key, prefix, class_key, answers)) == answers


@pytest.mark.parametrize(
    ("key", "prefix", "class_key"),
    [
        (poll_key(SECRET, b"t" * SALT_LENGTH), "K7QF", "A"),
        (poll_key("another-secret", b"s" * SALT_LENGTH), "K7QF", "A"),
        (KEY, "K7QG", "A"),
        (KEY, "k7qf", "A"),
        (KEY, "K7QF", "B"),
        (KEY, "K7QF", "a"),
        (KEY, "K7QF", "AA"),
        (KEY, "K7QF", ""),
        # The two together read the same without what stands between them.
        (KEY, "K7Q", "FA"),
        (KEY, "K7QFA", ""),
    ],
)
def test_nothing_else_opens_it(key, prefix, class_key):
    shut = close(KEY, "K7QF", "A", ANSWERS)
    assert open_envelope(KEY, "K7QF", "A", shut) == ANSWERS
    with pytest.raises(BrokenEnvelope):
        open_envelope(key, prefix, class_key, shut)


def test_a_flip_of_any_byte_breaks_it():
    data = base64.b64decode(close(KEY, "K7QF", "A", ANSWERS))
    assert len(data) > NONCE_LENGTH + len(ANSWERS)
    for position in range(len(data)):
        for bits in (1, 0x80):
            changed = base64.b64encode(flipped(data, position, bits)).decode()
            with pytest.raises(BrokenEnvelope):
                open_envelope(KEY, "K7QF", "A", changed)


def test_no_part_of_it_opens():
    data = base64.b64decode(close(KEY, "K7QF", "A", ANSWERS))
    for length in range(len(data)):
        for part in (data[:length], data[len(data) - length :]):
            with pytest.raises(BrokenEnvelope):
                open_envelope(KEY, "K7QF", "A", base64.b64encode(part).decode())
    with pytest.raises(BrokenEnvelope):
        open_envelope(KEY, "K7QF", "A", base64.b64encode(data + b"\0").decode())


@pytest.mark.parametrize(
    "envelope",
    ["", " ", "A", "AAAA", "A" * 16, "A" * 64, ANSWERS, "不是信封", "\x00", "AA=A", "é" * 40, "=" * 40, "A" * 100_000],
)
def test_what_is_no_envelope_is_broken(envelope):
    with pytest.raises(BrokenEnvelope):
        open_envelope(KEY, "K7QF", "A", envelope)


@pytest.mark.parametrize(
    "change", [lambda shut: shut[:-1], lambda shut: shut + "=", lambda shut: f"{shut[:8]}\n{shut[8:]}"]
)
def test_text_that_was_tampered_with_is_broken(change):
    shut = close(KEY, "K7QF", "A", ANSWERS)
    with pytest.raises(BrokenEnvelope):
        open_envelope(KEY, "K7QF", "A", change(shut))


@given(length=st.integers(0, 120), data=st.data())
def test_all_sheets_of_a_length_make_envelopes_of_one_length(length, data):
    one, other = (data.draw(st.text("ABCD-", min_size=length, max_size=length)) for _ in range(2))
    assert len(close(KEY, "K7QF", "A", one)) == len(close(KEY, "K7QF", "B", other))


def test_the_same_answers_look_different_each_time():
    shut = [close(KEY, "K7QF", "A", ANSWERS) for _ in range(200)]
    assert len(set(shut)) == len(shut)
    assert len({base64.b64decode(each)[:NONCE_LENGTH] for each in shut}) == len(shut)
    # Not only the nonce: what follows it differs too.
    assert len({base64.b64decode(each)[NONCE_LENGTH:] for each in shut}) == len(shut)
    assert {open_envelope(KEY, "K7QF", "A", each) for each in shut} == {ANSWERS}


def test_an_envelope_is_text_without_its_answers():
    shut = close(KEY, "K7QF", "A", "A" * 60)
    assert shut.isascii()
    assert shut.isprintable()
    assert b"A" * 8 not in base64.b64decode(shut)
    assert "A" * 12 not in shut


def test_the_key_depends_on_the_secret_and_on_the_salt():
    salts = [bytes([number]) * SALT_LENGTH for number in range(4)]
    keys = {poll_key(secret, salt) for secret in ("one", "two", "one ") for salt in salts}
    assert len(keys) == 12
    assert {len(key) for key in keys} == {32}
    assert poll_key("one", salts[1]) == poll_key("one", bytes(salts[1]))
    # Sealing forgets the salt: without it the secret alone opens nothing.
    assert poll_key(SECRET, b"") != KEY


def test_the_key_is_the_one_that_stored_envelopes_were_closed_with():
    """A change of the derivation would leave open polls that nobody can seal."""
    assert KEY.hex() == "f9b5c2fec240e666840f57199f63445ef1081f8b0e600d7f9be5bf7718f8e7d3"
    stored = "Z+kF8ZBh+T1uIl1ucsStTd43Cz7soRptlhmGUNnPKYSmteZ3u6fRJwukwGc="
    assert open_envelope(KEY, "K7QF", "A", stored) == ANSWERS


def test_salts_are_long_and_never_the_same():
    salts = {new_salt() for _ in range(200)}
    assert len(salts) == 200
    assert {len(salt) for salt in salts} == {SALT_LENGTH}
    assert SALT_LENGTH >= 16


def test_a_keying_opens_as_no_ballot_and_as_no_other_keying():
    place = keying_place("A", 12, 1)
    shut = close(KEY, "K7QF", place, ANSWERS)
    assert open_envelope(KEY, "K7QF", place, shut) == ANSWERS
    others = [
        keying_place("A", 12, 2),
        keying_place("A", 1, 1),
        keying_place("A", 121, 1),
        keying_place("B", 12, 1),
        "A",
    ]
    for other in others:
        with pytest.raises(BrokenEnvelope):
            open_envelope(KEY, "K7QF", other, shut)


def test_a_ballot_opens_in_its_own_row_only():
    shut = close(KEY, "K7QF", ballot_place("A", b"1" * 16), ANSWERS)
    assert open_ballot(KEY, "K7QF", "A", b"1" * 16, shut) == ANSWERS
    for class_key, ballot_id in (("A", b"2" * 16), ("B", b"1" * 16)):
        with pytest.raises(BrokenEnvelope):
            open_ballot(KEY, "K7QF", class_key, ballot_id, shut)


def test_a_ballot_cast_before_rows_were_bound_opens_in_its_class():
    shut = close(KEY, "K7QF", "A", ANSWERS)
    assert open_ballot(KEY, "K7QF", "A", b"1" * 16, shut) == ANSWERS
    with pytest.raises(BrokenEnvelope):
        open_ballot(KEY, "K7QF", "B", b"1" * 16, shut)


def test_equal_nonces_are_copies():
    one, other = (close(KEY, "K7QF", "A", ANSWERS) for _ in range(2))
    assert not has_copies([one, other])
    assert has_copies([one, other, one])
    data = base64.b64decode(one)
    assert has_copies([one, base64.b64encode(flipped(data, len(data) - 1)).decode()])
