"""A reporter's account for every unit of an assessment that lacks one, at once.

A unit of last year is another row: its reporter moves to the unit of the same name once last year is archived.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts import audit
from surveys.acts.actors import Actor, Permission, Role
from surveys.acts.errors import WrongState
from surveys.acts.import_desk import fingerprint
from surveys.acts.limits import LONGEST_NAME
from surveys.acts.permitted import permitted
from surveys.intake.cleaning import name_key
from surveys.office.account_admin import full_place
from surveys.office.accounts import Handout, NewAccount, add_accounts
from surveys.scoring.assessment_states import AssessmentState
from surveys.season import shut
from surveys.season.assessments import assessment_of, locked_assessment
from surveys.season.shut import Act
from surveys.storage.tables import Account, Assessment, Unit


@dataclass(frozen=True)
class Coming:
    """A reporter of last year's unit. `before`: where the account is now."""

    account_id: int
    account: str
    unit_id: int
    unit: str
    before: str


@dataclass(frozen=True)
class ReporterPlan:
    """`new`: an account's name for each unit that lacks a reporter, with the unit's id and name. `there`: how many
    units have one."""

    assessment_id: int
    title: str
    new: tuple[tuple[str, int, str], ...]
    coming: tuple[Coming, ...]
    there: int

    @property
    def fingerprint(self) -> str:
        shown = [self.new, [(each.account_id, each.unit_id) for each in self.coming]]
        return fingerprint(shown)


@permitted(Permission.MANAGE_ACCOUNTS)
def plan(session: Session, actor: Actor, assessment_id: int) -> ReporterPlan:
    """What `apply` would do now. Raises NotAllowed, NotFound, WrongState once the assessment is archived."""
    assessment = assessment_of(session, assessment_id)
    shut.require(assessment, Act.MAKE_REPORTERS)
    unit_ids = [unit.id for unit in assessment.units]
    query = select(Account.unit_id).where(Account.role == Role.REPORTER, Account.active, Account.unit_id.in_(unit_ids))
    have = set(session.scalars(query))
    lacking = [unit for unit in assessment.units if unit.id not in have]
    coming = tuple(_coming(session, lacking))
    served = {each.unit_id for each in coming}
    taken = {name_key(name) for name in session.scalars(select(Account.name))}
    new = tuple((_free_name(unit.name, taken), unit.id, unit.name) for unit in lacking if unit.id not in served)
    return ReporterPlan(assessment.id, assessment.title, new, coming, len(have))


def _coming(session: Session, lacking: Sequence[Unit]) -> Iterator[Coming]:
    """Active reporters of archived units of the same names."""
    units: Mapping[str, Unit] = {name_key(unit.name): unit for unit in reversed(lacking)}
    query = select(Account, Unit).join(Unit, Account.unit_id == Unit.id).join(Assessment)
    query = query.where(Account.role == Role.REPORTER, Account.active, Assessment.state == AssessmentState.ARCHIVED)
    for account, before in session.execute(query.order_by(Account.id)):
        unit = units.get(name_key(before.name))
        if unit is not None:
            yield Coming(account.id, account.name, unit.id, unit.name, full_place(session, account))


def _free_name(unit: str, taken: set[str]) -> str:
    """The unit's name, or with a number where somebody has it."""
    name, number = unit[:LONGEST_NAME], 1
    while name_key(name) in taken:
        number += 1
        name = f"{unit[: LONGEST_NAME - 4]}{number}"
    taken.add(name_key(name))
    return name


@permitted(Permission.MANAGE_ACCOUNTS)
def apply(session: Session, now: datetime, actor: Actor, assessment_id: int, shown: str) -> list[Handout]:
    """Makes and moves all of them. `shown`: the fingerprint of the plan that was shown.

    Raises NotAllowed, NotFound, WrongState when it would do other things than were shown, or nothing.
    """
    locked_assessment(session, assessment_id)  # pressed twice: the second finds every unit served
    found = plan(session, actor, assessment_id)
    if not found.new and not found.coming:
        raise WrongState("每个单位都已经有报送员账号，没有再建。")
    if found.fingerprint != shown:
        raise WrongState("单位或账号刚刚有了改动，什么都没有建。请核对新的预览后再确认。")
    entries = [NewAccount(name, Role.REPORTER, unit_id=unit_id) for name, unit_id, _ in found.new]
    handouts = add_accounts(session, now, actor, entries, why=f"“{found.title}”各单位")
    for each in found.coming:
        account = session.get_one(Account, each.account_id, with_for_update=True, populate_existing=True)
        if full_place(session, account) != each.before:
            raise WrongState(f"账号“{account.name}”刚刚有了改动，什么都没有建。请核对新的预览后再确认。")
        account.unit_id = each.unit_id
        detail = f"{each.before} → {full_place(session, account)}：新的考核"
        audit.record(session, now, actor, "account.move", account.name, detail)
    session.commit()
    return handouts
