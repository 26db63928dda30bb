"""What the system admin sets for the whole site, in the database: each change is in the audit log. What the server must
know before it has one stands in surveys.settings."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from surveys.acts import audit
from surveys.acts.actors import Actor, Permission, Role
from surveys.acts.errors import WrongState
from surveys.acts.permitted import permitted
from surveys.storage.tables import Account, Document, SiteSettings

SITE = "site"


@dataclass(frozen=True)
class OwnSettings:
    """`without_auditor`: nobody confirms accounts here, and papers say so. `code_roles`: keys of the roles that must
    sign in with a second factor. `code_for_hands`: an act of two hands asks for a code again."""

    without_auditor: bool = False
    code_roles: tuple[str, ...] = ()
    code_for_hands: bool = False

    @property
    def words(self) -> str:
        """In Chinese, for the log."""
        parts = ["不设审计员" if self.without_auditor else "要设审计员"]
        if self.code_roles:
            parts.append(f"必须两步登录：{'、'.join(Role(key).label for key in self.code_roles)}")
        if self.code_for_hands:
            parts.append("两人办的事再输一次动态码")
        return "；".join(parts)


def read(session: Session) -> OwnSettings:
    """A setting that was never made is as if it were not asked for."""
    found = session.get(SiteSettings, SITE)
    return OwnSettings() if found is None else OwnSettings(**found.body | {"code_roles": tuple(_roles(found.body))})


def _roles(body: Document) -> list[str]:
    return list(body.get("code_roles", ()))


@permitted(Permission.MANAGE_ACCOUNTS)
def change(session: Session, now: datetime, actor: Actor, new: OwnSettings) -> None:
    """Raises NotAllowed, WrongState."""
    old = read(session)
    if new.without_auditor and not old.without_auditor and has(session, Role.AUDITOR):
        raise WrongState("本站有审计员账号在用，不能设为不设审计员。什么都没有改。")
    session.merge(SiteSettings(site=SITE, body=asdict(new)))
    if new != old:
        audit.record(session, now, actor, "site.set", "本站", before=old.words, after=new.words)
    session.commit()


def has(session: Session, role: Role) -> bool:
    """Whether somebody is in this role."""
    return bool(session.scalar(select(exists().where(Account.role == role, Account.active))))


def goes_without_auditor(session: Session) -> bool:
    """Whether papers say so of what begins now: an auditor who is there all the same confirms."""
    return read(session).without_auditor and not has(session, Role.AUDITOR)
