"""A worker that is killed loses nothing, and one that is asked to stop ends what it does."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.database import Database
from core.settings import Settings
from domain import jobs, letters
from jobs.parts import Parts
from jobs.worker import begin
from tests.api import Work
from tests.factories import sql
from tests.smtp import Mailbox, mail_server
from tests.waiting import until
from tests.wire import Wire

PROJECT = Path(__file__).parents[2]
PATIENCE = 30


@asynccontextmanager
async def worker(database_url: str, mailbox: Mailbox) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker as people start it."""
    settings = {"DATABASE_URL": database_url, "STARLING_SMTP_URL": f"smtp+plain://127.0.0.1:{mailbox.port}"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "cli.py", "worker", cwd=PROJECT, env={**os.environ, **settings}
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.slow
async def test_a_killed_workers_letter_is_taken_up_by_another(db: Database, database_url: str, work: Work):
    async with mail_server() as mailbox:
        mailbox.may_answer.clear()
        async with db.write() as tx:
            await letters.send(tx, "password_changed", to="killed@example.org", handle="ada")
        async with worker(database_url, mailbox) as process:
            await asyncio.wait_for(mailbox.asked.wait(), PATIENCE)
            process.kill()
            await process.wait()
        mailbox.may_answer.set()
        mailbox.arrived.clear()
        await work(smtp_url=f"smtp+plain://127.0.0.1:{mailbox.port}")
        assert mailbox.arrived == [], "it isn't known to be dead yet"

        await sql(db, "update procrastinate_workers set last_heartbeat = now() - interval '1 minute'")
        async with db.write() as tx:
            jobs.defer(tx, "upkeep:resume", timestamp=0)  # as every minute
        for _ in range(2):  # the letter is due again while the first runs, or after it
            await work(smtp_url=f"smtp+plain://127.0.0.1:{mailbox.port}")
        assert [arrived["To"] for arrived in mailbox.arrived] == ["killed@example.org"]
        assert await sql(db, "select id from procrastinate_jobs where task_name = 'letters:send'") == []


@pytest.mark.slow
async def test_a_worker_that_is_asked_to_stop_ends_its_job_first(db: Database, database_url: str):
    async with mail_server() as mailbox:
        mailbox.may_answer.clear()
        async with db.write() as tx:
            await letters.send(tx, "password_changed", to="ended@example.org", handle="ada")
        async with worker(database_url, mailbox) as process:
            await asyncio.wait_for(mailbox.asked.wait(), PATIENCE)
            process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.3)
            mailbox.may_answer.set()
            assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
        assert mailbox.recipients == ["ended@example.org"]
        assert await sql(db, "select id from procrastinate_jobs where task_name = 'letters:send'") == []


@pytest.mark.slow
async def test_a_worker_goes_on_when_the_database_is_back(db: Database, database_url: str, caplog):
    async with mail_server() as mailbox, Wire.to(database_url) as wire:
        smtp_url = f"smtp+plain://127.0.0.1:{mailbox.port}"
        await wire.cut()
        end = begin(Parts(db, Settings(database_url=wire.url, smtp_url=smtp_url)))
        for number in (1, 2):
            await asyncio.sleep(0.5)
            await wire.mend()
            async with db.write() as tx:
                await letters.send(tx, "password_changed", to=f"back_{number}@example.org", handle="ada")
            await until(lambda number=number: len(mailbox.arrived) == number)
            await wire.cut()
        await wire.mend()
        await end()
    assert mailbox.recipients == ["back_1@example.org", "back_2@example.org"]


async def test_a_worker_ends_without_the_database(db: Database, database_url: str):
    async with mail_server() as mailbox, Wire.to(database_url) as wire:
        smtp_url = f"smtp+plain://127.0.0.1:{mailbox.port}"
        async with db.write() as tx:
            await letters.send(tx, "password_changed", to="ada@example.org", handle="ada")
        end = begin(Parts(db, Settings(database_url=wire.url, smtp_url=smtp_url)))
        await until(lambda: bool(mailbox.arrived))
        await wire.cut()
        async with asyncio.timeout(PATIENCE):
            await end()
