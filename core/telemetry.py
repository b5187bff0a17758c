"""Logs: JSON lines on standard error, one for each request, with what helps and nothing secret."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

_DETAIL = re.compile(
    r"^DETAIL: .*?(?=\n(?:CONTEXT|HINT|\[SQL|\(Background|The above|During)|\s*\Z)", re.DOTALL | re.MULTILINE
)
"""What PostgreSQL says of the row that it refuses, which is people's."""
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JSONLines(logging.Formatter):
    """A record as one JSON object; what was given as `extra` stands beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            line["traceback"] = _DETAIL.sub("DETAIL: withheld", self.formatException(record.exc_info))
        try:
            return orjson.dumps(line, default=str, option=orjson.OPT_UTC_Z).decode()
        except TypeError:  # a lone surrogate, or a number of more than 64 bits
            return json.dumps(line, default=str)


def configure() -> None:
    """Send every logger's records to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JSONLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # No line says where it was logged, by which thread or process; finding that out is half of a line's cost.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for noisy in ("alembic", "psycopg.pool", "authlib", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
