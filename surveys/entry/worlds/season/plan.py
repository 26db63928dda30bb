"""What happens in a season, as values: who is assessed, what is cast, marked, recorded and contested.

Nothing here computes a score or knows the site. The steps drive it through the use cases; the test of the season works
the scores out of it by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

GROUP, LEAD = "考核组", "市委网信办"


@dataclass(frozen=True)
class Leader:
    name: str
    post: str


@dataclass(frozen=True)
class VoteClass:
    """A ballot class. `ballots`: answer sheets, a letter a question, `-` for a blank, `*` for 弃权. `unused`: tickets
    issued beyond those cast; `void`: of these, how many are voided."""

    key: str
    name: str
    weight: str
    ballots: tuple[str, ...]
    unused: int = 1
    void: int = 0


@dataclass(frozen=True)
class Vote:
    """One poll. `present`: None where nobody wrote it down. `blank`: exclude, zero or spoil."""

    entitled: int
    present: int | None
    classes: tuple[VoteClass, ...]
    team: str = ""
    weight: str = "1"
    blank: str = "exclude"
    abstain: str = ""
    two_person: bool = False


@dataclass(frozen=True)
class Mark:
    """One department's points for a row. `first`: what it had marked before it thought again."""

    row_key: str
    department: str
    points: str
    first: str | None = None


@dataclass(frozen=True)
class Confirmed:
    """Another value of the democratic row than the poll's, proposed by one admin and confirmed by another."""

    row_key: str
    points: str
    reason: str


class Fate(StrEnum):
    """What becomes of a ledger entry while marking lasts."""

    STANDS = "stands"
    CANCELLED = "cancelled"
    UPHELD = "upheld"  # contested: it is gone
    DISMISSED = "dismissed"  # contested: it stands


@dataclass(frozen=True)
class Event:
    """`points` is empty for a veto."""

    row_key: str
    points: str
    document: str
    reason: str
    level: str = ""
    occasion: str = ""
    fate: Fate = Fate.STANDS


@dataclass(frozen=True)
class Exemption:
    """`late`: decided while marking; `taken_back`: the row counts again before marking starts."""

    row_key: str
    reason: str
    document: str
    late: bool = False
    taken_back: bool = False


@dataclass(frozen=True)
class Objection:
    """A unit's against a row of its provisional sheet. Accepted, `marks` are marked anew and the entries of the row at
    `cancelled` (places in the unit's events) are taken back."""

    row_key: str
    reason: str
    answer: str
    accepted: bool = False
    marks: tuple[Mark, ...] = ()
    cancelled: tuple[int, ...] = ()


@dataclass(frozen=True)
class Unit:
    """`file_tags`: as the roster's file has them, before an admin put them right. `chosen`: method by row.
    `heard`: rows assessed by hearing a report. `has_reporter`: with an account of its own, which hands in, contests,
    agrees and acknowledges; for the others the office enters what they send."""

    name: str
    category: str
    framework: str
    tags: tuple[str, ...]
    file_tags: tuple[str, ...]
    department: str | None
    leaders: tuple[Leader, ...]
    exemptions: tuple[Exemption, ...]
    chosen: Mapping[str, str]
    votes: tuple[Vote, ...]
    confirmed: Confirmed | None
    marks: tuple[Mark, ...]
    events: tuple[Event, ...]
    objections: tuple[Objection, ...]
    has_reporter: bool
    agrees: bool

    @property
    def heard(self) -> tuple[str, ...]:
        return tuple(key for key, method in self.chosen.items() if method == "hearing")


@dataclass(frozen=True)
class Rules:
    """As typed into the form. `bands`: name and floor, from the best. `top_quota`: in percent, or empty."""

    mode: str = "whole"
    bonus_cap: str = "5"
    deduction_cap: str = "10"
    bands: tuple[tuple[str, str], ...] = (("优秀", "90"), ("良好", "80"), ("合格", "60"), ("不合格", "0"))
    veto_band: str = "合格"
    top_quota: str = "20"


@dataclass(frozen=True)
class Edit:
    """A cell of a framework's workbook written anew: the row's key, the column's title, what is to stand there."""

    row_key: str
    title: str
    value: str


EDITS: Mapping[str, tuple[Edit, ...]] = {
    "municipal": (
        Edit("III-9(1)", "考核部门", "考核组、市委宣传部"),
        Edit("III-30", "分值", "8"),
        Edit("III-31", "分值", "7"),
    ),
    "county": (Edit("III-19", "分值", "4"), Edit("III-20", "分值", "4"), Edit("III-22", "说明", "样例：按季度核查")),
}
"""What this year's frameworks differ in from the document's. Blocks keep their sums."""


@dataclass(frozen=True)
class Season:
    title: str
    rules: Rules
    units: tuple[Unit, ...]
    edits: Mapping[str, tuple[Edit, ...]]
