"""the season"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from surveys.storage import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# (table, column, type, what the rows that are there get)
NEW = (
    ("events", "occasion", sa.Text(), ""),
    ("events", "level", sa.String(length=40), ""),
    ("events", "appeal", sa.String(length=20), "none"),
    ("events", "appeal_note", sa.Text(), ""),
    ("marks", "evidence", sa.Text(), ""),
    ("polls", "team", sa.String(length=100), ""),
    ("polls", "team_weight", types.DecimalText(length=40), "1"),
)


def upgrade() -> None:
    op.create_table(
        "agreements",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("made_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_agreements_account_id_accounts")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_agreements_unit_id_units")),
        sa.PrimaryKeyConstraint("unit_id", "version", name=op.f("pk_agreements")),
    )
    op.create_table(
        "approvals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assessment_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("made_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_approvals_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_approvals_assessment_id_assessments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
        sa.UniqueConstraint(
            "assessment_id",
            "act",
            "subject",
            "account_id",
            name=op.f("uq_approvals_assessment_id_act_subject_account_id"),
        ),
    )
    op.create_table(
        "objections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("made_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("answered_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_objections_account_id_accounts")),
        sa.ForeignKeyConstraint(["answered_by"], ["accounts.id"], name=op.f("fk_objections_answered_by_accounts")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_objections_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objections")),
    )
    op.create_index(op.f("ix_objections_unit_id"), "objections", ["unit_id"])

    op.create_table(
        "proceedings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("people", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("made_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_proceedings_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["acknowledged_by"], ["accounts.id"], name=op.f("fk_proceedings_acknowledged_by_accounts")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_proceedings_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proceedings")),
    )
    op.create_index(op.f("ix_proceedings_unit_id"), "proceedings", ["unit_id"])

    op.create_table(
        "row_choices",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.String(length=40), nullable=False),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("made_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_row_choices_account_id_accounts")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_row_choices_unit_id_units")),
        sa.PrimaryKeyConstraint("unit_id", "row_key", name=op.f("pk_row_choices")),
    )
    op.create_table(
        "rule_versions",
        sa.Column("assessment_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("frameworks", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("rules", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("made_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_rule_versions_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_rule_versions_assessment_id_assessments")
        ),
        sa.PrimaryKeyConstraint("assessment_id", "number", name=op.f("pk_rule_versions")),
    )
    op.create_table(
        "score_versions",
        sa.Column("assessment_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("made_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_score_versions_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_score_versions_assessment_id_assessments")
        ),
        sa.PrimaryKeyConstraint("assessment_id", "number", name=op.f("pk_score_versions")),
    )
    op.create_table(
        "materials",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.String(length=40), nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("objection_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("made_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_materials_account_id_accounts")),
        sa.ForeignKeyConstraint(["objection_id"], ["objections.id"], name=op.f("fk_materials_objection_id_objections")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_materials_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_materials")),
    )
    op.create_index(op.f("ix_materials_digest"), "materials", ["digest"])
    op.create_index(op.f("ix_materials_unit_id"), "materials", ["unit_id"])

    op.create_table(
        "reviews",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("material_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("made_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_reviews_account_id_accounts")),
        sa.ForeignKeyConstraint(["material_id"], ["materials.id"], name=op.f("fk_reviews_material_id_materials")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index(op.f("ix_reviews_material_id"), "reviews", ["material_id"])

    with op.batch_alter_table("accounts") as accounts:
        accounts.add_column(sa.Column("unit_id", sa.Integer(), nullable=True))
        accounts.create_foreign_key(accounts.f("fk_accounts_unit_id_units"), "units", ["unit_id"], ["id"])
    for name in ("material_due_on", "objections_due_on"):
        op.add_column("assessments", sa.Column(name, sa.Date(), nullable=True))
    for table, name, kind, default in NEW:
        op.add_column(table, sa.Column(name, kind, nullable=False, server_default=default))
        with op.batch_alter_table(table) as altered:
            altered.alter_column(name, server_default=None)
    _number_exemptions()


def _number_exemptions() -> None:
    """A key of their own instead of unit and row: a cancelled exemption stays, and the row may be exempted again."""
    connection = op.get_bind()
    kept = connection.execute(sa.text("SELECT * FROM exemptions ORDER BY made_at, unit_id, row_key")).mappings().all()
    op.drop_table("exemptions")
    _create_exemptions(numbered=True)
    _insert_exemptions(kept)


def _create_exemptions(numbered: bool) -> None:
    key = ["id"] if numbered else ["unit_id", "row_key"]
    columns = [
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("made_at", types.UtcDateTime(timezone=True), nullable=False),
    ]
    if numbered:
        columns = [
            sa.Column("id", sa.Integer(), nullable=False),
            *columns,
            sa.Column("cancelled_at", types.UtcDateTime(timezone=True), nullable=True),
            sa.Column("cancel_reason", sa.Text(), nullable=True),
        ]
    op.create_table(
        "exemptions",
        *columns,
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_exemptions_account_id_accounts")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_exemptions_unit_id_units")),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_exemptions")),
    )
    if numbered:
        op.create_index(op.f("ix_exemptions_unit_id"), "exemptions", ["unit_id"])


def _insert_exemptions(kept: Sequence[Mapping[str, Any]]) -> None:
    names = ("unit_id", "row_key", "reason", "document", "account_id", "made_at")
    table = sa.table("exemptions", *(sa.column(name) for name in names))
    for row in kept:
        op.get_bind().execute(sa.insert(table), {name: row[name] for name in names})


def downgrade() -> None:
    connection = op.get_bind()
    standing = connection.execute(sa.text("SELECT * FROM exemptions WHERE cancelled_at IS NULL")).mappings().all()
    op.drop_table("exemptions")
    _create_exemptions(numbered=False)
    _insert_exemptions(standing)
    for table, name, _, _ in NEW:
        with op.batch_alter_table(table) as altered:
            altered.drop_column(name)
    for name in ("material_due_on", "objections_due_on"):
        with op.batch_alter_table("assessments") as assessments:
            assessments.drop_column(name)
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_constraint(accounts.f("fk_accounts_unit_id_units"), type_="foreignkey")
        accounts.drop_column("unit_id")
    for table in (
        "reviews",
        "materials",
        "score_versions",
        "rule_versions",
        "row_choices",
        "proceedings",
        "objections",
        "approvals",
        "agreements",
    ):
        op.drop_table(table)
