"""the number present as two people enter it"""

import sqlalchemy as sa
from alembic import op

from surveys.storage import types

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "presences",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("hand", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("made_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_presences_account_id_accounts")),
        sa.ForeignKeyConstraint(["poll_id"], ["polls.id"], name=op.f("fk_presences_poll_id_polls")),
        sa.PrimaryKeyConstraint("poll_id", "hand", name=op.f("pk_presences")),
    )


def downgrade() -> None:
    op.drop_table("presences")
