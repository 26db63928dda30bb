"""The names of form fields in words, for a page that shows what was typed into any form."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from wtforms import BooleanField, HiddenField, PasswordField
from wtforms.fields.core import UnboundField
from wtforms.widgets import HiddenInput

from surveys.catalog import loader
from surveys.scoring.grades import BlankPolicy
from surveys.web import editing, opened_for
from surveys.web.forms import StaffForm

Fields = Sequence[Sequence[str]]
Field: TypeAlias = "UnboundField[Any]"
UnitName = Callable[[int], str]
Known = Mapping[str, Sequence[Field]]

_MARK = re.compile(r"(?P<place>u[0-9]{1,9}|[^:]+:[^:]+)(?P<part>|:remark|:evidence)")
_MARK_PARTS = {"": "打分", ":remark": "说明", ":evidence": "查看的材料"}
_LINE = re.compile(r"(leaders|classes)-([0-9]{1,3})-(name|post|order|key|weight|planned)")
_LINE_KINDS = {"leaders": "领导", "classes": "票种"}
_LINE_PARTS = {"name": "名称", "post": "职务", "order": "顺序", "key": "代号", "weight": "权重", "planned": "计划张数"}
_MACHINE = re.compile(r"do|filled|preset|.*:(seen|settle)|leaders-[0-9]+-(was|listed|on)")
_WIZARD = {
    "title": "测评会名称",
    "held_on": "日期",
    "place": "地点",
    "entitled": "应到人数",
    "organization": "单位测评表",
    "leader": "领导测评表",
    "quorum": "到会比例",
    "abstain": "“弃权”选项",
    "team": "测评哪个班子",
    "team_weight": "这个班子的权重",
    "blank": "漏填",
    "blanks_allowed": "允许漏填",
    "two_person": "双人启封",
    "rehearsal": "演练",
}


def _questionnaire(key: str) -> str:
    return loader.questionnaire(key).title if key in loader.questionnaire_keys() else key


_WIZARD_VALUES: Mapping[str, Callable[[str], str]] = {
    "organization": _questionnaire,
    "leader": _questionnaire,
    "blank": lambda key: next((policy.label for policy in BlankPolicy if policy.value == key), key),
}
_OTHERS = {"planned": "计划张数", "tags": "单位标签", "account": "账号", "reason": "理由"}
_TICKS = ("blanks_allowed", "two_person", "rehearsal")


@dataclass(frozen=True)
class ShownField:
    label: str
    value: str


def is_typed(fields: Fields) -> bool:
    """Whether there is more in it than ticks and what the page itself had written into it."""
    own = _own(fields)
    known = _known(own)
    return any(text.strip() and not _is_hidden(name, known) and not _is_tick(name, known) for name, text in own)


def labelled(fields: Fields, unit_name: UnitName) -> list[ShownField]:
    """What a person would recognize, in order: no hidden field, no empty one."""
    own = _own(fields)
    known = _known(own)
    shown = [each for each in own if each[1].strip() and not _is_hidden(each[0], known)]
    return [ShownField(_label(name, known, unit_name), _value(name, text, known)) for name, text in shown]


def _own(fields: Fields) -> Fields:
    """Without what any form may carry: what its page was opened for, and what was set then."""
    return [each for each in fields if each[0] not in (opened_for.FIELD, editing.FIELD)]


def _label(name: str, known: Known, unit_name: UnitName) -> str:
    if "quorum" in known and name in _WIZARD:
        return _WIZARD[name]
    words = {str(field.args[0]) for field in known[name]}
    if len(words) == 1:
        return words.pop()
    if (mark := _MARK.fullmatch(name)) is not None:
        return f"{_place(mark['place'], unit_name)}　{_MARK_PARTS[mark['part']]}"
    if (line := _LINE.fullmatch(name)) is not None:
        part = "姓名" if line[1] == "leaders" and line[3] == "name" else _LINE_PARTS[line[3]]
        return f"{_LINE_KINDS[line[1]]} {int(line[2]) + 1}　{part}"
    return _OTHERS.get(name, "其他")


def _place(place: str, unit_name: UnitName) -> str:
    """`u12`: a unit; else row and department."""
    return place.replace(":", " ") if ":" in place else unit_name(int(place[1:]))


def _value(name: str, text: str, known: Known) -> str:
    if _is_tick(name, known):
        return "已勾选"
    if "quorum" in known and name in _WIZARD:
        return _WIZARD_VALUES.get(name, str)(text)
    choices = (choice for field in known[name] for choice in field.kwargs.get("choices", ()))
    return next((choice.label for choice in choices if choice.value == text), text)


def _is_tick(name: str, known: Known) -> bool:
    fields = known[name]
    return all(issubclass(field.field_class, BooleanField) for field in fields) if fields else name in _TICKS


def _is_hidden(name: str, known: Known) -> bool:
    fields = known[name]
    return all(map(_hides, fields)) if fields else _MACHINE.fullmatch(name) is not None


def _hides(field: Field) -> bool:
    return issubclass(field.field_class, HiddenField) or isinstance(field.kwargs.get("widget"), HiddenInput)


def _known(fields: Fields) -> Known:
    """What each may be: as the smallest forms that have all of them say, or else any form that has it."""
    names = {name for name, _ in fields}
    fitting = sorted((form for form in _forms() if names <= form.keys()), key=len)
    smallest = [form for form in fitting if len(form) == len(fitting[0])]
    return {name: [form[name] for form in smallest or _forms() if name in form] for name in names}


@cache
def _forms() -> tuple[Mapping[str, Field], ...]:
    """Of all rooms: asked for when the site answers, never while modules are still being read."""
    return tuple(
        {name: field for name in dir(form) if isinstance(field := getattr(form, name), UnboundField)}
        for form in _below(StaffForm)
    )


def _below(form: type) -> Iterator[type]:
    each: type
    for each in form.__subclasses__():
        yield each
        yield from _below(each)


@cache
def passwords() -> frozenset[str]:
    """Never kept, and never shown."""
    return frozenset(
        name for form in _forms() for name, field in form.items() if issubclass(field.field_class, PasswordField)
    )
