"""What shall happen later: a job, enqueued in the transaction that is the reason for it, and undone with it.

Jobs are procrastinate's; `jobs/` has what they do. A job is done at least once, and may be begun again after a crash.
"""

from sqlalchemy import ARRAY, Text, bindparam, cast, func, literal, null, select
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.types import UserDefinedType

from core.transactions import Transaction

QUEUE = "starling"


class _JobToDefer(UserDefinedType[object]):
    """The composite type in which procrastinate's function takes jobs."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "procrastinate_job_to_defer_v1"


_WHAT = bindparam("task", type_=Text), literal(0)  # the priority
_LOCKS = null(), null()
_WITH = bindparam("arguments", type_=JSONB), null()  # at once
_JOB = func.row(literal(QUEUE), *_WHAT, *_LOCKS, *_WITH)
_DEFER = select(func.procrastinate_defer_jobs_v1(cast(array([_JOB]), ARRAY(_JobToDefer()))))


def defer(tx: Transaction, task: str, **arguments: str | int) -> None:
    """Have a task of `jobs/` done soon after the commit. Arguments can be read in the database: no secrets."""
    tx.later(_DEFER, task=task, arguments=arguments)
