"""Run by Alembic: migrates over the connection in the configuration's attributes."""

from __future__ import annotations

from alembic import context

from aas_server.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
