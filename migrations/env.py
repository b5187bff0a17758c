"""Alembic's entry: an open connection comes in through `attributes`, so that one transaction holds the migration."""

from alembic import context

from models import (  # noqa: F401  (they fill the metadata)
    apps,
    audit,
    challenges,
    comments,
    factors,
    follows,
    identities,
    keys,
    letters,
    links,
    outbox,
    posts,
    sessions,
    users,
)
from models.base import Base


def is_ours(name: str | None, kind: str, _: object) -> bool:
    """Whether our models answer for it: procrastinate's tables are made by its own steps."""
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_name=is_ours,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
