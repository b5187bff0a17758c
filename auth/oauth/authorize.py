"""The authorization endpoint without its pages: what an app asks somebody for, and what their answer sends it.

A page calls `consider`, shows the Question or follows the address, and calls `approve` or `deny` with the same query
string. Every address has `iss` (RFC 9207). `NotForApps` is for the person's eyes: the app can't be told.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AccessDeniedError

from auth.oauth import anew
from auth.oauth.asked import asked, parts, prompts
from auth.oauth.bridge import Server, run, wait
from auth.oauth.pushed import Pushed, pull
from auth.oauth.requests import Request, parse
from core.database import Database
from core.settings import settings
from domain import grants, sessions
from domain.device import Device
from domain.scopes import ASKABLE, in_order
from models.apps import App

T = TypeVar("T")
Act = Callable[[Server, Request, Pushed | None], T]
"""What becomes of a request, which was pushed or wasn't."""
PATH = "/oauth/authorize"


class NotForApps(Exception):
    """A request whose app isn't known for sure: nobody is sent anywhere, RFC 9700, section 4.11."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Step(StrEnum):
    """What has to happen before there is an answer."""

    SIGN_IN = "SIGN_IN"
    """The person signs in, anew if they are: then their browser comes back to `then`."""
    CONSENT = "CONSENT"
    """The person is shown what is asked for."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who sits in front of the browser."""

    user_id: int
    session_id: int
    authenticated_at: datetime


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked."""

    step: Step
    app: App
    scopes: dict[str, str]
    """What the app asks for, in plain words, by scope."""
    lent: frozenset[str]
    """What of it the person lends it already."""
    redirect_uri: str
    """Where the answer goes."""
    login_hint: str | None
    then: str
    """The query string to come back with after signing in."""


async def consider(db: Database, query: str, person: Person | None) -> Question | str:
    """What to ask, or the address to send the browser to. Raises NotForApps, Unavailable."""
    return await _with(db, query, None, lambda server, request, pushed: _consider(server, request, person, pushed))


async def approve(
    db: Database, query: str, person: Person, device: Device, *, scopes: Collection[str] | None = None
) -> str:
    """Lend what is asked for, or less of it: the address to send the browser to. Raises NotForApps, Unavailable."""
    return await _with(db, query, device, lambda server, request, _: _approve(server, request, person, scopes))


async def deny(db: Database, query: str) -> str:
    """Lend nothing: the address to send the browser to. Raises NotForApps, Unavailable."""

    def act(server: Server, request: Request, _: Pushed | None) -> str:
        raise AccessDeniedError(redirect_uri=asked(server, request).redirect_uri)

    return await _with(db, query, None, act)


async def _with(db: Database, query: str, device: Device | None, act: Act[T]) -> T | str:
    try:
        request = Request("GET", PATH, {}, parse(query.encode()))
        return await run(db, device, parts, lambda server: _answer(server, request, act))
    except OAuth2Error as error:
        raise NotForApps(error.description or error.error) from None


def _answer(server: Server, request: Request, act: Act[T]) -> T | str:
    pushed = pull(server, request)
    if pushed and pushed.is_new:
        return f"{PATH}?{pushed.go_on(pushed.pairs)}"
    try:
        answer: T | str = act(server, request, pushed)
    except OAuth2Error as error:
        answer = _refused(error, request)
    if pushed and isinstance(answer, str):
        pushed.end()
    return answer


def _refused(error: OAuth2Error, request: Request) -> str:
    if not error.redirect_uri:
        raise NotForApps(error.description or error.get_error_description() or error.error)
    return _address(error.redirect_uri, request, error=error.error, error_description=error.get_error_description())


def _address(redirect_uri: str, request: Request, **parameters: str | None) -> str:
    answers = {**parameters, "state": request.payload.state, "iss": settings().origin}
    return add_params_to_uri(redirect_uri, [pair for pair in answers.items() if pair[1] is not None])  # type: ignore[no-any-return]


def _consider(server: Server, request: Request, person: Person | None, pushed: Pushed | None) -> Question | str:
    grant, shown = asked(server, request), prompts(request)
    app, wanted = request.client.app, request.scope.split()
    if person is None or anew.is_due(request, person.authenticated_at):
        step, lent = Step.SIGN_IN, frozenset[str]()
    else:
        step, lent = Step.CONSENT, wait(grants.lent(server.tx, app.id, person.user_id))
        if lent.issuperset(wanted) and "consent" not in shown and _is_certain(app, grant.redirect_uri):
            return _approve(server, request, person, wanted)
    if "none" in shown:
        error = "login_required" if step is Step.SIGN_IN else "consent_required"
        raise OAuth2Error("The person has to be asked first.", error=error, redirect_uri=grant.redirect_uri)
    return Question(
        step,
        app,
        {scope: ASKABLE[scope] for scope in wanted},
        lent & frozenset(wanted),
        grant.redirect_uri,
        request.payload.data.get("login_hint"),
        _afterwards(request, pushed, step),
    )


def _is_certain(app: App, redirect_uri: str) -> bool:
    """Whether the answer gets to nobody but the app, or is of use to nobody else: RFC 8252, section 8.6."""
    return app.auth_method != "none" or redirect_uri.startswith("https://")


def _approve(server: Server, request: Request, person: Person, scopes: Collection[str] | None) -> str:
    grant, data = asked(server, request), request.payload.data
    app, wanted = request.client.app, request.scope.split()
    allowed = in_order(wanted if scopes is None else frozenset(scopes) & frozenset(wanted))
    if not allowed:
        raise AccessDeniedError(redirect_uri=grant.redirect_uri)
    if anew.is_due(request, person.authenticated_at, at_the_answer=True):
        raise OAuth2Error("The sign-in is too old.", error="login_required", redirect_uri=grant.redirect_uri)
    if not wait(sessions.goes_on(server.tx, person.user_id, person.session_id)):
        raise OAuth2Error("The sign-in is over.", error="login_required", redirect_uri=grant.redirect_uri)
    lending = grants.lend(server.tx, app.id, person.user_id, asked=wanted, allowed=allowed, device=server.device)
    code = grants.make_code(
        server.tx,
        wait(lending),
        scopes=allowed,
        redirect_uri=request.payload.redirect_uri,
        challenge=data["code_challenge"],
        jkt=data.get("dpop_jkt"),
        nonce=data.get("nonce"),
        authenticated_at=person.authenticated_at,
    )
    return _address(grant.redirect_uri, request, code=wait(code))


def _afterwards(request: Request, pushed: Pushed | None, step: Step) -> str:
    """The same request, which tells what has to happen from when on."""
    if step is Step.SIGN_IN and anew.is_wanted(request):
        pairs = anew.marked(request)
        return pushed.go_on(pairs) if pushed else urlencode(pairs)
    return pushed.query if pushed else urlencode(request.payload.pairs)
