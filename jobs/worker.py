"""A worker: takes jobs out of the queue and does them, for as long as it runs. There may be any number."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Never

import psycopg
from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException

from core.reads import NETWORK
from domain.jobs import QUEUE
from domain.letters import SEND
from domain.resets import ASKED
from jobs import letters, resets, upkeep
from jobs.parts import Parts
from live.outage import Outage

PATIENTLY = RetryStrategy(max_attempts=10, exponential_wait=3)
"""Again after 3, 9, 27 … seconds: after a day for the last time."""
AT_ONCE = 4
GRACE = 10.0
"""Seconds that jobs have for ending when the worker stops; what isn't done then is begun again by another."""
AGAIN_AFTER = 1.0


def begin(parts: Parts) -> Callable[[], Awaitable[object]]:
    """Do jobs in the background, until what this returns is called, and awaited."""
    task = asyncio.create_task(work(parts))

    def end() -> Awaitable[object]:
        task.cancel()  # once: a second time, it wouldn't wait for the jobs under way
        return asyncio.wait([task])

    return end


async def work(parts: Parts) -> Never:
    """Do jobs until cancelled, whatever happens to the database."""
    outage = Outage("The worker waits for the database")
    while True:
        try:
            async with application(parts.config.database_url or "").open_async() as app:
                outage.end()
                await run(app, parts)
        except (ConnectorException, psycopg.Error) as error:
            if _is_to_end():  # and couldn't sign off
                raise asyncio.CancelledError from error
            outage.begin(error)
        await asyncio.sleep(AGAIN_AFTER)


def _is_to_end() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def run(app: App, parts: Parts, *, wait: bool = True) -> None:
    """Do the jobs that are there, and unless it shall not `wait`, those that come. Raises ConnectorException."""
    await app.run_worker_async(
        queues=[QUEUE],
        concurrency=AT_ONCE,
        wait=wait,
        delete_jobs="successful",
        shutdown_graceful_timeout=GRACE,
        install_signal_handlers=False,
        update_heartbeat_interval=upkeep.HEARTBEAT,
        stalled_worker_timeout=upkeep.DEAD_AFTER,
        additional_context={"parts": parts},
    )


def application(database_url: str) -> App:
    """The tasks by their names, which stay as they are: jobs outlive the code that enqueued them."""
    connector = PsycopgConnector(conninfo=database_url, min_size=1, max_size=AT_ONCE, timeout=5.0, kwargs=NETWORK)
    app = App(connector=connector)
    app.task(name=SEND, pass_context=True, retry=PATIENTLY)(letters.send)
    app.task(name=ASKED, pass_context=True, retry=PATIENTLY)(resets.asked)
    for task, cron in ((upkeep.resume, "* * * * *"), (upkeep.tidy, "17 * * * *")):
        name = f"upkeep:{task.__name__}"
        app.periodic(cron=cron)(app.task(name=name, queueing_lock=name, pass_context=True)(task))
    return app
