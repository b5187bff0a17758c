"""Put down that an app got a token, so that those which never did can be forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("apps", sa.Column("used_at", sa.DateTime(timezone=True)))
    op.execute("update apps set used_at = now()")  # nobody knows of those that there are


def downgrade() -> None:
    op.drop_column("apps", "used_at")
