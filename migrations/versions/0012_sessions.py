"""sessions

Everybody who is signed in when it runs, up or down, signs in again.
"""

import secrets

import sqlalchemy as sa
from alembic import op

from surveys.storage import types

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NUMBERED = {"sqlite_autoincrement": True}


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("made_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("seen_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sessions_account_id_accounts")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_account_id"), "sessions", ["account_id"])
    with op.batch_alter_table("accounts", table_kwargs=NUMBERED) as accounts:
        accounts.drop_constraint(op.f("uq_accounts_session_key"), type_="unique")
        accounts.drop_column("session_key")


def downgrade() -> None:
    """Each account gets a key that no browser holds."""
    op.drop_table("sessions")
    op.add_column("accounts", sa.Column("session_key", sa.String(length=32), nullable=True))
    accounts = sa.table("accounts", sa.column("id"), sa.column("session_key"))
    for number in op.get_bind().scalars(sa.select(accounts.c.id)).all():
        key = secrets.token_hex(16)
        op.get_bind().execute(accounts.update().where(accounts.c.id == number).values(session_key=key))
    with op.batch_alter_table("accounts", table_kwargs=NUMBERED) as altered:
        altered.alter_column("session_key", existing_type=sa.String(length=32), nullable=False)
        altered.create_unique_constraint(op.f("uq_accounts_session_key"), ["session_key"])
