"""Files read and shown, kept until they are taken over: one for each account, kind of file and assessment."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts.actors import Actor
from surveys.storage.tables import Document, Import


def keep(
    session: Session,
    now: datetime,
    actor: Actor,
    kind: str,
    assessment_id: int,
    body: Document,
    *,
    replaces: Callable[[Document], bool] = lambda _: True,
) -> Import:
    """Instead of the account's earlier one of this kind for this assessment, where the new one `replaces` its body.

    What waits for another assessment stays, and what waits with somebody else.
    """
    assert actor.account_id is not None  # what the command line reads it takes over at once
    mine = select(Import).where(
        Import.account_id == actor.account_id, Import.kind == kind, Import.assessment_id == assessment_id
    )
    for earlier in session.scalars(mine):
        if replaces(earlier.body):
            session.delete(earlier)
    kept = Import(kind=kind, assessment_id=assessment_id, account_id=actor.account_id, body=body, made_at=now)
    session.add(kept)
    return kept
