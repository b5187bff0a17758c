"""Reading an HTTP request as GraphQL-over-HTTP has it: media types, bodies, parameters.

https://graphql.github.io/graphql-over-http/draft/
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope

from core.deadlines import Deadline
from domain.device import Device
from transport.operations import Request
from transport.persisted import document_id

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
LONGEST_URL = 32 * 1024
"""Bytes of a query string; what is longer goes by POST."""
PREFLIGHTED = (
    "authorization",
    "graphql-require-preflight",
    "apollo-require-preflight",
    "x-apollo-operation-name",
    "x-requested-with",
)
"""Headers for which a browser asks before it lets a page of another origin send them; a form can't send any."""

CLOSE = (b"connection", b"close")

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class BadRequest(Exception):
    """A request that is no GraphQL request: the HTTP status, what is wrong, what to do."""

    status: int
    message: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


def headers_of(scope: Scope) -> Headers:
    """A request's headers by their names in lower case; those that came more than once are joined, RFC 9110, 5.3."""
    headers: Headers = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def address_of(scope: Scope) -> str:
    """The client's address."""
    return scope["client"][0] if scope.get("client") else "unknown"


def device_of(scope: Scope, headers: Headers) -> Device:
    """Where a request comes from."""
    return Device(address_of(scope), headers.get("user-agent"))


@lru_cache(maxsize=256)
def response_type(accept: str | None) -> str | None:
    """The media type to answer with, after RFC 9110, section 12.5.1; None where the client takes neither of ours."""
    ranges = dict(map(weighted, (accept or JSON).split(",")))
    offers: list[tuple[float, bool, int, str]] = []
    for place, media_type in enumerate((JSON, GRAPHQL)):
        match = next((each for each in (media_type, "application/*", "*/*") if each in ranges), None)
        if match and ranges[match] > 0:
            named = match == media_type
            offers.append((ranges[match], named, place if named else -place, media_type))
    return max(offers)[-1] if offers else None


def weighted(text: str) -> tuple[str, float]:
    """One item of an Accept header, or of one like it, and its weight."""
    name, *parameters = (piece.strip().lower() for piece in text.split(";"))
    return name, next((_weight(each[2:]) for each in parameters if each.startswith("q=")), 1.0)


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def wants_page(scope: Scope, headers: Headers) -> bool:
    """Whether a browser asks for a page to look at."""
    return (
        scope["method"] == "GET"
        and "text/html" in headers.get("accept", "")
        and not _parameters(scope).keys() & {"query", "documentId", "extensions"}
    )


async def read(scope: Scope, headers: Headers, receive: Receive, *, most: int, within: Deadline) -> Request:
    """The operation in a request, of a body of at most `most` bytes, read `within` a time. Raises BadRequest."""
    match scope["method"]:
        case "POST":
            _check_content_type(headers.get("content-type", ""))
            body = await body_of(headers, receive, most, within)
            return _request(headers, _json(body, "The body"))
        case "GET":
            _check_origin(headers)
            return _request(headers, _from_query(_parameters(scope)))
    raise BadRequest(405, "Use POST, or GET for queries.", ((b"allow", b"GET, POST"),))


def _check_content_type(content_type: str) -> None:
    if content_type == JSON:
        return
    media_type, *parameters = (piece.strip().lower() for piece in content_type.split(";"))
    if media_type != JSON:
        raise BadRequest(415, f"Send the operation as Content-Type: {JSON}.")
    if any(each.startswith("charset=") and each[8:].strip('"') not in ("utf-8", "utf8") for each in parameters):
        raise BadRequest(415, "Send the body in UTF-8.")


def _check_origin(headers: Headers) -> None:
    """Refuse what a form, an image or a script of any page may cause, and of other sites what needs no preflight."""
    if any(name in headers for name in PREFLIGHTED) or headers.get("content-type", "").startswith(JSON):
        return
    names_type = any(type_ in headers.get("accept", "").lower() for type_ in (GRAPHQL, JSON, "text/event-stream"))
    is_fetch = names_type or headers.get("sec-fetch-mode") == "cors"
    if not is_fetch or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise BadRequest(400, "To query by GET, send a header that no form can send: GraphQL-Require-Preflight: 1.")


def _parameters(scope: Scope) -> dict[str, str]:
    query_string: bytes = scope["query_string"]
    if len(query_string) > LONGEST_URL:
        raise BadRequest(414, f"A query string is at most {LONGEST_URL // 1024} KiB: use POST.")
    return dict(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True))


def _from_query(parameters: dict[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: parameters[name] for name in ("query", "operationName", "documentId") if name in parameters
    }
    for name in ("variables", "extensions"):
        if parameters.get(name):
            fields[name] = _json(parameters[name].encode(), f"The parameter {name}")
    return fields


async def body_of(headers: Headers, receive: Receive, most: int, within: Deadline) -> bytearray:
    """A body of at most `most` bytes, read `within` a time. Raises BadRequest."""
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > most:
        _too_long(most)
    try:
        with within.begin():
            return await _chunks(receive, most)
    except TimeoutError:
        raise BadRequest(408, f"The body didn't come within {within.seconds:g} s.", (CLOSE,)) from None


async def _chunks(receive: Receive, most: int) -> bytearray:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest(400, "The body ended early.")
        body += message.get("body", b"")
        if len(body) > most:
            _too_long(most)
        if not message.get("more_body", False):
            return body


def _too_long(most: int) -> NoReturn:
    raise BadRequest(413, f"A request is at most {most // 1024} KiB.", (CLOSE,))


def _json(body: bytes | bytearray, what: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(400, f"{what} is not valid JSON in UTF-8: {error}.") from None


def _request(headers: Headers, fields: Any) -> Request:
    if not isinstance(fields, dict):
        _refuse("The body must be a JSON object with the operation in `query`; batches are not supported.")
    variables, name = fields.get("variables"), fields.get("operationName")
    if variables is not None and not isinstance(variables, dict):
        _refuse("`variables` must be an object.")
    if name is not None and not isinstance(name, str):
        _refuse("`operationName` must be a string.")
    if fields.get("extensions") is not None and not isinstance(fields["extensions"], dict):
        _refuse("`extensions` must be an object.")
    try:
        document = document_id(fields)
    except ValueError as error:
        _refuse(str(error))
    query = fields.get("query")
    if query is None and document is not None:
        query = ""
    if not isinstance(query, str) or not (query.strip() or document):
        _refuse("`query` must be a string with a GraphQL document.")
    return Request(query, variables, name or None, document, headers.get("last-event-id"))


def _refuse(message: str) -> NoReturn:
    raise BadRequest(400, message)
