"""A large file in pieces: sent one after the other, gone on with where a broken network left off, then handed in."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from sqlalchemy.orm import Session

from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import BadInput, NotAllowed, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.site import Site
from surveys.evidence.materials import own_checklist, room_on_disk
from surveys.evidence.uploads.evidence_files import MOST_BYTES

PIECE_BYTES = 2 * 1024 * 1024
MOST_KEY = 400


@permitted(Permission.SEE_OWN_UNIT)
def add_piece(site: Site, session: Session, actor: Actor, key: str, offset: int, data: bytes) -> int:
    """How much of the file is there now: the sender goes on from that place. `key`: the sender's name for the file.

    Raises NotAllowed, BadInput, WrongState.
    """
    own_checklist(session, actor)
    if len(data) > PIECE_BYTES or offset < 0 or offset + len(data) > MOST_BYTES:
        raise BadInput("上传的这一段不对，请刷新页面后重新上传。")
    with room_on_disk():
        return site.unfinished.append(_account(actor), _checked(key), offset, data, MOST_BYTES)


@permitted(Permission.SEE_OWN_UNIT)
@contextmanager
def whole(site: Site, actor: Actor, key: str, size: int) -> Iterator[BinaryIO]:
    """What the pieces make, to be handed in; then they go. Raises NotAllowed, BadInput, WrongState."""
    account, key = _account(actor), _checked(key)
    stream = site.unfinished.open(account, key)
    if stream is None:
        raise WrongState("上传的内容已不在服务器上（可能已经交过，或隔得太久）。请看看清单里有没有，没有就重新上传。")
    with stream:
        there = stream.seek(0, 2)
        if there > size:
            site.unfinished.remove(account, key)
        if there != size:
            raise WrongState("文件没有传完整，没有收下。请再按一次按钮，会接着传。")
        try:
            yield stream
        except BadInput:  # of this content nothing will come
            site.unfinished.remove(account, key)
            raise
    site.unfinished.remove(account, key)


def _checked(key: str) -> str:
    if not 0 < len(key) <= MOST_KEY:
        raise BadInput("上传的这一段不对，请刷新页面后重新上传。")
    return key


def _account(actor: Actor) -> int:
    if actor.account_id is None:
        raise NotAllowed("命令行不分段上传文件。")
    return actor.account_id
