"""Where the links of letters lead, and where one asks for them. Looking uses nothing up: mail scanners look."""

from starlette.responses import Response
from starlette.routing import Route

from auth import accounts
from core.errors import InvalidInput
from domain import links
from domain.links import ABOUT_ADDRESSES, PAGES, Purpose
from transport.pages.visits import HOME, REFUSALS, Visit, Visits

GONE = "This link was used already, or is too old."
SENT = "If somebody's account has this address, a letter is on its way to it. Its link is good for an hour."
TITLES = {
    Purpose.VERIFY_EMAIL: "Confirm your address",
    Purpose.CHANGE_EMAIL: "Confirm your new address",
    Purpose.UNDO_EMAIL_CHANGE: "Take your address back",
}


async def about_address(visit: Visit) -> Response:
    """Confirm an address, or take it back."""
    link = visit.fields.get("link") or visit.request.query_params.get("token", "")
    asked = await links.peek(visit.services.db, link, *ABOUT_ADDRESSES)
    if asked is None or PAGES[asked.purpose] != visit.path:
        return visit.page("message.html", 404, title="This link is no longer good", message=GONE, back=HOME)
    if not visit.sends:
        return visit.page("address.html", title=TITLES[asked.purpose], asked=asked, link=link)
    try:
        await accounts.use_email_link(visit.services, visit.device, link)
    except InvalidInput as refusal:
        [problem] = refusal.fields
        return visit.page("message.html", 409, title="That can't be done", message=problem.message, back=HOME)
    done = f"{asked.email} is the address of @{asked.handle}."
    return visit.page("message.html", title="Done", message=done, back=HOME)


async def forgot(visit: Visit) -> Response:
    """Ask for a link to choose another password by."""
    if not visit.sends:
        return visit.page("forgot.html")
    try:
        await accounts.request_reset(visit.services, visit.device, visit.fields.get("email", ""))
    except REFUSALS as refusal:
        return visit.refused("forgot.html", refusal)
    return visit.page("message.html", title="Look into your mail", message=SENT, back="/sign-in")


async def reset(visit: Visit) -> Response:
    """Choose another password."""
    link = visit.fields.get("link") or visit.request.query_params.get("token", "")
    asked = await links.peek(visit.services.db, link, Purpose.RESET_PASSWORD)
    if asked is None:
        return visit.page("message.html", 404, title="This link is no longer good", message=GONE, back="/forgot")
    if not visit.sends:
        return visit.page("reset.html", asked=asked, link=link)
    try:
        await accounts.reset_password(visit.services, visit.device, link, visit.fields.get("password", ""))
    except InvalidInput as refusal:
        return visit.refused("reset.html", refusal, asked=asked, link=link)
    done = "Your password is changed, and everybody who was signed in as you is signed out. Passkeys, an authenticator "
    done += "app and other providers let in as before: take away what isn't yours."
    return visit.page("message.html", title="Done", message=done, back="/sign-in")


def routes(visits: Visits) -> list[Route]:
    """These pages."""
    shown = {PAGES[purpose]: about_address for purpose in ABOUT_ADDRESSES}
    shown |= {PAGES[Purpose.RESET_PASSWORD]: reset, "/forgot": forgot}
    return [Route(path, visits.at(handler), methods=["GET", "POST"]) for path, handler in sorted(shown.items())]
