"""A new year's assessment, with the last one's set-up."""

from datetime import datetime

from sqlalchemy.orm import Session

from surveys.acts import audit
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import BadInput
from surveys.acts.limits import LONGEST_NAME
from surveys.acts.permitted import permitted
from surveys.scoring.assessment_states import AssessmentState
from surveys.season.assessments import assessment_of
from surveys.storage.tables import Assessment, AssessmentFramework, Leader, Unit, UnitTag


@permitted(Permission.DECIDE)
def copy_assessment(session: Session, now: datetime, actor: Actor, assessment_id: int, title: str) -> int:
    """A new assessment with copies of frameworks, rules, units, tags and leaders; nothing that was entered or voted.

    Raises NotFound, NotAllowed, BadInput.
    """
    source = assessment_of(session, assessment_id)
    title = title.strip()
    if not title:
        raise BadInput("请填写考核的名称。")
    if len(title) > LONGEST_NAME:
        raise BadInput(f"考核的名称太长，最多 {LONGEST_NAME} 个字。")
    if title == source.title:
        raise BadInput("新考核的名称和原来的一样，请改一个分得清的，例如写上年份。")
    copy = Assessment(title=title, state=AssessmentState.PREPARING.value, rules=dict(source.rules), created_at=now)
    copy.frameworks = [AssessmentFramework(key=entry.key, body=entry.body) for entry in source.frameworks]
    session.add(copy)
    session.flush()  # a unit refers to a framework of its assessment
    copy.units = [_unit(unit) for unit in source.units]
    audit.record(session, now, actor, "assessment.copy", title, f"以“{source.title}”为底，{len(copy.units)} 个单位")
    session.commit()
    return copy.id


def _unit(unit: Unit) -> Unit:
    return Unit(
        position=unit.position,
        name=unit.name,
        category=unit.category,
        framework=unit.framework,
        department=unit.department,
        tags=[UnitTag(tag=tag.tag) for tag in unit.tags],
        leaders=[Leader(position=each.position, name=each.name, post=each.post) for each in unit.leaders],
    )
