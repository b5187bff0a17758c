"""Passkeys in pages: signing in with one, and one's own. What needs the browser's help is done by passkeys.js."""

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth import passkeys
from auth.login import in_browser
from core.errors import InvalidInput
from domain.passkeys import rename
from domain.sessions import Known
from transport.negotiation import JSON
from transport.pages import second
from transport.pages.doors import REFUSALS as REFUSALS_AT_THE_DOOR
from transport.pages.doors import ask_who, let_in
from transport.pages.visits import REFUSALS, Visit, Visits, number, problems_of

DOOR, OWN = "/sign-in/passkey", f"{second.PATH}/passkeys"
UNKEPT = {"Cache-Control": "no-store"}


async def ask_to_sign_in(visit: Visit) -> Response:
    """What the browser needs to find a passkey of ours."""
    return _asked(await passkeys.begin_sign_in(visit.services))


async def sign_in(visit: Visit) -> Response:
    """Let in whose passkey it is: it stands for the password and the code."""
    try:
        user_id = await passkeys.sign_in(visit.services, visit.device, visit.fields.get("credential", ""))
        return let_in(visit, await in_browser(visit.services, visit.device, Known(user_id), visit.viewer))
    except REFUSALS_AT_THE_DOOR as refusal:
        return ask_who(visit, refusal, login="")


async def ask_to_add(visit: Visit) -> Response:
    """What the browser needs to make a passkey."""
    try:
        return _asked(await passkeys.begin(visit.services, visit.viewer, visit.device))
    except InvalidInput as refusal:
        return JSONResponse({"message": next(iter(problems_of(refusal).values()))}, 400, UNKEPT)


async def add(visit: Visit) -> Response:
    """Keep what the browser has made."""
    given = {name: visit.fields.get(name, "") for name in ("credential", "name")}
    try:
        await passkeys.add(visit.services, visit.viewer, visit.device, **given)
    except REFUSALS as refusal:
        return await second.refused(visit, refusal)
    return visit.done(second.PATH)


async def change(visit: Visit) -> Response:
    """Call one's passkey something else, or take it away."""
    services, viewer, passkey_id = visit.services, visit.viewer, number("passkey", visit.fields.get("passkey", ""))
    try:
        if visit.fields.get("do") == "remove":
            await passkeys.remove(services, viewer, visit.device, passkey_id)
        else:
            await rename(services.db, viewer, passkey_id, visit.fields.get("name", ""))
    except REFUSALS as refusal:
        return await second.refused(visit, refusal)
    return visit.done(second.PATH)


def _asked(options: str) -> Response:
    return Response(options, headers=UNKEPT, media_type=JSON)


def routes(visits: Visits) -> list[Route]:
    """These pages."""
    at_the_door = {DOOR: sign_in, f"{DOOR}/options": ask_to_sign_in}
    inside = {OWN: add, f"{OWN}/options": ask_to_add, f"{OWN}/change": change}
    return [
        *(Route(path, visits.at(do, "/sign-in"), methods=["POST"]) for path, do in at_the_door.items()),
        *(Route(path, visits.at(do, second.PATH), methods=["POST"]) for path, do in inside.items()),
    ]
