"""Voting as a participant meets it: the ballot, its refusals, the receipt; nothing spent unless it is counted."""

import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.site import Site
from surveys.polling.base32 import grouped
from surveys.polling.states import PollState, TicketState
from surveys.storage.tables import Ballot, Receipt, Ticket
from surveys.vote import polls
from surveys.vote.ticketing import tickets
from tests.builders import World, build_poll, close_and_seal, filled, record_of, sheet_of
from tests.sites import NOW
from tests.strict_client import Page, StrictClient
from tests.worlds import Shown, client_of

pytestmark = pytest.mark.both

NONCE = "0123456789abcdef" * 2
RECEIPT = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){2}\b")
FORM = "application/x-www-form-urlencoded"


@dataclass
class Hall:
    """An open poll with ten tickets, and a phone."""

    site: Site
    client: StrictClient
    world: World

    def code(self, number: int = 0) -> str:
        return self.world.codes["A"][number]

    def address(self, number: int = 0) -> str:
        return f"/b/{grouped(self.code(number))}"

    def answers(self, letters: str = "A") -> dict[str, list[str]]:
        return filled(sheet_of(self.site, self.world.poll_id), letters)

    def vote(self, number: int = 0, letters: str = "A", **fields: Any) -> TestResponse:
        return self.client.post(self.address(number), data=self.answers(letters) | fields)

    def boxes(self) -> tuple[int, int, int]:
        """(tickets spent, ballots, receipts)."""
        with self.site.database.reading() as session:
            spent = sa.select(sa.func.count()).select_from(Ticket).where(Ticket.state == TicketState.CAST)
            return (
                session.scalar(spent) or 0,
                session.scalar(sa.select(sa.func.count()).select_from(Ballot)) or 0,
                session.scalar(sa.select(sa.func.count()).select_from(Receipt)) or 0,
            )

    def ballots(self) -> list[str]:
        return [answers for _, answers in record_of(self.site, self.world.poll_id).ballots]


@pytest.fixture
def hall(lite_app: Flask, lite_site: Site) -> Hall:
    return Hall(lite_site, client_of(lite_app), build_poll(lite_site))


def receipt_of(response: TestResponse) -> str:
    page = Page(response)
    assert response.status_code == 200
    assert page.heading == "您的票已计入"
    found = RECEIPT.search(page.text)
    assert found
    return found.group()


def test_a_full_vote_is_counted_as_it_was_given(app: Flask, site: Site) -> None:
    """On both databases."""
    hall = Hall(site, client_of(app), build_poll(site))
    form = hall.client.page(hall.address()).form(hall.address())
    answers = {name: letters[0] for name, letters in hall.answers("ABCD").items()}
    assert set(form) == {"nonce"}, "no answer is given before the voter gives one"
    receipt_of(hall.client.post(hall.address(), data=form | answers))
    assert hall.boxes() == (1, 1, 1)
    assert hall.ballots() == ["".join(answers.values())]


def test_the_ballot_asks_everything_once(hall: Hall) -> None:
    page = hall.client.page(hall.address())
    sheet = sheet_of(hall.site, hall.world.poll_id)
    radios = [element for element in page.root.iter("input") if element.get("type") == "radio"]
    assert {element.get("name") for element in radios} == {name for name, _ in sheet.fields()}
    assert len(radios) == sum(len(letters) for _, letters in sheet.fields())
    for leader in sheet.leaders:
        assert leader.name in page.text
    assert hall.code() not in page.html.replace("-", "")


def test_the_ballot_is_the_same_for_every_ticket(hall: Hall) -> None:
    assert hall.client.page(hall.address(0)).html == hall.client.page(hall.address(1)).html


def test_a_receipt_page_leads_nowhere_and_holds_no_code(hall: Hall) -> None:
    response = hall.vote()
    page = Page(response)
    assert hall.code() not in page.html.replace("-", "")
    assert not [part for part in grouped(hall.code()).split("-") if part in RECEIPT.sub("", page.text)]


def test_the_same_submission_again_gets_the_same_receipt(hall: Hall) -> None:
    first = receipt_of(hall.vote(nonce=NONCE))
    assert receipt_of(hall.vote(nonce=NONCE)) == first
    changed = hall.vote(nonce=NONCE, letters="D")
    assert receipt_of(changed) == first
    assert "计入的是最先收到的那一次" in Page(changed).text, "not these answers"
    assert hall.boxes() == (1, 1, 1)
    assert set(hall.ballots()[0]) == {"A"}


def test_the_same_submission_gets_its_receipt_after_the_poll_is_sealed(hall: Hall) -> None:
    first = receipt_of(hall.vote(nonce=NONCE))
    close_and_seal(hall.site, hall.world.poll_id)
    assert receipt_of(hall.vote(nonce=NONCE)) == first


def test_another_submission_is_refused(hall: Hall) -> None:
    hall.vote(nonce=NONCE)
    for fields in ({}, {"nonce": ""}, {"nonce": NONCE[::-1]}):
        response = hall.vote(**fields)
        assert (response.status_code, Page(response).heading) == (409, "此票已使用")
    assert hall.boxes() == (1, 1, 1)


def test_another_ticket_cannot_take_the_same_nonce(hall: Hall) -> None:
    hall.vote(nonce=NONCE)
    assert hall.vote(1, nonce=NONCE).status_code == 400
    assert hall.boxes() == (1, 1, 1)


def test_blank_answers_are_asked_about_first(hall: Hall) -> None:
    response = hall.vote(letters="AB-C", nonce=NONCE)
    page = Page(response)
    assert response.status_code == 422
    assert hall.boxes() == (0, 0, 0)
    kept = page.form(hall.address())
    assert kept.pop("nonce") == NONCE
    assert kept == {name: letters[0] for name, letters in hall.answers("AB-C").items()}
    fields = [name for name, _ in sheet_of(hall.site, hall.world.poll_id).fields()]
    first_blank = next(name for name in fields if name not in kept)
    assert f"#{first_blank}" in page.links()
    assert "领导班子 第 3 项" in page.text
    assert f"还有 {len(fields) - len(kept)} 项没有填" in page.text
    receipt_of(hall.client.post(hall.address(), data=page.form(hall.address()) | {"blanks_meant": "1"}))
    assert hall.boxes() == (1, 1, 1)
    assert hall.ballots()[0].startswith("AB-CAB-C")


def test_blanks_without_script_are_kept_under_a_nonce_of_their_own(hall: Hall) -> None:
    kept = Page(hall.vote(letters="A-", nonce="")).form(hall.address())
    assert re.fullmatch(r"[0-9a-f]{32}", kept["nonce"])
    fields = kept | {"blanks_meant": "1"}
    first = receipt_of(hall.client.post(hall.address(), data=fields))
    assert receipt_of(hall.client.post(hall.address(), data=fields)) == first


def test_a_wholly_blank_ballot_is_told_that_it_will_be_invalid(hall: Hall) -> None:
    response = hall.vote(letters="-", nonce=NONCE)
    assert response.status_code == 422
    assert "废票" in response.text
    receipt_of(hall.vote(letters="-", nonce=NONCE, blanks_meant="1"))
    assert set(hall.ballots()[0]) == {"-"}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("which", "status", "heading"),
    [
        ("unknown", 404, "没有这张票"),
        ("malformed", 404, "没有这张票"),
        ("used", 409, "此票已使用"),
        ("void", 410, "此票已作废"),
        ("draft", 409, "投票还没有开始"),
        ("closed", 410, "投票已经结束"),
        ("sealed", 410, "投票已经结束"),
    ],
)
def test_each_refusal_has_its_own_page(shown: Shown, method: str, which: str, status: int, heading: str) -> None:
    world = shown.world
    codes = {
        "unknown": world.unused[PollState.OPEN][:4] + "0" * 16,
        "malformed": "x",
        "used": world.used,
        "void": world.void,
        "draft": world.unused[PollState.DRAFT],
        "closed": world.unused[PollState.CLOSED],
        "sealed": world.unused[PollState.SEALED],
    }
    data = filled(sheet_of(shown.site, world.open.poll_id)) if method == "POST" else None
    response = shown.client().open(f"/b/{codes[which]}", method=method, data=data)
    page = Page(response)
    assert (response.status_code, page.heading) == (status, heading)
    assert "请" in page.text, "it says what to do"
    assert codes[which] not in page.html


@pytest.mark.parametrize(
    "changes",
    [
        {"o-1": ["A", "B"]},
        {"o-1": ["A", "A"]},
        {"o-1": "E"},
        {"o-1": "a"},
        {"o-1": "-"},
        {"o-1": "AB"},
        {"o-1": "A\0"},
        {"o-1\0": "A"},
        {"o-99": "A"},
        {"l9-1": "A"},
        {"extra": ""},
        {"nonce": "xyz"},
        {"nonce": NONCE.upper()},
        {"nonce": NONCE + "\n"},
        {"nonce": [NONCE, NONCE]},
        {"o-1": ""},
    ],
)
def test_what_is_not_on_the_sheet_is_refused_whole(hall: Hall, changes: dict[str, Any]) -> None:
    response = hall.vote(**changes)
    assert (response.status_code, Page(response).heading) == (400, "这次提交没有计入")
    assert "没有使用" not in Page(response).text, "nobody has looked whether the ticket is used"
    assert hall.boxes() == (0, 0, 0)
    receipt_of(hall.vote())


def test_broken_bytes_are_refused(hall: Hall) -> None:
    body = urlencode(hall.answers(), doseq=True).encode()
    for broken in (body + b"&o-1=%ff", body.replace(b"o-1=A", b"o-1=%ff%fe"), body + b"&\xff\xfe=A", b"\0" * 100):
        response = hall.client.post(hall.address(), data=broken, content_type=FORM)
        assert 400 <= response.status_code < 500
    assert hall.boxes() == (0, 0, 0)


@pytest.mark.parametrize("code", ["%00", "%ff%fe", "a" * 5000, "%E3%80%80", "K7QF%2FK7QF", "..%2F..", "'\"<b>"])
def test_broken_codes_are_unknown(hall: Hall, code: str) -> None:
    for method in ("GET", "POST"):
        assert hall.client.open(f"/b/{code}", method=method).status_code in (404, 415)


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
def test_another_content_type_is_refused(hall: Hall, kind: str) -> None:
    response = hall.client.post(hall.address(), data=urlencode(hall.answers(), doseq=True), content_type=kind)
    assert response.status_code == 415
    assert hall.boxes() == (0, 0, 0)


@pytest.mark.parametrize("address", ["/", "/b/x", "ballot"])
def test_a_large_body_is_refused(hall: Hall, address: str) -> None:
    path = hall.address() if address == "ballot" else address
    response = hall.client.post(path, data=b"o-1=" + b"A" * 300 * 1024, content_type=FORM)
    assert response.status_code == 413
    assert hall.boxes() == (0, 0, 0)


def test_a_vote_needs_no_token_and_no_cookie(hall: Hall) -> None:
    assert "csrf" not in hall.client.page(hall.address()).html
    receipt_of(hall.vote())
    assert hall.client.get_cookie("ceping") is None


def typed(code: str, how: str) -> str:
    full_width = {ord("!") + number: chr(0xFF01 + number) for number in range(94)}
    return {
        "as printed": grouped(code),
        "in one": code,
        "lower case": grouped(code).lower(),
        "full width": grouped(code).translate(full_width),
        "spaces": "  " + grouped(code).replace("-", " ") + "\u3000",
        "look-alikes": grouped(code).replace("0", "O").replace("1", "l"),
        "long dashes": grouped(code).replace("-", "—"),
        "scanned": f"https://a-rather-long-name.assessment.example.cn/b/{grouped(code)}",
    }[how]


@pytest.mark.parametrize(
    "how", ["as printed", "in one", "lower case", "full width", "spaces", "look-alikes", "long dashes", "scanned"]
)
def test_a_typed_code_leads_to_its_ballot(hall: Hall, how: str) -> None:
    for number in range(10):
        response = hall.client.submit("/", code=typed(hall.code(number), how))
        assert (response.status_code, response.location) == (303, hall.address(number))
    assert hall.boxes() == (0, 0, 0)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("", "请输入纸条上的票码"),
        ("  ", "请输入"),
        ("K7QF", "20 个字母和数字"),
        ("U" * 20, "20 个"),
        ("<b>'\"&", "20 个"),
    ],
)
def test_a_mistyped_code_is_kept_and_explained(hall: Hall, code: str, words: str) -> None:
    response = hall.client.submit("/", code=code)
    page = Page(response)
    assert response.status_code == 400
    assert words in page.text
    assert page.form("/")["code"] == code


@pytest.mark.parametrize("code", ["K7QF\0", "\x01\x02", "\ufffe"])
def test_a_code_of_control_characters_is_refused(hall: Hall, code: str) -> None:
    assert hall.client.post("/", data={"code": code}).status_code == 400


def test_the_zipped_page_is_the_plain_one(hall: Hall) -> None:
    plain = hall.client.get(hall.address(), headers={"Accept-Encoding": "identity"})
    zipped = hall.client.get(hall.address(), headers={"Accept-Encoding": "gzip, deflate, br"})
    assert "Content-Encoding" not in plain.headers
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.data) == plain.data
    for response in (plain, zipped):
        assert "Accept-Encoding" in response.headers["Vary"]
        assert response.headers["Content-Length"] == str(len(response.data))


def test_the_first_visit_is_light(hall: Hall) -> None:
    """docs/decisions/0009: at most 12 KB compressed, in three requests."""
    zipped = hall.client.get(hall.address(), headers={"Accept-Encoding": "gzip"})
    page = Page(zipped)
    files = [element.get("src") for element in page.root.iter("script")]
    files += [link.get("href") for link in page.root.iter("link") if link.get("rel") == "stylesheet"]
    assert len(files) <= 2
    sizes = [len(gzip.compress(hall.client.get(str(path)).data)) for path in files]
    assert len(zipped.data) + sum(sizes) <= 12 * 1024


def test_the_page_of_another_opening_is_another(lite_app: Flask, lite_site: Site) -> None:
    """Two polls open: each ticket gets its own poll's page."""
    first, second = build_poll(lite_site), build_poll(lite_site, leaders=4)
    client = client_of(lite_app)
    for world, leaders in ((first, 2), (second, 4), (first, 2)):
        headings = [element for element in client.page(f"/b/{world.codes['A'][0]}").root.iter("h2")]
        assert len(headings) == leaders + 1


def test_a_draft_ticket_votes_once_the_poll_is_open(lite_app: Flask, lite_site: Site) -> None:
    hall = Hall(lite_site, client_of(lite_app), build_poll(lite_site, opened=False))
    assert hall.client.get(hall.address()).status_code == 409
    with lite_site.database.writing() as session:
        polls.open_poll(session, NOW, COMMAND_LINE, hall.world.poll_id)
    receipt_of(hall.vote())


def test_a_ticket_voided_under_the_voters_hands_is_not_counted(hall: Hall) -> None:
    hall.client.page(hall.address())
    with hall.site.database.writing() as session:
        tickets.void(session, NOW, COMMAND_LINE, hall.world.poll_id, hall.code(), "发错了")
    assert hall.vote().status_code == 410
    assert hall.boxes() == (0, 0, 0)


def test_a_rehearsal_says_so(lite_app: Flask, lite_site: Site) -> None:
    hall = Hall(lite_site, client_of(lite_app), build_poll(lite_site, rehearsal=True))
    assert "演练" in hall.client.page(hall.address()).text


@dataclass
class Counted:
    statements: list[str] = field(default_factory=list)
    begun: int = 0
    committed: int = 0


@contextmanager
def counted(engine: sa.Engine) -> Iterator[Counted]:
    """SQL statements, without those that only begin a transaction."""
    found = Counted()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            found.statements.append(statement)

    def begin(_connection: Any) -> None:
        found.begun += 1

    def commit(_connection: Any) -> None:
        found.committed += 1

    listeners = {"before_cursor_execute": note, "begin": begin, "commit": commit}
    for name, listener in listeners.items():
        sa.event.listen(engine, name, listener)
    yield found
    for name, listener in listeners.items():
        sa.event.remove(engine, name, listener)


def test_the_hot_path_is_short(app: Flask, site: Site) -> None:
    hall = Hall(site, client_of(app), build_poll(site))
    hall.client.page(hall.address())
    with counted(site.database.engine) as look:
        hall.client.page(hall.address(1))
    assert len(look.statements) <= 1, look.statements
    with counted(site.database.engine) as vote:
        receipt_of(hall.vote())
    assert 3 <= len(vote.statements) - 1 <= 5, vote.statements  # one reads the sheet for `answers`
    assert vote.committed == 1


def test_the_look_up_uses_its_indexes(lite_app: Flask, lite_site: Site) -> None:
    hall = Hall(lite_site, client_of(lite_app), build_poll(lite_site))
    hall.client.page(hall.address())
    plans: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            found = connection.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[-1] for row in found)

    sa.event.listen(lite_site.database.engine, "before_cursor_execute", explain)
    hall.client.page(hall.address(1))
    sa.event.remove(lite_site.database.engine, "before_cursor_execute", explain)
    assert len(plans) == 2
    assert all(re.match(r"SEARCH (polls|tickets) USING (INDEX|PRIMARY KEY)", plan) for plan in plans), plans


@pytest.mark.parametrize("agent", ["Mozilla/5.0 MicroMessenger/8.0", "Mozilla/5.0 (compatible; WeChat-Preview)", ""])
def test_previews_spend_nothing(hall: Hall, agent: str) -> None:
    """A messenger's servers ask again for what people send or scan, and ask for the head alone."""
    headers = {"User-Agent": agent}
    for method in ("HEAD", "GET", "GET", "OPTIONS"):
        response = hall.client.open(hall.address(), method=method, headers=headers)
        assert response.status_code == 200
        assert "Set-Cookie" not in response.headers
    assert hall.boxes() == (0, 0, 0)
    receipt_of(hall.vote())


def test_a_refused_vote_commits_nothing(app: Flask, site: Site) -> None:
    hall = Hall(site, client_of(app), build_poll(site))
    hall.vote()
    fields = hall.answers()
    with counted(site.database.engine) as again:
        hall.client.post(hall.address(), data=fields)
    assert again.committed == 0
