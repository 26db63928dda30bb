"""Returned paper ballots as they lie in `keyings`, in envelopes like ballots, until they are cast."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import Imbalance
from surveys.acts.permitted import permitted
from surveys.polling import envelopes, keying
from surveys.polling.sheet import Sheet
from surveys.polling.states import Purpose, TicketState
from surveys.storage.tables import Account, Batch, Keying, Poll, Ticket
from surveys.vote.paper_ballots.paper_counts import paper_tickets
from surveys.vote.polls import poll_of

FIRST, SECOND, SETTLED = 1, 2, 3
HIGHEST_NUMBER = 9999


@dataclass(frozen=True)
class Paper:
    """A returned ballot as keyed so far: account ids and answers by hand."""

    number: int
    accounts: Mapping[int, int]
    answers: Mapping[int, str]

    @property
    def differing(self) -> tuple[int, ...]:
        if SECOND not in self.answers or FIRST not in self.answers:
            return ()
        return keying.differing(self.answers[FIRST], self.answers[SECOND])

    @property
    def agreed(self) -> str | None:
        """The answers to be cast, once both hands agree or somebody has settled them."""
        if SETTLED in self.answers:
            return self.answers[SETTLED]
        return None if SECOND not in self.answers or self.differing else self.answers[SECOND]


@dataclass(frozen=True)
class PaperStatus:
    """A returned ballot as pages may show it, not its answers. `keyers`: names by hand; `accounts`: their ids."""

    number: int
    keyers: Mapping[int, str]
    accounts: Collection[int]
    own_hand: int | None
    differing: int
    agreed: bool
    settled: bool


@dataclass(frozen=True)
class ClassStatus:
    """A ballot class: its paper tickets, and the returned ballots that are not cast yet.

    `following`: the number each hand would key next, None where there is nothing for this account to key.
    """

    key: str
    name: str
    issued: int
    void: int
    cast: int
    papers: tuple[PaperStatus, ...]
    following: Mapping[int, int | None]

    @property
    def agreed(self) -> int:
        return sum(paper.agreed for paper in self.papers)

    @property
    def unsettled(self) -> tuple[PaperStatus, ...]:
        return tuple(paper for paper in self.papers if paper.differing and not paper.agreed)

    def keyed(self, hand: int) -> int:
        return sum(hand in paper.keyers for paper in self.papers)


@permitted(Permission.RUN_POLLS, Permission.SETTLE_PAPER)
def status(session: Session, secret: str, actor: Actor, poll_id: int) -> list[ClassStatus]:
    """Every class of a poll, also of one that has not begun. Raises NotFound."""
    poll = poll_of(session, poll_id)
    counts = paper_tickets(session, poll)
    found = []
    for entry in poll.classes:
        papers = papers_of(session, secret, poll, entry.key)
        names = _names(session, papers.values())
        unused = counts[entry.key, TicketState.ISSUED]
        found.append(
            ClassStatus(
                entry.key,
                entry.name,
                sum(counts[entry.key, state] for state in TicketState),
                counts[entry.key, TicketState.VOID],
                counts[entry.key, TicketState.CAST],
                tuple(_status(paper, names, actor) for paper in papers.values()),
                {hand: following(papers, hand, actor, unused, None) for hand in (FIRST, SECOND)},
            )
        )
    return found


def _status(paper: Paper, names: Mapping[int, str], actor: Actor) -> PaperStatus:
    return PaperStatus(
        number=paper.number,
        keyers={hand: names[account_id] for hand, account_id in paper.accounts.items()},
        accounts=frozenset(paper.accounts.values()),
        own_hand=next((hand for hand in (FIRST, SECOND) if paper.accounts.get(hand) == actor.account_id), None),
        differing=len(paper.differing),
        agreed=paper.agreed is not None,
        settled=SETTLED in paper.answers,
    )


def _names(session: Session, papers: Iterable[Paper]) -> dict[int, str]:
    return account_names(session, {account for paper in papers for account in paper.accounts.values()})


def following(papers: Mapping[int, Paper], hand: int, actor: Actor, unused: int, after: int | None) -> int | None:
    """The number to key next: for the second hand one that waits for it, for the first hand one nobody has keyed."""
    if hand == SECOND:
        waiting = sorted(
            number
            for number, paper in papers.items()
            if SECOND not in paper.answers and paper.accounts[FIRST] != actor.account_id
        )
        return next((number for number in waiting if number > (after or 0)), waiting[0] if waiting else None)
    if len(papers) >= unused:
        return None
    own = [number for number, paper in papers.items() if paper.accounts.get(FIRST) == actor.account_id]
    number = (max(own, default=0) if after is None else after) + 1
    while number in papers:
        number += 1
    return number if number <= HIGHEST_NUMBER else None


def papers_of(session: Session, secret: str, poll: Poll, class_key: str) -> dict[int, Paper]:
    """What is keyed of a class, by number. Raises Imbalance for an envelope that does not open."""
    found: dict[int, tuple[dict[int, int], dict[int, str]]] = {}
    key = envelope_key(secret, poll)
    for each in session.scalars(keyings_of(poll, class_key)):
        place = envelopes.keying_place(class_key, each.number, each.hand)
        try:
            answers = envelopes.open_envelope(key, poll.prefix, place, each.answers)
        except envelopes.BrokenEnvelope:
            raise Imbalance(
                "有录入的纸质票打不开。若投票期间换过 SECRET_KEY，请换回原来的；否则有人动过，请保留现场。"
            ) from None
        accounts, by_hand = found.setdefault(each.number, ({}, {}))
        accounts[each.hand], by_hand[each.hand] = each.account_id, answers
    return {number: Paper(number, accounts, answers) for number, (accounts, answers) in found.items()}


def keep(
    session: Session, secret: str, poll: Poll, class_key: str, number: int, hand: int, account_id: int, answers: str
) -> None:
    place = envelopes.keying_place(class_key, number, hand)
    session.merge(
        Keying(
            poll_id=poll.id,
            class_key=class_key,
            number=number,
            hand=hand,
            account_id=account_id,
            answers=envelopes.close(envelope_key(secret, poll), poll.prefix, place, answers),
        )
    )


def keyings_of(poll: Poll, class_key: str) -> Select[Keying]:
    return (
        select(Keying)
        .where(Keying.poll_id == poll.id, Keying.class_key == class_key)
        .order_by(Keying.number, Keying.hand)
    )


def envelope_key(secret: str, poll: Poll) -> bytes:
    return envelopes.poll_key(secret, poll.envelope_salt or b"")


def sheet_of(poll: Poll) -> Sheet:
    return Sheet.from_json(poll.sheet or {})


def unused_hashes(poll: Poll, class_key: str) -> Select[bytes]:
    """The hashes of the tickets that paper ballots of a class may be cast on."""
    return (
        select(Ticket.code_hash)
        .join(Batch, (Batch.poll_id == Ticket.poll_id) & (Batch.number == Ticket.batch))
        .where(
            Ticket.poll_id == poll.id,
            Ticket.class_key == class_key,
            Ticket.state == TicketState.ISSUED,
            Batch.purpose == Purpose.PAPER,
        )
    )


def account_names(session: Session, ids: set[int]) -> dict[int, str]:
    found = session.execute(select(Account.id, Account.shown).where(Account.id.in_(ids)))
    return {account_id: name for account_id, name in found}
