"""Ticket codes: how they are made and printed, and what is forgiven when one is typed."""

import hashlib
import secrets
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.polling import base32, codes

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE = "K7QF0123456789ABWXYZ"
GROUPED = "K7QF-0123-4567-89AB-WXYZ"


def test_a_code_is_a_prefix_of_4_and_a_secret_of_16():
    prefix = codes.new_prefix()
    code = codes.new_code(prefix)

    assert (len(prefix), len(code)) == (4, 20)
    assert codes.prefix_of(code) == prefix
    assert set(code) <= set(CROCKFORD)


@pytest.mark.parametrize(("bit", "symbol"), [(0, "0"), (1, "Z")])
def test_a_code_has_80_random_bits_and_a_prefix_20(monkeypatch, bit, symbol):
    asked = []
    monkeypatch.setattr(secrets, "randbits", lambda bits: asked.append(bits) or bit * (2**bits - 1))

    assert codes.new_prefix() == symbol * 4
    assert codes.new_code("K7QF") == "K7QF" + symbol * 16
    assert asked == [20, 80]


def test_codes_differ():
    assert len({codes.new_code("K7QF") for _ in range(1000)}) == 1000


def test_symbols_go_from_the_most_significant_bits_to_the_least():
    assert base32.symbols(0b00001_11111_01010, 3) == "1ZA"
    assert base32.symbols(2**15 + 2, 3) == "002"
    assert "".join(base32.symbols(number, 1) for number in range(32)) == CROCKFORD


def test_a_code_is_printed_in_groups_of_four():
    assert base32.grouped(CODE) == GROUPED
    assert base32.grouped("K7QF01") == "K7QF-01"


def test_the_hash_is_the_sha_256_of_the_code():
    assert codes.hash_code(CODE) == hashlib.sha256(CODE.encode()).digest()


@pytest.mark.parametrize(
    "typed",
    [
        CODE,
        GROUPED,
        GROUPED.lower(),
        "  k7qf 0123 4567\t89ab wxyz\r\n",
        "K7QF–0123—4567−89AB‐WXYZ",  # en dash, em dash, minus, hyphen
        "K7QF‑0123‒4567―89AB－WXYZ",  # unbreakable hyphen, figure dash, bar, full-width hyphen
        "K7QF_0123.4567。89AB　WXYZ".replace("。", "．"),
        "K7QF\u00a00123\u20094567 89AB WXYZ",
        "Ｋ７ＱＦ－０１２３－４５６７－８９ＡＢ－ＷＸＹＺ",
        "ｋ７ｑｆ０１２３４５６７８９ａｂｗｘｙｚ",
        "K7QFO123456789ABWXYZ",
        "k7qfo123456789abwxyz",
        "K7QF0I23456789ABWXYZ",
        "K7QF0i23456789ABWXYZ",
        "K7QF0L23456789ABWXYZ",
        "K7QF0l23456789ABWXYZ",
    ],
)
def test_what_is_forgiven(typed):
    assert codes.normalize(typed) == CODE


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "----",
        CODE[:-1],
        CODE + "0",
        CODE + CODE,
        CODE[:-1] + "U",
        CODE[:-1] + "u",
        CODE[:-1] + "一",
        "票" * 20,
        CODE[:-1] + "🙂",
        CODE + "🙂",
        CODE[:-1] + "\x00",
        CODE + "\x00",
        CODE[:-1] + "é",
        CODE[:-1] + "А",  # Cyrillic
        CODE[:-1] + "٣",
        CODE.replace("0", "/"),
        "https://ceping.example.cn/b/" + CODE,
    ],
)
def test_what_is_refused(typed):
    with pytest.raises(base32.Malformed):
        codes.normalize(typed)


@pytest.mark.parametrize("text", ["A", "-", "\ufdfa", "票", "🙂", "\x00"])
def test_a_megabyte_is_refused_at_once(text):
    started = time.perf_counter()
    with pytest.raises(base32.Malformed):
        codes.normalize(CODE + text * 1_000_000)

    assert time.perf_counter() - started < 0.5


@given(st.integers(0, 2**80 - 1), st.data())
def test_every_code_is_read_back_as_typed(number, data):
    code = "K7QF" + base32.symbols(number, 16)
    alike = {"0": "0Oo", "1": "1IiLl"}
    typed = "".join(data.draw(st.sampled_from(alike.get(symbol, symbol + symbol.lower()))) for symbol in code)

    assert codes.normalize(base32.grouped(typed)) == code


@given(st.text(max_size=60))
def test_any_text_is_a_code_or_refused(typed):
    try:
        code = codes.normalize(typed)
    except base32.Malformed:
        return
    assert len(code) == 20
    assert set(code) <= set(CROCKFORD)
