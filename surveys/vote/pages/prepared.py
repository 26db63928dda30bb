"""A poll's ballot page, rendered once per process, kept as bytes: the same for every ticket (docs/decisions/0005)."""

import gzip
from dataclasses import dataclass
from typing import cast

from flask import Response, current_app, render_template, request

from surveys.acts.open_polls import OpenPoll
from surveys.polling.sheet import Form, Question
from surveys.vote.casting import Found


@dataclass(frozen=True)
class PreparedPage:
    plain: bytes
    zipped: bytes

    def response(self) -> Response:
        """Gzip for whoever takes it: nearly everybody."""
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            response = Response(self.zipped, mimetype="text/html")
            response.headers["Content-Encoding"] = "gzip"
        else:
            response = Response(self.plain, mimetype="text/html")
        response.headers["Vary"] = "Accept-Encoding"
        return response


# O and U are not in the alphabet of codes: no receipt or prefix can be taken for these.
_RECEIPT_HERE = "OOOO-OOOO-OOOO"
_PREFIX_HERE = "UUUU"


class PreparedPages:
    def __init__(self) -> None:
        self._pages: dict[tuple[int, object], PreparedPage] = {}
        self._receipt_pages: dict[bool, str] = {}

    def receipt(self, prefix: str, receipt: str, rehearsal: bool) -> str:
        """The page that shows a receipt of the poll with this prefix."""
        if rehearsal not in self._receipt_pages:
            self._receipt_pages[rehearsal] = render_template(
                "vote/ballot/receipt.html", receipt=_RECEIPT_HERE, prefix=_PREFIX_HERE, rehearsal=rehearsal
            )
        return self._receipt_pages[rehearsal].replace(_RECEIPT_HERE, receipt).replace(_PREFIX_HERE, prefix)

    def page(self, found: Found, poll: OpenPoll) -> PreparedPage:
        key = (found.poll_id, found.opened_at)
        if key not in self._pages:
            plain = render_sheet(poll, None).encode()
            self._pages[key] = PreparedPage(plain, gzip.compress(plain, 9, mtime=0))
        return self._pages[key]


def prepared() -> PreparedPages:
    """This site's prepared pages."""
    return cast(PreparedPages, current_app.extensions["prepared"])


@dataclass(frozen=True)
class Gap:
    """A question left blank: the field to jump to, and how to call it."""

    field: str
    label: str


def render_sheet(
    poll: OpenPoll,
    answers: str | None,
    nonce: str = "",
    template: str = "vote/ballot/sheet.html",
    **more: object,
) -> str:
    """The ballot page: fresh, or with the answers kept and what is blank named. `template`: one that extends it."""
    kept = dict(zip((name for name, _ in poll.sheet.fields()), answers or "", strict=False))
    gaps = [
        Gap(form.field(question), _label(form, question))
        for form in poll.sheet.forms()
        for question in form.questionnaire.questions
        if kept.get(form.field(question)) == "-"
    ]
    return render_template(template, poll=poll, sheet=poll.sheet, kept=kept, gaps=gaps, nonce=nonce, **more)


def _label(form: Form, question: Question) -> str:
    whose = "领导班子" if form.leader is None else form.leader.name
    return f"{whose} 第 {question.key} 项"
