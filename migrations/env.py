"""Runs migrations on the connection handed in (surveys.storage.schema), or on DATABASE_URL from a terminal."""

import os

from alembic import context
from sqlalchemy import Connection

from surveys.settings import database_url_of
from surveys.storage.database import Database
from surveys.storage.tables import Base


def run(connection: Connection) -> None:
    # SQLite cannot alter most things in place: batch mode writes the table again.
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        user_module_prefix="types.",
    )
    with context.begin_transaction():
        context.run_migrations()


connection = context.config.attributes.get("connection")
if connection is not None:
    run(connection)
else:
    with Database(database_url_of(os.environ.get("DATABASE_URL", ""))).engine.begin() as own:
        run(own)
