"""Let jobs be enqueued: procrastinate's own schema as of 3.10, and the e-mails that the first of them send.

Its steps to there can't be taken in one transaction before PostgreSQL 18, so this takes what they lead to, and the
version is held at 3.10. With a later one, this takes the schema of 3.10 from a file, and a new migration its steps.
"""

from importlib.resources import files

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UNDO = """
drop table procrastinate_events, procrastinate_periodic_defers, procrastinate_jobs, procrastinate_workers cascade;
do $$
declare it record;
begin
  for it in select oid::regprocedure as name from pg_proc
    where pronamespace = 'public'::regnamespace and proname like 'procrastinate\\_%' loop
    execute format('drop function %s', it.name);
  end loop;
end $$;
drop type procrastinate_job_to_defer_v1, procrastinate_job_status, procrastinate_job_event_type;
"""


def upgrade() -> None:
    run(files("procrastinate.sql").joinpath("schema.sql").read_text("utf-8"))
    op.create_table(
        "letters",
        sa.Column("id", sa.BigInteger(), server_default=sa.text("next_id()"), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("letters_pkey")),
    )
    op.create_index("letters_kept_idx", "letters", ["id"], postgresql_where=sa.text("sealed IS NOT NULL"))


def downgrade() -> None:
    op.drop_table("letters")
    run(UNDO)


def run(statements: str) -> None:
    """Several at once, with every sign as it is."""
    op.get_bind().connection.cursor().execute(statements)
