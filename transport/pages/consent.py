"""Asking people what they lend to an app: the authorization endpoint (RFC 6749, section 3.1) and a device's code."""

from urllib.parse import quote, urlencode, urlsplit

from starlette.responses import Response
from starlette.routing import Route

from auth.oauth import authorize as asking
from auth.oauth import device as waiting
from auth.oauth.authorize import NotForApps, Person, Question, Step
from core.errors import RateLimited
from domain import addresses
from loaders.sessions import authenticated_at
from transport.pages.visits import Visit, Visits

UNKNOWN = "No device waits with this code: it may have expired, or is written otherwise."


async def authorize(visit: Visit) -> Response:
    """What an app sends people to."""
    db, query, person = visit.services.db, visit.request.url.query, await _person(visit)
    try:
        if visit.sends:
            return visit.to(await _answered(visit, query, person))
        asked = await asking.consider(db, query, person)
    except NotForApps as error:
        return visit.page("message.html", 400, title="This app made a mistake", message=error.message, back="/account")
    if isinstance(asked, str):
        return visit.to(asked)
    then = f"{asking.PATH}?{asked.then}"
    if asked.step is Step.SIGN_IN or person is None:
        return visit.to(_sign_in(then, asked.login_hint))
    return await _ask(visit, asked, then)


async def _answered(visit: Visit, query: str, person: Person | None) -> str:
    db = visit.services.db
    if visit.fields.get("answer") != "allow":
        return await asking.deny(db, query)
    if person is None:
        return _sign_in(f"{asking.PATH}?{query}")
    return await asking.approve(db, query, person, visit.device, scopes=visit.scopes)


async def _ask(visit: Visit, asked: Question, then: str) -> Response:
    target = urlsplit(asked.redirect_uri)
    return visit.page(
        "consent.html",
        app=asked.app,
        scopes=asked.scopes,
        person=await addresses.of(visit.services.db, visit.viewer),
        action=f"{visit.path}?{visit.request.url.query}",
        goes_to=target.hostname or f"{target.scheme}:",
        another=_sign_in(then),
        # Chromium holds the redirect that answers a form to the form's policy.
        admits={"form-action": f"{target.scheme}://{target.netloc}" if target.netloc else f"{target.scheme}:"},
    )


async def device(visit: Visit) -> Response:
    """Where the code is typed that a device shows."""
    code = (visit.fields or visit.request.query_params).get("user_code", "").strip()
    person = await _person(visit)
    if person is None:
        return visit.to(_sign_in(f"{waiting.PAGE}?{urlencode({'user_code': code})}" if code else waiting.PAGE))
    try:
        if not code:
            return visit.page("device.html", code="")
        return await (_let_in if visit.sends else _ask_for_device)(visit, code, person)
    except RateLimited as refusal:
        return visit.page("device.html", 429, code=code, problem=refusal.message)


async def _ask_for_device(visit: Visit, code: str, person: Person) -> Response:
    services = visit.services
    asked = await waiting.look_up(services.db, services.limiter, code, person, visit.device)
    if asked is None:
        return visit.page("device.html", 404, code=code, problems={"user_code": UNKNOWN})
    return visit.page(
        "consent.html",
        app=asked,
        scopes=asked.scopes,
        person=await addresses.of(services.db, visit.viewer),
        action=waiting.PAGE,
        code=asked.user_code,
        another=_sign_in(f"{waiting.PAGE}?{urlencode({'user_code': code})}"),
    )


async def _let_in(visit: Visit, code: str, person: Person) -> Response:
    services = visit.services
    if visit.fields.get("answer") == "allow":
        scopes = visit.scopes
        found = await waiting.approve(services.db, services.limiter, code, person, visit.device, scopes=scopes)
        done = "Your device is let in. You can go back to it." if scopes else "Your device stays outside."
    else:
        found = await waiting.deny(services.db, services.limiter, code, person, visit.device)
        done = "Your device stays outside."
    if not found:
        return visit.page("device.html", 404, code=code, problems={"user_code": UNKNOWN})
    return visit.page("message.html", title="Done", message=done, back="/account")


async def _person(visit: Visit) -> Person | None:
    """Who sits there; who is suspended has nothing to lend."""
    viewer = visit.viewer
    if viewer.user_id is None or viewer.session_id is None or viewer.is_suspended:
        return None
    since = await authenticated_at(visit.services.db, viewer)
    return Person(viewer.user_id, viewer.session_id, since) if since else None


def _sign_in(then: str, login: str | None = None) -> str:
    hint = f"&login={quote(login, safe='')}" if login else ""
    return f"/sign-in?next={quote(then, safe='')}{hint}"


def routes(visits: Visits) -> list[Route]:
    """These pages."""
    return [
        Route(asking.PATH, visits.at(authorize), methods=["GET", "POST"]),
        Route(waiting.PAGE, visits.at(device), methods=["GET", "POST"]),
    ]
