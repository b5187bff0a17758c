"""Who signs in is found by an index, however many people there are."""

import psycopg

from core.statements import compiled
from loaders import sessions

SEEDED = """
insert into users (id, handle, name) select n, 'of_many_' || n, 'N' from generate_series(1, 2000) n;
insert into accounts (user_id, email, email_verified_at)
  select n, 'of_many_' || n || '@example.org', now() from generate_series(1, 2000) n;
analyze users, accounts
"""


async def test_a_sign_in_reads_one_person_and_not_everybody(database_url: str) -> None:
    text = compiled(sessions._ACCOUNT).sql.replace("%(login)s", "$1")
    with psycopg.connect(database_url, prepare_threshold=None) as connection:
        connection.execute(SEEDED)
        connection.execute("set plan_cache_mode = force_generic_plan")
        connection.execute(f"prepare account as {text}")
        plan = "\n".join(line for [line] in connection.execute("explain execute account('of_many_7')"))
        connection.rollback()
    assert "Seq Scan" not in plan, plan
