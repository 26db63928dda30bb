"""Who acts, and the one table of who may do what."""

from dataclasses import dataclass, field
from enum import StrEnum

from surveys.storage.tables import shown_name


class Role(StrEnum):
    SYSTEM = "system"
    ADMIN = "admin"
    AUDITOR = "auditor"
    ORGANIZER = "organizer"
    ASSESSOR = "assessor"
    SCRUTINEER = "scrutineer"
    REPORTER = "reporter"
    READER = "reader"

    @property
    def label(self) -> str:
        return _ROLE_LABELS[self]


_ROLE_LABELS = {
    Role.SYSTEM: "系统管理员",
    Role.ADMIN: "业务管理员",
    Role.AUDITOR: "审计员",
    Role.ORGANIZER: "组织员",
    Role.ASSESSOR: "考评员",
    Role.SCRUTINEER: "监票人",
    Role.REPORTER: "报送员",
    Role.READER: "查阅人",
}


class ReadingKind(StrEnum):
    """What two hands give a reader of an assessment."""

    RESULTS = "results"
    LEADERS = "leaders"

    @property
    def label(self) -> str:
        return {"results": "得分、名次和报告", "leaders": "各次民主测评的结果"}[self.value]


class Permission(StrEnum):
    SEE_POLLS = "see_polls"
    RUN_POLLS = "run_polls"  # create, issue, open, close, seal, void
    SEE_TICKETS = "see_tickets"  # how many of what were issued, batch by batch and door by door; never a code
    SEE_TALLIES = "see_tallies"  # of sealed polls
    WITNESS = "witness"  # the scrutineer's hand beside the organizers': people present, tickets beyond the limit
    WATCH = "watch"  # the scrutineer's remarks, and the tick that sealing waits for
    UNSEAL = "unseal"  # one of the two hands that open a result
    SETTLE_PAPER = "settle_paper"  # what two others keyed differently
    SEE_SHEETS = "see_sheets"
    MARK = "mark"  # an assessor: only the rows of the own department
    DECIDE = "decide"  # ledger, exemptions, confirmed values, set-up of an assessment
    SEE_RESULTS = "see_results"
    READ_RESULTS = "read_results"  # a reader: of the assessments that two hands gave it (surveys.acts.readings)
    READ_TALLIES = "read_tallies"  # the same of sealed polls, organization and leaders
    READ_GIVEN = "read_given"  # the list of what was given
    SEE_OWN_UNIT = "see_own_unit"  # a reporter: the own unit's rows, material and, from the appeal on, its sheet
    MANAGE_ACCOUNTS = "manage_accounts"
    SEE_LOG = "see_log"  # the audit log, all of it
    SEE_ALARMS = "see_alarms"  # the auditor all; of polls the admins; of the server who keeps the accounts
    CONFIRM_ACCOUNTS = "confirm_accounts"  # those that somebody made or reset, before they are a hand
    REVIEW = "review"  # material handed in; an assessor: only of the own department's rows

    @property
    def label(self) -> str:
        return _PERMISSION_LABELS[self]


_PERMISSION_LABELS = {
    Permission.SEE_POLLS: "看测评会",
    Permission.RUN_POLLS: "建测评会，发票、开始、结束、封存",
    Permission.SEE_TICKETS: "看发了多少票",
    Permission.SEE_TALLIES: "看封存以后的结果，下载统计单和选票包",
    Permission.WITNESS: "登记实到，同意多发票",
    Permission.WATCH: "监票记录和核对",
    Permission.UNSEAL: "启封的一方",
    Permission.SETTLE_PAPER: "录入、核定纸质票",
    Permission.SEE_SHEETS: "看计分表",
    Permission.MARK: "打分（考评员：本部门的行）",
    Permission.DECIDE: "建考核，导入名单，免考、加减分、核定",
    Permission.SEE_RESULTS: "看各版得分，导出，发反馈函",
    Permission.READ_RESULTS: "看得分、名次和报告（查阅人：给了的考核）",
    Permission.READ_TALLIES: "看民主测评的结果（查阅人：给了的考核）",
    Permission.READ_GIVEN: "看给自己的结果的清单",
    Permission.SEE_OWN_UNIT: "给本单位报送材料，看本单位的得分",
    Permission.MANAGE_ACCOUNTS: "管账号，改系统设置",
    Permission.SEE_LOG: "看全部操作日志",
    Permission.SEE_ALARMS: "看报警（各看各的）",
    Permission.CONFIRM_ACCOUNTS: "确认账号",
    Permission.REVIEW: "审核材料（考评员：本部门的行）",
}


WHO_MAY: dict[Permission, frozenset[Role]] = {
    Permission.SEE_POLLS: frozenset({Role.ADMIN, Role.ORGANIZER, Role.SCRUTINEER}),
    Permission.RUN_POLLS: frozenset({Role.ADMIN, Role.ORGANIZER}),
    Permission.SEE_TICKETS: frozenset({Role.ADMIN, Role.ORGANIZER, Role.SCRUTINEER}),
    Permission.SEE_TALLIES: frozenset({Role.ADMIN, Role.ORGANIZER, Role.SCRUTINEER}),
    Permission.WITNESS: frozenset({Role.ADMIN, Role.ORGANIZER, Role.SCRUTINEER}),
    Permission.WATCH: frozenset({Role.SCRUTINEER}),
    Permission.UNSEAL: frozenset({Role.ORGANIZER, Role.SCRUTINEER}),
    Permission.SETTLE_PAPER: frozenset({Role.ADMIN, Role.ORGANIZER, Role.SCRUTINEER}),
    Permission.SEE_SHEETS: frozenset({Role.ADMIN, Role.ASSESSOR}),
    Permission.MARK: frozenset({Role.ADMIN, Role.ASSESSOR}),
    Permission.DECIDE: frozenset({Role.ADMIN}),
    Permission.SEE_RESULTS: frozenset({Role.ADMIN}),
    Permission.READ_RESULTS: frozenset({Role.ADMIN, Role.READER}),
    Permission.READ_TALLIES: frozenset({Role.ADMIN, Role.ORGANIZER, Role.SCRUTINEER, Role.READER}),
    Permission.READ_GIVEN: frozenset({Role.READER}),
    Permission.SEE_OWN_UNIT: frozenset({Role.REPORTER}),
    Permission.MANAGE_ACCOUNTS: frozenset({Role.SYSTEM}),
    Permission.SEE_LOG: frozenset({Role.AUDITOR}),
    Permission.SEE_ALARMS: frozenset({Role.SYSTEM, Role.ADMIN, Role.AUDITOR}),
    Permission.CONFIRM_ACCOUNTS: frozenset({Role.AUDITOR}),
    Permission.REVIEW: frozenset({Role.ADMIN, Role.ASSESSOR}),
}


STOOD_FOR = (Role.ADMIN, Role.ORGANIZER, Role.SCRUTINEER)
"""Whose hand somebody else may lend while they are away (surveys.acts.stand_ins), and who may lend it: nobody of the
other two powers, and nobody who is bound to a department or a unit."""


@dataclass(frozen=True)
class StandsFor:
    """An absent one, in whose place an account acts now."""

    account_id: int
    name: str
    role: Role


@dataclass(frozen=True)
class Origin:
    """Where a request came from, for the audit log. `address`: a keyed digest of the caller's network, empty where
    nobody knows it; `request`: a random number of this request."""

    address: str
    request: str


@dataclass(frozen=True)
class Actor:
    """Whoever calls a service. `account_id` is None on the command line, which acts as an admin.

    `department`: an assessor's; `unit_id`: a reporter's. `must_change`: signed in with a one-time password, and may do
    nothing but change it. `must_enrol`: the same, until it has set up its second
    factor. `person`: who holds it, where that is known. `origin`: of what came from a page.

    `also`: what it may beyond its role: an admin keeps the accounts while there is no system admin. `stands_for`: in
    whose place it acts now, with what they may; `stood_for_by`: who acts in its place. `given`: what two hands gave a
    reader, by id of the assessment.

    What hands rest on (surveys.acts.hands): `given_by`, who made the account or last reset its password, None for the
    command line; `gave`: the accounts to which this one did so; `unconfirmed`: the site has an auditor, who has not
    confirmed it since; `wants_code`: what it must do first where an act of two hands asks for a code, in
    Chinese. `no_auditor`: what is said of that where two people act, empty where there is one.
    """

    account_id: int | None
    name: str
    role: Role
    department: str | None = None
    unit_id: int | None = None
    must_change: bool = False
    origin: Origin | None = field(default=None, compare=False)
    also: frozenset[Permission] = field(default=frozenset(), compare=False)
    person: str = field(default="", compare=False)
    given_by: int | None = field(default=None, compare=False)
    gave: frozenset[int] = field(default=frozenset(), compare=False)
    unconfirmed: bool = field(default=False, compare=False)
    must_enrol: bool = field(default=False, compare=False)
    wants_code: str = field(default="", compare=False)
    no_auditor: str = field(default="", compare=False)
    stands_for: tuple[StandsFor, ...] = field(default=(), compare=False)
    stood_for_by: frozenset[int] = field(default=frozenset(), compare=False)
    given: frozenset[tuple[int, ReadingKind]] = field(default=frozenset(), compare=False)

    @property
    def shown(self) -> str:
        """For people to read."""
        return shown_name(self.person, self.name)

    def may(self, permission: Permission) -> bool:
        if self.must_change or self.must_enrol:
            return False
        return permission in self.also or any(role in WHO_MAY[permission] for role in self.roles)

    @property
    def roles(self) -> tuple[Role, ...]:
        """Its own first, then those it stands in for."""
        return (self.role, *(each.role for each in self.stands_for))


OF_THE_SERVER = frozenset({Permission.MANAGE_ACCOUNTS, Permission.SEE_LOG, Permission.CONFIRM_ACCOUNTS})
COMMAND_LINE = Actor(None, "命令行", Role.ADMIN, also=OF_THE_SERVER)
