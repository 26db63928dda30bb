"""people: their names, who is at which poll, what the scrutineer notes"""

import sqlalchemy as sa
from alembic import op

from surveys.storage import types

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NUMBERED = {"sqlite_autoincrement": True}
moment = types.UtcDateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("accounts", table_kwargs=NUMBERED) as altered:
        altered.add_column(sa.Column("person", sa.String(length=50), nullable=False, server_default=""))
        altered.add_column(sa.Column("phone", sa.String(length=30), nullable=False, server_default=""))
    with op.batch_alter_table("accounts", table_kwargs=NUMBERED) as altered:
        altered.alter_column("person", existing_type=sa.String(length=50), server_default=None)
        altered.alter_column("phone", existing_type=sa.String(length=30), server_default=None)
    op.create_table(
        "poll_people",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["polls.id"], name=op.f("fk_poll_people_poll_id_polls")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_poll_people_account_id_accounts")),
        sa.PrimaryKeyConstraint("poll_id", "account_id", name=op.f("pk_poll_people")),
    )
    op.create_index(op.f("ix_poll_people_account_id"), "poll_people", ["account_id"])
    op.create_table(
        "remarks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["polls.id"], name=op.f("fk_remarks_poll_id_polls")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_remarks_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remarks")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_remarks_poll_id"), "remarks", ["poll_id"])


def downgrade() -> None:
    op.drop_table("remarks")
    op.drop_table("poll_people")
    with op.batch_alter_table("accounts", table_kwargs=NUMBERED) as altered:
        altered.drop_column("phone")
        altered.drop_column("person")
