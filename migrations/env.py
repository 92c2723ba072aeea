"""Alembic's entry: runs the migrations on the connection that it is given.

`cryptodrug_scraper.database.upgrade` calls this inside its own transaction. There is no
alembic.ini and no offline mode: `cryptodrug db upgrade` is the way to run a migration.
"""

from __future__ import annotations

from alembic import context

from cryptodrug_scraper.database.models import Base

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Run `cryptodrug db upgrade`: the migrations need its connection.")

context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    version_table_schema="public",
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
