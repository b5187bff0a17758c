"""The account's pages: its address, its password, and what happened."""

from starlette.responses import Response
from starlette.routing import Route

from auth import accounts
from domain import addresses
from domain.audit import SecurityEventKind
from loaders.audit import EventsOfUser
from loaders.factors import FactorsOfViewer, signed_in_lately
from schema.enums import words
from transport.pages.visits import HOME, REFUSALS, Visit, Visits


async def overview(visit: Visit) -> Response:
    """Who one is, and a letter more to confirm the address by."""
    person = await addresses.of(visit.services.db, visit.viewer)
    if not visit.sends:
        return visit.page("account.html", person=person)
    try:
        await accounts.resend_verification(visit.services, visit.viewer, visit.device)
    except REFUSALS as refusal:
        return visit.refused("account.html", refusal, person=person)
    return visit.done()


async def address(visit: Visit) -> Response:
    """Change the address, by a letter to the new one."""
    shown = {"has_password": await _has_password(visit)}
    shown["may_change"] = shown["has_password"] or await signed_in_lately(visit.services.db, visit.viewer)
    if not visit.sends:
        return visit.page("change-address.html", **shown)
    given = {name: visit.fields.get(name, "") for name in ("email", "password")}
    try:
        await accounts.change_email(visit.services, visit.viewer, visit.device, **given)
    except REFUSALS as refusal:
        return visit.refused("change-address.html", refusal, **shown)
    return visit.done()


async def password(visit: Visit) -> Response:
    """Change the password."""
    has_password = await _has_password(visit)
    if not visit.sends:
        return visit.page("change-password.html", has_password=has_password)
    given = {"current": visit.fields.get("currentPassword", ""), "new": visit.fields.get("newPassword", "")}
    try:
        await accounts.change_password(visit.services, visit.viewer, visit.device, **given)
    except REFUSALS as refusal:
        return visit.refused("change-password.html", refusal, has_password=has_password)
    return visit.done()


async def _has_password(visit: Visit) -> bool:
    factors = await FactorsOfViewer(visit.services.db, visit.viewer).load(visit.viewer.require_user())
    return bool(factors and factors.has_password)


async def log(visit: Visit) -> Response:
    """What happened to the account."""
    return visit.page("log.html", events=await visit.own(EventsOfUser), words=words(SecurityEventKind))


def routes(visits: Visits) -> list[Route]:
    """These pages."""
    pages = {HOME: overview, "/account/address": address, "/account/password": password}
    both = [Route(path, visits.at(handler), methods=["GET", "POST"]) for path, handler in pages.items()]
    return [*both, Route("/account/log", visits.at(log))]
