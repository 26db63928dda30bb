"""what a hand is

Who made each account or last reset its password is told by the log, which knows people by their names. What the command
line made counts as confirmed; the rest the auditor confirms, once there is one.
"""

import sqlalchemy as sa
from alembic import op

from surveys.storage import types

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

NUMBERED = {"sqlite_autoincrement": True}
COMMAND_LINE = "命令行"

moment = types.UtcDateTime(timezone=True)
accounts = sa.table(
    "accounts",
    *(sa.column(name) for name in ("id", "name", "given_by")),
    *(sa.column(name, moment) for name in ("created_at", "given_at", "confirmed_at")),
)
log = sa.table("audit_log", sa.column("at", moment), *(sa.column(name) for name in ("id", "actor", "act", "subject")))


def upgrade() -> None:
    with op.batch_alter_table("accounts", table_kwargs=NUMBERED) as altered:
        altered.add_column(sa.Column("given_by", sa.Integer(), nullable=True))
        altered.add_column(sa.Column("given_at", moment, nullable=True))
        altered.add_column(sa.Column("confirmed_at", moment, nullable=True))
        altered.create_foreign_key(op.f("fk_accounts_given_by_accounts"), "accounts", ["given_by"], ["id"])
    op.create_index(op.f("ix_accounts_given_by"), "accounts", ["given_by"])
    _tell()
    with op.batch_alter_table("accounts", table_kwargs=NUMBERED) as altered:
        altered.alter_column("given_at", existing_type=moment, nullable=False)


def _tell() -> None:
    connection = op.get_bind()
    people = connection.execute(sa.select(accounts.c.id, accounts.c.name, accounts.c.created_at)).all()
    numbers = {name: number for number, name, _ in people}
    given = sa.select(log.c.subject, log.c.actor, log.c.at).where(log.c.act.in_(["account.create", "account.reset"]))
    last = {subject: (actor, at) for subject, actor, at in connection.execute(given.order_by(log.c.id))}
    for number, name, created_at in people:
        actor, at = last.get(name, ("", created_at))
        values = {"given_by": numbers.get(actor), "given_at": at, "confirmed_at": at if actor == COMMAND_LINE else None}
        connection.execute(accounts.update().where(accounts.c.id == number).values(values))


def downgrade() -> None:
    op.drop_index(op.f("ix_accounts_given_by"), "accounts")
    with op.batch_alter_table("accounts", table_kwargs=NUMBERED) as altered:
        altered.drop_constraint(op.f("fk_accounts_given_by_accounts"), type_="foreignkey")
        for name in ("confirmed_at", "given_at", "given_by"):
            altered.drop_column(name)
