"""Make 64-bit ids that sort by time, in the database: milliseconds since 2025, shard, sequence."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NEXT_ID = """
create function next_id() returns bigint language sql volatile parallel unsafe as $$
    select (((extract(epoch from clock_timestamp()) * 1000)::bigint - 1735689600000) << 23)
         | (coalesce(nullif(current_setting('starling.shard', true), '')::bigint, 0) << 10)
         | (nextval('id_sequence') % 1024)
$$
"""


def upgrade() -> None:
    op.execute("create extension if not exists pg_trgm")
    op.execute("create sequence id_sequence cycle minvalue 0 start 0")
    op.execute(NEXT_ID)


def downgrade() -> None:
    op.execute("drop function next_id")
    op.execute("drop sequence id_sequence")
