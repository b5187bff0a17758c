"""What every HTTP response gets: one log line, and headers that keep browsers careful."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import metrics
from transport.encoding import encode
from transport.errors import masked

logger = logging.getLogger("starling.requests")

CAREFUL = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
}
HTTPS_ONLY = {"strict-transport-security": "max-age=63072000"}
"""For two years, RFC 6797. Browsers take it from HTTPS alone."""


class Careful:
    """Adds headers where a response has none of its own, logs the request, and masks what fails."""

    def __init__(
        self,
        app: ASGIApp,
        direct: Mapping[str, ASGIApp],
        *,
        https_only: bool = False,
        is_ending: Callable[[], bool] = lambda: False,
    ) -> None:
        """What is at a path of `direct` goes without routing. A process that is ending keeps no connection."""
        self._app, self._direct, self._is_ending = app, direct, is_ending
        careful = CAREFUL | (HTTPS_ONLY if https_only else {})
        self._careful = [(name.encode(), value.encode()) for name, value in careful.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def careful_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"]
                present = {name for name, _ in headers}
                message["headers"] = [*headers, *(each for each in self._careful if each[0] not in present)]
                if self._is_ending():
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        try:
            await self._direct.get(scope["path"], self._app)(scope, receive, careful_send)
        except Exception as error:
            if status:
                raise
            await _fail(error, careful_send)
        finally:
            seconds, operation = time.perf_counter() - started, scope.get("starling.operation")
            metrics.time_request(operation.kind if operation else "other", status, seconds)
            _log(scope, status, seconds)


async def _fail(error: Exception, send: Send) -> None:
    body = encode({"errors": [masked(error)]})
    headers = [(b"content-type", b"application/json; charset=utf-8")]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _log(scope: Scope, status: int, seconds: float) -> None:
    line: dict[str, Any] = {
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "ms": round(seconds * 1000, 1),
    }
    if operation := scope.get("starling.operation"):
        name = operation.definition.name
        line |= {"operation": name and name.value, "kind": operation.kind}
    if (viewer := scope.get("starling.viewer")) and viewer.user_id:
        line["user"] = viewer.user_id
    logger.info("request", extra=line)
