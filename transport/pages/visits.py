"""What somebody does at a page: who they are, what they sent, and whether it was our own form that sent it.

A form carries a token that is bound to a cookie of the browser's and to its session, so that no other site can fill
one in, nor sign anybody in as somebody else; and the browser must not say that another site sent it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth.external.providers import offered
from auth.tokens import Tokens
from core.deadlines import Deadline
from core.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    NotSignedIn,
    RateLimited,
    StarlingError,
    Suspended,
    Unavailable,
)
from core.ids import decode_as
from core.settings import Settings
from domain.device import Device
from domain.viewer import Viewer
from execution.pages import Page
from loaders.context import Services, charge_write
from loaders.pages import Lists
from transport.cookies import Cookies
from transport.negotiation import BadRequest, body_of, device_of, headers_of
from transport.pages.looks import Endpoint, page

HOME = "/account"
FORM = "application/x-www-form-urlencoded"
LONGEST = 64 * 1024
FIELDS = 200
SHOWN = 50
"""Rows of a list on one page."""
REFUSALS = (InvalidInput, Conflict, RateLimited)
"""What a form is told that can be sent once more."""
LATE = "This page had been open for too long, or you have signed in or out since. Nothing was changed."


@dataclass(slots=True)
class Visit:
    """One request for a page, and the answers that it may get."""

    request: Request
    services: Services
    cookies: Cookies
    viewer: Viewer
    device: Device
    browser: str
    """What its form cookie holds."""
    token: str
    """What its forms carry."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """What was sent; nothing when a page is merely looked at."""

    @property
    def sends(self) -> bool:
        """Whether a form is sent."""
        return self.request.method == "POST"

    @property
    def path(self) -> str:
        """Which page it is."""
        return self.request.url.path

    @property
    def next(self) -> str:
        """Where to go on: a path of ours, whatever is asked for."""
        return ours(self.fields.get("next") or self.request.query_params.get("next"))

    @property
    def is_from_here(self) -> bool:
        """Whether a page of ours led here. Browsers that don't say so are not believed."""
        return self.cookies.is_ours(headers_of(self.request.scope))

    @property
    def scopes(self) -> list[str]:
        """Those that are ticked in a form."""
        return [name.removeprefix("scope ") for name in self.fields if name.startswith("scope ")]

    async def own(self, lists: type[Lists]) -> Page:
        """A page of a list of the viewer's own. Raises NotSignedIn, BadRequest."""
        me = self.viewer.require_user()
        try:
            page = lists(self.services.db, self.viewer).page(first=SHOWN, after=self.request.query_params.get("after"))
        except InvalidInput:
            raise BadRequest(400, "The list has no such place.") from None
        return await page.load(me)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page whose forms can be sent."""
        shown: dict[str, Any] = {
            "token": self.token,
            "next": self.next,
            "typed": self.fields,
            "problems": {},
            "problem": None,
            "providers": list(offered().values()),
        }
        shown["done"] = "done" in self.request.query_params
        response = page(template, status, **shown | values)
        self.cookies.set(response, self.cookies.form, self.browser)
        return response

    def refused(self, template: str, refusal: StarlingError, **values: Any) -> Response:
        """The form once more, with what is wrong beside its fields, or above them all."""
        if isinstance(refusal, InvalidInput):
            return self.page(template, 400, **values, problems=problems_of(refusal))
        status = 429 if isinstance(refusal, RateLimited) else 409
        return self.page(template, status, **values, problem=refusal.message)

    def done(self, path: str | None = None) -> Response:
        """Show the same page anew, or another, which says that it is done."""
        return self.to(f"{path or self.path}?done")

    def to(self, path: str) -> Response:
        """Send the browser on, after what it sent was done."""
        return RedirectResponse(path, 303, {"Cache-Control": "no-store"})


class Visits:
    """Turns requests into visits."""

    def __init__(self, services: Services, tokens: Tokens, cookies: Cookies, config: Settings) -> None:
        self._services, self._tokens, self._cookies = services, tokens, cookies
        self._key = config.secret.get_secret_value().encode()
        self._within = Deadline(config.limit_body_seconds)

    def at(self, handler: Callable[[Visit], Awaitable[Response]], back: str | None = None) -> Endpoint:
        """An endpoint that answers visits, and says so where it can't.

        People go `back` to the page itself, or from one that only takes forms, to the page that has them.
        """

        async def endpoint(request: Request) -> Response:
            here = back or _here(request)
            try:
                visit = await self._visit(request)
                if visit.sends and not self._is_ours(visit):
                    return visit.page("message.html", 403, title="Please try again", message=LATE, back=here)
                if visit.sends:
                    await charge_write(visit.services, visit.viewer, visit.device)
                return await handler(visit)
            except NotSignedIn:
                then = quote(here)
                return RedirectResponse(f"/sign-in?next={then}", 303, {"Cache-Control": "no-store"})
            except NotFound as error:
                above = back or request.url.path.rpartition("/")[0]
                return page("message.html", 404, title="Not found", message=error.message, back=above)
            except RateLimited as error:
                return page("message.html", 429, title="Please wait", message=error.message, back=here)
            except Suspended as error:
                return page("message.html", 403, title="Suspended", message=error.message, back="/sign-in")
            except Unavailable as error:
                return page("message.html", 503, title="One moment", message=str(error), back=here)
            except BadRequest as bad:
                return page("message.html", bad.status, title="That didn't work", message=bad.message, back=HOME)

        return endpoint

    async def _visit(self, request: Request) -> Visit:
        headers = headers_of(request.scope)
        secret = self._cookies.read(headers, self._cookies.session)
        viewer = (await self._tokens.verified(None, secret)).viewer
        browser = self._cookies.read(headers, self._cookies.form) or secrets.token_urlsafe(32)
        device = device_of(request.scope, headers)
        token = hmac.digest(self._key, f"form:{browser}:{secret or ''}".encode(), hashlib.sha256).hex()
        fields = await self._fields(request, headers) if request.method == "POST" else {}
        return Visit(request, self._services, self._cookies, viewer, device, browser, token, fields)

    async def _fields(self, request: Request, headers: dict[str, str]) -> dict[str, str]:
        if headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            raise BadRequest(415, "A form is sent as a form.")
        body = await body_of(headers, request.receive, LONGEST, self._within)
        try:
            return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS))
        except ValueError:
            raise BadRequest(400, "The form can't be read.") from None

    def _is_ours(self, visit: Visit) -> bool:
        sent = visit.fields.get("token", "").encode("utf-8", "surrogatepass")
        headers = headers_of(visit.request.scope)
        is_told = "origin" in headers or "sec-fetch-site" in headers
        return (not is_told or self._cookies.is_ours(headers)) and hmac.compare_digest(sent, visit.token.encode())


def number(kind: str, id: str) -> int:
    """The id as the database has it. Raises NotFound."""
    try:
        return decode_as(kind, id)
    except InvalidInput:
        raise NotFound(kind) from None


def problems_of(refusal: InvalidInput) -> dict[str, str]:
    """What is wrong, by the field's name."""
    return {problem.path[-1]: problem.message for problem in refusal.fields}


def _here(request: Request) -> str:
    """The page to come back to."""
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def ours(path: str | None) -> str:
    """The same, where it is a path at this origin; or else the account's page."""
    is_path = path is not None and path.isprintable() and path[:1] == "/" and path[1:2] not in ("/", "\\")
    return path if path and is_path else HOME
