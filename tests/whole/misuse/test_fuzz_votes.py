"""Ten thousand generated posts: no 5xx, and exactly the well-formed ones are in the box, as they were given."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from urllib.parse import parse_qsl, quote

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given, settings

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.site import Site
from surveys.polling.base32 import grouped
from surveys.polling.codes import hash_code
from surveys.polling.states import TicketState
from surveys.storage.tables import Ticket
from surveys.vote.ticketing import tickets
from tests.builders import World, box_counts, build_poll, cast, close, close_and_seal, filled, record_of, sheet_of
from tests.odd_posts import FORM, Body, Post, ask, batches, check, run
from tests.sites import NOW, lite_site_in
from tests.strict_client import text_of
from tests.tools import THOROUGH

pytestmark = [pytest.mark.slow, pytest.mark.both]

POSTS = 2000 if THOROUGH else 300
"""In each of the five batches."""
TICKETS = 900
NONCE = re.compile(r"[0-9a-f]{32}")
RECEIPT = re.compile(r'class="receipt code">([0-9A-Z-]{14})<')
LIMIT = 256 * 1024


class Fate(Enum):
    COUNT = "must be counted"
    EITHER = "may be counted or refused"
    REFUSE = "must be refused"
    AGAIN = "gets the receipt it got before"


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
