"""Find those who are suspended; keep security events for a year, and from being emptied."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEEP_FOR_A_YEAR = """
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if old.created_at < now() - interval '1 year' then return old; end if;
  end if;
  raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger security_events_are_not_emptied before truncate on security_events
  for each statement execute function refuse_change();
"""
KEEP = """
drop trigger security_events_are_not_emptied on security_events;
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;
"""


def upgrade() -> None:
    op.create_index(
        "accounts_suspended_idx", "accounts", ["user_id"], postgresql_where=sa.text("suspended_at is not null")
    )
    op.execute(KEEP_FOR_A_YEAR)


def downgrade() -> None:
    op.execute(KEEP)
    op.drop_index("accounts_suspended_idx", "accounts")
