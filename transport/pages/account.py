"""The account's pages: address, password, where one is signed in, and what happened."""

from starlette.responses import Response
from starlette.routing import Route

from auth import accounts
from core.errors import InvalidInput, NotFound, RateLimited
from core.ids import decode_as, encode
from domain import addresses, developers, sessions
from domain.audit import SecurityEventKind
from domain.scopes import ASKABLE
from loaders.access import SessionsOfUser
from loaders.apps import AppsOfUser
from loaders.audit import EventsOfUser
from models.sessions import SIGN_INS
from schema.enums import words
from transport.pages.doors import problems_of
from transport.pages.visits import HOME, Visit, Visits

BROWSERS = {"Edg": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
SYSTEMS = {each: each for each in ("Android", "iPhone", "iPad", "Windows", "Linux")} | {"Mac OS": "macOS"}


async def overview(visit: Visit) -> Response:
    """Who one is, and a letter more to confirm the address by."""
    person = await addresses.of(visit.services.db, visit.viewer)
    if not visit.sends:
        return visit.page("account.html", person=person)
    try:
        await accounts.resend_verification(visit.services, visit.viewer, visit.device)
    except (InvalidInput, RateLimited) as refusal:
        return visit.page("account.html", 429, person=person, problem=refusal.message)
    return visit.done()


async def address(visit: Visit) -> Response:
    """Change the address, by a letter to the new one."""
    visit.viewer.require_user()
    if not visit.sends:
        return visit.page("change-address.html")
    given = {name: visit.fields.get(name, "") for name in ("email", "password")}
    try:
        await accounts.change_email(visit.services, visit.viewer, visit.device, **given)
    except InvalidInput as refusal:
        return visit.page("change-address.html", 400, problems=problems_of(refusal))
    except RateLimited as refusal:
        return visit.page("change-address.html", 429, problem=refusal.message)
    return visit.done()


async def password(visit: Visit) -> Response:
    """Change the password."""
    visit.viewer.require_user()
    if not visit.sends:
        return visit.page("change-password.html")
    given = {"current": visit.fields.get("currentPassword", ""), "new": visit.fields.get("newPassword", "")}
    try:
        await accounts.change_password(visit.services, visit.viewer, visit.device, **given)
    except InvalidInput as refusal:
        return visit.page("change-password.html", 400, problems=problems_of(refusal))
    except RateLimited as refusal:
        return visit.page("change-password.html", 429, problem=refusal.message)
    return visit.done()


async def devices(visit: Visit) -> Response:
    """Where one is signed in, and signing out everywhere else."""
    me, db = visit.viewer.require_user(), visit.services.db
    if not visit.sends:
        return visit.page("devices.html", sessions=await visit.own(SessionsOfUser), viewer=visit.viewer, named=named)
    async with db.write() as tx:
        await sessions.end_all(tx, me, visit.device, but=visit.viewer.session_id, kinds=SIGN_INS)
    return visit.done()


def named(agent: str | None) -> str:
    """What people call a browser that calls itself by half a dozen names."""
    browser = next((name for mark, name in BROWSERS.items() if mark in (agent or "")), None)
    system = next((name for mark, name in SYSTEMS.items() if mark in (agent or "")), None)
    return f"{browser} on {system}" if browser and system else browser or agent or "A program without a name"


async def apps(visit: Visit) -> Response:
    """Whom one lent rights to, and taking them back."""
    db = visit.services.db
    if not visit.sends:
        return visit.page("apps.html", apps=await visit.own(AppsOfUser), words=ASKABLE, encode=encode)
    try:
        app_id = decode_as("app", visit.fields.get("app", ""), "app")
        await developers.deauthorize(db, visit.viewer, app_id, visit.device)
    except (InvalidInput, NotFound):
        pass  # it is gone already, which is what was wanted
    return visit.done()


async def log(visit: Visit) -> Response:
    """What happened to the account."""
    return visit.page("log.html", events=await visit.own(EventsOfUser), words=words(SecurityEventKind))


def routes(visits: Visits) -> list[Route]:
    """These pages."""
    pages = {
        HOME: overview,
        "/account/address": address,
        "/account/password": password,
        "/account/sessions": devices,
        "/account/apps": apps,
    }
    both = [Route(path, visits.at(handler), methods=["GET", "POST"]) for path, handler in pages.items()]
    return [*both, Route("/account/log", visits.at(log))]
