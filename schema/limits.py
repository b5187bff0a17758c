"""What operations cost."""

from datetime import datetime

import strawberry

from execution.fields import column


@strawberry.type(description="What this operation costs, and what is left to spend. It refills all the time.")
class RateLimit:
    """What this operation costs."""

    cost: int = column("The price of this operation: its fields' costs times the sizes of the pages asked for.")
    limit: int = column("The most that can be saved up.")
    remaining: int = column("What is left now, this operation paid.")
    reset_at: datetime = column("When all of it will be there again, if nothing more is spent.")
