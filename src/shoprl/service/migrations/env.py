"""Run by alembic with the connection that :func:`shoprl.service.database.open_database` has opened."""

from alembic import context

from shoprl.service.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
