"""Reading an HTTP request as GraphQL-over-HTTP has it: media types, bodies, parameters.

https://graphql.github.io/graphql-over-http/draft/
"""

from dataclasses import dataclass
from typing import Any, NoReturn

import orjson
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HTTPRequest

from transport.operations import Request

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
LARGEST_BODY = 256 * 1024
"""Bytes; the longest post is 20 kB."""


@dataclass(frozen=True, slots=True)
class BadRequest(Exception):
    """A request that is no GraphQL request: the HTTP status, what is wrong, what to do."""

    status: int
    message: str
    headers: tuple[tuple[str, str], ...] = ()


def response_type(accept: str | None) -> str | None:
    """The media type to answer with, after RFC 9110, section 12.5.1; None where the client takes neither of ours."""
    ranges = dict(map(_range, (accept or JSON).split(",")))
    offers: list[tuple[float, bool, int, str]] = []
    for place, media_type in enumerate((JSON, GRAPHQL)):
        match = next((each for each in (media_type, "application/*", "*/*") if each in ranges), None)
        if match and ranges[match] > 0:
            named = match == media_type
            offers.append((ranges[match], named, place if named else -place, media_type))
    return max(offers)[-1] if offers else None


def _range(text: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in text.split(";"))
    return name, next((_weight(each[2:]) for each in parameters if each.startswith("q=")), 1.0)


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def wants_page(accept: str | None) -> bool:
    """Whether a browser asks for a page to look at."""
    return "text/html" in (accept or "")


async def from_post(http: HTTPRequest) -> Request:
    """The operation in a POST. Raises BadRequest."""
    media_type, *parameters = (piece.strip().lower() for piece in http.headers.get("content-type", "").split(";"))
    if media_type != JSON:
        raise BadRequest(415, f"Send the operation as Content-Type: {JSON}.")
    if any(each.startswith("charset=") and each[8:].strip('"') not in ("utf-8", "utf8") for each in parameters):
        raise BadRequest(415, "Send the body in UTF-8.")
    return _request(_json(await _body(http), "The body"))


def from_get(http: HTTPRequest) -> Request:
    """The operation in a query string. Raises BadRequest."""
    fields: dict[str, Any] = {
        name: http.query_params[name] for name in ("query", "operationName") if name in http.query_params
    }
    for name in ("variables", "extensions"):
        if http.query_params.get(name):
            fields[name] = _json(http.query_params[name].encode(), f"The parameter {name}")
    return _request(fields)


async def _body(http: HTTPRequest) -> bytes:
    length = http.headers.get("content-length", "0")
    body = bytearray()
    if length.isdecimal() and int(length) <= LARGEST_BODY:
        try:
            async for chunk in http.stream():
                body += chunk
                if len(body) > LARGEST_BODY:
                    break
            else:
                return bytes(body)
        except ClientDisconnect:
            raise BadRequest(400, "The body ended early.") from None
    raise BadRequest(413, f"A request is at most {LARGEST_BODY // 1024} KiB.", (("connection", "close"),))


def _json(body: bytes, what: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(400, f"{what} is not valid JSON in UTF-8: {error}.") from None


def _request(fields: Any) -> Request:
    if not isinstance(fields, dict):
        _refuse("The body must be a JSON object with the operation in `query`; batches are not supported.")
    query, variables, name = fields.get("query"), fields.get("variables"), fields.get("operationName")
    if not isinstance(query, str) or not query.strip():
        _refuse("`query` must be a string with a GraphQL document.")
    if variables is not None and not isinstance(variables, dict):
        _refuse("`variables` must be an object.")
    if name is not None and not isinstance(name, str):
        _refuse("`operationName` must be a string.")
    if fields.get("extensions") is not None and not isinstance(fields["extensions"], dict):
        _refuse("`extensions` must be an object.")
    return Request(query, variables, name or None)


def _refuse(message: str) -> NoReturn:
    raise BadRequest(400, message)
