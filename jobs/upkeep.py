"""What workers do for one another, and what nobody needs any more."""

from procrastinate import JobContext
from procrastinate.jobs import Status

from domain import housekeeping
from jobs.parts import parts

HEARTBEAT, DEAD_AFTER = 5.0, 20.0
"""Seconds between a worker's signs of life, and of silence after which it is taken to be dead."""
DEADLY = 10
"""Attempts after which a job is taken for what kills workers."""
KEPT_HOURS = 24 * 30
"""How long jobs that failed are kept, to be looked at."""


async def resume(context: JobContext, timestamp: int) -> None:
    """Put back into the queue what a worker had begun when it died."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER):
        if job.attempts < DEADLY:
            await manager.retry_job(job)
        else:
            await manager.finish_job(job, Status.FAILED, delete_job=False)


async def tidy(context: JobContext, timestamp: int) -> None:
    """Delete what has expired, and jobs that failed long ago."""
    await housekeeping.tidy(parts(context).db)
    await context.app.job_manager.delete_old_jobs(KEPT_HOURS, include_failed=True, include_aborted=True)
