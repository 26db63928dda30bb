"""Printing paper ballots. Each copy has a ticket of its own behind it, whose code nobody ever sees."""

from datetime import datetime

from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import BadInput, NotFound
from surveys.acts.permitted import permitted
from surveys.acts.site import Site
from surveys.polling.sheet import Sheet
from surveys.polling.states import Purpose
from surveys.reporting.paper import day_words
from surveys.storage.tables import Poll
from surveys.vote import polls
from surveys.vote.papers.paper_ballots import PaperBallots, PaperTextTooLong
from surveys.vote.ticketing import tickets

MOST_COPIES = 500


@permitted(Permission.RUN_POLLS)
def printed(
    site: Site, now: datetime, actor: Actor, poll_id: int, class_key: str, count: int, *, two_sided: bool
) -> bytes:
    """`count` paper ballots of a class as PDF, with as many tickets issued. Raises NotFound, BadInput, WrongState."""
    from surveys.vote.papers.paper_ballots_pdf import paper_ballots_pdf

    if not 1 <= count <= MOST_COPIES:
        raise BadInput(f"一次打印的份数须是 1 至 {MOST_COPIES} 的整数。")
    with site.database.reading() as session:
        ballots = _ballots(polls.poll_of(session, poll_id), class_key, count, two_sided)
    # Drawn before the tickets exist, and while nobody waits for the database.
    try:
        pdf = paper_ballots_pdf(ballots)
    except PaperTextTooLong:
        raise BadInput("测评表在 A4 纸上印不下：有一栏的字太多，或列太多。没有发票，请改短后再打印。") from None
    with site.database.writing() as session:
        tickets.issue(session, now, actor, poll_id, class_key, count, Purpose.PAPER)
    return pdf


def _ballots(poll: Poll, class_key: str, count: int, two_sided: bool) -> PaperBallots:
    names = {entry.key: entry.name for entry in poll.classes}
    if class_key not in names:
        raise NotFound(f"这次测评会没有代号为“{class_key}”的票种。")
    sheet = polls.build_sheet(poll) if poll.sheet is None else Sheet.from_json(poll.sheet)
    if sheet.length() == 0:
        raise BadInput(f"单位“{sheet.unit}”没有可测评的内容：没有单位测评表，也没有领导名单。")
    return PaperBallots(
        sheet, class_key, names[class_key], _when_and_where(poll), poll.rehearsal, count, two_sided=two_sided
    )


def _when_and_where(poll: Poll) -> str | None:
    parts = (("时间", day_words(poll.held_on)), ("地点", poll.place.strip()))
    return "　".join(f"{name}：{words}" for name, words in parts if words) or None
