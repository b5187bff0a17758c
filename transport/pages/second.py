"""The page of what one signs in with: the authenticator app, turned on by a code, and off, and other recovery codes."""

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from auth import factors
from core.errors import StarlingError
from loaders.factors import FactorsOfViewer, PasskeysOfViewer, signed_in_lately
from transport.pages.access import named
from transport.pages.visits import REFUSALS, Visit, Visits

PATH = "/account/factors"


async def overview(visit: Visit) -> Response:
    """What there is, and what may be done about it by who has signed in lately."""
    return visit.page("factors.html", **await _shown(visit))


async def begin(visit: Visit) -> Response:
    """Show an app's secret."""
    try:
        enrolment = await factors.begin_totp(visit.services, visit.viewer, visit.device)
    except REFUSALS as refusal:
        return await refused(visit, refusal)
    return visit.page("enrol.html", qr=enrolment.qr_svg, secret=enrolment.secret)


async def confirm(visit: Visit) -> Response:
    """Turn the app on by a code that it shows, and show the recovery codes."""
    try:
        codes = await factors.confirm_totp(visit.services, visit.viewer, visit.device, visit.fields.get("code", ""))
    except REFUSALS as refusal:
        return await refused(visit, refusal)
    return visit.page("recovery.html", codes=codes)


async def renew(visit: Visit) -> Response:
    """Show other recovery codes; those before are void."""
    try:
        codes = await factors.new_recovery_codes(visit.services, visit.viewer, visit.device)
    except REFUSALS as refusal:
        return await refused(visit, refusal)
    return visit.page("recovery.html", codes=codes)


async def disable(visit: Visit) -> Response:
    """Turn the app off."""
    try:
        await factors.disable_totp(visit.services, visit.viewer, visit.device)
    except REFUSALS as refusal:
        return await refused(visit, refusal)
    return visit.done(PATH)


async def refused(visit: Visit, refusal: StarlingError) -> Response:
    """The page, with what was wrong."""
    return visit.refused("factors.html", refusal, **await _shown(visit))


async def _shown(visit: Visit) -> dict[str, Any]:
    me, db = visit.viewer.require_user(), visit.services.db
    return {
        "scripts": ["passkeys.js"],
        "factors": await FactorsOfViewer(db, visit.viewer).load(me),
        "passkeys": await PasskeysOfViewer(db, visit.viewer).load(me),
        "may_change": await signed_in_lately(db, visit.viewer),
        "browser": named(visit.device.name),
    }


def routes(visits: Visits) -> list[Route]:
    """These pages."""
    sent = {"begin": begin, "confirm": confirm, "renew": renew, "disable": disable}
    return [
        Route(PATH, visits.at(overview)),
        *(Route(f"{PATH}/{name}", visits.at(do, PATH), methods=["POST"]) for name, do in sent.items()),
    ]
