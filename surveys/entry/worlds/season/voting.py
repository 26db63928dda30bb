"""The democratic votes: each poll from its tickets to its seal, every ballot cast with a ticket of its own."""

from decimal import Decimal

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.site import Site
from surveys.entry.worlds.season.plan import Confirmed, Vote
from surveys.entry.worlds.season.stage import Stage, moment
from surveys.marking import democratic_row, marks, standing_marks
from surveys.marking.marks import MarkEntry
from surveys.marking.score_sheets import unit_sheet
from surveys.polling import receipts
from surveys.polling.sheet import BLANK, Sheet
from surveys.scoring.grades import BlankPolicy
from surveys.vote import casting, poll_choices, polls, sealing
from surveys.vote.polls import ClassEntry, PollEntry
from surveys.vote.ticketing import tickets


def vote(stage: Stage) -> int:
    """Holds all the polls of the plan, then confirms what the group decides in their stead; how many ballots."""
    cast = sum(_hold(stage, unit_id, each, day) for day, unit_id, each in _polls(stage))
    for unit, unit_id in stage.units():
        _choose(stage, unit_id)
        if unit.confirmed is not None:
            _confirm(stage, unit_id, unit.confirmed)
    return cast


def _polls(stage: Stage) -> list[tuple[int, int, Vote]]:
    return [(10 + 5 * place, unit_id, each) for unit, unit_id in stage.units() for place, each in enumerate(unit.votes)]


def _hold(stage: Stage, unit_id: int, plan: Vote, day: int) -> int:
    site, organizer = stage.site, stage.staff.organizer
    begins, ends = moment(site, day, 9), moment(site, day, 11)
    with site.database.writing() as session:
        poll_id = polls.create_poll(session, moment(site, day - 2), organizer, _entry(site, unit_id, plan, day))
        codes = {}
        for each in plan.classes:
            count = len(each.ballots) + each.unused
            codes[each.key] = tickets.issue(session, moment(site, day, 8), organizer, poll_id, each.key, count).codes
            for code in codes[each.key][len(each.ballots) :][: each.void]:
                tickets.void(session, begins, organizer, poll_id, code, "纸条遗失（样例）")
        polls.open_poll(session, begins, organizer, poll_id)
        sheet = polls.sheet_of(polls.poll_of(session, poll_id))
    with site.database.casting() as connection:  # one connection for the hall; each ballot is a transaction
        for each in plan.classes:
            for code, answers in zip(codes[each.key], each.ballots, strict=False):
                casting.cast(
                    connection,
                    begins,
                    site.open_polls,
                    code,
                    receipts.new_nonce(),
                    _submission(sheet, answers),
                    blanks_meant=True,
                )
    with site.database.writing() as session:
        if plan.present is not None:
            for hand in (organizer, stage.staff.scrutineer):
                polls.set_present(session, ends, hand, poll_id, plan.present)
        polls.close_poll(session, ends, COMMAND_LINE if plan.present is None else organizer, poll_id)
    sealing.seal_poll(site, ends, organizer, poll_id)
    if plan.two_person:
        with site.database.writing() as session:
            for hand in (organizer, stage.staff.scrutineer):
                sealing.unseal(session, ends, hand, poll_id)
    return sum(len(each.ballots) for each in plan.classes)


def _entry(site: Site, unit_id: int, plan: Vote, day: int) -> PollEntry:
    return PollEntry(
        unit_id,
        "年度民主测评",
        plan.entitled,
        [ClassEntry(each.key, each.name, Decimal(each.weight)) for each in plan.classes],
        blank=BlankPolicy(plan.blank),
        blanks_allowed=True,
        abstain=plan.abstain,
        two_person=plan.two_person,
        held_on=moment(site, day).date(),
        place="机关会议室",
        team=plan.team,
        team_weight=Decimal(plan.weight),
        reserve=max(sum(len(each.ballots) + each.unused for each in plan.classes) - plan.entitled, 0),
    )


def _submission(sheet: Sheet, answers: str) -> dict[str, list[str]]:
    fields = [name for name, _ in sheet.fields()]
    return {name: [letter] for name, letter in zip(fields, answers, strict=True) if letter != BLANK}


def _choose(stage: Stage, unit_id: int) -> None:
    """Where a vote was held again, two admins say that the later one counts."""
    now = moment(stage.site, 25)
    first, second = stage.staff.admins
    with stage.site.database.writing() as session:
        for conflict in unit_sheet(session, unit_id).teams.conflicts:
            chosen = conflict.polls[-1].id
            poll_choices.propose(session, now, first, unit_id, chosen, "第一次到会人数不足，重新测评（样例）")
            poll_choices.agree(session, now, second, unit_id, chosen)


def _confirm(stage: Stage, unit_id: int, plan: Confirmed) -> None:
    """One admin proposes, the other confirms."""
    now = moment(stage.site, 25)
    first, second = stage.staff.admins
    with stage.site.database.writing() as session:
        line = unit_sheet(session, unit_id).democratic
        assert line is not None
        entry = MarkEntry(plan.row_key, line.departments[0], plan.points, plan.reason)
        marks.enter_marks(session, now, first, unit_id, [entry])
        place = (unit_id, plan.row_key, line.departments[0])
        version = standing_marks.last_marks(session, [unit_id], [plan.row_key])[place].version
        democratic_row.approve(session, now, second, unit_id, plan.row_key, version)
