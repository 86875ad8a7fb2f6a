"""Alembic runs this file for every command; the connection comes from `migrations`."""

from __future__ import annotations

from alembic import context

from ringproof_server.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
