"""`/graphql` over HTTP, after the GraphQL-over-HTTP draft: https://graphql.github.io/graphql-over-http/draft/

From bytes to bytes: what most requests need goes without Starlette's Request and Response.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request as HTTPRequest
from starlette.responses import Response as HTTPResponse
from starlette.types import Receive, Scope, Send

from auth.proofs import Shown
from auth.tokens import Tokens, Verified
from core.deadlines import Deadline
from core.errors import NotSignedIn, Unavailable
from core.limits import Allowance
from core.settings import Settings
from execution.documents import Operation
from execution.public import Public
from transport.compression import SMALLEST, compress, encoding
from transport.cookies import Cookies
from transport.encoding import encode
from transport.errors import challenge, insufficient
from transport.negotiation import (
    GRAPHQL,
    JSON,
    BadRequest,
    Headers,
    device_of,
    headers_of,
    read,
    response_type,
    wants_page,
)
from transport.operations import Answer, Operations, Request, Response, refusal
from transport.sse import STREAM, Streams, wants_stream

Page = Callable[[HTTPRequest], Awaitable[HTTPResponse]]
Fields = list[tuple[bytes, bytes]]

VARY = (b"vary", b"Accept, Accept-Encoding, Authorization, Cookie")
"""What a cache must look at before it answers with an answer of ours."""
_CONTENT_TYPES = {each: f"{each}; charset=utf-8".encode() for each in (JSON, GRAPHQL)}
NOT_STORED = (b"cache-control", b"no-store")
OVER = "This session has ended, or may do something else: sign in again."


class GraphQLOverHTTP:
    """The endpoint: operations by POST, queries by GET, and a page for who comes with a browser."""

    def __init__(
        self,
        operations: Operations,
        tokens: Tokens,
        cookies: Cookies,
        streams: Streams,
        public: Public,
        explorer: Page | None,
        config: Settings,
    ) -> None:
        self._operations, self._tokens, self._public, self._explorer = operations, tokens, public, explorer
        self._cookies = cookies
        self._streams = streams
        self._most, self._fresh = config.limit_body, config.public_seconds
        self._within = Deadline(config.limit_body_seconds)
        window = round(config.rate_burst / config.rate_per_second) or 1
        policy = f'"operations";q={config.rate_burst};w={window};starling-unit="price"'
        self._policy = b"ratelimit-policy", policy.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = headers_of(scope)
        media_type = response_type(headers.get("accept"))
        try:
            if self._explorer and wants_page(scope, headers):
                page = await self._explorer(HTTPRequest(scope, receive))
                await page(scope, receive, send)
                return
            accept = headers.get("accept")
            if media_type is None and not wants_stream(accept, None):
                raise BadRequest(406, f"Accept must admit {GRAPHQL} or {JSON}, or for subscriptions {STREAM}.")
            request = await read(scope, headers, receive, most=self._most, within=self._within)
            answer = await self._execute(scope, headers, request)
            operation: Operation | None = scope.get("starling.operation")
            if wants_stream(accept, operation and operation.kind):
                if not isinstance(answer, Response):
                    await self._confirm(scope, headers)
                await self._streams.serve(scope, receive, send, answer)
                return
            assert isinstance(answer, Response)
        except BadRequest as bad:
            status, body, fields = bad.status, _explained(bad), [*bad.headers, NOT_STORED]
        else:
            status, body = _status(answer, media_type or JSON), answer.body
            fields = self._fields(scope, headers, request, answer)
        await _send(send, headers, status, encode(body), media_type or JSON, fields)

    async def _confirm(self, scope: Scope, headers: Headers) -> None:
        """Begin no stream for whose session ended while it was prepared. Raises BadRequest."""
        try:
            again = await self._verified(headers, None, is_proven=True)
        except Unavailable as error:
            raise BadRequest(503, str(error), ((b"retry-after", b"1"),)) from error
        if again.viewer != scope["starling.viewer"]:
            raise BadRequest(401, OVER)

    async def _verified(self, headers: Headers, shown: Shown | None, *, is_proven: bool = False) -> Verified:
        """Who calls. Raises BadRequest, Unavailable."""
        authorization, cookie = headers.get("authorization"), self._cookies.secret(headers)
        try:
            return await self._tokens.verified(authorization, cookie, shown, is_proven=is_proven)
        except NotSignedIn as error:
            asked = challenge(authorization or "", error).encode()
            raise BadRequest(401, error.message, ((b"www-authenticate", asked),)) from error

    async def _execute(self, scope: Scope, headers: Headers, request: Request) -> Answer:
        operation = await self._operations.find(request)
        if isinstance(operation, Response):
            return operation
        _check_transport(scope, headers, operation)
        shown = Shown(headers["dpop"], scope["method"], scope["path"]) if "dpop" in headers else None
        try:
            verified = await self._verified(headers, shown)
        except Unavailable as error:
            return refusal(error)
        device = device_of(scope, headers)
        scope["starling.viewer"], scope["starling.operation"] = verified.viewer, operation
        scope["starling.expires_at"] = verified.expires_at
        return await self._operations.run(operation, verified.viewer, device, request)

    def _fields(self, scope: Scope, headers: Headers, request: Request, answer: Response) -> Fields:
        if self._is_public(scope, headers, request, answer):
            return [(b"cache-control", b"public, max-age=%d" % self._fresh), VARY]
        fields = [NOT_STORED]
        if answer.allowance:
            fields += [self._policy, (b"ratelimit", _left(answer.allowance))]
            if not answer.allowance.allowed:
                fields.append((b"retry-after", b"%d" % answer.allowance.retry_after_seconds))
        if answer.scopes:
            asked = insufficient(headers.get("authorization", ""), answer.scopes)
            fields.append((b"www-authenticate", asked.encode()))
        if answer.unavailable:
            fields.append((b"retry-after", b"1"))
        return fields

    def _is_public(self, scope: Scope, headers: Headers, request: Request, answer: Response) -> bool:
        """Whether anybody may have this very answer: that of a named query about what everybody may see."""
        return bool(
            scope["method"] == "GET"
            and request.document_id
            and self._fresh
            and "errors" not in answer.body
            and "authorization" not in headers
            and "cookie" not in headers
            and self._public.covers(scope["starling.operation"])
        )


def _check_transport(scope: Scope, headers: Headers, operation: Operation) -> None:
    if operation.kind == "subscription":
        if not wants_stream(headers.get("accept"), "subscription"):
            raise BadRequest(
                400, f"Subscribe over a WebSocket at the same URL, by graphql-transport-ws, or with Accept: {STREAM}."
            )
        return
    if scope["method"] == "GET" and operation.kind != "query":
        raise BadRequest(405, "Only queries go by GET: use POST.", ((b"allow", b"POST"),))


def _status(answer: Response, media_type: str) -> int:
    if answer.unavailable:
        return 503
    if answer.allowance and not answer.allowance.allowed:
        return 429
    if answer.scopes:
        return 403
    return 400 if answer.is_request_error and media_type != JSON else 200


def _left(allowance: Allowance) -> bytes:
    """https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/, section 4."""
    seconds = allowance.reset_after_seconds if allowance.allowed else allowance.retry_after_seconds
    return b'"operations";r=%d;t=%d' % (max(0, allowance.remaining), seconds)


def _explained(bad: BadRequest) -> dict[str, object]:
    code = "NOT_SIGNED_IN" if bad.status == 401 else "BAD_REQUEST"
    return {"errors": [{"message": bad.message, "extensions": {"code": code}}]}


async def _send(send: Send, headers: Headers, status: int, body: bytes, media_type: str, fields: Fields) -> None:
    if len(body) >= SMALLEST:
        chosen = encoding(headers.get("accept-encoding"))
        if chosen:
            body = compress(body, chosen)
            fields.append((b"content-encoding", chosen.encode()))
        if VARY not in fields:
            fields.append((b"vary", b"Accept-Encoding"))
    fields += [(b"content-type", _CONTENT_TYPES[media_type]), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})
