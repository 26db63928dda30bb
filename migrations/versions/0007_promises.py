"""promises made by answers, closed with a reason: accepted objections, more material asked for"""

import sqlalchemy as sa
from alembic import op

from surveys.storage import types

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = ("objections", "reviews")


def upgrade() -> None:
    for name in TABLES:
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("closed_reason", sa.Text(), nullable=True))
            table.add_column(sa.Column("closed_by", sa.Integer(), nullable=True))
            table.add_column(sa.Column("closed_at", types.UtcDateTime(timezone=True), nullable=True))
            table.create_foreign_key(table.f(f"fk_{name}_closed_by_accounts"), "accounts", ["closed_by"], ["id"])


def downgrade() -> None:
    for name in reversed(TABLES):
        with op.batch_alter_table(name) as table:
            table.drop_constraint(table.f(f"fk_{name}_closed_by_accounts"), type_="foreignkey")
            table.drop_column("closed_at")
            table.drop_column("closed_by")
            table.drop_column("closed_reason")
