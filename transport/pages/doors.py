"""Signing up, in and out."""

from functools import partial

from starlette.responses import Response
from starlette.routing import Route

from auth import accounts, factors
from auth.login import by_password, in_browser
from core.errors import (
    CaptchaRequired,
    InvalidInput,
    NotSignedIn,
    RateLimited,
    SecondFactorRequired,
    StarlingError,
    Suspended,
)
from domain import endings, sessions
from transport.pages import captcha
from transport.pages.visits import Visit, Visits, problems_of

REFUSALS = (NotSignedIn, RateLimited, CaptchaRequired, Suspended)


def status_of(refusal: StarlingError) -> int:
    """What HTTP says of a sign-in that was refused."""
    return 429 if isinstance(refusal, RateLimited) else 403 if isinstance(refusal, Suspended) else 401


async def sign_in(visit: Visit) -> Response:
    """Ask who it is, and go on where they came from."""
    if not visit.sends:
        return ask_who(visit, login=visit.request.query_params.get("login", ""))
    login, password = (visit.fields.get(name, "") for name in ("login", "password"))
    solution = captcha.solution(visit.fields)
    try:
        who = await by_password(visit.services, visit.device, login=login, password=password, captcha=solution)
        secret = await in_browser(visit.services, visit.device, who, visit.viewer)
    except SecondFactorRequired as step:
        return visit.page("code.html", challenge=step.challenge)
    except REFUSALS as refusal:
        return ask_who(visit, refusal, login=login)
    return let_in(visit, secret)


def ask_who(visit: Visit, refusal: StarlingError | None = None, *, login: str) -> Response:
    """The form to sign in by, with what was wrong."""
    status = status_of(refusal) if refusal else 200
    return captcha.form(visit, "sign-in.html", status, refusal, scripts=["passkeys.js"], login=login)


async def show_code(visit: Visit) -> Response:
    """Take the code that an account asks for after its password."""
    challenge, code = (visit.fields.get(name, "") for name in ("challenge", "code"))
    try:
        who = await factors.complete(visit.services, visit.device, challenge, code)
        secret = await in_browser(visit.services, visit.device, who, visit.viewer)
    except REFUSALS as refusal:
        return visit.page("code.html", status_of(refusal), challenge=challenge, problem=refusal.message)
    return let_in(visit, secret)


async def sign_up(visit: Visit) -> Response:
    """Make an account, and sign its person in."""
    if not visit.sends:
        return visit.page("sign-up.html")
    given = {name: visit.fields.get(name, "") for name in ("handle", "name", "email", "password")}
    begin = partial(sessions.begin_in_browser, instead_of=visit.viewer.session_id)
    try:
        solution = captcha.solution(visit.fields)
        secret = await accounts.sign_up(visit.services, visit.device, begin, **given, captcha=solution)
    except InvalidInput as refusal:
        return captcha.form(visit, "sign-up.html", 400, problems=problems_of(refusal))
    except REFUSALS as refusal:
        return captcha.form(visit, "sign-up.html", status_of(refusal), refusal)
    return let_in(visit, secret)


def let_in(visit: Visit, secret: str, path: str | None = None) -> Response:
    """Send the browser on as somebody: where they came from, or to a path of ours."""
    response = visit.to(path or visit.next)
    visit.cookies.set(response, visit.cookies.session, secret, lasts=True)
    return response


async def sign_out(visit: Visit) -> Response:
    """End the browser's session."""
    if visit.viewer.session_id is not None:
        await endings.end(visit.services.db, visit.viewer, visit.device)
    response = visit.to("/sign-in")
    visit.cookies.clear(response, visit.cookies.session)
    return response


def routes(visits: Visits) -> list[Route]:
    """These pages."""
    at = visits.at
    return [
        Route("/sign-in", at(sign_in), methods=["GET", "POST"]),
        Route("/sign-in/code", at(show_code, "/sign-in"), methods=["POST"]),
        Route("/sign-up", at(sign_up), methods=["GET", "POST"]),
        Route("/sign-out", at(sign_out, "/sign-in"), methods=["POST"]),
    ]
