"""The tally (统计) of a sealed poll: counts, rates' bases and scores. Every result of a poll comes from here."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import Imbalance, WrongState
from surveys.catalog.model import plain
from surveys.polling.disclosure import FEWEST_SHOWN, Key, Turnout, doubt, hidden_classes, results_visible, shortcoming
from surveys.polling.seal import Record
from surveys.polling.sheet import BLANK, Form, Question, Sheet
from surveys.polling.states import purpose_words
from surveys.scoring.class_weights import passed_on
from surveys.scoring.exact import Score, shown
from surveys.scoring.grades import FormRules, form_score, item_score, question_score
from surveys.scoring.poll_rules import PollRules
from surveys.scoring.rates import is_flagged, lowest_grade
from surveys.scoring.tally import ClassTally, tally_class
from surveys.storage.tables import Poll, Unit
from surveys.vote import class_words
from surveys.vote.poll_record import COMMAND, verified_each
from surveys.vote.tally_values import ClassResult, FormTally, QuestionTally, Tally


def is_visible(poll: Poll) -> bool:
    return results_visible(poll.state, poll.two_person, {Key(entry.key) for entry in poll.unsealings})


def visible_in(session: Session, assessment_id: int) -> list[Poll]:
    """The polls of an assessment whose results may be seen, by unit, then by seal; rehearsals are none."""
    query = select(Poll).join(Unit).where(Unit.assessment_id == assessment_id, ~Poll.rehearsal, Poll.seal.is_not(None))
    found = session.scalars(query.order_by(Unit.id, Poll.sealed_at, Poll.id))
    return [poll for poll in found if is_visible(poll)]


def require_visible(poll: Poll) -> str:
    """The gate every result passes through, on every path. Returns the seal; raises WrongState."""
    if poll.seal is None:
        raise WrongState("测评会还没有封存，封存之前任何人都看不到结果。")
    if not is_visible(poll):
        raise WrongState("结果还没有启封。这次测评会须由一名组织员和一名监票人各自登录启封，两人都操作后才能看结果。")
    return poll.seal


def tally(session: Session, poll: Poll) -> Tally:
    """The result as it may be shown. Raises WrongState before the poll is sealed and open to
    view, Imbalance when it was altered afterwards."""
    return tally_each(session, [poll])[poll.id]


def tally_each(session: Session, polls: Sequence[Poll]) -> dict[int, Tally]:
    """The same of many polls, by id."""
    seals = {poll.id: require_visible(poll) for poll in polls}
    found = {}
    for poll, record in verified_each(session, polls):  # each time: what was altered after sealing is refused
        kept = _kept(poll.id, seals[poll.id])
        if not kept:
            kept.append(disclosed(count(poll.id, seals[poll.id], record)))
        found[poll.id] = kept[0]
    return found


@lru_cache(maxsize=512)
def _kept(poll_id: int, seal: str) -> list[Tally]:
    """The tally of what the seal covers, once it is counted: the same seal, the same content."""
    return []


def disclosed(tally: Tally) -> Tally:
    """Without what would tell the answers of a small class: its own score, each question's counts by class,
    and its weighted score, from which together with the counts a class of one or two ballots can be solved for. The
    forms' scores stay."""
    if not tally.has_hidden_class:
        return tally
    return replace(
        tally,
        classes=tuple(replace(entry, score=None) if entry.hidden else entry for entry in tally.classes),
        organization=None if tally.organization is None else _without_scores(tally.organization),
        leaders=tuple(_without_scores(form) for form in tally.leaders),
    )


def _without_scores(form: FormTally) -> FormTally:
    bare = (replace(question, score=None, by_class={}, passed_on={}) for question in form.questions)
    return replace(form, questions=tuple(bare))


def count(poll_id: int, seal: str, record: Record) -> Tally:
    """The tally of a record, whole: for the bundle, which holds every ballot anyway."""
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
    hidden = hidden_classes({key: entry.valid for key, entry in classes.items()})
    return Tally(
        poll_id=poll_id,
        title=sheet.title,
        unit=sheet.unit,
        turnout=turnout,
        void=sum(entry.void for entry in record.classes),
        valid=sum(entry.valid for entry in classes.values()),
        seal=seal,
        shortcoming=shortcoming(turnout, rules.quorum),
        classes=tuple(
            ClassResult(
                key=entry.key,
                name=entry.name,
                weight=weights[entry.key],
                issued=entry.issued,
                returned=classes[entry.key].returned,
                valid=classes[entry.key].valid,
                score=_class_score(sheet, classes[entry.key], rules),
                hidden=len(classes) > 1 and entry.key in hidden,
            )
            for entry in record.classes
        ),
        organization=next((form for form in forms if form.leader is None), None),
        leaders=tuple(form for form in forms if form.leader is not None),
        passed_on=passed_on({key: entry.valid > 0 for key, entry in classes.items()}, weights),
        reserve=rules.reserve,
        issue_to=rules.issue_to,
        doubt=doubt(turnout) if rules.two_hands else None,
        issued_for=purpose_words(record.issued_for or {}),
        by_command=record.present_by == COMMAND,
    )


def _class_score(sheet: Sheet, own: ClassTally, rules: PollRules) -> Score | None:
    """The organization's score by this class alone."""
    form = next((form for form in sheet.forms() if form.leader is None), None)
    if form is None or rules.organization is None:
        return None
    counted = own.questions[form.start : form.end]
    return form_score(
        [item_score(each, rules.organization.grades, rules.blank) for each in counted], rules.organization
    )


def _count_form(
    form: Form, classes: Mapping[str, ClassTally], weights: Mapping[str, Decimal], rules: PollRules
) -> FormTally:
    form_rules = rules.organization if form.leader is None else rules.leader
    if form_rules is None:
        raise ValueError("a form on the sheet without rules")
    lowest = lowest_grade([choice.letter for choice in form.questionnaire.choices], form_rules.grades)
    questions = [
        _count_question(position, question, classes, weights, form_rules, rules, form.questionnaire.letters, lowest)
        for position, question in enumerate(form.questionnaire.questions, start=form.start)
    ]
    return FormTally(
        title=form.questionnaire.title,
        leader=form.leader,
        grades=form.questionnaire.choices,
        abstain=form.questionnaire.abstain,
        lowest=next(choice for choice in form.questionnaire.choices if choice.letter == lowest),
        questions=tuple(questions),
        score=form_score([question.score for question in questions], form_rules),
    )


def _count_question(
    position: int,
    question: Question,
    classes: Mapping[str, ClassTally],
    weights: Mapping[str, Decimal],
    form_rules: FormRules,
    rules: PollRules,
    letters: str,
    lowest: str,
) -> QuestionTally:
    by_class = {name: entry.questions[position] for name, entry in classes.items()}
    together: Counter[str] = Counter()
    for counts in by_class.values():
        together.update(counts)
    all_counts = {letter: together[letter] for letter in (*letters, BLANK)}
    return QuestionTally(
        question.key,
        question.text,
        question.overall,
        all_counts,
        question_score(by_class, weights, form_rules.grades, rules.blank),
        is_flagged(all_counts, lowest, sum(entry.valid for entry in classes.values())),
        {name: {letter: counts.get(letter, 0) for letter in all_counts} for name, counts in by_class.items()}
        if len(classes) > 1
        else {},
        passed_on(
            {key: item_score(counts, form_rules.grades, rules.blank) is not None for key, counts in by_class.items()},
            weights,
        ),
    )


def weight_words(tally: Tally) -> list[str]:
    """Which ballot classes' weights others took over, in Chinese."""
    names = {entry.key: class_words.named(entry.key, entry.name) for entry in tally.classes}
    found = []
    if tally.passed_on:
        found.append(class_words.without_ballots([names[key] for key in tally.passed_on], [*tally.passed_on.values()]))
    for classes, places in tally.passed_on_items.items():
        keys, shares = zip(*classes, strict=True)
        found.append(class_words.without_votes("、".join(places), [names[key] for key in keys], shares))
    return found


def desk_words(session: Session, poll: Poll, actor: Actor) -> list[str]:
    """`weight_words` for the desk, which shows no other figure of a result: nothing before it may be seen, or by
    somebody who may not; of a poll that was altered that it was, while the desk stays there to act on."""
    if not (is_visible(poll) and actor.may(Permission.SEE_TALLIES)):
        return []
    try:
        return weight_words(tally(session, poll))
    except Imbalance as error:
        return [str(error)]


def warnings(tally: Tally) -> list[str]:
    """What a reader of the result should know of its weights and its secrecy, in Chinese."""
    found = weight_words(tally)
    if tally.doubt:
        found.append(f"{tally.doubt}。两名管理员决定以前不计分。")
    if tally.few:
        found.append(f"有效票只有 {tally.valid} 张，结果近于公开每个人的选择，请控制知悉范围。")
    if tally.has_hidden_class:
        found.append(
            f"有票种的有效票不足 {FEWEST_SHOWN} 张，各题得分和相关票种的得分不单独显示，总分照常计算。"
            "由总分和各项票数仍可推算出人少的票种的平均分，请控制知悉范围。"
        )
    if tally.unanimous:
        found.append(f"全体一致：{'、'.join(tally.unanimous)}。人人同填，等于知道每个人填了什么，请控制知悉范围。")
    for entry in tally.classes:
        if agreed := tally.unanimous_in(entry.key):
            name = class_words.named(entry.key, entry.name)
            found.append(f"{name}内部全体一致：{'、'.join(agreed)}。等于知道他们每个人填了什么，请控制知悉范围。")
    return found


def to_json(tally: Tally) -> dict[str, Any]:
    """The shape of `poll tally --json`, which others' scripts rely on."""
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
        "qualifies": tally.shortcoming is None,
        "shortcoming": tally.shortcoming,
        "passed_on": {key: str(shown(100 * share)) for key, share in tally.passed_on.items()},
        "warnings": warnings(tally),
        "classes": [
            {
                "key": entry.key,
                "name": entry.name,
                "weight": plain(entry.weight),
                "issued": entry.issued,
                "returned": entry.returned,
                "valid": entry.valid,
                "hidden": entry.hidden,
                "score": _shown(entry.score),
            }
            for entry in tally.classes
        ],
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


def whole_to_json(tally: Tally) -> dict[str, Any]:
    """The tally in a bundle: all that can be computed again from the ballots, and nothing else. It hides no class:
    the ballots beside it name theirs."""
    told = to_json(tally)
    for key in ("poll", "shortcoming", "passed_on", "warnings"):
        del told[key]
    for entry in told["classes"]:
        del entry["hidden"]
    return told


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
