"""What a page is about, told by what no other thing ever bears: so that a form acts on nothing else than it showed.

A number in an address is not enough: an older copy of the database, put back, gives it to the next thing.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.storage.tables import Account, Assessment, Import, Material, Poll, Unit


class Kind(StrEnum):
    POLL = "poll"
    IMPORT = "import"
    ACCOUNT = "account"
    UNIT = "unit"
    ASSESSMENT = "assessment"


Identities = dict[Kind, str]
"""Of a thing and of what it belongs to; empty where there is no such thing."""


def of_poll(session: Session, poll_id: int) -> Identities:
    found = session.execute(select(Poll.prefix, Poll.unit_id).where(Poll.id == poll_id)).one_or_none()
    return {} if found is None else {Kind.POLL: f"{poll_id}@{found.prefix}"} | of_unit(session, found.unit_id)


def of_unit(session: Session, unit_id: int) -> Identities:
    assessment_id = session.scalar(select(Unit.assessment_id).where(Unit.id == unit_id))
    return {} if assessment_id is None else {Kind.UNIT: str(unit_id)} | of_assessment(session, assessment_id)


def of_assessment(session: Session, assessment_id: int) -> Identities:
    made = session.scalar(select(Assessment.created_at).where(Assessment.id == assessment_id))
    return {} if made is None else {Kind.ASSESSMENT: _since(assessment_id, made)}


def of_import(session: Session, import_id: int) -> Identities:
    found = session.execute(select(Import.made_at, Import.assessment_id).where(Import.id == import_id)).one_or_none()
    if found is None:
        return {}
    return {Kind.IMPORT: _since(import_id, found.made_at)} | of_assessment(session, found.assessment_id)


def of_account(session: Session, account_id: int) -> Identities:
    made = session.scalar(select(Account.created_at).where(Account.id == account_id))
    return {} if made is None else {Kind.ACCOUNT: _since(account_id, made)}


def of_material(session: Session, material_id: int) -> Identities:
    unit_id = session.scalar(select(Material.unit_id).where(Material.id == material_id))
    return {} if unit_id is None else of_unit(session, unit_id)


def _since(number: int, made: datetime) -> str:
    return f"{number}@{made:%Y%m%dT%H%M%S.%f}"


Reader = Callable[[Session, int], Identities]


def unit_name(session: Session, unit_id: int) -> str | None:
    """None of one that is removed."""
    return session.scalar(select(Unit.name).where(Unit.id == unit_id))
