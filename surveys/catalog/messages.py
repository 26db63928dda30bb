"""Faults in plain Chinese that say what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, cast

import yaml
from pydantic_core import ErrorDetails

from surveys.catalog.problems import FieldPath

NOT_A_MAPPING = "请把整个文件写成“字段: 内容”的形式（半角冒号，后面空一格），不能是列表或一段文字"
TOO_DEEP = "too deep"
TOO_MANY = "too many nodes"

# PyYAML's own words, in the order they are looked for.
_YAML_MESSAGES = (
    (TOO_DEEP, "层次太深：请检查这里的缩进和括号"),
    (TOO_MANY, "内容太多，不像是测评体系或测评表：请检查是否选错了文件"),
    ("'\\t'", "不能用 Tab 缩进：请改用空格"),
    ("expected a single document", "文件里只能有一份内容：请删掉多余的“---”"),
    ("but found another document", "文件里只能有一份内容：请删掉多余的“---”"),
    ("mapping values are not allowed", "这里不该有冒号：文字里有半角冒号时请整段加引号，并检查缩进"),
    ("could not find expected ':'", "字段名后面少了半角冒号和空格，或缩进不对：请补上"),
    ("end of stream", "引号没有成对：请检查这一行和前面的引号"),
    ("unknown escape", "双引号里的反斜杠写法不对：请写成两个反斜杠，或改用单引号"),
    ("expected <block end>", '缩进没有对齐，或引号提前结束：请与同级的行对齐，文字里的半角双引号写成 \\"'),
    ("expected ',' or", "方括号或花括号没有配对，或少了半角逗号：请补上"),
    ("cannot start any token", "不能以这个符号开头：请给整段文字加引号"),
)


def yaml_message(error: yaml.MarkedYAMLError) -> str:
    """What is wrong with the YAML, by the words of the parser."""
    said = f"{error.context or ''} {error.problem or ''}"
    for words, message in _YAML_MESSAGES:
        if words in said:
            return message
    return "YAML 写法有误：请检查这一行和上一行的缩进、冒号和引号"


def is_echo(error: ErrorDetails) -> bool:
    """pydantic counts a list's good entries: one bad entry of one is reported, and then the list as too short."""
    entries = error["input"]
    return error["type"] == "too_short" and isinstance(entries, list) and len(entries) >= error["ctx"]["min_length"]


def field_message(error: ErrorDetails, known_fields: Iterable[str]) -> str:
    """What is wrong with one field, by pydantic's type of error."""
    kind, value = error["type"], cast(object, error["input"])
    if kind == "missing":
        return "缺少这一项：请补上"
    if kind == "extra_forbidden":
        return _unknown_field(str(error["loc"][-1]), sorted(known_fields))
    if kind == "number_unquoted":
        return f'没有加引号的小数会走样：请加上引号，写成 "{value}"'
    if value is None:
        return "没有写内容：请填上，用不到就删掉这一行"
    if kind == "enum":
        return f"不认识“{_short(value)}”：请改成 {_choices(error['ctx'])} 之一"
    if kind == "string_type":
        return _not_text(value)
    return _by_kind(kind, value, error.get("ctx", {}), error["loc"])


def _by_kind(kind: str, value: object, context: Mapping[str, Any], path: FieldPath) -> str:
    match kind:
        case "number_invalid":
            return f'“{_short(value)}”不是数字：请写成加引号的半角数字，例如 "2" 或 "2.5"'
        case "greater_than_equal":
            return f"不能小于 {context['ge']}：请改成正确的数"
        case "less_than_equal":
            return f"不能大于 {context['le']}：请改成正确的数"
        case "string_too_short":
            return "没有写内容：请填上文字"
        case "string_too_long":
            return f"文字太长，最多 {context['max_length']} 个字：请删短"
        case "string_pattern_mismatch":
            return _pattern(value, path)
        case "bool_type":
            return f"“{_short(value)}”不对：请写 true 或 false，不加引号"
        case "tuple_type":
            return "要写成列表：请每项一行，以“- ”开头，或写成 [甲, 乙]"
        case "too_short":
            return f"至少要有 {context['min_length']} 项：请补上"
        case "too_long":
            return f"最多 {context['max_length']} 项：请删去多余的"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "要写成“字段: 内容”的形式：请参照自带的文件"
    return f"内容不对（{kind}）：请参照自带的文件修改"


def _pattern(value: object, path: FieldPath) -> str:
    if path[-1] == "letter":
        return f"“{_short(value)}”不对：请写一个半角大写字母，从 A 开始"
    if len(path) == 1:
        return f"“{_short(value)}”不对：请只用半角小写字母、数字、-、_，以字母开头"
    return f"“{_short(value)}”不对：请只用半角字母、数字、( ) . - _，不能有空格和全角括号"


def _unknown_field(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    advice = f"是不是“{near[0]}”？" if near else f"这里可以有 {'、'.join(known)}；"
    return f"没有“{_short(name)}”这个字段：{advice}请改正或删掉"


def _not_text(value: object) -> str:
    if isinstance(value, bool):
        return "不加引号的 yes、no、on、off、true、false 不是文字：请加引号"
    if isinstance(value, int | float):
        return f'要写成文字：请加引号，写成 "{value}"'
    return "这里是一段文字，不能是列表或下一级字段：请改正"


def _choices(context: Mapping[str, Any]) -> str:
    return str(context["expected"]).replace("'", "").replace(" or ", "、").replace(", ", "、")


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:40] + "…"
