"""site settings and stand-ins"""

import sqlalchemy as sa
from alembic import op

from surveys.storage import types

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

moment = types.UtcDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "site_settings",
        sa.Column("site", sa.String(length=10), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("site", name=op.f("pk_site_settings")),
    )
    op.create_table(
        "stand_ins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("absent_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("proposed_at", moment, nullable=False),
        sa.Column("agreed_by", sa.Integer(), nullable=True),
        sa.Column("agreed_at", moment, nullable=True),
        sa.Column("ended_at", moment, nullable=True),
        *(
            sa.ForeignKeyConstraint([name], ["accounts.id"], name=op.f(f"fk_stand_ins_{name}_accounts"))
            for name in ("account_id", "absent_id", "proposed_by", "agreed_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stand_ins")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_stand_ins_account_id"), "stand_ins", ["account_id"])


def downgrade() -> None:
    op.drop_table("stand_ins")
    op.drop_table("site_settings")
