"""The page of the authenticator app: turning it on by a code, and off, and other recovery codes."""

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from auth import factors
from core.errors import Conflict, InvalidInput, RateLimited
from domain import totp
from transport.pages.visits import Visit, Visits, problems_of

REFUSALS = (InvalidInput, RateLimited, Conflict)


async def overview(visit: Visit) -> Response:
    """Whether there is an app, and what may be done about it."""
    me = visit.viewer.require_user()
    return visit.page("factors.html", is_on=await totp.is_on(visit.services.db, me))


async def begin(visit: Visit) -> Response:
    """Show an app's secret, once the password is right."""
    try:
        enrolment = await factors.begin_totp(visit.services, visit.viewer, visit.device, **_proof(visit))
    except REFUSALS as refusal:
        return await _refused(visit, refusal)
    return visit.page("enrol.html", qr=enrolment.qr_svg, secret=enrolment.secret)


async def confirm(visit: Visit) -> Response:
    """Turn the app on by a code that it shows, and show the recovery codes."""
    try:
        codes = await factors.confirm_totp(visit.services, visit.viewer, visit.device, visit.fields.get("code", ""))
    except REFUSALS as refusal:
        return await _refused(visit, refusal)
    return visit.page("recovery.html", codes=codes)


async def renew(visit: Visit) -> Response:
    """Show other recovery codes; those before are void."""
    try:
        codes = await factors.new_recovery_codes(visit.services, visit.viewer, visit.device, **_proof(visit))
    except REFUSALS as refusal:
        return await _refused(visit, refusal)
    return visit.page("recovery.html", codes=codes)


async def disable(visit: Visit) -> Response:
    """Turn the app off."""
    try:
        await factors.disable_totp(visit.services, visit.viewer, visit.device, **_proof(visit))
    except REFUSALS as refusal:
        return await _refused(visit, refusal)
    return visit.to("/account/factors?done")


def _proof(visit: Visit) -> dict[str, Any]:
    return {"password": visit.fields.get("password", "")}


async def _refused(visit: Visit, refusal: InvalidInput | RateLimited | Conflict) -> Response:
    is_on = await totp.is_on(visit.services.db, visit.viewer.require_user())
    if isinstance(refusal, InvalidInput):
        problem = next(iter(problems_of(refusal).values()))
        return visit.page("factors.html", 400, is_on=is_on, problem=problem)
    status = 429 if isinstance(refusal, RateLimited) else 409
    return visit.page("factors.html", status, is_on=is_on, problem=refusal.message)


def routes(visits: Visits) -> list[Route]:
    """These pages."""
    sent = {"begin": begin, "confirm": confirm, "renew": renew, "disable": disable}
    home = Route("/account/factors", visits.at(overview))
    return [home, *(Route(f"/account/factors/{name}", visits.at(do), methods=["POST"]) for name, do in sent.items())]
