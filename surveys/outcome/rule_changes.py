"""Changing what an assessment is scored by after marking has started: the effect first, then a new version of rules."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from functools import partial
from operator import itemgetter

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts import audit, proposals
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import BadInput, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.proposals import Draft, ProposalKind, Spot
from surveys.acts.reasons import written
from surveys.catalog.model import Framework, Standard
from surveys.catalog.rules import framework_faults
from surveys.marking import what_if
from surveys.marking.score_sheets import assessment_sheets
from surveys.marking.standing_marks import Place
from surveys.marking.what_if import UnitEffect
from surveys.outcome.versions import newest_rules
from surveys.polling.seal import canonical_json, digest
from surveys.scoring.rule_checks import rule_faults
from surveys.scoring.score_sheet import ScoringRules
from surveys.season import shut
from surveys.season.assessments import assessment_of, framework_in, framework_of, frameworks_of, locked_assessment
from surveys.season.rows import departments_of
from surveys.season.rule_editing import summary
from surveys.season.shut import Act
from surveys.storage.tables import Account, Assessment, Document, Event, Exemption, Mark, RuleVersion, Unit


@dataclass(frozen=True)
class Effect:
    """What a change of frameworks or rules would do. `hindrances`: why it cannot be; then there are no `units`.

    `fingerprint`: of the change, of what it replaces, and of all figures before and after.
    """

    hindrances: tuple[str, ...]
    units: tuple[UnitEffect, ...]
    fingerprint: str

    @property
    def changed(self) -> list[UnitEffect]:
        return [unit for unit in self.units if unit.changed]

    @property
    def incomplete(self) -> int:
        """How many units would have no total yet."""
        return sum(unit.after.final is None for unit in self.units)


def effect_of(
    session: Session, assessment_id: int, frameworks: Sequence[Framework] | None, rules: ScoringRules | None
) -> Effect:
    """Every unit before and after, nothing written. None: as it is. Raises NotFound."""
    assessment = assessment_of(session, assessment_id)
    proposed = {framework.key: framework for framework in frameworks or ()}
    now_rules = ScoringRules.from_json(assessment.rules)
    missing = list(_hindrances(session, assessment, proposed, rules))
    if not missing and (rules or now_rules) == now_rules and not _differ(assessment, proposed):
        missing = ["和现在的规则一样，没有要改的。"]
    units = () if missing else _units(session, assessment, proposed, rules or now_rules)
    said = [
        {key: framework.to_json() for key, framework in proposed.items()},
        (rules or now_rules).to_json(),
        # What is replaced: another's change that moves no figure would be undone unseen.
        [framework.to_json() for framework in frameworks_of(assessment) if framework.key in proposed],
        now_rules.to_json(),
        missing,
        [[str(value) for value in astuple(unit)] for unit in units],
    ]
    return Effect(tuple(missing), units, digest(canonical_json(said)))


@permitted(Permission.DECIDE)
def change_rules(
    session: Session,
    now: datetime,
    actor: Actor,
    assessment_id: int,
    frameworks: Sequence[Framework] | None,
    rules: ScoringRules | None,
    reason: str,
    shown: str,
) -> int | None:
    """Takes a change over while marking, as the next version of the rules; its number, None where it waits for a second
    hand. `shown`: the fingerprint of the effect that was shown. Raises NotFound, NotAllowed, BadInput, WrongState."""
    assessment = _marking(session, assessment_id)
    reason = written(reason, "请写明修改规则的理由。")
    effect = _possible(session, assessment_id, frameworks, rules)
    if effect.fingerprint != shown:
        raise WrongState("您看到的影响之后有了改动，规则没有修改。请看新的影响，核对后再确认。")
    act = {
        "frameworks": None if frameworks is None else [framework.to_json() for framework in frameworks],
        "rules": None if rules is None else rules.to_json(),
        "reason": reason,
        "base": _standing(assessment),
    }
    draft = Draft(ProposalKind.RULES, act, [Spot(_words(assessment, frameworks, rules, effect, reason))])
    change = partial(_apply, session, now, actor, assessment, frameworks, rules, reason, effect)
    return proposals.save(session, now, actor, assessment, draft, change)


def confirm(session: Session, now: datetime, actor: Actor, assessment_id: int, act: Document, second: Actor) -> None:
    """What was proposed, over the frameworks and rules that it was proposed for: marks may have come since. Raises
    NotFound, BadInput, WrongState."""
    assessment = _marking(session, assessment_id)
    if act["base"] != _standing(assessment):
        raise WrongState("规则在提出以后又有了改动。")
    frameworks = None if act["frameworks"] is None else [framework_in(body) for body in act["frameworks"]]
    rules = None if act["rules"] is None else ScoringRules.from_json(act["rules"])
    effect = _possible(session, assessment_id, frameworks, rules)
    reason = f"{act['reason'].strip()}（{second.name}确认）"
    _apply(session, now, actor, assessment, frameworks, rules, reason, effect)
    session.commit()


def _marking(session: Session, assessment_id: int) -> Assessment:
    assessment = locked_assessment(session, assessment_id)
    shut.require(assessment, Act.RULES)
    return assessment


def _possible(
    session: Session, assessment_id: int, frameworks: Sequence[Framework] | None, rules: ScoringRules | None
) -> Effect:
    effect = effect_of(session, assessment_id, frameworks, rules)
    if effect.hindrances:
        raise BadInput("\n".join(["规则没有改动：", *effect.hindrances]))
    return effect


def _standing(assessment: Assessment) -> str:
    """Of what a change replaces."""
    return digest(canonical_json([{entry.key: entry.body for entry in assessment.frameworks}, assessment.rules]))


def _words(
    assessment: Assessment,
    frameworks: Sequence[Framework] | None,
    rules: ScoringRules | None,
    effect: Effect,
    reason: str,
) -> str:
    parts = [f"修改测评体系“{framework.title}”" for framework in frameworks or ()]
    if rules is not None:
        parts.append(f"修改规则：{summary(ScoringRules.from_json(assessment.rules))} → {summary(rules)}")
    return f"{'；'.join(parts)}。提出时算下来 {len(effect.changed)} 个单位的结果有变化（{reason.strip()}）"


def _apply(
    session: Session,
    now: datetime,
    actor: Actor,
    assessment: Assessment,
    frameworks: Sequence[Framework] | None,
    rules: ScoringRules | None,
    reason: str,
    effect: Effect,
) -> int:
    assessment_id = assessment.id
    for entry in assessment.frameworks:
        for framework in frameworks or ():
            if entry.key == framework.key:
                entry.body = framework.to_json()
    if rules is not None:
        assessment.rules = rules.to_json()
    number = newest_rules(session, assessment_id) + 1
    session.add(
        RuleVersion(
            assessment_id=assessment_id,
            number=number,
            frameworks={entry.key: entry.body for entry in assessment.frameworks},
            rules=assessment.rules,
            reason=reason.strip(),
            account_id=actor.account_id,
            made_at=now,
        )
    )
    detail = f"第 {number} 版规则，{len(effect.changed)} 个单位的结果有变化：{reason.strip()}"
    audit.record(session, now, actor, "rules.change", assessment.title, detail)
    return number


def _hindrances(
    session: Session, assessment: Assessment, proposed: Mapping[str, Framework], rules: ScoringRules | None
) -> Iterable[str]:
    yield from () if rules is None else rule_faults(rules)
    present = {framework.key: framework for framework in frameworks_of(assessment)}
    for key, framework in proposed.items():
        if key not in present:
            yield f"这次考核没有使用测评体系 {key}。"
            continue
        for fault in framework_faults(framework.to_json()):
            yield f"测评体系“{framework.title}”：{fault.message}。"
        yield from _lost(session, assessment, framework)


def _lost(session: Session, assessment: Assessment, framework: Framework) -> Iterable[str]:
    """What is entered already and would have no place, count no more, or have more points than its row."""
    rows = {row.standard.key: row.standard for row in framework.rows()}
    units = {unit.id: unit for unit in assessment.units if unit.framework == framework.key}
    for unit in units.values():
        for tag in unit.tags:
            if tag.tag not in framework.tags:
                yield f"{unit.name}的标签“{tag.tag}”在新的测评体系里没有。"
    for kind, what in ((Mark, "打分"), (Event, "事件"), (Exemption, "免考")):
        query = select(kind.unit_id, kind.row_key).where(kind.unit_id.in_(units)).distinct()
        for unit_id, key in sorted((unit_id, key) for unit_id, key in session.execute(query)):
            if key not in rows:
                yield f"{units[unit_id].name}的 {key} 已有{what}，新的测评体系里没有这一行。"
    latest: dict[tuple[int, str, str], Mark] = {}
    for mark in session.scalars(select(Mark).where(Mark.unit_id.in_(units)).order_by(Mark.version, Mark.id)):
        latest[mark.unit_id, mark.row_key, mark.department] = mark
    for (unit_id, key, department), mark in sorted(latest.items(), key=itemgetter(0)):
        if key in rows and mark.points > rows[key].points:
            yield (
                f"{units[unit_id].name}的 {key} {department}打了 {mark.points} 分，超过新的满分 {rows[key].points}。"
            )
    yield from _orphaned(session, framework_of(assessment, framework.key), framework, units, list(latest))


def _orphaned(
    session: Session, old: Framework, new: Framework, units: Mapping[int, Unit], marked: Sequence[Place]
) -> Iterable[str]:
    """Marks and standing events that count by the old framework and would not by the new one, whose row is there."""
    before = {row.standard.key: row.standard for row in old.rows()}
    after = {row.standard.key: row.standard for row in new.rows()}
    both = before.keys() & after.keys()
    standing = select(Event.unit_id, Event.row_key).where(Event.unit_id.in_(units), Event.cancelled_at.is_(None))
    events = {(unit_id, key) for unit_id, key in session.execute(standing)}
    for unit_id, key in sorted(events | {place[:2] for place in marked}):
        tags = [tag.tag for tag in units[unit_id].tags]
        if key in both and before[key].applies(tags) and not after[key].applies(tags):
            yield f"{units[unit_id].name}的 {key} 已有打分或事件，按新的测评体系这一行不再适用于它。"
    for unit_id, key in sorted(events):
        if key in both and not before[key].takes_marks and after[key].takes_marks:
            yield f"{units[unit_id].name}的 {key} 已登记事件，按新的测评体系这一行直接打分，事件不再计入。"
    for unit_id, key, department in sorted(marked):
        if key not in both or not before[key].takes_marks:
            continue
        whose = f"{units[unit_id].name}的 {key} {department}已打分"
        if not after[key].takes_marks:
            yield f"{whose}，按新的测评体系这一行{_instead(after[key])}，打的分不再计入。"
        elif department in departments_of(old, before[key], units[unit_id]) and department not in departments_of(
            new, after[key], units[unit_id]
        ):
            yield f"{whose}，按新的测评体系不再由它打，打的分不再计入。"


def _instead(standard: Standard) -> str:
    return "从满分起，只登记事件" if standard.starts_full else f"是{standard.kind.label}，只登记事件"


def _differ(assessment: Assessment, proposed: Mapping[str, Framework]) -> bool:
    return any(proposed.get(framework.key, framework) != framework for framework in frameworks_of(assessment))


def _units(
    session: Session, assessment: Assessment, proposed: Mapping[str, Framework], rules: ScoringRules
) -> tuple[UnitEffect, ...]:
    before, after = assessment_sheets(session, assessment), assessment_sheets(session, assessment, proposed, rules)
    return what_if.effects(before, ScoringRules.from_json(assessment.rules), after, rules)


@dataclass(frozen=True)
class RulesLine:
    """A version of the rules in a list."""

    number: int
    reason: str
    by: str
    made_at: datetime


def listing(session: Session, assessment_id: int) -> list[RulesLine]:
    """The oldest first."""
    query = (
        select(RuleVersion.number, RuleVersion.reason, Account.shown, RuleVersion.made_at)
        .outerjoin(Account, Account.id == RuleVersion.account_id)
        .where(RuleVersion.assessment_id == assessment_id)
        .order_by(RuleVersion.number)
    )
    return [RulesLine(number, reason, by or "命令行", at) for number, reason, by, at in session.execute(query)]
