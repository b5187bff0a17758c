"""What jobs work with."""

from dataclasses import dataclass
from typing import cast

from procrastinate import JobContext

from core.database import Database
from core.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """A worker's way to the database, and its settings."""

    db: Database
    config: Settings


def parts(context: JobContext) -> Parts:
    """Those of the worker that does this job."""
    return cast(Parts, context.additional_context["parts"])
