"""decisions of two: polls set aside, confirmed values withdrawn"""

import sqlalchemy as sa
from alembic import op

from surveys.storage import types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("approvals", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("polls", sa.Column("set_aside_at", types.UtcDateTime(timezone=True), nullable=True))
    op.add_column("polls", sa.Column("set_aside_reason", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("polls") as polls:
        polls.drop_column("set_aside_reason")
        polls.drop_column("set_aside_at")
    with op.batch_alter_table("approvals") as approvals:
        approvals.drop_column("reason")
