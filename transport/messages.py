"""Messages of graphql-transport-ws: https://github.com/enisdenny/graphql-ws/blob/master/PROTOCOL.md"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from transport.encoding import encode
from transport.operations import Request
from transport.persisted import document_id

SUBPROTOCOL = "graphql-transport-ws"

JSONObject = dict[str, Any]


class End(NamedTuple):
    """How a socket is closed. Clients come back after 1012, 1013, 4403, 4408 and 4499, and give up after the others."""

    code: int
    reason: str


RESTARTING = End(1012, "The server restarts: connect again")
AWAY = End(1013, "The database is not available right now: try again in a second")
UNAUTHORIZED = End(4401, "Unauthorized")
FORBIDDEN = End(4403, "Forbidden")
WRONG_SUBPROTOCOL = End(4406, "Subprotocol not acceptable")
INIT_TIMEOUT = End(4408, "Connection initialisation timeout")
TOO_MANY_INITS = End(4429, "Too many initialisation requests")
TOO_MANY_SOCKETS = End(4429, "Too many sockets of one person: close some first")
TOO_MANY_MESSAGES = End(4429, "Too many messages")
TOO_SLOW = End(4499, "Too slow: connect again, and go on after your last cursor")
FAILED = End(4500, "Internal server error")


def malformed(reason: str) -> End:
    """For a frame that isn't a message of the protocol."""
    return End(4400, reason)


def id_in_use(id: str) -> End:
    """For a second operation under the id of one that runs."""
    return End(4409, f"Subscriber for {id[:16]} already exists")


class Malformed(Exception):
    """A frame that isn't a message of the protocol. Says what is wrong, in less than a close frame's 123 bytes."""


@dataclass(frozen=True, slots=True)
class Init:
    """`connection_init`: who the client is."""

    authorization: str | None
    proof: str | None = None
    """That it has the key of its token, RFC 9449: by a GET of the socket's URL, as its handshake is one."""


@dataclass(frozen=True, slots=True)
class Ping:
    """`ping`: is answered with the same payload."""

    payload: JSONObject | None


@dataclass(frozen=True, slots=True)
class Pong:
    """`pong`: needs no answer."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """`subscribe`: an operation of any kind."""

    id: str
    request: Request


@dataclass(frozen=True, slots=True)
class Complete:
    """`complete`: the client wants no more of an operation."""

    id: str


Message = Init | Ping | Pong | Subscribe | Complete


def parse(text: str) -> Message:
    """The message in a text frame. Raises Malformed."""
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Malformed("A frame must be JSON.") from None
    if not isinstance(message, dict):
        raise Malformed("A message must be a JSON object.")
    match message.get("type"):
        case "connection_init":
            payload = _optional_object(message, "payload") or {}
            return Init(_header(payload, "Authorization"), _header(payload, "DPoP"))
        case "ping":
            return Ping(_optional_object(message, "payload"))
        case "pong":
            _optional_object(message, "payload")
            return Pong()
        case "subscribe":
            return Subscribe(_id(message), _request(_optional_object(message, "payload")))
        case "complete":
            return Complete(_id(message))
    raise Malformed("A message's type must be one that clients may send.")


def _header(payload: JSONObject, name: str) -> str | None:
    value = payload.get(name.lower(), payload.get(name))
    if value is not None and not isinstance(value, str):
        raise Malformed(f"{name.lower()} must be a string.")
    return value


def _request(payload: JSONObject | None) -> Request:
    if payload is None:
        raise Malformed("subscribe needs a payload with the operation in query.")
    _optional_object(payload, "extensions")
    try:
        document = document_id(payload)
    except ValueError as error:
        raise Malformed(str(error)) from None
    query = payload.get("query", None if document is None else "")
    if not isinstance(query, str):
        raise Malformed("subscribe needs a payload with the operation in query.")
    name = payload.get("operationName")
    if name is not None and not isinstance(name, str):
        raise Malformed("operationName must be a string.")
    return Request(query, _optional_object(payload, "variables"), name or None, document)


def _optional_object(message: JSONObject, key: str) -> JSONObject | None:
    value = message.get(key)
    if value is not None and not isinstance(value, dict):
        raise Malformed(f"{key} must be an object.")
    return value


def _id(message: JSONObject) -> str:
    value = message.get("id")
    if not isinstance(value, str) or not value:
        raise Malformed("id must be a string that isn't empty.")
    return value


def write(type: str, id: str | None = None, payload: object = None) -> str:
    """A message to the client."""
    message: JSONObject = {"type": type}
    if id is not None:
        message["id"] = id
    if payload is not None:
        message["payload"] = payload
    return encode(message).decode()


def begin_next(id: str) -> str:
    """A `next` message up to its payload, which is JSON already; a brace ends it."""
    return f'{{"type":"next","id":{encode(id).decode()},"payload":'
