"""The rules an assessment is scored by, as typed and checked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from surveys.acts import audit, editions
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import BadInput
from surveys.acts.permitted import permitted
from surveys.catalog.model import plain
from surveys.intake.cleaning import clean_line, folded
from surveys.scoring.marks import FINEST, STEPS
from surveys.scoring.ranking import Band
from surveys.scoring.rule_checks import rule_faults
from surveys.scoring.score_sheet import Mode, ScoringRules
from surveys.season.framework_editing import check_editable, locked

_NUMBER = re.compile(r"[0-9]{1,4}(\.[0-9]{1,2})?", re.ASCII)
_HUNDRED = Decimal(100)
_NEW = ScoringRules()


@dataclass(frozen=True)
class RulesEntry:
    """As typed. `bands`: name and floor, from the best; an empty pair is none. `top_quota`: in percent, or empty.

    `mark_step`: one of `STEPS`.
    """

    mode: str
    bonus_cap: str
    deduction_cap: str
    bands: Sequence[tuple[str, str]]
    veto_band: str
    top_quota: str
    mark_step: str = plain(FINEST)


def entry_of(rules: ScoringRules) -> RulesEntry:
    """The rules as somebody would type them."""
    return RulesEntry(
        rules.mode.value,
        plain(rules.bonus_cap),
        plain(rules.deduction_cap),
        [(band.name, plain(band.floor)) for band in rules.bands],
        rules.veto_band,
        "" if rules.top_quota is None else plain(rules.top_quota * 100),
        plain(rules.mark_step),
    )


def parse_bands(text: str) -> list[tuple[str, str]]:
    """Bands as typed, a line each: name, a space or comma, floor."""
    lines = [line.replace("，", " ").replace(",", " ").split() for line in text.splitlines()]
    return [(" ".join(words[:-1]), words[-1]) if len(words) > 1 else (" ".join(words), "") for words in lines]


def parse_rules(entry: RulesEntry, present: ScoringRules = _NEW) -> ScoringRules:
    """`present`: the rules that are replaced, unless they are new; what nobody types stays as it is there. Raises
    BadInput with every fault, a line each."""
    faults: list[str] = []
    bonus = _number("加分上限", entry.bonus_cap, faults)
    deduction = _number("扣分上限", entry.deduction_cap, faults)
    if entry.mode not in list(Mode):
        faults.append("折算方式：请选一种。")
    step = next((each for each in STEPS if plain(each) == entry.mark_step), None)
    if step is None:
        faults.append("打分的最小单位：请选一种。")
    readable = len(faults)
    bands = _bands(entry.bands, faults)
    quota = _number("优秀比例", entry.top_quota, faults) if entry.top_quota.strip() else None
    rules = ScoringRules(
        Mode(entry.mode) if entry.mode in list(Mode) else Mode.WHOLE,
        bonus,
        deduction,
        tuple(bands),
        clean_line(entry.veto_band),
        None if quota is None else quota / 100,
        step or FINEST,
        present.only_with_form,
        present.decided_by_two,
        present.unaudited,
    )
    if len(faults) == readable:  # what could not be read would be called wrong twice
        faults += rule_faults(rules)
    if faults:
        raise BadInput("\n".join(faults))
    return rules


@permitted(Permission.DECIDE)
def save_rules(
    session: Session, now: datetime, actor: Actor, assessment_id: int, entry: RulesEntry, base: str | None = None
) -> bool:
    """Whether anything changed. Raises NotFound, NotAllowed, WrongState, BadInput."""
    assessment = locked(session, assessment_id)
    check_editable(assessment, session)
    old = ScoringRules.from_json(assessment.rules)
    new = parse_rules(entry, old)
    words = f"现在是：{summary(old)}。您填的是：{summary(new)}。"
    editions.check(base, "rules", old.to_json(), new.to_json(), words)
    if old == new:
        return False
    assessment.rules = new.to_json()
    before, after = summary(old), summary(new)
    audit.record(session, now, actor, "rules.edit", assessment.title, f"{before} → {after}", before=before, after=after)
    session.commit()
    return True


def summary(rules: ScoringRules) -> str:
    """All of it in a line."""
    entry = entry_of(rules)
    bands = "、".join(f"{name} {floor}" for name, floor in entry.bands)
    return (
        f"{rules.mode.label}，加分上限 {entry.bonus_cap}，扣分上限 {entry.deduction_cap}，{bands}，"
        f"否决至{entry.veto_band}，优秀比例 {entry.top_quota or '不限'}，"
        f"打分的最小单位 {entry.mark_step}"
    )


def _number(label: str, text: str, faults: list[str]) -> Decimal:
    number = folded(text)
    if not _NUMBER.fullmatch(number) or Decimal(number) > _HUNDRED:
        what = f"“{clean_line(text)[:20]}”不对" if number else "没有填写"
        faults.append(f"{label}：{what}，请填 0 至 100 的数，最多两位小数。")
        return Decimal(0)
    return Decimal(plain(Decimal(number)))


def _bands(typed: Sequence[tuple[str, str]], faults: list[str]) -> list[Band]:
    bands: list[Band] = []
    for number, (name, floor) in enumerate(typed, start=1):
        if not name.strip() and not floor.strip():
            continue
        label = f"等次第 {number} 行"
        if not clean_line(name):
            faults.append(f"{label}：没有写名称，请补上，或把这一行清空。")
        elif len(clean_line(name)) > 20:
            faults.append(f"{label}：名称太长，最多 20 个字。")
        bands.append(Band(clean_line(name), _number(f"{label}最低分", floor, faults)))
    return bands
