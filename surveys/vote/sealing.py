"""Sealing a poll, and opening its result with two hands."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from surveys.acts import audit, poll_people
from surveys.acts.actors import Actor, Permission, Role
from surveys.acts.errors import AlreadyDone, Imbalance, NotAllowed, WrongState
from surveys.acts.hands import require_hand
from surveys.acts.permitted import permitted
from surveys.acts.site import Site
from surveys.polling import envelopes
from surveys.polling.disclosure import Key
from surveys.polling.seal import imbalance, seal
from surveys.polling.states import PollState
from surveys.scoring.assessment_states import AssessmentState
from surveys.season.assessments import locked_assessment
from surveys.storage.tables import Ballot, Poll, Receipt, Ticket, Unsealing
from surveys.vote.cleaning import clean, mark
from surveys.vote.paper_ballots.paper_counts import refuse_left, refuse_waiting
from surveys.vote.poll_record import read_record
from surveys.vote.polls import UNDER_WAY, close_poll, locked_poll, poll_of
from surveys.vote.scrutiny import witnessing

KEYS = {Role.ORGANIZER: Key.ORGANIZER, Role.SCRUTINEER: Key.SCRUTINEER}
"""Who holds which of the two keys. An admin holds none."""

KEY_FIRST = "收回的请先录入、计入；没有收回的"

_order = secrets.SystemRandom()


@permitted(Permission.RUN_POLLS)
def close_and_seal(site: Site, now: datetime, actor: Actor, poll_id: int, paper_left: int = 0) -> str:
    """Both, in two transactions: no vote comes in between. What would keep it from being sealed is refused before it
    is closed; of what is closed already, sealed alone. Raises WrongState, PaperLeft, Imbalance."""
    with site.database.writing() as session:
        poll = locked_poll(session, poll_id)
        if poll.state in UNDER_WAY:
            refuse_waiting(session, poll)
            refuse_left(session, poll, paper_left, "没有结束投票，也没有封存。", KEY_FIRST)
        if poll.state is not PollState.CLOSED:
            close_poll(session, now, actor, poll_id, paper_left)
    return seal_poll(site, now, actor, poll_id, paper_left)


@permitted(Permission.RUN_POLLS)
def seal_poll(site: Site, now: datetime, actor: Actor, poll_id: int, paper_left: int = 0) -> str:
    """Opens the envelopes, shuffles the boxes, checks conservation, seals; returns the seal.

    The three boxes are written again in random order within one transaction, so that no row version, order or
    transaction number tells when a ballot came in; then the files are cleaned of the old rows, as far as that can be
    now (surveys.vote.cleaning). Raises WrongState, Imbalance, and PaperLeft unless `paper_left` is how many paper
    ballots are not counted and never will be; then the poll stays closed and nothing is lost.
    """
    with site.database.writing() as session:
        value = _seal(session, site.settings.secret_key, now, actor, poll_id, paper_left)
    clean(site, now)
    return value


def _seal(session: Session, site_secret: str, now: datetime, actor: Actor, poll_id: int, paper_left: int) -> str:
    poll = locked_poll(session, poll_id, against_casting=True)
    if poll.state is not PollState.CLOSED:
        if poll.state is PollState.SEALED:
            raise AlreadyDone("测评会已经封存了。")
        raise WrongState(f"测评会{poll.state.label}，须先结束投票才能封存。")
    refuse_waiting(session, poll)
    refuse_left(session, poll, paper_left, "没有封存。", KEY_FIRST)
    watched = witnessing.require(session, actor, poll)
    _shuffle_ballots(session, poll, site_secret)
    _shuffle_receipts(session, poll_id)
    _shuffle_tickets(session, poll_id)
    record = read_record(session, poll)
    fault = imbalance(record)
    if fault is not None:
        raise Imbalance(f"票数对不上，没有封存：{fault}。请保留现场并联系管理员。")
    poll.state = PollState.SEALED
    poll.sealed_at = now
    poll.seal = seal(record)
    poll.envelope_salt = None
    mark(session, poll.prefix)
    left = f"纸质票 {paper_left} 份没有收回" if paper_left else ""
    detail = "；".join(part for part in (poll.seal, left, watched) if part)
    audit.record(session, now, actor, "poll.seal", poll.prefix, detail)
    session.commit()
    return poll.seal


def _shuffle_ballots(session: Session, poll: Poll, site_secret: str) -> None:
    """Ballots out of their envelopes, under new ids, in random order."""
    key = envelopes.poll_key(site_secret, poll.envelope_salt or b"")
    query = select(Ballot.id, Ballot.class_key, Ballot.answers).where(Ballot.poll_id == poll.id)
    found = session.execute(query).all()
    if envelopes.has_copies([envelope for _, _, envelope in found]):
        raise Imbalance("有选票是别的选票的复制品，没有封存：有人动过选票，请保留现场并联系管理员。")
    try:
        ballots = [
            {
                "poll_id": poll.id,
                "id": secrets.token_bytes(16),
                "class_key": class_key,
                "answers": envelopes.open_ballot(key, poll.prefix, class_key, ballot_id, envelope),
            }
            for ballot_id, class_key, envelope in found
        ]
    except envelopes.BrokenEnvelope:
        raise Imbalance(
            "有选票打不开，没有封存，选票都还在。若投票期间换过 SECRET_KEY，请换回原来的再封存；"
            "否则有人动过选票，请保留现场。"
        ) from None
    _replace(session, Ballot, poll.id, ballots)


def _shuffle_receipts(session: Session, poll_id: int) -> None:
    found = session.scalars(select(Receipt.code).where(Receipt.poll_id == poll_id)).all()
    _replace(session, Receipt, poll_id, [{"poll_id": poll_id, "code": code} for code in found])


def _shuffle_tickets(session: Session, poll_id: int) -> None:
    found = session.execute(
        select(Ticket.poll_id, Ticket.code_hash, Ticket.class_key, Ticket.batch, Ticket.state).where(
            Ticket.poll_id == poll_id
        )
    )
    _replace(session, Ticket, poll_id, [dict(row) for row in found.mappings()])


def _replace(
    session: Session, box: type[Ballot] | type[Receipt] | type[Ticket], poll_id: int, rows: list[dict[str, Any]]
) -> None:
    session.execute(delete(box).where(box.poll_id == poll_id))
    if rows:
        session.execute(insert(box), _order.sample(rows, len(rows)))


def hand_of(poll: Poll, actor: Actor) -> Role | None:
    """For which of the two sides this account can still unseal; None where for neither."""
    turned = {entry.key for entry in poll.unsealings}
    return next((role for role in actor.roles if role in KEYS and KEYS[role] not in turned), None)


@permitted(Permission.UNSEAL)
def unseal(session: Session, now: datetime, actor: Actor, poll_id: int) -> bool:
    """One of the two hands; whether the result is open now. Raises NotAllowed, WrongState."""
    locked_assessment(session, poll_of(session, poll_id).unit.assessment_id)
    poll = locked_poll(session, poll_id)
    if not poll.two_person:
        raise WrongState("这次测评会没有设双人启封，封存后就能看结果。")
    if poll.state is not PollState.SEALED:
        raise WrongState(f"测评会{poll.state.label}，封存之后才能启封。")
    over = why_stays_shut(poll)
    if over is not None:
        raise WrongState(over)
    if not poll_people.may_enter(session, actor, poll_id):
        raise NotAllowed("这次测评会指定了别的组织员、监票人，请由他们启封。")
    own = [each for each in actor.roles if each in KEYS]
    role = hand_of(poll, actor)
    if not own:
        raise NotAllowed("启封须由一名组织员和一名监票人各自登录后操作。")
    if role is None:
        other = "结果可以看了" if len(poll.unsealings) == len(Key) else "还需另一方"
        raise AlreadyDone(f"{own[0].label}一方已经启封过了，{other}。")
    account_id = require_hand(actor, {entry.account_id for entry in poll.unsealings}, "另一方")
    poll.unsealings.append(Unsealing(key=KEYS[role].value, account_id=account_id, made_at=now))
    audit.record(session, now, actor, "poll.unseal", poll.prefix, f"{role.label}一方")
    session.commit()
    return len(poll.unsealings) == len(Key)


def why_stays_shut(poll: Poll) -> str | None:
    """Why its result is not opened any more, in Chinese: it would count in what is certified. None while it may be."""
    state = AssessmentState(poll.unit.assessment.state)
    counts = not poll.rehearsal and poll.set_aside_at is None
    if counts and state.is_final:
        return f"考核{state.label}，得分里没有这次测评会，不能再启封。选票和封存码原样保留。"
    return None
