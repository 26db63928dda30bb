"""What a page was opened for goes with each of its forms (the macro `token` of staff/fields.html), and is checked here,
once for all addresses: a page left open acts on nothing but what it showed."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask, Response, current_app, g, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from surveys.acts import identities
from surveys.acts.actors import Permission
from surveys.acts.identities import Identities, Kind, Reader
from surveys.web.access import PUBLIC, actor, declared, site

FIELD = "opened_for"

NAMED: Mapping[str, tuple[Reader, Kind]] = {
    "poll_id": (identities.of_poll, Kind.POLL),
    "import_id": (identities.of_import, Kind.IMPORT),
    "account_id": (identities.of_account, Kind.ACCOUNT),
    "unit_id": (identities.of_unit, Kind.UNIT),
    "assessment_id": (identities.of_assessment, Kind.ASSESSMENT),
    "material_id": (identities.of_material, Kind.ASSESSMENT),  # the reviewers' lists hold those of many units
}
"""By what an address names: how its identity is read, and of what kind a form must carry it."""


@dataclass(frozen=True)
class Words:
    """Of a refusal: what the page was opened for, and where to enter anew."""

    was: str
    enter: str
    endpoint: str


WORDS = {
    Kind.POLL: Words("另一场测评会打开的（那一场可能是演练，已经清除）", "测评会列表", "polls.index"),
    Kind.IMPORT: Words("另一份文件的预览打开的", "考核列表", "setup.index"),
    Kind.ACCOUNT: Words("另一个账号打开的", "账号列表", "accounts.index"),
    Kind.UNIT: Words("另一个单位打开的", "考核列表", "setup.index"),
    Kind.ASSESSMENT: Words("另一次考核打开的", "考核列表", "setup.index"),
}
OWN = Words("另一个单位（或另一年的考核）打开的，您的账号后来换了单位", "本单位的材料报送", "materials.overview")


def opened_for() -> str:
    """Of the page being shown, for its forms: nothing on one that is nobody's."""
    return str(g.get("opened_for", ""))


def words_of(found: Identities) -> str:
    return " ".join(f"{kind}:{name}" for kind, name in found.items())


def check() -> Response | None:
    """Looks what the address is about, for the forms of its page: before the view, which holds a connection of its own
    while it writes the page. Refuses a post from a page that was opened for something else, or does not say for what.
    What is not there at all is for the view to say."""
    if request.endpoint is None or declared(current_app.view_functions[request.endpoint]) == PUBLIC:
        return None
    g.opened_for = words_of(about())
    if request.method != "POST":
        return None
    carried = request.form.get(FIELD, "").split()
    for kind, name in required().items():
        if f"{kind}:{name}" not in carried:
            return _refused(kind, any(each.startswith(f"{kind}:") for each in carried))
    return None


def about() -> Identities:
    """All that the address is about. Somebody is signed in."""
    found: Identities = {}
    if not _named() and actor().unit_id is None:
        return found
    with site().database.reading() as session:
        for reader, _, number in _named():
            found |= reader(session, number)
        return found | _own(session)


def required() -> Identities:
    """What a form must carry that posts to this address."""
    found: Identities = {}
    with site().database.reading() as session:
        for reader, kind, number in _named():
            found |= _only(kind, reader(session, number))
        if declared(current_app.view_functions[str(request.endpoint)]) == Permission.SEE_OWN_UNIT:
            found |= _only(Kind.UNIT, _own(session))
    return found


def _only(kind: Kind, found: Identities) -> Identities:
    return {kind: found[kind]} if kind in found else {}


def _named() -> list[tuple[Reader, Kind, int]]:
    return [(*NAMED[name], number) for name, number in (request.view_args or {}).items() if name in NAMED]


def _own(session: Session) -> Identities:
    """A reporter's pages name no unit: they are about the account's own."""
    unit_id = actor().unit_id
    return {} if unit_id is None else identities.of_unit(session, unit_id)


def _refused(kind: Kind, of_another: bool) -> Response:
    words = OWN if actor().may(Permission.SEE_OWN_UNIT) else WORDS[kind]
    so = f"这一页是为{words.was}。" if of_another else "这一页没有写明是为什么打开的，可能开得太久了。"
    page = render_template(
        "errors/error.html",
        title="这一页不能再用",
        text=f"{so}没有做任何改动。请从{words.enter}重新进入。",
        back=url_for(words.endpoint),
        back_to=words.enter,
    )
    return make_response(page, 409)


def register(app: Flask) -> None:
    """After access: nobody learns here of what they may not see."""
    app.before_request(check)
    app.jinja_env.globals.update(opened_for=opened_for)
