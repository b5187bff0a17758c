"""Authlib's synchronous core over an asynchronous transaction: it runs in a greenlet, which `wait` steps out of."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from authlib.oauth2.rfc6749 import AuthorizationServer, JsonRequest
from psycopg.errors import ForeignKeyViolation
from sqlalchemy.util import await_only as wait
from sqlalchemy.util import greenlet_spawn

from auth.oauth.clients import Client
from auth.oauth.requests import Request
from core.database import Database
from core.errors import Contended
from core.transactions import Transaction
from domain import apps
from domain.device import Device
from domain.scopes import ASKABLE

__all__ = ["Answer", "Server", "run", "wait"]
T = TypeVar("T")
Part = Callable[["Server"], None]
"""Adds a grant or an endpoint to a server."""


class Answer(NamedTuple):
    """An HTTP response."""

    status: int
    body: dict[str, Any] | str
    headers: list[tuple[str, str]]


class Server(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server for one request, in its transaction."""

    def __init__(self, db: Database, tx: Transaction, device: Device | None) -> None:
        super().__init__(scopes_supported=list(ASKABLE))
        self.db, self.tx, self.device = db, tx, device

    def query_client(self, client_id: str) -> Client | None:
        """The client of this id."""
        app = wait(apps.find(self.tx, client_id))
        return Client(app) if app else None

    def create_oauth2_request(self, request: Request) -> Request:
        """Requests come as Authlib wants them."""
        return request

    def create_json_request(self, request: JsonRequest) -> JsonRequest:
        """And so do these."""
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Answer:
        """The answer, for a transport to send."""
        return Answer(status, dict(body) if isinstance(body, list) else body, list(headers))

    def send_signal(self, name: str, *_: Any, **__: Any) -> None:
        """Nobody listens."""


async def run(db: Database, device: Device | None, part: Part, act: Callable[[Server], T]) -> T:
    """Act as a server with these parts. What it refuses is committed too: the end of a family is among it.

    Raises Suspended, Unavailable.
    """
    try:
        async with db.write() as tx:
            server = Server(db, tx, device)
            part(server)
            return await greenlet_spawn(act, server)
    except ForeignKeyViolation as error:  # the app was deleted meanwhile
        raise Contended from error
