"""Let addresses be verified, by links in letters: only a verified one is anybody's."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

VERIFIED = sa.text("email_verified_at IS NOT NULL")


def upgrade() -> None:
    # Those who are there signed in by their addresses so far, which nobody else could give.
    op.execute("update accounts set email_verified_at = now() where email_verified_at is null")
    op.create_index(
        "accounts_verified_email_key", "accounts", [sa.text("lower(email)")], unique=True, postgresql_where=VERIFIED
    )
    op.drop_index("accounts_email_key", table_name="accounts")
    op.create_table(
        "account_links",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "purpose in ('VERIFY_EMAIL', 'CHANGE_EMAIL', 'UNDO_EMAIL_CHANGE', 'RESET_PASSWORD')",
            name=op.f("account_links_purpose_check"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("account_links_user_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("account_links_pkey")),
    )
    op.create_index("account_links_user_id_idx", "account_links", ["user_id"])
    op.create_index("account_links_expires_at_idx", "account_links", ["expires_at"])


def downgrade() -> None:
    op.drop_table("account_links")
    op.drop_index("accounts_verified_email_key", table_name="accounts")
    # An address that several claim stays with who showed that it is theirs, or came first.
    op.execute("""
        update accounts set email = user_id || '@unverified.invalid' where user_id in (
          select user_id from (
            select user_id, row_number() over (partition by lower(email) order by email_verified_at, user_id) as place
            from accounts) as claims
          where place > 1)
    """)
    op.create_index("accounts_email_key", "accounts", [sa.text("lower(email)")], unique=True)
