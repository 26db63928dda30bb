"""Addresses, bodies and headers as nobody should send them, lawful ones among them; and what holds for every answer."""

import gzip
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, reduce
from typing import Any
from urllib.parse import quote, quote_from_bytes, unquote_to_bytes

from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from surveys.polling.base32 import ALPHABET, grouped
from tests.strict_client import check_headers, check_html, text_of

FORM = "application/x-www-form-urlencoded"
DRAWN = re.compile(r'(class="receipt code">|name="nonce" value=")[0-9A-Za-z-]*')
"""What differs from page to page by chance alone: without it a page need be checked once."""
FULL_WIDTH = {ord("!") + number: chr(0xFF01 + number) for number in range(94)}
ZERO_WIDTH = "\u200b\u200e\u200f\u202e\u2066\ufeff"

run = settings(
    derandomize=True,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Address:
    """`raw`: what stands behind /b/, percent-encoded; `{}` in it is the code. `ticket`: whose code. `same`: whether
    the server is to take it for that code."""

    raw: str
    ticket: str | None = None
    spell: Callable[[str], str] = str
    same: bool = False


@dataclass(frozen=True)
class Body:
    """`data`, or the pairs encoded with nothing done to them. `odd`: lawful for a server to refuse or not."""

    data: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = FORM
    content_length: str | None = None
    odd: bool = False


@dataclass(frozen=True)
class Post:
    address: Address
    body: Body


def encoded(pairs: Pairs, safe: str = "") -> bytes:
    return "&".join(f"{quote(name, safe=safe)}={quote(value, safe=safe)}" for name, value in pairs).encode()


# Sending and checking.


def ask(
    client: FlaskClient, method: str, target: str, body: Body | None = None, headers: Mapping[str, str] | None = None
) -> TestResponse:
    """As gunicorn hands a request on: the address unquoted to bytes, the body as it is, the length as declared."""
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "PATH_INFO": unquote_to_bytes(path.encode("utf-8", "surrogatepass")).decode("latin-1"),
        "QUERY_STRING": query,
        "REQUEST_URI": target,
        "RAW_URI": target,
    }
    if body is None:
        return client.open("/", method=method, headers=dict(headers or {}), environ_overrides=environ, buffered=True)
    if body.content_length is not None:
        environ["CONTENT_LENGTH"] = body.content_length
    return client.open(
        "/",
        method=method,
        data=body.data,
        content_type=body.content_type,
        headers=dict(body.headers),
        environ_overrides=environ,
        buffered=True,
    )


@lru_cache(maxsize=2000)
def check_page(html: str) -> None:
    check_html(html)
    assert "Traceback" not in html
    assert "site-packages" not in html


def check(response: TestResponse) -> None:
    """Every answer to anything: a page, whole and strict, of no fault of the server's."""
    assert response.status_code < 500
    check_headers(response.headers, response.request.path)
    if response.request.path != "/login":
        assert "Set-Cookie" not in response.headers
    if response.mimetype == "text/html" and response.data and response.status_code // 100 != 3:
        check_page(DRAWN.sub(r"\1", text_of(response)))
    if response.status_code >= 400 and response.request.method != "HEAD":
        assert response.mimetype == "text/html"


# What voters, and those who are none, may send.

any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
nonces = st.one_of(
    st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}"),
    st.just(""),
    st.sampled_from(["f" * 32, "0" * 32, "F" * 32, "f" * 31, "f" * 33, "f" * 32 + "\n", "f" * 32 + "\0", "１" * 32]),
    any_text,
    st.text("0123456789abcdefABCDEF", min_size=30, max_size=34),
)
good_nonces = st.integers(2**64, 2**128 - 1).map(lambda number: f"{number:032x}")

spellings: dict[str, Callable[[str], str]] = {
    "as printed": grouped,
    "in one": str,
    "lower case": str.lower,
    "full width": lambda code: grouped(code).translate(FULL_WIDTH),
    "look-alikes": lambda code: code.replace("0", "o").replace("1", "L"),
    "spaces": lambda code: f" {grouped(code).replace('-', ' ')}\u3000",
    "long dashes": lambda code: grouped(code).replace("-", "—"),
}
broken: dict[str, Callable[[str], str]] = {
    "short": lambda code: code[:-1],
    "long": lambda code: code + "0",
    "twice": lambda code: code * 2,
    "backwards": lambda code: code[::-1] if code != code[::-1] else "",
    "not of the alphabet": lambda code: code[:-1] + "U",
    "NUL": lambda code: code + "\0",
    "right to left": lambda code: "\u202e" + code,
    "zero width": lambda code: code[:7] + "\u200b" + code[7:],
    "quoted twice": lambda code: quote(quote(grouped(code), safe="").replace("-", "%2D")),
    "a folder": lambda code: code + "/",
    "in a folder": lambda code: f"{code[:4]}/{code[4:]}",
    "a parameter": lambda code: code + ";a=b",
    "empty": lambda _code: "",
}
living = ["fresh", "counted", "used"]
dead = ["void", "closed", "sealed", "draft", "other", "unknown"]

good_addresses = st.builds(
    Address, st.just("{}"), st.just("fresh"), st.sampled_from(list(spellings.values())), st.just(True)
)
known_addresses = st.builds(
    Address,
    st.sampled_from(["{}", "{}", "{}?a=b", "{}?code=1&code=2", "{}?%00=%ff"]),
    st.sampled_from(living + dead),
    st.sampled_from(list(spellings.values())),
    st.just(True),
)
broken_addresses = st.builds(
    Address,
    st.sampled_from(["{}", "{}", "/{}", "{}/", "../b/{}", "%2e%2e/{}", "{}%00", "{}%ff", "{}%", "{}%zz", "%FE{}"]),
    st.sampled_from(living + dead),
    st.sampled_from(list(broken.values())),
)
raw_addresses = st.one_of(
    st.binary(max_size=60).map(quote_from_bytes),
    any_text.map(quote),
    st.text("%0123456789abcdefABCDEF/.-;", max_size=40),
    st.text(ALPHABET + "-", max_size=30),
    st.text(ZERO_WIDTH + ALPHABET, max_size=30).map(quote),
    st.builds(lambda text, times: quote(text) * times, st.text(min_size=1, max_size=3), st.integers(100, 3000)),
).map(lambda raw: Address(raw.replace("{", "").replace("?", "")))
# `one_of` would flatten these, and hardly anything would be lawful.
addresses = st.sampled_from(
    [good_addresses, good_addresses, known_addresses, known_addresses, broken_addresses, raw_addresses]
).flatmap(lambda kind: kind)

FIELDS: list[str] = [f"o-{number}" for number in range(1, 20)] + [f"l1-{number}" for number in range(1, 20)]
near_misses = st.sampled_from(
    [
        *[
            "o-01",
            "O-1",
            "o-1 ",
            " o-1",
            "o-1\0",
            "o-1[]",
            "o-",
            "o",
            "-1",
            "o-0",
            "o--1",
            "ｏ-1",
            "o-１",
            "o-1.0",
            "o‐1",
        ],
        *["l9-1", "l3-1", "l2-1", "l0-1", "l01-1", "L1-1", "l1-1-1", "l1", "1-1", "I1-1", "code", "csrf_token", ""],
    ]
)
names = st.one_of(st.sampled_from(FIELDS), near_misses, any_text)
letters = st.one_of(
    st.sampled_from(["A", "B", "C", "D", "E", "a", "b", "Ａ", "А", "A ", " A", "AB", "-", "", "\0", "A\0", "1", "优"]),
    any_text,
)
mutations = st.one_of(
    st.tuples(st.just("drop"), st.integers(0, 30)),
    st.tuples(st.just("add"), names, letters),
    st.tuples(st.just("rename"), st.integers(0, 30), names),
    st.tuples(st.just("say"), st.integers(0, 30), letters),
    st.tuples(st.just("again"), st.integers(0, 30)),
    st.tuples(st.just("meant"), st.sampled_from(["1", "1", "1", "0", "", "true", "１", "1 ", "\0"])),
    st.tuples(st.just("nonce"), nonces),
)


def changed(pairs: list[tuple[str, str]], mutation: tuple[Any, ...]) -> list[tuple[str, str]]:
    kind, *values = mutation
    place = values[0] % len(pairs) if pairs and isinstance(values[0], int) else 0
    if kind == "drop":
        return pairs[:place] + pairs[place + 1 :]
    if kind == "add":
        return [*pairs, (values[0], values[1])]
    if kind == "rename" and pairs:
        return [*pairs[:place], (values[1], pairs[place][1]), *pairs[place + 1 :]]
    if kind == "say" and pairs:
        return [*pairs[:place], (pairs[place][0], values[1]), *pairs[place + 1 :]]
    if kind == "again":
        return pairs + pairs[place : place + 1]
    if kind == "meant":
        return [*pairs, ("blanks_meant", values[0])]
    return [*pairs, ("nonce", values[0])] if kind == "nonce" else pairs


def batches(fields: Mapping[str, str]) -> dict[str, st.SearchStrategy[Post]]:
    """The five kinds of posts, each with lawful ones among them."""

    def answered(number: int) -> list[tuple[str, str]]:
        pairs = []
        for name, allowed in fields.items():
            number, place = divmod(number, len(allowed))
            pairs.append((name, allowed[place]))
        return pairs

    full = st.integers(0, 4 ** len(fields) - 1).map(answered)
    good = st.builds(lambda pairs, nonce: [*pairs, ("nonce", nonce)], full, good_nonces)
    mutated = st.builds(
        lambda pairs, changes: reduce(changed, changes, pairs),
        st.one_of(full, good, good),
        st.lists(mutations, max_size=3),
    )
    free = st.lists(st.tuples(names, letters), max_size=8)
    good_bodies = good.map(lambda pairs: Body(encoded(pairs)))
    field_bodies = st.one_of(
        mutated.map(lambda pairs: Body(encoded(pairs))),
        mutated.map(lambda pairs: Body(encoded(pairs, "-/?:@ü"))),
        free.map(lambda pairs: Body(encoded(pairs))),
        mutated.flatmap(st.permutations).map(lambda pairs: Body(encoded(pairs))),
    )
    byte_bodies = st.one_of(
        good_bodies,
        st.binary(max_size=200).map(Body),
        st.builds(
            lambda pairs, place, cut, added: Body(spliced(encoded(pairs), place, cut, added)),
            good,
            st.integers(0, 200),
            st.integers(0, 20),
            st.one_of(
                st.binary(max_size=8),
                st.sampled_from([b"%", b"%ff", b"%00", b"%u0041", b"&", b"&&", b"=", b";", b"+", b"\xef\xbb\xbf"]),
                st.sampled_from([b"\r\n", b"\0", b"\xff\xfe", b"%C0%80", b"%ED%A0%80", b"&o-1=A", b"&o-1", b"&=A&="]),
            ),
        ),
        st.builds(
            lambda pairs, length: Body(encoded(pairs), content_length=length),
            good,
            st.one_of(
                st.integers(0, 400).map(str), st.sampled_from(["", "-1", "x", "1e2", "99999999999", "+5", "0x10", "１"])
            ),
        ),
        good.map(lambda pairs: Body(gzip.compress(encoded(pairs), mtime=0), {"Content-Encoding": "gzip"})),
    )
    content_types = st.one_of(
        st.sampled_from(
            [
                *(FORM + rest for rest in ("", ";", "; charset=utf-8", ";charset=gbk", "; charset=utf-16", "+x")),
                *(FORM.upper(), FORM + "; charset=\x01", FORM + '; boundary="', "text/plain", "text/html", "", "/"),
                *("application/json", "multipart/form-data", "multipart/form-data; boundary=x", "a" * 999),
            ]
        ),
        st.none(),
        st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30),
    )
    odd_headers = st.dictionaries(
        st.sampled_from(
            [
                *("Content-Encoding", "Transfer-Encoding", "Cookie", "Accept-Encoding", "Range", "Expect", "Origin"),
                *("X-HTTP-Method-Override", "X-Forwarded-For", "If-None-Match", "Accept", "Accept-Language", "Referer"),
            ]
        ),
        st.one_of(
            st.sampled_from(["gzip", "deflate", "chunked", "ceping=x", "bytes=0-1", "GET", "*", "100-continue"]),
            st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
        ),
        max_size=3,
    )
    kind_bodies = st.one_of(
        st.builds(lambda pairs, kind: Body(encoded(pairs), content_type=kind), good, content_types),
        st.builds(lambda pairs, headers: Body(encoded(pairs), headers, odd=True), good, odd_headers),
        good.map(lambda pairs: Body(json.dumps(dict(pairs)).encode(), content_type="application/json")),
        good.map(lambda pairs: Body(json.dumps(dict(pairs)).encode())),
        st.builds(lambda pairs, name: multipart(pairs, name), good, names),
        st.builds(lambda pairs, name: replace(multipart(pairs, name), content_type=FORM), good, names),
        st.binary(max_size=60).map(lambda data: Body(data, content_type="multipart/form-data; boundary=x")),
    )
    kinds_of_bodies = [good_bodies, field_bodies, byte_bodies, kind_bodies]
    everything: st.SearchStrategy[Body] = st.sampled_from(kinds_of_bodies).flatmap(lambda kind: kind)
    return {
        "addresses": st.builds(Post, addresses, good_bodies),
        "fields": st.builds(Post, good_addresses, field_bodies),
        "bytes": st.builds(Post, good_addresses, byte_bodies),
        "kinds": st.builds(Post, good_addresses, kind_bodies),
        "everything": st.builds(Post, addresses, everything),
    }


def spliced(data: bytes, place: int, cut: int, added: bytes) -> bytes:
    return data[:place] + added + data[place + cut :]


def multipart(pairs: Pairs, file_name: str) -> Body:
    parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in pairs]
    file = f'--x\r\nContent-Disposition: form-data; name="f"; filename="{file_name}"\r\n\r\n\x00\r\n--x--\r\n'
    return Body("".join([*parts, file]).encode(), content_type="multipart/form-data; boundary=x")
