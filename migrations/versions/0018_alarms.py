"""alarms"""

import sqlalchemy as sa
from alembic import op

from surveys.storage import types

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

moment = types.UtcDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "alarms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("over_at", moment, nullable=True),
        sa.Column("unsent", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("alarms")
