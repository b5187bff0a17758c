"""Let apps bind what they are given to keys of theirs, and push what they ask."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BEFORE = "purpose in ('SIGN_IN', 'PASSKEY_ADD', 'PASSKEY_USE', 'EXTERNAL', 'JOIN')"
PURPOSES = "purpose in ('SIGN_IN', 'PASSKEY_ADD', 'PASSKEY_USE', 'EXTERNAL', 'JOIN', 'PUSHED', 'OPENED')"


def upgrade() -> None:
    op.add_column("apps", sa.Column("dpop_bound", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("authorization_codes", sa.Column("jkt", sa.Text(), nullable=True))
    op.add_column("sessions", sa.Column("jkt", sa.Text(), nullable=True))
    op.drop_constraint(op.f("challenges_purpose_check"), "challenges")
    op.create_check_constraint(op.f("challenges_purpose_check"), "challenges", PURPOSES)


def downgrade() -> None:
    op.execute("delete from challenges where purpose in ('PUSHED', 'OPENED')")
    op.drop_constraint(op.f("challenges_purpose_check"), "challenges")
    op.create_check_constraint(op.f("challenges_purpose_check"), "challenges", BEFORE)
    op.execute("delete from sessions where jkt is not null")
    op.drop_column("sessions", "jkt")
    op.drop_column("authorization_codes", "jkt")
    op.drop_column("apps", "dpop_bound")
