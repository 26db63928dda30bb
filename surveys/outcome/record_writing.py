"""A unit's score sheet as JSON: every figure with all that it rests on, so that it can be explained without the tables.
It is read as a `unit_record.UnitRecord`."""

from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any

from surveys.catalog.model import plain
from surveys.marking.democratic_row import TeamScores, Vote
from surveys.marking.results import UnitResult
from surveys.marking.score_sheets import SheetLine
from surveys.outcome.figures import figure
from surveys.scoring.poll_rules import PollRules
from surveys.scoring.score_sheet import ScoreSheet
from surveys.storage.tables import Document, Event, Exemption, Mark, Poll, Unit

Names = Mapping[int | None, str]
"""Accounts' names by id; None is the command line."""


def unit_record(result: UnitResult, in_category: int, names: Names) -> Document:
    """`in_category`: units of the category that have a rank."""
    sheet = result.sheet
    return {
        **_unit(sheet.unit),
        "rows": [row_record(line, sheet.teams, names) for line in sheet.lines],
        "blocks": [
            {"code": block.code, "got": figure(block.got), "points": figure(block.points)}
            for block in sheet.score.blocks
        ],
        "result": _result(sheet.score) | {"band": result.band, "rank": result.rank, "ranked": in_category},
    }


def _unit(unit: Unit) -> Document:
    return {
        "unit": unit.id,
        "name": unit.name,
        "category": unit.category,
        "framework": unit.framework,
        "department": unit.department,
        "tags": sorted(tag.tag for tag in unit.tags),
    }


def _result(score: ScoreSheet) -> Document:
    return {
        "base": figure(score.base),
        "bonus": figure(score.bonus),
        "deduction": figure(score.deduction),
        "final": figure(score.final),
        "vetoed": score.vetoed,
        "pending": score.pending,
        "withheld": score.withheld,
    }


def row_record(line: SheetLine, teams: TeamScores, names: Names) -> Document:
    """On the democratic row `marks` holds what two people confirmed; what is only proposed decides nothing. `set_aside`
    and `conflicts` are there where polls were, or where it is not decided which counts."""
    marks = list(line.marks.values())
    if line.is_democratic:
        marks = [] if line.confirmed is None else [line.confirmed]
    found = {
        "key": line.row.standard.key,
        "state": line.value.state.value,
        "got": figure(line.value.got),
        "departments": list(line.departments),
        "chosen": None if line.chosen is None else line.chosen.value,
        "marks": [_mark(mark, names) for mark in marks],
        "events": [_event(event, names, event.id in line.counted, line.instead.get(event.id)) for event in line.events],
        "exemption": None if line.exemption is None else _exemption(line.exemption, names),
        "democratic": _democratic(teams.newest, teams) if line.is_democratic and teams.newest else None,
    }
    if line.is_democratic and teams.set_aside:
        found["set_aside"] = [_set_aside(poll) for poll in teams.set_aside]
    if line.is_democratic and teams.conflicts:
        found["conflicts"] = [
            {"team": each.team, "polls": [{"title": poll.title, "seal": poll.seal} for poll in each.polls]}
            for each in teams.conflicts
        ]
    return found


def _set_aside(poll: Poll) -> Document:
    """Nothing of its result, which may never have been opened."""
    return {
        "title": poll.title,
        "team": poll.team,
        "seal": poll.seal,
        "reason": poll.set_aside_reason,
        "at": None if poll.set_aside_at is None else _moment(poll.set_aside_at),
    }


def _mark(mark: Mark, names: Names) -> Document:
    return {
        "department": mark.department,
        "version": mark.version,
        "points": plain(mark.points),
        "remark": mark.remark,
        "evidence": mark.evidence,
        "by": names[mark.account_id],
        "at": _moment(mark.made_at),
    } | _confirmed(mark, names)


def _confirmed(entry: Mark | Event | Exemption, names: Names) -> Document:
    """Who confirmed it, where two decided."""
    return {} if entry.confirmed_by is None else {"confirmed_by": names[entry.confirmed_by]}


def _event(event: Event, names: Names, counts: bool, instead: Event | None) -> Document:
    """`instead`: the event that counts for its occasion, where it is overtaken."""
    return (
        {
            "id": event.id,
            "points": plain(event.points),
            "counts": counts,
            "happened_on": event.happened_on.isoformat(),
            "document": event.document,
            "reason": event.reason,
            "occasion": event.occasion,
            "level": event.level,
            "appeal": event.appeal,
            "appeal_note": event.appeal_note,
            "by": names[event.account_id],
            "at": _moment(event.made_at),
            "cancelled_at": None if event.cancelled_at is None else _moment(event.cancelled_at),
            "cancel_reason": event.cancel_reason,
        }
        | _confirmed(event, names)
        | ({} if instead is None else {"overtaken_by": _other(instead)})
    )


def _other(event: Event) -> Document:
    return {
        "row": event.row_key,
        "points": plain(event.points),
        "happened_on": event.happened_on.isoformat(),
        "document": event.document,
    }


def without_explanations(unit: Document) -> Document:
    """A unit's record without what was added to explain it, which follows from the rest: a version frozen before
    says the same of the unit. What has no order of its own was frozen as the database read it, and comes in one."""
    return unit | {"tags": sorted(unit["tags"]), "rows": [_bare(row) for row in unit["rows"]]}


def bare(body: Document) -> Document:
    """The body of a version with its units so."""
    return body | {"units": [without_explanations(unit) for unit in body["units"]]}


def _bare(row: Document) -> Document:
    vote = row["democratic"]
    for key, name in (("marks", "department"), ("set_aside", "seal")):
        if len(row.get(key, ())) > 1:
            row = row | {key: sorted(row[key], key=itemgetter(name))}
    if not row["events"] and vote is None:
        return row
    events = [_without(event, "overtaken_by") for event in row["events"]]
    return row | {"events": events, "democratic": None if vote is None else _bare_vote(vote)}


def _bare_vote(vote: Document) -> Document:
    items = [_without(item, "by_class", "passed_on") for item in vote["items"]]
    bare = _without(vote, "abstain", "passed_on") | {
        "items": items,
        "classes": sorted(vote["classes"], key=itemgetter("key")),
    }
    if "teams" in vote:  # a team's own vote has none
        bare["teams"] = [
            each | {"vote": _bare_vote(each["vote"])} if "vote" in each else each for each in vote["teams"]
        ]
    return bare


def _without(told: Document, *keys: str) -> Document:
    return {key: value for key, value in told.items() if key not in keys}


def _exemption(exemption: Exemption, names: Names) -> Document:
    return {
        "reason": exemption.reason,
        "document": exemption.document,
        "by": names[exemption.account_id],
        "at": _moment(exemption.made_at),
    } | _confirmed(exemption, names)


def _democratic(newest: Vote, teams: TeamScores) -> Document:
    """The newest poll's seal, turnout and the organization's counts; of the leaders nothing, they decide no row.

    `teams`: what each 班子 got; where there are several the row is their weighted mean, and each has its own `vote`.
    """
    several = len(teams.teams) + len(teams.waiting) > 1
    return _vote(newest) | {
        "teams": [
            {"team": each.team, "weight": plain(each.weight), "score": figure(each.score), "fault": each.fault}
            | ({"vote": _vote(vote)} if several else {})
            for each, vote in zip(teams.teams, teams.votes, strict=True)
        ],
        "waiting": list(teams.waiting),
    }


def _vote(vote: Vote) -> Document:
    tally, rules = vote.tally, PollRules.from_json(vote.poll.rules)
    form = tally.organization
    found: dict[str, Any] = {
        "title": tally.title,
        "seal": tally.seal,
        "entitled": tally.turnout.entitled,
        "present": tally.turnout.present,
        "issued": tally.turnout.issued,
        "returned": tally.turnout.returned,
        "valid": tally.valid,
        "few": tally.few,
        "shortcoming": tally.shortcoming,
        **_doubt(vote),
        "blank": rules.blank.value,
        "classes": [
            {"key": entry.key, "name": entry.name, "weight": plain(entry.weight), "valid": entry.valid}
            for entry in tally.classes
            if not entry.hidden
        ],
        "class_count": len(tally.classes),
        "passed_on": [
            {
                "key": entry.key,
                "name": entry.name,
                "share": figure(tally.passed_on[entry.key]),
                "returned": entry.returned,
            }
            for entry in tally.classes
            if entry.key in tally.passed_on
        ],
        "score": None if form is None else figure(form.score),
        "grades": [],
        "abstain": None if form is None else form.abstain,
        "items": [],
    }
    if form is None or rules.organization is None:
        return found
    found["grades"] = [
        {"letter": choice.letter, "name": choice.name, "weight": plain(rules.organization.grades[choice.letter])}
        for choice in form.grades
    ]
    found["items"] = [
        {
            "key": question.key,
            "text": question.text,
            "weight": plain(weight),
            "counts": dict(question.counts),
            "score": figure(question.score),
            "passed_on": {key: figure(share) for key, share in question.passed_on.items()},
        }
        | ({"by_class": {key: dict(counts) for key, counts in question.by_class.items()}} if question.by_class else {})
        for question, weight in zip(form.questions, rules.organization.questions.values(), strict=True)
    ]
    return found


def _doubt(vote: Vote) -> Document:
    """There only where two people decide: `counted_for` is their reason, None before."""
    if vote.tally.doubt is None:
        return {}
    reason = vote.counted.reason if vote.counted is not None and vote.decided else None
    return {"doubt": vote.tally.doubt, "counted_for": reason}


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
