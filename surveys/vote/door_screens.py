"""Doors: screens that hand out tickets one by one, each made when it is shown, up to the number planned.

A door is known by its token alone, of which the tables keep the hash. Handing a ticket out is in no log and has no
time, like casting: how many a door gave is the size of its batch.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from surveys.acts import audit, editions
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import AlreadyDone, BadInput, NotFound, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.site import Site
from surveys.polling import codes
from surveys.polling.states import PollState, Purpose, TicketState
from surveys.storage.tables import BallotClass, Batch, Door, Poll, Ticket
from surveys.vote.hall import time_is_up
from surveys.vote.polls import locked_poll, poll_of
from surveys.vote.ticketing import tickets
from surveys.vote.ticketing.ticket_limits import limit

SECRET_BYTES = 16
MOST_PLANNED = 100_000
LONGEST_DOOR_NAME = 20


@dataclass(frozen=True)
class Added:
    """A new door. Here alone, and only now, does its token exist."""

    number: int
    name: str
    token: str


@dataclass(frozen=True)
class DoorScreen:
    """A door as its screen shows it. `left`: tickets it may still hand out; `showing`: hex, None before the first."""

    name: str
    class_name: str
    unit: str
    title: str
    rehearsal: bool
    state: PollState
    shut: bool
    time_is_up: bool
    left: int
    showing: str | None
    taken: bool

    @property
    def working(self) -> bool:
        """Whether it may hand tickets out at all, however many are left."""
        return not self.shut and not self.time_is_up and self.state in tickets.ISSUING

    @property
    def waiting(self) -> bool:
        """Whether it works again as soon as voting is given more time."""
        return not self.shut and self.time_is_up


@dataclass(frozen=True)
class Dispensed:
    """A ticket made for a door's screen: its plain code, and the number (hex) under which the screen shows it."""

    code: str
    showing: str


@dataclass(frozen=True)
class DoorLine:
    """A door as the organizer sees it. `given`: tickets it handed out."""

    number: int
    name: str
    class_key: str
    given: int
    shut: bool


@dataclass(frozen=True)
class ClassLine:
    """A ballot class and its quota. `issued`: tickets that are not void, from doors and otherwise."""

    key: str
    name: str
    issued: int
    planned: int | None

    @property
    def left(self) -> int:
        return 0 if self.planned is None else max(0, self.planned - self.issued)


def class_lines(session: Session, poll: Poll) -> list[ClassLine]:
    query = (
        select(Ticket.class_key, func.count())
        .where(Ticket.poll_id == poll.id, Ticket.state != TicketState.VOID)
        .group_by(Ticket.class_key)
    )
    issued = {key: count for key, count in session.execute(query)}
    return [ClassLine(entry.key, entry.name, issued.get(entry.key, 0), entry.planned) for entry in poll.classes]


def door_lines(session: Session, poll: Poll) -> list[DoorLine]:
    query = select(Ticket.batch, func.count()).where(Ticket.poll_id == poll.id).group_by(Ticket.batch)
    given = {batch: count for batch, count in session.execute(query)}
    doors = session.scalars(select(Door).where(Door.poll_id == poll.id).order_by(Door.number))
    return [DoorLine(door.number, door.name, door.class_key, given.get(door.batch, 0), door.shut) for door in doors]


@permitted(Permission.RUN_POLLS)
def set_planned(
    session: Session,
    now: datetime,
    actor: Actor,
    poll_id: int,
    class_key: str,
    planned: int,
    base: str | None = None,
) -> None:
    """Writes down how many tickets of a class there are to be. Raises NotFound, BadInput, WrongState."""
    poll = locked_poll(session, poll_id)
    _check_issuing(poll)
    if not 1 <= planned <= MOST_PLANNED:
        raise BadInput(f"计划张数须是 1 至 {MOST_PLANNED} 的整数。")
    entry = _class_of(poll, class_key)
    editions.check_value(base, f"planned-{class_key}", entry.planned, planned, f"票种 {class_key} 的计划张数")
    before = None if entry.planned is None else str(entry.planned)
    entry.planned = planned
    detail = f"{class_key} 票 {planned} 张"
    audit.record(session, now, actor, "ticket.planned", poll.prefix, detail, before=before, after=str(planned))
    session.commit()


@permitted(Permission.RUN_POLLS)
def add_door(session: Session, now: datetime, actor: Actor, poll_id: int, name: str, class_key: str) -> Added:
    """A door with a batch of its own, still empty. Raises NotFound, BadInput, WrongState.

    Names are not used twice, also so that sending the form again makes no second door.
    """
    poll = locked_poll(session, poll_id)
    _check_issuing(poll)
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_DOOR_NAME:
        raise BadInput(f"发码屏的名称须为 1 至 {LONGEST_DOOR_NAME} 个字，如“东门”。")
    entry = _class_of(poll, class_key)
    if entry.planned is None:
        raise BadInput(f"票种“{entry.key} {entry.name}”还没有定计划张数，请先填好再添加发码屏。")
    others = session.scalars(select(Door).where(Door.poll_id == poll_id)).all()
    if any(door.name == name and not door.shut for door in others):
        raise BadInput(f"已经有一块叫“{name}”的发码屏。请换个名称；链接丢了，就先关闭那一块再添加。")
    batch = tickets.new_batch(session, now, poll, class_key, Purpose.DOOR)
    token = secrets.token_hex(SECRET_BYTES)
    number = max((door.number for door in others), default=0) + 1
    session.add(
        Door(
            poll_id=poll_id,
            number=number,
            name=name,
            class_key=class_key,
            batch=batch.number,
            token_hash=_hashed(token),
            taken=False,
            shut=False,
        )
    )
    audit.record(
        session, now, actor, "door.add", poll.prefix, f"第 {number} 块 {name}，{class_key} 票，第 {batch.number} 批"
    )
    session.commit()
    return Added(number, name, token)


@permitted(Permission.RUN_POLLS)
def shut_door(session: Session, now: datetime, actor: Actor, poll_id: int, number: int) -> None:
    """Ends a door for good: its link hands nothing out any more. Raises NotFound, WrongState."""
    poll = locked_poll(session, poll_id)
    door = session.get(Door, (poll_id, number))
    if door is None:
        raise NotFound(f"这次测评会没有编号为 {number} 的发码屏。")
    if door.shut:
        raise AlreadyDone(f"发码屏“{door.name}”已经关闭了。")
    door.shut = True
    audit.record(session, now, actor, "door.shut", poll.prefix, f"第 {number} 块 {door.name}")
    session.commit()


def door_screen(session: Session, now: datetime, token: str) -> DoorScreen:
    """The door of a token. Changes nothing. Raises NotFound."""
    door = _door_of(session, token)
    poll = poll_of(session, door.poll_id)
    entry = _class_line(session, poll, door.class_key)
    return DoorScreen(
        name=door.name,
        class_name=entry.name,
        unit=poll.unit.name,
        title=poll.title,
        rehearsal=poll.rehearsal,
        state=poll.state,
        shut=door.shut,
        time_is_up=time_is_up(poll, now),
        left=_left(session, poll, entry),
        showing=None if door.showing is None else door.showing.hex(),
        taken=door.taken,
    )


def next_ticket(session: Session, now: datetime, token: str, leaving: str | None) -> Dispensed:
    """Makes one ticket of the door's class and puts it on the screen. Here alone does its plain code exist.

    `leaving`: what the screen that asks has shown so far. Where the door shows something else by now, another screen
    (or the same tap, twice) was quicker, and nothing is made. Raises NotFound, WrongState.
    """
    poll = locked_poll(session, _door_of(session, token).poll_id)
    door = session.scalars(
        select(Door).where(Door.token_hash == _hashed(token)).execution_options(populate_existing=True)
    ).one()  # again, behind the lock: what was read before it may be old
    if door.shut:
        raise WrongState("这块发码屏已由组织员关闭，不再发码。")
    _check_issuing(poll)
    if time_is_up(poll, now):
        raise WrongState("投票时间已到，不再发码。延长了时间，才能接着发。")
    if (None if door.showing is None else door.showing.hex()) != leaving:
        raise WrongState("屏上的码已经换过：刚才点了两次，或另一块屏也在用这个链接。每块屏请各用一个链接。")
    if _left(session, poll, _class_line(session, poll, door.class_key)) == 0:
        raise WrongState("票已发完，请找工作人员。")
    code = codes.new_code(poll.prefix)
    tickets.add_tickets(session, poll, session.get_one(Batch, (poll.id, door.batch)), [code])
    door.showing, door.taken = secrets.token_bytes(SECRET_BYTES), False
    showing = door.showing.hex()
    session.commit()
    return Dispensed(code, showing)


def opened(site: Site, showing: str) -> None:
    """The ticket shown under this number was opened on a phone. Anybody may say so of any number.

    What no screen shows costs a look and no lock: otherwise strangers could queue up before the voters.
    """
    try:
        number = bytes.fromhex(showing)
    except ValueError:
        return
    on_a_screen = (Door.showing == number) & (Door.taken.is_(False))
    with site.database.reading() as session:
        if session.scalar(select(func.count()).select_from(Door).where(on_a_screen)) == 0:
            return
    with site.database.writing() as session:
        session.execute(update(Door).where(on_a_screen).values(taken=True))
        session.commit()


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _door_of(session: Session, token: str) -> Door:
    door = session.scalar(select(Door).where(Door.token_hash == _hashed(token)))
    if door is None:
        raise NotFound("没有这块发码屏。请核对链接，或请组织员重新添加一块。")
    return door


def _class_of(poll: Poll, class_key: str) -> BallotClass:
    for entry in poll.classes:
        if entry.key == class_key:
            return entry
    raise NotFound(f"这次测评会没有代号为“{class_key}”的票种。")


def _class_line(session: Session, poll: Poll, class_key: str) -> ClassLine:
    return next(line for line in class_lines(session, poll) if line.key == class_key)


def _left(session: Session, poll: Poll, entry: ClassLine) -> int:
    """Of the class's plan, and of what the poll may have in all."""
    found = limit(session, poll)
    return entry.left if found is None else min(entry.left, found.left)


def _check_issuing(poll: Poll) -> None:
    if poll.state not in tickets.ISSUING:
        raise WrongState(f"测评会{poll.state.label}，不能再发票。")
