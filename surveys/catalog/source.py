"""Bytes -> plain values, with the line each came from. YAML's safe part only, and less of it than YAML allows.

Values are built from the node tree here, not by PyYAML's constructor: YAML 1.1 would read `010` as 8, `1:30` as 90 and
a date as an object, keep the last of two equal keys without a word, and let 1 KB expand to gigabytes through aliases.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Protocol

import yaml
from yaml.composer import ComposerError
from yaml.error import Mark
from yaml.reader import ReaderError

from surveys.catalog import messages
from surveys.catalog.problems import CatalogError, FieldPath, Problem, field_name

MAX_BYTES = 2 * 1024 * 1024
_MAX_DEPTH = 20  # a framework is 11 deep; the composer recurses, so depth is stack
_MAX_NODES = 20_000  # a framework of 41 rows has 1,100; 2 MB of commas would take the parser a minute

_TAG = "tag:yaml.org,2002:"
_REFUSED = "!refused"
_UNKNOWN_TAG = "不支持 YAML 标签 {}：请删掉感叹号开头的标签"
_NO_REFERENCE = "不支持 YAML 的 & 和 * 引用（{}）：请删掉，把内容在每一处写全"
_AS_WRITTEN = frozenset(_TAG + name for name in ("str", "timestamp", "merge", "value"))
_TRUE = frozenset(("yes", "true", "on"))
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_FLOAT = re.compile(r"-?[0-9]+\.[0-9]*", re.ASCII)
# A quoted "\0" or "\ud800" passes YAML and then breaks whatever stores or prints it.
UNUSABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass
class Source:
    """A file's values. `lines` has the line of every field and list entry; `problems` what was refused on the way."""

    file: str
    value: dict[str, Any] = field(default_factory=dict)
    lines: dict[FieldPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    refused: set[FieldPath] = field(default_factory=set)

    def line(self, path: FieldPath) -> int:
        """The line of the field, or of the nearest thing around it that is in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def add(self, path: FieldPath, message: str) -> None:
        self.report(path, self.line(path), message)

    def report(self, path: FieldPath, line: int, message: str) -> None:
        self.problems.append(Problem(self.file, line, field_name(path), message))

    def refuse(self, path: FieldPath, line: int, message: str) -> None:
        """Report a value that could not be read; what later checks say of it is no news."""
        self.report(path, line, message)
        self.refused.add(path)

    def was_refused(self, path: FieldPath) -> bool:
        return any(path[:length] in self.refused for length in range(len(path) + 1))


def read(data: bytes, file: str) -> Source:
    """The values of a file. CatalogError when there is no reading on: not UTF-8, not YAML, empty, not a mapping."""
    text = _decoded(data, file)
    source = Source(file)
    root = _composed(text, source)
    if root is None:
        raise _fatal(file, 1, "文件是空的：请参照自带的文件填写内容")
    if not isinstance(root, yaml.MappingNode):
        raise _fatal(file, _line(root), messages.NOT_A_MAPPING)
    source.lines[()] = _line(root)
    value = _value(source, root, ())
    if not isinstance(value, dict):
        raise CatalogError(source.problems)
    source.value = value
    return source


def _fatal(file: str, line: int, message: str) -> CatalogError:
    return CatalogError([Problem(file, line, "", message)])


def _decoded(data: bytes, file: str) -> str:
    if len(data) > MAX_BYTES:
        raise _fatal(file, 1, "文件超过 2 MB，不像是测评体系或测评表：请检查是否选错了文件")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _fatal(file, line, "文件不是 UTF-8 编码：请在编辑器里“另存为”，编码选 UTF-8") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise _fatal(file, line, "文件里有 NUL 字符（0x00），不是文本文件：请用文本编辑器另存为 UTF-8")
    return text


def _composed(text: str, source: Source) -> yaml.Node | None:
    try:
        loader = _Loader(text)
        try:
            node: yaml.Node | None = loader.get_single_node()
        finally:
            loader.dispose()
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _fatal(source.file, line, "有不能用的控制字符：请删掉这一行里看不见的字符后重新输入") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _fatal(source.file, mark.line + 1 if mark else 1, messages.yaml_message(error)) from None
    for name, line in loader.anchored:
        source.report((), line, _NO_REFERENCE.format(f"&{name}"))
    return node


class _NodeEvent(Protocol):
    """What an event that begins a node has."""

    anchor: str | None
    start_mark: Mark
    end_mark: Mark


class _Loader(yaml.SafeLoader):
    """The safe loader, except that it notes anchors, follows no alias, and stops at a depth and a number of nodes."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.anchored: list[tuple[str, int]] = []
        self._depth = 0
        self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: _NodeEvent = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            self.get_event()
            return yaml.ScalarNode(_REFUSED, f"*{event.anchor}", event.start_mark, event.end_mark)
        if event.anchor is not None:
            self.anchored.append((event.anchor, event.start_mark.line + 1))
            event.anchor = None
        if self._depth == _MAX_DEPTH:
            raise ComposerError(None, None, messages.TOO_DEEP, event.start_mark)
        if self._nodes == _MAX_NODES:
            raise ComposerError(None, None, messages.TOO_MANY, event.start_mark)
        self._depth += 1
        self._nodes += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _value(source: Source, node: yaml.Node, path: FieldPath) -> object:
    if node.tag == _REFUSED:
        source.refuse(path, _line(node), _NO_REFERENCE.format(node.value))
    elif isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
        return _mapping(source, node, path)
    elif isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
        return _sequence(source, node, path)
    elif isinstance(node, yaml.ScalarNode) and node.tag.startswith(_TAG):
        return _scalar(source, node, path)
    else:
        source.refuse(path, _line(node), _UNKNOWN_TAG.format(node.tag.replace(_TAG, "!!")))
    return None


def _sequence(source: Source, node: yaml.SequenceNode, path: FieldPath) -> list[object]:
    values = []
    for index, entry in enumerate(node.value):
        source.lines[(*path, index)] = _line(entry)
        values.append(_value(source, entry, (*path, index)))
    return values


def _mapping(source: Source, node: yaml.MappingNode, path: FieldPath) -> dict[str, object]:
    values: dict[str, object] = {}
    for key_node, value_node in node.value:
        line = _line(key_node)
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == _REFUSED:
            source.report(path, line, "字段名不能是列表或引用：请写成文字，后面跟半角冒号和空格")
            continue
        name = key_node.value
        inner = (*path, name)
        if key_node.tag == _TAG + "merge":
            source.report(inner, line, "不支持“<<”合并写法：请把内容逐项写全")
        elif name in values:
            first = source.lines[inner]
            source.report(inner, line, f"“{name}”写了两次（第 {first} 行和第 {line} 行）：请只留一个")
        else:
            source.lines[inner] = line
            values[name] = _value(source, value_node, inner)
    return values


def _scalar(source: Source, node: yaml.ScalarNode, path: FieldPath) -> object:
    text: str = node.value.strip()
    kind = node.tag.removeprefix(_TAG)
    if UNUSABLE.search(text):
        source.refuse(path, _line(node), "有不能用的控制字符：请删掉 \\0、\\x 之类的转义，重新输入这段文字")
        return None
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in _TRUE
    if kind == "int" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "float" and _FLOAT.fullmatch(text):
        return float(text)
    if node.tag in _AS_WRITTEN or kind in ("int", "float"):
        return text
    source.refuse(path, _line(node), _UNKNOWN_TAG.format(f"!!{kind}"))
    return None
