"""The tally sheet (民主测评统计单) of a sealed poll: from its record alone, so that the bundle gives the same sheet;
the site adds how far its audit log had come."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy.orm import Session

from surveys.acts import audit_chain
from surveys.acts.audit_chain import Head
from surveys.acts.errors import BadInput
from surveys.acts.hands import NO_AUDITOR
from surveys.catalog.model import plain
from surveys.polling.seal import Record, seal
from surveys.polling.sheet import ABSTAIN, BLANK, Sheet
from surveys.reporting.paper import day_words
from surveys.scoring.exact import Score, shown
from surveys.scoring.grades import BlankPolicy, FormRules
from surveys.scoring.poll_rules import PollRules
from surveys.scoring.rates import percent
from surveys.storage.tables import Poll
from surveys.vote.papers.tally_sheet_pdf import tally_sheet_pdf
from surveys.vote.papers.tally_sheet_xlsx import tally_sheet_xlsx
from surveys.vote.papers.tally_sheets import (
    FLAG,
    ClassLine,
    Column,
    Count,
    Figure,
    LeaderLine,
    LeadersForm,
    OrganizationForm,
    QuestionLine,
    TallySheet,
)
from surveys.vote.poll_record import verified
from surveys.vote.tallies import count, disclosed, require_visible, warnings
from surveys.vote.tally_values import FormTally, QuestionTally, Tally

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_WRITERS = {"pdf": tally_sheet_pdf, "xlsx": tally_sheet_xlsx}

_BLANKS = {
    BlankPolicy.EXCLUDE: "未填的不计入该题得分",
    BlankPolicy.ZERO: "未填的按 0 分计",
    BlankPolicy.SPOIL: "有一题未填的选票按无效票计",
}


def write_tally_sheet(session: Session, poll: Poll, extension: str) -> bytes:
    """As `pdf` or `xlsx`. Raises WrongState before the result may be seen, Imbalance when the data do not match the
    seal, BadInput for another kind of file."""
    require_visible(poll)
    head = audit_chain.head_after(session, "poll.seal", poll.prefix)
    return tally_sheet_of(verified(session, poll), extension, head)


def tally_sheet_of(record: Record, extension: str, head: Head | None = None) -> bytes:
    """Of a record known to match its seal. The same record gives the same bytes. `head`: of the audit log as the poll
    was sealed, where the sheet comes from its site. Raises BadInput."""
    if extension not in _WRITERS:
        raise BadInput("统计单只有 PDF 和 Excel 两种，文件名请以 .pdf 或 .xlsx 结尾。")
    return _WRITERS[extension](_sheet_of(record, head))


def figures(tally: Tally) -> tuple[Figure, ...]:
    """Entitled, present, issued, returned, valid, invalid; the rates with what they are of."""
    turnout = tally.turnout
    # Reprinting a batch voids the old slips: they are issued, but nobody can return them.
    usable, base = turnout.issued, "收回÷发出"
    if tally.void:
        usable, base = turnout.issued - tally.void, "收回÷（发出－作废）"
    return (
        Figure("应到", turnout.entitled),
        *_reserve(tally),
        Figure("实到", turnout.present, "到会率", "实到÷应到", _percent(turnout.present, turnout.entitled)),
        Figure("发出", turnout.issued, note=f"其中作废 {tally.void}" if tally.void else ""),
        Figure("收回", turnout.returned, "收回率", base, percent(turnout.returned, usable)),
        Figure("有效", tally.valid, "有效率", "有效÷收回", percent(tally.valid, turnout.returned)),
        Figure("无效", tally.invalid),
    )


def _reserve(tally: Tally) -> tuple[Figure, ...]:
    """Nothing of a poll from before there was one."""
    return () if tally.reserve is None else (Figure("预留", tally.reserve),)


def issuing(tally: Tally) -> str | None:
    """How many tickets went out for what and how many might, and who counted those present, in Chinese. Nothing of a
    poll from before it was sealed with this."""
    if tally.reserve is None and not tally.issued_for:
        return None
    parts = [f"发出：{tally.issued_for}。"] if tally.issued_for else []
    if tally.reserve is not None:
        agreed = f"，经两人同意发到 {tally.issue_to} 张" if tally.issue_to else ""
        parts.append(f"应到加预留 {tally.turnout.entitled + tally.reserve}{agreed}，发出的票（不算作废）不能更多。")
    return "".join([*parts, "实到是命令行登记的，没有两人核对。" if tally.by_command else ""])


def flagged(tally: Tally) -> str | None:
    """Where the lowest grade is too frequent, in Chinese."""
    if not tally.flagged:
        return None
    forms = (*((tally.organization,) if tally.organization else ()), *tally.leaders)
    names = "、".join(dict.fromkeys(form.lowest.name for form in forms))
    return f"{FLAG} {names}率（{names}÷有效）超过 1/3：{'；'.join(tally.flagged)}。"


def columns(form: FormTally) -> list[tuple[str, Column]]:
    """What is counted of each question, by letter: the grades, abstention where it was offered, blanks."""
    found = [(choice.letter, Column(choice.name, has_rate=choice.letter != ABSTAIN)) for choice in form.choices]
    return [*found, (BLANK, Column("未填", has_rate=False))]


def unrated(tally: Tally) -> str:
    """What is counted and has no rate, in words: why rates may add to less than 100."""
    form = tally.organization or tally.leaders[0]
    return "、".join(column.name for _, column in columns(form) if not column.has_rate)


def _sheet_of(record: Record, head: Head | None) -> TallySheet:
    found = seal(record)
    # The number of the poll in its database is not in the record, and nothing on the sheet comes from it.
    tally = disclosed(count(0, found, record))
    rules = PollRules.from_json(record.rules)
    asked = Sheet.from_json(record.sheet)
    return TallySheet(
        unit=tally.unit,
        title=tally.title,
        poll=record.poll,
        day=day_words(asked.held_on),
        place=asked.place or None,
        rehearsal=record.rehearsal,
        seal=found,
        figures=figures(tally),
        classes=_classes(record, tally),
        organization=_organization(tally, rules.organization),
        leaders=_leaders(tally, rules.leader),
        shortcoming=tally.shortcoming,
        flagged=flagged(tally),
        warnings=warnings(tally),
        notes=(
            *_notes(tally, rules),
            *([NO_AUDITOR] if rules.unaudited else []),
            *(() if head is None else (f"封存时的操作日志头：{head}",)),
        ),
    )


def _classes(record: Record, tally: Tally) -> tuple[ClassLine, ...]:
    return tuple(
        ClassLine(
            key=entry.key,
            name=entry.name,
            weight=plain(entry.weight),
            issued=entry.issued,
            returned=entry.returned,
            void=tickets.void,
            unused=tickets.unused,
            valid=entry.valid,
            invalid=entry.returned - entry.valid,
            score=_shown(entry.score),
            hidden=entry.hidden,
        )
        for entry, tickets in zip(tally.classes, record.classes, strict=True)
    )


def _organization(tally: Tally, rules: FormRules | None) -> OrganizationForm | None:
    form = tally.organization
    if form is None or rules is None:
        return None
    return OrganizationForm(
        title=form.title,
        scale=_scale(form, rules),
        columns=tuple(column for _, column in columns(form)),
        questions=_questions(form, form.questions, tally.valid),
        score=_shown(form.score),
    )


def _leaders(tally: Tally, rules: FormRules | None) -> LeadersForm | None:
    if not tally.leaders or rules is None:
        return None
    first = tally.leaders[0]
    overall_first = [sorted(form.questions, key=lambda question: not question.overall) for form in tally.leaders]
    return LeadersForm(
        title=first.title,
        scale=_scale(first, rules),
        columns=tuple(column for _, column in columns(first)),
        leaders=tuple(
            LeaderLine(
                form.leader.name,
                form.leader.post,
                _questions(form, questions, tally.valid),
                _shown(form.score),
            )
            for form, questions in zip(tally.leaders, overall_first, strict=True)
            if form.leader is not None
        ),
        apart=sum(question.overall for question in first.questions),
    )


def _questions(form: FormTally, questions: Sequence[QuestionTally], valid: int) -> tuple[QuestionLine, ...]:
    return tuple(
        QuestionLine(
            question.key,
            question.text,
            tuple(
                Count(
                    question.counts.get(letter, 0),
                    percent(question.counts.get(letter, 0), valid) if column.has_rate else None,
                    question.flagged and letter == form.lowest.letter,
                )
                for letter, column in columns(form)
            ),
            _shown(question.score),
        )
        for question in questions
    )


def _scale(form: FormTally, rules: FormRules) -> str:
    """What the grades weigh, and the questions where they weigh differently."""
    words = "，".join(f"{grade.name} {plain(rules.grades[grade.letter])}" for grade in form.grades)
    if form.abstain:
        words += f"；{form.abstain}不计分"
    if len(set(rules.questions.values())) <= 1:
        return f"分值：{words}。各项权重相等。"
    weights = zip(form.questions, rules.questions.values(), strict=True)
    return (
        f"分值：{words}。权重：{'，'.join(f'第 {question.key} 项 {plain(weight)}' for question, weight in weights)}。"
    )


def _notes(tally: Tally, rules: PollRules) -> tuple[str, ...]:
    form = tally.organization or tally.leaders[0]
    best, lowest = form.grades[0].name, form.lowest.name
    told = issuing(tally)
    return (
        *(() if told is None else (told,)),
        f"{best}率＝{best}÷有效，其余类推；有{unrated(tally)}的，各率相加不足 100%。{FLAG} 表示{lowest}率超过 1/3。",
        f"得分是所填等次分值的平均数，{_BLANKS[rules.blank]}；有多个票种的，各票种先分别计算，再按权重平均。",
        "率和得分只在最后四舍五入，保留两位小数。",
    )


def _percent(count: int | None, base: int) -> Decimal | None:
    return None if count is None else percent(count, base)


def _shown(score: Score | None) -> Decimal | None:
    return None if score is None else shown(score)
