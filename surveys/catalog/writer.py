"""A framework as YAML in the form of the files here: what the loader fills in by itself is left out."""

from typing import Any

import yaml

from surveys.catalog.model import Framework
from surveys.scoring.score_sheet import Kind

_HEAD = "# 分值必须加引号。没有写 kind 的是 standard；没有写 departments 的由 default_department 打分。\n"


class _Quoted(str):
    """Words of the document: always in double quotes."""

    __slots__ = ()


class _Flow(list[str]):
    """A short list, on one line."""


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401
        return True


def _quoted(dumper: yaml.SafeDumper, data: _Quoted) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(data), style='"')


def _flow(dumper: yaml.SafeDumper, data: _Flow) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)


_Dumper.add_representer(_Quoted, _quoted)
_Dumper.add_representer(_Flow, _flow)


def framework_yaml(framework: Framework) -> str:
    """Read by the loader it is the same framework."""
    data = framework.to_json()
    data["title"], data["points_note"] = _Quoted(data["title"]), _Quoted(data["points_note"])
    for block in data["blocks"]:
        block["points"], block["note"] = _Quoted(block["points"]), _Quoted(block["note"])
        _move_last(block, "indicators")
        _drop_empty(block, "note")
        for indicator in block["indicators"]:
            for content in indicator["contents"]:
                content["standards"] = [_row(row, framework) for row in content["standards"]]
    _drop_empty(data, "tags", "points_note")
    _move_last(data, "blocks")
    text: str = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1_000_000)
    return _HEAD + text


def _row(row: dict[str, Any], framework: Framework) -> dict[str, Any]:
    kept = dict(row)
    kept["text"], kept["note"], kept["points"] = (_Quoted(row[name]) for name in ("text", "note", "points"))
    kept["evidence"] = [_Quoted(item) for item in row["evidence"]]
    for name in ("methods", "departments", "applies_to"):
        kept[name] = _Flow(row[name])
    if row["departments"] == [framework.default_department]:
        del kept["departments"]
    if row["kind"] == Kind.STANDARD:
        del kept["kind"]
    _drop_empty(kept, "starts_full", "comprehensive", "applies_to", "evidence", "note")
    return kept


def _drop_empty(entry: dict[str, Any], *names: str) -> None:
    for name in names:
        if not entry[name]:
            del entry[name]


def _move_last(entry: dict[str, Any], name: str) -> None:
    entry[name] = entry.pop(name)
