"""Find those who are suspended."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "accounts_suspended_idx", "accounts", ["user_id"], postgresql_where=sa.text("suspended_at is not null")
    )


def downgrade() -> None:
    op.drop_index("accounts_suspended_idx", "accounts")
