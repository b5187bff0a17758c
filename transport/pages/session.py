"""`/session`: signing in and out for scripts of our own pages, which is the explorer."""

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from auth import factors
from auth.login import by_password, in_browser
from auth.tokens import Tokens
from core.deadlines import Deadline
from core.errors import CaptchaRequired, SecondFactorRequired, Unavailable
from core.settings import Settings
from domain import endings
from domain.device import Device
from domain.viewer import Viewer
from loaders.context import Services
from transport.cookies import Cookies
from transport.negotiation import JSON, BadRequest, body_of, device_of, headers_of
from transport.pages.doors import REFUSALS, status_of
from transport.pages.visits import LONGEST

ELSEWHERE = "There have been many tries: sign in at /sign-in, and come back."
STEPS = ({"login", "password"}, {"challenge", "code"})
"""What signs somebody in; the second of who has a second factor."""


class SessionOverJSON:
    """`/session` for scripts of our own pages: POST `login` and `password` to sign in, DELETE to sign out.

    Who has to show a code as well is given a `challenge`, to POST with the `code`.
    """

    def __init__(self, services: Services, tokens: Tokens, cookies: Cookies, config: Settings) -> None:
        self._services, self._tokens, self._cookies = services, tokens, cookies
        self._within = Deadline(config.limit_body_seconds)

    async def answer(self, request: Request) -> Response:
        """Answer one request, of our own pages' only."""
        headers = headers_of(request.scope)
        if not self._cookies.is_ours(headers):
            return _said(403, "Only pages of this origin may ask for this.")
        device = device_of(request.scope, headers)
        try:
            viewer = (await self._tokens.verified(None, self._cookies.secret(headers))).viewer
            if request.method == "DELETE":
                return await self._end(viewer, device)
            return await self._begin(viewer, device, await self._sent(request, headers))
        except SecondFactorRequired as step:
            return _said(401, step.message, challenge=step.challenge)
        except CaptchaRequired:
            return _said(401, ELSEWHERE)
        except REFUSALS as refusal:
            return _said(status_of(refusal), refusal.message)
        except BadRequest as bad:
            return _said(bad.status, bad.message)
        except Unavailable as error:
            return _said(503, str(error))

    async def _begin(self, before: Viewer, device: Device, sent: dict[str, str]) -> Response:
        if "challenge" in sent:
            who = await factors.complete(self._services, device, sent["challenge"], sent["code"])
        else:
            who = await by_password(self._services, device, login=sent["login"], password=sent["password"])
        response = Response(status_code=204, headers={"Cache-Control": "no-store"})
        secret = await in_browser(self._services, device, who, before)
        self._cookies.set(response, self._cookies.session, secret, lasts=True)
        return response

    async def _end(self, viewer: Viewer, device: Device) -> Response:
        if viewer.session_id is not None:
            await endings.end(self._services.db, viewer, device)
        response = Response(status_code=204, headers={"Cache-Control": "no-store"})
        self._cookies.clear(response, self._cookies.session)
        return response

    async def _sent(self, request: Request, headers: dict[str, str]) -> dict[str, str]:
        if headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            raise BadRequest(415, f"Send Content-Type: {JSON}.")
        try:
            sent = orjson.loads(await body_of(headers, request.receive, LONGEST, self._within))
        except orjson.JSONDecodeError:
            sent = None
        if not isinstance(sent, dict) or sent.keys() not in STEPS or not all(isinstance(v, str) for v in sent.values()):
            raise BadRequest(400, "Send an object with `login` and `password`, or with `challenge` and `code`.")
        return sent


def _said(status: int, message: str, **more: str) -> Response:
    return JSONResponse({"message": message, **more}, status, {"Cache-Control": "no-store"})
