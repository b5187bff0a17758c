"""`/graphql` over HTTP, after the GraphQL-over-HTTP draft: https://graphql.github.io/graphql-over-http/draft/"""

from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import Request as HTTPRequest
from starlette.responses import Response as HTTPResponse
from starlette.types import Receive, Scope, Send

from auth.tokens import Tokens
from core.errors import NotSignedIn, Unavailable
from execution.documents import Operation
from transport.negotiation import GRAPHQL, JSON, BadRequest, from_get, from_post, response_type, wants_page
from transport.operations import Operations, Request, Response, refusal

Page = Callable[[HTTPRequest], Awaitable[HTTPResponse]]


class GraphQLOverHTTP:
    """The endpoint: operations by POST, queries by GET, and a page for who comes with a browser."""

    def __init__(self, operations: Operations, tokens: Tokens, explorer: Page) -> None:
        self._operations, self._tokens, self._explorer = operations, tokens, explorer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        http = HTTPRequest(scope, receive)
        try:
            response = await self._answer(http)
        except BadRequest as bad:
            response = _bad_request(bad, response_type(http.headers.get("accept")) or JSON)
        await response(scope, receive, send)

    async def _answer(self, http: HTTPRequest) -> HTTPResponse:
        accept = http.headers.get("accept")
        if http.method == "GET" and "query" not in http.query_params and wants_page(accept):
            return await self._explorer(http)
        media_type = response_type(accept)
        if media_type is None:
            raise BadRequest(406, f"Accept must admit {GRAPHQL} or {JSON}.")
        match http.method:
            case "POST":
                request = await from_post(http)
            case "GET":
                request = from_get(http)
            case _:
                raise BadRequest(405, "Use POST, or GET for queries.", (("allow", "GET, POST"),))
        return _respond(await self._execute(http, request), media_type)

    async def _execute(self, http: HTTPRequest, request: Request) -> Response:
        operation = self._operations.find(request)
        if isinstance(operation, Response):
            return operation
        _check_transport(http, operation)
        try:
            viewer = (await self._tokens.verified(http.headers.get("authorization"))).viewer
        except NotSignedIn as error:
            raise BadRequest(401, error.message, (("www-authenticate", 'Bearer error="invalid_token"'),)) from error
        except Unavailable as error:
            return refusal(error)
        address = http.client.host if http.client else "unknown"
        http.scope["starling.viewer"], http.scope["starling.operation"] = viewer, operation
        answer = await self._operations.run(operation, viewer, address, request)
        assert isinstance(answer, Response)
        return answer


def _check_transport(http: HTTPRequest, operation: Operation) -> None:
    if operation.kind == "subscription":
        raise BadRequest(400, "Subscriptions go over a WebSocket at the same URL: graphql-transport-ws.")
    if http.method == "GET" and operation.kind != "query":
        raise BadRequest(405, "Only queries go by GET: use POST.", (("allow", "POST"),))


def _respond(answer: Response, media_type: str) -> HTTPResponse:
    status, headers = 200, {}
    if answer.unavailable:
        status, headers["retry-after"] = 503, "1"
    elif answer.retry_after is not None:
        status, headers["retry-after"] = 429, str(answer.retry_after)
    elif answer.is_request_error and media_type != JSON:
        status = 400
    content_type = f"{media_type}; charset=utf-8"
    return HTTPResponse(encode(answer.body), status, headers, content_type)


def _bad_request(bad: BadRequest, media_type: str) -> HTTPResponse:
    code = "NOT_SIGNED_IN" if bad.status == 401 else "BAD_REQUEST"
    body = {"errors": [{"message": bad.message, "extensions": {"code": code}}]}
    return HTTPResponse(encode(body), bad.status, dict(bad.headers), f"{media_type}; charset=utf-8")


def encode(body: object) -> bytes:
    """A response in JSON, moments in UTC as RFC 3339 has them."""
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)
