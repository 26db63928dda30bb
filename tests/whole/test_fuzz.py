"""Ten thousand generated posts: no 5xx, and exactly the well-formed ones are in the box, as they were given."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache, reduce
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, quote_from_bytes, unquote_to_bytes

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.site import Site
from surveys.polling.base32 import ALPHABET, grouped
from surveys.polling.codes import hash_code
from surveys.polling.states import TicketState
from surveys.storage.tables import Ticket
from surveys.vote.ticketing import tickets
from surveys.web.access import PUBLIC, declared
from tests.builders import World, box_counts, build_poll, cast, close, close_and_seal, filled, record_of, sheet_of
from tests.sites import NOW, lite_site_in
from tests.strict_client import check_headers, check_html, text_of
from tests.worlds import Everything, build_everything, dump

pytestmark = [pytest.mark.slow, pytest.mark.both]

POSTS = 2000
"""In each of the five batches."""
TICKETS = 900
LOOKS = 1200
FORM = "application/x-www-form-urlencoded"
NONCE = re.compile(r"[0-9a-f]{32}")
RECEIPT = re.compile(r'class="receipt code">([0-9A-Z-]{14})<')
DRAWN = re.compile(r'(class="receipt code">|name="nonce" value=")[0-9A-Za-z-]*')
"""What differs from page to page by chance alone: without it a page need be checked once."""
FULL_WIDTH = {ord("!") + number: chr(0xFF01 + number) for number in range(94)}
ZERO_WIDTH = "\u200b\u200e\u200f\u202e\u2066\ufeff"
LIMIT = 256 * 1024

run = settings(
    derandomize=True,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)

Pairs = Sequence[tuple[str, str]]


class Fate(Enum):
    COUNT = "must be counted"
    EITHER = "may be counted or refused"
    REFUSE = "must be refused"
    AGAIN = "gets the receipt it got before"


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


# What the server receives.


def as_received(body: Body) -> bytes | None:
    """The bytes up to the declared length; None when that is no length, or more than was sent."""
    if body.content_length is None:
        return body.data
    if not re.fullmatch(r"[0-9]{1,9}", body.content_length) or int(body.content_length) > len(body.data):
        return None
    return body.data[: int(body.content_length)]


def pairs_of(body: Body) -> list[tuple[str, str]] | None:
    """What the body says, read by another hand than the site's; None when it is no form at all."""
    data = as_received(body)
    kind = (body.content_type or "").split(";")[0].strip().lower()
    if data is None or kind != FORM or len(data) > LIMIT:
        return None
    try:
        return parse_qsl(data.decode("utf-8"), keep_blank_values=True, errors="replace")
    except ValueError:
        return None


@dataclass
class Hall:
    """The polls of a batch, and a second account book of what should be in their boxes.

    `fresh`: unused tickets of the open poll, the last is next. `said`: answers by code of what was counted.
    `nonces`: the receipt of each nonce that was sent.
    """

    app: Flask
    site: Site
    main: World
    other: World
    used: str
    void: str
    closed: str
    sealed: str
    draft: str
    fields: Mapping[str, str]
    fresh: list[str]
    said: dict[str, str] = field(default_factory=dict)
    nonces: dict[str, str] = field(default_factory=dict)
    receipts: list[str] = field(default_factory=list)
    posts: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def code_of(self, ticket: str | None) -> str:
        codes = {
            "fresh": self.fresh[-1],
            "counted": next(reversed(self.said)),
            "used": self.used,
            "void": self.void,
            "closed": self.closed,
            "sealed": self.sealed,
            "draft": self.draft,
            "other": self.other.codes["A"][0],
            "unknown": self.main.codes["A"][0][:4] + "0" * 16,
            None: "",
        }
        return codes[ticket]

    def fate(self, post: Post, code: str) -> tuple[Fate, str, str]:
        """What must become of a post; its answers; its nonce."""
        pairs = pairs_of(post.body)
        known = post.address.same and code in {*self.fresh[-1:], *self.said}
        if pairs and post.address.same and code == self.code_of("other") and ("blanks_meant", "1") in pairs:
            # The other poll has these questions and more: with blanks that are meant, it is a vote there.
            return Fate.EITHER, "", ""
        if pairs is None or not known:
            return Fate.REFUSE, "", ""
        nonces = [value for name, value in pairs if name == "nonce"] or [""]
        meant = [value for name, value in pairs if name == "blanks_meant"]
        given = [(name, value) for name, value in pairs if name not in ("nonce", "blanks_meant")]
        answers = dict(given)
        nonce = nonces[0]
        if len(nonces) != 1 or (nonce and not NONCE.fullmatch(nonce)):
            return Fate.REFUSE, "", nonce
        if code in self.said:
            # By the nonce alone: no table knows whose ticket a receipt belongs to.
            return Fate.AGAIN if nonce in self.nonces else Fate.REFUSE, "", nonce
        lawful = all(len(value) == 1 and value in self.fields.get(name, "") for name, value in given)
        if not lawful or len(answers) != len(given) or nonce in self.nonces:
            return Fate.REFUSE, "", nonce
        letters = "".join(answers.get(name, "-") for name in self.fields)
        if "-" in letters and meant != ["1"]:
            return Fate.REFUSE, "", nonce
        odd = post.body.odd or meant not in ([], ["1"])
        return Fate.EITHER if odd else Fate.COUNT, letters, nonce

    def send(self, post: Post) -> None:
        """What does not depend on the posts before fails here, so that it shrinks; the rest goes to `faults`."""
        code = self.code_of(post.address.ticket)
        raw = post.address.raw.replace("{}", quote(post.address.spell(code)))
        fate, letters, nonce = self.fate(post, code)
        response = ask(self.app.test_client(), "POST", f"/b/{raw}", post.body)
        check(response)
        self.posts += 1
        self.statuses[response.status_code] += 1
        receipt = RECEIPT.search(text_of(response)) if response.status_code == 200 else None
        if (receipt is None) != (response.status_code != 200):
            self.faults.append(f"a page that is neither a receipt nor a refusal: {post}")
        if (receipt is not None) != (fate in (Fate.COUNT, Fate.AGAIN)) and fate is not Fate.EITHER:
            self.faults.append(f"{response.status_code}, but it {fate.value}: {post}")
        if receipt is None:
            return
        if fate is Fate.AGAIN:
            if receipt.group(1) != self.nonces[nonce]:
                self.faults.append(f"another receipt than before: {post}")
        elif code in self.fresh:
            self.fresh.remove(code)
            self.said[code] = letters
            self.receipts.append(receipt.group(1))
            if nonce:
                self.nonces[nonce] = receipt.group(1)

    def balance(self) -> None:
        """The boxes hold what this book says, before sealing and after it."""
        assert not self.faults, "\n".join(self.faults[:5])
        said, counted = Counter(self.said.values()), len(self.said)
        with self.site.database.reading() as session:
            states = {
                row.code_hash: row.state
                for row in session.scalars(sa.select(Ticket).where(Ticket.poll_id == self.main.poll_id))
            }
        expected = {hash_code(code): TicketState.CAST for code in self.said}
        expected |= {hash_code(code): TicketState.ISSUED for code in self.fresh}
        assert states == expected | {hash_code(self.void): TicketState.VOID}
        for shut in (False, True):
            if shut:
                close_and_seal(self.site, self.main.poll_id)
            record = record_of(self.site, self.main.poll_id)
            assert Counter(letters for _, letters in record.ballots) == said
            for _, letters in record.ballots:
                assert len(letters) == len(self.fields)
                assert all(
                    letter in allowed + "-" for letter, allowed in zip(letters, self.fields.values(), strict=True)
                )
            boxes = box_counts(self.site, self.main.poll_id)
            assert boxes == {
                "cast": counted,
                "ballots": counted,
                "receipts": counted,
                "void": 1,
                "unused": len(self.fresh),
            }
            assert {grouped(code) for code in record.receipts} == set(self.receipts)


@contextmanager
def hall_in(folder: Path, template: Path) -> Iterator[Hall]:
    with lite_site_in(folder, template) as app:
        site: Site = app.extensions["site"]
        main = build_poll(site, count=TICKETS, entitled=TICKETS, leaders=1)
        other, closed, sealed = (build_poll(site, leaders=3, count=2) for _ in range(3))
        draft = build_poll(site, count=1, opened=False)
        close(site, closed.poll_id)
        close_and_seal(site, sealed.poll_id)
        codes = list(main.codes["A"])
        void, used = codes.pop(), codes.pop()
        with site.database.writing() as session:
            tickets.void(session, NOW, COMMAND_LINE, main.poll_id, void, "丢")
        sheet = sheet_of(site, main.poll_id)
        hall = Hall(
            app,
            site,
            main,
            other,
            used,
            void,
            closed.codes["A"][0],
            sealed.codes["A"][0],
            draft.codes["A"][0],
            dict(sheet.fields()),
            codes,
        )
        first = "f" * 32
        hall.said[used] = "A" * sheet.length()
        hall.nonces[first] = grouped(cast(site, used, filled(sheet), first))
        hall.receipts.append(hall.nonces[first])
        yield hall


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
            lambda pairs, place, cut, added: Body(_spliced(encoded(pairs), place, cut, added)),
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
        st.builds(lambda pairs, name: _multipart(pairs, name), good, names),
        st.builds(lambda pairs, name: replace(_multipart(pairs, name), content_type=FORM), good, names),
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


def _spliced(data: bytes, place: int, cut: int, added: bytes) -> bytes:
    return data[:place] + added + data[place + cut :]


def _multipart(pairs: Pairs, file_name: str) -> Body:
    parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in pairs]
    file = f'--x\r\nContent-Disposition: form-data; name="f"; filename="{file_name}"\r\n\r\n\x00\r\n--x--\r\n'
    return Body("".join([*parts, file]).encode(), content_type="multipart/form-data; boundary=x")


BATCHES = ("addresses", "fields", "bytes", "kinds", "everything")


@pytest.mark.parametrize("batch", BATCHES)
def test_only_what_is_well_formed_is_counted(batch: str, sqlite_template: Path, tmp_path: Path) -> None:
    with hall_in(tmp_path, sqlite_template) as hall:

        @settings(run, max_examples=POSTS)
        @given(batches(hall.fields)[batch])
        def send(post: Post) -> None:
            hall.send(post)

        send()
        print(f"{batch}: {hall.posts} posts, {len(hall.said) - 1} counted, {dict(hall.statuses)}")  # noqa: T201
        hall.balance()
        assert hall.posts >= POSTS
        assert len(hall.said) > POSTS // 20, "hardly anything was counted: this test would pass by refusing everything"
        assert len(hall.fresh) > 1, "the tickets have run out"


def public_rules(app: Flask, method: str) -> list[str]:
    return sorted(
        rule.rule
        for rule in app.url_map.iter_rules()
        if declared(app.view_functions[rule.endpoint]) == PUBLIC and method in (rule.methods or ())
    )


def odd_arguments(world: Everything) -> st.SearchStrategy[str]:
    """Codes, prefixes, names of files: real ones, and what is none."""
    real = [world.used, world.void, *world.unused.values(), *(code[:4] for code in world.unused.values())]
    return st.one_of(
        st.sampled_from(real),
        st.builds(lambda code, spell: quote(spell(code)), st.sampled_from(real), st.sampled_from([*broken.values()])),
        st.builds(
            lambda code, odd: code + odd, st.sampled_from(real), st.sampled_from(["%00", "%ff", "%", "%zz", "/"])
        ),
        st.sampled_from(["%00", "%EF%BF%BE", "%ED%A0%80", "ceping.css", "../app.py", "..%2f..%2fapp.py", "%2e%2e/x"]),
        raw_addresses.map(lambda address: address.raw),
    )


queries = st.one_of(
    st.just(""),
    st.sampled_from(["next=//x", "next=%00", "next=http://[", "next=%5C%5Cx", "%", "&&&=", "a" * 3000, "%ff=%fe"]),
    st.binary(max_size=40).map(quote_from_bytes),
    any_text.map(lambda text: "next=" + quote(text)),
)
look_headers = st.dictionaries(
    st.sampled_from(["Cookie", "Accept-Encoding", "If-None-Match", "If-Modified-Since", "Range", "Accept", "Referer"]),
    st.one_of(
        st.sampled_from(["ceping=x", "ceping=.eJ.x.y", "gzip", "bytes=9-1", "bytes=0-", "*", "W/", "Sun, 99 Foo 0000"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
    ),
    max_size=2,
)


def test_looking_with_any_address_is_no_fault_and_changes_nothing(app: Flask, site: Site) -> None:
    """On both databases: they differ in what text they take."""
    world = build_everything(site)
    before = dump(site.database)
    rules = public_rules(app, "GET")
    asked: Counter[str] = Counter()

    @settings(run, max_examples=LOOKS)
    @given(
        st.sampled_from(rules),
        odd_arguments(world),
        queries,
        st.sampled_from(["GET", "GET", "GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "ODD"]),
        look_headers,
    )
    def look(rule: str, argument: str, query: str, method: str, headers: dict[str, str]) -> None:
        path = re.sub(r"<[^>]+>", lambda _: argument.replace("?", ""), rule)
        target = f"{path}?{query}" if query else path
        check(ask(app.test_client(), method, target, headers=headers))
        asked[rule] += 1

    look()
    assert set(asked) == set(rules)
    assert sum(asked.values()) >= LOOKS
    assert dump(site.database) == before


def test_posting_anything_elsewhere_is_no_fault_and_changes_nothing(app: Flask, site: Site) -> None:
    """The other public forms: a typed code, a receipt looked up, signing in. On both databases."""
    world = build_everything(site)
    before = dump(site.database)
    rules = [rule for rule in public_rules(app, "POST") if not rule.startswith("/b/")]
    asked: Counter[str] = Counter()
    values = st.one_of(odd_arguments(world), any_text, nonces)
    pairs = st.lists(
        st.tuples(st.one_of(st.sampled_from(["code", "receipt", "name", "password", "csrf_token"]), names), values),
        max_size=4,
    )
    bodies = st.one_of(
        pairs.map(lambda sent: Body(encoded(sent))),
        pairs.map(lambda sent: _multipart([(quote(name), value) for name, value in sent], "f")),
        st.binary(max_size=60).map(Body),
        st.binary(max_size=60).map(lambda data: Body(data, content_type="multipart/form-data; boundary=x")),
    )

    @settings(run, max_examples=LOOKS // 2)
    @given(st.sampled_from(rules), odd_arguments(world), bodies)
    def post(rule: str, argument: str, body: Body) -> None:
        path = re.sub(r"<[^>]+>", lambda _: argument.replace("?", ""), rule)
        check(ask(app.test_client(), "POST", path, body))
        asked[rule] += 1

    post()
    assert set(asked) == set(rules)
    assert dump(site.database) == before
