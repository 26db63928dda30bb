"""What stands in a staff form whose session has ended: the answer's own page carries it, encrypted, and it is shown
again once the same account has signed in. The server keeps nothing of it.

Every staff form says which account it was made for (`owner_mark`), signed; what is carried is bound to that account and
to the address it was sent to, and expires.
"""

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from urllib.parse import quote, urlsplit

from cryptography.fernet import InvalidToken
from flask import Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from itsdangerous import BadSignature, Signer
from sqlalchemy.orm import Session

from surveys.acts import identities
from surveys.web import access
from surveys.web.access import actor, site
from surveys.web.field_labels import is_typed, labelled, passwords
from surveys.web.forms import PasswordForm, SignInForm

OWNER, KEPT = "form_of", "kept"
KEPT_FOR = timedelta(hours=8)
MOST_BYTES = 512 * 1024
"""Of a form that carries another one: 256 KB at most, which compress badly, in base64."""
CARRIERS = ("sign_in.sign_in", "sign_in.password", "second_factor.enter")
_NEVER = {"csrf_token", OWNER, KEPT}
_PART = ("part", "part_name", "part_size")
"""Of a file that came in pieces: they are there for the account still, and found again by the file itself."""
_MARK = re.compile(rf'name="{OWNER}"\r\n\r\n([0-9]+\.[\w-]+)\r\n'.encode())


@dataclass(frozen=True)
class KeptForm:
    """`path`: where it was sent; `back`: the page it stands on, where known. `files`: (field, the file's name)."""

    owner: int
    path: str
    back: str
    multipart: bool
    fields: list[list[str]]
    files: list[list[str]]

    @property
    def has_words(self) -> bool:
        """Something that somebody typed or chose: else pressing the button again is all there is to do."""
        return bool(self.files) or is_typed(self.fields)


def owner_mark() -> str:
    """The account that this page is made for, signed; nothing for nobody."""
    return _signer().sign(str(actor().account_id)).decode() if current_user.is_authenticated else ""


def has_owner(head: bytes) -> bool:
    """Whether a form with files that begins so was made by one of our pages for somebody."""
    found = _MARK.search(head)
    return found is not None and _owner(found[1].decode()) is not None


def answer() -> ResponseReturnValue | None:
    """To a form that cannot be taken because the session has ended or is another one. None: it says nothing of its
    owner, and nothing is kept."""
    if request.endpoint in CARRIERS and KEPT in request.form:
        return resumed(request.form[KEPT]) if current_user.is_authenticated else _sign_in_page(request.form[KEPT])
    owner = _owner(request.form.get(OWNER, ""))
    if owner is None or not access.is_printable():
        return None
    kept = KeptForm(owner, _path(), _back(), request.mimetype == "multipart/form-data", list(_fields()), list(_files()))
    if not current_user.is_authenticated:
        return _sign_in_page(_sealed(kept), typed=kept.has_words)
    return (_shown(kept), 400) if kept.has_words else None


def resumed(sealed: str) -> ResponseReturnValue:
    """What was kept, to whoever has signed in now."""
    kept = _opened(sealed)
    if kept is None:
        hours = KEPT_FOR // timedelta(hours=1)
        flash(f"填的内容没有保留下来：超过了 {hours} 小时，或者传得不完整。请重新填写。")
        return redirect(url_for("sign_in.home"))
    if kept.owner == actor().account_id and not kept.has_words:
        flash("已重新登录。刚才的操作没有生效，请再点一次。")
        return redirect(kept.back or url_for("sign_in.home"))
    return _shown(kept)


def _shown(kept: KeptForm) -> str:
    if kept.owner != actor().account_id:
        return render_template("staff/kept_by_another.html", form=SignInForm(None), kept=_sealed(kept))
    if actor().must_change:
        return render_template("office/password.html", form=PasswordForm(None), fault=None, kept=_sealed(kept))
    with site().database.reading() as session:
        shown = labelled(kept.fields, partial(_unit_name, session))
    return render_template("staff/kept.html", kept=kept, shown=shown)


def _unit_name(session: Session, unit_id: int) -> str:
    return identities.unit_name(session, unit_id) or "已移除的单位"


def _sign_in_page(sealed: str, *, typed: bool = True) -> ResponseReturnValue:
    page = render_template("office/sign_in.html", form=SignInForm(None), fault=None, kept=sealed, typed=typed)
    return page, 400, {"Session-Ended": "1"}


def _fields() -> Iterator[list[str]]:
    for name, text in request.form.items(multi=True):
        if name not in _NEVER | passwords() and not ("part_name" in request.form and name in _PART):
            yield [name, text]


def _files() -> Iterator[list[str]]:
    if request.form.get("part_name"):
        yield ["file", request.form["part_name"]]
    for name, file in request.files.items(multi=True):
        if file.filename:
            yield [name, file.filename]


def _path() -> str:
    query = request.query_string.decode("ascii", "replace")
    return quote(request.path, safe="/:@!$&'()*+,;=~") + (f"?{query}" if query else "")


def _back() -> str:
    """A page of this site, from what the browser says."""
    parts = urlsplit(request.referrer or "")
    inside = parts.netloc == request.host and parts.path.startswith("/") and not parts.path.startswith(("//", "/\\"))
    return parts.path + (f"?{parts.query}" if parts.query else "") if inside else ""


def _sealed(kept: KeptForm) -> str:
    data = zlib.compress(json.dumps(asdict(kept), ensure_ascii=False).encode())
    return site().box("kept form 1").encrypt_at_time(data, int(site().now().timestamp())).decode()


def _opened(sealed: str) -> KeptForm | None:
    try:
        data = (
            site()
            .box("kept form 1")
            .decrypt_at_time(sealed, int(KEPT_FOR.total_seconds()), int(site().now().timestamp()))
        )
    except (InvalidToken, ValueError):
        return None
    return KeptForm(**json.loads(zlib.decompress(data)))


def _owner(mark: str) -> int | None:
    try:
        return int(_signer().unsign(mark))
    except (BadSignature, ValueError):
        return None


def _signer() -> Signer:
    return Signer(site().settings.secret_key, salt="ceping form owner 1")


def register(app: Flask) -> None:
    app.jinja_env.globals.update(form_owner=owner_mark, OWNER=OWNER, KEPT=KEPT)
