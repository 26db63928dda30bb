"""Anything asked of or posted to a public address: no 5xx, and nothing changes."""

import re
from collections import Counter
from urllib.parse import quote, quote_from_bytes

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.acts.site import Site
from surveys.web.access import PUBLIC, declared
from tests.odd_posts import Body, any_text, ask, broken, check, encoded, multipart, names, nonces, raw_addresses, run
from tests.tools import THOROUGH
from tests.worlds import Everything, build_everything, dump

pytestmark = [pytest.mark.slow, pytest.mark.both]

LOOKS = 1200 if THOROUGH else 300


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
        pairs.map(lambda sent: multipart([(quote(name), value) for name, value in sent], "f")),
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
