"""Let jobs be enqueued: procrastinate's own schema as of 3.10, and the e-mails that the first of them send.

The library's steps up to that version are taken, whichever is installed; a later migration takes those that follow.
"""

from importlib.resources import files

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NEWEST_STEP = "03.04.00_50"
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
    steps = sorted(files("procrastinate.sql").joinpath("migrations").iterdir(), key=lambda step: step.name)
    for step in steps:
        if step.name.endswith(".sql") and step.name[: len(NEWEST_STEP)] <= NEWEST_STEP:
            run(step.read_text("utf-8"))
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
