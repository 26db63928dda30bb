"""numbers are given once"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = (
    "accounts",
    "approvals",
    "assessments",
    "audit_log",
    "events",
    "exemptions",
    "imports",
    "marks",
    "materials",
    "objections",
    "polls",
    "proceedings",
    "reviews",
    "sign_in_failures",
    "units",
)
ANY, ONCE = "id INTEGER NOT NULL,", "id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,"


def upgrade() -> None:
    """SQLite goes on from the highest number that is there. PostgreSQL's sequences never gave one twice."""
    for table in TABLES if op.get_bind().dialect.name == "sqlite" else ():
        write_anew(table, once(table, statement_of(table)))


def downgrade() -> None:
    for table in TABLES if op.get_bind().dialect.name == "sqlite" else ():
        write_anew(table, again(table, statement_of(table)))


def once(table: str, statement: str) -> str:
    """SQLite takes AUTOINCREMENT only within the column. Checks, keys and names stay as they are written."""
    keyless = replaced(statement, rf",\s*CONSTRAINT pk_{table} PRIMARY KEY \(id\)", "")
    return replaced(keyless, rf"\b{ANY}", ONCE)


def again(table: str, statement: str) -> str:
    """The key comes after the last column: before the first constraint, or at the end."""
    keyless = replaced(statement, re.escape(ONCE), ANY)
    return re.sub(
        r",\s*CONSTRAINT|\s*\)\s*\Z",
        lambda found: f", \n\tCONSTRAINT pk_{table} PRIMARY KEY (id){found[0]}",
        keyless,
        count=1,
    )


def replaced(statement: str, pattern: str, new: str) -> str:
    found, count = re.subn(pattern, new, statement)
    if count != 1:
        raise RuntimeError(f"{pattern} is {count} times in: {statement}")
    return found


def statement_of(table: str) -> str:
    query = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table")
    return str(op.get_bind().scalar(query, {"table": table}))


def write_anew(table: str, statement: str) -> None:
    """With every row and index. Foreign keys are off meanwhile, and are checked at the end (surveys.storage.schema)."""
    query = sa.text("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :table AND sql IS NOT NULL")
    indexes = op.get_bind().scalars(query, {"table": table}).all()
    run = op.get_bind().exec_driver_sql
    run(replaced(statement, rf'\ACREATE TABLE "?{table}"?', "CREATE TABLE written_anew"))
    run(f"INSERT INTO written_anew SELECT * FROM {table}")  # noqa: S608 the names are those above
    run(f"DROP TABLE {table}")
    run(f"ALTER TABLE written_anew RENAME TO {table}")
    for index in indexes:
        run(index)
