"""what is not yet cleaned out of the database's files"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SECRET = (
    ("ballots", "id", "BYTEA"),
    ("ballots", "answers", "TEXT"),
    ("keyings", "answers", "TEXT"),
    ("polls", "envelope_salt", "BYTEA"),
)
"""Columns of which PostgreSQL's statistics keep samples."""


def upgrade() -> None:
    """Of what was sealed until now nobody knows: PostgreSQL's files were never written anew, and on SQLite nobody
    looked whether they were."""
    op.create_table(
        "leftovers",
        sa.Column("prefix", sa.String(length=4), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("prefix", name=op.f("pk_leftovers")),
    )
    over = "state = 'sealed' OR (state = 'withdrawn' AND opened_at IS NOT NULL)"
    op.execute(f"INSERT INTO leftovers (prefix) SELECT prefix FROM polls WHERE {over}")  # noqa: S608
    if op.get_bind().dialect.name == "postgresql":
        for table, column, kind in SECRET:
            # Its type given anew, a column loses its statistics; from now on there are none.
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind}")
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, column, _ in SECRET:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS -1")
    op.drop_table("leftovers")
