"""The rules an assessment is scored by, as typed and checked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from surveys.catalog.model import plain
from surveys.intake.cleaning import clean_line, folded
from surveys.scoring.ranking import Band
from surveys.scoring.score_sheet import Mode, ScoringRules
from surveys.services import audit
from surveys.services.actors import Actor
from surveys.services.errors import BadInput
from surveys.services.framework_editing import check_decides, check_editable, locked

MOST_BANDS = 8
_NUMBER = re.compile(r"[0-9]{1,4}(\.[0-9]{1,2})?", re.ASCII)
_HUNDRED = Decimal(100)


@dataclass(frozen=True)
class RulesEntry:
    """As typed. `bands`: name and floor, from the best; an empty pair is none. `top_quota`: in percent, or empty."""

    mode: str
    bonus_cap: str
    deduction_cap: str
    bands: Sequence[tuple[str, str]]
    veto_band: str
    top_quota: str


def entry_of(rules: ScoringRules) -> RulesEntry:
    """The rules as somebody would type them."""
    return RulesEntry(
        rules.mode.value,
        plain(rules.bonus_cap),
        plain(rules.deduction_cap),
        [(band.name, plain(band.floor)) for band in rules.bands],
        rules.veto_band,
        "" if rules.top_quota is None else plain(rules.top_quota * 100),
    )


def parse_bands(text: str) -> list[tuple[str, str]]:
    """Bands as typed, a line each: name, a space or comma, floor."""
    lines = [line.replace("，", " ").replace(",", " ").split() for line in text.splitlines()]
    return [(" ".join(words[:-1]), words[-1]) if len(words) > 1 else (" ".join(words), "") for words in lines]


def parse_rules(entry: RulesEntry) -> ScoringRules:
    """Raises BadInput with every fault, a line each."""
    faults: list[str] = []
    bonus = _number("加分上限", entry.bonus_cap, faults)
    deduction = _number("扣分上限", entry.deduction_cap, faults)
    bands = _bands(entry.bands, faults)
    quota = _number("优秀比例", entry.top_quota, faults) if entry.top_quota.strip() else None
    if quota == 0:
        faults.append("优秀比例：不限比例请留空，不要填 0。")
    veto_band = clean_line(entry.veto_band)
    names = [band.name for band in bands]
    if names and veto_band not in names:
        faults.append(f"一票否决后的最好等次：“{veto_band}”不在等次里，请写 {'、'.join(names)} 之一。")
    if entry.mode not in list(Mode):
        faults.append("折算方式：请选一种。")
    if faults:
        raise BadInput("\n".join(faults))
    return ScoringRules(
        Mode(entry.mode), bonus, deduction, tuple(bands), veto_band, None if quota is None else quota / 100
    )


def save_rules(session: Session, now: datetime, actor: Actor, assessment_id: int, entry: RulesEntry) -> bool:
    """Whether anything changed. Raises NotFound, NotAllowed, WrongState, BadInput."""
    check_decides(actor)
    assessment = locked(session, assessment_id)
    check_editable(assessment, session)
    old, new = ScoringRules.from_json(assessment.rules), parse_rules(entry)
    if old == new:
        return False
    assessment.rules = new.to_json()
    detail = f"{_summary(old)} → {_summary(new)}"
    audit.record(session, now, actor, "rules.edit", assessment.title, detail)
    session.commit()
    return True


def _summary(rules: ScoringRules) -> str:
    entry = entry_of(rules)
    bands = "、".join(f"{name} {floor}" for name, floor in entry.bands)
    return (
        f"{rules.mode.label}，加分上限 {entry.bonus_cap}，扣分上限 {entry.deduction_cap}，{bands}，"
        f"否决至{entry.veto_band}，优秀比例 {entry.top_quota or '不限'}"
    )


def _number(label: str, text: str, faults: list[str]) -> Decimal:
    number = folded(text)
    if not _NUMBER.fullmatch(number) or Decimal(number) > _HUNDRED:
        what = f"“{clean_line(text)[:20]}”不对" if number else "没有填写"
        faults.append(f"{label}：{what}，请填 0 至 100 的数，最多两位小数。")
        return Decimal(0)
    return Decimal(plain(Decimal(number)))


def _bands(typed: Sequence[tuple[str, str]], faults: list[str]) -> list[Band]:
    """The bands; empty after a fault in them."""
    before = len(faults)
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
    if len(faults) > before:
        return []
    names = [band.name for band in bands]
    floors = [band.floor for band in bands]
    if not 2 <= len(bands) <= MOST_BANDS:
        faults.append(f"等次：请写 2 至 {MOST_BANDS} 个，从最好的写起。")
    elif len(set(names)) < len(names):
        faults.append("等次：有两个名称一样，请改成不同的。")
    elif floors != sorted(set(floors), reverse=True):
        faults.append("等次：请从高到低写，后一个的最低分要比前一个低。")
    elif floors[-1] != 0:
        faults.append(f"等次：最后一个“{names[-1]}”的最低分要是 0，其余的都归它。")
    return [] if len(faults) > before else bands
