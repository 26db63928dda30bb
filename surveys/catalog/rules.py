"""What must hold between the fields of a file.

Works on the file's plain values and steps over what is not of the right shape: the models report that, and the rest of
the file is still checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic_core import PydanticCustomError

from surveys.catalog.model import (
    CODE_PATTERN,
    LETTER_PATTERN,
    QuestionnaireKind,
    parse_decimal,
    plain,
    questions_field,
)
from surveys.catalog.problems import FieldPath
from surveys.scoring.score_sheet import Kind

TOTAL_POINTS = Decimal(100)
MOST_GRADES = 10
"""Of a new file; what was frozen while there might be 26 is still read."""
_SCORED = (Kind.STANDARD, Kind.BONUS, Kind.DEDUCTION)

Entry = tuple[FieldPath, dict[str, Any]]


@dataclass(frozen=True)
class Terms:
    """What the fields are called where the file was written: advice has to name what its writer sees."""

    zero: str
    points: str
    standard: str
    veto: str
    starts_full: str
    comprehensive: str
    tags: str


YAML = Terms(
    zero='"0"',
    points=" points ",
    standard="kind 是 standard",
    veto="kind: veto",
    starts_full="删掉这一行",
    comprehensive="删掉这一行",
    tags="文件开头的 tags ",
)


@dataclass(frozen=True)
class Fault:
    """A broken rule. `earlier` is the place that had it first, where something is there twice."""

    path: FieldPath
    message: str
    earlier: FieldPath | None = None


def framework_faults(data: Mapping[str, Any], terms: Terms = YAML) -> list[Fault]:
    """Every rule a framework breaks."""
    blocks, indicators, contents, standards = _levels(data)
    faults = [fault for level in (blocks, indicators, contents) for fault in _repeated_values(level, "code", "编号")]
    faults += _repeated_values(standards, "key", "编号")
    faults += [fault for path, content in contents for fault in _keys_under(path, content)]
    faults += _repeated_entries((), data, "tags")
    tags = _tags(data)
    faults += [fault for path, row in standards for fault in _row_faults(path, row, tags, terms)]
    faults += _sum_faults(blocks, terms)
    return faults


def questionnaire_faults(data: Mapping[str, Any]) -> list[Fault]:
    """Every rule a questionnaire breaks."""
    grades = list(_entries((), data, "grades"))
    faults = list(_letter_faults(grades[:MOST_GRADES]))
    if len(grades) > MOST_GRADES:
        faults.append(Fault(("grades",), f"最多 {MOST_GRADES} 个等级：请删去多余的"))
    faults += _repeated_values(grades, "name", "等级名称")
    kinds = [kind for kind in QuestionnaireKind if kind == data.get("kind")]
    for kind in kinds:
        faults += _questions_place(kind, data)
    for name in map(questions_field, QuestionnaireKind):
        faults += _question_faults(name, list(_entries((), data, name)))
    return faults


def rows(data: Mapping[str, Any]) -> list[Entry]:
    """Every scored row that is of the right shape."""
    return _levels(data)[-1]


def _levels(data: Mapping[str, Any]) -> list[list[Entry]]:
    """Blocks, indicators, contents and standards, each level in the file's order."""
    levels = [list(_entries((), data, "blocks"))]
    for name in ("indicators", "contents", "standards"):
        levels.append([below for path, entry in levels[-1] for below in _entries(path, entry, name)])
    return levels


def _entries(path: FieldPath, data: Mapping[str, Any], name: str) -> Iterator[Entry]:
    values = data.get(name)
    for index, value in enumerate(values if isinstance(values, list) else []):
        if isinstance(value, dict):
            yield (*path, name, index), value


def _tags(data: Mapping[str, Any]) -> list[str] | None:
    """The framework's tags; None when they cannot be read and so say nothing about the rows."""
    tags = data.get("tags", [])
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else None


def _repeated_values(entries: Iterable[Entry], name: str, what: str) -> Iterator[Fault]:
    seen: dict[str, FieldPath] = {}
    for path, entry in entries:
        value = entry.get(name)
        if not isinstance(value, str):
            continue
        if value in seen:
            yield Fault((*path, name), f"{what}“{value}”重复：请改成别的", seen[value])
        seen.setdefault(value, (*path, name))


def _repeated_entries(path: FieldPath, data: Mapping[str, Any], name: str) -> Iterator[Fault]:
    values = data.get(name)
    seen: dict[str, FieldPath] = {}
    for index, value in enumerate(values if isinstance(values, list) else []):
        place = (*path, name, index)
        if isinstance(value, str) and value in seen:
            yield Fault(place, f"“{value}”重复：请删掉一个", seen[value])
        elif isinstance(value, str):
            seen[value] = place


def _keys_under(path: FieldPath, content: Mapping[str, Any]) -> Iterator[Fault]:
    code = content.get("code")
    for place, row in _entries(path, content, "standards"):
        key = row.get("key")
        if not isinstance(code, str) or not isinstance(key, str) or not re.fullmatch(CODE_PATTERN, key):
            continue
        if not re.fullmatch(re.escape(code) + r"(\([0-9]+\))?", key):
            yield Fault((*place, "key"), f"“{key}”与上一级编号“{code}”对不上：请写成“{code}”或“{code}(1)”的样子")


def _row_faults(path: FieldPath, row: Mapping[str, Any], tags: list[str] | None, terms: Terms) -> Iterator[Fault]:
    for name in ("methods", "departments", "applies_to"):
        yield from _repeated_entries(path, row, name)
    yield from _unknown_tags(path, row, tags, terms)
    kind = row.get("kind", Kind.STANDARD)
    points = _number(row.get("points"))
    if points is not None and kind == Kind.VETO and points != 0:
        yield Fault((*path, "points"), f"一票否决不计分值：请写成 {terms.zero}")
    if points is not None and kind in _SCORED and points == 0:
        yield Fault((*path, "points"), f"分值要大于 0：请填上分值；不计分的一票否决项要写 {terms.veto}")
    if row.get("starts_full") is True and kind != Kind.STANDARD:
        yield Fault((*path, "starts_full"), f"只有 {terms.standard} 的条目可以从满分起：请{terms.starts_full}")
    if row.get("comprehensive") is True and (kind != Kind.STANDARD or row.get("starts_full") is True):
        yield Fault(
            (*path, "comprehensive"), f"只有 {terms.standard}、由部门打分的条目可以综合评定：请{terms.comprehensive}"
        )


def _unknown_tags(path: FieldPath, row: Mapping[str, Any], tags: list[str] | None, terms: Terms) -> Iterator[Fault]:
    used = row.get("applies_to")
    if tags is None or not isinstance(used, list):
        return
    for index, tag in enumerate(used):
        if isinstance(tag, str) and tag not in tags:
            advice = f"可用的有 {'、'.join(tags)}" if tags else f"{terms.tags}是空的"
            yield Fault(
                (*path, "applies_to", index), f"没有“{tag}”这个单位标签：{advice}；请改正，或在{terms.tags}里加上"
            )


def _sum_faults(blocks: list[Entry], terms: Terms) -> Iterator[Fault]:
    totals = [_standard_points(block) for _, block in blocks]
    for (path, block), total in zip(blocks, totals, strict=True):
        written = _number(block.get("points"))
        if written is not None and total is not None and written != total:
            yield Fault((*path, "points"), _sum_message(written, total, terms))
    known = [total for total in totals if total is not None]
    if not blocks or len(known) < len(totals) or sum(known) == TOTAL_POINTS:
        return
    total = sum(known, Decimal(0))
    yield Fault(
        ("blocks",),
        f"全部测评项（{terms.standard}）的分值合计是 {plain(total)}，应是 {plain(TOTAL_POINTS)}，"
        f"{_difference(total, TOTAL_POINTS)}：请调整各条的{terms.points}".rstrip(),
    )


def _sum_message(written: Decimal, total: Decimal, terms: Terms) -> str:
    return (
        f"板块分值写的是 {plain(written)}，板块内测评项（{terms.standard}）合计是 {plain(total)}，"
        f"{_difference(total, written)}：请改板块的{terms.points}或各条的{terms.points}".rstrip()
    )


def _difference(total: Decimal, wanted: Decimal) -> str:
    return f"{'多' if total > wanted else '少'} {plain(abs(total - wanted))}"


def _standard_points(block: Mapping[str, Any]) -> Decimal | None:
    """The sum of the block's rows of kind standard; None when one of them cannot be read."""
    total = Decimal(0)
    for _, row in rows({"blocks": [block]}):
        points, kind = _number(row.get("points")), row.get("kind", Kind.STANDARD)
        if points is None or points < 0 or kind not in list(Kind):
            return None
        total += points if kind == Kind.STANDARD else 0
    return total


def _number(value: object) -> Decimal | None:
    try:
        return parse_decimal(value)
    except PydanticCustomError:
        return None


def _letter_faults(grades: list[Entry]) -> Iterator[Fault]:
    seen: dict[str, FieldPath] = {}
    for index, (path, grade) in enumerate(grades):
        letter = grade.get("letter")
        place = (*path, "letter")
        wanted = chr(ord("A") + index)
        if not isinstance(letter, str) or not re.fullmatch(LETTER_PATTERN, letter):
            continue
        if letter in seen:
            yield Fault(place, f"字母“{letter}”重复：这一级请写 {wanted}", seen[letter])
        elif letter != wanted:
            yield Fault(place, f"字母要从 A 起依次写：第 {index + 1} 级请写 {wanted}，现在是“{letter}”")
        seen.setdefault(letter, place)


def _questions_place(kind: QuestionnaireKind, data: Mapping[str, Any]) -> Iterator[Fault]:
    wanted = questions_field(kind)
    for name in map(questions_field, QuestionnaireKind):
        if name == wanted and name not in data:
            yield Fault((name,), f"缺少这一项：kind 是 {kind} 的测评表，请把测评内容写在 {name} 里")
        elif name == wanted and data[name] == []:
            yield Fault((name,), "至少要有 1 项：请补上测评内容")
        elif name != wanted and name in data:
            yield Fault((name,), f"kind 是 {kind} 的测评表不用这个字段：请把内容写在 {wanted} 里")


def _question_faults(name: str, questions: list[Entry]) -> Iterator[Fault]:
    yield from _repeated_values(questions, "key", "编号")
    overall = [path for path, question in questions if question.get("overall") is True]
    for path in overall[1:]:
        message = "总体评价只能有一项：请删掉一个"
        yield Fault((*path, "overall"), message, (*overall[0], "overall"))
    weights = [_number(question.get("weight", 1)) for _, question in questions]
    if weights and all(weight == 0 for weight in weights):
        yield Fault((name,), "各项的 weight 不能都是 0：请至少给一项写上大于 0 的权重")
