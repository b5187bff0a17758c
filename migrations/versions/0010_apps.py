"""Make room for apps, what people lend them, and the codes by which they come to have it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TEXTS = postgresql.ARRAY(sa.Text())
MOMENT = sa.DateTime(timezone=True)
AUTH_METHOD = "auth_method in ('none', 'client_secret_basic', 'client_secret_post')"
OF = {"app_id": "apps", "grant_id": "grants"}


def upgrade() -> None:
    op.create_table(
        "apps",
        sa.Column("id", sa.BigInteger(), server_default=sa.text("next_id()"), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("redirect_uris", TEXTS, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("scopes", TEXTS, nullable=False),
        sa.Column("grant_types", TEXTS, nullable=False),
        sa.Column("auth_method", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=True),
        sa.Column("previous_secret_hash", sa.LargeBinary(), nullable=True),
        sa.Column("previous_secret_until", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(AUTH_METHOD, name=op.f("apps_auth_method_check")),
        sa.CheckConstraint("(auth_method = 'none') = (secret_hash is null)", name=op.f("apps_secret_check")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("apps_owner_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("apps_pkey")),
    )
    op.create_index(op.f("apps_owner_id_idx"), "apps", ["owner_id"])
    op.create_table(
        "grants",
        sa.Column("id", sa.BigInteger(), server_default=sa.text("next_id()"), nullable=False),
        sa.Column("app_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("scopes", TEXTS, nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name=op.f("grants_app_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("grants_user_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("grants_pkey")),
        sa.UniqueConstraint("app_id", "user_id", name=op.f("grants_app_id_user_id_key")),
    )
    op.create_index(op.f("grants_user_id_idx"), "grants", ["user_id"])
    op.create_table(
        "authorization_codes",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("grant_id", sa.BigInteger(), nullable=False),
        sa.Column("scopes", TEXTS, nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=True),
        sa.Column("challenge", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("authenticated_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("session_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("authorization_codes_grant_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("authorization_codes_session_id_fkey"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("authorization_codes_pkey")),
    )
    for column in ("grant_id", "expires_at", "session_id"):
        op.create_index(op.f(f"authorization_codes_{column}_idx"), "authorization_codes", [column])
    op.create_table(
        "device_codes",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("app_id", sa.BigInteger(), nullable=False),
        sa.Column("scopes", TEXTS, nullable=False),
        sa.Column("grant_id", sa.BigInteger(), nullable=True),
        sa.Column("authenticated_at", MOMENT, nullable=True),
        sa.Column("denied_at", MOMENT, nullable=True),
        sa.Column("interval", sa.BigInteger(), server_default=sa.text("5"), nullable=False),
        sa.Column("polled_at", MOMENT, nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name=op.f("device_codes_app_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("device_codes_grant_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("device_codes_pkey")),
        sa.UniqueConstraint("user_code_hash", name=op.f("device_codes_user_code_hash_key")),
    )
    for column in ("app_id", "grant_id", "expires_at"):
        op.create_index(op.f(f"device_codes_{column}_idx"), "device_codes", [column])
    for column, table in OF.items():
        op.add_column("sessions", sa.Column(column, sa.BigInteger(), nullable=True))
        name = op.f(f"sessions_{column}_fkey")
        op.create_foreign_key(name, "sessions", table, [column], ["id"], ondelete="SET NULL")
        op.create_index(op.f(f"sessions_{column}_idx"), "sessions", [column])


def downgrade() -> None:
    op.execute("delete from sessions where kind = 'APP'")
    op.drop_table("device_codes")
    op.drop_table("authorization_codes")
    for column in OF:
        op.drop_column("sessions", column)
    op.drop_table("grants")
    op.drop_table("apps")
