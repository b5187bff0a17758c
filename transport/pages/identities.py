"""Who a person is at other providers, which let them in here."""

from starlette.responses import Response
from starlette.routing import Route

from auth import factors
from core.errors import NotFound
from domain import identities
from loaders.factors import IdentitiesOfViewer, signed_in_lately
from transport.pages.visits import REFUSALS, Visit, Visits, number

PATH = "/account/identities"


async def overview(visit: Visit) -> Response:
    """The linked ones, and those that may be."""
    me = visit.viewer.require_user()
    linked = await IdentitiesOfViewer(visit.services.db, visit.viewer).load(me)
    return visit.page("identities.html", identities=linked)


async def unlink(visit: Visit) -> Response:
    """Let one in by it no more."""
    me, identity_id = visit.viewer.require_user(), number("identity", visit.request.path_params["identity"])
    linked = await IdentitiesOfViewer(visit.services.db, visit.viewer).load(me)
    identity = next((each for each in linked if each.id == identity_id), None)
    if identity is None:
        raise NotFound("identity")
    shown = {"identity": identity, "may_change": await signed_in_lately(visit.services.db, visit.viewer)}
    if not visit.sends:
        return visit.page("unlink.html", **shown)
    try:
        await factors.prove(visit.services, visit.viewer, visit.device)
        await identities.unlink(visit.services.db, visit.viewer, identity_id, visit.device)
    except REFUSALS as refusal:
        return visit.refused("unlink.html", refusal, **shown)
    return visit.done(PATH)


def routes(visits: Visits) -> list[Route]:
    """These pages."""
    return [
        Route(PATH, visits.at(overview)),
        Route(f"{PATH}/{{identity}}", visits.at(unlink), methods=["GET", "POST"]),
    ]
