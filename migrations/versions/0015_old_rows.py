"""Find what has expired without reading what hasn't."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

COLUMNS = {"idempotency_keys": "created_at", "refresh_tokens": "expires_at", "sessions": "expires_at"}


def upgrade() -> None:
    for table, column in COLUMNS.items():
        op.create_index(op.f(f"{table}_{column}_idx"), table, [column])


def downgrade() -> None:
    for table, column in COLUMNS.items():
        op.drop_index(op.f(f"{table}_{column}_idx"), table)
