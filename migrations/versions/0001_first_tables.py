"""first tables"""

import sqlalchemy as sa
from alembic import op

from surveys.storage import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("department", sa.String(length=100), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("session_key", sa.String(length=32), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("name", name=op.f("uq_accounts_name")),
        sa.UniqueConstraint("session_key", name=op.f("uq_accounts_session_key")),
    )
    op.create_table(
        "assessments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessments")),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_table(
        "assessment_frameworks",
        sa.Column("assessment_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_assessment_frameworks_assessment_id_assessments")
        ),
        sa.PrimaryKeyConstraint("assessment_id", "key", name=op.f("pk_assessment_frameworks")),
    )
    op.create_table(
        "units",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assessment_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("category", sa.String(length=100), nullable=False),
        sa.Column("framework", sa.String(length=100), nullable=False),
        sa.Column("department", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(
            ["assessment_id", "framework"],
            ["assessment_frameworks.assessment_id", "assessment_frameworks.key"],
            name=op.f("fk_units_assessment_id_framework_assessment_frameworks"),
        ),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], name=op.f("fk_units_assessment_id_assessments")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("assessment_id", "name", name=op.f("uq_units_assessment_id_name")),
    )
    with op.batch_alter_table("units", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_units_assessment_id"), ["assessment_id"], unique=False)

    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.String(length=40), nullable=False),
        sa.Column("points", types.DecimalText(length=40), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("made_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_events_account_id_accounts")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_events_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_events_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "exemptions",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("made_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_exemptions_account_id_accounts")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_exemptions_unit_id_units")),
        sa.PrimaryKeyConstraint("unit_id", "row_key", name=op.f("pk_exemptions")),
    )
    op.create_table(
        "leaders",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("post", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_leaders_unit_id_units")),
        sa.PrimaryKeyConstraint("unit_id", "position", name=op.f("pk_leaders")),
    )
    op.create_table(
        "marks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.String(length=40), nullable=False),
        sa.Column("department", sa.String(length=100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("points", types.DecimalText(length=40), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("made_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_marks_account_id_accounts")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_marks_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marks")),
        sa.UniqueConstraint(
            "unit_id", "row_key", "department", "version", name=op.f("uq_marks_unit_id_row_key_department_version")
        ),
    )
    op.create_table(
        "polls",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("prefix", sa.String(length=4), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.Enum("draft", "open", "closed", "sealed", native_enum=False, length=10), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.Column("two_person", sa.Boolean(), nullable=False),
        sa.Column("entitled", sa.Integer(), nullable=False),
        sa.Column("present", sa.Integer(), nullable=True),
        sa.Column("questionnaires", sa.JSON(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("sheet", sa.JSON(), nullable=True),
        sa.Column("opened_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("sealed_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("seal", sa.Text(), nullable=True),
        sa.Column("envelope_salt", sa.LargeBinary(length=32), nullable=True),
        sa.CheckConstraint("(state = 'sealed') = (seal IS NOT NULL)", name=op.f("ck_polls_seal_when_sealed")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_polls_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_polls")),
        sa.UniqueConstraint("prefix", name=op.f("uq_polls_prefix")),
    )
    with op.batch_alter_table("polls", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_polls_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "unit_tags",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("tag", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_unit_tags_unit_id_units")),
        sa.PrimaryKeyConstraint("unit_id", "tag", name=op.f("pk_unit_tags")),
    )
    op.create_table(
        "unsealings",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=20), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("made_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_unsealings_account_id_accounts")),
        sa.ForeignKeyConstraint(["poll_id"], ["polls.id"], name=op.f("fk_unsealings_poll_id_polls")),
        sa.PrimaryKeyConstraint("poll_id", "key", name=op.f("pk_unsealings")),
    )
    op.create_table(
        "ballot_classes",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("weight", types.DecimalText(length=40), nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["polls.id"], name=op.f("fk_ballot_classes_poll_id_polls")),
        sa.PrimaryKeyConstraint("poll_id", "key", name=op.f("pk_ballot_classes")),
    )
    op.create_table(
        "receipts",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["polls.id"], name=op.f("fk_receipts_poll_id_polls")),
        sa.PrimaryKeyConstraint("poll_id", "code", name=op.f("pk_receipts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ballots",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("class_key", sa.String(length=8), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["poll_id", "class_key"],
            ["ballot_classes.poll_id", "ballot_classes.key"],
            name=op.f("fk_ballots_poll_id_class_key_ballot_classes"),
        ),
        sa.PrimaryKeyConstraint("poll_id", "id", name=op.f("pk_ballots")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tickets",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("class_key", sa.String(length=8), nullable=False),
        sa.Column("state", sa.Enum("issued", "cast", "void", native_enum=False, length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["poll_id", "class_key"],
            ["ballot_classes.poll_id", "ballot_classes.key"],
            name=op.f("fk_tickets_poll_id_class_key_ballot_classes"),
        ),
        sa.PrimaryKeyConstraint("poll_id", "code_hash", name=op.f("pk_tickets")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("tickets")
    op.drop_table("ballots")
    op.drop_table("receipts")
    op.drop_table("ballot_classes")
    op.drop_table("unsealings")
    op.drop_table("unit_tags")
    with op.batch_alter_table("polls", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_polls_unit_id"))

    op.drop_table("polls")
    op.drop_table("marks")
    op.drop_table("leaders")
    op.drop_table("exemptions")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_events_unit_id"))

    op.drop_table("events")
    with op.batch_alter_table("units", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_units_assessment_id"))

    op.drop_table("units")
    op.drop_table("assessment_frameworks")
    op.drop_table("audit_log")
    op.drop_table("assessments")
    op.drop_table("accounts")
