"""Answer those who asked for a new password."""

from procrastinate import JobContext

from domain import resets
from jobs.parts import parts


async def asked(context: JobContext, *, sealed: str) -> None:
    """Write to an address, if it is somebody's. Raises Unavailable."""
    await resets.answer(parts(context).db, sealed)
