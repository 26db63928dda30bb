"""Which names an account may have: not those that the log or a page would take for somebody or something else."""

import unicodedata
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.audit import STRANGER, UNKNOWN
from surveys.intake.cleaning import name_key
from surveys.storage.tables import Poll, Unit

_RESERVED = (COMMAND_LINE.name, STRANGER, UNKNOWN)
_LOOK_ALIKE = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
"""Scripts with letters that nobody can tell from Latin ones."""


@dataclass(frozen=True)
class Names:
    """What else has a name: polls by their prefixes, units by the keys of theirs."""

    polls: frozenset[str]
    units: frozenset[str]

    @classmethod
    def of(cls, session: Session) -> "Names":
        polls = frozenset(session.scalars(select(Poll.prefix)))
        return cls(polls, frozenset(map(name_key, session.scalars(select(Unit.name)))))

    def why_not(self, name: str, unit: str | None) -> str | None:
        """Why an account cannot be called so, in Chinese; None where it can. `unit`: a reporter's own, whose name it
        may bear."""
        key = name_key(name)
        if key in map(name_key, _RESERVED):
            return f"“{name}”在操作日志里另有所指，不能作账号名。请换一个。"
        if unit is not None and key == name_key(unit):
            return None
        if key in self.units:
            return f"“{name}”是一个单位的名称，只能是这个单位的报送员的账号名。请换一个。"
        if name.upper() in self.polls:
            return f"“{name}”是一场测评会的编号，操作日志里会混淆。请换一个名字。"
        return _mixed(name)


def _mixed(name: str) -> str | None:
    strange = sorted({each for each in name if _script(each) in _LOOK_ALIKE})
    if strange:
        found = "".join(strange)
        return f"账号名里的“{found}”不是拉丁字母，看上去却一样，会和别的账号混淆。请改用汉字、拉丁字母和数字。"
    if len({_script(each) for each in name if each.isalpha()} - {"CJK"}) > 1:
        return "账号名里混用了两种文字的字母，会和别的账号混淆。汉字以外，请只用一种文字。"
    return None


def _script(character: str) -> str:
    """As the Unicode name of a letter begins."""
    return unicodedata.name(character, "").partition(" ")[0].partition("-")[0]
