"""The authorization endpoint without its pages: what an app asks somebody for, and what their answer sends it.

A page calls `consider`, shows the Question or follows the address, and calls `approve` or `deny` with the same query
string. Every address has `iss` (RFC 9207). `NotForApps` is for the person's eyes: the app can't be told.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode

from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidRequestError

from auth.oauth.bridge import Server, run, wait
from auth.oauth.requests import Request, parse
from auth.oauth.tokens import Code, Pkce
from core.database import Database
from core.settings import settings
from domain import grants
from domain.device import Device
from domain.scopes import ASKABLE, in_order
from models.apps import App

T = TypeVar("T")
PATH = "/oauth/authorize"
ANEW = frozenset({"login", "select_account"})
DECIDING = timedelta(minutes=10)
"""How much longer than `max_age` somebody may take to decide."""
MAX_AGE = re.compile(r"[0-9]{0,9}")
"""Seconds: for a generation at most."""
PROMPTS = frozenset({"none", "login", "consent", "select_account"})


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
    return await _with(db, query, None, lambda server, request: _consider(server, request, person))


async def approve(
    db: Database, query: str, person: Person, device: Device, *, scopes: Collection[str] | None = None
) -> str:
    """Lend what is asked for, or less of it: the address to send the browser to. Raises NotForApps, Unavailable."""
    return await _with(db, query, device, lambda server, request: _approve(server, request, person, scopes))


async def deny(db: Database, query: str) -> str:
    """Lend nothing: the address to send the browser to. Raises NotForApps, Unavailable."""

    def act(server: Server, request: Request) -> str:
        raise AccessDeniedError(redirect_uri=_asked(server, request).redirect_uri)

    return await _with(db, query, None, act)


async def _with(db: Database, query: str, device: Device | None, act: Callable[[Server, Request], T]) -> T | str:
    try:
        request = Request("GET", PATH, {}, parse(query.encode()))

        def guarded(server: Server) -> T | str:
            try:
                return act(server, request)
            except OAuth2Error as error:
                return _refused(error, request)

        return await run(db, device, _parts, guarded)
    except OAuth2Error as error:
        raise NotForApps(error.description or error.error) from None


def _parts(server: Server) -> None:
    server.register_grant(Code, [Pkce()])


def _refused(error: OAuth2Error, request: Request) -> str:
    if not error.redirect_uri:
        raise NotForApps(error.description or error.get_error_description() or error.error)
    return _address(error.redirect_uri, request, error=error.error, error_description=error.get_error_description())


def _address(redirect_uri: str, request: Request, **parameters: str | None) -> str:
    answers = {**parameters, "state": request.payload.state, "iss": settings().origin}
    return add_params_to_uri(redirect_uri, [pair for pair in answers.items() if pair[1] is not None])  # type: ignore[no-any-return]


def _asked(server: Server, request: Request) -> Any:
    """The request as a grant of Authlib's, validated: client, redirect URI, PKCE, scopes."""
    grant = server.get_consent_grant(request, end_user=request.payload.client_id)
    prompts = _prompts(request)
    if not prompts <= PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise InvalidRequestError("There is no such prompt.", redirect_uri=grant.redirect_uri)
    if not MAX_AGE.fullmatch(request.payload.data.get("max_age", "")):
        raise InvalidRequestError("max_age is a number of seconds.", redirect_uri=grant.redirect_uri)
    for resource in request.payload.datalist.get("resource", []):
        if resource.rstrip("/") not in (settings().origin, f"{settings().origin}/graphql"):
            raise OAuth2Error("There is no such resource.", error="invalid_target", redirect_uri=grant.redirect_uri)
    return grant


def _consider(server: Server, request: Request, person: Person | None) -> Question | str:
    grant, prompts = _asked(server, request), _prompts(request)
    app, asked = request.client.app, request.scope.split()
    if person is None or prompts & ANEW or _max_age(request) == 0 or _is_stale(request, person):
        step, lent = Step.SIGN_IN, frozenset[str]()
    else:
        step, lent = Step.CONSENT, wait(grants.lent(server.tx, app.id, person.user_id))
        if lent.issuperset(asked) and "consent" not in prompts:
            return _approve(server, request, person, asked)
    if "none" in prompts:
        error = "login_required" if step is Step.SIGN_IN else "consent_required"
        raise OAuth2Error("The person has to be asked first.", error=error, redirect_uri=grant.redirect_uri)
    return Question(
        step,
        app,
        {scope: ASKABLE[scope] for scope in asked},
        lent & frozenset(asked),
        grant.redirect_uri,
        request.payload.data.get("login_hint"),
        _afterwards(request),
    )


def _approve(server: Server, request: Request, person: Person, scopes: Collection[str] | None) -> str:
    grant, data = _asked(server, request), request.payload.data
    app, asked = request.client.app, request.scope.split()
    allowed = in_order(asked if scopes is None else frozenset(scopes) & frozenset(asked))
    if not allowed:
        raise AccessDeniedError(redirect_uri=grant.redirect_uri)
    if _is_stale(request, person, DECIDING):
        raise OAuth2Error("The sign-in is too old.", error="login_required", redirect_uri=grant.redirect_uri)
    lending = grants.lend(server.tx, app.id, person.user_id, asked=asked, allowed=allowed, device=server.device)
    code = grants.make_code(
        server.tx,
        wait(lending),
        scopes=allowed,
        redirect_uri=request.payload.redirect_uri,
        challenge=data["code_challenge"],
        nonce=data.get("nonce"),
        authenticated_at=person.authenticated_at,
    )
    return _address(grant.redirect_uri, request, code=wait(code))


def _prompts(request: Request) -> frozenset[str]:
    return frozenset((request.payload.data.get("prompt") or "").split())


def _max_age(request: Request) -> int | None:
    given = request.payload.data.get("max_age")
    return int(given) if given else None


def _is_stale(request: Request, person: Person, more: timedelta = timedelta()) -> bool:
    most = _max_age(request)
    return bool(most) and datetime.now(UTC) - person.authenticated_at > timedelta(seconds=most or 0) + more


def _afterwards(request: Request) -> str:
    """The same request, but for what signing in will have done."""
    pairs = [(name, value) for name, values in request.payload.datalist.items() for value in values]
    left = " ".join(sorted(_prompts(request) - ANEW))
    kept = [pair for pair in pairs if pair[0] != "prompt" and (pair[0] != "max_age" or _max_age(request))]
    return urlencode([*kept, ("prompt", left)] if left else kept)
