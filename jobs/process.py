"""A worker in a process of its own: `uv run cli.py worker`."""

import asyncio
import signal

from core import telemetry
from core.database import Database
from core.settings import provide
from jobs.parts import Parts
from jobs.worker import work


def serve(database_url: str) -> None:
    """Do jobs until SIGTERM or SIGINT; those that are under way are finished."""
    asyncio.run(_serve(database_url))


async def _serve(database_url: str) -> None:
    config = provide(database_url=database_url)
    log = telemetry.configure()
    db = Database(database_url, pool_size=config.database_pool_size, pipeline=config.database_pipeline)
    await db.open()
    task = asyncio.create_task(work(Parts(db, config)))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        pass  # which is how it ends
    finally:
        await db.close()
        log.flush()
