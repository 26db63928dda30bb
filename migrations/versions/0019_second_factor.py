"""a second factor"""

import sqlalchemy as sa
from alembic import op

from surveys.storage import types

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

NUMBERED = {"sqlite_autoincrement": True}
moment = types.UtcDateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("accounts", table_kwargs=NUMBERED) as altered:
        altered.add_column(sa.Column("code_secret", sa.LargeBinary(), nullable=True))
        altered.add_column(sa.Column("code_step", sa.Integer(), nullable=True))
    with op.batch_alter_table("sessions") as altered:
        altered.add_column(sa.Column("code_at", moment, nullable=True))
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_recovery_codes_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_recovery_codes_account_id"), "recovery_codes", ["account_id"])


def downgrade() -> None:
    op.drop_table("recovery_codes")
    with op.batch_alter_table("sessions") as altered:
        altered.drop_column("code_at")
    with op.batch_alter_table("accounts", table_kwargs=NUMBERED) as altered:
        altered.drop_column("code_step")
        altered.drop_column("code_secret")
