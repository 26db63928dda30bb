"""past passwords"""

import sqlalchemy as sa
from alembic import op

from surveys.storage import types

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "past_passwords",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("until", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_past_passwords_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_passwords")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_past_passwords_account_id"), "past_passwords", ["account_id"])


def downgrade() -> None:
    op.drop_table("past_passwords")
