"""what an admin decides in another's place waits for a second hand"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.operations.base import BatchOperations

from surveys.storage import types

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

CONFIRMED = ("marks", "events", "exemptions")


def upgrade() -> None:
    op.create_table(
        "proposed_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assessment_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("made_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_proposed_changes_assessment_id_assessments")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_proposed_changes_account_id_accounts")),
        sa.ForeignKeyConstraint(["decided_by"], ["accounts.id"], name=op.f("fk_proposed_changes_decided_by_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposed_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_proposed_changes_assessment_id"), "proposed_changes", ["assessment_id"])
    for name in CONFIRMED:
        with anew(name) as table:
            table.add_column(sa.Column("confirmed_by", sa.Integer(), nullable=True))
            table.create_foreign_key(table.f(f"fk_{name}_confirmed_by_accounts"), "accounts", ["confirmed_by"], ["id"])


def downgrade() -> None:
    """What still waited for a second hand never counted, and is gone; what was confirmed counts as it did."""
    for name in reversed(CONFIRMED):
        with anew(name) as table:
            table.drop_constraint(table.f(f"fk_{name}_confirmed_by_accounts"), type_="foreignkey")
            table.drop_column("confirmed_by")
    op.drop_table("proposed_changes")


@contextmanager
def anew(name: str) -> Iterator[BatchOperations]:
    """SQLite writes the table anew, and would forget which numbers were given to rows that are gone."""
    run = op.get_bind().exec_driver_sql
    sqlite = op.get_bind().dialect.name == "sqlite"
    given = run("SELECT seq FROM sqlite_sequence WHERE name = ?", (name,)).scalar() if sqlite else None
    with op.batch_alter_table(name, table_kwargs={"sqlite_autoincrement": True}) as table:
        yield table
    if given is not None:
        run("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
        run("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, given))
