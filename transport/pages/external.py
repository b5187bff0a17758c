"""Signing in with another provider, and joining by one."""

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from auth import factors
from auth.external import flow
from auth.external.providers import Provider, offered
from auth.external.web import ProviderFailed
from auth.login import in_browser
from core.errors import Conflict, InvalidInput, NotSignedIn, StarlingError, Suspended
from domain.sessions import Known
from loaders.context import charge_write
from transport.pages import captcha
from transport.pages.doors import REFUSALS, let_in, status_of
from transport.pages.visits import HOME, Visit, Visits, problems_of

TITLE = "That didn't work"
UNKNOWN = "Starling doesn't know this provider."


async def go(visit: Visit) -> Response:
    """Send the browser to the provider."""
    provider, links = _provider(visit), "link" in visit.request.query_params
    if provider is None:
        return _sorry(visit, 404, UNKNOWN)
    if links and not visit.is_from_here:
        return visit.page("link.html", provider=provider)
    try:
        await charge_write(visit.services, visit.viewer, visit.device)  # it is kept for when they come back
        if links:
            await factors.prove(visit.services, visit.viewer, visit.device)
        address = await flow.begin(
            visit.services, visit.viewer, provider, browser=visit.browser, next=visit.next, link=links
        )
    except ProviderFailed as failure:
        return _sorry(visit, 502, failure.message)
    except InvalidInput:
        return visit.page("link.html", 403, provider=provider, is_late=True)
    response = visit.to(address)
    visit.cookies.set(response, visit.cookies.form, visit.browser)
    return response


async def come_back(visit: Visit) -> Response:
    """Take what the provider sent along, and let in whoever it is."""
    provider = _provider(visit)
    if provider is None:
        return _sorry(visit, 404, UNKNOWN)
    try:
        return await _arrive(visit, provider)
    except (NotSignedIn, Suspended, Conflict) as refusal:
        return _sorry(visit, 409 if isinstance(refusal, Conflict) else status_of(refusal), refusal.message)
    except ProviderFailed as failure:
        return _sorry(visit, 502, failure.message)


async def _arrive(visit: Visit, provider: Provider) -> Response:
    came = await flow.finish(
        visit.services,
        visit.viewer,
        visit.device,
        provider,
        browser=visit.browser,
        answer=dict(visit.request.query_params),
    )
    if came.challenge:
        return visit.page("code.html", next=came.next, challenge=came.challenge)
    if came.is_linked:
        return visit.to(came.next)
    if came.user_id is None:
        given = {"handle": "", "name": came.name, "email": came.email}
        return visit.page("join.html", next=came.next, join=came.token, given=given, provider=provider.title)
    secret = await in_browser(visit.services, visit.device, Known(came.user_id), visit.viewer)
    return let_in(visit, secret, came.next)


async def join(visit: Visit) -> Response:
    """Make an account for somebody whom a provider knows."""
    given = {name: visit.fields.get(name, "") for name in ("handle", "name", "email")}
    token, solution = visit.fields.get("join", ""), captcha.solution(visit.fields)
    again: dict[str, Any] = {"join": token, "given": given, "provider": None}
    try:
        user_id = await flow.join(
            visit.services, visit.device, browser=visit.browser, token=token, captcha=solution, **given
        )
    except InvalidInput as refusal:
        return captcha.form(visit, "join.html", 400, problems=problems_of(refusal), **again)
    except REFUSALS as refusal:
        return captcha.form(visit, "join.html", status_of(refusal), refusal, **again)
    except StarlingError as refusal:
        return _sorry(visit, 409, refusal.message)
    return let_in(visit, await in_browser(visit.services, visit.device, Known(user_id), visit.viewer), visit.next)


def _provider(visit: Visit) -> Provider | None:
    return offered().get(visit.request.path_params["provider"])


def _sorry(visit: Visit, status: int, message: str) -> Response:
    back = "/sign-in" if visit.viewer.user_id is None else HOME
    return visit.page("message.html", status, title=TITLE, message=message, back=back)


def routes(visits: Visits) -> list[Route]:
    """These pages."""
    return [
        Route("/sign-in/with/{provider}", visits.at(go)),
        Route("/sign-in/with/{provider}/callback", visits.at(come_back)),
        Route("/sign-up/with", visits.at(join, "/sign-up"), methods=["POST"]),
    ]
