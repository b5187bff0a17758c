"""Pushed authorization requests, RFC 9126: what an app asks goes to us first, and by browser goes but a name for it.

The app's name is good for one browser, which goes on with another: as long as somebody may take to answer, and once.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from authlib.consts import default_json_headers
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import Endpoint, InvalidRequestError

from auth.oauth.asked import asked
from auth.oauth.asked import parts as askable
from auth.oauth.bridge import Answer, Server, run, wait
from auth.oauth.requests import Pairs, Payload, Request
from auth.oauth.tokens import ANYHOW
from core.database import Database
from core.transactions import Transaction
from domain import challenges
from domain.challenges import GOOD_FOR, Asked, Purpose
from domain.device import Device

PREFIX = "urn:ietf:params:oauth:request_uri:"


class Pushing(Endpoint):  # type: ignore[misc]
    """Takes what the authorization endpoint would, of an app that shows who it is, section 2."""

    ENDPOINT_NAME = "pushed_authorization_request"

    def create_endpoint_response(self, request: Request) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """The name of what is asked, or at once what is wrong with it."""
        client = self.server.authenticate_client(request, ANYHOW, self.ENDPOINT_NAME)
        if request.payload.client_id != client.get_client_id():
            raise InvalidRequestError("client_id must be that of the app that pushes.")
        if "request_uri" in request.payload.data:
            raise InvalidRequestError("What is pushed has no request_uri.")
        request.payload = Payload(_bound(request))
        try:
            asked(self.server, request)
        except OAuth2Error as error:
            error.redirect_uri = error.state = None
            raise
        name = _named(self.server.tx, Purpose.PUSHED, request.payload.pairs)
        expires_in = int(GOOD_FOR[Purpose.PUSHED].total_seconds())
        return 201, {"request_uri": name, "expires_in": expires_in}, default_json_headers


def _bound(request: Request) -> Pairs:
    """What is pushed; a proof that comes along says the same as `dpop_jkt`, RFC 9449, section 10.1."""
    pairs = [pair for pair in request.payload.pairs if pair[0] != "client_secret"]
    if request.jkt is None:
        return pairs
    if request.payload.data.get("dpop_jkt", request.jkt) != request.jkt:
        raise InvalidRequestError("dpop_jkt is another key than that of the DPoP proof.")
    return [*(pair for pair in pairs if pair[0] != "dpop_jkt"), ("dpop_jkt", request.jkt)]


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was pushed, held under the name that a browser came with."""

    tx: Transaction
    held: Asked
    pairs: Pairs
    query: str
    """The query string that names it."""
    is_new: bool
    """Whether no browser came with it before."""

    def go_on(self, pairs: Pairs) -> str:
        """The query string that the browser goes on with, from now on for this."""
        self.end()
        return _query(dict(pairs)["client_id"], _named(self.tx, Purpose.OPENED, pairs))

    def end(self) -> None:
        """The name is used up."""
        challenges.settle(self.tx, self.held, is_right=True)


def pull(server: Server, request: Request) -> Pushed | None:
    """Have a request be what was pushed, and nothing else, if it names that. Raises OAuth2Error."""
    data = request.payload.data
    if "request_uri" not in data:
        return None
    token = data["request_uri"].removeprefix(PREFIX)
    new = wait(challenges.hold(server.tx, token, Purpose.PUSHED))
    found = new or wait(challenges.hold(server.tx, token, Purpose.OPENED))
    pairs = [(name, value) for name, value in found.holds["pairs"]] if found else []
    if found is None or dict(pairs)["client_id"] != data.get("client_id"):
        raise OAuth2Error("This request_uri was used, has expired, or never was.", error="invalid_request_uri")
    request.payload = Payload(pairs)
    return Pushed(server.tx, found, pairs, _query(data["client_id"], data["request_uri"]), new is not None)


def _named(tx: Transaction, purpose: Purpose, pairs: Pairs) -> str:
    return PREFIX + challenges.make(tx, purpose, None, pairs=pairs)


def _query(client_id: str, name: str) -> str:
    return urlencode({"client_id": client_id, "request_uri": name})


def parts(server: Server) -> None:
    """The endpoint, and what may be asked for."""
    askable(server)
    server.register_endpoint(Pushing)


async def push(db: Database, device: Device, request: Request) -> Answer:
    """Keep what an app asks. Raises Unavailable."""
    name = Pushing.ENDPOINT_NAME
    return await run(db, device, parts, lambda server: server.create_endpoint_response(name, request))
