"""Who works here, what they did, and the files they have read in but not yet taken over."""

from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, LargeBinary, String, case
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from surveys.storage.tables.base import NUMBERED, Base, Document


class Account(Base):
    """Staff. `person`: the holder's name; `phone`: where to reach them; both may be empty. `department`: an assessor's
    own; `unit_id`: the unit a reporter hands in for.

    `one_time`: the password was made by the site, and must be changed before anything else. `given_by`, `given_at`: who
    made the account or last reset its password, and when; none for the command line. `confirmed_at`: when the auditor
    has confirmed it since; of the command line's accounts at once.
    `code_secret`: of its second factor, encrypted; `code_step`: the last step of which a code was taken.
    """

    __tablename__ = "accounts"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    person: Mapped[str] = mapped_column(String(50), default="")
    phone: Mapped[str] = mapped_column(String(30), default="")
    role: Mapped[str] = mapped_column(String(20))
    department: Mapped[str | None] = mapped_column(String(100))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    password_hash: Mapped[str]
    one_time: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool]
    created_at: Mapped[datetime]
    given_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    given_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    code_secret: Mapped[bytes | None]
    code_step: Mapped[int | None]

    @hybrid_property
    def shown(self) -> str:
        """For people to read. What is kept, compared or digested has the account's name, which never changes."""
        return shown_name(self.person, self.name)

    @shown.inplace.expression
    @classmethod
    def _shown(cls) -> ColumnElement[str]:
        return case((cls.person == "", cls.name), else_=cls.person + "（" + cls.name + "）")


def shown_name(person: str, name: str) -> str:
    return f"{person}（{name}）" if person else name


class PastPassword(Base):
    """One that an account had, the last few of each: not to be chosen again."""

    __tablename__ = "past_passwords"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    password_hash: Mapped[str]
    until: Mapped[datetime]


class StaffSession(Base):
    """Somebody signed in on one browser. `key`: the SHA-256 of what the browser holds; `seen_at`: when something was
    last done there, to the minute; `code_at`: when a code of the second factor was last given there."""

    __tablename__ = "sessions"
    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    code_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """One that an account has not used yet, as its SHA-256."""

    __tablename__ = "recovery_codes"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


class SignInFailure(Base):
    """A sign-in that failed within the last minutes, or is under way. Names and addresses are keyed digests."""

    __tablename__ = "sign_in_failures"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    address: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    at: Mapped[datetime]


class AuditEntry(Base):
    """Who did what, when and why. Never who voted: casting writes none.

    `account_id`: none for the command line, and for who did not sign in. `address`: a keyed digest of the network that
    the request came from; `request`: the same for all that one request wrote. `result`: `done`, or why it was not.
    `digest`: of this entry and all before it (surveys.acts.audit_chain). An entry of before 0013 has only that one.
    """

    __tablename__ = "audit_log"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(100))
    act: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str]
    detail: Mapped[str]
    account_id: Mapped[int | None]
    role: Mapped[str | None] = mapped_column(String(20))
    address: Mapped[str | None] = mapped_column(String(16))
    request: Mapped[str | None] = mapped_column(String(16))
    result: Mapped[str | None] = mapped_column(String(10))
    before: Mapped[str | None]
    after: Mapped[str | None]
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditHead(Base):
    """The last entry of the audit log: one row, made with the first entry and locked by who adds another."""

    __tablename__ = "audit_head"
    log: Mapped[str] = mapped_column(String(10), primary_key=True)
    number: Mapped[int]
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


class SiteSettings(Base):
    """What the system admin has set (surveys.acts.site_settings): no row or one."""

    __tablename__ = "site_settings"
    site: Mapped[str] = mapped_column(String(10), primary_key=True)
    body: Mapped[Document]


class StandIn(Base):
    """Who acts in the place of an absent one, until a moment: as one proposed and another agreed, both not the two."""

    __tablename__ = "stand_ins"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    absent_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    reason: Mapped[str]
    until: Mapped[datetime]
    proposed_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    proposed_at: Mapped[datetime]
    agreed_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    agreed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class AlarmEntry(Base):
    """What somebody should look at. `kind`, `subject`: what it is about, of which one stands at a time. `over_at`:
    since when it is no more. `unsent`: why it did not go out, where it should."""

    __tablename__ = "alarms"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(100))
    words: Mapped[str]
    at: Mapped[datetime]
    over_at: Mapped[datetime | None]
    unsent: Mapped[str | None]


class Import(Base):
    """A file read and shown, not yet taken over. `kind`: roster or polls; `body`: what was read."""

    __tablename__ = "imports"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    body: Mapped[Document]
    made_at: Mapped[datetime]
