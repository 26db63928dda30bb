"""the desk"""

import sqlalchemy as sa
from alembic import op

from surveys.storage import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("assessment_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("made_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_imports_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_imports_assessment_id_assessments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_table(
        "batches",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("class_key", sa.String(length=8), nullable=False),
        sa.Column(
            "purpose", sa.Enum("slips", "door", "paper", name="purpose", native_enum=False, length=10), nullable=False
        ),
        sa.Column("made_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["poll_id", "class_key"],
            ["ballot_classes.poll_id", "ballot_classes.key"],
            name=op.f("fk_batches_poll_id_class_key_ballot_classes"),
        ),
        sa.PrimaryKeyConstraint("poll_id", "number", name=op.f("pk_batches")),
    )
    op.create_table(
        "keyings",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("class_key", sa.String(length=8), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hand", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_keyings_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["poll_id", "class_key"],
            ["ballot_classes.poll_id", "ballot_classes.key"],
            name=op.f("fk_keyings_poll_id_class_key_ballot_classes"),
        ),
        sa.PrimaryKeyConstraint("poll_id", "class_key", "number", "hand", name=op.f("pk_keyings")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "doors",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("class_key", sa.String(length=8), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("showing", sa.LargeBinary(length=16), nullable=True),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.Column("shut", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["poll_id", "batch"], ["batches.poll_id", "batches.number"], name=op.f("fk_doors_poll_id_batch_batches")
        ),
        sa.ForeignKeyConstraint(
            ["poll_id", "class_key"],
            ["ballot_classes.poll_id", "ballot_classes.key"],
            name=op.f("fk_doors_poll_id_class_key_ballot_classes"),
        ),
        sa.PrimaryKeyConstraint("poll_id", "number", name=op.f("pk_doors")),
        sa.UniqueConstraint("showing", name=op.f("uq_doors_showing")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_doors_token_hash")),
    )
    op.add_column("ballot_classes", sa.Column("planned", sa.Integer(), nullable=True))
    op.add_column("polls", sa.Column("place", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("polls") as polls:
        polls.alter_column("place", server_default=None)
        polls.add_column(sa.Column("held_on", sa.Date(), nullable=True))
        polls.add_column(sa.Column("rehearsal_of", sa.Integer(), nullable=True))
        polls.add_column(sa.Column("leaders", sa.JSON(none_as_null=True), nullable=True))
        polls.add_column(sa.Column("closes_at", types.UtcDateTime(timezone=True), nullable=True))
        polls.create_index(polls.f("ix_polls_rehearsal_of"), ["rehearsal_of"])
        polls.create_foreign_key(polls.f("fk_polls_rehearsal_of_polls"), "polls", ["rehearsal_of"], ["id"])
    op.add_column("tickets", sa.Column("batch", sa.Integer(), nullable=True))
    _put_tickets_in_batches()
    # Written again on SQLite, and without row numbers as before: they would tell an order.
    with op.batch_alter_table("tickets", table_kwargs={"sqlite_with_rowid": False}) as tickets:
        tickets.alter_column("batch", nullable=False)
        tickets.create_foreign_key(
            tickets.f("fk_tickets_poll_id_batch_batches"), "batches", ["poll_id", "batch"], ["poll_id", "number"]
        )


def _put_tickets_in_batches() -> None:
    """One batch for each class of each poll that has tickets: how they were issued was not written down."""
    connection = op.get_bind()
    issued = connection.execute(
        sa.text("SELECT DISTINCT poll_id, class_key FROM tickets ORDER BY poll_id, class_key")
    ).all()
    numbers: dict[int, int] = {}
    for poll_id, class_key in issued:
        numbers[poll_id] = numbers.get(poll_id, 0) + 1
        values = {"poll": poll_id, "number": numbers[poll_id], "class": class_key}
        connection.execute(
            sa.text(
                "INSERT INTO batches (poll_id, number, class_key, purpose, made_at) "
                "SELECT id, :number, :class, 'slips', COALESCE(opened_at, CURRENT_TIMESTAMP) "
                "FROM polls WHERE id = :poll"
            ),
            values,
        )
        connection.execute(
            sa.text("UPDATE tickets SET batch = :number WHERE poll_id = :poll AND class_key = :class"), values
        )


def downgrade() -> None:
    op.execute("UPDATE polls SET state = 'open' WHERE state = 'paused'")
    with op.batch_alter_table("tickets", table_kwargs={"sqlite_with_rowid": False}) as tickets:
        tickets.drop_constraint(tickets.f("fk_tickets_poll_id_batch_batches"), type_="foreignkey")
        tickets.drop_column("batch")
    with op.batch_alter_table("polls") as polls:
        polls.drop_constraint(polls.f("fk_polls_rehearsal_of_polls"), type_="foreignkey")
        polls.drop_index(polls.f("ix_polls_rehearsal_of"))
        for name in ("closes_at", "leaders", "rehearsal_of", "place", "held_on"):
            polls.drop_column(name)
    op.drop_column("ballot_classes", "planned")
    for name in ("doors", "keyings", "batches", "imports"):
        op.drop_table(name)
