"""Who acts, and the one table of who may do what."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    ADMIN = "admin"
    ORGANIZER = "organizer"
    ASSESSOR = "assessor"
    SCRUTINEER = "scrutineer"
    REPORTER = "reporter"

    @property
    def label(self) -> str:
        return _ROLE_LABELS[self]


_ROLE_LABELS = {
    Role.ADMIN: "管理员",
    Role.ORGANIZER: "组织员",
    Role.ASSESSOR: "考评员",
    Role.SCRUTINEER: "监票人",
    Role.REPORTER: "报送员",
}


class Permission(StrEnum):
    SEE_POLLS = "see_polls"
    RUN_POLLS = "run_polls"  # create, issue, open, close, seal, void
    SEE_TALLIES = "see_tallies"  # of sealed polls
    WITNESS = "witness"  # the scrutineer's hand beside the organizers': people present, tickets beyond the limit
    UNSEAL = "unseal"  # one of the two hands that open a result
    SETTLE_PAPER = "settle_paper"  # what two others keyed differently
    SEE_SHEETS = "see_sheets"
    MARK = "mark"  # an assessor: only the rows of the own department
    DECIDE = "decide"  # ledger, exemptions, confirmed values, set-up of an assessment
    SEE_RESULTS = "see_results"
    SEE_OWN_UNIT = "see_own_unit"  # a reporter: the own unit's rows, material and, from the appeal on, its sheet
    MANAGE_ACCOUNTS = "manage_accounts"
    REVIEW = "review"  # material handed in; an assessor: only of the own department's rows


WHO_MAY: dict[Permission, frozenset[Role]] = {
    Permission.SEE_POLLS: frozenset({Role.ADMIN, Role.ORGANIZER, Role.SCRUTINEER}),
    Permission.RUN_POLLS: frozenset({Role.ADMIN, Role.ORGANIZER}),
    Permission.SEE_TALLIES: frozenset({Role.ADMIN, Role.ORGANIZER, Role.SCRUTINEER}),
    Permission.WITNESS: frozenset({Role.ADMIN, Role.ORGANIZER, Role.SCRUTINEER}),
    Permission.UNSEAL: frozenset({Role.ORGANIZER, Role.SCRUTINEER}),
    Permission.SETTLE_PAPER: frozenset({Role.ADMIN, Role.ORGANIZER, Role.SCRUTINEER}),
    Permission.SEE_SHEETS: frozenset({Role.ADMIN, Role.ASSESSOR}),
    Permission.MARK: frozenset({Role.ADMIN, Role.ASSESSOR}),
    Permission.DECIDE: frozenset({Role.ADMIN}),
    Permission.SEE_RESULTS: frozenset({Role.ADMIN}),
    Permission.SEE_OWN_UNIT: frozenset({Role.REPORTER}),
    Permission.MANAGE_ACCOUNTS: frozenset({Role.ADMIN}),
    Permission.REVIEW: frozenset({Role.ADMIN, Role.ASSESSOR}),
}


@dataclass(frozen=True)
class Actor:
    """Whoever calls a service. `account_id` is None on the command line, which acts as an admin.

    `department`: an assessor's; `unit_id`: a reporter's. `must_change`: signed in with a one-time password, and may do
    nothing but change it.
    """

    account_id: int | None
    name: str
    role: Role
    department: str | None = None
    unit_id: int | None = None
    must_change: bool = False

    def may(self, permission: Permission) -> bool:
        return not self.must_change and self.role in WHO_MAY[permission]


COMMAND_LINE = Actor(None, "命令行", Role.ADMIN)
