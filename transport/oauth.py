"""`/oauth/…` over HTTP: the endpoints that apps call themselves. People's pages are elsewhere."""

import json
import math
from collections.abc import Awaitable, Callable
from typing import Any

from authlib.oauth2 import OAuth2Error
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from auth import attempts, proofs
from auth.attempts import Attempt
from auth.keys import ring
from auth.oauth import device as device_flow
from auth.oauth import endpoint, lookup, pushed, registration
from auth.oauth.bridge import Answer
from auth.oauth.identity import userinfo
from auth.oauth.metadata import metadata
from auth.oauth.requests import Request, parse
from auth.proofs import InvalidProof, Shown
from auth.tokens import Tokens
from core.addresses import network
from core.database import Database
from core.deadlines import Deadline
from core.errors import NotSignedIn, RateLimited, Suspended, Unavailable
from core.limits import Limiter
from core.settings import Settings
from domain.device import Device
from domain.scopes import Claim
from loaders.context import Services
from transport.errors import challenge
from transport.negotiation import BadRequest, body_of, device_of, headers_of

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
NOT_STORED = {"cache-control": "no-store", "pragma": "no-cache"}
FRESH = {"cache-control": "public, max-age=180"}
"""With the minute in which processes read keys, less than a new one is published before it signs: domain/keys.py."""
LONGEST = 64 * 1024
"""Bytes of a body: what is sent here is short."""
CALLS, CALLS_PER_SECOND = 600, 50
"""Forms that one network may send at once, and each second: an app on one server has many people."""
REGISTRATIONS = 20
"""Apps that may register themselves from one network, at once and each hour; times `STARLING_ATTEMPTS`."""

Act = Callable[[Device, str, dict[str, str], bytes], Awaitable[Answer]]
"""Answers who is calling, at a path, with headers and a body."""


class Endpoint:
    """An endpoint that takes a body of one media type and answers with JSON."""

    def __init__(self, act: Act, media_type: str, config: Settings) -> None:
        self._act, self._media_type = act, media_type
        self._within = Deadline(config.limit_body_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        try:
            response = _response(await self._answer(scope, receive))
        except (BadRequest, OAuth2Error, NotSignedIn, Suspended, RateLimited, Unavailable) as refusal:
            response = refused(refusal)
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        headers = headers_of(scope)
        if headers.get("content-type", "").partition(";")[0].strip().lower() != self._media_type:
            raise BadRequest(400, f"Send it as {self._media_type}.")
        body = await body_of(headers, receive, LONGEST, self._within)
        return await self._act(device_of(scope, headers), scope["path"], headers, bytes(body))


def routes(services: Services, verifier: Tokens, config: Settings) -> list[Route]:
    """The endpoints. Any page may call them: what they give depends on nothing that a browser adds by itself."""
    db, limiter, burst = services.db, services.limiter, math.ceil(REGISTRATIONS * config.attempts)

    async def register(device: Device, _path: str, _headers: dict[str, str], body: bytes) -> Answer:
        try:
            sent = json.loads(body)
        except (ValueError, RecursionError):
            raise BadRequest(400, "The body isn't valid JSON in UTF-8.") from None
        await limiter.require("registrations", network(device.address), 1, burst=burst, per_second=burst / 3600)
        return await registration.register(db, device, sent)

    async def described(_: HTTPRequest) -> Response:
        return JSONResponse(metadata(), headers=FRESH)

    async def keys(_: HTTPRequest) -> Response:
        return JSONResponse(ring.public_set(), headers=FRESH)

    forms = {
        "/oauth/token": endpoint.token,
        "/oauth/par": pushed.push,
        "/oauth/revoke": lookup.revoke,
        "/oauth/introspect": lookup.introspect,
        "/oauth/device_authorization": device_flow.begin,
    }
    posted: dict[str, ASGIApp] = {path: Endpoint(_form(act, db, limiter), FORM, config) for path, act in forms.items()}
    if config.registration:
        posted["/oauth/register"] = Endpoint(register, JSON, config)
    return [
        *(_open_to_pages(path, each, "POST") for path, each in posted.items()),
        _open_to_pages(
            "/oauth/userinfo", Route("/oauth/userinfo", _who(db, verifier), methods=["GET", "POST"]), "GET", "POST"
        ),
        _open_to_pages("/oauth/jwks", Route("/oauth/jwks", keys), "GET"),
        *(
            _open_to_pages(path, Route(path, described), "GET")
            for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
        ),
    ]


def _form(act: Callable[[Database, Device, Request], Awaitable[Answer]], db: Database, limiter: Limiter) -> Act:
    async def limited(device: Device, path: str, headers: dict[str, str], body: bytes) -> Answer:
        request, near = Request("POST", path, headers, parse(body)), network(device.address)
        await limiter.require("oauth", near, 1, burst=CALLS, per_second=CALLS_PER_SECOND)
        if "dpop" in headers:
            request.jkt = await proofs.check(limiter, Shown(headers["dpop"], "POST", path))
        # For the app at this address: an app that many addresses claim to be isn't kept out by that.
        account = f"{request.claims_to_be}@{near}"
        async with attempts.of(limiter, Attempt.CLIENT, account=account, address=device.address) as attempt:
            answer = await act(db, device, request)
            if isinstance(answer.body, dict) and answer.body.get("error") == "invalid_client":
                attempt.fail()
        return answer

    return limited


def _who(db: Database, verifier: Tokens) -> Callable[[HTTPRequest], Awaitable[Response]]:
    async def who(request: HTTPRequest) -> Response:
        headers = headers_of(request.scope)
        authorization = headers.get("authorization", "")
        shown = Shown(headers["dpop"], request.method, request.scope["path"]) if "dpop" in headers else None
        try:
            viewer = (await verifier.verified(authorization, None, shown)).viewer
            if viewer.is_suspended or viewer.scopes is None or Claim.OPENID not in viewer.scopes:
                raise NotSignedIn("The token isn't good for this: it needs the scope openid.")
            return JSONResponse(await userinfo(db, viewer), headers=NOT_STORED)
        except NotSignedIn as refusal:
            return refused(refusal, 401, {"www-authenticate": challenge(authorization, refusal)})
        except Unavailable as refusal:
            return refused(refusal)

    return who


def _open_to_pages(path: str, app: ASGIApp, *methods: str) -> Route:
    opened = CORSMiddleware(app, allow_origins=["*"], allow_methods=methods, allow_headers=["Authorization", "DPoP"])
    return Route(path, opened, methods=[*methods, "OPTIONS"])


def refused(refusal: Exception, status: int = 400, more: dict[str, str] | None = None) -> Response:
    """A refusal as RFC 6749, section 5.2 has it, RFC 6750, section 3, and RFC 9449, section 5."""
    match refusal:
        case BadRequest(status=status, message=message):
            return _error(status, "invalid_request", message)
        case OAuth2Error():
            return _error(400, refusal.error, refusal.get_error_description())
        case Suspended():
            return _error(400, "invalid_grant", refusal.message)
        case InvalidProof():
            return _error(status, "invalid_dpop_proof", refusal.message, more)
        case NotSignedIn():
            return _error(status, "invalid_token", refusal.message, more)
        case RateLimited():
            wait = {"retry-after": str(refusal.retry_after)}
            return _error(429, "temporarily_unavailable", refusal.message, wait)
    return _error(503, "temporarily_unavailable", str(refusal), {"retry-after": "1"})


def _response(answer: Answer) -> Response:
    given = {name.lower(): value for name, value in answer.headers}
    return Response(json.dumps(answer.body), answer.status, given | NOT_STORED, JSON)


def _error(status: int, error: str, description: str | None, more: dict[str, Any] | None = None) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status, NOT_STORED | (more or {}))
