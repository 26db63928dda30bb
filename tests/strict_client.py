"""A test client that checks every answer: valid and accessible HTML, strict headers, nothing from elsewhere."""

import gzip
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import html5lib
from flask.testing import FlaskClient
from flask_login import current_user
from werkzeug.test import EnvironBuilder, TestResponse

from surveys.web import opened_for
from surveys.web.opened_for import FIELD as OPENED_FOR

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
}
SECRET_ADDRESSES = ("/b/", "/d/", "/door/")
FILE_POLICY = "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox"
TITLE_SUFFIXES = (" · 民主测评", " · 测评管理")
CONTROLS = ("input", "select", "textarea")
TOKEN = re.compile(r'(name="csrf_token"[^>]*value=")[^"]*')
LINKS = ("src", "href", "action", "formaction", "poster", "data")


class StrictClient(FlaskClient):
    """Every answer passes `check_response`, also those of a redirect that is followed."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        kwargs.setdefault("buffered", True)  # read and closed, also a file that nobody looks at
        data = kwargs.get("data")
        if kwargs.get("method") == "POST" and isinstance(data, dict) and "csrf_token" in data:
            kwargs["data"] = {OPENED_FOR: self.opened_for(args[0])} | data
        response = super().open(*args, **kwargs)
        check_response(response)
        return response

    def opened_for(self, path: str) -> str:
        """What the forms of a page carry that is about what this address names, where a test makes up the fields."""
        environ = EnvironBuilder(path, method="POST").get_environ()
        self._add_cookies_to_wsgi(environ)
        with self.application.request_context(environ):
            return opened_for.words_of(opened_for.about()) if current_user.is_authenticated else ""

    def page(self, path: str, status: int = 200) -> "Page":
        response = self.get(path)
        assert response.status_code == status, f"{path}: {response.status}"
        return Page(response)

    def submit(self, path: str, action: str | None = None, *, forged: bool = False, **fields: Any) -> TestResponse:
        """Opens a page, fills in the form that posts to `action` (default: the page itself) and sends it. A browser
        sends only fields that the form has; `forged`: others too, as a script or a forger would."""
        page, action = self.page(path), action or path
        unknown = set(fields) - page.fields(action)
        assert forged or not unknown, f"the form that posts to {action} has no field {sorted(unknown)}"
        return self.post(action, data=page.form(action) | fields)


class Page:
    """An HTML answer, parsed."""

    def __init__(self, response: TestResponse) -> None:
        self.html = text_of(response)
        self.root = parse(self.html)

    @property
    def text(self) -> str:
        return " ".join("".join(self.root.itertext()).split())

    @property
    def heading(self) -> str:
        return words(next(self.root.iter("h1")))

    def links(self) -> list[str]:
        return [element.get("href", "") for element in self.root.iter("a")]

    def images(self) -> list[str]:
        return [element.get("src", "") for element in self.root.iter("img")]

    def form(self, action: str) -> dict[str, Any]:
        """What the form that posts to this address would send as it stands."""
        return dict(sent_by(self._form(action)))

    def fields(self, action: str) -> set[str]:
        """Names of all that the form that posts to this address can send, its buttons too."""
        controls = (each for each in self._form(action).iter() if each.tag in (*CONTROLS, "button"))
        return {name for each in controls if (name := each.get("name")) is not None}

    def _form(self, action: str) -> Element:
        found = [form for form in self.root.iter("form") if form.get("action", action) == action]
        assert found, f"no form posts to {action}"
        return found[-1]


def sent_by(form: Element) -> Iterator[tuple[str, Any]]:
    for control in form.iter():
        name, kind = control.get("name"), control.get("type", "text")
        if name is None or control.tag not in CONTROLS:
            continue
        if control.tag == "select":
            chosen = [option.get("value") for option in control.iter("option") if option.get("selected") is not None]
            first = [option.get("value") for option in control.iter("option")][:1]
            yield name, chosen if control.get("multiple") is not None else (chosen or first)[0]
        elif control.tag == "textarea":
            yield name, (control.text or "").removeprefix("\n")
        elif kind not in ("checkbox", "radio") or control.get("checked") is not None:
            yield name, control.get("value", "")


def words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


# Parsing takes longer than making the page. Whoever looks at a page that was just checked gets the same tree.
@lru_cache(maxsize=4)
def parse(html: str) -> Element:
    """Not to be changed. Raises html5lib's ParseError for what is not valid."""
    parser = html5lib.HTMLParser(html5lib.getTreeBuilder("etree"), strict=True, namespaceHTMLElements=False)
    root: Element = parser.parse(html)
    return root


def text_of(response: TestResponse) -> str:
    data = response.get_data()
    if response.headers.get("Content-Encoding") == "gzip":
        data = gzip.decompress(data)
    return data.decode()


def check_response(response: TestResponse) -> None:
    check_headers(response.headers, response.request.path)
    if response.status_code == 304:
        assert not response.get_data()
        return
    if 300 <= response.status_code < 400:
        assert urlsplit(response.headers["Location"]).netloc == "", "a redirect to another host"
        return
    data = response.get_data()
    if response.mimetype == "text/html" and data:
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        check_html(text_of(response))
    if response.status_code >= 400 and response.request.method != "HEAD":
        assert response.mimetype == "text/html", "an error that is no page"


def check_headers(headers: Mapping[str, str], path: str) -> None:
    """The headers every answer must have, and those a voter's page must not have."""
    if headers["Content-Security-Policy"] == FILE_POLICY:
        assert headers["Content-Disposition"].startswith("attachment")
    else:
        check_policy(headers["Content-Security-Policy"])
    for name, value in SECURITY_HEADERS.items():
        assert headers[name] == value, name
    assert headers["Permissions-Policy"]
    assert headers["Referrer-Policy"] == ("no-referrer" if path.startswith(SECRET_ADDRESSES) else "same-origin")
    if not path.startswith("/static/"):
        assert headers["Cache-Control"] == "no-store"
    if path == "/" or path.startswith((*SECRET_ADDRESSES, "/screen/")):
        assert "Set-Cookie" not in headers, "a voter gets no cookie"
        assert "cookie" not in headers.get("Vary", "").lower(), "a voter's page looks at no cookie"


def check_policy(text: str) -> None:
    policy = dict(part.split(" ", 1) for part in text.split("; "))
    assert policy.pop("default-src") == "'none'"
    assert policy.pop("frame-ancestors") == "'none'"
    assert policy.pop("base-uri") == "'none'"
    assert policy.pop("form-action") == "'self'"
    if policy.get("img-src") == "'self' data:":
        policy.pop("img-src")
    assert set(policy.values()) == {"'self'"}, "the policy lets something else in"


_faultless: set[int] = set()


def check_html(html: str) -> None:
    """What was found faultless is not checked again: a walk over all addresses sees one refusal a hundred times."""
    page = hash(without_token(html))
    if page not in _faultless:
        check_tree(parse(html))
        _faultless.add(page)


def without_token(html: str) -> str:
    return TOKEN.sub(r"\1", html)


def check_tree(root: Element) -> None:
    assert root.get("lang") == "zh-CN"
    check_title(root)
    assert len(list(root.iter("h1"))) == 1, "exactly one h1"
    assert words(next(root.iter("h1"))), "an empty h1"
    ids = Counter(element.get("id") for element in root.iter() if element.get("id") is not None)
    assert not [name for name, count in ids.items() if count > 1], "an id stands twice"
    assert "" not in ids
    for element in root.iter():
        check_element(element, set(ids))
    check_labels(root)
    for form in root.iter("form"):
        check_ticks(form)


def check_ticks(form: Element) -> None:
    """A browser asks for each box that is `required`, so of several with one name none may be."""
    boxes = [each for each in form.iter("input") if each.get("type") == "checkbox"]
    names = Counter(each.get("name") for each in boxes)
    of_several = [
        each.get("name") for each in boxes if names[each.get("name")] > 1 and each.get("required") is not None
    ]
    assert not of_several, f"each box of several is required: {of_several}"


def check_title(root: Element) -> None:
    titles = [words(element) for element in root.iter("title")]
    assert len(titles) == 1
    own = titles[0]
    for suffix in TITLE_SUFFIXES:
        own = own.removesuffix(suffix.rstrip())
    assert own.strip(" ·"), f"the title says nothing of this page: {titles[0]!r}"
    assert own != titles[0], f"the title does not say whose page it is: {titles[0]!r}"


def check_element(element: Element, ids: set[Any]) -> None:
    attributes = element.attrib
    assert element.tag != "style", "an inline style sheet"
    assert "style" not in attributes, f"an inline style: {element.tag}"
    assert not [name for name in attributes if name.startswith("on")], f"an inline script: {attributes}"
    if element.tag == "script":
        assert "src" in attributes, "an inline script"
    if element.tag == "img":
        assert attributes.get("alt", "").strip(), f"an image without words: {attributes}"
    if element.tag == "a":
        assert words(element) or attributes.get("aria-label"), f"a link without words: {attributes}"
    if element.tag == "button":
        assert words(element) or attributes.get("aria-label"), "a button without words"
        assert "type" in attributes, "a button should say what it does"
    for name in LINKS:
        if attributes.get(name) == "data:,":  # no icon: one request less
            continue
        parts = urlsplit(attributes.get(name, ""))
        assert not parts.scheme, f"{name} leaves the site: {attributes[name]}"
        assert not parts.netloc, f"{name} leaves the site: {attributes[name]}"
    for name in ("aria-describedby", "aria-labelledby", "for"):
        for target in attributes.get(name, "").split():
            assert target in ids, f"{name} points nowhere: {target}"
    if attributes.get("href", "").startswith("#"):
        assert attributes["href"][1:] in ids, f"a link points nowhere: {attributes['href']}"


def check_labels(root: Element) -> None:
    wrapped = {id(inside) for label in root.iter("label") for inside in label.iter() if words(label)}
    named = {label.get("for") for label in root.iter("label") if words(label)}
    for control in root.iter():
        hidden = control.tag == "input" and control.get("type") in ("hidden", "submit")
        if control.tag not in CONTROLS or hidden:
            continue
        has_label = id(control) in wrapped or (control.get("id") is not None and control.get("id") in named)
        assert has_label or control.get("aria-label"), f"a control without a label: {control.attrib}"
