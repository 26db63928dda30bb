"""When a request has come whole, and how long it may take to come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.web.patient_worker import (
    BODY_SECONDS,
    HEAD_SECONDS,
    LONGEST_HEAD,
    UPLOAD_BYTES,
    UPLOAD_SECONDS,
    WHOLE_BODY,
    Arriving,
    Pace,
)

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def post(length: int, *lines: bytes) -> bytes:
    return b"\r\n".join((b"POST /b/x HTTP/1.1", b"Content-Length: %d" % length, *lines, b"", b""))


def test_a_head_without_a_body_is_whole_at_its_end() -> None:
    assert not Arriving(GET[:-1], 0).is_whole
    assert Arriving(GET, 0).is_whole


def test_a_form_is_whole_with_its_last_byte() -> None:
    arriving = Arriving(post(5) + b"o-1=", 0)
    assert not arriving.is_whole
    arriving.take(b"A", 1)
    assert arriving.is_whole
    assert not arriving.is_upload


def test_a_body_of_a_form_gets_its_time_when_the_head_is_there() -> None:
    arriving = Arriving(b"", 100)
    assert arriving.deadline == 100 + HEAD_SECONDS
    arriving.take(post(5), 107)
    assert arriving.deadline == 107 + BODY_SECONDS
    arriving.take(b"o-1", 120)
    assert arriving.deadline == 107 + BODY_SECONDS


@pytest.mark.parametrize(
    "head",
    [
        post(WHOLE_BODY + 1),
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        post(5, b"Content-Length: 6"),
        post(5, b"expect: 100-continue"),
    ],
    ids=["longer-than-a-form", "chunked", "two-lengths", "asks-first"],
)
def test_what_a_thread_must_read_is_handed_over_with_its_head(head: bytes) -> None:
    arriving = Arriving(head, 0)
    assert arriving.is_whole
    assert arriving.is_upload


def test_the_longest_form_is_no_upload() -> None:
    arriving = Arriving(post(WHOLE_BODY), 0)
    assert not arriving.is_upload
    assert not arriving.is_whole


def test_a_head_without_an_end_is_handed_over_to_be_refused() -> None:
    assert Arriving(b"GET / HTTP/1.1\r\nx: " + b"y" * LONGEST_HEAD, 0).is_whole


@given(st.lists(st.integers(1, 80), max_size=20), st.integers(0, 40))
def test_it_does_not_matter_in_what_pieces_a_request_comes(cuts: list[int], length: int) -> None:
    message = post(length) + b"a" * length
    arriving, position = Arriving(b"", 0), 0
    for cut in cuts:
        arriving.take(message[position : position + cut], 0)
        position += cut
        assert arriving.is_whole == (position >= len(message))
    arriving.take(message[position:], 0)
    assert arriving.is_whole


def test_an_upload_that_brings_too_little_has_the_time_of_one_window() -> None:
    pace = Pace(0)
    assert pace.deadline == UPLOAD_SECONDS
    pace.came(UPLOAD_BYTES - 1, 15)
    assert pace.deadline == UPLOAD_SECONDS


def test_a_burst_buys_no_more_than_a_window() -> None:
    pace = Pace(0)
    pace.came(50 * UPLOAD_BYTES, 3)
    assert pace.deadline == 3 + UPLOAD_SECONDS


def test_an_upload_that_keeps_its_pace_goes_on() -> None:
    pace = Pace(0)
    for second in range(1, 300):
        assert second <= pace.deadline
        pace.came(4096, second)
    assert pace.deadline == 299 - (UPLOAD_SECONDS - 1) + UPLOAD_SECONDS
