"""Alembic's entry: an open connection comes in through `attributes`, so that one transaction holds the migration."""

from alembic import context

from models import audit, comments, follows, outbox, posts, sessions, users  # noqa: F401  (they fill the metadata)
from models.base import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
