"""Keying returned paper ballots: by two persons, settled where they differ, and cast together."""

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from surveys.acts import audit
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import NotFound, WrongState
from surveys.acts.hands import require_hand, why_not
from surveys.acts.permitted import permitted
from surveys.acts.reasons import written
from surveys.polling import keying, receipts
from surveys.polling.sheet import Form, Question
from surveys.polling.states import PollState, TicketState
from surveys.storage.tables import Keying, Poll
from surveys.vote import casting
from surveys.vote.paper_ballots.paper_counts import paper_tickets
from surveys.vote.paper_ballots.paper_returned import (
    FIRST,
    HIGHEST_NUMBER,
    SECOND,
    SETTLED,
    Paper,
    account_names,
    envelope_key,
    following,
    keep,
    keyings_of,
    papers_of,
    sheet_of,
    unused_hashes,
)
from surveys.vote.polls import locked_poll, poll_of

HANDS = {FIRST: "第一遍", SECOND: "第二遍", SETTLED: "核定"}
THIRD = "没有录过这一张的第三个人（另一名组织员、管理员或监票人）"
KEYED_WHILE = (PollState.OPEN, PollState.PAUSED, PollState.CLOSED)

_order = secrets.SystemRandom()


@dataclass(frozen=True)
class Saved:
    """`differing`: cells in which the two hands differ, None while there is one hand. `following`: next to key."""

    differing: int | None
    following: int | None


@dataclass(frozen=True)
class Difference:
    """A cell the two hands keyed differently, each as people say it. `signs`: the two that it may be settled to;
    `allowed`: every character for them."""

    form: Form
    question: Question
    first: str
    second: str
    signs: Sequence[tuple[str, str]]
    allowed: str


@permitted(Permission.RUN_POLLS)
def opened(
    session: Session, secret: str, actor: Actor, poll_id: int, class_key: str, hand: int, number: int
) -> dict[str, str]:
    """What this hand keyed of a ballot before, as digits by field name; nothing of the other hand's.

    Raises NotFound, WrongState, NotAllowed where `key` would.
    """
    poll = poll_of(session, poll_id)
    _check_poll(poll, class_key)
    papers = papers_of(session, secret, poll, class_key)
    _check_hand(session, poll, actor, papers, class_key, hand, number)
    own = papers[number].answers.get(hand) if number in papers else None
    return {} if own is None else keying.shown(sheet_of(poll), own)


@permitted(Permission.RUN_POLLS)
def key(
    session: Session,
    secret: str,
    now: datetime,
    actor: Actor,
    poll_id: int,
    class_key: str,
    hand: int,
    number: int,
    typed: Mapping[str, str],
) -> Saved:
    """Keeps what one hand keyed of one ballot; again, it corrects. `typed`: digits or letters by field name.

    Not logged one by one: casting says who keyed how many. Raises NotFound, WrongState, NotAllowed, and
    keying.BadCells with every cell that cannot be taken.
    """
    poll = locked_poll(session, poll_id)
    _check_poll(poll, class_key)
    papers = papers_of(session, secret, poll, class_key)
    account_id = _check_hand(session, poll, actor, papers, class_key, hand, number)
    answers = keying.read(sheet_of(poll), typed)
    before = papers[number].answers.get(hand) if number in papers else None
    if before is not None and before != answers:
        audit.record(session, now, actor, "paper.correct", poll.prefix, f"{class_key} {HANDS[hand]} 1 张")
    keep(session, secret, poll, class_key, number, hand, account_id, answers)
    session.commit()
    papers = papers_of(session, secret, poll, class_key)
    unused = paper_tickets(session, poll)[class_key, TicketState.ISSUED]
    both = {FIRST, SECOND} <= papers[number].answers.keys()
    return Saved(len(papers[number].differing) if both else None, following(papers, hand, actor, unused, after=number))


@permitted(Permission.SETTLE_PAPER)
def differences(
    session: Session, secret: str, actor: Actor, poll_id: int, class_key: str, number: int
) -> list[Difference]:
    """What is to be settled of a ballot, for who may settle it. Raises NotFound, WrongState, NotAllowed."""
    poll = poll_of(session, poll_id)
    paper = _unsettled(session, secret, poll, class_key, number)
    _third(actor, paper)
    cells = keying.cells(sheet_of(poll))
    return [
        _difference(*cells[place], paper.answers[FIRST][place], paper.answers[SECOND][place])
        for place in paper.differing
    ]


def _difference(form: Form, question: Question, first: str, second: str) -> Difference:
    signs = keying.signs_of(form.questionnaire, (first, second))
    typed = "".join(sign for sign, _ in signs)
    return Difference(form, question, signs[0][1], signs[1][1], signs, typed + first + second)


@permitted(Permission.SETTLE_PAPER)
def settle(
    session: Session,
    secret: str,
    now: datetime,
    actor: Actor,
    poll_id: int,
    class_key: str,
    number: int,
    typed: Mapping[str, str],
) -> None:
    """Keeps what the paper says where the two hands differ, by neither of them; of `typed` only these cells count, and
    each is what one of the hands keyed. Raises NotFound, WrongState, NotAllowed, keying.BadCells.
    """
    poll = locked_poll(session, poll_id)
    paper = _unsettled(session, secret, poll, class_key, number)
    account_id = _third(actor, paper)
    answers = keying.settled(sheet_of(poll), paper.answers[FIRST], paper.answers[SECOND], typed)
    keep(session, secret, poll, class_key, number, SETTLED, account_id, answers)
    audit.record(session, now, actor, "paper.settle", poll.prefix, f"{class_key} 1 张 {len(paper.differing)} 处")
    session.commit()


@permitted(Permission.SETTLE_PAPER)
def send_back(
    session: Session, secret: str, now: datetime, actor: Actor, poll_id: int, class_key: str, number: int, reason: str
) -> None:
    """Instead of settling: both hands are dropped, and the paper is keyed anew. Raises as `settle`, BadInput."""
    poll = locked_poll(session, poll_id)
    _third(actor, _unsettled(session, secret, poll, class_key, number))
    _drop(session, now, actor, "paper.send_back", poll, class_key, number, reason)
    session.commit()


def why_not_settled(actor: Actor, keyers: Iterable[int]) -> str | None:
    """Why this account may not settle what these keyed, in Chinese; None where it may."""
    return why_not(actor, frozenset(keyers), THIRD)


def _third(actor: Actor, paper: Paper) -> int:
    return require_hand(actor, frozenset(paper.accounts.values()), THIRD)


@permitted(Permission.RUN_POLLS)
def remove(
    session: Session, now: datetime, actor: Actor, poll_id: int, class_key: str, number: int, reason: str
) -> None:
    """Takes back all that was keyed of one ballot, with a reason. Raises BadInput, NotFound, WrongState."""
    poll = locked_poll(session, poll_id)
    _check_poll(poll, class_key)
    _drop(session, now, actor, "paper.remove", poll, class_key, number, reason)
    session.commit()


def _drop(
    session: Session, now: datetime, actor: Actor, act: str, poll: Poll, class_key: str, number: int, reason: str
) -> None:
    reason = written(reason, "请写明原因，会记入日志。", name="原因")
    found = session.scalars(keyings_of(poll, class_key).where(Keying.number == number)).all()
    if not found:
        raise NotFound(f"{class_key} 类票没有录过第 {number} 张，没有可删除的。")
    names = account_names(session, {each.account_id for each in found})
    keyed = "，".join(f"{HANDS[each.hand]} {names[each.account_id]}" for each in found)
    for each in found:
        session.delete(each)
    audit.record(session, now, actor, act, poll.prefix, f"{class_key} 1 张（{keyed}）{reason}")


@permitted(Permission.RUN_POLLS)
def cast(session: Session, secret: str, now: datetime, actor: Actor, poll_id: int, class_key: str) -> int:
    """Casts the keyed ballots of a class in random order, all or none, and forgets the keyings; how many.

    Not while one is not agreed: numbers begin at 1 again, and a paper of the same pile would be keyed, and counted,
    a second time. Raises NotFound, WrongState.
    """
    poll = locked_poll(session, poll_id)
    _check_poll(poll, class_key)
    papers = papers_of(session, secret, poll, class_key)
    if not papers:
        raise WrongState(f"{class_key} 类票没有录好的纸质票可以计入。")
    if waiting := sorted(number for number, paper in papers.items() if not paper.agreed):
        numbers = "、".join(map(str, waiting[:10])) + ("等" if len(waiting) > 10 else "")
        raise WrongState(
            f"{class_key} 类票有 {len(waiting)} 张没有录完两遍或没有核定（第 {numbers} 张），一张都没有计入。"
            "全部录完、核定以后再一起计入；录重的写明原因删除。"
        )
    answers = [paper.agreed for paper in papers.values() if paper.agreed]
    hashes = list(session.scalars(unused_hashes(poll, class_key)))
    if len(hashes) < len(answers):
        raise WrongState(f"{class_key} 类纸质票只发出 {len(hashes)} 张没用过的，不能计入 {len(answers)} 张。")
    connection, shut_with = session.connection(), envelope_key(secret, poll)
    assert poll.opened_at is not None
    place = casting.Found(poll.id, poll.prefix, poll.opened_at, class_key)
    pairs = zip(_order.sample(hashes, len(answers)), _order.sample(answers, len(answers)), strict=True)
    for code_hash, letters in pairs:
        receipt = receipts.receipt_of(poll.prefix, receipts.new_nonce())
        if not casting.count(connection, shut_with, place, code_hash, letters, receipt):
            raise WrongState("有一张纸质票的票被别人用掉了，没有计入，请再按一次“计入”。")
    session.execute(delete(Keying).where(Keying.poll_id == poll.id, Keying.class_key == class_key))
    detail = f"{class_key} {len(answers)} 张；{_who(session, papers.values())}"
    audit.record(session, now, actor, "paper.cast", poll.prefix, detail)
    session.commit()
    return len(answers)


def _check_poll(poll: Poll, class_key: str) -> None:
    if class_key not in {entry.key for entry in poll.classes}:
        raise NotFound(f"这次测评会没有代号为“{class_key}”的票种。")
    if poll.state not in KEYED_WHILE:
        raise WrongState(f"测评会{poll.state.label}，开始投票以后、封存以前才能录入纸质票。")


def _check_hand(
    session: Session,
    poll: Poll,
    actor: Actor,
    papers: Mapping[int, Paper],
    class_key: str,
    hand: int,
    number: int,
) -> int:
    """Whether this account may key this ballot with this hand; its id."""
    account_id = _account(actor)
    if hand not in (FIRST, SECOND):
        raise NotFound("纸质票只录两遍。")
    if not 1 <= number <= HIGHEST_NUMBER:
        raise NotFound(f"纸质票的张号须是 1 至 {HIGHEST_NUMBER}。")
    paper = papers.get(number)
    if paper is None:
        if hand == SECOND:
            raise WrongState(f"第 {number} 张还没有录第一遍，请核对张号。")
        unused = paper_tickets(session, poll)[class_key, TicketState.ISSUED]
        if len(papers) >= unused:
            raise WrongState(
                f"{class_key} 类纸质票发出而没有计入的只有 {unused} 张，已经录了 {len(papers)} 张，不能再多录。"
                "请核对是否录重；收回的票不能多于发出的票。"
            )
        return account_id
    if paper.agreed is not None:
        raise WrongState(f"第 {number} 张两遍已经一致或已核定，不能再改。确实录错了，请写明原因删除后重录。")
    other = FIRST + SECOND - hand
    require_hand(actor, {account for each, account in paper.accounts.items() if each == other}, "另一个人")
    if paper.accounts.get(hand, account_id) != account_id:
        name = account_names(session, {paper.accounts[hand]})[paper.accounts[hand]]
        raise WrongState(f"第 {number} 张的{HANDS[hand]}已由“{name}”录过，请核对张号。")
    return account_id


def _account(actor: Actor) -> int:
    return require_hand(actor, other="录入的人")


def _unsettled(session: Session, secret: str, poll: Poll, class_key: str, number: int) -> Paper:
    _check_poll(poll, class_key)
    paper = papers_of(session, secret, poll, class_key).get(number)
    if paper is None:
        raise NotFound(f"{class_key} 类票没有录过第 {number} 张。")
    if paper.agreed is not None or not paper.differing:
        raise WrongState(f"第 {number} 张没有要核定的：两遍一致，或已核定，或只录了一遍。")
    return paper


def _who(session: Session, papers: Iterable[Paper]) -> str:
    """Who keyed and settled how many, for the log."""
    counts = Counter((hand, account_id) for paper in papers for hand, account_id in paper.accounts.items())
    names = account_names(session, {account_id for _, account_id in counts})
    return "；".join(
        f"{HANDS[hand]} "
        + "、".join(f"{names[account]} {count} 张" for (each, account), count in sorted(counts.items()) if each == hand)
        for hand in sorted({hand for hand, _ in counts})
    )
