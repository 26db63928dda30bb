"""The tally (统计) of a sealed poll: counts, rates' bases and scores. Every result of a poll comes from here."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from surveys.polling.disclosure import Turnout, results_visible, shortcoming
from surveys.polling.seal import Record
from surveys.polling.sheet import BLANK, Choice, Form, Leader, Sheet
from surveys.scoring.exact import Score, shown
from surveys.scoring.grades import FormRules, form_score, question_score
from surveys.scoring.poll_rules import PollRules
from surveys.scoring.tally import ClassTally, tally_class
from surveys.services.errors import WrongState
from surveys.services.records import read_record
from surveys.storage.tables import Poll


@dataclass(frozen=True)
class QuestionTally:
    """`counts` of the valid ballots of all classes together, by letter, blanks under `-`."""

    key: str
    text: str
    counts: Mapping[str, int]
    score: Score | None


@dataclass(frozen=True)
class FormTally:
    title: str
    leader: Leader | None
    choices: tuple[Choice, ...]
    questions: tuple[QuestionTally, ...]
    score: Score | None


@dataclass(frozen=True)
class Tally:
    """`shortcoming`: why the poll does not count, or None."""

    poll_id: int
    title: str
    unit: str
    turnout: Turnout
    valid: int
    seal: str
    shortcoming: str | None
    organization: FormTally | None
    leaders: tuple[FormTally, ...]

    @property
    def invalid(self) -> int:
        return self.turnout.returned - self.valid


def tally(session: Session, poll: Poll) -> Tally:
    """The gate every result passes through. Raises WrongState before the poll is sealed."""
    if not results_visible(poll.state) or poll.seal is None:
        raise WrongState("测评会还没有封存，封存之前任何人都看不到结果。")
    return count(poll.id, poll.seal, read_record(session, poll))


def count(poll_id: int, seal: str, record: Record) -> Tally:
    """The tally of a record."""
    sheet, rules = Sheet.from_json(record.sheet), PollRules.from_json(record.rules)
    classes = {
        entry.key: tally_class(
            (answers for key, answers in record.ballots if key == entry.key), sheet.length(), rules.blank
        )
        for entry in record.classes
    }
    weights = {entry.key: Decimal(entry.weight) for entry in record.classes}
    turnout = Turnout(
        entitled=record.entitled,
        present=record.present,
        issued=sum(entry.issued for entry in record.classes),
        returned=len(record.ballots),
    )
    forms = [_count_form(form, classes, weights, rules) for form in sheet.forms()]
    return Tally(
        poll_id=poll_id,
        title=sheet.title,
        unit=sheet.unit,
        turnout=turnout,
        valid=sum(entry.valid for entry in classes.values()),
        seal=seal,
        shortcoming=shortcoming(turnout, rules.quorum),
        organization=next((form for form in forms if form.leader is None), None),
        leaders=tuple(form for form in forms if form.leader is not None),
    )


def _count_form(
    form: Form, classes: Mapping[str, ClassTally], weights: Mapping[str, Decimal], rules: PollRules
) -> FormTally:
    form_rules = rules.organization if form.leader is None else rules.leader
    if form_rules is None:
        raise ValueError("a form on the sheet without rules")
    questions = [
        _count_question(position, key, text, classes, weights, form_rules, rules)
        for position, (key, text) in enumerate(
            ((question.key, question.text) for question in form.questionnaire.questions), start=form.start
        )
    ]
    return FormTally(
        title=form.questionnaire.title,
        leader=form.leader,
        choices=form.questionnaire.choices,
        questions=tuple(questions),
        score=form_score([question.score for question in questions], form_rules),
    )


def _count_question(
    position: int,
    key: str,
    text: str,
    classes: Mapping[str, ClassTally],
    weights: Mapping[str, Decimal],
    form_rules: FormRules,
    rules: PollRules,
) -> QuestionTally:
    by_class = {name: entry.questions[position] for name, entry in classes.items()}
    together: Counter[str] = Counter()
    for counts in by_class.values():
        together.update(counts)
    all_counts = {letter: together[letter] for letter in (*form_rules.grades, BLANK)}
    return QuestionTally(key, text, all_counts, question_score(by_class, weights, form_rules.grades, rules.blank))


def to_json(tally: Tally) -> dict[str, Any]:
    """The shape of `poll tally --json` (design 9)."""
    organization = tally.organization
    return {
        "poll": tally.poll_id,
        "title": tally.title,
        "unit": tally.unit,
        "entitled": tally.turnout.entitled,
        "present": tally.turnout.present,
        "issued": tally.turnout.issued,
        "returned": tally.turnout.returned,
        "valid": tally.valid,
        "invalid": tally.invalid,
        "seal": tally.seal,
        "counts": tally.shortcoming is None,
        "shortcoming": tally.shortcoming,
        "organization": None
        if organization is None
        else {"score": _shown(organization.score), "items": _questions_to_json(organization.questions)},
        "leaders": [
            {
                "name": form.leader.name,
                "post": form.leader.post,
                "score": _shown(form.score),
                "aspects": _questions_to_json(form.questions),
            }
            for form in tally.leaders
            if form.leader is not None
        ],
    }


def _questions_to_json(questions: Sequence[QuestionTally]) -> list[dict[str, Any]]:
    return [
        {
            "key": question.key,
            "text": question.text,
            "counts": dict(question.counts),
            "score": _shown(question.score),
        }
        for question in questions
    ]


def _shown(score: Score | None) -> str | None:
    return None if score is None else str(shown(score))
