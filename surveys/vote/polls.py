"""A poll's life: draft, open, closed, sealed. Issuing is in `tickets`, voting in `casting`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from surveys.acts import audit, editions
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import AlreadyDone, BadInput, NotFound, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.site_settings import goes_without_auditor
from surveys.catalog.model import Questionnaire
from surveys.intake.cleaning import clean_line
from surveys.polling import codes, envelopes
from surveys.polling import sheet as polling
from surveys.polling.ballot_classes import ClassEntry as ClassEntry
from surveys.polling.disclosure import FEWEST_SHOWN
from surveys.polling.seal import ClassCount
from surveys.polling.states import PollState
from surveys.scoring.poll_rules import PollRules
from surveys.season import shut
from surveys.season.assessments import lock_unit, unit_of
from surveys.season.shut import Act
from surveys.storage.tables import BallotClass, Batch, Document, Poll, Unit
from surveys.vote import headcounts
from surveys.vote.paper_ballots.paper_counts import refuse_left
from surveys.vote.poll_entries import (
    BadEntry,
    EntryFault,
    changes,
    check_entry,
    entry_of,
    questionnaire_of,
    rules_of,
    state_of,
)
from surveys.vote.poll_entries import PollEntry as PollEntry
from surveys.vote.ticketing import ticket_limits
from surveys.vote.ticketing.ticket_limits import Limit

HEADCOUNT_FIRST = "实到人数还没有两人登记一致，登记好才能结束投票"
UNDER_WAY = (PollState.OPEN, PollState.PAUSED)
OVER = (PollState.SEALED, PollState.WITHDRAWN)
"""Nothing of the meeting changes any more."""


@permitted(Permission.RUN_POLLS)
def create_poll(session: Session, now: datetime, actor: Actor, entry: PollEntry) -> int:
    """A draft poll with its ballot classes. Raises BadEntry, NotFound."""
    poll = add_poll(session, now, actor, entry)
    session.commit()
    return poll.id


@permitted(Permission.RUN_POLLS)
def create_poll_once(session: Session, now: datetime, actor: Actor, entry: PollEntry) -> int:
    """`create_poll`, unless the unit has a draft entered just so, as when a form is sent twice: then that one's id."""
    # Locked, so that of two sent at once the second sees the first.
    lock_unit(session, entry.unit_id)
    drafts = select(Poll).where(Poll.unit_id == entry.unit_id, Poll.state == PollState.DRAFT).order_by(Poll.id)
    before = [(other.id, entry_of(other)) for other in session.scalars(drafts)]
    poll = add_poll(session, now, actor, entry)
    entered = entry_of(poll)
    for other_id, other in before:
        if other == entered:
            session.rollback()
            return other_id
    session.commit()
    return poll.id


@permitted(Permission.RUN_POLLS)
def add_poll(session: Session, now: datetime, actor: Actor, entry: PollEntry) -> Poll:
    """`create_poll` within the caller's transaction."""
    unit = unit_of(session, entry.unit_id)
    shut.require(unit.assessment, Act.SET_UP)
    check_entry(entry)
    poll = Poll(unit_id=unit.id, prefix=free_prefix(session), state=PollState.DRAFT)
    _take_over(poll, entry, unit.assessment.questionnaires)
    poll.classes = [_ballot_class(each) for each in entry.classes]
    session.add(poll)
    audit.record(session, now, actor, "poll.create", poll.prefix, unit.name)
    session.flush()
    if entry.present is not None:
        headcounts.enter(session, now, actor, poll, entry.present)
    return poll


@permitted(Permission.RUN_POLLS)
def update_poll(
    session: Session, now: datetime, actor: Actor, poll_id: int, entry: PollEntry, base: str | None = None
) -> None:
    """A draft poll as entered again; the number present has an act of its own. Raises BadEntry, NotFound, WrongState.

    A class that tickets were issued of keeps its key: the tickets are known by it.
    """
    poll = locked_poll(session, poll_id)
    check_draft(poll)
    if entry.unit_id != poll.unit_id:
        raise BadInput("测评会不能换单位，请为那个单位另建一次测评会。")
    if poll.rehearsal_of is not None and not entry.rehearsal:
        raise BadEntry([EntryFault("rehearsal", "这是另一次测评会的演练，不能改成正式的。")])
    check_entry(entry)
    _check_issued(session, poll, entry)
    fixed = _fixed(session, poll, entry)
    before = entry_of(poll)
    _check_base(base, before, entry)
    _take_over(poll, entry, poll.unit.assessment.questionnaires)
    poll.rules = poll.rules | fixed
    _replace_classes(session, poll, entry)
    changed = changes(before, entry_of(poll))
    if changed:
        audit.record(session, now, actor, "poll.update", poll.prefix, changed)
    session.commit()


def _check_base(base: str | None, saved: PollEntry, typed: PollEntry) -> None:
    """Raises Overtaken, with both values of each setting that differs."""
    there, wanted = state_of(saved), state_of(typed)
    differing = [label for label in there if there[label] != wanted[label]]
    words = "".join(f"\n{label}：现在是“{there[label]}”，您填的是“{wanted[label]}”。" for label in differing)
    editions.check(base, "poll", there, wanted, f"{words}\n")


def check_draft(poll: Poll) -> None:
    """Raises WrongState for a poll that can no longer be changed."""
    if poll.state is not PollState.DRAFT:
        raise WrongState(f"测评会{poll.state.label}，设置不能再改。开始投票以后，测评表、名单和规则都已定下。")


def _take_over(poll: Poll, entry: PollEntry, frozen: Document | None) -> None:
    poll.title = entry.title.strip()
    poll.held_on = entry.held_on
    poll.place = entry.place.strip()
    poll.rehearsal = entry.rehearsal
    poll.team = clean_line(entry.team)
    poll.team_weight = entry.team_weight
    poll.two_person = entry.two_person
    poll.entitled = entry.entitled
    poll.questionnaires = {
        "organization": entry.organization,
        "leader": entry.leader,
        "abstain": None if entry.abstain is None else entry.abstain.strip(),
    }
    poll.rules = rules_of(entry, frozen).to_json()
    poll.leaders = None
    if entry.leaders is not None:
        poll.leaders = [[leader.name.strip(), leader.post.strip()] for leader in entry.leaders]


def _ballot_class(entry: ClassEntry) -> BallotClass:
    return BallotClass(key=entry.key, name=entry.name.strip(), weight=entry.weight, planned=entry.planned)


def _check_issued(session: Session, poll: Poll, entry: PollEntry) -> None:
    kept = {each.key for each in entry.classes}
    issued = session.scalars(select(Batch.class_key).where(Batch.poll_id == poll.id).distinct())
    missing = sorted(set(issued) - kept)
    if missing:
        keys = "、".join(missing)
        text = f"票种 {keys} 已经发过票，不能去掉，也不能改代号，请把它加回来。名称和权重可以改。"
        raise BadEntry([EntryFault("classes", text)])


def _fixed(session: Session, poll: Poll, entry: PollEntry) -> Document:
    """What of the rules stays as it is since the first ticket was issued. Raises BadEntry."""
    if not ticket_limits.any_issued(session, poll):
        return {}
    rules = PollRules.from_json(poll.rules)
    if rules.reserve is not None:
        if entry.reserve != rules.reserve:
            text = f"已经发过票，预留的张数定在 {rules.reserve}，不能再改。要多发，请在“票”页写明理由提出。"
            raise BadEntry([EntryFault("reserve", text)])
        limit = Limit(entry.entitled, rules.reserve, rules.issue_to, ticket_limits.valid(session, poll))
        if not entry.rehearsal and limit.valid > limit.most:
            raise BadEntry([EntryFault("entitled", f"{limit.words}。应到不能改得比这还少，请先作废多发的。")])
    return {"reserve": rules.reserve, "issue_to": rules.issue_to}


def _replace_classes(session: Session, poll: Poll, entry: PollEntry) -> None:
    entries = {each.key: each for each in entry.classes}
    for row in list(poll.classes):
        found = entries.pop(row.key, None)
        if found is None:
            poll.classes.remove(row)
            session.delete(row)
        else:
            row.name, row.weight, row.planned = found.name.strip(), found.weight, found.planned
    poll.classes += [_ballot_class(each) for each in entries.values()]


def free_prefix(session: Session) -> str:
    """A prefix no poll has."""
    while True:
        prefix = codes.new_prefix()
        if session.scalar(select(Poll.id).where(Poll.prefix == prefix)) is None:
            return prefix


@permitted(Permission.WITNESS)
def set_present(
    session: Session, now: datetime, actor: Actor, poll_id: int, present: int, base: str | None = None
) -> None:
    """Writes down the number present (实到) as the actor counted it: see `headcounts`. Raises NotAllowed, BadInput,
    WrongState once voting has ended."""
    poll = locked_poll(session, poll_id)
    if poll.state in OVER or (poll.state is PollState.CLOSED and headcounts.needs_two(poll)):
        raise WrongState(f"测评会{poll.state.label}，实到人数不能再改。")
    editions.check_value(base, "present", headcounts.own(session, poll, actor), present, "实到人数")
    if present < 0:
        raise BadInput("实到人数不能小于 0。")
    headcounts.enter(session, now, actor, poll, present)
    audit.record(session, now, actor, "poll.present", poll.prefix, str(present))
    session.commit()


@permitted(Permission.RUN_POLLS)
def open_poll(session: Session, now: datetime, actor: Actor, poll_id: int) -> None:
    """Freezes the sheet and lets votes in. Raises WrongState, BadInput when there is nobody to rate."""
    poll = locked_poll(session, poll_id)
    if poll.state is not PollState.DRAFT:
        if poll.state is PollState.OPEN:
            raise AlreadyDone("投票已经开始了。")
        raise WrongState(f"测评会{poll.state.label}，不能再开始一次。")
    shut.require(poll.unit.assessment, Act.SET_UP)
    if session.scalar(select(Poll.id).where(Poll.rehearsal_of == poll_id)) is not None:
        raise WrongState("演练还没有清除。请先到演练的页面点“清除演练”，再开始正式投票。")
    sheet = build_sheet(poll)
    if sheet.length() == 0:
        raise BadInput(f"单位“{poll.unit.name}”没有可测评的内容：没有单位测评表，也没有领导名单。")
    poll.sheet = sheet.to_json()
    ticket_limits.fix(session, poll)
    headcounts.forget_unagreed(session, poll)
    # A draft may be older than the rule, which begins with opening.
    poll.rules = replace(
        PollRules.from_json(poll.rules), two_hands=True, unaudited=goes_without_auditor(session)
    ).to_json()
    poll.state = PollState.OPEN
    poll.opened_at = now
    poll.envelope_salt = envelopes.new_salt()
    audit.record(session, now, actor, "poll.open", poll.prefix)
    session.commit()


def build_sheet(poll: Poll) -> polling.Sheet:
    """The sheet of a draft poll: its own leaders, or else the unit's as they are now."""
    keys, leaders = poll.questionnaires, poll.leaders
    abstain, frozen = keys.get("abstain"), poll.unit.assessment.questionnaires
    if leaders is None:
        leaders = [(leader.name, leader.post) for leader in poll.unit.leaders]
    return polling.Sheet(
        title=poll.title,
        unit=poll.unit.name,
        organization=_sheet_form(questionnaire_of(keys["organization"], frozen), abstain),
        leader=_sheet_form(questionnaire_of(keys["leader"], frozen), abstain),
        leaders=tuple(polling.Leader(name, post) for name, post in leaders),
        held_on=poll.held_on,
        place=poll.place.strip(),
    )


def sheet_of(poll: Poll) -> polling.Sheet:
    """The sheet as frozen, or of a draft as it would be if it opened now."""
    return build_sheet(poll) if poll.sheet is None else polling.Sheet.from_json(poll.sheet)


def small_classes(poll: Poll, counts: Sequence[ClassCount]) -> list[str]:
    """Of several classes those that fewer will vote in than are shown by themselves, as far as tickets are issued or
    planned."""
    planned = {each.key: each.planned or 0 for each in poll.classes}
    expected = {entry.key: max(entry.issued - entry.void, planned[entry.key]) for entry in counts}
    return [key for key, number in expected.items() if 0 < number < FEWEST_SHOWN and len(expected) > 1]


def _sheet_form(questionnaire: Questionnaire | None, abstain: str | None) -> polling.Questionnaire | None:
    if questionnaire is None:
        return None
    return polling.Questionnaire(
        title=questionnaire.title,
        choices=tuple(polling.Choice(grade.letter, grade.name) for grade in questionnaire.grades),
        questions=tuple(
            polling.Question(question.key, question.text, question.overall) for question in questionnaire.questions
        ),
        abstain=(questionnaire.abstain if abstain is None else abstain) or None,
    )


@permitted(Permission.RUN_POLLS)
def close_poll(session: Session, now: datetime, actor: Actor, poll_id: int, paper_left: int = 0) -> None:
    """Lets no more votes in, and fixes the number present; with an account it must stand. `paper_left`: paper ballots
    not counted yet, as the caller knows; they may be until the poll is sealed. Raises WrongState, PaperLeft."""
    poll = locked_poll(session, poll_id)
    if poll.state not in UNDER_WAY:
        if poll.state is PollState.CLOSED:
            raise AlreadyDone("投票已经结束了。")
        raise WrongState(f"测评会{poll.state.label}，不在投票中，不用结束。")
    if actor.account_id is not None and headcounts.needs_two(poll) and poll.present is None:
        raise WrongState(f"{HEADCOUNT_FIRST}。没有结束投票。没有人到会，就登记 0。")
    refuse_left(session, poll, paper_left, "没有结束投票。", "收回的在结束以后、封存以前还能录入")
    poll.state = PollState.CLOSED
    poll.closed_at = now
    audit.record(session, now, actor, "poll.close", poll.prefix)
    session.commit()


def poll_of(session: Session, poll_id: int) -> Poll:
    return _found(session, select(Poll).where(Poll.id == poll_id), poll_id)


def locked_poll(session: Session, poll_id: int, *, against_casting: bool = False) -> Poll:
    """The poll, locked against other changes until the transaction ends.

    `against_casting` waits for the casts under way too. Closing must not: on PostgreSQL a stream of voters would keep
    it waiting, and a cast that began before the close may still land before the seal.
    """
    lock = select(Poll).where(Poll.id == poll_id).with_for_update(of=Poll, key_share=not against_casting)
    return _found(session, lock, poll_id)


def _found(session: Session, query: Select[Poll], poll_id: int) -> Poll:
    poll = session.scalar(query)
    if poll is None:
        raise NotFound(f"没有编号为 {poll_id} 的测评会。")
    return poll


def polls_of_unit(session: Session, unit_id: int) -> list[Poll]:
    """The unit's polls that count or may come to, the newest first: no rehearsals, none set aside."""
    query = select(Poll).where(Poll.unit_id == unit_id, Poll.rehearsal.is_(False), Poll.set_aside_at.is_(None))
    return list(session.scalars(query.order_by(Poll.id.desc())))


def list_polls(session: Session, state: PollState | None = None, words: str = "") -> list[Poll]:
    """The polls by date, the latest first, then those without one; the newest of a day first.

    `state`: those that were withdrawn are listed only where it asks for them.

    `words`: each must be in the unit's name, the title or the place.
    """
    query = select(Poll).join(Unit).order_by(Poll.held_on.is_(None), Poll.held_on.desc(), Poll.id.desc())
    query = query.where(Poll.state != PollState.WITHDRAWN if state is None else Poll.state == state)
    for word in words.split():
        query = query.where(
            or_(*(column.icontains(word, autoescape=True) for column in (Unit.name, Poll.title, Poll.place)))
        )
    return list(session.scalars(query))
