"""accounts"""

import sqlalchemy as sa
from alembic import op

from surveys.storage import types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_in_failures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.LargeBinary(length=32), nullable=False),
        sa.Column("address", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failures")),
    )
    op.create_index(op.f("ix_sign_in_failures_name"), "sign_in_failures", ["name"])
    op.create_index(op.f("ix_sign_in_failures_address"), "sign_in_failures", ["address"])
    # Passwords that are there may have been changed already: nobody is made to change one.
    op.add_column("accounts", sa.Column("one_time", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("accounts") as accounts:
        accounts.alter_column("one_time", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_column("one_time")
    op.drop_table("sign_in_failures")
