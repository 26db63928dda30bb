"""Whether the polls of an assessment count by the same rules: each chose its own, and frozen they decide scores."""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.catalog.model import plain
from surveys.polling.states import PollState
from surveys.scoring.grades import FormRules
from surveys.scoring.poll_rules import PollRules
from surveys.storage.tables import Poll, Unit

_MOST_NAMED = 5


def differing(session: Session, assessment_id: int) -> list[str]:
    """Of each category whose polls count by different rules: the rules of the most, and who has others. In Chinese.

    Told is what decides the organization's score: a poll on leaders alone decides none.
    """
    polls = session.execute(
        select(Unit.category, Unit.name, Poll.rules)
        .join(Unit, Unit.id == Poll.unit_id)
        .where(
            Unit.assessment_id == assessment_id,
            Poll.rehearsal.is_(False),
            Poll.set_aside_at.is_(None),
            Poll.state != PollState.WITHDRAWN,
        )
        .order_by(Unit.position, Poll.id)
    )
    by_category: dict[str, list[tuple[str, str]]] = {}
    for category, unit, rules in polls:
        own = PollRules.from_json(rules)
        if own.organization is not None:
            by_category.setdefault(category, []).append((unit, _words(own, own.organization)))
    return [sentence for category, found in by_category.items() for sentence in _told(category, found)]


def _words(rules: PollRules, form: FormRules) -> str:
    scale = "/".join(plain(weight) for weight in form.grades.values())
    return f"{scale}，未填{rules.blank.label}，实到须满 {rules.quorum}"


def _told(category: str, found: list[tuple[str, str]]) -> Iterator[str]:
    usual = Counter(words for _, words in found).most_common(1)[0][0]
    others = [f"{unit}（{words}）" for unit, words in found if words != usual]
    if others:
        more = "" if len(others) <= _MOST_NAMED else f"等 {len(others)} 场"
        named = "、".join(others[:_MOST_NAMED])
        yield f"{category}的测评会计票规则不一致：多数是 {usual}；{named}{more}不同。请核对是不是有意这样定的。"
