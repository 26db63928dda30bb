"""Files read and shown, kept until they are taken over: one for each account, kind of file and assessment.

Rosters, accounts, frameworks, marks and polls all come in so: read, shown, confirmed as shown, forgotten.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts.actors import Actor
from surveys.acts.errors import NotAllowed, NotFound, WrongState
from surveys.intake.cleaning import clean_line
from surveys.storage.tables import Document, Import

LONGEST_FILE_NAME = 200


@dataclass(frozen=True)
class ImportDesk:
    """One kind of file. `kind`: as stored. `gone`, `moved`: what is said where nothing waits any more, and where taking
    it over would do other things than were shown."""

    kind: str
    gone: str
    moved: str

    def keep(
        self,
        session: Session,
        now: datetime,
        actor: Actor,
        assessment_id: int,
        body: Document,
        *,
        replaces: Callable[[Document], bool] = lambda _: True,
    ) -> Import:
        """Instead of the account's earlier one for this assessment, where the new one `replaces` its body.

        What waits for another assessment stays, and what waits with somebody else. Raises NotAllowed on the command
        line, which has no account: what it reads it takes over at once.
        """
        if actor.account_id is None:
            raise NotAllowed("导入要在网页上登录后进行。")
        mine = select(Import).where(
            Import.account_id == actor.account_id, Import.kind == self.kind, Import.assessment_id == assessment_id
        )
        for earlier in session.scalars(mine):
            if replaces(earlier.body):
                session.delete(earlier)
        kept = Import(kind=self.kind, assessment_id=assessment_id, account_id=actor.account_id, body=body, made_at=now)
        session.add(kept)
        return kept

    def waiting(self, session: Session, actor: Actor, import_id: int, *, take: bool = False) -> Import:
        """What waits for this account's yes; everybody sees their own only. `take`: pressed twice, the second waits for
        the first and then finds nothing. Raises NotFound."""
        query = select(Import).where(
            Import.id == import_id, Import.kind == self.kind, Import.account_id == actor.account_id
        )
        found = session.scalar(query.with_for_update() if take else query)
        if found is None:
            raise NotFound(self.gone)
        return found

    def check_shown(self, found: str, shown: str) -> None:
        """Of two fingerprints: what it would do now, and what was looked at. Raises WrongState."""
        if found != shown:
            raise WrongState(self.moved)


def kept_name(file_name: str) -> str:
    return clean_line(file_name)[:LONGEST_FILE_NAME]


def fingerprint(would: object) -> str:
    """Of what taking a file over would do, as JSON."""
    return hashlib.sha256(json.dumps(would, ensure_ascii=False, default=str).encode()).hexdigest()
