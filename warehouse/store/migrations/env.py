"""Alembic's entry point: runs the steps on the connection that `upgrade` hands over.

Belongs here: nothing else. Does not belong here: URLs, logging, offline mode (SQL scripts are not offered).
"""

from alembic import context

from warehouse.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
