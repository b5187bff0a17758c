"""Make room for identity: what sessions are for, where they come from, roles, suspensions, and the security log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SESSION = [
    sa.Column("kind", sa.Text(), server_default=sa.text("'API'"), nullable=False),
    sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=True),
    sa.Column("secret_hash", sa.LargeBinary(), nullable=True),
    sa.Column("name", sa.Text(), nullable=True),
    sa.Column("address", sa.Text(), nullable=True),
    sa.Column("agent", sa.Text(), nullable=True),
    sa.Column("last_used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
]
ACCOUNT = [
    sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True),
    sa.Column("role", sa.Text(), server_default=sa.text("'USER'"), nullable=False),
    sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
    sa.Column("suspended_until", sa.DateTime(timezone=True), nullable=True),
    sa.Column("suspension_reason", sa.Text(), nullable=True),
]
EXPIRE = """
update sessions set expires_at = coalesce(
  (select max(expires_at) from refresh_tokens where session_id = sessions.id), now())
"""
KEEP = """
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger security_events_are_kept before update or delete on security_events
  for each row execute function refuse_change();
"""


def upgrade() -> None:
    for column in SESSION:
        op.add_column("sessions", column)
    op.execute(EXPIRE)
    op.alter_column("sessions", "user_id", nullable=True)
    op.create_unique_constraint(op.f("sessions_secret_hash_key"), "sessions", ["secret_hash"])
    op.create_check_constraint(op.f("sessions_kind_check"), "sessions", "kind in ('API', 'BROWSER', 'APP', 'PERSONAL')")
    for column in ACCOUNT:
        op.add_column("accounts", column)
    op.alter_column("accounts", "password_hash", nullable=True)
    op.create_check_constraint(op.f("accounts_role_check"), "accounts", "role in ('USER', 'MODERATOR', 'ADMIN')")
    op.create_table(
        "security_events",
        sa.Column("id", sa.BigInteger(), server_default=sa.text("next_id()"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("security_events_pkey")),
    )
    op.create_index("security_events_user_id_id_idx", "security_events", ["user_id", "id"])
    op.execute(KEEP)


def downgrade() -> None:
    op.drop_table("security_events")
    op.execute("drop function refuse_change")
    op.execute("delete from accounts where password_hash is null")
    op.alter_column("accounts", "password_hash", nullable=False)
    for column in ACCOUNT:
        op.drop_column("accounts", column.name)
    op.execute("delete from sessions where user_id is null")
    op.alter_column("sessions", "user_id", nullable=False)
    for column in SESSION:
        op.drop_column("sessions", column.name)
