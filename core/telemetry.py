"""Logs: JSON lines on standard error, one for each request, with what helps and nothing secret."""

import asyncio
import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson

GATHERED_FOR = 0.05
"""Seconds that a line may wait for others."""
GATHERED = 500
"""Lines that wait at most."""
NOISY = ("alembic", "psycopg.pool", "authlib", "uvicorn.access")
"""Loggers that say more than helps."""
TALKATIVE = ("uvicorn.error", "websockets", "httpx2", "httpcore2", "aiosmtplib", "procrastinate")
"""Loggers that tell of URLs, headers, frames and arguments, and so of tokens, below a warning."""
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


class Gathered(logging.StreamHandler[TextIO]):
    """Writes a moment's lines at once: a system call for each would be one for each request.

    Warnings and worse are written immediately, with what waits, and so is everything where no loop runs.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lines: list[str] = []
        self._will_be_written = False

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record; the caller holds the lock."""
        try:
            self._lines.append(self.format(record))
            if record.levelno >= logging.WARNING or len(self._lines) >= GATHERED or not self._can_wait():
                self.flush()
        except Exception:
            self.handleError(record)

    def flush(self) -> None:
        """Write what waits. `logging` does so when the process ends."""
        self.acquire()
        try:
            lines, self._lines = self._lines, []
            if lines:
                self.stream.write("\n".join(lines) + "\n")
            super().flush()
        finally:
            self.release()

    def _can_wait(self) -> bool:
        """Whether the loop is going to write the lines."""
        if not self._will_be_written:
            try:
                asyncio.get_running_loop().call_later(GATHERED_FOR, self._write)
            except RuntimeError:  # there is none
                return False
            self._will_be_written = True
        return True

    def _write(self) -> None:
        self._will_be_written = False
        self.flush()


def configure() -> logging.Handler:
    """Send every logger's records to standard error as JSON lines, by a handler to be flushed when the loop ends."""
    handler = Gathered(sys.stderr)
    handler.setFormatter(JSONLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # No line says where it was logged, by which thread or process; finding that out is half of a line's cost.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    return handler
