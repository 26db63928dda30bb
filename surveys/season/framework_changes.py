"""What one edition of a framework changes in another, row by row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from surveys.catalog.model import Framework, Row, plain
from surveys.season.roster_changes import FieldChange, moved

_WHOLE = "全部单位"
LEAST_COMPARED, MOST_COMPARED = 24, 1000
ALIKE = 0.6


@dataclass(frozen=True)
class RowChange:
    """A row that is added, removed or changed. `fields`: what it has, had, or what differs. `moved`: see `Changes`."""

    key: str
    name: str
    fields: tuple[FieldChange, ...]
    moved: str = ""


@dataclass(frozen=True)
class Changes:
    """`framework`: what is not of one row. `moved`: rows otherwise as they were, that stand after another row now."""

    framework: tuple[FieldChange, ...]
    added: tuple[RowChange, ...]
    removed: tuple[RowChange, ...]
    changed: tuple[RowChange, ...]
    moved: tuple[RowChange, ...]
    unchanged: int

    @property
    def is_empty(self) -> bool:
        return not (self.framework or self.added or self.removed or self.changed or self.moved)


Piece = tuple[Literal["same", "old", "new"], str]


def pieces(old: str, new: str) -> list[Piece]:
    """Two texts as one, in the order they are read: what both have, what only the old and only the new has.

    Texts that have little in common, or are too short or too long to be compared, are told apart as wholes.
    """
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if not LEAST_COMPARED <= max(len(old), len(new)) <= MOST_COMPARED or matcher.ratio() < ALIKE:
        found: list[Piece] = [("old", old), ("new", new)]
    else:
        found = []
        for kind, start, end, new_start, new_end in matcher.get_opcodes():
            if kind == "equal":
                found.append(("same", old[start:end]))
            else:
                found += [("old", old[start:end]), ("new", new[new_start:new_end])]
    return [piece for piece in found if piece[1]]


def compare(old: Framework, new: Framework) -> Changes:
    """Rows are the same by key."""
    before = {row.standard.key: row for row in old.rows()}
    after = {row.standard.key: row for row in new.rows()}
    places = _moved(list(before), list(after))
    changed, only_moved = [], []
    for key in after:
        if key not in before:
            continue
        fields = tuple(_differing(_cells(before[key]), _cells(after[key])))
        change = RowChange(key, after[key].content.name, fields, places.get(key, ""))
        if fields:
            changed.append(change)
        elif change.moved:
            only_moved.append(change)
    both = sum(key in before for key in after)
    return Changes(
        tuple(_framework_changes(old, new)),
        tuple(_whole_row(row, new=True) for key, row in after.items() if key not in before),
        tuple(_whole_row(row, new=False) for key, row in before.items() if key not in after),
        tuple(changed),
        tuple(only_moved),
        both - len(changed) - len(only_moved),
    )


def _moved(before: list[str], after: list[str]) -> dict[str, str]:
    """Of the rows that both have, the fewest whose moving explains the new order, and where each stands now."""
    old = {key: place for place, key in enumerate(key for key in before if key in set(after))}
    common = [key for key in after if key in old]
    pairs = [(old[key], place) for place, key in enumerate(common)]
    return {common[place]: f"移到 {common[place - 1]} 之后" if place else "移到最前" for _, place in moved(pairs)}


def _whole_row(row: Row, *, new: bool) -> RowChange:
    cells = [(label, value) for label, value in _cells(row).items() if value]
    fields = tuple(FieldChange(label, "" if new else value, value if new else "") for label, value in cells)
    return RowChange(row.standard.key, row.content.name, fields)


def _differing(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[FieldChange]:
    for label in dict.fromkeys((*old, *new)):
        if old.get(label, "") != new.get(label, ""):
            yield FieldChange(label, old.get(label, ""), new.get(label, ""))


def _cells(row: Row) -> dict[str, str]:
    """The names of what is above the row are compared once, with the framework."""
    standard = row.standard
    return {
        "所在": " › ".join((row.block.code, row.indicator.code, row.content.code)),
        "测评标准": standard.text,
        "测评方法": "、".join(method.label for method in standard.methods),
        "分值": plain(standard.points),
        "类型": standard.kind.label,
        "适用": "、".join(standard.applies_to) or _WHOLE,
        "考核部门": "、".join(standard.departments),
        "从满分起": "是" if standard.starts_full else "",
        "综合评定": "是" if standard.comprehensive else "",
        "佐证材料": "\n".join(standard.evidence),
        "说明": standard.note,
    }


def _framework_changes(old: Framework, new: Framework) -> Iterator[FieldChange]:
    return _differing(_about(old), _about(new))


def _about(framework: Framework) -> dict[str, str]:
    about = {
        "体系编号": framework.key,
        "体系名称": framework.title,
        "牵头部门": framework.lead_department,
        "默认考核部门": framework.default_department,
        "分值说明": framework.points_note,
        "单位标签": "、".join(framework.tags),
    }
    for block in framework.blocks:
        about[f"测评项目 {block.code}"] = block.name
        about[f"测评项目 {block.code} 分值"] = plain(block.points)
        about[f"测评项目 {block.code} 说明"] = block.note
        for indicator in block.indicators:
            about[f"测评指标 {indicator.code}"] = indicator.name
            about |= {f"测评内容 {content.code}": content.name for content in indicator.contents}
    return about
